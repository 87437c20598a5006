/* From nodes to steps: slots for outputs, kernels, ref reads, dead values. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan_build.h"

/* Doubles an array of the plan under construction. */
static TF_Code reserve(void **array, int *capacity, int count, size_t size, TF_Status *st) {
  if (count < *capacity) return TF_OK;
  int want = *capacity ? *capacity * 2 : 64;
  void *grown = want > count ? realloc(*array, (size_t)want * size) : NULL;
  if (!grown) return fail_oom(st, "a plan");
  *array = grown;
  *capacity = want;
  return TF_OK;
}

TF_Code plan_add_slot(Builder *b, TF_DataType dtype, bool is_ref, int step, int *slot, TF_Status *st) {
  Plan *p = b->plan;
  TRY(reserve((void **)&p->slots, &b->cap_slots, p->num_slots, sizeof *p->slots, st));
  *slot = p->num_slots++;
  p->slots[*slot] =
      (PlanSlot){.dtype = dtype_base(dtype), .is_ref = is_ref, .owner = -1, .step = step, .last_step = -1};
  return TF_OK;
}

TF_Code plan_add_step(Builder *b, Scope *s, StepKind kind, Node *node, int num_inputs, int num_outputs,
                      PlanStep **out, TF_Status *st) {
  Plan *p = b->plan;
  TRY(reserve((void **)&p->steps, &b->cap_steps, p->num_steps, sizeof *p->steps, st));
  PlanStep *step = &p->steps[p->num_steps];
  *step = (PlanStep){.kind = kind,
                     .kernel.node = node,
                     .site = s->site,
                     .num_inputs = num_inputs,
                     .num_outputs = num_outputs,
                     .first_output = p->num_slots};
  step->name = *s->prefix ? arena_printf(&p->arena, "%s%s", s->prefix, node->name) : node->name;
  step->inputs = arena_calloc(&p->arena, (size_t)num_inputs, sizeof *step->inputs);
  if (!step->name || !step->inputs) return fail_oom(st, "a plan");
  for (int i = 0, slot; i < num_outputs; i++) {
    bool is_read = kind == STEP_DEREF || kind == STEP_REREAD || kind == STEP_LOOP;
    bool is_gate = i >= node->num_outputs;
    TF_DataType dtype = is_read || is_gate ? (TF_DataType)0 : node->output_types[i];
    TRY(plan_add_slot(b, dtype, dtype_is_ref(dtype), p->num_steps, &slot, st));
  }
  p->num_steps++;
  *out = step;
  return TF_OK;
}

TF_Code plan_slot_of(Builder *b, const Scope *s, TF_Output out, int *slot, TF_Status *st) {
  (void)b;
  int feed = scope_feed(s, out);
  if (feed >= 0 && s->frame != &s->root)
    return fail(st, TF_INVALID_ARGUMENT, "%s:%d is inside a while loop and cannot be fed", out.oper->name,
                out.index);
  if (feed >= 0) {
    *slot = s->feed_slots[feed];
    return TF_OK;
  }
  if (!s->outs[out.oper->id])
    return fail(st, TF_INTERNAL, "node '%s' is used before it is in the plan", out.oper->name);
  *slot = s->outs[out.oper->id][out.index];
  if (*slot < 0)
    return fail(st, TF_UNIMPLEMENTED,
                "output %d of {{node %s%s}} is read, which its while loop does not give", out.index,
                s->prefix, out.oper->name);
  return TF_OK;
}

TF_Code plan_emit_deref(Builder *b, Scope *s, Node *node, const char *name, int *slot, TF_Status *st) {
  PlanStep *step;
  TRY(plan_add_step(b, s, STEP_DEREF, node, 1, 1, &step, st));
  if (name && !(step->name = arena_strdup(&b->plan->arena, name))) return fail_oom(st, "a plan");
  PlanSlot *slots = b->plan->slots;
  step->inputs[0] = *slot;
  step->maybe_dead = slots[*slot].maybe_dead;
  slots[step->first_output].dtype = slots[*slot].dtype;
  slots[step->first_output].maybe_dead = step->maybe_dead;
  slots[step->first_output].owner = step->first_output;
  slots[step->first_output].writes = b->writes;
  *slot = step->first_output;
  return TF_OK;
}

TF_Code plan_emit_reread(Builder *b, Scope *s, Node *node, int *slot, TF_Status *st) {
  PlanSlot from = b->plan->slots[*slot];
  if (from.owner < 0 || from.writes == b->writes) return TF_OK;
  if (from.is_part && !b->in_loop) return TF_OK;
  if (from.is_part)
    return fail(st, TF_UNIMPLEMENTED,
                "{{node %s%s}} (%s) reads a part of a variable that its while loop may change", s->prefix,
                node->name, node->op);
  PlanStep *step;
  TRY(plan_add_step(b, s, STEP_REREAD, node, 1, 1, &step, st));
  step->inputs[0] = *slot;
  step->maybe_dead = from.maybe_dead;
  PlanSlot *out = &b->plan->slots[step->first_output];
  out->dtype = from.dtype;
  out->maybe_dead = from.maybe_dead;
  out->owner = from.owner;
  out->writes = b->writes;
  *slot = step->first_output;
  return TF_OK;
}

