/* Frozen variables: what a plan reads of a variable that none of its steps may change is a value of the spec,
 * and so is all that follows from such values and constants. See exec/spec.h. */
#include "exec/spec.h"

enum {
  MAX_THAWS = 3, /* how often a variable that was frozen may change soon after; then it is read in each run */
  THAW_RUNS = 100, /* soon: the spec served fewer runs than that */
};

/* ---- what is known of variables when a spec begins ---- */

/* Values that are handles, and, with `feeds`, feeds that are. A reference to the latter keeps the address
 * theirs. */
static void find_handles(Spec *spec, const ExecState *s, bool feeds) {
  const Plan *p = spec->plan;
  for (int i = 0; i < p->num_slots; i++)
    if (p->slots[i].value.dtype == TF_RESOURCE) spec->slots[i].variable = variable_in(&p->slots[i].value);
  for (int i = 0; feeds && i < p->num_feeds; i++) {
    int slot = p->feeds[i];
    if (p->slots[slot].is_ref && p->keeps_refs) spec->slots[slot].variable = object_ref(s->refs[slot]);
    else if (p->feed_types[i] == TF_RESOURCE && !p->slots[slot].is_ref)
      spec->slots[slot].variable = object_ref(variable_in(&s->slots[slot]));
  }
}

/* Whether it is known which variables the plan's steps change. */
static bool knows_writes(const Spec *spec, const ExecState *s, bool feeds) {
  const Plan *p = spec->plan;
  if (p->writes_any || (p->num_written_feeds && !feeds)) return false;
  for (int i = 0; i < p->num_written_feeds; i++) {
    int slot = p->feeds[p->written_feeds[i]];
    if (p->slots[slot].is_ref || tensor_count(&s->slots[slot]) != 1) return false;
  }
  return true;
}

void spec_begin_freezing(Spec *spec, const ExecState *s, bool feeds) {
  find_handles(spec, s, feeds);
  spec->knows_feeds = feeds;
  spec->freezes = knows_writes(spec, s, feeds);
  atomic_init(&spec->changes, variable_changes());
}

static bool is_written(const Spec *spec, const Variable *v) {
  const Plan *p = spec->plan;
  for (int i = 0; i < p->num_written; i++)
    if (p->written[i] == v) return true;
  for (int i = 0; i < p->num_written_feeds; i++)
    if (spec->slots[p->feeds[p->written_feeds[i]]].variable == v) return true;
  return false;
}

/* ---- freezing ---- */

static bool is_read(const PlanStep *step) {
  return step->kind == STEP_DEREF ||
         (step->kind == STEP_KERNEL && step->kernel.row->flags & OP_READS_VARIABLE);
}

/* Whether what was read is what the variable has now, which is frozen from now on. */
static bool freeze(Variable *v, const Tensor *read, uint64_t *version) {
  Tensor now = {0};
  if (!variable_freeze(v, &now, version)) return false;
  bool same = now.buffer == read->buffer && now.data == read->data && tensor_same_shape(&now, read);
  tensor_clear(&now);
  return same;
}

bool spec_freeze(Spec *spec, const ExecState *s, int index, const SlotPast *past) {
  const PlanStep *step = &spec->plan->steps[index];
  if (!spec->freezes || !is_read(step) || step->maybe_dead) return false;
  Variable *v = spec->slots[step->inputs[0]].variable;
  const Tensor *read = &s->slots[step->first_output];
  if (!v || is_written(spec, v) || read->dtype == TF_RESOURCE || read->dtype == TF_VARIANT) return false;
  if (atomic_load_explicit(&past[step->first_output].thaws, memory_order_relaxed) >= MAX_THAWS) return false;
  Frozen *f = arena_calloc(&spec->arena, 1, sizeof *f);
  if (!f || !freeze(v, read, &f->version)) return false;
  f->variable = object_ref(v);
  f->slot = step->first_output;
  f->next = spec->frozen;
  spec->frozen = f;
  return true;
}

static void forget_feeds(Spec *spec) {
  for (int i = 0; spec->knows_feeds && i < spec->plan->num_feeds; i++) {
    SpecSlot *slot = &spec->slots[spec->plan->feeds[i]];
    object_unref(slot->variable);
    slot->variable = NULL;
  }
  spec->knows_feeds = false;
}

void spec_end_freezing(Spec *spec) {
  if (!spec->frozen) forget_feeds(spec);
}

void spec_thaw(Spec *spec) {
  forget_feeds(spec);
  for (Frozen *f = spec->frozen; f; f = f->next) object_unref(f->variable);
  spec->frozen = NULL;
}

bool spec_has_variables(const Spec *spec, const Tensor *const *feeds, Variable *const *refs, int count) {
  const Plan *p = spec->plan;
  for (int i = 0; spec->knows_feeds && i < count; i++) {
    const Variable *want = spec->slots[p->feeds[i]].variable;
    if (p->slots[p->feeds[i]].is_ref ? want && (!refs || refs[i] != want)
                                     : p->feed_types[i] == TF_RESOURCE && variable_in(feeds[i]) != want)
      return false;
  }
  return true;
}

bool spec_same_variables(const Spec *a, const Spec *b) {
  const Plan *p = a->plan;
  for (int i = 0; i < p->num_feeds; i++)
    if (a->slots[p->feeds[i]].variable != b->slots[p->feeds[i]].variable) return false;
  return true;
}

/* ---- values of two specs ---- */

void spec_adopt_values(Spec *spec, const Spec *other) {
  if (!spec_same_variables(spec, other)) return;
  for (int i = 0; i < spec->plan->num_slots; i++) {
    SpecSlot *mine = &spec->slots[i];
    const SpecSlot *theirs = &other->slots[i];
    if (mine->place != PLACE_VALUE || theirs->place != PLACE_VALUE || !mine->fixed || !theirs->fixed)
      continue;
    if (!mine->shape.buffer || !theirs->shape.buffer || mine->shape.buffer == theirs->shape.buffer) continue;
    if (!tensor_same_shape(&mine->shape, &theirs->shape)) continue;
    tensor_clear(&mine->shape);
    tensor_share(&mine->shape, &theirs->shape);
  }
}

/* ---- changes ---- */

static bool is_changed(const Frozen *f) {
  return atomic_load_explicit(&f->variable->version, memory_order_acquire) != f->version;
}

bool spec_is_current(Spec *spec) {
  if (!spec->frozen) return true;
  uint64_t now = variable_changes();
  if (SM_LIKELY(atomic_load_explicit(&spec->changes, memory_order_relaxed) == now)) return true;
  for (const Frozen *f = spec->frozen; f; f = f->next)
    if (is_changed(f)) return false;
  atomic_store_explicit(&spec->changes, now, memory_order_relaxed);
  return true;
}

void spec_blame_changed(const Spec *spec, SlotPast *past) {
  if (spec->runs >= THAW_RUNS) return;
  for (const Frozen *f = spec->frozen; f; f = f->next) {
    if (!is_changed(f)) continue;
    atomic_uchar *thaws = &past[f->slot].thaws;
    unsigned char n = atomic_load_explicit(thaws, memory_order_relaxed);
    if (n < MAX_THAWS) atomic_store_explicit(thaws, n + 1, memory_order_relaxed);
  }
}
