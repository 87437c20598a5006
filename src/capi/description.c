/* TF_OperationDescription: an operation under construction, in an arena of its own until it goes into the
 * graph.
 *
 * As in TensorFlow, every input settles types at once, an attribute that is set to two values is an error,
 * and errors are gathered until TF_FinishOperation. */
#include <stdlib.h>

#include "capi/capi.h"
#include "graph/attr.h"
#include "graph/graph_import.h"

struct TF_OperationDescription {
  Graph *graph;
  Arena arena;
  OwnedTensor *tensors;
  const OpSpec *spec; /* null: no such op */
  const char *op, *name, *device;
  Attr *attrs;
  int num_attrs, cap_attrs;
  TF_Output *inputs;
  int num_inputs, cap_inputs;
  Node **controls;
  int num_controls, cap_controls;
  const char **colocated; /* "loc:@name", sorted, each once */
  int num_colocated, cap_colocated;
  int num_args; /* arguments given */
  Bytes errors; /* what does not fit the op, a line each */
  int num_errors;
  Bytes misuse; /* what makes no sense for any op */
  bool out_of_memory;
};

static void *add_room(TF_OperationDescription *d, void *items, int count, int *capacity, size_t size) {
  if (count < *capacity) return items;
  int more = *capacity ? *capacity * 2 : 8;
  void *grown = arena_alloc(&d->arena, (size_t)more * size);
  if (!grown) {
    d->out_of_memory = true;
    return NULL;
  }
  if (count) memcpy(grown, items, (size_t)count * size);
  *capacity = more;
  return grown;
}

/* `count` zeroed elements; null (and noted) when memory is out. */
static void *new_list(TF_OperationDescription *d, int count, size_t size) {
  void *list = arena_calloc(&d->arena, (size_t)(count > 0 ? count : 0), size);
  if (!list) d->out_of_memory = true;
  return list;
}

static Bytes *new_error(TF_OperationDescription *d) {
  if (d->num_errors++) bytes_putc(&d->errors, '\n');
  return &d->errors;
}

static Bytes *new_misuse(TF_OperationDescription *d) {
  if (d->misuse.size) bytes_putc(&d->misuse, '\n');
  return &d->misuse;
}

static Attr *find_attr(TF_OperationDescription *d, const char *name) {
  for (int i = 0; i < d->num_attrs; i++)
    if (!strcmp(d->attrs[i].name, name)) return &d->attrs[i];
  return NULL;
}

/* Adds an attribute (a copy), or complains when it has another value already. */
static void set_attr(TF_OperationDescription *d, const char *name, Attr value) {
  Attr *found = find_attr(d, name);
  value.name = name;
  if (value.count < 0) value.count = 0;
  if (found) {
    if (attr_equal(found, &value)) return;
    Bytes *e = new_error(d);
    bytes_printf(e, "Inconsistent values for attr '%s' ", name);
    attr_print(found, e);
    bytes_puts(e, " vs. ");
    attr_print(&value, e);
    return;
  }
  Attr *attrs = add_room(d, d->attrs, d->num_attrs, &d->cap_attrs, sizeof *attrs);
  if (!attrs) return;
  d->attrs = attrs;
  TF_Status st = {0};
  if (attr_copy((AttrStore){&d->arena, &d->tensors}, &value, name, &attrs[d->num_attrs], &st))
    d->out_of_memory = true;
  else d->num_attrs++;
}

static void colocate(TF_OperationDescription *d, Span value) {
  const char *text = arena_strndup(&d->arena, value.data, value.size);
  const char **list = add_room(d, d->colocated, d->num_colocated, &d->cap_colocated, sizeof *list);
  if (!text || !list) {
    d->out_of_memory = true;
    return;
  }
  d->colocated = list;
  for (int i = 0; i < d->num_colocated; i++)
    if (!strcmp(list[i], text)) return;
  int at = d->num_colocated++;
  for (; at > 0 && strcmp(list[at - 1], text) > 0; at--) list[at] = list[at - 1];
  list[at] = text;
}

/* ---- life ---- */

TF_OperationDescription *TF_NewOperationLocked(TF_Graph *graph, const char *op_type, const char *oper_name) {
  TF_OperationDescription *d = calloc(1, sizeof *d);
  if (!d) return NULL;
  d->graph = graph;
  d->spec = graph_spec_find(graph, op_type);
  d->op = arena_strdup(&d->arena, op_type);
  d->name = arena_strdup(&d->arena, oper_name);
  d->device = "";
  d->out_of_memory = !d->op || !d->name;
  return d;
}

