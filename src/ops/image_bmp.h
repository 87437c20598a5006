/* BMP files, uncompressed, of 8 (as gray), 24 or 32 bits a pixel.
 *
 *    0 "BM"
 *   10 u32 where pixels begin
 *   18 i32 width
 *   22 i32 height; negative: the top line comes first
 *   28 u16 bits a pixel
 *
 * Lines are padded to 4 bytes. Only files of exactly the size that this says are read. */
#ifndef SM_OPS_IMAGE_BMP_H_
#define SM_OPS_IMAGE_BMP_H_

#include "base/bytes.h"

typedef struct ImageBmp {
  int64_t height, width;
  int channels; /* of the file: 1, 3 or 4 */
  bool top_down;
  int64_t stride;
  const uint8_t *pixels;
} ImageBmp;

/* TF_INVALID_ARGUMENT when it is no such file. */
TF_Code image_bmp_open(ImageBmp *bmp, Span file, TF_Status *st);
/* height * width * channels bytes of gray, RGB or RGBA. */
void image_bmp_read(const ImageBmp *bmp, int channels, uint8_t *out);

#endif
