/* Eigenvalues and singular values: SelfAdjointEigV2, SelfAdjointEig, Eig, Svd. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/linalg_eigen.h"
#include "ops/linalg_svd.h"
#include "ops/math_types.h"

typedef struct EigenState {
  bool vectors, full;
} EigenState;

typedef struct EigenPrep {
  int64_t batch, rows, cols;
} EigenPrep;

static TF_Code optional_bool(const Node *node, const char *name, bool *out, TF_Status *st) {
  return node_attr(node, name) ? node_attr_bool(node, name, out, st) : TF_OK;
}

static TF_Code eigen_init(OpInit *k, TF_Status *st) {
  EigenState *s = k->state;
  s->vectors = true; /* SelfAdjointEig has no choice */
  TRY(optional_bool(k->node, "compute_v", &s->vectors, st));
  TRY(optional_bool(k->node, "compute_uv", &s->vectors, st));
  return optional_bool(k->node, "full_matrices", &s->full, st);
}

static TF_Code eigen_plan(OpCtx *c, bool square, TF_Status *st) {
  EigenPrep *p = c->prep;
  TRY(linalg_batch(c, 1, &p->batch, st));
  p->rows = linalg_rows(c, 0);
  p->cols = linalg_cols(c, 0);
  return square ? linalg_check_square(c, st) : TF_OK;
}

/* TF: vectors that nobody asked for are a scalar (of no value). */
static TF_Code output_vectors(OpCtx *c, int i, int64_t rows, int64_t cols, TF_Status *st) {
  const EigenState *s = c->state;
  const Tensor *in = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  if (!s->vectors) return op_output(c, i, c->node->output_types[i], in->dims, 0, st);
  memcpy(dims, in->dims, sizeof dims);
  dims[in->rank - 2] = rows;
  dims[in->rank - 1] = cols;
  return op_output(c, i, c->node->output_types[i], dims, in->rank, st);
}

static TF_Code output_values(OpCtx *c, int64_t n, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  memcpy(dims, in->dims, sizeof dims);
  dims[in->rank - 2] = n;
  return op_output(c, 0, c->node->output_types[0], dims, in->rank - 1, st);
}

static void store_scalar_zero(OpCtx *c, int i) { linalg_store(&c->outputs[i], 0, &(Z){0}, 1); }

/* ---- SelfAdjointEigV2 ---- */

static TF_Code eigh_prepare(OpCtx *c, TF_Status *st) {
  TRY(eigen_plan(c, true, st));
  int64_t n = linalg_rows(c, 0);
  TRY(linalg_scratch(c, 2, n, 6, 1, st));
  TRY(output_values(c, n, st));
  return output_vectors(c, 1, n, n, st);
}

/* Matrix m's eigenvalues into *w and its vectors into *v, both in the scratch. */
static TF_Code eigh_one(OpCtx *c, int64_t m, bool vectors, Z **w, Z **v, TF_Status *st) {
  const EigenPrep *p = c->prep;
  int64_t n = p->rows;
  Z *a = c->scratch, *work;
  *v = a + n * n;
  *w = *v + n * n;
  work = *w + n;
  double *real = (double *)(work + 4 * n);
  TRY(linalg_continue(c, st));
  linalg_load(a, op_input(c, 0), m, n * n);
  if (!linalg_eigh(a, n, real, vectors ? *v : NULL, work))
    return fail(st, TF_INVALID_ARGUMENT,
                c->num_outputs == 1
                    ? "Self Adjoint Eigen decomposition wasnot successful. The input might not be valid."
                    : "Self-adjoint eigen decomposition was not successful. The input might not be valid.");
  for (int64_t i = 0; i < n; i++) (*w)[i] = real[i];
  return TF_OK;
}

static TF_Code eigh_run(OpCtx *c, TF_Status *st) {
  const EigenState *s = c->state;
  const EigenPrep *p = c->prep;
  int64_t n = p->rows;
  if (!s->vectors) store_scalar_zero(c, 1);
  for (int64_t m = 0; n && m < p->batch; m++) {
    Z *w, *v;
    TRY(eigh_one(c, m, s->vectors, &w, &v, st));
    linalg_store(&c->outputs[0], m, w, n);
    if (s->vectors) linalg_store(&c->outputs[1], m, v, n * n);
  }
  return TF_OK;
}

/* ---- SelfAdjointEig: one output of n + 1 rows, the values first ---- */

