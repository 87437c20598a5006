/* Variable: a tensor that outlives steps; behind ref variables (VariableV2) and resource variables
 * (VarHandleOp).
 *
 *   Tensor now = {0};
 *   if (!variable_read(v, &now)) ...uninitialised...      shares the buffer: no copy
 *   variable_assign(v, &new_value);                       replaces the buffer; takes the reference
 *   Tensor *t = variable_lock(v, st);                     for changing it in place: nobody else sees the
 *   buffer
 *   ...; variable_unlock(v);
 *
 * Copy on write: who has read a value keeps it unchanged whatever is assigned later. Any thread.
 *
 * Freezing: who keeps what was computed from a variable (exec/spec.h) freezes it and remembers the version
 * that the value has. When one number, variable_changes, is what it was, no frozen variable has changed
 * since; else their versions tell which. */
#ifndef SM_RESOURCE_VARIABLE_H_
#define SM_RESOURCE_VARIABLE_H_

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "resource/resource_manager.h"
#include "tensor/object.h"
#include "tensor/tensor.h"

typedef struct Variable {
  Object object;
  pthread_mutex_t lock;
  Tensor value;             /* none while uninitialised; guarded by the lock */
  _Atomic uint64_t version; /* goes up with every change of the value */
  bool frozen;              /* the next change counts variable_changes up; under the lock */
  uint64_t
      generation; /* goes up when TensorFlow's Assign would take new memory: the number of elements (or the
                              dtype) is another one; under the lock */
  const void *replaced;   /* the memory that the generation before had at its end; under the lock */
  char *container, *name; /* for messages; own */
  _Atomic int dtype;      /* of the ref ops that name it: the first one says, all must agree; 0 before */
} Variable;

/* The two kinds are apart in the resource manager, as in TensorFlow, though they are one struct. */
extern const ObjectType variable_type;        /* resource variables, "N10tensorflow3VarE" in messages */
extern const ObjectType legacy_variable_type; /* ref variables, "N10tensorflow9LegacyVarE" */

/* The variable of that name, made uninitialised if it is not there; with a new reference (object_unref). */
TF_Code variable_find_or_create(ResourceManager *m, const ObjectType *kind, const char *container,
                                const char *name, Variable **out, TF_Status *st);
/* One that no manager knows (anonymous). */
TF_Code variable_new(const ObjectType *kind, const char *container, const char *name, Variable **out,
                     TF_Status *st);

bool variable_is_initialized(Variable *v);
/* `out` (none) comes to share the value; false, `out` untouched, when uninitialised. */
bool variable_read(Variable *v, Tensor *out);
/* The same, and which generation it is of. */
bool variable_read_generation(Variable *v, Tensor *out, uint64_t *generation);
/* Reads again what was read as `was`, of this generation: what that memory holds now. When the variable has
 * got other memory since that is `was`; false, `out` untouched, when it is not known to be (changed, then
 * replaced). */
bool variable_reread(Variable *v, uint64_t generation, const Tensor *was, Tensor *out);
/* The value's dtype and dims without touching its buffer; false when uninitialised. */
bool variable_shape(Variable *v, TF_DataType *dtype, int64_t dims[TENSOR_MAX_RANK], int *rank);
/* Replaces the value; takes over `value`'s reference. */
void variable_assign(Variable *v, Tensor *value);
/* Locks it for a change in place: the tensor's buffer is then its only reference (copied first if somebody
 * has it). Null, not locked, with TF_FAILED_PRECONDITION when uninitialised, or when memory is out. */
Tensor *variable_lock(Variable *v, TF_Status *st);
/* Ends the change and counts the version up. */
void variable_unlock(Variable *v);
/* Makes it uninitialised (DestroyResourceOp). */
void variable_reset(Variable *v);

/* `out` (none) comes to share the value, *version says which it is; until that changes the variable is
 * frozen. False, nothing done, when uninitialised. */
bool variable_freeze(Variable *v, Tensor *out, uint64_t *version);
/* How often variables of the process changed that were frozen. Once a change has returned, this tells of
 * it. */
uint64_t variable_changes(void);

/* The variable behind a TF_RESOURCE handle of one element, borrowed; null when it is none. */
Variable *variable_in(const Tensor *handle);
/* The same; TF_INVALID_ARGUMENT when it is none. */
TF_Code variable_of_handle(const Tensor *handle, Variable **out, TF_Status *st);
/* TensorFlow's TF_FAILED_PRECONDITION "Could not find variable ..." for a resource variable without value. */
TF_Code variable_fail_uninitialized(const Variable *v, TF_Status *st);

#endif
