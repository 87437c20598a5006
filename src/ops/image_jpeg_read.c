/* Reading JPEG files (image_jpeg.h). libjpeg leaves by longjmp when it gives up, so everything lives in one
 * struct and each call into the library is a step of it, run by attempt(). */
#include <limits.h>
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "base/status_impl.h"
#include "ops/image_jpeg.h"

enum {
  JPEG_SAMPLES_MAX = 1 << 29, /* TensorFlow's */
  JPEG_REFILLS_MAX = 1 << 16, /* of the same bytes, see source_fill: more than any block of pixels has */
  JPEG_SCANS_MAX = 500,       /* real files have about ten; each costs a pass over the whole image */
};

typedef struct Reader {
  ImageJpeg image; /* first: what callers see */
  ImageJpegOptions options;
  Span file;
  const StepEnv *env;
  struct jpeg_decompress_struct d;
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  const JOCTET *refilled; /* the bytes that were read again last, */
  int refills;            /* so often */
  jmp_buf jump;
  uint8_t *line;   /* libjpeg's line where it is not the output's, in libjpeg's memory */
  size_t margin;   /* bytes of it left of the window */
  uint8_t *pixels; /* being filled */
  int64_t lines;   /* that were read */
} Reader;

/* ---- errors ---- */

static void give_up(j_common_ptr d) {
  Reader *r = d->client_data;
  longjmp(r->jump, 1);
}
static void say_nothing(j_common_ptr d) { (void)d; }

/* Called for each row of blocks. */
static void on_progress(j_common_ptr d) {
  const Reader *r = d->client_data;
  TF_Status st = {0};
  if (((j_decompress_ptr)d)->input_scan_number > JPEG_SCANS_MAX) give_up(d);
  if (r->env && step_check(r->env, &st)) give_up(d);
}

static bool attempt(Reader *r, bool (*step)(Reader *r)) {
  if (setjmp(r->jump)) return false;
  return step(r);
}

/* ---- the file as libjpeg's source ---- */

static void source_begin(j_decompress_ptr d) {
  Reader *r = d->client_data;
  r->source.next_input_byte = r->file.data;
  r->source.bytes_in_buffer = r->file.size;
}

/* Called when the file has ended, maybe inside a block of pixels: then bytes_in_buffer still counts what the
 * block began with, and without recovery libjpeg is told to wait, so that the lines before are given. TF:
 * recovering, it reads these bytes once more; files end differently in a few pixels if it does not. */
static boolean source_fill(j_decompress_ptr d) {
  static const JOCTET end[2] = {0xff, JPEG_EOI};
  Reader *r = d->client_data;
  if (r->source.bytes_in_buffer) {
    if (r->refilled != r->source.next_input_byte) r->refills = 0;
    r->refilled = r->source.next_input_byte;
    if (r->refills++ == JPEG_REFILLS_MAX) ERREXIT(d, JERR_FILE_READ); /* TF: goes on for ever */
    return r->options.recover;
  }
  if (!r->options.recover || r->source.next_input_byte == end || r->source.next_input_byte == r->file.data)
    ERREXIT(d, JERR_FILE_READ);
  r->source.next_input_byte = end;
  r->source.bytes_in_buffer = sizeof end;
  return TRUE;
}

static void source_skip(j_decompress_ptr d, long count) {
  Reader *r = d->client_data;
  if (count < 0) return;
  if ((size_t)count > r->source.bytes_in_buffer) {
    r->source.bytes_in_buffer = 0;
    source_fill(d);
    return;
  }
  r->source.bytes_in_buffer -= (size_t)count;
  r->source.next_input_byte += count;
}

static void source_end(j_decompress_ptr d) { (void)d; }

static Reader *reader_new(Span file, const StepEnv *env) {
  Reader *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->file = file;
  r->env = env;
  r->d.err = jpeg_std_error(&r->errors);
  r->errors.error_exit = give_up;
  r->errors.output_message = say_nothing;
  r->d.client_data = r;
  r->source.init_source = source_begin;
  r->source.fill_input_buffer = source_fill;
  r->source.skip_input_data = source_skip;
  r->source.resync_to_restart = jpeg_resync_to_restart;
  r->source.term_source = source_end;
  r->progress.progress_monitor = on_progress;
  return r;
}

