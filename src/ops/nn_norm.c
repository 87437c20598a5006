/* FusedBatchNorm, V2, V3 and their gradients; LRN.
 *
 * A tensor is outer x channels x inner elements: inner is 1 when channels come last. Statistics are taken in
 * double, two passes; half and bfloat16 are widened into scratch first. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef struct NormState {
  bool training, channels_first, gradient;
  double epsilon;
  float factor; /* exponential_avg_factor */
  TF_DataType dtype;
} NormState;

typedef struct NormPrep {
  int64_t outer, channels, inner, count; /* count: elements of one channel */
  size_t x_at, y_at, out_at, stats_at;   /* offsets in scratch */
} NormPrep;

static TF_Code norm_init(OpInit *k, TF_Status *st) {
  NormState *s = k->state;
  Span format;
  float epsilon;
  s->gradient = strstr(k->node->op, "Grad") != NULL;
  TRY(node_attr_string(k->node, "data_format", &format, st));
  s->channels_first = format.size >= 2 && ((const char *)format.data)[1] == 'C';
  TRY(node_attr_float(k->node, "epsilon", &epsilon, st));
  s->epsilon = (double)epsilon;
  TRY(node_attr_bool(k->node, "is_training", &s->training, st));
  s->factor = 1;
  if (node_attr(k->node, "exponential_avg_factor"))
    TRY(node_attr_float(k->node, "exponential_avg_factor", &s->factor, st));
  s->dtype = dtype_base(k->node->output_types[0]);
  return TF_OK;
}

