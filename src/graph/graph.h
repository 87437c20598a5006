/* The graph: the inside of TF_Graph and TF_Operation.
 *
 *   TF_Graph --nodes--> TF_Operation (Node) --inputs--> TF_Output {Node, index} ...
 *        \--functions--> GraphFunction (a FunctionDef, made into a body graph when first called)
 *
 * Nodes are only ever added, numbered in the order of adding, and live as long as their graph; all their
 * parts are in the graph's arena. A node's inputs have smaller ids than it, but for the edges from
 * NextIteration to Merge. The graph's lock guards adding; a node that is in the graph does not
 * change any more, save for its consumer lists (guarded by the lock) and what the python-layer surgery
 * functions do. */
#ifndef SM_GRAPH_GRAPH_H_
#define SM_GRAPH_GRAPH_H_

#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/map.h"
#include "graph/op_spec.h"
#include "tensor/tensor.h"
#include "tensorflow/c/c_api.h"

typedef struct TF_Operation Node;
typedef struct TF_Graph Graph;

/* A shape known in part: rank -1 unknown, dim -1 unknown. */
typedef struct Shape {
  int rank;
  int64_t dims[TENSOR_MAX_RANK];
} Shape;

typedef struct Attr Attr;

/* A function name with attributes: the value of a func attr. */
typedef struct AttrFunc {
  const char *name;
  const Attr *attrs;
  int num_attrs;
} AttrFunc;

/* An attribute's value. `is_list` picks the arrays, `count` is their length. */
struct Attr {
  const char *name;
  TF_AttrType kind; /* TF_ATTR_PLACEHOLDER: text is the name of the attr that it stands for */
  bool is_list;
  int64_t count;
  union {
    Span s;
    int64_t i;
    float f;
    bool b;
    TF_DataType type;
    const Shape *shape;
    const Tensor *tensor;
    const char *placeholder;
    const AttrFunc *func;
    const Span *list_s;
    const int64_t *list_i;
    const float *list_f;
    const bool *list_b;
    const TF_DataType *list_type;
    const Shape *list_shape;
    const Tensor *list_tensor;
    const AttrFunc *list_func;
  } v;
};

typedef struct Consumer {
  Node *node;
  int input;
} Consumer;

struct TF_Operation {
  Graph *graph;
  int id; /* position in graph->nodes */
  const char *name;
  const OpSpec *spec; /* also for calls of library functions by name: a spec made of the signature */
  const char *op;     /* spec->name */
  const char *device; /* as requested, "" if none */
  int num_inputs, num_outputs, num_controls, num_attrs;
  TF_Output *inputs;        /* data inputs, flat */
  TF_DataType *input_types; /* what the spec wants; dtype_is_ref for ref arguments */
  TF_DataType *output_types;
  Node **controls;       /* control inputs */
  Attr *attrs;           /* all of the spec's, defaults filled in, and those beginning with '_' */
  Shape *output_shapes;  /* by inference; guarded by the lock (TF_GraphSetTensorShape refines them) */
  Consumer *consumers;   /* of all outputs, in the order of adding */
  int *consumer_output;  /* which output consumers[i] takes */
  const Tensor **values; /* null, or the outputs' values as far as constant folding found them; guarded */
  bool not_constant;     /* folding found that they depend on what is fed or kept; guarded */
  const struct _Tensorflow__NodeDef__ExperimentalDebugInfo *debug_info; /* null, or kept for export */
  const struct _Tensorflow__FullTypeDef *full_type;                     /* likewise */
  int num_consumers, cap_consumers;
  Node **control_outputs;
  int num_control_outputs, cap_control_outputs;
};

struct TF_Graph {
  pthread_mutex_t lock;
  _Atomic int refs; /* the user's, and one a session */
  Arena arena;
  Node **nodes;
  int num_nodes, cap_nodes;
  Map by_name;                 /* name -> Node */
  Map functions;               /* name -> GraphFunction (graph/function.h) */
  Graph *library;              /* null, or the graph whose functions a body of a function uses besides */
  struct OwnedTensor *tensors; /* that attributes point at */
  Map used_prefixes; /* "a" and "a/b" of every name "a/b/c", for uniquifying; filled when first needed */
  int num_prefixed;  /* nodes whose scopes are in used_prefixes */
  int producer, min_consumer; /* versions of what was imported; producer decides on deprecated ops */
};

