/* The meaning of a strided slice: begin, end, strides and five masks applied to a shape. */
#ifndef SM_OPS_ARRAY_SLICE_H_
#define SM_OPS_ARRAY_SLICE_H_

#include "ops/op.h"

/* As the op gives it; a null tensor is not known yet. Bit i of a mask is about entry i. */
typedef struct SliceSpec {
  int count;
  const Tensor *begin, *end, *strides;
  int64_t mask[5];
} SliceSpec;

/* Which elements of a dense array it is: at + sum of index[i] * steps[i] over the input's dimensions. */
typedef struct StridedSlice {
  int copy_rank;                    /* the input's rank */
  int64_t lengths[TENSOR_MAX_RANK]; /* per input dimension */
  int64_t steps[TENSOR_MAX_RANK];   /* in elements of the input */
  int64_t at, count;
  int rank; /* of the result, new dimensions in, shrunk ones out */
  int64_t dims[TENSOR_MAX_RANK];
  int axis[TENSOR_MAX_RANK]; /* which input dimension each is; -1 for a new one */
  bool whole;                /* all elements in their order */
} StridedSlice;

/* Reads the masks from the node. TensorFlow's errors for bad indices. */
TF_Code slice_spec_resolve(const Node *node, const int64_t *in_dims, int in_rank, const Tensor *begin,
                           const Tensor *end, const Tensor *strides, StridedSlice *out, TF_Status *st);
/* target[slice] = value, which is broadcast. */
TF_Code slice_assign(const Node *node, Tensor *target, const Tensor *begin, const Tensor *end,
                     const Tensor *strides, const Tensor *value, int threads, TF_Status *st);

#endif
