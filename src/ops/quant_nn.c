/* Quantised layers on NHWC images: QuantizedConv2D, QuantizedMaxPool, QuantizedAvgPool,
 * QuantizedInstanceNorm, QuantizedBatchNormWithGlobalNormalization, QuantizedResizeBilinear. */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/image_resize.h"
#include "ops/nn_pool_window.h"
#include "ops/quant_util.h"

typedef struct LayerState {
  WindowAttrs w;
  PoolWindow pool; /* of pools */
} LayerState;

typedef struct LayerPrep {
  int64_t batch, in_h, in_w, channels, size_h, size_w, out_h, out_w, pad_top, pad_left, out_c;
} LayerPrep;

static TF_Code layer_plan(LayerPrep *p, const WindowAttrs *w, const Tensor *x, TF_Status *st) {
  int64_t after;
  p->batch = x->dims[0];
  p->in_h = x->dims[1];
  p->in_w = x->dims[2];
  p->channels = x->dims[3];
  TRY(window_size(w->padding, NULL, p->in_h, p->size_h, 1, w->stride_h, &p->out_h, &p->pad_top, &after, st));
  return window_size(w->padding, NULL, p->in_w, p->size_w, 1, w->stride_w, &p->out_w, &p->pad_left, &after,
                     st);
}

/* ---- QuantizedConv2D ---- */

