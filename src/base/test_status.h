/* For tests of calls with a status last. */
#ifndef SM_BASE_TEST_STATUS_H_
#define SM_BASE_TEST_STATUS_H_

#include "base/status_impl.h"

/* The call, with `st` for its status, goes well. */
#define assert_ok(call)                                               \
  do {                                                                \
    TF_Status st_ = {0};                                              \
    TF_Status *st = &st_;                                             \
    if (call) fail_msg("%s:%d: %s", __FILE__, __LINE__, st_.message); \
  } while (0)

#endif
