/* MaxPool, MaxPoolV2, AvgPool and their gradients, on NHWC tensors: every output pixel folds the input pixels
 * under its window, all channels side by side. half and bfloat16 are widened into scratch. */
#include <float.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_types.h"
#include "ops/nn_pool_window.h"
#include "ops/op.h"

typedef struct PoolState {
  PoolWindow window;
  bool average, from_inputs; /* from_inputs: sizes and strides are the last two inputs */
  TF_DataType dtype;
} PoolState;

typedef struct PoolPrep {
  int64_t size_h, size_w, stride_h, stride_w;
  int64_t batch, in_h, in_w, channels, out_h, out_w, pad_top, pad_left;
  bool deep; /* channels are folded: pixels and channels lie as the columns of one image of one channel */
  size_t in_at, out_at, extra_at; /* widened tensors in scratch */
} PoolPrep;

static TF_Code pool_init(OpInit *k, TF_Status *st) {
  PoolState *s = k->state;
  const Node *node = k->node;
  s->average = strncmp(node->op, "Avg", 3) == 0;
  s->from_inputs = pool_window_from_inputs(node);
  s->dtype = dtype_base(node->output_types[0]);
  return pool_window_init(&s->window, node, st);
}

static TF_Code want_rank_4(const Tensor *t, const char *what, TF_Status *st) {
  if (t->rank == 4) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s must be 4-dimensional", what);
}

/* Geometry for an input (NULL: none, or checked) of dims x, and the output's dims. */
static TF_Code pool_plan(OpCtx *c, const Tensor *input, const int64_t *x, int64_t *out, TF_Status *st) {
  const PoolState *s = c->state;
  PoolPrep *p = c->prep;
  PoolWindow v = s->window;
  int64_t after;
  if (s->from_inputs) {
    int last = c->num_inputs - 1;
    TRY(pool_window_take(&v, c->node, op_input(c, last - 1), op_input(c, last), st));
  }
  if (input) TRY(want_rank_4(input, "tensor_in", st));
  TRY(pool_window_check_depth(&v, c->node, x[3], st));
  TRY(pool_window_check_explicit(&v, st));
  *p = (PoolPrep){.size_h = v.size_h, .size_w = v.size_w, .stride_h = v.w.stride_h, .stride_w = v.w.stride_w};
  p->batch = x[0];
  p->in_h = x[1];
  p->in_w = x[2];
  p->channels = x[3];
  p->deep = v.size_c != 1;
  TRY(window_size(v.w.padding, v.w.explicit_h, p->in_h, p->size_h, 1, p->stride_h, &p->out_h, &p->pad_top,
                  &after, st));
  TRY(window_size(v.w.padding, v.w.explicit_w, p->in_w, p->size_w, 1, p->stride_w, &p->out_w, &p->pad_left,
                  &after, st));
  if (p->deep) {
    out[0] = x[0], out[1] = x[1], out[2] = x[2], out[3] = x[3] / v.size_c;
    int64_t pixels = dims_product(out, 0, 4);
    *p = (PoolPrep){.size_h = 1, .size_w = v.size_c, .stride_h = 1, .stride_w = v.size_c, .batch = 1};
    p->in_h = p->out_h = p->channels = 1;
    p->out_w = pixels;
    p->in_w = pixels * v.size_c;
    p->deep = true;
    return TF_OK;
  }
  out[0] = p->batch, out[1] = p->out_h, out[2] = p->out_w, out[3] = p->channels;
  return TF_OK;
}

static TF_Code pool_prepare(OpCtx *c, TF_Status *st) {
  const PoolState *s = c->state;
  PoolPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  int64_t dims[4];
  TRY(pool_plan(c, x, x->dims, dims, st));
  TRY(op_output(c, 0, s->dtype, dims, 4, st));
  size_t total = 0;
  if (math_is_16(s->dtype)) {
    TRY(op_scratch_take(&total, &p->in_at, tensor_count(x), sizeof(float), st));
    TRY(op_scratch_take(&total, &p->out_at, tensor_count(&c->outputs[0]), sizeof(float), st));
  }
  op_scratch(c, total);
  return TF_OK;
}

typedef struct Pool {
  const PoolState *s;
  const PoolPrep *p;
  const void *in;
  void *out;
  const void *grad;
  double lowest; /* where the maximum of floats starts. TF: a finite number, so that -inf does not come out */
} Pool;

