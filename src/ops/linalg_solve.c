/* Factors and systems of other kinds: Lu, CholeskyGrad, MatrixSolveLs. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/linalg_svd.h"
#include "ops/math_types.h"

typedef struct SolvePrep {
  int64_t batch, rows, cols, rhs;
} SolvePrep;

static TF_Code solve_plan(OpCtx *c, int inputs, TF_Status *st) {
  SolvePrep *p = c->prep;
  TRY(linalg_batch(c, inputs, &p->batch, st));
  p->rows = linalg_rows(c, 0);
  p->cols = linalg_cols(c, 0);
  p->rhs = inputs > 1 ? linalg_cols(c, inputs - 1) : 0;
  return TF_OK;
}

/* ---- Lu ---- */

static TF_Code lu_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  if (in->rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input tensor must have rank >= 2, got %d", in->rank);
  TRY(solve_plan(c, 1, st));
  TRY(linalg_check_square(c, st));
  TRY(linalg_scratch(c, 1, linalg_rows(c, 0), 1, 1, st));
  TRY(op_output_like(c, 0, in, st));
  return op_output(c, 1, c->node->output_types[1], in->dims, in->rank - 1, st);
}

static TF_Code lu_run(OpCtx *c, TF_Status *st) {
  const SolvePrep *p = c->prep;
  int64_t n = p->rows, *order = (int64_t *)((Z *)c->scratch + n * n);
  double sign;
  for (int64_t m = 0; n && m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(c->scratch, op_input(c, 0), m, n * n);
    linalg_lu(c->scratch, n, order, &sign);
    if (!linalg_has_pivots(c->scratch, n)) return fail(st, TF_INVALID_ARGUMENT, "Input is not invertible.");
    linalg_store(&c->outputs[0], m, c->scratch, n * n);
    for (int64_t i = 0; i < n; i++) {
      if (c->outputs[1].dtype == TF_INT32) ((int32_t *)c->outputs[1].data)[m * n + i] = (int32_t)order[i];
      else ((int64_t *)c->outputs[1].data)[m * n + i] = order[i];
    }
  }
  return TF_OK;
}

static TF_Code shape_lu(ShapeCtx *c, TF_Status *st) {
  (void)st;
  if (c->inputs[0]->rank < 2) return TF_OK;
  c->outputs[0] = c->outputs[1] = *c->inputs[0];
  c->outputs[1].rank--;
  return TF_OK;
}

/* ---- CholeskyGrad: of A = L L^T, by L^-T phi(L^T grad) L^-1, made symmetric ---- */

static TF_Code cholesky_grad_prepare(OpCtx *c, TF_Status *st) {
  TRY(solve_plan(c, 2, st));
  if (linalg_rows(c, 0) != linalg_cols(c, 0))
    return fail(st, TF_INVALID_ARGUMENT, "Inputs must be a square matrices.");
  if (linalg_rows(c, 1) != linalg_rows(c, 0) || linalg_cols(c, 1) != linalg_cols(c, 0))
    return fail(st, TF_INVALID_ARGUMENT, "Inputs (L and grad) must have the same shape.");
  TRY(linalg_scratch(c, 3, linalg_rows(c, 0), 0, 0, st));
  return op_output_like(c, 0, op_input(c, 0), st);
}

/* s = phi(l^T g): the lower triangle with half its diagonal. */
static void lower_half(Z *s, const Z *l, const Z *g, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      s[i * n + j] = 0;
      for (int64_t k = i; j <= i && k < n; k++) s[i * n + j] += k >= j ? l[k * n + i] * g[k * n + j] : 0;
      if (i == j) s[i * n + j] /= 2;
    }
}

/* s = L^-T s L^-1 */
static void between_inverses(Z *s, const Z *l, int64_t n) {
  for (int64_t i = n - 1; i >= 0; i--)
    for (int64_t j = 0; j < n; j++) {
      for (int64_t k = i + 1; k < n; k++) s[i * n + j] -= l[k * n + i] * s[k * n + j];
      s[i * n + j] /= l[i * n + i];
    }
  for (int64_t j = n - 1; j >= 0; j--)
    for (int64_t i = 0; i < n; i++) {
      for (int64_t k = j + 1; k < n; k++) s[i * n + j] -= s[i * n + k] * l[k * n + j];
      s[i * n + j] /= l[j * n + j];
    }
}

