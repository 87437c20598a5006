/* Training steps on variables, for refs and resources alike; dense, and sparse: rows of the first dimension
 * by index.
 *
 *   op               inputs
 *   [Resource]Apply  the rule's variables; its other inputs in order
 *   ...SparseApply   the same, with `indices` behind the gradient
 *
 * Elements go through the rule (training_rules.c) in double, a block at a time. All variables of an op are
 * locked together. */
#include "ops/training_rules.h"

#include <string.h>

#include "base/float16.h"
#include "ops/array_util.h"
#include "ops/state_vars.h"

enum { BLOCK = 128 };

static void load(double *out, const Tensor *t, int64_t at, int n) {
  switch (t->dtype) {
    case TF_FLOAT:
      for (int i = 0; i < n; i++) out[i] = (double)((const float *)t->data)[at + i];
      break;
    case TF_DOUBLE: memcpy(out, (const double *)t->data + at, (size_t)n * sizeof *out); break;
    case TF_INT64:
      for (int i = 0; i < n; i++) out[i] = (double)((const int64_t *)t->data)[at + i];
      break;
    case TF_HALF:
      for (int i = 0; i < n; i++) out[i] = (double)half_to_float(((const uint16_t *)t->data)[at + i]);
      break;
    default:
      for (int i = 0; i < n; i++) out[i] = (double)bfloat16_to_float(((const uint16_t *)t->data)[at + i]);
      break;
  }
}

static void store(Tensor *t, int64_t at, const double *in, int n) {
  switch (t->dtype) {
    case TF_FLOAT:
      for (int i = 0; i < n; i++) ((float *)t->data)[at + i] = (float)in[i];
      break;
    case TF_DOUBLE: memcpy((double *)t->data + at, in, (size_t)n * sizeof *in); break;
    case TF_HALF:
      for (int i = 0; i < n; i++) ((uint16_t *)t->data)[at + i] = half_of_float((float)in[i]);
      break;
    default:
      for (int i = 0; i < n; i++) ((uint16_t *)t->data)[at + i] = bfloat16_of_float((float)in[i]);
      break;
  }
}

typedef struct ApplyState {
  const Rule *rule;
  int num_vars, num_rest; /* num_rest counts no indices */
  int grad;               /* which of the rest is the gradient */
  bool sparse, resource, flag;
} ApplyState;

static TF_Code rule_of(const Node *node, ApplyState *s, TF_Status *st) {
  const char *name = strstr(node->op, "Apply") + 5;
  *s = (ApplyState){.sparse = strstr(node->op, "Sparse"), .resource = !strncmp(node->op, "Resource", 8)};
  for (const Rule *r = training_rules; r->name; r++)
    if (!strcmp(r->name, name)) s->rule = r;
  if (!s->rule) return fail(st, TF_UNIMPLEMENTED, "%s has no rule", node->op);
  while (s->num_vars < RULE_VARS && s->rule->vars[s->num_vars]) s->num_vars++;
  for (; s->num_rest < RULE_REST && s->rule->rest[s->num_rest]; s->num_rest++)
    if (!strcmp(s->rule->rest[s->num_rest], "grad") || !strcmp(s->rule->rest[s->num_rest], "delta"))
      s->grad = s->num_rest;
  return TF_OK;
}

/* Where input `rest[i]` of the rule stands in the node. */
static int input_of(const ApplyState *s, int i) { return s->num_vars + i + (s->sparse && i > s->grad); }
static int indices_of(const ApplyState *s) { return s->num_vars + s->grad + 1; }

/* ---- shapes ---- */

static TF_Code apply_shape(ShapeCtx *c, TF_Status *st) {
  ApplyState s;
  Shape var = shape_unknown();
  TRY(rule_of(c->node, &s, st));
  for (int i = 0; i < s.num_vars; i++) {
    Shape one = s.resource ? state_handle_shape(c->node, i) : *c->inputs[i];
    TRY(shape_merge(&var, &one, &var, st));
  }
  for (int i = 0; i < s.num_rest; i++)
    if (i != s.grad) TRY(shape_want_rank(c, input_of(&s, i), 0, st));
  if (!s.sparse) {
    TRY(shape_merge(&var, c->inputs[input_of(&s, s.grad)], &var, st));
  } else {
    const Shape *grad = c->inputs[input_of(&s, s.grad)], *indices = c->inputs[indices_of(&s)];
    int64_t rows;
    TRY(shape_want_rank(c, indices_of(&s), 1, st));
    if (grad->rank > 0) TRY(dim_merge(grad->dims[0], shape_dim(indices, 0), &rows, st));
    if (grad->rank > 0 && var.rank > 0) {
      Shape like = *grad;
      like.dims[0] = var.dims[0];
      TRY(shape_merge(&var, &like, &var, st));
    }
  }
  if (c->num_outputs) c->outputs[0] = var;
  return TF_OK;
}

/* ---- checks ---- */

