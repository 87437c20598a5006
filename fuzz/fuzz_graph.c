/* layers: session ops; whole */
/* Random graphs: loops of TensorFlow 1 with any edges, branches, functions that call each other, variables,
 * lists. They are run by a session as it is and by one without folding and specialisation: neither may crash
 * or hang, and where both answer, they answer the same. The bytes are choices; a choice too many is 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"
#include "graph/graph_import.h"
#include "session/session.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_NODES = 48, MAX_OUTPUTS = 2 * MAX_NODES + 2, RUNS = 4, MAX_FETCHES = 2 };

/* ---- choices ---- */

typedef struct Choices {
  const uint8_t *at, *end;
} Choices;

static unsigned choose(Choices *c, unsigned below) { return c->at < c->end ? *c->at++ % below : 0; }

/* ---- ops ---- */

/* Types of inputs and outputs: f float, i int32, b bool, r a variable's handle, v a list. */
typedef struct Op {
  const char *name, *in, *out;
  const char *out_args[2]; /* their names, by which bodies of functions refer to them */
  const char *attrs;
} Op;

#define T_F "attr { key: 'T' value { type: DT_FLOAT } } "
#define T_I "attr { key: 'T' value { type: DT_INT32 } } "
#define LIST(name, types) "attr { key: '" name "' value { list { " types " } } } "
#define FUNC(name, f) "attr { key: '" name "' value { func { name: '" f "' } } } "
#define DTYPE_F "attr { key: 'dtype' value { type: DT_FLOAT } } "
#define FLOATS2 "type: DT_FLOAT type: DT_FLOAT"
#define CONSTANT(is) "attr { key: 'is_constant' value { b: " is " } } "
#define CONST_F(shape, values)                                                                      \
  DTYPE_F "attr { key: 'value' value { tensor { dtype: DT_FLOAT tensor_shape { " shape " } " values \
          " } } "                                                                                   \
          "} "
#define CONST_I(value)                                                                                   \
  "attr { key: 'dtype' value { type: DT_INT32 } } attr { key: 'value' value { tensor { dtype: DT_INT32 " \
  "tensor_shape {} "                                                                                     \
  "int_val: " value " } } } "
#define CONST_B(value)                                                                                 \
  "attr { key: 'dtype' value { type: DT_BOOL } } attr { key: 'value' value { tensor { dtype: DT_BOOL " \
  "tensor_shape {} "                                                                                   \
  "bool_val: " value " } } } "
#define VARIABLE(name)                                           \
  "attr { key: 'shared_name' value { s: '" name "' } } " DTYPE_F \
  "attr { key: 'shape' value { shape { unknown_rank: true } } } "
#define ELEMENT "attr { key: 'element_dtype' value { type: DT_FLOAT } } "

