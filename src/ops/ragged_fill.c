/* RaggedFillEmptyRows: every row of a ragged tensor, given by row ids, that has no value gets the default;
 * and the gradient of that. */
#include <stdlib.h>
#include <string.h>

#include "ops/sparse_util.h"

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

static TF_Code want_rank(const Tensor *t, int rank, const char *what, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (t->rank == rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s must be a %s, saw: %s", what, rank ? "vector" : "scalar",
              shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code fill_check(const OpCtx *c, TF_Status *st) {
  const Tensor *ids = op_input(c, 0), *values = op_input(c, 1);
  TRY(want_rank(op_input(c, 2), 0, "nrows", st));
  TRY(want_rank(ids, 1, "value_rowids", st));
  TRY(want_rank(values, 1, "values", st));
  if (ids->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "The length of `values` (%lld) must match the first dimension of `value_rowids` (%lld).",
                (long long)values->dims[0], (long long)ids->dims[0]);
  TRY(want_rank(op_input(c, 3), 0, "default_value", st));
  int64_t rows = int_at(op_input(c, 2), 0);
  if (rows < 0) return fail(st, TF_INVALID_ARGUMENT, "nrows must be non-negative, got %lld", (long long)rows);
  if (rows == 0 && ids->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = %lld",
                (long long)ids->dims[0]);
  return TF_OK;
}

/* next[row] comes to be where the row starts in the output, next[rows] the total. */
static TF_Code count_rows(OpCtx *c, int64_t rows, int64_t *next, TF_Status *st) {
  const Tensor *ids = op_input(c, 0);
  const int64_t *row = ids->data;
  bool *empty = c->outputs[2].data;
  for (int64_t i = 0; i < ids->dims[0]; i++) {
    if (!index_ok(row[i], rows))
      return fail(st, TF_INVALID_ARGUMENT, "indices(%lld, 0) is invalid: %lld >= %lld", (long long)i,
                  (long long)row[i], (long long)rows);
    next[row[i] + 1]++;
  }
  for (int64_t r = 0; r < rows; r++) {
    empty[r] = next[r + 1] == 0;
    next[r + 1] = next[r] + (empty[r] ? 1 : next[r + 1]);
  }
  return TF_OK;
}

static TF_Code fill_rows(OpCtx *c, int64_t rows, int64_t *next, TF_Status *st) {
  const Tensor *ids = op_input(c, 0), *values = op_input(c, 1);
  TRY(count_rows(c, rows, next, st));
  /* TF: of no rows, the ids are a matrix. */
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){next[rows], 1}, rows ? 1 : 2, st));
  TRY(op_alloc_output(c, 1, values->dtype, &next[rows], 1, st));
  int64_t *out = c->outputs[0].data, *reverse = c->outputs[3].data;
  const bool *empty = c->outputs[2].data;
  for (int64_t r = 0; r < rows; r++) {
    if (!empty[r]) continue;
    out[next[r]] = r;
    TRY(tensor_copy_range(&c->outputs[1], next[r], op_input(c, 3), 0, 1, st));
  }
  for (int64_t i = 0; i < ids->dims[0]; i++) {
    int64_t row = ((const int64_t *)ids->data)[i], to = next[row]++;
    out[to] = row;
    TRY(tensor_copy_range(&c->outputs[1], to, values, i, 1, st));
    reverse[i] = to;
  }
  return TF_OK;
}

static TF_Code fill_run(OpCtx *c, TF_Status *st) {
  TRY(fill_check(c, st));
  int64_t rows = int_at(op_input(c, 2), 0), n = op_input(c, 0)->dims[0], *next;
  TRY(op_alloc_output(c, 2, TF_BOOL, &rows, 1, st));
  TRY(op_alloc_output(c, 3, TF_INT64, &n, 1, st));
  TRY(run_alloc(c, rows + 1, sizeof *next, &next, st));
  TF_Code code = fill_rows(c, rows, next, st);
  free(next);
  return code;
}

/* ---- the gradient: of each value, and of the default by all that no value went to ---- */

static TF_Code grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 1, st));
  c->outputs[0] = *c->inputs[0];
  c->outputs[1] = shape_rank0();
  return TF_OK;
}

static TF_Code grad_sum(OpCtx *c, bool *seen, TF_Status *st) {
  const Tensor *map = op_input(c, 0), *grad = op_input(c, 1);
  int64_t all = grad->dims[0];
  Fold add;
  TRY(fold_init(&add, "AddV2", grad->dtype, st));
  for (int64_t i = 0; i < map->dims[0]; i++) {
    int64_t at = ((const int64_t *)map->data)[i];
    if (!index_ok(at, all))
      return fail(st, TF_INVALID_ARGUMENT, "Elements in reverse index must be in [0, %lld) but got %lld",
                  (long long)all, (long long)at);
    TRY(tensor_copy_range(&c->outputs[0], i, grad, at, 1, st));
    seen[at] = true;
  }
  char *sum = c->outputs[1].data;
  tensor_zero(&c->outputs[1]);
  for (int64_t i = 0; i < all; i++)
    if (!seen[i]) fold_run(&add, sum, sum, element_at(grad, i), 1, 1);
  return TF_OK;
}

static TF_Code grad_run(OpCtx *c, TF_Status *st) {
  const Tensor *map = op_input(c, 0), *grad = op_input(c, 1);
  bool *seen;
  TRY(want_rank(map, 1, "reverse_index_map", st));
  TRY(want_rank(grad, 1, "grad_values", st));
  TRY(op_alloc_output(c, 0, grad->dtype, map->dims, 1, st));
  TRY(op_alloc_output(c, 1, grad->dtype, NULL, 0, st));
  TRY(run_alloc(c, grad->dims[0], 1, &seen, st));
  TF_Code code = grad_sum(c, seen, st);
  free(seen);
  return code;
}

const OpRow ops_ragged_fill[] = {{"RaggedFillEmptyRows", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC,
                                  .shape = fill_shape, .run = fill_run},
                                 {"RaggedFillEmptyRowsGrad", .types = "T: " TYPES_NUMBER, .flags = OP_DYNAMIC,
                                  .shape = grad_shape, .run = grad_run},
                                 {0}};
