/* proto_parse: from bytes to protobuf-c's structs, driven by their descriptors.
 *
 * One pass. Each field is read into its place in the struct; arrays of repeated fields grow by doubling
 * (what is outgrown stays in the arena: at most as much again). Everything is bounded: lengths by what
 * is left, nesting by LIMIT_PROTO_DEPTH, memory by LIMIT_PROTO_MEMORY. */
#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "wire/proto_message.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_GROUP = 3, WIRE_END_GROUP = 4, WIRE_32 = 5 };

typedef struct Decoder {
  Arena *arena;
  size_t memory_start;
  bool view;
  bool merged; /* a singular message came more than once */
  int depth;
  const uint8_t *start; /* of all the data, for offsets in messages */
  const char *what;
  TF_Status *st;
} Decoder;

static TF_Code malformed(Decoder *d, const Cursor *c, const ProtobufCMessageDescriptor *desc,
                         const ProtobufCFieldDescriptor *field, const char *reason) {
  return fail(d->st, TF_DATA_LOSS, "%s: not a valid %s message: %s%s%s at byte %zu", d->what, desc->name,
              field ? field->name : "", field ? ": " : "", reason, (size_t)(c->at - d->start));
}

static void *allocate(Decoder *d, size_t size) {
  if (size > LIMIT_PROTO_MEMORY || d->arena->total - d->memory_start > LIMIT_PROTO_MEMORY - size) {
    fail(d->st, TF_RESOURCE_EXHAUSTED, "%s: message takes more than %zu bytes of memory", d->what,
         LIMIT_PROTO_MEMORY);
    return NULL;
  }
  void *p = arena_alloc(d->arena, size);
  if (!p) fail_oom(d->st, d->what);
  return p;
}

/* ---- values ---- */

static int wire_type_of(ProtobufCType type) {
  switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return WIRE_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return WIRE_64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return WIRE_BYTES;
    default: return WIRE_VARINT;
  }
}

static void put_varint(ProtobufCType type, uint64_t v, void *to) {
  switch (type) {
    case PROTOBUF_C_TYPE_SINT32: {
      uint32_t w = (uint32_t)v;
      int32_t s = (int32_t)((w >> 1) ^ (0 - (w & 1)));
      memcpy(to, &s, sizeof s);
      break;
    }
    case PROTOBUF_C_TYPE_SINT64: {
      int64_t s = (int64_t)((v >> 1) ^ (0 - (v & 1)));
      memcpy(to, &s, sizeof s);
      break;
    }
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64: memcpy(to, &v, sizeof v); break;
    case PROTOBUF_C_TYPE_BOOL: {
      protobuf_c_boolean b = v != 0;
      memcpy(to, &b, sizeof b);
      break;
    }
    default: { /* int32, uint32, enum: the low half */ uint32_t w = (uint32_t)v; memcpy(to, &w, sizeof w);
    }
  }
}

static void read_fixed(Cursor *c, int wire_type, void *to) {
  if (wire_type == WIRE_32) {
    uint32_t v = cursor_u32le(c);
    memcpy(to, &v, sizeof v);
  } else {
    uint64_t v = cursor_u64le(c);
    memcpy(to, &v, sizeof v);
  }
}

static TF_Code read_string(Decoder *d, Cursor *c, const ProtobufCMessageDescriptor *desc,
                           const ProtobufCFieldDescriptor *field, char **out) {
  Span s = cursor_span(c);
  if (c->failed) return malformed(d, c, desc, field, "string is cut off");
  if (s.size && memchr(s.data, 0, s.size)) return malformed(d, c, desc, field, "string holds a NUL byte");
  if (!utf8_valid(s.data, s.size)) return malformed(d, c, desc, field, "string is not UTF-8");
  char *p = allocate(d, s.size + 1);
  if (!p) return TF_GetCode(d->st);
  memcpy(p, s.data, s.size);
  p[s.size] = 0;
  *out = p;
  return TF_OK;
}

