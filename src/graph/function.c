/* The function library, and bodies out of FunctionDefs. */
#include "graph/function.h"

#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"
#include "graph/attr.h"
#include "graph/graph_import.h"
#include "wire/proto_message.h"

const GraphFunction *graph_function_find(const Graph *graph, const char *name) {
  const GraphFunction *f = map_get(&graph->functions, name);
  return f || !graph->library ? f : graph_function_find(graph->library, name);
}

static Span string_attr(const GraphFunction *f, const char *name) {
  const Tensorflow__FunctionDef *def = f->def;
  for (size_t i = 0; i < def->n_attr; i++)
    if (!strcmp(def->attr[i]->key, name) &&
        def->attr[i]->value->value_case == TENSORFLOW__ATTR_VALUE__VALUE_S)
      return (Span){(const char *)def->attr[i]->value->s.data, def->attr[i]->value->s.len};
  return (Span){0};
}

static bool same_text(Span a, Span b) {
  return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

static bool same_types(Tensorflow__OpDef__ArgDef **a, size_t num_a, Tensorflow__OpDef__ArgDef **b,
                       size_t num_b) {
  if (num_a != num_b) return false;
  for (size_t i = 0; i < num_a; i++)
    if (!a[i]->type || a[i]->type != b[i]->type) return false;
  return true;
}

const GraphFunction *graph_function_for_cpu(const Graph *graph, const GraphFunction *function) {
  Span interface = string_attr(function, "api_implements"), cpu = {"CPU", 3};
  if (!interface.size || same_text(string_attr(function, "api_preferred_device"), cpu)) return function;
  while (graph->library) graph = graph->library;
  const Tensorflow__OpDef *want = function->def->signature;
  for (size_t i = 0; i < graph->functions.count; i++) {
    const GraphFunction *f = graph->functions.entries[i].value;
    const Tensorflow__OpDef *has = f->def->signature;
    if (same_text(string_attr(f, "api_implements"), interface) &&
        same_text(string_attr(f, "api_preferred_device"), cpu) &&
        same_types(want->input_arg, want->n_input_arg, has->input_arg, has->n_input_arg) &&
        same_types(want->output_arg, want->n_output_arg, has->output_arg, has->n_output_arg))
      return f;
  }
  return function;
}

static bool same_def(const Tensorflow__FunctionDef *a, const Tensorflow__FunctionDef *b) {
  TF_Status st = {0};
  Arena arena = {0};
  Bytes x = {0}, y = {0};
  ProtobufCMessage *p = proto_copy(&arena, &a->base), *q = proto_copy(&arena, &b->base);
  if (p && q) proto_sort_maps(p), proto_sort_maps(q);
  bool same = p && q && !proto_pack(p, &x, &st) && !proto_pack(q, &y, &st) && x.size == y.size &&
              (!x.size || !memcmp(x.data, y.data, x.size));
  bytes_clear(&x);
  bytes_clear(&y);
  arena_clear(&arena);
  return same;
}

TF_Code graph_function_add(Graph *graph, const Tensorflow__FunctionDef *def, TF_Status *st) {
  if (!def->signature || !*def->signature->name)
    return fail(st, TF_INVALID_ARGUMENT, "a function of the library has no name");
  const char *name = def->signature->name;
  const GraphFunction *known = map_get(&graph->functions, name);
  if (known && same_def(known->def, def)) return TF_OK;
  if (known)
    return fail(st, TF_INVALID_ARGUMENT,
                "Cannot add function '%s' because a different function with the same name already exists.",
                name);
  if (op_spec_find(name))
    return fail(st, TF_INVALID_ARGUMENT,
                "Cannot add function '%s' because an op with the same name already exists.", name);
  GraphFunction *f = arena_calloc(&graph->arena, 1, sizeof *f);
  if (!f || !(f->def = proto_copy(&graph->arena, &def->base))) return fail_oom(st, "a function");
  f->name = f->def->signature->name;
  if (op_spec_of_signature(f->def->signature, &graph->arena, &graph->tensors, &f->spec, st))
    return fail_prefix(st, "Function '%s'", name);
  return map_put(&graph->functions, f->name, f) ? TF_OK : fail_oom(st, "a function");
}

TF_Code graph_gradient_add(Graph *graph, const char *name, const char *gradient, TF_Status *st) {
  GraphFunction *f = map_get(&graph->functions, name);
  if (!f) return TF_OK; /* gradients of what is not there say nothing to us */
  if (f->gradient && strcmp(f->gradient, gradient))
    return fail(st, TF_INVALID_ARGUMENT,
                "Cannot assign gradient function '%s' to '%s' because it already has gradient function '%s'",
                gradient, name, f->gradient);
  f->gradient = arena_strdup(&graph->arena, gradient);
  return f->gradient ? TF_OK : fail_oom(st, "a function");
}

/* ---- bodies ----
 *
 * The body becomes a GraphDef in which inputs are written as graphs have it, then imported: arguments are
 * _Arg nodes, results _Retval nodes; "node:arg:i" becomes "node:<flat index>". */

typedef struct Body {
  const GraphFunction *function;
  Graph *graph, *library;
  const Attr *attrs; /* bindings, as given */
  int num_attrs;
  Arena scratch;
  Tensorflow__GraphDef *def;
  Map nodes;            /* name -> NodeDef of the function */
  Map args;             /* argument name -> ArgRange */
  OwnedTensor *tensors; /* of attributes in scratch */
  int num_args, num_rets;
} Body;

typedef struct ArgRange {
  int count;
  const char *single; /* node name when count is 1 */
  const char *name;
} ArgRange;

static const Attr *bound(const Body *b, const char *name) {
  for (int i = 0; i < b->num_attrs; i++)
    if (!strcmp(b->attrs[i].name, name)) return &b->attrs[i];
  const AttrSpec *spec = op_spec_attr(b->function->spec, name);
  return spec ? spec->default_value : NULL;
}

/* Placeholders take the value that the caller bound. */
static TF_Code bind_value(Body *b, Tensorflow__AttrValue **value, TF_Status *st) {
  Tensorflow__AttrValue *v = *value;
  if (v->value_case == TENSORFLOW__ATTR_VALUE__VALUE_PLACEHOLDER) {
    const Attr *a = bound(b, v->placeholder);
    if (!a)
      return fail(st, TF_INVALID_ARGUMENT, "Function '%s': the attr '%s' has no value", b->function->name,
                  v->placeholder);
    return attr_to_proto(a, &b->scratch, value, st);
  }
  Tensorflow__NameAttrList **funcs = &v->func;
  size_t count = v->value_case == TENSORFLOW__ATTR_VALUE__VALUE_FUNC;
  if (v->value_case == TENSORFLOW__ATTR_VALUE__VALUE_LIST) funcs = v->list->func, count = v->list->n_func;
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < funcs[i]->n_attr; k++) TRY(bind_value(b, &funcs[i]->attr[k]->value, st));
  return TF_OK;
}

