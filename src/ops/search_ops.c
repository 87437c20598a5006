/* Places and rows: bounds in sorted rows, flat indices taken apart, rows changed by index, cross products,
 * strings joined by segment, memory without values, the time. */
#include <stdio.h>
#include <time.h>

#include "ops/array_arith.h"
#include "ops/array_util.h"

/* ---- LowerBound, UpperBound: for each value the first place in its row that is not below it, or that is
 * above ---- */

static TF_Code bound_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 2, st));
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

static TF_Code bound_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *sorted = op_input(c, 0), *values = op_input(c, 1);
  if (sorted->rank != 2 || values->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 2 but is rank %d for `%s` argument",
                sorted->rank != 2 ? sorted->rank : values->rank,
                sorted->rank != 2 ? "sorted_inputs" : "values");
  if (sorted->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Leading dim_size of both tensors must match.");
  if (c->node->output_types[0] == TF_INT32 && sorted->dims[1] >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT,
                "trailing dim_size must less than INT_MAX for int32 output type, was %lld",
                (long long)sorted->dims[1]);
  return op_output(c, 0, c->node->output_types[0], values->dims, 2, st);
}

/* The kind of halves is converted as it is read. */
#define BOUND(NAME, T, LOAD)                                                                            \
  static int64_t bound_##NAME(const void *row, const void *values, int64_t at, int64_t n, bool upper) { \
    const T *p = row;                                                                                   \
    int64_t low = 0;                                                                                    \
    while (n > 0) {                                                                                     \
      int64_t half = n / 2;                                                                             \
      bool right = upper ? !(LOAD(((const T *)values)[at]) < LOAD(p[low + half]))                       \
                         : LOAD(p[low + half]) < LOAD(((const T *)values)[at]);                         \
      if (right) low += half + 1, n -= half + 1;                                                        \
      else n = half;                                                                                    \
    }                                                                                                   \
    return low;                                                                                         \
  }
BOUND(f32, float, )
BOUND(f64, double, )
BOUND(i8, int8_t, )
BOUND(i16, int16_t, )
BOUND(i32, int32_t, )
BOUND(i64, int64_t, )
BOUND(u8, uint8_t, )
BOUND(u16, uint16_t, )
BOUND(u32, uint32_t, )
BOUND(u64, uint64_t, )
BOUND(half, uint16_t, half_to_float)
BOUND(bfloat16, uint16_t, bfloat16_to_float)

typedef int64_t Bound(const void *row, const void *values, int64_t at, int64_t n, bool upper);

static Bound *bound_of(TF_DataType dtype) {
  static Bound *const by_kind[MK_COUNT] = {
      [MK_F32] = bound_f32, [MK_F64] = bound_f64, [MK_I8] = bound_i8, [MK_I16] = bound_i16,
      [MK_I32] = bound_i32, [MK_I64] = bound_i64, [MK_U8] = bound_u8, [MK_U16] = bound_u16,
      [MK_U32] = bound_u32, [MK_U64] = bound_u64};
  if (dtype == TF_HALF) return bound_half;
  if (dtype == TF_BFLOAT16) return bound_bfloat16;
  return by_kind[math_kind(dtype)];
}

static TF_Code bound_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *sorted = op_input(c, 0), *values = op_input(c, 1);
  Bound *bound = bound_of(sorted->dtype);
  bool upper = c->node->op[0] == 'U', wide = c->outputs[0].dtype == TF_INT64;
  int64_t n = sorted->dims[1], m = values->dims[1];
  size_t row = (size_t)n * dtype_size(sorted->dtype);
  for (int64_t i = 0; i < values->dims[0] * m; i++) {
    int64_t at = bound((const char *)sorted->data + (size_t)(i / m) * row, values->data, i, n, upper);
    if (wide) ((int64_t *)c->outputs[0].data)[i] = at;
    else ((int32_t *)c->outputs[0].data)[i] = (int32_t)at;
  }
  return TF_OK;
}

/* ---- UnravelIndex: column i of the output holds the coordinates of index i ---- */

static TF_Code unravel_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *indices = c->inputs[0];
  int64_t n = c->inputs[1]->rank == 1 ? c->inputs[1]->dims[0] : -1;
  if (indices->rank == 0) c->outputs[0] = shape_vector(n);
  if (indices->rank == 1) c->outputs[0] = shape_matrix(n, indices->dims[0]);
  return TF_OK;
}

static TF_Code unravel_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *dims = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (indices->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "The indices can only be scalar or vector, got \"%s\"",
                shape_text(indices->dims, indices->rank, text, sizeof text));
  if (dims->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "The indices can only be 1-D, got \"%s\"",
                shape_text(dims->dims, dims->rank, text, sizeof text));
  return op_output(c, 0, dims->dtype, (int64_t[]){dims->dims[0], indices->dims[0]}, 1 + indices->rank, st);
}

