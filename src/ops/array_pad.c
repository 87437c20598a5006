/* Pad, PadV2, MirrorPad. Mirroring pads dimension after dimension, inside the output. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_copy.h"
#include "ops/array_util.h"

static TF_Code pad_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  const Tensor *pads = c->value(c, 1);
  int64_t n = shape_dim(c->inputs[1], 0);
  TRY(shape_want_rank(c, 1, 2, st));
  int rank = in->rank >= 0 ? in->rank : n <= TENSOR_MAX_RANK ? (int)n : -1;
  if (rank < 0) return TF_OK;
  if (n >= 0 && n != rank)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank %lld but is rank %d", (long long)n, rank);
  Shape out = shape_of_rank(rank);
  if (pads && tensor_count(pads) != 2 * (int64_t)rank) pads = NULL; /* prepare says what is wrong */
  for (int i = 0; pads && in->rank >= 0 && i < rank; i++) {
    int64_t before = int_at(pads, 2 * i), after = int_at(pads, 2 * i + 1);
    if (before < 0 || after < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Paddings must be non-negative: %lld, %lld", (long long)before,
                  (long long)after);
    out.dims[i] = dim_add(dim_add(in->dims[i], before), after);
  }
  c->outputs[0] = out;
  return TF_OK;
}

typedef struct PadPrep {
  ArrayCopy copy; /* the input into the middle of the output */
  bool all;       /* nothing is padded around it */
  int offset;     /* MirrorPad: 1 leaves the edge out (REFLECT), 0 repeats it */
  int64_t before[TENSOR_MAX_RANK], after[TENSOR_MAX_RANK];
} PadPrep;

static TF_Code pad_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *pads = op_input(c, 1);
  PadPrep *p = c->prep;
  int64_t dims[TENSOR_MAX_RANK], strides[TENSOR_MAX_RANK], out_strides[TENSOR_MAX_RANK];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (pads->rank != 2 || pads->dims[1] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "paddings must be a matrix with 2 columns: %s",
                shape_text(pads->dims, pads->rank, a, sizeof a));
  if (pads->dims[0] != in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "The first dimension of paddings must be the rank of inputs%s %s",
                shape_text(pads->dims, pads->rank, a, sizeof a), shape_text(in->dims, in->rank, b, sizeof b));
  if (c->num_inputs > 2 && op_input(c, 2)->rank)
    return fail(st, TF_INVALID_ARGUMENT, "constant_values must be a scalar. Found: %s",
                shape_text(op_input(c, 2)->dims, op_input(c, 2)->rank, a, sizeof a));
  p->all = true;
  for (int i = 0; i < in->rank; i++) {
    p->before[i] = int_at(pads, 2 * i);
    p->after[i] = int_at(pads, 2 * i + 1);
    if (p->before[i] < 0 || p->after[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be non-negative: %lld %lld",
                  strcmp(c->node->op, "MirrorPad") ? "Paddings" : "paddings", (long long)p->before[i],
                  (long long)p->after[i]);
    if (!checked_add_i64(in->dims[i], p->before[i], &dims[i]) ||
        !checked_add_i64(dims[i], p->after[i], &dims[i]))
      return fail(st, TF_INVALID_ARGUMENT, "Paddings of dimension %d overflow", i);
    p->all = p->all && dims[i] == in->dims[i];
  }
  TRY(op_output(c, 0, in->dtype, dims, in->rank, st));
  array_strides(in->dims, in->rank, strides);
  array_strides(dims, in->rank, out_strides);
  p->copy = (ArrayCopy){0};
  for (int i = 0; i < in->rank; i++) {
    p->copy.dst_at += p->before[i] * out_strides[i];
    array_copy_loop(&p->copy, in->dims[i], strides[i], out_strides[i]);
  }
  array_copy_finish(&p->copy);
  return TF_OK;
}

