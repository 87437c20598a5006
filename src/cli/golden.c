#include "cli/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/files.h"
#include "serving/proto_scan.h"
#include "serving/tensor_codec.h"
#include "tensorflow_serving/apis/classification.pb-c.h"
#include "tensorflow_serving/apis/predict.pb-c.h"
#include "tensorflow_serving/apis/regression.pb-c.h"
#include "wire/json.h"
#include "wire/proto_message.h"

/* Field numbers of PredictionLog. */
enum { LOG_METADATA = 1, LOG_CLASSIFY = 2, LOG_REGRESS = 3, LOG_PREDICT = 6 };

static bool read_model_spec(Span bytes, GoldenCase *out) {
  Cursor c = cursor_of(bytes.data, bytes.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number == 1) out->model = f.span;
    if (f.number == 3) out->signature = f.span;
    if (f.number != 2 || f.wire != PROTO_BYTES) continue;
    out->version = 0; /* an Int64Value without its field is 0 */
    Cursor inner = cursor_of(f.span.data, f.span.size);
    for (ProtoField v; proto_next(&inner, &v);)
      if (v.number == 1) out->version = (int64_t)v.value;
  }
  return !c.failed;
}

static bool read_log(Span bytes, GoldenCase *out) {
  Cursor c = cursor_of(bytes.data, bytes.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number == 1 && f.wire == PROTO_BYTES) out->request = f.span;
    if (f.number == 2 && f.wire == PROTO_BYTES) out->response = f.span;
  }
  Cursor request = cursor_of(out->request.data, out->request.size);
  for (ProtoField f; proto_next(&request, &f);)
    if (f.number == 1 && f.wire == PROTO_BYTES && !read_model_spec(f.span, out)) return false;
  return !c.failed && !request.failed;
}

static bool read_metadata(Span bytes, GoldenCase *out) {
  Cursor c = cursor_of(bytes.data, bytes.size);
  for (ProtoField f; proto_next(&c, &f);)
    if (f.number == 3 && f.wire == PROTO_BYTES && out->num_tags < TAGS_MAX)
      out->tags[out->num_tags++] = f.span;
  return !c.failed;
}

TF_Code golden_next(TfrecordReader *reader, GoldenCase *out, bool *end, TF_Status *st) {
  static const struct {
    uint32_t field;
    GoldenKind kind;
  } kinds[] = {{LOG_CLASSIFY, GOLDEN_CLASSIFY}, {LOG_REGRESS, GOLDEN_REGRESS}, {LOG_PREDICT, GOLDEN_PREDICT}};
  *out = (GoldenCase){.version = -1};
  *end = false;
  Span record;
  TRY(tfrecord_next(reader, &record, end, st));
  if (*end) return TF_OK;
  Cursor c = cursor_of(record.data, record.size);
  bool ok = true;
  for (ProtoField f; ok && proto_next(&c, &f);) {
    if (f.wire != PROTO_BYTES) continue;
    if (f.number == LOG_METADATA) ok = read_metadata(f.span, out);
    else out->log_field = f.number;
    for (size_t i = 0; i < SM_COUNTOF(kinds); i++) {
      if (f.number != kinds[i].field) continue;
      out->kind = kinds[i].kind;
      ok = read_log(f.span, out);
    }
  }
  return ok && !c.failed ? TF_OK : fail(st, TF_DATA_LOSS, "a record is no tensorflow.serving.PredictionLog");
}

TF_Code golden_tolerance(const char *golden_path, Tolerance *tolerance, TF_Status *st) {
  char *dir = path_dirname(golden_path), *path = dir ? path_join(dir, "golden.json") : NULL;
  Bytes text = {0};
  JsonDoc doc = {0};
  if (!path) fail_oom(st, "a path");
  if (path && file_exists(path) && !file_read(&text, path, 1 << 20, st) &&
      !json_parse((Span){text.data, text.size}, &doc, st)) {
    const JsonNode *rtol = json_member(json_root(&doc), "rtol"), *atol = json_member(json_root(&doc), "atol");
    if (rtol) json_as_double(rtol, &tolerance->rtol);
    if (atol) json_as_double(atol, &tolerance->atol);
  }
  if (TF_GetCode(st) && path) fail_prefix(st, "%s", path);
  json_doc_clear(&doc);
  bytes_clear(&text);
  free(dir);
  free(path);
  return TF_GetCode(st);
}

static void put_reason(Bytes *why, const char *what, const Bytes *reason) {
  bytes_printf(why, "%s%s: %s", why->size ? "; " : "", what, reason->data ? reason->data : "");
}

/* The outputs of a PredictResponse, by alias: the serialized TensorProto of `alias`, or data null. */
static Span response_output(Span response, Span alias) {
  Span found = {0};
  Cursor c = cursor_of(response.data, response.size);
  for (ProtoField f; proto_next(&c, &f);) {
    Span key, value;
    if (f.number != 1 || f.wire != PROTO_BYTES || !proto_map_entry(f.span, &key, &value)) continue;
    if (key.size == alias.size && !memcmp(key.data, alias.data, key.size)) found = value;
  }
  return found;
}

static size_t output_count(Span response) {
  size_t n = 0;
  Cursor c = cursor_of(response.data, response.size);
  for (ProtoField f; proto_next(&c, &f);) n += f.number == 1 && f.wire == PROTO_BYTES;
  return n;
}

static TF_Code compare_output(Span alias, Span got_proto, Span want_proto, Tolerance tolerance,
                              Difference *difference, Bytes *why, bool *agree, TF_Status *st) {
  TF_Tensor *got = NULL, *want = NULL;
  Bytes reason = {0};
  if (!tensor_decode(got_proto, &got, st) && !tensor_decode(want_proto, &want, st) &&
      !tensors_agree(got, want, tolerance, difference, &reason)) {
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)(alias.size < 79 ? alias.size : 79), (const char *)alias.data);
    put_reason(why, name, &reason);
    *agree = false;
  }
  bytes_clear(&reason);
  TF_DeleteTensor(got);
  TF_DeleteTensor(want);
  return TF_GetCode(st);
}

