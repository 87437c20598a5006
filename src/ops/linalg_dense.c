/* Dense factorisations of the innermost matrices: Qr, Cholesky, MatrixInverse, MatrixDeterminant,
 * LogMatrixDeterminant, MatrixSolve, MatrixTriangularSolve.
 * All arithmetic is in double complex, one implementation for all dtypes: these matrices are small wherever
 * models have them. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "ops/linalg_matrix.h"
#include "ops/math_broadcast.h"
#include "ops/math_types.h"

typedef struct DensePrep {
  int64_t batch, rows, cols, rhs; /* rhs: columns of the right side */
} DensePrep;

/* `values` complex numbers of scratch are asked for: matrices * rows * rows + others * rows * columns. */
static TF_Code plan(OpCtx *c, int inputs, bool square, int64_t matrices, int64_t others, TF_Status *st) {
  DensePrep *p = c->prep;
  TRY(linalg_batch(c, inputs, &p->batch, st));
  p->rows = linalg_rows(c, 0);
  p->cols = linalg_cols(c, 0);
  if (square) TRY(linalg_check_square(c, st));
  return linalg_scratch(c, matrices, p->rows, others, square ? 1 : p->cols, st);
}

/* ---- QR ---- */

static TF_Code qr_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  bool full;
  TRY(node_attr_bool(c->node, "full_matrices", &full, st));
  TRY(plan(c, 1, false, full ? 1 : 0, 4, st)); /* all of q or a part, a, reflections, their factors */
  int64_t rows = linalg_rows(c, 0), cols = linalg_cols(c, 0), small = rows < cols ? rows : cols;
  int64_t q[TENSOR_MAX_RANK], r[TENSOR_MAX_RANK];
  memcpy(q, in->dims, sizeof q);
  memcpy(r, in->dims, sizeof r);
  q[in->rank - 1] = full ? rows : small;
  r[in->rank - 2] = full ? rows : small;
  TRY(op_output(c, 0, in->dtype, q, in->rank, st));
  return op_output(c, 1, in->dtype, r, in->rank, st);
}

/* What of `m` stands in the first `cols` columns, or `rows` rows, as matrix `at` of `t`. */
static void store_part(Tensor *t, int64_t at, const Z *m, int64_t stride, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows && cols; i++) linalg_store(t, at * rows + i, m + i * stride, cols);
}

static TF_Code qr_run(OpCtx *c, TF_Status *st) {
  const DensePrep *p = c->prep;
  int64_t rows = p->rows, cols = p->cols, small = rows < cols ? rows : cols;
  int64_t q_cols = c->outputs[0].dims[c->outputs[0].rank - 1],
          r_rows = c->outputs[1].dims[c->outputs[1].rank - 2];
  Z *a = c->scratch, *v = a + rows * cols, *tau = v + rows * small, *q = tau + small;
  for (int64_t m = 0; m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, rows * cols);
    for (int64_t k = 0; k < small; k++) {
      double beta = linalg_reflector(a + k * cols + k, rows - k, cols, v + k * rows, &tau[k]);
      linalg_reflect_rows(a + k * cols + k, cols, cols - k, v + k * rows, rows - k, tau[k]);
      a[k * cols + k] = beta;
      for (int64_t i = k + 1; i < rows; i++) a[i * cols + k] = 0;
    }
    for (int64_t i = 0; i < rows * q_cols; i++) q[i] = i / q_cols == i % q_cols;
    for (int64_t k = small - 1; k >= 0; k--)
      linalg_reflect_rows(q + k * q_cols, q_cols, q_cols, v + k * rows, rows - k, conj(tau[k]));
    store_part(&c->outputs[0], m, q, q_cols, rows, q_cols);
    store_part(&c->outputs[1], m, a, cols, r_rows, cols);
  }
  return TF_OK;
}

static TF_Code shape_qr(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  bool full;
  TRY(node_attr_bool(c->node, "full_matrices", &full, st));
  if (in->rank < 2) return TF_OK;
  int64_t rows = in->dims[in->rank - 2], cols = in->dims[in->rank - 1];
  int64_t small = rows < 0 || cols < 0 ? -1 : rows < cols ? rows : cols;
  c->outputs[0] = c->outputs[1] = *in;
  c->outputs[0].dims[in->rank - 1] = full ? rows : small;
  c->outputs[1].dims[in->rank - 2] = full ? rows : small;
  return TF_OK;
}

