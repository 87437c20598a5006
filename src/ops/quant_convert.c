/* Floats to quantised numbers and back, and between quantised types: QuantizeV2, Dequantize,
 * QuantizeDownAndShrinkRange, Requantize, RequantizationRange. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/quant_util.h"

typedef enum QuantMode { MIN_COMBINED, MIN_FIRST, SCALED } QuantMode;

typedef struct ConvertState {
  QuantMode mode;
  bool narrow, half_even;
  int64_t axis;
  float least_range;
} ConvertState;

typedef struct ConvertPrep {
  int64_t outer, slices, inner;
} ConvertPrep;

static bool text_is(Span s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

static TF_Code convert_read(ConvertState *s, const Node *node, TF_Status *st) {
  Span mode;
  TRY(node_attr_string(node, "mode", &mode, st));
  s->mode = text_is(mode, "SCALED") ? SCALED : text_is(mode, "MIN_FIRST") ? MIN_FIRST : MIN_COMBINED;
  TRY(node_attr_bool(node, "narrow_range", &s->narrow, st));
  return node_attr_int(node, "axis", &s->axis, st);
}

static TF_Code quantize_init(OpInit *k, TF_Status *st) {
  static const char *const names[] = {"MIN_COMBINED", "MIN_FIRST", "SCALED"};
  ConvertState *s = k->state;
  Span round;
  TRY(convert_read(s, k->node, st));
  TRY(node_attr_float(k->node, "ensure_minimum_range", &s->least_range, st));
  TRY(node_attr_string(k->node, "round_mode", &round, st));
  s->half_even = text_is(round, "HALF_TO_EVEN");
  if (!s->half_even || s->mode == SCALED) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED', but mode is '%s'.",
              names[s->mode]);
}

static TF_Code dequantize_init(OpInit *k, TF_Status *st) {
  ConvertState *s = k->state;
  TRY(convert_read(s, k->node, st));
  if (dtype_base(k->node->output_types[0]) == TF_FLOAT || s->mode == MIN_COMBINED) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "When output type is bfloat16, Mode string must be 'MIN_COMBINED', is '%s'",
              s->mode == SCALED ? "SCALED" : "MIN_FIRST");
}

static TF_Code split(OpCtx *c, const Tensor *x, int64_t axis) {
  ConvertPrep *p = c->prep;
  p->outer = axis < 0 ? 1 : dims_product(x->dims, 0, (int)axis);
  p->slices = axis < 0 ? 1 : x->dims[axis];
  p->inner = axis < 0 ? tensor_count(x) : dims_product(x->dims, (int)axis + 1, x->rank);
  return TF_OK;
}

/* ---- QuantizeV2 ---- */

static TF_Code check_quantize_range(const OpCtx *c, int i, const char *name, TF_Status *st) {
  static const char say[] =
      "If axis is specified, %s must be a 1-D tensor whose size matches the axis dimension of the input and "
      "output tensors, "
      "but %s";
  const ConvertState *s = c->state;
  const ConvertPrep *p = c->prep;
  const Tensor *t = op_input(c, i);
  char rest[128];
  if (s->axis < 0 && tensor_count(t) == 1) return TF_OK;
  if (s->axis < 0)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "If axis is not specified, %s must contain a single float element, but it contains %lld elements",
        name, (long long)tensor_count(t));
  if (t->rank == 1 && t->dims[0] == p->slices) return TF_OK;
  if (t->rank != 1) snprintf(rest, sizeof rest, "%s dims are %d", name, t->rank);
  else
    snprintf(rest, sizeof rest, "%s is a 1-D tensor of size %lld and input's axis dimension is of size %lld",
             name, (long long)t->dims[0], (long long)p->slices);
  return fail(st, TF_INVALID_ARGUMENT, say, name, rest);
}

