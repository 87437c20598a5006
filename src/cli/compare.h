/* Comparing an answer with the recorded one, as numpy's allclose does. */
#ifndef SM_CLI_COMPARE_H_
#define SM_CLI_COMPARE_H_

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "tensorflow/c/tf_tensor.h"

typedef struct Tolerance {
  double rtol, atol; /* |got - want| <= atol + rtol * |want| */
} Tolerance;

typedef struct Difference {
  double max_abs; /* largest |got - want| of the finite elements so far */
  double max_rel; /* the same over the largest |want| of its tensor */
} Difference;

/* Whether dtype, shape and values agree: numbers within the tolerance (NaN equals NaN), strings, bools and
 * integers exactly; images (uint8) within atol when that is 1 or more. If not, what is wrong is appended to
 * `why` as "off by 0.5 at [1,2]", say. `difference` is raised to what this tensor shows. */
bool tensors_agree(const TF_Tensor *got, const TF_Tensor *want, Tolerance tolerance, Difference *difference,
                   Bytes *why);

#endif
