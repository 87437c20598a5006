/* Tensors from C arrays. */
#include "savedmodel/sm_tensor.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/float16.h"
#include "savedmodel/sm_internal.h"
#include "tensorflow/c/tf_tstring.h"

/* Number of elements; false when a dimension is unknown or the number overflows. */
static bool shape_elements(SM_Shape shape, size_t *count) {
  *count = 1;
  if (shape.num_dims < 0) return false;
  for (int i = 0; i < shape.num_dims; i++)
    if (shape.dims[i] < 0 || !checked_mul(*count, (size_t)shape.dims[i], count)) return false;
  return true;
}

static TF_Tensor *allocate(TF_DataType dtype, SM_Shape shape, size_t *count) {
  size_t item = dtype == TF_STRING ? sizeof(TF_TString) : TF_DataTypeSize(dtype), bytes;
  if (!item || !shape_elements(shape, count) || !checked_mul(*count, item, &bytes)) return NULL;
  TF_Tensor *t = TF_AllocateTensor(dtype, shape.dims, shape.num_dims, bytes);
  if (t && bytes) memset(TF_TensorData(t), 0, bytes);
  return t;
}

TF_Tensor *SM_TensorOf(TF_DataType dtype, SM_Shape shape, const void *elements) {
  size_t count;
  if (dtype == TF_STRING) return SM_TensorStrings(shape, elements);
  TF_Tensor *t = allocate(dtype, shape, &count);
  if (t && elements && count) memcpy(TF_TensorData(t), elements, count * TF_DataTypeSize(dtype));
  return t;
}

TF_Tensor *SM_TensorF32(SM_Shape shape, const float *elements) {
  return SM_TensorOf(TF_FLOAT, shape, elements);
}
TF_Tensor *SM_TensorF64(SM_Shape shape, const double *elements) {
  return SM_TensorOf(TF_DOUBLE, shape, elements);
}
TF_Tensor *SM_TensorI32(SM_Shape shape, const int32_t *elements) {
  return SM_TensorOf(TF_INT32, shape, elements);
}
TF_Tensor *SM_TensorI64(SM_Shape shape, const int64_t *elements) {
  return SM_TensorOf(TF_INT64, shape, elements);
}

TF_Tensor *SM_TensorStrings(SM_Shape shape, const char *const *elements) {
  size_t count;
  TF_Tensor *t = allocate(TF_STRING, shape, &count);
  TF_TString *strings = t ? TF_TensorData(t) : NULL;
  for (size_t i = 0; strings && elements && i < count; i++)
    TF_StringCopy(&strings[i], elements[i], strlen(elements[i]));
  return t;
}

TF_Tensor *SM_ScalarF32(float value) { return SM_TensorF32(SM_SCALAR, &value); }
TF_Tensor *SM_ScalarI32(int32_t value) { return SM_TensorI32(SM_SCALAR, &value); }
TF_Tensor *SM_ScalarI64(int64_t value) { return SM_TensorI64(SM_SCALAR, &value); }
TF_Tensor *SM_ScalarString(const char *value) { return SM_TensorStrings(SM_SCALAR, &value); }

/* One element of `dtype` into `out` (at most 16 bytes); false when there is no such value. */
static bool encode_number(TF_DataType dtype, double v, void *out) {
#define AS_INTEGER(type, low, high)                                 \
  {                                                                 \
    if (!(v >= (double)(low) && v <= (double)(high))) return false; \
    type x = (type)v;                                               \
    memcpy(out, &x, sizeof x);                                      \
    return true;                                                    \
  }
#define AS(type, value)        \
  {                            \
    type x = (value);          \
    memcpy(out, &x, sizeof x); \
    return true;               \
  }
  switch (dtype) {
    case TF_FLOAT: AS(float, (float)v)
    case TF_DOUBLE: AS(double, v)
    case TF_HALF: AS(uint16_t, half_of_float((float)v))
    case TF_BFLOAT16: AS(uint16_t, bfloat16_of_float((float)v))
    case TF_BOOL: AS(uint8_t, v != 0)
    case TF_INT8: AS_INTEGER(int8_t, INT8_MIN, INT8_MAX)
    case TF_UINT8: AS_INTEGER(uint8_t, 0, UINT8_MAX)
    case TF_INT16: AS_INTEGER(int16_t, INT16_MIN, INT16_MAX)
    case TF_UINT16: AS_INTEGER(uint16_t, 0, UINT16_MAX)
    case TF_INT32: AS_INTEGER(int32_t, INT32_MIN, INT32_MAX)
    case TF_UINT32: AS_INTEGER(uint32_t, 0, UINT32_MAX)
    case TF_INT64: AS_INTEGER(int64_t, -0x1p63, 0x1.fffffffffffffp62)
    case TF_UINT64: AS_INTEGER(uint64_t, 0, 0x1.fffffffffffffp63)
    case TF_COMPLEX64: {
      float x[2] = {(float)v, 0};
      memcpy(out, x, sizeof x);
      return true;
    }
    case TF_COMPLEX128: {
      double x[2] = {v, 0};
      memcpy(out, x, sizeof x);
      return true;
    }
    default: return false;
  }
#undef AS
#undef AS_INTEGER
}

