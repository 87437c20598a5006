/* PredictRequest  { model_spec 1, inputs 2: map<string, TensorProto>, output_filter 3 }
 * PredictResponse { outputs 1: map<string, TensorProto>, model_spec 2 }
 *
 * The request is read in place; its order of checks is TensorFlow Serving's: model spec, version,
 * signature, inputs, outputs, run. */
#include "serving/predict.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "net/grpc.h"
#include "serving/proto_scan.h"
#include "serving/request_decode.h"
#include "serving/tensor_codec.h"

static const char message_name[] = "tensorflow.serving.PredictRequest";

/* The inputs of a request, sorted out by the signature's. */
typedef struct GivenInputs {
  Span *values; /* by index of the signature's input; data null: not given */
  size_t known;
  Map unknown; /* names that the signature has not */
} GivenInputs;

/* Checks the whole message and reads model_spec. */
static TF_Code read_spec(Request *r, size_t *filters, TF_Status *st) {
  bool has_spec = false;
  Cursor c = cursor_of(r->body.data, r->body.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES) continue;
    if (f.number == 1) {
      has_spec = true;
      if (!decode_model_spec(f.span, &r->spec)) return decode_failed(st, message_name);
    } else if (f.number == 2) {
      Span key, value;
      if (!proto_map_entry(f.span, &key, &value) || !utf8_valid(key.data, key.size))
        return decode_failed(st, message_name);
    } else if (f.number == 3) {
      if (!utf8_valid(f.span.data, f.span.size)) return decode_failed(st, message_name);
      ++*filters;
    }
  }
  if (c.failed) return decode_failed(st, message_name);
  if (!has_spec) return fail(st, TF_INVALID_ARGUMENT, "Missing ModelSpec");
  if (!r->spec.name.size) return fail(st, TF_INVALID_ARGUMENT, "ModelSpec has no name specified.");
  return TF_OK;
}

static TF_Code find_signature(Request *r, TF_Status *st) {
  Span name = request_signature_name(r);
  r->signature = bundle_signature(r->bundle, name.data, name.size);
  if (!r->signature)
    return fail(st, TF_FAILED_PRECONDITION, "Serving signature key \"%.*s\" not found.", (int)name.size,
                (const char *)name.data);
  if (!r->context->check_method_name) return TF_OK;
  const char *method = r->signature->method_name;
  if (!strcmp(method, "tensorflow/serving/predict") || !strcmp(method, "tensorflow/serving/classify") ||
      !strcmp(method, "tensorflow/serving/regress"))
    return TF_OK;
  return fail(st, TF_INTERNAL,
              "Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
              "tensorflow/serving/classify, tensorflow/serving/regress}. Was: %s",
              method);
}

/* ---- the texts of wrong inputs ---- */

