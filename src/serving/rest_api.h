/* The HTTP/REST API: routes, and the way from an HTTP request to a Request and back. */
#ifndef SM_SERVING_REST_API_H_
#define SM_SERVING_REST_API_H_

#include "net/loop.h"
#include "serving/request.h"

typedef struct RestService {
  const RequestContext *context;
  int timeout_ms; /* of a run; <= 0: none */
} RestService;

/* For loop_group_listen; its `arg` is a RestService. */
extern const ConnProtocol rest_protocol;

#endif
