/* One step by the general path: it prepares for the shapes at hand, asks the allocator for its outputs, and
 * runs. This works for all plans and shapes, and is what the specialised path is measured against. */
#include <string.h>

#include "exec/exec.h"
#include "exec/exec_state.h"
#include "exec/profile.h"

/* ---- steps of each kind ---- */

static TF_Code fail_uninitialized(const PlanStep *step, const Node *variable, TF_Status *st) {
  fail(st, TF_FAILED_PRECONDITION, "Attempting to use uninitialized value %s", variable->name);
  return plan_step_fail(step, st);
}

static TF_Code run_deref(ExecState *s, const PlanStep *step, TF_Status *st) {
  Variable *v = s->refs[step->inputs[0]];
  int out = step->first_output;
  s->owners[out].variable = v;
  if (v && variable_read_generation(v, &s->slots[out], &s->owners[out].generation)) return TF_OK;
  fail(st, TF_FAILED_PRECONDITION, "Attempting to use uninitialized value %s", v ? v->name : "");
  return plan_step_fail(step, st);
}

MemoryOwner exec_owner(const ExecState *s, int slot) {
  int owner = s->plan->slots[slot].owner;
  return owner < 0 ? (MemoryOwner){0} : s->owners[owner];
}

static TF_Code run_reread(ExecState *s, const PlanStep *step, TF_Status *st) {
  MemoryOwner owner = exec_owner(s, step->inputs[0]);
  Tensor *out = &s->slots[step->first_output];
  const Tensor *was = &s->slots[step->inputs[0]];
  if (!owner.variable) {
    tensor_share(out, was);
    return TF_OK;
  }
  if (!variable_reread(owner.variable, owner.generation, was, out) || out->dtype != was->dtype ||
      tensor_count(out) != tensor_count(was)) {
    fail(st, TF_UNIMPLEMENTED, "Reading memory that variable %s had before it got another size",
         owner.variable->name);
    return plan_step_fail(step, st);
  }
  out->rank = was->rank; /* as many elements, and TF's reader keeps the shape it had */
  memcpy(out->dims, was->dims, sizeof out->dims);
  return TF_OK;
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

static bool is_used(const Plan *p, int slot) {
  return p->slots[slot].last_step >= 0 || p->slots[slot].fetched;
}

static TF_Code run_merge(ExecState *s, const PlanStep *step, TF_Status *st) {
  int alive = 0, out = step->first_output;
  while (alive < step->num_inputs && s->slot_dead[step->inputs[alive]]) alive++;
  int in = step->inputs[alive];
  if (s->plan->slots[in].is_ref) s->refs[out] = s->refs[in];
  else tensor_share(&s->slots[out], &s->slots[in]);
  if (s->plan->slots[out].owner >= 0) s->owners[out] = exec_owner(s, in);
  if (!is_used(s->plan, out + 1)) return TF_OK;
  if (tensor_alloc_in(s->pool, &s->slots[out + 1], TF_INT32, NULL, 0, st)) return plan_step_fail(step, st);
  *(int32_t *)s->slots[out + 1].data = alive;
  return TF_OK;
}

static TF_Code run_loop(ExecState *s, int index, StepEnv *env, TF_Status *st) {
  const PlanStep *step = &s->plan->steps[index];
  ExecLoop l = {.body = step->loop,
                .inputs = s->inputs + s->plan->input_base[index],
                .num_inputs = step->num_inputs,
                .num_variables = step->num_outputs,
                .outputs = s->slots + step->first_output};
  if (s->refs) {
    for (int i = 0; i < step->num_inputs; i++) {
      int slot = step->inputs[i];
      s->input_refs[i] = s->plan->slots[slot].is_ref ? s->refs[slot] : NULL;
    }
    l.input_refs = s->input_refs;
    l.output_refs = s->refs + step->first_output;
    for (int i = 0; i < step->num_inputs; i++) s->input_owners[i] = exec_owner(s, step->inputs[i]);
    l.input_owners = s->input_owners;
    l.output_owners = s->owners + step->first_output;
  }
  return exec_loop(env, &l, st);
}

/* TF: Switch on a loop's condition, which wants a scalar. */
static TF_Code run_break(ExecState *s, const PlanStep *step, TF_Status *st) {
  const Tensor *pred = &s->slots[step->inputs[0]];
  if (pred->rank) {
    char text[SHAPE_TEXT_MAX];
    fail(st, TF_INVALID_ARGUMENT, "The second input must be a scalar, but it has shape %s",
         shape_text(pred->dims, pred->rank, text, sizeof text));
    return plan_step_fail(step, st);
  }
  s->left = !*(const uint8_t *)pred->data;
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

static TF_Code run_kernel(ExecState *s, int index, const StepLife *life, StepEnv *env, TF_Status *st) {
  const PlanStep *step = &s->plan->steps[index];
  OpCtx c = {.node = step->kernel.node,
             .row = step->kernel.row,
             .state = step->kernel.state,
             .num_inputs = step->num_inputs,
             .num_outputs = step->num_outputs,
             .inputs = s->inputs + s->plan->input_base[index],
             .outputs = s->slots + step->first_output,
             .aliases = s->aliases,
             .pool = s->pool,
             .threads = env->threads,
             .env = env};
  if (s->refs) TRY(bind_refs(s, step, &c, st));
  if (SM_UNLIKELY(op_eval(&c, &s->scratch, life->last_use, st))) return plan_step_fail(step, st);
  if (SM_UNLIKELY(step->makes_variable)) /* refs to it may be used when it has been destroyed */
    s->held[step->first_output] = object_ref(s->refs[step->first_output]);
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

bool exec_mark_dead(ExecState *s, int index) {
  const PlanStep *step = &s->plan->steps[index];
  bool dead = is_dead(s, step);
  s->step_dead[index] = dead;
  memset(s->slot_dead + step->first_output, dead, (size_t)step->num_outputs);
  return dead;
}

void exec_release(ExecState *s, const StepLife *life) {
  for (int i = 0; i < life->num_release; i++) tensor_clear(&s->slots[life->release[i]]);
}

static TF_Code run_step(ExecState *s, int index, const StepLife *life, StepEnv *env, TF_Status *st) {
  const PlanStep *step = &s->plan->steps[index];
  if (step->maybe_dead && exec_mark_dead(s, index)) return TF_OK;
  switch (step->kind) {
    case STEP_KERNEL: return run_kernel(s, index, life, env, st);
    case STEP_DEREF: return run_deref(s, step, st);
    case STEP_REREAD: return run_reread(s, step, st);
    case STEP_SWITCH: return run_switch(s, step, st);
    case STEP_MERGE: return run_merge(s, step, st);
    case STEP_LOOP: return run_loop(s, index, env, st);
    case STEP_BREAK: return run_break(s, step, st);
    case STEP_PIVOT: break;
  }
  return TF_OK;
}

TF_Code exec_step(ExecState *s, int index, const StepLife *life, StepEnv *env, TF_Status *st) {
  if (SM_LIKELY(!env->profile)) return run_step(s, index, life, env, st);
  profile_enter(env->profile, &s->plan->steps[index]);
  TF_Code code = run_step(s, index, life, env, st);
  profile_leave(env->profile);
  return code;
}

/* ---- feeds ---- */

static void bind_feed(ExecState *s, const Tensor *from, int feed, bool share) {
  Tensor *slot = &s->slots[s->plan->feeds[feed]];
  tensor_clear(slot);
  if (share && from->buffer && !op_is_step_memory(from)) {
    tensor_share(slot, from);
    return;
  }
  *slot = *from;
  TensorBuffer *header = &s->feed_buffers[feed];
  header->data = slot->data;
  header->size = slot->buffer ? slot->buffer->size : 0;
  atomic_store_explicit(&header->refs, STEP_MEMORY_REFS, memory_order_relaxed);
  slot->buffer = header;
}

TF_Code exec_bind_feeds(ExecState *s, const ExecIo *io, int count, bool share, TF_Status *st) {
  const Plan *p = s->plan;
  for (int i = 0; s->owners && io->feed_owners && i < count; i++) s->owners[p->feeds[i]] = io->feed_owners[i];
  for (int i = 0; i < count; i++) {
    if (SM_UNLIKELY(p->slots[p->feeds[i]].is_ref)) {
      s->refs[p->feeds[i]] = io->feed_refs ? io->feed_refs[i] : NULL;
      continue;
    }
    const Tensor *from = i < io->num_moved ? &io->moved[i] : io->feeds[i];
    if (from->dtype != p->feed_types[i])
      return fail(st, TF_INVALID_ARGUMENT, "Expects arg[%d] to be %s but %s is provided",
                  p->feed_numbers ? p->feed_numbers[i] : i, dtype_name(p->feed_types[i]),
                  dtype_name(from->dtype));
    if (i >= io->num_moved) {
      bind_feed(s, from, i, share);
      continue;
    }
    tensor_clear(&s->slots[p->feeds[i]]);
    tensor_move(&s->slots[p->feeds[i]], &io->moved[i]);
  }
  return TF_OK;
}

void exec_unbind_feeds(ExecState *s) {
  for (int i = 0; i < s->plan->num_feeds; i++) tensor_clear(&s->slots[s->plan->feeds[i]]);
}
