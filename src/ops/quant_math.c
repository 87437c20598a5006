/* Arithmetic of quantised numbers: QuantizedAdd, QuantizedMul, QuantizedBiasAdd, QuantizedRelu,
 * QuantizedRelu6, QuantizedMatMul. Results that need room are qint32. */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_broadcast.h"
#include "ops/quant_util.h"

/* prepare: inputs `from` and following are scalars of these names, which end with null. */
static TF_Code check_scalars(const OpCtx *c, int from, const char *const *names, TF_Status *st) {
  for (int i = 0; names[i]; i++) TRY(quant_check_scalar(c, from + i, names[i], st));
  return TF_OK;
}

/* ---- QuantizedAdd, QuantizedMul ---- */

/* Groups of dims that broadcast alike, as TensorFlow's kernel sees them: it takes at most two. */
static int broadcast_groups(const Tensor *x, const Tensor *y) {
  int groups = 0, last = -1, rank = x->rank > y->rank ? x->rank : y->rank;
  for (int d = 0; d < rank; d++) {
    int64_t a = d < rank - x->rank ? 1 : x->dims[d - rank + x->rank];
    int64_t b = d < rank - y->rank ? 1 : y->dims[d - rank + y->rank];
    if (a == 1 && b == 1) continue;
    int kind = a == b ? 0 : a == 1 ? 1 : 2;
    groups += kind != last;
    last = kind;
  }
  return groups;
}

static TF_Code binary_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"min_x", "max_x", "min_y", "max_y", NULL};
  const Tensor *both[2] = {op_input(c, 0), op_input(c, 1)};
  bool add = strcmp(c->node->op, "QuantizedAdd") == 0;
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  Broadcast b;
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (add) TRY(check_scalars(c, 2, names, st));
  else
    for (int i = 0; i < 4; i++)
      if (op_input(c, 2 + i)->rank != 0)
        return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar", names[i]);
  if (!broadcast_plan(&b, both, 2, dims, &rank)) return broadcast_fail(both[0], both[1], st);
  TRY(op_output(c, 0, TF_QINT32, dims, rank, st));
  /* TF: two inputs that broadcast towards each other get no result that is defined. */
  int64_t n = tensor_count(&c->outputs[0]);
  if (broadcast_groups(both[0], both[1]) > 2 || (tensor_count(both[0]) != n && tensor_count(both[1]) != n))
    return fail(st, TF_UNIMPLEMENTED, "Broadcast between %s and %s is not supported yet.",
                shape_text(both[0]->dims, both[0]->rank, x, sizeof x),
                shape_text(both[1]->dims, both[1]->rank, y, sizeof y));
  return quant_range_output(c, 1, st);
}

/* Quantised bytes in a range of qint32: start + byte * step. */
typedef struct Line {
  int64_t start, step;
} Line;

static Line line_of(float min, float max, float out_min, float out_max) {
  float zero = quant_to_float(TF_QUINT8, 0, min, max), one = quant_to_float(TF_QUINT8, 1, min, max);
  int64_t start = quant_of_float_unclamped(TF_QINT32, zero, out_min, out_max);
  int64_t end = quant_of_float_unclamped(TF_QINT32, one, out_min, out_max);
  return (Line){start, (int32_t)((uint64_t)end - (uint64_t)start)};
}

static uint32_t on_line(Line l, int64_t byte) {
  int64_t v = (int64_t)((uint64_t)l.start + (uint64_t)byte * (uint64_t)l.step);
  return (uint32_t)(v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : v);
}

static TF_Code check_ranges(const OpCtx *c, TF_Status *st) {
  bool add = strcmp(c->node->op, "QuantizedAdd") == 0;
  if (!(quant_float(c, 3) > quant_float(c, 2)))
    return fail(st, TF_INVALID_ARGUMENT,
                add ? "max_x must be larger than min_x." : "max_x must be larger than min_a.");
  if (!(quant_float(c, 5) > quant_float(c, 4)))
    return fail(st, TF_INVALID_ARGUMENT,
                add ? "max_y must be larger than min_y." : "max_x must be larger than min_b.");
  return TF_OK;
}

