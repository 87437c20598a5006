/* ExtractGlimpse and V2: windows of images, each at its own place; what is outside of the image is noise or
 * 0. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "ops/array_util.h"
#include "ops/op.h"

typedef enum Noise { NOISE_UNIFORM, NOISE_GAUSSIAN, NOISE_ZERO } Noise;

typedef struct GlimpseState {
  bool centered, normalized;
  bool first; /* V1: offsets are always of the window's centre, and those from the image's centre always
                 halves */
  Noise noise;
} GlimpseState;

static TF_Code init_noise(OpInit *k, GlimpseState *s, TF_Status *st) {
  static const char *const names[] = {"uniform", "gaussian", "zero"};
  bool uniform;
  Span noise;
  TRY(node_attr_bool(k->node, "uniform_noise", &uniform, st));
  TRY(node_attr_string(k->node, "noise", &noise, st));
  s->noise = uniform ? NOISE_UNIFORM : NOISE_GAUSSIAN;
  if (noise.size == 0) return TF_OK;
  if (uniform && !(noise.size == 7 && memcmp(noise.data, "uniform", 7) == 0))
    return fail(st, TF_INVALID_ARGUMENT,
                "The uniform_noise and noise could not be specified at the same time");
  for (int i = 0; i < 3; i++) {
    if (strlen(names[i]) != noise.size || memcmp(names[i], noise.data, noise.size) != 0) continue;
    s->noise = (Noise)i;
    return TF_OK;
  }
  return fail(st, TF_INVALID_ARGUMENT, "The noise could only be uniform, gaussian, or zero, got%.*s",
              (int)noise.size, (const char *)noise.data);
}

static TF_Code init_glimpse(OpInit *k, TF_Status *st) {
  GlimpseState *s = k->state;
  TRY(node_attr_bool(k->node, "centered", &s->centered, st));
  TRY(node_attr_bool(k->node, "normalized", &s->normalized, st));
  return init_noise(k, s, st);
}

static TF_Code init_glimpse_v1(OpInit *k, TF_Status *st) {
  ((GlimpseState *)k->state)->first = true;
  return init_glimpse(k, st);
}

static TF_Code glimpse_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *size = op_input(c, 1), *offsets = op_input(c, 2);
  char text[SHAPE_TEXT_MAX];
  if (x->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "input must be 4-dimensional (batch_size, height, width, depth)%s",
                shape_text(x->dims, x->rank, text, sizeof text));
  if (size->rank != 1 || size->dims[0] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "input must be a vector of size 2 (height, width)%s",
                shape_text(size->dims, size->rank, text, sizeof text));
  int64_t dims[4] = {x->dims[0], int_at(size, 0), int_at(size, 1), x->dims[3]};
  for (int i = 1; i < 3; i++)
    if (dims[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Expected a non-negative size, got %lld", (long long)dims[i]);
  shape_text(offsets->dims, offsets->rank, text, sizeof text);
  if (offsets->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "input must be a matrix%s", text);
  if (offsets->dims[0] != x->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "first dimension should be batch%s", text);
  if (offsets->dims[1] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "second dimension should be of size 2 (y,x)%s", text);
  return op_output(c, 0, TF_FLOAT, dims, 4, st);
}

/* ---- noise: not repeatable, as TensorFlow's is not ---- */

static uint64_t new_seed(void) {
  static _Atomic uint64_t runs;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u + (uint64_t)now.tv_sec +
         atomic_fetch_add(&runs, 0x632be59bd9b4e019u);
}

/* In [0, 1). */
static float next_uniform(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (float)(z >> 40) * 0x1p-24f;
}

static float next_normal(uint64_t *state) {
  float radius = sqrtf(-2 * logf(1 - next_uniform(state)));
  return radius * cosf(6.2831853f * next_uniform(state));
}

typedef struct Range {
  float low, high, mean, sigma;
} Range;

/* Of every `step`th of `n` numbers. */
static Range range_of(const float *x, int64_t n, int64_t step) {
  Range r = {.low = INFINITY, .high = -INFINITY};
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; i += step) {
    r.low = fminf(r.low, x[i]);
    r.high = fmaxf(r.high, x[i]);
    sum += (double)x[i];
  }
  double count = (double)((n + step - 1) / step), mean = sum / count;
  for (int64_t i = 0; i < n; i += step) squares += ((double)x[i] - mean) * ((double)x[i] - mean);
  r.mean = (float)mean;
  r.sigma = (float)sqrt(squares / count);
  return r;
}

/* Uniform between the least and the largest number of the image; or, a channel at a time, normal with its
 * mean and deviation, within its range. */
