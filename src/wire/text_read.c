/* Reading the text format: recursive descent over tokens, driven by descriptors.
 *
 * Texts of errors are those of protobuf's parser; so are their places: the token that was current when
 * the parser noticed, which for a bad field name is the one behind it. */
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "wire/number.h"
#include "wire/proto_message.h"
#include "wire/proto_registry.h"
#include "wire/text_format.h"
#include "wire/text_token.h"

typedef struct Reader {
  TextTokenizer tokens;
  Arena *arena;
  const ProtobufCMessageDescriptor *root;
  int depth;
  Bytes scratch; /* the string being read */
  TF_Status *st;
} Reader;

typedef const ProtobufCFieldDescriptor Field;

/* "%.*s" of the current token, cut to a length fit for a message. */
#define TOKEN_ARGS(r) token_length(r), (r)->tokens.token.start
static int token_length(const Reader *r) {
  ptrdiff_t n = r->tokens.token.end - r->tokens.token.start;
  return n > 200 ? 200 : (int)n;
}

static TF_Code report(Reader *r, const char *fmt, ...) SM_PRINTF(2, 3);
static TF_Code report(Reader *r, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  const TextToken *token = &r->tokens.token;
  return fail(r->st, TF_INVALID_ARGUMENT, "Error parsing text-format %s: %ld:%ld: %s", r->root->name,
              token->line + 1, text_column(token) + 1, text);
}

static TF_Code next(Reader *r) { return text_next(&r->tokens) ? TF_OK : report(r, "%s", r->tokens.error); }

static bool looking_at(const Reader *r, char symbol) {
  return r->tokens.token.kind == TEXT_SYMBOL && *r->tokens.token.start == symbol;
}
static bool looking_at_kind(const Reader *r, TextTokenKind kind) { return r->tokens.token.kind == kind; }

/* Steps over a symbol if it is there. */
static TF_Code try_symbol(Reader *r, char symbol, bool *there) {
  *there = looking_at(r, symbol);
  return *there ? next(r) : TF_OK;
}

static TF_Code consume(Reader *r, char symbol) {
  if (!looking_at(r, symbol)) return report(r, "Expected \"%c\", found \"%.*s\".", symbol, TOKEN_ARGS(r));
  return next(r);
}

/* ---- values ---- */

static bool token_is(const Reader *r, const char *word) {
  const TextToken *t = &r->tokens.token;
  size_t n = strlen(word);
  return (size_t)(t->end - t->start) == n && !memcmp(t->start, word, n);
}

static bool token_is_any_case(const Reader *r, const char *word) {
  const TextToken *t = &r->tokens.token;
  size_t n = strlen(word);
  return (size_t)(t->end - t->start) == n && !strncasecmp(t->start, word, n);
}

static TF_Code read_unsigned(Reader *r, uint64_t max, uint64_t *out) {
  if (!looking_at_kind(r, TEXT_INTEGER)) return report(r, "Expected integer, got: %.*s", TOKEN_ARGS(r));
  if (!text_integer(&r->tokens.token, max, out))
    return report(r, "Integer out of range (%.*s)", TOKEN_ARGS(r));
  return next(r);
}

static TF_Code read_signed(Reader *r, uint64_t max, int64_t *out) {
  bool negative;
  uint64_t magnitude;
  TRY(try_symbol(r, '-', &negative));
  TRY(read_unsigned(r, max + negative, &magnitude));
  *out = (int64_t)(negative ? 0 - magnitude : magnitude);
  return TF_OK;
}

static TF_Code read_double(Reader *r, double *out) {
  bool negative;
  TRY(try_symbol(r, '-', &negative));
  const TextToken *t = &r->tokens.token;
  if (t->kind == TEXT_INTEGER || t->kind == TEXT_FLOAT) {
    bool decimal = t->kind == TEXT_FLOAT || *t->start != '0' || t->end - t->start == 1;
    if (!decimal) return report(r, "Expect a decimal number, got: %.*s", TOKEN_ARGS(r));
    number_read_double(t->start, t->end, out);
  } else if (t->kind == TEXT_IDENTIFIER &&
             (token_is_any_case(r, "inf") || token_is_any_case(r, "infinity") ||
              token_is_any_case(r, "inff") || token_is_any_case(r, "infinityf"))) {
    *out = INFINITY;
  } else if (t->kind == TEXT_IDENTIFIER && (token_is_any_case(r, "nan") || token_is_any_case(r, "nanf"))) {
    *out = NAN;
  } else {
    return report(r, "Expected double, got: %.*s", TOKEN_ARGS(r));
  }
  if (negative) *out = -*out;
  return next(r);
}

