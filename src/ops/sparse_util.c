/* What kernels of sparse tensors share. */
#include "ops/sparse_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "ops/op_eval.h"

TF_Code sparse_want_rank(const Tensor *t, int rank, const char *what, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (t->rank == rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s should be a %s but received shape %s", what,
              rank == 2 ? "matrix" : "vector", shape_text(t->dims, t->rank, text, sizeof text));
}

TF_Code sparse_view(Sparse *s, const Tensor *indices, const Tensor *values, const Tensor *shape,
                    TF_Status *st) {
  if (indices->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Sparse indices must be rank 2 but is rank %d", indices->rank);
  if (values->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Sparse values must be rank 1 but is rank %d", values->rank);
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Sparse shape must be rank 1 but is rank %d", shape->rank);
  if (indices->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Number of elements in indices (%lld) and values (%lld) do not match",
                (long long)indices->dims[0], (long long)values->dims[0]);
  if (indices->dims[1] != shape->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Index rank (%lld) and shape rank (%lld) do not match",
                (long long)indices->dims[1], (long long)shape->dims[0]);
  if (indices->dims[1] > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a sparse tensor of rank %lld", (long long)indices->dims[1]);
  *s = (Sparse){.values = values,
                .indices = indices->data,
                .dims = shape->data,
                .count = indices->dims[0],
                .rank = (int)indices->dims[1]};
  return TF_OK;
}

TF_Code sparse_check_dims(const Sparse *s, TF_Status *st) {
  int64_t n = 1;
  for (int i = 0; i < s->rank; i++) {
    if (s->dims[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Expected shape dimensions to be non-negative, got %lld",
                  (long long)s->dims[i]);
    if (!checked_mul_i64(n, s->dims[i], &n))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Encountered overflow when multiplying the dimensions of a sparse tensor's shape");
  }
  return TF_OK;
}

/* "indices[3] = [0,7]", then the reason. */
static TF_Code fail_index(const Sparse *s, int64_t n, TF_Status *st, const char *reason, bool with_shape) {
  char index[SHAPE_TEXT_MAX] = "", shape[SHAPE_TEXT_MAX] = "";
  for (int d = 0, a = 0, b = 0; d < s->rank; d++) {
    const char *comma = d ? "," : "";
    a += snprintf(index + a, sizeof index - (size_t)a, "%s%lld", comma,
                  (long long)s->indices[n * s->rank + d]);
    b += snprintf(shape + b, sizeof shape - (size_t)b, "%s%lld", comma, (long long)s->dims[d]);
  }
  return fail(st, TF_INVALID_ARGUMENT, "indices[%lld] = [%s] is %s%s%s%s", (long long)n, index, reason,
              with_shape ? "[" : "", with_shape ? shape : "", with_shape ? "]" : "");
}

TF_Code sparse_check_indices(const Sparse *s, bool sorted, TF_Status *st) {
  for (int64_t n = 0; n < s->count; n++) {
    const int64_t *index = s->indices + n * s->rank;
    for (int d = 0; d < s->rank; d++)
      if (!index_ok(index[d], s->dims[d]) || s->dims[d] < 0)
        return fail_index(s, n, st, "out of bounds: need 0 <= index < ", true);
    if (!sorted || n == 0) continue;
    int order = index_compare(index - s->rank, index, s->rank);
    if (order > 0)
      return fail_index(s, n, st,
                        "out of order. Many sparse ops require sorted indices.\n"
                        "    Use `tf.sparse.reorder` to create a correctly ordered copy.\n\n",
                        false);
    if (order == 0) return fail_index(s, n, st, "repeated", false);
  }
  return TF_OK;
}

TF_Code sparse_check_tuples(const Sparse *s, TF_Status *st) {
  for (int64_t n = 0; n < s->count; n++) {
    const int64_t *index = s->indices + n * s->rank;
    for (int d = 0; d < s->rank; d++) {
      if (index_ok(index[d], s->dims[d]) && s->dims[d] >= 0) continue;
      char text[SHAPE_TEXT_MAX] = "";
      for (int k = 0, at = 0; k < s->rank; k++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%lld", k ? ", " : "", (long long)index[k]);
      return fail(st, TF_INVALID_ARGUMENT, "Sparse index tuple indices[%lld, :] = [%s] is out of bounds",
                  (long long)n, text);
    }
  }
  return TF_OK;
}

int index_compare(const int64_t *a, const int64_t *b, int rank) {
  for (int d = 0; d < rank; d++)
    if (a[d] != b[d]) return a[d] < b[d] ? -1 : 1;
  return 0;
}

/* Merge sort from the bottom up, between two arrays. */
TF_Code index_order(const int64_t *indices, int64_t n, int rank, int64_t **order, TF_Status *st) {
  int64_t *from = malloc((size_t)(n + 1) * sizeof *from), *to = malloc((size_t)(n + 1) * sizeof *to);
  *order = NULL;
  if (!from || !to) {
    free(from);
    free(to);
    return fail_oom(st, "the order of indices");
  }
  bool sorted = true;
  for (int64_t i = 0; i < n; i++) from[i] = i;
  for (int64_t i = 1; sorted && i < n; i++)
    sorted = index_compare(indices + (i - 1) * rank, indices + i * rank, rank) <= 0;
  for (int64_t width = 1; !sorted && width < n; width *= 2) {
    for (int64_t low = 0; low < n; low += 2 * width) {
      int64_t middle = low + width < n ? low + width : n, high = low + 2 * width < n ? low + 2 * width : n;
      for (int64_t a = low, b = middle, k = low; k < high; k++) {
        bool left = a < middle && (b >= high || index_compare(indices + from[a] * rank,
                                                              indices + from[b] * rank, rank) <= 0);
        to[k] = left ? from[a++] : from[b++];
      }
    }
    int64_t *swap = from;
    from = to;
    to = swap;
  }
  free(to);
  *order = from;
  return TF_OK;
}

TF_Code run_alloc(OpCtx *c, int64_t count, size_t item, void *out, TF_Status *st) {
  size_t bytes;
  void *p = NULL;
  if (count < 0 || !checked_mul((size_t)count, item, &bytes) || bytes > (size_t)INT64_MAX)
    return fail(st, TF_RESOURCE_EXHAUSTED, "a kernel's memory for %lld items", (long long)count);
  if (c->env) TRY(op_check_memory(c->env, TF_UINT8, (int64_t[]){(int64_t)bytes}, 1, st));
  p = calloc(bytes + 1, 1);
  memcpy(out, &p, sizeof p);
  return p ? TF_OK : fail_oom(st, "a kernel's memory");
}

TF_Code fold_init(Fold *f, const char *op, TF_DataType dtype, TF_Status *st) {
  int kind = math_kind(dtype);
  *f = (Fold){.dtype = dtype};
  for (const BinaryOp *b = binary_ops; b->name && kind >= 0; b++)
    if (!strcmp(b->name, op)) f->loop = b->loops[kind];
  return f->loop ? TF_OK : fail(st, TF_UNIMPLEMENTED, "%s has no kernel for %s", op, dtype_name(dtype));
}

void fold_run(const Fold *f, void *out, const void *a, const void *b, int64_t n, int sb) {
  if (!math_is_16(f->dtype)) {
    f->loop(out, a, b, n, 1, sb, 0);
    return;
  }
  float x[MATH_BLOCK], y[MATH_BLOCK];
  for (int64_t i = 0; i < n; i += MATH_BLOCK) {
    int64_t k = n - i < MATH_BLOCK ? n - i : MATH_BLOCK;
    math_load_16(x, (const uint16_t *)a + i, k, f->dtype);
    math_load_16(y, (const uint16_t *)b + (sb ? i : 0), sb ? k : 1, f->dtype);
    f->loop(x, x, y, k, 1, sb, 0);
    math_store_16((uint16_t *)out + i, x, k, f->dtype);
  }
}

TF_Code shape_sparse_rank(ShapeCtx *c, int indices, int shape, int64_t *rank, TF_Status *st) {
  *rank = -1;
  if (indices >= 0) {
    TRY(shape_want_rank(c, indices, 2, st));
    *rank = shape_dim(c->inputs[indices], 1);
  }
  if (shape < 0) return TF_OK;
  TRY(shape_want_rank(c, shape, 1, st));
  return dim_merge(*rank, shape_dim(c->inputs[shape], 0), rank, st);
}
