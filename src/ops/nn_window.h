/* Sliding windows: the geometry that convolutions and poolings share. */
#ifndef SM_OPS_NN_WINDOW_H_
#define SM_OPS_NN_WINDOW_H_

#include "ops/op.h"

typedef enum Padding { PAD_VALID, PAD_SAME, PAD_EXPLICIT } Padding;

/* The window attributes of a node of a 4-dimensional op: by batch, height, width and channels, whatever the
 * format. */
typedef struct WindowAttrs {
  Padding padding;
  bool nchw;
  int64_t stride_n, stride_h, stride_w, stride_c;
  int64_t dilation_n, dilation_h, dilation_w, dilation_c;
  int64_t explicit_h[2], explicit_w[2]; /* before, after */
} WindowAttrs;

/* Reads data_format, padding, strides and dilations as far as the op has them. Checks that they are of the
 * right form; values of strides and dilations are the op's to judge. */
TF_Code window_attrs_read(WindowAttrs *w, const Node *node, TF_Status *st);
/* Then, explicit_paddings: as they must be for this padding. */
TF_Code window_explicit_read(WindowAttrs *w, const Node *node, TF_Status *st);
/* Reads a list of four (strides, ksize, ...) in the format's order. */
TF_Code window_list_read(const WindowAttrs *w, const Node *node, const char *which, int64_t *n, int64_t *h,
                         int64_t *wd, int64_t *c, TF_Status *st);
/* What kernels of convolutions say of strides and dilations: those of batches and channels are 1 (else an
 * error of code `deep`), the others positive. */
TF_Code window_check_strides(const WindowAttrs *w, TF_Code deep, TF_Status *st);
TF_Code window_check_dilations(const WindowAttrs *w, TF_Code deep, TF_Status *st);

/* Output size and padding along one dim; a negative size is TensorFlow's "Computed output size would be
 * negative". Filters may be of any size, below 1 too. */
TF_Code window_size(Padding padding, const int64_t *explicit_pad, int64_t in, int64_t filter,
                    int64_t dilation, int64_t stride, int64_t *out, int64_t *before, int64_t *after,
                    TF_Status *st);
/* The same when sizes may be unknown (-1); strides and dilations are checked in any case. */
TF_Code window_size_partial(Padding padding, const int64_t *explicit_pad, int64_t in, int64_t filter,
                            int64_t dilation, int64_t stride, int64_t *out, TF_Status *st);

#endif
