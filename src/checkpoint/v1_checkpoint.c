/* Reading V1 checkpoints: the lists of tensors of all files are joined at opening; a tensor's slices are
 * looked up in the tables when it is read. */
#include "checkpoint/v1_checkpoint.h"

#include <glob.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/files.h"
#include "base/map.h"
#include "base/status_impl.h"
#include "checkpoint/slice_set.h"
#include "checkpoint/sstable.h"
#include "tensor/tensor.h"
#include "tensorflow/core/util/saved_tensor_slice.pb-c.h"
#include "wire/proto_message.h"

typedef struct V1File {
  const char *path;
  FileMap *map;
  Table table;
} V1File;

/* What a tensor's entry knows besides. */
typedef struct V1Tensor {
  V1Entry entry; /* first: entries are handed out as pointers to it */
  TensorSlice *slices;
  uint32_t *files; /* of each slice */
  size_t slice_capacity;
} V1Tensor;

struct V1Reader {
  Arena arena; /* names, shapes */
  const char *pattern;
  V1File *files;
  size_t file_count;
  V1Tensor *tensors;
  size_t count, capacity;
  Map by_name; /* -> index + 1 */
};

size_t v1_reader_entry_count(const V1Reader *r) { return r->count; }
const V1Entry *v1_reader_entry_at(const V1Reader *r, size_t i) { return &r->tensors[i].entry; }

const V1Entry *v1_reader_find(const V1Reader *r, Span name) {
  size_t i = (size_t)(uintptr_t)map_get_n(&r->by_name, name.data, name.size);
  return i ? &r->tensors[i - 1].entry : NULL;
}

/* ---- opening ---- */

static TF_Code fail_message(const V1File *f, const char *what, TF_Status *st) {
  return fail(st, TF_DATA_LOSS, "%s: %s", f->path, what);
}

static TF_Code read_extents(const V1File *f, const Tensorflow__TensorSliceProto *proto, TensorSlice *slice,
                            TF_Status *st) {
  *slice = (TensorSlice){0};
  if (!proto || proto->n_extent > SLICE_MAX_RANK) return fail_message(f, "a malformed slice", st);
  for (; slice->rank < (int)proto->n_extent; slice->rank++) {
    const Tensorflow__TensorSliceProto__Extent *e = proto->extent[slice->rank];
    bool ranged = e->has_length_case == TENSORFLOW__TENSOR_SLICE_PROTO__EXTENT__HAS_LENGTH_LENGTH;
    slice->start[slice->rank] = e->start;
    slice->length[slice->rank] = ranged ? e->length : SLICE_FULL;
    if (e->start < 0 || (ranged ? e->length < 0 : e->start > 0))
      return fail_message(f, "a malformed slice", st);
  }
  return TF_OK;
}

static TF_Code new_tensor(V1Reader *r, const V1File *f, const Tensorflow__SavedSliceMeta *meta,
                          V1Tensor **out, TF_Status *st) {
  size_t rank = meta->shape ? meta->shape->n_dim : 0;
  if (rank > SLICE_MAX_RANK) return fail_message(f, "a tensor of too many dimensions", st);
  if (r->count == r->capacity) {
    size_t more = r->capacity ? 2 * r->capacity : 64;
    V1Tensor *tensors = realloc(r->tensors, more * sizeof *tensors);
    if (!tensors) return fail_oom(st, "a list of tensors");
    r->tensors = tensors;
    r->capacity = more;
  }
  size_t len = strlen(meta->name);
  char *name = arena_strndup(&r->arena, meta->name, len);
  int64_t *dims = arena_calloc(&r->arena, rank, sizeof *dims);
  if (!name || !dims || !map_put_n(&r->by_name, name, len, (void *)(uintptr_t)(r->count + 1)))
    return fail_oom(st, "a tensor's name");
  for (size_t i = 0; i < rank; i++) {
    dims[i] = meta->shape->dim[i]->size;
    if (dims[i] < 0) return fail_message(f, "a malformed shape", st);
  }
  V1Tensor *t = *out = &r->tensors[r->count++];
  *t = (V1Tensor){
      .entry = {.name = {name, len}, .dtype = (TF_DataType)meta->type, .rank = (int)rank, .dims = dims}};
  return TF_OK;
}

static TF_Code add_slice(V1Tensor *t, const TensorSlice *slice, size_t file, TF_Status *st) {
  if (t->entry.slice_count == t->slice_capacity) {
    size_t more = t->slice_capacity ? 2 * t->slice_capacity : 1;
    TensorSlice *slices = realloc(t->slices, more * sizeof *slices);
    if (slices) t->entry.slices = t->slices = slices;
    uint32_t *files = slices ? realloc(t->files, more * sizeof *files) : NULL;
    if (!files) return fail_oom(st, "slices");
    t->files = files;
    t->slice_capacity = more;
  }
  t->files[t->entry.slice_count] = (uint32_t)file;
  t->slices[t->entry.slice_count++] = *slice;
  return TF_OK;
}

