/* The gRPC protocol (PROTOCOL-HTTP2.md of gRPC) on nghttp2.
 *
 *   request   HEADERS :method POST, :path /Service/Method, content-type application/grpc[+...],
 *             [grpc-timeout] [grpc-encoding]; DATA: u8 compressed, u32be length, message; END_STREAM
 *   answer    HEADERS :status 200, content-type; DATA as above; HEADERS grpc-status [grpc-message]
 *   failure   one HEADERS with all of it
 *
 * Windows are large: a tensor of some megabytes should arrive without waiting for WINDOW_UPDATEs. */
#include "net/grpc.h"

#include <nghttp2/nghttp2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "net/inflate.h"

enum {
  FRAME_HEAD = 5,          /* compressed flag and length before each message */
  STREAM_WINDOW = 4 << 20, /* bytes of one request under way */
  CONN_WINDOW = 16 << 20,  /* of all requests of a connection */
  MAX_STREAMS = 1000,      /* calls of one connection at a time; nghttp2's own idea of plenty is 100 */
  MAX_HEADER_LIST = 64 << 10,
  FIRST_MESSAGE_ROOM = 64 << 10, /* a message's claimed length is believed up to here */
  OUTPUT_CHUNK = 64 << 10,
  SILENT_MS = 20000, /* a connection that has not finished its preface by then is closed */
  GOAWAY_MS = 500,   /* how long after the warning new calls are still taken */
  TIMEOUT_DIGITS = 8,
};

typedef enum Encoding { ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_DEFLATE, ENCODING_OTHER } Encoding;

struct GrpcCall {
  GrpcConn *conn;            /* null when the stream is gone */
  GrpcCall *next, *previous; /* streams of the connection */
  const GrpcMethod *method;
  int32_t stream_id;
  Encoding encoding;
  atomic_bool cancelled;
  bool running;  /* with a handler, which will finish it */
  bool answered; /* headers submitted */
  bool content_type_ok, is_post, bad_timeout, got_all;
  bool overrun; /* more than one message, or more bytes than the message's length */
  uint8_t head[FRAME_HEAD];
  uint8_t head_size;
  uint32_t length; /* of the message, when the head is complete */
  int64_t deadline_us;
  Bytes message; /* the request */
  Bytes answer;
  size_t answer_at;
};

struct GrpcConn {
  nghttp2_session *session;
  const GrpcService *service;
  void *arg;
  void (*wake)(void *wake_arg);
  void *wake_arg;
  GrpcCall *calls;
  int64_t opened_ms, goaway_ms;
  bool heard; /* a complete frame has come */
  bool draining, goaway_sent;
};

/* ---- calls ---- */

static void call_free(GrpcCall *call) {
  bytes_clear(&call->message);
  bytes_clear(&call->answer);
  free(call);
}

static GrpcCall *call_new(GrpcConn *conn, int32_t stream_id) {
  GrpcCall *call = calloc(1, sizeof *call);
  if (!call) return NULL;
  call->conn = conn;
  call->stream_id = stream_id;
  call->deadline_us = INT64_MAX;
  call->next = conn->calls;
  if (call->next) call->next->previous = call;
  conn->calls = call;
  return call;
}

/* The stream is gone: so is the call, unless a handler still has it. */
static void call_detach(GrpcCall *call) {
  GrpcConn *conn = call->conn;
  if (call->previous) call->previous->next = call->next;
  else conn->calls = call->next;
  if (call->next) call->next->previous = call->previous;
  call->conn = NULL;
  atomic_store(&call->cancelled, true);
  if (!call->running) call_free(call);
}

Span grpc_call_message(const GrpcCall *call) { return (Span){call->message.data, call->message.size}; }
const void *grpc_call_row(const GrpcCall *call) { return call->method->row; }
int64_t grpc_call_deadline_us(const GrpcCall *call) { return call->deadline_us; }
bool grpc_call_cancelled(const GrpcCall *call) { return atomic_load(&call->cancelled); }

