/* Windows of poolings on NHWC images, and what TensorFlow's CPU kernels refuse of them: each kernel something
 * else, before it sees an input or after. */
#ifndef SM_OPS_NN_POOL_WINDOW_H_
#define SM_OPS_NN_POOL_WINDOW_H_

#include "ops/nn_window.h"

typedef struct PoolWindow {
  WindowAttrs w; /* strides are those of the lists once they are known */
  int64_t size_n, size_h, size_w, size_c;
} PoolWindow;

/* Reads a node's attributes, and judges them as its kernel does. Lists that are inputs are read later. */
TF_Code pool_window_init(PoolWindow *p, const Node *node, TF_Status *st);
/* Whether ksize and strides are inputs, the last two. */
bool pool_window_from_inputs(const Node *node);
/* Takes sizes and strides from these inputs. */
TF_Code pool_window_take(PoolWindow *p, const Node *node, const Tensor *sizes, const Tensor *strides,
                         TF_Status *st);
/* What is said of windows of channels when an input of that many channels is there. Those deeper than 1 are
 * an error but for MaxPool, MaxPoolV2 and QuantizedMaxPool, which fold `size_c` channels to one then. */
TF_Code pool_window_check_depth(const PoolWindow *p, const Node *node, int64_t channels, TF_Status *st);
/* Explicit paddings are smaller than windows. */
TF_Code pool_window_check_explicit(const PoolWindow *p, TF_Status *st);
/* The output's shape, of an input known in part. */
TF_Code pool_window_shape(const Node *node, const Shape *x, Shape *out, TF_Status *st);

#endif
