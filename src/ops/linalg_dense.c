/* Dense factorisations of the innermost matrices: Qr, Cholesky, MatrixInverse, MatrixDeterminant,
 * LogMatrixDeterminant, MatrixSolve, MatrixTriangularSolve.
 * All arithmetic is in double complex, one implementation for all dtypes: these matrices are small wherever models
 * have them. Householder reflections as LAPACK makes them fix the signs of Q and R. */
#include <complex.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "ops/math_broadcast.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef double complex Z;

/* ---- elements ---- */

static Z load_one(const Tensor *t, int64_t i) {
  float f;
  switch (t->dtype) {
    case TF_FLOAT: return ((const float *)t->data)[i];
    case TF_DOUBLE: return ((const double *)t->data)[i];
    case TF_COMPLEX64: return ((const float complex *)t->data)[i];
    case TF_COMPLEX128: return ((const double complex *)t->data)[i];
    default: math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype); return f;
  }
}

static void store_one(Tensor *t, int64_t i, Z v) {
  float f = (float)creal(v);
  switch (t->dtype) {
    case TF_FLOAT: ((float *)t->data)[i] = f; break;
    case TF_DOUBLE: ((double *)t->data)[i] = creal(v); break;
    case TF_COMPLEX64: ((float complex *)t->data)[i] = (float complex)v; break;
    case TF_COMPLEX128: ((double complex *)t->data)[i] = v; break;
    default: math_store_16((uint16_t *)t->data + i, &f, 1, t->dtype); break;
  }
}

static void load_matrix(Z *m, const Tensor *t, int64_t at, int64_t count) {
  for (int64_t i = 0; i < count; i++) m[i] = load_one(t, at * count + i);
}
static void store_matrix(Tensor *t, int64_t at, const Z *m, int64_t count) {
  for (int64_t i = 0; i < count; i++) store_one(t, at * count + i, m[i]);
}

typedef struct DensePrep {
  int64_t batch, rows, cols, rhs; /* rhs: columns of the right side */
} DensePrep;

static TF_Code plan(OpCtx *c, bool square, int64_t values, TF_Status *st) {
  DensePrep *p = c->prep;
  const Tensor *in = op_input(c, 0);
  if (in->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "Input tensor 0 must have rank >= 2");
  p->rows = in->dims[in->rank - 2];
  p->cols = in->dims[in->rank - 1];
  p->batch = 1;
  for (int d = 0; d < in->rank - 2; d++) p->batch *= in->dims[d];
  if (square && p->rows != p->cols)
    return fail(st, TF_INVALID_ARGUMENT, "Input matrix must be square.");
  size_t bytes;
  if (!checked_mul((size_t)values, sizeof(Z), &bytes)) return fail_oom(st, "a matrix");
  op_scratch(c, bytes);
  return TF_OK;
}

static int64_t area(const OpCtx *c) {
  const Tensor *in = op_input(c, 0);
  int64_t n = 1;
  for (int d = in->rank >= 2 ? in->rank - 2 : 0; d < in->rank; d++) n *= in->dims[d];
  return n;
}

/* ---- QR ---- */

static TF_Code qr_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  bool full;
  TRY(node_attr_bool(c->node, "full_matrices", &full, st));
  int64_t rows = in->rank >= 2 ? in->dims[in->rank - 2] : 0, cols = in->rank >= 2 ? in->dims[in->rank - 1] : 0;
  TRY(plan(c, false, rows * cols + rows * rows + rows, st));
  int64_t q[TENSOR_MAX_RANK], r[TENSOR_MAX_RANK], small = rows < cols ? rows : cols;
  memcpy(q, in->dims, sizeof q);
  memcpy(r, in->dims, sizeof r);
  q[in->rank - 1] = full ? rows : small;
  r[in->rank - 2] = full ? rows : small;
  TRY(op_output(c, 0, in->dtype, q, in->rank, st));
  return op_output(c, 1, in->dtype, r, in->rank, st);
}

/* Makes column k of `a` zero below the diagonal by I - tau v v^H (v kept in `v`, v[k] = 1); applies it to the rest of `a`
 * and, from the right, to `q`. */
