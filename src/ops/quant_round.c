/* QuantizeAndDequantize, V2 to V4 and V4's gradient: floats rounded to what a quantised model could tell
 * apart, by one range or one for each slice along an axis. Computed in the type's own precision: ties depend
 * on it. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/array_util.h"

typedef struct RoundState {
  bool is_signed, given, narrow, half_up, bits_input; /* bits_input: V3 */
  bool v1;
  int64_t bits, axis;
  float min, max; /* V1 */
} RoundState;

typedef struct RoundPrep {
  int64_t outer, slices, inner;
} RoundPrep;

static TF_Code check_bits(const RoundState *s, int64_t bits, TF_Status *st) {
  if (bits > 0 && bits < (s->is_signed ? 62 : 63)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "num_bits is out of range: %lld with %s %d", (long long)bits,
              s->bits_input ? "`signed_input_`" : "signed_input_", s->is_signed);
}

static TF_Code round_init(OpInit *k, TF_Status *st) {
  RoundState *s = k->state;
  const Node *node = k->node;
  const Attr *narrow = node_attr(node, "narrow_range"), *axis = node_attr(node, "axis"),
             *mode = node_attr(node, "round_mode");
  TRY(node_attr_bool(node, "signed_input", &s->is_signed, st));
  TRY(node_attr_bool(node, "range_given", &s->given, st));
  s->narrow = narrow && narrow->v.b;
  s->axis = axis ? axis->v.i : -1;
  s->half_up = mode && mode->v.s.size == strlen("HALF_UP");
  s->v1 = strcmp(node->op, "QuantizeAndDequantize") == 0;
  s->bits_input = strcmp(node->op, "QuantizeAndDequantizeV3") == 0;
  if (s->v1) {
    TRY(node_attr_float(node, "input_min", &s->min, st));
    TRY(node_attr_float(node, "input_max", &s->max, st));
  }
  if (!s->bits_input) {
    TRY(node_attr_int(node, "num_bits", &s->bits, st));
    TRY(check_bits(s, s->bits, st));
  }
  if (s->v1 && s->given && !(s->min <= s->max))
    return fail(st, TF_INVALID_ARGUMENT, "Invalid range: input_min %g > input_max %g", (double)s->min,
                (double)s->max);
  return TF_OK;
}

/* The split along the axis. */
static TF_Code round_plan(OpCtx *c, const Tensor *x, int64_t axis, TF_Status *st) {
  RoundPrep *p = c->prep;
  if (axis < -1)
    return fail(st, TF_INVALID_ARGUMENT, "Axis must be at least -1. Found %lld", (long long)axis);
  if (axis >= x->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank %lld but is rank %d",
                (long long)((uint64_t)axis + 1), x->rank);
  p->outer = axis < 0 ? 1 : dims_product(x->dims, 0, (int)axis);
  p->slices = axis < 0 ? 1 : x->dims[axis];
  p->inner = axis < 0 ? tensor_count(x) : dims_product(x->dims, (int)axis + 1, x->rank);
  return TF_OK;
}