/* ---- Cholesky: the lower factor; it is NaN where the matrix is not positive definite ---- */

static TF_Code cholesky_prepare(OpCtx *c, TF_Status *st) {
  TRY(plan(c, 1, true, 1, 0, st));
  return op_output_like(c, 0, op_input(c, 0), st);
}

static TF_Code cholesky_run(OpCtx *c, TF_Status *st) {
  const DensePrep *p = c->prep;
  int64_t n = p->rows;
  Z *a = c->scratch;
  for (int64_t m = 0; m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, n * n);
    if (!linalg_cholesky(a, n))
      for (int64_t i = 0; i < n * n; i++) a[i] = i / n >= i % n ? NAN : 0;
    linalg_store(&c->outputs[0], m, a, n * n);
  }
  return TF_OK;
}

/* ---- MatrixInverse, determinants ---- */

static void adjoint_in_place(Z *a, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j <= i; j++) {
      Z t = conj(a[i * n + j]);
      a[i * n + j] = conj(a[j * n + i]);
      a[j * n + i] = t;
    }
}

static TF_Code inverse_prepare(OpCtx *c, TF_Status *st) {
  TRY(plan(c, 1, true, 3, 1, st)); /* the factors, the identity, the answer; the order of rows */
  return op_output_like(c, 0, op_input(c, 0), st);
}

static TF_Code inverse_run(OpCtx *c, TF_Status *st) {
  const DensePrep *p = c->prep;
  int64_t n = p->rows;
  Z *a = c->scratch, *b = a + n * n, *x = b + n * n;
  int64_t *order = (int64_t *)(x + n * n);
  double sign;
  bool adjoint;
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  linalg_identity(b, n);
  for (int64_t m = 0; m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, n * n);
    if (adjoint) adjoint_in_place(a, n);
    linalg_lu(a, n, order, &sign);
    if (!linalg_has_pivots(a, n)) return fail(st, TF_INVALID_ARGUMENT, "Input is not invertible.");
    linalg_lu_solve(a, order, b, x, n, n);
    linalg_store(&c->outputs[0], m, x, n * n);
  }
  return TF_OK;
}

static TF_Code determinant_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  TRY(plan(c, 1, true, 1, 1, st));
  for (int i = 0; i < c->num_outputs; i++) TRY(op_output(c, i, in->dtype, in->dims, in->rank - 2, st));
  return TF_OK;
}

/* TF: a logarithm that is not finite makes the sign 0. */
static void sign_and_log(Z *a, int64_t n, int64_t *order, Z *sign, double *log_abs) {
  double exchanges;
  linalg_lu(a, n, order, &exchanges);
  *sign = exchanges;
  *log_abs = 0;
  for (int64_t i = 0; i < n; i++) {
    double size = cabs(a[i * n + i]);
    *log_abs += log(size);
    *sign *= a[i * n + i] / size;
  }
  if (isfinite(*log_abs)) return;
  *sign = 0;
  *log_abs = *log_abs > 0 ? INFINITY : -INFINITY;
}

/* MatrixDeterminant has one output; LogMatrixDeterminant two: the sign, and the logarithm of the
 * magnitude. */
static TF_Code determinant_run(OpCtx *c, TF_Status *st) {
  const DensePrep *p = c->prep;
  int64_t n = p->rows;
  Z *a = c->scratch, sign;
  double log_abs;
  for (int64_t m = 0; m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, n * n);
    sign_and_log(a, n, (int64_t *)(a + n * n), &sign, &log_abs);
    Z log_z = log_abs,
      det = creal(sign) * exp(log_abs) + I * (cimag(sign) == 0 ? 0 : cimag(sign) * exp(log_abs));
    linalg_store(&c->outputs[0], m, c->num_outputs == 2 ? &sign : &det, 1);
    if (c->num_outputs == 2) linalg_store(&c->outputs[1], m, &log_z, 1);
  }
  return TF_OK;
}

