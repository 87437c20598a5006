/* layers: wire */
/* Text that parses must print, and print to the same text when parsed again. */
#include <stdlib.h>

#include "base/status_impl.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool round_trip(Span text, Arena *arena, Bytes *out) {
  TF_Status st = {0};
  ProtobufCMessage *msg;
  if (text_format_parse(&tensorflow__saved_model__descriptor, text, arena, &msg, &st)) return false;
  if (text_format_print(msg, out, &st)) abort();
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Arena arena = {0};
  Bytes first = {0}, second = {0};
  if (round_trip((Span){data, size}, &arena, &first)) {
    if (!round_trip((Span){first.data, first.size}, &arena, &second)) abort();
    if (first.size != second.size || (first.size && memcmp(first.data, second.data, first.size))) abort();
  }
  bytes_clear(&first);
  bytes_clear(&second);
  arena_clear(&arena);
  return 0;
}
