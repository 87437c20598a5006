/* Making a node: its attributes against the spec, types and number of its inputs, shapes. */
#include <string.h>

#include "graph/attr.h"
#include "graph/graph.h"
#include "graph/shape_infer.h"

/* Behind an error of an attribute: which node, and what the op is. */
static TF_Code blame(const OpSpec *spec, const char *node_name, TF_Status *st) {
  Bytes text = {0};
  op_spec_print(spec, &text);
  if (!text.failed) fail_suffix(st, "; NodeDef: {{node %s}}; %s", node_name, text.data);
  bytes_clear(&text);
  return TF_GetCode(st);
}

static TF_Code check_type_value(TF_DataType type, TF_Status *st) {
  if (type == 0) return fail(st, TF_INVALID_ARGUMENT, "AttrValue has invalid DataType");
  if (dtype_is_ref(type) && dtype_proto_name(dtype_base(type)))
    return fail(st, TF_INVALID_ARGUMENT, "AttrValue must not have reference type value of %s",
                dtype_name(type));
  if (!dtype_proto_name(type))
    return fail(st, TF_INVALID_ARGUMENT, "AttrValue has invalid DataType enum: %d", (int)type);
  return TF_OK;
}

static TF_Code check_shape_value(const Shape *shape, TF_Status *st) {
  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] < -1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Shape has dimension %d of size %lld, below -1 (which means unknown)", i,
                  (long long)shape->dims[i]);
  return TF_OK;
}

/* Whether the value is of the spec's kind; an empty list takes it on. */
static TF_Code check_kind(Attr *a, const AttrSpec *spec, TF_Status *st) {
  const char *want = attr_kind_name(spec->kind, spec->is_list);
  if (a->is_list && spec->is_list && !a->count) a->kind = spec->kind;
  if (a->is_list != spec->is_list || a->kind != spec->kind)
    return fail(st, TF_INVALID_ARGUMENT, "AttrValue had value with type '%s' when '%s' expected",
                attr_kind_name(a->kind, a->is_list), want);
  if (a->kind == TF_ATTR_SHAPE) {
    for (int64_t i = 0; i < (a->is_list ? a->count : 1); i++)
      TRY(check_shape_value(a->is_list ? &a->v.list_shape[i] : a->v.shape, st));
  }
  if (a->kind != TF_ATTR_TYPE) return TF_OK;
  if (!a->is_list) return check_type_value(a->v.type, st);
  for (int64_t i = 0; i < a->count; i++) TRY(check_type_value(a->v.list_type[i], st));
  return TF_OK;
}

static TF_Code check_allowed_type(const AttrSpec *spec, TF_DataType type, TF_Status *st) {
  for (int i = 0; i < spec->num_allowed_types; i++)
    if (spec->allowed_types[i] == type) return TF_OK;
  Bytes list = {0};
  for (int i = 0; i < spec->num_allowed_types; i++)
    bytes_printf(&list, "%s%s", i ? ", " : "", dtype_name(spec->allowed_types[i]));
  fail(st, TF_INVALID_ARGUMENT, "Value for attr '%s' of %s is not in the list of allowed values: %s",
       spec->name, dtype_name(type), list.failed ? "" : list.data);
  bytes_clear(&list);
  return TF_INVALID_ARGUMENT;
}

static TF_Code check_allowed_string(const AttrSpec *spec, Span value, TF_Status *st) {
  for (int i = 0; i < spec->num_allowed_strings; i++)
    if (strlen(spec->allowed_strings[i]) == value.size &&
        !memcmp(spec->allowed_strings[i], value.data, value.size))
      return TF_OK;
  Bytes list = {0};
  for (int i = 0; i < spec->num_allowed_strings; i++)
    bytes_printf(&list, "%s\"%s\"", i ? ", " : "", spec->allowed_strings[i]);
  fail(st, TF_INVALID_ARGUMENT, "Value for attr '%s' of \"%.*s\" is not in the list of allowed values: %s",
       spec->name, (int)(value.size < 200 ? value.size : 200), (const char *)value.data,
       list.failed ? "" : list.data);
  bytes_clear(&list);
  return TF_INVALID_ARGUMENT;
}

