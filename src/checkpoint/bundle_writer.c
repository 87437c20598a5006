/* Collecting a bundle's tensors and writing its data file.
 *
 * Nothing is written before bundle_writer_finish. Then the data file is cut into blocks, which threads
 * sum and write: block by block from the tensor's memory, or, where many small tensors share a block, from a
 * buffer they are gathered in. Strings are encoded when they are added. */
#include "checkpoint/bundle_writer.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/crc32c.h"
#include "base/files.h"
#include "base/map.h"
#include "checkpoint/bundle_commit.h"
#include "checkpoint/jobs.h"
#include "checkpoint/sstable.h"
#include "tensor/tensor.h"

enum { BLOCK_BYTES = JOB_BUFFER_BYTES };

typedef struct WriterEntry {
  BundleEntry entry;
  Tensor tensor; /* a reference that keeps the elements; none for raw memory and strings */
  Bytes encoded; /* strings, as they stand in the file */
  const char *bytes;
  TensorSlice *slices; /* of a partitioned tensor; entry.slices is the same */
  size_t slice_capacity;
} WriterEntry;

struct BundleWriter {
  Arena arena;
  char *prefix;
  BundleWriterOptions options;
  WriterEntry *entries; /* in the order they were added */
  size_t count, capacity;
  Map by_name; /* name -> index + 1 */
  bool finished;
};

TF_Code bundle_writer_open(BundleWriter **writer, const char *prefix, const BundleWriterOptions *options,
                           TF_Status *st) {
  *writer = NULL;
  char *dir = path_dirname(prefix);
  TF_Code code = dir ? dir_make_all(dir, st) : fail_oom(st, prefix);
  free(dir);
  if (code) return code;
  BundleWriter *w = calloc(1, sizeof *w);
  if (!w || !(w->prefix = arena_strdup(&w->arena, prefix))) {
    bundle_writer_free(w);
    return fail_oom(st, "a checkpoint writer");
  }
  if (options) w->options = *options;
  *writer = w;
  return TF_OK;
}

void bundle_writer_free(BundleWriter *w) {
  if (!w) return;
  for (size_t i = 0; i < w->count; i++) {
    tensor_clear(&w->entries[i].tensor);
    bytes_clear(&w->entries[i].encoded);
    free(w->entries[i].slices);
  }
  free(w->entries);
  map_clear(&w->by_name);
  arena_clear(&w->arena);
  free(w);
}

/* ---- adding ---- */

static WriterEntry *find_entry(const BundleWriter *w, Span name) {
  size_t i = (size_t)(uintptr_t)map_get_n(&w->by_name, name.data, name.size);
  return i ? &w->entries[i - 1] : NULL;
}

static TF_Code new_entry(BundleWriter *w, Span name, TF_DataType dtype, const int64_t *dims, int rank,
                         WriterEntry **out, TF_Status *st) {
  if (!name.size) return fail(st, TF_INVALID_ARGUMENT, "a tensor must have a name");
  if (w->finished) return fail(st, TF_FAILED_PRECONDITION, "BundleWriter is closed");
  if (dtype == TF_VARIANT || dtype == TF_RESOURCE)
    return fail(st, TF_UNIMPLEMENTED, "tensor '%.*s': %s tensors cannot be saved", (int)name.size,
                (const char *)name.data, dtype_name(dtype));
  if (!dtype_size(dtype) || dtype_is_ref(dtype))
    return fail(st, TF_INVALID_ARGUMENT, "tensor '%.*s': no dtype %d", (int)name.size,
                (const char *)name.data, (int)dtype);
  if (find_entry(w, name))
    return fail(st, TF_INVALID_ARGUMENT, "Adding duplicate key: %.*s", (int)name.size,
                (const char *)name.data);
  if (w->count == w->capacity) {
    size_t more = w->capacity ? 2 * w->capacity : 64;
    WriterEntry *entries = realloc(w->entries, more * sizeof *entries);
    if (!entries) return fail_oom(st, "a list of tensors");
    w->entries = entries;
    w->capacity = more;
  }
  char *key = arena_strndup(&w->arena, name.data, name.size);
  int64_t *own_dims = arena_memdup(&w->arena, dims, (size_t)rank * sizeof *dims);
  if (!key || !own_dims || !map_put_n(&w->by_name, key, name.size, (void *)(uintptr_t)(w->count + 1)))
    return fail_oom(st, "a tensor's name");
  WriterEntry *e = &w->entries[w->count++];
  *e = (WriterEntry){.entry = {.name = {key, name.size}, .dtype = dtype, .rank = rank, .dims = own_dims}};
  *out = e;
  return TF_OK;
}

