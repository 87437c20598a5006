/* EmptyTensorMap, TensorMapInsert, -Lookup, -Erase, -HasKey, -Size, -StackKeys: a variant that maps tensors
 * to tensors.
 *
 * Maps are values: who changes one makes a new one that shares the tensors, unless nobody else has it. Keys
 * are equal when dtype, shape and elements are. Variants are refused as keys and values: maps in maps could
 * nest without end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "ops/array_util.h"
#include "ops/string_util.h"

typedef struct MapItem {
  uint64_t hash; /* of the key's elements */
  Tensor key, value;
} MapItem;

typedef struct TensorMap {
  Object object;
  size_t count, capacity;
  MapItem *items; /* in the order of insertion */
} TensorMap;

static void map_destroy(Object *object) {
  TensorMap *m = (TensorMap *)object;
  for (size_t i = 0; i < m->count; i++) {
    tensor_clear(&m->items[i].key);
    tensor_clear(&m->items[i].value);
  }
  free(m->items);
  free(m);
}

static const ObjectType tensor_map_type = {"tensorflow::TensorMap", map_destroy};

/* A map of the same items, with room for one more. */
static TF_Code map_copy(const TensorMap *from, TensorMap **out, TF_Status *st) {
  TensorMap *m = calloc(1, sizeof *m);
  if (!m) return fail_oom(st, "a tensor map");
  object_init(&m->object, &tensor_map_type);
  m->capacity = (from ? from->count : 0) + 1;
  m->items = calloc(m->capacity, sizeof *m->items);
  if (!m->items) return map_destroy(&m->object), fail_oom(st, "a tensor map");
  for (; from && m->count < from->count; m->count++) {
    const MapItem *item = &from->items[m->count];
    m->items[m->count].hash = item->hash;
    tensor_share(&m->items[m->count].key, &item->key);
    tensor_share(&m->items[m->count].value, &item->value);
  }
  *out = m;
  return TF_OK;
}

static TF_Code map_room(TensorMap *m, TF_Status *st) {
  if (m->count < m->capacity) return TF_OK;
  MapItem *items = realloc(m->items, 2 * m->capacity * sizeof *items);
  if (!items) return fail_oom(st, "a tensor map");
  m->items = items;
  m->capacity *= 2;
  return TF_OK;
}

/* ---- keys ---- */

static uint64_t key_hash(const Tensor *t) {
  if (t->dtype != TF_STRING)
    return map_hash(t->data ? t->data : "", (size_t)tensor_count(t) * dtype_size(t->dtype));
  uint64_t h = 0;
  for (int64_t i = 0, n = tensor_count(t); i < n; i++)
    h = h * 31 + map_hash(string_at(t, i).data, string_at(t, i).size);
  return h;
}

static bool key_equal(const Tensor *a, const Tensor *b) {
  if (!tensor_same_shape(a, b)) return false;
  int64_t n = tensor_count(a);
  if (a->dtype != TF_STRING) return !n || !memcmp(a->data, b->data, (size_t)n * dtype_size(a->dtype));
  for (int64_t i = 0; i < n; i++) {
    Span x = string_at(a, i), y = string_at(b, i);
    if (x.size != y.size || memcmp(x.data, y.data, x.size)) return false;
  }
  return true;
}

/* The item of a key; m->count when there is none. */
static size_t map_find(const TensorMap *m, const Tensor *key) {
  uint64_t hash = key_hash(key);
  size_t i = 0;
  while (i < m->count && (m->items[i].hash != hash || !key_equal(&m->items[i].key, key))) i++;
  return i;
}

/* A scalar as messages show it; of others the shape. */
static TF_Code fail_no_key(const Tensor *t, const char *what, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (t->rank == 0 && t->dtype == TF_STRING) {
    Span s = string_at(t, 0);
    return fail(st, TF_INVALID_ARGUMENT, "Trying to %s. Could not find key \"%.*s\".", what, (int)s.size,
                (const char *)s.data);
  }
  if (t->rank == 0 && (t->dtype == TF_INT32 || t->dtype == TF_INT64))
    return fail(st, TF_INVALID_ARGUMENT, "Trying to %s. Could not find key \"%lld\".", what,
                (long long)int_at(t, 0));
  return fail(st, TF_INVALID_ARGUMENT, "Trying to %s. Could not find key of type %s and shape %s.", what,
              dtype_name(t->dtype), shape_text(t->dims, t->rank, text, sizeof text));
}

