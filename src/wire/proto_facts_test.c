/* Our .proto files against the facts of TensorFlow's own: every message, field and enum value of
 * tests/data/protos.tsv (made from TensorFlow's descriptors) must be in the compiled descriptors with the
 * same number, name, label, type, oneof and packing, and nothing else. Files left out are named here. */
#include <protobuf-c/protobuf-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/proto_message.h"
#include "wire/proto_registry.h"

#include <cmocka.h>

/* Files (or single names) of the facts that we have no use for, each with the reason. */
static const char *const left_out[][2] = {
    {"grpc_service.proto", "KServe's inference protocol, another server's interface"},
    {"tensorflow/core/util/event.proto", "TensorBoard's event files"},
    {"tensorflow/core/framework/summary.proto", "TensorBoard's summaries"},
    {"tensorflow/core/framework/log_memory.proto", "TensorFlow's own memory log"},
    {"tsl/protobuf/histogram.proto", "TensorBoard's histograms"},
    {"tensorflow/core/framework/optimized_function_graph.proto", "a cache of TensorFlow's own optimiser"},
    {"tensorflow/core/example/example_parser_configuration.proto", "no file or call of ours holds it"},
    {"tensorflow_serving/session_bundle/oss/manifest.proto",
     "the format before SavedModel, gone from TensorFlow 2"},
    {"tensorflow_serving/servables/tensorflow/tfrt_saved_model_source_adapter.proto",
     "options of TensorFlow's TFRT runtime"},
    {"tensorflow/core/tfrt/graph_executor/config.proto", "options of TensorFlow's TFRT runtime"},
    {"tensorflow_serving/servables/tensorflow/remote_op_config_rewriter.proto",
     "remote ops, which we do not have"},
    {"tensorflow/core/grappler/optimizers/inference/batch_op_rewriter.proto",
     "a rewriter of TensorFlow's optimiser"},
    {"tensorflow_serving/servables/tensorflow/saved_model_config.proto",
     "experimental per-model overrides of the session"},
    {"tensorflow_serving/servables/tensorflow/thread_pool_factory_config.proto",
     "a plug-in of the C++ server"},
    {"tensorflow_serving/servables/hashmap/hashmap_source_adapter.proto",
     "an example servable of the C++ server"},
    {"tensorflow_serving/sources/storage_path/static_storage_path_source.proto",
     "a source for tests of the C++ server"},
    {"tensorflow_serving/resources/resources.proto", "resource estimates inside of the C++ server"},
    {"tensorflow.serving.SamplingConfig.Attributes", "no field has this type, so no descriptor leads to it"},
    {"tensorflow.serving.SessionBundleConfig.in_graph_batching_parameters", "its type is not published"},
};

static bool is_left_out(const char *name) {
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
    if (!strcmp(left_out[i][0], name)) return true;
  return false;
}

static int mistakes;
static void mistake(const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  vprintf(fmt, args);
  va_end(args);
  printf("\n");
  mistakes++;
}

/* ---- the rows ---- */

enum { COLUMNS = 7 };

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  char *text = calloc(1, 1 << 20);
  assert_non_null(text);
  size_t size = fread(text, 1, (1 << 20) - 1, file);
  fclose(file);
  assert_in_range(size, 50000, (1 << 20) - 2);
  return text;
}

/* Cuts a line at its tabs; missing columns are "". */
static void cut(char *line, char *column[COLUMNS]) {
  static char none[1];
  for (int i = 0; i < COLUMNS; i++) {
    column[i] = line ? line : none;
    if (line && (line = strchr(line, '\t'))) *line++ = 0;
  }
}

/* ---- enums: they are found through the fields that use them ---- */

static const ProtobufCEnumDescriptor *find_enum(const char *name) {
  for (size_t i = 0; i < proto_registry_count(); i++) {
    const ProtobufCMessageDescriptor *desc = proto_registry_at(i);
    for (unsigned k = 0; k < desc->n_fields; k++) {
      const ProtobufCFieldDescriptor *field = &desc->fields[k];
      if (proto_field_is_map(desc, field))
        field = &((const ProtobufCMessageDescriptor *)field->descriptor)->fields[1];
      const ProtobufCEnumDescriptor *type = field->descriptor;
      if (field->type == PROTOBUF_C_TYPE_ENUM && !strcmp(type->name, name)) return type;
    }
  }
  return NULL;
}