static TF_Code read_bytes(Decoder *d, Cursor *c, const ProtobufCMessageDescriptor *desc,
                          const ProtobufCFieldDescriptor *field, ProtobufCBinaryData *out) {
  Span s = cursor_span(c);
  if (c->failed) return malformed(d, c, desc, field, "bytes are cut off");
  *out = (ProtobufCBinaryData){s.size, (uint8_t *)s.data};
  if (d->view || !s.size) return TF_OK;
  if (!(out->data = allocate(d, s.size))) return TF_GetCode(d->st);
  memcpy(out->data, s.data, s.size);
  return TF_OK;
}

static TF_Code decode(Decoder *d, ProtobufCMessage *msg, Cursor *c, bool merging);

/* Reads into *slot, which holds the message so far or null. */
static TF_Code read_message(Decoder *d, Cursor *c, const ProtobufCMessageDescriptor *desc,
                            const ProtobufCFieldDescriptor *field, ProtobufCMessage **slot) {
  const ProtobufCMessageDescriptor *type = field->descriptor;
  Span s = cursor_span(c);
  if (c->failed) return malformed(d, c, desc, field, "message is cut off");
  if (d->depth >= LIMIT_PROTO_DEPTH) {
    return fail(d->st, TF_DATA_LOSS, "%s: messages are nested deeper than %d levels", d->what,
                LIMIT_PROTO_DEPTH);
  }
  bool merging = *slot;
  if (merging) {
    d->merged = true;
  } else {
    ProtobufCMessage *sub = allocate(d, type->sizeof_message);
    if (!sub) return TF_GetCode(d->st);
    type->message_init(sub);
    *slot = sub;
  }
  Cursor inner = cursor_of(s.data, s.size);
  d->depth++;
  TRY(decode(d, *slot, &inner, merging));
  d->depth--;
  return TF_OK;
}

static TF_Code read_value(Decoder *d, Cursor *c, const ProtobufCMessageDescriptor *desc,
                          const ProtobufCFieldDescriptor *field, void *to) {
  switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE: return read_message(d, c, desc, field, to);
    case PROTOBUF_C_TYPE_STRING: return read_string(d, c, desc, field, to);
    case PROTOBUF_C_TYPE_BYTES: return read_bytes(d, c, desc, field, to);
    default: break;
  }
  int wire_type = wire_type_of(field->type);
  if (wire_type == WIRE_VARINT) put_varint(field->type, cursor_varint(c), to);
  else read_fixed(c, wire_type, to);
  return c->failed ? malformed(d, c, desc, field, "number is cut off") : TF_OK;
}

/* ---- repeated fields ---- */

typedef struct Repeated {
  size_t *count;
  void **items;
} Repeated;

static Repeated repeated_of(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
  return (Repeated){(size_t *)((char *)msg + field->quantifier_offset),
                    (void **)((char *)msg + field->offset)};
}

/* Makes room for `more` > 0 elements; returns where the first one goes. */
static void *grow(Decoder *d, Repeated r, size_t more, size_t size) {
  size_t have = proto_capacity(*r.count), bytes;
  if (*r.count + more > have) {
    if (!checked_mul(proto_capacity(*r.count + more), size, &bytes)) bytes = SIZE_MAX;
    void *items = allocate(d, bytes);
    if (!items) return NULL;
    if (*r.count) memcpy(items, *r.items, *r.count * size);
    *r.items = items;
  }
  return (char *)*r.items + *r.count * size;
}

static size_t count_varints(Span s) {
  const uint8_t *p = s.data;
  size_t n = 0;
  for (size_t i = 0; i < s.size; i++) n += p[i] < 0x80;
  return n;
}

