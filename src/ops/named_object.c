/* Handles of objects with a name: made, and read again. */
#include "ops/named_object.h"

#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/state_vars.h"

/* ---- making ---- */

TF_Code named_object_handle(OpInit *k, const char *container, const char *name, TF_Status *st) {
  NamedObject *s = k->state;
  Tensor value = {0};
  if (!dtype_is_ref(k->node->output_types[0])) return TF_OK;
  TRY(variable_new(&legacy_variable_type, container, name, &s->handle, st));
  TRY(tensor_alloc(&value, TF_STRING, &(int64_t){2}, 1, st));
  TF_TString *text = value.data;
  bool ok = tstring_set(&text[0], container, strlen(container)) && tstring_set(&text[1], name, strlen(name));
  variable_assign(s->handle, &value);
  return ok ? TF_OK : fail_oom(st, "a handle");
}

TF_Code named_object_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_vector(2);
  return TF_OK;
}

TF_Code named_object_prepare(OpCtx *c, TF_Status *st) {
  return dtype_is_ref(c->node->output_types[0]) ? TF_OK : op_output_scalar(c, 0, TF_RESOURCE, st);
}

TF_Code named_object_run(OpCtx *c, TF_Status *st) {
  const NamedObject *s = c->state;
  const void *object = s->object;
  if (!dtype_is_ref(c->node->output_types[0]))
    return elements_copy(TF_RESOURCE, c->outputs[0].data, &object, 1, st);
  op_set_ref(c, 0, s->handle);
  return TF_OK;
}

void named_object_clear(void *state) {
  NamedObject *s = state;
  object_unref(s->object);
  object_unref(s->handle);
}

/* ---- finding ---- */

static TF_Code check_type(const Object *o, const ObjectType *type, TF_Status *st) {
  if (o && o->type == type) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Trying to access resource using the wrong type. Expected %s got %s",
              type->name, o ? o->type->name : "nothing");
}

TF_Code named_object_peek(const Tensor *handle, const ObjectType *type, Object **out, TF_Status *st) {
  *out = handle->dtype == TF_RESOURCE && tensor_count(handle) == 1 ? *(Object **)handle->data : NULL;
  return check_type(*out, type, st);
}

static TF_Code check_run(const OpCtx *c, TF_Status *st) {
  return c->env ? TF_OK : fail(st, TF_FAILED_PRECONDITION, "a resource is asked for outside of a run");
}

TF_Code named_object_of_input(const OpCtx *c, int i, const ObjectType *type, Object **out, TF_Status *st) {
  TRY(check_run(c, st));
  if (dtype_is_ref(c->node->input_types[i])) {
    Variable *v = op_ref(c, i);
    *out = v ? resource_find(c->env->resources, type, v->container, v->name) : NULL;
    return check_type(*out, type, st);
  }
  TRY(named_object_peek(op_input(c, i), type, out, st));
  object_ref(*out);
  return TF_OK;
}

TF_Code named_object_of_value(const OpCtx *c, int i, const ObjectType *type, const char *unreadable,
                              Object **out, TF_Status *st) {
  Variable *v = op_ref(c, i);
  Tensor names = {0};
  char *text[2] = {NULL, NULL};
  TRY(check_run(c, st));
  if (!v || !variable_read(v, &names) || names.dtype != TF_STRING || tensor_count(&names) != 2) {
    tensor_clear(&names);
    return fail(st, TF_INVALID_ARGUMENT, "%s", unreadable);
  }
  for (int k = 0; k < 2; k++) {
    size_t size;
    const char *data = tstring_data((const TF_TString *)names.data + k, &size);
    text[k] = strndup(data, size);
  }
  tensor_clear(&names);
  TF_Code code = text[0] && text[1] ? TF_OK : fail_oom(st, "a handle");
  *out = code ? NULL : resource_find(c->env->resources, type, text[0], text[1]);
  if (!code && !*out)
    code = fail(st, TF_NOT_FOUND, "Resource %s/%s/%s does not exist.", text[0], text[1], type->name);
  free(text[0]);
  free(text[1]);
  return code;
}
