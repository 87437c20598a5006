/* Two sparse tensors of one shape, element by element: SparseAdd and its gradient, SparseSparseMaximum and
 * -Minimum.
 *
 * All go through both lists of indices at once, as they stand: indices in order are the caller's promise. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops/sparse_util.h"

/* ---- walking two lists ---- */

typedef struct Merge {
  const int64_t *a, *b; /* indices */
  int64_t na, nb, i, j;
  int rank;
} Merge;

/* Negative: the next is a's alone, at m->i; positive: b's alone, at m->j; 0: both's. */
static int merge_order(const Merge *m) {
  if (m->i == m->na) return 1;
  if (m->j == m->nb) return -1;
  return index_compare(m->a + m->i * m->rank, m->b + m->j * m->rank, m->rank);
}

static bool merge_left(const Merge *m) { return m->i < m->na || m->j < m->nb; }

static void merge_step(Merge *m, int order) {
  m->i += order <= 0;
  m->j += order >= 0;
}

/* ---- the checks of two sparse operands: inputs 0, 1, 2 and 3, 4, 5 ---- */

/* The first values of a vector as TensorFlow's messages show them. */
static const char *vector_text(const Tensor *t, char *text, size_t size) {
  int64_t n = tensor_count(t);
  size_t at = 0;
  text[0] = 0;
  for (int64_t i = 0; i < n && i < 10; i++)
    at += (size_t)snprintf(text + at, size - at, "%s%lld", i ? " " : "", (long long)int_at(t, i));
  if (n > 10) snprintf(text + at, size - at, "...");
  return text;
}

/* Inputs i and i + 3 have this rank; `what` begins the message. */
static TF_Code want_ranks(const OpCtx *c, int i, int rank, const char *what, TF_Status *st) {
  const Tensor *a = op_input(c, i), *b = op_input(c, i + 3);
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (a->rank == rank && b->rank == rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s %s and %s", what, shape_text(a->dims, a->rank, x, sizeof x),
              shape_text(b->dims, b->rank, y, sizeof y));
}

/* The shapes of both are equal. */
static TF_Code same_dims(const OpCtx *c, int rank, TF_Status *st) {
  const Tensor *a = op_input(c, 2), *b = op_input(c, 5);
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (a->dims[0] != b->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Operands do not have the same ranks; got shapes: %s and %s",
                vector_text(a, x, sizeof x), vector_text(b, y, sizeof y));
  for (int d = 0; d < rank; d++)
    if (int_at(a, d) != int_at(b, d))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Operands' shapes do not match: got %lld and %lld for dimension %d",
                  (long long)int_at(a, d), (long long)int_at(b, d), d);
  return TF_OK;
}

static Merge merge_of(const Tensor *a, const Tensor *b) {
  return (Merge){.a = a->data, .b = b->data, .na = a->dims[0], .nb = b->dims[0], .rank = (int)a->dims[1]};
}

static TF_Code rank_fits(int64_t rank, TF_Status *st) {
  if (rank <= TENSOR_MAX_RANK) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "a sparse tensor of rank %lld", (long long)rank);
}

/* ---- SparseAdd ---- */

static TF_Code add_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank;
  TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  shape_sparse(c, 0, rank);
  return TF_OK;
}

static TF_Code add_check(const OpCtx *c, TF_Status *st) {
  const Tensor *a = op_input(c, 0), *b = op_input(c, 3), *thresh = op_input(c, 6);
  char text[SHAPE_TEXT_MAX];
  TRY(want_ranks(c, 0, 2, "Input indices should be matrices but received shapes:", st));
  int64_t na = a->dims[0], nb = b->dims[0], rank = a->dims[1];
  if (b->dims[1] != rank)
    return fail(st, TF_INVALID_ARGUMENT, "Input indices must have the same dimension, got %lld and %lld",
                (long long)rank, (long long)b->dims[1]);
  TRY(want_ranks(c, 1, 1, "Input values should be vectors but received shapes:", st));
  if (op_input(c, 1)->dims[0] != na || op_input(c, 4)->dims[0] != nb)
    return fail(st, TF_INVALID_ARGUMENT, "Expected %lld and %lld non-empty input values, got %lld and %lld",
                (long long)na, (long long)nb, (long long)op_input(c, 1)->dims[0],
                (long long)op_input(c, 4)->dims[0]);
  TRY(want_ranks(c, 2, 1, "Input shapes should be a vector but received shapes", st));
  if (op_input(c, 2)->dims[0] != rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Second dimension of a_indices and length of a_shape must match, got %lld and %lld",
                (long long)rank, (long long)op_input(c, 2)->dims[0]);
  if (rank == 0) return fail(st, TF_INVALID_ARGUMENT, /* TF: its word */ "Tesors must not be empty");
  TRY(rank_fits(rank, st));
  TRY(same_dims(c, (int)rank, st));
  if (thresh->rank)
    return fail(st, TF_INVALID_ARGUMENT, "The magnitude threshold must be a scalar: got shape %s",
                shape_text(thresh->dims, thresh->rank, text, sizeof text));
  return TF_OK;
}

