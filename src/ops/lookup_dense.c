/* Buckets of dense tables. */
#include "ops/lookup_dense.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/string_hash.h"

enum { MIN_BUCKETS = 4, MAX_BUCKETS = INT32_MAX };

/* ---- keys ---- */

static const char *element_of(TF_DataType dtype, const void *elements, int64_t i) {
  return (const char *)elements + (size_t)i * dtype_size(dtype);
}
static const void *key_at(const DenseTable *t, const Tensor *keys, int64_t i) {
  return element_of(t->key_dtype, keys->data, i * t->key_size);
}
static void *value_at(const DenseTable *t, int64_t bucket) {
  return (char *)t->values.data + (size_t)(bucket * t->value_size) * dtype_size(t->value_dtype);
}

static uint64_t hash_element(TF_DataType dtype, const void *e) {
  size_t size;
  if (dtype == TF_INT64) return (uint64_t) * (const int64_t *)e;
  if (dtype == TF_INT32) return (uint64_t) * (const int32_t *)e;
  const char *data = tstring_data(e, &size);
  return tf_hash64(data, size);
}

static uint64_t hash_key(const DenseTable *t, const void *key) {
  if (t->key_size == 1) return hash_element(t->key_dtype, key);
  uint64_t h = 0;
  for (int64_t i = 0; i < t->key_size; i++)
    h ^= hash_element(t->key_dtype, element_of(t->key_dtype, key, i)) + 0x9e3779b97f4a7800u + (h << 10) +
         (h >> 4);
  return h;
}

static bool keys_equal(const DenseTable *t, const void *a, const void *b) {
  if (t->key_dtype != TF_STRING) return !memcmp(a, b, (size_t)t->key_size * dtype_size(t->key_dtype));
  for (int64_t i = 0; i < t->key_size; i++) {
    size_t x, y;
    const char *p = tstring_data((const TF_TString *)a + i, &x),
               *q = tstring_data((const TF_TString *)b + i, &y);
    if (x != y || memcmp(p, q, x)) return false;
  }
  return true;
}

static bool is_empty(const DenseTable *t, const void *key) { return keys_equal(t, key, t->empty_key.data); }
static bool is_deleted(const DenseTable *t, const void *key) {
  return keys_equal(t, key, t->deleted_key.data);
}

static TF_Code check_key(const DenseTable *t, const void *key, TF_Status *st) {
  if (is_empty(t, key))
    return fail(st, TF_INVALID_ARGUMENT, "Using the empty_key as a table key is not allowed");
  if (is_deleted(t, key))
    return fail(st, TF_INVALID_ARGUMENT, "Using the deleted_key as a table key is not allowed");
  return TF_OK;
}

/* The number of keys in a tensor: one, or as many as its first dim says. */
static TF_Code count_keys(const DenseTable *t, const Tensor *keys, int64_t *n, TF_Status *st) {
  int64_t want[2] = {keys->rank ? keys->dims[0] : 1, t->key_size};
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  *n = want[0];
  if (tensor_count(keys) == want[0] * t->key_size) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Expected key shape %s got %s",
              shape_text(want, 1 + t->key_rank, a, sizeof a),
              shape_text(keys->dims, keys->rank, b, sizeof b));
}

/* ---- buckets ---- */

/* Steps through the buckets of a hash: 0, 1, 3, 6, ... from its first one; false when all were seen. */
typedef struct Probe {
  int64_t bucket, step;
} Probe;

static Probe probe_start(const DenseTable *t, const void *key) {
  return (Probe){(int64_t)(hash_key(t, key) & (uint64_t)(t->num_buckets - 1)), 0};
}
static bool probe_next(const DenseTable *t, Probe *p) {
  p->bucket = (p->bucket + ++p->step) & (t->num_buckets - 1);
  return p->step < t->num_buckets;
}

