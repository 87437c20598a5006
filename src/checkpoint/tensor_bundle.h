/* Reads V2 checkpoints (tensor bundles): PREFIX.index, a table of names to entries, and the data files
 * PREFIX.data-SSSSS-of-NNNNN in which the tensors' bytes stand back to back.
 *
 * Opening reads the whole index and maps the data files; a data file that is missing is only an error when
 * one of its tensors is read. After opening, a bundle never changes: any number of threads may read it. */
#ifndef SM_CHECKPOINT_TENSOR_BUNDLE_H_
#define SM_CHECKPOINT_TENSOR_BUNDLE_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "checkpoint/slice.h"
#include "tensorflow/c/tf_tensor.h"

typedef struct TensorBundle TensorBundle;

/* One tensor, or one slice of a partitioned one (its name is then a slice key, see slice.h). */
typedef struct BundleEntry {
  Span name;
  TF_DataType dtype;
  int rank;
  const int64_t *dims;
  int32_t shard;
  uint64_t offset, size;
  uint32_t crc;       /* masked */
  size_t slice_count; /* > 0: partitioned; then shard, offset, size and crc mean nothing */
  const TensorSlice *slices;
} BundleEntry;

TF_Code tensor_bundle_open(TensorBundle **bundle, const char *prefix, TF_Status *st);
/* Tensors read from it stay good. Null is allowed. */
void tensor_bundle_free(TensorBundle *bundle);

const char *tensor_bundle_prefix(const TensorBundle *bundle);
int tensor_bundle_shard_count(const TensorBundle *bundle);
/* All entries in the order of their names, slices included. */
size_t tensor_bundle_entry_count(const TensorBundle *bundle);
const BundleEntry *tensor_bundle_entry_at(const TensorBundle *bundle, size_t i);
/* Whether an entry is a slice of a partitioned tensor and not a tensor of its own. */
bool bundle_entry_is_slice(const BundleEntry *entry);
/* Null if there is none. */
const BundleEntry *tensor_bundle_find(const TensorBundle *bundle, Span name);

/* Reads a tensor, whole (`slice` null) or a slice of it, from any slicing it was stored with. Checksums of
 * all that is read are verified. The tensor is new and the caller's.
 *
 * A whole tensor of fixed-size elements is a view of the mapped file: nothing is copied. Its data stands on
 * the element's alignment (files that put it elsewhere are copied), not on 64 bytes. Its buffer is `readonly`
 * (tensor.h): whoever wants to write copies first, since other tensors may view the same bytes. Should
 * somebody write all the same, private pages take it: the file never changes. */
TF_Code tensor_bundle_read(const TensorBundle *bundle, const BundleEntry *entry, const TensorSlice *slice,
                           TF_Tensor **tensor, TF_Status *st);

typedef struct BundleRead {
  const BundleEntry *entry;
  const TensorSlice *slice; /* null: whole */
  TF_Tensor *tensor;        /* out */
} BundleRead;

/* Reads many at once: checksums in parallel over all of them and over the parts of large ones. All or
 * nothing: on an error no tensor is left. */
TF_Code tensor_bundle_read_all(const TensorBundle *bundle, BundleRead *reads, size_t count, TF_Status *st);
/* Verifies the checksum of every entry; stops at the first error, or goes on when `report` is not null: it is
 * called with each entry and its status. Returns the first error. */
TF_Code tensor_bundle_verify(const TensorBundle *bundle,
                             void (*report)(void *arg, const BundleEntry *entry, const TF_Status *st),
                             void *arg, TF_Status *st);

/* PREFIX.index and PREFIX.data-SSSSS-of-NNNNN; malloc'ed, null when memory is out. */
char *bundle_index_path(const char *prefix);
char *bundle_data_path(const char *prefix, int shard, int shard_count);

#endif
