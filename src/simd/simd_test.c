/* Every level the machine has against libm and plain sums: accuracy over whole ranges, special values, and
 * that no function reads or writes past its n elements. */
#include "simd/simd.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/float16.h"

typedef double Exact(double x);

static double exact_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double exact_softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double exact_rsqrt(double x) { return 1 / sqrt(x); }
static double exact_elu(double x) { return x < 0 ? expm1(x) : x; }

/* Floats from low to high, evenly spaced in value or (log) in exponent; error in ulp of the exact result. */
static const struct {
  const char *name;
  EwUnary op;
  Exact *exact;
  double low, high, max_ulp;
} functions[] = {
    {"exp", EW_EXP, exp, -87, 88.7, 2},
    {"expm1", EW_EXPM1, expm1, -20, 88, 3},
    {"log", EW_LOG, log, 1e-37, 1e38, 2},
    {"log1p", EW_LOG1P, log1p, -0.99, 1e6, 4},
    {"tanh", EW_TANH, tanh, -10, 10, 3},
    {"sigmoid", EW_SIGMOID, exact_sigmoid, -80, 80, 4},
    {"erf", EW_ERF, erf, -4, 4, 4},
    {"sin", EW_SIN, sin, -3, 3, 4},
    {"cos", EW_COS, cos, -1.5, 1.5, 4},
    {"softplus", EW_SOFTPLUS, exact_softplus, -80, 80, 5},
    {"rsqrt", EW_RSQRT, exact_rsqrt, 1e-30, 1e30, 2},
    {"elu", EW_ELU, exact_elu, -20, 20, 3},
};

static double ulp_of(double x) {
  float f = (float)fabs(x);
  return (double)nextafterf(f, INFINITY) - (double)f;
}

static void accuracy_within_bounds(void **state) {
  enum { N = 200001 };
  float *in = malloc(N * sizeof *in), *out = malloc(N * sizeof *out);
  (void)state;
  assert_non_null(in);
  assert_non_null(out);
  for (int level = 0; level < CPU_LEVELS; level++) {
    const Simd *table = simd_of_level((CpuLevel)level);
    if (!table) continue;
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
      double worst = 0, at = 0, low = functions[f].low, high = functions[f].high;
      for (int i = 0; i < N; i++)
        in[i] = (float)(low > 0 ? low * pow(high / low, (double)i / (N - 1))
                                : low + (high - low) * i / (N - 1));
      table->unary[functions[f].op][EW_F32](out, in, N, 0);
      for (int i = 0; i < N; i++) {
        double want = functions[f].exact((double)in[i]), error = fabs((double)out[i] - want) / ulp_of(want);
        if (error > worst) {
          worst = error;
          at = (double)in[i];
        }
      }
      if (worst > functions[f].max_ulp)
        fail_msg("%s at %s: %g ulp at %.9g", functions[f].name, cpu_level_name((CpuLevel)level), worst, at);
    }
  }
  free(in);
  free(out);
}

static void special_values(void **state) {
  (void)state;
  for (int level = 0; level < CPU_LEVELS; level++) {
    const Simd *table = simd_of_level((CpuLevel)level);
    if (!table) continue;
    const float in[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
    enum { N = sizeof in / sizeof *in };
    static const struct {
      EwUnary op;
      Exact *exact;
    } ops[] = {{EW_EXP, exp},      {EW_EXPM1, expm1},
               {EW_LOG, log},      {EW_LOG1P, log1p},
               {EW_TANH, tanh},    {EW_SIGMOID, exact_sigmoid},
               {EW_ERF, erf},      {EW_SIN, sin},
               {EW_COS, cos},      {EW_SOFTPLUS, exact_softplus},
               {EW_ELU, exact_elu}};
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
      float out[N];
      table->unary[ops[k].op][EW_F32](out, in, N, 0);
      for (int i = 0; i < N; i++) {
        float want = (float)ops[k].exact((double)in[i]);
        if (want != want) assert_true(out[i] != out[i]);
        else if (isinf(want)) assert_true(out[i] == want);
        else assert_true(fabsf(out[i] - want) <= 1e-6f * fabsf(want) + 1e-7f);
      }
    }
    float x[40];
    for (int i = 0; i < 40; i++) x[i] = -3.0f - (float)i;
    assert_true(table->max(x, 40) == -3.0f);
    assert_true(table->min(x, 40) == -42.0f);
    assert_true(table->max(x, 0) == -INFINITY);
    x[17] = NAN;
    assert_true(isnan(table->max(x, 40)));
    assert_true(isnan(table->min(x, 40)));
  }
}

/* n floats that end where readable memory ends. */
static float *at_page_end(char *pages, int n) { return (float *)(pages + 4096) - n; }