static TF_Code eigh_joined_prepare(OpCtx *c, TF_Status *st) {
  TRY(eigen_plan(c, true, st));
  int64_t n = linalg_rows(c, 0);
  TRY(linalg_scratch(c, 2, n, 6, 1, st));
  return output_vectors(c, 0, n + 1, n, st);
}

static TF_Code eigh_joined_run(OpCtx *c, TF_Status *st) {
  const EigenPrep *p = c->prep;
  int64_t n = p->rows;
  for (int64_t m = 0; n && m < p->batch; m++) {
    Z *w, *v;
    TRY(eigh_one(c, m, true, &w, &v, st));
    linalg_store(&c->outputs[0], m * (n + 1), w, n);
    for (int64_t i = 0; i < n; i++) linalg_store(&c->outputs[0], m * (n + 1) + 1 + i, v + i * n, n);
  }
  return TF_OK;
}

/* ---- Eig ---- */

static TF_Code eig_prepare(OpCtx *c, TF_Status *st) {
  TF_DataType in = op_input(c, 0)->dtype, out = dtype_base(c->node->output_types[0]);
  TF_DataType want = in == TF_DOUBLE || in == TF_COMPLEX128 ? TF_COMPLEX128 : TF_COMPLEX64;
  if (out != want) return fail(st, TF_INVALID_ARGUMENT, "Invalid output dtype %d vs %d", (int)out, (int)want);
  TRY(eigen_plan(c, true, st));
  int64_t n = linalg_rows(c, 0);
  TRY(linalg_scratch(c, 4, n, 2, 1, st));
  TRY(output_values(c, n, st));
  return output_vectors(c, 1, n, n, st);
}

/* Eigenvector k of T, upper triangular, by substitution; then V = U X, of length 1. */
static void eigenvectors(const Z *t, const Z *u, Z *v, Z *x, int64_t n) {
  double norm = 0;
  for (int64_t i = 0; i < n * n; i++) norm += creal(t[i] * conj(t[i]));
  Z least = DBL_EPSILON * sqrt(norm);
  for (int64_t k = 0; k < n; k++) {
    x[k] = 1;
    for (int64_t i = k - 1; i >= 0; i--) {
      Z gap = t[i * n + i] - t[k * n + k];
      x[i] = -t[i * n + k];
      for (int64_t j = i + 1; j < k; j++) x[i] -= t[i * n + j] * x[j];
      x[i] /= gap == 0 ? (least == 0 ? DBL_MIN : least) : gap;
    }
    double length = 0;
    for (int64_t i = 0; i < n; i++) {
      Z sum = 0;
      for (int64_t j = 0; j <= k; j++) sum += u[i * n + j] * x[j];
      v[i * n + k] = sum;
      length = hypot(length, cabs(sum));
    }
    for (int64_t i = 0; length > 0 && i < n; i++) v[i * n + k] /= length;
  }
}

/* A real matrix's vectors are real for real eigenvalues, and conjugate in pairs. */
static void make_vectors_real(const Z *t, Z *v, int64_t n) {
  for (int64_t k = 0; k < n; k++) {
    if (cimag(t[k * n + k]) < 0 && k > 0) {
      for (int64_t i = 0; i < n; i++) v[i * n + k] = conj(v[i * n + k - 1]);
    } else if (cimag(t[k * n + k]) == 0) {
      int64_t best = 0;
      for (int64_t i = 1; i < n; i++)
        if (cabs(v[i * n + k]) > cabs(v[best * n + k])) best = i;
      Z phase = conj(v[best * n + k]) / cabs(v[best * n + k]);
      for (int64_t i = 0; i < n; i++) v[i * n + k] = creal(v[i * n + k] * phase);
    }
  }
}

/* TF: of a complex matrix the eigenvalues rise in magnitude. */
static void sort_magnitudes(Z *w, Z *v, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    int64_t least = i;
    for (int64_t k = i + 1; k < n; k++)
      if (cabs(w[k]) < cabs(w[least])) least = k;
    for (int64_t r = 0; least != i && r <= n; r++) {
      Z *x = r < n ? v + r * n : w, t = x[i];
      x[i] = x[least];
      x[least] = t;
    }
  }
}

