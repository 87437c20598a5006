/* Between the TensorProto of a request or an answer, as bytes on the wire, and TF_Tensor. Written on
 * the public C API. A tensor's values are copied once, with no message object in between. */
#ifndef SM_SERVING_TENSOR_CODEC_H_
#define SM_SERVING_TENSOR_CODEC_H_

#include <stdbool.h>

#include "base/bytes.h"
#include "tensorflow/c/tf_tensor.h"
#include "tensorflow/c/tf_tstring.h"

/* The tensor of a serialized TensorProto; the caller deletes it.
 * Values come from tensor_content, else from the typed field, where too few are continued with the last
 * (none at all: zeros) and too many are cut, as TensorFlow does it.
 * Errors: TF_INVALID_ARGUMENT with a reason; TF_RESOURCE_EXHAUSTED when memory is out. */
TF_Code tensor_decode(Span proto, TF_Tensor **out, TF_Status *st);

/* TF_AllocateTensor, with strings that are empty (another libtensorflow leaves them unset). */
TF_Tensor *tensor_new(int dtype, const int64_t *dims, int rank, size_t bytes);

/* Bytes of the tensor as a serialized TensorProto, for tensor_encode. False: the type cannot be sent. */
bool tensor_encoded_size(const TF_Tensor *tensor, bool as_content, size_t *size);
/* Appends the TensorProto: dtype, shape, then all values in the typed field, or (`as_content`, strings
 * excepted) in tensor_content. Only after tensor_encoded_size() said true. */
void tensor_encode(const TF_Tensor *tensor, bool as_content, Bytes *out);

/* TensorFlow's word for a type in messages: "float", "string"; "DT_FLOAT" for the other. */
const char *dtype_word(int dtype);
const char *dtype_enum_name(int dtype);
/* Bytes of one element in memory: sizeof(TF_TString) for strings, 0 for what has none. */
size_t dtype_memory_size(int dtype);

/* The shape as in messages, "[2,3]", into `out`; returns it. */
enum { TENSOR_SHAPE_TEXT_MAX = 256 };
const char *tensor_shape_text(const TF_Tensor *tensor, char out[TENSOR_SHAPE_TEXT_MAX]);

#endif
