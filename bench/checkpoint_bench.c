/* Times restoring and saving a checkpoint of 100 variables, 400 MB; bench/checkpoint.py runs it beside
 * TensorFlow.
 *
 *   checkpoint_bench restore PREFIX RUNS   open, verify all checksums, all tensors in hand
 *   checkpoint_bench touch PREFIX RUNS     the same, and one byte of every page read
 *   checkpoint_bench save PREFIX RUNS      no fsync
 *   checkpoint_bench sync PREFIX RUNS      with fsync of files and folder
 *
 * Prints the milliseconds of each run on a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/files.h"
#include "base/parallel.h"
#include "base/status_impl.h"
#include "checkpoint/bundle_writer.h"
#include "checkpoint/checkpoint_reader.h"
#include "checkpoint/checkpoint_state.h"
#include "tensor/tensor.h"

enum { VARIABLES = 100, PAGE = 4096 };
static const int64_t DIMS[] = {1000, 1000}; /* floats: 4 MB */

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static volatile unsigned char sink; /* so that reading is not optimised away */

static void touch(void *arg, int64_t begin, int64_t end) {
  const CheckpointRead *reads = arg;
  for (int64_t i = begin; i < end; i++) {
    const unsigned char *p = reads[i].tensor->data;
    for (size_t at = 0; at < TF_TensorByteSize(reads[i].tensor); at += PAGE) sink = p[at];
  }
}

static TF_Code restore(const char *prefix, bool touched, double *ms, TF_Status *st) {
  double start = now_ms();
  CheckpointReader *reader;
  TRY(checkpoint_reader_open(&reader, prefix, st));
  size_t count = checkpoint_reader_count(reader);
  CheckpointRead *reads = calloc(count + 1, sizeof *reads);
  for (size_t i = 0; i < count; i++) reads[i].name = checkpoint_reader_at(reader, i)->name;
  TF_Code code = checkpoint_reader_read_all(reader, reads, count, st);
  if (!code && touched) parallel_for(2, (int64_t)count, 1, touch, reads);
  *ms = now_ms() - start;
  for (size_t i = 0; i < count; i++) TF_DeleteTensor(reads[i].tensor);
  free(reads);
  checkpoint_reader_free(reader);
  return code;
}

static TF_Code save(const char *prefix, TF_Tensor *const *tensors, bool sync, double *ms, TF_Status *st) {
  BundleWriterOptions options = {.no_sync = !sync};
  BundleWriter *writer;
  double start = now_ms();
  TRY(bundle_writer_open(&writer, prefix, &options, st));
  TF_Code code = TF_OK;
  for (int i = 0; !code && i < VARIABLES; i++) {
    char name[32];
    int n = snprintf(name, sizeof name, "variable_%02d", i);
    code = bundle_writer_add(writer, (Span){name, (size_t)n}, tensors[i], st);
  }
  if (!code) code = bundle_writer_finish(writer, st);
  bundle_writer_free(writer);
  *ms = now_ms() - start;
  return code;
}

int main(int argc, char **argv) {
  TF_Status st = {0};
  double ms;
  if (argc != 4) return fprintf(stderr, "usage: checkpoint_bench restore|touch|save|sync PREFIX RUNS\n"), 2;
  bool saves = !strcmp(argv[1], "save") || !strcmp(argv[1], "sync");
  TF_Tensor *tensors[VARIABLES] = {0};
  for (int i = 0; saves && i < VARIABLES; i++) {
    tensors[i] = TF_AllocateTensor(TF_FLOAT, DIMS, 2, 4000000);
    if (!tensors[i]) return fprintf(stderr, "out of memory\n"), 2;
    for (int k = 0; k < 1000000; k++) ((float *)tensors[i]->data)[k] = (float)(i + k) * 0.25f;
  }
  for (int run = 0; run < atoi(argv[3]); run++) {
    /* Each save makes a new checkpoint, as a training run does. */
    if (saves && checkpoint_remove(argv[2], false, &st)) break;
    if (saves ? save(argv[2], tensors, !strcmp(argv[1], "sync"), &ms, &st)
              : restore(argv[2], !strcmp(argv[1], "touch"), &ms, &st))
      break;
    printf("%.2f\n", ms);
  }
  for (int i = 0; i < VARIABLES; i++) TF_DeleteTensor(tensors[i]);
  if (st.code) fprintf(stderr, "%s\n", st.message);
  return st.code ? 2 : 0;
}