/* ---- ops ---- */

static TF_Code map_init(OpInit *k, TF_Status *st) {
  for (int i = 1; i < k->node->num_inputs; i++)
    if (k->node->input_types[i] == TF_VARIANT || k->node->input_types[i] == TF_RESOURCE)
      return fail(st, TF_UNIMPLEMENTED, "%s: keys and values of %s are not supported", k->node->op,
                  dtype_name(k->node->input_types[i]));
  return TF_OK;
}

static TF_Code map_of(const OpCtx *c, TensorMap **out, TF_Status *st) {
  const Tensor *t = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (t->dtype != TF_VARIANT || t->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Input map must be a scalar. Saw: %s",
                shape_text(t->dims, t->rank, text, sizeof text));
  Object *o = *(Object *const *)t->data;
  if (!o || o->type != &tensor_map_type)
    return fail(st, TF_INVALID_ARGUMENT, "Input handle is not a map. Saw: '%s'", o ? o->type->name : "null");
  *out = (TensorMap *)o;
  return TF_OK;
}

static TF_Code put_map(OpCtx *c, TensorMap *m, TF_Status *st) {
  TRY(op_alloc_output(c, 0, TF_VARIANT, NULL, 0, st));
  return elements_copy(TF_VARIANT, c->outputs[0].data, &(const void *){m}, 1, st);
}

static TF_Code empty_run(OpCtx *c, TF_Status *st) {
  TensorMap *m = NULL;
  TRY(map_copy(NULL, &m, st));
  TF_Code code = put_map(c, m, st);
  object_unref(m);
  return code;
}

/* Whether the map of input 0 may be changed where it is: nobody else has it. */
static bool is_own(const OpCtx *c, const TensorMap *m) {
  return op_input_ends(c, 0) &&
         atomic_load_explicit(&((TensorMap *)(uintptr_t)m)->object.refs, memory_order_acquire) == 1;
}

static TF_Code insert_into(OpCtx *c, TensorMap *m, TF_Status *st) {
  Tensor key = {0}, value = {0};
  size_t i = map_find(m, op_input(c, 1));
  TRY(map_room(m, st));
  TRY(op_keep_input(c, 2, &value, st));
  if (i == m->count) {
    if (op_keep_input(c, 1, &key, st)) {
      tensor_clear(&value);
      return TF_GetCode(st);
    }
    m->items[m->count++] = (MapItem){.hash = key_hash(&key), .key = key, .value = value};
    return TF_OK;
  }
  tensor_clear(&m->items[i].value);
  tensor_move(&m->items[i].value, &value);
  return TF_OK;
}

static TF_Code erase_from(OpCtx *c, TensorMap *m, TF_Status *st) {
  size_t i = map_find(m, op_input(c, 1));
  (void)st;
  tensor_clear(&m->items[i].key);
  tensor_clear(&m->items[i].value);
  memmove(m->items + i, m->items + i + 1, (--m->count - i) * sizeof *m->items);
  return TF_OK;
}

static TF_Code change(OpCtx *c, TensorMap *from, TF_Code (*how)(OpCtx *, TensorMap *, TF_Status *),
                      TF_Status *st) {
  TensorMap *m = NULL;
  if (is_own(c, from)) {
    TRY(how(c, from, st));
    op_pass_input(c, 0, 0);
    return TF_OK;
  }
  TRY(map_copy(from, &m, st));
  TF_Code code = how(c, m, st);
  if (!code) code = put_map(c, m, st);
  object_unref(m);
  return code;
}

static TF_Code insert_run(OpCtx *c, TF_Status *st) {
  TensorMap *m;
  TRY(map_of(c, &m, st));
  return change(c, m, insert_into, st);
}

