/* Variables: a tensor behind a lock that is held for a few instructions when reading or replacing, and for
 * the arithmetic when changing in place. */
#include "resource/variable.h"

#include <stdlib.h>
#include <string.h>

/* One for the process: a handle may go from one session to another. */
static _Atomic uint64_t changes;

static void variable_destroy(Object *o) {
  Variable *v = (Variable *)o;
  tensor_clear(&v->value);
  pthread_mutex_destroy(&v->lock);
  free(v->container);
  free(v->name);
  free(v);
}

const ObjectType variable_type = {"N10tensorflow3VarE", variable_destroy};
const ObjectType legacy_variable_type = {"N10tensorflow9LegacyVarE", variable_destroy};

TF_Code variable_new(const ObjectType *kind, const char *container, const char *name, Variable **out,
                     TF_Status *st) {
  Variable *v = calloc(1, sizeof *v);
  if (!v) return fail_oom(st, "a variable");
  object_init(&v->object, kind);
  pthread_mutex_init(&v->lock, NULL);
  v->container = strdup(container && *container ? container : RESOURCE_DEFAULT_CONTAINER);
  v->name = strdup(name);
  if (!v->container || !v->name) return variable_destroy(&v->object), fail_oom(st, "a variable");
  *out = v;
  return TF_OK;
}

typedef struct NewVariable {
  const ObjectType *kind;
  const char *container, *name;
} NewVariable;

static TF_Code create_variable(void *arg, Object **out, TF_Status *st) {
  const NewVariable *a = arg;
  Variable *v = NULL;
  TRY(variable_new(a->kind, a->container, a->name, &v, st));
  *out = &v->object;
  return TF_OK;
}

TF_Code variable_find_or_create(ResourceManager *m, const ObjectType *kind, const char *container,
                                const char *name, Variable **out, TF_Status *st) {
  NewVariable arg = {kind, container, name};
  Object *o = NULL;
  TRY(resource_find_or_create(m, kind, container, name, create_variable, &arg, &o, st));
  *out = (Variable *)o;
  return TF_OK;
}

bool variable_is_initialized(Variable *v) {
  pthread_mutex_lock(&v->lock);
  bool yes = v->value.dtype != 0;
  pthread_mutex_unlock(&v->lock);
  return yes;
}

bool variable_read_generation(Variable *v, Tensor *out, uint64_t *generation) {
  pthread_mutex_lock(&v->lock);
  bool yes = v->value.dtype != 0;
  if (yes) tensor_share(out, &v->value);
  *generation = v->generation;
  pthread_mutex_unlock(&v->lock);
  return yes;
}

bool variable_read(Variable *v, Tensor *out) {
  uint64_t generation;
  return variable_read_generation(v, out, &generation);
}

bool variable_reread(Variable *v, uint64_t generation, const Tensor *was, Tensor *out) {
  pthread_mutex_lock(&v->lock);
  bool same = v->value.dtype != 0 && v->generation == generation;
  bool kept = v->generation == generation + 1 && v->replaced == was->data;
  if (same) tensor_share(out, &v->value);
  pthread_mutex_unlock(&v->lock);
  if (kept) tensor_share(out, was);
  return same || kept;
}

bool variable_freeze(Variable *v, Tensor *out, uint64_t *version) {
  pthread_mutex_lock(&v->lock);
  bool yes = v->value.dtype != 0;
  if (yes) {
    tensor_share(out, &v->value);
    *version = atomic_load_explicit(&v->version, memory_order_relaxed);
    v->frozen = true;
  }
  pthread_mutex_unlock(&v->lock);
  return yes;
}

uint64_t variable_changes(void) { return atomic_load_explicit(&changes, memory_order_acquire); }

/* Called with the lock held, after the change. */
static void count_change(Variable *v) {
  atomic_fetch_add_explicit(&v->version, 1, memory_order_release);
  if (v->frozen) atomic_fetch_add_explicit(&changes, 1, memory_order_release);
  v->frozen = false;
}

bool variable_shape(Variable *v, TF_DataType *dtype, int64_t dims[TENSOR_MAX_RANK], int *rank) {
  pthread_mutex_lock(&v->lock);
  bool yes = v->value.dtype != 0;
  if (yes) {
    *dtype = v->value.dtype;
    *rank = v->value.rank;
    memcpy(dims, v->value.dims, sizeof v->value.dims);
  }
  pthread_mutex_unlock(&v->lock);
  return yes;
}

/* Replaces the value; the old one is dropped outside the lock, since freeing may take long. */
static void replace(Variable *v, Tensor *value) {
  Tensor old;
  pthread_mutex_lock(&v->lock);
  old = v->value;
  if (old.dtype != value->dtype || tensor_count(&old) != tensor_count(value)) {
    v->generation++;
    v->replaced = old.data;
  }
  tensor_move(&v->value, value);
  count_change(v);
  pthread_mutex_unlock(&v->lock);
  tensor_clear(&old);
}

void variable_assign(Variable *v, Tensor *value) { replace(v, value); }

void variable_reset(Variable *v) {
  Tensor none = {0};
  replace(v, &none);
}

Tensor *variable_lock(Variable *v, TF_Status *st) {
  pthread_mutex_lock(&v->lock);
  if (!v->value.dtype) {
    pthread_mutex_unlock(&v->lock);
    if (v->object.type == &variable_type) variable_fail_uninitialized(v, st);
    else fail(st, TF_FAILED_PRECONDITION, "Attempting to use uninitialized value %s", v->name);
    return NULL;
  }
  if (!tensor_writable(&v->value) && v->value.buffer) {
    Tensor own = {0};
    if (tensor_copy(&own, &v->value, st)) return pthread_mutex_unlock(&v->lock), NULL;
    tensor_clear(&v->value);
    v->value = own;
  }
  return &v->value;
}

void variable_unlock(Variable *v) {
  count_change(v);
  pthread_mutex_unlock(&v->lock);
}

Variable *variable_in(const Tensor *handle) {
  if (handle->dtype != TF_RESOURCE || tensor_count(handle) != 1) return NULL;
  Object *o = *(Object **)handle->data;
  return o && o->type == &variable_type ? (Variable *)o : NULL;
}

TF_Code variable_of_handle(const Tensor *handle, Variable **out, TF_Status *st) {
  if (handle->dtype != TF_RESOURCE || tensor_count(handle) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "a variable's handle must be a scalar resource");
  Object *o = *(Object **)handle->data;
  *out = variable_in(handle);
  return *out ? TF_OK
              : fail(st, TF_INVALID_ARGUMENT, "Trying to access a resource as a variable, but it is %s%s",
                     o ? "of type " : "no resource", o ? o->type->name : "");
}

TF_Code variable_fail_uninitialized(const Variable *v, TF_Status *st) {
  return fail(
      st, TF_FAILED_PRECONDITION,
      "Could not find variable %s. This could mean that the variable has been deleted. In TF1, it can also "
      "mean the variable is uninitialized. Debug info: container=%s, status error message=Resource "
      "%s/%s/%s does not exist.",
      v->name, v->container, v->container, v->name, variable_type.name);
}
