/* Changes a case so that it stays one: an attribute, a dim, some values, or another op. */
#ifndef SM_FUZZ_OPS_MUTATE_H_
#define SM_FUZZ_OPS_MUTATE_H_

#include "ops_input.h"

/* The new size of what is in `data`, at most max_size. The same bytes and seed give the same case. */
size_t op_input_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
