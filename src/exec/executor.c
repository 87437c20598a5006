/* Which path a run takes: the spec for its shapes if there is one, else the general path, from which a spec
 * may be made. A lock guards specs and idle states; it is held for some pointer moves, never while anything
 * runs. */

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/status_impl.h"
#include "exec/exec_turn.h"

enum {
  MAX_SPECS = 8, /* shapes remembered; a server batches to a few sizes */
  EAGER_SPECS =
      4, /* that many are made at once; later ones only for shapes that come twice, as making one takes
                          longer than a run and shapes may never come again */
  MAX_SEEN = 16, /* shapes that came once */
  MAX_OTHER_VARIABLES =
      3, /* specs that differ in the variables alone; then they are made for any variables */
};

struct Executor {
  Plan *plan;
  bool specialize;
  pthread_mutex_t lock;
  ExecState *idle; /* states of the general path */
  Spec *specs[MAX_SPECS];
  int num_specs;
  uint64_t clock;
  int specs_made;
  uint64_t seen[MAX_SEEN]; /* hashes of shapes */
  int next_seen;
  SlotPast *past;      /* by slot */
  int other_variables; /* specs made for shapes that had one for other variables */
  ExecutorStats stats;
};

TF_Code executor_new(Executor **executor, Plan *plan, bool specialize, TF_Status *st) {
  Executor *x = calloc(1, sizeof *x);
  SlotPast *past = calloc((size_t)plan->num_slots + 1, sizeof *past);
  if (!x || !past) {
    free(x);
    free(past);
    return fail_oom(st, "an executor");
  }
  *x = (Executor){.plan = plan, .specialize = specialize, .past = past};
  pthread_mutex_init(&x->lock, NULL);
  *executor = x;
  return TF_OK;
}

static void free_states(ExecState *s) {
  for (ExecState *next; s; s = next) {
    next = s->next_idle;
    exec_state_free(s);
  }
}

static void drop_spec(Spec *spec) {
  for (ExecState *s = spec->idle; s; s = s->next_idle) spec_unbind(spec, s, false);
  free_states(spec->idle);
  spec->idle = NULL;
  spec_free(spec);
}

void executor_drop(Executor *x) {
  x->plan = NULL;
  executor_free(x);
}

void executor_free(Executor *x) {
  if (!x) return;
  for (int i = 0; i < x->num_specs; i++) drop_spec(x->specs[i]);
  free_states(x->idle);
  plan_free(x->plan);
  pthread_mutex_destroy(&x->lock);
  free(x->past);
  free(x);
}

const Plan *executor_plan(const Executor *x) { return x->plan; }

const Spec *executor_last_spec(const Executor *x) {
  const Spec *last = NULL;
  for (int i = 0; i < x->num_specs; i++)
    if (!last || x->specs[i]->used_at > last->used_at) last = x->specs[i];
  return last;
}

ExecutorStats executor_stats(Executor *x) {
  pthread_mutex_lock(&x->lock);
  ExecutorStats stats = x->stats;
  stats.specs = x->num_specs;
  uint64_t last = 0;
  for (int i = 0; i < x->num_specs; i++)
    if (x->specs[i]->used_at > last) last = x->specs[i]->used_at, stats.steps = x->specs[i]->num_order;
  pthread_mutex_unlock(&x->lock);
  return stats;
}

/* ---- finding a spec (lock held) ---- */

/* Takes a spec out of the cache; frees it if nobody runs it. */
static void retire(Executor *x, int i) {
  Spec *spec = x->specs[i];
  x->specs[i] = x->specs[--x->num_specs];
  spec->stale = true;
  if (!spec->refs) drop_spec(spec);
}

static void retire_spec(Executor *x, const Spec *spec) {
  for (int i = 0; i < x->num_specs; i++)
    if (x->specs[i] == spec) return retire(x, i);
}

/* Those whose frozen variables have changed: they would hold the old values' memory. */
static void retire_outdated(Executor *x) {
  for (int i = x->num_specs - 1; i >= 0; i--) {
    if (spec_is_current(x->specs[i])) continue;
    spec_blame_changed(x->specs[i], x->past);
    x->stats.outdated_specs++;
    retire(x, i);
  }
}

