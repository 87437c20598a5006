/* Conv2D, DepthwiseConv2dNative, and their gradients, on NHWC tensors.
 *
 * Forward, and the input's gradient (the transposed convolution of decoders): oneDNN when it is there; else
 * patches ("im2col") of a stretch of output pixels go to scratch and are multiplied with the filter, which
 * lies as a [filter_h * filter_w * in_c, out_c] matrix already. Depthwise: a multiply-add along the channels
 * for every tap. half and bfloat16 are widened into scratch; double and int32 take plain loops. Gradients use
 * the same patches: of the input, products with the transposed filter are added back where their patches came
 * from; of the filter, transposed patches times the output's gradient. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "dnnl/dnnl_call.h"
#include "ops/math_types.h"
#include "ops/nn_window.h"
#include "ops/op.h"

typedef enum ConvKind { CONV_FORWARD, CONV_GRAD_INPUT, CONV_GRAD_FILTER } ConvKind;

typedef struct ConvState {
  WindowAttrs w;
  TF_DataType dtype;
  ConvKind kind;
  bool depthwise;
  bool keep_filter; /* it is likely to be the same in each run */
} ConvState;

/* Geometry by the forward pass: x is the input, f the filter, y the output. */
typedef struct ConvShape {
  int64_t batch, in_h, in_w, in_c, out_h, out_w, out_c, filter_h, filter_w, filter_c;
  int64_t pad_top, pad_bottom, pad_left, pad_right;
  int64_t groups, multiplier; /* multiplier: of a depthwise filter */
} ConvShape;

typedef struct ConvPrep {
  ConvShape s;
  DnnlCall *call;
  int64_t stretch, parts;    /* output pixels a patch matrix holds; how many such matrices at a time */
  size_t a_at, b_at, out_at; /* widened operands in scratch (16-bit types) */
  size_t patch_at, filter_at, call_at;
  size_t a_count, b_count, out_count;
} ConvPrep;

/* "[1 2 2 1]", columns of one width. */
static const char *list_text(const Attr *list, char *to, size_t size) {
  size_t width = 0, at = 0;
  char one[24];
  for (int i = 0; i < 4; i++) {
    size_t n = (size_t)snprintf(one, sizeof one, "%lld", (long long)list->v.list_i[i]);
    width = n > width ? n : width;
  }
  for (int i = 0; i < 4; i++)
    at += (size_t)snprintf(to + at, size - at, "%c%*lld", i ? ' ' : '[', (int)width,
                           (long long)list->v.list_i[i]);
  snprintf(to + at, size - at, "]");
  return to;
}