static TF_Code check_slots(const ApplyState *s, Tensor *const *vars, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  for (int i = 1; i < s->num_vars; i++)
    if (!tensor_same_shape(vars[0], vars[i]))
      return fail(st, TF_INVALID_ARGUMENT, "var and %s do not have the same shape%s %s", s->rule->vars[i],
                  shape_text(vars[0]->dims, vars[0]->rank, a, sizeof a),
                  shape_text(vars[i]->dims, vars[i]->rank, b, sizeof b));
  return TF_OK;
}

static TF_Code check_scalars(const ApplyState *s, const OpCtx *c, TF_Status *st) {
  char a[SHAPE_TEXT_MAX];
  for (int i = 0; i < s->num_rest; i++) {
    const Tensor *t = op_input(c, input_of(s, i));
    const char *name = s->rule->rest[i];
    if (i != s->grad && t->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s%s is not a scalar: %s", name,
                  !strcmp(name, "l1") || !strcmp(name, "l2") ? " regularization strength" : "",
                  shape_text(t->dims, t->rank, a, sizeof a));
  }
  return TF_OK;
}

static TF_Code check_dense(const ApplyState *s, const Tensor *var, const Tensor *grad, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (tensor_same_shape(var, grad)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "var and %s do not have the same shape%s %s", s->rule->rest[s->grad],
              shape_text(var->dims, var->rank, a, sizeof a), shape_text(grad->dims, grad->rank, b, sizeof b));
}

