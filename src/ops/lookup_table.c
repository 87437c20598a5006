/* Open addressing with linear probing over entries that stand in arrays; removing moves the last entry into
 * the gap. */
#include "ops/lookup_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/map.h"

static size_t value_bytes(const LookupTable *t) { return (size_t)t->value_size * dtype_size(t->value_dtype); }

static void destroy_elements(TF_DataType dtype, void *elements, int64_t n) {
  if (dtype == TF_STRING)
    for (int64_t i = 0; i < n; i++) TF_StringDealloc((TF_TString *)elements + i);
  else if (dtype_is_object(dtype))
    for (int64_t i = 0; i < n; i++) object_unref(((Object **)elements)[i]);
}

/* Frees what the arrays hold; the table is then empty. */
static void forget(LookupTable *t) {
  if (t->keys) destroy_elements(t->key_dtype, t->keys, t->count);
  if (t->values) destroy_elements(t->value_dtype, t->values, t->count * t->value_size);
  free(t->keys);
  free(t->values);
  free(t->hashes);
  free(t->slots);
  t->keys = t->values = NULL;
  t->hashes = NULL;
  t->slots = NULL;
  t->count = t->capacity = t->slot_count = 0;
}

static void table_destroy(Object *o) {
  LookupTable *t = (LookupTable *)o;
  forget(t);
  dense_table_free(t->dense);
  pthread_rwlock_destroy(&t->lock);
  free(t->container);
  free(t->name);
  free(t);
}

const ObjectType lookup_table_type = {"N10tensorflow6lookup15LookupInterfaceE", table_destroy};

TF_Code lookup_table_new(LookupTable **out, TF_DataType key, TF_DataType value, bool is_static,
                         int value_rank, int64_t value_size, const char *container, const char *name,
                         TF_Status *st) {
  LookupTable *t = calloc(1, sizeof *t);
  if (!t) return fail_oom(st, "a table");
  object_init(&t->object, &lookup_table_type);
  pthread_rwlock_init(&t->lock, NULL);
  t->key_dtype = key;
  t->value_dtype = value;
  t->is_static = is_static;
  t->value_rank = value_rank;
  t->value_size = value_size;
  t->container = strdup(container);
  t->name = strdup(name);
  if (!t->container || !t->name) return table_destroy(&t->object), fail_oom(st, "a table");
  *out = t;
  return TF_OK;
}

TF_Code lookup_table_new_dense(LookupTable **out, DenseTable *dense, int value_rank, const char *container,
                               const char *name, TF_Status *st) {
  TF_Code code = lookup_table_new(out, dense->key_dtype, dense->value_dtype, false, value_rank,
                                  dense->value_size, container, name, st);
  if (code) dense_table_free(dense);
  else (*out)->dense = dense;
  return code;
}

TF_Code lookup_table_of_handle(const Tensor *handle, LookupTable **out, TF_Status *st) {
  if (handle->dtype != TF_RESOURCE || tensor_count(handle) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "a table's handle must be a scalar resource");
  Object *o = *(Object **)handle->data;
  if (!o || o->type != &lookup_table_type)
    return fail(st, TF_INVALID_ARGUMENT,
                "Trying to access a handle's resource using the wrong type. The handle points to a resource "
                "of type '%s' "
                "but you are trying to access the resource as type 'tensorflow::lookup::LookupInterface'",
                o ? o->type->name : "none");
  *out = (LookupTable *)o;
  return TF_OK;
}

/* ---- entries ---- */

static const void *element(TF_DataType dtype, const void *elements, int64_t i) {
  return (const char *)elements + (size_t)i * dtype_size(dtype);
}

static uint64_t key_hash(TF_DataType dtype, const void *key) {
  if (dtype == TF_STRING) {
    size_t size;
    const char *data = tstring_data(key, &size);
    return map_hash(data, size);
  }
  return map_hash(key, dtype_size(dtype));
}

static bool key_equal(TF_DataType dtype, const void *a, const void *b) {
  if (dtype != TF_STRING) return !memcmp(a, b, dtype_size(dtype));
  size_t x, y;
  const char *p = tstring_data(a, &x), *q = tstring_data(b, &y);
  return x == y && !memcmp(p, q, x);
}

