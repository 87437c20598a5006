/* The body is {"signature_name": s, "instances": [...]}, a row an instance, or {"inputs": ...}, a tensor
 * an input. The answer has the same form: {"predictions": [...]} or {"outputs": ...}. */
#include "serving/rest_predict.h"

#include <stdio.h>
#include <string.h>

#include "serving/json_tensor.h"
#include "serving/rest_json.h"
#include "serving/tensor_codec.h"

/* r->detail */
typedef struct PredictDetail {
  bool rows; /* asked by "instances" */
} PredictDetail;

/* The inputs under way: one JsonTensor for each of the signature's. */
typedef struct Inputs {
  const Signature *signature;
  JsonTensor *tensors;
  bool *seen; /* in the instance at hand */
} Inputs;

static TF_Code find_signature(Request *r, TF_Status *st) {
  Span name = request_signature_name(r);
  TRY(request_find_version(r, st));
  r->signature = bundle_signature(r->bundle, name.data, name.size);
  if (!r->signature)
    return fail(st, TF_INVALID_ARGUMENT, "Serving signature name: \"%.*s\" not found in signature def",
                (int)name.size, (const char *)name.data);
  if (!r->signature->input_count)
    return fail(st, TF_INVALID_ARGUMENT, "Failed to get input map for signature: %s",
                r->spec.signature_name.size ? r->signature->name : "DEFAULT");
  return TF_OK;
}

/* ---- rows ---- */

/* An object that is not a base64 value. */
static bool is_object(const JsonNode *v) { return v->kind == JSON_OBJECT && !json_is_base64(v); }

static const char *input_names(const Request *r) {
  Bytes text = {0};
  for (size_t i = 0; i < r->signature->input_count; i++)
    bytes_printf(&text, "%s%s", i ? "," : "", r->signature->inputs[i].alias);
  char *copy = arena_strndup((Arena *)(uintptr_t)&r->arena, text.data ? text.data : "", text.size);
  bytes_clear(&text);
  return copy ? copy : "";
}

/* Puts the place in front of an error of one instance. */
static TF_Code at_element(TF_Status *st, size_t k, const char *key, int key_len) {
  char inner[FAIL_MESSAGE_MAX];
  TF_Code code = TF_GetCode(st);
  snprintf(inner, sizeof inner, "%s", TF_Message(st));
  return fail(st, code, "Failed to process element: %zu%s%.*s of 'instances' list. Error: %s: %s", k,
              key ? " key: " : "", key_len, key ? key : "", status_code_name(code), inner);
}

static TF_Code add_object(Request *r, Inputs *in, const JsonNode *object, size_t k, TF_Status *st) {
  const Signature *s = in->signature;
  size_t found = 0;
  memset(in->seen, 0, s->input_count * sizeof *in->seen);
  for (const JsonNode *key = json_first(object), *end = json_end(object); key != end;
       key = json_end(key + 1)) {
    const SignatureTensor *input = map_get_n(&s->input_by_alias, key->text, key->count);
    TF_Code code;
    if (!input) {
      code = fail(st, TF_INVALID_ARGUMENT, "JSON object: does not have named input: %.*s", (int)key->count,
                  key->text);
    } else {
      size_t i = (size_t)(input - s->inputs);
      if (in->seen[i]) continue; /* of equal keys the first one counts */
      in->seen[i] = true;
      found++;
      code = json_tensor_add(&in->tensors[i], key + 1, &r->arena, st);
    }
    if (code) return at_element(st, k, key->text, (int)key->count);
  }
  if (found == s->input_count) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Failed to process element: %zu of 'instances' list. JSON object: %s keys must be equal to: %s",
              k, json_dump_text(object, &r->arena), input_names(r));
}

