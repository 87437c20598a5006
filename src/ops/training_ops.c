/* Training steps on variables: gradient descent, momentum, Adam; for refs and resources alike.
 *
 * half and bfloat16 are computed in float, element by element. All variables of an op are locked together. */
#include <math.h>
#include <string.h>

#include "base/float16.h"
#include "ops/array_util.h"
#include "ops/state_vars.h"

/* An element of a float tensor as double and back; a float's arithmetic is done in float by the callers' rounding. */
static double get(const Tensor *t, int64_t i) {
  switch (t->dtype) {
    case TF_FLOAT: return (double)((const float *)t->data)[i];
    case TF_DOUBLE: return ((const double *)t->data)[i];
    case TF_HALF: return (double)half_to_float(((const uint16_t *)t->data)[i]);
    default: return (double)bfloat16_to_float(((const uint16_t *)t->data)[i]);
  }
}

static void put(Tensor *t, int64_t i, double v) {
  switch (t->dtype) {
    case TF_FLOAT: ((float *)t->data)[i] = (float)v; break;
    case TF_DOUBLE: ((double *)t->data)[i] = v; break;
    case TF_HALF: ((uint16_t *)t->data)[i] = half_of_float((float)v); break;
    default: ((uint16_t *)t->data)[i] = bfloat16_of_float((float)v); break;
  }
}

/* What an update sees: up to three variables, and the op's other inputs in order. */
typedef struct Update {
  Tensor *vars[3];
  const Tensor *const *rest;
  bool nesterov;
} Update;

typedef struct Rule {
  const char *name;   /* what follows "Apply" */
  int num_vars;
  int num_scalars;    /* of the other inputs, all scalars but the gradient */
  int grad;           /* which of them is the gradient */
  const char *scalars[7];
  void (*apply)(const Update *u, int64_t n);
} Rule;

static void apply_gradient_descent(const Update *u, int64_t n) {
  double alpha = get(u->rest[0], 0);
  if (u->vars[0]->dtype == TF_FLOAT) {
    float *var = u->vars[0]->data, a = (float)alpha;
    const float *delta = u->rest[1]->data;
    for (int64_t i = 0; i < n; i++) var[i] -= delta[i] * a;
    return;
  }
  for (int64_t i = 0; i < n; i++) put(u->vars[0], i, get(u->vars[0], i) - get(u->rest[1], i) * alpha);
}

/* Inputs: lr, grad, momentum. */
static void apply_momentum(const Update *u, int64_t n) {
  double lr = get(u->rest[0], 0), momentum = get(u->rest[2], 0);
  for (int64_t i = 0; i < n; i++) {
    double g = get(u->rest[1], i);
    put(u->vars[1], i, get(u->vars[1], i) * momentum + g);
    double a = get(u->vars[1], i);
    put(u->vars[0], i, get(u->vars[0], i) - (u->nesterov ? g * lr + a * momentum * lr : a * lr));
  }
}

/* Inputs: lr, grad, momentum; the accumulator holds the step itself. */
static void apply_keras_momentum(const Update *u, int64_t n) {
  double lr = get(u->rest[0], 0), momentum = get(u->rest[2], 0);
  for (int64_t i = 0; i < n; i++) {
    double g = get(u->rest[1], i);
    put(u->vars[1], i, get(u->vars[1], i) * momentum - g * lr);
    double a = get(u->vars[1], i);
    put(u->vars[0], i, get(u->vars[0], i) + (u->nesterov ? a * momentum - g * lr : a));
  }
}

/* Inputs: beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad. */
static void apply_adam(const Update *u, int64_t n) {
  double b1p = get(u->rest[0], 0), b2p = get(u->rest[1], 0), lr = get(u->rest[2], 0);
  double b1 = get(u->rest[3], 0), b2 = get(u->rest[4], 0), epsilon = get(u->rest[5], 0);
  double alpha = lr * sqrt(1 - b2p) / (1 - b1p);
  for (int64_t i = 0; i < n; i++) {
    double g = get(u->rest[6], i), m = get(u->vars[1], i), v = get(u->vars[2], i);
    m += (g - m) * (1 - b1);
    v += (g * g - v) * (1 - b2);
    put(u->vars[1], i, m);
    put(u->vars[2], i, v);
    double step = u->nesterov ? (g * (1 - b1) + b1 * m) * alpha : m * alpha;
    put(u->vars[0], i, get(u->vars[0], i) - step / (sqrt(v) + epsilon));
  }
}

static const Rule rules[] = {
    {"GradientDescent", 1, 2, 1, {"alpha", "delta"}, apply_gradient_descent},
    {"Momentum", 2, 3, 1, {"lr", "grad", "momentum"}, apply_momentum},
    {"KerasMomentum", 2, 3, 1, {"lr", "grad", "momentum"}, apply_keras_momentum},
    {"Adam", 3, 7, 6, {"beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon", "grad"}, apply_adam},
};

static const Rule *rule_of(const char *op) {
  const char *name = strstr(op, "Apply") + 5;
  for (size_t i = 0; i < SM_COUNTOF(rules); i++)
    if (!strcmp(rules[i].name, name)) return &rules[i];
  return NULL;
}

static TF_Code check_shapes(const Rule *r, Tensor *const *vars, const Tensor *const *rest, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  for (int i = 0; i < r->num_scalars; i++)
    if (i != r->grad && rest[i]->rank != 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s is not a scalar: %s", r->scalars[i],
                  shape_text(rest[i]->dims, rest[i]->rank, a, sizeof a));
  for (int i = 0; i < r->num_vars; i++) {
    const Tensor *other = i ? vars[i] : rest[r->grad];
    if (!tensor_same_shape(vars[0], other))
      return fail(st, TF_INVALID_ARGUMENT, "var and %s do not have the same shape%s %s", i ? "slot" : r->scalars[r->grad],
                  shape_text(vars[0]->dims, vars[0]->rank, a, sizeof a), shape_text(other->dims, other->rank, b, sizeof b));
  }
  return TF_OK;
}

static TF_Code apply_run(OpCtx *c, TF_Status *st) {
  static const int inputs[] = {0, 1, 2};
  const Rule *r = rule_of(c->node->op);
  Variable *vs[3];
  Update u = {.rest = c->inputs + r->num_vars};
  if (node_attr(c->node, "use_nesterov")) TRY(node_attr_bool(c->node, "use_nesterov", &u.nesterov, st));
  TRY(state_lock_all(c, inputs, r->num_vars, u.rest[r->grad]->dtype, vs, u.vars, st));
  TF_Code code = check_shapes(r, u.vars, u.rest, st);
  if (!code) r->apply(&u, tensor_count(u.vars[0]));
  state_unlock_all(vs, r->num_vars);
  state_forward(c);
  return code;
}

#define TYPES_FLOAT "T: half bfloat16 float double"
#define APPLY(NAME)                                                                                      \
  {"Apply" NAME, .types = TYPES_FLOAT, .flags = OP_STATEFUL, .shape = shape_same, .run = apply_run},     \
  {"ResourceApply" NAME, .types = TYPES_FLOAT, .flags = OP_STATEFUL, .shape = shape_none, .run = apply_run}

const OpRow ops_training_ops[] = {
    APPLY("GradientDescent"),
    APPLY("Momentum"),
    APPLY("Adam"),
    {"ResourceApplyKerasMomentum", .types = TYPES_FLOAT, .flags = OP_STATEFUL, .shape = shape_none, .run = apply_run},
    {0}};