static TF_Code pad_run(OpCtx *c, TF_Status *st) {
  const PadPrep *p = c->prep;
  Tensor *out = &c->outputs[0];
  if (!p->all) {
    if (c->num_inputs > 2) TRY(tensor_fill(out, op_input(c, 2)->data, st));
    else tensor_zero(out);
  }
  return array_copy_run(&p->copy, out->dtype, out->data, op_input(c, 0)->data, c->threads, st);
}

/* ---- MirrorPad ---- */

static TF_Code mirror_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  PadPrep *p = c->prep;
  Span mode;
  TRY(node_attr_string(c->node, "mode", &mode, st));
  p->offset = mode.size == 7; /* REFLECT, else SYMMETRIC */
  TRY(pad_prepare(c, st));
  for (int i = 0; i < in->rank; i++) {
    int64_t most = in->dims[i] - p->offset;
    if (p->before[i] <= most && p->after[i] <= most) continue;
    return fail(st, TF_INVALID_ARGUMENT, "paddings must be %s the dimension size: %lld, %lld %s %lld",
                p->offset ? "less than" : "no greater than", (long long)p->before[i], (long long)p->after[i],
                p->offset ? "not less than" : "greater than", (long long)in->dims[i]);
  }
  return TF_OK;
}

/* Fills the padding of dimension `axis` from what stands inside; dimensions before it are done in full, those
 * after it are as wide as they will be only once their turn comes. */
static TF_Code mirror_axis(OpCtx *c, const PadPrep *p, int axis, bool front, TF_Status *st) {
  Tensor *out = &c->outputs[0];
  int64_t strides[TENSOR_MAX_RANK], n = front ? p->before[axis] : p->after[axis];
  int64_t inside = op_input(c, 0)->dims[axis], first = p->before[axis];
  ArrayCopy copy = {0};
  if (n == 0) return TF_OK;
  array_strides(out->dims, out->rank, strides);
  int64_t from = front ? first + p->offset : first + inside - 1 - p->offset;
  int64_t to = front ? first - 1 : first + inside;
  int64_t step = front ? 1 : -1;
  for (int i = 0; i < out->rank; i++) {
    if (i == axis) continue;
    int64_t begin = i < axis ? 0 : p->before[i], count = i < axis ? out->dims[i] : op_input(c, 0)->dims[i];
    copy.src_at += begin * strides[i];
    array_copy_loop(&copy, count, strides[i], strides[i]);
  }
  copy.dst_at = copy.src_at + to * strides[axis];
  copy.src_at += from * strides[axis];
  array_copy_loop(&copy, n, step * strides[axis], -step * strides[axis]);
  /* Source and destination lie in one tensor but never overlap. */
  array_copy_finish(&copy);
  return array_copy_run(&copy, out->dtype, out->data, out->data, 1, st);
}

static TF_Code mirror_run(OpCtx *c, TF_Status *st) {
  const PadPrep *p = c->prep;
  Tensor *out = &c->outputs[0];
  TRY(array_copy_run(&p->copy, out->dtype, out->data, op_input(c, 0)->data, c->threads, st));
  if (!tensor_count(out)) return TF_OK;
  for (int i = 0; i < out->rank; i++) {
    TRY(mirror_axis(c, p, i, true, st));
    TRY(mirror_axis(c, p, i, false, st));
  }
  return TF_OK;
}

#define PAD(NAME, PREPARE, RUN)                                                                    \
  {                                                                                                \
    NAME, .types = "T: " TYPES_POD " " TYPES_QUANTIZED " string; Tpaddings: " TYPES_INDEX,         \
          .value_inputs = 2, .prep_size = sizeof(PadPrep), .shape = pad_shape, .prepare = PREPARE, \
          .run = RUN                                                                               \
  }

const OpRow ops_array_pad[] = {PAD("Pad", pad_prepare, pad_run),
                               PAD("PadV2", pad_prepare, pad_run),
                               PAD("MirrorPad", mirror_prepare, mirror_run),
                               {0}};
