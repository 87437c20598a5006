/* What fuzz_ops makes of its bytes: an op, its attributes and its inputs, as far as anything is a case.
 *
 *   u8 mode, str op, the op's attributes in the spec's order, the inputs in the spec's order
 *   str     varint length, bytes
 *   attr    type: u8, below 0x80 one of the row's dtypes (modulo), else 0x80 + dtype; int: zigzag; float:
 *   u32; bool: u8;
 *           string: str; shape: varint (0 unknown rank, else rank + 1), zigzags; tensor: u8 dtype, tensor;
 *           a list: varint count, values
 *   tensor  u8 rank, varint each dim, str: the elements, again and again until all are filled (strings: as
 *   str each);
 *           of a resource, variant or ref: then u8 kind, u8 dtype, tensor: the object and what it holds
 *
 * Dtypes and numbers of inputs follow from the attributes. Any bytes are a case: what is cut off reads as
 * zeros, what is out of bounds is made fit. */
#ifndef SM_FUZZ_OPS_INPUT_H_
#define SM_FUZZ_OPS_INPUT_H_

#include "base/cursor.h"
#include "graph/graph.h"
#include "ops/op.h"

enum {
  INPUT_MAX = 24,     /* of a case */
  LIST_ATTR_MAX = 12, /* entries */
  ATTRS_MAX = 32,
  COUNT_MAX = 1 << 16, /* elements of an input */
};

typedef struct CaseTensor CaseTensor;
struct CaseTensor {
  TF_DataType dtype; /* not in the bytes; dtype_is_ref for refs */
  int rank;
  int64_t dims[TENSOR_MAX_RANK];
  Span data;
  uint8_t kind, held_dtype; /* of objects and refs */
  CaseTensor *held;
};

typedef struct OpInput {
  uint8_t mode;
  const OpRow *row;
  const OpSpec *spec;
  int num_attrs, num_inputs;
  Attr attrs[ATTRS_MAX];          /* tensors: v.tensor is null, the value is in tensors */
  CaseTensor *tensors[ATTRS_MAX]; /* of attributes of kind tensor */
  CaseTensor inputs[INPUT_MAX];
} OpInput;

/* What is in `arena` and in the bytes lives on. False when there is no such op to try. */
bool op_input_read(OpInput *in, Span bytes, Arena *arena);
void op_input_write(const OpInput *in, Bytes *out);
/* The inputs' number and dtypes as the attributes have it; those that were not there are new and scalar. */
void op_input_fit(OpInput *in, Arena *arena);
/* The tensor itself; objects are made elsewhere. */
TF_Code case_tensor_make(const CaseTensor *c, Tensor *out, TF_Status *st);
/* Whether the case's objects stand for elements of this dtype. */
static inline bool case_holds(TF_DataType dtype) {
  return dtype_is_ref(dtype) || dtype == TF_RESOURCE || dtype == TF_VARIANT;
}
/* The i-th (modulo) dtype that row and spec take for a type attribute. */
TF_DataType op_input_dtype(const OpRow *row, const AttrSpec *spec, unsigned i);
const OpRow *op_input_row(uint32_t random);

#endif
