/* GraphDef -> nodes: names and edges are checked first, then nodes are made in an order in which their inputs
 * exist (edges into a Merge from a NextIteration aside), then all are put into the graph. */
#include "graph/graph_import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "graph/attr.h"
#include "graph/function.h"
#include "wire/proto_message.h"

enum { EDGE_MAPPED = -1 };

/* An input of a node of the message: from another of its nodes, or from the graph. */
typedef struct Edge {
  int from;     /* index of the node, or EDGE_MAPPED */
  int index;    /* -1: control */
  TF_Output to; /* EDGE_MAPPED: what it was mapped to */
} Edge;

typedef struct Import {
  Graph *graph;
  const Tensorflow__GraphDef *def;
  const GraphImportOptions *options;
  Arena scratch;
  Map names;  /* name -> index + 1 of the node */
  Map mapped; /* mapped name -> first of `options->mapped` with it, as index + 1 */
  bool *mapped_used;
  Edge **edges;              /* of each node, as many as it has inputs */
  int *pending;              /* inputs that must still be made, back edges aside */
  bool *loop_merge;          /* a Merge with a back edge */
  int *out_start, *out_node; /* nodes that take from node i: out_node[out_start[i]..out_start[i + 1]) */
  int *heap, heap_count;     /* nodes ready to be made, smallest first */
  Node **nodes;              /* made, by index in the message */
  Node **order;              /* made, in the order of making */
  int num_made;
  char *prefix; /* "" or "p/" */
  const char **new_names;
} Import;

/* ---- names ---- */

static bool name_char(char c, bool first) {
  return isalnum((unsigned char)c) || c == '.' ||
         (!first && (c == '_' || c == '-' || c == '/' || c == '>' || c == '\\'));
}

static bool valid_name(const char *name, size_t len) {
  if (!len || !name_char(name[0], true)) return false;
  for (size_t i = 1; i < len; i++)
    if (!name_char(name[i], false)) return false;
  return true;
}

/* Fills used_prefixes up to the last node. */
static bool take_scopes(Graph *graph) {
  for (; graph->num_prefixed < graph->num_nodes; graph->num_prefixed++) {
    const char *name = graph->nodes[graph->num_prefixed]->name;
    for (const char *slash = strrchr(name, '/'); slash;) {
      size_t len = (size_t)(slash - name);
      if (map_has_n(&graph->used_prefixes, name, len)) break;
      if (!map_put_n(&graph->used_prefixes, name, len, graph)) return false;
      for (slash = len ? slash - 1 : NULL; slash && slash > name && *slash != '/';) slash--;
      if (slash == name) slash = NULL;
    }
  }
  return true;
}

static bool name_taken(const Graph *graph, const char *name) {
  return graph_find(graph, name) || map_has_n(&graph->used_prefixes, name, strlen(name));
}

/* "x", "x_1", "x_2", ...: the first that is free, here and in the names of the message. */
static const char *unique_name(Import *im, const char *name) {
  const char *candidate = name;
  for (int i = 1;
       candidate && (name_taken(im->graph, candidate) || (i > 1 && map_get(&im->names, candidate))); i++)
    candidate = arena_printf(&im->graph->arena, "%s_%d", name, i);
  return candidate;
}

static TF_Code set_prefix(Import *im, TF_Status *st) {
  const char *wanted = im->options->prefix ? im->options->prefix : "";
  size_t len = strlen(wanted);
  if (len && wanted[len - 1] == '/') len--;
  if (!len && *wanted == 0) {
    im->prefix = "";
    return TF_OK;
  }
  const char *name = arena_strndup(&im->scratch, wanted, len);
  if (!name) return fail_oom(st, "importing a graph");
  if (!valid_name(name, len))
    return fail(st, TF_INVALID_ARGUMENT, "Imported node name prefix '%s/' would lead to invalid node names",
                name);
  if (im->options->uniquify_prefix) {
    if (!take_scopes(im->graph)) return fail_oom(st, "importing a graph");
    name = unique_name(im, name);
  }
  im->prefix = name ? arena_printf(&im->scratch, "%s/", name) : NULL;
  return im->prefix ? TF_OK : fail_oom(st, "importing a graph");
}

