/* Spans of resampled images (image_spans.h). */
#include "ops/image_spans.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"

/* ---- kernels: weights by distance x >= 0, in float as TensorFlow computes them ---- */

static float lanczos(float x, float radius) {
  const float pi = 3.14159265359f;
  if (x > radius) return 0;
  if (x <= 1e-3f) return 1;
  return radius * sinf(pi * x) * sinf(pi * x / radius) / (pi * pi * x * x);
}
static float gaussian(float x, float radius) {
  float sigma = radius / 3;
  if (x >= radius) return 0;
  return (float)exp((double)(-x * x) / (2.0 * (double)sigma * (double)sigma));
}
static float box(float x, float radius) {
  (void)radius;
  return x < 0.5f ? 1 : x == 0.5f ? 0.5f : 0;
}
static float triangle(float x, float radius) {
  (void)radius;
  return x < 1 ? 1 - x : 0;
}
static float keys_cubic(float x, float radius) {
  if (x >= radius) return 0;
  return x >= 1 ? ((-0.5f * x + 2.5f) * x - 4) * x + 2 : (1.5f * x - 2.5f) * x * x + 1;
}
static float mitchell_cubic(float x, float radius) {
  if (x >= radius) return 0;
  if (x >= 1) return ((-7.0f / 18.0f * x + 2) * x - 10.0f / 3.0f) * x + 16.0f / 9.0f;
  return (7.0f / 6.0f * x - 2) * x * x + 8.0f / 9.0f;
}

static const SpanKernel kernels[] = {{"lanczos1", lanczos, 1},
                                     {"lanczos3", lanczos, 3},
                                     {"lanczos5", lanczos, 5},
                                     {"gaussian", gaussian, 1.5f},
                                     {"box", box, 1},
                                     {"triangle", triangle, 1},
                                     {"keyscubic", keys_cubic, 2},
                                     {"mitchellcubic", mitchell_cubic, 2}};

const SpanKernel *span_kernel_find(Span name) {
  for (size_t i = 0; i < SM_COUNTOF(kernels); i++)
    if (strlen(kernels[i].name) == name.size && memcmp(kernels[i].name, name.data, name.size) == 0)
      return &kernels[i];
  return NULL;
}

/* ---- spans ---- */

/* Where samples are far apart, few are inside the image. */
bool spans_room(const SpanKernel *kernel, Spans *p) {
  int64_t reach = (int64_t)ceilf(2 * kernel->radius) + 3, both, room;
  if (!checked_add_i64(p->in, p->out, &both) || !checked_mul_i64(both, reach, &room)) return false;
  return checked_add_i64(room, 16, &p->room);
}

static int64_t clamp(float x, int64_t n) {
  return !(x > 0) ? 0 : x >= (float)n ? n - 1 : (int64_t)x < n ? (int64_t)x : n - 1;
}

/* The span of a sample and its weights, which sum to 1. False when there is no room. */
static bool make_span(const SpanKernel *k, Spans *p, Span1 *span, float sample, float kernel_scale,
                      int64_t *used) {
  float reach = k->radius * kernel_scale, sum = 0;
  *span = (Span1){0, 0, *used};
  if (!(sample >= 0 && sample <= (float)p->in)) return true; /* outside of the image, or NaN */
  int64_t start = clamp(ceilf(sample - reach - 0.5f), p->in),
          end = clamp(floorf(sample + reach - 0.5f), p->in) + 1;
  if (end - start > p->room - *used) return false;
  float *weights = p->weights + *used, narrow = 1 / kernel_scale;
  for (int64_t i = start; i < end; i++) {
    weights[i - start] = k->weight(fabsf(((float)i + 0.5f - sample) * narrow), k->radius);
    sum += weights[i - start];
  }
  *span = (Span1){start, end - start, *used};
  float norm = fabsf(sum) >= 1000 * 0x1p-126f ? 1 / sum : 0;
  for (int64_t i = 0; i < end - start; i++) weights[i] = norm == 0 ? 0 : weights[i] * norm;
  *used += end - start;
  return true;
}

TF_Code spans_make(const SpanKernel *kernel, bool antialias, Spans *p, float scale, float translate,
                   TF_Status *st) {
  float inverse = (float)(1.0 / (double)scale), shift = -inverse * translate;
  float kernel_scale = antialias && inverse > 1 ? inverse : 1, reach = ceilf(kernel->radius * kernel_scale);
  int64_t used = 0;
  p->widest = reach < 0x1p30f && 2 * (int64_t)reach + 1 < p->in ? 2 * (int64_t)reach + 1 : p->in;
  for (int64_t i = 0; i < p->out; i++) {
    float sample = ((float)i + 0.5f) * inverse + shift;
    if (!make_span(kernel, p, &p->spans[i], sample, kernel_scale, &used))
      return fail(st, TF_INTERNAL, "Span is too large: %lld weights.", (long long)p->room);
  }
  return TF_OK;
}

/* `from` are in ascending order, so these are spans too. */
TF_Code spans_turn(const Spans *from, Spans *to, TF_Status *st) {
  int64_t used = 0;
  for (int64_t i = 0; i < to->out; i++) to->spans[i] = (Span1){-1, 0, 0};
  for (int64_t o = 0; o < from->out; o++) {
    const Span1 *f = &from->spans[o];
    for (int64_t j = 0; j < f->count; j++) {
      Span1 *t = &to->spans[f->start + j];
      if (from->weights[f->at + j] == 0) continue;
      if (t->start < 0) t->start = o;
      t->count = o - t->start + 1;
    }
  }
  to->widest = 0;
  for (int64_t i = 0; i < to->out; i++) {
    Span1 *t = &to->spans[i];
    if (t->start < 0) t->start = 0;
    t->at = used;
    if (t->count > to->room - used)
      return fail(st, TF_INTERNAL, "Span is too large: %lld weights.", (long long)to->room);
    for (int64_t j = 0; j < t->count; j++) {
      const Span1 *f = &from->spans[t->start + j];
      to->weights[used + j] = index_ok(i - f->start, f->count) ? from->weights[f->at + i - f->start] : 0;
    }
    used += t->count;
    if (t->count > to->widest) to->widest = t->count;
  }
  return TF_OK;
}
