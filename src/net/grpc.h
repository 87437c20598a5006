/* gRPC over HTTP/2, server side: bytes in, bytes out, no sockets.
 *
 *   connection bytes -> grpc_conn_receive -> a method's handler(call)
 *                       grpc_call_finish  -> grpc_conn_output -> connection bytes
 *
 * Unary calls only. A handler may finish its call at once or later; until then the request's bytes
 * stay valid, also when the client or the whole connection has gone. A connection and its calls
 * belong to one thread; only grpc_call_cancelled may be asked from others. */
#ifndef SM_NET_GRPC_H_
#define SM_NET_GRPC_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tensorflow/c/tf_status.h"

typedef struct GrpcConn GrpcConn;
typedef struct GrpcCall GrpcCall;

/* A row of the method table. */
typedef struct GrpcMethod {
  const char *path; /* "/package.Service/Method" */
  void (*handle)(GrpcCall *call, void *arg);
  const void *row; /* the handler's own data: grpc_call_row */
} GrpcMethod;

typedef struct GrpcService {
  const GrpcMethod *methods;
  size_t method_count;
  size_t max_message; /* bytes of a request, after decompression too */
} GrpcService;

/* A connection; null when memory is out. `arg` goes to the handlers. `wake(wake_arg)` is called when
 * there is new output. `service` must outlive it. */
GrpcConn *grpc_conn_new(const GrpcService *service, void *arg, void (*wake)(void *wake_arg), void *wake_arg);
/* Calls still running are cancelled; they free themselves when they finish. */
void grpc_conn_free(GrpcConn *conn);
/* False: this is no HTTP/2, or memory is out; close after sending the output. */
bool grpc_conn_receive(GrpcConn *conn, const uint8_t *data, size_t size);
/* Appends to `out`. False: nothing will follow. */
bool grpc_conn_output(GrpcConn *conn, Bytes *out);
/* Tells the client to go elsewhere (GOAWAY); calls it has sent are still answered. */
void grpc_conn_drain(GrpcConn *conn);
/* About once a second. False: this connection never said anything useful and can be closed. */
bool grpc_conn_tick(GrpcConn *conn, int64_t now_ms);

/* The request's message. Owned by the call. */
Span grpc_call_message(const GrpcCall *call);
const void *grpc_call_row(const GrpcCall *call);
/* When the client stops waiting, by clock_now_us(); INT64_MAX: never. */
int64_t grpc_call_deadline_us(const GrpcCall *call);
/* Whether nobody waits for the answer any more. From any thread. */
bool grpc_call_cancelled(const GrpcCall *call);
/* Room for the frame's head; a handler calls it before it appends its answer. */
void grpc_message_begin(Bytes *message);
/* Ends the call, once. With TF_OK, `message` (grpc_message_begin, then the answer) is sent and taken; else
 * the code and `text` (cut at GRPC_TEXT_MAX bytes); `message` is then freed. */
void grpc_call_finish(GrpcCall *call, TF_Code code, const char *text, Bytes *message);

enum { GRPC_TEXT_MAX = 1024, GRPC_HEAD_BYTES = 5 /* flag and length before each message */ };

#endif
