/* Writing JSON. The layout rules are those of RapidJSON's PrettyWriter, so that answers have the same
 * bytes as TensorFlow Serving's. */
#include <math.h>

#include "wire/json.h"
#include "wire/number.h"

/* ---- values ---- */

static bool put_special(Bytes *out, double v) {
  if (isfinite(v)) return false;
  bytes_puts(out, isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
  return true;
}

/* Appends a number, with ".0" if it looks like an integer. */
static void put_real(Bytes *out, const char *text, size_t len) {
  bool real = memchr(text, '.', len) || memchr(text, 'e', len);
  char *to = bytes_reserve(out, len + 2);
  if (!to) return;
  memcpy(to, text, len);
  memcpy(to + len, ".0", 3);
  bytes_grow(out, real ? len : len + 2);
  out->data[out->size] = 0;
}

void json_put_float(Bytes *out, float v) {
  if (put_special(out, (double)v)) return;
  char text[NUMBER_TEXT_MAX];
  put_real(out, text, number_put_float_6_9(text, v));
}

void json_put_double(Bytes *out, double v) {
  if (put_special(out, v)) return;
  char text[NUMBER_TEXT_MAX];
  put_real(out, text, number_put_double_6_17(text, v));
}

void json_put_shortest(Bytes *out, double v) {
  if (put_special(out, v)) return;
  char text[NUMBER_TEXT_MAX], digits[24];
  number_put_double(text, v);
  const char *p = text;
  if (*p == '-') bytes_putc(out, *p++);
  int count = 0, point = 0; /* the value is 0.DIGITS * 10^point */
  bool behind_point = false;
  for (; *p && *p != 'e'; p++) {
    if (*p == '.') {
      behind_point = true;
    } else if (count || *p != '0') {
      digits[count++] = *p;
      point += !behind_point;
    } else {
      point -= behind_point;
    }
  }
  if (*p == 'e') {
    int exponent = 0;
    for (const char *q = p + 2; *q; q++) exponent = exponent * 10 + (*q - '0');
    point += p[1] == '-' ? -exponent : exponent;
  }
  while (count && digits[count - 1] == '0') count--;
  if (!count) {
    bytes_puts(out, "0.0");
  } else if (point > 0 && point <= 21) {
    for (int i = 0; i < point; i++) bytes_putc(out, i < count ? digits[i] : '0');
    bytes_putc(out, '.');
    if (count > point) bytes_append(out, digits + point, (size_t)(count - point));
    else bytes_putc(out, '0');
  } else if (point > -6 && point <= 0) {
    bytes_puts(out, "0.");
    for (int i = point; i < 0; i++) bytes_putc(out, '0');
    bytes_append(out, digits, (size_t)count);
  } else {
    bytes_putc(out, digits[0]);
    if (count > 1) {
      bytes_putc(out, '.');
      bytes_append(out, digits + 1, (size_t)count - 1);
    }
    bytes_printf(out, "e%d", point - 1);
  }
}

void json_put_i64(Bytes *out, int64_t v) {
  char text[NUMBER_TEXT_MAX];
  bytes_append(out, text, number_put_i64(text, v));
}

void json_put_u64(Bytes *out, uint64_t v) {
  char text[NUMBER_TEXT_MAX];
  bytes_append(out, text, number_put_u64(text, v));
}

void json_put_string(Bytes *out, const char *text, size_t len) {
  static const char hex[] = "0123456789ABCDEF";
  bytes_putc(out, '"');
  size_t plain = 0; /* bytes since the last escape */
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c >= 0x20 && c != '"' && c != '\\') {
      plain++;
      continue;
    }
    if (plain) bytes_append(out, text + i - plain, plain);
    plain = 0;
    static const char letters[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    const char *v = memchr(values, c, sizeof values - 1);
    if (v) escape[1] = letters[v - values];
    bytes_append(out, escape, v ? 2 : 6);
  }
  if (plain) bytes_append(out, text + len - plain, plain);
  bytes_putc(out, '"');
}

