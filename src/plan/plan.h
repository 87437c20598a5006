/* Plan: what a session runs for one signature of feeds, fetches and targets.
 *
 *   nodes that fetches and targets reach, cut off at feeds   ->  steps in one static order
 *   their outputs                                            ->  slots, numbered; a step's outputs are
 *   contiguous
 *
 * Functions that are called are inlined (their steps stand in the caller's order); those that may not be
 * (recursion, bodies of If and While) are plans of their own behind a Callee. Nodes without side effects
 * whose inputs are constants are evaluated when the plan is made: their slots hold a value and they have no
 * step.
 *
 * While loops of TensorFlow 1 are one step each, in their place in the order; constants they enter with are
 * values there.
 *
 * Dead values: Switch makes one output dead; a step with a dead input or control is skipped and its outputs
 * are dead too, except that Merge takes the input that is alive. `maybe_dead` marks what can be dead at all.
 *
 * A plan does not change once made; any number of threads run it. */
#ifndef SM_PLAN_PLAN_H_
#define SM_PLAN_PLAN_H_

#include "base/arena.h"
#include "graph/graph.h"
#include "ops/op_eval.h"
#include "resource/step_env.h"

typedef enum StepKind {
  STEP_KERNEL, /* prepare and run of the node's row */
  STEP_DEREF,  /* reads a ref: input is a ref slot, output the variable's value */
  STEP_REREAD, /* input: a tensor that may have a variable's memory in TF; output: the variable's value, if that
                  is its memory still. TF: what reads a ref shares the variable's memory, and so do Identity, loops
                  and branches that pass it on: their users see what is assigned later (averages of
                  tf.train.ExponentialMovingAverage depend on it). */
  STEP_PIVOT,  /* does nothing; only its being dead or alive matters (NoOp, a call in a branch) */
  STEP_SWITCH, /* inputs data, pred; outputs false, true; also RefSwitch */
  STEP_MERGE,  /* the input that is alive, and its index; also RefMerge */
  STEP_LOOP, /* a while loop, Enter to Exit. Inputs: the loop's variables as they begin, then what the loop only reads;
                  outputs: the variables as they end. The body is a plan of its own: feeds are the inputs, fetches
                  the variables' next values. */
  STEP_BREAK, /* in a body; input pred: ends the run where it is false, without fetches */
} StepKind;

/* Where inlined steps come from, for error messages. */
typedef struct CallSite {
  const struct CallSite *caller; /* null when called from the session's graph */
  const char *function;
  const char *call; /* the call node's name */
} CallSite;

/* What ends with a step. */
typedef struct StepLife {
  uint64_t last_use; /* bit i: nobody uses the slot of input i after this step (63 stands for all above) */
  int num_release;
  int *release; /* slots to be cleared after this step: inputs used last here, outputs that nobody uses */
} StepLife;

typedef struct PlanStep {
  StepKind kind;
  bool maybe_dead;
  bool makes_variable; /* its output is a ref to a variable of the step, which a later step may destroy */
  const Callee *loop;  /* STEP_LOOP: its body */
  int num_callees;
  const Callee **callees; /* functions that the kernel calls */
  Kernel kernel;          /* node always; row and state for STEP_KERNEL */
  const char *name;       /* full name: "call/inner" for inlined nodes */
  const CallSite *site;   /* null in the session's graph */
  int num_inputs, num_outputs;
  int *inputs;      /* slots */
  int first_output; /* slots first_output .. + num_outputs */
  int num_controls;
  int *controls; /* steps whose death is this one's too; all maybe_dead */
  StepLife life;
} PlanStep;

typedef struct PlanSlot {
  TF_DataType dtype; /* never a ref type */
  bool is_ref;       /* holds a variable, not a tensor */
  bool maybe_dead;
  bool fetched;
  int owner;     /* the slot where a run notes which variable's memory this tensor has in TF; -1: none's */
  bool is_part;  /* it has some of that memory, perhaps: TF's slices share it where they are aligned */
  int writes;    /* how many steps that may write variables came before it; -1: it was never up to date */
  int step;      /* the producer; -1 for feeds and values */
  int last_step; /* the last step that uses it; -1: none */
  Tensor value;  /* not none: a constant of the plan */
  const char *source; /* of such: the full name of the node that gave it, for people */
} PlanSlot;

typedef struct Plan Plan;

/* A function, or a loop's body, as a plan of its own: feeds are its arguments, fetches its results. */
struct Callee {
  const char *name;
  int num_attrs; /* -1: no function */
  Plan *plan;    /* the executor's once that is there */
  bool specialize;
  _Atomic(void *) executor; /* made by the first call (exec/) */
  void (*free_executor)(void *executor);
  struct Callee *next;
};

/* The functions that a plan's steps call, and those that these call, each once: recursion finds itself
 * here. */
typedef struct PlanCallees {
  Arena arena;
  Callee *first;
} PlanCallees;

struct Plan {
  Arena arena;
  int num_steps, num_slots;
  PlanStep *steps;
  PlanSlot *slots;
  int num_feeds, num_fetches;
  int *feeds; /* slot of each feed, -1 when nothing uses it */
  TF_DataType *feed_types;
  int *feed_numbers; /* of each feed when they are sorted by name: TF's messages count them so */
  int *fetches;      /* slot of each fetch */
  int num_inputs;    /* of all steps together; step i's start at input_base[i] */
  int *input_base;
  int max_outputs, max_inputs; /* of one step */
  bool has_refs;
  bool makes_variables; /* some steps do */
  bool keeps_refs;      /* neither its steps nor those that it stands among change variables through refs */
  int num_written;      /* variables that steps, or functions that they call, may change */
  Variable **written;   /* borrowed */
  int num_written_feeds;
  int *written_feeds; /* numbers of feeds that carry such a variable */
  bool writes_any;    /* what else they change is not known before they run */
  int num_bodies;
  Graph **bodies;       /* of inlined functions, whose nodes steps have; a reference each */
  PlanCallees *callees; /* own; null in the plan of a function */
};

typedef struct PlanOptions {
  ResourceManager *resources;
  const StepEnv *env; /* for folding, and files that nodes name; its limits are not used */
  bool no_folding;
  bool specialize;                       /* the executors of the plan and of what it calls */
  void (*free_executor)(void *executor); /* of a Callee */
} PlanOptions;

/* Makes a plan. Errors are TensorFlow's: feeds or fetches that do not exist, ops without a kernel. */
TF_Code plan_new(Plan **plan, Graph *graph, const TF_Output *feeds, int num_feeds, const TF_Output *fetches,
                 int num_fetches, const Node *const *targets, int num_targets, const PlanOptions *options,
                 TF_Status *st);
void plan_free(Plan *plan);

/* Adds "\n\t [[{{node NAME}}]]" and, for inlined steps, the function, to an error that running a step
 * gave. */
TF_Code plan_step_fail(const PlanStep *step, TF_Status *st);

/* Whether the op is run by the plan itself (Switch, Merge, ...), not by a kernel. */
bool plan_is_control_op(const char *op);

#endif