/* TF: on the CPU, forward only Conv2D takes dilations. */
static TF_Code check_dilations(const ConvState *s, const Node *node, TF_Status *st) {
  const WindowAttrs *w = &s->w;
  bool one = w->dilation_n == 1 && w->dilation_c == 1 && w->dilation_h == 1 && w->dilation_w == 1;
  char text[128];
  if (one) return TF_OK;
  if (s->depthwise)
    return fail(st, TF_UNIMPLEMENTED, "Current kernel implementation does not support dilations, received %s",
                list_text(node_attr(node, "dilations"), text, sizeof text));
  if (s->kind == CONV_FORWARD) return window_check_dilations(w, TF_UNIMPLEMENTED, st);
  if (w->dilation_n == 1 && w->dilation_c == 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Current CPU implementations do not yet support dilation rates larger than 1.");
  return window_check_dilations(w, s->kind == CONV_GRAD_INPUT ? TF_UNIMPLEMENTED : TF_INVALID_ARGUMENT, st);
}

static TF_Code conv_init_as(OpInit *k, ConvKind kind, bool depthwise, TF_Status *st) {
  ConvState *s = k->state;
  s->kind = kind;
  s->depthwise = depthwise;
  s->dtype = dtype_base(k->node->output_types[0]);
  s->keep_filter = kind != CONV_GRAD_FILTER && s->dtype == TF_FLOAT && op_input_is_weights(k->node, 1);
  TRY(window_attrs_read(&s->w, k->node, st));
  if (depthwise && s->w.stride_h != s->w.stride_w)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Current implementation only supports equal length strides in the row and column dimensions.");
  if (s->w.nchw && !depthwise && kind != CONV_FORWARD)
    return fail(st, TF_INVALID_ARGUMENT, "Conv2DCustomBackprop%sOp only supports NHWC.",
                kind == CONV_GRAD_INPUT ? "Input" : "Filter");
  bool invalid = depthwise || kind == CONV_GRAD_FILTER; /* one text, two codes */
  TRY(window_check_strides(&s->w, invalid ? TF_INVALID_ARGUMENT : TF_UNIMPLEMENTED, st));
  TRY(check_dilations(s, k->node, st));
  return window_explicit_read(&s->w, k->node, st);
}
static TF_Code conv_init(OpInit *k, TF_Status *st) { return conv_init_as(k, CONV_FORWARD, false, st); }
static TF_Code depthwise_init(OpInit *k, TF_Status *st) { return conv_init_as(k, CONV_FORWARD, true, st); }
static TF_Code conv_input_init(OpInit *k, TF_Status *st) {
  return conv_init_as(k, CONV_GRAD_INPUT, false, st);
}
static TF_Code conv_filter_init(OpInit *k, TF_Status *st) {
  return conv_init_as(k, CONV_GRAD_FILTER, false, st);
}
static TF_Code depthwise_input_init(OpInit *k, TF_Status *st) {
  return conv_init_as(k, CONV_GRAD_INPUT, true, st);
}
static TF_Code depthwise_filter_init(OpInit *k, TF_Status *st) {
  return conv_init_as(k, CONV_GRAD_FILTER, true, st);
}

/* Dims in the node's format, by batch, height, width and channels. */
static void dims_of_format(const ConvState *s, const int64_t *dims, int64_t *nhwc) {
  static const int from[2][4] = {{0, 1, 2, 3}, {0, 2, 3, 1}};
  for (int i = 0; i < 4; i++) nhwc[i] = dims[from[s->w.nchw][i]];
}

/* The reverse, of the output. */
static void dims_of_output(const ConvState *s, const ConvShape *g, int64_t *dims) {
  bool nchw = s->w.nchw;
  dims[0] = g->batch;
  dims[nchw ? 2 : 1] = g->out_h;
  dims[nchw ? 3 : 2] = g->out_w;
  dims[nchw ? 1 : 3] = g->out_c;
}

/* Checks x [N,H,W,C] and f [h,w,c,m] and works out the rest. */
static TF_Code conv_shape(const ConvState *s, const int64_t *x, const int64_t *f, ConvShape *g,
                          TF_Status *st) {
  *g = (ConvShape){.batch = x[0],
                   .in_h = x[1],
                   .in_w = x[2],
                   .in_c = x[3],
                   .filter_h = f[0],
                   .filter_w = f[1],
                   .filter_c = f[2]};
  if (s->depthwise) {
    if (g->in_c != f[2])
      return fail(st, TF_INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld",
                  (long long)g->in_c, (long long)f[2]);
    g->multiplier = f[3];
    g->groups = g->in_c;
    if (!checked_mul_i64(g->in_c, f[3], &g->out_c))
      return fail(st, TF_INVALID_ARGUMENT, "filter depth is out of range");
  } else {
    if (f[2] == 0) return fail(st, TF_INVALID_ARGUMENT, "filter depth must be stricly positive, got 0");
    if (g->in_c % f[2] != 0)
      return fail(st, TF_INVALID_ARGUMENT,
                  "input depth must be evenly divisible by filter depth: %lld vs %lld", (long long)g->in_c,
                  (long long)f[2]);
    g->groups = g->in_c / f[2];
    g->out_c = f[3];
  }
  TRY(window_size(s->w.padding, s->w.explicit_h, g->in_h, g->filter_h, s->w.dilation_h, s->w.stride_h,
                  &g->out_h, &g->pad_top, &g->pad_bottom, st));
  return window_size(s->w.padding, s->w.explicit_w, g->in_w, g->filter_w, s->w.dilation_w, s->w.stride_w,
                     &g->out_w, &g->pad_left, &g->pad_right, st);
}

/* What a kernel says when there is something to compute. */
static TF_Code check_kernel(const ConvState *s, const ConvShape *g, const Tensor *filter, TF_Status *st) {
  if (s->depthwise)
    return s->w.nchw
               ? fail(st, TF_UNIMPLEMENTED, "Depthwise convolution on CPU is only supported for NHWC format")
               : TF_OK;
  if (s->w.nchw)
    return fail(
        st, TF_UNIMPLEMENTED,
        "The Conv2D op currently only supports the NHWC tensor format on the CPU. The op was given the "
        "format: NCHW");
  if (tensor_count(filter) == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "filter must not have zero elements (i.e. all dimensions must be non-zero)");
  if (g->groups > 0 && g->out_c % g->groups != 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "output depth must be evenly divisible by number of groups: %lld vs %lld",
                (long long)g->out_c, (long long)g->groups);
  return TF_OK;
}

enum { PATCH_FLOATS = 64 * 1024 }; /* a patch matrix stays in the second-level cache */

/* Whether nothing is summed. */
static bool conv_empty(const ConvShape *g) {
  return g->batch == 0 || g->out_h == 0 || g->out_w == 0 || g->out_c == 0 || g->in_c == 0 ||
         g->filter_h == 0 || g->filter_w == 0;
}

/* Scratch for widened operands, patches and a transposed filter; a oneDNN call for floats, forward and
 * transposed. */
static TF_Code conv_plan(OpCtx *c, TF_Status *st) {
  const ConvState *s = c->state;
  ConvPrep *p = c->prep;
  const ConvShape *g = &p->s;
  size_t total = 0;
  bool empty = conv_empty(g);
  if (math_is_16(s->dtype)) {
    TRY(op_scratch_take(&total, &p->a_at, (int64_t)p->a_count, sizeof(float), st));
    TRY(op_scratch_take(&total, &p->b_at, (int64_t)p->b_count, sizeof(float), st));
    TRY(op_scratch_take(&total, &p->out_at, (int64_t)p->out_count, sizeof(float), st));
  }
  if (math_kind(s->dtype) != MK_F32 || empty) {
    op_scratch(c, total);
    return TF_OK;
  }
  if (s->kind == CONV_FORWARD || (s->kind == CONV_GRAD_INPUT && !s->depthwise)) {
    DnnlConvShape shape = {g->batch,      g->in_h,         g->in_w,         g->in_c,     g->out_h,
                           g->out_w,      g->out_c,        g->filter_h,     g->filter_w, s->w.stride_h,
                           s->w.stride_w, s->w.dilation_h, s->w.dilation_w, g->pad_top,  g->pad_bottom,
                           g->pad_left,   g->pad_right,    g->groups,       c->threads};
    p->call = s->kind == CONV_FORWARD ? dnnl_conv_new(&shape) : dnnl_deconv_new(&shape);
  }
  if (p->call) {
    if (s->keep_filter && op_lasting_input(c, 1)) dnnl_call_pack(p->call, op_lasting_input(c, 1));
    p->call_at = total;
    total += dnnl_call_scratch(p->call);
  } else if (!s->depthwise) {
    int64_t patch = g->filter_h * g->filter_w * g->filter_c, pixels = g->batch * g->out_h * g->out_w;
    p->stretch = PATCH_FLOATS / (patch ? patch : 1);
    if (p->stretch < 8) p->stretch = 8;
    if (p->stretch > pixels) p->stretch = pixels;
    p->parts = s->kind == CONV_FORWARD ? (c->threads > 0 ? c->threads : 1) : 1;
    TRY(op_scratch_take(&total, &p->patch_at, p->parts * p->stretch * patch, sizeof(float), st));
    if (s->kind == CONV_GRAD_INPUT)
      TRY(op_scratch_take(&total, &p->filter_at, patch * g->out_c, sizeof(float), st));
  }
  op_scratch(c, total);
  return TF_OK;
}

static TF_Code fail_rank(const char *what, const Tensor *t, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT, "%s must be 4-dimensional: %s", what,
              shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code forward_prepare(OpCtx *c, TF_Status *st) {
  const ConvState *s = c->state;
  ConvPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *f = op_input(c, 1);
  int64_t dims[4];
  if (x->rank != 4) return fail_rank(s->depthwise ? "input" : "convolution input", x, st);
  if (f->rank != 4) return fail_rank(s->depthwise ? "filter" : "convolution filter", f, st);
  dims_of_format(s, x->dims, dims);
  TRY(conv_shape(s, dims, f->dims, &p->s, st));
  dims_of_output(s, &p->s, dims);
  TRY(op_output(c, 0, s->dtype, dims, 4, st));
  p->a_count = (size_t)tensor_count(x);
  p->b_count = (size_t)tensor_count(f);
  p->out_count = (size_t)tensor_count(&c->outputs[0]);
  if (p->out_count == 0) return TF_OK; /* TF: looks at nothing else then */
  if (p->a_count > 0 || s->depthwise) TRY(check_kernel(s, &p->s, f, st));
  return conv_plan(c, st);
}

/* The dims that a shape input tells. */
static TF_Code read_sizes(const Tensor *t, const char *op, int64_t *dims, TF_Status *st) {
  if (t->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "%s: input_sizes input must be 1-dim, not %d", op, t->rank);
  if (t->dims[0] != 4)
    return fail(st, TF_INVALID_ARGUMENT, "%s requires 4 sizes, but got %lld", op, (long long)t->dims[0]);
  for (int i = 0; i < 4; i++) {
    dims[i] = math_int_at(t, i);
    if (dims[i] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)dims[i]);
  }
  return TF_OK;
}

/* The gradient that comes in must have the forward pass's output shape. */
static TF_Code check_gradient(const ConvState *s, const ConvShape *g, const Tensor *dy, const char *op,
                              TF_Status *st) {
  int64_t want[4];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  dims_of_output(s, g, want);
  if (dy->rank != 4 || memcmp(want, dy->dims, sizeof want) != 0)
    return fail(st, TF_INVALID_ARGUMENT, "%s: out_backprop must have shape %s, got %s", op,
                shape_text(want, 4, a, sizeof a), shape_text(dy->dims, dy->rank, b, sizeof b));
  if (!s->depthwise && g->groups != 1)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Gradients for grouped convolutions are not supported on CPU. Please file a feature request if "
        "you run into this issue. Computed input depth %lld doesn't match filter input depth %lld",
        (long long)g->in_c, (long long)g->filter_c);
  return TF_OK;
}

