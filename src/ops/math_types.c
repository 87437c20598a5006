#include "ops/math_types.h"

int math_kind(TF_DataType dtype) {
  switch (dtype) {
    case TF_FLOAT:
    case TF_HALF:
    case TF_BFLOAT16: return MK_F32;
    case TF_DOUBLE: return MK_F64;
    case TF_INT8:
    case TF_QINT8: return MK_I8;
    case TF_INT16:
    case TF_QINT16: return MK_I16;
    case TF_INT32:
    case TF_QINT32: return MK_I32;
    case TF_INT64: return MK_I64;
    case TF_UINT8:
    case TF_QUINT8: return MK_U8;
    case TF_UINT16:
    case TF_QUINT16: return MK_U16;
    case TF_UINT32: return MK_U32;
    case TF_UINT64: return MK_U64;
    case TF_COMPLEX64: return MK_C64;
    case TF_COMPLEX128: return MK_C128;
    case TF_BOOL: return MK_BOOL;
    default: return -1;
  }
}

int math_ew_type(int kind) {
  switch (kind) {
    case MK_F32: return EW_F32;
    case MK_F64: return EW_F64;
    case MK_I32: return EW_I32;
    case MK_I64: return EW_I64;
    default: return -1;
  }
}

void math_load_16(float *out, const uint16_t *in, int64_t n, TF_DataType dtype) {
  if (dtype == TF_HALF) {
    simd()->half_to_float(out, in, n);
    return;
  }
  for (int64_t i = 0; i < n; i++) out[i] = bfloat16_to_float(in[i]);
}

void math_store_16(uint16_t *out, const float *in, int64_t n, TF_DataType dtype) {
  if (dtype == TF_HALF) {
    simd()->half_of_float(out, in, n);
    return;
  }
  for (int64_t i = 0; i < n; i++) out[i] = bfloat16_of_float(in[i]);
}

int64_t math_int_at(const Tensor *t, int64_t i) {
  switch (t->dtype) {
    case TF_INT64: return ((const int64_t *)t->data)[i];
    case TF_UINT64: return (int64_t)((const uint64_t *)t->data)[i];
    case TF_INT16:
    case TF_QINT16: return ((const int16_t *)t->data)[i];
    case TF_INT8:
    case TF_QINT8: return ((const int8_t *)t->data)[i];
    case TF_UINT8:
    case TF_QUINT8:
    case TF_BOOL: return ((const uint8_t *)t->data)[i];
    case TF_UINT16:
    case TF_QUINT16: return ((const uint16_t *)t->data)[i];
    case TF_UINT32: return ((const uint32_t *)t->data)[i];
    case TF_INT32:
    case TF_QINT32: return ((const int32_t *)t->data)[i];
    default: return 0; /* no integers: nothing is read past small elements */
  }
}

#define WIDEN(T)                                                                 \
  for (int64_t i = 0; i < n; i++) out[i] = (float)((const T *)in->data)[at + i]; \
  return out

const float *math_floats_at(const Tensor *in, int64_t at, int64_t n, float *out) {
  if (in->dtype == TF_FLOAT) return (const float *)in->data + at;
  if (math_is_16(in->dtype)) {
    math_load_16(out, (const uint16_t *)in->data + at, n, in->dtype);
    return out;
  }
  switch (math_kind(in->dtype)) {
    case MK_F64: WIDEN(double);
    case MK_I8: WIDEN(int8_t);
    case MK_I16: WIDEN(int16_t);
    case MK_I32: WIDEN(int32_t);
    case MK_I64: WIDEN(int64_t);
    case MK_U16: WIDEN(uint16_t);
    case MK_U32: WIDEN(uint32_t);
    case MK_U64: WIDEN(uint64_t);
    default: WIDEN(uint8_t);
  }
}
#undef WIDEN

double math_number_at(const Tensor *t, int64_t i) {
  if (t->dtype == TF_HALF) return (double)half_to_float(((const uint16_t *)t->data)[i]);
  if (t->dtype == TF_BFLOAT16) return (double)bfloat16_to_float(((const uint16_t *)t->data)[i]);
  switch (math_kind(t->dtype)) {
    case MK_F32: return (double)((const float *)t->data)[i];
    case MK_F64: return ((const double *)t->data)[i];
    case MK_I8: return (double)((const int8_t *)t->data)[i];
    case MK_I16: return (double)((const int16_t *)t->data)[i];
    case MK_I32: return (double)((const int32_t *)t->data)[i];
    case MK_I64: return (double)((const int64_t *)t->data)[i];
    case MK_U8:
    case MK_BOOL: return (double)((const uint8_t *)t->data)[i];
    case MK_U16: return (double)((const uint16_t *)t->data)[i];
    case MK_U32: return (double)((const uint32_t *)t->data)[i];
    case MK_U64: return (double)((const uint64_t *)t->data)[i];
    default: return 0;
  }
}

void math_number_put(Tensor *t, int64_t i, double v) {
  if (t->dtype == TF_HALF) ((uint16_t *)t->data)[i] = half_of_float((float)v);
  else if (t->dtype == TF_BFLOAT16) ((uint16_t *)t->data)[i] = bfloat16_of_float((float)v);
  else switch (math_kind(t->dtype)) {
      case MK_F32: ((float *)t->data)[i] = (float)v; break;
      case MK_F64: ((double *)t->data)[i] = v; break;
      case MK_I8: ((int8_t *)t->data)[i] = (int8_t)v; break;
      case MK_I16: ((int16_t *)t->data)[i] = (int16_t)v; break;
      case MK_I32: ((int32_t *)t->data)[i] = (int32_t)v; break;
      case MK_I64: ((int64_t *)t->data)[i] = (int64_t)v; break;
      case MK_U8: ((uint8_t *)t->data)[i] = (uint8_t)v; break;
      case MK_U16: ((uint16_t *)t->data)[i] = (uint16_t)v; break;
      case MK_U32: ((uint32_t *)t->data)[i] = (uint32_t)v; break;
      case MK_U64: ((uint64_t *)t->data)[i] = (uint64_t)v; break;
      default: break;
    }
}
