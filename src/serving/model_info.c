/* GetModelMetadataRequest  { model_spec 1, metadata_field 2 repeated }
 * GetModelMetadataResponse { model_spec 1, metadata 2: map<string, Any { type_url 1, value 2 }> }
 * SignatureDefMap          { signature_def 1: map<string, SignatureDef> }: the entries of the MetaGraphDef
 *                            field of that name, which are passed on as stored
 * GetModelStatusRequest    { model_spec 1 }
 * GetModelStatusResponse   { model_version_status 1 { version 1, state 2, status 3 { error_code 1,
 * error_message 2 } } } */
#include "serving/model_info.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "net/grpc.h"
#include "serving/predict.h"
#include "serving/proto_scan.h"
#include "serving/request_decode.h"
#include "tensorflow_serving/apis/get_model_metadata.pb-c.h"
#include "wire/json.h"
#include "wire/proto_json.h"
#include "wire/proto_message.h"

#define SIGNATURE_DEF "signature_def"
#define SIGNATURE_DEF_MAP_URL "type.googleapis.com/tensorflow.serving.SignatureDefMap"

/* Model spec and the fields 2 of a request. */
static TF_Code decode(Request *r, const char *message_name, bool *has_spec, Span **fields,
                      size_t *field_count, TF_Status *st) {
  *field_count = 0;
  *has_spec = false;
  size_t max = 0;
  Cursor c = cursor_of(r->body.data, r->body.size);
  for (ProtoField f; proto_next(&c, &f);) max += f.number == 2 && f.wire == PROTO_BYTES;
  if (c.failed) return decode_failed(st, message_name);
  *fields = arena_alloc(&r->arena, max * sizeof **fields);
  if (!*fields) return fail_oom(st, "request");
  c = cursor_of(r->body.data, r->body.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES) continue;
    if (f.number == 1) {
      *has_spec = true;
      if (!decode_model_spec(f.span, &r->spec)) return decode_failed(st, message_name);
    } else if (f.number == 2) {
      if (!utf8_valid(f.span.data, f.span.size)) return decode_failed(st, message_name);
      (*fields)[(*field_count)++] = f.span;
    }
  }
  return TF_OK;
}

/* ---- metadata ---- */

