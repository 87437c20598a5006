/* `savedmodel checkpoint export`: all tensors as a .npz file, the strings as JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/status_impl.h"
#include "cli/checkpoint_cmd.h"
#include "cli/cli.h"
#include "tensor/tensor.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/npy.h"

typedef struct Export {
  Bytes npz, json;
  NpzWriter members;
  JsonWriter strings;
  size_t string_tensors;
} Export;

/* The dtype that NumPy is told: what it has no name for goes as the integers that hold it. */
static TF_DataType numpy_dtype(TF_DataType dtype) {
  switch (dtype) {
    case TF_INT4: return TF_INT8;
    case TF_UINT4:
    case TF_FLOAT8_E5M2:
    case TF_FLOAT8_E4M3FN: return TF_UINT8;
    default: return dtype;
  }
}

static void export_strings(Export *x, const CheckpointEntry *e, const TF_Tensor *t) {
  x->string_tensors++;
  json_key(&x->strings, e->name.data, e->name.size);
  json_begin_array(&x->strings);
  for (int64_t i = 0; i < tensor_count(t); i++) {
    size_t size;
    const char *data = tstring_data((const TF_TString *)t->data + i, &size);
    Bytes text = {0};
    base64_encode(&text, data, size);
    json_write_string(&x->strings, text.data ? text.data : "", text.size);
    x->json.failed |= text.failed;
    bytes_clear(&text);
  }
  json_end_array(&x->strings);
}

static TF_Code export_numbers(Export *x, const CheckpointEntry *e, const TF_Tensor *t, TF_Status *st) {
  NpyArray array = {.dtype = numpy_dtype(t->dtype),
                    .rank = t->rank,
                    .count = (size_t)tensor_count(t),
                    .data = {t->data, TF_TensorByteSize(t)}};
  for (int i = 0; i < t->rank; i++) array.shape[i] = t->dims[i];
  return npz_add(&x->members, e->name.data, &array, st);
}

static TF_Code export_all(Export *x, const CheckpointReader *r, TF_Status *st) {
  Progress progress = {.what = "exporting"};
  TF_Code code = TF_OK;
  for (size_t i = 0; i < checkpoint_reader_count(r); i++)
    progress.total += checkpoint_entry_bytes(checkpoint_reader_at(r, i));
  json_begin_object(&x->strings);
  for (size_t i = 0; !code && i < checkpoint_reader_count(r); i++) {
    const CheckpointEntry *e = checkpoint_reader_at(r, i);
    TF_Tensor *t;
    code = checkpoint_read_entry(r, e, &t, st);
    if (!code && t->dtype == TF_STRING) export_strings(x, e, t);
    else if (!code) code = export_numbers(x, e, t, st);
    TF_DeleteTensor(t);
    progress_add(&progress, checkpoint_entry_bytes(e));
  }
  json_end_object(&x->strings);
  progress_end(&progress);
  if (!code) code = npz_finish(&x->members, st);
  if (!code) bytes_putc(&x->json, '\n');
  if (!code) code = bytes_finish(&x->json, "the strings", st);
  return code ? code : bytes_finish(&x->npz, "the arrays", st);
}

int checkpoint_export(int argc, char **argv) {
  const char *strings = NULL;
  const Option options[] = {
      {"strings", OPTION_STRING, &strings, "OUT.json", "where string tensors go: {name: [base64, ...]}"},
      {0}};
  const Usage usage = {
      "checkpoint export PREFIX OUT.npz [--strings OUT.json]",
      "Writes every tensor as a member of OUT.npz under its name; bfloat16 as uint16, float8 and uint4 as "
      "uint8,\n"
      "int4 as int8, quantized types as the integers they hold. String tensors need --strings.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (argc != 3)
    return cli_failf(argv[0], "wants PREFIX and OUT.npz (see savedmodel checkpoint export --help)");
  TF_Status st = {0};
  CheckpointReader *r;
  if (checkpoint_open_named(&r, argv[1], &st)) return cli_fail(argv[0], &st);
  Export *x = calloc(1, sizeof *x);
  if (!x) return cli_failf(argv[0], "out of memory");
  x->members.out = &x->npz;
  x->strings.out = &x->json;
  TF_Code code = export_all(x, r, &st);
  if (!code && x->string_tensors && !strings)
    code = fail(&st, TF_INVALID_ARGUMENT, "%s: %zu string tensors need --strings OUT.json", argv[1],
                x->string_tensors);
  if (!code) code = file_write_atomic(argv[2], (Span){x->npz.data, x->npz.size}, false, &st);
  if (!code && strings) code = file_write_atomic(strings, (Span){x->json.data, x->json.size}, false, &st);
  bytes_clear(&x->npz);
  bytes_clear(&x->json);
  bytes_clear(&x->members.directory);
  free(x);
  checkpoint_reader_free(r);
  return code ? cli_fail(argv[0], &st) : EXIT_OK;
}
