/* FakeQuantWithMinMaxArgs, -Vars and -VarsPerChannel and their gradients: values rounded to what a
 * quantised model could tell apart. The range is moved a little so that zero is one of these values. */
#include <math.h>
#include <stddef.h>

#include "ops/array_util.h"
#include "ops/op.h"

typedef struct FakeState {
  float min, max; /* of -Args */
  float quant_min, quant_max;
} FakeState;

static TF_Code fake_init(OpInit *k, TF_Status *st) {
  FakeState *s = k->state;
  int64_t bits;
  bool narrow;
  const Attr *min = node_attr(k->node, "min"), *max = node_attr(k->node, "max");
  TRY(node_attr_int(k->node, "num_bits", &bits, st));
  TRY(node_attr_bool(k->node, "narrow_range", &narrow, st));
  if (bits < 2 || bits > 16)
    return fail(st, TF_INVALID_ARGUMENT, "num_bits must be between 2 and 16, inclusive");
  s->quant_min = narrow;
  s->quant_max = (float)((1 << bits) - 1);
  if (!min || !max) return TF_OK;
  s->min = min->v.f;
  s->max = max->v.f;
  if (!(s->min < s->max))
    return fail(st, TF_INVALID_ARGUMENT, "min has to be smaller than max, was: %g >= %g", (double)s->min,
                (double)s->max);
  return TF_OK;
}

static TF_Code fake_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  bool channels = strcmp(c->row->name, "FakeQuantWithMinMaxVarsPerChannel") == 0;
  if (channels && x->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "inputs must be at least 1-D");
  for (int i = 1; i < c->num_inputs; i++) {
    const Tensor *t = op_input(c, i);
    char text[SHAPE_TEXT_MAX];
    if (!channels && t->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "`%s` must be rank 0 but is rank %d", i == 1 ? "min" : "max",
                  t->rank);
    if (channels && (t->rank != 1 || t->dims[0] != x->dims[x->rank - 1]))
      return fail(st, TF_INVALID_ARGUMENT, "%s has incorrect size, expected %lld was %s",
                  i == 1 ? "min" : "max", (long long)x->dims[x->rank - 1],
                  shape_text(t->dims, t->rank, text, sizeof text));
  }
  return op_output_like(c, 0, x, st);
}

/* The range moved so that zero is one of its values; `scale`: of a step. */
static void nudge(const FakeState *s, float min, float max, float *low, float *high, float *scale) {
  *scale = (max - min) / (s->quant_max - s->quant_min);
  float zero = s->quant_min - min / *scale;
  zero = zero < s->quant_min ? s->quant_min : zero > s->quant_max ? s->quant_max : roundf(zero);
  *low = (s->quant_min - zero) * *scale;
  *high = (s->quant_max - zero) * *scale;
}

/* n elements `step` apart. */
static void fake_quant(const FakeState *s, float min, float max, const float *in, float *out, int64_t n,
                       int64_t step, bool by_division) {
  if (min == 0 && max == 0) { /* a range not yet known */
    for (int64_t i = 0; i < n; i++) out[i * step] = 0;
    return;
  }
  float scale, low, high;
  nudge(s, min, max, &low, &high, &scale);
  /* TF: not 1 / scale, whose rounding would decide ties otherwise. */
  float inverse = (s->quant_max - s->quant_min) / (max - min);
  float quant_zero = floorf(-low * inverse + 0.5f);
  for (int64_t i = 0; i < n; i++) {
    float v = in[i * step];
    /* Limits may be in the wrong order: then all is the lower one's. */
    v = v > high ? high : v;
    v = v < low ? low : v;
    /* TF: the formulas differ, and so do their ties. */
    if (by_division) out[i * step] = floorf((v - low) / scale + 0.5f) * scale + low;
    else out[i * step] = floorf((v - low) * inverse - quant_zero + 0.5f) * scale;
  }
}

static TF_Code fake_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const FakeState *s = c->state;
  const Tensor *x = op_input(c, 0);
  int64_t count = tensor_count(x);
  const float *in = x->data;
  float *out = c->outputs[0].data;
  if (count == 0) return TF_OK;
  if (c->num_inputs == 1) {
    fake_quant(s, s->min, s->max, in, out, count, 1, false);
    return TF_OK;
  }
  const float *min = op_input(c, 1)->data, *max = op_input(c, 2)->data;
  int64_t channels = op_input(c, 1)->rank ? op_input(c, 1)->dims[0] : 1;
  for (int64_t i = 0; i < channels; i++)
    fake_quant(s, min[i], max[i], in + i, out + i, count / channels, channels, op_input(c, 1)->rank == 0);
  return TF_OK;
}