void grpc_message_begin(Bytes *message) {
  message->size = 0;
  bytes_append(message, (char[FRAME_HEAD]){0}, FRAME_HEAD);
}

#define NV(name, value, value_len)                                                              \
  {                                                                                             \
    (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, (value_len), \
        NGHTTP2_NV_FLAG_NO_COPY_NAME                                                            \
  }
#define NV_CONST(name, value)                                                                         \
  {                                                                                                   \
    (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, sizeof(value) - 1, \
        NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                                  \
  }

static const nghttp2_nv ok_headers[] = {
    NV_CONST(":status", "200"),
    NV_CONST("content-type", "application/grpc"),
    NV_CONST("grpc-accept-encoding", "identity,deflate,gzip"),
};
static const nghttp2_nv ok_trailers[] = {NV_CONST("grpc-status", "0")};

/* grpc-message: printable ASCII without '%' as it is, all else as %XX. */
static size_t percent_encode(const char *text, size_t len, char *out) {
  static const char hex[] = "0123456789ABCDEF";
  size_t n = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c >= 0x20 && c < 0x7f && c != '%') {
      out[n++] = (char)c;
    } else {
      out[n++] = '%';
      out[n++] = hex[c >> 4];
      out[n++] = hex[c & 15];
    }
  }
  return n;
}

/* Submits headers, with `provider` a message behind them; without memory the stream is reset instead. */
static void submit(GrpcCall *call, const nghttp2_nv *headers, size_t count,
                   const nghttp2_data_provider *provider) {
  nghttp2_session *session = call->conn->session;
  call->answered = true;
  if (nghttp2_submit_response(session, call->stream_id, headers, count, provider))
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_INTERNAL_ERROR);
}

static void submit_failure(GrpcCall *call, TF_Code code, const char *text) {
  static const char truncated[] = "...TRUNCATED";
  char cut[GRPC_TEXT_MAX + sizeof truncated], encoded[3 * sizeof cut], status[16];
  size_t len = text ? strlen(text) : 0, encoded_len = 0;
  if (len > GRPC_TEXT_MAX) {
    memcpy(cut, text, GRPC_TEXT_MAX);
    memcpy(cut + GRPC_TEXT_MAX, truncated, sizeof truncated);
    text = cut;
    len = GRPC_TEXT_MAX + sizeof truncated - 1;
  }
  if (len) encoded_len = percent_encode(text, len, encoded);
  int status_len = snprintf(status, sizeof status, "%d", (int)code);
  nghttp2_nv headers[] = {ok_headers[0], ok_headers[1], NV("grpc-status", status, (size_t)status_len),
                          NV("grpc-message", encoded, encoded_len)};
  submit(call, headers, len ? 4 : 3, NULL);
}

/* A refusal below gRPC: the request is none. */
static void submit_http_error(GrpcCall *call, const char *status) {
  nghttp2_nv headers[] = {NV(":status", status, 3)};
  submit(call, headers, 1, NULL);
}

static ssize_t read_answer(nghttp2_session *session, int32_t stream_id, uint8_t *out, size_t room,
                           uint32_t *flags, nghttp2_data_source *source, void *arg) {
  (void)arg;
  GrpcCall *call = source->ptr;
  size_t left = call->answer.size - call->answer_at, n = left < room ? left : room;
  memcpy(out, call->answer.data + call->answer_at, n);
  call->answer_at += n;
  if (n == left) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(session, stream_id, ok_trailers, 1))
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  return (ssize_t)n;
}

