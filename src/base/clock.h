/* Time that only goes forward, for measuring and for deadlines. */
#ifndef SM_BASE_CLOCK_H_
#define SM_BASE_CLOCK_H_

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

#endif
