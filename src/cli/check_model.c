#include "cli/check_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"
#include "graph/function.h"
#include "graph/graph_import.h"
#include "ops/op.h"
#include "plan/plan.h"

typedef struct Check {
  Graph *graph;
  bool *seen;   /* by node id */
  Node **queue; /* nodes to look at */
  int queued;
  Map functions; /* names of functions looked at for this signature */
  int missing;
} Check;

static void report(Check *check, const char *where, const char *name, const TF_Status *st) {
  size_t line = strcspn(st->message,
                        "\n"); /* the first line says it; registered devices and kernels follow */
  printf("  %s%s%s: %.*s\n", where, *where ? "/" : "", name, (int)line, st->message);
  check->missing++;
}

static void check_function(Check *check, const char *name);

/* The gradient that the library names for a function, which SymbolicGradient then calls; or null. */
static const char *named_gradient(const Check *check, const char *op, const char *function) {
  const GraphFunction *of = strcmp(op, "SymbolicGradient") || !function
                                ? NULL
                                : graph_function_find(check->graph, function);
  return of ? of->gradient : NULL;
}

/* The function of attribute f in a body, or null. */
static const char *body_func(const Tensorflow__NodeDef *def) {
  for (size_t i = 0; i < def->n_attr; i++)
    if (!strcmp(def->attr[i]->key, "f") && def->attr[i]->value &&
        def->attr[i]->value->value_case == TENSORFLOW__ATTR_VALUE__VALUE_FUNC)
      return def->attr[i]->value->func->name;
  return NULL;
}

/* A node of a function's body: its types are known when it is called, so only the op is looked up. */
static void check_body_node(Check *check, const char *function, const Tensorflow__NodeDef *def) {
  if (graph_function_find(check->graph, def->op)) {
    check_function(check, def->op);
    return;
  }
  const char *gradient = named_gradient(check, def->op, body_func(def));
  if (gradient) {
    check_function(check, gradient);
  } else if (!op_row_find(def->op) && !plan_is_control_op(def->op)) {
    printf("  %s/%s: no kernel for op '%s'\n", function, def->name, def->op);
    check->missing++;
  }
  for (size_t i = 0; i < def->n_attr; i++) {
    const Tensorflow__AttrValue *value = def->attr[i]->value;
    if (value->value_case == TENSORFLOW__ATTR_VALUE__VALUE_FUNC) check_function(check, value->func->name);
    if (value->value_case != TENSORFLOW__ATTR_VALUE__VALUE_LIST) continue;
    for (size_t k = 0; k < value->list->n_func; k++) check_function(check, value->list->func[k]->name);
  }
}

/* Only what the body's results and side effects need, as when it is called: most functions are small, so all
 * of it. */
static void check_function(Check *check, const char *name) {
  const GraphFunction *function = graph_function_find(check->graph, name);
  if (function) function = graph_function_for_cpu(check->graph, function);
  if (!function || map_get(&check->functions, function->name) ||
      !map_put(&check->functions, function->name, (void *)function))
    return;
  for (size_t i = 0; i < function->def->n_node_def; i++)
    check_body_node(check, function->name, function->def->node_def[i]);
}

static void push(Check *check, Node *node) {
  if (!node || check->seen[node->id]) return;
  check->seen[node->id] = true;
  check->queue[check->queued++] = node;
}

static void check_node(Check *check, const Node *node) {
  TF_Status st = {0};
  const Attr *f = node_attr(node, "f");
  bool is_func = f && f->kind == TF_ATTR_FUNC && !f->is_list;
  const char *gradient = named_gradient(check, node->op, is_func ? f->v.func->name : NULL);
  if (graph_function_find(check->graph, node->op)) check_function(check, node->op);
  else if (gradient) check_function(check, gradient);
  else if (!plan_is_control_op(node->op) && op_row_check(op_row_find(node->op), node, &st))
    report(check, "", node->name, &st);
  for (int i = 0; i < node->num_attrs; i++) {
    const Attr *a = &node->attrs[i];
    if (a->kind != TF_ATTR_FUNC) continue;
    if (!a->is_list) check_function(check, a->v.func->name);
    for (int64_t k = 0; a->is_list && k < a->count; k++) check_function(check, a->v.list_func[k].name);
  }
}

