/* Singular values by two-sided Jacobi rotations (Golub & Van Loan, 8.6), after a QR factorisation with
 * exchanged columns where a matrix is not square. The order of operations is Eigen's for small matrices,
 * which fixes the vectors' signs. */
#include "ops/linalg_svd.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MAX_SWEEPS = 60 }; /* ten are many; NaN does not come here */

typedef struct Turn {
  Z c, s;
} Turn;

/* x' = c x + conj(s) y, y' = -s x + conj(c) y on `count` pairs. */
static void turn(Z *x, Z *y, int64_t count, int64_t step, Turn t) {
  for (int64_t i = 0; i < count * step; i += step) {
    Z a = x[i], b = y[i];
    x[i] = t.c * a + conj(t.s) * b;
    y[i] = -t.s * a + conj(t.c) * b;
  }
}
static Turn transposed(Turn t) { return (Turn){t.c, -conj(t.s)}; }
static Turn adjoint(Turn t) { return (Turn){conj(t.c), -t.s}; }
static Turn times(Turn a, Turn b) {
  return (Turn){a.c * b.c - conj(a.s) * b.s, conj(a.c * conj(b.s) + conj(a.s) * conj(b.c))};
}
static void turn_rows(Z *m, int64_t n, int64_t cols, int64_t p, int64_t q, Turn t) {
  turn(m + p * n, m + q * n, cols, 1, t);
}
static void turn_cols(Z *m, int64_t n, int64_t rows, int64_t p, int64_t q, Turn t) {
  turn(m + p, m + q, rows, n, transposed(t));
}
static void scale_line(Z *x, int64_t count, int64_t step, Z by) {
  for (int64_t i = 0; i < count * step; i += step) x[i] *= by;
}

/* W is [k][k], U [rows][u_cols], V [cols][v_cols]. */
typedef struct Jacobi {
  Z *w, *u, *v;
  int64_t k, rows, cols, u_cols, v_cols;
  double most; /* on the diagonal */
} Jacobi;

static double size_at(const Jacobi *j, int64_t p, int64_t q) { return cabs(j->w[p * j->k + q]); }

static bool is_done(const Jacobi *j, int64_t p, int64_t q) {
  double least = fmax(DBL_MIN, 2 * DBL_EPSILON * j->most);
  return !(size_at(j, p, q) > least || size_at(j, q, p) > least);
}

/* The block of rows and columns p and q gets real numbers. */
static void make_real(Jacobi *j, int64_t p, int64_t q) {
  int64_t k = j->k;
  Z *w = j->w, *pp = w + p * k + p, *pq = w + p * k + q, *qp = w + q * k + p, *qq = w + q * k + q;
  double n = hypot(cabs(*pp), cabs(*qp));
  if (n == 0) {
    if (cimag(*pq) != 0) {
      Z z = cabs(*pq) / *pq;
      scale_line(w + p * k, k, 1, z);
      scale_line(j->u + p, j->rows, j->u_cols, conj(z));
    }
  } else {
    Turn t = {conj(*pp) / n, *qp / n};
    turn_rows(w, k, k, p, q, t);
    turn_cols(j->u, j->u_cols, j->rows, p, q, adjoint(t));
    if (cimag(*pq) != 0) {
      Z z = cabs(*pq) / *pq;
      scale_line(w + q, k, k, z);
      scale_line(j->v + q, j->cols, j->v_cols, z);
    }
  }
  if (cimag(*qq) != 0) {
    Z z = cabs(*qq) / *qq;
    scale_line(w + q * k, k, 1, z);
    scale_line(j->u + q, j->rows, j->u_cols, conj(z));
  }
}

/* The turns from the left and the right that make a real 2x2 block diagonal. */
static void two_by_two(const Z *m, int64_t k, int64_t p, int64_t q, Turn *left, Turn *right) {
  double a = creal(m[p * k + p]), b = creal(m[p * k + q]), c = creal(m[q * k + p]), d = creal(m[q * k + q]);
  double sum = a + d, difference = c - b, c1 = 1, s1 = 0, c2 = 1, s2 = 0;
  if (fabs(difference) >= DBL_MIN) {
    double u = sum / difference, root = sqrt(1 + u * u);
    s1 = 1 / root;
    c1 = u / root;
  }
  double x = c1 * a + s1 * c, y = c1 * b + s1 * d, z = -s1 * b + c1 * d;
  if (2 * fabs(y) >= DBL_MIN) {
    double tau = (x - z) / (2 * fabs(y)), root = sqrt(tau * tau + 1),
           t = tau > 0 ? 1 / (tau + root) : 1 / (tau - root);
    c2 = 1 / sqrt(t * t + 1);
    s2 = -(t > 0 ? 1 : -1) * (y / fabs(y)) * fabs(t) * c2;
  }
  *right = (Turn){c2, s2};
  *left = times((Turn){c1, s1}, transposed(*right));
}

static void rotate_pair(Jacobi *j, int64_t p, int64_t q, bool is_complex) {
  Turn left, right;
  if (is_complex) {
    make_real(j, p, q);
    j->most = fmax(j->most, fmax(size_at(j, p, p), size_at(j, q, q)));
    if (is_done(j, p, q)) return;
  }
  two_by_two(j->w, j->k, p, q, &left, &right);
  turn_rows(j->w, j->k, j->k, p, q, left);
  turn_cols(j->u, j->u_cols, j->rows, p, q, transposed(left));
  turn_cols(j->w, j->k, j->k, p, q, right);
  turn_cols(j->v, j->v_cols, j->cols, p, q, right);
  j->most = fmax(j->most, fmax(size_at(j, p, p), size_at(j, q, q)));
}

