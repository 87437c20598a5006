/* Exchanging space with depth or batch: SpaceToDepth, DepthToSpace, SpaceToBatch(ND), BatchToSpace(ND). */
#include <string.h>

#include "base/checked.h"
#include "ops/array_copy.h"
#include "ops/array_util.h"

/* ---- SpaceToDepth, DepthToSpace ---- */

typedef struct DepthSpec {
  int64_t block;
  bool channels_first, to_depth;
} DepthSpec;

static TF_Code depth_spec(const Node *node, DepthSpec *d, TF_Status *st) {
  Span format;
  TRY(node_attr_int(node, "block_size", &d->block, st));
  TRY(node_attr_string(node, "data_format", &format, st));
  d->to_depth = !strcmp(node->op, "SpaceToDepth");
  d->channels_first = format.size == 4 && !memcmp(format.data, "NCHW", 4);
  if (format.size != 4)
    return fail(st, TF_INVALID_ARGUMENT, "%s: data_format %.*s is not supported", node->op, (int)format.size,
                (const char *)format.data);
  if (d->block < 2)
    return fail(st, TF_INVALID_ARGUMENT, "Block size should be > 1, but was: %lld", (long long)d->block);
  return TF_OK;
}

/* The output's dims; unknown ones (-1) stay unknown. */
static TF_Code depth_dims(const DepthSpec *d, const int64_t *in, int64_t *out, TF_Status *st) {
  int channel = d->channels_first ? 1 : 3, first = d->channels_first ? 2 : 1;
  int64_t squared;
  if (!checked_mul_i64(d->block, d->block, &squared))
    return fail(st, TF_INVALID_ARGUMENT, "block_size is too large");
  out[0] = in[0];
  for (int i = first; i < first + 2; i++) {
    if (d->to_depth && in[i] >= 0 && in[i] % d->block)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Image width %lld and height %lld should be divisible by block_size: %lld",
                  (long long)in[first + 1], (long long)in[first], (long long)d->block);
    out[i] = d->to_depth ? (in[i] < 0 ? -1 : in[i] / d->block) : dim_mul(in[i], d->block);
  }
  if (!d->to_depth && in[channel] >= 0 && in[channel] % squared)
    return fail(st, TF_INVALID_ARGUMENT, "Input depth dimension %lld should be divisible by: %lld",
                (long long)in[channel], (long long)squared);
  out[channel] = d->to_depth ? dim_mul(in[channel], squared) : in[channel] < 0 ? -1 : in[channel] / squared;
  return TF_OK;
}

static TF_Code depth_shape(ShapeCtx *c, TF_Status *st) {
  DepthSpec d;
  TRY(depth_spec(c->node, &d, st));
  TRY(shape_want_rank(c, 0, 4, st));
  c->outputs[0] = shape_of_rank(4);
  return c->inputs[0]->rank < 0 ? TF_OK : depth_dims(&d, c->inputs[0]->dims, c->outputs[0].dims, st);
}

/* As TensorFlow's on a CPU, there are kernels of NHWC alone. */
static TF_Code depth_init(OpInit *k, TF_Status *st) {
  DepthSpec d;
  TRY(depth_spec(k->node, &d, st));
  return d.channels_first ? fail(st, TF_INVALID_ARGUMENT, "Only NHWC data_format supported on CPU. Got NCHW")
                          : TF_OK;
}

/* Loops over [batch, y, block y, x, block x, channel] with the steps of both sides. */
static TF_Code depth_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  ArrayCopy *p = c->prep;
  DepthSpec d;
  int64_t dims[4], wide[4], deep[4];
  TRY(depth_spec(c->node, &d, st));
  if (in->rank != 4)
    return fail(
        st, TF_INVALID_ARGUMENT,
        d.to_depth ? "Input rank should be 4 instead of %d" : "Input rank should be: 4 instead of: %d",
        in->rank);
  TRY(depth_dims(&d, in->dims, dims, st));
  TRY(op_output(c, 0, in->dtype, dims, 4, st));
  const int64_t *space = d.to_depth ? in->dims : dims, *depth = d.to_depth ? dims : in->dims;
  array_strides(space, 4, wide);
  array_strides(depth, 4, deep);
  int64_t channels = space[3], b = d.block;
  const struct {
    int64_t count, space, depth;
  } loops[] = {{space[0], wide[0], deep[0]},         {depth[1], wide[1] * b, deep[1]},
               {b, wide[1], deep[3] * channels * b}, {depth[2], wide[2] * b, deep[2]},
               {b, wide[2], deep[3] * channels},     {channels, wide[3], deep[3]}};
  *p = (ArrayCopy){0};
  for (size_t i = 0; i < SM_COUNTOF(loops); i++)
    array_copy_loop(p, loops[i].count, d.to_depth ? loops[i].space : loops[i].depth,
                    d.to_depth ? loops[i].depth : loops[i].space);
  array_copy_finish(p);
  return TF_OK;
}

