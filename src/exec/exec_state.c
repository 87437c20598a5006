/* Making and freeing what a run needs. */
#include "exec/exec_state.h"

#include <stdlib.h>

static void bind_inputs(ExecState *s) {
  const Plan *p = s->plan;
  for (int i = 0; i < p->num_steps; i++)
    for (int k = 0; k < p->steps[i].num_inputs; k++)
      s->inputs[p->input_base[i] + k] = &s->slots[p->steps[i].inputs[k]];
}

TF_Code exec_state_new(ExecState **state, const Plan *p, TF_Status *st) {
  ExecState *s = calloc(1, sizeof *s);
  if (!s) return fail_oom(st, "a run");
  s->plan = p;
  s->slots = calloc((size_t)p->num_slots + 1, sizeof *s->slots);
  s->slot_dead = calloc((size_t)p->num_slots + 1, 1);
  s->step_dead = calloc((size_t)p->num_steps + 1, 1);
  s->inputs = calloc((size_t)p->num_inputs + 1, sizeof *s->inputs);
  s->aliases = calloc((size_t)p->max_outputs + 1, sizeof *s->aliases);
  s->feed_buffers = calloc((size_t)p->num_feeds + 1, sizeof *s->feed_buffers);
  s->pool = buffer_pool_new();
  bool refs = !p->has_refs ||
              ((s->refs = calloc((size_t)p->num_slots + 1, sizeof *s->refs)) &&
               (s->held = calloc((size_t)p->num_slots + 1, sizeof *s->held)) &&
               (s->owners = calloc((size_t)p->num_slots + 1, sizeof *s->owners)) &&
               (s->input_refs = calloc((size_t)p->max_inputs + 1, sizeof *s->input_refs)) &&
               (s->input_owners = calloc((size_t)p->max_inputs + 1, sizeof *s->input_owners)));
  if (!s->slots || !s->slot_dead || !s->step_dead || !s->inputs || !s->aliases || !s->feed_buffers ||
      !s->pool || !refs) {
    exec_state_free(s);
    return fail_oom(st, "a run");
  }
  for (int i = 0; i < p->num_slots; i++)
    if (p->slots[i].value.dtype) tensor_share(&s->slots[i], &p->slots[i].value);
  for (int i = 0; i < p->num_feeds; i++) {
    s->feed_buffers[i] = (TensorBuffer){.readonly = true, .free_data = op_step_memory};
    atomic_init(&s->feed_buffers[i].refs, STEP_MEMORY_REFS);
  }
  bind_inputs(s);
  *state = s;
  return TF_OK;
}

void exec_drop_variables(ExecState *s) {
  for (int i = 0; s->held && s->plan->makes_variables && i < s->plan->num_slots; i++) {
    object_unref(s->held[i]);
    s->held[i] = NULL;
  }
}

void exec_state_free(ExecState *s) {
  if (!s) return;
  for (int i = 0; s->slots && i < s->plan->num_slots; i++) tensor_clear(&s->slots[i]);
  exec_drop_variables(s);
  op_scratch_clear(&s->scratch);
  free(s->slots);
  free(s->refs);
  free(s->owners);
  free(s->held);
  free(s->slot_dead);
  free(s->step_dead);
  free(s->inputs);
  free(s->input_refs);
  free(s->input_owners);
  free(s->aliases);
  free(s->feed_buffers);
  free(s->block);
  free(s->contexts);
  buffer_pool_close(s->pool);
  free(s);
}