static void swap_columns(Z *m, int64_t n, int64_t rows, int64_t p, int64_t q) {
  for (int64_t i = 0; i < rows; i++) {
    Z t = m[i * n + p];
    m[i * n + p] = m[i * n + q];
    m[i * n + q] = t;
  }
}

/* What is left on the diagonal, made positive and sorted. */
static void finish(Jacobi *j, double *sv, double scale) {
  for (int64_t i = 0; i < j->k; i++) {
    Z a = j->w[i * j->k + i];
    sv[i] = cabs(a) * scale;
    if (sv[i] != 0 && (cimag(a) != 0 || creal(a) < 0)) scale_line(j->u + i, j->rows, j->u_cols, a / cabs(a));
  }
  for (int64_t i = 0; i < j->k; i++) {
    int64_t best = i;
    for (int64_t m = i + 1; m < j->k; m++)
      if (sv[m] > sv[best]) best = m;
    if (best == i) continue;
    double t = sv[i];
    sv[i] = sv[best];
    sv[best] = t;
    swap_columns(j->u, j->u_cols, j->rows, i, best);
    swap_columns(j->v, j->v_cols, j->cols, i, best);
  }
}

static void identity(Z *m, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < cols; j++) m[i * cols + j] = i == j;
}

/* A (rows >= cols) = Q R P^T with the largest column first each time: R into `w` [cols][cols], the first
 * `q_cols` columns of Q into `q`, P [cols][cols]. `v` has rows * cols + cols: the reflections. */
static void pivoted_qr(Z *a, int64_t rows, int64_t cols, Z *w, Z *q, int64_t q_cols, Z *perm, Z *v) {
  Z *tau = v + rows * cols;
  linalg_identity(perm, cols);
  for (int64_t k = 0; k < cols; k++) {
    int64_t best = k;
    double most = -1;
    for (int64_t j = k; j < cols; j++) {
      double norm = 0;
      for (int64_t i = k; i < rows; i++) norm += creal(a[i * cols + j] * conj(a[i * cols + j]));
      if (norm > most) {
        most = norm;
        best = j;
      }
    }
    if (best != k) {
      swap_columns(a, cols, rows, k, best);
      swap_columns(perm, cols, cols, k, best);
    }
    double beta = linalg_reflector(a + k * cols + k, rows - k, cols, v + k * rows, &tau[k]);
    linalg_reflect_rows(a + k * cols + k, cols, cols - k, v + k * rows, rows - k, tau[k]);
    a[k * cols + k] = beta;
    for (int64_t i = k + 1; i < rows; i++) a[i * cols + k] = 0;
  }
  memcpy(w, a, (size_t)(cols * cols) * sizeof *w);
  identity(q, rows, q_cols);
  for (int64_t k = cols - 1; k >= 0; k--)
    linalg_reflect_rows(q + k * q_cols, q_cols, q_cols, v + k * rows, rows - k, conj(tau[k]));
}

/* The start for a matrix of more rows than columns, or its adjoint for one of more columns. */
static void reduce(Jacobi *j, Z *a, Z *work) {
  int64_t k = j->k;
  if (j->rows > j->cols) {
    pivoted_qr(a, j->rows, k, j->w, j->u, j->u_cols, j->v, work);
    return;
  }
  Z *flipped = work, *v = work + j->rows * j->cols;
  linalg_adjoint(flipped, a, j->rows, j->cols);
  pivoted_qr(flipped, j->cols, k, a, j->v, j->v_cols, j->u, v);
  linalg_adjoint(j->w, a, k, k);
}

bool linalg_svd(const OpCtx *c, Z *a, int64_t rows, int64_t cols, bool full, double *sv, Z *u, Z *v, Z *work,
                TF_Status *st) {
  int64_t k = rows < cols ? rows : cols;
  double scale = 0;
  bool is_complex = false, done = k == 0;
  for (int64_t i = 0; i < rows * cols; i++) {
    double size = cabs(a[i]);
    if (!isfinite(size)) return false;
    scale = fmax(scale, size);
    is_complex = is_complex || cimag(a[i]) != 0;
  }
  if (scale == 0) scale = 1;
  for (int64_t i = 0; i < rows * cols; i++) a[i] /= scale;
  Jacobi j = {.w = work,
              .u = u,
              .v = v,
              .k = k,
              .rows = rows,
              .cols = cols,
              .u_cols = full ? rows : k,
              .v_cols = full ? cols : k};
  identity(u, rows, j.u_cols);
  identity(v, cols, j.v_cols);
  if (rows == cols) memcpy(j.w, a, (size_t)(k * k) * sizeof *a);
  else if (k) reduce(&j, a, work + k * k);
  for (int64_t i = 0; i < k; i++) j.most = fmax(j.most, size_at(&j, i, i));
  for (int sweep = 0; !done && sweep < MAX_SWEEPS; sweep++) {
    done = true;
    for (int64_t p = 1; p < k; p++) {
      if (linalg_continue(c, st)) return false;
      for (int64_t q = 0; q < p; q++) {
        if (is_done(&j, p, q)) continue;
        done = false;
        rotate_pair(&j, p, q, is_complex);
      }
    }
  }
  finish(&j, sv, scale);
  return true;
}
