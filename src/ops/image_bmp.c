/* Reading BMP files (image_bmp.h). */
#include "ops/image_bmp.h"

#include "base/cursor.h"

enum { BMP_HEADER = 32, BMP_PIXELS_MAX = INT32_MAX / 8 /* TensorFlow's */ };

static TF_Code check(ImageBmp *b, int64_t start, int64_t file_size, TF_Status *st) {
  if (b->channels != 1 && b->channels != 3 && b->channels != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Number of channels inherent in the image must be 1, 3 or 4, was %d",
                b->channels);
  if (b->width <= 0) return fail(st, TF_INVALID_ARGUMENT, "Width must be positive");
  if (b->height == 0) return fail(st, TF_INVALID_ARGUMENT, "Height must be nonzero");
  if (start < 0) return fail(st, TF_INVALID_ARGUMENT, "header size must be nonnegative");
  b->top_down = b->height < 0;
  if (b->top_down) b->height = -b->height;
  if (b->width * b->height >= BMP_PIXELS_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "Total possible pixel bytes must be less than 2^30");
  b->stride = (b->channels * b->width + 3) / 4 * 4;
  int64_t rest = file_size - start - b->stride * b->height;
  if (rest != 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input size should match (header_size + row_size * abs_height) but they differ by %lld",
                (long long)rest);
  return TF_OK;
}

TF_Code image_bmp_open(ImageBmp *b, Span file, TF_Status *st) {
  *b = (ImageBmp){0};
  if (file.size < BMP_HEADER)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Incomplete bmp content, requires at least 32 bytes to find the header size, width, height, and "
        "bpp, got %zu bytes",
        file.size);
  Cursor in = cursor_of(file.data, file.size);
  cursor_take(&in, 10);
  int64_t start = (int32_t)cursor_u32le(&in);
  cursor_take(&in, 4);
  b->width = (int32_t)cursor_u32le(&in);
  b->height = (int32_t)cursor_u32le(&in);
  b->channels = (int16_t)(cursor_u32le(&in) >> 16) / 8;
  TRY(check(b, start, (int64_t)file.size, st));
  b->pixels = (const uint8_t *)file.data + start;
  return TF_OK;
}

static void read_line(const ImageBmp *b, const uint8_t *in, int channels, uint8_t *out) {
  bool gray = b->channels == 1;
  for (int64_t x = 0; x < b->width; x++, out += channels, in += b->channels) {
    out[0] = in[gray ? 0 : 2];
    if (channels >= 3) {
      out[1] = in[gray ? 0 : 1];
      out[2] = in[0];
    }
    if (channels == 4) out[3] = b->channels == 4 ? in[3] : UINT8_MAX;
  }
}

void image_bmp_read(const ImageBmp *b, int channels, uint8_t *out) {
  for (int64_t y = 0; y < b->height; y++) {
    int64_t line = b->top_down ? y : b->height - 1 - y;
    read_line(b, b->pixels + line * b->stride, channels, out + y * b->width * channels);
  }
}
