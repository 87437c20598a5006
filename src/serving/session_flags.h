/* The ConfigProto of the models' sessions, from the flags. */
#ifndef SM_SERVING_SESSION_FLAGS_H_
#define SM_SERVING_SESSION_FLAGS_H_

#include "base/bytes.h"
#include "serving/server_flags.h"

TF_Code session_config_check(const ServerFlags *flags, TF_Status *st);
/* Appends the serialized ConfigProto; nothing when all is at its default. */
TF_Code session_config_build(const ServerFlags *flags, Bytes *out, TF_Status *st);

#endif