/* The window of an output pixel inside the input: rows [y0, y1), columns [x0, x1), of image `image`. */
typedef struct Window {
  int64_t image, y0, y1, x0, x1;
} Window;

static Window window_at(const PoolPrep *p, int64_t pixel) {
  Window v;
  int64_t x = pixel % p->out_w, y = pixel / p->out_w % p->out_h;
  v.image = pixel / (p->out_w * p->out_h);
  v.y0 = y * p->stride_h - p->pad_top;
  v.x0 = x * p->stride_w - p->pad_left;
  v.y1 = v.y0 + p->size_h < p->in_h ? v.y0 + p->size_h : p->in_h;
  v.x1 = v.x0 + p->size_w < p->in_w ? v.x0 + p->size_w : p->in_w;
  if (v.y0 < 0) v.y0 = 0;
  if (v.x0 < 0) v.x0 = 0;
  return v;
}

/* Calls the statement with `at` the element where each input pixel under window v starts. */
#define FOR_WINDOW(p, v, at)                                                                        \
  for (int64_t y_ = (v).y0; y_ < (v).y1; y_++)                                                      \
    for (int64_t x_ = (v).x0, at = (((v).image * (p)->in_h + y_) * (p)->in_w + x_) * (p)->channels; \
         x_ < (v).x1; x_++, at += (p)->channels)

#define MAX_POOL(name, T, lowest)                                                         \
  static void name(void *arg, int64_t begin, int64_t end) {                               \
    const Pool *r = arg;                                                                  \
    const PoolPrep *p = r->p;                                                             \
    for (int64_t pixel = begin; pixel < end; pixel++) {                                   \
      T *out = (T *)r->out + pixel * p->channels;                                         \
      Window v = window_at(p, pixel);                                                     \
      for (int64_t c = 0; c < p->channels; c++) out[c] = lowest;                          \
      FOR_WINDOW(p, v, at) {                                                              \
        const T *x = (const T *)r->in + at;                                               \
        for (int64_t c = 0; c < p->channels; c++) out[c] = x[c] > out[c] ? x[c] : out[c]; \
      }                                                                                   \
    }                                                                                     \
  }
MAX_POOL(max_pool_f64, double, r->lowest)
MAX_POOL(max_pool_i8, int8_t, INT8_MIN)
MAX_POOL(max_pool_i16, int16_t, INT16_MIN)
MAX_POOL(max_pool_i32, int32_t, INT32_MIN)
MAX_POOL(max_pool_i64, int64_t, INT64_MIN)
MAX_POOL(max_pool_u8, uint8_t, 0)
MAX_POOL(max_pool_u16, uint16_t, 0)
MAX_POOL(max_pool_u32, uint32_t, 0)
MAX_POOL(max_pool_u64, uint64_t, 0)

static void max_pool_f32(void *arg, int64_t begin, int64_t end) {
  const Pool *r = arg;
  const PoolPrep *p = r->p;
  const Simd *table = simd();
  for (int64_t pixel = begin; pixel < end; pixel++) {
    float *out = (float *)r->out + pixel * p->channels;
    Window v = window_at(p, pixel);
    for (int64_t c = 0; c < p->channels; c++) out[c] = (float)r->lowest;
    FOR_WINDOW(p, v, at) table->max_into(out, (const float *)r->in + at, p->channels);
  }
}

static void avg_pool_f32(void *arg, int64_t begin, int64_t end) {
  const Pool *r = arg;
  const PoolPrep *p = r->p;
  const Simd *table = simd();
  for (int64_t pixel = begin; pixel < end; pixel++) {
    float *out = (float *)r->out + pixel * p->channels;
    Window v = window_at(p, pixel);
    memset(out, 0, (size_t)p->channels * sizeof *out);
    FOR_WINDOW(p, v, at)
    table->binary[EW_ADD][EW_F32](out, out, (const float *)r->in + at, p->channels, EW_VV);
    float count = (float)((v.y1 - v.y0) * (v.x1 - v.x0));
    table->binary[EW_DIV][EW_F32](out, out, &count, p->channels, EW_VS);
  }
}

