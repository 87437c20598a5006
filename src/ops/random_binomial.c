/* Samples of binomial distributions, in double: sums of geometric numbers where few successes are expected,
 * Hörmann's transformed rejection (BTRS) elsewhere; probabilities above one half draw failures. */
#include "ops/random_samples.h"

#include "base/parallel.h"
#include "ops/random_state.h"

/* How many counters before sample i of one sampler or the other. */
enum { SKIP_REJECTION = 256, SKIP_INVERSION = 42 };

static bool draw_inversion(double count, double prob, Philox p, double *out) {
  Drawn uniform = {.left = 0};
  double sum = 0;
  for (int successes = 0; successes < SAMPLE_TRIES; successes++) {
    sum += ceil(log(drawn_uniform(&uniform, &p, TF_DOUBLE)) / log1p(-prob));
    if (sum > count) {
      *out = successes;
      return true;
    }
  }
  return false;
}

/* log(k!) - Stirling's approximation of it. */
static double stirling_tail(double k) {
  static const double small[] = {
      0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
      0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287};
  if (k <= 9) return small[k > 0 ? (int)k : 0];
  double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

static bool draw_rejection(double count, double prob, Philox p, double *out) {
  double deviation = sqrt(count * prob * (1 - prob)), b = 1.15 + 2.53 * deviation;
  double a = -0.0873 + 0.0248 * b + 0.01 * prob, c = count * prob + 0.5, v_r = 0.92 - 4.2 / b,
         r = prob / (1 - prob);
  double alpha = (2.83 + 5.1 / b) * deviation, m = floor((count + 1) * prob);
  Drawn uniform = {.left = 0};
  for (int tries = 0; tries < SAMPLE_TRIES; tries++) {
    double u = drawn_uniform(&uniform, &p, TF_DOUBLE), v = drawn_uniform(&uniform, &p, TF_DOUBLE);
    u -= 0.5;
    double us = 0.5 - fabs(u), k = *out = floor((2 * a / us + b) * u + c);
    if (us >= 0.07 && v <= v_r) return true;
    if (k < 0 || k > count) continue;
    v = log(v * alpha / (a / (us * us) + b));
    double bound = (m + 0.5) * log((m + 1) / (r * (count - m + 1))) +
                   (count + 1) * log((count - m + 1) / (count - k + 1)) +
                   (k + 0.5) * log(r * (count - k + 1) / (k + 1)) + stirling_tail(m) +
                   stirling_tail(count - m) - stirling_tail(k) - stirling_tail(count - k);
    if (v <= bound) return true;
  }
  return false;
}

/* Sample number `i` of all; false when none is accepted. */
static bool draw_binomial(const Samples *s, TF_DataType t, double count, double prob, uint64_t i, double *x) {
  if (count <= 0 || prob <= 0) *x = 0;
  else if (prob >= 1) *x = count;
  else if (isnan(prob))
    *x = s->out->dtype == TF_INT32 || s->out->dtype == TF_INT64 ? 0 : (double)NAN; /* TF: as it is */
  if (count <= 0 || !(prob > 0 && prob < 1)) return true;
  bool failures = prob > 0.5;
  double q = failures ? rounded(t, 1 - prob) : prob;
  bool many = rounded(t, count * q) >= 10;
  Philox p = s->p;
  philox_skip(&p, i * (many ? SKIP_REJECTION : SKIP_INVERSION));
  if (!(many ? draw_rejection(count, q, p, x) : draw_inversion(count, q, p, x))) return false;
  if (failures) *x = count - *x;
  return true;
}

/* ---- counts and probabilities that broadcast ---- */

typedef struct Binomial {
  Samples samples;
  const Tensor *counts, *probs;
  int rank; /* of what they broadcast to */
  int64_t dims[TENSOR_MAX_RANK];
} Binomial;

/* Which element of `t` belongs to element k of the broadcast shape. */
static int64_t broadcast_index(const Binomial *b, const Tensor *t, int64_t k) {
  int64_t at = 0, stride = 1;
  for (int d = b->rank - 1, from = t->rank - 1; from >= 0; k /= b->dims[d], d--, from--) {
    if (t->dims[from] != 1) at += k % b->dims[d] * stride;
    stride *= t->dims[from];
  }
  return at;
}

static bool broadcast_dims(Binomial *b) {
  const Tensor *x = b->counts, *y = b->probs;
  b->rank = x->rank > y->rank ? x->rank : y->rank;
  for (int d = b->rank - 1, i = x->rank - 1, j = y->rank - 1; d >= 0; d--, i--, j--) {
    int64_t n = i >= 0 ? x->dims[i] : 1, m = j >= 0 ? y->dims[j] : 1;
    if (n != m && n != 1 && m != 1) return false;
    b->dims[d] = n == 1 ? m : n;
  }
  return true;
}

static void binomial_part(void *arg, int64_t begin, int64_t end) {
  Binomial *b = arg;
  Samples *s = &b->samples;
  for (int64_t i = begin; i < end && !s->failed; i++) {
    int64_t k = i / s->per_param;
    double x = 0, count = math_number_at(b->counts, broadcast_index(b, b->counts, k));
    double prob = math_number_at(b->probs, broadcast_index(b, b->probs, k));
    if (!draw_binomial(s, b->counts->dtype, count, prob, (uint64_t)i, &x)) s->failed = true;
    else samples_store(s, k, i % s->per_param, x);
  }
}

/* Inputs: ..., shape, ..., counts, probs; which one is the shape, and the last two. */
static TF_Code binomial_prepare_of(OpCtx *c, int shape_input, TF_Status *st) {
  Binomial b = {.counts = op_input(c, c->num_inputs - 2), .probs = op_input(c, c->num_inputs - 1)};
  const Tensor *shape = op_input(c, shape_input);
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  if (!broadcast_dims(&b))
    return fail(st, TF_INVALID_ARGUMENT, "counts and probs must have compatible batch dimensions: %s vs. %s",
                shape_text(b.counts->dims, b.counts->rank, x, sizeof x),
                shape_text(b.probs->dims, b.probs->rank, y, sizeof y));
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input shape should be a vector, got shape: %s",
                shape_text(shape->dims, shape->rank, x, sizeof x));
  TRY(dims_of_tensor(shape, dims, &rank, st));
  bool ends = b.rank <= rank;
  for (int d = 0; ends && d < b.rank; d++) ends = dims[rank - b.rank + d] == b.dims[d];
  if (!ends) return fail(st, TF_INVALID_ARGUMENT, "Shape passed in must end with broadcasted shape.");
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

static TF_Code binomial_fill(OpCtx *c, Philox p, TF_Status *st) {
  Binomial b = {.samples = {.p = p, .out = &c->outputs[0]},
                .counts = op_input(c, c->num_inputs - 2),
                .probs = op_input(c, c->num_inputs - 1)};
  int64_t count = tensor_count(&c->outputs[0]);
  broadcast_dims(&b);
  b.samples.num_params = dims_product(b.dims, 0, b.rank);
  b.samples.per_param = count / b.samples.num_params;
  parallel_for(c->threads, count, 256, binomial_part, &b);
  if (b.samples.failed)
    return fail(st, TF_INVALID_ARGUMENT, "%s: no sample was accepted for a parameter", c->node->op);
  return TF_OK;
}

static TF_Code stateless_shape(ShapeCtx *c, TF_Status *st) {
  return shape_of_value(c, 0, &c->outputs[0], st);
}
static TF_Code stateless_prepare(OpCtx *c, TF_Status *st) { return binomial_prepare_of(c, 0, st); }

static TF_Code stateless_run(OpCtx *c, TF_Status *st) {
  Philox p;
  TRY(philox_of_seed(op_input(c, 1), true, &p, st));
  return tensor_count(&c->outputs[0]) ? binomial_fill(c, p, st) : TF_OK;
}

TF_Code random_state_binomial_prepare(OpCtx *c, TF_Status *st) { return binomial_prepare_of(c, 2, st); }

TF_Code random_state_binomial_run(OpCtx *c, TF_Status *st) {
  const Tensor *algorithm = op_input(c, 1);
  Binomial b = {.counts = op_input(c, 3), .probs = op_input(c, 4)};
  char text[SHAPE_TEXT_MAX];
  Philox p;
  if (algorithm->rank)
    return fail(st, TF_INVALID_ARGUMENT, "algorithm must be of shape [], not %s",
                shape_text(algorithm->dims, algorithm->rank, text, sizeof text));
  int64_t id = *(int64_t *)algorithm->data;
  if (id != 1) return fail(st, TF_INVALID_ARGUMENT, "Unsupported algorithm id: %lld", (long long)id);
  broadcast_dims(&b);
  uint64_t batches = (uint64_t)dims_product(b.dims, 0, b.rank),
           count = (uint64_t)tensor_count(&c->outputs[0]);
  uint64_t each = batches ? count / batches : 0;
  TRY(random_state_take(c, 0, id, batches * 2 * 100 * (each + 3) / 4 * RESERVED_PER_OUTPUT, &p, st));
  return count ? binomial_fill(c, p, st) : TF_OK;
}

const OpRow ops_random_binomial[] = {
    {"StatelessRandomBinomial", .types = RANDOM_BINOMIAL_TYPES, .value_inputs = 1, .shape = stateless_shape,
     .prepare = stateless_prepare, .run = stateless_run},
    {0}};
