/* The values of a tensor as TensorFlow's messages show them. */
#ifndef SM_GRAPH_VALUE_TEXT_H_
#define SM_GRAPH_VALUE_TEXT_H_

#include "base/bytes.h"
#include "tensor/tensor.h"

/* Appends up to `limit` elements: "1 2 3", "[1 2][3 4]", "1 2..."; types without a text are "?". */
void value_text(const Tensor *t, int64_t limit, Bytes *out);
/* Appends a string with C escapes, octal ones for what is not ASCII. */
void string_escape(Span s, Bytes *out);

#endif
