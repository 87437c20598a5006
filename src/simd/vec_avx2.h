/* The vector vocabulary on AVX2 with FMA: see vec_scalar.h for what the names mean. */
#ifndef SM_SIMD_VEC_H_
#define SM_SIMD_VEC_H_

#include <immintrin.h>
#include <stdint.h>

#include "base/compiler.h"

#define VEC(name) name##_avx2
#define VEC_LEVEL CPU_AVX2
#define VFN 8
#define VEC_FMA 1

typedef __m256 VF;
typedef __m256i VI;
typedef __m256 VM; /* all bits of a lane set or clear */

#define VINL static SM_ALWAYS_INLINE

VINL __m256i vm_first(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
VINL VF vf_load(const float *p) { return _mm256_loadu_ps(p); }
VINL VF vf_load_n(const float *p, int64_t n) { return _mm256_maskload_ps(p, vm_first(n)); }
VINL void vf_store(float *p, VF a) { _mm256_storeu_ps(p, a); }
VINL void vf_store_n(float *p, VF a, int64_t n) { _mm256_maskstore_ps(p, vm_first(n), a); }
VINL VF vf_set(float x) { return _mm256_set1_ps(x); }
VINL VF vf_add(VF a, VF b) { return _mm256_add_ps(a, b); }
VINL VF vf_sub(VF a, VF b) { return _mm256_sub_ps(a, b); }
VINL VF vf_mul(VF a, VF b) { return _mm256_mul_ps(a, b); }
VINL VF vf_div(VF a, VF b) { return _mm256_div_ps(a, b); }
VINL VF vf_fma(VF a, VF b, VF c) { return _mm256_fmadd_ps(a, b, c); }
VINL VF vf_fnma(VF a, VF b, VF c) { return _mm256_fnmadd_ps(a, b, c); }
VINL VF vf_min(VF a, VF b) { return _mm256_min_ps(a, b); }
VINL VF vf_max(VF a, VF b) { return _mm256_max_ps(a, b); }
VINL VF vf_sqrt(VF a) { return _mm256_sqrt_ps(a); }
VINL VF vf_abs(VF a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
VINL VF vf_round(VF a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VINL VF vf_copysign(VF mag, VF sign) {
  VF bit = _mm256_set1_ps(-0.0f);
  return _mm256_or_ps(_mm256_andnot_ps(bit, mag), _mm256_and_ps(bit, sign));
}
VINL VM vf_lt(VF a, VF b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
VINL VM vf_le(VF a, VF b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
VINL VM vf_eq(VF a, VF b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
VINL VM vf_isnan(VF a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
VINL VM vm_or(VM a, VM b) { return _mm256_or_ps(a, b); }
VINL VM vm_and(VM a, VM b) { return _mm256_and_ps(a, b); }
VINL int vm_any(VM a) { return _mm256_movemask_ps(a) != 0; }
VINL VF vf_sel(VM m, VF a, VF b) { return _mm256_blendv_ps(b, a, m); }
VINL VI vi_set(int32_t x) { return _mm256_set1_epi32(x); }
VINL VI vi_add(VI a, VI b) { return _mm256_add_epi32(a, b); }
VINL VI vi_sub(VI a, VI b) { return _mm256_sub_epi32(a, b); }
VINL VI vi_and(VI a, VI b) { return _mm256_and_si256(a, b); }
VINL VI vi_or(VI a, VI b) { return _mm256_or_si256(a, b); }
VINL VI vi_xor(VI a, VI b) { return _mm256_xor_si256(a, b); }
#define vi_sll(a, k) _mm256_slli_epi32(a, k)
#define vi_srl(a, k) _mm256_srli_epi32(a, k)
#define vi_sra(a, k) _mm256_srai_epi32(a, k)
VINL VM vi_eq(VI a, VI b) { return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)); }
VINL VI vf_to_vi(VF a) { return _mm256_cvtps_epi32(a); }
VINL VF vi_to_vf(VI a) { return _mm256_cvtepi32_ps(a); }
VINL VI vf_bits(VF a) { return _mm256_castps_si256(a); }
VINL VF vi_asf(VI a) { return _mm256_castsi256_ps(a); }
VINL float vf_hsum(VF a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
VINL float vf_hmax(VF a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

#endif
