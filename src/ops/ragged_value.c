#include "ops/ragged_value.h"

#include <stdlib.h>
#include <string.h>

#include "ops/tensor_list.h"

static void ragged_destroy(Object *object) {
  RaggedValue *r = (RaggedValue *)object;
  for (int k = 0; k < r->levels; k++) tensor_clear(&r->splits[k]);
  tensor_clear(&r->values);
  free(r);
}

const ObjectType ragged_value_type = {"RaggedTensorVariant", ragged_destroy};

TF_Code ragged_value_new(RaggedValue **out, int levels, TF_Status *st) {
  RaggedValue *r = calloc(1, sizeof *r + (size_t)levels * sizeof(Tensor));
  if (!r) return fail_oom(st, "a ragged tensor");
  object_init(&r->object, &ragged_value_type);
  r->levels = levels;
  *out = r;
  return TF_OK;
}

/* A new one with these values, which it takes over, and the splits of `r`. */
static TF_Code with_values(const RaggedValue *r, Tensor *values, RaggedValue **out, TF_Status *st) {
  if (ragged_value_new(out, r->levels, st)) {
    tensor_clear(values);
    return TF_GetCode(st);
  }
  tensor_move(&(*out)->values, values);
  for (int k = 0; k < r->levels; k++) tensor_share(&(*out)->splits[k], &r->splits[k]);
  return TF_OK;
}

TF_Code ragged_value_zeros(const RaggedValue *r, RaggedValue **out, TF_Status *st) {
  Tensor values = {0};
  TRY(variant_zeros_like(&r->values, &values, st));
  return with_values(r, &values, out, st);
}

static bool same_splits(const Tensor *a, const Tensor *b) {
  return tensor_same_shape(a, b) && !memcmp(a->data, b->data, (size_t)tensor_count(a) * dtype_size(a->dtype));
}

TF_Code ragged_value_add(const RaggedValue *a, const RaggedValue *b, const StepEnv *env, RaggedValue **out,
                         TF_Status *st) {
  Tensor values = {0};
  if (a->values.dtype != b->values.dtype)
    return fail(st, TF_INVALID_ARGUMENT,
                "Can't add RaggedTensorVariants of different dtypes. One is %s and the other is %s",
                dtype_name(a->values.dtype), dtype_name(b->values.dtype));
  if (a->levels != b->levels)
    return fail(st, TF_INVALID_ARGUMENT,
                "Can't add RaggedTensorVariants of different ragged rank. One is %d and the other is %d",
                a->levels, b->levels);
  for (int k = 0; k < a->levels; k++)
    if (!same_splits(&a->splits[k], &b->splits[k]))
      return fail(st, TF_INVALID_ARGUMENT, "Can't add RaggedTensorVariants with different row_splits.");
  TRY(variant_add(&a->values, &b->values, env, &values, st));
  return with_values(a, &values, out, st);
}