static Spec *find_spec(Executor *x, const ExecIo *io) {
  for (int i = 0; i < x->num_specs; i++) {
    Spec *spec = x->specs[i];
    if (!spec_matches(spec, io->feeds, io->feed_refs, x->plan->num_feeds)) continue;
    if (SM_UNLIKELY(!spec_is_current(spec))) {
      retire_outdated(x);
      return NULL;
    }
    spec->used_at = ++x->clock;
    return spec;
  }
  return NULL;
}

/* Whether there is one for the same feeds already. */
static bool is_made(Executor *x, const Spec *made) {
  bool there = false, other = false;
  for (int i = 0; i < x->num_specs; i++) {
    bool shapes = spec_same_shapes(x->specs[i], made), variables = spec_same_variables(x->specs[i], made);
    there |= shapes && variables;
    other |= shapes && !variables;
  }
  x->other_variables += other && !there;
  return there;
}

static uint64_t shapes_hash(const Plan *p, const Tensor *const *feeds) {
  uint64_t h = 1;
  for (int i = 0; i < p->num_feeds; i++) {
    h = (h ^ (uint64_t)feeds[i]->rank) * UINT64_C(0x9e3779b97f4a7c15);
    for (int k = 0; k < feeds[i]->rank; k++) {
      h = (h ^ (uint64_t)feeds[i]->dims[k]) * UINT64_C(0x9e3779b97f4a7c15);
      h ^= h >> 32;
    }
  }
  return h ? h : 1;
}

/* Whether a spec is worth making: see EAGER_SPECS. */
static bool wants_spec(Executor *x, const Tensor *const *feeds) {
  if (!x->specialize) return false;
  if (x->specs_made < EAGER_SPECS) return true;
  uint64_t hash = shapes_hash(x->plan, feeds);
  for (int i = 0; i < MAX_SEEN; i++) {
    if (x->seen[i] != hash) continue;
    x->seen[i] = 0;
    return true;
  }
  x->seen[x->next_seen++ % MAX_SEEN] = hash;
  return false;
}

/* The spec's first state: made and its pages touched now, so that the next run is like all that follow, not
 * one that meets fresh memory. When there is too little of it, that run says so. What fetches nothing is mostly
 * an initialiser, which never runs again. */
static void make_ready(const Executor *x, Spec *spec) {
  enum { PAGE = 4096 };
  if (!x->plan->num_fetches) return;
  TF_Status ignored = {0};
  ExecState *s = NULL;
  if (!exec_state_new(&s, x->plan, &ignored) && !spec_bind(spec, s, &ignored)) {
    for (size_t i = 0; i < spec->block_size; i += PAGE) ((volatile char *)s->block)[i] = 0;
    spec->idle = s;
  } else {
    exec_state_free(s);
  }
  status_clear(&ignored);
}

/* One whose variables changed while it was made is not kept: it is not their fault that it serves no run. */
static void keep_spec(Executor *x, Spec *spec) {
  pthread_mutex_lock(&x->lock);
  bool keep = !is_made(x, spec) && spec_is_current(spec);
  if (keep) {
    if (x->num_specs == MAX_SPECS) {
      int oldest = 0;
      for (int i = 1; i < x->num_specs; i++)
        if (x->specs[i]->used_at < x->specs[oldest]->used_at) oldest = i;
      retire(x, oldest);
    }
    spec->used_at = ++x->clock;
    x->specs[x->num_specs++] = spec;
    x->specs_made++;
  }
  pthread_mutex_unlock(&x->lock);
  if (!keep) drop_spec(spec);
}

/* ---- what a run leaves ---- */

/* Feeds that the run took over, when it ended early: whoever gave them wants them. */
static void give_back(ExecState *s, const ExecIo *io) {
  for (int i = 0; i < io->num_moved; i++) tensor_move(&io->moved[i], &s->slots[s->plan->feeds[i]]);
}

/* Clears what a general run left in the slots, so that the state is as new. */
static void reset_general(ExecState *s, bool failed) {
  const Plan *p = s->plan;
  exec_unbind_feeds(s);
  exec_drop_variables(s);
  for (int i = 0; i < p->num_slots; i++)
    if (p->slots[i].step >= 0 && (failed || p->slots[i].fetched)) tensor_clear(&s->slots[i]);
}

