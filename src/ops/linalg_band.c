/* Matrices of a few diagonals: TridiagonalSolve, TridiagonalMatMul, BandedTriangularSolve. */
#include <math.h>
#include <string.h>

#include "ops/linalg_matrix.h"
#include "ops/math_broadcast.h"
#include "ops/math_types.h"

typedef struct TridiagonalPrep {
  int64_t batch, n, rhs;
} TridiagonalPrep;

/* ---- TridiagonalSolve: diagonals [3][n] above, on and below; the last above and the first below don't count
 * ---- */

static TF_Code tridiagonal_solve_prepare(OpCtx *c, TF_Status *st) {
  TridiagonalPrep *p = c->prep;
  bool pivoting, perturb = false;
  TRY(node_attr_bool(c->node, "partial_pivoting", &pivoting, st));
  if (node_attr(c->node, "perturb_singular")) TRY(node_attr_bool(c->node, "perturb_singular", &perturb, st));
  if (perturb && !pivoting)
    return fail(st, TF_INVALID_ARGUMENT, "Setting perturb_singular requires also setting partial_pivoting.");
  TRY(linalg_batch(c, 2, &p->batch, st));
  p->n = linalg_cols(c, 0);
  p->rhs = linalg_cols(c, 1);
  if (linalg_rows(c, 0) != 3)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected diagonals to be provided as a matrix with 3 rows, got %lld rows.",
                (long long)linalg_rows(c, 0));
  if (linalg_rows(c, 1) != p->n)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected the same number of left-hand sides and right-hand sides, got %lld and %lld.",
                (long long)p->n, (long long)linalg_rows(c, 1));
  TRY(linalg_scratch(c, 0, p->n, 1, p->rhs + 6, st));
  return op_output_like(c, 0, op_input(c, 1), st);
}

static void subtract_row(Z *x, const Z *y, Z factor, int64_t n) {
  for (int64_t j = 0; j < n; j++) x[j] -= factor * y[j];
}
static void divide_row(Z *x, Z by, int64_t n) {
  for (int64_t j = 0; j < n; j++) x[j] /= by;
}

/* Elimination with exchanges of neighbours: u [n][3] is the triangle. False when it is singular. */
static bool solve_pivoting(const Z *d, Z *u, Z *x, int64_t n, int64_t rhs) {
  const Z *above = d, *on = d + n, *below = d + 2 * n;
  u[0] = on[0];
  u[1] = n > 1 ? above[0] : 0;
  u[2] = 0;
  for (int64_t i = 0; i + 1 < n; i++) {
    Z *now = u + 3 * i, *next = now + 3, *row = x + i * rhs, *after = row + rhs;
    Z beyond = i + 2 < n ? above[i + 1] : 0;
    if (cabs(now[0]) >= cabs(below[i + 1])) {
      if (now[0] == 0) return false;
      Z factor = below[i + 1] / now[0];
      next[0] = on[i + 1] - factor * now[1];
      next[1] = beyond;
      subtract_row(after, row, factor, rhs);
    } else {
      Z factor = now[0] / below[i + 1];
      next[0] = now[1] - factor * on[i + 1];
      next[1] = -factor * beyond;
      now[0] = below[i + 1];
      now[1] = on[i + 1];
      now[2] = beyond;
      for (int64_t j = 0; j < rhs; j++) {
        Z t = row[j];
        row[j] = after[j];
        after[j] = t - factor * row[j];
      }
    }
    next[2] = 0;
  }
  if (u[3 * n - 3] == 0) return false;
  for (int64_t i = n - 1; i >= 0; i--) {
    if (i + 1 < n) subtract_row(x + i * rhs, x + (i + 1) * rhs, u[3 * i + 1], rhs);
    if (i + 2 < n) subtract_row(x + i * rhs, x + (i + 2) * rhs, u[3 * i + 2], rhs);
    divide_row(x + i * rhs, u[3 * i], rhs);
  }
  return true;
}

/* The same without exchanges. */
static bool solve_plainly(const Z *d, Z *u, Z *x, int64_t n, int64_t rhs) {
  const Z *above = d, *on = d + n, *below = d + 2 * n;
  for (int64_t i = 0; i < n; i++) {
    Z pivot = on[i];
    if (i) {
      pivot -= below[i] * u[i - 1];
      subtract_row(x + i * rhs, x + (i - 1) * rhs, below[i], rhs);
    }
    if (pivot == 0) return false;
    u[i] = i + 1 < n ? above[i] / pivot : 0;
    divide_row(x + i * rhs, pivot, rhs);
  }
  for (int64_t i = n - 2; i >= 0; i--) subtract_row(x + i * rhs, x + (i + 1) * rhs, u[i], rhs);
  return true;
}

