/* POST ...:classify and ...:regress: {"signature_name": s, "context": {...}, "examples": [{...}, ...]}. An
 * example's members become the features of a tf.Example:
 *   Example { features 1 { feature 1: map<string, Feature { bytes_list 1 | float_list 2 | int64_list 3 }> } }
 * each list with field 1 repeated (numbers packed). */
#include <string.h>

#include "serving/examples.h"
#include "serving/json_tensor.h"
#include "serving/proto_scan.h"
#include "serving/rest_json.h"
#include "serving/rest_predict.h"
#include "serving/tensor_codec.h"

typedef enum FeatureKind {
  FEATURE_NONE,
  FEATURE_BYTES,
  FEATURE_FLOAT,
  FEATURE_INT64
} FeatureKind; /* as in Feature's oneof */

static const char *const feature_words[] = {"", "bytes", "float", "int64"};

/* What a value is in a feature; FEATURE_NONE: nothing that can be in one. */
static FeatureKind kind_of(const JsonNode *v) {
  switch (v->kind) {
    case JSON_FALSE:
    case JSON_TRUE:
    case JSON_INT: return FEATURE_INT64;
    case JSON_DOUBLE: return FEATURE_FLOAT;
    case JSON_STRING: return FEATURE_BYTES;
    case JSON_OBJECT: return json_is_base64(v) ? FEATURE_BYTES : FEATURE_NONE;
    default: return FEATURE_NONE;
  }
}

static TF_Code wrong_element(const JsonNode *name, const JsonNode *v, TF_Status *st) {
  int len = (int)name->count;
  if (v->kind == JSON_UINT)
    return fail(st, TF_INVALID_ARGUMENT, "Feature: %.*s has uint64_t element. Only int64_t is supported.",
                len, name->text);
  return fail(st, TF_INVALID_ARGUMENT, "Feature: %.*s has element with unexpected JSON type: %s", len,
              name->text, json_type_name(v));
}

static TF_Code put_element(Bytes *list, FeatureKind kind, const JsonNode *v, Arena *arena, TF_Status *st) {
  if (kind == FEATURE_INT64) {
    bytes_put_varint(list, v->kind == JSON_INT ? (uint64_t)v->i : v->kind == JSON_TRUE);
  } else if (kind == FEATURE_FLOAT) {
    float f = (float)v->d;
    uint32_t bits;
    memcpy(&bits, &f, 4);
    bytes_put_u32le(list, bits);
  } else {
    Span bytes = {v->text, v->count};
    if (v->kind == JSON_OBJECT) TRY(json_decode_base64(v, arena, &bytes, st));
    proto_put_bytes(list, 1, bytes.data, bytes.size);
  }
  return TF_OK;
}

/* Appends the values to `list`, whose kind the first one decides. */
static TF_Code read_list(const JsonNode *name, const JsonNode *value, Bytes *list, FeatureKind *kind,
                         Arena *arena, TF_Status *st) {
  bool many = value->kind == JSON_ARRAY;
  *kind = FEATURE_NONE;
  const JsonNode *end = json_end(value);
  for (const JsonNode *v = many ? json_first(value) : value; v != end; v = json_end(v)) {
    FeatureKind k = kind_of(v);
    if (k == FEATURE_NONE) return wrong_element(name, v, st);
    if (*kind == FEATURE_NONE) *kind = k;
    if (k != *kind)
      return fail(st, TF_INVALID_ARGUMENT, "Unexpected element type in feature: %.*s expecting type: %s",
                  (int)name->count, name->text, feature_words[*kind]);
    TRY(put_element(list, k, v, arena, st));
  }
  return TF_OK;
}

/* Appends one entry of Features.feature. */
static TF_Code put_feature(const JsonNode *name, Bytes *list, Bytes *features, Arena *arena, TF_Status *st) {
  FeatureKind kind;
  list->size = 0;
  TRY(read_list(name, name + 1, list, &kind, arena, st));
  bool packed = kind == FEATURE_FLOAT || kind == FEATURE_INT64;
  size_t inner = packed ? proto_field_size(1, list->size) : list->size;
  size_t feature = kind == FEATURE_NONE ? 0 : proto_field_size((uint32_t)kind, inner);
  proto_put_head(features, 1, proto_field_size(1, name->count) + proto_field_size(2, feature));
  proto_put_bytes(features, 1, name->text, name->count);
  proto_put_head(features, 2, feature);
  if (kind == FEATURE_NONE) return TF_OK;
  proto_put_head(features, (uint32_t)kind, inner);
  if (packed) proto_put_head(features, 1, list->size);
  bytes_append(features, list->data, list->size);
  return TF_OK;
}