static TF_Code check_limits(const Attr *a, const AttrSpec *spec, TF_Status *st) {
  if (spec->has_minimum && a->is_list && a->count < spec->minimum)
    return fail(st, TF_INVALID_ARGUMENT, "Length for attr '%s' of %lld must be at least minimum %lld",
                spec->name, (long long)a->count, (long long)spec->minimum);
  if (spec->has_minimum && !a->is_list && a->kind == TF_ATTR_INT && a->v.i < spec->minimum)
    return fail(st, TF_INVALID_ARGUMENT, "Value for attr '%s' of %lld must be at least minimum %lld",
                spec->name, (long long)a->v.i, (long long)spec->minimum);
  int64_t count = a->is_list ? a->count : 1;
  for (int64_t i = 0; spec->num_allowed_types && i < count; i++)
    TRY(check_allowed_type(spec, a->is_list ? a->v.list_type[i] : a->v.type, st));
  for (int64_t i = 0; spec->num_allowed_strings && i < count; i++)
    TRY(check_allowed_string(spec, a->is_list ? a->v.list_s[i] : a->v.s, st));
  return TF_OK;
}

static TF_Code check_attr(Attr *a, const AttrSpec *spec, const NodeInit *init, TF_Status *st) {
  if (a->kind == TF_ATTR_PLACEHOLDER && !a->is_list) return TF_OK; /* stands for a value to come */
  if (check_kind(a, spec, st)) {
    fail_suffix(st, "\n\t for attr '%s'\n\t", spec->name);
    return blame(init->spec, init->name, st);
  }
  if (check_limits(a, spec, st)) {
    fail_suffix(st, "\n\t");
    return blame(init->spec, init->name, st);
  }
  return TF_OK;
}

static Attr *given_attr(const NodeInit *init, const char *name) {
  for (int i = 0; i < init->num_attrs; i++)
    if (!strcmp(init->attrs[i].name, name)) return &init->attrs[i];
  return NULL;
}

/* The required attribute that is not given and whose name comes next. */
static const AttrSpec *next_missing(const NodeInit *init, const AttrSpec *after) {
  const AttrSpec *best = NULL;
  for (int i = 0; i < init->spec->num_attrs; i++) {
    const AttrSpec *a = &init->spec->attrs[i];
    if (a->default_value || given_attr(init, a->name) || (after && strcmp(a->name, after->name) <= 0))
      continue;
    if (!best || strcmp(a->name, best->name) < 0) best = a;
  }
  return best;
}

static TF_Code fail_missing(const NodeInit *init, TF_Status *st) {
  Bytes names = {0}, text = {0};
  int count = 0;
  for (const AttrSpec *a = NULL; (a = next_missing(init, a)); count++)
    bytes_printf(&names, "%s'%s'", count ? ", " : "", a->name);
  op_spec_print(init->spec, &text);
  TF_Code code = names.failed || text.failed ? fail_oom(st, "an error message")
                                             : fail(st, TF_INVALID_ARGUMENT,
                                                    "NodeDef missing attr%s %s from %s; NodeDef: {{node %s}}",
                                                    count > 1 ? "s" : "", names.data, text.data, init->name);
  bytes_clear(&names);
  bytes_clear(&text);
  return code;
}

/* The spec's attributes in its order, given or by default, then what else was given. */
static TF_Code set_attrs(Graph *graph, const NodeInit *init, Node *node, TF_Status *st) {
  const OpSpec *spec = init->spec;
  node->attrs = arena_alloc(&graph->arena,
                            ((size_t)spec->num_attrs + (size_t)init->num_attrs) * sizeof *node->attrs);
  if (!node->attrs) return fail_oom(st, "a node's attributes");
  int missing = 0;
  for (int i = 0; i < spec->num_attrs; i++) {
    Attr *given = given_attr(init, spec->attrs[i].name);
    if (given) TRY(check_attr(given, &spec->attrs[i], init, st));
    if (given) node->attrs[node->num_attrs++] = *given;
    else if (spec->attrs[i].default_value) node->attrs[node->num_attrs++] = *spec->attrs[i].default_value;
    else missing++;
  }
  if (missing) return fail_missing(init, st);
  for (int i = 0; i < init->num_attrs; i++) {
    if (op_spec_attr(spec, init->attrs[i].name)) continue;
    if (init->attrs[i].kind == ATTR_KIND_UNKNOWN)
      init->attrs[i].kind = TF_ATTR_STRING; /* an empty list of anything */
    node->attrs[node->num_attrs++] = init->attrs[i];
  }
  return TF_OK;
}

