/* Calls of functions that are plans of their own. The executor of a function is made by its first call. */
#include "exec/exec.h"

void exec_free_executor(void *executor) { executor_free(executor); }

TF_Code exec_callee_executor(const Callee *callee, Executor **executor, TF_Status *st) {
  Callee *c = (Callee *)callee;
  void *there = atomic_load_explicit(&c->executor, memory_order_acquire);
  if (there) {
    *executor = there;
    return TF_OK;
  }
  TRY(executor_new(executor, c->plan, c->specialize, st));
  if (atomic_compare_exchange_strong(&c->executor, &there, *executor)) return TF_OK;
  executor_drop(*executor); /* another thread was first */
  *executor = there;
  return TF_OK;
}

TF_Code exec_call(StepEnv *env, const Callee *callee, const Tensor *const *inputs, int num_inputs,
                  Tensor *outputs, int num_outputs, TF_Status *st) {
  Executor *executor;
  TRY(exec_callee_executor(callee, &executor, st));
  const Plan *p = executor_plan(executor);
  if (p->num_feeds != num_inputs || p->num_fetches != num_outputs)
    return fail(st, TF_INVALID_ARGUMENT,
                "function %s has %d arguments and %d results, and is called with %d and %d", callee->name,
                p->num_feeds, p->num_fetches, num_inputs, num_outputs);
  StepEnv inner = *env;
  inner.call_depth++;
  return executor_run(executor, inputs, outputs, &inner, st);
}