static TF_Code conv_init(OpInit *k, TF_Status *st) {
  LayerState *s = k->state;
  const Attr *list;
  TRY(node_attr_list(k->node, "strides", TF_ATTR_INT, &list, st));
  if (list->count != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window strides field must specify 4 dimensions");
  if (list->v.list_i[1] != list->v.list_i[2])
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Current implementation only supports equal length strides in the row and column dimensions.");
  if (list->v.list_i[0] != 1 || list->v.list_i[3] != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Current implementation does not yet support strides in the batch and depth dimensions.");
  if (list->v.list_i[1] < 1) return fail(st, TF_INVALID_ARGUMENT, "Strides must be positive");
  TRY(node_attr_list(k->node, "dilations", TF_ATTR_INT, &list, st));
  if (list->count != 4) return fail(st, TF_INVALID_ARGUMENT, "Dilations field must specify 4 dimensions");
  if (list->v.list_i[1] != 1 || list->v.list_i[2] != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Current implementation only supports dilated rate as 1 in the row and column dimensions.");
  if (list->v.list_i[0] != 1 || list->v.list_i[3] != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Current implementation does not yet support dilations in the batch and depth dimensions.");
  return window_attrs_read(&s->w, k->node, st);
}

static TF_Code conv_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"min_input", "max_input", "min_filter", "max_filter"};
  const LayerState *s = c->state;
  LayerPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *f = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "input must be rank 4 but is rank %d", x->rank);
  if (f->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "filter must be rank 4 but is rank %d", f->rank);
  for (int i = 0; i < 4; i++) {
    const Tensor *t = op_input(c, 2 + i);
    if (t->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be rank 0 but is rank %d", names[i], t->rank);
  }
  if (x->dims[3] != f->dims[2])
    return fail(st, TF_INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld",
                (long long)x->dims[3], (long long)f->dims[2]);
  p->size_h = f->dims[0];
  p->size_w = f->dims[1];
  p->out_c = f->dims[3];
  TRY(layer_plan(p, &s->w, x, st));
  int64_t dims[4] = {p->batch, p->out_h, p->out_w, p->out_c};
  if (p->batch <= 0 || p->out_h <= 0 || p->out_w <= 0 || p->out_c <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "the output must not be empty: %s",
                shape_text(dims, 4, text, sizeof text));
  TRY(op_output(c, 0, TF_QINT32, dims, 4, st));
  return quant_range_output(c, 1, st);
}

static void conv_pixels(void *arg, int64_t begin, int64_t end) {
  const OpCtx *c = arg;
  const LayerState *s = c->state;
  const LayerPrep *p = c->prep;
  const uint8_t *x = op_input(c, 0)->data, *f = op_input(c, 1)->data;
  uint32_t zero_x = (uint32_t)quant_of_float_unclamped(TF_QUINT8, 0, quant_float(c, 2), quant_float(c, 3));
  /* TF: the border's zero is a byte, but when it is below all bytes another kernel leaves the border out. */
  uint32_t border = (int32_t)zero_x < 0 ? zero_x : (uint8_t)zero_x;
  uint32_t zero_f = (uint32_t)quant_of_float_unclamped(TF_QUINT8, 0, quant_float(c, 4), quant_float(c, 5));
  for (int64_t pixel = begin; pixel < end; pixel++) {
    int64_t image = pixel / (p->out_h * p->out_w),
            y0 = pixel / p->out_w % p->out_h * s->w.stride_h - p->pad_top;
    int64_t x0 = pixel % p->out_w * s->w.stride_w - p->pad_left;
    uint32_t *out = (uint32_t *)c->outputs[0].data + pixel * p->out_c;
    memset(out, 0, (size_t)p->out_c * sizeof *out);
    for (int64_t k = 0; p->channels && k < p->size_h * p->size_w; k++) {
      int64_t row = y0 + k / p->size_w, column = x0 + k % p->size_w;
      bool inside = index_ok(row, p->in_h) && index_ok(column, p->in_w);
      const uint8_t *from = inside ? x + ((image * p->in_h + row) * p->in_w + column) * p->channels : NULL;
      for (int64_t i = 0; i < p->channels; i++) {
        uint32_t v = (from ? from[i] : border) - zero_x;
        const uint8_t *weights = f + (k * p->channels + i) * p->out_c;
        if (v)
          for (int64_t o = 0; o < p->out_c; o++) out[o] += v * (weights[o] - zero_f);
      }
    }
  }
}

static TF_Code conv_run(OpCtx *c, TF_Status *st) {
  const LayerPrep *p = c->prep;
  float min, max;
  if (p->size_h * p->size_w * p->channels == 0 &&
      quant_of_float_unclamped(TF_QUINT8, 0, quant_float(c, 2), quant_float(c, 3)) >= 0)
    return fail(st, TF_INVALID_ARGUMENT, "filter patch must contain at least one element");
  parallel_for(c->threads, p->batch * p->out_h * p->out_w, 16, conv_pixels, c);
  quant_product_range(TF_QUINT8, quant_float(c, 2), quant_float(c, 3), TF_QUINT8, quant_float(c, 4),
                      quant_float(c, 5), &min, &max);
  quant_put_range(c, 1, min, max);
  return TF_OK;
}

static TF_Code conv_shape(ShapeCtx *c, TF_Status *st) {
  WindowAttrs w;
  const Shape *x = c->inputs[0], *f = c->inputs[1];
  TRY(window_attrs_read(&w, c->node, st));
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 1, 4, st));
  Shape out = shape_of_rank(4);
  out.dims[0] = shape_dim(x, 0);
  out.dims[3] = shape_dim(f, 3);
  TRY(window_size_partial(w.padding, NULL, shape_dim(x, 1), shape_dim(f, 0), w.dilation_h, w.stride_h,
                          &out.dims[1], st));
  TRY(window_size_partial(w.padding, NULL, shape_dim(x, 2), shape_dim(f, 1), w.dilation_w, w.stride_w,
                          &out.dims[2], st));
  c->outputs[0] = out;
  for (int i = 1; i < 3; i++) c->outputs[i] = shape_rank0();
  return TF_OK;
}

/* ---- pools ---- */

static TF_Code pool_init(OpInit *k, TF_Status *st) {
  LayerState *s = k->state;
  TRY(pool_window_init(&s->pool, k->node, st));
  s->w = s->pool.w;
  return TF_OK;
}