/* ---- documents ---- */

static void put_indent(JsonWriter *w) {
  bytes_putc(w->out, '\n');
  for (int i = 0; i < w->depth * w->indent; i++) bytes_putc(w->out, ' ');
}

void json_value(JsonWriter *w) {
  if (!w->depth) return;
  bool pretty = w->indent >= 0, object = w->level[w->depth - 1].object;
  uint64_t count = w->level[w->depth - 1].count++;
  if (object && count % 2) {
    bytes_puts(w->out, pretty ? ": " : ":");
    return;
  }
  if (count) bytes_putc(w->out, ',');
  if (!pretty) return;
  if (object || !w->single_line_arrays) put_indent(w);
  else if (count) bytes_putc(w->out, ' ');
}

static void begin(JsonWriter *w, bool object) {
  json_value(w);
  if (w->depth == JSON_WRITER_DEPTH) { /* the document is lost, which bytes_finish will tell */
    w->out->failed = true;
    return;
  }
  bytes_putc(w->out, object ? '{' : '[');
  w->level[w->depth].object = object;
  w->level[w->depth++].count = 0;
}

static void finish(JsonWriter *w) {
  if (!w->depth) return;
  bool object = w->level[--w->depth].object, empty = !w->level[w->depth].count;
  if (!empty && w->indent >= 0 && (object || !w->single_line_arrays)) put_indent(w);
  bytes_putc(w->out, object ? '}' : ']');
}

void json_begin_object(JsonWriter *w) { begin(w, true); }
void json_end_object(JsonWriter *w) { finish(w); }
void json_begin_array(JsonWriter *w) { begin(w, false); }
void json_end_array(JsonWriter *w) { finish(w); }

void json_write_string(JsonWriter *w, const char *text, size_t len) {
  json_value(w);
  json_put_string(w->out, text, len);
}

void json_key(JsonWriter *w, const char *name, size_t len) { json_write_string(w, name, len); }
void json_write_cstring(JsonWriter *w, const char *text) { json_write_string(w, text, strlen(text)); }

void json_write_i64(JsonWriter *w, int64_t v) {
  json_value(w);
  json_put_i64(w->out, v);
}

void json_write_bool(JsonWriter *w, bool v) {
  json_value(w);
  bytes_puts(w->out, v ? "true" : "false");
}

/* ---- dumps ---- */

static void dump(JsonWriter *w, const JsonNode *v, size_t end) {
  if (w->out->size > end) return;
  switch ((JsonKind)v->kind) {
    case JSON_OBJECT:
    case JSON_ARRAY: {
      if (w->depth == JSON_WRITER_DEPTH) {
        json_write_cstring(w, "...");
        return;
      }
      begin(w, v->kind == JSON_OBJECT);
      for (const JsonNode *it = json_first(v), *stop = json_end(v); it != stop && w->out->size <= end;
           it = json_end(it))
        dump(w, it, end);
      finish(w);
      return;
    }
    case JSON_STRING: /* no need to escape what will be cut off */
      json_write_string(w, v->text, v->count > end ? end : v->count);
      return;
    default: break;
  }
  json_value(w);
  if (v->kind == JSON_INT) json_put_i64(w->out, v->i);
  else if (v->kind == JSON_UINT) json_put_u64(w->out, v->u);
  else if (v->kind == JSON_DOUBLE) json_put_shortest(w->out, v->d);
  else bytes_puts(w->out, v->kind == JSON_NULL ? "null" : v->kind == JSON_TRUE ? "true" : "false");
}

void json_dump(const JsonNode *v, size_t max, Bytes *out) {
  JsonWriter w = {.out = out, .indent = 4, .single_line_arrays = true};
  size_t end = out->size + max;
  dump(&w, v, end);
  if (!out->failed && out->size > end) {
    out->size = end;
    out->data[end] = 0;
  }
}
