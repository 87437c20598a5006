/* `savedmodel bench`: how long a signature takes on a recorded request, as JSON lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/status_impl.h"
#include "cli/cli.h"
#include "cli/golden.h"
#include "cli/thread_config.h"
#include "serving/bundle.h"
#include "serving/proto_scan.h"
#include "serving/tensor_codec.h"
#include "wire/json.h"

typedef struct BenchOptions {
  const char *model, *signature, *golden, *tags, *answers;
  int64_t threads, runs;
} BenchOptions;

/* The signature's inputs, decoded once, and all of its outputs. */
typedef struct BenchCall {
  size_t num_feeds, num_fetches;
  TF_Output *feeds, *fetches;
  TF_Tensor **values, **results;
  const Signature *signature;
} BenchCall;

static void call_clear_results(BenchCall *call) {
  for (size_t i = 0; i < call->num_fetches; i++) {
    TF_DeleteTensor(call->results[i]);
    call->results[i] = NULL;
  }
}

static void call_clear(BenchCall *call) {
  if (call->results) call_clear_results(call);
  for (size_t i = 0; i < call->num_feeds; i++) TF_DeleteTensor(call->values[i]);
  free(call->feeds);
  free(call->fetches);
  free(call->values);
  free(call->results);
}

static TF_Code call_init(BenchCall *call, const Signature *signature, const GoldenCase *golden, TF_Status *st) {
  call->signature = signature;
  call->feeds = calloc(signature->input_count + 1, sizeof *call->feeds);
  call->values = calloc(signature->input_count + 1, sizeof *call->values);
  call->fetches = calloc(signature->output_count + 1, sizeof *call->fetches);
  call->results = calloc(signature->output_count + 1, sizeof *call->results);
  if (!call->feeds || !call->values || !call->fetches || !call->results) return fail_oom(st, "feeds");
  Cursor c = cursor_of(golden->request.data, golden->request.size);
  for (ProtoField f; proto_next(&c, &f);) {
    Span alias, value;
    if (f.number != 2 || f.wire != PROTO_BYTES) continue;
    if (!proto_map_entry(f.span, &alias, &value)) return fail(st, TF_DATA_LOSS, "the recorded request is malformed");
    const SignatureTensor *input = map_get_n(&signature->input_by_alias, alias.data, alias.size);
    if (!input || !input->output.oper || call->num_feeds == signature->input_count)
      return fail(st, TF_INVALID_ARGUMENT, "the signature has no input '%.*s'", (int)alias.size, (const char *)alias.data);
    call->feeds[call->num_feeds] = input->output;
    TRY(tensor_decode(value, &call->values[call->num_feeds], st));
    call->num_feeds++;
  }
  for (size_t i = 0; i < signature->output_count; i++) call->fetches[i] = signature->outputs[i].output;
  call->num_fetches = signature->output_count;
  return TF_OK;
}

/* PredictResponse { outputs 1 } of the results. */
static TF_Code encode_response(const BenchCall *call, Bytes *out, TF_Status *st) {
  for (size_t i = 0; i < call->num_fetches; i++) {
    const SignatureTensor *output = &call->signature->outputs[i];
    size_t size;
    if (!tensor_encoded_size(call->results[i], false, &size))
      return fail(st, TF_UNIMPLEMENTED, "output '%s' is of a type that cannot be sent", output->alias);
    proto_put_head(out, 1, proto_field_size(1, output->alias_len) + proto_field_size(2, size));
    proto_put_bytes(out, 1, output->alias, output->alias_len);
    proto_put_head(out, 2, size);
    tensor_encode(call->results[i], false, out);
  }
  return bytes_finish(out, "the answer", st);
}

/* PredictionLog { predict_log 6 { request 1, response 2 } } as the one record of a TFRecord file. */
static TF_Code write_answers(const char *path, const GoldenCase *golden, Span response, TF_Status *st) {
  Bytes log = {0}, record = {0}, file = {0};
  proto_put_bytes(&log, 1, golden->request.data, golden->request.size);
  proto_put_bytes(&log, 2, response.data, response.size);
  proto_put_bytes(&record, 6, log.data, log.size);
  if (log.failed || record.failed) fail_oom(st, "the answer");
  else tfrecord_append(&file, (Span){record.data, record.size});
  if (!TF_GetCode(st) && !bytes_finish(&file, "the answer", st))
    file_write_atomic(path, (Span){file.data, file.size}, false, st);
  bytes_clear(&log);
  bytes_clear(&record);
  bytes_clear(&file);
  return TF_GetCode(st);
}

static TF_Code find_case(TfrecordReader *reader, const char *signature, GoldenCase *golden, TF_Status *st) {
  for (bool end = false;;) {
    TRY(golden_next(reader, golden, &end, st));
    if (end) return fail(st, TF_NOT_FOUND, "no recorded Predict request for signature '%s'", signature);
    Span name = golden->signature.size ? golden->signature : (Span){"serving_default", 15};
    if (golden->kind == GOLDEN_PREDICT && name.size == strlen(signature) && !memcmp(name.data, signature, name.size))
      return TF_OK;
  }
}

