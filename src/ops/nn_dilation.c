/* Dilation2D and its gradients: the largest of input plus filter under each window of an NHWC image. The
 * first of equals wins, and gets the gradient. */
#include <float.h>
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/nn_window.h"

typedef struct DilationState {
  Padding padding;
  int64_t stride[2], rate[2];
} DilationState;

typedef struct DilationPrep {
  int64_t batch, in[2], size[2], out[2], pad[2], depth;
} DilationPrep;

/* The entries for height and width, positive unless they may be `any`. */
static TF_Code read_pair(const Node *node, const char *name, const char *title, const char *what, bool any,
                         int64_t *out, TF_Status *st) {
  const Attr *list;
  TRY(node_attr_list(node, name, TF_ATTR_INT, &list, st));
  if (list->count != 4) return fail(st, TF_INVALID_ARGUMENT, "%s field must specify 4 dimensions", what);
  if (list->v.list_i[0] != 1 || list->v.list_i[3] != 1)
    return fail(st, TF_UNIMPLEMENTED, "%s is only supported across spatial dimensions.", title);
  for (int i = 0; i < 2; i++) {
    out[i] = list->v.list_i[1 + i];
    if (out[i] < 1 && !any) return fail(st, TF_INVALID_ARGUMENT, "%s must be positive", title);
  }
  return TF_OK;
}

static TF_Code dilation_read(DilationState *s, const Node *node, TF_Status *st) {
  Span padding;
  TRY(read_pair(node, "strides", "Stride", "Sliding window stride", false, s->stride, st));
  TRY(read_pair(node, "rates", "Rate", "Input stride (atrous rate)", true, s->rate, st));
  TRY(node_attr_string(node, "padding", &padding, st));
  s->padding = padding.size == 4 ? PAD_SAME : PAD_VALID;
  return TF_OK;
}

static TF_Code dilation_init(OpInit *k, TF_Status *st) { return dilation_read(k->state, k->node, st); }

static TF_Code dilation_plan(OpCtx *c, TF_Status *st) {
  const DilationState *s = c->state;
  DilationPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *f = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  TRY(tensor_want_rank(x, "input", 4, st));
  if (f->rank != 3)
    return fail(st, TF_INVALID_ARGUMENT, "filter must be 3-dimensional: %s",
                shape_text(f->dims, f->rank, text, sizeof text));
  if (x->dims[3] != f->dims[2])
    return fail(st, TF_INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld",
                (long long)x->dims[3], (long long)f->dims[2]);
  p->batch = x->dims[0];
  p->depth = x->dims[3];
  for (int i = 0; i < 2; i++) {
    int64_t after;
    p->in[i] = x->dims[1 + i];
    p->size[i] = f->dims[i];
    int64_t reach; /* of a filter, in pixels */
    if (!checked_mul_i64(p->size[i] - 1, s->rate[i], &reach))
      return fail(st, TF_INVALID_ARGUMENT, "filter size %lld is out of range", (long long)p->size[i]);
    TRY(window_size(s->padding, NULL, p->in[i], reach + 1, 1, s->stride[i], &p->out[i], &p->pad[i], &after,
                    st));
  }
  return TF_OK;
}

static TF_Code dilation_prepare(OpCtx *c, TF_Status *st) {
  DilationPrep *p = c->prep;
  TRY(dilation_plan(c, st));
  int64_t dims[4] = {p->batch, p->out[0], p->out[1], p->depth};
  return op_output(c, 0, op_input(c, 0)->dtype, dims, 4, st);
}

static TF_Code grad_prepare_like(OpCtx *c, int like, TF_Status *st) {
  DilationPrep *p = c->prep;
  const Tensor *dy = op_input(c, 2);
  TRY(dilation_plan(c, st));
  int64_t want[4] = {p->batch, p->out[0], p->out[1], p->depth};
  if (dy->rank != 4 || memcmp(want, dy->dims, sizeof want) != 0)
    return fail(st, TF_INVALID_ARGUMENT, "out_backprop has incompatible size.");
  return op_output_like(c, 0, op_input(c, like), st);
}
static TF_Code input_grad_prepare(OpCtx *c, TF_Status *st) { return grad_prepare_like(c, 0, st); }
static TF_Code filter_grad_prepare(OpCtx *c, TF_Status *st) { return grad_prepare_like(c, 1, st); }