static TF_Code prepare_metadata(Request *r, TF_Status *st) {
  bool has_spec;
  Span *fields;
  size_t count;
  TRY(decode(r, "tensorflow.serving.GetModelMetadataRequest", &has_spec, &fields, &count, st));
  if (!has_spec) return fail(st, TF_INVALID_ARGUMENT, "Missing ModelSpec");
  if (!count)
    return fail(st, TF_INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field");
  for (size_t i = 0; i < count; i++)
    if (fields[i].size != strlen(SIGNATURE_DEF) || memcmp(fields[i].data, SIGNATURE_DEF, fields[i].size))
      return fail(st, TF_INVALID_ARGUMENT, "Metadata field %.*s is not supported", (int)fields[i].size,
                  (const char *)fields[i].data);
  if (!r->spec.name.size) return fail(st, TF_INVALID_ARGUMENT, "ModelSpec has no name specified.");
  return request_find_version(r, st);
}

static size_t signature_map_size(const Bundle *bundle) {
  size_t size = 0;
  for (size_t i = 0; i < bundle->entry_count; i++) size += proto_field_size(1, bundle->entries[i].size);
  return size;
}

static void put_signature_map(const Bundle *bundle, Bytes *out) {
  for (size_t i = 0; i < bundle->entry_count; i++)
    proto_put_bytes(out, 1, bundle->entries[i].data, bundle->entries[i].size);
}

static TF_Code respond_metadata(Request *r, TF_Status *st) {
  (void)st;
  Bytes *out = &r->answer;
  size_t map = signature_map_size(r->bundle);
  size_t any = proto_field_size(1, sizeof SIGNATURE_DEF_MAP_URL - 1) + proto_field_size(2, map);
  grpc_message_begin(out);
  put_model_spec(out, 1, r, (Span){0});
  proto_put_head(out, 2, proto_field_size(1, sizeof SIGNATURE_DEF - 1) + proto_field_size(2, any));
  proto_put_bytes(out, 1, SIGNATURE_DEF, sizeof SIGNATURE_DEF - 1);
  proto_put_head(out, 2, any);
  proto_put_bytes(out, 1, SIGNATURE_DEF_MAP_URL, sizeof SIGNATURE_DEF_MAP_URL - 1);
  proto_put_head(out, 2, map);
  put_signature_map(r->bundle, out);
  return TF_OK;
}

static TF_Code prepare_rest_metadata(Request *r, TF_Status *st) { return request_find_version(r, st); }

static TF_Code respond_rest_metadata(Request *r, TF_Status *st) {
  Bytes map = {0}, *out = &r->answer;
  Tensorflow__Serving__SignatureDefMap *message = NULL;
  put_signature_map(r->bundle, &map);
  TF_Code code = bytes_finish(&map, "response", st);
  if (!code)
    code = proto_parse(&tensorflow__serving__signature_def_map__descriptor,
                       (Span){map.data ? map.data : "", map.size}, &r->arena, &message, "signatures", st);
  bytes_clear(&map);
  TRY(code);
  proto_sort_maps(&message->base);
  bytes_puts(out, "{\n\"model_spec\":{\n \"name\": ");
  json_put_string(out, r->spec.name.data, r->spec.name.size);
  bytes_printf(out,
               ",\n \"signature_name\": \"\",\n \"version\": \"%" PRId64
               "\"\n}\n,\n\"metadata\": {\"signature_def\": ",
               model_version_number(r->version));
  TRY(proto_json_print(&message->base, 1, out, st));
  bytes_puts(out, "\n}\n}\n");
  return TF_OK;
}

/* ---- status ---- */

typedef struct StatusDetail {
  VersionStatus *versions;
  size_t count;
} StatusDetail;

static TF_Code find_status(Request *r, TF_Status *st) {
  StatusDetail *detail = r->detail = arena_calloc(&r->arena, 1, sizeof *detail);
  const int64_t *version = r->spec.choice == CHOOSE_VERSION ? &r->spec.version
                                                            : NULL; /* TF: a label is ignored */
  if (!detail || !manager_status(r->context->models, r->spec.name, version, &r->arena, &detail->versions,
                                 &detail->count))
    return fail_oom(st, "status");
  if (detail->count) return TF_OK;
  int len = (int)(r->spec.name.size < 1024 ? r->spec.name.size : 1024);
  const char *name = r->spec.name.data;
  if (version)
    return fail(st, TF_NOT_FOUND, "Could not find version %" PRId64 " of model %.*s", *version, len, name);
  return fail(st, TF_NOT_FOUND, "Could not find any versions of model %.*s", len, name);
}

static TF_Code prepare_status(Request *r, TF_Status *st) {
  bool has_spec;
  Span *fields;
  size_t count;
  TRY(decode(r, "tensorflow.serving.GetModelStatusRequest", &has_spec, &fields, &count, st));
  if (!has_spec) return fail(st, TF_INVALID_ARGUMENT, "Missing ModelSpec");
  return find_status(r, st);
}

static size_t varint_field_size(uint64_t v) { return v ? 1 + proto_varint_size(v) : 0; }
static void put_varint_field(Bytes *out, uint32_t number, uint64_t v) {
  if (v) proto_put_varint_field(out, number, v);
}

static void put_version_status(Bytes *out, const VersionStatus *v) {
  size_t text = strlen(v->message);
  size_t status = varint_field_size((uint64_t)v->code) + (text ? proto_field_size(2, text) : 0);
  proto_put_head(out, 1,
                 varint_field_size((uint64_t)v->number) + varint_field_size((uint64_t)v->state) +
                     proto_field_size(3, status));
  put_varint_field(out, 1, (uint64_t)v->number);
  put_varint_field(out, 2, (uint64_t)v->state);
  proto_put_head(out, 3, status);
  put_varint_field(out, 1, (uint64_t)v->code);
  if (text) proto_put_bytes(out, 2, v->message, text);
}

static TF_Code respond_status(Request *r, TF_Status *st) {
  (void)st;
  const StatusDetail *detail = r->detail;
  grpc_message_begin(&r->answer);
  for (size_t i = 0; i < detail->count; i++) put_version_status(&r->answer, &detail->versions[i]);
  return TF_OK;
}

/* protobuf's JSON, one blank a level. */
static TF_Code respond_rest_status(Request *r, TF_Status *st) {
  (void)st;
  const StatusDetail *detail = r->detail;
  Bytes *out = &r->answer;
  bytes_puts(out, "{\n \"model_version_status\": [\n");
  for (size_t i = 0; i < detail->count; i++) {
    const VersionStatus *v = &detail->versions[i];
    bytes_printf(out,
                 "  {\n   \"version\": \"%" PRId64
                 "\",\n   \"state\": \"%s\",\n   \"status\": {\n"
                 "    \"error_code\": \"%s\",\n    \"error_message\": ",
                 v->number, version_state_name(v->state), status_code_name(v->code));
    json_put_string(out, v->message, strlen(v->message));
    bytes_printf(out, "\n   }\n  }%s\n", i + 1 < detail->count ? "," : "");
  }
  bytes_puts(out, " ]\n}\n");
  return TF_OK;
}

const RequestKind metadata_kind = {"GetModelMetadata", prepare_metadata, respond_metadata, NULL};
const RequestKind status_kind = {"GetModelStatus", prepare_status, respond_status, NULL};
const RequestKind rest_metadata_kind = {"metadata", prepare_rest_metadata, respond_rest_metadata, NULL};
const RequestKind rest_status_kind = {"status", find_status, respond_rest_status, NULL};
