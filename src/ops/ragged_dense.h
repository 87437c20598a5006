/* RaggedTensorToTensor: its row stands in ragged_ops.c. */
#ifndef SM_OPS_RAGGED_DENSE_H_
#define SM_OPS_RAGGED_DENSE_H_

#include "ops/op.h"

TF_Code ragged_to_tensor_shape(ShapeCtx *c, TF_Status *st);
TF_Code ragged_to_tensor_run(OpCtx *c, TF_Status *st);

#endif
