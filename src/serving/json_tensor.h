/* Between the JSON of REST predict requests and TF_Tensor; error texts are TensorFlow Serving's. */
#ifndef SM_SERVING_JSON_TENSOR_H_
#define SM_SERVING_JSON_TENSOR_H_

#include <stdbool.h>

#include "base/arena.h"
#include "tensorflow/c/tf_tensor.h"
#include "wire/json.h"

/* How much of a value an error message shows. */
enum { JSON_DUMP_MAX = 256 };
/* The value for an error message, in the arena. */
const char *json_dump_text(const JsonNode *v, Arena *arena);

/* {"b64": "..."}: a string, not an object. */
bool json_is_base64(const JsonNode *v);
/* The bytes of {"b64": ...} in the arena. */
TF_Code json_decode_base64(const JsonNode *v, Arena *arena, Span *out, TF_Status *st);

/* Builds one tensor from values given one by one, each of the same shape:
 *   JsonTensor t = {.dtype = TF_FLOAT, .batch = n};
 *   json_tensor_add(&t, value, ...) n times, then t.tensor is complete. */
typedef struct JsonTensor {
  int dtype;
  int64_t batch;     /* how many values; 0: one, without a batch dimension */
  TF_Tensor *tensor; /* made by the first value; the caller's to delete */
  int64_t dims[255]; /* the batch, then the shape of a value */
  int rank;          /* of a value */
  int64_t size;      /* elements of a value */
  int64_t filled;    /* elements so far */
} JsonTensor;

TF_Code json_tensor_add(JsonTensor *t, const JsonNode *value, Arena *arena, TF_Status *st);

/* Whether tensors of this type can be written as JSON. */
bool json_can_write(int dtype);
/* The whole tensor as nested lists; `as_base64`: strings as {"b64": ...}. */
void json_write_tensor(JsonWriter *w, const TF_Tensor *tensor, bool as_base64);
/* One row of the outermost dimension (0 <= row < it). */
void json_write_row(JsonWriter *w, const TF_Tensor *tensor, int64_t row, bool as_base64);

#endif
