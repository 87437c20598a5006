/* Slice and StridedSlice with all its masks, its gradient and its assignment.
 *
 * A strided slice is first made dense: every dimension of the input gets begin, stride and length, the new
 * and the dropped dimensions are only a matter of the output's shape. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_copy.h"
#include "ops/array_slice.h"
#include "ops/array_util.h"

/* ---- Slice ---- */

static TF_Code slice_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 2, 1, st));
  int64_t n;
  TRY(dim_merge(shape_dim(c->inputs[1], 0), shape_dim(c->inputs[2], 0), &n, st));
  int rank = in->rank >= 0 ? in->rank : n <= TENSOR_MAX_RANK ? (int)n : -1;
  if (rank < 0) return TF_OK;
  if (n >= 0 && n != rank)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank %lld but is rank %d", (long long)n, rank);
  const Tensor *begin = c->value(c, 1), *size = c->value(c, 2);
  Shape out = shape_of_rank(rank);
  for (int i = 0; size && i < rank; i++) {
    int64_t s = int_at(size, i);
    if (s >= 0) out.dims[i] = s;
    else if (s < -1)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid value for size[%d]: %lld", i, (long long)s);
    else if (begin && shape_dim(in, i) >= 0) {
      int64_t b = int_at(begin, i);
      if (b < 0 || b > in->dims[i])
        return fail(st, TF_INVALID_ARGUMENT, "Expected begin[%d] in [0, %lld], but got %lld", i,
                    (long long)in->dims[i], (long long)b);
      out.dims[i] = in->dims[i] - b;
    }
  }
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code slice_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *begin = op_input(c, 1), *size = op_input(c, 2);
  ArrayCopy *p = c->prep;
  int64_t dims[TENSOR_MAX_RANK], strides[TENSOR_MAX_RANK];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (begin->rank != 1 || size->rank != 1 || begin->dims[0] != in->rank || size->dims[0] != in->rank)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Expected begin and size arguments to be 1-D tensors of size %d, but got shapes %s and %s instead.",
        in->rank, shape_text(begin->dims, begin->rank, a, sizeof a),
        shape_text(size->dims, size->rank, b, sizeof b));
  bool whole = true;
  array_strides(in->dims, in->rank, strides);
  *p = (ArrayCopy){0};
  for (int i = 0; i < in->rank; i++) {
    int64_t at = int_at(begin, i), n = int_at(size, i), limit = in->dims[i];
    if (n == -1 && index_ok(at, limit + 1)) n = limit - at;
    if (limit == 0) {
      if (at != 0 || n != 0)
        return fail(
            st, TF_INVALID_ARGUMENT,
            "Expected begin[%d] == 0 (got %lld) and size[%d] == 0 (got %lld) when input.dim_size(%d) == 0", i,
            (long long)at, i, (long long)n, i);
    } else if (!index_ok(at, limit + 1)) {
      return fail(st, TF_INVALID_ARGUMENT, "Expected begin[%d] in [0, %lld], but got %lld", i,
                  (long long)limit, (long long)at);
    } else if (n < 0 || n > limit - at) {
      return fail(st, TF_INVALID_ARGUMENT, "Expected size[%d] in [0, %lld], but got %lld", i,
                  (long long)(limit - at), (long long)n);
    }
    dims[i] = n;
    whole = whole && n == limit;
    p->src_at += at * strides[i];
  }
  if (whole) return op_output_alias(c, 0, 0, in->dims, in->rank, st);
  int64_t out_strides[TENSOR_MAX_RANK];
  array_strides(dims, in->rank, out_strides);
  for (int i = 0; i < in->rank; i++) array_copy_loop(p, dims[i], strides[i], out_strides[i]);
  array_copy_finish(p);
  return op_output(c, 0, in->dtype, dims, in->rank, st);
}

static bool is_alias(const OpCtx *c, int from) { return c->outputs[0].data == c->inputs[from]->data; }

static TF_Code slice_run(OpCtx *c, TF_Status *st) {
  if (is_alias(c, 0)) return TF_OK;
  return array_copy_run(c->prep, op_input(c, 0)->dtype, c->outputs[0].data, op_input(c, 0)->data, c->threads,
                        st);
}

