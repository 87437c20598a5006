/* The functions of a graph's library: kept as FunctionDefs, made into body graphs on demand. */
#ifndef SM_GRAPH_FUNCTION_H_
#define SM_GRAPH_FUNCTION_H_

#include "graph/graph.h"
#include "tensorflow/core/framework/function.pb-c.h"

typedef struct GraphFunction {
  const char *name;
  const Tensorflow__FunctionDef *def;
  const OpSpec *spec;   /* the signature as an op */
  const char *gradient; /* null, or the name of its gradient function */
} GraphFunction;

/* The function of that name in the graph's library (or in that of the graph a body belongs to), or null. */
const GraphFunction *graph_function_find(const Graph *graph, const char *name);

/* What a call of `function` runs. TF (grappler's implementation selector): of functions that say that they
 * implement the same interface (attr api_implements), the one that prefers a CPU, if it has the same arguments
 * and results; else `function`. */
const GraphFunction *graph_function_for_cpu(const Graph *graph, const GraphFunction *function);

/* Puts a function into the library; `def` is copied. One of that name and the same definition may be there
 * already. TF_INVALID_ARGUMENT when the name is an op's, or another function's. The caller holds the lock. */
TF_Code graph_function_add(Graph *graph, const Tensorflow__FunctionDef *def, TF_Status *st);
/* Says which function is the gradient of `name`. TF_INVALID_ARGUMENT when another one is. */
TF_Code graph_gradient_add(Graph *graph, const char *name, const char *gradient, TF_Status *st);
/* The spec of a signature, in `arena`. `store_tensors` keeps tensors of default values. */
TF_Code op_spec_of_signature(const Tensorflow__OpDef *def, Arena *arena, struct OwnedTensor **store_tensors,
                             const OpSpec **out, TF_Status *st);
/* A spec as an OpDef in `arena`. */
TF_Code op_spec_to_proto(const OpSpec *spec, Arena *arena, Tensorflow__OpDef **out, TF_Status *st);

/* A function's body as a graph of its own, for the caller to unref:
 *   _Arg nodes     for the flat arguments, in order: args[i], attributes T and index
 *   _Retval nodes  for the flat results, in order: rets[i]
 *   controls       nodes of control_ret: they must run in every call
 * `attrs` binds the signature's attributes; placeholders in the body take their values. The body uses
 * `graph`'s library (without counting a reference: it must not outlive it). Arrays are in the body's arena.
 * The caller holds `graph`'s lock, or nobody adds to it meanwhile. */
typedef struct FunctionBody {
  Graph *graph;
  int num_args, num_rets, num_controls;
  Node **args, **rets, **controls;
} FunctionBody;

TF_Code graph_function_instantiate(Graph *graph, const GraphFunction *function, const Attr *attrs,
                                   int num_attrs, FunctionBody *body, TF_Status *st);

#endif
