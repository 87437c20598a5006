/* Reading a node's attributes and argument ranges. */
#include <string.h>

#include "graph/attr.h"
#include "graph/graph.h"

const Attr *node_attr(const Node *node, const char *name) {
  for (int i = 0; i < node->num_attrs; i++)
    if (!strcmp(node->attrs[i].name, name)) return &node->attrs[i];
  return NULL;
}

static TF_Code attr_of_kind(const Node *node, const char *name, TF_AttrType kind, bool is_list,
                            const Attr **out, TF_Status *st) {
  const Attr *a = node_attr(node, name);
  if (!a)
    return fail(st, TF_NOT_FOUND, "No attr named '%s' in NodeDef:\n\t [[{{node %s}}]]", name, node->name);
  if (a->is_list != is_list || (a->kind != kind && !(is_list && !a->count)))
    return fail(st, TF_INVALID_ARGUMENT, "AttrValue had value with type '%s' when '%s' expected",
                attr_kind_name(a->kind, a->is_list), attr_kind_name(kind, is_list));
  *out = a;
  return TF_OK;
}

TF_Code node_attr_int(const Node *node, const char *name, int64_t *out, TF_Status *st) {
  const Attr *a;
  TRY(attr_of_kind(node, name, TF_ATTR_INT, false, &a, st));
  *out = a->v.i;
  return TF_OK;
}
TF_Code node_attr_float(const Node *node, const char *name, float *out, TF_Status *st) {
  const Attr *a;
  TRY(attr_of_kind(node, name, TF_ATTR_FLOAT, false, &a, st));
  *out = a->v.f;
  return TF_OK;
}
TF_Code node_attr_bool(const Node *node, const char *name, bool *out, TF_Status *st) {
  const Attr *a;
  TRY(attr_of_kind(node, name, TF_ATTR_BOOL, false, &a, st));
  *out = a->v.b;
  return TF_OK;
}
TF_Code node_attr_type(const Node *node, const char *name, TF_DataType *out, TF_Status *st) {
  const Attr *a;
  TRY(attr_of_kind(node, name, TF_ATTR_TYPE, false, &a, st));
  *out = a->v.type;
  return TF_OK;
}
TF_Code node_attr_string(const Node *node, const char *name, Span *out, TF_Status *st) {
  const Attr *a;
  TRY(attr_of_kind(node, name, TF_ATTR_STRING, false, &a, st));
  *out = a->v.s;
  return TF_OK;
}
TF_Code node_attr_shape(const Node *node, const char *name, const Shape **out, TF_Status *st) {
  const Attr *a;
  TRY(attr_of_kind(node, name, TF_ATTR_SHAPE, false, &a, st));
  *out = a->v.shape;
  return TF_OK;
}
TF_Code node_attr_tensor(const Node *node, const char *name, const Tensor **out, TF_Status *st) {
  const Attr *a;
  TRY(attr_of_kind(node, name, TF_ATTR_TENSOR, false, &a, st));
  *out = a->v.tensor;
  return TF_OK;
}
TF_Code node_attr_list(const Node *node, const char *name, TF_AttrType kind, const Attr **out,
                       TF_Status *st) {
  return attr_of_kind(node, name, kind, true, out, st);
}

static const Attr *find(const Attr *attrs, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (!strcmp(attrs[i].name, name)) return &attrs[i];
  return NULL;
}

/* How many tensors the argument stands for; the attributes were checked against the spec or come from
 * outside. */
static TF_Code arg_count(const ArgSpec *arg, const Attr *attrs, int num_attrs, const char *node_name,
                         int64_t *count, TF_Status *st) {
  *count = 1;
  const char *name = arg->list_attr ? arg->list_attr : arg->number_attr;
  if (!name) return TF_OK;
  const Attr *a = find(attrs, num_attrs, name);
  if (!a || a->is_list != (arg->list_attr != NULL) || (!a->is_list && a->kind != TF_ATTR_INT))
    return fail(st, TF_INVALID_ARGUMENT, "the attr '%s' of node %s does not say how many tensors '%s' is",
                name, node_name, arg->name);
  *count = a->is_list ? a->count : a->v.i;
  if (*count < 0 || *count > NODE_MAX_OUTPUTS)
    return fail(st, TF_INVALID_ARGUMENT,
                "Node %s: the attr '%s' wants %lld tensors for '%s', from 0 to %d are allowed", node_name,
                name, (long long)*count, arg->name, NODE_MAX_OUTPUTS);
  return TF_OK;
}

TF_Code node_arg_types(const OpSpec *spec, bool output, const Attr *attrs, int num_attrs,
                       const char *node_name, Arena *arena, TF_DataType **types, int *count, TF_Status *st) {
  int num_args = output ? spec->num_outputs : spec->num_inputs;
  const ArgSpec *args = output ? spec->outputs : spec->inputs;
  int64_t total = 0, n;
  for (int i = 0; i < num_args; i++) {
    TRY(arg_count(&args[i], attrs, num_attrs, node_name, &n, st));
    total += n;
    if (total > NODE_MAX_OUTPUTS)
      return fail(st, TF_INVALID_ARGUMENT, "Node %s has more than %d %s", node_name, NODE_MAX_OUTPUTS,
                  output ? "outputs" : "inputs");
  }
  TF_DataType *out = arena_alloc(arena, (size_t)total * sizeof *out);
  if (!out) return fail_oom(st, "a node's types");
  int at = 0;
  for (int i = 0; i < num_args; i++) {
    const ArgSpec *arg = &args[i];
    TRY(arg_count(arg, attrs, num_attrs, node_name, &n, st));
    const Attr *list = arg->list_attr ? find(attrs, num_attrs, arg->list_attr) : NULL;
    const Attr *one = arg->type_attr ? find(attrs, num_attrs, arg->type_attr) : NULL;
    if (list && list->count && list->kind != TF_ATTR_TYPE)
      return fail(st, TF_INVALID_ARGUMENT, "the attr '%s' of node %s is no list of types", arg->list_attr,
                  node_name);
    for (int64_t k = 0; k < n; k++) {
      TF_DataType type = list                                                ? list->v.list_type[k]
                         : one && one->kind == TF_ATTR_TYPE && !one->is_list ? one->v.type
                                                                             : arg->type;
      out[at++] = arg->is_ref && !dtype_is_ref(type) ? (TF_DataType)(type + 100) : type;
    }
  }
  *types = out;
  *count = at;
  return TF_OK;
}

TF_Code node_arg_range(const Node *node, bool output, const char *arg, int *start, int *count,
                       TF_Status *st) {
  int num_args = output ? node->spec->num_outputs : node->spec->num_inputs;
  const ArgSpec *args = output ? node->spec->outputs : node->spec->inputs;
  int64_t at = 0, n;
  for (int i = 0; i < num_args; i++) {
    TRY(arg_count(&args[i], node->attrs, node->num_attrs, node->name, &n, st));
    if (!strcmp(args[i].name, arg)) {
      *start = (int)at;
      *count = (int)n;
      return TF_OK;
    }
    at += n;
  }
  return fail(st, TF_INVALID_ARGUMENT, "%s arg '%s' not found", output ? "Output" : "Input", arg);
}
