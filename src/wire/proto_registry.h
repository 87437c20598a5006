/* All message types of proto/ by full name, such as "tensorflow.serving.ModelServerConfig". */
#ifndef SM_WIRE_PROTO_REGISTRY_H_
#define SM_WIRE_PROTO_REGISTRY_H_

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/* Null when there is none. The name need not end in NUL; nested types are found as "pkg.Outer.Inner". */
const ProtobufCMessageDescriptor *proto_registry_find(const char *full_name, size_t len);
size_t proto_registry_count(void);
const ProtobufCMessageDescriptor *proto_registry_at(size_t i);

#endif
