/* A while loop of TensorFlow 1 as one step. Its body is a plan of its own, made of the frame's nodes:
 *
 *   Enter -> Merge <- NextIteration    a variable: feed i, fetch i, output i of the step
 *   Enter (is_constant)                only read: a feed after the variables, or a value where it is known
 *   what the Switches don't decide     first; ends with STEP_BREAK on LoopCond's input
 *   Switch on LoopCond                 no step: past the break its true output is its input
 *   Exit of such a Switch              the step's output
 *   what hangs on its false output     runs once, after the loop (plan_loop_exit.c)
 *   what may be dead at its edge       goes with a gate (plan_loop_gate.c)
 *
 * TF runs the first part once more than the second, and so does this. */
#include <string.h>

#include "base/limits.h"
#include "plan/plan_loop.h"

/* ---- what the loop is made of ---- */

static TF_Code find_variables(Scope *s, LoopBuild *l, TF_Status *st) {
  const Frame *f = l->frame;
  for (int i = 0; i < f->num_order; i++) {
    Node *n = f->order[i];
    if (s->frame_of[n->id] != f || !plan_is_loop_merge(n)) continue;
    if (n->num_inputs != 2) return loop_fail(s, f, n, "has not two inputs", st);
    int back = plan_is_next(n->inputs[1].oper);
    Node *enter = n->inputs[!back].oper, *next = n->inputs[back].oper;
    if (!plan_is_enter(enter) || s->frame_of[enter->id] != f || !plan_is_next(next))
      return loop_fail(s, f, n, "does not merge an Enter with a NextIteration", st);
    s->numbers[n->id] = l->num_variables;
    s->marked[enter->id] |= MARK_STARTS;
    l->merges[l->num_variables] = n;
    l->nexts[l->num_variables] = next;
    l->starts[l->num_variables++] = enter;
  }
  return TF_OK;
}

/* Enters that are read, not merged, must be constant: another kind has a value in the first iteration
 * only. */
static TF_Code check_reads(const Scope *s, const Frame *f, TF_Status *st) {
  for (int i = 0; i < f->num_order; i++) {
    const Node *n = f->order[i];
    Visit v = {.node = f->order[i]};
    if (s->frame_of[n->id] == f && plan_is_loop_merge(n)) continue;
    bool is_loop = s->frame_of[n->id] != f;
    for (int e = 0; e < (is_loop ? s->frame_of[n->id]->num_enters : 1); e++) {
      const Node *user = is_loop ? s->frame_of[n->id]->enters[e] : v.node;
      for (int k = 0; k < user->num_inputs; k++) {
        const Node *enter = user->inputs[k].oper;
        bool constant = true;
        if (!plan_is_enter(enter) || scope_feed(s, user->inputs[k]) >= 0) continue;
        TRY(node_attr_bool(enter, "is_constant", &constant, st));
        if (!constant) return loop_fail(s, f, enter, "is read and is not constant", st);
      }
    }
  }
  return TF_OK;
}

/* Marks what a Switch on LoopCond decides. */
static TF_Code mark_body(Scope *s, const Frame *f, TF_Status *st) {
  if (!f->cond) return loop_fail(s, f, f->rep, "has no LoopCond", st);
  for (int i = 0; i < f->num_order; i++) {
    Node *n = f->order[i], *d;
    Visit v = {.node = n};
    bool body = s->frame_of[n->id] == f && loop_is_switch(f, n);
    while (!body && scope_next_unit(s, f, &v, &d)) body = s->marked[d->id] & MARK_BODY;
    if (body) s->marked[n->id] |= MARK_BODY;
  }
  if (s->marked[f->cond->id] & MARK_BODY) return loop_fail(s, f, f->cond, "needs what it decides", st);
  return TF_OK;
}

/* ---- outside ---- */

/* The slots that the loop's Enters have outside. */
static TF_Code enter_slots(Builder *b, Scope *s, const Frame *f, int *slots, TF_Status *st) {
  for (int i = 0; i < f->num_enters; i++) {
    TRY(plan_input_slots(b, s, f->enters[i], &slots[i], st));
    s->numbers[f->enters[i]->id] = slots[i];
  }
  return TF_OK;
}

