#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"

void bytes_clear(Bytes *b) {
  free(b->data);
  *b = (Bytes){0};
}

char *bytes_reserve(Bytes *b, size_t extra) {
  size_t need;
  if (b->failed || !checked_add(b->size, extra, &need) || !checked_add(need, 1, &need)) {
    b->failed = true;
    return NULL;
  }
  if (need > b->capacity) {
    size_t capacity = b->capacity ? b->capacity : 64;
    while (capacity < need && checked_mul(capacity, 2, &capacity)) continue;
    char *data = capacity < need ? NULL : realloc(b->data, capacity);
    if (!data) {
      b->failed = true;
      return NULL;
    }
    b->data = data;
    b->capacity = capacity;
  }
  return b->data + b->size;
}

void bytes_append(Bytes *b, const void *data, size_t size) {
  char *at = bytes_reserve(b, size);
  if (!at) return;
  if (size) memcpy(at, data, size);
  b->size += size;
  b->data[b->size] = 0;
}

void bytes_puts(Bytes *b, const char *text) { bytes_append(b, text, strlen(text)); }
void bytes_putc(Bytes *b, char c) { bytes_append(b, &c, 1); }

void bytes_printf(Bytes *b, const char *fmt, ...) {
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  char *at = len < 0 ? NULL : bytes_reserve(b, (size_t)len);
  if (at) {
    vsnprintf(at, (size_t)len + 1, fmt, again);
    b->size += (size_t)len;
  } else {
    b->failed = true;
  }
  va_end(again);
}

void bytes_put_u32le(Bytes *b, uint32_t v) {
  uint8_t raw[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
  bytes_append(b, raw, sizeof raw);
}

void bytes_put_u64le(Bytes *b, uint64_t v) {
  bytes_put_u32le(b, (uint32_t)v);
  bytes_put_u32le(b, (uint32_t)(v >> 32));
}

void bytes_put_varint(Bytes *b, uint64_t v) {
  uint8_t raw[10];
  size_t n = 0;
  while (v >= 0x80) {
    raw[n++] = (uint8_t)(v | 0x80);
    v >>= 7;
  }
  raw[n++] = (uint8_t)v;
  bytes_append(b, raw, n);
}

TF_Code bytes_finish(const Bytes *b, const char *what, TF_Status *st) {
  return b->failed ? fail_oom(st, what) : TF_OK;
}