static TF_Code add_run(OpCtx *c, TF_Status *st) {
  TRY(check_ranges(c, st));
  const Tensor *x = op_input(c, 0), *y = op_input(c, 1);
  float min_x = quant_float(c, 2), max_x = quant_float(c, 3), min_y = quant_float(c, 4),
        max_y = quant_float(c, 5);
  float largest = fmaxf(fabsf(fminf(min_x, min_y)), fabsf(fmaxf(max_x, max_y))) * 16384;
  int64_t nx = tensor_count(x), ny = tensor_count(y), n = tensor_count(&c->outputs[0]);
  Line lx = line_of(min_x, max_x, -largest, largest), ly = line_of(min_y, max_y, -largest, largest);
  bool flat = broadcast_groups(x, y) <= 1;
  quant_put_range(c, 1, -largest, largest);
  if (n == 0 && !flat && (nx < ny ? nx : ny) == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Must have some elements to add");
  if (n == 0) return TF_OK;
  /* TF: the single number is converted directly, the others by steps. */
  uint32_t only_x = (uint32_t)quant_of_float(
      TF_QINT32, quant_to_float(TF_QUINT8, quant_at(x, 0), min_x, max_x), -largest, largest);
  uint32_t only_y = (uint32_t)quant_of_float(
      TF_QINT32, quant_to_float(TF_QUINT8, quant_at(y, 0), min_y, max_y), -largest, largest);
  for (int64_t i = 0; i < n; i++) {
    uint32_t a = flat && nx == 1 ? only_x : on_line(lx, quant_at(x, i % nx));
    uint32_t b = flat && nx != 1 && ny == 1 ? only_y : on_line(ly, quant_at(y, i % ny));
    ((int32_t *)c->outputs[0].data)[i] = (int32_t)(a + b);
  }
  return TF_OK;
}

static TF_Code mul_run(OpCtx *c, TF_Status *st) {
  TRY(check_ranges(c, st));
  const Tensor *x = op_input(c, 0), *y = op_input(c, 1);
  float min_x = quant_float(c, 2), max_x = quant_float(c, 3), min_y = quant_float(c, 4),
        max_y = quant_float(c, 5), min, max;
  uint32_t zero_x = (uint32_t)quant_of_float_unclamped(TF_QUINT8, 0, min_x, max_x);
  uint32_t zero_y = (uint32_t)quant_of_float_unclamped(TF_QUINT8, 0, min_y, max_y);
  int64_t nx = tensor_count(x), ny = tensor_count(y), n = tensor_count(&c->outputs[0]);
  if (n == 0 && broadcast_groups(x, y) > 1 && (nx < ny ? nx : ny) == 0)
    return fail(st, TF_INVALID_ARGUMENT, "vector must have at least 1 element");
  for (int64_t i = 0; i < n; i++)
    ((int32_t *)c->outputs[0].data)[i] = (int32_t)(((uint32_t)quant_at(x, i % nx) - zero_x) *
                                                   ((uint32_t)quant_at(y, i % ny) - zero_y));
  quant_product_range(TF_QUINT8, min_x, max_x, TF_QUINT8, min_y, max_y, &min, &max);
  quant_put_range(c, 1, min, max);
  return TF_OK;
}

static TF_Code binary_shape(ShapeCtx *c, TF_Status *st) {
  for (int i = 1; i < 3; i++) c->outputs[i] = shape_rank0();
  return shape_broadcast_two(c->inputs[0], c->inputs[1], &c->outputs[0], st);
}

/* ---- QuantizedBiasAdd ---- */

static TF_Code bias_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"min_input", "max_input", "min_bias", "max_bias", NULL};
  const Tensor *x = op_input(c, 0), *bias = op_input(c, 1);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  shape_text(x->dims, x->rank, a, sizeof a);
  shape_text(bias->dims, bias->rank, b, sizeof b);
  TRY(check_scalars(c, 2, names, st));
  if (x->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "Input tensor must be at least 2D: %s", a);
  if (bias->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Biases must be 1D: %s", b);
  if (bias->dims[0] != x->dims[x->rank - 1])
    return fail(st, TF_INVALID_ARGUMENT,
                "Must provide as many biases as the last dimension of the input tensor: %s vs. %s", b, a);
  if (bias->dims[0] == 0) return fail(st, TF_INVALID_ARGUMENT, "Must provide at least one bias");
  TRY(op_output(c, 0, TF_QINT32, x->dims, x->rank, st));
  return quant_range_output(c, 1, st);
}

