/* Parts of sparse tensors, and sparse tensors put together: SparseSlice and its gradient, SparseConcat,
 * SparseSplit. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/sparse_util.h"

static TF_Code put_dims(OpCtx *c, int i, const int64_t *dims, int rank, TF_Status *st) {
  TRY(op_alloc_output(c, i, TF_INT64, &(int64_t){rank}, 1, st));
  if (rank) memcpy(c->outputs[i].data, dims, (size_t)rank * sizeof *dims);
  return TF_OK;
}

/* ---- SparseSlice ---- */

static TF_Code slice_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank;
  TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 3, 1, st));
  TRY(shape_want_rank(c, 4, 1, st));
  TRY(dim_merge(rank, shape_dim(c->inputs[3], 0), &rank, st));
  TRY(dim_merge(rank, shape_dim(c->inputs[4], 0), &rank, st));
  shape_sparse(c, 0, rank);
  return TF_OK;
}

/* Whether a row of indices lies in [start, start + size): where the tensor's shape ends plays no part. */
static bool row_inside(const int64_t *index, const int64_t *start, const int64_t *size, int rank) {
  for (int d = 0; d < rank; d++)
    if (index[d] < start[d] || (uint64_t)index[d] - (uint64_t)start[d] >= (uint64_t)size[d]) return false;
  return true;
}

static TF_Code slice_dims(const Sparse *s, const Tensor *start, const Tensor *size, int64_t *dims,
                          TF_Status *st) {
  for (int i = 0; i < 2; i++) {
    const Tensor *t = i ? size : start;
    if (t->dims[0] != s->rank)
      return fail(st, TF_INVALID_ARGUMENT, "Expected %s to be a vector of length %d but got length %lld",
                  i ? "size" : "start", s->rank, (long long)t->dims[0]);
  }
  const int64_t *from = start->data, *want = size->data;
  for (int d = 0; d < s->rank; d++) {
    int64_t left = 0; /* TensorFlow takes indices from `start` on, wherever it lies */
    if (want[d] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Expected a non-negative size, got %lld", (long long)want[d]);
    if (__builtin_sub_overflow(s->dims[d], from[d], &left)) left = from[d] < 0 ? INT64_MAX : 0;
    dims[d] = left < want[d] ? left : want[d];
    if (dims[d] < 0) dims[d] = 0;
  }
  return TF_OK;
}

static TF_Code slice_run(OpCtx *c, TF_Status *st) {
  const Tensor *values = op_input(c, 1), *start = op_input(c, 3), *size = op_input(c, 4);
  Sparse s;
  int64_t dims[TENSOR_MAX_RANK], n = 0;
  TRY(sparse_view(&s, op_input(c, 0), values, op_input(c, 2), st));
  TRY(sparse_check_dims(&s, st));
  TRY(sparse_want_rank(start, 1, "Input start", st));
  TRY(sparse_want_rank(size, 1, "Input size", st));
  TRY(slice_dims(&s, start, size, dims, st));
  const int64_t *from = start->data;
  for (int64_t i = 0; i < s.count; i++) n += row_inside(s.indices + i * s.rank, from, size->data, s.rank);
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, s.rank}, 2, st));
  TRY(op_alloc_output(c, 1, values->dtype, &n, 1, st));
  TRY(put_dims(c, 2, dims, s.rank, st));
  int64_t *out = c->outputs[0].data, at = 0;
  for (int64_t i = 0; i < s.count; i++) {
    const int64_t *index = s.indices + i * s.rank;
    if (!row_inside(index, from, size->data, s.rank)) continue;
    for (int d = 0; d < s.rank; d++) *out++ = index[d] - from[d];
    TRY(tensor_copy_range(&c->outputs[1], at++, values, i, 1, st));
  }
  return TF_OK;
}

/* ---- SparseSliceGrad: spreads the slice's gradient over the input's values ---- */

static TF_Code slice_grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 1, 2, st));
  c->outputs[0] = shape_vector(shape_dim(c->inputs[1], 0));
  return TF_OK;
}

