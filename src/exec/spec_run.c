/* The steady path: ready steps only compute. A guess that fails turns the rest of the run general. */
#include <stdlib.h>
#include <string.h>

#include "exec/profile.h"
#include "exec/spec.h"

/* ---- binding a state ---- */

static void bind_slot(const Spec *spec, ExecState *s, int i) {
  const SpecSlot *slot = &spec->slots[i];
  Tensor *t = &s->slots[i];
  if (slot->place == PLACE_VALUE) {
    if (!t->dtype) tensor_share(t, &slot->shape); /* values of the plan are there already */
    return;
  }
  if (slot->place != PLACE_ARENA && slot->place != PLACE_VIEW) return;
  *t = slot->shape;
  const SpecSlot *root = &spec->slots[slot->root];
  if (root->place == PLACE_ARENA) {
    t->buffer = &s->block_buffer;
    t->data = (char *)s->block + spec->uses[root->memory].offset;
  } else if (root->place == PLACE_VALUE) {
    t->buffer = root->shape.buffer; /* not counted: see spec_unbind */
    t->data = root->shape.data;
  }
}

static void bind_context(const Spec *spec, ExecState *s, int index) {
  const PlanStep *step = &spec->plan->steps[index];
  const SpecStep *ready = &spec->steps[index];
  s->contexts[index] = (OpCtx){.node = step->kernel.node,
                               .row = step->kernel.row,
                               .state = step->kernel.state,
                               .prep = ready->prep,
                               .num_inputs = step->num_inputs,
                               .num_outputs = step->num_outputs,
                               .inputs = s->inputs + spec->plan->input_base[index],
                               .outputs = s->slots + step->first_output,
                               .aliases = s->aliases,
                               .pool = s->pool,
                               .scratch_size = ready->scratch_size};
  s->contexts[index].scratch = (char *)s->block +
                               (ready->scratch >= 0 ? spec->uses[ready->scratch].offset : 0);
}

TF_Code spec_bind(const Spec *spec, ExecState *s, TF_Status *st) {
  size_t size = spec->block_size ? spec->block_size : TENSOR_ALIGN;
  s->block = aligned_alloc(TENSOR_ALIGN, size);
  s->contexts = calloc((size_t)spec->plan->num_steps + 1, sizeof *s->contexts);
  if (!s->block || !s->contexts) return fail_oom(st, "a step's memory");
  s->block_buffer =
      (TensorBuffer){.readonly = true, .data = s->block, .size = size, .free_data = op_step_memory};
  atomic_init(&s->block_buffer.refs, STEP_MEMORY_REFS);
  for (int i = 0; i < spec->plan->num_slots; i++) bind_slot(spec, s, i);
  for (int i = 0; i < spec->plan->num_steps; i++)
    if (spec->steps[i].mode == MODE_READY) bind_context(spec, s, i);
  return TF_OK;
}

void spec_reset(const Spec *spec, ExecState *s) {
  for (int i = 0; i < spec->num_cleared; i++) tensor_clear(&s->slots[spec->cleared[i]]);
}

void spec_unbind(const Spec *spec, ExecState *s, bool guess_failed) {
  if (guess_failed) return; /* run_rest made every slot hold a reference */
  for (int i = 0; i < spec->plan->num_slots; i++)
    if (spec->slots[i].place == PLACE_VIEW) s->slots[i] = (Tensor){0};
}

/* ---- a ready step ---- */

static TF_Code alloc_owned(const Spec *spec, ExecState *s, const PlanStep *step, TF_Status *st) {
  for (int i = 0; i < step->num_outputs; i++) {
    const SpecSlot *out = &spec->slots[step->first_output + i];
    if (out->place != PLACE_OWNED) continue;
    const Tensor *t = &out->shape;
    TRY(tensor_alloc_in(s->pool, &s->slots[step->first_output + i], t->dtype, t->dims, t->rank, st));
  }
  return TF_OK;
}

static void set_views(const Spec *spec, ExecState *s, const PlanStep *step, bool alive) {
  for (int i = 0; i < step->num_outputs; i++) {
    const SpecSlot *out = &spec->slots[step->first_output + i];
    if (out->place != PLACE_VIEW) continue;
    Tensor *t = &s->slots[step->first_output + i];
    t->buffer = alive ? s->slots[out->root].buffer : NULL;
    t->data = alive ? s->slots[out->root].data : NULL;
  }
}