static int compare_spans(const void *a, const void *b) {
  const Span *x = a, *y = b;
  int order = memcmp(x->data, y->data, x->size < y->size ? x->size : y->size);
  return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* Names sorted and joined by ','. */
static const char *join(Arena *arena, Span *names, size_t count) {
  Bytes text = {0};
  qsort(names, count, sizeof *names, compare_spans);
  for (size_t i = 0; i < count; i++) {
    if (i) bytes_putc(&text, ',');
    bytes_append(&text, names[i].data, names[i].size);
  }
  char *copy = arena_strndup(arena, text.data ? text.data : "", text.size);
  bytes_clear(&text);
  return copy ? copy : "";
}

static Span alias_of(const SignatureTensor *t) { return (Span){t->alias, t->alias_len}; }

/* The names of what was given, what is missing, what the signature has... as chosen. */
typedef enum NameSet {
  NAMES_GIVEN,
  NAMES_WANTED,
  NAMES_EXTRA,
  NAMES_MISSING,
  NAMES_USED,
  NAMES_DEFAULTS
} NameSet;

static const char *names_of(Request *r, const GivenInputs *given, NameSet which) {
  const Signature *s = r->signature;
  Span *names = arena_alloc(&r->arena, (s->input_count + given->unknown.count) * sizeof *names);
  size_t n = 0;
  if (!names) return "";
  for (size_t i = 0; i < s->input_count; i++) {
    bool has = given->values[i].data;
    bool take = which == NAMES_WANTED || ((which == NAMES_GIVEN || which == NAMES_USED) && has) ||
                (which == NAMES_MISSING && !has) || (which == NAMES_DEFAULTS && s->inputs[i].fallback);
    if (take) names[n++] = alias_of(&s->inputs[i]);
  }
  for (size_t i = 0; i < given->unknown.count && (which == NAMES_GIVEN || which == NAMES_EXTRA); i++)
    names[n++] = (Span){given->unknown.entries[i].key, given->unknown.entries[i].key_len};
  return join(&r->arena, names, n);
}

static TF_Code wrong_input_count(Request *r, const GivenInputs *given, TF_Status *st) {
  return fail(
      st, TF_INVALID_ARGUMENT,
      "input size does not match signature: %zu!=%zu len({%s}) != len({%s}). Sent extra: {%s}. Missing but "
      "required: {%s}.",
      given->known + given->unknown.count, r->signature->input_count, names_of(r, given, NAMES_GIVEN),
      names_of(r, given, NAMES_WANTED), names_of(r, given, NAMES_EXTRA), names_of(r, given, NAMES_MISSING));
}

/* ---- inputs ---- */

static TF_Code collect_inputs(Request *r, GivenInputs *given, TF_Status *st) {
  const Signature *s = r->signature;
  given->values = arena_calloc(&r->arena, s->input_count, sizeof *given->values);
  if (!given->values) return fail_oom(st, "request");
  Cursor c = cursor_of(r->body.data, r->body.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number != 2 || f.wire != PROTO_BYTES) continue;
    Span key, value;
    proto_map_entry(f.span, &key, &value);
    const SignatureTensor *input = map_get_n(&s->input_by_alias, key.data, key.size);
    if (!input) {
      if (!map_put_n(&given->unknown, key.data, key.size, NULL)) return fail_oom(st, "request");
      continue;
    }
    Span *slot = &given->values[input - s->inputs];
    given->known += !slot->data;
    *slot = value; /* of equal keys the last one counts */
  }
  return TF_OK;
}

static TF_Code feed_inputs(Request *r, const GivenInputs *given, TF_Status *st) {
  const Signature *s = r->signature;
  size_t count = given->known + given->unknown.count;
  if (count > s->input_count || (count < s->input_count && !s->has_fallbacks))
    return wrong_input_count(r, given, st);
  for (size_t i = 0; i < s->input_count; i++) {
    const SignatureTensor *input = &s->inputs[i];
    TF_Tensor *tensor = input->fallback;
    bool borrowed = !given->values[i].data;
    if (borrowed && !tensor)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Signature input alias: %s(feed name: %s) not found in request and no default value "
                  "provided. Inputs "
                  "expected to be in the request {%s}, or default input alias set: %s",
                  input->alias, input->tensor_name, names_of(r, given, NAMES_GIVEN),
                  names_of(r, given, NAMES_DEFAULTS));
    if (!borrowed && tensor_decode(given->values[i], &tensor, st)) {
      if (TF_GetCode(st) == TF_RESOURCE_EXHAUSTED) return TF_GetCode(st);
      return fail(st, TF_INVALID_ARGUMENT, "tensor parsing error: %s", input->alias);
    }
    TRY(request_feed(r, input, tensor, borrowed, st));
  }
  if (given->unknown.count)
    return fail(st, TF_INVALID_ARGUMENT,
                "Inputs contains invalid name. Used request inputs: %s, request input: %s",
                names_of(r, given, NAMES_USED), names_of(r, given, NAMES_GIVEN));
  return TF_OK;
}

/* ---- outputs ---- */

