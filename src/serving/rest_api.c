#include "serving/rest_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http1.h"
#include "serving/rest_route.h"
#include "wire/json.h"

enum { BODY_MAX = 0x7fffffff }; /* no limit of its own in TensorFlow Serving; a gRPC message has this one */

typedef struct RestClient {
  HttpConn *http;
  Conn *conn;
  const RestService *service;
} RestClient;

/* ---- answers ---- */

static int status_of(TF_Code code) {
  static const short statuses[] = {
      [TF_OK] = 200,
      [TF_CANCELLED] = 499,
      [TF_UNKNOWN] = 500,
      [TF_INVALID_ARGUMENT] = 400,
      [TF_DEADLINE_EXCEEDED] = 504,
      [TF_NOT_FOUND] = 404,
      [TF_ALREADY_EXISTS] = 409,
      [TF_PERMISSION_DENIED] = 403,
      [TF_RESOURCE_EXHAUSTED] = 429,
      [TF_FAILED_PRECONDITION] = 400,
      [TF_ABORTED] = 409,
      [TF_OUT_OF_RANGE] = 400,
      [TF_UNIMPLEMENTED] = 501,
      [TF_INTERNAL] = 500,
      [TF_UNAVAILABLE] = 503,
      [TF_DATA_LOSS] = 500,
      [TF_UNAUTHENTICATED] = 401,
  };
  return (size_t)code < SM_COUNTOF(statuses) ? statuses[code] : 500;
}

static void respond_error(HttpRequest *http, const TF_Status *st) {
  Bytes body = {0};
  bytes_puts(&body, "{\n    \"error\": ");
  json_put_string(&body, TF_Message(st), strlen(TF_Message(st)));
  bytes_puts(&body, "\n}");
  Span text = body.failed ? (Span){"", 0} : (Span){body.data, body.size};
  http_respond(http, &(HttpResponse){status_of(TF_GetCode(st)), "application/json", text, NULL});
  bytes_clear(&body);
}

/* A path that is none of ours: the page that libevent's HTTP server makes. */
static void respond_not_found(HttpRequest *http) {
  static const char page[] =
      "<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n";
  http_respond(http, &(HttpResponse){404, "text/html", {page, sizeof page - 1}, NULL});
}

/* A preflight request of a browser. */
static void respond_options(HttpRequest *http) {
  Span origin = http_header(http, "origin");
  bool web = origin.data && (memmem(origin.data, origin.size, "http://", 7) ||
                             memmem(origin.data, origin.size, "https://", 8));
  http_respond(http, &(HttpResponse){web ? 200 : 400, NULL, {"", 0}, NULL});
}

/* ---- requests ---- */

static bool client_gone(const Request *r) { return atomic_load(&((HttpRequest *)r->transport)->gone); }

static void request_done(Request *r) {
  HttpRequest *http = r->transport;
  if (TF_GetCode(r->st)) respond_error(http, r->st);
  else http_respond(http, &(HttpResponse){200, "application/json", {r->answer.data, r->answer.size}, NULL});
  request_free(r);
}

static void handle(HttpRequest *http, void *arg) {
  const RestClient *client = arg;
  const RestService *service = client->service;
  Request *r = request_new(service->context, NULL, conn_loop(client->conn));
  if (!r) {
    http_respond(http, &(HttpResponse){503, NULL, {"", 0}, NULL});
    return;
  }
  r->transport = http;
  r->done = request_done;
  r->cancelled = client_gone;
  r->body = (Span){http->body.data, http->body.size};
  if (service->timeout_ms > 0) r->deadline_us = clock_now_us() + (int64_t)service->timeout_ms * 1000;
  switch (rest_route(http->method, http->method_name, http->target, &r->arena, &r->kind, &r->spec, r->st)) {
    case ROUTE_OK: request_start(r); return;
    case ROUTE_ERROR: request_done(r); return;
    case ROUTE_OPTIONS: respond_options(http); break;
    case ROUTE_NOT_HERE: respond_not_found(http); break;
  }
  request_free(r);
}

static const HttpService http_service = {handle, BODY_MAX};

/* ---- connections ---- */

static void wake(void *arg) { conn_wake(arg); }

static void *client_open(Conn *conn, void *arg) {
  RestClient *client = calloc(1, sizeof *client);
  if (!client) return NULL;
  client->conn = conn;
  client->service = arg;
  client->http = http_conn_new(&http_service, client, wake, conn);
  if (client->http) return client;
  free(client);
  return NULL;
}

static bool client_receive(void *state, const uint8_t *data, size_t size) {
  return http_conn_receive(((RestClient *)state)->http, data, size);
}
static bool client_output(void *state, Bytes *out) {
  return http_conn_output(((RestClient *)state)->http, out);
}
static bool client_wants_input(void *state) { return http_conn_wants_input(((RestClient *)state)->http); }
static bool client_tick(void *state, int64_t now_ms) {
  return http_conn_tick(((RestClient *)state)->http, now_ms);
}
static void client_drain(void *state) { http_conn_drain(((RestClient *)state)->http); }
static void client_close(void *state) {
  http_conn_free(((RestClient *)state)->http);
  free(state);
}

const ConnProtocol rest_protocol = {client_open, client_receive, client_output, client_wants_input,
                                    client_tick, client_drain,   client_close};
