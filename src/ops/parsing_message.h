/* Tensors as serialized TensorProtos, the way ops hold them in strings. */
#ifndef SM_OPS_PARSING_MESSAGE_H_
#define SM_OPS_PARSING_MESSAGE_H_

#include "base/bytes.h"
#include "ops/op.h"
#include "tensorflow/core/framework/tensor.pb-c.h"

/* Appends the message: numbers as their bytes, strings one by one or, `packed`, as lengths and bytes in one.
 * Sticky errors. */
void tensor_message_put(Bytes *b, const Tensor *t, bool packed);
/* The message of some bytes, in the arena; null for malformed ones. `bytes` must outlive it. */
const Tensorflow__TensorProto *tensor_message_read(Span bytes, Arena *arena);
/* Its tensor, in what memory the step may have; errors as TensorFlow's "Cannot parse tensor from proto". */
TF_Code tensor_message_tensor(const OpCtx *c, const Tensorflow__TensorProto *proto, Tensor *out,
                              TF_Status *st);

#endif
