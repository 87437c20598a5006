/* CropAndResizeGradImage and CropAndResizeGradBoxes. */
#include <math.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/image_pixel.h"
#include "ops/op.h"

typedef struct CropGradState {
  bool nearest;
} CropGradState;

static TF_Code init_method(OpInit *k, TF_Status *st) {
  CropGradState *s = k->state;
  Span method;
  TRY(node_attr_string(k->node, "method", &method, st));
  s->nearest = method.size == 7 && memcmp(method.data, "nearest", 7) == 0;
  if (s->nearest || (method.size == 8 && memcmp(method.data, "bilinear", 8) == 0)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "method must be 'bilinear' or 'nearest'%.*s", (int)method.size,
              (const char *)method.data);
}

/* ---- checks ---- */

static TF_Code check_grads(const Tensor *g, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (g->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "grads image must be 4-D%s",
                shape_text(g->dims, g->rank, text, sizeof text));
  if (g->dims[1] <= 0 || g->dims[2] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "grads dimensions must be positive");
  return TF_OK;
}

static TF_Code check_boxes(const Tensor *boxes, const Tensor *index, const Tensor *grads, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  int64_t n = 0;
  if (tensor_count(boxes) || tensor_count(index)) {
    if (boxes->rank != 2)
      return fail(st, TF_INVALID_ARGUMENT, "boxes must be 2-D%s",
                  shape_text(boxes->dims, boxes->rank, text, sizeof text));
    if (boxes->dims[1] != 4) return fail(st, TF_INVALID_ARGUMENT, "boxes must have 4 columns");
    if (index->rank != 1)
      return fail(st, TF_INVALID_ARGUMENT, "box_index must be 1-D%s",
                  shape_text(index->dims, index->rank, text, sizeof text));
    n = boxes->dims[0];
    if (index->dims[0] != n) return fail(st, TF_INVALID_ARGUMENT, "box_index has incompatible shape");
  }
  if (grads->dims[0] != n) return fail(st, TF_INVALID_ARGUMENT, "boxes and grads have incompatible shape");
  return TF_OK;
}

static TF_Code check_index(const Tensor *index, int64_t batch, TF_Status *st) {
  for (int64_t i = 0, n = tensor_count(index); i < n; i++)
    if (!index_ok(int_at(index, i), batch))
      return fail(st, TF_OUT_OF_RANGE, "box_index has values outside [0, batch_size)");
  return TF_OK;
}

static TF_Code image_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *g = op_input(c, 0), *size = op_input(c, 3);
  char text[SHAPE_TEXT_MAX];
  int64_t dims[4];
  TRY(check_grads(g, st));
  TRY(check_boxes(op_input(c, 1), op_input(c, 2), g, st));
  shape_text(size->dims, size->rank, text, sizeof text);
  if (size->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "image_size must be 1-D%s", text);
  if (size->dims[0] != 4) return fail(st, TF_INVALID_ARGUMENT, "image_size must have 4 elements%s", text);
  for (int i = 0; i < 4; i++) dims[i] = int_at(size, i);
  if (dims[1] <= 0 || dims[2] <= 0) return fail(st, TF_INVALID_ARGUMENT, "image dimensions must be positive");
  if (g->dims[3] != dims[3]) return fail(st, TF_INVALID_ARGUMENT, "image_size and grads are incompatible");
  if (dims[0] < 0)
    return fail(st, TF_INVALID_ARGUMENT, "Expected a non-negative size, got %lld", (long long)dims[0]);
  return op_output(c, 0, c->node->output_types[0], dims, 4, st);
}

static TF_Code boxes_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *g = op_input(c, 0), *x = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  TRY(check_grads(g, st));
  if (x->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "input image must be 4-D%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  if (x->dims[1] <= 0 || x->dims[2] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "image dimensions must be positive");
  if (x->dims[3] != g->dims[3]) return fail(st, TF_INVALID_ARGUMENT, "image, grads depth differ");
  TRY(check_boxes(op_input(c, 2), op_input(c, 3), g, st));
  return op_output(c, 0, TF_FLOAT, (int64_t[]){g->dims[0], 4}, 2, st);
}

/* ---- where a pixel of a crop comes from, along one dimension ---- */

