/* Cast: every number to every other, with the results of x86's conversions where C leaves them undefined.
 *
 * TF: floats to 8 and 16-bit integers go through int32 (out of range: its lowest number) and wrap; to uint32
 * and uint64 through int64. (TensorFlow's own packets saturate instead, so that there the answer for a number
 * out of range depends on where it stands in the tensor; its scalar code is the rule here.) To bool is x !=
 * 0. half and bfloat16 go through float. Complex numbers lose their imaginary part. */
#include <complex.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_to_int.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef float complex C64;
typedef double complex C128;

/* What a float becomes: integers in math_to_int.h. */
#define FLT_TO_f32(x) (float)(x)
#define FLT_TO_f64(x) (double)(x)
#define FLT_TO_c64(x) (C64)(float)(x)
#define FLT_TO_c128(x) (C128)(double)(x)
#define FLT_TO_b(x) ((x) != 0)
/* What an integer or bool becomes. */
#define INT_TO_i8(x) (int8_t)(x)
#define INT_TO_i16(x) (int16_t)(x)
#define INT_TO_i32(x) (int32_t)(x)
#define INT_TO_i64(x) (int64_t)(x)
#define INT_TO_u8(x) (uint8_t)(x)
#define INT_TO_u16(x) (uint16_t)(x)
#define INT_TO_u32(x) (uint32_t)(x)
#define INT_TO_u64(x) (uint64_t)(x)
#define INT_TO_f32(x) (float)(x)
#define INT_TO_f64(x) (double)(x)
#define INT_TO_c64(x) (C64)(float)(x)
#define INT_TO_c128(x) (C128)(double)(x)
#define INT_TO_b(x) ((x) != 0)
/* What a complex number becomes: its real part, but for the complex ones. */
#define CPX_TO_i8(x) FLT_TO_i8(creal(x))
#define CPX_TO_i16(x) FLT_TO_i16(creal(x))
#define CPX_TO_i32(x) FLT_TO_i32(creal(x))
#define CPX_TO_i64(x) FLT_TO_i64(creal(x))
#define CPX_TO_u8(x) FLT_TO_u8(creal(x))
#define CPX_TO_u16(x) FLT_TO_u16(creal(x))
#define CPX_TO_u32(x) FLT_TO_u32(creal(x))
#define CPX_TO_u64(x) FLT_TO_u64(creal(x))
#define CPX_TO_f32(x) (float)creal(x)
#define CPX_TO_f64(x) (double)creal(x)
#define CPX_TO_c64(x) (C64)(x)
#define CPX_TO_c128(x) (C128)(x)
#define CPX_TO_b(x) (creal(x) != 0)

typedef void CastLoop(void *out, const void *in, int64_t n);

#define CAST(F, from, T, to, kind)                                       \
  static void cast_##from##_##to(void *out, const void *in, int64_t n) { \
    T *SM_RESTRICT o = out;                                              \
    const F *SM_RESTRICT a = in;                                         \
    for (int64_t i = 0; i < n; i++) {                                    \
      F x = a[i];                                                        \
      o[i] = kind##_TO_##to(x);                                          \
    }                                                                    \
  }
#define CASTS_FROM(F, from, kind)                                                                            \
  CAST(F, from, float, f32, kind)                                                                            \
  CAST(F, from, double, f64, kind)                                                                           \
  CAST(F, from, int8_t, i8, kind)                                                                            \
  CAST(F, from, int16_t, i16, kind) CAST(F, from, int32_t, i32, kind) CAST(F, from, int64_t, i64, kind)      \
      CAST(F, from, uint8_t, u8, kind) CAST(F, from, uint16_t, u16, kind) CAST(F, from, uint32_t, u32, kind) \
          CAST(F, from, uint64_t, u64, kind) CAST(F, from, C64, c64, kind) CAST(F, from, C128, c128, kind)   \
              CAST(F, from, uint8_t, b, kind)
CASTS_FROM(float, f32, FLT)
CASTS_FROM(double, f64, FLT)
CASTS_FROM(int8_t, i8, INT)
CASTS_FROM(int16_t, i16, INT)
CASTS_FROM(int32_t, i32, INT)
CASTS_FROM(int64_t, i64, INT)
CASTS_FROM(uint8_t, u8, INT)
CASTS_FROM(uint16_t, u16, INT)
CASTS_FROM(uint32_t, u32, INT)
CASTS_FROM(uint64_t, u64, INT)
CASTS_FROM(C64, c64, CPX)
CASTS_FROM(C128, c128, CPX)

#define CAST_ROW(from)                                                                                \
  {                                                                                                   \
    cast_##from##_f32, cast_##from##_f64, cast_##from##_i8, cast_##from##_i16, cast_##from##_i32,     \
        cast_##from##_i64, cast_##from##_u8, cast_##from##_u16, cast_##from##_u32, cast_##from##_u64, \
        cast_##from##_c64, cast_##from##_c128, cast_##from##_b                                        \
  }
