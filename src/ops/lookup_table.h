/* Lookup tables: what HashTable, MutableHashTable and MutableDenseHashTable ops share by name.
 *
 * Keys are int32, int64 or strings; a value is one element, or a row of them (MutableHashTableOfTensors). A
 * static table (HashTable) is filled once, then only read; a mutable one changes at any time. Any thread. */
#ifndef SM_OPS_LOOKUP_TABLE_H_
#define SM_OPS_LOOKUP_TABLE_H_

#include <pthread.h>
#include <stdbool.h>

#include "ops/lookup_dense.h"
#include "tensor/object.h"
#include "tensor/tensor.h"

typedef struct LookupTable {
  Object object;
  pthread_rwlock_t lock;
  TF_DataType key_dtype, value_dtype;
  bool is_static, initialized; /* `initialized` of static ones, guarded by the lock */
  int value_rank;              /* 0, or 1 for rows */
  int64_t value_size;          /* elements of a value */
  char *container, *name;
  DenseTable *dense; /* of dense tables, which have no other entries; guarded by the lock */
  /* guarded by the lock; entries [0, count) in the order of insertion */
  int64_t count, capacity;
  void *keys, *values;
  uint64_t *hashes;
  uint32_t *slots; /* entry + 1, or 0 */
  int64_t slot_count;
} LookupTable;

extern const ObjectType lookup_table_type;

/* Empty, with one reference. */
TF_Code lookup_table_new(LookupTable **out, TF_DataType key, TF_DataType value, bool is_static,
                         int value_rank, int64_t value_size, const char *container, const char *name,
                         TF_Status *st);
/* The same of a dense table, which it takes over, also when it fails. */
TF_Code lookup_table_new_dense(LookupTable **out, DenseTable *dense, int value_rank, const char *container,
                               const char *name, TF_Status *st);
/* The table behind a scalar handle, borrowed; TF_INVALID_ARGUMENT when it is none. */
TF_Code lookup_table_of_handle(const Tensor *handle, LookupTable **out, TF_Status *st);

/* Fills a static table at once: all keys or, after an error, none. `size` keys and as many values. With data
 * already there, it must be as many entries (TensorFlow compares no more than that). */
TF_Code lookup_table_initialize(LookupTable *t, const void *keys, const void *values, int64_t size,
                                TF_Status *st);
/* Values of `n` keys into `out`; for missing ones `defaults`, one value or (`default_step` 1) one a key. */
TF_Code lookup_table_find(LookupTable *t, const void *keys, int64_t n, const void *defaults, int default_step,
                          void *out, TF_Status *st);
/* Sets keys of a mutable table; with `clear`, forgets all others first. */
TF_Code lookup_table_insert(LookupTable *t, const void *keys, const void *values, int64_t n, bool clear,
                            TF_Status *st);
TF_Code lookup_table_remove(LookupTable *t, const void *keys, int64_t n, TF_Status *st);
int64_t lookup_table_size(LookupTable *t);
/* New tensors of all keys and values. */
TF_Code lookup_table_export(LookupTable *t, Tensor *keys, Tensor *values, TF_Status *st);

/* The calls on dense tables, under the lock; `defaults` is one value. */
TF_Code lookup_dense_find(LookupTable *t, const Tensor *keys, const void *defaults, void *out, TF_Status *st);
TF_Code lookup_dense_insert(LookupTable *t, const Tensor *keys, const void *values, TF_Status *st);
TF_Code lookup_dense_import(LookupTable *t, const Tensor *keys, const Tensor *values, TF_Status *st);
TF_Code lookup_dense_remove(LookupTable *t, const Tensor *keys, TF_Status *st);

#endif