/* The split of x's dims; vectors must have an element a channel. */
static TF_Code norm_plan(OpCtx *c, const Tensor *x, TF_Status *st) {
  const NormState *s = c->state;
  NormPrep *p = c->prep;
  char text[SHAPE_TEXT_MAX];
  if (x->rank != 4 && x->rank != 5)
    return fail(st, TF_INVALID_ARGUMENT, "input must be 4 or 5-dimensional%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  int at = s->channels_first ? 1 : x->rank - 1;
  p->outer = p->inner = 1;
  p->channels = x->dims[at];
  for (int d = 0; d < x->rank; d++)
    if (d != at) *(d < at ? &p->outer : &p->inner) *= x->dims[d];
  p->count = p->outer * p->inner;
  return TF_OK;
}

static TF_Code check_vector(const Tensor *t, const char *name, int64_t channels, TF_Status *st) {
  TRY(tensor_want_rank(t, name, 1, st));
  if (t->dims[0] != channels)
    return fail(st, TF_INVALID_ARGUMENT,
                "%s must have the same number of elements as the channels of x, got %lld and %lld", name,
                (long long)t->dims[0], (long long)channels);
  return TF_OK;
}

static TF_Code norm_prepare(OpCtx *c, TF_Status *st) {
  const NormState *s = c->state;
  NormPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  TRY(norm_plan(c, x, st));
  TRY(check_vector(op_input(c, 1), "scale", p->channels, st));
  TRY(check_vector(op_input(c, 2), "offset", p->channels, st));
  bool needs_moments = !s->training || s->factor != 1;
  if (needs_moments || tensor_count(op_input(c, 3)) != 0)
    TRY(check_vector(op_input(c, 3), "mean", p->channels, st));
  if (needs_moments || tensor_count(op_input(c, 4)) != 0)
    TRY(check_vector(op_input(c, 4), "variance", p->channels, st));
  size_t total = 0;
  if (math_is_16(s->dtype)) TRY(op_scratch_take(&total, &p->x_at, tensor_count(x), sizeof(float), st));
  TRY(op_scratch_take(&total, &p->stats_at, p->channels * 4, sizeof(double), st));
  op_scratch(c, total);
  TRY(op_output_like(c, 0, x, st));
  for (int i = 1; i < c->num_outputs; i++) {
    TRY(op_output(c, i, TF_FLOAT, &p->channels, i < 5, st)); /* TF: V3's last one is a scalar */
  }
  return TF_OK;
}

/* Sums of one channel at a time over a tensor of floats: f(x) accumulated by `add`. */
typedef struct Walk {
  const NormPrep *p;
  const float *x, *dy;
  float *out;
  const double *mean, *inv;    /* a channel's mean, and 1 / sqrt(variance + epsilon) */
  const float *scale, *offset; /* by channel; with given moments the mean is in the offset */
  double *sum, *sum2;
} Walk;

/* sum of x, or of (x - mean)^2 when `mean` is given. */
static void channel_moments(const Walk *w, double *out) {
  const NormPrep *p = w->p;
  for (int64_t c = 0; c < p->channels; c++) out[c] = 0;
  for (int64_t o = 0; o < p->outer; o++) {
    const float *x = w->x + o * p->channels * p->inner;
    for (int64_t c = 0; c < p->channels; c++, x += p->inner) {
      double sum = 0, mean = w->mean ? w->mean[c] : 0;
      for (int64_t i = 0; i < p->inner; i++) {
        double v = (double)x[i] - mean;
        sum += w->mean ? v * v : v;
      }
      out[c] += sum;
    }
  }
}

/* With a batch's own moments: x minus the mean first, since a small variance makes the scale large. */
static void apply_moments(void *arg, int64_t begin, int64_t end) {
  const Walk *w = arg;
  const NormPrep *p = w->p;
  for (int64_t o = begin; o < end; o++)
    for (int64_t c = 0, at = o * p->channels * p->inner; c < p->channels; c++)
      for (int64_t i = 0; i < p->inner; i++, at++)
        w->out[at] = (float)((double)w->x[at] - w->mean[c]) * w->scale[c] + w->offset[c];
}

static void apply_rows(void *arg, int64_t begin, int64_t end) {
  const Walk *w = arg;
  const NormPrep *p = w->p;
  const Simd *table = simd();
  for (int64_t o = begin; o < end; o++) {
    const float *x = w->x + o * p->channels * p->inner;
    float *y = w->out + o * p->channels * p->inner;
    if (p->inner == 1) {
      table->scale_offset(y, x, w->scale, w->offset, p->channels);
      continue;
    }
    for (int64_t c = 0; c < p->channels; c++)
      for (int64_t i = 0; i < p->inner; i++)
        y[c * p->inner + i] = x[c * p->inner + i] * w->scale[c] + w->offset[c];
  }
}

/* Writes the outputs behind y: what was used, and what a gradient will need. */
static void store_moments(OpCtx *c, const double *mean, const double *variance) {
  const NormState *s = c->state;
  const NormPrep *p = c->prep;
  const float *old_mean = op_input(c, 3)->data, *old_variance = op_input(c, 4)->data;
  float *out[4];
  for (int i = 0; i < 4; i++) out[i] = c->outputs[i + 1].data;
  double bessel = p->count > 1 ? (double)p->count / (double)(p->count - 1) : 1, f = (double)s->factor;
  for (int64_t i = 0; i < p->channels; i++) {
    double m = mean[i], v = variance[i];
    if (s->training) {
      v *= bessel;
      if (s->factor != 1) {
        m = (1 - f) * (double)old_mean[i] + f * m;
        v = (1 - f) * (double)old_variance[i] + f * v;
      }
    }
    out[0][i] = (float)m;
    out[1][i] = (float)v;
    out[2][i] = (float)mean[i];
    out[3][i] = (float)variance[i];
  }
}

static TF_Code norm_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const NormState *s = c->state;
  const NormPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  int64_t n = p->channels, total = tensor_count(x);
  const float *scale = op_input(c, 1)->data, *offset = op_input(c, 2)->data;
  char *scratch = c->scratch;
  double *mean = (double *)(scratch + p->stats_at), *variance = mean + n;
  float *folded_scale = (float *)(variance + n), *folded_offset = folded_scale + n;
  Walk w = {.p = p, .x = x->data, .out = c->outputs[0].data, .scale = folded_scale, .offset = folded_offset};
  if (math_is_16(s->dtype)) {
    w.out = (float *)(scratch + p->x_at);
    w.x = w.out;
    math_load_16(w.out, x->data, total, s->dtype);
  }
  if (s->training) {
    channel_moments(&w, mean);
    for (int64_t i = 0; i < n; i++) mean[i] /= (double)p->count;
    w.mean = mean;
    channel_moments(&w, variance);
    for (int64_t i = 0; i < n; i++) variance[i] /= (double)p->count;
  } else {
    for (int64_t i = 0; i < n; i++) {
      mean[i] = (double)((const float *)op_input(c, 3)->data)[i];
      variance[i] = (double)((const float *)op_input(c, 4)->data)[i];
    }
  }
  for (int64_t i = 0; i < n; i++) {
    double k = (double)scale[i] / sqrt(variance[i] + s->epsilon);
    folded_scale[i] = (float)k;
    folded_offset[i] = s->training ? offset[i] : (float)((double)offset[i] - mean[i] * k);
  }
  store_moments(c, mean, variance);
  if (c->num_outputs > 5) *(float *)c->outputs[5].data = 0;
  if (total == 0) {
    /* TF: of nothing the moments are NaN, even those that were given. */
    for (int k = 1; k < 5; k++)
      for (int64_t i = 0; i < n; i++) ((float *)c->outputs[k].data)[i] = NAN;
    return TF_OK;
  }
  int64_t row = p->channels * p->inner;
  parallel_for(c->threads, p->outer, row > 16384 ? 1 : 16384 / row + 1,
               s->training ? apply_moments : apply_rows, &w);
  if (math_is_16(s->dtype)) math_store_16(c->outputs[0].data, w.out, total, s->dtype);
  return TF_OK;
}

