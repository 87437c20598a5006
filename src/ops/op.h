/* An op's kernel: one row in a table, and up to four functions.
 *
 *   phase     when                                    what it does
 *   shape     a node is added to a graph              output shapes from input shapes known in part
 *   init      a plan is made                          attributes -> state; refuses what it can't do
 *   prepare   input shapes are new                    output shapes, scratch size, strides -> prep
 *   run       every step                              arithmetic, and checks of data-dependent indices
 *
 * prepare and run see concrete tensors through an OpCtx. prepare may read the *values* of an input only
 * if the row lists it in `value_inputs` (the shape of a Reshape, the axes of a Sum): that is how the
 * executor knows that its result holds for all runs with these input shapes, and it then calls
 * prepare once and run many times, from several threads at once, with the same state and prep.
 * So: run must not change state or prep, must not allocate (scratch comes from prepare) unless the row
 * is OP_DYNAMIC, must not abort, and trusts shapes and dtypes that prepare checked.
 *
 * To add an op: a row in the family's table with its functions, and its cases in <family>_test.c.
 * The spec (arguments, attributes, dtypes allowed by TensorFlow) is already known: graph/opdefs.tsv.
 *
 *   static TF_Code relu_prepare(OpCtx *c, TF_Status *st) { return op_output_like(c, 0, op_input(c, 0), st); }
 *   static TF_Code relu_run(OpCtx *c, TF_Status *st) { ... }
 *   const OpRow ops_nn[] = {
 *     {"Relu", .types = "T: float double", .flags = OP_INPLACE, .shape = shape_same, .prepare = relu_prepare,
 *      .run = relu_run},
 *     {0}};
 */
#ifndef SM_OPS_OP_H_
#define SM_OPS_OP_H_

#include "base/arena.h"
#include "graph/graph.h"
#include "graph/shape_infer.h"
#include "resource/step_env.h"
#include "resource/variable.h"
#include "tensor/object.h"
#include "tensor/tensor.h"

typedef struct OpRow OpRow;
typedef struct OpCtx OpCtx;

enum {
  OP_DYNAMIC =
      1, /* output shapes depend on values or state: run makes the outputs by op_alloc_output/op_take */
  OP_INPLACE = 2, /* output 0 may take the memory of an input of its size that nobody else needs */
  OP_STATEFUL =
      4, /* reads or changes what outlives the step: never folded, merged or dropped (also set by spec) */
  OP_CONTROL = 8,     /* Switch, Merge, Enter, ...: the executor knows it by name; no kernel functions */
  OP_DEAD_OK = 16,    /* runs with dead inputs */
  OP_BLOCKING = 32,   /* may wait or do file I/O: not on a server's event loop */
  OP_LAST_VALUE = 64, /* prepare reads the value of the last input too (the axis of a ConcatV2) */
  OP_SHAPE_VALUE =
      128, /* outputs depend on the inputs' shapes alone (Shape, Rank, ZerosLike): not run where known */
  OP_HANDLE =
      256, /* stateful, but makes the same handle in every step of a session (VarHandleOp, HashTableV2):
                       run once when the plan is made */
  OP_KEEPS =
      512, /* run keeps inputs beyond the step or in objects (Assign, TensorListPushBack): by op_keep_input */
  OP_READS_VARIABLE = 1024, /* output 0 is the value of the resource variable in input 0 */
  OP_INPLACE_FIRST = 2048,  /* OP_INPLACE by input 0 only: others are read after output 0 is written */
};

/* ---- phase shape: ShapeCtx and ShapeFn are in graph/shape_infer.h ---- */

/* ---- phase init ---- */
typedef struct OpInit {
  const Node *node;
  const OpRow *row;
  const char *name;           /* the node's full name: "call/inner" for a node of an inlined function */
  const char *function;       /* whose plan it is, of one that is not inlined; else null */
  void *state;                /* row->state_size zeroed bytes, freed after row->clear */
  Arena *arena;               /* lives as long as the plan */
  ResourceManager *resources; /* the session's: variables, and what must outlive plans (op_session_state) */
  const StepEnv *env;         /* for step_check_file, where a node names a file; null: nobody forbids any */
  TF_Code (*make_callee)(struct OpInit *k, const AttrFunc *func, const Callee **callee,
                         TF_Status *st); /* the plan's */
  void *plan;
} OpInit;

