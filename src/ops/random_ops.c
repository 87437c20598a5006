/* Random numbers by Philox-4x32-10, the same ones as TensorFlow's for the same seeds.
 *
 * A generator is a key and a counter of 128 bits; each counter value gives four 32-bit words. Element groups take
 * one counter each, in order; truncated normals, which draw until enough values fit, have 64 counters an output element
 * reserved, so that groups can be made independently. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/float16.h"
#include "base/parallel.h"
#include "ops/array_util.h"

typedef struct Philox {
  uint32_t key[2], counter[4];
} Philox;

static void philox_skip(Philox *p, uint64_t n) {
  uint64_t low = p->counter[0] | (uint64_t)p->counter[1] << 32, high = p->counter[2] | (uint64_t)p->counter[3] << 32;
  if (__builtin_add_overflow(low, n, &low)) high++;
  p->counter[0] = (uint32_t)low;
  p->counter[1] = (uint32_t)(low >> 32);
  p->counter[2] = (uint32_t)high;
  p->counter[3] = (uint32_t)(high >> 32);
}

/* The four words of the current counter, which then goes up by one. */
static void philox_next(Philox *p, uint32_t out[4]) {
  uint32_t k0 = p->key[0], k1 = p->key[1], c[4];
  memcpy(c, p->counter, sizeof c);
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1, (uint32_t)a};
    memcpy(c, next, sizeof c);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  memcpy(out, c, sizeof c);
  philox_skip(p, 1);
}

/* Words one by one. */
typedef struct Words {
  Philox p;
  uint32_t words[4];
  int used;
} Words;

static uint32_t words_next(Words *w) {
  if (w->used == 4) {
    philox_next(&w->p, w->words);
    w->used = 0;
  }
  return w->words[w->used++];
}

/* ---- from words to numbers ---- */

static float uniform_float(uint32_t x) { return float_of_bits((x & 0x7fffffu) | 0x3f800000u) - 1.0f; }

static double uniform_double(uint32_t x0, uint32_t x1) {
  uint64_t bits = (uint64_t)(x0 & 0xfffffu) << 32 | x1 | UINT64_C(1023) << 52;
  double d;
  memcpy(&d, &bits, 8);
  return d - 1.0;
}

static void box_muller_float(uint32_t x0, uint32_t x1, float *f0, float *f1) {
  float u1 = uniform_float(x0);
  if (u1 < 1.0e-7f) u1 = 1.0e-7f;
  float v1 = (float)(2.0 * 3.14159265358979323846 * (double)uniform_float(x1));
  float u2 = sqrtf(-2.0f * logf(u1));
  *f0 = sinf(v1) * u2;
  *f1 = cosf(v1) * u2;
}

static void box_muller_double(const uint32_t x[4], double *d0, double *d1) {
  double u1 = uniform_double(x[0], x[1]);
  if (u1 < 1.0e-7) u1 = 1.0e-7;
  double v1 = 2 * 3.14159265358979323846 * uniform_double(x[2], x[3]);
  double u2 = sqrt(-2.0 * log(u1));
  *d0 = sin(v1) * u2;
  *d1 = cos(v1) * u2;
}

/* ---- filling ---- */

typedef enum Distribution { UNIFORM, NORMAL, TRUNCATED, INTEGERS, ALL_BITS } Distribution;

/* What TensorFlow sets aside for each output: words of a truncated normal within a run; counters between runs. */
enum { RESERVED_PER_OUTPUT = 256 };

typedef struct FillJob {
  Philox p;
  Distribution kind;
  Tensor *out;
  int64_t count;
  int group;             /* elements made of one counter */
  int64_t low;           /* INTEGERS: low + word % range */
  uint64_t range;
} FillJob;

static void store_float(Tensor *out, int64_t i, float f) {
  if (out->dtype == TF_FLOAT) ((float *)out->data)[i] = f;
  else if (out->dtype == TF_HALF) ((uint16_t *)out->data)[i] = half_of_float(f);
  else ((uint16_t *)out->data)[i] = bfloat16_of_float(f);
}