typedef struct Source {
  int64_t low, high, nearest;
  float part; /* of `high` */
} Source;

/* Pixel i of n between `from` and `to`, in an image of `size`; false outside of it (and for NaN). */
static bool source_of(float from, float to, float scale, int64_t i, int64_t n, int64_t size, Source *s) {
  float last = (float)(size - 1);
  float at = n > 1 ? from * last + (float)i * scale : (float)(0.5 * (double)(from + to) * (double)(size - 1));
  if (!(at >= 0 && at <= last)) return false;
  s->low = (int64_t)floorf(at) < size ? (int64_t)floorf(at)
                                      : size - 1; /* so many pixels need not be exact in float */
  s->high = (int64_t)ceilf(at) < size ? (int64_t)ceilf(at) : size - 1;
  s->nearest = (int64_t)roundf(at) < size ? (int64_t)roundf(at) : size - 1;
  s->part = at - (float)s->low;
  return true;
}

/* ---- the gradient of the image: TensorFlow adds in the image's dtype, box after box ---- */

static void add_to(Tensor *t, int64_t i, float v) {
  float f;
  switch (t->dtype) {
    case TF_FLOAT: ((float *)t->data)[i] += v; break;
    case TF_DOUBLE: ((double *)t->data)[i] += (double)v; break;
    default: {
      uint16_t *at = (uint16_t *)t->data + i;
      uint16_t rounded;
      float w;
      math_store_16(&rounded, &v, 1, t->dtype);
      math_load_16(&w, &rounded, 1, t->dtype);
      math_load_16(&f, at, 1, t->dtype);
      f += w;
      math_store_16(at, &f, 1, t->dtype);
    }
  }
}

static void spread(Tensor *out, int64_t image, const Source *y, const Source *x, const float *grad,
                   bool nearest) {
  const int64_t *dims = out->dims;
  int64_t depth = dims[3], top = (image * dims[1] + y->low) * dims[2],
          bottom = (image * dims[1] + y->high) * dims[2];
  for (int64_t k = 0; k < depth; k++) {
    if (nearest) {
      add_to(out, ((image * dims[1] + y->nearest) * dims[2] + x->nearest) * depth + k, grad[k]);
      continue;
    }
    float above = (1 - y->part) * grad[k], below = y->part * grad[k];
    add_to(out, (top + x->low) * depth + k, (1 - x->part) * above);
    add_to(out, (top + x->high) * depth + k, x->part * above);
    add_to(out, (bottom + x->low) * depth + k, (1 - x->part) * below);
    add_to(out, (bottom + x->high) * depth + k, x->part * below);
  }
}

static TF_Code image_run(OpCtx *c, TF_Status *st) {
  const CropGradState *s = c->state;
  const Tensor *g = op_input(c, 0), *boxes = op_input(c, 1), *index = op_input(c, 2);
  Tensor *out = &c->outputs[0];
  int64_t height = g->dims[1], width = g->dims[2], depth = g->dims[3];
  TRY(check_index(index, out->dims[0], st));
  tensor_zero(out);
  for (int64_t b = 0; b < g->dims[0]; b++) {
    const float *box = (const float *)boxes->data + 4 * b;
    float down = height > 1 ? (box[2] - box[0]) * (float)(out->dims[1] - 1) / (float)(height - 1) : 0;
    float across = width > 1 ? (box[3] - box[1]) * (float)(out->dims[2] - 1) / (float)(width - 1) : 0;
    for (int64_t y = 0; y < height; y++) {
      Source sy, sx;
      if (!source_of(box[0], box[2], down, y, height, out->dims[1], &sy)) continue;
      for (int64_t x = 0; x < width; x++)
        if (source_of(box[1], box[3], across, x, width, out->dims[2], &sx))
          spread(out, int_at(index, b), &sy, &sx,
                 (const float *)g->data + ((b * height + y) * width + x) * depth, s->nearest);
    }
  }
  return TF_OK;
}

/* ---- the gradient of the boxes ---- */

