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
ShapeFn named_object_shape; /* of the older ops */
TF_Code named_object_prepare(OpCtx *c, TF_Status *st);
TF_Code named_object_run(OpCtx *c, TF_Status *st);
void named_object_clear(void *state);
/* The rows of such ops, by all but their names: older ones and newer ones. */
#define NAMED_OBJECT_REF(INIT) NAMED_OBJECT_ROW(OP_STATEFUL, named_object_shape, INIT)
#define NAMED_OBJECT_HANDLE(INIT) NAMED_OBJECT_ROW(OP_STATEFUL | OP_HANDLE, shape_scalar, INIT)
#define NAMED_OBJECT_ROW(FLAGS, SHAPE, INIT)                                       \
  .flags = FLAGS, .state_size = sizeof(NamedObject), .shape = SHAPE, .init = INIT, \
  .prepare = named_object_prepare, .run = named_object_run, .clear = named_object_clear

/* run: the object in a resource handle, borrowed: "Trying to access resource using the wrong type. ..." */
TF_Code named_object_peek(const Tensor *handle, const ObjectType *type, Object **out, TF_Status *st);
/* The object behind input i, a handle or a ref to a variable with its name; a new reference. */
TF_Code named_object_of_input(const OpCtx *c, int i, const ObjectType *type, Object **out, TF_Status *st);
/* The object that the value of a ref input names; a new reference. `unreadable` is what to say of other
 * values. */
TF_Code named_object_of_value(const OpCtx *c, int i, const ObjectType *type, const char *unreadable,
                              Object **out, TF_Status *st);

#endif
