/* The element types: sizes and names, one row each. */
#include <string.h>

#include "tensor/tensor.h"

typedef struct DtypeInfo {
  const char *name, *proto_name;
  size_t size;
} DtypeInfo;

static const DtypeInfo infos[] = {
    [TF_FLOAT] = {"float", "DT_FLOAT", 4},
    [TF_DOUBLE] = {"double", "DT_DOUBLE", 8},
    [TF_INT32] = {"int32", "DT_INT32", 4},
    [TF_UINT8] = {"uint8", "DT_UINT8", 1},
    [TF_INT16] = {"int16", "DT_INT16", 2},
    [TF_INT8] = {"int8", "DT_INT8", 1},
    [TF_STRING] = {"string", "DT_STRING", sizeof(TF_TString)},
    [TF_COMPLEX64] = {"complex64", "DT_COMPLEX64", 8},
    [TF_INT64] = {"int64", "DT_INT64", 8},
    [TF_BOOL] = {"bool", "DT_BOOL", 1},
    [TF_QINT8] = {"qint8", "DT_QINT8", 1},
    [TF_QUINT8] = {"quint8", "DT_QUINT8", 1},
    [TF_QINT32] = {"qint32", "DT_QINT32", 4},
    [TF_BFLOAT16] = {"bfloat16", "DT_BFLOAT16", 2},
    [TF_QINT16] = {"qint16", "DT_QINT16", 2},
    [TF_QUINT16] = {"quint16", "DT_QUINT16", 2},
    [TF_UINT16] = {"uint16", "DT_UINT16", 2},
    [TF_COMPLEX128] = {"complex128", "DT_COMPLEX128", 16},
    [TF_HALF] = {"half", "DT_HALF", 2},
    [TF_RESOURCE] = {"resource", "DT_RESOURCE", sizeof(void *)},
    [TF_VARIANT] = {"variant", "DT_VARIANT", sizeof(void *)},
    [TF_UINT32] = {"uint32", "DT_UINT32", 4},
    [TF_UINT64] = {"uint64", "DT_UINT64", 8},
    [TF_FLOAT8_E5M2] = {"float8_e5m2", "DT_FLOAT8_E5M2", 1},
    [TF_FLOAT8_E4M3FN] = {"float8_e4m3fn", "DT_FLOAT8_E4M3FN", 1},
    [TF_INT4] = {"int4", "DT_INT4", 1},
    [TF_UINT4] = {"uint4", "DT_UINT4", 1},
};

static const char *const ref_names[] = {
    "float_ref",  "double_ref",    "int32_ref",   "uint8_ref",   "int16_ref",  "int8_ref",
    "string_ref", "complex64_ref", "int64_ref",   "bool_ref",    "qint8_ref",  "quint8_ref",
    "qint32_ref", "bfloat16_ref",  "qint16_ref",  "quint16_ref", "uint16_ref", "complex128_ref",
    "half_ref",   "resource_ref",  "variant_ref", "uint32_ref",  "uint64_ref"};

static const DtypeInfo *info(TF_DataType dtype) {
  return (size_t)dtype < SM_COUNTOF(infos) && infos[dtype].name ? &infos[dtype] : NULL;
}

size_t dtype_size(TF_DataType dtype) {
  const DtypeInfo *d = info(dtype_base(dtype));
  return d ? d->size : 0;
}

size_t TF_DataTypeSize(TF_DataType dtype) {
  return dtype_is_object(dtype_base(dtype)) ? 0 : dtype_size(dtype);
}

const char *dtype_name(TF_DataType dtype) {
  if (dtype_is_ref(dtype)) {
    size_t i = (size_t)dtype_base(dtype) - 1;
    return i < SM_COUNTOF(ref_names) ? ref_names[i] : "unknown dtype";
  }
  const DtypeInfo *d = info(dtype);
  return d ? d->name : "unknown dtype";
}

const char *dtype_proto_name(TF_DataType dtype) {
  const DtypeInfo *d = info(dtype);
  return d ? d->proto_name : NULL;
}

TF_DataType dtype_by_name(const char *name, size_t len) {
  for (size_t i = 1; i < SM_COUNTOF(infos); i++)
    if (infos[i].name && strlen(infos[i].name) == len && !memcmp(infos[i].name, name, len))
      return (TF_DataType)i;
  return (TF_DataType)0;
}
