/* Staging areas: a queue of tuples (Stage, Unstage), and tuples by key (MapStage, MapUnstage and the Ordered
 * ones), each of a session's, found by container and name. What has to wait ends with its step. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ops/array_util.h"
#include "ops/queue_object.h"
#include "ops/state_vars.h"
#include "ops/tensor_array.h"

typedef struct Entry {
  int64_t key;
  int count; /* of values: of MapStage the number of dtypes, where those that are not there yet are none */
  bool complete;
  Tensor *values;
} Entry;

typedef struct Stage {
  Object object;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int64_t capacity, memory_limit; /* 0: any */
  int64_t bytes;
  Entry *entries; /* as they came; those of Ordered ones by key */
  size_t size, cap;
} Stage;

static void entry_clear(Entry *e) {
  for (int i = 0; i < e->count; i++) tensor_clear(&e->values[i]);
  free(e->values);
  *e = (Entry){0};
}

static void stage_destroy(Object *o) {
  Stage *s = (Stage *)o;
  for (size_t i = 0; i < s->size; i++) entry_clear(&s->entries[i]);
  free(s->entries);
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

static const ObjectType stage_type = {"N10tensorflow6BufferE", stage_destroy};
static const ObjectType map_type = {"N10tensorflow10StagingMapILb0EEE", stage_destroy};
static const ObjectType ordered_type = {"N10tensorflow10StagingMapILb1EEE", stage_destroy};

/* ---- finding it ---- */

typedef struct StageState {
  Stage *stage;
  int num_types; /* dtypes of a whole tuple */
  const TF_DataType *types;
  bool ordered;
} StageState;

typedef struct NewStage {
  const ObjectType *type;
  int64_t capacity, memory_limit;
} NewStage;

static TF_Code create_stage(void *arg, Object **out, TF_Status *st) {
  const NewStage *a = arg;
  Stage *s = calloc(1, sizeof *s);
  if (!s) return fail_oom(st, "a staging area");
  object_init(&s->object, a->type);
  pthread_mutex_init(&s->lock, NULL);
  clock_cond_init(&s->changed);
  s->capacity = a->capacity;
  s->memory_limit = a->memory_limit;
  *out = &s->object;
  return TF_OK;
}

static TF_Code stage_init(OpInit *k, TF_Status *st) {
  StageState *s = k->state;
  NewStage a = {.type = strstr(k->node->op, "Map") ? &map_type : &stage_type};
  const char *container, *name;
  Object *o;
  if (!strncmp(k->node->op, "Ordered", 7)) a.type = &ordered_type;
  s->ordered = a.type == &ordered_type;
  const Attr *types = node_attr(k->node, "dtypes");
  if (types && types->is_list && types->count <= INT32_MAX) {
    s->num_types = (int)types->count;
    s->types = types->v.list_type;
  }
  TRY(node_attr_int(k->node, "capacity", &a.capacity, st));
  TRY(node_attr_int(k->node, "memory_limit", &a.memory_limit, st));
  TRY(state_names(k, &container, &name, st));
  TRY(resource_find_or_create(k->resources, a.type, container, name, create_stage, &a, &o, st));
  s->stage = (Stage *)o;
  return TF_OK;
}

static void stage_clear(void *state) { object_unref(((StageState *)state)->stage); }

/* ---- entries; the lock is held ---- */

static int64_t bytes_of(const Tensor *t) { return (int64_t)((size_t)tensor_count(t) * dtype_size(t->dtype)); }

static int64_t entry_bytes(const Entry *e) {
  int64_t sum = 0;
  for (int i = 0; i < e->count; i++)
    if (e->values[i].dtype) sum += bytes_of(&e->values[i]);
  return sum;
}

/* A place at `at`. */
static TF_Code insert_entry(Stage *s, size_t at, Entry *e, TF_Status *st) {
  if (s->size == s->cap) {
    size_t want = s->cap ? 2 * s->cap : 8;
    Entry *grown = realloc(s->entries, want * sizeof *grown);
    if (!grown) return fail_oom(st, "a staging area");
    s->entries = grown;
    s->cap = want;
  }
  memmove(s->entries + at + 1, s->entries + at, (s->size - at) * sizeof *s->entries);
  s->entries[at] = *e;
  s->size++;
  *e = (Entry){0};
  return TF_OK;
}

static void remove_entry(Stage *s, size_t at) {
  s->bytes -= entry_bytes(&s->entries[at]);
  entry_clear(&s->entries[at]);
  memmove(s->entries + at, s->entries + at + 1, (s->size - at - 1) * sizeof *s->entries);
  s->size--;
}

static int64_t count_entries(const Stage *s, bool complete) {
  int64_t n = 0;
  for (size_t i = 0; i < s->size; i++) n += s->entries[i].complete == complete;
  return n;
}

/* Waits for room for one more entry of so many bytes. */
static TF_Code wait_for_room(Stage *s, const StepEnv *env, int64_t bytes, TF_Status *st) {
  if (s->memory_limit > 0 && bytes > s->memory_limit)
    return fail(st, TF_RESOURCE_EXHAUSTED,
                "Attempted to insert tensors with combined size of '%lld' bytes into Staging Area with a "
                "memory limit of "
                "'%lld'.",
                (long long)bytes, (long long)s->memory_limit);
  while ((s->capacity > 0 && count_entries(s, true) >= s->capacity) ||
         (s->memory_limit > 0 && s->bytes + bytes > s->memory_limit))
    TRY(queue_wait(&s->changed, &s->lock, env, st));
  return TF_OK;
}

/* An entry that keeps inputs `first` and after; input first + i is value places[i] of `count`. */
static TF_Code keep_values(OpCtx *c, int first, int count, const int32_t *places, Entry *e, TF_Status *st) {
  int n = c->num_inputs - first;
  e->values = calloc((size_t)count + 1, sizeof *e->values);
  if (!e->values) return fail_oom(st, "a staging area");
  e->count = count;
  for (int i = 0; i < n; i++) {
    TRY(tensor_check_storable(op_input(c, first + i), st));
    TRY(op_keep_input(c, first + i, &e->values[places ? places[i] : i], st));
  }
  return TF_OK;
}

/* Runs `f` under the lock; others look again at what they wait for. */
static TF_Code with_stage(OpCtx *c, TF_Code (*f)(OpCtx *, Stage *, TF_Status *), TF_Status *st) {
  Stage *s = ((const StageState *)c->state)->stage;
  if (!c->env) return fail(st, TF_FAILED_PRECONDITION, "a staging area is asked for outside of a run");
  pthread_mutex_lock(&s->lock);
  TF_Code code = f(c, s, st);
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
  return code;
}

/* ---- Stage, Unstage, StagePeek ---- */

static TF_Code stage_locked(OpCtx *c, Stage *s, TF_Status *st) {
  Entry e = {.complete = true};
  TF_Code code = keep_values(c, 0, c->num_inputs, NULL, &e, st);
  int64_t bytes = code ? 0 : entry_bytes(&e);
  if (!code) code = wait_for_room(s, c->env, bytes, st);
  if (!code) code = insert_entry(s, s->size, &e, st);
  if (!code) s->bytes += bytes;
  entry_clear(&e);
  return code;
}

static TF_Code give_values(OpCtx *c, const Entry *e, int first_output, const int32_t *places, TF_Status *st) {
  int n = c->num_outputs - first_output;
  for (int i = 0; i < n; i++) {
    const Tensor *t = &e->values[places ? places[i] : i];
    if (t->dtype != c->node->output_types[first_output + i])
      return fail(st, TF_INVALID_ARGUMENT, "Expected a tensor of %s, found %s",
                  dtype_name(c->node->output_types[first_output + i]), dtype_name(t->dtype));
    Tensor copy = {0};
    tensor_share(&copy, t);
    op_take_output(c, first_output + i, &copy);
  }
  return TF_OK;
}

static TF_Code take_at(OpCtx *c, Stage *s, size_t at, bool keep, TF_Status *st) {
  const Entry *e = &s->entries[at];
  if (e->count != c->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT, "Mismatch stage/unstage: %d vs. %d", e->count, c->num_outputs);
  TRY(give_values(c, e, 0, NULL, st));
  if (!keep) remove_entry(s, at);
  return TF_OK;
}

static TF_Code unstage_locked(OpCtx *c, Stage *s, TF_Status *st) {
  while (!s->size) TRY(queue_wait(&s->changed, &s->lock, c->env, st));
  return take_at(c, s, 0, false, st);
}

static TF_Code peek_locked(OpCtx *c, Stage *s, TF_Status *st) {
  const Tensor *index = op_input(c, 0);
  if (tensor_count(index) != 1) return fail(st, TF_INVALID_ARGUMENT, "index must be scalar");
  int64_t at = *(const int32_t *)index->data;
  if (at < 0) return fail(st, TF_INVALID_ARGUMENT, "index must be >= 0");
  while ((int64_t)s->size <= at) TRY(queue_wait(&s->changed, &s->lock, c->env, st));
  return take_at(c, s, (size_t)at, true, st);
}

/* ---- by key ---- */

static Entry *entry_of(Stage *s, int64_t key, bool complete, size_t *at) {
  for (size_t i = 0; i < s->size; i++)
    if (s->entries[i].key == key && s->entries[i].complete == complete) return *at = i, &s->entries[i];
  return NULL;
}

/* The indices of a tuple's parts: input `i`, strictly rising within the dtypes, `count` of them. */
static TF_Code check_indices(const OpCtx *c, int i, int64_t count, TF_Status *st) {
  const StageState *state = c->state;
  const Tensor *t = op_input(c, i);
  const int32_t *index = t->data;
  if (t->rank != 1 || t->dims[0] != count)
    return fail(st, TF_INVALID_ARGUMENT, "Number of indices %lld does not match the number of values %lld",
                (long long)tensor_count(t), (long long)count);
  for (int64_t k = 0; k < count; k++) {
    if (k && index[k] <= index[k - 1])
      return fail(st, TF_INVALID_ARGUMENT, "Indices are not strictly ordered");
    if (index[k] < 0 || index[k] >= state->num_types)
      return fail(st, TF_INVALID_ARGUMENT, "Index '%d' is not in the range of %d dtypes", index[k],
                  state->num_types);
  }
  return TF_OK;
}

static TF_Code key_of(const OpCtx *c, int64_t *key, TF_Status *st) {
  if (tensor_count(op_input(c, 0)) != 1) return fail(st, TF_INVALID_ARGUMENT, "key must be an int64 scalar");
  *key = *(const int64_t *)op_input(c, 0)->data;
  return TF_OK;
}

static void try_complete(Stage *s, size_t at, bool ordered) {
  Entry e = s->entries[at];
  for (int i = 0; i < e.count; i++)
    if (!e.values[i].dtype) return;
  e.complete = true;
  s->entries[at] = e;
  for (; ordered && at > 0 && s->entries[at - 1].key > e.key; at--) {
    s->entries[at] = s->entries[at - 1];
    s->entries[at - 1] = e;
  }
  for (; ordered && at + 1 < s->size && s->entries[at + 1].key < e.key; at++) {
    s->entries[at] = s->entries[at + 1];
    s->entries[at + 1] = e;
  }
}

/* Adds the parts to the tuple of that key, or begins one. */
static TF_Code add_parts(OpCtx *c, Stage *s, Entry *e, TF_Status *st) {
  const StageState *state = c->state;
  size_t at = s->size;
  Entry *there = entry_of(s, e->key, false, &at);
  int64_t bytes = entry_bytes(e);
  if (!there) {
    TRY(wait_for_room(s, c->env, bytes, st));
    at = s->size;
    there = entry_of(s, e->key, false, &at);
  }
  if (!there) {
    TRY(insert_entry(s, at, e, st));
  } else {
    for (int i = 0; i < e->count; i++)
      if (e->values[i].dtype && there->values[i].dtype)
        return fail(st, TF_INVALID_ARGUMENT,
                    "The tensor for index '%d' for key '%lld' was already initialized '%d'.", i,
                    (long long)e->key, e->count);
    for (int i = 0; i < e->count; i++)
      if (e->values[i].dtype) tensor_move(&there->values[i], &e->values[i]);
  }
  s->bytes += bytes;
  try_complete(s, at, state->ordered);
  return TF_OK;
}

static TF_Code map_stage_locked(OpCtx *c, Stage *s, TF_Status *st) {
  const StageState *state = c->state;
  Entry e = {0};
  int64_t key = 0;
  TRY(key_of(c, &key, st));
  TRY(check_indices(c, 1, c->num_inputs - 2, st));
  const int32_t *index = op_input(c, 1)->data;
  for (int i = 2; i < c->num_inputs; i++)
    if (op_input(c, i)->dtype != state->types[index[i - 2]])
      return fail(st, TF_INVALID_ARGUMENT, "Expected a tensor of %s, found %s",
                  dtype_name(state->types[index[i - 2]]), dtype_name(op_input(c, i)->dtype));
  TF_Code code = keep_values(c, 2, state->num_types, index, &e, st);
  e.key = key;
  if (!code) code = add_parts(c, s, &e, st);
  entry_clear(&e);
  return code;
}

/* Gives the parts asked for; they leave, and with the last one the tuple. */
static TF_Code give_parts(OpCtx *c, Stage *s, size_t at, int indices, int first_output, bool keep,
                          TF_Status *st) {
  TRY(check_indices(c, indices, c->num_outputs - first_output, st));
  Entry *e = &s->entries[at];
  const int32_t *index = op_input(c, indices)->data;
  for (int i = first_output; i < c->num_outputs; i++)
    if (index[i - first_output] >= e->count || !e->values[index[i - first_output]].dtype)
      return fail(st, TF_INVALID_ARGUMENT, "Tensor at index '%d' for key '%lld' has already been removed.",
                  index[i - first_output], (long long)e->key);
  TRY(give_values(c, e, first_output, index, st));
  if (keep) return TF_OK;
  bool left = false;
  for (int i = first_output; i < c->num_outputs; i++) {
    s->bytes -= bytes_of(&e->values[index[i - first_output]]);
    tensor_clear(&e->values[index[i - first_output]]);
  }
  for (int i = 0; i < e->count; i++) left = left || e->values[i].dtype;
  if (!left) remove_entry(s, at);
  return TF_OK;
}

static TF_Code take_key(OpCtx *c, Stage *s, bool keep, TF_Status *st) {
  int64_t key = 0;
  size_t at = 0;
  TRY(key_of(c, &key, st));
  while (!entry_of(s, key, true, &at)) TRY(queue_wait(&s->changed, &s->lock, c->env, st));
  return give_parts(c, s, at, 1, 0, keep, st);
}

static TF_Code map_unstage_locked(OpCtx *c, Stage *s, TF_Status *st) { return take_key(c, s, false, st); }
static TF_Code map_peek_locked(OpCtx *c, Stage *s, TF_Status *st) { return take_key(c, s, true, st); }

static TF_Code map_any_locked(OpCtx *c, Stage *s, TF_Status *st) {
  size_t at = 0;
  while (!count_entries(s, true)) TRY(queue_wait(&s->changed, &s->lock, c->env, st));
  while (!s->entries[at].complete) at++;
  TRY(op_alloc_output(c, 0, TF_INT64, op_input(c, 0)->dims, 0, st));
  *(int64_t *)c->outputs[0].data = s->entries[at].key;
  return give_parts(c, s, at, 0, 1, false, st);
}

/* ---- asking, clearing ---- */

static TF_Code size_locked(OpCtx *c, Stage *s, TF_Status *st) {
  (void)st;
  *(int32_t *)c->outputs[0].data = (int32_t)count_entries(s, !strstr(c->node->op, "Incomplete"));
  return TF_OK;
}

static TF_Code clear_locked(OpCtx *c, Stage *s, TF_Status *st) {
  (void)c, (void)st;
  while (s->size) remove_entry(s, s->size - 1);
  return TF_OK;
}

static TF_Code stage_run(OpCtx *c, TF_Status *st) { return with_stage(c, stage_locked, st); }
static TF_Code unstage_run(OpCtx *c, TF_Status *st) { return with_stage(c, unstage_locked, st); }
static TF_Code peek_run(OpCtx *c, TF_Status *st) { return with_stage(c, peek_locked, st); }
static TF_Code map_stage_run(OpCtx *c, TF_Status *st) { return with_stage(c, map_stage_locked, st); }
static TF_Code map_unstage_run(OpCtx *c, TF_Status *st) { return with_stage(c, map_unstage_locked, st); }
static TF_Code map_peek_run(OpCtx *c, TF_Status *st) { return with_stage(c, map_peek_locked, st); }
static TF_Code map_any_run(OpCtx *c, TF_Status *st) { return with_stage(c, map_any_locked, st); }
static TF_Code size_run(OpCtx *c, TF_Status *st) { return with_stage(c, size_locked, st); }
static TF_Code clear_run(OpCtx *c, TF_Status *st) { return with_stage(c, clear_locked, st); }

#define STAGE(NAME, FLAGS, SHAPE, PREPARE, RUN)                                             \
  {                                                                                         \
    NAME, .flags = OP_STATEFUL | (FLAGS), .state_size = sizeof(StageState), .shape = SHAPE, \
          .init = stage_init, .prepare = PREPARE, .run = RUN, .clear = stage_clear          \
  }
#define TAKES OP_BLOCKING | OP_DYNAMIC
#define KEEPS OP_BLOCKING | OP_KEEPS
#define MAP(P)                                                                     \
  STAGE(P "MapStage", KEEPS, shape_none, NULL, map_stage_run),                     \
      STAGE(P "MapUnstage", TAKES, shape_unknown_outputs, NULL, map_unstage_run),  \
      STAGE(P "MapUnstageNoKey", TAKES, shape_unknown_outputs, NULL, map_any_run), \
      STAGE(P "MapPeek", TAKES, shape_unknown_outputs, NULL, map_peek_run),        \
      STAGE(P "MapSize", 0, shape_scalar, prepare_scalar, size_run),               \
      STAGE(P "MapIncompleteSize", 0, shape_scalar, prepare_scalar, size_run),     \
      STAGE(P "MapClear", 0, shape_none, NULL, clear_run)

const OpRow ops_queue_stage[] = {STAGE("Stage", KEEPS, shape_none, NULL, stage_run),
                                 STAGE("Unstage", TAKES, shape_unknown_outputs, NULL, unstage_run),
                                 STAGE("StagePeek", TAKES, shape_unknown_outputs, NULL, peek_run),
                                 STAGE("StageSize", 0, shape_scalar, prepare_scalar, size_run),
                                 STAGE("StageClear", 0, shape_none, NULL, clear_run),
                                 MAP(""),
                                 MAP("Ordered"),
                                 {0}};