/* What the session gives to its user is none of the run's any more. */
static void discharge_outputs(const Plan *p, const StepEnv *env, Tensor *outputs) {
  for (int i = 0; env->memory && !env->call_depth && i < p->num_fetches; i++) tensor_discharge(&outputs[i]);
}

static void clear_outputs(const Plan *p, Tensor *outputs) {
  for (int i = 0; i < p->num_fetches; i++) tensor_clear(&outputs[i]);
}

/* ---- the two paths ---- */

static TF_Code general_steps(Executor *x, ExecState *s, Spec *spec, StepEnv *env, TF_Status *st) {
  const Plan *p = x->plan;
  for (int i = 0; i < p->num_steps; i++) {
    TRY(step_check(env, st));
    TRY(exec_step(s, i, &p->steps[i].life, env, st));
    if (spec) spec_record(spec, s, i, x->past);
    if (s->left) return TF_OK;
    exec_release(s, &p->steps[i].life);
  }
  return TF_OK;
}

/* Of other shapes: much may have been computed that they have, too. */
static void share_values(Executor *x, Spec *spec) {
  pthread_mutex_lock(&x->lock);
  for (int i = 0; i < x->num_specs; i++)
    if (spec_is_current(x->specs[i]) && spec_is_current(spec)) spec_adopt_values(spec, x->specs[i]);
  pthread_mutex_unlock(&x->lock);
}

/* Learning is no part of the run: when it fails the spec is dropped. */
static void finish_spec(Executor *x, Spec *spec, StepEnv *env) {
  TF_Status ignored = {0};
  share_values(x, spec);
  if (spec_finish(spec, env, &ignored)) {
    spec_free(spec);
  } else {
    make_ready(x, spec);
    keep_spec(x, spec);
  }
  status_clear(&ignored);
}

static TF_Code run_general(ExecTurn *t, ExecIo *io, StepEnv *env, TF_Status *st) {
  Executor *x = t->executor;
  Spec *spec = NULL;
  TF_Code code = t->state ? TF_OK : exec_state_new(&t->state, x->plan, st);
  if (code) return code;
  ExecState *s = t->state;
  bool share = env->call_depth > 0 && !io->lent;
  s->left = false;
  buffer_pool_begin(s->pool, env->memory);
  code = exec_bind_feeds(s, io, x->plan->num_feeds, share, st);
  if (!code && t->learn) {
    TF_Status ignored = {0};
    if (spec_begin(&spec, s, t->handles, &ignored)) spec = NULL;
    status_clear(&ignored);
  }
  if (!code) code = general_steps(x, s, spec, env, st);
  if (!code && !s->left) code = exec_take_fetches(s, NULL, share, io, st);
  io->left = s->left;
  if (!code && s->left) give_back(s, io);
  reset_general(s, code || s->left);
  if (code) clear_outputs(x->plan, io->outputs);
  if (spec && (code || s->left)) spec_free(spec);
  buffer_pool_end(s->pool); /* before the spec takes memory of its own */
  if (!code && !s->left && spec) finish_spec(x, spec, env);
  return code;
}

static TF_Code run_special(ExecTurn *t, ExecIo *io, StepEnv *env, TF_Status *st) {
  const Plan *p = t->executor->plan;
  ExecState *s = t->state;
  bool share = env->call_depth > 0 && !io->lent;
  s->left = false;
  TRY(exec_bind_feeds(s, io, t->bound ? io->num_fresh : p->num_feeds, share, st));
  t->bound = true;
  t->runs++;
  TF_Code code = spec_run(t->spec, s, env, &t->failed_slot, st);
  io->left = s->left;
  if (!code && s->left) {
    give_back(s, io);
    return TF_OK;
  }
  if (!code) code = exec_take_fetches(s, t->failed_slot >= 0 ? NULL : t->spec, share, io, st);
  if (code) clear_outputs(p, io->outputs);
  for (int i = 0; i < io->num_moved; i++) tensor_clear(&s->slots[p->feeds[i]]);
  return code;
}

/* ---- turns ---- */