static TF_Code add_tensor(V1Reader *r, size_t file, const Tensorflow__SavedSliceMeta *meta, TF_Status *st) {
  const V1File *f = &r->files[file];
  V1Tensor *t = NULL;
  size_t i = (size_t)(uintptr_t)map_get(&r->by_name, meta->name);
  if (i) {
    t = &r->tensors[i - 1];
    bool same = t->entry.dtype == (TF_DataType)meta->type &&
                (size_t)t->entry.rank == (meta->shape ? meta->shape->n_dim : 0);
    for (int k = 0; same && k < t->entry.rank; k++) same = t->entry.dims[k] == meta->shape->dim[k]->size;
    if (!same) return fail_message(f, "a tensor has two dtypes or shapes", st);
  } else {
    TRY(new_tensor(r, f, meta, &t, st));
  }
  for (size_t k = 0; k < meta->n_slice; k++) {
    TensorSlice slice;
    int64_t dims[SLICE_MAX_RANK];
    TRY(read_extents(f, meta->slice[k], &slice, st));
    TRY(slice_shape(&slice, t->entry.dims, t->entry.rank, dims, st));
    TRY(add_slice(t, &slice, file, st));
  }
  return TF_OK;
}

/* The texts of TensorFlow for a file that is no table. */
static TF_Code open_table(V1File *f, TF_Status *st) {
  TF_Status why = {0};
  TF_Code code = file_map_open(&f->map, f->path, &why);
  if (!code) code = table_open(&f->table, file_map_span(f->map), &why);
  if (!code) return TF_OK;
  return fail(
      st, TF_DATA_LOSS,
      "Unable to open table file %s: %s: %s: perhaps your file is in a different file format and you need "
      "to use a different restore operator?",
      f->path, status_code_name(code), why.message);
}

static TF_Code read_meta(V1Reader *r, size_t file, TF_Status *st) {
  V1File *f = &r->files[file];
  TRY(open_table(f, st));
  TableIter it;
  bool have = false;
  Arena arena = {0};
  Tensorflow__SavedTensorSlices *slices = NULL;
  TF_Code code = table_iter_init(&it, &f->table, st);
  if (!code) code = table_iter_next(&it, &have, st);
  if (code) fail_prefix(st, "%s", f->path);
  if (!code && (!have || table_iter_key(&it).size))
    code = fail(st, TF_INTERNAL,
                "Failed to find the saved tensor slices at the beginning of the checkpoint file: %s",
                f->path);
  if (!code)
    code = proto_parse(&tensorflow__saved_tensor_slices__descriptor, table_iter_value(&it), &arena, &slices,
                       f->path, st);
  if (!code && !slices->meta) /* a table of something else, such as a V2 index */
    code = fail(st, TF_INTERNAL,
                "Failed to find the saved tensor slices at the beginning of the checkpoint file: %s",
                f->path);
  if (!code && slices->meta->versions && slices->meta->versions->min_consumer > 1)
    code = fail(st, TF_INVALID_ARGUMENT,
                "Checkpoint min consumer version %d above current version 1 for TensorFlow.  Please upgrade "
                "TensorFlow.",
                slices->meta->versions->min_consumer);
  for (size_t i = 0; !code && i < slices->meta->n_tensor; i++)
    code = add_tensor(r, file, slices->meta->tensor[i], st);
  table_iter_clear(&it);
  arena_clear(&arena);
  return code;
}

/* The names of the files: the pattern itself if there is such a file, else what it matches. */
static TF_Code list_files(V1Reader *r, const char *pattern, TF_Status *st) {
  glob_t found = {0};
  bool literal = file_exists(pattern);
  if (!literal && glob(pattern, 0, NULL, &found)) found.gl_pathc = 0;
  size_t count = literal ? 1 : found.gl_pathc;
  TF_Code code = TF_OK;
  if (!count)
    code = fail(st, TF_NOT_FOUND,
                "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for %s",
                pattern);
  else if (!(r->files = calloc(count, sizeof *r->files))) code = fail_oom(st, "a list of files");
  for (size_t i = 0; !code && i < count; i++) {
    r->files[i].path = arena_strdup(&r->arena, literal ? pattern : found.gl_pathv[i]);
    if (!r->files[i].path) code = fail_oom(st, "a file's name");
    r->file_count++;
  }
  globfree(&found);
  return code;
}

static int by_name(const void *a, const void *b) {
  return table_key_compare(((const V1Tensor *)a)->entry.name, ((const V1Tensor *)b)->entry.name);
}

