#include "checkpoint/sstable.h"

#include <snappy-c.h>
#include <stdlib.h>

#include "base/crc32c.h"

enum {
  FOOTER_SIZE = 48,
  TRAILER_SIZE = 5, /* kind byte and checksum behind each block */
  KIND_RAW = 0,
  KIND_SNAPPY = 1,
  RESTART_INTERVAL = 16,  /* in data blocks; the index block has a restart at every entry */
  BLOCK_SIZE = 256 << 10, /* a block ends when it reaches this */
  SNAPPY_MAX_RATIO = 64,  /* three bytes make at most 64 */
};
static const uint64_t MAGIC = 0xdb4775248b80fb57u;

int table_key_compare(Span a, Span b) {
  size_t n = a.size < b.size ? a.size : b.size;
  int order = n ? memcmp(a.data, b.data, n) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- reading ---- */

TF_Code table_open(Table *table, Span file, TF_Status *st) {
  if (file.size < FOOTER_SIZE) return fail(st, TF_DATA_LOSS, "file is too short to be an sstable");
  Cursor c = cursor_of((const char *)file.data + file.size - FOOTER_SIZE, FOOTER_SIZE);
  Cursor magic = cursor_of(c.end - 8, 8);
  if (cursor_u64le(&magic) != MAGIC) return fail(st, TF_DATA_LOSS, "not an sstable (bad magic number)");
  c.end -= 8;
  cursor_varint(&c); /* the metaindex: nothing is in it */
  cursor_varint(&c);
  *table = (Table){.file = file, .index_offset = cursor_varint(&c), .index_size = cursor_varint(&c)};
  return c.failed ? fail(st, TF_DATA_LOSS, "bad block handle") : TF_OK;
}

static void block_clear(TableBlock *b) {
  free(b->unpacked);
  bytes_clear(&b->key);
  *b = (TableBlock){0};
}

static TF_Code unpack_snappy(TableBlock *b, const char *data, size_t size, size_t *unpacked_size,
                             TF_Status *st) {
  size_t n;
  if (snappy_uncompressed_length(data, size, &n) != SNAPPY_OK || n / SNAPPY_MAX_RATIO > size)
    return fail(st, TF_DATA_LOSS, "corrupted compressed block contents");
  b->unpacked = malloc(n ? n : 1);
  if (!b->unpacked) return fail_oom(st, "an uncompressed block");
  if (snappy_uncompress(data, size, b->unpacked, &n) != SNAPPY_OK)
    return fail(st, TF_DATA_LOSS, "corrupted compressed block contents");
  *unpacked_size = n;
  return TF_OK;
}

/* Checks the block at a handle and makes it `b`'s, before its first entry. Keeps b->key. */
static TF_Code block_load(TableBlock *b, const Table *table, uint64_t offset, uint64_t size, TF_Status *st) {
  free(b->unpacked);
  *b = (TableBlock){.key = b->key};
  size_t file_size = table->file.size - FOOTER_SIZE;
  if (offset > file_size || size > file_size - offset || file_size - offset - size < TRAILER_SIZE)
    return fail(st, TF_DATA_LOSS, "truncated block read");
  const char *data = (const char *)table->file.data + offset;
  Cursor trailer = cursor_of(data + size, TRAILER_SIZE);
  uint8_t kind = cursor_u8(&trailer);
  if (crc32c_mask(crc32c(data, (size_t)size + 1)) != cursor_u32le(&trailer))
    return fail(st, TF_DATA_LOSS, "block checksum mismatch");
  size_t n = (size_t)size;
  if (kind == KIND_SNAPPY) {
    TRY(unpack_snappy(b, data, n, &n, st));
    data = b->unpacked;
  } else if (kind != KIND_RAW) {
    return fail(st, TF_DATA_LOSS, "bad block type");
  }
  if (n < 4) return fail(st, TF_DATA_LOSS, "bad block contents");
  Cursor tail = cursor_of(data + n - 4, 4);
  uint32_t restarts = cursor_u32le(&tail);
  if (restarts > (n - 4) / 4) return fail(st, TF_DATA_LOSS, "bad block contents");
  b->entries = (Span){data, n - 4 - (size_t)restarts * 4};
  b->restarts = (Span){data + b->entries.size, (size_t)restarts * 4};
  b->at = cursor_of(b->entries.data, b->entries.size);
  b->first = true;
  return TF_OK;
}

/* Decodes the next entry into key and value. There must be one. With `ordered`, its key has to be greater
 * than the one before, which may be the last of the previous block. */
static TF_Code block_next(TableBlock *b, bool ordered, TF_Status *st) {
  uint64_t shared = cursor_varint(&b->at), unshared = cursor_varint(&b->at), value = cursor_varint(&b->at);
  size_t left = cursor_left(&b->at);
  if (b->at.failed || unshared > left || value > left - unshared || shared > (b->first ? 0 : b->key.size))
    return fail(st, TF_DATA_LOSS, "bad entry in block");
  Span suffix = {cursor_take(&b->at, (size_t)unshared), (size_t)unshared};
  Span old = {b->key.size ? b->key.data + shared : NULL, b->key.size - (size_t)shared};
  if (ordered && table_key_compare(suffix, old) <= 0) return fail(st, TF_DATA_LOSS, "bad entry in block");
  b->key.size = (size_t)shared;
  bytes_append(&b->key, suffix.data, suffix.size);
  b->value = (Span){cursor_take(&b->at, (size_t)value), (size_t)value};
  b->first = false;
  return bytes_finish(&b->key, "a key", st);
}

/* Moves to just before the first restart region that may hold a key >= `key`, then on to that key if the
 * block has one: *found. It is then the current entry. */
static TF_Code block_seek(TableBlock *b, Span key, bool *found, TF_Status *st) {
  size_t low = 0, high = b->restarts.size / 4; /* the last restart with a key < `key` is in [low, high) */
  while (high > low + 1) {
    size_t mid = low + (high - low) / 2;
    Cursor r = cursor_of((const char *)b->restarts.data + 4 * mid, 4);
    Cursor c = cursor_of(b->entries.data, b->entries.size);
    cursor_take(&c, cursor_u32le(&r));
    uint64_t shared = cursor_varint(&c), unshared = cursor_varint(&c);
    cursor_varint(&c);
    if (c.failed || shared || unshared > cursor_left(&c)) return fail(st, TF_DATA_LOSS, "bad entry in block");
    if (table_key_compare((Span){c.at, (size_t)unshared}, key) < 0) low = mid;
    else high = mid;
  }
  b->at = cursor_of(b->entries.data, b->entries.size);
  if (b->restarts.size) {
    Cursor r = cursor_of((const char *)b->restarts.data + 4 * low, 4);
    cursor_take(&b->at, cursor_u32le(&r));
    if (b->at.failed) return fail(st, TF_DATA_LOSS, "bad entry in block");
  }
  b->first = true;
  b->key.size = 0;
  for (*found = false; cursor_left(&b->at);) {
    TRY(block_next(b, !b->first, st));
    *found = table_key_compare((Span){b->key.data, b->key.size}, key) >= 0;
    if (*found) break;
  }
  return TF_OK;
}

/* Loads the data block that the index's current entry points at. */
static TF_Code load_pointed(TableIter *it, TF_Status *st) {
  Cursor handle = cursor_of(it->index.value.data, it->index.value.size);
  uint64_t offset = cursor_varint(&handle), size = cursor_varint(&handle);
  if (handle.failed) return fail(st, TF_DATA_LOSS, "bad block handle");
  return block_load(&it->block, it->table, offset, size, st);
}

TF_Code table_iter_init(TableIter *it, const Table *table, TF_Status *st) {
  *it = (TableIter){.table = table};
  return block_load(&it->index, table, table->index_offset, table->index_size, st);
}

void table_iter_clear(TableIter *it) {
  block_clear(&it->index);
  block_clear(&it->block);
}

TF_Code table_iter_next(TableIter *it, bool *have, TF_Status *st) {
  *have = true;
  if (it->held) {
    it->held = false;
    return TF_OK;
  }
  while (!cursor_left(&it->block.at)) {
    if (!cursor_left(&it->index.at)) {
      *have = false;
      return TF_OK;
    }
    TRY(block_next(&it->index, it->index_started, st));
    it->index_started = true;
    TRY(load_pointed(it, st));
  }
  TRY(block_next(&it->block, it->started, st));
  it->started = true;
  return TF_OK;
}

TF_Code table_iter_seek(TableIter *it, Span key, TF_Status *st) {
  bool found;
  it->held = it->started = it->index_started = false;
  TRY(block_seek(&it->index, key, &found, st));
  it->index_started = found;
  it->block.at = (Cursor){0};
  it->block.key.size = 0;
  if (!found) return TF_OK;
  TRY(load_pointed(it, st));
  TRY(block_seek(&it->block, key, &it->held, st));
  it->started = it->held;
  /* A key between the block's last and the index's separator: the next block begins with the answer. */
  if (!it->held) it->block.at = (Cursor){0};
  return TF_OK;
}

/* ---- building ---- */

/* Writes a block, its kind and checksum; `entries` and `restarts` are empty afterwards. */
static void put_block(TableBuilder *b, Bytes *entries, Bytes *restarts, uint64_t *offset, uint64_t *size) {
  if (!restarts->size) bytes_put_u32le(restarts, 0);
  *offset = b->file.size;
  bytes_append(&b->file, entries->data, entries->size);
  bytes_append(&b->file, restarts->data, restarts->size);
  bytes_put_u32le(&b->file, (uint32_t)(restarts->size / 4));
  *size = b->file.size - *offset;
  bytes_putc(&b->file, KIND_RAW);
  if (!b->file.failed)
    bytes_put_u32le(&b->file, crc32c_mask(crc32c(b->file.data + *offset, (size_t)*size + 1)));
  b->file.failed |= entries->failed | restarts->failed;
  entries->size = restarts->size = 0;
}

static void put_entry(Bytes *block, size_t shared, Span key, Span value) {
  bytes_put_varint(block, shared);
  bytes_put_varint(block, key.size - shared);
  bytes_put_varint(block, value.size);
  bytes_append(block, (const char *)key.data + shared, key.size - shared);
  bytes_append(block, value.data, value.size);
}

/* Adds the entry of the block that ended; its key is b->last_key, shortened by the caller. */
static void put_index_entry(TableBuilder *b) {
  Bytes handle = {0};
  bytes_put_varint(&handle, b->pending_offset);
  bytes_put_varint(&handle, b->pending_size);
  bytes_put_u32le(&b->index_restarts, (uint32_t)b->index.size);
  put_entry(&b->index, 0, (Span){b->last_key.data, b->last_key.size}, (Span){handle.data, handle.size});
  b->index.failed |= handle.failed;
  bytes_clear(&handle);
  b->pending = false;
}

static void end_block(TableBuilder *b) {
  if (!b->block.size) return;
  put_block(b, &b->block, &b->restarts, &b->pending_offset, &b->pending_size);
  b->since_restart = 0;
  b->pending = true;
}

static size_t shared_prefix(const Bytes *a, Span b) {
  size_t n = 0;
  while (n < a->size && n < b.size && a->data[n] == ((const char *)b.data)[n]) n++;
  return n;
}

/* Shortens last_key to a string that is still >= it and < `next`: cut behind the first byte that differs,
 * that byte plus one, if it stays below next's. */
static void shorten_to_separator(Bytes *last_key, Span next) {
  size_t n = shared_prefix(last_key, next);
  if (n >= last_key->size || n >= next.size) return; /* one is a prefix of the other */
  uint8_t byte = (uint8_t)last_key->data[n];
  if (byte < 0xff && byte + 1 < ((const uint8_t *)next.data)[n]) {
    last_key->data[n] = (char)(byte + 1);
    last_key->size = n + 1;
  }
}

/* Shortens last_key to a string >= it: cut behind the first byte that is not 0xff, that byte plus one. */
static void shorten_to_successor(Bytes *last_key) {
  for (size_t n = 0; n < last_key->size; n++) {
    uint8_t byte = (uint8_t)last_key->data[n];
    if (byte == 0xff) continue;
    last_key->data[n] = (char)(byte + 1);
    last_key->size = n + 1;
    return;
  }
}

TF_Code table_builder_add(TableBuilder *b, Span key, Span value, TF_Status *st) {
  if (b->entries && table_key_compare(key, (Span){b->last_key.data, b->last_key.size}) <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "table keys out of order");
  /* An entry that alone is worth two blocks starts its own. */
  if (b->entries && key.size + value.size >= 2 * (size_t)BLOCK_SIZE) end_block(b);
  if (b->pending) {
    shorten_to_separator(&b->last_key, key);
    put_index_entry(b);
  }
  size_t shared = 0;
  if (b->since_restart == RESTART_INTERVAL || !b->block.size) {
    bytes_put_u32le(&b->restarts, (uint32_t)b->block.size);
    b->since_restart = 0;
  } else {
    shared = shared_prefix(&b->last_key, key);
  }
  put_entry(&b->block, shared, key, value);
  b->since_restart++;
  b->entries++;
  b->last_key.size = 0;
  bytes_append(&b->last_key, key.data, key.size);
  if (b->block.size + b->restarts.size + 4 >= BLOCK_SIZE) end_block(b);
  return b->block.failed || b->last_key.failed || b->file.failed ? fail_oom(st, "a table block") : TF_OK;
}

TF_Code table_builder_finish(TableBuilder *b, TF_Status *st) {
  uint64_t meta_offset, meta_size, index_offset, index_size;
  Bytes none = {0}, no_restarts = {0}, footer = {0};
  end_block(b);
  put_block(b, &none, &no_restarts, &meta_offset, &meta_size);
  if (b->pending) {
    shorten_to_successor(&b->last_key);
    put_index_entry(b);
  }
  put_block(b, &b->index, &b->index_restarts, &index_offset, &index_size);
  bytes_put_varint(&footer, meta_offset);
  bytes_put_varint(&footer, meta_size);
  bytes_put_varint(&footer, index_offset);
  bytes_put_varint(&footer, index_size);
  while (footer.size < FOOTER_SIZE - 8 && !footer.failed) bytes_putc(&footer, 0);
  bytes_put_u64le(&footer, MAGIC);
  bytes_append(&b->file, footer.data, footer.size);
  b->file.failed |= footer.failed;
  bytes_clear(&none);
  bytes_clear(&no_restarts);
  bytes_clear(&footer);
  return bytes_finish(&b->file, "a table", st);
}

void table_builder_clear(TableBuilder *b) {
  bytes_clear(&b->file);
  bytes_clear(&b->block);
  bytes_clear(&b->index);
  bytes_clear(&b->restarts);
  bytes_clear(&b->index_restarts);
  bytes_clear(&b->last_key);
  *b = (TableBuilder){0};
}
