/* ParallelConcat and DeepCopy: tensors put together row by row, and copies. */
#include <string.h>

#include "ops/array_util.h"

/* ---- ParallelConcat: values of one row each ---- */

static TF_Code concat_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *shape;
  TRY(node_attr_shape(c->node, "shape", &shape, st));
  c->outputs[0] = *shape;
  return TF_OK;
}

/* The attribute says the output's shape, and the graph was made for that. */
static TF_Code concat_check_promise(const OpCtx *c, const int64_t *dims, int rank, TF_Status *st) {
  const Shape *said;
  char text[SHAPE_TEXT_MAX], want[SHAPE_TEXT_MAX];
  TRY(node_attr_shape(c->node, "shape", &said, st));
  if (said->rank == rank && memcmp(said->dims, dims, (size_t)rank * sizeof *dims) == 0) return TF_OK;
  if (said->rank < 0) return fail(st, TF_INVALID_ARGUMENT, "shape attr must be fully defined.");
  return fail(st, TF_INVALID_ARGUMENT, "ParallelConcat of inputs that make %s, but its shape is %s",
              shape_text(dims, rank, text, sizeof text),
              shape_text(said->dims, said->rank, want, sizeof want));
}

static TF_Code concat_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *first = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  for (int i = 0; i < c->num_inputs; i++) {
    const Tensor *t = op_input(c, i);
    if (t->rank < 1 || t->dims[0] != 1)
      return fail(st, TF_INVALID_ARGUMENT, "Size of first dimension must be 1.");
    if (!tensor_same_shape(t, first))
      return fail(st, TF_INVALID_ARGUMENT, "All inputs of ParallelConcat must have the same shape");
  }
  memcpy(dims, first->dims, sizeof dims);
  dims[0] = c->num_inputs;
  TRY(concat_check_promise(c, dims, first->rank, st));
  return op_output(c, 0, first->dtype, dims, first->rank, st);
}

static TF_Code concat_run(OpCtx *c, TF_Status *st) {
  int64_t row = tensor_count(op_input(c, 0));
  for (int i = 0; i < c->num_inputs; i++)
    TRY(tensor_copy_range(&c->outputs[0], i * row, op_input(c, i), 0, row, st));
  return TF_OK;
}

/* ---- DeepCopy ---- */

static TF_Code copy_prepare(OpCtx *c, TF_Status *st) { return op_output_like(c, 0, op_input(c, 0), st); }
static TF_Code copy_run(OpCtx *c, TF_Status *st) {
  return tensor_copy_range(&c->outputs[0], 0, op_input(c, 0), 0, tensor_count(op_input(c, 0)), st);
}

const OpRow ops_array_rows[] = {{"ParallelConcat", .types = "T: " TYPES_POD " string", .shape = concat_shape,
                                 .prepare = concat_prepare, .run = concat_run},
                                {"DeepCopy", .types = "T: " TYPES_POD " string", .flags = OP_STATEFUL,
                                 .shape = shape_same, .prepare = copy_prepare, .run = copy_run},
                                {0}};