static TF_Code read_bool(Reader *r, Field *field, protobuf_c_boolean *out) {
  if (looking_at_kind(r, TEXT_INTEGER)) {
    uint64_t v;
    TRY(read_unsigned(r, 1, &v));
    *out = (protobuf_c_boolean)v;
    return TF_OK;
  }
  if (!looking_at_kind(r, TEXT_IDENTIFIER)) return report(r, "Expected identifier, got: %.*s", TOKEN_ARGS(r));
  bool yes = token_is(r, "true") || token_is(r, "True") || token_is(r, "t");
  bool no = token_is(r, "false") || token_is(r, "False") || token_is(r, "f");
  TextToken word = r->tokens.token;
  TRY(next(r));
  if (!yes && !no)
    return report(r, "Invalid value for boolean field \"%s\". Value: \"%.*s\".", field->name,
                  (int)(word.end - word.start > 200 ? 200 : word.end - word.start), word.start);
  *out = yes;
  return TF_OK;
}

static TF_Code read_enum(Reader *r, Field *field, int32_t *out) {
  if (looking_at_kind(r, TEXT_IDENTIFIER)) {
    TextToken word = r->tokens.token;
    size_t len = (size_t)(word.end - word.start);
    TRY(next(r));
    const ProtobufCEnumValue *value = proto_enum_by_name(field->descriptor, word.start, len);
    if (!value)
      return report(r, "Unknown enumeration value of \"%.*s\" for field \"%s\".",
                    (int)(len > 200 ? 200 : len), word.start, field->name);
    *out = value->value;
    return TF_OK;
  }
  if (!looking_at(r, '-') && !looking_at_kind(r, TEXT_INTEGER))
    return report(r, "Expected integer or identifier, got: %.*s", TOKEN_ARGS(r));
  int64_t v;
  TRY(read_signed(r, INT32_MAX, &v));
  *out = (int32_t)v;
  return TF_OK;
}

/* Adjacent literals are one string. The bytes are left in r->scratch. */
static TF_Code read_literal(Reader *r) {
  if (!looking_at_kind(r, TEXT_STRING)) return report(r, "Expected string, got: %.*s", TOKEN_ARGS(r));
  r->scratch.size = 0;
  while (looking_at_kind(r, TEXT_STRING)) {
    text_unescape(&r->tokens.token, &r->scratch);
    TRY(next(r));
  }
  return bytes_finish(&r->scratch, "text format", r->st);
}

static TF_Code read_string(Reader *r, Field *field, char **out) {
  TRY(read_literal(r));
  const Bytes *s = &r->scratch;
  if (s->size && memchr(s->data, 0, s->size))
    return report(r, "String field \"%s\" holds a NUL byte.", field->name);
  if (!utf8_valid(s->data, s->size)) return report(r, "String field \"%s\" is not UTF-8.", field->name);
  *out = arena_strndup(r->arena, s->data, s->size);
  return *out ? TF_OK : fail_oom(r->st, "text format");
}

static TF_Code read_bytes(Reader *r, ProtobufCBinaryData *out) {
  TRY(read_literal(r));
  out->len = r->scratch.size;
  out->data = out->len ? arena_memdup(r->arena, r->scratch.data, out->len) : NULL;
  return out->data || !out->len ? TF_OK : fail_oom(r->st, "text format");
}

static TF_Code read_braced(Reader *r, ProtobufCMessage *msg);

static TF_Code read_message(Reader *r, Field *field, ProtobufCMessage **out) {
  ProtobufCMessage *sub = proto_new(r->arena, field->descriptor);
  if (!sub) return fail_oom(r->st, "text format");
  *out = sub;
  return read_braced(r, sub);
}

