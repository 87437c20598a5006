/* The vector vocabulary, here with vectors of one lane: plain C for every machine, and the meaning of the
 * names for the others.
 *
 *   VF, VI, VM     VFN floats, int32s, truth values
 *   vf_load_n      the first n lanes from memory (0 <= n < VFN), zero behind; nothing past them is read
 *   vf_store_n     the first n lanes to memory; nothing past them is touched
 *   vf_min, vf_max of a and b; b when one is NaN (a < b ? a : b)
 *   vf_fma a*b+c, vf_fnma c-a*b; one rounding where VEC_FMA is 1
 *   vf_sel(m,a,b)  m ? a : b
 *   vf_to_vi       nearest, ties to even; INT32_MIN out of range and for NaN
 *   vf_bits, vi_asf  the same bits as ints, as floats
 *   vf_hsum, vf_hmax over the lanes
 *
 * Code on it includes one of the headers (by VEC_HEADER), names what it exports VEC(name), and is compiled
 * once a level with that level's flags (cmake/simd.cmake). */
#ifndef SM_SIMD_VEC_H_
#define SM_SIMD_VEC_H_

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/float16.h"

#define VEC(name) name##_scalar
#define VEC_LEVEL CPU_SCALAR
#define VFN 1
#define VEC_FMA 0

typedef float VF;
typedef int32_t VI;
typedef int VM;

#define VINL static SM_ALWAYS_INLINE

VINL VF vf_load(const float *p) { return *p; }
VINL VF vf_load_n(const float *p, int64_t n) { return n > 0 ? *p : 0.0f; }
VINL void vf_store(float *p, VF a) { *p = a; }
VINL void vf_store_n(float *p, VF a, int64_t n) {
  if (n > 0) *p = a;
}
VINL VF vf_set(float x) { return x; }
VINL VF vf_add(VF a, VF b) { return a + b; }
VINL VF vf_sub(VF a, VF b) { return a - b; }
VINL VF vf_mul(VF a, VF b) { return a * b; }
VINL VF vf_div(VF a, VF b) { return a / b; }
VINL VF vf_fma(VF a, VF b, VF c) { return a * b + c; }
VINL VF vf_fnma(VF a, VF b, VF c) { return c - a * b; }
VINL VF vf_min(VF a, VF b) { return a < b ? a : b; }
VINL VF vf_max(VF a, VF b) { return a > b ? a : b; }
VINL VF vf_sqrt(VF a) { return sqrtf(a); }
VINL VF vf_abs(VF a) { return fabsf(a); }
VINL VF vf_round(VF a) { return rintf(a); }
VINL VF vf_copysign(VF mag, VF sign) { return copysignf(mag, sign); }
VINL VM vf_lt(VF a, VF b) { return a < b; }
VINL VM vf_le(VF a, VF b) { return a <= b; }
VINL VM vf_eq(VF a, VF b) { return a == b; }
VINL VM vf_isnan(VF a) { return a != a; }
VINL VM vm_or(VM a, VM b) { return a | b; }
VINL VM vm_and(VM a, VM b) { return a & b; }
VINL int vm_any(VM a) { return a; }
VINL VF vf_sel(VM m, VF a, VF b) { return m ? a : b; }
VINL VI vi_set(int32_t x) { return x; }
VINL VI vi_add(VI a, VI b) { return (VI)((uint32_t)a + (uint32_t)b); }
VINL VI vi_sub(VI a, VI b) { return (VI)((uint32_t)a - (uint32_t)b); }
VINL VI vi_and(VI a, VI b) { return a & b; }
VINL VI vi_or(VI a, VI b) { return a | b; }
VINL VI vi_xor(VI a, VI b) { return a ^ b; }
#define vi_sll(a, k) ((VI)((uint32_t)(a) << (k)))
#define vi_srl(a, k) ((VI)((uint32_t)(a) >> (k)))
#define vi_sra(a, k) ((VI)(a) >> (k))
VINL VM vi_eq(VI a, VI b) { return a == b; }
VINL VI vf_to_vi(VF a) { return a >= -2147483648.0f && a < 2147483648.0f ? (VI)rintf(a) : INT32_MIN; }
VINL VF vi_to_vf(VI a) { return (float)a; }
VINL VI vf_bits(VF a) { return (VI)float_bits(a); }
VINL VF vi_asf(VI a) { return float_of_bits((uint32_t)a); }
VINL float vf_hsum(VF a) { return a; }
VINL float vf_hmax(VF a) { return a; }

#endif
