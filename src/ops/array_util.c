/* Helpers of array kernels and their shape functions. */
#include "ops/array_util.h"

#include <string.h>

#include "base/checked.h"

int64_t int_at(const Tensor *t, int64_t i) {
  switch (t->dtype) {
    case TF_INT64: return ((const int64_t *)t->data)[i];
    case TF_INT32: return ((const int32_t *)t->data)[i];
    case TF_INT16: return ((const int16_t *)t->data)[i];
    case TF_INT8: return ((const int8_t *)t->data)[i];
    case TF_UINT8: return ((const uint8_t *)t->data)[i];
    case TF_UINT16: return ((const uint16_t *)t->data)[i];
    default: return 0;
  }
}

int64_t dims_product(const int64_t *dims, int from, int to) {
  int64_t n = 1;
  for (int i = from; i < to; i++) n *= dims[i];
  return n;
}

TF_Code tensor_copy_range(Tensor *dst, int64_t dst_at, const Tensor *src, int64_t src_at, int64_t count,
                          TF_Status *st) {
  size_t item = dtype_size(src->dtype);
  return elements_copy(src->dtype, (char *)dst->data + (size_t)dst_at * item,
                       (const char *)src->data + (size_t)src_at * item, count, st);
}

TF_Code tensor_fill(Tensor *t, const void *value, TF_Status *st) {
  int64_t n = tensor_count(t);
  size_t item = dtype_size(t->dtype);
  if (dtype_is_object(t->dtype)) {
    for (int64_t i = 0; i < n; i++)
      TRY(elements_copy(t->dtype, (char *)t->data + (size_t)i * item, value, 1, st));
    return TF_OK;
  }
  if (!n) return TF_OK;
  memcpy(t->data, value, item);
  for (size_t done = item, all = (size_t)n * item;
       done < all;) { /* doubles what is there, in steps that fit a cache */
    size_t step = done < all - done ? done : all - done;
    if (step > 16384) step = 16384 / item * item;
    memcpy((char *)t->data + done, t->data, step);
    done += step;
  }
  return TF_OK;
}

void tensor_zero(Tensor *t) {
  int64_t n = tensor_count(t);
  if (t->dtype == TF_STRING) {
    TF_TString *s = t->data;
    for (int64_t i = 0; i < n; i++) tstring_set(&s[i], "", 0);
  } else if (dtype_is_object(t->dtype)) {
    Object **o = t->data;
    for (int64_t i = 0; i < n; i++) {
      object_unref(o[i]);
      o[i] = NULL;
    }
  } else if (n) {
    memset(t->data, 0, (size_t)n * dtype_size(t->dtype));
  }
}

TF_Code dims_of_tensor(const Tensor *t, int64_t *dims, int *rank, TF_Status *st) {
  int64_t n = tensor_count(t), total = 1;
  if (n > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a shape of %lld dimensions: at most %d are supported", (long long)n,
                TENSOR_MAX_RANK);
  *rank = (int)n;
  bool empty = false, fits = true;
  for (int i = 0; i < n; i++) {
    dims[i] = int_at(t, i);
    if (dims[i] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)dims[i]);
    if (dims[i] == 0) empty = true;
    else fits = fits && checked_mul_i64(total, dims[i], &total);
  }
  if (!fits && !empty) {
    char text[SHAPE_TEXT_MAX];
    return fail(st, TF_INVALID_ARGUMENT, "Shape %s would have more than 2**63 - 1 elements",
                shape_text(dims, *rank, text, sizeof text));
  }
  return TF_OK;
}

TF_Code tensor_want_rank(const Tensor *t, const char *name, int rank, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (t->rank == rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s must be %d-dimensional%s", name, rank,
              shape_text(t->dims, t->rank, text, sizeof text));
}

TF_Code tensor_want_pair(const Tensor *t, const char *name, TF_Status *st) {
  TRY(tensor_want_rank(t, name, 1, st));
  return t->dims[0] == 2
             ? TF_OK
             : fail(st, TF_INVALID_ARGUMENT, "%s must have two elements[%lld]", name, (long long)t->dims[0]);
}

