/* FractionalMaxPool, FractionalAvgPool and their gradients: windows of sizes that differ by one, drawn at
 * random so that the output is 1/ratio of the input. The windows' borders are outputs, too; gradients take
 * them as inputs. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/random_philox.h"

typedef struct FractionalState {
  RandomState random; /* first: random_state_init */
  float ratio[4];
  bool pseudo, overlapping, fixed, average;
} FractionalState;

static TF_Code fractional_init(OpInit *k, TF_Status *st) {
  FractionalState *s = k->state;
  const Attr *list;
  s->average = strstr(k->node->op, "Avg") != NULL;
  TRY(node_attr_list(k->node, "pooling_ratio", TF_ATTR_FLOAT, &list, st));
  if (list->count != 4) return fail(st, TF_INVALID_ARGUMENT, "pooling_ratio field must specify 4 dimensions");
  for (int i = 0; i < 4; i++) {
    s->ratio[i] = list->v.list_f[i];
    if (!(s->ratio[i] >= 1))
      return fail(st, TF_INVALID_ARGUMENT, "pooling_ratio cannot be smaller than 1, got: %g",
                  (double)s->ratio[i]);
  }
  if (s->ratio[0] != 1 || s->ratio[3] != 1)
    return fail(st, TF_UNIMPLEMENTED,
                "Fractional %s pooling is not yet supported on the batch nor channel dimension.",
                s->average ? "average" : "max");
  TRY(node_attr_bool(k->node, "pseudo_random", &s->pseudo, st));
  TRY(node_attr_bool(k->node, "overlapping", &s->overlapping, st));
  TRY(node_attr_bool(k->node, "deterministic", &s->fixed, st));
  int64_t seed = 0, seed2 = 0;
  TRY(node_attr_int(k->node, "seed", &seed, st));
  TRY(node_attr_int(k->node, "seed2", &seed2, st));
  if (!s->fixed && (seed || seed2))
    return fail(st, TF_INVALID_ARGUMENT, "Both seed and seed2 should be 0 if deterministic is false.");
  return random_state_init(k, st);
}

static TF_Code fractional_prepare(OpCtx *c, TF_Status *st) {
  const FractionalState *s = c->state;
  const Tensor *x = op_input(c, 0);
  int64_t dims[4];
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be 4-dimensional");
  for (int i = 0; i < 4; i++) {
    dims[i] = (int64_t)floorf((float)x->dims[i] / s->ratio[i]);
    if ((float)x->dims[i] < s->ratio[i] || dims[i] <= 0 || x->dims[i] > INT32_MAX)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Pooling ratio is higher than input dimension size for dimension %d. Input dim size: %lld "
                  "pooling ratio: %g",
                  i, (long long)x->dims[i], (double)s->ratio[i]);
  }
  TRY(op_output(c, 0, x->dtype, dims, 4, st));
  for (int i = 1; i < 3; i++) {
    int64_t borders = dims[i] + 1;
    TRY(op_output(c, i, TF_INT64, &borders, 1, st));
  }
  return TF_OK;
}

/* Counters that the borders of n windows take. */
static uint64_t counters_of(const FractionalState *s, int64_t n) {
  return s->pseudo ? 1 : ((uint64_t)n + 3) / 4;
}

/* The borders of n windows over `in` elements: `out` gets n + 1 numbers. */
static void draw_borders(const FractionalState *s, Philox p, int64_t in, int64_t n, int64_t *out) {
  Words words = words_of(p);
  int64_t size = in / n;
  out[0] = 0;
  if (s->pseudo) { /* the i-th at ceil(alpha (i + u)), u so small that sizes stay within one of each other */
    double alpha = (double)in / (double)n, u1 = (double)(size + 2) / alpha - 1;
    double u2 = (double)(in + 1 - size) / alpha - (double)(n - 1), u = words_double(&words) * fmin(u1, u2);
    for (int64_t i = 1; i < n; i++) out[i] = (int64_t)ceil(alpha * ((double)i + u)) - 1;
    out[n] = in;
    return;
  }
  for (int64_t i = 0; i < n; i++) out[i + 1] = size + (i < in % n);
  for (int64_t i = 0; i < n - 1; i++) {
    int64_t k = i + words_next(&words) % (uint32_t)(n - i), t = out[i + 1];
    out[i + 1] = out[k + 1];
    out[k + 1] = t;
  }
  for (int64_t i = 0; i < n; i++) out[i + 1] += out[i];
}

