/* NumPy's .npy and .npz files.
 *
 * Read: versions 1 to 3, little- and big-endian numbers, Fortran order (turned into C order), bool,
 * (u)int8..64, float16/32/64, complex64/128, byte strings S and Unicode U (as UTF-8); in .npz stored and
 * deflated members, zip64 too; two-byte void (as which NumPy saves bfloat16) as TF_BFLOAT16. Refused:
 * object arrays (they are pickles), structured types.
 * Written: version 1, C order, members stored. bfloat16 is written as uint16 (NumPy has no such type). */
#ifndef SM_WIRE_NPY_H_
#define SM_WIRE_NPY_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "tensorflow/c/tf_datatype.h"

enum { NPY_MAX_RANK = 32 };

typedef struct NpyArray {
  TF_DataType dtype; /* TF_STRING: `strings` instead of `data` */
  int rank;
  int64_t shape[NPY_MAX_RANK];
  size_t count; /* elements */
  Span data;    /* C order, this machine's byte order, unaligned; may point into the file's bytes */
  const Span *strings;
} NpyArray;

typedef struct NpzMember {
  const char *name; /* without ".npy" */
  NpyArray array;
} NpzMember;

/* What the array needs beyond `file` is allocated in the arena; `file` must outlive it.
 * Errors: TF_INVALID_ARGUMENT "<what>: <reason>", TF_UNIMPLEMENTED for refused types. */
TF_Code npy_read(Span file, Arena *arena, NpyArray *out, const char *what, TF_Status *st);
/* All members ending in .npy, in the order of the archive. */
TF_Code npz_read(Span file, Arena *arena, NpzMember **out, size_t *count, const char *what, TF_Status *st);
/* Whether the bytes look like a .npz (zip) rather than a .npy file. */
bool npz_is(Span file);

/* Appends a whole .npy file. Strings are written as |S of the longest one, which loses trailing NULs,
 * so strings that end in NUL are an error. Quantized types are written as the integers they hold. */
TF_Code npy_write(const NpyArray *array, Bytes *out, TF_Status *st);

/* Writes an archive member by member: npz_add as often as needed, then npz_finish.
 * Sizes beyond 4 GiB are written as zip64. */
/* Starts as {.out = typedef struct NpzWriter {bytes}. npz_finish frees what it holds; after an error
 * bytes_clear(&w.directory) does. */
typedef struct NpzWriter {
  Bytes *out;
  Bytes directory;
  uint64_t members;
} NpzWriter;
TF_Code npz_add(NpzWriter *w, const char *name, const NpyArray *array, TF_Status *st);
TF_Code npz_finish(NpzWriter *w, TF_Status *st);

#endif
