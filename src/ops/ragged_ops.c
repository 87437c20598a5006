/* Ragged tensors: values [n, ...] with row splits, one vector of them a ragged dimension, the outermost
 * first. RaggedTensorToTensor, RaggedTensorToSparse, RaggedRange. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/sparse_util.h"
#include "ops/string_util.h"

static void put_int(Tensor *t, int64_t i, int64_t v) {
  if (t->dtype == TF_INT64) ((int64_t *)t->data)[i] = v;
  else ((int32_t *)t->data)[i] = (int32_t)v;
}

/* Splits of `values` values: from 0 up, in order. */
static TF_Code check_splits(const Tensor *t, int64_t values, TF_Status *st) {
  if (t->rank != 1 || t->dims[0] < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid row split size: %lld",
                (long long)(t->rank == 1 ? t->dims[0] : 0));
  int64_t n = t->dims[0];
  if (int_at(t, 0) != 0) return fail(st, TF_INVALID_ARGUMENT, "First value of ragged splits must be 0.");
  for (int64_t i = 1; i < n; i++)
    if (int_at(t, i) < int_at(t, i - 1))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Ragged splits should be non decreasing, but we got %lld followed by %lld",
                  (long long)int_at(t, i - 1), (long long)int_at(t, i));
  if (int_at(t, n - 1) != values)
    return fail(st, TF_INVALID_ARGUMENT,
                "Final value of ragged splits must match the length the corresponding ragged array.");
  return TF_OK;
}

/* ---- RaggedTensorToTensor ---- */

typedef struct ToTensor {
  OpCtx *c;
  const Attr *types;
  int levels, first; /* ragged dimensions; the first partition that is one */
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
} ToTensor;

static bool type_is(const ToTensor *t, int i, const char *name) {
  Span s = t->types->v.list_s[i];
  return s.size == strlen(name) && !memcmp(s.data, name, s.size);
}

static const Tensor *partition(const ToTensor *t, int level) { return op_input(t->c, 3 + t->first + level); }

/* The number of rows that level 0 splits. */
static int64_t first_rows(const ToTensor *t) {
  return t->first    ? int_at(op_input(t->c, 3), 0)
         : t->levels ? partition(t, 0)->dims[0] - 1
                     : tensor_count(op_input(t->c, 1));
}

