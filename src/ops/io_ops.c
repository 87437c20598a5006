/* Save and Restore of both checkpoint formats, file names of shards, and plain files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "checkpoint/bundle_writer.h"
#include "checkpoint/checkpoint_reader.h"
#include "checkpoint/v1_checkpoint.h"
#include "ops/array_util.h"
#include "ops/string_util.h"

/* A NUL-terminated copy; null when memory is out. */
static char *span_dup(Span s) {
  char *text = malloc(s.size + 1);
  if (!text) return NULL;
  memcpy(text, s.data, s.size);
  text[s.size] = 0;
  return text;
}

/* The path in element `at` of a string tensor, allowed by the step's policy; malloc'ed. */
static TF_Code path_of(const OpCtx *c, const Tensor *t, int64_t at, bool write, char **path, TF_Status *st) {
  Span s = string_at(t, at);
  if (c->env) TRY(step_check_file(c->env, s.data, s.size, write, st));
  if (memchr(s.data, 0, s.size)) return fail(st, TF_INVALID_ARGUMENT, "file name with a NUL byte inside");
  *path = span_dup(s);
  return *path ? TF_OK : fail_oom(st, "a path");
}

/* Files stay on the disk through a power cut unless SM_CHECKPOINT_SYNC=0 asks for TensorFlow's way, which is
 * faster. */
static bool skip_sync(void) {
  const char *sync = getenv("SM_CHECKPOINT_SYNC");
  return sync && !strcmp(sync, "0");
}

static const char *dims_text(const Tensor *t, char *buf, size_t size) {
  return shape_text(t->dims, t->rank, buf, size);
}

/* The checks that SaveV2 and RestoreV2 share: prefix, tensor_names, shape_and_slices. */
static TF_Code check_names(const OpCtx *c, TF_Status *st) {
  const Tensor *prefix = op_input(c, 0), *names = op_input(c, 1), *specs = op_input(c, 2);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (tensor_count(prefix) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input prefix should have a single element, got %lld instead.",
                (long long)tensor_count(prefix));
  if (names->rank != 1 || specs->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input tensor_names and shape_and_slices should be an 1-D tensors, got %s and %s instead.",
                dims_text(names, a, sizeof a), dims_text(specs, b, sizeof b));
  if (names->dims[0] != specs->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "tensor_names and shape_and_slices have different number of elements: %lld vs. %lld",
                (long long)names->dims[0], (long long)specs->dims[0]);
  return TF_OK;
}

/* Parses a shape_and_slice string and compares its slice with the tensor to save. */
static TF_Code slice_of_spec(Span spec, const Tensor *t, int64_t *dims, int *rank, TensorSlice *slice,
                             TF_Status *st) {
  int64_t slice_dims[SLICE_MAX_RANK];
  char text[SHAPE_TEXT_MAX];
  TRY(slice_parse_spec(spec.data, spec.size, dims, rank, slice, slice_dims, st));
  bool same = *rank == t->rank;
  for (int i = 0; same && i < *rank; i++) same = slice_dims[i] == t->dims[i];
  if (same) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Slice in shape_and_slice specification does not match the shape of the tensor to  save: %.*s, "
              "tensor: %s",
              (int)spec.size, (const char *)spec.data, dims_text(t, text, sizeof text));
}

/* ---- SaveV2 ---- */

static TF_Code save_v2_add(const OpCtx *c, BundleWriter *w, int64_t i, TF_Status *st) {
  const Tensor *t = op_input(c, (int)i + 3);
  Span name = string_at(op_input(c, 1), i), spec = string_at(op_input(c, 2), i);
  if (!spec.size) return bundle_writer_add(w, name, t, st);
  int64_t dims[SLICE_MAX_RANK];
  int rank;
  TensorSlice slice;
  TRY(slice_of_spec(spec, t, dims, &rank, &slice, st));
  return bundle_writer_add_slice(w, name, dims, rank, &slice, t, st);
}

static TF_Code save_v2_run(OpCtx *c, TF_Status *st) {
  TRY(check_names(c, st));
  int64_t n = op_input(c, 1)->dims[0];
  if (n != c->num_inputs - 3)
    return fail(st, TF_INVALID_ARGUMENT, "Got %lld tensor names but %d tensors.", (long long)n,
                c->num_inputs - 3);
  char *prefix;
  BundleWriter *w = NULL;
  BundleWriterOptions options = {.no_sync = skip_sync()};
  TRY(path_of(c, op_input(c, 0), 0, true, &prefix, st));
  TF_Code code = bundle_writer_open(&w, prefix, &options, st);
  for (int64_t i = 0; !code && i < n; i++) code = save_v2_add(c, w, i, st);
  if (!code) code = bundle_writer_finish(w, st);
  bundle_writer_free(w);
  free(prefix);
  return code;
}

