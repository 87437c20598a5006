/* Regular expressions with RE2's syntax and meaning, on PCRE2.
 *
 * What PCRE2 knows and RE2 refuses (back references, look-around, recursion, possessive and atomic groups,
 * ...) is refused here too. Matching is bounded: PCRE2 backtracks, so a limit on its steps turns what would
 * run for ever into TF_RESOURCE_EXHAUSTED. */
#ifndef SM_OPS_REGEX_H_
#define SM_OPS_REGEX_H_

#include <stdbool.h>

#include "base/bytes.h"

typedef struct Regex Regex;

/* TF_INVALID_ARGUMENT "Invalid pattern: P, error: ...". A compiled one may be used by several threads. */
TF_Code regex_compile(Regex **out, Span pattern, TF_Status *st);
void regex_free(Regex *r); /* null is allowed */
/* Whether all of the text matches. */
TF_Code regex_full_match(const Regex *r, Span text, bool *matches, TF_Status *st);
/* Appends the text with the first match, or all, replaced; \0 to \9 in `rewrite` stand for groups, \\ for
 * '\'. */
TF_Code regex_replace(const Regex *r, Span text, Span rewrite, bool all, Bytes *out, TF_Status *st);

#endif