/* The entry of a key, or -1; *slot is where it stands or would stand. */
static int64_t find_entry(const LookupTable *t, const void *key, uint64_t hash, int64_t *slot) {
  if (!t->slot_count) return -1;
  int64_t mask = t->slot_count - 1;
  for (int64_t s = (int64_t)(hash & (uint64_t)mask);; s = (s + 1) & mask) {
    *slot = s;
    if (!t->slots[s]) return -1;
    int64_t e = t->slots[s] - 1;
    if (t->hashes[e] == hash && key_equal(t->key_dtype, element(t->key_dtype, t->keys, e), key)) return e;
  }
}

static void put_slot(LookupTable *t, int64_t entry) {
  int64_t mask = t->slot_count - 1, s = (int64_t)(t->hashes[entry] & (uint64_t)mask);
  while (t->slots[s]) s = (s + 1) & mask;
  t->slots[s] = (uint32_t)entry + 1;
}

static bool grow_array(void **array, size_t item, int64_t from, int64_t to) {
  size_t bytes;
  if (!checked_mul(item, (size_t)to, &bytes)) return false;
  void *p = realloc(*array, bytes ? bytes : 1);
  if (!p) return false;
  memset((char *)p + item * (size_t)from, 0, item * (size_t)(to - from));
  *array = p;
  return true;
}

/* Room for `extra` more entries. */
static TF_Code reserve(LookupTable *t, int64_t extra, TF_Status *st) {
  int64_t want = t->count + extra, capacity = t->capacity ? t->capacity : 16;
  if (want <= t->capacity) return TF_OK;
  while (capacity < want) capacity *= 2;
  if (capacity > INT32_MAX)
    return fail(st, TF_RESOURCE_EXHAUSTED, "a table of more than %d entries", INT32_MAX);
  void *hashes = t->hashes;
  bool ok = grow_array(&t->keys, dtype_size(t->key_dtype), t->capacity, capacity) &&
            grow_array(&t->values, value_bytes(t), t->capacity, capacity);
  if (ok) {
    ok = grow_array(&hashes, sizeof *t->hashes, t->capacity, capacity);
    t->hashes = hashes;
  }
  uint32_t *slots = ok ? calloc((size_t)capacity * 2, sizeof *slots) : NULL;
  if (!slots) return fail_oom(st, "a table");
  free(t->slots);
  t->slots = slots;
  t->slot_count = capacity * 2;
  t->capacity = capacity;
  for (int64_t i = 0; i < t->count; i++) put_slot(t, i);
  return TF_OK;
}

static void *value_of(const LookupTable *t, int64_t entry) {
  return (char *)t->values + (size_t)entry * value_bytes(t);
}

static TF_Code append(LookupTable *t, const void *key, uint64_t hash, const void *value, TF_Status *st) {
  TRY(reserve(t, 1, st));
  int64_t e = t->count;
  void *at = (char *)t->keys + (size_t)e * dtype_size(t->key_dtype);
  TRY(elements_copy(t->key_dtype, at, key, 1, st));
  if (elements_copy(t->value_dtype, value_of(t, e), value, t->value_size, st)) return TF_GetCode(st);
  t->hashes[e] = hash;
  t->count++;
  put_slot(t, e);
  return TF_OK;
}

/* ---- static tables ---- */

static bool values_equal(const LookupTable *t, const void *a, const void *b) {
  for (int64_t i = 0; i < t->value_size; i++) {
    const void *x = element(t->value_dtype, a, i), *y = element(t->value_dtype, b, i);
    if (t->value_dtype == TF_FLOAT) {
      if (*(const float *)x != *(const float *)y) return false;
    } else if (t->value_dtype == TF_DOUBLE) {
      if (*(const double *)x != *(const double *)y) return false;
    } else if (!key_equal(t->value_dtype, x, y)) {
      return false;
    }
  }
  return true;
}

/* A key or value as messages show it. */
static void put_element(Bytes *b, TF_DataType dtype, const void *e) {
  size_t size;
  const char *data;
  switch (dtype) {
    case TF_STRING:
      data = tstring_data(e, &size);
      bytes_append(b, data, size);
      break;
    case TF_INT32: bytes_printf(b, "%d", *(const int32_t *)e); break;
    case TF_INT64: bytes_printf(b, "%lld", (long long)*(const int64_t *)e); break;
    case TF_FLOAT: bytes_printf(b, "%g", (double)*(const float *)e); break;
    case TF_DOUBLE: bytes_printf(b, "%g", *(const double *)e); break;
    case TF_BOOL: bytes_puts(b, *(const uint8_t *)e ? "1" : "0"); break;
    default: bytes_puts(b, "?"); break;
  }
}

