/* ConfigProto bytes for the commands that load a model. */
#ifndef SM_CLI_THREAD_CONFIG_H_
#define SM_CLI_THREAD_CONFIG_H_

#include <stdint.h>

#include "base/bytes.h"

/* Appends a ConfigProto that asks for `threads` intra- and inter-op threads; nothing for 0. */
void thread_config_put(Bytes *out, int64_t threads);

#endif
