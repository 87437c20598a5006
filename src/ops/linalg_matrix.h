/* What the kernels on innermost matrices share: elements as double complex whatever the dtype, checks in
 * TensorFlow's words, and two factorisations that several ops stand on. Matrices are row-major,
 * Z[rows][cols]. */
#ifndef SM_OPS_LINALG_MATRIX_H_
#define SM_OPS_LINALG_MATRIX_H_

#include <complex.h>

#include "ops/op.h"

typedef double complex Z;

/* Matrix `at` of a batch of matrices of `count` elements. */
void linalg_load(Z *m, const Tensor *t, int64_t at, int64_t count);
void linalg_store(Tensor *t, int64_t at, const Z *m, int64_t count);

/* The first `num` inputs have one rank >= 2 and the same batch dimensions; *batch is their product. */
TF_Code linalg_batch(OpCtx *c, int num, int64_t *batch, TF_Status *st);
/* Input 0 holds square matrices. */
TF_Code linalg_check_square(const OpCtx *c, TF_Status *st);
/* Asks for scratch of nn * n * n + nm * n * m complex numbers, checked. */
TF_Code linalg_scratch(OpCtx *c, int64_t nn, int64_t n, int64_t nm, int64_t m, TF_Status *st);
/* Rows and columns of input i's matrices. */
static inline int64_t linalg_rows(const OpCtx *c, int i) {
  return c->inputs[i]->dims[c->inputs[i]->rank - 2];
}
static inline int64_t linalg_cols(const OpCtx *c, int i) {
  return c->inputs[i]->dims[c->inputs[i]->rank - 1];
}
/* Before a long loop over a batch: TF_CANCELLED or TF_DEADLINE_EXCEEDED when the step is to end. */
TF_Code linalg_continue(const OpCtx *c, TF_Status *st);

void linalg_identity(Z *m, int64_t n);
/* out (other than a and b) = a b, of [n][k] and [k][m]. */
void linalg_multiply(Z *out, const Z *a, const Z *b, int64_t n, int64_t k, int64_t m);
void linalg_adjoint(Z *out, const Z *a, int64_t rows, int64_t cols); /* out is [cols][rows] */
/* A reflection I - tau v v^H that makes x[0], x[step], ... (n of them) (beta, 0, ...): v[0] = 1. Gives
 * beta. */
double linalg_reflector(const Z *x, int64_t n, int64_t step, Z *v, Z *tau);
/* m = m - scale (v (v^H m)) on `n` rows from `m`; m = m - scale ((m v) v^H) on `n` columns. */
void linalg_reflect_rows(Z *m, int64_t stride, int64_t cols, const Z *v, int64_t n, Z scale);
void linalg_reflect_cols(Z *m, int64_t stride, int64_t rows, const Z *v, int64_t n, Z scale);

/* A = L U with row exchanges, in place; row i of the result is row order[i] of A. A column without a pivot is
 * left as it is. *sign is that of the exchanges. */
void linalg_lu(Z *a, int64_t n, int64_t *order, double *sign);
/* The least magnitude on the diagonal is not zero, as TensorFlow asks after an LU (a NaN in front fails). */
bool linalg_has_pivots(const Z *lu, int64_t n);
/* Solves A X = B by what linalg_lu made; `b` is [n][rhs] in A's order of rows, `x` takes the answer. */
void linalg_lu_solve(const Z *lu, const int64_t *order, const Z *b, Z *x, int64_t n, int64_t rhs);

/* A = L L^H, in place; false when not positive definite. TF: a NaN pivot passes. */
bool linalg_cholesky(Z *a, int64_t n);

#endif
