/* Gather, GatherV2 and GatherNd. Indices are data: each is checked before it is used. */
#include "ops/array_gather.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"

TF_Code gather_plan(GatherPlan *g, const Tensor *params, const Tensor *indices, int64_t axis,
                    int64_t batch_dims, TF_Status *st) {
  int64_t given = axis;
  if (params->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "params must be at least 1 dimensional");
  if (!axis_in_range(&axis, params->rank))
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank %lld but is rank %d",
                (long long)(given < 0 ? 0 - (uint64_t)given : (uint64_t)given + 1), params->rank);
  if (batch_dims != 0) {
    if (batch_dims < -indices->rank || batch_dims > indices->rank)
      return fail(st, TF_INVALID_ARGUMENT, "Expected batch_dims in the range [%d, %d], but got %lld",
                  -indices->rank, indices->rank, (long long)batch_dims);
    if (batch_dims < 0) batch_dims += indices->rank;
    if (batch_dims >= params->rank)
      return fail(st, TF_INVALID_ARGUMENT, "batch_dims (%lld) must be less than rank(params) (%d).",
                  (long long)batch_dims, params->rank);
    if (axis < batch_dims)
      return fail(st, TF_INVALID_ARGUMENT, "batch_dims (%lld) must be less than or equal to axis (%lld).",
                  (long long)batch_dims, (long long)axis);
    for (int i = 0; i < batch_dims; i++)
      if (params->dims[i] != indices->dims[i])
        return fail(st, TF_INVALID_ARGUMENT,
                    "params.shape[%d]: %lld should be equal to indices.shape[%d]: %lld", i,
                    (long long)params->dims[i], i, (long long)indices->dims[i]);
  }
  int batch = (int)batch_dims;
  *g = (GatherPlan){.batch = dims_product(params->dims, 0, batch),
                    .outer = dims_product(params->dims, batch, (int)axis),
                    .limit = params->dims[axis],
                    .inner = dims_product(params->dims, (int)axis + 1, params->rank),
                    .count = dims_product(indices->dims, batch, indices->rank)};
  for (int i = 0; i < axis; i++) g->dims[g->rank++] = params->dims[i];
  for (int i = batch; i < indices->rank; i++) g->dims[g->rank++] = indices->dims[i];
  for (int i = (int)axis + 1; i < params->rank; i++) g->dims[g->rank++] = params->dims[i];
  return TF_OK;
}

/* "indices[1,0]": the position of flat index `at`. */
TF_Code gather_fail_index(const Tensor *indices, int64_t at, int64_t limit, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  int64_t where[TENSOR_MAX_RANK], value = int_at(indices, at);
  for (int i = indices->rank - 1; i >= 0; i--) {
    where[i] = at % indices->dims[i];
    at /= indices->dims[i];
  }
  return fail(st, TF_INVALID_ARGUMENT, "indices%s = %lld is not in [0, %lld)",
              indices->rank ? shape_text(where, indices->rank, text, sizeof text) : "", (long long)value,
              (long long)limit);
}

TF_Code gather_run(const GatherPlan *g, Tensor *out, const Tensor *params, const Tensor *indices,
                   TF_Status *st) {
  if (tensor_count(out) == 0) return TF_OK;
  for (int64_t i = 0; i < g->batch * g->count; i++)
    if (!index_ok(int_at(indices, i), g->limit)) return gather_fail_index(indices, i, g->limit, st);
  size_t item = dtype_size(params->dtype);
  bool plain = !dtype_is_object(params->dtype);
  for (int64_t b = 0; b < g->batch; b++)
    for (int64_t o = 0; o < g->outer; o++) {
      int64_t block = b * g->outer + o;
      const char *from = (const char *)params->data + (size_t)(block * g->limit * g->inner) * item;
      char *to = (char *)out->data + (size_t)(block * g->count * g->inner) * item;
      for (int64_t i = 0; i < g->count; i++, to += (size_t)g->inner * item) {
        const char *row = from + (size_t)(int_at(indices, b * g->count + i) * g->inner) * item;
        if (plain && g->inner == 1 && item == 4) memcpy(to, row, 4);
        else if (plain) memcpy(to, row, (size_t)g->inner * item);
        else TRY(elements_copy(params->dtype, to, row, g->inner, st));
      }
    }
  return TF_OK;
}

