#include "net/http1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a service saw and does. */
typedef struct Seen {
  int requests, wakes;
  char log[4096]; /* "METHOD target|body\n" of each request */
  bool later;     /* keep the request instead of answering */
  HttpRequest *kept;
} Seen;

static void answer(HttpRequest *r, const char *body) {
  http_respond(r, &(HttpResponse){200, "text/plain", {body, strlen(body)}, NULL});
}

static void handle(HttpRequest *r, void *arg) {
  Seen *seen = arg;
  char line[512];
  snprintf(line, sizeof line, "%.*s %.*s|%.*s\n", (int)r->method_name.size, (const char *)r->method_name.data,
           (int)r->target.size, (const char *)r->target.data, (int)r->body.size,
           r->body.data ? r->body.data : "");
  strncat(seen->log, line, sizeof seen->log - strlen(seen->log) - 1);
  seen->requests++;
  if (seen->later) seen->kept = r;
  else answer(r, "ok");
}

static void wake(void *arg) { ((Seen *)arg)->wakes++; }

static const HttpService service = {handle, 1000};

/* Sends `text` in pieces of `step` bytes and collects the output; true while the connection is open. */
static bool talk(HttpConn *conn, const char *text, size_t step, Bytes *out) {
  bool open = true;
  for (size_t at = 0, size = strlen(text); at < size; at += step) {
    http_conn_receive(conn, (const uint8_t *)text + at, size - at < step ? size - at : step);
    open = http_conn_output(conn, out);
  }
  return open;
}

static int count(const char *text, const char *word) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, word)); at += strlen(word)) n++;
  return n;
}

static void test_every_split(void **state) {
  (void)state;
  const char *text =
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /b HTTP/1.1\nContent-Length: 3\n\nabc"
      "\r\nPOST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n1;e=1\r\nz\r\n0\r\nT: 1\r\n\r\n"
      "PUT /d?q HTTP/1.1\r\nConnection: Keep-Alive, close\r\n\r\n";
  for (size_t step = 1; step <= strlen(text); step++) {
    Seen seen = {0};
    Bytes out = {0};
    HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
    assert_false(talk(conn, text, step, &out));
    assert_string_equal(seen.log, "GET /a|\nPOST /b|abc\nPOST /c|xyz\nPUT /d?q|\n");
    assert_int_equal(count(out.data, "HTTP/1.1 200 OK\r\n"), 4);
    assert_int_equal(count(out.data, "Connection: close\r\n"), 1);
    http_conn_free(conn);
    bytes_clear(&out);
  }
}

static void test_response_layout(void **state) {
  (void)state;
  Seen seen = {0};
  Bytes out = {0};
  HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
  assert_true(talk(conn, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 100, &out));
  char *date = strstr(out.data, "Date: ");
  assert_non_null(date);
  memmove(date, strchr(date, '\n') + 1, strlen(strchr(date, '\n')));
  assert_string_equal(out.data,
                      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
                      "Connection: keep-alive\r\n\r\nok");
  bytes_clear(&out);
  assert_false(talk(conn, "HEAD / HTTP/1.0\r\n\r\n", 100, &out));
  assert_non_null(strstr(out.data, "Content-Length: 2\r\nConnection: close\r\n\r\n"));
  assert_string_equal(out.data + out.size - 4, "\r\n\r\n");
  bytes_clear(&out);
  http_conn_free(conn);
}

static void test_expect_continue(void **state) {
  (void)state;
  Seen seen = {0};
  Bytes out = {0};
  HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
  assert_true(talk(conn, "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n", 100, &out));
  assert_string_equal(out.data, "HTTP/1.1 100 Continue\r\n\r\n");
  assert_true(talk(conn, "hi", 100, &out));
  assert_string_equal(seen.log, "POST /|hi\n");
  bytes_clear(&out);
  http_conn_free(conn);
}

