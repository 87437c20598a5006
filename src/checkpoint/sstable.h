/* The table file: sorted string keys to string values. A V2 checkpoint's index and a whole V1 checkpoint.
 *
 *   data block, data block, ..., metaindex block (empty), index block, footer
 *
 *   block:  entries, u32 restart offset each, u32 number of restarts; then outside the handle's size:
 *           u8 kind (0 raw, 1 snappy), u32 masked crc32c of the block and the kind byte
 *   entry:  varint shared, varint unshared, varint value size, unshared key bytes, value
 *           (the key is `shared` bytes of the previous key and the unshared ones; restarts have shared 0)
 *   index block: a key >= the block's last and < the next block's first, value = handle (varint offset, size)
 *   footer: metaindex handle, index handle, zeros up to 40 bytes, u64 magic 0xdb4775248b80fb57
 *
 * All errors are TF_DATA_LOSS with TensorFlow's texts ("block checksum mismatch", ...), without a file name.
 */
#ifndef SM_CHECKPOINT_SSTABLE_H_
#define SM_CHECKPOINT_SSTABLE_H_

#include <stdbool.h>

#include "base/bytes.h"
#include "base/cursor.h"

/* A table in memory; borrows the file's bytes. Several threads may read one, each with its own iterator. */
typedef struct Table {
  Span file;
  uint64_t index_offset, index_size;
} Table;

TF_Code table_open(Table *table, Span file, TF_Status *st);

/* The bytes of a block that has been checked and, if need be, uncompressed. */
typedef struct TableBlock {
  Span entries, restarts;
  Cursor at;      /* the next entry */
  bool first;     /* it is the first that is read here: no prefix to share */
  Bytes key;      /* of the current entry */
  Span value;     /* of the current entry; lives as long as the block */
  char *unpacked; /* owned when the block was compressed */
} TableBlock;

/* Walks the entries in order: table_iter_init, then table_iter_next until it gives false, table_iter_clear
 * in the end and after errors. Key and value are good until the next call. */
typedef struct TableIter {
  const Table *table;
  TableBlock index, block;
  bool index_started, started; /* index.key, block.key hold the key before: the next must be greater */
  bool held;                   /* a seek has already moved to the entry that comes next */
} TableIter;

TF_Code table_iter_init(TableIter *it, const Table *table, TF_Status *st);
void table_iter_clear(TableIter *it);
/* Moves to the next entry; *have is false past the last. Keys that do not ascend are an error. */
TF_Code table_iter_next(TableIter *it, bool *have, TF_Status *st);
/* Moves so that the next table_iter_next gives the first entry whose key is not less than `key`. */
TF_Code table_iter_seek(TableIter *it, Span key, TF_Status *st);
static inline Span table_iter_key(const TableIter *it) {
  return (Span){it->block.key.data, it->block.key.size};
}
static inline Span table_iter_value(const TableIter *it) { return it->block.value; }

/* Plain byte order, as memcmp and then by length. */
int table_key_compare(Span a, Span b);

/* Builds a table in memory, byte for byte as TensorFlow does (no compression). Start with zero; keys ascend.
 */
typedef struct TableBuilder {
  Bytes file;
  Bytes block, index;             /* the entries of the block being built */
  Bytes restarts, index_restarts; /* u32le each */
  Bytes last_key;
  size_t since_restart;
  uint64_t entries;
  bool pending; /* a block ended, its index entry waits for the next key */
  uint64_t pending_offset, pending_size;
} TableBuilder;

/* TF_INVALID_ARGUMENT if the key is not greater than the last. */
TF_Code table_builder_add(TableBuilder *b, Span key, Span value, TF_Status *st);
/* Ends the file: b->file holds it until table_builder_clear. */
TF_Code table_builder_finish(TableBuilder *b, TF_Status *st);
void table_builder_clear(TableBuilder *b);

#endif