static TF_Code quantize_prepare(OpCtx *c, TF_Status *st) {
  const ConvertState *s = c->state;
  const ConvertPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  if (s->axis < -1)
    return fail(st, TF_INVALID_ARGUMENT, "Axis must be at least -1. Found %lld", (long long)s->axis);
  if (s->axis >= x->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Axis is on a zero-based index, so its value must always be less than number of "
                "input's dims, but given axis value was %lld and input's dims was %d",
                (long long)s->axis, x->rank);
  split(c, x, s->axis);
  TRY(check_quantize_range(c, 1, "min_range", st));
  TRY(check_quantize_range(c, 2, "max_range", st));
  if (s->axis >= 0 && s->mode == MIN_FIRST)
    return fail(st, TF_UNIMPLEMENTED, "MIN_FIRST mode is not implemented for Quantize with axis != -1.");
  TRY(op_output_like(c, 0, x, st));
  if (s->axis < 0) return quant_range_output(c, 1, st);
  for (int i = 1; i < 3; i++) TRY(op_output(c, i, TF_FLOAT, &p->slices, 1, st));
  return TF_OK;
}

typedef struct Slice {
  TF_DataType dtype;
  const ConvertState *s;
  float low, high, scale, half;
  QuantScale q;
} Slice;

/* The range that the numbers will stand for: with 0 in it, and not too narrow. */
static TF_Code quantize_range(Slice *l, float low, float high, TF_Status *st) {
  const ConvertState *s = l->s;
  if (high < low)
    return fail(st, TF_INVALID_ARGUMENT, "input_max_range must be larger than input_min_range.");
  float largest = fmaxf(1, fmaxf(fabsf(low), fabsf(high)));
  l->low = low < 0 ? low : 0;
  l->high = fmaxf(high, l->low + largest * s->least_range);
  if (l->high < 0) l->high = 0;
  float lowest = (float)quant_lowest(l->dtype), highest = (float)quant_highest(l->dtype);
  if (s->mode == SCALED) {
    if (s->narrow) lowest = (float)(quant_lowest(l->dtype) + 1);
    float by_low = lowest * l->low > 0 ? lowest / l->low : FLT_MAX;
    float by_high = highest * l->high > 0 ? highest / l->high : FLT_MAX;
    l->scale = by_low < by_high ? by_low : by_high;
    l->low = lowest / l->scale;
    l->high = highest / l->scale;
    if (l->low < FLT_MIN && l->low > 0) l->low = 0; /* TF: computes without denormal numbers */
  } else if (s->mode == MIN_COMBINED) {
    l->scale = (float)((quant_steps(l->dtype) - 1) / (double)(l->high - l->low));
    l->half = quant_lowest(l->dtype) < 0 ? (float)(quant_steps(l->dtype) / 2) : 0;
  } else {
    l->q = quant_scale_of_float(l->dtype, l->low, l->high);
  }
  return TF_OK;
}

static int64_t quantize_one(const Slice *l, float v) {
  if (l->s->mode == MIN_FIRST) return quant_scaled_of_float(&l->q, v);
  float f = v < l->high ? v : l->high;
  f = f > l->low ? f : l->low;
  if (l->s->mode == SCALED) f = l->s->half_even ? rintf(f * l->scale) : roundf(f * l->scale);
  else if (l->half != 0) f = roundf((f - l->low) * l->scale - l->half);
  else f = floorf((f - l->low) * l->scale + 0.5f);
  /* What does not fit: an int32 becomes the lowest, as the processor converts; smaller ones stop at their
   * ends. */
  int64_t lowest = quant_lowest(l->dtype), highest = quant_highest(l->dtype);
  if (!(f >= (float)lowest)) return lowest;
  if (f >= (float)highest + 1) return l->dtype == TF_QINT32 ? lowest : highest;
  return (int64_t)f;
}

static TF_Code quantize_run(OpCtx *c, TF_Status *st) {
  const ConvertPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  for (int64_t i = 0; i < p->slices; i++) {
    Slice l = {.dtype = out->dtype, .s = c->state};
    TRY(quantize_range(&l, ((const float *)op_input(c, 1)->data)[i], ((const float *)op_input(c, 2)->data)[i],
                       st));
    ((float *)c->outputs[1].data)[i] = l.low;
    ((float *)c->outputs[2].data)[i] = l.high;
    for (int64_t o = 0; o < p->outer; o++)
      for (int64_t at = (o * p->slices + i) * p->inner, end = at + p->inner; at < end; at++)
        quant_put(out, at, quantize_one(&l, ((const float *)x->data)[at]));
  }
  return TF_OK;
}

