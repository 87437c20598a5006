/* TF_Buffer: bytes with their deallocator. Part of the TensorFlow C API. */
#ifndef TENSORFLOW_C_TF_BUFFER_H_
#define TENSORFLOW_C_TF_BUFFER_H_

#include <stddef.h>

#include "tensorflow/c/c_api_macros.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Public layout: `data_deallocator`, when set, frees `data`. */
typedef struct TF_Buffer {
  const void *data;
  size_t length;
  void (*data_deallocator)(void *data, size_t length);
} TF_Buffer;

/* A buffer with a copy of `proto_len` bytes; null when memory is out. The caller deletes it. */
TF_CAPI_EXPORT extern TF_Buffer *TF_NewBufferFromString(const void *proto, size_t proto_len);
/* An empty buffer without deallocator; null when memory is out. The caller deletes it. */
TF_CAPI_EXPORT extern TF_Buffer *TF_NewBuffer(void);
/* Calls the deallocator if there is one, then frees the struct; null is allowed. */
TF_CAPI_EXPORT extern void TF_DeleteBuffer(TF_Buffer *buffer);
/* The struct itself, by value; ownership stays with `buffer`. */
TF_CAPI_EXPORT extern TF_Buffer TF_GetBuffer(TF_Buffer *buffer);

#ifdef __cplusplus
}
#endif
#endif
