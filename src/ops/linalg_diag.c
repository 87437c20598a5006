/* Diagonals: Diag, DiagPart, MatrixDiag*, MatrixDiagPart*, MatrixSetDiag*, MatrixBandPart. Any dtype whose
 * elements are plain bytes.
 *
 * A band of diagonals lower..upper of [rows, cols] matrices is kept as [upper - lower + 1, longest], the
 * uppermost diagonal first; shorter ones are padded behind or, right-aligned, in front:
 *
 *     1 2 3        align RIGHT_LEFT, k = (-1, 1):   . 2 6      (first word: diagonals above and on the main
 *     one,
 *     4 5 6                                         1 5 9       second word: below and on it)
 *     7 8 9                                         4 8 .
 */
#include <stddef.h>
#include <string.h>

#include "ops/math_types.h"
#include "ops/op.h"

typedef struct Band {
  int64_t rows, cols, lower, upper, longest;
  bool left_above, left_below; /* alignment */
  int64_t matrices;
} Band;

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t diag_length(const Band *b, int64_t d) {
  return min64(b->rows + min64(d, 0), b->cols - max64(d, 0));
}

/* Where element `at` of diagonal d stands in its row of the band. */
static int64_t band_place(const Band *b, int64_t d, int64_t at) {
  bool left = (d >= 0 && b->left_above) || (d <= 0 && b->left_below);
  return left ? at : b->longest - diag_length(b, d) + at;
}

static void read_align(const Node *node, Band *b) {
  const Attr *align = node_attr(node, "align");
  b->left_above = b->left_below = true;
  if (!align) return;
  const char *text = align->v.s.data;
  b->left_above = align->v.s.size > 0 && text[0] == 'L';
  b->left_below = align->v.s.size > 4 && text[align->v.s.size - 4] == 'L';
}

/* k: one diagonal, or lower and upper. */
static TF_Code read_k(const Tensor *k, Band *b, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  int64_t n = tensor_count(k);
  if (k->rank > 1 || n < 1 || n > 2)
    return fail(st, TF_INVALID_ARGUMENT, "diag_index must be a scalar or vector, received shape: %s",
                shape_text(k->dims, k->rank, text, sizeof text));
  b->lower = math_int_at(k, 0);
  b->upper = math_int_at(k, n - 1);
  if (b->lower > b->upper)
    return fail(st, TF_INVALID_ARGUMENT,
                "lower_diag_index must not be larger than upper_diag_index: %lld > %lld", (long long)b->lower,
                (long long)b->upper);
  return TF_OK;
}

/* TF: only 0 is fine for an empty matrix. */
static TF_Code check_bounds(const Band *b, TF_Status *st) {
  if (!((-b->rows < b->lower && b->lower < b->cols) || b->lower == 0))
    return fail(st, TF_INVALID_ARGUMENT,
                "lower_diag_index is out of bound: %lld It must be between %lld and %lld",
                (long long)b->lower, (long long)-b->rows, (long long)b->cols);
  if (!((-b->rows < b->upper && b->upper < b->cols) || b->upper == 0))
    return fail(st, TF_INVALID_ARGUMENT,
                "upper_diag_index is out of bound: %lld It must be between %lld and %lld",
                (long long)b->upper, (long long)-b->rows, (long long)b->cols);
  return TF_OK;
}

static int64_t leading(const Tensor *t, int trailing) {
  int64_t n = 1;
  for (int d = 0; d < t->rank - trailing; d++) n *= t->dims[d];
  return n;
}

static void fill_with(char *out, int64_t count, const void *value, size_t size) {
  for (int64_t i = 0; i < count; i++) memcpy(out + (size_t)i * size, value, size);
}

/* Copies between matrices and their band, one way or the other. */
static void copy_band(const Band *b, char *matrix, char *band, size_t size, bool to_band) {
  int64_t diags = b->upper - b->lower + 1;
  if (b->longest <= 0) return; /* of empty matrices there may be any number */
  for (int64_t m = 0; m < b->matrices; m++) {
    for (int64_t d = b->upper; d >= b->lower; d--) {
      char *row = band + (size_t)((m * diags + b->upper - d) * b->longest) * size;
      for (int64_t i = 0, n = diag_length(b, d); i < n; i++) {
        int64_t r = i - min64(d, 0), c = i + max64(d, 0);
        char *in_matrix = matrix + (size_t)((m * b->rows + r) * b->cols + c) * size;
        char *in_band = row + (size_t)band_place(b, d, i) * size;
        if (to_band) memcpy(in_band, in_matrix, size);
        else memcpy(in_matrix, in_band, size);
      }
    }
  }
}

