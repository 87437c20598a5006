/* Ops on shapes: asking for them (Shape, Size, Rank) and changing them without moving an element (Reshape,
 * Squeeze). */
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"

/* TensorFlow refuses to say a size in 32 bits that needs more. */
static TF_Code check_int(TF_DataType dtype, int64_t v, const char *op, TF_Status *st) {
  if (dtype == TF_INT64 || v <= INT32_MAX) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s output type is 32-bit but %s is too large: %lld", op, "value",
              (long long)v);
}

/* ---- Shape, ShapeN, Size, Rank ---- */

static TF_Code shape_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i < c->num_outputs; i++) c->outputs[i] = shape_vector(c->inputs[i]->rank);
  return TF_OK;
}

static TF_Code shape_prepare(OpCtx *c, TF_Status *st) {
  for (int i = 0; i < c->num_outputs; i++) {
    TF_DataType dtype = c->node->output_types[i];
    const Tensor *in = op_input(c, i);
    for (int k = 0; k < in->rank; k++)
      if (dtype != TF_INT64 && in->dims[k] > INT32_MAX)
        return fail(st, TF_INVALID_ARGUMENT, "Shape output type is 32-bit  but dim %d is %lld", k,
                    (long long)in->dims[k]);
    TRY(op_output(c, i, dtype, &(int64_t){in->rank}, 1, st));
  }
  return TF_OK;
}

static TF_Code shape_run(OpCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i < c->num_outputs; i++)
    for (int k = 0; k < op_input(c, i)->rank; k++) int_put(&c->outputs[i], k, op_input(c, i)->dims[k]);
  return TF_OK;
}

static TF_Code size_prepare(OpCtx *c, TF_Status *st) {
  TF_DataType dtype = c->node->output_types[0];
  TRY(check_int(dtype, tensor_count(op_input(c, 0)), "Size", st));
  return op_output_scalar(c, 0, dtype, st);
}

static TF_Code size_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int_put(&c->outputs[0], 0, tensor_count(op_input(c, 0)));
  return TF_OK;
}

static TF_Code rank_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int_put(&c->outputs[0], 0, op_input(c, 0)->rank);
  return TF_OK;
}

/* ---- Reshape ---- */

static TF_Code reshape_shape(ShapeCtx *c, TF_Status *st) {
  Shape out;
  const Tensor *sizes = c->value(c, 1);
  if (sizes && sizes->rank == 0) out = shape_vector(int_at(sizes, 0));
  else TRY(shape_of_value(c, 1, &out, st));
  const Shape *in = c->inputs[0];
  int64_t total = in->rank < 0 ? -1 : 1, known = 1;
  for (int i = 0; total >= 0 && i < in->rank; i++) total = dim_mul(total, in->dims[i]);
  int holes = 0, hole = -1;
  for (int i = 0; i < out.rank; i++) {
    if (out.dims[i] < 0) {
      holes++;
      hole = i;
    } else known = dim_mul(known, out.dims[i]);
  }
  if (out.rank >= 0 && total >= 0 && c->value(c, 1)) {
    if (holes == 0 && known >= 0 && total != known)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Cannot reshape a tensor with %lld elements to shape %s (%lld elements)", (long long)total,
                  shape_text(out.dims, out.rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX),
                  (long long)known);
    if (holes == 1 && known > 0) {
      if (total % known)
        return fail(st, TF_INVALID_ARGUMENT, "Dimension size must be evenly divisible by %lld but is %lld",
                    (long long)known, (long long)total);
      out.dims[hole] = total / known;
    }
  }
  c->outputs[0] = out;
  return TF_OK;
}

TF_Code reshape_dims(const Tensor *in, const Tensor *sizes, int64_t *dims, int *rank, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (sizes->rank > 1) /* TF: a scalar is taken for a vector of one */
    return fail(st, TF_INVALID_ARGUMENT, "sizes input must be 1-D, not %s",
                shape_text(sizes->dims, sizes->rank, text, sizeof text));
  int64_t n = tensor_count(sizes), known = 1;
  if (n > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "too many dimensions: must be <= %d, but received %lld",
                TENSOR_MAX_RANK, (long long)n);
  int hole = -1;
  bool empty = false;
  for (int i = 0; i < n; i++) {
    dims[i] = int_at(sizes, i);
    if (dims[i] == -1) {
      if (hole >= 0)
        return fail(st, TF_INVALID_ARGUMENT, "Only one input size may be -1, not both %d and %d", hole, i);
      hole = i;
      dims[i] = 1;
    } else if (dims[i] < 0) {
      return fail(st, TF_INVALID_ARGUMENT, "Size %d must be non-negative, not %lld", i, (long long)dims[i]);
    } else if (dims[i] == 0) {
      empty = true;
    } else if (!checked_mul_i64(known, dims[i], &known)) {
      return fail(st, TF_INVALID_ARGUMENT, "Shape %s would have more than 2**63 - 1 elements",
                  shape_text(dims, i + 1, text, sizeof text));
    }
  }
  int64_t total = tensor_count(in);
  if (hole >= 0) {
    /* TF: with a zero among the sizes the input's zeros do not count, so [0, 2] under [-1, 0] is [2, 0]. */
    int64_t counted = 1;
    bool skipped = false;
    for (int i = 0; i < in->rank; i++) {
      if (in->dims[i] || !empty) counted *= in->dims[i];
      else skipped = true;
    }
    dims[hole] = counted / known;
    if (!skipped && dims[hole] * known != counted)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Input to reshape is a tensor with %lld values, but the requested shape requires a "
                  "multiple of %lld",
                  (long long)total, (long long)known);
    known *= dims[hole];
  }
  if (empty) known = 0;
  if (known != total)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input to reshape is a tensor with %lld values, but the requested shape has %lld",
                (long long)total, (long long)known);
  *rank = (int)n;
  return TF_OK;
}

