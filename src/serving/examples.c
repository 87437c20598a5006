/* ClassificationResponse { result 1 { classifications 1 { classes 1 { label 1, score 2 } } }, model_spec 2 }
 * RegressionResponse     { result 1 { regressions 1 { value 1 } }, model_spec 2 } */
#include "serving/examples.h"

#include <string.h>

#include "net/grpc.h"
#include "serving/predict.h"
#include "serving/proto_scan.h"
#include "serving/tensor_codec.h"
#include "tensorflow/core/protobuf/meta_graph.pb-c.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

/* ---- signatures ---- */

/* The SignatureDef as text, for messages. */
static const char *signature_text(Request *r) {
  Tensorflow__SignatureDef *def;
  Bytes text = {0};
  char *copy = NULL;
  TF_Status *st = TF_NewStatus();
  if (st &&
      !proto_parse(&tensorflow__signature_def__descriptor, r->signature->proto, &r->arena, &def,
                   "SignatureDef", st) &&
      !text_format_print(&def->base, &text, st))
    copy = arena_strndup(&r->arena, text.data ? text.data : "", text.size);
  bytes_clear(&text);
  TF_DeleteStatus(st);
  return copy ? copy : r->signature->name;
}

static const SignatureTensor *find_tensor(const Map *by_alias, const char *alias) {
  return map_get(by_alias, alias);
}

static TF_Code check_method(const Request *r, bool classify, TF_Status *st) {
  const char *wanted = classify ? "tensorflow/serving/classify" : "tensorflow/serving/regress";
  if (!r->context->check_method_name || !strcmp(r->signature->method_name, wanted)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Expected %s signature method_name to be %s. Was: %s",
              classify ? "classification" : "regression", wanted, r->signature->method_name);
}

static TF_Code check_classify(Request *r, TF_Status *st) {
  const Signature *s = r->signature;
  if (s->input_count != 1) return fail(st, TF_INVALID_ARGUMENT, "Expected one input Tensor.");
  if (s->output_count != 1 && s->output_count != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Expected one or two output Tensors, found %zu", s->output_count);
  if (!find_tensor(&s->input_by_alias, "inputs"))
    return fail(st, TF_INVALID_ARGUMENT, "No classification inputs found in SignatureDef: %s",
                signature_text(r));
  const SignatureTensor *classes = find_tensor(&s->output_by_alias, "classes");
  const SignatureTensor *scores = find_tensor(&s->output_by_alias, "scores");
  if (!classes && !scores)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Expected classification signature outputs to contain at least one of \"classes\" or \"scores\". "
        "Signature was: %s",
        signature_text(r));
  TRY(request_reserve(r, 2, st));
  if (classes) TRY(request_fetch(r, classes, st));
  return scores ? request_fetch(r, scores, st) : TF_OK;
}

static TF_Code check_regress(Request *r, TF_Status *st) {
  const Signature *s = r->signature;
  if (s->input_count != 1) return fail(st, TF_INVALID_ARGUMENT, "Expected one input Tensor.");
  if (s->output_count != 1) return fail(st, TF_INVALID_ARGUMENT, "Expected one output Tensor.");
  if (!find_tensor(&s->input_by_alias, "inputs"))
    return fail(st, TF_INVALID_ARGUMENT, "No regression inputs found in SignatureDef: %s", signature_text(r));
  const SignatureTensor *outputs = find_tensor(&s->output_by_alias, "outputs");
  if (!outputs)
    return fail(st, TF_INVALID_ARGUMENT, "No regression outputs found in SignatureDef: %s",
                signature_text(r));
  TRY(request_reserve(r, 1, st));
  return request_fetch(r, outputs, st);
}

/* ---- the input ---- */

