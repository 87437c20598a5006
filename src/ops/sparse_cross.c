/* Crossed features of sparse and dense columns: SparseCross, SparseCrossV2 and SparseCrossHashed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "ops/feature_cross.h"
#include "ops/sparse_util.h"
#include "ops/string_util.h"

typedef struct Cross {
  OpCtx *c;
  int num_sparse, num_dense;
  int64_t *starts, batch;
  bool only_text;
  Crossing x;
} Cross;

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

static const Tensor *cross_input(const Cross *x, int group, int i) {
  return op_input(x->c, group * x->num_sparse + i);
}

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
      return fail(st, TF_INVALID_ARGUMENT, "Expected batch size %lld got %lld at position %d",
                  (long long)x->batch, (long long)((const int64_t *)t->data)[0], i);
  }
  for (int i = 0; i < x->num_dense; i++) {
    const Tensor *t = cross_input(x, 3, i);
    if (t->rank != 2) return fail_shape(t, "Dense inputs should be a matrix", i, st);
    if (t->dims[0] != x->batch)
      return fail(st, TF_INVALID_ARGUMENT, "Expected batch size %lld got %lld at dense tensor %d",
                  (long long)x->batch, (long long)t->dims[0], i);
  }
  if (x->batch < 0)
    return fail(st, TF_INVALID_ARGUMENT, "Expected batch size to be non-negative, got %lld",
                (long long)x->batch);
  return TF_OK;
}

static TF_Code check_inputs(Cross *x, TF_Status *st) {
  for (int i = 0; i < x->num_sparse; i++) {
    const Tensor *t = cross_input(x, 0, i);
    if (t->rank != 2) return fail_shape(t, "Input indices should be a matrix", i, st);
    if (t->dims[1] != 2)
      return fail(st, TF_INVALID_ARGUMENT, "Expected D2 of index to be 2 got %lld at position %d",
                  (long long)t->dims[1], i);
  }
  for (int i = 0; i < x->num_sparse; i++) {
    const Tensor *t = cross_input(x, 1, i);
    if (t->rank != 1) return fail_shape(t, "Input values should be a vector", i, st);
    if (t->dims[0] != cross_input(x, 0, i)->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "Expected size of values to be %lld got %lld at position %d",
                  (long long)cross_input(x, 0, i)->dims[0], (long long)t->dims[0], i);
  }
  TRY(check_batch(x, st));
  for (int i = 0; i < x->x.num_columns; i++) {
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
  TRY(run_alloc(x->c, x->x.num_columns, sizeof *x->x.columns, &x->x.columns, st));
  TRY(run_alloc(x->c, x->x.num_columns, sizeof *x->x.choice, &x->x.choice, st));
  TRY(run_alloc(x->c, all, sizeof *x->starts, &x->starts, st));
  for (int i = 0; i < x->x.num_columns; i++) {
    Column *column = &x->x.columns[i];
    if (i >= x->num_sparse) {
      column->values = cross_input(x, 3, i - x->num_sparse);
      column->width = column->values->dims[1];
      continue;
    }
    const Tensor *indices = cross_input(x, 0, i);
    int64_t *starts = x->starts + i * (x->batch + 1);
    *column = (Column){.values = cross_input(x, 1, i), .starts = starts};
    int64_t k = 0; /* TF: what follows a row out of order is left out */
    for (int64_t row = 0; row < x->batch; row++) {
      while (k < indices->dims[0] && int_at(indices, 2 * k) == row) k++;
      starts[row + 1] = k;
    }
  }
  return TF_OK;
}

static TF_Code fill_rows(Cross *x, Bytes *b, TF_Status *st) {
  int64_t *index = x->c->outputs[0].data, at = 0;
  for (int64_t row = 0; row < x->batch; row++) {
    int64_t n;
    TRY(crossing_row_count(&x->x, row, &n, st));
    TRY(crossing_put_row(&x->x, row, n, &x->c->outputs[1], at, b, st));
    for (int64_t k = 0; k < n; k++, index += 2) {
      index[0] = row;
      index[1] = k;
    }
    at += n;
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
    TRY(crossing_row_count(&x->x, row, &n, st));
    if (!checked_add_i64(total, n, &total))
      return fail(st, TF_INVALID_ARGUMENT, "the number of crossed features overflows");
    if (n > widest) widest = n;
  }
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){total, 2}, 2, st));
  TRY(op_alloc_output(c, 1, x->x.hashed ? TF_INT64 : TF_STRING, &total, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &two, 1, st));
  ((int64_t *)c->outputs[2].data)[0] = x->batch;
  ((int64_t *)c->outputs[2].data)[1] = widest;
  return fill_rows(x, b, st);
}

