/* Sparse tensors reshaped, put in order, filled, and made dense: SparseReshape, SparseReorder,
 * SparseFillEmptyRows, SparseToDense. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/fill_rows.h"
#include "ops/sparse_util.h"

/* ---- SparseReshape ---- */

static TF_Code reshape_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank;
  TRY(shape_sparse_rank(c, 0, 1, &rank, st));
  TRY(shape_want_rank(c, 2, 1, st));
  int64_t to = shape_dim(c->inputs[2], 0);
  c->outputs[0] = shape_matrix(shape_dim(c->inputs[0], 0), to);
  c->outputs[1] = shape_vector(to);
  return TF_OK;
}

/* The target dims with -1 worked out. */
static TF_Code dense_dims(const Tensor *from, const Tensor *target, int64_t *dims, TF_Status *st) {
  int64_t n = target->dims[0], product = 1, size = 1, total = 1;
  int unknown = -1;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  const int64_t *in = from->data;
  for (int64_t d = 0; d < from->dims[0]; d++) {
    if (in[d] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)in[d]);
    if (!checked_mul_i64(size, in[d], &size))
      return fail(st, TF_INVALID_ARGUMENT, "Encountered overflow when multiplying shape dimensions");
  }
  for (int d = 0; d < n; d++) {
    int64_t want = ((const int64_t *)target->data)[d];
    dims[d] = want;
    if (want == -1) {
      if (unknown >= 0)
        return fail(st, TF_INVALID_ARGUMENT, "only one output dimension may be -1, not both %d and %d",
                    unknown, d);
      unknown = d;
      dims[d] = 1;
    } else if (want < 0) {
      return fail(st, TF_INVALID_ARGUMENT, "size %d must be non-negative, not %lld", d, (long long)want);
    } else if (!checked_mul_i64(product, want, &product)) {
      return fail(st, TF_INVALID_ARGUMENT, "Encountered overflow when multiplying shape dimensions");
    }
  }
  shape_text(in, (int)from->dims[0], a, sizeof a);
  if (unknown >= 0) {
    if (product <= 0)
      return fail(st, TF_INVALID_ARGUMENT,
                  "reshape cannot infer the missing input size for an empty tensor unless all specified "
                  "input sizes are non-zero");
    if (size % product)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Input to reshape is a SparseTensor with %lld dense values, but the requested shape "
                  "requires a multiple of "
                  "%lld. input_shape=%s output_shape=%s",
                  (long long)size, (long long)product, a, shape_text(dims, (int)n, b, sizeof b));
    dims[unknown] = size / product;
  }
  for (int d = 0; d < n; d++)
    if (!checked_mul_i64(total, dims[d], &total)) total = 0;
  if (total == size) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Input to reshape is a tensor with %lld dense values, but the requested shape has %lld. "
              "input_shape=%s output_shape=%s",
              (long long)size, (long long)total, a, shape_text(dims, (int)n, b, sizeof b));
}

static void strides_of(const int64_t *dims, int rank, uint64_t *strides) {
  uint64_t step = 1;
  for (int d = rank - 1; d >= 0; d--) {
    strides[d] = step;
    step *= (uint64_t)dims[d];
  }
}

/* TF: to the same shape, whatever the indices are. */
static TF_Code reshape_same(OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *shape = op_input(c, 1);
  TRY(op_alloc_output(c, 0, TF_INT64, indices->dims, 2, st));
  TRY(op_alloc_output(c, 1, TF_INT64, shape->dims, 1, st));
  TRY(tensor_copy_range(&c->outputs[0], 0, indices, 0, tensor_count(indices), st));
  return tensor_copy_range(&c->outputs[1], 0, shape, 0, tensor_count(shape), st);
}

