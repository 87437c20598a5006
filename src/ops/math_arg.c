/* ArgMax, ArgMin, TopK, TopKV2, InTopK, InTopKV2: where the extremes are. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_top.h"
#include "ops/math_types.h"
#include "ops/op.h"

static void store_int(Tensor *t, int64_t i, int64_t v) {
  switch (t->dtype) {
    case TF_INT64: ((int64_t *)t->data)[i] = v; break;
    case TF_INT16:
    case TF_UINT16: ((int16_t *)t->data)[i] = (int16_t)v; break;
    default: ((int32_t *)t->data)[i] = (int32_t)v; break;
  }
}

/* ---- ArgMax, ArgMin ---- */

typedef struct ArgPrep {
  int64_t outer, n, inner;
} ArgPrep;

static TF_Code arg_prepare(OpCtx *c, TF_Status *st) {
  ArgPrep *p = c->prep;
  const Tensor *in = op_input(c, 0), *dimension = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (dimension->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "dim must be a scalar, but received tensor of shape: %s",
                shape_text(dimension->dims, dimension->rank, text, sizeof text));
  int64_t axis = math_int_at(dimension, 0), at = axis < 0 ? axis + in->rank : axis;
  if (in->rank <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Expected dimension in the range [0, 0), but got %lld",
                (long long)axis);
  if (at < 0 || at >= in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Expected dimension in the range [%d, %d), but got %lld", -in->rank,
                in->rank, (long long)axis);
  p->n = in->dims[at];
  if (p->n == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Reduction axis %lld is empty in shape %s", (long long)at,
                shape_text(in->dims, in->rank, text, sizeof text));
  int64_t dims[TENSOR_MAX_RANK];
  int rank = 0;
  p->outer = p->inner = 1;
  for (int d = 0; d < in->rank; d++) {
    if (d == at) continue;
    *(d < at ? &p->outer : &p->inner) *= in->dims[d];
    dims[rank++] = in->dims[d];
  }
  return op_output(c, 0, dtype_base(c->node->output_types[0]), dims, rank, st);
}

typedef struct ArgRun {
  const ArgPrep *p;
  Tensor *out;
  const Tensor *in;
  bool min;
} ArgRun;

/* The first that is better than the worst finite number, which stands for the first one: so it is in TensorFlow,
 * where NaN and -inf are never better, and of nothing but these the first is the answer. */
#define BEST(T, LOWEST, HIGHEST)              \
  do {                                        \
    const T *x = (const T *)in->data + first; \
    T top = r->min ? HIGHEST : LOWEST;        \
    if (r->min) {                             \
      for (int64_t j = 0; j < n; j++)         \
        if (x[j * step] < top) {              \
          top = x[j * step];                  \
          best = j;                           \
        }                                     \
    } else {                                  \
      for (int64_t j = 0; j < n; j++)         \
        if (x[j * step] > top) {              \
          top = x[j * step];                  \
          best = j;                           \
        }                                     \
    }                                         \
  } while (0)

static float at_16(const Tensor *t, int64_t i) {
  float f;
  math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype);
  return f;
}

static int64_t best_16(const Tensor *in, int64_t first, int64_t n, int64_t step, bool min) {
  const float largest = in->dtype == TF_HALF ? 65504.0f : 0x1.fep127f;
  float top = min ? largest : -largest;
  int64_t best = 0;
  for (int64_t j = 0; j < n; j++) {
    float x = at_16(in, first + j * step);
    if (min ? x < top : x > top) {
      top = x;
      best = j;
    }
  }
  return best;
}

static void arg_part(void *arg, int64_t begin, int64_t end) {
  const ArgRun *r = arg;
  const Tensor *in = r->in;
  int64_t n = r->p->n, step = r->p->inner;
  for (int64_t i = begin; i < end; i++) {
    int64_t first = i / step * n * step + i % step, best = 0;
    if (math_is_16(in->dtype)) {
      store_int(r->out, i, best_16(in, first, n, step, r->min));
      continue;
    }
    switch (math_kind(in->dtype)) {
      case MK_F32: BEST(float, -FLT_MAX, FLT_MAX); break;
      case MK_F64: BEST(double, -DBL_MAX, DBL_MAX); break;
      case MK_I8: BEST(int8_t, INT8_MIN, INT8_MAX); break;
      case MK_I16: BEST(int16_t, INT16_MIN, INT16_MAX); break;
      case MK_I32: BEST(int32_t, INT32_MIN, INT32_MAX); break;
      case MK_I64: BEST(int64_t, INT64_MIN, INT64_MAX); break;
      case MK_U16: BEST(uint16_t, 0, UINT16_MAX); break;
      case MK_U32: BEST(uint32_t, 0, UINT32_MAX); break;
      case MK_U64: BEST(uint64_t, 0, UINT64_MAX); break;
      default: BEST(uint8_t, 0, UINT8_MAX); break; /* uint8, bool */
    }
    store_int(r->out, i, best);
  }
}

