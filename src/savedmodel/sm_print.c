/* SM_TensorText: an array as numpy prints it.
 *
 * numpy's rules: every float gets the fewest digits that read back as itself (at most 8 after the point); the
 * elements of an array share a width and stand on their decimal points; the exponent form is taken when
 * values are very large, very small or far apart; lines are cut at 75 columns; beyond 1000 elements only 3 at
 * each end show. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/float16.h"
#include "savedmodel/sm_internal.h"
#include "tensorflow/c/tf_tstring.h"
#include "wire/number.h"

enum { PRECISION = 8, LINE_WIDTH = 75, EDGE = 3, THRESHOLD = 1000 };

/* How the floats of an array are set out. */
typedef struct FloatStyle {
  bool exponent;
  int left, right; /* columns before and after the point */
  int exponent_digits;
  bool plus; /* imaginary parts carry their sign */
} FloatStyle;

typedef struct Printer {
  const TF_Tensor *t;
  TF_DataType dtype;
  int rank;
  bool summary;
  int int_width;
  FloatStyle real, imaginary;
  Bytes out;
} Printer;

/* ---- elements as doubles ---- */

static bool is_complex(TF_DataType dtype) { return dtype == TF_COMPLEX64 || dtype == TF_COMPLEX128; }

static double float_at(const Printer *p, size_t i, bool imaginary) {
  const char *data = TF_TensorData(p->t);
  uint16_t h;
  switch (p->dtype) {
    case TF_FLOAT: return ((const float *)data)[i];
    case TF_DOUBLE: return ((const double *)data)[i];
    case TF_COMPLEX64: return ((const float *)data)[2 * i + imaginary];
    case TF_COMPLEX128: return ((const double *)data)[2 * i + imaginary];
    case TF_HALF: memcpy(&h, data + 2 * i, 2); return half_to_float(h);
    case TF_BFLOAT16: memcpy(&h, data + 2 * i, 2); return bfloat16_to_float(h);
    default: return 0;
  }
}

/* The fewest significant digits of a finite number, "d.ddde+xx", that read back as the same element. */
static int shortest(const Printer *p, double v, char out[48]) {
  if (p->dtype == TF_DOUBLE || p->dtype == TF_COMPLEX128) {
    for (int n = 0; n < 17; n++) {
      snprintf(out, 48, "%.*e", n, v);
      if (strtod(out, NULL) == v) return n;
    }
    return 16;
  }
  for (int n = 0; n < 9; n++) {
    snprintf(out, 48, "%.*e", n, v);
    float back = strtof(out, NULL);
    bool same = p->dtype == TF_HALF       ? half_of_float(back) == half_of_float((float)v)
                : p->dtype == TF_BFLOAT16 ? bfloat16_of_float(back) == bfloat16_of_float((float)v)
                                          : back == (float)v;
    if (same) return n;
  }
  return 8;
}

static void cut_zeros(char *text) {
  char *end = text + strlen(text);
  while (end > text && end[-1] == '0') *--end = 0;
}

/* "12.5", "3.": no more digits than needed. */
static void positional(const Printer *p, double v, char out[400]) {
  char digits[48];
  int n = shortest(p, v, digits);
  int exponent = atoi(strchr(digits, 'e') + 1);
  int fraction = n - exponent;
  if (fraction < 0) {
    /* Digits end left of the point: zeros fill up, not the further digits of the binary value. */
    char *e = strchr(digits, 'e');
    int len = 0;
    for (char *c = digits; c < e; c++)
      if (*c != '.') out[len++] = *c;
    for (int i = 0; i < -fraction; i++) out[len++] = '0';
    strcpy(out + len, ".");
    return;
  }
  snprintf(out, 400, "%.*f", fraction > PRECISION ? PRECISION : fraction, v);
  if (strchr(out, '.')) cut_zeros(out);
  else strcat(out, ".");
}

/* "1.25e-07": the fewest digits after the point when `fraction` is 0, else that many of the true ones; an
 * exponent of `exponent` digits. */
