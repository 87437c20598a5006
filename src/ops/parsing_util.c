/* Values of a feature into a tensor. */
#include "ops/parsing_util.h"

#include <stdlib.h>

#include "ops/string_util.h"

static TF_Code put_strings(const ExampleFeature *f, Tensor *t, int64_t at, size_t count, bool *ok,
                           TF_Status *st) {
  Span *spans = malloc(count * sizeof *spans);
  if (!spans) return fail_oom(st, "strings");
  *ok = example_read_bytes(f, spans, count);
  TF_Code code = TF_OK;
  for (size_t k = 0; *ok && !code && k < count; k++)
    code = string_put(t, at + (int64_t)k, spans[k].data, spans[k].size, st);
  free(spans);
  return code;
}

TF_Code example_put(const ExampleFeature *f, Tensor *t, int64_t at, size_t count, bool *ok, TF_Status *st) {
  *ok = true;
  if (!count) return TF_OK;
  if (t->dtype == TF_STRING) return put_strings(f, t, at, count, ok, st);
  *ok = t->dtype == TF_FLOAT ? example_read_float(f, (float *)t->data + at, count)
                             : example_read_int64(f, (int64_t *)t->data + at, count);
  return TF_OK;
}
