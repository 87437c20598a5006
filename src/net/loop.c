/* Event loops on libevent. Sockets are read and written directly (no bufferevents): one recv into the
 * loop's buffer, the protocol, one send of what it put out; what the socket does not take waits in
 * the connection. A closing connection is shut down for writing and read until the peer closes too
 * (lingers), because a close with unread input would reset it and lose the last answer. */
#include "net/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
  INPUT_SIZE = 256 << 10,
  READS_PER_EVENT = 4, /* then others have their turn */
  ACCEPTS_PER_EVENT = 64,
  LINGER_MS = 2000,      /* how long a closing connection waits for the peer */
  DRAIN_LINGER_MS = 300, /* the same when the server is going */
  ACCEPT_PAUSE_MS = 100, /* after running out of file descriptors */
  TICK_MS = 1000,
  DRAIN_TICK_MS = 100,
  KEPT_OUTPUT = 256 << 10, /* a larger output buffer is given back after use */
  LISTEN_BACKLOG = 1024,
};

struct Conn {
  Loop *loop;
  const ConnProtocol *protocol;
  void *state;
  struct event *read_event, *write_event;
  struct Conn *next, *previous; /* all connections of the loop */
  struct Conn *next_dirty;
  Bytes unsent; /* taken from the protocol, not yet by the socket */
  size_t unsent_at;
  int64_t linger_until; /* 0: not closing */
  int fd;
  bool busy, dirty, reading, writing;
  bool finished; /* the protocol has no more output */
};

struct Loop {
  LoopGroup *group;
  struct event_base *base;
  struct event *wake_event, *tick_event;
  pthread_t thread;
  pthread_mutex_t lock;
  LoopTask *tasks, **tasks_end; /* under lock */
  Conn *conns, *dirty;
  atomic_int conn_count; /* with those on their way */
  Bytes output;
  uint8_t *input;
  int64_t drain_until; /* 0: not draining */
  int wake_fd;
  bool batching; /* flushes wait until the tasks at hand have run */
  bool lost;     /* closed unfinished connections at the end of the drain */
};

typedef struct Listener {
  struct Listener *next;
  LoopGroup *group;
  const ConnProtocol *protocol;
  void *arg;
  struct event *event, *resume_event;
  char *unix_path;
  int fd;
  bool tcp;
} Listener;

struct LoopGroup {
  Loop *loops;
  int count;
  bool started;
  Listener *listeners;
};

static void conn_update(Conn *conn);

/* ---- connections ---- */

static void conn_close(Conn *conn) {
  Loop *loop = conn->loop;
  if (conn->dirty) {
    Conn **at = &loop->dirty;
    while (*at != conn) at = &(*at)->next_dirty;
    *at = conn->next_dirty;
  }
  if (conn->state) conn->protocol->close(conn->state);
  if (conn->read_event) event_free(conn->read_event);
  if (conn->write_event) event_free(conn->write_event);
  if (conn->previous) conn->previous->next = conn->next;
  else loop->conns = conn->next;
  if (conn->next) conn->next->previous = conn->previous;
  close(conn->fd);
  bytes_clear(&conn->unsent);
  free(conn);
  atomic_fetch_sub(&loop->conn_count, 1);
  if (loop->drain_until && !loop->conns) event_base_loopbreak(loop->base);
}

/* Everything is sent: say so to the peer and wait a little for it to close. */
static void conn_linger(Conn *conn) {
  if (conn->linger_until) return;
  shutdown(conn->fd, SHUT_WR);
  conn->linger_until = clock_now_ms() + (conn->loop->drain_until ? DRAIN_LINGER_MS : LINGER_MS);
  conn_update(conn);
}

