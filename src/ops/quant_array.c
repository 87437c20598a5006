/* QuantizedReshape and QuantizedConcat: arrays of quantised numbers with their ranges. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/quant_util.h"

/* ---- QuantizedReshape ---- */

static TF_Code reshape_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  TRY(reshape_dims(op_input(c, 0), op_input(c, 1), dims, &rank, st));
  for (int i = 2; i < 4; i++)
    if (tensor_count(op_input(c, i)) != 1)
      return fail(st, TF_INVALID_ARGUMENT, "input_%s must have 1 element.", i == 2 ? "min" : "max");
  TRY(op_output_alias(c, 0, 0, dims, rank, st));
  return quant_range_output(c, 1, st);
}

static TF_Code reshape_run(OpCtx *c, TF_Status *st) {
  (void)st;
  quant_put_range(c, 1, quant_float(c, 2), quant_float(c, 3));
  return TF_OK;
}

static TF_Code reshape_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_of_value(c, 1, &c->outputs[0], st));
  for (int i = 1; i < 3; i++) c->outputs[i] = shape_rank0();
  return TF_OK;
}

/* ---- QuantizedConcat: inputs dim, values, mins, maxes ---- */

static TF_Code concat_prepare(OpCtx *c, TF_Status *st) {
  int n = (c->num_inputs - 1) / 3;
  const Tensor *dim = op_input(c, 0), *first = op_input(c, 1);
  int64_t dims[TENSOR_MAX_RANK];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (dim->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Concat dim tensor should be a scalar integer, but got shape %s",
                shape_text(dim->dims, dim->rank, a, sizeof a));
  int64_t axis = int_at(dim, 0);
  if (!index_ok(axis, first->rank))
    return fail(st, TF_INVALID_ARGUMENT,
                "ConcatOp : Expected concatenating dimensions in the range [0, %d), but got %lld",
                first->rank, (long long)axis);
  memcpy(dims, first->dims, sizeof dims);
  for (int i = 1; i < n; i++) {
    const Tensor *t = op_input(c, 1 + i);
    bool same = t->rank == first->rank;
    for (int d = 0; same && d < t->rank; d++) same = d == axis || t->dims[d] == first->dims[d];
    if (!same)
      return fail(st, TF_INVALID_ARGUMENT, "ConcatOp : %s should match: shape[0] = %s vs. shape[%d] = %s",
                  t->rank == first->rank ? "Dimensions of inputs" : "Ranks of all input tensors",
                  shape_text(first->dims, first->rank, a, sizeof a), i,
                  shape_text(t->dims, t->rank, b, sizeof b));
    if (__builtin_add_overflow(dims[axis], t->dims[axis], &dims[axis]))
      return fail(st, TF_INVALID_ARGUMENT, "ConcatOp : the output is too large");
  }
  for (int i = 1 + n; i < c->num_inputs; i++)
    if (tensor_count(op_input(c, i)) != 1)
      return fail(st, TF_INVALID_ARGUMENT, "a range must be of single numbers");
  TRY(op_output(c, 0, first->dtype, dims, first->rank, st));
  return quant_range_output(c, 1, st);
}

static TF_Code concat_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int n = (c->num_inputs - 1) / 3;
  Tensor *out = &c->outputs[0];
  int axis = (int)int_at(op_input(c, 0), 0);
  float min = FLT_MAX, max = -FLT_MAX;
  for (int i = 0; i < n; i++) {
    min = fminf(min, quant_float(c, 1 + n + i));
    max = fmaxf(max, quant_float(c, 1 + 2 * n + i));
  }
  if (quant_lowest(out->dtype) < 0) {
    max = fmaxf(fabsf(min), fabsf(max));
    min = -max;
  }
  quant_put_range(c, 1, min, max);
  QuantScale to = quant_scale_of_float(out->dtype, min, max);
  int64_t row = dims_product(out->dims, axis, out->rank), at = 0;
  for (int i = 0; i < n; i++) {
    const Tensor *t = op_input(c, 1 + i);
    float low = quant_float(c, 1 + n + i), high = quant_float(c, 1 + 2 * n + i);
    QuantScale from = quant_scale_to_float(t->dtype, low, high);
    int64_t part = dims_product(t->dims, axis, t->rank);
    for (int64_t k = 0, count = tensor_count(t); k < count; k++) {
      int64_t v = quant_at(t, k);
      if (low != min || high != max) v = quant_scaled_of_float(&to, quant_scaled_to_float(&from, v));
      quant_put(out, k / part * row + at + k % part, v);
    }
    at += part;
  }
  return TF_OK;
}

static TF_Code concat_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = c->inputs[1]->rank < 0 ? shape_unknown() : shape_of_rank(c->inputs[1]->rank);
  for (int i = 1; i < 3; i++) c->outputs[i] = shape_rank0();
  return TF_OK;
}

const OpRow ops_quant_array[] = {
    {"QuantizedReshape", .types = "T: quint8 qint32; Tshape: int32 int64", .value_inputs = 2,
     .shape = reshape_shape, .prepare = reshape_prepare, .run = reshape_run},
    {"QuantizedConcat", .types = "T: quint8 qint32", .value_inputs = 1, .shape = concat_shape,
     .prepare = concat_prepare, .run = concat_run},
    {0}};