static bool starts_with(const char *text, const char *head) { return !strncmp(text, head, strlen(head)); }

static bool is_op(const Node *n, const char *op) { return !strcmp(n->op, op); }

TF_Code plan_input_slots(Builder *b, Scope *s, Node *node, int *slots, TF_Status *st) {
  bool takes_both = starts_with(node->op,
                                "Ref"); /* RefSwitch and the like pass on what comes in: a fed variable too */
  for (int i = 0; i < node->num_inputs; i++) {
    TRY(plan_slot_of(b, s, node->inputs[i], &slots[i], st));
    bool is_ref = b->plan->slots[slots[i]].is_ref, wants_ref = dtype_is_ref(node->input_types[i]);
    if (is_ref && !wants_ref) TRY(plan_emit_deref(b, s, node, NULL, &slots[i], st));
    if (!is_ref) TRY(plan_emit_reread(b, s, node, &slots[i], st));
    if (!is_ref && wants_ref && !takes_both)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Input %d of node %s was passed %s from %s:%d incompatible with expected %s.", i,
                  node->name, dtype_name(b->plan->slots[slots[i]].dtype), node->inputs[i].oper->name,
                  node->inputs[i].index, dtype_name(node->input_types[i]));
  }
  return TF_OK;
}

TF_Code plan_control_steps(Builder *b, const Scope *s, const Node *node, int **steps, int *count,
                           TF_Status *st) {
  *count = 0;
  *steps = arena_calloc(&b->plan->arena, (size_t)node->num_controls + 1, sizeof **steps);
  if (!*steps) return fail_oom(st, "a plan");
  for (int i = 0; i < node->num_controls; i++) {
    int pivot = s->pivot[node->controls[i]->id];
    if (pivot >= 0) (*steps)[(*count)++] = pivot;
  }
  if (!node->num_inputs && s->entry_pivot >= 0) (*steps)[(*count)++] = s->entry_pivot;
  return TF_OK;
}

/* Whether the step, or (for Merge) its output, can be dead. */
static bool can_be_dead(const Builder *b, const PlanStep *step) {
  bool any = false, all = step->num_inputs > 0;
  for (int i = 0; i < step->num_inputs; i++) {
    bool dead = b->plan->slots[step->inputs[i]].maybe_dead;
    any |= dead;
    all &= dead;
  }
  return step->kind == STEP_MERGE ? all : any || step->num_controls;
}

static TF_Code remember_outputs(Builder *b, Scope *s, const Node *node, int first, TF_Status *st) {
  int *outs = arena_calloc(&b->temp, (size_t)node->num_outputs, sizeof *outs);
  if (!outs) return fail_oom(st, "a plan");
  for (int i = 0; i < node->num_outputs; i++) outs[i] = first + i;
  s->outs[node->id] = outs;
  return TF_OK;
}

/* RefMerge gives a variable or a value, not now this and now that. */
static TF_Code check_merge(const Builder *b, const PlanStep *step, TF_Status *st) {
  for (int i = 1; step->kind == STEP_MERGE && i < step->num_inputs; i++)
    if (b->plan->slots[step->inputs[i]].is_ref != b->plan->slots[step->inputs[0]].is_ref)
      return fail(st, TF_UNIMPLEMENTED, "{{node %s}} (%s) merges a variable with a value", step->name,
                  step->kernel.node->op);
  return TF_OK;
}

/* Adds the step's inputs and controls, and says what can be dead. */
static TF_Code add_node_step(Builder *b, Scope *s, StepKind kind, Node *node, PlanStep **out, TF_Status *st) {
  int *slots = arena_calloc(&b->temp, (size_t)node->num_inputs, sizeof *slots);
  if (!slots) return fail_oom(st, "a plan");
  TRY(plan_input_slots(b, s, node, slots, st));
  PlanStep *step;
  TRY(plan_add_step(b, s, kind, node, node->num_inputs, node->num_outputs, &step, st));
  memcpy(step->inputs, slots, (size_t)node->num_inputs * sizeof *slots);
  TRY(plan_control_steps(b, s, node, &step->controls, &step->num_controls, st));
  TRY(check_merge(b, step, st));
  step->maybe_dead = can_be_dead(b, step);
  for (int i = 0; i < step->num_outputs; i++) {
    PlanSlot *slot = &b->plan->slots[step->first_output + i];
    slot->maybe_dead = step->maybe_dead || kind == STEP_SWITCH;
    /* RefSwitch and RefMerge pass on what comes in: a variable if that is one. */
    if (kind != STEP_KERNEL && slot->is_ref && !b->plan->slots[step->inputs[0]].is_ref) slot->is_ref = false;
  }
  plan_note_memory(b, step);
  if (step->maybe_dead) s->pivot[node->id] = (int)(step - b->plan->steps);
  *out = step;
  return remember_outputs(b, s, node, step->first_output, st);
}

