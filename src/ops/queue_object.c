/* The queues themselves. */
#include "ops/queue_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/status_impl.h"
#include "ops/state_vars.h"

static void queue_destroy(Object *o) {
  Queue *q = (Queue *)o;
  size_t n = (size_t)q->spec.num_components;
  for (size_t i = 0; i < q->size; i++)
    for (size_t k = 0; k < n; k++) tensor_clear(&q->items[(q->first + i) % q->cap * n + k]);
  free(q->items);
  free((void *)q->spec.types);
  free((void *)q->spec.shapes);
  free((void *)q->spec.name);
  pthread_cond_destroy(&q->changed);
  pthread_mutex_destroy(&q->lock);
  free(q);
}

const ObjectType queue_type = {"N10tensorflow14QueueInterfaceE", queue_destroy};

TF_Code queue_new(const QueueSpec *spec, Queue **out, TF_Status *st) {
  Queue *q = calloc(1, sizeof *q);
  if (!q) return fail_oom(st, "a queue");
  object_init(&q->object, &queue_type);
  pthread_mutex_init(&q->lock, NULL);
  clock_cond_init(&q->changed);
  size_t n = (size_t)spec->num_components, m = (size_t)spec->num_shapes;
  TF_DataType *types = malloc((n + 1) * sizeof *types);
  Shape *shapes = malloc((m + 1) * sizeof *shapes);
  q->spec = *spec;
  q->spec.types = types;
  q->spec.shapes = shapes;
  q->spec.name = strdup(spec->name);
  q->spec.container = NULL;
  if (!types || !shapes || !q->spec.name) return object_unref(q), fail_oom(st, "a queue");
  memcpy(types, spec->types, n * sizeof *types);
  if (m) memcpy(shapes, spec->shapes, m * sizeof *shapes);
  uint64_t seed = spec->seeds[0];
  if (!spec->seeds[0] && !spec->seeds[1]) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    seed = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)now.tv_sec ^ (uintptr_t)q;
  }
  q->random = words_of(philox_of(seed, 0, spec->seeds[1]));
  *out = q;
  return TF_OK;
}

/* ---- sharing ---- */

static bool same_shapes(const QueueSpec *a, const QueueSpec *b) {
  if (a->num_shapes != b->num_shapes) return false;
  for (int i = 0; i < a->num_shapes; i++) {
    const Shape *x = &a->shapes[i], *y = &b->shapes[i];
    if (x->rank != y->rank) return false;
    for (int d = 0; d < x->rank; d++)
      if (x->dims[d] != y->dims[d]) return false;
  }
  return true;
}

static void types_text(const QueueSpec *s, char *out, size_t size) {
  size_t used = 0;
  out[0] = 0;
  for (int i = 0; i < s->num_components && used < size; i++)
    used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", dtype_name(s->types[i]));
}

static void shapes_text(const QueueSpec *s, char *out, size_t size) {
  char text[SHAPE_TEXT_MAX];
  size_t used = (size_t)snprintf(out, size, "[");
  for (int i = 0; i < s->num_shapes && used < size; i++)
    used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
                             shape_text(s->shapes[i].dims, s->shapes[i].rank, text, sizeof text));
  if (used < size) snprintf(out + used, size - used, "]");
}

static const char *kind_name(QueueKind kind) {
  static const char *const names[] = {"FIFOQueue", "PaddingFIFOQueue", "RandomShuffleQueue", "PriorityQueue"};
  return names[kind];
}

TF_Code queue_check_same(const Queue *q, const QueueSpec *spec, TF_Status *st) {
  char a[512], b[512];
  if (q->spec.kind != spec->kind)
    return fail(st, TF_INVALID_ARGUMENT, "Expected %s, found %s", kind_name(q->spec.kind),
                kind_name(spec->kind));
  if (q->spec.capacity != spec->capacity)
    return fail(st, TF_INVALID_ARGUMENT,
                "Shared queue '%s' has capacity %lld but requested capacity was %lld", q->spec.name,
                (long long)q->spec.capacity, (long long)spec->capacity);
  bool same = q->spec.num_components == spec->num_components;
  for (int i = 0; same && i < spec->num_components; i++) same = q->spec.types[i] == spec->types[i];
  types_text(&q->spec, a, sizeof a);
  types_text(spec, b, sizeof b);
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT,
                "Shared queue '%s' has component types %s but requested component types were %s",
                q->spec.name, a, b);
  shapes_text(&q->spec, a, sizeof a);
  shapes_text(spec, b, sizeof b);
  if (!same_shapes(&q->spec, spec))
    return fail(st, TF_INVALID_ARGUMENT,
                "Shared queue '%s' has component shapes %s but requested component shapes were %s",
                q->spec.name, a, b);
  if (q->spec.min_left != spec->min_left)
    return fail(st, TF_INVALID_ARGUMENT,
                "Shared queue '%s' has min_after_dequeue %lld but requested min_after_dequeue was %lld.",
                q->spec.name, (long long)q->spec.min_left, (long long)spec->min_left);
  if (q->spec.seeds[0] != spec->seeds[0] || q->spec.seeds[1] != spec->seeds[1])
    return fail(st, TF_INVALID_ARGUMENT,
                "Shared queue '%s' has random seeds (%lld, %lld) but requested seeds are (%lld, %lld).",
                q->spec.name, (long long)q->spec.seeds[0], (long long)q->spec.seeds[1],
                (long long)spec->seeds[0], (long long)spec->seeds[1]);
  return TF_OK;
}

/* ---- waiting ---- */

