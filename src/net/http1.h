/* HTTP/1.0 and HTTP/1.1, server side: bytes in, bytes out, no sockets.
 *
 *   connection bytes -> http_conn_receive -> handle(request)
 *                       http_respond      -> http_conn_output -> connection bytes
 *
 * One request at a time: what a client sends ahead waits. A handler may respond at once or later; until
 * then the request stays valid, also when the connection has gone. One thread. */
#ifndef SM_NET_HTTP1_H_
#define SM_NET_HTTP1_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

typedef struct HttpConn HttpConn;

typedef enum HttpMethod {
  HTTP_GET,
  HTTP_POST,
  HTTP_HEAD,
  HTTP_PUT,
  HTTP_DELETE,
  HTTP_OPTIONS,
  HTTP_PATCH,
  HTTP_OTHER
} HttpMethod;

enum { HTTP_HEADERS_MAX = 100 };

typedef struct HttpHeader {
  Span name, value; /* without blanks around */
} HttpHeader;

typedef struct HttpRequest {
  HttpConn *conn; /* null when the connection has gone */
  HttpMethod method;
  Span method_name;
  Span target; /* as sent, with the query */
  HttpHeader headers[HTTP_HEADERS_MAX];
  size_t header_count;
  Bytes body;       /* whole and inflated */
  atomic_bool gone; /* nobody waits for the response any more. From any thread. */
  /* the connection's own: */
  Bytes head;
  bool keep_alive, http10, gzip, bad_gzip;
} HttpRequest;

typedef struct HttpResponse {
  int status;
  const char *content_type; /* null: none */
  Span body;
  const char *extra_headers; /* lines that end in \r\n; null: none */
} HttpResponse;

typedef struct HttpService {
  void (*handle)(HttpRequest *request, void *arg);
  size_t max_body; /* bytes of a body as sent; an inflated one is at most HTTP_INFLATED_MAX */
} HttpService;

enum { HTTP_INFLATED_MAX = 100 << 20 };

/* As the functions of grpc.h. */
HttpConn *http_conn_new(const HttpService *service, void *arg, void (*wake)(void *wake_arg), void *wake_arg);
void http_conn_free(HttpConn *conn);
bool http_conn_receive(HttpConn *conn, const uint8_t *data, size_t size);
bool http_conn_output(HttpConn *conn, Bytes *out);
bool http_conn_wants_input(HttpConn *conn);
void http_conn_drain(HttpConn *conn);
bool http_conn_tick(HttpConn *conn, int64_t now_ms);

/* The value of the first header of that name (any case); data null when there is none. */
Span http_header(const HttpRequest *request, const char *name);
/* Answers, once; frees the request. */
void http_respond(HttpRequest *request, const HttpResponse *response);

#endif