static void store_uniform(Tensor *out, int64_t i, uint32_t x) {
  if (out->dtype == TF_HALF) store_float(out, i, half_to_float((uint16_t)((x & 0x3ffu) | 15u << 10)) - 1.0f);
  else if (out->dtype == TF_BFLOAT16) store_float(out, i, bfloat16_to_float((uint16_t)((x & 0x7fu) | 127u << 7)) - 1.0f);
  else store_float(out, i, uniform_float(x));
}

static void store_integer(const FillJob *j, int64_t i, uint64_t x) {
  Tensor *out = j->out;
  if (dtype_size(out->dtype) == 8) {
    uint64_t v = j->kind == INTEGERS ? (uint64_t)j->low + x % j->range : x;
    memcpy((uint64_t *)out->data + i, &v, 8);
  } else {
    uint32_t v = j->kind == INTEGERS ? (uint32_t)j->low + (uint32_t)x % (uint32_t)j->range : (uint32_t)x;
    memcpy((uint32_t *)out->data + i, &v, 4);
  }
}

/* The values of one counter's words, of which the first `n` are stored from element `at` on. */
static void fill_group(const FillJob *j, const uint32_t w[4], int64_t at, int n) {
  Tensor *out = j->out;
  if (j->kind == INTEGERS || j->kind == ALL_BITS) {
    for (int i = 0; i < n; i++) store_integer(j, at + i, j->group == 4 ? w[i] : w[2 * i] | (uint64_t)w[2 * i + 1] << 32);
  } else if (out->dtype == TF_DOUBLE) {
    double d[2] = {uniform_double(w[0], w[1]), uniform_double(w[2], w[3])};
    if (j->kind == NORMAL) box_muller_double(w, &d[0], &d[1]);
    for (int i = 0; i < n; i++) ((double *)out->data)[at + i] = d[i];
  } else if (j->kind == UNIFORM) {
    for (int i = 0; i < n; i++) store_uniform(out, at + i, w[i]);
  } else {
    float f[4];
    box_muller_float(w[0], w[1], &f[0], &f[1]);
    box_muller_float(w[2], w[3], &f[2], &f[3]);
    for (int i = 0; i < n; i++) store_float(out, at + i, f[i]);
  }
}

static void fill_truncated(const FillJob *j, Words *words, int64_t at, int n) {
  for (int made = 0; made < j->group;) {
    double two[2];
    if (j->out->dtype == TF_DOUBLE) {
      uint32_t x[4];
      for (int i = 0; i < 4; i++) x[i] = words_next(words);
      box_muller_double(x, &two[0], &two[1]);
    } else {
      float f[2];
      uint32_t x0 = words_next(words), x1 = words_next(words);
      box_muller_float(x0, x1, &f[0], &f[1]);
      two[0] = (double)f[0];
      two[1] = (double)f[1];
    }
    for (int k = 0; k < 2 && made < j->group; k++) {
      if (fabs(two[k]) >= 2.0) continue;
      if (made < n && j->out->dtype == TF_DOUBLE) ((double *)j->out->data)[at + made] = two[k];
      else if (made < n) store_float(j->out, at + made, (float)two[k]);
      made++;
    }
  }
}

static void fill_groups(void *arg, int64_t begin, int64_t end) {
  const FillJob *j = arg;
  uint64_t step = j->kind == TRUNCATED ? (uint64_t)j->group * RESERVED_PER_OUTPUT / 4 : 1;
  for (int64_t g = begin; g < end; g++) {
    Words words = {.p = j->p, .used = 4};
    philox_skip(&words.p, (uint64_t)g * step);
    int64_t at = g * j->group, left = j->count - at;
    int n = left < j->group ? (int)left : j->group;
    if (j->kind == TRUNCATED) fill_truncated(j, &words, at, n);
    else {
      uint32_t w[4];
      philox_next(&words.p, w);
      fill_group(j, w, at, n);
    }
  }
}

static void fill_random(OpCtx *c, FillJob *j) {
  j->out = &c->outputs[0];
  j->count = tensor_count(j->out);
  j->group = dtype_size(j->out->dtype) == 8 ? 2 : 4;
  parallel_for(c->threads, (j->count + j->group - 1) / j->group, 4096, fill_groups, j);
}

