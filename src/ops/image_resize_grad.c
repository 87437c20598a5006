/* ResizeNearestNeighborGrad, ResizeBilinearGrad, ResizeBicubicGrad: each pixel of the gradient goes back, by
 * the weights that it was made with, to the pixels that made it. */
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/image_resize.h"

typedef struct GradPrep {
  int64_t batch, in_h, in_w, out_h, out_w, channels; /* in: the gradient; out: the original image */
  float scale_h, scale_w;
  size_t out_at, grad_at; /* in scratch, behind the sources of columns: what is of 16 bits, in float */
} GradPrep;

/* TF: takes align_corners and half_pixel_centers together. */
static TF_Code nearest_init(OpInit *k, TF_Status *st) {
  ResizeState *s = k->state;
  TRY(node_attr_bool(k->node, "align_corners", &s->align, st));
  return node_attr_bool(k->node, "half_pixel_centers", &s->half, st);
}
static TF_Code bilinear_init(OpInit *k, TF_Status *st) { return resize_init(k, RESIZE_BILINEAR, st); }
static TF_Code bicubic_init(OpInit *k, TF_Status *st) { return resize_init(k, RESIZE_BICUBIC, st); }

/* Output, scratch and scales for the sizes in prep. */
static TF_Code grad_plan(OpCtx *c, TF_DataType dtype, TF_Status *st) {
  const ResizeState *s = c->state;
  GradPrep *p = c->prep;
  int64_t dims[4] = {p->batch, p->out_h, p->out_w, p->channels};
  if (p->out_h > INT32_MAX || p->out_w > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "original sizes must be between 0 and max int32");
  p->scale_h = resize_scale(p->out_h, p->in_h, s->align);
  p->scale_w = resize_scale(p->out_w, p->in_w, s->align);
  TRY(op_output(c, 0, dtype, dims, 4, st));
  size_t total = 0, unused;
  TRY(op_scratch_take(&total, &unused, p->in_w, sizeof(ResizeSource), st));
  if (math_is_16(dtype))
    TRY(op_scratch_take(&total, &p->out_at, tensor_count(&c->outputs[0]), sizeof(float), st));
  if (math_is_16(op_input(c, 0)->dtype))
    TRY(op_scratch_take(&total, &p->grad_at, tensor_count(op_input(c, 0)), sizeof(float), st));
  op_scratch(c, total);
  return TF_OK;
}

static TF_Code image_prepare(OpCtx *c, TF_Status *st) {
  GradPrep *p = c->prep;
  const Tensor *grad = op_input(c, 0), *image = op_input(c, 1);
  TRY(tensor_want_rank(grad, "input_grad", 4, st));
  if (grad->dims[1] == 0 || grad->dims[2] == 0)
    return fail(st, TF_INVALID_ARGUMENT, "resized dimensions must be positive");
  TRY(tensor_want_rank(image, "original_image", 4, st));
  if (image->dims[1] == 0 || image->dims[2] == 0)
    return fail(st, TF_INVALID_ARGUMENT, "original dimensions must be positive");
  *p = (GradPrep){.batch = grad->dims[0],
                  .in_h = grad->dims[1],
                  .in_w = grad->dims[2],
                  .out_h = image->dims[1],
                  .out_w = image->dims[2],
                  .channels = grad->dims[3]};
  return grad_plan(c, image->dtype, st);
}

static TF_Code size_prepare(OpCtx *c, TF_Status *st) {
  GradPrep *p = c->prep;
  const Tensor *grad = op_input(c, 0), *size = op_input(c, 1);
  TRY(tensor_want_rank(grad, "input", 4, st));
  TRY(tensor_want_pair(size, "shape_t", st));
  if (int_at(size, 0) <= 0 || int_at(size, 1) <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "shape_t's elements must be positive");
  *p = (GradPrep){.batch = grad->dims[0],
                  .in_h = grad->dims[1],
                  .in_w = grad->dims[2],
                  .out_h = int_at(size, 0),
                  .out_w = int_at(size, 1),
                  .channels = grad->dims[3]};
  return grad_plan(c, grad->dtype, st);
}

/* ---- run ---- */

typedef struct Grad {
  const ResizeState *s;
  const GradPrep *p;
  const ResizeSource *columns;
  const void *in;
  void *out;
} Grad;

/* Adds gradient row `row` (of `n` values a pixel), times `weight`, to row `out` of the image: columns have as
 * many taps as the mode; bilinear's weights are made of one. */
#define ADD_ROW(NAME, T, IN, W)                                                                 \
  static void NAME(const Grad *r, T *out, const IN *row, const ResizeSource *y, int tap_y) {    \
    int taps = r->s->mode == RESIZE_BICUBIC ? 4 : r->s->mode == RESIZE_BILINEAR ? 2 : 1;        \
    int64_t n = r->p->channels;                                                                 \
    float wy = taps == 4 ? y->weight[tap_y] : tap_y ? y->weight[0] : 1 - y->weight[0];          \
    for (int64_t x = 0; x < r->p->in_w; x++, row += n)                                          \
      for (int tap = 0; tap < taps; tap++) {                                                    \
        const ResizeSource *from = &r->columns[x];                                              \
        T *to = out + from->at[tap] * n;                                                        \
        float wx = taps == 4 ? from->weight[tap] : tap ? from->weight[0] : 1 - from->weight[0]; \
        if (taps == 1)                                                                          \
          for (int64_t c = 0; c < n; c++) to[c] = (T)((W)to[c] + (W)row[c]);                    \
        else                                                                                    \
          for (int64_t c = 0; c < n; c++) to[c] = (T)((W)to[c] + (W)((float)row[c] * wy * wx)); \
      }                                                                                         \
  }
