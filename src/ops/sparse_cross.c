/* Crossed features: SparseCross and SparseCrossV2. Row by row every choice of one feature from each
 * column, the last column running fastest, joined as text or as a hash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "ops/sparse_util.h"
#include "ops/string_hash.h"
#include "ops/string_util.h"

/* One column: features of row r are elements [starts[r], starts[r + 1]) of `values`. */
typedef struct Column {
  const Tensor *values;
  const int64_t *starts; /* null for a dense column, that has `width` features a row */
  int64_t width;
} Column;

typedef struct Cross {
  OpCtx *c;
  int num_sparse, num_dense, num_columns;
  Column *columns;
  int64_t *starts, *choice, batch;
  bool hashed, only_text;
  uint64_t seed, buckets;
  Span separator;
} Cross;

static uint64_t shift_mix(uint64_t v) { return v ^ v >> 47; }

/* How TensorFlow joins two fingerprints. */
static uint64_t fingerprint_cat(uint64_t a, uint64_t b) {
  const uint64_t mul = 0xc6a4a7935bd1e995u;
  uint64_t r = (a ^ mul) ^ shift_mix(b * mul) * mul;
  r *= mul;
  return shift_mix(shift_mix(r) * mul);
}

static TF_Code cross_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  shape_sparse(c, 0, 2);
  return TF_OK;
}

static TF_Code fail_shape(const Tensor *t, const char *what, int at, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT, "%s but received shape %s at position %d", what,
              shape_text(t->dims, t->rank, text, sizeof text), at);
}

static const Tensor *cross_input(const Cross *x, int group, int i) { return op_input(x->c, group * x->num_sparse + i); }

static TF_Code check_batch(Cross *x, TF_Status *st) {
  const Tensor *first = x->num_sparse ? cross_input(x, 2, 0) : x->num_dense ? cross_input(x, 3, 0) : NULL;
  char text[SHAPE_TEXT_MAX];
  if (first && x->num_sparse) x->batch = tensor_count(first) ? ((const int64_t *)first->data)[0] : 0;
  else if (first) x->batch = first->rank ? first->dims[0] : 0;
  for (int i = 0; i < x->num_sparse; i++) {
    const Tensor *t = cross_input(x, 2, i);
    if (t->rank != 1) return fail_shape(t, "Input shapes should be a vector", i, st);
    if (t->dims[0] != 2)
      return fail(st, TF_INVALID_ARGUMENT, "shape should imply a 2D tensor, but got %s at position %d",
                  shape_text(t->dims, t->rank, text, sizeof text), i);
    if (((const int64_t *)t->data)[0] != x->batch)
      return fail(st, TF_INVALID_ARGUMENT, "Expected batch size %lld got %lld at position %d", (long long)x->batch,
                  (long long)((const int64_t *)t->data)[0], i);
  }
  for (int i = 0; i < x->num_dense; i++) {
    const Tensor *t = cross_input(x, 3, i);
    if (t->rank != 2) return fail_shape(t, "Dense inputs should be a matrix", i, st);
    if (t->dims[0] != x->batch)
      return fail(st, TF_INVALID_ARGUMENT, "Expected batch size %lld got %lld at dense tensor %d", (long long)x->batch,
                  (long long)t->dims[0], i);
  }
  if (x->batch < 0) return fail(st, TF_INVALID_ARGUMENT, "Expected batch size to be non-negative, got %lld", (long long)x->batch);
  return TF_OK;
}

static TF_Code check_inputs(Cross *x, TF_Status *st) {
  for (int i = 0; i < x->num_sparse; i++) {
    const Tensor *t = cross_input(x, 0, i);
    if (t->rank != 2) return fail_shape(t, "Input indices should be a matrix", i, st);
    if (t->dims[1] != 2)
      return fail(st, TF_INVALID_ARGUMENT, "Expected D2 of index to be 2 got %lld at position %d", (long long)t->dims[1], i);
  }
  for (int i = 0; i < x->num_sparse; i++) {
    const Tensor *t = cross_input(x, 1, i);
    if (t->rank != 1) return fail_shape(t, "Input values should be a vector", i, st);
    if (t->dims[0] != cross_input(x, 0, i)->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "Expected size of values to be %lld got %lld at position %d",
                  (long long)cross_input(x, 0, i)->dims[0], (long long)t->dims[0], i);
  }
  TRY(check_batch(x, st));
  for (int i = 0; i < x->num_columns; i++) {
    const Tensor *t = i < x->num_sparse ? cross_input(x, 1, i) : cross_input(x, 3, i - x->num_sparse);
    if (t->dtype != TF_STRING && t->dtype != TF_INT64)
      return fail(st, TF_INVALID_ARGUMENT, "features of type %s", dtype_name(t->dtype));
    if (x->only_text && t->dtype != TF_STRING)
      return fail(st, TF_INVALID_ARGUMENT, "%s should be of internal type %d but received %d",
                  i < x->num_sparse ? "Input values" : "Dense inputs", TF_STRING, (int)t->dtype);
  }
  return TF_OK;
}

