/* Putting tensors together and taking them apart along one axis: Pack, Concat, Unpack, Split.
 *
 * All of them see a tensor as [outer, inner]: what lies before the axis, and the run of elements of each
 * outer index that belongs to one part. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_copy.h"
#include "ops/array_util.h"

typedef struct AxisPrep {
  int64_t outer;
  int64_t run; /* elements of the whole (not of one part) for each outer index */
} AxisPrep;

/* Copies part [at, at + n) of every outer run between the whole and a dense tensor of the part. */
static TF_Code copy_part(OpCtx *c, Tensor *dst, const Tensor *src, int64_t outer, int64_t run, int64_t at,
                         int64_t n, bool to_whole, TF_Status *st) {
  ArrayCopy p = {0};
  array_copy_loop(&p, outer, to_whole ? n : run, to_whole ? run : n);
  array_copy_loop(&p, n, 1, 1);
  *(to_whole ? &p.dst_at : &p.src_at) = at;
  array_copy_finish(&p);
  return array_copy_run(&p, src->dtype, dst->data, src->data, c->threads, st);
}

/* ---- Pack, Unpack ---- */

static TF_Code pack_shape(ShapeCtx *c, TF_Status *st) {
  int64_t axis;
  TRY(node_attr_int(c->node, "axis", &axis, st));
  Shape all = *c->inputs[0];
  for (int i = 1; i < c->num_inputs; i++)
    if (shape_merge(&all, c->inputs[i], &all, st))
      return fail_prefix(st, "From merging shape %d with other shapes.", i), TF_GetCode(st);
  if (all.rank < 0) return TF_OK;
  if (!axis_in_range(&axis, all.rank + 1) || all.rank == TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid axis: %lld; must be in [%d,%d]", (long long)axis,
                -all.rank - 1, all.rank);
  Shape *out = &c->outputs[0];
  out->rank = all.rank + 1;
  for (int i = 0; i < out->rank; i++)
    out->dims[i] = i < axis ? all.dims[i] : i == axis ? c->num_inputs : all.dims[i - 1];
  return TF_OK;
}

static TF_Code pack_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *first = op_input(c, 0);
  int64_t axis, given, dims[TENSOR_MAX_RANK + 1];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  TRY(node_attr_int(c->node, "axis", &axis, st));
  for (int i = 1; i < c->num_inputs; i++)
    if (!tensor_same_shape(first, op_input(c, i)))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Shapes of all inputs must match: values[0].shape = %s != values[%d].shape = %s",
                  shape_text(first->dims, first->rank, a, sizeof a), i,
                  shape_text(op_input(c, i)->dims, op_input(c, i)->rank, b, sizeof b));
  given = axis;
  if (!axis_in_range(&axis, first->rank + 1))
    return fail(st, TF_INVALID_ARGUMENT, "axis = %lld not in [%d, %d)", (long long)given, -first->rank - 1,
                first->rank + 1);
  for (int i = 0; i <= first->rank; i++)
    dims[i] = i < axis ? first->dims[i] : i == axis ? c->num_inputs : first->dims[i - 1];
  if (c->num_inputs == 1) return op_output_alias(c, 0, 0, dims, first->rank + 1, st);
  AxisPrep *p = c->prep;
  p->outer = dims_product(first->dims, 0, (int)axis);
  p->run = dims_product(first->dims, (int)axis, first->rank) * c->num_inputs;
  return op_output(c, 0, first->dtype, dims, first->rank + 1, st);
}

static TF_Code pack_run(OpCtx *c, TF_Status *st) {
  const AxisPrep *p = c->prep;
  int64_t n = p->run / c->num_inputs;
  if (c->num_inputs == 1) return TF_OK;
  for (int i = 0; i < c->num_inputs; i++)
    TRY(copy_part(c, &c->outputs[0], op_input(c, i), p->outer, p->run, i * n, n, true, st));
  return TF_OK;
}

static TF_Code unpack_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  int64_t axis, given;
  TRY(node_attr_int(c->node, "axis", &axis, st));
  if (in->rank < 0) return TF_OK;
  given = axis;
  if (!axis_in_range(&axis, in->rank))
    return fail(st, TF_INVALID_ARGUMENT, "Invalid axis: %lld; must be in [%d,%d)", (long long)given,
                -in->rank, in->rank);
  int64_t same;
  TRY(dim_merge(in->dims[axis], c->num_outputs, &same, st));
  for (int o = 0; o < c->num_outputs; o++) {
    c->outputs[o].rank = in->rank - 1;
    for (int i = 0; i < in->rank - 1; i++) c->outputs[o].dims[i] = in->dims[i < axis ? i : i + 1];
  }
  return TF_OK;
}

