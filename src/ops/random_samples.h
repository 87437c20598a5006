/* Ops that draw many samples for each of several parameters (gamma, Poisson): the output is [samples...,
 * parameters...]. Sample s of parameter k has the generator's counters from 256 * (k * samples + s) on, so
 * samples can be drawn in any order. */
#ifndef SM_OPS_RANDOM_SAMPLES_H_
#define SM_OPS_RANDOM_SAMPLES_H_

#include <stdatomic.h>

#include "ops/math_types.h"
#include "ops/random_philox.h"

typedef struct Samples Samples;
struct Samples {
  /* Draws samples [begin, end) of parameter number k and value `param`; stores them by samples_store. */
  void (*draw)(Samples *s, int64_t k, double param, int64_t begin, int64_t end);
  Philox p;
  Tensor *out;
  const Tensor *params;
  int64_t num_params, per_param;
  _Atomic bool failed; /* a sampler found no sample in SAMPLE_TRIES tries: TensorFlow would go on for ever */
};

enum { SAMPLE_TRIES = 1000000 };

/* The generator of sample i of parameter k. */
static inline Philox samples_generator(const Samples *s, int64_t k, int64_t i) {
  Philox p = s->p;
  philox_skip(&p, RESERVED_PER_OUTPUT * ((uint64_t)k * (uint64_t)s->per_param + (uint64_t)i));
  return p;
}
/* Converts to the output's dtype; integers are cut off, what does not fit becomes the least; denormal floats
 * become 0.
 */
void samples_store(Samples *s, int64_t k, int64_t i, double x);

/* Fills output 0 from parameters in input i, with p and draw set; TF_INVALID_ARGUMENT when a sampler fails.
 */
TF_Code samples_run(OpCtx *c, int i, Samples *s, TF_Status *st);
/* How many numbers a run draws. */
static inline uint64_t samples_count(const OpCtx *c) { return (uint64_t)tensor_count(&c->outputs[0]); }

/* Row functions. Input 0 is the shape of the samples (`appended`), to which that of the parameters, input 1,
 * is added; or it is the whole shape, which must end with that of the last input. */
ShapeFn samples_shape_appended;
TF_Code samples_prepare_appended(OpCtx *c, TF_Status *st);
TF_Code samples_prepare_whole(OpCtx *c, TF_Status *st);

/* Functions in dtype t, as rounded() does arithmetic. */
static inline double log_of(TF_DataType t, double x) {
  return t == TF_DOUBLE ? log(x) : rounded(t, (double)logf((float)x));
}
static inline double exp_of(TF_DataType t, double x) {
  return t == TF_DOUBLE ? exp(x) : rounded(t, (double)expf((float)x));
}

#endif
