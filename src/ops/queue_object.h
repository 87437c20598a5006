/* Queues of tuples, as the graphs of TensorFlow 1 have them for their inputs. A queue lives as long as the
 * session.
 *
 * Whoever has to wait (for an element, for room) waits until the step is to end: its deadline, its caller or
 * the session's closing end it. Any thread. */
#ifndef SM_OPS_QUEUE_OBJECT_H_
#define SM_OPS_QUEUE_OBJECT_H_

#include <pthread.h>

#include "ops/op.h"
#include "ops/random_philox.h"

typedef enum QueueKind { QUEUE_FIFO, QUEUE_PADDING, QUEUE_SHUFFLE, QUEUE_PRIORITY } QueueKind;

typedef struct QueueSpec {
  QueueKind kind;
  const char *container, *name;
  int num_components;
  const TF_DataType *types;
  int num_shapes; /* 0: the components may have any */
  const Shape *shapes;
  int64_t capacity; /* INT64_MAX: any */
  int64_t min_left; /* of a shuffling queue: what dequeuing leaves */
  uint64_t seeds[2];
} QueueSpec;

typedef struct Queue {
  Object object;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  QueueSpec spec; /* with copies of its own */
  Tensor *items;  /* [cap][num_components], `size` of them from `first` on, around the end */
  size_t first, size, cap;
  Words random; /* of a shuffling queue: which one is taken, as TensorFlow does for the same seeds */
  bool closed;
  bool cancelled; /* closed with cancel_pending_enqueues */
} Queue;

extern const ObjectType queue_type;

TF_Code queue_new(const QueueSpec *spec, Queue **out, TF_Status *st);
/* "Shared queue 'q' has capacity 3 but requested capacity was 4" and the like. */
TF_Code queue_check_same(const Queue *q, const QueueSpec *spec, TF_Status *st);

/* Waits for room and takes over the tuple (num_components tensors; none afterwards, also after a failure). */
TF_Code queue_enqueue(Queue *q, const StepEnv *env, Tensor *tuple, TF_Status *st);
/* Waits for a tuple; `out` (none) gets it. `wanted` is what messages say. */
TF_Code queue_dequeue(Queue *q, const StepEnv *env, Tensor *out, int64_t wanted, TF_Status *st);
/* Puts a tuple back to the front of a queue, as if it had not been taken. */
void queue_restore(Queue *q, Tensor *tuple);
TF_Code queue_close(Queue *q, bool cancel, TF_Status *st);
int64_t queue_size(Queue *q);
bool queue_is_closed(Queue *q);

/* Waits at `changed` for a moment: other threads' changes, or the step's end (its code). The lock is held. */
TF_Code queue_wait(pthread_cond_t *changed, pthread_mutex_t *lock, const StepEnv *env, TF_Status *st);

/* The queue of input i, by resource handle or by a ref to its names; a new reference. */
TF_Code queue_of_input(const OpCtx *c, int i, Queue **out, TF_Status *st);

#endif