static TF_Code index_names(Import *im, TF_Status *st) {
  for (size_t i = 0; i < im->def->n_node; i++) {
    const char *name = im->def->node[i]->name;
    if (im->options->any_names ? !*name : !valid_name(name, strlen(name)))
      return fail(st, TF_INVALID_ARGUMENT, "Node '%s': Node name contains invalid characters", name);
    if (map_get(&im->names, name)) return fail(st, TF_INVALID_ARGUMENT, "Node '%s' is not unique", name);
    if (!map_put(&im->names, name, (void *)(uintptr_t)(i + 1))) return fail_oom(st, "importing a graph");
  }
  return TF_OK;
}

/* The names that the nodes will have, in the graph's arena. */
static TF_Code make_names(Import *im, TF_Status *st) {
  const GraphImportOptions *o = im->options;
  Graph *graph = im->graph;
  bool unique = o->uniquify_names && (!*im->prefix || !o->uniquify_prefix);
  if (unique && !take_scopes(graph)) return fail_oom(st, "importing a graph");
  for (size_t i = 0; i < im->def->n_node; i++) {
    const char *name = im->def->node[i]->name;
    name = *im->prefix ? arena_printf(&graph->arena, "%s%s", im->prefix, name)
                       : arena_strdup(&graph->arena, name);
    if (name && unique) name = unique_name(im, name);
    if (!name) return fail_oom(st, "importing a graph");
    if (graph_find(graph, name))
      return fail(st, TF_INVALID_ARGUMENT, "Node name '%s' already exists in the Graph", name);
    im->new_names[i] = name;
  }
  return TF_OK;
}

/* ---- edges ---- */

const char *graph_parse_input(const char *input, size_t *name_len, int *index) {
  if (*input == '^') {
    *index = -1;
    *name_len = strlen(input + 1);
    return input + 1;
  }
  size_t len = strlen(input), digits = 0;
  while (digits < len && digits < 9 && isdigit((unsigned char)input[len - 1 - digits])) digits++;
  *index = 0;
  *name_len = len;
  if (digits && digits < len && input[len - 1 - digits] == ':') {
    *index = atoi(input + len - digits);
    *name_len = len - digits - 1;
  }
  return input;
}

static bool find_mapped(Import *im, const char *name, size_t len, int index, TF_Output *to) {
  size_t first = (size_t)(uintptr_t)map_get_n(&im->mapped, name, len);
  for (int i = (int)first - 1; first && i < im->options->num_mapped; i++) {
    const ImportRef *ref = &im->options->mapped[i];
    if (ref->index != index || strlen(ref->name) != len || memcmp(ref->name, name, len)) continue;
    im->mapped_used[i] = true;
    *to = im->options->mapped_to[i];
    return true;
  }
  return false;
}

static TF_Code parse_edge(Import *im, const Tensorflow__NodeDef *node, const char *input, Edge *edge,
                          TF_Status *st) {
  size_t len;
  const char *name = graph_parse_input(input, &len, &edge->index);
  edge->from = EDGE_MAPPED;
  if (im->mapped.count && find_mapped(im, name, len, edge->index, &edge->to)) return TF_OK;
  edge->from = (int)(uintptr_t)map_get_n(&im->names, name, len) - 1;
  if (edge->from < 0)
    return fail(st, TF_INVALID_ARGUMENT, "Node '%s': Unknown input node '%s'", node->name, input);
  return TF_OK;
}

static bool is_op(const Import *im, int i, const char *op, const char *ref_op) {
  const char *name = im->def->node[i]->op;
  return !strcmp(name, op) || !strcmp(name, ref_op);
}

/* From a NextIteration into a Merge: the one kind of edge that may close a cycle. */
static bool is_back_edge(const Import *im, int i, const Edge *e) {
  return e->from >= 0 && e->index >= 0 && is_op(im, i, "Merge", "RefMerge") &&
         is_op(im, e->from, "NextIteration", "RefNextIteration");
}

