/* Both ends in memory: our connection, and a client made of nghttp2's client session. */
#include "net/grpc.h"

#include <nghttp2/nghttp2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

/* ---- the service ---- */

typedef struct Seen {
  int calls, wakes;
  int64_t deadline_us;
  GrpcCall *kept;
} Seen;

/* Answers with the request. */
static void echo(GrpcCall *call, void *arg) {
  ((Seen *)arg)->calls++;
  ((Seen *)arg)->deadline_us = grpc_call_deadline_us(call);
  Bytes answer = {0};
  Span message = grpc_call_message(call);
  grpc_message_begin(&answer);
  bytes_append(&answer, message.data, message.size);
  grpc_call_finish(call, TF_OK, NULL, &answer);
}

static void refuse(GrpcCall *call, void *arg) {
  ((Seen *)arg)->calls++;
  grpc_call_finish(call, TF_NOT_FOUND, "50% \xc3\xa9\n", NULL);
}

static void keep(GrpcCall *call, void *arg) {
  ((Seen *)arg)->calls++;
  ((Seen *)arg)->kept = call;
}

static const GrpcMethod methods[] = {{"/t.S/Echo", echo, NULL},
                                     {"/t.S/Refuse", refuse, NULL},
                                     {"/t.S/Keep", keep, NULL}};
static const GrpcService service = {methods, 3, 1 << 20};

static void wake(void *arg) { ((Seen *)arg)->wakes++; }

/* ---- the client ---- */

typedef struct Answer {
  char headers[1024]; /* "name: value\n" of each */
  Bytes data;
  bool ended;
} Answer;

typedef struct Client {
  nghttp2_session *session;
  GrpcConn *server;
  Seen seen;
  Answer answers[16]; /* by stream / 2 */
  bool goaway;
  bool open;
} Client;

static Answer *answer_of(Client *c, int32_t stream) { return &c->answers[stream / 2 % 16]; }

static int on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *n, size_t nl,
                     const uint8_t *v, size_t vl, uint8_t flags, void *arg) {
  (void)s, (void)flags;
  Answer *a = answer_of(arg, f->hd.stream_id);
  size_t at = strlen(a->headers);
  snprintf(a->headers + at, sizeof a->headers - at, "%.*s: %.*s\n", (int)nl, (const char *)n, (int)vl,
           (const char *)v);
  return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t stream, const uint8_t *data, size_t size,
                   void *arg) {
  (void)s, (void)flags;
  bytes_append(&answer_of(arg, stream)->data, data, size);
  return 0;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg) {
  (void)s;
  Client *c = arg;
  if (f->hd.type == NGHTTP2_GOAWAY) c->goaway = true;
  if ((f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) &&
      (f->hd.flags & NGHTTP2_FLAG_END_STREAM))
    answer_of(c, f->hd.stream_id)->ended = true;
  return 0;
}

static void client_start(Client *c) {
  *c = (Client){.open = true};
  nghttp2_session_callbacks *callbacks;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_client_new(&c->session, callbacks, c);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(c->session, 0, NULL, 0);
  c->server = grpc_conn_new(&service, &c->seen, wake, &c->seen);
  assert_non_null(c->server);
}

static void client_stop(Client *c) {
  if (c->server) grpc_conn_free(c->server);
  nghttp2_session_del(c->session);
  for (size_t i = 0; i < 16; i++) bytes_clear(&c->answers[i].data);
}

/* Carries bytes both ways, the client's in pieces of `step`, until nothing moves. */
static void pump(Client *c, size_t step) {
  bool moved = true;
  while (moved) {
    moved = false;
    const uint8_t *data;
    for (ssize_t n; (n = nghttp2_session_mem_send(c->session, &data)) > 0; moved = true)
      for (ssize_t at = 0; at < n; at += (ssize_t)step)
        grpc_conn_receive(c->server, data + at, (size_t)(n - at) < step ? (size_t)(n - at) : step);
    Bytes out = {0};
    c->open = grpc_conn_output(c->server, &out);
    if (out.size) {
      assert_true(nghttp2_session_mem_recv(c->session, (const uint8_t *)out.data, out.size) ==
                  (ssize_t)out.size);
      moved = true;
    }
    bytes_clear(&out);
  }
}

static ssize_t read_body(nghttp2_session *s, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *arg) {
  (void)s, (void)stream, (void)arg;
  Span *left = source->ptr;
  size_t n = left->size < room ? left->size : room;
  memcpy(out, left->data, n);
  *left = (Span){(const char *)left->data + n, left->size - n};
  if (!left->size) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)n;
}

#define NV(n, v) \
  { (uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), strlen(n), strlen(v), 0 }