static TF_Code strings_of(const Span *examples, size_t count, const Span *context, TF_Tensor **out,
                          TF_Status *st) {
  TF_Tensor *tensor = tensor_new(TF_STRING, (int64_t[]){(int64_t)count}, 1, count * sizeof(TF_TString));
  if (!tensor) return fail_oom(st, "examples");
  TF_TString *texts = TF_TensorData(tensor);
  Bytes both = {0};
  for (size_t i = 0; i < count; i++) {
    Span bytes = examples[i];
    if (context) {
      both.size = 0;
      bytes_append(&both, context->data, context->size);
      bytes_append(&both, bytes.data, bytes.size);
      bytes = (Span){both.data, both.size};
    }
    TF_StringCopy(&texts[i], bytes.data ? bytes.data : "", bytes.size);
  }
  TF_Code code = bytes_finish(&both, "examples", st);
  bytes_clear(&both);
  if (code) TF_DeleteTensor(tensor);
  else *out = tensor;
  return code;
}

TF_Code prepare_examples(Request *r, bool classify, const Span *examples, size_t count, const Span *context,
                         TF_Status *st) {
  TRY(request_find_version(r, st));
  Span name = request_signature_name(r);
  r->signature = bundle_signature(r->bundle, name.data, name.size);
  if (!r->signature)
    return fail(st, TF_INVALID_ARGUMENT, "No signature was found with the name: %.*s", (int)name.size,
                (const char *)name.data);
  TRY(check_method(r, classify, st));
  TRY(classify ? check_classify(r, st) : check_regress(r, st));
  if (!count) return fail(st, TF_INVALID_ARGUMENT, "Input is empty.");
  TF_Tensor *strings = NULL;
  TRY(strings_of(examples, count, context, &strings, st));
  r->needs_run = true;
  return request_feed(r, &r->signature->inputs[0], strings, false, st);
}

static TF_Code prepare(Request *r, bool classify, TF_Status *st) {
  ExampleRequest request;
  TRY(decode_example_request(
      r->body, classify ? "tensorflow.serving.ClassificationRequest" : "tensorflow.serving.RegressionRequest",
      &r->arena, &request, st));
  if (!request.has_spec) return fail(st, TF_INVALID_ARGUMENT, "Missing ModelSpec");
  if (!request.spec.name.size) return fail(st, TF_INVALID_ARGUMENT, "ModelSpec has no name specified.");
  r->spec = request.spec;
  return prepare_examples(r, classify, request.examples, request.example_count,
                          request.kind == INPUT_EXAMPLES_WITH_CONTEXT ? &request.context : NULL, st);
}

static TF_Code prepare_classify(Request *r, TF_Status *st) { return prepare(r, true, st); }
static TF_Code prepare_regress(Request *r, TF_Status *st) { return prepare(r, false, st); }

/* ---- results ---- */

static int64_t example_count(const Request *r) { return TF_TensorElementCount(r->feed_values[0]); }

static TF_Code check_matrix(const TF_Tensor *t, const char *name, int dtype, int64_t rows, TF_Status *st) {
  char shape[TENSOR_SHAPE_TEXT_MAX];
  if (TF_NumDims(t) != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Expected Tensor shape: [batch_size num_classes] but got %s",
                tensor_shape_text(t, shape));
  if ((int)TF_TensorType(t) != dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Expected %s Tensor of %s. Got: %s", name, dtype_enum_name(dtype),
                dtype_enum_name((int)TF_TensorType(t)));
  if (TF_Dim(t, 0) != rows)
    return fail(st, TF_INVALID_ARGUMENT, "Expected %s output batch size of %lld. Got: %lld", name,
                (long long)rows, (long long)TF_Dim(t, 0));
  return TF_OK;
}

TF_Code classify_result(const Request *r, ClassifyResult *out, TF_Status *st) {
  *out = (ClassifyResult){request_result(r, "classes"), request_result(r, "scores"), example_count(r), 0};
  if (out->classes) TRY(check_matrix(out->classes, "classes", TF_STRING, out->rows, st));
  if (out->scores) TRY(check_matrix(out->scores, "scores", TF_FLOAT, out->rows, st));
  out->columns = TF_Dim(out->classes ? out->classes : out->scores, 1);
  if (out->classes && out->scores && TF_Dim(out->scores, 1) != out->columns)
    return fail(st, TF_INVALID_ARGUMENT,
                "Tensors class and score should match in dim_size(1). Got %lld vs. %lld",
                (long long)out->columns, (long long)TF_Dim(out->scores, 1));
  return TF_OK;
}