static TF_Code run_all(const BenchOptions *o, const Bundle *bundle, BenchCall *call, TF_Status *st) {
  printf("{\"model\": ");
  Bytes name = {0};
  json_put_string(&name, o->model, strlen(o->model));
  printf("%s, \"signature\": \"%s\", \"threads\": %lld, \"latency_ms\": [", name.data ? name.data : "\"\"", o->signature,
         (long long)o->threads);
  bytes_clear(&name);
  for (int64_t i = 0; i < o->runs; i++) {
    call_clear_results(call);
    int64_t start = clock_now_ns();
    TF_SessionRun(bundle->session, NULL, call->feeds, call->values, (int)call->num_feeds, call->fetches, call->results,
                  (int)call->num_fetches, NULL, 0, NULL, st);
    int64_t end = clock_now_ns();
    if (TF_GetCode(st)) break;
    printf("%s%.6f", i ? ", " : "", (double)(end - start) / 1e6);
  }
  printf("]");
  return TF_GetCode(st);
}

static TF_Code bench(const BenchOptions *o, TF_Status *st) {
  TfrecordReader reader = {0};
  GoldenCase golden;
  BenchCall call = {0};
  Bytes config = {0}, response = {0}, why = {0};
  Difference difference = {0};
  Tolerance tolerance = {1e-5, 1e-6};
  Bundle *bundle = NULL;
  TagList tags;
  tags_split(&tags, o->tags);
  thread_config_put(&config, o->threads);
  BundleOptions options = {tags.tags, tags.count, config.data, config.size};
  bool agree = true;
  const Signature *signature;
  if (tfrecord_open(&reader, o->golden, st) || find_case(&reader, o->signature, &golden, st) ||
      golden_tolerance(o->golden, &tolerance, st))
    goto out;
  if (!(bundle = bundle_load(o->model, &options, st))) goto out;
  if (!(signature = bundle_signature(bundle, o->signature, strlen(o->signature)))) {
    fail(st, TF_NOT_FOUND, "there is no signature '%s'", o->signature);
    goto out;
  }
  if (call_init(&call, signature, &golden, st) || run_all(o, bundle, &call, st)) {
    printf("}\n");
    goto out;
  }
  if (!encode_response(&call, &response, st) &&
      !golden_compare(GOLDEN_PREDICT, (Span){response.data, response.size}, golden.response, tolerance, &difference,
                      &why, &agree, st)) {
    printf(", \"max_abs\": %.9g, \"max_rel\": %.9g", difference.max_abs, difference.max_rel);
    if (!agree) {
      Bytes text = {0};
      json_put_string(&text, why.data, why.size);
      printf(", \"wrong\": %s", text.data ? text.data : "\"\"");
      bytes_clear(&text);
    }
  }
  printf("}\n");
  if (!TF_GetCode(st) && o->answers) write_answers(o->answers, &golden, (Span){response.data, response.size}, st);
out:
  call_clear(&call);
  if (bundle) bundle_free(bundle);
  tfrecord_close(&reader);
  bytes_clear(&config);
  bytes_clear(&response);
  bytes_clear(&why);
  return TF_GetCode(st);
}

int cmd_bench(int argc, char **argv) {
  BenchOptions o = {.signature = "serving_default", .tags = "serve", .runs = 30};
  const Option options[] = {
      {"model", OPTION_STRING, &o.model, "DIR", "the SavedModel (a version directory)"},
      {"signature", OPTION_STRING, &o.signature, "KEY", "its signature (serving_default)"},
      {"golden", OPTION_STRING, &o.golden, "FILE", "recorded requests; the first of the signature is run"},
      {"tag_set", OPTION_STRING, &o.tags, "TAGS", "tags of the MetaGraphDef (serve)"},
      {"threads", OPTION_INT, &o.threads, "N", "threads (0: one a core)"},
      {"runs", OPTION_INT, &o.runs, "N", "how often (30)"},
      {"answers", OPTION_STRING, &o.answers, "FILE", "write the last answer as a PredictionLog TFRecord"},
      {0}};
  const Usage usage = {"bench --model DIR --golden FILE [--signature KEY] [--threads N] [--runs N] [--answers FILE]",
                       "Times a signature. Prints one JSON line: latency_ms of every run, and how far the answer is\n"
                       "from the recorded one (max_abs, max_rel; \"wrong\" where that is more than golden.json allows).\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (!o.model || !o.golden) return cli_failf("bench", "--model and --golden are needed (see savedmodel bench --help)");
  if (o.runs < 1 || o.threads < 0) return cli_failf("bench", "--runs and --threads must be positive");
  TF_Status st = {0};
  return bench(&o, &st) ? cli_fail("bench", &st) : EXIT_OK;
}
