/* Tensors made of nothing much: Fill, ZerosLike, OnesLike, Range, LinSpace, OneHot. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_copy.h"
#include "ops/array_util.h"
#include "ops/tensor_list.h"

/* ---- Fill ---- */

static TF_Code fill_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 0, st));
  const Tensor *dims = c->value(c, 0);
  for (int64_t i = 0; dims && i < tensor_count(dims); i++)
    if (int_at(dims, i) < 0) return fail(st, TF_INVALID_ARGUMENT, "Fill dimensions must be >= 0");
  return shape_of_value(c, 0, &c->outputs[0], st);
}

static TF_Code fill_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *shape = op_input(c, 0), *value = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  if (shape->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "dims must represent a vector, got shape %s",
                shape_text(shape->dims, shape->rank, text, sizeof text));
  if (tensor_count(value) != 1 || value->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "value must represent a scalar, got shape %s",
                shape_text(value->dims, value->rank, text, sizeof text));
  TRY(dims_of_tensor(shape, dims, &rank, st));
  return op_output(c, 0, value->dtype, dims, rank, st);
}

static TF_Code fill_run(OpCtx *c, TF_Status *st) {
  return tensor_fill(&c->outputs[0], op_input(c, 1)->data, st);
}

/* ---- ZerosLike, OnesLike ---- */

static TF_Code zeros_like_run(OpCtx *c, TF_Status *st) {
  if (c->outputs[0].dtype == TF_VARIANT) {
    Tensor zeros = {0};
    TRY(variant_zeros_like(op_input(c, 0), &zeros, st));
    op_take_output(c, 0, &zeros);
    return TF_OK;
  }
  tensor_zero(&c->outputs[0]);
  return TF_OK;
}

static TF_Code ones_like_run(OpCtx *c, TF_Status *st) {
  union {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f[2];
    double d[2];
  } one = {.d = {0, 0}};
  switch (c->outputs[0].dtype) {
    case TF_FLOAT:
    case TF_COMPLEX64: one.f[0] = 1; break;
    case TF_DOUBLE:
    case TF_COMPLEX128: one.d[0] = 1; break;
    case TF_HALF: one.u16 = 0x3c00; break;
    case TF_BFLOAT16: one.u16 = 0x3f80; break;
    case TF_INT16:
    case TF_UINT16: one.u16 = 1; break;
    case TF_INT32:
    case TF_UINT32: one.u32 = 1; break;
    case TF_INT64:
    case TF_UINT64: one.u64 = 1; break;
    default: one.u8 = 1; break;
  }
  return tensor_fill(&c->outputs[0], &one, st);
}

/* ---- Range ---- */

static double real_at(const Tensor *t) {
  return t->dtype == TF_DOUBLE  ? *(const double *)t->data
         : t->dtype == TF_FLOAT ? *(const float *)t->data
                                : 0;
}

/* The number of elements: ceil((limit - start) / delta). */
static TF_Code range_size(const Tensor *start, const Tensor *limit, const Tensor *delta, int64_t *size,
                          TF_Status *st) {
  bool real = start->dtype == TF_FLOAT || start->dtype == TF_DOUBLE;
  int64_t si = int_at(start, 0), li = int_at(limit, 0), di = int_at(delta, 0);
  double s = real ? real_at(start) : (double)si, l = real ? real_at(limit) : (double)li,
         d = real ? real_at(delta) : (double)di;
  bool up = real ? d > 0 : di > 0, zero = real ? d == 0 : di == 0;
  if (zero) {
    return real ? fail(st, TF_INVALID_ARGUMENT, "Requires delta != 0: %g", d)
                : fail(st, TF_INVALID_ARGUMENT, "Requires delta != 0: %lld", (long long)di);
  }
  bool bad = up ? (real ? s > l : si > li) : (real ? s < l : si < li);
  if (bad && real)
    return fail(st, TF_INVALID_ARGUMENT, "Requires start %s limit when delta %s 0: %g/%g",
                up ? "<=" : ">=", up ? ">" : "<", s, l);
  if (bad)
    return fail(st, TF_INVALID_ARGUMENT, "Requires start %s limit when delta %s 0: %lld/%lld",
                up ? "<=" : ">=", up ? ">" : "<", (long long)si, (long long)li);
  if (!real) {
    uint64_t distance = up ? (uint64_t)li - (uint64_t)si : (uint64_t)si - (uint64_t)li;
    uint64_t step = up ? (uint64_t)di : 0 - (uint64_t)di;
    uint64_t n = distance / step + (distance % step != 0);
    if (n > INT64_MAX)
      return fail(st, TF_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= 9223372036854775807");
    *size = (int64_t)n;
    return TF_OK;
  }
  double n = ceil(fabs((l - s) / d));
  if (!(n <= 9223372036854774784.0))
    return fail(st, TF_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= 9223372036854775807");
  *size = (int64_t)n;
  return TF_OK;
}

static TF_Code range_shape(ShapeCtx *c, TF_Status *st) {
  for (int i = 0; i < 3; i++) TRY(shape_want_rank(c, i, 0, st));
  const Tensor *start = c->value(c, 0), *limit = c->value(c, 1), *delta = c->value(c, 2);
  int64_t n = -1;
  if (start && limit && delta && !start->rank && !limit->rank && !delta->rank)
    TRY(range_size(start, limit, delta, &n, st));
  c->outputs[0] = shape_vector(n);
  return TF_OK;
}

static TF_Code range_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"start", "limit", "delta"};
  char text[SHAPE_TEXT_MAX];
  int64_t n;
  for (int i = 0; i < 3; i++)
    if (tensor_count(op_input(c, i)) != 1 || op_input(c, i)->rank > 1)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar, not shape %s", names[i],
                  shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text, sizeof text));
  TRY(range_size(op_input(c, 0), op_input(c, 1), op_input(c, 2), &n, st));
  return op_output(c, 0, op_input(c, 0)->dtype, &n, 1, st);
}