/* The longest row of a level, and how many values it has in all. */
static TF_Code level_extent(const ToTensor *t, int level, int64_t rows, int64_t *widest, int64_t *total,
                            TF_Status *st) {
  const Tensor *p = partition(t, level);
  *widest = 0;
  if (p->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Row partition must be a vector");
  if (type_is(t, t->first + level, "ROW_SPLITS")) {
    if (p->dims[0] < 1) return fail(st, TF_INVALID_ARGUMENT, "Row partition must not be empty");
    *total = int_at(p, p->dims[0] - 1);
    TRY(check_splits(p, *total, st));
    if (p->dims[0] - 1 != rows)
      return fail(st, TF_INVALID_ARGUMENT, "Row partition size is greater than output size: %lld > %lld",
                  (long long)p->dims[0] - 1, (long long)rows);
    for (int64_t i = 1; i < p->dims[0]; i++) {
      int64_t n = int_at(p, i) - int_at(p, i - 1);
      if (n > *widest) *widest = n;
    }
    return TF_OK;
  }
  *total = p->dims[0];
  for (int64_t i = 0, run = 0; i < p->dims[0]; i++) {
    int64_t row = int_at(p, i);
    if (!index_ok(row, rows))
      return fail(st, TF_INVALID_ARGUMENT, "Invalid row id %lld: there are %lld rows", (long long)row,
                  (long long)rows);
    if (i && row < int_at(p, i - 1)) return fail(st, TF_INVALID_ARGUMENT, "Row ids must not decrease");
    run = i && row == int_at(p, i - 1) ? run + 1 : 1;
    if (run > *widest) *widest = run;
  }
  return TF_OK;
}

static TF_Code output_dims(ToTensor *t, TF_Status *st) {
  const Tensor *shape = op_input(t->c, 0), *values = op_input(t->c, 1);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  t->rank = t->levels + values->rank;
  if (values->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "values must not be a scalar");
  if (t->rank > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "a ragged tensor of rank %d", t->rank);
  if (t->first && (op_input(t->c, 3)->rank != 0 || first_rows(t) < 0))
    return fail(st, TF_INVALID_ARGUMENT, "FIRST_DIM_SIZE must be a scalar, not negative");
  int64_t given[TENSOR_MAX_RANK];
  bool any = shape->rank == 0;
  if (any && int_at(shape, 0) != -1)
    return fail(st, TF_INVALID_ARGUMENT,
                "The only valid scalar shape tensor is the fully unknown shape specified as -1.");
  if (!any && (shape->rank != 1 || shape->dims[0] != t->rank))
    return fail(st, TF_INVALID_ARGUMENT,
                "ragged tensor and shape must have the same rank: the shape is %s, the rank %d",
                shape_text(shape->dims, shape->rank, a, sizeof a), t->rank);
  for (int d = 0; d < t->rank; d++) {
    given[d] = any ? -1 : int_at(shape, d);
    if (given[d] < -1)
      return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)given[d]);
  }
  int64_t rows = first_rows(t), widest;
  if (!t->levels) rows = values->dims[0];
  t->dims[0] = given[0] >= 0 ? given[0] : rows;
  for (int k = 0; k < t->levels; k++) {
    TRY(level_extent(t, k, rows, &widest, &rows, st));
    t->dims[k + 1] = given[k + 1] >= 0 ? given[k + 1] : widest;
  }
  if (rows != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "The partitions speak of %lld values, there are %lld",
                (long long)rows, (long long)values->dims[0]);
  for (int d = 1; d < values->rank; d++) {
    t->dims[t->levels + d] = values->dims[d];
    if (given[t->levels + d] >= 0 && given[t->levels + d] != values->dims[d])
      return fail(st, TF_INVALID_ARGUMENT, "The shape %s does not go with values of shape %s",
                  shape_text(given, t->rank, a, sizeof a),
                  shape_text(values->dims, values->rank, b, sizeof b));
  }
  return TF_OK;
}

/* Where each value of the last level goes, in units of inner elements: -1 for nowhere. */
static TF_Code output_places(const ToTensor *t, int64_t **out, TF_Status *st) {
  int64_t n = t->levels ? first_rows(t) : op_input(t->c, 1)->dims[0], *at, *next;
  TRY(run_alloc(t->c, n, sizeof *at, &at, st));
  for (int64_t i = 0; i < n; i++) at[i] = i < t->dims[0] ? i : -1;
  for (int k = 0; k < t->levels; k++) {
    const Tensor *p = partition(t, k);
    bool splits = type_is(t, t->first + k, "ROW_SPLITS");
    int64_t total = splits ? int_at(p, p->dims[0] - 1) : p->dims[0], row = 0, column = 0;
    TF_Code code = run_alloc(t->c, total, sizeof *next, &next, st);
    if (code) {
      free(at);
      return code;
    }
    for (int64_t i = 0; i < total; i++, column++) {
      if (splits) {
        while (int_at(p, row + 1) <= i) row++;
        column = i - int_at(p, row);
      } else {
        if (int_at(p, i) != row) column = 0;
        row = int_at(p, i);
      }
      next[i] = at[row] < 0 || column >= t->dims[k + 1] ? -1 : at[row] * t->dims[k + 1] + column;
    }
    free(at);
    at = next;
  }
  *out = at;
  return TF_OK;
}

