#include "serving/session_flags.h"

#include "base/arena.h"
#include "base/log.h"
#include "serving/config_file.h"
#include "tensorflow/core/protobuf/config.pb-c.h"
#include "wire/proto_message.h"

TF_Code session_config_check(const ServerFlags *f, TF_Status *st) {
  if (f->tensorflow_session_parallelism > 0 &&
      (f->tensorflow_intra_op_parallelism > 0 || f->tensorflow_inter_op_parallelism > 0))
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Either configure server_options.tensorflow_session_parallelism or "
        "(server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) "
        "separately. You cannot configure all.");
  return TF_OK;
}

static int32_t threads(int64_t v) { return v < 0 ? 0 : v > INT32_MAX ? INT32_MAX : (int32_t)v; }

TF_Code session_config_build(const ServerFlags *f, Bytes *out, TF_Status *st) {
  Arena arena = {0};
  Tensorflow__ConfigProto *config = NULL;
  TF_Code code = TF_OK;
  if (*f->tensorflow_session_config_file)
    code = config_file_read(f->tensorflow_session_config_file, &tensorflow__config_proto__descriptor, &arena,
                            &config, st);
  else if (!(config = proto_new(&arena, &tensorflow__config_proto__descriptor)))
    code = fail_oom(st, "session config");
  if (!code) {
    int64_t both = f->tensorflow_session_parallelism;
    if (both > 0) config->intra_op_parallelism_threads = config->inter_op_parallelism_threads = threads(both);
    if (f->tensorflow_intra_op_parallelism > 0)
      config->intra_op_parallelism_threads = threads(f->tensorflow_intra_op_parallelism);
    if (f->tensorflow_inter_op_parallelism > 0)
      config->inter_op_parallelism_threads = threads(f->tensorflow_inter_op_parallelism);
    code = proto_pack(&config->base, out, st);
  }
  arena_clear(&arena);
  return code;
}