static TF_Code fail_different(const LookupTable *t, const void *key, const void *has, const void *adds,
                              TF_Status *st) {
  Bytes b = {0};
  bytes_puts(&b, "HashTable has different value for same key. Key ");
  put_element(&b, t->key_dtype, key);
  bytes_puts(&b, " has ");
  put_element(&b, t->value_dtype, has);
  bytes_puts(&b, " and trying to add value ");
  put_element(&b, t->value_dtype, adds);
  TF_Code code = fail(st, TF_FAILED_PRECONDITION, "%s",
                      b.data ? b.data : "HashTable has different value for same key.");
  bytes_clear(&b);
  return code;
}

static TF_Code fill(LookupTable *t, const void *keys, const void *values, int64_t size, TF_Status *st) {
  TRY(reserve(t, size, st));
  for (int64_t i = 0; i < size; i++) {
    const void *key = element(t->key_dtype, keys, i);
    const void *value = (const char *)values + (size_t)i * value_bytes(t);
    uint64_t hash = key_hash(t->key_dtype, key);
    int64_t slot, e = find_entry(t, key, hash, &slot);
    if (e < 0) TRY(append(t, key, hash, value, st));
    else if (!values_equal(t, value_of(t, e), value))
      return fail_different(t, key, value_of(t, e), value, st);
  }
  return TF_OK;
}

TF_Code lookup_table_initialize(LookupTable *t, const void *keys, const void *values, int64_t size,
                                TF_Status *st) {
  TF_Code code = TF_OK;
  pthread_rwlock_wrlock(&t->lock);
  if (t->initialized) {
    if (size != t->count)
      code = fail(st, TF_FAILED_PRECONDITION, "Table was already initialized with different data.");
  } else {
    code = fill(t, keys, values, size, st);
    if (code) forget(t);
    else t->initialized = true;
  }
  pthread_rwlock_unlock(&t->lock);
  return code;
}

/* ---- reading ---- */

TF_Code lookup_table_find(LookupTable *t, const void *keys, int64_t n, const void *defaults, int default_step,
                          void *out, TF_Status *st) {
  TF_Code code = TF_OK;
  size_t bytes = value_bytes(t);
  pthread_rwlock_rdlock(&t->lock);
  if (t->is_static && !t->initialized) code = fail(st, TF_FAILED_PRECONDITION, "Table not initialized.");
  for (int64_t i = 0; !code && i < n; i++) {
    const void *key = element(t->key_dtype, keys, i);
    int64_t slot, e = find_entry(t, key, key_hash(t->key_dtype, key), &slot);
    const void *value = e >= 0 ? value_of(t, e) : (const char *)defaults + (size_t)(default_step * i) * bytes;
    code = elements_copy(t->value_dtype, (char *)out + (size_t)i * bytes, value, t->value_size, st);
  }
  pthread_rwlock_unlock(&t->lock);
  return code;
}

int64_t lookup_table_size(LookupTable *t) {
  pthread_rwlock_rdlock(&t->lock);
  int64_t n = t->dense ? t->dense->count : t->count;
  pthread_rwlock_unlock(&t->lock);
  return n;
}

static TF_Code export_entries(const LookupTable *t, Tensor *keys, Tensor *values, TF_Status *st) {
  int64_t dims[2] = {t->count, t->value_size};
  if (t->is_static && !t->initialized) return fail(st, TF_ABORTED, "HashTable is not initialized.");
  TRY(tensor_alloc(keys, t->key_dtype, dims, 1, st));
  TRY(tensor_alloc(values, t->value_dtype, dims, 1 + t->value_rank, st));
  TRY(elements_copy(t->key_dtype, keys->data, t->keys, t->count, st));
  return elements_copy(t->value_dtype, values->data, t->values, t->count * t->value_size, st);
}

TF_Code lookup_table_export(LookupTable *t, Tensor *keys, Tensor *values, TF_Status *st) {
  pthread_rwlock_rdlock(&t->lock);
  TF_Code code = t->dense ? dense_table_export(t->dense, keys, values, st)
                          : export_entries(t, keys, values, st);
  pthread_rwlock_unlock(&t->lock);
  if (code) {
    tensor_clear(keys);
    tensor_clear(values);
  }
  return code;
}

