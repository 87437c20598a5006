/* Numbers as text: exact both ways, the same in every locale, and fast. */
#ifndef SM_WIRE_NUMBER_H_
#define SM_WIRE_NUMBER_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The double nearest to digits[.digits][e[+-]digits] or .digits, which starts at `text` (no sign, no
 * blanks, no inf or nan); infinity when it is too large. Returns where the number ends, at most `end`;
 * `text` itself when there is none. */
const char *number_read_double(const char *text, const char *end, double *out);

enum { NUMBER_TEXT_MAX = 32 };
/* The shortest %g that reads back as the same float (6 to 9 digits) or double (15 to 17); "inf",
 * "-inf", "nan". NUL-terminated; returns the length. */
size_t number_put_float(char out[NUMBER_TEXT_MAX], float v);
size_t number_put_double(char out[NUMBER_TEXT_MAX], double v);
/* %.6g if that reads back as the same number, else %.9g (float) or %.17g (double): the digits that
 * TensorFlow Serving prints. */
size_t number_put_float_6_9(char out[NUMBER_TEXT_MAX], float v);
size_t number_put_double_6_17(char out[NUMBER_TEXT_MAX], double v);

size_t number_put_i64(char out[NUMBER_TEXT_MAX], int64_t v);
size_t number_put_u64(char out[NUMBER_TEXT_MAX], uint64_t v);

#endif
