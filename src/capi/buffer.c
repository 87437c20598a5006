/* TF_Buffer and TF_Version of the C API. */
#include <stdlib.h>

#include "capi/capi.h"
#include "tensorflow/c/c_api.h"

const char *TF_Version(void) { return TENSORFLOW_VERSION; }

static void free_bytes(void *data, size_t length) {
  (void)length;
  free(data);
}

TF_Buffer *TF_NewBuffer(void) { return calloc(1, sizeof(TF_Buffer)); }

TF_Buffer *TF_NewBufferFromString(const void *proto, size_t proto_len) {
  TF_Buffer *buffer = TF_NewBuffer();
  void *copy = buffer ? malloc(proto_len ? proto_len : 1) : NULL;
  if (!copy) {
    free(buffer);
    return NULL;
  }
  if (proto_len) memcpy(copy, proto, proto_len);
  *buffer = (TF_Buffer){copy, proto_len, free_bytes};
  return buffer;
}

void TF_DeleteBuffer(TF_Buffer *buffer) {
  if (!buffer) return;
  if (buffer->data_deallocator) buffer->data_deallocator((void *)buffer->data, buffer->length);
  free(buffer);
}

TF_Buffer TF_GetBuffer(TF_Buffer *buffer) { return *buffer; }

TF_Code buffer_take_bytes(TF_Buffer *buffer, Bytes *bytes, TF_Status *st) {
  TF_Code code = bytes_finish(bytes, "a buffer", st);
  if (!code && buffer->data) code = fail(st, TF_INVALID_ARGUMENT, "Passing non-empty TF_Buffer is invalid.");
  if (code) {
    bytes_clear(bytes);
    return code;
  }
  *buffer = (TF_Buffer){bytes->data, bytes->size, free_bytes};
  *bytes = (Bytes){0};
  return TF_OK;
}

TF_Code buffer_take_message(TF_Buffer *buffer, const ProtobufCMessage *msg, TF_Status *st) {
  Bytes bytes = {0};
  if (proto_pack(msg, &bytes, st)) {
    bytes_clear(&bytes);
    return TF_GetCode(st);
  }
  return buffer_take_bytes(buffer, &bytes, st);
}
