/* Reading: digits are gathered into a 64-bit integer w, so that the value is w * 10^q. Then, by falling
 * speed:
 *  - w below 2^53 and |q| <= 22: both are exact doubles, and one operation rounds once;
 *  - w * 5^q with 128 bits of 5^q (Lemire, "Number Parsing at a Gigabyte per Second", 2021);
 *  - more than 19 digits, far exponents, denormals: strtod in the C locale.
 * Printing: floats by one exact scaling in double where that is safe, all else by snprintf. */
#include "wire/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { EXACT_TEN = 22 };

/* ---- reading ---- */

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static void make_c_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

static double read_slowly(const char *text, const char *end) {
  char small[128];
  size_t len = (size_t)(end - text);
  char *copy = len < sizeof small ? small : malloc(len + 1);
  if (!copy) { /* no memory for a number this long: its first digits must do */
    copy = small;
    len = sizeof small - 1;
  }
  memcpy(copy, text, len);
  copy[len] = 0;
  pthread_once(&c_locale_once, make_c_locale);
  double v = c_locale ? strtod_l(copy, NULL, c_locale) : strtod(copy, NULL);
  if (copy != small) free(copy);
  return v;
}

typedef unsigned __int128 Wide;
enum { POW5_LIMIT = 64 };
static const struct {
  uint64_t high, low;
} pow5[] = {
#include "wire/number_pow5.inc"
};

/* w * 10^q, w > 0, |q| <= POW5_LIMIT; false when this method cannot tell. */
static bool scale(uint64_t w, int q, double *out) {
  int zeros = __builtin_clzll(w);
  w <<= zeros;
  Wide product = (Wide)w * pow5[q + POW5_LIMIT].high;
  uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
  if ((high & 0x1ff) == 0x1ff) { /* the bits below may carry into those that count */
    uint64_t more = (uint64_t)((Wide)w * pow5[q + POW5_LIMIT].low >> 64);
    low += more;
    high += low < more;
  }
  if (low == UINT64_MAX && (q < -27 || q > 55)) return false;
  int upper = (int)(high >> 63);
  uint64_t mantissa = high >> (upper + 9);
  int exponent = ((217706 * q) >> 16) + 63 + upper - zeros + 1023;
  if (exponent <= 0 || exponent >= 2046) return false;
  if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << (upper + 9) == high)
    mantissa &= ~(uint64_t)1; /* exactly half way: to even */
  mantissa += mantissa & 1;
  mantissa >>= 1;
  if (mantissa >= (uint64_t)1 << 53) {
    mantissa = (uint64_t)1 << 52;
    exponent++;
  }
  uint64_t bits = (mantissa & ~((uint64_t)1 << 52)) | (uint64_t)exponent << 52;
  memcpy(out, &bits, sizeof bits);
  return true;
}

static inline bool is_digit(char c) { return (unsigned char)(c - '0') < 10; }

const char *number_read_double(const char *text, const char *end, double *out) {
  const char *p = text;
  uint64_t w = 0;
  while (p < end && *p == '0') p++;
  const char *digits = p;
  for (; p < end && is_digit(*p); p++) w = w * 10 + (uint64_t)(*p - '0');
  size_t count = (size_t)(p - digits); /* significant digits; w is right up to 19 */
  bool any = p > text;
  int64_t q = 0;
  if (p < end && *p == '.') {
    const char *point = p++;
    if (!count)
      while (p < end && *p == '0') p++;
    digits = p;
    for (; p < end && is_digit(*p); p++) w = w * 10 + (uint64_t)(*p - '0');
    count += (size_t)(p - digits);
    q = -(int64_t)(p - point - 1);
    any |= p > point + 1;
    if (!any) return text;
  }
  if (!any) return text;
  if (p < end && (*p == 'e' || *p == 'E')) {
    const char *e = p + 1;
    bool negative = e < end && *e == '-';
    if (e < end && (*e == '-' || *e == '+')) e++;
    if (e < end && is_digit(*e)) {
      int64_t x = 0;
      for (; e < end && is_digit(*e); e++)
        if (x < 100000000) x = x * 10 + (*e - '0');
      q += negative ? -x : x;
      p = e;
    }
  }
  if (count <= 19) {
    if (!w) {
      *out = 0;
      return p;
    }
    if (w <= (uint64_t)1 << 53 && q >= -EXACT_TEN && q <= EXACT_TEN) {
      *out = q < 0 ? (double)w / powers_of_ten[-q] : (double)w * powers_of_ten[q];
      return p;
    }
    if (q >= -POW5_LIMIT && q <= POW5_LIMIT && scale(w, (int)q, out)) return p;
  }
  *out = read_slowly(text, p);
  return p;
}

