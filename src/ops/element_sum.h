/* Sums element by element, in every dtype that adds: what tensor arrays and lists do with gradients. */
#ifndef SM_OPS_ELEMENT_SUM_H_
#define SM_OPS_ELEMENT_SUM_H_

#include "tensor/tensor.h"

bool element_sum_supports(TF_DataType dtype);
/* sum[i] += value[i]; integers wrap. */
void element_sum_add(TF_DataType dtype, void *sum, const void *value, int64_t count);

#endif
