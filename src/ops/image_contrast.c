/* AdjustContrast, superseded by AdjustContrastv2: each channel of an image is stretched around its mean, in
 * float, and cut to a range. */
#include "ops/array_util.h"

static TF_Code contrast_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"contrast_factor", "min_value", "max_value"};
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (x->rank < 3)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 3-D, got shape%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  for (int i = 0; i < 3; i++) {
    const Tensor *t = op_input(c, 1 + i);
    if (t->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be scalar: %s", names[i],
                  shape_text(t->dims, t->rank, text, sizeof text));
  }
  return op_output(c, 0, TF_FLOAT, x->dims, x->rank, st);
}

static TF_Code contrast_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  float factor = *(const float *)op_input(c, 1)->data, low = *(const float *)op_input(c, 2)->data;
  float high = *(const float *)op_input(c, 3)->data, *out = c->outputs[0].data;
  if (tensor_count(x) == 0) return TF_OK;
  int64_t channels = x->dims[x->rank - 1], pixels = x->dims[x->rank - 3] * x->dims[x->rank - 2];
  for (int64_t i = 0, n = tensor_count(x) / pixels; i < n; i++) {
    int64_t first = i / channels * pixels * channels + i % channels, end = first + pixels * channels;
    double sum = 0;
    for (int64_t at = first; at < end; at += channels) sum += math_number_at(x, at);
    float mean = (float)(sum / (double)pixels);
    for (int64_t at = first; at < end; at += channels) {
      float v = ((float)math_number_at(x, at) - mean) * factor + mean;
      v = v > low ? v : low;
      out[at] = v < high ? v : high;
    }
  }
  return TF_OK;
}

static TF_Code contrast_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank_at_least(c, 0, 3, st));
  c->outputs[0] = *c->inputs[0];
  return TF_OK;
}

const OpRow ops_image_contrast[] = {
    {"AdjustContrast", .types = "T: uint8 int8 int16 int32 float double", .shape = contrast_shape,
     .prepare = contrast_prepare, .run = contrast_run},
    {0}};