/* The form that tensor_bundle_read.c describes. The entry's checksum is not that of the bytes in the
 * file. */
static TF_Code encode_strings(WriterEntry *e, const TF_TString *strings, size_t count, TF_Status *st) {
  uint32_t crc = 0;
  size_t n;
  for (size_t i = 0; i < count; i++) {
    uint8_t raw[8];
    tstring_data(&strings[i], &n);
    bytes_put_varint(&e->encoded, n);
    for (size_t k = 0; k < sizeof raw; k++) raw[k] = (uint8_t)((uint64_t)n >> (8 * k));
    crc = crc32c_extend(crc, raw, n > UINT32_MAX ? 8 : 4);
  }
  bytes_put_u32le(&e->encoded, crc32c_mask(crc));
  if (!e->encoded.failed) crc = crc32c_extend(crc, e->encoded.data + e->encoded.size - 4, 4);
  for (size_t i = 0; i < count; i++) {
    const char *data = tstring_data(&strings[i], &n);
    bytes_append(&e->encoded, data, n);
    crc = crc32c_extend(crc, data, n);
  }
  e->entry.crc = crc32c_mask(crc);
  e->entry.size = e->encoded.size;
  e->bytes = e->encoded.data;
  return bytes_finish(&e->encoded, "string elements", st);
}

TF_Code bundle_writer_add(BundleWriter *w, Span name, const TF_Tensor *t, TF_Status *st) {
  WriterEntry *e;
  TRY(new_entry(w, name, t->dtype, t->dims, t->rank, &e, st));
  if (t->dtype == TF_STRING) return encode_strings(e, t->data, (size_t)tensor_count(t), st);
  tensor_share(&e->tensor, t);
  e->bytes = t->data;
  e->entry.size = (uint64_t)tensor_count(t) * dtype_size(t->dtype);
  return TF_OK;
}

TF_Code bundle_writer_add_raw(BundleWriter *w, Span name, TF_DataType dtype, const int64_t *dims, int rank,
                              Span elements, TF_Status *st) {
  WriterEntry *e;
  int64_t count;
  size_t bytes;
  TRY(shape_bytes(dtype, dims, rank, &count, &bytes, st));
  if (dtype_is_object(dtype) || bytes != elements.size)
    return fail(st, TF_INVALID_ARGUMENT, "tensor '%.*s': %zu bytes for %lld elements of %s", (int)name.size,
                (const char *)name.data, elements.size, (long long)count, dtype_name(dtype));
  TRY(new_entry(w, name, dtype, dims, rank, &e, st));
  e->bytes = elements.data;
  e->entry.size = bytes;
  return TF_OK;
}

/* The entry of a partitioned tensor, made with its first slice. */
static TF_Code partitioned_entry(BundleWriter *w, Span name, const int64_t *dims, int rank, TF_DataType dtype,
                                 WriterEntry **out, TF_Status *st) {
  WriterEntry *e = find_entry(w, name);
  if (!e) return new_entry(w, name, dtype, dims, rank, out, st);
  if (!e->entry.slice_count)
    return fail(st, TF_INVALID_ARGUMENT, "Adding duplicate key: %.*s", (int)name.size,
                (const char *)name.data);
  bool same = e->entry.rank == rank && e->entry.dtype == dtype;
  for (int i = 0; same && i < rank; i++) same = e->entry.dims[i] == dims[i];
  *out = e;
  return same ? TF_OK
              : fail(st, TF_INVALID_ARGUMENT, "slices of '%.*s' differ in dtype or full shape",
                     (int)name.size, (const char *)name.data);
}

