/* Samples of normal distributions between bounds. Outputs are drawn in batches, each with its mean, deviation
 * and bounds; one of three samplers fits where the bounds lie: normal numbers, uniform ones, or exponential
 * ones for a tail. Batches use one stream of counters one after another, as TensorFlow does where it does not
 * split the work.
 *
 * ParameterizedTruncatedNormal: parameters are scalars, or vectors with one for each of the output's first
 * dimension; StatelessParameterizedTruncatedNormal: they broadcast to the last dimensions, a batch is one
 * element of these and its samples stand along the first dimensions. All arithmetic is in the output's dtype.
 */
#include "ops/random_samples.h"

#include <string.h>

enum { MAX_TRIES = 1000, UNIFORM_BATCH = 100 };

typedef struct Bounded {
  Philox p;
  Tensor *out;
  int64_t count, at;                 /* the next sample is stored at element `at` */
  double mean, deviation, low, high; /* low and high as deviations from the mean */
} Bounded;

static void store(Bounded *b, TF_DataType t, double z, int64_t at) {
  double x = rounded(t, rounded(t, z * b->deviation) + b->mean);
  if (t == TF_DOUBLE) ((double *)b->out->data)[at] = x;
  else if (t == TF_FLOAT) ((float *)b->out->data)[at] = (float)x;
  else ((uint16_t *)b->out->data)[at] = half_of_float((float)x);
}

/* The samplers fill elements from, from + step, ... of the output, `n` of them; false when none was accepted
 * in MAX_TRIES. */
static SM_ALWAYS_INLINE bool sample_normal(Bounded *b, TF_DataType t, int64_t from, int64_t step, int64_t n) {
  for (int64_t i = 0, tries = 0; i < n;) {
    double z[4];
    int size = draw_normal(&b->p, t, z);
    for (int k = 0; k < size && i < n; k++) {
      if (z[k] >= b->low && z[k] <= b->high) {
        store(b, t, z[k], from + i++ * step);
        tries = 0;
      } else if (++tries > MAX_TRIES) {
        return false;
      }
    }
  }
  return true;
}

static SM_ALWAYS_INLINE bool sample_uniform(Bounded *b, TF_DataType t, int64_t from, int64_t step,
                                            int64_t n) {
  double plus = b->low < 0 ? 0 : rounded(t, b->low * b->low), width = rounded(t, b->high - b->low);
  for (int64_t i = 0, tries = 0; i < n;) {
    double z[4], u[4];
    int size = draw_uniform(&b->p, t, z);
    draw_uniform(&b->p, t, u);
    for (int k = 0; k < size && i < n; k++) {
      z[k] = rounded(t, rounded(t, z[k] * width) + b->low);
      double g = rounded(t, rounded(t, plus - rounded(t, z[k] * z[k])) / 2);
      if (u[k] <= exp_of(t, g)) {
        store(b, t, z[k], from + i++ * step);
        tries = 0;
      } else if (++tries >= MAX_TRIES) {
        return false;
      }
    }
  }
  return true;
}

static SM_ALWAYS_INLINE bool sample_tail(Bounded *b, TF_DataType t, int64_t from, int64_t step, int64_t n) {
  double root = rounded(t, sqrt(rounded(t, rounded(t, b->low * b->low) + 4))),
         alpha = rounded(t, rounded(t, b->low + root) / 2);
  for (int64_t i = 0, tries = 0; i < n;) {
    double r[4];
    int size = draw_uniform(&b->p, t, r);
    for (int k = 0; k < size && i < n; k += 2) {
      double z = rounded(t, rounded(t, -log_of(t, r[k]) / alpha) + b->low);
      double x = rounded(t, b->low < alpha ? alpha - z : b->low - alpha);
      double g = exp_of(t, rounded(t, rounded(t, -x * x) / 2));
      if (r[k + 1] <= g && z < b->high) {
        store(b, t, z, from + i++ * step);
        tries = 0;
      } else if (++tries >= MAX_TRIES) {
        return false;
      }
    }
  }
  return true;
}

/* The width up to which uniform numbers are better than exponential ones. */
static double uniform_cutoff(const Bounded *b, TF_DataType t) {
  double root = rounded(t, sqrt(rounded(t, rounded(t, b->low * b->low) + 4)));
  double power = rounded(t, 0.5 + rounded(t, rounded(t, b->low * rounded(t, b->low - root)) / 4));
  return rounded(t, rounded(t, 2 * exp_of(t, power)) / rounded(t, b->low + root));
}

