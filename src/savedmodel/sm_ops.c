/* Operations: the general SM_AddOp and the few that programs write all the time. */
#include <stdlib.h>
#include <string.h>

#include "savedmodel/sm_internal.h"
#include "wire/proto_message.h"

/* ---- SM_AddOp ---- */

static TF_Code add_input_list(TF_OperationDescription *desc, const SM_Part *part, TF_Status *st) {
  for (int i = 0; i < part->count; i++)
    if (!part->u.outputs[i].oper)
      return fail(st, TF_INVALID_ARGUMENT, "element %d of an input list is missing", i);
  TF_AddInputList(desc, part->u.outputs, part->count);
  return TF_OK;
}

/* Strings go in as TensorProto.string_val: TF_SetAttrTensor would pack them into tensor_content, which
 * TensorFlow's Python cannot read. */
static TF_Code add_string_tensor(TF_OperationDescription *desc, const char *name, const TF_Tensor *t,
                                 TF_Status *st) {
  Arena arena = {0};
  Bytes bytes = {0};
  size_t count = (size_t)TF_TensorElementCount(t);
  int rank = TF_NumDims(t);
  Tensorflow__AttrValue *value = proto_new(&arena, &tensorflow__attr_value__descriptor);
  Tensorflow__TensorProto *proto = proto_new(&arena, &tensorflow__tensor_proto__descriptor);
  Tensorflow__TensorShapeProto *shape = proto_new(&arena, &tensorflow__tensor_shape_proto__descriptor);
  ProtobufCBinaryData *strings = arena_calloc(&arena, count, sizeof *strings);
  Tensorflow__TensorShapeProto__Dim **dims = arena_calloc(&arena, (size_t)rank, sizeof *dims);
  bool complete = value && proto && shape && strings && dims;
  for (int i = 0; complete && i < rank; i++) {
    dims[i] = proto_new(&arena, &tensorflow__tensor_shape_proto__dim__descriptor);
    if ((complete = dims[i] != NULL)) dims[i]->size = TF_Dim(t, i);
  }
  for (size_t i = 0; complete && i < count; i++)
    strings[i].data = (uint8_t *)SM_TensorDataString(t, (int64_t)i, &strings[i].len);
  if (complete) {
    shape->dim = dims;
    shape->n_dim = (size_t)rank;
    proto->dtype = TENSORFLOW__DATA_TYPE__DT_STRING;
    proto->tensor_shape = shape;
    proto->string_val = strings;
    proto->n_string_val = count;
    value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TENSOR;
    value->tensor = proto;
    if (!proto_pack(&value->base, &bytes, st)) TF_SetAttrValueProto(desc, name, bytes.data, bytes.size, st);
  } else {
    fail_oom(st, "strings");
  }
  bytes_clear(&bytes);
  arena_clear(&arena);
  return TF_GetCode(st);
}

static TF_Code add_part(SM_Graph *g, TF_OperationDescription *desc, const SM_Part *part, TF_Status *st) {
  switch (part->kind) {
    case SM_PART_INPUT:
      if (!part->u.output.oper) return fail(st, TF_INVALID_ARGUMENT, "an input is missing");
      TF_AddInput(desc, part->u.output);
      return TF_OK;
    case SM_PART_INPUT_LIST: return add_input_list(desc, part, st);
    case SM_PART_CONTROL:
      if (part->u.op) TF_AddControlInput(desc, part->u.op);
      return TF_OK;
    case SM_PART_DEVICE:
      if (part->u.s) TF_SetDevice(desc, part->u.s);
      return TF_OK;
    case SM_PART_COLOCATE: {
      const char *where = part->u.s ? graph_printf(g, "loc:@%s", part->u.s) : NULL;
      if (!where) return TF_GetCode(st);
      size_t len = strlen(where);
      TF_SetAttrStringList(desc, "_class", (const void *const[]){where}, &len, 1);
      return TF_OK;
    }
    case SM_PART_INT: TF_SetAttrInt(desc, part->name, part->u.i); return TF_OK;
    case SM_PART_FLOAT: TF_SetAttrFloat(desc, part->name, part->u.f); return TF_OK;
    case SM_PART_BOOL: TF_SetAttrBool(desc, part->name, part->u.i != 0); return TF_OK;
    case SM_PART_STRING: TF_SetAttrString(desc, part->name, part->u.s, strlen(part->u.s)); return TF_OK;
    case SM_PART_TYPE: TF_SetAttrType(desc, part->name, part->u.type); return TF_OK;
    case SM_PART_TYPE_LIST: TF_SetAttrTypeList(desc, part->name, part->u.types, part->count); return TF_OK;
    case SM_PART_INT_LIST: TF_SetAttrIntList(desc, part->name, part->u.ints, part->count); return TF_OK;
    case SM_PART_SHAPE:
      TF_SetAttrShape(desc, part->name, part->u.shape.dims, part->u.shape.num_dims);
      return TF_OK;
    case SM_PART_TENSOR:
      if (!part->u.tensor) return fail_oom(st, "tensor");
      if (TF_TensorType(part->u.tensor) == TF_STRING)
        return add_string_tensor(desc, part->name, part->u.tensor, st);
      TF_SetAttrTensor(desc, part->name, part->u.tensor, st);
      return TF_GetCode(st);
    case SM_PART_END: break;
  }
  return fail(st, TF_INVALID_ARGUMENT, "part of unknown kind %d", (int)part->kind);
}