static void check_value(const ProtobufCEnumDescriptor *type, char *column[COLUMNS]) {
  const ProtobufCEnumValue *value = proto_enum_by_name(type, column[2], strlen(column[2]));
  if (!value || value->value != atoi(column[1]))
    mistake("enum %s: value %s = %s", type->name, column[2], column[1]);
}

/* ---- fields ---- */

static const char *type_name(const ProtobufCFieldDescriptor *field, char out[256]) {
  static const char *const names[] = {"int32",  "sint32",  "sfixed32", "int64",   "sint64", "sfixed64",
                                      "uint32", "fixed32", "uint64",   "fixed64", "float",  "double",
                                      "bool",   "enum",    "string",   "bytes",   "message"};
  if (field->type == PROTOBUF_C_TYPE_MESSAGE)
    snprintf(out, 256, "message %s", ((const ProtobufCMessageDescriptor *)field->descriptor)->name);
  else if (field->type == PROTOBUF_C_TYPE_ENUM)
    snprintf(out, 256, "enum %s", ((const ProtobufCEnumDescriptor *)field->descriptor)->name);
  else snprintf(out, 256, "%s", names[field->type]);
  return out;
}

static bool has_note(const char *notes, const char *note) {
  size_t len = strlen(note);
  for (const char *p = notes; (p = strstr(p, note)); p += len)
    if ((p == notes || p[-1] == ' ' || p[-1] == ',') &&
        (!p[len] || p[len] == ' ' || p[len] == ',' || p[len] == '='))
      return true;
  return false;
}

static bool same_map_type(const ProtobufCFieldDescriptor *field, const char *want) {
  const ProtobufCMessageDescriptor *entry = field->descriptor;
  char key[256], value[256], have[520];
  type_name(&entry->fields[0], key);
  type_name(&entry->fields[1], value);
  const char *bare = strchr(value, ' ');
  snprintf(have, sizeof have, "map<%s,%s>", key, bare ? bare + 1 : value);
  return !strcmp(have, want);
}

static void check_field(const ProtobufCMessageDescriptor *desc, const char *syntax, char *column[COLUMNS]) {
  const char *label = column[3], *type = column[4], *notes = column[5];
  const ProtobufCFieldDescriptor *field = proto_field_by_number(desc, (uint32_t)atoi(column[1]));
  if (!field || strcmp(field->name, column[2])) {
    mistake("%s: field %s = %s is missing", desc->name, column[2], column[1]);
    return;
  }
  char have[256];
  bool map = proto_field_is_map(desc, field), repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
  if (!strcmp(label, "map") ? !map || !same_map_type(field, type)
                            : map || strcmp(type_name(field, have), type) != 0)
    mistake("%s.%s: type %s is wanted", desc->name, field->name, type);
  if (repeated != (strcmp(label, "opt") != 0))
    mistake("%s.%s: label %s is wanted", desc->name, field->name, label);
  bool oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
  if (oneof != has_note(notes, "oneof")) mistake("%s.%s: oneof differs", desc->name, field->name);
  bool number = field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING &&
                field->type != PROTOBUF_C_TYPE_BYTES;
  if (repeated && number) {
    bool packed = has_note(notes, "packed") || (!strcmp(syntax, "proto3") && !has_note(notes, "unpacked"));
    if (packed != !!(field->flags & PROTOBUF_C_FIELD_FLAG_PACKED))
      mistake("%s.%s: packed differs", desc->name, field->name);
  }
  if (!repeated && !oneof && field->type != PROTOBUF_C_TYPE_MESSAGE && has_note(notes, "optional") &&
      field->label != PROTOBUF_C_LABEL_OPTIONAL)
    mistake("%s.%s: has no presence", desc->name, field->name);
}

/* Members of one oneof share their case field; members of two do not. */
static void check_oneofs(const ProtobufCMessageDescriptor *desc, char names[64][64]) {
  for (unsigned i = 0; i < desc->n_fields && i < 64; i++)
    for (unsigned k = 0; k < i; k++) {
      if (!*names[i] || !*names[k]) continue;
      bool same = desc->fields[i].quantifier_offset == desc->fields[k].quantifier_offset;
      if (same != !strcmp(names[i], names[k]))
        mistake("%s: oneof of %s and %s", desc->name, desc->fields[i].name, desc->fields[k].name);
    }
}

