/* Configuration files: protobuf text format. */
#ifndef SM_SERVING_CONFIG_FILE_H_
#define SM_SERVING_CONFIG_FILE_H_

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/status.h"

/* Reads a text file as a message; `out` is the address of a pointer to it. A missing file is NOT_FOUND
 * "<path>; No such file or directory"; text that does not parse is logged with line and column and gives
 * INVALID_ARGUMENT "Invalid protobuf file: '<path>'". */
TF_Code config_file_read(const char *path, const ProtobufCMessageDescriptor *desc, Arena *arena, void *out,
                         TF_Status *st);

#endif
