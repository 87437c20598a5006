/* Building graphs: what Python's tf.Graph, tf.name_scope and the op functions do, in C.
 *
 *   SM_Graph *g = SM_NewGraph();
 *   TF_Output x = SM_Placeholder(g, TF_FLOAT, SM_SHAPE(-1, 3), "x");
 *   TF_Output y = SM_Op(g, "Softmax", "y", SM_In(SM_MatMul(g, x, w)));
 *   ...
 *   if (SM_GraphStatus(g, st)) ... // one check for all of them
 *   SM_DeleteGraph(g);
 *
 * Errors. Functions that add to a graph keep the first error in the graph: after it they do nothing and
 * return nothing ({NULL, 0}, NULL), so a graph is built in one go and checked once. Functions that run
 * or read or write take a TF_Status last, as the C API does; they report the graph's error first, and they do
 * nothing when the status they are given already holds one, so a sequence of them can be checked once, too.
 * What raises ValueError, TypeError or KeyError in Python is TF_INVALID_ARGUMENT here, AssertionError and
 * RuntimeError are TF_FAILED_PRECONDITION; texts are TensorFlow's where it has one.
 *
 * Ownership. The graph owns all that is made in it: operations, variables, tables, savers, signatures.
 * Strings and arrays given to a function are copied by it.
 *
 * Names. Names are made unique as TensorFlow's Python does ("add", "add_1", ...), inside the current name
 * scope. A null name stands for the default, the op's type.
 *
 * One thread at a time may use an SM_Graph; sessions on it may run meanwhile. */
#ifndef SAVEDMODEL_SM_GRAPH_H_
#define SAVEDMODEL_SM_GRAPH_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "savedmodel/sm_tensor.h"
#include "tensorflow/c/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SM_Graph SM_Graph;

/* A new empty graph; null only when memory is out. */
TF_CAPI_EXPORT extern SM_Graph *SM_NewGraph(void);
/* Works on a graph of the caller's, which must outlive it; names of its operations count as taken. */
TF_CAPI_EXPORT extern SM_Graph *SM_WrapGraph(TF_Graph *graph);
/* Frees the graph and all that it owns; null is allowed. Sessions on it must be gone. */
TF_CAPI_EXPORT extern void SM_DeleteGraph(SM_Graph *g);
/* The graph itself, for the TF_ functions. */
TF_CAPI_EXPORT extern TF_Graph *SM_GraphHandle(SM_Graph *g);
/* Puts the graph's first error, if there is one, into `st`; returns st's code. */
TF_CAPI_EXPORT extern TF_Code SM_GraphStatus(const SM_Graph *g, TF_Status *st);

/* Seed for the random ops made from now on; as tf.compat.v1.set_random_seed. */
TF_CAPI_EXPORT extern void SM_SetRandomSeed(SM_Graph *g, int64_t seed);

/* ---- scopes: each Push needs one SM_PopScope, the last pushed goes first ---- */

/* tf.name_scope: names made inside begin with "NAME/" (made unique: "NAME_1/"). "" leaves all scopes. */
TF_CAPI_EXPORT extern void SM_PushNameScope(SM_Graph *g, const char *name);
/* tf.control_dependencies: what is made inside runs after these operations. */
TF_CAPI_EXPORT extern void SM_PushControlDependencies(SM_Graph *g, TF_Operation *const *ops, int num_ops);
/* tf.device, such as "/device:CPU:0". */
TF_CAPI_EXPORT extern void SM_PushDevice(SM_Graph *g, const char *device);

typedef enum SM_Reuse {
  SM_REUSE_INHERIT = 0, /* as the scope around it; at the top: variables must be new */
  SM_REUSE = 1,         /* variables must exist */
  SM_AUTO_REUSE = 2,    /* taken when they exist, else made */
} SM_Reuse;
/* tf.compat.v1.variable_scope: prefixes variables with "NAME/" and opens a name scope of that name. */
TF_CAPI_EXPORT extern void SM_PushVariableScope(SM_Graph *g, const char *name, SM_Reuse reuse);
/* scope.reuse_variables() and its like: changes the current scope, the top one too, until it ends. */
TF_CAPI_EXPORT extern void SM_SetReuse(SM_Graph *g, SM_Reuse reuse);
TF_CAPI_EXPORT extern void SM_PopScope(SM_Graph *g);

/* ---- operations ---- */

