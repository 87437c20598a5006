/* A request's way:  HEAD -> [BODY | CHUNK_SIZE <-> CHUNK_DATA -> CHUNK_END ... TRAILERS] -> RUNNING -> HEAD
 *
 * What could be read in two ways is refused (RFC 9112, 11.2): both Content-Length and
 * Transfer-Encoding, lengths that differ, folded headers, blanks before a colon. */
#include "net/http1.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "net/inflate.h"

enum {
  HEAD_MAX = 64 << 10,         /* request line and headers; also a chunk's line and the trailers */
  FIRST_BODY_ROOM = 64 << 10,  /* a claimed length is believed up to here */
  AHEAD_MAX = 64 << 10,        /* what a client may send ahead */
  OUTPUT_HELD_MAX = 256 << 10, /* responses not taken yet; then no more requests are read */
  HEAD_MS = 30000,             /* from a request's first byte to the end of its headers */
  SILENT_MS = 120000,          /* between two pieces of a body */
  IDLE_MS = 600000,            /* between two requests */
};

typedef enum HttpState {
  STATE_HEAD,
  STATE_BODY,
  STATE_CHUNK_SIZE,
  STATE_CHUNK_DATA,
  STATE_CHUNK_END,
  STATE_TRAILERS,
  STATE_RUNNING,
  STATE_CLOSED, /* nothing is read any more */
} HttpState;

struct HttpConn {
  const HttpService *service;
  void *arg;
  void (*wake)(void *wake_arg);
  void *wake_arg;
  HttpState state;
  HttpRequest *request; /* from its headers on */
  Bytes in;             /* not yet used */
  size_t scanned;       /* of `in`: no end of the head up to here */
  uint64_t body_left;   /* of the body or the chunk */
  size_t trailer_size;
  Bytes out;
  int64_t began_ms, heard_ms;
  bool processing, draining, begun;
};

/* What is being read: first conn->in, else the caller's bytes in place. */
typedef struct Input {
  const char *at, *end;
} Input;

static size_t input_left(const Input *in) { return (size_t)(in->end - in->at); }

static void request_free(HttpRequest *r) {
  bytes_clear(&r->head);
  bytes_clear(&r->body);
  free(r);
}

/* ---- responses ---- */

static const char *reason_of(int status) {
  static const struct {
    int status;
    const char *reason;
  } reasons[] = {
      {200, "OK"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {409, "Conflict"},
      {413, "Request Entity Too Large"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {499, "Client Closed Request"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  };
  for (size_t i = 0; i < SM_COUNTOF(reasons); i++)
    if (reasons[i].status == status) return reasons[i].reason;
  return "Unknown";
}

static void put_response(HttpConn *conn, const HttpResponse *response, bool keep_alive, bool http10,
                         bool with_body) {
  Bytes *out = &conn->out;
  char date[64];
  time_t now = time(NULL);
  struct tm tm;
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
  bytes_printf(out, "HTTP/1.1 %d %s\r\n", response->status, reason_of(response->status));
  if (response->content_type) bytes_printf(out, "Content-Type: %s\r\n", response->content_type);
  bytes_printf(out, "Date: %s\r\nContent-Length: %zu\r\n", date, response->body.size);
  if (response->extra_headers) bytes_puts(out, response->extra_headers);
  if (!keep_alive) bytes_puts(out, "Connection: close\r\n");
  else if (http10) bytes_puts(out, "Connection: keep-alive\r\n");
  bytes_puts(out, "\r\n");
  if (with_body) bytes_append(out, response->body.data, response->body.size);
}

/* The request cannot be understood: answer and close. */
static bool refuse(HttpConn *conn, int status) {
  char body[256];
  const char *reason = reason_of(status);
  int len = snprintf(body, sizeof body,
                     "<HTML><HEAD>\n<TITLE>%d %s</TITLE>\n</HEAD><BODY>\n<H1>%s</H1>\n</BODY></HTML>\n",
                     status, reason, reason);
  put_response(conn, &(HttpResponse){status, "text/html", {body, (size_t)len}, NULL}, false, false, true);
  conn->state = STATE_CLOSED;
  return false;
}

static void process(HttpConn *conn, const char *data, size_t size);

void http_respond(HttpRequest *r, const HttpResponse *response) {
  HttpConn *conn = r->conn;
  if (conn) {
    bool keep_alive = r->keep_alive && !conn->draining;
    put_response(conn, response, keep_alive, r->http10, r->method != HTTP_HEAD);
    conn->request = NULL;
    conn->state = keep_alive ? STATE_HEAD : STATE_CLOSED;
    conn->heard_ms = clock_now_ms();
    conn->begun = false;
  }
  request_free(r);
  if (!conn) return;
  if (conn->processing) return; /* whoever reads on sees to the output, too */
  process(conn, NULL, 0);       /* what was sent ahead */
  conn->wake(conn->wake_arg);
}

/* ---- the head ---- */

static Span trim(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t')) at++;
  while (end > at && (end[-1] == ' ' || end[-1] == '\t')) end--;
  return (Span){at, (size_t)(end - at)};
}

static bool is_token(Span text) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  const char *p = text.data;
  for (size_t i = 0; i < text.size; i++) {
    char c = p[i], low = (char)(c | 0x20);
    if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (c && strchr(others, c)))) return false;
  }
  return text.size > 0;
}

