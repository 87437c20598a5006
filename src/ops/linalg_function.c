/* Functions of square matrices: MatrixSquareRoot, MatrixLogarithm, MatrixExponential. (Higham, Functions of
 * Matrices.) What is not finite, or has no answer in the dtype, is NaN. */
#include <math.h>
#include <string.h>

#include "ops/linalg_eigen.h"
#include "ops/math_types.h"

typedef struct FunctionPrep {
  int64_t batch;
} FunctionPrep;

enum { BUFFERS = 8 }; /* matrices of scratch, and 2 * n numbers */

static TF_Code function_prepare(OpCtx *c, TF_Status *st) {
  FunctionPrep *p = c->prep;
  TRY(linalg_batch(c, 1, &p->batch, st));
  TRY(linalg_check_square(c, st));
  TRY(linalg_scratch(c, BUFFERS, linalg_rows(c, 0), 2, 1, st));
  return op_output_like(c, 0, op_input(c, 0), st);
}

static bool is_real(const OpCtx *c) {
  return op_input(c, 0)->dtype == TF_FLOAT || op_input(c, 0)->dtype == TF_DOUBLE;
}

/* Calls f on every matrix: it replaces `a`, which 7 more of its size and 2 n numbers follow. */
static TF_Code each_matrix(OpCtx *c, bool (*f)(const OpCtx *, Z *a, int64_t n), TF_Status *st) {
  const FunctionPrep *p = c->prep;
  int64_t n = linalg_rows(c, 0);
  Z *a = c->scratch;
  for (int64_t m = 0; n && m < p->batch; m++) {
    TRY(linalg_continue(c, st));
    linalg_load(a, op_input(c, 0), m, n * n);
    if (!f(c, a, n))
      for (int64_t i = 0; i < n * n; i++) a[i] = NAN + I * NAN;
    linalg_store(&c->outputs[0], m, a, n * n);
  }
  return TF_OK;
}

/* ---- the square root, by Schur form ---- */

/* r (upper triangular) times itself is t; false when it has none. */
static bool triangular_root(const Z *t, Z *r, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j + 1; i < n; i++) r[i * n + j] = 0;
    r[j * n + j] = csqrt(t[j * n + j]);
    for (int64_t i = j - 1; i >= 0; i--) {
      Z s = t[i * n + j], both = r[i * n + i] + r[j * n + j];
      for (int64_t k = i + 1; k < j; k++) s -= r[i * n + k] * r[k * n + j];
      if (both == 0) return false; /* two eigenvalues 0 */
      r[i * n + j] = s / both;
    }
  }
  return true;
}

/* a = u t u^H */
static void from_schur(Z *a, const Z *u, const Z *t, Z *work, int64_t n) {
  linalg_multiply(work, u, t, n, n, n);
  linalg_adjoint(a, u, n, n);
  Z *product = work + n * n;
  linalg_multiply(product, work, a, n, n, n);
  memcpy(a, product, (size_t)(n * n) * sizeof *a);
}

static bool square_root(const OpCtx *c, Z *a, int64_t n) {
  Z *u = a + n * n, *r = u + n * n, *work = r + n * n;
  bool real = is_real(c);
  if (!(real ? linalg_schur_real(a, n, u, work) : linalg_schur(a, n, u, work))) return false;
  for (int64_t i = 0; real && i < n; i++)
    if (cimag(a[i * n + i]) == 0 && creal(a[i * n + i]) < 0) return false;
  if (!triangular_root(a, r, n)) return false;
  from_schur(a, u, r, work, n);
  return true;
}

static TF_Code square_root_run(OpCtx *c, TF_Status *st) { return each_matrix(c, square_root, st); }

/* ---- the logarithm: square roots until the matrix is near 1, then a Pade approximant as a sum of fractions
 * ---- */

static const double nodes[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                0.9602898564975363};
static const double weights[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                  0.1012285362903763};

/* sum += weight x (1 + node x)^-1, upper triangular; `y` is scratch. */
static void add_fraction(Z *sum, const Z *x, double node, double weight, Z *y, int64_t n) {
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j; i >= 0; i--) {
      Z s = x[i * n + j];
      for (int64_t k = i + 1; k <= j; k++) s -= node * x[i * n + k] * y[k * n + j];
      y[i * n + j] = s / (1 + node * x[i * n + i]);
      sum[i * n + j] += weight * y[i * n + j];
    }
}

static double distance_from_one(const Z *t, int64_t n) {
  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    double row = 0;
    for (int64_t j = i; j < n; j++) row += cabs(t[i * n + j] - (i == j));
    most = fmax(most, row);
  }
  return most;
}