static TF_Code range_run(OpCtx *c, TF_Status *st) {
  (void)st;
  Tensor *out = &c->outputs[0];
  const void *s = op_input(c, 0)->data, *d = op_input(c, 2)->data;
  int64_t n = out->dims[0];
  for (int64_t i = 0; i < n; i++) switch (out->dtype) {
      case TF_FLOAT: ((float *)out->data)[i] = *(const float *)s + (float)i * *(const float *)d; break;
      case TF_DOUBLE: ((double *)out->data)[i] = *(const double *)s + (double)i * *(const double *)d; break;
      case TF_INT64:
        ((int64_t *)out->data)[i] = (int64_t)(*(const uint64_t *)s + (uint64_t)i * *(const uint64_t *)d);
        break;
      default:
        ((int32_t *)out->data)[i] = (int32_t)(*(const uint32_t *)s + (uint32_t)i * *(const uint32_t *)d);
        break;
    }
  return TF_OK;
}

/* ---- LinSpace ---- */

static TF_Code linspace_shape(ShapeCtx *c, TF_Status *st) {
  for (int i = 0; i < 3; i++) TRY(shape_want_rank(c, i, 0, st));
  int64_t n = -1;
  if (shape_int_value(c, 2, &n) && n <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Requires num > 0: %lld", (long long)n);
  c->outputs[0] = shape_vector(n);
  return TF_OK;
}

static TF_Code linspace_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"start", "stop", "num"};
  char text[SHAPE_TEXT_MAX];
  for (int i = 0; i < 3; i++)
    if (op_input(c, i)->rank)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar, not shape %s", names[i],
                  shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text, sizeof text));
  int64_t n = int_at(op_input(c, 2), 0);
  if (n <= 0) return fail(st, TF_INVALID_ARGUMENT, "Requires num > 0: %lld", (long long)n);
  return op_output(c, 0, op_input(c, 0)->dtype, &n, 1, st);
}

static TF_Code linspace_run(OpCtx *c, TF_Status *st) {
  (void)st;
  Tensor *out = &c->outputs[0];
  int64_t n = out->dims[0];
  if (out->dtype == TF_FLOAT) {
    float *o = out->data, start = *(const float *)op_input(c, 0)->data,
          stop = *(const float *)op_input(c, 1)->data;
    float step = n > 1 ? (stop - start) / (float)(n - 1) : 0;
    for (int64_t i = 1; i < n - 1; i++) o[i] = start + step * (float)i;
    o[n - 1] = stop;
    o[0] = start; /* also where the step is infinite */
  } else {
    double *o = out->data, start = *(const double *)op_input(c, 0)->data,
           stop = *(const double *)op_input(c, 1)->data;
    double step = n > 1 ? (stop - start) / (double)(n - 1) : 0;
    for (int64_t i = 1; i < n - 1; i++) o[i] = start + step * (double)i;
    o[n - 1] = stop;
    o[0] = start;
  }
  return TF_OK;
}

/* ---- OneHot ---- */