static TF_Code compare_predict(Span got, Span want, Tolerance tolerance, Difference *difference, Bytes *why,
                               bool *agree, TF_Status *st) {
  if (output_count(got) != output_count(want)) {
    bytes_printf(why, "%zu outputs, not %zu", output_count(got), output_count(want));
    *agree = false;
  }
  Cursor c = cursor_of(want.data, want.size);
  for (ProtoField f; proto_next(&c, &f);) {
    Span alias, value;
    if (f.number != 1 || f.wire != PROTO_BYTES) continue;
    if (!proto_map_entry(f.span, &alias, &value))
      return fail(st, TF_DATA_LOSS, "the recorded response is malformed");
    Span mine = response_output(got, alias);
    if (!mine.data) {
      bytes_printf(why, "%sno output %.*s", why->size ? "; " : "", (int)alias.size, (const char *)alias.data);
      *agree = false;
    } else {
      TRY(compare_output(alias, mine, value, tolerance, difference, why, agree, st));
    }
  }
  return c.failed ? fail(st, TF_DATA_LOSS, "the recorded response is malformed") : TF_OK;
}

/* Numbers and labels of a classification or regression, as tensors. */
typedef struct Answer {
  TF_Tensor *numbers, *labels;
} Answer;

static void answer_clear(Answer *a) {
  TF_DeleteTensor(a->numbers);
  TF_DeleteTensor(a->labels);
}

static TF_Code answer_alloc(Answer *a, int64_t count, TF_Status *st) {
  a->numbers = TF_AllocateTensor(TF_FLOAT, &count, 1, (size_t)count * sizeof(float));
  a->labels = TF_AllocateTensor(TF_STRING, &count, 1, (size_t)count * sizeof(TF_TString));
  return a->numbers && a->labels ? TF_OK : fail_oom(st, "an answer");
}

static TF_Code read_classification(Span bytes, Arena *arena, Answer *a, TF_Status *st) {
  Tensorflow__Serving__ClassificationResponse *r;
  TRY(proto_parse(&tensorflow__serving__classification_response__descriptor, bytes, arena, &r, "response",
                  st));
  size_t rows = r->result ? r->result->n_classifications : 0, n = 0;
  for (size_t i = 0; i < rows; i++) n += r->result->classifications[i]->n_classes;
  TRY(answer_alloc(a, (int64_t)n, st));
  float *scores = TF_TensorData(a->numbers);
  TF_TString *labels = TF_TensorData(a->labels);
  for (size_t i = 0, at = 0; i < rows; i++) {
    for (size_t j = 0; j < r->result->classifications[i]->n_classes; j++, at++) {
      const Tensorflow__Serving__Class *c = r->result->classifications[i]->classes[j];
      scores[at] = c->score;
      TF_StringCopy(&labels[at], c->label, strlen(c->label));
    }
  }
  return TF_OK;
}

static TF_Code read_regression(Span bytes, Arena *arena, Answer *a, TF_Status *st) {
  Tensorflow__Serving__RegressionResponse *r;
  TRY(proto_parse(&tensorflow__serving__regression_response__descriptor, bytes, arena, &r, "response", st));
  size_t n = r->result ? r->result->n_regressions : 0;
  TRY(answer_alloc(a, (int64_t)n, st));
  for (size_t i = 0; i < n; i++) ((float *)TF_TensorData(a->numbers))[i] = r->result->regressions[i]->value;
  return TF_OK;
}

static TF_Code compare_examples(GoldenKind kind, Span got, Span want, Tolerance tolerance,
                                Difference *difference, Bytes *why, bool *agree, TF_Status *st) {
  Arena arena = {0};
  Answer a = {0}, b = {0};
  Bytes reason = {0};
  TF_Code (*read)(Span, Arena *, Answer *, TF_Status *) = kind == GOLDEN_CLASSIFY ? read_classification
                                                                                  : read_regression;
  if (!read(got, &arena, &a, st) && !read(want, &arena, &b, st)) {
    *agree = tensors_agree(a.numbers, b.numbers, tolerance, difference, &reason) &&
             tensors_agree(a.labels, b.labels, tolerance, difference, &reason);
    if (!*agree) put_reason(why, kind == GOLDEN_CLASSIFY ? "classes" : "values", &reason);
  }
  bytes_clear(&reason);
  answer_clear(&a);
  answer_clear(&b);
  arena_clear(&arena);
  return TF_GetCode(st);
}

TF_Code golden_find(TfrecordReader *reader, const char *signature, GoldenCase *golden, TF_Status *st) {
  for (bool end = false;;) {
    TRY(golden_next(reader, golden, &end, st));
    if (end) return fail(st, TF_NOT_FOUND, "no recorded Predict request for signature '%s'", signature);
    Span name = golden->signature.size ? golden->signature : (Span){"serving_default", 15};
    if (golden->kind == GOLDEN_PREDICT && name.size == strlen(signature) &&
        !memcmp(name.data, signature, name.size))
      return TF_OK;
  }
}

TF_Code golden_compare(GoldenKind kind, Span got, Span want, Tolerance tolerance, Difference *difference,
                       Bytes *why, bool *agree, TF_Status *st) {
  *agree = true;
  if (kind == GOLDEN_PREDICT) return compare_predict(got, want, tolerance, difference, why, agree, st);
  return compare_examples(kind, got, want, tolerance, difference, why, agree, st);
}
