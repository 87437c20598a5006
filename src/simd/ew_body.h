/* Elementwise functions, one a type. What a compiler vectorises well by itself is a plain loop; functions
 * that need a polynomial are written on the vector vocabulary, tails masked. */
#include <stddef.h>

#include "simd/simd.h"
#include "simd/vec_math.h"

/* Wrapping integer arithmetic: through unsigned. */
#define EW_UNARY(name, T, expr)                                         \
  static void name(void *out, const void *in, int64_t n, float param) { \
    T *o = out;                                                         \
    const T *a = in;                                                    \
    (void)param;                                                        \
    SM_IVDEP for (int64_t i = 0; i < n; i++) {                          \
      T x = a[i];                                                       \
      o[i] = (T)(expr);                                                 \
    }                                                                   \
  }

#define EW_BINARY(name, T, R, expr)                                                     \
  static void name(void *out, const void *av, const void *bv, int64_t n, EwMode mode) { \
    R *o = out;                                                                         \
    const T *a = av, *b = bv;                                                           \
    if (mode == EW_VV) {                                                                \
      SM_IVDEP for (int64_t i = 0; i < n; i++) {                                        \
        T x = a[i], y = b[i];                                                           \
        o[i] = (R)(expr);                                                               \
      }                                                                                 \
    } else if (mode == EW_VS) {                                                         \
      T y = b[0];                                                                       \
      SM_IVDEP for (int64_t i = 0; i < n; i++) {                                        \
        T x = a[i];                                                                     \
        o[i] = (R)(expr);                                                               \
      }                                                                                 \
    } else {                                                                            \
      T x = a[0];                                                                       \
      SM_IVDEP for (int64_t i = 0; i < n; i++) {                                        \
        T y = b[i];                                                                     \
        o[i] = (R)(expr);                                                               \
      }                                                                                 \
    }                                                                                   \
  }

#define EW_VECTOR(name, fn)                                             \
  static void name(void *out, const void *in, int64_t n, float param) { \
    float *o = out;                                                     \
    const float *a = in;                                                \
    int64_t i = 0;                                                      \
    (void)param;                                                        \
    for (; i + VFN <= n; i += VFN) vf_store(o + i, fn(vf_load(a + i))); \
    if (i < n) vf_store_n(o + i, fn(vf_load_n(a + i, n - i)), n - i);   \
  }

/* ---- unary ---- */
EW_UNARY(ew_neg_f32, float, -x)
EW_UNARY(ew_neg_f64, double, -x)
EW_UNARY(ew_neg_i32, int32_t, 0u - (uint32_t)x)
EW_UNARY(ew_neg_i64, int64_t, 0ull - (uint64_t)x)
EW_UNARY(ew_abs_f32, float, __builtin_fabsf(x))
EW_UNARY(ew_abs_f64, double, __builtin_fabs(x))
EW_UNARY(ew_abs_i32, int32_t, x < 0 ? 0u - (uint32_t)x : (uint32_t)x)
EW_UNARY(ew_abs_i64, int64_t, x < 0 ? 0ull - (uint64_t)x : (uint64_t)x)
EW_UNARY(ew_square_f32, float, x *x)
EW_UNARY(ew_square_f64, double, x *x)
EW_UNARY(ew_square_i32, int32_t, (uint32_t)x *(uint32_t)x)
EW_UNARY(ew_square_i64, int64_t, (uint64_t)x *(uint64_t)x)
EW_UNARY(ew_sqrt_f32, float, __builtin_sqrtf(x))
EW_UNARY(ew_sqrt_f64, double, __builtin_sqrt(x))
EW_UNARY(ew_rsqrt_f32, float, 1.0f / __builtin_sqrtf(x))
EW_UNARY(ew_rsqrt_f64, double, 1.0 / __builtin_sqrt(x))
EW_UNARY(ew_softsign_f32, float, x / (1.0f + __builtin_fabsf(x)))
EW_UNARY(ew_softsign_f64, double, x / (1.0 + __builtin_fabs(x)))
EW_UNARY(ew_relu_f32, float, x < 0.0f ? 0.0f : x) /* NaN and -0 stay */
EW_UNARY(ew_relu_f64, double, x < 0.0 ? 0.0 : x)
EW_UNARY(ew_relu_i32, int32_t, x < 0 ? 0 : x)
EW_UNARY(ew_relu_i64, int64_t, x < 0 ? 0 : x)
EW_UNARY(ew_relu6_f32, float, x<0.0f ? 0.0f : x> 6.0f ? 6.0f : x)
EW_UNARY(ew_relu6_f64, double, x<0.0 ? 0.0 : x> 6.0 ? 6.0 : x)
EW_UNARY(ew_relu6_i32, int32_t, x<0 ? 0 : x> 6 ? 6 : x)
EW_UNARY(ew_relu6_i64, int64_t, x<0 ? 0 : x> 6 ? 6 : x)
EW_UNARY(ew_leaky_relu_f32, float, x > 0.0f ? x : x * param)
EW_UNARY(ew_leaky_relu_f64, double, x > 0.0 ? x : x * (double)param)
EW_UNARY(ew_floor_f32, float, __builtin_floorf(x))
EW_UNARY(ew_floor_f64, double, __builtin_floor(x))
EW_UNARY(ew_ceil_f32, float, __builtin_ceilf(x))
EW_UNARY(ew_ceil_f64, double, __builtin_ceil(x))
EW_UNARY(ew_rint_f32, float, __builtin_rintf(x))
EW_UNARY(ew_rint_f64, double, __builtin_rint(x))
EW_UNARY(ew_reciprocal_f32, float, 1.0f / x)
EW_UNARY(ew_reciprocal_f64, double, 1.0 / x)
EW_UNARY(ew_sign_f32, float, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x == 0.0f ? 0.0f : x)
EW_UNARY(ew_sign_f64, double, x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? 0.0 : x)
EW_UNARY(ew_sign_i32, int32_t, (x > 0) - (x < 0))
EW_UNARY(ew_sign_i64, int64_t, (x > 0) - (x < 0))