static TF_Code one_hot_shape(ShapeCtx *c, TF_Status *st) {
  int64_t axis, depth = -1, given;
  TRY(node_attr_int(c->node, "axis", &axis, st));
  given = axis;
  if (axis < -1) return fail(st, TF_INVALID_ARGUMENT, "axis must be >= -1");
  for (int i = 1; i < 4; i++) TRY(shape_want_rank(c, i, 0, st));
  const Shape *in = c->inputs[0];
  if (shape_int_value(c, 1, &depth) && depth < 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Dimension size, given by scalar input 1, must be non-negative but is %lld",
                (long long)depth);
  if (in->rank < 0) return TF_OK;
  if (!axis_in_range(&axis, in->rank + 1) || in->rank == TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "axis must be in the range [-1, %d] but is %lld", in->rank,
                (long long)given);
  c->outputs[0].rank = in->rank + 1;
  for (int i = 0; i <= in->rank; i++)
    c->outputs[0].dims[i] = i < axis ? in->dims[i] : i == axis ? depth : in->dims[i - 1];
  return TF_OK;
}

typedef struct OneHotPrep {
  int64_t outer, depth, inner;
} OneHotPrep;

static TF_Code one_hot_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  OneHotPrep *p = c->prep;
  int64_t axis, dims[TENSOR_MAX_RANK + 1];
  char text[SHAPE_TEXT_MAX];
  static const char *const names[] = {"", "depth", "on_value", "off_value"};
  TRY(node_attr_int(c->node, "axis", &axis, st));
  if (axis < -1 || axis > in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Expected axis to be -1 or between [0, %d).  But received: %lld",
                in->rank + 1, (long long)axis);
  if (axis < 0) axis = in->rank;
  for (int i = 1; i < 4; i++)
    if (op_input(c, i)->rank)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar, but got: %s", names[i],
                  shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text, sizeof text));
  int64_t depth = int_at(op_input(c, 1), 0), total;
  if (depth < 0)
    return fail(st, TF_INVALID_ARGUMENT, "depth must be non-negative, got: %lld", (long long)depth);
  if (!checked_mul_i64(depth, tensor_count(in), &total))
    return fail(st, TF_INVALID_ARGUMENT,
                "OneHot result would have shape %s + [%lld], which exceeds 2**63 - 1 elements",
                shape_text(in->dims, in->rank, text, sizeof text), (long long)depth);
  for (int i = 0; i <= in->rank; i++) dims[i] = i < axis ? in->dims[i] : i == axis ? depth : in->dims[i - 1];
  *p = (OneHotPrep){dims_product(in->dims, 0, (int)axis), depth, dims_product(in->dims, (int)axis, in->rank)};
  return op_output(c, 0, c->node->output_types[0], dims, in->rank + 1, st);
}

static TF_Code one_hot_run(OpCtx *c, TF_Status *st) {
  const OneHotPrep *p = c->prep;
  const Tensor *in = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  TRY(tensor_fill(out, op_input(c, 3)->data, st));
  for (int64_t o = 0; o < p->outer; o++)
    for (int64_t i = 0; i < p->inner; i++) {
      int64_t k = int_at(in, o * p->inner + i);
      if (!index_ok(k, p->depth)) continue;
      TRY(tensor_copy_range(out, (o * p->depth + k) * p->inner + i, op_input(c, 2), 0, 1, st));
    }
  return TF_OK;
}

const OpRow ops_array_fill[] = {
    {"Fill", .types = "index_type: " TYPES_INDEX, .value_inputs = 1, .shape = fill_shape,
     .prepare = fill_prepare, .run = fill_run},
    {"ZerosLike", .types = "T: " TYPES_POD " string variant", .flags = OP_SHAPE_VALUE, .shape = shape_same,
     .prepare = prepare_like, .run = zeros_like_run},
    {"OnesLike", .types = "T: " TYPES_POD, .flags = OP_SHAPE_VALUE, .shape = shape_same,
     .prepare = prepare_like, .run = ones_like_run},
    {"Range", .types = "Tidx: float double " TYPES_INDEX, .value_inputs = 7, .shape = range_shape,
     .prepare = range_prepare, .run = range_run},
    {"LinSpace", .types = "T: float double", .value_inputs = 4, .shape = linspace_shape,
     .prepare = linspace_prepare, .run = linspace_run},
    {"OneHot", .types = "T: " TYPES_ALL "; TI: uint8 int8 int32 int64", .value_inputs = 2,
     .prep_size = sizeof(OneHotPrep), .shape = one_hot_shape, .prepare = one_hot_prepare, .run = one_hot_run},
    {0}};
