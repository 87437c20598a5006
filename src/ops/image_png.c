/* Reading and writing PNG files (image_png.h). libpng leaves by longjmp when it gives up, so what must
 * outlive a call is in one struct, and each function that sets a jump calls little else. */
#include "ops/image_png.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/cursor.h"

typedef struct Reader {
  ImagePng image; /* first: what callers see */
  png_structp png;
  png_infop info;
  Cursor input;
  size_t size; /* of the file */
  int wanted, bits;
  png_uint_32 height, width;
  int depth, color, passes;
  bool from_8; /* 8-bit samples must become 16-bit ones */
} Reader;

static void say_nothing(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}
static void give_up(png_structp png, png_const_charp text) {
  (void)text;
  png_longjmp(png, 1);
}

static void read_bytes(png_structp png, png_bytep out, size_t size) {
  Reader *r = png_get_io_ptr(png);
  const uint8_t *in = cursor_take(&r->input, size);
  if (!in) png_error(png, "the file ends");
  memcpy(out, in, size);
}

/* ---- reading ---- */

static int channels_of(const Reader *r) {
  if (r->wanted) return r->wanted;
  if (r->color == PNG_COLOR_TYPE_PALETTE) return png_get_valid(r->png, r->info, PNG_INFO_tRNS) ? 4 : 3;
  return png_get_channels(r->png, r->info);
}

/* TF: alpha that is added to an image of less than 8 bits is as large as a sample of the file, not opaque. */
static void set_alpha(Reader *r, bool want) {
  bool alpha = r->color & PNG_COLOR_MASK_ALPHA,
       transparent = png_get_valid(r->png, r->info, PNG_INFO_tRNS) != 0;
  if (!want) {
    if (alpha || transparent) png_set_strip_alpha(r->png);
  } else if (!alpha && transparent) {
    png_set_tRNS_to_alpha(r->png);
  } else if (!alpha) {
    png_set_add_alpha(r->png, (1u << r->depth) - 1, PNG_FILLER_AFTER);
  }
}

static void set_transforms(Reader *r, int channels) {
  set_alpha(r, channels % 2 == 0);
  if (r->depth > 8 && r->bits == 8) png_set_strip_16(r->png);
  r->from_8 = r->depth <= 8 && r->bits == 16;
  png_set_packing(r->png);
  r->passes = png_set_interlace_handling(r->png);
  if (r->bits == 16) png_set_swap(r->png);
  if (r->color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(r->png);
  bool gray = !(r->color & PNG_COLOR_MASK_COLOR);
  if (gray && r->depth < 8) png_set_expand_gray_1_2_4_to_8(r->png);
  if (channels < 3 && !gray) png_set_rgb_to_gray(r->png, 1, 0.299, 0.587);
  if (channels >= 3 && gray) png_set_gray_to_rgb(r->png);
}

static bool read_header(Reader *r) {
  if (setjmp(png_jmpbuf(r->png))) return false;
  png_set_read_fn(r->png, r, read_bytes);
  png_read_info(r->png, r->info);
  png_get_IHDR(r->png, r->info, &r->width, &r->height, &r->depth, &r->color, NULL, NULL, NULL);
  int channels = channels_of(r);
  set_transforms(r, channels);
  png_read_update_info(r->png, r->info);
  r->image = (ImagePng){r->height, r->width, channels};
  size_t line = (size_t)r->width * (size_t)channels * (r->bits == 16 && !r->from_8 ? 2 : 1);
  return r->width > 0 && r->height > 0 && png_get_rowbytes(r->png, r->info) == line;
}

static size_t stride_of(const Reader *r) {
  return (size_t)(r->image.width * r->image.channels) * (size_t)(r->bits / 8);
}

static bool read_lines(Reader *r, uint8_t *pixels) {
  if (setjmp(png_jmpbuf(r->png))) return false;
  size_t stride = stride_of(r);
  for (int pass = 0; pass < r->passes; pass++)
    for (png_uint_32 i = 0; i < r->height; i++) png_read_row(r->png, pixels + i * stride, NULL);
  png_read_end(r->png, r->info);
  return true;
}

/* The samples of each line stand in its first half. */
static void widen(const Reader *r, uint8_t *pixels) {
  size_t stride = stride_of(r);
  for (png_uint_32 y = 0; y < r->height; y++) {
    uint8_t *line = pixels + y * stride;
    for (size_t i = stride / 2; i-- > 0;) line[2 * i] = line[2 * i + 1] = line[i];
  }
}

ImagePng *image_png_open(Span file, int channels, int bits) {
  Reader *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->input = cursor_of(file.data, file.size);
  r->size = file.size;
  r->wanted = channels;
  r->bits = bits;
  r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, give_up, say_nothing);
  r->info = r->png ? png_create_info_struct(r->png) : NULL;
  if (r->info && read_header(r)) return &r->image;
  image_png_close(&r->image);
  return NULL;
}

bool image_png_plausible(const ImagePng *png) {
  const Reader *r = (const Reader *)png;
  uint64_t bits = (uint64_t)r->width * r->height * (uint64_t)r->depth; /* at least, in the file */
  return bits / 8 / 1032 <= r->size;                                   /* 1032: the most that deflate packs */
}

bool image_png_read(ImagePng *png, void *pixels) {
  Reader *r = (Reader *)png;
  if (!read_lines(r, pixels)) return false;
  if (r->from_8) widen(r, pixels);
  return true;
}

void image_png_close(ImagePng *png) {
  Reader *r = (Reader *)png;
  if (!r) return;
  png_destroy_read_struct(&r->png, &r->info, NULL);
  free(r);
}

/* ---- writing ---- */

static void write_bytes(png_structp png, png_bytep data, size_t size) {
  bytes_append(png_get_io_ptr(png), data, size);
}
static void flush_nothing(png_structp png) { (void)png; }

typedef struct Writer {
  const uint8_t *pixels;
  int64_t height, width;
  int channels, bits, compression;
} Writer;

static bool write_file(png_structp png, png_infop info, const Writer *w) {
  static const int colors[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                               PNG_COLOR_TYPE_RGB_ALPHA};
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_compression_level(png, w->compression);
  png_set_compression_mem_level(png, 9); /* TF: as much as zlib takes; it shows in the bytes */
  png_set_IHDR(png, info, (png_uint_32)w->width, (png_uint_32)w->height, w->bits, colors[w->channels - 1],
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (w->bits == 16) png_set_swap(png);
  size_t stride = (size_t)w->width * (size_t)w->channels * (size_t)(w->bits / 8);
  for (int64_t i = 0; i < w->height; i++) png_write_row(png, w->pixels + (size_t)i * stride);
  png_write_end(png, NULL);
  return true;
}

bool image_png_write(Bytes *out, const void *pixels, int64_t height, int64_t width, int channels, int bits,
                     int compression) {
  if (height <= 0 || width <= 0 || height > PNG_UINT_31_MAX || width > PNG_UINT_31_MAX || channels < 1 ||
      channels > 4)
    return false;
  Writer w = {pixels, height, width, channels, bits, compression};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, give_up, say_nothing);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  bool ok = true;
  if (info) {
    png_set_write_fn(png, out, write_bytes, flush_nothing);
    ok = write_file(png, info, &w);
  } else {
    out->failed = true;
  }
  png_destroy_write_struct(&png, &info);
  return ok;
}
