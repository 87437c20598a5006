/* TF_CheckpointReader of the experimental C API, on checkpoint/checkpoint_reader.h. */
#include <stdlib.h>

#include "capi/capi.h"
#include "checkpoint/checkpoint_reader.h"
#include "tensorflow/c/c_api_experimental.h"

struct TF_CheckpointReader {
  CheckpointReader *reader;
};

static const CheckpointEntry *find(TF_CheckpointReader *r, const char *name) {
  return checkpoint_reader_find(r->reader, (Span){name, strlen(name)});
}

TF_CheckpointReader *TF_NewCheckpointReader(const char *filename, TF_Status *st) {
  status_reset(st);
  TF_CheckpointReader *r = calloc(1, sizeof *r);
  if (!r) fail_oom(st, "a checkpoint reader");
  else if (checkpoint_reader_open(&r->reader, filename, st)) {
    free(r);
    r = NULL;
  }
  return r;
}

void TF_DeleteCheckpointReader(TF_CheckpointReader *r) {
  if (!r) return;
  checkpoint_reader_free(r->reader);
  free(r);
}

int TF_CheckpointReaderHasTensor(TF_CheckpointReader *r, const char *name) { return find(r, name) != NULL; }
int TF_CheckpointReaderSize(TF_CheckpointReader *r) { return (int)checkpoint_reader_count(r->reader); }

const char *TF_CheckpointReaderGetVariable(TF_CheckpointReader *r, int index) {
  if (index < 0 || index >= TF_CheckpointReaderSize(r)) return NULL;
  return checkpoint_reader_at(r->reader, (size_t)index)->name.data;
}

TF_DataType TF_CheckpointReaderGetVariableDataType(TF_CheckpointReader *r, const char *name) {
  const CheckpointEntry *e = find(r, name);
  return e ? e->dtype : (TF_DataType)0;
}

int TF_CheckpointReaderGetVariableNumDims(TF_CheckpointReader *r, const char *name) {
  const CheckpointEntry *e = find(r, name);
  return e ? e->rank : -1;
}

void TF_CheckpointReaderGetVariableShape(TF_CheckpointReader *r, const char *name, int64_t *dims,
                                         int num_dims, TF_Status *st) {
  status_reset(st);
  const CheckpointEntry *e = find(r, name);
  if (!e) fail(st, TF_NOT_FOUND, "Key %s not found in checkpoint", name);
  else if (num_dims != e->rank)
    fail(st, TF_INVALID_ARGUMENT, "Expected rank is %d but actual rank is %d", num_dims, e->rank);
  else
    for (int i = 0; i < num_dims; i++) dims[i] = e->dims[i];
}

TF_Tensor *TF_CheckpointReaderGetTensor(TF_CheckpointReader *r, const char *name, TF_Status *st) {
  status_reset(st);
  TF_Tensor *tensor = NULL;
  return checkpoint_reader_read(r->reader, (Span){name, strlen(name)}, (Span){0}, &tensor, st) ? NULL
                                                                                               : tensor;
}
