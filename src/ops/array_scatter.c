/* ScatterNd and the TensorScatter ops; the loops of the Scatter ops on variables. */
#include "ops/array_scatter.h"

#include <stdio.h>
#include <string.h>

#include "ops/array_util.h"

TF_Code scatter_rows(ArithKind kind, Tensor *params, const Tensor *indices, const Tensor *updates,
                     TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX], p[SHAPE_TEXT_MAX], where[SHAPE_TEXT_MAX];
  if (params->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "params must be at least 1-D, got shape %s",
                shape_text(params->dims, params->rank, p, sizeof p));
  bool fits = updates->rank == 0 || updates->rank == indices->rank + params->rank - 1;
  for (int i = 0; fits && updates->rank && i < updates->rank; i++)
    fits = updates->dims[i] == (i < indices->rank ? indices->dims[i] : params->dims[i - indices->rank + 1]);
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT,
                "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got "
                "updates.shape %s, "
                "indices.shape %s, params.shape %s",
                shape_text(updates->dims, updates->rank, a, sizeof a),
                shape_text(indices->dims, indices->rank, b, sizeof b),
                shape_text(params->dims, params->rank, p, sizeof p));
  int64_t n = tensor_count(indices), limit = params->dims[0],
          inner = dims_product(params->dims, 1, params->rank);
  for (int64_t i = 0; i < n; i++) {
    int64_t k = int_at(indices, i);
    if (index_ok(k, limit)) continue;
    int64_t at[TENSOR_MAX_RANK], flat = i;
    for (int d = indices->rank - 1; d >= 0; d--) {
      at[d] = flat % indices->dims[d];
      flat /= indices->dims[d];
    }
    return fail(st, TF_INVALID_ARGUMENT, "indices%s = %lld is not in [0, %lld)",
                indices->rank ? shape_text(at, indices->rank, where, sizeof where) : "", (long long)k,
                (long long)limit);
  }
  size_t item = dtype_size(params->dtype);
  for (int64_t i = 0; i < n; i++)
    TRY(arith_apply(kind, params->dtype, (char *)params->data + (size_t)(int_at(indices, i) * inner) * item,
                    (const char *)updates->data + (updates->rank ? (size_t)(i * inner) * item : 0),
                    updates->rank != 0, inner, st));
  return TF_OK;
}

/* ---- ScatterNd ---- */

TF_Code scatter_nd_check(const int64_t *dims, int rank, const Tensor *indices, const Tensor *updates,
                         TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX], s[SHAPE_TEXT_MAX];
  shape_text(indices->dims, indices->rank, a, sizeof a);
  shape_text(updates->dims, updates->rank, b, sizeof b);
  shape_text(dims, rank, s, sizeof s);
  int batch = indices->rank > 1 ? indices->rank - 1 : 1;
  int64_t depth = indices->rank > 1 ? indices->dims[indices->rank - 1] : 1;
  if (dims_product(dims, 0, rank) == 0 && (tensor_count(indices) || tensor_count(updates)))
    return fail(st, TF_INVALID_ARGUMENT, "Indices and updates specified for empty output shape");
  if (updates->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Updates shape must have rank at least one. Found:%s", b);
  bool fits = indices->rank >= 1 && rank >= depth && updates->rank >= batch &&
              updates->rank == rank - depth + batch;
  for (int i = 0; fits && i < batch; i++) fits = updates->dims[i] == indices->dims[i];
  for (int i = 0; fits && i < updates->rank - batch; i++) fits = updates->dims[i + batch] == dims[i + depth];
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT,
                "Must have updates.shape = indices.shape[:batch_dim] + params_shape[slice_dim:], got "
                "updates.shape: %s, "
                "indices.shape: %s, params_shape: %s, slice_dim: %lld, and batch_dim: %d",
                b, a, s, (long long)depth, batch);
  return TF_OK;
}

