/* See the header. A key's hash is of pointers, so it costs a multiplication for each feed, fetch and
 * target. */
#include "session/plan_cache.h"

#include <stdlib.h>
#include <string.h>

struct PlanEntry {
  PlanEntry *next;
  uint64_t hash;
  RunKey key; /* its arrays stand behind the entry */
  Executor *executor;
};

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 32);
}

static uint64_t hash_outputs(uint64_t hash, const TF_Output *o, int n) {
  hash = mix(hash, (uint64_t)n);
  for (int i = 0; i < n; i++) hash = mix(hash, (uint64_t)(uintptr_t)o[i].oper + (uint64_t)o[i].index);
  return hash;
}

static uint64_t hash_key(const RunKey *k) {
  uint64_t hash = hash_outputs(hash_outputs(1, k->feeds, k->num_feeds), k->fetches, k->num_fetches);
  for (int i = 0; i < k->num_targets; i++) hash = mix(hash, (uint64_t)(uintptr_t)k->targets[i]);
  return hash;
}

static bool same_outputs(const TF_Output *a, const TF_Output *b, int n) {
  for (int i = 0; i < n; i++)
    if (a[i].oper != b[i].oper || a[i].index != b[i].index) return false;
  return true;
}

static bool same_key(const RunKey *a, const RunKey *b) {
  if (a->num_feeds != b->num_feeds || a->num_fetches != b->num_fetches || a->num_targets != b->num_targets)
    return false;
  for (int i = 0; i < a->num_targets; i++)
    if (a->targets[i] != b->targets[i]) return false;
  return same_outputs(a->feeds, b->feeds, a->num_feeds) &&
         same_outputs(a->fetches, b->fetches, a->num_fetches);
}

static PlanEntry *find(_Atomic(PlanEntry *) *bucket, uint64_t hash, const RunKey *key) {
  PlanEntry *e = atomic_load_explicit(bucket, memory_order_acquire);
  while (e && (e->hash != hash || !same_key(&e->key, key))) e = e->next;
  return e;
}

static PlanEntry *entry_new(uint64_t hash, const RunKey *k) {
  size_t outputs = (size_t)(k->num_feeds + k->num_fetches);
  PlanEntry *e = calloc(1, sizeof *e + outputs * sizeof(TF_Output) + (size_t)k->num_targets * sizeof(Node *));
  if (!e) return NULL;
  TF_Output *o = (TF_Output *)(e + 1);
  const Node **targets = (const Node **)(o + outputs);
  if (k->num_feeds) memcpy(o, k->feeds, (size_t)k->num_feeds * sizeof *o);
  if (k->num_fetches) memcpy(o + k->num_feeds, k->fetches, (size_t)k->num_fetches * sizeof *o);
  if (k->num_targets) memcpy(targets, k->targets, (size_t)k->num_targets * sizeof *targets);
  e->hash = hash;
  e->key = *k;
  e->key.feeds = o;
  e->key.fetches = o + k->num_feeds;
  e->key.targets = targets;
  return e;
}

static void entry_free(PlanEntry *e) {
  executor_free(e->executor);
  free(e);
}

void plan_cache_init(PlanCache *cache) {
  pthread_mutex_init(&cache->lock, NULL);
  for (int i = 0; i < PLAN_CACHE_BUCKETS; i++) atomic_init(&cache->buckets[i], NULL);
}

void plan_cache_clear(PlanCache *cache) {
  for (int i = 0; i < PLAN_CACHE_BUCKETS; i++)
    for (PlanEntry *e = atomic_load(&cache->buckets[i]), *next; e; e = next) {
      next = e->next;
      entry_free(e);
    }
  pthread_mutex_destroy(&cache->lock);
}

static TF_Code add(_Atomic(PlanEntry *) *bucket, uint64_t hash, const RunKey *key, Graph *graph,
                   const PlanOptions *options, PlanEntry **entry, TF_Status *st) {
  PlanEntry *e = entry_new(hash, key);
  if (!e) return fail_oom(st, "a plan");
  Plan *plan = NULL;
  TF_Code code = plan_new(&plan, graph, key->feeds, key->num_feeds, key->fetches, key->num_fetches,
                          key->targets, key->num_targets, options, st);
  if (!code) code = executor_new(&e->executor, plan, options->specialize, st);
  if (code) {
    if (!e->executor) plan_free(plan);
    entry_free(e);
    return code;
  }
  e->next = atomic_load_explicit(bucket, memory_order_relaxed);
  atomic_store_explicit(bucket, e, memory_order_release);
  *entry = e;
  return TF_OK;
}

TF_Code plan_cache_get(PlanCache *cache, const RunKey *key, Graph *graph, const PlanOptions *options,
                       Executor **executor, TF_Status *st) {
  uint64_t hash = hash_key(key);
  _Atomic(PlanEntry *) *bucket = &cache->buckets[hash % PLAN_CACHE_BUCKETS];
  PlanEntry *e = find(bucket, hash, key);
  if (SM_UNLIKELY(!e)) {
    pthread_mutex_lock(&cache->lock);
    e = find(bucket, hash, key);
    TF_Code code = e ? TF_OK : add(bucket, hash, key, graph, options, &e, st);
    pthread_mutex_unlock(&cache->lock);
    if (code) return code;
  }
  *executor = e->executor;
  return TF_OK;
}
