/* The buckets of MutableDenseHashTable: keys and values in two arrays, probed quadratically from TensorFlow's
 * hash of the key.
 *
 * What is exported, and stands in checkpoints, are the arrays themselves; so keys stand where TensorFlow puts
 * them. One key means "empty", another "deleted": neither can be stored. The table's lock guards all
 * (lookup_table.h). */
#ifndef SM_OPS_LOOKUP_DENSE_H_
#define SM_OPS_LOOKUP_DENSE_H_

#include "tensor/tensor.h"

typedef struct DenseTable {
  TF_DataType key_dtype, value_dtype;
  int key_rank; /* 0, or 1: keys are rows of key_size elements */
  int64_t key_size, value_size;
  int64_t num_buckets, count;
  float max_load_factor;
  Tensor empty_key, deleted_key;
  Tensor keys, values; /* [num_buckets, key_size], [num_buckets, value_size] */
} DenseTable;

/* What the op says of a table. */
typedef struct DenseSpec {
  const Tensor *empty_key, *deleted_key;
  TF_DataType value_dtype;
  int64_t value_size, num_buckets;
  float max_load_factor;
} DenseSpec;

TF_Code dense_table_new(DenseTable **out, const DenseSpec *spec, TF_Status *st);
void dense_table_free(DenseTable *t);

/* `keys` is one key or a vector of them: else TF_INVALID_ARGUMENT. Values of missing keys are the one at
 * `defaults`. */
TF_Code dense_table_find(const DenseTable *t, const Tensor *keys, const void *defaults, void *out,
                         TF_Status *st);
TF_Code dense_table_insert(DenseTable *t, const Tensor *keys, const void *values, TF_Status *st);
TF_Code dense_table_remove(DenseTable *t, const Tensor *keys, TF_Status *st);
/* Takes over arrays as exported: copies of them. */
TF_Code dense_table_import(DenseTable *t, const Tensor *keys, const Tensor *values, TF_Status *st);
TF_Code dense_table_export(const DenseTable *t, Tensor *keys, Tensor *values, TF_Status *st);

#endif
