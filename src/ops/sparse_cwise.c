/* Sparse tensors whose values change while their indices stay: arithmetic with a dense operand that is
 * broadcast (SparseDenseCwiseAdd, -Mul, -Div), and SparseSoftmax over the rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/sparse_util.h"

static TF_Code want_indices(const OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1), *shape = op_input(c, 2);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (indices->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input sp_indices should be a matrix but received shape: %s",
                shape_text(indices->dims, indices->rank, a, sizeof a));
  if (values->rank != 1 || shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Inputs sp_values and sp_shape should be vectors but received shapes: %s and %s",
                shape_text(values->dims, values->rank, a, sizeof a),
                shape_text(shape->dims, shape->rank, b, sizeof b));
  return TF_OK;
}

static TF_Code values_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank;
  TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  TRY(shape_want_rank(c, 1, 1, st));
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

/* ---- SparseDenseCwise* ---- */

static void dims_list(const int64_t *dims, int rank, char *text, size_t size) {
  size_t at = 0;
  text[0] = 0;
  for (int d = 0; d < rank; d++)
    at += (size_t)snprintf(text + at, size - at, "%s%lld", d ? "," : "", (long long)dims[d]);
}

static TF_Code cwise_check(const OpCtx *c, Sparse *s, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1), *shape = op_input(c, 2),
               *dense = op_input(c, 3);
  TRY(want_indices(c, st));
  if (values->dims[0] != indices->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "The first dimension of values and indices should match. (%lld vs. %lld)",
                (long long)values->dims[0], (long long)indices->dims[0]);
  if (shape->dims[0] != indices->dims[1])
    return fail(st, TF_INVALID_ARGUMENT,
                "Number of dimensions must match second dimension of indices. Got %lld dimensions, indices "
                "shape: [%lld,%lld]",
                (long long)shape->dims[0], (long long)indices->dims[0], (long long)indices->dims[1]);
  if (shape->dims[0] == 0)
    return fail(st, TF_INVALID_ARGUMENT, "The shape argument requires at least one element.");
  TRY(sparse_view(s, indices, values, shape, st));
  TRY(sparse_check_dims(s, st));
  bool fits = s->rank >= dense->rank;
  for (int d = 1; fits && d <= dense->rank; d++) {
    int64_t x = s->dims[s->rank - d], y = dense->dims[dense->rank - d];
    fits = x >= y && (x == y || y == 1);
  }
  if (fits) return TF_OK;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  dims_list(s->dims, s->rank, a, sizeof a);
  dims_list(dense->dims, dense->rank, b, sizeof b);
  return fail(
      st, TF_INVALID_ARGUMENT,
      "SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: [%s] vs. [%s]", a,
      b);
}

/* Where in the dense operand an index lies; false when it is outside. */
static bool dense_place(const Sparse *s, const Tensor *dense, int64_t n, int64_t *place) {
  const int64_t *index = s->indices + n * s->rank;
  int64_t at = 0;
  for (int d = 0; d < s->rank; d++) {
    if (!index_ok(index[d], s->dims[d])) return false;
    int k = d - (s->rank - dense->rank);
    if (k >= 0) at = at * dense->dims[k] + (dense->dims[k] == 1 ? 0 : index[d]);
  }
  *place = at;
  return true;
}

/* Bits of zero, with either sign of a float. */
static bool is_zero(const char *p, TF_DataType dtype) {
  double d;
  float f;
  if (dtype == TF_DOUBLE) return memcpy(&d, p, sizeof d), d == 0;
  if (dtype == TF_FLOAT) return memcpy(&f, p, sizeof f), f == 0;
  uint64_t bits = 0;
  memcpy(&bits, p, dtype_size(dtype));
  return math_is_16(dtype) ? !(bits & 0x7fff) : !bits;
}

static TF_Code cwise_run(OpCtx *c, TF_Status *st) {
  const Tensor *dense = op_input(c, 3);
  const char *op = c->node->op + strlen("SparseDenseCwise");
  Sparse s;
  Fold fold;
  TRY(cwise_check(c, &s, st));
  if (s.rank > 5)
    return fail(st, TF_INVALID_ARGUMENT,
                "Only tensors with ranks between 1 and 5 are currently supported.  Tensor rank: %d", s.rank);
  TRY(fold_init(&fold, !strcmp(op, "Add") ? "AddV2" : op, s.values->dtype, st));
  TRY(op_alloc_output(c, 0, s.values->dtype, &s.count, 1, st));
  bool divides = !strcmp(op, "Div");
  for (int64_t i = 0; i < s.count; i++) {
    int64_t at;
    if (!dense_place(&s, dense, i, &at))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Provided indices are out-of-bounds w.r.t. dense side with broadcasted shape");
    if (divides && is_zero(element_at(dense, at), dense->dtype))
      return fail(st, TF_INVALID_ARGUMENT,
                  "SparseDenseCwiseDiv cannot divide by zero,but input dense tensor contains zero ");
    fold_run(&fold, element_at(&c->outputs[0], i), element_at(s.values, i), element_at(dense, at), 1, 1);
  }
  return TF_OK;
}

/* ---- SparseSoftmax: over the values of each row, in the order of the indices ---- */

/* Values order[from, to) are one row's. */
static void softmax_row(const Sparse *s, const int64_t *order, int64_t from, int64_t to, Tensor *out) {
  double top = -INFINITY, sum = 0;
  for (int64_t i = from; i < to; i++) top = fmax(top, math_number_at(s->values, order[i]));
  for (int64_t i = from; i < to; i++) sum += exp(math_number_at(s->values, order[i]) - top);
  for (int64_t i = from; i < to; i++)
    math_number_put(out, i, exp(math_number_at(s->values, order[i]) - top) / sum);
}

static TF_Code softmax_run(OpCtx *c, TF_Status *st) {
  const Tensor *shape = op_input(c, 2);
  int64_t *order;
  Sparse s;
  TRY(want_indices(c, st));
  if (shape->dims[0] == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input should have rank >= 2, but received shape: ");
  if (shape->dims[0] == 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input should have rank >= 2, but received shape: %lld",
                (long long)int_at(shape, 0));
  TRY(sparse_view(&s, op_input(c, 0), op_input(c, 1), shape, st));
  TRY(sparse_check_dims(&s, st));
  TRY(op_alloc_output(c, 0, s.values->dtype, &s.count, 1, st));
  TRY(index_order(s.indices, s.count, s.rank, &order, st));
  for (int64_t i = 0, from = 0; i < s.count; i++) {
    bool last = i + 1 == s.count ||
                index_compare(s.indices + order[i] * s.rank, s.indices + order[i + 1] * s.rank, s.rank - 1);
    if (!last) continue;
    softmax_row(&s, order, from, i + 1, &c->outputs[0]);
    from = i + 1;
  }
  free(order);
  return TF_OK;
}

const OpRow ops_sparse_cwise[] = {{"SparseDenseCwiseAdd", .types = "T: " TYPES_REAL, .flags = OP_DYNAMIC,
                                   .shape = values_shape, .run = cwise_run},
                                  {"SparseDenseCwiseMul", .types = "T: " TYPES_REAL, .flags = OP_DYNAMIC,
                                   .shape = values_shape, .run = cwise_run},
                                  {"SparseDenseCwiseDiv", .types = "T: " TYPES_REAL, .flags = OP_DYNAMIC,
                                   .shape = values_shape, .run = cwise_run},
                                  {"SparseSoftmax", .types = "T: half float double", .flags = OP_DYNAMIC,
                                   .shape = values_shape, .run = softmax_run},
                                  {0}};
