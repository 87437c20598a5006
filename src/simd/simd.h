/* The vector code of this machine's level, as a table of functions chosen at start.
 *
 *   simd()->unary[EW_EXP][EW_F32](out, in, n, NULL);
 *
 * Every level fills the same table from the same bodies (ew_body.h, row_body.h, gemm_body.h), each compiled
 * once a level. Elementwise functions may work in place: out may be an input, but must not overlap it
 * otherwise. A null entry means that the op has no vector code for the type: ops/math_*.c then take their
 * plain loops. */
#ifndef SM_SIMD_SIMD_H_
#define SM_SIMD_SIMD_H_

#include <stdint.h>

#include "base/cpu.h"

/* The types with code of their own at each level; others are plain loops (ops/) or go through float. */
typedef enum EwType { EW_F32, EW_F64, EW_I32, EW_I64, EW_TYPES } EwType;

typedef enum EwUnary {
  EW_NEG,
  EW_ABS,
  EW_SQUARE,
  EW_SQRT,
  EW_RSQRT,
  EW_EXP,
  EW_EXPM1,
  EW_LOG,
  EW_LOG1P,
  EW_SIN,
  EW_COS,
  EW_TANH,
  EW_SIGMOID,
  EW_SOFTPLUS,
  EW_SOFTSIGN,
  EW_RELU,
  EW_RELU6,
  EW_LEAKY_RELU,
  EW_ELU,
  EW_SELU,
  EW_ERF,
  EW_FLOOR,
  EW_CEIL,
  EW_RINT,
  EW_RECIPROCAL,
  EW_SIGN,
  EW_UNARY_COUNT,
} EwUnary;

typedef enum EwBinary {
  EW_ADD,
  EW_SUB,
  EW_MUL,
  EW_DIV,
  EW_MAX,
  EW_MIN,
  EW_SQUARED_DIFFERENCE,
  EW_LESS,
  EW_LESS_EQUAL,
  EW_GREATER,
  EW_GREATER_EQUAL,
  EW_EQUAL,
  EW_NOT_EQUAL,
  EW_RELU_GRAD,
  EW_SIGMOID_GRAD,
  EW_TANH_GRAD,
  EW_BINARY_COUNT,
} EwBinary;

/* Which operands of a binary function are n elements long; the other is one element for all. */
typedef enum EwMode { EW_VV, EW_VS, EW_SV } EwMode;

/* `param` is the slope of leaky relu. */
typedef void EwUnaryFn(void *out, const void *in, int64_t n, float param);
/* Comparisons write bool (a byte), the others the operands' type. */
typedef void EwBinaryFn(void *out, const void *a, const void *b, int64_t n, EwMode mode);

typedef struct GemmF32 {
  const float *a, *b;
  float *c;
  int64_t m, n, k;
  int64_t a_row, a_col; /* element strides of A: [m, k] */
  int64_t b_row;        /* B is [k, n] with unit column stride */
  int64_t c_row;        /* C is [m, n] with unit column stride */
} GemmF32;

typedef struct Simd {
  CpuLevel level;
  EwUnaryFn *unary[EW_UNARY_COUNT][EW_TYPES];
  EwBinaryFn *binary[EW_BINARY_COUNT][EW_TYPES];
  /* Reductions of n contiguous floats. Sums go by blocks, so that the error grows with log(n). */
  float (*sum)(const float *x, int64_t n);
  float (*sum_squares)(const float *x, int64_t n);
  float (*max)(const float *x, int64_t n); /* NaN if any is; -inf of none */
  float (*min)(const float *x, int64_t n);
  float (*dot)(const float *a, const float *b, int64_t n);
  /* y[i] += a * x[i] */
  void (*axpy)(float *y, float a, const float *x, int64_t n);
  /* acc[i] = x[i] > acc[i] ? x[i] : acc[i] (a NaN of x is passed over) */
  void (*max_into)(float *acc, const float *x, int64_t n);
  /* y[i] += a[i] * b[i] */
  void (*mul_add)(float *y, const float *a, const float *b, int64_t n);
  /* y[i] = x[i] * scale[i] + offset[i]; the folded batch normalisation of one pixel. */
  void (*scale_offset)(float *y, const float *x, const float *scale, const float *offset, int64_t n);
  /* One row of n: softmax, or its logarithm. out may be in. */
  void (*softmax_row)(float *out, const float *in, int64_t n);
  void (*log_softmax_row)(float *out, const float *in, int64_t n);
  void (*half_to_float)(float *out, const uint16_t *in, int64_t n);
  void (*half_of_float)(uint16_t *out, const float *in, int64_t n);
  /* C = A B, for sizes where packing does not pay: all operands in cache. */
  void (*gemm_f32)(const GemmF32 *g);
} Simd;

/* The table of the level in use (base/cpu.h). */
const Simd *simd(void);
/* The table of a level the machine has; null for others. For tests. */
const Simd *simd_of_level(CpuLevel level);

#endif
