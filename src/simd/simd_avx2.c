/* All vector code at level avx2; cmake/simd.cmake gives the flags. */
#if defined(__x86_64__)
#include "simd/vec_avx2.h"

#include "simd/simd_body.h"
#else
typedef int simd_avx2_not_on_this_machine;
#endif