static const Op ops[] = {
    {"Const", "", "f", {"output"}, CONST_F("", "float_val: 1")},
    {"Const", "", "f", {"output"}, CONST_F("", "float_val: -0.5")},
    {"Const", "", "f", {"output"}, CONST_F("dim { size: 3 }", "float_val: 1 float_val: 2 float_val: 3")},
    {"Const", "", "f", {"output"}, CONST_F("dim { size: 0 }", "")},
    {"Const", "", "i", {"output"}, CONST_I("0")},
    {"Const", "", "i", {"output"}, CONST_I("2")},
    {"Const", "", "b", {"output"}, CONST_B("true")},
    {"Const", "", "b", {"output"}, CONST_B("false")},
    {"Placeholder", "", "f", {"output"}, DTYPE_F},
    {"AddV2", "ff", "f", {"z"}, T_F},
    {"Mul", "ff", "f", {"z"}, T_F},
    {"Maximum", "ff", "f", {"z"}, T_F},
    {"Neg", "f", "f", {"y"}, T_F},
    {"Tanh", "f", "f", {"y"}, T_F},
    {"Identity", "f", "f", {"output"}, T_F},
    {"IdentityN", "ff", "ff", {"output", "output"}, LIST("T", FLOATS2)},
    {"Sum", "fi", "f", {"output"}, T_F},
    {"ConcatV2", "ffi", "f", {"output"}, T_F "attr { key: 'N' value { i: 2 } } "},
    {"Pack", "ff", "f", {"output"}, T_F "attr { key: 'N' value { i: 2 } } "},
    {"ExpandDims", "fi", "f", {"output"}, T_F},
    {"GatherV2",
     "fii",
     "f",
     {"output"},
     "attr { key: 'Tparams' value { type: DT_FLOAT } } attr { key: 'Tindices' value { type: DT_INT32 } } "
     "attr { key: 'Taxis' value { type: DT_INT32 } } "},
    {"Size", "f", "i", {"output"}, T_F},
    {"Rank", "f", "i", {"output"}, T_F},
    {"AddV2", "ii", "i", {"z"}, T_I},
    {"Cast",
     "f",
     "i",
     {"y"},
     "attr { key: 'SrcT' value { type: DT_FLOAT } } attr { key: 'DstT' value { type: DT_INT32 } } "},
    {"Cast",
     "i",
     "f",
     {"y"},
     "attr { key: 'SrcT' value { type: DT_INT32 } } attr { key: 'DstT' value { type: DT_FLOAT } } "},
    {"Less", "ff", "b", {"z"}, T_F},
    {"Less", "ii", "b", {"z"}, T_I},
    {"LogicalNot", "b", "b", {"y"}, ""},
    {"LogicalAnd", "bb", "b", {"z"}, ""},
    {"Switch", "fb", "ff", {"output_false", "output_true"}, T_F},
    {"Switch", "fb", "ff", {"output_false", "output_true"}, T_F},
    {"Switch", "ib", "ii", {"output_false", "output_true"}, T_I},
    {"Merge", "ff", "fi", {"output", "value_index"}, T_F "attr { key: 'N' value { i: 2 } } "},
    {"Merge", "ff", "fi", {"output", "value_index"}, T_F "attr { key: 'N' value { i: 2 } } "},
    {"Merge", "ii", "ii", {"output", "value_index"}, T_I "attr { key: 'N' value { i: 2 } } "},
    {"VarHandleOp", "", "r", {"resource"}, VARIABLE("u")},
    {"VarHandleOp", "", "r", {"resource"}, VARIABLE("v")},
    {"ReadVariableOp", "r", "f", {"value"}, DTYPE_F},
    {"AssignVariableOp", "rf", "", {0}, DTYPE_F},
    {"AssignAddVariableOp", "rf", "", {0}, DTYPE_F},
    {"NoOp", "", "", {0}, ""},
    {"PartitionedCall",
     "ff",
     "ff",
     {"output", "output"},
     LIST("Tin", FLOATS2) LIST("Tout", FLOATS2) FUNC("f", "f0")},
    {"StatefulPartitionedCall",
     "ff",
     "ff",
     {"output", "output"},
     LIST("Tin", FLOATS2) LIST("Tout", FLOATS2) FUNC("f", "f1")},
    {"If",
     "bff",
     "ff",
     {"output", "output"},
     "attr { key: 'Tcond' value { type: DT_BOOL } } " LIST("Tin", FLOATS2) LIST("Tout", FLOATS2)
         FUNC("then_branch", "f0") FUNC("else_branch", "f1")},
    {"Case",
     "iff",
     "ff",
     {"output", "output"},
     LIST("Tin", FLOATS2) LIST("Tout", FLOATS2) "attr { key: 'branches' value { list { func { name: 'f1' } "
                                                "func { name: 'f0' } func { name: 'f1' } } } } "},
    {"While", "ff", "ff", {"output", "output"}, LIST("T", FLOATS2) FUNC("cond", "f2") FUNC("body", "f0")},
    {"StatelessWhile",
     "ff",
     "ff",
     {"output", "output"},
     LIST("T", FLOATS2) FUNC("cond", "f2") FUNC("body", "f1")},
    {"EmptyTensorList",
     "ii",
     "v",
     {"handle"},
     ELEMENT "attr { key: 'shape_type' value { type: DT_INT32 } } "},
    {"TensorListPushBack", "vf", "v", {"output_handle"}, ELEMENT},
    {"TensorListPopBack", "vi", "vf", {"output_handle", "tensor"}, ELEMENT},
    {"TensorListLength", "v", "i", {"length"}, ""},
    /* Of loops; alone they are rarely well made. */
    {"Enter", "f", "f", {"output"}, T_F CONSTANT("false")},
    {"Enter", "f", "f", {"output"}, T_F CONSTANT("true")},
    {"Enter", "i", "i", {"output"}, T_I CONSTANT("false")},
    {"Exit", "f", "f", {"output"}, T_F},
    {"Exit", "i", "i", {"output"}, T_I},
    {"NextIteration", "f", "f", {"output"}, T_F},
    {"NextIteration", "i", "i", {"output"}, T_I},
    {"LoopCond", "b", "b", {"output"}, ""},
};
enum { NUM_OPS = sizeof ops / sizeof *ops, LOOP_OPS = 8 };

