/* ScaleAndTranslate and its gradient: images resampled by a kernel, what tf.image.resize does with
 * antialias=True.
 *
 * Each output row (column) is a weighted sum of a span of input rows (columns). Spans are worked out once a
 * run; rows are summed first, into a line of scratch for each thread, then columns. The gradient is the same
 * with spans turned round: of output rows for each input row. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/image_spans.h"
#include "ops/op.h"

typedef struct ScaleState {
  const SpanKernel *kernel;
  bool antialias;
} ScaleState;

static TF_Code scale_init(OpInit *k, TF_Status *st) {
  ScaleState *s = k->state;
  Span name;
  TRY(node_attr_bool(k->node, "antialias", &s->antialias, st));
  TRY(node_attr_string(k->node, "kernel_type", &name, st));
  s->kernel = span_kernel_find(name);
  if (s->kernel) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Unrecognized kernel type: %.*s", (int)name.size,
              (const char *)name.data);
}

/* ---- scratch ---- */

typedef struct ScalePrep {
  int64_t batch, channels;
  Spans rows, columns;           /* sizes; memory is scratch's */
  Spans grad_rows, grad_columns; /* of the forward op, where this is the gradient */
  size_t line;                   /* floats: an input row */
  int parts;                     /* threads that have lines */
  bool grad;
} ScalePrep;

static bool reserve(size_t *total, size_t count, size_t size) {
  size_t bytes;
  return checked_mul(count, size, &bytes) && checked_add(*total, bytes, total) &&
         checked_add(*total, 63, total);
}

static bool reserve_spans(const ScaleState *s, Spans *p, size_t *total) {
  return spans_room(s->kernel, p) && reserve(total, (size_t)p->out, sizeof *p->spans) &&
         reserve(total, (size_t)p->room, sizeof *p->weights);
}

static void *take(char **at, size_t bytes) {
  void *p = *at;
  *at += (bytes + 63) / 64 * 64;
  return p;
}

static void take_spans(Spans *p, char **at) {
  p->spans = take(at, (size_t)p->out * sizeof *p->spans);
  p->weights = take(at, (size_t)p->room * sizeof *p->weights);
}

/* Scratch for the sizes in `p`, which come from shapes. Two lines a thread: the sum, and a row made float. */
static TF_Code reserve_all(OpCtx *c, ScalePrep *p, TF_Status *st) {
  size_t total = 0, line = 0;
  p->parts = c->threads > 0 ? c->threads : 1;
  bool ok = checked_mul((size_t)p->columns.in, (size_t)p->channels, &line) &&
            reserve_spans(c->state, &p->rows, &total) && reserve_spans(c->state, &p->columns, &total);
  if (ok && p->grad)
    ok = reserve_spans(c->state, &p->grad_rows, &total) && reserve_spans(c->state, &p->grad_columns, &total);
  p->line = line;
  if (!ok || !checked_mul(line, 2 * sizeof(float), &line) || !checked_add(line, 128, &line) ||
      !reserve(&total, (size_t)p->parts, line))
    return fail_oom(st, "scratch of a resize");
  op_scratch(c, total);
  return TF_OK;
}

/* ---- sums ---- */

typedef struct Scale {
  const ScalePrep *p;
  const Tensor *in;
  float *lines; /* two a part */
  float *out;
  bool tails; /* something is infinite or NaN: positions with weight 0 count too */
} Scale;

/* Where the positions of a span end, those with no weight included. */
static int64_t span_end(const Scale *s, const Spans *p, const Span1 *span) {
  int64_t all = p->widest < p->in - span->start ? p->widest : p->in - span->start;
  return s->tails && all > span->count ? all : span->count;
}

static void sum_rows(const Scale *s, int64_t image, int64_t y, float *line, float *wide) {
  const Spans *rows = &s->p->rows;
  const Span1 *span = &rows->spans[y];
  int64_t n = (int64_t)s->p->line;
  memset(line, 0, s->p->line * sizeof *line);
  for (int64_t j = 0, end = span_end(s, rows, span); j < end; j++) {
    float w = j < span->count ? rows->weights[span->at + j] : 0;
    const float *row = math_floats_at(s->in, (image * rows->in + span->start + j) * n, n, wide);
    for (int64_t i = 0; i < n; i++) line[i] += w * row[i];
  }
}

static void sum_columns(const Scale *s, const float *line, float *out) {
  const Spans *columns = &s->p->columns;
  int64_t n = s->p->channels;
  for (int64_t x = 0; x < columns->out; x++, out += n) {
    const Span1 *span = &columns->spans[x];
    memset(out, 0, (size_t)n * sizeof *out);
    for (int64_t j = 0, end = span_end(s, columns, span); j < end; j++) {
      float w = j < span->count ? columns->weights[span->at + j] : 0;
      const float *pixel = line + (span->start + j) * n;
      for (int64_t i = 0; i < n; i++) out[i] += w * pixel[i];
    }
  }
}

static void run_parts(void *arg, int64_t begin, int64_t end) {
  const Scale *s = arg;
  const ScalePrep *p = s->p;
  int64_t all = p->batch * p->rows.out, stride = p->columns.out * p->channels;
  for (int64_t part = begin; part < end; part++) {
    float *line = s->lines + (size_t)part * (2 * p->line + 32);
    for (int64_t i = all * part / p->parts; i < all * (part + 1) / p->parts; i++) {
      sum_rows(s, i / p->rows.out, i % p->rows.out, line, line + p->line);
      sum_columns(s, line, s->out + i * stride);
    }
  }
}

