/* RaggedCross: crossed features of ragged, sparse and dense columns of two dims, in an order of the caller's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/feature_cross.h"
#include "ops/sparse_util.h"

/* Inputs: ragged values, ragged splits, sparse indices, values and shapes, dense matrices. */
typedef struct RaggedCross {
  OpCtx *c;
  int num_ragged, num_sparse, num_dense;
  int64_t batch, *starts; /* batch + 1 a ragged or sparse column */
  Crossing x;
} RaggedCross;

static const Tensor *ragged_values(const RaggedCross *r, int i) { return op_input(r->c, i); }
static const Tensor *ragged_splits(const RaggedCross *r, int i) { return op_input(r->c, r->num_ragged + i); }
static const Tensor *sparse_part(const RaggedCross *r, int part, int i) {
  return op_input(r->c, 2 * r->num_ragged + part * r->num_sparse + i);
}
static const Tensor *dense_input(const RaggedCross *r, int i) {
  return op_input(r->c, 2 * r->num_ragged + 3 * r->num_sparse + i);
}

static TF_Code cross_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = c->outputs[1] = shape_vector(-1);
  return TF_OK;
}

/* ---- checks ---- */

static TF_Code check_ranks(const RaggedCross *r, TF_Status *st) {
  static const char only_two[] = "tf.ragged.cross only supports inputs with rank=2.";
  for (int i = 0; i < r->num_ragged; i++) {
    if (ragged_values(r, i)->rank != 1 || ragged_splits(r, i)->rank != 1)
      return fail(st, TF_INVALID_ARGUMENT, only_two);
    if (tensor_count(ragged_splits(r, i)) == 0)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid RaggedTensor: Ragged splits must be non-empty.");
  }
  for (int i = 0; i < r->num_sparse; i++) {
    const Tensor *indices = sparse_part(r, 0, i), *values = sparse_part(r, 1, i),
                 *shape = sparse_part(r, 2, i);
    if (indices->rank != 2 || values->rank != 1 || shape->rank != 1)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid SparseTensor %d", i);
    if (shape->dims[0] != 2) return fail(st, TF_INVALID_ARGUMENT, only_two);
    if (indices->dims[0] < values->dims[0] || !indices->dims[1])
      return fail(st, TF_INVALID_ARGUMENT, "Invalid SparseTensor %d", i);
  }
  for (int i = 0; i < r->num_dense; i++)
    if (dense_input(r, i)->rank != 2) return fail(st, TF_INVALID_ARGUMENT, only_two);
  return TF_OK;
}

static TF_Code check_batch(RaggedCross *r, TF_Status *st) {
  int64_t batch = r->num_ragged   ? tensor_count(ragged_splits(r, 0)) - 1
                  : r->num_sparse ? int_at(sparse_part(r, 2, 0), 0)
                  : r->num_dense  ? dense_input(r, 0)->dims[0]
                                  : 0;
  bool same = batch >= 0;
  for (int i = 0; i < r->num_ragged; i++) same = same && tensor_count(ragged_splits(r, i)) - 1 == batch;
  for (int i = 0; i < r->num_sparse; i++) same = same && int_at(sparse_part(r, 2, i), 0) == batch;
  for (int i = 0; i < r->num_dense; i++) same = same && dense_input(r, i)->dims[0] == batch;
  r->batch = batch;
  return same ? TF_OK : fail(st, TF_INVALID_ARGUMENT, "inputs must all have the same batch dimension size.");
}

/* ---- columns ---- */

static TF_Code ragged_starts(const Tensor *splits, int64_t values, int64_t *starts, TF_Status *st) {
  int64_t n = splits->dims[0];
  for (int64_t i = 0; i < n; i++) {
    starts[i] = int_at(splits, i);
    if (i ? starts[i] < starts[i - 1] : starts[i] != 0)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid RaggedTensor");
  }
  return starts[n - 1] == values ? TF_OK : fail(st, TF_INVALID_ARGUMENT, "Invalid RaggedTensor");
}

/* TF: rows out of order belong to the one before, those past the last to none. */
static void sparse_starts(const RaggedCross *r, int i, int64_t *starts) {
  const Tensor *indices = sparse_part(r, 0, i);
  int64_t k = 0, n = sparse_part(r, 1, i)->dims[0];
  for (int64_t row = 0; row < r->batch; row++) {
    while (k < n && int_at(indices, indices->dims[1] * k) <= row) k++;
    starts[row + 1] = k;
  }
}

