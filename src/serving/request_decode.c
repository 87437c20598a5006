#include "serving/request_decode.h"

#include <string.h>

#include "base/utf8.h"
#include "serving/proto_scan.h"

TF_Code decode_failed(TF_Status *st, const char *message_name) {
  return fail(st, TF_INTERNAL, "Failed to parse %s", message_name);
}

/* google.protobuf.Int64Value { value 1 } */
static bool decode_int64_value(Span bytes, int64_t *value) {
  *value = 0;
  Cursor c = cursor_of(bytes.data, bytes.size);
  for (ProtoField f; proto_next(&c, &f);)
    if (f.number == 1 && f.wire == PROTO_VARINT) *value = (int64_t)f.value;
  return !c.failed;
}

bool decode_model_spec(Span bytes, ModelSpec *spec) {
  Cursor c = cursor_of(bytes.data, bytes.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES) continue;
    if (f.number == 2) {
      spec->choice = CHOOSE_VERSION;
      if (!decode_int64_value(f.span, &spec->version)) return false;
      continue;
    }
    if (f.number == 1) spec->name = f.span;
    else if (f.number == 3) spec->signature_name = f.span;
    else if (f.number == 4) spec->label = f.span;
    else continue;
    if (!utf8_valid(f.span.data, f.span.size)) return false;
    if (f.number == 4) spec->choice = CHOOSE_LABEL;
  }
  return !c.failed;
}

/* ExampleList { examples 1 }, or ExampleListWithContext { examples 1, context 2 }. */
static bool decode_list(Span list, Arena *arena, ExampleRequest *out) {
  size_t n = out->example_count;
  Cursor c = cursor_of(list.data, list.size);
  for (ProtoField f; proto_next(&c, &f);) n += f.number == 1 && f.wire == PROTO_BYTES;
  if (c.failed) return false;
  Span *examples = arena_alloc(arena, n * sizeof *examples);
  if (!examples) return false;
  if (out->example_count) memcpy(examples, out->examples, out->example_count * sizeof *examples);
  out->examples = examples;
  c = cursor_of(list.data, list.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES) continue;
    if (f.number == 1) examples[out->example_count++] = f.span;
    else if (f.number == 2 && out->kind == INPUT_EXAMPLES_WITH_CONTEXT) out->context = f.span;
  }
  return true;
}

static bool decode_input(Span input, Arena *arena, ExampleRequest *out) {
  Cursor c = cursor_of(input.data, input.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES || (f.number != 1 && f.number != 2)) continue;
    InputKind kind = f.number == 1 ? INPUT_EXAMPLES : INPUT_EXAMPLES_WITH_CONTEXT;
    if (kind != out->kind) { /* a oneof: the last one counts */
      out->kind = kind;
      out->example_count = 0;
      out->context = (Span){0};
    }
    if (!decode_list(f.span, arena, out)) return false;
  }
  return !c.failed;
}

TF_Code decode_example_request(Span bytes, const char *message_name, Arena *arena, ExampleRequest *out,
                               TF_Status *st) {
  *out = (ExampleRequest){0};
  Cursor c = cursor_of(bytes.data, bytes.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES) continue;
    if (f.number == 1) {
      out->has_spec = true;
      if (!decode_model_spec(f.span, &out->spec)) return decode_failed(st, message_name);
    } else if (f.number == 2 && !decode_input(f.span, arena, out)) {
      return decode_failed(st, message_name);
    }
  }
  return c.failed ? decode_failed(st, message_name) : TF_OK;
}
