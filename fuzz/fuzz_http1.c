/* layers: net */
/* Bytes of an HTTP/1 connection. The first byte says in which pieces the others come, and whether the
 * service answers at once, at the next piece, or never. */
#include <stdlib.h>

#include "net/http1.h"

typedef struct Service {
  int when; /* 0: at once, 1: later, 2: after the connection has gone */
  HttpRequest *kept;
} Service;

static void answer(HttpRequest *r) {
  Span origin = http_header(r, "origin");
  http_respond(
      r, &(HttpResponse){200, "text/plain", {r->body.data, r->body.size}, origin.data ? "X: y\r\n" : NULL});
}

static void handle(HttpRequest *r, void *arg) {
  Service *service = arg;
  if (service->when) service->kept = r;
  else answer(r);
}

static void wake(void *arg) { (void)arg; }

static void answer_kept(Service *service) {
  HttpRequest *r = service->kept;
  service->kept = NULL;
  if (r) answer(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  static const HttpService http = {handle, 1 << 20};
  Service service = {.when = data[0] % 3};
  size_t step = data[0] / 3 ? data[0] / 3 : size;
  HttpConn *conn = http_conn_new(&http, &service, wake, NULL);
  Bytes out = {0};
  bool open = conn != NULL;
  for (size_t at = 1; at < size && open; at += step) {
    if (service.when == 1) answer_kept(&service);
    if (http_conn_wants_input(conn)) http_conn_receive(conn, data + at, size - at < step ? size - at : step);
    out.size = 0;
    open = http_conn_output(conn, &out) && http_conn_tick(conn, 0);
  }
  if (conn && size % 2) http_conn_drain(conn);
  if (conn) http_conn_free(conn);
  answer_kept(&service);
  bytes_clear(&out);
  return 0;
}