static TF_Code read_rows(Request *r, Inputs *in, const JsonNode *list, TF_Status *st) {
  if (list->kind != JSON_ARRAY)
    return fail(st, TF_INVALID_ARGUMENT, "JSON Value: %s Expecting 'instances' to be an list/array",
                json_dump_text(list, &r->arena));
  if (!list->count)
    return fail(st, TF_INVALID_ARGUMENT, "JSON Value: %s No values in 'instances' array",
                json_dump_text(list, &r->arena));
  bool objects = is_object(json_first(list));
  if (!objects && in->signature->input_count > 1)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
        "tensorinfo_map");
  for (size_t i = 0; i < in->signature->input_count; i++) in->tensors[i].batch = list->count;
  size_t k = 0;
  for (const JsonNode *v = json_first(list), *end = json_end(list); v != end; v = json_end(v), k++) {
    if (objects && !is_object(v))
      return fail(st, TF_INVALID_ARGUMENT, "Expecting object but got list at item %zu of input list", k);
    if (!objects && is_object(v))
      return fail(st, TF_INVALID_ARGUMENT, "Expecting value/list but got object at item %zu of input list",
                  k);
    if (objects) TRY(add_object(r, in, v, k, st));
    else if (json_tensor_add(&in->tensors[0], v, &r->arena, st)) return at_element(st, k, NULL, 0);
  }
  return TF_OK;
}

/* ---- columns ---- */

static TF_Code read_columns(Request *r, Inputs *in, const JsonNode *v, TF_Status *st) {
  const Signature *s = in->signature;
  if (!is_object(v)) {
    if (s->input_count == 1) return json_tensor_add(&in->tensors[0], v, &r->arena, st);
    return fail(
        st, TF_INVALID_ARGUMENT,
        "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
        "tensorinfo_map");
  }
  for (size_t i = 0; i < s->input_count; i++) {
    const JsonNode *value = json_member_n(v, s->inputs[i].alias, s->inputs[i].alias_len);
    if (!value)
      return fail(st, TF_INVALID_ARGUMENT, "Missing named input: %s in 'inputs' object.", s->inputs[i].alias);
    TRY(json_tensor_add(&in->tensors[i], value, &r->arena, st));
  }
  return TF_OK;
}

/* ---- the request ---- */

static TF_Code read_inputs(Request *r, Inputs *in, const JsonNode *root, TF_Status *st) {
  const JsonNode *rows = json_member(root, "instances"), *columns = json_member(root, "inputs");
  if (rows && columns)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "JSON Value: %s Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        json_dump_text(root, &r->arena));
  if (!rows && !columns) return fail(st, TF_INVALID_ARGUMENT, "Missing 'inputs' or 'instances' key");
  ((PredictDetail *)r->detail)->rows = rows;
  return rows ? read_rows(r, in, rows, st) : read_columns(r, in, columns, st);
}

static TF_Code feed_all(Request *r, Inputs *in, TF_Status *st) {
  for (size_t i = 0; i < in->signature->input_count; i++) {
    TF_Tensor *tensor = in->tensors[i].tensor;
    in->tensors[i].tensor = NULL;
    if (!tensor) return fail(st, TF_INTERNAL, "input %s was not read", in->signature->inputs[i].alias);
    TRY(request_feed(r, &in->signature->inputs[i], tensor, false, st));
  }
  return TF_OK;
}

static TF_Code prepare_with(Request *r, const JsonNode *root, TF_Status *st) {
  TRY(find_signature(r, st));
  const Signature *s = r->signature;
  Inputs in = {s, arena_calloc(&r->arena, s->input_count, sizeof *in.tensors),
               arena_calloc(&r->arena, s->input_count, sizeof *in.seen)};
  if (!in.tensors || !in.seen) return fail_oom(st, "request");
  for (size_t i = 0; i < s->input_count; i++) in.tensors[i].dtype = s->inputs[i].dtype;
  TF_Code code = request_reserve(r, s->output_count, st);
  if (!code) code = read_inputs(r, &in, root, st);
  if (!code) code = feed_all(r, &in, st);
  for (size_t i = 0; i < s->input_count; i++) TF_DeleteTensor(in.tensors[i].tensor);
  TRY(code);
  for (size_t i = 0; i < s->output_count; i++) TRY(request_fetch(r, &s->outputs[i], st));
  r->needs_run = true;
  return TF_OK;
}

