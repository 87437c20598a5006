/* MergeV2Checkpoints: one index over the data files of several bundles. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/files.h"
#include "checkpoint/bundle_commit.h"
#include "checkpoint/bundle_writer.h"
#include "checkpoint/sstable.h"
#include "checkpoint/tensor_bundle.h"
#include "checkpoint/tensor_bundle_impl.h"

/* An entry with where it comes from. */
typedef struct MergeEntry {
  BundleEntry entry;
  size_t source;
} MergeEntry;

typedef struct Merge {
  Arena arena; /* joined slices */
  TensorBundle **sources;
  size_t source_count;
  MergeEntry *entries;
  size_t count;
  char **data; /* data files in the order of their new shard numbers */
  int data_count, data_capacity;
} Merge;

static TF_Code open_sources(Merge *m, const char *const *prefixes, size_t count, bool allow_missing,
                            TF_Status *st) {
  m->sources = calloc(count + 1, sizeof *m->sources);
  if (!m->sources) return fail_oom(st, "checkpoints to merge");
  for (size_t i = 0; i < count; i++) {
    char *path = bundle_index_path(prefixes[i]);
    bool there = path && file_exists(path);
    free(path);
    if (!path) return fail_oom(st, "an index's name");
    if (!there && allow_missing) continue;
    if (!there)
      return fail(st, TF_INVALID_ARGUMENT,
                  "allow_missing_files was set to false and %s did not exist.NOT_FOUND: %s not found",
                  prefixes[i], prefixes[i]);
    TRY(tensor_bundle_open(&m->sources[m->source_count], prefixes[i], st));
    if (m->sources[m->source_count++]->swap != m->sources[0]->swap)
      return fail(st, TF_INVALID_ARGUMENT, "Merging bundles with conflicting endianness; inputs corrupted?");
  }
  if (!m->source_count)
    return fail(st, TF_INVALID_ARGUMENT, "At least one prefix checkpoint file must exist, but none existed.");
  return TF_OK;
}

/* The new number of a source's data file; they are numbered in the order in which entries need them.
 * `numbers` has one for each of the source's shards, -1 where it has none yet. */
static TF_Code new_shard(Merge *m, size_t source, int32_t shard, int32_t *numbers, int32_t *number,
                         TF_Status *st) {
  if (numbers[shard] < 0) {
    const TensorBundle *b = m->sources[source];
    if (m->data_count == m->data_capacity) {
      int more = m->data_capacity ? 2 * m->data_capacity : 8;
      char **data = realloc(m->data, (size_t)more * sizeof *data);
      if (!data) return fail_oom(st, "a list of data files");
      m->data = data;
      m->data_capacity = more;
    }
    char *path = bundle_data_path(b->prefix, shard, b->shard_count ? b->shard_count : 1);
    if (!path) return fail_oom(st, "a data file's name");
    m->data[m->data_count] = path;
    numbers[shard] = m->data_count++;
    if (!file_exists(path)) return fail(st, TF_NOT_FOUND, "%s; No such file or directory", path);
  }
  *number = numbers[shard];
  return TF_OK;
}

static TF_Code take_entries(Merge *m, size_t source, TF_Status *st) {
  const TensorBundle *b = m->sources[source];
  size_t shards = (size_t)b->shard_table_size + 1;
  int32_t *numbers = malloc(shards * sizeof *numbers);
  MergeEntry *entries = realloc(m->entries, (m->count + b->count + 1) * sizeof *entries);
  if (entries) m->entries = entries;
  TF_Code code = numbers && entries ? TF_OK : fail_oom(st, "a list of entries");
  for (size_t i = 0; !code && i < shards; i++) numbers[i] = -1;
  for (size_t i = 0; !code && i < b->count; i++) {
    MergeEntry *e = &m->entries[m->count];
    *e = (MergeEntry){b->entries[i], source};
    /* A partitioned tensor's entry has a shard number as any other, though nobody reads it. */
    if (e->entry.shard >= b->shard_table_size) e->entry.shard = 0;
    if (b->shard_table_size) code = new_shard(m, source, e->entry.shard, numbers, &e->entry.shard, st);
    if (!code) m->count++;
  }
  free(numbers);
  return code;
}

static int by_name_and_source(const void *a, const void *b) {
  const MergeEntry *x = a, *y = b;
  int order = table_key_compare(x->entry.name, y->entry.name);
  return order ? order : (x->source > y->source) - (x->source < y->source);
}