static TF_Code shape_determinant(ShapeCtx *c, TF_Status *st) {
  (void)st;
  if (c->inputs[0]->rank < 2) return TF_OK;
  for (int i = 0; i < c->num_outputs; i++) {
    c->outputs[i] = *c->inputs[0];
    c->outputs[i].rank -= 2;
  }
  return TF_OK;
}

/* ---- solving: batch dims must agree ---- */

static TF_Code solve_prepare(OpCtx *c, TF_Status *st) {
  DensePrep *p = c->prep;
  TRY(linalg_batch(c, 2, &p->batch, st));
  p->rows = linalg_rows(c, 0);
  p->rhs = linalg_cols(c, 1);
  if (p->rows != linalg_cols(c, 0))
    return fail(st, TF_INVALID_ARGUMENT, "First input (lhs) must be a square matrix.");
  if (p->rows != linalg_rows(c, 1))
    return fail(st, TF_INVALID_ARGUMENT, "Input matrix and rhs are incompatible.");
  TRY(linalg_scratch(c, 1, p->rows, 3, p->rhs ? p->rhs : 1, st)); /* the order of rows behind both sides */
  return op_output_like(c, 0, op_input(c, 1), st);
}

static TF_Code solve_run(OpCtx *c, TF_Status *st) {
  const DensePrep *p = c->prep;
  int64_t n = p->rows;
  Z *a = c->scratch, *b = a + n * n, *x = b + n * p->rhs;
  int64_t *order = (int64_t *)(x + n * p->rhs);
  double sign;
  bool adjoint;
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  for (int64_t m = 0; n * p->rhs > 0 && m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, n * n);
    linalg_load(b, op_input(c, 1), m, n * p->rhs);
    if (adjoint) adjoint_in_place(a, n);
    linalg_lu(a, n, order, &sign);
    if (!linalg_has_pivots(a, n)) return fail(st, TF_INVALID_ARGUMENT, "Input matrix is not invertible.");
    linalg_lu_solve(a, order, b, x, n, p->rhs);
    linalg_store(&c->outputs[0], m, x, n * p->rhs);
  }
  return TF_OK;
}

