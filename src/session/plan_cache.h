/* The plans of a session, found by the addresses of feeds, fetches and targets.
 *
 * Looking up takes no lock: entries are only ever added, at the head of a bucket. */
#ifndef SM_SESSION_PLAN_CACHE_H_
#define SM_SESSION_PLAN_CACHE_H_

#include <pthread.h>
#include <stdatomic.h>

#include "exec/exec.h"

/* What a run asks for. */
typedef struct RunKey {
  const TF_Output *feeds, *fetches;
  const Node *const *targets;
  int num_feeds, num_fetches, num_targets;
} RunKey;

typedef struct PlanEntry PlanEntry; /* a key and its executor */
enum { PLAN_CACHE_BUCKETS = 64 };

typedef struct PlanCache {
  pthread_mutex_t lock; /* held while a plan is made */
  _Atomic(PlanEntry *) buckets[PLAN_CACHE_BUCKETS];
} PlanCache;

void plan_cache_init(PlanCache *cache);
/* Nobody may be running. */
void plan_cache_clear(PlanCache *cache);
/* The executor for a key, its plan made if this is the first time. Lives as long as the cache. */
TF_Code plan_cache_get(PlanCache *cache, const RunKey *key, Graph *graph, const PlanOptions *options,
                       Executor **executor, TF_Status *st);
#endif
