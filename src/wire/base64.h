/* Base64 with the standard alphabet. */
#ifndef SM_WIRE_BASE64_H_
#define SM_WIRE_BASE64_H_

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* Appends the padded form. */
void base64_encode(Bytes *out, const void *data, size_t size);
/* The most bytes that `len` characters decode to. */
static inline size_t base64_decoded_max(size_t len) { return len / 4 * 3 + 3; }
/* Decodes into `out` (base64_decoded_max() bytes) and sets *size. Blanks are skipped, padding may be
 * left out, left-over bits are ignored; false for any other character or a wrong length. */
bool base64_decode(const char *text, size_t len, void *out, size_t *size);

#endif
