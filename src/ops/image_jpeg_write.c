/* Writing JPEG files (image_jpeg.h). */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "ops/image_jpeg.h"

enum { CHUNK = 1 << 14, JPEG_PIXELS_MAX = 1 << 29 /* TensorFlow's */ };

typedef struct Writer {
  struct jpeg_compress_struct c;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr target;
  jmp_buf jump;
  Bytes *out;
  const uint8_t *pixels;
  const ImageJpegFormat *format;
  Bytes xmp; /* with its name */
  JOCTET chunk[CHUNK];
} Writer;

static void give_up(j_common_ptr c) {
  Writer *w = c->client_data;
  longjmp(w->jump, 1);
}
static void say_nothing(j_common_ptr c) { (void)c; }

static void target_begin(j_compress_ptr c) {
  Writer *w = c->client_data;
  w->target.next_output_byte = w->chunk;
  w->target.free_in_buffer = CHUNK;
}
static boolean target_flush(j_compress_ptr c) {
  Writer *w = c->client_data;
  bytes_append(w->out, w->chunk, CHUNK);
  target_begin(c);
  return TRUE;
}
static void target_end(j_compress_ptr c) {
  Writer *w = c->client_data;
  bytes_append(w->out, w->chunk, CHUNK - w->target.free_in_buffer);
}

static void set_format(struct jpeg_compress_struct *c, const ImageJpegFormat *f) {
  jpeg_set_defaults(c);
  if (f->optimize) c->optimize_coding = TRUE;
  c->density_unit = (UINT8)f->density_unit;
  c->X_density = (UINT16)f->x_density;
  c->Y_density = (UINT16)f->y_density;
  jpeg_set_quality(c, f->quality, TRUE);
  if (f->progressive) jpeg_simple_progression(c);
  for (int i = 0; i < c->num_components && !f->downsample; i++)
    c->comp_info[i].h_samp_factor = c->comp_info[i].v_samp_factor = 1;
}

static bool write_file(Writer *w) {
  struct jpeg_compress_struct *c = &w->c;
  if (setjmp(w->jump)) return false;
  set_format(c, w->format);
  jpeg_start_compress(c, TRUE);
  if (w->xmp.size) jpeg_write_marker(c, JPEG_APP0 + 1, (const JOCTET *)w->xmp.data, (unsigned)w->xmp.size);
  while (c->next_scanline < c->image_height) {
    JSAMPROW row = (JSAMPROW)(w->pixels +
                              (size_t)c->next_scanline * c->image_width * (size_t)c->input_components);
    jpeg_write_scanlines(c, &row, 1);
  }
  jpeg_finish_compress(c);
  return true;
}

static Writer *writer_new(Bytes *out, const uint8_t *pixels, const ImageJpegFormat *format) {
  static const char xmp_name[] = "http://ns.adobe.com/xap/1.0/"; /* its NUL is written too */
  Writer *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->out = out;
  w->pixels = pixels;
  w->format = format;
  if (format->xmp.size) {
    bytes_append(&w->xmp, xmp_name, sizeof xmp_name);
    bytes_append(&w->xmp, format->xmp.data, format->xmp.size);
  }
  w->c.err = jpeg_std_error(&w->errors);
  w->errors.error_exit = give_up;
  w->errors.output_message = say_nothing;
  w->c.client_data = w;
  w->target.init_destination = target_begin;
  w->target.empty_output_buffer = target_flush;
  w->target.term_destination = target_end;
  return w;
}

static bool create(Writer *w) {
  if (setjmp(w->jump)) return false;
  jpeg_create_compress(&w->c);
  w->c.dest = &w->target;
  return true;
}

bool image_jpeg_write(Bytes *out, const uint8_t *pixels, int64_t height, int64_t width, int channels,
                      const ImageJpegFormat *format) {
  if (height <= 0 || width <= 0 || height > JPEG_MAX_DIMENSION || width > JPEG_MAX_DIMENSION ||
      height * width >= JPEG_PIXELS_MAX)
    return false;
  Writer *w = writer_new(out, pixels, format);
  if (!w || w->xmp.failed) {
    free(w);
    out->failed = true;
    return true;
  }
  bool ok = create(w);
  if (ok) {
    w->c.image_height = (JDIMENSION)height;
    w->c.image_width = (JDIMENSION)width;
    w->c.input_components = channels;
    w->c.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    ok = write_file(w);
  }
  jpeg_destroy_compress(&w->c);
  bytes_clear(&w->xmp);
  free(w);
  return ok;
}
