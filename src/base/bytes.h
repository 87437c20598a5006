/* Bytes: a growable byte buffer for what is written out, and Span: bytes that somebody else owns.
 *
 * Appending has a sticky error: when memory is out, `failed` is set and later calls do nothing, so a
 * writer checks once at the end (bytes_finish). The data is always NUL-terminated when not null. */
#ifndef SM_BASE_BYTES_H_
#define SM_BASE_BYTES_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/status.h"

typedef struct Span {
  const void *data;
  size_t size;
} Span;

typedef struct Bytes {
  char *data;
  size_t size, capacity;
  bool failed;
} Bytes;

void bytes_clear(Bytes *b);
/* Room for `extra` more bytes; returns where they go (they do not count before bytes_grow), or null. */
char *bytes_reserve(Bytes *b, size_t extra);
static inline void bytes_grow(Bytes *b, size_t by) { b->size += by; }
void bytes_append(Bytes *b, const void *data, size_t size);
void bytes_puts(Bytes *b, const char *text);
void bytes_putc(Bytes *b, char c);
void bytes_printf(Bytes *b, const char *fmt, ...) SM_PRINTF(2, 3);
void bytes_put_u32le(Bytes *b, uint32_t v);
void bytes_put_u64le(Bytes *b, uint64_t v);
/* protobuf's base-128 varint, 1 to 10 bytes. */
void bytes_put_varint(Bytes *b, uint64_t v);
/* TF_OK, or the out-of-memory error if an append failed. */
TF_Code bytes_finish(const Bytes *b, const char *what, TF_Status *st);

#endif
