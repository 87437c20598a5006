/* Running one kernel on tensors at hand, without specialisation: the executor's general path, constant
 * folding, and TF_TryEvaluateConstant all stand on this.
 *
 * An OpScratch holds what a run needs besides tensors; it is kept between runs so that memory is asked for
 * once. Zeroed at the start; op_scratch_clear frees it. For one thread at a time. */
#ifndef SM_OPS_OP_EVAL_H_
#define SM_OPS_OP_EVAL_H_

#include "ops/op.h"

typedef struct OpScratch {
  void *prep, *scratch; /* aligned to TENSOR_ALIGN */
  size_t prep_size, scratch_size;
} OpScratch;

void op_scratch_clear(OpScratch *s);
/* Makes both at least that large; the prep bytes are zeroed. */
TF_Code op_scratch_reserve(OpScratch *s, size_t prep, size_t scratch, TF_Status *st);

/* prepare and run on c's inputs. On success every output of `c` (none at the start) is a tensor that owns
 * memory or shares an input's; on failure all are none. `last_use` says which inputs nobody needs afterwards
 * (bit i >= 63 shares bit 63): the buffer of one of op_inplace_inputs may then be taken over, the input
 * becomes none. */
TF_Code op_eval(OpCtx *c, OpScratch *s, uint64_t last_use, TF_Status *st);

/* A kernel bound to a node: row, and state made by init. */
typedef struct Kernel {
  const Node *node;
  const OpRow *row;
  void *state;
} Kernel;

/* Finds the row, checks dtypes, makes the state (in `k->arena`) and calls init. `k` says node, name, arena,
 * resources, make_callee. TF_UNIMPLEMENTED for OP_CONTROL rows is the caller's business. */
TF_Code kernel_init(Kernel *kernel, OpInit *k, TF_Status *st);
void kernel_clear(Kernel *kernel);

/* The value of a Const. TF: its dtype is looked at when the kernel is made, not when the graph is. */
TF_Code op_const_value(const Node *node, const Tensor **value, TF_Status *st);

/* TF: ToBool, of the conditions of If and While: a scalar number that is not 0, a scalar string that is not
 * empty, anything else that has elements. */
bool op_is_true(const Tensor *t);

/* Memory of the step or of its caller: what a buffer's free_data is when the memory does not outlive the run.
 * op_keep_input copies such a tensor. */
void op_step_memory(void *data, size_t size, void *arg);
bool op_is_step_memory(const Tensor *t);
/* TF_RESOURCE_EXHAUSTED when a tensor of that shape is above the step's limit. */
TF_Code op_check_memory(const StepEnv *env, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);

#endif
