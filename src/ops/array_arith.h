/* Changing elements in place, for variables and scatters: dst op= src, in every numeric dtype. */
#ifndef SM_OPS_ARRAY_ARITH_H_
#define SM_OPS_ARRAY_ARITH_H_

#include "tensor/tensor.h"

typedef enum ArithKind {
  ARITH_UPDATE,
  ARITH_ADD,
  ARITH_SUB,
  ARITH_MUL,
  ARITH_DIV,
  ARITH_MIN,
  ARITH_MAX
} ArithKind;

/* dst[i] = dst[i] op src[i * src_step] for i in [0, n); `src_step` is 0 (a scalar) or 1. Integers wrap;
 * dividing an integer by zero is TF_INVALID_ARGUMENT. bool: ADD is or, MUL is and. ARITH_UPDATE copies any
 * dtype. TF_UNIMPLEMENTED for dtypes without that operation. */
TF_Code arith_apply(ArithKind kind, TF_DataType dtype, void *dst, const void *src, int64_t src_step,
                    int64_t n, TF_Status *st);

#endif
