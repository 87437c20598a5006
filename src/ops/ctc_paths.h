/* What the CTC ops share: checks of their inputs, and label sequences on their way to sparse outputs. */
#ifndef SM_OPS_CTC_PATHS_H_
#define SM_OPS_CTC_PATHS_H_

#include <math.h>

#include "ops/op.h"

/* The inputs of a decoder: activations [time, batch, classes] and how long each sequence is. */
typedef struct CtcInputs {
  const Tensor *values;
  const int32_t *lengths;
  int64_t time, batch, classes;
} CtcInputs;

/* Checks a decoder's inputs 0 and 1 in TensorFlow's words. */
TF_Code ctc_decoder_inputs(const OpCtx *c, CtcInputs *in, TF_Status *st);

/* Activation i as a double. */
static inline double ctc_value(const Tensor *t, int64_t i) {
  return t->dtype == TF_FLOAT ? (double)((const float *)t->data)[i] : ((const double *)t->data)[i];
}
/* What a variable of the op's type would hold. */
static inline double ctc_round(const Tensor *t, double v) {
  return t->dtype == TF_FLOAT ? (double)(float)v : v;
}

/* ln(a + b) of ln a and ln b. TF: the exponential is single also where the type is double. */
static inline double ctc_log_add(double a, double b) {
  if (a == -INFINITY) return b;
  if (b == -INFINITY) return a;
  return a > b ? a + (double)log1pf(expf((float)(b - a))) : b + (double)log1pf(expf((float)(a - b)));
}

/* The label sequences of a batch, one behind the other. Zeroed at the start. */
typedef struct CtcPath {
  int64_t *labels;
  size_t count, cap;
  int64_t *lengths; /* [batch], the caller's */
} CtcPath;

TF_Code ctc_path_push(CtcPath *p, int64_t label, TF_Status *st);
/* Outputs `indices`, `values` and `shape` (numbers of outputs) become the sparse tensor [batch, longest]. */
TF_Code ctc_path_store(OpCtx *c, const CtcPath *p, int64_t batch, int indices, int values, int shape,
                       TF_Status *st);

/* Shapes of `paths` sparse matrices and the log probabilities. */
ShapeFn ctc_shape_decoded;

#endif