/* The columns, with where each row of them starts. */
static TF_Code make_columns(Cross *x, TF_Status *st) {
  int64_t all;
  if (!checked_mul_i64(x->batch + 1, x->num_sparse, &all)) return fail_oom(st, "crossed features");
  TRY(run_alloc(x->c, x->num_columns, sizeof *x->columns, &x->columns, st));
  TRY(run_alloc(x->c, x->num_columns, sizeof *x->choice, &x->choice, st));
  TRY(run_alloc(x->c, all, sizeof *x->starts, &x->starts, st));
  for (int i = 0; i < x->num_columns; i++) {
    Column *column = &x->columns[i];
    if (i >= x->num_sparse) {
      column->values = cross_input(x, 3, i - x->num_sparse);
      column->width = column->values->dims[1];
      continue;
    }
    const Tensor *indices = cross_input(x, 0, i);
    int64_t *starts = x->starts + i * (x->batch + 1);
    *column = (Column){.values = cross_input(x, 1, i), .starts = starts};
    for (int64_t k = 0; k < indices->dims[0]; k++) {
      int64_t row = ((const int64_t *)indices->data)[2 * k];
      if (!index_ok(row, x->batch))
        return fail(st, TF_INVALID_ARGUMENT, "Row index %lld is outside of valid range [0, %lld)", (long long)row, (long long)x->batch);
      starts[row + 1]++;
    }
    for (int64_t r = 0; r < x->batch; r++) starts[r + 1] += starts[r];
  }
  return TF_OK;
}

static int64_t feature_count(const Column *c, int64_t row) {
  return c->starts ? c->starts[row + 1] - c->starts[row] : c->width;
}

static TF_Code row_count(const Cross *x, int64_t row, int64_t *count, TF_Status *st) {
  *count = 1;
  for (int i = 0; i < x->num_columns; i++) {
    int64_t n = feature_count(&x->columns[i], row);
    if (n == 0) {
      *count = 0;
      return TF_OK;
    }
    if (!checked_mul_i64(*count, n, count))
      return fail(st, TF_INVALID_ARGUMENT, "the number of crossed features of row %lld overflows", (long long)row);
  }
  return TF_OK;
}

static int64_t feature_place(const Cross *x, int column, int64_t row) {
  const Column *c = &x->columns[column];
  return (c->starts ? c->starts[row] : row * c->width) + x->choice[column];
}

static uint64_t feature_hash(const Cross *x, int column, int64_t row) {
  const Tensor *values = x->columns[column].values;
  int64_t at = feature_place(x, column, row);
  if (values->dtype == TF_STRING) {
    Span s = string_at(values, at);
    return fingerprint64(s.data, s.size);
  }
  return (uint64_t)((const int64_t *)values->data)[at];
}

static uint64_t cross_hash(const Cross *x, int64_t row) {
  uint64_t h = x->seed;
  for (int i = 0; i < x->num_columns; i++) h = fingerprint_cat(h, feature_hash(x, i, row));
  return h % (x->buckets ? x->buckets : (uint64_t)INT64_MAX);
}

static void cross_text(const Cross *x, int64_t row, Bytes *b) {
  b->size = 0;
  for (int i = 0; i < x->num_columns; i++) {
    const Tensor *values = x->columns[i].values;
    int64_t at = feature_place(x, i, row);
    if (i) bytes_append(b, x->separator.data, x->separator.size);
    if (values->dtype == TF_STRING) {
      Span s = string_at(values, at);
      bytes_append(b, s.data, s.size);
    } else {
      bytes_printf(b, "%lld", (long long)((const int64_t *)values->data)[at]);
    }
  }
}