/* Every graph and body begins with these, so that there is something of each type. */
static const Op base[] = {
    {"Const", "", "f", {"output"}, CONST_F("", "float_val: 0.25")},
    {"Const", "", "i", {"output"}, CONST_I("-1")},
    {"Const", "", "b", {"output"}, CONST_B("true")},
    {"VarHandleOp", "", "r", {"resource"}, VARIABLE("u")},
    {"EmptyTensorList",
     "ii",
     "v",
     {"handle"},
     ELEMENT "attr { key: 'shape_type' value { type: DT_INT32 } } "},
    {"AssignVariableOp", "rf", "", {0}, DTYPE_F},
};
enum { NUM_BASE = sizeof base / sizeof *base, FIRST_TARGET = NUM_BASE - 1 };

/* ---- a graph, or a function's body, as text ---- */

typedef struct Output {
  int node; /* -1: an argument */
  char type;
  bool inside; /* of a loop: not for others */
  char name[32];
} Output;

enum { MAX_INPUTS = 4, ANY_OUTPUT = -1 };

typedef struct BodyNode {
  const Op *op;
  int from[MAX_INPUTS]; /* which output an input is; ANY_OUTPUT: to be chosen */
  int frame;            /* of a node of a loop; else 0 */
} BodyNode;

typedef struct Body {
  bool is_function;
  BodyNode nodes[MAX_NODES];
  int num_nodes, num_outputs;
  Output outputs[MAX_OUTPUTS];
} Body;

static int add_node(Body *b, const Op *op, int from0, int from1) {
  int node = b->num_nodes++, first = b->num_outputs;
  b->nodes[node] = (BodyNode){op, {from0, from1, ANY_OUTPUT, ANY_OUTPUT}, 0};
  for (int k = 0; op->out[k]; k++) {
    Output *o = &b->outputs[b->num_outputs++];
    *o = (Output){.node = node, .type = op->out[k]};
    bool second = k && strcmp(op->out_args[0], op->out_args[k]) == 0; /* of one list */
    if (b->is_function) snprintf(o->name, sizeof o->name, "n%d:%s:%d", node, op->out_args[k], second);
    else snprintf(o->name, sizeof o->name, "n%d:%d", node, k);
  }
  return first;
}

static const Op *find_op(const char *name, const char *in, const char *part) {
  for (int i = 0; i < NUM_OPS; i++)
    if (!strcmp(ops[i].name, name) && !strcmp(ops[i].in, in) && strstr(ops[i].attrs, part)) return &ops[i];
  abort();
}

enum { LOOP_NODES = 12 };