static TF_Code copy_run(OpCtx *c, TF_Status *st) {
  return array_copy_run(c->prep, c->outputs[0].dtype, c->outputs[0].data, op_input(c, 0)->data, c->threads,
                        st);
}

/* ---- SpaceToBatchND, BatchToSpaceND and their older forms ---- */

/* Block sizes and paddings (or crops) of the spatial dimensions 1 .. count. */
typedef struct BatchSpec {
  int count;
  bool to_batch;
  int64_t block[TENSOR_MAX_RANK], pads[TENSOR_MAX_RANK][2];
} BatchSpec;

/* The older ops have one block size as an attribute and take no tensor for it. */
static TF_Code batch_spec(const Node *node, const Tensor *block, const Tensor *pads, BatchSpec *b,
                          TF_Status *st) {
  b->to_batch = !strncmp(node->op, "SpaceToBatch", 12);
  int64_t old_block = 0;
  const char *pads_name = b->to_batch ? "paddings" : "crops";
  char text[SHAPE_TEXT_MAX];
  if (!block) {
    TRY(node_attr_int(node, "block_size", &old_block, st));
    b->count = 2;
  } else {
    if (block->rank != 1)
      return fail(st, TF_INVALID_ARGUMENT, "block_shape rank should be 1 instead of %d", block->rank);
    if (block->dims[0] > TENSOR_MAX_RANK - 1)
      return fail(st, TF_INVALID_ARGUMENT, "block_shape has too many elements");
    b->count = (int)block->dims[0];
  }
  if (pads->rank != 2 || pads->dims[0] != b->count || pads->dims[1] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "%s should have shape [%d, 2] instead of %s", pads_name, b->count,
                shape_text(pads->dims, pads->rank, text, sizeof text));
  for (int i = 0; i < b->count; i++) {
    b->block[i] = block ? int_at(block, i) : old_block;
    if (b->block[i] < 1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "All values in block_shape must be positive, got value, %lld at index %d.",
                  (long long)b->block[i], i);
    for (int k = 0; k < 2; k++) {
      b->pads[i][k] = int_at(pads, 2 * i + k);
      if (b->pads[i][k] < 0)
        return fail(st, TF_INVALID_ARGUMENT,
                    b->to_batch ? "%s must be non-negative" : "%s must be non-negative", pads_name);
    }
  }
  return TF_OK;
}

static TF_Code batch_dims(const BatchSpec *b, const int64_t *in, int rank, int64_t *out, TF_Status *st) {
  memcpy(out, in, (size_t)rank * sizeof *out);
  int64_t product = 1;
  for (int i = 0; i < b->count; i++) {
    int64_t d = in[i + 1], pad = dim_add(b->pads[i][0], b->pads[i][1]);
    if (!checked_mul_i64(product, b->block[i], &product) || pad < 0)
      return fail(st, TF_INVALID_ARGUMENT, "block_shape or %s overflow", b->to_batch ? "paddings" : "crops");
    if (d < 0) continue;
    if (b->to_batch) {
      int64_t padded = dim_add(d, pad);
      if (padded < 0) return fail(st, TF_INVALID_ARGUMENT, "paddings overflow");
      if (padded % b->block[i])
        return fail(st, TF_INVALID_ARGUMENT, "padded_shape[%d]=%lld is not divisible by block_shape[%d]=%lld",
                    i, (long long)padded, i, (long long)b->block[i]);
      out[i + 1] = padded / b->block[i];
    } else {
      int64_t wide = dim_mul(d, b->block[i]);
      if (wide < 0) return fail(st, TF_INVALID_ARGUMENT, "block_shape overflows");
      if (wide < pad)
        return fail(st, TF_INVALID_ARGUMENT, "cropped_shape[%d]=%lld must be non-negative", i,
                    (long long)(wide - pad));
      out[i + 1] = wide - pad;
    }
  }
  if (b->to_batch) {
    out[0] = dim_mul(in[0], product);
    if (in[0] >= 0 && out[0] < 0) return fail(st, TF_INVALID_ARGUMENT, "the batch overflows");
  } else if (in[0] >= 0) {
    if (in[0] % product)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Input batch dimension (%lld) is not divisible by product of block sizes (%lld)",
                  (long long)in[0], (long long)product);
    out[0] = in[0] / product;
  }
  return TF_OK;
}

static TF_Code batch_shape(ShapeCtx *c, TF_Status *st) {
  bool old = c->num_inputs == 2;
  const Tensor *block = old ? NULL : c->value(c, 1), *pads = c->value(c, old ? 1 : 2);
  const Shape *in = c->inputs[0];
  BatchSpec b;
  if (in->rank < 0) return TF_OK;
  c->outputs[0] = shape_of_rank(in->rank);
  if (!pads || (!old && !block)) return TF_OK;
  TRY(batch_spec(c->node, block, pads, &b, st));
  TRY(shape_want_rank_at_least(c, 0, b.count + 1, st));
  return batch_dims(&b, in->dims, in->rank, c->outputs[0].dims, st);
}