static TF_Code append_slice(WriterEntry *e, const TensorSlice *slice, TF_Status *st) {
  if (e->entry.slice_count == e->slice_capacity) {
    size_t more = e->slice_capacity ? 2 * e->slice_capacity : 4;
    TensorSlice *slices = realloc(e->slices, more * sizeof *slices);
    if (!slices) return fail_oom(st, "slices");
    e->entry.slices = e->slices = slices;
    e->slice_capacity = more;
  }
  e->slices[e->entry.slice_count++] = *slice;
  return TF_OK;
}

TF_Code bundle_writer_add_slice(BundleWriter *w, Span name, const int64_t *dims, int rank,
                                const TensorSlice *slice, const TF_Tensor *t, TF_Status *st) {
  int64_t expected[SLICE_MAX_RANK];
  WriterEntry *e;
  Bytes key = {0};
  if (rank > SLICE_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "slices have at most %d dimensions", SLICE_MAX_RANK);
  TRY(slice_shape(slice, dims, rank, expected, st));
  bool same = t->rank == rank;
  for (int i = 0; same && i < rank; i++) same = t->dims[i] == expected[i];
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT, "tensor '%.*s': the slice's shape is not the tensor's",
                (int)name.size, (const char *)name.data);
  /* TF: a slice that is all of the tensor is stored as the tensor. */
  bool all = true;
  for (int i = 0; i < rank; i++) all = all && expected[i] == dims[i];
  if (all) return bundle_writer_add(w, name, t, st);
  TRY(partitioned_entry(w, name, dims, rank, t->dtype, &e, st));
  size_t index = (size_t)(e - w->entries);
  slice_key_put(&key, name, slice);
  TF_Code code = bytes_finish(&key, "a slice's key", st);
  if (!code) code = bundle_writer_add(w, (Span){key.data, key.size}, t, st);
  bytes_clear(&key);
  return code ? code : append_slice(&w->entries[index], slice, st);
}

/* ---- writing ---- */

/* What a block of the file holds of one tensor. */
typedef struct Piece {
  const WriterEntry *from;
  uint64_t at; /* in the tensor's bytes */
  size_t size;
  uint32_t crc;
} Piece;

typedef struct WritePlan {
  FileWriter file;
  uint64_t file_size;
  Piece *pieces; /* in the order of the file */
  size_t piece_count, piece_capacity;
  size_t *block_start; /* block i holds pieces [block_start[i], block_start[i + 1]) */
  size_t block_count;
} WritePlan;

static TF_Code add_piece(WritePlan *p, Piece piece, TF_Status *st) {
  if (p->piece_count == p->piece_capacity) {
    size_t more = p->piece_capacity ? 2 * p->piece_capacity : 256;
    Piece *pieces = realloc(p->pieces, more * sizeof *pieces);
    if (!pieces) return fail_oom(st, "a list of writes");
    p->pieces = pieces;
    p->piece_capacity = more;
  }
  p->pieces[p->piece_count++] = piece;
  return TF_OK;
}

static uint64_t piece_offset(const Piece *p) { return p->from->entry.offset + p->at; }

/* Gives the tensors their offsets. */
static uint64_t lay_out(BundleWriter *w) {
  uint64_t align = w->options.alignment > 1 ? (uint64_t)w->options.alignment : 1, at = 0;
  for (size_t i = 0; i < w->count; i++) {
    BundleEntry *e = &w->entries[i].entry;
    if (e->slice_count) continue;
    at = (at + align - 1) / align * align;
    e->offset = at;
    at += e->size;
  }
  return at;
}

/* Cuts the tensors' bytes at the blocks' ends. */
static TF_Code cut(BundleWriter *w, WritePlan *p, TF_Status *st) {
  for (size_t i = 0; i < w->count; i++) {
    const WriterEntry *e = &w->entries[i];
    for (uint64_t at = 0; at < e->entry.size;) {
      uint64_t left = e->entry.size - at, room = BLOCK_BYTES - (e->entry.offset + at) % BLOCK_BYTES;
      size_t size = (size_t)(left < room ? left : room);
      TRY(add_piece(p, (Piece){.from = e, .at = at, .size = size}, st));
      at += size;
    }
  }
  p->block_count = (size_t)((p->file_size + BLOCK_BYTES - 1) / BLOCK_BYTES);
  p->block_start = calloc(p->block_count + 1, sizeof *p->block_start);
  if (!p->block_start) return fail_oom(st, "a list of writes");
  size_t piece = 0;
  for (size_t block = 0; block < p->block_count; block++) {
    p->block_start[block] = piece;
    while (piece < p->piece_count && piece_offset(&p->pieces[piece]) / BLOCK_BYTES == block) piece++;
  }
  p->block_start[p->block_count] = piece;
  return TF_OK;
}