/* SparseCrossHashed has its settings as inputs. */
static TF_Code hashed_settings(Cross *x, TF_Status *st) {
  OpCtx *c = x->c;
  const Tensor *buckets = op_input(c, c->num_inputs - 3), *strong = op_input(c, c->num_inputs - 2),
               *salt = op_input(c, c->num_inputs - 1);
  if (tensor_count(buckets) != 1 || tensor_count(strong) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input num_buckets and strong_hash should be scalars.");
  if (salt->rank != 1 || salt->dims[0] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input salt should be a vector of two elements.");
  int64_t n = int_at(buckets, 0);
  x->x.buckets = n > 0 ? (uint64_t)n : 0;
  x->x.strong = *(const bool *)strong->data;
  x->x.hashed = x->x.low_bytes = true;
  for (int i = 0; i < 2; i++) x->x.key[i] = (uint64_t)int_at(salt, i);
  return TF_OK;
}

/* What the three ops differ in. */
static TF_Code cross_settings(Cross *x, TF_Status *st) {
  OpCtx *c = x->c;
  int64_t n = 0, v;
  const Attr *sparse, *dense;
  TRY(node_attr_int(c->node, "N", &n, st));
  TRY(node_attr_list(c->node, "sparse_types", TF_ATTR_TYPE, &sparse, st));
  TRY(node_attr_list(c->node, "dense_types", TF_ATTR_TYPE, &dense, st));
  bool v2 = !strcmp(c->node->op, "SparseCrossV2"), by_input = !strcmp(c->node->op, "SparseCrossHashed");
  if (n < 0 || n > c->num_inputs || sparse->count != n ||
      3 * n + dense->count + v2 + 3 * by_input != c->num_inputs)
    return fail(st, TF_INVALID_ARGUMENT, "Expected %lld input values, got %lld", (long long)n,
                (long long)sparse->count);
  x->num_sparse = (int)n;
  x->num_dense = (int)dense->count;
  x->x.num_columns = x->num_sparse + x->num_dense;
  x->x.separator = (Span){"_X_", 3};
  if (v2) {
    const Tensor *separator = op_input(c, c->num_inputs - 1);
    if (separator->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "Input separator should be a scalar.");
    x->x.separator = string_at(separator, 0);
    return TF_OK;
  }
  if (by_input) return hashed_settings(x, st);
  TF_DataType internal;
  TRY(node_attr_type(c->node, "internal_type", &internal, st));
  TRY(node_attr_int(c->node, "num_buckets", &v, st));
  x->only_text = internal == TF_STRING;
  x->x.buckets = v > 0 ? (uint64_t)v : 0;
  TRY(node_attr_int(c->node, "hash_key", &v, st));
  x->x.seed = (uint64_t)v;
  x->x.seeded = true;
  x->x.hashed = c->node->output_types[1] == TF_INT64;
  return TF_OK;
}

static TF_Code cross_run(OpCtx *c, TF_Status *st) {
  Cross x = {.c = c};
  Bytes b = {0};
  TRY(cross_settings(&x, st));
  TF_Code code = cross_all(&x, &b, st);
  bytes_clear(&b);
  free(x.x.columns);
  free(x.x.choice);
  free(x.starts);
  return code;
}

const OpRow ops_sparse_cross[] = {
    {"SparseCross", .flags = OP_DYNAMIC, .shape = cross_shape, .run = cross_run},
    {"SparseCrossV2", .flags = OP_DYNAMIC, .shape = cross_shape, .run = cross_run},
    {"SparseCrossHashed", .flags = OP_DYNAMIC, .shape = cross_shape, .run = cross_run},
    {0}};
