/* The server's gRPC methods: a table of rows, and the way from a call to a Request and back. */
#ifndef SM_SERVING_GRPC_API_H_
#define SM_SERVING_GRPC_API_H_

#include "net/loop.h"
#include "serving/request.h"

/* For loop_group_listen; its `arg` is a RequestContext. */
extern const ConnProtocol grpc_protocol;

#endif