static void submit_answer(GrpcCall *call, Bytes *message) {
  call->answer = *message;
  *message = (Bytes){0};
  uint32_t length = (uint32_t)(call->answer.size - FRAME_HEAD);
  uint8_t head[FRAME_HEAD] = {0, (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                              (uint8_t)length};
  memcpy(call->answer.data, head, FRAME_HEAD);
  nghttp2_data_provider provider = {.source.ptr = call, .read_callback = read_answer};
  submit(call, ok_headers, SM_COUNTOF(ok_headers), &provider);
}

void grpc_call_finish(GrpcCall *call, TF_Code code, const char *text, Bytes *message) {
  call->running = false;
  if (!call->conn) {
    if (message) bytes_clear(message);
    call_free(call);
    return;
  }
  if (code == TF_OK && (!message || message->failed || message->size < FRAME_HEAD)) {
    code = TF_RESOURCE_EXHAUSTED;
    text = "out of memory: response";
  } else if (code == TF_OK && message->size - FRAME_HEAD > INT32_MAX) {
    code = TF_RESOURCE_EXHAUSTED;
    text = "The response is larger than 2 GiB";
  }
  bytes_clear(&call->message);
  if (code == TF_OK) {
    submit_answer(call, message);
  } else {
    if (message) bytes_clear(message);
    submit_failure(call, code, text);
  }
  call->conn->wake(call->conn->wake_arg);
}

/* ---- requests ---- */

/* "100m" and the like, as microseconds from now; false if it is none. */
static bool parse_timeout(const uint8_t *text, size_t len, int64_t *deadline_us) {
  int64_t value = 0;
  if (len < 2 || len > TIMEOUT_DIGITS + 1) return false;
  for (size_t i = 0; i + 1 < len; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  switch (text[len - 1]) {
    case 'H': value *= (int64_t)3600 * 1000000; break;
    case 'M': value *= (int64_t)60 * 1000000; break;
    case 'S': value *= 1000000; break;
    case 'm': value *= 1000; break;
    case 'u': break;
    case 'n': value /= 1000; break;
    default: return false;
  }
  *deadline_us = clock_now_us() + value;
  return true;
}

static bool is(const uint8_t *text, size_t len, const char *word) {
  return len == strlen(word) && !memcmp(text, word, len);
}

static Encoding encoding_of(const uint8_t *value, size_t len) {
  if (is(value, len, "identity")) return ENCODING_IDENTITY;
  if (is(value, len, "gzip")) return ENCODING_GZIP;
  return is(value, len, "deflate") ? ENCODING_DEFLATE : ENCODING_OTHER;
}

static const GrpcMethod *find_method(const GrpcService *service, const uint8_t *path, size_t len) {
  for (size_t i = 0; i < service->method_count; i++)
    if (is(path, len, service->methods[i].path)) return &service->methods[i];
  return NULL;
}

static bool is_grpc_type(const uint8_t *value, size_t len) {
  static const char type[] = "application/grpc";
  size_t n = sizeof type - 1;
  return len >= n && !strncasecmp((const char *)value, type, n) &&
         (len == n || value[n] == '+' || value[n] == ';');
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg) {
  (void)flags;
  GrpcConn *conn = arg;
  GrpcCall *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!call || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  switch (name_len) {
    case 5:
      if (is(name, name_len, ":path")) call->method = find_method(conn->service, value, value_len);
      break;
    case 7:
      if (is(name, name_len, ":method")) call->is_post = is(value, value_len, "POST");
      break;
    case 12:
      if (is(name, name_len, "content-type")) call->content_type_ok = is_grpc_type(value, value_len);
      else if (is(name, name_len, "grpc-timeout"))
        call->bad_timeout = !parse_timeout(value, value_len, &call->deadline_us);
      break;
    case 13:
      if (is(name, name_len, "grpc-encoding")) call->encoding = encoding_of(value, value_len);
      break;
    default: break;
  }
  return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  GrpcCall *call = call_new(arg, frame->hd.stream_id);
  if (!call) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
  return 0;
}

/* Looks at what the headers asked for; false when the call is answered already. */
static bool admit(GrpcCall *call) {
  if (call->answered) return false;
  if (!call->is_post) submit_http_error(call, "405");
  else if (!call->content_type_ok) submit_http_error(call, "415");
  else if (call->bad_timeout) submit_failure(call, TF_INTERNAL, "Malformed grpc-timeout");
  else if (!call->method) submit_failure(call, TF_UNIMPLEMENTED, "");
  else if (call->encoding == ENCODING_OTHER)
    submit_failure(call, TF_UNIMPLEMENTED,
                   "The grpc-encoding of the request is not known; gzip and deflate are");
  return !call->answered;
}

static bool append_message(GrpcCall *call, const uint8_t *data, size_t size) {
  Bytes *message = &call->message;
  if (!message->data) {
    /* The sender's word for the length is good for a first piece; the rest is doubled as it comes. */
    size_t room = call->length < FIRST_MESSAGE_ROOM ? call->length : FIRST_MESSAGE_ROOM;
    bytes_reserve(message, room > size ? room : size);
  }
  bytes_append(message, data, size);
  return !message->failed;
}

static void take_data(GrpcCall *call, const uint8_t *data, size_t size) {
  while (size && call->head_size < FRAME_HEAD) {
    call->head[call->head_size++] = *data++;
    size--;
    if (call->head_size < FRAME_HEAD) continue;
    const uint8_t *head = call->head;
    call->length = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
    size_t max = call->conn->service->max_message;
    if (head[0] > 1) {
      submit_failure(call, TF_INTERNAL, "Bad compressed flag of a message");
    } else if (call->length > max) {
      char text[128];
      snprintf(text, sizeof text, "Received message larger than max (%u vs. %zu)", (unsigned)call->length,
               max);
      submit_failure(call, TF_RESOURCE_EXHAUSTED, text);
    }
  }
  if (call->answered || !size) return;
  if (size > call->length - call->message.size) {
    call->overrun = true;
    size = call->length - call->message.size;
  }
  if (!append_message(call, data, size))
    submit_failure(call, TF_RESOURCE_EXHAUSTED, "out of memory: request");
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t size, void *arg) {
  (void)flags;
  (void)arg;
  GrpcCall *call = nghttp2_session_get_stream_user_data(session, stream_id);
  if (call && !call->answered && !call->running) take_data(call, data, size);
  return 0;
}

static bool decompress(GrpcCall *call) {
  if (call->encoding == ENCODING_IDENTITY) {
    submit_failure(call, TF_INTERNAL, "A message is marked compressed, but no grpc-encoding was given");
    return false;
  }
  Bytes plain = {0};
  InflateResult result = inflate_all((Span){call->message.data, call->message.size},
                                     call->encoding == ENCODING_GZIP ? INFLATE_GZIP : INFLATE_ZLIB,
                                     call->conn->service->max_message, &plain);
  bytes_clear(&call->message);
  call->message = plain;
  if (result == INFLATE_OK) return true;
  if (result == INFLATE_TOO_LARGE)
    submit_failure(call, TF_RESOURCE_EXHAUSTED, "Received message larger than max after decompression");
  else if (result == INFLATE_NO_MEMORY) submit_failure(call, TF_RESOURCE_EXHAUSTED, "out of memory: request");
  else submit_failure(call, TF_INTERNAL, "A compressed message does not decompress");
  return false;
}

static void dispatch(GrpcCall *call) {
  if (call->answered || call->running) return;
  if (call->head_size < FRAME_HEAD || call->message.size < call->length || call->overrun) {
    submit_failure(
        call, TF_INTERNAL,
        call->overrun ? "More than one message in a unary call" : "The request ended before its message did");
    return;
  }
  if (call->head[0] && !decompress(call)) return;
  if (call->deadline_us <= clock_now_us()) {
    submit_failure(call, TF_DEADLINE_EXCEEDED, "Deadline exceeded before the call started");
    return;
  }
  call->running = true;
  call->method->handle(call, call->conn->arg);
}

static void send_goaway(GrpcConn *conn) {
  if (conn->goaway_sent) return;
  conn->goaway_sent = true;
  nghttp2_submit_goaway(conn->session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(conn->session), NGHTTP2_NO_ERROR, NULL, 0);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  GrpcConn *conn = arg;
  conn->heard = true;
  if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) && conn->draining)
    send_goaway(conn);
  bool headers = frame->hd.type == NGHTTP2_HEADERS;
  if (!headers && frame->hd.type != NGHTTP2_DATA) return 0;
  GrpcCall *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!call) return 0;
  bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
  if (end) call->got_all = true;
  if (headers && frame->headers.cat == NGHTTP2_HCAT_REQUEST && !admit(call)) return 0;
  if (end) dispatch(call);
  return 0;
}

