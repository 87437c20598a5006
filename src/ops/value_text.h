/* Tensors as TensorFlow's messages and Print ops show them. */
#ifndef SM_OPS_VALUE_TEXT_H_
#define SM_OPS_VALUE_TEXT_H_

#include "base/bytes.h"
#include "tensor/tensor.h"

/* The first `limit` elements (all where it is negative), in brackets by dimension but for the outermost, then
 * "..." if there are more: "1 2 3...", "[1 2][3 4]". Strings are escaped as in C. */
void value_text_flat(Bytes *b, const Tensor *t, int64_t limit);
/* Up to `ends` elements from both ends of each dimension (all where it is negative), laid out in lines:
 * "[1 2 ... 8 9]"; strings are quoted. */
void value_text_framed(Bytes *b, const Tensor *t, int64_t ends);

#endif
