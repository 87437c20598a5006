/* Calls of functions that are plans of their own. */
#include "exec/exec.h"

TF_Code exec_call(StepEnv *env, const Callee *callee, const Tensor *const *inputs, int num_inputs, Tensor *outputs,
                  int num_outputs, TF_Status *st) {
  (void)env, (void)callee, (void)inputs, (void)num_inputs, (void)outputs, (void)num_outputs;
  return fail(st, TF_UNIMPLEMENTED, "calls of functions are not run yet");
}