TF_Code regress_result(const Request *r, const float **values, int64_t *rows, TF_Status *st) {
  const TF_Tensor *t = r->results[0];
  char shape[TENSOR_SHAPE_TEXT_MAX];
  int rank = TF_NumDims(t);
  if (rank != 1 && !(rank == 2 && TF_Dim(t, 1) == 1))
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] "
                "but got %s",
                tensor_shape_text(t, shape));
  *rows = TF_Dim(t, 0);
  if (*rows != example_count(r))
    return fail(st, TF_INVALID_ARGUMENT, "Input batch size did not match output batch size: %lld vs. %lld",
                (long long)example_count(r), (long long)*rows);
  if (TF_TensorType(t) != TF_FLOAT)
    return fail(st, TF_INVALID_ARGUMENT, "Expected output Tensor of DT_FLOAT.  Got: %s",
                dtype_enum_name((int)TF_TensorType(t)));
  *values = TF_TensorData(t);
  return TF_OK;
}

/* ---- answers ---- */

/* A float field; proto3 leaves out zero (but not minus zero). */
static size_t float_field_size(float v) {
  uint32_t bits;
  memcpy(&bits, &v, 4);
  return bits ? 5 : 0;
}

static void put_float_field(Bytes *out, uint32_t number, float v) {
  uint32_t bits;
  memcpy(&bits, &v, 4);
  if (!bits) return;
  proto_put_key(out, number, PROTO_FIXED32);
  bytes_put_u32le(out, bits);
}

typedef struct ClassItem {
  Span label;
  float score;
} ClassItem;

static ClassItem class_at(const ClassifyResult *result, int64_t i) {
  ClassItem item = {0};
  if (result->classes) {
    const TF_TString *text = (const TF_TString *)TF_TensorData(result->classes) + i;
    item.label = (Span){TF_StringGetDataPointer(text), TF_StringGetSize(text)};
  }
  if (result->scores) item.score = ((const float *)TF_TensorData(result->scores))[i];
  return item;
}

static size_t class_size(const ClassItem *item) {
  return (item->label.size ? proto_field_size(1, item->label.size) : 0) + float_field_size(item->score);
}

/* The messages nest by length, so a row is written to a buffer of its own first. */
static void put_classifications(const ClassifyResult *result, int64_t row, Bytes *out, Bytes *scratch) {
  scratch->size = 0;
  for (int64_t k = 0; k < result->columns; k++) {
    ClassItem item = class_at(result, row * result->columns + k);
    proto_put_head(scratch, 1, class_size(&item));
    if (item.label.size) proto_put_bytes(scratch, 1, item.label.data, item.label.size);
    put_float_field(scratch, 2, item.score);
  }
  proto_put_bytes(out, 1, scratch->data, scratch->size);
}

static TF_Code respond(Request *r, Bytes *result, TF_Status *st) {
  grpc_message_begin(&r->answer);
  proto_put_bytes(&r->answer, 1, result->data, result->size);
  put_model_spec(&r->answer, 2, r, request_signature_name(r));
  TF_Code code = bytes_finish(result, "response", st);
  bytes_clear(result);
  return code;
}

static TF_Code respond_classify(Request *r, TF_Status *st) {
  ClassifyResult result;
  TRY(classify_result(r, &result, st));
  Bytes all = {0}, scratch = {0};
  for (int64_t i = 0; i < result.rows; i++) put_classifications(&result, i, &all, &scratch);
  all.failed = all.failed || scratch.failed;
  bytes_clear(&scratch);
  return respond(r, &all, st);
}

static TF_Code respond_regress(Request *r, TF_Status *st) {
  const float *values;
  int64_t rows;
  TRY(regress_result(r, &values, &rows, st));
  Bytes all = {0};
  for (int64_t i = 0; i < rows; i++) {
    proto_put_head(&all, 1, float_field_size(values[i]));
    put_float_field(&all, 1, values[i]);
  }
  return respond(r, &all, st);
}

const RequestKind classify_kind = {"Classify", prepare_classify, respond_classify, NULL};
const RequestKind regress_kind = {"Regress", prepare_regress, respond_regress, NULL};
