/* Conv3D and Conv3DBackpropInputV2 on NDHWC tensors.
 *
 * Patches of a stretch of output pixels go to scratch and are multiplied with the filter, which lies as a
 * [depth * height * width * in_c, out_c] matrix already; the gradient of the input adds products with the
 * transposed filter back where their patches came from. half and bfloat16 are widened into scratch, double
 * takes plain loops. */
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_types.h"
#include "ops/matmul_ops.h"
#include "ops/nn_window3.h"

typedef struct Conv3State {
  Window3Attrs w;
  TF_DataType dtype;
  bool gradient;
} Conv3State;

typedef struct Conv3Prep {
  Window3 g;
  int64_t in_c, out_c, k; /* k: elements of a patch */
  int64_t stretch, parts; /* output pixels a patch matrix holds; how many such matrices at a time */
  size_t a_at, b_at, out_at, patch_at, filter_at;
} Conv3Prep;

static TF_Code conv3_init_as(OpInit *k, bool gradient, TF_Status *st) {
  Conv3State *s = k->state;
  s->gradient = gradient;
  s->dtype = dtype_base(k->node->output_types[0]);
  return window3_read(&s->w, k->node, st);
}
static TF_Code conv3_init(OpInit *k, TF_Status *st) { return conv3_init_as(k, false, st); }
static TF_Code conv3_grad_init(OpInit *k, TF_Status *st) { return conv3_init_as(k, true, st); }

/* What TensorFlow's CPU kernel does not take. */
static TF_Code check_supported(const Conv3State *s, TF_Status *st) {
  if (s->w.channels_first)
    return fail(st, TF_INVALID_ARGUMENT, "%s only supports the NDHWC tensor format on the CPU",
                s->gradient ? "Conv3DBackpropInputOpV2" : "Conv3D");
  for (int i = 0; i < 3; i++) {
    if (s->w.dilation[i] != 1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "CPU implementation of Conv3D currently only supports dilated rates of 1.");
  }
  return TF_OK;
}

enum { PATCH_FLOATS = 64 * 1024 };

/* Geometry for input dims x[5] and filter dims f[5], and scratch. */
static TF_Code conv3_plan(OpCtx *c, const int64_t *x, const int64_t *f, TF_Status *st) {
  const Conv3State *s = c->state;
  Conv3Prep *p = c->prep;
  if (f[3] == 0 || x[4] % f[3] != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input depth must be evenly divisible by filter depth: %lld vs %lld",
                (long long)x[4], (long long)f[3]);
  TRY(window3_plan(&p->g, &s->w, x, f, st));
  p->in_c = f[3];
  p->out_c = f[4];
  p->k = f[0] * f[1] * f[2] * f[3];
  return TF_OK;
}

static TF_Code check_depth(const int64_t *x, const int64_t *f, TF_Status *st) {
  if (f[3] == x[4]) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Number of channels in filter (%lld) must match last dimension of input (%lld)",
              (long long)f[3], (long long)x[4]);
}

/* TF: the forward pass pads by what a window lacks, which may be less than nothing: windows that leave pixels
 * between them are then centred. */
static void centre_windows(const Conv3State *s, Window3 *g) {
  for (int i = 0; i < 3 && s->w.padding == PAD_SAME; i++)
    g->pad[i] = ((g->out[i] - 1) * g->stride[i] + g->size[i] - g->in[i]) / 2;
}

static TF_Code conv3_scratch(OpCtx *c, const Tensor *a, const Tensor *b, TF_Status *st) {
  const Conv3State *s = c->state;
  Conv3Prep *p = c->prep;
  size_t total = 0, size = s->dtype == TF_DOUBLE ? sizeof(double) : sizeof(float);
  int64_t pixels = window3_pixels(&p->g);
  if (math_is_16(s->dtype)) {
    TRY(op_scratch_take(&total, &p->a_at, tensor_count(a), size, st));
    TRY(op_scratch_take(&total, &p->b_at, tensor_count(b), size, st));
    TRY(op_scratch_take(&total, &p->out_at, tensor_count(&c->outputs[0]), size, st));
  }
  p->stretch = PATCH_FLOATS / (p->k ? p->k : 1);
  if (p->stretch < 8) p->stretch = 8;
  if (p->stretch > pixels) p->stretch = pixels;
  p->parts = s->gradient || c->threads < 1 ? 1 : c->threads;
  int64_t patches;
  if (!checked_mul_i64(p->parts * p->stretch, p->k, &patches))
    return fail_oom(st, "scratch of a convolution");
  TRY(op_scratch_take(&total, &p->patch_at, patches, size, st));
  if (s->gradient) TRY(op_scratch_take(&total, &p->filter_at, tensor_count(b), size, st));
  op_scratch(c, total);
  return TF_OK;
}

static TF_Code fail_rank(const char *what, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "%s must be 5-dimensional", what);
}

