/* Floating point numbers to integers where C leaves the result undefined (out of range, NaN): as x86's
 * conversions do it, and so TensorFlow's scalar code. FLT_TO_i32(x) and so on, for use in macros by type. */
#ifndef SM_OPS_MATH_TO_INT_H_
#define SM_OPS_MATH_TO_INT_H_

#include <stdint.h>

static inline int32_t d_to_i32(double x) {
  return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}
static inline int64_t d_to_i64(double x) {
  return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? (int64_t)x : INT64_MIN;
}
static inline uint64_t d_to_u64(double x) {
  return x >= 9223372036854775808.0 && x < 18446744073709551616.0 ? (uint64_t)x : (uint64_t)d_to_i64(x);
}

#define FLT_TO_i8(x) (int8_t) d_to_i32(x)
#define FLT_TO_i16(x) (int16_t) d_to_i32(x)
#define FLT_TO_i32(x) d_to_i32(x)
#define FLT_TO_i64(x) d_to_i64(x)
#define FLT_TO_u8(x) (uint8_t) d_to_i32(x)
#define FLT_TO_u16(x) (uint16_t) d_to_i32(x)
#define FLT_TO_u32(x) (uint32_t) d_to_i64(x)
#define FLT_TO_u64(x) d_to_u64(x)

#endif
