/* The values of a tensor as TensorFlow's messages show them: rows in brackets, "..." where the limit cuts. */
#include "graph/value_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/float16.h"
#include "wire/number.h"

static void float_text(float v, Bytes *out) {
  char text[NUMBER_TEXT_MAX];
  bytes_append(out, text, number_put_float_6_9(text, v));
}

static void double_text(double v, Bytes *out) {
  char text[NUMBER_TEXT_MAX];
  snprintf(text, sizeof text, "%.15g", v);
  if (isfinite(v) && strtod(text, NULL) != v) snprintf(text, sizeof text, "%.17g", v);
  bytes_puts(out, isnan(v) ? "nan" : text);
}

void string_escape(Span s, Bytes *out) {
  for (size_t i = 0; i < s.size; i++) {
    unsigned char c = ((const unsigned char *)s.data)[i];
    const char *special = c == '\n'   ? "\\n"
                          : c == '\r' ? "\\r"
                          : c == '\t' ? "\\t"
                          : c == '"'  ? "\\\""
                          : c == '\'' ? "\\'"
                          : c == '\\' ? "\\\\"
                                      : NULL;
    if (special) bytes_puts(out, special);
    else if (c < 0x20 || c >= 0x7f) bytes_printf(out, "\\%03o", c);
    else bytes_putc(out, (char)c);
  }
}

static void element_text(const Tensor *t, int64_t i, Bytes *out) {
  const void *data = t->data;
  switch (t->dtype) {
    case TF_FLOAT: float_text(((const float *)data)[i], out); break;
    case TF_DOUBLE: double_text(((const double *)data)[i], out); break;
    case TF_HALF: float_text(half_to_float(((const uint16_t *)data)[i]), out); break;
    case TF_BFLOAT16: float_text(bfloat16_to_float(((const uint16_t *)data)[i]), out); break;
    case TF_INT32: bytes_printf(out, "%d", ((const int32_t *)data)[i]); break;
    case TF_INT64: bytes_printf(out, "%lld", (long long)((const int64_t *)data)[i]); break;
    case TF_INT16:
    case TF_QINT16: bytes_printf(out, "%d", ((const int16_t *)data)[i]); break;
    case TF_INT8:
    case TF_QINT8: bytes_printf(out, "%d", ((const int8_t *)data)[i]); break;
    case TF_UINT8:
    case TF_QUINT8: bytes_printf(out, "%u", ((const uint8_t *)data)[i]); break;
    case TF_UINT16:
    case TF_QUINT16: bytes_printf(out, "%u", ((const uint16_t *)data)[i]); break;
    case TF_UINT32: bytes_printf(out, "%u", ((const uint32_t *)data)[i]); break;
    case TF_UINT64: bytes_printf(out, "%llu", (unsigned long long)((const uint64_t *)data)[i]); break;
    case TF_BOOL: bytes_puts(out, ((const bool *)data)[i] ? "1" : "0"); break;
    case TF_STRING: {
      size_t size;
      const char *s = tstring_data(&((const TF_TString *)data)[i], &size);
      string_escape((Span){s, size}, out);
      break;
    }
    default: bytes_putc(out, '?');
  }
}

typedef struct ValueText {
  const Tensor *t;
  int64_t next, limit;
  Bytes *out;
} ValueText;

static void dim_text(ValueText *v, int dim) {
  int64_t n = v->t->dims[dim];
  if (v->next >= v->limit) return;
  if (dim == v->t->rank - 1) {
    for (int64_t i = 0; i < n; i++) {
      if (v->next >= v->limit) {
        if (dim) bytes_puts(v->out, "...");
        return;
      }
      if (i) bytes_putc(v->out, ' ');
      element_text(v->t, v->next++, v->out);
    }
    return;
  }
  for (int64_t i = 0; i < n && v->next < v->limit; i++) {
    bytes_putc(v->out, '[');
    dim_text(v, dim + 1);
    bytes_putc(v->out, ']');
  }
}

void value_text(const Tensor *t, int64_t limit, Bytes *out) {
  int64_t n = tensor_count(t);
  ValueText v = {.t = t, .limit = n < limit ? n : limit, .out = out};
  if (!n) return;
  if (t->rank) dim_text(&v, 0);
  else element_text(t, 0, out);
  if (n > limit) bytes_puts(out, "...");
}