static TF_Code bias_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0), *bias = op_input(c, 1);
  float max = fmaxf(fmaxf(quant_float(c, 3), -quant_float(c, 2)),
                    fmaxf(quant_float(c, 5), -quant_float(c, 4))) *
              131072;
  QuantScale from_x = quant_scale_to_float(x->dtype, quant_float(c, 2), quant_float(c, 3));
  QuantScale from_bias = quant_scale_to_float(bias->dtype, quant_float(c, 4), quant_float(c, 5));
  QuantScale to = quant_scale_of_float(TF_QINT32, -max, max);
  uint32_t zero = (uint32_t)quant_of_float(TF_QINT32, 0, -max, max);
  for (int64_t i = 0, n = tensor_count(x), m = bias->dims[0]; i < n; i++) {
    uint32_t a = (uint32_t)quant_scaled_of_float(&to, quant_scaled_to_float(&from_x, quant_at(x, i)));
    uint32_t b = (uint32_t)quant_scaled_of_float(&to,
                                                 quant_scaled_to_float(&from_bias, quant_at(bias, i % m)));
    ((int32_t *)c->outputs[0].data)[i] = (int32_t)(a + b + zero);
  }
  quant_put_range(c, 1, -max, max);
  return TF_OK;
}

/* ---- QuantizedRelu, QuantizedRelu6 ---- */

static TF_Code relu_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"min_input", "max_input", NULL};
  TRY(check_scalars(c, 1, names, st));
  TRY(op_output_like(c, 0, op_input(c, 0), st));
  return quant_range_output(c, 1, st);
}

static TF_Code relu_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *x = op_input(c, 0);
  float min = quant_float(c, 1), max = quant_float(c, 2);
  int64_t low = quant_of_float(x->dtype, 0, min, max), high = quant_highest(x->dtype);
  if (strcmp(c->node->op, "QuantizedRelu6") == 0) high = quant_of_float(x->dtype, 6, min, max);
  for (int64_t i = 0, n = tensor_count(x); i < n; i++) {
    int64_t v = quant_at(x, i);
    v = v > low ? v : low;
    quant_put(&c->outputs[0], i, v < high ? v : high);
  }
  quant_put_range(c, 1, min, max);
  return TF_OK;
}

/* ---- QuantizedMatMul ---- */

typedef struct MatMulPrep {
  int64_t m, n, k, a_row, a_col, b_row, b_col;
} MatMulPrep;

static TF_Code matmul_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"min_a", "max_a", "min_b", "max_b"};
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  MatMulPrep *p = c->prep;
  bool ta, tb;
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  TRY(node_attr_bool(c->node, "transpose_a", &ta, st));
  TRY(node_attr_bool(c->node, "transpose_b", &tb, st));
  for (int i = 0; i < 4; i++) {
    const Tensor *t = op_input(c, 2 + i);
    if (i ? tensor_count(t) != 1 : t->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar, but got shape%s", names[i],
                  shape_text(t->dims, t->rank, x, sizeof x));
  }
  if (a->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "In[0] is not a matrix");
  if (b->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "In[1] is not a matrix");
  *p = (MatMulPrep){a->dims[ta],         b->dims[!tb],        a->dims[!ta],       ta ? 1 : a->dims[1],
                    ta ? a->dims[1] : 1, tb ? 1 : b->dims[1], tb ? b->dims[1] : 1};
  if (p->k != b->dims[tb])
    return fail(st, TF_INVALID_ARGUMENT, "Matrix size-incompatible: In[0]: %s, In[1]: %s",
                shape_text(a->dims, a->rank, x, sizeof x), shape_text(b->dims, b->rank, y, sizeof y));
  int64_t dims[2] = {p->m, p->n};
  TRY(op_output(c, 0, TF_QINT32, dims, 2, st));
  return quant_range_output(c, 1, st);
}

