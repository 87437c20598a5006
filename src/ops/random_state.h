/* The state of tf.random.Generator: an int64 vector behind a resource variable, [counter low, counter high,
 * key]. */
#ifndef SM_OPS_RANDOM_STATE_H_
#define SM_OPS_RANDOM_STATE_H_

#include "ops/random_philox.h"

/* Reads the generator out of the variable of input i and puts it forward by `skip` counters there, in one
 * step. TensorFlow's errors for a variable that is no such state, and for an algorithm other than Philox (or
 * "auto", if the op may). */
TF_Code random_state_take(const OpCtx *c, int i, int64_t algorithm, uint64_t skip, Philox *out,
                          TF_Status *st);
/* The same for a state that begins with the algorithm (StatefulStandardNormal, superseded). */
TF_Code random_tagged_state_take(const OpCtx *c, int i, uint64_t skip, Philox *out, TF_Status *st);

/* Row functions of StatefulRandomBinomial (random_binomial.c). */
#define RANDOM_BINOMIAL_TYPES "T: half float double; dtype: half float double int32 int64"
TF_Code random_state_binomial_prepare(OpCtx *c, TF_Status *st);
TF_Code random_state_binomial_run(OpCtx *c, TF_Status *st);

#endif
