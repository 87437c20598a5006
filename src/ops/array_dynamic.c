/* Ops whose results depend on data: Where, Unique, ListDiff, DynamicPartition, DynamicStitch; and the
 * arithmetic of broadcast shapes, whose results do. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/float16.h"
#include "base/map.h"
#include "ops/array_util.h"

/* ---- Where ---- */

static TF_Code where_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_matrix(-1, c->inputs[0]->rank);
  return TF_OK;
}

/* Whether element i is not zero; -0 is zero, NaN is not. */
static bool is_set(const Tensor *t, int64_t i) {
  const void *p = (const char *)t->data + (size_t)i * dtype_size(t->dtype);
  switch (t->dtype) {
    case TF_FLOAT: return *(const float *)p != 0;
    case TF_DOUBLE: return *(const double *)p != 0;
    case TF_HALF:
    case TF_BFLOAT16: return (*(const uint16_t *)p & 0x7fff) != 0;
    case TF_COMPLEX64: return ((const float *)p)[0] != 0 || ((const float *)p)[1] != 0;
    case TF_COMPLEX128: return ((const double *)p)[0] != 0 || ((const double *)p)[1] != 0;
    default: break;
  }
  const char *bytes = p;
  for (size_t k = 0; k < dtype_size(t->dtype); k++)
    if (bytes[k]) return true;
  return false;
}

static TF_Code where_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t n = tensor_count(in), found = 0;
  if (in->rank == 0) return fail(st, TF_INVALID_ARGUMENT, "WhereOp : Unhandled input dimensions: 0");
  for (int64_t i = 0; i < n; i++) found += is_set(in, i);
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){found, in->rank}, 2, st));
  int64_t *out = c->outputs[0].data;
  for (int64_t i = 0; i < n; i++) {
    if (!is_set(in, i)) continue;
    int64_t rest = i;
    for (int d = in->rank - 1; d >= 0; d--) {
      out[d] = rest % in->dims[d];
      rest /= in->dims[d];
    }
    out += in->rank;
  }
  return TF_OK;
}

/* ---- sets of rows, by hash: for Unique and ListDiff ---- */

typedef struct RowSet {
  const Tensor *t;
  int64_t outer, axis, inner; /* row k: elements [o, k, i] of [outer, axis, inner] */
  int64_t *rows;              /* the rows in the set */
  uint32_t *slots;            /* index into rows + 1 */
  int64_t count, slot_count;
} RowSet;

static const char *row_element(const RowSet *s, int64_t row, int64_t o, int64_t i) {
  return (const char *)s->t->data + (size_t)((o * s->axis + row) * s->inner + i) * dtype_size(s->t->dtype);
}

static uint64_t element_hash(TF_DataType dtype, const void *e) {
  size_t size;
  switch (dtype) {
    case TF_STRING: {
      const char *data = tstring_data(e, &size);
      return map_hash(data, size);
    }
    case TF_FLOAT: { /* equal numbers must hash equally: -0 as 0 */
      float f = *(const float *)e + 0.0f;
      return map_hash(&f, sizeof f);
    }
    case TF_DOUBLE: {
      double f = *(const double *)e + 0.0;
      return map_hash(&f, sizeof f);
    }
    case TF_BFLOAT16: {
      uint16_t h = *(const uint16_t *)e;
      if (h == 0x8000) h = 0;
      return map_hash(&h, sizeof h);
    }
    default: return map_hash(e, dtype_size(dtype));
  }
}

static bool element_equal(TF_DataType dtype, const void *a, const void *b) {
  size_t x, y;
  switch (dtype) {
    case TF_STRING: {
      const char *p = tstring_data(a, &x), *q = tstring_data(b, &y);
      return x == y && !memcmp(p, q, x);
    }
    case TF_FLOAT: return *(const float *)a == *(const float *)b;
    case TF_DOUBLE: return *(const double *)a == *(const double *)b;
    case TF_HALF: /* TF: the two zeros are two values */
      x = *(const uint16_t *)a;
      return x == *(const uint16_t *)b && (x & 0x7fff) <= 0x7c00;
    case TF_BFLOAT16:
      return bfloat16_to_float(*(const uint16_t *)a) == bfloat16_to_float(*(const uint16_t *)b);
    default: return !memcmp(a, b, dtype_size(dtype));
  }
}

