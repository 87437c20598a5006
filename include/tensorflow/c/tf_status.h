/* Errors: a code and a message. Part of the TensorFlow C API.
 *
 * The codes are gRPC's. A TF_Status belongs to one thread at a time. */
#ifndef TENSORFLOW_C_TF_STATUS_H_
#define TENSORFLOW_C_TF_STATUS_H_

#include "tensorflow/c/c_api_macros.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TF_Status TF_Status;

typedef enum TF_Code {
  TF_OK = 0,
  TF_CANCELLED = 1,
  TF_UNKNOWN = 2,
  TF_INVALID_ARGUMENT = 3,
  TF_DEADLINE_EXCEEDED = 4,
  TF_NOT_FOUND = 5,
  TF_ALREADY_EXISTS = 6,
  TF_PERMISSION_DENIED = 7,
  TF_RESOURCE_EXHAUSTED = 8,
  TF_FAILED_PRECONDITION = 9,
  TF_ABORTED = 10,
  TF_OUT_OF_RANGE = 11,
  TF_UNIMPLEMENTED = 12,
  TF_INTERNAL = 13,
  TF_UNAVAILABLE = 14,
  TF_DATA_LOSS = 15,
  TF_UNAUTHENTICATED = 16,
} TF_Code;

/* A new status that says TF_OK; null only when memory is out. The caller deletes it. */
TF_CAPI_EXPORT extern TF_Status *TF_NewStatus(void);
/* Frees a status; null is allowed. */
TF_CAPI_EXPORT extern void TF_DeleteStatus(TF_Status *status);
/* Sets code and message (copied); with TF_OK the message and all payloads are dropped. */
TF_CAPI_EXPORT extern void TF_SetStatus(TF_Status *status, TF_Code code, const char *msg);
/* Attaches a key and a value (copied) to a status that is not TF_OK; does nothing to one that is. */
TF_CAPI_EXPORT extern void TF_SetPayload(TF_Status *status, const char *key, const char *value);

typedef void (*TF_PayloadVisitor)(const char *key, const char *value, void *capture);
/* Calls `visitor` for each payload. */
TF_CAPI_EXPORT extern void TF_ForEachPayload(const TF_Status *status, TF_PayloadVisitor visitor,
                                             void *capture);
/* Sets the code that stands for the errno value `error_code`; the message is `context` and the errno's text. */
TF_CAPI_EXPORT extern void TF_SetStatusFromIOError(TF_Status *status, int error_code, const char *context);

TF_CAPI_EXPORT extern TF_Code TF_GetCode(const TF_Status *status);
/* The message, "" for TF_OK. Owned by the status; valid until it is set again or deleted. */
TF_CAPI_EXPORT extern const char *TF_Message(const TF_Status *status);

#ifdef __cplusplus
}
#endif
#endif