static TF_Code conv3_prepare(OpCtx *c, TF_Status *st) {
  const Conv3State *s = c->state;
  Conv3Prep *p = c->prep;
  const Tensor *x = op_input(c, 0), *f = op_input(c, 1);
  if (x->rank != 5) return fail_rank("input", st);
  if (f->rank != 5) return fail_rank("filter", st);
  int64_t in[5];
  for (int i = 0; i < 5; i++) in[i] = x->dims[s->w.channels_first && i ? i % 4 + 1 : i];
  if (f->dims[3] == 0) return fail(st, TF_INVALID_ARGUMENT, "filter_depth must be non-zero");
  if (tensor_count(f) == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "filter must not have zero elements (i.e. all dimensions must be non-zero)");
  TRY(conv3_plan(c, in, f->dims, st));
  centre_windows(s, &p->g);
  int64_t dims[5] = {p->g.batch, p->g.out[0], p->g.out[1], p->g.out[2], p->out_c};
  if (s->w.channels_first) {
    memmove(dims + 2, dims + 1, 3 * sizeof *dims);
    dims[1] = p->out_c;
  }
  TRY(op_output(c, 0, s->dtype, dims, 5, st));
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK; /* TF: looks at nothing else then */
  TRY(check_supported(s, st));
  TRY(check_depth(in, f->dims, st));
  return conv3_scratch(c, x, f, st);
}

static TF_Code conv3_grad_prepare(OpCtx *c, TF_Status *st) {
  const Conv3State *s = c->state;
  Conv3Prep *p = c->prep;
  const Tensor *sizes = op_input(c, 0), *f = op_input(c, 1), *dy = op_input(c, 2);
  int64_t x[5];
  TRY(check_supported(s, st));
  bool old = strcmp(c->node->op, "Conv3DBackpropInput") == 0; /* gets the input itself, for its shape */
  if (old && sizes->rank != 5) return fail_rank("input", st);
  if (!old && (sizes->rank != 1 || sizes->dims[0] != 5))
    return fail(st, TF_INVALID_ARGUMENT, "Conv3DBackpropInputOpV2: input_sizes must be a vector of 5 sizes");
  for (int i = 0; i < 5; i++) {
    x[i] = old ? sizes->dims[i] : int_at(sizes, i);
    if (x[i] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)x[i]);
  }
  if (f->rank != 5) return fail_rank("Conv3DBackpropInputOpV2: filter", st);
  if (dy->rank != 5) return fail_rank("Conv3DBackpropInputOpV2: out_backprop", st);
  TRY(op_output(c, 0, s->dtype, x, 5, st)); /* also checks that the product of the sizes is one */
  TRY(conv3_plan(c, x, f->dims, st));
  TRY(check_depth(x, f->dims, st));
  int64_t want[5] = {p->g.batch, p->g.out[0], p->g.out[1], p->g.out[2], p->out_c};
  if (memcmp(want, dy->dims, sizeof want) != 0) {
    char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
    return fail(st, TF_INVALID_ARGUMENT, "Conv3DBackpropInputOpV2: out_backprop must have shape %s, got %s",
                shape_text(want, 5, a, sizeof a), shape_text(dy->dims, 5, b, sizeof b));
  }
  return conv3_scratch(c, dy, f, st);
}

/* ---- run ---- */

typedef struct Conv3 {
  const Conv3State *s;
  const Conv3Prep *p;
  const char *a, *b; /* input and filter; gradient and filter */
  char *out, *scratch;
  size_t size; /* of an element: 4 or 8 */
} Conv3;

/* Rows of patches for output pixels [begin, end) from the input; or adds them to it. */
static void move_patches(const Conv3 *r, char *input, int64_t begin, int64_t end, char *patch, bool add) {
  const Window3 *g = &r->p->g;
  int64_t n = r->p->in_c, corner[3], image;
  size_t bytes = (size_t)n * r->size;
  for (int64_t pixel = begin; pixel < end; pixel++) {
    window3_corner(g, pixel, corner, &image);
    for (int64_t z = corner[0]; z < corner[0] + g->size[0]; z++) {
      for (int64_t y = corner[1]; y < corner[1] + g->size[1]; y++) {
        bool row = index_ok(z, g->in[0]) && index_ok(y, g->in[1]);
        for (int64_t x = corner[2]; x < corner[2] + g->size[2]; x++, patch += bytes) {
          bool inside = row && index_ok(x, g->in[2]);
          char *at = inside ? input + (size_t)(((image * g->in[0] + z) * g->in[1] + y) * g->in[2] + x) * bytes
                            : NULL;
          if (add && inside) simd()->binary[EW_ADD][r->size == 4 ? EW_F32 : EW_F64](at, at, patch, n, EW_VV);
          else if (!add && inside) memcpy(patch, at, bytes);
          else if (!add) memset(patch, 0, bytes);
        }
      }
    }
  }
}

/* C[m, n] = A[m, k] B[k, n], all dense. */
static void multiply(const Conv3 *r, const char *a, const char *b, char *out, int64_t m, int64_t n,
                     int64_t k) {
  if (r->size == 4) {
    GemmF32 gemm = {(const float *)a, (const float *)b, (float *)out, m, n, k, k, 1, n, n};
    simd()->gemm_f32(&gemm);
  } else {
    Product product = {.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1};
    matmul_plain_fn(MK_F64)(&product, a, b, out);
  }
}