/* ---- gradients: inputs gradients, inputs[, min, max]; outputs of the input[, of min, of max] ---- */

static TF_Code fake_grad_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *dy = op_input(c, 0), *x = op_input(c, 1);
  bool channels = strstr(c->row->name, "PerChannel") != NULL;
  char text[SHAPE_TEXT_MAX];
  if (!tensor_same_shape(dy, x))
    return fail(st, TF_INVALID_ARGUMENT, "gradient and input must be the same size");
  if (channels && x->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "inputs must be at least 1-D");
  for (int i = 2; i < c->num_inputs; i++) {
    const Tensor *t = op_input(c, i);
    const char *name = i == 2 ? "min" : "max";
    if (!channels && t->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "`%s` must be rank 0 but is rank %d", name, t->rank);
    if (channels && (t->rank != 1 || t->dims[0] != x->dims[x->rank - 1]))
      return fail(st, TF_INVALID_ARGUMENT, "%s has incorrect size, expected %lld was %s", name,
                  (long long)x->dims[x->rank - 1], shape_text(t->dims, t->rank, text, sizeof text));
    TRY(op_output_like(c, i - 1, t, st));
  }
  return op_output_like(c, 0, x, st);
}

/* n elements `step` apart; what falls outside belongs to the end of the range. All are products with 0 or 1, so
 * that a NaN is seen in each output; but a range of nothing is not quantised. */
static void fake_grad(const FakeState *s, float min, float max, const float *dy, const float *x, float *dx,
                      int64_t n, int64_t step, double *below, double *above) {
  float low, high, scale;
  if (min == 0 && max == 0) {
    for (int64_t i = 0; i < n * step; i += step) dx[i] = dy[i];
    return;
  }
  nudge(s, min, max, &low, &high, &scale);
  for (int64_t i = 0; i < n * step; i += step) {
    dx[i] = dy[i] * (float)(x[i] >= low && x[i] <= high);
    *below += (double)(dy[i] * (float)(x[i] < low));
    *above += (double)(dy[i] * (float)(x[i] > high));
  }
}

static TF_Code fake_grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const FakeState *s = c->state;
  const float *dy = op_input(c, 0)->data, *x = op_input(c, 1)->data;
  float *dx = c->outputs[0].data;
  bool vars = c->num_inputs > 2;
  int64_t count = tensor_count(op_input(c, 1)),
          channels = vars && op_input(c, 2)->rank ? op_input(c, 2)->dims[0] : 1;
  for (int64_t i = 0; i < channels; i++) {
    float min = vars ? ((const float *)op_input(c, 2)->data)[i] : s->min;
    float max = vars ? ((const float *)op_input(c, 3)->data)[i] : s->max;
    double below = 0, above = 0;
    if (count) fake_grad(s, min, max, dy + i, x + i, dx + i, count / channels, channels, &below, &above);
    if (!vars) continue;
    ((float *)c->outputs[1].data)[i] = (float)below;
    ((float *)c->outputs[2].data)[i] = (float)above;
  }
  return TF_OK;
}

static TF_Code fake_grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_merge(c->inputs[0], c->inputs[1], &c->outputs[0], st));
  for (int i = 1; i < c->num_outputs; i++) c->outputs[i] = *c->inputs[i + 1];
  return TF_OK;
}

#define FAKE(name_)                                                                                          \
  {                                                                                                          \
    name_, .state_size = sizeof(FakeState), .shape = shape_same, .init = fake_init, .prepare = fake_prepare, \
           .run = fake_run                                                                                   \
  }
#define FAKE_GRAD(name_)                                                                 \
  {                                                                                      \
    name_, .state_size = sizeof(FakeState), .shape = fake_grad_shape, .init = fake_init, \
           .prepare = fake_grad_prepare, .run = fake_grad_run                            \
  }
const OpRow ops_quant_fake[] = {FAKE("FakeQuantWithMinMaxArgs"),
                                FAKE("FakeQuantWithMinMaxVars"),
                                FAKE("FakeQuantWithMinMaxVarsPerChannel"),
                                FAKE_GRAD("FakeQuantWithMinMaxArgsGradient"),
                                FAKE_GRAD("FakeQuantWithMinMaxVarsGradient"),
                                FAKE_GRAD("FakeQuantWithMinMaxVarsPerChannelGradient"),
                                {0}};
