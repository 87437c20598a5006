/* Multinomial: draws of classes, each row with its logits. A row's cumulative weights are exp(logit -
 * largest), summed in double; a sample is the first class whose sum is above a uniform part of the total.
 * Infinite and NaN logits count nothing. Rows use one stream of words one after another, as TensorFlow does
 * where it does not split the batch. */
#include "ops/array_util.h"
#include "ops/random_samples.h"

#include <string.h>

#include "base/checked.h"

static TF_Code multinomial_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n = -1;
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 0, st));
  if (!shape_int_value(c, 1, &n) || n < 0) n = -1;
  c->outputs[0] = shape_matrix(shape_dim(c->inputs[0], 0), n);
  return TF_OK;
}

static TF_Code multinomial_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *logits = op_input(c, 0), *n = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (logits->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "logits should be a matrix, got shape %s",
                shape_text(logits->dims, logits->rank, text, sizeof text));
  if (n->rank)
    return fail(st, TF_INVALID_ARGUMENT, "num_samples should be a scalar, got shape %s",
                shape_text(n->dims, n->rank, text, sizeof text));
  int64_t samples = *(int32_t *)n->data;
  if (samples < 0)
    return fail(st, TF_INVALID_ARGUMENT, "num_samples should be nonnegative, got %lld", (long long)samples);
  if (logits->dims[0] > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "batch_size cannot exceed max int");
  if (logits->dims[1] > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "num_classes cannot exceed max int");
  if (logits->dims[1] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "num_classes should be positive, got %lld",
                (long long)logits->dims[1]);
  size_t bytes;
  if (!checked_mul((size_t)logits->dims[1], sizeof(double), &bytes)) return fail_oom(st, c->node->op);
  op_scratch(c, bytes);
  return op_output(c, 0, c->node->output_types[0], (int64_t[]){logits->dims[0], samples}, 2, st);
}

/* Fills `sums`; returns the total. */
static double cumulate(const Tensor *logits, int64_t row, double *sums) {
  int64_t classes = logits->dims[1];
  double most = -INFINITY, total = 0;
  for (int64_t k = 0; k < classes; k++) {
    sums[k] = math_number_at(logits, row * classes + k);
    if (isfinite(sums[k]) && sums[k] > most) most = sums[k];
  }
  for (int64_t k = 0; k < classes; k++) {
    if (isfinite(sums[k])) total += exp(sums[k] - most);
    sums[k] = total;
  }
  return total;
}

/* The first k with sums[k] > x, or n. */
static int64_t first_above(const double *sums, int64_t n, double x) {
  int64_t low = 0;
  while (n > 0) {
    int64_t half = n / 2;
    if (x < sums[low + half]) n = half;
    else low += half + 1, n -= half + 1;
  }
  return low;
}

static void multinomial_fill(OpCtx *c, Philox p) {
  const Tensor *logits = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  Words words = words_of(p);
  double *sums = c->scratch;
  for (int64_t row = 0; row < out->dims[0]; row++) {
    double total = cumulate(logits, row, sums);
    for (int64_t i = 0; i < out->dims[1]; i++) {
      int64_t k = first_above(sums, logits->dims[1], words_double(&words) * total),
              at = row * out->dims[1] + i;
      int_put(out, at, k);
    }
  }
}

static TF_Code multinomial_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *out = &c->outputs[0];
  if (!tensor_count(out)) return TF_OK;
  uint64_t words = (uint64_t)((out->dims[1] + 3) / 4 * 4 * 2);
  multinomial_fill(c, random_take(c->state, (uint64_t)out->dims[0] * words * RESERVED_PER_OUTPUT));
  return TF_OK;
}

static TF_Code stateless_multinomial_run(OpCtx *c, TF_Status *st) {
  Philox p;
  TRY(philox_of_seed(op_input(c, 2), true, &p, st));
  if (tensor_count(&c->outputs[0])) multinomial_fill(c, p);
  return TF_OK;
}

#define TYPES "T: half bfloat16 float double; output_dtype: int32 int64"

const OpRow ops_random_multinomial[] = {
    {"Multinomial", .types = TYPES, .flags = OP_STATEFUL, .value_inputs = 2,
     .state_size = sizeof(RandomState), .shape = multinomial_shape, .init = random_state_init,
     .prepare = multinomial_prepare, .run = multinomial_run, .clear = random_state_clear},
    {"StatelessMultinomial", .types = TYPES, .value_inputs = 2, .shape = multinomial_shape,
     .prepare = multinomial_prepare, .run = stateless_multinomial_run},
    {0}};