static void reflect(Z *a, Z *q, Z *v, int64_t rows, int64_t cols, int64_t k) {
  double tail = 0;
  for (int64_t i = k + 1; i < rows; i++) tail += creal(a[i * cols + k] * conj(a[i * cols + k]));
  Z alpha = a[k * cols + k];
  if (tail == 0 && cimag(alpha) == 0) return;
  double beta = sqrt(creal(alpha * conj(alpha)) + tail);
  if (creal(alpha) >= 0) beta = -beta;
  Z tau = conj((beta - alpha) / beta);
  for (int64_t i = k + 1; i < rows; i++) v[i] = a[i * cols + k] / (alpha - beta);
  v[k] = 1;
  for (int64_t j = k; j < cols; j++) {
    Z dot = 0;
    for (int64_t i = k; i < rows; i++) dot += conj(v[i]) * a[i * cols + j];
    for (int64_t i = k; i < rows; i++) a[i * cols + j] -= tau * v[i] * dot;
  }
  for (int64_t i = 0; i < rows; i++) {
    Z dot = 0;
    for (int64_t j = k; j < rows; j++) dot += q[i * rows + j] * v[j];
    for (int64_t j = k; j < rows; j++) q[i * rows + j] -= conj(tau) * dot * conj(v[j]);
  }
}

static TF_Code qr_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const DensePrep *p = c->prep;
  int64_t rows = p->rows, cols = p->cols;
  Z *a = c->scratch, *q = a + rows * cols, *v = q + rows * rows;
  int64_t q_cols = c->outputs[0].dims[c->outputs[0].rank - 1], r_rows = c->outputs[1].dims[c->outputs[1].rank - 2];
  for (int64_t m = 0; m < p->batch; m++) {
    load_matrix(a, op_input(c, 0), m, rows * cols);
    for (int64_t i = 0; i < rows * rows; i++) q[i] = i / rows == i % rows;
    for (int64_t k = 0; k < rows && k < cols; k++) reflect(a, q, v, rows, cols, k);
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < q_cols; j++) store_one(&c->outputs[0], (m * rows + i) * q_cols + j, q[i * rows + j]);
    for (int64_t i = 0; i < r_rows; i++)
      for (int64_t j = 0; j < cols; j++)
        store_one(&c->outputs[1], (m * r_rows + i) * cols + j, i <= j ? a[i * cols + j] : 0);
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

/* ---- Cholesky: the lower factor; NaN where the matrix is not positive definite ---- */

static TF_Code cholesky_prepare(OpCtx *c, TF_Status *st) {
  TRY(plan(c, true, area(c), st));
  return op_output_like(c, 0, op_input(c, 0), st);
}

static bool cholesky(Z *a, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    double d = creal(a[j * n + j]);
    for (int64_t k = 0; k < j; k++) d -= creal(a[j * n + k] * conj(a[j * n + k]));
    if (!(d > 0)) return false;
    a[j * n + j] = sqrt(d);
    for (int64_t i = j + 1; i < n; i++) {
      Z s = a[i * n + j];
      for (int64_t k = 0; k < j; k++) s -= a[i * n + k] * conj(a[j * n + k]);
      a[i * n + j] = s / a[j * n + j];
    }
    for (int64_t i = 0; i < j; i++) a[i * n + j] = 0;
  }
  return true;
}

static TF_Code cholesky_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const DensePrep *p = c->prep;
  Z *a = c->scratch;
  for (int64_t m = 0; m < p->batch; m++) {
    load_matrix(a, op_input(c, 0), m, p->rows * p->rows);
    if (!cholesky(a, p->rows))
      for (int64_t i = 0; i < p->rows * p->rows; i++) a[i] = NAN;
    store_matrix(&c->outputs[0], m, a, p->rows * p->rows);
  }
  return TF_OK;
}

/* ---- LU with row exchanges ---- */