/* ---- the specification of a strided slice ---- */

static TF_Code read_masks(const Node *node, int64_t mask[5], TF_Status *st) {
  static const char *const names[] = {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                                      "shrink_axis_mask"};
  for (int i = 0; i < 5; i++) TRY(node_attr_int(node, names[i], &mask[i], st));
  return TF_OK;
}

enum { BEGIN_MASK, END_MASK, ELLIPSIS_MASK, NEW_AXIS_MASK, SHRINK_MASK };

/* One dimension of the input after the masks are spread over it. */
typedef struct DenseDim {
  int64_t begin, end, stride;
  bool begin_masked, end_masked, shrink;
  bool known;  /* begin, end and stride are */
  bool listed; /* the specification names it */
} DenseDim;

/* Spreads the sparse specification over the input's dimensions. `out_axis` gets for each dimension of the
 * output which input dimension it is, or -1 for a new one. */
static TF_Code spread(const SliceSpec *spec, int rank, DenseDim *dense, int *out_axis, int *out_rank,
                      TF_Status *st) {
  int n = spec->count, ellipsis = -1, news_after = 0;
  uint32_t ellipses = (uint32_t)spec->mask[ELLIPSIS_MASK];
  if (ellipses & (ellipses - 1)) /* also those past the specification */
    return fail(st, TF_INVALID_ARGUMENT, "Multiple ellipses in slice spec not allowed");
  for (int i = 0; i < n; i++) {
    if (ellipses >> i & 1) {
      ellipsis = i;
    } else if (ellipsis >= 0 && spec->mask[NEW_AXIS_MASK] >> i & 1) {
      news_after++;
    }
  }
  int at = 0, out = 0;
  for (int i = 0; i <= n; i++) {
    bool is_ellipsis = i == ellipsis || (i == n && ellipsis < 0); /* an absent ellipsis stands at the end */
    if (is_ellipsis) {
      int rest = ellipsis < 0 ? 0 : n - i - 1 - news_after, next = rank - rest;
      if (next > rank) next = rank;
      for (; at < next; at++) {
        dense[at] = (DenseDim){.stride = 1, .begin_masked = true, .end_masked = true, .known = true};
        if (out >= TENSOR_MAX_RANK)
          return fail(st, TF_INVALID_ARGUMENT, "StridedSlice makes a tensor of too many dimensions");
        out_axis[out++] = at;
      }
      continue;
    }
    if (i == n) break;
    if (spec->mask[NEW_AXIS_MASK] >> i & 1) {
      if (out >= TENSOR_MAX_RANK)
        return fail(st, TF_INVALID_ARGUMENT, "StridedSlice makes a tensor of too many dimensions");
      out_axis[out++] = -1;
      continue;
    }
    if (at == rank)
      return fail(st, TF_INVALID_ARGUMENT, "Index out of range using input dim %d; input has only %d dims",
                  at, rank);
    DenseDim *d = &dense[at];
    *d = (DenseDim){.stride = spec->strides ? int_at(spec->strides, i) : 1,
                    .begin_masked = spec->mask[BEGIN_MASK] >> i & 1,
                    .end_masked = spec->mask[END_MASK] >> i & 1,
                    .shrink = spec->mask[SHRINK_MASK] >> i & 1,
                    .known = spec->begin && spec->end && spec->strides,
                    .listed = true};
    if (spec->begin) d->begin = int_at(spec->begin, i);
    if (spec->end) d->end = int_at(spec->end, i);
    if (!d->shrink) {
      if (out >= TENSOR_MAX_RANK)
        return fail(st, TF_INVALID_ARGUMENT, "StridedSlice makes a tensor of too many dimensions");
      out_axis[out++] = at;
    }
    at++;
  }
  *out_rank = out;
  return TF_OK;
}