/* ---- MatrixDiag ---- */

static TF_Code matrix_diag_prepare(OpCtx *c, TF_Status *st) {
  Band *b = c->prep;
  const Tensor *diag = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  int64_t rows = -1, cols = -1;
  read_align(c->node, b);
  if (diag->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "diagonal must be at least 1-dim, received shape: %s",
                shape_text(diag->dims, diag->rank, text, sizeof text));
  if (c->num_inputs > 1) {
    TRY(read_k(op_input(c, 1), b, st));
    if (op_input(c, 2)->rank || op_input(c, 3)->rank || op_input(c, 4)->rank)
      return fail(st, TF_INVALID_ARGUMENT, "num_rows, num_cols and padding_value must be scalars");
    rows = math_int_at(op_input(c, 2), 0);
    cols = math_int_at(op_input(c, 3), 0);
  }
  int64_t diags = b->upper - b->lower + 1;
  b->longest = diag->dims[diag->rank - 1];
  if (diags > 1 && (diag->rank < 2 || diag->dims[diag->rank - 2] != diags))
    return fail(st, TF_INVALID_ARGUMENT,
                "The number of diagonals provided in the input does not match the lower_diag_index and "
                "upper_diag_index range.");
  int64_t min_rows = b->longest - min64(b->upper, 0), min_cols = b->longest + max64(b->lower, 0);
  if (rows != -1 && rows < min_rows) return fail(st, TF_INVALID_ARGUMENT, "The number of rows is too small.");
  if (cols != -1 && cols < min_cols)
    return fail(st, TF_INVALID_ARGUMENT, "The number of columns is too small.");
  if (rows == -1 && cols == -1) rows = cols = max64(min_rows, min_cols);
  else if (rows == -1) rows = min_rows;
  else if (cols == -1) cols = min_cols;
  if (rows != min_rows && cols != min_cols)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal.");
  b->rows = rows;
  b->cols = cols;
  int64_t dims[TENSOR_MAX_RANK + 1];
  int rank = diag->rank - (diags > 1 ? 2 : 1);
  if (rank + 2 > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "rank %d is too large", rank + 2);
  memcpy(dims, diag->dims, (size_t)rank * sizeof *dims);
  dims[rank] = rows;
  dims[rank + 1] = cols;
  b->matrices = leading(diag, diags > 1 ? 2 : 1);
  return op_output(c, 0, diag->dtype, dims, rank + 2, st);
}

static const uint64_t zeros[2];

static TF_Code matrix_diag_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Band *b = c->prep;
  Tensor *out = &c->outputs[0];
  size_t size = dtype_size(out->dtype);
  fill_with(out->data, tensor_count(out), c->num_inputs > 4 ? op_input(c, 4)->data : zeros, size);
  copy_band(b, out->data, op_input(c, 0)->data, size, false);
  return TF_OK;
}

static TF_Code shape_matrix_diag(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *diag = c->inputs[0];
  if (diag->rank < 1) return TF_OK;
  if (c->num_inputs == 1 && diag->rank < TENSOR_MAX_RANK) {
    c->outputs[0] = *diag;
    c->outputs[0].dims[c->outputs[0].rank++] = diag->dims[diag->rank - 1];
    return TF_OK;
  }
  const Tensor *k = c->num_inputs > 1 ? c->value(c, 1) : NULL;
  if (!k || k->rank > 1 || tensor_count(k) < 1) return TF_OK;
  bool one = tensor_count(k) == 1 || math_int_at(k, 0) == math_int_at(k, 1);
  if (!one && diag->rank < 2) return TF_OK;
  Shape out = *diag;
  out.rank = diag->rank - (one ? 1 : 2) + 2;
  if (out.rank > TENSOR_MAX_RANK) return TF_OK;
  out.dims[out.rank - 1] = out.dims[out.rank - 2] = -1;
  c->outputs[0] = out;
  return TF_OK;
}

