/* Gradients of poolings beyond those of nn_pool.c: MaxPoolGradWithArgmax; MaxPoolGradGrad, V2 and
 * MaxPool3DGradGrad (the gradient of the gradient: what stood where the maximum was); MaxPool3DGrad and
 * AvgPool3DGrad. Images are volumes of one plane. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/nn_pool_window.h"
#include "ops/nn_window3.h"

typedef struct GradState {
  Window3Attrs w;
  PoolWindow image;       /* of ops on images */
  int dims;               /* spatial ones: 2 or 3 */
  bool again, with_batch; /* again: the gradient of a gradient */
} GradState;

typedef struct GradPrep {
  Window3 g;
  int64_t channels;
} GradPrep;

/* The spatial entries of a list of five. */
static TF_Code read_list(const Node *node, const char *what, int64_t *out, TF_Status *st) {
  const Attr *list;
  TRY(node_attr_list(node, what, TF_ATTR_INT, &list, st));
  const int64_t *v = list->v.list_i;
  bool sizes = strcmp(node->op, "AvgPool3DGrad") == 0 && strcmp(what, "ksize") == 0;
  if (list->count != 5)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s field must specify 5 dimensions", what);
  for (int i = 0; sizes && i < 5; i++)
    if (v[i] <= 0) return fail(st, TF_INVALID_ARGUMENT, "ksize must be positive, got: %lld", (long long)v[i]);
  if (v[0] != 1 || v[4] != 1)
    return fail(st, TF_UNIMPLEMENTED, "Pooling is not yet supported on the batch and depth dimensions.");
  for (int i = 0; i < 3; i++) {
    out[i] = v[1 + i];
    if (v[1 + i] <= 0)
      return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s for dimension %d was zero.", what, 1 + i);
  }
  return TF_OK;
}

/* The windows of an op on images, as those of volumes of one plane. */
static void take_image(Window3Attrs *w, const PoolWindow *image) {
  const int64_t size[3] = {1, image->size_h, image->size_w};
  const int64_t stride[3] = {1, image->w.stride_h, image->w.stride_w};
  w->padding = image->w.padding;
  memcpy(w->size, size, sizeof size);
  memcpy(w->stride, stride, sizeof stride);
}

static TF_Code volume_init(GradState *s, const Node *node, TF_Status *st) {
  const Attr *format = node_attr(node, "data_format");
  Span padding;
  TRY(node_attr_string(node, "padding", &padding, st));
  s->w.padding = padding.size == 4 ? PAD_SAME : PAD_VALID;
  bool first = format && format->v.s.size >= 2 && ((const char *)format->v.s.data)[1] == 'C';
  if (s->again) { /* TF: lists are looked at before the format, sizes not at all */
    TRY(window3_read(&s->w, node, st));
    if (s->w.deep)
      return fail(st, TF_UNIMPLEMENTED, "MaxPooling3dGradGrad is not yet supported on the depth dimension.");
  }
  if (first)
    return fail(st, TF_INVALID_ARGUMENT, "Default %s only supports NDHWC on device type CPU", node->op);
  if (s->again) return TF_OK;
  TRY(read_list(node, "ksize", s->w.size, st));
  return read_list(node, "strides", s->w.stride, st);
}

static TF_Code grad_init(OpInit *k, TF_Status *st) {
  GradState *s = k->state;
  const Node *node = k->node;
  const Attr *with_batch = node_attr(node, "include_batch_in_index"), *in_type = node_attr(node, "TInput");
  if (in_type && in_type->v.type != node->output_types[0]) return op_fail_no_kernel(k->row, node, st);
  s->dims = strstr(node->op, "3D") ? 3 : 2;
  s->again = strstr(node->op, "GradGrad") != NULL;
  s->with_batch = with_batch && with_batch->v.b;
  s->w = (Window3Attrs){.stride = {1, 1, 1}, .dilation = {1, 1, 1}};
  return s->dims == 3 ? volume_init(s, node, st) : pool_window_init(&s->image, node, st);
}

/* Geometry for what was pooled, of dims x. */
static TF_Code grad_plan(OpCtx *c, const int64_t *x, TF_Status *st) {
  const GradState *s = c->state;
  GradPrep *p = c->prep;
  Window3Attrs w = s->w;
  int64_t volume[4] = {x[0], 1, 1, 1};
  if (s->dims == 2) {
    PoolWindow image = s->image;
    if (pool_window_from_inputs(c->node))
      TRY(pool_window_take(&image, c->node, op_input(c, 3), op_input(c, 4), st));
    TRY(pool_window_check_depth(&image, c->node, x[3], st));
    take_image(&w, &image);
  }
  for (int i = 0; i < s->dims; i++) volume[4 - s->dims + i] = x[1 + i];
  p->channels = x[s->dims + 1];
  return window3_plan(&p->g, &w, volume, w.size, st);
}