/* A gradient with these counts of elements. */
static TF_Code grad_plan(OpCtx *c, const Tensor *a, const Tensor *b, TF_Status *st) {
  const ConvState *s = c->state;
  ConvPrep *p = c->prep;
  p->a_count = (size_t)tensor_count(a);
  p->b_count = (size_t)tensor_count(b);
  p->out_count = (size_t)tensor_count(&c->outputs[0]);
  if (p->out_count == 0) return TF_OK;
  if (s->w.nchw)
    return fail(st, TF_UNIMPLEMENTED, "Depthwise convolution on CPU is only supported for NHWC format");
  return conv_plan(c, st);
}

static TF_Code grad_input_prepare(OpCtx *c, TF_Status *st) {
  const ConvState *s = c->state;
  ConvPrep *p = c->prep;
  const Tensor *f = op_input(c, 1), *dy = op_input(c, 2);
  int64_t x[4], dims[4];
  if (f->rank != 4) return fail_rank("filter", f, st);
  if (dy->rank != 4) return fail_rank("out_backprop", dy, st);
  if (!s->depthwise && op_input(c, 0)->rank == 1 && op_input(c, 0)->dims[0] == 2) {
    /* TF: two sizes are height and width. */
    x[0] = dy->dims[0];
    x[1] = math_int_at(op_input(c, 0), 0);
    x[2] = math_int_at(op_input(c, 0), 1);
    x[3] = f->dims[2];
    if (x[1] < 0 || x[2] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension must be >= 0");
  } else {
    TRY(read_sizes(op_input(c, 0), c->node->op, x, st));
  }
  dims_of_format(s, x, dims);
  TRY(conv_shape(s, dims, f->dims, &p->s, st));
  TRY(check_gradient(s, &p->s, dy, c->node->op, st));
  TRY(op_output(c, 0, s->dtype, x, 4, st));
  return grad_plan(c, dy, f, st);
}

static TF_Code grad_filter_prepare(OpCtx *c, TF_Status *st) {
  const ConvState *s = c->state;
  ConvPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *dy = op_input(c, 2);
  int64_t f[4], dims[4];
  if (x->rank != 4) return fail_rank("input", x, st);
  if (dy->rank != 4) return fail_rank("out_backprop", dy, st);
  TRY(read_sizes(op_input(c, 1), c->node->op, f, st));
  dims_of_format(s, x->dims, dims);
  TRY(conv_shape(s, dims, f, &p->s, st));
  TRY(check_gradient(s, &p->s, dy, c->node->op, st));
  TRY(op_output(c, 0, s->dtype, f, 4, st));
  return grad_plan(c, x, dy, st);
}

static void conv_clear_prep(void *prep) { dnnl_call_free(((ConvPrep *)prep)->call); }

static const char *conv_way(const void *state, const void *prep) {
  const ConvState *s = state;
  const ConvPrep *p = prep;
  if (p->call) return dnnl_call_name(p->call);
  if (math_kind(s->dtype) != MK_F32) return "plain loops";
  return s->depthwise ? "along channels" : "patches, matrix product";
}

/* ---- patches ---- */

typedef struct Conv {
  const ConvState *s;
  const ConvPrep *p;
  const float *a, *b; /* what the kind calls its operands: see run_floats */
  float *out;
  char *scratch;
} Conv;

/* Calls f for every tap of output pixel `pixel` that falls inside the input: the tap's number, and the input
 * pixel it reads (as an index of pixels); taps outside give -1. */
#define FOR_TAPS(w, g, pixel, tap, at)                                                            \
  int64_t ox_ = (pixel) % (g)->out_w, oy_ = (pixel) / (g)->out_w % (g)->out_h;                    \
  int64_t image_ = (pixel) / ((g)->out_w * (g)->out_h), tap = 0;                                  \
  for (int64_t fy_ = 0; fy_ < (g)->filter_h; fy_++)                                               \
    for (int64_t fx_ = 0, iy_ = oy_ * (w)->stride_h - (g)->pad_top + fy_ * (w)->dilation_h,       \
                 ix_ = ox_ * (w)->stride_w - (g)->pad_left, at = -1;                              \
         fx_ < (g)->filter_w && ((at = iy_ >= 0 && iy_ < (g)->in_h && ix_ >= 0 && ix_ < (g)->in_w \
                                           ? (image_ * (g)->in_h + iy_) * (g)->in_w + ix_         \
                                           : -1),                                                 \
                                 1);                                                              \
         fx_++, ix_ += (w)->dilation_w, tap++)

/* Rows of patches for pixels [begin, end) of channels [channel, channel + filter_c). */
static void gather_patches(const Conv *r, const float *x, int64_t begin, int64_t end, int64_t channel,
                           float *patch) {
  const ConvShape *g = &r->p->s;
  size_t bytes = (size_t)g->filter_c * sizeof(float);
  for (int64_t pixel = begin; pixel < end; pixel++) {
    FOR_TAPS(&r->s->w, g, pixel, tap, at) {
      if (at < 0) memset(patch, 0, bytes);
      else memcpy(patch, x + at * g->in_c + channel, bytes);
      patch += g->filter_c;
    }
    (void)tap;
  }
}

/* The reverse: adds the rows of patches to the input's gradient. */
static void scatter_patches(const Conv *r, const float *patch, int64_t begin, int64_t end, int64_t channel,
                            float *dx) {
  const ConvShape *g = &r->p->s;
  for (int64_t pixel = begin; pixel < end; pixel++) {
    FOR_TAPS(&r->s->w, g, pixel, tap, at) {
      if (at >= 0) {
        float *to = dx + at * g->in_c + channel;
        simd()->binary[EW_ADD][EW_F32](to, to, patch, g->filter_c, EW_VV);
      }
      patch += g->filter_c;
    }
    (void)tap;
  }
}

/* Part i of the output's pixels, with a patch matrix of its own. */
static void forward_part(void *arg, int64_t begin_part, int64_t end_part) {
  const Conv *r = arg;
  const ConvShape *g = &r->p->s;
  int64_t pixels = g->batch * g->out_h * g->out_w, parts = r->p->parts;
  int64_t k = g->filter_h * g->filter_w * g->filter_c, out_c = g->out_c / g->groups;
  for (int64_t part = begin_part; part < end_part; part++) {
    float *patch = (float *)(r->scratch + r->p->patch_at) + part * r->p->stretch * k;
    int64_t first = pixels / parts * part + (part < pixels % parts ? part : pixels % parts);
    int64_t last = first + pixels / parts + (part < pixels % parts);
    for (int64_t begin = first; begin < last; begin += r->p->stretch) {
      int64_t end = begin + r->p->stretch < last ? begin + r->p->stretch : last;
      for (int64_t group = 0; group < g->groups; group++) {
        gather_patches(r, r->a, begin, end, group * g->filter_c, patch);
        GemmF32 gemm = {patch,
                        r->b + group * out_c,
                        r->out + begin * g->out_c + group * out_c,
                        end - begin,
                        out_c,
                        k,
                        k,
                        1,
                        g->out_c,
                        g->out_c};
        simd()->gemm_f32(&gemm);
      }
    }
  }
}

/* a: gradient of the output, b: filter. */
static void grad_input(const Conv *r) {
  const ConvShape *g = &r->p->s;
  int64_t pixels = g->batch * g->out_h * g->out_w, k = g->filter_h * g->filter_w * g->filter_c;
  int64_t out_c = g->out_c / g->groups;
  float *patch = (float *)(r->scratch + r->p->patch_at), *turned = (float *)(r->scratch + r->p->filter_at);
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = 0; j < g->out_c; j++) turned[j * k + i] = r->b[i * g->out_c + j];
  memset(r->out, 0, r->p->out_count * sizeof(float));
  for (int64_t begin = 0; begin < pixels; begin += r->p->stretch) {
    int64_t end = begin + r->p->stretch < pixels ? begin + r->p->stretch : pixels;
    for (int64_t group = 0; group < g->groups; group++) {
      GemmF32 gemm = {r->a + begin * g->out_c + group * out_c,
                      turned + group * out_c * k,
                      patch,
                      end - begin,
                      k,
                      out_c,
                      g->out_c,
                      1,
                      k,
                      k};
      simd()->gemm_f32(&gemm);
      scatter_patches(r, patch, begin, end, group * g->filter_c, r->out);
    }
  }
}