static TF_Code fetch_filtered(Request *r, TF_Status *st) {
  const Signature *s = r->signature;
  bool *taken = arena_calloc(&r->arena, s->output_count, sizeof *taken);
  if (!taken) return fail_oom(st, "request");
  Cursor c = cursor_of(r->body.data, r->body.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number != 3 || f.wire != PROTO_BYTES) continue;
    const SignatureTensor *output = map_get_n(&s->output_by_alias, f.span.data, f.span.size);
    int len = (int)f.span.size;
    if (!output) {
      Span *names = arena_alloc(&r->arena, s->output_count * sizeof *names);
      for (size_t i = 0; names && i < s->output_count; i++) names[i] = alias_of(&s->outputs[i]);
      return fail(st, TF_INVALID_ARGUMENT,
                  "output tensor alias not found in signature: %.*s Outputs expected to be in the set {%s}.",
                  len, (const char *)f.span.data, join(&r->arena, names, names ? s->output_count : 0));
    }
    if (taken[output - s->outputs])
      return fail(st, TF_INVALID_ARGUMENT, "duplicate output tensor alias: %.*s", len,
                  (const char *)f.span.data);
    taken[output - s->outputs] = true;
    TRY(request_fetch(r, output, st));
  }
  return TF_OK;
}

static TF_Code prepare_predict(Request *r, TF_Status *st) {
  size_t filters = 0;
  TRY(read_spec(r, &filters, st));
  TRY(request_find_version(r, st));
  TRY(find_signature(r, st));
  TRY(request_reserve(r, r->signature->output_count, st));
  GivenInputs given = {0};
  TF_Code code = collect_inputs(r, &given, st);
  if (!code) code = feed_inputs(r, &given, st);
  map_clear(&given.unknown);
  TRY(code);
  r->needs_run = true;
  if (filters) return fetch_filtered(r, st);
  for (size_t i = 0; i < r->signature->output_count; i++)
    TRY(request_fetch(r, &r->signature->outputs[i], st));
  return TF_OK;
}

/* ---- the answer ---- */

void put_model_spec(Bytes *out, uint32_t number, const Request *r, Span signature_name) {
  uint64_t version = r->version ? (uint64_t)model_version_number(r->version)
                                : (uint64_t)r->spec.version; /* no version: request_execute */
  size_t version_size = version ? 1 + proto_varint_size(version) : 0;
  size_t size = proto_field_size(1, r->spec.name.size) + proto_field_size(2, version_size) +
                (signature_name.size ? proto_field_size(3, signature_name.size) : 0);
  proto_put_head(out, number, size);
  proto_put_bytes(out, 1, r->spec.name.data, r->spec.name.size);
  proto_put_head(out, 2, version_size);
  if (version) proto_put_varint_field(out, 1, version);
  if (signature_name.size) proto_put_bytes(out, 3, signature_name.data, signature_name.size);
}

static TF_Code respond_predict(Request *r, TF_Status *st) {
  bool as_content = r->context->tensor_content;
  grpc_message_begin(&r->answer);
  for (size_t i = 0; i < r->fetch_count; i++) {
    size_t size;
    const SignatureTensor *output = r->outputs[i];
    if (!tensor_encoded_size(r->results[i], as_content, &size))
      return fail(st, TF_UNIMPLEMENTED, "output %s: a tensor of type %s cannot be sent", output->alias,
                  dtype_enum_name((int)TF_TensorType(r->results[i])));
    proto_put_head(&r->answer, 1, proto_field_size(1, output->alias_len) + proto_field_size(2, size));
    proto_put_bytes(&r->answer, 1, output->alias, output->alias_len);
    proto_put_head(&r->answer, 2, size);
    if (!bytes_reserve(&r->answer, size)) return fail_oom(st, "response");
    tensor_encode(r->results[i], as_content, &r->answer);
  }
  put_model_spec(&r->answer, 2, r, request_signature_name(r));
  return TF_OK;
}

const RequestKind predict_kind = {"Predict", prepare_predict, respond_predict, NULL};
