/* Conv3DBackpropFilterV2 and its forerunner: the gradient of a convolution's filter on NDHWC volumes, a
 * product of patches and gradients summed in double. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/nn_window3.h"

typedef struct FilterState {
  Window3Attrs w;
} FilterState;

typedef struct FilterPrep {
  Window3 g;
  int64_t in_c, out_c;
} FilterPrep;

typedef struct FilterRun {
  const OpCtx *c;
  bool infinite; /* whether the input has pixels that are not finite */
} FilterRun;

static TF_Code filter_init(OpInit *k, TF_Status *st) {
  FilterState *s = k->state;
  TRY(window3_read(&s->w, k->node, st));
  if (s->w.channels_first)
    return fail(st, TF_INVALID_ARGUMENT, "%s only supports the NDHWC tensor format on the CPU", k->node->op);
  for (int i = 0; i < 3; i++)
    if (s->w.dilation[i] != 1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Current CPU implementation does not yet support dilation rates larger than 1.");
  return TF_OK;
}

static TF_Code filter_prepare(OpCtx *c, TF_Status *st) {
  const FilterState *s = c->state;
  FilterPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *f = op_input(c, 1), *dy = op_input(c, 2);
  bool sizes = strcmp(c->node->op, "Conv3DBackpropFilterV2") == 0;
  int64_t dims[5];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (x->rank != 5) return fail(st, TF_INVALID_ARGUMENT, "input must be 5-dimensional");
  if (dy->rank != 5) return fail(st, TF_INVALID_ARGUMENT, "out_backprop must be 5-dimensional");
  if (sizes ? f->rank != 1 || f->dims[0] != 5 : f->rank != 5)
    return fail(st, TF_INVALID_ARGUMENT,
                sizes ? "filter_sizes must be a vector of 5 sizes" : "filter must be 5-dimensional");
  for (int i = 0; i < 5; i++) {
    dims[i] = sizes ? int_at(f, i) : f->dims[i];
    if (dims[i] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)dims[i]);
  }
  if (dims[3] == 0) return fail(st, TF_INVALID_ARGUMENT, "%s: filter depth must not be 0", c->node->op);
  if (dims[3] != x->dims[4])
    return fail(st, TF_INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld",
                (long long)x->dims[4], (long long)dims[3]);
  TRY(window3_plan(&p->g, &s->w, x->dims, dims, st));
  p->in_c = dims[3];
  p->out_c = dims[4];
  int64_t want[5] = {p->g.batch, p->g.out[0], p->g.out[1], p->g.out[2], p->out_c};
  if (memcmp(want, dy->dims, sizeof want) != 0)
    return fail(st, TF_INVALID_ARGUMENT, "%s: out_backprop must have shape %s, got %s", c->node->op,
                shape_text(want, 5, a, sizeof a), shape_text(dy->dims, 5, b, sizeof b));
  TRY(op_output(c, 0, x->dtype, dims, 5, st));
  size_t bytes;
  if (!checked_mul((size_t)tensor_count(&c->outputs[0]), sizeof(double), &bytes))
    return fail_oom(st, "a filter's gradient");
  op_scratch(c, bytes);
  return TF_OK;
}

/* Whether an output pixel's window has input pixel `at` (z, y, x) under tap k. */
static bool tap_reads(const Window3 *g, const int64_t *at, const int64_t *k) {
  for (int d = 0; d < 3; d++) {
    int64_t from = at[d] + g->pad[d] - k[d];
    if (from < 0 || from % g->stride[d] != 0 || from / g->stride[d] >= g->out[d]) return false;
  }
  return true;
}

/* TF: every input pixel is multiplied by a gradient for every tap, by 0 where there is none: 0 times infinity
 * or NaN is NaN. */
