/* MaxPoolWithArgmax: the largest pixel under each window, and where it stood. */
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_types.h"
#include "ops/nn_pool_window.h"
#include "ops/op.h"

typedef struct ArgmaxState {
  PoolWindow v;
  bool with_batch;
} ArgmaxState;

typedef struct ArgmaxPrep {
  int64_t batch, in_h, in_w, channels, out_h, out_w, pad_top, pad_left;
} ArgmaxPrep;

static TF_Code argmax_init(OpInit *k, TF_Status *st) {
  ArgmaxState *s = k->state;
  const Attr *with_batch = node_attr(k->node, "include_batch_in_index");
  s->with_batch = with_batch && with_batch->v.b;
  return pool_window_init(&s->v, k->node, st);
}

static TF_Code argmax_prepare(OpCtx *c, TF_Status *st) {
  const ArgmaxState *s = c->state;
  ArgmaxPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  int64_t after;
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be 4-dimensional (2)");
  if (tensor_count(x) == 0) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must not be empty (2)");
  *p = (ArgmaxPrep){.batch = x->dims[0], .in_h = x->dims[1], .in_w = x->dims[2], .channels = x->dims[3]};
  const WindowAttrs *w = &s->v.w;
  TRY(pool_window_check_depth(&s->v, c->node, p->channels, st));
  TRY(window_size(w->padding, w->explicit_h, p->in_h, s->v.size_h, 1, w->stride_h, &p->out_h, &p->pad_top,
                  &after, st));
  TRY(window_size(w->padding, w->explicit_w, p->in_w, s->v.size_w, 1, w->stride_w, &p->out_w, &p->pad_left,
                  &after, st));
  int64_t dims[4] = {p->batch, p->out_h, p->out_w, p->channels};
  TRY(op_output(c, 0, x->dtype, dims, 4, st));
  TRY(op_output(c, 1, dtype_base(c->node->output_types[1]), dims, 4, st));
  if (c->outputs[1].dtype == TF_INT32 && tensor_count(x) > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "int32 is too small for the indices of the input");
  return TF_OK;
}

typedef struct Argmax {
  const ArgmaxState *s;
  const ArgmaxPrep *p;
  const Tensor *in;
  Tensor *out, *index;
} Argmax;

static float get_16(const Tensor *t, int64_t i) {
  float f;
  math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype);
  return f;
}

#define GREATER_PLAIN(T) ((const T *)r->in->data)[at] > ((const T *)r->in->data)[best]
#define GREATER_16(T) get_16(r->in, at) > get_16(r->in, best)

/* TF: the first pixel is taken whatever it is, NaN too; then only larger ones. */
#define ARGMAX(name, T, GREATER)                                                                      \
  static void name(void *arg, int64_t begin, int64_t end) {                                           \
    const Argmax *r = arg;                                                                            \
    const ArgmaxPrep *p = r->p;                                                                       \
    for (int64_t i = begin * p->channels; i < end * p->channels; i++) {                               \
      int64_t c = i % p->channels, pixel = i / p->channels, x = pixel % p->out_w;                     \
      int64_t y = pixel / p->out_w % p->out_h, image = pixel / p->out_w / p->out_h;                   \
      int64_t top = y * r->s->v.w.stride_h - p->pad_top, left = x * r->s->v.w.stride_w - p->pad_left, \
              best = -1;                                                                              \
      for (int64_t v = top < 0 ? 0 : top; v < top + r->s->v.size_h && v < p->in_h; v++) {             \
        for (int64_t u = left < 0 ? 0 : left; u < left + r->s->v.size_w && u < p->in_w; u++) {        \
          int64_t at = ((image * p->in_h + v) * p->in_w + u) * p->channels + c;                       \
          if (best < 0 || GREATER(T)) best = at;                                                      \
        }                                                                                             \
      }                                                                                               \
      if (best < 0) best = 0; /* no window is empty */                                                \
      ((T *)r->out->data)[i] = ((const T *)r->in->data)[best];                                        \
      if (!r->s->with_batch) best -= image * p->in_h * p->in_w * p->channels;                         \
      if (r->index->dtype == TF_INT32) ((int32_t *)r->index->data)[i] = (int32_t)best;                \
      else ((int64_t *)r->index->data)[i] = best;                                                     \
    }                                                                                                 \
  }
ARGMAX(argmax_f32, float, GREATER_PLAIN)
ARGMAX(argmax_f64, double, GREATER_PLAIN)
ARGMAX(argmax_i8, int8_t, GREATER_PLAIN)
ARGMAX(argmax_i16, int16_t, GREATER_PLAIN)
ARGMAX(argmax_i32, int32_t, GREATER_PLAIN)
ARGMAX(argmax_i64, int64_t, GREATER_PLAIN)
ARGMAX(argmax_u8, uint8_t, GREATER_PLAIN)
ARGMAX(argmax_u16, uint16_t, GREATER_PLAIN)
ARGMAX(argmax_u32, uint32_t, GREATER_PLAIN)
ARGMAX(argmax_u64, uint64_t, GREATER_PLAIN)
ARGMAX(argmax_16, uint16_t, GREATER_16)

static TF_Code argmax_run(OpCtx *c, TF_Status *st) {
  (void)st;
  static void (*const fns[MK_COUNT])(void *, int64_t, int64_t) = {
      [MK_F32] = argmax_f32, [MK_F64] = argmax_f64, [MK_I8] = argmax_i8, [MK_I16] = argmax_i16,
      [MK_I32] = argmax_i32, [MK_I64] = argmax_i64, [MK_U8] = argmax_u8, [MK_U16] = argmax_u16,
      [MK_U32] = argmax_u32, [MK_U64] = argmax_u64};
  const ArgmaxPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  Argmax r = {c->state, p, x, &c->outputs[0], &c->outputs[1]};
  parallel_for(c->threads, p->batch * p->out_h * p->out_w, 4096 / p->channels + 1,
               math_is_16(x->dtype) ? argmax_16 : fns[math_kind(x->dtype)], &r);
  return TF_OK;
}

static TF_Code shape_argmax(ShapeCtx *c, TF_Status *st) {
  TRY(pool_window_shape(c->node, c->inputs[0], &c->outputs[0], st));
  c->outputs[1] = c->outputs[0];
  return TF_OK;
}

const OpRow ops_nn_pool_argmax[] = {
    {"MaxPoolWithArgmax", .types = "T: " TYPES_REAL, .state_size = sizeof(ArgmaxState),
     .prep_size = sizeof(ArgmaxPrep), .shape = shape_argmax, .init = argmax_init, .prepare = argmax_prepare,
     .run = argmax_run},
    {0}};
