/* ImageSummary: images as PNG files in a Summary message. */
#include <math.h>
#include <stdlib.h>

#include "ops/array_util.h"
#include "ops/image_png.h"
#include "ops/string_util.h"
#include "ops/summary_message.h"

typedef struct ImageState {
  int64_t most;
  const Tensor *bad_color; /* for pixels with what is infinite or NaN */
} ImageState;

static TF_Code image_init(OpInit *k, TF_Status *st) {
  ImageState *s = k->state;
  char text[SHAPE_TEXT_MAX];
  TRY(node_attr_int(k->node, "max_images", &s->most, st));
  if (s->most >= (int64_t)1 << 31) return fail(st, TF_INVALID_ARGUMENT, "max_images must be < 2^31");
  TRY(node_attr_tensor(k->node, "bad_color", &s->bad_color, st));
  const Tensor *color = s->bad_color;
  if (color->dtype != TF_UINT8)
    return fail(st, TF_INVALID_ARGUMENT, "bad_color must be uint8, got %s", dtype_name(color->dtype));
  if (color->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "bad_color must be a vector, got shape %s",
                shape_text(color->dims, color->rank, text, sizeof text));
  return TF_OK;
}

static TF_Code image_prepare(OpCtx *c, TF_Status *st) {
  const ImageState *s = c->state;
  const Tensor *tag = op_input(c, 0), *x = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (tag->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "Tags must be a scalar");
  shape_text(x->dims, x->rank, text, sizeof text);
  int64_t depth = x->rank == 4 ? x->dims[3] : 0;
  if (depth != 1 && depth != 3 && depth != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Tensor must be 4-D with last dim 1, 3, or 4, not %s", text);
  if (x->dims[1] == 0 || x->dims[2] == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "input tensor must have non-zero dims. Found: [%lld, %lld, %lld, %lld].",
                (long long)x->dims[0], (long long)x->dims[1], (long long)x->dims[2], (long long)depth);
  if (x->dims[0] > INT32_MAX || x->dims[1] > INT32_MAX || x->dims[2] > INT32_MAX ||
      x->dims[1] * x->dims[2] >= 1 << 29)
    return fail(st, TF_INVALID_ARGUMENT, "Tensor too large for summary %s", text);
  if (x->dtype != TF_UINT8 && s->bad_color->dims[0] < depth)
    return fail(st, TF_INVALID_ARGUMENT,
                "expected depth <= bad_color.size, got depth = %lld, bad_color.size = %lld", (long long)depth,
                (long long)s->bad_color->dims[0]);
  op_scratch(c, (size_t)(x->dims[1] * x->dims[2] * depth));
  return op_output_scalar(c, 0, TF_STRING, st);
}

/* ---- numbers to bytes: positive ones by 255 / the largest, others by 127 / the largest around 128 ---- */

static float rounded(float v, TF_DataType dtype) {
  uint16_t bits;
  if (dtype != TF_HALF) return v;
  math_store_16(&bits, &v, 1, TF_HALF);
  math_load_16(&v, &bits, 1, TF_HALF);
  return v;
}

static bool finite_pixel(const Tensor *t, int64_t i, int64_t depth) {
  for (int64_t k = 0; k < depth; k++)
    if (!isfinite(math_number_at(t, i + k))) return false;
  return true;
}

typedef struct Scale {
  float scale, offset;
} Scale;

static Scale scale_of(const Tensor *t, int64_t first, int64_t pixels, int64_t depth) {
  const float zero = 1e-6f;
  float low = INFINITY, high = -INFINITY;
  for (int64_t i = first; i < first + pixels * depth; i += depth) {
    if (!finite_pixel(t, i, depth)) continue;
    for (int64_t k = 0; k < depth; k++) {
      float v = (float)math_number_at(t, i + k);
      low = v < low ? v : low;
      high = v > high ? v : high;
    }
  }
  if (!(low < 0)) return (Scale){rounded(high < zero ? 0 : 255 / high, t->dtype), 0};
  float most = fmaxf(fabsf(low), fabsf(high));
  return (Scale){rounded(most < zero ? 0 : 127 / most, t->dtype), 128};
}

static uint8_t byte_of(double v, Scale s, TF_DataType dtype) {
  double scaled;
  if (dtype == TF_DOUBLE) scaled = v * (double)s.scale + (double)s.offset;
  else scaled = (double)rounded(rounded((float)v * s.scale, dtype) + s.offset, dtype);
  return scaled > -1 && scaled < 256 ? (uint8_t)scaled : 0;
}

static void to_bytes(const Tensor *t, int64_t first, int64_t pixels, int64_t depth, const Tensor *bad,
                     uint8_t *out) {
  Scale s = scale_of(t, first, pixels, depth);
  for (int64_t p = 0; p < pixels; p++) {
    int64_t i = first + p * depth;
    bool finite = finite_pixel(t, i, depth);
    for (int64_t k = 0; k < depth; k++)
      out[p * depth + k] = finite ? byte_of(math_number_at(t, i + k), s, t->dtype)
                                  : ((const uint8_t *)bad->data)[k];
  }
}

/* ---- the message ---- */

/* TF: numbered unless one image was asked for. */
static TF_Code put_image(Bytes *out, Span tag, int64_t i, int64_t most, const int64_t *dims,
                         const uint8_t *pixels, TF_Status *st) {
  Bytes name = {0}, image = {0}, png = {0}, value = {0};
  TF_Code code = TF_OK;
  bytes_append(&name, tag.data, tag.size);
  bytes_puts(&name, "/image");
  if (most > 1) bytes_printf(&name, "/%lld", (long long)i);
  if (!image_png_write(&png, pixels, dims[1], dims[2], (int)dims[3], 8, -1))
    code = fail(st, TF_INTERNAL, "PNG encoding failed");
  summary_put_int(&image, 1, dims[1]);
  summary_put_int(&image, 2, dims[2]);
  summary_put_int(&image, 3, dims[3]);
  summary_put_message(&image, 4, &png);
  summary_put_message(&value, 1, &name);
  summary_put_message(&value, 4, &image);
  summary_put_message(out, 1, &value);
  bytes_clear(&name);
  bytes_clear(&image);
  bytes_clear(&png);
  bytes_clear(&value);
  return code;
}

static TF_Code image_run(OpCtx *c, TF_Status *st) {
  const ImageState *s = c->state;
  const Tensor *x = op_input(c, 1);
  int64_t pixels = x->dims[1] * x->dims[2], depth = x->dims[3];
  Bytes b = {0};
  TF_Code code = TF_OK;
  for (int64_t i = 0; i < x->dims[0] && i < s->most && !code; i++) {
    const uint8_t *image = x->dtype == TF_UINT8 ? (const uint8_t *)x->data + i * pixels * depth : c->scratch;
    if (image == c->scratch) to_bytes(x, i * pixels * depth, pixels, depth, s->bad_color, c->scratch);
    code = put_image(&b, string_at(op_input(c, 0), 0), i, s->most, x->dims, image, st);
  }
  return summary_finish(c, &b, code, st);
}

const OpRow ops_summary_image[] = {
    {"ImageSummary", .types = "T: uint8 float half double", .state_size = sizeof(ImageState),
     .shape = shape_scalar, .init = image_init, .prepare = image_prepare, .run = image_run},
    {0}};
