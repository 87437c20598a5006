/* What leaves a while loop: its Exits, and what the loop has between a Switch's false output and an Exit. That runs
 * in the last iteration alone, so it becomes steps after the loop's. Gradients that an optimizer gates have an
 * Identity there. */
#include <string.h>

#include "plan/plan_loop.h"

TF_Code loop_fail(const Scope *s, const Frame *f, const Node *n, const char *what, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "while loop '%s' is not well nested: {{node %s%s}} (%s) %s", f->name,
              s->prefix, n->name, n->op, what);
}

bool loop_is_switch(const Frame *f, const Node *n) {
  return (!strcmp(n->op, "Switch") || !strcmp(n->op, "RefSwitch")) && n->inputs[1].oper == f->cond;
}

TF_Code loop_set_out(Builder *b, Scope *s, const Node *n, int slot, TF_Status *st) {
  int outs[2] = {slot, -1}; /* a Merge's second output: which input it took */
  s->outs[n->id] = arena_memdup(&b->temp, outs, sizeof outs);
  return s->outs[n->id] ? TF_OK : fail_oom(st, "a plan");
}

/* ---- what runs after the loop ---- */

static bool is_after(const Scope *s, const Node *n) { return s->marked[n->id] & MARK_AFTER; }

static bool hangs_on_exit(const Scope *s, const Frame *f, const Node *n) {
  for (int i = 0; i < n->num_inputs; i++)
    if (is_after(s, n->inputs[i].oper) || (n->inputs[i].index == 0 && loop_is_switch(f, n->inputs[i].oper)))
      return true;
  for (int i = 0; i < n->num_controls; i++)
    if (is_after(s, n->controls[i])) return true;
  return false;
}

static TF_Code fail_not_given(const Scope *s, const Node *n, const Node *d, TF_Status *st) {
  return fail(st, TF_UNIMPLEMENTED,
              "{{node %s%s}} (%s) runs when its while loop has ended and needs {{node %s%s}} (%s) of it",
              s->prefix, n->name, n->op, s->prefix, d->name, d->op);
}

/* Whether the node runs in every iteration, the last one too, and a step after the loop may hang on it. */
static bool runs_always(const Scope *s, const Frame *f, const Node *n) {
  if (s->frame_of[n->id] != f) return false;
  if (plan_is_enter(n) || plan_is_loop_merge(n) || loop_is_switch(f, n)) return true;
  if (strcmp(n->op, "NoOp")) return false;
  for (int i = 0; i < n->num_controls; i++)
    if (!loop_is_switch(f, n->controls[i])) return false;
  return true;
}

/* What a node may need that runs after the loop: the loop's variables, what it only reads, what runs so too. */
static TF_Code check_after(const Scope *s, const Frame *f, const Node *n, TF_Status *st) {
  if (s->frame_of[n->id] != f || plan_is_next(n)) return loop_fail(s, f, n, "needs what leaves the loop", st);
  for (int i = 0; i < n->num_inputs; i++) {
    const Node *d = n->inputs[i].oper;
    bool given = is_after(s, d) || plan_is_enter(d) || plan_is_loop_merge(d);
    if (!given && !(loop_is_switch(f, d) && n->inputs[i].index == 0)) return fail_not_given(s, n, d, st);
  }
  for (int i = 0; i < n->num_controls; i++)
    if (!is_after(s, n->controls[i]) && !runs_always(s, f, n->controls[i]))
      return fail_not_given(s, n, n->controls[i], st);
  return TF_OK;
}

TF_Code loop_mark_after(Scope *s, const Frame *f, TF_Status *st) {
  for (int i = 0; i < f->num_order; i++) {
    Node *n = f->order[i];
    bool after = false;
    if (plan_is_exit(n)) continue;
    if (s->frame_of[n->id] == f) after = hangs_on_exit(s, f, n);
    else
      for (int e = 0; e < s->frame_of[n->id]->num_enters; e++)
        after |= hangs_on_exit(s, f, s->frame_of[n->id]->enters[e]);
    if (!after) continue;
    s->marked[n->id] |= MARK_AFTER;
    TRY(check_after(s, f, n, st));
  }
  return TF_OK;
}

/* ---- the outputs ---- */

/* What a Switch on the loop's condition gives when it ends: a variable as it ended, or what was only read. */
static TF_Code ended_slot(Builder *b, Scope *s, const LoopBuild *l, const Node *sw, int *slot,
                          TF_Status *st) {
  const Frame *f = l->frame;
  const Node *of = sw->inputs[0].oper;
  if (s->frame_of[of->id] == f && plan_is_loop_merge(of)) {
    *slot = l->outputs[s->numbers[of->id]];
    return TF_OK;
  }
  if (!plan_is_enter(of)) return loop_fail(s, f, sw, "gives what is no variable of the loop", st);
  return plan_input_slots(b, s, (Node *)of, slot, st);
}

/* The slots of the body's plan are forgotten; what is read after the loop has those of this one. */
static TF_Code forget_body(Builder *b, Scope *s, const LoopBuild *l, TF_Status *st) {
  const Frame *f = l->frame;
  for (int i = 0; i < f->num_order; i++) {
    Node *n = f->order[i];
    s->outs[n->id] = NULL;
    if (n != f->rep) s->pivot[n->id] = -1;
    if (s->frame_of[n->id] == f && plan_is_loop_merge(n))
      TRY(loop_set_out(b, s, n, l->outputs[s->numbers[n->id]], st));
  }
  return TF_OK;
}

static TF_Code emit_after(Builder *b, Scope *s, const LoopBuild *l, Node *n, TF_Status *st) {
  const Frame *f = l->frame;
  for (int i = 0; i < n->num_inputs; i++) {
    Node *d = n->inputs[i].oper;
    int slot;
    if (plan_is_enter(d)) slot = s->numbers[d->id];
    else if (loop_is_switch(f, d)) TRY(ended_slot(b, s, l, d, &slot, st));
    else continue;
    TRY(loop_set_out(b, s, d, slot, st));
  }
  s->frame_of[n->id] = f->parent;
  return plan_emit_node(b, s, n, st);
}

static TF_Code exit_slot(Builder *b, Scope *s, const LoopBuild *l, const Node *exit, int *slot,
                         TF_Status *st) {
  TF_Output from = exit->inputs[0];
  if (scope_feed(s, from) < 0 && is_after(s, from.oper)) {
    *slot = s->outs[from.oper->id][from.index];
    return TF_OK;
  }
  if (scope_feed(s, from) >= 0 || !loop_is_switch(l->frame, from.oper) || from.index != 0)
    return loop_fail(s, l->frame, exit, "does not leave by a Switch on the loop's condition", st);
  return ended_slot(b, s, l, from.oper, slot, st);
}

TF_Code loop_set_exits(Builder *b, Scope *s, const LoopBuild *l, TF_Status *st) {
  const Frame *f = l->frame;
  TRY(forget_body(b, s, l, st));
  for (int i = 0; i < f->num_order; i++) {
    Node *n = f->order[i];
    int slot;
    if (s->frame_of[n->id] != f) continue;
    if (is_after(s, n)) {
      TRY(emit_after(b, s, l, n, st));
    } else if (plan_is_exit(n)) {
      TRY(exit_slot(b, s, l, n, &slot, st));
      TRY(loop_set_out(b, s, n, slot, st));
      s->pivot[n->id] = is_after(s, n->inputs[0].oper) ? s->pivot[n->inputs[0].oper->id]
                                                       : s->pivot[f->rep->id];
    }
  }
  return TF_OK;
}
