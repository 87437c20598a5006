/* Map fields: protobuf-c knows them as repeated entry messages {key = 1, value = 2} only. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "wire/proto_message.h"

/* protoc names the entry type of field `attr` of message `pkg.M` `pkg.M.AttrEntry`, and refuses any
 * other type of that name. */
bool proto_field_is_map(const ProtobufCMessageDescriptor *desc, const ProtobufCFieldDescriptor *field) {
  if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) return false;
  const ProtobufCMessageDescriptor *entry = field->descriptor;
  if (entry->n_fields != 2 || entry->fields[0].id != 1 || entry->fields[1].id != 2 ||
      strcmp(entry->fields[0].name, "key") || strcmp(entry->fields[1].name, "value"))
    return false;
  size_t outer = strlen(desc->name);
  if (strncmp(entry->name, desc->name, outer) || entry->name[outer] != '.') return false;
  const char *e = entry->name + outer + 1;
  bool upper = true;
  for (const char *f = field->name; *f; f++) { /* snake_case to CamelCase */
    if (*f == '_') {
      upper = true;
      continue;
    }
    if (*e++ != (upper && *f >= 'a' && *f <= 'z' ? *f - 'a' + 'A' : *f)) return false;
    upper = false;
  }
  return !strcmp(e, "Entry");
}

static Span key_of(const ProtobufCMessage *entry) {
  const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];
  const void *at = (const char *)entry + key->offset;
  if (key->type != PROTOBUF_C_TYPE_STRING) return (Span){at, proto_value_size(key)};
  const char *text = *(char *const *)at;
  return text ? (Span){text, strlen(text)} : (Span){"", 0};
}

static bool same_key(const ProtobufCMessage *a, const ProtobufCMessage *b) {
  Span x = key_of(a), y = key_of(b);
  return x.size == y.size && !memcmp(x.data, y.data, x.size);
}

static bool drop_doubles_few(ProtobufCMessage **entries, size_t *count) {
  size_t kept = 0;
  for (size_t i = 0; i < *count; i++) {
    size_t k = 0;
    while (k < kept && !same_key(entries[k], entries[i])) k++;
    entries[k] = entries[i];
    kept += k == kept;
  }
  *count = kept;
  return true;
}

static bool drop_doubles_many(ProtobufCMessage **entries, size_t *count) {
  Map seen = {0};
  size_t kept = 0;
  bool ok = true;
  for (size_t i = 0; i < *count && ok; i++) {
    Span key = key_of(entries[i]);
    ProtobufCMessage **slot = map_get_n(&seen, key.data, key.size);
    if (!slot) {
      slot = &entries[kept++];
      ok = map_put_n(&seen, key.data, key.size, slot);
    }
    *slot = entries[i];
  }
  if (ok) *count = kept;
  map_clear(&seen);
  return ok;
}

static bool fill_values(Arena *arena, ProtobufCMessage **entries, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const ProtobufCFieldDescriptor *value = &entries[i]->descriptor->fields[1];
    if (value->type != PROTOBUF_C_TYPE_MESSAGE) return true;
    ProtobufCMessage **slot = (ProtobufCMessage **)((char *)entries[i] + value->offset);
    if (!*slot && !(*slot = proto_new(arena, value->descriptor))) return false;
  }
  return true;
}

bool proto_fix_maps(Arena *arena, ProtobufCMessage *msg) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  for (unsigned i = 0; i < desc->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &desc->fields[i];
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) continue;
    size_t *count = (size_t *)((char *)msg + field->quantifier_offset);
    if (!*count || !proto_field_is_map(desc, field)) continue;
    ProtobufCMessage **entries = *(ProtobufCMessage ***)((char *)msg + field->offset);
    /* The capacity may shrink with the count: proto_room then allocates anew, which is safe. */
    if (!(*count <= 8 ? drop_doubles_few : drop_doubles_many)(entries, count)) return false;
    if (!fill_values(arena, entries, *count)) return false;
  }
  return true;
}

/* ---- sorting ---- */

static int compare_entries(const void *a, const void *b) {
  const ProtobufCMessage *x = *(ProtobufCMessage *const *)a, *y = *(ProtobufCMessage *const *)b;
  const ProtobufCFieldDescriptor *key = &x->descriptor->fields[0];
  const void *p = (const char *)x + key->offset, *q = (const char *)y + key->offset;
  switch (key->type) {
    case PROTOBUF_C_TYPE_STRING: return strcmp(key_of(x).data, key_of(y).data);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: {
      uint64_t u = *(const uint64_t *)p, v = *(const uint64_t *)q;
      return (u > v) - (u < v);
    }
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: {
      int64_t u = *(const int64_t *)p, v = *(const int64_t *)q;
      return (u > v) - (u < v);
    }
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: {
      uint32_t u = *(const uint32_t *)p, v = *(const uint32_t *)q;
      return (u > v) - (u < v);
    }
    default: {
      int32_t u = *(const int32_t *)p, v = *(const int32_t *)q;
      return (u > v) - (u < v);
    }
  }
}

void proto_sort_maps(ProtobufCMessage *msg) {
  const ProtobufCMessageDescriptor *desc = msg->descriptor;
  for (unsigned i = 0; i < desc->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &desc->fields[i];
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) continue;
    size_t n = proto_field_count(msg, field);
    if (n > 1 && proto_field_is_map(desc, field))
      qsort((void *)proto_field_at(msg, field, 0), n, sizeof(void *), compare_entries);
    for (size_t k = 0; k < n; k++) proto_sort_maps(*(ProtobufCMessage *const *)proto_field_at(msg, field, k));
  }
}