/* Solves A X = B in place (X replaces B); gives A's determinant, 0 when it is singular. */
static Z solve(Z *a, Z *b, int64_t n, int64_t rhs) {
  Z det = 1;
  for (int64_t k = 0; k < n; k++) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; i++)
      if (cabs(a[i * n + k]) > cabs(a[pivot * n + k])) pivot = i;
    if (a[pivot * n + k] == 0) return 0;
    if (pivot != k) {
      det = -det;
      for (int64_t j = 0; j < n; j++) {
        Z t = a[k * n + j];
        a[k * n + j] = a[pivot * n + j];
        a[pivot * n + j] = t;
      }
      for (int64_t j = 0; j < rhs; j++) {
        Z t = b[k * rhs + j];
        b[k * rhs + j] = b[pivot * rhs + j];
        b[pivot * rhs + j] = t;
      }
    }
    det *= a[k * n + k];
    for (int64_t i = k + 1; i < n; i++) {
      Z f = a[i * n + k] / a[k * n + k];
      if (f == 0) continue;
      for (int64_t j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
      for (int64_t j = 0; j < rhs; j++) b[i * rhs + j] -= f * b[k * rhs + j];
    }
  }
  for (int64_t k = n - 1; k >= 0; k--)
    for (int64_t j = 0; j < rhs; j++) {
      Z s = b[k * rhs + j];
      for (int64_t i = k + 1; i < n; i++) s -= a[k * n + i] * b[i * rhs + j];
      b[k * rhs + j] = s / a[k * n + k];
    }
  return det;
}

static void conjugate_transpose(Z *a, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j <= i; j++) {
      Z t = conj(a[i * n + j]);
      a[i * n + j] = conj(a[j * n + i]);
      a[j * n + i] = t;
    }
}

static TF_Code inverse_prepare(OpCtx *c, TF_Status *st) {
  TRY(plan(c, true, 2 * area(c), st));
  return op_output_like(c, 0, op_input(c, 0), st);
}

static TF_Code inverse_run(OpCtx *c, TF_Status *st) {
  const DensePrep *p = c->prep;
  int64_t n = p->rows;
  Z *a = c->scratch, *b = a + n * n;
  bool adjoint;
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  for (int64_t m = 0; m < p->batch; m++) {
    load_matrix(a, op_input(c, 0), m, n * n);
    if (adjoint) conjugate_transpose(a, n);
    for (int64_t i = 0; i < n * n; i++) b[i] = i / n == i % n;
    if (solve(a, b, n, n) == 0) return fail(st, TF_INVALID_ARGUMENT, "Input is not invertible.");
    store_matrix(&c->outputs[0], m, b, n * n);
  }
  return TF_OK;
}

static TF_Code determinant_prepare(OpCtx *c, TF_Status *st) {
  TRY(plan(c, true, area(c), st));
  return op_output(c, 0, op_input(c, 0)->dtype, op_input(c, 0)->dims, op_input(c, 0)->rank - 2, st);
}

static TF_Code determinant_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const DensePrep *p = c->prep;
  Z *a = c->scratch, none[1] = {0};
  for (int64_t m = 0; m < p->batch; m++) {
    load_matrix(a, op_input(c, 0), m, p->rows * p->rows);
    store_one(&c->outputs[0], m, solve(a, none, p->rows, 0));
  }
  return TF_OK;
}

/* Outputs: sign, and log of the absolute value, so that large determinants do not overflow. */
static TF_Code log_determinant_prepare(OpCtx *c, TF_Status *st) {
  TRY(determinant_prepare(c, st));
  return op_output(c, 1, op_input(c, 0)->dtype, op_input(c, 0)->dims, op_input(c, 0)->rank - 2, st);
}

static TF_Code log_determinant_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const DensePrep *p = c->prep;
  Z *a = c->scratch, none[1] = {0};
  int64_t n = p->rows;
  for (int64_t m = 0; m < p->batch; m++) {
    load_matrix(a, op_input(c, 0), m, n * n);
    /* What elimination leaves on the diagonal; exchanges and their sign are in the product. */
    Z det = solve(a, none, n, 0), sign = 1;
    double log_abs = 0;
    for (int64_t i = 0; i < n; i++) {
      double size = cabs(a[i * n + i]);
      log_abs += det == 0 && size == 0 ? -INFINITY : log(size);
      sign *= size > 0 ? a[i * n + i] / size : 0;
    }
    /* The pivots' product lacks the exchanges' sign, which the determinant has. */
    if (det != 0 && creal(det * conj(sign)) < 0) sign = -sign;
    store_one(&c->outputs[0], m, det == 0 ? 0 : sign);
    store_one(&c->outputs[1], m, det == 0 ? -INFINITY : log_abs);
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
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
  if (b->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "Input tensor 1 must have rank >= 2");
  p->rhs = b->dims[b->rank - 1];
  TRY(plan(c, true, area(c) + b->dims[b->rank - 2] * p->rhs, st));
  bool same = a->rank == b->rank;
  for (int d = 0; same && d < a->rank - 1; d++) same = a->dims[d] == b->dims[d];
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT, "Input matrix and rhs are incompatible: %s vs. %s",
                shape_text(a->dims, a->rank, at, sizeof at), shape_text(b->dims, b->rank, bt, sizeof bt));
  return op_output_like(c, 0, b, st);
}