static TF_Code read_packed(Decoder *d, Cursor *c, const ProtobufCMessageDescriptor *desc,
                           const ProtobufCFieldDescriptor *field, Repeated r) {
  Span s = cursor_span(c);
  if (c->failed) return malformed(d, c, desc, field, "packed values are cut off");
  if (!s.size) return TF_OK;
  int wire_type = wire_type_of(field->type);
  size_t size = proto_value_size(field);
  size_t n = wire_type == WIRE_VARINT ? count_varints(s) : s.size / size;
  if (wire_type != WIRE_VARINT && s.size % size)
    return malformed(d, c, desc, field, "packed values are cut off");
  if (!n) return malformed(d, c, desc, field, "number is cut off");
  char *to = grow(d, r, n, size);
  if (!to) return TF_GetCode(d->st);
  Cursor in = cursor_of(s.data, s.size);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (wire_type != WIRE_VARINT) {
    memcpy(to, cursor_take(&in, s.size), s.size);
    *r.count += n;
    return TF_OK;
  }
#endif
  for (size_t i = 0; i < n; i++, to += size) {
    if (wire_type == WIRE_VARINT) put_varint(field->type, cursor_varint(&in), to);
    else read_fixed(&in, wire_type, to);
  }
  /* Bytes behind the last number's end would be a number cut off. */
  if (in.failed || cursor_left(&in)) return malformed(d, c, desc, field, "number is cut off");
  *r.count += n;
  return TF_OK;
}

static TF_Code read_repeated(Decoder *d, Cursor *c, const ProtobufCMessageDescriptor *desc,
                             const ProtobufCFieldDescriptor *field, int wire_type, ProtobufCMessage *msg) {
  Repeated r = repeated_of(msg, field);
  if (wire_type == WIRE_BYTES && wire_type_of(field->type) != WIRE_BYTES)
    return read_packed(d, c, desc, field, r);
  size_t size = proto_value_size(field);
  void *to = grow(d, r, 1, size);
  if (!to) return TF_GetCode(d->st);
  memset(to, 0, size);
  TRY(read_value(d, c, desc, field, to));
  ++*r.count;
  return TF_OK;
}

/* ---- singular fields ---- */

static TF_Code read_singular(Decoder *d, Cursor *c, const ProtobufCMessageDescriptor *desc,
                             const ProtobufCFieldDescriptor *field, ProtobufCMessage *msg) {
  void *member = (char *)msg + field->offset;
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
    uint32_t *which = (uint32_t *)((char *)msg + field->quantifier_offset);
    if (*which != field->id) { /* the union holds another member's bytes, if any */
      memset(member, 0, proto_value_size(field));
      *which = field->id;
    }
  }
  TRY(read_value(d, c, desc, field, member));
  if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_MESSAGE &&
      field->type != PROTOBUF_C_TYPE_STRING && !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) {
    *(protobuf_c_boolean *)((char *)msg + field->quantifier_offset) = 1;
  }
  return TF_OK;
}

/* ---- unknown fields ---- */

static bool skip_value(Cursor *c, uint32_t number, int wire_type, int depth);

static bool skip_group(Cursor *c, uint32_t number, int depth) {
  while (depth > 0) {
    uint64_t tag = cursor_varint(c);
    if (c->failed || tag > UINT32_MAX || !(tag >> 3)) return false;
    if ((tag & 7) == WIRE_END_GROUP) return tag >> 3 == number;
    if (!skip_value(c, (uint32_t)(tag >> 3), tag & 7, depth - 1)) return false;
  }
  return false;
}

static bool skip_value(Cursor *c, uint32_t number, int wire_type, int depth) {
  switch (wire_type) {
    case WIRE_VARINT: cursor_varint(c); return !c->failed;
    case WIRE_64: return cursor_take(c, 8);
    case WIRE_32: return cursor_take(c, 4);
    case WIRE_BYTES: cursor_span(c); return !c->failed;
    case WIRE_GROUP: return skip_group(c, number, depth);
    default: return false;
  }
}

static TF_Code read_unknown(Decoder *d, Cursor *c, ProtobufCMessage *msg, uint32_t number, int wire_type) {
  const uint8_t *at = c->at;
  if (!skip_value(c, number, wire_type, LIMIT_PROTO_DEPTH - d->depth))
    return malformed(d, c, msg->descriptor, NULL, "an unknown field is cut off or malformed");
  size_t n = msg->n_unknown_fields;
  ProtobufCMessageUnknownField *list = msg->unknown_fields;
  if (n == UINT32_MAX) return malformed(d, c, msg->descriptor, NULL, "too many unknown fields");
  list = grow(d, (Repeated){&n, (void **)&list}, 1, sizeof *list);
  if (!list) return TF_GetCode(d->st);
  list -= n;
  size_t len = (size_t)(c->at - at);
  uint8_t *data = (uint8_t *)at;
  if (!d->view) {
    if (!(data = allocate(d, len))) return TF_GetCode(d->st);
    memcpy(data, at, len);
  }
  list[n] = (ProtobufCMessageUnknownField){number, (ProtobufCWireType)wire_type, len, data};
  msg->unknown_fields = list;
  msg->n_unknown_fields++;
  return TF_OK;
}