/* ---- printing ---- */

/* snprintf writes the locale's decimal point. */
static size_t print(char out[NUMBER_TEXT_MAX], int digits, double v) {
  int len = snprintf(out, NUMBER_TEXT_MAX, "%.*g", digits, v);
  char *p = out;
  while (*p == '-' || is_digit(*p)) p++;
  if (*p && *p != '.' && *p != 'e' && *p != 'i' && *p != 'n') {
    char *rest = p + 1;
    while (*rest && !is_digit(*rest)) rest++;
    *p = '.';
    memmove(p + 1, rest, strlen(rest) + 1);
    return strlen(out);
  }
  return (size_t)len;
}

static double read_back(const char *text, size_t len) {
  double v = 0;
  bool negative = *text == '-';
  number_read_double(text + negative, text + len, &v);
  return negative ? -v : v;
}

/* As strtof: rounding to double first could be off where the double is half way between two floats. */
static float read_back_float(const char *text) {
  pthread_once(&c_locale_once, make_c_locale);
  return c_locale ? strtof_l(text, NULL, c_locale) : strtof(text, NULL);
}

static size_t special(char out[NUMBER_TEXT_MAX], double v) {
  const char *name = isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
  strcpy(out, name);
  return strlen(name);
}

/* Writes digits (of exactly `count`) * 10^(exponent - count + 1) as %g does: no trailing zeros. */
static size_t put_digits(char *out, bool negative, uint64_t digits, int count, int exponent) {
  char text[24];
  for (int i = count; i-- > 0; digits /= 10) text[i] = (char)('0' + digits % 10);
  int n = count;
  while (n > 1 && text[n - 1] == '0') n--;
  char *p = out;
  if (negative) *p++ = '-';
  if (exponent < -4 || exponent >= count) {
    *p++ = text[0];
    if (n > 1) {
      *p++ = '.';
      memcpy(p, text + 1, (size_t)n - 1);
      p += n - 1;
    }
    *p++ = 'e';
    *p++ = exponent < 0 ? '-' : '+';
    int x = exponent < 0 ? -exponent : exponent;
    *p++ = (char)('0' + x / 10); /* at most two digits: floats in the fast range */
    *p++ = (char)('0' + x % 10);
  } else if (exponent < 0) {
    *p++ = '0';
    *p++ = '.';
    for (int i = -1; i > exponent; i--) *p++ = '0';
    memcpy(p, text, (size_t)n);
    p += n;
  } else {
    for (int i = 0; i <= exponent; i++) *p++ = i < n ? text[i] : '0';
    if (n > exponent + 1) {
      *p++ = '.';
      memcpy(p, text + exponent + 1, (size_t)(n - exponent - 1));
      p += n - exponent - 1;
    }
  }
  *p = 0;
  return (size_t)(p - out);
}

/* The first `count` <= 9 digits of a > 0, rounded: a = *digits * 10^(*exponent - count + 1). False when
 * a double does not tell on which side of a half the rest lies, or the range is left. */
