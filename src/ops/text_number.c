/* Number parsing for tables, StringToNumber and DecodeCSV. */
#include "ops/text_number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ops/string_util.h"

static void trim(const char **text, size_t *size) {
  while (*size && is_blank(**text)) (*text)++, (*size)--;
  while (*size && is_blank((*text)[*size - 1])) (*size)--;
}

/* The magnitude of a run of digits; false on overflow, on other bytes and on nothing. */
static bool read_digits(const char *text, size_t size, uint64_t *out) {
  uint64_t v = 0;
  if (!size) return false;
  for (size_t i = 0; i < size; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
      return false;
  }
  *out = v;
  return true;
}

bool text_to_int64(const char *text, size_t size, int64_t *out) {
  uint64_t v;
  trim(&text, &size);
  bool negative = size && *text == '-';
  if (!read_digits(text + negative, size - negative, &v) || v > (uint64_t)INT64_MAX + negative) return false;
  *out = (int64_t)(negative ? 0 - v : v);
  return true;
}

bool text_to_int32(const char *text, size_t size, int32_t *out) {
  int64_t v;
  if (!text_to_int64(text, size, &v) || v < INT32_MIN || v > INT32_MAX) return false;
  *out = (int32_t)v;
  return true;
}

bool text_to_uint64(const char *text, size_t size, uint64_t *out) {
  trim(&text, &size);
  return read_digits(text, size, out);
}

bool text_to_uint32(const char *text, size_t size, uint32_t *out) {
  uint64_t v;
  if (!text_to_uint64(text, size, &v) || v > UINT32_MAX) return false;
  *out = (uint32_t)v;
  return true;
}

/* strtod in the "C" locale, whatever the process uses. */
static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static void make_c_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

static bool all_hex(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (!((text[i] >= '0' && text[i] <= '9') || ((text[i] | 32) >= 'a' && (text[i] | 32) <= 'f')))
      return false;
  return size > 0;
}

/* A float's or double's value of trimmed text; both are asked for so that each is rounded once. */
static bool read_real(const char *text, size_t size, float *f, double *d) {
  char copy[512], *heap = NULL, *at = copy, *end;
  trim(&text, &size);
  size_t sign = size && (*text == '-' || *text == '+');
  if (size == sign) return false;
  /* TF: hexadecimal integers, but no hexadecimal fractions; "inf" and "nan", but no longer words. */
  if (size > sign + 1 && text[sign] == '0' && (text[sign + 1] | 32) == 'x' &&
      !all_hex(text + sign + 2, size - sign - 2))
    return false;
  if (((text[sign] | 32) == 'i' || (text[sign] | 32) == 'n') && size - sign != 3) return false;
  if (is_blank(text[sign]) || text[sign] == '-' || text[sign] == '+' || memchr(text, '(', size)) return false;
  if (size >= sizeof copy && !(at = heap = malloc(size + 1))) return false;
  memcpy(at, text, size);
  at[size] = 0;
  pthread_once(&c_locale_once, make_c_locale);
  if (f) *f = strtof_l(at, &end, c_locale);
  else *d = strtod_l(at, &end, c_locale);
  bool ok = (size_t)(end - at) == size;
  free(heap);
  return ok;
}

bool text_to_float(const char *text, size_t size, float *out) { return read_real(text, size, out, NULL); }
bool text_to_double(const char *text, size_t size, double *out) { return read_real(text, size, NULL, out); }
