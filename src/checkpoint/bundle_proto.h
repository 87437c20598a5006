/* The messages in a bundle's index, BundleHeaderProto and BundleEntryProto, read and written by hand: an
 * index may hold a million of them. The bytes written are protobuf's own. */
#ifndef SM_CHECKPOINT_BUNDLE_PROTO_H_
#define SM_CHECKPOINT_BUNDLE_PROTO_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "checkpoint/tensor_bundle.h"

/* Versions of the bundle format that this code writes, and understands. */
enum { BUNDLE_VERSION = 1 };
/* TensorFlow has no tensors of more dimensions. */
enum { TENSOR_SHAPE_MAX_RANK = 254 };

typedef struct BundleHeader {
  int32_t shard_count;
  bool big_endian;
  int32_t producer, min_consumer;
  bool refused; /* our version is among bad_consumers */
} BundleHeader;

/* TF_DATA_LOSS for malformed bytes. */
TF_Code bundle_header_decode(Span value, BundleHeader *header, TF_Status *st);
void bundle_header_encode(const BundleHeader *header, Bytes *out);
/* Everything but the name. Dims and slices live in the arena. */
TF_Code bundle_entry_decode(Span value, Arena *arena, BundleEntry *entry, TF_Status *st);
void bundle_entry_encode(const BundleEntry *entry, Bytes *out);

#endif
