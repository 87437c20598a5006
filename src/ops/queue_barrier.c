/* Barriers of TensorFlow 1: values that come component by component under string keys, and leave as tuples
 * when a key has all of its components. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ops/array_util.h"
#include "ops/named_object.h"
#include "ops/queue_object.h"
#include "ops/state_vars.h"
#include "ops/tensor_array.h"

typedef struct BarrierEntry {
  TF_TString key;
  int64_t index; /* of the insertion that brought the key */
  int missing;
  Tensor *values; /* [num_components] */
} BarrierEntry;

typedef struct Barrier {
  Object object;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  char *name;
  int num_components, num_shapes;
  TF_DataType *types;
  Shape *shapes;
  bool closed, cancelled;
  int64_t insertions;
  BarrierEntry *entries; /* as their keys came */
  size_t size, cap;
} Barrier;

static void entry_clear(const Barrier *b, BarrierEntry *e) {
  for (int k = 0; e->values && k < b->num_components; k++) tensor_clear(&e->values[k]);
  free(e->values);
  tstring_set(&e->key, "", 0);
}

static void barrier_destroy(Object *o) {
  Barrier *b = (Barrier *)o;
  for (size_t i = 0; i < b->size; i++) entry_clear(b, &b->entries[i]);
  free(b->entries);
  free(b->types);
  free(b->shapes);
  free(b->name);
  pthread_cond_destroy(&b->changed);
  pthread_mutex_destroy(&b->lock);
  free(b);
}

static const ObjectType barrier_type = {"N10tensorflow7barrier7BarrierE", barrier_destroy};

/* ---- making one ---- */

static TF_Code create_barrier(void *arg, Object **out, TF_Status *st) {
  const OpInit *k = arg;
  const Attr *types = node_attr(k->node, "component_types"), *shapes = node_attr(k->node, "shapes");
  int64_t n = types->count, m = shapes ? shapes->count : 0;
  Barrier *b = calloc(1, sizeof *b);
  if (!b) return fail_oom(st, "a barrier");
  object_init(&b->object, &barrier_type);
  pthread_mutex_init(&b->lock, NULL);
  clock_cond_init(&b->changed);
  b->types = malloc(((size_t)n + 1) * sizeof *b->types);
  b->shapes = malloc(((size_t)m + 1) * sizeof *b->shapes);
  b->name = strdup(k->name);
  if (!b->types || !b->shapes || !b->name) return object_unref(b), fail_oom(st, "a barrier");
  memcpy(b->types, types->v.list_type, (size_t)n * sizeof *b->types);
  if (m) memcpy(b->shapes, shapes->v.list_shape, (size_t)m * sizeof *b->shapes);
  b->num_components = (int)n;
  b->num_shapes = (int)m;
  *out = &b->object;
  return TF_OK;
}

static TF_Code barrier_init(OpInit *k, TF_Status *st) {
  NamedObject *s = k->state;
  const Attr *types = node_attr(k->node, "component_types"), *shapes = node_attr(k->node, "shapes");
  const char *container, *name;
  int64_t capacity;
  TRY(node_attr_int(k->node, "capacity", &capacity, st));
  if (capacity != -1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Barrier only accepts capacity=-1.  Feed the inputs to your Barrier through a queue to "
                "enforce a limited "
                "capacity.");
  if (!types || !types->is_list || types->count < 1 || types->count > INT32_MAX ||
      (shapes && shapes->count && shapes->count != types->count))
    return fail(st, TF_INVALID_ARGUMENT, "{{node %s}} needs as many shapes as types", k->name);
  TRY(state_names(k, &container, &name, st));
  TRY(resource_find_or_create(k->resources, &barrier_type, container, name, create_barrier, k, &s->object,
                              st));
  return named_object_handle(k, container, name, st);
}

/* Runs `f` under the lock of input 0's barrier. */
static TF_Code with_barrier(OpCtx *c, TF_Code (*f)(OpCtx *, Barrier *, TF_Status *), TF_Status *st) {
  Variable *v = op_ref(c, 0);
  Barrier *b = v && c->env ? (Barrier *)resource_find(c->env->resources, &barrier_type, v->container, v->name)
                           : NULL;
  if (!b) return fail(st, TF_NOT_FOUND, "Resource %s does not exist.", barrier_type.name);
  pthread_mutex_lock(&b->lock);
  TF_Code code = f(c, b, st);
  pthread_cond_broadcast(&b->changed);
  pthread_mutex_unlock(&b->lock);
  object_unref(b);
  return code;
}

/* ---- inserting ---- */

static bool same_key(const TF_TString *a, const TF_TString *b) {
  size_t n, m;
  const char *x = tstring_data(a, &n), *y = tstring_data(b, &m);
  return n == m && !memcmp(x, y, n);
}

static int64_t count_entries(const Barrier *b, bool ready) {
  int64_t n = 0;
  for (size_t i = 0; i < b->size; i++) n += (b->entries[i].missing == 0) == ready;
  return n;
}

