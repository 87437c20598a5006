/* RGBToHSV, HSVToRGB, AdjustHue, AdjustSaturation, AdjustContrastv2: colours in the last dim. */
#include <math.h>
#include <stddef.h>

#include "ops/array_util.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef struct Color {
  double h, s, v, min, max; /* h in [0, 1) */
} Color;

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
  char text[SHAPE_TEXT_MAX];
  if (x->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 1D%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  if (x->dims[x->rank - 1] != 3)
    return fail(st, TF_FAILED_PRECONDITION, "input must have 3 channels but input only has %lld channels.",
                (long long)x->dims[x->rank - 1]);
  return op_output_like(c, 0, x, st);
}

static TF_Code adjust_prepare(OpCtx *c, const char *amount, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *by = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (x->rank < 3)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 3-D, got shape%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  if (by->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "%s must be scalar: %s", amount,
                shape_text(by->dims, by->rank, text, sizeof text));
  if (x->dims[x->rank - 1] != 3)
    return fail(st, TF_INVALID_ARGUMENT, "input must have 3 channels but instead has %lld channels.",
                (long long)x->dims[x->rank - 1]);
  return op_output_like(c, 0, x, st);
}
static TF_Code hue_prepare(OpCtx *c, TF_Status *st) { return adjust_prepare(c, "delta", st); }
static TF_Code saturation_prepare(OpCtx *c, TF_Status *st) { return adjust_prepare(c, "scale", st); }

static TF_Code rgb_to_hsv_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3) {
    Color color = color_of_rgb(math_number_at(x, i), math_number_at(x, i + 1), math_number_at(x, i + 2));
    math_number_put(&c->outputs[0], i, color.h);
    math_number_put(&c->outputs[0], i + 1, color.s);
    math_number_put(&c->outputs[0], i + 2, color.v);
  }
  return TF_OK;
}

static void put_hsv(Tensor *out, int64_t i, double h, double s, double v) {
  for (int k = 0; k < 3; k++) math_number_put(out, i + k, ((1 - s) + s * hue_part(h, k)) * v);
}

static TF_Code hsv_to_rgb_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3)
    put_hsv(&c->outputs[0], i, math_number_at(x, i), math_number_at(x, i + 1), math_number_at(x, i + 2));
  return TF_OK;
}

/* ---- AdjustHue, AdjustSaturation: floats alone, in TensorFlow's order of comparisons, which NaN shows ----
 */

static float larger(float a, float b) { return a < b ? b : a; }
static float smaller(float a, float b) { return b < a ? b : a; }

/* `x` less whole multiples of n, in [0, n); NaN stays. */
static float into_range(float x, float n) {
  if (x < -4 * n || x >= 4 * n) x = fmodf(x, n);
  while (x < 0) x += n;
  while (x >= n) x -= n;
  return x;
}

/* Which channels are largest, middle and least in each sixth of the circle of hues. */
static const uint8_t sixths[6][3] = {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}, {2, 0, 1}, {0, 2, 1}};

static int sixth_of(const float *c) {
  if (c[0] < c[1]) return c[2] < c[0] ? 1 : c[2] > c[1] ? 3 : 2;
  return c[2] < c[1] ? 0 : c[2] > c[0] ? 4 : 5;
}

static void turn_hue(const float *in, float delta, float *out) {
  int sixth = sixth_of(in);
  float high = in[sixths[sixth][0]], mid = in[sixths[sixth][1]], low = in[sixths[sixth][2]], hue = 0;
  if (high != low) {
    float part = (mid - low) / (high - low);
    hue = (float)sixth + (sixth % 2 ? 1 - part : part);
  }
  hue = into_range(hue + delta * 6, 6);
  bool known = hue >= 0 && hue < 6;
  sixth = known ? (int)hue : 5;
  float part = hue - (float)sixth;
  out[sixths[sixth][0]] = high;
  out[sixths[sixth][1]] = low + (sixth % 2 ? 1 - part : part) * (high - low);
  out[sixths[sixth][2]] = low;
}

static TF_Code hue_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  float delta = *(const float *)op_input(c, 1)->data;
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3)
    turn_hue((const float *)x->data + i, delta, (float *)c->outputs[0].data + i);
  return TF_OK;
}

/* The hue in [0, 1). */
static float hue_of(const float *c, float high, float range) {
  float norm = 1 / (6 * range), hue;
  if (c[0] == high) hue = norm * (c[1] - c[2]);
  else if (c[1] == high) hue = (float)((double)(norm * (c[2] - c[0])) + 2.0 / 6);
  else hue = (float)((double)(norm * (c[0] - c[1])) + 4.0 / 6);
  if (range <= 0) hue = 0;
  return hue < 0 ? hue + 1 : hue;
}

static void scale_saturation(const float *in, float scale, float *out) {
  float high = larger(in[0], larger(in[1], in[2])), range = high - smaller(in[0], smaller(in[1], in[2]));
  float saturation = high > 0 ? range / high : 0, six = hue_of(in, high, range) * 6;
  saturation = smaller(1, larger(0, saturation * scale));
  float chroma = saturation * high, low = high - chroma;
  float mid = chroma * (1 - fabsf(into_range(six, 2) - 1));
  out[0] = out[1] = out[2] = low;
  if (!(six > -1 && six < 6)) return; /* NaN */
  const uint8_t *order = sixths[(int)six];
  out[order[0]] = chroma + low;
  out[order[1]] = mid + low;
}

static TF_Code saturation_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  float scale = *(const float *)op_input(c, 1)->data;
  for (int64_t i = 0, n = tensor_count(x); i < n; i += 3)
    scale_saturation((const float *)x->data + i, scale, (float *)c->outputs[0].data + i);
  return TF_OK;
}

/* ---- AdjustContrastv2 ---- */

static TF_Code contrast_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (x->rank < 3)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 3-D, got shape%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  if (op_input(c, 1)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "contrast_factor must be scalar: %s",
                shape_text(op_input(c, 1)->dims, op_input(c, 1)->rank, text, sizeof text));
  return op_output_like(c, 0, x, st);
}

static TF_Code contrast_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  double factor = math_number_at(op_input(c, 1), 0);
  int64_t channels = x->dims[x->rank - 1], pixels = x->dims[x->rank - 3] * x->dims[x->rank - 2];
  int64_t images = dims_product(x->dims, 0, x->rank - 3);
  if (tensor_count(x) == 0) return TF_OK;
  for (int64_t i = 0; i < images * channels; i++) {
    int64_t first = i / channels * pixels * channels + i % channels;
    double sum = 0;
    for (int64_t p = 0; p < pixels; p++) sum += math_number_at(x, first + p * channels);
    double mean = sum / (double)pixels;
    for (int64_t p = 0; p < pixels; p++)
      math_number_put(&c->outputs[0], first + p * channels,
                      (math_number_at(x, first + p * channels) - mean) * factor + mean);
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
    {"RGBToHSV", .types = "T: " TYPES_FLOATS, .shape = shape_color, .prepare = color_prepare,
     .run = rgb_to_hsv_run},
    {"HSVToRGB", .types = "T: " TYPES_FLOATS, .shape = shape_color, .prepare = color_prepare,
     .run = hsv_to_rgb_run},
    {"AdjustHue", .types = "T: float", .shape = shape_adjust, .prepare = hue_prepare, .run = hue_run},
    {"AdjustSaturation", .types = "T: float", .shape = shape_adjust, .prepare = saturation_prepare,
     .run = saturation_run},
    {"AdjustContrastv2", .types = "T: float", .shape = shape_adjust, .prepare = contrast_prepare,
     .run = contrast_run},
    {0}};
