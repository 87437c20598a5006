/* QuantizedInstanceNorm and QuantizedBatchNormWithGlobalNormalization. */
#include <float.h>
#include <math.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/quant_util.h"

/* ---- QuantizedInstanceNorm: each channel of each image to mean 0 and variance 1 ---- */

typedef struct InstanceState {
  bool given;
  float min, max, epsilon, separation;
} InstanceState;

static TF_Code instance_init(OpInit *k, TF_Status *st) {
  InstanceState *s = k->state;
  TRY(node_attr_bool(k->node, "output_range_given", &s->given, st));
  TRY(node_attr_float(k->node, "given_y_min", &s->min, st));
  TRY(node_attr_float(k->node, "given_y_max", &s->max, st));
  TRY(node_attr_float(k->node, "variance_epsilon", &s->epsilon, st));
  TRY(node_attr_float(k->node, "min_separation", &s->separation, st));
  if (s->given && !(s->min < s->max))
    return fail(st, TF_INVALID_ARGUMENT, "given_y_min must be less than given_y_max : %g >= %g",
                (double)s->min, (double)s->max);
  return TF_OK;
}

static TF_Code instance_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  size_t bytes;
  TRY(quant_check_scalar(c, 1, "x_min", st));
  TRY(quant_check_scalar(c, 2, "x_max", st));
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "input must be 4-dimensional");
  if (!checked_mul((size_t)tensor_count(x), sizeof(float), &bytes)) return fail_oom(st, "scratch of a norm");
  op_scratch(c, bytes);
  TRY(op_output_like(c, 0, x, st));
  return quant_range_output(c, 1, st);
}

/* A channel of an image: `n` elements, `step` apart. */
static void normalise(const uint8_t *in, float *out, int64_t n, int64_t step, float scale, float epsilon) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; i++) sum += in[i * step];
  float mean = (float)(sum / (double)n);
  for (int64_t i = 0; i < n; i++) {
    float v = scale * ((float)in[i * step] - mean);
    squares += (double)(v * v);
  }
  float inverse = 1 / sqrtf((float)(squares / (double)n) + epsilon);
  for (int64_t i = 0; i < n; i++) out[i * step] = scale * ((float)in[i * step] - mean) * inverse;
}

static TF_Code instance_run(OpCtx *c, TF_Status *st) {
  const InstanceState *s = c->state;
  const Tensor *x = op_input(c, 0);
  float low = quant_float(c, 1), high = quant_float(c, 2), min = INFINITY, max = -INFINITY,
        *normed = c->scratch;
  int64_t pixels = x->dims[1] * x->dims[2], channels = x->dims[3], n = tensor_count(x);
  if (!(low < high))
    return fail(st, TF_INVALID_ARGUMENT, "input_min must be less than input_max : %g >= %g", (double)low,
                (double)high);
  for (int64_t i = 0; n && i < x->dims[0] * channels; i++) {
    int64_t at = i / channels * pixels * channels + i % channels;
    normalise((const uint8_t *)x->data + at, normed + at, pixels, channels, (high - low) / 255.0f,
              s->epsilon);
  }
  for (int64_t i = 0; i < n; i++) {
    min = fminf(min, normed[i]);
    max = fmaxf(max, normed[i]);
  }
  if (s->given) {
    min = s->min;
    max = s->max;
  }
  if (max - min < s->separation) max = min + s->separation;
  QuantScale to = quant_scale_of_float(TF_QUINT8, min, max);
  for (int64_t i = 0; i < n; i++) quant_put(&c->outputs[0], i, quant_scaled_of_float(&to, normed[i]));
  quant_put_range(c, 1, min, max);
  return TF_OK;
}

/* ---- QuantizedBatchNormWithGlobalNormalization: inputs t, m, v, beta, gamma, each with its range ---- */

typedef struct BatchState {
  float epsilon;
  bool scale;
} BatchState;

static TF_Code batch_init(OpInit *k, TF_Status *st) {
  BatchState *s = k->state;
  TRY(node_attr_float(k->node, "variance_epsilon", &s->epsilon, st));
  return node_attr_bool(k->node, "scale_after_normalization", &s->scale, st);
}

static TF_Code batch_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"input", "mean", "var", "beta", "gamma"};
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  for (int i = 0; i < 5; i++) {
    const Tensor *t = op_input(c, 3 * i);
    for (int k = 1; k < 3; k++)
      if (op_input(c, 3 * i + k)->rank != 0)
        return fail(st, TF_INVALID_ARGUMENT, "%s_%s must be a scalar", names[i], k == 1 ? "min" : "max");
    TRY(tensor_want_rank(t, names[i], i ? 1 : 4, st));
  }
  const Tensor *mean = op_input(c, 3);
  if (mean->dims[0] < 2) /* TF: one is not enough */
    return fail(st, TF_INVALID_ARGUMENT, "Must have at least a mean value%s",
                shape_text(mean->dims, 1, text, sizeof text));
  for (int i = 1; i < 5; i++)
    if (op_input(c, 3 * i)->dims[0] != x->dims[3])
      return fail(st, TF_INVALID_ARGUMENT, "%s must have as many elements as the last dimension of the input",
                  names[i]);
  TRY(op_output(c, 0, TF_QINT32, x->dims, 4, st));
  return quant_range_output(c, 1, st);
}

static float value_of(const OpCtx *c, int i, int64_t channel) {
  return quant_to_float(TF_QUINT8, quant_at(op_input(c, 3 * i), channel), quant_float(c, 3 * i + 1),
                        quant_float(c, 3 * i + 2));
}

enum { RANGE = 1 << 20 }; /* of the output: 11 bits are left behind the point */

static int64_t fixed(float v) { return quant_of_float(TF_QINT32, v, -RANGE, RANGE); }

static TF_Code batch_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const BatchState *s = c->state;
  const Tensor *x = op_input(c, 0);
  int64_t n = x->dims[3], pixels = tensor_count(x) / n, one = fixed(1);
  for (int64_t ch = 0; ch < n; ch++) {
    float scale = 1.0f / sqrtf(value_of(c, 2, ch) + s->epsilon);
    if (s->scale) scale *= value_of(c, 4, ch);
    int64_t factor = fixed(scale), offset = fixed(-value_of(c, 1, ch) * scale + value_of(c, 3, ch));
    for (int64_t i = ch; i < pixels * n; i += n) {
      float v = quant_to_float(TF_QUINT8, quant_at(x, i), quant_float(c, 1), quant_float(c, 2));
      /* TF: products of 32 bits, which wrap. */
      int32_t product = (int32_t)((uint32_t)fixed(v) * (uint32_t)factor);
      ((int32_t *)c->outputs[0].data)[i] = (int32_t)((uint32_t)(product / (int32_t)one) + (uint32_t)offset);
    }
  }
  quant_put_range(c, 1, -RANGE, RANGE);
  return TF_OK;
}

const OpRow ops_quant_norm[] = {
    {"QuantizedInstanceNorm", .types = "T: quint8", .state_size = sizeof(InstanceState),
     .shape = shape_quant_same, .init = instance_init, .prepare = instance_prepare, .run = instance_run},
    {"QuantizedBatchNormWithGlobalNormalization", .types = "Tinput: quint8; out_type: qint32",
     .state_size = sizeof(BatchState), .shape = shape_quant_same, .init = batch_init,
     .prepare = batch_prepare, .run = batch_run},
    {0}};
