#include "net/inflate.h"

#include <limits.h>
#include <zlib.h>

enum { INFLATE_STEP = 64 << 10, WINDOW_GZIP = 15 + 16, WINDOW_ZLIB = 15 };

static InflateResult run(z_stream *z, Span packed, size_t max, Bytes *out) {
  size_t at = 0, start = out->size;
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    if (!z->avail_in) {
      size_t left = packed.size - at, n = left < UINT_MAX ? left : UINT_MAX;
      if (!n) return INFLATE_CORRUPT;
      z->next_in = (Bytef *)(uintptr_t)((const char *)packed.data + at);
      z->avail_in = (uInt)n;
      at += n;
    }
    char *room = bytes_reserve(out, INFLATE_STEP);
    if (!room) return INFLATE_NO_MEMORY;
    z->next_out = (Bytef *)room;
    z->avail_out = INFLATE_STEP;
    code = inflate(z, Z_NO_FLUSH);
    bytes_grow(out, INFLATE_STEP - z->avail_out);
    if (out->size - start > max) return INFLATE_TOO_LARGE;
    if (code == Z_MEM_ERROR) return INFLATE_NO_MEMORY;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return INFLATE_CORRUPT;
  }
  return INFLATE_OK;
}

InflateResult inflate_all(Span packed, InflateFormat format, size_t max, Bytes *out) {
  z_stream z = {0};
  if (inflateInit2(&z, format == INFLATE_GZIP ? WINDOW_GZIP : WINDOW_ZLIB) != Z_OK) return INFLATE_NO_MEMORY;
  InflateResult result = run(&z, packed, max, out);
  inflateEnd(&z);
  return result;
}