/* The loop's inputs: variables, their gates, what is only read unless its value is known, its gates. */
static TF_Code add_loop_inputs(Builder *b, Scope *s, LoopBuild *l, const int *enter_slots, TF_Status *st) {
  const Frame *f = l->frame;
  int merges = l->num_variables;
  for (int k = 0; k < merges; k++) {
    l->slots[k] = s->numbers[l->starts[k]->id];
    if (!loop_is_gated(s, l, l->merges[k])) continue;
    l->gates[k] = l->num_variables++;
    TRY(loop_no_gate(b, &l->slots[l->gates[k]], st));
  }
  l->num_inputs = l->num_variables;
  for (int i = 0; i < f->num_enters; i++) {
    if ((s->marked[f->enters[i]->id] & MARK_STARTS) || b->plan->slots[enter_slots[i]].value.dtype) continue;
    l->enters[l->num_inputs] = f->enters[i];
    l->slots[l->num_inputs++] = enter_slots[i];
  }
  for (int i = l->num_variables, reads = l->num_inputs; i < reads; i++) {
    if (!loop_is_gated(s, l, l->enters[i])) continue;
    l->gates[i] = l->num_inputs++;
    TRY(loop_close_gate(b, s, l->enters[i], l->slots[i], &l->slots[i], st));
    l->slots[l->gates[i]] = l->slots[i] + 1;
  }
  return TF_OK;
}

static TF_Code loop_controls(Builder *b, Scope *s, const Frame *f, PlanStep *step, TF_Status *st) {
  int total = 0;
  for (int i = 0; i < f->num_enters; i++) total += f->enters[i]->num_controls + 1;
  int *all = arena_calloc(&b->plan->arena, (size_t)total, sizeof *all);
  if (!all) return fail_oom(st, "a plan");
  for (int i = 0; i < f->num_enters; i++) {
    int *some, count;
    TRY(plan_control_steps(b, s, f->enters[i], &some, &count, st));
    for (int k = 0; k < count; k++) all[step->num_controls++] = some[k];
  }
  step->controls = all;
  return TF_OK;
}

static int variable_of_feed(const Plan *body, int num_variables, int slot) {
  for (int i = 0; i < num_variables; i++)
    if (body->feeds[i] == slot) return i;
  return -1;
}

/* Gives outputs owners where what comes out may have a variable's memory: it came in with it, or an iteration
 * gave it, maybe as the value of another variable of the loop. */
static void share_outputs(Builder *b, const LoopBuild *l, const Plan *body, int first) {
  PlanSlot *slots = b->plan->slots;
  bool moved = true;
  for (int i = 0; i < l->num_variables; i++) {
    const PlanSlot *from = &slots[l->slots[i]];
    if (!from->is_ref && !from->is_part && from->owner >= 0) slots[first + i].owner = first + i;
  }
  while (moved) {
    moved = false;
    for (int i = 0; i < l->num_variables; i++) {
      const PlanSlot *next = &body->slots[body->fetches[i]];
      if (slots[first + i].owner >= 0 || next->owner < 0 || body->slots[body->feeds[i]].owner < 0) continue;
      int by = variable_of_feed(body, l->num_variables, next->owner);
      if (by >= 0 && slots[first + by].owner < 0) continue;
      slots[first + i].owner = first + i;
      moved = true;
    }
  }
}

