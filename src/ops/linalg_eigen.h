/* Eigenvalues and Schur forms of square matrices, Z[n][n]. All of them end: iterations are counted, and false
 * means that they did not converge (NaN in the matrix). */
#ifndef SM_OPS_LINALG_EIGEN_H_
#define SM_OPS_LINALG_EIGEN_H_

#include "ops/linalg_matrix.h"

/* A = V diag(w) V^H of a Hermitian matrix, of which the lower triangle is read; w rises. `a` is destroyed;
 * `v` may be null; `work` has 4 * n. */
bool linalg_eigh(Z *a, int64_t n, double *w, Z *v, Z *work);

/* A = U T U^H, T (in `a`) upper triangular. */
bool linalg_schur(Z *a, int64_t n, Z *u, Z *work);
/* The same of a matrix of real numbers: eigenvalues are exactly real or in conjugate pairs, in the order in
 * which the real Schur form has them. `work` has n * n + n. */
bool linalg_schur_real(Z *a, int64_t n, Z *u, Z *work);

#endif
