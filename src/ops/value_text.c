#include "ops/value_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/math_types.h"

/* The fewest digits of two lengths that read back as the same number. */
static void put_float(Bytes *b, float v) {
  char text[40];
  snprintf(text, sizeof text, "%.6g", (double)v);
  if (strtof(text, NULL) != v) snprintf(text, sizeof text, "%.9g", (double)v);
  bytes_puts(b, v != v ? "nan" : text);
}

static void put_double(Bytes *b, double v) {
  char text[40];
  snprintf(text, sizeof text, "%.15g", v);
  if (strtod(text, NULL) != v) snprintf(text, sizeof text, "%.17g", v);
  bytes_puts(b, v != v ? "nan" : text);
}

static void put_string(Bytes *b, const TF_TString *s) {
  size_t size;
  const char *data = tstring_data(s, &size);
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    switch (c) {
      case '\n': bytes_puts(b, "\\n"); break;
      case '\r': bytes_puts(b, "\\r"); break;
      case '\t': bytes_puts(b, "\\t"); break;
      case '"':
      case '\'':
      case '\\': bytes_printf(b, "\\%c", c); break;
      default:
        if (c < 32 || c == 127) bytes_printf(b, "\\%03o", c);
        else bytes_putc(b, (char)c);
    }
  }
}

static void put_element(Bytes *b, const Tensor *t, int64_t i, bool quoted) {
  switch ((int)t->dtype) {
    case TF_HALF:
    case TF_BFLOAT16:
    case TF_FLOAT: put_float(b, (float)math_number_at(t, i)); break;
    case TF_DOUBLE: put_double(b, ((const double *)t->data)[i]); break;
    case TF_UINT64: bytes_printf(b, "%" PRIu64, ((const uint64_t *)t->data)[i]); break;
    case TF_UINT32: bytes_printf(b, "%" PRIu32, ((const uint32_t *)t->data)[i]); break;
    case TF_STRING:
      if (quoted) bytes_putc(b, '"');
      put_string(b, (const TF_TString *)t->data + i);
      if (quoted) bytes_putc(b, '"');
      break;
    case TF_BOOL: bytes_putc(b, ((const uint8_t *)t->data)[i] ? '1' : '0'); break;
    default: bytes_printf(b, "%lld", (long long)math_int_at(t, i)); break;
  }
}

/* Whether TensorFlow knows how to show elements; others are "?". */
static bool is_shown(TF_DataType dtype) {
  switch ((int)dtype) {
    case TF_COMPLEX64:
    case TF_COMPLEX128:
    case TF_RESOURCE:
    case TF_VARIANT: return false;
    case TF_QINT8:
    case TF_QUINT8:
    case TF_QINT16:
    case TF_QUINT16:
    case TF_QINT32:
    case TF_BOOL:
    case TF_STRING: return true;
    default: return math_kind(dtype) >= 0;
  }
}

static void put_unknown(Bytes *b, int64_t n, int64_t limit) {
  for (int64_t i = 0; i < limit && i < n; i++) bytes_puts(b, i ? " ?" : "?");
  if (limit < n) bytes_puts(b, "...");
}

/* Dimension `d` from element *at on, while elements are left to be shown. */
static void put_flat(Bytes *b, const Tensor *t, int64_t limit, int d, int64_t *at) {
  for (int64_t i = 0; i < t->dims[d]; i++) {
    if (d < t->rank - 1) {
      if (*at >= limit) return;
      bytes_putc(b, '[');
      put_flat(b, t, limit, d + 1, at);
      bytes_putc(b, ']');
    } else {
      if (*at >= limit) {
        if (d > 0) bytes_puts(b, "...");
        return;
      }
      if (i > 0) bytes_putc(b, ' ');
      put_element(b, t, (*at)++, false);
    }
  }
}

void value_text_flat(Bytes *b, const Tensor *t, int64_t limit) {
  int64_t n = tensor_count(t), at = 0;
  if (limit < 0 || limit > n) limit = n;
  if (!is_shown(t->dtype)) {
    put_unknown(b, n, limit);
    return;
  }
  if (t->dtype == TF_BOOL && limit == 0) return; /* TF: not even dots */
  if (limit == 0) {
    if (n > 0) bytes_puts(b, "...");
    return;
  }
  if (t->rank == 0) put_element(b, t, 0, false);
  else put_flat(b, t, limit, 0, &at);
  if (n > limit) bytes_puts(b, "...");
}

/* Between elements of dimension `d`: a blank in the innermost one, else lines and an indent. */
static void put_gap(Bytes *b, int d, int rank) {
  if (d == rank - 1) {
    bytes_putc(b, ' ');
    return;
  }
  for (int i = 0; i < rank - d - 1; i++) bytes_putc(b, '\n');
  for (int i = 0; i <= d; i++) bytes_putc(b, ' ');
}

static void put_framed(Bytes *b, const Tensor *t, int64_t ends, int d, int64_t at) {
  if (d == t->rank) {
    put_element(b, t, at, true);
    return;
  }
  int64_t n = t->dims[d], step = 1, first = n < ends ? n : ends, last = n - ends > ends ? n - ends : ends;
  for (int i = d + 1; i < t->rank; i++) step *= t->dims[i];
  bytes_putc(b, '[');
  for (int64_t i = 0; i < first; i++) {
    if (i > 0) put_gap(b, d, t->rank);
    put_framed(b, t, ends, d + 1, at + i * step);
  }
  if (n - ends > ends) {
    put_gap(b, d, t->rank);
    bytes_puts(b, "...");
  }
  for (int64_t i = last; i < n; i++) {
    put_gap(b, d, t->rank);
    put_framed(b, t, ends, d + 1, at + i * step);
  }
  bytes_putc(b, ']');
}

void value_text_framed(Bytes *b, const Tensor *t, int64_t ends) {
  int64_t n = tensor_count(t);
  if (ends < 0 || ends > n) ends = n;
  if (!is_shown(t->dtype)) {
    bytes_putc(b, '[');
    put_unknown(b, n, ends);
    bytes_putc(b, ']');
  } else if (t->rank == 0 || (t->dtype == TF_BOOL && ends == 0)) {
    if (ends > 0) put_element(b, t, 0, true);
    else if (n > 0 && t->dtype != TF_BOOL) bytes_puts(b, "...");
  } else {
    put_framed(b, t, ends, 0, 0);
  }
}