static TF_Code quantize_shape(ShapeCtx *c, TF_Status *st) {
  ConvertState s;
  TRY(convert_read(&s, c->node, st));
  if (s.axis < -1)
    return fail(st, TF_INVALID_ARGUMENT, "axis should be at least -1, got %lld", (long long)s.axis);
  c->outputs[0] = *c->inputs[0];
  Shape range = shape_rank0();
  if (s.axis >= 0) range = shape_vector(s.axis < c->inputs[0]->rank ? c->inputs[0]->dims[s.axis] : -1);
  for (int i = 1; i < c->num_outputs; i++) c->outputs[i] = range;
  return TF_OK;
}

/* ---- Dequantize ---- */

static TF_Code dequantize_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"input_min_tensor", "input_max_tensor"};
  const ConvertState *s = c->state;
  const ConvertPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  if (s->axis < -1)
    return fail(st, TF_INVALID_ARGUMENT, "axis should be at least -1, got %lld", (long long)s->axis);
  if (s->axis >= x->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Axis must be less than input dimension(%d), got %lld", x->rank,
                (long long)s->axis);
  split(c, x, s->axis);
  for (int i = 0; i < 2; i++) {
    if (tensor_count(op_input(c, 1 + i)) == p->slices) continue;
    return fail(
        st, TF_INVALID_ARGUMENT,
        "%s must have as many elements as input on the dequantization axis (%lld), got %lld, expected %lld",
        names[i], (long long)s->axis, (long long)tensor_count(op_input(c, 1 + i)), (long long)p->slices);
  }
  if (s->axis >= 0 && p->slices != 1 && s->mode == MIN_FIRST)
    return fail(st, TF_UNIMPLEMENTED, "MIN_FIRST mode is not implemented for Dequantize with axis != -1.");
  return op_output(c, 0, c->node->output_types[0], x->dims, x->rank, st);
}

static float dequantize_one(const Slice *l, int64_t v) {
  switch (l->s->mode) {
    case MIN_COMBINED: return ((float)v + l->half) * l->scale + l->low;
    case MIN_FIRST: return quant_scaled_to_float(&l->q, v);
    default: return (float)v * l->scale;
  }
}

static TF_Code dequantize_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const ConvertState *s = c->state;
  const ConvertPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  int64_t lowest = quant_lowest(x->dtype), highest = quant_highest(x->dtype);
  for (int64_t i = 0; i < p->slices; i++) {
    float low = ((const float *)op_input(c, 1)->data)[i], high = ((const float *)op_input(c, 2)->data)[i];
    Slice l = {.dtype = x->dtype,
               .s = s,
               .low = low,
               .half = lowest < 0 ? (float)(quant_steps(x->dtype) / 2) : 0};
    if (s->mode == SCALED)
      l.scale = lowest == 0 ? high / (float)highest
                            : fmaxf(low / (float)(lowest + s->narrow), high / (float)highest);
    else if (s->mode == MIN_COMBINED) l.scale = (high - low) / ((float)highest - (float)lowest);
    else l.q = quant_scale_to_float(x->dtype, low, high);
    for (int64_t o = 0; o < p->outer; o++)
      for (int64_t at = (o * p->slices + i) * p->inner, end = at + p->inner; at < end; at++)
        math_number_put(&c->outputs[0], at, (double)dequantize_one(&l, quant_at(x, at)));
  }
  return TF_OK;
}

/* ---- qint32 to eight bits ---- */

/* The floats that the numbers in use stand for; the lower one is at most 0. */
static void used_range(const Tensor *x, float low, float high, float *min, float *max) {
  int64_t least = INT32_MAX, most = INT32_MIN;
  for (int64_t i = 0, n = tensor_count(x); i < n; i++) {
    int64_t v = quant_at(x, i);
    if (v < least) least = v;
    if (v > most) most = v;
  }
  *min = quant_to_float(x->dtype, least, low, high);
  if (!(*min < 0)) *min = 0;
  *max = quant_to_float(x->dtype, most, low, high);
}

