/* TF_TString: the element of a TF_STRING tensor, 24 bytes. Part of the TensorFlow C API.
 *
 * Little-endian layout; the low two bits of the first byte tell the kind:
 *   SMALL  byte 0 = length << 2, up to 22 bytes and a NUL in the rest of the struct
 *   LARGE  u64 length << 2 | 1, u64 capacity, pointer to malloc'ed bytes and a NUL
 *   OFFSET u32 length << 2 | 2, u32 offset from the struct's address, u32 count; bytes not owned
 *   VIEW   u64 length << 2 | 3, pointer; bytes not owned
 * So 24 zero bytes are an empty string. */
#ifndef TENSORFLOW_C_TF_TSTRING_H_
#define TENSORFLOW_C_TF_TSTRING_H_

#include <stddef.h>
#include <stdint.h>

#include "tensorflow/c/c_api_macros.h"
#include "tensorflow/c/tf_tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TF_TString_Type {
  TF_TSTR_SMALL = 0x00,
  TF_TSTR_LARGE = 0x01,
  TF_TSTR_OFFSET = 0x02,
  TF_TSTR_VIEW = 0x03,
  TF_TSTR_TYPE_MASK = 0x03,
} TF_TString_Type;

typedef struct TF_TString_Large {
  size_t size;
  size_t cap;
  char *ptr;
} TF_TString_Large;

typedef struct TF_TString_Offset {
  uint32_t size;
  uint32_t offset;
  uint32_t count;
} TF_TString_Offset;

typedef struct TF_TString_View {
  size_t size;
  const char *ptr;
} TF_TString_View;

typedef struct TF_TString_Raw {
  uint8_t raw[24];
} TF_TString_Raw;

typedef union TF_TString_Union {
  TF_TString_Large large;
  TF_TString_Offset offset;
  TF_TString_View view;
  TF_TString_Raw raw;
} TF_TString_Union;

typedef struct TF_TString {
  union {
    struct {
      uint8_t size;
      char str[sizeof(TF_TString_Union) - sizeof(uint8_t)];
    } smll;
    TF_TString_Large large;
    TF_TString_Offset offset;
    TF_TString_View view;
    TF_TString_Raw raw;
  } u;
} TF_TString;

/* An empty small string. */
TF_CAPI_EXPORT extern void TF_StringInit(TF_TString *t);
/* `dst` comes to own a copy of `size` bytes; what it held before is freed. When memory is out it
 * becomes empty. */
TF_CAPI_EXPORT extern void TF_StringCopy(TF_TString *dst, const char *src, size_t size);
/* `dst` points at `src`, which must outlive it; what it held before is freed. */
TF_CAPI_EXPORT extern void TF_StringAssignView(TF_TString *dst, const char *src, size_t size);
TF_CAPI_EXPORT extern const char *TF_StringGetDataPointer(const TF_TString *tstr);
TF_CAPI_EXPORT extern TF_TString_Type TF_StringGetType(const TF_TString *str);
TF_CAPI_EXPORT extern size_t TF_StringGetSize(const TF_TString *tstr);
TF_CAPI_EXPORT extern size_t TF_StringGetCapacity(const TF_TString *str);
/* Frees a LARGE string's memory; the string is empty afterwards. */
TF_CAPI_EXPORT extern void TF_StringDealloc(TF_TString *tstr);

#ifdef __cplusplus
}
#endif
#endif
