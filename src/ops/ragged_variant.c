/* Ragged tensors as variants: RaggedTensorToVariant makes one of a whole tensor or one of each row,
 * RaggedTensorFromVariant puts them together again, as tf.map_fn does; RaggedTensorToVariantGradient puts
 * together the gradients of the rows' values. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/ragged_value.h"

/* ---- RaggedTensorToVariant ---- */

static TF_Code to_shape(ShapeCtx *c, TF_Status *st) {
  bool batched;
  TRY(node_attr_bool(c->node, "batched_input", &batched, st));
  c->outputs[0] = batched ? shape_vector(-1) : shape_rank0();
  return TF_OK;
}

static TF_Code check_splits(const OpCtx *c, int k, int64_t below, TF_Status *st) {
  const Tensor *t = op_input(c, k);
  if (t->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Requires nested_row_splits[%d] to be rank 1 but is rank %d", k,
                t->rank);
  int64_t n = t->dims[0];
  if (n < 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Requires nested_row_splits[%d] has at least one splits, but is empty.", k);
  if (int_at(t, 0) != 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Requires the first element of nested_row_splits[%d] to be 0 but is %lld", k,
                (long long)int_at(t, 0));
  for (int64_t i = 1; i < n; i++)
    if (int_at(t, i) < int_at(t, i - 1))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Requires splits to be monotonically increasing, but nested_row_splits[%d][%lld]=%lld is "
                  "smaller than "
                  "nested_row_splits[%d][%lld]=%lld",
                  k, (long long)i, (long long)int_at(t, i), k, (long long)i - 1, (long long)int_at(t, i - 1));
  if (int_at(t, n - 1) == below) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Requires nested_row_splits[%d][-1]=%lld to be equal with the number of values in this "
              "dimension, which is %lld.",
              k, (long long)int_at(t, n - 1), (long long)below);
}

static TF_Code check_input(const OpCtx *c, int levels, TF_Status *st) {
  const Tensor *values = op_input(c, levels);
  if (levels && !values->rank)
    return fail(st, TF_INVALID_ARGUMENT, "rt_dense_values must be at least a vector");
  for (int k = 0; k < levels; k++) {
    const Tensor *next = k + 1 < levels ? op_input(c, k + 1) : NULL;
    TRY(check_splits(c, k, !next ? values->dims[0] : next->rank ? next->dims[0] - 1 : 0, st));
  }
  return TF_OK;
}

static TF_Code put_variant(OpCtx *c, int64_t i, RaggedValue *r, TF_Status *st) {
  return elements_copy(TF_VARIANT, (Object **)c->outputs[0].data + i, &(const void *){r}, 1, st);
}

static TF_Code whole_variant(OpCtx *c, int levels, TF_Status *st) {
  RaggedValue *r = NULL;
  TRY(op_alloc_output(c, 0, TF_VARIANT, NULL, 0, st));
  TRY(ragged_value_new(&r, levels, st));
  TF_Code code = op_keep_input(c, levels, &r->values, st);
  for (int k = 0; !code && k < levels; k++) code = op_keep_input(c, k, &r->splits[k], st);
  if (!code) code = put_variant(c, 0, r, st);
  object_unref(r);
  return code;
}

/* Row i of the tensor: of each deeper level the splits under it, from 0 on. */
static TF_Code fill_row(const OpCtx *c, int levels, const Tensor *values, int64_t i, RaggedValue *r,
                        TF_Status *st) {
  int64_t start = levels ? int_at(op_input(c, 0), i) : i,
          limit = levels ? int_at(op_input(c, 0), i + 1) : i + 1;
  for (int k = 1; k < levels; k++) {
    const Tensor *from = op_input(c, k);
    int64_t first = int_at(from, start);
    TRY(tensor_alloc(&r->splits[k - 1], from->dtype, (int64_t[]){limit - start + 1}, 1, st));
    for (int64_t j = start; j <= limit; j++) int_put(&r->splits[k - 1], j - start, int_at(from, j) - first);
    start = first;
    limit = int_at(from, limit);
  }
  return tensor_rows(&r->values, values, start, limit - start, !levels, st);
}

static TF_Code row_variants(OpCtx *c, int levels, TF_Status *st) {
  Tensor values = {0};
  if (!levels && !op_input(c, 0)->rank)
    return fail(st, TF_INVALID_ARGUMENT, "rt_dense_values must be at least a vector");
  int64_t rows = levels ? op_input(c, 0)->dims[0] - 1 : op_input(c, 0)->dims[0];
  TRY(op_alloc_output(c, 0, TF_VARIANT, &rows, 1, st));
  TRY(op_keep_input(c, levels, &values, st));
  TF_Code code = TF_OK;
  for (int64_t i = 0; !code && i < rows; i++) {
    RaggedValue *r = NULL;
    code = ragged_value_new(&r, levels ? levels - 1 : 0, st);
    if (code) break;
    code = fill_row(c, levels, &values, i, r, st);
    if (!code) code = put_variant(c, i, r, st);
    object_unref(r);
  }
  tensor_clear(&values);
  return code;
}

