/* MaxPool3D and AvgPool3D on NDHWC tensors: every output pixel folds the input pixels under its window, all
 * channels side by side, in float (bfloat16 a stretch of channels at a time). */
#include <float.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_types.h"
#include "ops/nn_window3.h"

typedef struct Pool3State {
  Window3Attrs w;
  bool average;
} Pool3State;

typedef struct Pool3Prep {
  Window3 g;
  int64_t channels;
} Pool3Prep;

static TF_Code pool3_init(OpInit *k, TF_Status *st) {
  Pool3State *s = k->state;
  s->average = k->node->op[0] == 'A';
  TRY(window3_read(&s->w, k->node, st));
  if (s->w.channels_first)
    return fail(st, TF_INVALID_ARGUMENT, "Default Pooling3DOp only supports NDHWC on device type CPU");
  if (s->w.small)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window ksize field must have non-negative dimensions");
  if (s->w.deep)
    return fail(st, TF_UNIMPLEMENTED, "Pooling is not yet supported on the batch and depth dimensions.");
  return TF_OK;
}

static TF_Code pool3_prepare(OpCtx *c, TF_Status *st) {
  const Pool3State *s = c->state;
  Pool3Prep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  if (x->rank != 5) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be 5-dimensional");
  TRY(window3_plan(&p->g, &s->w, x->dims, s->w.size, st));
  p->channels = x->dims[4];
  int64_t dims[5] = {p->g.batch, p->g.out[0], p->g.out[1], p->g.out[2], p->channels};
  return op_output(c, 0, x->dtype, dims, 5, st);
}

typedef struct Pool3 {
  const Pool3Prep *p;
  bool average;
  const void *in;
  void *out;
} Pool3;

static void pool3_f32(void *arg, int64_t begin, int64_t end) {
  const Pool3 *r = arg;
  const Window3 *g = &r->p->g;
  int64_t n = r->p->channels;
  for (int64_t pixel = begin; pixel < end; pixel++) {
    float *out = (float *)r->out + pixel * n;
    Window3Span v = window3_at(g, pixel);
    for (int64_t c = 0; c < n; c++) out[c] = r->average ? 0 : -FLT_MAX;
    FOR_WINDOW3(g, v, at) {
      const float *x = (const float *)r->in + at * n;
      if (r->average) simd()->binary[EW_ADD][EW_F32](out, out, x, n, EW_VV);
      else simd()->max_into(out, x, n);
    }
    float count = (float)((v.to[0] - v.from[0]) * (v.to[1] - v.from[1]) * (v.to[2] - v.from[2]));
    if (r->average) simd()->binary[EW_DIV][EW_F32](out, out, &count, n, EW_VS);
  }
}

static void pool3_bf16(void *arg, int64_t begin, int64_t end) {
  const Pool3 *r = arg;
  const Window3 *g = &r->p->g;
  int64_t n = r->p->channels;
  float sum[MATH_BLOCK], x[MATH_BLOCK], lowest = -0x1.fep127f;
  for (int64_t pixel = begin; pixel < end; pixel++) {
    Window3Span v = window3_at(g, pixel);
    float count = (float)((v.to[0] - v.from[0]) * (v.to[1] - v.from[1]) * (v.to[2] - v.from[2]));
    for (int64_t from = 0; from < n; from += MATH_BLOCK) {
      int64_t m = n - from < MATH_BLOCK ? n - from : MATH_BLOCK;
      for (int64_t c = 0; c < m; c++) sum[c] = r->average ? 0 : lowest;
      FOR_WINDOW3(g, v, at) {
        math_load_16(x, (const uint16_t *)r->in + at * n + from, m, TF_BFLOAT16);
        for (int64_t c = 0; c < m; c++) sum[c] = r->average ? sum[c] + x[c] : x[c] > sum[c] ? x[c] : sum[c];
      }
      for (int64_t c = 0; r->average && c < m; c++) sum[c] /= count;
      math_store_16((uint16_t *)r->out + pixel * n + from, sum, m, TF_BFLOAT16);
    }
  }
}

static TF_Code pool3_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Pool3State *s = c->state;
  const Pool3Prep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  Pool3 r = {p, s->average, x->data, c->outputs[0].data};
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
  int64_t work = p->g.size[0] * p->g.size[1] * p->g.size[2] * p->channels;
  parallel_for(c->threads, window3_pixels(&p->g), work > 16384 || work <= 0 ? 1 : 16384 / work + 1,
               x->dtype == TF_BFLOAT16 ? pool3_bf16 : pool3_f32, &r);
  return TF_OK;
}

static TF_Code shape_pool3(ShapeCtx *c, TF_Status *st) {
  Window3Attrs w;
  TRY(window3_read(&w, c->node, st));
  return window3_shape(&w, c->inputs[0], w.size, &c->outputs[0], st);
}

const OpRow ops_nn_pool3d[] = {{"MaxPool3D", .types = "T: bfloat16 float", .state_size = sizeof(Pool3State),
                                .prep_size = sizeof(Pool3Prep), .shape = shape_pool3, .init = pool3_init,
                                .prepare = pool3_prepare, .run = pool3_run},
                               {"AvgPool3D", .types = "T: bfloat16 float", .state_size = sizeof(Pool3State),
                                .prep_size = sizeof(Pool3Prep), .shape = shape_pool3, .init = pool3_init,
                                .prepare = pool3_prepare, .run = pool3_run},
                               {0}};
