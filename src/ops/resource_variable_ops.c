/* The variables of TensorFlow 2: ops on handles. */
#include <string.h>

#include "ops/array_gather.h"
#include "ops/array_util.h"
#include "ops/state_vars.h"

/* ---- VarHandleOp ---- */

static TF_Code handle_init(OpInit *k, TF_Status *st) {
  NamedVariable *s = k->state;
  const char *container, *name;
  TRY(state_names(k, &container, &name, st));
  return variable_find_or_create(k->resources, &variable_type, container, name, &s->variable, st);
}

static void handle_clear(void *state) { object_unref(((NamedVariable *)state)->variable); }

static TF_Code handle_run(OpCtx *c, TF_Status *st) {
  const NamedVariable *s = c->state;
  const void *object = s->variable;
  return elements_copy(TF_RESOURCE, c->outputs[0].data, &object, 1, st);
}

/* ---- ReadVariableOp, VariableShape, VarIsInitializedOp, DestroyResourceOp ---- */

static TF_Code read_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = state_handle_shape(c->node, 0);
  return TF_OK;
}

static TF_Code read_run(OpCtx *c, TF_Status *st) {
  Tensor value = {0};
  TRY(state_read(c, 0, c->node->output_types[0], &value, st));
  op_take_output(c, 0, &value);
  return TF_OK;
}

static TF_Code check_many(const OpCtx *c, TF_Status *st) {
  Bytes missing = {0};
  TF_Code code = TF_OK;
  for (int i = 0; !code && i < c->num_inputs; i++) {
    Variable *v;
    code = state_variable(c, i, &v, st);
    if (!code && !variable_is_initialized(v))
      bytes_printf(&missing, "%s%s", missing.size ? ", " : "", v->name);
  }
  if (!code) code = bytes_finish(&missing, "names", st);
  if (!code && missing.size)
    code = fail(st, TF_FAILED_PRECONDITION, "In %s the following variables were found uninitialized: %s",
                c->node->name, missing.data);
  bytes_clear(&missing);
  return code;
}

/* The attributes N and dtypes need not agree. */
static TF_Code read_many_run(OpCtx *c, TF_Status *st) {
  if (c->num_outputs != c->num_inputs)
    return fail(st, TF_INVALID_ARGUMENT, "%d variables are read as %d tensors", c->num_inputs,
                c->num_outputs);
  TRY(check_many(c, st));
  for (int i = 0; i < c->num_outputs; i++) {
    TF_DataType dtype, want = c->node->output_types[i];
    Tensor value = {0};
    Variable *v;
    Shape shape;
    TRY(state_variable(c, i, &v, st));
    if (variable_shape(v, &dtype, shape.dims, &shape.rank) && dtype != want)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Trying to read variable %s from Container: %s with wrong dtype. Expected %s got %s",
                  v->name, v->container, dtype_name(want), dtype_name(dtype));
    TRY(state_read(c, i, want, &value, st));
    op_take_output(c, i, &value);
  }
  return TF_OK;
}

static TF_Code variable_shape_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_vector(state_handle_shape(c->node, 0).rank);
  return TF_OK;
}

static TF_Code variable_shape_run(OpCtx *c, TF_Status *st) {
  TF_DataType dtype, out_type = c->node->output_types[0];
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  Variable *v;
  TRY(state_variable(c, 0, &v, st));
  if (!variable_shape(v, &dtype, dims, &rank)) return state_fail_missing(v, st);
  TRY(op_alloc_output(c, 0, out_type, &(int64_t){rank}, 1, st));
  for (int i = 0; i < rank; i++) {
    int_put(&c->outputs[0], i, dims[i]);
  }
  return TF_OK;
}

static TF_Code destroy_run(OpCtx *c, TF_Status *st) {
  const Tensor *handle = op_input(c, 0);
  bool ignore;
  Variable *v;
  TRY(node_attr_bool(c->node, "ignore_lookup_error", &ignore, st));
  if (handle->dtype != TF_RESOURCE || tensor_count(handle) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "a handle must be a scalar resource");
  const Object *o = *(Object *const *)handle->data;
  /* Only variables can be emptied; other resources live as long as their handles. */
  if (!o || o->type != &variable_type)
    return fail(st, TF_UNIMPLEMENTED, "DestroyResourceOp on a resource of type %s",
                o ? o->type->name : "none");
  TRY(state_variable(c, 0, &v, st));
  if (!ignore && !variable_is_initialized(v))
    return fail(st, TF_NOT_FOUND, "Resource %s/%s/%s does not exist.", v->container, v->name,
                variable_type.name);
  variable_reset(v);
  return TF_OK;
}

/* ---- assignments ---- */

static TF_Code assign_run(OpCtx *c, TF_Status *st) {
  const Tensor *value = op_input(c, 1);
  Variable *v;
  TF_DataType dtype;
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  bool validate = false;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  TRY(state_variable(c, 0, &v, st));
  if (node_attr(c->node, "validate_shape")) TRY(node_attr_bool(c->node, "validate_shape", &validate, st));
  if (variable_shape(v, &dtype, dims, &rank)) {
    if (dtype != value->dtype)
      return fail(st, TF_INVALID_ARGUMENT, "Trying to assign variable with wrong dtype. Expected %s got %s",
                  dtype_name(dtype), dtype_name(value->dtype));
    bool same = rank == value->rank && !memcmp(dims, value->dims, (size_t)rank * sizeof *dims);
    if (validate && !same)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Trying to assign to variable with tensor with wrong shape. Expected %s got %s",
                  shape_text(dims, rank, a, sizeof a), shape_text(value->dims, value->rank, b, sizeof b));
  }
  Tensor kept = {0};
  TRY(op_keep_input(c, 1, &kept, st));
  variable_assign(v, &kept);
  return TF_OK;
}

