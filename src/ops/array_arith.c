/* In-place arithmetic: one loop for each dtype and operation, made by macros. Integers are added, subtracted
 * and multiplied as unsigned, so that they wrap; the 16-bit floats are computed as float. */
#include "ops/array_arith.h"

#include <complex.h>

#include "base/float16.h"

#define LOOP(T, EXPR)                 \
  do {                                \
    T *d = dst;                       \
    const T *s = src;                 \
    for (int64_t i = 0; i < n; i++) { \
      T a = d[i], b = s[i * step];    \
      d[i] = (EXPR);                  \
    }                                 \
    return TF_OK;                     \
  } while (0)

/* TensorFlow's minimum and maximum here are std::min(a, b) and std::max(a, b). */
#define DEFINE_REAL(NAME, T)                                                                         \
  static TF_Code apply_##NAME(ArithKind kind, void *dst, const void *src, int64_t step, int64_t n) { \
    switch (kind) {                                                                                  \
      case ARITH_ADD: LOOP(T, a + b);                                                                \
      case ARITH_SUB: LOOP(T, a - b);                                                                \
      case ARITH_MUL: LOOP(T, a *b);                                                                 \
      case ARITH_DIV: LOOP(T, a / b);                                                                \
      case ARITH_MIN: LOOP(T, b < a ? b : a);                                                        \
      case ARITH_MAX: LOOP(T, a < b ? b : a);                                                        \
      default: return TF_UNIMPLEMENTED;                                                              \
    }                                                                                                \
  }
DEFINE_REAL(f32, float)
DEFINE_REAL(f64, double)

/* WIDE is unsigned and at least as wide as int, so that neither overflow nor promotion can be undefined. */
#define DEFINE_INT(NAME, T, WIDE, NEGATE)                                                            \
  static TF_Code apply_##NAME(ArithKind kind, void *dst, const void *src, int64_t step, int64_t n) { \
    switch (kind) {                                                                                  \
      case ARITH_ADD: LOOP(T, (T)((WIDE)a + (WIDE)b));                                               \
      case ARITH_SUB: LOOP(T, (T)((WIDE)a - (WIDE)b));                                               \
      case ARITH_MUL: LOOP(T, (T)((WIDE)a * (WIDE)b));                                               \
      case ARITH_DIV: LOOP(T, NEGATE &&b == (T)-1 ? (T)(0 - (WIDE)a) : (T)(a / b));                  \
      case ARITH_MIN: LOOP(T, b < a ? b : a);                                                        \
      case ARITH_MAX: LOOP(T, a < b ? b : a);                                                        \
      default: return TF_UNIMPLEMENTED;                                                              \
    }                                                                                                \
  }                                                                                                  \
  static bool has_zero_##NAME(const void *src, int64_t step, int64_t n) {                            \
    const T *s = src;                                                                                \
    for (int64_t i = 0; i < n; i++)                                                                  \
      if (s[i * step] == 0) return true;                                                             \
    return false;                                                                                    \
  }
DEFINE_INT(i8, int8_t, uint32_t, 1)
DEFINE_INT(i16, int16_t, uint32_t, 1)
DEFINE_INT(i32, int32_t, uint32_t, 1)
DEFINE_INT(i64, int64_t, uint64_t, 1)
DEFINE_INT(u8, uint8_t, uint32_t, 0)
DEFINE_INT(u16, uint16_t, uint32_t, 0)
DEFINE_INT(u32, uint32_t, uint32_t, 0)
DEFINE_INT(u64, uint64_t, uint64_t, 0)

#define DEFINE_COMPLEX(NAME, T)                                                                      \
  static TF_Code apply_##NAME(ArithKind kind, void *dst, const void *src, int64_t step, int64_t n) { \
    switch (kind) {                                                                                  \
      case ARITH_ADD: LOOP(T, a + b);                                                                \
      case ARITH_SUB: LOOP(T, a - b);                                                                \
      case ARITH_MUL: LOOP(T, a *b);                                                                 \
      case ARITH_DIV: LOOP(T, a / b);                                                                \
      default: return TF_UNIMPLEMENTED;                                                              \
    }                                                                                                \
  }
DEFINE_COMPLEX(c64, float complex)
DEFINE_COMPLEX(c128, double complex)

