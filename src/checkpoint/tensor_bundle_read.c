/* Reading the tensors of a bundle.
 *
 * A call is first planned: every tensor it asks for becomes jobs, each a run of bytes of a data file. Then
 * threads take the jobs one by one. Whole tensors of fixed-size elements are views of the mapping; their jobs
 * only sum the bytes, read through a small buffer that stays in the cache: that is faster than touching the
 * mapping's pages, which are then mapped when somebody uses them. */
#include <stdlib.h>

#include "base/checked.h"
#include "base/crc32c.h"
#include "base/cursor.h"
#include "base/status_impl.h"
#include "checkpoint/jobs.h"
#include "checkpoint/slice_set.h"
#include "checkpoint/tensor_bundle_impl.h"
#include "tensor/tensor.h"

enum {
  JOB_BYTES = 1 << 20,    /* a large tensor is cut into jobs of this size */
  DIRECT_BYTES = 4 << 10, /* less is summed in the mapping, which is cheaper than a system call */
};

typedef enum JobKind { JOB_SUM, JOB_STRINGS, JOB_SLICE } JobKind;

typedef struct Job {
  JobKind kind;
  const BundleEntry *entry; /* where the bytes are; for slices, the slice's entry */
  size_t read;              /* index of the BundleRead it belongs to */
  uint64_t at;              /* JOB_SUM: part of the entry */
  size_t size;
  char *dst;                 /* JOB_SUM: where the bytes are copied to, or null */
  uint32_t crc;              /* JOB_SUM: of this part */
  const TensorSlice *stored; /* JOB_SLICE: which part of the whole tensor the entry holds */
} Job;

typedef struct Plan {
  const TensorBundle *bundle;
  BundleRead *reads;
  Job *jobs;
  size_t count, capacity;
  uint64_t bytes;
  TensorSlice *wanted; /* of each read that is put together from slices */
} Plan;

/* ---- planning ---- */

static Job *add_job(Plan *p, Job job, TF_Status *st) {
  if (p->count == p->capacity) {
    size_t more = p->capacity ? p->capacity * 2 : 64;
    Job *jobs = realloc(p->jobs, more * sizeof *jobs);
    if (!jobs) {
      fail_oom(st, "a list of reads");
      return NULL;
    }
    p->jobs = jobs;
    p->capacity = more;
  }
  p->bytes += job.size;
  p->jobs[p->count] = job;
  return &p->jobs[p->count++];
}

/* Checks that the entry's bytes lie in its data file, and gives them. */
static TF_Code entry_bytes(const TensorBundle *b, const BundleEntry *e, const FileMap **map, Span *bytes,
                           TF_Status *st) {
  const BundleShard *s = &b->shards[e->shard];
  if (!s->map) return fail(st, s->code, "%s", s->error);
  Span file = file_map_span(s->map);
  if (e->offset > file.size || e->size > file.size - e->offset)
    return fail(st, TF_OUT_OF_RANGE, "%s.data-%05d-of-%05d: Read less bytes than requested", b->prefix,
                e->shard, b->shard_count);
  *map = s->map;
  *bytes = (Span){file.data ? (const char *)file.data + e->offset : NULL, (size_t)e->size};
  return TF_OK;
}

static TF_Code fail_entry_size(const BundleEntry *e, uint64_t expected, TF_Status *st) {
  return fail(st, TF_DATA_LOSS,
              "Invalid size in bundle entry: key %.*s; stored size %llu; expected size %llu",
              (int)e->name.size, (const char *)e->name.data, (unsigned long long)e->size,
              (unsigned long long)expected);
}

static TF_Code check_dtype(const TensorBundle *b, const BundleEntry *e, TF_Status *st) {
  if (e->dtype == TF_VARIANT || e->dtype == TF_RESOURCE)
    return fail(st, TF_UNIMPLEMENTED, "tensor '%.*s': %s tensors of checkpoints cannot be read",
                (int)e->name.size, (const char *)e->name.data, dtype_name(e->dtype));
  if (!dtype_size(e->dtype) || dtype_is_ref(e->dtype))
    return fail(st, TF_DATA_LOSS, "tensor '%.*s': unknown dtype %d", (int)e->name.size,
                (const char *)e->name.data, (int)e->dtype);
  if (e->dtype == TF_STRING && b->swap)
    return fail(st, TF_UNIMPLEMENTED, "%s: strings of a big-endian checkpoint cannot be read", b->prefix);
  return TF_OK;
}

