/* What kernels of sparse tensors share. A sparse tensor is three tensors: indices [n, rank] (int64), values
 * [n], and the dense shape [rank] (int64). Nothing in them is trusted: indices may lie outside the shape, in
 * any order. */
#ifndef SM_OPS_SPARSE_UTIL_H_
#define SM_OPS_SPARSE_UTIL_H_

#include "ops/array_util.h"
#include "ops/math_binary.h"

typedef struct Sparse {
  const Tensor *values;
  const int64_t *indices; /* [count][rank] */
  const int64_t *dims;    /* [rank] */
  int64_t count;
  int rank;
} Sparse;

/* Checks that the tensors go together in shape: TF_INVALID_ARGUMENT. A rank above TENSOR_MAX_RANK is
 * refused. */
TF_Code sparse_view(Sparse *s, const Tensor *indices, const Tensor *values, const Tensor *shape,
                    TF_Status *st);
/* The dense shape is one: no negative dims, its product fits. */
TF_Code sparse_check_dims(const Sparse *s, TF_Status *st);
/* Indices lie in the shape, and rise without repetition when `sorted`. */
TF_Code sparse_check_indices(const Sparse *s, bool sorted, TF_Status *st);
/* The first only, in the words of other ops: "Sparse index tuple indices[0, :] = [0, 9] is out of bounds". */
TF_Code sparse_check_tuples(const Sparse *s, TF_Status *st);
/* "Input indices should be a matrix but received shape [3]": one line for all such checks. */
TF_Code sparse_want_rank(const Tensor *t, int rank, const char *what, TF_Status *st);

/* Rows a and b of indices compared in lexicographic order: negative, 0 or positive. */
int index_compare(const int64_t *a, const int64_t *b, int rank);
/* *order (malloc'ed, `n` entries; null is possible for none) sorts rows of indices, equal ones as they
 * stand. */
TF_Code index_order(const int64_t *indices, int64_t n, int rank, int64_t **order, TF_Status *st);
/* Zeroed memory for this run, counted against the step's limit; the caller frees it. */
TF_Code run_alloc(OpCtx *c, int64_t count, size_t item, void *out, TF_Status *st);

/* out[i] = op(a[i], b[i * sb]) for any dtype with arithmetic, 16-bit ones by way of float. `op` is a name of
 * binary_ops. */
typedef struct Fold {
  BinaryLoop *loop;
  TF_DataType dtype;
} Fold;
TF_Code fold_init(Fold *f, const char *op, TF_DataType dtype, TF_Status *st);
void fold_run(const Fold *f, void *out, const void *a, const void *b, int64_t n, int sb);

static inline char *element_at(const Tensor *t, int64_t i) {
  return (char *)t->data + (size_t)i * dtype_size(t->dtype);
}

/* Shape functions: outputs first, first + 1, first + 2 are a sparse tensor of that rank (-1: unknown). */
static inline void shape_sparse(ShapeCtx *c, int first, int64_t rank) {
  c->outputs[first] = shape_matrix(-1, rank);
  c->outputs[first + 1] = shape_vector(-1);
  c->outputs[first + 2] = shape_vector(rank);
}
/* Merges what inputs say about a sparse tensor's rank (columns of indices, length of the shape); a negative
 * input number is none. */
TF_Code shape_sparse_rank(ShapeCtx *c, int indices, int shape, int64_t *rank, TF_Status *st);

#endif
