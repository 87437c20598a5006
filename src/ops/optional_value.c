#include "ops/optional_value.h"

#include <stdlib.h>

#include "ops/tensor_list.h"

static void destroy(Object *object) {
  OptionalValue *o = (OptionalValue *)object;
  for (int i = 0; i < o->count; i++) tensor_clear(&o->values[i]);
  free(o);
}

const ObjectType optional_value_type = {"tensorflow::data::Optional", destroy};

TF_Code optional_value_new(OptionalValue **out, bool has_value, int count, TF_Status *st) {
  OptionalValue *o = calloc(1, sizeof *o + (size_t)count * sizeof(Tensor));
  if (!o) return fail_oom(st, "an optional");
  object_init(&o->object, &optional_value_type);
  o->has_value = has_value;
  *out = o;
  return TF_OK;
}

TF_Code optional_value_note(OptionalValue *o, const Tensor *value, TF_Status *st) {
  int depth = variant_depth(value) + 1;
  if (depth > TENSOR_LIST_MAX_DEPTH)
    return fail(st, TF_RESOURCE_EXHAUSTED, "optionals nest more than %d deep", TENSOR_LIST_MAX_DEPTH);
  if (o->depth < depth) o->depth = depth;
  return TF_OK;
}

TF_Code optional_value_zeros(const OptionalValue *o, OptionalValue **out, TF_Status *st) {
  OptionalValue *zeros = NULL;
  TRY(optional_value_new(&zeros, o->has_value, o->count, st));
  zeros->depth = o->depth;
  TF_Code code = TF_OK;
  for (int i = 0; i < o->count && !code; i++) {
    code = variant_zeros_like(&o->values[i], &zeros->values[i], st);
    if (!code) zeros->count++;
  }
  if (code) object_unref(zeros);
  else *out = zeros;
  return code;
}

TF_Code optional_value_add(const OptionalValue *a, const OptionalValue *b, const StepEnv *env,
                           OptionalValue **out, TF_Status *st) {
  OptionalValue *sum = NULL;
  if (a->has_value != b->has_value)
    return fail(st, TF_INVALID_ARGUMENT,
                "Cannot add optionals because one has a value and the other doesn't.");
  if (a->count != b->count)
    return fail(st, TF_INVALID_ARGUMENT,
                "Cannot add optionals because they have different numbers of components (%d vs. %d).",
                a->count, b->count);
  TRY(optional_value_new(&sum, a->has_value, a->count, st));
  sum->depth = a->depth > b->depth ? a->depth : b->depth;
  TF_Code code = TF_OK;
  for (int i = 0; i < a->count && !code; i++) {
    const Tensor *x = &a->values[i], *y = &b->values[i];
    if (x->dtype != y->dtype)
      code = fail(st, TF_INVALID_ARGUMENT, "Cannot add optionals of %s and %s", dtype_name(x->dtype),
                  dtype_name(y->dtype));
    else code = variant_add(x, y, env, &sum->values[i], st);
    if (!code) sum->count++;
  }
  if (code) object_unref(sum);
  else *out = sum;
  return code;
}
