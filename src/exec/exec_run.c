/* The general path: every step prepares for the shapes at hand, asks the allocator for its outputs, and runs.
 * It works for all plans and shapes, and is what the specialised path is measured against. */
#include <string.h>

#include "base/limits.h"
#include "exec/exec_state.h"

/* ---- steps of each kind ---- */

static TF_Code fail_uninitialized(const PlanStep *step, const Node *variable, TF_Status *st) {
  fail(st, TF_FAILED_PRECONDITION, "Attempting to use uninitialized value %s", variable->name);
  return plan_step_fail(step, st);
}

static TF_Code run_deref(ExecState *s, const PlanStep *step, TF_Status *st) {
  Variable *v = s->refs[step->inputs[0]];
  if (v && variable_read(v, &s->slots[step->first_output])) return TF_OK;
  fail(st, TF_FAILED_PRECONDITION, "Attempting to use uninitialized value %s", v ? v->name : "");
  return plan_step_fail(step, st);
}

static TF_Code run_switch(ExecState *s, const PlanStep *step, TF_Status *st) {
  const Tensor *pred = &s->slots[step->inputs[1]];
  if (tensor_count(pred) != 1 || pred->rank != 0) {
    char text[SHAPE_TEXT_MAX];
    fail(st, TF_INVALID_ARGUMENT, "The second input must be a scalar, but it has shape %s",
         shape_text(pred->dims, pred->rank, text, sizeof text));
    return plan_step_fail(step, st);
  }
  int alive = *(const uint8_t *)pred->data ? 1 : 0, out = step->first_output;
  if (s->plan->slots[step->inputs[0]].is_ref) s->refs[out + alive] = s->refs[step->inputs[0]];
  else tensor_share(&s->slots[out + alive], &s->slots[step->inputs[0]]);
  s->slot_dead[out + alive] = 0;
  s->slot_dead[out + !alive] = 1;
  return TF_OK;
}

static TF_Code run_merge(ExecState *s, const PlanStep *step, TF_Status *st) {
  int alive = 0, out = step->first_output;
  while (alive < step->num_inputs && s->slot_dead[step->inputs[alive]]) alive++;
  int in = step->inputs[alive];
  if (s->plan->slots[in].is_ref) s->refs[out] = s->refs[in];
  else tensor_share(&s->slots[out], &s->slots[in]);
  if (tensor_alloc(&s->slots[out + 1], TF_INT32, NULL, 0, st)) return plan_step_fail(step, st);
  *(int32_t *)s->slots[out + 1].data = alive;
  return TF_OK;
}

/* What ref inputs refer to; an uninitialised one is an error unless the op is made for those. */
static TF_Code bind_refs(ExecState *s, const PlanStep *step, OpCtx *c, TF_Status *st) {
  c->output_refs = s->refs + step->first_output;
  c->input_refs = s->input_refs;
  bool uninitialized_ok = step->kernel.node->spec->flags & OP_SPEC_UNINITIALIZED_OK;
  for (int i = 0; i < step->num_inputs; i++) {
    int slot = step->inputs[i];
    s->input_refs[i] = s->plan->slots[slot].is_ref ? s->refs[slot] : NULL;
    if (!s->plan->slots[slot].is_ref || uninitialized_ok) continue;
    if (!s->input_refs[i] || !variable_is_initialized(s->input_refs[i]))
      return fail_uninitialized(step, step->kernel.node->inputs[i].oper, st);
  }
  return TF_OK;
}

static TF_Code run_kernel(ExecState *s, int index, const PlanStep *step, StepEnv *env, TF_Status *st) {
  OpCtx c = {.node = step->kernel.node, .row = step->kernel.row, .state = step->kernel.state,
             .num_inputs = step->num_inputs, .num_outputs = step->num_outputs,
             .inputs = s->inputs + s->plan->input_base[index], .outputs = s->slots + step->first_output,
             .aliases = s->aliases, .threads = env->threads, .env = env};
  if (s->refs) TRY(bind_refs(s, step, &c, st));
  if (SM_UNLIKELY(op_eval(&c, &s->scratch, step->last_use, st))) return plan_step_fail(step, st);
  return TF_OK;
}

/* ---- dead or alive ---- */

static bool is_dead(const ExecState *s, const PlanStep *step) {
  bool any = false, all = true;
  for (int i = 0; i < step->num_inputs; i++) {
    bool dead = s->slot_dead[step->inputs[i]];
    any |= dead;
    all &= dead;
  }
  if (step->kind == STEP_MERGE ? all : any) return true;
  for (int i = 0; i < step->num_controls; i++)
    if (s->step_dead[step->controls[i]]) return true;
  return false;
}

