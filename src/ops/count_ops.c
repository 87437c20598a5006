/* Counting values: Bincount and its dense, sparse and ragged kin; the *CountSparseOutput ops, whose answer is
 * sparse. A count is a sum of weights, or of ones where there are no weights. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/sparse_util.h"

/* The number 1 of a dtype. */
static void put_one(TF_DataType dtype, void *out) {
  float f = 1;
  double d = 1;
  int64_t i = 1; /* little-endian: its first bytes are 1 in every integer type */
  memset(out, 0, dtype_size(dtype));
  if (math_is_16(dtype)) math_store_16(out, &f, 1, dtype);
  else if (dtype == TF_FLOAT || dtype == TF_COMPLEX64) memcpy(out, &f, sizeof f);
  else if (dtype == TF_DOUBLE || dtype == TF_COMPLEX128) memcpy(out, &d, sizeof d);
  else memcpy(out, &i, dtype_size(dtype));
}

typedef struct Counter {
  OpCtx *c;
  Fold add;
  const Tensor *values, *weights; /* weights: null for ones */
  bool binary, plain;             /* plain: no rows known by splits or indices */
  _Alignas(16) char one[16];
} Counter;

static TF_Code counter_init(Counter *k, OpCtx *c, const Tensor *values, const Tensor *weights,
                            TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  *k = (Counter){.c = c, .values = values, .weights = tensor_count(weights) ? weights : NULL};
  bool same = values->rank == weights->rank;
  for (int d = 0; same && d < values->rank; d++) same = values->dims[d] == weights->dims[d];
  if (k->weights && !same)
    return fail(st, TF_INVALID_ARGUMENT,
                "`weights` must be the same shape as `arr` or a length-0 `Tensor`, in which case it acts as "
                "all weights equal to 1. "
                "Received %s instead of %s",
                shape_text(weights->dims, weights->rank, a, sizeof a),
                shape_text(values->dims, values->rank, b, sizeof b));
  put_one(weights->dtype, k->one);
  return fold_init(&k->add, "AddV2", weights->dtype, st);
}

/* What value i counts. */
static const void *counter_weight(const Counter *k, int64_t i) {
  return k->weights && !k->binary ? element_at(k->weights, i) : (const void *)k->one;
}

/* Counts values [from, to) into bins of output 0's row. */
static TF_Code count_range(const Counter *k, int64_t from, int64_t to, int64_t row, int64_t size,
                           TF_Status *st) {
  Tensor *out = &k->c->outputs[0];
  for (int64_t i = from; i < to; i++) {
    int64_t v = int_at(k->values, i);
    if (v < 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s",
                  k->plain ? "Input arr must be non-negative!" : "Input must be non-negative");
    if (v >= size) continue;
    char *bin = element_at(out, row * size + v);
    if (k->binary) memcpy(bin, k->one, dtype_size(out->dtype));
    else fold_run(&k->add, bin, bin, counter_weight(k, i), 1, 1);
  }
  return TF_OK;
}

static TF_Code bin_size(const Tensor *t, int64_t *size, TF_Status *st) {
  if (t->rank != 0 && tensor_count(t) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 0 but is rank %d", t->rank);
  *size = int_at(t, 0);
  return *size < 0 ? fail(st, TF_INVALID_ARGUMENT, "size (%lld) must be non-negative", (long long)*size)
                   : TF_OK;
}

static TF_Code bins_alloc(OpCtx *c, int64_t rows, int64_t size, TF_Status *st) {
  int64_t dims[2] = {rows < 0 ? size : rows, size};
  TRY(op_alloc_output(c, 0, c->node->output_types[0], dims, rows < 0 ? 1 : 2, st));
  tensor_zero(&c->outputs[0]);
  return TF_OK;
}

/* ---- Bincount, DenseBincount ---- */

static TF_Code bins_shape(ShapeCtx *c, int size_input, int64_t rows, bool matrix, TF_Status *st) {
  int64_t size = -1;
  TRY(shape_want_rank(c, size_input, 0, st));
  if (shape_int_value(c, size_input, &size) && size < 0)
    return fail(st, TF_INVALID_ARGUMENT, "size (%lld) must be non-negative", (long long)size);
  c->outputs[0] = matrix ? shape_matrix(rows, size) : shape_vector(size);
  return TF_OK;
}

static TF_Code bincount_shape(ShapeCtx *c, TF_Status *st) { return bins_shape(c, 1, -1, false, st); }

static TF_Code dense_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  if (in->rank < 0) return TF_OK;
  if (in->rank > 2)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at most rank 2 but is rank %d", in->rank);
  return bins_shape(c, 1, shape_dim(in, 0), in->rank == 2, st);
}

