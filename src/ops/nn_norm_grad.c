/* LRNGrad; BatchNormWithGlobalNormalization and its gradient, the forerunners of FusedBatchNorm. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "ops/array_util.h"

/* ---- LRNGrad: of y = x n^-beta with n = bias + alpha (sum of squares over the nearby channels) ---- */

typedef struct LrnGradState {
  int64_t radius;
  float bias, alpha, beta;
} LrnGradState;

static TF_Code lrn_grad_init(OpInit *k, TF_Status *st) {
  LrnGradState *s = k->state;
  TRY(node_attr_int(k->node, "depth_radius", &s->radius, st));
  TRY(node_attr_float(k->node, "bias", &s->bias, st));
  TRY(node_attr_float(k->node, "alpha", &s->alpha, st));
  TRY(node_attr_float(k->node, "beta", &s->beta, st));
  if (s->radius < 0 || s->radius >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "depth_radius = %lld larger than int max", (long long)s->radius);
  return TF_OK;
}

static TF_Code lrn_grad_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *dy = op_input(c, 0), *x = op_input(c, 1), *y = op_input(c, 2);
  if (dy->rank != 4 || x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "inputs must be 4-dimensional");
  if (!tensor_same_shape(dy, x) || !tensor_same_shape(x, y))
    return fail(st, TF_INVALID_ARGUMENT,
                "input_grads, input_image, and out_image should have the same shape");
  size_t bytes;
  if (!checked_mul((size_t)tensor_count(x), sizeof(double), &bytes)) return fail_oom(st, "norms");
  op_scratch(c, bytes);
  return op_output_like(c, 0, dy, st);
}

/* The channels of element i's pixel that are near it: elements [*low, *high]. */
static void nearby(int64_t i, int64_t n, int64_t radius, int64_t *low, int64_t *high) {
  int64_t first = i - i % n;
  *low = i - first > radius ? i - radius : first;
  *high = first + n - 1 - i > radius ? i + radius : first + n - 1;
}

static void lrn_norms(void *arg, int64_t begin, int64_t end) {
  OpCtx *c = arg;
  const LrnGradState *s = c->state;
  const Tensor *x = op_input(c, 1);
  for (int64_t i = begin, low, high; i < end; i++) {
    double sum = 0;
    nearby(i, x->dims[3], s->radius, &low, &high);
    for (int64_t j = low; j <= high; j++) sum += math_number_at(x, j) * math_number_at(x, j);
    ((double *)c->scratch)[i] = sum * (double)s->alpha + (double)s->bias;
  }
}

/* dx_i gathers from each y_j nearby. */
static void lrn_sums(void *arg, int64_t begin, int64_t end) {
  OpCtx *c = arg;
  const LrnGradState *s = c->state;
  const Tensor *dy = op_input(c, 0), *x = op_input(c, 1), *y = op_input(c, 2);
  const double *norm = c->scratch;
  double alpha = (double)s->alpha, beta = (double)s->beta;
  for (int64_t i = begin, low, high; i < end; i++) {
    double sum = 0, xi = math_number_at(x, i);
    nearby(i, x->dims[3], s->radius, &low, &high);
    for (int64_t j = low; j <= high; j++) {
      double d = -2 * alpha * beta * xi * math_number_at(y, j) / norm[j];
      if (i == j) d += pow(norm[j], -beta);
      sum += d * math_number_at(dy, j);
    }
    math_number_put(&c->outputs[0], i, sum);
  }
}

static TF_Code lrn_grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int64_t count = tensor_count(op_input(c, 1));
  parallel_for(c->threads, count, 512, lrn_norms, c);
  parallel_for(c->threads, count, 512, lrn_sums, c);
  return TF_OK;
}

static TF_Code lrn_grad_shape(ShapeCtx *c, TF_Status *st) {
  Shape s = shape_of_rank(4);
  for (int i = 0; i < 3; i++) TRY(shape_merge(&s, c->inputs[i], &s, st));
  c->outputs[0] = s;
  return TF_OK;
}

/* ---- BatchNormWithGlobalNormalization: inputs t, m, v, beta, gamma ---- */

typedef struct GlobalNormState {
  float epsilon;
  bool scale;
} GlobalNormState;

static TF_Code global_norm_init(OpInit *k, TF_Status *st) {
  GlobalNormState *s = k->state;
  TRY(node_attr_float(k->node, "variance_epsilon", &s->epsilon, st));
  return node_attr_bool(k->node, "scale_after_normalization", &s->scale, st);
}

static TF_Code check_channels(const OpCtx *c, int from, int to, const char *const *names, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  TRY(tensor_want_rank(x, "input", 4, st));
  for (int i = from; i < to; i++) {
    const Tensor *t = op_input(c, i);
    TRY(tensor_want_rank(t, names[i - from], 1, st));
    if (t->dims[0] != x->dims[3])
      return fail(st, TF_INVALID_ARGUMENT,
                  "Must provide as many %ss as the last dimension of the input tensor: %s vs. %lld",
                  names[i - from], shape_text(t->dims, t->rank, text, sizeof text), (long long)x->dims[3]);
  }
  return TF_OK;
}