static void avg_pool_f64(void *arg, int64_t begin, int64_t end) {
  const Pool *r = arg;
  const PoolPrep *p = r->p;
  for (int64_t pixel = begin; pixel < end; pixel++) {
    double *out = (double *)r->out + pixel * p->channels;
    Window v = window_at(p, pixel);
    memset(out, 0, (size_t)p->channels * sizeof *out);
    FOR_WINDOW(p, v, at) {
      for (int64_t c = 0; c < p->channels; c++) out[c] += ((const double *)r->in)[at + c];
    }
    for (int64_t c = 0; c < p->channels; c++) out[c] /= (double)((v.y1 - v.y0) * (v.x1 - v.x0));
  }
}

typedef void PoolFn(void *arg, int64_t begin, int64_t end);

/* Folded channels: the first sticks when it is NaN. */
#define DEEP_POOL(name, T)                                                         \
  static void name(void *arg, int64_t begin, int64_t end) {                        \
    const Pool *r = arg;                                                           \
    for (int64_t i = begin; i < end; i++) {                                        \
      const T *x = (const T *)r->in + i * r->p->size_w;                            \
      T most = x[0];                                                               \
      for (int64_t k = 1; k < r->p->size_w; k++) most = most < x[k] ? x[k] : most; \
      ((T *)r->out)[i] = most;                                                     \
    }                                                                              \
  }
DEEP_POOL(deep_pool_f32, float)
DEEP_POOL(deep_pool_f64, double)

static PoolFn *pool_fn(const PoolPrep *p, bool average, int kind) {
  static PoolFn *const max_fns[MK_COUNT] = {
      [MK_F32] = max_pool_f32, [MK_F64] = max_pool_f64, [MK_I8] = max_pool_i8, [MK_I16] = max_pool_i16,
      [MK_I32] = max_pool_i32, [MK_I64] = max_pool_i64, [MK_U8] = max_pool_u8, [MK_U16] = max_pool_u16,
      [MK_U32] = max_pool_u32, [MK_U64] = max_pool_u64};
  if (p->deep && kind == MK_F32) return deep_pool_f32;
  if (p->deep && kind == MK_F64) return deep_pool_f64;
  if (average) return kind == MK_F64 ? avg_pool_f64 : avg_pool_f32;
  return max_fns[kind];
}

static TF_Code pool_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const PoolState *s = c->state;
  const PoolPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  if (tensor_count(out) == 0) return TF_OK;
  double lowest = s->dtype == TF_HALF       ? -65504.0
                  : s->dtype == TF_BFLOAT16 ? -0x1.fep127
                  : s->dtype == TF_DOUBLE   ? -DBL_MAX
                                            : -(double)FLT_MAX;
  Pool r = {s, p, x->data, out->data, NULL, lowest};
  if (math_is_16(s->dtype)) {
    r.in = (char *)c->scratch + p->in_at;
    r.out = (char *)c->scratch + p->out_at;
    math_load_16((float *)((char *)c->scratch + p->in_at), x->data, tensor_count(x), s->dtype);
  }
  int64_t work = p->size_h * p->size_w * p->channels;
  parallel_for(c->threads, p->batch * p->out_h * p->out_w, work > 16384 ? 1 : 16384 / work + 1,
               pool_fn(p, s->average, math_kind(s->dtype)), &r);
  if (math_is_16(s->dtype)) math_store_16(out->data, r.out, tensor_count(out), s->dtype);
  return TF_OK;
}

/* ---- gradients ---- */

