/* Running a plan.
 *
 * An ExecState is what one run needs: the slots' tensors, which of them are dead, scratch memory. A run takes one
 * for itself; states are kept and used again (session/), so that steady runs ask for no memory. */
#ifndef SM_EXEC_EXEC_H_
#define SM_EXEC_EXEC_H_

#include "plan/plan.h"

typedef struct ExecState ExecState;

TF_Code exec_state_new(ExecState **state, const Plan *plan, TF_Status *st);
void exec_state_free(ExecState *state);

/* Runs all steps. `feeds` are borrowed, in the plan's order, of the plan's dtypes (checked here); `outputs` are none
 * at the start and own their memory afterwards, nobody else shares it. On failure they are none. The state can be
 * used for the next run in either case. */
TF_Code exec_run(const Plan *plan, ExecState *state, const Tensor *const *feeds, Tensor *outputs, StepEnv *env,
                 TF_Status *st);

/* StepEnv.call: runs a function's plan inside the step. */
TF_Code exec_call(StepEnv *env, const Callee *callee, const Tensor *const *inputs, int num_inputs, Tensor *outputs,
                  int num_outputs, TF_Status *st);

#endif