static TF_Code make_callee(OpInit *k, const AttrFunc *func, const Callee **callee, TF_Status *st) {
  Builder *b = k->plan;
  TRY(plan_make_callee(b, k->node, func, callee, st));
  const Callee **called = arena_calloc(&b->plan->arena, (size_t)b->num_called + 1, sizeof *called);
  if (!called) return fail_oom(st, "a plan");
  if (b->num_called) memcpy(called, b->called, (size_t)b->num_called * sizeof *called);
  called[b->num_called++] = *callee;
  b->called = called;
  return TF_OK;
}

TF_Code plan_emit_kernel(Builder *b, Scope *s, Node *node, TF_Status *st) {
  PlanStep *step;
  TRY(add_node_step(b, s, STEP_KERNEL, node, &step, st));
  OpInit k = {.node = node,
              .name = step->name,
              .function = b->callee,
              .arena = &b->plan->arena,
              .resources = b->options->resources,
              .env = b->options->env,
              .make_callee = make_callee,
              .plan = b};
  Kernel kernel;
  const OpRow *row = op_row_find(node->op);
  if (op_row_check(row, node, st)) return TF_GetCode(st);
  if (row->flags & OP_CONTROL)
    return fail(st, TF_UNIMPLEMENTED, "{{node %s}}: op %s is not run", step->name, node->op);
  b->num_called = 0;
  step = &b->plan->steps[b->plan->num_steps - 1];
  if (kernel_init(&kernel, &k, st)) return plan_step_fail(step, st);
  step->kernel = kernel;
  step->makes_variable = !strcmp(node->op, "TemporaryVariable");
  step->num_callees = b->num_called;
  step->callees = b->called;
  for (int i = 0; i < b->num_called; i++) b->writes += !b->called[i]->plan || b->called[i]->plan->has_refs;
  return plan_fold_last(b, st);
}

/* A Const that always runs is a value of the plan, not a step. */
static TF_Code emit_const(Builder *b, Scope *s, Node *node, TF_Status *st) {
  const Tensor *value;
  int slot;
  TRY(op_const_value(node, &value, st));
  TRY(plan_add_slot(b, node->output_types[0], false, -1, &slot, st));
  tensor_share(&b->plan->slots[slot].value, value);
  const char *name = *s->prefix ? arena_printf(&b->plan->arena, "%s%s", s->prefix, node->name) : node->name;
  b->plan->slots[slot].source = name;
  return remember_outputs(b, s, node, slot, st);
}

static bool has_controls(const Builder *b, const Scope *s, const Node *node) {
  (void)b;
  for (int i = 0; i < node->num_controls; i++)
    if (s->pivot[node->controls[i]->id] >= 0) return true;
  return !node->num_inputs && s->entry_pivot >= 0;
}

TF_Code plan_emit_call_pivot(Builder *b, Scope *s, Node *node, int *args, int *pivot, TF_Status *st) {
  TRY(plan_input_slots(b, s, node, args, st));
  bool can_die = has_controls(b, s, node);
  for (int i = 0; i < node->num_inputs; i++) can_die |= b->plan->slots[args[i]].maybe_dead;
  *pivot = -1;
  if (!can_die) return TF_OK;
  PlanStep *step;
  TRY(plan_add_step(b, s, STEP_PIVOT, node, node->num_inputs, 0, &step, st));
  if (node->num_inputs) memcpy(step->inputs, args, (size_t)node->num_inputs * sizeof *args);
  TRY(plan_control_steps(b, s, node, &step->controls, &step->num_controls, st));
  step->maybe_dead = true;
  *pivot = s->pivot[node->id] = (int)(step - b->plan->steps);
  return TF_OK;
}

TF_Code plan_emit_node(Builder *b, Scope *s, Node *node, TF_Status *st) {
  PlanStep *step;
  AttrFunc direct;
  const AttrFunc *func;
  if (is_op(node, "Const") && !has_controls(b, s, node)) return emit_const(b, s, node, st);
  if (is_op(node, "NoOp"))
    return has_controls(b, s, node) ? add_node_step(b, s, STEP_PIVOT, node, &step, st) : TF_OK;
  if (is_op(node, "ControlTrigger")) return TF_OK; /* runs even if what it waits for is dead */
  if (s->frame_of[node->id] != s->frame) return plan_emit_loop(b, s, s->frame_of[node->id], st);
  bool done = false;
  if (s->frame != &s->root) TRY(plan_emit_loop_node(b, s, node, &done, st));
  if (done) return TF_OK;
  if (is_op(node, "Switch") || is_op(node, "RefSwitch"))
    return add_node_step(b, s, STEP_SWITCH, node, &step, st);
  if (is_op(node, "Merge") || is_op(node, "RefMerge"))
    return add_node_step(b, s, STEP_MERGE, node, &step, st);
  if (plan_is_call(node, &func, &direct)) return plan_emit_call(b, s, node, func, st);
  return plan_emit_kernel(b, s, node, st);
}