static bool types_fit(TF_DataType expected, TF_DataType actual) {
  return expected == actual || (!dtype_is_ref(expected) && dtype_base(actual) == expected);
}

static TF_Code check_input(const Node *node, int i, TF_Output from, TF_Status *st) {
  if (from.index < 0 || from.index >= from.oper->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT,
                "Node '%s': Connecting to invalid output %d of source node %s which has %d outputs.",
                node->name, from.index, from.oper->name, from.oper->num_outputs);
  TF_DataType actual = from.oper->output_types[from.index], expected = node->input_types[i];
  if (!types_fit(expected, actual))
    return fail(st, TF_INVALID_ARGUMENT,
                "Input %d of node %s was passed %s from %s:%d incompatible with expected %s.", i, node->name,
                dtype_name(actual), from.oper->name, from.index, expected ? dtype_name(expected) : "INVALID");
  return TF_OK;
}

static TF_Code fail_arity(const NodeInit *init, const Node *node, TF_Status *st) {
  Bytes types = {0}, text = {0};
  for (int i = 0; i < node->num_inputs && i < 100; i++)
    bytes_printf(&types, "%s%s", i ? ", " : "", dtype_name(node->input_types[i]));
  op_spec_print(init->spec, &text);
  fail(st, TF_INVALID_ARGUMENT,
       "NodeDef expected inputs '%s' do not match %d inputs specified; %s; NodeDef: {{node %s}}",
       types.size ? types.data : "", init->num_inputs, text.failed ? "" : text.data, init->name);
  bytes_clear(&types);
  bytes_clear(&text);
  return TF_INVALID_ARGUMENT;
}

static TF_Code set_inputs(Graph *graph, const NodeInit *init, Node *node, TF_Status *st) {
  TRY(node_arg_types(init->spec, false, node->attrs, node->num_attrs, init->name, &graph->arena,
                     &node->input_types, &node->num_inputs, st));
  if (node->num_inputs != init->num_inputs) return fail_arity(init, node, st);
  node->inputs = arena_memdup(&graph->arena, init->inputs, (size_t)init->num_inputs * sizeof *init->inputs);
  if (!node->inputs) return fail_oom(st, "a node's inputs");
  for (int i = 0; i < init->num_inputs; i++)
    if (init->inputs[i].oper) TRY(check_input(node, i, init->inputs[i], st));
  node->controls = arena_alloc(&graph->arena, (size_t)init->num_controls * sizeof *node->controls);
  if (!node->controls) return fail_oom(st, "a node's inputs");
  for (int i = 0; i < init->num_controls; i++) {
    int k = 0;
    /* Doubles are dropped; the list is short, save in the group of a large model's restores. */
    while (init->num_controls < 256 && k < node->num_controls && node->controls[k] != init->controls[i]) k++;
    if (init->num_controls >= 256) k = node->num_controls;
    if (k == node->num_controls) node->controls[node->num_controls++] = init->controls[i];
  }
  return TF_OK;
}

static TF_Code set_outputs(Graph *graph, const NodeInit *init, Node *node, TF_Status *st) {
  TRY(node_arg_types(init->spec, true, node->attrs, node->num_attrs, init->name, &graph->arena,
                     &node->output_types, &node->num_outputs, st));
  node->output_shapes = arena_alloc(&graph->arena, (size_t)node->num_outputs * sizeof *node->output_shapes);
  return node->output_shapes ? TF_OK : fail_oom(st, "a node's outputs");
}

TF_Code node_make(Graph *graph, const NodeInit *init, Node **out, TF_Status *st) {
  Node *node = arena_calloc(&graph->arena, 1, sizeof *node);
  if (!node) return fail_oom(st, "a node");
  node->graph = graph;
  node->id = -1;
  node->name = init->name;
  node->spec = init->spec;
  node->op = init->spec->name;
  node->device = init->device ? init->device : "";
  TRY(set_attrs(graph, init, node, st));
  TRY(set_inputs(graph, init, node, st));
  TRY(set_outputs(graph, init, node, st));
  TRY(node_infer_shapes(node, st));
  *out = node;
  return TF_OK;
}

TF_Code node_set_back_edge(Node *node, int input, TF_Output from, TF_Status *st) {
  TRY(check_input(node, input, from, st));
  node->inputs[input] = from;
  return TF_OK;
}
