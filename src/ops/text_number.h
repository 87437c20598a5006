/* Numbers in strings as TensorFlow reads them: blanks around are skipped, nothing else may follow. */
#ifndef SM_OPS_TEXT_NUMBER_H_
#define SM_OPS_TEXT_NUMBER_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [-]digits; false for anything else and on overflow of the type. */
bool text_to_int32(const char *text, size_t size, int32_t *out);
bool text_to_int64(const char *text, size_t size, int64_t *out);
/* Digits without sign (a '-' is refused). */
bool text_to_uint32(const char *text, size_t size, uint32_t *out);
bool text_to_uint64(const char *text, size_t size, uint64_t *out);
/* Decimal, hexadecimal integers, inf and nan in any case, with sign. */
bool text_to_float(const char *text, size_t size, float *out);
bool text_to_double(const char *text, size_t size, double *out);

#endif