/* A loop of TensorFlow 1 that is well made, with a few nodes in its body. */
static void add_loop(Body *b, Choices *c) {
  int frame = b->num_nodes;
  int limit = add_node(b, find_op("Enter", "f", "b: true"), ANY_OUTPUT, 0);
  int enter = add_node(b, find_op("Enter", "f", "b: false"), ANY_OUTPUT, 0);
  int back_node = b->num_nodes + 5 + (int)choose(c, 4),
      merge = add_node(b, find_op("Merge", "ff", ""), enter, ANY_OUTPUT);
  int merge_node = b->num_nodes - 1;
  int less = add_node(b, find_op("Less", "ff", ""), merge, limit);
  int cond = add_node(b, find_op("LoopCond", "b", ""), less, 0);
  int branch = add_node(b, find_op("Switch", "fb", ""), merge, cond);
  int left = add_node(b, find_op("Exit", "f", ""), branch, 0);
  int in_body = branch + 1;
  while (b->num_nodes < back_node) {
    const Op *op = &ops[choose(c, NUM_OPS - LOOP_OPS)];
    if (op->in[0] != 'f' || strspn(op->in, "f") != strlen(op->in)) op = find_op("AddV2", "ff", "");
    int made = add_node(b, op, in_body, choose(c, 2) ? limit : branch + 1);
    if (op->out[0] == 'f') in_body = made;
  }
  b->nodes[merge_node].from[1] = add_node(b, find_op("NextIteration", "f", ""), in_body, 0);
  for (int i = frame; i < b->num_nodes; i++) b->nodes[i].frame = frame;
  for (int i = limit; i < b->num_outputs; i++) b->outputs[i].inside = i != left && choose(c, 100) < 98;
}

/* The nodes first, then their edges: an edge may come from a node further on. */
static void choose_nodes(Body *b, Choices *c) {
  if (b->is_function) {
    b->outputs[b->num_outputs++] = (Output){.node = -1, .type = 'f', .name = "x"};
    b->outputs[b->num_outputs++] = (Output){.node = -1, .type = 'f', .name = "y"};
  }
  int more = (int)choose(c, b->is_function ? 10 : MAX_NODES - NUM_BASE);
  for (int i = 0; i < NUM_BASE; i++) add_node(b, &base[i], ANY_OUTPUT, ANY_OUTPUT);
  while (b->num_nodes < NUM_BASE + more) {
    unsigned op = choose(c, 128);
    if (op < 116) add_node(b, &ops[op < NUM_OPS ? op : op % (NUM_OPS - LOOP_OPS)], ANY_OUTPUT, ANY_OUTPUT);
    else if (!b->is_function && b->num_nodes + LOOP_NODES <= MAX_NODES) add_loop(b, c);
    else return;
  }
}

enum { NEAR = 5 };

/* One of the outputs of a type, nearly always of nodes before `node` and mostly of the nearest. */
static const char *choose_output(const Body *b, Choices *c, char type, int node) {
  unsigned want = choose(c, 255), count = 0;
  bool any = want >= 250;
  const char *names[MAX_OUTPUTS];
  for (int k = 0; k < b->num_outputs; k++)
    if (b->outputs[k].type == type && !b->outputs[k].inside && (any || b->outputs[k].node < node))
      names[count++] = b->outputs[k].name;
  if (!count) return "n0";
  return names[count - 1 - want % (want < 200 && count > NEAR ? NEAR : count)];
}

