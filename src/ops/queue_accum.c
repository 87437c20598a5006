/* Accumulators of gradients: ConditionalAccumulator (behind a ref or, as ResourceConditionalAccumulator, a
 * handle). Gradients of a local step below the global one are dropped; who takes waits for enough of them and
 * counts the global step up. The sum is in double, whatever the dtype. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ops/array_util.h"
#include "ops/math_types.h"
#include "ops/named_object.h"
#include "ops/queue_object.h"
#include "ops/state_vars.h"
#include "ops/tensor_array.h"

typedef struct Accumulator {
  Object object;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  TF_DataType dtype;
  Shape shape;
  bool mean;
  int64_t step;
  int32_t count;
  int rank; /* of the sum, while count > 0 */
  int64_t dims[TENSOR_MAX_RANK], size;
  double *sum;
} Accumulator;

static void accumulator_destroy(Object *o) {
  Accumulator *a = (Accumulator *)o;
  free(a->sum);
  pthread_cond_destroy(&a->changed);
  pthread_mutex_destroy(&a->lock);
  free(a);
}

static const ObjectType accumulator_type = {"N10tensorflow26ConditionalAccumulatorBaseE",
                                            accumulator_destroy};

/* ---- making one ---- */

typedef struct NewAccumulator {
  TF_DataType dtype;
  const Shape *shape;
  bool mean;
} NewAccumulator;

static TF_Code create_accumulator(void *arg, Object **out, TF_Status *st) {
  const NewAccumulator *n = arg;
  Accumulator *a = calloc(1, sizeof *a);
  if (!a) return fail_oom(st, "an accumulator");
  object_init(&a->object, &accumulator_type);
  pthread_mutex_init(&a->lock, NULL);
  clock_cond_init(&a->changed);
  a->dtype = n->dtype;
  a->shape = *n->shape;
  a->mean = n->mean;
  *out = &a->object;
  return TF_OK;
}

static TF_Code accumulator_init(OpInit *k, TF_Status *st) {
  NamedObject *s = k->state;
  NewAccumulator n = {0};
  const char *container, *name;
  Span reduction;
  TRY(node_attr_type(k->node, "dtype", &n.dtype, st));
  TRY(node_attr_shape(k->node, "shape", &n.shape, st));
  TRY(node_attr_string(k->node, "reduction_type", &reduction, st));
  n.mean = reduction.size == 4 && !memcmp(reduction.data, "MEAN", 4);
  TRY(state_names(k, &container, &name, st));
  TRY(resource_find_or_create(k->resources, &accumulator_type, container, name, create_accumulator, &n,
                              &s->object, st));
  if (((const Accumulator *)s->object)->dtype != n.dtype)
    return fail(st, TF_INVALID_ARGUMENT, "accumulator %s is shared with an op of another dtype", name);
  return named_object_handle(k, container, name, st);
}

/* Runs `f` under the lock of input 0's accumulator. */
static TF_Code with_accumulator(OpCtx *c, TF_Code (*f)(OpCtx *, Accumulator *, TF_Status *), TF_Status *st) {
  Object *o;
  TRY(named_object_of_input(c, 0, &accumulator_type, &o, st));
  Accumulator *a = (Accumulator *)o;
  pthread_mutex_lock(&a->lock);
  TF_Code code = f(c, a, st);
  pthread_cond_broadcast(&a->changed);
  pthread_mutex_unlock(&a->lock);
  object_unref(o);
  return code;
}

/* ---- adding ---- */

static void add_values(double *sum, const Tensor *t, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    float f;
    if (t->dtype == TF_HALF) {
      math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype);
      sum[i] += (double)f;
    } else {
      sum[i] += t->dtype == TF_FLOAT ? (double)((const float *)t->data)[i] : ((const double *)t->data)[i];
    }
  }
}

static TF_Code check_gradient(const Accumulator *a, const Tensor *t, TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (t->dtype != a->dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Expected gradient of dtype %s, got %s", dtype_name(a->dtype),
                dtype_name(t->dtype));
  bool same = a->count == 0 ||
              (t->rank == a->rank && !memcmp(t->dims, a->dims, (size_t)t->rank * sizeof *t->dims));
  if (shape_allows(&a->shape, t->dims, t->rank) && same) return TF_OK;
  bool declared = !shape_allows(&a->shape, t->dims, t->rank);
  return fail(st, TF_INVALID_ARGUMENT, "Shape mismatch: expected %s, got %s",
              declared ? shape_text(a->shape.dims, a->shape.rank, x, sizeof x)
                       : shape_text(a->dims, a->rank, x, sizeof x),
              shape_text(t->dims, t->rank, y, sizeof y));
}