/* quint8 in fixed point of 16 bits. */
static void requantize_u8(const Tensor *x, Tensor *out, float low, float high, float min, float max) {
  float in_range = high - low, out_range = max - min;
  float inverse = out_range == 0 ? 0 : (float)(255.0 / (double)out_range),
        middle = (float)((double)(low + high) / 2);
  double one = 65536;
  int64_t scale = out_range == 0 ? 0 : quant_truncate(255.0 * one * (double)in_range / (double)out_range);
  int64_t in_offset = quant_truncate((double)(middle * inverse * 65536.0f));
  int64_t out_offset = out_range == 0 ? 0 : quant_truncate(one * ((double)min * 255.0) / (double)out_range);
  for (int64_t i = 0, n = tensor_count(x); i < n; i++) {
    int64_t product = (int64_t)((uint64_t)quant_at(x, i) * (uint64_t)scale) >> 32;
    int64_t v = (int64_t)((uint64_t)product + (uint64_t)in_offset - (uint64_t)out_offset + 32768) >> 16;
    ((uint8_t *)out->data)[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
  }
}

static void requantize(const Tensor *x, Tensor *out, float low, float high, float min, float max) {
  if (out->dtype == TF_QUINT8) {
    requantize_u8(x, out, low, high, min, max);
    return;
  }
  QuantScale from = quant_scale_to_float(x->dtype, low, high),
             to = quant_scale_of_float(out->dtype, min, max);
  for (int64_t i = 0, n = tensor_count(x); i < n; i++)
    quant_put(out, i, quant_scaled_of_float(&to, quant_scaled_to_float(&from, quant_at(x, i))));
}

static TF_Code requantize_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"input_min", "input_max", "requested_output_min",
                                      "requested_output_max"};
  for (int i = 1; i < c->num_inputs; i++) TRY(quant_check_scalar(c, i, names[i - 1], st));
  TRY(op_output_like(c, 0, op_input(c, 0), st));
  return quant_range_output(c, 1, st);
}

static TF_Code shrink_run(OpCtx *c, TF_Status *st) {
  (void)st;
  float low = quant_float(c, 1), high = quant_float(c, 2), min, max;
  used_range(op_input(c, 0), low, high, &min, &max);
  requantize(op_input(c, 0), &c->outputs[0], low, high, min, max);
  quant_put_range(c, 1, min, max);
  return TF_OK;
}

static TF_Code requantize_run(OpCtx *c, TF_Status *st) {
  float min = quant_float(c, 3), max = quant_float(c, 4);
  if (!(min <= 0))
    return fail(st, TF_INVALID_ARGUMENT, "requested_output_min must be <= 0, but got %g", (double)min);
  if (!(max >= min))
    return fail(st, TF_INVALID_ARGUMENT,
                "requested_output_max must be >= requested_output_min, but got %g and %g", (double)max,
                (double)min);
  requantize(op_input(c, 0), &c->outputs[0], quant_float(c, 1), quant_float(c, 2), min, max);
  quant_put_range(c, 1, min, max);
  return TF_OK;
}

static TF_Code range_prepare(OpCtx *c, TF_Status *st) {
  for (int i = 1; i < 3; i++)
    if (tensor_count(op_input(c, i)) != 1)
      return fail(st, TF_INVALID_ARGUMENT, "%s must have 1 element.", i == 1 ? "input_min" : "input_max");
  return quant_range_output(c, 0, st);
}

static TF_Code range_run(OpCtx *c, TF_Status *st) {
  (void)st;
  float min, max;
  used_range(op_input(c, 0), quant_float(c, 1), quant_float(c, 2), &min, &max);
  quant_put_range(c, 0, min, max);
  return TF_OK;
}

const OpRow ops_quant_convert[] = {
    {"QuantizeV2", .types = "T: " TYPES_QUANTIZED_ALL, .state_size = sizeof(ConvertState),
     .prep_size = sizeof(ConvertPrep), .shape = quantize_shape, .init = quantize_init,
     .prepare = quantize_prepare, .run = quantize_run},
    {"Dequantize", .types = "T: " TYPES_QUANTIZED_ALL "; dtype: float bfloat16",
     .state_size = sizeof(ConvertState), .prep_size = sizeof(ConvertPrep), .shape = shape_same,
     .init = dequantize_init, .prepare = dequantize_prepare, .run = dequantize_run},
    {"QuantizeDownAndShrinkRange", .types = "Tinput: qint32; out_type: quint8", .shape = shape_quant_same,
     .prepare = requantize_prepare, .run = shrink_run},
    {"Requantize", .types = "Tinput: qint32; out_type: quint8 qint8", .shape = shape_quant_same,
     .prepare = requantize_prepare, .run = requantize_run},
    {"RequantizationRange", .types = "Tinput: qint32", .shape = shape_scalar, .prepare = range_prepare,
     .run = range_run},
    {0}};
