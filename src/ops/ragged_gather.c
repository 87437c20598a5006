/* RaggedGather: rows of a ragged tensor by index. The rows' splits are walked twice, to measure and to write.
 */
#include <string.h>

#include "base/checked.h"
#include "ops/array_gather.h"
#include "ops/sparse_util.h"

/* What a gather reads and makes. */
typedef struct Gather {
  OpCtx *c;
  int levels;       /* of splits in the params: inputs 0 .. levels - 1 */
  int index_levels; /* dims of the indices but one; -1: a scalar, whose row's own splits are dropped */
  const Tensor *values, *indices;
} Gather;

static TF_Code gather_shape(ShapeCtx *c, TF_Status *st) {
  int levels = c->num_inputs - 2, outs = c->num_outputs - 1;
  const Shape *values = c->inputs[levels], *indices = c->inputs[levels + 1];
  for (int i = 0; i < levels; i++) TRY(shape_want_rank(c, i, 1, st));
  if (indices->rank >= 0 && indices->rank + levels - 1 != outs)
    return fail(st, TF_INVALID_ARGUMENT,
                "indices of rank %d and splits of rank %d give other outputs than %d", indices->rank, levels,
                outs);
  for (int i = 0; i < outs; i++) c->outputs[i] = shape_vector(-1);
  TRY(shape_want_rank_at_least(c, levels, 1, st));
  if (values->rank < 0) return TF_OK;
  c->outputs[outs] = *values;
  c->outputs[outs].dims[0] = -1;
  return TF_OK;
}

static TF_Code check_splits(const Gather *g, TF_Status *st) {
  for (int k = 0; k < g->levels; k++) {
    const Tensor *t = op_input(g->c, k);
    int64_t n = tensor_count(t);
    int64_t below = k + 1 < g->levels ? tensor_count(op_input(g->c, k + 1)) - 1 : g->values->dims[0];
    if (n == 0) return fail(st, TF_INVALID_ARGUMENT, "Ragged splits may not be empty");
    if (int_at(t, 0) < 0) return fail(st, TF_INVALID_ARGUMENT, "Ragged splits must be non-negative");
    if (int_at(t, n - 1) > below)
      return fail(st, TF_INVALID_ARGUMENT, "Ragged splits must not point past values");
    for (int64_t i = 1; i < n; i++)
      if (int_at(t, i - 1) > int_at(t, i))
        return fail(st, TF_INVALID_ARGUMENT, "Ragged splits must be sorted");
  }
  return TF_OK;
}

static TF_Code gather_check(const Gather *g, TF_Status *st) {
  const Tensor *first = op_input(g->c, 0);
  if (first->rank == 0) return fail(st, TF_INVALID_ARGUMENT, "Split tensors must not be scalars");
  int64_t rows = first->dims[0] - 1;
  for (int64_t i = 0, n = tensor_count(g->indices); i < n; i++)
    if (!index_ok(int_at(g->indices, i), rows) || rows < 0) return gather_fail_index(g->indices, i, rows, st);
  if (g->values->rank == 0) return fail(st, TF_INVALID_ARGUMENT, "params.rank must be nonzero");
  if (g->index_levels + g->levels != g->c->num_outputs - 1)
    return fail(st, TF_INVALID_ARGUMENT, "Expected %d nested splits of output, got %d",
                g->index_levels + g->levels, g->c->num_outputs - 1);
  return check_splits(g, st);
}

/* counts[k]: rows of level k in the output; counts[levels]: values. */
static TF_Code gather_measure(const Gather *g, int64_t *counts, TF_Status *st) {
  memset(counts, 0, (size_t)(g->levels + 1) * sizeof *counts);
  for (int64_t i = 0, n = tensor_count(g->indices); i < n; i++) {
    int64_t start = int_at(g->indices, i), limit = start + 1;
    for (int k = 0; k <= g->levels; k++) {
      if (!checked_add_i64(counts[k], limit - start, &counts[k]))
        return fail(st, TF_INVALID_ARGUMENT, "the gathered rows have too many values");
      if (k == g->levels) break;
      start = int_at(op_input(g->c, k), start);
      limit = int_at(op_input(g->c, k), limit);
    }
  }
  for (int k = 0; k <= g->levels; k++)
    if (op_input(g->c, 0)->dtype == TF_INT32 && counts[k] > INT32_MAX)
      return fail(st, TF_INVALID_ARGUMENT, "the gathered rows have too many values for int32 splits");
  return TF_OK;
}

