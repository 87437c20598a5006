/* Uniform, normal and truncated normal numbers and integers: stateful by seeds, stateless by seed or key and
 * counter.
 */
#include "ops/random_fill.h"

#include <string.h>

static TF_Code stateful_run(OpCtx *c, TF_Status *st) {
  RandomFill j = {.kind = distribution_of(c->node->op), .range = 1};
  if (j.kind == INTEGERS) TRY(random_read_range(c, 1, false, &j, st));
  int64_t n = tensor_count(&c->outputs[0]);
  if (n == 0) return TF_OK;
  j.p = random_take(c->state, (uint64_t)n * RESERVED_PER_OUTPUT);
  random_fill(c, &j);
  return TF_OK;
}

static TF_Code stateless_run(OpCtx *c, TF_Status *st) {
  RandomFill j = {.kind = distribution_of(c->node->op), .range = 1};
  size_t n = strlen(c->node->op);
  bool v2 = c->node->op[n - 1] == '2';
  bool draws = tensor_count(&c->outputs[0]) > 0;
  TRY(v2 ? philox_of_inputs(c, 1, draws, &j.p, st) : philox_of_seed(op_input(c, 1), draws, &j.p, st));
  if (j.kind == INTEGERS) TRY(random_read_range(c, v2 ? 4 : 2, false, &j, st));
  if (draws) random_fill(c, &j);
  return TF_OK;
}

static TF_Code key_counter_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_vector(1);
  c->outputs[1] = shape_vector(2);
  if (c->num_outputs > 2) c->outputs[2] = shape_rank0();
  return TF_OK;
}

static TF_Code key_counter_prepare(OpCtx *c, TF_Status *st) {
  TRY(op_output(c, 0, TF_UINT64, &(int64_t){1}, 1, st));
  TRY(op_output(c, 1, TF_UINT64, &(int64_t){2}, 1, st));
  return c->num_outputs > 2 ? op_output_scalar(c, 2, TF_INT32, st) : TF_OK;
}

static TF_Code key_counter_run(OpCtx *c, TF_Status *st) {
  Philox p;
  TRY(philox_of_seed(op_input(c, 0), true, &p, st));
  uint64_t *key = c->outputs[0].data, *counter = c->outputs[1].data;
  key[0] = philox_key(&p);
  counter[0] = 0;
  counter[1] = philox_high(&p);
  if (c->num_outputs > 2) *(int32_t *)c->outputs[2].data = 1;
  return TF_OK;
}

static TF_Code alg_run(OpCtx *c, TF_Status *st) {
  (void)st;
  *(int32_t *)c->outputs[0].data = 1;
  return TF_OK;
}

#define FLOATS "half bfloat16 float double"
#define STATEFUL(NAME, TYPES)                                                                               \
  {                                                                                                         \
    NAME, .types = TYPES, .flags = OP_STATEFUL, .value_inputs = 1, .state_size = sizeof(RandomState),       \
          .shape = random_shape, .init = random_state_init, .prepare = random_prepare, .run = stateful_run, \
          .clear = random_state_clear                                                                       \
  }
#define STATELESS(NAME, TYPES)                                                                 \
  {                                                                                            \
    NAME, .types = TYPES, .value_inputs = 1, .shape = random_shape, .prepare = random_prepare, \
          .run = stateless_run                                                                 \
  }

const OpRow ops_random_ops[] = {
    STATEFUL("RandomUniform", "dtype: " FLOATS),
    STATEFUL("RandomStandardNormal", "dtype: " FLOATS),
    STATEFUL("TruncatedNormal", "dtype: " FLOATS),
    STATEFUL("RandomUniformInt", "Tout: int32 int64"),
    STATELESS("StatelessRandomUniformV2", "dtype: " FLOATS),
    STATELESS("StatelessRandomNormalV2", "dtype: " FLOATS),
    STATELESS("StatelessTruncatedNormalV2", "dtype: " FLOATS),
    STATELESS("StatelessRandomUniformIntV2", "dtype: int32 int64 uint32 uint64"),
    STATELESS("StatelessRandomUniformFullIntV2", "dtype: int32 int64 uint32 uint64"),
    STATELESS("StatelessRandomUniform", "dtype: " FLOATS),
    STATELESS("StatelessRandomNormal", "dtype: " FLOATS),
    STATELESS("StatelessTruncatedNormal", "dtype: " FLOATS),
    STATELESS("StatelessRandomUniformInt", "dtype: int32 int64"),
    STATELESS("StatelessRandomUniformFullInt", "dtype: int32 int64 uint32 uint64"),
    {"StatelessRandomGetKeyCounter", .shape = key_counter_shape, .prepare = key_counter_prepare,
     .run = key_counter_run},
    {"StatelessRandomGetKeyCounterAlg", .shape = key_counter_shape, .prepare = key_counter_prepare,
     .run = key_counter_run},
    {"StatelessRandomGetAlg", .shape = shape_scalar, .prepare = prepare_scalar, .run = alg_run},
    {0}};