static TF_Code alloc_buckets(DenseTable *t, int64_t n, TF_Status *st) {
  Tensor keys = {0}, values = {0};
  if (n < MIN_BUCKETS || (n & (n - 1)))
    return fail(st, TF_INVALID_ARGUMENT, "Number of buckets must be at least 4 and a power of 2, got: %lld",
                (long long)n);
  if (n > MAX_BUCKETS) return fail(st, TF_RESOURCE_EXHAUSTED, "a table of %lld buckets", (long long)n);
  TF_Code code = tensor_alloc(&keys, t->key_dtype, (int64_t[]){n, t->key_size}, 2, st);
  if (!code) code = tensor_alloc(&values, t->value_dtype, (int64_t[]){n, t->value_size}, 2, st);
  for (int64_t i = 0; !code && i < n; i++)
    code = tensor_copy_range(&keys, i * t->key_size, &t->empty_key, 0, t->key_size, st);
  if (code) {
    tensor_clear(&keys);
    tensor_clear(&values);
    return code;
  }
  tensor_zero(&values);
  tensor_clear(&t->keys);
  tensor_clear(&t->values);
  tensor_move(&t->keys, &keys);
  tensor_move(&t->values, &values);
  t->num_buckets = n;
  t->count = 0;
  return TF_OK;
}

static TF_Code put_key(DenseTable *t, const void *key, const void *value, TF_Status *st) {
  Probe p = probe_start(t, key);
  do {
    void *at = (void *)(uintptr_t)key_at(t, &t->keys, p.bucket);
    bool same = keys_equal(t, at, key);
    /* TF: the first bucket that is free, also before one that has the key. */
    if (!same && !is_empty(t, at) && !is_deleted(t, at)) continue;
    if (!same) TRY(elements_copy(t->key_dtype, at, key, t->key_size, st));
    t->count += !same;
    return elements_copy(t->value_dtype, value_at(t, p.bucket), value, t->value_size, st);
  } while (probe_next(t, &p));
  return fail(st, TF_INTERNAL, "Internal error in MutableDenseHashTable insert");
}

/* Makes the arrays larger and puts all keys again. */
static TF_Code rebucket(DenseTable *t, int64_t n, TF_Status *st) {
  DenseTable old = *t;
  t->keys = t->values = (Tensor){0};
  TF_Code code = alloc_buckets(t, n, st);
  if (code) {
    *t = old;
    return code;
  }
  for (int64_t i = 0; !code && i < old.num_buckets; i++) {
    const void *key = key_at(t, &old.keys, i);
    if (!is_empty(t, key) && !is_deleted(t, key)) code = put_key(t, key, value_at(&old, i), st);
  }
  tensor_clear(&old.keys);
  tensor_clear(&old.values);
  return code;
}

/* ---- the table ---- */

static TF_Code check_spec(const DenseSpec *s, TF_Status *st) {
  const Tensor *empty = s->empty_key, *deleted = s->deleted_key;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (!(s->max_load_factor > 0 && s->max_load_factor < 1))
    return fail(st, TF_INVALID_ARGUMENT, "max_load_factor must be between 0 and 1, got: %g",
                (double)s->max_load_factor);
  if (empty->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "Empty key must be a scalar or a vector, got shape %s",
                shape_text(empty->dims, empty->rank, a, sizeof a));
  if (!tensor_same_shape(empty, deleted))
    return fail(st, TF_INVALID_ARGUMENT, "Empty and deleted keys must have same shape, got shapes: %s and %s",
                shape_text(empty->dims, empty->rank, a, sizeof a),
                shape_text(deleted->dims, deleted->rank, b, sizeof b));
  return tensor_count(empty) ? TF_OK : fail(st, TF_INVALID_ARGUMENT, "Empty key must have elements");
}

TF_Code dense_table_new(DenseTable **out, const DenseSpec *s, TF_Status *st) {
  TRY(check_spec(s, st));
  DenseTable *t = calloc(1, sizeof *t);
  if (!t) return fail_oom(st, "a table");
  t->key_dtype = s->empty_key->dtype;
  t->value_dtype = s->value_dtype;
  t->key_rank = s->empty_key->rank;
  t->key_size = tensor_count(s->empty_key);
  t->value_size = s->value_size;
  t->max_load_factor = s->max_load_factor;
  TF_Code code = tensor_copy(&t->empty_key, s->empty_key, st);
  if (!code) code = tensor_copy(&t->deleted_key, s->deleted_key, st);
  if (!code && keys_equal(t, t->empty_key.data, t->deleted_key.data))
    code = fail(st, TF_INVALID_ARGUMENT, "Empty and deleted keys cannot be equal");
  if (!code) code = alloc_buckets(t, s->num_buckets, st);
  if (code) dense_table_free(t);
  else *out = t;
  return code;
}