/* Where a window's search begins: the element of its first corner inside the image, or -1. */
static int64_t corner_element(const DilationPrep *p, int64_t image, int64_t y, int64_t x, int64_t d) {
  if (y < 0) y = 0;
  if (x < 0) x = 0;
  return y < p->in[0] && x < p->in[1] ? ((image * p->in[0] + y) * p->in[1] + x) * p->depth + d : -1;
}

/* best_*: the largest of input + filter for channel d of output pixel `at` (image, row, column); `from` gets
 * the elements of input and filter that it is made of, those of the first corner where nothing is above the
 * lowest number. add_*: out[i] += in[j]. Sums of integers wrap, those of floats round to the type. */
#define DILATION(NAME, T, V, LOAD, ROUND, STORE, LOWEST)                                            \
  static void best_##NAME(const OpCtx *c, const int64_t *at, int64_t d, int64_t *from, void *out) { \
    const DilationState *s = c->state;                                                              \
    const DilationPrep *p = c->prep;                                                                \
    const T *x = op_input(c, 0)->data, *f = op_input(c, 1)->data;                                   \
    int64_t y0 = at[1] * s->stride[0] - p->pad[0], x0 = at[2] * s->stride[1] - p->pad[1];           \
    V best = LOWEST;                                                                                \
    from[0] = corner_element(p, at[0], y0, x0, d);                                                  \
    from[1] = d;                                                                                    \
    for (int64_t h = 0; h < p->size[0]; h++) {                                                      \
      int64_t row = y0 + h * s->rate[0];                                                            \
      if (!index_ok(row, p->in[0])) continue;                                                       \
      for (int64_t w = 0; w < p->size[1]; w++) {                                                    \
        int64_t column = x0 + w * s->rate[1];                                                       \
        if (!index_ok(column, p->in[1])) continue;                                                  \
        int64_t i = ((at[0] * p->in[0] + row) * p->in[1] + column) * p->depth + d;                  \
        int64_t j = (h * p->size[1] + w) * p->depth + d;                                            \
        V v = ROUND(LOAD(x[i]) + LOAD(f[j]));                                                       \
        if (!(v > best)) continue;                                                                  \
        best = v;                                                                                   \
        from[0] = i;                                                                                \
        from[1] = j;                                                                                \
      }                                                                                             \
    }                                                                                               \
    if (out) *(T *)out = STORE(best);                                                               \
  }                                                                                                 \
  static void add_##NAME(void *out, int64_t i, const void *in, int64_t j) {                         \
    V v = ROUND(LOAD(((const T *)out)[i]) + LOAD(((const T *)in)[j]));                              \
    ((T *)out)[i] = STORE(v);                                                                       \
  }
#define ROUND_HALF(v) half_to_float(half_of_float(v))
#define ROUND_BFLOAT16(v) bfloat16_to_float(bfloat16_of_float(v))
#define DILATION_INT(NAME, T, LOWEST) DILATION(NAME, T, T, (uint64_t), (T), (T), LOWEST)
DILATION(half, uint16_t, float, half_to_float, ROUND_HALF, half_of_float, -65504.0f)
DILATION(bfloat16, uint16_t, float, bfloat16_to_float, ROUND_BFLOAT16, bfloat16_of_float, -0x1.fep127f)
DILATION(f32, float, float, (float), (float), (float), -FLT_MAX)
DILATION(f64, double, double, (double), (double), (double), -DBL_MAX)
DILATION_INT(i8, int8_t, INT8_MIN)
DILATION_INT(i16, int16_t, INT16_MIN)
DILATION_INT(i32, int32_t, INT32_MIN)
DILATION_INT(i64, int64_t, INT64_MIN)
DILATION_INT(u8, uint8_t, 0)
DILATION_INT(u16, uint16_t, 0)
DILATION_INT(u32, uint32_t, 0)
DILATION_INT(u64, uint64_t, 0)

typedef struct DilationFns {
  void (*best)(const OpCtx *c, const int64_t *at, int64_t d, int64_t *from, void *out);
  void (*add)(void *out, int64_t i, const void *in, int64_t j);
} DilationFns;

