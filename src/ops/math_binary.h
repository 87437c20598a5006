/* What math_binary_loops.c offers to math_binary.c: plain loops for every op and kind of number. */
#ifndef SM_OPS_MATH_BINARY_H_
#define SM_OPS_MATH_BINARY_H_

#include "ops/math_types.h"

/* out[i] = f(a[i * sa], b[i * sb]); strides are 0 or 1. `param`: slope, tolerance. */
typedef void BinaryLoop(void *out, const void *a, const void *b, int64_t n, int sa, int sb, float param);

/* What the second operand must not hold. */
typedef enum BinaryCheck { CHECK_NONE, CHECK_ZERO, CHECK_NEGATIVE } BinaryCheck;

typedef struct BinaryOp {
  const char *name;
  int simd; /* EwBinary, or -1 */
  BinaryLoop *const *loops; /* by MathKind */
  BinaryCheck check;        /* integers only */
  bool to_bool;
  const char *param; /* a float attr, or null */
  /* Loops of floats for half and bfloat16 where rounding only the result would not do; else null. */
  BinaryLoop *half, *bfloat16;
} BinaryOp;

extern const BinaryOp binary_ops[]; /* ends with a null name */

#endif
