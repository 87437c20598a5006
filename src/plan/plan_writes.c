/* Which variables a plan's steps may change, so that the others can be taken for constant while it runs. A
 * step that is not known to only read a variable counts as changing it; what it gets the variable by, a
 * handle or a ref, is followed back to where that comes from: a node that names the variable, a feed, or an
 * object made in the step, which is none. */
#include <stdlib.h>
#include <string.h>

#include "ops/state_vars.h"
#include "plan/plan_build.h"

typedef struct Writes {
  Plan *plan;
  uint8_t *changed; /* by slot: what it carries may be changed */
  int cap;
} Writes;

static bool carries_variable(const Plan *p, int slot) {
  return p->slots[slot].is_ref || p->slots[slot].dtype == TF_RESOURCE;
}

static TF_Code add_variable(Writes *w, Variable *v, TF_Status *st) {
  Plan *p = w->plan;
  for (int i = 0; i < p->num_written; i++)
    if (p->written[i] == v) return TF_OK;
  if (p->num_written == w->cap) {
    int cap = w->cap ? 2 * w->cap : 8;
    Variable **grown = arena_calloc(&p->arena, (size_t)cap, sizeof *grown);
    if (!grown) return fail_oom(st, "a plan");
    if (p->num_written) memcpy(grown, p->written, (size_t)p->num_written * sizeof *grown);
    p->written = grown;
    w->cap = cap;
  }
  p->written[p->num_written++] = v;
  return TF_OK;
}

static TF_Code add_value(Writes *w, const Tensor *value, TF_Status *st) {
  Variable *v = variable_in(value);
  w->plan->writes_any |= tensor_count(value) != 1;
  return v ? add_variable(w, v, st) : TF_OK;
}

static void change_input(Writes *w, int slot) { w->changed[slot] |= carries_variable(w->plan, slot); }

static void change_inputs(Writes *w, const PlanStep *step) {
  for (int k = 0; k < step->num_inputs; k++) change_input(w, step->inputs[k]);
}

/* ---- what a step does to its inputs ---- */

static bool is_one_of(const char *op, const char *const *names) {
  for (; *names; names++)
    if (!strcmp(op, *names)) return true;
  return false;
}

static bool only_reads(const char *op) {
  static const char *const readers[] = {"ReadVariableOp",
                                        "_ReadVariablesOp",
                                        "VariableShape",
                                        "VarIsInitializedOp",
                                        "IsVariableInitialized",
                                        "ResourceGather",
                                        "ResourceGatherNd",
                                        "DisableCopyOnRead",
                                        "Identity",
                                        "IdentityN",
                                        "RefIdentity",
                                        "RefSelect",
                                        NULL};
  return is_one_of(op, readers);
}

static TF_Code add_callee(Writes *w, const PlanStep *step, const Callee *callee, TF_Status *st) {
  const Plan *inner = callee->plan;
  if (!inner) { /* it calls itself: being made */
    w->plan->writes_any = true;
    return TF_OK;
  }
  w->plan->writes_any |= inner->writes_any;
  for (int i = 0; i < inner->num_written; i++) TRY(add_variable(w, inner->written[i], st));
  for (int i = 0; i < inner->num_written_feeds; i++) {
    /* What a loop only reads is the same in each iteration; its variables may change places. */
    bool only_this = step->kind == STEP_LOOP && inner->written_feeds[i] >= step->num_outputs;
    if (only_this) change_input(w, step->inputs[inner->written_feeds[i]]);
    else change_inputs(w, step);
  }
  return TF_OK;
}

static TF_Code add_step(Writes *w, const PlanStep *step, TF_Status *st) {
  if (step->kind == STEP_LOOP) return add_callee(w, step, step->loop, st);
  if (step->kind != STEP_KERNEL) return TF_OK;
  for (int i = 0; i < step->num_callees; i++) TRY(add_callee(w, step, step->callees[i], st));
  if (!step->num_callees && !only_reads(step->kernel.node->op)) change_inputs(w, step);
  return TF_OK;
}

/* ---- where a changed handle or ref comes from ---- */

static TF_Code trace_step(Writes *w, const PlanStep *step, TF_Status *st) {
  bool changed = false;
  for (int i = 0; i < step->num_outputs; i++) changed |= w->changed[step->first_output + i];
  if (!changed) return TF_OK;
  Variable *v = step->kind == STEP_KERNEL ? state_named_variable(step->kernel.row, step->kernel.state) : NULL;
  if (v) return add_variable(w, v, st);
  if (step->kind == STEP_LOOP || step->num_callees)
    w->plan->writes_any = true; /* a function may give any handle */
  change_inputs(w, step);
  return TF_OK;
}

static TF_Code find_writes(Writes *w, TF_Status *st) {
  Plan *p = w->plan;
  for (int i = p->num_steps - 1; i >= 0; i--) {
    TRY(trace_step(w, &p->steps[i], st));
    TRY(add_step(w, &p->steps[i], st));
  }
  for (int i = 0; i < p->num_slots; i++)
    if (w->changed[i] && p->slots[i].value.dtype) TRY(add_value(w, &p->slots[i].value, st));
  p->written_feeds = arena_calloc(&p->arena, (size_t)p->num_feeds, sizeof *p->written_feeds);
  if (!p->written_feeds) return fail_oom(st, "a plan");
  for (int i = 0; i < p->num_feeds; i++)
    if (w->changed[p->feeds[i]]) p->written_feeds[p->num_written_feeds++] = i;
  return TF_OK;
}

TF_Code plan_find_writes(Plan *p, TF_Status *st) {
  Writes w = {.plan = p, .changed = calloc((size_t)p->num_slots + 1, 1)};
  if (!w.changed) return fail_oom(st, "a plan");
  TF_Code code = find_writes(&w, st);
  free(w.changed);
  return code;
}
