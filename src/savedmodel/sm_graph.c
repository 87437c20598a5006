/* SM_Graph: errors, scopes, unique names, collections. */
#include "savedmodel/sm_graph.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "savedmodel/sm_internal.h"

static SM_Graph *graph_new(TF_Graph *graph, bool owned) {
  SM_Graph *g = calloc(1, sizeof *g);
  if (g) g->status = TF_NewStatus();
  if (g) g->top = arena_calloc(&g->arena, 1, sizeof *g->top);
  if (!graph || !g || !g->status || !g->top) {
    if (graph && owned) TF_DeleteGraph(graph);
    if (g) arena_clear(&g->arena);
    if (g) TF_DeleteStatus(g->status);
    free(g);
    return NULL;
  }
  g->graph = graph;
  g->owns_graph = owned;
  g->top->name_scope = g->top->variable_scope = "";
  return g;
}

SM_Graph *SM_NewGraph(void) { return graph_new(TF_NewGraph(), true); }

SM_Graph *SM_WrapGraph(TF_Graph *graph) { return graph_new(graph, false); }

void SM_DeleteGraph(SM_Graph *g) {
  if (!g) return;
  savers_free(g->savers);
  for (size_t i = 0; i < g->collections.count; i++)
    free(((Collection *)g->collections.entries[i].value)->items);
  map_clear(&g->names);
  map_clear(&g->collections);
  map_clear(&g->variables);
  arena_clear(&g->arena);
  if (g->owns_graph) TF_DeleteGraph(g->graph);
  TF_DeleteStatus(g->status);
  free(g);
}

TF_Graph *SM_GraphHandle(SM_Graph *g) { return g->graph; }

TF_Code SM_GraphStatus(const SM_Graph *g, TF_Status *st) {
  status_failed(g, st);
  return TF_GetCode(st);
}

bool status_failed(const SM_Graph *g, TF_Status *st) {
  if (TF_GetCode(st)) return true;
  if (!g || !graph_failed(g)) return false;
  TF_SetStatus(st, TF_GetCode(g->status), TF_Message(g->status));
  return true;
}

void SM_SetRandomSeed(SM_Graph *g, int64_t seed) {
  g->seed = seed;
  g->has_seed = true;
}

/* TF: python/framework/random_seed.get_seed; both zero would mean "seed from entropy", hence INT32_MAX. */
void graph_next_seed(SM_Graph *g, const SM_Initializer *init, int64_t *seed, int64_t *seed2) {
  enum { DEFAULT_GRAPH_SEED = 87654321 };
  *seed = *seed2 = 0;
  if (!g->has_seed && !init->has_seed) return;
  *seed = g->has_seed ? g->seed : DEFAULT_GRAPH_SEED;
  *seed2 = init->has_seed ? init->seed : g->seeds_given++;
  if (*seed == 0 && *seed2 == 0) *seed2 = INT32_MAX;
}

/* ---- memory ---- */

void *graph_calloc(SM_Graph *g, size_t count, size_t size) {
  void *p = arena_calloc(&g->arena, count, size);
  if (!p && !graph_failed(g)) fail_oom(g->status, "graph");
  return p;
}

const char *graph_strdup(SM_Graph *g, const char *text) {
  char *copy = arena_strdup(&g->arena, text);
  if (!copy && !graph_failed(g)) fail_oom(g->status, "graph");
  return copy;
}

const char *graph_printf(SM_Graph *g, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  int len = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  char *text = len < 0 ? NULL : arena_alloc(&g->arena, (size_t)len + 1);
  if (!text) {
    if (!graph_failed(g)) fail_oom(g->status, "graph");
    return NULL;
  }
  va_start(args, fmt);
  vsnprintf(text, (size_t)len + 1, fmt, args);
  va_end(args);
  return text;
}

SM_Shape graph_copy_shape(SM_Graph *g, SM_Shape shape) {
  if (shape.num_dims <= 0) return (SM_Shape){NULL, shape.num_dims};
  int64_t *dims = graph_calloc(g, (size_t)shape.num_dims, sizeof *dims);
  if (!dims) return SM_UNKNOWN_SHAPE;
  memcpy(dims, shape.dims, (size_t)shape.num_dims * sizeof *dims);
  return (SM_Shape){dims, shape.num_dims};
}

SM_Shape graph_output_shape(SM_Graph *g, TF_Output output) {
  int rank = TF_GraphGetTensorNumDims(g->graph, output, g->status);
  if (graph_failed(g) || rank < 0) return SM_UNKNOWN_SHAPE;
  if (rank == 0) return SM_SCALAR;
  int64_t *dims = graph_calloc(g, (size_t)rank, sizeof *dims);
  if (!dims) return SM_UNKNOWN_SHAPE;
  TF_GraphGetTensorShape(g->graph, output, dims, rank, g->status);
  return graph_failed(g) ? SM_UNKNOWN_SHAPE : (SM_Shape){dims, rank};
}

