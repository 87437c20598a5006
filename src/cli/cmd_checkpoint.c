/* `savedmodel checkpoint`: list, print, verify, diff and export checkpoints of both formats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/status_impl.h"
#include "checkpoint/checkpoint_state.h"
#include "cli/checkpoint_cmd.h"
#include "cli/cli.h"
#include "tensor/tensor.h"
#include "wire/json.h"

/* ---- shared ---- */

/* The prefix that a name stands for, malloc'ed. */
static TF_Code find_prefix(const char *name, char **prefix, TF_Status *st) {
  static const char suffix[] = ".index";
  size_t len = strlen(name);
  *prefix = NULL;
  if (len > strlen(suffix) && !strcmp(name + len - strlen(suffix), suffix) && file_exists(name)) {
    *prefix = strndup(name, len - strlen(suffix));
  } else if (checkpoint_exists(name)) {
    *prefix = strdup(name);
  } else if (file_is_dir(name)) {
    TRY(checkpoint_latest(name, NULL, prefix, st));
    if (*prefix) return TF_OK;
    *prefix = path_join(name, "variables/variables");
    if (*prefix && !checkpoint_exists(*prefix)) {
      free(*prefix);
      *prefix = NULL;
      return fail(st, TF_NOT_FOUND, "%s: a folder with neither a checkpoint state file nor variables", name);
    }
  } else {
    *prefix = strdup(name); /* opening it says what is wrong */
  }
  return *prefix ? TF_OK : fail_oom(st, name);
}

TF_Code checkpoint_open_named(CheckpointReader **reader, const char *name, TF_Status *st) {
  char *prefix;
  *reader = NULL;
  TRY(find_prefix(name, &prefix, st));
  TF_Code code = checkpoint_reader_open(reader, prefix, st);
  free(prefix);
  return code;
}

TF_Code checkpoint_read_entry(const CheckpointReader *reader, const CheckpointEntry *entry,
                              TF_Tensor **tensor, TF_Status *st) {
  return checkpoint_reader_read(reader, entry->name, (Span){0}, tensor, st);
}

uint64_t checkpoint_entry_bytes(const CheckpointEntry *entry) {
  uint64_t n = TF_DataTypeSize(entry->dtype);
  for (int i = 0; i < entry->rank; i++) n *= (uint64_t)entry->dims[i];
  return n;
}

const char *text_for_terminal(Span text, Bytes *buf) {
  const unsigned char *p = text.data;
  buf->size = 0;
  bytes_append(buf, "", 0);
  for (size_t i = 0; i < text.size; i++) {
    if (p[i] < 0x20 || p[i] == 0x7f) bytes_printf(buf, "\\x%02x", p[i]);
    else bytes_putc(buf, (char)p[i]);
  }
  return buf->failed ? "?" : buf->data;
}

void progress_add(Progress *p, uint64_t done) {
  p->done += done;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  double now = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
  if (p->last == 0) p->last = now; /* nothing in the first moment: short work stays quiet */
  if (now - p->last < 0.2 || !p->total || !isatty(STDERR_FILENO)) return;
  p->last = now;
  p->drawn = true;
  fprintf(stderr, "\r%s %3.0f%% of %.1f MB", p->what, 100.0 * (double)p->done / (double)p->total,
          (double)p->total / 1e6);
}

void progress_end(Progress *p) {
  if (p->drawn) fprintf(stderr, "\r\033[K");
}

/* ---- list ---- */

static void list_json(const CheckpointReader *r) {
  Bytes out = {0};
  JsonWriter w = {.out = &out, .indent = 1};
  json_begin_object(&w);
  json_key(&w, "format", 6);
  json_write_i64(&w, checkpoint_reader_version(r));
  if (checkpoint_reader_bundle(r)) {
    json_key(&w, "shards", 6);
    json_write_i64(&w, tensor_bundle_shard_count(checkpoint_reader_bundle(r)));
  }
  json_key(&w, "tensors", 7);
  json_begin_array(&w);
  for (size_t i = 0; i < checkpoint_reader_count(r); i++) {
    const CheckpointEntry *e = checkpoint_reader_at(r, i);
    json_begin_object(&w);
    json_key(&w, "name", 4);
    json_write_string(&w, e->name.data, e->name.size);
    json_key(&w, "dtype", 5);
    json_write_cstring(&w, dtype_name(e->dtype));
    json_key(&w, "shape", 5);
    w.single_line_arrays = true;
    json_begin_array(&w);
    for (int k = 0; k < e->rank; k++) json_write_i64(&w, e->dims[k]);
    json_end_array(&w);
    w.single_line_arrays = false;
    if (e->slice_count) {
      json_key(&w, "slices", 6);
      json_begin_array(&w);
      for (size_t k = 0; k < e->slice_count; k++) {
        Bytes text = {0};
        slice_format(&e->slices[k], &text);
        json_write_string(&w, text.data ? text.data : "", text.size);
        bytes_clear(&text);
      }
      json_end_array(&w);
    }
    json_end_object(&w);
  }
  json_end_array(&w);
  json_end_object(&w);
  if (!out.failed) printf("%s\n", out.data);
  bytes_clear(&out);
}

