/* The inside of plan making, shared by its files. Everything here lives only while a plan is made. */
#ifndef SM_PLAN_PLAN_BUILD_H_
#define SM_PLAN_PLAN_BUILD_H_

#include "base/arena.h"
#include "plan/plan.h"

/* A while loop being laid out, or (`root`) what stands in none. */
typedef struct Frame {
  struct Frame *parent, *next;
  const char *name; /* attr frame_name; null: the root */
  Node *rep;        /* an Enter, which stands for the loop in its parent's order */
  Node **enters;
  int num_enters;
  Node *cond;    /* LoopCond */
  int num_nodes; /* in it, loops inside it not counted */
  Node **order;  /* its nodes and the `rep`s of loops in it, each after what it needs */
  int num_order;
} Frame;

/* One graph being laid out: the session's, or the body of an inlined function. */
typedef struct Scope {
  struct Scope *parent;
  const CallSite *site; /* null for the session's graph */
  const char *prefix;   /* of node names: "" or "call/" */
  int num_nodes;        /* ids are below */
  uint16_t *marked;     /* by node id: MARK_* */
  int **outs;           /* by node id: the slots of its outputs, once emitted */
  int *pivot;           /* by node id: the step whose death is the node's, -1 if it cannot be dead */
  int entry_pivot;      /* what nodes without inputs die with (a call in a branch), or -1 */
  int depth;
  const TF_Output *feeds; /* of the session's graph */
  int num_feeds;
  int *feed_slots;
  Frame root, *frames;
  Frame **frame_of; /* by node id, of needed nodes */
  Frame *frame;     /* being emitted */
  int *numbers;     /* by node id: an Enter's slot outside, a Merge's number among its loop's variables */
} Scope;

enum {
  MARK_NEEDED = 1,
  MARK_VISITED = 2,
  MARK_EMITTED = 4,
  MARK_FED = 8,
  MARK_BODY = 16,
  MARK_STARTS = 32,
  MARK_AFTER = 64,
  MARK_GATED = 128,  /* can be dead at a loop's edge: plan_loop_gate.c */
  MARK_CAME_IN = 256 /* because of what came into the loop */
};

enum {
  /* Results larger than this are not folded: they would make a small model a large one (TF has the same
   * limit). */
  PLAN_FOLD_MAX_BYTES = 10 << 20,
};

typedef struct Builder {
  Plan *plan;
  const PlanOptions *options;
  Arena temp;
  int cap_steps, cap_slots;
  OpScratch scratch;
  StepEnv env;          /* for folding */
  PlanCallees *callees; /* of the plan for the session's graph; shared by the plans of functions */
  const char *callee;   /* null, or the function that this plan is of */
  int depth;            /* of callees within callees */
  int writes;           /* steps so far that may change a variable through a ref */
  bool any_writes;      /* there are such steps in the plan, or in what its loop stands in */
  bool in_loop;         /* of a while loop's body */
  int num_called;       /* functions that the kernel being made calls */
  const Callee **called;
} Builder;

TF_Code plan_builder_init(Builder *b, const PlanOptions *options, PlanCallees *callees, TF_Status *st);
/* Frees all but the plan. */
void plan_builder_clear(Builder *b);
/* When all steps are there: lifetimes and what else follows from the steps. */
TF_Code plan_finish(Plan *plan, TF_Status *st);

/* ---- plan_order.c: which nodes, in which order ---- */
TF_Code scope_init(Builder *b, Scope *s, Graph *graph, TF_Status *st);
/* What `roots` reach backwards, not going past feeds: inputs and controls before their users, otherwise by
 * id. The order of what stands in no loop is given; those of loops are in their Frames. */
TF_Code scope_order(Builder *b, Scope *s, Node *const *roots, int num_roots, Node ***order, int *count,
                    TF_Status *st);
int scope_num_dependencies(const Node *node);
/* The node that stands for dependency `i` (inputs, then controls), or null when that is fed. */
Node *scope_dependency(const Scope *s, const Node *node, int i);
/* The next thing that `visit` needs in frame `level`: a node there, or what stands for a loop there. False:
 * no more. */
typedef struct Visit {
  Node *node;
  int enter, next; /* where it is: in the Enters of a loop, in the dependencies */
} Visit;
bool scope_next_unit(const Scope *s, const Frame *level, Visit *visit, Node **unit);
/* A node of what was ordered that may change a variable through a ref, or null. */
const Node *scope_find_write(const Scope *s);
/* The number of the feed that stands for an output, or -1. */
int scope_feed(const Scope *s, TF_Output out);

