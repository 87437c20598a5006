/* Sums and maxima of sparse tensors along dims, with dense results (SparseReduceSum, SparseReduceMax) and
 * with sparse ones (SparseReduceSumSparse, SparseReduceMaxSparse). */
#include <stdlib.h>
#include <string.h>

#include "ops/sparse_util.h"

/* ---- SparseReduceSum, SparseReduceMax: what holds no value is 0 ---- */

static TF_Code reduce_shape(ShapeCtx *c, TF_Status *st) {
  bool keep;
  int64_t rank;
  TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  TRY(node_attr_bool(c->node, "keep_dims", &keep, st));
  if (!keep || rank < 0 || rank > TENSOR_MAX_RANK) return TF_OK;
  c->outputs[0].rank = (int)rank;
  for (int d = 0; d < rank; d++) c->outputs[0].dims[d] = -1;
  return TF_OK;
}

/* seen[i]: element i of the output has a value. */
static TF_Code reduce_into(const char *op, const Sparse *s, const bool *reduced, Tensor *out, bool *seen,
                           TF_Status *st) {
  bool is_max = !strncmp(op, "SparseReduceMax", 15);
  Fold fold;
  TRY(fold_init(&fold, is_max ? "Maximum" : "AddV2", s->values->dtype, st));
  for (int64_t i = 0; i < s->count; i++) {
    int64_t at = 0;
    for (int d = 0; d < s->rank; d++)
      if (!reduced[d]) at = at * s->dims[d] + s->indices[i * s->rank + d];
    char *to = element_at(out, at), *value = element_at(s->values, i);
    if (seen[at]) fold_run(&fold, to, to, value, 1, 1);
    else memcpy(to, value, dtype_size(s->values->dtype));
    seen[at] = true;
  }
  return TF_OK;
}

/* What a reduction keeps of a sparse tensor. */
typedef struct Reduction {
  Sparse s;
  bool reduced[TENSOR_MAX_RANK];
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
} Reduction;

static TF_Code check_parts(const Tensor *indices, const Tensor *values, const Tensor *shape, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Expected input_shape to be a vector; got shape: %s",
                shape_text(shape->dims, shape->rank, text, sizeof text));
  if (values->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "vals must be a vec, but got: %s",
                shape_text(values->dims, values->rank, text, sizeof text));
  int64_t rows = indices->rank ? indices->dims[0] : 1;
  if (rows == values->dims[0]) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "indices and values rows (indexing dimension) must match. (indices = %lld, values = %lld)",
              (long long)rows, (long long)values->dims[0]);
}

static TF_Code reduction_of(OpCtx *c, Reduction *r, TF_Status *st) {
  const Tensor *axes = op_input(c, 3);
  bool keep;
  TRY(node_attr_bool(c->node, "keep_dims", &keep, st));
  TRY(check_parts(op_input(c, 0), op_input(c, 1), op_input(c, 2), st));
  int rank = op_input(c, 2)->dims[0] < TENSOR_MAX_RANK ? (int)op_input(c, 2)->dims[0] : TENSOR_MAX_RANK;
  for (int64_t i = 0, n = tensor_count(axes); i < n; i++) {
    int64_t axis = int_at(axes, i);
    if (!axis_in_range(&axis, rank))
      return fail(st, TF_INVALID_ARGUMENT, "Invalid reduction dimension %lld, for input with %d dimensions.",
                  (long long)int_at(axes, i), rank);
    r->reduced[axis] = true;
  }
  if (op_input(c, 0)->rank == 2 && op_input(c, 0)->dims[1] != op_input(c, 2)->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Order length must be SparseTensor rank.");
  TRY(sparse_view(&r->s, op_input(c, 0), op_input(c, 1), op_input(c, 2), st));
  TRY(sparse_check_dims(&r->s, st));
  for (int d = 0; d < r->s.rank; d++) {
    if (!r->reduced[d]) r->dims[r->rank++] = r->s.dims[d];
    else if (keep) r->dims[r->rank++] = 1;
  }
  return TF_OK;
}

/* TF: indices along the reduced dims are not looked at. */
static TF_Code check_kept(const Reduction *r, TF_Status *st) {
  int64_t size = 1;
  for (int d = 0; d < r->rank; d++) size *= r->dims[d];
  int64_t moved = -1;
  for (int64_t i = 0; i < r->s.count; i++) {
    int64_t at = 0;
    bool inside = true;
    for (int d = 0; d < r->s.rank; d++) {
      if (r->reduced[d]) continue;
      int64_t index = r->s.indices[i * r->s.rank + d];
      inside = inside && index_ok(index, r->s.dims[d]);
      at = (int64_t)((uint64_t)at * (uint64_t)r->s.dims[d] + (uint64_t)index);
    }
    if (inside) continue;
    moved = i;
    if (at < 0 || at >= size)
      return fail(st, TF_INTERNAL, "Obtained a write index of %lld which is outside of bounds of [0, %lld)",
                  (long long)at, (long long)size);
  }
  if (moved < 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "indices[%lld] is out of bounds: it stands for another place",
              (long long)moved);
}

static TF_Code reduce_run(OpCtx *c, TF_Status *st) {
  Reduction r = {0};
  bool *seen;
  TRY(reduction_of(c, &r, st));
  TRY(check_kept(&r, st));
  TRY(op_alloc_output(c, 0, r.s.values->dtype, r.dims, r.rank, st));
  tensor_zero(&c->outputs[0]);
  TRY(run_alloc(c, tensor_count(&c->outputs[0]), 1, &seen, st));
  TF_Code code = reduce_into(c->node->op, &r.s, r.reduced, &c->outputs[0], seen, st);
  free(seen);
  return code;
}

/* ---- SparseReduceSumSparse, SparseReduceMaxSparse ---- */

static TF_Code reduce_sparse_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank;
  TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  shape_sparse(c, 0, -1);
  return TF_OK;
}

