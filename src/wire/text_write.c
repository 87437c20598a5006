/* Writing the text format. */
#include "base/limits.h"
#include "wire/number.h"
#include "wire/proto_message.h"
#include "wire/proto_registry.h"
#include "wire/text_format.h"

typedef const ProtobufCFieldDescriptor Field;

typedef struct Writer {
  Bytes *out;
  bool short_form; /* all on one line */
  bool first;      /* nothing written yet */
  int depth;
  TF_Status *st;
} Writer;

static TF_Code put_fields(Writer *w, const ProtobufCMessage *msg);

/* Starts a line, or in the short form parts from what is before. */
static void begin(Writer *w) {
  if (w->short_form) {
    if (!w->first) bytes_putc(w->out, ' ');
  } else {
    for (int i = 0; i < w->depth; i++) bytes_append(w->out, "  ", 2);
  }
  w->first = false;
}

static void end(Writer *w) {
  if (!w->short_form) bytes_putc(w->out, '\n');
}

static void put_quoted(Bytes *out, const char *data, size_t size) {
  bytes_putc(out, '"');
  size_t plain = 0; /* bytes since the last escape */
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\') {
      plain++;
      continue;
    }
    if (plain) bytes_append(out, data + i - plain, plain);
    plain = 0;
    char escape[4] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7))};
    size_t n = 4;
    static const char letters[] = "nrt\"'\\", values[] = "\n\r\t\"'\\";
    const char *v = memchr(values, c, sizeof values - 1);
    if (v) {
      escape[1] = letters[v - values];
      n = 2;
    }
    bytes_append(out, escape, n);
  }
  if (plain) bytes_append(out, data + size - plain, plain);
  bytes_putc(out, '"');
}

static void put_scalar(Bytes *out, Field *field, const void *value) {
  char text[NUMBER_TEXT_MAX];
  switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
      bytes_append(out, text, number_put_i64(text, *(const int32_t *)value));
      break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
      bytes_append(out, text, number_put_i64(text, *(const int64_t *)value));
      break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
      bytes_append(out, text, number_put_u64(text, *(const uint32_t *)value));
      break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
      bytes_append(out, text, number_put_u64(text, *(const uint64_t *)value));
      break;
    case PROTOBUF_C_TYPE_FLOAT: bytes_append(out, text, number_put_float(text, *(const float *)value)); break;
    case PROTOBUF_C_TYPE_DOUBLE:
      bytes_append(out, text, number_put_double(text, *(const double *)value));
      break;
    case PROTOBUF_C_TYPE_BOOL: bytes_puts(out, *(const protobuf_c_boolean *)value ? "true" : "false"); break;
    case PROTOBUF_C_TYPE_ENUM: {
      int number = *(const int *)value;
      const ProtobufCEnumValue *known = proto_enum_by_number(field->descriptor, number);
      if (known) bytes_puts(out, known->name);
      else bytes_append(out, text, number_put_i64(text, number));
      break;
    }
    case PROTOBUF_C_TYPE_STRING: {
      const char *s = *(char *const *)value;
      put_quoted(out, s ? s : "", s ? strlen(s) : 0);
      break;
    }
    case PROTOBUF_C_TYPE_BYTES: {
      const ProtobufCBinaryData *b = value;
      put_quoted(out, (const char *)b->data, b->len);
      break;
    }
    case PROTOBUF_C_TYPE_MESSAGE: break;
  }
}

static TF_Code put_braced(Writer *w, const ProtobufCMessage *msg) {
  if (w->depth >= LIMIT_PROTO_DEPTH)
    return fail(w->st, TF_INVALID_ARGUMENT, "messages are nested deeper than %d levels", LIMIT_PROTO_DEPTH);
  bytes_puts(w->out, " {");
  end(w);
  w->depth++;
  TRY(put_fields(w, msg));
  w->depth--;
  begin(w);
  bytes_putc(w->out, '}');
  return TF_OK;
}

/* Writes an Any of a known type expanded; *done stays false for others. */
static TF_Code put_any(Writer *w, const ProtobufCMessage *any, bool *done) {
  const char *url = *(char *const *)proto_field_at(any, &any->descriptor->fields[0], 0);
  const ProtobufCBinaryData *value = proto_field_at(any, &any->descriptor->fields[1], 0);
  const char *slash = url ? strrchr(url, '/') : NULL;
  if (!slash || slash == url) return TF_OK;
  for (const char *p = url; *p; p++) /* only what the reader takes */
    if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
          strchr("._-/", *p)))
      return TF_OK;
  const ProtobufCMessageDescriptor *type = proto_registry_find(slash + 1, strlen(slash + 1));
  if (!type) return TF_OK;
  Arena arena = {0};
  ProtobufCMessage *content;
  TF_Status *quiet = TF_NewStatus(); /* bytes that are no such message are written as bytes */
  if (!quiet) return fail_oom(w->st, "text format");
  TF_Code code = TF_OK;
  if (!proto_parse(type, (Span){value->data, value->len}, &arena, &content, "Any", quiet) &&
      !content->n_unknown_fields) {
    *done = true;
    begin(w);
    bytes_printf(w->out, "[%s]", url);
    code = put_braced(w, content);
    end(w);
  }
  TF_DeleteStatus(quiet);
  arena_clear(&arena);
  return code;
}

static TF_Code put_fields(Writer *w, const ProtobufCMessage *msg) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  if (!strcmp(desc->name, "google.protobuf.Any")) {
    bool done = false;
    TRY(put_any(w, msg, &done));
    if (done) return TF_OK;
  }
  for (unsigned i = 0; i < desc->n_fields; i++) {
    Field *field = &desc->fields[i];
    size_t count = proto_field_count(msg, field);
    for (size_t k = 0; k < count; k++) {
      const void *value = proto_field_at(msg, field, k);
      begin(w);
      bytes_puts(w->out, field->name);
      if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        TRY(put_braced(w, *(ProtobufCMessage *const *)value));
      } else {
        bytes_append(w->out, ": ", 2);
        put_scalar(w->out, field, value);
      }
      end(w);
    }
  }
  return TF_OK;
}

static TF_Code print(const ProtobufCMessage *msg, bool short_form, Bytes *out, TF_Status *st) {
  Writer w = {.out = out, .short_form = short_form, .first = true, .st = st};
  TRY(put_fields(&w, msg));
  return bytes_finish(out, "text format", st);
}

TF_Code text_format_print(const ProtobufCMessage *msg, Bytes *out, TF_Status *st) {
  return print(msg, false, out, st);
}

TF_Code text_format_print_short(const ProtobufCMessage *msg, Bytes *out, TF_Status *st) {
  return print(msg, true, out, st);
}