/* Window i between borders b: [*from, *to), cut to n elements; none where borders are wrong. */
static void window_of(const int64_t *b, int64_t i, int64_t n, bool overlapping, int64_t *from, int64_t *to) {
  *from = b[i] < 0 ? n : b[i];
  *to = b[i + 1] >= n ? n : b[i + 1] < 0 ? 0 : b[i + 1] + overlapping;
}

/* The pixels under the window of output pixel `pixel`; false when there are none. */
typedef struct Geometry {
  const int64_t *rows, *columns; /* borders */
  int64_t in_h, in_w, out_h, out_w, channels;
  bool overlapping;
} Geometry;

typedef struct Span4 {
  int64_t image, y0, y1, x0, x1;
} Span4;

static bool span_of(const Geometry *g, int64_t pixel, Span4 *v) {
  v->image = pixel / (g->out_h * g->out_w);
  window_of(g->rows, pixel / g->out_w % g->out_h, g->in_h, g->overlapping, &v->y0, &v->y1);
  window_of(g->columns, pixel % g->out_w, g->in_w, g->overlapping, &v->x0, &v->x1);
  return v->y0 < v->y1 && v->x0 < v->x1;
}

#define FOR_SPAN(g, v, ch, at)                                                                             \
  for (int64_t y_ = (v).y0; y_ < (v).y1; y_++)                                                             \
    for (int64_t x_ = (v).x0, at = (((v).image * (g)->in_h + y_) * (g)->in_w + x_) * (g)->channels + (ch); \
         x_ < (v).x1; x_++, at += (g)->channels)

/* W: in which sums are made. */
#define POOL(NAME, T, W, LOWEST)                                                            \
  static void NAME(const Geometry *g, bool average, const void *in, void *out, int64_t n) { \
    for (int64_t i = 0; i < n; i++) {                                                       \
      Span4 v;                                                                              \
      T most = LOWEST;                                                                      \
      W sum = 0;                                                                            \
      if (!span_of(g, i / g->channels, &v)) v = (Span4){0};                                 \
      FOR_SPAN(g, v, i % g->channels, at) {                                                 \
        T x = ((const T *)in)[at];                                                          \
        most = x > most ? x : most;                                                         \
        sum += (W)x;                                                                        \
      }                                                                                     \
      int64_t count = (v.y1 - v.y0) * (v.x1 - v.x0);                                        \
      ((T *)out)[i] = average ? (T)sum / (T)(count ? count : 1) : most;                     \
    }                                                                                       \
  }
POOL(pool_f32, float, float, -FLT_MAX)
POOL(pool_f64, double, double, -DBL_MAX)
POOL(pool_i32, int32_t, uint32_t, INT32_MIN)
POOL(pool_i64, int64_t, uint64_t, INT64_MIN)

static TF_Code fractional_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const FractionalState *s = c->state;
  const Tensor *x = op_input(c, 0);
  const int64_t *dims = c->outputs[0].dims;
  int64_t *rows = c->outputs[1].data, *columns = c->outputs[2].data;
  uint64_t first = counters_of(s, dims[1]);
  /* TF: windows that stay are those of the first run. */
  Philox p = random_take(&s->random, s->fixed ? 0 : first + counters_of(s, dims[2]));
  draw_borders(s, p, x->dims[1], dims[1], rows);
  philox_skip(&p, first);
  draw_borders(s, p, x->dims[2], dims[2], columns);
  Geometry g = {rows, columns, x->dims[1], x->dims[2], dims[1], dims[2], dims[3], s->overlapping};
  int64_t n = tensor_count(&c->outputs[0]);
  void *out = c->outputs[0].data;
  switch (x->dtype) {
    case TF_FLOAT: pool_f32(&g, s->average, x->data, out, n); break;
    case TF_DOUBLE: pool_f64(&g, s->average, x->data, out, n); break;
    case TF_INT32: pool_i32(&g, s->average, x->data, out, n); break;
    default: pool_i64(&g, s->average, x->data, out, n); break;
  }
  return TF_OK;
}