/* The dims that AvgPoolGrad gets of what was pooled. */
static TF_Code pooled_dims(const Tensor *shape, int64_t *x, TF_Status *st) {
  if (shape->rank != 1 || shape->dims[0] != 4)
    return fail(st, TF_INVALID_ARGUMENT, "out_backprop must be 1-dimensional and 4 elements");
  for (int i = 0; i < 4; i++) {
    x[i] = math_int_at(shape, i);
    if (x[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Expected a non-negative size, got %lld", (long long)x[i]);
  }
  return TF_OK;
}

static TF_Code want_dims(const Tensor *t, const int64_t *want, const char *what, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (memcmp(t->dims, want, 4 * sizeof *want) == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Expected %s shape to be %s, but got %s", what,
              shape_text(want, 4, a, sizeof a), shape_text(t->dims, 4, b, sizeof b));
}

static TF_Code grad_scratch(OpCtx *c, const Tensor *grad, TF_Status *st) {
  const PoolState *s = c->state;
  PoolPrep *p = c->prep;
  size_t total = 0;
  if (math_is_16(s->dtype)) {
    if (!s->average) TRY(op_scratch_take(&total, &p->in_at, tensor_count(op_input(c, 0)), sizeof(float), st));
    TRY(op_scratch_take(&total, &p->extra_at, tensor_count(grad), sizeof(float), st));
    TRY(op_scratch_take(&total, &p->out_at, tensor_count(&c->outputs[0]), sizeof(float), st));
  }
  op_scratch(c, total);
  return TF_OK;
}

/* Inputs are the shape of what was pooled, and the gradient of the result. */
static TF_Code avg_grad_prepare(OpCtx *c, TF_Status *st) {
  const PoolState *s = c->state;
  const Tensor *grad = op_input(c, 1);
  int64_t x[4], want[4];
  TRY(pooled_dims(op_input(c, 0), x, st));
  TRY(want_rank_4(grad, "out_backprop", st));
  TRY(op_output(c, 0, s->dtype, x, 4, st));
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK; /* TF: looks at nothing else then */
  if (s->window.size_c != 1)
    return fail(st, TF_UNIMPLEMENTED, "Non-spatial pooling is not yet supported. Volunteers? :)");
  TRY(pool_plan(c, NULL, x, want, st));
  TRY(want_dims(grad, want, "grad", st));
  return grad_scratch(c, grad, st);
}

static TF_Code max_grad_prepare(OpCtx *c, TF_Status *st) {
  const PoolState *s = c->state;
  const Tensor *x = op_input(c, 0), *pooled = op_input(c, 1), *grad = op_input(c, 2);
  int64_t want[4];
  TRY(want_rank_4(x, "tensor_in", st));
  TRY(want_rank_4(pooled, "tensor_out", st));
  TRY(want_rank_4(grad, "out_backprop", st));
  TRY(pool_plan(c, NULL, x->dims, want, st));
  TRY(want_dims(pooled, want, "orig_output", st));
  TRY(want_dims(grad, want, "grad", st));
  TRY(op_output(c, 0, s->dtype, x->dims, 4, st));
  return grad_scratch(c, grad, st);
}

/* Windows overlap, so an image at a time: images are independent. The first of the largest gets the
 * gradient. */
#define POOL_GRADS(t, T)                                                           \
  static void max_grad_##t(void *arg, int64_t begin, int64_t end) {                \
    const Pool *r = arg;                                                           \
    const PoolPrep *p = r->p;                                                      \
    int64_t pixels = p->out_h * p->out_w;                                          \
    const T *in = r->in, *grad = r->grad;                                          \
    T *out = r->out;                                                               \
    for (int64_t pixel = begin * pixels; pixel < end * pixels; pixel++) {          \
      Window v = window_at(p, pixel);                                              \
      for (int64_t c = 0; c < p->channels; c++) {                                  \
        int64_t best = -1;                                                         \
        FOR_WINDOW(p, v, at) {                                                     \
          if (best < 0 || in[at + c] > in[best]) best = at + c;                    \
        }                                                                          \
        if (best >= 0) out[best] = (T)(out[best] + grad[pixel * p->channels + c]); \
      }                                                                            \
    }                                                                              \
  }
#define AVG_GRAD(t, T)                                                                                  \
  static void avg_grad_##t(void *arg, int64_t begin, int64_t end) {                                     \
    const Pool *r = arg;                                                                                \
    const PoolPrep *p = r->p;                                                                           \
    int64_t pixels = p->out_h * p->out_w;                                                               \
    const T *grad = r->grad;                                                                            \
    T *out = r->out;                                                                                    \
    for (int64_t pixel = begin * pixels; pixel < end * pixels; pixel++) {                               \
      Window v = window_at(p, pixel);                                                                   \
      T scale = (T)1 / (T)((v.y1 - v.y0) * (v.x1 - v.x0));                                              \
      FOR_WINDOW(p, v, at) {                                                                            \
        for (int64_t c = 0; c < p->channels; c++) out[at + c] += grad[pixel * p->channels + c] * scale; \
      }                                                                                                 \
    }                                                                                                   \
  }
POOL_GRADS(f32, float)
POOL_GRADS(f64, double)
POOL_GRADS(i8, int8_t)
POOL_GRADS(i16, int16_t)
POOL_GRADS(i32, int32_t)
POOL_GRADS(i64, int64_t)
POOL_GRADS(u8, uint8_t)
POOL_GRADS(u16, uint16_t)
POOL_GRADS(u32, uint32_t)
POOL_GRADS(u64, uint64_t)
AVG_GRAD(f32, float)
AVG_GRAD(f64, double)