/* The key's entry that is not complete yet, perhaps a new one. */
static TF_Code entry_for(Barrier *b, const TF_TString *key, BarrierEntry **out, TF_Status *st) {
  for (size_t i = 0; i < b->size; i++)
    if (b->entries[i].missing && same_key(&b->entries[i].key, key)) return *out = &b->entries[i], TF_OK;
  if (b->closed)
    return fail(
        st, TF_CANCELLED,
        "Barrier %s is closed.  Pending enqueues cancelled: %d.  Number of new insertions: 1.  Number of "
        "incomplete keys: %lld.",
        b->name, b->cancelled, (long long)count_entries(b, false));
  if (b->size == b->cap) {
    size_t want = b->cap ? 2 * b->cap : 8;
    BarrierEntry *grown = realloc(b->entries, want * sizeof *grown);
    if (!grown) return fail_oom(st, "a barrier");
    b->entries = grown;
    b->cap = want;
  }
  BarrierEntry e = {.index = INT64_MIN + b->insertions, .missing = b->num_components};
  size_t n;
  const char *text = tstring_data(key, &n);
  e.values = calloc((size_t)b->num_components, sizeof *e.values);
  if (!e.values || !tstring_set(&e.key, text, n)) return free(e.values), fail_oom(st, "a barrier");
  b->entries[b->size] = e;
  *out = &b->entries[b->size++];
  return TF_OK;
}

static TF_Code insert_value(Barrier *b, BarrierEntry *e, int k, const Tensor *values, int64_t i,
                            TF_Status *st) {
  size_t size;
  const char *text = tstring_data(&e->key, &size);
  if (e->values[k].dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Key %.*s already has a value for component %d in barrier %s",
                (int)size, text, k, b->name);
  TRY(tensor_alloc(&e->values[k], values->dtype, values->dims + 1, values->rank - 1, st));
  int64_t n = tensor_count(&e->values[k]);
  e->missing--;
  const char *from = (const char *)values->data + (size_t)(i * n) * dtype_size(values->dtype);
  return n ? elements_copy(values->dtype, e->values[k].data, from, n, st) : TF_OK;
}

static TF_Code insert_locked(OpCtx *c, Barrier *b, TF_Status *st) {
  const Tensor *keys = op_input(c, 1), *values = op_input(c, 2);
  int64_t k;
  TRY(node_attr_int(c->node, "component_index", &k, st));
  if (k < 0 || k >= b->num_components)
    return fail(st, TF_INVALID_ARGUMENT, "The component ID is out of range %lld > num_components = %d",
                (long long)k, b->num_components);
  if (values->dtype != b->types[k])
    return fail(st, TF_INVALID_ARGUMENT, "Expected a value of %s, got %s", dtype_name(b->types[k]),
                dtype_name(values->dtype));
  if (keys->rank != 1 || values->rank < 1 || values->dims[0] != keys->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "a barrier takes as many values as keys");
  if (b->num_shapes && !shape_allows(&b->shapes[k], values->dims + 1, values->rank - 1))
    return fail(st, TF_INVALID_ARGUMENT, "the values have another shape than component %lld of the barrier",
                (long long)k);
  TRY(tensor_check_storable(values, st));
  if (b->cancelled)
    return fail(
        st, TF_CANCELLED,
        "Barrier %s is closed.  Pending enqueues cancelled: 1.  Number of new insertions: %lld.  Number of "
        "incomplete keys: %lld.",
        b->name, (long long)keys->dims[0], (long long)count_entries(b, false));
  TF_Code code = TF_OK;
  size_t before = b->size;
  for (int64_t i = 0; !code && i < keys->dims[0]; i++) {
    BarrierEntry *e = NULL;
    code = entry_for(b, (const TF_TString *)keys->data + i, &e, st);
    if (!code) code = insert_value(b, e, (int)k, values, i, st);
  }
  if (b->size > before) b->insertions++;
  return code;
}

/* ---- taking ---- */

/* Component k of the first `n` complete entries, behind one another. */
static TF_Code stack_values(OpCtx *c, const Barrier *b, int64_t n, int k, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK] = {n}, at = 0, count = 0;
  for (size_t i = 0; i < b->size && at < n; i++) {
    const BarrierEntry *e = &b->entries[i];
    if (e->missing) continue;
    const Tensor *t = &e->values[k];
    if (at == 0) {
      memcpy(dims + 1, t->dims, (size_t)t->rank * sizeof *dims);
      TRY(op_alloc_output(c, 2 + k, b->types[k], dims, t->rank + 1, st));
      count = tensor_count(t);
    }
    const Tensor *out = &c->outputs[2 + k];
    if (t->rank + 1 != out->rank || memcmp(t->dims, out->dims + 1, (size_t)t->rank * sizeof *dims))
      return fail(st, TF_INVALID_ARGUMENT, "the values of component %d of the barrier differ in shape", k);
    char *to = (char *)out->data + (size_t)(at++ * count) * dtype_size(b->types[k]);
    if (count) TRY(elements_copy(b->types[k], to, t->data, count, st));
  }
  return TF_OK;
}