/* ---- the walk ---- */

typedef struct Walk {
  const ProtobufCMessageDescriptor *message;
  const ProtobufCEnumDescriptor *enumeration;
  char syntax[16];
  unsigned fields, values, messages, enums;
  char oneofs[64][64]; /* by field index */
} Walk;

static void leave(Walk *w) {
  if (w->message && w->fields != w->message->n_fields)
    mistake("%s: %u fields, the facts have %u", w->message->name, w->message->n_fields, w->fields);
  if (w->message) check_oneofs(w->message, w->oneofs);
  if (w->enumeration && w->values != w->enumeration->n_value_names)
    mistake("enum %s: %u values, the facts have %u", w->enumeration->name, w->enumeration->n_value_names,
            w->values);
  w->message = NULL;
  w->enumeration = NULL;
  w->fields = w->values = 0;
  memset(w->oneofs, 0, sizeof w->oneofs);
}

static void enter(Walk *w, char *column[COLUMNS]) {
  leave(w);
  if (is_left_out(column[2]) || is_left_out(column[1])) return;
  if (*column[0] == 'M') {
    w->message = proto_registry_find(column[1], strlen(column[1]));
    snprintf(w->syntax, sizeof w->syntax, "%s", column[3]);
    w->messages += w->message != NULL;
  } else {
    w->enumeration = find_enum(column[1]);
    w->enums += w->enumeration != NULL;
  }
  if (!w->message && !w->enumeration) mistake("%s (%s) is missing", column[1], column[2]);
}

static void note_oneof(Walk *w, char *column[COLUMNS]) {
  const ProtobufCFieldDescriptor *field = proto_field_by_number(w->message, (uint32_t)atoi(column[1]));
  const char *name = strstr(column[5], "oneof=");
  if (field && name && field - w->message->fields < 64)
    sscanf(name + 6, "%63[a-zA-Z0-9_]", w->oneofs[field - w->message->fields]);
}

static void facts_are_met(void **state) {
  (void)state;
  char *text = read_file("tests/data/protos.tsv");
  Walk w = {0};
  for (char *line = text, *next; line && *line; line = next) {
    if ((next = strchr(line, '\n'))) *next++ = 0;
    char *column[COLUMNS];
    cut(line, column);
    if (!strcmp(column[0], "M") || !strcmp(column[0], "E")) {
      enter(&w, column);
    } else if (!strcmp(column[0], "F") && w.message) {
      char full[512];
      snprintf(full, sizeof full, "%s.%s", w.message->name, column[2]);
      if (is_left_out(full)) continue;
      check_field(w.message, w.syntax, column);
      note_oneof(&w, column);
      w.fields++;
    } else if (!strcmp(column[0], "V") && w.enumeration) {
      check_value(w.enumeration, column);
      w.values++;
    }
  }
  leave(&w);
  free(text);
  printf("%u messages, %u enums\n", w.messages, w.enums);
  assert_int_equal(mistakes, 0);
  assert_true(w.messages > 200 && w.enums > 15);
}

/* The registry is searched by halves, so it must be sorted; and what fields refer to must be in it. */
static void registry_is_whole(void **state) {
  (void)state;
  for (size_t i = 0; i < proto_registry_count(); i++) {
    const ProtobufCMessageDescriptor *desc = proto_registry_at(i);
    if (i) assert_true(strcmp(proto_registry_at(i - 1)->name, desc->name) < 0);
    assert_ptr_equal(proto_registry_find(desc->name, strlen(desc->name)), desc);
    for (unsigned k = 0; k < desc->n_fields; k++) {
      const ProtobufCMessageDescriptor *type = desc->fields[k].descriptor;
      if (desc->fields[k].type != PROTOBUF_C_TYPE_MESSAGE || proto_field_is_map(desc, &desc->fields[k]))
        continue;
      assert_ptr_equal(proto_registry_find(type->name, strlen(type->name)), type);
    }
  }
  assert_null(proto_registry_find("tensorflow.NodeDe", 17));
  assert_null(proto_registry_find("tensorflow.NodeDefx", 19));
  assert_null(proto_registry_find("", 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_are_met),
      cmocka_unit_test(registry_is_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
