/* Upper and lower case of UTF-8 text as ICU has it, in no language in particular: one character may become
 * several, and a small sigma is another one at the end of a word. */
#ifndef SM_OPS_UNICODE_CASE_H_
#define SM_OPS_UNICODE_CASE_H_

#include <stdbool.h>

#include "base/bytes.h"

/* Appends the text in the other case; U+FFFD for what is malformed. */
void unicode_put_cased(Bytes *out, Span text, bool upper);

#endif
