/* Learning from a run of the general path: for each step, what its outputs' shapes and values hang on. */
#include <stdlib.h>
#include <string.h>

#include "exec/spec.h"

enum {
  /* Values kept by a spec: larger ones are computed in each run. */
  MAX_VALUE_BYTES = 10 << 20,
};

static void copy_shape(Tensor *to, const Tensor *from) {
  to->dtype = from->dtype;
  to->rank = from->rank;
  memcpy(to->dims, from->dims, sizeof to->dims);
}

TF_Code spec_begin(Spec **out, const ExecState *s, TF_Status *st) {
  const Plan *p = s->plan;
  Spec *spec = calloc(1, sizeof *spec);
  if (!spec) return fail_oom(st, "a specialisation");
  spec->plan = p;
  spec->slots = arena_calloc(&spec->arena, (size_t)p->num_slots, sizeof *spec->slots);
  spec->steps = arena_calloc(&spec->arena, (size_t)p->num_steps, sizeof *spec->steps);
  if (!spec->slots || !spec->steps) {
    arena_clear(&spec->arena);
    free(spec);
    return fail_oom(st, "a specialisation");
  }
  for (int i = 0; i < p->num_slots; i++) {
    spec->slots[i].root = i;
    spec->slots[i].guard = -1;
    spec->slots[i].last_step = -1;
    spec->slots[i].memory = -1;
    if (!p->slots[i].value.dtype) continue;
    tensor_share(&spec->slots[i].shape, &p->slots[i].value);
    spec->slots[i].place = PLACE_VALUE;
    spec->slots[i].known = true;
  }
  for (int i = 0; i < p->num_feeds; i++) {
    SpecSlot *slot = &spec->slots[p->feeds[i]];
    copy_shape(&slot->shape, &s->slots[p->feeds[i]]);
    slot->place = PLACE_FEED;
    slot->known = true;
  }
  *out = spec;
  return TF_OK;
}

void spec_free(Spec *spec) {
  const Plan *p = spec->plan;
  for (int i = 0; i < p->num_steps; i++) {
    const OpRow *row = p->steps[i].kernel.row;
    if (spec->steps[i].prepared && row->clear_prep) row->clear_prep(spec->steps[i].prep);
  }
  for (int i = 0; i < p->num_slots; i++) tensor_clear(&spec->slots[i].shape);
  free(spec->uses);
  arena_clear(&spec->arena);
  free(spec);
}

bool spec_matches(const Spec *spec, const Tensor *const *feeds, int count) {
  const Plan *p = spec->plan;
  for (int i = 0; i < count; i++) {
    const Tensor *want = &spec->slots[p->feeds[i]].shape;
    if (want->rank != feeds[i]->rank) return false;
    for (int k = 0; k < want->rank; k++)
      if (want->dims[k] != feeds[i]->dims[k]) return false;
  }
  return true;
}

/* ---- one step ---- */

/* What is known of a step's inputs. */
typedef struct Inputs {
  bool known;  /* all shapes */
  bool values; /* all are values */
  bool read_values; /* those that prepare reads are */
  bool refs;
  int guard;
} Inputs;

static Inputs look_at_inputs(const Spec *spec, const PlanStep *step) {
  Inputs in = {.known = true, .values = true, .read_values = true, .guard = -1};
  for (int i = 0; i < step->num_inputs; i++) {
    const SpecSlot *slot = &spec->slots[step->inputs[i]];
    bool value = slot->place == PLACE_VALUE;
    in.refs |= spec->plan->slots[step->inputs[i]].is_ref;
    in.known &= slot->known;
    in.values &= value;
    if (step->kind == STEP_KERNEL && op_reads_value(step->kernel.row, step->num_inputs, i)) in.read_values &= value;
    if (slot->guard > in.guard) in.guard = slot->guard;
  }
  return in;
}

static bool is_stateful(const PlanStep *step) {
  return (step->kernel.row->flags & (OP_STATEFUL | OP_BLOCKING | OP_KEEPS)) ||
         (step->kernel.node->spec->flags & OP_SPEC_STATEFUL);
}

