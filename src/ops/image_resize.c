/* ResizeNearestNeighbor, ResizeBilinear, ResizeBicubic, ResizeArea on NHWC images.
 *
 * Where an output row or column takes its pixels from, and with what weights, is worked out once a run into
 * tables in scratch; positions are computed in float, as TensorFlow does, since rounding decides which pixel
 * is taken. All but nearest neighbour answer in float: other dtypes are widened into scratch first. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/image_resize.h"
#include "ops/math_types.h"

typedef struct ResizePrep {
  int64_t batch, in_h, in_w, out_h, out_w, channels;
  float scale_h, scale_w;
  size_t rows_at, columns_at, image_at; /* in scratch */
} ResizePrep;

TF_Code resize_init(OpInit *k, ResizeMode mode, TF_Status *st) {
  ResizeState *s = k->state;
  const Attr *align = node_attr(k->node, "align_corners"), *half = node_attr(k->node, "half_pixel_centers");
  s->mode = mode;
  s->align = align && align->v.b;
  s->half = half && half->v.b;
  if (s->align && s->half)
    return fail(st, TF_INVALID_ARGUMENT, "If half_pixel_centers is True, align_corners must be False.");
  return TF_OK;
}
static TF_Code nearest_init(OpInit *k, TF_Status *st) { return resize_init(k, RESIZE_NEAREST, st); }
static TF_Code bilinear_init(OpInit *k, TF_Status *st) { return resize_init(k, RESIZE_BILINEAR, st); }
static TF_Code bicubic_init(OpInit *k, TF_Status *st) { return resize_init(k, RESIZE_BICUBIC, st); }
static TF_Code area_init(OpInit *k, TF_Status *st) { return resize_init(k, RESIZE_AREA, st); }

float resize_scale(int64_t in, int64_t out, bool align) {
  return align && in > 1 && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
}

static TF_Code resize_prepare(OpCtx *c, TF_Status *st) {
  const ResizeState *s = c->state;
  ResizePrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *size = op_input(c, 1);
  TRY(tensor_want_rank(x, "input", 4, st));
  TRY(tensor_want_pair(size, "shape_t", st));
  p->batch = x->dims[0];
  p->in_h = x->dims[1];
  p->in_w = x->dims[2];
  p->channels = x->dims[3];
  p->out_h = int_at(size, 0);
  p->out_w = int_at(size, 1);
  if (p->out_h <= 0 || p->out_w <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "output dimensions must be positive");
  if (p->in_h > INT32_MAX || p->in_w > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "input sizes must be between 0 and max int32");
  if (p->in_h == 0 || p->in_w == 0)
    return fail(st, TF_INVALID_ARGUMENT, "input image must be of non-zero size");
  if (p->channels == 0) return fail(st, TF_INVALID_ARGUMENT, "image must have at least one channel");
  p->scale_h = resize_scale(p->in_h, p->out_h, s->align);
  p->scale_w = resize_scale(p->in_w, p->out_w, s->align);
  int64_t dims[4] = {p->batch, p->out_h, p->out_w, p->channels};
  TRY(op_output(c, 0, s->mode == RESIZE_NEAREST ? x->dtype : TF_FLOAT, dims, 4, st));
  size_t total = 0;
  TRY(op_scratch_take(&total, &p->rows_at, p->out_h, sizeof(ResizeSource), st));
  TRY(op_scratch_take(&total, &p->columns_at, p->out_w, sizeof(ResizeSource), st));
  if (s->mode != RESIZE_NEAREST && x->dtype != TF_FLOAT)
    TRY(op_scratch_take(&total, &p->image_at, tensor_count(x), sizeof(float), st));
  op_scratch(c, total);
  return TF_OK;
}

/* ---- tables ---- */

static int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

void resize_nearest_source(const ResizeState *s, ResizeSource *out, int64_t i, int64_t in, float scale) {
  float at = s->half ? ((float)i + 0.5f) * scale : (float)i * scale;
  out->at[0] = clamp((int64_t)(s->align ? roundf(at) : floorf(at)), in);
}

void resize_bilinear_source(const ResizeState *s, ResizeSource *out, int64_t i, int64_t in, float scale) {
  float at = s->half ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
  float low = floorf(at);
  out->at[1] = clamp((int64_t)ceilf(at), in);
  out->at[0] = clamp((int64_t)low, in);
  if (out->at[0] > out->at[1]) out->at[0] = out->at[1];
  out->weight[0] = at - low;
}

enum { CUBIC_STEPS = 1024 }; /* TF: weights are those of the nearest 1/1024 */

/* The weight of a pixel `x` from the centre (far: 1 + x), x being `step` / 1024. */
static float cubic_weight(int64_t step, bool far, double a) {
  float x = (float)((double)step / CUBIC_STEPS);
  if (!far) return (float)(((a + 2) * (double)x - (a + 3)) * (double)x * (double)x + 1);
  x += 1.0f;
  return (float)(((a * (double)x - 5 * a) * (double)x + 8 * a) * (double)x - 4 * a);
}