/* ---- gradients: inputs dy, x, scale, mean, variance ---- */

static TF_Code norm_grad_prepare(OpCtx *c, TF_Status *st) {
  const NormState *s = c->state;
  NormPrep *p = c->prep;
  const Tensor *dy = op_input(c, 0), *x = op_input(c, 1);
  TRY(norm_plan(c, x, st));
  if (dy->rank != x->rank || memcmp(dy->dims, x->dims, (size_t)x->rank * sizeof *x->dims) != 0)
    return fail(st, TF_INVALID_ARGUMENT, "x and y_backprop must have same shape");
  TRY(check_vector(op_input(c, 2), "scale", p->channels, st));
  TRY(check_vector(op_input(c, 3), "reserve_space_1", p->channels, st));
  TRY(check_vector(op_input(c, 4), "reserve_space_2", p->channels, st));
  size_t total = 0;
  if (math_is_16(s->dtype)) {
    TRY(op_scratch_take(&total, &p->x_at, tensor_count(x), sizeof(float), st));
    TRY(op_scratch_take(&total, &p->y_at, tensor_count(x), sizeof(float), st));
    TRY(op_scratch_take(&total, &p->out_at, tensor_count(x), sizeof(float), st));
  }
  TRY(op_scratch_take(&total, &p->stats_at, p->channels * 3, sizeof(double), st));
  op_scratch(c, total);
  TRY(op_output_like(c, 0, x, st));
  for (int i = 1; i < c->num_outputs; i++) {
    int64_t dims[1] = {i < 3 ? p->channels : 0};
    TRY(op_output(c, i, TF_FLOAT, dims, 1, st));
  }
  return TF_OK;
}

/* dx = scale inv (dy - [mean(dy) + far inv^2 mean(dy far)]), the bracket in training only; far = x - mean.
 * What is multiplied first decides what is infinite and what is not a number without a variance. */