static TF_Code erase_run(OpCtx *c, TF_Status *st) {
  TensorMap *m;
  TRY(map_of(c, &m, st));
  if (map_find(m, op_input(c, 1)) == m->count)
    return fail_no_key(op_input(c, 1), "erase non-existent item", st);
  return change(c, m, erase_from, st);
}

static TF_Code lookup_run(OpCtx *c, TF_Status *st) {
  TensorMap *m;
  Tensor value = {0};
  TRY(map_of(c, &m, st));
  size_t i = map_find(m, op_input(c, 1));
  if (i == m->count) return fail_no_key(op_input(c, 1), "lookup non-existent key", st);
  if (m->items[i].value.dtype != c->node->output_types[0])
    return fail(st, TF_INVALID_ARGUMENT, "Type mismatch: actual %s vs. expect %s",
                dtype_name(m->items[i].value.dtype), dtype_name(c->node->output_types[0]));
  tensor_share(&value, &m->items[i].value);
  op_take_output(c, 0, &value);
  return TF_OK;
}

static TF_Code has_key_run(OpCtx *c, TF_Status *st) {
  TensorMap *m;
  TRY(map_of(c, &m, st));
  TRY(op_alloc_output(c, 0, TF_BOOL, NULL, 0, st));
  *(bool *)c->outputs[0].data = map_find(m, op_input(c, 1)) < m->count;
  return TF_OK;
}

static TF_Code size_run(OpCtx *c, TF_Status *st) {
  TensorMap *m;
  TRY(map_of(c, &m, st));
  TRY(op_alloc_output(c, 0, TF_INT32, NULL, 0, st));
  *(int32_t *)c->outputs[0].data = (int32_t)m->count;
  return TF_OK;
}

static TF_Code stack_run(OpCtx *c, TF_Status *st) {
  TensorMap *m;
  TF_DataType dtype = c->node->output_types[0];
  int64_t dims[TENSOR_MAX_RANK];
  TRY(map_of(c, &m, st));
  if (!m->count) return fail(st, TF_INVALID_ARGUMENT, "TensorMapStackKeys cannot be called on empty map.");
  const Tensor *first = &m->items[0].key;
  for (size_t i = 0; i < m->count; i++)
    if (m->items[i].key.dtype != dtype)
      return fail(st, TF_INVALID_ARGUMENT, "Key does not match requested dtype.");
  for (size_t i = 1; i < m->count; i++)
    if (!tensor_same_shape(first, &m->items[i].key))
      return fail(st, TF_INVALID_ARGUMENT, "Keys must all have the same shape.");
  if (first->rank == TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "keys of rank %d", first->rank);
  dims[0] = (int64_t)m->count;
  memcpy(dims + 1, first->dims, (size_t)first->rank * sizeof *dims);
  TRY(op_alloc_output(c, 0, dtype, dims, first->rank + 1, st));
  int64_t size = tensor_count(first);
  for (size_t i = 0; i < m->count; i++)
    TRY(tensor_copy_range(&c->outputs[0], (int64_t)i * size, &m->items[i].key, 0, size, st));
  return TF_OK;
}

#define MAP_OP(NAME, SHAPE, RUN)                                                                           \
  {                                                                                                        \
    NAME, .types = "key_dtype: " TYPES_POD " string " TYPES_QUANTIZED_ALL, .flags = OP_DYNAMIC | OP_KEEPS, \
          .shape = SHAPE, .init = map_init, .run = RUN                                                     \
  }

const OpRow ops_tensor_map_ops[] = {
    {"EmptyTensorMap", .flags = OP_DYNAMIC, .shape = shape_scalar, .run = empty_run},
    MAP_OP("TensorMapInsert", shape_scalar, insert_run),
    MAP_OP("TensorMapErase", shape_scalar, erase_run),
    MAP_OP("TensorMapLookup", shape_unknown_outputs, lookup_run),
    MAP_OP("TensorMapHasKey", shape_scalar, has_key_run),
    {"TensorMapSize", .flags = OP_DYNAMIC, .shape = shape_scalar, .run = size_run},
    MAP_OP("TensorMapStackKeys", shape_unknown_outputs, stack_run),
    {0}};
