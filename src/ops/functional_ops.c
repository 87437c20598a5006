/* Ops that call functions: PartitionedCall where the plan could not inline it (a function that calls itself),
 * If, Case and While of TensorFlow 2. Functions are plans of their own, reached through the step
 * (op_call). */
#include "ops/op_eval.h"

/* The function that attr `name` names, or the i-th of its list. */
static TF_Code function_attr(OpInit *k, const char *name, int i, const Callee **callee, TF_Status *st) {
  const Attr *f = node_attr(k->node, name);
  if (!f || f->kind != TF_ATTR_FUNC || (f->is_list ? i >= f->count : i > 0))
    return fail(st, TF_INVALID_ARGUMENT, "attr %s of {{node %s}} names no function", name, k->name);
  return op_callee(k, f->is_list ? &f->v.list_func[i] : f->v.func, callee, st);
}

/* Calls with the op's inputs from `first` on; the results are the op's outputs. */
static TF_Code call_with_inputs(OpCtx *c, const Callee *callee, int first, TF_Status *st) {
  return op_call(c, callee, c->inputs + first, c->num_inputs - first, c->outputs, c->num_outputs, st);
}

/* ---- PartitionedCall ---- */

typedef struct CallState {
  const Callee *callee;
} CallState;

static TF_Code call_init(OpInit *k, TF_Status *st) {
  return function_attr(k, "f", 0, &((CallState *)k->state)->callee, st);
}

static TF_Code call_run(OpCtx *c, TF_Status *st) {
  return call_with_inputs(c, ((const CallState *)c->state)->callee, 0, st);
}

/* ---- If ---- */

typedef struct IfState {
  const Callee *branches[2]; /* else, then */
} IfState;

static TF_Code if_init(OpInit *k, TF_Status *st) {
  IfState *s = k->state;
  TRY(function_attr(k, "else_branch", 0, &s->branches[0], st));
  return function_attr(k, "then_branch", 0, &s->branches[1], st);
}

static TF_Code if_run(OpCtx *c, TF_Status *st) {
  const IfState *s = c->state;
  return call_with_inputs(c, s->branches[op_is_true(op_input(c, 0))], 1, st);
}

/* ---- Case ---- */

typedef struct CaseState {
  int num_branches;
  const Callee **branches;
} CaseState;

static TF_Code case_init(OpInit *k, TF_Status *st) {
  CaseState *s = k->state;
  const Attr *branches = node_attr(k->node, "branches");
  if (!branches || !branches->is_list || branches->count < 1 || branches->count > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "{{node %s}} has no branches", k->name);
  s->num_branches = (int)branches->count;
  s->branches = arena_calloc(k->arena, (size_t)s->num_branches, sizeof *s->branches);
  if (!s->branches) return fail_oom(st, "branches");
  for (int i = 0; i < s->num_branches; i++) TRY(function_attr(k, "branches", i, &s->branches[i], st));
  return TF_OK;
}

/* TF: any index out of range takes the last branch. */
static TF_Code case_run(OpCtx *c, TF_Status *st) {
  const CaseState *s = c->state;
  const Tensor *index = op_input(c, 0);
  if (index->rank) return fail(st, TF_INVALID_ARGUMENT, "branch_index must be scalar");
  int i = *(const int32_t *)index->data;
  return call_with_inputs(c, s->branches[i < 0 || i >= s->num_branches ? s->num_branches - 1 : i], 1, st);
}

/* ---- While ---- */

typedef struct WhileState {
  const Callee *cond, *body;
} WhileState;

static TF_Code while_init(OpInit *k, TF_Status *st) {
  WhileState *s = k->state;
  TRY(function_attr(k, "cond", 0, &s->cond, st));
  return function_attr(k, "body", 0, &s->body, st);
}

static TF_Code while_run(OpCtx *c, TF_Status *st) {
  const WhileState *s = c->state;
  return c->env->loop(c->env, s->cond, s->body, c->inputs, c->num_inputs, c->outputs, st);
}

/* None is folded: a loop may take long, and a stateless op's functions are checked by nobody. */
enum { CALL_FLAGS = OP_DYNAMIC | OP_STATEFUL };

const OpRow ops_functional[] = {
    {"PartitionedCall", .flags = CALL_FLAGS, .state_size = sizeof(CallState), .shape = shape_unknown_outputs,
     .init = call_init, .run = call_run},
    {"StatefulPartitionedCall", .flags = CALL_FLAGS, .state_size = sizeof(CallState),
     .shape = shape_unknown_outputs, .init = call_init, .run = call_run},
    {"If", .flags = CALL_FLAGS, .state_size = sizeof(IfState), .shape = shape_unknown_outputs,
     .init = if_init, .run = if_run},
    {"StatelessIf", .flags = CALL_FLAGS, .state_size = sizeof(IfState), .shape = shape_unknown_outputs,
     .init = if_init, .run = if_run},
    {"Case", .flags = CALL_FLAGS, .state_size = sizeof(CaseState), .shape = shape_unknown_outputs,
     .init = case_init, .run = case_run},
    {"StatelessCase", .flags = CALL_FLAGS, .state_size = sizeof(CaseState), .shape = shape_unknown_outputs,
     .init = case_init, .run = case_run},
    {"While", .flags = CALL_FLAGS, .state_size = sizeof(WhileState), .shape = shape_unknown_outputs,
     .init = while_init, .run = while_run},
    {"StatelessWhile", .flags = CALL_FLAGS, .state_size = sizeof(WhileState), .shape = shape_unknown_outputs,
     .init = while_init, .run = while_run},
    {0}};