static Tensorflow__NodeDef *add_node(Body *b, const char *name, const char *op) {
  Tensorflow__GraphDef *def = b->def;
  Tensorflow__NodeDef **nodes = proto_room(&b->scratch, def->node, def->n_node, sizeof *nodes);
  Tensorflow__NodeDef *node = proto_new(&b->scratch, &tensorflow__node_def__descriptor);
  if (!nodes || !node) return NULL;
  def->node = nodes;
  nodes[def->n_node++] = node;
  node->name = arena_strdup(&b->scratch, name);
  node->op = (char *)op;
  return node->name ? node : NULL;
}

static bool add_attr(Body *b, Tensorflow__NodeDef *node, const char *key, Tensorflow__AttrValue *value) {
  void *entries = proto_room(&b->scratch, node->attr, node->n_attr, sizeof *node->attr);
  Tensorflow__NodeDef__AttrEntry *e = proto_new(&b->scratch, &tensorflow__node_def__attr_entry__descriptor);
  if (!entries || !e || !value) return false;
  e->key = (char *)key;
  e->value = value;
  node->attr = entries;
  node->attr[node->n_attr++] = e;
  return true;
}

static Tensorflow__AttrValue *int_value(Body *b, int64_t i) {
  Tensorflow__AttrValue *v = proto_new(&b->scratch, &tensorflow__attr_value__descriptor);
  if (v) v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_I, v->i = i;
  return v;
}

static Tensorflow__AttrValue *type_value(Body *b, TF_DataType type) {
  Tensorflow__AttrValue *v = proto_new(&b->scratch, &tensorflow__attr_value__descriptor);
  if (v) v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TYPE, v->type = (Tensorflow__DataType)type;
  return v;
}

/* A node "name" of _Arg or _Retval, of that type and index. */
static Tensorflow__NodeDef *add_end(Body *b, const char *name, const char *op, TF_DataType type, int index) {
  Tensorflow__NodeDef *node = add_node(b, name, op);
  bool ok = node && add_attr(b, node, "T", type_value(b, dtype_base(type))) &&
            add_attr(b, node, "index", int_value(b, index));
  return ok ? node : NULL;
}