static void add_nothing(const OpCtx *c, int64_t ch, const int64_t *k, double *sum) {
  const FilterPrep *p = c->prep;
  const Window3 *g = &p->g;
  const Tensor *x = op_input(c, 0);
  int64_t pixels = g->batch * g->in[0] * g->in[1] * g->in[2];
  for (int64_t i = 0; i < pixels; i++) {
    double v = math_number_at(x, i * p->in_c + ch);
    int64_t at[3] = {i / (g->in[1] * g->in[2]) % g->in[0], i / g->in[2] % g->in[1], i % g->in[2]};
    if (isfinite(v) || tap_reads(g, at, k)) continue;
    for (int64_t o = 0; o < p->out_c; o++) sum[o] += v * 0;
    return;
  }
}

/* Sums for the filter's places [begin, end): depth x height x width x in_c. */
static void filter_places(void *arg, int64_t begin, int64_t end) {
  const FilterRun *run = arg;
  const OpCtx *c = run->c;
  const FilterPrep *p = c->prep;
  const Window3 *g = &p->g;
  const Tensor *x = op_input(c, 0), *dy = op_input(c, 2);
  for (int64_t place = begin; place < end; place++) {
    double *sum = (double *)c->scratch + place * p->out_c;
    int64_t ch = place % p->in_c, rest = place / p->in_c, k[3], corner[3], image;
    for (int d = 2; d >= 0; d--) {
      k[d] = rest % g->size[d];
      rest /= g->size[d];
    }
    memset(sum, 0, (size_t)p->out_c * sizeof *sum);
    for (int64_t pixel = 0, n = window3_pixels(g); pixel < n; pixel++) {
      window3_corner(g, pixel, corner, &image);
      int64_t z = corner[0] + k[0], y = corner[1] + k[1], w = corner[2] + k[2];
      if (!index_ok(z, g->in[0]) || !index_ok(y, g->in[1]) || !index_ok(w, g->in[2])) continue;
      double v = math_number_at(x, (((image * g->in[0] + z) * g->in[1] + y) * g->in[2] + w) * p->in_c + ch);
      for (int64_t o = 0; o < p->out_c; o++) sum[o] += v * math_number_at(dy, pixel * p->out_c + o);
    }
    if (run->infinite) add_nothing(c, ch, k, sum);
  }
}

static TF_Code filter_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const FilterPrep *p = c->prep;
  FilterRun run = {c, false};
  const Tensor *x = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  int64_t count = tensor_count(out);
  if (count == 0) return TF_OK;
  for (int64_t i = 0, n = tensor_count(x); i < n && !run.infinite; i++)
    run.infinite = !isfinite(math_number_at(x, i));
  parallel_for(c->threads, count / p->out_c, 1, filter_places, &run);
  for (int64_t i = 0; i < count; i++) math_number_put(out, i, ((const double *)c->scratch)[i]);
  return TF_OK;
}

static TF_Code filter_shape(ShapeCtx *c, TF_Status *st) {
  if (strcmp(c->node->op, "Conv3DBackpropFilterV2") != 0) {
    TRY(shape_want_rank(c, 1, 5, st));
    c->outputs[0] = c->inputs[1]->rank < 0 ? shape_of_rank(5) : *c->inputs[1];
    return TF_OK;
  }
  TRY(shape_of_value(c, 1, &c->outputs[0], st));
  if (c->outputs[0].rank < 0) c->outputs[0] = shape_of_rank(5);
  return TF_OK;
}

#define FILTER(NAME, TYPES, VALUES)                                                        \
  {                                                                                        \
    NAME, .types = "T: " TYPES, .value_inputs = VALUES, .state_size = sizeof(FilterState), \
          .prep_size = sizeof(FilterPrep), .shape = filter_shape, .init = filter_init,     \
          .prepare = filter_prepare, .run = filter_run                                     \
  }

const OpRow ops_nn_conv3d_grad[] = {FILTER("Conv3DBackpropFilterV2", TYPES_FLOATS, 2),
                                    FILTER("Conv3DBackpropFilter", "half float double", 0),
                                    {0}};