#define GRAD_IMAGES(NAME, ADD, T, IN, W)                                                                    \
  ADD_ROW(ADD, T, IN, W)                                                                                    \
  static void NAME(void *arg, int64_t begin, int64_t end) {                                                 \
    static ResizeSourceFn *const sources[] = {resize_nearest_source, resize_bilinear_source,                \
                                              resize_bicubic_source};                                       \
    const Grad *r = arg;                                                                                    \
    const GradPrep *p = r->p;                                                                               \
    int taps = r->s->mode == RESIZE_BICUBIC ? 4 : r->s->mode == RESIZE_BILINEAR ? 2 : 1;                    \
    for (int64_t i = begin * p->in_h; i < end * p->in_h; i++) {                                             \
      ResizeSource y;                                                                                       \
      T *image = (T *)r->out + i / p->in_h * p->out_h * p->out_w * p->channels;                             \
      sources[r->s->mode](r->s, &y, i % p->in_h, p->out_h, p->scale_h);                                     \
      for (int t = 0; t < taps; t++)                                                                        \
        ADD(r, image + y.at[t] * p->out_w * p->channels, (const IN *)r->in + i * p->in_w * p->channels, &y, \
            t);                                                                                             \
    }                                                                                                       \
  }
GRAD_IMAGES(images_f32, add_f32, float, float, float)
GRAD_IMAGES(images_f32_f64, add_f32_f64, double, float, double)
GRAD_IMAGES(images_f64, add_f64, double, double, double)
GRAD_IMAGES(images_i8, add_i8, int8_t, int8_t, int)
GRAD_IMAGES(images_u8, add_u8, uint8_t, uint8_t, int)
GRAD_IMAGES(images_i32, add_i32, int32_t, int32_t, uint32_t)

static void (*images_fn(TF_DataType in, TF_DataType out))(void *, int64_t, int64_t) {
  switch (math_kind(out)) {
    case MK_F64: return in == TF_DOUBLE ? images_f64 : images_f32_f64;
    case MK_I8: return images_i8;
    case MK_U8: return images_u8;
    case MK_I32: return images_i32;
    default: return images_f32;
  }
}

static TF_Code grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  static ResizeSourceFn *const sources[] = {resize_nearest_source, resize_bilinear_source,
                                            resize_bicubic_source};
  const ResizeState *s = c->state;
  const GradPrep *p = c->prep;
  const Tensor *grad = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  int64_t count = tensor_count(out);
  ResizeSource *columns = c->scratch;
  Grad r = {s, p, columns, grad->data, out->data};
  if (count == 0) return TF_OK;
  for (int64_t i = 0; i < p->in_w; i++) sources[s->mode](s, &columns[i], i, p->out_w, p->scale_w);
  if (math_is_16(out->dtype)) r.out = (char *)c->scratch + p->out_at;
  if (math_is_16(grad->dtype)) {
    float *wide = (float *)((char *)c->scratch + p->grad_at);
    math_load_16(wide, grad->data, tensor_count(grad), grad->dtype);
    r.in = wide;
  }
  memset(r.out, 0, (size_t)count * (math_is_16(out->dtype) ? sizeof(float) : dtype_size(out->dtype)));
  if (tensor_count(grad)) parallel_for(c->threads, p->batch, 1, images_fn(grad->dtype, out->dtype), &r);
  if (math_is_16(out->dtype)) math_store_16(out->data, r.out, count, out->dtype);
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code image_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

static TF_Code size_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 1, 1, st));
  c->outputs[0] = shape_of_images(c, shape_dim(c->inputs[0], 0), 1, shape_dim(c->inputs[0], 3));
  return TF_OK;
}

#define GRAD(NAME, TYPES, VALUES, SHAPE, INIT, PREPARE)                                                    \
  {                                                                                                        \
    NAME, .types = "T: " TYPES, .value_inputs = VALUES, .state_size = sizeof(ResizeState),                 \
          .prep_size = sizeof(GradPrep), .shape = SHAPE, .init = INIT, .prepare = PREPARE, .run = grad_run \
  }

const OpRow ops_image_resize_grad[] = {
    GRAD("ResizeNearestNeighborGrad", TYPES_FLOATS " uint8 int8 int32", 2, size_shape, nearest_init,
         size_prepare),
    GRAD("ResizeBilinearGrad", TYPES_FLOATS, 0, image_shape, bilinear_init, image_prepare),
    GRAD("ResizeBicubicGrad", "float double", 0, image_shape, bicubic_init, image_prepare),
    {0}};