/* ---- common to all ---- */

static Distribution distribution_of(const char *op) {
  if (strstr(op, "Truncated")) return TRUNCATED;
  if (strstr(op, "Normal")) return NORMAL;
  if (strstr(op, "FullInt")) return ALL_BITS;
  if (strstr(op, "UniformInt")) return INTEGERS;
  return UNIFORM;
}

static TF_Code random_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 0, &c->outputs[0], st); }

static TF_Code random_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char text[SHAPE_TEXT_MAX];
  if (op_input(c, 0)->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "shape must be a vector of {int32,int64}, got shape %s",
                shape_text(op_input(c, 0)->dims, op_input(c, 0)->rank, text, sizeof text));
  TRY(dims_of_tensor(op_input(c, 0), dims, &rank, st));
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

/* minval and maxval in inputs i and i + 1. */
static TF_Code read_range(const OpCtx *c, int i, FillJob *j, TF_Status *st) {
  const Tensor *low = op_input(c, i), *high = op_input(c, i + 1);
  char text[SHAPE_TEXT_MAX];
  for (int k = 0; k < 2; k++) {
    const Tensor *t = op_input(c, i + k);
    if (t->rank)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be 0-D, got shape %s", k ? "maxval" : "minval",
                  shape_text(t->dims, t->rank, text, sizeof text));
  }
  bool is_unsigned = low->dtype == TF_UINT32 || low->dtype == TF_UINT64;
  uint64_t a, b;
  if (low->dtype == TF_UINT64) a = *(uint64_t *)low->data, b = *(uint64_t *)high->data;
  else if (low->dtype == TF_UINT32) a = *(uint32_t *)low->data, b = *(uint32_t *)high->data;
  else a = (uint64_t)int_at(low, 0), b = (uint64_t)int_at(high, 0);
  if (is_unsigned ? a >= b : (int64_t)a >= (int64_t)b) {
    if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
    return is_unsigned ? fail(st, TF_INVALID_ARGUMENT, "Need minval < maxval, got %llu >= %llu", (unsigned long long)a, (unsigned long long)b)
                       : fail(st, TF_INVALID_ARGUMENT, "Need minval < maxval, got %lld >= %lld", (long long)a, (long long)b);
  }
  j->low = (int64_t)a;
  j->range = b - a;
  return TF_OK;
}

/* ---- stateful ---- */

/* The generator of a node, one a session. */
typedef struct Generator {
  Object object;
  pthread_mutex_t lock;
  Philox p;
} Generator;

static void generator_destroy(Object *o) {
  pthread_mutex_destroy(&((Generator *)o)->lock);
  free(o);
}

static const ObjectType generator_type = {"PhiloxGenerator", generator_destroy};

static TF_Code create_generator(void *arg, Object **out, TF_Status *st) {
  const uint64_t *seeds = arg;
  Generator *g = calloc(1, sizeof *g);
  if (!g) return fail_oom(st, "a random generator");
  object_init(&g->object, &generator_type);
  pthread_mutex_init(&g->lock, NULL);
  uint64_t words[2] = {seeds[0], seeds[1]};
  if (!words[0] && !words[1] && getrandom(words, sizeof words, 0) < 0) words[0] = (uint64_t)(uintptr_t)g;
  g->p = (Philox){.key = {(uint32_t)words[0], (uint32_t)(words[0] >> 32)},
                  .counter = {0, 0, (uint32_t)words[1], (uint32_t)(words[1] >> 32)}};
  *out = &g->object;
  return TF_OK;
}

typedef struct RandomState {
  Generator *generator;
} RandomState;

static TF_Code stateful_init(OpInit *k, TF_Status *st) {
  RandomState *s = k->state;
  int64_t seeds[2];
  Object *o = NULL;
  TRY(node_attr_int(k->node, "seed", &seeds[0], st));
  TRY(node_attr_int(k->node, "seed2", &seeds[1], st));
  if (!k->resources) return create_generator(seeds, (Object **)&s->generator, st); /* a kernel run by itself */
  TRY(op_session_state(k, &generator_type, create_generator, seeds, &o, st));
  s->generator = (Generator *)o;
  return TF_OK;
}

