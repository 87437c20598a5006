#include "cli/thread_config.h"

#include "serving/proto_scan.h"

/* Field numbers of ConfigProto. */
enum { INTRA_OP_PARALLELISM_THREADS = 2, INTER_OP_PARALLELISM_THREADS = 5 };

void thread_config_put(Bytes *out, int64_t threads) {
  if (threads <= 0) return;
  proto_put_varint_field(out, INTRA_OP_PARALLELISM_THREADS, (uint64_t)threads);
  proto_put_varint_field(out, INTER_OP_PARALLELISM_THREADS, (uint64_t)threads);
}