/* One input, attribute, control input or setting of an operation that is being made. */
typedef struct SM_Part {
  enum {
    SM_PART_END = 0,
    SM_PART_INPUT,
    SM_PART_INPUT_LIST,
    SM_PART_CONTROL,
    SM_PART_DEVICE,
    SM_PART_COLOCATE,
    SM_PART_INT,
    SM_PART_FLOAT,
    SM_PART_BOOL,
    SM_PART_STRING,
    SM_PART_TYPE,
    SM_PART_TYPE_LIST,
    SM_PART_INT_LIST,
    SM_PART_SHAPE,
    SM_PART_TENSOR,
  } kind;
  const char *name;
  int count;
  union {
    TF_Output output;
    const TF_Output *outputs;
    TF_Operation *op;
    int64_t i;
    float f;
    const char *s;
    TF_DataType type;
    const TF_DataType *types;
    const int64_t *ints;
    SM_Shape shape;
    TF_Tensor *tensor;
  } u;
} SM_Part;

#define SM_PART_(k, n, c, field, value)                              \
  (SM_Part) {                                                        \
    .kind = (k), .name = (n), .count = (c), .u = {.field = (value) } \
  }
#define SM_In(output_) SM_PART_(SM_PART_INPUT, NULL, 1, output, output_)
#define SM_InList(outputs_, count_) SM_PART_(SM_PART_INPUT_LIST, NULL, count_, outputs, outputs_)
#define SM_Control(op_) SM_PART_(SM_PART_CONTROL, NULL, 1, op, op_)
#define SM_Device(device_) SM_PART_(SM_PART_DEVICE, NULL, 1, s, device_)
/* Colocated with the node of this name, which need not exist yet. */
#define SM_Colocate(node_name_) SM_PART_(SM_PART_COLOCATE, NULL, 1, s, node_name_)
#define SM_Int(name_, value_) SM_PART_(SM_PART_INT, name_, 1, i, value_)
#define SM_Float(name_, value_) SM_PART_(SM_PART_FLOAT, name_, 1, f, value_)
#define SM_Bool(name_, value_) SM_PART_(SM_PART_BOOL, name_, 1, i, value_)
#define SM_String(name_, value_) SM_PART_(SM_PART_STRING, name_, 1, s, value_)
#define SM_Type(name_, type_) SM_PART_(SM_PART_TYPE, name_, 1, type, type_)
#define SM_TypeList(name_, types_, count_) SM_PART_(SM_PART_TYPE_LIST, name_, count_, types, types_)
#define SM_IntList(name_, ints_, count_) SM_PART_(SM_PART_INT_LIST, name_, count_, ints, ints_)
#define SM_ShapeAttr(name_, shape_) SM_PART_(SM_PART_SHAPE, name_, 1, shape, shape_)
/* The tensor stays the caller's. */
#define SM_TensorAttr(name_, tensor_) SM_PART_(SM_PART_TENSOR, name_, 1, tensor, tensor_)

/* Adds an operation of `type`. `parts` ends with a zero SM_Part, or is null. A part with a null colocation,
 * device or control operation is skipped. */
TF_CAPI_EXPORT extern TF_Operation *SM_AddOp(SM_Graph *g, const char *type, const char *name,
                                             const SM_Part *parts);
/* The same, parts in line: SM_Oper(g, "MatMul", "y", SM_In(a), SM_In(b), SM_Bool("transpose_a", true)). */
#define SM_Oper(g, type, name, ...) \
  SM_AddOp(g, type, name, (const SM_Part[]){__VA_ARGS__, {.kind = SM_PART_END}})
/* The same, and gives the first output. */
#define SM_Op(g, type, name, ...) SM_FirstOutput(SM_Oper(g, type, name, __VA_ARGS__))
static inline TF_Output SM_FirstOutput(TF_Operation *op) {
  TF_Output output = {op, 0};
  return output;
}

/* tf.compat.v1.placeholder. */
TF_CAPI_EXPORT extern TF_Output SM_Placeholder(SM_Graph *g, TF_DataType dtype, SM_Shape shape,
                                               const char *name);
/* tf.constant; consumes `value` (also on errors), so SM_Constant(g, SM_TensorF32(...), "c") leaks nothing. */
TF_CAPI_EXPORT extern TF_Output SM_Constant(SM_Graph *g, TF_Tensor *value, const char *name);
/* A scalar of the element type of `like`, such as the 1 in `v + 1`. */
TF_CAPI_EXPORT extern TF_Output SM_ScalarLike(SM_Graph *g, TF_Output like, double value, const char *name);