static void release(ExecState *s, const PlanStep *step) {
  for (int i = 0; i < step->num_release; i++) tensor_clear(&s->slots[step->release[i]]);
}

TF_Code exec_step(ExecState *s, int index, StepEnv *env, TF_Status *st) {
  const PlanStep *step = &s->plan->steps[index];
  if (step->maybe_dead) {
    bool dead = is_dead(s, step);
    s->step_dead[index] = dead;
    memset(s->slot_dead + step->first_output, dead, (size_t)step->num_outputs);
    if (dead) return release(s, step), TF_OK;
  }
  TF_Code code = TF_OK;
  switch (step->kind) {
    case STEP_KERNEL: code = run_kernel(s, index, step, env, st); break;
    case STEP_DEREF: code = run_deref(s, step, st); break;
    case STEP_SWITCH: code = run_switch(s, step, st); break;
    case STEP_MERGE: code = run_merge(s, step, st); break;
    case STEP_PIVOT: break;
  }
  if (!code) release(s, step);
  return code;
}

TF_Code exec_steps(ExecState *s, int begin, int end, StepEnv *env, TF_Status *st) {
  for (int i = begin; i < end; i++) {
    TRY(step_check(env, st));
    TRY(exec_step(s, i, env, st));
  }
  return TF_OK;
}

/* ---- feeds and fetches ---- */

static TF_Code bind_feeds(ExecState *s, const Tensor *const *feeds, TF_Status *st) {
  const Plan *p = s->plan;
  for (int i = 0; i < p->num_feeds; i++) {
    if (feeds[i]->dtype != p->feed_types[i])
      return fail(st, TF_INVALID_ARGUMENT, "Expects arg[%d] to be %s but %s is provided", i,
                  dtype_name(p->feed_types[i]), dtype_name(feeds[i]->dtype));
    Tensor *slot = &s->slots[p->feeds[i]];
    *slot = *feeds[i];
    /* Kernels see the caller's bytes under a header that says that they are the caller's. */
    s->feed_buffers[i].data = slot->data;
    s->feed_buffers[i].size = slot->buffer ? slot->buffer->size : 0;
    slot->buffer = &s->feed_buffers[i];
  }
  return TF_OK;
}

static void unbind_feeds(ExecState *s) {
  for (int i = 0; i < s->plan->num_feeds; i++) s->slots[s->plan->feeds[i]] = (Tensor){0};
}

static TF_Code take_fetches(ExecState *s, Tensor *outputs, TF_Status *st) {
  const Plan *p = s->plan;
  for (int i = 0; i < p->num_fetches; i++) {
    Tensor *t = &s->slots[p->fetches[i]];
    if (s->slot_dead[p->fetches[i]]) return fail(st, TF_INVALID_ARGUMENT, "Retval[%d] does not have value", i);
    bool again = false; /* the same output is fetched once more */
    for (int k = i + 1; k < p->num_fetches; k++) again |= p->fetches[k] == p->fetches[i];
    if (!again && tensor_writable(t)) tensor_move(&outputs[i], t);
    else TRY(tensor_copy(&outputs[i], t, st));
  }
  return TF_OK;
}

/* Clears what the run left in the slots, so that the state is as new. */
static void reset(ExecState *s, bool failed) {
  const Plan *p = s->plan;
  unbind_feeds(s);
  for (int i = 0; i < p->num_slots; i++)
    if (p->slots[i].step >= 0 && (failed || p->slots[i].fetched)) tensor_clear(&s->slots[i]);
}

TF_Code exec_run(const Plan *p, ExecState *s, const Tensor *const *feeds, Tensor *outputs, StepEnv *env,
                 TF_Status *st) {
  if (env->call_depth > LIMIT_CALL_DEPTH)
    return fail(st, TF_RESOURCE_EXHAUSTED, "functions call each other more than %d deep", LIMIT_CALL_DEPTH);
  TF_Code code = bind_feeds(s, feeds, st);
  if (!code) code = exec_steps(s, 0, p->num_steps, env, st);
  if (!code) code = take_fetches(s, outputs, st);
  reset(s, code != TF_OK);
  if (code)
    for (int i = 0; i < p->num_fetches; i++) tensor_clear(&outputs[i]);
  return code;
}