static TF_Code fail_product(const Tensor *dims, TF_Status *st) {
  char text[256] = "";
  for (int64_t i = 0; i < dims->dims[0] && strlen(text) < sizeof text - 24; i++)
    snprintf(text + strlen(text), 24, "%s%lld", i ? " " : "", (long long)int_at(dims, i));
  return fail(st, TF_INVALID_ARGUMENT, "Input dims product is causing integer overflow: (%s)", text);
}

static TF_Code unravel_run(OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *dims = op_input(c, 1);
  int64_t n = dims->dims[0], m = tensor_count(indices), total = 1,
          most = dims->dtype == TF_INT64 ? INT64_MAX : INT32_MAX;
  for (int64_t i = 0; i < n; i++)
    if (int_at(dims, i) == 0)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Input dims cannot contain a dim of zero, but dims contains zero at index %lld",
                  (long long)i);
  for (int64_t i = 0; i < n; i++)
    if (int_at(dims, i) < 0) return fail(st, TF_INVALID_ARGUMENT, "Input dims cannot be negative");
  for (int64_t i = 0; i < n; i++)
    if (__builtin_mul_overflow(total, int_at(dims, i), &total) || total > most) return fail_product(dims, st);
  for (int64_t i = 0; i < m; i++)
    if (int_at(indices, i) >= total)
      return fail(st, TF_INVALID_ARGUMENT, "index is out of bound as with dims");
  for (int64_t i = 0; i < m; i++) {
    int64_t rest = int_at(indices, i);
    for (int64_t d = n - 1; d >= 0; d--) {
      int64_t size = int_at(dims, d), at = rest % size;
      int_put(&c->outputs[0], d * m + i, at);
      rest /= size;
    }
  }
  return TF_OK;
}

/* ---- Cross ---- */

static TF_Code cross_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_merge(c->inputs[0], c->inputs[1], &c->outputs[0], st));
  Shape *s = &c->outputs[0];
  if (s->rank == 0) return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank 1 but is rank 0");
  if (s->rank > 0 && s->dims[s->rank - 1] < 0) s->dims[s->rank - 1] = 3;
  return TF_OK;
}

static TF_Code cross_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
  if (!tensor_same_shape(a, b))
    return fail(st, TF_INVALID_ARGUMENT, "Both inputs must be of same shape: %s vs. %s",
                shape_text(a->dims, a->rank, at, sizeof at), shape_text(b->dims, b->rank, bt, sizeof bt));
  if (a->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "Input must be at least 1D[]");
  if (a->dims[a->rank - 1] != 3)
    return fail(st, TF_FAILED_PRECONDITION, "Cross-products are only defined for 3-element vectors.");
  return op_output_like(c, 0, a, st);
}

/* Each of the two products and the difference are rounded to the dtype; integers wrap. */
#define CROSS(NAME, T, W, LOAD, STORE)                                                            \
  static void cross_##NAME(void *out, const void *a, const void *b, int64_t n) {                  \
    for (int64_t i = 0; i < n; i++) {                                                             \
      const T *x = (const T *)a + 3 * i, *y = (const T *)b + 3 * i;                               \
      T *z = (T *)out + 3 * i;                                                                    \
      for (int k = 0; k < 3; k++) {                                                               \
        int p = (k + 1) % 3, q = (k + 2) % 3;                                                     \
        T one = STORE((W)LOAD(x[p]) * (W)LOAD(y[q])), two = STORE((W)LOAD(x[q]) * (W)LOAD(y[p])); \
        z[k] = STORE((W)LOAD(one) - (W)LOAD(two));                                                \
      }                                                                                           \
    }                                                                                             \
  }
CROSS(f32, float, float, , (float))
CROSS(f64, double, double, , (double))
CROSS(i8, int8_t, uint64_t, , (int8_t))
CROSS(i16, int16_t, uint64_t, , (int16_t))
CROSS(i32, int32_t, uint64_t, , (int32_t))
CROSS(i64, int64_t, uint64_t, , (int64_t))
CROSS(u8, uint8_t, uint64_t, , (uint8_t))
CROSS(u16, uint16_t, uint64_t, , (uint16_t))
CROSS(u32, uint32_t, uint64_t, , (uint32_t))
CROSS(u64, uint64_t, uint64_t, , (uint64_t))
CROSS(half, uint16_t, float, half_to_float, half_of_float)
CROSS(bfloat16, uint16_t, float, bfloat16_to_float, bfloat16_of_float)

typedef void CrossFn(void *out, const void *a, const void *b, int64_t n);

