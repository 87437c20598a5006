/* Where the pixels of a resized image come from; resizing and its gradients share it. */
#ifndef SM_OPS_IMAGE_RESIZE_H_
#define SM_OPS_IMAGE_RESIZE_H_

#include "ops/op.h"

typedef enum ResizeMode { RESIZE_NEAREST, RESIZE_BILINEAR, RESIZE_BICUBIC, RESIZE_AREA } ResizeMode;

typedef struct ResizeState {
  ResizeMode mode;
  bool align, half;
} ResizeState;

/* The source of one output row or column. */
typedef struct ResizeSource {
  int64_t at[4]; /* source positions; area: at[0] to at[1], exclusive, to be clamped */
  float weight
      [4]; /* bilinear: [0] is at[1]'s; area: of the first and of the last position; the others weigh 1 */
} ResizeSource;

/* init: the attributes into a ResizeState. */
TF_Code resize_init(OpInit *k, ResizeMode mode, TF_Status *st);
/* Input pixels a pixel of output, from sizes along one dimension. */
float resize_scale(int64_t in, int64_t out, bool align);

/* The source of output position `i`, where there are `in` input positions. */
typedef void ResizeSourceFn(const ResizeState *s, ResizeSource *out, int64_t i, int64_t in, float scale);
ResizeSourceFn resize_nearest_source, resize_bilinear_source, resize_bicubic_source;

#endif