static void tails_stay_inside(void **state) {
  (void)state;
  char *in_pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *out_pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(in_pages != MAP_FAILED && out_pages != MAP_FAILED);
  assert_int_equal(mprotect(in_pages + 4096, 4096, PROT_NONE), 0);
  assert_int_equal(mprotect(out_pages + 4096, 4096, PROT_NONE), 0);
  for (int level = 0; level < CPU_LEVELS; level++) {
    const Simd *table = simd_of_level((CpuLevel)level);
    for (int n = 0; table && n < 70; n++) {
      float *in = at_page_end(in_pages, n), *out = at_page_end(out_pages, n);
      for (int i = 0; i < n; i++) in[i] = (float)(i % 7) - 2.0f;
      for (int op = 0; op < EW_UNARY_COUNT; op++)
        if (table->unary[op][EW_F32]) table->unary[op][EW_F32](out, in, n, 0.5f);
      for (int op = 0; op < EW_BINARY_COUNT; op++) table->binary[op][EW_F32](out, in, in, n, EW_VV);
      double sum = 0, squares = 0;
      for (int i = 0; i < n; i++) {
        sum += (double)in[i];
        squares += (double)in[i] * (double)in[i];
      }
      assert_true(fabs((double)table->sum(in, n) - sum) < 1e-4);
      assert_true(fabs((double)table->sum_squares(in, n) - squares) < 1e-4);
      assert_true(fabs((double)table->dot(in, in, n) - squares) < 1e-4);
      memset(out, 0, (size_t)n * sizeof *out);
      table->axpy(out, 2.0f, in, n);
      table->mul_add(out, in, in, n);
      table->max_into(out, in, n);
      table->scale_offset(out, in, in, in, n);
      if (n == 0) continue;
      table->softmax_row(out, in, n);
      assert_true(fabs((double)table->sum(out, n) - 1) < 1e-5);
      table->log_softmax_row(out, in, n);
    }
  }
  munmap(in_pages, 8192);
  munmap(out_pages, 8192);
}

/* Every half there is, and back. */
static void halves_round_trip(void **state) {
  (void)state;
  for (int level = 0; level < CPU_LEVELS; level++) {
    const Simd *table = simd_of_level((CpuLevel)level);
    if (!table) continue;
    for (uint32_t start = 0; start < 65536; start += 256) {
      uint16_t half[256], back[256];
      float wide[256];
      for (uint32_t i = 0; i < 256; i++) half[i] = (uint16_t)(start + i);
      table->half_to_float(wide, half, 256);
      table->half_of_float(back, wide, 256);
      for (int i = 0; i < 256; i++) {
        bool nan = (half[i] & 0x7fff) > 0x7c00;
        if (nan) assert_true(isnan(wide[i]) && (back[i] & 0x7fff) > 0x7c00);
        else assert_int_equal(back[i], half[i]);
      }
    }
    /* Ties to even, overflow, subnormals: values by hand. */
    const float in[] = {65519.0f, 65520.0f, 2049.0f, 2051.0f, 0x1p-25f, 0x1.8p-25f, 0x1p-24f, -0x1.004p-14f};
    const uint16_t want[] = {0x7bff, 0x7c00, 0x6800, 0x6802, 0x0000, 0x0001, 0x0001, 0x8401};
    uint16_t out[8];
    table->half_of_float(out, in, 8);
    for (int i = 0; i < 8; i++) {
      assert_int_equal(out[i], want[i]);
      assert_int_equal(half_of_float(in[i]), want[i]);
    }
  }
}

static void gemm_all_sizes(void **state) {
  enum { MAX = 70 };
  static float a[MAX * MAX], b[MAX * MAX], c[MAX * MAX];
  static const int64_t sizes[] = {1, 2, 3, 5, 8, 15, 16, 17, 33, 49, 66};
  enum { COUNT = sizeof sizes / sizeof *sizes };
  (void)state;
  for (int i = 0; i < MAX * MAX; i++) {
    a[i] = (float)(i * 7 % 13) - 6;
    b[i] = (float)(i * 5 % 11) - 5;
  }
  for (int level = 0; level < CPU_LEVELS; level++) {
    const Simd *table = simd_of_level((CpuLevel)level);
    for (int s = 0; table && s < COUNT * COUNT * COUNT; s++) {
      int64_t m = sizes[s % COUNT], n = sizes[s / COUNT % COUNT], k = sizes[s / COUNT / COUNT];
      bool turned = s % 2; /* A transposed */
      GemmF32 g = {a, b, c, m, n, k, turned ? 1 : k, turned ? m : 1, n, n};
      memset(c, 0x7f, sizeof c);
      table->gemm_f32(&g);
      for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
          float want = 0; /* small integers: exact */
          for (int64_t x = 0; x < k; x++) want += a[i * g.a_row + x * g.a_col] * b[x * n + j];
          if (c[i * n + j] != want) fail_msg("%d x %d x %d at level %d", (int)m, (int)k, (int)n, level);
        }
      uint32_t untouched;
      memcpy(&untouched, &c[m * n], 4);
      assert_int_equal(untouched, 0x7f7f7f7f);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accuracy_within_bounds), cmocka_unit_test(special_values),
      cmocka_unit_test(tails_stay_inside),      cmocka_unit_test(halves_round_trip),
      cmocka_unit_test(gemm_all_sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