/* TF: the magnitude of the lowest int32 and int64 is itself, negative. */
static int64_t int_magnitude(TF_DataType dtype, int64_t v) {
  bool lowest = dtype == TF_INT64 ? v == INT64_MIN : dtype == TF_INT32 && v == INT32_MIN;
  return v < 0 && !lowest ? -v : v;
}

/* Whether the magnitude of sum's one element is at least the threshold. */
static bool reaches(const Tensor *sum, const Tensor *thresh) {
  const float *f = sum->data;
  const double *d = sum->data;
  /* TF: the bits of a threshold, whatever its type, are taken for a number of the sum's type. */
  double bits[2] = {0};
  Tensor least = {.dtype = sum->dtype, .data = bits};
  memcpy(bits, thresh->data, dtype_size(thresh->dtype));
  switch (sum->dtype) {
    case TF_FLOAT: return *(const float *)least.data <= fabsf(f[0]);
    case TF_COMPLEX64: return *(const float *)least.data <= hypotf(f[0], f[1]);
    case TF_DOUBLE: return *(const double *)least.data <= fabs(d[0]);
    case TF_COMPLEX128: return *(const double *)least.data <= hypot(d[0], d[1]);
    default: return int_at(&least, 0) <= int_magnitude(sum->dtype, int_at(sum, 0));
  }
}

/* One pass: counts what the sum holds, and writes it where `write`. */
static void add_pass(OpCtx *c, const Fold *add, Tensor *sum, bool write, int64_t *count) {
  const Tensor *a = op_input(c, 1), *b = op_input(c, 4);
  Merge m = merge_of(op_input(c, 0), op_input(c, 3));
  size_t item = dtype_size(a->dtype);
  *count = 0;
  for (int order; merge_left(&m); merge_step(&m, order)) {
    order = merge_order(&m);
    const char *value = order <= 0 ? element_at(a, m.i) : element_at(b, m.j);
    if (order == 0) {
      fold_run(add, sum->data, value, element_at(b, m.j), 1, 1);
      value = sum->data;
      if (!reaches(sum, op_input(c, 6))) continue;
    }
    if (write) {
      const int64_t *index = order <= 0 ? m.a + m.i * m.rank : m.b + m.j * m.rank;
      memcpy((int64_t *)c->outputs[0].data + *count * m.rank, index, (size_t)m.rank * sizeof *index);
      memcpy(element_at(&c->outputs[1], *count), value, item);
    }
    ++*count;
  }
}

static TF_Code add_run(OpCtx *c, TF_Status *st) {
  const Tensor *a = op_input(c, 1);
  double one[2] = {0};
  Tensor sum = {.dtype = a->dtype, .data = one};
  int64_t n, rank = op_input(c, 2)->dims[0];
  Fold add;
  TRY(add_check(c, st));
  TRY(fold_init(&add, "AddV2", a->dtype, st));
  add_pass(c, &add, &sum, false, &n);
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, rank}, 2, st));
  TRY(op_alloc_output(c, 1, a->dtype, &n, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &rank, 1, st));
  memcpy(c->outputs[2].data, op_input(c, 2)->data, (size_t)rank * sizeof rank);
  add_pass(c, &add, &sum, true, &n);
  return TF_OK;
}

/* ---- SparseAddGrad: of each operand's values, what the sum's gradient has at their indices ---- */

static TF_Code add_grad_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 1, 2, st));
  TRY(shape_want_rank(c, 2, 2, st));
  c->outputs[0] = shape_vector(shape_dim(c->inputs[1], 0));
  c->outputs[1] = shape_vector(shape_dim(c->inputs[2], 0));
  return TF_OK;
}