static void next_choice(Cross *x, int64_t row) {
  for (int i = x->num_columns - 1; i >= 0; i--) {
    if (++x->choice[i] < feature_count(&x->columns[i], row)) return;
    x->choice[i] = 0;
  }
}

static TF_Code fill_rows(Cross *x, Bytes *b, TF_Status *st) {
  int64_t *index = x->c->outputs[0].data, at = 0;
  Tensor *out = &x->c->outputs[1];
  for (int64_t row = 0; row < x->batch; row++) {
    int64_t n;
    TRY(row_count(x, row, &n, st));
    memset(x->choice, 0, (size_t)x->num_columns * sizeof *x->choice);
    for (int64_t k = 0; k < n; k++, at++, index += 2) {
      index[0] = row;
      index[1] = k;
      if (x->hashed) {
        ((int64_t *)out->data)[at] = (int64_t)cross_hash(x, row);
      } else {
        cross_text(x, row, b);
        TRY(string_put_bytes(out, at, b, st));
      }
      next_choice(x, row);
    }
  }
  return TF_OK;
}

static TF_Code cross_all(Cross *x, Bytes *b, TF_Status *st) {
  int64_t total = 0, widest = 0, two = 2;
  OpCtx *c = x->c;
  TRY(check_inputs(x, st));
  TRY(make_columns(x, st));
  for (int64_t row = 0; row < x->batch; row++) {
    int64_t n;
    TRY(row_count(x, row, &n, st));
    if (!checked_add_i64(total, n, &total)) return fail(st, TF_INVALID_ARGUMENT, "the number of crossed features overflows");
    if (n > widest) widest = n;
  }
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){total, 2}, 2, st));
  TRY(op_alloc_output(c, 1, x->hashed ? TF_INT64 : TF_STRING, &total, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &two, 1, st));
  ((int64_t *)c->outputs[2].data)[0] = x->batch;
  ((int64_t *)c->outputs[2].data)[1] = widest;
  return fill_rows(x, b, st);
}

/* What the three ops differ in. */
static TF_Code cross_settings(Cross *x, TF_Status *st) {
  OpCtx *c = x->c;
  int64_t n = 0, v;
  const Attr *sparse, *dense;
  TRY(node_attr_int(c->node, "N", &n, st));
  TRY(node_attr_list(c->node, "sparse_types", TF_ATTR_TYPE, &sparse, st));
  TRY(node_attr_list(c->node, "dense_types", TF_ATTR_TYPE, &dense, st));
  bool v2 = !strcmp(c->node->op, "SparseCrossV2");
  if (n < 0 || n > c->num_inputs || sparse->count != n || 3 * n + dense->count + v2 != c->num_inputs)
    return fail(st, TF_INVALID_ARGUMENT, "Expected %lld input values, got %lld", (long long)n, (long long)sparse->count);
  x->num_sparse = (int)n;
  x->num_dense = (int)dense->count;
  x->num_columns = x->num_sparse + x->num_dense;
  x->separator = (Span){"_X_", 3};
  if (v2) {
    const Tensor *separator = op_input(c, c->num_inputs - 1);
    if (separator->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "Input separator should be a scalar.");
    x->separator = string_at(separator, 0);
    return TF_OK;
  }
  TF_DataType internal;
  TRY(node_attr_type(c->node, "internal_type", &internal, st));
  TRY(node_attr_int(c->node, "num_buckets", &v, st));
  x->only_text = internal == TF_STRING;
  x->buckets = v > 0 ? (uint64_t)v : 0;
  TRY(node_attr_int(c->node, "hash_key", &v, st));
  x->seed = (uint64_t)v;
  x->hashed = c->node->output_types[1] == TF_INT64;
  return TF_OK;
}

static TF_Code cross_run(OpCtx *c, TF_Status *st) {
  Cross x = {.c = c};
  Bytes b = {0};
  TRY(cross_settings(&x, st));
  TF_Code code = cross_all(&x, &b, st);
  bytes_clear(&b);
  free(x.columns);
  free(x.choice);
  free(x.starts);
  return code;
}

const OpRow ops_sparse_cross[] = {
  {"SparseCross", .flags = OP_DYNAMIC, .shape = cross_shape, .run = cross_run},
  {"SparseCrossV2", .flags = OP_DYNAMIC, .shape = cross_shape, .run = cross_run},
  {0}};
