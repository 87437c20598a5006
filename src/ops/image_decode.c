/* DecodeJpeg, DecodePng, DecodeGif, DecodeBmp, DecodeImage, DecodeAndCropJpeg, ExtractJpegShape: image files
 * to pixels.
 *
 * TF: each of them decodes what the first bytes say the file is, not what the op is called; DecodeBmp and
 * DecodeAndCropJpeg refuse others, and none but DecodeImage takes a BMP or more than one frame of a GIF. */
#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/image_bmp.h"
#include "ops/image_gif.h"
#include "ops/image_jpeg.h"
#include "ops/image_png.h"
#include "ops/string_util.h"

typedef enum DecodeOp { DECODE_JPEG, DECODE_CROP, DECODE_PNG, DECODE_GIF, DECODE_BMP, DECODE_ANY } DecodeOp;

typedef struct DecodeState {
  DecodeOp op;
  TF_DataType dtype; /* of the output */
  int channels;
  bool expand; /* all frames of a GIF */
  ImageJpegOptions jpeg;
} DecodeState;

/* ---- attributes ---- */

static bool span_is(Span s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

static TF_Code init_jpeg(OpInit *k, ImageJpegOptions *o, TF_Status *st) {
  int64_t ratio;
  Span dct;
  TRY(node_attr_int(k->node, "ratio", &ratio, st));
  if (ratio != 1 && ratio != 2 && ratio != 4 && ratio != 8)
    return fail(st, TF_INVALID_ARGUMENT, "ratio must be 1, 2, 4, or 8, got %lld", (long long)ratio);
  o->ratio = (int)ratio;
  TRY(node_attr_bool(k->node, "fancy_upscaling", &o->fancy, st));
  TRY(node_attr_bool(k->node, "try_recover_truncated", &o->recover, st));
  TRY(node_attr_float(k->node, "acceptable_fraction", &o->acceptable, st));
  TRY(node_attr_string(k->node, "dct_method", &dct, st));
  o->accurate = span_is(dct, "INTEGER_ACCURATE");
  if (dct.size && !o->accurate && !span_is(dct, "INTEGER_FAST"))
    return fail(st, TF_INVALID_ARGUMENT,
                "dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}");
  return TF_OK;
}

static TF_Code init_decode(OpInit *k, DecodeOp op, TF_Status *st) {
  DecodeState *s = k->state;
  int64_t channels = 3;
  s->op = op;
  s->dtype = k->node->output_types[0];
  s->jpeg = (ImageJpegOptions){.ratio = 1, .fancy = true, .acceptable = 1, .crop = op == DECODE_CROP};
  s->expand = true;
  if (op == DECODE_JPEG || op == DECODE_CROP) TRY(init_jpeg(k, &s->jpeg, st));
  if (op == DECODE_ANY) TRY(node_attr_bool(k->node, "expand_animations", &s->expand, st));
  if (op != DECODE_GIF) TRY(node_attr_int(k->node, "channels", &channels, st));
  if (channels != 0 && channels != 1 && channels != 3 && channels != 4)
    return fail(st, TF_INVALID_ARGUMENT, "`channels` must be 0, 1, 3 or 4 but got %lld", (long long)channels);
  s->channels = (int)channels;
  return TF_OK;
}

static TF_Code init_jpeg_op(OpInit *k, TF_Status *st) { return init_decode(k, DECODE_JPEG, st); }
static TF_Code init_crop(OpInit *k, TF_Status *st) { return init_decode(k, DECODE_CROP, st); }
static TF_Code init_png(OpInit *k, TF_Status *st) { return init_decode(k, DECODE_PNG, st); }
static TF_Code init_gif(OpInit *k, TF_Status *st) { return init_decode(k, DECODE_GIF, st); }
static TF_Code init_bmp(OpInit *k, TF_Status *st) { return init_decode(k, DECODE_BMP, st); }
static TF_Code init_any(OpInit *k, TF_Status *st) { return init_decode(k, DECODE_ANY, st); }

/* ---- the output ---- */

/* Pixels of 8 bits: in the output where it has that dtype, else to be widened into it. */
typedef struct Pixels {
  uint8_t *data;
  void *owned;
} Pixels;

/* Output 0 of these dims; `size`: bytes of a decoded sample. */
static TF_Code pixels_make(OpCtx *c, Pixels *p, const int64_t *dims, int rank, size_t size, TF_Status *st) {
  const DecodeState *s = c->state;
  *p = (Pixels){0};
  TRY(op_alloc_output(c, 0, s->dtype, dims, rank, st));
  if (dtype_size(s->dtype) == size) {
    p->data = c->outputs[0].data;
    return TF_OK;
  }
  p->data = p->owned = malloc((size_t)tensor_count(&c->outputs[0]) * size + 1);
  return p->data ? TF_OK : fail_oom(st, "the pixels of an image");
}

static void widen_8(Tensor *out, const uint8_t *in) {
  int64_t n = tensor_count(out);
  if (out->dtype == TF_UINT16)
    for (int64_t i = 0; i < n; i++) ((uint16_t *)out->data)[i] = (uint16_t)(in[i] << 8);
  if (out->dtype == TF_FLOAT)
    for (int64_t i = 0; i < n; i++) ((float *)out->data)[i] = (float)in[i] * (float)(1.0 / UINT8_MAX);
}

static void pixels_finish(OpCtx *c, Pixels *p, bool ok) {
  if (ok && p->owned) widen_8(&c->outputs[0], p->owned);
  free(p->owned);
}

/* Dims of one image; TF: DecodeGif gives still pictures as one frame. */
static TF_Code image_make(OpCtx *c, Pixels *p, int64_t height, int64_t width, int64_t channels, size_t size,
                          TF_Status *st) {
  const DecodeState *s = c->state;
  int64_t dims[4] = {1, height, width, channels};
  bool frames = s->op == DECODE_GIF;
  return pixels_make(c, p, frames ? dims : dims + 1, frames ? 4 : 3, size, st);
}

/* DecodeBmp and DecodeAndCropJpeg take their own format only. */
static TF_Code refuse(const DecodeState *s, const char *format, const char *op, TF_Status *st) {
  if (s->op == DECODE_BMP)
    return fail(st, TF_INVALID_ARGUMENT,
                "Trying to decode %s format using DecodeBmp op. Use `%s` or `decode_image` instead.", format,
                op);
  if (s->op == DECODE_CROP && strcmp(format, "JPEG") != 0)
    return fail(st, TF_INVALID_ARGUMENT, "DecodeAndCropJpeg operation can run on JPEG only, but detected %s.",
                format);
  return TF_OK;
}

/* ---- formats ---- */

static TF_Code read_window(OpCtx *c, ImageJpegOptions *o, TF_Status *st) {
  const Tensor *window = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  shape_text(window->dims, window->rank, text, sizeof text);
  if (window->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "crop_window must be 1-D, got shape %s", text);
  if (window->dims[0] != 4)
    return fail(st, TF_INVALID_ARGUMENT, "crop_size must have four elements %s", text);
  o->y = int_at(window, 0);
  o->x = int_at(window, 1);
  o->height = int_at(window, 2);
  o->width = int_at(window, 3);
  return TF_OK;
}

static TF_Code decode_jpeg(OpCtx *c, Span file, TF_Status *st) {
  const DecodeState *s = c->state;
  ImageJpegOptions options = s->jpeg;
  Pixels pixels = {0};
  if (s->channels == 4) return fail(st, TF_INVALID_ARGUMENT, "JPEG does not support 4 channels");
  options.channels = s->channels;
  if (s->op == DECODE_CROP) TRY(read_window(c, &options, st));
  TRY(refuse(s, "JPEG", "decode_jpeg", st));
  options.env = c->env;
  ImageJpeg *jpeg;
  TRY(image_jpeg_open(&jpeg, file, &options, st));
  TF_Code code = image_make(c, &pixels, jpeg->height, jpeg->width, jpeg->channels, 1, st);
  if (!code) code = image_jpeg_read(jpeg, pixels.data, st);
  pixels_finish(c, &pixels, !code);
  image_jpeg_close(jpeg);
  return code;
}

/* TensorFlow's limits, which keep sizes of lines and images in an int with bits to spare. */
static bool png_too_large(const ImagePng *png) {
  return png->width >= 1 << 27 || png->height >= 1 << 27 || png->width * png->height >= 1 << 29;
}

static void float_of_16(Tensor *out, const void *in) {
  const uint16_t *from = in;
  for (int64_t i = 0, n = tensor_count(out); i < n; i++)
    ((float *)out->data)[i] = (float)from[i] * (float)(1.0 / UINT16_MAX);
}

static TF_Code read_png(OpCtx *c, ImagePng *png, size_t file_size, TF_Status *st) {
  const DecodeState *s = c->state;
  Pixels pixels = {0};
  if (png_too_large(png))
    return fail(st, TF_INVALID_ARGUMENT, "PNG size too large for int: %lld by %lld", (long long)png->width,
                (long long)png->height);
  TRY(refuse(s, "PNG", "decode_png", st));
  if (!image_png_plausible(png))
    return fail(st, TF_INVALID_ARGUMENT, "Invalid PNG data, size %zu", file_size);
  TF_Code code = image_make(c, &pixels, png->height, png->width, png->channels, s->dtype == TF_UINT8 ? 1 : 2,
                            st);
  if (!code && !image_png_read(png, pixels.data))
    code = fail(st, TF_INVALID_ARGUMENT, "Invalid PNG data, size %zu", file_size);
  if (!code && pixels.owned) float_of_16(&c->outputs[0], pixels.owned);
  free(pixels.owned);
  return code;
}

static TF_Code decode_png(OpCtx *c, Span file, TF_Status *st) {
  const DecodeState *s = c->state;
  ImagePng *png = image_png_open(file, s->channels, s->dtype == TF_UINT8 ? 8 : 16);
  if (!png) return fail(st, TF_INVALID_ARGUMENT, "Invalid PNG. Failed to initialize decoder.");
  TF_Code code = read_png(c, png, file.size, st);
  image_png_close(png);
  return code;
}

static TF_Code read_gif(OpCtx *c, ImageGif *gif, size_t file_size, TF_Status *st) {
  const DecodeState *s = c->state;
  Pixels pixels = {0};
  int64_t dims[4] = {s->expand ? gif->frames : 1, gif->height, gif->width, 3};
  if (gif->too_large) return fail_oom(st, "the frames of a GIF file");
  if (gif->frames == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid GIF data (size %zu), %s", file_size, gif->error);
  bool still = s->op == DECODE_PNG || s->op == DECODE_JPEG;
  if (still && gif->frames > 1)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Got %lld frames, but animated gifs can only be decoded by tf.io.decode_gif or tf.io.decode_image",
        (long long)gif->frames);
  still = still || !s->expand;
  TF_Code code = pixels_make(c, &pixels, still ? dims + 1 : dims, still ? 3 : 4, 1, st);
  bool ok = !code && image_gif_read(gif, dims[0], pixels.data);
  if (!code && !ok)
    code = fail(st, TF_INVALID_ARGUMENT, "Invalid GIF data (size %zu), %s", file_size, gif->error);
  pixels_finish(c, &pixels, ok);
  return code;
}

static TF_Code decode_gif(OpCtx *c, Span file, TF_Status *st) {
  const DecodeState *s = c->state;
  if (s->channels != 0 && s->channels != 3)
    return fail(st, TF_INVALID_ARGUMENT, "channels must be 0 or 3 for GIF, got %d", s->channels);
  TRY(refuse(s, "GIF", "decode_gif", st));
  ImageGif *gif = image_gif_open(file, c->env ? c->env->memory_limit : 0);
  if (!gif) return fail_oom(st, "a GIF file");
  TF_Code code = read_gif(c, gif, file.size, st);
  image_gif_close(gif);
  return code;
}

static TF_Code decode_bmp(OpCtx *c, Span file, TF_Status *st) {
  const DecodeState *s = c->state;
  ImageBmp bmp;
  Pixels pixels = {0};
  if (s->channels == 1)
    return fail(st, TF_INVALID_ARGUMENT, "`channels` must be 0, 3 or 4 for BMP, but got 1");
  if (s->op == DECODE_CROP) return refuse(s, "BMP", "", st);
  if (s->op != DECODE_BMP && s->op != DECODE_ANY)
    return fail(st, TF_INVALID_ARGUMENT,
                "Trying to decode BMP format using a wrong op. Use `decode_bmp` or `decode_image` instead. "
                "Op used: %s",
                c->node->op);
  TRY(image_bmp_open(&bmp, file, st));
  int channels = s->channels ? s->channels : bmp.channels;
  TF_Code code = image_make(c, &pixels, bmp.height, bmp.width, channels, 1, st);
  if (!code) image_bmp_read(&bmp, channels, pixels.data);
  pixels_finish(c, &pixels, !code);
  return code;
}

/* ---- the ops ---- */

static bool begins(Span file, const char *magic, size_t size) {
  return file.size >= size && memcmp(file.data, magic, size) == 0;
}

static TF_Code decode_run(OpCtx *c, TF_Status *st) {
  const Tensor *contents = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (contents->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "`contents` must be scalar but got shape%s",
                shape_text(contents->dims, contents->rank, text, sizeof text));
  Span file = string_at(contents, 0);
  if (file.size == 0) return fail(st, TF_INVALID_ARGUMENT, "Input is empty.");
  if (file.size > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "Input contents are too large for int: %zu", file.size);
  if (begins(file, "\xff\xd8\xff", 3)) return decode_jpeg(c, file, st);
  if (begins(file, "\x89PNG\r\n\x1a\n", 8)) return decode_png(c, file, st);
  if (begins(file, "GIF8", 4)) return decode_gif(c, file, st);
  if (begins(file, "BM", 2)) return decode_bmp(c, file, st);
  return fail(st, TF_INVALID_ARGUMENT, "Unknown image file format. One of JPEG, PNG, GIF, BMP required.");
}

static TF_Code shape_run(OpCtx *c, TF_Status *st) {
  const Tensor *contents = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  int64_t shape[3], three = 3;
  if (contents->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "contents must be scalar, got shape %s",
                shape_text(contents->dims, contents->rank, text, sizeof text));
  Span file = string_at(contents, 0);
  if (file.size > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "JPEG contents are too large for int: %zu", file.size);
  TRY(image_jpeg_shape(file, c->env, shape, st));
  TF_DataType dtype = c->node->output_types[0];
  TRY(op_alloc_output(c, 0, dtype, &three, 1, st));
  for (int i = 0; i < 3; i++) {
    int_put(&c->outputs[0], i, shape[i]);
  }
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code shape_image(ShapeCtx *c, TF_Status *st) {
  const Attr *channels = node_attr(c->node, "channels"), *expand = node_attr(c->node, "expand_animations");
  TRY(shape_want_rank(c, 0, 0, st));
  if (channels && channels->v.i < 0)
    return fail(st, TF_INVALID_ARGUMENT, "channels must be non-negative, got %lld", (long long)channels->v.i);
  if (expand && expand->v.b) return TF_OK; /* a GIF has frames, others have none */
  c->outputs[0] = shape_of_rank(3);
  if (channels && channels->v.i) c->outputs[0].dims[2] = channels->v.i;
  return TF_OK;
}

static TF_Code shape_crop(ShapeCtx *c, TF_Status *st) {
  TRY(shape_image(c, st));
  TRY(shape_want_rank(c, 1, 1, st));
  const Shape *window = c->inputs[1];
  if (window->rank == 1 && window->dims[0] >= 0 && window->dims[0] != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Dimension must be 4 but is %lld", (long long)window->dims[0]);
  const Tensor *value = c->value(c, 1);
  for (int i = 0; i < 2 && value && value->rank == 1 && value->dims[0] == 4; i++)
    c->outputs[0].dims[i] = int_at(value, 2 + i) < 0 ? -1 : int_at(value, 2 + i);
  return TF_OK;
}

static TF_Code shape_gif(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 0, st));
  c->outputs[0] = shape_of_rank(4);
  c->outputs[0].dims[3] = 3;
  return TF_OK;
}

static TF_Code shape_three(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 0, st));
  c->outputs[0] = shape_vector(3);
  return TF_OK;
}

#define DECODE(name_, init_, shape_)                                                               \
  {                                                                                                \
    name_, .flags = OP_DYNAMIC, .state_size = sizeof(DecodeState), .shape = shape_, .init = init_, \
           .run = decode_run                                                                       \
  }

const OpRow ops_image_decode[] = {
    DECODE("DecodeJpeg", init_jpeg_op, shape_image),
    DECODE("DecodeAndCropJpeg", init_crop, shape_crop),
    DECODE("DecodePng", init_png, shape_image),
    DECODE("DecodeGif", init_gif, shape_gif),
    DECODE("DecodeBmp", init_bmp, shape_image),
    DECODE("DecodeImage", init_any, shape_image),
    {"ExtractJpegShape", .flags = OP_DYNAMIC, .shape = shape_three, .run = shape_run},
    {0}};
