/* XlaDynamicSlice and XlaDynamicUpdateSlice, which decoders write their caches with. Starts are moved so that
 * the slice lies inside; sizes are not. */
#include <string.h>

#include "ops/array_copy.h"
#include "ops/array_util.h"

/* The start in dimension `i` of a slice of `size` elements, size <= in->dims[i]. */
static int64_t start_of(const Tensor *starts, const Tensor *in, int i, int64_t size) {
  int64_t at = int_at(starts, i), last = in->dims[i] - size;
  return at < 0 ? 0 : at > last ? last : at;
}

/* ---- XlaDynamicSlice ---- */

static TF_Code slice_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *size = c->value(c, 2);
  c->outputs[0] = shape_unknown();
  if (!size || size->rank != 1 || size->dims[0] > TENSOR_MAX_RANK) return TF_OK;
  Shape out = shape_of_rank((int)size->dims[0]);
  for (int i = 0; i < out.rank; i++)
    if (int_at(size, i) >= 0) out.dims[i] = int_at(size, i);
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code slice_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *starts = op_input(c, 1), *size = op_input(c, 2);
  int64_t dims[TENSOR_MAX_RANK];
  if (starts->rank != 1 || size->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "start_indices and size_indices must be vectors");
  if (starts->dims[0] != in->rank || size->dims[0] != in->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "has mismatched number of slice sizes (%lld) and number of start indices (%lld)",
                (long long)size->dims[0], (long long)starts->dims[0]);
  for (int i = 0; i < in->rank; i++) {
    dims[i] = int_at(size, i);
    if (dims[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "has negative size index to dynamic slice: %lld",
                  (long long)dims[i]);
    if (dims[i] > in->dims[i])
      return fail(st, TF_INVALID_ARGUMENT,
                  "has slice size %lld greater than dimension size %lld in dimension %d of operand",
                  (long long)dims[i], (long long)in->dims[i], i);
  }
  return op_output(c, 0, in->dtype, dims, in->rank, st);
}

static TF_Code slice_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *starts = op_input(c, 1);
  Tensor *out = &c->outputs[0];
  int64_t from[TENSOR_MAX_RANK], to[TENSOR_MAX_RANK];
  ArrayCopy p = {0};
  array_strides(in->dims, in->rank, from);
  array_strides(out->dims, out->rank, to);
  for (int i = 0; i < in->rank; i++) {
    p.src_at += start_of(starts, in, i, out->dims[i]) * from[i];
    array_copy_loop(&p, out->dims[i], from[i], to[i]);
  }
  array_copy_finish(&p);
  return array_copy_run(&p, in->dtype, out->data, in->data, c->threads, st);
}

/* ---- XlaDynamicUpdateSlice ---- */

static TF_Code update_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *update = op_input(c, 1), *starts = op_input(c, 2);
  char text[SHAPE_TEXT_MAX], update_text[SHAPE_TEXT_MAX];
  if (update->rank != in->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "input and update must have the same rank, input shape is %s; update shape is %s",
                shape_text(in->dims, in->rank, text, sizeof text),
                shape_text(update->dims, update->rank, update_text, sizeof update_text));
  if (starts->rank != 1 || starts->dims[0] != in->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "index must be a vector with length equal to the number of input dimensions");
  for (int i = 0; i < in->rank; i++)
    if (update->dims[i] > in->dims[i])
      return fail(st, TF_INVALID_ARGUMENT, "Update dim size %lld greater than dynamic slice dimension: %lld.",
                  (long long)update->dims[i], (long long)in->dims[i]);
  return op_output_like(c, 0, in, st);
}

static TF_Code update_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *update = op_input(c, 1), *starts = op_input(c, 2);
  Tensor *out = &c->outputs[0];
  int64_t from[TENSOR_MAX_RANK], to[TENSOR_MAX_RANK];
  ArrayCopy p = {0};
  if (out->data == update->data) return TF_OK; /* input and update are one tensor, and this is its memory */
  if (out->data != in->data) TRY(tensor_copy_range(out, 0, in, 0, tensor_count(in), st));
  array_strides(update->dims, update->rank, from);
  array_strides(in->dims, in->rank, to);
  for (int i = 0; i < in->rank; i++) {
    p.dst_at += start_of(starts, in, i, update->dims[i]) * to[i];
    array_copy_loop(&p, update->dims[i], from[i], to[i]);
  }
  array_copy_finish(&p);
  return array_copy_run(&p, in->dtype, out->data, update->data, c->threads, st);
}

const OpRow ops_xla_slice[] = {{"XlaDynamicSlice", .types = "T: " TYPES_POD, .value_inputs = 4,
                                .shape = slice_shape, .prepare = slice_prepare, .run = slice_run},
                               {"XlaDynamicUpdateSlice", .types = "T: " TYPES_POD, .flags = OP_INPLACE_FIRST,
                                .shape = shape_same, .prepare = update_prepare, .run = update_run},
                               {0}};
