/* What a variant of an optional is: some tensors, or none. */
#ifndef SM_OPS_OPTIONAL_VALUE_H_
#define SM_OPS_OPTIONAL_VALUE_H_

#include "ops/op.h"

typedef struct OptionalValue {
  Object object;
  bool has_value;
  int depth; /* of lists and optionals in this one, at least: bounded as those of lists are */
  int count;
  Tensor values[];
} OptionalValue;

extern const ObjectType optional_value_type;

/* With room for `count` tensors, without them: `count` is 0 until the caller has put them in. */
TF_Code optional_value_new(OptionalValue **out, bool has_value, int count, TF_Status *st);
/* Notes what is about to be put in. TF_RESOURCE_EXHAUSTED when that nests too deep. */
TF_Code optional_value_note(OptionalValue *o, const Tensor *value, TF_Status *st);
/* ZerosLike and AddN of such variants, of each tensor. */
TF_Code optional_value_zeros(const OptionalValue *o, OptionalValue **out, TF_Status *st);
TF_Code optional_value_add(const OptionalValue *a, const OptionalValue *b, const StepEnv *env,
                           OptionalValue **out, TF_Status *st);

#endif