/* ---- Gather, GatherV2 ---- */

static TF_Code gather_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *params = c->inputs[0], *indices = c->inputs[1];
  int64_t axis = 0, batch = 0, given;
  if (c->num_inputs > 2) {
    TRY(shape_want_rank(c, 2, 0, st));
    const Attr *a = node_attr(c->node, "batch_dims");
    if (a) TRY(node_attr_int(c->node, "batch_dims", &batch, st));
    if (!shape_int_value(c, 2, &axis)) {
      if (params->rank >= 0 && indices->rank >= 0 && batch >= 0 &&
          params->rank + indices->rank - 1 - batch <= TENSOR_MAX_RANK && params->rank > 0)
        c->outputs[0] = shape_of_rank((int)(params->rank + indices->rank - 1 - batch));
      return TF_OK;
    }
  }
  int64_t want = axis < 0 ? -(axis + 1) : axis; /* one less than the rank, so that no axis overflows */
  TRY(shape_want_rank_at_least(c, 0, want < INT32_MAX ? (int)want + 1 : INT32_MAX, st));
  if (params->rank < 0 || indices->rank < 0) return TF_OK;
  given = axis;
  if (!axis_in_range(&axis, params->rank))
    return fail(st, TF_INVALID_ARGUMENT, "axis (%lld) is out of range", (long long)given);
  if (batch < 0) batch += indices->rank;
  if (batch < 0 || batch > axis || batch > indices->rank)
    return fail(st, TF_INVALID_ARGUMENT, "batch_dims (%lld) is out of range", (long long)batch);
  if (params->rank + indices->rank - 1 - batch > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "Gather makes a tensor of too many dimensions");
  Shape out = {.rank = 0};
  for (int i = 0; i < axis; i++) {
    out.dims[out.rank] = params->dims[i];
    if (i < batch) TRY(dim_merge(params->dims[i], indices->dims[i], &out.dims[out.rank], st));
    out.rank++;
  }
  for (int i = (int)batch; i < indices->rank; i++) out.dims[out.rank++] = indices->dims[i];
  for (int i = (int)axis + 1; i < params->rank; i++) out.dims[out.rank++] = params->dims[i];
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code gather_prepare(OpCtx *c, TF_Status *st) {
  GatherPlan *g = c->prep;
  int64_t axis = 0, batch_dims = 0;
  if (c->num_inputs > 2) {
    if (op_input(c, 2)->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "axis must be scalar");
    axis = int_at(op_input(c, 2), 0);
    if (node_attr(c->node, "batch_dims")) TRY(node_attr_int(c->node, "batch_dims", &batch_dims, st));
  }
  TRY(gather_plan(g, op_input(c, 0), op_input(c, 1), axis, batch_dims, st));
  return op_output(c, 0, op_input(c, 0)->dtype, g->dims, g->rank, st);
}

static TF_Code gather_op_run(OpCtx *c, TF_Status *st) {
  return gather_run(c->prep, &c->outputs[0], op_input(c, 0), op_input(c, 1), st);
}

/* ---- GatherNd ---- */

