/* EditDistance: the Levenshtein distance of two sparse tensors' sequences, which run along the last
 * dimension. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/ctc_edit.h"
#include "ops/sparse_util.h"

typedef struct Edit {
  Sparse hypothesis, truth;
  bool normalize;
  int rank; /* of the output */
  int64_t dims[TENSOR_MAX_RANK], total;
} Edit;

static TF_Code check_one(const Tensor *indices, const Tensor *values, const Tensor *shape, const char *what,
                         TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  shape_text(indices->dims, indices->rank, a, sizeof a);
  if (indices->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "%s_indices should be a matrix, but got shape: %s", what, a);
  shape_text(values->dims, values->rank, b, sizeof b);
  if (values->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "%s_values should be a vector, but got shape: %s", what, b);
  if (values->dims[0] != indices->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected %s_values.NumElements == #rows(%s_indices), their shapes are: %s and %s", what,
                what, b, a);
  shape_text(shape->dims, shape->rank, b, sizeof b);
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "%s_shape should be a vector, but got shape: %s", what, b);
  if (shape->dims[0] != indices->dims[1])
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected %s_shape.NumElements == #cols(%s_indices), their shapes are: %s and %s", what, what,
                b, a);
  return TF_OK;
}

/* "Dimension -1 must be >= 0". */
static TF_Code check_dims(const Sparse *s, TF_Status *st) {
  int64_t n = 1;
  for (int d = 0; d < s->rank; d++) {
    int64_t before = n;
    if (s->dims[d] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)s->dims[d]);
    if (!checked_mul_i64(n, s->dims[d], &n))
      return fail(st, TF_INVALID_ARGUMENT, "Encountered overflow when multiplying %lld with %lld, result: -1",
                  (long long)before, (long long)s->dims[d]);
  }
  return TF_OK;
}

static TF_Code edit_check(const OpCtx *c, Edit *e, TF_Status *st) {
  TRY(check_one(op_input(c, 0), op_input(c, 1), op_input(c, 2), "hypothesis", st));
  TRY(check_one(op_input(c, 3), op_input(c, 4), op_input(c, 5), "truth", st));
  TRY(sparse_view(&e->hypothesis, op_input(c, 0), op_input(c, 1), op_input(c, 2), st));
  TRY(sparse_view(&e->truth, op_input(c, 3), op_input(c, 4), op_input(c, 5), st));
  if (e->truth.rank < 2)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input SparseTensors must have rank at least 2, but truth_shape rank is: %d", e->truth.rank);
  if (e->truth.rank != e->hypothesis.rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected truth and hypothesis to have matching ranks, but their shapes are: [%d] and [%d]",
                e->truth.rank, e->hypothesis.rank);
  TRY(check_dims(&e->hypothesis, st));
  TRY(check_dims(&e->truth, st));
  e->rank = e->truth.rank - 1;
  e->total = 1;
  for (int d = 0; d < e->rank; d++) {
    e->dims[d] = e->truth.dims[d] > e->hypothesis.dims[d] ? e->truth.dims[d] : e->hypothesis.dims[d];
    int64_t before = e->total;
    if (!checked_mul_i64(e->total, e->dims[d], &e->total))
      return fail(st, TF_INVALID_ARGUMENT, "Encountered overflow when multiplying %lld with %lld, result: -1",
                  (long long)before, (long long)e->dims[d]);
  }
  char text[SHAPE_TEXT_MAX];
  if (!e->total)
    return fail(st, TF_INVALID_ARGUMENT, "Got output shape %s which has 0 elements",
                shape_text(e->dims, e->rank, text, sizeof text));
  return TF_OK;
}

/* Where the group that starts at tuple `i` ends: the same but for the last index. */
static int64_t group_end(const Sparse *s, int64_t i) {
  int64_t end = i + 1;
  while (end < s->count && !index_compare(s->indices + i * s->rank, s->indices + end * s->rank, s->rank - 1))
    end++;
  return end;
}

