/* While loops: the bodies of TensorFlow 1's, which break, and cond and body of TensorFlow 2's. An iteration
 * is one run of the body's plan: by its spec it asks for no memory and takes no lock. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "exec/exec_turn.h"
#include "ops/op_eval.h"

enum { FEW_VARIABLES = 8, FEW_INPUTS = 24 }; /* of loops that need no memory of their own */

/* The loop's variables are `feeds` as they come in at first, then `held`; `next` is where the body puts
 * them. */
typedef struct Loop {
  const ExecLoop *loop;
  int n, num_inputs;
  const Tensor **feeds;
  Variable **refs, **next_refs;      /* null when there are none */
  MemoryOwner *owners, *next_owners; /* with the refs */
  Tensor *held, *next;
  bool moved; /* feeds are `held` */
  ExecTurn cond, body;
  void *memory; /* of these arrays; null when the few do */
  Tensor few[2 * FEW_VARIABLES];
  const Tensor *few_feeds[FEW_INPUTS];
} Loop;

static TF_Code loop_init(Loop *l, TF_Status *st) {
  size_t n = (size_t)l->n, inputs = (size_t)l->num_inputs;
  bool refs = l->loop->input_refs != NULL;
  l->held = l->few;
  l->feeds = l->few_feeds;
  if (n > FEW_VARIABLES || inputs > FEW_INPUTS || refs) {
    size_t ref_bytes = refs ? (n + inputs) * (sizeof(Variable *) + sizeof(MemoryOwner)) : 0;
    char *p = l->memory = calloc(1, 2 * n * sizeof(Tensor) + inputs * sizeof(Tensor *) + ref_bytes + 1);
    if (!p) return fail_oom(st, "a loop");
    l->held = (Tensor *)p;
    l->feeds = (const Tensor **)(l->held + 2 * n);
  } else {
    memset(l->few, 0, 2 * n * sizeof *l->few);
  }
  l->next = l->held + n;
  for (size_t i = 0; i < inputs; i++) l->feeds[i] = l->loop->inputs[i];
  if (!refs) return TF_OK;
  l->refs = (Variable **)(l->feeds + inputs);
  l->next_refs = l->refs + inputs;
  l->owners = (MemoryOwner *)(l->next_refs + n);
  l->next_owners = l->owners + inputs;
  memcpy(l->refs, l->loop->input_refs, inputs * sizeof *l->refs);
  memcpy(l->owners, l->loop->input_owners, inputs * sizeof *l->owners);
  return TF_OK;
}

static TF_Code run_turn(ExecTurn *t, const Callee *callee, ExecIo *io, StepEnv *env, TF_Status *st) {
  if (SM_UNLIKELY(!exec_turn_can_go_on(t, io))) {
    Executor *x;
    exec_turn_end(t);
    TRY(exec_callee_executor(callee, &x, st));
    exec_turn_begin(t, x, io);
  }
  return exec_turn_run(t, io, env, st);
}

/* Whether the loop goes on by its own `cond`. */
static TF_Code run_cond(Loop *l, StepEnv *env, bool *more, TF_Status *st) {
  Tensor go = {0};
  ExecIo io = {.feeds = l->feeds, .num_fresh = l->num_inputs, .lent = true, .outputs = &go};
  TRY(run_turn(&l->cond, l->loop->cond, &io, env, st));
  *more = op_is_true(&go);
  tensor_clear(&go);
  return TF_OK;
}

static TF_Code run_body(Loop *l, StepEnv *env, bool *more, TF_Status *st) {
  ExecIo io = {.feeds = l->feeds,
               .feed_refs = l->refs,
               .feed_owners = l->owners,
               .moved = l->held,
               .num_moved = l->moved ? l->n : 0,
               .num_fresh = l->n,
               .outputs = l->next,
               .output_refs = l->next_refs,
               .output_owners = l->next_owners};
  TRY(run_turn(&l->body, l->loop->body, &io, env, st));
  if (!(*more = !io.left)) return TF_OK;
  Tensor *swap = l->held; /* empty: the run took the tensors over */
  l->held = l->next;
  l->next = swap;
  l->moved = true;
  for (int i = 0; i < l->n; i++) {
    l->feeds[i] = &l->held[i];
    if (!l->refs) continue;
    l->refs[i] = l->next_refs[i];
    l->owners[i] = l->next_owners[i];
  }
  return TF_OK;
}

static TF_Code iterate(Loop *l, StepEnv *env, TF_Status *st) {
  for (bool more = true; more;) {
    TRY(step_check(env, st));
    if (l->loop->cond) TRY(run_cond(l, env, &more, st));
    if (more) TRY(run_body(l, env, &more, st));
  }
  return TF_OK;
}

/* The variables as they ended; those that came in are the caller's, and shared where they outlive the
 * step. */
static TF_Code give_outputs(Loop *l, TF_Status *st) {
  const ExecLoop *loop = l->loop;
  for (int i = 0; i < l->n; i++) {
    if (l->refs) loop->output_owners[i] = l->owners[i];
    if (l->refs && l->refs[i]) {
      loop->output_refs[i] = l->refs[i];
      continue;
    }
    if (l->moved) tensor_move(&loop->outputs[i], &l->held[i]);
    else if (op_is_step_memory(l->feeds[i])) TRY(tensor_copy(&loop->outputs[i], l->feeds[i], st));
    else tensor_share(&loop->outputs[i], l->feeds[i]);
  }
  return TF_OK;
}

TF_Code exec_loop(StepEnv *env, const ExecLoop *loop, TF_Status *st) {
  if (env->call_depth >= LIMIT_CALL_DEPTH)
    return fail(st, TF_RESOURCE_EXHAUSTED, "functions call each other more than %d deep", LIMIT_CALL_DEPTH);
  Loop l; /* the few are not touched before they are used */
  l.loop = loop;
  l.n = loop->num_variables;
  l.num_inputs = loop->num_inputs;
  l.refs = l.next_refs = NULL;
  l.owners = l.next_owners = NULL;
  l.moved = false;
  l.cond = l.body = (ExecTurn){0};
  l.memory = NULL;
  TRY(loop_init(&l, st));
  StepEnv inner = *env;
  inner.call_depth++;
  TF_Code code = iterate(&l, &inner, st);
  exec_turn_end(&l.cond);
  exec_turn_end(&l.body);
  if (!code) code = give_outputs(&l, st);
  for (int i = 0; i < l.n; i++) {
    tensor_clear(&l.held[i]);
    tensor_clear(&l.next[i]);
    if (code) tensor_clear(&loop->outputs[i]);
  }
  free(l.memory);
  return code;
}

TF_Code exec_while(StepEnv *env, const Callee *cond, const Callee *body, const Tensor *const *inputs, int n,
                   Tensor *outputs, TF_Status *st) {
  ExecLoop loop =
      {.cond = cond, .body = body, .inputs = inputs, .num_inputs = n, .num_variables = n, .outputs = outputs};
  return exec_loop(env, &loop, st);
}
