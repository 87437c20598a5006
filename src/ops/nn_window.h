/* Sliding windows: the geometry that convolutions and poolings share. */
#ifndef SM_OPS_NN_WINDOW_H_
#define SM_OPS_NN_WINDOW_H_

#include "ops/op.h"

typedef enum Padding { PAD_VALID, PAD_SAME, PAD_EXPLICIT } Padding;

/* The window attributes of a node of a 4-dimensional op. */
typedef struct WindowAttrs {
  Padding padding;
  bool nchw;
  int64_t stride_h, stride_w, dilation_h, dilation_w;
  int64_t explicit_h[2], explicit_w[2]; /* before, after */
  bool
      invalid; /* TF: whether strides over batches and channels are an invalid argument, else unimplemented */
} WindowAttrs;

/* Reads data_format, padding, explicit_paddings, strides and dilations as far as the op has them. */
TF_Code window_attrs_read(WindowAttrs *w, const Node *node, TF_Status *st);
/* The height and width entries of a list of four in the node's format; TF_INVALID_ARGUMENT when the batch or
 * channel entry is not 1: "... in the batch and depth dimensions." */
TF_Code window_pair(const WindowAttrs *w, const Attr *list, const char *what, int64_t *h, int64_t *wd,
                    TF_Status *st);

/* Output size and padding along one dim; a negative size is TensorFlow's "Computed output size would be
 * negative". */
TF_Code window_size(Padding padding, const int64_t *explicit_pad, int64_t in, int64_t filter,
                    int64_t dilation, int64_t stride, int64_t *out, int64_t *before, int64_t *after,
                    TF_Status *st);
/* The same when sizes may be unknown (-1). */
TF_Code window_size_partial(Padding padding, const int64_t *explicit_pad, int64_t in, int64_t filter,
                            int64_t dilation, int64_t stride, int64_t *out, TF_Status *st);

#endif
