/* `savedmodel replay`: runs recorded requests and compares the answers with the recorded ones.
 *
 * Requests go through the server's own code (serving/request.h), so classify and regress logs are replayed as
 * a server would answer them. Cases of one version and tag set run in one session, in the order of the file:
 * a recording that carries state from case to case replays right. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/status_impl.h"
#include "cli/cli.h"
#include "cli/golden.h"
#include "cli/thread_config.h"
#include "net/grpc.h"
#include "serving/bundle.h"
#include "serving/examples.h"
#include "serving/predict.h"
#include "wire/json.h"

/* A version directory with one of its MetaGraphDefs, loaded when the first case wants it. */
typedef struct Loaded {
  struct Loaded *next;
  char *dir, *tags;
  Bundle *bundle;
} Loaded;

typedef struct Replay {
  const char *model_dir, *tags;
  int64_t threads;
  bool json;
  Tolerance tolerance;
  Loaded *loaded;
  int64_t passed, failed, skipped;
} Replay;

static bool holds_model(const char *dir) {
  char *pb = path_join(dir, "saved_model.pb"), *pbtxt = path_join(dir, "saved_model.pbtxt");
  bool there = pb && pbtxt && (file_exists(pb) || file_exists(pbtxt));
  free(pb);
  free(pbtxt);
  return there;
}

/* The numbered folder that a case wants: the version it names, else the highest. */
typedef struct VersionSearch {
  int64_t wanted, found;
  char name[32];
} VersionSearch;

static TF_Code see_name(void *arg, const char *name, TF_Status *st) {
  (void)st;
  VersionSearch *search = arg;
  char *end;
  int64_t number = strtoll(name, &end, 10);
  if (*end || end == name || strlen(name) >= sizeof search->name) return TF_OK;
  if (search->wanted >= 0 ? number != search->wanted : number < search->found) return TF_OK;
  search->found = number;
  snprintf(search->name, sizeof search->name, "%s", name);
  return TF_OK;
}

/* malloc'ed; null with `st` set. */
static char *version_dir(const char *model_dir, int64_t version, TF_Status *st) {
  char *dir = NULL;
  if (holds_model(model_dir)) {
    dir = strdup(model_dir);
  } else {
    VersionSearch search = {.wanted = version, .found = -1};
    if (dir_list(model_dir, see_name, &search, st)) return NULL;
    if (!search.name[0]) {
      fail(st, TF_NOT_FOUND, "%s holds neither a SavedModel nor %s", model_dir,
           version >= 0 ? "the version that the recording asks for" : "a numbered version");
      return NULL;
    }
    dir = path_join(model_dir, search.name);
  }
  if (!dir) fail_oom(st, "a path");
  return dir;
}

static char *case_tags(const Replay *replay, const GoldenCase *c) {
  if (replay->tags || !c->num_tags) return strdup(replay->tags ? replay->tags : "serve");
  Bytes text = {0};
  for (int i = 0; i < c->num_tags; i++) {
    if (i) bytes_putc(&text, ',');
    bytes_append(&text, c->tags[i].data, c->tags[i].size);
  }
  return text.data;
}

/* The bundle of a case; null with `st` set. Takes `dir` and `tags`. */
static Bundle *load_for(Replay *replay, char *dir, char *tags, TF_Status *st) {
  Loaded *entry = NULL;
  if (!dir || !tags) goto fail;
  for (Loaded *l = replay->loaded; l; l = l->next) {
    if (strcmp(l->dir, dir) || strcmp(l->tags, tags)) continue;
    free(dir);
    free(tags);
    return l->bundle;
  }
  if (!(entry = calloc(1, sizeof *entry))) {
    fail_oom(st, "a model");
    goto fail;
  }
  Bytes config = {0};
  thread_config_put(&config, replay->threads);
  TagList list;
  tags_split(&list, tags);
  BundleOptions options = {list.tags, list.count, config.data, config.size};
  entry->bundle = bundle_load(dir, &options, st);
  bytes_clear(&config);
  if (!entry->bundle) goto fail;
  entry->dir = dir;
  entry->tags = tags;
  entry->next = replay->loaded;
  replay->loaded = entry;
  return entry->bundle;
fail:
  if (!TF_GetCode(st)) fail_oom(st, "a model");
  free(entry);
  free(dir);
  free(tags);
  return NULL;
}

/* The answer without the head that a gRPC message has in front. */
static Span answer_message(const Request *r) {
  if (r->answer.size < GRPC_HEAD_BYTES) return (Span){0};
  return (Span){r->answer.data + GRPC_HEAD_BYTES, r->answer.size - GRPC_HEAD_BYTES};
}

/* Runs one case; `why` gets what is wrong. */
static void run_case(const Replay *replay, const Bundle *bundle, const GoldenCase *c, double *ms,
                     Difference *difference, Bytes *why) {
  static const RequestKind *const kinds[] = {[GOLDEN_PREDICT] = &predict_kind,
                                             [GOLDEN_CLASSIFY] = &classify_kind,
                                             [GOLDEN_REGRESS] = &regress_kind};
  RequestContext context = {0};
  Request *r = request_new(&context, kinds[c->kind], NULL);
  if (!r) {
    bytes_puts(why, "out of memory");
    return;
  }
  r->bundle = bundle;
  r->body = c->request;
  int64_t start = clock_now_ns();
  TF_Code code = request_execute(r);
  *ms = (double)(clock_now_ns() - start) / 1e6;
  TF_Status st = {0};
  bool agree;
  if (code) bytes_printf(why, "%s: %s", status_code_name(code), TF_Message(r->st));
  else if (golden_compare(c->kind, answer_message(r), c->response, replay->tolerance, difference, why, &agree,
                          &st))
    bytes_printf(why, "%s", st.message);
  request_free(r);
}