/* An answer that came before the whole request: the client need not send the rest. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  (void)arg;
  if (frame->hd.type != NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  GrpcCall *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (call && !call->got_all)
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error, void *arg) {
  (void)error;
  (void)arg;
  GrpcCall *call = nghttp2_session_get_stream_user_data(session, stream_id);
  if (call) call_detach(call);
  return 0;
}

/* ---- the connection ---- */

static nghttp2_session *session_new(GrpcConn *conn) {
  nghttp2_session_callbacks *callbacks = NULL;
  nghttp2_option *option = NULL;
  nghttp2_session *session = NULL;
  if (nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&option)) goto out;
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_option_set_no_closed_streams(option, 1); /* priorities, which nobody uses, would keep them */
  if (nghttp2_session_server_new2(&session, callbacks, conn, option)) session = NULL;
out:
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  return session;
}

GrpcConn *grpc_conn_new(const GrpcService *service, void *arg, void (*wake)(void *wake_arg), void *wake_arg) {
  GrpcConn *conn = calloc(1, sizeof *conn);
  if (!conn) return NULL;
  *conn = (GrpcConn){.service = service,
                     .arg = arg,
                     .wake = wake,
                     .wake_arg = wake_arg,
                     .opened_ms = clock_now_ms()};
  conn->session = session_new(conn);
  static const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST},
  };
  if (!conn->session ||
      nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings, SM_COUNTOF(settings)) ||
      nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW)) {
    grpc_conn_free(conn);
    return NULL;
  }
  return conn;
}

