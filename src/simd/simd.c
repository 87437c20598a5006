#include "simd/simd.h"

#include <stddef.h>

extern const Simd simd_table_scalar;
#if defined(__x86_64__)
extern const Simd simd_table_avx2, simd_table_avx512;
#endif

const Simd *simd_of_level(CpuLevel level) {
  if (!cpu_has(level)) return NULL;
#if defined(__x86_64__)
  if (level == CPU_AVX512) return &simd_table_avx512;
  if (level == CPU_AVX2) return &simd_table_avx2;
#endif
  return &simd_table_scalar;
}

const Simd *simd(void) { return simd_of_level(cpu_level()); }