static void test_answers_in_order(void **state) {
  (void)state;
  Seen seen = {.later = true};
  Bytes out = {0};
  HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
  assert_true(talk(conn, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", 1000, &out));
  assert_int_equal(seen.requests, 1); /* the second waits for the first */
  assert_int_equal(out.size, 0);
  answer(seen.kept, "first");
  assert_int_equal(seen.requests, 2);
  answer(seen.kept, "second");
  assert_true(http_conn_output(conn, &out));
  assert_true(strstr(out.data, "first") < strstr(out.data, "second"));
  assert_true(seen.wakes >= 2);
  bytes_clear(&out);
  http_conn_free(conn);
}

static void test_connection_goes_first(void **state) {
  (void)state;
  Seen seen = {.later = true};
  Bytes out = {0};
  HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
  talk(conn, "POST /1 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", 1000, &out);
  http_conn_free(conn);
  assert_true(atomic_load(&seen.kept->gone));
  assert_memory_equal(seen.kept->body.data, "body", 4); /* still there for the handler */
  answer(seen.kept, "nobody hears");
  bytes_clear(&out);
}

static void test_drain(void **state) {
  (void)state;
  Seen seen = {.later = true};
  Bytes out = {0};
  HttpConn *idle = http_conn_new(&service, &seen, wake, &seen),
           *busy = http_conn_new(&service, &seen, wake, &seen);
  http_conn_drain(idle);
  assert_false(http_conn_output(idle, &out));
  talk(busy, "GET /1 HTTP/1.1\r\n\r\n", 1000, &out);
  http_conn_drain(busy);
  assert_true(http_conn_output(busy, &out));
  answer(seen.kept, "last");
  assert_false(http_conn_output(busy, &out));
  assert_non_null(strstr(out.data, "Connection: close\r\n\r\nlast"));
  bytes_clear(&out);
  http_conn_free(idle);
  http_conn_free(busy);
}

static void test_silence(void **state) {
  (void)state;
  Seen seen = {0};
  Bytes out = {0};
  HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
  int64_t far = INT64_MAX / 2;
  talk(conn, "GET / HT", 1000, &out);
  assert_true(http_conn_tick(conn, 0));
  assert_false(http_conn_tick(conn, far));
  http_conn_free(conn);
  bytes_clear(&out);
}

static void test_refusals(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int status;
  } cases[] = {
      {"\r\n\r\n\r\nGET\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\n\r\n", 400},
      {"GET / HTTP/9.1\r\n\r\n", 505},
      {"G\001T / HTTP/1.1\r\n\r\n", 400},
      {"CONNECT x:1 HTTP/1.1\r\n\r\n", 501},
      {"GET / HTTP/1.1\r\nNo colon\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", 400},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Seen seen = {0};
    Bytes out = {0};
    char start[32];
    HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
    assert_false(talk(conn, cases[i].text, 7, &out));
    snprintf(start, sizeof start, "HTTP/1.1 %d ", cases[i].status);
    if (strncmp(out.data, start, strlen(start))) fail_msg("case %zu: %.20s", i, out.data);
    assert_int_equal(seen.requests, 0);
    http_conn_free(conn);
    bytes_clear(&out);
  }
}

static void test_chunks_beyond_the_limit(void **state) {
  (void)state;
  Seen seen = {0};
  Bytes out = {0};
  HttpConn *conn = http_conn_new(&service, &seen, wake, &seen);
  talk(conn, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 1000, &out);
  char chunk[300];
  int n = snprintf(chunk, sizeof chunk, "c8\r\n%0200d\r\n", 0);
  assert_int_equal(n, 206);
  for (int i = 0; i < 5; i++) assert_true(talk(conn, chunk, 1000, &out));
  assert_false(talk(conn, chunk, 1000, &out));
  assert_int_equal(count(out.data, "HTTP/1.1 413 "), 1);
  http_conn_free(conn);
  bytes_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_split),
      cmocka_unit_test(test_response_layout),
      cmocka_unit_test(test_expect_continue),
      cmocka_unit_test(test_answers_in_order),
      cmocka_unit_test(test_connection_goes_first),
      cmocka_unit_test(test_drain),
      cmocka_unit_test(test_silence),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_chunks_beyond_the_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