void dense_table_free(DenseTable *t) {
  if (!t) return;
  tensor_clear(&t->empty_key);
  tensor_clear(&t->deleted_key);
  tensor_clear(&t->keys);
  tensor_clear(&t->values);
  free(t);
}

static TF_Code find_key(const DenseTable *t, const void *key, int64_t *bucket, TF_Status *st) {
  Probe p = probe_start(t, key);
  TRY(check_key(t, key, st));
  do {
    const void *at = key_at(t, &t->keys, p.bucket);
    bool same = keys_equal(t, at, key);
    *bucket = same ? p.bucket : -1;
    if (same || is_empty(t, at)) return TF_OK;
  } while (probe_next(t, &p));
  return fail(st, TF_INTERNAL, "Internal error in MutableDenseHashTable lookup");
}

TF_Code dense_table_find(const DenseTable *t, const Tensor *keys, const void *defaults, void *out,
                         TF_Status *st) {
  int64_t n, bucket;
  size_t bytes = (size_t)t->value_size * dtype_size(t->value_dtype);
  TRY(count_keys(t, keys, &n, st));
  for (int64_t i = 0; i < n; i++) {
    TRY(find_key(t, key_at(t, keys, i), &bucket, st));
    const void *value = bucket < 0 ? defaults : value_at(t, bucket);
    TRY(elements_copy(t->value_dtype, (char *)out + (size_t)i * bytes, value, t->value_size, st));
  }
  return TF_OK;
}

TF_Code dense_table_insert(DenseTable *t, const Tensor *keys, const void *values, TF_Status *st) {
  int64_t n, buckets = t->num_buckets;
  size_t bytes = (size_t)t->value_size * dtype_size(t->value_dtype);
  TRY(count_keys(t, keys, &n, st));
  /* TF: as if every key were a new one. */
  while ((float)(t->count + n) > (float)buckets * t->max_load_factor && buckets <= MAX_BUCKETS) buckets *= 2;
  if (buckets != t->num_buckets) TRY(rebucket(t, buckets, st));
  for (int64_t i = 0; i < n; i++) {
    TRY(check_key(t, key_at(t, keys, i), st));
    TRY(put_key(t, key_at(t, keys, i), (const char *)values + (size_t)i * bytes, st));
  }
  return TF_OK;
}

TF_Code dense_table_remove(DenseTable *t, const Tensor *keys, TF_Status *st) {
  int64_t n, bucket;
  TRY(count_keys(t, keys, &n, st));
  for (int64_t i = 0; i < n; i++) {
    TRY(find_key(t, key_at(t, keys, i), &bucket, st));
    if (bucket < 0) continue;
    TRY(tensor_copy_range(&t->keys, bucket * t->key_size, &t->deleted_key, 0, t->key_size, st));
    t->count--;
  }
  return TF_OK;
}

TF_Code dense_table_import(DenseTable *t, const Tensor *keys, const Tensor *values, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  int64_t n = keys->rank ? keys->dims[0] : 0, want[2] = {n, t->value_size};
  if (keys->rank != 2 || keys->dims[1] != t->key_size)
    return fail(st, TF_INVALID_ARGUMENT, "Expected key shape %s got %s",
                shape_text((int64_t[]){n, t->key_size}, 2, a, sizeof a),
                shape_text(keys->dims, keys->rank, b, sizeof b));
  if (values->rank != 2 || values->dims[0] != n || values->dims[1] != t->value_size)
    return fail(st, TF_INVALID_ARGUMENT, "Expected shape %s for value, got %s",
                shape_text(want, 2, a, sizeof a), shape_text(values->dims, values->rank, b, sizeof b));
  TRY(alloc_buckets(t, n, st));
  TRY(tensor_copy_range(&t->keys, 0, keys, 0, n * t->key_size, st));
  TRY(tensor_copy_range(&t->values, 0, values, 0, n * t->value_size, st));
  for (int64_t i = 0; i < n; i++)
    t->count += !is_empty(t, key_at(t, keys, i)) && !is_deleted(t, key_at(t, keys, i));
  return TF_OK;
}

TF_Code dense_table_export(const DenseTable *t, Tensor *keys, Tensor *values, TF_Status *st) {
  TRY(tensor_copy(keys, &t->keys, st));
  if (!tensor_copy(values, &t->values, st)) return TF_OK;
  tensor_clear(keys);
  return TF_GetCode(st);
}