static TF_Code apply_locked(OpCtx *c, Accumulator *a, TF_Status *st) {
  const Tensor *step = op_input(c, 1), *t = op_input(c, 2);
  if (tensor_count(step) != 1) return fail(st, TF_INVALID_ARGUMENT, "Argument local_step must be scalar");
  TRY(check_gradient(a, t, st));
  if (*(const int64_t *)step->data < a->step) return TF_OK; /* stale */
  if (a->count == INT32_MAX) return fail(st, TF_RESOURCE_EXHAUSTED, "an accumulator of too many gradients");
  int64_t n = tensor_count(t);
  if (a->count == 0) {
    double *sum = calloc((size_t)n + 1, sizeof *sum);
    if (!sum) return fail_oom(st, "an accumulator");
    free(a->sum);
    a->sum = sum;
    a->rank = t->rank;
    a->size = n;
    memcpy(a->dims, t->dims, sizeof a->dims);
  }
  add_values(a->sum, t, n);
  a->count++;
  return TF_OK;
}

/* ---- taking ---- */

static TF_Code take_locked(OpCtx *c, Accumulator *a, TF_Status *st) {
  const Tensor *required = op_input(c, 1);
  if (tensor_count(required) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Argument num_required must be scalar");
  int32_t n = *(const int32_t *)required->data;
  if (n <= 0) return fail(st, TF_INVALID_ARGUMENT, "Argument num_required must be positive, but was %d", n);
  if (c->node->output_types[0] != a->dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Expected gradient of dtype %s, got %s", dtype_name(a->dtype),
                dtype_name(c->node->output_types[0]));
  while (a->count < n) TRY(queue_wait(&a->changed, &a->lock, c->env, st));
  TRY(op_alloc_output(c, 0, a->dtype, a->dims, a->rank, st));
  Tensor *out = &c->outputs[0];
  for (int64_t i = 0; i < a->size; i++) {
    double v = a->mean ? a->sum[i] / a->count : a->sum[i];
    float f = (float)v;
    if (out->dtype == TF_HALF) math_store_16((uint16_t *)out->data + i, &f, 1, out->dtype);
    else if (out->dtype == TF_FLOAT) ((float *)out->data)[i] = f;
    else ((double *)out->data)[i] = v;
  }
  a->count = 0;
  a->step++;
  return TF_OK;
}

static TF_Code count_locked(OpCtx *c, Accumulator *a, TF_Status *st) {
  (void)st;
  *(int32_t *)c->outputs[0].data = a->count;
  return TF_OK;
}

/* TF: the step may go down, with a warning. */
static TF_Code set_step_locked(OpCtx *c, Accumulator *a, TF_Status *st) {
  const Tensor *step = op_input(c, 1);
  if (tensor_count(step) != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Argument new_global_step must be scalar");
  a->step = *(const int64_t *)step->data;
  return TF_OK;
}

static TF_Code apply_run(OpCtx *c, TF_Status *st) { return with_accumulator(c, apply_locked, st); }
static TF_Code take_run(OpCtx *c, TF_Status *st) { return with_accumulator(c, take_locked, st); }
static TF_Code count_run(OpCtx *c, TF_Status *st) { return with_accumulator(c, count_locked, st); }
static TF_Code set_step_run(OpCtx *c, TF_Status *st) { return with_accumulator(c, set_step_locked, st); }

#define TYPES "dtype: half float double"
#define FAMILY(P, MAKES)                                                                             \
  {P "ConditionalAccumulator", .types = TYPES, MAKES(accumulator_init)},                             \
      {P "AccumulatorApplyGradient", .types = TYPES, .flags = OP_STATEFUL, .shape = shape_none,      \
       .run = apply_run},                                                                            \
      {P "AccumulatorTakeGradient", .types = TYPES, .flags = OP_STATEFUL | OP_DYNAMIC | OP_BLOCKING, \
       .shape = shape_unknown_outputs, .run = take_run},                                             \
      {P "AccumulatorNumAccumulated", .flags = OP_STATEFUL, .shape = shape_scalar,                   \
       .prepare = prepare_scalar, .run = count_run},                                                 \
  {                                                                                                  \
    P "AccumulatorSetGlobalStep", .flags = OP_STATEFUL, .shape = shape_none, .run = set_step_run     \
  }

const OpRow ops_queue_accum[] = {FAMILY("", NAMED_OBJECT_REF), FAMILY("Resource", NAMED_OBJECT_HANDLE), {0}};
