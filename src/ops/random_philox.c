/* random_philox.h: distributions, and generators of seeds and sessions. */
#include "ops/random_philox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- from words to numbers ---- */

double uniform_double(uint32_t x0, uint32_t x1) {
  uint64_t bits = (uint64_t)(x0 & 0xfffffu) << 32 | x1 | UINT64_C(1023) << 52;
  double d;
  memcpy(&d, &bits, 8);
  return d - 1.0;
}

void box_muller_float(uint32_t x0, uint32_t x1, float *f0, float *f1) {
  float u1 = uniform_float(x0);
  if (u1 < 1.0e-7f) u1 = 1.0e-7f;
  float v1 = (float)(2.0 * 3.14159265358979323846 * (double)uniform_float(x1));
  float u2 = sqrtf(-2.0f * logf(u1));
  *f0 = sinf(v1) * u2;
  *f1 = cosf(v1) * u2;
}

void box_muller_double(const uint32_t x[4], double *d0, double *d1) {
  double u1 = uniform_double(x[0], x[1]);
  if (u1 < 1.0e-7) u1 = 1.0e-7;
  double v1 = 2 * 3.14159265358979323846 * uniform_double(x[2], x[3]);
  double u2 = sqrt(-2.0 * log(u1));
  *d0 = sin(v1) * u2;
  *d1 = cos(v1) * u2;
}

static double uniform_of_word(TF_DataType t, uint32_t x) {
  if (t == TF_HALF) return (double)(half_to_float((uint16_t)((x & 0x3ffu) | 15u << 10)) - 1.0f);
  if (t == TF_BFLOAT16) return (double)(bfloat16_to_float((uint16_t)((x & 0x7fu) | 127u << 7)) - 1.0f);
  return (double)uniform_float(x);
}

int draw_uniform(Philox *p, TF_DataType t, double out[4]) {
  uint32_t w[4];
  philox_next(p, w);
  if (t == TF_DOUBLE) {
    out[0] = uniform_double(w[0], w[1]);
    out[1] = uniform_double(w[2], w[3]);
    return 2;
  }
  for (int i = 0; i < 4; i++) out[i] = uniform_of_word(t, w[i]);
  return 4;
}

int draw_normal(Philox *p, TF_DataType t, double out[4]) {
  uint32_t w[4];
  float f[2];
  philox_next(p, w);
  if (t == TF_DOUBLE) {
    box_muller_double(w, &out[0], &out[1]);
    return 2;
  }
  for (int i = 0; i < 4; i += 2) {
    box_muller_float(w[i], w[i + 1], &f[0], &f[1]);
    for (int k = 0; k < 2; k++) out[i + k] = rounded(t, (double)f[k]);
  }
  return 4;
}

double words_double(Words *w) {
  uint32_t x0 = words_next(w);
  return uniform_double(x0, words_next(w));
}

uint32_t words_below(Words *w, uint32_t n) {
  if ((n & (n - 1)) == 0) return words_next(w) & (n ? n - 1 : 0);
  uint32_t x, rest = UINT32_MAX % n + 1; /* so many small words would favour small numbers */
  do x = words_next(w);
  while (x < rest);
  return x % n;
}

static uint64_t words_next64(Words *w) {
  uint64_t low = words_next(w);
  return low | (uint64_t)words_next(w) << 32;
}

uint64_t words_below64(Words *w, uint64_t n) {
  if ((n & (n - 1)) == 0) return words_next64(w) & (n ? n - 1 : 0);
  uint64_t x, rest = UINT64_MAX % n + 1;
  do x = words_next64(w);
  while (x < rest);
  return x % n;
}

/* ---- the generator of a node ---- */

struct Generator {
  Object object;
  pthread_mutex_t lock;
  Philox p;
};

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
  g->p = philox_of(words[0], 0, words[1]);
  *out = &g->object;
  return TF_OK;
}

TF_Code random_state_init(OpInit *k, TF_Status *st) {
  RandomState *s = k->state;
  int64_t seeds[2];
  Object *o = NULL;
  TRY(node_attr_int(k->node, "seed", &seeds[0], st));
  TRY(node_attr_int(k->node, "seed2", &seeds[1], st));
  if (!k->resources)
    return create_generator(seeds, (Object **)&s->generator, st); /* a kernel run by itself */
  TRY(op_session_state(k, &generator_type, create_generator, seeds, &o, st));
  s->generator = (Generator *)o;
  return TF_OK;
}

void random_state_clear(void *state) { object_unref(((RandomState *)state)->generator); }

Philox random_take(const RandomState *s, uint64_t counters) {
  Generator *g = s->generator;
  pthread_mutex_lock(&g->lock);
  Philox p = g->p;
  philox_skip(&g->p, counters);
  pthread_mutex_unlock(&g->lock);
  return p;
}

/* ---- stateless ---- */

TF_Code philox_of_seed(const Tensor *seed, bool draws, Philox *out, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (seed->rank != 1 || seed->dims[0] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "seed must have shape [2], not %s",
                shape_text(seed->dims, seed->rank, text, sizeof text));
  if (!draws) return TF_OK;
  if (seed->dtype != TF_INT32 && seed->dtype != TF_INT64)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid seed type: %s", dtype_name(seed->dtype));
  Philox p = philox_of(UINT64_C(0x02461e293ec8f720), (uint64_t)int_at(seed, 0), (uint64_t)int_at(seed, 1));
  uint32_t w[4];
  philox_next(&p, w);
  *out = philox_of(w[0] | (uint64_t)w[1] << 32, 0, w[2] | (uint64_t)w[3] << 32);
  return TF_OK;
}

TF_Code philox_want_algorithm(int32_t id, TF_Status *st) {
  if (id == ALGORITHM_PHILOX || id == ALGORITHM_AUTO) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Unsupported algorithm id: %d", id);
}

static TF_Code want_counter(const Tensor *counter, int words, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (counter->rank == 1 && counter->dims[0] >= words) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "counter must be a vector with length at least %d; got shape: %s. (Note that batched counters "
              "are not supported yet.)",
              words, shape_text(counter->dims, counter->rank, text, sizeof text));
}

TF_Code philox_of_inputs(const OpCtx *c, int i, bool draws, Philox *out, TF_Status *st) {
  const Tensor *key = op_input(c, i), *counter = op_input(c, i + 1), *alg = op_input(c, i + 2);
  char text[SHAPE_TEXT_MAX];
  if (alg->rank)
    return fail(st, TF_INVALID_ARGUMENT, "input %d (0-based) must have shape [], not %s", i + 2,
                shape_text(alg->dims, alg->rank, text, sizeof text));
  int32_t a = *(int32_t *)alg->data;
  if (key->rank != 1 || key->dims[0] != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "key must have shape [1], not %s. (Note that batched keys are not supported yet.)",
                shape_text(key->dims, key->rank, text, sizeof text));
  /* TF counts so, and reads a second word of Philox's whether there is one or not. */
  TRY(want_counter(counter, a == ALGORITHM_AUTO ? 1 : a, st));
  *out = philox_of(0, 0, 0);
  if (!draws) return TF_OK;
  TRY(philox_want_algorithm(a, st));
  TRY(want_counter(counter, 2, st));
  *out = philox_of(*(uint64_t *)key->data, ((uint64_t *)counter->data)[0], ((uint64_t *)counter->data)[1]);
  return TF_OK;
}