/* ---- MatrixDiagPart ---- */

/* The rest of a band, of matrices; *dims is the shape of its diagonals. */
static TF_Code band_of_matrices(Band *b, const Tensor *in, int64_t *dims, int *rank, TF_Status *st) {
  b->rows = in->dims[in->rank - 2];
  b->cols = in->dims[in->rank - 1];
  TRY(check_bounds(b, st));
  b->longest = min64(b->rows + min64(b->upper, 0), b->cols - max64(b->lower, 0));
  b->matrices = leading(in, 2);
  *rank = in->rank - 2;
  memcpy(dims, in->dims, (size_t)*rank * sizeof *dims);
  if (b->upper != b->lower) dims[(*rank)++] = b->upper - b->lower + 1;
  dims[(*rank)++] = b->longest;
  return TF_OK;
}

static TF_Code diag_part_prepare(OpCtx *c, TF_Status *st) {
  Band *b = c->prep;
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  read_align(c->node, b);
  if (in->rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 2-dim, received shape: %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  if (c->num_inputs > 1) TRY(read_k(op_input(c, 1), b, st));
  if (c->num_inputs > 2 && tensor_count(op_input(c, 2)) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Padding must be scalar.");
  TRY(band_of_matrices(b, in, dims, &rank, st));
  return op_output(c, 0, in->dtype, dims, rank, st);
}

static TF_Code diag_part_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Band *b = c->prep;
  Tensor *out = &c->outputs[0];
  size_t size = dtype_size(out->dtype);
  fill_with(out->data, tensor_count(out), c->num_inputs > 2 ? op_input(c, 2)->data : zeros, size);
  copy_band(b, op_input(c, 0)->data, out->data, size, true);
  return TF_OK;
}

static TF_Code shape_diag_part(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *in = c->inputs[0];
  if (in->rank < 2) return TF_OK;
  Shape out = *in;
  int64_t rows = in->dims[in->rank - 2], cols = in->dims[in->rank - 1];
  if (c->num_inputs == 1) {
    out.rank = in->rank - 1;
    out.dims[out.rank - 1] = rows >= 0 && cols >= 0 ? min64(rows, cols) : -1;
    c->outputs[0] = out;
    return TF_OK;
  }
  const Tensor *k = c->value(c, 1);
  if (!k || k->rank > 1 || tensor_count(k) < 1) return TF_OK;
  bool one = tensor_count(k) == 1 || math_int_at(k, 0) == math_int_at(k, 1);
  out.rank = in->rank - (one ? 1 : 0);
  out.dims[out.rank - 1] = -1;
  if (!one) out.dims[out.rank - 2] = math_int_at(k, 1) - math_int_at(k, 0) + 1;
  c->outputs[0] = out;
  return TF_OK;
}

/* ---- MatrixSetDiag ---- */

static TF_Code set_diag_prepare(OpCtx *c, TF_Status *st) {
  Band *b = c->prep;
  const Tensor *in = op_input(c, 0), *diag = op_input(c, 1);
  char text[SHAPE_TEXT_MAX], want_text[SHAPE_TEXT_MAX];
  int64_t want[TENSOR_MAX_RANK];
  int rank;
  read_align(c->node, b);
  if (in->rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 2-dim, received shape: %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  if (diag->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "diagonal must be at least 1-dim, received shape: %s",
                shape_text(diag->dims, diag->rank, text, sizeof text));
  if (c->num_inputs > 2) TRY(read_k(op_input(c, 2), b, st));
  TRY(band_of_matrices(b, in, want, &rank, st));
  if (diag->rank != rank || memcmp(want, diag->dims, (size_t)rank * sizeof *want) != 0) {
    if (c->num_inputs == 2 || b->lower == b->upper || diag->rank == rank)
      return fail(
          st, TF_INVALID_ARGUMENT,
          "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not "
          "equal to the longests diagonal in range [lower_diag_index:upper_diag_index].\nInput shape: "
          "%s\nDiagonal shape: %s\nExpected diagonal shape: %s",
          shape_text(in->dims, in->rank, text, sizeof text), "",
          shape_text(want, rank, want_text, sizeof want_text));
    return fail(st, TF_INVALID_ARGUMENT, "diagonal has a shape that does not go with input and k");
  }
  return op_output_like(c, 0, in, st);
}

static TF_Code set_diag_run(OpCtx *c, TF_Status *st) {
  (void)st;
  Tensor *out = &c->outputs[0];
  size_t size = dtype_size(out->dtype), bytes = (size_t)tensor_count(out) * size;
  if (bytes == 0) return TF_OK;
  if (out->data != op_input(c, 0)->data) memcpy(out->data, op_input(c, 0)->data, bytes);
  copy_band(c->prep, out->data, op_input(c, 1)->data, size, false);
  return TF_OK;
}

/* ---- MatrixBandPart: zero outside a band; negative widths are unbounded ---- */

static TF_Code band_part_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (in->rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "input must be at least 2-dim, received shape: %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  if (op_input(c, 1)->rank || op_input(c, 2)->rank)
    return fail(st, TF_INVALID_ARGUMENT, "%s must be scalar, got shape %s",
                op_input(c, 1)->rank ? "num_lower" : "num_upper",
                shape_text(op_input(c, op_input(c, 1)->rank ? 1 : 2)->dims,
                           op_input(c, op_input(c, 1)->rank ? 1 : 2)->rank, text, sizeof text));
  return op_output_like(c, 0, in, st);
}

static TF_Code band_part_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Tensor *out = &c->outputs[0];
  int64_t lower = math_int_at(op_input(c, 1), 0), upper = math_int_at(op_input(c, 2), 0);
  int64_t rows = in->dims[in->rank - 2], cols = in->dims[in->rank - 1];
  if (lower > rows)
    return fail(st, TF_INVALID_ARGUMENT,
                "num_lower must be negative or less or equal to number of rows (%lld) got: %lld",
                (long long)rows, (long long)lower);
  if (upper > cols)
    return fail(st, TF_INVALID_ARGUMENT,
                "num_upper must be negative or less or equal to number of columns (%lld) got: %lld",
                (long long)cols, (long long)upper);
  size_t size = dtype_size(in->dtype);
  int64_t all_rows = leading(in, 1);
  for (int64_t row = 0; row < all_rows && cols > 0; row++) {
    int64_t r = row % rows;
    int64_t begin = lower < 0 ? 0 : min64(max64(r - lower, 0), cols),
            end = upper < 0 ? cols : min64(r + upper + 1, cols);
    char *to = (char *)out->data + (size_t)(row * cols) * size;
    const char *from = (const char *)in->data + (size_t)(row * cols) * size;
    if (end < begin) end = begin;
    memset(to, 0, (size_t)begin * size);
    if (to != from)
      memcpy(to + (size_t)begin * size, from + (size_t)begin * size, (size_t)(end - begin) * size);
    memset(to + (size_t)end * size, 0, (size_t)(cols - end) * size);
  }
  return TF_OK;
}

/* ---- Diag, DiagPart: of tensors of any rank k, 2k dims ---- */

static TF_Code diag_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  if (in->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "Input must be at least rank 1, got 0");
  if (2 * in->rank > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "rank %d is too large", in->rank);
  memcpy(dims, in->dims, (size_t)in->rank * sizeof *dims);
  memcpy(dims + in->rank, in->dims, (size_t)in->rank * sizeof *dims);
  return op_output(c, 0, in->dtype, dims, 2 * in->rank, st);
}