void exec_turn_begin(ExecTurn *t, Executor *x, const ExecIo *io) {
  *t = (ExecTurn){.executor = x, .failed_slot = -1};
  pthread_mutex_lock(&x->lock);
  Spec *spec = t->spec = x->num_specs ? find_spec(x, io) : NULL;
  if (spec) {
    spec->refs++;
    if ((t->state = spec->idle)) spec->idle = t->state->next_idle;
  } else {
    t->learn = wants_spec(x, io->feeds);
    t->handles = x->other_variables <= MAX_OTHER_VARIABLES;
    if ((t->state = x->idle)) x->idle = t->state->next_idle;
    x->stats.general_runs++;
  }
  pthread_mutex_unlock(&x->lock);
}

/* What the spec's block takes while the turn lasts. */
static TF_Code charge_block(ExecTurn *t, StepEnv *env, TF_Status *st) {
  buffer_pool_begin(t->state->pool, env->memory);
  if (SM_LIKELY(!env->memory) || t->charged) return TF_OK;
  if (!memory_charge(env->memory, t->spec->block_size))
    return fail(st, TF_RESOURCE_EXHAUSTED, "OOM: a step needs %zu bytes more than its limit leaves",
                t->spec->block_size);
  t->charged = env->memory;
  return TF_OK;
}

TF_Code exec_turn_run(ExecTurn *t, ExecIo *io, StepEnv *env, TF_Status *st) {
  if (!t->spec) return run_general(t, io, env, st);
  TF_Code code = TF_OK;
  if (SM_UNLIKELY(!t->state)) {
    code = exec_state_new(&t->state, t->executor->plan, st);
    if (!code) code = spec_bind(t->spec, t->state, st);
  }
  if (!code) code = charge_block(t, env, st);
  if (!code) code = run_special(t, io, env, st);
  /* After a failure or a wrong guess the slots are in disorder: the state goes. */
  t->broken = code || t->failed_slot >= 0;
  if (!t->broken) spec_reset(t->spec, t->state);
  if (SM_UNLIKELY(t->executor->plan->makes_variables) && t->state) exec_drop_variables(t->state);
  return code;
}

bool exec_turn_can_go_on(const ExecTurn *t, const ExecIo *io) {
  return t->executor && t->spec && !t->broken &&
         spec_matches(t->spec, io->feeds, io->feed_refs, io->num_fresh) && spec_is_current(t->spec);
}

static void end_special(ExecTurn *t) {
  Executor *x = t->executor;
  ExecState *s = t->state;
  Spec *spec = t->spec;
  memory_discharge(t->charged, spec->block_size);
  if (s) {
    exec_unbind_feeds(s);
    buffer_pool_end(s->pool);
  }
  if (s && t->broken) {
    spec_unbind(spec, s, t->failed_slot >= 0);
    exec_state_free(s);
    s = NULL;
  }
  pthread_mutex_lock(&x->lock);
  if (s) {
    s->next_idle = spec->idle;
    spec->idle = s;
  }
  x->stats.special_runs += t->runs;
  spec->runs += t->runs;
  if (t->failed_slot >= 0) {
    x->stats.failed_guesses++;
    atomic_store_explicit(&x->past[t->failed_slot].reshaped, true, memory_order_relaxed);
    if (!spec->stale) retire_spec(x, spec);
  }
  bool last = --spec->refs == 0 && spec->stale;
  pthread_mutex_unlock(&x->lock);
  if (last) drop_spec(spec);
}

void exec_turn_end(ExecTurn *t) {
  Executor *x = t->executor;
  if (!x) return;
  if (t->spec) {
    end_special(t);
  } else if (t->state) {
    buffer_pool_end(t->state->pool);
    pthread_mutex_lock(&x->lock);
    t->state->next_idle = x->idle;
    x->idle = t->state;
    pthread_mutex_unlock(&x->lock);
  }
  t->executor = NULL;
}

TF_Code executor_run(Executor *x, const Tensor *const *feeds, Tensor *outputs, StepEnv *env, TF_Status *st) {
  if (env->call_depth > LIMIT_CALL_DEPTH)
    return fail(st, TF_RESOURCE_EXHAUSTED, "functions call each other more than %d deep", LIMIT_CALL_DEPTH);
  ExecTurn t;
  ExecIo io = {.feeds = feeds, .outputs = outputs};
  exec_turn_begin(&t, x, &io);
  TF_Code code = exec_turn_run(&t, &io, env, st);
  exec_turn_end(&t);
  if (!code) discharge_outputs(x->plan, env, outputs);
  return code;
}