const char *graph_shape_text(SM_Graph *g, SM_Shape shape) {
  if (shape.num_dims < 0) return "<unknown>";
  Bytes text = {0};
  bytes_putc(&text, '(');
  for (int i = 0; i < shape.num_dims; i++) {
    if (i) bytes_puts(&text, ", ");
    if (shape.dims[i] < 0) bytes_puts(&text, "None");
    else bytes_printf(&text, "%lld", (long long)shape.dims[i]);
  }
  bytes_puts(&text, shape.num_dims == 1 ? ",)" : ")");
  const char *copy = text.failed ? "(?)" : graph_strdup(g, text.data);
  bytes_clear(&text);
  return copy ? copy : "(?)";
}

/* ---- scopes ---- */

static Frame *push_frame(SM_Graph *g) {
  Frame *frame = graph_calloc(g, 1, sizeof *frame);
  if (!frame) return NULL;
  *frame = *g->top;
  frame->below = g->top;
  return g->top = frame;
}

void SM_PopScope(SM_Graph *g) {
  if (g->top->below) g->top = g->top->below;
  else if (!graph_failed(g)) fail(g->status, TF_FAILED_PRECONDITION, "SM_PopScope without a scope to leave");
}

void graph_push_absolute(SM_Graph *g, const char *scope, bool clear_controls) {
  Frame *frame = push_frame(g);
  if (!frame) return;
  frame->name_scope = scope;
  if (clear_controls) frame->num_controls = 0;
}

void graph_push_colocate(SM_Graph *g, const char *node_name) {
  Frame *frame = push_frame(g);
  if (!frame) return;
  frame->colocate = node_name;
  frame->device = NULL;
}

void SM_PushNameScope(SM_Graph *g, const char *name) {
  const char *scope = *name ? graph_unique_name(g, name) : "";
  Frame *frame = push_frame(g);
  if (frame && scope) frame->name_scope = scope;
}

void SM_PushControlDependencies(SM_Graph *g, TF_Operation *const *ops, int num_ops) {
  Frame *frame = push_frame(g);
  if (!frame || num_ops <= 0) return;
  int before = frame->num_controls;
  TF_Operation **all = graph_calloc(g, (size_t)before + (size_t)num_ops, sizeof *all);
  if (!all) return;
  if (before) memcpy(all, frame->controls, (size_t)before * sizeof *all);
  for (int i = 0; i < num_ops; i++) all[before + i] = ops[i];
  frame->controls = all;
  frame->num_controls = before + num_ops;
}

void SM_PushDevice(SM_Graph *g, const char *device) {
  Frame *frame = push_frame(g);
  if (frame) frame->device = graph_strdup(g, device);
}

void SM_PushVariableScope(SM_Graph *g, const char *name, SM_Reuse reuse) {
  const char *scope = graph_unique_name(g, name);
  Frame *frame = push_frame(g);
  if (!frame || !scope) return;
  frame->name_scope = scope;
  frame->variable_scope = *frame->variable_scope ? graph_printf(g, "%s/%s", frame->variable_scope, name)
                                                 : graph_strdup(g, name);
  if (reuse != SM_REUSE_INHERIT) frame->reuse = reuse;
}

void SM_SetReuse(SM_Graph *g, SM_Reuse reuse) { g->top->reuse = reuse; }

/* ---- names ---- */

static const char *lower_case(SM_Graph *g, const char *text) {
  char *copy = arena_strdup(&g->arena, text);
  if (!copy && !graph_failed(g)) fail_oom(g->status, "graph");
  for (char *p = copy; p && *p; p++) *p = (char)tolower((unsigned char)*p);
  return copy;
}

static bool name_taken(SM_Graph *g, const char *key, const char *name) {
  return map_get(&g->names, key) || TF_GraphOperationByName(g->graph, name);
}

/* TF: Graph.unique_name. Names are compared without case, and each asked-for name has a counter from which
 * the next suffix starts, so "a", "a", "a" are a, a_1, a_2, and taken ones are skipped. */
