/* RaggedTensorToTensor: values in rows given by partitions, one a ragged dimension, become a dense tensor; the
 * default stands where there are none. */
#include "ops/ragged_dense.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/sparse_util.h"

typedef enum PartKind { PART_FIRST_DIM, PART_SPLITS, PART_ROW_IDS, PART_UNKNOWN } PartKind;
static const char *const part_names[] = {"FIRST_DIM_SIZE", "ROW_SPLITS", "VALUE_ROWIDS"};

typedef struct ToTensor {
  OpCtx *c;
  const Attr *types;
  int levels, first; /* ragged dimensions; the first partition that is one */
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
} ToTensor;

static PartKind part_kind(Span s) {
  int k = 0;
  while (k < PART_UNKNOWN && (s.size != strlen(part_names[k]) || memcmp(s.data, part_names[k], s.size))) k++;
  return (PartKind)k;
}

static PartKind level_kind(const ToTensor *t, int level) {
  return part_kind(t->types->v.list_s[t->first + level]);
}

static const Tensor *partition(const ToTensor *t, int level) { return op_input(t->c, 3 + t->first + level); }

static TF_Code read_types(ToTensor *t, TF_Status *st) {
  TRY(node_attr_list(t->c->node, "row_partition_types", TF_ATTR_STRING, &t->types, st));
  if (t->types->count < 1 || t->types->count != t->c->num_inputs - 3)
    return fail(st, TF_INVALID_ARGUMENT, "num_row_partition_tensors and row_partition_types must agree");
  for (int i = 0; i < (int)t->types->count; i++) {
    Span s = t->types->v.list_s[i];
    if (part_kind(s) == PART_UNKNOWN)
      return fail(st, TF_INVALID_ARGUMENT, "Unknown string for partition info type: %.*s", (int)s.size,
                  (const char *)s.data);
  }
  t->first = part_kind(t->types->v.list_s[0]) == PART_FIRST_DIM;
  t->levels = (int)t->types->count - t->first;
  return TF_OK;
}

