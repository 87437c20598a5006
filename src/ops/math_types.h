/* Dtypes as the math kernels see them: the kind of arithmetic, whatever the name says. */
#ifndef SM_OPS_MATH_TYPES_H_
#define SM_OPS_MATH_TYPES_H_

#include <stdbool.h>
#include <string.h>

#include "base/float16.h"
#include "simd/simd.h"
#include "tensor/tensor.h"

/* half and bfloat16 are computed as float, a block at a time, and are no kinds of their own. */
typedef enum MathKind {
  MK_F32,
  MK_F64,
  MK_I8,
  MK_I16,
  MK_I32,
  MK_I64,
  MK_U8,
  MK_U16,
  MK_U32,
  MK_U64,
  MK_C64,
  MK_C128,
  MK_BOOL,
  MK_COUNT,
} MathKind;

enum { MATH_BLOCK = 512 }; /* elements of half converted at a time, on the stack */

/* -1 for dtypes without arithmetic. Quantised ones count as the integers they hold. */
int math_kind(TF_DataType dtype);
/* The kind's column in the Simd table, or -1. */
int math_ew_type(int kind);
static inline bool math_is_16(TF_DataType d) { return d == TF_HALF || d == TF_BFLOAT16; }
/* n elements of half or bfloat16 to float and back. */
void math_load_16(float *out, const uint16_t *in, int64_t n, TF_DataType dtype);
void math_store_16(uint16_t *out, const float *in, int64_t n, TF_DataType dtype);
/* n elements of a tensor of real numbers, from `at` on, as floats: in place, or in `out`. */
const float *math_floats_at(const Tensor *t, int64_t at, int64_t n, float *out);
/* An integer tensor's element (int32 or int64 and the smaller ones) as int64. */
int64_t math_int_at(const Tensor *t, int64_t i);

/* re + im i, also where clang's headers lack CMPLX. */
static inline double _Complex complex_of(double re, double im) {
  double parts[2] = {re, im};
  double _Complex z;
  memcpy(&z, parts, sizeof z);
  return z;
}

/* A real number's element as double, and back: rounded once for floats, C's conversion for integers, which
 * `v` must fit. For loops where the time goes elsewhere. */
double math_number_at(const Tensor *t, int64_t i);
void math_number_put(Tensor *t, int64_t i, double v);

#define TYPES_FLOATS "half bfloat16 float double"
#define TYPES_INTS "int8 int16 int32 int64 uint8 uint16 uint32 uint64"
#define TYPES_COMPLEX "complex64 complex128"
#define TYPES_REAL TYPES_FLOATS " " TYPES_INTS
#define TYPES_NUMBERS TYPES_REAL " " TYPES_COMPLEX

#endif