/* a: input, b: gradient of the output. Rows of the filter's gradient gather tap by tap. */
static void grad_filter(const Conv *r) {
  const ConvShape *g = &r->p->s;
  int64_t pixels = g->batch * g->out_h * g->out_w, k = g->filter_h * g->filter_w * g->filter_c;
  int64_t out_c = g->out_c / g->groups;
  float *patch = (float *)(r->scratch + r->p->patch_at);
  memset(r->out, 0, r->p->out_count * sizeof(float));
  for (int64_t begin = 0; begin < pixels; begin += r->p->stretch) {
    int64_t end = begin + r->p->stretch < pixels ? begin + r->p->stretch : pixels;
    for (int64_t group = 0; group < g->groups; group++) {
      gather_patches(r, r->a, begin, end, group * g->filter_c, patch);
      for (int64_t pixel = begin; pixel < end; pixel++) {
        const float *row = patch + (pixel - begin) * k, *dy = r->b + pixel * g->out_c + group * out_c;
        for (int64_t i = 0; i < k; i++)
          if (row[i] != 0) simd()->axpy(r->out + i * g->out_c + group * out_c, row[i], dy, out_c);
      }
    }
  }
}

/* ---- depthwise ---- */

static void depthwise_pixels(void *arg, int64_t begin, int64_t end) {
  const Conv *r = arg;
  const ConvShape *g = &r->p->s;
  for (int64_t pixel = begin; pixel < end; pixel++) {
    float *y = r->out + pixel * g->out_c;
    memset(y, 0, (size_t)g->out_c * sizeof(float));
    FOR_TAPS(&r->s->w, g, pixel, tap, at) {
      if (at < 0) continue;
      const float *x = r->a + at * g->in_c, *f = r->b + tap * g->out_c;
      if (g->multiplier == 1) {
        simd()->mul_add(y, x, f, g->in_c);
      } else {
        for (int64_t c = 0; c < g->in_c; c++)
          for (int64_t m = 0; m < g->multiplier; m++)
            y[c * g->multiplier + m] += x[c] * f[c * g->multiplier + m];
      }
    }
  }
}