/* TF: a singular matrix gives NaN, not an error. */
static TF_Code tridiagonal_solve_run(OpCtx *c, TF_Status *st) {
  const TridiagonalPrep *p = c->prep;
  int64_t n = p->n;
  Z *d = c->scratch, *u = d + 3 * n, *x = u + 3 * n;
  bool pivoting;
  TRY(node_attr_bool(c->node, "partial_pivoting", &pivoting, st));
  for (int64_t m = 0; n && m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(d, op_input(c, 0), m, 3 * n);
    linalg_load(x, op_input(c, 1), m, n * p->rhs);
    if (!(pivoting ? solve_pivoting : solve_plainly)(d, u, x, n, p->rhs))
      for (int64_t i = 0; i < n * p->rhs; i++) x[i] = NAN;
    linalg_store(&c->outputs[0], m, x, n * p->rhs);
  }
  return TF_OK;
}

/* ---- TridiagonalMatMul ---- */

static TF_Code tridiagonal_matmul_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"superdiagonal", "main diagonal", "subdiagonal"};
  TridiagonalPrep *p = c->prep;
  TRY(linalg_batch(c, 4, &p->batch, st));
  p->n = linalg_rows(c, 3);
  p->rhs = linalg_cols(c, 3);
  for (int i = 0; i < 3; i++)
    if (linalg_rows(c, i) != 1 || linalg_cols(c, i) != p->n)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid %s shape.", names[i]);
  TRY(linalg_scratch(c, 0, p->n, 1, 2 * p->rhs + 3, st));
  return op_output_like(c, 0, op_input(c, 3), st);
}

static TF_Code tridiagonal_matmul_run(OpCtx *c, TF_Status *st) {
  const TridiagonalPrep *p = c->prep;
  int64_t n = p->n, rhs = p->rhs;
  Z *d = c->scratch, *x = d + 3 * n, *y = x + n * rhs;
  for (int64_t m = 0; m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    for (int i = 0; i < 3; i++) linalg_load(d + i * n, op_input(c, i), m, n);
    linalg_load(x, op_input(c, 3), m, n * rhs);
    for (int64_t i = 0; i < n; i++) {
      for (int64_t j = 0; j < rhs; j++) y[i * rhs + j] = d[n + i] * x[i * rhs + j];
      if (i + 1 < n) subtract_row(y + i * rhs, x + (i + 1) * rhs, -d[i], rhs);
      if (i > 0) subtract_row(y + i * rhs, x + (i - 1) * rhs, -d[2 * n + i], rhs);
    }
    linalg_store(&c->outputs[0], m, y, n * rhs);
  }
  return TF_OK;
}

/* ---- BandedTriangularSolve: bands [k][n], those below the diagonal to the right, those above to the left
 * ---- */

typedef struct BandedPrep {
  Broadcast batch;
  int64_t bands, n, rhs;
} BandedPrep;

static TF_Code banded_check(const OpCtx *c, TF_Status *st) {
  char text[2][SHAPE_TEXT_MAX];
  for (int i = 0; i < 2; i++) {
    const Tensor *t = op_input(c, i);
    shape_text(t->dims, t->rank, text[i], sizeof text[i]);
    if (t->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "In[%d] ndims must be >= 2: %d", i, t->rank);
  }
  for (int i = 0; i < 2; i++)
    if (!tensor_count(op_input(c, i)))
      return fail(st, TF_INVALID_ARGUMENT,
                  "In[%d] must not be an empty tensor: Tensor<type: %s shape: %s values: >", i,
                  dtype_name(op_input(c, i)->dtype), text[i]);
  return TF_OK;
}