static TF_Code fail_nd_index(const Tensor *target, const Tensor *indices, int64_t row, int64_t depth,
                             TF_Status *st) {
  int64_t where[TENSOR_MAX_RANK], flat = row;
  char w[SHAPE_TEXT_MAX], bad[SHAPE_TEXT_MAX], s[SHAPE_TEXT_MAX];
  size_t n = 0;
  int batch = indices->rank > 1 ? indices->rank - 1 : 1;
  for (int j = batch - 1; j >= 0; j--) {
    where[j] = flat % indices->dims[j];
    flat /= indices->dims[j];
  }
  bad[0] = 0;
  for (int64_t j = 0; j < depth; j++)
    n += (size_t)snprintf(bad + n, sizeof bad - n, "%s%lld", j ? ", " : "",
                          (long long)int_at(indices, row * depth + j));
  return fail(st, TF_INVALID_ARGUMENT, "indices%s = [%s] does not index into shape %s",
              shape_text(where, batch, w, sizeof w), bad,
              shape_text(target->dims, target->rank, s, sizeof s));
}

TF_Code scatter_nd(ArithKind kind, Tensor *target, const Tensor *indices, const Tensor *updates,
                   TF_Status *st) {
  TRY(scatter_nd_check(target->dims, target->rank, indices, updates, st));
  int64_t depth = indices->rank > 1 ? indices->dims[indices->rank - 1] : 1;
  int64_t rows = dims_product(indices->dims, 0, indices->rank > 1 ? indices->rank - 1 : 1);
  int64_t inner = dims_product(target->dims, (int)depth, target->rank);
  size_t item = dtype_size(target->dtype);
  for (int pass = 0; pass < 2; pass++) /* first all checks, then all changes */
    for (int64_t r = 0; r < rows; r++) {
      int64_t at = 0;
      for (int64_t k = 0; k < depth; k++) {
        int64_t i = int_at(indices, r * depth + k);
        if (!index_ok(i, target->dims[k])) return fail_nd_index(target, indices, r, depth, st);
        at = at * target->dims[k] + i;
      }
      if (pass)
        TRY(arith_apply(kind, target->dtype, (char *)target->data + (size_t)(at * inner) * item,
                        (const char *)updates->data + (size_t)(r * inner) * item, 1, inner, st));
    }
  return TF_OK;
}

static TF_Code scatter_nd_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 2, 1, st));
  return shape_of_value(c, 2, &c->outputs[0], st);
}

/* TF: what ScatterNd asks before the check that all scatters share; a vector of indices is one index here. */
static TF_Code check_scatter_nd(const int64_t *dims, int rank, const Tensor *indices, const Tensor *updates,
                                TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  int outer = indices->rank - 1;
  int64_t depth = indices->dims[outer];
  shape_text(updates->dims, updates->rank, b, sizeof b);
  if (dims_product(dims, 0, rank) == 0 && (tensor_count(indices) || tensor_count(updates)))
    return fail(st, TF_INVALID_ARGUMENT, "Indices and updates specified for empty output.  indices shape: %s",
                shape_text(indices->dims, indices->rank, a, sizeof a));
  bool fits = updates->rank >= outer;
  for (int i = 0; fits && i < outer; i++) fits = updates->dims[i] == indices->dims[i];
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT,
                "Dimensions [0,%d) of indices[shape=%s] must match dimensions [0,%d) of updates[shape=%s]",
                outer, shape_text(indices->dims, indices->rank, a, sizeof a), outer, b);
  fits = depth <= rank && updates->rank - outer == rank - depth;
  for (int i = 0; fits && i < rank - depth; i++) fits = updates->dims[outer + i] == dims[depth + i];
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT,
                "Dimensions [%lld,%d) of input[shape=%s] must match dimensions [%d,%d) of updates[shape=%s]",
                (long long)depth, rank, shape_text(dims, rank, a, sizeof a), outer, updates->rank, b);
  return TF_OK;
}

static TF_Code scatter_nd_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char text[SHAPE_TEXT_MAX];
  const Tensor *shape = op_input(c, 2), *indices = op_input(c, 0), *updates = op_input(c, 1);
  if (indices->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Indices shape must have rank at least one. Found:%s",
                shape_text(indices->dims, indices->rank, text, sizeof text));
  if (updates->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Updates shape must have rank at least one. Found:%s",
                shape_text(updates->dims, updates->rank, text, sizeof text));
  if (shape->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Shape must be a vector");
  TRY(dims_of_tensor(shape, dims, &rank, st));
  TRY(check_scatter_nd(dims, rank, indices, updates, st));
  TRY(scatter_nd_check(dims, rank, indices, updates, st));
  return op_output(c, 0, updates->dtype, dims, rank, st);
}

