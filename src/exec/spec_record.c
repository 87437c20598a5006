/* Learning from a run of the general path: for each step, what its outputs' shapes and values hang on. */
#include <stdlib.h>
#include <string.h>

#include "exec/spec.h"
#include "ops/state_vars.h"

enum {
  /* Values kept by a spec: larger ones are computed in each run, unless they are not much larger than the
   * weights that they are computed from (transposed, or converted from half precision): a run would need that
   * memory too. */
  MAX_VALUE_BYTES = 10 << 20,
  MAX_VALUE_GROWTH = 2,
};

static void copy_shape(Tensor *to, const Tensor *from) {
  to->dtype = from->dtype;
  to->rank = from->rank;
  memcpy(to->dims, from->dims, sizeof to->dims);
}

TF_Code spec_begin(Spec **out, const ExecState *s, bool handles, TF_Status *st) {
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
    spec->slots[i].known = spec->slots[i].fixed = true;
  }
  for (int i = 0; i < p->num_feeds; i++) {
    SpecSlot *slot = &spec->slots[p->feeds[i]];
    copy_shape(&slot->shape, &s->slots[p->feeds[i]]);
    slot->place = PLACE_FEED;
    slot->known = true;
  }
  spec_begin_freezing(spec, s, handles);
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
  spec_thaw(spec);
  free(spec->uses);
  arena_clear(&spec->arena);
  free(spec);
}

bool spec_matches(const Spec *spec, const Tensor *const *feeds, Variable *const *refs, int count) {
  const Plan *p = spec->plan;
  for (int i = 0; i < count; i++) {
    const Tensor *want = &spec->slots[p->feeds[i]].shape;
    if (want->rank != feeds[i]->rank) return false;
    for (int k = 0; k < want->rank; k++)
      if (want->dims[k] != feeds[i]->dims[k]) return false;
  }
  return spec_has_variables(spec, feeds, refs, count);
}

bool spec_same_shapes(const Spec *a, const Spec *b) {
  const Plan *p = a->plan;
  for (int i = 0; i < p->num_feeds; i++)
    if (!tensor_same_shape(&a->slots[p->feeds[i]].shape, &b->slots[p->feeds[i]].shape)) return false;
  return true;
}

/* ---- one step ---- */

/* What is known of a step's inputs. */
typedef struct Inputs {
  bool known;       /* all shapes */
  bool values;      /* all are values */
  bool fixed;       /* that hang on variables and constants alone */
  bool read_values; /* those that prepare reads are */
  bool refs;
  int guard;
} Inputs;

static Inputs look_at_inputs(const Spec *spec, const PlanStep *step) {
  Inputs in = {.known = true, .values = true, .fixed = true, .read_values = true, .guard = -1};
  for (int i = 0; i < step->num_inputs; i++) {
    const SpecSlot *slot = &spec->slots[step->inputs[i]];
    bool value = slot->place == PLACE_VALUE;
    in.refs |= spec->plan->slots[step->inputs[i]].is_ref;
    in.known &= slot->known;
    in.values &= value;
    in.fixed &= value && slot->fixed;
    if (step->kind == STEP_KERNEL && op_reads_value(step->kernel.row, step->num_inputs, i))
      in.read_values &= value;
    if (slot->guard > in.guard) in.guard = slot->guard;
  }
  return in;
}

static bool is_stateful(const PlanStep *step) {
  return (step->kernel.row->flags & (OP_STATEFUL | OP_BLOCKING | OP_KEEPS)) ||
         (step->kernel.node->spec->flags & OP_SPEC_STATEFUL);
}

static uint64_t bytes_of(const Tensor *t) { return (uint64_t)tensor_count(t) * dtype_size(t->dtype); }

/* The bytes of a value that are new with it. */
static uint64_t new_bytes(const PlanStep *step, const ExecState *s, const Tensor *t) {
  for (int i = 0; i < step->num_inputs; i++)
    if (s->slots[step->inputs[i]].buffer == t->buffer) return 0;
  return bytes_of(t);
}

static bool is_worth_keeping(const PlanStep *step, const ExecState *s, bool fixed) {
  uint64_t from = 0, total = 0;
  for (int i = 0; i < step->num_inputs; i++) from += bytes_of(&s->slots[step->inputs[i]]);
  for (int i = 0; i < step->num_outputs; i++) total += new_bytes(step, s, &s->slots[step->first_output + i]);
  return total <= MAX_VALUE_BYTES || (fixed && total <= MAX_VALUE_GROWTH * from);
}

