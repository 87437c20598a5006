/* Entries put in the order of their rows, one with a default between them for each row that has none. */
#include "ops/fill_rows.h"

#include <stdlib.h>
#include <string.h>

#include "ops/sparse_util.h"

TF_Code fill_want_rank(const Tensor *t, const char *name, int rank, TF_Status *st) {
  static const char *const words[] = {"scalar", "vector", "matrix"};
  char text[SHAPE_TEXT_MAX];
  if (t->rank == rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s must be a %s, saw: %s", name, words[rank],
              shape_text(t->dims, t->rank, text, sizeof text));
}

static int64_t width_of(const Tensor *indices) { return indices->rank == 2 ? indices->dims[1] : 1; }

/* next[row] comes to be where the row starts in the output, next[rows] the total. */
static TF_Code count_rows(OpCtx *c, int64_t rows, int64_t *next, TF_Status *st) {
  const Tensor *indices = op_input(c, 0);
  int64_t width = width_of(indices);
  bool *empty = c->outputs[2].data;
  for (int64_t i = 0; i < indices->dims[0]; i++) {
    int64_t row = ((const int64_t *)indices->data)[i * width];
    if (!index_ok(row, rows))
      return fail(st, TF_INVALID_ARGUMENT, "indices(%lld, 0) is invalid: %lld >= %lld", (long long)i,
                  (long long)row, (long long)rows);
    next[row + 1]++;
  }
  for (int64_t r = 0; r < rows; r++) {
    empty[r] = next[r + 1] == 0;
    next[r + 1] = next[r] + (empty[r] ? 1 : next[r + 1]);
  }
  return TF_OK;
}

static TF_Code put_rows(OpCtx *c, int64_t rows, int64_t *next, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1);
  int64_t width = width_of(indices);
  TRY(count_rows(c, rows, next, st));
  /* TF: of no rows, a ragged tensor's ids are a matrix. */
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){next[rows], width}, rows ? indices->rank : 2, st));
  TRY(op_alloc_output(c, 1, values->dtype, &next[rows], 1, st));
  int64_t *out = c->outputs[0].data, *reverse = c->outputs[3].data;
  const int64_t *in = indices->data;
  const bool *empty = c->outputs[2].data;
  for (int64_t r = 0; r < rows; r++) {
    if (!empty[r]) continue;
    memset(out + next[r] * width, 0, (size_t)width * sizeof *out);
    out[next[r] * width] = r;
    TRY(tensor_copy_range(&c->outputs[1], next[r], op_input(c, 3), 0, 1, st));
  }
  for (int64_t i = 0; i < indices->dims[0]; i++) {
    int64_t to = next[in[i * width]]++;
    memcpy(out + to * width, in + i * width, (size_t)width * sizeof *out);
    TRY(tensor_copy_range(&c->outputs[1], to, values, i, 1, st));
    reverse[i] = to;
  }
  return TF_OK;
}

TF_Code fill_rows(OpCtx *c, int64_t rows, TF_Status *st) {
  int64_t n = op_input(c, 0)->dims[0], *next;
  if (rows == 0 && n)
    return fail(st, TF_INVALID_ARGUMENT,
                "Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = %lld", (long long)n);
  TRY(op_alloc_output(c, 2, TF_BOOL, &rows, 1, st));
  TRY(op_alloc_output(c, 3, TF_INT64, &n, 1, st));
  TRY(run_alloc(c, rows + 1, sizeof *next, &next, st));
  TF_Code code = put_rows(c, rows, next, st);
  free(next);
  return code;
}

TF_Code fill_rows_grad_shape(ShapeCtx *c, TF_Status *st) {
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

TF_Code fill_rows_grad(OpCtx *c, TF_Status *st) {
  const Tensor *map = op_input(c, 0), *grad = op_input(c, 1);
  bool *seen;
  TRY(fill_want_rank(map, "reverse_index_map", 1, st));
  TRY(fill_want_rank(grad, "grad_values", 1, st));
  TRY(op_alloc_output(c, 0, grad->dtype, map->dims, 1, st));
  TRY(op_alloc_output(c, 1, grad->dtype, NULL, 0, st));
  TRY(run_alloc(c, grad->dims[0], 1, &seen, st));
  TF_Code code = grad_sum(c, seen, st);
  free(seen);
  return code;
}
