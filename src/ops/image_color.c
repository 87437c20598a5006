/* RGBToHSV, HSVToRGB, AdjustHue, AdjustSaturation, AdjustContrastv2: colours in the last dim. */
#include <math.h>
#include <stddef.h>

#include "ops/array_util.h"
#include "ops/op.h"

typedef struct Color {
  double h, s, v, min, max; /* h in [0, 1) */
} Color;

static double get(const Tensor *t, int64_t i) {
  float f;
  if (t->dtype == TF_DOUBLE) return ((const double *)t->data)[i];
  if (t->dtype == TF_FLOAT) return (double)((const float *)t->data)[i];
  math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype);
  return (double)f;
}

static void put(Tensor *t, int64_t i, double v) {
  float f = (float)v;
  if (t->dtype == TF_DOUBLE) ((double *)t->data)[i] = v;
  else if (t->dtype == TF_FLOAT) ((float *)t->data)[i] = f;
  else math_store_16((uint16_t *)t->data + i, &f, 1, t->dtype);
}

static Color color_of_rgb(double r, double g, double b) {
  Color c = {.max = fmax(r, fmax(g, b)), .min = fmin(r, fmin(g, b))};
  double range = c.max - c.min;
  c.v = c.max;
  c.s = c.v > 0 ? range / c.v : 0;
  if (range > 0) {
    double norm = 1 / (6 * range);
    c.h = r == c.v ? norm * (g - b) : g == c.v ? norm * (b - r) + 2.0 / 6 : norm * (r - g) + 4.0 / 6;
    if (c.h < 0) c.h += 1;
  }
  return c;
}

static double unit(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

/* How much of red (0), green (1) and blue (2) a hue in [0, 1] has. */
static double hue_part(double h, int channel) {
  double six = h * 6;
  if (channel == 0) return unit(fabs(six - 3) - 1);
  return unit(2 - fabs(six - 2 * channel));
}

static TF_Code color_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  bool adjust = c->num_inputs > 1;
  if (x->rank < (adjust ? 3 : 1))
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least %d-D", adjust ? 3 : 1);
  if (x->dims[x->rank - 1] != 3)
    return fail(st, adjust ? TF_INVALID_ARGUMENT : TF_FAILED_PRECONDITION, "input must have 3 channels in its last dimension.");
  if (adjust && op_input(c, 1)->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "the amount must be scalar");
  return op_output_like(c, 0, x, st);
}

static TF_Code rgb_to_hsv_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3) {
    Color color = color_of_rgb(get(x, i), get(x, i + 1), get(x, i + 2));
    put(&c->outputs[0], i, color.h);
    put(&c->outputs[0], i + 1, color.s);
    put(&c->outputs[0], i + 2, color.v);
  }
  return TF_OK;
}

static void put_hsv(Tensor *out, int64_t i, double h, double s, double v) {
  for (int k = 0; k < 3; k++) put(out, i + k, ((1 - s) + s * hue_part(h, k)) * v);
}

static TF_Code hsv_to_rgb_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3) put_hsv(&c->outputs[0], i, get(x, i), get(x, i + 1), get(x, i + 2));
  return TF_OK;
}

static TF_Code hue_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  double delta = get(op_input(c, 1), 0);
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3) {
    Color color = color_of_rgb(get(x, i), get(x, i + 1), get(x, i + 2));
    double h = color.h + delta;
    h -= floor(h);
    for (int k = 0; k < 3; k++) put(&c->outputs[0], i + k, color.min + (color.max - color.min) * hue_part(h, k));
  }
  return TF_OK;
}

static TF_Code saturation_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  double scale = get(op_input(c, 1), 0);
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3) {
    Color color = color_of_rgb(get(x, i), get(x, i + 1), get(x, i + 2));
    put_hsv(&c->outputs[0], i, color.h, unit(color.s * scale), color.v);
  }
  return TF_OK;
}

/* ---- AdjustContrastv2 ---- */

static TF_Code contrast_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (x->rank < 3)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 3-D, got shape%s", shape_text(x->dims, x->rank, text, sizeof text));
  if (op_input(c, 1)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "contrast_factor must be scalar: %s",
                shape_text(op_input(c, 1)->dims, op_input(c, 1)->rank, text, sizeof text));
  return op_output_like(c, 0, x, st);
}

static TF_Code contrast_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  double factor = get(op_input(c, 1), 0);
  int64_t channels = x->dims[x->rank - 1], pixels = x->dims[x->rank - 3] * x->dims[x->rank - 2];
  int64_t images = dims_product(x->dims, 0, x->rank - 3);
  if (tensor_count(x) == 0) return TF_OK;
  for (int64_t i = 0; i < images * channels; i++) {
    int64_t first = i / channels * pixels * channels + i % channels;
    double sum = 0;
    for (int64_t p = 0; p < pixels; p++) sum += get(x, first + p * channels);
    double mean = sum / (double)pixels;
    for (int64_t p = 0; p < pixels; p++)
      put(&c->outputs[0], first + p * channels, (get(x, first + p * channels) - mean) * factor + mean);
  }
  return TF_OK;
}

static TF_Code shape_adjust(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank_at_least(c, 0, 3, st));
  return shape_same(c, st);
}
static TF_Code shape_color(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank_at_least(c, 0, 1, st));
  return shape_same(c, st);
}

const OpRow ops_image_color[] = {
  {"RGBToHSV", .types = "T: " TYPES_FLOATS, .shape = shape_color, .prepare = color_prepare, .run = rgb_to_hsv_run},
  {"HSVToRGB", .types = "T: " TYPES_FLOATS, .shape = shape_color, .prepare = color_prepare, .run = hsv_to_rgb_run},
  {"AdjustHue", .types = "T: float", .shape = shape_adjust, .prepare = color_prepare, .run = hue_run},
  {"AdjustSaturation", .types = "T: float", .shape = shape_adjust, .prepare = color_prepare, .run = saturation_run},
  {"AdjustContrastv2", .types = "T: float", .shape = shape_adjust, .prepare = contrast_prepare, .run = contrast_run},
  {0}};