void resize_bicubic_source(const ResizeState *s, ResizeSource *out, int64_t i, int64_t in, float scale) {
  float at = s->half ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
  int64_t low = (int64_t)floorf(at), step = lrintf((at - (float)low) * CUBIC_STEPS);
  double a = s->half ? -0.5 : -0.75;
  out->weight[0] = cubic_weight(step, true, a);
  out->weight[1] = cubic_weight(step, false, a);
  out->weight[2] = cubic_weight(CUBIC_STEPS - step, false, a);
  out->weight[3] = cubic_weight(CUBIC_STEPS - step, true, a);
  float sum = 0;
  for (int t = 0; t < 4; t++) {
    int64_t want = low - 1 + t;
    out->at[t] = clamp(want, in);
    /* TF: with half-pixel centres, pixels outside the image weigh nothing. */
    if (s->half && out->at[t] != want) out->weight[t] = 0;
    sum += out->weight[t];
  }
  if (s->half && fabsf(sum) >= 1000 * 0x1p-126f)
    for (int t = 0; t < 4; t++) out->weight[t] *= 1 / sum;
}

/* How much of pixel v lies in [from, to). */
static float area_part(int64_t v, float from, float to, float scale) {
  float start = (float)v, end = (float)(v + 1);
  if (start < from) return end > to ? scale : end - from;
  return end > to ? to - start : 1;
}

static void area_source(const ResizeState *s, ResizeSource *out, int64_t i, int64_t in, float scale) {
  (void)s;
  (void)in;
  float from = (float)i * scale, to = (float)(i + 1) * scale;
  out->at[0] = (int64_t)floorf(from);
  out->at[1] = (int64_t)ceilf(to);
  out->weight[0] = area_part(out->at[0], from, to, scale);
  out->weight[1] = area_part(out->at[1] - 1, from, to, scale);
}

/* ---- rows of output ---- */

typedef struct Resize {
  const ResizeState *s;
  const ResizePrep *p;
  const ResizeSource *rows, *columns;
  const void *in;
  void *out;
  size_t pixel; /* bytes, for nearest neighbour */
} Resize;

static void nearest_rows(void *arg, int64_t begin, int64_t end) {
  const Resize *r = arg;
  const ResizePrep *p = r->p;
  for (int64_t i = begin; i < end; i++) {
    const char *in = (const char *)r->in + (size_t)(i / p->out_h * p->in_h + r->rows[i % p->out_h].at[0]) *
                                               (size_t)p->in_w * r->pixel;
    char *out = (char *)r->out + (size_t)(i * p->out_w) * r->pixel;
    for (int64_t x = 0; x < p->out_w; x++)
      memcpy(out + (size_t)x * r->pixel, in + (size_t)r->columns[x].at[0] * r->pixel, r->pixel);
  }
}

/* Source row `y` of the image that output row `i` belongs to. */
static const float *source_row(const Resize *r, int64_t i, int64_t y) {
  const ResizePrep *p = r->p;
  return (const float *)r->in + (i / p->out_h * p->in_h + y) * p->in_w * p->channels;
}

static void bilinear_rows(void *arg, int64_t begin, int64_t end) {
  const Resize *r = arg;
  const ResizePrep *p = r->p;
  int64_t n = p->channels;
  for (int64_t i = begin; i < end; i++) {
    const ResizeSource *row = &r->rows[i % p->out_h];
    const float *top = source_row(r, i, row->at[0]), *bottom = source_row(r, i, row->at[1]);
    float dy = row->weight[0];
    float *out = (float *)r->out + i * p->out_w * n;
    for (int64_t x = 0; x < p->out_w; x++, out += n) {
      int64_t left = r->columns[x].at[0] * n, right = r->columns[x].at[1] * n;
      float dx = r->columns[x].weight[0];
      for (int64_t c = 0; c < n; c++) {
        float t = top[left + c] + (top[right + c] - top[left + c]) * dx;
        float b = bottom[left + c] + (bottom[right + c] - bottom[left + c]) * dx;
        out[c] = t + (b - t) * dy;
      }
    }
  }
}