static void print_case(const Replay *replay, int64_t number, const GoldenCase *c, double ms,
                       const Difference *difference, const Bytes *why) {
  static const char *const names[] = {"?", "predict", "classify", "regress"};
  bool ok = !why->size;
  if (replay->json) {
    Bytes text = {0};
    bytes_printf(&text, "{\"case\": %" PRId64 ", \"kind\": \"%s\", \"signature\": ", number, names[c->kind]);
    json_put_string(&text, c->signature.data ? c->signature.data : "", c->signature.size);
    bytes_printf(&text, ", \"ok\": %s, \"ms\": %.3f, \"max_abs\": %.9g, \"wrong\": ", ok ? "true" : "false",
                 ms, difference->max_abs);
    json_put_string(&text, why->data ? why->data : "", why->size);
    printf("%s}\n", text.data ? text.data : "");
    bytes_clear(&text);
    return;
  }
  printf("%-9s %3" PRId64 "  %-8s %-24.*s %9.3f ms", ok ? "ok" : "DIFFERENT", number, names[c->kind],
         (int)(c->signature.size < 60 ? c->signature.size : 60),
         c->signature.data ? (const char *)c->signature.data : "", ms);
  if (ok && difference->max_abs > 0) printf("  off by at most %.2g", difference->max_abs);
  printf("%s%s\n", ok ? "" : "  ", ok ? "" : why->data);
}

static TF_Code replay_file(Replay *replay, const char *path, TF_Status *st) {
  TfrecordReader reader = {0};
  TF_Code code = tfrecord_open(&reader, path, st);
  bool end = false;
  for (int64_t number = 1; !code; number++) {
    GoldenCase c;
    if ((code = golden_next(&reader, &c, &end, st)) || end) break;
    if (c.kind == GOLDEN_OTHER) {
      if (!replay->json)
        printf("skipped   %3" PRId64 "  a log that is neither predict, classify nor regress\n", number);
      replay->skipped++;
      continue;
    }
    char *dir = version_dir(replay->model_dir, c.version, st);
    Bundle *bundle = dir ? load_for(replay, dir, case_tags(replay, &c), st) : NULL;
    if (!bundle) {
      code = TF_GetCode(st);
      break;
    }
    Bytes why = {0};
    Difference difference = {0};
    double ms = 0;
    run_case(replay, bundle, &c, &ms, &difference, &why);
    print_case(replay, number, &c, ms, &difference, &why);
    *(why.size ? &replay->failed : &replay->passed) += 1;
    bytes_clear(&why);
  }
  tfrecord_close(&reader);
  return code;
}

/* GOLDEN when it is not given: MODEL_DIR/golden.tfrecord, the same one folder up, or the model's warm-up
 * requests. */
static char *find_recording(const char *model_dir) {
  static const char *const places[] = {"golden.tfrecord", "../golden.tfrecord",
                                       "assets.extra/tf_serving_warmup_requests"};
  for (size_t i = 0; i < SM_COUNTOF(places); i++) {
    char *path = path_join(model_dir, places[i]);
    if (path && file_exists(path)) return path;
    free(path);
  }
  return NULL;
}

static void unload(Replay *replay) {
  while (replay->loaded) {
    Loaded *next = replay->loaded->next;
    bundle_free(replay->loaded->bundle);
    free(replay->loaded->dir);
    free(replay->loaded->tags);
    free(replay->loaded);
    replay->loaded = next;
  }
}

int cmd_replay(int argc, char **argv) {
  Replay replay = {.tolerance = {1e-5, 1e-6}};
  double rtol = -1, atol = -1;
  const Option options[] = {
      {"tag_set", OPTION_STRING, &replay.tags, "TAGS",
       "tags of the MetaGraphDef (default: as recorded, else serve)"},
      {"rtol", OPTION_DOUBLE, &rtol, "X", "relative tolerance (default: golden.json's, else 1e-5)"},
      {"atol", OPTION_DOUBLE, &atol, "X", "absolute tolerance (default: golden.json's, else 1e-6)"},
      {"threads", OPTION_INT, &replay.threads, "N", "threads (0: one a core)"},
      {"json", OPTION_FLAG, &replay.json, NULL, "a JSON line a case"},
      {0}};
  const Usage usage = {
      "replay MODEL_DIR [GOLDEN] [--rtol X] [--atol X] [--json]",
      "Runs every request of GOLDEN, a TFRecord file of tensorflow.serving.PredictionLog messages, and\n"
      "compares with the recorded answer. MODEL_DIR is a SavedModel or a folder of numbered ones.\n"
      "Without GOLDEN: MODEL_DIR/golden.tfrecord, or the model's tf_serving_warmup_requests.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (argc < 2 || argc > 3)
    return cli_failf("replay", "wants MODEL_DIR and perhaps GOLDEN (see savedmodel replay --help)");
  replay.model_dir = argv[1];
  char *golden = argc > 2 ? strdup(argv[2]) : find_recording(argv[1]);
  if (!golden) return cli_failf("replay", "%s: there are no recorded requests; name a file", argv[1]);
  TF_Status st = {0};
  TF_Code code = golden_tolerance(golden, &replay.tolerance, &st);
  if (rtol >= 0) replay.tolerance.rtol = rtol;
  if (atol >= 0) replay.tolerance.atol = atol;
  if (!code) code = replay_file(&replay, golden, &st);
  unload(&replay);
  free(golden);
  if (code) return cli_fail("replay", &st);
  if (!replay.json)
    printf("%" PRId64 " of %" PRId64 " agree\n", replay.passed, replay.passed + replay.failed);
  return replay.failed ? EXIT_DIFFERENT : EXIT_OK;
}