static TF_Code read_value(Reader *r, Field *field, void *to) {
  int64_t i;
  uint64_t u;
  double d;
  switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
      TRY(read_signed(r, INT32_MAX, &i));
      *(int32_t *)to = (int32_t)i;
      return TF_OK;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: return read_signed(r, INT64_MAX, to);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
      TRY(read_unsigned(r, UINT32_MAX, &u));
      *(uint32_t *)to = (uint32_t)u;
      return TF_OK;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: return read_unsigned(r, UINT64_MAX, to);
    case PROTOBUF_C_TYPE_FLOAT:
      TRY(read_double(r, &d));
      *(float *)to = (float)d;
      return TF_OK;
    case PROTOBUF_C_TYPE_DOUBLE: return read_double(r, to);
    case PROTOBUF_C_TYPE_BOOL: return read_bool(r, field, to);
    case PROTOBUF_C_TYPE_ENUM: return read_enum(r, field, to);
    case PROTOBUF_C_TYPE_STRING: return read_string(r, field, to);
    case PROTOBUF_C_TYPE_BYTES: return read_bytes(r, to);
    case PROTOBUF_C_TYPE_MESSAGE: return read_message(r, field, to);
  }
  return report(r, "Field \"%s\" has an unknown type.", field->name);
}

/* ---- fields ---- */

static TF_Code add_value(Reader *r, ProtobufCMessage *msg, Field *field) {
  size_t *count = (size_t *)((char *)msg + field->quantifier_offset), size = proto_value_size(field);
  void **items = (void **)((char *)msg + field->offset);
  char *room = proto_room(r->arena, *items, *count, size);
  if (!room) return fail_oom(r->st, "text format");
  *items = room;
  memset(room + *count * size, 0, size);
  TRY(read_value(r, field, room + *count * size));
  ++*count;
  return TF_OK;
}

/* `[a, b]` or one value. */
static TF_Code read_repeated(Reader *r, ProtobufCMessage *msg, Field *field) {
  bool list, end;
  TRY(try_symbol(r, '[', &list));
  if (!list) return add_value(r, msg, field);
  TRY(try_symbol(r, ']', &end));
  while (!end) {
    TRY(add_value(r, msg, field));
    TRY(try_symbol(r, ']', &end));
    if (!end) TRY(consume(r, ','));
  }
  return TF_OK;
}

/* The member of the oneof of `field` that is set; null when none is. */
static Field *set_member(const ProtobufCMessage *msg, Field *field) {
  uint32_t which = *(const uint32_t *)((const char *)msg + field->quantifier_offset);
  return which ? proto_field_by_number(msg->descriptor, which) : NULL;
}

static TF_Code check_not_set(Reader *r, const ProtobufCMessage *msg, Field *field) {
  if (proto_field_count(msg, field))
    return report(r, "Non-repeated field \"%s\" is specified multiple times.", field->name);
  Field *other = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ? set_member(msg, field) : NULL;
  if (other)
    return report(r, "Field \"%s\" is specified along with field \"%s\", another member of the same oneof.",
                  field->name, other->name);
  return TF_OK;
}

static TF_Code read_singular(Reader *r, ProtobufCMessage *msg, Field *field) {
  void *to = (char *)msg + field->offset;
  int *quantifier = (int *)((char *)msg + field->quantifier_offset);
  bool oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
  bool optional = !oneof && field->label == PROTOBUF_C_LABEL_OPTIONAL &&
                  field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING;
  if (oneof) memset(to, 0, proto_value_size(field));
  TRY(read_value(r, field, to));
  if (oneof) *quantifier = (int)field->id;
  if (optional) *quantifier = 1;
  return TF_OK;
}