static void scientific(const Printer *p, double v, int fraction, int exponent, char out[400]) {
  char digits[48];
  int n = fraction ? fraction : shortest(p, v, digits);
  snprintf(out, 400, "%.*e", n > PRECISION ? PRECISION : n, v);
  char *e = strchr(out, 'e'), sign = e[1];
  int power = abs(atoi(e + 1));
  *e = 0;
  if (!strchr(out, '.')) strcat(out, ".");
  else if (!fraction) cut_zeros(out);
  size_t len = strlen(out);
  snprintf(out + len, 400 - len, exponent > 2 ? "e%c%03d" : "e%c%02d", sign, power);
}

static const char *not_finite(double v, bool plus) {
  if (isnan(v)) return plus ? "+nan" : "nan";
  return v < 0 ? "-inf" : plus ? "+inf" : "inf";
}

static void put_padded(Bytes *out, int left, const char *text, int right) {
  for (int i = 0; i < left; i++) bytes_putc(out, ' ');
  bytes_puts(out, text);
  for (int i = 0; i < right; i++) bytes_putc(out, ' ');
}

static void put_float(Printer *p, const FloatStyle *style, double v) {
  char text[400] = "";
  char *start = text;
  if (!isfinite(v)) {
    const char *word = not_finite(v, style->plus);
    put_padded(&p->out, style->left + style->right + 1 - (int)strlen(word), word, 0);
    return;
  }
  if (style->plus && !signbit(v)) *start++ = '+';
  if (style->exponent)
    scientific(p, v, style->right - style->exponent_digits - 2, style->exponent_digits, start);
  else positional(p, v, start);
  int before = (int)(strchr(text, '.') - text), after = (int)strlen(text) - before - 1;
  put_padded(&p->out, style->left - before, text, style->right - after);
}

/* ---- which elements show ---- */

typedef void (*Visit)(Printer *p, size_t element, void *arg);

static size_t axis_stride(const Printer *p, int axis) {
  size_t stride = 1;
  for (int i = axis + 1; i < p->rank; i++) stride *= (size_t)TF_Dim(p->t, i);
  return stride;
}

static void visit(Printer *p, int axis, size_t first, Visit each, void *arg) {
  if (axis == p->rank) {
    each(p, first, arg);
    return;
  }
  size_t n = (size_t)TF_Dim(p->t, axis), stride = axis_stride(p, axis);
  for (size_t i = 0; i < n; i++) {
    if (p->summary && n > 2 * EDGE && i == EDGE) i = n - EDGE;
    visit(p, axis + 1, first + i * stride, each, arg);
  }
}

/* ---- the style that suits all of them ---- */

typedef struct Survey {
  bool imaginary, any, odd;
  double least, greatest; /* of the sizes that are not 0 */
  int odd_width;          /* of nan and inf */
  FloatStyle *style;
} Survey;

static void survey_range(Printer *p, size_t i, void *arg) {
  Survey *s = arg;
  double v = float_at(p, i, s->imaginary);
  if (!isfinite(v)) {
    int width = (int)strlen(not_finite(v, s->style->plus));
    if (width > s->odd_width) s->odd_width = width;
    return;
  }
  double size = fabs(v);
  if (size == 0) return;
  if (!s->any || size < s->least) s->least = size;
  if (!s->any || size > s->greatest) s->greatest = size;
  s->any = true;
}

static void survey_width(Printer *p, size_t i, void *arg) {
  Survey *s = arg;
  FloatStyle *style = s->style;
  double v = float_at(p, i, s->imaginary);
  char text[400];
  if (!isfinite(v)) return;
  if (style->exponent) scientific(p, v, 0, 0, text);
  else positional(p, v, text);
  char *point = strchr(text, '.'), *e = strchr(point, 'e');
  int left = (int)(point - text) + (style->plus && !signbit(v)),
      right = (int)((e ? e : text + strlen(text)) - point) - 1;
  if (left > style->left) style->left = left;
  if (right > style->right) style->right = right;
  if (e && (int)strlen(e) - 2 > style->exponent_digits) style->exponent_digits = (int)strlen(e) - 2;
}

