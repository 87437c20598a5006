/* Time that only goes forward, for measuring and for deadlines. */
#ifndef SM_BASE_CLOCK_H_
#define SM_BASE_CLOCK_H_

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Microseconds since some moment before the process started. */
static inline int64_t clock_now_us(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static inline int64_t clock_now_ms(void) { return clock_now_us() / 1000; }
static inline int64_t clock_now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Conditions that are waited for by this clock; waiting is false when `until_ns` came first. */
static inline void clock_cond_init(pthread_cond_t *cond) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(cond, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

static inline bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ns) {
  struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};
  return !pthread_cond_timedwait(cond, lock, &until);
}

#endif
