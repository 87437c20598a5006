#include "checkpoint/jobs.h"

#include <omp.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "base/status_impl.h"

/* An additional thread is worth this much work. */
enum { THREAD_BYTES = 1 << 20 };

typedef struct Pool {
  TF_Code (*run)(void *arg, size_t job, char *buffer, TF_Status *st);
  void *arg;
  size_t count;
  _Atomic size_t next;
  _Atomic size_t failed; /* the first job that failed, else SIZE_MAX */
  atomic_flag lock;
  TF_Status status; /* of `failed` */
} Pool;

static void note_failure(Pool *p, size_t job, const TF_Status *st) {
  while (atomic_flag_test_and_set_explicit(&p->lock, memory_order_acquire)) continue;
  if (job < atomic_load(&p->failed)) {
    status_copy(&p->status, st);
    atomic_store(&p->failed, job);
  }
  atomic_flag_clear_explicit(&p->lock, memory_order_release);
}

static void work(void *arg, int64_t begin, int64_t end) {
  (void)begin, (void)end;
  Pool *p = arg;
  TF_Status st = {0};
  char *buffer = malloc(JOB_BUFFER_BYTES);
  if (!buffer) {
    fail_oom(&st, "an input/output buffer");
    note_failure(p, 0, &st);
    return;
  }
  for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->count && i < atomic_load(&p->failed);)
    if (p->run(p->arg, i, buffer, &st)) {
      note_failure(p, i, &st);
      break;
    }
  free(buffer);
}

TF_Code jobs_run(size_t count, uint64_t bytes,
                 TF_Code (*run)(void *arg, size_t job, char *buffer, TF_Status *st), void *arg,
                 TF_Status *st) {
  Pool p = {.run = run, .arg = arg, .count = count, .lock = ATOMIC_FLAG_INIT};
  atomic_init(&p.failed, SIZE_MAX);
  uint64_t threads = bytes / THREAD_BYTES, most = (uint64_t)omp_get_max_threads();
  if (threads > most) threads = most;
  if (threads > 1) parallel_for((int)threads, (int64_t)threads, 1, work, &p);
  else work(&p, 0, 1);
  return atomic_load(&p.failed) == SIZE_MAX ? TF_OK : fail(st, p.status.code, "%s", p.status.message);
}