static void bicubic_rows(void *arg, int64_t begin, int64_t end) {
  const Resize *r = arg;
  const ResizePrep *p = r->p;
  int64_t n = p->channels;
  for (int64_t i = begin; i < end; i++) {
    const ResizeSource *row = &r->rows[i % p->out_h];
    const float *rows[4];
    for (int t = 0; t < 4; t++) rows[t] = source_row(r, i, row->at[t]);
    float *out = (float *)r->out + i * p->out_w * n;
    for (int64_t x = 0; x < p->out_w; x++, out += n) {
      const ResizeSource *column = &r->columns[x];
      for (int64_t c = 0; c < n; c++) {
        float sum = 0;
        for (int t = 0; t < 4; t++) {
          int64_t at = column->at[t] * n + c;
          float down = rows[0][at] * row->weight[0] + rows[1][at] * row->weight[1] +
                       rows[2][at] * row->weight[2] + rows[3][at] * row->weight[3];
          sum += down * column->weight[t];
        }
        out[c] = sum;
      }
    }
  }
}

static float span_weight(const ResizeSource *s, int64_t i) {
  return i == s->at[0] ? s->weight[0] : i == s->at[1] - 1 ? s->weight[1] : 1;
}

static void area_rows(void *arg, int64_t begin, int64_t end) {
  const Resize *r = arg;
  const ResizePrep *p = r->p;
  int64_t n = p->channels;
  float scale = 1 / (p->scale_h * p->scale_w);
  for (int64_t i = begin; i < end; i++) {
    const ResizeSource *row = &r->rows[i % p->out_h];
    float *out = (float *)r->out + i * p->out_w * n;
    for (int64_t x = 0; x < p->out_w; x++, out += n) {
      const ResizeSource *column = &r->columns[x];
      for (int64_t c = 0; c < n; c++) {
        float sum = 0;
        for (int64_t y = row->at[0]; y < row->at[1]; y++) {
          const float *in = source_row(r, i, clamp(y, p->in_h)) + c;
          float across = in[clamp(column->at[0], p->in_w) * n] * column->weight[0];
          for (int64_t at = column->at[0] + 1; at < column->at[1]; at++)
            across += in[clamp(at, p->in_w) * n] * span_weight(column, at);
          sum += across * span_weight(row, y);
        }
        out[c] = sum * scale;
      }
    }
  }
}

/* ---- run ---- */

static TF_Code resize_run(OpCtx *c, TF_Status *st) {
  (void)st;
  static ResizeSourceFn *const sources[] = {resize_nearest_source, resize_bilinear_source,
                                            resize_bicubic_source, area_source};
  static void (*const fns[])(void *, int64_t, int64_t) = {nearest_rows, bilinear_rows, bicubic_rows,
                                                          area_rows};
  const ResizeState *s = c->state;
  const ResizePrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
  ResizeSource *rows = (ResizeSource *)((char *)c->scratch + p->rows_at);
  ResizeSource *columns = (ResizeSource *)((char *)c->scratch + p->columns_at);
  for (int64_t i = 0; i < p->out_h; i++) sources[s->mode](s, &rows[i], i, p->in_h, p->scale_h);
  for (int64_t i = 0; i < p->out_w; i++) sources[s->mode](s, &columns[i], i, p->in_w, p->scale_w);
  Resize r = {s, p, rows, columns, x->data, c->outputs[0].data, (size_t)p->channels * dtype_size(x->dtype)};
  if (s->mode != RESIZE_NEAREST)
    r.in = math_floats_at(x, 0, tensor_count(x), (float *)((char *)c->scratch + p->image_at));
  if (s->mode == RESIZE_BILINEAR && p->in_h == p->out_h && p->in_w == p->out_w) {
    memcpy(r.out, r.in,
           (size_t)tensor_count(x) * sizeof(float)); /* TF: no arithmetic, so that infinities stay */
    return TF_OK;
  }
  int64_t work = p->out_w * p->channels;
  parallel_for(c->threads, p->batch * p->out_h, work > 16384 ? 1 : 16384 / work + 1, fns[s->mode], &r);
  return TF_OK;
}

static TF_Code shape_resize(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 1, 1, st));
  const Shape *x = c->inputs[0];
  if (c->inputs[1]->rank == 1 && c->inputs[1]->dims[0] >= 0 && c->inputs[1]->dims[0] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Dimension must be 2 but is %lld", (long long)c->inputs[1]->dims[0]);
  c->outputs[0] = shape_of_images(c, shape_dim(x, 0), 1, shape_dim(x, 3));
  return TF_OK;
}

#define RESIZE(name_, init_)                                                                                \
  {                                                                                                         \
    name_, .types = "T: int8 uint8 int16 uint16 int32 int64 half float double bfloat16", .value_inputs = 2, \
           .state_size = sizeof(ResizeState), .prep_size = sizeof(ResizePrep), .shape = shape_resize,       \
           .init = init_, .prepare = resize_prepare, .run = resize_run                                      \
  }

const OpRow ops_image_resize[] = {RESIZE("ResizeNearestNeighbor", nearest_init),
                                  RESIZE("ResizeBilinear", bilinear_init),
                                  RESIZE("ResizeBicubic", bicubic_init),
                                  RESIZE("ResizeArea", area_init),
                                  {0}};