static TF_Code to_run(OpCtx *c, TF_Status *st) {
  int levels = c->num_inputs - 1;
  bool batched;
  TRY(node_attr_bool(c->node, "batched_input", &batched, st));
  TRY(check_input(c, levels, st));
  return batched ? row_variants(c, levels, st) : whole_variant(c, levels, st);
}

/* ---- RaggedTensorFromVariant ---- */

typedef struct FromVariant {
  OpCtx *c;
  const Tensor *encoded;
  int64_t count;    /* components */
  int inner, outer; /* levels of splits of a component; of the output */
  TF_DataType values, splits;
} FromVariant;

static TF_Code from_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i + 1 < c->num_outputs; i++) c->outputs[i] = shape_vector(-1);
  return TF_OK;
}

static const RaggedValue *component(const FromVariant *f, int64_t i) {
  return ((RaggedValue *const *)f->encoded->data)[i];
}

static TF_Code check_component(const FromVariant *f, int64_t i, TF_Status *st) {
  const RaggedValue *r = component(f, i);
  if (!r || r->object.type != &ragged_value_type)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input Variant element at index %lld doesn't hold a RaggedTensorVariant: %s", (long long)i,
                r ? r->object.type->name : "Variant<type: null>");
  if (r->values.dtype != f->values)
    return fail(st, TF_INVALID_ARGUMENT, "Expected values Tensor dtype: %s, found: %s", dtype_name(f->values),
                dtype_name(r->values.dtype));
  if (r->levels != f->inner)
    return fail(st, TF_INVALID_ARGUMENT,
                "Encoded input RaggedTensorVariant has ragged_rank=%d.  Expected ragged_rank=%d.", r->levels,
                f->inner);
  if (r->levels && r->splits[0].dtype != f->splits)
    return fail(st, TF_INVALID_ARGUMENT, "Expected row_splits Tensor dtype: %s, found: %s",
                dtype_name(f->splits), dtype_name(r->splits[0].dtype));
  if (r->values.rank || !f->outer) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Ragged values must have rank >= 1; encoded scalar element at index %lld has values Tensor: "
              "Tensor<type: %s "
              "shape: [] ...>",
              (long long)i, dtype_name(r->values.dtype));
}

/* The values of all components go together: they differ in their first dim alone, or not at all for an output
 * without splits. */
static TF_Code check_shapes(const FromVariant *f, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  int skip = f->outer ? 1 : 0;
  for (int64_t i = 1; i < f->count; i++) {
    const Tensor *x = &component(f, 0)->values, *y = &component(f, i)->values;
    bool same = x->rank == y->rank;
    for (int d = skip; same && d < x->rank; d++) same = x->dims[d] == y->dims[d];
    if (same) continue;
    return fail(
        st, TF_INVALID_ARGUMENT,
        "All flat_values must have compatible shapes.  Shape at index 0: %s.  Shape at index %lld: %s%s",
        shape_text(x->dims + (x->rank ? skip : 0), x->rank ? x->rank - skip : 0, a, sizeof a), (long long)i,
        shape_text(y->dims + (y->rank ? skip : 0), y->rank ? y->rank - skip : 0, b, sizeof b),
        skip ? ".  If you are using tf.map_fn, then you may need to specify an explicit fn_output_signature "
               "with "
               "appropriate ragged_rank, and/or convert output tensors to RaggedTensors."
             : "");
  }
  return TF_OK;
}

static TF_Code alloc_splits(const FromVariant *f, int out, int64_t rows, Tensor **t, TF_Status *st) {
  TRY(op_alloc_output(f->c, out, f->splits, &(int64_t){rows + 1}, 1, st));
  *t = &f->c->outputs[out];
  int_put(*t, 0, 0);
  return TF_OK;
}

/* The rows that a component has at a level; level `inner`: its values. */
static int64_t rows_at(const RaggedValue *r, int level) {
  return level < r->levels ? tensor_count(&r->splits[level]) - 1 : r->values.dims[0];
}

/* The outer splits: the dims of the variant but the last as rows of equal length, then what each component
 * has. */
