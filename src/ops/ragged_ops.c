/* Ragged tensors: values [n, ...] with row splits, one vector of them a ragged dimension, the outermost
 * first. RaggedTensorToSparse, RaggedRange, and the row of RaggedTensorToTensor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/ragged_dense.h"
#include "ops/sparse_util.h"
#include "ops/string_util.h"

/* Splits of `values` values: from 0 up, in order. */
static TF_Code check_splits(const Tensor *t, int64_t values, TF_Status *st) {
  if (t->rank != 1 || t->dims[0] < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid row split size: %lld",
                (long long)(t->rank == 1 ? t->dims[0] : 0));
  int64_t n = t->dims[0];
  if (int_at(t, 0) != 0) return fail(st, TF_INVALID_ARGUMENT, "First value of ragged splits must be 0.");
  for (int64_t i = 1; i < n; i++)
    if (int_at(t, i) < int_at(t, i - 1))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Ragged splits should be non decreasing, but we got %lld followed by %lld",
                  (long long)int_at(t, i - 1), (long long)int_at(t, i));
  if (int_at(t, n - 1) != values)
    return fail(st, TF_INVALID_ARGUMENT,
                "Final value of ragged splits must match the length the corresponding ragged array.");
  return TF_OK;
}

/* ---- RaggedTensorToSparse ---- */

static TF_Code to_sparse_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *values = c->inputs[c->num_inputs - 1];
  shape_sparse(c, 0, values->rank < 0 ? -1 : values->rank + c->num_inputs - 1);
  return TF_OK;
}

static TF_Code to_sparse_run(OpCtx *c, TF_Status *st) {
  int levels = c->num_inputs - 1, rank;
  const Tensor *values = op_input(c, levels);
  if (values->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "rt_dense_values must not be a scalar");
  rank = levels + values->rank;
  if (rank > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "a ragged tensor of rank %d", rank);
  for (int k = 0; k < levels; k++) {
    const Tensor *below = k + 1 < levels ? op_input(c, k + 1) : NULL;
    if (below && (below->rank != 1 || below->dims[0] < 1))
      return fail(st, TF_INVALID_ARGUMENT, "Invalid row split size: 0");
    TRY(check_splits(op_input(c, k), below ? below->dims[0] - 1 : values->dims[0], st));
  }
  int64_t n = tensor_count(values), inner = values->dims[0] ? n / values->dims[0] : 0, wide = rank,
          row[TENSOR_MAX_RANK] = {0};
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, rank}, 2, st));
  TRY(op_alloc_output(c, 1, values->dtype, &n, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &wide, 1, st));
  int64_t *index = c->outputs[0].data, *dims = c->outputs[2].data;
  for (int64_t i = 0; i < n; i++, index += rank) {
    int64_t place = i / inner, rest = i % inner;
    for (int d = values->rank - 1; d > 0; d--) {
      index[levels + d] = rest % values->dims[d];
      rest /= values->dims[d];
    }
    for (int k = levels - 1; k >= 0;
         k--) { /* from a place in a level to its row, which is a place in the level above */
      while (int_at(op_input(c, k), row[k] + 1) <= place) row[k]++;
      index[k + 1] = place - int_at(op_input(c, k), row[k]);
      place = row[k];
    }
    index[0] = place;
  }
  dims[0] = op_input(c, 0)->dims[0] - 1;
  for (int k = 0; k < levels; k++) {
    const Tensor *splits = op_input(c, k);
    dims[k + 1] = 0;
    for (int64_t i = 1; i < splits->dims[0]; i++)
      if (int_at(splits, i) - int_at(splits, i - 1) > dims[k + 1])
        dims[k + 1] = int_at(splits, i) - int_at(splits, i - 1);
  }
  for (int d = 1; d < values->rank; d++) dims[levels + d] = values->dims[d];
  return tensor_copy_range(&c->outputs[1], 0, values, 0, n, st);
}

/* ---- RaggedRange ---- */

static TF_Code range_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n = -1;
  for (int i = 0; i < 3; i++) {
    if (c->inputs[i]->rank > 1)
      return fail(st, TF_INVALID_ARGUMENT, "Shape must be at most rank 1 but is rank %d", c->inputs[i]->rank);
    if (c->inputs[i]->rank == 1) TRY(dim_merge(n, c->inputs[i]->dims[0], &n, st));
  }
  bool scalars = !c->inputs[0]->rank && !c->inputs[1]->rank && !c->inputs[2]->rank;
  c->outputs[0] = shape_vector(scalars ? 2 : n >= 0 ? n + 1 : -1);
  c->outputs[1] = shape_vector(-1);
  return TF_OK;
}

