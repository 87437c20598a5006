/* Running a plan: an Executor holds a plan, what was learned of it for some shapes of feeds, and idle states,
 * so that any number of threads run it and steady runs ask for no memory. */
#ifndef SM_EXEC_EXEC_H_
#define SM_EXEC_EXEC_H_

#include "plan/plan.h"

typedef struct Executor Executor;
struct MemoryOwner; /* exec/exec_state.h */

/* Takes over the plan unless this fails. Without `specialize` every run takes the general path. */
TF_Code executor_new(Executor **executor, Plan *plan, bool specialize, TF_Status *st);
/* Nobody may be running it. Null is allowed. */
void executor_free(Executor *executor);
/* Frees an executor that never ran, and not its plan. */
void executor_drop(Executor *executor);

/* Runs all steps. `feeds` are borrowed, in the plan's order, of the plan's dtypes (checked here); `outputs`
 * are none at the start and own their memory afterwards, nobody else shares it. On failure they are none. */
TF_Code executor_run(Executor *executor, const Tensor *const *feeds, Tensor *outputs, StepEnv *env,
                     TF_Status *st);

/* What happened so far; for tests and for `show --plan`. */
typedef struct ExecutorStats {
  int64_t general_runs, special_runs, failed_guesses;
  int64_t outdated_specs; /* dropped, as a frozen variable changed */
  int specs;
  int steps; /* that the spec which was used last runs */
} ExecutorStats;
ExecutorStats executor_stats(Executor *executor);
const Plan *executor_plan(const Executor *executor);
/* The specialisation that was used last, or null; for `show --plan`, while nobody runs it. */
const struct Spec *executor_last_spec(const Executor *executor);

/* A while loop: `body` is run until its STEP_BREAK ends it or, when there is one, `cond` gives what is not
 * true. */
typedef struct ExecLoop {
  const Callee *cond, *body;   /* cond: null when the body breaks */
  const Tensor *const *inputs; /* borrowed: the loop's variables as they begin, then what it only reads */
  Variable *const *input_refs; /* by input; null when there are no refs */
  int num_inputs, num_variables;
  Tensor *outputs;        /* none; the variables as they end, which own their memory or share it */
  Variable **output_refs; /* by variable; null when there are no refs */
  const struct MemoryOwner *input_owners; /* with the refs: whose memory the inputs have; */
  struct MemoryOwner *output_owners;      /* and the variables as they end */
} ExecLoop;
TF_Code exec_loop(StepEnv *env, const ExecLoop *loop, TF_Status *st);
/* StepEnv.loop: a While of TensorFlow 2. */
TF_Code exec_while(StepEnv *env, const Callee *cond, const Callee *body, const Tensor *const *inputs, int n,
                   Tensor *outputs, TF_Status *st);
/* Of a function or body; made by the first call. */
TF_Code exec_callee_executor(const Callee *callee, Executor **executor, TF_Status *st);

/* PlanOptions.free_executor. */
void exec_free_executor(void *executor);
/* StepEnv.call: runs a function's plan inside the step. */
TF_Code exec_call(StepEnv *env, const Callee *callee, const Tensor *const *inputs, int num_inputs,
                  Tensor *outputs, int num_outputs, TF_Status *st);

#endif