static TF_Code prepare_predict(Request *r, TF_Status *st) {
  JsonDoc doc = {0};
  r->detail = arena_calloc(&r->arena, 1, sizeof(PredictDetail));
  TF_Code code = r->detail ? rest_parse_body(r, &doc, st) : fail_oom(st, "request");
  if (!code) code = prepare_with(r, json_root(&doc), st);
  json_doc_clear(&doc);
  return code;
}

/* ---- the answer ---- */

static bool ends_in_bytes(const SignatureTensor *output) {
  static const char suffix[] = "_bytes";
  size_t n = sizeof suffix - 1;
  return output->alias_len >= n && !memcmp(output->alias + output->alias_len - n, suffix, n);
}

static bool as_base64(const Request *r, size_t i) {
  return TF_TensorType(r->results[i]) == TF_STRING && ends_in_bytes(r->outputs[i]);
}

static TF_Code check_types(const Request *r, TF_Status *st) {
  for (size_t i = 0; i < r->fetch_count; i++)
    if (!json_can_write((int)TF_TensorType(r->results[i])))
      return fail(st, TF_INVALID_ARGUMENT, "Failed to write JSON value for tensor type: %s",
                  dtype_enum_name((int)TF_TensorType(r->results[i])));
  return TF_OK;
}

static TF_Code check_batch(const Request *r, int64_t *batch, TF_Status *st) {
  *batch = 0;
  for (size_t i = 0; i < r->fetch_count; i++) {
    const TF_Tensor *t = r->results[i];
    if (TF_NumDims(t) == 0)
      return fail(st, TF_INVALID_ARGUMENT, "Tensor name: %s has no shape information ", r->outputs[i]->alias);
    if (i && TF_Dim(t, 0) != *batch)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Tensor name: %s has inconsistent batch size: %lld expecting: %lld", r->outputs[i]->alias,
                  (long long)TF_Dim(t, 0), (long long)*batch);
    *batch = TF_Dim(t, 0);
  }
  return TF_OK;
}

/* A tensor's row on one line. */
static void write_row(JsonWriter *w, const Request *r, size_t i, int64_t row) {
  w->single_line_arrays = true;
  json_write_row(w, r->results[i], row, as_base64(r, i));
  w->single_line_arrays = false;
}

static TF_Code write_predictions(JsonWriter *w, const Request *r, TF_Status *st) {
  int64_t batch;
  TRY(check_batch(r, &batch, st));
  json_key(w, "predictions", 11);
  json_begin_array(w);
  for (int64_t row = 0; row < batch; row++) {
    if (r->fetch_count == 1) {
      write_row(w, r, 0, row);
      continue;
    }
    json_begin_object(w);
    for (size_t i = 0; i < r->fetch_count; i++) {
      json_key(w, r->outputs[i]->alias, r->outputs[i]->alias_len);
      write_row(w, r, i, row);
    }
    json_end_object(w);
  }
  json_end_array(w);
  return TF_OK;
}

static TF_Code write_outputs(JsonWriter *w, const Request *r) {
  json_key(w, "outputs", 7);
  if (r->fetch_count == 1) {
    json_write_tensor(w, r->results[0], as_base64(r, 0));
    return TF_OK;
  }
  json_begin_object(w);
  for (size_t i = 0; i < r->fetch_count; i++) {
    json_key(w, r->outputs[i]->alias, r->outputs[i]->alias_len);
    json_write_tensor(w, r->results[i], as_base64(r, i));
  }
  json_end_object(w);
  return TF_OK;
}

static TF_Code respond_predict(Request *r, TF_Status *st) {
  TRY(check_types(r, st));
  JsonWriter w = {.out = &r->answer, .indent = 4};
  json_begin_object(&w);
  TRY(((PredictDetail *)r->detail)->rows ? write_predictions(&w, r, st) : write_outputs(&w, r));
  json_end_object(&w);
  return TF_OK;
}

const RequestKind rest_predict_kind = {"predict", prepare_predict, respond_predict, NULL};