static double real_at(const Tensor *t, int64_t i) {
  return t->dtype == TF_DOUBLE ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

/* The length of range i. */
static TF_Code range_size(const OpCtx *c, int64_t i, int64_t *size, TF_Status *st) {
  const Tensor *t[3];
  int64_t at[3];
  for (int k = 0; k < 3; k++) {
    t[k] = op_input(c, k);
    at[k] = t[k]->rank ? i : 0;
  }
  *size = 0;
  if (t[0]->dtype == TF_INT32 || t[0]->dtype == TF_INT64) {
    int64_t start = int_at(t[0], at[0]), limit = int_at(t[1], at[1]), delta = int_at(t[2], at[2]);
    if (delta == 0) return fail(st, TF_INVALID_ARGUMENT, "Requires delta != 0");
    if (delta > 0 ? limit <= start : limit >= start) return TF_OK;
    uint64_t far = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta;
    uint64_t n = (far - 1) / step + 1;
    if (n > (uint64_t)INT64_MAX)
      return fail(st, TF_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= %lld",
                  (long long)INT64_MAX);
    *size = (int64_t)n;
    return TF_OK;
  }
  double start = real_at(t[0], at[0]), limit = real_at(t[1], at[1]), delta = real_at(t[2], at[2]);
  if (delta == 0) return fail(st, TF_INVALID_ARGUMENT, "Requires delta != 0");
  if ((delta > 0 && limit < start) || (delta < 0 && limit > start)) return TF_OK;
  double n = t[0]->dtype == TF_DOUBLE ? ceil(fabs((limit - start) / delta))
                                      : (double)ceilf(fabsf(((float)limit - (float)start) / (float)delta));
  if (!(n <= 9.2e18))
    return fail(st, TF_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= %lld", (long long)INT64_MAX);
  *size = (int64_t)n;
  return TF_OK;
}

static TF_Code range_run(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"starts", "limits", "deltas"};
  int64_t n = -1, total = 0, size, at = 0;
  for (int k = 0; k < 3; k++) {
    const Tensor *t = op_input(c, k);
    if (t->rank > 1) return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar or vector", names[k]);
    if (t->rank == 1 && n >= 0 && n != t->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "starts, limits, and deltas must have the same shape");
    if (t->rank == 1) n = t->dims[0];
  }
  if (n < 0) n = 1;
  TRY(op_alloc_output(c, 0, c->node->output_types[0], &(int64_t){n + 1}, 1, st));
  Tensor *splits = &c->outputs[0];
  int_put(splits, 0, 0);
  for (int64_t i = 0; i < n; i++) {
    TRY(range_size(c, i, &size, st));
    if (!checked_add_i64(total, size, &total) || (splits->dtype == TF_INT32 && total > INT32_MAX))
      return fail(st, TF_INVALID_ARGUMENT, "the ranges have too many values");
    int_put(splits, i + 1, total);
  }
  TRY(op_alloc_output(c, 1, op_input(c, 0)->dtype, &total, 1, st));
  Tensor *out = &c->outputs[1];
  for (int64_t i = 0; i < n; i++) {
    const Tensor *start = op_input(c, 0), *delta = op_input(c, 2);
    int64_t a = start->rank ? i : 0, d = delta->rank ? i : 0, end = int_at(splits, i + 1);
    if (at == end) continue;
#define FILL(T, add)                                                                           \
  for (T v = ((const T *)start->data)[a], by = ((const T *)delta->data)[d]; at < end; v = add) \
  ((T *)out->data)[at++] = v
    if (out->dtype == TF_INT32) FILL(int32_t, (int32_t)((uint32_t)v + (uint32_t)by));
    else if (out->dtype == TF_INT64) FILL(int64_t, (int64_t)((uint64_t)v + (uint64_t)by));
    else if (out->dtype == TF_FLOAT) FILL(float, v + by);
    else FILL(double, v + by);
#undef FILL
  }
  return TF_OK;
}

const OpRow ops_ragged_ops[] = {
    {"RaggedTensorToTensor", .types = "T: " TYPES_POD " string " TYPES_QUANTIZED_ALL, .flags = OP_DYNAMIC,
     .shape = ragged_to_tensor_shape, .run = ragged_to_tensor_run},
    {"RaggedTensorToSparse", .flags = OP_DYNAMIC, .shape = to_sparse_shape, .run = to_sparse_run},
    {"RaggedRange", .types = "T: int32 int64 float double", .flags = OP_DYNAMIC, .shape = range_shape,
     .run = range_run},
    {0}};
