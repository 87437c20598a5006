/* Graphs, operations and op specs as protos through the C API. */
#include "capi/capi.h"
#include "graph/function.h"
#include "graph/graph_export.h"
#include "tensor/tensor_proto.h"
#include "tensorflow/c/c_api_experimental.h"
#include "wire/text_format.h"

void TF_TensorFromProto(const TF_Buffer *from, TF_Tensor *to, TF_Status *st) {
  status_reset(st);
  Arena arena = {0};
  Tensorflow__TensorProto *proto;
  Tensor t = {0};
  if (proto_parse_view(&tensorflow__tensor_proto__descriptor, (Span){from->data, from->length}, &arena,
                       &proto, "", st)) {
    fail(st, TF_INVALID_ARGUMENT, "Unparseable tensor proto");
  } else if (!tensor_from_proto(proto, &t, st)) {
    tensor_clear(to);
    tensor_move(to, &t);
  }
  arena_clear(&arena);
}

/* ---- export ---- */

void TF_GraphToGraphDef(TF_Graph *graph, TF_Buffer *output_graph_def, TF_Status *st) {
  status_reset(st);
  Arena arena = {0};
  Tensorflow__GraphDef *def;
  graph_lock(graph);
  if (!graph_to_proto(graph, &arena, &def, st)) buffer_take_message(output_graph_def, &def->base, st);
  graph_unlock(graph);
  arena_clear(&arena);
}

void TF_OperationToNodeDef(TF_Operation *oper, TF_Buffer *output_node_def, TF_Status *st) {
  status_reset(st);
  Arena arena = {0};
  Tensorflow__NodeDef *def;
  if (!node_to_proto(oper, &arena, &def, st)) buffer_take_message(output_node_def, &def->base, st);
  arena_clear(&arena);
}

void TF_GraphVersions(TF_Graph *graph, TF_Buffer *output_version_def, TF_Status *st) {
  status_reset(st);
  Tensorflow__VersionDef versions = TENSORFLOW__VERSION_DEF__INIT;
  versions.producer = graph->producer;
  versions.min_consumer = graph->min_consumer;
  buffer_take_message(output_version_def, &versions.base, st);
}

void TF_GraphGetOpDef(TF_Graph *graph, const char *op_name, TF_Buffer *output_op_def, TF_Status *st) {
  status_reset(st);
  Arena arena = {0};
  Tensorflow__OpDef *def = NULL;
  graph_lock(graph);
  const GraphFunction *function = graph_function_find(graph, op_name);
  const OpSpec *spec = function ? NULL : op_spec_find(op_name);
  if (function) def = function->def->signature;
  else if (spec) op_spec_to_proto(spec, &arena, &def, st);
  else graph_fail_no_op(op_name, st);
  if (!TF_GetCode(st)) buffer_take_message(output_op_def, &def->base, st);
  graph_unlock(graph);
  arena_clear(&arena);
}

const char *TF_GraphDebugString(TF_Graph *graph, size_t *len) {
  TF_Status st = {0};
  Arena arena = {0};
  Bytes text = {0};
  Tensorflow__GraphDef *def;
  graph_lock(graph);
  if (!graph_to_proto(graph, &arena, &def, &st)) (void)text_format_print(&def->base, &text, &st);
  graph_unlock(graph);
  arena_clear(&arena);
  if (!text.data) bytes_puts(&text, "");
  if (len) *len = text.size;
  return text.data;
}

TF_Buffer *TF_GetAllOpList(void) {
  TF_Status st = {0};
  Arena arena = {0};
  int count;
  const char *const *names = op_spec_names(&count);
  Tensorflow__OpList *list = proto_new(&arena, &tensorflow__op_list__descriptor);
  TF_Buffer *buffer = TF_NewBuffer();
  bool ok = list && buffer && (list->op = arena_alloc(&arena, (size_t)count * sizeof *list->op));
  for (int i = 0; ok && i < count; i++) {
    const OpSpec *spec = names[i][0] == '_' ? NULL : op_spec_find(names[i]); /* internal ops are not listed */
    if (spec) ok = !op_spec_to_proto(spec, &arena, &list->op[list->n_op++], &st);
  }
  if (!ok || buffer_take_message(buffer, &list->base, &st)) {
    TF_DeleteBuffer(buffer);
    buffer = NULL;
  }
  arena_clear(&arena);
  return buffer;
}