static void forward_parts(void *arg, int64_t begin_part, int64_t end_part) {
  const Conv3 *r = arg;
  const Conv3Prep *p = r->p;
  int64_t pixels = window3_pixels(&p->g);
  for (int64_t part = begin_part; part < end_part; part++) {
    char *patch = r->scratch + p->patch_at + (size_t)(part * p->stretch * p->k) * r->size;
    int64_t last = pixels * (part + 1) / p->parts;
    for (int64_t begin = pixels * part / p->parts; begin < last; begin += p->stretch) {
      int64_t end = begin + p->stretch < last ? begin + p->stretch : last;
      move_patches(r, (char *)r->a, begin, end, patch, false);
      multiply(r, patch, r->b, r->out + (size_t)(begin * p->out_c) * r->size, end - begin, p->out_c, p->k);
    }
  }
}

static void grad_input(const Conv3 *r) {
  const Conv3Prep *p = r->p;
  char *patch = r->scratch + p->patch_at, *turned = r->scratch + p->filter_at;
  for (int64_t i = 0; i < p->k; i++)
    for (int64_t j = 0; j < p->out_c; j++)
      memcpy(turned + (size_t)(j * p->k + i) * r->size, r->b + (size_t)(i * p->out_c + j) * r->size, r->size);
  for (int64_t begin = 0, pixels = window3_pixels(&p->g); begin < pixels; begin += p->stretch) {
    int64_t end = begin + p->stretch < pixels ? begin + p->stretch : pixels;
    multiply(r, r->a + (size_t)(begin * p->out_c) * r->size, turned, patch, end - begin, p->k, p->out_c);
    move_patches(r, r->out, begin, end, patch, true);
  }
}

static TF_Code conv3_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Conv3State *s = c->state;
  const Conv3Prep *p = c->prep;
  const Tensor *a = op_input(c, s->gradient ? 2 : 0), *b = op_input(c, 1);
  Tensor *out = &c->outputs[0];
  int64_t count = tensor_count(out);
  if (count == 0) return TF_OK;
  Conv3 r = {
      s, p, a->data, b->data, out->data, c->scratch, s->dtype == TF_DOUBLE ? sizeof(double) : sizeof(float)};
  if (math_is_16(s->dtype)) {
    r.a = r.scratch + p->a_at;
    r.b = r.scratch + p->b_at;
    r.out = r.scratch + p->out_at;
    math_load_16((float *)(r.scratch + p->a_at), a->data, tensor_count(a), s->dtype);
    math_load_16((float *)(r.scratch + p->b_at), b->data, tensor_count(b), s->dtype);
  }
  if (s->gradient || p->k == 0) memset(r.out, 0, (size_t)count * r.size);
  if (window3_pixels(&p->g) > 0 && p->k > 0 && p->out_c > 0) {
    if (s->gradient) grad_input(&r);
    else parallel_for(c->threads, p->parts, 1, forward_parts, &r);
  }
  if (math_is_16(s->dtype)) math_store_16(out->data, (const float *)r.out, count, s->dtype);
  return TF_OK;
}

static TF_Code shape_conv3(ShapeCtx *c, TF_Status *st) {
  Window3Attrs w;
  int64_t size[3] = {-1, -1, -1};
  TRY(window3_read(&w, c->node, st));
  TRY(shape_want_rank(c, 1, 5, st));
  const Shape *f = c->inputs[1];
  if (f->rank == 5) memcpy(size, f->dims, sizeof size);
  TRY(window3_shape(&w, c->inputs[0], size, &c->outputs[0], st));
  c->outputs[0].dims[w.channels_first ? 1 : 4] = shape_dim(f, 4);
  return TF_OK;
}

static TF_Code shape_conv3_grad(ShapeCtx *c, TF_Status *st) {
  TRY(shape_of_value(c, 0, &c->outputs[0], st));
  if (c->outputs[0].rank >= 0 && c->outputs[0].rank != 5)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 5 but is rank %d", c->outputs[0].rank);
  if (c->outputs[0].rank < 0) c->outputs[0] = shape_of_rank(5);
  return TF_OK;
}

const OpRow ops_nn_conv3d[] = {
    {"Conv3D", .types = "T: " TYPES_FLOATS, .state_size = sizeof(Conv3State), .prep_size = sizeof(Conv3Prep),
     .shape = shape_conv3, .init = conv3_init, .prepare = conv3_prepare, .run = conv3_run},
    {"Conv3DBackpropInputV2", .types = "T: " TYPES_FLOATS, .value_inputs = 1,
     .state_size = sizeof(Conv3State), .prep_size = sizeof(Conv3Prep), .shape = shape_conv3_grad,
     .init = conv3_grad_init, .prepare = conv3_grad_prepare, .run = conv3_run},
    {"Conv3DBackpropInput", .types = "T: half float double", .state_size = sizeof(Conv3State),
     .prep_size = sizeof(Conv3Prep), .shape = shape_same, .init = conv3_grad_init,
     .prepare = conv3_grad_prepare, .run = conv3_run},
    {0}};
