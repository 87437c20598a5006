/* Calls of functions: inlined into the caller's order, or, where a body runs as often as an op says (If,
 * While) or calls itself, made plans of their own. A plan keeps the body graphs that its steps stand in. */
#include <string.h>

#include "base/limits.h"
#include "graph/function.h"
#include "plan/plan_build.h"

/* ---- the library ---- */

/* The graph that the session has: bodies only borrow its functions. */
static Graph *library_of(Graph *graph) {
  while (graph->library) graph = graph->library;
  return graph;
}

static bool is_function(const Node *node) {
  Graph *library = library_of(node->graph);
  graph_lock(library);
  bool found = graph_function_find(library, node->op) != NULL;
  graph_unlock(library);
  return found;
}

/* The gradient that the library names for the function of a SymbolicGradient, or null. Gradients of functions that
 * name none are not made here. */
static const char *named_gradient(const Node *node, const AttrFunc *func) {
  if (!func) return NULL;
  Graph *library = library_of(node->graph);
  graph_lock(library);
  const GraphFunction *f = graph_function_find(library, func->name);
  const char *gradient = f ? f->gradient : NULL;
  graph_unlock(library);
  return gradient;
}

static const AttrFunc *func_of(const Node *node) {
  const Attr *f = node_attr(node, "f");
  return f && f->kind == TF_ATTR_FUNC && !f->is_list ? f->v.func : NULL;
}

bool plan_is_call(const Node *node, const AttrFunc **func, AttrFunc *direct) {
  if (!strcmp(node->op, "PartitionedCall") || !strcmp(node->op, "StatefulPartitionedCall")) {
    *func = func_of(node);
    return true;
  }
  if (!strcmp(node->op, "SymbolicGradient")) {
    const AttrFunc *of = func_of(node);
    const char *gradient = named_gradient(node, of);
    if (!gradient) return false;
    *direct = (AttrFunc){gradient, of->attrs, of->num_attrs};
    *func = direct;
    return true;
  }
  if (op_row_find(node->op) || !is_function(node)) return false;
  *direct = (AttrFunc){node->op, node->attrs, node->num_attrs};
  *func = direct;
  return true;
}

/* The body as a graph that the plan holds. */
static TF_Code make_body(Builder *b, const Node *node, const AttrFunc *func, FunctionBody *body,
                         TF_Status *st) {
  Graph **held = arena_alloc(&b->plan->arena, sizeof *held * (size_t)(b->plan->num_bodies + 1));
  if (!held) return fail_oom(st, "a function's body");
  Graph *library = library_of(node->graph);
  graph_lock(library);
  const GraphFunction *f = graph_function_find(library, func->name);
  if (f) f = graph_function_for_cpu(library, f);
  TF_Code code = f ? graph_function_instantiate(library, f, func->attrs, func->num_attrs, body, st)
                   : fail(st, TF_NOT_FOUND, "Function %s is not defined.", func->name);
  graph_unlock(library);
  if (code) return code;
  if (b->plan->num_bodies) memcpy(held, b->plan->bodies, sizeof *held * (size_t)b->plan->num_bodies);
  b->plan->bodies = held;
  b->plan->bodies[b->plan->num_bodies++] = body->graph;
  return TF_OK;
}

/* ---- what a body runs ---- */

static bool has_effect(const Node *n) {
  if (!(n->spec->flags & OP_SPEC_STATEFUL)) return false;
  const OpRow *row = op_row_find(n->op);
  /* Arguments and results are ops with state by their specs; handles and reads only matter to their users. */
  return strcmp(n->op, "_Arg") && strcmp(n->op, "_Retval") && strcmp(n->op, "ReadVariableOp") &&
         strcmp(n->op, "Placeholder") && !(row && (row->flags & OP_HANDLE));
}