/* Columns in the order of `order`: R, S and D stand for the next ragged, sparse and dense input. */
static TF_Code make_columns(RaggedCross *r, Span order, TF_Status *st) {
  int ragged = 0, sparse = 0, dense = 0, total = r->num_ragged + r->num_sparse + r->num_dense;
  int64_t all, *starts;
  if (!checked_mul_i64(r->batch + 1, r->num_ragged + r->num_sparse, &all))
    return fail_oom(st, "crossed features");
  TRY(run_alloc(r->c, total, sizeof *r->x.columns, &r->x.columns, st));
  TRY(run_alloc(r->c, total, sizeof *r->x.choice, &r->x.choice, st));
  TRY(run_alloc(r->c, all, sizeof *r->starts, &r->starts, st));
  starts = r->starts;
  for (size_t i = 0; i < order.size && r->x.num_columns < total; i++) {
    Column *column = &r->x.columns[r->x.num_columns++];
    char kind = ((const char *)order.data)[i];
    if (kind == 'R' && ragged < r->num_ragged) {
      *column = (Column){.values = ragged_values(r, ragged), .starts = starts};
      TRY(ragged_starts(ragged_splits(r, ragged), column->values->dims[0], starts, st));
      ragged++;
      starts += r->batch + 1;
    } else if (kind == 'S' && sparse < r->num_sparse) {
      *column = (Column){.values = sparse_part(r, 1, sparse), .starts = starts};
      sparse_starts(r, sparse++, starts);
      starts += r->batch + 1;
    } else if (kind == 'D' && dense < r->num_dense) {
      *column = (Column){.values = dense_input(r, dense), .width = dense_input(r, dense)->dims[1]};
      dense++;
    } else {
      return fail(st, TF_INVALID_ARGUMENT, "Unexpected input_order value.");
    }
  }
  if (order.size != (size_t)total)
    return fail(st, TF_INVALID_ARGUMENT, "input_order must name every input once");
  return TF_OK;
}

/* ---- the op ---- */

static TF_Code cross_settings(RaggedCross *r, Span *order, TF_Status *st) {
  const Node *node = r->c->node;
  const Attr *values, *splits, *sparse, *dense;
  int64_t n, buckets, seed;
  TRY(node_attr_int(node, "Nsparse", &n, st));
  TRY(node_attr_list(node, "ragged_values_types", TF_ATTR_TYPE, &values, st));
  TRY(node_attr_list(node, "ragged_splits_types", TF_ATTR_TYPE, &splits, st));
  TRY(node_attr_list(node, "sparse_values_types", TF_ATTR_TYPE, &sparse, st));
  TRY(node_attr_list(node, "dense_types", TF_ATTR_TYPE, &dense, st));
  TRY(node_attr_int(node, "num_buckets", &buckets, st));
  TRY(node_attr_int(node, "hash_key", &seed, st));
  TRY(node_attr_string(node, "input_order", order, st));
  if (values->count != splits->count || sparse->count != n ||
      2 * values->count + 3 * n + dense->count != r->c->num_inputs)
    return fail(st, TF_INVALID_ARGUMENT, "ragged values and splits, or sparse parts, differ in number");
  r->x.hashed = node->output_types[0] == TF_INT64; /* TF: whatever hashed_output says */
  r->num_ragged = (int)values->count;
  r->num_sparse = (int)n;
  r->num_dense = (int)dense->count;
  r->x.seeded = true;
  r->x.seed = (uint64_t)seed;
  r->x.buckets = buckets > 0 ? (uint64_t)buckets : 0;
  r->x.separator = (Span){"_X_", 3};
  return TF_OK;
}

static TF_Code put_split(Tensor *t, int64_t i, int64_t v, TF_Status *st) {
  if (t->dtype == TF_INT64) ((int64_t *)t->data)[i] = v;
  else if (v > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "the crossed features are too many for int32 splits");
  else ((int32_t *)t->data)[i] = (int32_t)v;
  return TF_OK;
}

static TF_Code cross_all(RaggedCross *r, Span order, Bytes *b, TF_Status *st) {
  OpCtx *c = r->c;
  int64_t total = 0, n;
  TRY(check_ranks(r, st));
  TRY(check_batch(r, st));
  TRY(make_columns(r, order, st));
  TRY(op_alloc_output(c, 1, c->node->output_types[1], &(int64_t){r->batch + 1}, 1, st));
  TRY(put_split(&c->outputs[1], 0, 0, st));
  for (int64_t row = 0; row < r->batch; row++) {
    TRY(crossing_row_count(&r->x, row, &n, st));
    if (!checked_add_i64(total, n, &total))
      return fail(st, TF_INVALID_ARGUMENT, "the number of crossed features overflows");
    TRY(put_split(&c->outputs[1], row + 1, total, st));
  }
  TRY(op_alloc_output(c, 0, c->node->output_types[0], &total, 1, st));
  for (int64_t row = 0; row < r->batch; row++) {
    int64_t at = int_at(&c->outputs[1], row);
    TRY(crossing_put_row(&r->x, row, int_at(&c->outputs[1], row + 1) - at, &c->outputs[0], at, b, st));
  }
  return TF_OK;
}

static TF_Code cross_run(OpCtx *c, TF_Status *st) {
  RaggedCross r = {.c = c};
  Bytes b = {0};
  Span order;
  TRY(cross_settings(&r, &order, st));
  TF_Code code = cross_all(&r, order, &b, st);
  bytes_clear(&b);
  free(r.x.columns);
  free(r.x.choice);
  free(r.starts);
  return code;
}

const OpRow ops_ragged_cross[] = {
    {"RaggedCross", .flags = OP_DYNAMIC, .shape = cross_shape, .run = cross_run},
    {0}};
