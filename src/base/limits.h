/* Limits on what comes from files and sockets, each with its reason. */
#ifndef SM_BASE_LIMITS_H_
#define SM_BASE_LIMITS_H_

enum {
  /* protobuf C++ refuses messages nested deeper than this; TensorFlow files therefore never are. */
  LIMIT_PROTO_DEPTH = 100,
  /* Text format nests no deeper than the messages do. */
  LIMIT_TEXT_DEPTH = 100,
  /* JSON requests: a tensor has at most TENSOR_MAX_RANK levels; the rest is room for free forms. */
  LIMIT_JSON_DEPTH = 256,
  /* Recursive functions and nested calls of a graph. TensorFlow has no limit and overflows its stack. */
  LIMIT_CALL_DEPTH = 128,
};

/* A protobuf message (and with it a SavedModel) is at most 2 GiB - 1 bytes: lengths are int32. */
#define LIMIT_PROTO_BYTES 0x7fffffff
/* What one decoded message may take in memory: small entries cost more unpacked than on the wire. */
#define LIMIT_PROTO_MEMORY ((size_t)8 << 30)

#endif
