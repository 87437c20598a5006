#include "serving/rest_json.h"

#include "serving/json_tensor.h"

TF_Code rest_parse_body(Request *r, JsonDoc *doc, TF_Status *st) {
  TRY(json_parse(r->body, doc, st));
  const JsonNode *root = json_root(doc);
  if (root->kind != JSON_OBJECT)
    return fail(st, TF_INVALID_ARGUMENT, "JSON Value: %s Is not object", json_dump_text(root, &r->arena));
  const JsonNode *name = json_member(root, "signature_name");
  if (!name) return TF_OK;
  if (name->kind != JSON_STRING)
    return fail(st, TF_INVALID_ARGUMENT,
                "JSON Value: %s not formatted correctly. 'signature_name' key must be a string value.",
                json_dump_text(root, &r->arena));
  const char *copy = arena_strndup(&r->arena, name->text, name->count);
  r->spec.signature_name = (Span){copy, name->count};
  return copy ? TF_OK : fail_oom(st, "request");
}