static TF_Code parse_edges(Import *im, TF_Status *st) {
  for (int i = 0; i < (int)im->def->n_node; i++) {
    const Tensorflow__NodeDef *node = im->def->node[i];
    bool controls = false;
    Edge *edges = im->edges[i] = arena_alloc(&im->scratch, node->n_input * sizeof *edges);
    if (!edges) return fail_oom(st, "importing a graph");
    for (size_t k = 0; k < node->n_input; k++) {
      TRY(parse_edge(im, node, node->input[k], &edges[k], st));
      if (edges[k].index < 0) controls = true;
      else if (controls)
        return fail(st, TF_INVALID_ARGUMENT,
                    "Node '%s': Control dependencies must come after regular dependencies", node->name);
      if (is_back_edge(im, i, &edges[k])) im->loop_merge[i] = true;
      else im->pending[i] += edges[k].from >= 0;
    }
  }
  return TF_OK;
}

/* Lists of who takes from whom, by counting. */
static TF_Code list_consumers(Import *im, TF_Status *st) {
  size_t n = im->def->n_node, total = 0;
  im->out_start = arena_calloc(&im->scratch, n + 2, sizeof *im->out_start);
  if (!im->out_start) return fail_oom(st, "importing a graph");
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < im->def->node[i]->n_input; k++) {
      if (im->edges[i][k].from < 0 || is_back_edge(im, (int)i, &im->edges[i][k])) continue;
      im->out_start[im->edges[i][k].from + 2]++;
      total++;
    }
  }
  for (size_t i = 2; i < n + 2; i++) im->out_start[i] += im->out_start[i - 1];
  im->out_node = arena_alloc(&im->scratch, total * sizeof *im->out_node);
  if (!im->out_node) return fail_oom(st, "importing a graph");
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < im->def->node[i]->n_input; k++)
      if (im->edges[i][k].from >= 0 && !is_back_edge(im, (int)i, &im->edges[i][k]))
        im->out_node[im->out_start[im->edges[i][k].from + 1]++] = (int)i;
  return TF_OK;
}

/* ---- the heap of nodes that are ready ---- */

static void push_ready(Import *im, int node) {
  int at = im->heap_count++;
  for (; at > 0 && im->heap[(at - 1) / 2] > node; at = (at - 1) / 2) im->heap[at] = im->heap[(at - 1) / 2];
  im->heap[at] = node;
}

static int pop_ready(Import *im) {
  int top = im->heap[0], last = im->heap[--im->heap_count], at = 0;
  for (;;) {
    int child = at * 2 + 1;
    if (child >= im->heap_count) break;
    if (child + 1 < im->heap_count && im->heap[child + 1] < im->heap[child]) child++;
    if (im->heap[child] >= last) break;
    im->heap[at] = im->heap[child];
    at = child;
  }
  im->heap[at] = last;
  return top;
}

/* ---- making nodes ---- */

TF_Code graph_check_deprecated(const OpSpec *spec, int producer, TF_Status *st) {
  if (spec->deprecated_from && producer >= spec->deprecated_from)
    return fail(st, TF_UNIMPLEMENTED,
                "Op %s is not available in GraphDef version %d. It has been removed in version %d.",
                spec->name, producer, spec->deprecated_from);
  return TF_OK;
}

/* _class entries "loc:@x" follow the names that nodes get. */
static TF_Code rename_class(Import *im, const Tensorflow__NodeDef *node, Attr *a, TF_Status *st) {
  if (!a->is_list || a->kind != TF_ATTR_STRING) return TF_OK;
  Span *list = (Span *)a->v.list_s; /* made for this node just now */
  for (int64_t i = 0; i < a->count; i++) {
    if (list[i].size < 5 || memcmp(list[i].data, "loc:@", 5)) continue;
    const char *name = (const char *)list[i].data + 5;
    int at = (int)(uintptr_t)map_get_n(&im->names, name, list[i].size - 5) - 1;
    if (at < 0 && !im->options->skip_colocation_check)
      return fail(st, TF_INVALID_ARGUMENT, "Node '%s' expects to be colocated with unknown node '%s'",
                  node->name, name);
    if (at < 0) continue;
    char *text = arena_printf(&im->graph->arena, "loc:@%s", im->new_names[at]);
    if (!text) return fail_oom(st, "importing a graph");
    list[i] = (Span){text, strlen(text)};
  }
  return TF_OK;
}

