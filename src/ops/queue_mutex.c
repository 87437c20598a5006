/* Mutexes of a graph: MutexV2, MutexLock, ConsumeMutexLock. A lock is a variant that holds the mutex until it
 * is consumed, or the last reference to it is gone. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ops/array_util.h"
#include "ops/named_object.h"
#include "ops/queue_object.h"
#include "ops/state_vars.h"

typedef struct Mutex {
  Object object;
  pthread_mutex_t guard;
  pthread_cond_t freed;
  bool locked;
} Mutex;

typedef struct MutexHold {
  Object object;
  Mutex *mutex;
  atomic_bool ended;
} MutexHold;

static void mutex_destroy(Object *o) {
  Mutex *m = (Mutex *)o;
  pthread_cond_destroy(&m->freed);
  pthread_mutex_destroy(&m->guard);
  free(m);
}

static void hold_end(MutexHold *h) {
  if (atomic_exchange(&h->ended, true)) return;
  pthread_mutex_lock(&h->mutex->guard);
  h->mutex->locked = false;
  pthread_cond_broadcast(&h->mutex->freed);
  pthread_mutex_unlock(&h->mutex->guard);
}

static void hold_destroy(Object *o) {
  MutexHold *h = (MutexHold *)o;
  hold_end(h);
  object_unref(h->mutex);
  free(h);
}

static const ObjectType mutex_type = {"N10tensorflow12_GLOBAL__N_15MutexE", mutex_destroy};
static const ObjectType hold_type = {"tensorflow::mutex_lock", hold_destroy};

static TF_Code create_mutex(void *arg, Object **out, TF_Status *st) {
  (void)arg;
  Mutex *m = calloc(1, sizeof *m);
  if (!m) return fail_oom(st, "a mutex");
  object_init(&m->object, &mutex_type);
  pthread_mutex_init(&m->guard, NULL);
  clock_cond_init(&m->freed);
  *out = &m->object;
  return TF_OK;
}

static TF_Code mutex_init(OpInit *k, TF_Status *st) {
  NamedObject *s = k->state;
  const char *container, *name;
  TRY(state_names(k, &container, &name, st));
  return resource_find_or_create(k->resources, &mutex_type, container, name, create_mutex, NULL, &s->object,
                                 st);
}

static TF_Code wait_for_mutex(Mutex *m, const StepEnv *env, TF_Status *st) {
  TF_Code code = TF_OK;
  pthread_mutex_lock(&m->guard);
  while (!code && m->locked) code = queue_wait(&m->freed, &m->guard, env, st);
  if (!code) m->locked = true;
  pthread_mutex_unlock(&m->guard);
  return code;
}

static TF_Code lock_run(OpCtx *c, TF_Status *st) {
  const Tensor *t = op_input(c, 0);
  Object *o;
  TRY(named_object_peek(t, &mutex_type, &o, st));
  if (!c->env) return fail(st, TF_FAILED_PRECONDITION, "a mutex is asked for outside of a run");
  TRY(op_alloc_output(c, 0, TF_VARIANT, t->dims, 0, st));
  MutexHold *h = malloc(sizeof *h);
  if (!h) return fail_oom(st, "a lock");
  TF_Code code = wait_for_mutex((Mutex *)o, c->env, st);
  if (code) return free(h), code;
  object_init(&h->object, &hold_type);
  h->mutex = object_ref(o);
  atomic_init(&h->ended, false);
  *(Object **)c->outputs[0].data = &h->object;
  return TF_OK;
}

static TF_Code consume_run(OpCtx *c, TF_Status *st) {
  const Tensor *t = op_input(c, 0);
  Object *o = tensor_count(t) == 1 ? *(Object **)t->data : NULL;
  if (!o || o->type != &hold_type)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected input to contain a SharedLockReleaser object, but saw variant: 'Variant<type: %s>'",
                o ? o->type->name : "nothing");
  hold_end((MutexHold *)o);
  return TF_OK;
}

const OpRow ops_queue_mutex[] = {
    {"MutexV2", NAMED_OBJECT_HANDLE(mutex_init)},
    {"MutexLock", .flags = OP_STATEFUL | OP_DYNAMIC | OP_BLOCKING, .shape = shape_scalar, .run = lock_run},
    {"ConsumeMutexLock", .flags = OP_STATEFUL, .shape = shape_none, .run = consume_run},
    {0}};
