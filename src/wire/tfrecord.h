/* TFRecord files: records of bytes, each with the masked crc32c of its length and of its data.
 *
 *   offset 0   u64  length        offset 12            length bytes
 *          8   u32  crc of it     offset 12 + length   u32  crc of them
 */
#ifndef SM_WIRE_TFRECORD_H_
#define SM_WIRE_TFRECORD_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/files.h"

typedef struct TfrecordReader {
  Span file;      /* all of it */
  uint64_t at;    /* where the next record starts */
  FileMap *map;   /* null, or what tfrecord_close gives back */
  char *inflated; /* null, or what tfrecord_close frees */
} TfrecordReader;

typedef enum TfrecordCompression { TFRECORD_PLAIN, TFRECORD_GZIP, TFRECORD_ZLIB } TfrecordCompression;

/* Maps a file. NOT_FOUND and so on as TensorFlow words it. The reader is closed after an error. */
TF_Code tfrecord_open(TfrecordReader *reader, const char *path, TF_Status *st);
/* The same for a file compressed as a whole; refuses more than `limit` bytes of inflated data. */
TF_Code tfrecord_open_compressed(TfrecordReader *reader, const char *path, TfrecordCompression compression,
                                 size_t limit, TF_Status *st);
/* A reader over bytes that somebody else owns. */
static inline TfrecordReader tfrecord_of(Span file) { return (TfrecordReader){.file = file}; }
/* The next record, in place, valid until the reader is closed; *end is set instead when there are no
 * more. Errors, as TensorFlow words them: TF_DATA_LOSS "corrupted record at <offset>" and "truncated
 * record at <offset>' failed with Read less bytes than requested". A header that is cut off is an error
 * too, where TensorFlow takes it for the end of the file. */
TF_Code tfrecord_next(TfrecordReader *reader, Span *record, bool *end, TF_Status *st);
void tfrecord_close(TfrecordReader *reader);

/* Appends one record to `out` (check bytes_finish at the end). */
void tfrecord_append(Bytes *out, Span record);

#endif