static bool span_is(Span text, const char *word) {
  return text.size == strlen(word) && !strncasecmp(text.data, word, text.size);
}

Span http_header(const HttpRequest *r, const char *name) {
  for (size_t i = 0; i < r->header_count; i++)
    if (span_is(r->headers[i].name, name)) return r->headers[i].value;
  return (Span){0};
}

/* Whether a comma-separated value has the word. */
static bool has_word(Span value, const char *word) {
  const char *at = value.data ? value.data : "", *end = at + value.size;
  while (at < end) {
    const char *comma = memchr(at, ',', (size_t)(end - at));
    if (!comma) comma = end;
    if (span_is(trim(at, comma), word)) return true;
    at = comma + (comma < end);
  }
  return false;
}

static HttpMethod method_of(Span name) {
  static const char *const names[] = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"};
  for (size_t i = 0; i < SM_COUNTOF(names); i++)
    if (name.size == strlen(names[i]) && !memcmp(name.data, names[i], name.size)) return (HttpMethod)i;
  return HTTP_OTHER;
}

/* "GET /path HTTP/1.1"; 0, or the status to refuse it with. */
static int parse_request_line(HttpRequest *r, const char *at, const char *end) {
  const char *space = memchr(at, ' ', (size_t)(end - at));
  if (!space) return 400;
  r->method_name = (Span){at, (size_t)(space - at)};
  at = space + 1;
  space = memchr(at, ' ', (size_t)(end - at));
  if (!space || !is_token(r->method_name)) return 400;
  r->target = (Span){at, (size_t)(space - at)};
  r->method = method_of(r->method_name);
  at = space + 1;
  if (end - at != 8 || memcmp(at, "HTTP/", 5) || at[6] != '.') return 400;
  if (at[5] != '1' || at[7] < '0' || at[7] > '9') return 505;
  r->http10 = at[7] == '0';
  for (const char *c = r->target.data; c < space; c++)
    if ((unsigned char)*c <= 0x20 || *c == 0x7f) return 400;
  return r->target.size ? 0 : 400;
}

static int parse_header(HttpRequest *r, const char *at, const char *end) {
  const char *colon = memchr(at, ':', (size_t)(end - at));
  if (!colon || r->header_count == HTTP_HEADERS_MAX) return colon ? 431 : 400;
  HttpHeader *h = &r->headers[r->header_count++];
  h->name = (Span){at, (size_t)(colon - at)};
  h->value = trim(colon + 1, end);
  for (const char *c = h->value.data, *e = c + h->value.size; c < e; c++)
    if ((unsigned char)*c < 0x20 && *c != '\t') return 400;
  return is_token(h->name) ? 0 : 400; /* a folded line starts with a blank, so it is none */
}