/* A row with a NaN equals none, so its number goes in: many of them must not have one hash. */
static uint64_t row_hash(const RowSet *s, int64_t row) {
  uint64_t h = 0;
  for (int64_t o = 0; o < s->outer; o++)
    for (int64_t i = 0; i < s->inner; i++) {
      const void *e = row_element(s, row, o, i);
      uint64_t mine = element_equal(s->t->dtype, e, e) ? element_hash(s->t->dtype, e) : (uint64_t)row;
      h = (h ^ mine) * 0x9E3779B97F4A7C15u + 1;
    }
  return h ^ h >> 32;
}

static bool rows_equal(const RowSet *a, int64_t x, const RowSet *b, int64_t y) {
  for (int64_t o = 0; o < a->outer; o++)
    for (int64_t i = 0; i < a->inner; i++)
      if (!element_equal(a->t->dtype, row_element(a, x, o, i), row_element(b, y, o, i))) return false;
  return true;
}

static TF_Code rows_open(RowSet *s, TF_Status *st) {
  if (s->axis > INT32_MAX - 1)
    return fail(st, TF_INVALID_ARGUMENT, "unique does not support input tensors larger than %d elements",
                INT32_MAX);
  s->slot_count = 16;
  while (s->slot_count < s->axis * 2) s->slot_count *= 2;
  s->rows = malloc((size_t)(s->axis + 1) * sizeof *s->rows);
  s->slots = calloc((size_t)s->slot_count, sizeof *s->slots);
  return s->rows && s->slots ? TF_OK : fail_oom(st, "a set of rows");
}

static void rows_close(RowSet *s) {
  free(s->rows);
  free(s->slots);
}

/* The place in the set of a row of `from` equal to one in it, or -1; *slot is where it would stand. */
static int64_t rows_find(const RowSet *s, const RowSet *from, int64_t row, int64_t *slot) {
  int64_t mask = s->slot_count - 1;
  for (int64_t k = (int64_t)(row_hash(from, row) & (uint64_t)mask);; k = (k + 1) & mask) {
    *slot = k;
    if (!s->slots[k]) return -1;
    if (rows_equal(s, s->rows[s->slots[k] - 1], from, row)) return s->slots[k] - 1;
  }
}

/* Adds row k of its own tensor; returns its place, *is_new whether it was not there. */
static int64_t rows_add(RowSet *s, int64_t row, bool *is_new) {
  int64_t slot, at = rows_find(s, s, row, &slot);
  *is_new = at < 0;
  if (at >= 0) return at;
  s->rows[s->count] = row;
  s->slots[slot] = (uint32_t)s->count + 1;
  return s->count++;
}

/* ---- Unique, UniqueV2, UniqueWithCounts, UniqueWithCountsV2 ---- */

static TF_Code unique_shape(ShapeCtx *c, TF_Status *st) {
  bool v2 = c->num_inputs > 1;
  if (!v2) TRY(shape_want_rank(c, 0, 1, st));
  if (!v2) c->outputs[0] = shape_vector(-1);
  c->outputs[1] = v2 ? shape_vector(-1) : *c->inputs[0];
  if (c->num_outputs > 2) c->outputs[2] = shape_vector(-1);
  return TF_OK;
}

static TF_Code unique_axis(OpCtx *c, RowSet *s, int *axis, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  *s = (RowSet){.t = in, .outer = 1, .inner = 1, .axis = tensor_count(in)};
  *axis = 0;
  const Tensor *given = c->num_inputs > 1 ? op_input(c, 1) : NULL;
  if (given && given->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "axis expects a 1D vector.");
  if (given && tensor_count(given) > 1)
    return fail(st, TF_INVALID_ARGUMENT, "axis does not support input tensors larger than 1 elements");
  if (!given || tensor_count(given) == 0) {
    if (in->rank == 1) return TF_OK;
    return fail(st, TF_INVALID_ARGUMENT, "unique expects a 1D vector.%s", "");
  }
  int64_t a = int_at(given, 0);
  if (!axis_in_range(&a, in->rank))
    return fail(st, TF_INVALID_ARGUMENT, "axis has to be between [0, %d)", in->rank);
  (void)text;
  *axis = (int)a;
  s->outer = dims_product(in->dims, 0, *axis);
  s->axis = in->dims[a];
  s->inner = dims_product(in->dims, *axis + 1, in->rank);
  return TF_OK;
}