TF_CAPI_EXPORT extern TF_Output SM_Add(SM_Graph *g, TF_Output a, TF_Output b); /* AddV2, "add" */
TF_CAPI_EXPORT extern TF_Output SM_Sub(SM_Graph *g, TF_Output a, TF_Output b); /* "sub" */
TF_CAPI_EXPORT extern TF_Output SM_Mul(SM_Graph *g, TF_Output a, TF_Output b); /* "mul" */
TF_CAPI_EXPORT extern TF_Output SM_Div(SM_Graph *g, TF_Output a, TF_Output b); /* RealDiv, "truediv" */
/* With a number of a's element type as the second operand: `a + b`, named "add/y" and "add". */
TF_CAPI_EXPORT extern TF_Output SM_AddScalar(SM_Graph *g, TF_Output a, double b);
TF_CAPI_EXPORT extern TF_Output SM_SubScalar(SM_Graph *g, TF_Output a, double b);
TF_CAPI_EXPORT extern TF_Output SM_MulScalar(SM_Graph *g, TF_Output a, double b);
TF_CAPI_EXPORT extern TF_Output SM_DivScalar(SM_Graph *g, TF_Output a, double b);
TF_CAPI_EXPORT extern TF_Output SM_MatMul(SM_Graph *g, TF_Output a, TF_Output b);
/* aT b, the shape of a weight's gradient. */
TF_CAPI_EXPORT extern TF_Output SM_MatMulTransposeA(SM_Graph *g, TF_Output a, TF_Output b);
TF_CAPI_EXPORT extern TF_Output SM_Identity(SM_Graph *g, TF_Output a, const char *name);
/* Means over `axes` (num_axes of them; all axes when axes is null). */
TF_CAPI_EXPORT extern TF_Output SM_ReduceMean(SM_Graph *g, TF_Output a, const int32_t *axes, int num_axes);
TF_CAPI_EXPORT extern TF_Operation *SM_NoOp(SM_Graph *g, const char *name);
/* tf.group: an operation that is done when all of `ops` are. */
TF_CAPI_EXPORT extern TF_Operation *SM_Group(SM_Graph *g, TF_Operation *const *ops, int num_ops,
                                             const char *name);

/* ---- collections ---- */

/* The keys of tf.compat.v1.GraphKeys that the functions here use. */
#define SM_GLOBAL_VARIABLES "variables"
#define SM_LOCAL_VARIABLES "local_variables"
#define SM_TRAINABLE_VARIABLES "trainable_variables"
#define SM_TABLE_INITIALIZERS "table_initializer"
#define SM_ASSET_FILEPATHS "asset_filepaths"

/* Adds a tensor ("name:0") or an operation to the collection `key`; both travel in MetaGraphDefs. */
TF_CAPI_EXPORT extern void SM_CollectOutput(SM_Graph *g, const char *key, TF_Output output);
TF_CAPI_EXPORT extern void SM_CollectOperation(SM_Graph *g, const char *key, TF_Operation *op);
/* Adds bytes, such as a serialised message; a collection holds one kind of things. */
TF_CAPI_EXPORT extern void SM_CollectBytes(SM_Graph *g, const char *key, const void *data, size_t size);
/* How many things a collection holds; 0 when there is none of that name. */
TF_CAPI_EXPORT extern int SM_CollectionSize(const SM_Graph *g, const char *key);
/* A tensor or operation of a collection by position; {NULL, 0} when it is neither. */
TF_CAPI_EXPORT extern TF_Output SM_CollectionOutput(const SM_Graph *g, const char *key, int index);

/* Empties a collection, as Graph.clear_collection. */
TF_CAPI_EXPORT extern void SM_ClearCollection(SM_Graph *g, const char *key);

/* "NAME:INDEX" of an output, owned by the graph. */
TF_CAPI_EXPORT extern const char *SM_OutputName(SM_Graph *g, TF_Output output);
/* The output that "NAME:INDEX" (or "NAME", index 0) means; {NULL, 0} and no error when there is none. */
TF_CAPI_EXPORT extern TF_Output SM_FindOutput(SM_Graph *g, const char *name);

#ifdef __cplusplus
}
#endif
#endif