TF_OperationDescription *TF_NewOperation(TF_Graph *graph, const char *op_type, const char *oper_name) {
  graph_lock(graph);
  TF_OperationDescription *d = TF_NewOperationLocked(graph, op_type, oper_name);
  graph_unlock(graph);
  return d;
}

static void free_description(TF_OperationDescription *d) {
  owned_tensors_clear(&d->tensors);
  bytes_clear(&d->errors);
  bytes_clear(&d->misuse);
  arena_clear(&d->arena);
  free(d);
}

void TF_SetDevice(TF_OperationDescription *d, const char *device) {
  char *copy = arena_strdup(&d->arena, device ? device : "");
  if (copy) d->device = copy;
  else d->out_of_memory = true;
}

/* ---- inputs ---- */

/* The type of a source; 0 when there is no such output. */
static TF_DataType source_type(TF_OperationDescription *d, TF_Output from) {
  if (!from.oper || from.oper->graph != d->graph)
    bytes_printf(new_misuse(d), "Attempt to add an input that is no output of this graph to node '%s'",
                 d->name);
  else if (from.index < 0 || from.index >= from.oper->num_outputs)
    bytes_printf(
        new_misuse(d),
        "Attempt to add output %d of %s not in range [0, %d) to node with type %s. Node: {{node %s}}",
        from.index, from.oper->name, from.oper->num_outputs, d->op, from.oper->name);
  else return from.oper->output_types[from.index];
  return (TF_DataType)0;
}

static void add_source(TF_OperationDescription *d, TF_Output from) {
  TF_Output *inputs = add_room(d, d->inputs, d->num_inputs, &d->cap_inputs, sizeof *inputs);
  if (!inputs) return;
  d->inputs = inputs;
  inputs[d->num_inputs++] = from;
}

static const ArgSpec *next_arg(TF_OperationDescription *d) {
  if (!d->spec) return NULL;
  if (d->num_args < d->spec->num_inputs) return &d->spec->inputs[d->num_args++];
  bytes_printf(new_error(d), "More Input() calls than the %d input_args", d->spec->num_inputs);
  return NULL;
}

static void check_type(TF_OperationDescription *d, const ArgSpec *arg, TF_DataType expected,
                       TF_DataType actual) {
  if (actual == expected || (!dtype_is_ref(expected) && dtype_base(actual) == expected)) return;
  bytes_printf(new_error(d), "Input '%s' passed %s expected %s", arg->name, dtype_name(actual),
               dtype_name(expected));
}

static TF_DataType maybe_ref(const ArgSpec *arg, TF_DataType type) {
  return arg->is_ref && !dtype_is_ref(type) ? (TF_DataType)(type + 100) : type;
}

static bool check_ref(TF_OperationDescription *d, const ArgSpec *arg, TF_DataType actual) {
  if (!arg->is_ref || dtype_is_ref(actual)) return true;
  bytes_printf(new_error(d), "Input '%s' passed %s expected ref type", arg->name, dtype_name(actual));
  return false;
}

static void set_type(TF_OperationDescription *d, const char *name, TF_DataType type) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_TYPE, .v.type = type});
}

void TF_AddInput(TF_OperationDescription *d, TF_Output input) {
  TF_DataType type = source_type(d, input);
  const ArgSpec *arg = type ? next_arg(d) : NULL;
  if (!arg) return;
  add_source(d, input);
  if (arg->number_attr || arg->list_attr)
    bytes_printf(new_error(d), "Single tensor passed to '%s', expected list", arg->name);
  else if (arg->type) check_type(d, arg, maybe_ref(arg, arg->type), type);
  else if (check_ref(d, arg, type)) set_type(d, arg->type_attr, dtype_base(type));
}

static void add_counted(TF_OperationDescription *d, const ArgSpec *arg, const TF_DataType *types, int count) {
  set_attr(d, arg->number_attr, (Attr){.kind = TF_ATTR_INT, .v.i = count});
  if (!count) return;
  TF_DataType base = arg->type ? arg->type : dtype_base(types[0]);
  if (!arg->type) set_type(d, arg->type_attr, base);
  for (int i = 0; i < count; i++) check_type(d, arg, maybe_ref(arg, base), types[i]);
}

static void add_listed(TF_OperationDescription *d, const ArgSpec *arg, TF_DataType *types, int count) {
  for (int i = 0; i < count; i++) {
    if (!check_ref(d, arg, types[i])) return;
    types[i] = dtype_base(types[i]);
  }
  set_attr(d, arg->list_attr,
           (Attr){.kind = TF_ATTR_TYPE, .is_list = true, .count = count, .v.list_type = types});
}

