/* RaggedFillEmptyRows: every row of a ragged tensor, given by row ids, that has no value gets the default;
 * and the gradient of that. */
#include "ops/array_util.h"
#include "ops/fill_rows.h"

static TF_Code fill_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n, rows;
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 2, 0, st));
  TRY(shape_want_rank(c, 3, 0, st));
  TRY(dim_merge(shape_dim(c->inputs[0], 0), shape_dim(c->inputs[1], 0), &n, st));
  c->outputs[1] = shape_vector(-1);
  c->outputs[2] = shape_vector(shape_int_value(c, 2, &rows) && rows >= 0 ? rows : -1);
  c->outputs[3] = shape_vector(n);
  return TF_OK;
}

static TF_Code fill_check(const OpCtx *c, TF_Status *st) {
  const Tensor *ids = op_input(c, 0), *values = op_input(c, 1);
  TRY(fill_want_rank(op_input(c, 2), "nrows", 0, st));
  TRY(fill_want_rank(ids, "value_rowids", 1, st));
  TRY(fill_want_rank(values, "values", 1, st));
  if (ids->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "The length of `values` (%lld) must match the first dimension of `value_rowids` (%lld).",
                (long long)values->dims[0], (long long)ids->dims[0]);
  TRY(fill_want_rank(op_input(c, 3), "default_value", 0, st));
  int64_t rows = int_at(op_input(c, 2), 0);
  if (rows < 0) return fail(st, TF_INVALID_ARGUMENT, "nrows must be non-negative, got %lld", (long long)rows);
  return TF_OK;
}

static TF_Code fill_run(OpCtx *c, TF_Status *st) {
  TRY(fill_check(c, st));
  return fill_rows(c, int_at(op_input(c, 2), 0), st);
}

const OpRow ops_ragged_fill[] = {{"RaggedFillEmptyRows", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC,
                                  .shape = fill_shape, .run = fill_run},
                                 {"RaggedFillEmptyRowsGrad", .types = "T: " TYPES_NUMBER, .flags = OP_DYNAMIC,
                                  .shape = fill_rows_grad_shape, .run = fill_rows_grad},
                                 {0}};
