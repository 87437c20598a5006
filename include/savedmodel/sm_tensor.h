/* Tensors from C arrays and back, and printed as numpy prints them. */
#ifndef SAVEDMODEL_SM_TENSOR_H_
#define SAVEDMODEL_SM_TENSOR_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/tf_tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A shape, borrowed from whoever made it. num_dims -1: unknown rank; a dimension of -1: unknown size. */
typedef struct SM_Shape {
  const int64_t *dims;
  int num_dims;
} SM_Shape;

/* SM_SHAPE(2, 3): valid inside the enclosing block. */
#define SM_SHAPE(...)                         \
  ((SM_Shape){(const int64_t[]){__VA_ARGS__}, \
              (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))})
#define SM_SCALAR ((SM_Shape){NULL, 0})
#define SM_UNKNOWN_SHAPE ((SM_Shape){NULL, -1})

/* A tensor with a copy of the elements, row-major. The caller deletes it; null when memory is out or the
 * shape is not fully known. */
TF_CAPI_EXPORT extern TF_Tensor *SM_TensorOf(TF_DataType dtype, SM_Shape shape, const void *elements);
TF_CAPI_EXPORT extern TF_Tensor *SM_TensorF32(SM_Shape shape, const float *elements);
TF_CAPI_EXPORT extern TF_Tensor *SM_TensorF64(SM_Shape shape, const double *elements);
TF_CAPI_EXPORT extern TF_Tensor *SM_TensorI32(SM_Shape shape, const int32_t *elements);
TF_CAPI_EXPORT extern TF_Tensor *SM_TensorI64(SM_Shape shape, const int64_t *elements);
/* Strings end at their NUL. */
TF_CAPI_EXPORT extern TF_Tensor *SM_TensorStrings(SM_Shape shape, const char *const *elements);
/* Scalars. */
TF_CAPI_EXPORT extern TF_Tensor *SM_ScalarF32(float value);
TF_CAPI_EXPORT extern TF_Tensor *SM_ScalarI32(int32_t value);
TF_CAPI_EXPORT extern TF_Tensor *SM_ScalarI64(int64_t value);
TF_CAPI_EXPORT extern TF_Tensor *SM_ScalarString(const char *value);
/* Every element is `value`, converted to `dtype` (number types and bool). Null also when there is no such
 * conversion. */
TF_CAPI_EXPORT extern TF_Tensor *SM_TensorFill(TF_DataType dtype, SM_Shape shape, double value);

/* The elements, or null if the tensor is of another type. */
TF_CAPI_EXPORT extern const float *SM_TensorDataF32(const TF_Tensor *t);
TF_CAPI_EXPORT extern const int32_t *SM_TensorDataI32(const TF_Tensor *t);
TF_CAPI_EXPORT extern const int64_t *SM_TensorDataI64(const TF_Tensor *t);
/* Element `index` of a string tensor, with its length in *size when size is not null; not always
 * NUL-terminated. Null for other types and indices outside. */
TF_CAPI_EXPORT extern const char *SM_TensorDataString(const TF_Tensor *t, int64_t index, size_t *size);

/* The text that print(array) shows in Python: "[1. 1. 1.]". malloc'ed, for the caller to free; null when
 * memory is out. A null tensor is "None". */
TF_CAPI_EXPORT extern char *SM_TensorText(const TF_Tensor *t);

/* "float32" for TF_FLOAT, and so on; reference types "float32_ref", numbers that are no type "unknown". */
TF_CAPI_EXPORT extern const char *SM_DataTypeName(TF_DataType dtype);

/* The version of this library, such as "0.1.0". */
TF_CAPI_EXPORT extern const char *SM_Version(void);

#ifdef __cplusplus
}
#endif
#endif