static SM_ALWAYS_INLINE TF_Code sample_batch(Bounded *b, TF_DataType t, double low, double high, int64_t from,
                                             int64_t step, int64_t n, TF_Status *st) {
  if (!(b->deviation > 0 && low < high && (isfinite(low) || isfinite(high))))
    return fail(st, TF_INVALID_ARGUMENT, "Invalid parameters");
  if ((isinf(low) && low < 0) || high < b->mean) { /* the one bound, or the nearer one, comes first */
    double swap = low;
    low = high;
    high = swap;
    b->deviation = -b->deviation;
  }
  b->low = rounded(t, rounded(t, low - b->mean) / b->deviation);
  b->high = rounded(t, rounded(t, high - b->mean) / b->deviation);
  double inside = rounded(t, 1.3);
  const char *sampler = "randn";
  bool ok;
  if ((b->low < -inside && b->high >= 0) || (b->high > inside && b->low <= 0)) {
    ok = sample_normal(b, t, from, step, n);
  } else if (rounded(t, b->high - b->low) < uniform_cutoff(b, t)) {
    sampler = "uniform";
    ok = sample_uniform(b, t, from, step, n);
  } else {
    sampler = "exponential distribution";
    ok = sample_tail(b, t, from, step, n);
  }
  return ok ? TF_OK
            : fail(st, TF_INTERNAL, "TruncatedNormal %s rejection sampler failed to %saccept a sample.",
                   sampler, sampler[0] == 'u' ? " " : "");
}

static TF_Code sample_batch_in(Bounded *b, double low, double high, int64_t from, int64_t step, int64_t n,
                               TF_Status *st) {
  switch (b->out->dtype) {
    case TF_DOUBLE: return sample_batch(b, TF_DOUBLE, low, high, from, step, n, st);
    case TF_FLOAT: return sample_batch(b, TF_FLOAT, low, high, from, step, n, st);
    default: return sample_batch(b, TF_HALF, low, high, from, step, n, st);
  }
}

/* ---- ParameterizedTruncatedNormal ---- */

static const char *const param_names[] = {"means", "stddevs", "minvals", "maxvals"};

static TF_Code params_check(const OpCtx *c, int64_t batches, bool uniform, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  for (int i = 0; i < 4; i++) {
    const Tensor *t = op_input(c, i + 1);
    if (t->rank > 1)
      return fail(st, TF_INVALID_ARGUMENT, "Input %s should be a scalar or vector, got shape: %s",
                  param_names[i], shape_text(t->dims, t->rank, text, sizeof text));
  }
  for (int i = 0; i < 4 && !uniform; i++) {
    const Tensor *t = op_input(c, i + 1);
    if (t->rank && t->dims[0] != 1 && t->dims[0] != batches)
      return fail(st, TF_INVALID_ARGUMENT, "Input %s should have length 1 or shape[0], got shape: %s",
                  param_names[i], shape_text(t->dims, t->rank, text, sizeof text));
  }
  return TF_OK;
}

/* Whether one set of parameters serves all: batches are then of UNIFORM_BATCH samples, whatever the shape. */
static bool params_uniform(const OpCtx *c) {
  for (int i = 1; i <= 4; i++) {
    const Tensor *t = op_input(c, i);
    if (t->rank && (i > 2 || t->dims[0] != 1)) return false;
  }
  return true;
}

static TF_Code bounded_dims(OpCtx *c, TF_Status *st) {
  const Tensor *shape = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char text[SHAPE_TEXT_MAX];
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input shape should be a vector, got shape: %s",
                shape_text(shape->dims, shape->rank, text, sizeof text));
  TRY(dims_of_tensor(shape, dims, &rank, st));
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

static TF_Code bounded_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *shape = op_input(c, 0);
  if (shape->rank == 1 && shape->dims[0] == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Shape tensor must not be empty, got Tensor<type: %s shape: [0] values: >",
                dtype_name(shape->dtype));
  TRY(bounded_dims(c, st));
  return params_check(c, c->outputs[0].dims[0], params_uniform(c), st);
}

static double param_of(const OpCtx *c, int i, int64_t batch) {
  const Tensor *t = op_input(c, i);
  return math_number_at(t, tensor_count(t) == 1 ? 0 : batch);
}

