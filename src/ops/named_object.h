/* Objects that one op makes under a name and hands on to others: tables, queues, readers, accumulators,
 * barriers, mutexes.
 *
 *   resource   the newer ops: the handle tensor holds the object
 *   string_ref the older ones: a ref to a vector (container, name), by which the session finds it */
#ifndef SM_OPS_NAMED_OBJECT_H_
#define SM_OPS_NAMED_OBJECT_H_

#include "ops/op.h"

/* The state of an op that makes one; it owns both. */
typedef struct NamedObject {
  Object *object;
  Variable *handle; /* of the older ops: holds (container, name) */
} NamedObject;

/* init: makes the older ops' handle. */
TF_Code named_object_handle(OpInit *k, const char *container, const char *name, TF_Status *st);
/* What the rows of such ops have; the shape is the older ones'. */
ShapeFn named_object_shape;
TF_Code named_object_prepare(OpCtx *c, TF_Status *st);
TF_Code named_object_run(OpCtx *c, TF_Status *st);
void named_object_clear(void *state);

/* run: the object in a resource handle, borrowed: "Trying to access resource using the wrong type. ..." */
TF_Code named_object_peek(const Tensor *handle, const ObjectType *type, Object **out, TF_Status *st);
/* The object behind input i, a handle or a ref to a variable with its name; a new reference. */
TF_Code named_object_of_input(const OpCtx *c, int i, const ObjectType *type, Object **out, TF_Status *st);
/* The object that the value of a ref input names; a new reference. `unreadable` is what to say of other
 * values. */
TF_Code named_object_of_value(const OpCtx *c, int i, const ObjectType *type, const char *unreadable,
                              Object **out, TF_Status *st);

#endif
