/* Nodes -> NodeDefs. */
#include "graph/graph_export.h"

#include <stdlib.h>
#include <string.h>

#include "graph/attr.h"
#include "graph/function.h"
#include "wire/proto_message.h"

static TF_Code put_inputs(const Node *node, Arena *arena, Tensorflow__NodeDef *def, TF_Status *st) {
  size_t count = (size_t)node->num_inputs + (size_t)node->num_controls;
  def->input = arena_alloc(arena, proto_capacity(count) * sizeof *def->input);
  if (!def->input) return fail_oom(st, "a NodeDef");
  for (int i = 0; i < node->num_inputs; i++) {
    TF_Output from = node->inputs[i];
    char *text = from.index ? arena_printf(arena, "%s:%d", from.oper->name, from.index)
                            : (char *)from.oper->name;
    if (!text) return fail_oom(st, "a NodeDef");
    def->input[def->n_input++] = text;
  }
  for (int i = 0; i < node->num_controls; i++) {
    char *text = arena_printf(arena, "^%s", node->controls[i]->name);
    if (!text) return fail_oom(st, "a NodeDef");
    def->input[def->n_input++] = text;
  }
  return TF_OK;
}

TF_Code node_to_proto(const Node *node, Arena *arena, Tensorflow__NodeDef **out, TF_Status *st) {
  Tensorflow__NodeDef *def = proto_new(arena, &tensorflow__node_def__descriptor);
  if (!def) return fail_oom(st, "a NodeDef");
  def->name = (char *)node->name;
  def->op = (char *)node->op;
  def->device = (char *)node->device;
  def->experimental_debug_info = (void *)node->debug_info;
  def->experimental_type = (void *)node->full_type;
  TRY(put_inputs(node, arena, def, st));
  def->attr = arena_alloc(arena, proto_capacity((size_t)node->num_attrs) * sizeof *def->attr);
  if (!def->attr) return fail_oom(st, "a NodeDef");
  for (int i = 0; i < node->num_attrs; i++) {
    Tensorflow__NodeDef__AttrEntry *e = proto_new(arena, &tensorflow__node_def__attr_entry__descriptor);
    if (!e) return fail_oom(st, "a NodeDef");
    e->key = (char *)node->attrs[i].name;
    TRY(attr_to_proto(&node->attrs[i], arena, &e->value, st));
    def->attr[def->n_attr++] = e;
  }
  *out = def;
  return TF_OK;
}

static TF_Code put_library(const Graph *graph, Arena *arena, Tensorflow__GraphDef *def, TF_Status *st) {
  Tensorflow__FunctionDefLibrary *lib = proto_new(arena, &tensorflow__function_def_library__descriptor);
  size_t room = proto_capacity(graph->functions.count);
  if (!lib || !(lib->function = arena_alloc(arena, room * sizeof *lib->function)) ||
      !(lib->gradient = arena_alloc(arena, room * sizeof *lib->gradient)))
    return fail_oom(st, "a GraphDef");
  def->library = lib;
  for (size_t i = 0; i < graph->functions.count; i++) {
    const GraphFunction *f = graph->functions.entries[i].value;
    lib->function[lib->n_function++] = (Tensorflow__FunctionDef *)f->def;
    if (!f->gradient) continue;
    Tensorflow__GradientDef *g = proto_new(arena, &tensorflow__gradient_def__descriptor);
    if (!g) return fail_oom(st, "a GraphDef");
    g->function_name = (char *)f->name;
    g->gradient_func = (char *)f->gradient;
    lib->gradient[lib->n_gradient++] = g;
  }
  return TF_OK;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The nodes, their control inputs by name as TensorFlow writes a graph. */
TF_Code graph_to_proto(const Graph *graph, Arena *arena, Tensorflow__GraphDef **out, TF_Status *st) {
  Tensorflow__GraphDef *def = proto_new(arena, &tensorflow__graph_def__descriptor);
  if (!def || !(def->versions = proto_new(arena, &tensorflow__version_def__descriptor)) ||
      !(def->node = arena_alloc(arena, proto_capacity((size_t)graph->num_nodes) * sizeof *def->node)))
    return fail_oom(st, "a GraphDef");
  def->versions->producer = graph->producer;
  def->versions->min_consumer = graph->min_consumer;
  for (; def->n_node < (size_t)graph->num_nodes; def->n_node++) {
    const Node *node = graph->nodes[def->n_node];
    Tensorflow__NodeDef **to = &def->node[def->n_node];
    TRY(node_to_proto(node, arena, to, st));
    if (node->num_controls)
      qsort((*to)->input + node->num_inputs, (size_t)node->num_controls, sizeof(char *), by_text);
  }
  TRY(put_library(graph, arena, def, st));
  *out = def;
  return TF_OK;
}
