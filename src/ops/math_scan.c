/* Cumsum, Cumprod, CumulativeLogsumexp: running results along one axis, which splits the tensor into outer x
 * n x inner elements. */
#include <complex.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef float complex C64;
typedef double complex C128;

typedef enum ScanOp { SCAN_SUM, SCAN_PROD, SCAN_LOGSUMEXP } ScanOp;

typedef struct ScanState {
  ScanOp op;
  bool exclusive, reverse;
  TF_DataType dtype;
} ScanState;

typedef struct ScanPrep {
  int64_t outer, n, inner;
} ScanPrep;

/* One lane: n elements `step` apart. */
#define SCAN(name, T, W, start, expr)                                              \
  static void name(T *out, const T *in, int64_t n, int64_t step, bool exclusive) { \
    W s = start;                                                                   \
    for (int64_t i = 0; i < n; i++, in += step, out += step) {                     \
      W x = (W)*in, before = s;                                                    \
      s = expr;                                                                    \
      *out = (T)(exclusive ? before : s);                                          \
    }                                                                              \
  }
#define INT_SCAN(t, T) SCAN(sum_##t, T, uint64_t, 0, s + x) SCAN(prod_##t, T, uint64_t, 1, s *x)
INT_SCAN(i8, int8_t)
INT_SCAN(i16, int16_t)
INT_SCAN(i32, int32_t)
INT_SCAN(i64, int64_t)
SCAN(sum_f32, float, float, 0, s + x)
SCAN(sum_f64, double, double, 0, s + x)
SCAN(prod_f32, float, float, 1, s *x)
SCAN(prod_f64, double, double, 1, s *x)
SCAN(sum_c64, C64, C64, 0, s + x)
SCAN(sum_c128, C128, C128, 0, s + x)
SCAN(prod_c64, C64, C64, 1, s *x)
SCAN(prod_c128, C128, C128, 1, s *x)

/* As TensorFlow's: beside a number, NaN counts as that number. */
static inline double log_add(double a, double b) {
  double hi = a < b ? b : a, lo = b < a ? b : a;
  return hi == -INFINITY ? hi : hi + log1p(exp(lo - hi));
}
SCAN(lse_f32, float, double, -INFINITY, log_add(s, x))
SCAN(lse_f64, double, double, -INFINITY, log_add(s, x))

/* half and bfloat16: each partial result is rounded, as TensorFlow's accumulator of that type is. */
static void scan_16(const ScanState *s, uint16_t *out, const uint16_t *in, int64_t n, int64_t step) {
  float acc = s->op == SCAN_PROD ? 1 : 0;
  uint16_t before, after;
  if (s->op == SCAN_LOGSUMEXP) acc = -INFINITY;
  math_store_16(&after, &acc, 1, s->dtype);
  for (int64_t i = 0; i < n; i++, in += step, out += step) {
    float x;
    math_load_16(&x, in, 1, s->dtype);
    before = after;
    acc = s->op == SCAN_SUM ? acc + x : s->op == SCAN_PROD ? acc * x : (float)log_add((double)acc, (double)x);
    math_store_16(&after, &acc, 1, s->dtype);
    math_load_16(&acc, &after, 1, s->dtype);
    *out = s->exclusive ? before : after;
  }
}

static TF_Code scan_init(OpInit *k, TF_Status *st) {
  ScanState *s = k->state;
  s->op = strcmp(k->row->name, "Cumsum") == 0    ? SCAN_SUM
          : strcmp(k->row->name, "Cumprod") == 0 ? SCAN_PROD
                                                 : SCAN_LOGSUMEXP;
  s->dtype = dtype_base(k->node->input_types[0]);
  TRY(node_attr_bool(k->node, "exclusive", &s->exclusive, st));
  return node_attr_bool(k->node, "reverse", &s->reverse, st);
}

