#include "ops/quant_util.h"

#include <math.h>

#include "ops/array_util.h"

int64_t quant_lowest(TF_DataType dtype) {
  switch (dtype) {
    case TF_QINT8: return INT8_MIN;
    case TF_QINT16: return INT16_MIN;
    case TF_QINT32: return INT32_MIN;
    default: return 0;
  }
}

int64_t quant_highest(TF_DataType dtype) {
  switch (dtype) {
    case TF_QINT8: return INT8_MAX;
    case TF_QUINT8: return UINT8_MAX;
    case TF_QINT16: return INT16_MAX;
    case TF_QUINT16: return UINT16_MAX;
    default: return INT32_MAX;
  }
}

int64_t quant_at(const Tensor *t, int64_t i) {
  switch (t->dtype) {
    case TF_QINT8: return ((const int8_t *)t->data)[i];
    case TF_QUINT8: return ((const uint8_t *)t->data)[i];
    case TF_QINT16: return ((const int16_t *)t->data)[i];
    case TF_QUINT16: return ((const uint16_t *)t->data)[i];
    default: return ((const int32_t *)t->data)[i];
  }
}

void quant_put(Tensor *t, int64_t i, int64_t v) {
  switch (t->dtype) {
    case TF_QINT8: ((int8_t *)t->data)[i] = (int8_t)v; break;
    case TF_QUINT8: ((uint8_t *)t->data)[i] = (uint8_t)v; break;
    case TF_QINT16: ((int16_t *)t->data)[i] = (int16_t)v; break;
    case TF_QUINT16: ((uint16_t *)t->data)[i] = (uint16_t)v; break;
    default: ((int32_t *)t->data)[i] = (int32_t)v; break;
  }
}

int64_t quant_truncate(double v) { return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN; }

static int64_t clamp(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }

/* How many steps v lies above min; the least int64_t for what is too large and for NaN. */
static int64_t steps_of_float(TF_DataType dtype, float v, float min, float max) {
  double steps = quant_steps(dtype), range = (double)(max - min) * (steps / (steps - 1)),
         scale = steps / range;
  return quant_truncate(round((double)v * scale) - round((double)min * scale));
}

int64_t quant_of_float_unclamped(TF_DataType dtype, float v, float min, float max) {
  int64_t lowest = quant_lowest(dtype);
  if (min == max) return lowest;
  return (int64_t)((uint64_t)steps_of_float(dtype, v, min, max) + (uint64_t)lowest);
}

int64_t quant_of_float(TF_DataType dtype, float v, float min, float max) {
  int64_t lowest = quant_lowest(dtype);
  if (min == max) return lowest;
  int64_t steps = steps_of_float(dtype, v, min, max); /* clamped first: with `lowest` added it might wrap */
  return lowest + clamp(steps, 0, quant_highest(dtype) - lowest);
}

float quant_to_float(TF_DataType dtype, int64_t v, float min, float max) {
  if (min == max) return min;
  double steps = quant_steps(dtype), scale = (double)(max - min) * (steps / (steps - 1)) / steps;
  float start = roundf(min / (float)scale) * (float)scale;
  return (float)((double)start + (double)(v - quant_lowest(dtype)) * scale);
}

QuantScale quant_scale_to_float(TF_DataType dtype, float min, float max) {
  QuantScale q = {.scale = (float)((double)(max - min) / (quant_steps(dtype) - 1)),
                  .lowest = (float)quant_lowest(dtype)};
  q.rounded = max == min ? min : roundf(min / q.scale) * q.scale;
  return q;
}

QuantScale quant_scale_of_float(TF_DataType dtype, float min, float max) {
  QuantScale q = {.scale = max == min ? 0 : (float)((quant_steps(dtype) - 1) / (double)(max - min)),
                  .lowest = (float)quant_lowest(dtype),
                  .low = (float)quant_lowest(dtype),
                  .high = (float)quant_highest(dtype)};
  if (q.high > 2147483520.0f) q.high = 2147483520.0f; /* the largest float that is an int32 */
  q.rounded = roundf(min * q.scale);
  return q;
}

int64_t quant_scaled_of_float(const QuantScale *q, float v) {
  float f = roundf(v * q->scale) - (q->rounded - q->lowest);
  f = f > q->low ? f : q->low; /* also for NaN */
  return (int64_t)(f < q->high ? f : q->high);
}

static float level(TF_DataType dtype, float min, float max) {
  return (max - min) / (float)(quant_highest(dtype) - quant_lowest(dtype));
}

void quant_product_range(TF_DataType a, float min_a, float max_a, TF_DataType b, float min_b, float max_b,
                         float *min, float *max) {
  float one = level(a, min_a, max_a) * level(b, min_b, max_b);
  *min = one * (float)INT32_MIN;
  *max = one * (float)INT32_MAX;
}

TF_Code quant_check_scalar(const OpCtx *c, int i, const char *name, TF_Status *st) {
  if (c->inputs[i]->rank == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "`%s` must be rank 0 but is rank %d", name, c->inputs[i]->rank);
}

TF_Code quant_range_output(OpCtx *c, int i, TF_Status *st) {
  TRY(op_output_scalar(c, i, TF_FLOAT, st));
  return op_output_scalar(c, i + 1, TF_FLOAT, st);
}

TF_Code shape_quant_same(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[0];
  for (int i = 1; i < c->num_outputs; i++) c->outputs[i] = shape_rank0();
  return TF_OK;
}
