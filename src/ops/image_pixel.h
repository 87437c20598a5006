/* Pixels of images of any number type. */
#ifndef SM_OPS_IMAGE_PIXEL_H_
#define SM_OPS_IMAGE_PIXEL_H_

#include "ops/array_util.h"
#include "ops/math_types.h"

/* Element i as a float. */
static inline float image_pixel(const Tensor *t, int64_t i) {
  float f;
  if (t->dtype == TF_FLOAT) return ((const float *)t->data)[i];
  if (t->dtype == TF_DOUBLE) return (float)((const double *)t->data)[i];
  if (!math_is_16(t->dtype)) return (float)int_at(t, i);
  math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype);
  return f;
}

#endif