static TF_Code unique_outputs(OpCtx *c, RowSet *s, int axis, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  TF_DataType index = c->node->output_types[1];
  TRY(op_alloc_output(c, 1, index, &s->axis, 1, st));
  for (int64_t k = 0; k < s->axis; k++) {
    bool is_new;
    int_put(&c->outputs[1], k, rows_add(s, k, &is_new));
  }
  memcpy(dims, in->dims, sizeof dims);
  dims[axis] = s->count;
  TRY(op_alloc_output(c, 0, in->dtype, dims, in->rank, st));
  for (int64_t o = 0; o < s->outer; o++)
    for (int64_t r = 0; r < s->count; r++)
      TRY(tensor_copy_range(&c->outputs[0], (o * s->count + r) * s->inner, in,
                            (o * s->axis + s->rows[r]) * s->inner, s->inner, st));
  if (c->num_outputs < 3) return TF_OK;
  TRY(op_alloc_output(c, 2, c->node->output_types[2], &s->count, 1, st));
  tensor_zero(&c->outputs[2]);
  for (int64_t k = 0; k < s->axis; k++) {
    int64_t at = int_at(&c->outputs[1], k);
    int_put(&c->outputs[2], at, int_at(&c->outputs[2], at) + 1);
  }
  return TF_OK;
}

static TF_Code unique_run(OpCtx *c, TF_Status *st) {
  RowSet s;
  int axis;
  TRY(unique_axis(c, &s, &axis, st));
  TF_Code code = rows_open(&s, st);
  if (!code) code = unique_outputs(c, &s, axis, st);
  rows_close(&s);
  return code;
}

/* ---- ListDiff: values of x that are not in y, and where they stood ---- */

static TF_Code list_diff_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 1, st));
  c->outputs[0] = c->outputs[1] = shape_vector(-1);
  return TF_OK;
}

static TF_Code list_diff_run(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *y = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  for (int i = 0; i < 2; i++)
    if (op_input(c, i)->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "%c should be a 1D vector.", "xy"[i]);
  (void)text;
  RowSet a = {.t = x, .outer = 1, .inner = 1, .axis = x->dims[0]},
         b = {.t = y, .outer = 1, .inner = 1, .axis = y->dims[0]};
  TF_Code code = rows_open(&b, st);
  int64_t n = 0, slot;
  bool is_new;
  for (int64_t i = 0; !code && i < b.axis; i++) rows_add(&b, i, &is_new);
  for (int64_t i = 0; !code && i < a.axis; i++) n += rows_find(&b, &a, i, &slot) < 0;
  if (!code) code = op_alloc_output(c, 0, x->dtype, &n, 1, st);
  if (!code) code = op_alloc_output(c, 1, c->node->output_types[1], &n, 1, st);
  int64_t at = 0;
  for (int64_t i = 0; !code && i < a.axis; i++) {
    if (rows_find(&b, &a, i, &slot) >= 0) continue;
    code = tensor_copy_range(&c->outputs[0], at, x, i, 1, st);
    int_put(&c->outputs[1], at++, i);
  }
  rows_close(&b);
  return code;
}

/* ---- DynamicPartition ---- */

static TF_Code partition_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *data = c->inputs[0], *parts = c->inputs[1];
  if (data->rank < 0 || parts->rank < 0 || data->rank < parts->rank) return TF_OK;
  for (int o = 0; o < c->num_outputs; o++) {
    c->outputs[o] = shape_vector(-1);
    for (int i = parts->rank; i < data->rank; i++) c->outputs[o].dims[c->outputs[o].rank++] = data->dims[i];
  }
  return TF_OK;
}