/* `[type.googleapis.com/pkg.Message] { ... }` within an Any; the '[' is consumed. */
static TF_Code read_any(Reader *r, ProtobufCMessage *any) {
  const char *start = r->tokens.token.start, *slash = NULL;
  while (looking_at_kind(r, TEXT_IDENTIFIER) || looking_at_kind(r, TEXT_INTEGER) || looking_at(r, '.') ||
         looking_at(r, '/') || looking_at(r, '-')) {
    if (looking_at(r, '/')) slash = r->tokens.token.start;
    TRY(next(r));
  }
  const char *end = r->tokens.token.start;
  if (!looking_at(r, ']') || !slash || slash == start)
    return report(r, "Expected \"%s\", found \"%.*s\".", slash ? "]" : "/", TOKEN_ARGS(r));
  TRY(next(r));
  while (end > slash && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\t' || end[-1] == '\r')) end--;
  const ProtobufCMessageDescriptor *type = proto_registry_find(slash + 1, (size_t)(end - slash - 1));
  if (!type)
    return report(r, "Could not find type \"%.*s\" stored in google.protobuf.Any.",
                  (int)(end - start > 200 ? 200 : end - start), start);
  bool colon;
  TRY(try_symbol(r, ':', &colon));
  ProtobufCMessage *content = proto_new(r->arena, type);
  if (!content) return fail_oom(r->st, "text format");
  TRY(read_braced(r, content));
  Field *url = proto_field_by_number(any->descriptor, 1), *value = proto_field_by_number(any->descriptor, 2);
  TRY(check_not_set(r, any, url));
  TRY(check_not_set(r, any, value));
  Bytes packed = {0};
  TF_Code code = proto_pack(content, &packed, r->st);
  char *url_text = arena_strndup(r->arena, start, (size_t)(end - start));
  uint8_t *data = packed.size ? arena_memdup(r->arena, packed.data, packed.size) : NULL;
  size_t size = packed.size;
  bytes_clear(&packed);
  TRY(code);
  if (!url_text || (size && !data)) return fail_oom(r->st, "text format");
  *(char **)((char *)any + url->offset) = url_text;
  *(ProtobufCBinaryData *)((char *)any + value->offset) = (ProtobufCBinaryData){size, data};
  return TF_OK;
}

/* `[pkg.name]` elsewhere would be an extension, and we have none. */
static TF_Code refuse_extension(Reader *r, const ProtobufCMessageDescriptor *desc) {
  const char *start = r->tokens.token.start;
  while (looking_at_kind(r, TEXT_IDENTIFIER) || looking_at(r, '.')) TRY(next(r));
  ptrdiff_t len = r->tokens.token.start - start;
  TRY(consume(r, ']'));
  return report(r, "Extension \"%.*s\" is not defined or is not an extension of \"%s\".",
                (int)(len > 200 ? 200 : len), start, desc->name);
}

static TF_Code read_field(Reader *r, ProtobufCMessage *msg) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  bool there;
  if (looking_at(r, '[')) {
    TRY(next(r));
    TRY(strcmp(desc->name, "google.protobuf.Any") ? refuse_extension(r, desc) : read_any(r, msg));
  } else {
    if (!looking_at_kind(r, TEXT_IDENTIFIER))
      return report(r, "Expected identifier, got: %.*s", TOKEN_ARGS(r));
    TextToken name = r->tokens.token;
    size_t len = (size_t)(name.end - name.start);
    TRY(next(r));
    Field *field = proto_field_by_name(desc, name.start, len);
    if (!field)
      return report(r, "Message type \"%s\" has no field named \"%.*s\".", desc->name,
                    (int)(len > 200 ? 200 : len), name.start);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (!repeated) TRY(check_not_set(r, msg, field));
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) TRY(try_symbol(r, ':', &there));
    else TRY(consume(r, ':'));
    TRY(repeated ? read_repeated(r, msg, field) : read_singular(r, msg, field));
  }
  TRY(try_symbol(r, ';', &there));
  if (!there) TRY(try_symbol(r, ',', &there));
  return TF_OK;
}

static TF_Code fix_maps(Reader *r, ProtobufCMessage *msg) {
  return proto_fix_maps(r->arena, msg) ? TF_OK : fail_oom(r->st, "text format");
}

static TF_Code read_braced(Reader *r, ProtobufCMessage *msg) {
  if (r->depth >= LIMIT_TEXT_DEPTH)
    return report(r, "Message is too deep, the parser exceeded the configured recursion limit of %d.",
                  LIMIT_TEXT_DEPTH);
  bool angle;
  TRY(try_symbol(r, '<', &angle));
  if (!angle) TRY(consume(r, '{'));
  r->depth++;
  while (!looking_at(r, '>') && !looking_at(r, '}')) TRY(read_field(r, msg));
  r->depth--;
  TRY(consume(r, angle ? '>' : '}'));
  return fix_maps(r, msg);
}

static TF_Code read_root(Reader *r, ProtobufCMessage *msg) {
  TRY(next(r));
  while (!looking_at_kind(r, TEXT_END)) TRY(read_field(r, msg));
  return fix_maps(r, msg);
}

TF_Code text_format_parse(const ProtobufCMessageDescriptor *desc, Span text, Arena *arena, void *out,
                          TF_Status *st) {
  ProtobufCMessage *msg = NULL;
  memcpy(out, &msg, sizeof msg);
  Reader r = {.arena = arena, .root = desc, .depth = 1, .st = st};
  text_start(&r.tokens, text);
  if (!(msg = proto_new(arena, desc))) return fail_oom(st, "text format");
  TF_Code code = read_root(&r, msg);
  bytes_clear(&r.scratch);
  if (!code) memcpy(out, &msg, sizeof msg);
  return code;
}