static TF_Code banded_prepare(OpCtx *c, TF_Status *st) {
  BandedPrep *p = c->prep;
  Tensor a = *op_input(c, 0), b = *op_input(c, 1);
  const Tensor *both[2] = {&a, &b};
  char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  bool lower, adjoint;
  TRY(node_attr_bool(c->node, "lower", &lower, st));
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  TRY(banded_check(c, st));
  shape_text(a.dims, a.rank, at, sizeof at);
  shape_text(b.dims, b.rank, bt, sizeof bt);
  p->bands = linalg_rows(c, 0);
  p->n = linalg_cols(c, 0);
  p->rhs = linalg_cols(c, 1);
  a.rank -= 2;
  b.rank -= 2;
  if (!broadcast_plan(&p->batch, both, 2, dims, &rank))
    return fail(st, TF_INVALID_ARGUMENT, "In[0] and In[1] must have compatible batch dimensions: %s vs. %s",
                at, bt);
  if (linalg_rows(c, 1) != p->n)
    return fail(st, TF_INVALID_ARGUMENT, "In[0] mismatch In[1] shape: %lld vs. %lld: %s %s %d %d",
                (long long)p->n, (long long)linalg_rows(c, 1), at, bt, lower, adjoint);
  dims[rank] = p->n;
  dims[rank + 1] = p->rhs;
  TRY(linalg_scratch(c, 0, p->n, 1, p->bands + p->rhs, st));
  return op_output(c, 0, a.dtype, dims, rank + 2, st);
}

/* Element (i, j) of the triangle, j within the bands. */
static Z banded_at(const Z *bands, const BandedPrep *p, int64_t i, int64_t j, bool lower, bool adjoint) {
  if (adjoint) return conj(banded_at(bands, p, j, i, lower, false));
  return bands[(lower ? i - j : p->bands - 1 - (j - i)) * p->n + i];
}

static void banded_substitute(const Z *bands, Z *x, const BandedPrep *p, bool lower, bool adjoint) {
  bool forward = lower != adjoint;
  for (int64_t step = 0; step < p->n; step++) {
    int64_t i = forward ? step : p->n - 1 - step;
    for (int64_t k = 1; k < p->bands; k++) {
      int64_t j = forward ? i - k : i + k;
      if (j < 0 || j >= p->n) break;
      subtract_row(x + i * p->rhs, x + j * p->rhs, banded_at(bands, p, i, j, lower, adjoint), p->rhs);
    }
    divide_row(x + i * p->rhs, banded_at(bands, p, i, i, lower, adjoint), p->rhs);
  }
}

static TF_Code banded_run(OpCtx *c, TF_Status *st) {
  const BandedPrep *p = c->prep;
  int last = p->batch.rank - 1;
  int64_t inner = p->batch.dims[last], offset[3];
  Z *bands = c->scratch, *x = bands + p->bands * p->n;
  bool adjoint, lower;
  TRY(node_attr_bool(c->node, "adjoint", &adjoint, st));
  TRY(node_attr_bool(c->node, "lower", &lower, st));
  for (int64_t m = 0; m < p->batch.count; m++) {
    TRY(linalg_continue(c, st));
    broadcast_offsets(&p->batch, m / inner, offset);
    linalg_load(bands, op_input(c, 0), offset[0] + m % inner * p->batch.stride[0][last], p->bands * p->n);
    linalg_load(x, op_input(c, 1), offset[1] + m % inner * p->batch.stride[1][last], p->n * p->rhs);
    for (int64_t i = 0; i < p->n; i++)
      if (banded_at(bands, p, i, i, lower, false) == 0)
        return fail(st, TF_INVALID_ARGUMENT, "Input matrix is not invertible.");
    banded_substitute(bands, x, p, lower, adjoint);
    linalg_store(&c->outputs[0], m, x, p->n * p->rhs);
  }
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code shape_rhs(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[c->num_inputs - 1];
  return TF_OK;
}

#define TYPES "T: float double " TYPES_COMPLEX

const OpRow ops_linalg_band[] = {
    {"TridiagonalSolve", .types = TYPES, .prep_size = sizeof(TridiagonalPrep), .shape = shape_rhs,
     .prepare = tridiagonal_solve_prepare, .run = tridiagonal_solve_run},
    {"TridiagonalMatMul", .types = TYPES, .prep_size = sizeof(TridiagonalPrep), .shape = shape_rhs,
     .prepare = tridiagonal_matmul_prepare, .run = tridiagonal_matmul_run},
    {"BandedTriangularSolve", .types = TYPES, .prep_size = sizeof(BandedPrep), .shape = shape_unknown_outputs,
     .prepare = banded_prepare, .run = banded_run},
    {0}};