static TF_Code give_entries(OpCtx *c, Barrier *b, int64_t n, TF_Status *st) {
  size_t left = 0;
  int64_t at = 0;
  TRY(op_alloc_output(c, 0, TF_INT64, &n, 1, st));
  TRY(op_alloc_output(c, 1, TF_STRING, &n, 1, st));
  for (int k = 0; k < b->num_components; k++) TRY(stack_values(c, b, n, k, st));
  for (size_t i = 0; i < b->size; i++) {
    BarrierEntry *e = &b->entries[i];
    if (e->missing || at >= n) {
      b->entries[left++] = *e;
      continue;
    }
    size_t size;
    const char *text = tstring_data(&e->key, &size);
    ((int64_t *)c->outputs[0].data)[at] = e->index;
    bool ok = tstring_set((TF_TString *)c->outputs[1].data + at++, text, size);
    entry_clear(b, e);
    if (!ok) fail_oom(st, "a key");
  }
  b->size = left;
  return TF_GetCode(st);
}

static TF_Code take_locked(OpCtx *c, Barrier *b, TF_Status *st) {
  const Tensor *wanted = op_input(c, 1);
  bool small, incomplete;
  TRY(node_attr_bool(c->node, "allow_small_batch", &small, st));
  TRY(node_attr_bool(c->node, "wait_for_incomplete", &incomplete, st));
  if (c->num_outputs != 2 + b->num_components)
    return fail(st, TF_INVALID_ARGUMENT, "the barrier has %d components", b->num_components);
  for (int k = 0; k < b->num_components; k++)
    if (c->node->output_types[2 + k] != b->types[k])
      return fail(st, TF_INVALID_ARGUMENT, "Expected a value of %s, got %s", dtype_name(b->types[k]),
                  dtype_name(c->node->output_types[2 + k]));
  int64_t n = tensor_count(wanted) == 1 ? *(const int32_t *)wanted->data : -1, ready;
  if (n <= 0) return fail(st, TF_INVALID_ARGUMENT, "num_elements must be a positive scalar");
  while ((ready = count_entries(b, true)) < n) {
    bool more = !b->closed || (incomplete && !b->cancelled && count_entries(b, false) > 0);
    if (!more && small && ready > 0) {
      n = ready;
      break;
    }
    if (!more) /* TF: of a small batch it says what is there */
      return fail(st, TF_OUT_OF_RANGE,
                  "Barrier '%s' is closed and has insufficient elements (requested %lld, total size %lld)",
                  b->name, (long long)(small ? ready : n), (long long)ready);
    TRY(queue_wait(&b->changed, &b->lock, c->env, st));
  }
  return give_entries(c, b, n, st);
}

/* ---- closing and asking ---- */

static TF_Code close_locked(OpCtx *c, Barrier *b, TF_Status *st) {
  bool cancel;
  TRY(node_attr_bool(c->node, "cancel_pending_enqueues", &cancel, st));
  if (b->closed && (b->cancelled || !cancel))
    return fail(st, TF_CANCELLED, "Barrier '%s' is already closed.", b->name);
  b->closed = true;
  b->cancelled = cancel;
  return TF_OK;
}

static TF_Code ready_locked(OpCtx *c, Barrier *b, TF_Status *st) {
  (void)st;
  *(int32_t *)c->outputs[0].data = (int32_t)count_entries(b, true);
  return TF_OK;
}

static TF_Code incomplete_locked(OpCtx *c, Barrier *b, TF_Status *st) {
  (void)st;
  *(int32_t *)c->outputs[0].data = (int32_t)count_entries(b, false);
  return TF_OK;
}

static TF_Code insert_run(OpCtx *c, TF_Status *st) { return with_barrier(c, insert_locked, st); }
static TF_Code take_run(OpCtx *c, TF_Status *st) { return with_barrier(c, take_locked, st); }
static TF_Code close_run(OpCtx *c, TF_Status *st) { return with_barrier(c, close_locked, st); }
static TF_Code ready_run(OpCtx *c, TF_Status *st) { return with_barrier(c, ready_locked, st); }
static TF_Code incomplete_run(OpCtx *c, TF_Status *st) { return with_barrier(c, incomplete_locked, st); }

const OpRow ops_queue_barrier[] = {
    {"Barrier", NAMED_OBJECT_REF(barrier_init)},
    {"BarrierInsertMany", .flags = OP_STATEFUL, .shape = shape_none, .run = insert_run},
    {"BarrierTakeMany", .flags = OP_STATEFUL | OP_DYNAMIC | OP_BLOCKING, .shape = shape_unknown_outputs,
     .run = take_run},
    {"BarrierClose", .flags = OP_STATEFUL, .shape = shape_none, .run = close_run},
    {"BarrierReadySize", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
     .run = ready_run},
    {"BarrierIncompleteSize", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
     .run = incomplete_run},
    {0}};