/* Results, what must run in any case, and (TF: PruneFunctionGraph) all that has an effect. */
static TF_Code body_order(Builder *b, Scope *s, const FunctionBody *body, Node ***order, int *count,
                          TF_Status *st) {
  int n = 0;
  Node **roots = arena_calloc(
      &b->temp, (size_t)(body->num_rets + body->num_controls + body->graph->num_nodes), sizeof *roots);
  if (!roots) return fail_oom(st, "a plan");
  for (int i = 0; i < body->num_rets; i++) roots[n++] = body->rets[i];
  for (int i = 0; i < body->num_controls; i++) roots[n++] = body->controls[i];
  for (int i = 0; i < body->graph->num_nodes; i++)
    if (has_effect(body->graph->nodes[i])) roots[n++] = body->graph->nodes[i];
  return scope_order(b, s, roots, n, order, count, st);
}

static bool is_boundary(const Node *n) { return !strcmp(n->op, "_Arg") || !strcmp(n->op, "_Retval"); }

static bool has_loop(const Plan *p) {
  for (int i = 0; i < p->num_steps; i++)
    if (p->steps[i].kind == STEP_LOOP) return true;
  return false;
}

/* Emits the body's steps; arguments are in `args`, results go to `rets`. */
static TF_Code emit_body(Builder *b, Scope *s, const FunctionBody *body, const int *args, int *rets,
                         TF_Status *st) {
  Node **order;
  int count;
  for (int i = 0; i < body->num_args; i++) {
    int *out = arena_memdup(&b->temp, &args[i], sizeof args[i]);
    if (!out) return fail_oom(st, "a plan");
    s->outs[body->args[i]->id] = out;
  }
  TRY(body_order(b, s, body, &order, &count, st));
  const Node *write = scope_find_write(s);
  if (write && (b->in_loop || (!b->any_writes && has_loop(b->plan)))) /* which does not know of it */
    return fail(st, TF_UNIMPLEMENTED,
                "{{node %s%s}} (%s), in a function, changes a variable beside a while loop", s->prefix,
                write->name, write->op);
  b->any_writes |= write != NULL;
  for (int i = 0; i < count; i++)
    if (!is_boundary(order[i])) TRY(plan_emit_node(b, s, order[i], st));
  for (int i = 0; i < body->num_rets; i++) {
    TRY(plan_slot_of(b, s, body->rets[i]->inputs[0], &rets[i], st));
    if (b->plan->slots[rets[i]].is_ref) TRY(plan_emit_deref(b, s, body->rets[i], NULL, &rets[i], st));
  }
  return TF_OK;
}

/* ---- inlining ---- */

static bool is_being_inlined(const CallSite *site, const char *function) {
  for (; site; site = site->caller)
    if (!strcmp(site->function, function)) return true;
  return false;
}

static TF_Code check_arity(const Node *node, const AttrFunc *func, const FunctionBody *body, TF_Status *st) {
  if (node->num_inputs == body->num_args && node->num_outputs == body->num_rets) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "{{node %s}} calls %s, which has %d arguments and %d results, with %d and %d", node->name,
              func->name, body->num_args, body->num_rets, node->num_inputs, node->num_outputs);
}

static TF_Code inline_call(Builder *b, Scope *s, Node *node, const AttrFunc *func, TF_Status *st) {
  FunctionBody body;
  TRY(make_body(b, node, func, &body, st));
  TRY(check_arity(node, func, &body, st));
  CallSite *site = arena_alloc(&b->plan->arena, sizeof *site);
  int *args = arena_calloc(&b->temp, (size_t)node->num_inputs, sizeof *args);
  int *rets = arena_calloc(&b->temp, (size_t)node->num_outputs, sizeof *rets);
  const char *prefix = arena_printf(&b->plan->arena, "%s%s/", s->prefix, node->name);
  const char *call = arena_printf(&b->plan->arena, "%s%s", s->prefix, node->name);
  if (!site || !args || !rets || !prefix || !call) return fail_oom(st, "a plan");
  const char *function = arena_strdup(&b->plan->arena, func->name);
  if (!function) return fail_oom(st, "a plan");
  *site = (CallSite){s->site, function, call};
  Scope inner = {.parent = s, .site = site, .prefix = prefix, .depth = s->depth + 1};
  TRY(scope_init(b, &inner, body.graph, st));
  TRY(plan_emit_call_pivot(b, s, node, args, &inner.entry_pivot, st));
  TRY(emit_body(b, &inner, &body, args, rets, st));
  s->outs[node->id] = rets;
  return TF_OK;
}

