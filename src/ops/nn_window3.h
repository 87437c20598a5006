/* Sliding windows over three dims (depth, height, width): the geometry that Conv3D and the 3-D poolings
 * share. */
#ifndef SM_OPS_NN_WINDOW3_H_
#define SM_OPS_NN_WINDOW3_H_

#include "ops/nn_window.h"

typedef struct Window3Attrs {
  Padding padding;
  bool channels_first;                     /* NCDHW */
  int64_t stride[3], dilation[3], size[3]; /* size: ksize, where the op has it */
  bool deep, small; /* of poolings: a list has batches or channels that are not 1; a size is below 1 */
} Window3Attrs;

/* Geometry for an NDHWC input. */
typedef struct Window3 {
  int64_t batch, in[3], out[3], size[3], stride[3], pad[3];
} Window3;

/* The input positions under a window, cut to the input: [from, to) in each dim, of image `image`. */
typedef struct Window3Span {
  int64_t image, from[3], to[3];
} Window3Span;

/* Reads data_format, padding, strides, dilations and ksize as far as the op has them. Values of a convolution
 * are checked; those of a pooling are the op's to judge. */
TF_Code window3_read(Window3Attrs *w, const Node *node, TF_Status *st);
/* Output sizes and padding for an input x[5] (NDHWC) and windows of `size`. */
TF_Code window3_plan(Window3 *p, const Window3Attrs *w, const int64_t *x, const int64_t *size, TF_Status *st);
/* Output dims 1 to 3 of an input known in part; `size` may hold -1. */
TF_Code window3_shape(const Window3Attrs *w, const Shape *x, const int64_t *size, Shape *out, TF_Status *st);
static inline int64_t window3_pixels(const Window3 *p) {
  return p->batch * p->out[0] * p->out[1] * p->out[2];
}

/* The input corner (may be negative) of output pixel `pixel`, and its image. */
static inline void window3_corner(const Window3 *p, int64_t pixel, int64_t *corner, int64_t *image) {
  for (int d = 2; d >= 0; d--) {
    corner[d] = pixel % p->out[d] * p->stride[d] - p->pad[d];
    pixel /= p->out[d];
  }
  *image = pixel;
}

static inline Window3Span window3_at(const Window3 *p, int64_t pixel) {
  Window3Span v;
  window3_corner(p, pixel, v.from, &v.image);
  for (int d = 0; d < 3; d++) {
    v.to[d] = v.from[d] + p->size[d] < p->in[d] ? v.from[d] + p->size[d] : p->in[d];
    if (v.from[d] < 0) v.from[d] = 0;
  }
  return v;
}

/* Runs the statement for each input pixel under span v, `at` its number among all input pixels. */
#define FOR_WINDOW3(p, v, at)                                                                \
  for (int64_t z_ = (v).from[0]; z_ < (v).to[0]; z_++)                                       \
    for (int64_t y_ = (v).from[1]; y_ < (v).to[1]; y_++)                                     \
      for (int64_t x_ = (v).from[2],                                                         \
                   at = (((v).image * (p)->in[0] + z_) * (p)->in[1] + y_) * (p)->in[2] + x_; \
           x_ < (v).to[2]; x_++, at++)

#endif
