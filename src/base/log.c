#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 8192, LEVEL_UNSET = -1 };

static _Atomic int min_level = LEVEL_UNSET;

static int level_of_environment(void) {
  const char *text = getenv("TF_CPP_MIN_LOG_LEVEL");
  int level = text && text[0] >= '0' && text[0] <= '3' && !text[1] ? text[0] - '0' : LOG_LEVEL_INFO;
  atomic_store(&min_level, level);
  return level;
}

void log_set_level(LogLevel level) { atomic_store(&min_level, (int)level); }

static int put_time(char *line, size_t room) {
  struct timespec now;
  struct tm tm;
  clock_gettime(CLOCK_REALTIME, &now);
  localtime_r(&now.tv_sec, &tm);
  return snprintf(line, room, "%04d-%02d-%02d %02d:%02d:%02d.%06ld", tm.tm_year + 1900, tm.tm_mon + 1,
                  tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000);
}

void log_write(LogLevel level, const char *file, int line_number, const char *fmt, ...) {
  int min = atomic_load_explicit(&min_level, memory_order_relaxed);
  if (min == LEVEL_UNSET) min = level_of_environment();
  if ((int)level < min) return;
  const char *base = strrchr(file, '/');
  char line[LOG_LINE_MAX];
  size_t room = sizeof line - 1, at = (size_t)put_time(line, room);
  at += (size_t)snprintf(line + at, room - at, ": %c %s:%d] ", "IWE"[level], base ? base + 1 : file,
                         line_number);
  va_list args;
  va_start(args, fmt);
  int len = vsnprintf(line + at, room - at, fmt, args);
  va_end(args);
  size_t text = at;
  at = len < 0 ? at : at + (size_t)len < room ? at + (size_t)len : room - 1;
  for (; text < at; text++)
    if ((unsigned char)line[text] < 0x20 || line[text] == 0x7f) line[text] = ' ';
  line[at++] = '\n';
  if (write(STDERR_FILENO, line, at) < 0) return; /* nowhere left to say so */
}
