/* PNG files, by libpng: any colour type and depth comes out as 8 or 16 bits a channel. */
#ifndef SM_OPS_IMAGE_PNG_H_
#define SM_OPS_IMAGE_PNG_H_

#include "base/bytes.h"

typedef struct ImagePng {
  int64_t height, width, channels; /* of what image_png_read gives */
} ImagePng;

/* Reads the header. `channels` 1 to 4, or 0: as in the file; `bits` 8 or 16. Null when it is no PNG or memory
 * is out. */
ImagePng *image_png_open(Span file, int channels, int bits);
/* Whether a file of this size can hold that many pixels at all, for use before memory is taken for them. */
bool image_png_plausible(const ImagePng *png);
/* height * width * channels samples of `bits`; false when the file is damaged. */
bool image_png_read(ImagePng *png, void *pixels);
void image_png_close(ImagePng *png);

/* Appends the file of an image of 1 to 4 channels. `compression` 0 to 9, -1: zlib's default. False when
 * libpng refuses it (no pixels). Memory that is out shows in `out`. */
bool image_png_write(Bytes *out, const void *pixels, int64_t height, int64_t width, int channels, int bits,
                     int compression);

#endif
