/* Scattering updates into rows or positions of a tensor, in place. */
#ifndef SM_OPS_ARRAY_SCATTER_H_
#define SM_OPS_ARRAY_SCATTER_H_

#include "ops/array_arith.h"
#include "ops/op.h"

/* Scatter*: params[indices[i]] op= updates[i] over the first dimension; `updates` may be a scalar. All
 * indices are checked before anything changes. */
TF_Code scatter_rows(ArithKind kind, Tensor *params, const Tensor *indices, const Tensor *updates,
                     TF_Status *st);
/* ScatterNd*: the last dimension of `indices` holds positions in the first dimensions of `target`. Duplicates
 * are applied in order. `what` names the shape in messages ("shape", "output"). */
TF_Code scatter_nd(ArithKind kind, Tensor *target, const Tensor *indices, const Tensor *updates,
                   TF_Status *st);
/* TensorFlow's checks of the three shapes, with which scatter_nd may then be called. */
TF_Code scatter_nd_check(const int64_t *dims, int rank, const Tensor *indices, const Tensor *updates,
                         TF_Status *st);

#endif
