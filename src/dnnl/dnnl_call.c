#include "dnnl/dnnl_call.h"

#ifndef SM_DNNL

bool dnnl_here(void) { return false; }
void dnnl_call_free(DnnlCall *call) { (void)call; }
size_t dnnl_call_scratch(const DnnlCall *call) {
  (void)call;
  return 0;
}
const char *dnnl_call_name(const DnnlCall *call) {
  (void)call;
  return "";
}
void dnnl_call_pack(DnnlCall *call, const Tensor *weights) {
  (void)call;
  (void)weights;
}
bool dnnl_call_run(DnnlCall *call, void *const *buffers, void *scratch) {
  (void)call;
  (void)buffers;
  (void)scratch;
  return false;
}
bool dnnl_call_run_weights(DnnlCall *call, const Tensor *weights, void *const *buffers, void *scratch) {
  (void)weights;
  return dnnl_call_run(call, buffers, scratch);
}

#else

#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnnl/dnnl_internal.h"
#include "dnnl/dnnl_pack.h"

enum {
  DNNL_SLOTS = 8, /* threads that run one call at a time without allocating */
  WEIGHTS_ARG = 1,
  MAX_REPACKS = 8, /* weights that change more often are not worth keeping */
};

/* Memory objects carry the buffer's address, so each thread in the call needs its own. */
typedef struct Slot {
  atomic_flag busy;
  dnnl_stream_t stream;
  dnnl_memory_t args[DNNL_MAX_ARGS], inner[DNNL_MAX_ARGS], scratch;
  DnnlPack *weights; /* as seen last; or null */
  int repacks;
} Slot;

struct DnnlCall {
  dnnl_primitive_t primitive;
  int num_args, threads;
  int arg_ids[DNNL_MAX_ARGS];
  dnnl_memory_desc_t args[DNNL_MAX_ARGS]; /* the caller's layout */
  /* Where the primitive wants another layout: a reorder in front (null: none), its result in scratch. */
  dnnl_primitive_t reorder[DNNL_MAX_ARGS];
  dnnl_memory_desc_t inner[DNNL_MAX_ARGS];
  size_t inner_offset[DNNL_MAX_ARGS];
  dnnl_memory_desc_t scratch;
  size_t scratch_offset, scratch_size;
  char name[64];
  Slot slots[DNNL_SLOTS];
};

static dnnl_engine_t the_engine;

/* oneDNN splits its work by the threads it was promised: with a smaller team its answers would be wrong. */
typedef struct Team {
  int threads, dynamic;
} Team;

static Team team_enter(int threads) {
  Team before = {omp_get_max_threads(), omp_get_dynamic()};
  omp_set_dynamic(0);
  omp_set_num_threads(threads);
  return before;
}

static void team_leave(Team before) {
  omp_set_dynamic(before.dynamic);
  omp_set_num_threads(before.threads);
}

static void make_engine(void) {
  const char *off = getenv("SM_DNNL");
  if (off && strcmp(off, "off") == 0) return;
  if (dnnl_engine_create(&the_engine, dnnl_cpu, 0) != dnnl_success) the_engine = NULL;
}

dnnl_engine_t dnnl_engine(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_engine);
  return the_engine;
}

bool dnnl_here(void) { return dnnl_engine() != NULL; }

static void slot_clear(Slot *s) {
  for (int i = 0; i < DNNL_MAX_ARGS; i++) {
    if (s->args[i]) dnnl_memory_destroy(s->args[i]);
    if (s->inner[i]) dnnl_memory_destroy(s->inner[i]);
    s->args[i] = s->inner[i] = NULL;
  }
  if (s->scratch) dnnl_memory_destroy(s->scratch);
  dnnl_pack_drop(s->weights);
  s->weights = NULL;
  if (s->stream) dnnl_stream_destroy(s->stream);
  s->scratch = NULL;
  s->stream = NULL;
}