static void print_nodes(const Body *b, Choices *c, Bytes *out) {
  for (int i = 0; i < b->num_nodes; i++) {
    const Op *op = b->nodes[i].op;
    bytes_printf(out, "%s { name: 'n%d' op: '%s' %s", b->is_function ? "node_def" : "node", i, op->name,
                 op->attrs);
    if (!strcmp(op->name, "Enter"))
      bytes_printf(out, "attr { key: 'frame_name' value { s: 'w%d' } } ", b->nodes[i].frame);
    for (int k = 0; op->in[k]; k++) {
      int from = b->nodes[i].from[k];
      bool fits = from >= 0 && b->outputs[from].type == op->in[k];
      bytes_printf(out, "input: '%s' ", fits ? b->outputs[from].name : choose_output(b, c, op->in[k], i));
    }
    unsigned control = i < NUM_BASE ? 255 : choose(c, 255);
    if (control < 80 && b->nodes[(int)control % i].frame == b->nodes[i].frame)
      bytes_printf(out, "input: '^n%d' ", (int)control % i);
    bytes_puts(out, "}\n");
  }
}

static void print_function(const char *name, bool is_cond, Choices *c, Bytes *out) {
  Body b = {.is_function = true};
  choose_nodes(&b, c);
  bytes_printf(out,
               "function { signature { name: '%s' input_arg { name: 'x' type: DT_FLOAT } "
               "input_arg { name: 'y' type: DT_FLOAT } is_stateful: true ",
               name);
  if (is_cond) bytes_puts(out, "output_arg { name: 'p' type: DT_BOOL } }\n");
  else bytes_puts(out, "output_arg { name: 'p' type: DT_FLOAT } output_arg { name: 'q' type: DT_FLOAT } }\n");
  print_nodes(&b, c, out);
  bytes_printf(out, "ret { key: 'p' value: '%s' }\n", choose_output(&b, c, is_cond ? 'b' : 'f', b.num_nodes));
  if (!is_cond) bytes_printf(out, "ret { key: 'q' value: '%s' }\n", choose_output(&b, c, 'f', b.num_nodes));
  bytes_puts(out, "}\n");
}

static void print_graph(Body *b, Choices *c, Bytes *out) {
  bytes_puts(out, "library {\n");
  print_function("f0", false, c, out);
  print_function("f1", false, c, out);
  print_function("f2", true, c, out);
  bytes_puts(out, "}\n");
  choose_nodes(b, c);
  print_nodes(b, c, out);
}

static Graph *make_graph(Span text) {
  TF_Status st = {0};
  Arena arena = {0};
  Tensorflow__GraphDef *def;
  GraphImportOptions options = {0};
  Graph *graph = graph_new();
  if (!graph) return NULL;
  if (text_format_parse(&tensorflow__graph_def__descriptor, text, &arena, &def, &st))
    abort(); /* our own mistake */
  bool ok = !graph_import(graph, def, &options, &arena, NULL, &st);
  if (getenv("SM_FUZZ_SHOW"))
    fprintf(stderr, "%.*s%s\n", (int)text.size, (const char *)text.data, TF_Message(&st));
  arena_clear(&arena);
  status_clear(&st);
  if (ok) return graph;
  graph_unref(graph);
  return NULL;
}

/* ---- running ---- */

typedef struct Run {
  TF_Output feeds[1], fetches[MAX_FETCHES];
  const Node *targets[1];
  int num_feeds, num_fetches, num_targets;
  Tensor feed;
} Run;

static Node *node_at(Graph *graph, int i) {
  char name[16];
  snprintf(name, sizeof name, "n%d", i);
  return graph_find(graph, name);
}

static TF_Code choose_run(Run *r, Graph *graph, const Body *b, Choices *c, TF_Status *st) {
  *r = (Run){0};
  for (int i = 0; i < b->num_nodes && !r->num_feeds; i++)
    if (!strcmp(b->nodes[i].op->name, "Placeholder"))
      r->feeds[r->num_feeds++] = (TF_Output){node_at(graph, i), 0};
  for (int i = 0; i < MAX_FETCHES; i++) {
    const Output *o = &b->outputs[b->num_outputs - 1 - (int)choose(c, (unsigned)b->num_outputs)];
    if (o->type == 'r' || o->type == 'v' || o->inside) continue;
    r->fetches[r->num_fetches++] = (TF_Output){node_at(graph, o->node), atoi(strchr(o->name, ':') + 1)};
  }
  r->targets[r->num_targets++] = node_at(graph, (int)choose(c, (unsigned)b->num_nodes));
  int64_t dims[1] = {choose(c, 4)};
  TRY(tensor_alloc(&r->feed, TF_FLOAT, dims, 1, st));
  for (int64_t i = 0; i < dims[0]; i++) ((float *)r->feed.data)[i] = 0.5f * (float)i - 0.25f;
  return TF_OK;
}