static TF_Code add_loop_step(Builder *b, Scope *s, LoopBuild *l, const Callee *body, TF_Status *st) {
  PlanStep *step;
  TRY(plan_add_step(b, s, STEP_LOOP, l->frame->rep, l->num_inputs, l->num_variables, &step, st));
  step->loop = body;
  memcpy(step->inputs, l->slots, (size_t)l->num_inputs * sizeof *l->slots);
  TRY(loop_controls(b, s, l->frame, step, st));
  step->maybe_dead = step->num_controls > 0;
  PlanSlot *slots = b->plan->slots;
  for (int i = 0; i < l->num_inputs; i++) step->maybe_dead |= slots[l->slots[i]].maybe_dead;
  for (int i = 0; i < l->num_variables; i++) {
    PlanSlot *out = &slots[step->first_output + i];
    out->dtype = slots[l->slots[i]].dtype;
    out->is_ref = slots[l->slots[i]].is_ref;
    out->maybe_dead = step->maybe_dead;
    out->writes = l->writes ? -1 : b->writes;
    l->outputs[i] = step->first_output + i;
  }
  bool maybe_dead = step->maybe_dead;
  share_outputs(b, l, body->plan, step->first_output);
  if (maybe_dead) s->pivot[l->frame->rep->id] = (int)(step - b->plan->steps);
  for (int i = 0; i < l->num_variables; i++)
    if (l->gates[i])
      TRY(loop_open_gate(b, s, l->frame->rep, (int[]){l->outputs[i], l->outputs[l->gates[i]]}, maybe_dead,
                         &l->outputs[i], st));
  return TF_OK;
}

/* ---- inside ---- */

/* Whether what a loop's variable holds may have a variable's memory: what came in so, or was read, is passed
 * on. Of all that may be, by its dtype. */
static bool may_share(const Builder *b, const LoopBuild *l, int variable) {
  const PlanSlot *slots = b->plan->slots, *of = &slots[l->slots[variable]];
  if (!b->any_writes || of->is_ref) return false;
  for (int i = 0; i < l->num_inputs; i++) {
    const PlanSlot *in = &slots[l->slots[i]];
    if (in->dtype == of->dtype && (in->is_ref || (in->owner >= 0 && !in->is_part))) return true;
  }
  return false;
}

/* Notes that a feed may have a variable's memory. In a loop that writes, what is read is never up to date:
 * the iteration before may have written it. */
static TF_Code share_input(Builder *b, Builder *inner, const Scope *s, const LoopBuild *l, int i,
                           TF_Status *st) {
  const PlanSlot *from = &b->plan->slots[l->slots[i]];
  PlanSlot *feed = &inner->plan->slots[inner->plan->feeds[i]];
  const Node *enter = i < l->num_variables ? l->starts[i] : l->enters[i];
  bool is_part = from->owner >= 0 && from->is_part;
  if (is_part && l->writes)
    return fail(st, TF_UNIMPLEMENTED,
                "{{node %s%s}} (%s) brings a part of a variable into a while loop that may change it",
                s->prefix, enter->name, enter->op);
  bool shares = i < l->num_variables ? may_share(b, l, i) : b->any_writes && from->owner >= 0 && !is_part;
  if (shares) feed->owner = inner->plan->feeds[i];
  feed->writes = l->writes ? -1 : inner->writes;
  return TF_OK;
}

/* Feeds, and values for Enters whose value is known outside. */
static TF_Code add_inputs(Builder *b, Builder *inner, Scope *s, LoopBuild *l, const int *enter_slots,
                          TF_Status *st) {
  Plan *p = inner->plan;
  const Frame *f = l->frame;
  p->num_feeds = l->num_inputs;
  p->keeps_refs = !b->any_writes;
  p->feeds = arena_calloc(&p->arena, (size_t)l->num_inputs, sizeof *p->feeds);
  p->feed_types = arena_calloc(&p->arena, (size_t)l->num_inputs, sizeof *p->feed_types);
  if (!p->feeds || !p->feed_types) return fail_oom(st, "a plan");
  for (int i = 0; i < l->num_inputs; i++) {
    const PlanSlot *from = &b->plan->slots[l->slots[i]];
    p->feed_types[i] = from->dtype;
    TRY(plan_add_slot(inner, from->dtype, from->is_ref, -1, &p->feeds[i], st));
    Node *node = i < l->num_variables ? l->merges[i] : l->enters[i];
    if (!node) continue; /* a gate */
    TRY(share_input(b, inner, s, l, i, st));
    TRY(loop_set_out(inner, s, node, p->feeds[i], st));
  }
  for (int i = 0, slot; i < l->num_inputs; i++) {
    if (!l->gates[i]) continue;
    Node *node = i < l->num_variables ? l->merges[i] : l->enters[i];
    TRY(loop_open_gate(inner, s, node, (int[]){p->feeds[i], p->feeds[l->gates[i]]}, false, &slot, st));
    TRY(loop_set_out(inner, s, node, slot, st));
  }
  for (int i = 0; i < f->num_enters; i++) {
    const PlanSlot *from = &b->plan->slots[enter_slots[i]];
    int slot;
    if (s->outs[f->enters[i]->id] || !from->value.dtype) continue;
    TRY(plan_add_slot(inner, from->dtype, false, -1, &slot, st));
    tensor_share(&inner->plan->slots[slot].value, &from->value);
    inner->plan->slots[slot].source = f->enters[i]->name;
    TRY(loop_set_out(inner, s, f->enters[i], slot, st));
  }
  return TF_OK;
}

