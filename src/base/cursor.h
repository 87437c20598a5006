/* Cursor: reads bytes that came from outside, never past their end.
 *
 * The error is sticky: after a read that did not fit, `failed` is set, nothing is left, and every
 * read gives zero, so a decoder may check once after a group of reads. */
#ifndef SM_BASE_CURSOR_H_
#define SM_BASE_CURSOR_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

typedef struct Cursor {
  const uint8_t *at, *end;
  bool failed;
} Cursor;

static inline Cursor cursor_of(const void *data, size_t size) {
  const uint8_t *p = data ? data : ""; /* never null: adding even nothing to null is undefined */
  return (Cursor){p, data ? p + size : p, false};
}

static inline size_t cursor_left(const Cursor *c) { return (size_t)(c->end - c->at); }

/* `size` bytes in place, or null when there are not as many. */
static inline const uint8_t *cursor_take(Cursor *c, size_t size) {
  if (size > cursor_left(c)) {
    c->failed = true;
    c->at = c->end;
    return NULL;
  }
  const uint8_t *p = c->at;
  c->at += size;
  return p;
}

static inline uint8_t cursor_u8(Cursor *c) {
  const uint8_t *p = cursor_take(c, 1);
  return p ? *p : 0;
}

static inline uint32_t cursor_u32le(Cursor *c) {
  const uint8_t *p = cursor_take(c, 4);
  return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

static inline uint64_t cursor_u64le(Cursor *c) {
  uint64_t lo = cursor_u32le(c);
  return lo | (uint64_t)cursor_u32le(c) << 32;
}

/* protobuf's base-128 varint; more than 10 bytes fail. */
static inline uint64_t cursor_varint(Cursor *c) {
  uint64_t v = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    uint8_t byte = cursor_u8(c);
    v |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
    if (byte < 0x80) return c->failed ? 0 : v;
  }
  c->failed = true;
  c->at = c->end;
  return 0;
}

/* A varint length and that many bytes, in place. */
static inline Span cursor_span(Cursor *c) {
  uint64_t size = cursor_varint(c);
  if (size > cursor_left(c)) size = SIZE_MAX;
  const uint8_t *p = cursor_take(c, (size_t)size);
  return (Span){p, p ? (size_t)size : 0};
}

#endif