static int parse_head(HttpRequest *r) {
  const char *at = r->head.data, *end = at + r->head.size;
  for (bool first = true; at < end; first = false) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) return 400;
    const char *stop = newline > at && newline[-1] == '\r' ? newline - 1 : newline;
    if (stop == at && !first) return 0; /* the empty line */
    int status = first ? parse_request_line(r, at, stop) : parse_header(r, at, stop);
    if (status) return status;
    at = newline + 1;
  }
  return 0;
}

static bool parse_length(Span text, uint64_t *out) {
  const char *p = text.data;
  uint64_t v = 0;
  for (size_t i = 0; i < text.size; i++) {
    if (p[i] < '0' || p[i] > '9' || v > (UINT64_MAX - 9) / 10) return false;
    v = v * 10 + (uint64_t)(p[i] - '0');
  }
  *out = v;
  return text.size > 0;
}

typedef struct Framing {
  bool chunked, has_length;
  uint64_t length;
} Framing;

/* How the body ends; 0 or the status to refuse with. */
static int find_framing(const HttpRequest *r, Framing *f) {
  *f = (Framing){0};
  for (size_t i = 0; i < r->header_count; i++) {
    const HttpHeader *h = &r->headers[i];
    if (span_is(h->name, "content-length")) {
      uint64_t length;
      if (!parse_length(h->value, &length) || (f->has_length && length != f->length)) return 400;
      f->has_length = true;
      f->length = length;
    } else if (span_is(h->name, "transfer-encoding")) {
      if (f->chunked) return 400;
      if (!span_is(h->value, "chunked")) return 501;
      f->chunked = true;
    }
  }
  return f->chunked && (f->has_length || r->http10) ? 400 : 0;
}

static bool start_running(HttpConn *conn);

/* The headers are whole: what comes next? */
static bool begin_body(HttpConn *conn) {
  HttpRequest *r = conn->request;
  Framing framing;
  int status = parse_head(r);
  if (!status) status = find_framing(r, &framing);
  if (!status && r->method == HTTP_OTHER) status = 501;
  if (!status && framing.length > conn->service->max_body) status = 413;
  if (status) return refuse(conn, status);
  Span connection = http_header(r, "connection"), encoding = http_header(r, "content-encoding");
  r->keep_alive = r->http10 ? has_word(connection, "keep-alive") : !has_word(connection, "close");
  r->gzip = encoding.data && memmem(encoding.data, encoding.size, "gzip", 4);
  if (!framing.chunked && !framing.length) return start_running(conn);
  if (span_is(http_header(r, "expect"), "100-continue") && !r->http10)
    bytes_puts(&conn->out, "HTTP/1.1 100 Continue\r\n\r\n");
  conn->body_left = framing.length;
  if (!framing.chunked)
    bytes_reserve(&r->body, framing.length < FIRST_BODY_ROOM ? framing.length : FIRST_BODY_ROOM);
  conn->state = framing.chunked ? STATE_CHUNK_SIZE : STATE_BODY;
  conn->trailer_size = 0;
  return true;
}

/* The end of the head in [at, end), behind its empty line; null: not there yet. */
static const char *find_head_end(const char *at, const char *end, size_t from) {
  for (const char *p = at + from; p < end; p++) {
    p = memchr(p, '\n', (size_t)(end - p));
    if (!p) return NULL;
    const char *before = p > at && p[-1] == '\r' ? p - 1 : p;
    if (before > at && before[-1] == '\n') return p + 1;
  }
  return NULL;
}

static bool step_head(HttpConn *conn, Input *in) {
  while (!conn->scanned && in->at < in->end && (*in->at == '\r' || *in->at == '\n'))
    in->at++; /* RFC 9112, 2.2 */
  if (in->at == in->end) return false;
  if (!conn->begun) {
    conn->begun = true;
    conn->began_ms = clock_now_ms();
  }
  const char *end = find_head_end(in->at, in->end, conn->scanned);
  size_t size = end ? (size_t)(end - in->at) : input_left(in);
  if (size > HEAD_MAX) return refuse(conn, 431);
  if (!end) {
    conn->scanned = size > 3 ? size - 3 : 0;
    return false;
  }
  conn->scanned = 0;
  HttpRequest *r = conn->request = calloc(1, sizeof *r);
  if (!r) return refuse(conn, 503);
  r->conn = conn;
  bytes_append(&r->head, in->at, size);
  in->at = end;
  if (r->head.failed) return refuse(conn, 503);
  return begin_body(conn);
}