static TF_Code pool_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"min_input", "max_input"};
  const LayerState *s = c->state;
  LayerPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  for (int i = 0; i < 2; i++) {
    const Tensor *t = op_input(c, 1 + i);
    if (t->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar", names[i]);
  }
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be 4-dimensional");
  p->size_h = s->pool.size_h;
  p->size_w = s->pool.size_w;
  TRY(pool_window_check_depth(&s->pool, c->node, x->dims[3], st));
  int64_t dims[4] = {x->dims[0], x->dims[1], x->dims[2], x->dims[3] / s->pool.size_c};
  if (s->pool.size_c == 1) {
    TRY(layer_plan(p, &s->w, x, st));
    dims[1] = p->out_h;
    dims[2] = p->out_w;
  }
  TRY(op_output(c, 0, x->dtype, dims, 4, st));
  return quant_range_output(c, 1, st);
}

/* The largest of each `size` channels. */
static void fold_channels(const Tensor *x, int64_t size, Tensor *out) {
  for (int64_t i = 0, n = tensor_count(out); i < n; i++) {
    int64_t most = quant_at(x, i * size);
    for (int64_t k = 1; k < size; k++) {
      int64_t v = quant_at(x, i * size + k);
      most = v > most ? v : most;
    }
    quant_put(out, i, most);
  }
}

static TF_Code pool_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const LayerState *s = c->state;
  const LayerPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  bool average = strcmp(c->node->op, "QuantizedAvgPool") == 0;
  if (s->pool.size_c != 1) {
    fold_channels(x, s->pool.size_c, &c->outputs[0]);
    quant_put_range(c, 1, quant_float(c, 1), quant_float(c, 2));
    return TF_OK;
  }
  for (int64_t i = 0, n = tensor_count(&c->outputs[0]); i < n; i++) {
    int64_t pixel = i / p->channels, image = pixel / (p->out_h * p->out_w);
    int64_t y0 = pixel / p->out_w % p->out_h * s->w.stride_h - p->pad_top,
            x0 = pixel % p->out_w * s->w.stride_w - p->pad_left;
    int64_t y1 = y0 + p->size_h < p->in_h ? y0 + p->size_h : p->in_h,
            x1 = x0 + p->size_w < p->in_w ? x0 + p->size_w : p->in_w;
    int64_t sum = 0, count = 0, most = quant_lowest(x->dtype);
    for (int64_t row = y0 < 0 ? 0 : y0; row < y1; row++)
      for (int64_t column = x0 < 0 ? 0 : x0; column < x1; column++, count++) {
        int64_t v = quant_at(x, ((image * p->in_h + row) * p->in_w + column) * p->channels + i % p->channels);
        sum += v;
        most = v > most ? v : most;
      }
    quant_put(&c->outputs[0], i, average ? sum / (count ? count : 1) : most);
  }
  quant_put_range(c, 1, quant_float(c, 1), quant_float(c, 2));
  return TF_OK;
}

static TF_Code pool_shape(ShapeCtx *c, TF_Status *st) {
  TRY(pool_window_shape(c->node, c->inputs[0], &c->outputs[0], st));
  for (int i = 1; i < 3; i++) c->outputs[i] = shape_rank0();
  return TF_OK;
}

/* ---- QuantizedResizeBilinear ---- */

typedef struct ResizePrep {
  int64_t in_h, in_w, out_h, out_w, channels;
  ResizeState how;
} ResizePrep;