static TF_Code solve_run(OpCtx *c, TF_Status *st) {
  const DensePrep *p = c->prep;
  int64_t n = p->rows;
  Z *a = c->scratch, *b = a + n * n;
  bool adjoint;
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  for (int64_t m = 0; m < p->batch; m++) {
    load_matrix(a, op_input(c, 0), m, n * n);
    load_matrix(b, op_input(c, 1), m, n * p->rhs);
    if (adjoint) conjugate_transpose(a, n);
    if (n > 0 && solve(a, b, n, p->rhs) == 0) return fail(st, TF_INVALID_ARGUMENT, "Input matrix is not invertible.");
    store_matrix(&c->outputs[0], m, b, n * p->rhs);
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
  shape_text(a->dims, a->rank, at, sizeof at);
  shape_text(b->dims, b->rank, bt, sizeof bt);
  if (a->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "In[0] ndims must be >= 2: %d", a->rank);
  if (b->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "In[1] ndims must be >= 2: %d", b->rank);
  p->n = a->dims[a->rank - 1];
  if (a->dims[a->rank - 2] != p->n)
    return fail(st, TF_INVALID_ARGUMENT, "In[0] matrices in the last dimensions must be square (%lld =/= %lld)",
                (long long)a->dims[a->rank - 2], (long long)p->n);
  if (b->dims[b->rank - 2] != p->n)
    return fail(st, TF_INVALID_ARGUMENT, "Matrix size-incompatible: In[0]: %s, In[1]: %s", at, bt);
  p->rhs = b->dims[b->rank - 1];
  Tensor ab = *a, bb = *b;
  ab.rank -= 2;
  bb.rank -= 2;
  const Tensor *both[2] = {&ab, &bb};
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  if (!broadcast_plan(&p->batch, both, 2, dims, &rank))
    return fail(st, TF_INVALID_ARGUMENT, "In[0] and In[1] must have compatible batch dimensions: %s vs. %s", at, bt);
  dims[rank] = p->n;
  dims[rank + 1] = p->rhs;
  size_t values, bytes;
  if (!checked_mul((size_t)p->n, (size_t)p->n + (size_t)p->rhs, &values) || !checked_mul(values, sizeof(Z), &bytes))
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
    load_matrix(a, op_input(c, 0), offset[0] + m % inner * p->batch.stride[0][last], n * n);
    load_matrix(b, op_input(c, 1), offset[1] + m % inner * p->batch.stride[1][last], n * p->rhs);
    if (adjoint) conjugate_transpose(a, n);
    substitute(a, b, n, p->rhs, lower != adjoint);
    store_matrix(&c->outputs[0], m, b, n * p->rhs);
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

const OpRow ops_linalg_dense[] = {
  {"Qr", .types = "T: " FC, .prep_size = sizeof(DensePrep), .shape = shape_qr, .prepare = qr_prepare, .run = qr_run},
  {"Cholesky", .types = "T: " FC, .prep_size = sizeof(DensePrep), .shape = shape_same, .prepare = cholesky_prepare,
   .run = cholesky_run},
  {"MatrixInverse", .types = "T: half " FC, .prep_size = sizeof(DensePrep), .shape = shape_same,
   .prepare = inverse_prepare, .run = inverse_run},
  {"MatrixDeterminant", .types = "T: " FC, .prep_size = sizeof(DensePrep), .shape = shape_determinant,
   .prepare = determinant_prepare, .run = determinant_run},
  {"MatrixSolve", .types = "T: " FC, .prep_size = sizeof(DensePrep), .shape = shape_solve, .prepare = solve_prepare,
   .run = solve_run},
  {"LogMatrixDeterminant", .types = "T: " FC, .prep_size = sizeof(DensePrep), .shape = shape_determinant,
   .prepare = log_determinant_prepare, .run = log_determinant_run},
  {"MatrixTriangularSolve", .types = "T: half " FC, .prep_size = sizeof(TriangularPrep), .shape = shape_triangular,
   .prepare = triangular_prepare, .run = triangular_run},
  {0}};