static bool all_finite(const Tensor *t) {
  float f[MATH_BLOCK];
  int64_t n = tensor_count(t);
  if (!math_is_16(t->dtype) && t->dtype != TF_FLOAT && t->dtype != TF_DOUBLE) return true;
  for (int64_t at = 0; at < n; at += MATH_BLOCK) {
    int64_t count = n - at < MATH_BLOCK ? n - at : MATH_BLOCK;
    const float *block = math_floats_at(t, at, count, f);
    for (int64_t i = 0; i < count; i++)
      if (!isfinite(block[i])) return false;
  }
  return true;
}

static TF_Code read_pair(OpCtx *c, int i, float pair[2], TF_Status *st) {
  const Tensor *t = op_input(c, i);
  TRY(tensor_want_pair(t, "t", st));
  memcpy(pair, t->data, 2 * sizeof *pair);
  return TF_OK;
}

static TF_Code scale_run(OpCtx *c, TF_Status *st) {
  const ScaleState *s = c->state;
  float scale[2], translate[2];
  ScalePrep p = *(const ScalePrep *)c->prep;
  char *at = c->scratch;
  TRY(read_pair(c, 2, scale, st));
  if (!(scale[0] > 0 && scale[1] > 0))
    return fail(st, TF_INVALID_ARGUMENT, "Scale must be greater than zero.");
  TRY(read_pair(c, 3, translate, st));
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
  take_spans(&p.rows, &at);
  take_spans(&p.columns, &at);
  if (p.grad) {
    take_spans(&p.grad_rows, &at);
    take_spans(&p.grad_columns, &at);
    TRY(spans_make(s->kernel, s->antialias, &p.grad_columns, scale[1], translate[1], st));
    TRY(spans_turn(&p.grad_columns, &p.columns, st));
    TRY(spans_make(s->kernel, s->antialias, &p.grad_rows, scale[0], translate[0], st));
    TRY(spans_turn(&p.grad_rows, &p.rows, st));
  } else {
    TRY(spans_make(s->kernel, s->antialias, &p.columns, scale[1], translate[1], st));
    TRY(spans_make(s->kernel, s->antialias, &p.rows, scale[0], translate[0], st));
  }
  Scale all = {&p, op_input(c, 0), (float *)(void *)at, c->outputs[0].data, !all_finite(op_input(c, 0))};
  parallel_for(p.parts, p.parts, 1, run_parts, &all);
  return TF_OK;
}

/* ---- prepare ---- */

static TF_Code forward_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *size = op_input(c, 1);
  ScalePrep *p = c->prep;
  TRY(tensor_want_rank(x, "input", 4, st));
  TRY(tensor_want_pair(size, "output_shape_t", st));
  if (x->dims[1] >= INT32_MAX || x->dims[2] >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "input sizes must be between 0 and max int32");
  int64_t dims[4] = {x->dims[0], int_at(size, 0), int_at(size, 1), x->dims[3]};
  if (dims[1] <= 0 || dims[2] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "output dimensions must be positive");
  if (dims[3] == 0) return fail(st, TF_INVALID_ARGUMENT, "image must have at least one channel");
  if (x->dims[1] == 0 || x->dims[2] == 0)
    return fail(st, TF_INVALID_ARGUMENT, "input image must be of non-zero size");
  *p = (ScalePrep){.batch = dims[0],
                   .channels = dims[3],
                   .rows = {.in = x->dims[1], .out = dims[1]},
                   .columns = {.in = x->dims[2], .out = dims[2]}};
  TRY(op_output(c, 0, TF_FLOAT, dims, 4, st));
  return reserve_all(c, p, st);
}

static TF_Code grad_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *g = op_input(c, 0), *x = op_input(c, 1);
  ScalePrep *p = c->prep;
  TRY(tensor_want_rank(g, "input_grad", 4, st));
  TRY(tensor_want_rank(x, "original_image", 4, st));
  int64_t dims[4] = {g->dims[0], x->dims[1], x->dims[2], g->dims[3]};
  if (dims[1] >= INT32_MAX || dims[2] >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "original sizes must be between 0 and max int32");
  *p = (ScalePrep){.batch = dims[0],
                   .channels = dims[3],
                   .grad = true,
                   .rows = {.in = g->dims[1], .out = dims[1]},
                   .columns = {.in = g->dims[2], .out = dims[2]},
                   .grad_rows = {.in = dims[1], .out = g->dims[1]},
                   .grad_columns = {.in = dims[2], .out = g->dims[2]}};
  TRY(op_output(c, 0, TF_FLOAT, dims, 4, st));
  return reserve_all(c, p, st);
}

/* ---- shapes ---- */

static TF_Code shape_forward(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  for (int i = 1; i < 4; i++) TRY(shape_want_rank(c, i, 1, st));
  c->outputs[0] = shape_of_images(c, shape_dim(c->inputs[0], 0), 1, shape_dim(c->inputs[0], 3));
  return TF_OK;
}

static TF_Code shape_grad(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 1, 4, st));
  const Shape *g = c->inputs[0], *x = c->inputs[1];
  c->outputs[0] = shape_of_rank(4);
  for (int i = 0; i < 4; i++) c->outputs[0].dims[i] = shape_dim(i == 0 || i == 3 ? g : x, i);
  return TF_OK;
}

const OpRow ops_image_scale[] = {
    {"ScaleAndTranslate", .types = "T: int8 uint8 int16 uint16 int32 int64 bfloat16 half float double",
     .value_inputs = 2, .state_size = sizeof(ScaleState), .prep_size = sizeof(ScalePrep),
     .shape = shape_forward, .init = scale_init, .prepare = forward_prepare, .run = scale_run},
    {"ScaleAndTranslateGrad", .types = "T: float", .state_size = sizeof(ScaleState),
     .prep_size = sizeof(ScalePrep), .shape = shape_grad, .init = scale_init, .prepare = grad_prepare,
     .run = scale_run},
    {0}};
