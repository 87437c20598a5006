#include "checkpoint/bundle_commit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/files.h"
#include "base/status_impl.h"
#include "checkpoint/bundle_proto.h"
#include "checkpoint/sstable.h"

/* The number of shards of the checkpoint that stands there; 0 for none, or for one that is damaged beyond
 * being read. */
static TF_Code standing_shard_count(const char *prefix, int *count, TF_Status *st) {
  TF_Status why = {0};
  Bytes file = {0};
  Table table;
  TableIter it = {0};
  BundleHeader header = {0};
  bool have = false;
  char *path = bundle_index_path(prefix);
  TF_Code code = path ? file_read(&file, path, SIZE_MAX / 2, &why) : fail_oom(&why, "an index's name");
  if (!code) code = table_open(&table, (Span){file.data, file.size}, &why);
  if (!code) code = table_iter_init(&it, &table, &why);
  if (!code) code = table_iter_next(&it, &have, &why);
  if (!code && have && !table_iter_key(&it).size)
    code = bundle_header_decode(table_iter_value(&it), &header, &why);
  table_iter_clear(&it);
  bytes_clear(&file);
  free(path);
  *count = !code && header.shard_count > 0 ? header.shard_count : 0;
  if (!code || code == TF_NOT_FOUND || code == TF_DATA_LOSS) return TF_OK;
  return fail(st, code, "%s", why.message);
}

static TF_Code build_index(const BundleCommit *c, int shard_count, TableBuilder *table, TF_Status *st) {
  BundleHeader header = {.shard_count = shard_count, .big_endian = c->big_endian, .producer = BUNDLE_VERSION};
  Bytes value = {0};
  bundle_header_encode(&header, &value);
  TF_Code code = bytes_finish(&value, "an index entry", st);
  if (!code) code = table_builder_add(table, (Span){"", 0}, (Span){value.data, value.size}, st);
  for (size_t i = 0; !code && i < c->entry_count; i++) {
    value.size = 0;
    bundle_entry_encode(&c->entries[i], &value);
    code = bytes_finish(&value, "an index entry", st);
    if (!code) code = table_builder_add(table, c->entries[i].name, (Span){value.data, value.size}, st);
  }
  if (!code) code = table_builder_finish(table, st);
  bytes_clear(&value);
  return code;
}

/* Makes the index that says `shard_count` the one that counts. */
static TF_Code write_index(const BundleCommit *c, int shard_count, TF_Status *st) {
  TableBuilder table = {0};
  char *path = bundle_index_path(c->prefix);
  TF_Code code = path ? build_index(c, shard_count, &table, st) : fail_oom(st, "an index's name");
  if (!code) code = file_write_atomic(path, (Span){table.file.data, table.file.size}, c->sync, st);
  table_builder_clear(&table);
  free(path);
  return code;
}

/* Gives a file the name `to`, in place of the file that has it; with `keep` it has its old name too. */
static TF_Code place_file(const char *from, const char *to, bool keep, TF_Status *st) {
  static _Atomic unsigned serial;
  if (!keep) return file_rename(from, to, st);
  size_t size = strlen(to) + 48;
  char *temp = malloc(size);
  if (!temp) return fail_oom(st, "a temporary name");
  snprintf(temp, size, "%s.link-%ld-%u", to, (long)getpid(), atomic_fetch_add(&serial, 1));
  TF_Code code = file_link(from, temp, st);
  if (!code && (code = file_rename(temp, to, st))) {
    TF_Status ignored = {0};
    file_remove(temp, &ignored);
  }
  free(temp);
  return code;
}

static TF_Code sync_folder(const BundleCommit *c, TF_Status *st) {
  return c->sync ? dir_sync_of(c->prefix, st) : TF_OK;
}

/* Removes the data files of a shard count that no index speaks of. What fails leaves garbage, no damage. */
static void remove_data(const char *prefix, int shard_count) {
  for (int i = 0; i < shard_count; i++) {
    TF_Status ignored = {0};
    char *path = bundle_data_path(prefix, i, shard_count);
    if (!path || (!file_exists(path) && i > 0)) i = shard_count; /* a hostile index may claim any number */
    else file_remove(path, &ignored);
    free(path);
  }
}

/* Gives the data files their names of a shard count: as shard i of `shard_count`, whatever `from` calls them
 * now. */
static TF_Code place_data(const BundleCommit *c, char *const *from, int from_count, int shard_count,
                          bool keep, TF_Status *st) {
  for (int i = 0; i < c->shard_count; i++) {
    char *to = bundle_data_path(c->prefix, i, shard_count);
    char *old = from ? NULL : bundle_data_path(c->prefix, i, from_count);
    TF_Code code = to && (from || old) ? TF_OK : fail_oom(st, "a data file's name");
    if (!code) code = place_file(from ? from[i] : old, to, keep, st);
    if (code == TF_UNIMPLEMENTED && from) { /* no links here */
      TF_SetStatus(st, TF_OK, "");
      code = file_rename(from[i], to, st);
    }
    free(to);
    free(old);
    if (code) return code;
  }
  return sync_folder(c, st);
}

/* Data files under names that the standing index does not use, then the index. */
static TF_Code commit_as(const BundleCommit *c, int shard_count, TF_Status *st) {
  TF_Code code = place_data(c, c->data, 0, shard_count, c->keep_data, st);
  if (!code) code = write_index(c, shard_count, st);
  return code;
}

TF_Code bundle_commit(const BundleCommit *c, TF_Status *st) {
  int standing, after;
  TRY(standing_shard_count(c->prefix, &standing, st));
  int first = standing == c->shard_count ? c->shard_count + 1 : c->shard_count;
  TF_Code code = commit_as(c, first, st);
  if (code) {
    /* The rename of the index is what may or may not have happened when syncing the folder failed. */
    TF_Status ignored = {0};
    if (!standing_shard_count(c->prefix, &after, &ignored) && after != first) remove_data(c->prefix, first);
    return code;
  }
  if (first == c->shard_count) {
    remove_data(c->prefix, standing);
    return TF_OK;
  }
  /* The new checkpoint counts; now the names that everybody expects. */
  code = place_data(c, NULL, first, c->shard_count, true, st);
  if (code == TF_UNIMPLEMENTED) { /* no links: it keeps the names that it has */
    TF_SetStatus(st, TF_OK, "");
    remove_data(c->prefix, c->shard_count);
    return TF_OK;
  }
  if (!code) code = write_index(c, c->shard_count, st);
  if (!code) remove_data(c->prefix, first);
  return code;
}
