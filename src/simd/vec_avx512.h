/* The vector vocabulary on AVX-512: see vec_scalar.h for what the names mean. */
#ifndef SM_SIMD_VEC_H_
#define SM_SIMD_VEC_H_

#include <immintrin.h>
#include <stdint.h>

#include "base/compiler.h"

#define VEC(name) name##_avx512
#define VEC_LEVEL CPU_AVX512
#define VFN 16
#define VEC_FMA 1

typedef __m512 VF;
typedef __m512i VI;
typedef __mmask16 VM;

#define VINL static SM_ALWAYS_INLINE

VINL VM vm_first(int64_t n) { return (VM)((1u << n) - 1u); }
VINL VF vf_load(const float *p) { return _mm512_loadu_ps(p); }
VINL VF vf_load_n(const float *p, int64_t n) { return _mm512_maskz_loadu_ps(vm_first(n), p); }
VINL void vf_store(float *p, VF a) { _mm512_storeu_ps(p, a); }
VINL void vf_store_n(float *p, VF a, int64_t n) { _mm512_mask_storeu_ps(p, vm_first(n), a); }
VINL VF vf_set(float x) { return _mm512_set1_ps(x); }
VINL VF vf_add(VF a, VF b) { return _mm512_add_ps(a, b); }
VINL VF vf_sub(VF a, VF b) { return _mm512_sub_ps(a, b); }
VINL VF vf_mul(VF a, VF b) { return _mm512_mul_ps(a, b); }
VINL VF vf_div(VF a, VF b) { return _mm512_div_ps(a, b); }
VINL VF vf_fma(VF a, VF b, VF c) { return _mm512_fmadd_ps(a, b, c); }
VINL VF vf_fnma(VF a, VF b, VF c) { return _mm512_fnmadd_ps(a, b, c); }
VINL VF vf_min(VF a, VF b) { return _mm512_min_ps(a, b); }
VINL VF vf_max(VF a, VF b) { return _mm512_max_ps(a, b); }
VINL VF vf_sqrt(VF a) { return _mm512_sqrt_ps(a); }
VINL VF vf_abs(VF a) { return _mm512_abs_ps(a); }
VINL VF vf_round(VF a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VINL VF vf_copysign(VF mag, VF sign) {
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
      _mm512_set1_epi32((int)0x80000000u), _mm512_castps_si512(sign), _mm512_castps_si512(mag), 0xca));
}
VINL VM vf_lt(VF a, VF b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
VINL VM vf_le(VF a, VF b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
VINL VM vf_eq(VF a, VF b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
VINL VM vf_isnan(VF a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
VINL VM vm_or(VM a, VM b) { return (VM)(a | b); }
VINL VM vm_and(VM a, VM b) { return (VM)(a & b); }
VINL int vm_any(VM a) { return a != 0; }
VINL VF vf_sel(VM m, VF a, VF b) { return _mm512_mask_blend_ps(m, b, a); }
VINL VI vi_set(int32_t x) { return _mm512_set1_epi32(x); }
VINL VI vi_add(VI a, VI b) { return _mm512_add_epi32(a, b); }
VINL VI vi_sub(VI a, VI b) { return _mm512_sub_epi32(a, b); }
VINL VI vi_and(VI a, VI b) { return _mm512_and_si512(a, b); }
VINL VI vi_or(VI a, VI b) { return _mm512_or_si512(a, b); }
VINL VI vi_xor(VI a, VI b) { return _mm512_xor_si512(a, b); }
#define vi_sll(a, k) _mm512_slli_epi32(a, k)
#define vi_srl(a, k) _mm512_srli_epi32(a, k)
#define vi_sra(a, k) _mm512_srai_epi32(a, k)
VINL VM vi_eq(VI a, VI b) { return _mm512_cmpeq_epi32_mask(a, b); }
VINL VI vf_to_vi(VF a) { return _mm512_cvtps_epi32(a); }
VINL VF vi_to_vf(VI a) { return _mm512_cvtepi32_ps(a); }
VINL VI vf_bits(VF a) { return _mm512_castps_si512(a); }
VINL VF vi_asf(VI a) { return _mm512_castsi512_ps(a); }
VINL float vf_hsum(VF a) { return _mm512_reduce_add_ps(a); }
VINL float vf_hmax(VF a) { return _mm512_reduce_max_ps(a); }

#endif
