/* How quantised numbers stand for floats: integers that divide a range [min, max] evenly. TensorFlow has
 * several formulas for it, which round differently; each kernel says which one it takes. */
#ifndef SM_OPS_QUANT_UTIL_H_
#define SM_OPS_QUANT_UTIL_H_

#include "ops/op.h"

/* The range of a quantised dtype, and how many numbers it has. */
int64_t quant_lowest(TF_DataType dtype);
int64_t quant_highest(TF_DataType dtype);
static inline double quant_steps(TF_DataType dtype) {
  return (double)(quant_highest(dtype) - quant_lowest(dtype)) + 1;
}

/* An element, and back: `v` must fit. */
int64_t quant_at(const Tensor *t, int64_t i);
void quant_put(Tensor *t, int64_t i, int64_t v);

/* ---- in double, by rounding both the number and the range's end ---- */
int64_t quant_of_float_unclamped(TF_DataType dtype, float v, float min, float max);
int64_t quant_of_float(TF_DataType dtype, float v, float min, float max);
float quant_to_float(TF_DataType dtype, int64_t v, float min, float max);

/* ---- in float, by scales worked out once ---- */
typedef struct QuantScale {
  float scale, rounded, lowest, low, high;
} QuantScale;
QuantScale quant_scale_to_float(TF_DataType dtype, float min, float max);
QuantScale quant_scale_of_float(TF_DataType dtype, float min, float max);
static inline float quant_scaled_to_float(const QuantScale *q, int64_t v) {
  return (q->rounded - q->lowest * q->scale) + (float)v * q->scale;
}
int64_t quant_scaled_of_float(const QuantScale *q, float v);

/* A double as int64, the lowest number where it does not fit (as the processor converts). */
int64_t quant_truncate(double v);
/* The range of a product (qint32) of numbers of these types. */
void quant_product_range(TF_DataType a, float min_a, float max_a, TF_DataType b, float min_b, float max_b,
                         float *min, float *max);

/* ---- inputs and outputs of kernels ---- */
/* prepare: input i holds one float; else TF_INVALID_ARGUMENT "`name` must be rank 0 but is rank 1". */
TF_Code quant_check_scalar(const OpCtx *c, int i, const char *name, TF_Status *st);
static inline float quant_float(const OpCtx *c, int i) { return *(const float *)c->inputs[i]->data; }
/* prepare: outputs i and i + 1 are a range. */
TF_Code quant_range_output(OpCtx *c, int i, TF_Status *st);
static inline void quant_put_range(OpCtx *c, int i, float min, float max) {
  *(float *)c->outputs[i].data = min;
  *(float *)c->outputs[i + 1].data = max;
}
/* Output 0 like input 0, the others scalars. */
ShapeFn shape_quant_same;

#endif
