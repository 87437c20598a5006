/* Arithmetic of sparse tensors with dense results: SparseTensorDenseMatMul, SparseTensorDenseAdd. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/sparse_util.h"

/* ---- SparseTensorDenseMatMul: [m, k] sparse by [k, n] ---- */

static TF_Code matmul_shape(ShapeCtx *c, TF_Status *st) {
  Shape a;
  bool adjoint_a, adjoint_b;
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_of_value(c, 2, &a, st));
  TRY(shape_want_rank(c, 3, 2, st));
  TRY(node_attr_bool(c->node, "adjoint_a", &adjoint_a, st));
  TRY(node_attr_bool(c->node, "adjoint_b", &adjoint_b, st));
  if (a.rank >= 0 && a.rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 2 but is rank %d", a.rank);
  int64_t inner;
  TRY(dim_merge(shape_dim(&a, !adjoint_a), shape_dim(c->inputs[3], adjoint_b), &inner, st));
  c->outputs[0] = shape_matrix(shape_dim(&a, adjoint_a), shape_dim(c->inputs[3], !adjoint_b));
  return TF_OK;
}

static TF_Code matmul_check(const OpCtx *c, bool adjoint_a, bool adjoint_b, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1), *shape = op_input(c, 2),
               *b = op_input(c, 3);
  char text[SHAPE_TEXT_MAX];
  if (b->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Tensor 'b' is not a matrix");
  if (shape->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Tensor 'a_shape' is not a vector");
  if (shape->dims[0] != 2) return fail(st, TF_INVALID_ARGUMENT, "Tensor 'a_shape' must have 2 elements");
  if (values->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Tensor 'a_values' is not a vector");
  if (indices->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Tensor 'a_indices' is not a matrix");
  if (indices->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Number of rows of a_indices does not match number of entries in a_values");
  if (indices->dims[1] != 2)
    return fail(st, TF_INVALID_ARGUMENT,
                "Number of columns of a_indices does not match number of entries in a_shape");
  const int64_t *dims = shape->data;
  for (int i = 0; i < 2; i++)
    if (dims[i] < 0) return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)dims[i]);
  if (dims[!adjoint_a] != b->dims[adjoint_b])
    return fail(st, TF_INVALID_ARGUMENT,
                "Cannot multiply A and B because inner dimension does not match: %lld vs. %lld.  Did you "
                "forget a transpose?  Dimensions of A: [%lld, %lld).  Dimensions of B: %s",
                (long long)dims[!adjoint_a], (long long)b->dims[adjoint_b], (long long)dims[0],
                (long long)dims[1], shape_text(b->dims, 2, text, sizeof text));
  return TF_OK;
}

/* out[m, :] += value * b[k, :] for one entry; half sums as float, in `sum`. */
#define MULTIPLY(T, load, conj_a, conj_b)                                       \
  do {                                                                          \
    T v = conj_a(load(op_input(c, 1)->data, i)), *o = (T *)out + m * n;         \
    for (int64_t j = 0; j < n; j++)                                             \
      o[j] += v * conj_b(load(b->data, adjoint_b ? j * depth + k : k * n + j)); \
  } while (0)
#define AS_IS(x) (x)
#define LOAD_FLOAT(p, i) ((const float *)(p))[i]
#define LOAD_DOUBLE(p, i) ((const double *)(p))[i]
#define LOAD_INT(p, i) ((const uint32_t *)(p))[i]
#define LOAD_HALF(p, i) half_to_float(((const uint16_t *)(p))[i])
#define LOAD_BFLOAT(p, i) bfloat16_to_float(((const uint16_t *)(p))[i])
#define LOAD_C64(p, i) ((const float _Complex *)(p))[i]
#define LOAD_C128(p, i) ((const double _Complex *)(p))[i]
#define CONJ_A(x) (adjoint_a ? conjugate(x) : (x))
#define CONJ_B(x) (adjoint_b ? conjugate(x) : (x))

static double _Complex conjugate(double _Complex z) { return complex_of(__real__ z, -__imag__ z); }

static TF_Code matmul_into(OpCtx *c, void *out, int64_t n, bool adjoint_a, bool adjoint_b, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *b = op_input(c, 3);
  int64_t rows = c->outputs[0].dims[0], depth = b->dims[adjoint_b];
  for (int64_t i = 0; i < indices->dims[0]; i++) {
    int64_t m = int_at(indices, 2 * i + adjoint_a), k = int_at(indices, 2 * i + !adjoint_a);
    if (!index_ok(k, depth))
      return fail(st, TF_INVALID_ARGUMENT, "k (%lld) from index[%lld,%d] out of bounds (>=%lld)",
                  (long long)k, (long long)i, !adjoint_a, (long long)depth);
    if (!index_ok(m, rows))
      return fail(st, TF_INVALID_ARGUMENT, "m (%lld) from index[%lld,%d] out of bounds (>=%lld)",
                  (long long)m, (long long)i, adjoint_a, (long long)rows);
    switch (b->dtype) {
      case TF_FLOAT: MULTIPLY(float, LOAD_FLOAT, AS_IS, AS_IS); break;
      case TF_DOUBLE: MULTIPLY(double, LOAD_DOUBLE, AS_IS, AS_IS); break;
      case TF_INT32: MULTIPLY(uint32_t, LOAD_INT, AS_IS, AS_IS); break;
      case TF_HALF: MULTIPLY(float, LOAD_HALF, AS_IS, AS_IS); break;
      case TF_BFLOAT16: MULTIPLY(float, LOAD_BFLOAT, AS_IS, AS_IS); break;
      case TF_COMPLEX64: MULTIPLY(float _Complex, LOAD_C64, CONJ_A, CONJ_B); break;
      default: MULTIPLY(double _Complex, LOAD_C128, CONJ_A, CONJ_B); break;
    }
  }
  return TF_OK;
}

static TF_Code matmul_run(OpCtx *c, TF_Status *st) {
  const Tensor *b = op_input(c, 3);
  bool adjoint_a, adjoint_b;
  TRY(node_attr_bool(c->node, "adjoint_a", &adjoint_a, st));
  TRY(node_attr_bool(c->node, "adjoint_b", &adjoint_b, st));
  TRY(matmul_check(c, adjoint_a, adjoint_b, st));
  int64_t dims[2] = {((const int64_t *)op_input(c, 2)->data)[adjoint_a], b->dims[!adjoint_b]};
  TRY(op_alloc_output(c, 0, b->dtype, dims, 2, st));
  tensor_zero(&c->outputs[0]);
  if (!tensor_count(&c->outputs[0]) || !tensor_count(b)) return TF_OK; /* TF: whatever the indices */
  if (!math_is_16(b->dtype)) return matmul_into(c, c->outputs[0].data, dims[1], adjoint_a, adjoint_b, st);
  float *sum;
  int64_t n = tensor_count(&c->outputs[0]);
  TRY(run_alloc(c, n, sizeof *sum, &sum, st));
  TF_Code code = matmul_into(c, sum, dims[1], adjoint_a, adjoint_b, st);
  if (!code) math_store_16(c->outputs[0].data, sum, n, b->dtype);
  free(sum);
  return code;
}

/* ---- SparseTensorDenseAdd ---- */

static TF_Code add_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[3];
  return TF_OK;
}

static TF_Code add_run(OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1), *shape = op_input(c, 2),
               *b = op_input(c, 3);
  char text[SHAPE_TEXT_MAX];
  Fold add;
  if (indices->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input a_indices should be a matrix but received shape: %s",
                shape_text(indices->dims, indices->rank, text, sizeof text));
  if (values->rank != 1 || shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Inputs a_values and a_shape should be vectors but received shapes: %s and %s",
                shape_text(values->dims, values->rank, text, sizeof text),
                shape_text(shape->dims, shape->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  if (indices->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Number of indices (%lld) and values (%lld) must agree",
                (long long)indices->dims[0], (long long)values->dims[0]);
  if (shape->dims[0] != b->rank || indices->dims[1] != b->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Two operands have different ranks; received: %lld and %d",
                (long long)shape->dims[0], b->rank);
  for (int d = 0; d < b->rank; d++)
    if (int_at(shape, d) != b->dims[d])
      return fail(
          st, TF_INVALID_ARGUMENT,
          "Dimension %d does not equal (no broadcasting is supported): sparse side %lld vs dense side %lld",
          d, (long long)int_at(shape, d), (long long)b->dims[d]);
  TRY(fold_init(&add, "AddV2", b->dtype, st));
  TRY(op_alloc_output(c, 0, b->dtype, b->dims, b->rank, st));
  TRY(tensor_copy_range(&c->outputs[0], 0, b, 0, tensor_count(b), st));
  for (int64_t i = 0; i < values->dims[0]; i++) {
    int64_t at = 0;
    for (int d = 0; d < b->rank; d++) {
      int64_t index = int_at(indices, i * b->rank + d);
      if (!index_ok(index, b->dims[d]))
        return fail(st, TF_INVALID_ARGUMENT, "Sparse tensor has some invalid index on dimension %d", d);
      at = at * b->dims[d] + index;
    }
    char *out = element_at(&c->outputs[0], at);
    fold_run(&add, out, out, element_at(values, i), 1, 1);
  }
  return TF_OK;
}

const OpRow ops_sparse_math[] = {
    {"SparseTensorDenseMatMul", .types = "T: half bfloat16 float double int32 complex64 complex128",
     .flags = OP_DYNAMIC, .shape = matmul_shape, .run = matmul_run},
    {"SparseTensorDenseAdd", .types = "T: " TYPES_NUMBER, .flags = OP_DYNAMIC, .shape = add_shape,
     .run = add_run},
    {0}};
