/* Schur forms: reflections to a Hessenberg matrix, then shifted QR steps: with complex shifts one at a time,
 * for real matrices with two conjugate shifts at a time (Francis), so that no imaginary parts come in. (Golub
 * & Van Loan, 7.5.) The order of operations is Eigen's, which fixes the order of the eigenvalues. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/linalg_eigen.h"

/* Zeros below the first subdiagonal; `u` collects the reflections. */
static void hessenberg(Z *a, int64_t n, Z *u, Z *v) {
  linalg_identity(u, n);
  for (int64_t i = 0; i + 2 < n; i++) {
    Z tau, *corner = a + (i + 1) * n + i;
    int64_t left = n - i - 1;
    double beta = linalg_reflector(corner, left, n, v, &tau);
    linalg_reflect_rows(corner + 1, n, left, v, left, tau);
    linalg_reflect_cols(a + i + 1, n, n, v, left, conj(tau));
    linalg_reflect_cols(u + i + 1, n, n, v, left, conj(tau));
    corner[0] = beta;
    for (int64_t k = 1; k < left; k++) corner[k * n] = 0;
  }
}

static double norm1(Z z) { return fabs(creal(z)) + fabs(cimag(z)); }

/* ---- complex rotations: (c, s) makes (p, q) (r, 0) by its adjoint from the left ---- */

typedef struct Rotation {
  Z c, s;
} Rotation;

static Rotation rotation(Z p, Z q) {
  double size = hypot(cabs(p), cabs(q));
  if (size == 0 || q == 0) return (Rotation){1, 0};
  if (p == 0) return (Rotation){0, -q / cabs(q)};
  /* r has p's phase: c is real. */
  return (Rotation){cabs(p) / size, -q * conj(p) / (cabs(p) * size)};
}

/* Rows k and k + 1 from column `first` on: the adjoint from the left. */
static void rotate_rows(Z *m, int64_t n, int64_t k, int64_t first, Rotation r) {
  for (int64_t j = first; j < n; j++) {
    Z x = m[k * n + j], y = m[(k + 1) * n + j];
    m[k * n + j] = r.c * x - conj(r.s) * y;
    m[(k + 1) * n + j] = r.s * x + r.c * y;
  }
}

/* Columns k and k + 1 of the first `rows` rows, from the right. */
static void rotate_cols(Z *m, int64_t n, int64_t k, int64_t rows, Rotation r) {
  for (int64_t i = 0; i < rows; i++) {
    Z x = m[i * n + k], y = m[i * n + k + 1];
    m[i * n + k] = r.c * x - r.s * y;
    m[i * n + k + 1] = conj(r.s) * x + r.c * y;
  }
}

/* ---- complex QR steps ---- */

static bool small_beside(Z *t, int64_t n, int64_t i) {
  double near = norm1(t[i * n + i]) + norm1(t[(i + 1) * n + i + 1]);
  if (!(norm1(t[(i + 1) * n + i]) <= DBL_EPSILON * near)) return false;
  t[(i + 1) * n + i] = 0;
  return true;
}

static Z complex_shift(const Z *t, int64_t n, int64_t end, int iteration) {
  if ((iteration == 10 || iteration == 20) && end > 1)
    return fabs(creal(t[end * n + end - 1])) + fabs(creal(t[(end - 1) * n + end - 2]));
  Z a = t[(end - 1) * n + end - 1], b = t[(end - 1) * n + end], c = t[end * n + end - 1],
    d = t[end * n + end];
  double norm = norm1(a) + norm1(b) + norm1(c) + norm1(d);
  a /= norm, b /= norm, c /= norm, d /= norm;
  Z root = csqrt((a - d) * (a - d) + 4 * b * c), det = a * d - b * c;
  Z one = (a + d + root) / 2, two = (a + d - root) / 2;
  if (norm1(one) > norm1(two)) two = det / one;
  else if (norm1(two) != 0) one = det / two;
  return norm * (norm1(one - d) < norm1(two - d) ? one : two);
}

static void complex_step(Z *t, int64_t n, int64_t start, int64_t end, Z shift, Z *u) {
  for (int64_t i = start; i < end; i++) {
    Rotation r = i == start ? rotation(t[i * n + i] - shift, t[(i + 1) * n + i])
                            : rotation(t[i * n + i - 1], t[(i + 1) * n + i - 1]);
    rotate_rows(t, n, i, i == start ? i : i - 1, r);
    if (i > start) t[(i + 1) * n + i - 1] = 0;
    rotate_cols(t, n, i, (i + 2 < end ? i + 2 : end) + 1, r);
    rotate_cols(u, n, i, n, r);
  }
}

static bool is_finite(const Z *a, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    if (!isfinite(creal(a[i])) || !isfinite(cimag(a[i]))) return false;
  return true;
}

