/* Shapes known in part. */
#include "graph/graph.h"

Shape shape_of_rank(int rank) {
  Shape s = {.rank = rank};
  for (int i = 0; i < rank && i < TENSOR_MAX_RANK; i++) s.dims[i] = -1;
  return s;
}

Shape shape_of_tensor(const Tensor *t) {
  Shape s = {.rank = t->rank};
  for (int i = 0; i < t->rank; i++) s.dims[i] = t->dims[i];
  return s;
}

bool shape_known(const Shape *s) {
  for (int i = 0; i < s->rank; i++)
    if (s->dims[i] < 0) return false;
  return s->rank >= 0;
}

TF_Code shape_merge(const Shape *a, const Shape *b, Shape *out, TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (a->rank < 0 || b->rank < 0) {
    *out = a->rank < 0 ? *b : *a;
    return TF_OK;
  }
  if (a->rank != b->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Shapes must be equal rank, but are %d and %d", a->rank, b->rank);
  Shape merged = {.rank = a->rank};
  for (int i = 0; i < a->rank; i++) {
    int64_t p = a->dims[i], q = b->dims[i];
    if (p >= 0 && q >= 0 && p != q)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Dimension %d in both shapes must be equal, but are %lld and %lld. Shapes are %s and %s.",
                  i, (long long)p, (long long)q, shape_text(a->dims, a->rank, x, sizeof x),
                  shape_text(b->dims, b->rank, y, sizeof y));
    merged.dims[i] = p >= 0 ? p : q;
  }
  *out = merged;
  return TF_OK;
}
