/* Functions over rows of floats: sums, extremes, softmax, conversions. */
#include <math.h>
#include <stddef.h>

#include "base/float16.h"
#include "simd/vec_math.h"

enum { ROW_BLOCK = 256 * VFN }; /* floats summed in one go; blocks are then added pairwise */

typedef float RowSumFn(const float *x, int64_t n);

static float row_sum_block(const float *x, int64_t n) {
  VF s0 = vf_set(0.0f), s1 = s0, s2 = s0, s3 = s0;
  int64_t i = 0;
  for (; n - i >= 4 * VFN; i += 4 * VFN) {
    s0 = vf_add(s0, vf_load(x + i));
    s1 = vf_add(s1, vf_load(x + i + VFN));
    s2 = vf_add(s2, vf_load(x + i + 2 * VFN));
    s3 = vf_add(s3, vf_load(x + i + 3 * VFN));
  }
  for (; n - i >= VFN; i += VFN) s0 = vf_add(s0, vf_load(x + i));
  if (VFN > 1 && i < n) s1 = vf_add(s1, vf_load_n(x + i, n - i));
  return vf_hsum(vf_add(vf_add(s0, s1), vf_add(s2, s3)));
}

static float row_sum_squares_block(const float *x, int64_t n) {
  VF s0 = vf_set(0.0f), s1 = s0;
  int64_t i = 0;
  for (; i + 2 * VFN <= n; i += 2 * VFN) {
    VF a = vf_load(x + i), b = vf_load(x + i + VFN);
    s0 = vf_fma(a, a, s0);
    s1 = vf_fma(b, b, s1);
  }
  for (; i < n; i += VFN) {
    VF a = i + VFN <= n ? vf_load(x + i) : vf_load_n(x + i, n - i);
    s0 = vf_fma(a, a, s0);
  }
  return vf_hsum(vf_add(s0, s1));
}

/* Pairwise over blocks; the depth is log2(n / ROW_BLOCK). */
static float row_pairwise(RowSumFn *block, const float *x, int64_t n) {
  if (n <= ROW_BLOCK) return block(x, n);
  int64_t half = (n / 2 + ROW_BLOCK - 1) / ROW_BLOCK * ROW_BLOCK;
  if (half >= n) half = ROW_BLOCK;
  return row_pairwise(block, x, half) + row_pairwise(block, x + half, n - half);
}
static float row_sum(const float *x, int64_t n) { return row_pairwise(row_sum_block, x, n); }
static float row_sum_squares(const float *x, int64_t n) { return row_pairwise(row_sum_squares_block, x, n); }

static float row_max(const float *x, int64_t n) {
  VF m = vf_set(-INFINITY);
  VM bad = vf_isnan(m);
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) {
    VF v = vf_load(x + i);
    bad = vm_or(bad, vf_isnan(v));
    m = vf_max(v, m);
  }
  float best = vf_hmax(m);
  int nan = vm_any(bad);
  for (; i < n; i++) {
    nan |= x[i] != x[i];
    best = x[i] > best ? x[i] : best;
  }
  return nan ? NAN : best;
}

static float row_min(const float *x, int64_t n) {
  VF m = vf_set(-INFINITY);
  VM bad = vf_isnan(m);
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) {
    VF v = vf_sub(vf_set(0.0f), vf_load(x + i));
    bad = vm_or(bad, vf_isnan(v));
    m = vf_max(v, m);
  }
  float best = -vf_hmax(m);
  int nan = vm_any(bad);
  for (; i < n; i++) {
    nan |= x[i] != x[i];
    best = x[i] < best ? x[i] : best;
  }
  return nan ? NAN : best;
}