static bool has_part(const SM_Part *parts, int kind) {
  for (; parts && parts->kind != SM_PART_END; parts++)
    if ((int)parts->kind == kind) return true;
  return false;
}

TF_Operation *SM_AddOp(SM_Graph *g, const char *type, const char *name, const SM_Part *parts) {
  const char *unique = graph_unique_name(g, name && *name ? name : type);
  if (!unique) return NULL;
  TF_Status *st = g->status;
  TF_OperationDescription *desc = TF_NewOperation(g->graph, type, unique);
  if (!desc) {
    fail_oom(st, type);
    return NULL;
  }
  const Frame *top = g->top;
  for (const SM_Part *p = parts; p && p->kind != SM_PART_END && !TF_GetCode(st); p++)
    add_part(g, desc, p, st);
  for (int i = 0; i < top->num_controls; i++)
    if (top->controls[i]) TF_AddControlInput(desc, top->controls[i]);
  if (top->device && !has_part(parts, SM_PART_DEVICE)) TF_SetDevice(desc, top->device);
  if (top->colocate && !has_part(parts, SM_PART_COLOCATE)) add_part(g, desc, &SM_Colocate(top->colocate), st);
  /* An unfinished description cannot be dropped, so finish it even after an error, which stays the first one.
   */
  TF_Code before = TF_GetCode(st);
  TF_Status *finish = before ? TF_NewStatus() : st;
  TF_Operation *op = finish ? TF_FinishOperation(desc, finish) : NULL;
  if (before && finish) TF_DeleteStatus(finish);
  if (TF_GetCode(st)) {
    fail_prefix(st, "%s (%s)", unique, type);
    return NULL;
  }
  return op;
}

/* ---- constants and placeholders ---- */

TF_Output SM_Placeholder(SM_Graph *g, TF_DataType dtype, SM_Shape shape, const char *name) {
  return SM_Op(g, "Placeholder", name, SM_Type("dtype", dtype), SM_ShapeAttr("shape", shape));
}

TF_Output SM_Constant(SM_Graph *g, TF_Tensor *value, const char *name) {
  if (!value && !graph_failed(g))
    fail(g->status, TF_INVALID_ARGUMENT, "constant %s: no value", name ? name : "");
  TF_Output out = {NULL, 0};
  if (value && !graph_failed(g))
    out = SM_Op(g, "Const", name, SM_TensorAttr("value", value), SM_Type("dtype", TF_TensorType(value)));
  TF_DeleteTensor(value);
  return out;
}

static TF_DataType output_type(SM_Graph *g, TF_Output output) {
  if (graph_failed(g)) return (TF_DataType)0;
  if (output.oper) return dtype_base(TF_OperationOutputType(output));
  fail(g->status, TF_INVALID_ARGUMENT, "an input is missing");
  return (TF_DataType)0;
}

TF_Output SM_ScalarLike(SM_Graph *g, TF_Output like, double value, const char *name) {
  TF_DataType dtype = output_type(g, like);
  if (graph_failed(g)) return (TF_Output){NULL, 0};
  TF_Tensor *t = SM_TensorFill(dtype, SM_SCALAR, value);
  if (!t) {
    fail(g->status, TF_INVALID_ARGUMENT, "no %s has the value %g", SM_DataTypeName(dtype), value);
    return (TF_Output){NULL, 0};
  }
  return SM_Constant(g, t, name);
}

/* ---- arithmetic ---- */

static TF_Output binary(SM_Graph *g, const char *type, const char *name, TF_Output a, TF_Output b) {
  return SM_Op(g, type, name, SM_In(a), SM_In(b));
}

/* TF: `a + 1` opens the name scope "add", puts the number there as "y", and names the sum as the scope. */
static TF_Output binary_scalar(SM_Graph *g, const char *type, const char *name, TF_Output a, double b) {
  SM_PushNameScope(g, name);
  const char *scope = g->top->name_scope;
  TF_Output y = SM_ScalarLike(g, a, b, "y");
  const char *own = graph_printf(g, "%s/", scope);
  TF_Output out = own ? SM_Op(g, type, own, SM_In(a), SM_In(y)) : y;
  SM_PopScope(g);
  return out;
}