static TF_Code cholesky_grad_run(OpCtx *c, TF_Status *st) {
  const SolvePrep *p = c->prep;
  int64_t n = p->rows;
  Z *l = c->scratch, *g = l + n * n, *s = g + n * n;
  for (int64_t m = 0; m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(l, op_input(c, 0), m, n * n);
    linalg_load(g, op_input(c, 1), m, n * n);
    lower_half(s, l, g, n);
    between_inverses(s, l, n);
    for (int64_t i = 0; i < n * n; i++) g[i] = (s[i] + s[i % n * n + i / n]) / 2;
    linalg_store(&c->outputs[0], m, g, n * n);
  }
  return TF_OK;
}

/* ---- MatrixSolveLs: least squares, or the smallest of many solutions ---- */

static TF_Code least_squares_prepare(OpCtx *c, TF_Status *st) {
  SolvePrep *p = c->prep;
  const Tensor *l2 = op_input(c, 2), *a = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  TRY(solve_plan(c, 2, st));
  if (l2->rank)
    return fail(st, TF_INVALID_ARGUMENT, "l2_regularizer must be scalar, got shape %s",
                shape_text(l2->dims, l2->rank, text, sizeof text));
  if (p->rows != linalg_rows(c, 1))
    return fail(st, TF_INVALID_ARGUMENT, "Input matrix and rhs are incompatible.");
  int64_t large = p->rows < p->cols ? p->cols : p->rows;
  int64_t small = p->rows < p->cols ? p->rows : p->cols;
  TRY(linalg_scratch(c, 0, large, 6, p->rhs + small + 2, st));
  int64_t dims[TENSOR_MAX_RANK];
  memcpy(dims, a->dims, sizeof dims);
  dims[a->rank - 2] = p->cols;
  dims[a->rank - 1] = p->rhs;
  return op_output(c, 0, a->dtype, dims, a->rank, st);
}

/* g = L^-H L^-1 g */
static void cholesky_solve(const Z *l, Z *g, int64_t n, int64_t rhs) {
  for (int pass = 0; pass < 2; pass++)
    for (int64_t step = 0; step < n; step++) {
      int64_t i = pass ? n - 1 - step : step;
      for (int64_t j = 0; j < rhs; j++) {
        for (int64_t k = pass ? i + 1 : 0; k < (pass ? n : i); k++)
          g[i * rhs + j] -= (pass ? conj(l[k * n + i]) : l[i * n + k]) * g[k * rhs + j];
        g[i * rhs + j] /= l[i * n + i];
      }
    }
}

/* By the normal equations: x = (A^H A + l2)^-1 A^H b, or A^H (A A^H + l2)^-1 b of a wide matrix. */
static TF_Code normal_equations(const SolvePrep *p, const Z *a, const Z *b, double l2, Z *x, Z *work,
                                TF_Status *st) {
  bool wide = p->rows < p->cols;
  int64_t n = wide ? p->rows : p->cols;
  Z *h = work, *gram = h + p->rows * p->cols, *side = gram + n * n;
  linalg_adjoint(h, a, p->rows, p->cols);
  if (wide) linalg_multiply(gram, a, h, n, p->cols, n);
  else linalg_multiply(gram, h, a, n, p->rows, n);
  for (int64_t i = 0; i < n; i++) gram[i * n + i] += l2;
  if (!linalg_cholesky(gram, n))
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Input matrix was rank deficient or ill-conditioned. Try setting fast=False or provide a larger "
        "l2_regularizer > 0.");
  if (wide) {
    memcpy(side, b, (size_t)(n * p->rhs) * sizeof *b);
    cholesky_solve(gram, side, n, p->rhs);
    linalg_multiply(x, h, side, p->cols, n, p->rhs);
  } else {
    linalg_multiply(x, h, b, n, p->rows, p->rhs);
    cholesky_solve(gram, x, n, p->rhs);
  }
  return TF_OK;
}