/* The default, broadcast over one element, everywhere. */
static TF_Code fill_default(const ToTensor *t, int64_t inner, TF_Status *st) {
  const Tensor *fill = op_input(t->c, 2), *values = op_input(t->c, 1);
  Tensor *out = &t->c->outputs[0];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (tensor_count(fill) == 1) return tensor_fill(out, fill->data, st);
  bool fits = fill->rank < values->rank;
  for (int d = 1; fits && d <= fill->rank; d++)
    fits = fill->dims[fill->rank - d] == 1 || fill->dims[fill->rank - d] == values->dims[values->rank - d];
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT,
                "Unable to broadcast default_value of shape %s to tensor of shape %s",
                shape_text(fill->dims, fill->rank, a, sizeof a),
                shape_text(values->dims + 1, values->rank - 1, b, sizeof b));
  for (int64_t i = 0, n = tensor_count(out); i < n; i++) {
    int64_t rest = i % inner, from = 0, step = 1;
    for (int d = 1; d <= fill->rank; d++) {
      int64_t size = values->dims[values->rank - d], of = fill->dims[fill->rank - d];
      if (of > 1) from += rest % size * step;
      step *= of;
      rest /= size;
    }
    TRY(tensor_copy_range(out, i, fill, from, 1, st));
  }
  return TF_OK;
}

static TF_Code to_tensor_run(OpCtx *c, TF_Status *st) {
  ToTensor t = {.c = c};
  int64_t *places, inner = 1;
  const Tensor *values = op_input(c, 1);
  TRY(node_attr_list(c->node, "row_partition_types", TF_ATTR_STRING, &t.types, st));
  if (t.types->count != c->num_inputs - 3)
    return fail(st, TF_INVALID_ARGUMENT, "num_row_partition_tensors and row_partition_types must agree");
  t.first = t.types->count && type_is(&t, 0, "FIRST_DIM_SIZE");
  t.levels = (int)t.types->count - t.first;
  for (int k = 0; k < t.levels; k++)
    if (!type_is(&t, t.first + k, t.first ? "VALUE_ROWIDS" : "ROW_SPLITS"))
      return fail(st, TF_INVALID_ARGUMENT,
                  "row partition types must be ROW_SPLITS, or FIRST_DIM_SIZE and VALUE_ROWIDS");
  if (!t.first && t.levels && (partition(&t, 0)->rank != 1 || partition(&t, 0)->dims[0] < 1))
    return fail(st, TF_INVALID_ARGUMENT, "Row partition must not be empty");
  TRY(output_dims(&t, st));
  TRY(op_alloc_output(c, 0, values->dtype, t.dims, t.rank, st));
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
  for (int d = 1; d < values->rank; d++) inner *= values->dims[d];
  TRY(fill_default(&t, inner, st));
  TRY(output_places(&t, &places, st));
  TF_Code code = TF_OK;
  for (int64_t i = 0; !code && i < values->dims[0]; i++)
    if (places[i] >= 0)
      code = tensor_copy_range(&c->outputs[0], places[i] * inner, values, i * inner, inner, st);
  free(places);
  return code;
}

static TF_Code to_tensor_shape(ShapeCtx *c, TF_Status *st) {
  const Attr *types;
  const Shape *values = c->inputs[1];
  Shape given = shape_unknown();
  TRY(node_attr_list(c->node, "row_partition_types", TF_ATTR_STRING, &types, st));
  if (c->inputs[0]->rank == 1) TRY(shape_of_value(c, 0, &given, st));
  if (values->rank < 0) {
    c->outputs[0] = given;
    return TF_OK;
  }
  bool first = types->count && types->v.list_s[0].size == 14; /* FIRST_DIM_SIZE */
  int levels = (int)types->count - first, rank = levels + values->rank;
  if (values->rank < 1 || rank > TENSOR_MAX_RANK || (given.rank >= 0 && given.rank != rank)) return TF_OK;
  Shape *out = &c->outputs[0];
  out->rank = rank;
  for (int d = 0; d < rank; d++) {
    out->dims[d] = given.rank >= 0 ? given.dims[d] : -1;
    if (out->dims[d] < 0 && d > levels) out->dims[d] = values->dims[d - levels];
  }
  return TF_OK;
}

