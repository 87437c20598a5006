/* The inside of an ExecState, shared by the executor's files: the slots' tensors, which of them are dead,
 * scratch memory. A run takes one for itself; states are kept and used again, so that steady runs ask for no
 * memory. */
#ifndef SM_EXEC_EXEC_STATE_H_
#define SM_EXEC_EXEC_STATE_H_

#include "plan/plan.h"
#include "tensor/buffer_pool.h"

/* Whose memory a tensor has in TensorFlow (STEP_REREAD), while the variable's generation is this. */
typedef struct MemoryOwner {
  Variable *variable; /* borrowed; null: the tensor's own */
  uint64_t generation;
} MemoryOwner;

typedef struct ExecState {
  const Plan *plan;
  Tensor *slots;              /* by slot; values of the plan are shared in for good */
  Variable **refs;            /* by slot; null when the plan has none */
  MemoryOwner *owners;        /* by slot, of those that are `owner` of some; null with refs */
  uint8_t *slot_dead;         /* by slot */
  uint8_t *step_dead;         /* by step */
  Variable **held;            /* by slot: references to what steps made; null with refs */
  const Tensor **inputs;      /* of all steps; those of step i from plan->input_base[i] */
  Variable **input_refs;      /* of the step that runs */
  MemoryOwner *input_owners;  /* of the loop that runs; null with refs */
  int *aliases;               /* of the step that runs */
  TensorBuffer *feed_buffers; /* by feed: headers that stand for the caller's memory */
  OpScratch scratch;
  BufferPool *pool; /* memory of outputs */
  bool left;        /* STEP_BREAK ended the run */

  /* Of a state that belongs to a spec: */
  void *block;               /* memory of ARENA slots and scratch */
  TensorBuffer block_buffer; /* its header, for the tensors there */
  OpCtx *contexts;           /* by step; those of ready steps are filled in */
  struct ExecState *next_idle;
} ExecState;

enum { STEP_MEMORY_REFS = 1 << 30 }; /* references to a header of step memory that the state itself holds */

TF_Code exec_state_new(ExecState **state, const Plan *plan, TF_Status *st);
void exec_state_free(ExecState *state);

/* What comes into a run and goes out of it. */
typedef struct ExecIo {
  const Tensor *const *feeds;     /* borrowed, in the plan's order */
  Variable *const *feed_refs;     /* by feed: what ref feeds refer to; null when there are none */
  const MemoryOwner *feed_owners; /* by feed; null: none has a variable's memory */
  Tensor *moved; /* the first num_moved feeds, which the run takes over; given back when it ends early */
  int num_moved;
  bool lent;                  /* feeds are for the run only: nothing keeps a reference to their memory */
  int num_fresh;              /* how many feeds, counted from the first, are others than in the run before */
  Tensor *outputs;            /* none */
  Variable **output_refs;     /* by fetch; null when there are none */
  MemoryOwner *output_owners; /* by fetch; null when nobody asks */
  bool left;                  /* out: STEP_BREAK ended the run: no outputs */
} ExecIo;

/* Puts the caller's tensors into their slots; TensorFlow's error when a dtype is another one. The user of a
 * session may write to his tensors after the run, so they count as memory of the step; with `share` (between
 * functions) they are shared where they have memory of their own. */
TF_Code exec_bind_feeds(ExecState *s, const ExecIo *io, int count, bool share, TF_Status *st);
void exec_unbind_feeds(ExecState *s);
/* Lets go of the variables that steps made. */
void exec_drop_variables(ExecState *s);
/* Whose memory a slot's tensor has. */
MemoryOwner exec_owner(const ExecState *s, int slot);
/* One step by the general path, with the lifetimes given. Its outputs are none before. */
TF_Code exec_step(ExecState *s, int step, const StepLife *life, StepEnv *env, TF_Status *st);
/* Whether a step that can be dead is; marks it and its outputs. */
bool exec_mark_dead(ExecState *s, int step);
/* Clears what a step does not need any more. */
void exec_release(ExecState *s, const StepLife *life);

#endif
