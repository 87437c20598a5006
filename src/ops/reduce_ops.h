/* The reduction engine, for rows of other files that are reductions at heart (BiasAddGrad, L2Loss). */
#ifndef SM_OPS_REDUCE_OPS_H_
#define SM_OPS_REDUCE_OPS_H_

#include "ops/math_types.h"
#include "ops/op.h"

typedef enum ReduceOp { R_SUM, R_PROD, R_MAX, R_MIN, R_MEAN, R_NORM, R_ANY, R_ALL, R_L2, R_OPS } ReduceOp;

typedef union Acc {
  double d;
  int64_t i;
  uint64_t u;
  double c[2];
} Acc;

/* Combines n elements into one accumulator; n elements into n accumulators; results out of accumulators. */
typedef void RowFn(Acc *acc, const void *x, int64_t n);
typedef void ColumnFn(Acc *acc, const void *x, int64_t n);
typedef void FinishFn(void *out, const Acc *acc, int64_t n, int64_t count);

typedef struct ReduceFns {
  RowFn *row;
  ColumnFn *column;
  FinishFn *finish;
} ReduceFns;

typedef struct ReduceState {
  ReduceOp op;
  int kind;
  TF_DataType dtype;
  bool is_16, keep_dims;
  ReduceFns fns;
} ReduceState;

typedef struct ReducePrep {
  bool rows;                   /* the innermost run is reduced */
  int64_t inner;               /* its length; in mode columns that of the innermost kept run */
  int kept_rank, reduced_rank; /* the other runs */
  int64_t kept_dims[TENSOR_MAX_RANK], kept_strides[TENSOR_MAX_RANK];
  int64_t reduced_dims[TENSOR_MAX_RANK], reduced_strides[TENSOR_MAX_RANK];
  int64_t outer;   /* product of kept_dims */
  int64_t repeats; /* product of reduced_dims */
  int64_t count;   /* elements reduced into one */
  int64_t pieces;  /* of a full reduction, else 0 */
} ReducePrep;

TF_Code reduce_init_as(OpInit *k, ReduceOp op, TF_Status *st);
/* Reduces input 0 over the marked dims into output 0, of that shape. */
TF_Code reduce_prepare_as(OpCtx *c, const bool *reduced, const int64_t *out_dims, int out_rank,
                          TF_Status *st);
TF_Code reduce_run(OpCtx *c, TF_Status *st);

#endif