static TF_Code scan_prepare(OpCtx *c, TF_Status *st) {
  ScanPrep *p = c->prep;
  const Tensor *in = op_input(c, 0), *axis_tensor = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (axis_tensor->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "ScanOp: axis must be a scalar, not %s",
                shape_text(axis_tensor->dims, axis_tensor->rank, text, sizeof text));
  int64_t axis = math_int_at(axis_tensor, 0), at = axis < 0 ? axis + in->rank : axis;
  if (at < 0 || at >= in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "ScanOp: Expected scan axis in the range [%d, %d), but got %lld",
                -in->rank, in->rank, (long long)at); /* TF: tells it with the rank added */
  p->outer = p->inner = 1;
  for (int d = 0; d < at; d++) p->outer *= in->dims[d];
  for (int d = (int)at + 1; d < in->rank; d++) p->inner *= in->dims[d];
  p->n = in->dims[at];
  return op_output_like(c, 0, in, st);
}

typedef struct ScanRun {
  const ScanState *s;
  const ScanPrep *p;
  char *out;
  const char *in;
} ScanRun;

#define CALL(fn, T) fn((T *)out, (const T *)in, n, step, s->exclusive)
#define SUM_OR_PROD(t, T) (s->op == SCAN_SUM ? CALL(sum_##t, T) : CALL(prod_##t, T))

static void scan_lanes(void *arg, int64_t begin, int64_t end) {
  const ScanRun *r = arg;
  const ScanState *s = r->s;
  size_t size = dtype_size(s->dtype);
  int64_t n = r->p->n, inner = r->p->inner;
  for (int64_t lane = begin; lane < end; lane++) {
    int64_t first = lane / inner * n * inner + lane % inner, step = inner;
    if (s->reverse) {
      first += (n - 1) * inner;
      step = -inner;
    }
    char *out = r->out + (size_t)first * size;
    const char *in = r->in + (size_t)first * size;
    if (math_is_16(s->dtype)) {
      scan_16(s, (uint16_t *)out, (const uint16_t *)in, n, step);
      continue;
    }
    switch (math_kind(s->dtype)) {
      case MK_F32:
        if (s->op == SCAN_LOGSUMEXP) CALL(lse_f32, float);
        else SUM_OR_PROD(f32, float);
        break;
      case MK_F64:
        if (s->op == SCAN_LOGSUMEXP) CALL(lse_f64, double);
        else SUM_OR_PROD(f64, double);
        break;
      /* Wrapping arithmetic is the same with and without sign. */
      case MK_I8:
      case MK_U8: SUM_OR_PROD(i8, int8_t); break;
      case MK_I16:
      case MK_U16: SUM_OR_PROD(i16, int16_t); break;
      case MK_I32:
      case MK_U32: SUM_OR_PROD(i32, int32_t); break;
      case MK_I64:
      case MK_U64: SUM_OR_PROD(i64, int64_t); break;
      case MK_C64: SUM_OR_PROD(c64, C64); break;
      default: SUM_OR_PROD(c128, C128); break;
    }
  }
}

static TF_Code scan_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const ScanPrep *p = c->prep;
  if (p->n == 0 || p->inner == 0) return TF_OK;
  ScanRun r = {c->state, p, c->outputs[0].data, op_input(c, 0)->data};
  parallel_for(c->threads, p->outer * p->inner, 16384 / p->n + 1, scan_lanes, &r);
  return TF_OK;
}

#define SCAN_ROW(name_, types_)                                                                            \
  {                                                                                                        \
    name_, .types = types_, .flags = OP_INPLACE, .value_inputs = 2, .state_size = sizeof(ScanState),       \
           .prep_size = sizeof(ScanPrep), .shape = shape_same, .init = scan_init, .prepare = scan_prepare, \
           .run = scan_run                                                                                 \
  }

const OpRow ops_math_scan[] = {SCAN_ROW("Cumsum", "T: " TYPES_NUMBERS),
                               SCAN_ROW("Cumprod", "T: " TYPES_NUMBERS),
                               SCAN_ROW("CumulativeLogsumexp", "T: " TYPES_FLOATS),
                               {0}};