/* What TensorFlow 2.15 writes into GraphDefs, and the oldest it says it can read. */
enum { GRAPH_PRODUCER = 1645, GRAPH_MIN_CONSUMER = 0 };
#define GRAPH_TENSORFLOW_VERSION "2.15.1" /* whose versions these are */
/* Outputs of one node. No op has near as many; a hostile attribute may ask for more than memory holds. */
enum { NODE_MAX_OUTPUTS = 1 << 16 };

/* A new empty graph with one reference; null when memory is out. */
Graph *graph_new(void);
Graph *graph_ref(Graph *graph);
/* Frees it with the last reference. Null is allowed. */
void graph_unref(Graph *graph);
static inline void graph_lock(Graph *graph) { pthread_mutex_lock(&graph->lock); }
static inline void graph_unlock(Graph *graph) { pthread_mutex_unlock(&graph->lock); }
/* The node of that name, or null. The caller holds the lock, or nobody adds nodes meanwhile. */
Node *graph_find(const Graph *graph, const char *name);
/* The spec of an op or of a function of the graph's library, or null. Lock as above. */
const OpSpec *graph_spec_find(const Graph *graph, const char *op);
/* TF_NOT_FOUND "Op type not registered ...". */
TF_Code graph_fail_no_op(const char *op, TF_Status *st);

/* What a node is to be. All of it is in the graph's arena, or lives as long. */
typedef struct NodeInit {
  const char *name, *device;
  const OpSpec *spec;
  Attr *attrs; /* as given, in any order; of an empty list the kind may be ATTR_KIND_UNKNOWN */
  int num_attrs;
  const TF_Output *inputs; /* oper null: an edge that comes later (node_set_back_edge) */
  int num_inputs;
  Node *const *controls;
  int num_controls;
} NodeInit;

/* Makes a node that is not in the graph yet: checks attributes against the spec and fills in defaults, finds
 * argument counts and types, checks the inputs' number and types, infers shapes. Errors are TensorFlow's. The
 * caller holds the lock. */
TF_Code node_make(Graph *graph, const NodeInit *init, Node **node, TF_Status *st);
/* The input of a node made with a null one. Checks the type. */
TF_Code node_set_back_edge(Node *node, int input, TF_Output from, TF_Status *st);
/* Puts nodes into the graph, all or (when memory is out) none. Their names are free. The caller holds the
 * lock. */
TF_Code graph_insert(Graph *graph, Node *const *nodes, int count, TF_Status *st);
/* The flat dtypes of a spec's input or output arguments under attributes: *types is in `arena`. */
TF_Code node_arg_types(const OpSpec *spec, bool output, const Attr *attrs, int num_attrs,
                       const char *node_name, Arena *arena, TF_DataType **types, int *count, TF_Status *st);
/* "Op[attrs](inputs)" as shape errors have it. */
void node_print(const Node *node, Bytes *out);
/* "Op<name=...; signature=...; attr=...>" */
void op_spec_print(const OpSpec *spec, Bytes *out);

/* The attr of a node, or null. */
const Attr *node_attr(const Node *node, const char *name);
/* Typed look-ups for kernels: TF_INVALID_ARGUMENT (naming node and attr) when absent or of another kind. */
TF_Code node_attr_int(const Node *node, const char *name, int64_t *out, TF_Status *st);
TF_Code node_attr_float(const Node *node, const char *name, float *out, TF_Status *st);
TF_Code node_attr_bool(const Node *node, const char *name, bool *out, TF_Status *st);
TF_Code node_attr_type(const Node *node, const char *name, TF_DataType *out, TF_Status *st);
TF_Code node_attr_string(const Node *node, const char *name, Span *out, TF_Status *st);
TF_Code node_attr_shape(const Node *node, const char *name, const Shape **out, TF_Status *st);
TF_Code node_attr_tensor(const Node *node, const char *name, const Tensor **out, TF_Status *st);
/* Lists of ints, types, strings, ...: the Attr itself, checked to be a list of that kind. */
TF_Code node_attr_list(const Node *node, const char *name, TF_AttrType kind, const Attr **out, TF_Status *st);
/* Where the input or output argument `arg` of the spec starts among the flat ones, and how many it has. */
TF_Code node_arg_range(const Node *node, bool output, const char *arg, int *start, int *count, TF_Status *st);

/* Shapes known in part. */
static inline Shape shape_unknown(void) { return (Shape){.rank = -1}; }
Shape shape_of_rank(int rank); /* all dims unknown */
Shape shape_of_tensor(const Tensor *t);
bool shape_known(const Shape *s); /* rank and every dim */
/* out = what a and b say together; TF_INVALID_ARGUMENT when they contradict. */
TF_Code shape_merge(const Shape *a, const Shape *b, Shape *out, TF_Status *st);

#endif