/* The flat types of one argument of the signature. */
static TF_Code arg_types(Body *b, const ArgSpec *arg, TF_DataType **types, int *count, TF_Status *st) {
  OpSpec one = {.name = b->function->name, .num_inputs = 1, .inputs = arg};
  Attr few[3];
  int n = 0;
  const char *const names[] = {arg->type_attr, arg->list_attr, arg->number_attr};
  for (int i = 0; i < 3; i++) {
    const Attr *a = names[i] ? bound(b, names[i]) : NULL;
    if (a) {
      few[n] = *a;
      few[n++].name = names[i];
    }
  }
  TRY(node_arg_types(&one, false, few, n, b->function->name, &b->scratch, types, count, st));
  for (int i = 0; i < *count; i++)
    if (!(*types)[i])
      return fail(st, TF_INVALID_ARGUMENT, "Function '%s': the type of argument '%s' is not bound",
                  b->function->name, arg->name);
  return TF_OK;
}

static TF_Code add_arg_attrs(Body *b, uint32_t index, Tensorflow__NodeDef *node, TF_Status *st) {
  const Tensorflow__FunctionDef *def = b->function->def;
  for (size_t i = 0; i < def->n_arg_attr; i++) {
    if (def->arg_attr[i]->key != index || !def->arg_attr[i]->value) continue;
    const Tensorflow__FunctionDef__ArgAttrs *attrs = def->arg_attr[i]->value;
    for (size_t k = 0; k < attrs->n_attr; k++)
      if (attrs->attr[k]->key[0] == '_' &&
          !add_attr(b, node, attrs->attr[k]->key, proto_copy(&b->scratch, &attrs->attr[k]->value->base)))
        return fail_oom(st, "a function's body");
  }
  return TF_OK;
}

static TF_Code add_args(Body *b, TF_Status *st) {
  const OpSpec *spec = b->function->spec;
  for (int i = 0; i < spec->num_inputs; i++) {
    TF_DataType *types;
    int count;
    TRY(arg_types(b, &spec->inputs[i], &types, &count, st));
    ArgRange *range = arena_calloc(&b->scratch, 1, sizeof *range);
    if (!range || !map_put(&b->args, spec->inputs[i].name, range)) return fail_oom(st, "a function's body");
    *range = (ArgRange){.count = count, .name = spec->inputs[i].name};
    for (int k = 0; k < count; k++) {
      const char *name = count > 1 ? arena_printf(&b->scratch, "%s_%d", range->name, k) : range->name;
      Tensorflow__NodeDef *node = name ? add_end(b, name, "_Arg", types[k], b->num_args++) : NULL;
      if (!node) return fail_oom(st, "a function's body");
      TRY(add_arg_attrs(b, (uint32_t)i, node, st));
    }
  }
  return TF_OK;
}

static const Tensorflow__AttrValue *given_value(const Tensorflow__NodeDef *node, const char *name) {
  for (size_t i = 0; i < node->n_attr; i++)
    if (!strcmp(node->attr[i]->key, name)) return node->attr[i]->value;
  return NULL;
}

/* What says how many tensors a node's outputs are: the attributes that it has, or their defaults. */
static TF_Code count_attrs(Body *b, const OpSpec *spec, const Tensorflow__NodeDef *node, Attr **out,
                           int *count, TF_Status *st) {
  Attr *attrs = arena_alloc(&b->scratch, (size_t)spec->num_attrs * sizeof *attrs);
  if (!attrs) return fail_oom(st, "a function's body");
  *count = 0;
  for (int i = 0; i < spec->num_attrs; i++) {
    const AttrSpec *want = &spec->attrs[i];
    if (!(want->is_list && want->kind == TF_ATTR_TYPE) && want->kind != TF_ATTR_INT) continue;
    const Tensorflow__AttrValue *given = given_value(node, want->name);
    if (given) {
      AttrStore store = {&b->scratch, &b->tensors};
      TRY(attr_from_proto(store, want->name, given, &attrs[(*count)++], st));
    } else if (want->default_value) {
      attrs[(*count)++] = *want->default_value;
    }
  }
  *out = attrs;
  return TF_OK;
}