TF_Output SM_Add(SM_Graph *g, TF_Output a, TF_Output b) { return binary(g, "AddV2", "add", a, b); }
TF_Output SM_Sub(SM_Graph *g, TF_Output a, TF_Output b) { return binary(g, "Sub", "sub", a, b); }
TF_Output SM_Mul(SM_Graph *g, TF_Output a, TF_Output b) { return binary(g, "Mul", "mul", a, b); }
TF_Output SM_Div(SM_Graph *g, TF_Output a, TF_Output b) { return binary(g, "RealDiv", "truediv", a, b); }
TF_Output SM_AddScalar(SM_Graph *g, TF_Output a, double b) { return binary_scalar(g, "AddV2", "add", a, b); }
TF_Output SM_SubScalar(SM_Graph *g, TF_Output a, double b) { return binary_scalar(g, "Sub", "sub", a, b); }
TF_Output SM_MulScalar(SM_Graph *g, TF_Output a, double b) { return binary_scalar(g, "Mul", "mul", a, b); }
TF_Output SM_DivScalar(SM_Graph *g, TF_Output a, double b) {
  return binary_scalar(g, "RealDiv", "truediv", a, b);
}

TF_Output SM_MatMul(SM_Graph *g, TF_Output a, TF_Output b) { return binary(g, "MatMul", NULL, a, b); }

TF_Output SM_MatMulTransposeA(SM_Graph *g, TF_Output a, TF_Output b) {
  return SM_Op(g, "MatMul", NULL, SM_In(a), SM_In(b), SM_Bool("transpose_a", true));
}

TF_Output SM_Identity(SM_Graph *g, TF_Output a, const char *name) {
  return SM_Op(g, "Identity", name, SM_In(a));
}

TF_Output SM_ReduceMean(SM_Graph *g, TF_Output a, const int32_t *axes, int num_axes) {
  TF_Tensor *t = NULL;
  if (axes) {
    t = SM_TensorI32(SM_SHAPE(num_axes), axes);
  } else {
    SM_Shape shape = graph_failed(g) || !a.oper ? SM_UNKNOWN_SHAPE : graph_output_shape(g, a);
    if (!graph_failed(g) && shape.num_dims < 0)
      fail(g->status, TF_INVALID_ARGUMENT, "mean of all axes of a tensor of unknown rank: name the axes");
    if (graph_failed(g)) return (TF_Output){NULL, 0};
    t = SM_TensorI32(SM_SHAPE(shape.num_dims), NULL);
    int32_t *all = t ? TF_TensorData(t) : NULL;
    for (int i = 0; all && i < shape.num_dims; i++) all[i] = i;
  }
  TF_Output where = SM_Constant(g, t, NULL);
  return SM_Op(g, "Mean", NULL, SM_In(a), SM_In(where));
}

/* ---- grouping ---- */

TF_Operation *SM_NoOp(SM_Graph *g, const char *name) { return SM_AddOp(g, "NoOp", name, NULL); }

static TF_Operation *no_op_after(SM_Graph *g, TF_Operation *const *ops, int num_ops, const char *device,
                                 const char *name) {
  SM_Part *parts = graph_calloc(g, (size_t)num_ops + 2, sizeof *parts);
  if (!parts) return NULL;
  int n = 0;
  for (int i = 0; i < num_ops; i++)
    if (!device || !strcmp(TF_OperationDevice(ops[i]), device)) parts[n++] = SM_Control(ops[i]);
  if (device && *device) parts[n++] = SM_Device(device);
  return SM_AddOp(g, "NoOp", name, parts);
}

/* TF: control_flow_ops.group: one NoOp when all stand on one device, else one a device and one over these. */
static TF_Operation *group_devices(SM_Graph *g, TF_Operation *const *ops, int num_ops, const char *name) {
  SM_PushNameScope(g, name);
  const char *own = graph_printf(g, "%s/", g->top->name_scope);
  TF_Operation **per_device = graph_calloc(g, (size_t)num_ops, sizeof *per_device);
  int devices = 0;
  for (int i = 0; per_device && i < num_ops; i++) {
    const char *device = TF_OperationDevice(ops[i]);
    bool seen = false;
    for (int k = 0; k < i; k++) seen = seen || !strcmp(TF_OperationDevice(ops[k]), device);
    if (!seen) per_device[devices++] = no_op_after(g, ops, num_ops, device, NULL);
  }
  TF_Operation *all = graph_failed(g) ? NULL : no_op_after(g, per_device, devices, NULL, own);
  SM_PopScope(g);
  return all;
}

TF_Operation *SM_Group(SM_Graph *g, TF_Operation *const *ops, int num_ops, const char *name) {
  if (graph_failed(g)) return NULL;
  bool one_device = true;
  for (int i = 0; i < num_ops; i++) {
    if (!ops[i]) {
      fail(g->status, TF_INVALID_ARGUMENT, "group %s: operation %d is missing", name ? name : "", i);
      return NULL;
    }
    one_device = one_device && !strcmp(TF_OperationDevice(ops[i]), TF_OperationDevice(ops[0]));
  }
  if (!name) name = "group_deps";
  if (!one_device) return group_devices(g, ops, num_ops, name);
  return no_op_after(g, ops, num_ops, num_ops ? TF_OperationDevice(ops[0]) : NULL, name);
}