void grpc_conn_free(GrpcConn *conn) {
  while (conn->calls) call_detach(conn->calls);
  nghttp2_session_del(conn->session);
  free(conn);
}

bool grpc_conn_receive(GrpcConn *conn, const uint8_t *data, size_t size) {
  return nghttp2_session_mem_recv(conn->session, data, size) == (ssize_t)size;
}

bool grpc_conn_output(GrpcConn *conn, Bytes *out) {
  while (out->size < OUTPUT_CHUNK) {
    const uint8_t *data;
    ssize_t n = nghttp2_session_mem_send(conn->session, &data);
    if (n < 0) return false;
    if (!n) break;
    bytes_append(out, data, (size_t)n);
  }
  if (conn->goaway_sent && !conn->calls && !nghttp2_session_want_write(conn->session)) return false;
  return nghttp2_session_want_read(conn->session) || nghttp2_session_want_write(conn->session);
}

/* First a GOAWAY that names no stream: calls that cross it on the wire are still taken. The final one
 * follows when the client has answered the PING behind it, or from tick(). */
void grpc_conn_drain(GrpcConn *conn) {
  if (conn->draining) return;
  conn->draining = true;
  conn->goaway_ms = clock_now_ms() + GOAWAY_MS;
  nghttp2_submit_shutdown_notice(conn->session);
  nghttp2_submit_ping(conn->session, NGHTTP2_FLAG_NONE, NULL);
}

bool grpc_conn_tick(GrpcConn *conn, int64_t now_ms) {
  if (!conn->heard && now_ms - conn->opened_ms > SILENT_MS) return false;
  if (conn->draining && now_ms >= conn->goaway_ms) send_goaway(conn);
  return true;
}