TF_Tensor *SM_TensorFill(TF_DataType dtype, SM_Shape shape, double value) {
  char item[16];
  size_t count;
  bool blank = value == 0 && dtype == TF_STRING; /* zeros of strings are "" */
  if (!blank && !encode_number(dtype, value, item)) return NULL;
  TF_Tensor *t = allocate(dtype, shape, &count);
  if (!t || blank || !count) return t;
  size_t size = TF_DataTypeSize(dtype);
  char *data = TF_TensorData(t);
  for (size_t i = 0; i < count; i++) memcpy(data + i * size, item, size);
  return t;
}

const float *SM_TensorDataF32(const TF_Tensor *t) {
  return t && TF_TensorType(t) == TF_FLOAT ? TF_TensorData(t) : NULL;
}

const int32_t *SM_TensorDataI32(const TF_Tensor *t) {
  return t && TF_TensorType(t) == TF_INT32 ? TF_TensorData(t) : NULL;
}

const int64_t *SM_TensorDataI64(const TF_Tensor *t) {
  return t && TF_TensorType(t) == TF_INT64 ? TF_TensorData(t) : NULL;
}

const char *SM_TensorDataString(const TF_Tensor *t, int64_t index, size_t *size) {
  if (size) *size = 0;
  if (!t || TF_TensorType(t) != TF_STRING || index < 0 || index >= TF_TensorElementCount(t)) return NULL;
  const TF_TString *s = (const TF_TString *)TF_TensorData(t) + index;
  if (size) *size = TF_StringGetSize(s);
  return TF_StringGetDataPointer(s);
}

bool dtype_is_float(TF_DataType dtype) {
  return dtype == TF_FLOAT || dtype == TF_DOUBLE || dtype == TF_HALF || dtype == TF_BFLOAT16;
}

bool dtype_is_integer(TF_DataType dtype) {
  switch (dtype) {
    case TF_INT8:
    case TF_INT16:
    case TF_INT32:
    case TF_INT64:
    case TF_UINT8:
    case TF_UINT16:
    case TF_UINT32:
    case TF_UINT64: return true;
    default: return false;
  }
}

const char *SM_DataTypeName(TF_DataType dtype) {
#define NAMED(code, text) \
  case code: return text; \
  case 100 + code: return text "_ref";
  switch ((int)dtype) {
    NAMED(TF_FLOAT, "float32")
    NAMED(TF_DOUBLE, "float64")
    NAMED(TF_INT32, "int32")
    NAMED(TF_UINT8, "uint8")
    NAMED(TF_INT16, "int16")
    NAMED(TF_INT8, "int8")
    NAMED(TF_STRING, "string")
    NAMED(TF_COMPLEX64, "complex64")
    NAMED(TF_INT64, "int64")
    NAMED(TF_BOOL, "bool")
    NAMED(TF_QINT8, "qint8")
    NAMED(TF_QUINT8, "quint8")
    NAMED(TF_QINT32, "qint32")
    NAMED(TF_BFLOAT16, "bfloat16")
    NAMED(TF_QINT16, "qint16")
    NAMED(TF_QUINT16, "quint16")
    NAMED(TF_UINT16, "uint16")
    NAMED(TF_COMPLEX128, "complex128")
    NAMED(TF_HALF, "float16")
    NAMED(TF_RESOURCE, "resource")
    NAMED(TF_VARIANT, "variant")
    NAMED(TF_UINT32, "uint32")
    NAMED(TF_UINT64, "uint64")
    NAMED(TF_FLOAT8_E5M2, "float8_e5m2")
    NAMED(TF_FLOAT8_E4M3FN, "float8_e4m3fn")
    NAMED(TF_INT4, "int4")
    NAMED(TF_UINT4, "uint4")
  }
#undef NAMED
  return "unknown";
}

const char *SM_Version(void) { return SM_VERSION; }