static void release_map(void *data, size_t size, void *map) {
  (void)data, (void)size;
  file_map_unref(map);
}

/* A part of a complex number is swapped on its own. */
static size_t swap_unit(TF_DataType dtype) {
  size_t size = dtype_size(dtype);
  return dtype == TF_COMPLEX64 || dtype == TF_COMPLEX128 ? size / 2 : size;
}

/* Plans to sum all bytes of the entry, copied to `dst` if that is not null. */
static TF_Code plan_sums(Plan *p, size_t read, const BundleEntry *e, char *dst, TF_Status *st) {
  for (uint64_t at = 0; at < e->size || !at; at += JOB_BYTES) {
    size_t size = e->size - at < JOB_BYTES ? (size_t)(e->size - at) : JOB_BYTES;
    Job job =
        {.kind = JOB_SUM, .entry = e, .read = read, .at = at, .size = size, .dst = dst ? dst + at : NULL};
    if (!add_job(p, job, st)) return TF_GetCode(st);
  }
  return TF_OK;
}

static TF_Code plan_whole(Plan *p, size_t read, TF_Status *st) {
  const BundleEntry *e = p->reads[read].entry;
  const FileMap *map;
  Span bytes;
  int64_t count;
  size_t expected;
  Tensor t = {0};
  TRY(check_dtype(p->bundle, e, st));
  TRY(entry_bytes(p->bundle, e, &map, &bytes, st));
  TRY(shape_bytes(e->dtype, e->dims, e->rank, &count, &expected, st));
  if (e->dtype == TF_STRING) {
    /* Each has a length of at least a byte, and there is a checksum. */
    if (e->size < 4 || (uint64_t)count > e->size - 4) return fail_entry_size(e, (uint64_t)count + 4, st);
    TRY(tensor_alloc(&t, e->dtype, e->dims, e->rank, st));
    if (!add_job(p, (Job){.kind = JOB_STRINGS, .entry = e, .read = read, .size = bytes.size}, st)) goto out;
  } else {
    if (e->size != expected) return fail_entry_size(e, expected, st);
    bool view = expected && !p->bundle->swap && (uintptr_t)bytes.data % dtype_size(e->dtype) == 0;
    if (view)
      TRY(tensor_wrap(&t, e->dtype, e->dims, e->rank, (void *)(uintptr_t)bytes.data, expected, release_map,
                      file_map_ref((FileMap *)(uintptr_t)map), true, st));
    else TRY(tensor_alloc(&t, e->dtype, e->dims, e->rank, st));
    if (plan_sums(p, read, e, view ? NULL : t.data, st)) goto out;
  }
  p->reads[read].tensor = tensor_to_heap(&t);
  return p->reads[read].tensor ? TF_OK : fail_oom(st, "a tensor");
out:
  tensor_clear(&t);
  return TF_GetCode(st);
}

/* The entry that holds a stored slice. */
static TF_Code find_slice_entry(const TensorBundle *b, const BundleEntry *e, const TensorSlice *stored,
                                const BundleEntry **out, TF_Status *st) {
  Bytes key = {0};
  slice_key_put(&key, e->name, stored);
  TF_Code code = bytes_finish(&key, "a slice's key", st);
  const BundleEntry *s = code ? NULL : tensor_bundle_find(b, (Span){key.data, key.size});
  bytes_clear(&key);
  if (code) return code;
  int64_t dims[SLICE_MAX_RANK];
  TRY(slice_shape(stored, e->dims, e->rank, dims, st));
  if (!s || s->slice_count)
    return fail(st, TF_NOT_FOUND, "a slice of %.*s not found in checkpoint", (int)e->name.size,
                (const char *)e->name.data);
  bool same = s->dtype == e->dtype && s->rank == e->rank;
  for (int i = 0; same && i < e->rank; i++) same = s->dims[i] == dims[i];
  *out = s;
  return same ? TF_OK
              : fail(st, TF_DATA_LOSS, "a slice of %.*s has another dtype or shape than the tensor says",
                     (int)e->name.size, (const char *)e->name.data);
}

