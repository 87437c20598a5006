/* Binary elementwise ops: the plain loops for every op and kind of number (math_binary_loops.c), and the
 * machinery that rows of other files share (math_binary.c). */
#ifndef SM_OPS_MATH_BINARY_H_
#define SM_OPS_MATH_BINARY_H_

#include "ops/math_broadcast.h"
#include "ops/math_types.h"
#include "ops/op.h"

/* out[i] = f(a[i * sa], b[i * sb]); strides are 0 or 1. `param`: slope, tolerance. */
typedef void BinaryLoop(void *out, const void *a, const void *b, int64_t n, int sa, int sb, float param);

/* What the second operand must not hold. */
typedef enum BinaryCheck { CHECK_NONE, CHECK_ZERO, CHECK_NEGATIVE } BinaryCheck;

typedef struct BinaryOp {
  const char *name;
  int simd;                 /* EwBinary, or -1 */
  BinaryLoop *const *loops; /* by MathKind */
  BinaryCheck check;        /* integers only */
  bool to_bool;
  const char *param; /* a float attr, or null */
  /* Loops of floats for half and bfloat16 where rounding only the result would not do; else null. */
  BinaryLoop *half, *bfloat16;
} BinaryOp;

extern const BinaryOp binary_ops[]; /* ends with a null name */

typedef struct BinaryState {
  const BinaryOp *op;
  EwBinaryFn *fast; /* or null */
  BinaryLoop *loop;
  TF_DataType dtype;
  uint8_t in_size, out_size; /* bytes an element */
  bool is_16, out_is_16;
  bool any_shapes; /* Equal, NotEqual with incompatible_shape_error = false */
  float param;
} BinaryState;

typedef struct BinaryPrep {
  Broadcast b;
  bool mismatch; /* shapes don't go together, and that is the answer */
} BinaryPrep;

/* For rows elsewhere that are a binary op at heart. */
TF_Code binary_init_as(OpInit *k, const char *op, TF_Status *st);
/* Declares output 0 as a's and b's broadcast; both have the elements of inputs 0 and 1. */
TF_Code binary_prepare_as(OpCtx *c, const Tensor *a, const Tensor *b, TF_Status *st);
TF_Code binary_run(OpCtx *c, TF_Status *st);

#endif
