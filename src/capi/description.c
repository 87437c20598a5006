/* Adding operations through the C API: a TF_OperationDescription collects inputs and attributes in an arena of its own;
 * TF_FinishOperation moves them into the graph's. */
#include <stdlib.h>

#include "capi/capi.h"
#include "graph/attr.h"

struct TF_OperationDescription {
  Arena arena;
  OwnedTensor *tensors;
  Graph *graph;
  const char *op, *name, *device;
  TF_Output *inputs;
  int num_inputs, cap_inputs;
  Node **controls;
  int num_controls, cap_controls;
  Attr *attrs;
  int num_attrs, cap_attrs;
  Span *colocated; /* "loc:@name" */
  int num_colocated, cap_colocated;
  TF_Status error; /* the first one; TF_FinishOperation reports it */
};

static AttrStore desc_store(TF_OperationDescription *d) { return (AttrStore){&d->arena, &d->tensors}; }

static void desc_oom(TF_OperationDescription *d) {
  if (!d->error.code) fail_oom(&d->error, "an operation's description");
}

/* Room for `extra` more items; false (and the error noted) when memory is out. */
static bool desc_room(TF_OperationDescription *d, void *items, int count, int *capacity, int extra, size_t size) {
  if (count + extra <= *capacity) return true;
  int want = *capacity ? *capacity * 2 : 8;
  while (want < count + extra) want *= 2;
  void *grown = arena_calloc(&d->arena, (size_t)want, size), *old;
  if (!grown) {
    desc_oom(d);
    return false;
  }
  memcpy(&old, items, sizeof old);
  if (count) memcpy(grown, old, (size_t)count * size);
  memcpy(items, &grown, sizeof grown);
  *capacity = want;
  return true;
}

TF_OperationDescription *TF_NewOperation(TF_Graph *graph, const char *op_type, const char *oper_name) {
  TF_OperationDescription *d = calloc(1, sizeof *d);
  if (!d) return NULL;
  d->graph = graph;
  d->op = arena_strdup(&d->arena, op_type);
  d->name = arena_strdup(&d->arena, oper_name);
  d->device = "";
  if (!d->op || !d->name) desc_oom(d);
  return d;
}

TF_OperationDescription *TF_NewOperationLocked(TF_Graph *graph, const char *op_type, const char *oper_name) {
  return TF_NewOperation(graph, op_type, oper_name);
}

static void desc_free(TF_OperationDescription *d) {
  owned_tensors_clear(&d->tensors);
  arena_clear(&d->arena);
  status_clear(&d->error);
  free(d);
}

void TF_SetDevice(TF_OperationDescription *d, const char *device) {
  char *copy = arena_strdup(&d->arena, device ? device : "");
  if (copy) d->device = copy;
  else desc_oom(d);
}

void TF_AddInput(TF_OperationDescription *d, TF_Output input) { TF_AddInputList(d, &input, 1); }

void TF_AddInputList(TF_OperationDescription *d, const TF_Output *inputs, int num_inputs) {
  if (num_inputs <= 0 || !desc_room(d, &d->inputs, d->num_inputs, &d->cap_inputs, num_inputs, sizeof *inputs)) return;
  for (int i = 0; i < num_inputs; i++) {
    if (!inputs[i].oper && !d->error.code) fail(&d->error, TF_INVALID_ARGUMENT, "input %d of '%s' is null", i, d->name);
    d->inputs[d->num_inputs++] = inputs[i];
  }
}

void TF_AddControlInput(TF_OperationDescription *d, TF_Operation *input) {
  for (int i = 0; i < d->num_controls; i++)
    if (d->controls[i] == input) return;
  if (desc_room(d, &d->controls, d->num_controls, &d->cap_controls, 1, sizeof *d->controls))
    d->controls[d->num_controls++] = input;
}

void TF_ColocateWith(TF_OperationDescription *d, TF_Operation *op) {
  char *text = arena_printf(&d->arena, "loc:@%s", op->name);
  if (!text) desc_oom(d);
  else if (desc_room(d, &d->colocated, d->num_colocated, &d->cap_colocated, 1, sizeof *d->colocated))
    d->colocated[d->num_colocated++] = (Span){text, strlen(text)};
}

/* ---- attributes ---- */

/* The place for an attribute: one set again is replaced. Null when memory is out. */
static Attr *desc_attr(TF_OperationDescription *d, const char *name, TF_AttrType kind) {
  Attr *a = NULL;
  for (int i = 0; i < d->num_attrs && !a; i++)
    if (!strcmp(d->attrs[i].name, name)) a = &d->attrs[i];
  if (!a) {
    if (!desc_room(d, &d->attrs, d->num_attrs, &d->cap_attrs, 1, sizeof *d->attrs)) return NULL;
    a = &d->attrs[d->num_attrs++];
  }
  *a = (Attr){.name = arena_strdup(&d->arena, name), .kind = kind};
  if (a->name) return a;
  d->num_attrs--;
  desc_oom(d);
  return NULL;
}