static float row_dot(const float *a, const float *b, int64_t n) {
  VF s0 = vf_set(0.0f), s1 = s0, s2 = s0, s3 = s0;
  int64_t i = 0;
  for (; i + 4 * VFN <= n; i += 4 * VFN) {
    s0 = vf_fma(vf_load(a + i), vf_load(b + i), s0);
    s1 = vf_fma(vf_load(a + i + VFN), vf_load(b + i + VFN), s1);
    s2 = vf_fma(vf_load(a + i + 2 * VFN), vf_load(b + i + 2 * VFN), s2);
    s3 = vf_fma(vf_load(a + i + 3 * VFN), vf_load(b + i + 3 * VFN), s3);
  }
  for (; i + VFN <= n; i += VFN) s0 = vf_fma(vf_load(a + i), vf_load(b + i), s0);
  if (i < n) s1 = vf_fma(vf_load_n(a + i, n - i), vf_load_n(b + i, n - i), s1);
  return vf_hsum(vf_add(vf_add(s0, s1), vf_add(s2, s3)));
}

static void row_axpy(float *y, float a, const float *x, int64_t n) {
  VF av = vf_set(a);
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) vf_store(y + i, vf_fma(av, vf_load(x + i), vf_load(y + i)));
  if (i < n) vf_store_n(y + i, vf_fma(av, vf_load_n(x + i, n - i), vf_load_n(y + i, n - i)), n - i);
}

static void row_max_into(float *acc, const float *x, int64_t n) {
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) vf_store(acc + i, vf_max(vf_load(x + i), vf_load(acc + i)));
  if (i < n) vf_store_n(acc + i, vf_max(vf_load_n(x + i, n - i), vf_load_n(acc + i, n - i)), n - i);
}

static void row_mul_add(float *y, const float *a, const float *b, int64_t n) {
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) vf_store(y + i, vf_fma(vf_load(a + i), vf_load(b + i), vf_load(y + i)));
  if (i < n) {
    int64_t k = n - i;
    vf_store_n(y + i, vf_fma(vf_load_n(a + i, k), vf_load_n(b + i, k), vf_load_n(y + i, k)), k);
  }
}

static void row_scale_offset(float *y, const float *x, const float *scale, const float *offset, int64_t n) {
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN)
    vf_store(y + i, vf_fma(vf_load(x + i), vf_load(scale + i), vf_load(offset + i)));
  if (i < n) {
    int64_t k = n - i;
    vf_store_n(y + i, vf_fma(vf_load_n(x + i, k), vf_load_n(scale + i, k), vf_load_n(offset + i, k)), k);
  }
}

/* out = exp(in - max), returns its sum. `out` null: only the sum. */
static float row_exp_sum(float *out, const float *in, float max, int64_t n) {
  VF m = vf_set(max), s = vf_set(0.0f);
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) {
    VF e = vf_exp(vf_sub(vf_load(in + i), m));
    s = vf_add(s, e);
    if (out) vf_store(out + i, e);
  }
  float sum = vf_hsum(s);
  if (i < n) {
    float tail[VFN];
    int64_t k = n - i;
    VF e = vf_exp(vf_sub(vf_load_n(in + i, k), m));
    vf_store(tail, e);
    if (out) vf_store_n(out + i, e, k);
    for (int64_t j = 0; j < k; j++) sum += tail[j];
  }
  return sum;
}

static void row_softmax(float *out, const float *in, int64_t n) {
  float inv = 1.0f / row_exp_sum(out, in, row_max(in, n), n);
  VF v = vf_set(inv);
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) vf_store(out + i, vf_mul(vf_load(out + i), v));
  if (i < n) vf_store_n(out + i, vf_mul(vf_load_n(out + i, n - i), v), n - i);
}

static void row_log_softmax(float *out, const float *in, int64_t n) {
  float max = row_max(in, n), log_sum = logf(row_exp_sum(NULL, in, max, n));
  VF m = vf_set(max), s = vf_set(log_sum);
  int64_t i = 0;
  for (; i + VFN <= n; i += VFN) vf_store(out + i, vf_sub(vf_sub(vf_load(in + i), m), s));
  if (i < n) vf_store_n(out + i, vf_sub(vf_sub(vf_load_n(in + i, n - i), m), s), n - i);
}

static void row_half_to_float(float *out, const uint16_t *in, int64_t n) {
  int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(in + i))));
#endif
  for (; i < n; i++) out[i] = half_to_float(in[i]);
}

static void row_half_of_float(uint16_t *out, const float *in, int64_t n) {
  int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128((__m128i *)(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
#endif
  for (; i < n; i++) out[i] = half_of_float(in[i]);
}