/* Brings the tensors in the order of their names, and the map with them. */
static TF_Code sort_tensors(V1Reader *r, TF_Status *st) {
  if (r->count) qsort(r->tensors, r->count, sizeof *r->tensors, by_name);
  for (size_t i = 0; i < r->count; i++) {
    Span name = r->tensors[i].entry.name;
    if (!map_put_n(&r->by_name, name.data, name.size, (void *)(uintptr_t)(i + 1)))
      return fail_oom(st, "a tensor's name");
  }
  return TF_OK;
}

TF_Code v1_reader_open(V1Reader **reader, const char *pattern, TF_Status *st) {
  *reader = NULL;
  V1Reader *r = calloc(1, sizeof *r);
  if (!r || !(r->pattern = arena_strdup(&r->arena, pattern))) {
    v1_reader_free(r);
    return fail_oom(st, "a checkpoint reader");
  }
  TF_Code code = list_files(r, pattern, st);
  for (size_t i = 0; !code && i < r->file_count; i++) code = read_meta(r, i, st);
  if (!code) code = sort_tensors(r, st);
  if (code) v1_reader_free(r);
  else *reader = r;
  return code;
}

void v1_reader_free(V1Reader *r) {
  if (!r) return;
  for (size_t i = 0; i < r->count; i++) {
    free(r->tensors[i].slices);
    free(r->tensors[i].files);
  }
  for (size_t i = 0; i < r->file_count; i++) file_map_unref(r->files[i].map);
  free(r->files);
  free(r->tensors);
  map_clear(&r->by_name);
  arena_clear(&r->arena);
  free(r);
}

/* ---- reading ---- */

static TF_Code fail_count(size_t got, size_t want, TF_Status *st) {
  return fail(st, TF_DATA_LOSS, "%zu elements where the slice has %zu", got, want);
}

