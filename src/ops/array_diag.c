/* Diagonals and bands of matrices: Diag, DiagPart, the MatrixDiag family in all versions, MatrixBandPart.
 *
 * Diagonal d of an [rows, cols] matrix starts at (0, d) for d >= 0, at (-d, 0) below. A packed tensor of diagonals
 * [.., upper .. lower, longest] holds the top one first; shorter ones are aligned to the left or the right. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_copy.h"
#include "ops/array_util.h"

static char *element(const Tensor *t, int64_t i) { return (char *)t->data + (size_t)i * dtype_size(t->dtype); }

/* Copies `count` elements with steps, of types that are plain memory. */
static void copy_steps(Tensor *dst, int64_t to, int64_t to_step, const Tensor *src, int64_t from, int64_t from_step, int64_t count) {
  size_t item = dtype_size(dst->dtype);
  for (int64_t i = 0; i < count; i++) memcpy(element(dst, to + i * to_step), element(src, from + i * from_step), item);
}

/* ---- Diag, DiagPart ---- */

static TF_Code diag_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  TRY(shape_want_rank_at_least(c, 0, 1, st));
  if (in->rank < 0) return TF_OK;
  if (in->rank * 2 > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "Diag of a tensor of rank %d", in->rank);
  c->outputs[0].rank = in->rank * 2;
  for (int i = 0; i < in->rank * 2; i++) c->outputs[0].dims[i] = in->dims[i % in->rank];
  return TF_OK;
}

static TF_Code diag_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t dims[2 * TENSOR_MAX_RANK];
  if (in->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "Input must be at least rank 1, got 0");
  for (int i = 0; i < in->rank * 2; i++) dims[i] = in->dims[i % in->rank];
  return op_output(c, 0, in->dtype, dims, in->rank * 2, st);
}

static TF_Code diag_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int64_t n = tensor_count(op_input(c, 0));
  tensor_zero(&c->outputs[0]);
  copy_steps(&c->outputs[0], 0, n + 1, op_input(c, 0), 0, 1, n);
  return TF_OK;
}

static TF_Code diag_part_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  if (in->rank < 0) return TF_OK;
  if (in->rank % 2 || !in->rank) return fail(st, TF_INVALID_ARGUMENT, "Input must have even and non-zero rank, input rank is %d", in->rank);
  c->outputs[0].rank = in->rank / 2;
  for (int i = 0; i < in->rank / 2; i++) TRY(dim_merge(in->dims[i], in->dims[i + in->rank / 2], &c->outputs[0].dims[i], st));
  return TF_OK;
}

static TF_Code diag_part_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  int half = in->rank / 2;
  if (in->rank % 2 || !in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "The rank of the tensor should be even and positive, got shape %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  for (int i = 0; i < half; i++)
    if (in->dims[i] != in->dims[i + half])
      return fail(st, TF_INVALID_ARGUMENT, "Invalid shape %s: dimensions %d and %d do not match.",
                  shape_text(in->dims, in->rank, text, sizeof text), i, i + half);
  return op_output(c, 0, in->dtype, in->dims, half, st);
}

static TF_Code diag_part_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int64_t n = tensor_count(&c->outputs[0]);
  copy_steps(&c->outputs[0], 0, 1, op_input(c, 0), 0, n + 1, n);
  return TF_OK;
}

/* ---- the MatrixDiag family ---- */

/* Which diagonals, and how shorter ones stand in the packed form. */
typedef struct Band {
  int64_t lower, upper;         /* indices; lower <= upper */
  bool left_super, left_sub;    /* aligned to the left, above and below the main diagonal */
  int64_t rows, cols, longest;
  int64_t batch;
  int version;
} Band;

static int op_version(const char *op) {
  size_t n = strlen(op);
  return op[n - 1] == '2' ? 2 : op[n - 1] == '3' ? 3 : 1;
}