/* ---- plan_frames.c: which loop a node stands in ---- */
/* Fills frame_of and frames. TF_INVALID_ARGUMENT, naming a node, for what is not well nested. */
TF_Code scope_find_frames(Builder *b, Scope *s, Node *const *nodes, int count, TF_Status *st);
/* Enter and RefEnter; Exit and RefExit; NextIteration and RefNextIteration. */
bool plan_is_enter(const Node *node);
bool plan_is_exit(const Node *node);
bool plan_is_next(const Node *node);
/* A Merge that NextIteration comes back to. */
bool plan_is_loop_merge(const Node *node);

/* ---- plan_loop.c: a loop as one step ---- */
TF_Code plan_emit_loop(Builder *b, Scope *s, Frame *frame, TF_Status *st);
/* A node of the loop that is being emitted, where it has no step: *done says so. */
TF_Code plan_emit_loop_node(Builder *b, Scope *s, Node *node, bool *done, TF_Status *st);

/* ---- plan_emit.c: nodes to steps ---- */
/* Every data input's slot; where a ref is read as a plain tensor, a step before this one does so. */
TF_Code plan_input_slots(Builder *b, Scope *s, Node *node, int *slots, TF_Status *st);
/* The steps whose death is the node's: controls that can be dead, and what a branch's call hangs on. */
TF_Code plan_control_steps(Builder *b, const Scope *s, const Node *node, int **steps, int *count,
                           TF_Status *st);
/* A new step of `node` with room for its inputs, and slots for its outputs (loops, reads and
 * gates: without dtype). */
TF_Code plan_add_step(Builder *b, Scope *s, StepKind kind, Node *node, int num_inputs, int num_outputs,
                      PlanStep **step, TF_Status *st);
TF_Code plan_emit_node(Builder *b, Scope *s, Node *node, TF_Status *st);
/* A node as a step of its row's kernel. */
TF_Code plan_emit_kernel(Builder *b, Scope *s, Node *node, TF_Status *st);
/* The slots of a call's arguments; and, where the call can be dead, the step that its body dies with (else
 * -1). */
TF_Code plan_emit_call_pivot(Builder *b, Scope *s, Node *node, int *args, int *pivot, TF_Status *st);
/* The slot that holds an output; -1 with TF_INTERNAL when its node was not emitted. */
TF_Code plan_slot_of(Builder *b, const Scope *s, TF_Output out, int *slot, TF_Status *st);
TF_Code plan_add_slot(Builder *b, TF_DataType dtype, bool is_ref, int step, int *slot, TF_Status *st);
/* Where a variable may have changed in place since it was read, a step that looks again for `node`. */
TF_Code plan_emit_reread(Builder *b, Scope *s, Node *node, int *slot, TF_Status *st);
/* A step that reads the ref in `slot` for `node`; *slot becomes its output. */
TF_Code plan_emit_deref(Builder *b, Scope *s, Node *node, const char *name, int *slot, TF_Status *st);

/* ---- plan_memory.c: which tensors have a variable's memory ---- */
/* Whether the node may change a variable through a ref. */
bool plan_writes_ref(const Node *node);
/* Counts a step that may write variables, and notes which outputs have an input's memory. */
void plan_note_memory(Builder *b, const PlanStep *step);

/* ---- plan_writes.c ---- */
/* Fills in what the plan's steps write; the plans of what they call are there. */
TF_Code plan_find_writes(Plan *plan, TF_Status *st);

/* ---- plan_fold.c ---- */
/* Evaluates the last step if it is pure and its inputs are values: its outputs become values and it goes. */
TF_Code plan_fold_last(Builder *b, TF_Status *st);

/* ---- plan_function.c ---- */
/* Whether the node calls a function, and which. */
bool plan_is_call(const Node *node, const AttrFunc **func, AttrFunc *direct);
TF_Code plan_emit_call(Builder *b, Scope *s, Node *node, const AttrFunc *func, TF_Status *st);
/* A function that `node` calls while it runs, as a plan of its own. */
TF_Code plan_make_callee(Builder *b, const Node *node, const AttrFunc *func, const Callee **callee,
                         TF_Status *st);
/* A new callee without a plan, which frees with the others. */
TF_Code plan_add_callee(Builder *b, const char *name, int num_attrs, Callee **callee, TF_Status *st);
void plan_callees_free(PlanCallees *callees);

#endif
