/* HistogramFixedWidth: how many values fall into each of nbins equal parts of a range; what lies outside
 * counts in the first or the last. */
#include <math.h>
#include <string.h>

#include "ops/array_util.h"

static TF_Code histogram_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *range = op_input(c, 1), *bins = op_input(c, 2);
  if (range->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "value_range should be a vector.");
  if (range->dims[0] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "value_range should be a vector of 2 elements.");
  if (bins->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "nbins should be a scalar.");
  double low = math_number_at(range, 0), high = math_number_at(range, 1);
  if (!(range->dtype == TF_INT64 ? int_at(range, 0) < int_at(range, 1) : low < high))
    return fail(st, TF_INVALID_ARGUMENT,
                "value_range should satisfy value_range[0] < value_range[1], but got '[%g, %g]'", low, high);
  int64_t n = int_at(bins, 0);
  if (n <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "nbins should be a positive number, but got '%lld'", (long long)n);
  return op_output(c, 0, c->node->output_types[0], &n, 1, st);
}

/* How far element i of `t` lies above `low`, as its type tells: floats round. */
static double distance(const Tensor *t, int64_t i, const Tensor *range, int end) {
  const Tensor *from = range;
  switch (t->dtype) {
    case TF_FLOAT: {
      float v = ((const float *)t->data)[i], low = ((const float *)from->data)[end];
      return (double)((v > low ? v : low) - low);
    }
    case TF_INT64: {
      int64_t v = ((const int64_t *)t->data)[i], low = ((const int64_t *)from->data)[end];
      return v > low ? (double)((uint64_t)v - (uint64_t)low) : 0;
    }
    default: {
      double v = math_number_at(t, i), low = math_number_at(from, end);
      return (v > low ? v : low) - low;
    }
  }
}

static TF_Code histogram_run(OpCtx *c, TF_Status *st) {
  const Tensor *values = op_input(c, 0), *range = op_input(c, 1);
  Tensor *out = &c->outputs[0];
  int64_t bins = out->dims[0], n = tensor_count(values);
  double step = distance(range, 1, range, 0) / (double)bins;
  memset(out->data, 0, (size_t)bins * dtype_size(out->dtype));
  for (int64_t i = 0; i < n; i++) {
    if (isnan(math_number_at(values, i)))
      return fail(st, TF_INVALID_ARGUMENT, "Histogram values must not contain NaN");
    double at = distance(values, i, range, 0) / step;
    int64_t bin = at < (double)(bins - 1) ? (int64_t)at : isnan(at) ? 0 : bins - 1;
    if (out->dtype == TF_INT64) ((int64_t *)out->data)[bin]++;
    else ((int32_t *)out->data)[bin]++;
  }
  return TF_OK;
}

static TF_Code histogram_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n = -1;
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 2, 0, st));
  if (shape_int_value(c, 2, &n) && n < 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Dimension size, given by scalar input 2, must be non-negative but is %lld", (long long)n);
  c->outputs[0] = shape_vector(n);
  return TF_OK;
}

const OpRow ops_math_histogram[] = {
    {"HistogramFixedWidth", .types = "T: int32 int64 float double", .value_inputs = 6,
     .shape = histogram_shape, .prepare = histogram_prepare, .run = histogram_run},
    {0}};