static TF_Code reshape_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  TRY(reshape_dims(op_input(c, 0), op_input(c, 1), dims, &rank, st));
  return op_output_alias(c, 0, 0, dims, rank, st);
}

/* ---- ExpandDims, Squeeze ---- */

static TF_Code expand_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  int64_t axis;
  if (in->rank < 0) return TF_OK;
  if (in->rank + 1 > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "ExpandDims of a tensor of rank %d: ranks up to %d are supported",
                in->rank, TENSOR_MAX_RANK);
  if (!shape_int_value(c, 1, &axis)) {
    c->outputs[0] = shape_of_rank(in->rank + 1);
    return TF_OK;
  }
  int64_t given = axis;
  if (!axis_in_range(&axis, in->rank + 1))
    return fail(st, TF_INVALID_ARGUMENT, "dim %lld not in the interval [%d, %d].", (long long)given,
                -in->rank - 1, in->rank);
  Shape *out = &c->outputs[0];
  out->rank = in->rank + 1;
  for (int i = 0; i < out->rank; i++) out->dims[i] = i < axis ? in->dims[i] : i == axis ? 1 : in->dims[i - 1];
  return TF_OK;
}

static TF_Code expand_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *dim = op_input(c, 1);
  if (tensor_count(dim) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "'dim' must be a tensor with a single value");
  int64_t axis = int_at(dim, 0), dims[TENSOR_MAX_RANK + 1];
  int64_t given = axis;
  if (!axis_in_range(&axis, in->rank + 1))
    return fail(st, TF_INVALID_ARGUMENT, "Tried to expand dim index %lld for tensor with %d dimensions.",
                (long long)given, in->rank);
  for (int i = 0; i <= in->rank; i++) dims[i] = i < axis ? in->dims[i] : i == axis ? 1 : in->dims[i - 1];
  return op_output_alias(c, 0, 0, dims, in->rank + 1, st);
}

/* Marks the dims that Squeeze is to drop: bit i of *mask; 0 for none given. */
static TF_Code squeeze_mask(const Node *node, int rank, uint32_t *mask, TF_Status *st) {
  const Attr *axes;
  TRY(node_attr_list(node, "squeeze_dims", TF_ATTR_INT, &axes, st));
  *mask = 0;
  for (int64_t i = 0; i < axes->count; i++) {
    int64_t axis = axes->v.list_i[i];
    if (!axis_in_range(&axis, rank))
      return fail(st, TF_INVALID_ARGUMENT, "Tried to squeeze dim index %lld for tensor with %d dimensions.",
                  (long long)axes->v.list_i[i], rank);
    *mask |= 1u << axis;
  }
  return TF_OK;
}

static TF_Code squeeze_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  uint32_t mask;
  if (in->rank < 0) return TF_OK;
  TRY(squeeze_mask(c->node, in->rank, &mask, st));
  Shape out = {.rank = 0};
  for (int i = 0; i < in->rank; i++) {
    bool named = mask >> i & 1;
    if (!mask && in->dims[i] < 0) return TF_OK;
    if (named && in->dims[i] >= 0 && in->dims[i] != 1)
      return fail(st, TF_INVALID_ARGUMENT, "Can not squeeze dim[%d], expected a dimension of 1, got %lld", i,
                  (long long)in->dims[i]);
    if (mask ? !named : in->dims[i] != 1) out.dims[out.rank++] = in->dims[i];
  }
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code squeeze_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  uint32_t mask;
  int rank = 0;
  TRY(squeeze_mask(c->node, in->rank, &mask, st));
  for (int i = 0; i < in->rank; i++) {
    bool named = mask >> i & 1;
    if (named && in->dims[i] != 1)
      return fail(st, TF_INVALID_ARGUMENT, "Can not squeeze dim[%d], expected a dimension of 1, got %lld", i,
                  (long long)in->dims[i]);
    if (mask ? !named : in->dims[i] != 1) dims[rank++] = in->dims[i];
  }
  return op_output_alias(c, 0, 0, dims, rank, st);
}

/* ---- GuaranteeConst, EnsureShape ---- */