/* ---- RaggedTensorToSparse ---- */

static TF_Code to_sparse_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *values = c->inputs[c->num_inputs - 1];
  shape_sparse(c, 0, values->rank < 0 ? -1 : values->rank + c->num_inputs - 1);
  return TF_OK;
}

static TF_Code to_sparse_run(OpCtx *c, TF_Status *st) {
  int levels = c->num_inputs - 1, rank;
  const Tensor *values = op_input(c, levels);
  if (values->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "rt_dense_values must not be a scalar");
  rank = levels + values->rank;
  if (rank > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "a ragged tensor of rank %d", rank);
  for (int k = 0; k < levels; k++) {
    const Tensor *below = k + 1 < levels ? op_input(c, k + 1) : NULL;
    if (below && (below->rank != 1 || below->dims[0] < 1))
      return fail(st, TF_INVALID_ARGUMENT, "Invalid row split size: 0");
    TRY(check_splits(op_input(c, k), below ? below->dims[0] - 1 : values->dims[0], st));
  }
  int64_t n = tensor_count(values), inner = values->dims[0] ? n / values->dims[0] : 0, wide = rank,
          row[TENSOR_MAX_RANK] = {0};
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, rank}, 2, st));
  TRY(op_alloc_output(c, 1, values->dtype, &n, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &wide, 1, st));
  int64_t *index = c->outputs[0].data, *dims = c->outputs[2].data;
  for (int64_t i = 0; i < n; i++, index += rank) {
    int64_t place = i / inner, rest = i % inner;
    for (int d = values->rank - 1; d > 0; d--) {
      index[levels + d] = rest % values->dims[d];
      rest /= values->dims[d];
    }
    for (int k = levels - 1; k >= 0;
         k--) { /* from a place in a level to its row, which is a place in the level above */
      while (int_at(op_input(c, k), row[k] + 1) <= place) row[k]++;
      index[k + 1] = place - int_at(op_input(c, k), row[k]);
      place = row[k];
    }
    index[0] = place;
  }
  dims[0] = op_input(c, 0)->dims[0] - 1;
  for (int k = 0; k < levels; k++) {
    const Tensor *splits = op_input(c, k);
    dims[k + 1] = 0;
    for (int64_t i = 1; i < splits->dims[0]; i++)
      if (int_at(splits, i) - int_at(splits, i - 1) > dims[k + 1])
        dims[k + 1] = int_at(splits, i) - int_at(splits, i - 1);
  }
  for (int d = 1; d < values->rank; d++) dims[levels + d] = values->dims[d];
  return tensor_copy_range(&c->outputs[1], 0, values, 0, n, st);
}

/* ---- RaggedRange ---- */

static TF_Code range_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n = -1;
  for (int i = 0; i < 3; i++) {
    if (c->inputs[i]->rank > 1)
      return fail(st, TF_INVALID_ARGUMENT, "Shape must be at most rank 1 but is rank %d", c->inputs[i]->rank);
    if (c->inputs[i]->rank == 1) TRY(dim_merge(n, c->inputs[i]->dims[0], &n, st));
  }
  bool scalars = !c->inputs[0]->rank && !c->inputs[1]->rank && !c->inputs[2]->rank;
  c->outputs[0] = shape_vector(scalars ? 2 : n >= 0 ? n + 1 : -1);
  c->outputs[1] = shape_vector(-1);
  return TF_OK;
}

