/* The variables of TensorFlow 1: ops that make refs and change what stands behind them. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/op_eval.h"
#include "ops/state_vars.h"

/* ---- Variable, VariableV2 ---- */

static TF_Code variable_shape_fn(ShapeCtx *c, TF_Status *st) {
  const Shape *shape;
  TRY(node_attr_shape(c->node, "shape", &shape, st));
  /* TF: in Variable a scalar shape means that it is not known. */
  c->outputs[0] = !strcmp(c->node->op, "Variable") && shape->rank == 0 ? shape_unknown() : *shape;
  return TF_OK;
}

static TF_Code variable_init(OpInit *k, TF_Status *st) {
  NamedVariable *s = k->state;
  const char *container, *name;
  TF_DataType dtype;
  int expected = 0;
  TRY(node_attr_type(k->node, "dtype", &dtype, st));
  TRY(state_names(k, &container, &name, st));
  TRY(variable_find_or_create(k->resources, &legacy_variable_type, container, name, &s->variable, st));
  if (!atomic_compare_exchange_strong(&s->variable->dtype, &expected, (int)dtype) && expected != (int)dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Variable %s is used as %s and as %s", name,
                dtype_name((TF_DataType)expected), dtype_name(dtype));
  return TF_OK;
}

static void variable_clear(void *state) { object_unref(((NamedVariable *)state)->variable); }

static TF_Code variable_run(OpCtx *c, TF_Status *st) {
  (void)st;
  op_set_ref(c, 0, ((const NamedVariable *)c->state)->variable);
  return TF_OK;
}

/* ---- TemporaryVariable, DestroyTemporaryVariable: a variable of one step, kept under its name and step id
 * ---- */

static TF_Code temporary_name(const OpCtx *c, char *out, size_t size, TF_Status *st) {
  Span name;
  TRY(node_attr_string(c->node, "var_name", &name, st));
  if (!name.size) name = (Span){c->node->name, strlen(c->node->name)};
  int n = snprintf(out, size, "%lld/%.*s", c->env ? (long long)c->env->step_id : 0LL,
                   (int)(name.size < 4096 ? name.size : 4096), (const char *)name.data);
  return n < 0 || (size_t)n >= size
             ? fail(st, TF_INVALID_ARGUMENT, "the name of a temporary variable is too long")
             : TF_OK;
}

#define TEMPORARY_CONTAINER "\x01temporary"

static TF_Code temporary_run(OpCtx *c, TF_Status *st) {
  const Shape *shape;
  TF_DataType dtype;
  char name[512], text[SHAPE_TEXT_MAX];
  Variable *v;
  Tensor value = {0};
  TRY(temporary_name(c, name, sizeof name, st));
  TRY(node_attr_shape(c->node, "shape", &shape, st));
  TRY(node_attr_type(c->node, "dtype", &dtype, st));
  if (!shape_known(shape))
    return fail(st, TF_INVALID_ARGUMENT, "Shape %s is not fully defined",
                shape->rank < 0 ? "<unknown>" : shape_text(shape->dims, shape->rank, text, sizeof text));
  if (!c->env || !c->env->resources)
    return fail(st, TF_FAILED_PRECONDITION, "temporary variables need a session");
  TRY(variable_find_or_create(c->env->resources, &legacy_variable_type, TEMPORARY_CONTAINER, name, &v, st));
  TF_Code code = TF_OK;
  if (variable_is_initialized(v)) code = fail(st, TF_ALREADY_EXISTS, "Resource %s exists", name);
  if (!code) code = op_check_memory(c->env, dtype, shape->dims, shape->rank, st);
  if (!code) code = tensor_alloc(&value, dtype, shape->dims, shape->rank, st);
  if (!code) {
    tensor_zero(&value);
    variable_assign(v, &value);
    op_set_ref(c, 0, v); /* the manager's reference holds it until it is destroyed */
  }
  object_unref(v);
  return code;
}

static TF_Code destroy_temporary_run(OpCtx *c, TF_Status *st) {
  Variable *v;
  Tensor value = {0};
  char name[512];
  TRY(state_variable(c, 0, &v, st));
  TRY(temporary_name(c, name, sizeof name, st));
  if (!variable_read(v, &value))
    return fail(st, TF_FAILED_PRECONDITION, "Attempting to use uninitialized value %s", name);
  if (value.dtype != c->node->output_types[0]) {
    tensor_clear(&value);
    return fail(st, TF_INVALID_ARGUMENT, "temporary variable %s has another type", name);
  }
  op_take_output(c, 0, &value);
  if (!resource_remove(c->env->resources, &legacy_variable_type, TEMPORARY_CONTAINER, name))
    return fail(st, TF_NOT_FOUND, "Resource %s does not exist.", name);
  return TF_OK;
}

/* ---- Assign ---- */

