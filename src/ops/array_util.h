/* Small things that array, state, string and random kernels share: reading index tensors, axes, shapes known
 * in part. */
#ifndef SM_OPS_ARRAY_UTIL_H_
#define SM_OPS_ARRAY_UTIL_H_

#include "ops/math_types.h"
#include "ops/op.h"

/* Lists of dtypes for OpRow.types. */
#define TYPES_NUMBER TYPES_REAL " complex64 complex128"
#define TYPES_POD TYPES_NUMBER " bool"
#define TYPES_QUANTIZED "qint8 quint8 qint32"
#define TYPES_QUANTIZED_ALL "qint8 quint8 qint16 quint16 qint32"
#define TYPES_FLOAT8 "float8_e5m2 float8_e4m3fn"
#define TYPES_ALL TYPES_POD " string resource variant"
#define TYPES_INDEX "int32 int64"

/* Element i of an integer tensor (int8 to int64, uint8, uint16); 0 for other dtypes. */
int64_t int_at(const Tensor *t, int64_t i);
/* The same of an int32 or int64 tensor, written. */
static inline void int_put(Tensor *t, int64_t i, int64_t v) {
  if (t->dtype == TF_INT64) ((int64_t *)t->data)[i] = v;
  else ((int32_t *)t->data)[i] = (int32_t)v;
}
/* Whether an unsigned comparison puts `i` into [0, n). */
static inline bool index_ok(int64_t i, int64_t n) { return (uint64_t)i < (uint64_t)n; }
/* The product of dims[from, to). */
int64_t dims_product(const int64_t *dims, int from, int to);
/* Copies `count` elements of one dtype between tensors, from element `src_at` to `dst_at`. */
TF_Code tensor_copy_range(Tensor *dst, int64_t dst_at, const Tensor *src, int64_t src_at, int64_t count,
                          TF_Status *st);
/* `part` (none) becomes rows [from, from + rows) of `all`, a view where there are elements; `drop` leaves out
 * the first dim, for a single row. */
TF_Code tensor_rows(Tensor *part, const Tensor *all, int64_t from, int64_t rows, bool drop, TF_Status *st);
/* Fills all elements of `t` with the one element at `value`. */
TF_Code tensor_fill(Tensor *t, const void *value, TF_Status *st);
/* Zero bytes, empty strings, null objects. */
void tensor_zero(Tensor *t);
/* Reads an int32 or int64 vector as dims; TensorFlow's errors for negative sizes and
 * too many of them. */
TF_Code dims_of_tensor(const Tensor *t, int64_t *dims, int *rank, TF_Status *st);

/* The dims (room for TENSOR_MAX_RANK) that `in` gets by Reshape to `sizes`, of which one may be -1. */
TF_Code reshape_dims(const Tensor *in, const Tensor *sizes, int64_t *dims, int *rank, TF_Status *st);
/* TF_INVALID_ARGUMENT "NAME must be 1-dimensional[2,3]" unless `t` has that rank. */
TF_Code tensor_want_rank(const Tensor *t, const char *name, int rank, TF_Status *st);
/* The same for a vector of two numbers: "NAME must have two elements[3]". */
TF_Code tensor_want_pair(const Tensor *t, const char *name, TF_Status *st);

/* ---- phase shape ---- */
/* TF_INVALID_ARGUMENT "Shape must be rank 1 but is rank 2" unless input i may have that rank. */
TF_Code shape_want_rank(ShapeCtx *c, int i, int rank, TF_Status *st);
TF_Code shape_want_rank_at_least(ShapeCtx *c, int i, int rank, TF_Status *st);
/* The dim of a shape known in part: -1 when the shape or it is unknown. */
static inline int64_t shape_dim(const Shape *s, int i) { return s->rank < 0 ? -1 : s->dims[i]; }
/* Images [batch, height, width, channels] whose height and width are input i's two elements, -1 where not
 * known. */
Shape shape_of_images(ShapeCtx *c, int64_t batch, int i, int64_t channels);
/* The shape that input i's value names: known from the value, in rank from the length of the vector, or
 * unknown. -1 in the value is an unknown dim. */
TF_Code shape_of_value(ShapeCtx *c, int i, Shape *out, TF_Status *st);
/* The value of a scalar integer input when known. */
bool shape_int_value(ShapeCtx *c, int i, int64_t *out);
/* Dim sizes: unknown (-1) wins. */
static inline int64_t dim_mul(int64_t a, int64_t b) {
  if (a == 0 || b == 0) return 0;
  int64_t r;
  return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &r) ? -1 : r;
}
static inline int64_t dim_add(int64_t a, int64_t b) {
  int64_t r;
  return a < 0 || b < 0 || __builtin_add_overflow(a, b, &r) ? -1 : r;
}
/* *out = what two dims say together; TF_INVALID_ARGUMENT "Dimensions must be equal, but are 2 and 3". */
TF_Code dim_merge(int64_t a, int64_t b, int64_t *out, TF_Status *st);
/* Shapes of vectors and scalars. */
static inline Shape shape_vector(int64_t n) { return (Shape){.rank = 1, .dims = {n}}; }
static inline Shape shape_rank0(void) { return (Shape){.rank = 0}; }
static inline Shape shape_matrix(int64_t n, int64_t m) { return (Shape){.rank = 2, .dims = {n, m}}; }

/* prepare: output i is a scalar. */
static inline TF_Code op_output_scalar(OpCtx *c, int i, TF_DataType dtype, TF_Status *st) {
  const int64_t none[1] = {0};
  return op_output(c, i, dtype, none, 0, st);
}

/* prepare: output 0 is a scalar of its dtype, or is like input 0. */
TF_Code prepare_scalar(OpCtx *c, TF_Status *st);
TF_Code prepare_like(OpCtx *c, TF_Status *st);
/* For rows whose outputs are all aliases. */
TF_Code run_nothing(OpCtx *c, TF_Status *st);

/* A scalar axis in [-rank, rank), made non-negative. */
static inline bool axis_in_range(int64_t *axis, int rank) {
  if (*axis < -rank || *axis >= rank) return false;
  if (*axis < 0) *axis += rank;
  return true;
}

ShapeFn shape_vector_unknown; /* output 0 a vector of unknown length */

#endif
