/* Softmax, LogSoftmax, and the cross entropies on top of them. Rows are independent; half and bfloat16 are
 * widened into scratch. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parallel.h"
#include "ops/math_broadcast.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef struct RowsPrep {
  int64_t rows, n;
} RowsPrep;

/* ---- rows ---- */

static void softmax_f64(double *out, const double *in, int64_t n, bool log_of) {
  double max = -INFINITY, sum = 0;
  for (int64_t i = 0; i < n; i++) max = in[i] > max || in[i] != in[i] ? in[i] : max;
  for (int64_t i = 0; i < n; i++) sum += exp(in[i] - max);
  double log_sum = log(sum);
  for (int64_t i = 0; i < n; i++) out[i] = log_of ? in[i] - max - log_sum : exp(in[i] - max) / sum;
}

typedef struct RowsRun {
  const RowsPrep *p;
  bool is_double, log_of;
  const void *in;
  void *out;
} RowsRun;

static void softmax_rows(void *arg, int64_t begin, int64_t end) {
  const RowsRun *r = arg;
  int64_t n = r->p->n;
  for (int64_t i = begin; i < end; i++) {
    if (r->is_double) softmax_f64((double *)r->out + i * n, (const double *)r->in + i * n, n, r->log_of);
    else if (r->log_of) simd()->log_softmax_row((float *)r->out + i * n, (const float *)r->in + i * n, n);
    else simd()->softmax_row((float *)r->out + i * n, (const float *)r->in + i * n, n);
  }
}

static TF_Code softmax_prepare(OpCtx *c, TF_Status *st) {
  RowsPrep *p = c->prep;
  const Tensor *in = op_input(c, 0);
  if (in->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "logits must have >= 1 dimension, got []");
  p->n = in->dims[in->rank - 1];
  p->rows = 1;
  for (int d = 0; d < in->rank - 1; d++) p->rows *= in->dims[d];
  if (math_is_16(in->dtype)) op_scratch(c, (size_t)tensor_count(in) * sizeof(float));
  return op_output_like(c, 0, in, st);
}

static TF_Code softmax_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const RowsPrep *p = c->prep;
  const Tensor *in = op_input(c, 0);
  if (p->rows == 0 || p->n == 0) return TF_OK;
  RowsRun r = {p, in->dtype == TF_DOUBLE, strcmp(c->row->name, "LogSoftmax") == 0, in->data,
               c->outputs[0].data};
  if (math_is_16(in->dtype)) {
    math_load_16(c->scratch, in->data, p->rows * p->n, in->dtype);
    r.in = r.out = c->scratch;
  }
  parallel_for(c->threads, p->rows, 4096 / p->n + 1, softmax_rows, &r);
  if (math_is_16(in->dtype)) math_store_16(c->outputs[0].data, c->scratch, p->rows * p->n, in->dtype);
  return TF_OK;
}

static TF_Code shape_softmax(ShapeCtx *c, TF_Status *st) {
  if (c->inputs[0]->rank == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank 1 but is rank 0");
  return shape_same(c, st);
}

/* ---- cross entropies ----
 * One row: loss = sum(labels * (log(sum(exp(x))) - x)), backprop = softmax(x) - labels, x less its
 * maximum. */

typedef struct XentPrep {
  int64_t rows, n;
  Broadcast b; /* of features and labels */
} XentPrep;

/* Element i as a double, whatever the float type. */
static double get(const Tensor *t, int64_t i) {
  if (t->dtype == TF_DOUBLE) return ((const double *)t->data)[i];
  if (t->dtype == TF_FLOAT) return (double)((const float *)t->data)[i];
  float f;
  math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype);
  return (double)f;
}

static void put(Tensor *t, int64_t i, double v) {
  float f = (float)v;
  if (t->dtype == TF_DOUBLE) ((double *)t->data)[i] = v;
  else if (t->dtype == TF_FLOAT) ((float *)t->data)[i] = f;
  else math_store_16((uint16_t *)t->data + i, &f, 1, t->dtype);
}

/* Maximum, and sum of exponentials above it, of n elements `step` apart. */
static void row_stats(const Tensor *t, int64_t at, int64_t n, int64_t step, double *max, double *sum) {
  *max = -INFINITY;
  *sum = 0;
  for (int64_t i = 0; i < n; i++) {
    double x = get(t, at + i * step);
    if (x > *max || x != x) *max = x;
  }
  for (int64_t i = 0; i < n; i++) *sum += exp(get(t, at + i * step) - *max);
}

static TF_Code xent_prepare(OpCtx *c, TF_Status *st) {
  XentPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *labels = op_input(c, 1);
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (!broadcast_plan(&p->b, c->inputs, 2, dims, &rank))
    return fail(
        st, TF_INVALID_ARGUMENT, "logits and labels must be broadcastable: logits_size=%s labels_size=%s",
        shape_text(x->dims, x->rank, a, sizeof a), shape_text(labels->dims, labels->rank, b, sizeof b));
  if (rank != 2)
    return fail(st, TF_INVALID_ARGUMENT,
                "logits and labels must be either 2-dimensional, or broadcasted to be 2-dimensional");
  p->rows = dims[0];
  p->n = dims[1];
  TRY(op_output(c, 0, x->dtype, dims, 1, st));
  return op_output(c, 1, x->dtype, dims, 2, st);
}

/* The element stride of a dim of a [rows, n] view: 0 where it is 1. */
static int64_t stride_of(const Tensor *t, int from_last) {
  if (t->rank <= from_last || t->dims[t->rank - 1 - from_last] == 1) return 0;
  return from_last == 0 ? 1 : t->dims[t->rank - 1];
}