static TF_Code partition_run(OpCtx *c, TF_Status *st) {
  const Tensor *data = op_input(c, 0), *parts = op_input(c, 1);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  bool fits = data->rank >= parts->rank;
  for (int i = 0; fits && i < parts->rank; i++) fits = data->dims[i] == parts->dims[i];
  if (!fits)
    return fail(st, TF_INVALID_ARGUMENT,
                "data.shape must start with partitions.shape, got data.shape = %s, partitions.shape = %s",
                shape_text(data->dims, data->rank, a, sizeof a),
                shape_text(parts->dims, parts->rank, b, sizeof b));
  int64_t n = tensor_count(parts), inner = dims_product(data->dims, parts->rank, data->rank);
  const int32_t *part = parts->data;
  int64_t *counts = calloc((size_t)c->num_outputs + 1, sizeof *counts);
  if (!counts) return fail_oom(st, "a partition");
  TF_Code code = TF_OK;
  for (int64_t i = 0; !code && i < n; i++) {
    if (index_ok(part[i], c->num_outputs)) {
      counts[part[i]]++;
      continue;
    }
    int64_t where[TENSOR_MAX_RANK], flat = i;
    for (int d = parts->rank - 1; d >= 0; d--) {
      where[d] = flat % parts->dims[d];
      flat /= parts->dims[d];
    }
    code = fail(st, TF_INVALID_ARGUMENT, "partitions%s = %d is not in [0, %d)",
                parts->rank ? shape_text(where, parts->rank, a, sizeof a) : "", part[i], c->num_outputs);
  }
  for (int o = 0; !code && o < c->num_outputs; o++) {
    int64_t dims[TENSOR_MAX_RANK + 1] = {counts[o]};
    int rank = 1;
    for (int i = parts->rank; i < data->rank; i++) dims[rank++] = data->dims[i];
    code = op_alloc_output(c, o, data->dtype, dims, rank, st);
    counts[o] = 0;
  }
  for (int64_t i = 0; !code && i < n; i++)
    code = tensor_copy_range(&c->outputs[part[i]], counts[part[i]]++ * inner, data, i * inner, inner, st);
  free(counts);
  return code;
}

/* ---- DynamicStitch, ParallelDynamicStitch: inputs are N index tensors, then N data tensors ---- */

static TF_Code stitch_shape(ShapeCtx *c, TF_Status *st) {
  int n = c->num_inputs / 2;
  int64_t size = 0;
  Shape inner = shape_unknown();
  for (int k = 0; k < n; k++) {
    const Shape *indices = c->inputs[k], *data = c->inputs[n + k];
    const Tensor *value = c->value(c, k);
    if (!value) size = -1;
    for (int64_t i = 0; value && size >= 0 && i < tensor_count(value); i++)
      if (int_at(value, i) >= size) size = int_at(value, i) + 1;
    if (indices->rank < 0 || data->rank < indices->rank) continue;
    Shape rest = {.rank = 0};
    for (int i = indices->rank; i < data->rank; i++) rest.dims[rest.rank++] = data->dims[i];
    TRY(shape_merge(&inner, &rest, &inner, st));
  }
  if (inner.rank < 0 || inner.rank == TENSOR_MAX_RANK) return TF_OK;
  c->outputs[0].rank = inner.rank + 1;
  c->outputs[0].dims[0] = size;
  memcpy(&c->outputs[0].dims[1], inner.dims, (size_t)inner.rank * sizeof *inner.dims);
  return TF_OK;
}

static TF_Code stitch_run(OpCtx *c, TF_Status *st) {
  int n = c->num_inputs / 2;
  const Tensor *first = op_input(c, n);
  int first_rank = op_input(c, 0)->rank;
  int64_t most = -1, dims[TENSOR_MAX_RANK + 1];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  for (int k = 0; k < n; k++) {
    const Tensor *indices = op_input(c, k), *data = op_input(c, n + k);
    bool fits = data->rank >= indices->rank;
    for (int i = 0; fits && i < indices->rank; i++) fits = data->dims[i] == indices->dims[i];
    if (!fits)
      return fail(st, TF_INVALID_ARGUMENT, "data[%d].shape = %s does not start with indices[%d].shape = %s",
                  k, shape_text(data->dims, data->rank, a, sizeof a), k,
                  shape_text(indices->dims, indices->rank, b, sizeof b));
    bool same = data->rank - indices->rank == first->rank - first_rank;
    for (int i = 0; same && i < first->rank - first_rank; i++)
      same = data->dims[indices->rank + i] == first->dims[first_rank + i];
    if (!same)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Need data[0].shape[%d:] = data[%d].shape[%d:], got data[0].shape = %s, data[%d].shape = "
                  "%s, indices[0].shape = "
                  "%s, indices[%d].shape = %s",
                  first_rank, k, indices->rank, shape_text(first->dims, first->rank, a, sizeof a), k,
                  shape_text(data->dims, data->rank, b, sizeof b),
                  shape_text(op_input(c, 0)->dims, first_rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX), k,
                  shape_text(indices->dims, indices->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
    for (int64_t i = 0; i < tensor_count(indices); i++)
      if (int_at(indices, i) > most) most = int_at(indices, i);
  }
  dims[0] = most + 1;
  for (int i = first_rank; i < first->rank; i++) dims[1 + i - first_rank] = first->dims[i];
  TRY(op_alloc_output(c, 0, first->dtype, dims, 1 + first->rank - first_rank, st));
  tensor_zero(&c->outputs[0]); /* TF: rows that no index names are undefined; ours are zero */
  int64_t inner = dims_product(first->dims, first_rank, first->rank);
  for (int k = 0; k < n; k++) {
    const Tensor *indices = op_input(c, k);
    for (int64_t i = 0; i < tensor_count(indices); i++) {
      if (!index_ok(int_at(indices, i), dims[0]))
        return fail(st, TF_INVALID_ARGUMENT, "indices[%lld] is out of range", (long long)i);
      TRY(tensor_copy_range(&c->outputs[0], int_at(indices, i) * inner, op_input(c, n + k), i * inner, inner,
                            st));
    }
  }
  return TF_OK;
}

/* ---- BroadcastArgs: shapes as vectors ---- */

static TF_Code args_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 1, st));
  for (int o = 0; o < c->num_outputs; o++) c->outputs[o] = shape_vector(-1);
  return TF_OK;
}