static TF_Code run_ready(const Spec *spec, ExecState *s, int index, StepEnv *env, TF_Status *st) {
  const PlanStep *step = &spec->plan->steps[index];
  const SpecStep *ready = &spec->steps[index];
  OpCtx *c = &s->contexts[index];
  bool alive = !step->maybe_dead || !exec_mark_dead(s, index);
  if (ready->has_views) set_views(spec, s, step, alive);
  if (!alive) return TF_OK;
  if (ready->has_owned && alloc_owned(spec, s, step, st)) return plan_step_fail(step, st);
  c->env = env;
  c->threads = env->threads;
  if (c->row->run && SM_UNLIKELY(c->row->run(c, st))) return plan_step_fail(step, st);
  return TF_OK;
}

static TF_Code run_ready_profiled(const Spec *spec, ExecState *s, int index, StepEnv *env, TF_Status *st) {
  profile_enter(env->profile, &spec->plan->steps[index]);
  TF_Code code = run_ready(spec, s, index, env, st);
  profile_leave(env->profile);
  return code;
}

/* ---- guesses ---- */

/* The output whose shape is not the one that the spec was made for, or -1. */
static int failed_guess(const Spec *spec, const ExecState *s, int index) {
  const PlanStep *step = &spec->plan->steps[index];
  for (int i = 0; i < step->num_outputs; i++) {
    int slot = step->first_output + i;
    const Tensor *want = &spec->slots[slot].shape, *have = &s->slots[slot];
    if (!spec->slots[slot].known || s->slot_dead[slot] || spec->plan->slots[slot].is_ref) continue;
    if (!have->dtype) continue; /* an output that nobody uses */
    if (want->dtype != have->dtype || want->rank != have->rank) return slot;
    for (int k = 0; k < want->rank; k++)
      if (want->dims[k] != have->dims[k]) return slot;
  }
  return -1;
}

/* Whether a later step's outputs are values whatever became of the guess at step `failed`. */
static bool keeps_values(const Spec *spec, int index, int failed) {
  const SpecSlot *out = &spec->slots[spec->plan->steps[index].first_output];
  return spec->steps[index].mode == MODE_SKIP && out->place == PLACE_VALUE && out->guard < failed;
}

static bool is_unneeded(const Spec *spec, int index) {
  return spec->steps[index].mode == MODE_SKIP && !spec->steps[index].needed;
}

/* Makes every slot hold a reference of its own, as on the general path, and empties those still to be
 * computed. */
static void become_general(const Spec *spec, ExecState *s, int failed) {
  const Plan *p = spec->plan;
  for (int i = 0; i < p->num_slots; i++) {
    const SpecSlot *slot = &spec->slots[i];
    int step = p->slots[i].step;
    if (step < 0) continue;
    Tensor *t = &s->slots[i];
    if (step > failed) {
      if (keeps_values(spec, step, failed)) continue;
      if (slot->place == PLACE_VALUE) tensor_clear(t);
      *t = (Tensor){0};
    } else if (slot->place == PLACE_VIEW) {
      bool live = t->buffer && t->buffer == s->slots[slot->root].buffer;
      if (live) atomic_fetch_add_explicit(&t->buffer->refs, 1, memory_order_relaxed);
      else *t = (Tensor){0};
    }
  }
}

static TF_Code run_rest(const Spec *spec, ExecState *s, int failed, StepEnv *env, TF_Status *st) {
  const Plan *p = spec->plan;
  become_general(spec, s, failed);
  for (int i = failed + 1; i < p->num_steps; i++) {
    if (keeps_values(spec, i, failed) || is_unneeded(spec, i)) continue;
    TRY(step_check(env, st));
    TRY(exec_step(s, i, &p->steps[i].life, env, st));
    if (s->left) return TF_OK;
    exec_release(s, &p->steps[i].life);
  }
  return TF_OK;
}

TF_Code spec_run(const Spec *spec, ExecState *s, StepEnv *env, int *failed_slot, TF_Status *st) {
  for (int n = 0; n < spec->num_order; n++) {
    int i = spec->order[n];
    const SpecStep *step = &spec->steps[i];
    TRY(step_check(env, st));
    if (SM_LIKELY(step->mode == MODE_READY)) {
      if (SM_UNLIKELY(env->profile)) TRY(run_ready_profiled(spec, s, i, env, st));
      else TRY(run_ready(spec, s, i, env, st));
    } else {
      TRY(exec_step(s, i, &step->life, env, st));
      if (SM_UNLIKELY(s->left)) return TF_OK;
      if (step->guarded && (*failed_slot = failed_guess(spec, s, i)) >= 0)
        return run_rest(spec, s, i, env, st);
    }
    if (step->life.num_release) exec_release(s, &step->life);
  }
  return TF_OK;
}
