/* Samples of gamma distributions, in double, by Marsaglia and Tsang's transformed rejection: the cube of a
 * normal number, accepted by a uniform one. Shapes below 1 are drawn for shape + 1 and multiplied by a
 * uniform number's power; shape 1 is the exponential distribution. */
#include "ops/random_samples.h"

/* A negative or NaN alpha gives NaN. */
static double draw_gamma(Philox p, double alpha, double d, double c) {
  Drawn normal = {.left = 0}, uniform = {.left = 0};
  for (int tries = 0; tries < SAMPLE_TRIES; tries++) {
    double x = drawn_normal(&normal, &p, TF_DOUBLE), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    double u = drawn_uniform(&uniform, &p, TF_DOUBLE);
    if (!(u < 1 - 0.0331 * (x * x) * (x * x)) && !(log(u) < 0.5 * x * x + d * (1 - v + log(v)))) continue;
    double sample = d * v;
    if (alpha >= 1) return sample;
    sample *= pow(drawn_uniform(&uniform, &p, TF_DOUBLE), 1 / alpha);
    return fabs(sample) < 0x1p-1022 ? 0 : sample; /* TF: kernels run with denormal numbers flushed to zero */
  }
  return (double)NAN;
}

static void gamma_draw(Samples *s, int64_t k, double alpha, int64_t begin, int64_t end) {
  double d = alpha + (alpha < 1 ? 2.0 / 3 : -1.0 / 3), c = 1.0 / 3 / sqrt(d);
  for (int64_t i = begin; i < end; i++) {
    Philox p = samples_generator(s, k, i);
    Drawn uniform = {.left = 0};
    double x = alpha == 1 ? -log1p(-drawn_uniform(&uniform, &p, TF_DOUBLE)) : draw_gamma(p, alpha, d, c);
    samples_store(s, k, i, x);
  }
}

static TF_Code gamma_run(OpCtx *c, TF_Status *st) {
  Samples s = {.draw = gamma_draw};
  if (samples_count(c)) s.p = random_take(c->state, samples_count(c) * RESERVED_PER_OUTPUT);
  return samples_run(c, 1, &s, st);
}

static TF_Code stateless_gamma_run(OpCtx *c, TF_Status *st) {
  Samples s = {.draw = gamma_draw};
  bool v3 = c->num_inputs == 5;
  TRY(v3 ? philox_of_inputs(c, 1, tensor_count(&c->outputs[0]) > 0, &s.p, st)
         : philox_of_seed(op_input(c, 1), true, &s.p, st));
  return samples_run(c, v3 ? 4 : 2, &s, st);
}

static TF_Code gamma_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 0, &c->outputs[0], st); }

#define TYPES "half float double"

const OpRow ops_random_gamma[] = {
    {"RandomGamma", .types = "T: " TYPES, .flags = OP_STATEFUL, .value_inputs = 1,
     .state_size = sizeof(RandomState), .shape = samples_shape_appended, .init = random_state_init,
     .prepare = samples_prepare_appended, .run = gamma_run, .clear = random_state_clear},
    {"StatelessRandomGammaV2", .types = "dtype: " TYPES, .value_inputs = 1, .shape = gamma_shape,
     .prepare = samples_prepare_whole, .run = stateless_gamma_run},
    {"StatelessRandomGammaV3", .types = "dtype: " TYPES, .value_inputs = 1, .shape = gamma_shape,
     .prepare = samples_prepare_whole, .run = stateless_gamma_run},
    {0}};
