/* The first elements of a row in order: larger first, NaN last, then the lower index. */
#ifndef SM_OPS_MATH_TOP_H_
#define SM_OPS_MATH_TOP_H_

#include "tensor/tensor.h"

/* indices[0, k): which of the n elements (of a dtype of real numbers) come first, in order; 0 < k <= n. */
void math_top(int64_t *indices, int64_t k, int64_t n, TF_DataType dtype, const void *row);

#endif
