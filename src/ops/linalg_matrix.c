/* Elements, checks and small building blocks of the kernels on matrices. */
#include "ops/linalg_matrix.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "ops/math_types.h"

/* ---- elements ---- */

void linalg_load(Z *m, const Tensor *t, int64_t at, int64_t count) {
  float f;
  for (int64_t i = 0, k = at * count; i < count; i++, k++) switch (t->dtype) {
      case TF_FLOAT: m[i] = ((const float *)t->data)[k]; break;
      case TF_DOUBLE: m[i] = ((const double *)t->data)[k]; break;
      case TF_COMPLEX64: m[i] = ((const float complex *)t->data)[k]; break;
      case TF_COMPLEX128: m[i] = ((const double complex *)t->data)[k]; break;
      default:
        math_load_16(&f, (const uint16_t *)t->data + k, 1, t->dtype);
        m[i] = f;
        break;
    }
}

void linalg_store(Tensor *t, int64_t at, const Z *m, int64_t count) {
  for (int64_t i = 0, k = at * count; i < count; i++, k++) {
    float f = (float)creal(m[i]);
    switch (t->dtype) {
      case TF_FLOAT: ((float *)t->data)[k] = f; break;
      case TF_DOUBLE: ((double *)t->data)[k] = creal(m[i]); break;
      case TF_COMPLEX64: ((float complex *)t->data)[k] = (float complex)m[i]; break;
      case TF_COMPLEX128: ((double complex *)t->data)[k] = m[i]; break;
      default: math_store_16((uint16_t *)t->data + k, &f, 1, t->dtype); break;
    }
  }
}

/* ---- checks ---- */

TF_Code linalg_batch(OpCtx *c, int num, int64_t *batch, TF_Status *st) {
  const Tensor *first = op_input(c, 0);
  if (first->rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input tensor 0 must have rank >= 2, got %d", first->rank);
  *batch = 1;
  for (int d = 0; d < first->rank - 2; d++) *batch *= first->dims[d];
  for (int i = 1; i < num; i++) {
    const Tensor *t = op_input(c, i);
    if (t->rank != first->rank)
      return fail(st, TF_INVALID_ARGUMENT, "All input tensors must have the same rank.");
    if (memcmp(t->dims, first->dims, (size_t)(t->rank - 2) * sizeof *t->dims))
      return fail(st, TF_INVALID_ARGUMENT, "All input tensors must have the same outer dimensions.");
  }
  return TF_OK;
}

TF_Code linalg_check_square(const OpCtx *c, TF_Status *st) {
  if (linalg_rows(c, 0) == linalg_cols(c, 0)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Input matrix must be square.");
}

TF_Code linalg_scratch(OpCtx *c, int64_t nn, int64_t n, int64_t nm, int64_t m, TF_Status *st) {
  size_t square, other, sum, bytes;
  bool ok = checked_mul((size_t)n, (size_t)n, &square) && checked_mul(square, (size_t)nn, &square) &&
            checked_mul((size_t)n, (size_t)m, &other) && checked_mul(other, (size_t)nm, &other) &&
            checked_add(square, other, &sum) && checked_mul(sum, sizeof(Z), &bytes);
  if (!ok || bytes > SIZE_MAX / 4) return fail_oom(st, "a matrix");
  op_scratch(c, bytes);
  return TF_OK;
}

TF_Code linalg_continue(const OpCtx *c, TF_Status *st) { return c->env ? step_check(c->env, st) : TF_OK; }

/* ---- products ---- */

void linalg_identity(Z *m, int64_t n) {
  for (int64_t i = 0; i < n * n; i++) m[i] = i / n == i % n;
}

void linalg_multiply(Z *out, const Z *a, const Z *b, int64_t n, int64_t k, int64_t m) {
  for (int64_t i = 0; i < n * m; i++) out[i] = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t p = 0; p < k; p++)
      for (int64_t j = 0; j < m; j++) out[i * m + j] += a[i * k + p] * b[p * m + j];
}

void linalg_adjoint(Z *out, const Z *a, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < cols; j++) out[j * rows + i] = conj(a[i * cols + j]);
}

/* ---- reflections, as LAPACK makes them: that fixes signs ---- */