static TF_Code run(Session *s, const Run *r, Tensor *outputs, TF_Status *st) {
  const Tensor *feeds[1] = {&r->feed};
  return session_run(s, r->feeds, feeds, r->num_feeds, r->fetches, outputs, r->num_fetches, r->targets,
                     r->num_targets, NULL, st);
}

static void must_be_equal(const Tensor *a, const Tensor *b) {
  if (!tensor_same_shape(a, b) || a->dtype != b->dtype) abort();
  size_t size = (size_t)tensor_count(a) * dtype_size(a->dtype);
  for (size_t i = 0; i < size; i += dtype_size(a->dtype)) {
    const char *x = (const char *)a->data + i, *y = (const char *)b->data + i;
    if (a->dtype == TF_FLOAT && *(const float *)x != *(const float *)x &&
        *(const float *)y != *(const float *)y)
      continue;
    if (a->dtype == TF_FLOAT ? *(const float *)x != *(const float *)y
                             : memcmp(x, y, dtype_size(a->dtype)) != 0)
      abort();
  }
}

/* False when the sessions' variables may differ from now on: one failed where the other did not, or half
 * way. */
static bool run_both(Session *const *sessions, const Run *r) {
  Tensor outputs[2][MAX_FETCHES] = {{{0}}};
  TF_Code codes[2];
  for (int i = 0; i < 2; i++) {
    TF_Status st = {0};
    codes[i] = run(sessions[i], r, outputs[i], &st);
    if (getenv("SM_FUZZ_SHOW")) fprintf(stderr, "session %d: %s\n", i, TF_Message(&st));
    status_clear(&st);
  }
  for (int k = 0; k < r->num_fetches; k++) {
    if (!codes[0] && !codes[1]) must_be_equal(&outputs[0][k], &outputs[1][k]);
    tensor_clear(&outputs[0][k]);
    tensor_clear(&outputs[1][k]);
  }
  return !codes[0] && !codes[1];
}

static void run_graph(Graph *graph, const Body *b, Choices *c) {
  SessionConfig config = {.intra_op_threads = 1, .timeout_ms = 20, .memory_limit = 16 << 20};
  Session *sessions[2] = {NULL, NULL};
  TF_Status st = {0};
  bool ok = !session_new(&sessions[0], graph, &config, &st);
  config.no_folding = config.no_specialization = true;
  ok = ok && !session_new(&sessions[1], graph, &config, &st);
  Run runs[2] = {0};
  for (int i = 0; ok && i < 2; i++) ok = !choose_run(&runs[i], graph, b, c, &st);
  const Node *initializer = node_at(graph, FIRST_TARGET);
  for (int i = 0; ok && i < 2; i++)
    ok = !session_run(sessions[i], NULL, NULL, 0, NULL, NULL, 0, &initializer, 1, NULL, &st);
  for (int i = 0; ok && i < RUNS; i++) ok = run_both(sessions, &runs[i % 3 == 2]);
  for (int i = 0; i < 2; i++) {
    tensor_clear(&runs[i].feed);
    session_free(sessions[i]);
  }
  status_clear(&st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Choices c = {data, data + size};
  Bytes text = {0};
  Body b = {0};
  print_graph(&b, &c, &text);
  Graph *graph = text.failed ? NULL : make_graph((Span){text.data, text.size});
  bytes_clear(&text);
  if (!graph) return 0;
  run_graph(graph, &b, &c);
  graph_unref(graph);
  return 0;
}