static TF_Code place(const Edit *e, const int64_t *index, int64_t *out, TF_Status *st) {
  uint64_t at = 0; /* TF: any index inside the product will do */
  for (int d = 0; d < e->rank; d++) at = at * (uint64_t)e->dims[d] + (uint64_t)index[d];
  if (at >= (uint64_t)e->total)
    return fail(st, TF_INTERNAL,
                "Got an inner product %lld which would require writing to outside of the buffer for the "
                "output tensor "
                "(max elements %lld)",
                (long long)at, (long long)e->total);
  *out = (int64_t)at;
  return TF_OK;
}

static bool same_element(const Tensor *a, int64_t i, const Tensor *b, int64_t j) {
  const void *x = element_at(a, i), *y = element_at(b, j);
  if (a->dtype == TF_STRING) {
    size_t n, m;
    const char *s = tstring_data(x, &n), *t = tstring_data(y, &m);
    return n == m && !memcmp(s, t, n);
  }
  if (a->dtype == TF_FLOAT) return *(const float *)x == *(const float *)y;
  if (a->dtype == TF_DOUBLE) return *(const double *)x == *(const double *)y;
  if (a->dtype == TF_COMPLEX64) return *(const float complex *)x == *(const float complex *)y;
  if (a->dtype == TF_COMPLEX128) return *(const double complex *)x == *(const double complex *)y;
  if (math_is_16(a->dtype)) {
    float v[2];
    math_load_16(&v[0], x, 1, a->dtype);
    math_load_16(&v[1], y, 1, a->dtype);
    return v[0] == v[1];
  }
  return !memcmp(x, y, dtype_size(a->dtype));
}

/* Of truth [t, t_end) and hypothesis [h, h_end), with one row of the table. */
static TF_Code distance(OpCtx *c, const Edit *e, int64_t t, int64_t t_end, int64_t h, int64_t h_end,
                        int64_t *out, TF_Status *st) {
  int64_t n = h_end - h, *row;
  TRY(run_alloc(c, n + 1, sizeof *row, &row, st));
  TF_Code code = TF_OK;
  for (int64_t j = 0; j <= n; j++) row[j] = j;
  for (int64_t i = 0; !code && i < t_end - t; i++) {
    int64_t diagonal = row[0];
    row[0] = i + 1;
    for (int64_t j = 1; j <= n; j++) {
      int64_t best = diagonal + !same_element(e->truth.values, t + i, e->hypothesis.values, h + j - 1);
      diagonal = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
    if (c->env) code = step_check(c->env, st);
  }
  *out = row[n];
  free(row);
  return code;
}

TF_Code edit_distance_run(OpCtx *c, TF_Status *st) {
  Edit e;
  TRY(edit_check(c, &e, st));
  TRY(node_attr_bool(c->node, "normalize", &e.normalize, st));
  TRY(op_alloc_output(c, 0, TF_FLOAT, e.dims, e.rank, st));
  float *out = c->outputs[0].data;
  memset(out, 0, (size_t)e.total * sizeof *out);
  for (int64_t t = 0, h = 0; t < e.truth.count || h < e.hypothesis.count;) {
    const int64_t *ti = e.truth.indices + t * e.truth.rank, *hi = e.hypothesis.indices + h * e.truth.rank;
    int order = t == e.truth.count ? 1 : h == e.hypothesis.count ? -1 : index_compare(ti, hi, e.rank);
    int64_t at = 0, d = 0, t_end = order <= 0 ? group_end(&e.truth, t) : t,
            h_end = order >= 0 ? group_end(&e.hypothesis, h) : h;
    TRY(place(&e, order <= 0 ? ti : hi, &at, st));
    if (order == 0) {
      TRY(distance(c, &e, t, t_end, h, h_end, &d, st));
      out[at] = e.normalize ? (float)d / (float)(t_end - t) : (float)d;
    } else if (order > 0) {
      out[at] = e.normalize ? INFINITY : (float)(h_end - h);
    } else {
      out[at] = e.normalize ? 1 : (float)(t_end - t);
    }
    t = t_end;
    h = h_end;
  }
  return TF_OK;
}
