/* Predict: any signature, tensors in, tensors out. */
#ifndef SM_SERVING_PREDICT_H_
#define SM_SERVING_PREDICT_H_

#include "serving/request.h"

/* PredictRequest and PredictResponse over gRPC. */
extern const RequestKind predict_kind;

/* response.model_spec as field `number`: the name as asked, the version used, and the signature
 * (size 0: none). Shared by all answers. */
void put_model_spec(Bytes *out, uint32_t number, const Request *r, Span signature_name);

#endif