static bool slot_fill(const DnnlCall *c, Slot *s) {
  dnnl_engine_t engine = dnnl_engine();
  bool ok = dnnl_stream_create(&s->stream, engine, dnnl_stream_default_flags) == dnnl_success;
  for (int i = 0; ok && i < c->num_args; i++) {
    ok = dnnl_memory_create(&s->args[i], &c->args[i], engine, DNNL_MEMORY_NONE) == dnnl_success;
    if (ok && c->reorder[i])
      ok = dnnl_memory_create(&s->inner[i], &c->inner[i], engine, DNNL_MEMORY_NONE) == dnnl_success;
  }
  ok = ok && dnnl_memory_create(&s->scratch, &c->scratch, engine, DNNL_MEMORY_NONE) == dnnl_success;
  if (!ok) slot_clear(s);
  return ok;
}

void dnnl_call_free(DnnlCall *c) {
  if (!c) return;
  for (int i = 0; i < DNNL_SLOTS; i++) slot_clear(&c->slots[i]);
  for (int i = 0; i < DNNL_MAX_ARGS; i++)
    if (c->reorder[i]) dnnl_primitive_destroy(c->reorder[i]);
  if (c->primitive) dnnl_primitive_destroy(c->primitive);
  free(c);
}

size_t dnnl_call_scratch(const DnnlCall *c) { return c->scratch_size; }

const char *dnnl_call_name(const DnnlCall *c) { return c->name; }

static size_t round_up(size_t n) { return (n + 63) / 64 * 64; }

static dnnl_query_t query_of(int arg) {
  if (arg == DNNL_ARG_SRC) return dnnl_query_src_md;
  if (arg == DNNL_ARG_WEIGHTS) return dnnl_query_weights_md;
  return dnnl_query_dst_md;
}

/* Argument i in the layout the primitive wants. */
static bool plan_arg(DnnlCall *c, int i, const_dnnl_primitive_desc_t pd) {
  const dnnl_memory_desc_t *want = dnnl_primitive_desc_query_md(pd, query_of(c->arg_ids[i]), 0);
  if (!want) return false;
  if (dnnl_memory_desc_equal(want, &c->args[i])) return true;
  if (i == c->num_args - 1) return false; /* outputs are always asked for as the caller has them */
  dnnl_primitive_desc_t reorder;
  dnnl_engine_t engine = dnnl_engine();
  c->inner[i] = *want;
  c->inner_offset[i] = c->scratch_size;
  c->scratch_size += round_up(dnnl_memory_desc_get_size(want));
  if (dnnl_reorder_primitive_desc_create(&reorder, &c->args[i], engine, want, engine, NULL) != dnnl_success)
    return false;
  bool ok = dnnl_primitive_create(&c->reorder[i], reorder) == dnnl_success;
  dnnl_primitive_desc_destroy(reorder);
  return ok;
}

static bool call_build(DnnlCall *c, const DnnlPlan *plan) {
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t pd = NULL;
  bool ok = dnnl_primitive_attr_create(&attr) == dnnl_success &&
            dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success &&
            dnnl_primitive_desc_create(&pd, plan->op, attr, dnnl_engine(), NULL) == dnnl_success &&
            dnnl_primitive_create(&c->primitive, pd) == dnnl_success;
  for (int i = 0; ok && i < c->num_args; i++) ok = plan_arg(c, i, pd);
  const char *name;
  if (ok && dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name) == dnnl_success)
    snprintf(c->name, sizeof c->name, "oneDNN %s", name);
  if (ok) {
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    c->scratch = *scratch;
    c->scratch_offset = c->scratch_size;
    c->scratch_size += round_up(dnnl_memory_desc_get_size(scratch));
    ok = slot_fill(c, &c->slots[0]);
  }
  if (pd) dnnl_primitive_desc_destroy(pd);
  if (attr) dnnl_primitive_attr_destroy(attr);
  return ok;
}

DnnlCall *dnnl_call_new(const DnnlPlan *plan) {
  DnnlCall *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->num_args = plan->num_args;
  c->threads = plan->threads < omp_get_thread_limit() ? plan->threads : omp_get_thread_limit();
  for (int i = 0; i < c->num_args; i++) {
    c->arg_ids[i] = plan->arg_ids[i];
    c->args[i] = *plan->args[i];
  }
  for (int i = 0; i < DNNL_SLOTS; i++) atomic_flag_clear(&c->slots[i].busy);
  /* oneDNN sizes its scratch by the threads that it finds here. */
  Team before = team_enter(c->threads);
  bool ok = call_build(c, plan);
  team_leave(before);
  if (!ok) {
    dnnl_call_free(c);
    return NULL;
  }
  return c;
}

