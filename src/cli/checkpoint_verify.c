/* `savedmodel checkpoint verify`: reads every tensor of checkpoints and checks their checksums. */
#include <stdio.h>
#include <string.h>

#include "base/status_impl.h"
#include "cli/checkpoint_cmd.h"
#include "cli/cli.h"
#include "wire/json.h"

typedef struct Verify {
  const char *name;
  bool json;
  JsonWriter writer;
  Progress progress;
  uint64_t bytes;
  size_t entries, bad;
} Verify;

static void start(Verify *v, const char *name) {
  v->name = name;
  v->bytes = v->entries = v->bad = 0;
  if (!v->json) return;
  json_begin_object(&v->writer);
  json_key(&v->writer, "prefix", 6);
  json_write_cstring(&v->writer, name);
  json_key(&v->writer, "errors", 6);
  json_begin_array(&v->writer);
}

static void report_error(Verify *v, Span tensor, const char *message) {
  v->bad++;
  progress_end(&v->progress);
  if (!v->json) {
    Bytes name = {0}, text = {0};
    printf("%s: %s%s%s\n", v->name, text_for_terminal(tensor, &name), tensor.size ? ": " : "",
           text_for_terminal((Span){message, strlen(message)}, &text));
    bytes_clear(&name);
    bytes_clear(&text);
    return;
  }
  json_begin_object(&v->writer);
  if (tensor.size) {
    json_key(&v->writer, "tensor", 6);
    json_write_string(&v->writer, tensor.data, tensor.size);
  }
  json_key(&v->writer, "message", 7);
  json_write_cstring(&v->writer, message);
  json_end_object(&v->writer);
}

static void finish(Verify *v) {
  progress_end(&v->progress);
  if (v->json) {
    json_end_array(&v->writer);
    json_key(&v->writer, "entries", 7);
    json_write_i64(&v->writer, (int64_t)v->entries);
    json_key(&v->writer, "bytes", 5);
    json_write_i64(&v->writer, (int64_t)v->bytes);
    json_key(&v->writer, "ok", 2);
    json_write_bool(&v->writer, !v->bad);
    json_end_object(&v->writer);
  } else if (!v->bad) {
    printf("%s: ok, %zu entries, %llu bytes\n", v->name, v->entries, (unsigned long long)v->bytes);
  }
}

static void verified(void *arg, const BundleEntry *entry, const TF_Status *st) {
  Verify *v = arg;
  v->entries++;
  v->bytes += entry->size;
  progress_add(&v->progress, entry->size);
  if (!st->code) return;
  Bytes name = {0};
  TensorSlice slice;
  TF_Status no = {0};
  /* A slice goes by its tensor's name; its own is binary. */
  bool is_slice = bundle_entry_is_slice(entry) && !slice_key_get(entry->name, &name, &slice, &no);
  report_error(v, is_slice ? (Span){name.data, name.size} : entry->name, st->message);
  bytes_clear(&name);
}

/* Partitioned tensors besides: whether their slices are there and fit. */
static void verify_partitioned(Verify *v, const CheckpointReader *r, bool all) {
  for (size_t i = 0; i < checkpoint_reader_count(r); i++) {
    const CheckpointEntry *e = checkpoint_reader_at(r, i);
    if (!all && !e->slice_count) continue;
    TF_Status st = {0};
    TF_Tensor *t;
    if (checkpoint_read_entry(r, e, &t, &st)) report_error(v, e->name, st.message);
    TF_DeleteTensor(t);
    if (!all) continue;
    v->entries++;
    v->bytes += checkpoint_entry_bytes(e);
    progress_add(&v->progress, checkpoint_entry_bytes(e));
  }
}

/* False if it could not even be looked for. */
static bool verify_one(Verify *v, const char *name, TF_Status *st) {
  CheckpointReader *r;
  TF_Code code = checkpoint_open_named(&r, name, st);
  if (code == TF_NOT_FOUND) return false;
  start(v, name);
  if (code) {
    report_error(v, (Span){0}, st->message);
    TF_SetStatus(st, TF_OK, "");
  } else {
    const TensorBundle *b = checkpoint_reader_bundle(r);
    v->progress = (Progress){.what = "verifying"};
    for (size_t i = 0; b && i < tensor_bundle_entry_count(b); i++)
      v->progress.total += tensor_bundle_entry_at(b, i)->size;
    for (size_t i = 0; !b && i < checkpoint_reader_count(r); i++)
      v->progress.total += checkpoint_entry_bytes(checkpoint_reader_at(r, i));
    TF_Status first = {0};
    if (b) tensor_bundle_verify(b, verified, v, &first);
    /* Slices that are damaged have been named; what is left to see is whether whole ones fit together. */
    if (!v->bad) verify_partitioned(v, r, !b);
  }
  finish(v);
  checkpoint_reader_free(r);
  return true;
}

int checkpoint_verify(int argc, char **argv) {
  bool json = false;
  const Option options[] = {{"json", OPTION_FLAG, &json, NULL, "print JSON: a list, an object a PREFIX"},
                            {0}};
  const Usage usage = {
      "checkpoint verify PREFIX... [--json]",
      "Reads every tensor and checks every checksum; prints a line for each PREFIX that is well and one for\n"
      "each damaged tensor. Exit code 1 if something is damaged.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (argc < 2) return cli_failf(argv[0], "wants a PREFIX (see savedmodel checkpoint verify --help)");
  TF_Status st = {0};
  Bytes out = {0};
  Verify v = {.json = json, .writer = {.out = &out, .indent = 1}};
  bool bad = false;
  if (json) json_begin_array(&v.writer);
  for (int i = 1; i < argc; i++) {
    if (!verify_one(&v, argv[i], &st)) {
      bytes_clear(&out);
      return cli_fail(argv[0], &st);
    }
    bad |= v.bad > 0;
  }
  if (json) json_end_array(&v.writer);
  if (json && !out.failed) printf("%s\n", out.data);
  bytes_clear(&out);
  return bad ? EXIT_DIFFERENT : EXIT_OK;
}