static TF_Code diag_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int64_t n = tensor_count(op_input(c, 0));
  size_t size = dtype_size(op_input(c, 0)->dtype);
  char *out = c->outputs[0].data;
  if (n == 0) return TF_OK;
  memset(out, 0, (size_t)(n * n) * size);
  for (int64_t i = 0; i < n; i++)
    memcpy(out + (size_t)(i * n + i) * size, (const char *)op_input(c, 0)->data + (size_t)i * size, size);
  return TF_OK;
}

static TF_Code part_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  shape_text(in->dims, in->rank, text, sizeof text);
  if (in->rank == 0 || in->rank % 2)
    return fail(st, TF_INVALID_ARGUMENT, "The rank of the tensor should be even and positive, got shape %s",
                text);
  int half = in->rank / 2;
  for (int d = 0; d < half; d++)
    if (in->dims[d] != in->dims[d + half])
      return fail(st, TF_INVALID_ARGUMENT, "Invalid shape %s: dimensions %d and %d do not match.", text, d,
                  d + half);
  return op_output(c, 0, in->dtype, in->dims, half, st);
}

static TF_Code part_run(OpCtx *c, TF_Status *st) {
  (void)st;
  int64_t n = tensor_count(&c->outputs[0]);
  size_t size = dtype_size(c->outputs[0].dtype);
  for (int64_t i = 0; i < n; i++)
    memcpy((char *)c->outputs[0].data + (size_t)i * size,
           (const char *)op_input(c, 0)->data + (size_t)(i * n + i) * size, size);
  return TF_OK;
}