static TF_Code join_slices(Merge *m, BundleEntry *into, const MergeEntry *from, TF_Status *st) {
  const BundleEntry *e = &from->entry;
  if (!into->slice_count || !e->slice_count)
    return fail(st, TF_INVALID_ARGUMENT,
                "Duplicate tensor keyed by %.*s encountered, when merging prefix: %s", (int)e->name.size,
                (const char *)e->name.data, m->sources[from->source]->prefix);
  bool same = into->dtype == e->dtype && into->rank == e->rank;
  for (int i = 0; same && i < e->rank; i++) same = into->dims[i] == e->dims[i];
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT, "slices of '%.*s' differ in dtype or full shape", (int)e->name.size,
                (const char *)e->name.data);
  TensorSlice *slices = arena_calloc(&m->arena, into->slice_count + e->slice_count, sizeof *slices);
  if (!slices) return fail_oom(st, "slices");
  memcpy(slices, into->slices, into->slice_count * sizeof *slices);
  memcpy(slices + into->slice_count, e->slices, e->slice_count * sizeof *slices);
  into->slices = slices;
  into->slice_count += e->slice_count;
  return TF_OK;
}

/* The entries of all sources in the order of their names, those of one partitioned tensor joined. */
static TF_Code join_entries(Merge *m, BundleEntry **out, size_t *count, TF_Status *st) {
  BundleEntry *joined = calloc(m->count + 1, sizeof *joined);
  if (!joined) return fail_oom(st, "a list of entries");
  *out = joined;
  *count = 0;
  qsort(m->entries, m->count, sizeof *m->entries, by_name_and_source);
  for (size_t i = 0; i < m->count; i++) {
    if (*count && !table_key_compare(joined[*count - 1].name, m->entries[i].entry.name))
      TRY(join_slices(m, &joined[*count - 1], &m->entries[i], st));
    else joined[(*count)++] = m->entries[i].entry;
  }
  return TF_OK;
}

/* Removes what the merged checkpoint has taken over; what fails leaves garbage, no damage. */
static void remove_sources(const Merge *m, bool delete_dirs) {
  for (size_t i = 0; i < m->source_count; i++) {
    TF_Status *ignored = TF_NewStatus();
    char *path = ignored ? bundle_index_path(m->sources[i]->prefix) : NULL;
    if (path) file_remove(path, ignored);
    free(path);
    TF_DeleteStatus(ignored);
  }
  TF_Status *ignored = TF_NewStatus();
  for (int i = 0; ignored && i < m->data_count; i++) file_remove(m->data[i], ignored);
  for (size_t i = 0; ignored && delete_dirs && i < m->source_count; i++) {
    char *dir = path_dirname(m->sources[i]->prefix);
    if (dir && file_is_dir(dir)) dir_remove(dir, ignored);
    free(dir);
  }
  TF_DeleteStatus(ignored);
}

static void merge_clear(Merge *m) {
  for (size_t i = 0; i < m->source_count; i++) tensor_bundle_free(m->sources[i]);
  for (int i = 0; i < m->data_count; i++) free(m->data[i]);
  free(m->sources);
  free(m->entries);
  free(m->data);
  arena_clear(&m->arena);
}

TF_Code bundle_merge(const char *const *prefixes, size_t count, const char *merged_prefix, bool allow_missing,
                     bool delete_old_dirs, const BundleWriterOptions *options, TF_Status *st) {
  Merge m = {0};
  BundleEntry *entries = NULL;
  size_t entry_count = 0;
  char *dir = path_dirname(merged_prefix);
  TF_Code code = dir ? dir_make_all(dir, st) : fail_oom(st, merged_prefix);
  free(dir);
  for (size_t i = 0; !code && i < count; i++)
    if (!strcmp(prefixes[i], merged_prefix))
      code = fail(st, TF_INVALID_ARGUMENT, "%s: a checkpoint cannot be merged into itself", merged_prefix);
  if (!code) code = open_sources(&m, prefixes, count, allow_missing, st);
  for (size_t i = 0; !code && i < m.source_count; i++) code = take_entries(&m, i, st);
  if (!code) code = join_entries(&m, &entries, &entry_count, st);
  if (!code) {
    BundleCommit c = {.prefix = merged_prefix,
                      .data = m.data,
                      .shard_count = m.data_count,
                      .keep_data = true,
                      .entries = entries,
                      .entry_count = entry_count,
                      .big_endian = m.sources[0]->swap,
                      .sync = !options || !options->no_sync};
    code = bundle_commit(&c, st);
  }
  if (!code) remove_sources(&m, delete_old_dirs);
  free(entries);
  merge_clear(&m);
  return code;
}
