/* Protobuf's JSON form of a message, as TensorFlow Serving prints statuses and metadata: field names
 * as in the .proto, 64-bit integers as strings, enums by name, bytes in base64, maps as objects, fields
 * at their default printed (absent messages and unset oneofs are not), Any of known types with "@type". */
#ifndef SM_WIRE_PROTO_JSON_H_
#define SM_WIRE_PROTO_JSON_H_

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"

/* `indent` blanks a level, or -1 for one line. No newline at the end. */
TF_Code proto_json_print(const ProtobufCMessage *msg, int indent, Bytes *out, TF_Status *st);

#endif
