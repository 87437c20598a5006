/* GIF files, by giflib: all frames as RGB, each upon the one before. */
#ifndef SM_OPS_IMAGE_GIF_H_
#define SM_OPS_IMAGE_GIF_H_

#include "base/bytes.h"

typedef struct ImageGif {
  int64_t frames, height, width; /* of the largest frame: TensorFlow does not look at the logical screen */
  bool too_large;                /* why there are none: memory */
  char error[128];               /* why the last call failed, in TensorFlow's words */
} ImageGif;

/* Reads all frames, in `memory_limit` bytes (0: no limit). Null when memory is out; else look at `frames`: 0
 * when it failed. A file that breaks off gives the frames up to there. */
ImageGif *image_gif_open(Span file, size_t memory_limit);
/* The first `count` frames, count * height * width * 3 bytes; false with `error`. */
bool image_gif_read(ImageGif *gif, int64_t count, uint8_t *pixels);
void image_gif_close(ImageGif *gif);

#endif