/* Nobody signals the end of a step: it is looked for now and then. */
TF_Code queue_wait(pthread_cond_t *changed, pthread_mutex_t *lock, const StepEnv *env, TF_Status *st) {
  enum { MOMENT_NS = 10000000 };
  TRY(step_check(env, st));
  int64_t end = clock_now_ns() + MOMENT_NS;
  if (env->deadline_ns && env->deadline_ns < end) end = env->deadline_ns;
  clock_cond_wait(changed, lock, end);
  return TF_OK;
}

/* ---- items; the lock is held ---- */

static Tensor *item(const Queue *q, size_t i) {
  return q->items + (q->first + i) % q->cap * (size_t)q->spec.num_components;
}

static void move_tuple(const Queue *q, Tensor *to, Tensor *from) {
  for (int k = 0; k < q->spec.num_components; k++) tensor_move(&to[k], &from[k]);
}

static TF_Code reserve(Queue *q, TF_Status *st) {
  if (q->size < q->cap) return TF_OK;
  size_t n = (size_t)q->spec.num_components, want = q->cap ? 2 * q->cap : 8;
  Tensor *grown = calloc(want * n, sizeof *grown);
  if (!grown) return fail_oom(st, "a queue");
  for (size_t i = 0; i < q->size; i++) move_tuple(q, grown + i * n, item(q, i));
  free(q->items);
  q->items = grown;
  q->first = 0;
  q->cap = want;
  return TF_OK;
}

static int64_t priority(const Queue *q, size_t i) { return *(const int64_t *)item(q, i)[0].data; }

/* Priorities stand in order, equal ones as they came. */
static void put_item(Queue *q, Tensor *tuple) {
  size_t i = q->size++;
  int64_t mine = q->spec.kind == QUEUE_PRIORITY ? *(const int64_t *)tuple[0].data : 0;
  for (; q->spec.kind == QUEUE_PRIORITY && i && priority(q, i - 1) > mine; i--)
    move_tuple(q, item(q, i), item(q, i - 1));
  move_tuple(q, item(q, i), tuple);
}

static void take_item(Queue *q, Tensor *out) {
  if (q->spec.kind == QUEUE_SHUFFLE) {
    size_t pick = words_next(&q->random) % q->size, last = q->size - 1;
    move_tuple(q, out, item(q, pick));
    if (pick != last) move_tuple(q, item(q, pick), item(q, last));
  } else {
    move_tuple(q, out, item(q, 0));
    q->first = (q->first + 1) % q->cap;
  }
  q->size--;
}

/* ---- what ops do ---- */

static void clear_tuple(const Queue *q, Tensor *tuple) {
  for (int k = 0; k < q->spec.num_components; k++) tensor_clear(&tuple[k]);
}

static TF_Code locked_enqueue(Queue *q, const StepEnv *env, Tensor *tuple, TF_Status *st) {
  bool waited = false;
  for (;;) {
    if (q->closed && (!waited || q->cancelled))
      return fail(st, TF_CANCELLED, "%s '%s' is closed.", kind_name(q->spec.kind), q->spec.name);
    if ((int64_t)q->size < q->spec.capacity) break;
    TRY(queue_wait(&q->changed, &q->lock, env, st));
    waited = true;
  }
  TRY(reserve(q, st));
  put_item(q, tuple);
  return TF_OK;
}

TF_Code queue_enqueue(Queue *q, const StepEnv *env, Tensor *tuple, TF_Status *st) {
  pthread_mutex_lock(&q->lock);
  TF_Code code = locked_enqueue(q, env, tuple, st);
  if (!code) pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
  if (code) clear_tuple(q, tuple);
  return code;
}

static TF_Code locked_dequeue(Queue *q, const StepEnv *env, Tensor *out, int64_t wanted, TF_Status *st) {
  while ((int64_t)q->size <= (q->closed ? 0 : q->spec.min_left)) {
    if (q->closed && !q->size)
      return fail(st, TF_OUT_OF_RANGE,
                  "%s '%s' is closed and has insufficient elements (requested %lld, current size %lld)",
                  kind_name(q->spec.kind), q->spec.name, (long long)wanted, (long long)q->size);
    TRY(queue_wait(&q->changed, &q->lock, env, st));
  }
  take_item(q, out);
  return TF_OK;
}

TF_Code queue_dequeue(Queue *q, const StepEnv *env, Tensor *out, int64_t wanted, TF_Status *st) {
  pthread_mutex_lock(&q->lock);
  TF_Code code = locked_dequeue(q, env, out, wanted, st);
  if (!code) pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
  return code;
}

void queue_restore(Queue *q, Tensor *tuple) {
  TF_Status ignored = {0};
  pthread_mutex_lock(&q->lock);
  if (!reserve(q, &ignored)) {
    q->first = (q->first + q->cap - 1) % q->cap;
    q->size++;
    move_tuple(q, item(q, 0), tuple);
    pthread_cond_broadcast(&q->changed);
  }
  pthread_mutex_unlock(&q->lock);
  clear_tuple(q, tuple);
}

/* TF: closing again is an error unless it also cancels. */
TF_Code queue_close(Queue *q, bool cancel, TF_Status *st) {
  TF_Code code = TF_OK;
  pthread_mutex_lock(&q->lock);
  if (q->closed && !cancel) code = fail(st, TF_CANCELLED, "Queue '%s' is already closed.", q->spec.name);
  q->closed = true;
  q->cancelled = q->cancelled || cancel;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
  return code;
}

int64_t queue_size(Queue *q) {
  pthread_mutex_lock(&q->lock);
  int64_t n = (int64_t)q->size;
  pthread_mutex_unlock(&q->lock);
  return n;
}

bool queue_is_closed(Queue *q) {
  pthread_mutex_lock(&q->lock);
  bool closed = q->closed;
  pthread_mutex_unlock(&q->lock);
  return closed;
}