static TF_Code band_align(const Node *node, Band *b, TF_Status *st) {
  Span align;
  b->version = op_version(node->op);
  b->left_super = b->left_sub = true; /* V2 */
  if (!node_attr(node, "align")) return TF_OK;
  TRY(node_attr_string(node, "align", &align, st));
  b->left_super = align.size >= 4 && !memcmp(align.data, "LEFT", 4);
  b->left_sub = align.size >= 5 && !memcmp((const char *)align.data + align.size - 4, "LEFT", 4);
  return TF_OK;
}

static TF_Code band_k(const Tensor *k, Band *b, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  b->lower = b->upper = 0;
  if (!k) return TF_OK;
  if (k->rank > 1 || tensor_count(k) < 1 || tensor_count(k) > 2)
    return fail(st, TF_INVALID_ARGUMENT, "diag_index must be a scalar or vector, received shape: %s",
                shape_text(k->dims, k->rank, text, sizeof text));
  b->lower = int_at(k, 0);
  b->upper = int_at(k, tensor_count(k) - 1);
  if (b->lower > b->upper)
    return fail(st, TF_INVALID_ARGUMENT, "lower_diag_index must not be larger than upper_diag_index: %lld > %lld",
                (long long)b->lower, (long long)b->upper);
  return TF_OK;
}

static int64_t band_length(const Band *b, int64_t d) {
  int64_t rows = b->rows + (d < 0 ? d : 0), cols = b->cols - (d > 0 ? d : 0);
  int64_t n = rows < cols ? rows : cols;
  return n < 0 ? 0 : n;
}

/* Where element 0 of diagonal d stands in its packed row. */
static int64_t band_offset(const Band *b, int64_t d) {
  bool left = d >= 0 ? b->left_super : b->left_sub;
  return left ? 0 : b->longest - band_length(b, d);
}

/* Checks the diagonals against the matrix and computes the longest. */
static TF_Code band_fit(Band *b, TF_Status *st) {
  if (!((b->lower > -b->rows && b->lower < b->cols) || b->lower == 0))
    return fail(st, TF_INVALID_ARGUMENT, "lower_diag_index is out of bound: %lld. It must be between %lld and %lld",
                (long long)b->lower, (long long)-b->rows, (long long)b->cols);
  if (!((b->upper > -b->rows && b->upper < b->cols) || b->upper == 0))
    return fail(st, TF_INVALID_ARGUMENT, "upper_diag_index is out of bound: %lld. It must be between %lld and %lld",
                (long long)b->upper, (long long)-b->rows, (long long)b->cols);
  int64_t rows = b->rows + (b->upper < 0 ? b->upper : 0), cols = b->cols - (b->lower > 0 ? b->lower : 0);
  b->longest = rows < cols ? rows : cols;
  return TF_OK;
}

/* Copies between matrices and packed diagonals, for every batch. */
static void band_copy(const Band *b, Tensor *matrix, Tensor *packed, bool to_matrix) {
  int64_t count = b->upper - b->lower + 1;
  for (int64_t n = 0; n < b->batch; n++)
    for (int64_t d = b->upper; d >= b->lower; d--) {
      int64_t m = n * b->rows * b->cols + (d >= 0 ? d : -d * b->cols);
      int64_t p = (n * count + (b->upper - d)) * b->longest + band_offset(b, d);
      if (to_matrix) copy_steps(matrix, m, b->cols + 1, packed, p, 1, band_length(b, d));
      else copy_steps(packed, p, 1, matrix, m, b->cols + 1, band_length(b, d));
    }
}

/* ---- MatrixDiagPart: matrix -> diagonals ---- */