/* Whether the outputs can be kept as values for all runs of these shapes. */
static bool gives_values(const PlanStep *step, const Inputs *in, const ExecState *s) {
  if (step->maybe_dead || is_stateful(step) || in->refs || !step->num_outputs) return false;
  if (!in->values && !(in->known && (step->kernel.row->flags & OP_SHAPE_VALUE))) return false;
  for (int i = 0; i < step->num_outputs; i++) {
    const Tensor *t = &s->slots[step->first_output + i];
    if (!t->dtype || op_is_step_memory(t)) return false;
    if (t->dtype == TF_VARIANT) return false; /* ZerosLike of a list hangs on the list, not on its shape */
  }
  return is_worth_keeping(step, s, in->fixed);
}

static void keep_values(Spec *spec, const ExecState *s, int index, bool fixed) {
  const PlanStep *step = &spec->plan->steps[index];
  spec->steps[index].mode = MODE_SKIP;
  for (int i = 0; i < step->num_outputs; i++) {
    SpecSlot *out = &spec->slots[step->first_output + i];
    out->place = PLACE_VALUE;
    out->known = true;
    out->fixed = fixed;
    tensor_share(&out->shape, &s->slots[step->first_output + i]);
    out->variable = variable_in(&out->shape);
  }
}

static bool can_be_ready(const Spec *spec, const PlanStep *step, const Inputs *in) {
  const OpRow *row = step->kernel.row;
  if ((row->flags & (OP_DYNAMIC | OP_CONTROL | OP_DEAD_OK)) || in->refs || !in->known || !in->read_values)
    return false;
  if (!row->prepare && step->num_outputs) return false;
  for (int i = 0; i < step->num_outputs; i++)
    if (spec->plan->slots[step->first_output + i].is_ref) return false;
  return true;
}

/* The outputs' shapes as seen now are taken for granted, to be compared in each run. */
static void guess_outputs(Spec *spec, const ExecState *s, int index, const SlotPast *past) {
  const PlanStep *step = &spec->plan->steps[index];
  for (int i = 0; i < step->num_outputs; i++) {
    int slot = step->first_output + i;
    if (!s->slots[slot].dtype || s->slot_dead[slot]) continue;
    if (atomic_load_explicit(&past[slot].reshaped, memory_order_relaxed)) continue;
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

/* A ref that the step makes in each run of the same variable. */
static void note_ref(Spec *spec, const PlanStep *step) {
  SpecSlot *out = &spec->slots[step->first_output];
  if (step->num_outputs == 1 && !step->maybe_dead)
    out->variable = state_named_variable(step->kernel.row, step->kernel.state);
}

static void record_kernel(Spec *spec, const ExecState *s, int index, const Inputs *in, const SlotPast *past) {
  const PlanStep *step = &spec->plan->steps[index];
  note_ref(spec, step);
  if (gives_values(step, in, s)) {
    keep_values(spec, s, index, in->fixed);
  } else if (can_be_ready(spec, step, in)) {
    spec->steps[index].mode = MODE_READY;
    for (int i = 0; i < step->num_outputs; i++) {
      copy_shape(&spec->slots[step->first_output + i].shape, &s->slots[step->first_output + i]);
      spec->slots[step->first_output + i].known = true;
    }
  } else if (in->known) {
    guess_outputs(spec, s, index, past);
  }
}

/* The variable behind it is frozen if what was read of it first is a value. */
static void record_reread(Spec *spec, const ExecState *s, int index, const SlotPast *past) {
  const PlanStep *step = &spec->plan->steps[index];
  const SpecSlot *was = &spec->slots[step->inputs[0]];
  if (step->maybe_dead || was->place != PLACE_VALUE) {
    guess_outputs(spec, s, index, past);
    return;
  }
  SpecSlot *out = &spec->slots[step->first_output];
  spec->steps[index].mode = MODE_SKIP;
  out->place = PLACE_VALUE;
  out->known = out->fixed = true;
  tensor_share(&out->shape, &was->shape);
}

void spec_record(Spec *spec, const ExecState *s, int index, const SlotPast *past) {
  const PlanStep *step = &spec->plan->steps[index];
  Inputs in = look_at_inputs(spec, step);
  for (int i = 0; i < step->num_outputs; i++) spec->slots[step->first_output + i].guard = in.guard;
  if (step->maybe_dead && s->step_dead[index]) return; /* nothing was learned */
  if (spec_freeze(spec, s, index, past)) {
    keep_values(spec, s, index, true);
    return;
  }
  switch (step->kind) {
    case STEP_KERNEL: record_kernel(spec, s, index, &in, past); break;
    case STEP_SWITCH: record_switch(spec, step); break;
    case STEP_REREAD: record_reread(spec, s, index, past); break;
    case STEP_DEREF:
    case STEP_LOOP:
    case STEP_MERGE: guess_outputs(spec, s, index, past); break;
    case STEP_BREAK:
    case STEP_PIVOT: break;
  }
}