double linalg_reflector(const Z *x, int64_t n, int64_t step, Z *v, Z *tau) {
  double tail = 0;
  for (int64_t i = 1; i < n; i++) tail += creal(x[i * step] * conj(x[i * step]));
  Z head = x[0];
  v[0] = 1;
  if (tail == 0 && cimag(head) == 0) {
    for (int64_t i = 1; i < n; i++) v[i] = 0;
    *tau = 0;
    return creal(head);
  }
  double beta = sqrt(creal(head * conj(head)) + tail);
  if (creal(head) >= 0) beta = -beta;
  for (int64_t i = 1; i < n; i++) v[i] = x[i * step] / (head - beta);
  *tau = conj((beta - head) / beta);
  return beta;
}

void linalg_reflect_rows(Z *m, int64_t stride, int64_t cols, const Z *v, int64_t n, Z scale) {
  if (scale == 0) return;
  for (int64_t j = 0; j < cols; j++) {
    Z dot = 0;
    for (int64_t i = 0; i < n; i++) dot += conj(v[i]) * m[i * stride + j];
    for (int64_t i = 0; i < n; i++) m[i * stride + j] -= scale * v[i] * dot;
  }
}

void linalg_reflect_cols(Z *m, int64_t stride, int64_t rows, const Z *v, int64_t n, Z scale) {
  if (scale == 0) return;
  for (int64_t i = 0; i < rows; i++) {
    Z dot = 0;
    for (int64_t j = 0; j < n; j++) dot += m[i * stride + j] * v[j];
    for (int64_t j = 0; j < n; j++) m[i * stride + j] -= scale * dot * conj(v[j]);
  }
}

/* ---- LU ---- */

static void swap_rows(Z *a, int64_t n, int64_t i, int64_t j) {
  for (int64_t k = 0; k < n; k++) {
    Z t = a[i * n + k];
    a[i * n + k] = a[j * n + k];
    a[j * n + k] = t;
  }
}

void linalg_lu(Z *a, int64_t n, int64_t *order, double *sign) {
  *sign = 1;
  for (int64_t i = 0; i < n; i++) order[i] = i;
  for (int64_t k = 0; k < n; k++) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; i++)
      if (cabs(a[i * n + k]) > cabs(a[pivot * n + k])) pivot = i;
    if (pivot != k) {
      int64_t t = order[k];
      order[k] = order[pivot];
      order[pivot] = t;
      swap_rows(a, n, k, pivot);
      *sign = -*sign;
    }
    if (a[k * n + k] == 0) continue;
    for (int64_t i = k + 1; i < n; i++) {
      Z f = a[i * n + k] /= a[k * n + k];
      if (f == 0) continue;
      for (int64_t j = k + 1; j < n; j++) a[i * n + j] -= f * a[k * n + j];
    }
  }
}

bool linalg_has_pivots(const Z *lu, int64_t n) {
  if (n == 0) return true;
  double least = cabs(lu[0]);
  for (int64_t i = 1; i < n; i++)
    if (cabs(lu[i * n + i]) < least) least = cabs(lu[i * n + i]);
  return least > 0;
}

void linalg_lu_solve(const Z *lu, const int64_t *order, const Z *b, Z *x, int64_t n, int64_t rhs) {
  for (int64_t i = 0; i < n; i++) {
    memcpy(x + i * rhs, b + order[i] * rhs, (size_t)rhs * sizeof *x);
    for (int64_t k = 0; k < i; k++)
      for (int64_t j = 0; j < rhs; j++) x[i * rhs + j] -= lu[i * n + k] * x[k * rhs + j];
  }
  for (int64_t i = n - 1; i >= 0; i--) {
    for (int64_t k = i + 1; k < n; k++)
      for (int64_t j = 0; j < rhs; j++) x[i * rhs + j] -= lu[i * n + k] * x[k * rhs + j];
    for (int64_t j = 0; j < rhs; j++) x[i * rhs + j] /= lu[i * n + i];
  }
}

/* ---- Cholesky ---- */

bool linalg_cholesky(Z *a, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    double d = creal(a[j * n + j]);
    for (int64_t k = 0; k < j; k++) d -= creal(a[j * n + k] * conj(a[j * n + k]));
    if (d <= 0) return false;
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