static TF_Code same_prepare(OpCtx *c, TF_Status *st) {
  return op_output_alias(c, 0, 0, op_input(c, 0)->dims, op_input(c, 0)->rank, st);
}

static TF_Code ensure_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *want;
  TRY(node_attr_shape(c->node, "shape", &want, st));
  return shape_merge(c->inputs[0], want, &c->outputs[0], st);
}

static TF_Code ensure_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  const Shape *want;
  char is[SHAPE_TEXT_MAX], text[SHAPE_TEXT_MAX];
  TRY(node_attr_shape(c->node, "shape", &want, st));
  bool fits = want->rank < 0 || want->rank == in->rank;
  for (int i = 0; fits && i < want->rank; i++) fits = want->dims[i] < 0 || want->dims[i] == in->dims[i];
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT, "Shape of tensor %s %s is not compatible with expected shape %s.",
                c->node->num_inputs ? c->node->inputs[0].oper->name : c->node->name,
                shape_text(in->dims, in->rank, is, sizeof is),
                shape_text(want->dims, want->rank, text, sizeof text));
  return same_prepare(c, st);
}

/* ---- Bitcast ---- */

static TF_Code bitcast_dims(int64_t *dims, int *rank, const int64_t *in, int in_rank, size_t from, size_t to,
                            TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  *rank = in_rank;
  memcpy(dims, in, (size_t)in_rank * sizeof *in);
  if (from == 0 || to == 0 || from == to) return TF_OK;
  int64_t ratio = (int64_t)(from > to ? from / to : to / from);
  if (from > to) {
    if (in_rank == TENSOR_MAX_RANK)
      return fail(st, TF_INVALID_ARGUMENT, "Bitcast: rank %d is not supported", in_rank + 1);
    dims[(*rank)++] = ratio;
  } else {
    if (!in_rank || (in[in_rank - 1] >= 0 && in[in_rank - 1] != ratio))
      return fail(st, TF_INVALID_ARGUMENT, "Cannot bitcast from %zu-byte to %zu-byte elements: shape %s",
                  from, to, shape_text(in, in_rank, text, sizeof text));
    *rank -= 1;
  }
  return TF_OK;
}

static TF_Code bitcast_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  if (in->rank < 0) return TF_OK;
  return bitcast_dims(c->outputs[0].dims, &c->outputs[0].rank, in->dims, in->rank,
                      dtype_size(c->node->input_types[0]), dtype_size(c->node->output_types[0]), st);
}

static TF_Code bitcast_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  TF_DataType dtype = c->node->output_types[0];
  int64_t dims[TENSOR_MAX_RANK], ratio = (int64_t)dtype_size(dtype) / (int64_t)dtype_size(in->dtype);
  int rank;
  char text[SHAPE_TEXT_MAX];
  if (ratio > 1 && (!in->rank || in->dims[in->rank - 1] != ratio))
    return fail(st, TF_INVALID_ARGUMENT, "Cannot bitcast from %s to %s: shape %s", dtype_name(in->dtype),
                dtype_name(dtype), shape_text(in->dims, in->rank, text, sizeof text));
  TRY(bitcast_dims(dims, &rank, in->dims, in->rank, dtype_size(in->dtype), dtype_size(dtype), st));
  return op_output(c, 0, dtype, dims, rank, st);
}

static TF_Code bitcast_run(OpCtx *c, TF_Status *st) {
  (void)st;
  size_t bytes = (size_t)tensor_count(op_input(c, 0)) * dtype_size(op_input(c, 0)->dtype);
  if (bytes) memcpy(c->outputs[0].data, op_input(c, 0)->data, bytes);
  return TF_OK;
}

const OpRow ops_array_shape[] = {
    {"Shape", .flags = OP_SHAPE_VALUE, .shape = shape_shape, .prepare = shape_prepare, .run = shape_run},
    {"ShapeN", .flags = OP_SHAPE_VALUE, .shape = shape_shape, .prepare = shape_prepare, .run = shape_run},
    {"Size", .flags = OP_SHAPE_VALUE, .shape = shape_scalar, .prepare = size_prepare, .run = size_run},
    {"Rank", .flags = OP_SHAPE_VALUE, .shape = shape_scalar, .prepare = prepare_scalar, .run = rank_run},
    {"Reshape", .value_inputs = 1u << 1, .shape = reshape_shape, .prepare = reshape_prepare,
     .run = run_nothing},
    {"ExpandDims", .value_inputs = 1u << 1, .shape = expand_shape, .prepare = expand_prepare,
     .run = run_nothing},
    {"Squeeze", .shape = squeeze_shape, .prepare = squeeze_prepare, .run = run_nothing},
    {"GuaranteeConst", .shape = shape_same, .prepare = same_prepare, .run = run_nothing},
    {"EnsureShape", .shape = ensure_shape, .prepare = ensure_prepare, .run = run_nothing},
    {"Bitcast", .shape = bitcast_shape, .prepare = bitcast_prepare, .run = bitcast_run},
    {0}};