/* a: gradient of the output, b: filter. */
static void depthwise_grad_input(const Conv *r) {
  const ConvShape *g = &r->p->s;
  memset(r->out, 0, r->p->out_count * sizeof(float));
  for (int64_t pixel = 0; pixel < g->batch * g->out_h * g->out_w; pixel++) {
    const float *dy = r->a + pixel * g->out_c;
    FOR_TAPS(&r->s->w, g, pixel, tap, at) {
      if (at < 0) continue;
      float *dx = r->out + at * g->in_c;
      const float *f = r->b + tap * g->out_c;
      for (int64_t c = 0; c < g->out_c; c++) dx[c / g->multiplier] += dy[c] * f[c];
    }
  }
}

/* a: input, b: gradient of the output. */
static void depthwise_grad_filter(const Conv *r) {
  const ConvShape *g = &r->p->s;
  memset(r->out, 0, r->p->out_count * sizeof(float));
  for (int64_t pixel = 0; pixel < g->batch * g->out_h * g->out_w; pixel++) {
    const float *dy = r->b + pixel * g->out_c;
    FOR_TAPS(&r->s->w, g, pixel, tap, at) {
      if (at < 0) continue;
      const float *x = r->a + at * g->in_c;
      float *df = r->out + tap * g->out_c;
      for (int64_t c = 0; c < g->out_c; c++) df[c] += dy[c] * x[c / g->multiplier];
    }
  }
}