/* Brings an end of a range into the dimension: negative ones count from the end, then both are clamped. */
static int64_t canonical(int64_t x, bool masked, bool is_end, int64_t stride, int64_t size) {
  int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? size : size - 1;
  if (masked) return (stride > 0) == is_end ? high : low;
  if (x < 0) x += size; /* x >= INT64_MIN and size >= 0: no overflow */
  return x < low ? low : x > high ? high : x;
}

/* begin and length of one dimension of `size` elements. */
static TF_Code dense_range(const DenseDim *d, int axis, int64_t size, int64_t *begin, int64_t *length,
                           TF_Status *st) {
  if (d->stride == 0) return fail(st, TF_INVALID_ARGUMENT, "strides[%d] must be non-zero", axis);
  if (d->shrink) {
    if (d->stride <= 0) return fail(st, TF_INVALID_ARGUMENT, "only stride 1 allowed on non-range indexing.");
    int64_t x = d->begin < 0 ? d->begin + size : d->begin; /* TF: begin_mask does not count here */
    if (!index_ok(x, size))
      return fail(st, TF_INVALID_ARGUMENT, "slice index %lld of dimension %d out of bounds.", (long long)x,
                  axis);
    *begin = x;
    *length = 1;
    return TF_OK;
  }
  int64_t from = canonical(d->begin, d->begin_masked, false, d->stride, size);
  int64_t to = canonical(d->end, d->end_masked, true, d->stride, size);
  int64_t distance = to - from;
  *begin = from;
  if (distance == 0 || (distance < 0) != (d->stride < 0)) *length = 0;
  else *length = distance / d->stride + (distance % d->stride != 0);
  return TF_OK;
}

static bool dims_agree(int64_t a, int64_t b) { return a < 0 || b < 0 || a == b; }

