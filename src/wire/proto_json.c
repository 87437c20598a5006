/* Fields come in the order of their numbers. The layout is JsonWriter's, which is protobuf's as well;
 * strings are escaped in protobuf's way, so that answers can stand in web pages. */
#include "wire/proto_json.h"

#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/number.h"
#include "wire/proto_message.h"
#include "wire/proto_registry.h"

typedef const ProtobufCFieldDescriptor Field;

typedef struct Printer {
  JsonWriter w;
  TF_Status *st;
} Printer;

static TF_Code put_message(Printer *p, const ProtobufCMessage *msg);

/* ---- strings ---- */

/* Code points above ASCII that protobuf escapes: invisible ones, and those that end lines in JavaScript. */
static bool is_hidden(uint32_t c) {
  static const uint32_t ranges[][2] = {
      {0xad, 0xad},     {0x600, 0x603},     {0x6dd, 0x6dd},     {0x70f, 0x70f},    {0x17b4, 0x17b5},
      {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x2064},   {0x206a, 0x206f},  {0xfeff, 0xfeff},
      {0xfff9, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f}};
  for (size_t i = 0; i < SM_COUNTOF(ranges); i++)
    if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
  return false;
}

static void put_u16(Bytes *out, uint32_t unit) { bytes_printf(out, "\\u%04x", (unsigned)unit); }

/* Writes an ASCII character that needs an escape. */
static void put_ascii(Bytes *out, char c) {
  static const char letters[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
  const char *v = memchr(values, c, sizeof values - 1);
  if (v) bytes_printf(out, "\\%c", letters[v - values]);
  else put_u16(out, (uint32_t)c);
}

/* The code point at p, which is valid UTF-8 above ASCII, and its length. */
static uint32_t code_point(const uint8_t *p, size_t *len) {
  *len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  uint32_t c = *len == 2 ? p[0] & 0x1f : *len == 3 ? p[0] & 0x0f : p[0] & 0x07;
  for (size_t i = 1; i < *len; i++) c = c << 6 | (p[i] & 0x3f);
  return c;
}

static void put_string(Bytes *out, const char *text) {
  size_t size = strlen(text);
  bool valid = utf8_valid(text, size);
  bytes_putc(out, '"');
  for (const char *s = text, *end = text + size; s < end; s++) {
    unsigned char c = (unsigned char)*s;
    if (c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == 0x7f) {
      put_ascii(out, *s);
    } else if (c < 0x80 || !valid) {
      bytes_putc(out, *s);
    } else {
      size_t len;
      uint32_t point = code_point((const uint8_t *)s, &len);
      if (!is_hidden(point)) {
        bytes_append(out, s, len);
      } else if (point < 0x10000) {
        put_u16(out, point);
      } else {
        put_u16(out, 0xd800 + ((point - 0x10000) >> 10));
        put_u16(out, 0xdc00 + (point & 0x3ff));
      }
      s += len - 1;
    }
  }
  bytes_putc(out, '"');
}

static void write_string(Printer *p, const char *text) {
  json_value(&p->w);
  put_string(p->w.out, text ? text : "");
}

/* ---- values ---- */

static void put_quoted_number(Bytes *out, const char *text) { bytes_printf(out, "\"%s\"", text); }

static void put_real(Bytes *out, double v, bool is_float) {
  char text[NUMBER_TEXT_MAX];
  if (isnan(v) || isinf(v)) {
    bytes_puts(out, isnan(v) ? "\"NaN\"" : v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    bytes_append(out, text, is_float ? number_put_float(text, (float)v) : number_put_double(text, v));
  }
}

static void put_enum(Bytes *out, Field *field, int number) {
  const ProtobufCEnumValue *value = proto_enum_by_number(field->descriptor, number);
  if (value) put_string(out, value->name);
  else json_put_i64(out, number);
}

/* Everything but messages. `value` is null for a field that is not there. */
static void put_scalar(Bytes *out, Field *field, const void *value) {
  static const char zero[sizeof(ProtobufCBinaryData)];
  char text[NUMBER_TEXT_MAX];
  if (!value) value = zero;
  switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: json_put_i64(out, *(const int32_t *)value); break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: json_put_i64(out, *(const uint32_t *)value); break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
      number_put_i64(text, *(const int64_t *)value);
      put_quoted_number(out, text);
      break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
      number_put_u64(text, *(const uint64_t *)value);
      put_quoted_number(out, text);
      break;
    case PROTOBUF_C_TYPE_FLOAT: put_real(out, (double)*(const float *)value, true); break;
    case PROTOBUF_C_TYPE_DOUBLE: put_real(out, *(const double *)value, false); break;
    case PROTOBUF_C_TYPE_BOOL: bytes_puts(out, *(const protobuf_c_boolean *)value ? "true" : "false"); break;
    case PROTOBUF_C_TYPE_ENUM: put_enum(out, field, *(const int *)value); break;
    case PROTOBUF_C_TYPE_STRING: {
      const char *string = *(char *const *)value;
      put_string(out, string ? string : "");
      break;
    }
    case PROTOBUF_C_TYPE_BYTES: {
      const ProtobufCBinaryData *bytes = value;
      bytes_putc(out, '"');
      base64_encode(out, bytes->data, bytes->len);
      bytes_putc(out, '"');
      break;
    }
    case PROTOBUF_C_TYPE_MESSAGE: break;
  }
}

static TF_Code write_value(Printer *p, Field *field, const void *value) {
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) return put_message(p, *(ProtobufCMessage *const *)value);
  json_value(&p->w);
  put_scalar(p->w.out, field, value);
  return TF_OK;
}