/* The splits that dims of the indices are: rows of equal length. */
static TF_Code regular_splits(const Gather *g, TF_Status *st) {
  int64_t rows = 1;
  for (int d = 0; d < g->index_levels; d++) {
    rows *= g->indices->dims[d];
    TRY(op_alloc_output(g->c, d, op_input(g->c, 0)->dtype, &(int64_t){rows + 1}, 1, st));
    for (int64_t i = 0; i <= rows; i++) int_put(&g->c->outputs[d], i, i * g->indices->dims[d + 1]);
  }
  return TF_OK;
}

/* Copies the splits and values under one index; next[k] is where level k goes on. */
static TF_Code gather_row(const Gather *g, int64_t row, int64_t inner, int64_t *next, TF_Status *st) {
  int64_t start = row, limit = row + 1;
  for (int k = 0; k < g->levels; k++) {
    const Tensor *splits = op_input(g->c, k);
    int out = k + g->index_levels;
    if (out >= 0) {
      Tensor *t = &g->c->outputs[out];
      int64_t delta = int_at(t, next[k]) - int_at(splits, start);
      for (int64_t j = start; j < limit; j++) int_put(t, ++next[k], int_at(splits, j + 1) + delta);
    }
    start = int_at(splits, start);
    limit = int_at(splits, limit);
  }
  int64_t at = next[g->levels];
  next[g->levels] += limit - start;
  return tensor_copy_range(&g->c->outputs[g->c->num_outputs - 1], at * inner, g->values, start * inner,
                           (limit - start) * inner, st);
}

static TF_Code gather_all(const Gather *g, TF_Status *st) {
  OpCtx *c = g->c;
  int64_t counts[TENSOR_MAX_RANK + 1], next[TENSOR_MAX_RANK + 1] = {0}, dims[TENSOR_MAX_RANK], inner = 1;
  TRY(gather_measure(g, counts, st));
  TRY(regular_splits(g, st));
  for (int k = 0; k < g->levels; k++) {
    int out = k + g->index_levels;
    if (out < 0) continue;
    TRY(op_alloc_output(c, out, op_input(c, 0)->dtype, &(int64_t){counts[k] + 1}, 1, st));
    int_put(&c->outputs[out], 0, 0);
  }
  memcpy(dims, g->values->dims, sizeof dims);
  dims[0] = counts[g->levels];
  for (int d = 1; d < g->values->rank; d++) inner *= dims[d];
  TRY(op_alloc_output(c, c->num_outputs - 1, g->values->dtype, dims, g->values->rank, st));
  for (int64_t i = 0, n = tensor_count(g->indices); i < n; i++)
    TRY(gather_row(g, int_at(g->indices, i), inner, next, st));
  return TF_OK;
}

static TF_Code ragged_gather_run(OpCtx *c, TF_Status *st) {
  Gather g = {.c = c, .levels = c->num_inputs - 2};
  if (g.levels < 1) return fail(st, TF_INVALID_ARGUMENT, "params_nested_splits must be non empty");
  if (g.levels > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a ragged tensor of rank %d", g.levels);
  g.values = op_input(c, g.levels);
  g.indices = op_input(c, g.levels + 1);
  g.index_levels = g.indices->rank - 1;
  TRY(gather_check(&g, st));
  return gather_all(&g, st);
}

const OpRow ops_ragged_gather[] = {
    {"RaggedGather", .types = "Tvalues: " TYPES_POD " string " TYPES_QUANTIZED_ALL, .flags = OP_DYNAMIC,
     .shape = gather_shape, .run = ragged_gather_run},
    {0}};
