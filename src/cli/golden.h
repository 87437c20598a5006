/* Recorded requests with their answers: a TFRecord file of tensorflow.serving.PredictionLog messages (a
 * golden, or a warm-up file), and the tolerances in golden.json beside it. */
#ifndef SM_CLI_GOLDEN_H_
#define SM_CLI_GOLDEN_H_

#include <stdbool.h>
#include <stdint.h>

#include "cli/compare.h"
#include "cli/tags.h"
#include "wire/tfrecord.h"

typedef enum GoldenKind { GOLDEN_OTHER, GOLDEN_PREDICT, GOLDEN_CLASSIFY, GOLDEN_REGRESS } GoldenKind;

/* One record; spans point into the file. */
typedef struct GoldenCase {
  GoldenKind kind;
  uint32_t log_field;     /* the field number of the log in PredictionLog */
  Span request, response; /* serialized *Request and *Response */
  Span model, signature;  /* of the request's model_spec; the signature may be "" */
  int64_t version;        /* -1: none given */
  Span tags[TAGS_MAX];
  int num_tags;
} GoldenCase;

/* Reads the next case; *end is set when there is none. TF_DATA_LOSS for records that are no PredictionLog. */
TF_Code golden_next(TfrecordReader *reader, GoldenCase *out, bool *end, TF_Status *st);

/* The first Predict request of a signature. TF_NOT_FOUND when there is none. */
TF_Code golden_find(TfrecordReader *reader, const char *signature, GoldenCase *out, TF_Status *st);

/* "rtol" and "atol" of golden.json in the folder of `golden_path`; what is not there stays as it is. */
TF_Code golden_tolerance(const char *golden_path, Tolerance *tolerance, TF_Status *st);

/* Compares two serialized responses of the case's kind. What differs is appended to `why`, "; " between. */
TF_Code golden_compare(GoldenKind kind, Span got, Span want, Tolerance tolerance, Difference *difference,
                       Bytes *why, bool *agree, TF_Status *st);

#endif