/* The number of rows that level 0 splits. */
static TF_Code first_rows(const ToTensor *t, int64_t *rows, TF_Status *st) {
  const Tensor *p = op_input(t->c, 3);
  if (tensor_count(p) == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Invalid first partition input. Tensor requires at least one element.");
  if (t->first) {
    if (tensor_count(p) != 1)
      return fail(st, TF_INVALID_ARGUMENT, "FIRST_DIM_SIZE must be a scalar, not of %lld elements",
                  (long long)tensor_count(p));
    *rows = int_at(p, 0);
    return TF_OK;
  }
  if (level_kind(t, 0) == PART_ROW_IDS)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot handle VALUE_ROWIDS in first dimension.");
  if (p->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "ROW_SPLITS must not be a scalar");
  *rows = p->dims[0] - 1;
  return TF_OK;
}

/* The default is of lower rank than the values, and broadcasts over one of them. */
static TF_Code check_default(const Tensor *fill, const Tensor *values, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  shape_text(fill->dims, fill->rank, a, sizeof a);
  shape_text(values->dims, values->rank, b, sizeof b);
  if (fill->rank >= values->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "default_value.shape=%s and rt_input.flat_values.shape=%s are incompatible: "
                "default_value.rank = %d  must be less than rt_input.flat_values.rank = %d",
                a, b, fill->rank, values->rank);
  for (int d = 1; d <= fill->rank; d++) {
    int64_t of = fill->dims[fill->rank - d], size = values->dims[values->rank - d];
    if (of != 1 && of != size)
      return fail(st, TF_INVALID_ARGUMENT,
                  "default_value.shape=%s and rt_input.flat_values.shape=%s are incompatible: "
                  "default_value.shape[-%d] = %lld but rt_input.flat_values.shape[-%d] = %lld",
                  a, b, d, (long long)of, d, (long long)size);
  }
  return TF_OK;
}

/* What the input `shape` asks for: -1 for what it leaves open. */
static TF_Code asked_dims(const ToTensor *t, int64_t *dims, TF_Status *st) {
  const Tensor *shape = op_input(t->c, 0), *values = op_input(t->c, 1);
  char text[SHAPE_TEXT_MAX];
  if (shape->rank == 0 && int_at(shape, 0) != -1)
    return fail(st, TF_INVALID_ARGUMENT,
                "The only valid scalar shape tensor is the fully unknown shape specified as -1.");
  if (shape->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at most rank 1 but is rank %d", shape->rank);
  int64_t asked = shape->rank ? shape->dims[0] : t->rank;
  for (int64_t d = 0; d < asked && shape->rank; d++)
    if (int_at(shape, d) < -1)
      return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= -1", (long long)int_at(shape, d));
  if (asked != t->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "rt_input.shape and shape are incompatible: rt_input.rank = %d but shape.rank = %lld",
                t->rank, (long long)asked);
  for (int d = 0; d < t->rank; d++) dims[d] = shape->rank ? int_at(shape, d) : -1;
  for (int d = 1; d < values->rank; d++) {
    int64_t *dim = &dims[t->levels + d];
    if (*dim >= 0 && *dim != values->dims[d])
      return fail(
          st, TF_INVALID_ARGUMENT,
          "rt_input.shape and shape=%s are incompatible: rt_input.shape[%d] = %lld but shape[%d] = %lld",
          shape_text(dims, t->rank, text, sizeof text), t->levels + d, (long long)values->dims[d],
          t->levels + d, (long long)*dim);
    *dim = values->dims[d];
  }
  return TF_OK;
}

/* The length of row i; splits may decrease, and wrap around. */
static int64_t split_length(const Tensor *splits, int64_t i) {
  return (int64_t)((uint64_t)int_at(splits, i + 1) - (uint64_t)int_at(splits, i));
}

/* The longest row of a level. */
static TF_Code level_width(const ToTensor *t, int level, int64_t *widest, TF_Status *st) {
  const Tensor *p = partition(t, level);
  int64_t n = tensor_count(p), run = 0;
  PartKind kind = level_kind(t, level);
  *widest = 0;
  if (kind == PART_FIRST_DIM)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot handle partition type FIRST_DIM_SIZE");
  for (int64_t i = 0; i < n - (kind == PART_SPLITS); i++) {
    if (kind == PART_SPLITS) run = split_length(p, i);
    else run = i && int_at(p, i) == int_at(p, i - 1) ? run + 1 : 1;
    if (run > *widest) *widest = run;
  }
  return TF_OK;
}

static TF_Code output_dims(ToTensor *t, int64_t rows, TF_Status *st) {
  const Tensor *values = op_input(t->c, 1);
  TRY(check_default(op_input(t->c, 2), values, st));
  t->rank = t->levels + values->rank;
  if (t->rank > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "a ragged tensor of rank %d", t->rank);
  TRY(asked_dims(t, t->dims, st));
  if (t->dims[0] < 0) t->dims[0] = rows;
  for (int k = 0; k < t->levels; k++)
    if (t->dims[k + 1] < 0) TRY(level_width(t, k, &t->dims[k + 1], st));
  if (t->dims[0] < 0)
    return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)t->dims[0]);
  return TF_OK;
}

/* Where the values of a level go, in units of the next level, from where the rows go: -1 for nowhere. */
typedef struct Places {
  int64_t *at, count;
} Places;

static TF_Code places_of_splits(OpCtx *c, const Tensor *p, int64_t width, Places *of, TF_Status *st) {
  int64_t rows = tensor_count(p) - 1, total = 0;
  Places next = {0};
  if (rows > of->count)
    return fail(st, TF_INVALID_ARGUMENT, "Row partition size is greater than output size: %lld > %lld",
                (long long)rows, (long long)of->count);
  if (rows >= 0) { /* TF: a row whose end is before its start is empty */
    bool fits = true;
    for (int64_t i = 0; fits && i < rows; i++)
      fits = split_length(p, i) < 0 || checked_add_i64(total, split_length(p, i), &total);
    if (!fits || total != int_at(p, rows)) return fail(st, TF_INVALID_ARGUMENT, "Invalid row split size.");
  }
  TRY(run_alloc(c, total, sizeof *next.at, &next.at, st));
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0, n = split_length(p, i); k < n; k++)
      next.at[next.count++] = of->at[i] < 0 || k >= width ? -1 : of->at[i] * width + k;
  free(of->at);
  *of = next;
  return TF_OK;
}

