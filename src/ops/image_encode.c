/* EncodeJpeg, EncodeJpegVariableQuality, EncodePng: pixels to image files. */
#include <string.h>

#include "ops/array_util.h"
#include "ops/image_jpeg.h"
#include "ops/image_png.h"
#include "ops/string_util.h"

/* ---- JPEG ---- */

typedef struct JpegState {
  ImageJpegFormat format;
  const char *name; /* of attr format */
  int channels;     /* 0: those of the image */
} JpegState;

static bool span_is(Span s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

static TF_Code check_quality(int64_t quality, TF_Status *st) {
  if (quality >= 0 && quality <= 100) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "quality must be in [0,100], got %lld", (long long)quality);
}

static TF_Code init_density(OpInit *k, ImageJpegFormat *f, TF_Status *st) {
  Span unit;
  int64_t x, y;
  TRY(node_attr_string(k->node, "density_unit", &unit, st));
  if (!span_is(unit, "in") && !span_is(unit, "cm"))
    return fail(st, TF_INVALID_ARGUMENT, "density_unit must be 'in' or 'cm'%.*s", (int)unit.size,
                (const char *)unit.data);
  f->density_unit = span_is(unit, "in") ? 1 : 2;
  TRY(node_attr_int(k->node, "x_density", &x, st));
  TRY(node_attr_int(k->node, "y_density", &y, st));
  f->x_density = (int)(uint16_t)x;
  f->y_density = (int)(uint16_t)y;
  return TF_OK;
}

static TF_Code init_jpeg(OpInit *k, TF_Status *st) {
  JpegState *s = k->state;
  Span format;
  int64_t quality;
  TRY(node_attr_string(k->node, "format", &format, st));
  s->name = span_is(format, "rgb") ? "rgb" : "grayscale";
  s->channels = format.size == 0 ? 0 : span_is(format, "rgb") ? 3 : 1;
  if (s->channels == 1 && !span_is(format, "grayscale"))
    return fail(st, TF_INVALID_ARGUMENT, "format must be '', grayscale or rgb, got %.*s", (int)format.size,
                (const char *)format.data);
  TRY(node_attr_int(k->node, "quality", &quality, st));
  TRY(check_quality(quality, st));
  s->format.quality = (int)quality;
  TRY(node_attr_bool(k->node, "progressive", &s->format.progressive, st));
  TRY(node_attr_bool(k->node, "optimize_size", &s->format.optimize, st));
  TRY(node_attr_bool(k->node, "chroma_downsampling", &s->format.downsample, st));
  TRY(init_density(k, &s->format, st));
  return node_attr_string(k->node, "xmp_metadata", &s->format.xmp, st);
}

static TF_Code init_variable(OpInit *k, TF_Status *st) {
  (void)st;
  JpegState *s = k->state;
  s->format = (ImageJpegFormat){.downsample = true, .density_unit = 1, .x_density = 300, .y_density = 300};
  return TF_OK;
}

