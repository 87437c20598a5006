/* Which CPU level the vector code runs at.
 *
 * Each level is a set of instructions that a translation unit may be compiled for; the code that asks is
 * itself compiled for the plain machine. SM_CPU=scalar|avx2|avx512 in the environment picks a level that
 * the machine has; one that it has not is ignored. */
#ifndef SM_BASE_CPU_H_
#define SM_BASE_CPU_H_

#include <stdbool.h>

typedef enum CpuLevel { CPU_SCALAR, CPU_AVX2, CPU_AVX512, CPU_LEVELS } CpuLevel;

/* The level in use: the best that the machine has unless SM_CPU says otherwise. The same at every call. */
CpuLevel cpu_level(void);
/* Whether the machine (and its operating system) can run code of a level. */
bool cpu_has(CpuLevel level);
/* "scalar", "avx2", "avx512". */
const char *cpu_level_name(CpuLevel level);

#endif