/* init: makes a function of the node's graph callable by op_call in run. */
static inline TF_Code op_callee(OpInit *k, const AttrFunc *func, const Callee **callee, TF_Status *st) {
  return k->make_callee(k, func, callee, st);
}
/* init: the node's object that outlives plans, one a session (the state of a random generator): made by
 * `create` when the session meets the node first. `state` keeps the reference; row->clear drops it
 * (object_unref). */
TF_Code op_session_state(OpInit *k, const ObjectType *type, ResourceCreateFn *create, void *arg, Object **out,
                         TF_Status *st);

/* ---- phases prepare and run ---- */
struct OpCtx {
  const Node *node;
  const OpRow *row;
  const void *state;
  void *prep; /* row->prep_size bytes, zeroed before prepare */
  int num_inputs, num_outputs;
  const Tensor **inputs; /* a dead input (OP_DEAD_OK) is null; a ref input is none (dtype 0): see op_ref */
  Tensor *outputs;
  size_t scratch_size; /* set by prepare */
  void *scratch;       /* that many bytes, TENSOR_ALIGNed, at run; only for this call */
  int threads;         /* how many this step may use */
  StepEnv *env;
  int *aliases;      /* executor's: which input an output shares (-1: none), set by op_output_alias */
  uint64_t last_use; /* executor's: which inputs nobody needs afterwards (bit i >= 63 shares bit 63) */
  Variable **input_refs, **output_refs; /* executor's; null when the node has no ref inputs or outputs */
  BufferPool *pool;                     /* executor's: for outputs and what is kept; may be null */
  bool once; /* executor's: prep serves this one run, nothing is worth keeping in it */
};

static inline const Tensor *op_input(const OpCtx *c, int i) { return c->inputs[i]; }

/* prepare: declares output i. Its memory is there at run. */
TF_Code op_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);
/* prepare: output i has the node's output dtype and the shape of `like`. */
TF_Code op_output_like(OpCtx *c, int i, const Tensor *like, TF_Status *st);
/* prepare: output i is input `from` under other dims of as many elements (Identity, Reshape): it costs
 * nothing, run need not touch it. */
TF_Code op_output_alias(OpCtx *c, int i, int from, const int64_t *dims, int rank, TF_Status *st);
/* prepare: plans `count` elements of `size` bytes in scratch of which *total bytes are planned: *at is where they will
 * begin, a multiple of TENSOR_ALIGN. Then op_scratch. */
TF_Code op_scratch_take(size_t *total, size_t *at, int64_t count, size_t size, TF_Status *st);
/* prepare: bytes of scratch that run wants. */
static inline void op_scratch(OpCtx *c, size_t bytes) { c->scratch_size = bytes; }

/* run of an OP_DYNAMIC row: makes output i with memory of its own. */
TF_Code op_alloc_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);
/* run of an OP_DYNAMIC row: output i takes over `t`'s reference. */
void op_take_output(OpCtx *c, int i, Tensor *t);
/* run of an OP_KEEPS row: `out` (none) comes to hold input i for as long as it likes: shared where the input
 * has memory of its own, copied where it stands in the step's or the caller's. Never tensor_share an input:
 * its memory is used again. */
TF_Code op_keep_input(OpCtx *c, int i, Tensor *out, TF_Status *st);
/* init: whether input i is a constant or what was read of a variable, so that it is likely to be the same
 * memory in each run: what is made of it (packed weights) is worth keeping. */
bool op_input_is_weights(const Node *node, int i);
/* prepare, run: input i if its memory can be told again in later runs that this prep serves (it is not the
 * step's), else null. In prepare it is there for values only. */
const Tensor *op_lasting_input(const OpCtx *c, int i);
/* run of an OP_DYNAMIC row: whether nobody but this op sees input i any more: what it holds may be changed in
 * place. */
static inline bool op_input_ends(const OpCtx *c, int i) {
  return (c->last_use >> (i < 63 ? i : 63) & 1) && tensor_writable(c->inputs[i]);
}
/* run, where op_input_ends: output `out` takes over input i, which becomes none. */
static inline void op_pass_input(OpCtx *c, int i, int out) { op_take_output(c, out, (Tensor *)c->inputs[i]); }
/* run: calls a function made by op_callee. `inputs` are borrowed; `outputs` (none) own what they get, for
 * op_take_output. */
static inline TF_Code op_call(OpCtx *c, const Callee *callee, const Tensor *const *inputs, int num_inputs,
                              Tensor *outputs, int num_outputs, TF_Status *st) {
  return c->env->call(c->env, callee, inputs, num_inputs, outputs, num_outputs, st);
}