static TF_Code unpack_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t axis, given, dims[TENSOR_MAX_RANK];
  TRY(node_attr_int(c->node, "axis", &axis, st));
  given = axis;
  if (!axis_in_range(&axis, in->rank))
    return fail(st, TF_INVALID_ARGUMENT, "axis = %lld not in [%d, %d)", (long long)given, -in->rank,
                in->rank);
  if (in->dims[axis] != c->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT, "Input shape axis %lld must equal %d, got shape %s", (long long)axis,
                c->num_outputs, shape_text(in->dims, in->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  for (int i = 0; i < in->rank - 1; i++) dims[i] = in->dims[i < axis ? i : i + 1];
  AxisPrep *p = c->prep;
  p->outer = dims_product(in->dims, 0, (int)axis);
  p->run = dims_product(in->dims, (int)axis, in->rank);
  for (int o = 0; o < c->num_outputs; o++) TRY(op_output(c, o, in->dtype, dims, in->rank - 1, st));
  return TF_OK;
}

static TF_Code unpack_run(OpCtx *c, TF_Status *st) {
  const AxisPrep *p = c->prep;
  int64_t n = c->num_outputs ? p->run / c->num_outputs : 0;
  for (int o = 0; o < c->num_outputs; o++)
    TRY(copy_part(c, &c->outputs[o], op_input(c, 0), p->outer, p->run, o * n, n, false, st));
  return TF_OK;
}

/* ---- Concat, ConcatV2 ---- */

/* Concat has the axis first, ConcatV2 last. */
static int concat_values(const char *op, int num_inputs, int *axis_input) {
  bool v2 = !strcmp(op, "ConcatV2");
  *axis_input = v2 ? num_inputs - 1 : 0;
  return v2 ? 0 : 1;
}

static TF_Code concat_shape(ShapeCtx *c, TF_Status *st) {
  int axis_input, first = concat_values(c->node->op, c->num_inputs, &axis_input);
  TRY(shape_want_rank(c, axis_input, 0, st));
  int rank = -1;
  for (int i = first; i < first + c->num_inputs - 1; i++) {
    int r = c->inputs[i]->rank;
    if (r < 0) continue;
    if (r == 0) return fail(st, TF_INVALID_ARGUMENT, "Can't concatenate scalars (use tf.stack instead)");
    if (rank >= 0 && r != rank)
      return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank %d but is rank %d", rank, r),
             fail_prefix(st, "From merging shape %d with other shapes.", i - first);
    rank = r;
  }
  if (rank < 0) return TF_OK;
  int64_t axis, given;
  if (!shape_int_value(c, axis_input, &axis)) {
    c->outputs[0] = shape_of_rank(rank);
    return TF_OK;
  }
  given = axis;
  if (!axis_in_range(&axis, rank))
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank %lld but is rank %d",
                (long long)(given < 0 ? -given : given + 1), rank);
  Shape out = shape_of_rank(rank);
  out.dims[axis] = 0;
  for (int i = first; i < first + c->num_inputs - 1; i++) {
    const Shape *s = c->inputs[i];
    for (int d = 0; d < rank; d++) {
      if (d == axis) out.dims[d] = dim_add(out.dims[d], shape_dim(s, d));
      else if (dim_merge(out.dims[d], shape_dim(s, d), &out.dims[d], st))
        return fail_prefix(st, "Dimension %d in both shapes must be equal", d);
    }
  }
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code concat_prepare(OpCtx *c, TF_Status *st) {
  int axis_input, first = concat_values(c->node->op, c->num_inputs, &axis_input), n = c->num_inputs - 1;
  const Tensor *dim = op_input(c, axis_input), *head = op_input(c, first);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (tensor_count(dim) != 1 || dim->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "%s tensor should be a scalar integer, but got shape %s",
                axis_input ? "axis" : "concat_dim", shape_text(dim->dims, dim->rank, a, sizeof a));
  if (head->rank == 0)
    return fail(st, TF_INVALID_ARGUMENT, "ConcatOp : Can't concatenate scalars (use tf.stack instead)");
  int64_t axis = int_at(dim, 0), given = axis, dims[TENSOR_MAX_RANK];
  if (!axis_in_range(&axis, head->rank))
    return fail(st, TF_INVALID_ARGUMENT,
                "ConcatOp : Expected concatenating dimensions in the range [%d, %d), but got %lld",
                -head->rank, head->rank, (long long)given);
  memcpy(dims, head->dims, sizeof head->dims);
  dims[axis] = 0;
  for (int i = 0; i < n; i++) {
    const Tensor *t = op_input(c, first + i);
    if (t->rank != head->rank)
      return fail(st, TF_INVALID_ARGUMENT,
                  "ConcatOp : Ranks of all input tensors should match: shape[0] = %s vs. shape[%d] = %s",
                  shape_text(head->dims, head->rank, a, sizeof a), i,
                  shape_text(t->dims, t->rank, b, sizeof b));
    for (int d = 0; d < t->rank; d++)
      if (d != axis && t->dims[d] != head->dims[d])
        return fail(st, TF_INVALID_ARGUMENT,
                    "ConcatOp : Dimension %d in both shapes must be equal: shape[0] = %s vs. shape[%d] = %s",
                    d, shape_text(head->dims, head->rank, a, sizeof a), i,
                    shape_text(t->dims, t->rank, b, sizeof b));
    if (!checked_add_i64(dims[axis], t->dims[axis], &dims[axis]))
      return fail(st, TF_INVALID_ARGUMENT, "ConcatOp : the sizes along axis %lld overflow", (long long)axis);
  }
  AxisPrep *p = c->prep;
  p->outer = dims_product(dims, 0, (int)axis);
  TRY(op_output(c, 0, head->dtype, dims, head->rank, st));
  p->run = dims_product(dims, (int)axis, head->rank);
  return TF_OK;
}

static TF_Code concat_run(OpCtx *c, TF_Status *st) {
  const AxisPrep *p = c->prep;
  int axis_input, first = concat_values(c->node->op, c->num_inputs, &axis_input);
  if (!p->outer) return TF_OK;
  int64_t at = 0;
  for (int i = first; i < first + c->num_inputs - 1; i++) {
    int64_t n = tensor_count(op_input(c, i)) / p->outer;
    TRY(copy_part(c, &c->outputs[0], op_input(c, i), p->outer, p->run, at, n, true, st));
    at += n;
  }
  return TF_OK;
}

/* ---- ConcatOffset ---- */

static TF_Code concat_offset_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i < c->num_outputs; i++) c->outputs[i] = *c->inputs[i + 1];
  return TF_OK;
}