/* One number, or one for each slice. */
static TF_Code check_range(const Tensor *t, const char *name, int64_t axis, int64_t slices, TF_Status *st) {
  int64_t n = tensor_count(t);
  char text[SHAPE_TEXT_MAX];
  if (axis < 0 && n == 1) return TF_OK;
  if (axis < 0)
    return fail(st, TF_INVALID_ARGUMENT, "%s_tensor must have one element, got shape %s", name,
                shape_text(t->dims, t->rank, text, sizeof text));
  if (t->rank == 1 && n == slices) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "%s_tensor has incorrect size, was %lld expected %lld to match dim %lld of the input %s", name,
              (long long)n, (long long)slices, (long long)axis,
              shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code round_prepare(OpCtx *c, TF_Status *st) {
  const RoundState *s = c->state;
  const RoundPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  /* TF: V3 refuses scalars. */
  if (s->bits_input && (s->axis >= x->rank || x->rank == 0))
    return fail(st, TF_INVALID_ARGUMENT,
                "Axis requested is larger than input dimensions. Axis: %lld Input Dimensions: %d",
                (long long)s->axis, x->rank);
  TRY(round_plan(c, x, s->axis, st));
  if (s->bits_input) {
    const Tensor *bits = op_input(c, 3);
    if (tensor_count(bits) != 1) return fail(st, TF_INVALID_ARGUMENT, "num_bits must have one element");
    TRY(check_bits(s, int_at(bits, 0), st));
  }
  if (!s->v1 && s->given) {
    TRY(check_range(op_input(c, 1), "input_min", s->axis, p->slices, st));
    TRY(check_range(op_input(c, 2), "input_max", s->axis, p->slices, st));
  }
  return op_output_like(c, 0, x, st);
}

/* A slice: `outer` runs of `inner` elements, `step` apart. */
typedef struct Slice {
  int64_t outer, inner, step, bits;
} Slice;

#define ROUND(NAME, T, MAX, RINT, FLOOR)                                                               \
  /* The range widened on one side so that 0 stays 0, and what one step is worth. */                   \
  static void scale_##NAME(const RoundState *s, int64_t bits, T *low, T *high, T *scale, T *inverse) { \
    int64_t top = (int64_t)(((uint64_t)1 << (s->is_signed ? bits - 1 : bits)) - 1);                    \
    int64_t bottom = s->is_signed ? (s->narrow ? -top : -top - 1) : 0;                                 \
    T by_low = (T)bottom * *low > 0 ? (T)bottom / *low : MAX;                                          \
    T by_high = (T)top * *high > 0 ? (T)top / *high : MAX;                                             \
    if (by_low < by_high) {                                                                            \
      *scale = by_low;                                                                                 \
      *inverse = *low / (T)bottom;                                                                     \
      *high = (T)top * *inverse;                                                                       \
    } else {                                                                                           \
      *scale = by_high;                                                                                \
      *inverse = *high / (T)top;                                                                       \
      *low = (T)bottom * *inverse;                                                                     \
    }                                                                                                  \
  }                                                                                                    \
  static void round_##NAME(const RoundState *s, const Slice *l, const T *in, T *out, T low, T high) {  \
    T scale, inverse;                                                                                  \
    if (!s->given) {                                                                                   \
      low = INFINITY;                                                                                  \
      high = -INFINITY;                                                                                \
      for (int64_t o = 0; o < l->outer; o++)                                                           \
        for (int64_t i = o * l->step; i < o * l->step + l->inner; i++) {                               \
          if (in[i] < low) low = in[i];                                                                \
          if (in[i] > high) high = in[i];                                                              \
        }                                                                                              \
    }                                                                                                  \
    scale_##NAME(s, l->bits, &low, &high, &scale, &inverse);                                           \
    for (int64_t o = 0; o < l->outer; o++)                                                             \
      for (int64_t i = o * l->step; i < o * l->step + l->inner; i++) {                                 \
        T v = in[i];                                                                                   \
        if (s->given) v = v > high ? high : v;                                                         \
        if (s->given) v = v < low ? low : v;                                                           \
        v *= scale;                                                                                    \
        out[i] = (s->half_up ? FLOOR(v + (T)0.5) : RINT(v)) * inverse;                                 \
      }                                                                                                \
  }
ROUND(f32, float, FLT_MAX, rintf, floorf)
ROUND(f64, double, DBL_MAX, rint, floor)

static TF_Code round_run(OpCtx *c, TF_Status *st) {
  const RoundState *s = c->state;
  const RoundPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  Slice l = {p->outer, p->inner, p->slices * p->inner, s->bits_input ? int_at(op_input(c, 3), 0) : s->bits};
  double low = (double)s->min, high = (double)s->max;
  for (int64_t i = 0; i < p->slices; i++) {
    if (!s->v1 && s->given) {
      low = math_number_at(op_input(c, 1), i);
      high = math_number_at(op_input(c, 2), i);
      if (s->axis < 0 && !(low <= high)) /* TF: ranges of an axis are taken as they are */
        return fail(st, TF_INVALID_ARGUMENT, "Invalid range: input_min %g > input_max %g", low, high);
    }
    if (tensor_count(x) == 0) continue;
    int64_t at = i * p->inner;
    if (x->dtype == TF_FLOAT)
      round_f32(s, &l, (const float *)x->data + at, (float *)c->outputs[0].data + at, (float)low,
                (float)high);
    else round_f64(s, &l, (const double *)x->data + at, (double *)c->outputs[0].data + at, low, high);
  }
  return TF_OK;
}