void TF_AddInputList(TF_OperationDescription *d, const TF_Output *inputs, int num_inputs) {
  TF_DataType *types = new_list(d, num_inputs, sizeof *types);
  for (int i = 0; types && i < num_inputs; i++)
    if (!(types[i] = source_type(d, inputs[i]))) return;
  const ArgSpec *arg = types ? next_arg(d) : NULL;
  if (!arg) return;
  if (!arg->number_attr && !arg->list_attr) {
    bytes_printf(new_error(d), "List provided to input '%s' when single Tensor expected", arg->name);
    return;
  }
  for (int i = 0; i < num_inputs; i++) add_source(d, inputs[i]);
  if (arg->number_attr) add_counted(d, arg, types, num_inputs > 0 ? num_inputs : 0);
  else add_listed(d, arg, types, num_inputs > 0 ? num_inputs : 0);
}

void TF_AddControlInput(TF_OperationDescription *d, TF_Operation *input) {
  if (!input || input->graph != d->graph) {
    bytes_printf(new_misuse(d), "Attempt to add a control input that is not of this graph to node '%s'",
                 d->name);
    return;
  }
  Node **controls = add_room(d, d->controls, d->num_controls, &d->cap_controls, sizeof *controls);
  if (!controls) return;
  d->controls = controls;
  controls[d->num_controls++] = input;
}

void TF_ColocateWith(TF_OperationDescription *d, TF_Operation *op) {
  char *text = arena_printf(&d->arena, "loc:@%s", op->name);
  if (text) colocate(d, (Span){text, strlen(text)});
  else d->out_of_memory = true;
}

/* ---- attributes ---- */

/* _class set by hand replaces the colocations so far. */
static bool set_class(TF_OperationDescription *d, const char *name, const Span *values, int64_t count) {
  if (strcmp(name, "_class")) return false;
  d->num_colocated = 0;
  for (int64_t i = 0; i < count; i++) colocate(d, values[i]);
  return true;
}

void TF_SetAttrString(TF_OperationDescription *d, const char *name, const void *value, size_t length) {
  Span span = {value, length};
  if (!set_class(d, name, &span, 1)) set_attr(d, name, (Attr){.kind = TF_ATTR_STRING, .v.s = span});
}

void TF_SetAttrStringList(TF_OperationDescription *d, const char *name, const void *const *values,
                          const size_t *lengths, int num_values) {
  Span *list = new_list(d, num_values, sizeof *list);
  if (!list) return;
  for (int i = 0; i < num_values; i++) list[i] = (Span){values[i], lengths[i]};
  if (!set_class(d, name, list, num_values))
    set_attr(d, name, (Attr){.kind = TF_ATTR_STRING, .is_list = true, .count = num_values, .v.list_s = list});
}

void TF_SetAttrInt(TF_OperationDescription *d, const char *name, int64_t value) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_INT, .v.i = value});
}

void TF_SetAttrIntList(TF_OperationDescription *d, const char *name, const int64_t *values, int num_values) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_INT, .is_list = true, .count = num_values, .v.list_i = values});
}

void TF_SetAttrFloat(TF_OperationDescription *d, const char *name, float value) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_FLOAT, .v.f = value});
}

void TF_SetAttrFloatList(TF_OperationDescription *d, const char *name, const float *values, int num_values) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_FLOAT, .is_list = true, .count = num_values, .v.list_f = values});
}

void TF_SetAttrBool(TF_OperationDescription *d, const char *name, unsigned char value) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_BOOL, .v.b = value != 0});
}

void TF_SetAttrBoolList(TF_OperationDescription *d, const char *name, const unsigned char *values,
                        int num_values) {
  bool *list = new_list(d, num_values, sizeof *list);
  if (!list) return;
  for (int i = 0; i < num_values; i++) list[i] = values[i] != 0;
  set_attr(d, name, (Attr){.kind = TF_ATTR_BOOL, .is_list = true, .count = num_values, .v.list_b = list});
}

void TF_SetAttrType(TF_OperationDescription *d, const char *name, TF_DataType value) {
  set_type(d, name, value);
}

void TF_SetAttrTypeList(TF_OperationDescription *d, const char *name, const TF_DataType *values,
                        int num_values) {
  set_attr(d, name,
           (Attr){.kind = TF_ATTR_TYPE, .is_list = true, .count = num_values, .v.list_type = values});
}

