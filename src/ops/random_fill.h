/* Filling a tensor with numbers of one distribution, in TensorFlow's order: groups of elements take one
 * counter each; truncated normals, which draw until enough values fit, have 64 counters an output element
 * reserved. */
#ifndef SM_OPS_RANDOM_FILL_H_
#define SM_OPS_RANDOM_FILL_H_

#include "ops/random_philox.h"

typedef enum Distribution { UNIFORM, NORMAL, TRUNCATED, INTEGERS, ALL_BITS } Distribution;

typedef struct RandomFill {
  Philox p;
  Distribution kind;
  int64_t low; /* INTEGERS: low + word % range */
  uint64_t range;
  Tensor *out;
  int64_t count;
  int group; /* elements made of one counter */
} RandomFill;

/* What an op's name says. */
Distribution distribution_of(const char *op);
/* INTEGERS: low and range of minval and maxval, inputs i and i + 1; TF_INVALID_ARGUMENT when there is no
 * number between and output 0 has elements, or `even_if_empty`. */
TF_Code random_read_range(const OpCtx *c, int i, bool even_if_empty, RandomFill *f, TF_Status *st);
/* Fills output 0 by p, kind and range; the rest it sets itself. */
void random_fill(OpCtx *c, RandomFill *f);

/* Row functions of ops whose input i is the output's shape. */
TF_Code random_output(OpCtx *c, int i, TF_Status *st);
TF_Code random_shape(ShapeCtx *c, TF_Status *st); /* phases shape and prepare with input 0 */
TF_Code random_prepare(OpCtx *c, TF_Status *st);

#endif
