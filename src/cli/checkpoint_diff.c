/* `savedmodel checkpoint diff`: tensors that only one of two checkpoints has, or that differ. */
#include <stdio.h>
#include <string.h>

#include "base/status_impl.h"
#include "checkpoint/sstable.h"
#include "cli/checkpoint_cmd.h"
#include "cli/cli.h"
#include "cli/compare.h"
#include "tensor/tensor.h"
#include "wire/json.h"

typedef struct Diff {
  const CheckpointReader *a, *b;
  Tolerance tolerance;
  bool json;
  JsonWriter writer;
  Progress progress;
  size_t equal, different;
} Diff;

/* `what`: "only in A", "dtype", "shape" or "values"; `detail` may be empty. */
static void report(Diff *d, const CheckpointEntry *e, const char *what, const char *detail) {
  d->different++;
  progress_end(&d->progress);
  if (!d->json) {
    Bytes name = {0};
    printf("%s: %s%s%s\n", text_for_terminal(e->name, &name), what, *detail ? ": " : "", detail);
    bytes_clear(&name);
    return;
  }
  json_begin_object(&d->writer);
  json_key(&d->writer, "tensor", 6);
  json_write_string(&d->writer, e->name.data, e->name.size);
  json_key(&d->writer, "what", 4);
  json_write_cstring(&d->writer, what);
  if (*detail) {
    json_key(&d->writer, "detail", 6);
    json_write_cstring(&d->writer, detail);
  }
  json_end_object(&d->writer);
}

static bool same_shape(const CheckpointEntry *x, const CheckpointEntry *y) {
  bool same = x->rank == y->rank;
  for (int i = 0; same && i < x->rank; i++) same = x->dims[i] == y->dims[i];
  return same;
}

static TF_Code compare_values(Diff *d, const CheckpointEntry *x, const CheckpointEntry *y, TF_Status *st) {
  TF_Tensor *a = NULL, *b = NULL;
  Difference seen = {0};
  Bytes why = {0};
  TF_Code code = checkpoint_read_entry(d->a, x, &a, st);
  if (code) fail_prefix(st, "the first checkpoint");
  if (!code && (code = checkpoint_read_entry(d->b, y, &b, st))) fail_prefix(st, "the second checkpoint");
  if (!code) {
    bool same = a->dtype != TF_STRING &&
                !memcmp(a->data ? a->data : "", b->data ? b->data : "", TF_TensorByteSize(a));
    if (same || tensors_agree(b, a, d->tolerance, &seen, &why)) d->equal++;
    else report(d, x, "values", why.data ? why.data : "");
    progress_add(&d->progress, checkpoint_entry_bytes(x));
  }
  bytes_clear(&why);
  TF_DeleteTensor(a);
  TF_DeleteTensor(b);
  return code;
}

static TF_Code compare_entry(Diff *d, const CheckpointEntry *x, const CheckpointEntry *y, TF_Status *st) {
  char detail[2 * SHAPE_TEXT_MAX + 16], a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (x->dtype != y->dtype) {
    snprintf(detail, sizeof detail, "%s, %s", dtype_name(x->dtype), dtype_name(y->dtype));
    report(d, x, "dtype", detail);
  } else if (!same_shape(x, y)) {
    int most = TENSOR_MAX_RANK;
    snprintf(detail, sizeof detail, "%s, %s",
             shape_text(x->dims, x->rank < most ? x->rank : most, a, sizeof a),
             shape_text(y->dims, y->rank < most ? y->rank : most, b, sizeof b));
    report(d, x, "shape", detail);
  } else {
    return compare_values(d, x, y, st);
  }
  return TF_OK;
}

/* Both lists are in the order of the names: one walk through the two. */
static TF_Code compare_all(Diff *d, TF_Status *st) {
  size_t i = 0, k = 0, n = checkpoint_reader_count(d->a), m = checkpoint_reader_count(d->b);
  for (size_t j = 0; j < n; j++) d->progress.total += checkpoint_entry_bytes(checkpoint_reader_at(d->a, j));
  while (i < n || k < m) {
    const CheckpointEntry *x = i < n ? checkpoint_reader_at(d->a, i) : NULL;
    const CheckpointEntry *y = k < m ? checkpoint_reader_at(d->b, k) : NULL;
    int order = !x ? 1 : !y ? -1 : table_key_compare(x->name, y->name);
    if (order < 0) report(d, x, "only in the first", "");
    if (order > 0) report(d, y, "only in the second", "");
    if (order == 0) TRY(compare_entry(d, x, y, st));
    i += order <= 0;
    k += order >= 0;
  }
  progress_end(&d->progress);
  return TF_OK;
}

int checkpoint_diff(int argc, char **argv) {
  bool json = false;
  double rtol = 0, atol = 0;
  const Option options[] = {{"rtol", OPTION_DOUBLE, &rtol, "R", "relative tolerance (default 0)"},
                            {"atol", OPTION_DOUBLE, &atol, "A", "absolute tolerance (default 0)"},
                            {"json", OPTION_FLAG, &json, NULL, "print JSON"},
                            {0}};
  const Usage usage = {
      "checkpoint diff A B [--rtol R] [--atol A] [--json]",
      "Prints a line for each tensor that only one of the checkpoints A and B has, or whose dtype, shape or\n"
      "values differ. Exit code 1 if there is one.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (argc != 3) return cli_failf(argv[0], "wants two checkpoints (see savedmodel checkpoint diff --help)");
  TF_Status st = {0};
  Bytes out = {0};
  CheckpointReader *a = NULL, *b = NULL;
  Diff d = {.tolerance = {rtol, atol},
            .json = json,
            .writer = {.out = &out, .indent = 1},
            .progress = {"comparing", 0, 0, 0, false}};
  if (json) {
    json_begin_object(&d.writer);
    json_key(&d.writer, "differences", 11);
    json_begin_array(&d.writer);
  }
  TF_Code code = checkpoint_open_named(&a, argv[1], &st);
  if (!code) code = checkpoint_open_named(&b, argv[2], &st);
  d.a = a;
  d.b = b;
  if (!code) code = compare_all(&d, &st);
  if (!code && json) {
    json_end_array(&d.writer);
    json_key(&d.writer, "equal", 5);
    json_write_i64(&d.writer, (int64_t)d.equal);
    json_end_object(&d.writer);
    if (!out.failed) printf("%s\n", out.data);
  }
  bytes_clear(&out);
  checkpoint_reader_free(a);
  checkpoint_reader_free(b);
  return code ? cli_fail(argv[0], &st) : d.different ? EXIT_DIFFERENT : EXIT_OK;
}
