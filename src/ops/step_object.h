/* Objects that live as long as a step: tensor arrays and stacks, and the three kinds of handles that name
 * them.
 *
 *   resource   the newer ops: the handle tensor holds the object, which ends with the last handle
 *   string     TensorArrayV2: a vector (kind, name); the object stands in the step's resources
 *   string_ref the oldest: a ref to such a vector, which stands there too
 *
 * The session frees the step's resources when the run has ended. */
#ifndef SM_OPS_STEP_OBJECT_H_
#define SM_OPS_STEP_OBJECT_H_

#include "ops/op.h"

/* prepare: declares output 0, a handle of whatever kind the op has. */
TF_Code step_object_prepare(OpCtx *c, TF_Status *st);
/* run: output 0 becomes a handle of `o`, whose reference it takes over, also when it fails. `kind` and `name`
 * are what TensorFlow's handles say; names are unique in the process. */
TF_Code step_object_put(OpCtx *c, Object *o, const char *kind, const char *name, TF_Status *st);
/* run: the object behind input 0, borrowed for this call. */
TF_Code step_object_get(const OpCtx *c, const ObjectType *type, Object **out, TF_Status *st);

#endif
