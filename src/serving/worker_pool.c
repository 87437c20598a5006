#include "serving/worker_pool.h"

#include <pthread.h>
#include <stdlib.h>

struct WorkerPool {
  pthread_mutex_t lock;
  pthread_cond_t work;
  WorkItem *first, **last;
  int waiting, max_waiting;
  int thread_count;
  bool stopping;
  pthread_t threads[];
};

static void *worker_main(void *arg) {
  WorkerPool *pool = arg;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    while (!pool->first && !pool->stopping) pthread_cond_wait(&pool->work, &pool->lock);
    WorkItem *item = pool->first;
    if (!item) break;
    pool->first = item->next;
    if (!pool->first) pool->last = &pool->first;
    pool->waiting--;
    pthread_mutex_unlock(&pool->lock);
    item->run(item);
    pthread_mutex_lock(&pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

WorkerPool *worker_pool_new(int threads, int max_waiting, TF_Status *st) {
  WorkerPool *pool = calloc(1, sizeof *pool + (size_t)threads * sizeof pool->threads[0]);
  if (!pool) {
    fail_oom(st, "worker threads");
    return NULL;
  }
  pool->last = &pool->first;
  pool->max_waiting = max_waiting;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->work, NULL);
  for (; pool->thread_count < threads; pool->thread_count++) {
    if (!pthread_create(&pool->threads[pool->thread_count], NULL, worker_main, pool)) continue;
    worker_pool_free(pool);
    fail(st, TF_RESOURCE_EXHAUSTED, "cannot start a worker thread");
    return NULL;
  }
  return pool;
}

bool worker_pool_submit(WorkerPool *pool, WorkItem *item) {
  item->next = NULL;
  pthread_mutex_lock(&pool->lock);
  bool room = pool->waiting < pool->max_waiting;
  if (room) {
    *pool->last = item;
    pool->last = &item->next;
    pool->waiting++;
    pthread_cond_signal(&pool->work);
  }
  pthread_mutex_unlock(&pool->lock);
  return room;
}

void worker_pool_free(WorkerPool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->lock);
  pool->stopping = true;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 0; i < pool->thread_count; i++) pthread_join(pool->threads[i], NULL);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}