static TF_Code check_sparse(const Rule *rule, const Tensor *var, const Tensor *grad, const Tensor *indices,
                            TF_Status *st) {
  if (indices->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "indices must be one-dimensional");
  if (var->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "var must be at least 1 dimensional");
  for (int d = 1; d < var->rank; d++)
    if (d >= grad->rank || var->dims[d] != grad->dims[d])
      return fail(st, TF_INVALID_ARGUMENT, "var and grad must match in dimension %d", d);
  if (grad->rank < 1 || grad->dims[0] != indices->dims[0] || grad->rank != var->rank)
    return fail(st, TF_INVALID_ARGUMENT, "grad must be the same size as indices in the first dimension.");
  if (!rule->empty_rows && dims_product(var->dims, 1, var->rank) == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Inner dimension should be greater than zero.");
  for (int64_t i = 0; i < indices->dims[0]; i++) {
    long long at = int_at(indices, i);
    if (index_ok(at, var->dims[0])) continue;
    if (!strcmp(rule->name, "KerasMomentum"))
      return fail(st, TF_INVALID_ARGUMENT, "indices[%lld] = %lld is not in [0, %lld)", (long long)i, at,
                  (long long)var->dims[0]);
    return fail(st, TF_INVALID_ARGUMENT, "Index %lld at offset %lld in indices is out of range", at,
                (long long)i);
  }
  return TF_OK;
}

/* ---- running ---- */

/* Elements [at, at + n) of the variables, by the gradient's from `from` on. */
static void apply_range(const ApplyState *s, Tensor *const *vars, const double *scalars, int64_t at,
                        const Tensor *grad, int64_t from, int64_t n) {
  double v[RULE_VARS][BLOCK], g[BLOCK];
  for (int64_t done = 0; done < n; done += BLOCK) {
    Lanes l = {.g = g, .s = scalars, .flag = s->flag, .n = n - done < BLOCK ? (int)(n - done) : BLOCK};
    load(g, grad, from + done, l.n);
    for (int i = 0; i < s->num_vars; i++) {
      l.v[i] = v[i];
      load(v[i], vars[i], at + done, l.n);
    }
    s->rule->apply(&l);
    for (int i = 0; i < s->num_vars; i++) store(vars[i], at + done, v[i], l.n);
  }
}

/* The same of complex numbers. */
static void load_complex(double _Complex *out, const Tensor *t, int64_t at, int n) {
  if (t->dtype == TF_COMPLEX128) memcpy(out, (const double _Complex *)t->data + at, (size_t)n * sizeof *out);
  else
    for (int i = 0; i < n; i++) out[i] = (double _Complex)((const float _Complex *)t->data)[at + i];
}

static void store_complex(Tensor *t, int64_t at, const double _Complex *in, int n) {
  if (t->dtype == TF_COMPLEX128) memcpy((double _Complex *)t->data + at, in, (size_t)n * sizeof *in);
  else
    for (int i = 0; i < n; i++) ((float _Complex *)t->data)[at + i] = (float _Complex)in[i];
}

static void apply_complex(const ApplyState *s, Tensor *const *vars, const double _Complex *scalars,
                          int64_t at, const Tensor *grad, int64_t from, int64_t n) {
  double _Complex v[RULE_VARS][BLOCK], g[BLOCK];
  for (int64_t done = 0; done < n; done += BLOCK) {
    ComplexLanes l = {.g = g, .s = scalars, .flag = s->flag, .n = n - done < BLOCK ? (int)(n - done) : BLOCK};
    load_complex(g, grad, from + done, l.n);
    for (int i = 0; i < s->num_vars; i++) {
      l.v[i] = v[i];
      load_complex(v[i], vars[i], at + done, l.n);
    }
    s->rule->apply_complex(&l);
    for (int i = 0; i < s->num_vars; i++) store_complex(vars[i], at + done, v[i], l.n);
  }
}

/* The scalars, in numbers of one kind, and what goes through the rule. */
typedef struct Scalars {
  bool is_complex;
  double real[RULE_REST];
  double _Complex complex[RULE_REST];
} Scalars;

static void apply_any(const ApplyState *s, Tensor *const *vars, const Scalars *scalars, int64_t at,
                      const Tensor *grad, int64_t from, int64_t n) {
  if (scalars->is_complex) apply_complex(s, vars, scalars->complex, at, grad, from, n);
  else apply_range(s, vars, scalars->real, at, grad, from, n);
}

static TF_Code apply_locked(const ApplyState *s, const OpCtx *c, Tensor *const *vars, TF_Status *st) {
  const Tensor *grad = op_input(c, input_of(s, s->grad)),
               *indices = s->sparse ? op_input(c, indices_of(s)) : NULL;
  Scalars scalars = {.is_complex = grad->dtype == TF_COMPLEX64 || grad->dtype == TF_COMPLEX128};
  int num_scalars = 0;
  TRY(check_slots(s, vars, st));
  TRY(check_scalars(s, c, st));
  TRY(s->sparse ? check_sparse(s->rule, vars[0], grad, indices, st) : check_dense(s, vars[0], grad, st));
  for (int i = 0; i < s->num_rest; i++) {
    if (i == s->grad) continue;
    if (scalars.is_complex) load_complex(&scalars.complex[num_scalars++], op_input(c, input_of(s, i)), 0, 1);
    else load(&scalars.real[num_scalars++], op_input(c, input_of(s, i)), 0, 1);
  }
  if (!s->sparse) {
    apply_any(s, vars, &scalars, 0, grad, 0, tensor_count(vars[0]));
    return TF_OK;
  }
  int64_t row = dims_product(vars[0]->dims, 1, vars[0]->rank);
  for (int64_t i = 0; i < indices->dims[0]; i++)
    apply_any(s, vars, &scalars, int_at(indices, i) * row, grad, i * row, row);
  return TF_OK;
}

static TF_Code apply_init(OpInit *k, TF_Status *st) {
  ApplyState *s = k->state;
  TRY(rule_of(k->node, s, st));
  if (s->rule->flag && node_attr(k->node, s->rule->flag))
    TRY(node_attr_bool(k->node, s->rule->flag, &s->flag, st));
  return TF_OK;
}

static TF_Code apply_run(OpCtx *c, TF_Status *st) {
  static const int inputs[RULE_VARS] = {0, 1, 2, 3};
  const ApplyState *s = c->state;
  Variable *vs[RULE_VARS];
  Tensor *vars[RULE_VARS];
  TRY(state_lock_all(c, inputs, s->num_vars, c->node->input_types[input_of(s, s->grad)], vs, vars, st));
  TF_Code code = apply_locked(s, c, vars, st);
  state_unlock_all(vs, s->num_vars);
  state_forward(c);
  return code;
}

#define ROW(NAME, TYPES)                                                                \
  {                                                                                     \
    NAME, .types = "T: " TYPES, .flags = OP_STATEFUL, .state_size = sizeof(ApplyState), \
          .shape = apply_shape, .init = apply_init, .run = apply_run                    \
  }
#define DENSE(NAME, TYPES) ROW("Apply" NAME, TYPES), ROW("ResourceApply" NAME, TYPES)
#define SPARSE(NAME, TYPES) ROW("SparseApply" NAME, TYPES), ROW("ResourceSparseApply" NAME, TYPES)
#define BOTH(NAME, TYPES) DENSE(NAME, TYPES), SPARSE(NAME, TYPES)
#define REAL "half bfloat16 float double"
#define ALL REAL " complex64 complex128"
#define LARGE "float double" /* TF: not those of 16 bits */
#define NO_BFLOAT16 "half float double"

const OpRow ops_training_ops[] = {DENSE("GradientDescent", ALL),
                                  BOTH("ProximalGradientDescent", LARGE),
                                  BOTH("Momentum", ALL),
                                  ROW("ResourceApplyKerasMomentum", ALL),
                                  ROW("ResourceSparseApplyKerasMomentum", ALL),
                                  DENSE("Adam", ALL),
                                  ROW("ResourceApplyAdamWithAmsgrad", REAL),
                                  DENSE("AdaMax", NO_BFLOAT16),
                                  BOTH("Adadelta", ALL),
                                  BOTH("Adagrad", ALL),
                                  BOTH("AdagradV2", ALL),
                                  BOTH("ProximalAdagrad", LARGE),
                                  BOTH("AdagradDA", LARGE),
                                  DENSE("RMSProp", ALL),
                                  SPARSE("RMSProp", NO_BFLOAT16 " complex64 complex128"),
                                  DENSE("CenteredRMSProp", ALL),
                                  SPARSE("CenteredRMSProp", NO_BFLOAT16 " complex64 complex128"),
                                  DENSE("AddSign", REAL),
                                  DENSE("PowerSign", REAL),
                                  BOTH("Ftrl", REAL),
                                  BOTH("FtrlV2", REAL),
                                  {0}};
