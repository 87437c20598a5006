/* The bodies of all vector code, and the table of the level they are compiled for. Included by simd_*.c
 * alone, behind the level's vec_*.h. */
#include "simd/ew_body.h"
#include "simd/gemm_body.h"
#include "simd/row_body.h"
#include "simd/simd.h"

#define EW_ALL(op, name) [op] = {name##_f32, name##_f64, name##_i32, name##_i64}
#define EW_FLOATS(op, name) [op] = {name##_f32, name##_f64, NULL, NULL}
#define EW_FLOAT(op, name) [op] = {name##_f32, NULL, NULL, NULL}

extern const Simd VEC(simd_table);
const Simd VEC(simd_table) = {
    .level = VEC_LEVEL,
    .unary =
        {
            EW_ALL(EW_NEG, ew_neg),
            EW_ALL(EW_ABS, ew_abs),
            EW_ALL(EW_SQUARE, ew_square),
            EW_FLOATS(EW_SQRT, ew_sqrt),
            EW_FLOATS(EW_RSQRT, ew_rsqrt),
            EW_FLOAT(EW_EXP, ew_exp),
            EW_FLOAT(EW_EXPM1, ew_expm1),
            EW_FLOAT(EW_LOG, ew_log),
            EW_FLOAT(EW_LOG1P, ew_log1p),
            EW_FLOAT(EW_SIN, ew_sin),
            EW_FLOAT(EW_COS, ew_cos),
            EW_FLOAT(EW_TANH, ew_tanh),
            EW_FLOAT(EW_SIGMOID, ew_sigmoid),
            EW_FLOAT(EW_SOFTPLUS, ew_softplus),
            EW_FLOATS(EW_SOFTSIGN, ew_softsign),
            EW_ALL(EW_RELU, ew_relu),
            EW_ALL(EW_RELU6, ew_relu6),
            EW_FLOATS(EW_LEAKY_RELU, ew_leaky_relu),
            EW_FLOAT(EW_ELU, ew_elu),
            EW_FLOAT(EW_SELU, ew_selu),
            EW_FLOAT(EW_ERF, ew_erf),
            EW_FLOATS(EW_FLOOR, ew_floor),
            EW_FLOATS(EW_CEIL, ew_ceil),
            EW_FLOATS(EW_RINT, ew_rint),
            EW_FLOATS(EW_RECIPROCAL, ew_reciprocal),
            EW_ALL(EW_SIGN, ew_sign),
        },
    .binary =
        {
            EW_ALL(EW_ADD, ew_add),
            EW_ALL(EW_SUB, ew_sub),
            EW_ALL(EW_MUL, ew_mul),
            EW_FLOATS(EW_DIV, ew_div),
            EW_ALL(EW_MAX, ew_max),
            EW_ALL(EW_MIN, ew_min),
            EW_ALL(EW_SQUARED_DIFFERENCE, ew_sqdiff),
            EW_ALL(EW_LESS, ew_less),
            EW_ALL(EW_LESS_EQUAL, ew_less_equal),
            EW_ALL(EW_GREATER, ew_greater),
            EW_ALL(EW_GREATER_EQUAL, ew_greater_equal),
            EW_ALL(EW_EQUAL, ew_equal),
            EW_ALL(EW_NOT_EQUAL, ew_not_equal),
            EW_ALL(EW_RELU_GRAD, ew_relu_grad),
            EW_FLOATS(EW_SIGMOID_GRAD, ew_sigmoid_grad),
            EW_FLOATS(EW_TANH_GRAD, ew_tanh_grad),
        },
    .sum = row_sum,
    .sum_squares = row_sum_squares,
    .max = row_max,
    .min = row_min,
    .dot = row_dot,
    .axpy = row_axpy,
    .max_into = row_max_into,
    .mul_add = row_mul_add,
    .scale_offset = row_scale_offset,
    .softmax_row = row_softmax,
    .log_softmax_row = row_log_softmax,
    .half_to_float = row_half_to_float,
    .half_of_float = row_half_of_float,
    .gemm_f32 = gemm_f32,
};
