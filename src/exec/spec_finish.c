/* Making a spec of what was learned: prepare the ready steps, find what is needed, give slots their place. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "exec/spec.h"
#include "ops/state_vars.h"

/* ---- prep ---- */

static bool same_shape(const Tensor *a, const Tensor *b) {
  if (a->dtype != b->dtype || a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (a->dims[i] != b->dims[i]) return false;
  return true;
}

static TF_Code add_use(Spec *spec, int first, size_t size, int *use, TF_Status *st) {
  if (spec->num_uses == spec->cap_uses) {
    int want = spec->cap_uses ? 2 * spec->cap_uses : 32;
    MemoryUse *grown = realloc(spec->uses, (size_t)want * sizeof *grown);
    if (!grown) return fail_oom(st, "a specialisation");
    spec->uses = grown;
    spec->cap_uses = want;
  }
  *use = spec->num_uses++;
  spec->uses[*use] = (MemoryUse){first, first, size, 0};
  return TF_OK;
}

/* What prepare said of the outputs: new memory, or a view of an input. False when it is not as it was. */
static bool take_outputs(Spec *spec, const PlanStep *step, const OpCtx *c) {
  for (int i = 0; i < step->num_outputs; i++) {
    const SpecSlot *out = &spec->slots[step->first_output + i];
    if (!same_shape(&out->shape, &c->outputs[i])) return false;
    if (c->aliases[i] < 0 && dtype_is_object(out->shape.dtype)) return false;
  }
  for (int i = 0; i < step->num_outputs; i++) {
    SpecSlot *out = &spec->slots[step->first_output + i];
    out->place = c->aliases[i] < 0 ? PLACE_ARENA : PLACE_VIEW;
    if (c->aliases[i] >= 0) out->root = spec->slots[step->inputs[c->aliases[i]]].root;
  }
  return true;
}

/* prepare sees shapes, and values where it may read them; a step that does not go as before stays general. */
static TF_Code prepare_step(Spec *spec, int index, OpScratch *temp, StepEnv *env, TF_Status *st) {
  const PlanStep *step = &spec->plan->steps[index];
  SpecStep *ready = &spec->steps[index];
  const OpRow *row = step->kernel.row;
  size_t in_bytes = (size_t)step->num_inputs * sizeof(Tensor *),
         out_bytes = (size_t)step->num_outputs * sizeof(Tensor);
  /* One int more: a step without inputs and outputs wants a place too. */
  TRY(op_scratch_reserve(temp, out_bytes, in_bytes + ((size_t)step->num_outputs + 1) * sizeof(int), st));
  const Tensor **inputs = temp->scratch;
  Tensor *outputs = temp->prep;
  int *aliases = (int *)((char *)temp->scratch + in_bytes);
  for (int i = 0; i < step->num_inputs; i++) inputs[i] = &spec->slots[step->inputs[i]].shape;
  for (int i = 0; i < step->num_outputs; i++) aliases[i] = -1;
  char *prep = arena_calloc(&spec->arena, 1, row->prep_size + TENSOR_ALIGN);
  if (!prep) return fail_oom(st, "a specialisation");
  ready->prep = prep + (-(uintptr_t)prep & (TENSOR_ALIGN - 1));
  OpCtx c = {.node = step->kernel.node,
             .row = row,
             .state = step->kernel.state,
             .prep = ready->prep,
             .num_inputs = step->num_inputs,
             .num_outputs = step->num_outputs,
             .inputs = inputs,
             .outputs = outputs,
             .aliases = aliases,
             .threads = env->threads,
             .env = env};
  ready->prepared = row->prepare != NULL;
  TF_Code code = row->prepare ? row->prepare(&c, st) : TF_OK;
  if (code == TF_RESOURCE_EXHAUSTED) return code;
  ready->scratch_size = c.scratch_size;
  ready->scratch = -1;
  if (code || !take_outputs(spec, step, &c)) {
    ready->mode = MODE_GENERAL;
    return TF_OK;
  }
  return c.scratch_size ? add_use(spec, index, c.scratch_size, &ready->scratch, st) : TF_OK;
}

/* ---- what is needed ---- */

static bool has_effect(const PlanStep *step) {
  if (step->kind != STEP_KERNEL || step->maybe_dead || !step->num_outputs) return true;
  if (state_named_variable(step->kernel.row, step->kernel.state)) return false;
  return (step->kernel.row->flags & (OP_STATEFUL | OP_BLOCKING | OP_KEEPS)) ||
         (step->kernel.node->spec->flags & OP_SPEC_STATEFUL);
}

/* Whether a wrong guess may make a run execute a step that the spec skips as a value. */
static bool may_be_computed(const Spec *spec, const PlanStep *step) {
  return spec->slots[step->first_output].guard >= 0;
}

static void find_needed(Spec *spec) {
  const Plan *p = spec->plan;
  for (int i = 0; i < p->num_fetches; i++) spec->slots[p->fetches[i]].needed = true;
  for (int i = p->num_steps - 1; i >= 0; i--) {
    const PlanStep *step = &p->steps[i];
    bool needed = has_effect(step), is_value = spec->steps[i].mode == MODE_SKIP;
    for (int k = 0; k < step->num_outputs; k++) needed |= spec->slots[step->first_output + k].needed;
    if (!needed) spec->steps[i].mode = MODE_SKIP;
    spec->steps[i].needed = needed;
    if (!needed || (is_value && !may_be_computed(spec, step))) continue;
    for (int k = 0; k < step->num_inputs; k++) spec->slots[step->inputs[k]].needed = true;
  }
}

/* ---- lifetimes, of roots ---- */

static bool counts_inputs(const Spec *spec, int index) {
  const PlanStep *step = &spec->plan->steps[index];
  if (spec->steps[index].mode != MODE_SKIP) return true;
  const SpecSlot *out = &spec->slots[step->first_output];
  return out->place == PLACE_VALUE && out->needed && may_be_computed(spec, step);
}

/* Whether the general path may make the outputs share the inputs' memory. */
static bool may_share_inputs(const Spec *spec, int index) {
  const PlanStep *step = &spec->plan->steps[index];
  if (spec->steps[index].mode != MODE_GENERAL) return false;
  return step->kind == STEP_SWITCH || step->kind == STEP_MERGE || step->kind == STEP_REREAD ||
         (step->kind == STEP_KERNEL && !(step->kernel.row->flags & OP_DYNAMIC));
}

static void extend(SpecSlot *slot, int step) {
  if (slot->last_step < step) slot->last_step = step;
}

static void find_last_uses(Spec *spec) {
  const Plan *p = spec->plan;
  for (int i = 0; i < p->num_steps; i++)
    for (int k = 0; counts_inputs(spec, i) && k < p->steps[i].num_inputs; k++)
      extend(&spec->slots[spec->slots[p->steps[i].inputs[k]].root], i);
  for (int i = 0; i < p->num_fetches; i++)
    extend(&spec->slots[spec->slots[p->fetches[i]].root], p->num_steps);
  for (int i = p->num_steps - 1; i >= 0; i--) {
    const PlanStep *step = &p->steps[i];
    if (!may_share_inputs(spec, i)) continue;
    for (int o = 0; o < step->num_outputs; o++)
      for (int k = 0; k < step->num_inputs; k++)
        extend(&spec->slots[spec->slots[step->inputs[k]].root],
               spec->slots[spec->slots[step->first_output + o].root].last_step);
  }
}

/* ---- places ---- */

static size_t bytes_of(const Tensor *t) { return (size_t)tensor_count(t) * dtype_size(t->dtype); }

/* The memory of an input that ends with this step and that output 0 may have. */
static int inplace_memory(const Spec *spec, int index) {
  const PlanStep *step = &spec->plan->steps[index];
  int num = op_inplace_inputs(step->kernel.row, step->num_inputs);
  const Tensor *out = &spec->slots[step->first_output].shape;
  for (int k = 0; k < num; k++) {
    const SpecSlot *root = &spec->slots[spec->slots[step->inputs[k]].root];
    const Tensor *in = &spec->slots[step->inputs[k]].shape;
    if (root->place == PLACE_ARENA && root->last_step == index &&
        dtype_size(in->dtype) == dtype_size(out->dtype) && tensor_count(in) == tensor_count(out))
      return root->memory;
  }
  return -1;
}

static TF_Code place_ready(Spec *spec, int index, TF_Status *st) {
  const PlanStep *step = &spec->plan->steps[index];
  for (int i = 0; i < step->num_outputs; i++) {
    SpecSlot *out = &spec->slots[step->first_output + i];
    if (out->place != PLACE_ARENA) continue;
    if (out->last_step == spec->plan->num_steps) {
      out->place = PLACE_OWNED;
      spec->steps[index].has_owned = true;
      continue;
    }
    out->memory = i ? -1 : inplace_memory(spec, index);
    if (out->memory < 0) TRY(add_use(spec, index, bytes_of(&out->shape), &out->memory, st));
    MemoryUse *use = &spec->uses[out->memory];
    if (use->last < out->last_step) use->last = out->last_step;
  }
  return TF_OK;
}

/* Views whose root moves from run to run have their pointers set in each run. */
static void find_moving_views(Spec *spec, int index) {
  const PlanStep *step = &spec->plan->steps[index];
  for (int i = 0; i < step->num_outputs; i++) {
    const SpecSlot *out = &spec->slots[step->first_output + i];
    if (out->place != PLACE_VIEW) continue;
    SlotPlace place = spec->slots[out->root].place;
    spec->steps[index].has_views |= place != PLACE_ARENA && place != PLACE_VALUE;
  }
}

static bool does_something(const Spec *spec, int index) {
  const PlanStep *step = &spec->plan->steps[index];
  const SpecStep *s = &spec->steps[index];
  if (s->mode == MODE_SKIP) return false;
  return s->mode == MODE_GENERAL || step->maybe_dead || step->kernel.row->run || s->has_views ||
         s->life.num_release;
}

static bool is_list_input(const PlanStep *step, int k) {
  return step->kernel.node->input_types[k] == TF_VARIANT;
}

/* General roots go away after their last use; op_eval may give their memory to an output. */
static TF_Code set_life(Spec *spec, int index, TF_Status *st) {
  const PlanStep *step = &spec->plan->steps[index];
  StepLife *life = &spec->steps[index].life;
  life->release = arena_calloc(&spec->arena, (size_t)(step->num_inputs + step->num_outputs), sizeof(int));
  if (!life->release) return fail_oom(st, "a specialisation");
  for (int k = 0; k < step->num_inputs + step->num_outputs; k++) {
    int slot = k < step->num_inputs ? step->inputs[k] : step->first_output + k - step->num_inputs;
    int root = spec->slots[slot].root;
    bool is_input = k < step->num_inputs;
    int last = spec->slots[root].last_step;
    bool is_list = step->kind == STEP_KERNEL && is_input && is_list_input(step, k);
    /* A list goes from slot to slot with its reference, which a view does not have. As in plan.c, an argument
     * that was handed over for good counts. */
    if (is_list && last == index && slot == root && spec->slots[root].place == PLACE_FEED)
      life->last_use |= UINT64_C(1) << (k < 63 ? k : 63);
    if (spec->slots[root].place != PLACE_GENERAL || spec->plan->slots[root].is_ref) continue;
    if (is_input ? last != index : last >= 0) continue;
    if (is_input && (!is_list || slot == root)) life->last_use |= UINT64_C(1) << (k < 63 ? k : 63);
    bool listed = false;
    for (int j = 0; j < life->num_release; j++) listed |= life->release[j] == root;
    if (!listed) life->release[life->num_release++] = root;
  }
  return TF_OK;
}

/* ---- offsets ---- */

static int by_size(const void *a, const void *b) {
  const MemoryUse *x = *(MemoryUse *const *)a, *y = *(MemoryUse *const *)b;
  if (x->size != y->size) return x->size < y->size ? 1 : -1;
  return (x->first > y->first) - (x->first < y->first);
}

/* Greedy by size: each use gets the lowest offset that is free during its life. `placed` is ordered by
 * offset. */
static TF_Code place_uses(Spec *spec, TF_Status *st) {
  MemoryUse **order = arena_calloc(&spec->arena, (size_t)spec->num_uses, sizeof *order);
  MemoryUse **placed = arena_calloc(&spec->arena, (size_t)spec->num_uses, sizeof *placed);
  if (!order || !placed) return fail_oom(st, "a specialisation");
  for (int i = 0; i < spec->num_uses; i++) {
    order[i] = &spec->uses[i];
    if (!checked_add(order[i]->size, TENSOR_ALIGN - 1, &order[i]->size))
      return fail_oom(st, "a step's memory");
    order[i]->size &= ~(size_t)(TENSOR_ALIGN - 1);
  }
  qsort(order, (size_t)spec->num_uses, sizeof *order, by_size);
  for (int n = 0; n < spec->num_uses; n++) {
    MemoryUse *use = order[n];
    size_t at = 0, end;
    for (int k = 0; k < n; k++) {
      const MemoryUse *other = placed[k];
      if (other->last < use->first || use->last < other->first) continue;
      if (other->offset >= at && other->offset - at >= use->size) break;
      if (at < other->offset + other->size) at = other->offset + other->size;
    }
    use->offset = at;
    if (!checked_add(at, use->size, &end)) return fail_oom(st, "a step's memory");
    if (spec->block_size < end) spec->block_size = end;
    int k = n;
    for (; k > 0 && placed[k - 1]->offset > at; k--) placed[k] = placed[k - 1];
    placed[k] = use;
  }
  return TF_OK;
}

/* ---- the whole ---- */

static TF_Code list_steps_and_slots(Spec *spec, TF_Status *st) {
  const Plan *p = spec->plan;
  spec->order = arena_calloc(&spec->arena, (size_t)p->num_steps, sizeof *spec->order);
  spec->cleared = arena_calloc(&spec->arena, (size_t)p->num_slots, sizeof *spec->cleared);
  if (!spec->order || !spec->cleared) return fail_oom(st, "a specialisation");
  for (int i = 0; i < p->num_steps; i++)
    if (does_something(spec, i)) spec->order[spec->num_order++] = i;
  for (int i = 0; i < p->num_slots; i++)
    if (p->slots[i].step >= 0 &&
        (spec->slots[i].place == PLACE_GENERAL || spec->slots[i].place == PLACE_OWNED))
      spec->cleared[spec->num_cleared++] = i;
  return TF_OK;
}

/* Values from which others were computed, and which no run needs. */
static void drop_unneeded_values(Spec *spec) {
  for (int i = 0; i < spec->plan->num_slots; i++) {
    SpecSlot *slot = &spec->slots[i];
    if (slot->place != PLACE_VALUE || slot->needed || spec->plan->slots[i].step < 0) continue;
    Tensor gone = slot->shape;
    slot->shape.buffer = NULL;
    slot->shape.data = NULL;
    tensor_clear(&gone);
  }
}

static TF_Code finish(Spec *spec, OpScratch *temp, StepEnv *env, TF_Status *st) {
  int n = spec->plan->num_steps;
  find_needed(spec);
  for (int i = 0; i < n; i++)
    if (spec->steps[i].mode == MODE_READY) TRY(prepare_step(spec, i, temp, env, st));
  find_last_uses(spec);
  for (int i = 0; i < n; i++)
    if (spec->steps[i].mode == MODE_READY) TRY(place_ready(spec, i, st));
  for (int i = 0; i < n; i++) {
    if (spec->steps[i].mode == MODE_READY) find_moving_views(spec, i);
    if (spec->steps[i].mode != MODE_SKIP) TRY(set_life(spec, i, st));
  }
  TRY(place_uses(spec, st));
  if (env->memory_limit && spec->block_size > env->memory_limit)
    return fail(st, TF_RESOURCE_EXHAUSTED, "a step needs %zu bytes, more than its limit", spec->block_size);
  drop_unneeded_values(spec);
  spec_end_freezing(spec);
  return list_steps_and_slots(spec, st);
}

TF_Code spec_finish(Spec *spec, StepEnv *env, TF_Status *st) {
  OpScratch temp = {0};
  TF_Code code = finish(spec, &temp, env, st);
  op_scratch_clear(&temp);
  return code;
}
