/* Dead values at a while loop's edge. What the loop only reads may be dead while the loop runs (a branch of a
 * conditional outside, which the body merges with the other one), and so may what an iteration gives for a
 * variable (a branch inside). tf.vectorized_map over tf.cond makes loops of both kinds. The body's plan takes and
 * gives no dead values, so such a one goes with a gate, an int32 that is 1 when it is dead:
 *
 *   where it goes in or on    Merge(value, nothing) -> what goes, and the gate (Merge's value_index)
 *   where it comes out        Switch(what went, gate) -> the false output is the value, alive or dead
 *
 * Gates of variables are variables after them, those of what is only read are read after it. Where the condition
 * may be dead there are no gates: the loop dies with what it reads. */
#include <string.h>

#include "plan/plan_loop.h"

/* ---- what may be dead ---- */

static bool is_gated(const Scope *s, const Node *n) { return s->marked[n->id] & MARK_GATED; }

static bool is_plain_switch(const Frame *f, const Node *n) {
  return (!strcmp(n->op, "Switch") || !strcmp(n->op, "RefSwitch")) && !loop_is_switch(f, n);
}

static bool reads_gated(const Scope *s, const Frame *f, const Node *n) {
  for (int i = 0; i < scope_num_dependencies(n); i++) {
    const Node *d = scope_dependency(s, n, i);
    if (d && plan_is_enter(d) && s->frame_of[d->id] == f && is_gated(s, d)) return true;
  }
  return false;
}

/* Whether a node, or a loop in the body, can die. A Merge is taken to have another input that lives then. */
static bool can_die(const Scope *s, const Frame *f, Node *n) {
  const Frame *inner = s->frame_of[n->id] == f ? NULL : s->frame_of[n->id];
  Visit v = {.node = n};
  Node *d;
  if (!inner && (!strcmp(n->op, "Merge") || !strcmp(n->op, "RefMerge"))) return false;
  if (!inner && is_plain_switch(f, n)) return true;
  while (scope_next_unit(s, f, &v, &d))
    if (is_gated(s, d)) return true;
  for (int e = 0; e < (inner ? inner->num_enters : 1); e++)
    if (reads_gated(s, f, inner ? inner->enters[e] : n)) return true;
  return false;
}

/* Marks what can die, until no variable becomes one that can. False: the condition can die. */
static bool mark_gated(Scope *s, const LoopBuild *l) {
  const Frame *f = l->frame;
  for (bool more = true; more;) {
    for (int i = 0; i < f->num_order; i++)
      if (can_die(s, f, f->order[i])) s->marked[f->order[i]->id] |= MARK_GATED;
    more = false;
    for (int i = 0; i < l->num_variables; i++) {
      if (!is_gated(s, l->nexts[i]) || is_gated(s, l->merges[i])) continue;
      s->marked[l->merges[i]->id] |= MARK_GATED;
      more = true;
    }
  }
  return !is_gated(s, f->cond);
}

/* The loop runs for certain if its variables come in for certain. */
static bool runs_always(const Builder *b, const Scope *s, const LoopBuild *l) {
  for (int i = 0; i < l->num_variables; i++)
    if (b->plan->slots[s->numbers[l->starts[i]->id]].maybe_dead) return false;
  for (int i = 0; i < l->frame->num_enters; i++)
    for (int k = 0; k < l->frame->enters[i]->num_controls; k++)
      if (s->pivot[l->frame->enters[i]->controls[k]->id] >= 0) return false;
  return true;
}

void loop_find_gates(const Builder *b, Scope *s, LoopBuild *l) {
  const Frame *f = l->frame;
  bool reads_too = runs_always(b, s, l);
  for (int i = 0; i < f->num_enters; i++)
    s->marked[f->enters[i]->id] &= ~MARK_GATED; /* as a part of the outer loop */
  for (int i = 0; reads_too && i < f->num_enters; i++) {
    const PlanSlot *slot = &b->plan->slots[s->numbers[f->enters[i]->id]];
    if (slot->maybe_dead && !slot->is_ref && slot->owner < 0) s->marked[f->enters[i]->id] |= MARK_GATED;
  }
  l->gated = mark_gated(s, l);
  for (int i = 0; i < l->num_variables; i++)
    if (is_gated(s, l->merges[i])) l->gated &= !b->plan->slots[s->numbers[l->starts[i]->id]].is_ref;
}

bool loop_is_gated(const Scope *s, const LoopBuild *l, const Node *n) { return l->gated && is_gated(s, n); }

/* ---- steps ---- */

TF_Code loop_close_gate(Builder *b, Scope *s, Node *node, int slot, int *value, TF_Status *st) {
  PlanStep *step;
  TF_DataType dtype = b->plan->slots[slot].dtype;
  int nothing;
  TRY(plan_add_slot(b, dtype, false, -1, &nothing, st));
  TRY(tensor_alloc(&b->plan->slots[nothing].value, dtype, (int64_t[]){0}, 1, st));
  b->plan->slots[nothing].source = node->name;
  TRY(plan_add_step(b, s, STEP_MERGE, node, 2, 2, &step, st));
  step->inputs[0] = slot;
  step->inputs[1] = nothing;
  PlanSlot *out = &b->plan->slots[step->first_output];
  out[0].dtype = dtype;
  out[0].is_ref = false;
  out[1].dtype = TF_INT32;
  plan_note_memory(b, step);
  *value = step->first_output;
  return TF_OK;
}

TF_Code loop_open_gate(Builder *b, Scope *s, Node *node, const int *value_and_gate, bool maybe_dead,
                       int *slot, TF_Status *st) {
  PlanStep *step;
  TRY(plan_add_step(b, s, STEP_SWITCH, node, 2, 2, &step, st));
  memcpy(step->inputs, value_and_gate, 2 * sizeof *step->inputs);
  step->maybe_dead = maybe_dead;
  PlanSlot *out = &b->plan->slots[step->first_output];
  for (int i = 0; i < 2; i++) {
    out[i].dtype = b->plan->slots[value_and_gate[0]].dtype;
    out[i].is_ref = false;
    out[i].maybe_dead = true;
  }
  plan_note_memory(b, step);
  *slot = step->first_output;
  return TF_OK;
}

TF_Code loop_no_gate(Builder *b, int *slot, TF_Status *st) {
  TRY(plan_add_slot(b, TF_INT32, false, -1, slot, st));
  Tensor *value = &b->plan->slots[*slot].value;
  TRY(tensor_alloc(value, TF_INT32, NULL, 0, st));
  *(int32_t *)value->data = 0;
  b->plan->slots[*slot].source = "alive";
  return TF_OK;
}
