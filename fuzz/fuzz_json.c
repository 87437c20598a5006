/* layers: wire */
/* A document that parses must keep to its own structure, and its dump must parse to the same dump. */
#include <math.h>
#include <stdlib.h>

#include "base/status_impl.h"
#include "wire/base64.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walks a value; returns the node behind it. */
static const JsonNode *walk(const JsonNode *v) {
  const JsonNode *end = json_end(v);
  if (v->kind == JSON_STRING) {
    char *out = malloc(base64_decoded_max(v->count));
    size_t n;
    if (!out || (base64_decode(v->text, v->count, out, &n) && n > base64_decoded_max(v->count))) abort();
    free(out);
  }
  if (!json_is_container(v)) return end;
  const JsonNode *at = json_first(v);
  for (uint32_t i = 0; i < v->count; i++) {
    if (v->kind == JSON_OBJECT) {
      if (at->kind != JSON_STRING || !json_member_n(v, at->text, at->count)) abort();
      at++;
    }
    at = walk(at);
  }
  if (at != end) abort();
  return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TF_Status st = {0};
  JsonDoc doc, again;
  if (json_parse((Span){data, size}, &doc, &st)) return 0;
  if (walk(json_root(&doc)) != doc.nodes + doc.count) abort();
  Bytes first = {0}, second = {0};
  json_dump(json_root(&doc), size * 64 + 1000000, &first);
  if (!json_parse((Span){first.data, first.size}, &again, &st)) {
    json_dump(json_root(&again), size * 64 + 1000000, &second);
    if (first.size != second.size || memcmp(first.data, second.data, first.size)) abort();
  }
  json_doc_clear(&again);
  json_doc_clear(&doc);
  bytes_clear(&first);
  bytes_clear(&second);
  return 0;
}