static TF_Code update_run(OpCtx *c, TF_Status *st) {
  const Tensor *value = op_input(c, 1);
  Variable *v;
  TF_DataType dtype;
  Shape shape;
  TRY(state_variable(c, 0, &v, st));
  if (variable_shape(v, &dtype, shape.dims, &shape.rank) && dtype != value->dtype)
    return fail(st, TF_INVALID_ARGUMENT, "DType of variable handle and value does not match.");
  return state_update(c, strstr(c->node->op, "Sub") ? ARITH_SUB : ARITH_ADD, st);
}

/* ---- ResourceGather, ResourceGatherNd ---- */

static TF_Code gather_shape(ShapeCtx *c, TF_Status *st) {
  Shape params = state_handle_shape(c->node, 0), out = {.rank = 0};
  const Shape *indices = c->inputs[1];
  int64_t batch = 0;
  (void)st;
  if (node_attr(c->node, "batch_dims")) TRY(node_attr_int(c->node, "batch_dims", &batch, st));
  if (params.rank < 1 || indices->rank < 0 || batch || params.rank + indices->rank - 1 > TENSOR_MAX_RANK)
    return TF_OK;
  for (int i = 0; i < indices->rank; i++) out.dims[out.rank++] = indices->dims[i];
  for (int i = 1; i < params.rank; i++) out.dims[out.rank++] = params.dims[i];
  c->outputs[0] = out;
  return TF_OK;
}

/* The variable's value; how it is missed differs from a read. */
static TF_Code read_params(const OpCtx *c, Tensor *params, TF_Status *st) {
  Variable *v;
  TRY(state_variable(c, 0, &v, st));
  if (!variable_is_initialized(v)) return state_fail_missing(v, st);
  return state_read(c, 0, c->node->output_types[0], params, st);
}

static TF_Code gather_run_op(OpCtx *c, TF_Status *st) {
  GatherPlan g;
  Tensor params = {0};
  int64_t batch = 0;
  if (node_attr(c->node, "batch_dims")) TRY(node_attr_int(c->node, "batch_dims", &batch, st));
  TRY(read_params(c, &params, st));
  if (batch < 0) batch += op_input(c, 1)->rank;
  TF_Code code = gather_plan(&g, &params, op_input(c, 1), batch, batch, st);
  if (!code) code = op_alloc_output(c, 0, params.dtype, g.dims, g.rank, st);
  if (!code) code = gather_run(&g, &c->outputs[0], &params, op_input(c, 1), st);
  tensor_clear(&params);
  return code;
}

static TF_Code gather_nd_run_op(OpCtx *c, TF_Status *st) {
  Tensor params = {0};
  int64_t dims[2 * TENSOR_MAX_RANK];
  int rank;
  TRY(read_params(c, &params, st));
  TF_Code code = gather_nd_dims(&params, op_input(c, 1), dims, &rank, st);
  if (!code) code = op_alloc_output(c, 0, params.dtype, dims, rank, st);
  if (!code) code = gather_nd_run(&c->outputs[0], &params, op_input(c, 1), c->node->name, st);
  tensor_clear(&params);
  return code;
}

const OpRow ops_resource_variable_ops[] = {
    {"VarHandleOp", .flags = OP_STATEFUL | OP_HANDLE, .state_size = sizeof(NamedVariable),
     .shape = shape_scalar, .init = handle_init, .prepare = prepare_scalar, .run = handle_run,
     .clear = handle_clear},
    {"ReadVariableOp", .flags = OP_STATEFUL | OP_DYNAMIC | OP_READS_VARIABLE, .shape = read_shape,
     .run = read_run},
    {"_ReadVariablesOp", .flags = OP_STATEFUL | OP_DYNAMIC, .shape = shape_unknown_outputs,
     .run = read_many_run},
    {"VariableShape", .flags = OP_STATEFUL | OP_DYNAMIC, .shape = variable_shape_shape,
     .run = variable_shape_run},
    {"VarIsInitializedOp", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
     .run = state_is_initialized},
    {"DestroyResourceOp", .flags = OP_STATEFUL, .shape = shape_none, .run = destroy_run},
    {"DisableCopyOnRead", .flags = OP_STATEFUL, .shape = shape_none, .run = run_nothing},
    {"AssignVariableOp", .types = "dtype: " TYPES_ALL " " TYPES_QUANTIZED_ALL " " TYPES_FLOAT8 " int4 uint4",
     .flags = OP_STATEFUL | OP_KEEPS, .shape = shape_none, .run = assign_run},
    {"AssignAddVariableOp", .types = "dtype: " TYPES_NUMBER, .flags = OP_STATEFUL, .shape = shape_none,
     .run = update_run},
    {"AssignSubVariableOp", .types = "dtype: " TYPES_NUMBER, .flags = OP_STATEFUL, .shape = shape_none,
     .run = update_run},
    {"ResourceStridedSliceAssign", .flags = OP_STATEFUL, .shape = shape_none, .run = state_strided_assign},
    {"ResourceCountUpTo", .types = "T: " TYPES_INDEX, .flags = OP_STATEFUL, .shape = shape_scalar,
     .prepare = prepare_scalar, .run = state_count_up},
    {"ResourceGather", .types = "dtype: " TYPES_ALL " " TYPES_QUANTIZED "; Tindices: " TYPES_INDEX,
     .flags = OP_STATEFUL | OP_DYNAMIC, .shape = gather_shape, .run = gather_run_op},
    {"ResourceGatherNd", .types = "dtype: " TYPES_ALL "; Tindices: " TYPES_INDEX,
     .flags = OP_STATEFUL | OP_DYNAMIC, .shape = shape_unknown_outputs, .run = gather_nd_run_op},
    {0}};
