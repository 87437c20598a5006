/* Unary elementwise ops. Each has a loop by kind of number; floats that the vector tables know take those,
 * half and bfloat16 go through float by blocks, complex64 is computed as double complex. */
#include <complex.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_special.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef float complex C64;
typedef double complex C128;
typedef uint64_t U;

typedef void UnaryLoop(void *out, const void *in, int64_t n, float param);

#define LOOP(name, T, R, expr)                                          \
  static void name(void *out, const void *in, int64_t n, float param) { \
    R *o = out;                                                         \
    const T *a = in;                                                    \
    (void)param;                                                        \
    for (int64_t i = 0; i < n; i++) {                                   \
      T x = a[i];                                                       \
      o[i] = (R)(expr);                                                 \
    }                                                                   \
  }
#define SIGNED(op, expr)                 \
  LOOP(op##_i8, int8_t, int8_t, expr)    \
  LOOP(op##_i16, int16_t, int16_t, expr) \
  LOOP(op##_i32, int32_t, int32_t, expr) LOOP(op##_i64, int64_t, int64_t, expr)
#define UNSIGNED(op, expr)                 \
  LOOP(op##_u8, uint8_t, uint8_t, expr)    \
  LOOP(op##_u16, uint16_t, uint16_t, expr) \
  LOOP(op##_u32, uint32_t, uint32_t, expr) LOOP(op##_u64, uint64_t, uint64_t, expr)
#define FLOATS(op, e32, e64) LOOP(op##_f32, float, float, e32) LOOP(op##_f64, double, double, e64)
#define COMPLEX(op, expr) LOOP(op##_c64, C64, C64, expr) LOOP(op##_c128, C128, C128, expr)

#define IN_SIGNED(op) [MK_I8] = op##_i8, [MK_I16] = op##_i16, [MK_I32] = op##_i32, [MK_I64] = op##_i64
#define IN_UNSIGNED(op) [MK_U8] = op##_u8, [MK_U16] = op##_u16, [MK_U32] = op##_u32, [MK_U64] = op##_u64
#define IN_FLOATS(op) [MK_F32] = op##_f32, [MK_F64] = op##_f64
#define IN_COMPLEX(op) [MK_C64] = op##_c64, [MK_C128] = op##_c128
#define TABLE(op, ...) static UnaryLoop *const op##_loops[MK_COUNT] = {__VA_ARGS__}
/* Most functions of floats: libm's two, and a complex one. */
#define FLOAT_OP(op, e32, e64) FLOATS(op, e32, e64) TABLE(op, IN_FLOATS(op));
#define FLOAT_COMPLEX_OP(op, e32, e64, ec) \
  FLOATS(op, e32, e64) COMPLEX(op, ec) TABLE(op, IN_FLOATS(op), IN_COMPLEX(op));

SIGNED(neg, (U)0 - (U)x)
FLOATS(neg, -x, -x)
COMPLEX(neg, -x)
TABLE(neg, IN_SIGNED(neg), IN_FLOATS(neg), IN_COMPLEX(neg));
SIGNED(abs, x < 0 ? (U)0 - (U)x : (U)x)
FLOATS(abs, fabsf(x), fabs(x))
TABLE(abs, IN_SIGNED(abs), IN_FLOATS(abs));
SIGNED(sign, (x > 0) - (x < 0))
FLOATS(sign, x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x, x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x)
COMPLEX(sign, x == 0 ? 0 : x / cabs(x))
TABLE(sign, IN_SIGNED(sign), IN_FLOATS(sign), IN_COMPLEX(sign));
SIGNED(square, (U)x *(U)x)
UNSIGNED(square, (U)x *(U)x)
FLOATS(square, x *x, x *x)
COMPLEX(square, x *x)
TABLE(square, IN_SIGNED(square), IN_UNSIGNED(square), IN_FLOATS(square), IN_COMPLEX(square));

FLOAT_COMPLEX_OP(sqrt, sqrtf(x), sqrt(x), csqrt(x))
FLOAT_COMPLEX_OP(rsqrt, 1.0f / sqrtf(x), 1.0 / sqrt(x), 1.0 / csqrt(x))
FLOAT_COMPLEX_OP(exp, expf(x), exp(x), cexp(x))
/* (e^a - 1) cos b - 2 sin^2(b/2) + i e^a sin b: no cancellation near 0. */
static inline C128 complex_expm1(C128 x) {
  double a = creal(x), b = cimag(x), half = sin(b / 2);
  return complex_of(expm1(a) * cos(b) - 2 * half * half, exp(a) * sin(b));
}
FLOAT_COMPLEX_OP(expm1, expm1f(x), expm1(x), complex_expm1(x))
FLOAT_COMPLEX_OP(log, logf(x), log(x), clog(x))
/* log|1 + x| = log1p(2a + a^2 + b^2) / 2. */
static inline C128 complex_log1p(C128 x) {
  double a = creal(x), b = cimag(x);
  if (fabs(a) > 0.5 || fabs(b) > 0.5) return clog(1 + x);
  return complex_of(0.5 * log1p(2 * a + a * a + b * b), atan2(b, 1 + a));
}
FLOAT_COMPLEX_OP(log1p, log1pf(x), log1p(x), complex_log1p(x))
FLOAT_COMPLEX_OP(sin, sinf(x), sin(x), csin(x))
FLOAT_COMPLEX_OP(cos, cosf(x), cos(x), ccos(x))
FLOAT_COMPLEX_OP(tan, tanf(x), tan(x), ctan(x))
FLOAT_COMPLEX_OP(asin, asinf(x), asin(x), casin(x))
FLOAT_COMPLEX_OP(acos, acosf(x), acos(x), cacos(x))
FLOAT_COMPLEX_OP(atan, atanf(x), atan(x), catan(x))
FLOAT_COMPLEX_OP(sinh, sinhf(x), sinh(x), csinh(x))
FLOAT_COMPLEX_OP(cosh, coshf(x), cosh(x), ccosh(x))
FLOAT_COMPLEX_OP(tanh, tanhf(x), tanh(x), ctanh(x))
FLOAT_COMPLEX_OP(asinh, asinhf(x), asinh(x), casinh(x))
FLOAT_COMPLEX_OP(acosh, acoshf(x), acosh(x), cacosh(x))
FLOAT_COMPLEX_OP(atanh, atanhf(x), atanh(x), catanh(x))
/* e^x / (1 + e^x) in the type's own range, NaN where e^x overflows; TF: 1 where it is 0, or denormal, which
 * TensorFlow's threads flush to 0. */
static inline C64 complex_sigmoid_c64(C64 x) {
  C64 e = cexpf(x);
  return fabsf(crealf(e)) < FLT_MIN && fabsf(cimagf(e)) < FLT_MIN ? 1 : e / (1 + e);
}
static inline C128 complex_sigmoid_c128(C128 x) {
  C128 e = cexp(x);
  return fabs(creal(e)) < DBL_MIN && fabs(cimag(e)) < DBL_MIN ? 1 : e / (1 + e);
}
FLOATS(sigmoid, 1.0f / (1.0f + expf(-x)), 1.0 / (1.0 + exp(-x)))
LOOP(sigmoid_c64, C64, C64, complex_sigmoid_c64(x))
LOOP(sigmoid_c128, C128, C128, complex_sigmoid_c128(x))
TABLE(sigmoid, IN_FLOATS(sigmoid), IN_COMPLEX(sigmoid));
FLOAT_COMPLEX_OP(reciprocal, 1.0f / x, 1.0 / x, 1.0 / x)

static inline double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
FLOAT_OP(softplus, softplus(x), x != x ? x : softplus(x))
/* TF: past a threshold that depends on the type's precision, log(epsilon) + 2, it is x
 * (TensorFlow takes 2^-13 for half's epsilon), and exp(x) below its negative. */
#define SOFTPLUS_16(x, limit) ((x) > (limit) ? (x) : (x) < -(limit) ? exp(x) : softplus(x))
LOOP(softplus_half, float, float, SOFTPLUS_16(x, 7.0109134f))
LOOP(softplus_bfloat16, float, float, SOFTPLUS_16(x, 2.8520303f))
FLOAT_OP(softsign, x / (1 + fabsf(x)), x / (1 + fabs(x)))
FLOAT_OP(elu, x < 0 ? expm1f(x) : x, x < 0 ? expm1(x) : x)
#define SELU_SCALE 1.0507009873554804934193349852946
#define SELU_SCALE_ALPHA 1.7580993408473768599402175208123
FLOAT_OP(selu, x < 0 ? SELU_SCALE_ALPHA * expm1(x) : SELU_SCALE * x,
         x < 0 ? SELU_SCALE_ALPHA * expm1(x) : SELU_SCALE * x)
FLOAT_OP(erf, erff(x), erf(x))
FLOAT_OP(erfc, erfcf(x), erfc(x))
FLOAT_OP(erfinv, special_erfinv(x), special_erfinv(x))
FLOAT_OP(ndtri, special_ndtri(x), special_ndtri(x))
FLOAT_OP(lgamma, special_lgamma(x), special_lgamma(x))
FLOAT_OP(digamma, special_digamma(x), special_digamma(x))
FLOAT_OP(floor, floorf(x), floor(x))
FLOAT_OP(ceil, ceilf(x), ceil(x))
FLOAT_OP(rint, rintf(x), rint(x))
LOOP(same_i32, int32_t, int32_t, x)
LOOP(same_i64, int64_t, int64_t, x)
TABLE(round, IN_FLOATS(rint), [MK_I32] = same_i32, [MK_I64] = same_i64);

SIGNED(relu, x < 0 ? 0 : x)
UNSIGNED(relu, x)
FLOATS(relu, x < 0 ? 0 : x, x < 0 ? 0 : x)
TABLE(relu, IN_SIGNED(relu), IN_UNSIGNED(relu), IN_FLOATS(relu));
SIGNED(relu6, x<0 ? 0 : x> 6 ? 6 : x)
UNSIGNED(relu6, x > 6 ? 6 : x)
FLOATS(relu6, x<0 ? 0 : x> 6 ? 6 : x, x<0 ? 0 : x> 6 ? 6 : x)
TABLE(relu6, IN_SIGNED(relu6), IN_UNSIGNED(relu6), IN_FLOATS(relu6));
FLOAT_OP(leaky_relu, x > 0 ? x : x * param, x > 0 ? x : x * (double)param)

SIGNED(invert, ~x)
UNSIGNED(invert, ~x)
TABLE(invert, IN_SIGNED(invert), IN_UNSIGNED(invert));
LOOP(not_bool, uint8_t, uint8_t, !x)
TABLE(not, [MK_BOOL] = not_bool);

/* To bool. */
LOOP(isnan_f32, float, uint8_t, x != x)
LOOP(isnan_f64, double, uint8_t, x != x)
TABLE(isnan, IN_FLOATS(isnan));
LOOP(isinf_f32, float, uint8_t, isinf(x) != 0)
LOOP(isinf_f64, double, uint8_t, isinf(x) != 0)
TABLE(isinf, IN_FLOATS(isinf));
LOOP(isfinite_f32, float, uint8_t, isfinite(x) != 0)
LOOP(isfinite_f64, double, uint8_t, isfinite(x) != 0)
TABLE(isfinite, IN_FLOATS(isfinite));

/* Bits set, as uint8. */
#define POPCOUNT(name, T, W) LOOP(name, T, uint8_t, __builtin_popcountll((W)x))
POPCOUNT(popcount_i8, int8_t, uint8_t)
POPCOUNT(popcount_i16, int16_t, uint16_t)
POPCOUNT(popcount_i32, int32_t, uint32_t)
POPCOUNT(popcount_i64, int64_t, uint64_t)
POPCOUNT(popcount_u8, uint8_t, uint8_t)
POPCOUNT(popcount_u16, uint16_t, uint16_t) POPCOUNT(popcount_u32, uint32_t, uint32_t)
    POPCOUNT(popcount_u64, uint64_t, uint64_t) TABLE(popcount, IN_SIGNED(popcount), IN_UNSIGNED(popcount));

/* Parts of complex numbers. */
COMPLEX(conj, conj(x))
TABLE(conj, IN_COMPLEX(conj));
#define PART(name, e64, e128) \
  LOOP(name##_c64, C64, float, e64) LOOP(name##_c128, C128, double, e128) TABLE(name, IN_COMPLEX(name));
PART(real, crealf(x), creal(x))
PART(imag, cimagf(x), cimag(x))
PART(angle, cargf(x), carg(x))
PART(complex_abs, cabsf(x), cabs(x))

typedef struct UnaryOp {
  const char *name;
  int simd; /* EwUnary, or -1 */
  UnaryLoop *const *loops;
  bool to_other;              /* the output has another type: half is not stored back */
  UnaryLoop *half, *bfloat16; /* loops of floats where rounding the exact result would not do; else null */
} UnaryOp;

static const UnaryOp unary_ops[] = {
    {"Neg", EW_NEG, neg_loops, 0, 0, 0},
    {"Abs", EW_ABS, abs_loops, 0, 0, 0},
    {"Sign", EW_SIGN, sign_loops, 0, 0, 0},
    {"Square", EW_SQUARE, square_loops, 0, 0, 0},
    {"Sqrt", EW_SQRT, sqrt_loops, 0, 0, 0},
    {"Rsqrt", EW_RSQRT, rsqrt_loops, 0, 0, 0},
    {"Exp", EW_EXP, exp_loops, 0, 0, 0},
    {"Expm1", EW_EXPM1, expm1_loops, 0, 0, 0},
    {"Log", EW_LOG, log_loops, 0, 0, 0},
    {"Log1p", EW_LOG1P, log1p_loops, 0, 0, 0},
    {"Sin", EW_SIN, sin_loops, 0, 0, 0},
    {"Cos", EW_COS, cos_loops, 0, 0, 0},
    {"Tan", -1, tan_loops, 0, 0, 0},
    {"Asin", -1, asin_loops, 0, 0, 0},
    {"Acos", -1, acos_loops, 0, 0, 0},
    {"Atan", -1, atan_loops, 0, 0, 0},
    {"Sinh", -1, sinh_loops, 0, 0, 0},
    {"Cosh", -1, cosh_loops, 0, 0, 0},
    {"Tanh", EW_TANH, tanh_loops, 0, 0, 0},
    {"Asinh", -1, asinh_loops, 0, 0, 0},
    {"Acosh", -1, acosh_loops, 0, 0, 0},
    {"Atanh", -1, atanh_loops, 0, 0, 0},
    {"Floor", EW_FLOOR, floor_loops, 0, 0, 0},
    {"Ceil", EW_CEIL, ceil_loops, 0, 0, 0},
    {"Round", EW_RINT, round_loops, 0, 0, 0},
    {"Rint", EW_RINT, rint_loops, 0, 0, 0},
    {"Reciprocal", EW_RECIPROCAL, reciprocal_loops, 0, 0, 0},
    {"Inv", EW_RECIPROCAL, reciprocal_loops, 0, 0, 0},
    {"Sigmoid", EW_SIGMOID, sigmoid_loops, 0, 0, 0},
    {"Softplus", EW_SOFTPLUS, softplus_loops, 0, softplus_half, softplus_bfloat16},
    {"Softsign", EW_SOFTSIGN, softsign_loops, 0, 0, 0},
    {"Relu", EW_RELU, relu_loops, 0, 0, 0},
    {"Relu6", EW_RELU6, relu6_loops, 0, 0, 0},
    {"LeakyRelu", EW_LEAKY_RELU, leaky_relu_loops, 0, 0, 0},
    {"Elu", EW_ELU, elu_loops, 0, 0, 0},
    {"Selu", EW_SELU, selu_loops, 0, 0, 0},
    {"Erf", EW_ERF, erf_loops, 0, 0, 0},
    {"Erfc", -1, erfc_loops, 0, 0, 0},
    {"Erfinv", -1, erfinv_loops, 0, 0, 0},
    {"Ndtri", -1, ndtri_loops, 0, 0, 0},
    {"Lgamma", -1, lgamma_loops, 0, 0, 0},
    {"Digamma", -1, digamma_loops, 0, 0, 0},
    {"IsNan", -1, isnan_loops, true, 0, 0},
    {"IsInf", -1, isinf_loops, true, 0, 0},
    {"IsFinite", -1, isfinite_loops, true, 0, 0},
    {"LogicalNot", -1, not_loops, 0, 0, 0},
    {"Invert", -1, invert_loops, 0, 0, 0},
    {"PopulationCount", -1, popcount_loops, true, 0, 0},
    {"Conj", -1, conj_loops, 0, 0, 0},
    {"Real", -1, real_loops, true, 0, 0},
    {"Imag", -1, imag_loops, true, 0, 0},
    {"Angle", -1, angle_loops, true, 0, 0},
    {"ComplexAbs", -1, complex_abs_loops, true, 0, 0},
    {0, 0, 0, 0, 0, 0},
};

typedef struct UnaryState {
  UnaryLoop *loop;
  TF_DataType dtype;
  uint8_t in_size, out_size;
  bool is_16, out_is_16;
  float param;
} UnaryState;

static TF_Code unary_init(OpInit *k, TF_Status *st) {
  UnaryState *s = k->state;
  const UnaryOp *op = unary_ops;
  while (op->name && strcmp(op->name, k->row->name) != 0) op++;
  s->dtype = dtype_base(k->node->input_types[0]);
  int kind = math_kind(s->dtype), ew = math_ew_type(kind);
  if (op->name && kind >= 0) s->loop = op->loops[kind];
  if (s->loop && ew >= 0 && op->simd >= 0 && simd()->unary[op->simd][ew])
    s->loop = simd()->unary[op->simd][ew];
  if (op->name && s->dtype == TF_HALF && op->half) s->loop = op->half;
  if (op->name && s->dtype == TF_BFLOAT16 && op->bfloat16) s->loop = op->bfloat16;
  if (!s->loop)
    return fail(st, TF_UNIMPLEMENTED, "%s has no kernel for %s", k->row->name, dtype_name(s->dtype));
  s->is_16 = math_is_16(s->dtype);
  s->out_is_16 = s->is_16 && !op->to_other;
  s->in_size = (uint8_t)dtype_size(s->dtype);
  s->out_size = (uint8_t)dtype_size(dtype_base(k->node->output_types[0]));
  if (node_attr(k->node, "Tout") && s->in_size != 2 * s->out_size)
    return op_fail_no_kernel(k->row, k->node, st);
  const Attr *alpha = node_attr(k->node, "alpha");
  if (alpha) TRY(node_attr_float(k->node, "alpha", &s->param, st));
  return TF_OK;
}

static TF_Code unary_prepare(OpCtx *c, TF_Status *st) { return op_output_like(c, 0, op_input(c, 0), st); }

typedef struct UnaryRun {
  const UnaryState *s;
  char *out;
  const char *in;
} UnaryRun;

static void unary_part(void *arg, int64_t begin, int64_t end) {
  const UnaryRun *r = arg;
  const UnaryState *s = r->s;
  if (!s->is_16) {
    s->loop(r->out + begin * s->out_size, r->in + begin * s->in_size, end - begin, s->param);
    return;
  }
  float x[MATH_BLOCK];
  for (int64_t i = begin; i < end; i += MATH_BLOCK) {
    int64_t k = end - i < MATH_BLOCK ? end - i : MATH_BLOCK;
    math_load_16(x, (const uint16_t *)r->in + i, k, s->dtype);
    if (s->out_is_16) {
      s->loop(x, x, k, s->param);
      math_store_16((uint16_t *)r->out + i, x, k, s->dtype);
    } else {
      s->loop(r->out + i * s->out_size, x, k, s->param);
    }
  }
}

enum { GRAIN = 8192 }; /* elements below which a second thread does not pay */

static TF_Code unary_run(OpCtx *c, TF_Status *st) {
  (void)st;
  UnaryRun r = {c->state, c->outputs[0].data, op_input(c, 0)->data};
  parallel_for(c->threads, tensor_count(op_input(c, 0)), GRAIN, unary_part, &r);
  return TF_OK;
}

#define UNARY(name_, types_)                                                                            \
  {                                                                                                     \
    name_, .types = types_, .flags = OP_INPLACE, .state_size = sizeof(UnaryState), .shape = shape_same, \
           .init = unary_init, .prepare = unary_prepare, .run = unary_run                               \
  }
#define UNARY_TO(name_, types_)                                                                        \
  {                                                                                                    \
    name_, .types = types_, .state_size = sizeof(UnaryState), .shape = shape_same, .init = unary_init, \
           .prepare = unary_prepare, .run = unary_run                                                  \
  }
#define FC TYPES_FLOATS " " TYPES_COMPLEX

const OpRow ops_math_unary[] = {UNARY("Neg", "T: " FC " int8 int16 int32 int64"),
                                UNARY("Abs", "T: " TYPES_FLOATS " int8 int16 int32 int64"),
                                UNARY("Sign", "T: " FC " int8 int16 int32 int64"),
                                UNARY("Square", "T: " TYPES_NUMBERS),
                                UNARY("Sqrt", "T: " FC),
                                UNARY("Rsqrt", "T: " FC),
                                UNARY("Exp", "T: " FC),
                                UNARY("Expm1", "T: " FC),
                                UNARY("Log", "T: " FC),
                                UNARY("Log1p", "T: " FC),
                                UNARY("Sin", "T: " FC),
                                UNARY("Cos", "T: " FC),
                                UNARY("Tan", "T: " FC),
                                UNARY("Asin", "T: " FC),
                                UNARY("Acos", "T: " FC),
                                UNARY("Atan", "T: " FC),
                                UNARY("Sinh", "T: " FC),
                                UNARY("Cosh", "T: " FC),
                                UNARY("Tanh", "T: " FC),
                                UNARY("Asinh", "T: " FC),
                                UNARY("Acosh", "T: " FC),
                                UNARY("Atanh", "T: " FC),
                                UNARY("Floor", "T: " TYPES_FLOATS),
                                UNARY("Ceil", "T: " TYPES_FLOATS),
                                UNARY("Round", "T: " TYPES_FLOATS " int32 int64"),
                                UNARY("Rint", "T: float double"),
                                UNARY("Reciprocal", "T: " FC),
                                UNARY("Inv", "T: " FC),
                                UNARY("Sigmoid", "T: " FC),
                                UNARY("Softplus", "T: " TYPES_FLOATS),
                                UNARY("Softsign", "T: " TYPES_FLOATS),
                                UNARY("Relu", "T: " TYPES_REAL),
                                UNARY("Relu6", "T: " TYPES_REAL),
                                UNARY("LeakyRelu", "T: " TYPES_FLOATS),
                                UNARY("Elu", "T: " TYPES_FLOATS),
                                UNARY("Selu", "T: " TYPES_FLOATS),
                                UNARY("Erf", "T: " TYPES_FLOATS),
                                UNARY("Erfc", "T: " TYPES_FLOATS),
                                UNARY("Erfinv", "T: float double"),
                                UNARY("Ndtri", "T: float double"),
                                UNARY("Lgamma", "T: half float double"),
                                UNARY("Digamma", "T: half float double"),
                                UNARY_TO("IsNan", "T: " TYPES_FLOATS),
                                UNARY_TO("IsInf", "T: " TYPES_FLOATS),
                                UNARY_TO("IsFinite", "T: " TYPES_FLOATS),
                                UNARY("LogicalNot", NULL),
                                UNARY("Invert", "T: " TYPES_INTS),
                                UNARY_TO("PopulationCount", "T: " TYPES_INTS),
                                UNARY("Conj", "T: " TYPES_COMPLEX),
                                UNARY_TO("Real", "T: " TYPES_COMPLEX),
                                UNARY_TO("Imag", "T: " TYPES_COMPLEX),
                                UNARY_TO("Angle", "T: " TYPES_COMPLEX),
                                UNARY_TO("ComplexAbs", "T: " TYPES_COMPLEX),
                                {0}};
