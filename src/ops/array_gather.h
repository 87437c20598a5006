/* Gathering rows by index, for tensors and variables. */
#ifndef SM_OPS_ARRAY_GATHER_H_
#define SM_OPS_ARRAY_GATHER_H_

#include "ops/op.h"

/* The shape of a gather: params [batch, outer, limit, inner], indices [batch, count], result [batch, outer,
 * count, inner]. */
typedef struct GatherPlan {
  int64_t batch, outer, limit, inner, count;
  int rank;
  int64_t dims[2 * TENSOR_MAX_RANK];
} GatherPlan;

TF_Code gather_plan(GatherPlan *g, const Tensor *params, const Tensor *indices, int64_t axis,
                    int64_t batch_dims, TF_Status *st);
/* out has the shape of the plan. TF_INVALID_ARGUMENT "indices[1] = 5 is not in [0, 3)". */
TF_Code gather_run(const GatherPlan *g, Tensor *out, const Tensor *params, const Tensor *indices,
                   TF_Status *st);

/* TF_INVALID_ARGUMENT of that kind, for the element `at` of `indices`. */
TF_Code gather_fail_index(const Tensor *indices, int64_t at, int64_t limit, TF_Status *st);

/* GatherNd: the last dimension of `indices` holds positions in the first dimensions of `params`. */
TF_Code gather_nd_dims(const Tensor *params, const Tensor *indices, int64_t *dims, int *rank, TF_Status *st);
TF_Code gather_nd_run(Tensor *out, const Tensor *params, const Tensor *indices, const char *node_name,
                      TF_Status *st);

#endif
