/* Rows that no entry is in get one with a default: what SparseFillEmptyRows and RaggedFillEmptyRows share,
 * and their gradients. */
#ifndef SM_OPS_FILL_ROWS_H_
#define SM_OPS_FILL_ROWS_H_

#include "ops/op.h"

/* TF_INVALID_ARGUMENT "NAME must be a vector, saw: [2,3]" unless `t` has that rank, at most 2. */
TF_Code fill_want_rank(const Tensor *t, const char *name, int rank, TF_Status *st);

/* run: input 0 (int64) says in which row an entry is, alone or in its first column; inputs 1 and 3 are the
 * entries' values and the default. Outputs 0 and 1 are indices and values in the order of rows, 2 whether a
 * row was empty, 3 where each entry went. TF_INVALID_ARGUMENT for a row outside [0, rows). */
TF_Code fill_rows(OpCtx *c, int64_t rows, TF_Status *st);

/* The gradient by each value, and by the default: the sum of what belongs to no value. */
TF_Code fill_rows_grad_shape(ShapeCtx *c, TF_Status *st);
TF_Code fill_rows_grad(OpCtx *c, TF_Status *st);

#endif