static TF_Code norm_grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const NormState *s = c->state;
  const NormPrep *p = c->prep;
  int64_t n = p->channels, total = tensor_count(op_input(c, 1));
  const float *scale = op_input(c, 2)->data, *mean = op_input(c, 3)->data, *variance = op_input(c, 4)->data;
  const float *dy = op_input(c, 0)->data, *x = op_input(c, 1)->data;
  float *dx = c->outputs[0].data;
  char *scratch = c->scratch;
  double *sum_dy = (double *)(scratch + p->stats_at), *sum_dy_far = sum_dy + n, *sum_scale = sum_dy + 2 * n;
  if (math_is_16(s->dtype)) {
    float *wide_x = (float *)(scratch + p->x_at), *wide_dy = (float *)(scratch + p->y_at);
    math_load_16(wide_x, op_input(c, 1)->data, total, s->dtype);
    math_load_16(wide_dy, op_input(c, 0)->data, total, s->dtype);
    x = wide_x;
    dy = wide_dy;
    dx = (float *)(scratch + p->out_at);
  }
  for (int64_t i = 0; i < n; i++) sum_dy[i] = sum_dy_far[i] = sum_scale[i] = 0;
  for (int64_t o = 0, at = 0; o < p->outer; o++)
    for (int64_t ch = 0; ch < n; ch++) {
      double inv = 1 / sqrt((double)variance[ch] + s->epsilon);
      for (int64_t i = 0; i < p->inner; i++, at++) {
        sum_dy[ch] += (double)dy[at];
        double far = (double)x[at] - (double)mean[ch];
        sum_dy_far[ch] += (double)dy[at] * far;
        sum_scale[ch] += (double)dy[at] * (far * inv);
      }
    }
  for (int64_t o = 0, at = 0; o < p->outer; o++)
    for (int64_t ch = 0; ch < n; ch++) {
      double inv = 1 / sqrt((double)variance[ch] + s->epsilon), count = (double)p->count;
      for (int64_t i = 0; i < p->inner; i++, at++) {
        double g = (double)dy[at], far = (double)x[at] - (double)mean[ch];
        if (s->training) g = g - sum_dy[ch] / count - far * (inv * inv * (sum_dy_far[ch] / count));
        dx[at] = (float)((double)scale[ch] * inv * g);
      }
    }
  for (int64_t i = 0; i < n; i++) {
    double inv = 1 / sqrt((double)variance[i] + s->epsilon);
    ((float *)c->outputs[1].data)[i] = (float)(s->training ? sum_scale[i] : sum_dy_far[i] * inv);
    ((float *)c->outputs[2].data)[i] = (float)sum_dy[i];
  }
  if (math_is_16(s->dtype)) math_store_16(c->outputs[0].data, dx, total, s->dtype);
  return TF_OK;
}

/* ---- shape functions ---- */

static TF_Code shape_norm_of(ShapeCtx *c, const Shape *x, const Shape *vector, int vectors, TF_Status *st) {
  Span format;
  TRY(node_attr_string(c->node, "data_format", &format, st));
  bool first = format.size >= 2 && ((const char *)format.data)[1] == 'C';
  if (x->rank >= 0 && x->rank != (int)format.size)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank %d but is rank %d", (int)format.size, x->rank);
  Shape v = shape_of_rank(1);
  if (vector->rank == 1) v = *vector;
  if (x->rank > 0 && v.dims[0] < 0) v.dims[0] = x->dims[first ? 1 : x->rank - 1];
  c->outputs[0] = *x;
  for (int i = 1; i < c->num_outputs; i++) c->outputs[i] = i <= vectors ? v : shape_unknown();
  return TF_OK;
}
static TF_Code shape_norm(ShapeCtx *c, TF_Status *st) {
  return shape_norm_of(c, c->inputs[0], c->inputs[1], 4, st);
}
static TF_Code shape_norm_grad(ShapeCtx *c, TF_Status *st) {
  return shape_norm_of(c, c->inputs[1], c->inputs[2], 2, st);
}

/* ---- LRN: x / (bias + alpha sum of squares over the nearby channels)^beta ---- */