static TF_Code slice_grad_run(OpCtx *c, TF_Status *st) {
  const Tensor *grad = op_input(c, 0), *in = op_input(c, 1), *start = op_input(c, 2), *out = op_input(c, 3);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (in->rank != 2 || out->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input and output indices should be matrices but received shapes: %s and %s",
                shape_text(in->dims, in->rank, a, sizeof a), shape_text(out->dims, out->rank, b, sizeof b));
  if (grad->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input backprop_val_grad should be a vector but received shape: %s",
                shape_text(grad->dims, grad->rank, a, sizeof a));
  if (in->dims[1] != out->dims[1])
    return fail(st, TF_INVALID_ARGUMENT,
                "The input and output should have the same ndims: got: %lld and %lld", (long long)in->dims[1],
                (long long)out->dims[1]);
  if (out->dims[0] > in->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "# rows of output_indices should be not greater than of input_indices, got %lld and %lld",
                (long long)out->dims[0], (long long)in->dims[0]);
  if (grad->dims[0] != out->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "# elements of backprop_val_grad and # rows of output_indices should match (#nnz of sum): "
                "got %lld and %lld",
                (long long)grad->dims[0], (long long)out->dims[0]);
  if (start->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "The input_start should be a vector but received shape %s",
                shape_text(start->dims, start->rank, a, sizeof a));
  int64_t rank = in->dims[1], n = in->dims[0];
  if (start->dims[0] != rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected input_start to be a vector of length %lld but got length %lld", (long long)rank,
                (long long)start->dims[0]);
  TRY(op_alloc_output(c, 0, grad->dtype, &n, 1, st));
  tensor_zero(&c->outputs[0]);
  const int64_t *from = start->data, *kept = out->data, *index = in->data;
  int64_t at = 0;
  for (int64_t i = 0; i < n && at < grad->dims[0]; i++, index += rank) {
    bool same = true;
    for (int64_t d = 0; same && d < rank; d++)
      same = (uint64_t)index[d] == (uint64_t)kept[at * rank + d] + (uint64_t)from[d];
    if (same) TRY(tensor_copy_range(&c->outputs[0], i, grad, at++, 1, st));
  }
  if (at < grad->dims[0])
    return fail(st, TF_INTERNAL,
                "Elements of backprop_val_grad aren't all propagated. Num elements:%lld, used: %lld",
                (long long)grad->dims[0], (long long)at);
  return TF_OK;
}

/* ---- SparseConcat ---- */

static TF_Code concat_axis(const Node *node, int *axis, int rank, TF_Status *st) {
  int64_t a;
  TRY(node_attr_int(node, "concat_dim", &a, st));
  int64_t given = a;
  if (!axis_in_range(&a, rank))
    return fail(st, TF_INVALID_ARGUMENT, "Concat dimension must be in range [%d, %d), got %lld", -rank, rank,
                (long long)given);
  *axis = (int)a;
  return TF_OK;
}

static TF_Code concat_shape(ShapeCtx *c, TF_Status *st) {
  int n = c->num_inputs / 3;
  int64_t rank = -1, of;
  for (int i = 0; i < n; i++) {
    TRY(shape_want_rank(c, n + i, 1, st));
    TRY(shape_sparse_rank(c, i, 2 * n + i, &of, st));
    TRY(dim_merge(rank, of, &rank, st));
  }
  shape_sparse(c, 0, rank);
  return TF_OK;
}

static TF_Code fail_at(const Tensor *t, const char *what, int i, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT, "%s but received shape %s at position %d", what,
              shape_text(t->dims, t->rank, text, sizeof text), i);
}

/* A dense shape, whose product fits. */
static TF_Code concat_check_shape(const Tensor *shape, int i, TF_Status *st) {
  int64_t product = 1;
  if (shape->rank != 1) return fail_at(shape, "Input shapes should be a vector", i, st);
  for (int64_t d = 0; d < shape->dims[0]; d++)
    if (int_at(shape, d) < 0 || !checked_mul_i64(product, int_at(shape, d), &product))
      return fail(st, TF_INTERNAL, "Encountered overflow from large input shape.");
  return TF_OK;
}

/* Joins the shape of input `i` to `dims` along the axis. */
static TF_Code concat_add_dims(const Tensor *shape, int i, int rank, int axis, int64_t *dims, TF_Status *st) {
  if (shape->dims[0] != rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Ranks of all input tensors must match: expected %d but got %lld at position %d", rank,
                (long long)shape->dims[0], i);
  for (int d = 0; d < rank; d++)
    if (d != axis && dims[d] != int_at(shape, d))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Input shapes must match: expected %lld for dimension %d but got %lld at position %d",
                  (long long)dims[d], d, (long long)int_at(shape, d), i);
  if (!checked_add_i64(dims[axis], int_at(shape, axis), &dims[axis]))
    return fail(st, TF_INVALID_ARGUMENT, "the dense size overflows");
  return TF_OK;
}