static TF_Code places_of_ids(OpCtx *c, const Tensor *p, int64_t width, Places *of, TF_Status *st) {
  int64_t n = tensor_count(p), column = 0;
  Places next = {0};
  for (int64_t i = 0; i < n; i++)
    if (!index_ok(int_at(p, i), of->count))
      return fail(st, TF_INVALID_ARGUMENT, "Got %s_value_rowid=%lld which is not less than %lld",
                  i ? "next" : "current", (long long)int_at(p, i), (long long)of->count);
  TRY(run_alloc(c, n, sizeof *next.at, &next.at, st));
  for (int64_t i = 0; i < n; i++) {
    int64_t row = int_at(p, i);
    column = i && row == int_at(p, i - 1) ? column + 1 : 0;
    next.at[next.count++] = of->at[row] < 0 || column >= width ? -1 : of->at[row] * width + column;
  }
  free(of->at);
  *of = next;
  return TF_OK;
}

/* Those of the values; the caller frees them, after an error too. */
static TF_Code output_places(const ToTensor *t, int64_t rows, Places *of, TF_Status *st) {
  TRY(run_alloc(t->c, rows, sizeof *of->at, &of->at, st));
  for (; of->count < rows; of->count++) of->at[of->count] = of->count < t->dims[0] ? of->count : -1;
  for (int k = 0; k < t->levels; k++) {
    const Tensor *p = partition(t, k);
    PartKind kind = level_kind(t, k);
    if (kind == PART_FIRST_DIM)
      return fail(st, TF_INVALID_ARGUMENT, "Unsupported partition type:FIRST_DIM_SIZE");
    TRY((kind == PART_SPLITS ? places_of_splits : places_of_ids)(t->c, p, t->dims[k + 1], of, st));
  }
  return TF_OK;
}

/* Values that stand in none of the rows are left out. */
static TF_Code put_values(OpCtx *c, const Places *of, int64_t inner, TF_Status *st) {
  const Tensor *values = op_input(c, 1);
  int64_t last = -1;
  for (int64_t i = 0; i < of->count; i++) {
    int64_t at = of->at[i];
    if (at < 0) continue;
    if (i >= values->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "The partitions speak of value %lld, there are %lld", (long long)i,
                  (long long)values->dims[0]);
    if (at <= last) return fail(st, TF_INVALID_ARGUMENT, "Row ids must not decrease");
    TRY(tensor_copy_range(&c->outputs[0], at * inner, values, i * inner, inner, st));
    last = at;
  }
  return TF_OK;
}

/* The default, broadcast over one element, everywhere. */
static TF_Code fill_default(const ToTensor *t, int64_t inner, TF_Status *st) {
  const Tensor *fill = op_input(t->c, 2), *values = op_input(t->c, 1);
  Tensor *out = &t->c->outputs[0];
  if (tensor_count(fill) == 1) return tensor_fill(out, fill->data, st);
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

TF_Code ragged_to_tensor_run(OpCtx *c, TF_Status *st) {
  ToTensor t = {.c = c};
  Places places = {0};
  int64_t rows = 0, inner = 1;
  const Tensor *values = op_input(c, 1);
  TRY(read_types(&t, st));
  TRY(first_rows(&t, &rows, st));
  TRY(output_dims(&t, rows, st));
  TRY(op_alloc_output(c, 0, values->dtype, t.dims, t.rank, st));
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK; /* TF: whatever the partitions are */
  for (int d = 1; d < values->rank; d++) inner *= values->dims[d];
  TRY(fill_default(&t, inner, st));
  TF_Code code = output_places(&t, rows < 0 ? 0 : rows, &places, st);
  if (!code) code = put_values(c, &places, inner, st);
  free(places.at);
  return code;
}

TF_Code ragged_to_tensor_shape(ShapeCtx *c, TF_Status *st) {
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
