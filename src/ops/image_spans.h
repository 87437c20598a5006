/* Which positions of an image's dimension make each position of a resampled one, and with what weights. */
#ifndef SM_OPS_IMAGE_SPANS_H_
#define SM_OPS_IMAGE_SPANS_H_

#include "base/bytes.h"

/* A weight by distance x >= 0; 0 beyond the radius. */
typedef struct SpanKernel {
  const char *name;
  float (*weight)(float x, float radius);
  float radius;
} SpanKernel;

/* The kernel of a name of TensorFlow's ("lanczos3", "box", ...), or null. */
const SpanKernel *span_kernel_find(Span name);

typedef struct Span1 {
  int64_t start, count; /* of source positions */
  int64_t at;           /* of the first one's weight */
} Span1;

/* One dimension. */
typedef struct Spans {
  int64_t in, out;
  Span1 *spans;   /* of each target position */
  float *weights; /* packed */
  int64_t room;   /* for so many weights */
  int64_t widest; /* TF: spans of this many positions, the rest with weight 0; it shows where these are
                     infinite or NaN */
} Spans;

/* Sets `room` for the sizes: what memory `weights` needs. False on overflow. */
bool spans_room(const SpanKernel *kernel, Spans *p);
/* Fills spans and weights: position i comes from around (i + 0.5) / scale - translate / scale. `antialias`:
 * the kernel is as much wider as the image becomes smaller. */
TF_Code spans_make(const SpanKernel *kernel, bool antialias, Spans *p, float scale, float translate,
                   TF_Status *st);
/* The spans of target positions for each source position of `from`. */
TF_Code spans_turn(const Spans *from, Spans *to, TF_Status *st);

#endif