TF_Code gather_nd_dims(const Tensor *params, const Tensor *indices, int64_t *dims, int *rank, TF_Status *st) {
  if (params->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "params must be at least a vector");
  if (indices->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "indices must be at least a vector");
  int64_t depth = indices->dims[indices->rank - 1];
  if (depth > params->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "index innermost dimension length must be <= params rank; saw: %lld vs. %d", (long long)depth,
                params->rank);
  *rank = 0;
  for (int i = 0; i < indices->rank - 1; i++) dims[(*rank)++] = indices->dims[i];
  for (int i = (int)depth; i < params->rank; i++) dims[(*rank)++] = params->dims[i];
  if (tensor_count(params) == 0 && dims_product(indices->dims, 0, indices->rank - 1) > 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Requested more than 0 entries, but params is empty.  Params shape: %s",
                shape_text(params->dims, params->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  return TF_OK;
}

TF_Code gather_nd_run(Tensor *out, const Tensor *params, const Tensor *indices, const char *node_name,
                      TF_Status *st) {
  int depth = (int)indices->dims[indices->rank - 1];
  int64_t rows = dims_product(indices->dims, 0, indices->rank - 1);
  int64_t inner = dims_product(params->dims, depth, params->rank);
  if (depth == 0 && inner == 0) return TF_OK; /* any number of rows of nothing, with no index to check */
  for (int64_t r = 0; r < rows; r++) {
    int64_t at = 0;
    for (int k = 0; k < depth; k++) {
      int64_t i = int_at(indices, r * depth + k);
      if (!index_ok(i, params->dims[k])) {
        int64_t where[TENSOR_MAX_RANK], bad[TENSOR_MAX_RANK], flat = r;
        char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX], p[SHAPE_TEXT_MAX];
        for (int j = indices->rank - 2; j >= 0; j--) {
          where[j] = flat % indices->dims[j];
          flat /= indices->dims[j];
        }
        size_t n = 0;
        for (int j = 0; j < depth; j++) {
          bad[j] = int_at(indices, r * depth + j);
          n += (size_t)snprintf(b + n, sizeof b - n, "%s%lld", j ? ", " : "[", (long long)bad[j]);
        }
        return fail(st, TF_INVALID_ARGUMENT,
                    "indices%s = %s] does not index into param shape %s, node name: %s",
                    indices->rank > 1 ? shape_text(where, indices->rank - 1, a, sizeof a) : "", b,
                    shape_text(params->dims, params->rank, p, sizeof p), node_name);
      }
      at = at * params->dims[k] + i;
    }
    TRY(tensor_copy_range(out, r * inner, params, at * inner, inner, st));
  }
  return TF_OK;
}

static TF_Code gather_nd_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *params = c->inputs[0], *indices = c->inputs[1];
  TRY(shape_want_rank_at_least(c, 1, 1, st));
  if (params->rank < 0 || indices->rank < 0) return TF_OK;
  int64_t depth = indices->dims[indices->rank - 1];
  if (depth < 0) return TF_OK;
  if (depth > params->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "indices.shape[-1] must be <= params.rank, but saw indices shape: %s and params shape: %s",
                shape_text(indices->dims, indices->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX),
                shape_text(params->dims, params->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  Shape out = {.rank = 0};
  if (indices->rank - 1 + params->rank - depth > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "GatherNd makes a tensor of too many dimensions");
  for (int i = 0; i < indices->rank - 1; i++) out.dims[out.rank++] = indices->dims[i];
  for (int i = (int)depth; i < params->rank; i++) out.dims[out.rank++] = params->dims[i];
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code gather_nd_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[2 * TENSOR_MAX_RANK];
  int rank;
  TRY(gather_nd_dims(op_input(c, 0), op_input(c, 1), dims, &rank, st));
  return op_output(c, 0, op_input(c, 0)->dtype, dims, rank, st);
}

static TF_Code gather_nd_op_run(OpCtx *c, TF_Status *st) {
  return gather_nd_run(&c->outputs[0], op_input(c, 0), op_input(c, 1), c->node->name, st);
}

#define TYPES_GATHER \
  "Tparams: " TYPES_ALL " " TYPES_FLOAT8 " " TYPES_QUANTIZED_ALL "; Tindices: int16 int32 int64"

const OpRow ops_array_gather[] = {
    {"Gather", .types = TYPES_GATHER, .prep_size = sizeof(GatherPlan), .shape = gather_shape,
     .prepare = gather_prepare, .run = gather_op_run},
    {"GatherV2", .types = TYPES_GATHER, .value_inputs = 4, .prep_size = sizeof(GatherPlan),
     .shape = gather_shape, .prepare = gather_prepare, .run = gather_op_run},
    {"GatherNd", .types = TYPES_GATHER, .shape = gather_nd_shape, .prepare = gather_nd_prepare,
     .run = gather_nd_op_run},
    {0}};
