#include "checkpoint/checkpoint_reader.h"

#include <glob.h>
#include <stdlib.h>

#include "base/files.h"
#include "checkpoint/slice_set.h"
#include "checkpoint/sstable.h"
#include "tensor/tensor.h"

struct CheckpointReader {
  char *prefix;
  TensorBundle *bundle; /* V2 */
  V1Reader *v1;
  CheckpointEntry *entries;
  const void **origins; /* the BundleEntry or V1Entry of each */
  size_t count;
};

int checkpoint_reader_version(const CheckpointReader *r) { return r->bundle ? 2 : 1; }
const TensorBundle *checkpoint_reader_bundle(const CheckpointReader *r) { return r->bundle; }
size_t checkpoint_reader_count(const CheckpointReader *r) { return r->count; }
const CheckpointEntry *checkpoint_reader_at(const CheckpointReader *r, size_t i) { return &r->entries[i]; }

const CheckpointEntry *checkpoint_reader_find(const CheckpointReader *r, Span name) {
  size_t low = 0, high = r->count;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    int order = table_key_compare(r->entries[mid].name, name);
    if (!order) return &r->entries[mid];
    if (order < 0) low = mid + 1;
    else high = mid;
  }
  return NULL;
}

bool checkpoint_exists(const char *prefix) {
  char *index = bundle_index_path(prefix);
  bool there = index && file_exists(index);
  free(index);
  glob_t found = {0};
  if (!there) there = (file_exists(prefix) && !file_is_dir(prefix)) || !glob(prefix, 0, NULL, &found);
  if (found.gl_pathc == 1 && file_is_dir(found.gl_pathv[0])) there = false;
  globfree(&found);
  return there;
}

/* ---- opening ---- */

static void list_bundle(CheckpointReader *r) {
  for (size_t i = 0; i < tensor_bundle_entry_count(r->bundle); i++) {
    const BundleEntry *e = tensor_bundle_entry_at(r->bundle, i);
    if (bundle_entry_is_slice(e)) continue;
    r->origins[r->count] = e;
    r->entries[r->count++] = (CheckpointEntry){e->name, e->dtype,       e->rank,
                                               e->dims, e->slice_count, e->slices};
  }
}

static void list_v1(CheckpointReader *r) {
  for (size_t i = 0; i < v1_reader_entry_count(r->v1); i++) {
    const V1Entry *e = v1_reader_entry_at(r->v1, i);
    bool whole = e->slice_count == 1 && slice_covers(&e->slices[0], e->dims);
    r->origins[r->count] = e;
    r->entries[r->count++] = (CheckpointEntry){
        e->name, e->dtype, e->rank, e->dims, whole ? 0 : e->slice_count, e->slices};
  }
}

TF_Code checkpoint_reader_open(CheckpointReader **reader, const char *prefix, TF_Status *st) {
  *reader = NULL;
  char *index = bundle_index_path(prefix);
  CheckpointReader *r = calloc(1, sizeof *r);
  TF_Code code = index && r && (r->prefix = strdup(prefix)) ? TF_OK : fail_oom(st, "a checkpoint reader");
  if (!code)
    code = file_exists(index) ? tensor_bundle_open(&r->bundle, prefix, st)
                              : v1_reader_open(&r->v1, prefix, st);
  if (!code) {
    size_t most = r->bundle ? tensor_bundle_entry_count(r->bundle) : v1_reader_entry_count(r->v1);
    r->entries = calloc(most + 1, sizeof *r->entries);
    r->origins = calloc(most + 1, sizeof *r->origins);
    if (!r->entries || !r->origins) code = fail_oom(st, "a list of tensors");
  }
  if (!code && r->bundle) list_bundle(r);
  if (!code && r->v1) list_v1(r);
  free(index);
  if (code) checkpoint_reader_free(r);
  else *reader = r;
  return code;
}

void checkpoint_reader_free(CheckpointReader *r) {
  if (!r) return;
  tensor_bundle_free(r->bundle);
  v1_reader_free(r->v1);
  free(r->entries);
  free(r->origins);
  free(r->prefix);
  free(r);
}

/* ---- reading: the two formats differ in their messages ---- */

static TF_Code fail_missing(const CheckpointReader *r, Span name, TF_Status *st) {
  return r->bundle ? fail(st, TF_NOT_FOUND, "Key %.*s not found in checkpoint", (int)name.size,
                          (const char *)name.data)
                   : fail(st, TF_NOT_FOUND, "Tensor name \"%.*s\" not found in checkpoint files %s",
                          (int)name.size, (const char *)name.data, r->prefix);
}

