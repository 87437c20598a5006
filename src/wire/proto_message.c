/* Messages by descriptor: making, packing, copying, looking at fields. */
#include "wire/proto_message.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"

void *proto_new(Arena *arena, const ProtobufCMessageDescriptor *desc) {
  ProtobufCMessage *msg = arena_alloc(arena, desc->sizeof_message);
  if (msg) desc->message_init(msg);
  return msg;
}

size_t proto_capacity(size_t count) {
  if (!count) return 0;
  size_t capacity = 4;
  while (capacity < count && capacity <= SIZE_MAX / 2) capacity *= 2;
  return capacity;
}

void *proto_room(Arena *arena, const void *items, size_t count, size_t item_size) {
  if (count < proto_capacity(count)) return (void *)items;
  size_t bytes;
  if (!checked_mul(proto_capacity(count + 1), item_size, &bytes)) return NULL;
  void *grown = arena_alloc(arena, bytes);
  if (grown && count) memcpy(grown, items, count * item_size);
  return grown;
}

size_t proto_value_size(const ProtobufCFieldDescriptor *field) {
  switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    default: return 4;
  }
}

/* ---- packing ---- */

TF_Code proto_pack(const ProtobufCMessage *msg, Bytes *out, TF_Status *st) {
  size_t size = protobuf_c_message_get_packed_size(msg);
  if (size > LIMIT_PROTO_BYTES)
    return fail(st, TF_INVALID_ARGUMENT, "%s message of %zu bytes cannot be written, the limit is %d",
                msg->descriptor->name, size, LIMIT_PROTO_BYTES);
  char *at = bytes_reserve(out, size);
  if (!at) return bytes_finish(out, msg->descriptor->name, st);
  protobuf_c_message_pack(msg, (uint8_t *)at);
  bytes_grow(out, size);
  at[size] = 0;
  return TF_OK;
}

/* ---- copying ---- */

/* Replaces what the value at `value`, copied bit by bit, points to by copies. */
static bool copy_value(Arena *arena, const ProtobufCFieldDescriptor *field, void *value) {
  switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
      char **text = value;
      return !*text || (*text = arena_strdup(arena, *text));
    }
    case PROTOBUF_C_TYPE_BYTES: {
      ProtobufCBinaryData *bytes = value;
      return !bytes->len || (bytes->data = arena_memdup(arena, bytes->data, bytes->len));
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
      ProtobufCMessage **sub = value;
      return !*sub || (*sub = proto_copy(arena, *sub));
    }
    default: return true;
  }
}

static bool copy_repeated(Arena *arena, ProtobufCMessage *copy, const ProtobufCFieldDescriptor *field) {
  size_t n = *(size_t *)((char *)copy + field->quantifier_offset), size = proto_value_size(field);
  void **items = (void **)((char *)copy + field->offset);
  if (!n) {
    *items = NULL;
    return true;
  }
  size_t bytes;
  if (!checked_mul(proto_capacity(n), size, &bytes)) return false;
  char *at = arena_alloc(arena, bytes);
  if (!at) return false;
  memcpy(at, *items, n * size);
  *items = at;
  for (size_t i = 0; i < n; i++)
    if (!copy_value(arena, field, at + i * size)) return false;
  return true;
}

static bool copy_unknown(Arena *arena, ProtobufCMessage *copy) {
  size_t n = copy->n_unknown_fields;
  if (!n) return true;
  ProtobufCMessageUnknownField *list = arena_calloc(arena, proto_capacity(n), sizeof *list);
  if (!list) return false;
  memcpy(list, copy->unknown_fields, n * sizeof *list);
  copy->unknown_fields = list;
  for (size_t i = 0; i < n; i++)
    if (!(list[i].data = arena_memdup(arena, list[i].data, list[i].len))) return false;
  return true;
}