static TF_Code outer_splits(const FromVariant *f, TF_Status *st) {
  int dims = f->encoded->rank;
  int64_t rows = 1;
  Tensor *t;
  for (int d = 0; d + 1 < dims; d++) {
    rows *= f->encoded->dims[d];
    TRY(alloc_splits(f, d, rows, &t, st));
    for (int64_t i = 1; i <= rows; i++) int_put(t, i, i * f->encoded->dims[d + 1]);
  }
  TRY(alloc_splits(f, dims - 1, f->count, &t, st));
  for (int64_t i = 0, at = 0; i < f->count; i++) {
    at += rows_at(component(f, i), 0);
    int_put(t, i + 1, at);
  }
  return TF_OK;
}

/* The splits of the components at one level, one behind the other. */
static TF_Code inner_splits(const FromVariant *f, int level, TF_Status *st) {
  int64_t rows = 0, at = 0, offset = 0;
  Tensor *t;
  for (int64_t i = 0; i < f->count; i++) rows += rows_at(component(f, i), level);
  TRY(alloc_splits(f, f->encoded->rank + level, rows, &t, st));
  for (int64_t i = 0; i < f->count; i++) {
    const Tensor *from = &component(f, i)->splits[level];
    int64_t n = tensor_count(from) - 1;
    for (int64_t j = 1; j <= n; j++) int_put(t, ++at, offset + int_at(from, j));
    offset += int_at(from, n);
  }
  return TF_OK;
}

static TF_Code all_values(const FromVariant *f, TF_Status *st) {
  OpCtx *c = f->c;
  int64_t dims[2 * TENSOR_MAX_RANK] = {0}, at = 0;
  int rank = f->count ? component(f, 0)->values.rank : 1;
  if (f->count) memcpy(dims, component(f, 0)->values.dims, (size_t)rank * sizeof *dims);
  if (f->outer) {
    dims[0] = 0;
    for (int64_t i = 0; i < f->count; i++)
      if (!checked_add_i64(dims[0], component(f, i)->values.dims[0], &dims[0]))
        return fail(st, TF_INVALID_ARGUMENT, "the ragged tensors have too many values");
  } else { /* stacked: the dims of the variant before those of a component */
    int before = f->encoded->rank;
    if (f->count || before) memmove(dims + before, dims, (size_t)rank * sizeof *dims);
    memcpy(dims, f->encoded->dims, (size_t)before * sizeof *dims);
    rank += before;
  }
  if (rank > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "ragged tensors of rank %d", rank);
  TRY(op_alloc_output(c, c->num_outputs - 1, f->values, dims, rank, st));
  for (int64_t i = 0; i < f->count; i++) {
    const Tensor *from = &component(f, i)->values;
    TRY(tensor_copy_range(&c->outputs[c->num_outputs - 1], at, from, 0, tensor_count(from), st));
    at += tensor_count(from);
  }
  return TF_OK;
}

static TF_Code from_levels(FromVariant *f, TF_Status *st) {
  int64_t inner, outer;
  int dims = f->encoded->rank;
  TRY(node_attr_int(f->c->node, "input_ragged_rank", &inner, st));
  TRY(node_attr_int(f->c->node, "output_ragged_rank", &outer, st));
  if (inner == -1) {
    inner = outer - dims;
    if (outer == 0 && inner < 0) inner = 0;
    if (inner < 0)
      return fail(
          st, TF_INVALID_ARGUMENT,
          "Inferred input_ragged_rank (output_ragged_rank - encoded_variant.dims()) must be >= 0, found "
          "output_ragged_rank: %lld, encoded_variant.dims(): %d, inferred input_ragged_rank: %lld",
          (long long)outer, dims, (long long)inner);
  }
  if ((outer || inner) && outer != dims + inner)
    return fail(st, TF_INVALID_ARGUMENT,
                "output_ragged_rank must be equal to input_ragged_rank + encoded_ragged.dims(); "
                "output_ragged_rank: %lld, "
                "input_ragged_rank: %lld, encoded_variant.dims(): %d.",
                (long long)outer, (long long)inner, dims);
  if (outer != f->c->num_outputs - 1)
    return fail(st, TF_INTERNAL, "output_ragged_rank does not go with the outputs");
  f->inner = (int)inner;
  f->outer = (int)outer;
  return TF_OK;
}