bool linalg_schur(Z *a, int64_t n, Z *u, Z *work) {
  if (!is_finite(a, n * n)) return false;
  hessenberg(a, n, u, work);
  int iteration = 0;
  int64_t total = 0;
  for (int64_t end = n - 1; end > 0;) {
    if (small_beside(a, n, end - 1)) {
      end--;
      iteration = 0;
      continue;
    }
    iteration++;
    if (++total > 30 * n) return false;
    int64_t start = end - 1;
    while (start > 0 && !small_beside(a, n, start - 1)) start--;
    complex_step(a, n, start, end, complex_shift(a, n, end, iteration), u);
  }
  return true;
}

/* ---- real matrices ---- */

typedef struct RealSchur {
  double *t, *u; /* [n][n] */
  int64_t n;
  double shifted, tiny;
} RealSchur;

#define T(i, j) s->t[(i)*s->n + (j)]
#define U(i, j) s->u[(i)*s->n + (j)]

/* The top of the block that ends in row `end`: the row above has nothing to do with it. */
static int64_t block_start(const RealSchur *s, int64_t end) {
  for (; end > 0; end--) {
    double near = (fabs(T(end - 1, end - 1)) + fabs(T(end, end))) * DBL_EPSILON;
    if (fabs(T(end, end - 1)) <= fmax(near, s->tiny)) break;
  }
  return end;
}

/* A block of two rows that has real eigenvalues becomes triangular. */
static void split_two(RealSchur *s, int64_t end) {
  int64_t a = end - 1, n = s->n;
  double p = (T(a, a) - T(end, end)) / 2, q = p * p + T(end, a) * T(a, end);
  T(end, end) += s->shifted;
  T(a, a) += s->shifted;
  if (q >= 0) {
    double x = p >= 0 ? p + sqrt(q) : p - sqrt(q), y = T(end, a), size = hypot(x, y);
    double cosine = size ? x / size : 1, sine = size ? y / size : 0;
    for (int64_t j = a; j < n; j++) {
      double v = T(a, j), w = T(end, j);
      T(a, j) = cosine * v + sine * w;
      T(end, j) = cosine * w - sine * v;
    }
    for (int64_t i = 0; i < n; i++) {
      if (i <= end) {
        double v = T(i, a), w = T(i, end);
        T(i, a) = cosine * v + sine * w;
        T(i, end) = cosine * w - sine * v;
      }
      double v = U(i, a), w = U(i, end);
      U(i, a) = cosine * v + sine * w;
      U(i, end) = cosine * w - sine * v;
    }
    T(end, a) = 0;
  }
  if (a > 0) T(a, a - 1) = 0;
}

/* The two shifts as their corner, the other corner, and the product beside. Now and then exceptional ones. */
static void real_shift(RealSchur *s, int64_t end, int iteration, double shift[3]) {
  shift[0] = T(end, end);
  shift[1] = T(end - 1, end - 1);
  shift[2] = T(end, end - 1) * T(end - 1, end);
  double by = 0;
  if (iteration == 10) {
    by = shift[0];
    double size = fabs(T(end, end - 1)) + fabs(T(end - 1, end - 2));
    shift[0] = shift[1] = 0.75 * size;
    shift[2] = -0.4375 * size * size;
  } else if (iteration == 30) {
    double half = (shift[1] - shift[0]) / 2, q = half * half + shift[2];
    if (q <= 0) return;
    q = shift[1] < shift[0] ? -sqrt(q) : sqrt(q);
    by = shift[0] - shift[2] / (q + half);
    shift[0] = shift[1] = shift[2] = 0.964;
  }
  s->shifted += by;
  for (int64_t i = 0; by != 0 && i <= end; i++) T(i, i) -= by;
}

/* Where in [start, end] a step may begin, and its first vector. */
static int64_t step_start(const RealSchur *s, int64_t start, int64_t end, const double shift[3],
                          double v[3]) {
  int64_t m = end - 2;
  for (;; m--) {
    double r = shift[0] - T(m, m), w = shift[1] - T(m, m);
    v[0] = (r * w - shift[2]) / T(m + 1, m) + T(m, m + 1);
    v[1] = T(m + 1, m + 1) - T(m, m) - r - w;
    v[2] = T(m + 2, m + 1);
    if (m == start) return m;
    double left = T(m, m - 1) * (fabs(v[1]) + fabs(v[2]));
    double right = v[0] * (fabs(T(m - 1, m - 1)) + fabs(T(m, m)) + fabs(T(m + 1, m + 1)));
    if (fabs(left) < DBL_EPSILON * fabs(right)) return m;
  }
}