static TF_Code part_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  Band b = {0};
  TRY(shape_want_rank_at_least(c, 0, 2, st));
  TRY(band_align(c->node, &b, st));
  if (in->rank < 0) return TF_OK;
  const Tensor *k = b.version > 1 ? c->value(c, 1) : NULL;
  if (b.version > 1 && !k) return TF_OK;
  TRY(band_k(k, &b, st));
  b.rows = in->dims[in->rank - 2];
  b.cols = in->dims[in->rank - 1];
  Shape out = {.rank = in->rank - 2};
  memcpy(out.dims, in->dims, sizeof out.dims);
  if (b.lower != b.upper) out.dims[out.rank++] = b.upper - b.lower + 1;
  bool known = b.rows >= 0 && b.cols >= 0;
  if (known) TRY(band_fit(&b, st));
  out.dims[out.rank++] = known ? b.longest : -1;
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code part_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Band *b = c->prep;
  int64_t dims[TENSOR_MAX_RANK];
  char text[SHAPE_TEXT_MAX];
  TRY(band_align(c->node, b, st));
  if (in->rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 2-dim, received shape: %s", shape_text(in->dims, in->rank, text, sizeof text));
  TRY(band_k(b->version > 1 ? op_input(c, 1) : NULL, b, st));
  b->rows = in->dims[in->rank - 2];
  b->cols = in->dims[in->rank - 1];
  TRY(band_fit(b, st));
  b->batch = dims_product(in->dims, 0, in->rank - 2);
  if (b->version > 1 && op_input(c, 2)->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "padding_value must be scalar");
  if (b->version > 1 && tensor_count(op_input(c, 2)) != 1) return fail(st, TF_INVALID_ARGUMENT, "padding_value must be scalar");
  int rank = in->rank - 2;
  memcpy(dims, in->dims, sizeof dims);
  if (b->lower != b->upper) dims[rank++] = b->upper - b->lower + 1;
  dims[rank++] = b->longest;
  return op_output(c, 0, in->dtype, dims, rank, st);
}

static TF_Code part_run(OpCtx *c, TF_Status *st) {
  const Band *b = c->prep;
  if (b->version > 1) TRY(tensor_fill(&c->outputs[0], op_input(c, 2)->data, st));
  band_copy(b, (Tensor *)op_input(c, 0), &c->outputs[0], false);
  return TF_OK;
}

/* ---- MatrixDiag: diagonals -> matrix ---- */

static TF_Code matrix_diag_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  TRY(shape_want_rank_at_least(c, 0, 1, st));
  if (op_version(c->node->op) > 1) {
    /* Rows and columns are values; only the rank may be told. */
    const Tensor *k = c->value(c, 1);
    if (in->rank < 1 || !k || tensor_count(k) < 1) return TF_OK;
    bool one = tensor_count(k) == 1 || int_at(k, 0) == int_at(k, 1);
    if (in->rank + one > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "MatrixDiag of a tensor of rank %d", in->rank);
    c->outputs[0] = shape_of_rank(in->rank + one);
    for (int i = 0; i < in->rank - 2 + one; i++) c->outputs[0].dims[i] = in->dims[i];
    return TF_OK;
  }
  if (in->rank < 0) return TF_OK;
  if (in->rank == TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "MatrixDiag of a tensor of rank %d", in->rank);
  c->outputs[0] = *in;
  c->outputs[0].dims[c->outputs[0].rank++] = in->dims[in->rank - 1];
  return TF_OK;
}

static TF_Code scalar_value(const Tensor *t, const char *what, int64_t *out, TF_Status *st) {
  if (tensor_count(t) != 1 || t->rank > 1) return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar", what);
  *out = int_at(t, 0);
  return TF_OK;
}