/* The kept coordinates of entry i. */
static void kept_index(const Reduction *r, int64_t i, int64_t *out) {
  int n = 0;
  for (int d = 0; d < r->s.rank; d++)
    if (!r->reduced[d]) out[n++] = r->s.indices[i * r->s.rank + d];
}

/* keys: [count][kept], order sorts them. */
static TF_Code reduce_groups(OpCtx *c, const Reduction *r, const int64_t *keys, const int64_t *order,
                             int kept, TF_Status *st) {
  const Tensor *values = r->s.values;
  int64_t groups = 0, n = r->s.count, rank = r->rank;
  Fold fold;
  TRY(fold_init(&fold, strstr(c->node->op, "Max") ? "Maximum" : "AddV2", values->dtype, st));
  for (int64_t i = 0; i < n; i++)
    groups += !i || index_compare(keys + order[i - 1] * kept, keys + order[i] * kept, kept);
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){groups, rank}, 2, st));
  TRY(op_alloc_output(c, 1, values->dtype, &groups, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &rank, 1, st));
  int64_t *index = c->outputs[0].data;
  tensor_zero(&c->outputs[0]);
  for (int64_t i = 0, g = -1; i < n; i++) {
    const int64_t *key = keys + order[i] * kept;
    bool first = !i || index_compare(keys + order[i - 1] * kept, key, kept);
    g += first;
    char *to = element_at(&c->outputs[1], g), *value = element_at(values, order[i]);
    if (!first) {
      fold_run(&fold, to, to, value, 1, 1);
      continue;
    }
    memcpy(to, value, dtype_size(values->dtype));
    for (int d = 0, k = 0, o = 0; d < r->s.rank; d++) {
      if (!r->reduced[d]) index[g * rank + o++] = key[k++];
      else if (rank == r->s.rank) o++;
    }
  }
  if (rank) memcpy(c->outputs[2].data, r->dims, (size_t)rank * sizeof *r->dims);
  return TF_OK;
}

static TF_Code reduce_sparse_run(OpCtx *c, TF_Status *st) {
  Reduction r = {0};
  int64_t *keys, *order = NULL;
  int kept = 0;
  TRY(reduction_of(c, &r, st));
  for (int d = 0; d < r.s.rank; d++) kept += !r.reduced[d];
  TRY(run_alloc(c, r.s.count * kept, sizeof *keys, &keys, st));
  for (int64_t i = 0; i < r.s.count; i++) kept_index(&r, i, keys + i * kept);
  TF_Code code = index_order(keys, r.s.count, kept, &order, st);
  if (!code) code = reduce_groups(c, &r, keys, order, kept, st);
  free(order);
  free(keys);
  return code;
}

const OpRow ops_sparse_reduce[] = {{"SparseReduceSum", .types = "T: " TYPES_NUMBER, .flags = OP_DYNAMIC,
                                    .shape = reduce_shape, .run = reduce_run},
                                   {"SparseReduceMax", .types = "T: " TYPES_REAL, .flags = OP_DYNAMIC,
                                    .shape = reduce_shape, .run = reduce_run},
                                   {"SparseReduceSumSparse", .types = "T: " TYPES_NUMBER, .flags = OP_DYNAMIC,
                                    .shape = reduce_sparse_shape, .run = reduce_sparse_run},
                                   {"SparseReduceMaxSparse", .types = "T: " TYPES_REAL, .flags = OP_DYNAMIC,
                                    .shape = reduce_sparse_shape, .run = reduce_sparse_run},
                                   {0}};