/* Whether the outputs can be kept as values for all runs of these shapes. */
static bool gives_values(const PlanStep *step, const Inputs *in, const ExecState *s) {
  if (step->maybe_dead || is_stateful(step) || in->refs || !step->num_outputs) return false;
  if (!in->values && !(in->known && (step->kernel.row->flags & OP_SHAPE_VALUE))) return false;
  for (int i = 0; i < step->num_outputs; i++) {
    const Tensor *t = &s->slots[step->first_output + i];
    if (!t->dtype || op_is_step_memory(t)) return false;
    if (t->dtype == TF_VARIANT) return false; /* ZerosLike of a list hangs on the list, not on its shape */
    if ((uint64_t)tensor_count(t) * dtype_size(t->dtype) > MAX_VALUE_BYTES) return false;
  }
  return true;
}

static bool can_be_ready(const Spec *spec, const PlanStep *step, const Inputs *in) {
  const OpRow *row = step->kernel.row;
  if ((row->flags & (OP_DYNAMIC | OP_CONTROL | OP_DEAD_OK)) || in->refs || !in->known || !in->read_values) return false;
  if (!row->prepare && step->num_outputs) return false;
  for (int i = 0; i < step->num_outputs; i++)
    if (spec->plan->slots[step->first_output + i].is_ref) return false;
  return true;
}

/* The outputs' shapes as seen now are taken for granted, to be compared in each run. */
static void guess_outputs(Spec *spec, const ExecState *s, int index, const atomic_uchar *volatile_slots) {
  const PlanStep *step = &spec->plan->steps[index];
  for (int i = 0; i < step->num_outputs; i++) {
    int slot = step->first_output + i;
    if (!s->slots[slot].dtype || s->slot_dead[slot]) continue;
    if (atomic_load_explicit(&volatile_slots[slot], memory_order_relaxed)) continue;
    copy_shape(&spec->slots[slot].shape, &s->slots[slot]);
    spec->slots[slot].known = true;
    spec->slots[slot].guard = index;
    spec->steps[index].guarded = true;
  }
}

static void record_switch(Spec *spec, const PlanStep *step) {
  const SpecSlot *data = &spec->slots[step->inputs[0]];
  for (int i = 0; i < step->num_outputs; i++) {
    SpecSlot *out = &spec->slots[step->first_output + i];
    out->known = data->known;
    copy_shape(&out->shape, &data->shape);
  }
}

static void record_kernel(Spec *spec, const ExecState *s, int index, const Inputs *in,
                          const atomic_uchar *volatile_slots) {
  const PlanStep *step = &spec->plan->steps[index];
  if (gives_values(step, in, s)) {
    spec->steps[index].mode = MODE_SKIP;
    for (int i = 0; i < step->num_outputs; i++) {
      SpecSlot *out = &spec->slots[step->first_output + i];
      out->place = PLACE_VALUE;
      out->known = true;
      tensor_share(&out->shape, &s->slots[step->first_output + i]);
    }
  } else if (can_be_ready(spec, step, in)) {
    spec->steps[index].mode = MODE_READY;
    for (int i = 0; i < step->num_outputs; i++) {
      copy_shape(&spec->slots[step->first_output + i].shape, &s->slots[step->first_output + i]);
      spec->slots[step->first_output + i].known = true;
    }
  } else if (in->known) {
    guess_outputs(spec, s, index, volatile_slots);
  }
}

TF_Code spec_record(Spec *spec, const ExecState *s, int index, const atomic_uchar *volatile_slots, TF_Status *st) {
  (void)st;
  const PlanStep *step = &spec->plan->steps[index];
  Inputs in = look_at_inputs(spec, step);
  for (int i = 0; i < step->num_outputs; i++) spec->slots[step->first_output + i].guard = in.guard;
  if (step->maybe_dead && s->step_dead[index]) return TF_OK; /* nothing was learned */
  switch (step->kind) {
    case STEP_KERNEL: record_kernel(spec, s, index, &in, volatile_slots); break;
    case STEP_SWITCH: record_switch(spec, step); break;
    case STEP_DEREF:
    case STEP_REREAD:
    case STEP_LOOP:
    case STEP_MERGE: guess_outputs(spec, s, index, volatile_slots); break;
    case STEP_BREAK:
    case STEP_PIVOT: break;
  }
  return TF_OK;
}
