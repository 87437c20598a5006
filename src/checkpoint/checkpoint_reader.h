/* One reader for checkpoints of both formats, by prefix: V2 if PREFIX.index is there, else V1. What Restore,
 * RestoreV2, TF_CheckpointReader and the command line read with. Any number of threads may use one. */
#ifndef SM_CHECKPOINT_CHECKPOINT_READER_H_
#define SM_CHECKPOINT_CHECKPOINT_READER_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "checkpoint/slice.h"
#include "checkpoint/tensor_bundle.h"
#include "checkpoint/v1_checkpoint.h"
#include "tensorflow/c/tf_tensor.h"

typedef struct CheckpointReader CheckpointReader;

/* A tensor of the checkpoint; slices of partitioned ones are joined under their tensor. */
typedef struct CheckpointEntry {
  Span name; /* NUL-terminated */
  TF_DataType dtype;
  int rank;
  const int64_t *dims;
  size_t slice_count; /* 0: stored whole */
  const TensorSlice *slices;
} CheckpointEntry;

TF_Code checkpoint_reader_open(CheckpointReader **reader, const char *prefix, TF_Status *st);
/* Tensors read from it stay good. Null is allowed. */
void checkpoint_reader_free(CheckpointReader *reader);
/* 1 or 2. */
int checkpoint_reader_version(const CheckpointReader *reader);
/* The V2 reader inside; null for V1. */
const TensorBundle *checkpoint_reader_bundle(const CheckpointReader *reader);
/* In the order of the names. */
size_t checkpoint_reader_count(const CheckpointReader *reader);
const CheckpointEntry *checkpoint_reader_at(const CheckpointReader *reader, size_t i);
const CheckpointEntry *checkpoint_reader_find(const CheckpointReader *reader, Span name);

/* What one output of a restore op asks for. */
typedef struct CheckpointRead {
  Span name;
  Span spec;         /* shape_and_slice; empty: the whole tensor */
  TF_DataType dtype; /* 0: any */
  TF_Tensor *tensor; /* out: new and the caller's (see tensor_bundle_read about views of the file) */
} CheckpointRead;

/* All or nothing; in parallel. TF_NOT_FOUND "Key x not found in checkpoint", TF_INVALID_ARGUMENT "tensor_name
 * = x; expected dtype int32 does not equal original dtype float", ... */
TF_Code checkpoint_reader_read_all(const CheckpointReader *reader, CheckpointRead *reads, size_t count,
                                   TF_Status *st);
/* One tensor; `spec` may be empty. */
TF_Code checkpoint_reader_read(const CheckpointReader *reader, Span name, Span spec, TF_Tensor **tensor,
                               TF_Status *st);
/* Whether PREFIX names a checkpoint of either format. */
bool checkpoint_exists(const char *prefix);

#endif
