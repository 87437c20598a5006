/* Plain loops of the binary ops, for the kinds that the vector tables lack. */
#include <complex.h>
#include <math.h>
#include <stddef.h>

#include "ops/math_binary.h"

typedef float complex C64;
typedef double complex C128;

#define LOOP(name, T, R, expr)                                                                          \
  static void name(void *out, const void *av, const void *bv, int64_t n, int sa, int sb, float param) { \
    R *o = out;                                                                                         \
    const T *a = av, *b = bv;                                                                           \
    (void)param;                                                                                        \
    for (int64_t i = 0; i < n; i++) {                                                                   \
      T x = a[i * sa], y = b[i * sb];                                                                   \
      o[i] = (R)(expr);                                                                                 \
    }                                                                                                   \
  }

/* Small unsigned types promote to int, whose product may overflow: all goes through uint64_t. */
typedef uint64_t U;

#define SIGNED_LOOPS(op, expr)           \
  LOOP(op##_i8, int8_t, int8_t, expr)    \
  LOOP(op##_i16, int16_t, int16_t, expr) \
  LOOP(op##_i32, int32_t, int32_t, expr) LOOP(op##_i64, int64_t, int64_t, expr)
#define UNSIGNED_LOOPS(op, expr)           \
  LOOP(op##_u8, uint8_t, uint8_t, expr)    \
  LOOP(op##_u16, uint16_t, uint16_t, expr) \
  LOOP(op##_u32, uint32_t, uint32_t, expr) LOOP(op##_u64, uint64_t, uint64_t, expr)
#define INT_LOOPS(op, expr) SIGNED_LOOPS(op, expr) UNSIGNED_LOOPS(op, expr)
#define FLOAT_LOOPS(op, e32, e64) LOOP(op##_f32, float, float, e32) LOOP(op##_f64, double, double, e64)
#define COMPLEX_LOOPS(op, e64, e128) LOOP(op##_c64, C64, C64, e64) LOOP(op##_c128, C128, C128, e128)

#define INT_ENTRIES(op)                                                                                \
  [MK_I8] = op##_i8, [MK_I16] = op##_i16, [MK_I32] = op##_i32, [MK_I64] = op##_i64, [MK_U8] = op##_u8, \
  [MK_U16] = op##_u16, [MK_U32] = op##_u32, [MK_U64] = op##_u64
#define FLOAT_ENTRIES(op) [MK_F32] = op##_f32, [MK_F64] = op##_f64
#define COMPLEX_ENTRIES(op) [MK_C64] = op##_c64, [MK_C128] = op##_c128
#define TABLE(op, ...) static BinaryLoop *const op##_loops[MK_COUNT] = {__VA_ARGS__}

/* ---- arithmetic ---- */
INT_LOOPS(add, (U)x + (U)y)
FLOAT_LOOPS(add, x + y, x + y)
COMPLEX_LOOPS(add, x + y, x + y)
TABLE(add, INT_ENTRIES(add), FLOAT_ENTRIES(add), COMPLEX_ENTRIES(add));

INT_LOOPS(sub, (U)x - (U)y)
FLOAT_LOOPS(sub, x - y, x - y)
COMPLEX_LOOPS(sub, x - y, x - y)
TABLE(sub, INT_ENTRIES(sub), FLOAT_ENTRIES(sub), COMPLEX_ENTRIES(sub));

INT_LOOPS(mul, (U)x *(U)y)
FLOAT_LOOPS(mul, x *y, x *y)
COMPLEX_LOOPS(mul, x *y, x *y)
TABLE(mul, INT_ENTRIES(mul), FLOAT_ENTRIES(mul), COMPLEX_ENTRIES(mul));

/* The divisor is not 0 (checked before); the lowest number by -1 wraps to itself. */
#define NEGATE(x) (U)0 - (U)(x)
SIGNED_LOOPS(div, y == -1 ? NEGATE(x) : (U)(x / y))
UNSIGNED_LOOPS(div, x / y)
FLOAT_LOOPS(div, x / y, x / y)
COMPLEX_LOOPS(div, x / y, x / y)
TABLE(div, INT_ENTRIES(div), FLOAT_ENTRIES(div), COMPLEX_ENTRIES(div));

FLOAT_LOOPS(truncate_div, truncf(x / y), trunc(x / y))
TABLE(truncate_div, INT_ENTRIES(div), FLOAT_ENTRIES(truncate_div));

SIGNED_LOOPS(floor_div, y == -1 ? NEGATE(x) : (U)(x / y - (x % y != 0 && (x < 0) != (y < 0))))
FLOAT_LOOPS(floor_div, floorf(x / y), floor(x / y))
TABLE(floor_div, [MK_I8] = floor_div_i8, [MK_I16] = floor_div_i16, [MK_I32] = floor_div_i32,
      [MK_I64] = floor_div_i64, [MK_U8] = div_u8, [MK_U16] = div_u16, [MK_U32] = div_u32, [MK_U64] = div_u64,
      FLOAT_ENTRIES(floor_div));

SIGNED_LOOPS(mod, y == -1 ? 0 : x % y)
UNSIGNED_LOOPS(mod, x % y)
FLOAT_LOOPS(mod, fmodf(x, y), fmod(x, y))
TABLE(mod, INT_ENTRIES(mod), FLOAT_ENTRIES(mod));

static inline double floor_mod(double x, double y) {
  double r = fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static inline float floor_mod_f(float x, float y) {
  float r = fmodf(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
SIGNED_LOOPS(floor_mod, y == -1 ? 0 : x % y != 0 && (x < 0) != (y < 0) ? x % y + y : x % y)
FLOAT_LOOPS(floor_mod, floor_mod_f(x, y), floor_mod(x, y))
TABLE(floor_mod, [MK_I8] = floor_mod_i8, [MK_I16] = floor_mod_i16, [MK_I32] = floor_mod_i32,
      [MK_I64] = floor_mod_i64, [MK_U8] = mod_u8, [MK_U16] = mod_u16, [MK_U32] = mod_u32, [MK_U64] = mod_u64,
      FLOAT_ENTRIES(floor_mod));

static inline U int_pow(U x, U y) {
  U r = 1;
  for (; y; y >>= 1, x *= x)
    if (y & 1) r *= x;
  return r;
}
INT_LOOPS(pow, int_pow((U)x, (U)y))
FLOAT_LOOPS(pow, powf(x, y), pow(x, y))
COMPLEX_LOOPS(pow, cpow(x, y), cpow(x, y))
TABLE(pow, INT_ENTRIES(pow), FLOAT_ENTRIES(pow), COMPLEX_ENTRIES(pow));

INT_LOOPS(max, x > y ? x : y)
FLOAT_LOOPS(max, x > y || x != x ? x : y, x > y || x != x ? x : y)
TABLE(max, INT_ENTRIES(max), FLOAT_ENTRIES(max));

INT_LOOPS(min, x < y ? x : y)
FLOAT_LOOPS(min, x < y || x != x ? x : y, x < y || x != x ? x : y)
TABLE(min, INT_ENTRIES(min), FLOAT_ENTRIES(min));

INT_LOOPS(sqdiff, ((U)x - (U)y) * ((U)x - (U)y))
FLOAT_LOOPS(sqdiff, (x - y) * (x - y), (x - y) * (x - y))
COMPLEX_LOOPS(sqdiff, conjf(x - y) * (x - y), conj(x - y) * (x - y))
TABLE(sqdiff, INT_ENTRIES(sqdiff), FLOAT_ENTRIES(sqdiff), COMPLEX_ENTRIES(sqdiff));

FLOAT_LOOPS(atan2, atan2f(x, y), atan2(x, y))
TABLE(atan2, FLOAT_ENTRIES(atan2));
FLOAT_LOOPS(next_after, nextafterf(x, y), nextafter(x, y))
TABLE(next_after, FLOAT_ENTRIES(next_after));

FLOAT_LOOPS(div_no_nan, y == 0 ? 0 : x / y, y == 0 ? 0 : x / y)
COMPLEX_LOOPS(div_no_nan, y == 0 ? 0 : x / y, y == 0 ? 0 : x / y)
TABLE(div_no_nan, FLOAT_ENTRIES(div_no_nan), COMPLEX_ENTRIES(div_no_nan));
FLOAT_LOOPS(mul_no_nan, y == 0 ? 0 : x * y, y == 0 ? 0 : x * y)
COMPLEX_LOOPS(mul_no_nan, y == 0 ? 0 : x * y, y == 0 ? 0 : x * y)
TABLE(mul_no_nan, FLOAT_ENTRIES(mul_no_nan), COMPLEX_ENTRIES(mul_no_nan));
FLOAT_LOOPS(xdivy, x == 0 ? 0 : x / y, x == 0 ? 0 : x / y)
COMPLEX_LOOPS(xdivy, x == 0 ? 0 : x / y, x == 0 ? 0 : x / y)
TABLE(xdivy, FLOAT_ENTRIES(xdivy), COMPLEX_ENTRIES(xdivy));
FLOAT_LOOPS(xlogy, x == 0 ? 0 : x * logf(y), x == 0 ? 0 : x * log(y))
COMPLEX_LOOPS(xlogy, x == 0 ? 0 : x * clog(y), x == 0 ? 0 : x * clog(y))
TABLE(xlogy, FLOAT_ENTRIES(xlogy), COMPLEX_ENTRIES(xlogy));
FLOAT_LOOPS(xlog1py, x == 0 ? 0 : x * log1pf(y), x == 0 ? 0 : x * log1p(y))
COMPLEX_LOOPS(xlog1py, x == 0 ? 0 : x * clog(1 + y), x == 0 ? 0 : x * clog(1 + y))
TABLE(xlog1py, FLOAT_ENTRIES(xlog1py), COMPLEX_ENTRIES(xlog1py));

/* ---- comparisons ---- */
#define COMPARE_LOOPS(op, expr)                                                       \
  LOOP(op##_i8, int8_t, uint8_t, expr)                                                \
  LOOP(op##_i16, int16_t, uint8_t, expr)                                              \
  LOOP(op##_i32, int32_t, uint8_t, expr)                                              \
  LOOP(op##_i64, int64_t, uint8_t, expr)                                              \
  LOOP(op##_u8, uint8_t, uint8_t, expr) LOOP(op##_u16, uint16_t, uint8_t, expr)       \
      LOOP(op##_u32, uint32_t, uint8_t, expr) LOOP(op##_u64, uint64_t, uint8_t, expr) \
          LOOP(op##_f32, float, uint8_t, expr) LOOP(op##_f64, double, uint8_t, expr)
COMPARE_LOOPS(less, x < y)
TABLE(less, INT_ENTRIES(less), FLOAT_ENTRIES(less));
COMPARE_LOOPS(less_equal, x <= y)
TABLE(less_equal, INT_ENTRIES(less_equal), FLOAT_ENTRIES(less_equal));
COMPARE_LOOPS(greater, x > y)
TABLE(greater, INT_ENTRIES(greater), FLOAT_ENTRIES(greater));
COMPARE_LOOPS(greater_equal, x >= y)
TABLE(greater_equal, INT_ENTRIES(greater_equal), FLOAT_ENTRIES(greater_equal));
COMPARE_LOOPS(equal, x == y)
LOOP(equal_c64, C64, uint8_t, x == y)
LOOP(equal_c128, C128, uint8_t, x == y)
TABLE(equal, INT_ENTRIES(equal), FLOAT_ENTRIES(equal), COMPLEX_ENTRIES(equal), [MK_BOOL] = equal_u8);
COMPARE_LOOPS(not_equal, x != y)
LOOP(not_equal_c64, C64, uint8_t, x != y)
LOOP(not_equal_c128, C128, uint8_t, x != y)
TABLE(not_equal, INT_ENTRIES(not_equal), FLOAT_ENTRIES(not_equal),
      COMPLEX_ENTRIES(not_equal), [MK_BOOL] = not_equal_u8);
LOOP(approximate_f32, float, uint8_t, fabsf(x - y) <= param)
LOOP(approximate_f64, double, uint8_t, fabs(x - y) <= (double)param)
TABLE(approximate, FLOAT_ENTRIES(approximate));

/* ---- bits and truth ---- */
INT_LOOPS(and, x &y)
TABLE(and, INT_ENTRIES(and));
INT_LOOPS(or, x | y)
TABLE(or, INT_ENTRIES(or));
INT_LOOPS(xor, x ^ y)
TABLE(xor, INT_ENTRIES(xor));
LOOP(logical_and, uint8_t, uint8_t, x &&y)
TABLE(logical_and, [MK_BOOL] = logical_and);
LOOP(logical_or, uint8_t, uint8_t, x || y)
TABLE(logical_or, [MK_BOOL] = logical_or);
/* TF: shifts outside [0, bits) are clamped. */
#define SHIFT_BY(y) ((y) < 0 ? 0 : (U)(y) >= sizeof(y) * 8 ? sizeof(y) * 8 - 1 : (U)(y))
#define USHIFT_BY(y) ((U)(y) >= sizeof(y) * 8 ? sizeof(y) * 8 - 1 : (U)(y))
SIGNED_LOOPS(shl, (U)x << SHIFT_BY(y))
UNSIGNED_LOOPS(shl, (U)x << USHIFT_BY(y))
TABLE(shl, INT_ENTRIES(shl));
SIGNED_LOOPS(shr, x >> SHIFT_BY(y))
UNSIGNED_LOOPS(shr, x >> USHIFT_BY(y))
TABLE(shr, INT_ENTRIES(shr));

/* ---- gradients: x and y as the op's inputs 0 and 1 ---- */
INT_LOOPS(relu_grad, y > 0 ? x : 0)
/* TF: the gradient is multiplied by 0 or 1, so that infinity gives NaN. */
FLOAT_LOOPS(relu_grad, x *(y > 0 ? 1 : 0), x *(y > 0 ? 1 : 0))
TABLE(relu_grad, INT_ENTRIES(relu_grad), FLOAT_ENTRIES(relu_grad));
INT_LOOPS(relu6_grad, y > 0 && y < 6 ? x : 0)
FLOAT_LOOPS(relu6_grad, x *(y > 0 && y < 6 ? 1 : 0), x *(y > 0 && y < 6 ? 1 : 0))
TABLE(relu6_grad, INT_ENTRIES(relu6_grad), FLOAT_ENTRIES(relu6_grad));
FLOAT_LOOPS(leaky_relu_grad, y > 0 ? x : x * param, y > 0 ? x : x * (double)param)
TABLE(leaky_relu_grad, FLOAT_ENTRIES(leaky_relu_grad));
FLOAT_LOOPS(elu_grad, y < 0 ? (y + 1) * x : x, y < 0 ? (y + 1) * x : x)
TABLE(elu_grad, FLOAT_ENTRIES(elu_grad));
#define SELU_SCALE 1.0507009873554804934193349852946
#define SELU_SCALE_ALPHA 1.7580993408473768599402175208123
FLOAT_LOOPS(selu_grad, y < 0 ? x * (y + (float)SELU_SCALE_ALPHA) : x * (float)SELU_SCALE,
            y < 0 ? x * (y + SELU_SCALE_ALPHA) : x * SELU_SCALE)
TABLE(selu_grad, FLOAT_ENTRIES(selu_grad));
FLOAT_LOOPS(softplus_grad, x / (expf(-y) + 1), x / (exp(-y) + 1))
TABLE(softplus_grad, FLOAT_ENTRIES(softplus_grad));
FLOAT_LOOPS(softsign_grad, x / ((1 + fabsf(y)) * (1 + fabsf(y))), x / ((1 + fabs(y)) * (1 + fabs(y))))
TABLE(softsign_grad, FLOAT_ENTRIES(softsign_grad));
FLOAT_LOOPS(sigmoid_grad, y *x *(1 - x), y *x *(1 - x))
COMPLEX_LOOPS(sigmoid_grad, y *x *(1 - x), y *x *(1 - x)) /* TF: does not conjugate */
TABLE(sigmoid_grad, FLOAT_ENTRIES(sigmoid_grad), COMPLEX_ENTRIES(sigmoid_grad));
FLOAT_LOOPS(tanh_grad, y *(1 - x * x), y *(1 - x * x))
COMPLEX_LOOPS(tanh_grad, y *(1 - x * x), y *(1 - x * x))
TABLE(tanh_grad, FLOAT_ENTRIES(tanh_grad), COMPLEX_ENTRIES(tanh_grad));
/* TF: 0 where nothing comes in, whatever the root is. */
FLOAT_LOOPS(sqrt_grad, y == 0 ? 0 : y * 0.5f / x, y == 0 ? 0 : y * 0.5 / x)
COMPLEX_LOOPS(sqrt_grad, y == 0 ? 0 : y * 0.5f / conjf(x), y == 0 ? 0 : y * 0.5 / conj(x))
TABLE(sqrt_grad, FLOAT_ENTRIES(sqrt_grad), COMPLEX_ENTRIES(sqrt_grad));
FLOAT_LOOPS(rsqrt_grad, y == 0 ? 0 : -0.5f * y * x * x * x, y == 0 ? 0 : -0.5 * y * x * x * x)
COMPLEX_LOOPS(rsqrt_grad, y == 0 ? 0 : -0.5f * y * conjf(x * x * x), y == 0 ? 0 : -0.5 * y * conj(x * x * x))
TABLE(rsqrt_grad, FLOAT_ENTRIES(rsqrt_grad), COMPLEX_ENTRIES(rsqrt_grad));
FLOAT_LOOPS(inv_grad, y == 0 ? 0 : -y * x * x, y == 0 ? 0 : -y * x * x)
COMPLEX_LOOPS(inv_grad, y == 0 ? 0 : -y * conjf(x * x), y == 0 ? 0 : -y * conj(x * x))
TABLE(inv_grad, FLOAT_ENTRIES(inv_grad), COMPLEX_ENTRIES(inv_grad));

/* ---- 16-bit floats that round twice (floats here) ---- */
#define HALF(x) half_to_float(half_of_float(x))
#define BFLOAT16(x) bfloat16_to_float(bfloat16_of_float(x))
LOOP(floor_div_half, float, float, floorf(HALF(x / y)))
LOOP(floor_div_bfloat16, float, float, floorf(BFLOAT16(x / y)))
LOOP(truncate_div_half, float, float, truncf(HALF(x / y)))
LOOP(truncate_div_bfloat16, float, float, truncf(BFLOAT16(x / y)))

/* ---- making complex numbers (Complex: inputs are the parts) ---- */
#define COMPLEX_OF(name, T)                                                                             \
  static void name(void *out, const void *av, const void *bv, int64_t n, int sa, int sb, float param) { \
    T *o = out;                                                                                         \
    const T *a = av, *b = bv;                                                                           \
    (void)param;                                                                                        \
    for (int64_t i = 0; i < n; i++) {                                                                   \
      o[2 * i] = a[i * sa];                                                                             \
      o[2 * i + 1] = b[i * sb];                                                                         \
    }                                                                                                   \
  }
COMPLEX_OF(complex_f32, float)
COMPLEX_OF(complex_f64, double)
TABLE(complex, [MK_F32] = complex_f32, [MK_F64] = complex_f64);

const BinaryOp binary_ops[] = {
    {"Add", EW_ADD, add_loops, 0, 0, 0, 0, 0},
    {"AddV2", EW_ADD, add_loops, 0, 0, 0, 0, 0},
    {"Sub", EW_SUB, sub_loops, 0, 0, 0, 0, 0},
    {"Mul", EW_MUL, mul_loops, 0, 0, 0, 0, 0},
    {"Div", EW_DIV, div_loops, CHECK_ZERO, 0, 0, 0, 0},
    {"RealDiv", EW_DIV, div_loops, 0, 0, 0, 0, 0},
    {"TruncateDiv", -1, truncate_div_loops, CHECK_ZERO, 0, 0, truncate_div_half, truncate_div_bfloat16},
    {"FloorDiv", -1, floor_div_loops, CHECK_ZERO, 0, 0, floor_div_half, floor_div_bfloat16},
    {"FloorMod", -1, floor_mod_loops, CHECK_ZERO, 0, 0, 0, 0},
    {"Mod", -1, mod_loops, CHECK_ZERO, 0, 0, 0, 0},
    {"TruncateMod", -1, mod_loops, CHECK_ZERO, 0, 0, 0, 0},
    {"Pow", -1, pow_loops, CHECK_NEGATIVE, 0, 0, 0, 0},
    {"Maximum", EW_MAX, max_loops, 0, 0, 0, 0, 0},
    {"Minimum", EW_MIN, min_loops, 0, 0, 0, 0, 0},
    {"SquaredDifference", EW_SQUARED_DIFFERENCE, sqdiff_loops, 0, 0, 0, 0, 0},
    {"Atan2", -1, atan2_loops, 0, 0, 0, 0, 0},
    {"NextAfter", -1, next_after_loops, 0, 0, 0, 0, 0},
    {"DivNoNan", -1, div_no_nan_loops, 0, 0, 0, 0, 0},
    {"MulNoNan", -1, mul_no_nan_loops, 0, 0, 0, 0, 0},
    {"Xdivy", -1, xdivy_loops, 0, 0, 0, 0, 0},
    {"Xlogy", -1, xlogy_loops, 0, 0, 0, 0, 0},
    {"Xlog1py", -1, xlog1py_loops, 0, 0, 0, 0, 0},
    {"Less", EW_LESS, less_loops, 0, true, 0, 0, 0},
    {"LessEqual", EW_LESS_EQUAL, less_equal_loops, 0, true, 0, 0, 0},
    {"Greater", EW_GREATER, greater_loops, 0, true, 0, 0, 0},
    {"GreaterEqual", EW_GREATER_EQUAL, greater_equal_loops, 0, true, 0, 0, 0},
    {"Equal", EW_EQUAL, equal_loops, 0, true, 0, 0, 0},
    {"NotEqual", EW_NOT_EQUAL, not_equal_loops, 0, true, 0, 0, 0},
    {"ApproximateEqual", -1, approximate_loops, 0, true, "tolerance", 0, 0},
    {"BitwiseAnd", -1, and_loops, 0, 0, 0, 0, 0},
    {"BitwiseOr", -1, or_loops, 0, 0, 0, 0, 0},
    {"BitwiseXor", -1, xor_loops, 0, 0, 0, 0, 0},
    {"LogicalAnd", -1, logical_and_loops, 0, 0, 0, 0, 0},
    {"LogicalOr", -1, logical_or_loops, 0, 0, 0, 0, 0},
    {"LeftShift", -1, shl_loops, 0, 0, 0, 0, 0},
    {"RightShift", -1, shr_loops, 0, 0, 0, 0, 0},
    {"ReluGrad", EW_RELU_GRAD, relu_grad_loops, 0, 0, 0, 0, 0},
    {"Relu6Grad", -1, relu6_grad_loops, 0, 0, 0, 0, 0},
    {"LeakyReluGrad", -1, leaky_relu_grad_loops, 0, 0, "alpha", 0, 0},
    {"EluGrad", -1, elu_grad_loops, 0, 0, 0, 0, 0},
    {"SeluGrad", -1, selu_grad_loops, 0, 0, 0, 0, 0},
    {"SoftplusGrad", -1, softplus_grad_loops, 0, 0, 0, 0, 0},
    {"SoftsignGrad", -1, softsign_grad_loops, 0, 0, 0, 0, 0},
    {"SigmoidGrad", EW_SIGMOID_GRAD, sigmoid_grad_loops, 0, 0, 0, 0, 0},
    {"TanhGrad", EW_TANH_GRAD, tanh_grad_loops, 0, 0, 0, 0, 0},
    {"SqrtGrad", -1, sqrt_grad_loops, 0, 0, 0, 0, 0},
    {"RsqrtGrad", -1, rsqrt_grad_loops, 0, 0, 0, 0, 0},
    {"InvGrad", -1, inv_grad_loops, 0, 0, 0, 0, 0},
    {"ReciprocalGrad", -1, inv_grad_loops, 0, 0, 0, 0, 0},
    {"Complex", -1, complex_loops, 0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0, 0, 0, 0},
};