/* "arg", "arg:i", "node:out:i", "^node" -> what a GraphDef says. */
static TF_Code graph_input(Body *b, const char *input, char **out, TF_Status *st) {
  *out = (char *)input;
  if (*input == '^') return TF_OK;
  const char *colon = strchr(input, ':');
  size_t len = colon ? (size_t)(colon - input) : strlen(input);
  const ArgRange *range = map_get_n(&b->args, input, len);
  if (range) {
    int at = colon ? atoi(colon + 1) : 0;
    if (at < 0 || at >= range->count)
      return fail(st, TF_INVALID_ARGUMENT, "Function '%s': input '%s' is not there", b->function->name,
                  input);
    *out = range->count > 1 ? arena_printf(&b->scratch, "%s_%d", range->name, at)
                            : arena_strdup(&b->scratch, range->name);
    return *out ? TF_OK : fail_oom(st, "a function's body");
  }
  const Tensorflow__NodeDef *node = map_get_n(&b->nodes, input, len);
  const char *second = colon ? strrchr(colon + 1, ':') : NULL;
  if (!node || !colon) return fail(st, TF_INVALID_ARGUMENT, "input %s is not found", input);
  const OpSpec *spec = graph_spec_find(b->library, node->op);
  if (!spec) return graph_fail_no_op(node->op, st);
  const char *arg = arena_strndup(&b->scratch, colon + 1,
                                  second ? (size_t)(second - colon - 1) : strlen(colon + 1));
  if (!arg) return fail_oom(st, "a function's body");
  Attr *attrs = NULL; /* read only if some output before this one is a list */
  int num_attrs = 0, start = 0;
  for (int i = 0; i < spec->num_outputs; i++) {
    if (!strcmp(spec->outputs[i].name, arg)) {
      long at = second ? strtol(second + 1, NULL, 10) : 0;
      if (at < 0 || at > NODE_MAX_OUTPUTS) break;
      *out = arena_printf(&b->scratch, "%.*s:%ld", (int)len, input, start + at);
      return *out ? TF_OK : fail_oom(st, "a function's body");
    }
    const ArgSpec *o = &spec->outputs[i];
    if (!o->list_attr && !o->number_attr) {
      start++;
      continue;
    }
    if (!attrs) TRY(count_attrs(b, spec, node, &attrs, &num_attrs, st));
    OpSpec one = {.name = spec->name, .num_outputs = 1, .outputs = o};
    TF_DataType *types;
    int count;
    TRY(node_arg_types(&one, true, attrs, num_attrs, node->name, &b->scratch, &types, &count, st));
    start += count;
  }
  return fail(st, TF_INVALID_ARGUMENT, "Function '%s': input '%s': no such output", b->function->name, input);
}

static TF_Code add_body_nodes(Body *b, TF_Status *st) {
  const Tensorflow__FunctionDef *def = b->function->def;
  size_t first = b->def->n_node;
  for (size_t i = 0; i < def->n_node_def; i++) {
    Tensorflow__NodeDef *node = proto_copy(&b->scratch, &def->node_def[i]->base);
    Tensorflow__NodeDef **nodes = proto_room(&b->scratch, b->def->node, b->def->n_node, sizeof *nodes);
    if (!node || !nodes) return fail_oom(st, "a function's body");
    b->def->node = nodes;
    nodes[b->def->n_node++] = node;
    for (size_t k = 0; k < node->n_attr; k++) TRY(bind_value(b, &node->attr[k]->value, st));
    if (!map_put(&b->nodes, node->name, node)) return fail_oom(st, "a function's body");
  }
  for (size_t i = first; i < b->def->n_node; i++) {
    Tensorflow__NodeDef *node = b->def->node[i];
    for (size_t k = 0; k < node->n_input; k++) TRY(graph_input(b, node->input[k], &node->input[k], st));
  }
  return TF_OK;
}

static const char *ret_of(const Tensorflow__FunctionDef *def, const char *name) {
  for (size_t i = 0; i < def->n_ret; i++)
    if (!strcmp(def->ret[i]->key, name)) return def->ret[i]->value;
  return NULL;
}

/* A name that neither argument nor node has. */
static const char *free_name(Body *b, const char *name) {
  while (name && (map_get(&b->nodes, name) || map_get(&b->args, name)))
    name = arena_printf(&b->scratch, "%s_", name);
  return name;
}

