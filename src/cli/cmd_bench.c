/* `savedmodel bench`: how long a signature takes, and with --profile where the time goes. A table on a
 * terminal, one JSON line elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/status_impl.h"
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/golden.h"
#include "cli/open_model.h"
#include "cli/profile_report.h"
#include "serving/proto_scan.h"
#include "serving/tensor_codec.h"
#include "wire/json.h"

enum {
  TRACED_RUNS = 5,        /* of which a trace shows every step */
  TRACED_EVENTS = 200000, /* and no more steps than that */
  PROGRESS_MS = 200,
};

typedef struct BenchOptions {
  ModelWords model;
  InputWords words;
  const char *answers, *profile, *profile_to;
  int64_t runs, top;
  bool json;
} BenchOptions;

typedef struct Bench {
  const BenchOptions *o;
  Call call;
  int64_t *took_ns;      /* by run */
  int64_t done;          /* runs that went well */
  ProfiledRun *profiled; /* by run */
  ExecProfile profile;
  /* Against the recorded answer: */
  bool compared, agree;
  Difference difference;
  Bytes why;
} Bench;

/* ---- running ---- */

/* On a terminal: how far it is. `last` is when that was said. */
static void show_progress(const char *what, int64_t done, int64_t all, int64_t *last) {
  if (done < all && clock_now_ms() - *last < PROGRESS_MS) return;
  if (!*last && done == all) return; /* over before anybody looked */
  if (!isatty(STDERR_FILENO)) return;
  fprintf(stderr, done < all ? "\r%s: %lld of %lld " : "\r\033[K", what, (long long)done, (long long)all);
  *last = clock_now_ms();
}

static TF_Code run_all(Bench *b, TF_Status *st) {
  int64_t last = 0;
  for (; b->done < b->o->runs; b->done++) {
    call_drop(&b->call);
    int64_t start = clock_now_ns();
    TRY(call_run(&b->call, st));
    b->took_ns[b->done] = clock_now_ns() - start;
    show_progress("timing", b->done + 1, b->o->runs, &last);
  }
  return TF_OK;
}

/* As many runs again: timing every step takes time itself. */
static TF_Code profile_all(Bench *b, TF_Status *st) {
  int64_t last = 0;
  bool trace = !strcmp(b->o->profile, "trace");
  for (int64_t i = 0; i < b->o->runs; i++) {
    b->profile.max_events = trace && i < TRACED_RUNS ? TRACED_EVENTS : 0;
    profile_begin_run(&b->profile);
    b->profiled[i].start_ns = clock_now_ns();
    TRY(call_run_profiled(&b->call, &b->profile, st));
    b->profiled[i].end_ns = clock_now_ns();
    show_progress("profiling", i + 1, b->o->runs, &last);
  }
  return TF_OK;
}

/* ---- the answer ---- */