/* Reflects `size` (3 or 2) rows and columns from k on. */
static void reflect_three(RealSchur *s, int64_t k, int size, const double *v, double tau, int64_t last_row) {
  for (int64_t j = k; j < s->n; j++) {
    double dot = 0;
    for (int i = 0; i < size; i++) dot += v[i] * T(k + i, j);
    for (int i = 0; i < size; i++) T(k + i, j) -= tau * v[i] * dot;
  }
  for (int64_t r = 0; r < s->n; r++) {
    double dot = 0, dot_u = 0;
    for (int i = 0; i < size; i++) {
      dot_u += v[i] * U(r, k + i);
      if (r <= last_row) dot += v[i] * T(r, k + i);
    }
    for (int i = 0; i < size; i++) {
      U(r, k + i) -= tau * v[i] * dot_u;
      if (r <= last_row) T(r, k + i) -= tau * v[i] * dot;
    }
  }
}

static void francis_step(RealSchur *s, int64_t start, int64_t m, int64_t end, const double first[3]) {
  for (int64_t k = m; k < end; k++) {
    int size = k + 2 <= end ? 3 : 2;
    Z x[3], z[3], tau;
    double v[3];
    for (int i = 0; i < size; i++) x[i] = k == m ? first[i] : T(k + i, k - 1);
    double beta = linalg_reflector(x, size, 1, z, &tau);
    for (int i = 0; i < size; i++) v[i] = creal(z[i]);
    if (beta == 0) continue;
    if (k == m && k > start) T(k, k - 1) = -T(k, k - 1);
    else if (k != m) T(k, k - 1) = beta;
    reflect_three(s, k, size, v, creal(tau), k + 3 < end ? k + 3 : end);
  }
  for (int64_t i = m + 2; i <= end; i++) {
    T(i, i - 2) = 0;
    if (i > m + 2) T(i, i - 3) = 0;
  }
}

static bool real_iterate(RealSchur *s) {
  int iteration = 0;
  int64_t total = 0;
  for (int64_t end = s->n - 1; end >= 0;) {
    int64_t start = block_start(s, end);
    if (start == end) {
      T(end, end) += s->shifted;
      if (end > 0) T(end, end - 1) = 0;
      end--;
      iteration = 0;
    } else if (start == end - 1) {
      split_two(s, end);
      end -= 2;
      iteration = 0;
    } else {
      double shift[3], first[3] = {0};
      real_shift(s, end, iteration, shift);
      iteration++;
      if (++total > 40 * s->n) return false;
      int64_t m = step_start(s, start, end, shift, first);
      francis_step(s, start, m, end, first);
    }
  }
  return true;
}

/* Blocks of two become triangular by a complex rotation; the eigenvalue above the real line comes first. */
static void triangularize(Z *t, int64_t n, Z *u) {
  for (int64_t k = 0; k + 1 < n; k++) {
    if (t[(k + 1) * n + k] == 0) continue;
    double a = creal(t[k * n + k]), b = creal(t[k * n + k + 1]), c = creal(t[(k + 1) * n + k]);
    double d = creal(t[(k + 1) * n + k + 1]), half = (a - d) / 2,
           most = fmax(fabs(half), fmax(fabs(b), fabs(c)));
    double root = most * sqrt(fabs(half / most * (half / most) + b / most * (c / most)));
    Z high = (d + half) + I * root;
    /* (high - d, c) is its eigenvector: the rotation's first column. */
    Rotation r = rotation(high - d, c);
    rotate_rows(t, n, k, k, r);
    rotate_cols(t, n, k, k + 2, r);
    rotate_cols(u, n, k, n, r);
    t[(k + 1) * n + k] = 0;
    t[k * n + k] = high;
    t[(k + 1) * n + k + 1] = conj(high);
  }
}

bool linalg_schur_real(Z *a, int64_t n, Z *u, Z *work) {
  if (!is_finite(a, n * n)) return false;
  double scale = 0, norm = 0;
  for (int64_t i = 0; i < n * n; i++) scale = fmax(scale, fabs(creal(a[i])));
  linalg_identity(u, n);
  if (scale < DBL_MIN) {
    for (int64_t i = 0; i < n * n; i++) a[i] = 0;
    return true;
  }
  for (int64_t i = 0; i < n * n; i++) a[i] = creal(a[i]) / scale;
  hessenberg(a, n, u, work);
  RealSchur s = {.t = (double *)work, .u = (double *)work + n * n, .n = n};
  for (int64_t i = 0; i < n * n; i++) {
    s.t[i] = creal(a[i]);
    s.u[i] = creal(u[i]);
    norm += fabs(s.t[i]);
  }
  s.tiny = fmax(norm * DBL_EPSILON * DBL_EPSILON, DBL_MIN);
  bool ok = real_iterate(&s);
  for (int64_t i = 0; i < n * n; i++) {
    a[i] = s.t[i] * scale;
    u[i] = s.u[i];
  }
  if (ok) triangularize(a, n, u);
  return ok;
}