static TF_Code read_attrs(Import *im, const Tensorflow__NodeDef *node, const OpSpec *spec, NodeInit *init,
                          TF_Status *st) {
  AttrStore store = {&im->graph->arena, &im->graph->tensors};
  init->attrs = arena_alloc(&im->scratch, node->n_attr * sizeof *init->attrs);
  if (!init->attrs) return fail_oom(st, "importing a graph");
  for (size_t i = 0; i < node->n_attr; i++) {
    const char *key = node->attr[i]->key;
    Attr *a = &init->attrs[init->num_attrs];
    if (!strcmp(key, "_output_shapes")) continue; /* see apply_output_shapes */
    if (attr_from_proto(store, key, node->attr[i]->value, a, st)) {
      const AttrSpec *want = op_spec_attr(spec, key);
      if (want && node->attr[i]->value->value_case == TENSORFLOW__ATTR_VALUE__VALUE__NOT_SET)
        fail_suffix(st, " with expected type '%s'", attr_kind_name(want->kind, want->is_list));
      Bytes text = {0};
      op_spec_print(spec, &text);
      fail_suffix(st, "\n\t for attr '%s'\n\t; NodeDef: {{node %s}}; %s", key, node->name,
                  text.failed ? "" : text.data);
      bytes_clear(&text);
      return TF_GetCode(st);
    }
    if (!strcmp(key, "_class")) TRY(rename_class(im, node, a, st));
    init->num_attrs++;
  }
  return TF_OK;
}

/* The exporter's knowledge of shapes, where it does not contradict ours. */
static void apply_output_shapes(const Tensorflow__NodeDef *def, Node *node) {
  for (size_t i = 0; i < def->n_attr; i++) {
    const Tensorflow__AttrValue *v = def->attr[i]->value;
    if (strcmp(def->attr[i]->key, "_output_shapes") || v->value_case != TENSORFLOW__ATTR_VALUE__VALUE_LIST)
      continue;
    for (size_t k = 0; k < v->list->n_shape && k < (size_t)node->num_outputs; k++) {
      TF_Status *st = TF_NewStatus();
      Shape given, merged;
      if (st && !shape_from_proto(v->list->shape[k], &given, st) &&
          !shape_merge(&node->output_shapes[k], &given, &merged, st))
        node->output_shapes[k] = merged;
      TF_DeleteStatus(st);
    }
  }
}

/* Controls that the options ask for: of nodes that do not get them through others of the import. */
static bool wants_dependencies(const Import *im, int i) {
  if (!im->options->num_control_dependencies) return false;
  for (size_t k = 0; k < im->def->node[i]->n_input; k++) {
    const Edge *e = &im->edges[i][k];
    if (e->from >= 0 && !is_back_edge(im, i, e)) return false;
  }
  return true;
}

static TF_Code make_node(Import *im, int i, TF_Status *st) {
  const Tensorflow__NodeDef *def = im->def->node[i];
  Graph *graph = im->graph;
  const OpSpec *spec = graph_spec_find(graph, def->op);
  if (!spec) return graph_fail_no_op(def->op, st);
  TRY(graph_check_deprecated(spec, im->def->versions ? im->def->versions->producer : 0, st));
  bool more = wants_dependencies(im, i);
  size_t num_more = more ? (size_t)im->options->num_control_dependencies : 0;
  TF_Output *inputs = arena_alloc(&im->scratch, def->n_input * sizeof *inputs);
  Node **controls = arena_alloc(&im->scratch, (def->n_input + num_more) * sizeof *controls);
  const char *device = *def->device                  ? def->device
                       : im->options->default_device ? im->options->default_device
                                                     : "";
  NodeInit init = {.name = im->new_names[i],
                   .spec = spec,
                   .inputs = inputs,
                   .controls = controls,
                   .device = *device ? arena_strdup(&graph->arena, device) : ""};
  if (!inputs || !controls || !init.device) return fail_oom(st, "importing a graph");
  for (size_t k = 0; k < num_more; k++) controls[init.num_controls++] = im->options->control_dependencies[k];
  for (size_t k = 0; k < def->n_input; k++) {
    const Edge *e = &im->edges[i][k];
    TF_Output from = e->from >= 0 ? (TF_Output){im->nodes[e->from], e->index} : e->to;
    if (e->index < 0) controls[init.num_controls++] = from.oper;
    else inputs[init.num_inputs++] = from;
  }
  TRY(read_attrs(im, def, spec, &init, st));
  Node *node;
  TRY(node_make(graph, &init, &node, st));
  apply_output_shapes(def, node);
  if (def->experimental_debug_info &&
      !(node->debug_info = proto_copy(&graph->arena, &def->experimental_debug_info->base)))
    return fail_oom(st, "importing a graph");
  if (def->experimental_type && !(node->full_type = proto_copy(&graph->arena, &def->experimental_type->base)))
    return fail_oom(st, "importing a graph");
  im->nodes[i] = im->order[im->num_made++] = node;
  return TF_OK;
}