static TF_Code global_norm_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"mean", "var", "beta", "gamma"};
  TRY(check_channels(c, 1, 5, names, st));
  return op_output_like(c, 0, op_input(c, 0), st);
}

static double channel_inverse(const OpCtx *c, int64_t channel) {
  return 1 /
         sqrt(math_number_at(op_input(c, 2), channel) + (double)((const GlobalNormState *)c->state)->epsilon);
}

static TF_Code global_norm_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const GlobalNormState *s = c->state;
  const Tensor *x = op_input(c, 0);
  int64_t n = x->dims[3], pixels = n ? tensor_count(x) / n : 0;
  for (int64_t ch = 0; ch < n; ch++) {
    double k = channel_inverse(c, ch), mean = math_number_at(op_input(c, 1), ch),
           beta = math_number_at(op_input(c, 3), ch);
    if (s->scale) k *= math_number_at(op_input(c, 4), ch);
    for (int64_t i = ch; i < pixels * n; i += n)
      math_number_put(&c->outputs[0], i, (math_number_at(x, i) - mean) * k + beta);
  }
  return TF_OK;
}

static TF_Code global_norm_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  for (int i = 1; i < 5; i++) TRY(shape_want_rank(c, i, 1, st));
  c->outputs[0] = c->inputs[0]->rank < 0 ? shape_of_rank(4) : *c->inputs[0];
  return TF_OK;
}

/* Inputs t, m, v, gamma, backprop; outputs dx, dm, dv, db, dg. */
static TF_Code global_norm_grad_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"mean", "var", "gamma"};
  const Tensor *x = op_input(c, 0);
  TRY(check_channels(c, 1, 4, names, st));
  TRY(tensor_want_rank(op_input(c, 4), "out_backprop", 4, st));
  if (!tensor_same_shape(x, op_input(c, 4)))
    return fail(st, TF_INVALID_ARGUMENT, "input and output backprop must have the same shape");
  TRY(op_output_like(c, 0, x, st));
  for (int i = 1; i < 5; i++) TRY(op_output_like(c, i, op_input(c, 1), st));
  return TF_OK;
}

static TF_Code global_norm_grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const GlobalNormState *s = c->state;
  const Tensor *x = op_input(c, 0), *dy = op_input(c, 4);
  int64_t n = x->dims[3], pixels = n ? tensor_count(x) / n : 0;
  for (int64_t ch = 0; ch < n; ch++) {
    double k = channel_inverse(c, ch), mean = math_number_at(op_input(c, 1), ch), sum = 0, dot = 0;
    double gamma = s->scale ? math_number_at(op_input(c, 3), ch) : 1;
    for (int64_t i = ch; i < pixels * n; i += n) {
      double g = math_number_at(dy, i);
      sum += g;
      dot += g * (math_number_at(x, i) - mean);
      math_number_put(&c->outputs[0], i, g * k * gamma);
    }
    math_number_put(&c->outputs[1], ch, -sum * k * gamma);
    math_number_put(&c->outputs[2], ch, dot * gamma * -0.5 * k * k * k);
    math_number_put(&c->outputs[3], ch, sum);
    math_number_put(&c->outputs[4], ch, s->scale ? dot * k : 0);
  }
  return TF_OK;
}

static TF_Code global_norm_grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 4, 4, st));
  for (int i = 1; i < 4; i++) TRY(shape_want_rank(c, i, 1, st));
  c->outputs[0] = c->inputs[0]->rank < 0 ? shape_of_rank(4) : *c->inputs[0];
  for (int i = 1; i < 5; i++) c->outputs[i] = c->inputs[1]->rank < 0 ? shape_of_rank(1) : *c->inputs[1];
  return TF_OK;
}

#define GLOBAL_NORM(NAME, SHAPE, PREPARE, RUN)                                                    \
  {                                                                                               \
    NAME, .types = "T: half float double", .state_size = sizeof(GlobalNormState), .shape = SHAPE, \
          .init = global_norm_init, .prepare = PREPARE, .run = RUN                                \
  }

const OpRow ops_nn_norm_grad[] = {
    {"LRNGrad", .types = "T: half float", .state_size = sizeof(LrnGradState), .shape = lrn_grad_shape,
     .init = lrn_grad_init, .prepare = lrn_grad_prepare, .run = lrn_grad_run},
    GLOBAL_NORM("BatchNormWithGlobalNormalization", global_norm_shape, global_norm_prepare, global_norm_run),
    GLOBAL_NORM("BatchNormWithGlobalNormalizationGrad", global_norm_grad_shape, global_norm_grad_prepare,
                global_norm_grad_run),
    {0}};
