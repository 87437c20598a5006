/* Ops of tf.random.Generator (random_state.h): numbers of a state in a variable, which goes on by 256
 * counters for each of them; seeds that nobody chose. */
#include "ops/random_state.h"

#include <string.h>
#include <sys/random.h>

#include "ops/random_fill.h"
#include "ops/state_vars.h"

enum { STATE_SIZE = 3 };

/* The tensor checked for `tags` elements before the state. */
static TF_Code check_state(const Tensor *t, int tags, TF_Status *st) {
  if (t->dtype != TF_INT64)
    return fail(st, TF_INVALID_ARGUMENT, "dtype of RNG state variable must be int64, not %s",
                dtype_name(t->dtype));
  if (t->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "RNG state must have one and only one dimension, not %d", t->rank);
  if (tags && t->dims[0] < tags) return fail(st, TF_INVALID_ARGUMENT, "Size of tensor must be at least 1");
  return TF_OK;
}

static TF_Code check_algorithm(int64_t id, TF_Status *st) {
  if (id == 2) return fail(st, TF_UNIMPLEMENTED, "Non-XLA devices don't support the ThreeFry algorithm.");
  return id == 1 || id == 3 ? TF_OK
                            : fail(st, TF_INVALID_ARGUMENT, "Unsupported algorithm id: %lld", (long long)id);
}

/* Of a locked variable. */
static TF_Code take_locked(Tensor *t, int tags, int64_t algorithm, uint64_t skip, Philox *out,
                           TF_Status *st) {
  TRY(check_state(t, tags, st));
  int64_t *state = t->data;
  TRY(check_algorithm(tags ? state[0] : algorithm, st));
  if (t->dims[0] < tags + STATE_SIZE)
    return fail(st, TF_INVALID_ARGUMENT,
                "For the Philox algorithm, the size of state must be at least %d; got %lld",
                tags + STATE_SIZE, (long long)t->dims[0]);
  state += tags;
  Philox p = *out = philox_of((uint64_t)state[2], (uint64_t)state[0], (uint64_t)state[1]);
  philox_skip(&p, skip);
  state[0] = (int64_t)philox_low(&p);
  state[1] = (int64_t)philox_high(&p);
  return TF_OK;
}

static TF_Code take(const OpCtx *c, int i, int tags, int64_t algorithm, uint64_t skip, Philox *out,
                    TF_Status *st) {
  Variable *v;
  TRY(variable_of_handle(op_input(c, i), &v, st));
  if (!variable_is_initialized(v)) return state_fail_missing(v, st);
  Tensor *t = variable_lock(v, st);
  if (!t) return TF_GetCode(st);
  TF_Code code = take_locked(t, tags, algorithm, skip, out, st);
  variable_unlock(v);
  return code;
}

TF_Code random_state_take(const OpCtx *c, int i, int64_t algorithm, uint64_t skip, Philox *out,
                          TF_Status *st) {
  return take(c, i, 0, algorithm, skip, out, st);
}

TF_Code random_tagged_state_take(const OpCtx *c, int i, uint64_t skip, Philox *out, TF_Status *st) {
  return take(c, i, 1, 0, skip, out, st);
}

static TF_Code check_scalar(const OpCtx *c, int i, TF_Status *st) {
  const Tensor *t = op_input(c, i);
  char text[SHAPE_TEXT_MAX];
  if (t->rank == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "input %d (0-based) must have shape [], not %s", i,
              shape_text(t->dims, t->rank, text, sizeof text));
}

/* ---- numbers ---- */

static TF_Code state_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 2, &c->outputs[0], st); }
static TF_Code state_prepare(OpCtx *c, TF_Status *st) {
  TRY(check_scalar(c, 1, st));
  return random_output(c, 2, st);
}

static TF_Code state_run(OpCtx *c, TF_Status *st) {
  RandomFill f = {.kind = distribution_of(c->node->op), .range = 1};
  uint64_t n = (uint64_t)tensor_count(&c->outputs[0]);
  if (f.kind == INTEGERS) TRY(random_read_range(c, 3, true, &f, st));
  TRY(random_state_take(c, 0, *(int64_t *)op_input(c, 1)->data, n * RESERVED_PER_OUTPUT, &f.p, st));
  if (n) random_fill(c, &f);
  return TF_OK;
}