static bool logarithm(const OpCtx *c, Z *a, int64_t n) {
  (void)c;
  Z *u = a + n * n, *t = u + n * n, *r = t + n * n, *work = r + n * n, *diagonal = a + BUFFERS * n * n;
  int roots = 0;
  if (!linalg_schur(a, n, u, work)) return false;
  for (int64_t i = 0; i < n; i++) {
    if (a[i * n + i] == 0) return false;
    diagonal[i] = clog(a[i * n + i]);
  }
  memcpy(t, a, (size_t)(n * n) * sizeof *t);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < i; j++) t[i * n + j] = 0;
  for (; distance_from_one(t, n) > 0.25; roots++) {
    if (roots > 1100 || !triangular_root(t, r, n)) return false;
    memcpy(t, r, (size_t)(n * n) * sizeof *t);
  }
  for (int64_t i = 0; i < n; i++) t[i * n + i] -= 1;
  memset(r, 0, (size_t)(n * n) * sizeof *r);
  for (int k = 0; k < 4; k++) {
    add_fraction(r, t, (1 - nodes[k]) / 2, weights[k] / 2, work, n);
    add_fraction(r, t, (1 + nodes[k]) / 2, weights[k] / 2, work, n);
  }
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = i; j < n; j++) r[i * n + j] *= ldexp(1, roots);
    r[i * n + i] = diagonal[i];
  }
  from_schur(a, u, r, work, n);
  return true;
}

static TF_Code logarithm_run(OpCtx *c, TF_Status *st) { return each_matrix(c, logarithm, st); }

/* ---- the exponential: a Pade approximant of a matrix halved until it is small, then squared again ---- */

static const double pade[14] = {64764752532480000,
                                32382376266240000,
                                7771770303897600,
                                1187353796428800,
                                129060195264000,
                                10559470521600,
                                670442572800,
                                33522128640,
                                1323241920,
                                40840800,
                                960960,
                                16380,
                                182,
                                1};

/* out = e + f1 a2 + f2 a4 + f3 a6 */
static void polynomial(Z *out, const Z *a2, const Z *a4, const Z *a6, const double f[4], int64_t n) {
  for (int64_t i = 0; i < n * n; i++)
    out[i] = (i / n == i % n ? f[0] : 0) + f[1] * a2[i] + f[2] * a4[i] + f[3] * a6[i];
}

static double largest_column(const Z *a, int64_t n) {
  double most = 0;
  for (int64_t j = 0; j < n; j++) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += cabs(a[i * n + j]);
    if (!isfinite(sum)) return sum;
    most = fmax(most, sum);
  }
  return most;
}

static bool exponential(const OpCtx *c, Z *a, int64_t n) {
  (void)c;
  int64_t count = n * n, *order = (int64_t *)(a + BUFFERS * count);
  Z *a2 = a + count, *a4 = a2 + count, *a6 = a4 + count, *odd = a6 + count, *even = odd + count,
    *x = even + count;
  double size = largest_column(a, n), sign;
  int squares = 0;
  if (!isfinite(size)) return false;
  for (; size > 5.371920351148152; squares++) size /= 2;
  for (int64_t i = 0; i < count; i++) a[i] *= ldexp(1, -squares);
  linalg_multiply(a2, a, a, n, n, n);
  linalg_multiply(a4, a2, a2, n, n, n);
  linalg_multiply(a6, a4, a2, n, n, n);
  polynomial(x, a2, a4, a6, (double[]){0, pade[9], pade[11], pade[13]}, n);
  linalg_multiply(even, a6, x, n, n, n);
  polynomial(x, a2, a4, a6, (double[]){pade[1], pade[3], pade[5], pade[7]}, n);
  for (int64_t i = 0; i < count; i++) x[i] += even[i];
  linalg_multiply(odd, a, x, n, n, n);
  polynomial(x, a2, a4, a6, (double[]){0, pade[8], pade[10], pade[12]}, n);
  linalg_multiply(even, a6, x, n, n, n);
  polynomial(x, a2, a4, a6, (double[]){pade[0], pade[2], pade[4], pade[6]}, n);
  for (int64_t i = 0; i < count; i++) {
    even[i] += x[i];
    a2[i] = even[i] - odd[i];
    a4[i] = even[i] + odd[i];
  }
  linalg_lu(a2, n, order, &sign);
  linalg_lu_solve(a2, order, a4, a, n, n);
  for (; squares; squares--) {
    linalg_multiply(x, a, a, n, n, n);
    memcpy(a, x, (size_t)count * sizeof *a);
  }
  return true;
}

static TF_Code exponential_run(OpCtx *c, TF_Status *st) { return each_matrix(c, exponential, st); }

#define FUNCTION(NAME, TYPES, PHASE)                                                    \
  {                                                                                     \
    NAME, .types = "T: " TYPES, .prep_size = sizeof(FunctionPrep), .shape = shape_same, \
          .prepare = function_prepare, .run = PHASE##_run                               \
  }

const OpRow ops_linalg_function[] = {
    FUNCTION("MatrixSquareRoot", "float double " TYPES_COMPLEX, square_root),
    FUNCTION("MatrixLogarithm", TYPES_COMPLEX, logarithm),
    FUNCTION("MatrixExponential", "float double " TYPES_COMPLEX, exponential),
    {0}};