/* Plans one stored slice's share of the wanted one; adds what it covers to *covered. */
static TF_Code plan_stored(Plan *p, size_t read, const TensorSlice *stored, int64_t *covered, TF_Status *st) {
  const BundleEntry *e = p->reads[read].entry, *holder = e;
  const FileMap *map;
  Span bytes;
  TensorSlice common;
  int64_t dims[SLICE_MAX_RANK], count;
  size_t expected;
  if (!slice_intersect(stored, &p->wanted[read], e->dims, &common)) return TF_OK;
  *covered += slice_volume(&common, e->dims);
  if (e->slice_count) TRY(find_slice_entry(p->bundle, e, stored, &holder, st));
  TRY(slice_shape(stored, e->dims, e->rank, dims, st));
  TRY(shape_bytes(e->dtype, dims, e->rank, &count, &expected, st));
  TRY(entry_bytes(p->bundle, holder, &map, &bytes, st));
  if (holder->size != expected) return fail_entry_size(holder, expected, st);
  Job job = {.kind = JOB_SLICE, .entry = holder, .read = read, .size = expected, .stored = stored};
  return add_job(p, job, st) ? TF_OK : TF_GetCode(st);
}

static TF_Code fail_insufficient(const BundleEntry *e, const TensorSlice *wanted, TF_Status *st) {
  Bytes text = {0};
  slice_format(wanted, &text);
  fail(st, TF_INVALID_ARGUMENT,
       "Does not have sufficient slices for partitioned tensor %.*s to restore in slice_spec: %s",
       (int)e->name.size, (const char *)e->name.data, text.size ? text.data : "");
  bytes_clear(&text);
  return TF_INVALID_ARGUMENT;
}

static TF_Code plan_slices(Plan *p, size_t read, TF_Status *st) {
  const BundleRead *r = &p->reads[read];
  const BundleEntry *e = r->entry;
  int64_t dims[SLICE_MAX_RANK], count, covered = 0;
  size_t bytes;
  Tensor t = {0};
  TRY(check_dtype(p->bundle, e, st));
  if (e->dtype == TF_STRING)
    return fail(st, TF_UNIMPLEMENTED, "tensor '%.*s': slices of string tensors cannot be read",
                (int)e->name.size, (const char *)e->name.data);
  if (e->rank > SLICE_MAX_RANK)
    return fail(st, TF_UNIMPLEMENTED, "tensor '%.*s': slices have at most %d dimensions", (int)e->name.size,
                (const char *)e->name.data, SLICE_MAX_RANK);
  TRY(shape_bytes(e->dtype, e->dims, e->rank, &count, &bytes, st));
  p->wanted[read] = r->slice ? *r->slice : slice_whole_of[e->rank];
  TRY(slice_shape(&p->wanted[read], e->dims, e->rank, dims, st));
  if (e->slice_count) TRY(slices_check_apart(e->slices, e->slice_count, e->dims, e->rank, st));
  for (size_t i = 0; i < e->slice_count; i++) TRY(plan_stored(p, read, &e->slices[i], &covered, st));
  if (!e->slice_count) TRY(plan_stored(p, read, &slice_whole_of[e->rank], &covered, st));
  /* All of it is there, so the tensor is no larger than the files. */
  if (covered != slice_volume(&p->wanted[read], e->dims)) return fail_insufficient(e, &p->wanted[read], st);
  TRY(tensor_alloc(&t, e->dtype, dims, e->rank, st));
  p->reads[read].tensor = tensor_to_heap(&t);
  return p->reads[read].tensor ? TF_OK : fail_oom(st, "a tensor");
}

static TF_Code plan_read(Plan *p, size_t read, TF_Status *st) {
  const BundleRead *r = &p->reads[read];
  if (!r->entry->slice_count &&
      (!r->slice || (r->slice->rank == r->entry->rank && slice_covers(r->slice, r->entry->dims))))
    return plan_whole(p, read, st);
  return plan_slices(p, read, st);
}

/* ---- running ---- */

static TF_Code fail_checksum(const TensorBundle *b, const BundleEntry *e, uint32_t computed, TF_Status *st) {
  return fail(
      st, TF_DATA_LOSS,
      "TensorBundle at %s shard %d (%llu bytes): Checksum does not match: stored %08u vs. calculated on the "
      "restored bytes %u",
      b->prefix, e->shard, (unsigned long long)e->size, crc32c_unmask(e->crc), computed);
}