static void xent_rows(void *arg, int64_t begin, int64_t end) {
  OpCtx *c = arg;
  const XentPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *labels = op_input(c, 1);
  int64_t x_row = stride_of(x, 1), x_step = stride_of(x, 0), l_row = stride_of(labels, 1),
          l_step = stride_of(labels, 0);
  for (int64_t i = begin; i < end; i++) {
    double max, sum, loss = 0;
    row_stats(x, i * x_row, p->n, x_step, &max, &sum);
    double log_sum = log(sum);
    for (int64_t j = 0; j < p->n; j++) {
      double v = get(x, i * x_row + j * x_step) - max, l = get(labels, i * l_row + j * l_step);
      loss += l * (log_sum - v);
      put(&c->outputs[1], i * p->n + j, exp(v) / sum - l);
    }
    put(&c->outputs[0], i, loss);
  }
}

static TF_Code xent_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const XentPrep *p = c->prep;
  parallel_for(c->threads, p->rows, 2048 / (p->n + 1) + 1, xent_rows, c);
  return TF_OK;
}

static TF_Code shape_xent(ShapeCtx *c, TF_Status *st) {
  Shape both;
  TRY(shape_broadcast_two(c->inputs[0], c->inputs[1], &both, st));
  if (both.rank < 0) both = shape_of_rank(2);
  if (both.rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 2 but is rank %d", both.rank);
  c->outputs[1] = both;
  both.rank = 1;
  c->outputs[0] = both;
  return TF_OK;
}

static TF_Code sparse_xent_prepare(OpCtx *c, TF_Status *st) {
  XentPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *labels = op_input(c, 1);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  shape_text(x->dims, x->rank, a, sizeof a);
  shape_text(labels->dims, labels->rank, b, sizeof b);
  if (x->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "logits must be 2-D, but got shape %s", a);
  if (labels->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "labels must be 1-D, but got shape %s", b);
  if (x->dims[0] != labels->dims[0])
    return fail(
        st, TF_INVALID_ARGUMENT,
        "logits and labels must have the same first dimension, got logits shape %s and labels shape %s", a,
        b);
  if (x->dims[1] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Must have at least one class, but got logits shape %s", a);
  p->rows = x->dims[0];
  p->n = x->dims[1];
  TRY(op_output(c, 0, x->dtype, x->dims, 1, st));
  return op_output(c, 1, x->dtype, x->dims, 2, st);
}

static void sparse_xent_rows(void *arg, int64_t begin, int64_t end) {
  OpCtx *c = arg;
  const XentPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  for (int64_t i = begin; i < end; i++) {
    double max, sum;
    int64_t label = math_int_at(op_input(c, 1), i);
    row_stats(x, i * p->n, p->n, 1, &max, &sum);
    put(&c->outputs[0], i, log(sum) - (get(x, i * p->n + label) - max));
    for (int64_t j = 0; j < p->n; j++)
      put(&c->outputs[1], i * p->n + j, exp(get(x, i * p->n + j) - max) / sum - (j == label));
  }
}

static TF_Code fail_label(const Tensor *labels, int64_t bad, int64_t n, TF_Status *st) {
  Bytes b = {0};
  for (int64_t i = 0, count = tensor_count(labels); i < count; i++)
    bytes_printf(&b, "%s%lld", i ? " " : "", (long long)math_int_at(labels, i));
  fail(st, TF_INVALID_ARGUMENT,
       "Received a label value of %lld which is outside the valid range of [0, %lld).  Label values: %s",
       (long long)bad, (long long)n, b.data ? b.data : "");
  bytes_clear(&b);
  return TF_INVALID_ARGUMENT;
}

static TF_Code sparse_xent_run(OpCtx *c, TF_Status *st) {
  const XentPrep *p = c->prep;
  const Tensor *labels = op_input(c, 1);
  for (int64_t i = 0; i < p->rows; i++) {
    int64_t label = math_int_at(labels, i);
    if (label < 0 || label >= p->n) return fail_label(labels, label, p->n, st);
  }
  parallel_for(c->threads, p->rows, 2048 / (p->n + 1) + 1, sparse_xent_rows, c);
  return TF_OK;
}

static TF_Code shape_sparse_xent(ShapeCtx *c, TF_Status *st) {
  const Shape *x = c->inputs[0], *labels = c->inputs[1];
  if (x->rank >= 0 && x->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 2 but is rank %d", x->rank);
  if (labels->rank >= 0 && labels->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 1 but is rank %d", labels->rank);
  Shape grad = x->rank == 2 ? *x : shape_of_rank(2);
  if (grad.dims[0] < 0 && labels->rank == 1) grad.dims[0] = labels->dims[0];
  c->outputs[1] = grad;
  grad.rank = 1;
  c->outputs[0] = grad;
  return TF_OK;
}

#define SOFTMAX(name_)                                                                      \
  {                                                                                         \
    name_, .types = "T: " TYPES_FLOATS, .flags = OP_INPLACE, .prep_size = sizeof(RowsPrep), \
           .shape = shape_softmax, .prepare = softmax_prepare, .run = softmax_run           \
  }

const OpRow ops_nn_softmax[] = {
    SOFTMAX("Softmax"),
    SOFTMAX("LogSoftmax"),
    {"SoftmaxCrossEntropyWithLogits", .types = "T: " TYPES_FLOATS, .prep_size = sizeof(XentPrep),
     .shape = shape_xent, .prepare = xent_prepare, .run = xent_run},
    {"SparseSoftmaxCrossEntropyWithLogits", .types = "T: " TYPES_FLOATS "; Tlabels: int32 int64",
     .prep_size = sizeof(XentPrep), .shape = shape_sparse_xent, .prepare = sparse_xent_prepare,
     .run = sparse_xent_run},
    {0}};
