/* MirrorPadGrad: what was padded by mirroring adds to the elements that it mirrored. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/math_binary.h"

typedef struct MirrorPrep {
  int64_t before[TENSOR_MAX_RANK];
  int edge; /* 1: mirrored at the edge element (REFLECT); 0: the edge is repeated */
} MirrorPrep;

static TF_Code mirror_grad_prepare(OpCtx *c, TF_Status *st) {
  MirrorPrep *p = c->prep;
  const Tensor *in = op_input(c, 0), *pads = op_input(c, 1);
  int64_t dims[TENSOR_MAX_RANK];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  Span mode;
  TRY(node_attr_string(c->node, "mode", &mode, st));
  p->edge = mode.size == strlen("REFLECT");
  if (pads->rank != 2 || pads->dims[1] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "paddings must be a matrix with 2 columns: %s",
                shape_text(pads->dims, pads->rank, a, sizeof a));
  if (pads->dims[0] != in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "The first dimension of paddings must be the rank of inputs%s %s",
                shape_text(pads->dims, pads->rank, a, sizeof a), shape_text(in->dims, in->rank, b, sizeof b));
  for (int d = 0; d < in->rank; d++) {
    int64_t before = int_at(pads, 2 * d), after = int_at(pads, 2 * d + 1), both;
    if (before < 0 || after < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Paddings must be non-negative: %lld, %lld", (long long)before,
                  (long long)after);
    if (!checked_add_i64(before, after, &both)) both = INT64_MAX;
    if (both >= in->dims[d])
      return fail(st, TF_INVALID_ARGUMENT,
                  "Total paddings must be less than the input dimension size: %lld was not less "
                  "than %lld",
                  (long long)both, (long long)in->dims[d]);
    dims[d] = in->dims[d] - both;
    if (before > dims[d] - p->edge || after > dims[d] - p->edge)
      return fail(st, TF_INVALID_ARGUMENT,
                  "paddings must be %s the output dimension size: %lld, %lld %s %lld",
                  p->edge ? "less than" : "no greater than", (long long)before, (long long)after,
                  p->edge ? "not less than" : "greater than", (long long)dims[d]);
    p->before[d] = before;
  }
  if (math_is_16(in->dtype)) op_scratch(c, (size_t)tensor_count(in) * 2 * sizeof(float));
  return op_output(c, 0, in->dtype, dims, in->rank, st);
}

/* The output's element that element i of the input belongs to. */
static int64_t mirrored(const MirrorPrep *p, const Tensor *in, const Tensor *out, int64_t i) {
  int64_t at = 0, stride = 1;
  for (int d = in->rank - 1; d >= 0; d--) {
    int64_t n = out->dims[d], x = i % in->dims[d] - p->before[d];
    i /= in->dims[d];
    if (x < 0) x = -x - !p->edge;
    if (x >= n) x = 2 * n - 1 - p->edge - x;
    at += x * stride;
    stride *= n;
  }
  return at;
}

static TF_Code mirror_grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const MirrorPrep *p = c->prep;
  const Tensor *in = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  int64_t n = tensor_count(in), count = tensor_count(out);
  const char *from = in->data;
  char *to = out->data;
  size_t size = dtype_size(in->dtype);
  const BinaryOp *add = binary_ops;
  while (strcmp(add->name, "AddV2") != 0) add++;
  BinaryLoop *fold = add->loops[math_kind(in->dtype)];
  if (count == 0) return TF_OK;
  if (math_is_16(in->dtype)) {
    math_load_16(c->scratch, in->data, n, in->dtype);
    from = c->scratch;
    size = sizeof(float);
    to = (char *)c->scratch + (size_t)n * size;
  }
  memset(to, 0, (size_t)count * size);
  for (int64_t i = 0; i < n; i++) {
    char *sum = to + (size_t)mirrored(p, in, out, i) * size;
    fold(sum, sum, from + (size_t)i * size, 1, 1, 1, 0);
  }
  if (math_is_16(in->dtype)) math_store_16(out->data, (const float *)to, count, in->dtype);
  return TF_OK;
}

static TF_Code mirror_grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 1, 2, st));
  if (c->inputs[0]->rank >= 0) c->outputs[0] = shape_of_rank(c->inputs[0]->rank);
  return TF_OK;
}

const OpRow ops_array_pad_grad[] = {
    {"MirrorPadGrad", .types = "T: " TYPES_NUMBER "; Tpaddings: " TYPES_INDEX, .value_inputs = 2,
     .prep_size = sizeof(MirrorPrep), .shape = mirror_grad_shape, .prepare = mirror_grad_prepare,
     .run = mirror_grad_run},
    {0}};
