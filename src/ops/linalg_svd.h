/* Singular values. */
#ifndef SM_OPS_LINALG_SVD_H_
#define SM_OPS_LINALG_SVD_H_

#include "ops/linalg_matrix.h"

/* A = U diag(sv) V^H with all of U [rows][rows] and V [cols][cols] when `full`, else only the first min(rows,
 * cols) columns of both; sv [min(rows, cols)] falls. `a` is destroyed; `work` has 3 * rows * cols + 2 *
 * max(rows, cols). False when A is not finite, or (st says) the step is to end. */
bool linalg_svd(const OpCtx *c, Z *a, int64_t rows, int64_t cols, bool full, double *sv, Z *u, Z *v, Z *work,
                TF_Status *st);

#endif