static TF_Code fractional_shape(ShapeCtx *c, TF_Status *st) {
  const Attr *list;
  TRY(node_attr_list(c->node, "pooling_ratio", TF_ATTR_FLOAT, &list, st));
  TRY(shape_want_rank(c, 0, 4, st));
  if (list->count != 4) return fail(st, TF_INVALID_ARGUMENT, "pooling_ratio field must specify 4 dimensions");
  Shape out = shape_of_rank(4);
  for (int i = 0; i < 4 && c->inputs[0]->rank == 4; i++) {
    if (!(list->v.list_f[i] >= 1))
      return fail(st, TF_INVALID_ARGUMENT, "pooling_ratio cannot be smaller than 1, got: %g",
                  (double)list->v.list_f[i]);
    if (c->inputs[0]->dims[i] >= 0)
      out.dims[i] = (int64_t)floorf((float)c->inputs[0]->dims[i] / list->v.list_f[i]);
  }
  c->outputs[0] = out;
  c->outputs[1] = c->outputs[2] = shape_vector(-1);
  return TF_OK;
}

/* ---- gradients: inputs what was pooled (or its shape), [the result,] the gradient, the borders ---- */

static TF_Code grad_prepare(OpCtx *c, TF_Status *st) {
  bool average = c->num_inputs == 4;
  const Tensor *x = op_input(c, 0), *dy = op_input(c, c->num_inputs - 3);
  int64_t dims[4];
  for (int i = 0; i < 2; i++) {
    const Tensor *borders = op_input(c, c->num_inputs - 2 + i);
    if (borders->rank != 1 || dy->rank != 4 || borders->dims[0] <= dy->dims[1 + i] ||
        (!average && borders->dims[0] != dy->dims[1 + i] + 1)) /* TF: averages may have more */
      return fail(st, TF_INVALID_ARGUMENT,
                  "%s_pooling_sequence must be a vector of one more than the gradient's %s",
                  i ? "col" : "row", i ? "columns" : "rows");
  }
  if (average) {
    if (tensor_count(dy) == 0)
      return fail(st, TF_INVALID_ARGUMENT, "out_backprop must be positive for all dimension, got:0");
    if (x->rank != 1 || x->dims[0] != 4)
      return fail(st, TF_INVALID_ARGUMENT,
                  "original input tensor shape must be 1-dimensional and 4 elements");
    for (int i = 0; i < 4; i++) {
      dims[i] = int_at(x, i);
      if (dims[i] < 0)
        return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)dims[i]);
    }
    for (int i = 1; i < 3; i++)
      if (dims[i] == 0)
        return fail(st, TF_INVALID_ARGUMENT, "%s dimension of input must not be 0",
                    i == 1 ? "Rows" : "Columns");
  } else {
    if (x->rank != 4 || !tensor_same_shape(op_input(c, 1), dy))
      return fail(st, TF_INVALID_ARGUMENT,
                  "orig_input and orig_output must be 4-dimensional, out_backprop like orig_output");
    memcpy(dims, x->dims, sizeof dims);
  }
  if (dims[0] != dy->dims[0] || dims[3] != dy->dims[3])
    return fail(st, TF_INVALID_ARGUMENT,
                "batch and channels of the input and of its gradient must be the same");
  TRY(op_output(c, 0, dy->dtype, dims, 4, st));
  size_t bytes = 0;
  if (average && !checked_mul((size_t)tensor_count(&c->outputs[0]), sizeof(double), &bytes))
    return fail_oom(st, "sums of a pooling");
  op_scratch(c, bytes);
  return TF_OK;
}

static Geometry grad_geometry(const OpCtx *c) {
  const Tensor *dy = op_input(c, c->num_inputs - 3), *rows = op_input(c, c->num_inputs - 2);
  const Tensor *columns = op_input(c, c->num_inputs - 1), *out = &c->outputs[0];
  const Attr *overlapping = node_attr(c->node, "overlapping");
  return (Geometry){rows->data,  columns->data, out->dims[1], out->dims[2],
                    dy->dims[1], dy->dims[2],   dy->dims[3],  overlapping && overlapping->v.b};
}

static bool windows_have_pixels(const Geometry *g, int64_t pixels) {
  Span4 v;
  for (int64_t i = 0; i < pixels; i++)
    if (!span_of(g, i, &v)) return false;
  return true;
}

static TF_Code check_borders(const int64_t *b, int64_t n, bool overlapping, const char *what, TF_Status *st) {
  for (int64_t i = 0; i < n; i++)
    if (b[i] < 0 || b[i + 1] < !overlapping)
      return fail(st, TF_INVALID_ARGUMENT, "%s sequence tensor values must not be negative", what);
  return TF_OK;
}