static TF_Code make_nodes(Import *im, TF_Status *st) {
  int n = (int)im->def->n_node;
  for (int i = 0; i < n; i++)
    if (!im->pending[i]) push_ready(im, i);
  while (im->heap_count) {
    int i = pop_ready(im);
    TRY(make_node(im, i, st));
    for (int k = im->out_start[i]; k < im->out_start[i + 1]; k++)
      if (--im->pending[im->out_node[k]] == 0) push_ready(im, im->out_node[k]);
  }
  if (im->num_made < n) return fail(st, TF_INVALID_ARGUMENT, "%d nodes in a cycle", n - im->num_made);
  for (int i = 0; i < n; i++) {
    for (size_t k = 0; im->loop_merge[i] && k < im->def->node[i]->n_input; k++) {
      const Edge *e = &im->edges[i][k];
      if (e->index < 0 || im->nodes[i]->inputs[k].oper) continue;
      TRY(node_set_back_edge(im->nodes[i], (int)k, (TF_Output){im->nodes[e->from], e->index}, st));
    }
  }
  return TF_OK;
}

/* ---- results ---- */

static TF_Code return_outputs(Import *im, Arena *arena, GraphImportResults *r, TF_Status *st) {
  const GraphImportOptions *o = im->options;
  r->return_outputs = arena_alloc(arena, (size_t)o->num_return_outputs * sizeof *r->return_outputs);
  r->return_nodes = arena_alloc(arena, (size_t)o->num_return_nodes * sizeof *r->return_nodes);
  if (!r->return_outputs || !r->return_nodes) return fail_oom(st, "importing a graph");
  for (int i = 0; i < o->num_return_outputs; i++) {
    const ImportRef *ref = &o->return_outputs[i];
    if (find_mapped(im, ref->name, strlen(ref->name), ref->index, &r->return_outputs[i])) continue;
    int at = (int)(uintptr_t)map_get(&im->names, ref->name) - 1;
    if (at < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Requested return tensor '%s:%d' not found in graph def",
                  ref->name, ref->index);
    Node *node = im->nodes[at];
    if (ref->index < 0 || ref->index >= node->num_outputs)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid return output %d of node '%s', which has %d output(s)",
                  ref->index, ref->name, node->num_outputs);
    r->return_outputs[i] = (TF_Output){node, ref->index};
  }
  for (int i = 0; i < o->num_return_nodes; i++) {
    int at = (int)(uintptr_t)map_get(&im->names, o->return_nodes[i]) - 1;
    if (at < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Requested return node '%s' not found in graph def",
                  o->return_nodes[i]);
    r->return_nodes[i] = im->nodes[at];
  }
  return TF_OK;
}

/* Whether a mapped key names something that the message has. */
static bool is_there(const Import *im, const ImportRef *ref) {
  int at = (int)(uintptr_t)map_get(&im->names, ref->name) - 1;
  return at >= 0 && ref->index < im->nodes[at]->num_outputs;
}

static TF_Code list_missing(Import *im, Arena *arena, GraphImportResults *r, TF_Status *st) {
  const GraphImportOptions *o = im->options;
  r->missing_names = arena_alloc(arena, (size_t)o->num_mapped * sizeof *r->missing_names);
  r->missing_indexes = arena_alloc(arena, (size_t)o->num_mapped * sizeof *r->missing_indexes);
  if (!r->missing_names || !r->missing_indexes) return fail_oom(st, "importing a graph");
  for (int i = 0; i < o->num_mapped; i++) {
    if (im->mapped_used[i] || is_there(im, &o->mapped[i])) continue;
    if (!(r->missing_names[r->num_missing] = arena_strdup(arena, o->mapped[i].name)))
      return fail_oom(st, "importing a graph");
    r->missing_indexes[r->num_missing++] = o->mapped[i].index;
  }
  return TF_OK;
}

/* ---- the whole ---- */