#define DEFINE_16(NAME, LOAD, STORE)                                                                 \
  static TF_Code apply_##NAME(ArithKind kind, void *dst, const void *src, int64_t step, int64_t n) { \
    uint16_t *d = dst;                                                                               \
    const uint16_t *s = src;                                                                         \
    for (int64_t i = 0; i < n; i++) {                                                                \
      float a = LOAD(d[i]), b = LOAD(s[i * step]), r;                                                \
      switch (kind) {                                                                                \
        case ARITH_ADD: r = a + b; break;                                                            \
        case ARITH_SUB: r = a - b; break;                                                            \
        case ARITH_MUL: r = a * b; break;                                                            \
        case ARITH_DIV: r = a / b; break;                                                            \
        case ARITH_MIN: r = b < a ? b : a; break;                                                    \
        case ARITH_MAX: r = a < b ? b : a; break;                                                    \
        default: return TF_UNIMPLEMENTED;                                                            \
      }                                                                                              \
      d[i] = STORE(r);                                                                               \
    }                                                                                                \
    return TF_OK;                                                                                    \
  }
DEFINE_16(half, half_to_float, half_of_float)
DEFINE_16(bf16, bfloat16_to_float, bfloat16_of_float)

static TF_Code apply_bool(ArithKind kind, void *dst, const void *src, int64_t step, int64_t n) {
  switch (kind) {
    case ARITH_ADD: LOOP(uint8_t, a | b);
    case ARITH_SUB: LOOP(uint8_t, a != b);
    case ARITH_MUL: LOOP(uint8_t, a & b);
    default: return TF_UNIMPLEMENTED;
  }
}

/* The routines of a dtype; `has_zero` is null for those that divide by zero without harm. */
typedef struct ArithType {
  TF_Code (*apply)(ArithKind, void *, const void *, int64_t, int64_t);
  bool (*has_zero)(const void *, int64_t, int64_t);
} ArithType;

static ArithType arith_type(TF_DataType dtype) {
  switch (dtype) {
    case TF_FLOAT: return (ArithType){apply_f32, NULL};
    case TF_DOUBLE: return (ArithType){apply_f64, NULL};
    case TF_HALF: return (ArithType){apply_half, NULL};
    case TF_BFLOAT16: return (ArithType){apply_bf16, NULL};
    case TF_COMPLEX64: return (ArithType){apply_c64, NULL};
    case TF_COMPLEX128: return (ArithType){apply_c128, NULL};
    case TF_INT8: return (ArithType){apply_i8, has_zero_i8};
    case TF_INT16: return (ArithType){apply_i16, has_zero_i16};
    case TF_INT32: return (ArithType){apply_i32, has_zero_i32};
    case TF_INT64: return (ArithType){apply_i64, has_zero_i64};
    case TF_UINT8: return (ArithType){apply_u8, has_zero_u8};
    case TF_UINT16: return (ArithType){apply_u16, has_zero_u16};
    case TF_UINT32: return (ArithType){apply_u32, has_zero_u32};
    case TF_UINT64: return (ArithType){apply_u64, has_zero_u64};
    case TF_BOOL: return (ArithType){apply_bool, NULL};
    default: return (ArithType){NULL, NULL};
  }
}

TF_Code arith_apply(ArithKind kind, TF_DataType dtype, void *dst, const void *src, int64_t src_step,
                    int64_t n, TF_Status *st) {
  if (n <= 0) return TF_OK;
  if (kind == ARITH_UPDATE) {
    if (src_step) return elements_copy(dtype, dst, src, n, st);
    for (int64_t i = 0; i < n; i++)
      TRY(elements_copy(dtype, (char *)dst + (size_t)i * dtype_size(dtype), src, 1, st));
    return TF_OK;
  }
  ArithType type = arith_type(dtype);
  if (kind == ARITH_DIV && type.has_zero && type.has_zero(src, src_step, n))
    return fail(st, TF_INVALID_ARGUMENT, "Integer division by zero");
  TF_Code code = type.apply ? type.apply(kind, dst, src, src_step, n) : TF_UNIMPLEMENTED;
  return code ? fail(st, code, "no arithmetic of this kind on %s", dtype_name(dtype)) : TF_OK;
}
