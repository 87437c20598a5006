/* Graphs through the C API: making them, walking them, their shapes. */
#include <stdlib.h>

#include "capi/capi.h"
#include "graph/shape_infer.h"
#include "ops/op.h"
#include "ops/op_eval.h"
#include "tensorflow/c/c_api_experimental.h"

static ShapeFn *lookup_shape_fn(const char *op) {
  const OpRow *row = op_row_find(op);
  return row ? row->shape : NULL;
}

static TF_Code no_calls(StepEnv *env, const Callee *callee, const Tensor *const *inputs, int num_inputs,
                        Tensor *outputs, int num_outputs, TF_Status *st) {
  (void)env, (void)callee, (void)inputs, (void)num_inputs, (void)outputs, (void)num_outputs;
  return fail(st, TF_UNIMPLEMENTED, "functions are not called while a graph is built");
}

/* Runs a kernel on constants while the graph is built. Any failure means: the value is not known. */
static bool eval_constant(const Node *node, const Tensor *const *inputs, Tensor *outputs) {
  static const unsigned not_pure = OP_STATEFUL | OP_CONTROL | OP_BLOCKING;
  const OpRow *row = op_row_find(node->op);
  if (!row || row->flags & not_pure || (node->spec->flags & OP_SPEC_STATEFUL)) return false;
  TF_Status st = {0};
  Arena arena = {0};
  OpScratch scratch = {0};
  atomic_bool cancelled = false;
  StepEnv env = {.threads = 1, .cancelled = &cancelled, .call = no_calls, .memory_limit = 1 << 20};
  OpInit init = {.node = node, .arena = &arena};
  Kernel kernel = {0};
  int *aliases = arena_calloc(&arena, (size_t)node->num_outputs + 1, sizeof *aliases);
  const Tensor **in = arena_memdup(&arena, inputs, (size_t)node->num_inputs * sizeof *in);
  bool ok = aliases && in && !kernel_init(&kernel, &init, &st);
  if (ok) {
    OpCtx c = {.node = node,
               .row = kernel.row,
               .state = kernel.state,
               .num_inputs = node->num_inputs,
               .num_outputs = node->num_outputs,
               .inputs = in,
               .outputs = outputs,
               .threads = 1,
               .env = &env,
               .aliases = aliases};
    ok = !op_eval(&c, &scratch, 0, &st);
  }
  kernel_clear(&kernel);
  op_scratch_clear(&scratch);
  arena_clear(&arena);
  return ok;
}

TF_Graph *TF_NewGraph(void) {
  graph_set_shape_functions(lookup_shape_fn, eval_constant);
  return graph_new();
}

void TF_DeleteGraph(TF_Graph *graph) { graph_unref(graph); }

TF_Operation *TF_GraphOperationByName(TF_Graph *graph, const char *oper_name) {
  graph_lock(graph);
  Node *node = graph_find(graph, oper_name);
  graph_unlock(graph);
  return node;
}

TF_Operation *TF_GraphNextOperation(TF_Graph *graph, size_t *pos) {
  graph_lock(graph);
  Node *node = *pos < (size_t)graph->num_nodes ? graph->nodes[(*pos)++] : NULL;
  graph_unlock(graph);
  return node;
}

/* The inferred shape of an output; false and an error when there is no such output. The graph is locked. */
static Shape *output_shape(TF_Graph *graph, TF_Output out, TF_Status *st) {
  status_reset(st);
  if (out.oper && out.oper->graph == graph && out.index >= 0 && out.index < out.oper->num_outputs)
    return &out.oper->output_shapes[out.index];
  fail(st, TF_INVALID_ARGUMENT, "Node %s was not found in the graph", out.oper ? out.oper->name : "(null)");
  return NULL;
}

int TF_GraphGetTensorNumDims(TF_Graph *graph, TF_Output output, TF_Status *st) {
  graph_lock(graph);
  const Shape *shape = output_shape(graph, output, st);
  int rank = shape ? shape->rank : -1;
  graph_unlock(graph);
  return rank;
}

void TF_GraphGetTensorShape(TF_Graph *graph, TF_Output output, int64_t *dims, int num_dims, TF_Status *st) {
  graph_lock(graph);
  const Shape *shape = output_shape(graph, output, st);
  if (shape && shape->rank >= 0) {
    if (num_dims != shape->rank)
      fail(st, TF_INVALID_ARGUMENT, "Expected rank is %d but actual rank is %d", num_dims, shape->rank);
    else
      for (int i = 0; i < num_dims; i++) dims[i] = shape->dims[i];
  }
  graph_unlock(graph);
}

void TF_GraphSetTensorShape(TF_Graph *graph, TF_Output output, const int64_t *dims, const int num_dims,
                            TF_Status *st) {
  graph_lock(graph);
  Shape *shape = output_shape(graph, output, st), given = {.rank = num_dims < 0 ? -1 : num_dims}, merged;
  if (shape && num_dims > TENSOR_MAX_RANK) {
    fail(st, TF_INVALID_ARGUMENT, "a shape of rank %d: ranks up to %d are supported", num_dims,
         TENSOR_MAX_RANK);
  } else if (shape) {
    for (int i = 0; i < num_dims; i++) given.dims[i] = dims[i] < 0 ? -1 : dims[i];
    if (!shape_merge(shape, &given, &merged, st)) *shape = merged;
  }
  graph_unlock(graph);
}

unsigned char TF_TryEvaluateConstant(TF_Graph *graph, TF_Output output, TF_Tensor **result, TF_Status *st) {
  status_reset(st);
  *result = NULL;
  graph_lock(graph);
  const Tensor *value = output_shape(graph, output, st) ? graph_constant_value(output) : NULL;
  Tensor shared;
  if (value) tensor_share(&shared, value);
  graph_unlock(graph);
  if (value && !(*result = tensor_to_heap(&shared))) fail_oom(st, "a tensor");
  return *result != NULL;
}

int TF_OpIsStateful(const char *op_type, TF_Status *st) {
  status_reset(st);
  const OpSpec *spec = op_spec_find(op_type);
  if (!spec) graph_fail_no_op(op_type, st);
  return spec && spec->flags & OP_SPEC_STATEFUL;
}

const char *TF_GetNumberAttrForOpListInput(const char *op_name, int input_index, TF_Status *st) {
  status_reset(st);
  const OpSpec *spec = op_spec_find(op_name);
  if (!spec) {
    graph_fail_no_op(op_name, st);
    return NULL;
  }
  if (input_index < 0 || input_index >= spec->num_inputs) {
    fail(st, TF_INVALID_ARGUMENT, " input_index out of range: %d", input_index);
    return NULL;
  }
  return spec->inputs[input_index].number_attr;
}
