/* Protobuf's text format (saved_model.pbtxt, `checkpoint` files, server configurations).
 *
 * Reading takes all that protobuf's parser takes: `name {`, `name: {`, `< >`, separators `,` and `;`,
 * `#` comments, short repeated forms `[a, b]`, adjacent strings joined, every escape, enums by name or
 * number, hexadecimal and octal integers, `inf`, `nan` (Python's `nanf` too), and Any expanded as
 * `[type.googleapis.com/pkg.Message] { ... }` for messages of the registry. The fields promise what
 * proto_parse promises (maps without double keys, UTF-8 without NUL). Time is linear in the text. */
#ifndef SM_WIRE_TEXT_FORMAT_H_
#define SM_WIRE_TEXT_FORMAT_H_

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/bytes.h"

/* `out` is the address of a pointer to the message's struct; null after an error. The message lives in
 * the arena. Error: TF_INVALID_ARGUMENT
 * "Error parsing text-format tensorflow.SavedModel: 3:5: Message type \"...\" has no field named \"x\".",
 * line and column counted from 1, in protobuf's words. */
TF_Code text_format_parse(const ProtobufCMessageDescriptor *desc, Span text, Arena *arena, void *out,
                          TF_Status *st);

/* Appends the message as text, a field a line, two blanks a level, in the order of field numbers; maps
 * in the order of their arrays. Fields at their default are left out, unless they are set in a oneof.
 * Known Any types are expanded. Unknown fields are left out. */
TF_Code text_format_print(const ProtobufCMessage *msg, Bytes *out, TF_Status *st);
/* All on one line: `name: "x" dim { size: 1 }`, as protobuf's ShortDebugString. */
TF_Code text_format_print_short(const ProtobufCMessage *msg, Bytes *out, TF_Status *st);

#endif