/* How a box's sides move pixel i of n: d[0] the low side, d[1] the high one, by the image's slope. */
static void add_sides(float *low, float *high, float slope, int64_t i, int64_t n, int64_t size, float ratio) {
  if (n > 1) {
    *low += slope * ((float)(size - 1) - (float)i * ratio);
    *high += slope * ((float)i * ratio);
  } else {
    *low = (float)((double)*low + (double)slope * 0.5 * (double)(size - 1));
    *high = (float)((double)*high + (double)slope * 0.5 * (double)(size - 1));
  }
}

typedef struct BoxGrad {
  const Tensor *grads, *image;
  float down, across; /* image pixels for a whole box's pixel */
} BoxGrad;

/* One pixel of one crop. */
static void add_slopes(const BoxGrad *w, int64_t b, int64_t y, int64_t x, int64_t image, const Source *sy,
                       const Source *sx, float *out) {
  const int64_t *dims = w->image->dims, *crop = w->grads->dims;
  int64_t depth = dims[3], top = (image * dims[1] + sy->low) * dims[2],
          bottom = (image * dims[1] + sy->high) * dims[2];
  for (int64_t k = 0; k < depth; k++) {
    float tl = image_pixel(w->image, (top + sx->low) * depth + k),
          tr = image_pixel(w->image, (top + sx->high) * depth + k);
    float bl = image_pixel(w->image, (bottom + sx->low) * depth + k),
          br = image_pixel(w->image, (bottom + sx->high) * depth + k);
    float g = ((const float *)w->grads->data)[((b * crop[1] + y) * crop[2] + x) * depth + k];
    float slope_y = ((1 - sx->part) * (bl - tl) + sx->part * (br - tr)) * g;
    float slope_x = ((1 - sy->part) * (tr - tl) + sy->part * (br - bl)) * g;
    add_sides(&out[0], &out[2], slope_y, y, crop[1], dims[1], w->down);
    add_sides(&out[1], &out[3], slope_x, x, crop[2], dims[2], w->across);
  }
}

static TF_Code boxes_run(OpCtx *c, TF_Status *st) {
  const Tensor *g = op_input(c, 0), *image = op_input(c, 1), *boxes = op_input(c, 2), *index = op_input(c, 3);
  const int64_t *dims = image->dims;
  int64_t height = g->dims[1], width = g->dims[2];
  TRY(check_index(index, dims[0], st));
  tensor_zero(&c->outputs[0]);
  BoxGrad w = {g, image, height > 1 ? (float)(dims[1] - 1) / (float)(height - 1) : 0,
               width > 1 ? (float)(dims[2] - 1) / (float)(width - 1) : 0};
  for (int64_t b = 0; b < g->dims[0]; b++) {
    const float *box = (const float *)boxes->data + 4 * b;
    float *out = (float *)c->outputs[0].data + 4 * b;
    for (int64_t y = 0; y < height; y++) {
      Source sy, sx;
      if (!source_of(box[0], box[2], (box[2] - box[0]) * w.down, y, height, dims[1], &sy)) continue;
      for (int64_t x = 0; x < width; x++)
        if (source_of(box[1], box[3], (box[3] - box[1]) * w.across, x, width, dims[2], &sx))
          add_slopes(&w, b, y, x, int_at(index, b), &sy, &sx, out);
    }
  }
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code shape_image(ShapeCtx *c, TF_Status *st) {
  Shape out;
  TRY(shape_of_value(c, 3, &out, st));
  if (out.rank >= 0 && out.rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 4 but is rank %d", out.rank);
  c->outputs[0] = out.rank == 4 ? out : shape_of_rank(4);
  return TF_OK;
}

static TF_Code shape_boxes(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_matrix(shape_dim(c->inputs[2], 0), 4);
  if (c->inputs[2]->rank != 2) c->outputs[0].dims[0] = -1;
  return TF_OK;
}

const OpRow ops_image_crop_grad[] = {
    {"CropAndResizeGradImage", .types = "T: float half double", .value_inputs = 8,
     .state_size = sizeof(CropGradState), .shape = shape_image, .init = init_method, .prepare = image_prepare,
     .run = image_run},
    {"CropAndResizeGradBoxes", .types = "T: uint8 uint16 int8 int16 int32 int64 half float double",
     .state_size = sizeof(CropGradState), .shape = shape_boxes, .init = init_method, .prepare = boxes_prepare,
     .run = boxes_run},
    {0}};
