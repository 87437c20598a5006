/* Sessions: life time, and one run from its arguments to the executor. */
#include "session/session.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "session/plan_cache.h"
#include "tensor/memory_count.h"

struct Session {
  Graph *graph;
  SessionConfig config;
  ResourceManager *resources;
  PlanCache plans;
  atomic_bool closed; /* also what ends runs under way */
  atomic_int running;
  _Atomic(MemoryCount *) idle_count; /* for the next run that wants one; may be null */
};

TF_Code session_new(Session **session, Graph *graph, const SessionConfig *config, TF_Status *st) {
  Session *s = calloc(1, sizeof *s);
  if (!s) return fail_oom(st, "a session");
  s->resources = resource_manager_new();
  if (!s->resources) {
    free(s);
    return fail_oom(st, "a session");
  }
  s->graph = graph;
  if (config) s->config = *config;
  if (s->config.intra_op_threads <= 0) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    s->config.intra_op_threads = cpus > 0 ? (int)cpus : 1;
  }
  plan_cache_init(&s->plans);
  *session = s;
  return TF_OK;
}

void session_close(Session *s) { atomic_store(&s->closed, true); }

void session_free(Session *s) {
  if (!s) return;
  session_close(s);
  /* Runs end at their next step. They are not made to signal: leaving must cost nothing, and touch nothing
   * after. */
  while (atomic_load(&s->running)) nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
  plan_cache_clear(&s->plans);
  resource_manager_free(s->resources);
  memory_count_unref(atomic_load(&s->idle_count));
  free(s);
}

ResourceManager *session_resources(Session *s) { return s->resources; }
Graph *session_graph(Session *s) { return s->graph; }

static int64_t deadline_after(int64_t timeout_ms) {
  if (timeout_ms <= 0) return 0;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
  return timeout_ms < (INT64_MAX - ns) / 1000000 ? ns + timeout_ms * 1000000 : INT64_MAX;
}

/* One that nothing is charged to. */
static TF_Code take_count(Session *s, MemoryCount **count, TF_Status *st) {
  *count = s->config.memory_limit ? atomic_exchange(&s->idle_count, NULL) : NULL;
  if (*count || !s->config.memory_limit) return TF_OK;
  *count = memory_count_new(s->config.memory_limit);
  return *count ? TF_OK : fail_oom(st, "a run");
}

/* What outlives the run keeps its count for itself. */
static void give_count(Session *s, MemoryCount *count) {
  bool only_ours = count && atomic_load_explicit(&count->refs, memory_order_acquire) == 1;
  memory_count_unref(only_ours ? atomic_exchange(&s->idle_count, count) : count);
}

static _Atomic int64_t next_step_id;

static StepEnv make_env(Session *s, _Atomic(ResourceManager *) *step_resources,
                        const SessionRunOptions *options) {
  int64_t timeout = options && options->timeout_ms ? options->timeout_ms : s->config.timeout_ms;
  return (StepEnv){.resources = s->resources,
                   .step_resources = step_resources,
                   .files = s->config.files,
                   .threads = s->config.intra_op_threads,
                   .memory_limit = s->config.memory_limit,
                   .cancelled = &s->closed,
                   .caller_cancelled = options ? options->cancelled : NULL,
                   .deadline_ns = deadline_after(timeout),
                   .step_id = atomic_fetch_add_explicit(&next_step_id, 1, memory_order_relaxed),
                   .profile = options ? options->profile : NULL,
                   .call = exec_call,
                   .loop = exec_while};
}

static TF_Code find_executor(Session *s, const RunKey *key, const StepEnv *env, Executor **executor,
                             TF_Status *st) {
  PlanOptions options = {.resources = s->resources,
                         .env = env,
                         .no_folding = s->config.no_folding,
                         .specialize = !s->config.no_specialization,
                         .free_executor = exec_free_executor};
  return plan_cache_get(&s->plans, key, s->graph, &options, executor, st);
}

static TF_Code run(Session *s, const RunKey *key, const Tensor *const *feed_values, Tensor *outputs,
                   const SessionRunOptions *options, TF_Status *st) {
  _Atomic(ResourceManager *) step_resources = NULL;
  StepEnv env = make_env(s, &step_resources, options);
  Executor *executor;
  TRY(find_executor(s, key, &env, &executor, st));
  TRY(take_count(s, &env.memory, st));
  TF_Code code = executor_run(executor, feed_values, outputs, &env, st);
  resource_manager_free(atomic_load_explicit(&step_resources, memory_order_relaxed));
  give_count(s, env.memory);
  return code;
}

TF_Code session_executor(Session *s, const TF_Output *feeds, int num_feeds, const TF_Output *fetches,
                         int num_fetches, Executor **executor, TF_Status *st) {
  RunKey key = {.feeds = feeds, .fetches = fetches, .num_feeds = num_feeds, .num_fetches = num_fetches};
  _Atomic(ResourceManager *) step_resources = NULL;
  StepEnv env = make_env(s, &step_resources, NULL);
  return find_executor(s, &key, &env, executor, st);
}

TF_Code session_run(Session *s, const TF_Output *feeds, const Tensor *const *feed_values, int num_feeds,
                    const TF_Output *fetches, Tensor *outputs, int num_fetches, const Node *const *targets,
                    int num_targets, const SessionRunOptions *options, TF_Status *st) {
  RunKey key = {feeds, fetches, targets, num_feeds, num_fetches, num_targets};
  atomic_fetch_add(&s->running, 1);
  TF_Code code = atomic_load(&s->closed) ? fail(st, TF_CANCELLED, "Session has been closed.")
                                         : run(s, &key, feed_values, outputs, options, st);
  atomic_fetch_sub(&s->running, 1);
  return code;
}
