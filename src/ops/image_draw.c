/* DrawBoundingBoxes, V2: frames of one pixel around boxes. */
#include <string.h>

#include "ops/array_util.h"
#include "ops/op.h"

static TF_Code draw_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *boxes = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "The rank of the images should be 4");
  if (boxes->rank != 3) return fail(st, TF_INVALID_ARGUMENT, "The rank of the boxes tensor should be 3");
  if (x->dims[0] != boxes->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "The batch sizes should be the same");
  int64_t depth = x->dims[3];
  if (depth != 1 && depth != 3 && depth != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)");
  if (boxes->dims[2] != 4)
    return fail(st, TF_INVALID_ARGUMENT,
                "The size of the third dimension of the box must be 4. Received: %lld",
                (long long)boxes->dims[2]);
  if (c->num_inputs < 3) return op_output_like(c, 0, x, st);
  const Tensor *colors = op_input(c, 2);
  shape_text(colors->dims, colors->rank, text, sizeof text);
  if (colors->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "colors must be a 2-D matrix%s", text);
  if (colors->dims[1] < depth)
    return fail(st, TF_INVALID_ARGUMENT,
                "colors must have equal or more channels than the image provided: %s", text);
  return op_output_like(c, 0, x, st);
}

/* The pixel row or column at `part` of an image of n. What is no number or too large is far outside, as on
 * the processors that TensorFlow runs on. */
static int64_t pixel_of(float part, int64_t n) {
  float at = part * (float)(n - 1);
  return at > -0x1p62f && at < 0x1p62f ? (int64_t)at : INT64_MIN;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

typedef struct Canvas {
  char *image;
  int64_t height, width;
  size_t pixel; /* bytes */
} Canvas;

/* Pixels from (top, left) to (bottom, right), both included, which must be inside. */
static void fill(const Canvas *v, int64_t top, int64_t left, int64_t bottom, int64_t right,
                 const void *color) {
  for (int64_t y = top; y <= bottom; y++)
    for (int64_t x = left; x <= right; x++)
      memcpy(v->image + (size_t)(y * v->width + x) * v->pixel, color, v->pixel);
}

static TF_Code draw_box(const Canvas *v, const float *box, const void *color, TF_Status *st) {
  int64_t top = pixel_of(box[0], v->height), left = pixel_of(box[1], v->width);
  int64_t bottom = pixel_of(box[2], v->height), right = pixel_of(box[3], v->width);
  if (top > bottom || left > right || top >= v->height || bottom < 0 || left >= v->width || right < 0)
    return TF_OK;
  if (v->height == 0) return fail(st, TF_INVALID_ARGUMENT, "Max box row clamp is less than 0.");
  if (v->width == 0) return fail(st, TF_INVALID_ARGUMENT, "Max box col clamp is less than 0.");
  int64_t y0 = most(top, 0), x0 = most(left, 0), y1 = least(bottom, v->height - 1),
          x1 = least(right, v->width - 1);
  if (top >= 0) fill(v, top, x0, top, x1, color);
  if (bottom < v->height) fill(v, bottom, x0, bottom, x1, color);
  if (left >= 0) fill(v, y0, left, y1, left, color);
  if (right < v->width) fill(v, y0, right, y1, right, color);
  return TF_OK;
}

/* The color of box i, in the image's dtype. */
static void color_of(const Tensor *colors, int64_t i, const Tensor *image, void *out) {
  static const float defaults[10][4] = {{1, 1, 0, 1},     {0, 0, 1, 1},     {1, 0, 0, 1},   {0, 1, 0, 1},
                                        {.5f, 0, .5f, 1}, {.5f, .5f, 0, 1}, {.5f, 0, 0, 1}, {0, 0, .5f, 1},
                                        {0, 1, 1, 1},     {1, 0, 1, 1}};
  static const float white[4] = {1, 1, 1, 1};
  int64_t depth = image->dims[3];
  const float *color = depth == 1 ? white : defaults[i % 10];
  if (colors && tensor_count(colors))
    color = (const float *)colors->data + i % colors->dims[0] * colors->dims[1];
  if (image->dtype == TF_FLOAT) memcpy(out, color, (size_t)depth * sizeof *color);
  else math_store_16(out, color, depth, image->dtype);
}

static TF_Code draw_run(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *boxes = op_input(c, 1),
               *colors = c->num_inputs > 2 ? op_input(c, 2) : NULL;
  Tensor *out = &c->outputs[0];
  size_t size = dtype_size(x->dtype), bytes = (size_t)tensor_count(x) * size;
  if (bytes && out->data != x->data) memcpy(out->data, x->data, bytes);
  for (int64_t i = 0; i < boxes->dims[0] * boxes->dims[1]; i++) {
    float color[4];
    size_t image = (size_t)(x->dims[1] * x->dims[2] * x->dims[3]) * size;
    Canvas v = {bytes ? (char *)out->data + (size_t)(i / boxes->dims[1]) * image : NULL, x->dims[1],
                x->dims[2], (size_t)x->dims[3] * size};
    color_of(colors, i % boxes->dims[1], x, color);
    TRY(draw_box(&v, (const float *)boxes->data + 4 * i, color, st));
  }
  return TF_OK;
}

static TF_Code shape_draw(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank_at_least(c, 0, 3, st));
  return shape_same(c, st);
}

#define DRAW(name_)                                                                  \
  {                                                                                  \
    name_, .types = "T: half float", .flags = OP_INPLACE_FIRST, .shape = shape_draw, \
           .prepare = draw_prepare, .run = draw_run                                  \
  }
const OpRow ops_image_draw[] = {DRAW("DrawBoundingBoxes"), DRAW("DrawBoundingBoxesV2"), {0}};