static TF_Code dense_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Counter k;
  int64_t size, n = tensor_count(in);
  bool dense = !strcmp(c->node->op, "DenseBincount");
  if (dense && in->rank > 2)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at most rank 2 but is rank %d", in->rank);
  TRY(bin_size(op_input(c, 1), &size, st));
  TRY(counter_init(&k, c, in, op_input(c, 2), st));
  k.plain = true;
  if (dense) TRY(node_attr_bool(c->node, "binary_output", &k.binary, st));
  if (!dense || in->rank < 2) {
    TRY(bins_alloc(c, -1, size, st));
    return count_range(&k, 0, n, 0, size, st);
  }
  TRY(bins_alloc(c, in->dims[0], size, st));
  for (int64_t r = 0; r < in->dims[0]; r++)
    TRY(count_range(&k, r * in->dims[1], (r + 1) * in->dims[1], r, size, st));
  return TF_OK;
}

/* ---- SparseBincount ---- */

static TF_Code sparse_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *dims = c->inputs[2];
  if (dims->rank != 1 || dims->dims[0] < 0) return TF_OK;
  return bins_shape(c, 3, -1, dims->dims[0] != 1, st);
}

static TF_Code sparse_run(OpCtx *c, TF_Status *st) {
  Sparse s;
  Counter k;
  int64_t size;
  TRY(bin_size(op_input(c, 3), &size, st));
  TRY(sparse_view(&s, op_input(c, 0), op_input(c, 1), op_input(c, 2), st));
  TRY(sparse_check_tuples(&s, st));
  TRY(counter_init(&k, c, op_input(c, 1), op_input(c, 4), st));
  TRY(node_attr_bool(c->node, "binary_output", &k.binary, st));
  if (s.rank == 0) return fail(st, TF_INVALID_ARGUMENT, "dense_shape must not be empty");
  TRY(bins_alloc(c, s.rank == 1 ? -1 : s.dims[0], size, st));
  for (int64_t i = 0; i < s.count; i++)
    TRY(count_range(&k, i, i + 1, s.rank == 1 ? 0 : s.indices[i * s.rank], size, st));
  return TF_OK;
}

/* ---- rows of values by row splits ---- */

