/* POST /v1/models/...:predict, :classify and :regress. r->spec comes from the URL, r->body is the JSON. */
#ifndef SM_SERVING_REST_PREDICT_H_
#define SM_SERVING_REST_PREDICT_H_

#include "serving/request.h"

extern const RequestKind rest_predict_kind, rest_classify_kind, rest_regress_kind;

#endif