/* Size d, counted from the end, of a shape vector; 1 beyond it. */
static int64_t dim_from_end(const Tensor *t, int64_t d) {
  return d < t->dims[0] ? int_at(t, t->dims[0] - 1 - d) : 1;
}

static TF_Code check_args(OpCtx *c, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  for (int i = 0; i < 2; i++)
    if (op_input(c, i)->rank != 1)
      return fail(st, TF_INVALID_ARGUMENT, "In[%d] must be a vector.%s", i,
                  shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text, sizeof text));
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  int64_t rank = a->dims[0] > b->dims[0] ? a->dims[0] : b->dims[0];
  for (int64_t d = 0; d < rank; d++) {
    int64_t x = dim_from_end(a, d), y = dim_from_end(b, d);
    if (x == y || x == 1 || y == 1) continue;
    Bytes text_of[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++)
      for (int64_t k = 0; k < op_input(c, i)->dims[0]; k++)
        bytes_printf(&text_of[i], "%s%lld", k ? "," : "", (long long)int_at(op_input(c, i), k));
    TF_Code code = fail(st, TF_INVALID_ARGUMENT, "Incompatible shapes: [%s] vs. [%s]",
                        text_of[0].data ? text_of[0].data : "", text_of[1].data ? text_of[1].data : "");
    bytes_clear(&text_of[0]);
    bytes_clear(&text_of[1]);
    return code;
  }
  return TF_OK;
}

static TF_Code args_run(OpCtx *c, TF_Status *st) {
  TRY(check_args(c, st));
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  int64_t rank = a->dims[0] > b->dims[0] ? a->dims[0] : b->dims[0];
  TRY(op_alloc_output(c, 0, a->dtype, &rank, 1, st));
  for (int64_t d = 0; d < rank; d++) {
    int64_t x = dim_from_end(a, d), y = dim_from_end(b, d);
    int_put(&c->outputs[0], rank - 1 - d, x == 1 ? y : x);
  }
  return TF_OK;
}

#define TYPES_UNIQUE "T: " TYPES_REAL " bool string; out_idx: " TYPES_INDEX
#define UNIQUE(NAME) \
  { NAME, .types = TYPES_UNIQUE, .flags = OP_DYNAMIC, .shape = unique_shape, .run = unique_run }
#define TYPES_STITCH "T: " TYPES_ALL " " TYPES_QUANTIZED

const OpRow ops_array_dynamic[] = {
    {"Where", .types = "T: " TYPES_POD, .flags = OP_DYNAMIC, .shape = where_shape, .run = where_run},
    UNIQUE("Unique"),
    UNIQUE("UniqueV2"),
    UNIQUE("UniqueWithCounts"),
    UNIQUE("UniqueWithCountsV2"),
    {"ListDiff", .types = "T: " TYPES_REAL " string; out_idx: " TYPES_INDEX, .flags = OP_DYNAMIC,
     .shape = list_diff_shape, .run = list_diff_run},
    {"DynamicPartition", .types = "T: " TYPES_ALL, .flags = OP_DYNAMIC, .shape = partition_shape,
     .run = partition_run},
    {"DynamicStitch", .types = TYPES_STITCH, .flags = OP_DYNAMIC, .shape = stitch_shape, .run = stitch_run},
    {"ParallelDynamicStitch", .types = TYPES_STITCH, .flags = OP_DYNAMIC, .shape = stitch_shape,
     .run = stitch_run},
    {"BroadcastArgs", .types = "T: " TYPES_INDEX, .flags = OP_DYNAMIC, .shape = args_shape, .run = args_run},
    {0}};