/* TF: a window without pixels gives its gradient to none. */
static TF_Code average_grad_run(OpCtx *c, TF_Status *st) {
  const Tensor *dy = op_input(c, 1);
  double *sum = c->scratch;
  Geometry g = grad_geometry(c);
  int64_t count = tensor_count(&c->outputs[0]);
  TRY(check_borders(g.rows, g.out_h, g.overlapping, "Row", st));
  TRY(check_borders(g.columns, g.out_w, g.overlapping, "Column", st));
  for (int64_t i = 0; i < count; i++) sum[i] = 0;
  for (int64_t i = 0, n = tensor_count(dy); i < n; i++) {
    Span4 v;
    if (!span_of(&g, i / g.channels, &v)) continue;
    double pixels = (double)((v.y1 - v.y0) * (v.x1 - v.x0));
    FOR_SPAN(&g, v, i % g.channels, at) sum[at] += math_number_at(dy, i) / pixels;
  }
  for (int64_t i = 0; i < count; i++)
    math_number_put(&c->outputs[0], i,
                    dy->dtype == TF_INT32 ? (double)(int32_t)fmax(-0x1p31, fmin(0x1p31 - 1, sum[i]))
                    : dy->dtype == TF_INT64 && !(fabs(sum[i]) < 0x1p63) ? -0x1p63
                                                                        : sum[i]);
  return TF_OK;
}

/* False where y is not what `in` was pooled to. */
#define MAX_GRAD(NAME, T, W)                                                                                 \
  static bool NAME(const Geometry *g, const void *in, const void *y, const void *dy, void *out, int64_t n) { \
    for (int64_t i = 0; i < n; i++) {                                                                        \
      Span4 v;                                                                                               \
      int64_t best = -1;                                                                                     \
      if (!span_of(g, i / g->channels, &v)) continue;                                                        \
      FOR_SPAN(g, v, i % g->channels, at) {                                                                  \
        if (best < 0 || ((const T *)in)[at] > ((const T *)in)[best]) best = at;                              \
      }                                                                                                      \
      if (((const T *)in)[best] != ((const T *)y)[i]) return false;                                          \
      ((T *)out)[best] = (T)((W)((T *)out)[best] + (W)((const T *)dy)[i]);                                   \
    }                                                                                                        \
    return true;                                                                                             \
  }
MAX_GRAD(max_grad_f32, float, float)
MAX_GRAD(max_grad_f64, double, double)
MAX_GRAD(max_grad_i32, int32_t, uint32_t)
MAX_GRAD(max_grad_i64, int64_t, uint64_t)

static TF_Code max_grad_run(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *dy = op_input(c, 2);
  const void *y = op_input(c, 1)->data;
  Geometry g = grad_geometry(c);
  bool ok = windows_have_pixels(&g, g.channels ? tensor_count(dy) / g.channels : 0);
  if (!ok) return fail(st, TF_INVALID_ARGUMENT, "the pooling sequences have a window without pixels");
  void *out = c->outputs[0].data;
  int64_t n = tensor_count(dy);
  tensor_zero(&c->outputs[0]);
  switch (x->dtype) {
    case TF_FLOAT: ok = max_grad_f32(&g, x->data, y, dy->data, out, n); break;
    case TF_DOUBLE: ok = max_grad_f64(&g, x->data, y, dy->data, out, n); break;
    case TF_INT32: ok = max_grad_i32(&g, x->data, y, dy->data, out, n); break;
    default: ok = max_grad_i64(&g, x->data, y, dy->data, out, n); break;
  }
  return ok ? TF_OK : fail(st, TF_INVALID_ARGUMENT, "tensor_out_dup is not the same as tensor_out");
}

static TF_Code average_grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_of_value(c, 0, &c->outputs[0], st));
  if (c->outputs[0].rank < 0) c->outputs[0] = shape_of_rank(4);
  return TF_OK;
}

#define TYPES "T: float double int32 int64"
#define FRACTIONAL(NAME)                                                                     \
  {                                                                                          \
    NAME, .types = TYPES, .flags = OP_STATEFUL, .state_size = sizeof(FractionalState),       \
          .shape = fractional_shape, .init = fractional_init, .prepare = fractional_prepare, \
          .run = fractional_run, .clear = random_state_clear                                 \
  }

const OpRow ops_nn_fractional[] = {
    FRACTIONAL("FractionalMaxPool"),
    FRACTIONAL("FractionalAvgPool"),
    {"FractionalMaxPoolGrad", .types = TYPES, .shape = shape_same, .prepare = grad_prepare,
     .run = max_grad_run},
    {"FractionalAvgPoolGrad", .types = TYPES, .value_inputs = 1, .shape = average_grad_shape,
     .prepare = grad_prepare, .run = average_grad_run},
    {0}};
