#include "base/utf8.h"

#include <string.h>

/* The length of the sequence at p, or 0 when it is malformed. */
static size_t sequence(const uint8_t *p, size_t left) {
  uint8_t a = p[0];
  if (a < 0x80) return 1;
  if (a < 0xc2 || a > 0xf4) return 0;
  size_t n = a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
  if (left < n) return 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  if (a == 0xe0 && p[1] < 0xa0) return 0; /* overlong */
  if (a == 0xed && p[1] > 0x9f) return 0; /* surrogates */
  if (a == 0xf0 && p[1] < 0x90) return 0; /* overlong */
  if (a == 0xf4 && p[1] > 0x8f) return 0; /* above U+10FFFF */
  return n;
}

bool utf8_valid(const void *data, size_t size) {
  const uint8_t *p = data;
  while (size) {
    uint64_t word;
    if (size >= 8 && (memcpy(&word, p, 8), !(word & 0x8080808080808080u))) {
      p += 8;
      size -= 8;
      continue;
    }
    size_t n = sequence(p, size);
    if (!n) return false;
    p += n;
    size -= n;
  }
  return true;
}

size_t utf8_put(char out[4], uint32_t c) {
  uint8_t *p = (uint8_t *)out;
  if (c < 0x80) {
    p[0] = (uint8_t)c;
    return 1;
  }
  if (c < 0x800) {
    p[0] = (uint8_t)(0xc0 | c >> 6);
    p[1] = (uint8_t)(0x80 | (c & 0x3f));
    return 2;
  }
  if (c < 0x10000) {
    p[0] = (uint8_t)(0xe0 | c >> 12);
    p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    p[2] = (uint8_t)(0x80 | (c & 0x3f));
    return 3;
  }
  p[0] = (uint8_t)(0xf0 | c >> 18);
  p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
  p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
  p[3] = (uint8_t)(0x80 | (c & 0x3f));
  return 4;
}
