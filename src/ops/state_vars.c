/* Finding, checking and locking variables for kernels, and the kernels of refs and handles alike. */
#include "ops/state_vars.h"

#include <string.h>

#include "ops/array_slice.h"
#include "ops/array_util.h"

Variable *state_named_variable(const OpRow *row, const void *state) {
  bool names = row && (!strcmp(row->name, "VariableV2") || !strcmp(row->name, "Variable") ||
                       !strcmp(row->name, "VarHandleOp"));
  return names ? ((const NamedVariable *)state)->variable : NULL;
}

TF_Code state_names(OpInit *k, const char **container, const char **name, TF_Status *st) {
  /* The name that eager TensorFlow gives to variables without one: each node has its own then. */
  static const char anonymous[] = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";
  Span c = {0}, s = {0};
  if (node_attr(k->node, "container")) TRY(node_attr_string(k->node, "container", &c, st));
  if (node_attr(k->node, "shared_name")) TRY(node_attr_string(k->node, "shared_name", &s, st));
  if ((c.size && memchr(c.data, 0, c.size)) || (s.size && memchr(s.data, 0, s.size)))
    return fail(st, TF_INVALID_ARGUMENT, "container and shared_name may not hold NUL bytes");
  if (s.size == sizeof anonymous - 1 && !memcmp(s.data, anonymous, s.size)) s.size = 0;
  *container = c.size ? arena_strndup(k->arena, c.data, c.size) : RESOURCE_DEFAULT_CONTAINER;
  *name = s.size ? arena_strndup(k->arena, s.data, s.size) : arena_strdup(k->arena, k->name);
  return *container && *name ? TF_OK : fail_oom(st, "a resource's name");
}

TF_Code state_variable(const OpCtx *c, int i, Variable **out, TF_Status *st) {
  *out = op_ref(c, i);
  if (*out) return TF_OK;
  if (dtype_is_ref(c->node->input_types[i])) return fail(st, TF_INTERNAL, "input %d carries no variable", i);
  return variable_of_handle(op_input(c, i), out, st);
}

static TF_Code check_dtype(TF_DataType is, TF_DataType wanted, TF_Status *st) {
  if (is == wanted) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Trying to read variable with wrong dtype. Expected %s got %s",
              dtype_name(wanted), dtype_name(is));
}

static bool is_missing(Variable *v) {
  return v->object.type == &variable_type && !variable_is_initialized(v);
}

TF_Code state_fail_missing(const Variable *v, TF_Status *st) {
  return fail(st, TF_NOT_FOUND, "Resource %s/%s/%s does not exist.", v->container, v->name,
              variable_type.name);
}

Tensor *state_lock(const OpCtx *c, int i, TF_DataType dtype, Variable **v, TF_Status *st) {
  if (state_variable(c, i, v, st)) return NULL;
  if (is_missing(*v)) return state_fail_missing(*v, st), NULL;
  Tensor *t = variable_lock(*v, st);
  if (t && check_dtype(t->dtype, dtype, st)) {
    variable_unlock(*v);
    return NULL;
  }
  return t;
}

TF_Code state_read(const OpCtx *c, int i, TF_DataType dtype, Tensor *out, TF_Status *st) {
  Variable *v;
  TRY(state_variable(c, i, &v, st));
  if (!variable_read(v, out)) return variable_fail_uninitialized(v, st);
  if (check_dtype(out->dtype, dtype, st)) {
    tensor_clear(out);
    return TF_GetCode(st);
  }
  return TF_OK;
}

void state_unlock_all(Variable **vs, int count) {
  for (int i = 0; i < count; i++) variable_unlock(vs[i]);
}