static TF_Code arg_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const ArgPrep *p = c->prep;
  ArgRun r = {p, &c->outputs[0], op_input(c, 0), strcmp(c->row->name, "ArgMin") == 0};
  parallel_for(c->threads, p->outer * p->inner, 16384 / p->n + 1, arg_part, &r);
  return TF_OK;
}

static TF_Code shape_arg(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  const Tensor *axis_tensor = c->value(c, 1);
  if (in->rank < 0) return TF_OK;
  if (in->rank == 0) return TF_OK;
  if (!axis_tensor || axis_tensor->rank != 0) {
    c->outputs[0] = shape_of_rank(in->rank - 1);
    return TF_OK;
  }
  int64_t axis = math_int_at(axis_tensor, 0);
  if (axis < -in->rank || axis >= in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Dimension (%lld) must be in the range [%d, %d)", (long long)axis,
                -in->rank, in->rank);
  if (axis < 0) axis += in->rank;
  Shape out = {.rank = 0};
  for (int d = 0; d < in->rank; d++)
    if (d != axis) out.dims[out.rank++] = in->dims[d];
  c->outputs[0] = out;
  return TF_OK;
}

/* ---- TopK ---- */

typedef struct TopKPrep {
  int64_t rows, n, k;
} TopKPrep;

static TF_Code top_k_of(OpCtx *c, int64_t k, TF_Status *st) {
  TopKPrep *p = c->prep;
  const Tensor *in = op_input(c, 0);
  if (k < 0) return fail(st, TF_INVALID_ARGUMENT, "Need k >= 0, got %lld", (long long)k);
  if (in->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "input must be >= 1-D, got shape []");
  p->n = in->dims[in->rank - 1];
  if (p->n < k)
    return fail(st, TF_INVALID_ARGUMENT, "input must have at least k columns. Had %lld, needed %lld",
                (long long)p->n, (long long)k);
  p->k = k;
  p->rows = 1;
  int64_t dims[TENSOR_MAX_RANK];
  for (int d = 0; d < in->rank - 1; d++) p->rows *= dims[d] = in->dims[d];
  dims[in->rank - 1] = k;
  op_scratch(c, (size_t)(p->rows * k) * sizeof(int64_t));
  TRY(op_output(c, 0, in->dtype, dims, in->rank, st));
  return op_output(c, 1, dtype_base(c->node->output_types[1]), dims, in->rank, st);
}

static TF_Code top_k_prepare(OpCtx *c, TF_Status *st) {
  int64_t k;
  TRY(node_attr_int(c->node, "k", &k, st));
  return top_k_of(c, k, st);
}

static TF_Code top_k_v2_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *k = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (k->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "k must be scalar, got shape %s",
                shape_text(k->dims, k->rank, text, sizeof text));
  return top_k_of(c, math_int_at(k, 0), st);
}

typedef struct TopKRun {
  const TopKPrep *p;
  OpCtx *c;
} TopKRun;

static void top_k_rows(void *arg, int64_t begin, int64_t end) {
  const TopKRun *r = arg;
  int64_t n = r->p->n, k = r->p->k;
  const Tensor *in = op_input(r->c, 0);
  size_t size = dtype_size(in->dtype);
  for (int64_t row = begin; row < end; row++) {
    int64_t *heap = (int64_t *)r->c->scratch + row * k;
    const char *x = (const char *)in->data + (size_t)(row * n) * size;
    math_top(heap, k, n, in->dtype, x);
    for (int64_t i = 0; i < k; i++) {
      memcpy((char *)r->c->outputs[0].data + (size_t)(row * k + i) * size, x + (size_t)heap[i] * size, size);
      store_int(&r->c->outputs[1], row * k + i, heap[i]);
    }
  }
}

static TF_Code top_k_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const TopKPrep *p = c->prep;
  if (p->k == 0) return TF_OK;
  TopKRun r = {p, c};
  parallel_for(c->threads, p->rows, 8192 / p->n + 1, top_k_rows, &r);
  return TF_OK;
}

