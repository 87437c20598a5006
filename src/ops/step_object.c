/* Handles of objects that live as long as a step. */
#include "ops/step_object.h"

#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"

TF_Code step_object_prepare(OpCtx *c, TF_Status *st) {
  TF_DataType dtype = c->node->output_types[0];
  if (dtype_is_ref(dtype)) return TF_OK;
  return op_output(c, 0, dtype, &(int64_t){2}, dtype == TF_STRING, st);
}

/* ---- putting ---- */

/* find_or_create's way to take an object that is there already. */
static TF_Code give_object(void *arg, Object **out, TF_Status *st) {
  (void)st;
  *out = object_ref(arg);
  return TF_OK;
}

static TF_Code put_into_step(OpCtx *c, Object *o, const char *name, TF_Status *st) {
  ResourceManager *m;
  Object *there = NULL;
  TRY(step_resources(c->env, &m, st));
  TRY(resource_find_or_create(m, o->type, "", name, give_object, o, &there, st));
  object_unref(there);
  return TF_OK;
}

static TF_Code write_names(TF_TString *to, const char *kind, const char *name, TF_Status *st) {
  bool ok = tstring_set(&to[0], kind, strlen(kind)) && tstring_set(&to[1], name, strlen(name));
  return ok ? TF_OK : fail_oom(st, "a handle");
}

/* A variable of the step's that holds the names. */
static TF_Code put_ref(OpCtx *c, const char *kind, const char *name, TF_Status *st) {
  ResourceManager *m;
  Variable *v;
  Tensor names = {0};
  TRY(step_resources(c->env, &m, st));
  TRY(variable_find_or_create(m, &legacy_variable_type, "", name, &v, st));
  TF_Code code = tensor_alloc(&names, TF_STRING, &(int64_t){2}, 1, st);
  if (!code) code = write_names(names.data, kind, name, st);
  if (!code) variable_assign(v, &names);
  tensor_clear(&names);
  op_set_ref(c, 0, v); /* the step holds it */
  object_unref(v);
  return code;
}

TF_Code step_object_put(OpCtx *c, Object *o, const char *kind, const char *name, TF_Status *st) {
  TF_DataType dtype = c->node->output_types[0];
  TF_Code code;
  if (dtype == TF_RESOURCE) {
    code = elements_copy(TF_RESOURCE, c->outputs[0].data, &(const void *){o}, 1, st);
  } else {
    code = put_into_step(c, o, name, st);
    if (!code)
      code = dtype_is_ref(dtype) ? put_ref(c, kind, name, st)
                                 : write_names(c->outputs[0].data, kind, name, st);
  }
  object_unref(o);
  return code;
}

/* ---- getting ---- */

static TF_Code fail_kind(const Object *o, const ObjectType *want, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "Trying to access resource using the wrong type. Expected %s got %s",
              want->name, o ? o->type->name : "nothing");
}

static TF_Code get_named(const OpCtx *c, const Tensor *names, const ObjectType *type, Object **out,
                         TF_Status *st) {
  ResourceManager *m;
  char text[SHAPE_TEXT_MAX];
  size_t size;
  if (names->dtype != TF_STRING || tensor_count(names) != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Tensor array handle must be 2-element vector, but had shape: %s",
                shape_text(names->dims, names->rank, text, sizeof text));
  const char *data = tstring_data((const TF_TString *)names->data + 1, &size);
  char *name = strndup(data, size);
  if (!name) return fail_oom(st, "a handle");
  TF_Code code = step_resources(c->env, &m, st);
  Object *o = code ? NULL : resource_find(m, type, "", name);
  if (!code && !o)
    code = fail(st, TF_NOT_FOUND, "Resource %s/%s/%s does not exist.", "__per_step__", name, type->name);
  free(name);
  object_unref(o); /* the step holds it until the run has ended */
  *out = o;
  return code;
}

TF_Code step_object_get(const OpCtx *c, const ObjectType *type, Object **out, TF_Status *st) {
  if (dtype_is_ref(c->node->input_types[0])) {
    Variable *v = op_ref(c, 0);
    Tensor names = {0};
    if (!v || !variable_read(v, &names)) return fail_kind(NULL, type, st);
    TF_Code code = get_named(c, &names, type, out, st);
    tensor_clear(&names);
    return code;
  }
  const Tensor *handle = op_input(c, 0);
  if (handle->dtype == TF_STRING) return get_named(c, handle, type, out, st);
  if (handle->dtype != TF_RESOURCE || tensor_count(handle) != 1) return fail_kind(NULL, type, st);
  Object *o = *(Object **)handle->data;
  if (!o || o->type != type) return fail_kind(o, type, st);
  *out = o;
  return TF_OK;
}
