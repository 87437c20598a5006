/* ConfigProto bytes for the commands that load a model. */
#ifndef SM_CLI_SESSION_CONFIG_H_
#define SM_CLI_SESSION_CONFIG_H_

#include <stdint.h>

#include "base/bytes.h"

/* Appends a ConfigProto that asks for `threads` intra- and inter-op threads; nothing for 0. */
void session_config_threads(Bytes *out, int64_t threads);

#endif