void *proto_copy(Arena *arena, const ProtobufCMessage *msg) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  ProtobufCMessage *copy = arena_memdup(arena, msg, desc->sizeof_message);
  if (!copy) return NULL;
  for (unsigned i = 0; i < desc->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &desc->fields[i];
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
      if (!copy_repeated(arena, copy, field)) return NULL;
      continue;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
        *(uint32_t *)((char *)copy + field->quantifier_offset) != field->id)
      continue;
    if (!copy_value(arena, field, (char *)copy + field->offset)) return NULL;
  }
  return copy_unknown(arena, copy) ? copy : NULL;
}

/* ---- descriptors ---- */

/* Compares a NUL-terminated name with `len` bytes, in the order of strcmp. */
static int compare_name(const char *name, const char *text, size_t len) {
  int order = strncmp(name, text, len);
  return order ? order : name[len] != 0;
}

const ProtobufCFieldDescriptor *proto_field_by_name(const ProtobufCMessageDescriptor *desc, const char *name,
                                                    size_t len) {
  if (memchr(name, 0, len)) return NULL;
  unsigned low = 0, high = desc->n_fields;
  while (low < high) {
    unsigned mid = (low + high) / 2;
    const ProtobufCFieldDescriptor *field = &desc->fields[desc->fields_sorted_by_name[mid]];
    int order = compare_name(field->name, name, len);
    if (!order) return field;
    if (order < 0) low = mid + 1;
    else high = mid;
  }
  return NULL;
}

const ProtobufCFieldDescriptor *proto_field_by_number(const ProtobufCMessageDescriptor *desc,
                                                      uint32_t number) {
  unsigned low = 0, high = desc->n_fields;
  while (low < high) {
    unsigned mid = (low + high) / 2;
    const ProtobufCFieldDescriptor *field = &desc->fields[mid];
    if (field->id == number) return field;
    if (field->id < number) low = mid + 1;
    else high = mid;
  }
  return NULL;
}

const ProtobufCEnumValue *proto_enum_by_name(const ProtobufCEnumDescriptor *desc, const char *name,
                                             size_t len) {
  if (memchr(name, 0, len)) return NULL;
  unsigned low = 0, high = desc->n_value_names;
  while (low < high) {
    unsigned mid = (low + high) / 2;
    const ProtobufCEnumValueIndex *value = &desc->values_by_name[mid];
    int order = compare_name(value->name, name, len);
    if (!order) return &desc->values[value->index];
    if (order < 0) low = mid + 1;
    else high = mid;
  }
  return NULL;
}

const ProtobufCEnumValue *proto_enum_by_number(const ProtobufCEnumDescriptor *desc, int number) {
  return protobuf_c_enum_descriptor_get_value(desc, number);
}

/* ---- fields ---- */

static bool is_set(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
  const void *value = (const char *)msg + field->offset;
  const void *quantifier = (const char *)msg + field->quantifier_offset;
  bool oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
  if (oneof && *(const uint32_t *)quantifier != field->id) return false;
  switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE: return *(void *const *)value;
    case PROTOBUF_C_TYPE_STRING: {
      const char *text = *(char *const *)value;
      if (field->label == PROTOBUF_C_LABEL_OPTIONAL) return text && text != field->default_value;
      return text && (oneof || *text);
    }
    default: break;
  }
  if (oneof) return true;
  if (field->label == PROTOBUF_C_LABEL_OPTIONAL) return *(const protobuf_c_boolean *)quantifier;
  if (field->label == PROTOBUF_C_LABEL_REQUIRED) return true;
  if (field->type == PROTOBUF_C_TYPE_BYTES) return ((const ProtobufCBinaryData *)value)->len;
  static const char zero[8];
  return memcmp(value, zero, proto_value_size(field)); /* -0.0 is set, as in protobuf */
}

size_t proto_field_count(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    return *(const size_t *)((const char *)msg + field->quantifier_offset);
  return is_set(msg, field);
}

const void *proto_field_at(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, size_t i) {
  const char *value = (const char *)msg + field->offset;
  if (field->label != PROTOBUF_C_LABEL_REPEATED) return value;
  return *(const char *const *)value + i * proto_value_size(field);
}