typedef struct BatchPrep {
  BatchSpec spec;
} BatchPrep;

static TF_Code batch_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  BatchPrep *p = c->prep;
  bool old = c->num_inputs == 2;
  int64_t dims[TENSOR_MAX_RANK];
  TRY(batch_spec(c->node, old ? NULL : op_input(c, 1), op_input(c, old ? 1 : 2), &p->spec, st));
  if (in->rank < p->spec.count + 1 || (old && in->rank != 4))
    return fail(st, TF_INVALID_ARGUMENT, "input rank should be >= %d instead of %d",
                old ? 4 : p->spec.count + 1, in->rank);
  TRY(batch_dims(&p->spec, in->dims, in->rank, dims, st));
  return op_output(c, 0, in->dtype, dims, in->rank, st);
}

/* One position inside the block: a strided part of the space, which is a dense run of the batch. */
static TF_Code batch_part(OpCtx *c, const BatchSpec *b, int64_t part, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *out = &c->outputs[0];
  const Tensor *space = b->to_batch ? in : out, *batch = b->to_batch ? out : in;
  int64_t wide[TENSOR_MAX_RANK], deep[TENSOR_MAX_RANK], offset[TENSOR_MAX_RANK], rest = part;
  array_strides(space->dims, space->rank, wide);
  array_strides(batch->dims, batch->rank, deep);
  for (int i = b->count - 1; i >= 0; i--) {
    offset[i] = rest % b->block[i];
    rest /= b->block[i];
  }
  int64_t space_at = 0, batch_at = part * space->dims[0] * deep[0];
  int64_t counts[TENSOR_MAX_RANK];
  for (int i = 0; i < b->count; i++) {
    /* Batch index k stands for space index k * block + offset - pad; those outside are padding. */
    int64_t shift = offset[i] - b->pads[i][0], size = space->dims[i + 1], step = b->block[i];
    int64_t first = shift < 0 ? (-shift + step - 1) / step : 0;
    int64_t end = size - shift <= 0 ? 0 : (size - shift + step - 1) / step; /* the first k past the end */
    if (end > batch->dims[i + 1]) end = batch->dims[i + 1];
    counts[i] = end > first ? end - first : 0;
    space_at += (first * step + shift) * wide[i + 1];
    batch_at += first * deep[i + 1];
    if (!counts[i]) return TF_OK;
  }
  ArrayCopy p = {0};
  *(b->to_batch ? &p.src_at : &p.dst_at) = space_at;
  *(b->to_batch ? &p.dst_at : &p.src_at) = batch_at;
  for (int i = 0; i < space->rank; i++) {
    bool blocked = i >= 1 && i <= b->count;
    int64_t count = blocked ? counts[i - 1] : space->dims[i],
            s = blocked ? wide[i] * b->block[i - 1] : wide[i];
    array_copy_loop(&p, count, b->to_batch ? s : deep[i], b->to_batch ? deep[i] : s);
  }
  array_copy_finish(&p);
  return array_copy_run(&p, in->dtype, out->data, in->data, c->threads, st);
}

static TF_Code batch_run(OpCtx *c, TF_Status *st) {
  const BatchPrep *p = c->prep;
  int64_t parts = 1;
  for (int i = 0; i < p->spec.count; i++) parts *= p->spec.block[i];
  if (p->spec.to_batch) tensor_zero(&c->outputs[0]);
  if (!tensor_count(&c->outputs[0]) || !tensor_count(op_input(c, 0))) return TF_OK;
  for (int64_t part = 0; part < parts; part++) TRY(batch_part(c, &p->spec, part, st));
  return TF_OK;
}

#define TYPES_DEPTH "T: " TYPES_ALL " qint8"
#define BATCH(NAME, VALUES)                                                                 \
  {                                                                                         \
    NAME, .types = "T: " TYPES_POD, .value_inputs = VALUES, .prep_size = sizeof(BatchPrep), \
          .shape = batch_shape, .prepare = batch_prepare, .run = batch_run                  \
  }

const OpRow ops_array_space[] = {
    {"SpaceToDepth", .types = TYPES_DEPTH, .prep_size = sizeof(ArrayCopy), .shape = depth_shape,
     .init = depth_init, .prepare = depth_prepare, .run = copy_run},
    {"DepthToSpace", .types = TYPES_DEPTH, .prep_size = sizeof(ArrayCopy), .shape = depth_shape,
     .init = depth_init, .prepare = depth_prepare, .run = copy_run},
    BATCH("SpaceToBatchND", 6),
    BATCH("BatchToSpaceND", 6),
    BATCH("SpaceToBatch", 2),
    BATCH("BatchToSpace", 2),
    {0}};
