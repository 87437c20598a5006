/* Hermitian eigenproblems: reflections to a real tridiagonal matrix, then implicit QL steps from its end.
 * (Golub & Van Loan, 8.3.) The order of operations is that of Eigen, which fixes the signs of the vectors. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/linalg_eigen.h"

/* A becomes tridiagonal: `d` its diagonal, `e` what stands beside it. `q` (or null) collects the
 * reflections. */
static void tridiagonalize(Z *a, int64_t n, double *d, double *e, Z *q, Z *v) {
  if (q) linalg_identity(q, n);
  for (int64_t i = 0; i + 1 < n; i++) {
    Z tau, *corner = a + (i + 1) * n + i;
    int64_t left = n - i - 1;
    d[i] = creal(a[i * n + i]);
    e[i] = linalg_reflector(corner, left, n, v, &tau);
    linalg_reflect_rows(corner + 1, n, left, v, left, tau);
    linalg_reflect_cols(corner + 1, n, left, v, left, conj(tau));
    if (q) linalg_reflect_cols(q + i + 1, n, n, v, left, conj(tau));
  }
  d[n - 1] = creal(a[n * n - 1]);
}

/* The rotation that makes (p, q) (r, 0): c p - s q = r. */
static void givens(double p, double q, double *c, double *s) {
  if (q == 0) {
    *c = p < 0 ? -1 : 1;
    *s = 0;
  } else if (p == 0) {
    *c = 0;
    *s = q < 0 ? 1 : -1;
  } else if (fabs(p) > fabs(q)) {
    double t = q / p, u = copysign(sqrt(1 + t * t), p);
    *c = 1 / u;
    *s = -t * *c;
  } else {
    double t = p / q, u = copysign(sqrt(1 + t * t), q);
    *s = -1 / u;
    *c = -t * *s;
  }
}

/* Wilkinson's shift: the eigenvalue of the last 2x2 block that is nearer to its corner. */
static double shift_of(const double *d, const double *e, int64_t end) {
  double half = (d[end - 1] - d[end]) / 2, side = e[end - 1];
  if (half == 0) return d[end] - fabs(side);
  if (side == 0) return d[end];
  double h = half + copysign(hypot(half, side), half);
  return side * side == 0 ? d[end] - side / (h / side) : d[end] - side * side / h;
}

static void ql_step(double *d, double *e, int64_t start, int64_t end, Z *q, int64_t n) {
  double x = d[start] - shift_of(d, e, end), z = e[start], c, s;
  for (int64_t k = start; k < end && z != 0; k++) {
    givens(x, z, &c, &s);
    double sdk = s * d[k] + c * e[k], next = s * e[k] + c * d[k + 1];
    d[k] = c * (c * d[k] - s * e[k]) - s * (c * e[k] - s * d[k + 1]);
    d[k + 1] = s * sdk + c * next;
    e[k] = c * sdk - s * next;
    if (k > start) e[k - 1] = c * e[k - 1] - s * z;
    x = e[k];
    if (k < end - 1) {
      z = -s * e[k + 1];
      e[k + 1] = c * e[k + 1];
    }
    for (int64_t i = 0; q && i < n; i++) {
      Z a = q[i * n + k], b = q[i * n + k + 1];
      q[i * n + k] = c * a - s * b;
      q[i * n + k + 1] = s * a + c * b;
    }
  }
}

static bool diagonalize(double *d, double *e, Z *q, int64_t n) {
  int64_t start = 0, end = n - 1;
  for (int64_t steps = 0; end > 0; steps++) {
    for (int64_t i = start; i < end; i++) {
      double scaled = e[i] / DBL_EPSILON;
      if (fabs(e[i]) < DBL_MIN || scaled * scaled <= fabs(d[i]) + fabs(d[i + 1])) e[i] = 0;
    }
    while (end > 0 && e[end - 1] == 0) end--;
    if (end <= 0) return true;
    if (steps > 30 * n) return false;
    for (start = end - 1; start > 0 && e[start - 1] != 0;) start--;
    ql_step(d, e, start, end, q, n);
  }
  return true;
}

static void sort_rising(double *w, Z *v, int64_t n) {
  for (int64_t i = 0; i + 1 < n; i++) {
    int64_t least = i;
    for (int64_t k = i + 1; k < n; k++)
      if (w[k] < w[least]) least = k;
    if (least == i) continue;
    double t = w[i];
    w[i] = w[least];
    w[least] = t;
    for (int64_t r = 0; v && r < n; r++) {
      Z z = v[r * n + i];
      v[r * n + i] = v[r * n + least];
      v[r * n + least] = z;
    }
  }
}

bool linalg_eigh(Z *a, int64_t n, double *w, Z *v, Z *work) {
  double scale = 0, *e = (double *)(work + 2 * n);
  if (n == 0) return true;
  for (int64_t i = 0; i < n; i++) a[i * n + i] = creal(a[i * n + i]);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j <= i; j++) {
      double size = cabs(a[i * n + j]);
      if (isnan(size)) return false;
      if (size > scale) scale = size;
      a[j * n + i] = conj(a[i * n + j]);
    }
  if (scale == 0) scale = 1;
  for (int64_t i = 0; i < n * n; i++) a[i] = creal(a[i]) / scale + I * (cimag(a[i]) / scale);
  tridiagonalize(a, n, w, e, v, work);
  if (!diagonalize(w, e, v, n)) return false;
  for (int64_t i = 0; i < n; i++) w[i] *= scale;
  sort_rising(w, v, n);
  return true;
}
