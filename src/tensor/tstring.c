/* TF_TString: the string element of the C API (layout: tf_tstring.h). */
#include <stdlib.h>
#include <string.h>

#include "tensor/tensor.h"

enum { SMALL_MAX = sizeof(TF_TString_Union) - 2 }; /* a byte of length, a NUL */

void TF_StringInit(TF_TString *t) { memset(t, 0, sizeof *t); }

TF_TString_Type TF_StringGetType(const TF_TString *s) {
  return (TF_TString_Type)(s->u.smll.size & TF_TSTR_TYPE_MASK);
}

const char *TF_StringGetDataPointer(const TF_TString *s) {
  size_t size;
  return tstring_data(s, &size);
}

size_t TF_StringGetSize(const TF_TString *s) {
  size_t size;
  tstring_data(s, &size);
  return size;
}

size_t TF_StringGetCapacity(const TF_TString *s) {
  switch (TF_StringGetType(s)) {
    case TF_TSTR_SMALL: return SMALL_MAX;
    case TF_TSTR_LARGE: return s->u.large.cap;
    default: return 0;
  }
}

void TF_StringDealloc(TF_TString *s) {
  if (TF_StringGetType(s) == TF_TSTR_LARGE) free(s->u.large.ptr);
  TF_StringInit(s);
}

bool tstring_set(TF_TString *dst, const void *data, size_t size) {
  TF_TString fresh;
  TF_StringInit(&fresh);
  if (size <= SMALL_MAX) {
    fresh.u.smll.size = (uint8_t)(size << 2);
    if (size) memcpy(fresh.u.smll.str, data, size);
  } else {
    size_t cap = size >= SIZE_MAX / 8 ? 0 : ((size + 1 + 15) & ~(size_t)15) - 1; /* as TensorFlow rounds it */
    char *ptr = cap ? malloc(cap + 1) : NULL;
    if (!ptr) {
      TF_StringDealloc(dst);
      return false;
    }
    memcpy(ptr, data, size);
    ptr[size] = 0;
    fresh.u.large = (TF_TString_Large){size << 2 | TF_TSTR_LARGE, cap, ptr};
  }
  TF_StringDealloc(dst); /* after the copy: `data` may be dst's own */
  *dst = fresh;
  return true;
}

void TF_StringCopy(TF_TString *dst, const char *src, size_t size) { tstring_set(dst, src, size); }

void TF_StringAssignView(TF_TString *dst, const char *src, size_t size) {
  TF_StringDealloc(dst);
  dst->u.view = (TF_TString_View){size << 2 | TF_TSTR_VIEW, src};
}