static TF_Code check_splits(const Tensor *splits, int64_t values, TF_Status *st) {
  if (splits->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Splits must be a 1D tensor");
  int64_t n = splits->dims[0];
  const int64_t *at = splits->data;
  if (n < 1) return fail(st, TF_INVALID_ARGUMENT, "Splits must be non-empty");
  if (at[0] != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Splits must start with 0, not with %lld", (long long)at[0]);
  if (at[n - 1] != values)
    return fail(st, TF_INVALID_ARGUMENT,
                "Splits must end with the number of values, got %lld instead of %lld", (long long)at[n - 1],
                (long long)values);
  return TF_OK;
}

/* From value `i` on, the end of those in the same row: *row is the number of the split that ends it. Splits that
 * decrease end no row. */
static int64_t row_end(const Tensor *splits, int64_t values, int64_t i, int64_t *row) {
  const int64_t *at = splits->data;
  while (at[*row] <= i) ++*row; /* the last is `values` */
  return at[*row] < values ? at[*row] : values;
}

static TF_Code ragged_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n = c->inputs[0]->rank == 1 ? shape_dim(c->inputs[0], 0) : -1;
  return bins_shape(c, 2, n > 0 ? n - 1 : -1, true, st);
}

static TF_Code ragged_run(OpCtx *c, TF_Status *st) {
  const Tensor *splits = op_input(c, 0), *in = op_input(c, 1);
  Counter k;
  int64_t size, n = tensor_count(in), row = 0;
  TRY(bin_size(op_input(c, 2), &size, st));
  TRY(check_splits(splits, n, st));
  TRY(counter_init(&k, c, in, op_input(c, 3), st));
  TRY(node_attr_bool(c->node, "binary_output", &k.binary, st));
  TRY(bins_alloc(c, splits->dims[0] - 1, size, st));
  for (int64_t i = 0, end; i < n; i = end) {
    end = row_end(splits, n, i, &row);
    TRY(count_range(&k, i, end, row - 1, size, st));
  }
  return TF_OK;
}

/* ---- counts as sparse tensors ---- */

/* A value met: sorted by row, then value, then place, equal ones are summed. */
typedef struct Tally {
  Counter k;
  int64_t *keys;                          /* row, value, place */
  int64_t count, most, longest, shortest; /* most: the largest value, at least 0 */
} Tally;

static TF_Code tally_add(Tally *t, int64_t row, int64_t place, TF_Status *st) {
  int64_t v = int_at(t->k.values, place);
  if (v < 0) return fail(st, TF_INVALID_ARGUMENT, "Input values must all be non-negative");
  if (t->longest >= 0 && v >= t->longest) return TF_OK;
  int64_t *key = t->keys + 3 * t->count++;
  key[0] = row;
  key[1] = v;
  key[2] = place;
  if (v == INT64_MAX) return fail(st, TF_INVALID_ARGUMENT, "a value of %lld is too large", (long long)v);
  if (v > t->most) t->most = v;
  return TF_OK;
}

static TF_Code tally_outputs(Tally *t, const int64_t *order, bool vector, int64_t rows, TF_Status *st) {
  OpCtx *c = t->k.c;
  int64_t n = 0, rank = vector ? 1 : 2;
  for (int64_t i = 0; i < t->count; i++)
    n += i == 0 || index_compare(t->keys + 3 * order[i - 1], t->keys + 3 * order[i], 2) != 0;
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, rank}, 2, st));
  TRY(op_alloc_output(c, 1, c->node->output_types[1], &n, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &rank, 1, st));
  int64_t *index = c->outputs[0].data, *dims = c->outputs[2].data, at = -1;
  tensor_zero(&c->outputs[1]);
  for (int64_t i = 0; i < t->count; i++) {
    const int64_t *key = t->keys + 3 * order[i];
    if (i == 0 || index_compare(t->keys + 3 * order[i - 1], key, 2) != 0) {
      at++;
      if (!vector) *index++ = key[0];
      *index++ = key[1];
    }
    char *out = element_at(&c->outputs[1], at);
    if (t->k.binary) memcpy(out, t->k.one, dtype_size(c->outputs[1].dtype));
    else fold_run(&t->k.add, out, out, counter_weight(&t->k, key[2]), 1, 1);
  }
  if (!vector) *dims++ = rows;
  *dims = t->longest >= 0          ? t->longest
          : t->most >= t->shortest ? (int64_t)((uint64_t)t->most + 1)
                                   : t->shortest;
  return TF_OK;
}

static TF_Code tally_init(Tally *t, OpCtx *c, const Tensor *values, const Tensor *weights, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  const char *what = c->num_inputs == 2 ? "data" : "values";
  bool same = values->rank == weights->rank;
  for (int d = 0; same && d < values->rank; d++) same = values->dims[d] == weights->dims[d];
  if (tensor_count(weights) && !same)
    return fail(st, TF_INVALID_ARGUMENT,
                "Weights and %s must have the same shape. Weight shape: %s; %s shape: %s", what,
                shape_text(weights->dims, weights->rank, a, sizeof a), what,
                shape_text(values->dims, values->rank, b, sizeof b));
  TRY(counter_init(&t->k, c, values, weights, st));
  TRY(node_attr_bool(c->node, "binary_output", &t->k.binary, st));
  TRY(node_attr_int(c->node, "minlength", &t->shortest, st));
  TRY(node_attr_int(c->node, "maxlength", &t->longest, st));
  int64_t n;
  if (!checked_mul_i64(tensor_count(values), 3, &n)) return fail_oom(st, "counts");
  return run_alloc(c, n, sizeof *t->keys, &t->keys, st);
}

static TF_Code tally_finish(Tally *t, TF_Code code, bool vector, int64_t rows, TF_Status *st) {
  int64_t *order = NULL;
  if (!code) code = index_order(t->keys, t->count, 3, &order, st);
  if (!code) code = tally_outputs(t, order, vector, rows, st);
  free(order);
  free(t->keys);
  return code;
}

