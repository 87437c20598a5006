/* Queues by name: the ops that make them (queue_object.h), and how other ops find theirs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/named_object.h"
#include "ops/queue_object.h"
#include "ops/state_vars.h"

/* ---- making one ---- */

static TF_Code give_queue(void *arg, Object **out, TF_Status *st) {
  (void)st;
  *out = object_ref(arg);
  return TF_OK;
}

static TF_Code create_queue(void *arg, Object **out, TF_Status *st) {
  static _Atomic int64_t next_number;
  QueueSpec spec = *(const QueueSpec *)arg;
  Queue *q = NULL;
  char name[1024];
  if (!spec.container) { /* one node's own: TF numbers them */
    int64_t number = atomic_fetch_add_explicit(&next_number, 1, memory_order_relaxed);
    snprintf(name, sizeof name, "_%lld_%s", (long long)number, spec.name);
    spec.name = name;
  }
  TRY(queue_new(&spec, &q, st));
  *out = &q->object;
  return TF_OK;
}

static TF_Code read_components(OpInit *k, QueueSpec *s, TF_Status *st) {
  const Attr *types = node_attr(k->node, "component_types"), *shapes = node_attr(k->node, "shapes");
  bool key = s->kind == QUEUE_PRIORITY;
  int n = types && types->is_list ? (int)types->count : 0,
      m = shapes && shapes->is_list ? (int)shapes->count : 0;
  if (s->kind == QUEUE_PADDING && n != m)
    return fail(st, TF_INVALID_ARGUMENT,
                "Shapes must be provided for all components, but received %d dtypes and %d shapes.", n, m);
  if (m && n != m)
    return fail(st, TF_INVALID_ARGUMENT, "Different number of component types.  Types: %d, Shapes: %d", n, m);
  s->num_components = n + key;
  s->num_shapes = m || (key && !n) ? m + key : 0;
  TF_DataType *t = arena_calloc(k->arena, (size_t)n + 1, sizeof *t);
  Shape *shape = arena_calloc(k->arena, (size_t)m + 1, sizeof *shape);
  if (!t || !shape) return fail_oom(st, "a queue");
  t[0] = TF_INT64; /* the priority, a scalar */
  for (int i = 0; i < n; i++) t[i + key] = types->v.list_type[i];
  for (int i = 0; i < m; i++) {
    shape[i + key] = shapes->v.list_shape[i];
    if (s->kind != QUEUE_PADDING && !shape_known(&shape[i + key]))
      return fail(st, TF_INVALID_ARGUMENT, "the shapes of a queue's components must be known");
    if (shape[i + key].rank < 0)
      return fail(st, TF_INVALID_ARGUMENT, "the ranks of a queue's components must be known");
  }
  s->types = t;
  s->shapes = shape;
  return TF_OK;
}

static TF_Code read_spec(OpInit *k, QueueSpec *s, TF_Status *st) {
  const char *op = k->node->op;
  s->kind = !strncmp(op, "FIFO", 4)      ? QUEUE_FIFO
            : !strncmp(op, "Padding", 7) ? QUEUE_PADDING
            : !strncmp(op, "Random", 6)  ? QUEUE_SHUFFLE
                                         : QUEUE_PRIORITY;
  TRY(node_attr_int(k->node, "capacity", &s->capacity, st));
  if (s->capacity < 0) s->capacity = INT64_MAX;
  if (s->kind == QUEUE_SHUFFLE) {
    int64_t seed, seed2;
    TRY(node_attr_int(k->node, "min_after_dequeue", &s->min_left, st));
    TRY(node_attr_int(k->node, "seed", &seed, st));
    TRY(node_attr_int(k->node, "seed2", &seed2, st));
    s->seeds[0] = (uint64_t)seed;
    s->seeds[1] = (uint64_t)seed2;
    if (s->min_left < 0)
      return fail(st, TF_INVALID_ARGUMENT, "min_after_dequeue %lld must be >= 0", (long long)s->min_left);
    if (s->min_left >= s->capacity)
      return fail(st, TF_INVALID_ARGUMENT, "min_after_dequeue %lld must be < capacity %lld",
                  (long long)s->min_left, (long long)s->capacity);
  }
  return read_components(k, s, st);
}

static TF_Code queue_init(OpInit *k, TF_Status *st) {
  NamedObject *s = k->state;
  QueueSpec spec = {0};
  Span shared = {0};
  Object *again = NULL;
  const char *container;
  TRY(read_spec(k, &spec, st));
  TRY(state_names(k, &container, &spec.name, st));
  TRY(node_attr_string(k->node, "shared_name", &shared, st));
  if (shared.size) {
    spec.container = container;
    TRY(resource_find_or_create(k->resources, &queue_type, container, spec.name, create_queue, &spec,
                                &s->object, st));
  } else {
    TRY(op_session_state(k, &queue_type, create_queue, &spec, &s->object, st));
  }
  const Queue *q = (const Queue *)s->object;
  TRY(queue_check_same(q, &spec, st));
  /* Also under the name that handles of strings say. */
  TRY(resource_find_or_create(k->resources, &queue_type, container, q->spec.name, give_queue, s->object,
                              &again, st));
  object_unref(again);
  return named_object_handle(k, container, q->spec.name, st);
}

/* ---- finding the queue of an input ---- */

TF_Code queue_of_input(const OpCtx *c, int i, Queue **out, TF_Status *st) {
  Object *o;
  if (dtype_is_ref(c->node->input_types[i]))
    TRY(named_object_of_value(c, i, &queue_type, "Queue handle must have two elements", &o, st));
  else TRY(named_object_of_input(c, i, &queue_type, &o, st));
  *out = (Queue *)o;
  return TF_OK;
}

const OpRow ops_queue_make[] = {{"FIFOQueue", NAMED_OBJECT_REF(queue_init)},
                                {"FIFOQueueV2", NAMED_OBJECT_HANDLE(queue_init)},
                                {"PaddingFIFOQueue", NAMED_OBJECT_REF(queue_init)},
                                {"PaddingFIFOQueueV2", NAMED_OBJECT_HANDLE(queue_init)},
                                {"RandomShuffleQueue", NAMED_OBJECT_REF(queue_init)},
                                {"RandomShuffleQueueV2", NAMED_OBJECT_HANDLE(queue_init)},
                                {"PriorityQueue", NAMED_OBJECT_REF(queue_init)},
                                {"PriorityQueueV2", NAMED_OBJECT_HANDLE(queue_init)},
                                {0}};
