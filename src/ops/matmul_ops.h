/* One matrix product, for ops that are products at heart (Einsum). */
#ifndef SM_OPS_MATMUL_OPS_H_
#define SM_OPS_MATMUL_OPS_H_

#include "ops/math_types.h"
#include "ops/op.h"

/* C[m, n] = A[m, k] B[k, n]; strides in elements, C dense. */
typedef struct Product {
  int64_t m, n, k, a_row, a_col, b_row, b_col;
  bool conj_a, conj_b;
} Product;

typedef void PlainFn(const Product *p, const void *a, const void *b, void *c);

/* Plain loops for a kind of number (math_types.h), or null: integers of 16, 32 and 64 bits, floats,
 * complex. */
PlainFn *matmul_plain_fn(int kind);
/* The same of floats, by vector code on `threads` threads; B's columns must be adjacent. */
void matmul_f32(int threads, const Product *p, const float *a, const float *b, float *c);

#endif
