/* What a run gives away. */
#include "exec/exec_turn.h"

TF_Code exec_take_fetches(ExecState *s, const Spec *spec, bool share, ExecIo *io, TF_Status *st) {
  const Plan *p = s->plan;
  Tensor *outputs = io->outputs;
  for (int i = 0; i < p->num_fetches; i++) {
    int slot = p->fetches[i], root = spec ? spec->slots[slot].root : slot;
    if (SM_UNLIKELY(p->slots[slot].is_ref)) {
      io->output_refs[i] = s->refs[slot];
      continue;
    }
    if (SM_UNLIKELY(s->owners && io->output_owners)) io->output_owners[i] = exec_owner(s, slot);
    if (s->slot_dead[slot]) return fail(st, TF_INVALID_ARGUMENT, "Retval[%d] does not have value", i);
    bool again = false; /* the same memory is fetched once more */
    for (int k = i + 1; k < p->num_fetches; k++)
      again |= root == (spec ? spec->slots[p->fetches[k]].root : p->fetches[k]);
    if (again || !tensor_writable(&s->slots[root])) {
      if (share && !op_is_step_memory(&s->slots[slot])) tensor_share(&outputs[i], &s->slots[slot]);
      else TRY(tensor_copy_in(s->pool, &outputs[i], &s->slots[slot], st));
      continue;
    }
    outputs[i] = s->slots[slot];
    outputs[i].buffer = s->slots[root].buffer;
    s->slots[root].buffer = NULL;
    s->slots[root].data = NULL;
    s->slots[root].dtype = (TF_DataType)0;
  }
  return TF_OK;
}