static Attr *desc_list(TF_OperationDescription *d, const char *name, TF_AttrType kind, int count) {
  Attr *a = desc_attr(d, name, kind);
  if (!a) return NULL;
  a->is_list = true;
  a->count = count > 0 ? count : 0;
  return a;
}

static void *desc_copy(TF_OperationDescription *d, const void *data, size_t size) {
  void *copy = arena_memdup(&d->arena, data, size);
  if (!copy) desc_oom(d);
  return copy;
}

void TF_SetAttrString(TF_OperationDescription *d, const char *name, const void *value, size_t length) {
  Attr *a = desc_attr(d, name, TF_ATTR_STRING);
  if (a) a->v.s = (Span){desc_copy(d, value, length), length};
}

void TF_SetAttrStringList(TF_OperationDescription *d, const char *name, const void *const *values,
                          const size_t *lengths, int num_values) {
  Attr *a = desc_list(d, name, TF_ATTR_STRING, num_values);
  Span *list = a ? arena_calloc(&d->arena, (size_t)a->count, sizeof *list) : NULL;
  if (!list) {
    desc_oom(d);
    return;
  }
  for (int i = 0; i < num_values; i++) list[i] = (Span){desc_copy(d, values[i], lengths[i]), lengths[i]};
  a->v.list_s = list;
}

void TF_SetAttrInt(TF_OperationDescription *d, const char *name, int64_t value) {
  Attr *a = desc_attr(d, name, TF_ATTR_INT);
  if (a) a->v.i = value;
}

void TF_SetAttrIntList(TF_OperationDescription *d, const char *name, const int64_t *values, int num_values) {
  Attr *a = desc_list(d, name, TF_ATTR_INT, num_values);
  if (a) a->v.list_i = desc_copy(d, values, (size_t)a->count * sizeof *values);
}

void TF_SetAttrFloat(TF_OperationDescription *d, const char *name, float value) {
  Attr *a = desc_attr(d, name, TF_ATTR_FLOAT);
  if (a) a->v.f = value;
}

void TF_SetAttrFloatList(TF_OperationDescription *d, const char *name, const float *values, int num_values) {
  Attr *a = desc_list(d, name, TF_ATTR_FLOAT, num_values);
  if (a) a->v.list_f = desc_copy(d, values, (size_t)a->count * sizeof *values);
}

void TF_SetAttrBool(TF_OperationDescription *d, const char *name, unsigned char value) {
  Attr *a = desc_attr(d, name, TF_ATTR_BOOL);
  if (a) a->v.b = value != 0;
}

void TF_SetAttrBoolList(TF_OperationDescription *d, const char *name, const unsigned char *values, int num_values) {
  Attr *a = desc_list(d, name, TF_ATTR_BOOL, num_values);
  bool *list = a ? arena_calloc(&d->arena, (size_t)a->count, sizeof *list) : NULL;
  if (!list) {
    desc_oom(d);
    return;
  }
  for (int i = 0; i < num_values; i++) list[i] = values[i] != 0;
  a->v.list_b = list;
}

void TF_SetAttrType(TF_OperationDescription *d, const char *name, TF_DataType value) {
  Attr *a = desc_attr(d, name, TF_ATTR_TYPE);
  if (a) a->v.type = value;
}

void TF_SetAttrTypeList(TF_OperationDescription *d, const char *name, const TF_DataType *values, int num_values) {
  Attr *a = desc_list(d, name, TF_ATTR_TYPE, num_values);
  if (a) a->v.list_type = desc_copy(d, values, (size_t)a->count * sizeof *values);
}

void TF_SetAttrPlaceholder(TF_OperationDescription *d, const char *name, const char *placeholder) {
  Attr *a = desc_attr(d, name, TF_ATTR_PLACEHOLDER);
  if (a) a->v.placeholder = desc_copy(d, placeholder, strlen(placeholder) + 1);
}

void TF_SetAttrFuncName(TF_OperationDescription *d, const char *name, const char *value, size_t length) {
  Attr *a = desc_attr(d, name, TF_ATTR_FUNC);
  AttrFunc *func = a ? arena_calloc(&d->arena, 1, sizeof *func) : NULL;
  if (func) func->name = arena_strndup(&d->arena, value, length);
  if (!func || !func->name) desc_oom(d);
  else a->v.func = func;
}