static TF_Code emit_part(Builder *b, Scope *s, const Frame *f, int body, TF_Status *st) {
  for (int i = 0; i < f->num_order; i++)
    if ((s->marked[f->order[i]->id] & (MARK_BODY | MARK_AFTER)) == body)
      TRY(plan_emit_node(b, s, f->order[i], st));
  return TF_OK;
}

static TF_Code emit_break(Builder *b, Scope *s, Node *cond, TF_Status *st) {
  PlanStep *step;
  int pred;
  TRY(plan_slot_of(b, s, (TF_Output){cond, 0}, &pred, st));
  TRY(plan_emit_reread(b, s, cond, &pred, st));
  TRY(plan_add_step(b, s, STEP_BREAK, cond, 1, 0, &step, st));
  step->inputs[0] = pred;
  return TF_OK;
}

static TF_Code add_nexts(Builder *b, Scope *s, LoopBuild *l, TF_Status *st) {
  Plan *p = b->plan;
  p->num_fetches = l->num_variables;
  p->fetches = arena_calloc(&p->arena, (size_t)l->num_variables, sizeof *p->fetches);
  if (!p->fetches) return fail_oom(st, "a plan");
  for (int i = 0; i < l->num_variables; i++) {
    if (!l->nexts[i]) continue; /* a gate */
    TRY(plan_input_slots(b, s, l->nexts[i], &p->fetches[i], st));
    const PlanSlot *next = &p->slots[p->fetches[i]], *variable = &p->slots[p->feeds[i]];
    if (next->is_ref != variable->is_ref || next->dtype != variable->dtype)
      return loop_fail(s, l->frame, l->nexts[i], "has not the type of its variable", st);
    if (l->writes && next->owner >= 0 && next->is_part)
      return fail(st, TF_UNIMPLEMENTED,
                  "{{node %s%s}} (%s) keeps a part of a variable that its while loop may change", s->prefix,
                  l->nexts[i]->name, l->nexts[i]->op);
    if (!l->gates[i]) continue;
    TRY(loop_close_gate(b, s, l->nexts[i], p->fetches[i], &p->fetches[i], st));
    p->fetches[l->gates[i]] = p->fetches[i] + 1;
  }
  for (int i = 0; i < l->num_variables; i++) p->slots[p->fetches[i]].fetched = true;
  return plan_finish(p, st);
}

static bool has_writes(const Scope *s, const Frame *f) {
  for (int i = 0; i < f->num_order; i++) {
    const Node *n = f->order[i];
    if (s->frame_of[n->id] != f ? has_writes(s, s->frame_of[n->id]) : plan_writes_ref(n)) return true;
  }
  return false;
}

static TF_Code build_body(Builder *b, Builder *inner, Scope *s, LoopBuild *l, const int *enter_slots,
                          TF_Status *st) {
  TRY(add_inputs(b, inner, s, l, enter_slots, st));
  TRY(emit_part(inner, s, l->frame, 0, st));
  TRY(emit_break(inner, s, l->frame->cond, st));
  TRY(emit_part(inner, s, l->frame, MARK_BODY, st));
  return add_nexts(inner, s, l, st);
}

