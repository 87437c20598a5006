/* ConfigProto and RunOptions: the few fields that mean something to this runtime. */
#include "session/session.h"
#include "tensorflow/core/protobuf/config.pb-c.h"
#include "wire/proto_message.h"

TF_Code session_config_parse(SessionConfig *config, Span proto, TF_Status *st) {
  Arena arena = {0};
  Tensorflow__ConfigProto *message;
  TF_Code code = proto_parse(&tensorflow__config_proto__descriptor, proto, &arena, &message, "ConfigProto",
                             st);
  if (!code) {
    /* TF: inter-op threads run several kernels of a step at once; here a step is one thread. */
    config->intra_op_threads = message->intra_op_parallelism_threads;
    config->timeout_ms = message->operation_timeout_in_ms;
  }
  arena_clear(&arena);
  return code;
}

TF_Code session_run_options_parse(SessionRunOptions *options, Span proto, TF_Status *st) {
  Arena arena = {0};
  Tensorflow__RunOptions *message;
  TF_Code code = proto_parse(&tensorflow__run_options__descriptor, proto, &arena, &message, "RunOptions", st);
  if (!code) options->timeout_ms = message->timeout_in_ms;
  arena_clear(&arena);
  return code;
}
