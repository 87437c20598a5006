/* A loaded version of a model: a session and what its signatures say. Immutable after the load, so
 * any number of requests may use it at the same time. Uses only the public C API. */
#ifndef SM_SERVING_BUNDLE_H_
#define SM_SERVING_BUNDLE_H_

#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/map.h"
#include "tensorflow/c/c_api.h"

/* One input or output of a signature. */
typedef struct SignatureTensor {
  const char *alias; /* NUL-terminated; alias_len for aliases with NULs */
  size_t alias_len;
  const char *tensor_name; /* "x:0" */
  TF_Output output;        /* oper is null when the graph has no such tensor */
  int dtype;               /* of the graph's tensor, or as the signature says */
  TF_Tensor *fallback;     /* SignatureDef.defaults; null: must be given */
  int echo;                /* of an output: the index of the input that is the same tensor, else -1 */
} SignatureTensor;

typedef struct Signature {
  const char *name;
  size_t name_len;
  const char *method_name;
  SignatureTensor *inputs, *outputs; /* sorted by alias */
  size_t input_count, output_count;
  Map input_by_alias, output_by_alias; /* to SignatureTensor */
  bool has_fallbacks;
  bool has_echoes; /* some output is an input */
  Span proto;      /* the serialized SignatureDef, as stored in the model */
  /* How long a run takes, a moving average in microseconds; 0: none measured. */
  _Atomic uint32_t run_us;
} Signature;

typedef struct Bundle {
  Arena arena;
  TF_Graph *graph;
  TF_Session *session;
  Signature *signatures; /* sorted by name */
  size_t signature_count;
  Map by_name;
  Span *entries; /* the map entries of signature_def, as stored; entry_count of them */
  size_t entry_count;
} Bundle;

typedef struct BundleOptions {
  const char *const *tags;
  int tag_count;
  const void *config; /* serialized ConfigProto */
  size_t config_size;
} BundleOptions;

/* Loads DIR; null with `st` set on failure. */
Bundle *bundle_load(const char *dir, const BundleOptions *options, TF_Status *st);
/* Nothing may run in it any more. */
void bundle_free(Bundle *bundle);

/* The signature of that name, or null. */
Signature *bundle_signature(const Bundle *bundle, const char *name, size_t len);
/* Notes how long a run took. */
void signature_add_run_time(Signature *signature, int64_t us);

#endif