#define FNS(NAME) \
  { best_##NAME, add_##NAME }
static const DilationFns *dilation_fns(TF_DataType dtype) {
  static const DilationFns half = FNS(half), bfloat16 = FNS(bfloat16);
  static const DilationFns fns[MK_COUNT] = {
      [MK_F32] = FNS(f32), [MK_F64] = FNS(f64), [MK_I8] = FNS(i8), [MK_I16] = FNS(i16),
      [MK_I32] = FNS(i32), [MK_I64] = FNS(i64), [MK_U8] = FNS(u8), [MK_U16] = FNS(u16),
      [MK_U32] = FNS(u32), [MK_U64] = FNS(u64)};
  return dtype == TF_HALF ? &half : dtype == TF_BFLOAT16 ? &bfloat16 : &fns[math_kind(dtype)];
}

static void pixel_at(const DilationPrep *p, int64_t pixel, int64_t *at) {
  at[2] = pixel % p->out[1];
  at[1] = pixel / p->out[1] % p->out[0];
  at[0] = pixel / p->out[1] / p->out[0];
}

static void dilation_part(void *arg, int64_t begin, int64_t end) {
  const OpCtx *c = arg;
  const DilationPrep *p = c->prep;
  TF_DataType dtype = op_input(c, 0)->dtype;
  const DilationFns *fns = dilation_fns(dtype);
  size_t size = dtype_size(dtype);
  for (int64_t pixel = begin; pixel < end; pixel++) {
    int64_t at[3], from[2];
    pixel_at(p, pixel, at);
    for (int64_t d = 0; d < p->depth; d++)
      fns->best(c, at, d, from, (char *)c->outputs[0].data + (size_t)(pixel * p->depth + d) * size);
  }
}

static TF_Code dilation_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const DilationPrep *p = c->prep;
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
  int64_t work = p->size[0] * p->size[1] * p->depth;
  parallel_for(c->threads, p->batch * p->out[0] * p->out[1], work > 8192 ? 1 : 8192 / (work + 1) + 1,
               dilation_part, c);
  return TF_OK;
}

static TF_Code grad_run_to(OpCtx *c, int which) {
  const DilationPrep *p = c->prep;
  const Tensor *dy = op_input(c, 2);
  Tensor *out = &c->outputs[0];
  const DilationFns *fns = dilation_fns(dy->dtype);
  int64_t count = tensor_count(out);
  if (count == 0) return TF_OK;
  memset(out->data, 0, (size_t)count * dtype_size(out->dtype));
  for (int64_t i = 0, n = tensor_count(dy); i < n; i++) {
    int64_t at[3], from[2];
    pixel_at(p, i / p->depth, at);
    fns->best(c, at, i % p->depth, from, NULL);
    if (index_ok(from[which], count)) fns->add(out->data, from[which], dy->data, i);
  }
  return TF_OK;
}
static TF_Code input_grad_run(OpCtx *c, TF_Status *st) { return (void)st, grad_run_to(c, 0); }
static TF_Code filter_grad_run(OpCtx *c, TF_Status *st) { return (void)st, grad_run_to(c, 1); }

static TF_Code dilation_shape(ShapeCtx *c, TF_Status *st) {
  DilationState s;
  const Shape *x = c->inputs[0], *f = c->inputs[1];
  TRY(dilation_read(&s, c->node, st));
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 1, 3, st));
  Shape out = shape_of_rank(4);
  out.dims[0] = shape_dim(x, 0);
  TRY(dim_merge(shape_dim(x, 3), shape_dim(f, 2), &out.dims[3], st));
  for (int i = 0; i < 2; i++) {
    int64_t size = shape_dim(f, i), reach = 0;
    bool known = size >= 0 && checked_mul_i64(size - 1, s.rate[i], &reach);
    TRY(window_size_partial(s.padding, NULL, known ? shape_dim(x, 1 + i) : -1, reach < 0 ? 1 : reach + 1, 1,
                            s.stride[i], &out.dims[1 + i], st));
    if (reach < 0) out.dims[1 + i] = -1;
  }
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code filter_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

#define ROW(NAME, SHAPE, PREPARE, RUN)                                                                       \
  {                                                                                                          \
    NAME, .types = "T: " TYPES_REAL, .state_size = sizeof(DilationState), .prep_size = sizeof(DilationPrep), \
          .shape = SHAPE, .init = dilation_init, .prepare = PREPARE, .run = RUN                              \
  }

const OpRow ops_nn_dilation[] = {
    ROW("Dilation2D", dilation_shape, dilation_prepare, dilation_run),
    ROW("Dilation2DBackpropInput", shape_same, input_grad_prepare, input_grad_run),
    ROW("Dilation2DBackpropFilter", filter_shape, filter_grad_prepare, filter_grad_run),
    {0}};
