/* The inside of a TensorBundle, for tensor_bundle.c and tensor_bundle_read.c. */
#ifndef SM_CHECKPOINT_TENSOR_BUNDLE_IMPL_H_
#define SM_CHECKPOINT_TENSOR_BUNDLE_IMPL_H_

#include "base/arena.h"
#include "base/files.h"
#include "checkpoint/tensor_bundle.h"

/* A data file that some entry refers to; others have neither map nor error. */
typedef struct BundleShard {
  FileMap *map;
  TF_Code code; /* why it could not be mapped */
  const char *error;
} BundleShard;

struct TensorBundle {
  Arena arena; /* names, shapes, slices */
  char *prefix;
  int shard_count;
  bool swap; /* numbers in the data files are big-endian */
  BundleEntry *entries;
  size_t count;
  BundleShard *shards;
  int shard_table_size;
};

#endif