/* ---- the body ---- */

/* Moves body bytes; false: it does not fit. */
static bool take_body(HttpConn *conn, Input *in) {
  size_t n = input_left(in);
  if (n > conn->body_left) n = (size_t)conn->body_left;
  Bytes *body = &conn->request->body;
  if (n > conn->service->max_body - body->size) return refuse(conn, 413);
  bytes_append(body, in->at, n);
  if (body->failed) return refuse(conn, 503);
  in->at += n;
  conn->body_left -= n;
  return true;
}

static bool step_body(HttpConn *conn, Input *in) {
  if (in->at == in->end || !take_body(conn, in)) return false;
  return conn->body_left ? false : start_running(conn);
}

/* The next line without its end; false: not whole yet. */
static bool take_line(Input *in, Span *line) {
  const char *newline = memchr(in->at, '\n', input_left(in));
  if (!newline) return false;
  const char *stop = newline > in->at && newline[-1] == '\r' ? newline - 1 : newline;
  *line = (Span){in->at, (size_t)(stop - in->at)};
  in->at = newline + 1;
  return true;
}

/* Hexadecimal digits, then perhaps extensions behind ';'. */
static bool parse_chunk_size(Span line, uint64_t *out) {
  const char *p = line.data;
  uint64_t v = 0;
  size_t i = 0;
  for (; i < line.size && i < 16; i++) {
    char c = p[i], low = (char)(c | 0x20);
    if (c >= '0' && c <= '9') v = v << 4 | (uint64_t)(c - '0');
    else if (low >= 'a' && low <= 'f') v = v << 4 | (uint64_t)(low - 'a' + 10);
    else break;
  }
  *out = v;
  return i > 0 && (i == line.size || p[i] == ';' || p[i] == ' ' || p[i] == '\t');
}

static bool step_chunk_size(HttpConn *conn, Input *in) {
  Span line;
  if (!take_line(in, &line)) return input_left(in) > HEAD_MAX ? refuse(conn, 400) : false;
  if (!parse_chunk_size(line, &conn->body_left)) return refuse(conn, 400);
  conn->state = conn->body_left ? STATE_CHUNK_DATA : STATE_TRAILERS;
  return true;
}

static bool step_chunk_data(HttpConn *conn, Input *in) {
  if (in->at == in->end || !take_body(conn, in)) return false;
  if (!conn->body_left) conn->state = STATE_CHUNK_END;
  return true;
}

static bool step_chunk_end(HttpConn *conn, Input *in) {
  Span line;
  if (!take_line(in, &line)) return input_left(in) > 2 ? refuse(conn, 400) : false;
  if (line.size) return refuse(conn, 400);
  conn->state = STATE_CHUNK_SIZE;
  return true;
}

static bool step_trailers(HttpConn *conn, Input *in) {
  Span line;
  if (!take_line(in, &line)) return input_left(in) > HEAD_MAX ? refuse(conn, 431) : false;
  if (!line.size) return start_running(conn);
  conn->trailer_size += line.size;
  return conn->trailer_size > HEAD_MAX ? refuse(conn, 431) : true;
}

/* The request is whole. */
static bool start_running(HttpConn *conn) {
  HttpRequest *r = conn->request;
  if (r->gzip) {
    Bytes plain = {0};
    Span packed = {r->body.data, r->body.size};
    if (inflate_all(packed, INFLATE_GZIP, HTTP_INFLATED_MAX, &plain))
      bytes_clear(&plain); /* TF: an empty body */
    bytes_clear(&r->body);
    r->body = plain;
  }
  conn->state = STATE_RUNNING;
  conn->service->handle(r, conn->arg);
  return true;
}

