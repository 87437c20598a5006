/* Walks the fields of a serialized message in place, without a schema:
 *
 *   ProtoField f;
 *   for (Cursor c = cursor_of(data, size); proto_next(&c, &f);)
 *     if (f.number == 2 && f.wire == PROTO_BYTES) ... f.span ...
 *   if (c.failed) -> malformed
 *
 * For the requests of the hot path, whose tensors go straight from the wire into a TF_Tensor. Groups,
 * which no message of ours has, count as malformed. */
#ifndef SM_SERVING_PROTO_SCAN_H_
#define SM_SERVING_PROTO_SCAN_H_

#include "base/cursor.h"

typedef enum ProtoWire { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2, PROTO_FIXED32 = 5 } ProtoWire;

typedef struct ProtoField {
  uint32_t number;
  ProtoWire wire;
  uint64_t value; /* of a varint or a fixed field */
  Span span;      /* of PROTO_BYTES */
} ProtoField;

static inline bool proto_next(Cursor *c, ProtoField *f) {
  if (c->at == c->end) return false;
  uint64_t key = cursor_varint(c);
  f->number = (uint32_t)(key >> 3);
  f->wire = (ProtoWire)(key & 7);
  f->span = (Span){0};
  f->value = 0;
  if (key >> 35 || !f->number) c->failed = true;
  switch (key & 7) {
    case PROTO_VARINT: f->value = cursor_varint(c); break;
    case PROTO_FIXED64: f->value = cursor_u64le(c); break;
    case PROTO_BYTES: f->span = cursor_span(c); break;
    case PROTO_FIXED32: f->value = cursor_u32le(c); break;
    default: c->failed = true;
  }
  return !c->failed;
}

/* Key and value of a map entry whose value is a message or a string. False: malformed. */
static inline bool proto_map_entry(Span entry, Span *key, Span *value) {
  *key = *value = (Span){"", 0};
  Cursor c = cursor_of(entry.data, entry.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES) continue;
    if (f.number == 1) *key = f.span;
    if (f.number == 2) *value = f.span;
  }
  return !c.failed;
}

static inline size_t proto_varint_size(uint64_t v) { return (size_t)(70 - __builtin_clzll(v | 1)) / 7; }

static inline void proto_put_key(Bytes *b, uint32_t number, ProtoWire wire) {
  bytes_put_varint(b, (uint64_t)number << 3 | (uint64_t)wire);
}
static inline void proto_put_varint_field(Bytes *b, uint32_t number, uint64_t v) {
  proto_put_key(b, number, PROTO_VARINT);
  bytes_put_varint(b, v);
}
/* The key and the length of a field whose `size` bytes follow. */
static inline void proto_put_head(Bytes *b, uint32_t number, size_t size) {
  proto_put_key(b, number, PROTO_BYTES);
  bytes_put_varint(b, size);
}
static inline void proto_put_bytes(Bytes *b, uint32_t number, const void *data, size_t size) {
  proto_put_head(b, number, size);
  bytes_append(b, data, size);
}
/* Bytes of a field with key, length and `size` bytes. */
static inline size_t proto_field_size(uint32_t number, size_t size) {
  return proto_varint_size((uint64_t)number << 3) + proto_varint_size(size) + size;
}

#endif
