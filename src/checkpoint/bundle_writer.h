/* Writes V2 checkpoints, byte for byte as TensorFlow does, so that a crash at any moment leaves either the
 * checkpoint that was there before or the new one.
 *
 * Data goes to temporary names; the rename of PREFIX.index is the moment at which the new checkpoint replaces
 * the old. An old checkpoint under the same prefix has the same data file names, so for that moment the new
 * data bears names with another shard count (data-00000-of-00002), with an index that says so; then they get
 * their usual names and a second index. At each step the index that stands there has whole data files. */
#ifndef SM_CHECKPOINT_BUNDLE_WRITER_H_
#define SM_CHECKPOINT_BUNDLE_WRITER_H_

#include <stdbool.h>

#include "base/bytes.h"
#include "checkpoint/slice.h"
#include "tensorflow/c/tf_tensor.h"

typedef struct BundleWriter BundleWriter;

typedef struct BundleWriterOptions {
  bool no_sync; /* skip fsync: faster, and a power cut (not a crash of the process) may lose the checkpoint */
  int alignment; /* of each tensor's offset in the data file; 0 and 1: none, as TensorFlow */
} BundleWriterOptions;

/* Makes the folder of `prefix`. `options` may be null. */
TF_Code bundle_writer_open(BundleWriter **writer, const char *prefix, const BundleWriterOptions *options,
                           TF_Status *st);
/* Adds a tensor; data files keep the order of the calls. The writer holds a reference; the elements must not
 * change before bundle_writer_finish, which writes them. TF_INVALID_ARGUMENT for a name that was added
 * before, the empty name; TF_UNIMPLEMENTED for resource and variant tensors. */
TF_Code bundle_writer_add(BundleWriter *writer, Span name, const TF_Tensor *tensor, TF_Status *st);
/* Adds one slice of a partitioned tensor with the full shape `dims`. */
TF_Code bundle_writer_add_slice(BundleWriter *writer, Span name, const int64_t *dims, int rank,
                                const TensorSlice *slice, const TF_Tensor *tensor, TF_Status *st);
/* As bundle_writer_add for elements that are plain memory, which must live until bundle_writer_finish. Not
 * strings. */
TF_Code bundle_writer_add_raw(BundleWriter *writer, Span name, TF_DataType dtype, const int64_t *dims,
                              int rank, Span elements, TF_Status *st);
/* Writes everything and makes it the checkpoint of this prefix. After an error nothing of it is left. */
TF_Code bundle_writer_finish(BundleWriter *writer, TF_Status *st);
/* Also after bundle_writer_finish. Null is allowed. */
void bundle_writer_free(BundleWriter *writer);

/* MergeV2Checkpoints: joins bundles that were written apart (one for each device) into one: their data files
 * are renamed to shards of `merged_prefix`, in the order given; then their indexes are removed. Slices of one
 * tensor from several bundles are joined. With `allow_missing` prefixes without index are left out; with
 * `delete_old_dirs` their folders are removed if they have become empty. */
TF_Code bundle_merge(const char *const *prefixes, size_t count, const char *merged_prefix, bool allow_missing,
                     bool delete_old_dirs, const BundleWriterOptions *options, TF_Status *st);

#endif