static TF_Code shape_diag(ShapeCtx *c, TF_Status *st) {
  (void)st;
  Shape out = *c->inputs[0];
  if (out.rank < 0 || 2 * out.rank > TENSOR_MAX_RANK) return TF_OK;
  memcpy(out.dims + out.rank, out.dims, (size_t)out.rank * sizeof *out.dims);
  out.rank *= 2;
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code shape_part(ShapeCtx *c, TF_Status *st) {
  Shape out = *c->inputs[0];
  if (out.rank < 0) return TF_OK;
  if (out.rank % 2 || out.rank == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input must have even and non-zero rank, input rank is %d",
                out.rank);
  out.rank /= 2;
  c->outputs[0] = out;
  return TF_OK;
}

#define PLAIN_TYPES "bool " TYPES_NUMBERS
#define MATRIX_DIAG(name_, values_)                                                           \
  {                                                                                           \
    name_, .types = "T: " PLAIN_TYPES, .value_inputs = values_, .prep_size = sizeof(Band),    \
           .shape = shape_matrix_diag, .prepare = matrix_diag_prepare, .run = matrix_diag_run \
  }
#define DIAG_PART(name_, values_)                                                          \
  {                                                                                        \
    name_, .types = "T: " PLAIN_TYPES, .value_inputs = values_, .prep_size = sizeof(Band), \
           .shape = shape_diag_part, .prepare = diag_part_prepare, .run = diag_part_run    \
  }
#define SET_DIAG(name_, values_)                                                                            \
  {                                                                                                         \
    name_, .types = "T: " PLAIN_TYPES, .flags = OP_INPLACE_FIRST, .value_inputs = values_,                  \
           .prep_size = sizeof(Band), .shape = shape_same, .prepare = set_diag_prepare, .run = set_diag_run \
  }

const OpRow ops_linalg_diag[] = {MATRIX_DIAG("MatrixDiag", 0),
                                 MATRIX_DIAG("MatrixDiagV2", 14),
                                 MATRIX_DIAG("MatrixDiagV3", 14),
                                 DIAG_PART("MatrixDiagPart", 0),
                                 DIAG_PART("MatrixDiagPartV2", 2),
                                 DIAG_PART("MatrixDiagPartV3", 2),
                                 SET_DIAG("MatrixSetDiag", 0),
                                 SET_DIAG("MatrixSetDiagV2", 4),
                                 SET_DIAG("MatrixSetDiagV3", 4),
                                 {"MatrixBandPart", .types = "T: " PLAIN_TYPES, .shape = shape_same,
                                  .prepare = band_part_prepare, .run = band_part_run},
                                 MATRIX_DIAG("BatchMatrixDiag", 0),
                                 DIAG_PART("BatchMatrixDiagPart", 0),
                                 SET_DIAG("BatchMatrixSetDiag", 0),
                                 {"BatchMatrixBandPart", .types = "T: " PLAIN_TYPES, .shape = shape_same,
                                  .prepare = band_part_prepare, .run = band_part_run},
                                 {"Diag", .types = "T: half float double int32 int64 " TYPES_COMPLEX,
                                  .shape = shape_diag, .prepare = diag_prepare, .run = diag_run},
                                 {"DiagPart", .types = "T: half float double int32 int64 " TYPES_COMPLEX,
                                  .shape = shape_part, .prepare = part_prepare, .run = part_run},
                                 {0}};