typedef struct LrnState {
  int64_t radius;
  float bias, alpha, beta;
} LrnState;

static TF_Code lrn_init(OpInit *k, TF_Status *st) {
  LrnState *s = k->state;
  TRY(node_attr_int(k->node, "depth_radius", &s->radius, st));
  TRY(node_attr_float(k->node, "bias", &s->bias, st));
  TRY(node_attr_float(k->node, "alpha", &s->alpha, st));
  TRY(node_attr_float(k->node, "beta", &s->beta, st));
  if (s->radius < 0) return fail(st, TF_INVALID_ARGUMENT, "depth_radius must be >= 0");
  return TF_OK;
}

static TF_Code lrn_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  if (in->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "in must be 4-dimensional");
  if (math_is_16(in->dtype)) op_scratch(c, (size_t)tensor_count(in) * 2 * sizeof(float));
  return op_output_like(c, 0, in, st);
}

typedef struct LrnRun {
  const LrnState *s;
  const float *in;
  float *out;
  int64_t channels;
} LrnRun;

static void lrn_pixels(void *arg, int64_t begin, int64_t end) {
  const LrnRun *r = arg;
  int64_t n = r->channels, radius = r->s->radius < n ? r->s->radius : n;
  for (int64_t pixel = begin; pixel < end; pixel++) {
    const float *x = r->in + pixel * n;
    for (int64_t c = 0; c < n; c++) {
      int64_t low = c - radius < 0 ? 0 : c - radius, high = c + radius >= n ? n - 1 : c + radius;
      float sum = 0;
      for (int64_t i = low; i <= high; i++) sum += x[i] * x[i];
      r->out[pixel * n + c] = x[c] * powf(r->s->bias + r->s->alpha * sum, -r->s->beta);
    }
  }
}

static TF_Code lrn_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *in = op_input(c, 0);
  int64_t total = tensor_count(in);
  if (total == 0) return TF_OK;
  LrnRun r = {c->state, in->data, c->outputs[0].data, in->dims[3]};
  if (math_is_16(in->dtype)) {
    float *wide = c->scratch;
    math_load_16(wide, in->data, total, in->dtype);
    r.in = wide;
    r.out = wide + total;
  }
  parallel_for(c->threads, total / r.channels, 2048 / r.channels + 1, lrn_pixels, &r);
  if (math_is_16(in->dtype)) math_store_16(c->outputs[0].data, r.out, total, in->dtype);
  return TF_OK;
}

#define NORM(name_, types_)                                                                                \
  {                                                                                                        \
    name_, .types = types_, .flags = OP_INPLACE, .state_size = sizeof(NormState),                          \
           .prep_size = sizeof(NormPrep), .shape = shape_norm, .init = norm_init, .prepare = norm_prepare, \
           .run = norm_run                                                                                 \
  }
#define NORM_GRAD(name_, types_)                                                                           \
  {                                                                                                        \
    name_, .types = types_, .state_size = sizeof(NormState), .prep_size = sizeof(NormPrep),                \
           .shape = shape_norm_grad, .init = norm_init, .prepare = norm_grad_prepare, .run = norm_grad_run \
  }

const OpRow ops_nn_norm[] = {NORM("FusedBatchNorm", "T: float"),
                             NORM("FusedBatchNormV2", "T: half bfloat16 float; U: float"),
                             NORM("FusedBatchNormV3", "T: half bfloat16 float; U: float"),
                             NORM_GRAD("FusedBatchNormGrad", "T: float"),
                             NORM_GRAD("FusedBatchNormGradV2", "T: half bfloat16 float; U: float"),
                             NORM_GRAD("FusedBatchNormGradV3", "T: half bfloat16 float; U: float"),
                             {"LRN", .types = "T: half float", .state_size = sizeof(LrnState),
                              .shape = shape_same, .init = lrn_init, .prepare = lrn_prepare, .run = lrn_run},
                             {0}};