/* ---- V4's gradient: 1 inside the range ---- */

static TF_Code check_grad_range(const Tensor *t, const char *name, int64_t axis, int64_t slices,
                                TF_Status *st) {
  if (axis < 0 ? t->rank == 0 : t->rank == 1 && t->dims[0] == slices) return TF_OK;
  if (axis < 0)
    return fail(st, TF_INVALID_ARGUMENT, "input_%s must be a scalar if axis is unspecified", name);
  return fail(st, TF_INVALID_ARGUMENT, "%s has incorrect size, expected %lld was %lld", name,
              (long long)slices, (long long)tensor_count(t));
}

static TF_Code round_grad_prepare(OpCtx *c, TF_Status *st) {
  const RoundPrep *p = c->prep;
  const Tensor *dy = op_input(c, 0), *x = op_input(c, 1), *low = op_input(c, 2), *high = op_input(c, 3);
  int64_t axis;
  TRY(node_attr_int(c->node, "axis", &axis, st));
  if (!tensor_same_shape(dy, x))
    return fail(st, TF_INVALID_ARGUMENT, "gradient and input must be the same size");
  if (axis >= x->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Axis should be -1 or 0 or a positive value less than %dbut given axis value was %lld",
                x->rank, (long long)axis);
  TRY(round_plan(c, x, axis, st));
  TRY(check_grad_range(low, "min", axis, p->slices, st));
  TRY(check_grad_range(high, "max", axis, p->slices, st));
  TRY(op_output_like(c, 0, x, st));
  TRY(op_output_like(c, 1, low, st));
  return op_output_like(c, 2, high, st);
}

static TF_Code round_grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const RoundPrep *p = c->prep;
  const Tensor *dy = op_input(c, 0), *x = op_input(c, 1);
  for (int k = 1; k < 3; k++) tensor_zero(&c->outputs[k]);
  for (int64_t i = 0, n = tensor_count(x); i < n; i++) {
    int64_t slice = i / p->inner % p->slices;
    double v = math_number_at(x, i);
    bool inside = v >= math_number_at(op_input(c, 2), slice) && v <= math_number_at(op_input(c, 3), slice);
    math_number_put(&c->outputs[0], i, math_number_at(dy, i) * (inside ? 1 : 0));
  }
  return TF_OK;
}

static TF_Code round_grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_merge(c->inputs[0], c->inputs[1], &c->outputs[0], st));
  c->outputs[1] = *c->inputs[2];
  c->outputs[2] = *c->inputs[3];
  return TF_OK;
}

#define ROUNDS(NAME, VALUES)                                                                                 \
  {                                                                                                          \
    NAME, .types = "T: float double", .value_inputs = VALUES, .state_size = sizeof(RoundState),              \
          .prep_size = sizeof(RoundPrep), .shape = shape_same, .init = round_init, .prepare = round_prepare, \
          .run = round_run                                                                                   \
  }

const OpRow ops_quant_round[] = {
    ROUNDS("QuantizeAndDequantize", 0),
    ROUNDS("QuantizeAndDequantizeV2", 0),
    ROUNDS("QuantizeAndDequantizeV3", 8),
    ROUNDS("QuantizeAndDequantizeV4", 0),
    {"QuantizeAndDequantizeV4Grad", .types = "T: float double", .prep_size = sizeof(RoundPrep),
     .shape = round_grad_shape, .prepare = round_grad_prepare, .run = round_grad_run},
    {0}};
