/* Shape functions that several families share. */
#include "ops/op.h"

TF_Code shape_unknown_outputs(ShapeCtx *c, TF_Status *st) {
  (void)c;
  (void)st; /* all outputs are unknown at the start */
  return TF_OK;
}

TF_Code shape_none(ShapeCtx *c, TF_Status *st) { return shape_unknown_outputs(c, st); }

TF_Code shape_same(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[0];
  return TF_OK;
}

TF_Code shape_same_pair(ShapeCtx *c, TF_Status *st) {
  return shape_merge(c->inputs[0], c->inputs[1], &c->outputs[0], st);
}

TF_Code shape_scalar(ShapeCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i < c->num_outputs; i++) c->outputs[i] = (Shape){.rank = 0};
  return TF_OK;
}

TF_Code shape_broadcast_two(const Shape *a, const Shape *b, Shape *out, TF_Status *st) {
  *out = shape_unknown();
  if (a->rank < 0 || b->rank < 0) return TF_OK;
  int rank = a->rank > b->rank ? a->rank : b->rank;
  *out = shape_of_rank(rank);
  for (int d = 0; d < rank; d++) {
    int ad = d - (rank - a->rank), bd = d - (rank - b->rank);
    int64_t x = ad < 0 ? 1 : a->dims[ad], y = bd < 0 ? 1 : b->dims[bd];
    if (x == 1 || x == y) {
      out->dims[d] = y;
    } else if (y == 1) {
      out->dims[d] = x;
    } else if (x < 0 || y < 0) {
      /* One unknown: it is 1 or the other's size, so the other's, which is not 1. */
      out->dims[d] = x < 0 ? y : x;
    } else {
      return fail(st, TF_INVALID_ARGUMENT, "Dimensions must be equal, but are %lld and %lld", (long long)x,
                  (long long)y);
    }
  }
  return TF_OK;
}

TF_Code shape_broadcast(ShapeCtx *c, TF_Status *st) {
  const Attr *strict = node_attr(c->node, "incompatible_shape_error");
  if (strict && !strict->v.b) return TF_OK; /* a scalar false where shapes don't go together */
  return shape_broadcast_two(c->inputs[0], c->inputs[1], &c->outputs[0], st);
}

/* Marks the axes in `axes` (int32 or int64); false for one out of range. */
static bool mark_axes(const Tensor *axes, int rank, bool *reduced) {
  for (int64_t i = 0, n = tensor_count(axes); i < n; i++) {
    int64_t axis = axes->dtype == TF_INT64 ? ((const int64_t *)axes->data)[i]
                                           : ((const int32_t *)axes->data)[i];
    if (axis < -rank || axis >= rank) return false;
    reduced[axis < 0 ? axis + rank : axis] = true;
  }
  return true;
}

TF_Code shape_reduction(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  const Tensor *axes = c->value(c, 1);
  const Attr *attr = node_attr(c->node, "keep_dims");
  bool keep = attr && attr->v.b;
  if (in->rank < 0) return TF_OK;
  if (!axes) {
    if (keep) c->outputs[0] = shape_of_rank(in->rank);
    return TF_OK;
  }
  bool reduced[TENSOR_MAX_RANK] = {false};
  if (!mark_axes(axes, in->rank, reduced))
    return fail(st, TF_INVALID_ARGUMENT, "Invalid reduction dimension for input with %d dimension(s)",
                in->rank);
  Shape out = {.rank = 0};
  for (int d = 0; d < in->rank; d++) {
    if (!reduced[d]) out.dims[out.rank++] = in->dims[d];
    else if (keep) out.dims[out.rank++] = 1;
  }
  c->outputs[0] = out;
  return TF_OK;
}