static TF_Code concat_offset_prepare(OpCtx *c, TF_Status *st) {
  char a[SHAPE_TEXT_MAX];
  if (op_input(c, 0)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Concat dim tensor should be a scalar integer, but got shape %s",
                shape_text(op_input(c, 0)->dims, op_input(c, 0)->rank, a, sizeof a));
  for (int i = 0; i < c->num_outputs; i++) {
    const Tensor *t = op_input(c, i + 1);
    if (t->rank != 1)
      return fail(st, TF_INVALID_ARGUMENT, "input %d should be a vector, but got shape %s", i + 1,
                  shape_text(t->dims, t->rank, a, sizeof a));
    if (t->dims[0] != op_input(c, 1)->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "input %d should contain %lld elements, but got %lld", i,
                  (long long)op_input(c, 1)->dims[0], (long long)t->dims[0]);
    TRY(op_output(c, i, t->dtype, t->dims, 1, st));
  }
  return TF_OK;
}

/* "[2 3]": a vector as TensorFlow prints its values, up to ten of them. */
static const char *values_text(const Tensor *t, char *buf, size_t size) {
  int64_t n = tensor_count(t);
  size_t at = (size_t)snprintf(buf, size, "[");
  for (int64_t i = 0; i < n && i < 10; i++)
    at += (size_t)snprintf(buf + at, size - at, "%s%lld", i ? " " : "", (long long)int_at(t, i));
  snprintf(buf + at, size - at, "%s]", n > 10 ? "..." : "");
  return buf;
}

static TF_Code fail_offset(int64_t axis, int input, const Tensor *t, const Tensor *first, TF_Status *st) {
  char a[256], b[256];
  return fail(
      st, TF_INVALID_ARGUMENT,
      "All dimensions except %lld must match. Input %d has shape %s and doesn't match input 0 with shape %s.",
      (long long)axis, input, values_text(t, a, sizeof a), values_text(first, b, sizeof b));
}

static TF_Code concat_offset_run(OpCtx *c, TF_Status *st) {
  const Tensor *first = op_input(c, 1);
  int64_t axis = int_at(op_input(c, 0), 0), given = axis, n = first->dims[0], offset = 0;
  if (!axis_in_range(&axis, (int)n))
    return fail(st, TF_INVALID_ARGUMENT, "Concat dim is out of range: %lld vs. %lld", (long long)given,
                (long long)n);
  for (int i = 0; i < c->num_outputs; i++) {
    const Tensor *t = op_input(c, i + 1);
    for (int64_t k = 0; k < n; k++) {
      int64_t v = k == axis ? offset : 0;
      if (k != axis && int_at(t, k) != int_at(first, k)) return fail_offset(axis, i, t, first, st);
      int_put(&c->outputs[i], k, v);
    }
    if (!checked_add_i64(offset, int_at(t, axis), &offset))
      return fail(st, TF_INVALID_ARGUMENT, "the sizes along axis %lld overflow", (long long)axis);
  }
  return TF_OK;
}

