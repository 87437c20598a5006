/* TensorProto <-> Tensor.
 *
 * A proto holds its elements as raw bytes (tensor_content) or in the field of its dtype; a field that holds
 * fewer values than there are elements repeats its last one (none: zeros), one that holds more is cut. */
#ifndef SM_TENSOR_TENSOR_PROTO_H_
#define SM_TENSOR_TENSOR_PROTO_H_

#include "base/arena.h"
#include "tensor/tensor.h"
#include "tensorflow/core/framework/tensor.pb-c.h"

/* Makes `t` (none or cleared) the tensor of the message, with memory of its own. TF_INVALID_ARGUMENT for
 * shapes and sizes that don't fit, TF_UNIMPLEMENTED for resources and variants. */
TF_Code tensor_from_proto(const Tensorflow__TensorProto *proto, Tensor *t, TF_Status *st);
/* A message in the arena: strings and single elements in their fields, long runs of one value as that value,
 * all else as raw bytes, which may point into the tensor's memory: it must outlive the message. */
TF_Code tensor_to_proto(const Tensor *t, Arena *arena, Tensorflow__TensorProto **out, TF_Status *st);

#endif