void TF_SetAttrPlaceholder(TF_OperationDescription *d, const char *name, const char *placeholder) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_PLACEHOLDER, .v.placeholder = placeholder});
}

void TF_SetAttrFuncName(TF_OperationDescription *d, const char *name, const char *value, size_t length) {
  AttrFunc func = {.name = arena_strndup(&d->arena, value, length)};
  if (func.name) set_attr(d, name, (Attr){.kind = TF_ATTR_FUNC, .v.func = &func});
  else d->out_of_memory = true;
}

/* False when the rank is above what is supported: an error of the description. */
static bool read_shape(TF_OperationDescription *d, const char *name, const int64_t *dims, int num_dims,
                       Shape *out) {
  *out = shape_unknown();
  if (num_dims > TENSOR_MAX_RANK) {
    bytes_printf(new_error(d), "Shape of rank %d for attr '%s': ranks up to %d are supported", num_dims, name,
                 TENSOR_MAX_RANK);
    return false;
  }
  if (num_dims < 0) return true;
  out->rank = num_dims;
  for (int i = 0; i < num_dims; i++) out->dims[i] = dims[i];
  return true;
}

static void set_shapes(TF_OperationDescription *d, const char *name, const Shape *list, int count) {
  set_attr(d, name, (Attr){.kind = TF_ATTR_SHAPE, .is_list = true, .count = count, .v.list_shape = list});
}

void TF_SetAttrShape(TF_OperationDescription *d, const char *name, const int64_t *dims, int num_dims) {
  Shape shape;
  if (read_shape(d, name, dims, num_dims, &shape))
    set_attr(d, name, (Attr){.kind = TF_ATTR_SHAPE, .v.shape = &shape});
}

void TF_SetAttrShapeList(TF_OperationDescription *d, const char *name, const int64_t *const *dims,
                         const int *num_dims, int num_shapes) {
  Shape *list = new_list(d, num_shapes, sizeof *list);
  if (!list) return;
  for (int i = 0; i < num_shapes; i++)
    if (!read_shape(d, name, dims[i], num_dims[i], &list[i])) return;
  set_shapes(d, name, list, num_shapes);
}

static TF_Code parse_shape(TF_OperationDescription *d, const void *proto, size_t len, Shape *out,
                           TF_Status *st) {
  Tensorflow__TensorShapeProto *p;
  if (proto_parse(&tensorflow__tensor_shape_proto__descriptor, (Span){proto, len}, &d->arena, &p, "shape",
                  st))
    return fail(st, TF_INVALID_ARGUMENT, "Unparseable TensorShapeProto");
  return shape_from_proto(p, out, st);
}

void TF_SetAttrTensorShapeProto(TF_OperationDescription *d, const char *name, const void *proto,
                                size_t proto_len, TF_Status *st) {
  status_reset(st);
  Shape shape;
  if (!parse_shape(d, proto, proto_len, &shape, st))
    set_attr(d, name, (Attr){.kind = TF_ATTR_SHAPE, .v.shape = &shape});
}

void TF_SetAttrTensorShapeProtoList(TF_OperationDescription *d, const char *name, const void *const *protos,
                                    const size_t *proto_lens, int num_shapes, TF_Status *st) {
  status_reset(st);
  Shape *list = new_list(d, num_shapes, sizeof *list);
  if (!list) {
    fail_oom(st, "shapes");
    return;
  }
  for (int i = 0; i < num_shapes; i++)
    if (parse_shape(d, protos[i], proto_lens[i], &list[i], st)) return;
  set_shapes(d, name, list, num_shapes);
}

void TF_SetAttrTensor(TF_OperationDescription *d, const char *name, TF_Tensor *value, TF_Status *st) {
  status_reset(st);
  set_attr(d, name, (Attr){.kind = TF_ATTR_TENSOR, .v.tensor = value});
}

void TF_SetAttrTensorList(TF_OperationDescription *d, const char *name, TF_Tensor *const *values,
                          int num_values, TF_Status *st) {
  status_reset(st);
  Tensor *list = new_list(d, num_values, sizeof *list);
  if (!list) {
    fail_oom(st, "a tensor attribute");
    return;
  }
  for (int i = 0; i < num_values; i++) list[i] = *values[i]; /* set_attr takes the references */
  set_attr(d, name,
           (Attr){.kind = TF_ATTR_TENSOR, .is_list = true, .count = num_values, .v.list_tensor = list});
}

