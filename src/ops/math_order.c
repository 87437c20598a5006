/* NthElement and ApproxTopK: elements by their place in order. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/math_top.h"

/* A number as a key that sorts as the number does; NaN sorts behind everything. */
static uint64_t float_key(double v) {
  uint64_t bits;
  if (v != v) return UINT64_MAX;
  v += 0.0; /* -0 is 0 */
  memcpy(&bits, &v, sizeof bits);
  return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static uint64_t order_key(const Tensor *t, int64_t i) {
  switch (t->dtype) {
    case TF_UINT64: return ((const uint64_t *)t->data)[i];
    case TF_INT64: return (uint64_t)((const int64_t *)t->data)[i] ^ (uint64_t)1 << 63;
    default: return float_key(math_number_at(t, i)); /* exact for all others */
  }
}

static void copy_element(Tensor *to, int64_t at, const Tensor *from, int64_t i) {
  size_t size = dtype_size(from->dtype);
  memcpy((char *)to->data + (size_t)at * size, (const char *)from->data + (size_t)i * size, size);
}

/* ---- NthElement ---- */

typedef struct NthPrep {
  int64_t n, columns;
} NthPrep;

static TF_Code nth_prepare(OpCtx *c, TF_Status *st) {
  NthPrep *p = c->prep;
  const Tensor *in = op_input(c, 0), *n = op_input(c, 1);
  bool reverse;
  TRY(node_attr_bool(c->node, "reverse", &reverse, st));
  if (n->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "N must be scalar but has rank %d", n->rank);
  p->n = int_at(n, 0);
  if (p->n < 0) return fail(st, TF_INVALID_ARGUMENT, "n must be non-negative but is %lld", (long long)p->n);
  if (in->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input must be at least rank 1 but is rank %d", in->rank);
  p->columns = in->dims[in->rank - 1];
  if (p->columns <= p->n)
    return fail(st, TF_INVALID_ARGUMENT, "Input must have last dimension > n = %lld", (long long)p->n);
  if (reverse) p->n = p->columns - 1 - p->n;
  return op_output(c, 0, in->dtype, in->dims, in->rank - 1, st);
}

/* The key at place `n` of those of elements [from, from + count): byte by byte from the top, keeping the keys
 * that begin as the answer does. */
static uint64_t nth_key(const Tensor *in, int64_t from, int64_t count, int64_t n) {
  uint64_t prefix = 0;
  for (int shift = 56; shift >= 0; shift -= 8) {
    int64_t counts[256] = {0};
    uint64_t above = shift == 56 ? 0 : ~(uint64_t)0 << (shift + 8);
    for (int64_t i = from; i < from + count; i++) {
      uint64_t key = order_key(in, i);
      if ((key & above) == prefix) counts[key >> shift & 255]++;
    }
    int byte = 0;
    while (byte < 255 && n >= counts[byte]) n -= counts[byte++];
    prefix |= (uint64_t)byte << shift;
  }
  return prefix;
}

static TF_Code nth_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const NthPrep *p = c->prep;
  const Tensor *in = op_input(c, 0);
  for (int64_t row = 0, rows = tensor_count(&c->outputs[0]); row < rows; row++) {
    uint64_t key = nth_key(in, row * p->columns, p->columns, p->n);
    int64_t i = row * p->columns;
    while (order_key(in, i) != key) i++;
    copy_element(&c->outputs[0], row, in, i);
  }
  return TF_OK;
}

static TF_Code nth_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n;
  TRY(shape_want_rank_at_least(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 0, st));
  Shape out = *c->inputs[0];
  if (out.rank < 0) return TF_OK;
  out.rank--;
  if (shape_int_value(c, 1, &n) && n >= 0 && out.dims[out.rank] >= 0 && out.dims[out.rank] <= n)
    return fail(st, TF_INVALID_ARGUMENT, "Input must have last dimension > n = %lld but is %lld",
                (long long)n, (long long)out.dims[out.rank]);
  c->outputs[0] = out;
  return TF_OK;
}

/* ---- ApproxTopK: on CPUs, TensorFlow's is exact ---- */

typedef struct TopState {
  int64_t k;
} TopState;

static TF_Code top_init(OpInit *k, TF_Status *st) {
  TopState *s = k->state;
  int64_t axis;
  bool largest;
  TRY(node_attr_int(k->node, "k", &s->k, st));
  TRY(node_attr_int(k->node, "reduction_dimension", &axis, st));
  TRY(node_attr_bool(k->node, "is_max_k", &largest, st));
  if (axis == -1 && largest) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "No OpKernel was registered to support Op 'ApproxTopK' of reduction_dimension other than -1 or "
              "is_max_k=false");
}

static TF_Code top_prepare(OpCtx *c, TF_Status *st) {
  const TopState *s = c->state;
  const Tensor *in = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  size_t bytes;
  if (in->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "input must be >= 1-D, got shape []");
  if (in->dims[in->rank - 1] < s->k)
    return fail(st, TF_INVALID_ARGUMENT, "input must have at least k columns. Had %lld, needed %lld",
                (long long)in->dims[in->rank - 1], (long long)s->k);
  memcpy(dims, in->dims, sizeof dims);
  dims[in->rank - 1] = s->k;
  if (!checked_mul((size_t)s->k, sizeof(int64_t), &bytes)) return fail_oom(st, "scratch of a top k");
  op_scratch(c, bytes);
  TRY(op_output(c, 0, in->dtype, dims, in->rank, st));
  return op_output(c, 1, TF_INT32, dims, in->rank, st);
}

static TF_Code top_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const TopState *s = c->state;
  const Tensor *in = op_input(c, 0);
  int64_t *heap = c->scratch, n = in->dims[in->rank - 1];
  if (s->k == 0) return TF_OK;
  for (int64_t row = 0, rows = dims_product(in->dims, 0, in->rank - 1); row < rows; row++) {
    math_top(heap, s->k, n, in->dtype, (const char *)in->data + (size_t)(row * n) * dtype_size(in->dtype));
    for (int64_t j = 0; j < s->k; j++) {
      copy_element(&c->outputs[0], row * s->k + j, in, row * n + heap[j]);
      ((int32_t *)c->outputs[1].data)[row * s->k + j] = (int32_t)heap[j];
    }
  }
  return TF_OK;
}

static TF_Code top_shape(ShapeCtx *c, TF_Status *st) {
  int64_t k, axis;
  float recall;
  TRY(node_attr_int(c->node, "k", &k, st));
  TRY(node_attr_int(c->node, "reduction_dimension", &axis, st));
  Shape out = *c->inputs[0];
  if (out.rank < 0 || !axis_in_range(&axis, out.rank)) return TF_OK;
  TRY(node_attr_float(c->node, "recall_target", &recall, st));
  if (recall <= 0 || recall > 1)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid recall target: %g. Valid value range in : [0, 1.0].",
                (double)recall);
  out.dims[axis] = k;
  c->outputs[0] = c->outputs[1] = out;
  return TF_OK;
}

const OpRow ops_math_order[] = {
    {"NthElement", .types = "T: " TYPES_REAL, .value_inputs = 2, .prep_size = sizeof(NthPrep),
     .shape = nth_shape, .prepare = nth_prepare, .run = nth_run},
    {"ApproxTopK", .types = "T: half bfloat16 float", .state_size = sizeof(TopState), .shape = top_shape,
     .init = top_init, .prepare = top_prepare, .run = top_run},
    {0}};