static TF_Code eig_run(OpCtx *c, TF_Status *st) {
  const EigenState *s = c->state;
  const EigenPrep *p = c->prep;
  TF_DataType dtype = op_input(c, 0)->dtype;
  int64_t n = p->rows;
  bool real = dtype == TF_FLOAT || dtype == TF_DOUBLE;
  Z *a = c->scratch, *u = a + n * n, *v = u + n * n, *work = v + n * n;
  if (!s->vectors) store_scalar_zero(c, 1);
  for (int64_t m = 0; n && m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, n * n);
    if (!(real ? linalg_schur_real(a, n, u, work) : linalg_schur(a, n, u, work)))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Eigen decomposition was not successful. The input might not be valid.");
    eigenvectors(a, u, v, work, n);
    if (real) make_vectors_real(a, v, n);
    for (int64_t i = 0; i < n; i++) work[i] = a[i * n + i];
    if (!real) sort_magnitudes(work, v, n);
    linalg_store(&c->outputs[0], m, work, n);
    if (s->vectors) linalg_store(&c->outputs[1], m, v, n * n);
  }
  return TF_OK;
}

/* ---- Svd ---- */

static TF_Code svd_prepare(OpCtx *c, TF_Status *st) {
  const EigenState *s = c->state;
  TRY(eigen_plan(c, false, st));
  int64_t rows = linalg_rows(c, 0), cols = linalg_cols(c, 0), small = rows < cols ? rows : cols;
  TRY(output_values(c, small, st));
  TRY(output_vectors(c, 1, rows, s->full ? rows : small, st));
  TRY(output_vectors(c, 2, cols, s->full ? cols : small, st));
  int64_t large = rows < cols ? cols : rows;
  return linalg_scratch(c, s->full ? 2 : 0, large, 7, small + 2, st);
}

/* TF: what is not finite has NaN for singular values and vectors; of an empty matrix U and V are the
 * identity. */
static TF_Code svd_run(OpCtx *c, TF_Status *st) {
  const EigenState *s = c->state;
  const EigenPrep *p = c->prep;
  int64_t rows = p->rows, cols = p->cols, small = rows < cols ? rows : cols,
          large = rows < cols ? cols : rows;
  int64_t full_u = s->full ? rows : small, full_v = s->full ? cols : small;
  Z *a = c->scratch, *u = a + rows * cols, *v = u + rows * full_u, *values = v + cols * full_v;
  Z *sv = values + small, *work = sv + large;
  for (int i = 1; !s->vectors && i < 3; i++) store_scalar_zero(c, i);
  for (int64_t m = 0; m < p->batch; m++) {
    linalg_load(a, op_input(c, 0), m, rows * cols);
    bool ok = linalg_svd(c, a, rows, cols, s->full, (double *)sv, u, v, work, st);
    if (TF_GetCode(st)) return TF_GetCode(st);
    for (int64_t i = 0; i < small; i++) values[i] = ok ? ((double *)sv)[i] : NAN;
    for (int64_t i = 0; !ok && i < rows * full_u; i++) u[i] = NAN;
    for (int64_t i = 0; !ok && i < cols * full_v; i++) v[i] = NAN;
    linalg_store(&c->outputs[0], m, values, small);
    if (!s->vectors) continue;
    linalg_store(&c->outputs[1], m, u, rows * full_u);
    linalg_store(&c->outputs[2], m, v, cols * full_v);
  }
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code shape_values(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *in = c->inputs[0];
  if (in->rank < 2) return TF_OK;
  int64_t rows = in->dims[in->rank - 2], cols = in->dims[in->rank - 1];
  c->outputs[0] = *in;
  c->outputs[0].rank--;
  c->outputs[0].dims[in->rank - 2] = rows < 0 || cols < 0 ? -1 : rows < cols ? rows : cols;
  return TF_OK;
}

#define FC "float double " TYPES_COMPLEX
#define EIGEN(NAME, TYPES, SHAPE, PHASE)                                                          \
  {                                                                                               \
    NAME, .types = "T: " TYPES, .state_size = sizeof(EigenState), .prep_size = sizeof(EigenPrep), \
          .shape = SHAPE, .init = eigen_init, .prepare = PHASE##_prepare, .run = PHASE##_run      \
  }

const OpRow ops_linalg_eigen[] = {
    EIGEN("SelfAdjointEigV2", FC, shape_values, eigh),
    EIGEN("BatchSelfAdjointEigV2", FC, shape_values, eigh),
    EIGEN("SelfAdjointEig", "float double", shape_unknown_outputs, eigh_joined),
    EIGEN("BatchSelfAdjointEig", "float double", shape_unknown_outputs, eigh_joined),
    EIGEN("Eig", FC, shape_values, eig),
    EIGEN("Svd", FC, shape_values, svd),
    EIGEN("BatchSvd", FC, shape_values, svd),
    {0}};