static TF_Code jpeg_prepare(OpCtx *c, TF_Status *st) {
  const JpegState *s = c->state;
  const Tensor *image = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  TRY(tensor_want_rank(image, "image", 3, st));
  shape_text(image->dims, image->rank, text, sizeof text);
  if (tensor_count(image) >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot encode images with >= max int32 elements");
  if (c->num_inputs > 1 && op_input(c, 1)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "quality must be scalar: %s",
                shape_text(op_input(c, 1)->dims, op_input(c, 1)->rank, text, sizeof text));
  if (s->channels == 0 && image->dims[2] != 1 && image->dims[2] != 3)
    return fail(st, TF_INVALID_ARGUMENT, "image must have 1 or 3 channels, got %s", text);
  if (s->channels != 0 && image->dims[2] != s->channels)
    return fail(st, TF_INVALID_ARGUMENT, "format %s expects %d channels, got %s", s->name, s->channels, text);
  return op_output_scalar(c, 0, TF_STRING, st);
}

static TF_Code jpeg_run(OpCtx *c, TF_Status *st) {
  const JpegState *s = c->state;
  const Tensor *image = op_input(c, 0);
  ImageJpegFormat format = s->format;
  if (c->num_inputs > 1) {
    int64_t quality = int_at(op_input(c, 1), 0);
    TRY(check_quality(quality, st));
    format.quality = (int)quality;
  }
  Bytes b = {0};
  TF_Code code = TF_OK;
  if (!image_jpeg_write(&b, image->data, image->dims[0], image->dims[1], (int)image->dims[2], &format))
    code = fail(st, TF_INTERNAL, "JPEG encoding failed");
  if (!code) code = string_put_bytes(&c->outputs[0], 0, &b, st);
  bytes_clear(&b);
  return code;
}

/* ---- PNG ---- */

static TF_Code init_png(OpInit *k, TF_Status *st) {
  int64_t *compression = k->state;
  TRY(node_attr_int(k->node, "compression", compression, st));
  if (*compression < -1 || *compression > 9)
    return fail(st, TF_INVALID_ARGUMENT, "compression should be in [-1,9], got %lld",
                (long long)*compression);
  return TF_OK;
}

static TF_Code png_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (x->rank < 3)
    return fail(st, TF_INVALID_ARGUMENT, "images must be at least rank 3%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  if (tensor_count(x) >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "image cannot have >= int32 max elements");
  int64_t width = x->dims[x->rank - 2], channels = x->dims[x->rank - 1], line;
  if (__builtin_mul_overflow(width, channels, &line) || line >= INT32_MAX / 2)
    return fail(st, TF_INVALID_ARGUMENT, "image too wide to encode");
  if (channels < 1 || channels > 4)
    return fail(st, TF_INVALID_ARGUMENT, "image must have 1, 2, 3, or 4 channels, got %lld",
                (long long)channels);
  return op_output(c, 0, TF_STRING, x->dims, x->rank - 3, st);
}

static TF_Code png_run(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  const int64_t *dims = x->dims + x->rank - 3, *compression = c->state;
  size_t sample = dtype_size(x->dtype), size = (size_t)(dims[0] * dims[1] * dims[2]) * sample;
  Bytes bad = {0};
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(&c->outputs[0]); i < n && !code && bad.size < FAIL_MESSAGE_MAX; i++) {
    Bytes b = {0};
    if (image_png_write(&b, (const char *)x->data + (size_t)i * size, dims[0], dims[1], (int)dims[2],
                        (int)sample * 8, (int)*compression))
      code = string_put_bytes(&c->outputs[0], i, &b, st);
    else bytes_printf(&bad, "%s%lld", bad.size ? ", " : "", (long long)i);
    bytes_clear(&b);
  }
  if (!code) code = bytes_finish(&bad, "an error message", st);
  if (!code && bad.size)
    code = fail(st, TF_INTERNAL, "PNG encoding failed at the following flattened batch indices: %s",
                bad.data);
  bytes_clear(&bad);
  return code;
}

/* ---- shapes ---- */

static TF_Code shape_jpeg(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 3, st));
  return shape_scalar(c, st);
}

static TF_Code shape_png(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank_at_least(c, 0, 3, st));
  const Shape *x = c->inputs[0];
  if (x->rank < 0) return TF_OK;
  c->outputs[0] = *x;
  c->outputs[0].rank = x->rank - 3;
  return TF_OK;
}

const OpRow ops_image_encode[] = {
    {"EncodeJpeg", .state_size = sizeof(JpegState), .shape = shape_jpeg, .init = init_jpeg,
     .prepare = jpeg_prepare, .run = jpeg_run},
    {"EncodeJpegVariableQuality", .state_size = sizeof(JpegState), .shape = shape_jpeg, .init = init_variable,
     .prepare = jpeg_prepare, .run = jpeg_run},
    {"EncodePng", .types = "T: uint8 uint16", .state_size = sizeof(int64_t), .shape = shape_png,
     .init = init_png, .prepare = png_prepare, .run = png_run},
    {0}};