/* ---- ref inputs and outputs (the variables of TensorFlow 1) ----
 * A ref output (dtype_is_ref) carries a variable, not a tensor; prepare does not declare it. Where another
 * op's input wants a plain tensor, the executor reads the variable just before that op ("Attempting to use
 * uninitialized value" is the executor's, for ref inputs too unless the spec says uninitialised is fine).
 *   VariableV2:  init: variable_find_or_create(k->resources, &legacy_variable_type, ...) -> state
 *                run:  op_set_ref(c, 0, state->variable)
 *   AssignAdd:   run:  Tensor *t = variable_lock(op_ref(c, 0), st); ...; variable_unlock(...);
 *   op_forward_ref(c, 0, 0)
 * Rows with ref inputs or outputs are OP_STATEFUL. */
static inline Variable *op_ref(const OpCtx *c, int i) { return c->input_refs ? c->input_refs[i] : NULL; }
static inline void op_set_ref(OpCtx *c, int out, Variable *v) {
  c->output_refs[out] = v;
} /* borrowed: state holds it */
static inline void op_forward_ref(OpCtx *c, int out, int in) { c->output_refs[out] = c->input_refs[in]; }

struct OpRow {
  const char *name;
  const char *types; /* dtypes of the kernel by type attr: "T: float double; Tidx: int32 int64"; null: any */
  unsigned flags;
  uint32_t value_inputs; /* bit i: prepare reads the value of input i (i >= 31 shares bit 31) */
  size_t state_size, prep_size;
  ShapeFn *shape;
  TF_Code (*init)(OpInit *k, TF_Status *st);
  TF_Code (*prepare)(OpCtx *c, TF_Status *st);
  TF_Code (*run)(OpCtx *c, TF_Status *st);
  void (*clear)(void *state); /* frees what init made outside the arena */
  /* Frees what prepare put into prep (primitives, packed weights); may be null. The executor calls it once
   * for every prep that prepare was called on, failed calls included, when it drops the specialisation; prep
   * bytes that prepare did not set are zero. */
  void (*clear_prep)(void *prep);
  /* Which of its ways a prepared step takes, in words for `show --plan`; null: there is but one. */
  const char *(*way)(const void *state, const void *prep);
};

/* Whether prepare may read the value of input `i` of `num_inputs`. */
static inline bool op_reads_value(const OpRow *row, int num_inputs, int i) {
  return row->value_inputs >> (i < 31 ? i : 31) & 1 || ((row->flags & OP_LAST_VALUE) && i == num_inputs - 1);
}

/* How many of the first inputs output 0 may take the memory of. */
static inline int op_inplace_inputs(const OpRow *row, int num_inputs) {
  if (row->flags & OP_INPLACE) return num_inputs;
  return row->flags & OP_INPLACE_FIRST && num_inputs;
}

/* The row of an op, or null when there is no kernel. */
const OpRow *op_row_find(const char *name);
/* Every row of every family, in the order of families.inc; null past the end. */
const OpRow *op_row_at(int i);
/* Whether the row has a kernel for the node's dtypes; else TensorFlow's "No OpKernel was registered to
 * support Op '...' used by {{node ...}}" (TF_INVALID_ARGUMENT; TF_UNIMPLEMENTED when we lack the op at
 * all). */
TF_Code op_row_check(const OpRow *row, const Node *node, TF_Status *st);
/* That error, for rows that find in init that their dtypes do not go together. */
TF_Code op_fail_no_kernel(const OpRow *row, const Node *node, TF_Status *st);

/* ---- shape functions shared by families (ops/shape_fns.c) ---- */
ShapeFn shape_unknown_outputs; /* all outputs unknown */
ShapeFn shape_same;            /* output 0 like input 0 */
ShapeFn shape_same_pair;       /* output 0 like inputs 0 and 1, which agree */
ShapeFn shape_scalar;          /* every output a scalar */
ShapeFn shape_broadcast;       /* output 0 by broadcasting inputs 0 and 1 */
ShapeFn shape_reduction;       /* input 1: axes; attr keep_dims */
ShapeFn shape_none;            /* no outputs */
/* What two shapes known in part broadcast to. */
TF_Code shape_broadcast_two(const Shape *a, const Shape *b, Shape *out, TF_Status *st);

#endif