TF_Code graph_check_versions(const Tensorflow__VersionDef *v, TF_Status *st) {
  if (!v) return TF_OK;
  if (v->min_consumer > GRAPH_PRODUCER)
    return fail(st, TF_INVALID_ARGUMENT,
                "GraphDef min consumer version %d above current version %d for TensorFlow %s.  Please "
                "upgrade TensorFlow.",
                v->min_consumer, GRAPH_PRODUCER, GRAPH_TENSORFLOW_VERSION);
  for (size_t i = 0; i < v->n_bad_consumers; i++)
    if (v->bad_consumers[i] == GRAPH_PRODUCER)
      return fail(
          st, TF_INVALID_ARGUMENT,
          "GraphDef disallows consumer version %d.  Please upgrade TensorFlow: this version is likely buggy.",
          GRAPH_PRODUCER);
  return TF_OK;
}

static TF_Code add_library(Graph *graph, const Tensorflow__FunctionDefLibrary *library, TF_Status *st) {
  if (!library) return TF_OK;
  for (size_t i = 0; i < library->n_function; i++) TRY(graph_function_add(graph, library->function[i], st));
  for (size_t i = 0; i < library->n_gradient; i++)
    TRY(graph_gradient_add(graph, library->gradient[i]->function_name, library->gradient[i]->gradient_func,
                           st));
  return TF_OK;
}

static TF_Code import_all(Import *im, Arena *arena, GraphImportResults *results, TF_Status *st) {
  size_t n = im->def->n_node;
  const GraphImportOptions *o = im->options;
  TRY(graph_check_versions(im->def->versions, st));
  if (n > INT32_MAX / 4) return fail(st, TF_INVALID_ARGUMENT, "a graph of %zu nodes", n);
  im->edges = arena_calloc(&im->scratch, n, sizeof *im->edges);
  im->pending = arena_calloc(&im->scratch, n, sizeof *im->pending);
  im->loop_merge = arena_calloc(&im->scratch, n, sizeof *im->loop_merge);
  im->heap = arena_alloc(&im->scratch, n * sizeof *im->heap);
  im->nodes = arena_calloc(&im->scratch, n, sizeof *im->nodes);
  im->order = arena_alloc(&im->scratch, n * sizeof *im->order);
  im->new_names = arena_alloc(&im->scratch, n * sizeof *im->new_names);
  im->mapped_used = arena_calloc(&im->scratch, (size_t)o->num_mapped, sizeof *im->mapped_used);
  if (!im->edges || !im->pending || !im->loop_merge || !im->heap || !im->nodes || !im->order ||
      !im->new_names || !im->mapped_used)
    return fail_oom(st, "importing a graph");
  for (int i = 0; i < o->num_mapped; i++)
    if (!map_get(&im->mapped, o->mapped[i].name) &&
        !map_put(&im->mapped, o->mapped[i].name, (void *)(uintptr_t)(i + 1)))
      return fail_oom(st, "importing a graph");
  TRY(index_names(im, st));
  TRY(set_prefix(im, st));
  TRY(make_names(im, st));
  TRY(parse_edges(im, st));
  TRY(list_consumers(im, st));
  TRY(add_library(im->graph, im->def->library, st));
  TRY(make_nodes(im, st));
  if (results) TRY(return_outputs(im, arena, results, st));
  if (results) TRY(list_missing(im, arena, results, st));
  TRY(graph_insert(im->graph, im->order, im->num_made, st));
  int producer = im->def->versions ? im->def->versions->producer : 0;
  int min_consumer = im->def->versions ? im->def->versions->min_consumer : 0;
  if (producer < im->graph->producer) im->graph->producer = producer;
  if (min_consumer > im->graph->min_consumer) im->graph->min_consumer = min_consumer;
  return TF_OK;
}

TF_Code graph_import(Graph *graph, const Tensorflow__GraphDef *def, const GraphImportOptions *options,
                     Arena *arena, GraphImportResults *results, TF_Status *st) {
  Import im = {.graph = graph, .def = def, .options = options};
  graph_lock(graph);
  size_t functions = graph->functions.count;
  TF_Code code = import_all(&im, arena, results, st);
  while (code && graph->functions.count > functions) map_pop(&graph->functions);
  graph_unlock(graph);
  map_clear(&im.names);
  map_clear(&im.mapped);
  arena_clear(&im.scratch);
  return code;
}