static void choose_style(Printer *p, FloatStyle *style, bool imaginary) {
  Survey s = {.imaginary = imaginary, .style = style};
  style->plus = imaginary;
  visit(p, 0, 0, survey_range, &s);
  /* numpy divides in the array's own precision: 20 / 0.02 is not above 1000 there. */
  bool is_double = p->dtype == TF_DOUBLE || p->dtype == TF_COMPLEX128;
  double ratio = is_double ? s.greatest / s.least : (double)((float)s.greatest / (float)s.least);
  style->exponent = s.any && (s.greatest >= 1e8 || s.least < 1e-4 || ratio > 1000);
  visit(p, 0, 0, survey_width, &s);
  if (style->exponent) style->right += style->exponent_digits + 2;
  if (s.odd_width - style->right - 1 > style->left) style->left = s.odd_width - style->right - 1;
}

/* ---- elements ---- */

static size_t integer_text(const Printer *p, size_t i, char out[NUMBER_TEXT_MAX]) {
  const char *data = TF_TensorData(p->t);
  switch (p->dtype) {
    case TF_INT8:
    case TF_QINT8: return number_put_i64(out, ((const int8_t *)data)[i]);
    case TF_UINT8:
    case TF_QUINT8: return number_put_i64(out, ((const uint8_t *)data)[i]);
    case TF_INT16:
    case TF_QINT16: return number_put_i64(out, ((const int16_t *)data)[i]);
    case TF_UINT16:
    case TF_QUINT16: return number_put_i64(out, ((const uint16_t *)data)[i]);
    case TF_INT32:
    case TF_QINT32: return number_put_i64(out, ((const int32_t *)data)[i]);
    case TF_UINT32: return number_put_u64(out, ((const uint32_t *)data)[i]);
    case TF_INT64: return number_put_i64(out, ((const int64_t *)data)[i]);
    case TF_UINT64: return number_put_u64(out, ((const uint64_t *)data)[i]);
    default:
      out[0] = '?';
      out[1] = 0;
      return 1;
  }
}

static void survey_integer(Printer *p, size_t i, void *arg) {
  char text[NUMBER_TEXT_MAX];
  (void)arg;
  int width = (int)integer_text(p, i, text);
  if (width > p->int_width) p->int_width = width;
}

/* Python's repr of bytes. */
static void put_bytes(Bytes *out, const char *data, size_t size) {
  char quote = memchr(data, '\'', size) && !memchr(data, '"', size) ? '"' : '\'';
  bytes_putc(out, 'b');
  bytes_putc(out, quote);
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    if (c == '\n') bytes_puts(out, "\\n");
    else if (c == '\r') bytes_puts(out, "\\r");
    else if (c == '\t') bytes_puts(out, "\\t");
    else if (c == '\\' || c == quote) bytes_printf(out, "\\%c", c);
    else if (c < 32 || c > 126) bytes_printf(out, "\\x%02x", c);
    else bytes_putc(out, (char)c);
  }
  bytes_putc(out, quote);
}

static void put_complex(Printer *p, size_t i) {
  put_float(p, &p->real, float_at(p, i, false));
  put_float(p, &p->imaginary, float_at(p, i, true));
  size_t end = p->out.size, blanks = 0;
  while (end > 0 && p->out.data[end - 1] == ' ') end--, blanks++;
  p->out.size = end;
  bytes_putc(&p->out, 'j');
  for (; blanks > 0; blanks--) bytes_putc(&p->out, ' ');
}

static void put_element(Printer *p, size_t i) {
  char text[NUMBER_TEXT_MAX];
  if (p->dtype == TF_STRING) {
    const TF_TString *s = (const TF_TString *)TF_TensorData(p->t) + i;
    put_bytes(&p->out, TF_StringGetDataPointer(s), TF_StringGetSize(s));
  } else if (p->dtype == TF_BOOL) {
    bool yes = ((const unsigned char *)TF_TensorData(p->t))[i] != 0;
    bytes_puts(&p->out, !yes ? "False" : p->rank ? " True" : "True");
  } else if (is_complex(p->dtype)) {
    put_complex(p, i);
  } else if (dtype_is_float(p->dtype)) {
    put_float(p, &p->real, float_at(p, i, false));
  } else {
    int width = (int)integer_text(p, i, text);
    put_padded(&p->out, p->int_width - width, text, 0);
  }
}

/* ---- arrays ---- */

static void indent(Bytes *out, int columns) { put_padded(out, columns, "", 0); }

