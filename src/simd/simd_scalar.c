/* All vector code at level scalar; cmake/simd.cmake gives the flags. */

#include "simd/vec_scalar.h"

#include "simd/simd_body.h"
