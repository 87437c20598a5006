#include "serving/config_file.h"

#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/log.h"
#include "wire/text_format.h"

enum { CONFIG_FILE_MAX = 64 << 20, READ_STEP = 64 << 10 };

static TF_Code read_file(const char *path, Bytes *out, TF_Status *st) {
  FILE *file = fopen(path, "rb");
  if (!file) return fail_errno(st, errno, "%s", path);
  size_t n = 1;
  while (n && out->size < CONFIG_FILE_MAX) {
    char *room = bytes_reserve(out, READ_STEP);
    n = room ? fread(room, 1, READ_STEP, file) : 0;
    bytes_grow(out, n);
  }
  int error = ferror(file) ? errno : 0;
  fclose(file);
  if (error) return fail_errno(st, error, "%s", path);
  return bytes_finish(out, path, st);
}

TF_Code config_file_read(const char *path, const ProtobufCMessageDescriptor *desc, Arena *arena, void *out,
                         TF_Status *st) {
  Bytes text = {0};
  TF_Code code = read_file(path, &text, st);
  if (!code && text_format_parse(desc, (Span){text.data ? text.data : "", text.size}, arena, out, st)) {
    log_error("%s", TF_Message(st));
    code = fail(st, TF_INVALID_ARGUMENT, "Invalid protobuf file: '%s'", path);
  }
  bytes_clear(&text);
  return code;
}
