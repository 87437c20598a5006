/* Graphs: their life, look-ups, and adding nodes that were made. */
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/attr.h"
#include "graph/function.h"

Graph *graph_new(void) {
  Graph *graph = calloc(1, sizeof *graph);
  if (!graph) return NULL;
  if (pthread_mutex_init(&graph->lock, NULL)) {
    free(graph);
    return NULL;
  }
  atomic_init(&graph->refs, 1);
  graph->producer = GRAPH_PRODUCER;
  graph->min_consumer = GRAPH_MIN_CONSUMER;
  return graph;
}

Graph *graph_ref(Graph *graph) {
  atomic_fetch_add_explicit(&graph->refs, 1, memory_order_relaxed);
  return graph;
}

void graph_unref(Graph *graph) {
  if (!graph || atomic_fetch_sub_explicit(&graph->refs, 1, memory_order_acq_rel) != 1) return;
  owned_tensors_clear(&graph->tensors);
  map_clear(&graph->by_name);
  map_clear(&graph->functions);
  map_clear(&graph->used_prefixes);
  free(graph->nodes);
  arena_clear(&graph->arena);
  pthread_mutex_destroy(&graph->lock);
  free(graph);
}

Node *graph_find(const Graph *graph, const char *name) { return map_get(&graph->by_name, name); }

const OpSpec *graph_spec_find(const Graph *graph, const char *op) {
  const OpSpec *spec = op_spec_find(op);
  if (spec) return spec;
  const GraphFunction *function = graph_function_find(graph, op);
  return function ? function->spec : NULL;
}

TF_Code graph_fail_no_op(const char *op, TF_Status *st) {
  char host[256] = "localhost";
  if (!gethostname(host, sizeof host)) host[sizeof host - 1] = 0;
  return fail(
      st, TF_NOT_FOUND,
      "Op type not registered '%s' in binary running on %s. Make sure the Op and Kernel are registered in "
      "the "
      "binary running in this process. Note that if you are loading a saved graph which used ops from "
      "tf.contrib (e.g. `tf.contrib.resampler`), accessing should be done before importing the graph, as "
      "contrib ops are lazily registered when the module is first accessed.",
      op, host);
}

/* Room for one more in an array of the arena that doubles. Null when memory is out. */
static void *room_for_one(Arena *arena, void *items, int count, int *capacity, size_t size) {
  if (count < *capacity) return items;
  int more = *capacity ? *capacity * 2 : 2;
  void *grown = arena_alloc(arena, (size_t)more * size);
  if (!grown) return NULL;
  if (count) memcpy(grown, items, (size_t)count * size);
  *capacity = more;
  return grown;
}

static bool add_consumer(TF_Output from, Node *node, int input) {
  Node *n = from.oper;
  Arena *arena = &n->graph->arena;
  int capacity = n->cap_consumers;
  int *outputs = room_for_one(arena, n->consumer_output, n->num_consumers, &capacity, sizeof *outputs);
  Consumer *consumers = room_for_one(arena, n->consumers, n->num_consumers, &n->cap_consumers,
                                     sizeof *consumers);
  if (!outputs || !consumers) return false;
  n->consumer_output = outputs;
  n->consumers = consumers;
  outputs[n->num_consumers] = from.index;
  consumers[n->num_consumers++] = (Consumer){node, input};
  return true;
}

static bool add_control_output(Node *from, Node *node) {
  Node **list = room_for_one(&from->graph->arena, from->control_outputs, from->num_control_outputs,
                             &from->cap_control_outputs, sizeof *list);
  if (!list) return false;
  from->control_outputs = list;
  list[from->num_control_outputs++] = node;
  return true;
}

static bool link_node(Node *node) {
  for (int i = 0; i < node->num_inputs; i++)
    if (!add_consumer(node->inputs[i], node, i)) return false;
  for (int i = 0; i < node->num_controls; i++)
    if (!add_control_output(node->controls[i], node)) return false;
  return true;
}

/* Takes back the links to nodes that don't stay: what was added last stands last. */
static void unlink_node(Node *node) {
  for (int i = 0; i < node->num_inputs; i++) {
    Node *from = node->inputs[i].oper;
    while (from->num_consumers && from->consumers[from->num_consumers - 1].node == node)
      from->num_consumers--;
  }
  for (int i = 0; i < node->num_controls; i++) {
    Node *from = node->controls[i];
    while (from->num_control_outputs && from->control_outputs[from->num_control_outputs - 1] == node)
      from->num_control_outputs--;
  }
}

TF_Code graph_insert(Graph *graph, Node *const *nodes, int count, TF_Status *st) {
  if (count > graph->cap_nodes - graph->num_nodes) {
    int capacity = graph->num_nodes + count < graph->cap_nodes * 2 ? graph->cap_nodes * 2
                                                                   : graph->num_nodes + count + 8;
    Node **grown = realloc(graph->nodes, (size_t)capacity * sizeof *grown);
    if (!grown) return fail_oom(st, "a graph's nodes");
    graph->nodes = grown;
    graph->cap_nodes = capacity;
  }
  int done = 0;
  for (; done < count; done++) {
    Node *node = nodes[done];
    if (!map_put(&graph->by_name, node->name, node)) break;
    node->id = graph->num_nodes + done;
    graph->nodes[node->id] = node;
  }
  int linked = 0;
  while (done == count && linked < count && link_node(nodes[linked])) linked++;
  if (linked == count) {
    graph->num_nodes += count;
    return TF_OK;
  }
  for (int i = linked < count ? linked : count - 1; i >= 0; i--) unlink_node(nodes[i]);
  while (done-- > 0) map_pop(&graph->by_name);
  return fail_oom(st, "a graph's nodes");
}