static void list_text(const CheckpointReader *r) {
  int width = 0;
  Bytes name = {0};
  for (size_t i = 0; i < checkpoint_reader_count(r); i++) {
    size_t size = checkpoint_reader_at(r, i)->name.size;
    if (size > (size_t)width && size < 80) width = (int)size;
  }
  for (size_t i = 0; i < checkpoint_reader_count(r); i++) {
    const CheckpointEntry *e = checkpoint_reader_at(r, i);
    char shape[SHAPE_TEXT_MAX];
    int rank = e->rank < TENSOR_MAX_RANK ? e->rank : TENSOR_MAX_RANK;
    printf("%-*s  %-9s %s", width, text_for_terminal(e->name, &name), dtype_name(e->dtype),
           shape_text(e->dims, rank, shape, sizeof shape));
    if (e->slice_count) printf("  %zu slices", e->slice_count);
    printf("\n");
  }
  bytes_clear(&name);
}

int checkpoint_list(int argc, char **argv) {
  bool json = false;
  const Option options[] = {{"json", OPTION_FLAG, &json, NULL, "print JSON"}, {0}};
  const Usage usage = {"checkpoint list PREFIX [--json]",
                       "Prints name, dtype and shape of each tensor, in the order of the names.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (argc != 2) return cli_failf(argv[0], "wants one PREFIX (see savedmodel checkpoint list --help)");
  TF_Status st = {0};
  CheckpointReader *r;
  if (checkpoint_open_named(&r, argv[1], &st)) return cli_fail(argv[0], &st);
  (json ? list_json : list_text)(r);
  checkpoint_reader_free(r);
  return EXIT_OK;
}

/* ---- the table of subcommands ---- */

static const struct {
  const char *name, *full_name;
  int (*run)(int argc, char **argv);
  const char *arguments, *help;
} subcommands[] = {
    {"list", "checkpoint list", checkpoint_list, "PREFIX [--json]", "names, dtypes and shapes"},
    {"print", "checkpoint print", checkpoint_print, "PREFIX [NAME...] [--all]", "values"},
    {"verify", "checkpoint verify", checkpoint_verify, "PREFIX... [--json]",
     "read everything, check every checksum"},
    {"diff", "checkpoint diff", checkpoint_diff, "A B [--rtol R] [--atol A] [--json]",
     "what differs between two"},
    {"export", "checkpoint export", checkpoint_export, "PREFIX OUT.npz [--strings OUT.json]",
     "all tensors for NumPy"},
};

static void print_usage(FILE *out) {
  fprintf(out, "usage: savedmodel checkpoint SUBCOMMAND ...\n\n");
  for (size_t i = 0; i < SM_COUNTOF(subcommands); i++) {
    char left[64];
    snprintf(left, sizeof left, "%s %s", subcommands[i].name, subcommands[i].arguments);
    fprintf(out, "  %-44s %s\n", left, subcommands[i].help);
  }
  fprintf(out,
          "\nPREFIX is a checkpoint's prefix (./tmp/model.ckpt), its .index file, a folder with a "
          "`checkpoint` file (the\n"
          "latest one) or a SavedModel's folder (its variables). Exit codes: 0 done, 1 a difference or "
          "damage was\n"
          "found, 2 failed.\n");
}

int cmd_checkpoint(int argc, char **argv) {
  if (argc < 2) {
    print_usage(stderr);
    return EXIT_FAILED;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
    print_usage(stdout);
    return EXIT_OK;
  }
  for (size_t i = 0; i < SM_COUNTOF(subcommands); i++) {
    if (strcmp(argv[1], subcommands[i].name)) continue;
    argv[1] = (char *)subcommands[i].full_name;
    return subcommands[i].run(argc - 1, argv + 1);
  }
  return cli_failf("checkpoint", "there is no subcommand '%s' (see savedmodel checkpoint --help)", argv[1]);
}