static TF_Code reshape_run(OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *from = op_input(c, 1), *target = op_input(c, 2);
  if (indices->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Input must be a matrix.");
  if (from->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Input shape must be a vector.");
  if (target->rank != 1) return sparse_want_rank(target, 1, "Target shape", st);
  int64_t n = indices->dims[0], in_rank = from->dims[0], out_rank = target->dims[0], dims[TENSOR_MAX_RANK],
          most = 1;
  if (indices->dims[1] != in_rank)
    return fail(st, TF_INVALID_ARGUMENT, "Input tensor rank must match input shape length");
  if (in_rank > TENSOR_MAX_RANK || out_rank > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a sparse tensor of rank %lld",
                (long long)(in_rank > out_rank ? in_rank : out_rank));
  TRY(dense_dims(from, target, dims, st));
  if (in_rank == out_rank && !memcmp(from->data, dims, (size_t)in_rank * sizeof *dims))
    return reshape_same(c, st);
  for (int d = 0; d < out_rank; d++)
    if (dims[d] == 0) most = 0;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (n && !most)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input tensor has %lld non zero elements but input shape (%s) or output shape (%s) is empty",
                (long long)n, shape_text(from->data, (int)in_rank, a, sizeof a),
                shape_text(dims, (int)out_rank, b, sizeof b));
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, out_rank}, 2, st));
  TRY(op_alloc_output(c, 1, TF_INT64, &out_rank, 1, st));
  if (out_rank) memcpy(c->outputs[1].data, dims, (size_t)out_rank * sizeof *dims);
  uint64_t in_strides[TENSOR_MAX_RANK], out_strides[TENSOR_MAX_RANK];
  strides_of(from->data, (int)in_rank, in_strides);
  strides_of(dims, (int)out_rank, out_strides);
  const int64_t *in = indices->data;
  int64_t *out = c->outputs[0].data;
  for (int64_t i = 0; i < n; i++, in += in_rank, out += out_rank) {
    uint64_t sum = 0; /* wraps for indices that lie outside the shape */
    for (int64_t d = 0; d < in_rank; d++) sum += (uint64_t)in[d] * in_strides[d];
    int64_t at = (int64_t)sum;
    for (int64_t d = 0; d < out_rank; d++) {
      out[d] = at / (int64_t)out_strides[d];
      at %= (int64_t)out_strides[d];
    }
  }
  return TF_OK;
}

/* ---- SparseReorder ---- */

static TF_Code reorder_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank;
  TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  TRY(shape_want_rank(c, 1, 1, st));
  c->outputs[0] = *c->inputs[0];
  c->outputs[1] = *c->inputs[1];
  return TF_OK;
}

static TF_Code reorder_run(OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1);
  Sparse s;
  int64_t *order;
  TRY(sparse_view(&s, indices, values, op_input(c, 2), st));
  TRY(op_alloc_output(c, 0, TF_INT64, indices->dims, 2, st));
  TRY(op_alloc_output(c, 1, values->dtype, values->dims, 1, st));
  TRY(index_order(s.indices, s.count, s.rank, &order, st));
  TF_Code code = TF_OK;
  for (int64_t i = 0; !code && i < s.count; i++) {
    code = tensor_copy_range(&c->outputs[0], i * s.rank, indices, order[i] * s.rank, s.rank, st);
    if (!code) code = tensor_copy_range(&c->outputs[1], i, values, order[i], 1, st);
  }
  free(order);
  return code;
}

/* ---- SparseFillEmptyRows ---- */

static TF_Code fill_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank, n;
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  TRY(shape_want_rank(c, 3, 0, st));
  TRY(dim_merge(shape_dim(c->inputs[0], 0), shape_dim(c->inputs[1], 0), &n, st));
  Shape dense;
  TRY(shape_of_value(c, 2, &dense, st));
  c->outputs[0] = shape_matrix(-1, rank);
  c->outputs[1] = shape_vector(-1);
  c->outputs[2] = shape_vector(dense.rank > 0 ? dense.dims[0] : -1);
  c->outputs[3] = shape_vector(n);
  return TF_OK;
}

static TF_Code fill_check(const OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1), *shape = op_input(c, 2),
               *fill = op_input(c, 3);
  TRY(fill_want_rank(shape, "dense_shape", 1, st));
  TRY(fill_want_rank(indices, "indices", 2, st));
  TRY(fill_want_rank(values, "values", 1, st));
  if (indices->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "The length of `values` (%lld) must match the first dimension of `indices` (%lld).",
                (long long)values->dims[0], (long long)indices->dims[0]);
  if (indices->dims[1] != shape->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "The length of `dense_shape` (%lld) must match the second dimension of `indices` (%lld).",
                (long long)shape->dims[0], (long long)indices->dims[1]);
  TRY(fill_want_rank(fill, "default_value", 0, st));
  if (shape->dims[0] == 0) return fail(st, TF_INVALID_ARGUMENT, "Dense shape cannot be empty.");
  return TF_OK;
}