static Answer *send_call(Client *c, const char *path, Span *body, const char *name, const char *value,
                         int32_t *stream) {
  nghttp2_nv headers[] = {NV(":method", "POST"),
                          NV(":scheme", "http"),
                          NV(":path", path),
                          NV(":authority", "x"),
                          NV("te", "trailers"),
                          NV("content-type", "application/grpc"),
                          NV(name ? name : "", value ? value : "")};
  nghttp2_data_provider provider = {.source.ptr = body, .read_callback = read_body};
  int32_t id = nghttp2_submit_request(c->session, NULL, headers, name ? 7 : 6, &provider, NULL);
  assert_true(id > 0);
  if (stream) *stream = id;
  return answer_of(c, id);
}

#define MESSAGE(text) \
  (Span) { "\0\0\0\0\5" text, 10 }

static const char ok_text[] =
    ":status: 200\ncontent-type: application/grpc\ngrpc-accept-encoding: identity,deflate,gzip\n"
    "grpc-status: 0\n";

static void test_every_split(void **state) {
  (void)state;
  for (size_t step = 1; step < 40; step++) {
    Client c;
    client_start(&c);
    Span one = MESSAGE("hello"), two = MESSAGE("world");
    Answer *a = send_call(&c, "/t.S/Echo", &one, NULL, NULL, NULL),
           *b = send_call(&c, "/t.S/Echo", &two, NULL, NULL, NULL);
    pump(&c, step);
    assert_string_equal(a->headers, ok_text);
    assert_memory_equal(a->data.data, "\0\0\0\0\5hello", 10);
    assert_memory_equal(b->data.data, "\0\0\0\0\5world", 10);
    assert_true(a->ended && b->ended && c.open);
    assert_true(c.seen.deadline_us == INT64_MAX);
    client_stop(&c);
  }
}

static void test_failures(void **state) {
  (void)state;
  static const struct {
    const char *path, *name, *value, *body;
    size_t size;
    const char *text;
  } cases[] = {
      {"/t.S/Refuse", NULL, NULL, "\0\0\0\0\0", 5, "grpc-status: 5\ngrpc-message: 50%25 %C3%A9%0A\n"},
      {"/t.S/Nope", NULL, NULL, "\0\0\0\0\0", 5, "grpc-status: 12\n"},
      {"/t.S/Echo", "grpc-encoding", "br", "\0\0\0\0\0", 5,
       "grpc-status: 12\ngrpc-message: The grpc-encoding of the request is not known; gzip and deflate "
       "are\n"},
      {"/t.S/Echo", NULL, NULL, "\1\0\0\0\1a", 6,
       "grpc-status: 13\ngrpc-message: A message is marked compressed, but no grpc-encoding was given\n"},
      {"/t.S/Echo", NULL, NULL, "\0\0\0\0\2a", 6,
       "grpc-status: 13\ngrpc-message: The request ended before its message did\n"},
      {"/t.S/Echo", NULL, NULL, "\0\0", 2,
       "grpc-status: 13\ngrpc-message: The request ended before its message did\n"},
      {"/t.S/Echo", NULL, NULL, "\0\0\0\0\1ab", 7,
       "grpc-status: 13\ngrpc-message: More than one message in a unary call\n"},
      {"/t.S/Echo", NULL, NULL, "\0\0\x10\0\1a", 6,
       "grpc-status: 8\ngrpc-message: Received message larger than max (1048577 vs. 1048576)\n"},
      {"/t.S/Echo", "grpc-timeout", "0n", "\0\0\0\0\0", 5,
       "grpc-status: 4\ngrpc-message: Deadline exceeded before the call started\n"},
      {"/t.S/Echo", "grpc-timeout", "123456789S", "\0\0\0\0\0", 5,
       "grpc-status: 13\ngrpc-message: Malformed grpc-timeout\n"},
      {"/t.S/Echo", "grpc-timeout", "1x", "\0\0\0\0\0", 5,
       "grpc-status: 13\ngrpc-message: Malformed grpc-timeout\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Client c;
    char want[512];
    client_start(&c);
    Span body = {cases[i].body, cases[i].size};
    Answer *a = send_call(&c, cases[i].path, &body, cases[i].name, cases[i].value, NULL);
    pump(&c, 1000);
    snprintf(want, sizeof want, ":status: 200\ncontent-type: application/grpc\n%s", cases[i].text);
    assert_string_equal(a->headers, want);
    assert_null(a->data.data);
    assert_true(a->ended && c.open);
    client_stop(&c);
  }
}

static void test_timeouts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t us;
  } cases[] = {{"2H", 7200000000},
               {"3M", 180000000},
               {"10S", 10000000},
               {"2000m", 2000000},
               {"5000000u", 5000000}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Client c;
    client_start(&c);
    Span body = MESSAGE("hello");
    send_call(&c, "/t.S/Echo", &body, "grpc-timeout", cases[i].text, NULL);
    int64_t before = clock_now_us();
    pump(&c, 1000);
    assert_true(c.seen.deadline_us >= before + cases[i].us &&
                c.seen.deadline_us <= clock_now_us() + cases[i].us);
    client_stop(&c);
  }
}