/* Lets the slot have the pack of the weights; false when there is none to be had. */
static bool find_pack(const DnnlCall *c, Slot *s, const Tensor *weights) {
  if (!weights || !weights->buffer || !c->reorder[WEIGHTS_ARG]) return false;
  if (s->weights && dnnl_pack_is_of(s->weights, weights)) return true;
  dnnl_pack_drop(s->weights);
  s->weights = NULL;
  if (s->repacks == MAX_REPACKS) return false;
  s->repacks++;
  s->weights = dnnl_pack_get(weights, &c->args[WEIGHTS_ARG], &c->inner[WEIGHTS_ARG], c->reorder[WEIGHTS_ARG],
                             s->stream);
  return s->weights != NULL;
}

/* Moves argument i into the layout that the primitive wants, in scratch. */
static bool move_arg(const DnnlCall *c, Slot *s, int i, void *buffer, char *scratch) {
  dnnl_exec_arg_t move[2] = {{DNNL_ARG_FROM, s->args[i]}, {DNNL_ARG_TO, s->inner[i]}};
  return dnnl_memory_set_data_handle_v2(s->args[i], buffer, s->stream) == dnnl_success &&
         dnnl_memory_set_data_handle_v2(s->inner[i], scratch + c->inner_offset[i], s->stream) ==
             dnnl_success &&
         dnnl_primitive_execute(c->reorder[i], s->stream, 2, move) == dnnl_success;
}

static bool run_in(const DnnlCall *c, Slot *s, const Tensor *weights, void *const *buffers, char *scratch) {
  dnnl_exec_arg_t args[DNNL_MAX_ARGS + 1];
  bool ok = true, packed = find_pack(c, s, weights);
  for (int i = 0; ok && i < c->num_args; i++) {
    args[i] = (dnnl_exec_arg_t){c->arg_ids[i], c->reorder[i] ? s->inner[i] : s->args[i]};
    if (!c->reorder[i])
      ok = dnnl_memory_set_data_handle_v2(s->args[i], buffers[i], s->stream) == dnnl_success;
    else if (i == WEIGHTS_ARG && packed)
      ok = dnnl_memory_set_data_handle_v2(s->inner[i], dnnl_pack_data(s->weights), s->stream) == dnnl_success;
    else ok = move_arg(c, s, i, buffers[i], scratch);
  }
  args[c->num_args] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, s->scratch};
  return ok &&
         dnnl_memory_set_data_handle_v2(s->scratch, scratch + c->scratch_offset, s->stream) == dnnl_success &&
         dnnl_primitive_execute(c->primitive, s->stream, c->num_args + 1, args) == dnnl_success &&
         dnnl_stream_wait(s->stream) == dnnl_success;
}

void dnnl_call_pack(DnnlCall *c, const Tensor *weights) {
  Team before = team_enter(c->threads);
  if (!atomic_flag_test_and_set_explicit(&c->slots[0].busy, memory_order_acquire)) {
    find_pack(c, &c->slots[0], weights);
    atomic_flag_clear_explicit(&c->slots[0].busy, memory_order_release);
  }
  team_leave(before);
}

bool dnnl_call_run(DnnlCall *call, void *const *buffers, void *scratch) {
  return dnnl_call_run_weights(call, NULL, buffers, scratch);
}

bool dnnl_call_run_weights(DnnlCall *c, const Tensor *weights, void *const *buffers, void *scratch) {
  Team before = team_enter(c->threads);
  bool ok = false;
  int i = 0;
  while (i < DNNL_SLOTS && atomic_flag_test_and_set_explicit(&c->slots[i].busy, memory_order_acquire)) i++;
  if (i < DNNL_SLOTS) {
    Slot *s = &c->slots[i];
    if (s->stream || slot_fill(c, s)) ok = run_in(c, s, weights, buffers, scratch);
    atomic_flag_clear_explicit(&s->busy, memory_order_release);
  } else {
    Slot own = {0};
    if (slot_fill(c, &own)) ok = run_in(c, &own, weights, buffers, scratch);
    slot_clear(&own);
  }
  team_leave(before);
  return ok;
}

#endif