static TF_Code matrix_diag_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Band *b = c->prep;
  int64_t dims[TENSOR_MAX_RANK + 1], rows = -1, cols = -1;
  char text[SHAPE_TEXT_MAX];
  TRY(band_align(c->node, b, st));
  if (in->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "diagonal must be at least 1-dim, received shape: %s", shape_text(in->dims, in->rank, text, sizeof text));
  if (b->version > 1) {
    TRY(band_k(op_input(c, 1), b, st));
    TRY(scalar_value(op_input(c, 2), "num_rows", &rows, st));
    TRY(scalar_value(op_input(c, 3), "num_cols", &cols, st));
    if (tensor_count(op_input(c, 4)) != 1) return fail(st, TF_INVALID_ARGUMENT, "padding_value must be a scalar");
  }
  int64_t count = b->upper - b->lower + 1, longest = in->dims[in->rank - 1];
  bool one = b->lower == b->upper;
  if (b->upper >= INT32_MAX || b->lower <= INT32_MIN) return fail(st, TF_INVALID_ARGUMENT, "diagonal indices are out of range");
  if (!one && (in->rank < 2 || in->dims[in->rank - 2] != count))
    return fail(st, TF_INVALID_ARGUMENT, "The number of diagonals provided in the input does not match the lower_diag_index and upper_diag_index range.");
  int64_t min_rows = longest - (b->upper < 0 ? b->upper : 0), min_cols = longest + (b->lower > 0 ? b->lower : 0);
  if (rows != -1 && rows < min_rows) return fail(st, TF_INVALID_ARGUMENT, "The number of rows is too small.");
  if (cols != -1 && cols < min_cols) return fail(st, TF_INVALID_ARGUMENT, "The number of columns is too small.");
  if (rows == -1 && cols == -1) rows = cols = min_rows > min_cols ? min_rows : min_cols;
  else if (rows == -1) rows = min_rows;
  else if (cols == -1) cols = min_cols;
  if (rows != min_rows && cols != min_cols)
    return fail(st, TF_INVALID_ARGUMENT, "The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal.");
  b->rows = rows;
  b->cols = cols;
  TRY(band_fit(b, st));
  if (b->longest != longest)
    return fail(st, TF_INVALID_ARGUMENT, "diagonals of %lld elements do not fit the matrix", (long long)longest);
  int rank = in->rank - (one ? 1 : 2);
  memcpy(dims, in->dims, (size_t)rank * sizeof *dims);
  b->batch = dims_product(dims, 0, rank);
  dims[rank++] = rows;
  dims[rank++] = cols;
  return op_output(c, 0, in->dtype, dims, rank, st);
}

static TF_Code matrix_diag_run(OpCtx *c, TF_Status *st) {
  const Band *b = c->prep;
  if (b->version > 1) TRY(tensor_fill(&c->outputs[0], op_input(c, 4)->data, st));
  else tensor_zero(&c->outputs[0]);
  band_copy(b, &c->outputs[0], (Tensor *)op_input(c, 0), true);
  return TF_OK;
}

/* ---- MatrixSetDiag ---- */

static TF_Code set_diag_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *diag = op_input(c, 1);
  Band *b = c->prep;
  int64_t want[TENSOR_MAX_RANK];
  char a[SHAPE_TEXT_MAX], e[SHAPE_TEXT_MAX];
  TRY(band_align(c->node, b, st));
  if (in->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "input must be at least 2-dim, received shape: %s", shape_text(in->dims, in->rank, a, sizeof a));
  TRY(band_k(b->version > 1 ? op_input(c, 2) : NULL, b, st));
  b->rows = in->dims[in->rank - 2];
  b->cols = in->dims[in->rank - 1];
  TRY(band_fit(b, st));
  b->batch = dims_product(in->dims, 0, in->rank - 2);
  int rank = in->rank - 2;
  memcpy(want, in->dims, sizeof want);
  if (b->lower != b->upper) want[rank++] = b->upper - b->lower + 1;
  want[rank++] = b->longest;
  if (diag->rank != rank || memcmp(diag->dims, want, (size_t)rank * sizeof *want))
    return fail(st, TF_INVALID_ARGUMENT, "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not equal to the longests diagonal in range [lower_diag_index:upper_diag_index].\nInput shape: %s\nDiagonal shape: %s\nExpected diagonal shape: %s",
                shape_text(in->dims, in->rank, a, sizeof a), shape_text(diag->dims, diag->rank, e, sizeof e),
                shape_text(want, rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  return op_output_like(c, 0, in, st);
}

static TF_Code set_diag_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  if (c->outputs[0].data != in->data) TRY(tensor_copy_range(&c->outputs[0], 0, in, 0, tensor_count(in), st));
  band_copy(c->prep, &c->outputs[0], (Tensor *)op_input(c, 1), true);
  return TF_OK;
}