static TF_Code concat_check(OpCtx *c, int n, int *rank, int *axis, int64_t *dims, int64_t *total,
                            TF_Status *st) {
  for (int i = 0; i < n; i++)
    if (op_input(c, i)->rank != 2) return fail_at(op_input(c, i), "Input indices should be a matrix", i, st);
  for (int i = 0; i < n; i++)
    if (op_input(c, n + i)->rank != 1)
      return fail_at(op_input(c, n + i), "Input values should be a vector", i, st);
  for (int i = 0; i < n; i++) TRY(concat_check_shape(op_input(c, 2 * n + i), i, st));
  const Tensor *first = op_input(c, 2 * n);
  if (first->dims[0] > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a sparse tensor of rank %lld", (long long)first->dims[0]);
  *rank = (int)first->dims[0];
  TRY(concat_axis(c->node, axis, *rank, st));
  memcpy(dims, first->data, (size_t)*rank * sizeof *dims);
  for (int i = 1; i < n; i++) TRY(concat_add_dims(op_input(c, 2 * n + i), i, *rank, *axis, dims, st));
  *total = 0;
  for (int i = 0; i < n; i++) *total += op_input(c, i)->dims[0];
  for (int i = 0; *total && i < n; i++) { /* TF: of no rows it looks at the shapes only */
    Sparse s;
    const Tensor *indices = op_input(c, i), *values = op_input(c, n + i);
    if (indices->dims[0] != values->dims[0])
      return fail(st, TF_INVALID_ARGUMENT,
                  "indices and values rows (indexing dimension) must match. (indices = %lld, values = %lld)",
                  (long long)indices->dims[0], (long long)values->dims[0]);
    TRY(sparse_view(&s, indices, values, op_input(c, 2 * n + i), st));
  }
  return TF_OK;
}

/* All rows in one list, then in order. */
static TF_Code concat_run(OpCtx *c, TF_Status *st) {
  int n = c->num_inputs / 3, rank = 0, axis = 0;
  int64_t dims[TENSOR_MAX_RANK], total, offset = 0, at = 0, *all = NULL, *order = NULL, *where = NULL;
  TRY(concat_check(c, n, &rank, &axis, dims, &total, st));
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){total, rank}, 2, st));
  TRY(op_alloc_output(c, 1, c->node->output_types[1], &total, 1, st));
  TRY(put_dims(c, 2, dims, rank, st));
  TF_Code code = run_alloc(c, total * rank, sizeof *all, &all, st);
  if (!code) code = run_alloc(c, 2 * total, sizeof *where, &where, st); /* which input, and its element */
  for (int i = 0; !code && i < n; i++) {
    const int64_t *index = op_input(c, i)->data;
    for (int64_t k = 0; k < op_input(c, i)->dims[0]; k++, at++) {
      for (int d = 0; d < rank; d++) all[at * rank + d] = *index++;
      if (rank) all[at * rank + axis] = (int64_t)((uint64_t)all[at * rank + axis] + (uint64_t)offset);
      where[2 * at] = i;
      where[2 * at + 1] = k;
    }
    if (rank) offset += ((const int64_t *)op_input(c, 2 * n + i)->data)[axis];
  }
  if (!code) {
    if (n > 1) code = index_order(all, total, rank, &order, st);
    for (int64_t k = 0; !code && k < total; k++) {
      int64_t from = order ? order[k] : k;
      for (int d = 0; d < rank; d++) ((int64_t *)c->outputs[0].data)[k * rank + d] = all[from * rank + d];
      code = tensor_copy_range(&c->outputs[1], k, op_input(c, n + (int)where[2 * from]), where[2 * from + 1],
                               1, st);
    }
  }
  free(all);
  free(order);
  free(where);
  return code;
}

/* ---- SparseSplit ---- */