static void test_large_both_ways(void **state) {
  (void)state;
  Client c;
  client_start(&c);
  size_t size = (1 << 20) + 5;
  uint8_t *body = malloc(size);
  for (size_t i = 0; i < size; i++) body[i] = (uint8_t)(i * 7);
  memcpy(body, "\0\0\x10\0\0", 5);
  Span left = {body, size};
  Answer *a = send_call(&c, "/t.S/Echo", &left, NULL, NULL, NULL);
  pump(&c, 10000);
  assert_true(a->ended);
  assert_int_equal(a->data.size, size);
  assert_memory_equal(a->data.data, body, size);
  free(body);
  client_stop(&c);
}

static void test_answer_later(void **state) {
  (void)state;
  Client c;
  client_start(&c);
  Span body = MESSAGE("hello");
  Answer *a = send_call(&c, "/t.S/Keep", &body, NULL, NULL, NULL);
  pump(&c, 1000);
  assert_false(a->ended);
  int wakes = c.seen.wakes;
  Bytes answer = {0};
  grpc_message_begin(&answer);
  bytes_puts(&answer, "later");
  grpc_call_finish(c.seen.kept, TF_OK, NULL, &answer);
  assert_int_equal(c.seen.wakes, wakes + 1);
  pump(&c, 1000);
  assert_memory_equal(a->data.data, "\0\0\0\0\5later", 10);
  client_stop(&c);
}

static void test_client_goes(void **state) {
  (void)state;
  for (int whole_connection = 0; whole_connection < 2; whole_connection++) {
    Client c;
    int32_t stream;
    client_start(&c);
    Span body = MESSAGE("hello");
    send_call(&c, "/t.S/Keep", &body, NULL, NULL, &stream);
    pump(&c, 1000);
    assert_false(grpc_call_cancelled(c.seen.kept));
    if (whole_connection) {
      grpc_conn_free(c.server);
      c.server = NULL;
    } else {
      nghttp2_submit_rst_stream(c.session, 0, stream, NGHTTP2_CANCEL);
      pump(&c, 1000);
    }
    assert_true(grpc_call_cancelled(c.seen.kept));
    assert_memory_equal(grpc_call_message(c.seen.kept).data, "hello", 5); /* still there for the handler */
    Bytes answer = {0};
    grpc_message_begin(&answer);
    grpc_call_finish(c.seen.kept, TF_OK, NULL, &answer);
    client_stop(&c);
  }
}

static void test_drain(void **state) {
  (void)state;
  Client c;
  client_start(&c);
  Span body = MESSAGE("hello");
  Answer *a = send_call(&c, "/t.S/Keep", &body, NULL, NULL, NULL);
  pump(&c, 1000);
  grpc_conn_drain(c.server);
  pump(&c, 1000);
  assert_true(c.goaway);
  assert_true(c.open); /* a call still runs */
  Bytes answer = {0};
  grpc_message_begin(&answer);
  grpc_call_finish(c.seen.kept, TF_OK, NULL, &answer);
  pump(&c, 1000);
  assert_string_equal(a->headers, ok_text);
  assert_false(c.open);
  client_stop(&c);
}

static void test_silence(void **state) {
  (void)state;
  Client c;
  client_start(&c);
  assert_true(grpc_conn_tick(c.server, clock_now_ms()));
  assert_false(grpc_conn_tick(c.server, clock_now_ms() + 3600 * 1000));
  pump(&c, 1000);
  assert_true(grpc_conn_tick(c.server, clock_now_ms() + 3600 * 1000)); /* it has spoken HTTP/2 */
  client_stop(&c);
}

static void test_no_http2(void **state) {
  (void)state;
  Seen seen = {0};
  GrpcConn *conn = grpc_conn_new(&service, &seen, wake, &seen);
  const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  assert_false(grpc_conn_receive(conn, (const uint8_t *)text, sizeof text - 1));
  grpc_conn_free(conn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_split),  cmocka_unit_test(test_failures),
      cmocka_unit_test(test_timeouts),     cmocka_unit_test(test_large_both_ways),
      cmocka_unit_test(test_answer_later), cmocka_unit_test(test_client_goes),
      cmocka_unit_test(test_drain),        cmocka_unit_test(test_silence),
      cmocka_unit_test(test_no_http2),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
