#include "base/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char *cpu_level_name(CpuLevel level) {
  static const char *const names[CPU_LEVELS] = {"scalar", "avx2", "avx512"};
  return names[level];
}

bool cpu_has(CpuLevel level) {
  if (level == CPU_SCALAR) return true;
#if defined(__x86_64__)
  /* The builtins also ask whether the operating system saves the registers. */
  if (level == CPU_AVX2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && cpu_has(CPU_AVX2);
#else
  return false;
#endif
}

static CpuLevel choose(void) {
  const char *wanted = getenv("SM_CPU");
  for (int level = CPU_LEVELS - 1; wanted && level >= 0; level--)
    if (strcmp(wanted, cpu_level_name((CpuLevel)level)) == 0 && cpu_has((CpuLevel)level))
      return (CpuLevel)level;
  for (int level = CPU_LEVELS - 1; level > 0; level--)
    if (cpu_has((CpuLevel)level)) return (CpuLevel)level;
  return CPU_SCALAR;
}

CpuLevel cpu_level(void) {
  static _Atomic int chosen; /* level + 1; threads that race choose the same */
  int level = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (level == 0) {
    level = (int)choose() + 1;
    atomic_store_explicit(&chosen, level, memory_order_relaxed);
  }
  return (CpuLevel)(level - 1);
}
