/* OptionalFromValue, OptionalNone, OptionalHasValue, OptionalGetValue: a variant that holds some tensors, or
 * none. */
#include "ops/array_util.h"
#include "ops/optional_value.h"

/* Output 0 becomes the optional of the inputs. */
static TF_Code optional_make(OpCtx *c, bool has_value, TF_Status *st) {
  OptionalValue *o;
  TRY(optional_value_new(&o, has_value, c->num_inputs, st));
  TF_Code code = TF_OK;
  for (int i = 0; i < c->num_inputs && !code; i++) {
    code = optional_value_note(o, op_input(c, i), st);
    if (!code) code = op_keep_input(c, i, &o->values[i], st);
    if (!code) o->count++;
  }
  if (!code) code = op_alloc_output(c, 0, TF_VARIANT, NULL, 0, st);
  if (!code) code = elements_copy(TF_VARIANT, c->outputs[0].data, &(const void *){o}, 1, st);
  object_unref(o);
  return code;
}

static TF_Code from_value_run(OpCtx *c, TF_Status *st) { return optional_make(c, true, st); }
static TF_Code none_run(OpCtx *c, TF_Status *st) { return optional_make(c, false, st); }

static TF_Code optional_of(const OpCtx *c, const OptionalValue **out, TF_Status *st) {
  const Tensor *t = op_input(c, 0);
  if (t->dtype != TF_VARIANT || t->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input to %s must be a scalar variant", c->node->op);
  const Object *o = *(Object *const *)t->data;
  if (!o || o->type != &optional_value_type)
    return fail(st, TF_INVALID_ARGUMENT, "The given input is not a valid Optional variant.");
  *out = (const OptionalValue *)o;
  return TF_OK;
}

static TF_Code has_value_run(OpCtx *c, TF_Status *st) {
  const OptionalValue *o;
  TRY(optional_of(c, &o, st));
  TRY(op_alloc_output(c, 0, TF_BOOL, NULL, 0, st));
  *(uint8_t *)c->outputs[0].data = o->has_value;
  return TF_OK;
}

static TF_Code check_value(const OpCtx *c, int i, const Tensor *value, const Attr *shapes, TF_Status *st) {
  TF_DataType want = dtype_base(c->node->output_types[i]);
  if (value->dtype != want)
    return fail(st, TF_INVALID_ARGUMENT, "The given optional has component %d of type %s, but %s is expected",
                i, dtype_name(value->dtype), dtype_name(want));
  const Shape *shape = &shapes->v.list_shape[i];
  bool fits = shape->rank < 0 || shape->rank == value->rank;
  for (int d = 0; fits && d < shape->rank; d++) fits = shape->dims[d] < 0 || shape->dims[d] == value->dims[d];
  if (fits) return TF_OK;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT, "Incompatible shapes at component %d: expected %s but got: %s", i,
              shape_text(shape->dims, shape->rank, a, sizeof a),
              shape_text(value->dims, value->rank, b, sizeof b));
}

static TF_Code get_value_run(OpCtx *c, TF_Status *st) {
  const OptionalValue *o;
  const Attr *shapes;
  TRY(optional_of(c, &o, st));
  if (!o->has_value) return fail(st, TF_INVALID_ARGUMENT, "The given optional does not have a value.");
  TRY(node_attr_list(c->node, "output_shapes", TF_ATTR_SHAPE, &shapes, st));
  if (o->count != c->num_outputs || shapes->count != c->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT, "The given optional has %d components, expected %d.", o->count,
                c->num_outputs);
  for (int i = 0; i < c->num_outputs; i++) TRY(check_value(c, i, &o->values[i], shapes, st));
  for (int i = 0; i < c->num_outputs; i++) {
    Tensor t;
    tensor_share(&t, &o->values[i]);
    op_take_output(c, i, &t);
  }
  return TF_OK;
}

static TF_Code shape_get_value(ShapeCtx *c, TF_Status *st) {
  const Attr *shapes;
  TRY(node_attr_list(c->node, "output_shapes", TF_ATTR_SHAPE, &shapes, st));
  for (int i = 0; i < c->num_outputs && i < shapes->count; i++) c->outputs[i] = shapes->v.list_shape[i];
  return TF_OK;
}

const OpRow ops_optional_ops[] = {
    {"OptionalFromValue", .flags = OP_DYNAMIC | OP_KEEPS, .shape = shape_scalar, .run = from_value_run},
    {"OptionalNone", .flags = OP_DYNAMIC, .shape = shape_scalar, .run = none_run},
    {"OptionalHasValue", .flags = OP_DYNAMIC, .shape = shape_scalar, .run = has_value_run},
    {"OptionalGetValue", .flags = OP_DYNAMIC, .shape = shape_get_value, .run = get_value_run},
    {0}};
