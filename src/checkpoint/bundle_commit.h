/* The moment at which new data files become a checkpoint; see bundle_writer.h. */
#ifndef SM_CHECKPOINT_BUNDLE_COMMIT_H_
#define SM_CHECKPOINT_BUNDLE_COMMIT_H_

#include <stdbool.h>

#include "checkpoint/tensor_bundle.h"

typedef struct BundleCommit {
  const char *prefix;
  char *const *data; /* the data files, one a shard, whole and (with sync) on the disk, under any names */
  int shard_count;
  bool keep_data; /* give the files second names, the first ones stay (where the file system can) */
  const BundleEntry *entries; /* sorted by name */
  size_t entry_count;
  bool big_endian;
  bool sync;
} BundleCommit;

TF_Code bundle_commit(const BundleCommit *commit, TF_Status *st);

#endif
