/* What a step (one run of a session) offers to stateful and functional ops: OpCtx.env.
 *
 * The executor makes one for each run; it lives until the run ends. Everything that it points at may be used
 * by several threads at once, since runs of one session are concurrent. */
#ifndef SM_RESOURCE_STEP_ENV_H_
#define SM_RESOURCE_STEP_ENV_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "resource/resource_manager.h"
#include "tensor/tensor.h"

typedef struct StepEnv StepEnv;
/* A library function made ready to be called (plan/); ops get one in init by op_callee (ops/op.h). */
typedef struct Callee Callee;

/* What a model may do with files. A null policy allows everything. */
typedef struct FilePolicy FilePolicy;
struct FilePolicy {
  /* TF_OK, or TF_PERMISSION_DENIED naming the path. */
  TF_Code (*check)(const FilePolicy *policy, const char *path, bool write, TF_Status *st);
};

struct StepEnv {
  ResourceManager *resources;                 /* the session's */
  _Atomic(ResourceManager *) *step_resources; /* of objects that end with the step; null inside: none yet */
  const FilePolicy *files;                    /* null: all files allowed */
  int threads;                                /* how many threads one kernel may use */
  size_t memory_limit;                 /* most bytes that one tensor or container may take; 0: no limit */
  struct MemoryCount *memory;          /* of all that is alive in the run; null: not counted */
  const atomic_bool *cancelled;        /* set when the session closes; never null */
  const atomic_bool *caller_cancelled; /* set when the caller gives up; may be null */
  int64_t deadline_ns;                 /* of CLOCK_MONOTONIC; 0: none */
  int64_t step_id;                     /* different for each run of the process */
  int call_depth;                      /* nested calls of functions, at most LIMIT_CALL_DEPTH */
  struct ExecProfile *profile;         /* times every step (exec/profile.h); null: nobody wants to know */
  /* Calls a function: `inputs` are borrowed, `outputs` (none at the start) own what they get. */
  TF_Code (*call)(StepEnv *env, const Callee *callee, const Tensor *const *inputs, int num_inputs,
                  Tensor *outputs, int num_outputs, TF_Status *st);
  /* Calls `body` on `n` values while `cond` of them is true; `outputs` (none) own or share what they get. */
  TF_Code (*loop)(StepEnv *env, const Callee *cond, const Callee *body, const Tensor *const *inputs, int n,
                  Tensor *outputs, TF_Status *st);
  /* Where LogV, PrintV2 to stderr and stdout and the like go; null: to the process's own. */
  void (*print)(void *arg, const char *text, size_t size, bool to_stdout);
  void *print_arg;
};

/* What holds the objects that end with the step, made when first asked for; TF_FAILED_PRECONDITION outside of
 * a run. */
TF_Code step_resources(const StepEnv *env, ResourceManager **out, TF_Status *st);
/* For kernels that loop long or wait: TF_CANCELLED or TF_DEADLINE_EXCEEDED when the step is to end. */
TF_Code step_check(const StepEnv *env, TF_Status *st);
/* Before any use of a file named by the model. `path` has `size` bytes; one with a NUL inside is refused. */
TF_Code step_check_file(const StepEnv *env, const char *path, size_t size, bool write, TF_Status *st);

#endif
