/* ImageProjectiveTransformV2 and V3: each output pixel (x, y) is the input's at
 *
 *   ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k),   k = c0 x + c1 y + 1
 *
 * for the transform [a0, a1, a2, b0, b1, b2, c0, c1] of the image, or of all images. */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/op.h"

typedef enum FillMode { FILL_REFLECT, FILL_WRAP, FILL_CONSTANT, FILL_NEAREST } FillMode;

typedef struct TransformState {
  FillMode fill;
  bool bilinear;
} TransformState;

/* TF: has no error for other names and does as its memory happens to be. */
static TF_Code transform_init(OpInit *k, TF_Status *st) {
  static const char *const fills[] = {"REFLECT", "WRAP", "CONSTANT", "NEAREST"};
  TransformState *s = k->state;
  Span how, fill;
  int mode = -1;
  TRY(node_attr_string(k->node, "interpolation", &how, st));
  TRY(node_attr_string(k->node, "fill_mode", &fill, st));
  s->bilinear = how.size == 8 && memcmp(how.data, "BILINEAR", 8) == 0;
  if (!s->bilinear && !(how.size == 7 && memcmp(how.data, "NEAREST", 7) == 0))
    return fail(st, TF_INVALID_ARGUMENT, "Invalid interpolation %.*s. Supported types: NEAREST, BILINEAR",
                (int)how.size, (const char *)how.data);
  for (int i = 0; i < 4; i++)
    if (strlen(fills[i]) == fill.size && memcmp(fills[i], fill.data, fill.size) == 0) mode = i;
  if (mode < 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Invalid mode %.*s. Supported types: REFLECT, WRAP, CONSTANT, NEAREST", (int)fill.size,
                (const char *)fill.data);
  s->fill = (FillMode)mode;
  return TF_OK;
}

static TF_Code transform_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *t = op_input(c, 1), *size = op_input(c, 2);
  char text[SHAPE_TEXT_MAX];
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "Input images must have rank 4");
  if (t->rank != 2 || (t->dims[0] != x->dims[0] && t->dims[0] != 1) || t->dims[1] != 8)
    return fail(st, TF_INVALID_ARGUMENT, "Input transform should be num_images x 8 or 1 x 8");
  TRY(tensor_want_pair(size, "output shape", st));
  int64_t dims[4] = {x->dims[0], int_at(size, 0), int_at(size, 1), x->dims[3]};
  if (dims[1] <= 0 || dims[2] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "output dimensions must be positive");
  if (c->num_inputs > 3 && op_input(c, 3)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "fill_value must be a scalar%s",
                shape_text(op_input(c, 3)->dims, op_input(c, 3)->rank, text, sizeof text));
  return op_output(c, 0, x->dtype, dims, 4, st);
}

/* ---- coordinates ---- */

/* A float cut to an integer; what is no number or too large is INT64_MIN, as on the processors that
 * TensorFlow runs on. */
static int64_t whole(float x) { return x >= -0x1p63f && x < 0x1p63f ? (int64_t)x : INT64_MIN; }
static float times(int64_t a, int64_t b) { return (float)(int64_t)((uint64_t)a * (uint64_t)b); }

static float clamp_to(float x, int64_t n) {
  float last = (float)(n - 1);
  x = x < 0 ? 0 : x;
  return last < x ? last : x;
}

/* [abcd] as [dcba|abcd|dcba]. */
static float reflect(float x, int64_t n) {
  int64_t twice = 2 * n;
  if (x >= 0 && x <= (float)(n - 1)) return x;
  if (x != x) return x;
  if (n <= 1) return clamp_to(0, n);
  if (x < 0) {
    x = times(twice, whole(-x / (float)twice)) + x;
    x = x < (float)-n ? x + (float)twice : -x - 1;
  } else {
    x -= times(twice, whole(x / (float)twice));
    if (x >= (float)n) x = (float)twice - x - 1;
  }
  return clamp_to(x, n);
}

/* [abcd] as [abcd|abcd|abcd]. */
static float wrap(float x, int64_t n) {
  if (x >= 0 && x <= (float)(n - 1)) return x;
  if (x != x) return x;
  if (n <= 1) return clamp_to(0, n);
  if (x < 0) x += times(n, (int64_t)((uint64_t)whole(-x / (float)(n - 1)) + 1));
  else x -= times(n, whole(x / (float)(n - 1)));
  return clamp_to(x, n);
}

static float map_into(FillMode mode, float x, int64_t n) {
  switch (mode) {
    case FILL_REFLECT: return reflect(x, n);
    case FILL_WRAP: return wrap(x, n);
    case FILL_NEAREST: return clamp_to(x, n);
    default: return x;
  }
}

/* ---- pixels ---- */

static float load(const void *data, int64_t i, TF_DataType dtype) {
  float f;
  switch (dtype) {
    case TF_FLOAT: return ((const float *)data)[i];
    case TF_DOUBLE: return (float)((const double *)data)[i];
    case TF_UINT8: return (float)((const uint8_t *)data)[i];
    case TF_INT32: return (float)((const int32_t *)data)[i];
    case TF_INT64: return (float)((const int64_t *)data)[i];
    default: math_load_16(&f, (const uint16_t *)data + i, 1, dtype); return f;
  }
}