static TF_Code cross_run(OpCtx *c, TF_Status *st) {
  (void)st;
  static CrossFn *const by_kind[MK_COUNT] = {
      [MK_F32] = cross_f32, [MK_F64] = cross_f64, [MK_I8] = cross_i8, [MK_I16] = cross_i16,
      [MK_I32] = cross_i32, [MK_I64] = cross_i64, [MK_U8] = cross_u8, [MK_U16] = cross_u16,
      [MK_U32] = cross_u32, [MK_U64] = cross_u64};
  const Tensor *a = op_input(c, 0);
  CrossFn *fn = a->dtype == TF_HALF       ? cross_half
                : a->dtype == TF_BFLOAT16 ? cross_bfloat16
                                          : by_kind[math_kind(a->dtype)];
  fn(c->outputs[0].data, a->data, op_input(c, 1)->data, tensor_count(a) / 3);
  return TF_OK;
}

/* ---- InplaceUpdate, InplaceAdd, InplaceSub: rows i of x changed by v; an index wraps around ---- */

static TF_Code inplace_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *at = op_input(c, 1), *v = op_input(c, 2);
  char xt[SHAPE_TEXT_MAX], vt[SHAPE_TEXT_MAX];
  shape_text(x->dims, x->rank, xt, sizeof xt);
  shape_text(v->dims, v->rank, vt, sizeof vt);
  if (at->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "i must be a vector. %s",
                shape_text(at->dims, at->rank, xt, sizeof xt));
  if (x->rank != v->rank)
    return fail(st, TF_INVALID_ARGUMENT, "x and v shape doesn't match (ranks differ): %s vs. %s", xt, vt);
  for (int d = 1; d < x->rank; d++)
    if (x->dims[d] != v->dims[d])
      return fail(st, TF_INVALID_ARGUMENT, "x and v shape doesn't match at index %d : %s vs. %s", d, xt, vt);
  if (v->rank < 1 || v->dims[0] != at->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "i and x shape doesn't match at index 0: %s vs. %s",
                shape_text(at->dims, at->rank, xt, sizeof xt), vt);
  return op_output_like(c, 0, x, st);
}

static TF_Code inplace_run(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *at = op_input(c, 1), *v = op_input(c, 2);
  Tensor *out = &c->outputs[0];
  const char *kind = c->node->op + strlen("Inplace");
  int64_t n = x->dims[0], row = dims_product(x->dims, 1, x->rank);
  TRY(tensor_copy_range(out, 0, x, 0, tensor_count(x), st));
  if (tensor_count(x) == 0) return TF_OK;
  size_t bytes = (size_t)row * dtype_size(x->dtype);
  for (int64_t i = 0; i < at->dims[0]; i++) {
    int64_t r = (int_at(at, i) % n + n) % n;
    if (*kind == 'U') TRY(tensor_copy_range(out, r * row, v, i * row, row, st));
    else
      TRY(arith_apply(*kind == 'A' ? ARITH_ADD : ARITH_SUB, x->dtype, (char *)out->data + (size_t)r * bytes,
                      (const char *)v->data + (size_t)i * bytes, 1, row, st));
  }
  return TF_OK;
}

/* ---- UnsortedSegmentJoin ---- */

static TF_Code join_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *in = c->inputs[0], *ids = c->inputs[1];
  int64_t n = -1;
  if (in->rank < 0 || ids->rank < 0 || ids->rank > in->rank) return TF_OK;
  if (!shape_int_value(c, 2, &n) || n < 0) n = -1;
  c->outputs[0] = shape_of_rank(in->rank - ids->rank + 1);
  c->outputs[0].dims[0] = n;
  for (int d = ids->rank; d < in->rank; d++) c->outputs[0].dims[d - ids->rank + 1] = in->dims[d];
  return TF_OK;
}

static TF_Code join_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *ids = op_input(c, 1), *count = op_input(c, 2);
  int64_t dims[TENSOR_MAX_RANK + 1];
  if (tensor_count(count) == 0) return fail(st, TF_INVALID_ARGUMENT, "Number of segments cannot be empty.");
  if (count->rank) return fail(st, TF_INVALID_ARGUMENT, "Number of segments must be a scalar");
  if (ids->rank == 0) return fail(st, TF_INVALID_ARGUMENT, "Segment_id cannot have rank 0");
  if (ids->rank > in->rank)
    return fail(st, TF_OUT_OF_RANGE, "Invalid segment_id rank %d for input with %d dimension(s)", ids->rank,
                in->rank);
  for (int d = 0; d < ids->rank; d++)
    if (ids->dims[d] != in->dims[d]) /* TF: what it calls the input's dimension is its rank. */
      return fail(st, TF_INVALID_ARGUMENT,
                  "Segment dimension is %lld while input dimension is %lld in rank %d",
                  (long long)ids->dims[d], (long long)in->rank, d);
  dims[0] = int_at(count, 0);
  if (dims[0] < 0) return fail(st, TF_INVALID_ARGUMENT, "Number of segments cannot be negative.");
  for (int d = ids->rank; d < in->rank; d++) dims[d - ids->rank + 1] = in->dims[d];
  op_scratch(c, ((size_t)dims[0] + (size_t)tensor_count(ids)) * sizeof(int64_t));
  return op_output(c, 0, TF_STRING, dims, in->rank - ids->rank + 1, st);
}