static TF_Code bounded_run(OpCtx *c, TF_Status *st) {
  Bounded b = {.out = &c->outputs[0]};
  int64_t count = tensor_count(b.out), batches = b.out->dims[0], each = UNIFORM_BATCH;
  bool uniform = params_uniform(c);
  if (count == 0 && (uniform || batches == 0))
    return TF_OK; /* TF: else parameters are looked at for no samples, too */
  if (uniform) batches = (count + each - 1) / each;
  else each = count / batches;
  b.p = random_take(c->state, (uint64_t)batches * 2 * MAX_TRIES * ((uint64_t)each + 3) / 4);
  for (int64_t k = 0; k < batches; k++) {
    int64_t from = k * each, n = count - from < each ? count - from : each;
    b.mean = param_of(c, 1, k);
    b.deviation = param_of(c, 2, k);
    TRY(sample_batch_in(&b, param_of(c, 3, k), param_of(c, 4, k), from, 1, n, st));
  }
  return TF_OK;
}

/* ---- StatelessParameterizedTruncatedNormal ---- */

typedef struct Broadcast {
  int rank;
  int64_t dims[TENSOR_MAX_RANK], strides[4][TENSOR_MAX_RANK];
} Broadcast;

/* What the parameters broadcast to, and their strides in it (0 where repeated); false when they don't. */
static bool broadcast_params(const OpCtx *c, Broadcast *w) {
  w->rank = 0;
  for (int i = 0; i < 4; i++)
    w->rank = op_input(c, i + 2)->rank > w->rank ? op_input(c, i + 2)->rank : w->rank;
  for (int d = 0; d < w->rank; d++) w->dims[d] = 1;
  for (int i = 0; i < 4; i++) {
    const Tensor *t = op_input(c, i + 2);
    int64_t stride = 1;
    memset(w->strides[i], 0, sizeof w->strides[i]);
    for (int d = t->rank - 1, to = w->rank - 1; d >= 0; d--, to--) {
      if (t->dims[d] != 1) {
        if (w->dims[to] != 1 && w->dims[to] != t->dims[d]) return false;
        w->dims[to] = t->dims[d];
        w->strides[i][to] = stride;
      }
      stride *= t->dims[d];
    }
  }
  return true;
}

static TF_Code stateless_prepare(OpCtx *c, TF_Status *st) {
  Broadcast w;
  if (!broadcast_params(c, &w))
    return fail(st, TF_INVALID_ARGUMENT, "means, stddevs, minvals, maxvals should have compatible shapes");
  TRY(bounded_dims(c, st));
  const Tensor *out = &c->outputs[0];
  bool ends = w.rank <= out->rank;
  for (int d = 0; ends && d < w.rank; d++) ends = out->dims[out->rank - w.rank + d] == w.dims[d];
  return ends ? TF_OK : fail(st, TF_INVALID_ARGUMENT, "Shape passed in must end with broadcasted shape.");
}

static TF_Code stateless_run(OpCtx *c, TF_Status *st) {
  Broadcast w;
  Bounded b = {.out = &c->outputs[0]};
  TRY(philox_of_seed(op_input(c, 1), true, &b.p, st));
  int64_t count = tensor_count(b.out);
  if (count == 0) return TF_OK;
  broadcast_params(c, &w);
  int64_t batches = dims_product(w.dims, 0, w.rank), each = count / batches;
  for (int64_t k = 0; k < batches; k++) {
    double x[4];
    for (int i = 0; i < 4; i++) {
      int64_t at = 0;
      for (int64_t d = w.rank - 1, rest = k; d >= 0; rest /= w.dims[d], d--)
        at += rest % w.dims[d] * w.strides[i][d];
      x[i] = math_number_at(op_input(c, i + 2), at);
    }
    b.mean = x[0];
    b.deviation = x[1];
    TRY(sample_batch_in(&b, x[2], x[3], k, batches, each, st));
  }
  return TF_OK;
}

static TF_Code bounded_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 0, &c->outputs[0], st); }

const OpRow ops_random_bounded[] = {
    {"ParameterizedTruncatedNormal", .types = "dtype: half float double", .flags = OP_STATEFUL,
     .value_inputs = 1, .state_size = sizeof(RandomState), .shape = bounded_shape, .init = random_state_init,
     .prepare = bounded_prepare, .run = bounded_run, .clear = random_state_clear},
    {"StatelessParameterizedTruncatedNormal", .types = "dtype: half float double", .value_inputs = 1,
     .shape = bounded_shape, .prepare = stateless_prepare, .run = stateless_run},
    {0}};