/* From the queued nodes backwards; `fed` nodes are not gone into. */
static void check_reachable(Check *check) {
  while (check->queued) {
    Node *node = check->queue[--check->queued];
    check_node(check, node);
    for (int i = 0; i < node->num_inputs; i++) push(check, node->inputs[i].oper);
    for (int i = 0; i < node->num_controls; i++) push(check, node->controls[i]);
  }
}

static Node *find_node(Check *check, const Tensorflow__TensorInfo *info) {
  if (!info || info->encoding_case != TENSORFLOW__TENSOR_INFO__ENCODING_NAME) return NULL;
  char *name = strndup(info->name, strcspn(info->name, ":"));
  Node *node = name ? graph_find(check->graph, name) : NULL;
  free(name);
  return node;
}

static void check_signature(Check *check, const Tensorflow__MetaGraphDef__SignatureDefEntry *entry) {
  int before = check->missing;
  memset(check->seen, 0, (size_t)check->graph->num_nodes * sizeof *check->seen);
  map_clear(&check->functions);
  const Tensorflow__SignatureDef *signature = entry->value;
  for (size_t i = 0; i < signature->n_inputs; i++) { /* what is fed is not run */
    const Node *fed = find_node(check, signature->inputs[i]->value);
    if (fed) check->seen[fed->id] = true;
  }
  for (size_t i = 0; i < signature->n_outputs; i++)
    push(check, find_node(check, signature->outputs[i]->value));
  printf("signature '%s'\n", entry->key);
  check_reachable(check);
  if (check->missing == before) printf("  can be run\n");
}

/* The init op as a collection names it, or null. */
static Node *collection_node(Check *check, const Tensorflow__MetaGraphDef *meta, const char *key) {
  for (size_t i = 0; i < meta->n_collection_def; i++) {
    const Tensorflow__CollectionDef *c = meta->collection_def[i]->value;
    if (strcmp(meta->collection_def[i]->key, key) || !c ||
        c->kind_case != TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST || c->node_list->n_value != 1)
      continue;
    return graph_find(check->graph, c->node_list->value[0]);
  }
  return NULL;
}

/* Restoring the variables, and the init op (where a signature names it, that is checked as one). */
static void check_loading(Check *check, const Tensorflow__MetaGraphDef *meta) {
  const Tensorflow__SaverDef *saver = meta->saver_def;
  Node *restore = saver && *saver->restore_op_name ? graph_find(check->graph, saver->restore_op_name) : NULL;
  Node *init = collection_node(check, meta, "saved_model_main_op");
  if (!init) init = collection_node(check, meta, "legacy_init_op");
  if (!restore && !init) return;
  int before = check->missing;
  memset(check->seen, 0, (size_t)check->graph->num_nodes * sizeof *check->seen);
  push(check, restore);
  push(check, init);
  printf("loading\n");
  check_reachable(check);
  if (check->missing == before) printf("  can be run\n");
}

TF_Code check_meta_graph(const Tensorflow__MetaGraphDef *meta, int *missing, TF_Status *st) {
  Check check = {.graph = TF_NewGraph()};
  if (!check.graph) return fail_oom(st, "a graph");
  if (!meta->graph_def) fail(st, TF_INVALID_ARGUMENT, "the MetaGraphDef has no graph");
  else graph_import(check.graph, meta->graph_def, &(GraphImportOptions){0}, NULL, NULL, st);
  size_t nodes = (size_t)check.graph->num_nodes + 1;
  check.seen = calloc(nodes, sizeof *check.seen);
  check.queue = calloc(nodes, sizeof *check.queue);
  if (!TF_GetCode(st) && (!check.seen || !check.queue)) fail_oom(st, "a graph");
  if (!TF_GetCode(st)) {
    check_loading(&check, meta);
    for (size_t i = 0; i < meta->n_signature_def; i++) check_signature(&check, meta->signature_def[i]);
  }
  *missing = check.missing;
  map_clear(&check.functions);
  free(check.seen);
  free(check.queue);
  TF_DeleteGraph(check.graph);
  return TF_GetCode(st);
}