static TF_Code check_spec(const Shape *const shapes[3], TF_Status *st) {
  for (int i = 0; i < 3; i++)
    if (shapes[i]->rank >= 0 &&
        (shapes[i]->rank != 1 || !dims_agree(shapes[i]->dims[0], shape_dim(shapes[0], 0))))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Expected begin, end, and strides to be 1D equal size tensors, but got shapes %s, %s, and "
                  "%s instead.",
                  shape_text(shapes[0]->dims, shapes[0]->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX),
                  shape_text(shapes[1]->dims, shapes[1]->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX),
                  shape_text(shapes[2]->dims, shapes[2]->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  if (shapes[0]->rank == 1 && shapes[0]->dims[0] >= 32)
    return fail(st, TF_INVALID_ARGUMENT, "strided slice: at most 31 dimensions may be specified");
  return TF_OK;
}

TF_Code slice_spec_resolve(const Node *node, const int64_t *in_dims, int in_rank, const Tensor *begin,
                           const Tensor *end, const Tensor *strides, StridedSlice *out, TF_Status *st) {
  SliceSpec spec = {.count = (int)tensor_count(begin), .begin = begin, .end = end, .strides = strides};
  DenseDim dense[TENSOR_MAX_RANK];
  int out_axis[TENSOR_MAX_RANK];
  int64_t lengths[TENSOR_MAX_RANK], in_strides[TENSOR_MAX_RANK];
  Shape shapes[3] = {shape_of_tensor(begin), shape_of_tensor(end), shape_of_tensor(strides)};
  TRY(check_spec((const Shape *[3]){&shapes[0], &shapes[1], &shapes[2]}, st));
  TRY(read_masks(node, spec.mask, st));
  TRY(spread(&spec, in_rank, dense, out_axis, &out->rank, st));
  array_strides(in_dims, in_rank, in_strides);
  out->at = 0;
  out->whole = true;
  out->count = 1;
  out->copy_rank = in_rank;
  for (int i = 0; i < in_rank; i++) {
    int64_t from;
    TRY(dense_range(&dense[i], i, in_dims[i], &from, &lengths[i], st));
    if (lengths[i] > 0) out->at += from * in_strides[i];
    out->whole = out->whole && lengths[i] == in_dims[i] && (dense[i].stride == 1 || lengths[i] <= 1);
    out->lengths[i] = lengths[i];
    /* A step that is never taken may be any; the product with a huge stride must not overflow. */
    out->steps[i] = lengths[i] > 1 ? dense[i].stride * in_strides[i] : 0;
    out->count *= lengths[i];
  }
  for (int i = 0; i < out->rank; i++) {
    out->axis[i] = out_axis[i];
    out->dims[i] = out_axis[i] < 0 ? 1 : lengths[out_axis[i]];
  }
  return TF_OK;
}

/* Loops over the slice and a dense array of its elements. */
static void slice_loops(const StridedSlice *s, bool sliced_is_src, ArrayCopy *p) {
  int64_t dense[TENSOR_MAX_RANK];
  array_strides(s->lengths, s->copy_rank, dense);
  *p = (ArrayCopy){0};
  *(sliced_is_src ? &p->src_at : &p->dst_at) = s->at;
  for (int i = 0; i < s->copy_rank; i++)
    array_copy_loop(p, s->lengths[i], sliced_is_src ? s->steps[i] : dense[i],
                    sliced_is_src ? dense[i] : s->steps[i]);
}

/* ---- StridedSlice ---- */

static TF_Code strided_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  SliceSpec spec = {.begin = c->value(c, 1), .end = c->value(c, 2), .strides = c->value(c, 3)};
  TRY(check_spec(&c->inputs[1], st));
  int64_t n = -1;
  for (int i = 1; i < 4; i++) TRY(dim_merge(n, shape_dim(c->inputs[i], 0), &n, st));
  if (in->rank < 0 || n < 0) return TF_OK;
  spec.count = (int)n;
  DenseDim dense[TENSOR_MAX_RANK];
  int out_axis[TENSOR_MAX_RANK], rank;
  TRY(read_masks(c->node, spec.mask, st));
  TRY(spread(&spec, in->rank, dense, out_axis, &rank, st));
  int64_t lengths[TENSOR_MAX_RANK];
  for (int i = 0; i < in->rank; i++) {
    const DenseDim *d = &dense[i];
    int64_t from;
    bool full = d->begin_masked && d->end_masked && d->stride == 1 && !d->shrink &&
                (spec.strides || !d->listed);
    lengths[i] = full ? in->dims[i] : -1;
    if (d->known && in->dims[i] >= 0) TRY(dense_range(d, i, in->dims[i], &from, &lengths[i], st));
    else if (d->known && d->stride == 0)
      return fail(st, TF_INVALID_ARGUMENT, "strides[%d] must be non-zero", i);
  }
  c->outputs[0].rank = rank;
  for (int i = 0; i < rank; i++) c->outputs[0].dims[i] = out_axis[i] < 0 ? 1 : lengths[out_axis[i]];
  return TF_OK;
}

static TF_Code strided_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  StridedSlice s;
  TRY(slice_spec_resolve(c->node, in->dims, in->rank, op_input(c, 1), op_input(c, 2), op_input(c, 3), &s,
                         st));
  if (s.whole) return op_output_alias(c, 0, 0, s.dims, s.rank, st);
  slice_loops(&s, true, c->prep);
  array_copy_finish(c->prep);
  return op_output(c, 0, in->dtype, s.dims, s.rank, st);
}

/* ---- StridedSliceGrad: zeros, with dy put where the slice was taken ---- */

static TF_Code strided_grad_shape(ShapeCtx *c, TF_Status *st) {
  return shape_of_value(c, 0, &c->outputs[0], st);
}

static TF_Code strided_grad_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *dy = op_input(c, 4);
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  StridedSlice s;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (op_input(c, 0)->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "shape must be 1-D, got shape.shape = %s",
                shape_text(op_input(c, 0)->dims, op_input(c, 0)->rank, a, sizeof a));
  TRY(dims_of_tensor(op_input(c, 0), dims, &rank, st));
  TRY(op_output(c, 0, dy->dtype, dims, rank, st));
  TRY(slice_spec_resolve(c->node, dims, rank, op_input(c, 1), op_input(c, 2), op_input(c, 3), &s, st));
  bool same = dy->rank == s.rank && !memcmp(dy->dims, s.dims, (size_t)s.rank * sizeof *s.dims);
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT, "shape of dy was %s instead of %s",
                shape_text(dy->dims, dy->rank, a, sizeof a), shape_text(s.dims, s.rank, b, sizeof b));
  slice_loops(&s, false, c->prep);
  array_copy_finish(c->prep);
  return TF_OK;
}