/* Sums a job's bytes, and copies them when the tensor is no view. */
static TF_Code run_sum(const Plan *p, Job *job, char *buffer, TF_Status *st) {
  const FileMap *map = p->bundle->shards[job->entry->shard].map;
  uint64_t at = job->entry->offset + job->at;
  if (!job->dst && job->size <= DIRECT_BYTES) {
    job->crc = job->size ? crc32c((const char *)file_map_span(map).data + at, job->size) : 0;
    return TF_OK;
  }
  for (size_t done = 0; done < job->size;) {
    size_t n = job->size - done < JOB_BUFFER_BYTES ? job->size - done : JOB_BUFFER_BYTES;
    char *to = job->dst ? job->dst + done : buffer;
    TRY(file_map_read(map, to, n, at + done, st));
    job->crc = crc32c_extend(job->crc, to, n);
    done += n;
  }
  return TF_OK;
}

/* Layout: a varint length each, masked checksum of the lengths, the bytes of all. The entry's checksum is
 * over the lengths as u32 (u64 if they need it), that checksum, the bytes. */
static TF_Code run_strings(const Plan *p, const Job *job, TF_Status *st) {
  const BundleEntry *e = job->entry;
  const FileMap *map;
  Span bytes;
  TRY(entry_bytes(p->bundle, e, &map, &bytes, st));
  Tensor *t = p->reads[job->read].tensor;
  TF_TString *strings = t->data;
  size_t count = (size_t)tensor_count(t), total = 0;
  Cursor lengths = cursor_of(bytes.data, bytes.size), c = lengths;
  uint32_t crc = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t n = cursor_varint(&c);
    if (c.failed || n > cursor_left(&c) || !checked_add(total, (size_t)n, &total))
      return fail(st, TF_DATA_LOSS, "tensor '%.*s': a bad string length", (int)e->name.size,
                  (const char *)e->name.data);
    uint8_t raw[8];
    size_t width = n > UINT32_MAX ? 8 : 4;
    for (size_t k = 0; k < width; k++) raw[k] = (uint8_t)(n >> (8 * k));
    crc = crc32c_extend(crc, raw, width);
  }
  const uint8_t *stored = cursor_take(&c, 4);
  if (!stored || total != cursor_left(&c))
    return fail_entry_size(e, (uint64_t)(c.at - lengths.at) + total, st);
  Cursor sum = cursor_of(stored, 4);
  uint32_t stored_crc = cursor_u32le(&sum);
  if (crc32c_mask(crc) != stored_crc)
    return fail(st, TF_DATA_LOSS, "The length checksum does not match: expected %08u but actual is %08u",
                crc32c_unmask(stored_crc), crc);
  crc = crc32c_extend(crc32c_extend(crc, stored, 4), c.at, total);
  if (crc32c_mask(crc) != e->crc) return fail_checksum(p->bundle, e, crc, st);
  for (size_t i = 0; i < count; i++) {
    size_t n = (size_t)cursor_varint(&lengths);
    if (!tstring_set(&strings[i], cursor_take(&c, n), n)) return fail_oom(st, "a string");
  }
  return TF_OK;
}

static TF_Code run_slice(const Plan *p, const Job *job, TF_Status *st) {
  const FileMap *map;
  Span bytes;
  TRY(entry_bytes(p->bundle, job->entry, &map, &bytes, st));
  uint32_t crc = crc32c(bytes.data, bytes.size);
  if (crc32c_mask(crc) != job->entry->crc) return fail_checksum(p->bundle, job->entry, crc, st);
  const BundleRead *r = &p->reads[job->read];
  slice_copy(r->entry->dims, job->stored, bytes.data, &p->wanted[job->read], r->tensor->data,
             dtype_size(r->entry->dtype));
  return TF_OK;
}

static TF_Code run_job(void *arg, size_t i, char *buffer, TF_Status *st) {
  Plan *p = arg;
  Job *job = &p->jobs[i];
  if (job->kind == JOB_SUM) return run_sum(p, job, buffer, st);
  return job->kind == JOB_STRINGS ? run_strings(p, job, st) : run_slice(p, job, st);
}