/* By MathKind, from and to; a bool is a byte of 0 or 1. */
static CastLoop *const cast_loops[MK_COUNT][MK_COUNT] = {
    CAST_ROW(f32), CAST_ROW(f64), CAST_ROW(i8),  CAST_ROW(i16), CAST_ROW(i32),  CAST_ROW(i64), CAST_ROW(u8),
    CAST_ROW(u16), CAST_ROW(u32), CAST_ROW(u64), CAST_ROW(c64), CAST_ROW(c128), CAST_ROW(u8),
};

typedef struct CastState {
  TF_DataType from, to;
  CastLoop *loop;
  bool same, truncate;
} CastState;

static TF_Code cast_init(OpInit *k, TF_Status *st) {
  CastState *s = k->state;
  s->from = dtype_base(k->node->input_types[0]);
  s->to = dtype_base(k->node->output_types[0]);
  s->same = s->from == s->to;
  int from = math_kind(s->from), to = math_kind(s->to);
  if (!s->same && (from < 0 || to < 0 || dtype_is_object(s->from) || dtype_is_object(s->to)))
    return fail(st, TF_UNIMPLEMENTED, "Cast %s to %s is not supported", dtype_name(s->from),
                dtype_name(s->to));
  if (!s->same) s->loop = cast_loops[from][to];
  const Attr *truncate = node_attr(k->node, "Truncate");
  s->truncate = truncate && truncate->v.b;
  return TF_OK;
}

static TF_Code cast_prepare(OpCtx *c, TF_Status *st) {
  const CastState *s = c->state;
  const Tensor *in = op_input(c, 0);
  if (s->same) return op_output_alias(c, 0, 0, in->dims, in->rank, st);
  return op_output_like(c, 0, in, st);
}

/* Clears the bits that the 16-bit type lacks, so that rounding has nothing to do. */
static void drop_low_bits(float *x, int64_t n, TF_DataType to) {
  uint32_t mask = to == TF_HALF ? ~0x1fffu : ~0xffffu;
  for (int64_t i = 0; i < n; i++) x[i] = float_of_bits(float_bits(x[i]) & mask);
}

/* double to float by dropping the low `drop` bits of the fraction. */
static void truncate_doubles(float *out, const double *in, int64_t n, int drop) {
  for (int64_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, in + i, 8);
    bits &= ~((1ull << drop) - 1);
    double x;
    memcpy(&x, &bits, 8);
    out[i] = (float)x;
  }
}

typedef struct CastRun {
  const CastState *s;
  char *out;
  const char *in;
} CastRun;

static void cast_part(void *arg, int64_t begin, int64_t end) {
  const CastRun *r = arg;
  const CastState *s = r->s;
  bool from_16 = math_is_16(s->from), to_16 = math_is_16(s->to);
  size_t in_size = dtype_size(s->from), out_size = dtype_size(s->to);
  const char *in = r->in + (size_t)begin * in_size;
  char *out = r->out + (size_t)begin * out_size;
  if (s->truncate && s->from == TF_DOUBLE && s->to == TF_FLOAT) {
    truncate_doubles((float *)out, (const double *)in, end - begin, 29);
    return;
  }
  if (!from_16 && !to_16) {
    s->loop(out, in, end - begin);
    return;
  }
  float x[MATH_BLOCK], y[MATH_BLOCK];
  for (int64_t i = 0, n = end - begin; i < n; i += MATH_BLOCK) {
    int64_t k = n - i < MATH_BLOCK ? n - i : MATH_BLOCK;
    const void *source = in + (size_t)i * in_size;
    char *target = out + (size_t)i * out_size;
    if (from_16) {
      math_load_16(x, source, k, s->from);
      source = x;
    }
    if (!to_16) {
      s->loop(target, source, k);
      continue;
    }
    if (s->truncate && s->from == TF_DOUBLE && s->to == TF_HALF) truncate_doubles(y, source, k, 42);
    else s->loop(y, source, k);
    if (s->truncate && s->from == TF_FLOAT) drop_low_bits(y, k, s->to);
    math_store_16((uint16_t *)target, y, k, s->to);
  }
}

enum { GRAIN = 16384 };

static TF_Code cast_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const CastState *s = c->state;
  if (s->same) return TF_OK;
  CastRun r = {s, c->outputs[0].data, op_input(c, 0)->data};
  parallel_for(c->threads, tensor_count(op_input(c, 0)), GRAIN, cast_part, &r);
  return TF_OK;
}

const OpRow ops_math_cast[] = {{"Cast", .state_size = sizeof(CastState), .shape = shape_same,
                                .init = cast_init, .prepare = cast_prepare, .run = cast_run},
                               {0}};
