/* Dense tensors. Part of the TensorFlow C API.
 *
 * A TF_Tensor is an element type, a shape and a reference to a shared, 64-byte aligned buffer in
 * row-major order. Several tensors may share a buffer; it goes with the last of them. */
#ifndef TENSORFLOW_C_TF_TENSOR_H_
#define TENSORFLOW_C_TF_TENSOR_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensorflow/c/c_api_macros.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TF_Tensor TF_Tensor;

/* Wraps `len` bytes of the caller's. The tensor takes the memory and calls `deallocator(data, len,
 * deallocator_arg)` when it is no longer needed: at once if the data was misaligned and had to be
 * copied. Null (and the deallocator called) if `len` is too small for the shape. */
TF_CAPI_EXPORT extern TF_Tensor *TF_NewTensor(TF_DataType dtype, const int64_t *dims, int num_dims,
                                              void *data, size_t len,
                                              void (*deallocator)(void *data, size_t len, void *arg),
                                              void *deallocator_arg);
/* A tensor of `len` uninitialised bytes; elements of a TF_STRING tensor start as empty strings.
 * Null when memory is out, the shape has a negative or overflowing size, or `len` is too small. */
TF_CAPI_EXPORT extern TF_Tensor *TF_AllocateTensor(TF_DataType dtype, const int64_t *dims, int num_dims,
                                                   size_t len);
/* The tensor itself when nobody else shares its buffer, else null. */
TF_CAPI_EXPORT extern TF_Tensor *TF_TensorMaybeMove(TF_Tensor *tensor);
/* Drops this reference; strings are destroyed with their buffer. Null is allowed. */
TF_CAPI_EXPORT extern void TF_DeleteTensor(TF_Tensor *tensor);

TF_CAPI_EXPORT extern TF_DataType TF_TensorType(const TF_Tensor *tensor);
/* Gives the tensor other dimensions; the caller answers for the number of elements. */
TF_CAPI_EXPORT extern void TF_SetShape(TF_Tensor *tensor, const int64_t *dims, int num_dims);
TF_CAPI_EXPORT extern int TF_NumDims(const TF_Tensor *tensor);
/* Size of dimension `dim_index`, 0 <= dim_index < TF_NumDims(tensor). */
TF_CAPI_EXPORT extern int64_t TF_Dim(const TF_Tensor *tensor, int dim_index);
/* Bytes of the elements (24 a string). */
TF_CAPI_EXPORT extern size_t TF_TensorByteSize(const TF_Tensor *tensor);
/* The elements; null for an empty tensor without memory. */
TF_CAPI_EXPORT extern void *TF_TensorData(const TF_Tensor *tensor);
TF_CAPI_EXPORT extern int64_t TF_TensorElementCount(const TF_Tensor *tensor);
/* Makes `to` share `from`'s buffer under another type and shape. TF_INVALID_ARGUMENT if the sizes
 * in bytes differ. */
TF_CAPI_EXPORT extern void TF_TensorBitcastFrom(const TF_Tensor *from, TF_DataType type, TF_Tensor *to,
                                                const int64_t *new_dims, int num_new_dims, TF_Status *status);
/* Whether the data stands on a 64-byte boundary. */
TF_CAPI_EXPORT extern bool TF_TensorIsAligned(const TF_Tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