static void stateful_clear(void *state) { object_unref(((RandomState *)state)->generator); }

/* A copy of the generator, which goes on past what this run may use. */
static Philox take(const RandomState *s, uint64_t counters) {
  Generator *g = s->generator;
  pthread_mutex_lock(&g->lock);
  Philox p = g->p;
  philox_skip(&g->p, counters);
  pthread_mutex_unlock(&g->lock);
  return p;
}

static TF_Code stateful_run(OpCtx *c, TF_Status *st) {
  FillJob j = {.kind = distribution_of(c->node->op), .range = 1};
  if (j.kind == INTEGERS) TRY(read_range(c, 1, &j, st));
  int64_t n = tensor_count(&c->outputs[0]);
  if (n == 0) return TF_OK;
  j.p = take(c->state, (uint64_t)n * RESERVED_PER_OUTPUT);
  fill_random(c, &j);
  return TF_OK;
}

/* ---- stateless ---- */

/* Key and counter of a seed pair: its bits scrambled by one Philox call with a fixed key. */
static TF_Code philox_of_seed(const Tensor *seed, Philox *out, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (seed->rank != 1 || seed->dims[0] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "seed must have shape [2], not %s",
                shape_text(seed->dims, seed->rank, text, sizeof text));
  if (seed->dtype != TF_INT32 && seed->dtype != TF_INT64)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid seed type: %s", dtype_name(seed->dtype));
  uint64_t a = (uint64_t)int_at(seed, 0), b = (uint64_t)int_at(seed, 1);
  Philox p = {.key = {0x3ec8f720u, 0x02461e29u},
              .counter = {(uint32_t)a, (uint32_t)(a >> 32), (uint32_t)b, (uint32_t)(b >> 32)}};
  uint32_t w[4];
  philox_next(&p, w);
  *out = (Philox){.key = {w[0], w[1]}, .counter = {0, 0, w[2], w[3]}};
  return TF_OK;
}

static TF_Code philox_of_inputs(const OpCtx *c, Philox *out, TF_Status *st) {
  const Tensor *key = op_input(c, 1), *counter = op_input(c, 2), *alg = op_input(c, 3);
  char text[SHAPE_TEXT_MAX];
  if (alg->rank) return fail(st, TF_INVALID_ARGUMENT, "algorithm must be of shape [], not %s", shape_text(alg->dims, alg->rank, text, sizeof text));
  int32_t a = *(int32_t *)alg->data;
  if (a != 1 && a != 3)
    return a == 2 ? fail(st, TF_UNIMPLEMENTED, "the ThreeFry generator is not supported on CPU; use Philox")
                  : fail(st, TF_INVALID_ARGUMENT, "Unsupported algorithm id: %d", a);
  if (tensor_count(key) < 1 || key->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "key must have shape [1], not %s. (Note that batched keys are not supported yet.)",
                shape_text(key->dims, key->rank, text, sizeof text));
  if (key->dims[0] != 1)
    return fail(st, TF_INVALID_ARGUMENT, "key must have shape [1], not %s. (Note that batched keys are not supported yet.)",
                shape_text(key->dims, key->rank, text, sizeof text));
  if (counter->rank != 1 || counter->dims[0] < 2)
    return fail(st, TF_INVALID_ARGUMENT, "counter must be a vector with length at least 2; got shape: %s",
                shape_text(counter->dims, counter->rank, text, sizeof text));
  uint64_t k = *(uint64_t *)key->data, c0 = ((uint64_t *)counter->data)[0], c1 = ((uint64_t *)counter->data)[1];
  *out = (Philox){.key = {(uint32_t)k, (uint32_t)(k >> 32)},
                  .counter = {(uint32_t)c0, (uint32_t)(c0 >> 32), (uint32_t)c1, (uint32_t)(c1 >> 32)}};
  return TF_OK;
}