/* ---- double and int32: every kind in one loop over (pixel, tap, channel, output) ----
 * y += x f, dx += dy f, df += x dy. Integers wrap. */
#define PLAIN_CONV(name, T, W)                                                                    \
  static void name(const ConvState *s, const ConvPrep *p, const T *a, const T *b, T *out) {       \
    const ConvShape *g = &p->s;                                                                   \
    int64_t per_group = g->out_c / g->groups;                                                     \
    memset(out, 0, p->out_count * sizeof(T));                                                     \
    for (int64_t pixel = 0; pixel < g->batch * g->out_h * g->out_w; pixel++) {                    \
      FOR_TAPS(&s->w, g, pixel, tap, at) {                                                        \
        if (at < 0) continue;                                                                     \
        for (int64_t o = 0; o < g->out_c; o++) {                                                  \
          int64_t group = o / per_group, channels = s->depthwise ? 1 : g->filter_c;               \
          for (int64_t c = 0; c < channels; c++) {                                                \
            int64_t xi = at * g->in_c + group * channels + c, yi = pixel * g->out_c + o;          \
            int64_t fi = (tap * channels + c) * g->out_c + o;                                     \
            if (s->kind == CONV_FORWARD) out[yi] = (T)((W)out[yi] + (W)a[xi] * (W)b[fi]);         \
            else if (s->kind == CONV_GRAD_INPUT) out[xi] = (T)((W)out[xi] + (W)a[yi] * (W)b[fi]); \
            else out[fi] = (T)((W)out[fi] + (W)a[xi] * (W)b[yi]);                                 \
          }                                                                                       \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
  }
PLAIN_CONV(conv_f64, double, double)
PLAIN_CONV(conv_i32, int32_t, uint32_t)

/* ---- run ---- */

static TF_Code run_floats(OpCtx *c, const float *a, const float *b, float *out, TF_Status *st) {
  const ConvState *s = c->state;
  const ConvPrep *p = c->prep;
  const ConvShape *g = &p->s;
  Conv r = {s, p, a, b, out, c->scratch};
  if (p->call) {
    void *buffers[3] = {(void *)a, (void *)b, out};
    const Tensor *filter = s->keep_filter ? op_lasting_input(c, 1) : NULL;
    if (!dnnl_call_run_weights(p->call, filter, buffers, (char *)c->scratch + p->call_at))
      return fail_oom(st, "oneDNN");
    return TF_OK;
  }
  if (s->depthwise) {
    if (s->kind == CONV_GRAD_INPUT) depthwise_grad_input(&r);
    else if (s->kind == CONV_GRAD_FILTER) depthwise_grad_filter(&r);
    else parallel_for(c->threads, g->batch * g->out_h * g->out_w, 64, depthwise_pixels, &r);
  } else if (s->kind == CONV_GRAD_INPUT) {
    grad_input(&r);
  } else if (s->kind == CONV_GRAD_FILTER) {
    grad_filter(&r);
  } else {
    parallel_for(c->threads, p->parts, 1, forward_part, &r);
  }
  return TF_OK;
}

static TF_Code conv_run(OpCtx *c, TF_Status *st) {
  const ConvState *s = c->state;
  const ConvPrep *p = c->prep;
  const ConvShape *g = &p->s;
  /* a, b: input and filter; gradient and filter; input and gradient. */
  const Tensor *a = op_input(c, s->kind == CONV_GRAD_INPUT ? 2 : 0),
               *b = op_input(c, s->kind == CONV_GRAD_FILTER ? 2 : 1);
  Tensor *out = &c->outputs[0];
  if (p->out_count == 0) return TF_OK;
  if (conv_empty(g)) {
    memset(out->data, 0, p->out_count * dtype_size(s->dtype));
    return TF_OK;
  }
  if (s->dtype == TF_FLOAT) return run_floats(c, a->data, b->data, out->data, st);
  if (s->dtype == TF_DOUBLE) {
    conv_f64(s, p, a->data, b->data, out->data);
    return TF_OK;
  }
  if (s->dtype == TF_INT32) {
    conv_i32(s, p, a->data, b->data, out->data);
    return TF_OK;
  }
  char *scratch = c->scratch;
  float *x = (float *)(scratch + p->a_at), *y = (float *)(scratch + p->b_at),
        *z = (float *)(scratch + p->out_at);
  math_load_16(x, a->data, (int64_t)p->a_count, s->dtype);
  math_load_16(y, b->data, (int64_t)p->b_count, s->dtype);
  TRY(run_floats(c, x, y, z, st));
  math_store_16(out->data, z, (int64_t)p->out_count, s->dtype);
  return TF_OK;
}

/* ---- shape functions ---- */

static TF_Code shape_conv_of(ShapeCtx *c, bool depthwise, TF_Status *st) {
  WindowAttrs w;
  TRY(window_attrs_read(&w, c->node, st));
  TRY(window_explicit_read(&w, c->node, st));
  const Shape *x = c->inputs[0], *f = c->inputs[1];
  Shape out = shape_of_rank(4);
  if (x->rank >= 0 && x->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 4 but is rank %d", x->rank);
  if (f->rank >= 0 && f->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 4 but is rank %d", f->rank);
  Shape filter = f->rank == 4 ? *f : shape_of_rank(4), in = x->rank == 4 ? *x : shape_of_rank(4);
  int h = w.nchw ? 2 : 1, channel = w.nchw ? 1 : 3;
  out.dims[0] = in.dims[0];
  TRY(window_size_partial(w.padding, w.explicit_h, in.dims[h], filter.dims[0], w.dilation_h, w.stride_h,
                          &out.dims[h], st));
  TRY(window_size_partial(w.padding, w.explicit_w, in.dims[h + 1], filter.dims[1], w.dilation_w, w.stride_w,
                          &out.dims[h + 1], st));
  int64_t m = filter.dims[3], depth = filter.dims[2];
  out.dims[channel] = depthwise ? (m >= 0 && depth >= 0 ? m * depth : -1) : m;
  c->outputs[0] = out;
  return TF_OK;
}
static TF_Code shape_conv(ShapeCtx *c, TF_Status *st) { return shape_conv_of(c, false, st); }
static TF_Code shape_depthwise(ShapeCtx *c, TF_Status *st) { return shape_conv_of(c, true, st); }

/* The output has the sizes that an input tells. */
static TF_Code shape_from_value(ShapeCtx *c, int input) {
  const Tensor *sizes = c->value(c, input);
  Shape out = shape_of_rank(4);
  for (int i = 0; sizes && sizes->rank == 1 && sizes->dims[0] == 4 && i < 4; i++) {
    int64_t size = math_int_at(sizes, i);
    out.dims[i] = size >= 0 ? size : -1;
  }
  c->outputs[0] = out;
  return TF_OK;
}
static TF_Code shape_grad_input(ShapeCtx *c, TF_Status *st) {
  (void)st;
  return shape_from_value(c, 0);
}
static TF_Code shape_grad_filter(ShapeCtx *c, TF_Status *st) {
  (void)st;
  return shape_from_value(c, 1);
}

#define CONV(name_, types_, values_, shape_, init_, prepare_)                                  \
  {                                                                                            \
    name_, .types = types_, .value_inputs = values_, .state_size = sizeof(ConvState),          \
           .prep_size = sizeof(ConvPrep), .shape = shape_, .init = init_, .prepare = prepare_, \
           .run = conv_run, .clear_prep = conv_clear_prep, .way = conv_way                     \
  }

const OpRow ops_nn_conv[] = {
    CONV("Conv2D", "T: int32 " TYPES_FLOATS, 0, shape_conv, conv_init, forward_prepare),
    CONV("DepthwiseConv2dNative", "T: " TYPES_FLOATS, 0, shape_depthwise, depthwise_init, forward_prepare),
    CONV("Conv2DBackpropInput", "T: int32 " TYPES_FLOATS, 1, shape_grad_input, conv_input_init,
         grad_input_prepare),
    CONV("Conv2DBackpropFilter", "T: " TYPES_FLOATS, 2, shape_grad_filter, conv_filter_init,
         grad_filter_prepare),
    CONV("DepthwiseConv2dNativeBackpropInput", "T: " TYPES_FLOATS, 1, shape_grad_input, depthwise_input_init,
         grad_input_prepare),
    CONV("DepthwiseConv2dNativeBackpropFilter", "T: " TYPES_FLOATS, 2, shape_grad_filter,
         depthwise_filter_init, grad_filter_prepare),
    {0}};
