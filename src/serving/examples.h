/* Classify and Regress: tf.Examples in, classes or values out. Feeds and results are the same for gRPC
 * and REST; the answers differ. */
#ifndef SM_SERVING_EXAMPLES_H_
#define SM_SERVING_EXAMPLES_H_

#include "serving/request.h"
#include "serving/request_decode.h"
#include "wire/json.h"

/* ClassificationRequest and RegressionRequest over gRPC. */
extern const RequestKind classify_kind, regress_kind;

/* With r->spec set: finds version and signature, checks it, and feeds the serialized examples. With
 * `with_context` each is the context followed by the example, which protobuf reads as merged. */
TF_Code prepare_examples(Request *r, bool classify, const Span *examples, size_t count, const Span *context,
                         TF_Status *st);

/* The serialized tf.Example of a JSON object {"feature": values}, in the arena. `list` and `features` are
 * scratch, kept between calls and cleared by the caller. */
TF_Code json_make_example(const JsonNode *object, Bytes *list, Bytes *features, Arena *arena, Span *out,
                          TF_Status *st);

/* After the run: the tensors, checked against the number of examples. Either is null when the signature has
 * none. */
typedef struct ClassifyResult {
  const TF_Tensor *classes, *scores; /* [rows, columns] */
  int64_t rows, columns;
} ClassifyResult;
TF_Code classify_result(const Request *r, ClassifyResult *out, TF_Status *st);
/* The values, one a row. */
TF_Code regress_result(const Request *r, const float **values, int64_t *rows, TF_Status *st);

#endif