/* out[at] += in[i]; integers wrap. */
static void add_number(Tensor *out, int64_t at, const Tensor *in, int64_t i) {
  int kind = math_kind(out->dtype);
  if (kind == MK_F32 || kind == MK_F64) {
    math_number_put(out, at, math_number_at(out, at) + math_number_at(in, i));
    return;
  }
  uint64_t a = 0, b = 0;
  size_t size = dtype_size(out->dtype);
  char *to = (char *)out->data + (size_t)at * size;
  memcpy(&a, to, size);
  memcpy(&b, (const char *)in->data + (size_t)i * size, size);
  a += b;
  memcpy(to, &a, size);
}

/* Whether t has the pooling's output shape. */
static TF_Code check_pooled(const OpCtx *c, const Tensor *t, const char *what, TF_Status *st) {
  const GradState *s = c->state;
  const GradPrep *p = c->prep;
  int64_t want[5] = {p->g.batch};
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  for (int i = 0; i < s->dims; i++) want[1 + i] = p->g.out[3 - s->dims + i];
  want[s->dims + 1] = p->channels;
  if (t->rank == s->dims + 2 && memcmp(t->dims, want, (size_t)t->rank * sizeof *want) == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Expected %s shape to be %s, but got %s", what,
              shape_text(want, s->dims + 2, a, sizeof a), shape_text(t->dims, t->rank, b, sizeof b));
}

static TF_Code max_prepare(OpCtx *c, TF_Status *st) {
  const GradState *s = c->state;
  const Tensor *x = op_input(c, 0), *dy = op_input(c, 2);
  if (x->rank != s->dims + 2)
    return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be %d-dimensional", s->dims + 2);
  if (op_input(c, 1)->rank != s->dims + 2)
    return fail(st, TF_INVALID_ARGUMENT, "tensor_out must be %d-dimensional", s->dims + 2);
  if (dy->rank != s->dims + 2)
    return fail(st, TF_INVALID_ARGUMENT, "%s must be %d-dimensional",
                s->again ? "out_grad_backprop" : "out_backprop", s->dims + 2);
  if (s->again && s->dims == 3 && tensor_count(x) == 0)
    return fail(st, TF_INVALID_ARGUMENT, "received empty tensor tensor_in");
  TRY(grad_plan(c, x->dims, st));
  TRY(check_pooled(c, op_input(c, 1), "orig_output", st));
  if (!s->again) {
    TRY(check_pooled(c, dy, "grad", st));
    return op_output_like(c, 0, x, st);
  }
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (!tensor_same_shape(dy, x))
    return fail(st, TF_INVALID_ARGUMENT, "Expected grad shape to be %s, but got %s",
                shape_text(x->dims, x->rank, a, sizeof a), shape_text(dy->dims, dy->rank, b, sizeof b));
  return op_output_like(c, 0, op_input(c, 1), st);
}

/* Whether x[a] is y[b]: a double holds all but the largest integers. */
static bool equal_at(const Tensor *x, int64_t a, const Tensor *y, int64_t b) {
  if (x->dtype == TF_INT64 || x->dtype == TF_UINT64)
    return ((const uint64_t *)x->data)[a] == ((const uint64_t *)y->data)[b];
  return math_number_at(x, a) == math_number_at(y, b);
}

/* The first of the input's elements under the window of output element i that is what was pooled; -1:
 * none. */
static int64_t best_of(const GradPrep *p, const Tensor *x, const Tensor *y, int64_t i) {
  Window3Span v = window3_at(&p->g, i / p->channels);
  int64_t ch = i % p->channels;
  FOR_WINDOW3(&p->g, v, at) {
    if (equal_at(x, at * p->channels + ch, y, i)) return at * p->channels + ch;
  }
  return -1;
}

static TF_Code max_again_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const GradPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *y = op_input(c, 1), *dy = op_input(c, 2);
  size_t size = dtype_size(x->dtype);
  for (int64_t i = 0, n = tensor_count(&c->outputs[0]); i < n; i++) {
    int64_t best = best_of(p, x, y, i);
    char *to = (char *)c->outputs[0].data + (size_t)i * size;
    if (best >= 0) memcpy(to, (const char *)dy->data + (size_t)best * size, size);
    else memset(to, 0, size);
  }
  return TF_OK;
}

/* TF: in three dimensions, all that equal the maximum get the gradient. */
static TF_Code max3_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const GradPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *y = op_input(c, 1), *dy = op_input(c, 2);
  tensor_zero(&c->outputs[0]);
  for (int64_t i = 0, n = tensor_count(dy); i < n; i++) {
    Window3Span v = window3_at(&p->g, i / p->channels);
    FOR_WINDOW3(&p->g, v, at) {
      int64_t from = at * p->channels + i % p->channels;
      if (equal_at(x, from, y, i)) add_number(&c->outputs[0], from, dy, i);
    }
  }
  return TF_OK;
}

/* ---- AvgPool3DGrad: inputs are the shape of what was pooled, and the gradient ---- */