static void store(void *data, int64_t i, TF_DataType dtype, float v) {
  int64_t w = whole(v);
  switch (dtype) {
    case TF_FLOAT: ((float *)data)[i] = v; break;
    case TF_DOUBLE: ((double *)data)[i] = (double)v; break;
    case TF_UINT8: ((uint8_t *)data)[i] = (uint8_t)w; break;
    case TF_INT32: ((int32_t *)data)[i] = w < INT32_MIN || w > INT32_MAX ? INT32_MIN : (int32_t)w; break;
    case TF_INT64: ((int64_t *)data)[i] = w; break;
    default: math_store_16((uint16_t *)data + i, &v, 1, dtype);
  }
}

typedef struct Transform {
  const TransformState *s;
  const Tensor *in, *transforms;
  Tensor *out;
  char fill[8]; /* one element */
  size_t size;  /* of it */
} Transform;

/* The pixel at (y, x) of an image, or null outside. */
static const char *pixel_at(const Transform *t, int64_t image, int64_t y, int64_t x) {
  const int64_t *dims = t->in->dims;
  if (!index_ok(y, dims[1]) || !index_ok(x, dims[2])) return NULL;
  return (const char *)t->in->data + (size_t)(((image * dims[1] + y) * dims[2] + x) * dims[3]) * t->size;
}

static void fill_pixel(const Transform *t, char *out) {
  for (int64_t k = 0; k < t->in->dims[3]; k++) memcpy(out + (size_t)k * t->size, t->fill, t->size);
}

static void nearest(const Transform *t, int64_t image, float y, float x, char *out) {
  const char *pixel = pixel_at(t, image, whole(roundf(y)), whole(roundf(x)));
  if (pixel) memcpy(out, pixel, (size_t)t->in->dims[3] * t->size);
  else fill_pixel(t, out);
}

static void bilinear(const Transform *t, int64_t image, float y, float x, char *out) {
  float y0 = floorf(y), x0 = floorf(x), y1 = y0 + 1, x1 = x0 + 1;
  const char *corners[4] = {
      pixel_at(t, image, whole(y0), whole(x0)), pixel_at(t, image, whole(y0), whole(x1)),
      pixel_at(t, image, whole(y1), whole(x0)), pixel_at(t, image, whole(y1), whole(x1))};
  TF_DataType dtype = t->in->dtype;
  for (int64_t k = 0; k < t->in->dims[3]; k++) {
    float v[4];
    for (int i = 0; i < 4; i++) v[i] = corners[i] ? load(corners[i], k, dtype) : load(t->fill, 0, dtype);
    float top = (x1 - x) * v[0] + (x - x0) * v[1], bottom = (x1 - x) * v[2] + (x - x0) * v[3];
    store(out, k, dtype, (y1 - y) * top + (y - y0) * bottom);
  }
}

static void transform_pixel(const Transform *t, int64_t image, int64_t out_y, int64_t out_x, char *out) {
  const float *m = (const float *)t->transforms->data + (t->transforms->dims[0] == 1 ? 0 : 8 * image);
  int64_t height = t->in->dims[1], width = t->in->dims[2];
  float fx = (float)out_x, fy = (float)out_y, k = m[6] * fx + m[7] * fy + 1;
  if (k == 0) {
    fill_pixel(t, out);
    return;
  }
  float x = map_into(t->s->fill, (m[0] * fx + m[1] * fy + m[2]) / k, width);
  float y = map_into(t->s->fill, (m[3] * fx + m[4] * fy + m[5]) / k, height);
  if (t->s->bilinear) bilinear(t, image, y, x, out);
  else nearest(t, image, y, x, out);
}

static void transform_rows(void *arg, int64_t begin, int64_t end) {
  const Transform *t = arg;
  const int64_t *dims = t->out->dims;
  size_t pixel = (size_t)dims[3] * t->size;
  for (int64_t i = begin; i < end; i++) {
    char *out = (char *)t->out->data + (size_t)(i * dims[2]) * pixel;
    for (int64_t x = 0; x < dims[2]; x++)
      transform_pixel(t, i / dims[1], i % dims[1], x, out + (size_t)x * pixel);
  }
}

static TF_Code transform_run(OpCtx *c, TF_Status *st) {
  (void)st;
  Transform t = {.s = c->state, .in = op_input(c, 0), .transforms = op_input(c, 1), .out = &c->outputs[0]};
  t.size = dtype_size(t.in->dtype);
  if (tensor_count(t.out) == 0) return TF_OK;
  store(t.fill, 0, t.in->dtype, c->num_inputs > 3 ? *(const float *)op_input(c, 3)->data : 0);
  int64_t work = t.out->dims[2] * (t.out->dims[3] + 4);
  parallel_for(c->threads, t.out->dims[0] * t.out->dims[1], 8192 / work + 1, transform_rows, &t);
  return TF_OK;
}

static TF_Code shape_transform(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 2, 1, st));
  c->outputs[0] = shape_of_images(c, shape_dim(c->inputs[0], 0), 2, shape_dim(c->inputs[0], 3));
  return TF_OK;
}

#define TRANSFORM(name_)                                                                           \
  {                                                                                                \
    name_, .types = "dtype: uint8 int32 int64 half float double", .value_inputs = 4,               \
           .state_size = sizeof(TransformState), .shape = shape_transform, .init = transform_init, \
           .prepare = transform_prepare, .run = transform_run                                      \
  }
const OpRow ops_image_transform[] = {TRANSFORM("ImageProjectiveTransformV2"),
                                     TRANSFORM("ImageProjectiveTransformV3"),
                                     {0}};