/* Trailing blanks go where a line is cut. */
static void break_line(Printer *p, size_t line_start, int margin) {
  while (p->out.size > line_start && p->out.data[p->out.size - 1] == ' ') p->out.size--;
  bytes_putc(&p->out, '\n');
  indent(&p->out, margin);
}

/* One row. The text of an element that does not fit any more moves to the next line. */
static void put_row(Printer *p, size_t first, int margin, int width) {
  size_t n = (size_t)TF_Dim(p->t, p->rank - 1), line = p->out.size;
  int column = margin;
  bytes_putc(&p->out, '[');
  for (size_t i = 0; i < n; i++) {
    bool dots = p->summary && n > 2 * EDGE && i == EDGE;
    size_t before = p->out.size;
    if (dots) bytes_puts(&p->out, "...");
    else put_element(p, first + i);
    if (p->out.failed) return;
    int len = (int)(p->out.size - before);
    if (column + len > width && column > margin) {
      char *word = malloc((size_t)len + 1);
      if (!word) {
        p->out.failed = true;
        return;
      }
      memcpy(word, p->out.data + before, (size_t)len);
      word[len] = 0;
      p->out.size = before;
      break_line(p, line, margin);
      line = p->out.size - (size_t)margin;
      bytes_append(&p->out, word, (size_t)len);
      free(word);
      column = margin;
    }
    column += len;
    if (i + 1 < n) {
      bytes_putc(&p->out, ' ');
      column++;
    }
    if (dots) i = n - EDGE - 1;
  }
  bytes_putc(&p->out, ']');
}

static void put_array(Printer *p, int axis, size_t first, int margin, int width) {
  if (axis == p->rank - 1) {
    put_row(p, first, margin, width - 1);
    return;
  }
  size_t n = (size_t)TF_Dim(p->t, axis), stride = axis_stride(p, axis);
  bytes_putc(&p->out, '[');
  for (size_t i = 0; i < n; i++) {
    bool dots = p->summary && n > 2 * EDGE && i == EDGE;
    if (i) {
      for (int k = 1; k < p->rank - axis; k++) bytes_putc(&p->out, '\n');
      indent(&p->out, margin);
    }
    if (dots) {
      bytes_puts(&p->out, "...");
      i = n - EDGE - 1;
    } else {
      put_array(p, axis + 1, first + i * stride, margin + 1, width - 1);
    }
  }
  bytes_putc(&p->out, ']');
}

/* A lone number is printed as Python's float is: exponents from 1e16 on and below 1e-4. */
static void put_scalar(Printer *p) {
  if (!dtype_is_float(p->dtype)) {
    put_element(p, 0);
    return;
  }
  double v = float_at(p, 0, false), size = fabs(v);
  char text[400], digits[48];
  if (!isfinite(v)) {
    bytes_puts(&p->out, not_finite(v, false));
    return;
  }
  int n = shortest(p, v, digits);
  if (size != 0 && (size >= 1e16 || size < 1e-4)) {
    bytes_puts(&p->out, digits);
    return;
  }
  int fraction = n - atoi(strchr(digits, 'e') + 1);
  if (fraction > 0) {
    snprintf(text, sizeof text, "%.*f", fraction, v);
    bytes_puts(&p->out, text);
  } else {
    positional(p, v, text);
    bytes_printf(&p->out, "%s0", text);
  }
}

char *SM_TensorText(const TF_Tensor *t) {
  if (!t) return strdup("None");
  Printer p = {.t = t, .dtype = TF_TensorType(t), .rank = TF_NumDims(t)};
  int64_t count = TF_TensorElementCount(t);
  p.summary = count > THRESHOLD;
  if (dtype_is_float(p.dtype) || is_complex(p.dtype)) {
    choose_style(&p, &p.real, false);
    if (is_complex(p.dtype)) choose_style(&p, &p.imaginary, true);
  } else if (p.dtype != TF_BOOL && p.dtype != TF_STRING) {
    visit(&p, 0, 0, survey_integer, NULL);
  }
  if (count == 0) bytes_puts(&p.out, "[]");
  else if (p.rank == 0) put_scalar(&p);
  else put_array(&p, 0, 0, 1, LINE_WIDTH);
  if (p.out.failed) {
    bytes_clear(&p.out);
    return NULL;
  }
  if (p.out.data) p.out.data[p.out.size] = 0;
  return p.out.data;
}