static TF_Code check_dtype(const CheckpointReader *r, const CheckpointEntry *e, TF_DataType wanted,
                           TF_Status *st) {
  if (!wanted || wanted == e->dtype) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              r->bundle ? "tensor_name = %3$s; expected dtype %1$s does not equal original dtype %2$s"
                        : "Expected to restore a tensor of type %1$s, got a tensor of type %2$s instead: "
                          "tensor_name = %3$s",
              dtype_name(wanted), dtype_name(e->dtype), (const char *)e->name.data);
}

static TF_Code fail_shape(const CheckpointReader *r, const CheckpointEntry *e, const int64_t *dims, int rank,
                          TF_Status *st) {
  char asked[SHAPE_TEXT_MAX], stored[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT,
              r->bundle ? "tensor_name = %3$s; shape in shape_and_slice spec %1$s does not match the shape "
                          "stored in checkpoint: %2$s"
                        : "Shape in shape_and_slice spec does not match the shape in the save file: %1$s, "
                          "save file shape: %2$s",
              shape_text(dims, rank, asked, sizeof asked),
              shape_text(e->dims, e->rank, stored, sizeof stored), (const char *)e->name.data);
}

/* Finds what a read asks for; *slice stays as it is for a whole tensor. */
static TF_Code resolve(const CheckpointReader *r, const CheckpointRead *read, size_t *index,
                       TensorSlice *slice, TF_Status *st) {
  const CheckpointEntry *e = checkpoint_reader_find(r, read->name);
  if (!e) return fail_missing(r, read->name, st);
  *index = (size_t)(e - r->entries);
  TRY(check_dtype(r, e, read->dtype, st));
  if (!read->spec.size) return TF_OK;
  int64_t dims[SLICE_MAX_RANK], slice_dims[SLICE_MAX_RANK];
  int rank;
  TRY(slice_parse_spec(read->spec.data, read->spec.size, dims, &rank, slice, slice_dims, st));
  bool same = rank == e->rank;
  for (int i = 0; same && i < rank; i++) same = dims[i] == e->dims[i];
  return same ? TF_OK : fail_shape(r, e, dims, rank, st);
}

static TF_Code read_bundle(const CheckpointReader *r, CheckpointRead *reads, const size_t *index,
                           const TensorSlice *slices, size_t count, TF_Status *st) {
  BundleRead *bundle_reads = calloc(count + 1, sizeof *bundle_reads);
  if (!bundle_reads) return fail_oom(st, "a list of reads");
  for (size_t i = 0; i < count; i++)
    bundle_reads[i] = (BundleRead){r->origins[index[i]], reads[i].spec.size ? &slices[i] : NULL, NULL};
  TF_Code code = tensor_bundle_read_all(r->bundle, bundle_reads, count, st);
  for (size_t i = 0; i < count; i++) reads[i].tensor = bundle_reads[i].tensor;
  free(bundle_reads);
  return code;
}

static TF_Code read_v1(const CheckpointReader *r, CheckpointRead *reads, const size_t *index,
                       const TensorSlice *slices, size_t count, TF_Status *st) {
  TF_Code code = TF_OK;
  for (size_t i = 0; !code && i < count; i++)
    code = v1_reader_read(r->v1, r->origins[index[i]], reads[i].spec.size ? &slices[i] : NULL,
                          &reads[i].tensor, st);
  for (size_t i = 0; code && i < count; i++) {
    TF_DeleteTensor(reads[i].tensor);
    reads[i].tensor = NULL;
  }
  return code;
}

TF_Code checkpoint_reader_read_all(const CheckpointReader *r, CheckpointRead *reads, size_t count,
                                   TF_Status *st) {
  size_t *index = calloc(count + 1, sizeof *index);
  TensorSlice *slices = calloc(count + 1, sizeof *slices);
  TF_Code code = index && slices ? TF_OK : fail_oom(st, "a list of reads");
  for (size_t i = 0; i < count; i++) reads[i].tensor = NULL;
  for (size_t i = 0; !code && i < count; i++) code = resolve(r, &reads[i], &index[i], &slices[i], st);
  if (!code) code = (r->bundle ? read_bundle : read_v1)(r, reads, index, slices, count, st);
  free(index);
  free(slices);
  return code;
}

TF_Code checkpoint_reader_read(const CheckpointReader *r, Span name, Span spec, TF_Tensor **tensor,
                               TF_Status *st) {
  CheckpointRead read = {.name = name, .spec = spec};
  TF_Code code = checkpoint_reader_read_all(r, &read, 1, st);
  *tensor = read.tensor;
  return code;
}