static TF_Code shape_top_k_of(ShapeCtx *c, int64_t k, TF_Status *st) {
  Shape out = *c->inputs[0];
  if (out.rank < 0) return TF_OK;
  if (out.rank < 1) return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank 1 but is rank 0");
  int64_t *last = &out.dims[out.rank - 1];
  if (k >= 0 && *last >= 0 && *last < k)
    return fail(st, TF_INVALID_ARGUMENT, "input must have last dimension >= k = %lld but is %lld",
                (long long)k, (long long)*last);
  *last = k;
  c->outputs[0] = c->outputs[1] = out;
  return TF_OK;
}

static TF_Code shape_top_k(ShapeCtx *c, TF_Status *st) {
  int64_t k;
  TRY(node_attr_int(c->node, "k", &k, st));
  return shape_top_k_of(c, k, st);
}

static TF_Code shape_top_k_v2(ShapeCtx *c, TF_Status *st) {
  const Tensor *k = c->value(c, 1);
  return shape_top_k_of(c, k && k->rank == 0 ? math_int_at(k, 0) : -1, st);
}

/* ---- InTopK ---- */

static TF_Code in_top_k_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *predictions = op_input(c, 0), *targets = op_input(c, 1);
  if (predictions->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "predictions must be 2-dimensional");
  if (targets->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "targets must be 1-dimensional");
  if (predictions->dims[0] != targets->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "First dimension of predictions %lld must match length of targets %lld",
                (long long)predictions->dims[0], (long long)targets->dims[0]);
  return op_output(c, 0, TF_BOOL, targets->dims, 1, st);
}

/* Fewer than k are larger than the target's; false when a value met on the way is not finite. */
static bool in_top(const float *row, int64_t n, int64_t target, int64_t k) {
  if (target < 0 || target >= n || !isfinite(row[target])) return false;
  int64_t larger = 0;
  for (int64_t i = 0; i < n && larger < k; i++) {
    if (!isfinite(row[i])) return false;
    larger += row[i] > row[target];
  }
  return larger < k;
}

static TF_Code in_top_k_run(OpCtx *c, TF_Status *st) {
  const Tensor *predictions = op_input(c, 0), *targets = op_input(c, 1);
  int64_t k, n = predictions->dims[1];
  if (c->num_inputs > 2) k = math_int_at(op_input(c, 2), 0);
  else TRY(node_attr_int(c->node, "k", &k, st));
  for (int64_t i = 0; i < targets->dims[0]; i++)
    ((bool *)c->outputs[0].data)[i] = in_top((const float *)predictions->data + i * n, n,
                                             math_int_at(targets, i), k);
  return TF_OK;
}

static TF_Code in_top_k_v2_prepare(OpCtx *c, TF_Status *st) {
  if (op_input(c, 2)->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "k must be 0-D");
  return in_top_k_prepare(c, st);
}

static TF_Code shape_in_top_k(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_of_rank(1);
  if (c->inputs[1]->rank == 1) c->outputs[0].dims[0] = c->inputs[1]->dims[0];
  return TF_OK;
}

#define ARG(name_)                                                                                      \
  {                                                                                                     \
    name_, .types = "T: bool " TYPES_REAL "; Tidx: int32 int64; output_type: int16 uint16 int32 int64", \
           .value_inputs = 2, .prep_size = sizeof(ArgPrep), .shape = shape_arg, .prepare = arg_prepare, \
           .run = arg_run                                                                               \
  }

const OpRow ops_math_arg[] = {
    ARG("ArgMax"),
    ARG("ArgMin"),
    {"TopK", .types = "T: " TYPES_REAL, .prep_size = sizeof(TopKPrep), .shape = shape_top_k,
     .prepare = top_k_prepare, .run = top_k_run},
    {"TopKV2", .types = "T: " TYPES_REAL "; Tk: int16 int32 int64; index_type: int16 int32 int64",
     .value_inputs = 2, .prep_size = sizeof(TopKPrep), .shape = shape_top_k_v2, .prepare = top_k_v2_prepare,
     .run = top_k_run},
    {"InTopK", .types = "T: int32 int64", .shape = shape_in_top_k, .prepare = in_top_k_prepare,
     .run = in_top_k_run},
    {"InTopKV2", .types = "T: int32 int64", .shape = shape_in_top_k, .prepare = in_top_k_v2_prepare,
     .run = in_top_k_run},
    {0}};
