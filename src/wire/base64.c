#include "wire/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(Bytes *out, const void *data, size_t size) {
  if (size > SIZE_MAX / 2) {
    out->failed = true;
    return;
  }
  char *to = bytes_reserve(out, (size + 2) / 3 * 4);
  if (!to) return;
  const uint8_t *p = data;
  char *at = to;
  for (; size >= 3; p += 3, size -= 3) {
    uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    *at++ = alphabet[v >> 18];
    *at++ = alphabet[v >> 12 & 63];
    *at++ = alphabet[v >> 6 & 63];
    *at++ = alphabet[v & 63];
  }
  if (size) {
    uint32_t v = (uint32_t)p[0] << 16 | (size > 1 ? (uint32_t)p[1] << 8 : 0);
    *at++ = alphabet[v >> 18];
    *at++ = alphabet[v >> 12 & 63];
    *at++ = size > 1 ? alphabet[v >> 6 & 63] : '=';
    *at++ = '=';
  }
  bytes_grow(out, (size_t)(at - to));
  out->data[out->size] = 0;
}

enum { BAD = -1, BLANK = -2, PAD = -3 };

/* The value of each character, 64 for those that have none. */
static const uint8_t values[256] = {
#define X 64
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  62, X,  X,  X,  63, 52, 53, 54, 55,
    56, 57, 58, 59, 60, 61, X,  X,  X,  X,  X,  X,  X,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
    13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X,  X,  X,  X,  X,  X,  26, 27, 28, 29, 30, 31, 32,
    33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
#undef X
};

static int value_of(char c) {
  uint8_t v = values[(uint8_t)c];
  if (v < 64) return v;
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') return BLANK;
  return c == '=' ? PAD : BAD;
}

bool base64_decode(const char *text, size_t len, void *out, size_t *size) {
  uint8_t *at = out;
  size_t i = 0;
  uint32_t bits = 0;
  int have = 0; /* characters of the current group of four */
  while (i < len) {
    if (!have) { /* whole groups at once */
      const uint8_t *t = (const uint8_t *)text + i;
      while (len - i >= 4) {
        uint8_t a = values[t[0]], b = values[t[1]], c = values[t[2]], d = values[t[3]];
        if ((a | b | c | d) & 64) break;
        *at++ = (uint8_t)(a << 2 | b >> 4);
        *at++ = (uint8_t)(b << 4 | c >> 2);
        *at++ = (uint8_t)(c << 6 | d);
        i += 4;
        t += 4;
      }
      if (i == len) break;
    }
    int v = value_of(text[i]);
    if (v == BAD) return false;
    if (v == PAD) break;
    i++;
    if (v == BLANK) continue;
    bits = bits << 6 | (uint32_t)v;
    if (++have < 4) continue;
    *at++ = (uint8_t)(bits >> 16);
    *at++ = (uint8_t)(bits >> 8);
    *at++ = (uint8_t)bits;
    bits = 0;
    have = 0;
  }
  int pads = 0;
  for (; i < len; i++) {
    int v = value_of(text[i]);
    if (v != BLANK && v != PAD) return false;
    pads += v == PAD;
  }
  if (have == 1 || (pads && pads != (4 - have) % 4)) return false;
  if (have == 2) {
    *at++ = (uint8_t)(bits >> 4);
  } else if (have == 3) {
    *at++ = (uint8_t)(bits >> 10);
    *at++ = (uint8_t)(bits >> 2);
  }
  *size = (size_t)(at - (uint8_t *)out);
  return true;
}
