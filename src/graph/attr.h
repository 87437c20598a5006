/* Attr: attribute values as the graph keeps them, out of and into AttrValue protos, copied and printed. */
#ifndef SM_GRAPH_ATTR_H_
#define SM_GRAPH_ATTR_H_

#include "graph/graph.h"
#include "tensorflow/core/framework/attr_value.pb-c.h"

/* A tensor that attributes in an arena point at; the list holds its reference. */
typedef struct OwnedTensor {
  struct OwnedTensor *next;
  Tensor tensor;
} OwnedTensor;

/* Where attributes are kept: an arena, and the list of tensors that goes with it. */
typedef struct AttrStore {
  Arena *arena;
  OwnedTensor **tensors;
} AttrStore;

/* The kind of an empty list of which only the op's spec could tell more. */
#define ATTR_KIND_UNKNOWN ((TF_AttrType)255)

/* Drops the references; the nodes are the arena's. */
void owned_tensors_clear(OwnedTensor **list);

/* An attribute out of its message; nothing of the message is referred to afterwards. An AttrValue without a
 * value gives TF_INVALID_ARGUMENT "AttrValue missing value". */
TF_Code attr_from_proto(AttrStore store, const char *name, const Tensorflow__AttrValue *value, Attr *out,
                        TF_Status *st);
/* A message in `arena` that may point into the attribute. */
TF_Code attr_to_proto(const Attr *attr, Arena *arena, Tensorflow__AttrValue **out, TF_Status *st);
/* A deep copy (tensors are shared), under another name if `name` is not null. */
TF_Code attr_copy(AttrStore store, const Attr *attr, const char *name, Attr *out, TF_Status *st);
/* Keeps a tensor: shares it into the store. Null when memory is out. */
const Tensor *attr_store_tensor(AttrStore store, const Tensor *t);

/* Whether two attributes have the same value (names are not compared; floats by their bits). */
bool attr_equal(const Attr *a, const Attr *b);

TF_Code shape_from_proto(const Tensorflow__TensorShapeProto *proto, Shape *out, TF_Status *st);
Tensorflow__TensorShapeProto *shape_to_proto(const Shape *shape, Arena *arena);

/* "int", "list(type)", ... as op specs and messages have it. */
const char *attr_kind_name(TF_AttrType kind, bool is_list);
/* Appends a value as TensorFlow's messages have it: DT_FLOAT, "SAME", [1, 2], <unknown>, fn[T=DT_FLOAT]. */
void attr_print(const Attr *attr, Bytes *out);
/* "[1,2]" or "<unknown>". */
void shape_print(const Shape *shape, Bytes *out);

#endif