/* ---- the connection ---- */

static bool step(HttpConn *conn, Input *in) {
  if (conn->out.size > OUTPUT_HELD_MAX) return false;
  switch (conn->state) {
    case STATE_HEAD: return step_head(conn, in);
    case STATE_BODY: return step_body(conn, in);
    case STATE_CHUNK_SIZE: return step_chunk_size(conn, in);
    case STATE_CHUNK_DATA: return step_chunk_data(conn, in);
    case STATE_CHUNK_END: return step_chunk_end(conn, in);
    case STATE_TRAILERS: return step_trailers(conn, in);
    default: return false;
  }
}

/* Reads on: what waits in conn->in and `data` behind it. */
static void process(HttpConn *conn, const char *data, size_t size) {
  bool held = conn->in.size > 0;
  if (!data) data = "";
  if (held && size) bytes_append(&conn->in, data, size);
  Input in = held ? (Input){conn->in.data, conn->in.data + conn->in.size} : (Input){data, data + size};
  conn->processing = true;
  while (step(conn, &in)) continue;
  conn->processing = false;
  size_t left = conn->state == STATE_CLOSED ? 0 : input_left(&in);
  if (!held) {
    if (left) bytes_append(&conn->in, in.at, left);
  } else if (left) {
    memmove(conn->in.data, in.at, left);
    conn->in.size = left;
  } else {
    bytes_clear(&conn->in);
  }
  if (conn->in.failed) conn->state = STATE_CLOSED;
  if (conn->state == STATE_HEAD && conn->draining && !conn->in.size) conn->state = STATE_CLOSED;
}

HttpConn *http_conn_new(const HttpService *service, void *arg, void (*wake)(void *wake_arg), void *wake_arg) {
  HttpConn *conn = calloc(1, sizeof *conn);
  if (!conn) return NULL;
  *conn = (HttpConn){.service = service, .arg = arg, .wake = wake, .wake_arg = wake_arg};
  conn->began_ms = conn->heard_ms = clock_now_ms();
  return conn;
}

void http_conn_free(HttpConn *conn) {
  if (conn->request && conn->state == STATE_RUNNING) {
    atomic_store(&conn->request->gone, true);
    conn->request->conn = NULL;
  } else if (conn->request) {
    request_free(conn->request);
  }
  bytes_clear(&conn->in);
  bytes_clear(&conn->out);
  free(conn);
}

bool http_conn_receive(HttpConn *conn, const uint8_t *data, size_t size) {
  if (conn->state == STATE_CLOSED) return true;
  conn->heard_ms = clock_now_ms();
  process(conn, (const char *)data, size);
  return true;
}

bool http_conn_output(HttpConn *conn, Bytes *out) {
  bool resume = conn->out.size > OUTPUT_HELD_MAX;
  if (conn->out.failed) return false;
  bytes_append(out, conn->out.data, conn->out.size);
  bytes_clear(&conn->out);
  if (resume && conn->in.size) process(conn, NULL, 0);
  return conn->state != STATE_CLOSED || conn->out.size;
}

bool http_conn_wants_input(HttpConn *conn) {
  if (conn->out.size > OUTPUT_HELD_MAX) return false;
  return conn->state == STATE_RUNNING ? conn->in.size < AHEAD_MAX : conn->state != STATE_CLOSED;
}

void http_conn_drain(HttpConn *conn) {
  conn->draining = true;
  if (conn->state == STATE_HEAD && !conn->in.size) conn->state = STATE_CLOSED;
}

bool http_conn_tick(HttpConn *conn, int64_t now_ms) {
  if (conn->state == STATE_RUNNING) return true;
  if (conn->state == STATE_HEAD && !conn->begun) return now_ms - conn->heard_ms < IDLE_MS;
  if (conn->state == STATE_HEAD) return now_ms - conn->began_ms < HEAD_MS;
  return now_ms - conn->heard_ms < SILENT_MS;
}