TF_Code state_lock_all(const OpCtx *c, const int *inputs, int count, TF_DataType dtype, Variable **vs,
                       Tensor **values, TF_Status *st) {
  int order[8];
  Variable *sorted[8];
  if (count > (int)SM_COUNTOF(order)) return fail(st, TF_INTERNAL, "%d variables in one op", count);
  for (int i = 0; i < count; i++) TRY(state_variable(c, inputs[i], &vs[i], st));
  for (int i = 0; i < count; i++) { /* insertion sort by address */
    int at = i;
    for (; at > 0 && (uintptr_t)vs[order[at - 1]] > (uintptr_t)vs[i]; at--) order[at] = order[at - 1];
    order[at] = i;
  }
  for (int i = 1; i < count; i++)
    if (vs[order[i]] == vs[order[i - 1]])
      return fail(st, TF_INVALID_ARGUMENT, "variable %s is given twice", vs[order[i]]->name);
  for (int i = 0; i < count; i++) {
    sorted[i] = vs[order[i]];
    values[order[i]] = NULL;
    if (is_missing(sorted[i])) fail(st, TF_INTERNAL, "Invalid variable reference.");
    else values[order[i]] = variable_lock(sorted[i], st);
    int locked = values[order[i]] ? i + 1 : i;
    if (values[order[i]] && !check_dtype(values[order[i]]->dtype, dtype, st)) continue;
    state_unlock_all(sorted, locked);
    return TF_GetCode(st);
  }
  return TF_OK;
}

void state_forward(OpCtx *c) {
  if (c->num_outputs && c->output_refs && c->input_refs) op_forward_ref(c, 0, 0);
}

Shape state_handle_shape(const Node *node, int i) {
  const Node *from = i < node->num_inputs && node->inputs ? node->inputs[i].oper : NULL;
  for (int hops = 0; from && hops < 16; hops++) {
    if (!strcmp(from->op, "VarHandleOp")) {
      const Attr *shape = node_attr(from, "shape");
      return shape && shape->kind == TF_ATTR_SHAPE && !shape->is_list && shape->v.shape ? *shape->v.shape
                                                                                        : shape_unknown();
    }
    if (strcmp(from->op, "Identity") || !from->num_inputs) break;
    from = from->inputs[0].oper;
  }
  return shape_unknown();
}

/* ---- kernels ---- */

TF_Code state_is_initialized(OpCtx *c, TF_Status *st) {
  Variable *v;
  TRY(state_variable(c, 0, &v, st));
  *(uint8_t *)c->outputs[0].data = variable_is_initialized(v);
  return TF_OK;
}

TF_Code state_update(OpCtx *c, ArithKind kind, TF_Status *st) {
  const Tensor *value = op_input(c, 1);
  Variable *v;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  Tensor *t = state_lock(c, 0, value->dtype, &v, st);
  if (!t) return TF_GetCode(st);
  TF_Code code =
      tensor_same_shape(t, value)
          ? arith_apply(kind, t->dtype, t->data, value->data, 1, tensor_count(t), st)
          : fail(st, TF_INVALID_ARGUMENT,
                 "Cannot update variable with shape %s using a Tensor with shape %s, shapes must be equal.",
                 shape_text(t->dims, t->rank, a, sizeof a),
                 shape_text(value->dims, value->rank, b, sizeof b));
  variable_unlock(v);
  state_forward(c);
  return code;
}

TF_Code state_strided_assign(OpCtx *c, TF_Status *st) {
  Variable *v;
  Tensor *t = state_lock(c, 0, op_input(c, 4)->dtype, &v, st);
  if (!t) return TF_GetCode(st);
  TF_Code code = slice_assign(c->node, t, op_input(c, 1), op_input(c, 2), op_input(c, 3), op_input(c, 4),
                              c->threads, st);
  variable_unlock(v);
  state_forward(c);
  return code;
}

TF_Code state_count_up(OpCtx *c, TF_Status *st) {
  int64_t limit;
  Variable *v;
  TRY(node_attr_int(c->node, "limit", &limit, st));
  TF_DataType dtype = c->node->output_types[0];
  Tensor *t = state_lock(c, 0, dtype, &v, st);
  if (!t) return TF_GetCode(st);
  TF_Code code = TF_OK;
  int64_t now = 0;
  if (t->rank)
    code = fail(st, TF_INVALID_ARGUMENT, "input is not a scalar: %s",
                shape_text(t->dims, t->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  else now = int_at(t, 0);
  if (!code && now >= limit) code = fail(st, TF_OUT_OF_RANGE, "Reached limit of %lld", (long long)limit);
  if (!code) int_put(t, 0, now + 1);
  variable_unlock(v);
  if (code) return code;
  int_put(&c->outputs[0], 0, now);
  return TF_OK;
}