static bool set_shape(TF_OperationDescription *d, Shape *shape, const int64_t *dims, int num_dims) {
  if (num_dims > TENSOR_MAX_RANK) {
    if (!d->error.code)
      fail(&d->error, TF_INVALID_ARGUMENT, "a shape of rank %d: ranks up to %d are supported", num_dims, TENSOR_MAX_RANK);
    return false;
  }
  *shape = (Shape){.rank = num_dims < 0 ? -1 : num_dims};
  for (int i = 0; i < num_dims; i++) shape->dims[i] = dims[i] < 0 ? -1 : dims[i];
  return true;
}

void TF_SetAttrShape(TF_OperationDescription *d, const char *name, const int64_t *dims, int num_dims) {
  Attr *a = desc_attr(d, name, TF_ATTR_SHAPE);
  Shape *shape = a ? arena_calloc(&d->arena, 1, sizeof *shape) : NULL;
  if (!shape) {
    desc_oom(d);
    return;
  }
  set_shape(d, shape, dims, num_dims);
  a->v.shape = shape;
}

void TF_SetAttrShapeList(TF_OperationDescription *d, const char *name, const int64_t *const *dims, const int *num_dims,
                         int num_shapes) {
  Attr *a = desc_list(d, name, TF_ATTR_SHAPE, num_shapes);
  Shape *list = a ? arena_calloc(&d->arena, (size_t)a->count, sizeof *list) : NULL;
  if (!list) {
    desc_oom(d);
    return;
  }
  for (int i = 0; i < num_shapes; i++) set_shape(d, &list[i], dims[i], num_dims[i]);
  a->v.list_shape = list;
}

/* An attribute by its message, whatever the kind. */
static void set_message(TF_OperationDescription *d, const char *name, const Tensorflow__AttrValue *value, TF_Status *st) {
  Attr made;
  if (attr_from_proto(desc_store(d), name, value, &made, st)) return;
  Attr *a = desc_attr(d, name, made.kind);
  if (!a) {
    fail_oom(st, "an attribute");
    return;
  }
  const char *kept = a->name;
  *a = made;
  a->name = kept;
}

void TF_SetAttrValueProto(TF_OperationDescription *d, const char *name, const void *proto, size_t proto_len,
                          TF_Status *st) {
  status_reset(st);
  Arena arena = {0};
  Tensorflow__AttrValue *value;
  if (proto_parse(&tensorflow__attr_value__descriptor, (Span){proto, proto_len}, &arena, &value, "AttrValue", st))
    fail(st, TF_INVALID_ARGUMENT, "Unparseable AttrValue proto");
  else set_message(d, name, value, st);
  arena_clear(&arena);
}

static TF_Code parse_shapes(TF_OperationDescription *d, Shape *out, const void *const *protos, const size_t *lens,
                            int count, TF_Status *st) {
  Arena arena = {0};
  for (int i = 0; i < count && !TF_GetCode(st); i++) {
    Tensorflow__TensorShapeProto *shape;
    if (proto_parse(&tensorflow__tensor_shape_proto__descriptor, (Span){protos[i], lens[i]}, &arena, &shape, "shape", st))
      fail(st, TF_INVALID_ARGUMENT, "Unparseable TensorShapeProto");
    else shape_from_proto(shape, &out[i], st);
  }
  arena_clear(&arena);
  (void)d;
  return TF_GetCode(st);
}

void TF_SetAttrTensorShapeProto(TF_OperationDescription *d, const char *name, const void *proto, size_t proto_len,
                                TF_Status *st) {
  status_reset(st);
  Shape *shape = arena_calloc(&d->arena, 1, sizeof *shape);
  if (!shape) {
    fail_oom(st, "a shape");
    return;
  }
  if (parse_shapes(d, shape, &proto, &proto_len, 1, st)) return;
  Attr *a = desc_attr(d, name, TF_ATTR_SHAPE);
  if (a) a->v.shape = shape;
}

void TF_SetAttrTensorShapeProtoList(TF_OperationDescription *d, const char *name, const void *const *protos,
                                    const size_t *proto_lens, int num_shapes, TF_Status *st) {
  status_reset(st);
  Shape *list = num_shapes >= 0 ? arena_calloc(&d->arena, (size_t)num_shapes, sizeof *list) : NULL;
  if (!list) {
    fail_oom(st, "shapes");
    return;
  }
  if (parse_shapes(d, list, protos, proto_lens, num_shapes, st)) return;
  Attr *a = desc_list(d, name, TF_ATTR_SHAPE, num_shapes);
  if (a) a->v.list_shape = list;
}