static TF_Code add_rets(Body *b, TF_Status *st) {
  const OpSpec *spec = b->function->spec;
  for (int i = 0; i < spec->num_outputs; i++) {
    const char *from = ret_of(b->function->def, spec->outputs[i].name);
    if (!from)
      return fail(st, TF_INVALID_ARGUMENT, "Return %s missing from function '%s'", spec->outputs[i].name,
                  b->function->name);
    TF_DataType *types;
    int count;
    TRY(arg_types(b, &spec->outputs[i], &types, &count, st));
    for (int k = 0; k < count; k++) {
      const char *name = free_name(
          b, count > 1 ? arena_printf(&b->scratch, "%s_RetVal_%d", spec->outputs[i].name, k)
                       : arena_printf(&b->scratch, "%s_RetVal", spec->outputs[i].name));
      Tensorflow__NodeDef *node = name ? add_end(b, name, "_Retval", types[k], b->num_rets++) : NULL;
      if (!node || !(node->input = arena_alloc(&b->scratch, proto_capacity(1) * sizeof *node->input)))
        return fail_oom(st, "a function's body");
      const char *at = strchr(from, ':') && k
                           ? arena_printf(&b->scratch, "%.*s:%d", (int)(strrchr(from, ':') - from), from, k)
                       : k ? arena_printf(&b->scratch, "%s:%d", from, k)
                           : from;
      if (!at) return fail_oom(st, "a function's body");
      TRY(graph_input(b, at, &node->input[0], st));
      node->n_input = 1;
    }
  }
  return TF_OK;
}

static TF_Code collect(Body *b, FunctionBody *out, TF_Status *st) {
  const Tensorflow__FunctionDef *def = b->function->def;
  Arena *arena = &b->graph->arena;
  out->args = arena_calloc(arena, (size_t)b->num_args, sizeof *out->args);
  out->rets = arena_calloc(arena, (size_t)b->num_rets, sizeof *out->rets);
  out->controls = arena_calloc(arena, def->n_control_ret, sizeof *out->controls);
  if (!out->args || !out->rets || !out->controls) return fail_oom(st, "a function's body");
  out->num_args = b->num_args;
  out->num_rets = b->num_rets;
  for (int i = 0; i < b->graph->num_nodes; i++) {
    Node *node = b->graph->nodes[i];
    bool arg = !strcmp(node->op, "_Arg");
    int64_t index;
    if (!arg && strcmp(node->op, "_Retval")) continue;
    TRY(node_attr_int(node, "index", &index, st));
    if (index < 0 || index >= (arg ? b->num_args : b->num_rets) || (arg ? out->args : out->rets)[index])
      return fail(st, TF_INVALID_ARGUMENT, "Function '%s': {{node %s}} is out of place", b->function->name,
                  node->name);
    (arg ? out->args : out->rets)[index] = node;
  }
  for (size_t i = 0; i < def->n_control_ret; i++) {
    Node *node = graph_find(b->graph, def->control_ret[i]->value);
    if (!node)
      return fail(st, TF_INVALID_ARGUMENT, "Function '%s': control output '%s' is not found",
                  b->function->name, def->control_ret[i]->value);
    out->controls[out->num_controls++] = node;
  }
  return TF_OK;
}

static TF_Code make_body(Body *b, FunctionBody *out, TF_Status *st) {
  b->graph->library = b->library;
  if (!(b->def = proto_new(&b->scratch, &tensorflow__graph_def__descriptor)) ||
      !(b->def->versions = proto_new(&b->scratch, &tensorflow__version_def__descriptor)))
    return fail_oom(st, "a function's body");
  b->def->versions->producer = b->library->producer;
  TRY(add_args(b, st));
  TRY(add_body_nodes(b, st));
  TRY(add_rets(b, st));
  GraphImportOptions options = {.skip_colocation_check = true, .any_names = true};
  TRY(graph_import(b->graph, b->def, &options, &b->scratch, NULL, st));
  return collect(b, out, st);
}

TF_Code graph_function_instantiate(Graph *graph, const GraphFunction *function, const Attr *attrs,
                                   int num_attrs, FunctionBody *out, TF_Status *st) {
  *out = (FunctionBody){0};
  Body b = {.function = function,
            .library = graph,
            .attrs = attrs,
            .num_attrs = num_attrs,
            .graph = graph_new()};
  if (!b.graph) return fail_oom(st, "a function's body");
  if (make_body(&b, out, st)) {
    fail_prefix(st, "Instantiating function '%s'", function->name);
    graph_unref(b.graph);
    *out = (FunctionBody){0};
  } else {
    out->graph = b.graph;
  }
  owned_tensors_clear(&b.tensors);
  map_clear(&b.nodes);
  map_clear(&b.args);
  arena_clear(&b.scratch);
  return TF_GetCode(st);
}