static TF_Code stateless_run(OpCtx *c, TF_Status *st) {
  FillJob j = {.kind = distribution_of(c->node->op), .range = 1};
  size_t n = strlen(c->node->op);
  bool v2 = c->node->op[n - 1] == '2';
  TRY(v2 ? philox_of_inputs(c, &j.p, st) : philox_of_seed(op_input(c, 1), &j.p, st));
  if (j.kind == INTEGERS) TRY(read_range(c, v2 ? 4 : 2, &j, st));
  if (tensor_count(&c->outputs[0])) fill_random(c, &j);
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
  TRY(philox_of_seed(op_input(c, 0), &p, st));
  uint64_t *key = c->outputs[0].data, *counter = c->outputs[1].data;
  key[0] = p.key[0] | (uint64_t)p.key[1] << 32;
  counter[0] = 0;
  counter[1] = p.counter[2] | (uint64_t)p.counter[3] << 32;
  if (c->num_outputs > 2) *(int32_t *)c->outputs[2].data = 1;
  return TF_OK;
}

static TF_Code alg_prepare(OpCtx *c, TF_Status *st) { return op_output_scalar(c, 0, TF_INT32, st); }

static TF_Code alg_run(OpCtx *c, TF_Status *st) {
  (void)st;
  *(int32_t *)c->outputs[0].data = 1;
  return TF_OK;
}

/* ---- RandomShuffle: rows along the first dimension, by swapping each with one at or after it ---- */

static TF_Code shuffle_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  TRY(op_output_like(c, 0, in, st));
  op_scratch(c, (in->rank ? (size_t)in->dims[0] : 0) * sizeof(int64_t));
  return TF_OK;
}

static TF_Code shuffle_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t n = in->rank ? in->dims[0] : 0, *order = c->scratch;
  if (tensor_count(in) <= 1 || n <= 1) return tensor_copy_range(&c->outputs[0], 0, in, 0, tensor_count(in), st);
  int64_t row = tensor_count(in) / n;
  Words words = {.p = take(c->state, (uint64_t)(n - 1 + 3) / 4), .used = 4};
  for (int64_t i = 0; i < n; i++) order[i] = i;
  for (int64_t i = 0; i < n - 1; i++) {
    int64_t k = i + (int64_t)(words_next(&words) % (uint64_t)(n - i)), t = order[i];
    order[i] = order[k];
    order[k] = t;
  }
  for (int64_t i = 0; i < n; i++) TRY(tensor_copy_range(&c->outputs[0], i * row, in, order[i] * row, row, st));
  return TF_OK;
}

#define FLOATS "half bfloat16 float double"
#define STATEFUL(NAME, TYPES)                                                                                      \
  {NAME, .types = TYPES, .flags = OP_STATEFUL, .value_inputs = 1, .state_size = sizeof(RandomState),               \
   .shape = random_shape, .init = stateful_init, .prepare = random_prepare, .run = stateful_run, .clear = stateful_clear}
#define STATELESS(NAME, TYPES) \
  {NAME, .types = TYPES, .value_inputs = 1, .shape = random_shape, .prepare = random_prepare, .run = stateless_run}

const OpRow ops_random_ops[] = {
    STATEFUL("RandomUniform", "dtype: " FLOATS),
    STATEFUL("RandomStandardNormal", "dtype: " FLOATS),
    STATEFUL("TruncatedNormal", "dtype: " FLOATS),
    STATEFUL("RandomUniformInt", "Tout: int32 int64"),
    {"RandomShuffle", .types = "T: " TYPES_ALL, .flags = OP_STATEFUL, .state_size = sizeof(RandomState),
     .shape = shape_same, .init = stateful_init, .prepare = shuffle_prepare, .run = shuffle_run, .clear = stateful_clear},
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
    {"StatelessRandomGetKeyCounter", .shape = key_counter_shape, .prepare = key_counter_prepare, .run = key_counter_run},
    {"StatelessRandomGetKeyCounterAlg", .shape = key_counter_shape, .prepare = key_counter_prepare,
     .run = key_counter_run},
    {"StatelessRandomGetAlg", .shape = shape_scalar, .prepare = alg_prepare, .run = alg_run},
    {0}};