static TF_Code average_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *shape = op_input(c, 0), *dy = op_input(c, 1);
  int64_t x[5];
  size_t bytes;
  if (shape->rank != 1 || shape->dims[0] != 5)
    return fail(st, TF_INVALID_ARGUMENT, "orig_input_shape must be 1-dimensional and 5 elements");
  if (dy->rank != 5) return fail(st, TF_INVALID_ARGUMENT, "out_backprop must be 5-dimensional");
  for (int i = 0; i < 5; i++) {
    x[i] = int_at(shape, i);
    if (x[i] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)x[i]);
  }
  TRY(op_output(c, 0, dy->dtype, x, 5, st)); /* checks the product */
  TRY(grad_plan(c, x, st));
  TRY(check_pooled(c, dy, "grad", st));
  if (!checked_mul((size_t)tensor_count(&c->outputs[0]), sizeof(double), &bytes))
    return fail_oom(st, "sums of a pooling");
  op_scratch(c, bytes);
  return TF_OK;
}

static TF_Code average_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const GradPrep *p = c->prep;
  const Tensor *dy = op_input(c, 1);
  double *sum = c->scratch;
  int64_t count = tensor_count(&c->outputs[0]);
  for (int64_t i = 0; i < count; i++) sum[i] = 0;
  for (int64_t i = 0, n = count ? tensor_count(dy) : 0; i < n; i++) {
    Window3Span v = window3_at(&p->g, i / p->channels);
    double size = (double)((v.to[0] - v.from[0]) * (v.to[1] - v.from[1]) * (v.to[2] - v.from[2]));
    FOR_WINDOW3(&p->g, v, at) sum[at * p->channels + i % p->channels] += math_number_at(dy, i) / size;
  }
  for (int64_t i = 0; i < count; i++) math_number_put(&c->outputs[0], i, sum[i]);
  return TF_OK;
}

/* ---- MaxPoolGradWithArgmax: inputs what was pooled, the gradient, and where each maximum stood ---- */

static TF_Code argmax_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *dy = op_input(c, 1), *at = op_input(c, 2);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (x->rank != 4) return fail(st, TF_INVALID_ARGUMENT, "tensor_in must be 4-dimensional");
  TRY(grad_plan(c, x->dims, st));
  TRY(check_pooled(c, dy, "grad", st));
  if (at->rank != 4 || memcmp(at->dims, dy->dims, sizeof(int64_t) * 4) != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Expected argmax shape to be %s, but got %s",
                shape_text(dy->dims, dy->rank, a, sizeof a), shape_text(at->dims, at->rank, b, sizeof b));
  return op_output_like(c, 0, x, st);
}

static TF_Code argmax_run(OpCtx *c, TF_Status *st) {
  const GradState *s = c->state;
  const Tensor *dy = op_input(c, 1), *where = op_input(c, 2);
  Tensor *out = &c->outputs[0];
  int64_t count = tensor_count(out), image = dims_product(out->dims, 1, 4),
          each = dims_product(dy->dims, 1, 4);
  tensor_zero(out);
  for (int64_t i = 0, n = tensor_count(dy); i < n; i++) {
    int64_t at = int_at(where, i) + (s->with_batch ? 0 : i / each * image);
    if (!index_ok(at, count))
      return fail(st, TF_INVALID_ARGUMENT, "Invalid input argmax index: %lld is not in [0, %lld)",
                  (long long)at, (long long)count);
    add_number(out, at, dy, i);
  }
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code pooled_shape(ShapeCtx *c, TF_Status *st) {
  Shape unknown = shape_unknown();
  if (strstr(c->node->op, "3D")) {
    Window3Attrs w;
    int64_t out;
    TRY(window3_read(&w, c->node, st));
    for (int i = 0; i < 3; i++) TRY(window_size_partial(w.padding, NULL, -1, -1, 1, w.stride[i], &out, st));
  } else {
    TRY(pool_window_shape(c->node, &unknown, &c->outputs[0], st));
  }
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

static TF_Code shape_input_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_of_value(c, 0, &c->outputs[0], st));
  if (c->outputs[0].rank < 0) c->outputs[0] = shape_of_rank(5);
  return TF_OK;
}

#define GRAD(NAME, TYPES, VALUES, SHAPE, PREPARE, RUN)                                                     \
  {                                                                                                        \
    NAME, .types = TYPES, .value_inputs = VALUES, .state_size = sizeof(GradState),                         \
          .prep_size = sizeof(GradPrep), .shape = SHAPE, .init = grad_init, .prepare = PREPARE, .run = RUN \
  }

const OpRow ops_nn_pool_grads[] = {
    GRAD("MaxPoolGradGrad", "T: " TYPES_REAL, 0, pooled_shape, max_prepare, max_again_run),
    GRAD("MaxPoolGradGradV2", "T: " TYPES_REAL, 24, pooled_shape, max_prepare, max_again_run),
    GRAD("MaxPool3DGradGrad", "T: bfloat16 float", 0, pooled_shape, max_prepare, max_again_run),
    GRAD("MaxPool3DGrad", "T: bfloat16 float; TInput: bfloat16 float", 0, shape_same, max_prepare, max3_run),
    GRAD("AvgPool3DGrad", "T: bfloat16 float", 1, shape_input_shape, average_prepare, average_run),
    GRAD("MaxPoolGradWithArgmax", "T: " TYPES_REAL "; Targmax: int64", 0, shape_same, argmax_prepare,
         argmax_run),
    {0}};