VINL VF ew_softplus_v(VF x) {
  /* log1p(exp(x)) without overflow: max(x, 0) + log1p(exp(-|x|)). */
  VF tail = vf_log1p(vf_exp(vf_sub(vf_set(0.0f), vf_abs(x))));
  return vf_add(vf_max(vf_set(0.0f), x), tail);
}
VINL VF ew_elu_v(VF x) { return vf_sel(vf_lt(x, vf_set(0.0f)), vf_expm1(x), x); }
VINL VF ew_selu_v(VF x) {
  VF scale = vf_set(1.0507009873554804934193349852946f),
     scale_alpha = vf_set(1.7580993408473768599402175208123f);
  return vf_sel(vf_lt(x, vf_set(0.0f)), vf_mul(scale_alpha, vf_expm1(x)), vf_mul(scale, x));
}
EW_VECTOR(ew_exp_f32, vf_exp)
EW_VECTOR(ew_expm1_f32, vf_expm1)
EW_VECTOR(ew_log_f32, vf_log)
EW_VECTOR(ew_log1p_f32, vf_log1p)
EW_VECTOR(ew_tanh_f32, vf_tanh)
EW_VECTOR(ew_sigmoid_f32, vf_sigmoid)
EW_VECTOR(ew_softplus_f32, ew_softplus_v)
EW_VECTOR(ew_elu_f32, ew_elu_v)
EW_VECTOR(ew_selu_f32, ew_selu_v)
EW_VECTOR(ew_erf_f32, vf_erf)

/* The few arguments too large for the vector reduction go to libm. */
#define EW_TRIG(name, quarter, libm)                                    \
  static void name(void *out, const void *in, int64_t n, float param) { \
    float *o = out;                                                     \
    const float *a = in;                                                \
    (void)param;                                                        \
    for (int64_t i = 0; i < n; i += VFN) {                              \
      int64_t count = n - i < VFN ? n - i : VFN;                        \
      VF x = count == VFN ? vf_load(a + i) : vf_load_n(a + i, count);   \
      if (!vm_any(vf_lt(vf_set(8192.0f), vf_abs(x)))) {                 \
        VF y = vf_sincos(x, quarter);                                   \
        if (count == VFN) vf_store(o + i, y);                           \
        else vf_store_n(o + i, y, count);                               \
      } else {                                                          \
        for (int64_t j = i; j < i + count; j++) o[j] = libm(a[j]);      \
      }                                                                 \
    }                                                                   \
  }
EW_TRIG(ew_sin_f32, 0, sinf)
EW_TRIG(ew_cos_f32, 1, cosf)

/* ---- binary ---- */
#define EW_BINARY_ALL(name, float_expr, int_expr_32, int_expr_64) \
  EW_BINARY(name##_f32, float, float, float_expr)                 \
  EW_BINARY(name##_f64, double, double, float_expr)               \
  EW_BINARY(name##_i32, int32_t, int32_t, int_expr_32)            \
  EW_BINARY(name##_i64, int64_t, int64_t, int_expr_64)
#define EW_COMPARE(name, expr)                  \
  EW_BINARY(name##_f32, float, uint8_t, expr)   \
  EW_BINARY(name##_f64, double, uint8_t, expr)  \
  EW_BINARY(name##_i32, int32_t, uint8_t, expr) \
  EW_BINARY(name##_i64, int64_t, uint8_t, expr)

EW_BINARY_ALL(ew_add, x + y, (uint32_t)x + (uint32_t)y, (uint64_t)x + (uint64_t)y)
EW_BINARY_ALL(ew_sub, x - y, (uint32_t)x - (uint32_t)y, (uint64_t)x - (uint64_t)y)
EW_BINARY_ALL(ew_mul, x *y, (uint32_t)x *(uint32_t)y, (uint64_t)x *(uint64_t)y)
EW_BINARY(ew_div_f32, float, float, x / y)
EW_BINARY(ew_div_f64, double, double, x / y)
/* NaN of either operand stays. */
EW_BINARY_ALL(ew_max, x > y || x != x ? x : y, x > y ? x : y, x > y ? x : y)
EW_BINARY_ALL(ew_min, x < y || x != x ? x : y, x < y ? x : y, x < y ? x : y)
EW_BINARY_ALL(ew_sqdiff, (x - y) * (x - y), ((uint32_t)x - (uint32_t)y) * ((uint32_t)x - (uint32_t)y),
              ((uint64_t)x - (uint64_t)y) * ((uint64_t)x - (uint64_t)y))
EW_COMPARE(ew_less, x < y)
EW_COMPARE(ew_less_equal, x <= y)
EW_COMPARE(ew_greater, x > y)
EW_COMPARE(ew_greater_equal, x >= y)
EW_COMPARE(ew_equal, x == y)
EW_COMPARE(ew_not_equal, x != y)
/* x: gradient, y: feature (or activation). */
EW_BINARY_ALL(ew_relu_grad, x *(y > 0 ? 1 : 0), y > 0 ? x : 0, y > 0 ? x : 0)
/* x: y of the forward pass, y: gradient. */
EW_BINARY(ew_sigmoid_grad_f32, float, float, y *x *(1.0f - x))
EW_BINARY(ew_sigmoid_grad_f64, double, double, y *x *(1.0 - x))
EW_BINARY(ew_tanh_grad_f32, float, float, y *(1.0f - x * x))
EW_BINARY(ew_tanh_grad_f64, double, double, y *(1.0 - x * x))