static TF_Code split_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank;
  TRY(shape_sparse_rank(c, 1, 3, &rank, st));
  int n = c->num_outputs / 3;
  for (int i = 0; i < n; i++) {
    c->outputs[i] = shape_matrix(-1, rank);
    c->outputs[n + i] = shape_vector(-1);
    c->outputs[2 * n + i] = shape_vector(rank);
  }
  return TF_OK;
}

/* Part k: `base` sizes, and one more for the first `rest` parts. */
static int64_t part_start(int64_t k, int64_t base, int64_t rest) { return k * base + (k < rest ? k : rest); }

static int64_t part_of(int64_t index, int64_t base, int64_t rest) {
  int64_t wide = rest * (base + 1);
  return index < wide ? index / (base + 1) : rest + (index - wide) / base;
}

static TF_Code split_parts(OpCtx *c, const Sparse *s, int axis, int n, int64_t *counts, TF_Status *st) {
  int64_t base = s->dims[axis] / n, rest = s->dims[axis] % n, dims[TENSOR_MAX_RANK];
  for (int64_t i = 0; i < s->count; i++) {
    int64_t index = s->indices[i * s->rank + axis];
    counts[part_of(index, base, rest)]++;
  }
  memcpy(dims, s->dims, (size_t)s->rank * sizeof *dims);
  for (int k = 0; k < n; k++) {
    dims[axis] = base + (k < rest);
    TRY(op_alloc_output(c, k, TF_INT64, (int64_t[]){counts[k], s->rank}, 2, st));
    TRY(op_alloc_output(c, n + k, s->values->dtype, &counts[k], 1, st));
    TRY(put_dims(c, 2 * n + k, dims, s->rank, st));
    counts[k] = 0;
  }
  for (int64_t i = 0; i < s->count; i++) {
    const int64_t *index = s->indices + i * s->rank;
    int64_t k = part_of(index[axis], base, rest), at = counts[k]++;
    int64_t *out = (int64_t *)c->outputs[k].data + at * s->rank;
    memcpy(out, index, (size_t)s->rank * sizeof *out);
    out[axis] -= part_start(k, base, rest);
    TRY(tensor_copy_range(&c->outputs[n + k], at, s->values, i, 1, st));
  }
  return TF_OK;
}

static TF_Code split_run(OpCtx *c, TF_Status *st) {
  const Tensor *axis = op_input(c, 0);
  Sparse s;
  int64_t *counts;
  int n = c->num_outputs / 3;
  char text[SHAPE_TEXT_MAX];
  if (axis->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input axis should be a scalar but received shape %s",
                shape_text(axis->dims, axis->rank, text, sizeof text));
  TRY(sparse_want_rank(op_input(c, 1), 2, "Input indices", st));
  if (op_input(c, 2)->rank != 1) /* TF: says the shape of the indices */
    return fail(st, TF_INVALID_ARGUMENT, "Input values should be a vector but received shape %s",
                shape_text(op_input(c, 1)->dims, 2, text, sizeof text));
  TRY(sparse_want_rank(op_input(c, 3), 1, "Input shape", st));
  TRY(sparse_view(&s, op_input(c, 1), op_input(c, 2), op_input(c, 3), st));
  TRY(sparse_check_dims(&s, st));
  int64_t a = *(const int64_t *)axis->data;
  if (!axis_in_range(&a, s.rank))
    return fail(st, TF_INVALID_ARGUMENT, "Input axis should be in range [%d, %d), got %lld", -s.rank, s.rank,
                (long long)*(const int64_t *)axis->data);
  if (n < 1 || n > s.dims[a])
    return fail(st, TF_INVALID_ARGUMENT,
                "Input num_split should be between 1 and the splitting dimension size (%lld), got %d",
                (long long)s.dims[a], n);
  TRY(sparse_check_tuples(&s, st));
  TRY(run_alloc(c, n, sizeof *counts, &counts, st));
  TF_Code code = split_parts(c, &s, (int)a, n, counts, st);
  free(counts);
  return code;
}

const OpRow ops_sparse_slice[] = {
    {"SparseSlice", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC, .shape = slice_shape, .run = slice_run},
    {"SparseSliceGrad", .types = "T: " TYPES_NUMBER, .flags = OP_DYNAMIC, .shape = slice_grad_shape,
     .run = slice_grad_run},
    {"SparseConcat", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC, .shape = concat_shape, .run = concat_run},
    {"SparseSplit", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC, .shape = split_shape, .run = split_run},
    {0}};
