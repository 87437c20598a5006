#include "ops/math_broadcast.h"

/* The size of dim d, counted from the last of `rank` output dims, in an input. */
static int64_t dim_at(const Tensor *t, int rank, int d) {
  int k = d - (rank - t->rank);
  return k < 0 ? 1 : t->dims[k];
}

static bool output_shape(const Tensor *const *inputs, int n, int64_t *dims, int *rank) {
  *rank = 0;
  for (int i = 0; i < n; i++)
    if (inputs[i]->rank > *rank) *rank = inputs[i]->rank;
  for (int d = 0; d < *rank; d++) {
    dims[d] = 1;
    for (int i = 0; i < n; i++) {
      int64_t size = dim_at(inputs[i], *rank, d);
      if (size == 1) continue;
      if (dims[d] != 1 && dims[d] != size) return false;
      dims[d] = size;
    }
  }
  return true;
}

bool broadcast_plan(Broadcast *b, const Tensor *const *inputs, int n, int64_t *out_dims, int *out_rank) {
  if (!output_shape(inputs, n, out_dims, out_rank)) return false;
  b->inputs = n;
  b->rank = 0;
  b->count = 1;
  unsigned last_pattern = 0; /* which inputs move along the dim collected last */
  for (int d = 0; d < *out_rank; d++) {
    int64_t size = out_dims[d];
    b->count *= size;
    if (size == 1) continue;
    unsigned pattern = 0;
    for (int i = 0; i < n; i++) pattern |= (unsigned)(dim_at(inputs[i], *out_rank, d) != 1) << i;
    if (b->rank > 0 && pattern == last_pattern) {
      b->dims[b->rank - 1] *= size;
    } else {
      for (int i = 0; i < n; i++) b->stride[i][b->rank] = pattern >> i & 1;
      b->dims[b->rank++] = size;
      last_pattern = pattern;
    }
  }
  if (b->rank == 0) {
    b->rank = 1;
    b->dims[0] = 1;
    for (int i = 0; i < n; i++) b->stride[i][0] = 1;
  }
  b->outer = 1;
  for (int d = 0; d < b->rank - 1; d++) b->outer *= b->dims[d];
  for (int i = 0; i < n; i++) {
    int64_t step = 1;
    for (int d = b->rank - 1; d >= 0; d--) {
      if (!b->stride[i][d]) continue;
      b->stride[i][d] = step;
      step *= b->dims[d];
    }
  }
  return true;
}

TF_Code broadcast_fail(const Tensor *a, const Tensor *b, TF_Status *st) {
  char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s",
              shape_text(a->dims, a->rank, at, sizeof at), shape_text(b->dims, b->rank, bt, sizeof bt));
}