/* Joins the sums of each entry's parts, which stand one behind the other, and compares. */
static TF_Code check_sums(const Plan *p, TF_Status *st) {
  for (size_t i = 0; i < p->count;) {
    const Job *first = &p->jobs[i++];
    if (first->kind != JOB_SUM) continue;
    uint32_t crc = first->crc;
    for (; i < p->count && p->jobs[i].kind == JOB_SUM && p->jobs[i].read == first->read; i++)
      crc = crc32c_combine(crc, p->jobs[i].crc, p->jobs[i].size);
    if (crc32c_mask(crc) != first->entry->crc) return fail_checksum(p->bundle, first->entry, crc, st);
  }
  return TF_OK;
}

static void swap_bytes(Tensor *t) {
  size_t unit = swap_unit(t->dtype), total = (size_t)tensor_count(t) * dtype_size(t->dtype);
  uint8_t *p = t->data;
  for (size_t at = 0; unit > 1 && at < total; at += unit)
    for (size_t i = 0; i < unit / 2; i++) {
      uint8_t byte = p[at + i];
      p[at + i] = p[at + unit - 1 - i];
      p[at + unit - 1 - i] = byte;
    }
}

TF_Code tensor_bundle_read_all(const TensorBundle *bundle, BundleRead *reads, size_t count, TF_Status *st) {
  Plan p = {.bundle = bundle, .reads = reads};
  for (size_t i = 0; i < count; i++) reads[i].tensor = NULL;
  p.wanted = calloc(count ? count : 1, sizeof *p.wanted);
  TF_Code code = p.wanted ? TF_OK : fail_oom(st, "a list of reads");
  for (size_t i = 0; !code && i < count; i++) code = plan_read(&p, i, st);
  if (!code) code = jobs_run(p.count, p.bytes, run_job, &p, st);
  if (!code) code = check_sums(&p, st);
  for (size_t i = 0; i < count; i++) {
    if (!code && bundle->swap) swap_bytes(reads[i].tensor);
    if (!code) continue;
    TF_DeleteTensor(reads[i].tensor);
    reads[i].tensor = NULL;
  }
  free(p.jobs);
  free(p.wanted);
  return code;
}

TF_Code tensor_bundle_read(const TensorBundle *bundle, const BundleEntry *entry, const TensorSlice *slice,
                           TF_Tensor **tensor, TF_Status *st) {
  BundleRead read = {entry, slice, NULL};
  TF_Code code = tensor_bundle_read_all(bundle, &read, 1, st);
  *tensor = read.tensor;
  return code;
}

/* ---- verifying ---- */

enum { VERIFY_ENTRIES = 1024, VERIFY_BYTES = 64 << 20 }; /* at a time; a report follows each */

/* One after the other, to tell which are bad. */
static TF_Code verify_each(const TensorBundle *b, const BundleRead *reads, size_t count,
                           void (*report)(void *arg, const BundleEntry *entry, const TF_Status *st),
                           void *arg, TF_Status *first) {
  for (size_t i = 0; i < count; i++) {
    TF_Status st = {0};
    TF_Tensor *t;
    tensor_bundle_read(b, reads[i].entry, NULL, &t, &st);
    TF_DeleteTensor(t);
    if (report) report(arg, reads[i].entry, &st);
    if (st.code && !TF_GetCode(first)) fail(first, st.code, "%s", st.message);
    if (st.code && !report) break;
  }
  return TF_GetCode(first);
}

TF_Code tensor_bundle_verify(const TensorBundle *b,
                             void (*report)(void *arg, const BundleEntry *entry, const TF_Status *st),
                             void *arg, TF_Status *st) {
  BundleRead *reads = calloc(VERIFY_ENTRIES, sizeof *reads);
  if (!reads) return fail_oom(st, "a list of reads");
  for (size_t i = 0; i < b->count && (report || !TF_GetCode(st));) {
    size_t n = 0;
    uint64_t bytes = 0;
    for (; i < b->count && n < VERIFY_ENTRIES && bytes < VERIFY_BYTES; i++) {
      if (b->entries[i].slice_count) continue; /* its slices have entries of their own */
      bytes += b->entries[i].size;
      reads[n++] = (BundleRead){.entry = &b->entries[i]};
    }
    TF_Status good = {0};
    if (tensor_bundle_read_all(b, reads, n, &good)) {
      verify_each(b, reads, n, report, arg, st);
      continue;
    }
    for (size_t k = 0; k < n; k++) {
      TF_DeleteTensor(reads[k].tensor);
      if (report) report(arg, reads[k].entry, &good);
    }
  }
  free(reads);
  return TF_GetCode(st);
}
