/* Protobuf messages as protobuf-c's C structs, kept in arenas.
 *
 *   Arena arena = {0};
 *   Tensorflow__SavedModel *model;
 *   TRY(proto_parse(&tensorflow__saved_model__descriptor, bytes, &arena, &model, path, st));
 *   ...
 *   arena_clear(&arena);     frees the message; never call protobuf_c_message_free_unpacked on it
 *
 * Descriptors, structs and packing are protobuf-c's. Unpacking is ours, since protobuf-c's has no
 * limit on depth or memory. What a parsed message promises beyond protobuf-c:
 *  - Nesting is at most LIMIT_PROTO_DEPTH, memory at most LIMIT_PROTO_MEMORY; all else is an error.
 *  - Strings are valid UTF-8 (as protobuf C++ demands of proto3) and hold no NUL byte: a C string
 *    would end there, so such a message is refused rather than read short. They are never null:
 *    an absent one is "" (only `optional` strings of proto2 files, which say whether they are there,
 *    are null when absent). Bytes fields may hold anything; absent ones are {0, null}.
 *  - Maps are repeated entry messages. Of equal keys the last one stays, at the place of the first;
 *    an entry's message value is never null. A map from a message is thus a map.
 *  - A singular message that comes several times is merged, as protobuf demands; oneofs keep the last.
 *  - Fields that the descriptor does not know, and fields with the wrong wire type, are kept as
 *    unknown fields and packed again. (Groups are kept too.)
 *  - Repeated fields have room as proto_room() expects.
 * Absent singular messages are null: check before use. */
#ifndef SM_WIRE_PROTO_MESSAGE_H_
#define SM_WIRE_PROTO_MESSAGE_H_

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"

/* Reads `data` as a message. `out` is the address of a pointer to the message's struct; it is null
 * after an error. `what` starts the error message (a file name, say). The message and all it holds
 * live in the arena and do not refer to `data`.
 * Errors: TF_DATA_LOSS "<what>: <reason>" for malformed bytes, TF_RESOURCE_EXHAUSTED for limits. */
TF_Code proto_parse(const ProtobufCMessageDescriptor *desc, Span data, Arena *arena, void *out,
                    const char *what, TF_Status *st);
/* The same, but bytes fields (and unknown fields) point into `data`, which must outlive the message
 * and is never written to. For messages with large tensors. */
TF_Code proto_parse_view(const ProtobufCMessageDescriptor *desc, Span data, Arena *arena, void *out,
                         const char *what, TF_Status *st);

/* Appends the serialized message; fields in the order of their numbers, then unknown ones.
 * Map entries are written in the order of the array: call proto_sort_maps first where the bytes must
 * not depend on it. Errors: TF_INVALID_ARGUMENT above LIMIT_PROTO_BYTES, out of memory. */
TF_Code proto_pack(const ProtobufCMessage *msg, Bytes *out, TF_Status *st);
/* Sorts all map entries of the message and of those in it by key (bytes, or numbers). */
void proto_sort_maps(ProtobufCMessage *msg);

/* A new message with default values; null when memory is out. */
void *proto_new(Arena *arena, const ProtobufCMessageDescriptor *desc);
/* A deep copy; null when memory is out. Shares nothing with `msg`. */
void *proto_copy(Arena *arena, const ProtobufCMessage *msg);
/* Room for one more element behind the `count` elements of a repeated field:
 *   if (!(items = proto_room(arena, graph->node, graph->n_node, sizeof *graph->node))) return fail_oom(...);
 *   graph->node = items;
 *   graph->node[graph->n_node++] = node;
 * Holds for fields of messages parsed, copied or grown here only: their capacity is `count` rounded up
 * to a power of two, at least 4. Null when memory is out. */
void *proto_room(Arena *arena, const void *items, size_t count, size_t item_size);
/* The capacity of which proto_room speaks. */
size_t proto_capacity(size_t count);

/* Whether a field is a map, that is, its message type is a generated entry of `desc`. */
bool proto_field_is_map(const ProtobufCMessageDescriptor *desc, const ProtobufCFieldDescriptor *field);
/* By name or number; null when there is none. Names need not end in NUL. */
const ProtobufCFieldDescriptor *proto_field_by_name(const ProtobufCMessageDescriptor *desc, const char *name,
                                                    size_t len);
const ProtobufCFieldDescriptor *proto_field_by_number(const ProtobufCMessageDescriptor *desc,
                                                      uint32_t number);
/* The enum value of that name or number; null when there is none. */
const ProtobufCEnumValue *proto_enum_by_name(const ProtobufCEnumDescriptor *desc, const char *name,
                                             size_t len);
const ProtobufCEnumValue *proto_enum_by_number(const ProtobufCEnumDescriptor *desc, int number);

/* Gives messages that were read or built what this header promises of maps: no key twice (the last entry
 * stays), no null values. Not for the messages inside. False when memory is out. */
bool proto_fix_maps(Arena *arena, ProtobufCMessage *msg);

/* Bytes of one value of a field in its struct. */
size_t proto_value_size(const ProtobufCFieldDescriptor *field);

/* Reading fields by descriptor. Elements of a repeated field, or the one value of a set singular one. */
size_t proto_field_count(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field);
/* A singular field counts when it is there: set in its oneof, with its has_ flag, or not zero (proto3). */
/* Where element `i` < proto_field_count() is: an int32_t, int64_t, float, double, protobuf_c_boolean,
 * int (enum), char *, ProtobufCBinaryData or ProtobufCMessage *, by the field's type. */
const void *proto_field_at(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, size_t i);

#endif