void TF_SetAttrValueProto(TF_OperationDescription *d, const char *name, const void *proto, size_t proto_len,
                          TF_Status *st) {
  status_reset(st);
  Tensorflow__AttrValue *value;
  Attr attr;
  if (proto_parse(&tensorflow__attr_value__descriptor, (Span){proto, proto_len}, &d->arena, &value,
                  "AttrValue", st)) {
    fail(st, TF_INVALID_ARGUMENT, "Unparseable AttrValue proto");
    return;
  }
  if (attr_from_proto((AttrStore){&d->arena, &d->tensors}, name, value, &attr, st)) return;
  if (attr.kind == TF_ATTR_STRING &&
      set_class(d, name, attr.is_list ? attr.v.list_s : &attr.v.s, attr.is_list ? attr.count : 1))
    return;
  set_attr(d, name, attr);
}

/* ---- finishing ---- */

static TF_Code gathered_errors(TF_OperationDescription *d, TF_Status *st) {
  if (d->out_of_memory || d->errors.failed || d->misuse.failed)
    return fail_oom(st, "an operation's description");
  if (d->misuse.size) return fail(st, TF_INVALID_ARGUMENT, "%s", d->misuse.data);
  if (!d->spec) {
    graph_fail_no_op(d->op, st);
    TF_SetStatus(st, TF_INVALID_ARGUMENT, TF_Message(st));
    return fail_suffix(st, " while building NodeDef '%s'", d->name);
  }
  if (d->num_args < d->spec->num_inputs)
    bytes_printf(new_error(d), "%d inputs specified of %d inputs in Op", d->num_args, d->spec->num_inputs);
  if (!d->num_errors) return TF_OK;
  Bytes spec = {0};
  op_spec_print(d->spec, &spec);
  const char *text = spec.failed ? "" : spec.data, *errors = d->errors.failed ? "" : d->errors.data;
  if (d->num_errors == 1)
    fail(st, TF_INVALID_ARGUMENT, "%s while building NodeDef '%s' using %s", errors, d->name, text);
  else
    fail(st, TF_INVALID_ARGUMENT, "%d errors while building NodeDef '%s' using %s:\n%s", d->num_errors,
         d->name, text, errors);
  bytes_clear(&spec);
  return TF_INVALID_ARGUMENT;
}

static void put_class(TF_OperationDescription *d) {
  Span *list = d->num_colocated ? new_list(d, d->num_colocated, sizeof *list) : NULL;
  if (!list) return;
  for (int i = 0; i < d->num_colocated; i++) list[i] = (Span){d->colocated[i], strlen(d->colocated[i])};
  set_attr(d, "_class",
           (Attr){.kind = TF_ATTR_STRING, .is_list = true, .count = d->num_colocated, .v.list_s = list});
}

/* Copies what the node keeps into the graph's arena. The graph is locked. */
static TF_Code finish(TF_OperationDescription *d, Node **node, TF_Status *st) {
  Graph *graph = d->graph;
  if (!d->out_of_memory && graph_find(graph, d->name))
    return fail(st, TF_INVALID_ARGUMENT, "Duplicate node name in graph: '%s'", d->name);
  put_class(d);
  TRY(gathered_errors(d, st));
  TRY(graph_check_deprecated(d->spec, graph->producer, st));
  AttrStore store = {&graph->arena, &graph->tensors};
  NodeInit init = {.spec = d->spec,
                   .inputs = d->inputs,
                   .num_inputs = d->num_inputs,
                   .controls = d->controls,
                   .num_controls = d->num_controls};
  init.name = arena_strdup(&graph->arena, d->name);
  init.device = *d->device ? arena_strdup(&graph->arena, d->device) : "";
  init.attrs = arena_calloc(&graph->arena, (size_t)d->num_attrs, sizeof *init.attrs);
  if (!init.name || !init.device || !init.attrs) return fail_oom(st, "an operation");
  for (int i = 0; i < d->num_attrs; i++) TRY(attr_copy(store, &d->attrs[i], NULL, &init.attrs[i], st));
  init.num_attrs = d->num_attrs;
  TRY(node_make(graph, &init, node, st));
  return graph_insert(graph, node, 1, st);
}

TF_Operation *TF_FinishOperationLocked(TF_OperationDescription *d, TF_Status *st) {
  status_reset(st);
  Node *node = NULL;
  TF_Code code = finish(d, &node, st);
  free_description(d);
  return code ? NULL : node;
}

TF_Operation *TF_FinishOperation(TF_OperationDescription *d, TF_Status *st) {
  Graph *graph = d->graph;
  graph_lock(graph);
  TF_Operation *node = TF_FinishOperationLocked(d, st);
  graph_unlock(graph);
  return node;
}
