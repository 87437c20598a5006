/* Reading GIF files (image_gif.h). Frames are read one by one rather than by giflib's DGifSlurp, so that what
 * they take is known before it is allocated, and a frame that breaks off has no garbage in it. */
#include "ops/image_gif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gif_lib.h>

#include "base/cursor.h"

enum {
  GIF_PIXELS_MAX = 1 << 29, /* in all frames: what TensorFlow allows one PNG or JPEG */
  NOT_SET = -2,
};

typedef struct Reader {
  ImageGif image; /* first: what callers see */
  GifFileType *gif;
  Cursor input;
  int64_t room; /* for pixels of more frames */
  int pending;  /* the transparent colour that the next frame was given */
  int *transparent, num_transparent;
} Reader;

static int read_bytes(GifFileType *gif, GifByteType *out, int size) {
  Reader *r = gif->UserData;
  size_t left = cursor_left(&r->input), n = size < 0 ? 0 : (size_t)size < left ? (size_t)size : left;
  const uint8_t *in = cursor_take(&r->input, n);
  if (n) memcpy(out, in, n);
  return (int)n;
}

static void set_error(Reader *r, const char *what, int code) {
  const char *text = GifErrorString(code);
  snprintf(r->image.error, sizeof r->image.error, "%s%s", what, text ? text : "Unknown error");
}

/* ---- reading ---- */

static bool read_interlaced(GifFileType *gif, const SavedImage *image) {
  static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
  int width = image->ImageDesc.Width;
  for (int pass = 0; pass < 4; pass++)
    for (int y = first[pass]; y < image->ImageDesc.Height; y += step[pass])
      if (DGifGetLine(gif, image->RasterBits + (size_t)y * (size_t)width, width) == GIF_ERROR) return false;
  return true;
}

static bool keep_transparent(Reader *r, int frame) {
  if (frame >= r->num_transparent) {
    int room = r->num_transparent ? 2 * r->num_transparent : 16;
    int *more = realloc(r->transparent, (size_t)room * sizeof *more);
    if (!more) return false;
    r->transparent = more;
    r->num_transparent = room;
  }
  r->transparent[frame] = r->pending;
  r->pending = NOT_SET;
  return true;
}

/* False when the file ends or breaks; the frame counts if it has pixels at all. */
static bool read_frame(Reader *r) {
  if (DGifGetImageDesc(r->gif) == GIF_ERROR) return false;
  SavedImage *image = &r->gif->SavedImages[r->gif->ImageCount - 1];
  int64_t count = (int64_t)image->ImageDesc.Width * image->ImageDesc.Height;
  if (count <= 0) return false;
  r->image.too_large = count > r->room || !keep_transparent(r, r->gif->ImageCount - 1);
  if (r->image.too_large) return false;
  image->RasterBits = calloc((size_t)count, 1); /* giflib frees it */
  r->image.too_large = !image->RasterBits;
  if (!image->RasterBits) return false;
  r->room -= count;
  if (image->ImageDesc.Interlace) return read_interlaced(r->gif, image);
  return DGifGetLine(r->gif, image->RasterBits, (int)count) != GIF_ERROR;
}

static bool read_extension(Reader *r) {
  GifByteType *block;
  int code;
  if (DGifGetExtension(r->gif, &code, &block) == GIF_ERROR) return false;
  GraphicsControlBlock control;
  if (block && code == GRAPHICS_EXT_FUNC_CODE && r->pending == NOT_SET &&
      DGifExtensionToGCB(block[0], block + 1, &control) != GIF_ERROR)
    r->pending = control.TransparentColor;
  while (block)
    if (DGifGetExtensionNext(r->gif, &block) == GIF_ERROR) return false;
  return true;
}

/* Whether the file was read to its end. */
static bool read_records(Reader *r) {
  GifRecordType type;
  do {
    if (DGifGetRecordType(r->gif, &type) == GIF_ERROR) return false;
    if (type == IMAGE_DESC_RECORD_TYPE && !read_frame(r)) return false;
    if (type == EXTENSION_RECORD_TYPE && !read_extension(r)) return false;
  } while (type != TERMINATE_RECORD_TYPE);
  return true;
}

/* TF: a file that breaks off is good for the frames it began, unless the last one got no memory. */
static void read_file(Reader *r) {
  const GifFileType *gif = r->gif;
  int code = read_records(r) ? D_GIF_ERR_NO_IMAG_DSCR : gif->Error;
  set_error(r, "failed to slurp gif file: ", code);
  if (gif->ImageCount == 0 || !gif->SavedImages[gif->ImageCount - 1].RasterBits) return;
  for (int i = 0; i < gif->ImageCount; i++) {
    const GifImageDesc *d = &gif->SavedImages[i].ImageDesc;
    if (d->Height > r->image.height) r->image.height = d->Height;
    if (d->Width > r->image.width) r->image.width = d->Width;
  }
  r->image.too_large = r->image.height * r->image.width > GIF_PIXELS_MAX / gif->ImageCount;
  if (!r->image.too_large) r->image.frames = gif->ImageCount;
}

ImageGif *image_gif_open(Span file, size_t memory_limit) {
  Reader *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  int code = D_GIF_SUCCEEDED;
  r->pending = NOT_SET;
  r->room = memory_limit && memory_limit < GIF_PIXELS_MAX ? (int64_t)memory_limit : GIF_PIXELS_MAX;
  r->input = cursor_of(file.data, file.size);
  r->gif = DGifOpen(r, read_bytes, &code);
  if (r->gif) read_file(r);
  else set_error(r, "failed to open gif file: ", code);
  return &r->image;
}

/* ---- frames as RGB ---- */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Draws frame k over `out`, which holds what was there before. */
static bool draw(Reader *r, int64_t k, uint8_t *out) {
  const SavedImage *image = &r->gif->SavedImages[k];
  const GifImageDesc *d = &image->ImageDesc;
  const ColorMapObject *map = d->ColorMap ? d->ColorMap : r->gif->SColorMap;
  if (!map) {
    snprintf(r->image.error, sizeof r->image.error, "missing color map for frame %d", (int)k);
    return false;
  }
  int64_t bottom = least((int64_t)d->Top + d->Height, r->image.height),
          right = least((int64_t)d->Left + d->Width, r->image.width);
  for (int64_t y = d->Top; y < bottom; y++) {
    const uint8_t *in = image->RasterBits + (y - d->Top) * d->Width;
    for (int64_t x = d->Left; x < right; x++, in++) {
      uint8_t *to = out + (y * r->image.width + x) * 3;
      if (*in == r->transparent[k]) continue;
      if (*in >= map->ColorCount) {
        snprintf(r->image.error, sizeof r->image.error, "found color index %d outside of color map range %d",
                 *in, map->ColorCount);
        return false;
      }
      const GifColorType *color = &map->Colors[*in];
      to[0] = color->Red;
      to[1] = color->Green;
      to[2] = color->Blue;
    }
  }
  return true;
}

bool image_gif_read(ImageGif *gif, int64_t count, uint8_t *pixels) {
  Reader *r = (Reader *)gif;
  size_t size = (size_t)(gif->height * gif->width * 3);
  for (int64_t k = 0; k < count; k++) {
    uint8_t *out = pixels + (size_t)k * size;
    if (k > 0) memcpy(out, out - size, size);
    else memset(out, 0, size);
    if (!draw(r, k, out)) return false;
  }
  return true;
}

void image_gif_close(ImageGif *gif) {
  Reader *r = (Reader *)gif;
  if (!r) return;
  if (r->gif) DGifCloseFile(r->gif, NULL);
  free(r->transparent);
  free(r);
}