/* Elements kept as integers, which `size` low bytes of each are. */
#define TAKE_INTEGERS(field)                                               \
  do {                                                                     \
    if (p->n_##field != count) return fail_count(p->n_##field, count, st); \
    for (size_t i = 0; i < count; i++) {                                   \
      uint64_t v = (uint64_t)p->field[i];                                  \
      memcpy((char *)out + i * size, &v, size);                            \
    }                                                                      \
    return TF_OK;                                                          \
  } while (0)

/* Elements kept as they are; `per` values each. */
#define TAKE_RAW(field, per)                                                             \
  do {                                                                                   \
    if (p->n_##field != (per)*count) return fail_count(p->n_##field / (per), count, st); \
    if (count) memcpy(out, p->field, count *size);                                       \
    return TF_OK;                                                                        \
  } while (0)

/* The `count` elements of a value's TensorProto. */
static TF_Code take_elements(const Tensorflow__TensorProto *p, TF_DataType dtype, size_t count, void *out,
                             TF_Status *st) {
  size_t size = dtype_size(dtype);
  switch (dtype) {
    case TF_FLOAT: TAKE_RAW(float_val, 1);
    case TF_DOUBLE: TAKE_RAW(double_val, 1);
    case TF_COMPLEX64: TAKE_RAW(scomplex_val, 2);
    case TF_COMPLEX128: TAKE_RAW(dcomplex_val, 2);
    case TF_INT64: TAKE_RAW(int64_val, 1);
    case TF_INT32:
    case TF_QINT32: TAKE_RAW(int_val, 1);
    case TF_INT16:
    case TF_INT8:
    case TF_QINT8:
    case TF_UINT8:
    case TF_UINT16:
    case TF_QUINT8: TAKE_INTEGERS(int_val);
    case TF_HALF: TAKE_INTEGERS(half_val);
    case TF_BOOL: TAKE_INTEGERS(bool_val);
    case TF_STRING:
      if (p->n_string_val != count) return fail_count(p->n_string_val, count, st);
      for (size_t i = 0; i < count; i++)
        if (!tstring_set((TF_TString *)out + i, p->string_val[i].data, p->string_val[i].len))
          return fail_oom(st, "a string");
      return TF_OK;
    default: return fail(st, TF_UNIMPLEMENTED, "dtype %s in a V1 checkpoint", dtype_name(dtype));
  }
}

/* Finds and decodes a stored slice; calls for its value with `count` elements in `out`. */
static TF_Code read_value(const V1File *f, Span name, const TensorSlice *slice, TF_DataType dtype,
                          size_t count, void *out, TF_Status *st) {
  Bytes key = {0};
  TableIter it;
  bool have = false;
  Arena arena = {0};
  Tensorflow__SavedTensorSlices *slices = NULL;
  slice_key_put(&key, name, slice);
  Span wanted = {key.data, key.size};
  TF_Code code = table_iter_init(&it, &f->table, st);
  if (!code) code = bytes_finish(&key, "a slice's key", st);
  if (!code) code = table_iter_seek(&it, wanted, st);
  if (!code) code = table_iter_next(&it, &have, st);
  if (!code && (!have || table_key_compare(table_iter_key(&it), wanted)))
    code = fail(st, TF_DATA_LOSS, "a slice of tensor %.*s is missing", (int)name.size,
                (const char *)name.data);
  if (!code)
    code = proto_parse_view(&tensorflow__saved_tensor_slices__descriptor, table_iter_value(&it), &arena,
                            &slices, "a slice", st);
  if (!code && (!slices->data || !slices->data->data)) code = fail(st, TF_DATA_LOSS, "a slice without data");
  if (!code) code = take_elements(slices->data->data, dtype, count, out, st);
  table_iter_clear(&it);
  bytes_clear(&key);
  arena_clear(&arena);
  return code;
}

/* A stored slice as a tensor of its own; every element takes at least a byte of the file, which bounds the
 * memory. */
static TF_Code read_stored(const V1Reader *r, const V1Tensor *t, size_t i, Tensor *out, TF_Status *st) {
  const V1Entry *e = &t->entry;
  const V1File *f = &r->files[t->files[i]];
  int64_t dims[SLICE_MAX_RANK], count;
  size_t bytes;
  TRY(slice_shape(&t->slices[i], e->dims, e->rank, dims, st));
  TRY(shape_bytes(e->dtype, dims, e->rank, &count, &bytes, st));
  if ((uint64_t)count / 64 > f->table.file.size)
    return fail(st, TF_DATA_LOSS, "%s: tensor %s is larger than the file", f->path,
                (const char *)e->name.data);
  TRY(tensor_alloc(out, e->dtype, dims, e->rank, st));
  TF_Code code = read_value(f, e->name, &t->slices[i], e->dtype, (size_t)count, out->data, st);
  if (code) {
    tensor_clear(out);
    fail_prefix(st, "%s: tensor %s", f->path, (const char *)e->name.data);
  }
  return code;
}

static TF_Code join_slices(const V1Reader *r, const V1Tensor *t, const TensorSlice *wanted, Tensor *out,
                           TF_Status *st) {
  const V1Entry *e = &t->entry;
  int64_t dims[SLICE_MAX_RANK], covered = 0;
  TensorSlice common;
  TRY(slice_shape(wanted, e->dims, e->rank, dims, st));
  TRY(slices_check_apart(t->slices, e->slice_count, e->dims, e->rank, st));
  for (size_t i = 0; i < e->slice_count; i++)
    if (slice_intersect(&t->slices[i], wanted, e->dims, &common)) covered += slice_volume(&common, e->dims);
  if (covered != slice_volume(wanted, e->dims))
    return fail(st, TF_INVALID_ARGUMENT, "Error copying slice data");
  TRY(tensor_alloc(out, e->dtype, dims, e->rank, st));
  for (size_t i = 0; i < e->slice_count; i++) {
    Tensor part = {0};
    if (!slice_intersect(&t->slices[i], wanted, e->dims, &common)) continue;
    TRY(read_stored(r, t, i, &part, st));
    slice_copy(e->dims, &t->slices[i], part.data, wanted, out->data, dtype_size(e->dtype));
    tensor_clear(&part);
  }
  return TF_OK;
}

TF_Code v1_reader_read(const V1Reader *r, const V1Entry *e, const TensorSlice *slice, TF_Tensor **tensor,
                       TF_Status *st) {
  const V1Tensor *t = (const V1Tensor *)e;
  TensorSlice whole = slice_whole(e->rank);
  const TensorSlice *wanted = slice ? slice : &whole;
  Tensor out = {0};
  TF_Code code;
  int64_t count;
  size_t bytes;
  *tensor = NULL;
  if (!dtype_size(e->dtype) || dtype_is_ref(e->dtype))
    return fail(st, TF_DATA_LOSS, "tensor '%s': unknown dtype %d", (const char *)e->name.data, (int)e->dtype);
  TRY(shape_bytes(e->dtype, e->dims, e->rank, &count, &bytes, st));
  if (e->slice_count == 1 && slice_covers(&t->slices[0], e->dims) && wanted->rank == e->rank &&
      slice_covers(wanted, e->dims))
    code = read_stored(r, t, 0, &out, st);
  else if (dtype_is_object(e->dtype))
    code = fail(st, TF_UNIMPLEMENTED, "tensor '%s': slices of string tensors cannot be read",
                (const char *)e->name.data);
  else code = join_slices(r, t, wanted, &out, st);
  if (!code && !(*tensor = tensor_to_heap(&out))) code = fail_oom(st, "a tensor");
  tensor_clear(&out);
  return code;
}