/* ---- RestoreV2 ---- */

static TF_Code restore_v2_shape(ShapeCtx *c, TF_Status *st) {
  int64_t n;
  TRY(shape_want_rank(c, 0, 0, st));
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 2, 1, st));
  TRY(dim_merge(shape_dim(c->inputs[1], 0), shape_dim(c->inputs[2], 0), &n, st));
  const Tensor *specs = c->value(c, 2);
  if (!specs || specs->dtype != TF_STRING || tensor_count(specs) != c->num_outputs) return TF_OK;
  for (int i = 0; i < c->num_outputs; i++) { /* a slice's shape is known; a whole tensor's is not */
    Span spec = string_at(specs, i);
    int64_t dims[SLICE_MAX_RANK], slice_dims[SLICE_MAX_RANK];
    TensorSlice slice;
    int rank;
    if (!spec.size) continue;
    TRY(slice_parse_spec(spec.data, spec.size, dims, &rank, &slice, slice_dims, st));
    c->outputs[i].rank = rank;
    memcpy(c->outputs[i].dims, slice_dims, (size_t)rank * sizeof *dims);
  }
  return TF_OK;
}

/* Moves what was read into the outputs, or drops it when `code` is an error. */
static void take_reads(OpCtx *c, CheckpointRead *reads, int64_t n, TF_Code code) {
  for (int64_t i = 0; i < n; i++) {
    if (!reads[i].tensor) continue;
    if (!code) op_take_output(c, (int)i, reads[i].tensor);
    TF_DeleteTensor(reads[i].tensor);
  }
}

static TF_Code restore_v2_run(OpCtx *c, TF_Status *st) {
  TRY(check_names(c, st));
  int64_t n = op_input(c, 1)->dims[0];
  if (n != c->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT, "Got %lld tensor names, but %d expected dtypes.", (long long)n,
                c->num_outputs);
  char *prefix;
  CheckpointReader *reader = NULL;
  TRY(path_of(c, op_input(c, 0), 0, false, &prefix, st));
  CheckpointRead *reads = calloc((size_t)n + 1, sizeof *reads);
  TF_Code code = reads ? checkpoint_reader_open(&reader, prefix, st) : fail_oom(st, "a restore");
  if (!code) {
    for (int64_t i = 0; i < n; i++)
      reads[i] = (CheckpointRead){.name = string_at(op_input(c, 1), i),
                                  .spec = string_at(op_input(c, 2), i),
                                  .dtype = c->node->output_types[i]};
    code = checkpoint_reader_read_all(reader, reads, (size_t)n, st);
    take_reads(c, reads, n, code);
  }
  checkpoint_reader_free(reader);
  free(reads);
  free(prefix);
  return code;
}

/* ---- Save, SaveSlices ---- */

static TF_Code save_v1_add(const OpCtx *c, V1Writer *w, int first, int64_t i, TF_Status *st) {
  const Tensor *t = op_input(c, (int)i + first);
  Span name = string_at(op_input(c, 1), i), spec = {0};
  if (first == 3) spec = string_at(op_input(c, 2), i);
  if (!spec.size) return v1_writer_add(w, name, t->dims, t->rank, NULL, t, st);
  int64_t dims[SLICE_MAX_RANK];
  int rank;
  TensorSlice slice;
  TRY(slice_of_spec(spec, t, dims, &rank, &slice, st));
  return v1_writer_add(w, name, dims, rank, &slice, t, st);
}

static TF_Code save_v1_run(OpCtx *c, TF_Status *st) {
  const Tensor *filename = op_input(c, 0), *names = op_input(c, 1);
  int first = !strcmp(c->node->op, "SaveSlices") ? 3 : 2;
  int64_t n = tensor_count(names);
  if (tensor_count(filename) != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input 0 (filename) must be a string scalar; got a tensor of %lldelements",
                (long long)tensor_count(filename));
  if (n + first != c->num_inputs)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected totally %lld inputs as input #1 (which is a string tensor of saved names) contains "
                "%lld names, but "
                "received %d inputs",
                (long long)n + first, (long long)n, c->num_inputs);
  if (first == 3 && tensor_count(op_input(c, 2)) != n)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected %lld elements for the tensor shapes and slices but got %lld", (long long)n,
                (long long)tensor_count(op_input(c, 2)));
  char *path;
  V1Writer *w = NULL;
  TRY(path_of(c, filename, 0, true, &path, st));
  TF_Code code = v1_writer_open(&w, path, skip_sync(), st);
  for (int64_t i = 0; !code && i < n; i++) code = save_v1_add(c, w, first, i, st);
  if (!code) code = v1_writer_finish(w, st);
  v1_writer_free(w);
  free(path);
  return code;
}

