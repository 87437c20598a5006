/* Constant folding: a step whose inputs are all known is run while the plan is made, by the same kernel.
 * What fails is left alone, so the error comes when the plan runs, as in TensorFlow. */
#include <string.h>

#include "base/status_impl.h"
#include "plan/plan_build.h"

static bool is_foldable(const Builder *b, const PlanStep *s) {
  if (s->kind != STEP_KERNEL || s->maybe_dead || !s->num_outputs || b->options->no_folding) return false;
  const OpRow *row = s->kernel.row;
  bool stateful = (row->flags & OP_STATEFUL) || (s->kernel.node->spec->flags & OP_SPEC_STATEFUL);
  if ((stateful && !(row->flags & OP_HANDLE)) || (row->flags & (OP_CONTROL | OP_BLOCKING | OP_KEEPS)))
    return false;
  for (int i = 0; i < s->num_outputs; i++)
    if (b->plan->slots[s->first_output + i].is_ref) return false;
  for (int i = 0; i < s->num_inputs; i++)
    if (!b->plan->slots[s->inputs[i]].value.dtype) return false;
  return true;
}

static bool is_small(const Tensor *outputs, int n) {
  for (int i = 0; i < n; i++)
    if ((uint64_t)tensor_count(&outputs[i]) * dtype_size(outputs[i].dtype) > PLAN_FOLD_MAX_BYTES)
      return false;
  return true;
}

TF_Code plan_fold_last(Builder *b, TF_Status *st) {
  Plan *p = b->plan;
  PlanStep *s = &p->steps[p->num_steps - 1];
  if (!is_foldable(b, s)) return TF_OK;
  const Tensor **inputs = arena_calloc(&b->temp, (size_t)s->num_inputs, sizeof *inputs);
  Tensor *outputs = arena_calloc(&b->temp, (size_t)s->num_outputs, sizeof *outputs);
  int *aliases = arena_calloc(&b->temp, (size_t)s->num_outputs, sizeof *aliases);
  if (!inputs || !outputs || !aliases) return fail_oom(st, "a plan");
  for (int i = 0; i < s->num_inputs; i++) inputs[i] = &p->slots[s->inputs[i]].value;
  OpCtx c = {.node = s->kernel.node,
             .row = s->kernel.row,
             .state = s->kernel.state,
             .num_inputs = s->num_inputs,
             .num_outputs = s->num_outputs,
             .inputs = inputs,
             .outputs = outputs,
             .aliases = aliases,
             .threads = b->env.threads,
             .env = &b->env};
  TF_Status ignored = {0};
  bool done = !op_eval(&c, &b->scratch, 0, &ignored);
  status_clear(&ignored);
  if (!done || !is_small(outputs, s->num_outputs)) {
    for (int i = 0; i < s->num_outputs; i++) tensor_clear(&outputs[i]);
    return TF_OK;
  }
  for (int i = 0; i < s->num_outputs; i++) {
    tensor_move(&p->slots[s->first_output + i].value, &outputs[i]);
    p->slots[s->first_output + i].step = -1;
    p->slots[s->first_output + i].source = s->name;
  }
  kernel_clear(&s->kernel); /* a handle holds what it points at by itself */
  p->num_steps--;
  return TF_OK;
}