/* ---- fields ---- */

/* A map key: always in quotes. */
static void write_key(Printer *p, const ProtobufCMessage *entry) {
  Field *key = &entry->descriptor->fields[0];
  const void *value = proto_field_at(entry, key, 0);
  json_value(&p->w);
  Bytes *out = p->w.out;
  bool quoted = key->type == PROTOBUF_C_TYPE_STRING || proto_value_size(key) == 8;
  if (!quoted) bytes_putc(out, '"');
  put_scalar(out, key, value);
  if (!quoted) bytes_putc(out, '"');
}

static TF_Code put_map(Printer *p, const ProtobufCMessage *msg, Field *field) {
  json_begin_object(&p->w);
  for (size_t i = 0, n = proto_field_count(msg, field); i < n; i++) {
    const ProtobufCMessage *entry = *(ProtobufCMessage *const *)proto_field_at(msg, field, i);
    Field *value = &entry->descriptor->fields[1];
    const void *at = proto_field_at(entry, value, 0);
    write_key(p, entry);
    if (value->type == PROTOBUF_C_TYPE_MESSAGE && !*(void *const *)at) {
      json_begin_object(&p->w); /* an entry that was built without a value */
      json_end_object(&p->w);
    } else {
      TRY(write_value(p, value, at));
    }
  }
  json_end_object(&p->w);
  return TF_OK;
}

static TF_Code put_repeated(Printer *p, const ProtobufCMessage *msg, Field *field) {
  json_begin_array(&p->w);
  for (size_t i = 0, n = proto_field_count(msg, field); i < n; i++)
    TRY(write_value(p, field, proto_field_at(msg, field, i)));
  json_end_array(&p->w);
  return TF_OK;
}

static TF_Code put_fields(Printer *p, const ProtobufCMessage *msg) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  for (unsigned i = 0; i < desc->n_fields; i++) {
    Field *field = &desc->fields[i];
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool presence = field->type == PROTOBUF_C_TYPE_MESSAGE || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
                    field->label == PROTOBUF_C_LABEL_OPTIONAL;
    bool there = proto_field_count(msg, field) > 0;
    if (!there && !repeated && presence) continue;
    json_write_cstring(&p->w, field->name);
    if (proto_field_is_map(desc, field)) TRY(put_map(p, msg, field));
    else if (repeated) TRY(put_repeated(p, msg, field));
    else TRY(write_value(p, field, there ? proto_field_at(msg, field, 0) : NULL));
  }
  return TF_OK;
}

/* ---- well-known types ---- */

