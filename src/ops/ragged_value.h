/* What a variant of a ragged tensor is: its values and splits. */
#ifndef SM_OPS_RAGGED_VALUE_H_
#define SM_OPS_RAGGED_VALUE_H_

#include "ops/op.h"

typedef struct RaggedValue {
  Object object;
  Tensor values;
  int levels;      /* of splits */
  Tensor splits[]; /* vectors, the outermost first */
} RaggedValue;

extern const ObjectType ragged_value_type;

/* Without values and splits: the caller puts them in. */
TF_Code ragged_value_new(RaggedValue **out, int levels, TF_Status *st);
/* ZerosLike and AddN of such variants: the splits stay. */
TF_Code ragged_value_zeros(const RaggedValue *r, RaggedValue **out, TF_Status *st);
TF_Code ragged_value_add(const RaggedValue *a, const RaggedValue *b, const StepEnv *env, RaggedValue **out,
                         TF_Status *st);

#endif
