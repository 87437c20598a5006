/* ExtractImagePatches and ExtractVolumePatches: what stands under a window, side by side in the last
 * dimension. Images are volumes of one plane; what lies outside is zero. */
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/nn_window.h"

typedef struct PatchState {
  int dims; /* spatial ones: 2 or 3 */
  Padding padding;
  int64_t size[3], stride[3], rate[3]; /* planes (1 of images), rows, columns */
} PatchState;

typedef struct PatchPrep {
  int64_t in[3], out[3], pad[3], pixel; /* pixel: bytes of one */
} PatchPrep;

/* The spatial entries of a list attr behind those of planes that an image lacks. */
static TF_Code read_list(const PatchState *s, const Node *node, const char *name, int64_t *out,
                         TF_Status *st) {
  const Attr *list;
  int n = s->dims;
  out[0] = 1;
  TRY(node_attr_list(node, name, TF_ATTR_INT, &list, st));
  if (list->count < n + 2)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s field must specify %d dimensions", name, n + 2);
  const int64_t *v = list->v.list_i;
  if (v[0] != 1 || v[n + 1] != 1) return fail(st, TF_UNIMPLEMENTED, "Only support %s across space.", name);
  for (int i = 0; i < n; i++) {
    out[3 - n + i] = v[1 + i];
    if (v[1 + i] < 1) return fail(st, TF_OUT_OF_RANGE, "%s is out of range.", name);
  }
  return TF_OK;
}

static TF_Code patch_read(PatchState *s, const Node *node, TF_Status *st) {
  Span padding;
  *s = (PatchState){.dims = strcmp(node->op, "ExtractImagePatches") == 0 ? 2 : 3, .rate = {1, 1, 1}};
  TRY(read_list(s, node, "ksizes", s->size, st));
  TRY(read_list(s, node, "strides", s->stride, st));
  if (node_attr(node, "rates")) TRY(read_list(s, node, "rates", s->rate, st));
  TRY(node_attr_string(node, "padding", &padding, st));
  s->padding = padding.size == 4 ? PAD_SAME : PAD_VALID;
  return TF_OK;
}

static TF_Code patch_init(OpInit *k, TF_Status *st) { return patch_read(k->state, k->node, st); }

/* Elements of a patch, checked. */
static TF_Code patch_depth(const PatchState *s, int64_t channels, int64_t *out, TF_Status *st) {
  *out = channels;
  for (int i = 0; i < 3; i++)
    if (!checked_mul_i64(*out, s->size[i], out))
      return fail(st, TF_INVALID_ARGUMENT, "ksizes: a patch is too large");
  return TF_OK;
}

static TF_Code patch_prepare(OpCtx *c, TF_Status *st) {
  const PatchState *s = c->state;
  PatchPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  int n = s->dims, missing = 3 - n;
  int64_t dims[5], after;
  TRY(tensor_want_rank(x, "input", n + 2, st));
  dims[0] = x->dims[0];
  p->in[0] = p->out[0] = 1;
  for (int i = missing; i < 3; i++) {
    p->in[i] = x->dims[1 + i - missing];
    TRY(window_size(s->padding, NULL, p->in[i], s->size[i], s->rate[i], s->stride[i], &p->out[i], &p->pad[i],
                    &after, st));
    dims[1 + i - missing] = p->out[i];
  }
  TRY(patch_depth(s, x->dims[n + 1], &dims[n + 1], st));
  if (tensor_count(x)) p->pixel = x->dims[n + 1] * (int64_t)dtype_size(x->dtype);
  return op_output(c, 0, x->dtype, dims, n + 2, st);
}

static void put_patch(const PatchState *s, const PatchPrep *p, const char *image, const int64_t *corner,
                      char *to) {
  size_t bytes = (size_t)p->pixel;
  for (int64_t z = 0; z < s->size[0]; z++)
    for (int64_t y = 0; y < s->size[1]; y++)
      for (int64_t x = 0; x < s->size[2]; x++, to += bytes) {
        int64_t at[3] = {corner[0] + z * s->rate[0], corner[1] + y * s->rate[1], corner[2] + x * s->rate[2]};
        bool inside = index_ok(at[0], p->in[0]) && index_ok(at[1], p->in[1]) && index_ok(at[2], p->in[2]);
        if (inside)
          memcpy(to, image + (size_t)((at[0] * p->in[1] + at[1]) * p->in[2] + at[2]) * bytes, bytes);
        else memset(to, 0, bytes);
      }
}

static void patch_part(void *arg, int64_t begin, int64_t end) {
  const OpCtx *c = arg;
  const PatchState *s = c->state;
  const PatchPrep *p = c->prep;
  int64_t image = p->in[0] * p->in[1] * p->in[2] * p->pixel;
  int64_t patch = s->size[0] * s->size[1] * s->size[2] * p->pixel;
  for (int64_t i = begin; i < end; i++) {
    int64_t corner[3], rest = i;
    for (int d = 2; d >= 0; d--) {
      corner[d] = rest % p->out[d] * s->stride[d] - p->pad[d];
      rest /= p->out[d];
    }
    put_patch(s, p, (const char *)op_input(c, 0)->data + rest * image, corner,
              (char *)c->outputs[0].data + i * patch);
  }
}

static TF_Code patch_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const PatchPrep *p = c->prep;
  const Tensor *out = &c->outputs[0];
  if (tensor_count(out) == 0) return TF_OK;
  int64_t work = out->dims[out->rank - 1];
  parallel_for(c->threads, out->dims[0] * p->out[0] * p->out[1] * p->out[2], 8192 / work + 1, patch_part, c);
  return TF_OK;
}

static TF_Code patch_shape(ShapeCtx *c, TF_Status *st) {
  PatchState s;
  TRY(patch_read(&s, c->node, st));
  const Shape *in = c->inputs[0];
  TRY(shape_want_rank(c, 0, s.dims + 2, st));
  Shape out = shape_of_rank(s.dims + 2);
  if (in->rank > 0) {
    out.dims[0] = in->dims[0];
    for (int i = 1; i <= s.dims; i++) {
      int k = 2 - s.dims + i;
      TRY(window_size_partial(s.padding, NULL, in->dims[i], s.size[k], s.rate[k], s.stride[k], &out.dims[i],
                              st));
    }
    if (in->dims[s.dims + 1] >= 0) TRY(patch_depth(&s, in->dims[s.dims + 1], &out.dims[s.dims + 1], st));
  }
  c->outputs[0] = out;
  return TF_OK;
}

#define PATCHES(NAME, TYPES)                                                                      \
  {                                                                                               \
    NAME, .types = "T: " TYPES, .state_size = sizeof(PatchState), .prep_size = sizeof(PatchPrep), \
          .shape = patch_shape, .init = patch_init, .prepare = patch_prepare, .run = patch_run    \
  }

const OpRow ops_array_patches[] = {PATCHES("ExtractImagePatches", TYPES_NUMBER),
                                   PATCHES("ExtractVolumePatches", TYPES_REAL),
                                   {0}};
