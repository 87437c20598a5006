/* Writing Summary messages (summary_message.h). */
#include "ops/summary_message.h"

#include <string.h>

#include "ops/string_util.h"

void summary_put_bytes(Bytes *b, int field, const void *data, size_t size) {
  bytes_put_varint(b, (uint64_t)field << 3 | 2);
  bytes_put_varint(b, size);
  bytes_append(b, data, size);
}
void summary_put_message(Bytes *b, int field, const Bytes *m) {
  if (m->failed) b->failed = true;
  else summary_put_bytes(b, field, m->data ? m->data : "", m->size);
}
void summary_put_int(Bytes *b, int field, int64_t v) {
  if (v == 0) return;
  bytes_put_varint(b, (uint64_t)field << 3);
  bytes_put_varint(b, (uint64_t)v);
}
void summary_put_fixed32(Bytes *b, int field, float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  bytes_put_varint(b, (uint64_t)field << 3 | 5);
  bytes_put_u32le(b, bits);
}
void summary_put_raw_double(Bytes *b, double v) {
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  bytes_put_u64le(b, bits);
}
void summary_put_double(Bytes *b, int field, double v) {
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  if (bits == 0) return;
  bytes_put_varint(b, (uint64_t)field << 3 | 1);
  bytes_put_u64le(b, bits);
}
void summary_put_text(Bytes *b, int field, Span s) {
  if (s.size) summary_put_bytes(b, field, s.data, s.size);
}

TF_Code summary_finish(OpCtx *c, Bytes *b, TF_Code code, TF_Status *st) {
  if (!code) code = string_put_bytes(&c->outputs[0], 0, b, st);
  bytes_clear(b);
  return code;
}