/* Sends `size` bytes; stores how many went. False: the connection is broken. */
static bool send_some(Conn *conn, const char *data, size_t size, size_t *sent) {
  *sent = 0;
  while (*sent < size) {
    ssize_t n = send(conn->fd, data + *sent, size - *sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    *sent += (size_t)n;
  }
  return true;
}

static bool send_unsent(Conn *conn) {
  size_t sent, left = conn->unsent.size - conn->unsent_at;
  if (!left) return true;
  if (!send_some(conn, conn->unsent.data + conn->unsent_at, left, &sent)) return false;
  conn->unsent_at += sent;
  if (sent == left) {
    bytes_clear(&conn->unsent);
    conn->unsent_at = 0;
  }
  return true;
}

/* Moves output from the protocol to the socket. False: the connection was closed. */
static bool conn_flush(Conn *conn) {
  Loop *loop = conn->loop;
  Bytes *out = &loop->output;
  if (!send_unsent(conn)) goto broken;
  while (!conn->unsent.size && !conn->finished) {
    out->size = 0;
    conn->busy = true;
    conn->finished = !conn->protocol->output(conn->state, out);
    conn->busy = false;
    if (out->failed) goto broken;
    if (!out->size) break;
    size_t sent;
    if (!send_some(conn, out->data, out->size, &sent)) goto broken;
    if (sent < out->size) {
      bytes_append(&conn->unsent, out->data + sent, out->size - sent);
      if (conn->unsent.failed) goto broken;
    }
  }
  if (out->capacity > KEPT_OUTPUT) bytes_clear(out);
  if (conn->finished && !conn->unsent.size) conn_linger(conn);
  conn_update(conn);
  return true;
broken:
  if (out->failed) bytes_clear(out);
  conn_close(conn);
  return false;
}

/* Arms the events for what the connection waits for. */
static void conn_update(Conn *conn) {
  bool read = conn->linger_until ||
              (!conn->finished && (!conn->protocol->wants_input || conn->protocol->wants_input(conn->state)));
  bool write = conn->unsent.size > 0;
  if (read != conn->reading) {
    conn->reading = read;
    if (read) event_add(conn->read_event, NULL);
    else event_del(conn->read_event);
  }
  if (write != conn->writing) {
    conn->writing = write;
    if (write) event_add(conn->write_event, NULL);
    else event_del(conn->write_event);
  }
}

static void on_readable(evutil_socket_t fd, short what, void *arg) {
  (void)what;
  Conn *conn = arg;
  Loop *loop = conn->loop;
  for (int i = 0; i < READS_PER_EVENT && conn->reading; i++) {
    ssize_t n = recv(fd, loop->input, INPUT_SIZE, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n <= 0) {
      conn_close(conn);
      return;
    }
    if (conn->linger_until) continue; /* thrown away */
    conn->busy = true;
    bool go_on = conn->protocol->receive(conn->state, loop->input, (size_t)n);
    conn->busy = false;
    if (!conn_flush(conn)) return;
    if (!go_on && !conn->finished) {
      conn->finished = true;
      if (!conn->unsent.size) conn_linger(conn);
      conn_update(conn);
    }
    if (n < INPUT_SIZE) return;
  }
}

static void on_writable(evutil_socket_t fd, short what, void *arg) {
  (void)fd;
  (void)what;
  conn_flush(arg);
}

static void conn_open(Loop *loop, int fd, const ConnProtocol *protocol, void *arg) {
  Conn *conn = calloc(1, sizeof *conn);
  if (!conn || loop->drain_until) {
    free(conn);
    close(fd);
    atomic_fetch_sub(&loop->conn_count, 1);
    return;
  }
  conn->loop = loop;
  conn->fd = fd;
  conn->protocol = protocol;
  conn->next = loop->conns;
  if (conn->next) conn->next->previous = conn;
  loop->conns = conn;
  conn->read_event = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
  conn->write_event = event_new(loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, conn);
  conn->busy = true;
  conn->state = conn->read_event && conn->write_event ? protocol->open(conn, arg) : NULL;
  conn->busy = false;
  if (!conn->state) {
    conn_close(conn);
    return;
  }
  conn_flush(conn);
}

void conn_wake(Conn *conn) {
  if (conn->busy || conn->dirty) return;
  if (!conn->loop->batching) {
    conn_flush(conn);
    return;
  }
  conn->dirty = true;
  conn->next_dirty = conn->loop->dirty;
  conn->loop->dirty = conn;
}

Loop *conn_loop(Conn *conn) { return conn->loop; }

/* ---- tasks and timers ---- */

void loop_post(Loop *loop, LoopTask *task) {
  task->next = NULL;
  pthread_mutex_lock(&loop->lock);
  bool wake = !loop->tasks;
  *loop->tasks_end = task;
  loop->tasks_end = &task->next;
  pthread_mutex_unlock(&loop->lock);
  uint64_t one = 1;
  if (wake && write(loop->wake_fd, &one, sizeof one) < 0) return; /* full counter: it is awake anyway */
}

static void flush_dirty(Loop *loop) {
  while (loop->dirty) {
    Conn *conn = loop->dirty;
    loop->dirty = conn->next_dirty;
    conn->dirty = false;
    conn_flush(conn);
  }
}

static void run_tasks(Loop *loop) {
  pthread_mutex_lock(&loop->lock);
  LoopTask *task = loop->tasks;
  loop->tasks = NULL;
  loop->tasks_end = &loop->tasks;
  pthread_mutex_unlock(&loop->lock);
  loop->batching = true;
  for (LoopTask *next; task; task = next) {
    next = task->next;
    task->run(task);
  }
  loop->batching = false;
  flush_dirty(loop);
}

static void on_wake(evutil_socket_t fd, short what, void *arg) {
  (void)what;
  uint64_t count;
  if (read(fd, &count, sizeof count) < 0) return;
  run_tasks(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
  (void)fd;
  (void)what;
  LoopTimer *timer = arg;
  timer->fire(timer->arg);
}

bool loop_timer_start(Loop *loop, LoopTimer *timer, int64_t us, void (*fire)(void *arg), void *arg) {
  if (!timer->event) timer->event = evtimer_new(loop->base, on_timer, timer);
  if (!timer->event) return false;
  timer->fire = fire;
  timer->arg = arg;
  if (us < 0) us = 0;
  struct timeval tv = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
  return event_add(timer->event, &tv) == 0;
}

void loop_timer_stop(LoopTimer *timer) {
  if (timer->event) event_free(timer->event);
  timer->event = NULL;
}

static void on_tick(evutil_socket_t fd, short what, void *arg) {
  (void)fd;
  (void)what;
  Loop *loop = arg;
  int64_t now = clock_now_ms();
  bool over = loop->drain_until && now >= loop->drain_until;
  for (Conn *conn = loop->conns, *next; conn; conn = next) {
    next = conn->next;
    if (over && !conn->linger_until) loop->lost = true;
    conn->busy = true;
    bool keep = !over &&
                (conn->linger_until ? now < conn->linger_until
                                    : !conn->protocol->tick || conn->protocol->tick(conn->state, now));
    conn->busy = false;
    if (!keep) conn_close(conn);
    else if (!conn->linger_until) conn_flush(conn);
  }
  if (over) event_base_loopbreak(loop->base);
}

/* ---- accepting ---- */

typedef struct NewConn {
  LoopTask task;
  Loop *loop;
  const ConnProtocol *protocol;
  void *arg;
  int fd;
} NewConn;

static void take_new_conn(LoopTask *task) {
  NewConn *new = (NewConn *)task;
  conn_open(new->loop, new->fd, new->protocol, new->arg);
  free(new);
}

static void hand_out(Listener *listener, int fd) {
  LoopGroup *group = listener->group;
  Loop *best = &group->loops[0];
  for (int i = 1; i < group->count; i++)
    if (atomic_load(&group->loops[i].conn_count) < atomic_load(&best->conn_count)) best = &group->loops[i];
  if (listener->tcp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  NewConn *new = malloc(sizeof *new);
  if (!new) {
    close(fd);
    return;
  }
  *new = (NewConn){.task.run = take_new_conn,
                   .loop = best,
                   .protocol = listener->protocol,
                   .arg = listener->arg,
                   .fd = fd};
  atomic_fetch_add(&best->conn_count, 1);
  loop_post(best, &new->task);
}

static void on_resume(evutil_socket_t fd, short what, void *arg) {
  (void)fd;
  (void)what;
  Listener *listener = arg;
  event_add(listener->event, NULL);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg) {
  (void)what;
  Listener *listener = arg;
  for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
    int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (conn >= 0) {
      hand_out(listener, conn);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      event_del(listener->event); /* else the waiting connection would wake us for ever */
      event_add(listener->resume_event, &(struct timeval){.tv_usec = ACCEPT_PAUSE_MS * 1000});
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

static void listener_free(Listener *listener) {
  if (listener->event) event_free(listener->event);
  if (listener->resume_event) event_free(listener->resume_event);
  if (listener->fd >= 0) close(listener->fd);
  if (listener->unix_path) unlink(listener->unix_path);
  free(listener->unix_path);
  free(listener);
}

/* Takes `fd`, bound, and adds it to the first loop. */
static TF_Code add_listener(LoopGroup *group, int fd, bool tcp, const char *unix_path,
                            const ConnProtocol *protocol, void *arg, TF_Status *st) {
  Listener *listener = calloc(1, sizeof *listener);
  if (!listener) {
    close(fd);
    return fail_oom(st, "listener");
  }
  *listener = (Listener){.group = group, .protocol = protocol, .arg = arg, .fd = fd, .tcp = tcp};
  struct event_base *base = group->loops[0].base;
  if (listen(fd, LISTEN_BACKLOG)) {
    int error = errno;
    listener_free(listener);
    return fail_errno(st, error, "listen");
  }
  listener->event = event_new(base, fd, EV_READ | EV_PERSIST, on_acceptable, listener);
  listener->resume_event = evtimer_new(base, on_resume, listener);
  listener->unix_path = unix_path ? strdup(unix_path) : NULL;
  if (!listener->event || !listener->resume_event || (unix_path && !listener->unix_path)) {
    listener_free(listener);
    return fail_oom(st, "listener");
  }
  listener->next = group->listeners;
  group->listeners = listener;
  event_add(listener->event, NULL);
  return TF_OK;
}

static int bind_address(const struct addrinfo *address) {
  int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (address->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
  if (!bind(fd, address->ai_addr, address->ai_addrlen)) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static int port_of(int fd) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &size)) return 0;
  if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
  return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

TF_Code loop_group_listen(LoopGroup *group, const char *host, int *port, const ConnProtocol *protocol,
                          void *arg, TF_Status *st) {
  if (*port < 0 || *port > 65535) return fail(st, TF_INVALID_ARGUMENT, "%d is no port", *port);
  char service[16];
  snprintf(service, sizeof service, "%d", *port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
  hints.ai_family = host ? AF_UNSPEC : AF_INET6;
  int error = getaddrinfo(host, service, &hints, &found);
  if (error) return fail(st, TF_INVALID_ARGUMENT, "%s: %s", host ? host : "::", gai_strerror(error));
  int fd = bind_address(found);
  freeaddrinfo(found);
  if (fd < 0 && !host && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) { /* a kernel without IPv6 */
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    struct addrinfo v4 = {.ai_family = AF_INET, .ai_addr = (struct sockaddr *)&any, .ai_addrlen = sizeof any};
    fd = bind_address(&v4);
  }
  if (fd < 0) return fail_errno(st, errno, "port %d", *port);
  *port = port_of(fd);
  return add_listener(group, fd, true, NULL, protocol, arg, st);
}

TF_Code loop_group_listen_unix(LoopGroup *group, const char *path, const ConnProtocol *protocol, void *arg,
                               TF_Status *st) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path)
    return fail(st, TF_INVALID_ARGUMENT, "%s: too long for a socket's name", path);
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno(st, errno, "%s", path);
  struct stat info;
  if (!lstat(path, &info) && S_ISSOCK(info.st_mode)) unlink(path);
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) {
    int error = errno;
    close(fd);
    return fail_errno(st, error, "%s", path);
  }
  return add_listener(group, fd, false, path, protocol, arg, st);
}

/* ---- the group ---- */

static bool loop_init(Loop *loop, LoopGroup *group) {
  loop->group = group;
  loop->tasks_end = &loop->tasks;
  pthread_mutex_init(&loop->lock, NULL);
  loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  loop->input = malloc(INPUT_SIZE);
  struct event_config *config = event_config_new();
  if (config) {
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK); /* others talk to it through wake_fd */
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
  }
  if (!loop->base || loop->wake_fd < 0 || !loop->input) return false;
  loop->wake_event = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
  loop->tick_event = event_new(loop->base, -1, EV_PERSIST, on_tick, loop);
  if (!loop->wake_event || !loop->tick_event) return false;
  event_add(loop->wake_event, NULL);
  event_add(loop->tick_event, &(struct timeval){.tv_sec = TICK_MS / 1000});
  return true;
}

static void loop_clear(Loop *loop) {
  if (loop->wake_event) event_free(loop->wake_event);
  if (loop->tick_event) event_free(loop->tick_event);
  if (loop->base) event_base_free(loop->base);
  if (loop->wake_fd >= 0) close(loop->wake_fd);
  pthread_mutex_destroy(&loop->lock);
  bytes_clear(&loop->output);
  free(loop->input);
}

LoopGroup *loop_group_new(int count, TF_Status *st) {
  LoopGroup *group = calloc(1, sizeof *group);
  if (group) group->loops = calloc((size_t)count, sizeof *group->loops);
  if (!group || !group->loops) {
    free(group);
    fail_oom(st, "event loops");
    return NULL;
  }
  for (; group->count < count; group->count++) {
    if (!loop_init(&group->loops[group->count], group)) {
      group->count++;
      loop_group_free(group);
      fail(st, TF_RESOURCE_EXHAUSTED, "cannot make an event loop");
      return NULL;
    }
  }
  return group;
}

static void *loop_main(void *arg) {
  Loop *loop = arg;
  event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
  while (loop->conns) conn_close(loop->conns);
  return NULL;
}

TF_Code loop_group_start(LoopGroup *group, TF_Status *st) {
  for (int i = 0; i < group->count; i++) {
    if (pthread_create(&group->loops[i].thread, NULL, loop_main, &group->loops[i])) {
      for (int k = 0; k < i; k++) {
        pthread_cancel(group->loops[k].thread);
        pthread_join(group->loops[k].thread, NULL);
      }
      return fail(st, TF_RESOURCE_EXHAUSTED, "cannot start an event loop's thread");
    }
  }
  group->started = true;
  return TF_OK;
}

typedef struct DrainTask {
  LoopTask task;
  Loop *loop;
  int64_t until;
} DrainTask;

static void drain_loop(LoopTask *task) {
  DrainTask *drain = (DrainTask *)task;
  Loop *loop = drain->loop;
  if (loop == &loop->group->loops[0]) {
    while (loop->group->listeners) {
      Listener *listener = loop->group->listeners;
      loop->group->listeners = listener->next;
      listener_free(listener);
    }
  }
  loop->drain_until = drain->until;
  event_add(loop->tick_event, &(struct timeval){.tv_usec = DRAIN_TICK_MS * 1000});
  for (Conn *conn = loop->conns; conn; conn = conn->next) {
    if (conn->linger_until || conn->finished) continue;
    conn->busy = true;
    conn->protocol->drain(conn->state);
    conn->busy = false;
    conn_wake(conn);
  }
  if (!loop->conns) event_base_loopbreak(loop->base);
}

bool loop_group_drain(LoopGroup *group, int64_t timeout_ms) {
  if (!group->started) return true;
  DrainTask tasks[group->count];
  for (int i = 0; i < group->count; i++) {
    tasks[i] = (DrainTask){.task.run = drain_loop,
                           .loop = &group->loops[i],
                           .until = clock_now_ms() + timeout_ms};
    loop_post(&group->loops[i], &tasks[i].task);
  }
  bool done = true;
  for (int i = 0; i < group->count; i++) {
    pthread_join(group->loops[i].thread, NULL);
    done = done && !group->loops[i].lost;
  }
  group->started = false;
  return done;
}

void loop_group_free(LoopGroup *group) {
  if (!group) return;
  while (group->listeners) {
    Listener *listener = group->listeners;
    group->listeners = listener->next;
    listener_free(listener);
  }
  /* Work that was still on its way back to a loop: its connections are gone, it only frees itself. */
  for (int i = 0; i < group->count; i++)
    if (group->loops[i].tasks) run_tasks(&group->loops[i]);
  for (int i = 0; i < group->count; i++) loop_clear(&group->loops[i]);
  free(group->loops);
  free(group);
}

int loop_group_size(const LoopGroup *group) { return group->count; }
