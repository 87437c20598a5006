/* layers: net */
/* Bytes of a gRPC connection. The first byte says in which pieces the others come and when the service
 * answers; the preface is put in front, so that inputs need not find it. */
#include <stdlib.h>

#include "net/grpc.h"

enum { KEPT_MAX = 8 };

typedef struct Service {
  int when; /* 0: at once, 1: later, 2: after the connection has gone */
  GrpcCall *kept[KEPT_MAX];
  int count;
} Service;

static void answer(GrpcCall *call) {
  Span message = grpc_call_message(call);
  Bytes out = {0};
  grpc_message_begin(&out);
  bytes_append(&out, message.data, message.size);
  if (message.size % 2) grpc_call_finish(call, TF_NOT_FOUND, "n\x80%", &out);
  else grpc_call_finish(call, TF_OK, NULL, &out);
}

static void handle(GrpcCall *call, void *arg) {
  Service *service = arg;
  if (service->when && service->count < KEPT_MAX) service->kept[service->count++] = call;
  else answer(call);
}

static void answer_kept(Service *service) {
  while (service->count) answer(service->kept[--service->count]);
}

static void wake(void *arg) { (void)arg; }

static const GrpcMethod methods[] = {{"/a", handle, NULL}};
static const GrpcService grpc = {methods, 1, 1 << 16};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (!size) return 0;
  Service service = {.when = data[0] % 3};
  size_t step = data[0] / 3 ? data[0] / 3 : size;
  GrpcConn *conn = grpc_conn_new(&grpc, &service, wake, NULL);
  if (!conn) return 0;
  Bytes out = {0};
  bool open = grpc_conn_receive(conn, (const uint8_t *)preface, sizeof preface - 1);
  for (size_t at = 1; at < size && open; at += step) {
    if (service.when == 1) answer_kept(&service);
    if (at / step == 3 && size % 5 == 0) grpc_conn_drain(conn);
    open = grpc_conn_receive(conn, data + at, size - at < step ? size - at : step);
    out.size = 0;
    open = grpc_conn_output(conn, &out) && grpc_conn_tick(conn, 0) && open;
  }
  grpc_conn_free(conn);
  answer_kept(&service);
  bytes_clear(&out);
  return 0;
}