/* ---- dense tables ---- */

TF_Code lookup_dense_find(LookupTable *t, const Tensor *keys, const void *defaults, void *out,
                          TF_Status *st) {
  pthread_rwlock_rdlock(&t->lock);
  TF_Code code = dense_table_find(t->dense, keys, defaults, out, st);
  pthread_rwlock_unlock(&t->lock);
  return code;
}

TF_Code lookup_dense_insert(LookupTable *t, const Tensor *keys, const void *values, TF_Status *st) {
  pthread_rwlock_wrlock(&t->lock);
  TF_Code code = dense_table_insert(t->dense, keys, values, st);
  pthread_rwlock_unlock(&t->lock);
  return code;
}

TF_Code lookup_dense_import(LookupTable *t, const Tensor *keys, const Tensor *values, TF_Status *st) {
  pthread_rwlock_wrlock(&t->lock);
  TF_Code code = dense_table_import(t->dense, keys, values, st);
  pthread_rwlock_unlock(&t->lock);
  return code;
}

TF_Code lookup_dense_remove(LookupTable *t, const Tensor *keys, TF_Status *st) {
  pthread_rwlock_wrlock(&t->lock);
  TF_Code code = dense_table_remove(t->dense, keys, st);
  pthread_rwlock_unlock(&t->lock);
  return code;
}

/* ---- mutable tables ---- */

TF_Code lookup_table_insert(LookupTable *t, const void *keys, const void *values, int64_t n, bool clear,
                            TF_Status *st) {
  TF_Code code = TF_OK;
  pthread_rwlock_wrlock(&t->lock);
  if (clear) forget(t);
  for (int64_t i = 0; !code && i < n; i++) {
    const void *key = element(t->key_dtype, keys, i);
    const void *value = (const char *)values + (size_t)i * value_bytes(t);
    uint64_t hash = key_hash(t->key_dtype, key);
    int64_t slot, e = find_entry(t, key, hash, &slot);
    code = e < 0 ? append(t, key, hash, value, st)
                 : elements_copy(t->value_dtype, value_of(t, e), value, t->value_size, st);
  }
  pthread_rwlock_unlock(&t->lock);
  return code;
}

/* Takes entry e out of the arrays: the last one moves into its place. Slots are not valid afterwards. */
static void take_out(LookupTable *t, int64_t e) {
  size_t key_size = dtype_size(t->key_dtype), size = value_bytes(t);
  int64_t last = --t->count;
  char *key = (char *)t->keys + (size_t)e * key_size, *last_key = (char *)t->keys + (size_t)last * key_size;
  destroy_elements(t->key_dtype, key, 1);
  destroy_elements(t->value_dtype, value_of(t, e), t->value_size);
  if (e != last) {
    memcpy(key, last_key, key_size);
    memcpy(value_of(t, e), value_of(t, last), size);
    t->hashes[e] = t->hashes[last];
  }
  memset(last_key, 0, key_size);
  memset(value_of(t, last), 0, size);
}

TF_Code lookup_table_remove(LookupTable *t, const void *keys, int64_t n, TF_Status *st) {
  (void)st;
  pthread_rwlock_wrlock(&t->lock);
  for (int64_t i = 0; i < n; i++) {
    const void *key = element(t->key_dtype, keys, i);
    int64_t slot, e = find_entry(t, key, key_hash(t->key_dtype, key), &slot);
    if (e < 0) continue;
    int64_t last = t->count - 1, mask = t->slot_count - 1;
    /* Close the gap in the probe sequence, then tell the moved entry's slot its new place. */
    int64_t gap = slot;
    t->slots[gap] = 0;
    for (int64_t s = (gap + 1) & mask; t->slots[s]; s = (s + 1) & mask) {
      int64_t home = (int64_t)(t->hashes[t->slots[s] - 1] & (uint64_t)mask);
      if (((s - home) & mask) < ((s - gap) & mask)) continue;
      t->slots[gap] = t->slots[s];
      t->slots[s] = 0;
      gap = s;
    }
    if (e != last) {
      int64_t s = (int64_t)(t->hashes[last] & (uint64_t)mask);
      while (t->slots[s] != (uint32_t)last + 1) s = (s + 1) & mask;
      t->slots[s] = (uint32_t)e + 1;
    }
    take_out(t, e);
  }
  pthread_rwlock_unlock(&t->lock);
  return TF_OK;
}
