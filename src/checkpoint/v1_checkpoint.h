/* V1 checkpoints (SaverDef.V1): one table file named PREFIX. Key "" is the list of tensors with their
 * slices (SavedTensorSlices.meta); every other key (slice.h) holds the elements of one slice as a
 * TensorProto. A sharded one is a set of such files, PREFIX-SSSSS-of-NNNNN; PREFIX is then a pattern
 * ("...-?????-of-00002"). */
#ifndef SM_CHECKPOINT_V1_CHECKPOINT_H_
#define SM_CHECKPOINT_V1_CHECKPOINT_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "checkpoint/slice.h"
#include "tensorflow/c/tf_tensor.h"

typedef struct V1Reader V1Reader;

typedef struct V1Entry {
  Span name;
  TF_DataType dtype;
  int rank;
  const int64_t *dims; /* the full shape */
  size_t slice_count;  /* at least 1 */
  const TensorSlice *slices;
} V1Entry;

/* `pattern` is a file name, in whose last part *, ? and [] stand for others, as in the shell. TF_NOT_FOUND
 * "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for PATTERN". */
TF_Code v1_reader_open(V1Reader **reader, const char *pattern, TF_Status *st);
void v1_reader_free(V1Reader *reader);
/* In the order of the names. */
size_t v1_reader_entry_count(const V1Reader *reader);
const V1Entry *v1_reader_entry_at(const V1Reader *reader, size_t i);
const V1Entry *v1_reader_find(const V1Reader *reader, Span name);
/* The tensor, whole (`slice` null) or a slice of it, from any slicing. New and the caller's. Thread-safe. */
TF_Code v1_reader_read(const V1Reader *reader, const V1Entry *entry, const TensorSlice *slice,
                       TF_Tensor **tensor, TF_Status *st);

typedef struct V1Writer V1Writer;

/* Nothing is written before v1_writer_finish. */
TF_Code v1_writer_open(V1Writer **writer, const char *path, bool no_sync, TF_Status *st);
/* A tensor, or (`slice` not null) a slice of one with the full shape `dims`. The elements are copied.
 * TF_UNIMPLEMENTED "Saving data type bfloat16 not yet supported" and so on for the types V1 has no room for.
 */
TF_Code v1_writer_add(V1Writer *writer, Span name, const int64_t *dims, int rank, const TensorSlice *slice,
                      const TF_Tensor *tensor, TF_Status *st);
/* Replaces the file at once. */
TF_Code v1_writer_finish(V1Writer *writer, TF_Status *st);
void v1_writer_free(V1Writer *writer);

#endif
