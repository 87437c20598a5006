/* Plain loops: these sums are small and rare, the compiler's vectors are enough. */
#include "ops/element_sum.h"

#include "base/float16.h"

bool element_sum_supports(TF_DataType dtype) {
  switch ((int)dtype) {
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_HALF:
    case TF_BFLOAT16:
    case TF_INT8:
    case TF_UINT8:
    case TF_INT16:
    case TF_UINT16:
    case TF_INT32:
    case TF_UINT32:
    case TF_INT64:
    case TF_UINT64:
    case TF_COMPLEX64:
    case TF_COMPLEX128: return true;
    default: return false;
  }
}

/* Unsigned, for both signs: wrapping is defined there. */
#define ADD(TYPE, N)                                                   \
  do {                                                                 \
    TYPE *to = sum;                                                    \
    const TYPE *from = value;                                          \
    for (int64_t i = 0; i < (N); i++) to[i] = (TYPE)(to[i] + from[i]); \
  } while (0)

#define ADD_16(LOAD, STORE)                                                         \
  do {                                                                              \
    uint16_t *to = sum;                                                             \
    const uint16_t *from = value;                                                   \
    for (int64_t i = 0; i < count; i++) to[i] = STORE(LOAD(to[i]) + LOAD(from[i])); \
  } while (0)

void element_sum_add(TF_DataType dtype, void *sum, const void *value, int64_t count) {
  switch ((int)dtype) {
    case TF_FLOAT: ADD(float, count); break;
    case TF_COMPLEX64: ADD(float, 2 * count); break;
    case TF_DOUBLE: ADD(double, count); break;
    case TF_COMPLEX128: ADD(double, 2 * count); break;
    case TF_HALF: ADD_16(half_to_float, half_of_float); break;
    case TF_BFLOAT16: ADD_16(bfloat16_to_float, bfloat16_of_float); break;
    case TF_INT8:
    case TF_UINT8: ADD(uint8_t, count); break;
    case TF_INT16:
    case TF_UINT16: ADD(uint16_t, count); break;
    case TF_INT32:
    case TF_UINT32: ADD(uint32_t, count); break;
    case TF_INT64:
    case TF_UINT64: ADD(uint64_t, count); break;
    default: break;
  }
}
