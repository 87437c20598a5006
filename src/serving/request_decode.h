/* The requests of the API, read in place from their wire form. Spans point into the request's bytes. */
#ifndef SM_SERVING_REQUEST_DECODE_H_
#define SM_SERVING_REQUEST_DECODE_H_

#include "serving/model_manager.h"

/* INTERNAL: the bytes are no such message. */
TF_Code decode_failed(TF_Status *st, const char *message_name);
/* A ModelSpec, merged into *spec (a message may come in pieces). False: malformed. */
bool decode_model_spec(Span bytes, ModelSpec *spec);

/* Of ClassificationRequest and RegressionRequest: { model_spec 1, input 2 }. */
typedef enum InputKind { INPUT_NONE, INPUT_EXAMPLES, INPUT_EXAMPLES_WITH_CONTEXT } InputKind;
typedef struct ExampleRequest {
  bool has_spec;
  ModelSpec spec;
  InputKind kind;
  Span *examples; /* serialized tf.Examples, in the arena */
  size_t example_count;
  Span context;
} ExampleRequest;
TF_Code decode_example_request(Span bytes, const char *message_name, Arena *arena, ExampleRequest *out,
                               TF_Status *st);

#endif