/* ---- messages ---- */

/* Fields mostly come in the order of their numbers, so try the last one and the one after it. */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *desc, uint32_t number,
                                                  unsigned *guess) {
  for (unsigned i = *guess; i < desc->n_fields && i < *guess + 2; i++)
    if (desc->fields[i].id == number) return &desc->fields[*guess = i];
  const ProtobufCFieldDescriptor *field = proto_field_by_number(desc, number);
  if (field) *guess = (unsigned)(field - desc->fields);
  return field;
}

/* A message that is merged into has its maps put right at the very end: doing so each time would take a
 * time that grows with the square of the data. */
static TF_Code decode(Decoder *d, ProtobufCMessage *msg, Cursor *c, bool merging) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  unsigned guess = 0;
  bool entries = false;
  while (cursor_left(c)) {
    uint64_t tag = cursor_varint(c);
    if (c->failed || tag > UINT32_MAX || !(tag >> 3)) return malformed(d, c, desc, NULL, "bad field number");
    uint32_t number = (uint32_t)(tag >> 3);
    int wire_type = tag & 7;
    const ProtobufCFieldDescriptor *field = find_field(desc, number, &guess);
    bool repeated = field && field->label == PROTOBUF_C_LABEL_REPEATED;
    if (!field || !(wire_type == wire_type_of(field->type) || (repeated && wire_type == WIRE_BYTES))) {
      TRY(read_unknown(d, c, msg, number, wire_type));
    } else if (repeated) {
      entries |= field->type == PROTOBUF_C_TYPE_MESSAGE;
      TRY(read_repeated(d, c, desc, field, wire_type, msg));
    } else {
      TRY(read_singular(d, c, desc, field, msg));
    }
  }
  if (entries && !merging && !proto_fix_maps(d->arena, msg)) return fail_oom(d->st, d->what);
  return TF_OK;
}

static bool fix_all_maps(Arena *arena, ProtobufCMessage *msg) {
  if (!proto_fix_maps(arena, msg)) return false;
  for (unsigned i = 0; i < msg->descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &msg->descriptor->fields[i];
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) continue;
    size_t n = proto_field_count(msg, field);
    for (size_t k = 0; k < n; k++)
      if (!fix_all_maps(arena, *(ProtobufCMessage *const *)proto_field_at(msg, field, k))) return false;
  }
  return true;
}

static TF_Code parse(const ProtobufCMessageDescriptor *desc, Span data, Arena *arena, bool view, void *out,
                     const char *what, TF_Status *st) {
  void *none = NULL;
  memcpy(out, &none, sizeof none);
  if (data.size > LIMIT_PROTO_BYTES)
    return fail(st, TF_RESOURCE_EXHAUSTED, "%s: message of %zu bytes, the limit is %d", what, data.size,
                LIMIT_PROTO_BYTES);
  Decoder d = {.arena = arena,
               .memory_start = arena->total,
               .view = view,
               .depth = 1,
               .start = data.data,
               .what = what,
               .st = st};
  ProtobufCMessage *msg = proto_new(arena, desc);
  if (!msg) return fail_oom(st, what);
  Cursor c = cursor_of(data.data, data.size);
  TRY(decode(&d, msg, &c, false));
  if (d.merged && !fix_all_maps(arena, msg)) return fail_oom(st, what);
  memcpy(out, &msg, sizeof msg);
  return TF_OK;
}

TF_Code proto_parse(const ProtobufCMessageDescriptor *desc, Span data, Arena *arena, void *out,
                    const char *what, TF_Status *st) {
  return parse(desc, data, arena, false, out, what, st);
}

TF_Code proto_parse_view(const ProtobufCMessageDescriptor *desc, Span data, Arena *arena, void *out,
                         const char *what, TF_Status *st) {
  return parse(desc, data, arena, true, out, what, st);
}
