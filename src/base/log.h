/* Log lines on stderr, in TensorFlow's form:
 *
 *   2026-01-31 12:00:00.123456: I server.c:42] Running gRPC ModelServer at 0.0.0.0:8500 ...
 *
 * A line is written by one write(2), so lines of several threads do not mix. Control characters in a
 * message are replaced: what a stranger sends cannot forge lines. Any thread may log. */
#ifndef SM_BASE_LOG_H_
#define SM_BASE_LOG_H_

#include "base/compiler.h"

typedef enum LogLevel {
  LOG_LEVEL_INFO = 0,
  LOG_LEVEL_WARNING = 1,
  LOG_LEVEL_ERROR = 2,
  LOG_LEVEL_NONE = 3
} LogLevel;

#define log_info(...) log_write(LOG_LEVEL_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __FILE__, __LINE__, __VA_ARGS__)

/* Lines below `level` are dropped. At the start it is what TF_CPP_MIN_LOG_LEVEL says (0 to 3), else 0. */
void log_set_level(LogLevel level);
void log_write(LogLevel level, const char *file, int line, const char *fmt, ...) SM_PRINTF(4, 5);

#endif