static TF_Code resize_prepare(OpCtx *c, TF_Status *st) {
  ResizePrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *size = op_input(c, 1);
  TRY(node_attr_bool(c->node, "align_corners", &p->how.align, st));
  TRY(node_attr_bool(c->node, "half_pixel_centers", &p->how.half, st));
  for (int i = 2; i < 4; i++)
    if (op_input(c, i)->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar", i == 2 ? "min" : "max");
  TRY(tensor_want_rank(x, "input", 4, st));
  if (x->dims[3] == 0) return fail(st, TF_INVALID_ARGUMENT, "image must have at least one channel");
  if (!x->dims[1] || !x->dims[2])
    return fail(st, TF_INVALID_ARGUMENT, "input image must be of non-zero size");
  if (x->dims[1] > INT32_MAX || x->dims[2] > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "input sizes must be between 0 and max int32");
  TRY(tensor_want_pair(size, "shape_t", st));
  p->out_h = int_at(size, 0);
  p->out_w = int_at(size, 1);
  if (p->out_h <= 0 || p->out_w <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "output dimensions must be positive");
  p->in_h = x->dims[1];
  p->in_w = x->dims[2];
  p->channels = x->dims[3];
  int64_t dims[4] = {x->dims[0], p->out_h, p->out_w, p->channels};
  TRY(op_output(c, 0, x->dtype, dims, 4, st));
  return quant_range_output(c, 1, st);
}

/* Interpolation between rows and columns: TensorFlow's of bytes, in 16 bits, with weights of 7. */
static int64_t lerp_u8(const int64_t *corner, int64_t wx, int64_t wy) {
  int16_t top = (int16_t)(corner[0] * 128 + (int16_t)((corner[1] - corner[0]) * wx));
  int16_t bottom = (int16_t)(corner[2] * 128 + (int16_t)((corner[3] - corner[2]) * wx));
  int16_t out = (int16_t)(top + (int16_t)(bottom - top) / 128 * wy);
  return (out + 64) / 128;
}

static TF_Code resize_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const ResizePrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  float scale_h = resize_scale(p->in_h, p->out_h, p->how.align),
        scale_w = resize_scale(p->in_w, p->out_w, p->how.align);
  quant_put_range(c, 1, quant_float(c, 2), quant_float(c, 3));
  if (p->in_h == p->out_h && p->in_w == p->out_w) return tensor_copy_range(out, 0, x, 0, tensor_count(x), st);
  for (int64_t i = 0, n = tensor_count(out); i < n;) {
    ResizeSource row, column;
    int64_t pixel = i / p->channels, image = pixel / p->out_w / p->out_h * p->in_h;
    resize_bilinear_source(&p->how, &row, pixel / p->out_w % p->out_h, p->in_h, scale_h);
    resize_bilinear_source(&p->how, &column, pixel % p->out_w, p->in_w, scale_w);
    float dy = row.weight[0], dx = column.weight[0];
    for (int64_t ch = 0; ch < p->channels; ch++, i++) {
      int64_t corner[4];
      for (int k = 0; k < 4; k++)
        corner[k] = quant_at(x, ((image + row.at[k >> 1]) * p->in_w + column.at[k & 1]) * p->channels + ch);
      quant_put(out, i, lerp_u8(corner, (int64_t)(dx * 128), (int64_t)(dy * 128)));
    }
  }
  return TF_OK;
}

static TF_Code resize_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 1, 1, st));
  c->outputs[0] = shape_of_images(c, shape_dim(c->inputs[0], 0), 1, shape_dim(c->inputs[0], 3));
  for (int i = 1; i < 3; i++) c->outputs[i] = shape_rank0();
  return TF_OK;
}

#define POOL(NAME)                                                                                      \
  {                                                                                                     \
    NAME, .types = "T: quint8 qint8", .state_size = sizeof(LayerState), .prep_size = sizeof(LayerPrep), \
          .shape = pool_shape, .init = pool_init, .prepare = pool_prepare, .run = pool_run              \
  }

const OpRow ops_quant_nn[] = {
    {"QuantizedConv2D", .types = "Tinput: quint8; Tfilter: quint8; out_type: qint32",
     .state_size = sizeof(LayerState), .prep_size = sizeof(LayerPrep), .shape = conv_shape, .init = conv_init,
     .prepare = conv_prepare, .run = conv_run},
    POOL("QuantizedMaxPool"),
    POOL("QuantizedAvgPool"),
    {"QuantizedResizeBilinear", .types = "T: quint8", .value_inputs = 2, .prep_size = sizeof(ResizePrep),
     .shape = resize_shape, .prepare = resize_prepare, .run = resize_run},
    {0}};