static double real_at(const Tensor *t, int64_t i) {
  return t->dtype == TF_DOUBLE ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

/* The length of range i. */
static TF_Code range_size(const OpCtx *c, int64_t i, int64_t *size, TF_Status *st) {
  const Tensor *t[3];
  int64_t at[3];
  for (int k = 0; k < 3; k++) {
    t[k] = op_input(c, k);
    at[k] = t[k]->rank ? i : 0;
  }
  *size = 0;
  if (t[0]->dtype == TF_INT32 || t[0]->dtype == TF_INT64) {
    int64_t start = int_at(t[0], at[0]), limit = int_at(t[1], at[1]), delta = int_at(t[2], at[2]);
    if (delta == 0) return fail(st, TF_INVALID_ARGUMENT, "Requires delta != 0");
    if (delta > 0 ? limit <= start : limit >= start) return TF_OK;
    uint64_t far = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta;
    uint64_t n = (far - 1) / step + 1;
    if (n > (uint64_t)INT64_MAX)
      return fail(st, TF_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= %lld",
                  (long long)INT64_MAX);
    *size = (int64_t)n;
    return TF_OK;
  }
  double start = real_at(t[0], at[0]), limit = real_at(t[1], at[1]), delta = real_at(t[2], at[2]);
  if (delta == 0) return fail(st, TF_INVALID_ARGUMENT, "Requires delta != 0");
  if ((delta > 0 && limit < start) || (delta < 0 && limit > start)) return TF_OK;
  double n = t[0]->dtype == TF_DOUBLE ? ceil(fabs((limit - start) / delta))
                                      : (double)ceilf(fabsf(((float)limit - (float)start) / (float)delta));
  if (!(n <= 9.2e18))
    return fail(st, TF_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= %lld", (long long)INT64_MAX);
  *size = (int64_t)n;
  return TF_OK;
}

static TF_Code range_run(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"starts", "limits", "deltas"};
  int64_t n = -1, total = 0, size, at = 0;
  for (int k = 0; k < 3; k++) {
    const Tensor *t = op_input(c, k);
    if (t->rank > 1) return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar or vector", names[k]);
    if (t->rank == 1 && n >= 0 && n != t->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "starts, limits, and deltas must have the same shape");
    if (t->rank == 1) n = t->dims[0];
  }
  if (n < 0) n = 1;
  TRY(op_alloc_output(c, 0, c->node->output_types[0], &(int64_t){n + 1}, 1, st));
  Tensor *splits = &c->outputs[0];
  put_int(splits, 0, 0);
  for (int64_t i = 0; i < n; i++) {
    TRY(range_size(c, i, &size, st));
    if (!checked_add_i64(total, size, &total) || (splits->dtype == TF_INT32 && total > INT32_MAX))
      return fail(st, TF_INVALID_ARGUMENT, "the ranges have too many values");
    put_int(splits, i + 1, total);
  }
  TRY(op_alloc_output(c, 1, op_input(c, 0)->dtype, &total, 1, st));
  Tensor *out = &c->outputs[1];
  for (int64_t i = 0; i < n; i++) {
    const Tensor *start = op_input(c, 0), *delta = op_input(c, 2);
    int64_t a = start->rank ? i : 0, d = delta->rank ? i : 0, end = int_at(splits, i + 1);
    if (at == end) continue;
#define FILL(T, add)                                                                           \
  for (T v = ((const T *)start->data)[a], by = ((const T *)delta->data)[d]; at < end; v = add) \
  ((T *)out->data)[at++] = v
    if (out->dtype == TF_INT32) FILL(int32_t, (int32_t)((uint32_t)v + (uint32_t)by));
    else if (out->dtype == TF_INT64) FILL(int64_t, (int64_t)((uint64_t)v + (uint64_t)by));
    else if (out->dtype == TF_FLOAT) FILL(float, v + by);
    else FILL(double, v + by);
#undef FILL
  }
  return TF_OK;
}

const OpRow ops_ragged_ops[] = {
    {"RaggedTensorToTensor", .types = "T: " TYPES_POD " string " TYPES_QUANTIZED_ALL, .flags = OP_DYNAMIC,
     .shape = to_tensor_shape, .run = to_tensor_run},
    {"RaggedTensorToSparse", .flags = OP_DYNAMIC, .shape = to_sparse_shape, .run = to_sparse_run},
    {"RaggedRange", .types = "T: int32 int64 float double", .flags = OP_DYNAMIC, .shape = range_shape,
     .run = range_run},
    {0}};
