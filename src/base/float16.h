/* The two 16-bit floats: IEEE half and bfloat16 (the upper half of a float), to and from float.
 * Rounding is to nearest, ties to even; NaNs stay NaNs (quiet). */
#ifndef SM_BASE_FLOAT16_H_
#define SM_BASE_FLOAT16_H_

#include <stdint.h>
#include <string.h>

static inline float float_of_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}
static inline uint32_t float_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

static inline float bfloat16_to_float(uint16_t b) { return float_of_bits((uint32_t)b << 16); }
static inline uint16_t bfloat16_of_float(float f) {
  uint32_t bits = float_bits(f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16 & 0x8000u) | 0x7fc0u);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static inline float half_to_float(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x7fffu;
  if (rest >= 0x7c00u) return float_of_bits(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
  if (rest >= 0x400u) return float_of_bits(sign | ((rest << 13) + (112u << 23)));
  /* Subnormal: rest * 2^-24, exact in a float. */
  float f = (float)rest * 0x1p-24f;
  return float_of_bits(sign | float_bits(f));
}

static inline uint16_t half_of_float(float f) {
  uint32_t bits = float_bits(f), sign = bits >> 16 & 0x8000u, rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
  if (rest >= 0x47800000u) return (uint16_t)(sign | 0x7c00u); /* 2^16 and up */
  if (rest < 0x38800000u) {
    /* Below 2^-14: adding 0.5 leaves rest / 2^-24, rounded, in the low bits. */
    float shifted = float_of_bits(rest) + 0.5f;
    return (uint16_t)(sign | (float_bits(shifted) - 0x3f000000u));
  }
  return (uint16_t)(sign | ((rest - (112u << 23) + 0xfffu + (rest >> 13 & 1u)) >> 13));
}

#endif
