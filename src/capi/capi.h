/* What the files of the C API share. */
#ifndef SM_CAPI_CAPI_H_
#define SM_CAPI_CAPI_H_

#include <string.h>

#include "base/bytes.h"
#include "base/status_impl.h"
#include "graph/graph.h"
#include "session/session.h"
#include "tensorflow/c/c_api.h"
#include "wire/proto_message.h"

/* The release of TensorFlow whose API and op registry this is. */
#define TENSORFLOW_VERSION "2.15.1"

struct TF_SessionOptions {
  SessionConfig config;
  bool foreign_target; /* TF_SetTarget was given another one than "" */
};

struct TF_Session {
  Session *session;
  TF_Graph *graph; /* referred to until the session goes */
};

/* Functions of the API begin with a status that says TF_OK. */
static inline void status_reset(TF_Status *st) {
  if (st->code) status_clear(st);
}

/* Hands the bytes over to a buffer that has none; `bytes` is empty afterwards, also after an error. */
TF_Code buffer_take_bytes(TF_Buffer *buffer, Bytes *bytes, TF_Status *st);
/* Serializes a message into a buffer that has no data yet. */
TF_Code buffer_take_message(TF_Buffer *buffer, const ProtobufCMessage *msg, TF_Status *st);

#endif