TF_Code shape_want_rank(ShapeCtx *c, int i, int rank, TF_Status *st) {
  if (c->inputs[i]->rank < 0 || c->inputs[i]->rank == rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank %d but is rank %d", rank, c->inputs[i]->rank);
}

TF_Code shape_want_rank_at_least(ShapeCtx *c, int i, int rank, TF_Status *st) {
  if (c->inputs[i]->rank < 0 || c->inputs[i]->rank >= rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank %d but is rank %d", rank,
              c->inputs[i]->rank);
}

Shape shape_of_images(ShapeCtx *c, int64_t batch, int i, int64_t channels) {
  const Tensor *size = c->value(c, i);
  Shape out = shape_of_rank(4);
  out.dims[0] = batch;
  out.dims[3] = channels;
  for (int k = 0; k < 2 && size && size->rank == 1 && size->dims[0] == 2; k++)
    out.dims[1 + k] = int_at(size, k) < 0 ? -1 : int_at(size, k);
  return out;
}

TF_Code shape_of_value(ShapeCtx *c, int i, Shape *out, TF_Status *st) {
  const Shape *in = c->inputs[i];
  const Tensor *t = c->value(c, i);
  *out = shape_unknown();
  if (!t) {
    if (in->rank == 1 && in->dims[0] >= 0 && in->dims[0] <= TENSOR_MAX_RANK)
      *out = shape_of_rank((int)in->dims[0]);
    return TF_OK;
  }
  c->asked_partial |= (uint64_t)1 << i;
  if (t->rank == 0 && int_at(t, 0) == -1) return TF_OK;
  if (t->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 1 but is rank %d", t->rank);
  int64_t n = t->dims[0];
  if (n > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a shape of %lld dimensions: at most %d are supported", (long long)n,
                TENSOR_MAX_RANK);
  out->rank = (int)n;
  for (int k = 0; k < n; k++) {
    out->dims[k] = int_at(t, k);
    if (out->dims[k] < -1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Dimension size, given by scalar input %d must be non-negative but is %lld", i,
                  (long long)out->dims[k]);
  }
  return TF_OK;
}

bool shape_int_value(ShapeCtx *c, int i, int64_t *out) {
  const Tensor *t = c->value(c, i);
  if (!t || tensor_count(t) != 1) return false;
  *out = int_at(t, 0);
  return true;
}

TF_Code dim_merge(int64_t a, int64_t b, int64_t *out, TF_Status *st) {
  if (a >= 0 && b >= 0 && a != b)
    return fail(st, TF_INVALID_ARGUMENT, "Dimensions must be equal, but are %lld and %lld", (long long)a,
                (long long)b);
  *out = a >= 0 ? a : b;
  return TF_OK;
}

TF_Code shape_vector_unknown(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_vector(-1);
  return TF_OK;
}

TF_Code prepare_scalar(OpCtx *c, TF_Status *st) {
  return op_output_scalar(c, 0, c->node->output_types[0], st);
}

TF_Code prepare_like(OpCtx *c, TF_Status *st) { return op_output_like(c, 0, op_input(c, 0), st); }

TF_Code run_nothing(OpCtx *c, TF_Status *st) {
  (void)c;
  (void)st;
  return TF_OK;
}

TF_Code tensor_rows(Tensor *part, const Tensor *all, int64_t from, int64_t rows, bool drop, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK], row = dims_product(all->dims, 1, all->rank);
  memcpy(dims, all->dims, sizeof dims);
  dims[0] = rows;
  const int64_t *start = drop ? dims + 1 : dims;
  int rank = drop ? all->rank - 1 : all->rank;
  if (!all->buffer || rows <= 0 || row <= 0) return tensor_alloc(part, all->dtype, start, rank, st);
  char *data = all->data;
  tensor_view(part, all->buffer, all->dtype, start, rank,
              data + (size_t)(from * row) * dtype_size(all->dtype));
  return TF_OK;
}
