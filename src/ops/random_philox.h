/* Random numbers by Philox-4x32-10, the same ones as TensorFlow's for the same seeds.
 *
 * A generator is a key and a counter of 128 bits; each counter value gives four 32-bit words. What is made of
 * them is always told by counter, so that parts of an output can be made independently:
 *
 *   Philox p = random_take(c->state, counters);      a stateful node's, which goes on past `counters` for the
 * next run philox_skip(&p, 256 * i);                        sample i has counters of its own Words words =
 * words_of(p); words_float(&words)   numbers in the order of the words */
#ifndef SM_OPS_RANDOM_PHILOX_H_
#define SM_OPS_RANDOM_PHILOX_H_

#include <math.h>

#include "base/float16.h"
#include "ops/array_util.h"

typedef struct Philox {
  uint32_t key[2], counter[4];
} Philox;

/* A generator of a key of 64 bits and a counter of two such words. */
static inline Philox philox_of(uint64_t key, uint64_t low, uint64_t high) {
  return (Philox){.key = {(uint32_t)key, (uint32_t)(key >> 32)},
                  .counter = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)}};
}
static inline uint64_t philox_key(const Philox *p) { return p->key[0] | (uint64_t)p->key[1] << 32; }
static inline uint64_t philox_low(const Philox *p) { return p->counter[0] | (uint64_t)p->counter[1] << 32; }
static inline uint64_t philox_high(const Philox *p) { return p->counter[2] | (uint64_t)p->counter[3] << 32; }

/* TF: a carry out of the lowest word is lost where the upper half of n is all ones, as in small negative
 * numbers. */
static inline void philox_skip(Philox *p, uint64_t n) {
  uint64_t low = philox_low(p), high = philox_high(p), sum;
  bool lost = n >> 32 == UINT32_MAX && (uint32_t)low + (n & UINT32_MAX) > UINT32_MAX;
  if (__builtin_add_overflow(low, n, &sum) && !lost) high++;
  *p = philox_of(philox_key(p), sum, high);
}

/* The four words of the current counter, which then goes up by one. */
static inline void philox_next(Philox *p, uint32_t out[4]) {
  uint32_t k0 = p->key[0], k1 = p->key[1], c0 = p->counter[0], c1 = p->counter[1], c2 = p->counter[2],
           c3 = p->counter[3];
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)b;
    c3 = (uint32_t)a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  philox_skip(p, 1);
}

/* ---- from words to numbers ---- */

static inline float uniform_float(uint32_t x) { return float_of_bits((x & 0x7fffffu) | 0x3f800000u) - 1.0f; }
double uniform_double(uint32_t x0, uint32_t x1);
void box_muller_float(uint32_t x0, uint32_t x1, float *f0, float *f1);
void box_muller_double(const uint32_t x[4], double *d0, double *d1);

/* The numbers of one counter, of float dtype `t` but told as doubles: four of them, or two for double.
 * Returns how many. */
int draw_uniform(Philox *p, TF_DataType t, double out[4]);
int draw_normal(Philox *p, TF_DataType t, double out[4]);

/* Numbers of draw_*, used from a counter's last to its first. */
typedef struct Drawn {
  double values[4];
  int left;
} Drawn;

static inline double drawn_uniform(Drawn *d, Philox *p, TF_DataType t) {
  if (d->left == 0) d->left = draw_uniform(p, t, d->values);
  return d->values[--d->left];
}
static inline double drawn_normal(Drawn *d, Philox *p, TF_DataType t) {
  if (d->left == 0) d->left = draw_normal(p, t, d->values);
  return d->values[--d->left];
}

/* What dtype `t` makes of x. Arithmetic of half, bfloat16 and float is exact in double but for this one
 * rounding. */
static inline double rounded(TF_DataType t, double x) {
  if (t == TF_DOUBLE) return x;
  if (t == TF_HALF) return (double)half_to_float(half_of_float((float)x));
  if (t == TF_BFLOAT16) return (double)bfloat16_to_float(bfloat16_of_float((float)x));
  return (double)(float)x;
}

/* ---- words one by one ---- */

typedef struct Words {
  Philox p;
  uint32_t words[4];
  int used;
} Words;

static inline Words words_of(Philox p) { return (Words){.p = p, .used = 4}; }

static inline uint32_t words_next(Words *w) {
  if (w->used == 4) {
    philox_next(&w->p, w->words);
    w->used = 0;
  }
  return w->words[w->used++];
}
static inline float words_float(Words *w) { return uniform_float(words_next(w)); }
double words_double(Words *w);
/* Uniform in [0, n), without bias. */
uint32_t words_below(Words *w, uint32_t n);
uint64_t words_below64(Words *w, uint64_t n);

/* ---- where generators come from ---- */

typedef struct Generator Generator;

/* State of a stateful op: the generator of its node, one a session, made of the attributes seed and seed2. */
typedef struct RandomState {
  Generator *generator;
} RandomState;

TF_Code random_state_init(OpInit *k, TF_Status *st); /* row functions: state begins with a RandomState */
void random_state_clear(void *state);
/* A copy of the generator, which goes on past the counters that this run may use. */
Philox random_take(const RandomState *s, uint64_t counters);

/* Key and counter of a seed pair: its bits scrambled by one Philox call with a fixed key. Where nothing is drawn of
 * it only its shape is looked at. */
TF_Code philox_of_seed(const Tensor *seed, bool draws, Philox *out, TF_Status *st);
/* The values of the input `alg` that ops of this kind take. */
enum { ALGORITHM_PHILOX = 1, ALGORITHM_AUTO = 3 };
TF_Code philox_want_algorithm(int32_t id, TF_Status *st);
/* Of the inputs key, counter and algorithm, the first of which is input i. Where nothing is drawn of it the
 * algorithm may be any. */
TF_Code philox_of_inputs(const OpCtx *c, int i, bool draws, Philox *out, TF_Status *st);

/* What TensorFlow sets aside for each output: words of a truncated normal within a run; counters between
 * runs. */
enum { RESERVED_PER_OUTPUT = 256 };

#endif
