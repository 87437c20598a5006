/* What clients can ask about models: GetModelMetadata and GetModelStatus, over gRPC and REST. */
#ifndef SM_SERVING_MODEL_INFO_H_
#define SM_SERVING_MODEL_INFO_H_

#include "serving/request.h"

extern const RequestKind metadata_kind, status_kind;           /* gRPC */
extern const RequestKind rest_metadata_kind, rest_status_kind; /* REST; r->spec comes from the URL */

#endif
