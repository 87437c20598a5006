/* layers: wire */
/* A message that parses must pack, and what was packed must parse to a message that packs to the same
 * bytes. */
#include <stdlib.h>

#include "base/status_impl.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"
#include "wire/proto_json.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(TF_Code code) {
  if (code) abort();
}

/* Parses and packs; false when the bytes were refused. */
static bool round_trip(Span data, bool view, Arena *arena, Bytes *out, ProtobufCMessage **msg) {
  TF_Status st = {0};
  TF_Code (*parse)(const ProtobufCMessageDescriptor *, Span, Arena *, void *, const char *,
                   TF_Status *) = view ? proto_parse_view : proto_parse;
  if (parse(&tensorflow__saved_model__descriptor, data, arena, msg, "fuzz", &st)) return false;
  proto_sort_maps(*msg);
  must(proto_pack(*msg, out, &st));
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Arena arena = {0};
  Bytes first = {0}, second = {0}, text = {0};
  ProtobufCMessage *msg;
  TF_Status st = {0};
  if (round_trip((Span){data, size}, true, &arena, &first, &msg)) {
    if (!round_trip((Span){first.data, first.size}, false, &arena, &second, &msg)) abort();
    if (first.size != second.size || (first.size && memcmp(first.data, second.data, first.size))) abort();
    if (!proto_copy(&arena, msg)) abort();
    must(text_format_print(msg, &text, &st));
    proto_json_print(msg, 1, &text, &st); /* may fail: Any of unknown types */
  }
  bytes_clear(&first);
  bytes_clear(&second);
  bytes_clear(&text);
  arena_clear(&arena);
  return 0;
}
