/* Moving elements between two arrangements of dimensions: what most array ops come down to.
 *
 * An ArrayCopy is a nest of loops, outermost first; every loop has a length and a step in elements for source
 * and destination each. A step of 0 in the source repeats it (Tile, BroadcastTo), a negative one runs
 * backwards (ReverseV2). A plan is made in prepare and run many times:
 *
 *   ArrayCopy p = {0};
 *   array_copy_loop(&p, rows, 1, columns);     transposes [columns, rows] to [rows, columns]
 *   array_copy_loop(&p, columns, rows, 1);
 *   array_copy_finish(&p);
 *
 * The caller answers for every element that the loops reach lying inside both tensors. */
#ifndef SM_OPS_ARRAY_COPY_H_
#define SM_OPS_ARRAY_COPY_H_

#include "tensor/tensor.h"

enum { ARRAY_COPY_RANK = 2 * TENSOR_MAX_RANK + 2 };

typedef struct ArrayLoop {
  int64_t count, src, dst;
} ArrayLoop;

typedef struct ArrayCopy {
  int rank;
  ArrayLoop loops[ARRAY_COPY_RANK];
  int64_t src_at, dst_at; /* the first elements */
} ArrayCopy;

/* Adds a loop inside those that are there. */
void array_copy_loop(ArrayCopy *p, int64_t count, int64_t src, int64_t dst);
/* Joins loops that are one, and orders them for speed. */
void array_copy_finish(ArrayCopy *p);
/* Objects and strings in `dst` must be valid elements (as in a new tensor). */
TF_Code array_copy_run(const ArrayCopy *p, TF_DataType dtype, void *dst, const void *src, int threads,
                       TF_Status *st);

/* Steps of a dense row-major array. */
void array_strides(const int64_t *dims, int rank, int64_t *strides);

#endif