TF_Code json_make_example(const JsonNode *object, Bytes *list, Bytes *features, Arena *arena, Span *out,
                          TF_Status *st) {
  if (object->kind != JSON_OBJECT)
    return fail(st, TF_INVALID_ARGUMENT, "Example must be JSON object but got JSON %s",
                json_type_name(object));
  features->size = 0;
  for (const JsonNode *key = json_first(object), *end = json_end(object); key != end; key = json_end(key + 1))
    TRY(put_feature(key, list, features, arena, st));
  Bytes example = {0};
  proto_put_bytes(&example, 1, features->data, features->size);
  *out = (Span){arena_memdup(arena, example.data, example.size), example.size};
  bool ok = out->data && !example.failed && !features->failed && !list->failed;
  bytes_clear(&example);
  return ok ? TF_OK : fail_oom(st, "examples");
}

static TF_Code read_examples(Request *r, const JsonNode *root, Span **examples, size_t *count, Span *context,
                             TF_Status *st) {
  const JsonNode *shared = json_member(root, "context"), *list = json_member(root, "examples");
  if (!list)
    return fail(st, TF_INVALID_ARGUMENT,
                "JSON Value: %s When method is classify, key 'examples' is expected and was not found",
                json_dump_text(root, &r->arena));
  if (list->kind != JSON_ARRAY)
    return fail(st, TF_INVALID_ARGUMENT, "JSON Value: %s Expecting 'examples' value to be an list/array",
                json_dump_text(root, &r->arena));
  if (!list->count)
    return fail(st, TF_INVALID_ARGUMENT, "JSON Value: %s 'examples' value is an empty array",
                json_dump_text(root, &r->arena));
  *examples = arena_alloc(&r->arena, list->count * sizeof **examples);
  if (!*examples) return fail_oom(st, "examples");
  Bytes scratch = {0}, features = {0};
  TF_Code code = shared ? json_make_example(shared, &scratch, &features, &r->arena, context, st) : TF_OK;
  for (const JsonNode *v = json_first(list), *end = json_end(list); v != end && !code; v = json_end(v))
    code = json_make_example(v, &scratch, &features, &r->arena, &(*examples)[(*count)++], st);
  bytes_clear(&scratch);
  bytes_clear(&features);
  return code;
}

static TF_Code prepare(Request *r, bool classify, TF_Status *st) {
  JsonDoc doc = {0};
  Span *examples = NULL, context = {0};
  size_t count = 0;
  TF_Code code = rest_parse_body(r, &doc, st);
  if (!code) code = read_examples(r, json_root(&doc), &examples, &count, &context, st);
  json_doc_clear(&doc);
  TRY(code);
  return prepare_examples(r, classify, examples, count, context.data ? &context : NULL, st);
}

static TF_Code prepare_classify(Request *r, TF_Status *st) { return prepare(r, true, st); }
static TF_Code prepare_regress(Request *r, TF_Status *st) { return prepare(r, false, st); }

/* ---- answers ---- */

static void write_class(JsonWriter *w, const ClassifyResult *result, int64_t i) {
  json_begin_array(w);
  const TF_TString *label = result->classes ? (const TF_TString *)TF_TensorData(result->classes) + i : NULL;
  json_write_string(w, label ? TF_StringGetDataPointer(label) : "", label ? TF_StringGetSize(label) : 0);
  json_value(w);
  json_put_float(w->out, result->scores ? ((const float *)TF_TensorData(result->scores))[i] : 0);
  json_end_array(w);
}

static TF_Code respond_classify(Request *r, TF_Status *st) {
  ClassifyResult result;
  TRY(classify_result(r, &result, st));
  if (!result.rows)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot convert empty ClassificationResults to JSON");
  JsonWriter w = {.out = &r->answer, .indent = 4};
  json_begin_object(&w);
  json_key(&w, "results", 7);
  json_begin_array(&w);
  w.single_line_arrays = true;
  for (int64_t row = 0; row < result.rows; row++) {
    json_begin_array(&w);
    for (int64_t k = 0; k < result.columns; k++) write_class(&w, &result, row * result.columns + k);
    json_end_array(&w);
  }
  w.single_line_arrays = false;
  json_end_array(&w);
  json_end_object(&w);
  return TF_OK;
}

static TF_Code respond_regress(Request *r, TF_Status *st) {
  const float *values;
  int64_t rows;
  TRY(regress_result(r, &values, &rows, st));
  if (!rows) return fail(st, TF_INVALID_ARGUMENT, "Cannot convert empty RegressionResults to JSON");
  JsonWriter w = {.out = &r->answer, .indent = 4, .single_line_arrays = true};
  json_begin_object(&w);
  json_key(&w, "results", 7);
  json_begin_array(&w);
  for (int64_t i = 0; i < rows; i++) {
    json_value(&w);
    json_put_float(&r->answer, values[i]);
  }
  json_end_array(&w);
  json_end_object(&w);
  return TF_OK;
}

const RequestKind rest_classify_kind = {"classify", prepare_classify, respond_classify, NULL};
const RequestKind rest_regress_kind = {"regress", prepare_regress, respond_regress, NULL};