void TF_SetAttrTensor(TF_OperationDescription *d, const char *name, TF_Tensor *value, TF_Status *st) {
  status_reset(st);
  const Tensor *kept = attr_store_tensor(desc_store(d), value);
  Attr *a = kept ? desc_attr(d, name, TF_ATTR_TENSOR) : NULL;
  if (a) a->v.tensor = kept;
  else fail_oom(st, "a tensor attribute");
}

void TF_SetAttrTensorList(TF_OperationDescription *d, const char *name, TF_Tensor *const *values, int num_values,
                          TF_Status *st) {
  status_reset(st);
  Attr *a = desc_list(d, name, TF_ATTR_TENSOR, num_values);
  Tensor *list = a ? arena_calloc(&d->arena, (size_t)a->count, sizeof *list) : NULL;
  if (!list) {
    fail_oom(st, "a tensor attribute");
    return;
  }
  for (int i = 0; i < num_values; i++) {
    const Tensor *kept = attr_store_tensor(desc_store(d), values[i]); /* holds the reference */
    if (!kept) {
      fail_oom(st, "a tensor attribute");
      a->count = i;
      break;
    }
    list[i] = *kept;
  }
  a->v.list_tensor = list;
}

/* ---- finishing ---- */

static int by_text(const void *a, const void *b) { return strcmp(((const Span *)a)->data, ((const Span *)b)->data); }

/* Colocation groups: what was set as _class by hand, and TF_ColocateWith's, sorted and each once. */
static void add_colocation(TF_OperationDescription *d) {
  if (!d->num_colocated) return;
  for (int i = 0; i < d->num_attrs; i++) {
    const Attr *a = &d->attrs[i];
    if (strcmp(a->name, "_class") || a->kind != TF_ATTR_STRING || !a->is_list) continue;
    if (!desc_room(d, &d->colocated, d->num_colocated, &d->cap_colocated, (int)a->count, sizeof *d->colocated)) return;
    for (int64_t k = 0; k < a->count; k++) {
      char *text = arena_strndup(&d->arena, a->v.list_s[k].data, a->v.list_s[k].size);
      if (text) d->colocated[d->num_colocated++] = (Span){text, a->v.list_s[k].size};
    }
  }
  qsort(d->colocated, (size_t)d->num_colocated, sizeof *d->colocated, by_text);
  int kept = 1;
  for (int i = 1; i < d->num_colocated; i++)
    if (by_text(&d->colocated[i], &d->colocated[kept - 1])) d->colocated[kept++] = d->colocated[i];
  Attr *a = desc_list(d, "_class", TF_ATTR_STRING, kept);
  if (a) a->v.list_s = d->colocated;
}

/* Copies what the node keeps into the graph's arena. The graph is locked. */
static TF_Code finish(TF_OperationDescription *d, Node **node, TF_Status *st) {
  Graph *graph = d->graph;
  if (d->error.code) return fail(st, d->error.code, "%s", d->error.message);
  const OpSpec *spec = graph_spec_find(graph, d->op);
  if (!spec) return graph_fail_no_op(d->op, st);
  if (graph_find(graph, d->name)) return fail(st, TF_INVALID_ARGUMENT, "Duplicate node name in graph: '%s'", d->name);
  NodeInit init = {.spec = spec, .num_attrs = d->num_attrs, .num_inputs = d->num_inputs, .num_controls = d->num_controls};
  AttrStore store = {&graph->arena, &graph->tensors};
  init.name = arena_strdup(&graph->arena, d->name);
  init.device = arena_strdup(&graph->arena, d->device);
  init.attrs = arena_calloc(&graph->arena, (size_t)d->num_attrs, sizeof *init.attrs);
  init.inputs = arena_memdup(&graph->arena, d->inputs, (size_t)d->num_inputs * sizeof *d->inputs);
  init.controls = arena_memdup(&graph->arena, d->controls, (size_t)d->num_controls * sizeof *d->controls);
  if (!init.name || !init.device || !init.attrs || !init.inputs || !init.controls) return fail_oom(st, "an operation");
  for (int i = 0; i < d->num_attrs; i++) TRY(attr_copy(store, &d->attrs[i], d->attrs[i].name, &init.attrs[i], st));
  TRY(node_make(graph, &init, node, st));
  return graph_insert(graph, node, 1, st);
}

TF_Operation *TF_FinishOperationLocked(TF_OperationDescription *d, TF_Status *st) {
  status_reset(st);
  Node *node = NULL;
  add_colocation(d);
  TF_Code code = finish(d, &node, st);
  desc_free(d);
  return code ? NULL : node;
}

TF_Operation *TF_FinishOperation(TF_OperationDescription *d, TF_Status *st) {
  Graph *graph = d->graph;
  graph_lock(graph);
  TF_Operation *op = TF_FinishOperationLocked(d, st);
  graph_unlock(graph);
  return op;
}
