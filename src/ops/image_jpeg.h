/* JPEG files, by libjpeg-turbo, with TensorFlow's treatment of damaged ones.
 *
 *   TRY(image_jpeg_open(&j, file, &options, st));   reads the header, and all scans of a progressive file
 *   ... memory for j->height * j->width * j->channels bytes ...
 *   TRY(image_jpeg_read(j, pixels, st));
 *   image_jpeg_close(j); */
#ifndef SM_OPS_IMAGE_JPEG_H_
#define SM_OPS_IMAGE_JPEG_H_

#include "base/bytes.h"
#include "resource/step_env.h"

typedef struct ImageJpegOptions {
  int channels;     /* 1, 3, or 0: as in the file */
  int ratio;        /* 1, 2, 4 or 8: how much smaller the image becomes */
  bool fancy;       /* smooth upsampling of colours */
  bool accurate;    /* the slow integer transform */
  bool recover;     /* lines beyond the end of the file repeat the last one */
  float acceptable; /* the part of lines that must be there; others are black */
  bool crop;        /* only the window below, in pixels of the scaled image */
  int64_t y, x, height, width;
  const StepEnv *env; /* limits memory and time; may be null */
} ImageJpegOptions;

typedef struct ImageJpeg {
  int64_t height, width, channels; /* of what image_jpeg_read gives */
} ImageJpeg;

/* TF_INVALID_ARGUMENT when the file is none that can be read: no JPEG, too large, the window not inside it.
 * TF_RESOURCE_EXHAUSTED; TF_CANCELLED and TF_DEADLINE_EXCEEDED when the step is to end. */
TF_Code image_jpeg_open(ImageJpeg **jpeg, Span file, const ImageJpegOptions *options, TF_Status *st);
/* TF_INVALID_ARGUMENT unless enough of the image is there; other errors as image_jpeg_open. */
TF_Code image_jpeg_read(ImageJpeg *jpeg, uint8_t *pixels, TF_Status *st);
void image_jpeg_close(ImageJpeg *jpeg);
/* Height, width and channels of the file; errors as image_jpeg_open. */
TF_Code image_jpeg_shape(Span file, const StepEnv *env, int64_t shape[3], TF_Status *st);

typedef struct ImageJpegFormat {
  int quality; /* 0 to 100 */
  bool progressive, optimize, downsample;
  int density_unit, x_density, y_density; /* 1: dots per inch, 2: per cm */
  Span xmp;
} ImageJpegFormat;

/* Appends the file of an image of 1 or 3 channels; false when libjpeg refuses it (no pixels, xmp too long).
 * Memory that is out shows in `out`. */
bool image_jpeg_write(Bytes *out, const uint8_t *pixels, int64_t height, int64_t width, int channels,
                      const ImageJpegFormat *format);

#endif
