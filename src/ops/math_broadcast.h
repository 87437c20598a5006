/* Broadcasting: how up to three inputs of different shapes walk together over one output.
 *
 * Dims are collapsed as far as the inputs allow: [8,16,32] with [32] becomes 128 x 32, equal shapes become
 * one dim. The last dim is the inner loop; an input's stride there is 1, or 0 where it is one element. */
#ifndef SM_OPS_MATH_BROADCAST_H_
#define SM_OPS_MATH_BROADCAST_H_

#include <stdbool.h>

#include "ops/op.h"

typedef struct Broadcast {
  int inputs, rank; /* rank >= 1 */
  int64_t dims[TENSOR_MAX_RANK];
  int64_t stride[3][TENSOR_MAX_RANK]; /* elements */
  int64_t outer;                      /* product of all dims but the last */
  int64_t count;                      /* of output elements */
} Broadcast;

/* Plans inputs[0..n), n <= 3, and gives the output's shape; false when the shapes don't go together. */
bool broadcast_plan(Broadcast *b, const Tensor *const *inputs, int n, int64_t *out_dims, int *out_rank);

/* Where each input is at outer index i, in elements. */
static inline void broadcast_offsets(const Broadcast *b, int64_t i, int64_t *offset) {
  for (int k = 0; k < b->inputs; k++) offset[k] = 0;
  for (int d = b->rank - 2; d >= 0; d--) {
    int64_t at = i % b->dims[d];
    i /= b->dims[d];
    for (int k = 0; k < b->inputs; k++) offset[k] += at * b->stride[k][d];
  }
}

/* "Incompatible shapes: [2] vs. [3]", as TensorFlow says it. */
TF_Code broadcast_fail(const Tensor *a, const Tensor *b, TF_Status *st);

#endif
