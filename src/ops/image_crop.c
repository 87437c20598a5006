/* CropAndResize: boxes of images, each brought to one size. Positions are in float, as TensorFlow has them.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/image_pixel.h"
#include "ops/op.h"

typedef struct CropState {
  bool nearest;
  float outside;
} CropState;

static TF_Code crop_init(OpInit *k, TF_Status *st) {
  CropState *s = k->state;
  Span method;
  const Attr *outside = node_attr(k->node, "extrapolation_value");
  TRY(node_attr_string(k->node, "method", &method, st));
  s->nearest = method.size == 7 && memcmp(method.data, "nearest", 7) == 0;
  if (!s->nearest && !(method.size == 8 && memcmp(method.data, "bilinear", 8) == 0))
    return fail(st, TF_INVALID_ARGUMENT, "method must be 'bilinear' or 'nearest'%.*s", (int)method.size,
                (const char *)method.data);
  s->outside = outside ? outside->v.f : 0;
  return TF_OK;
}

static TF_Code crop_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *boxes = op_input(c, 1), *index = op_input(c, 2), *size = op_input(c, 3);
  char text[SHAPE_TEXT_MAX];
  if (x->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "input image must be 4-D%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  if (x->dims[1] <= 0 || x->dims[2] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "image dimensions must be positive");
  if (boxes->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "boxes must be 2-D%s",
                shape_text(boxes->dims, boxes->rank, text, sizeof text));
  if (index->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "box_indices must be rank 1 but is shape %s",
                shape_text(index->dims, index->rank, text, sizeof text));
  bool none = tensor_count(boxes) == 0 && tensor_count(index) == 0;
  if (!none && boxes->dims[1] != 4) return fail(st, TF_INVALID_ARGUMENT, "boxes must have 4 columns");
  if (!none && index->dims[0] != boxes->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "box_index has incompatible shape");
  shape_text(size->dims, size->rank, text, sizeof text);
  if (size->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "crop_size must be 1-D%s", text);
  if (size->dims[0] != 2) return fail(st, TF_INVALID_ARGUMENT, "crop_size must have two elements%s", text);
  int64_t dims[4] = {none ? 0 : boxes->dims[0], int_at(size, 0), int_at(size, 1), x->dims[3]};
  if (dims[1] <= 0 || dims[2] <= 0) return fail(st, TF_INVALID_ARGUMENT, "crop dimensions must be positive");
  return op_output(c, 0, TF_FLOAT, dims, 4, st);
}

typedef struct Crop {
  const CropState *s;
  const Tensor *x, *boxes, *index;
  Tensor *out;
} Crop;

/* Where row (or column) i of n between `from` and `to` lies in an image of `size`. */
static float position(float from, float to, int64_t i, int64_t n, int64_t size) {
  if (n <= 1) return 0.5f * (from + to) * (float)(size - 1);
  float scale = (to - from) * (float)(size - 1) / (float)(n - 1);
  return from * (float)(size - 1) + (float)i * scale;
}

/* The pixel at a position inside [0, n - 1]; that many rows may not be exact in float. */
static int64_t index_at(float at, int64_t n) { return (int64_t)at < n ? (int64_t)at : n - 1; }

/* Rows of output. */
static void crop_rows(void *arg, int64_t begin, int64_t end) {
  const Crop *r = arg;
  const int64_t *in = r->x->dims, *out = r->out->dims;
  int64_t channels = in[3];
  for (int64_t i = begin; i < end; i++) {
    int64_t box = i / out[1];
    const float *b = (const float *)r->boxes->data + box * 4;
    int64_t image = ((const int32_t *)r->index->data)[box] * in[1];
    float y = position(b[0], b[2], i % out[1], out[1], in[1]);
    float *to = (float *)r->out->data + i * out[2] * channels;
    for (int64_t j = 0; j < out[2]; j++, to += channels) {
      float x = position(b[1], b[3], j, out[2], in[2]);
      bool inside = y >= 0 && y <= (float)(in[1] - 1) && x >= 0 && x <= (float)(in[2] - 1); /* no NaN is */
      if (!inside) {
        for (int64_t c = 0; c < channels; c++) to[c] = r->s->outside;
        continue;
      }
      float low_y = r->s->nearest ? roundf(y) : floorf(y), low_x = r->s->nearest ? roundf(x) : floorf(x);
      int64_t top = (image + index_at(low_y, in[1])) * in[2],
              bottom = (image + index_at(ceilf(y), in[1])) * in[2];
      int64_t left = index_at(low_x, in[2]), right = index_at(ceilf(x), in[2]);
      for (int64_t c = 0; c < channels; c++) {
        float tl = image_pixel(r->x, (top + left) * channels + c);
        if (r->s->nearest) {
          to[c] = tl;
          continue;
        }
        float tr = image_pixel(r->x, (top + right) * channels + c);
        float bl = image_pixel(r->x, (bottom + left) * channels + c),
              br = image_pixel(r->x, (bottom + right) * channels + c);
        float t = tl + (tr - tl) * (x - low_x), u = bl + (br - bl) * (x - low_x);
        to[c] = t + (u - t) * (y - low_y);
      }
    }
  }
}

static TF_Code crop_run(OpCtx *c, TF_Status *st) {
  Crop r = {c->state, op_input(c, 0), op_input(c, 1), op_input(c, 2), &c->outputs[0]};
  for (int64_t i = 0; i < r.out->dims[0]; i++) {
    if (!index_ok(int_at(r.index, i), r.x->dims[0]))
      return fail(st, TF_OUT_OF_RANGE, "box_index has values outside [0, batch_size)");
  }
  for (int64_t i = 0, n = tensor_count(r.boxes); i < n; i++) {
    if (!isfinite(((const float *)r.boxes->data)[i]))
      return fail(st, TF_INVALID_ARGUMENT, "Boxes contains at least one element that is not finite");
  }
  if (tensor_count(r.out) == 0) return TF_OK;
  parallel_for(c->threads, r.out->dims[0] * r.out->dims[1], 4096 / (r.out->dims[2] * r.out->dims[3]) + 1,
               crop_rows, &r);
  return TF_OK;
}

static TF_Code shape_crop(ShapeCtx *c, TF_Status *st) {
  static const int ranks[] = {4, 2, 1, 1};
  for (int i = 0; i < 4; i++) TRY(shape_want_rank(c, i, ranks[i], st));
  c->outputs[0] = shape_of_images(c, shape_dim(c->inputs[1], 0), 3, shape_dim(c->inputs[0], 3));
  return TF_OK;
}

const OpRow ops_image_crop[] = {
    {"CropAndResize", .types = "T: uint8 uint16 int8 int16 int32 int64 half float double", .value_inputs = 8,
     .state_size = sizeof(CropState), .shape = shape_crop, .init = crop_init, .prepare = crop_prepare,
     .run = crop_run},
    {0}};
