/* What graphs are held together with: constants, placeholders, identities, assertions. */
#include <string.h>

#include "ops/array_util.h"
#include "ops/op_eval.h"
#include "ops/value_text.h"

/* ---- Const ---- */

typedef struct ConstState {
  const Tensor *value;
} ConstState;

static TF_Code const_shape(ShapeCtx *c, TF_Status *st) {
  const Tensor *value;
  TRY(node_attr_tensor(c->node, "value", &value, st));
  c->outputs[0] = shape_of_tensor(value);
  return TF_OK;
}

static TF_Code const_init(OpInit *k, TF_Status *st) {
  ConstState *s = k->state;
  return op_const_value(k->node, &s->value, st);
}

/* The plan keeps most constants as values; this runs for those in a branch. */
static TF_Code const_run(OpCtx *c, TF_Status *st) {
  (void)st;
  Tensor t;
  tensor_share(&t, ((const ConstState *)c->state)->value);
  op_take_output(c, 0, &t);
  return TF_OK;
}

/* ---- placeholders ---- */

static TF_Code placeholder_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *shape;
  TRY(node_attr_shape(c->node, "shape", &shape, st));
  /* TF: before version 23 an empty shape attr meant an unknown shape. */
  bool means_unknown = shape->rank == 0 && !strcmp(c->node->op, "Placeholder") && c->node->graph->producer &&
                       c->node->graph->producer <= 21;
  c->outputs[0] = means_unknown ? shape_unknown() : *shape;
  return TF_OK;
}

static TF_Code placeholder_run(OpCtx *c, TF_Status *st) {
  const Shape *shape;
  char text[SHAPE_TEXT_MAX];
  const char *dtype = dtype_name(c->node->output_types[0]);
  TRY(node_attr_shape(c->node, "shape", &shape, st));
  /* TF: a scalar's shape is not told. */
  if (shape->rank <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "You must feed a value for placeholder tensor '%s' with dtype %s",
                c->node->name, dtype);
  return fail(st, TF_INVALID_ARGUMENT,
              "You must feed a value for placeholder tensor '%s' with dtype %s and shape %s", c->node->name,
              dtype, shape_text(shape->dims, shape->rank, text, sizeof text));
}

static TF_Code placeholder_with_default_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *shape;
  TRY(node_attr_shape(c->node, "shape", &shape, st));
  c->outputs[0] = *shape;
  return TF_OK;
}

/* ---- identities ---- */

static TF_Code each_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i < c->num_outputs && i < c->num_inputs; i++) c->outputs[i] = *c->inputs[i];
  return TF_OK;
}

static TF_Code identity_prepare(OpCtx *c, TF_Status *st) {
  for (int i = 0; i < c->num_outputs; i++)
    TRY(op_output_alias(c, i, i, c->inputs[i]->dims, c->inputs[i]->rank, st));
  return TF_OK;
}

static TF_Code ref_identity_run(OpCtx *c, TF_Status *st) {
  (void)st;
  op_forward_ref(c, 0, 0);
  return TF_OK;
}

/* ---- Assert ---- */

typedef struct AssertState {
  int64_t summarize;
} AssertState;

static TF_Code assert_init(OpInit *k, TF_Status *st) {
  AssertState *s = k->state;
  return node_attr_int(k->node, "summarize", &s->summarize, st);
}

static TF_Code assert_run(OpCtx *c, TF_Status *st) {
  const Tensor *condition = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (tensor_count(condition) != 1 || condition->rank)
    return fail(st, TF_INVALID_ARGUMENT, "In[0] should be a scalar: %s",
                shape_text(condition->dims, condition->rank, text, sizeof text));
  if (*(const uint8_t *)condition->data) return TF_OK;
  Bytes b = {0};
  bytes_puts(&b, "assertion failed: ");
  for (int i = 1; i < c->num_inputs; i++) {
    if (i > 1) bytes_putc(&b, ' ');
    bytes_putc(&b, '[');
    value_text_flat(&b, op_input(c, i), ((const AssertState *)c->state)->summarize);
    bytes_putc(&b, ']');
  }
  TF_Code code = bytes_finish(&b, "a message", st);
  if (!code) code = fail(st, TF_INVALID_ARGUMENT, "%s", b.data);
  bytes_clear(&b);
  return code;
}

/* ---- what does nothing, or must not ---- */

static TF_Code fake_param_prepare(OpCtx *c, TF_Status *st) {
  const Shape *shape;
  int64_t dims[TENSOR_MAX_RANK];
  TRY(node_attr_shape(c->node, "shape", &shape, st));
  for (int d = 0; d < shape->rank; d++) dims[d] = shape->dims[d] < 0 ? 0 : shape->dims[d];
  return op_output(c, 0, c->node->output_types[0], dims, shape->rank < 0 ? 0 : shape->rank, st);
}

static TF_Code fake_param_run(OpCtx *c, TF_Status *st) {
  (void)st;
  tensor_zero(&c->outputs[0]);
  return TF_OK;
}

/* TF: ends the process. A server does not let a model do that. */
static TF_Code abort_run(OpCtx *c, TF_Status *st) {
  Span message;
  TRY(node_attr_string(c->node, "error_msg", &message, st));
  return fail(st, TF_ABORTED, "Abort: %.*s", (int)(message.size < 1024 ? message.size : 1024),
              message.data ? (const char *)message.data : "");
}

const OpRow ops_core[] = {
    {"Const", .flags = OP_DYNAMIC, .state_size = sizeof(ConstState), .shape = const_shape, .init = const_init,
     .run = const_run},
    {"Placeholder", .flags = OP_DYNAMIC | OP_STATEFUL, .shape = placeholder_shape, .run = placeholder_run},
    {"PlaceholderV2", .flags = OP_DYNAMIC | OP_STATEFUL, .shape = placeholder_shape, .run = placeholder_run},
    {"PlaceholderWithDefault", .shape = placeholder_with_default_shape, .prepare = identity_prepare},
    {"Identity", .shape = each_shape, .prepare = identity_prepare},
    {"IdentityN", .shape = each_shape, .prepare = identity_prepare},
    {"Snapshot", .shape = each_shape, .prepare = identity_prepare},
    {"StopGradient", .shape = each_shape, .prepare = identity_prepare},
    {"PreventGradient", .shape = each_shape, .prepare = identity_prepare},
    {"Copy", .shape = each_shape, .prepare = identity_prepare},
    {"CopyHost", .shape = each_shape, .prepare = identity_prepare},
    {"DebugIdentity", .shape = each_shape, .prepare = identity_prepare},
    {"HostConst", .flags = OP_DYNAMIC, .state_size = sizeof(ConstState), .shape = const_shape,
     .init = const_init, .run = const_run},
    {"FakeParam", .shape = placeholder_with_default_shape, .prepare = fake_param_prepare,
     .run = fake_param_run},
    {"Abort", .flags = OP_STATEFUL, .shape = shape_none, .run = abort_run},
    {"RefIdentity", .flags = OP_STATEFUL, .shape = each_shape, .run = ref_identity_run},
    {"Assert", .flags = OP_STATEFUL, .state_size = sizeof(AssertState), .shape = shape_none,
     .init = assert_init, .run = assert_run},
    {0}};