static TF_Code grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  static PoolFn *const max_fns[MK_COUNT] = {
      [MK_F32] = max_grad_f32, [MK_F64] = max_grad_f64, [MK_I8] = max_grad_i8, [MK_I16] = max_grad_i16,
      [MK_I32] = max_grad_i32, [MK_I64] = max_grad_i64, [MK_U8] = max_grad_u8, [MK_U16] = max_grad_u16,
      [MK_U32] = max_grad_u32, [MK_U64] = max_grad_u64};
  const PoolState *s = c->state;
  const PoolPrep *p = c->prep;
  const Tensor *grad = op_input(c, s->average ? 1 : 2);
  Tensor *out = &c->outputs[0];
  int64_t count = tensor_count(out);
  if (count == 0) return TF_OK;
  Pool r = {s, p, s->average ? NULL : op_input(c, 0)->data, out->data, grad->data, 0};
  bool is_16 = math_is_16(s->dtype);
  if (is_16) {
    char *scratch = c->scratch;
    if (!s->average) {
      math_load_16((float *)(scratch + p->in_at), op_input(c, 0)->data, count, s->dtype);
      r.in = scratch + p->in_at;
    }
    math_load_16((float *)(scratch + p->extra_at), grad->data, tensor_count(grad), s->dtype);
    r.grad = scratch + p->extra_at;
    r.out = scratch + p->out_at;
  }
  memset(r.out, 0, (size_t)count * (is_16 ? sizeof(float) : dtype_size(s->dtype)));
  int kind = math_kind(s->dtype);
  PoolFn *fn = s->average ? kind == MK_F64 ? avg_grad_f64 : avg_grad_f32 : max_fns[kind];
  parallel_for(c->threads, p->batch, 1, fn, &r);
  if (is_16) math_store_16(out->data, r.out, count, s->dtype);
  return TF_OK;
}

/* ---- shape functions ---- */

static TF_Code shape_pool(ShapeCtx *c, TF_Status *st) {
  return pool_window_shape(c->node, c->inputs[0], &c->outputs[0], st);
}

static TF_Code shape_avg_grad(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *shape = c->value(c, 0);
  c->outputs[0] = shape_of_rank(4);
  for (int i = 0; shape && shape->rank == 1 && shape->dims[0] == 4 && i < 4; i++) {
    int64_t size = math_int_at(shape, i);
    c->outputs[0].dims[i] = size >= 0 ? size : -1;
  }
  return TF_OK;
}

const OpRow ops_nn_pool[] = {
    {"MaxPool", .types = "T: " TYPES_REAL, .state_size = sizeof(PoolState), .prep_size = sizeof(PoolPrep),
     .shape = shape_pool, .init = pool_init, .prepare = pool_prepare, .run = pool_run},
    {"MaxPoolV2", .types = "T: " TYPES_REAL, .value_inputs = 6, .state_size = sizeof(PoolState),
     .prep_size = sizeof(PoolPrep), .shape = shape_pool, .init = pool_init, .prepare = pool_prepare,
     .run = pool_run},
    {"AvgPool", .types = "T: " TYPES_FLOATS, .state_size = sizeof(PoolState), .prep_size = sizeof(PoolPrep),
     .shape = shape_pool, .init = pool_init, .prepare = pool_prepare, .run = pool_run},
    {"MaxPoolGrad", .types = "T: " TYPES_REAL, .state_size = sizeof(PoolState), .prep_size = sizeof(PoolPrep),
     .shape = shape_same, .init = pool_init, .prepare = max_grad_prepare, .run = grad_run},
    {"MaxPoolGradV2", .types = "T: " TYPES_REAL, .value_inputs = 24, .state_size = sizeof(PoolState),
     .prep_size = sizeof(PoolPrep), .shape = shape_same, .init = pool_init, .prepare = max_grad_prepare,
     .run = grad_run},
    {"AvgPoolGrad", .types = "T: " TYPES_FLOATS, .value_inputs = 1, .state_size = sizeof(PoolState),
     .prep_size = sizeof(PoolPrep), .shape = shape_avg_grad, .init = pool_init, .prepare = avg_grad_prepare,
     .run = grad_run},
    {0}};