static void matmul_rows(void *arg, int64_t begin, int64_t end) {
  const OpCtx *c = arg;
  const MatMulPrep *p = c->prep;
  const uint8_t *a = op_input(c, 0)->data, *b = op_input(c, 1)->data;
  uint32_t zero_a = (uint32_t)quant_of_float_unclamped(TF_QUINT8, 0, quant_float(c, 2), quant_float(c, 3));
  uint32_t zero_b = (uint32_t)quant_of_float_unclamped(TF_QUINT8, 0, quant_float(c, 4), quant_float(c, 5));
  for (int64_t i = begin; i < end; i++) {
    uint32_t *row = (uint32_t *)c->outputs[0].data + i * p->n;
    memset(row, 0, (size_t)p->n * sizeof *row);
    for (int64_t x = 0; x < p->k; x++) {
      uint32_t f = a[i * p->a_row + x * p->a_col] - zero_a;
      const uint8_t *from = b + x * p->b_row;
      for (int64_t j = 0; j < p->n; j++) row[j] += f * (from[j * p->b_col] - zero_b);
    }
  }
}

static TF_Code matmul_run(OpCtx *c, TF_Status *st) {
  const MatMulPrep *p = c->prep;
  float min, max;
  if (!(quant_float(c, 3) > quant_float(c, 2)))
    return fail(st, TF_INVALID_ARGUMENT, "max_a must be larger than min_a.");
  if (!(quant_float(c, 5) > quant_float(c, 4)))
    return fail(st, TF_INVALID_ARGUMENT, "max_b must be larger than min_b.");
  if (p->m && p->n)
    parallel_for(c->threads, p->m, 65536 / (p->n * (p->k < 65536 ? p->k + 1 : 65536) + 1) + 1, matmul_rows,
                 c);
  quant_product_range(TF_QUINT8, quant_float(c, 2), quant_float(c, 3), TF_QUINT8, quant_float(c, 4),
                      quant_float(c, 5), &min, &max);
  quant_put_range(c, 1, min, max);
  return TF_OK;
}

static TF_Code matmul_shape(ShapeCtx *c, TF_Status *st) {
  bool ta, tb;
  TRY(node_attr_bool(c->node, "transpose_a", &ta, st));
  TRY(node_attr_bool(c->node, "transpose_b", &tb, st));
  for (int i = 0; i < 6; i++) TRY(shape_want_rank(c, i, i < 2 ? 2 : 0, st));
  c->outputs[0] = shape_matrix(shape_dim(c->inputs[0], ta), shape_dim(c->inputs[1], !tb));
  for (int i = 1; i < 3; i++) c->outputs[i] = shape_rank0();
  return TF_OK;
}

#define BINARY(NAME, RUN)                                                            \
  {                                                                                  \
    NAME, .types = "T1: quint8; T2: quint8; Toutput: qint32", .shape = binary_shape, \
          .prepare = binary_prepare, .run = RUN                                      \
  }
#define RELU(NAME)                                                                              \
  {                                                                                             \
    NAME, .types = "Tinput: quint8 qint32; out_type: quint8 qint32", .shape = shape_quant_same, \
          .prepare = relu_prepare, .run = relu_run                                              \
  }

const OpRow ops_quant_math[] = {
    BINARY("QuantizedAdd", add_run),
    BINARY("QuantizedMul", mul_run),
    {"QuantizedBiasAdd", .types = "T1: quint8 qint8; T2: quint8 qint8; out_type: qint32",
     .shape = shape_quant_same, .prepare = bias_prepare, .run = bias_run},
    RELU("QuantizedRelu"),
    RELU("QuantizedRelu6"),
    {"QuantizedMatMul", .types = "T1: quint8; T2: quint8; Toutput: qint32", .prep_size = sizeof(MatMulPrep),
     .shape = matmul_shape, .prepare = matmul_prepare, .run = matmul_run},
    {0}};
