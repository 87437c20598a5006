/* The inside of an ExecState, shared by the executor's files. */
#ifndef SM_EXEC_EXEC_STATE_H_
#define SM_EXEC_EXEC_STATE_H_

#include "exec/exec.h"

struct ExecState {
  const Plan *plan;
  Tensor *slots;               /* by slot; values of the plan are shared in for good */
  Variable **refs;             /* by slot; null when the plan has none */
  uint8_t *slot_dead;          /* by slot */
  uint8_t *step_dead;          /* by step */
  const Tensor **inputs;       /* of all steps; those of step i from plan->input_base[i] */
  Variable **input_refs;       /* of the step that runs */
  int *aliases;                /* of the step that runs */
  TensorBuffer *feed_buffers;  /* by feed: headers that stand for the caller's memory */
  OpScratch scratch;
};

/* Steps [begin, end) one after the other, each by prepare and run. */
TF_Code exec_steps(ExecState *s, int begin, int end, StepEnv *env, TF_Status *st);
/* One step. */
TF_Code exec_step(ExecState *s, int step, StepEnv *env, TF_Status *st);

#endif