/* ---- MatrixBandPart ---- */

static TF_Code band_part_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Band *b = c->prep;
  char text[SHAPE_TEXT_MAX];
  static const char *const names[] = {"", "num_lower", "num_upper"};
  if (in->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "input must be at least 2-dim, received shape: %s", shape_text(in->dims, in->rank, text, sizeof text));
  b->rows = in->dims[in->rank - 2];
  b->cols = in->dims[in->rank - 1];
  b->batch = dims_product(in->dims, 0, in->rank - 2);
  for (int i = 1; i < 3; i++) {
    if (op_input(c, i)->rank)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be scalar, got shape %s", names[i],
                  shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text, sizeof text));
    int64_t n = int_at(op_input(c, i), 0), limit = i == 1 ? b->rows : b->cols;
    if (n > limit)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be negative or less or equal to number of %s (%lld) got: %lld", names[i],
                  i == 1 ? "rows" : "columns", (long long)limit, (long long)n);
    if (n < 0) n = limit;
    *(i == 1 ? &b->lower : &b->upper) = n;
  }
  return op_output_like(c, 0, in, st);
}

static TF_Code band_part_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  const Band *b = c->prep;
  (void)st;
  tensor_zero(out);
  for (int64_t n = 0; n < b->batch; n++)
    for (int64_t r = 0; r < b->rows; r++) {
      int64_t from = r - b->lower, to = r + b->upper + 1;
      if (from < 0) from = 0;
      if (to > b->cols) to = b->cols;
      int64_t at = (n * b->rows + r) * b->cols;
      if (from < to) memcpy(element(out, at + from), element(in, at + from), (size_t)(to - from) * dtype_size(in->dtype));
    }
  return TF_OK;
}

#define TYPES_DIAG "T: half float double complex64 complex128 int32 int64 bfloat16"
#define MATRIX(NAME, VALUES, SHAPE, PREPARE, RUN)                                                              \
  {NAME, .types = "T: " TYPES_POD, .value_inputs = VALUES, .prep_size = sizeof(Band), .shape = SHAPE, .prepare = PREPARE, \
   .run = RUN}

const OpRow ops_array_diag[] = {
    {"Diag", .types = TYPES_DIAG, .shape = diag_shape, .prepare = diag_prepare, .run = diag_run},
    {"DiagPart", .types = TYPES_DIAG, .shape = diag_part_shape, .prepare = diag_part_prepare, .run = diag_part_run},
    MATRIX("MatrixDiag", 0, matrix_diag_shape, matrix_diag_prepare, matrix_diag_run),
    MATRIX("MatrixDiagV2", 14, matrix_diag_shape, matrix_diag_prepare, matrix_diag_run),
    MATRIX("MatrixDiagV3", 14, matrix_diag_shape, matrix_diag_prepare, matrix_diag_run),
    MATRIX("MatrixDiagPart", 0, part_shape, part_prepare, part_run),
    MATRIX("MatrixDiagPartV2", 2, part_shape, part_prepare, part_run),
    MATRIX("MatrixDiagPartV3", 2, part_shape, part_prepare, part_run),
    MATRIX("MatrixSetDiag", 0, shape_same, set_diag_prepare, set_diag_run),
    MATRIX("MatrixSetDiagV2", 4, shape_same, set_diag_prepare, set_diag_run),
    MATRIX("MatrixSetDiagV3", 4, shape_same, set_diag_prepare, set_diag_run),
    MATRIX("MatrixBandPart", 6, shape_same, band_part_prepare, band_part_run),
    {0}};
