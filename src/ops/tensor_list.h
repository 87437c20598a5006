/* TensorList: the value of a variant tensor: tensors of one dtype in a row, some of them not set.
 *
 * Lists are values: who changes one makes a new one, which shares what did not change. Elements stand in
 * counted blocks of LIST_BLOCK, so that a changed list costs one block and the table of blocks; a list that
 * nobody else has is changed where it is. Blocks exist where elements are set: a hostile length costs
 * nothing. */
#ifndef SM_OPS_TENSOR_LIST_H_
#define SM_OPS_TENSOR_LIST_H_

#include "ops/op.h"

enum {
  LIST_BLOCK = 16,
  TENSOR_LIST_MAX_DEPTH = 1000, /* of lists in lists: freeing them recurses */
};

typedef struct ListBlock {
  _Atomic int32_t refs;
  struct MemoryCount *counted; /* charged with the block, or null */
  Tensor items[LIST_BLOCK];    /* dtype 0: not set */
} ListBlock;

typedef struct TensorList {
  Object object;
  TF_DataType dtype;
  Shape element_shape;  /* known in part */
  int32_t max_elements; /* -1: any number */
  int32_t size;
  int depth;          /* of lists in this one, at least */
  ListBlock **blocks; /* null: no element is set there */
  size_t num_blocks;
} TensorList;

extern const ObjectType tensor_list_type;

TF_Code tensor_list_new(TensorList **out, TF_DataType dtype, const Shape *element_shape, int32_t max_elements,
                        int32_t size, TF_Status *st);
/* A list of the same elements with one reference. */
TF_Code tensor_list_copy(const TensorList *l, TensorList **out, TF_Status *st);
/* Element i of [0, size), or null when it is not set. */
static inline const Tensor *tensor_list_at(const TensorList *l, int32_t i) {
  size_t block = (size_t)i / LIST_BLOCK;
  if (block >= l->num_blocks || !l->blocks[block]) return NULL;
  const Tensor *t = &l->blocks[block]->items[i % LIST_BLOCK];
  return t->dtype ? t : NULL;
}
/* Sets element i of [0, size); takes the value's reference, also when it fails. The caller alone has the
 * list. */
TF_Code tensor_list_set(TensorList *l, int32_t i, Tensor *value, const StepEnv *env, TF_Status *st);
/* Makes the list `size` long: drops elements, or adds some that are not set. The caller alone has the
 * list. */
TF_Code tensor_list_resize(TensorList *l, int32_t size, TF_Status *st);
/* TF: the shape of elements that are not set: `known` merged with the list's and, if that does not say all,
 * with the elements that are. */
TF_Code tensor_list_merge_shape(const TensorList *l, const Shape *known, Shape *out, TF_Status *st);
TF_Code tensor_list_merge_elements(const TensorList *l, Shape *shape, TF_Status *st);

/* ZerosLike and AddN on variants, as far as they are lists or ragged tensors, and on what these hold: `out` (none)
 * becomes a tensor like them. */
/* How deep lists and optionals nest in a tensor: 0 for none. */
int variant_depth(const Tensor *t);
TF_Code variant_zeros_like(const Tensor *in, Tensor *out, TF_Status *st);
TF_Code variant_add(const Tensor *a, const Tensor *b, const StepEnv *env, Tensor *out, TF_Status *st);

#endif