/* Rows of a segment are chained, in order: first[segment], next[row], -1 at the end. */
static void chain_rows(const Tensor *ids, int64_t *first, int64_t n, int64_t *next) {
  for (int64_t i = 0; i < n; i++) first[i] = -1;
  for (int64_t i = tensor_count(ids) - 1; i >= 0; i--) {
    int64_t id = int_at(ids, i);
    next[i] = first[id];
    first[id] = i;
  }
}

static TF_Code join_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *ids = op_input(c, 1);
  int64_t n = c->outputs[0].dims[0], inner = dims_product(in->dims, ids->rank, in->rank);
  int64_t *first = c->scratch, *next = first + n;
  Span separator;
  Bytes joined = {0};
  TRY(node_attr_string(c->node, "separator", &separator, st));
  for (int64_t i = 0; i < tensor_count(ids); i++)
    if (!index_ok(int_at(ids, i), n))
      return fail(st, TF_INVALID_ARGUMENT,
                  "segment_ids are not allowed to exceed num_segments or to have negative values.");
  chain_rows(ids, first, n, next);
  for (int64_t o = 0; o < n * inner && !joined.failed; o++) {
    joined.size = 0;
    for (int64_t i = first[o / inner]; i >= 0; i = next[i]) {
      size_t size;
      const char *text = tstring_data((const TF_TString *)in->data + i * inner + o % inner, &size);
      if (joined.size) bytes_append(&joined, separator.data, separator.size); /* TF: none behind nothing */
      bytes_append(&joined, text, size);
    }
    joined.failed = joined.failed ||
                    !tstring_set((TF_TString *)c->outputs[0].data + o, joined.data, joined.size);
  }
  bool failed = joined.failed;
  bytes_clear(&joined);
  return failed ? fail_oom(st, "strings") : TF_OK;
}

/* ---- Empty, Timestamp ---- */

static TF_Code empty_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 0, &c->outputs[0], st); }

static TF_Code empty_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char text[SHAPE_TEXT_MAX];
  const Tensor *shape = op_input(c, 0);
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "shape must be a vector of int32, got shape %s",
                shape_text(shape->dims, shape->rank, text, sizeof text));
  TRY(dims_of_tensor(shape, dims, &rank, st));
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

/* Zeros also without `init`: memory of earlier steps is nobody's business. */
static TF_Code empty_run(OpCtx *c, TF_Status *st) {
  (void)st;
  tensor_zero(&c->outputs[0]);
  return TF_OK;
}

static TF_Code timestamp_run(OpCtx *c, TF_Status *st) {
  (void)st;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  *(double *)c->outputs[0].data = (double)now.tv_sec + (double)(now.tv_nsec / 1000) / 1e6;
  return TF_OK;
}

#define BOUND_ROW(NAME) \
  { NAME, .types = "T: " TYPES_REAL, .shape = bound_shape, .prepare = bound_prepare, .run = bound_run }
#define INPLACE_ROW(NAME, TYPES) \
  { NAME, .types = TYPES, .shape = shape_same, .prepare = inplace_prepare, .run = inplace_run }

const OpRow ops_search_ops[] = {
    BOUND_ROW("LowerBound"),
    BOUND_ROW("UpperBound"),
    {"UnravelIndex", .shape = unravel_shape, .prepare = unravel_prepare, .run = unravel_run},
    {"Cross", .types = "T: " TYPES_REAL, .shape = cross_shape, .prepare = cross_prepare, .run = cross_run},
    INPLACE_ROW("InplaceUpdate", "T: " TYPES_POD " string"),
    INPLACE_ROW("InplaceAdd", "T: " TYPES_NUMBER),
    INPLACE_ROW("InplaceSub", "T: " TYPES_NUMBER),
    {"UnsortedSegmentJoin", .value_inputs = 1 << 2, .shape = join_shape, .prepare = join_prepare,
     .run = join_run},
    {"Empty", .types = "dtype: " TYPES_POD " string", .value_inputs = 1, .shape = empty_shape,
     .prepare = empty_prepare, .run = empty_run},
    {"Timestamp", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
     .run = timestamp_run},
    {0}};