const char *graph_unique_name(SM_Graph *g, const char *name) {
  if (graph_failed(g)) return NULL;
  size_t len = strlen(name);
  if (len && name[len - 1] == '/') return arena_strndup(&g->arena, name, len - 1);
  const char *scope = g->top->name_scope;
  const char *full = *scope ? graph_printf(g, "%s/%s", scope, name) : graph_strdup(g, name);
  const char *key = full ? lower_case(g, full) : NULL;
  if (!key) return NULL;
  uintptr_t count = (uintptr_t)map_get(&g->names, key);
  bool ok = map_put(&g->names, key, (void *)(count + 1));
  if (count || TF_GraphOperationByName(g->graph, full)) {
    const char *base = full, *base_key = key;
    if (!count) count = 1;
    do {
      full = graph_printf(g, "%s_%llu", base, (unsigned long long)count);
      key = graph_printf(g, "%s_%llu", base_key, (unsigned long long)count);
      count++;
    } while (full && key && name_taken(g, key, full));
    ok = ok && key && map_put(&g->names, key, (void *)1);
  }
  if (!ok && !graph_failed(g)) fail_oom(g->status, "graph");
  return ok ? full : NULL;
}

const char *SM_OutputName(SM_Graph *g, TF_Output output) {
  return output.oper ? graph_printf(g, "%s:%d", TF_OperationName(output.oper), output.index) : NULL;
}

TF_Output graph_find_output(SM_Graph *g, const char *name) {
  const char *colon = strrchr(name, ':');
  char *rest = NULL;
  long index = colon ? strtol(colon + 1, &rest, 10) : 0;
  if (colon && (rest == colon + 1 || *rest || index < 0 || index > INT32_MAX)) return (TF_Output){NULL, 0};
  size_t len = colon ? (size_t)(colon - name) : strlen(name);
  char *op_name = malloc(len + 1);
  if (!op_name) return (TF_Output){NULL, 0};
  memcpy(op_name, name, len);
  op_name[len] = 0;
  TF_Operation *op = TF_GraphOperationByName(g->graph, op_name);
  free(op_name);
  if (op && index >= TF_OperationNumOutputs(op) && (index || colon)) op = NULL;
  return (TF_Output){op, op ? (int)index : 0};
}

TF_Output SM_FindOutput(SM_Graph *g, const char *name) { return graph_find_output(g, name); }

/* ---- collections ---- */

Collection *graph_collection(const SM_Graph *g, const char *key) { return map_get(&g->collections, key); }

bool graph_collect(SM_Graph *g, const char *key, Item item) {
  if (graph_failed(g)) return false;
  Collection *c = graph_collection(g, key);
  if (!c) {
    c = graph_calloc(g, 1, sizeof *c);
    if (!c || !(c->key = graph_strdup(g, key))) return false;
    if (!map_put(&g->collections, c->key, c)) return fail_oom(g->status, "collection"), false;
  }
  if (c->count && c->items[0].kind != item.kind) {
    fail(g->status, TF_INVALID_ARGUMENT, "collection %s: a collection holds one kind of things", key);
    return false;
  }
  if (c->count == c->capacity) {
    int capacity = c->capacity ? 2 * c->capacity : 8;
    Item *items = realloc(c->items, (size_t)capacity * sizeof *items);
    if (!items) return fail_oom(g->status, "collection"), false;
    c->items = items;
    c->capacity = capacity;
  }
  c->items[c->count++] = item;
  return true;
}

void SM_CollectOutput(SM_Graph *g, const char *key, TF_Output output) {
  if (graph_failed(g) || !output.oper) return;
  const char *name = SM_OutputName(g, output);
  if (name) graph_collect(g, key, (Item){ITEM_NODE, name, strlen(name), NULL});
}

void SM_CollectOperation(SM_Graph *g, const char *key, TF_Operation *op) {
  if (graph_failed(g) || !op) return;
  const char *name = graph_strdup(g, TF_OperationName(op));
  if (name) graph_collect(g, key, (Item){ITEM_NODE, name, strlen(name), NULL});
}

void SM_CollectBytes(SM_Graph *g, const char *key, const void *data, size_t size) {
  if (graph_failed(g)) return;
  char *copy = arena_memdup(&g->arena, data, size);
  if (!copy) fail_oom(g->status, "collection");
  else graph_collect(g, key, (Item){ITEM_BYTES, copy, size, NULL});
}

void SM_ClearCollection(SM_Graph *g, const char *key) {
  Collection *c = graph_collection(g, key);
  if (c) c->count = 0;
}

int SM_CollectionSize(const SM_Graph *g, const char *key) {
  const Collection *c = graph_collection(g, key);
  return c ? c->count : 0;
}

TF_Output SM_CollectionOutput(const SM_Graph *g, const char *key, int index) {
  const Collection *c = graph_collection(g, key);
  if (!c || index < 0 || index >= c->count || c->items[index].kind != ITEM_NODE) return (TF_Output){NULL, 0};
  return graph_find_output((SM_Graph *)g, c->items[index].data);
}