TF_Code plan_emit_call(Builder *b, Scope *s, Node *node, const AttrFunc *func, TF_Status *st) {
  if (!func) return fail(st, TF_INVALID_ARGUMENT, "{{node %s%s}} names no function", s->prefix, node->name);
  bool recursive = is_being_inlined(s->site, func->name) || (b->callee && !strcmp(b->callee, func->name));
  if (recursive && op_row_find(node->op)) return plan_emit_kernel(b, s, node, st);
  if (recursive || s->depth >= LIMIT_CALL_DEPTH)
    return fail(st, TF_UNIMPLEMENTED, "{{node %s%s}}: function %s calls itself", s->prefix, node->name,
                func->name);
  return inline_call(b, s, node, func, st);
}

/* ---- callees ---- */

static Callee *find_callee(PlanCallees *callees, const AttrFunc *func) {
  /* Those with attributes are not shared: it would take comparing them. */
  for (Callee *c = func->num_attrs ? NULL : callees->first; c; c = c->next)
    if (!c->num_attrs && !strcmp(c->name, func->name)) return c;
  return NULL;
}

static TF_Code build_callee(Builder *b, const Node *node, const AttrFunc *func, TF_Status *st) {
  Plan *p = b->plan;
  FunctionBody body;
  TRY(make_body(b, node, func, &body, st));
  Scope s = {.prefix = "", .depth = 0};
  p->num_feeds = body.num_args;
  p->num_fetches = body.num_rets;
  p->feeds = arena_calloc(&p->arena, (size_t)body.num_args, sizeof *p->feeds);
  p->feed_types = arena_calloc(&p->arena, (size_t)body.num_args, sizeof *p->feed_types);
  p->fetches = arena_calloc(&p->arena, (size_t)body.num_rets, sizeof *p->fetches);
  if (!p->feeds || !p->feed_types || !p->fetches) return fail_oom(st, "a plan");
  for (int i = 0; i < body.num_args; i++) {
    p->feed_types[i] = body.args[i]->output_types[0];
    TRY(plan_add_slot(b, p->feed_types[i], false, -1, &p->feeds[i], st));
  }
  TRY(scope_init(b, &s, body.graph, st));
  TRY(emit_body(b, &s, &body, p->feeds, p->fetches, st));
  for (int i = 0; i < body.num_rets; i++) p->slots[p->fetches[i]].fetched = true;
  return plan_finish(p, st);
}

TF_Code plan_add_callee(Builder *b, const char *name, int num_attrs, Callee **out, TF_Status *st) {
  PlanCallees *callees = b->callees;
  Callee *c = arena_calloc(&callees->arena, 1, sizeof *c);
  if (!c || !(c->name = arena_strdup(&callees->arena, name))) return fail_oom(st, "a plan");
  c->num_attrs = num_attrs;
  c->specialize = b->options->specialize;
  c->free_executor = b->options->free_executor;
  c->next = callees->first;
  *out = callees->first = c;
  return TF_OK;
}

TF_Code plan_make_callee(Builder *b, const Node *node, const AttrFunc *func, const Callee **out,
                         TF_Status *st) {
  PlanCallees *callees = b->callees;
  Callee *c = find_callee(callees, func);
  if (c) {
    *out = c;
    return TF_OK;
  }
  if (b->depth >= LIMIT_CALL_DEPTH)
    return fail(st, TF_RESOURCE_EXHAUSTED, "functions nest more than %d deep at {{node %s}}",
                LIMIT_CALL_DEPTH, node->name);
  TRY(plan_add_callee(b, func->name, func->num_attrs, &c, st)); /* before its body, which may call it again */
  Builder inner;
  TRY(plan_builder_init(&inner, b->options, callees, st));
  inner.depth = b->depth + 1;
  inner.callee = c->name;
  inner.in_loop = b->in_loop;
  TF_Code code = build_callee(&inner, node, func, st);
  c->plan = inner.plan;
  plan_builder_clear(&inner);
  *out = c;
  return code;
}

void plan_callees_free(PlanCallees *callees) {
  for (Callee *c = callees->first; c; c = c->next) {
    void *executor = atomic_load(&c->executor);
    if (executor) c->free_executor(executor);
    else plan_free(c->plan);
  }
  arena_clear(&callees->arena);
}
