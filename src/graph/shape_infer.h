/* Shape inference when a node is added, and the values of outputs that are known without running anything.
 *
 * The graph knows no ops: who does (src/capi) sets the two functions once, before the first graph. */
#ifndef SM_GRAPH_SHAPE_INFER_H_
#define SM_GRAPH_SHAPE_INFER_H_

#include "graph/graph.h"

typedef struct ShapeCtx ShapeCtx;
struct ShapeCtx {
  const Node *node;
  int num_inputs, num_outputs;
  const Shape *const *inputs;
  Shape *outputs; /* all unknown at the start */
  /* The value of input i if it is known when the graph is built (a constant, or folded from such and
   * from shapes), else null. Valid until the shape function returns. */
  const Tensor *(*value)(ShapeCtx *c, int i);
  /* Input i as a shape, when that input is a vector of sizes of which some may be unknown: false when nothing
   * is known about it. An input whose value is known gives that. */
  bool (*partial)(ShapeCtx *c, int i, Shape *out);
  uint64_t asked;         /* bit i < 64: value(i) was called and known */
  uint64_t asked_partial; /* the same of partial(i) */
};
typedef TF_Code ShapeFn(ShapeCtx *c, TF_Status *st);

/* The shape function of an op; null when it has none. */
typedef ShapeFn *ShapeFnLookup(const char *op);
/* Runs the node's kernel on these inputs: true and `outputs` (none before) are tensors, or false. Called only
 * for nodes without state or side effects. */
typedef bool ConstEval(const Node *node, const Tensor *const *inputs, Tensor *outputs);

void graph_set_shape_functions(ShapeFnLookup *lookup, ConstEval *eval);

/* Infers the output shapes of a node that was just made. */
TF_Code node_infer_shapes(Node *node, TF_Status *st);
/* The value of an output, or null. The tensor belongs to the graph. The caller holds the lock. */
const Tensor *graph_constant_value(TF_Output output);

#endif
