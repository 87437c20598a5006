/* The URLs of the REST API, without sockets or models. */
#ifndef SM_SERVING_REST_ROUTE_H_
#define SM_SERVING_REST_ROUTE_H_

#include <stdbool.h>

#include "base/arena.h"
#include "net/http1.h"
#include "serving/request.h"

typedef enum RouteResult {
  ROUTE_OK,       /* *kind and *spec (its texts in the arena) */
  ROUTE_ERROR,    /* `st` says what to answer */
  ROUTE_OPTIONS,  /* a preflight request for the API */
  ROUTE_NOT_HERE, /* no path of the API */
} RouteResult;

/* `target` is the path as sent, with the query, which is part of what is matched. */
RouteResult rest_route(HttpMethod method, Span method_name, Span target, Arena *arena,
                       const RequestKind **kind, ModelSpec *spec, TF_Status *st);

#endif
