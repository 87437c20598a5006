/* Threads for work that would hold up an event loop. */
#ifndef SM_SERVING_WORKER_POOL_H_
#define SM_SERVING_WORKER_POOL_H_

#include <stdbool.h>

#include "base/status.h"

typedef struct WorkerPool WorkerPool;

/* Embedded in the caller's struct. */
typedef struct WorkItem {
  struct WorkItem *next;
  void (*run)(struct WorkItem *item);
} WorkItem;

/* `threads` workers and a queue of at most `max_waiting`; null with `st` set on failure. */
WorkerPool *worker_pool_new(int threads, int max_waiting, TF_Status *st);
/* Runs item->run(item) on a worker, first come first served. False: the queue is full. Any thread. */
bool worker_pool_submit(WorkerPool *pool, WorkItem *item);
/* Finishes everything submitted, then frees it. */
void worker_pool_free(WorkerPool *pool);

#endif