static TF_Code shape_solve(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

/* ---- triangular systems, their batch dims broadcast ---- */

typedef struct TriangularPrep {
  Broadcast batch;
  int64_t n, rhs;
} TriangularPrep;

static TF_Code triangular_prepare(OpCtx *c, TF_Status *st) {
  TriangularPrep *p = c->prep;
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
  bool lower, adjoint;
  TRY(node_attr_bool(c->node, "lower", &lower, st));
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  shape_text(a->dims, a->rank, at, sizeof at);
  shape_text(b->dims, b->rank, bt, sizeof bt);
  if (a->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "In[0] ndims must be >= 2: %d", a->rank);
  if (b->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "In[1] ndims must be >= 2: %d", b->rank);
  p->n = a->dims[a->rank - 1];
  if (a->dims[a->rank - 2] != p->n)
    return fail(st, TF_INVALID_ARGUMENT,
                "In[0] matrices in the last dimensions must be square (%lld =/= %lld)", (long long)p->n,
                (long long)a->dims[a->rank - 2]);
  if (b->dims[b->rank - 2] != p->n)
    return fail(st, TF_INVALID_ARGUMENT, "In[0] mismatch In[1] shape: %lld vs. %lld: %s %s %d %d",
                (long long)p->n, (long long)b->dims[b->rank - 2], at, bt, lower, adjoint);
  p->rhs = b->dims[b->rank - 1];
  Tensor ab = *a, bb = *b;
  ab.rank -= 2;
  bb.rank -= 2;
  const Tensor *both[2] = {&ab, &bb};
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  if (!broadcast_plan(&p->batch, both, 2, dims, &rank))
    return fail(st, TF_INVALID_ARGUMENT, "In[0] and In[1] must have compatible batch dimensions: %s vs. %s",
                at, bt);
  dims[rank] = p->n;
  dims[rank + 1] = p->rhs;
  size_t values, bytes;
  if (!checked_mul((size_t)p->n, (size_t)p->n + (size_t)p->rhs, &values) ||
      !checked_mul(values, sizeof(Z), &bytes))
    return fail_oom(st, "a matrix");
  op_scratch(c, bytes);
  return op_output(c, 0, a->dtype, dims, rank + 2, st);
}

/* By substitution, from the side where one unknown stands alone. */
static void substitute(const Z *a, Z *b, int64_t n, int64_t rhs, bool forward) {
  for (int64_t step = 0; step < n; step++) {
    int64_t i = forward ? step : n - 1 - step;
    for (int64_t j = 0; j < rhs; j++) {
      Z s = b[i * rhs + j];
      for (int64_t k = forward ? 0 : i + 1; k < (forward ? i : n); k++) s -= a[i * n + k] * b[k * rhs + j];
      b[i * rhs + j] = s / a[i * n + i];
    }
  }
}

static TF_Code triangular_run(OpCtx *c, TF_Status *st) {
  const TriangularPrep *p = c->prep;
  int64_t n = p->n, inner = p->batch.dims[p->batch.rank - 1], offset[3];
  int last = p->batch.rank - 1;
  Z *a = c->scratch, *b = a + n * n;
  bool adjoint, lower;
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  TRY(node_attr_bool(c->node, "lower", &lower, st));
  for (int64_t m = 0; n * p->rhs > 0 && m < p->batch.count; m++) {
    broadcast_offsets(&p->batch, m / inner, offset);
    linalg_load(a, op_input(c, 0), offset[0] + m % inner * p->batch.stride[0][last], n * n);
    linalg_load(b, op_input(c, 1), offset[1] + m % inner * p->batch.stride[1][last], n * p->rhs);
    if (adjoint) adjoint_in_place(a, n);
    substitute(a, b, n, p->rhs, lower != adjoint);
    linalg_store(&c->outputs[0], m, b, n * p->rhs);
  }
  return TF_OK;
}

static TF_Code shape_triangular(ShapeCtx *c, TF_Status *st) {
  const Shape *a = c->inputs[0], *b = c->inputs[1];
  if (a->rank < 2 || b->rank < 2) return TF_OK;
  Shape ab = *a, bb = *b, out;
  ab.rank -= 2;
  bb.rank -= 2;
  TRY(shape_broadcast_two(&ab, &bb, &out, st));
  out.dims[out.rank++] = b->dims[b->rank - 2];
  out.dims[out.rank++] = b->dims[b->rank - 1];
  c->outputs[0] = out;
  return TF_OK;
}

#define FC "float double " TYPES_COMPLEX
#define DENSE(NAME, TYPES, SHAPE, PHASE)                                                                    \
  {                                                                                                         \
    NAME, .types = "T: " TYPES, .prep_size = sizeof(DensePrep), .shape = SHAPE, .prepare = PHASE##_prepare, \
          .run = PHASE##_run                                                                                \
  }
#define TRIANGULAR(NAME)                                                                     \
  {                                                                                          \
    NAME, .types = "T: " FC, .prep_size = sizeof(TriangularPrep), .shape = shape_triangular, \
          .prepare = triangular_prepare, .run = triangular_run                               \
  }

const OpRow ops_linalg_dense[] = {DENSE("Qr", "half " FC, shape_qr, qr),
                                  DENSE("Cholesky", FC, shape_same, cholesky),
                                  DENSE("BatchCholesky", "float double", shape_same, cholesky),
                                  DENSE("MatrixInverse", "half " FC, shape_same, inverse),
                                  DENSE("BatchMatrixInverse", "half float double", shape_same, inverse),
                                  DENSE("MatrixDeterminant", FC, shape_determinant, determinant),
                                  DENSE("BatchMatrixDeterminant", FC, shape_determinant, determinant),
                                  DENSE("LogMatrixDeterminant", FC, shape_determinant, determinant),
                                  DENSE("MatrixSolve", FC, shape_solve, solve),
                                  DENSE("BatchMatrixSolve", FC, shape_solve, solve),
                                  TRIANGULAR("MatrixTriangularSolve"),
                                  TRIANGULAR("BatchMatrixTriangularSolve"),
                                  {0}};