static TF_Code tally_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *in = c->inputs[0];
  bool dense = !strcmp(c->node->op, "DenseCountSparseOutput"),
       sparse = !strcmp(c->node->op, "SparseCountSparseOutput");
  int64_t rank = dense ? in->rank : sparse ? (in->rank == 2 ? in->dims[1] : -1) : 2;
  shape_sparse(c, 0, rank == 1 || rank == 2 ? rank : -1);
  return TF_OK;
}

static TF_Code dense_tally_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  Tally t = {0};
  if (in->rank != 1 && in->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input must be a 1 or 2-dimensional tensor. Got: %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  if (in->rank == 2 && in->dims[0] == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid input: Shapes dimension cannot be 0.");
  TF_Code code = tally_init(&t, c, in, op_input(c, 1), st);
  int64_t width = in->dims[in->rank - 1];
  for (int64_t i = 0, n = tensor_count(in); !code && i < n; i++)
    code = tally_add(&t, in->rank == 1 ? 0 : i / width, i, st);
  return tally_finish(&t, code, in->rank == 1, in->dims[0], st);
}

static TF_Code sparse_tally_run(OpCtx *c, TF_Status *st) {
  Sparse s;
  Tally t = {0};
  TRY(sparse_view(&s, op_input(c, 0), op_input(c, 1), op_input(c, 2), st));
  TRY(sparse_check_tuples(&s, st));
  if (s.rank != 1 && s.rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input must be a 1 or 2-dimensional tensor. Got a rank of %d",
                s.rank);
  if (s.rank == 2 && s.dims[0] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot allocate %lld batches, is the dense shape too wide?",
                (long long)s.dims[0]);
  TF_Code code = tally_init(&t, c, op_input(c, 1), op_input(c, 3), st);
  for (int64_t i = 0; !code && i < s.count; i++)
    code = tally_add(&t, s.rank == 1 ? 0 : s.indices[i * s.rank], i, st);
  return tally_finish(&t, code, s.rank == 1, s.dims[0], st);
}

static TF_Code ragged_tally_run(OpCtx *c, TF_Status *st) {
  const Tensor *splits = op_input(c, 0), *in = op_input(c, 1);
  int64_t n = tensor_count(in), row = 0;
  Tally t = {0};
  if (splits->rank == 1 && splits->dims[0] < 2)
    return fail(st, TF_INVALID_ARGUMENT, "Must provide at least 2 elements for the splits argument");
  TRY(check_splits(splits, n, st));
  TF_Code code = tally_init(&t, c, in, op_input(c, 2), st);
  for (int64_t i = 0; !code && i < n; i++) {
    row_end(splits, n, i, &row);
    code = tally_add(&t, row - 1, i, st);
  }
  return tally_finish(&t, code, false, splits->dims[0] - 1, st);
}

#define TALLY_TYPES "output_type: int32 int64 float double"

const OpRow ops_count_ops[] = {{"Bincount", .types = "T: int32 int64 float double", .flags = OP_DYNAMIC,
                                .shape = bincount_shape, .run = dense_run},
                               {"DenseBincount", .types = "T: int32 int64 float double", .flags = OP_DYNAMIC,
                                .shape = dense_shape, .run = dense_run},
                               {"SparseBincount", .types = "T: int32 int64 float double", .flags = OP_DYNAMIC,
                                .shape = sparse_shape, .run = sparse_run},
                               {"RaggedBincount", .types = "T: int32 int64 float double", .flags = OP_DYNAMIC,
                                .shape = ragged_shape, .run = ragged_run},
                               {"DenseCountSparseOutput", .types = TALLY_TYPES, .flags = OP_DYNAMIC,
                                .shape = tally_shape, .run = dense_tally_run},
                               {"SparseCountSparseOutput", .types = TALLY_TYPES, .flags = OP_DYNAMIC,
                                .shape = tally_shape, .run = sparse_tally_run},
                               {"RaggedCountSparseOutput", .types = TALLY_TYPES, .flags = OP_DYNAMIC,
                                .shape = tally_shape, .run = ragged_tally_run},
                               {0}};