/* ---- Split, SplitV ---- */

/* The axis that input i says; -1 when it is not known, with the outputs' ranks set. */
static TF_Code split_axis(ShapeCtx *c, int i, const Shape *in, int64_t *axis, TF_Status *st) {
  int64_t given;
  *axis = -1;
  if (in->rank < 0) return TF_OK;
  if (!shape_int_value(c, i, &given)) {
    for (int o = 0; o < c->num_outputs; o++) c->outputs[o] = shape_of_rank(in->rank);
    return TF_OK;
  }
  *axis = given;
  return axis_in_range(axis, in->rank) ? TF_OK
                                       : fail(st, TF_INVALID_ARGUMENT, "Dimension %lld not in range [%d, %d)",
                                              (long long)given, -in->rank, in->rank);
}

/* Outputs of this size along the axis, -1 when it is not known. */
static void split_outputs(ShapeCtx *c, const Shape *in, int64_t axis, int64_t size) {
  for (int o = 0; o < c->num_outputs; o++) {
    c->outputs[o] = *in;
    c->outputs[o].dims[axis] = size;
  }
}

static TF_Code split_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[1];
  int64_t axis;
  TRY(shape_want_rank(c, 0, 0, st));
  TRY(split_axis(c, 0, in, &axis, st));
  if (axis < 0) return TF_OK;
  int64_t size = in->dims[axis];
  if (size >= 0 && size % c->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT,
                "Dimension size must be evenly divisible by %d but is %lld\n"
                "\tNumber of ways to split should evenly divide the split dimension",
                c->num_outputs, (long long)size);
  split_outputs(c, in, axis, size < 0 ? -1 : size / c->num_outputs);
  return TF_OK;
}

static TF_Code split_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *dim = op_input(c, 0), *in = op_input(c, 1);
  if (dim->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "split_dim must be a scalar but has rank %d", dim->rank);
  int64_t axis = int_at(dim, 0), given = axis, dims[TENSOR_MAX_RANK];
  if (!axis_in_range(&axis, in->rank))
    return fail(st, TF_INVALID_ARGUMENT, "-input rank(-%d) <= split_dim < input rank (%d), but got %lld",
                in->rank, in->rank, (long long)given);
  if (in->dims[axis] % c->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT,
                "Number of ways to split should evenly divide the split dimension, but got split_dim %lld "
                "(size = %lld) "
                "and num_split %d",
                (long long)axis, (long long)in->dims[axis], c->num_outputs);
  memcpy(dims, in->dims, sizeof in->dims);
  dims[axis] /= c->num_outputs;
  AxisPrep *p = c->prep;
  p->outer = dims_product(in->dims, 0, (int)axis);
  p->run = dims_product(in->dims, (int)axis, in->rank);
  if (c->num_outputs == 1) return op_output_alias(c, 0, 1, in->dims, in->rank, st);
  for (int o = 0; o < c->num_outputs; o++) TRY(op_output(c, o, in->dtype, dims, in->rank, st));
  return TF_OK;
}

static TF_Code splitv_run(OpCtx *c, const Tensor *in, TF_Status *st) {
  const AxisPrep *p = c->prep;
  if (c->num_outputs == 1 || !p->outer) return TF_OK;
  int64_t at = 0;
  for (int o = 0; o < c->num_outputs; o++) {
    int64_t n = tensor_count(&c->outputs[o]) / p->outer;
    TRY(copy_part(c, &c->outputs[o], in, p->outer, p->run, at, n, false, st));
    at += n;
  }
  return TF_OK;
}

static TF_Code split_run(OpCtx *c, TF_Status *st) { return splitv_run(c, op_input(c, 1), st); }

static TF_Code splitv_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  int64_t axis;
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 2, 0, st));
  TRY(split_axis(c, 2, in, &axis, st));
  if (axis < 0) return TF_OK;
  const Tensor *sizes = c->value(c, 1);
  split_outputs(c, in, axis, -1);
  if (!sizes || tensor_count(sizes) != c->num_outputs) return TF_OK;
  int64_t rest = in->dims[axis], hole = -1;
  for (int o = 0; o < c->num_outputs; o++) {
    int64_t size = int_at(sizes, o);
    c->outputs[o].dims[axis] = size < 0 ? -1 : size;
    if (size < 0) hole = o;
    else rest -= size;
  }
  if (hole >= 0 && in->dims[axis] >= 0 && rest >= 0) c->outputs[hole].dims[axis] = rest;
  return TF_OK;
}