/* The body is emitted with the same scope: its nodes' slots are those of the body's plan. */
static TF_Code make_body(Builder *b, Scope *s, LoopBuild *l, const int *enter_slots, Callee **callee,
                         TF_Status *st) {
  if (b->depth >= LIMIT_CALL_DEPTH)
    return fail(st, TF_RESOURCE_EXHAUSTED, "functions and loops nest more than %d deep at {{node %s%s}}",
                LIMIT_CALL_DEPTH, s->prefix, l->frame->rep->name);
  TRY(plan_add_callee(b, l->frame->name, -1, callee, st));
  Builder inner;
  TRY(plan_builder_init(&inner, b->options, b->callees, st));
  inner.depth = b->depth + 1;
  inner.callee = b->callee;
  inner.any_writes = b->any_writes;
  inner.in_loop = true;
  Frame *outer_frame = s->frame;
  int entry_pivot = s->entry_pivot;
  s->frame = l->frame;
  s->entry_pivot = -1;
  TF_Code code = build_body(b, &inner, s, l, enter_slots, st);
  s->frame = outer_frame;
  s->entry_pivot = entry_pivot;
  (*callee)->plan = inner.plan;
  plan_builder_clear(&inner);
  b->writes += l->writes;
  return code;
}

TF_Code plan_emit_loop(Builder *b, Scope *s, Frame *f, TF_Status *st) {
  size_t n = 2 * (size_t)(f->num_order + f->num_enters) + 1; /* with gates */
  LoopBuild l = {.frame = f,
                 .merges = arena_calloc(&b->temp, n, sizeof *l.merges),
                 .starts = arena_calloc(&b->temp, n, sizeof *l.starts),
                 .nexts = arena_calloc(&b->temp, n, sizeof *l.nexts),
                 .enters = arena_calloc(&b->temp, n, sizeof *l.enters),
                 .slots = arena_calloc(&b->temp, n, sizeof *l.slots),
                 .gates = arena_calloc(&b->temp, n, sizeof *l.gates),
                 .outputs = arena_calloc(&b->temp, n, sizeof *l.outputs)};
  int *slots = arena_calloc(&b->temp, n, sizeof *slots);
  if (!l.merges || !l.starts || !l.nexts || !l.enters || !l.slots || !l.gates || !l.outputs || !slots)
    return fail_oom(st, "a plan");
  TRY(find_variables(s, &l, st));
  TRY(mark_body(s, f, st));
  TRY(loop_mark_after(s, f, st));
  TRY(check_reads(s, f, st));
  l.writes = has_writes(s, f);
  TRY(enter_slots(b, s, f, slots, st));
  loop_find_gates(b, s, &l);
  TRY(add_loop_inputs(b, s, &l, slots, st));
  Callee *body;
  TRY(make_body(b, s, &l, slots, &body, st));
  TRY(add_loop_step(b, s, &l, body, st));
  return loop_set_exits(b, s, &l, st);
}

TF_Code plan_emit_loop_node(Builder *b, Scope *s, Node *n, bool *done, TF_Status *st) {
  int slots[2] = {0};
  *done = true;
  if (plan_is_exit(n) || plan_is_next(n) || plan_is_loop_merge(n)) return TF_OK;
  if (n == s->frame->cond) {
    TRY(plan_input_slots(b, s, n, slots, st));
    return loop_set_out(b, s, n, slots[0], st);
  }
  if (loop_is_switch(s->frame, n)) {
    TRY(plan_input_slots(b, s, n, slots, st));
    int outs[2] = {-1, slots[0]};
    s->outs[n->id] = arena_memdup(&b->temp, outs, sizeof outs);
    return s->outs[n->id] ? TF_OK : fail_oom(st, "a plan");
  }
  *done = false;
  return TF_OK;
}
