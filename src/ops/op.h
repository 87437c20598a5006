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
#include "tensor/object.h"
#include "tensor/tensor.h"

typedef struct OpRow OpRow;
typedef struct OpCtx OpCtx;
typedef struct ShapeCtx ShapeCtx;
typedef struct StepEnv StepEnv; /* resource/step_env.h: what a step offers to stateful and functional ops */

enum {
  OP_DYNAMIC = 1,   /* output shapes depend on values or state: run makes the outputs by op_alloc_output/op_take */
  OP_INPLACE = 2,   /* output 0 may take the memory of an input of its size that nobody else needs */
  OP_STATEFUL = 4,  /* reads or changes what outlives the step: never folded, merged or dropped (also set by spec) */
  OP_CONTROL = 8,   /* Switch, Merge, Enter, ...: the executor knows it by name; no kernel functions */
  OP_DEAD_OK = 16,  /* runs with dead inputs */
  OP_BLOCKING = 32, /* may wait or do file I/O: not on a server's event loop */
  OP_LAST_VALUE = 64, /* prepare reads the value of the last input too (the axis of a ConcatV2) */
};

/* ---- phase shape ---- */
struct ShapeCtx {
  const Node *node;
  int num_inputs, num_outputs;
  const Shape *const *inputs;
  Shape *outputs; /* all unknown at the start */
  /* The value of input i if it is known when the graph is built (a constant, or folded from such and
   * from shapes), else null. Valid until the shape function returns. */
  const Tensor *(*value)(ShapeCtx *c, int i);
};
typedef TF_Code ShapeFn(ShapeCtx *c, TF_Status *st);

/* ---- phase init ---- */
typedef struct OpInit {
  const Node *node;
  const OpRow *row;
  void *state;  /* row->state_size zeroed bytes, freed after row->clear */
  Arena *arena; /* lives as long as the plan */
} OpInit;

/* ---- phases prepare and run ---- */
struct OpCtx {
  const Node *node;
  const OpRow *row;
  const void *state;
  void *prep;            /* row->prep_size bytes, zeroed before prepare */
  int num_inputs, num_outputs;
  const Tensor **inputs; /* a dead input (OP_DEAD_OK) is null; a ref input's current value (none if uninitialised) */
  Tensor *outputs;
  size_t scratch_size;   /* set by prepare */
  void *scratch;         /* that many bytes, TENSOR_ALIGNed, at run; only for this call */
  int threads;           /* how many this step may use */
  StepEnv *env;
  const Tensor **aliases; /* executor's: which input an output shares, set by op_output_alias */
};

static inline const Tensor *op_input(const OpCtx *c, int i) { return c->inputs[i]; }

/* prepare: declares output i. Its memory is there at run. */
TF_Code op_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);
/* prepare: output i has the node's output dtype and the shape of `like`. */
TF_Code op_output_like(OpCtx *c, int i, const Tensor *like, TF_Status *st);
/* prepare: output i is input `from` under other dims of as many elements (Identity, Reshape): it costs
 * nothing, run need not touch it. */
TF_Code op_output_alias(OpCtx *c, int i, int from, const int64_t *dims, int rank, TF_Status *st);
/* prepare: bytes of scratch that run wants. */
static inline void op_scratch(OpCtx *c, size_t bytes) { c->scratch_size = bytes; }

/* run of an OP_DYNAMIC row: makes output i with memory of its own. */
TF_Code op_alloc_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);
/* run of an OP_DYNAMIC row: output i takes over `t`'s reference. */
void op_take_output(OpCtx *c, int i, Tensor *t);

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
  /* Frees what prepare put into prep (primitives, packed weights); may be null. The executor calls it once for
   * every prep that prepare was called on, failed calls included, when it drops the specialisation; prep bytes that
   * prepare did not set are zero. */
  void (*clear_prep)(void *prep);
};

/* Whether prepare may read the value of input `i` of `num_inputs`. */
static inline bool op_reads_value(const OpRow *row, int num_inputs, int i) {
  return row->value_inputs >> (i < 31 ? i : 31) & 1 || ((row->flags & OP_LAST_VALUE) && i == num_inputs - 1);
}

/* The row of an op, or null when there is no kernel. */
const OpRow *op_row_find(const char *name);
/* Every row of every family, in the order of families.inc; null past the end. */
const OpRow *op_row_at(int i);
/* Whether the row has a kernel for the node's dtypes; else TensorFlow's "No OpKernel was registered to
 * support Op '...' used by {{node ...}}" (TF_INVALID_ARGUMENT; TF_UNIMPLEMENTED when we lack the op at all). */
TF_Code op_row_check(const OpRow *row, const Node *node, TF_Status *st);

/* ---- shape functions shared by families (ops/shape_fns.c) ---- */
ShapeFn shape_unknown_outputs; /* all outputs unknown */
ShapeFn shape_same;            /* output 0 like input 0 */
ShapeFn shape_scalar;          /* every output a scalar */
ShapeFn shape_broadcast;       /* output 0 by broadcasting inputs 0 and 1 */
ShapeFn shape_reduction;       /* input 1: axes; attr keep_dims */
ShapeFn shape_none;            /* no outputs */

#endif