/* ---- Restore, RestoreSlice ---- */

static TF_Code restore_v1_run(OpCtx *c, TF_Status *st) {
  const Tensor *pattern = op_input(c, 0), *names = op_input(c, 1);
  TF_DataType dtype = c->node->output_types[0];
  if (tensor_count(pattern) != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input 0 (file_pattern) must be a string scalar; got a tensor of %lld elements",
                (long long)tensor_count(pattern));
  if (tensor_count(names) < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input 1 (file_pattern) must be a have at least one element");
  Span name = string_at(names, 0), spec = {0};
  if (c->num_inputs > 2 && tensor_count(op_input(c, 2)) > 0) spec = string_at(op_input(c, 2), 0);
  char *path;
  V1Reader *reader = NULL;
  TF_Tensor *t = NULL;
  int64_t dims[SLICE_MAX_RANK], slice_dims[SLICE_MAX_RANK];
  int rank;
  TensorSlice slice;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  TRY(path_of(c, pattern, 0, false, &path, st));
  TF_Code code = v1_reader_open(&reader, path, st);
  const V1Entry *entry = code ? NULL : v1_reader_find(reader, name);
  if (!code && !entry)
    code = fail(st, TF_NOT_FOUND, "Tensor name \"%.*s\" not found in checkpoint files %s", (int)name.size,
                (const char *)name.data, path);
  if (!code && entry->dtype != dtype)
    code = fail(
        st, TF_INVALID_ARGUMENT,
        "Expected to restore a tensor of type %s, got a tensor of type %s instead: tensor_name = %.*s",
        dtype_name(dtype), dtype_name(entry->dtype), (int)name.size, (const char *)name.data);
  if (!code && spec.size) {
    code = slice_parse_spec(spec.data, spec.size, dims, &rank, &slice, slice_dims, st);
    bool same = !code && rank == entry->rank && !memcmp(dims, entry->dims, (size_t)rank * sizeof *dims);
    if (!code && !same)
      code = fail(
          st, TF_INVALID_ARGUMENT,
          "Shape in shape_and_slice spec does not match the shape in the save file: %s, save file shape: %s",
          shape_text(dims, rank, a, sizeof a), shape_text(entry->dims, entry->rank, b, sizeof b));
  }
  if (!code) code = v1_reader_read(reader, entry, spec.size ? &slice : NULL, &t, st);
  if (!code) op_take_output(c, 0, t);
  TF_DeleteTensor(t);
  v1_reader_free(reader);
  free(path);
  return code;
}

/* ---- MergeV2Checkpoints ---- */

static TF_Code merge_run(OpCtx *c, TF_Status *st) {
  const Tensor *sources = op_input(c, 0), *target = op_input(c, 1);
  bool remove, missing = false;
  char text[SHAPE_TEXT_MAX];
  TRY(node_attr_bool(c->node, "delete_old_dirs", &remove, st));
  if (node_attr(c->node, "allow_missing_files"))
    TRY(node_attr_bool(c->node, "allow_missing_files", &missing, st));
  if (sources->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input checkpoint_prefixes should be an 1-D tensor, got %s instead.",
                dims_text(sources, text, sizeof text));
  if (target->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input destination_prefix should be a scalar tensor, got %s instead.",
                dims_text(target, text, sizeof text));
  int64_t n = sources->dims[0];
  char *merged = NULL, **prefixes = calloc((size_t)n + 1, sizeof *prefixes);
  BundleWriterOptions options = {.no_sync = skip_sync()};
  TF_Code code = prefixes ? path_of(c, target, 0, true, &merged, st) : fail_oom(st, "prefixes");
  for (int64_t i = 0; !code && i < n; i++) code = path_of(c, sources, i, true, &prefixes[i], st);
  if (!code)
    code = bundle_merge((const char *const *)prefixes, (size_t)n, merged, missing, remove, &options, st);
  for (int64_t i = 0; prefixes && i < n; i++) free(prefixes[i]);
  free(prefixes);
  free(merged);
  return code;
}

/* ---- ShardedFilename, ShardedFilespec ---- */

static TF_Code scalar_string_prepare(OpCtx *c, TF_Status *st) {
  for (int i = 0; i < c->num_inputs; i++)
    if (tensor_count(op_input(c, i)) != 1)
      return fail(st, TF_INVALID_ARGUMENT, "input %d must be a scalar", i);
  return op_output_scalar(c, 0, TF_STRING, st);
}

static TF_Code sharded_run(OpCtx *c, TF_Status *st) {
  Bytes b = {0};
  Span base = string_at(op_input(c, 0), 0);
  int last = c->num_inputs - 1;
  bytes_append(&b, base.data, base.size);
  if (last == 2)
    bytes_printf(&b, "-%05d-of-%05d", (int)int_at(op_input(c, 1), 0), (int)int_at(op_input(c, 2), 0));
  else bytes_printf(&b, "-\?\?\?\?\?-of-%05d", (int)int_at(op_input(c, 1), 0));
  TF_Code code = bytes_finish(&b, "a file name", st);
  if (!code && !tstring_set(c->outputs[0].data, b.data, b.size)) code = fail_oom(st, "a file name");
  bytes_clear(&b);
  return code;
}

/* ---- ReadFile, WriteFile ---- */

static TF_Code read_file_run(OpCtx *c, TF_Status *st) {
  char *path;
  Bytes data = {0};
  TRY(path_of(c, op_input(c, 0), 0, false, &path, st));
  size_t limit = c->env && c->env->memory_limit ? c->env->memory_limit : SIZE_MAX / 2;
  TF_Code code = file_read(&data, path, limit, st);
  if (!code && !tstring_set(c->outputs[0].data, data.data ? data.data : "", data.size))
    code = fail_oom(st, "a file's contents");
  bytes_clear(&data);
  free(path);
  return code;
}

static TF_Code write_file_run(OpCtx *c, TF_Status *st) {
  char *path, *dir;
  for (int i = 0; i < 2; i++)
    if (op_input(c, i)->rank)
      return fail(
          st, TF_INVALID_ARGUMENT, "%s tensor must be scalar, but had shape: %s",
          i ? "Contents" : "Input filename",
          shape_text(op_input(c, i)->dims, op_input(c, i)->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  TRY(path_of(c, op_input(c, 0), 0, true, &path, st));
  dir = path_dirname(path);
  TF_Code code = dir ? dir_make_all(dir, st) : fail_oom(st, "a path");
  if (!code) code = file_write_atomic(path, string_at(op_input(c, 1), 0), false, st);
  free(dir);
  free(path);
  return code;
}

const OpRow ops_io_ops[] = {
    {"SaveV2", .flags = OP_STATEFUL | OP_BLOCKING, .shape = shape_none, .run = save_v2_run},
    {"RestoreV2", .flags = OP_STATEFUL | OP_BLOCKING | OP_DYNAMIC, .shape = restore_v2_shape,
     .run = restore_v2_run},
    {"Save", .flags = OP_STATEFUL | OP_BLOCKING, .shape = shape_none, .run = save_v1_run},
    {"SaveSlices", .flags = OP_STATEFUL | OP_BLOCKING, .shape = shape_none, .run = save_v1_run},
    {"Restore", .flags = OP_STATEFUL | OP_BLOCKING | OP_DYNAMIC, .shape = shape_unknown_outputs,
     .run = restore_v1_run},
    {"RestoreSlice", .flags = OP_STATEFUL | OP_BLOCKING | OP_DYNAMIC, .shape = shape_unknown_outputs,
     .run = restore_v1_run},
    {"MergeV2Checkpoints", .flags = OP_STATEFUL | OP_BLOCKING, .shape = shape_none, .run = merge_run},
    {"ShardedFilename", .shape = shape_scalar, .prepare = scalar_string_prepare, .run = sharded_run},
    {"ShardedFilespec", .shape = shape_scalar, .prepare = scalar_string_prepare, .run = sharded_run},
    {"ReadFile", .flags = OP_STATEFUL | OP_BLOCKING, .shape = shape_scalar, .prepare = scalar_string_prepare,
     .run = read_file_run},
    {"WriteFile", .flags = OP_STATEFUL | OP_BLOCKING, .shape = shape_none, .run = write_file_run},
    {0}};