static TF_Code scatter_nd_run(OpCtx *c, TF_Status *st) {
  tensor_zero(&c->outputs[0]);
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
  return scatter_nd(c->outputs[0].dtype == TF_STRING ? ARITH_UPDATE : ARITH_ADD, &c->outputs[0],
                    op_input(c, 0), op_input(c, 1), st);
}

/* ---- TensorScatter*, ScatterNdNonAliasingAdd ---- */

static TF_Code check_tensor_scatter(const Tensor *in, const Tensor *indices, const Tensor *updates,
                                    TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  int outer = indices->rank - 1;
  int64_t depth = indices->dims[outer];
  shape_text(updates->dims, updates->rank, b, sizeof b);
  if (tensor_count(in) == 0 && (tensor_count(indices) || tensor_count(updates)))
    return fail(st, TF_INVALID_ARGUMENT, "Indices and updates specified for empty output shape");
  bool fits = updates->rank >= outer;
  for (int i = 0; fits && i < outer; i++) fits = updates->dims[i] == indices->dims[i];
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT,
                "Outer dimensions of indices and update must match. Indices shape: %s, updates shape:%s",
                shape_text(indices->dims, indices->rank, a, sizeof a), b);
  shape_text(in->dims, in->rank, a, sizeof a);
  if (depth > in->rank || updates->rank - outer != in->rank - depth)
    return fail(st, TF_INVALID_ARGUMENT,
                "Inner dimensions of output shape must match inner dimensions of updates shape. Output: %s "
                "updates: %s",
                a, b);
  for (int i = 0; i < in->rank - depth; i++)
    if (updates->dims[outer + i] != in->dims[depth + i])
      return fail(st, TF_INVALID_ARGUMENT,
                  "The inner %lld dimensions of output.shape=%s must match the inner %d dimensions of "
                  "updates.shape=%s",
                  (long long)(in->rank - depth), a, updates->rank - outer, b);
  return TF_OK;
}

static TF_Code tensor_scatter_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *indices = op_input(c, 1), *updates = op_input(c, 2);
  char text[SHAPE_TEXT_MAX];
  if (in->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Output must be at least 1-D, got shape: %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  if (indices->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Indices shape must have rank at least one. Found:%s",
                shape_text(indices->dims, indices->rank, text, sizeof text));
  TRY(check_tensor_scatter(in, indices, updates, st));
  TRY(scatter_nd_check(in->dims, in->rank, indices, updates, st));
  return op_output_like(c, 0, in, st);
}

static ArithKind scatter_kind(const char *op) {
  size_t n = strlen(op);
  static const struct {
    const char *suffix;
    ArithKind kind;
  } kinds[] = {{"Add", ARITH_ADD}, {"Sub", ARITH_SUB}, {"Min", ARITH_MIN}, {"Max", ARITH_MAX}};
  for (size_t i = 0; i < SM_COUNTOF(kinds); i++)
    if (!strcmp(op + n - 3, kinds[i].suffix)) return kinds[i].kind;
  return ARITH_UPDATE;
}

static TF_Code tensor_scatter_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  if (out->data != in->data) TRY(tensor_copy_range(out, 0, in, 0, tensor_count(in), st));
  return scatter_nd(scatter_kind(c->node->op), out, op_input(c, 1), op_input(c, 2), st);
}

#define SCATTER(NAME, TYPES)                                                    \
  {                                                                             \
    NAME, .types = "T: " TYPES "; Tindices: " TYPES_INDEX, .shape = shape_same, \
          .prepare = tensor_scatter_prepare, .run = tensor_scatter_run          \
  }

const OpRow ops_array_scatter[] = {
    {"ScatterNd", .types = "T: " TYPES_POD " string; Tindices: " TYPES_INDEX, .value_inputs = 4,
     .shape = scatter_nd_shape, .prepare = scatter_nd_prepare, .run = scatter_nd_run},
    SCATTER("TensorScatterUpdate", TYPES_POD " string"),
    SCATTER("TensorScatterAdd", TYPES_NUMBER),
    SCATTER("TensorScatterSub", TYPES_NUMBER),
    SCATTER("TensorScatterMin", TYPES_REAL),
    SCATTER("TensorScatterMax", TYPES_REAL),
    SCATTER("ScatterNdNonAliasingAdd", TYPES_POD),
    {0}};
