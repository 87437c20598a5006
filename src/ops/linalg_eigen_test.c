/* What the factorisations are for: their product is the matrix again, and their vectors are orthonormal.
 * (Values are compared with TensorFlow's by tests/ops; vectors have free signs and phases.) */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"
#include "ops/linalg_eigen.h"
#include "ops/linalg_svd.h"

#include <cmocka.h>

enum { MOST = 40 };

static Z a[MOST * MOST], copy[MOST * MOST], u[MOST * MOST], v[MOST * MOST], work[8 * MOST * MOST],
    product[MOST * MOST];
static Z other[MOST * MOST];
static double values[4 * MOST];
static uint32_t seed = 1;

static double number(void) {
  seed = seed * 1664525 + 1013904223;
  return (double)(seed >> 8) / (1 << 23) - 1;
}

static void fill(int64_t rows, int64_t cols, bool is_complex) {
  for (int64_t i = 0; i < rows * cols; i++) a[i] = number() + (is_complex ? I * number() : 0);
  memcpy(copy, a, sizeof a);
}

static void assert_same(const Z *x, const Z *y, int64_t count, double most) {
  for (int64_t i = 0; i < count; i++) assert_true(cabs(x[i] - y[i]) <= most);
}

static void assert_orthonormal(const Z *q, int64_t n) {
  linalg_adjoint(other, q, n, n);
  linalg_multiply(product, other, q, n, n, n);
  linalg_identity(other, n);
  assert_same(product, other, n * n, 1e-12);
}

static void test_eigh(void **state) {
  (void)state;
  for (int64_t n = 1; n <= MOST; n += 3)
    for (int is_complex = 0; is_complex < 2; is_complex++) {
      fill(n, n, is_complex);
      for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++)
          copy[j * n + i] = conj(copy[i * n + j] = i == j ? creal(a[i * n + j]) : a[i * n + j]);
      assert_true(linalg_eigh(a, n, values, u, work));
      assert_orthonormal(u, n);
      for (int64_t i = 0; i < n * n; i++) v[i] = u[i] * values[i % n];
      linalg_adjoint(other, u, n, n);
      linalg_multiply(product, v, other, n, n, n);
      assert_same(product, copy, n * n, 1e-12 * (double)n);
      for (int64_t i = 1; i < n; i++) assert_true(values[i - 1] <= values[i]);
    }
}

static void check_schur(int64_t n, bool real) {
  assert_true(real ? linalg_schur_real(a, n, u, work) : linalg_schur(a, n, u, work));
  assert_orthonormal(u, n);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < i; j++) assert_true(a[i * n + j] == 0);
  linalg_multiply(v, u, a, n, n, n);
  linalg_adjoint(other, u, n, n);
  linalg_multiply(product, v, other, n, n, n);
  assert_same(product, copy, n * n, 1e-12 * (double)n);
}

static void test_schur(void **state) {
  (void)state;
  for (int64_t n = 1; n <= MOST; n += 3) {
    fill(n, n, true);
    check_schur(n, false);
    fill(n, n, false);
    check_schur(n, true);
  }
  /* Shifts that do not get on: a cyclic permutation. */
  for (int64_t n = 2; n <= 6; n++) {
    memset(a, 0, sizeof a);
    for (int64_t i = 0; i < n; i++) a[i * n + (i + 1) % n] = 1;
    memcpy(copy, a, sizeof a);
    check_schur(n, true);
    memcpy(a, copy, sizeof a);
    check_schur(n, false);
  }
}

static void check_svd(int64_t rows, int64_t cols) {
  TF_Status st = {0};
  OpCtx c = {0};
  int64_t small = rows < cols ? rows : cols;
  assert_true(linalg_svd(&c, a, rows, cols, true, values, u, v, work, &st));
  assert_orthonormal(u, rows);
  assert_orthonormal(v, cols);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < cols; j++) {
      Z sum = 0;
      for (int64_t k = 0; k < small; k++) sum += u[i * rows + k] * values[k] * conj(v[j * cols + k]);
      product[i * cols + j] = sum;
    }
  assert_same(product, copy, rows * cols, 1e-12 * (double)(rows + cols));
  for (int64_t i = 0; i < small; i++) assert_true(values[i] >= 0 && (i == 0 || values[i] <= values[i - 1]));
}

static void test_svd(void **state) {
  (void)state;
  static const int64_t shapes[][2] = {{1, 1}, {2, 2}, {7, 7}, {40, 40}, {9, 4},
                                      {4, 9}, {1, 6}, {6, 1}, {40, 3},  {3, 40}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (int is_complex = 0; is_complex < 2; is_complex++) {
      fill(shapes[i][0], shapes[i][1], is_complex);
      check_svd(shapes[i][0], shapes[i][1]);
      /* The same row again and again: one singular value that is not 0. */
      for (int64_t k = 0; k < shapes[i][0]; k++)
        memcpy(a + k * shapes[i][1], copy, (size_t)shapes[i][1] * sizeof *a);
      memcpy(copy, a, sizeof a);
      check_svd(shapes[i][0], shapes[i][1]);
    }
}

static void test_not_finite(void **state) {
  (void)state;
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  TF_Status st = {0};
  OpCtx c = {0};
  for (size_t i = 0; i < 3; i++)
    for (int64_t at = 0; at < 36; at += 7) {
      fill(6, 6, true);
      a[at] = bad[i];
      assert_false(linalg_schur(a, 6, u, work));
      fill(6, 6, false);
      a[at] = bad[i];
      assert_false(linalg_schur_real(a, 6, u, work));
      fill(6, 6, true);
      a[at] = bad[i];
      assert_false(linalg_svd(&c, a, 6, 6, true, values, u, v, work, &st));
      fill(6, 6, true);
      a[at] = NAN;
      assert_false(linalg_eigh(a, 6, values, u, work));
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_eigh), cmocka_unit_test(test_schur),
                                     cmocka_unit_test(test_svd), cmocka_unit_test(test_not_finite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