/* ---- steps ---- */

static bool step_header(Reader *r) {
  jpeg_create_decompress(&r->d);
  r->d.src = &r->source;
  r->d.progress = &r->progress;
  size_t limit = r->env ? r->env->memory_limit : 0;
  if (limit) r->d.mem->max_memory_to_use = limit < LONG_MAX ? (long)limit : LONG_MAX;
  return jpeg_read_header(&r->d, TRUE) == JPEG_HEADER_OK;
}

static bool is_cmyk(const Reader *r) {
  return r->d.jpeg_color_space == JCS_CMYK || r->d.jpeg_color_space == JCS_YCCK;
}

static bool too_large(const Reader *r) {
  return (uint64_t)r->d.output_height * r->d.output_width * (uint64_t)r->d.num_components >= JPEG_SAMPLES_MAX;
}

static bool window_ok(const ImageJpegOptions *o, int64_t height, int64_t width) {
  return o->height > 0 && o->width > 0 && o->y >= 0 && o->x >= 0 && o->y + o->height <= height &&
         o->x + o->width <= width;
}

/* libjpeg's lines begin at a whole block, left of the window. */
static bool crop(Reader *r) {
  const ImageJpegOptions *o = &r->options;
  if (!window_ok(o, r->d.output_height, r->d.output_width)) return false;
  JDIMENSION x = (JDIMENSION)o->x, width = (JDIMENSION)o->width;
  jpeg_crop_scanline(&r->d, &x, &width);
  if (r->d.output_width < o->width || jpeg_skip_scanlines(&r->d, (JDIMENSION)o->y) != (JDIMENSION)o->y)
    return false;
  r->image.height = o->height;
  r->image.width = o->width;
  return true;
}

static bool step_start(Reader *r) {
  struct jpeg_decompress_struct *d = &r->d;
  int channels = r->options.channels ? r->options.channels : d->num_components < 3 ? d->num_components : 3;
  if (channels != 1 && channels != 3) return false;
  d->out_color_space = channels == 1 ? JCS_GRAYSCALE : is_cmyk(r) ? JCS_CMYK : JCS_RGB;
  d->do_fancy_upsampling = r->options.fancy;
  d->scale_num = 1;
  d->scale_denom = (unsigned)r->options.ratio;
  d->dct_method = r->options.accurate ? JDCT_ISLOW : JDCT_IFAST;
  jpeg_calc_output_dimensions(d);
  if (d->output_width == 0 || d->output_height == 0 || too_large(r) || !jpeg_start_decompress(d))
    return false;
  int in_line = d->out_color_space == JCS_CMYK ? 4 : channels;
  if (d->output_components != in_line) return false;
  r->image = (ImageJpeg){d->output_height, d->output_width, channels};
  if (r->options.crop && !crop(r)) return false;
  if (in_line == channels && r->image.width == d->output_width) return true;
  size_t size = (size_t)d->output_width * (size_t)in_line;
  r->margin = size - (size_t)r->image.width * (size_t)in_line;
  r->line = d->mem->alloc_large((j_common_ptr)d, JPOOL_IMAGE, size);
  return true;
}

/* Adobe's files hold inverted inks. */
static void rgb_of_cmyk(uint8_t *out, const uint8_t *in, int64_t n, bool adobe) {
  for (int64_t i = 0; i < n; i++) {
    for (int k = 0; k < 3; k++) {
      int ink = in[4 * i + k], black = in[4 * i + 3];
      out[3 * i + k] = (uint8_t)(adobe ? black * ink / 255 : (255 - black) * (255 - ink) / 255);
    }
  }
}

