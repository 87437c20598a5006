/* MaxPool, MaxPoolV2, AvgPool and their gradients, on NHWC tensors: every output pixel folds the input pixels
 * under its window, all channels side by side. half and bfloat16 are widened into scratch. */
#include <float.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_types.h"
#include "ops/nn_window.h"
#include "ops/op.h"

typedef struct PoolState {
  WindowAttrs w;
  int64_t size_h, size_w;
  bool average, gradient, from_inputs; /* from_inputs: sizes and strides are the last two inputs */
  TF_DataType dtype;
} PoolState;

typedef struct PoolPrep {
  WindowAttrs w;
  int64_t size_h, size_w;
  int64_t batch, in_h, in_w, channels, out_h, out_w, pad_top, pad_left;
  size_t in_at, out_at, extra_at; /* widened tensors in scratch */
} PoolPrep;

static TF_Code pool_init(OpInit *k, TF_Status *st) {
  PoolState *s = k->state;
  const Node *node = k->node;
  const Attr *sizes;
  s->average = strncmp(node->op, "Avg", 3) == 0;
  s->gradient = strstr(node->op, "Grad") != NULL;
  s->from_inputs = strcmp(node->op, "MaxPoolV2") == 0 || strcmp(node->op, "MaxPoolGradV2") == 0;
  s->dtype = dtype_base(node->output_types[0]);
  TRY(window_attrs_read(&s->w, node, st));
  if (s->w.nchw)
    return fail(st, s->average ? TF_INVALID_ARGUMENT : TF_UNIMPLEMENTED,
                "Default %sPoolingOp only supports NHWC on device type CPU", s->average ? "Avg" : "Max");
  if (s->from_inputs) return TF_OK;
  TRY(node_attr_list(node, "ksize", TF_ATTR_INT, &sizes, st));
  TRY(window_pair(&s->w, sizes, "ksize", &s->size_h, &s->size_w, st));
  if (s->size_h <= 0 || s->size_w <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window ksize for dimension must be greater than 0");
  return TF_OK;
}

/* A list of four in an int32 vector. */
static TF_Code read_pair(const WindowAttrs *w, const Tensor *t, const char *what, int64_t *h, int64_t *wd,
                         TF_Status *st) {
  int64_t list[4];
  if (tensor_count(t) != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s field must specify 4 dimensions", what);
  for (int i = 0; i < 4; i++) list[i] = math_int_at(t, i);
  Attr attr = {.kind = TF_ATTR_INT, .is_list = true, .count = 4, .v.list_i = list};
  TRY(window_pair(w, &attr, what, h, wd, st));
  if (*h <= 0 || *wd <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s must be greater than 0", what);
  return TF_OK;
}

/* Geometry for an input of these dims. */
static TF_Code pool_plan(OpCtx *c, const int64_t *x, TF_Status *st) {
  const PoolState *s = c->state;
  PoolPrep *p = c->prep;
  int64_t after;
  p->w = s->w;
  p->size_h = s->size_h;
  p->size_w = s->size_w;
  if (s->from_inputs) {
    int last = c->num_inputs - 1;
    TRY(read_pair(&s->w, op_input(c, last - 1), "ksize", &p->size_h, &p->size_w, st));
    TRY(read_pair(&s->w, op_input(c, last), "strides", &p->w.stride_h, &p->w.stride_w, st));
  }
  p->batch = x[0];
  p->in_h = x[1];
  p->in_w = x[2];
  p->channels = x[3];
  TRY(window_size(p->w.padding, p->w.explicit_h, p->in_h, p->size_h, 1, p->w.stride_h, &p->out_h, &p->pad_top,
                  &after, st));
  return window_size(p->w.padding, p->w.explicit_w, p->in_w, p->size_w, 1, p->w.stride_w, &p->out_w,
                     &p->pad_left, &after, st);
}

static TF_Code pool_prepare(OpCtx *c, TF_Status *st) {
  const PoolState *s = c->state;
  PoolPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be 4-dimensional");
  TRY(pool_plan(c, x->dims, st));
  int64_t dims[4] = {p->batch, p->out_h, p->out_w, p->channels};
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
  float lowest; /* where the maximum of floats starts. TF: a finite number, so that -inf does not come out */
} Pool;

/* The window of an output pixel inside the input: rows [y0, y1), columns [x0, x1), of image `image`. */
typedef struct Window {
  int64_t image, y0, y1, x0, x1;
} Window;

static Window window_at(const PoolPrep *p, int64_t pixel) {
  Window v;
  int64_t x = pixel % p->out_w, y = pixel / p->out_w % p->out_h;
  v.image = pixel / (p->out_w * p->out_h);
  v.y0 = y * p->w.stride_h - p->pad_top;
  v.x0 = x * p->w.stride_w - p->pad_left;
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
MAX_POOL(max_pool_f64, double, -DBL_MAX)
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
    for (int64_t c = 0; c < p->channels; c++) out[c] = r->lowest;
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

static PoolFn *pool_fn(bool average, int kind) {
  static PoolFn *const max_fns[MK_COUNT] = {
      [MK_F32] = max_pool_f32, [MK_F64] = max_pool_f64, [MK_I8] = max_pool_i8, [MK_I16] = max_pool_i16,
      [MK_I32] = max_pool_i32, [MK_I64] = max_pool_i64, [MK_U8] = max_pool_u8, [MK_U16] = max_pool_u16,
      [MK_U32] = max_pool_u32, [MK_U64] = max_pool_u64};
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
  float lowest = s->dtype == TF_HALF ? -65504.0f : s->dtype == TF_BFLOAT16 ? -0x1.fep127f : -FLT_MAX;
  Pool r = {s, p, x->data, out->data, NULL, lowest};
  if (math_is_16(s->dtype)) {
    r.in = (char *)c->scratch + p->in_at;
    r.out = (char *)c->scratch + p->out_at;
    math_load_16((float *)((char *)c->scratch + p->in_at), x->data, tensor_count(x), s->dtype);
  }
  int64_t work = p->size_h * p->size_w * p->channels;
  parallel_for(c->threads, p->batch * p->out_h * p->out_w, work > 16384 ? 1 : 16384 / work + 1,
               pool_fn(s->average, math_kind(s->dtype)), &r);
  if (math_is_16(s->dtype)) math_store_16(out->data, r.out, tensor_count(out), s->dtype);
  return TF_OK;
}

/* ---- gradients ---- */

/* AvgPoolGrad: inputs are the shape of what was pooled, and the gradient of the result. */
static TF_Code grad_prepare(OpCtx *c, TF_Status *st) {
  const PoolState *s = c->state;
  PoolPrep *p = c->prep;
  int inputs = s->average ? 2 : 3;
  const Tensor *grad = op_input(c, inputs - 1);
  int64_t x[4];
  if (s->average) {
    const Tensor *shape = op_input(c, 0);
    if (shape->rank != 1 || shape->dims[0] != 4)
      return fail(st, TF_INVALID_ARGUMENT, "out_backprop must be 1-dimensional and 4 elements");
    for (int i = 0; i < 4; i++) {
      x[i] = math_int_at(shape, i);
      if (x[i] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)x[i]);
    }
  } else {
    if (op_input(c, 0)->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be 4-dimensional");
    memcpy(x, op_input(c, 0)->dims, sizeof x);
  }
  TRY(pool_plan(c, x, st));
  if (s->average && grad->rank == 4 && !(x[0] && x[1] && x[2] && x[3])) /* TF: looks at nothing else then */
    return op_output(c, 0, s->dtype, x, 4, st);
  int64_t want[4] = {p->batch, p->out_h, p->out_w, p->channels};
  for (int i = 1; i < inputs; i++) {
    const Tensor *t = op_input(c, i);
    if (t->rank == 4 && memcmp(t->dims, want, sizeof want) == 0) continue;
    char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
    return fail(st, TF_INVALID_ARGUMENT, "Expected %s shape to be %s, but got %s",
                i == 1 && !s->average ? "orig_output" : "grad", shape_text(want, 4, a, sizeof a),
                shape_text(t->dims, t->rank, b, sizeof b));
  }
  TRY(op_output(c, 0, s->dtype, x, 4, st));
  size_t total = 0;
  if (math_is_16(s->dtype)) {
    if (!s->average) TRY(op_scratch_take(&total, &p->in_at, tensor_count(op_input(c, 0)), sizeof(float), st));
    TRY(op_scratch_take(&total, &p->extra_at, tensor_count(grad), sizeof(float), st));
    TRY(op_scratch_take(&total, &p->out_at, tensor_count(&c->outputs[0]), sizeof(float), st));
  }
  op_scratch(c, total);
  return TF_OK;
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
  WindowAttrs w;
  int64_t size_h = -1, size_w = -1;
  TRY(window_attrs_read(&w, c->node, st));
  const Shape *x = c->inputs[0];
  if (x->rank >= 0 && x->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 4 but is rank %d", x->rank);
  Shape in = x->rank == 4 ? *x : shape_of_rank(4), out = in;
  int h = w.nchw ? 2 : 1;
  out.dims[h] = out.dims[h + 1] = -1;
  if (node_attr(c->node, "ksize")) {
    const Attr *sizes;
    TRY(node_attr_list(c->node, "ksize", TF_ATTR_INT, &sizes, st));
    TRY(window_pair(&w, sizes, "ksize", &size_h, &size_w, st));
    TRY(window_size_partial(w.padding, w.explicit_h, in.dims[h], size_h, 1, w.stride_h, &out.dims[h], st));
    TRY(window_size_partial(w.padding, w.explicit_w, in.dims[h + 1], size_w, 1, w.stride_w, &out.dims[h + 1],
                            st));
  }
  c->outputs[0] = out;
  return TF_OK;
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
     .shape = shape_same, .init = pool_init, .prepare = grad_prepare, .run = grad_run},
    {"MaxPoolGradV2", .types = "T: " TYPES_REAL, .value_inputs = 24, .state_size = sizeof(PoolState),
     .prep_size = sizeof(PoolPrep), .shape = shape_same, .init = pool_init, .prepare = grad_prepare,
     .run = grad_run},
    {"AvgPoolGrad", .types = "T: " TYPES_FLOATS, .value_inputs = 1, .state_size = sizeof(PoolState),
     .prep_size = sizeof(PoolPrep), .shape = shape_avg_grad, .init = pool_init, .prepare = grad_prepare,
     .run = grad_run},
    {0}};
