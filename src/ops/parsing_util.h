/* What the parsers of Examples and SequenceExamples share. */
#ifndef SM_OPS_PARSING_UTIL_H_
#define SM_OPS_PARSING_UTIL_H_

#include "ops/op.h"
#include "wire/example.h"

static inline TF_DataType example_dtype(ExampleKind k) {
  return k == EXAMPLE_BYTES ? TF_STRING : k == EXAMPLE_FLOAT ? TF_FLOAT : TF_INT64;
}
/* Puts all `count` values of a feature (as example_count says) into `t`, of the feature's dtype, from element
 * `at` on. *ok is false for malformed bytes. */
TF_Code example_put(const ExampleFeature *f, Tensor *t, int64_t at, size_t count, bool *ok, TF_Status *st);

#endif