/* By singular values: x = V diag(1 / sv) U^H b, without those that are nothing but rounding. TF: the
 * regularizer plays no part. */
static TF_Code by_singular_values(const OpCtx *c, Z *a, const Z *b, Z *x, Z *work, TF_Status *st) {
  const SolvePrep *p = c->prep;
  int64_t rows = p->rows, cols = p->cols, small = rows < cols ? rows : cols,
          large = rows < cols ? cols : rows;
  TF_DataType dtype = op_input(c, 0)->dtype;
  double eps = dtype == TF_FLOAT || dtype == TF_COMPLEX64 ? (double)FLT_EPSILON : DBL_EPSILON;
  Z *u = work, *v = u + rows * small, *sv = v + cols * small;
  double *values = (double *)sv;
  bool ok = linalg_svd(c, a, rows, cols, false, values, u, v, sv + large, st);
  if (TF_GetCode(st)) return TF_GetCode(st);
  for (int64_t i = 0; i < cols * p->rhs; i++) x[i] = ok ? 0 : NAN;
  for (int64_t k = 0; ok && k < small; k++) {
    if (values[k] <= values[0] * eps * (double)small) break;
    for (int64_t j = 0; j < p->rhs; j++) {
      Z dot = 0;
      for (int64_t i = 0; i < rows; i++) dot += conj(u[i * small + k]) * b[i * p->rhs + j];
      for (int64_t i = 0; i < cols; i++) x[i * p->rhs + j] += v[i * small + k] * (dot / values[k]);
    }
  }
  return TF_OK;
}

static TF_Code least_squares_run(OpCtx *c, TF_Status *st) {
  const SolvePrep *p = c->prep;
  double l2 = *(const double *)op_input(c, 2)->data;
  Z *a = c->scratch, *b = a + p->rows * p->cols, *x = b + p->rows * p->rhs, *work = x + p->cols * p->rhs;
  bool fast;
  TRY(node_attr_bool(c->node, "fast", &fast, st));
  if (p->batch > 0 && !(l2 >= 0)) return fail(st, TF_INVALID_ARGUMENT, "l2_regularizer must be >= 0.");
  for (int64_t m = 0; p->cols * p->rhs > 0 && m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, p->rows * p->cols);
    linalg_load(b, op_input(c, 1), m, p->rows * p->rhs);
    if (p->rows == 0) memset(x, 0, (size_t)(p->cols * p->rhs) * sizeof *x);
    else if (fast) TRY(normal_equations(p, a, b, l2, x, work, st));
    else TRY(by_singular_values(c, a, b, x, work, st));
    linalg_store(&c->outputs[0], m, x, p->cols * p->rhs);
  }
  return TF_OK;
}

static TF_Code shape_least_squares(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *a = c->inputs[0], *b = c->inputs[1];
  if (a->rank < 2 || b->rank != a->rank) return TF_OK;
  c->outputs[0] = *a;
  c->outputs[0].dims[a->rank - 2] = a->dims[a->rank - 1];
  c->outputs[0].dims[a->rank - 1] = b->dims[a->rank - 1];
  return TF_OK;
}

#define FC "float double " TYPES_COMPLEX
#define SOLVE(NAME, TYPES, SHAPE, PHASE)                                                                    \
  {                                                                                                         \
    NAME, .types = "T: " TYPES, .prep_size = sizeof(SolvePrep), .shape = SHAPE, .prepare = PHASE##_prepare, \
          .run = PHASE##_run                                                                                \
  }

const OpRow ops_linalg_solve[] = {
    SOLVE("Lu", FC, shape_lu, lu),
    SOLVE("CholeskyGrad", "float double", shape_same, cholesky_grad),
    SOLVE("BatchCholeskyGrad", "float double", shape_same, cholesky_grad),
    SOLVE("MatrixSolveLs", FC, shape_least_squares, least_squares),
    SOLVE("BatchMatrixSolveLs", "float double", shape_least_squares, least_squares),
    {0}};