static TF_Code fill_run(OpCtx *c, TF_Status *st) {
  TRY(fill_check(c, st));
  return fill_rows(c, ((const int64_t *)op_input(c, 2)->data)[0], st);
}

/* ---- SparseToDense ---- */

static TF_Code dense_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 1, &c->outputs[0], st); }

static TF_Code dense_check(const OpCtx *c, int64_t n, int64_t rank, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *shape = op_input(c, 1), *values = op_input(c, 2),
               *fill = op_input(c, 3);
  char text[SHAPE_TEXT_MAX];
  if (indices->rank > 2)
    return fail(st, TF_INVALID_ARGUMENT, "sparse_indices should be a scalar, vector, or matrix, got shape %s",
                shape_text(indices->dims, indices->rank, text, sizeof text));
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "output_shape must be rank 1, got shape %s",
                shape_text(shape->dims, shape->rank, text, sizeof text));
  if (shape->dims[0] != rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "output_shape has incorrect number of elements: %lld should be: %lld",
                (long long)shape->dims[0], (long long)rank);
  if (values->rank > 1 || (values->rank == 1 && values->dims[0] != n))
    return fail(st, TF_INVALID_ARGUMENT, "sparse_values has incorrect shape %s, should be [] or [%lld]",
                shape_text(values->dims, values->rank, text, sizeof text), (long long)n);
  if (fill->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "default_value should be a scalar.");
  return TF_OK;
}

static TF_Code dense_put(OpCtx *c, const Sparse *s, TF_Status *st) {
  const Tensor *values = op_input(c, 2);
  Tensor *out = &c->outputs[0];
  char text[SHAPE_TEXT_MAX];
  for (int64_t i = 0; i < s->count; i++) {
    int64_t at = 0;
    for (int d = 0; d < s->rank; d++) {
      int64_t index = s->indices[i * s->rank + d];
      if (!index_ok(index, out->dims[d]))
        return fail(st, TF_INVALID_ARGUMENT, "Indices are not valid (out of bounds).  Shape: %s",
                    shape_text(out->dims, out->rank, text, sizeof text));
      at = at * out->dims[d] + index;
    }
    TRY(tensor_copy_range(out, at, values, values->rank ? i : 0, 1, st));
  }
  return TF_OK;
}

static TF_Code dense_run(OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *shape = op_input(c, 1);
  int64_t n = indices->rank ? indices->dims[0] : 1, rank = indices->rank > 1 ? indices->dims[1] : 1,
          dims[TENSOR_MAX_RANK];
  int out_rank;
  bool validate;
  TRY(dense_check(c, n, rank, st));
  TRY(node_attr_bool(c->node, "validate_indices", &validate, st));
  TRY(dims_of_tensor(shape, dims, &out_rank, st));
  TRY(op_alloc_output(c, 0, op_input(c, 2)->dtype, dims, out_rank, st));
  Sparse s = {.count = n, .rank = out_rank, .dims = dims, .indices = indices->data};
  int64_t *wide = NULL;
  TF_Code code = TF_OK;
  if (indices->dtype != TF_INT64) {
    code = run_alloc(c, n * rank, sizeof *wide, &wide, st);
    for (int64_t i = 0; !code && i < n * rank; i++) wide[i] = int_at(indices, i);
    s.indices = wide;
  }
  if (!code && validate) code = sparse_check_indices(&s, true, st);
  if (!code) code = tensor_fill(&c->outputs[0], op_input(c, 3)->data, st);
  if (!code) code = dense_put(c, &s, st);
  free(wide);
  return code;
}

const OpRow ops_sparse_basic[] = {
    {"SparseReshape", .flags = OP_DYNAMIC, .shape = reshape_shape, .run = reshape_run},
    {"SparseReorder", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC, .shape = reorder_shape,
     .run = reorder_run},
    {"SparseFillEmptyRows", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC, .shape = fill_shape,
     .run = fill_run},
    {"SparseFillEmptyRowsGrad", .types = "T: " TYPES_NUMBER, .flags = OP_DYNAMIC,
     .shape = fill_rows_grad_shape, .run = fill_rows_grad},
    {"SparseToDense", .types = "T: " TYPES_POD " string qint8 quint8 qint16 quint16", .flags = OP_DYNAMIC,
     .shape = dense_shape, .run = dense_run},
    {0}};