static TF_Code from_run(OpCtx *c, TF_Status *st) {
  FromVariant f = {.c = c, .encoded = op_input(c, 0), .values = c->node->output_types[c->num_outputs - 1]};
  TRY(node_attr_type(c->node, "Tsplits", &f.splits, st));
  TRY(from_levels(&f, st));
  f.count = tensor_count(f.encoded);
  for (int64_t i = 0; i < f.count; i++) TRY(check_component(&f, i, st));
  if (f.encoded->rank == 0) { /* one tensor, as it was */
    const RaggedValue *r = component(&f, 0);
    for (int k = 0; k < r->levels; k++) {
      Tensor copy = {0};
      tensor_share(&copy, &r->splits[k]);
      op_take_output(c, k, &copy);
    }
    Tensor values = {0};
    tensor_share(&values, &r->values);
    op_take_output(c, r->levels, &values);
    return TF_OK;
  }
  TRY(check_shapes(&f, st));
  if (f.outer) TRY(outer_splits(&f, st));
  for (int k = 0; k < f.inner; k++) TRY(inner_splits(&f, k, st));
  return all_values(&f, st);
}

/* ---- RaggedTensorToVariantGradient ---- */

typedef struct Gradient {
  const Tensor *encoded, *splits;
  int64_t dims[TENSOR_MAX_RANK], row; /* of the output; elements of a row of values */
  int rank;
} Gradient;

/* The values of row i; null for a row that nobody has used: its gradient is 0. */
static TF_Code gradient_of(const Gradient *g, const OpCtx *c, int64_t i, const Tensor **out, TF_Status *st) {
  const RaggedValue *r = ((RaggedValue *const *)g->encoded->data)[i];
  *out = NULL;
  if (!r) return TF_OK;
  if (r->object.type != &ragged_value_type)
    return fail(st, TF_INVALID_ARGUMENT, "encoded_ragged_grad[%lld] is no ragged tensor", (long long)i);
  if (r->values.dtype != c->node->output_types[0])
    return fail(st, TF_INVALID_ARGUMENT, "Expected values Tensor dtype: %s, found: %s",
                dtype_name(c->node->output_types[0]), dtype_name(r->values.dtype));
  *out = &r->values;
  return TF_OK;
}

/* Copies what row i has to element `at` of the output; `next` is where it ends. */
static TF_Code put_gradient(const Gradient *g, OpCtx *c, int64_t i, int64_t at, int64_t *next,
                            TF_Status *st) {
  const Tensor *values;
  int64_t all = tensor_count(&c->outputs[0]), n = 0;
  TRY(gradient_of(g, c, i, &values, st));
  if (!values && tensor_count(g->splits) < i + 2)
    return fail(st, TF_INVALID_ARGUMENT, "row_splits has no row %lld", (long long)i);
  if (values) n = tensor_count(values);
  else if (!checked_mul_i64(int_at(g->splits, i + 1) - int_at(g->splits, i), g->row, &n)) n = -1;
  if (n < 0 || n > all - at)
    return fail(st, TF_INVALID_ARGUMENT, "the gradients have more values than dense_values_shape");
  *next = at + n;
  return values ? tensor_copy_range(&c->outputs[0], at, values, 0, n, st) : TF_OK;
}

static TF_Code gradient_run(OpCtx *c, TF_Status *st) {
  Gradient g = {.encoded = op_input(c, 0), .splits = op_input(c, 1), .row = 1};
  TRY(dims_of_tensor(op_input(c, 2), g.dims, &g.rank, st));
  int64_t n = tensor_count(g.encoded), at = 0;
  const Tensor *only = NULL;
  if (n == 1) TRY(gradient_of(&g, c, 0, &only, st));
  if (only) { /* TF: as it is, whatever its shape */
    Tensor values = {0};
    tensor_share(&values, only);
    op_take_output(c, 0, &values);
    return TF_OK;
  }
  TRY(op_alloc_output(c, 0, c->node->output_types[0], g.dims, g.rank, st));
  for (int d = 1; d < g.rank; d++) g.row *= g.dims[d]; /* of a shape that was allocated */
  tensor_zero(&c->outputs[0]);
  for (int64_t i = 0; i < n; i++) TRY(put_gradient(&g, c, i, at, &at, st));
  return TF_OK;
}

const OpRow ops_ragged_variant[] = {
    {"RaggedTensorToVariant", .types = "Tvalues: " TYPES_POD " string " TYPES_QUANTIZED_ALL,
     .flags = OP_DYNAMIC | OP_KEEPS, .shape = to_shape, .run = to_run},
    {"RaggedTensorFromVariant", .types = "Tvalues: " TYPES_POD " string " TYPES_QUANTIZED_ALL,
     .flags = OP_DYNAMIC, .shape = from_shape, .run = from_run},
    {"RaggedTensorToVariantGradient", .types = "Tvalues: " TYPES_POD " string " TYPES_QUANTIZED_ALL,
     .flags = OP_DYNAMIC, .shape = shape_unknown_outputs, .run = gradient_run},
    {0}};
