/* Object: what the elements of TF_RESOURCE and TF_VARIANT tensors point at, counted.
 *
 * A resource (variable, table, tensor array) and a variant value (tensor list) begin with an Object. */
#ifndef SM_TENSOR_OBJECT_H_
#define SM_TENSOR_OBJECT_H_

#include <stdatomic.h>
#include <stdint.h>

typedef struct Object Object;

typedef struct ObjectType {
  const char *name;           /* as TensorFlow's messages name it, e.g. "Variable" */
  void (*destroy)(Object *o); /* frees the object; called with the last reference */
} ObjectType;

struct Object {
  const ObjectType *type;
  _Atomic int32_t refs;
};

static inline void object_init(Object *o, const ObjectType *type) {
  o->type = type;
  atomic_init(&o->refs, 1);
}
static inline void *object_ref(void *o) {
  if (o) atomic_fetch_add_explicit(&((Object *)o)->refs, 1, memory_order_relaxed);
  return o;
}
/* Null is allowed. */
static inline void object_unref(void *object) {
  Object *o = object;
  if (o && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1) o->type->destroy(o);
}

#endif