static void make_noise(Noise noise, const float *image, int64_t pixels, int64_t channels, float *out,
                       int64_t n) {
  uint64_t state = new_seed();
  memset(out, 0, (size_t)n * sizeof *out);
  if (noise == NOISE_ZERO || pixels == 0) return;
  if (noise == NOISE_UNIFORM) {
    Range r = range_of(image, pixels * channels, 1);
    for (int64_t i = 0; i < n; i++) out[i] = r.low + next_uniform(&state) * (r.high - r.low);
    return;
  }
  for (int64_t k = 0; k < channels; k++) {
    Range r = range_of(image + k, pixels * channels - k, channels);
    for (int64_t i = k; i < n; i += channels)
      out[i] = fmaxf(r.low, fminf(r.high, r.mean + next_normal(&state) * r.sigma));
  }
}

/* ---- windows ---- */

/* Where a window of `size` begins in a dimension of `n`; what is no number or too large is far outside. */
static int64_t begin_of(const GlimpseState *s, float at, int64_t n, int64_t size) {
  if (s->normalized) at *= (float)n;
  if (s->centered && (s->first || s->normalized)) at /= 2;
  if (s->centered) at += (float)n / 2;
  if (s->first || (s->normalized && s->centered)) at -= (float)size / 2;
  return at > -0x1p62f && at < 0x1p62f ? (int64_t)at : INT64_MIN / 2;
}

/* What of a window is inside: `count` positions from `in` of the image, from `out` of the window. */
typedef struct Part {
  int64_t in, out, count;
  bool whole;
} Part;

/* TF: a window that ends where the image does counts as overlapping its edge. */
static Part part_of(int64_t begin, int64_t n, int64_t size) {
  int64_t end = begin + size;
  Part p = {.in = begin < 0 ? 0 : begin, .whole = begin >= 0 && end < n};
  p.out = p.in - begin;
  p.count = (end < n ? end : n) - p.in;
  if (p.count < 0) p.count = 0;
  return p;
}

static void extract(const GlimpseState *s, const Tensor *x, const Tensor *out, int64_t i,
                    const float *offset) {
  int64_t height = x->dims[1], width = x->dims[2], channels = x->dims[3];
  int64_t n = out->dims[1] * out->dims[2] * channels;
  const float *in = (const float *)x->data + i * height * width * channels;
  float *to = (float *)out->data + i * n;
  Part y = part_of(begin_of(s, offset[0], height, out->dims[1]), height, out->dims[1]);
  Part xs = part_of(begin_of(s, offset[1], width, out->dims[2]), width, out->dims[2]);
  if (!y.whole || !xs.whole) make_noise(s->noise, in, height * width, channels, to, n);
  if (xs.count == 0) return;
  for (int64_t r = 0; r < y.count; r++)
    memcpy(to + ((y.out + r) * out->dims[2] + xs.out) * channels,
           in + ((y.in + r) * width + xs.in) * channels, (size_t)(xs.count * channels) * sizeof *to);
}

static TF_Code glimpse_run(OpCtx *c, TF_Status *st) {
  (void)st;
  Tensor *out = &c->outputs[0];
  if (tensor_count(out) == 0) return TF_OK;
  for (int64_t i = 0; i < out->dims[0]; i++)
    extract(c->state, op_input(c, 0), out, i, (const float *)op_input(c, 2)->data + 2 * i);
  return TF_OK;
}

static TF_Code shape_glimpse(ShapeCtx *c, TF_Status *st) {
  static const int ranks[] = {4, 1, 2};
  const Attr *uniform = node_attr(c->node, "uniform_noise"), *noise = node_attr(c->node, "noise");
  if (uniform && uniform->v.b && noise && noise->v.s.size &&
      !(noise->v.s.size == 7 && memcmp(noise->v.s.data, "uniform", 7) == 0))
    return fail(st, TF_INVALID_ARGUMENT,
                "The uniform_noise and noise should not be specified at the same time");
  for (int i = 0; i < 3; i++) TRY(shape_want_rank(c, i, ranks[i], st));
  c->outputs[0] = shape_of_images(c, shape_dim(c->inputs[0], 0), 1, shape_dim(c->inputs[0], 3));
  return TF_OK;
}

#define GLIMPSE(name_, init_)                                                                    \
  {                                                                                              \
    name_, .flags = OP_STATEFUL, .value_inputs = 2, .state_size = sizeof(GlimpseState),          \
           .shape = shape_glimpse, .init = init_, .prepare = glimpse_prepare, .run = glimpse_run \
  }
const OpRow ops_image_glimpse[] = {GLIMPSE("ExtractGlimpse", init_glimpse_v1),
                                   GLIMPSE("ExtractGlimpseV2", init_glimpse),
                                   {0}};
