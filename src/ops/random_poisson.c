/* Samples of Poisson distributions: for rates below 10 by counting how many uniform numbers multiply to
 * exp(-rate) (Knuth), for others by Hörmann's transformed rejection. */
#include "ops/random_samples.h"

#include <string.h>

#include "ops/math_special.h"

static bool draw_small(Philox p, double exp_neg_rate, double *out) {
  Drawn uniform = {.left = 0};
  double product = 1;
  for (int x = 0; x < SAMPLE_TRIES; x++) {
    product *= drawn_uniform(&uniform, &p, TF_DOUBLE);
    if (product <= exp_neg_rate) {
      *out = x;
      return true;
    }
  }
  return false;
}

/* Hörmann's constants for a rate; the names are the paper's. `most` is what the output's dtype can hold. */
typedef struct Envelope {
  double rate, log_rate, a, b, inv_alpha, v_r, most;
} Envelope;

static Envelope envelope_of(double rate, double most) {
  Envelope e = {.rate = rate, .log_rate = log(rate), .most = most};
  e.b = 0.931 + 2.53 * sqrt(rate);
  e.a = -0.059 + 0.02483 * e.b;
  e.inv_alpha = 1.1239 + 1.1328 / (e.b - 3.4);
  e.v_r = 0.9277 - 3.6224 / (e.b - 2);
  return e;
}

static bool draw_large(Philox p, const Envelope *e, double *out) {
  Drawn uniform = {.left = 0};
  for (int tries = 0; tries < SAMPLE_TRIES; tries++) {
    double u = drawn_uniform(&uniform, &p, TF_DOUBLE) - 0.5, v = drawn_uniform(&uniform, &p, TF_DOUBLE);
    double us = 0.5 - fabs(u), k = *out = floor((2 * e->a / us + e->b) * u + e->rate + 0.43);
    if (k > e->most) continue;
    if (us >= 0.07 && v <= e->v_r) return true;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    double s = log(v * e->inv_alpha / (e->a / (us * us) + e->b));
    if (s <= -e->rate + k * e->log_rate - special_lgamma(k + 1)) return true;
  }
  return false;
}

static double largest_of(TF_DataType t) {
  switch (t) {
    case TF_HALF: return 65504;
    case TF_FLOAT: return 0x1.fffffep127;
    case TF_INT32: return INT32_MAX;
    case TF_INT64: return 9223372036854774784.0; /* the largest double below 2^63 */
    default: return 0x1.fffffffffffffp1023;
  }
}

static void poisson_draw(Samples *s, int64_t k, double rate, int64_t begin, int64_t end) {
  bool is_float = s->out->dtype != TF_INT32 && s->out->dtype != TF_INT64;
  double x = is_float ? rate : 0, exp_neg_rate = exp(-rate); /* TF: of an infinite rate */
  Envelope e = envelope_of(rate, largest_of(s->out->dtype));
  bool endless = isinf(rate) && rate > 0;
  for (int64_t i = begin; i < end && !s->failed; i++) {
    Philox p = samples_generator(s, k, i);
    if (!endless && !(rate < 10 ? draw_small(p, exp_neg_rate, &x) : draw_large(p, &e, &x))) s->failed = true;
    else samples_store(s, k, i, x);
  }
}

static TF_Code poisson_run(OpCtx *c, TF_Status *st) {
  Samples s = {.draw = poisson_draw};
  if (samples_count(c)) s.p = random_take(c->state, samples_count(c) * RESERVED_PER_OUTPUT);
  return samples_run(c, 1, &s, st);
}

static TF_Code stateless_poisson_run(OpCtx *c, TF_Status *st) {
  Samples s = {.draw = poisson_draw};
  TRY(philox_of_seed(op_input(c, 1), true, &s.p, st));
  return samples_run(c, 2, &s, st);
}

static TF_Code poisson_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 0, &c->outputs[0], st); }

#define NUMBERS "half float double int32 int64"
#define STATEFUL                                                                                   \
  .flags = OP_STATEFUL, .value_inputs = 1, .state_size = sizeof(RandomState),                      \
  .shape = samples_shape_appended, .init = random_state_init, .prepare = samples_prepare_appended, \
  .run = poisson_run, .clear = random_state_clear

const OpRow ops_random_poisson[] = {
    {"RandomPoisson", .types = "dtype: half float double", STATEFUL},
    {"RandomPoissonV2", .types = "R: " NUMBERS "; dtype: " NUMBERS, STATEFUL},
    {"StatelessRandomPoisson", .types = "Rtype: " NUMBERS "; dtype: " NUMBERS, .value_inputs = 1,
     .shape = poisson_shape, .prepare = samples_prepare_whole, .run = stateless_poisson_run},
    {0}};