static TF_Code splitv_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *sizes = op_input(c, 1), *dim = op_input(c, 2);
  if (sizes->rank != 1 || sizes->dims[0] != c->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT,
                "size of the split_tensor must be 1-D and have the same elements as outputs got %d -D and "
                "%lld elements",
                sizes->rank, (long long)tensor_count(sizes));
  if (tensor_count(dim) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "split_dim_tensor must have exactly one element.");
  int64_t axis = int_at(dim, 0), given = axis, dims[TENSOR_MAX_RANK], sum = 0, hole = -1;
  if (!axis_in_range(&axis, in->rank))
    return fail(st, TF_INVALID_ARGUMENT, "-input rank(-%d) <= split_dim < input rank (%d), but got %lld",
                in->rank, in->rank, (long long)given);
  for (int o = 0; o < c->num_outputs; o++) {
    int64_t size = int_at(sizes, o);
    if (size == -1) {
      if (hole >= 0) return fail(st, TF_INVALID_ARGUMENT, "There can only be one -1 in the input.");
      hole = o;
    } else if (size < 0) {
      return fail(st, TF_INVALID_ARGUMENT, "Split size at index %d must be >= 0. Got: %lld", o,
                  (long long)size);
    } else if (!checked_add_i64(sum, size, &sum)) {
      sum = INT64_MAX;
      break;
    }
  }
  if (c->num_outputs == 1 && hole < 0 && sum != in->dims[axis])
    return fail(st, TF_INVALID_ARGUMENT,
                "If there is only one output, it must have the same size as the input. Input size: %lld "
                "output size: %lld",
                (long long)in->dims[axis], (long long)sum);
  if (hole >= 0 ? sum > in->dims[axis] : sum != in->dims[axis])
    return fail(st, TF_INVALID_ARGUMENT,
                "Determined shape must either match input shape along split_dim exactly if fully specified, "
                "or be less "
                "than the size of the input along split_dim if not fully specified.  Got: %lld",
                (long long)sum);
  memcpy(dims, in->dims, sizeof in->dims);
  AxisPrep *p = c->prep;
  p->outer = dims_product(in->dims, 0, (int)axis);
  p->run = dims_product(in->dims, (int)axis, in->rank);
  if (c->num_outputs == 1) return op_output_alias(c, 0, 0, in->dims, in->rank, st);
  for (int o = 0; o < c->num_outputs; o++) {
    dims[axis] = o == hole ? in->dims[axis] - sum : int_at(sizes, o);
    TRY(op_output(c, o, in->dtype, dims, in->rank, st));
  }
  return TF_OK;
}

static TF_Code splitv_run_first(OpCtx *c, TF_Status *st) { return splitv_run(c, op_input(c, 0), st); }

#define TYPES_CONCAT "T: " TYPES_POD " " TYPES_FLOAT8 " " TYPES_QUANTIZED_ALL " string resource variant"

const OpRow ops_array_concat[] = {
    {"Pack", .types = TYPES_CONCAT, .prep_size = sizeof(AxisPrep), .shape = pack_shape,
     .prepare = pack_prepare, .run = pack_run},
    {"Unpack", .types = TYPES_CONCAT, .prep_size = sizeof(AxisPrep), .shape = unpack_shape,
     .prepare = unpack_prepare, .run = unpack_run},
    {"Concat", .types = TYPES_CONCAT, .value_inputs = 1, .prep_size = sizeof(AxisPrep), .shape = concat_shape,
     .prepare = concat_prepare, .run = concat_run},
    {"ConcatV2", .types = TYPES_CONCAT, .flags = OP_LAST_VALUE, .prep_size = sizeof(AxisPrep),
     .shape = concat_shape, .prepare = concat_prepare, .run = concat_run},
    {"ConcatOffset", .types = "shape_type: " TYPES_INDEX, .shape = concat_offset_shape,
     .prepare = concat_offset_prepare, .run = concat_offset_run},
    {"Split", .value_inputs = 1, .prep_size = sizeof(AxisPrep), .shape = split_shape,
     .prepare = split_prepare, .run = split_run},
    {"SplitV", .types = "Tlen: int8 int32 int64", .value_inputs = 6, .prep_size = sizeof(AxisPrep),
     .shape = splitv_shape, .prepare = splitv_prepare, .run = splitv_run_first},
    {0}};
