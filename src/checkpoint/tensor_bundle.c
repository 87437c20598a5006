/* Opening a bundle and finding entries; what their data is read with is in tensor_bundle_read.c. */
#include "checkpoint/tensor_bundle.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/status_impl.h"
#include "checkpoint/bundle_proto.h"
#include "checkpoint/sstable.h"
#include "checkpoint/tensor_bundle_impl.h"

enum {
  /* Shards of the largest checkpoints count in the thousands; the table of shards is as long as the highest
     number. */
  MAX_SHARDS = 1 << 20,
  /* Past this many data files their descriptors are closed at once, and reads go through the mapping. */
  MAX_OPEN_SHARDS = 64,
};

char *bundle_index_path(const char *prefix) {
  size_t size = strlen(prefix) + sizeof ".index";
  char *path = malloc(size);
  if (path) snprintf(path, size, "%s.index", prefix);
  return path;
}

char *bundle_data_path(const char *prefix, int shard, int shard_count) {
  size_t size = strlen(prefix) + 64;
  char *path = malloc(size);
  if (path) snprintf(path, size, "%s.data-%05d-of-%05d", prefix, shard, shard_count);
  return path;
}

bool bundle_entry_is_slice(const BundleEntry *entry) {
  /* Slice keys begin with the ordered code of 0, one zero byte. */
  return entry->name.size && *(const char *)entry->name.data == 0;
}

const char *tensor_bundle_prefix(const TensorBundle *bundle) { return bundle->prefix; }
int tensor_bundle_shard_count(const TensorBundle *bundle) { return bundle->shard_count; }
size_t tensor_bundle_entry_count(const TensorBundle *bundle) { return bundle->count; }
const BundleEntry *tensor_bundle_entry_at(const TensorBundle *bundle, size_t i) {
  return &bundle->entries[i];
}

const BundleEntry *tensor_bundle_find(const TensorBundle *bundle, Span name) {
  size_t low = 0, high = bundle->count;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    int order = table_key_compare(bundle->entries[mid].name, name);
    if (order == 0) return &bundle->entries[mid];
    if (order < 0) low = mid + 1;
    else high = mid;
  }
  return NULL;
}

/* ---- opening ---- */

static TF_Code check_header(TensorBundle *b, const BundleHeader *h, TF_Status *st) {
  if (h->min_consumer > BUNDLE_VERSION)
    return fail(st, TF_INVALID_ARGUMENT,
                "Checkpoint min consumer version %d above current version %d for TensorFlow.  Please upgrade "
                "TensorFlow.",
                h->min_consumer, BUNDLE_VERSION);
  if (h->refused)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Checkpoint disallows consumer version %d.  Please upgrade TensorFlow: this version is likely buggy.",
        BUNDLE_VERSION);
  if (h->shard_count < 0) return fail(st, TF_DATA_LOSS, "header entry with %d shards", h->shard_count);
  b->shard_count = h->shard_count;
  b->swap = h->big_endian;
  return TF_OK;
}

/* Reads the header, which is the first entry of the table; its absence and all that goes wrong before it look
 * the same. */
static TF_Code read_header(TensorBundle *b, TableIter *it, const char *path, TF_Status *st) {
  bool have;
  BundleHeader header;
  TF_Code code = table_iter_next(it, &have, st);
  if (!code && (!have || table_iter_key(it).size))
    code = fail(st, TF_NOT_FOUND, "Key %.*s not found in checkpoint", 0, "");
  if (code) {
    TF_Status cause = {0};
    status_copy(&cause, st);
    return fail(st, TF_DATA_LOSS,
                "Unable to read file (%s). Perhaps the file is corrupt or was produced by a newer version of "
                "TensorFlow with format changes (failed to seek to header entry): %s",
                path, cause.message);
  }
  TF_Code bad = bundle_header_decode(table_iter_value(it), &header, st);
  if (bad)
    return fail(st, TF_DATA_LOSS,
                "Unable to read file (%s). Perhaps the file is corrupt or was produced by a newer version of "
                "TensorFlow with format changes (failed to parse header entry)",
                path);
  return check_header(b, &header, st);
}