static bool float_digits(double a, int count, uint64_t *digits, int *exponent) {
  int e = (int)floor(log10(a));
  for (int tries = 0; tries < 2; tries++) {
    int k = count - 1 - e;
    if (k < -EXACT_TEN || k > EXACT_TEN) return false;
    double scaled = k < 0 ? a / powers_of_ten[-k]
                          : a * powers_of_ten[k]; /* rounded once, below 2^30: off by 2^-24 */
    double whole = floor(scaled), rest = scaled - whole;
    if (fabs(rest - 0.5) < 0x1p-20) return false;
    uint64_t d = (uint64_t)whole + (rest > 0.5);
    if (d < (uint64_t)powers_of_ten[count - 1]) {
      e--;
      continue;
    }
    if (d >= (uint64_t)powers_of_ten[count]) {
      e++;
      continue;
    }
    *digits = d;
    *exponent = e;
    return true;
  }
  return false;
}

/* Whether digits * 10^q is nearest to v among floats: 1 yes, 0 no, -1 cannot tell. */
static int is_float(uint64_t digits, int q, float v) {
  if (q < -EXACT_TEN || q > EXACT_TEN) return -1;
  double d = q < 0 ? (double)digits / powers_of_ten[-q] : (double)digits * powers_of_ten[q];
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  uint32_t below = (uint32_t)bits & 0x1fffffff; /* the bits that a float lacks */
  if (below >= 0x0ffffffe && below <= 0x10000002) return -1;
  return (float)d == v;
}

/* %.`digits`g of a float; *same tells whether it reads back. */
static size_t put_float(char out[NUMBER_TEXT_MAX], float v, int count, bool *same) {
  double a = fabs((double)v);
  uint64_t digits;
  int exponent;
  if (a >= 0x1p-40 && a < 0x1p60 && float_digits(a, count, &digits, &exponent)) {
    int known = count >= 9 ? 1 : is_float(digits, exponent - count + 1, fabsf(v));
    if (known >= 0) {
      *same = known;
      return put_digits(out, v < 0, digits, count, exponent);
    }
  }
  size_t len = print(out, count, (double)v);
  *same = count >= 9 || read_back_float(out) == v;
  return len;
}

size_t number_put_float(char out[NUMBER_TEXT_MAX], float v) {
  if (!isfinite(v)) return special(out, (double)v);
  for (int count = 6;; count++) {
    bool same;
    size_t len = put_float(out, v, count, &same);
    if (same) return len;
  }
}

size_t number_put_float_6_9(char out[NUMBER_TEXT_MAX], float v) {
  if (!isfinite(v)) return special(out, (double)v);
  bool same;
  size_t len = put_float(out, v, 6, &same);
  return same ? len : put_float(out, v, 9, &same);
}

size_t number_put_double(char out[NUMBER_TEXT_MAX], double v) {
  if (!isfinite(v)) return special(out, v);
  for (int digits = 15;; digits++) {
    size_t len = print(out, digits, v);
    if (digits == 17 || read_back(out, len) == v) return len;
  }
}

size_t number_put_double_6_17(char out[NUMBER_TEXT_MAX], double v) {
  if (!isfinite(v)) return special(out, v);
  size_t len = print(out, 6, v);
  return read_back(out, len) == v ? len : print(out, 17, v);
}

static size_t put_decimal(char *out, uint64_t v) {
  char text[24];
  size_t n = sizeof text;
  do text[--n] = (char)('0' + v % 10);
  while (v /= 10);
  size_t len = sizeof text - n;
  memcpy(out, text + n, len);
  out[len] = 0;
  return len;
}

size_t number_put_u64(char out[NUMBER_TEXT_MAX], uint64_t v) { return put_decimal(out, v); }

size_t number_put_i64(char out[NUMBER_TEXT_MAX], int64_t v) {
  if (v >= 0) return put_decimal(out, (uint64_t)v);
  *out = '-';
  return 1 + put_decimal(out + 1, 0 - (uint64_t)v);
}