static TF_Code write_block(void *arg, size_t block, char *buffer, TF_Status *st) {
  WritePlan *p = arg;
  Piece *first = &p->pieces[p->block_start[block]], *end = &p->pieces[p->block_start[block + 1]];
  if (first == end) return TF_OK; /* alignment only */
  for (Piece *i = first; i < end; i++)
    i->crc = i->from->encoded.size ? 0 : crc32c(i->from->bytes + i->at, i->size);
  uint64_t start = piece_offset(first), size = piece_offset(end - 1) + end[-1].size - start;
  if (first + 1 == end)
    return file_writer_write_at(&p->file, start, first->from->bytes + first->at, first->size, st);
  memset(buffer, 0, (size_t)size); /* the gaps of an alignment */
  for (const Piece *i = first; i < end; i++)
    memcpy(buffer + (piece_offset(i) - start), i->from->bytes + i->at, i->size);
  return file_writer_write_at(&p->file, start, buffer, (size_t)size, st);
}

/* Joins the pieces' checksums to those of the entries. */
static void sum_entries(BundleWriter *w, const WritePlan *p) {
  for (size_t i = 0; i < w->count; i++)
    if (!w->entries[i].encoded.size && !w->entries[i].entry.slice_count) w->entries[i].entry.crc = 0;
  for (size_t i = 0; i < p->piece_count; i++) {
    const Piece *piece = &p->pieces[i];
    BundleEntry *e = &w->entries[piece->from - w->entries].entry;
    if (!piece->from->encoded.size)
      e->crc = piece->at ? crc32c_combine(e->crc, piece->crc, piece->size) : piece->crc;
  }
  for (size_t i = 0; i < w->count; i++)
    if (!w->entries[i].encoded.size && !w->entries[i].entry.slice_count)
      w->entries[i].entry.crc = crc32c_mask(w->entries[i].entry.crc);
}

static int by_name(const void *a, const void *b) {
  return table_key_compare(((const BundleEntry *)a)->name, ((const BundleEntry *)b)->name);
}

static TF_Code commit(const BundleWriter *w, FileWriter *file, TF_Status *st) {
  BundleEntry *sorted = calloc(w->count + 1, sizeof *sorted);
  if (!sorted) return fail_oom(st, "a list of entries");
  for (size_t i = 0; i < w->count; i++) sorted[i] = w->entries[i].entry;
  qsort(sorted, w->count, sizeof *sorted, by_name);
  BundleCommit c = {.prefix = w->prefix,
                    .data = &file->temp_path,
                    .shard_count = 1,
                    .entries = sorted,
                    .entry_count = w->count,
                    .sync = !w->options.no_sync};
  TF_Code code = bundle_commit(&c, st);
  free(sorted);
  return code;
}

TF_Code bundle_writer_finish(BundleWriter *w, TF_Status *st) {
  if (w->finished) return fail(st, TF_FAILED_PRECONDITION, "BundleWriter is closed");
  w->finished = true;
  WritePlan p = {.file_size = lay_out(w)};
  char *path = bundle_data_path(w->prefix, 0, 1);
  TF_Code code = path ? cut(w, &p, st) : fail_oom(st, "a data file's name");
  if (!code) code = file_writer_open(&p.file, path, st);
  if (!code) code = file_writer_reserve(&p.file, p.file_size, st);
  if (!code) code = jobs_run(p.block_count, p.file_size, write_block, &p, st);
  if (!code && !w->options.no_sync) code = file_writer_sync(&p.file, st);
  if (!code) {
    sum_entries(w, &p);
    code = commit(w, &p.file, st);
  }
  /* Once renamed there is nothing left under the temporary name to remove. */
  file_writer_close(&p.file);
  free(p.pieces);
  free(p.block_start);
  free(path);
  return code;
}
