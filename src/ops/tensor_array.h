/* TensorArray: tensors of one dtype by index, written once each and read by later ops of the same step.
 *
 *   tensor_array_new(&a, &options, st);          size elements, none written
 *   tensor_array_write(a, i, &value, env, st);   takes the tensor's reference
 *   tensor_array_read(a, i, &out, env, st);      a new reference; with clear_after_read the array's own
 *   tensor_array_gradient(a, "grad", ..., &g)    the array of gradients of that source, made at the first
 *   call
 *
 * A handle tensor holds the object; it ends with the last handle, so with the step. Memory is taken for
 * blocks of elements that were written, not for the size: a hostile size costs nothing. Errors are
 * TensorFlow's. Any thread. */
#ifndef SM_OPS_TENSOR_ARRAY_H_
#define SM_OPS_TENSOR_ARRAY_H_

#include <pthread.h>

#include "ops/op.h"
#include "tensor/memory_count.h"

typedef struct ArrayItem {
  Tensor value; /* while written without buffer: zeros of its rank and dims */
  bool written, read, cleared;
} ArrayItem;

enum { ARRAY_BLOCK = 16 }; /* elements that get memory together */

typedef struct TensorArray {
  Object object;
  pthread_mutex_t lock;
  char *name; /* "x_7", in messages */
  TF_DataType dtype;
  Shape element_shape; /* known in part; with identical_shapes that of the first element written */
  bool dynamic_size, clear_after_read, identical_shapes, adds_up, is_grad;
  bool closed, no_gradients;
  int32_t size, marked_size; /* what Split wrote, so many gradients Concat takes; -1 before */
  ArrayItem **blocks;
  size_t num_blocks;
  MemoryCharge charge; /* of the blocks */
  struct TensorArrayGradient *gradients;
} TensorArray;

typedef struct TensorArrayOptions {
  const char *name; /* numbers are put behind it */
  TF_DataType dtype;
  Shape element_shape;
  int32_t size;
  bool dynamic_size, clear_after_read, identical_shapes;
} TensorArrayOptions;

extern const ObjectType tensor_array_type;
extern const ObjectType stack_type; /* ops/stack_ops.c */

TF_Code tensor_array_new(TensorArray **out, const TensorArrayOptions *options, TF_Status *st);
/* Writes; into an array of gradients, adds to what is there. `value` is none afterwards, also after a
 * failure. */
TF_Code tensor_array_write(TensorArray *a, int32_t index, Tensor *value, const StepEnv *env, TF_Status *st);
/* `out` (none) comes to share element `index`. */
TF_Code tensor_array_read(TensorArray *a, int32_t index, Tensor *out, const StepEnv *env, TF_Status *st);
/* TF_INVALID_ARGUMENT when closed, as all of these. */
TF_Code tensor_array_size(TensorArray *a, int32_t *size, TF_Status *st);
/* How many elements Concat and Pack take. */
TF_Code tensor_array_concat_size(TensorArray *a, int32_t *size, TF_Status *st);
/* What Split notes: gradients made later are concatenated from so many elements. */
TF_Code tensor_array_mark_size(TensorArray *a, int32_t size, TF_Status *st);
bool tensor_array_is_dynamic(TensorArray *a);
/* The element shape, merged with what the caller knows of it. */
TF_Code tensor_array_merge_shape(TensorArray *a, const Shape *known, Shape *merged, TF_Status *st);
/* The array of gradients for a source with a new reference. `prepend` (may be null) are dims before the
 * elements'. */
TF_Code tensor_array_gradient(TensorArray *a, Span source, const Shape *prepend, TensorArray **out,
                              TF_Status *st);
/* Drops the elements; what comes later is an error. */
void tensor_array_close(TensorArray *a);

/* Objects that hold tensors hold no handle of such an object: one that held itself would never end. */
TF_Code tensor_check_storable(const Tensor *value, TF_Status *st);
/* Whether a concrete shape is one that `partial` allows. */
bool shape_allows(const Shape *partial, const int64_t *dims, int rank);
/* TF: PartialTensorShape::MergeWith, with its errors. */
TF_Code shape_merge_partial(const Shape *a, const Shape *b, Shape *out, TF_Status *st);

#endif
