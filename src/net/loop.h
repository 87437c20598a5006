/* Event loops: threads that own sockets and move bytes. Knows sockets, no protocol.
 *
 * A LoopGroup is a fixed number of loops, each with its thread. One loop accepts; a new connection
 * goes to the loop that has the fewest, so that a handful of long-lived connections (the usual case
 * with gRPC) uses every loop. All calls into a protocol are made on the thread of the connection's
 * loop, which therefore needs no locks.
 *
 *   receive ->  [ protocol state ]  -> output
 *
 * After every receive(), and after conn_wake(), the loop asks output() for bytes until there are none. */
#ifndef SM_NET_LOOP_H_
#define SM_NET_LOOP_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

typedef struct Loop Loop;
typedef struct LoopGroup LoopGroup;
typedef struct Conn Conn;

typedef struct ConnProtocol {
  /* The state of a new connection; null refuses it. `arg` is that of loop_group_listen. */
  void *(*open)(Conn *conn, void *arg);
  /* Bytes from the peer. False: send what output() still has, then close. */
  bool (*receive)(void *state, const uint8_t *data, size_t size);
  /* Appends what is to be sent, about CONN_OUTPUT_CHUNK bytes at a time. False: that was the last. */
  bool (*output)(void *state, Bytes *out);
  /* Whether receive() may be called now; null: always. Looked at after each output(). */
  bool (*wants_input)(void *state);
  /* About once a second, more often while draining. False closes the connection at once. */
  bool (*tick)(void *state, int64_t now_ms);
  /* The server is going: finish what runs, take nothing new, then return false from output(). */
  void (*drain)(void *state);
  /* The connection is gone; frees the state. */
  void (*close)(void *state);
} ConnProtocol;

enum { CONN_OUTPUT_CHUNK = 64 << 10 };

/* There may be output for this connection. Only on its loop's thread. */
void conn_wake(Conn *conn);
Loop *conn_loop(Conn *conn);

/* A piece of work for a loop's thread, embedded in the caller's own struct. */
typedef struct LoopTask {
  struct LoopTask *next;
  void (*run)(struct LoopTask *task);
} LoopTask;

/* Runs `task` soon on the loop's thread. From any thread; the task must stay valid until it runs. */
void loop_post(Loop *loop, LoopTask *task);

/* A one-shot timer on a loop, embedded; zero-initialised before the first start. */
typedef struct LoopTimer {
  void *event;
  void (*fire)(void *arg);
  void *arg;
} LoopTimer;

/* Calls fire(arg) on the loop's thread after `us` microseconds. Only on that thread. False: out of memory. */
bool loop_timer_start(Loop *loop, LoopTimer *timer, int64_t us, void (*fire)(void *arg), void *arg);
/* Afterwards it does not fire any more. Safe on one that never started. */
void loop_timer_stop(LoopTimer *timer);

/* `count` loops, not yet running; null with `st` set on failure. */
LoopGroup *loop_group_new(int count, TF_Status *st);
/* Accepts connections at host:port (host null: all addresses, IPv6 and IPv4), before or after the start.
 * *port 0 chooses a free one and stores it. `protocol` must outlive the group. */
TF_Code loop_group_listen(LoopGroup *group, const char *host, int *port, const ConnProtocol *protocol,
                          void *arg, TF_Status *st);
/* The same on a Unix socket; a stale socket file is removed first, and the file when the group goes. */
TF_Code loop_group_listen_unix(LoopGroup *group, const char *path, const ConnProtocol *protocol, void *arg,
                               TF_Status *st);
TF_Code loop_group_start(LoopGroup *group, TF_Status *st);
/* Stops accepting, drains every connection; what is not done after `timeout_ms` is closed. Waits for
 * the threads. True when everything finished in time. */
bool loop_group_drain(LoopGroup *group, int64_t timeout_ms);
/* Frees it; must be drained or never started. */
void loop_group_free(LoopGroup *group);
int loop_group_size(const LoopGroup *group);

#endif