static TF_Code assign_shape(ShapeCtx *c, TF_Status *st) {
  bool validate;
  TRY(node_attr_bool(c->node, "validate_shape", &validate, st));
  if (validate) return shape_merge(c->inputs[0], c->inputs[1], &c->outputs[0], st);
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

/* The shape that the variable was made with, when it is known: what an uninitialised one is compared with. */
static Shape declared_shape(const Node *node) {
  const Node *from = node->inputs ? node->inputs[0].oper : NULL;
  for (int hops = 0; from && hops < 16; hops++) {
    const Attr *a = node_attr(from, "shape");
    if (!strcmp(from->op, "VariableV2") || !strcmp(from->op, "TemporaryVariable"))
      return a && a->kind == TF_ATTR_SHAPE && !a->is_list && a->v.shape ? *a->v.shape : shape_unknown();
    if (!from->num_inputs) break;
    from = from->inputs[0].oper;
  }
  return shape_unknown();
}

static TF_Code assign_run(OpCtx *c, TF_Status *st) {
  const Tensor *value = op_input(c, 1);
  Variable *v;
  bool validate;
  TF_DataType dtype;
  Shape is = {.rank = -1};
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  TRY(state_variable(c, 0, &v, st));
  TRY(node_attr_bool(c->node, "validate_shape", &validate, st));
  if (validate) {
    if (!variable_shape(v, &dtype, is.dims, &is.rank)) is = declared_shape(c->node);
    bool fits = is.rank < 0 || is.rank == value->rank;
    for (int i = 0; fits && i < is.rank; i++) fits = is.dims[i] < 0 || is.dims[i] == value->dims[i];
    if (!fits)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Assign requires shapes of both tensors to match. lhs shape= %s rhs shape= %s",
                  shape_text(is.dims, is.rank, a, sizeof a),
                  shape_text(value->dims, value->rank, b, sizeof b));
  }
  Tensor kept = {0};
  TRY(op_keep_input(c, 1, &kept, st));
  variable_assign(v, &kept);
  state_forward(c);
  return TF_OK;
}

/* ---- AssignAdd, AssignSub ---- */

static TF_Code update_shape(ShapeCtx *c, TF_Status *st) {
  return shape_merge(c->inputs[0], c->inputs[1], &c->outputs[0], st);
}

static TF_Code assign_update_run(OpCtx *c, TF_Status *st) {
  return state_update(c, !strcmp(c->node->op, "AssignSub") ? ARITH_SUB : ARITH_ADD, st);
}

/* ---- RefSelect ---- */

static TF_Code ref_select_run(OpCtx *c, TF_Status *st) {
  const Tensor *index = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (index->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Index must be a scalar, but it has shape %s",
                shape_text(index->dims, index->rank, text, sizeof text));
  int64_t i = int_at(index, 0);
  if (!index_ok(i, c->num_inputs - 1))
    return fail(st, TF_INVALID_ARGUMENT, "Index must be in the range [0, %d) but got %lld", c->num_inputs - 1,
                (long long)i);
  op_forward_ref(c, 0, 1 + (int)i);
  return TF_OK;
}

const OpRow ops_state_ops[] = {
    {"Variable", .flags = OP_STATEFUL, .state_size = sizeof(NamedVariable), .shape = variable_shape_fn,
     .init = variable_init, .run = variable_run, .clear = variable_clear},
    {"VariableV2", .flags = OP_STATEFUL, .state_size = sizeof(NamedVariable), .shape = variable_shape_fn,
     .init = variable_init, .run = variable_run, .clear = variable_clear},
    {"TemporaryVariable", .flags = OP_STATEFUL, .shape = variable_shape_fn, .run = temporary_run},
    {"DestroyTemporaryVariable", .flags = OP_STATEFUL | OP_DYNAMIC, .shape = shape_same,
     .run = destroy_temporary_run},
    {"Assign", .types = "T: " TYPES_ALL " " TYPES_QUANTIZED_ALL, .flags = OP_STATEFUL | OP_KEEPS,
     .shape = assign_shape, .run = assign_run},
    {"AssignAdd", .types = "T: " TYPES_NUMBER, .flags = OP_STATEFUL, .shape = update_shape,
     .run = assign_update_run},
    {"AssignSub", .types = "T: " TYPES_NUMBER, .flags = OP_STATEFUL, .shape = update_shape,
     .run = assign_update_run},
    {"IsVariableInitialized", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
     .run = state_is_initialized},
    {"CountUpTo", .types = "T: " TYPES_INDEX, .flags = OP_STATEFUL, .shape = shape_scalar,
     .prepare = prepare_scalar, .run = state_count_up},
    {"StridedSliceAssign",
     .types = "T: " TYPES_ALL " " TYPES_QUANTIZED " " TYPES_FLOAT8 "; Index: " TYPES_INDEX,
     .flags = OP_STATEFUL, .shape = shape_same, .run = state_strided_assign},
    {"RefSelect", .types = "T: " TYPES_ALL, .flags = OP_STATEFUL, .shape = shape_unknown_outputs,
     .run = ref_select_run},
    {0}};