static TF_Code strided_grad_run(OpCtx *c, TF_Status *st) {
  tensor_zero(&c->outputs[0]);
  return array_copy_run(c->prep, c->outputs[0].dtype, c->outputs[0].data, op_input(c, 4)->data, c->threads,
                        st);
}

/* ---- TensorStridedSliceUpdate, and what assignments to slices of variables share with it ---- */

/* Steps through `value`, broadcast to the slice, for every dimension of the target; false when it does not
 * fit. */
static bool broadcast_steps(const StridedSlice *s, const Tensor *value, int64_t *steps) {
  int64_t strides[TENSOR_MAX_RANK];
  int lead = s->rank - value->rank;
  if (lead < 0) return false;
  array_strides(value->dims, value->rank, strides);
  memset(steps, 0, (size_t)s->copy_rank * sizeof *steps);
  for (int i = 0; i < value->rank; i++) {
    if (value->dims[i] == 1) continue;
    if (value->dims[i] != s->dims[i + lead]) return false;
    if (s->axis[i + lead] >= 0) steps[s->axis[i + lead]] = strides[i];
  }
  return true;
}

TF_Code slice_assign(const Node *node, Tensor *target, const Tensor *begin, const Tensor *end,
                     const Tensor *strides, const Tensor *value, int threads, TF_Status *st) {
  StridedSlice s;
  ArrayCopy p = {0};
  int64_t steps[TENSOR_MAX_RANK];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  TRY(slice_spec_resolve(node, target->dims, target->rank, begin, end, strides, &s, st));
  for (int i = 0; i < s.rank; i++)
    if (s.dims[i] == 0) return TF_OK; /* TF: of an empty slice, the value may have any shape */
  if (!broadcast_steps(&s, value, steps))
    return fail(st, TF_INVALID_ARGUMENT, "Cannot broadcast input shape %s into final shape %s",
                shape_text(value->dims, value->rank, a, sizeof a), shape_text(s.dims, s.rank, b, sizeof b));
  p.dst_at = s.at;
  for (int i = 0; i < s.copy_rank; i++) array_copy_loop(&p, s.lengths[i], steps[i], s.steps[i]);
  array_copy_finish(&p);
  return array_copy_run(&p, target->dtype, target->data, value->data, threads, st);
}

static TF_Code slice_update_prepare(OpCtx *c, TF_Status *st) {
  return op_output_like(c, 0, op_input(c, 0), st);
}

static TF_Code slice_update_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  if (!is_alias(c, 0)) TRY(tensor_copy_range(&c->outputs[0], 0, in, 0, tensor_count(in), st));
  return slice_assign(c->node, &c->outputs[0], op_input(c, 1), op_input(c, 2), op_input(c, 3), op_input(c, 4),
                      c->threads, st);
}

#define TYPES_SLICE "T: " TYPES_ALL " " TYPES_FLOAT8 " " TYPES_QUANTIZED_ALL

const OpRow ops_array_slice[] = {
    {"Slice", .types = TYPES_SLICE, .value_inputs = 6, .prep_size = sizeof(ArrayCopy), .shape = slice_shape,
     .prepare = slice_prepare, .run = slice_run},
    {"StridedSlice", .types = TYPES_SLICE, .value_inputs = 14, .prep_size = sizeof(ArrayCopy),
     .shape = strided_shape, .prepare = strided_prepare, .run = slice_run},
    {"StridedSliceGrad", .types = TYPES_SLICE, .value_inputs = 15, .prep_size = sizeof(ArrayCopy),
     .shape = strided_grad_shape, .prepare = strided_grad_prepare, .run = strided_grad_run},
    {"TensorStridedSliceUpdate", .types = TYPES_SLICE, .shape = shape_same, .prepare = slice_update_prepare,
     .run = slice_update_run},
    {0}};
