/* MutableDenseHashTableV2, AnonymousMutableDenseHashTable. A table's empty and deleted keys are inputs, so it
 * is made when the op first runs; all else about tables is in lookup_ops.c. */
#include <string.h>

#include "ops/array_util.h"
#include "ops/lookup_table.h"
#include "ops/op_eval.h"
#include "ops/state_vars.h"

typedef struct DenseState {
  TF_DataType key, value;
  int value_rank;
  DenseSpec spec; /* without keys */
  const char *container, *name;
  bool anonymous;
} DenseState;

static TF_Code check_types(const Node *node, TF_DataType key, TF_DataType value, TF_Status *st) {
  bool number = value == TF_INT32 || value == TF_FLOAT || value == TF_DOUBLE;
  bool ok = key == TF_INT32
                ? number
                : (key == TF_INT64 || key == TF_STRING) && (number || value == TF_INT64 || value == TF_BOOL);
  if (ok) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "No OpKernel was registered to support Op '%s' with keys of %s and values of %s", node->op,
              dtype_name(key), dtype_name(value));
}

static TF_Code dense_init(OpInit *k, TF_Status *st) {
  DenseState *s = k->state;
  const Shape *shape;
  char text[SHAPE_TEXT_MAX];
  if (!strcmp(k->node->op,
              "MutableDenseHashTable")) /* TF: the older op lacks an input that its kernel asks for */
    return fail(st, TF_INVALID_ARGUMENT, "Unknown input name: deleted_key");
  TRY(node_attr_type(k->node, "key_dtype", &s->key, st));
  TRY(node_attr_type(k->node, "value_dtype", &s->value, st));
  TRY(check_types(k->node, s->key, s->value, st));
  TRY(node_attr_shape(k->node, "value_shape", &shape, st));
  TRY(node_attr_int(k->node, "initial_num_buckets", &s->spec.num_buckets, st));
  TRY(node_attr_float(k->node, "max_load_factor", &s->spec.max_load_factor, st));
  s->anonymous = !strncmp(k->node->op, "Anonymous", 9);
  if (!s->anonymous) TRY(state_names(k, &s->container, &s->name, st));
  if (shape->rank < 0 || shape->rank > 1 ||
      (shape->rank && (shape->dims[0] < 0 || shape->dims[0] > INT32_MAX)))
    return fail(st, TF_INVALID_ARGUMENT, "Empty value must be a scalar or a vector, got shape %s",
                shape_text(shape->dims, shape->rank, text, sizeof text));
  s->value_rank = shape->rank;
  s->spec.value_dtype = s->value;
  s->spec.value_size = shape->rank ? shape->dims[0] : 1;
  return TF_OK;
}

static TF_Code make_table(void *arg, Object **out, TF_Status *st) {
  const OpCtx *c = arg;
  const DenseState *s = c->state;
  DenseSpec spec = s->spec;
  DenseTable *dense;
  LookupTable *t;
  spec.empty_key = op_input(c, 0);
  spec.deleted_key = op_input(c, 1);
  if (c->env && spec.num_buckets > 0)
    TRY(op_check_memory(c->env, s->value, (int64_t[]){spec.num_buckets, spec.value_size}, 2, st));
  TRY(dense_table_new(&dense, &spec, st));
  TRY(lookup_table_new_dense(&t, dense, s->value_rank, s->anonymous ? "" : s->container,
                             s->anonymous ? "" : s->name, st));
  *out = &t->object;
  return TF_OK;
}

static TF_Code dense_run(OpCtx *c, TF_Status *st) {
  const DenseState *s = c->state;
  Object *o = NULL;
  if (s->anonymous) TRY(make_table(c, &o, st));
  else if (!c->env) return fail(st, TF_FAILED_PRECONDITION, "a table outside of a session");
  else
    TRY(resource_find_or_create(c->env->resources, &lookup_table_type, s->container, s->name, make_table, c,
                                &o, st));
  LookupTable *t = (LookupTable *)o;
  TF_Code code = TF_OK;
  if (t->key_dtype != s->key || t->value_dtype != s->value)
    code = fail(st, TF_INVALID_ARGUMENT, "Conflicting key/value dtypes %s->%s with %s-%s for table %s",
                dtype_name(s->key), dtype_name(s->value), dtype_name(t->key_dtype),
                dtype_name(t->value_dtype), t->name);
  else if (!t->dense || t->value_rank != s->value_rank || t->value_size != s->spec.value_size)
    code = fail(st, TF_INVALID_ARGUMENT, "table %s is shared with an op of another kind", t->name);
  const void *object = t;
  if (!code) code = elements_copy(TF_RESOURCE, c->outputs[0].data, &object, 1, st);
  object_unref(t);
  return code;
}

#define DENSE(NAME)                                                                                          \
  {                                                                                                          \
    NAME, .flags = OP_STATEFUL, .state_size = sizeof(DenseState), .shape = shape_scalar, .init = dense_init, \
          .prepare = prepare_scalar, .run = dense_run                                                        \
  }

const OpRow ops_lookup_dense_ops[] = {DENSE("MutableDenseHashTable"),
                                      DENSE("MutableDenseHashTableV2"),
                                      DENSE("AnonymousMutableDenseHashTable"),
                                      {0}};