static TF_Code add_grad_check(const OpCtx *c, TF_Status *st) {
  const Tensor *grad = op_input(c, 0), *a = op_input(c, 1), *b = op_input(c, 2), *sum = op_input(c, 3);
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX], z[SHAPE_TEXT_MAX];
  if (a->rank != 2 || b->rank != 2 || sum->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input indices should be matrices but received shapes: %s and %s and %s",
                shape_text(a->dims, a->rank, x, sizeof x), shape_text(b->dims, b->rank, y, sizeof y),
                shape_text(sum->dims, sum->rank, z, sizeof z));
  if (grad->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input backprop_val_grad should be a vector but received shape: %s",
                shape_text(grad->dims, grad->rank, x, sizeof x));
  if (a->dims[1] != b->dims[1] || b->dims[1] != sum->dims[1])
    return fail(st, TF_INVALID_ARGUMENT,
                "The densified operands should have the same ndims; for A, B, sum got: %lld%lld%lld",
                (long long)a->dims[1], (long long)b->dims[1], (long long)sum->dims[1]);
  if (grad->dims[0] != sum->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "# elements of backprop_val_grad and # rows of sum_indices should match (#nnz of sum): got "
                "%lld and %lld",
                (long long)grad->dims[0], (long long)sum->dims[0]);
  return rank_fits(a->dims[1], st);
}

static TF_Code add_grad_run(OpCtx *c, TF_Status *st) {
  const Tensor *grad = op_input(c, 0), *sum = op_input(c, 3);
  TRY(add_grad_check(c, st));
  size_t item = dtype_size(grad->dtype);
  for (int side = 0; side < 2; side++) {
    const Tensor *of = op_input(c, 1 + side);
    int rank = (int)of->dims[1];
    const int64_t *index = of->data, *in_sum = sum->data;
    TRY(op_alloc_output(c, side, grad->dtype, of->dims, 1, st));
    tensor_zero(&c->outputs[side]);
    /* TF: an entry that the sum lacks (below the threshold) has none; it is looked for from where the last
     * was. */
    for (int64_t i = 0, k = 0; k < sum->dims[0] && i < of->dims[0];) {
      int order = index_compare(index + i * rank, in_sum + k * rank, rank);
      if (order == 0) memcpy(element_at(&c->outputs[side], i), element_at(grad, k), item);
      i += order <= 0;
      k += order >= 0;
    }
  }
  return TF_OK;
}

/* ---- SparseSparseMaximum, SparseSparseMinimum: what is not there is 0 ---- */

static TF_Code extreme_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_matrix(-1, -1);
  c->outputs[1] = shape_vector(-1);
  return TF_OK;
}

static TF_Code extreme_check(const OpCtx *c, TF_Status *st) {
  Sparse a, b;
  TRY(sparse_view(&a, op_input(c, 0), op_input(c, 1), op_input(c, 2), st));
  TRY(sparse_view(&b, op_input(c, 3), op_input(c, 4), op_input(c, 5), st));
  TRY(same_dims(c, a.rank, st));
  TRY(sparse_check_tuples(&a, st));
  return sparse_check_tuples(&b, st);
}

static TF_Code extreme_run(OpCtx *c, TF_Status *st) {
  const Tensor *a = op_input(c, 1), *b = op_input(c, 4);
  const double zero[2] = {0};
  int64_t n = 0;
  Fold fold;
  TRY(extreme_check(c, st));
  TRY(fold_init(&fold, strstr(c->node->op, "Max") ? "Maximum" : "Minimum", a->dtype, st));
  Merge m = merge_of(op_input(c, 0), op_input(c, 3)), again = m;
  for (; merge_left(&m); n++) merge_step(&m, merge_order(&m));
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, m.rank}, 2, st));
  TRY(op_alloc_output(c, 1, a->dtype, &n, 1, st));
  m = again;
  for (int64_t k = 0; k < n; k++) {
    int order = merge_order(&m);
    const int64_t *index = order <= 0 ? m.a + m.i * m.rank : m.b + m.j * m.rank;
    memcpy((int64_t *)c->outputs[0].data + k * m.rank, index, (size_t)m.rank * sizeof *index);
    fold_run(&fold, element_at(&c->outputs[1], k), order <= 0 ? element_at(a, m.i) : (const char *)zero,
             order >= 0 ? element_at(b, m.j) : (const char *)zero, 1, 1);
    merge_step(&m, order);
  }
  return TF_OK;
}

#define TYPES_SIGNED "float double int8 int16 int32 int64 complex64 complex128"

const OpRow ops_sparse_merge[] = {
    {"SparseAdd", .types = "T: " TYPES_SIGNED, .flags = OP_DYNAMIC, .shape = add_shape, .run = add_run},
    {"SparseAddGrad", .types = "T: " TYPES_SIGNED, .flags = OP_DYNAMIC, .shape = add_grad_shape,
     .run = add_grad_run},
    {"SparseSparseMaximum", .types = "T: " TYPES_REAL, .flags = OP_DYNAMIC, .shape = extreme_shape,
     .run = extreme_run},
    {"SparseSparseMinimum", .types = "T: " TYPES_REAL, .flags = OP_DYNAMIC, .shape = extreme_shape,
     .run = extreme_run},
    {0}};