/* PredictResponse { outputs 1 } of the results. */
static TF_Code encode_response(const Call *call, Bytes *out, TF_Status *st) {
  for (size_t i = 0; i < call->signature->output_count; i++) {
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

static TF_Code compare(Bench *b, const GoldenCase *golden, TF_Status *st) {
  Bytes response = {0};
  Tolerance tolerance = {1e-5, 1e-6};
  if (!golden_tolerance(b->o->words.golden, &tolerance, st) && !call_results(&b->call, st) &&
      !encode_response(&b->call, &response, st) &&
      !golden_compare(GOLDEN_PREDICT, (Span){response.data, response.size}, golden->response, tolerance,
                      &b->difference, &b->why, &b->agree, st))
    b->compared = true;
  if (!TF_GetCode(st) && b->o->answers)
    write_answers(b->o->answers, golden, (Span){response.data, response.size}, st);
  bytes_clear(&response);
  return TF_GetCode(st);
}

static TF_Code check_answer(Bench *b, TF_Status *st) {
  TfrecordReader reader = {0};
  GoldenCase golden;
  if (!b->o->words.golden) return TF_OK;
  if (!tfrecord_open(&reader, b->o->words.golden, st) &&
      !golden_find(&reader, b->call.signature->name, &golden, st))
    compare(b, &golden, st);
  tfrecord_close(&reader);
  return TF_GetCode(st);
}

/* ---- reports ---- */

static ProfileReport report_of(const Bench *b) {
  return (ProfileReport){&b->profile, b->profiled, b->o->runs,
                         b->o->runs < TRACED_RUNS ? (int)b->o->runs : TRACED_RUNS};
}

static void put_pair(Bytes *out, const char *key, const char *value) {
  bytes_printf(out, ", \"%s\": ", key);
  json_put_string(out, value, strlen(value));
}

static TF_Code put_json(const Bench *b, bool with_profile, Bytes *out, TF_Status *st) {
  bytes_puts(out, "{\"model\": ");
  json_put_string(out, b->o->model.dir, strlen(b->o->model.dir));
  put_pair(out, "signature", b->call.signature->name);
  bytes_printf(out, ", \"threads\": %lld, \"latency_ms\": [", (long long)b->o->model.threads);
  for (int64_t i = 0; i < b->done; i++)
    bytes_printf(out, "%s%.6f", i ? ", " : "", (double)b->took_ns[i] / 1e6);
  bytes_puts(out, "]");
  if (b->compared)
    bytes_printf(out, ", \"max_abs\": %.9g, \"max_rel\": %.9g", b->difference.max_abs, b->difference.max_rel);
  if (b->compared && !b->agree) put_pair(out, "wrong", b->why.data ? b->why.data : "");
  if (with_profile) {
    ProfileReport report = report_of(b);
    JsonWriter w = {.out = out, .indent = -1};
    bytes_puts(out, ", \"profile\": ");
    TRY(profile_put_json(&report, &w, st));
  }
  bytes_puts(out, "}\n");
  return bytes_finish(out, "the report", st);
}

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* In the unit that fits. */
static const char *time_text(int64_t ns, char out[32]) {
  if (ns < 100000) snprintf(out, 32, "%.2f us", (double)ns / 1e3);
  else if (ns < 10000000) snprintf(out, 32, "%.3f ms", (double)ns / 1e6);
  else snprintf(out, 32, "%.1f ms", (double)ns / 1e6);
  return out;
}

static TF_Code put_text(const Bench *b, Bytes *out, TF_Status *st) {
  char text[32];
  int64_t n = b->done, *sorted = malloc((size_t)n * sizeof *sorted);
  if (!sorted) return fail_oom(st, "the report");
  memcpy(sorted, b->took_ns, (size_t)n * sizeof *sorted);
  qsort(sorted, (size_t)n, sizeof *sorted, by_value);
  bytes_printf(out, "%s, signature '%s', %lld run%s", b->o->model.dir, b->call.signature->name, (long long)n,
               n == 1 ? "" : "s");
  if (b->o->model.threads)
    bytes_printf(out, ", %lld thread%s", (long long)b->o->model.threads, b->o->model.threads == 1 ? "" : "s");
  bytes_printf(out, "\n  median  %12s\n", time_text(sorted[n / 2], text));
  bytes_printf(out, "  90%%     %12s\n", time_text(sorted[(9 * n - 1) / 10], text));
  bytes_printf(out, "  least   %12s\n", time_text(sorted[0], text));
  bytes_printf(out, "  most    %12s\n", time_text(sorted[n - 1], text));
  bytes_printf(out, "  first   %12s  (the plan is made in it)\n", time_text(b->took_ns[0], text));
  if (b->compared && b->agree)
    bytes_printf(out, "  answer  as recorded: off by %.2g, relative %.2g\n", b->difference.max_abs,
                 b->difference.max_rel);
  else if (b->compared) bytes_printf(out, "  answer  WRONG: %s\n", b->why.data ? b->why.data : "");
  free(sorted);
  return bytes_finish(out, "the report", st);
}

/* What --profile asks for, as text of its own. */
static TF_Code put_profile(const Bench *b, Bytes *out, TF_Status *st) {
  ProfileReport report = report_of(b);
  if (!strcmp(b->o->profile, "trace")) return profile_put_trace(&report, out, st);
  if (!strcmp(b->o->profile, "json")) return put_json(b, true, out, st);
  return profile_put_text(&report, b->o->top, out, st);
}

static TF_Code print_reports(const Bench *b, TF_Status *st) {
  const char *profile = b->o->profile, *to = b->o->profile_to;
  bool only_profile = profile && !to && strcmp(profile, "text");
  bool people = !b->o->json && (isatty(STDOUT_FILENO) || (profile && !strcmp(profile, "text") && !to));
  Bytes out = {0}, extra = {0};
  if (!only_profile && !TF_GetCode(st)) people ? put_text(b, &out, st) : put_json(b, false, &out, st);
  if (profile && !TF_GetCode(st)) put_profile(b, to ? &extra : &out, st);
  if (out.size && !TF_GetCode(st)) fwrite(out.data, 1, out.size, stdout);
  if (to && !TF_GetCode(st)) file_write_atomic(to, (Span){extra.data, extra.size}, false, st);
  bytes_clear(&out);
  bytes_clear(&extra);
  return TF_GetCode(st);
}

static TF_Code bench(const BenchOptions *o, TF_Status *st) {
  Bench b = {.o = o};
  Bundle *bundle = NULL;
  const Signature *signature;
  Inputs in = {0};
  b.took_ns = calloc((size_t)o->runs, sizeof *b.took_ns);
  b.profiled = calloc(o->profile ? (size_t)o->runs : 1, sizeof *b.profiled);
  if (!b.took_ns || !b.profiled) fail_oom(st, "so many runs");
  else if (!model_open(&o->model, &bundle, &signature, st) && !inputs_init(&in, signature, st) &&
           !inputs_read(&in, &o->words, bundle->graph, st) && !call_init(&b.call, bundle, &in, st) &&
           !run_all(&b, st) && !check_answer(&b, st) && !(o->profile && profile_all(&b, st)))
    print_reports(&b, st);
  call_clear(&b.call);
  inputs_clear(&in);
  profile_clear(&b.profile);
  bundle_free(bundle);
  bytes_clear(&b.why);
  free(b.took_ns);
  free(b.profiled);
  return TF_GetCode(st);
}

static int check_options(const BenchOptions *o) {
  if (o->runs < 1 || o->runs > INT32_MAX) return cli_failf("bench", "--runs must be at least 1");
  if (o->model.threads < 0) return cli_failf("bench", "--threads must not be negative");
  if (o->answers && !o->words.golden)
    return cli_failf("bench", "--answers needs --golden, whose request it answers");
  const char *p = o->profile;
  if (p && strcmp(p, "text") && strcmp(p, "json") && strcmp(p, "trace"))
    return cli_failf("bench", "--profile is text, json or trace, not '%s'", p);
  if (o->profile_to && !p) return cli_failf("bench", "--profile_to needs --profile text, json or trace");
  return EXIT_OK;
}

int cmd_bench(int argc, char **argv) {
  BenchOptions o = {.model = {.tags = "serve"}, .runs = 30, .top = 30};
  const Option options[] = {
      {"model", OPTION_STRING, &o.model.dir, "DIR", "the SavedModel (a version directory)"},
      {"tag_set", OPTION_STRING, &o.model.tags, "TAGS", "tags of the MetaGraphDef (serve)"},
      {"signature", OPTION_STRING, &o.model.signature, "KEY",
       "its signature (serving_default, or the only one)"},
      {"signature_def", OPTION_STRING, &o.model.signature, "KEY", "the same, as show and run call it"},
      {"golden", OPTION_STRING, &o.words.golden, "FILE",
       "recorded requests; the first of the signature is run"},
      {"inputs", OPTION_STRING, &o.words.files, "KEY=FILE;...", "or inputs as .npy or .npz files"},
      {"input_exprs", OPTION_STRING, &o.words.exprs, "KEY=JSON;...", "or as JSON"},
      {"input_examples", OPTION_STRING, &o.words.examples, "KEY=JSON;...", "or as tf.Examples"},
      {"input_shapes", OPTION_STRING, &o.words.shapes, "KEY:DIMS;...",
       "or zeros: x:1,224,224,3 (unknown dims are 1)"},
      {"threads", OPTION_INT, &o.model.threads, "N", "threads (0: one a core)"},
      {"runs", OPTION_INT, &o.runs, "N", "how often (30)"},
      {"profile", OPTION_STRING, &o.profile, "FORMAT",
       "time by op and node: text, json, trace (Chrome, Perfetto)"},
      {"profile_to", OPTION_STRING, &o.profile_to, "FILE", "write the profile there"},
      {"top", OPTION_INT, &o.top, "N", "nodes that --profile text shows (30)"},
      {"answers", OPTION_STRING, &o.answers, "FILE", "write the last answer as a PredictionLog TFRecord"},
      {"json", OPTION_FLAG, &o.json, NULL, "the JSON line on a terminal too"},
      {0}};
  const Usage usage = {
      "bench --model DIR [--golden FILE] [--signature KEY] [--threads N] [--runs N] [--profile FORMAT] ...",
      "Times a signature. On a terminal a table; else one JSON line: latency_ms of every run and, with\n"
      "--golden, how far the answer is from the recorded one (max_abs, max_rel; \"wrong\" where that is "
      "more\n"
      "than golden.json allows). A profile is made in as many runs again. For example:\n"
      "  savedmodel bench --model resnet/1 --input_shapes image:1,224,224,3 --profile trace --profile_to "
      "trace.json\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if ((early = cli_take_dir(&o.model.dir, "model", argc, argv)) >= 0) return early;
  int wrong = check_options(&o);
  if (wrong) return wrong;
  TF_Status st = {0};
  return bench(&o, &st) ? cli_fail("bench", &st) : EXIT_OK;
}