static TF_Code tagged_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 1, &c->outputs[0], st); }
static TF_Code tagged_prepare(OpCtx *c, TF_Status *st) { return random_output(c, 1, st); }

static TF_Code tagged_run(OpCtx *c, TF_Status *st) {
  RandomFill f = {.kind = NORMAL};
  uint64_t n = (uint64_t)tensor_count(&c->outputs[0]);
  TRY(random_tagged_state_take(c, 0, n * RESERVED_PER_OUTPUT, &f.p, st));
  if (n) random_fill(c, &f);
  return TF_OK;
}

/* ---- skipping ---- */

static TF_Code skip_prepare(OpCtx *c, TF_Status *st) {
  TRY(check_scalar(c, 1, st));
  return check_scalar(c, 2, st);
}

static TF_Code skip_run(OpCtx *c, TF_Status *st) {
  Philox p;
  uint64_t delta = (uint64_t) * (int64_t *)op_input(c, 2)->data;
  return random_state_take(c, 0, *(int64_t *)op_input(c, 1)->data, delta * RESERVED_PER_OUTPUT, &p, st);
}

static TF_Code read_skip_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_vector(STATE_SIZE);
  return TF_OK;
}

static TF_Code read_skip_prepare(OpCtx *c, TF_Status *st) {
  TRY(skip_prepare(c, st));
  return op_output(c, 0, TF_INT64, &(int64_t){STATE_SIZE}, 1, st);
}

static TF_Code read_skip_run(OpCtx *c, TF_Status *st) {
  Philox p;
  uint64_t delta = *(uint64_t *)op_input(c, 2)->data;
  TRY(random_state_take(c, 0, *(int32_t *)op_input(c, 1)->data, delta * RESERVED_PER_OUTPUT, &p, st));
  int64_t *state = c->outputs[0].data;
  state[0] = (int64_t)philox_low(&p);
  state[1] = (int64_t)philox_high(&p);
  state[2] = (int64_t)philox_key(&p);
  return TF_OK;
}

/* ---- seeds from outside ---- */

static TF_Code entropy_run(OpCtx *c, TF_Status *st) {
  size_t left = (size_t)tensor_count(&c->outputs[0]) * dtype_size(c->outputs[0].dtype);
  char *at = c->outputs[0].data;
  while (left) {
    ssize_t n = getrandom(at, left, 0);
    if (n < 0) return fail(st, TF_INTERNAL, "no random numbers from the system");
    at += n;
    left -= (size_t)n;
  }
  return TF_OK;
}

#define FLOATS "half bfloat16 float double"
#define STATE(NAME, TYPES)                                                                         \
  {                                                                                                \
    NAME, .types = "dtype: " TYPES, .flags = OP_STATEFUL, .value_inputs = 4, .shape = state_shape, \
          .prepare = state_prepare, .run = state_run                                               \
  }

const OpRow ops_random_state[] = {
    STATE("StatefulUniform", FLOATS),
    STATE("StatefulStandardNormalV2", FLOATS),
    STATE("StatefulTruncatedNormal", FLOATS),
    STATE("StatefulUniformInt", "int32 int64"),
    STATE("StatefulUniformFullInt", "int32 int64 uint32 uint64"),
    {"StatefulRandomBinomial", .types = RANDOM_BINOMIAL_TYPES, .flags = OP_STATEFUL, .value_inputs = 4,
     .shape = state_shape, .prepare = random_state_binomial_prepare, .run = random_state_binomial_run},
    {"StatefulStandardNormal", .types = "dtype: " FLOATS, .flags = OP_STATEFUL, .value_inputs = 2,
     .shape = tagged_shape, .prepare = tagged_prepare, .run = tagged_run},
    {"RngSkip", .flags = OP_STATEFUL, .shape = shape_none, .prepare = skip_prepare, .run = skip_run},
    {"RngReadAndSkip", .flags = OP_STATEFUL, .shape = read_skip_shape, .prepare = read_skip_prepare,
     .run = read_skip_run},
    {"NonDeterministicInts", .types = "dtype: int32 int64 uint32 uint64", .flags = OP_STATEFUL,
     .value_inputs = 1, .shape = random_shape, .prepare = random_prepare, .run = entropy_run},
    {0}};