static TF_Code put_any(Printer *p, const ProtobufCMessage *any) {
  const char *url = *(char *const *)proto_field_at(any, &any->descriptor->fields[0], 0);
  const ProtobufCBinaryData *value = proto_field_at(any, &any->descriptor->fields[1], 0);
  const char *slash = url ? strrchr(url, '/') : NULL;
  const ProtobufCMessageDescriptor *type = slash ? proto_registry_find(slash + 1, strlen(slash + 1)) : NULL;
  json_begin_object(&p->w);
  TF_Code code = TF_OK;
  if (url && *url) {
    json_write_cstring(&p->w, "@type");
    write_string(p, url);
    if (!type)
      return fail(p->st, TF_INVALID_ARGUMENT, "Could not find type \"%s\" stored in google.protobuf.Any.",
                  url);
    Arena arena = {0};
    ProtobufCMessage *content;
    code = proto_parse(type, (Span){value->data, value->len}, &arena, &content, "google.protobuf.Any", p->st);
    if (!code) code = put_fields(p, content);
    arena_clear(&arena);
  }
  json_end_object(&p->w);
  return code;
}

/* Seconds with 0, 3, 6 or 9 digits of a fraction, as protobuf writes them. */
static void put_nanos(Bytes *out, int32_t nanos) {
  if (!nanos) return;
  long n = labs((long)nanos);
  if (n % 1000000 == 0) bytes_printf(out, ".%03ld", n / 1000000);
  else if (n % 1000 == 0) bytes_printf(out, ".%06ld", n / 1000);
  else bytes_printf(out, ".%09ld", n);
}

static void put_duration(Bytes *out, int64_t seconds, int32_t nanos) {
  bytes_puts(out, seconds < 0 || nanos < 0 ? "\"-" : "\"");
  json_put_u64(out, seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds);
  put_nanos(out, nanos);
  bytes_puts(out, "s\"");
}

/* RFC 3339 in UTC, by the proleptic Gregorian calendar. */
static TF_Code put_timestamp(Printer *p, int64_t seconds, int32_t nanos) {
  if (seconds < -62135596800 || seconds > 253402300799 || nanos < 0)
    return fail(p->st, TF_INVALID_ARGUMENT, "google.protobuf.Timestamp is out of range");
  int64_t days = (seconds + 62135596800) / 86400, second = (seconds + 62135596800) % 86400;
  int64_t year = 1 + days / 146097 * 400;
  days %= 146097;
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (;; year++) {
    int64_t length = 365 + ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
    if (days < length) break;
    days -= length;
  }
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  int month = 0;
  for (; days >= lengths[month] + (leap && month == 1); month++)
    days -= lengths[month] + (leap && month == 1);
  bytes_printf(p->w.out, "\"%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month + 1, (int)days + 1,
               (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
  put_nanos(p->w.out, nanos);
  bytes_puts(p->w.out, "Z\"");
  return TF_OK;
}

/* Types of google.protobuf have forms of their own; *done stays false for others. */
static TF_Code put_well_known(Printer *p, const ProtobufCMessage *msg, bool *done) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  if (strncmp(desc->name, "google.protobuf.", 16)) return TF_OK;
  const char *name = desc->name + 16;
  *done = true;
  if (!strcmp(name, "Any")) return put_any(p, msg);
  bool duration = !strcmp(name, "Duration");
  if (duration || !strcmp(name, "Timestamp")) {
    int64_t seconds = *(const int64_t *)proto_field_at(msg, &desc->fields[0], 0);
    int32_t nanos = *(const int32_t *)proto_field_at(msg, &desc->fields[1], 0);
    json_value(&p->w);
    if (!duration) return put_timestamp(p, seconds, nanos);
    put_duration(p->w.out, seconds, nanos);
    return TF_OK;
  }
  size_t len = strlen(name);
  if (len > 5 && !strcmp(name + len - 5, "Value") && desc->n_fields == 1) /* a wrapper: its value alone */
    return write_value(p, &desc->fields[0], proto_field_at(msg, &desc->fields[0], 0));
  *done = false;
  return TF_OK;
}

static TF_Code put_message(Printer *p, const ProtobufCMessage *msg) {
  bool done = false;
  TRY(put_well_known(p, msg, &done));
  if (done) return TF_OK;
  json_begin_object(&p->w);
  TRY(put_fields(p, msg));
  json_end_object(&p->w);
  return TF_OK;
}

TF_Code proto_json_print(const ProtobufCMessage *msg, int indent, Bytes *out, TF_Status *st) {
  Printer p = {.w = {.out = out, .indent = indent}, .st = st};
  TRY(put_message(&p, msg));
  return bytes_finish(out, "JSON", st);
}