/* The next line of the output; false when the file ends in it. */
static bool read_line(Reader *r, uint8_t *out) {
  if (!r->line) return jpeg_read_scanlines(&r->d, &out, 1) == 1;
  if (jpeg_read_scanlines(&r->d, &r->line, 1) != 1) return false;
  const uint8_t *in = r->line + r->margin;
  if (r->d.out_color_space == JCS_CMYK) rgb_of_cmyk(out, in, r->image.width, r->d.saw_Adobe_marker);
  else memcpy(out, in, (size_t)(r->image.width * r->image.channels));
  return true;
}

static bool step_read(Reader *r) {
  int64_t stride = r->image.width * r->image.channels;
  while (r->lines < r->image.height && read_line(r, r->pixels + r->lines * stride)) r->lines++;
  if (r->lines < r->image.height) return true;
  if (r->d.output_scanline < r->d.output_height)
    jpeg_skip_scanlines(&r->d, r->d.output_height - r->d.output_scanline);
  jpeg_finish_decompress(&r->d);
  return true;
}

/* As the TensorFlow op asks: a progressive file is read to its end. */
static bool step_shape(Reader *r) {
  jpeg_calc_output_dimensions(&r->d);
  return !(jpeg_has_multiple_scans(&r->d) && too_large(r)) && jpeg_start_decompress(&r->d);
}

/* ---- what callers use ---- */

static const char not_decoded[] = "jpeg::Uncompress failed. Invalid JPEG data or crop window.";

/* Why a step failed: time, libjpeg's memory, or the file. */
static TF_Code reader_fail(const Reader *r, const char *text, TF_Status *st) {
  int why = r->errors.msg_code;
  if (r->env) TRY(step_check(r->env, st));
  if (why == JERR_OUT_OF_MEMORY || why == JERR_NO_BACKING_STORE) return fail_oom(st, "a JPEG file");
  return fail(st, TF_INVALID_ARGUMENT, "%s", text);
}

TF_Code image_jpeg_open(ImageJpeg **jpeg, Span file, const ImageJpegOptions *options, TF_Status *st) {
  Reader *r = reader_new(file, options->env);
  *jpeg = NULL;
  if (!r) return fail_oom(st, "a JPEG file");
  r->options = *options;
  if (attempt(r, step_header) && attempt(r, step_start)) {
    *jpeg = &r->image;
    return TF_OK;
  }
  TF_Code code = reader_fail(r, not_decoded, st);
  image_jpeg_close(&r->image);
  return code;
}

TF_Code image_jpeg_read(ImageJpeg *jpeg, uint8_t *pixels, TF_Status *st) {
  Reader *r = (Reader *)jpeg;
  size_t stride = (size_t)(jpeg->width * jpeg->channels);
  r->pixels = pixels;
  if (!attempt(r, step_read)) return reader_fail(r, not_decoded, st);
  float part = (float)r->lines / (float)jpeg->height, acceptable = r->options.acceptable;
  if (!r->options.recover && part < (acceptable < 1 ? acceptable : 1)) return reader_fail(r, not_decoded, st);
  for (int64_t i = r->lines; i < jpeg->height; i++) {
    uint8_t *line = pixels + (size_t)i * stride;
    if (r->options.recover && i > 0) memcpy(line, line - stride, stride);
    else memset(line, 0, stride);
  }
  return TF_OK;
}

void image_jpeg_close(ImageJpeg *jpeg) {
  Reader *r = (Reader *)jpeg;
  if (!r) return;
  jpeg_destroy_decompress(&r->d);
  free(r);
}

TF_Code image_jpeg_shape(Span file, const StepEnv *env, int64_t shape[3], TF_Status *st) {
  char text[64];
  Reader *r = reader_new(file, env);
  if (!r) return fail_oom(st, "a JPEG file");
  TF_Code code = TF_OK;
  snprintf(text, sizeof text, "Invalid JPEG data, size %zu", file.size);
  if (!attempt(r, step_header) || !attempt(r, step_shape)) code = reader_fail(r, text, st);
  shape[0] = r->d.output_height;
  shape[1] = r->d.output_width;
  shape[2] = r->d.output_components;
  image_jpeg_close(&r->image);
  return code;
}
