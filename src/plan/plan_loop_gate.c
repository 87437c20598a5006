/* Dead values at a while loop's edge. What the loop only reads may be dead while the loop runs (a branch of a
 * conditional outside, which the body merges with the other one), and so may what an iteration gives for a
 * variable (a branch inside). tf.vectorized_map over tf.cond makes loops of both kinds. The body's plan takes
 * and gives no dead values, so such a one goes with a gate, an int32 that is 1 when it is dead:
 *
 *   where it goes in or on    Merge(value, nothing) -> what goes, and the gate (Merge's value_index)
 *   where it comes out        Switch(what went, gate) -> the false output is the value, alive or dead
 *
 * Gates of variables are variables after them, those of what is only read are read after it. Where the
 * condition may be dead there are no gates: the loop dies with what it reads. */
#include <string.h>

#include "plan/plan_loop.h"

/* ---- what may be dead ---- */

static bool is_gated(const Scope *s, const Node *n) { return s->marked[n->id] & MARK_GATED; }

/* Marks of what a node of the frame needs: a node there, or of the loop in it that the node leaves. */
static unsigned marks_of(const Scope *s, const Frame *f, const Node *d) {
  const Frame *g = s->frame_of[d->id];
  if (g == f) return s->marked[d->id];
  while (g && g->parent != f) g = g->parent;
  return g ? s->marked[g->rep->id] : 0;
}

/* A Merge can die when all can that it takes. Of a Switch's outputs one lives; of what came in, perhaps
 * none. */
static unsigned merge_death(const Scope *s, const Frame *f, const Node *n) {
  unsigned all = MARK_GATED, any = 0;
  for (int i = 0; i < n->num_inputs; i++) {
    unsigned marks = marks_of(s, f, n->inputs[i].oper);
    all &= marks;
    any |= marks;
  }
  return all && (any & MARK_CAME_IN) ? MARK_GATED | MARK_CAME_IN : 0;
}

/* How a node, or a loop in the body, can die: MARK_GATED, and MARK_CAME_IN if by what came in dead. */
static unsigned death_of(const Scope *s, const Frame *f, const Node *n) {
  const Frame *inner = s->frame_of[n->id] == f ? NULL : s->frame_of[n->id];
  if (!inner && plan_is_loop_merge(n)) return 0;
  if (!inner && (!strcmp(n->op, "Merge") || !strcmp(n->op, "RefMerge"))) return merge_death(s, f, n);
  bool is_switch = !strcmp(n->op, "Switch") || !strcmp(n->op, "RefSwitch");
  unsigned marks = !inner && is_switch && !loop_is_switch(f, n) ? MARK_GATED : 0;
  for (int e = 0; e < (inner ? inner->num_enters : 1); e++) {
    const Node *user = inner ? inner->enters[e] : n;
    for (int i = 0; i < scope_num_dependencies(user); i++) {
      const Node *d = scope_dependency(s, user, i);
      if (d) marks |= marks_of(s, f, d) & (MARK_GATED | MARK_CAME_IN);
    }
  }
  return marks;
}

/* Marks what can die, until no variable becomes one that can. False: the condition can die. */
static bool mark_gated(Scope *s, const LoopBuild *l) {
  const Frame *f = l->frame;
  for (bool more = true; more;) {
    for (int i = 0; i < f->num_order; i++) s->marked[f->order[i]->id] |= death_of(s, f, f->order[i]);
    more = false;
    for (int i = 0; i < l->num_variables; i++) {
      if (!is_gated(s, l->nexts[i]) || is_gated(s, l->merges[i])) continue;
      s->marked[l->merges[i]->id] |= MARK_GATED | MARK_CAME_IN;
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
    s->marked[f->enters[i]->id] &= ~(MARK_GATED | MARK_CAME_IN); /* as a part of the outer loop */
  for (int i = 0; reads_too && i < f->num_enters; i++) {
    const PlanSlot *slot = &b->plan->slots[s->numbers[f->enters[i]->id]];
    if (slot->maybe_dead && !slot->is_ref && slot->owner < 0)
      s->marked[f->enters[i]->id] |= MARK_GATED | MARK_CAME_IN;
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
