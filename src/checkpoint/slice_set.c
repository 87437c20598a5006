#include "checkpoint/slice_set.h"

#include <stdlib.h>

#define WHOLE(n)                                            \
  {                                                         \
    .rank = n, .length = { -1, -1, -1, -1, -1, -1, -1, -1 } \
  }
const TensorSlice slice_whole_of[SLICE_MAX_RANK + 1] = {WHOLE(0), WHOLE(1), WHOLE(2), WHOLE(3), WHOLE(4),
                                                        WHOLE(5), WHOLE(6), WHOLE(7), WHOLE(8)};
#undef WHOLE

int64_t slice_volume(const TensorSlice *s, const int64_t *dims) {
  int64_t n = 1;
  for (int i = 0; i < s->rank; i++) n *= s->length[i] == SLICE_FULL ? dims[i] : s->length[i];
  return n;
}

bool slice_covers(const TensorSlice *s, const int64_t *dims) {
  for (int i = 0; i < s->rank; i++)
    if (s->length[i] != SLICE_FULL && (s->start[i] || s->length[i] != dims[i])) return false;
  return true;
}

static int by_start(const void *a, const void *b) {
  const TensorSlice *x = *(const TensorSlice *const *)a, *y = *(const TensorSlice *const *)b;
  for (int i = 0; i < x->rank; i++)
    if (x->start[i] != y->start[i]) return x->start[i] < y->start[i] ? -1 : 1;
  return 0;
}

static TF_Code fail_overlap(const TensorSlice *a, const TensorSlice *b, TF_Status *st) {
  Bytes x = {0}, y = {0};
  slice_format(a, &x);
  slice_format(b, &y);
  fail(st, TF_INTERNAL, "Overlapping slices: existing slice = %s, new slice = %s", x.size ? x.data : "",
       y.size ? y.data : "");
  bytes_clear(&x);
  bytes_clear(&y);
  return TF_INTERNAL;
}

TF_Code slices_check_apart(const TensorSlice *slices, size_t count, const int64_t *dims, int rank,
                           TF_Status *st) {
  const TensorSlice **sorted = calloc(count + 1, sizeof *sorted);
  int64_t slice_dims[SLICE_MAX_RANK];
  TensorSlice common;
  if (!sorted) return fail_oom(st, "slices");
  for (size_t i = 0; i < count && !TF_GetCode(st); i++) {
    sorted[i] = &slices[i];
    slice_shape(sorted[i], dims, rank, slice_dims, st);
  }
  if (TF_GetCode(st)) goto out;
  qsort(sorted, count, sizeof *sorted, by_start);
  for (size_t i = 0; i < count; i++) {
    const TensorSlice *a = sorted[i];
    /* Those that begin past the end of a in the first dimension cannot meet it. */
    int64_t end = !rank ? 0 : a->length[0] == SLICE_FULL ? dims[0] : a->start[0] + a->length[0];
    for (size_t j = i + 1; j < count && (!rank || sorted[j]->start[0] < end); j++) {
      if (!slice_intersect(a, sorted[j], dims, &common)) continue;
      fail_overlap(a, sorted[j], st);
      goto out;
    }
  }
out:
  free(sorted);
  return TF_GetCode(st);
}
