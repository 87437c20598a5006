/* String tensors by element. */
#ifndef SM_OPS_STRING_UTIL_H_
#define SM_OPS_STRING_UTIL_H_

#include "base/bytes.h"
#include "ops/op.h"

/* The bytes of element i. */
static inline Span string_at(const Tensor *t, int64_t i) {
  Span s;
  s.data = tstring_data((const TF_TString *)t->data + i, &s.size);
  return s;
}
static inline TF_Code string_put(Tensor *t, int64_t i, const void *data, size_t size, TF_Status *st) {
  return tstring_set((TF_TString *)t->data + i, data ? data : "", size) ? TF_OK
                                                                        : fail_oom(st, "a string element");
}
/* Sets element i to the buffer's bytes, or says that it ran out of memory. */
static inline TF_Code string_put_bytes(Tensor *t, int64_t i, const Bytes *b, TF_Status *st) {
  TRY(bytes_finish(b, "a string element", st));
  return string_put(t, i, b->data, b->size, st);
}

/* White space of the C locale. */
static inline bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
/* Characters of UTF-8: bytes that do not continue one. */
static inline bool utf8_continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }
int64_t utf8_length(Span s);

#endif