static TF_Code add_entry(TensorBundle *b, const TableIter *it, size_t *capacity, TF_Status *st) {
  if (b->count == *capacity) {
    size_t more = *capacity ? *capacity * 2 : 64;
    BundleEntry *entries = realloc(b->entries, more * sizeof *entries);
    if (!entries) return fail_oom(st, "entries");
    b->entries = entries;
    *capacity = more;
  }
  BundleEntry *e = &b->entries[b->count];
  Span key = table_iter_key(it);
  char *name = arena_strndup(&b->arena, key.data, key.size);
  if (!name) return fail_oom(st, "a name");
  *e = (BundleEntry){.name = {name, key.size}};
  TF_Code code = bundle_entry_decode(table_iter_value(it), &b->arena, e, st);
  if (!code && !e->slice_count && e->shard >= (b->shard_count ? b->shard_count : 1))
    code = fail(st, TF_DATA_LOSS, "shard %d of %d", e->shard, b->shard_count);
  if (code) return fail_prefix(st, "entry '%.*s'", (int)key.size, name);
  b->count++;
  return TF_OK;
}

static TF_Code read_index(TensorBundle *b, const char *path, TF_Status *st) {
  Bytes file = {0};
  Table table;
  TableIter it = {0};
  bool have = true;
  size_t capacity = 0;
  TF_Code code = file_read(&file, path, SIZE_MAX / 2, st);
  if (code) goto out;
  /* Up to here errors say only what TensorFlow says. */
  code = table_open(&table, (Span){file.data, file.size}, st);
  if (!code) code = table_iter_init(&it, &table, st);
  if (code) {
    fail_prefix(st, "%s", path);
    goto out;
  }
  code = read_header(b, &it, path, st);
  if (code) goto out;
  while (!code) {
    code = table_iter_next(&it, &have, st);
    if (code || !have) break;
    code = add_entry(b, &it, &capacity, st);
  }
  if (code) fail_prefix(st, "%s", path);
out:
  table_iter_clear(&it);
  bytes_clear(&file);
  return code;
}

static TF_Code open_shards(TensorBundle *b, TF_Status *st) {
  int32_t highest = -1;
  size_t open = 0;
  for (size_t i = 0; i < b->count; i++)
    if (!b->entries[i].slice_count && b->entries[i].shard > highest) highest = b->entries[i].shard;
  if (highest >= MAX_SHARDS)
    return fail(st, TF_DATA_LOSS, "%s.index: shard %d: too many", b->prefix, highest);
  b->shard_table_size = highest + 1;
  b->shards = calloc((size_t)highest + 2, sizeof *b->shards);
  if (!b->shards) return fail_oom(st, "the table of data files");
  for (size_t i = 0; i < b->count; i++) {
    if (b->entries[i].slice_count) continue;
    BundleShard *s = &b->shards[b->entries[i].shard];
    if (s->map || s->error) continue;
    char *path = bundle_data_path(b->prefix, b->entries[i].shard, b->shard_count ? b->shard_count : 1);
    if (!path) return fail_oom(st, "a data file's name");
    TF_Status why = {0};
    s->code = file_map_open(&s->map, path, &why);
    free(path);
    if (s->code && !(s->error = arena_strdup(&b->arena, why.message))) return fail_oom(st, "a message");
    if (s->map && ++open > MAX_OPEN_SHARDS) file_map_close_file(s->map);
  }
  return TF_OK;
}

TF_Code tensor_bundle_open(TensorBundle **bundle, const char *prefix, TF_Status *st) {
  *bundle = NULL;
  char *path = bundle_index_path(prefix);
  TensorBundle *b = calloc(1, sizeof *b);
  if (!path || !b || !(b->prefix = arena_strdup(&b->arena, prefix))) {
    fail_oom(st, prefix);
    goto out;
  }
  if (read_index(b, path, st) || open_shards(b, st)) goto out;
  free(path);
  *bundle = b;
  return TF_OK;
out:
  free(path);
  tensor_bundle_free(b);
  return TF_GetCode(st);
}

void tensor_bundle_free(TensorBundle *b) {
  if (!b) return;
  for (int i = 0; i < b->shard_table_size && b->shards; i++) {
    if (!b->shards[i].map) continue;
    file_map_close_file(b->shards[i].map);
    file_map_unref(b->shards[i].map);
  }
  free(b->shards);
  free(b->entries);
  arena_clear(&b->arena);
  free(b);
}
