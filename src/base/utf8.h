/* UTF-8. */
#ifndef SM_BASE_UTF8_H_
#define SM_BASE_UTF8_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(const void *data, size_t size);
/* Writes a code point (at most 0x10ffff) as 1 to 4 bytes; returns how many. */
size_t utf8_put(char out[4], uint32_t code_point);

#endif
