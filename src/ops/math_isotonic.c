/* IsotonicRegression: of each row, the sequence that never rises and is nearest to it in squares. Pools of
 * neighbours that rise are replaced by their means until none is left; the segments number the pools. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"

/* TF: small integers give float, others double; floats stay what they are. */
static TF_Code isotonic_init(OpInit *k, TF_Status *st) {
  TF_DataType in = k->node->input_types[0], out = k->node->output_types[0], want = in;
  if (in == TF_INT8 || in == TF_INT16) want = TF_FLOAT;
  if (in == TF_INT32 || in == TF_INT64) want = TF_DOUBLE;
  if (out == want) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "No OpKernel was registered to support Op 'IsotonicRegression' of %s giving %s", dtype_name(in),
              dtype_name(out));
}

static int64_t row_of(const Tensor *x) { return x->rank ? x->dims[x->rank - 1] : 1; }

static TF_Code isotonic_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  size_t bytes;
  if (!checked_mul((size_t)row_of(x), 2 * sizeof(double), &bytes))
    return fail_oom(st, "pools of a regression");
  op_scratch(c, bytes);
  TRY(op_output(c, 0, c->node->output_types[0], x->dims, x->rank, st));
  return op_output(c, 1, TF_INT32, x->dims, x->rank, st);
}

/* Pools of the row, from its begin: sums and counts; returns how many. */
static int64_t make_pools(const Tensor *x, int64_t at, int64_t n, double *sum, double *count) {
  int64_t pools = 0;
  for (int64_t i = 0; i < n; i++) {
    sum[pools] = math_number_at(x, at + i);
    count[pools++] = 1;
    while (pools > 1 && sum[pools - 1] * count[pools - 2] > sum[pools - 2] * count[pools - 1]) {
      pools--;
      sum[pools - 1] += sum[pools];
      count[pools - 1] += count[pools];
    }
  }
  return pools;
}

static TF_Code isotonic_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  int64_t n = row_of(x), total = tensor_count(x);
  double *sum = c->scratch, *count = sum + n;
  for (int64_t at = 0; at < total; at += n) {
    int64_t pools = make_pools(x, at, n, sum, count), i = at;
    for (int64_t p = 0; p < pools; p++)
      for (int64_t end = i + (int64_t)count[p]; i < end; i++) {
        math_number_put(&c->outputs[0], i, sum[p] / count[p]);
        ((int32_t *)c->outputs[1].data)[i] = (int32_t)p;
      }
  }
  return TF_OK;
}

static TF_Code isotonic_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = c->outputs[1] = *c->inputs[0];
  return TF_OK;
}

const OpRow ops_math_isotonic[] = {
    {"IsotonicRegression",
     .types =
         "T: half bfloat16 float double int8 int16 int32 int64; output_dtype: half bfloat16 float double",
     .shape = isotonic_shape, .init = isotonic_init, .prepare = isotonic_prepare, .run = isotonic_run},
    {0}};
