/* Case by tables (unicode_cases.inc). */
#include "ops/unicode_case.h"

#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "ops/unicode_text.h"

enum { CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2 };

typedef struct CaseRun {
  uint32_t first, last, step;
  int32_t distance;
} CaseRun;

typedef struct CaseMany {
  uint32_t code, to[3];
} CaseMany;

typedef struct CodeRun {
  uint32_t first, last;
} CodeRun;

#define CASE_LOWER
static const CaseRun lower_runs[] = {
#include "ops/unicode_cases.inc"
};
#undef CASE_LOWER
#define CASE_UPPER
static const CaseRun upper_runs[] = {
#include "ops/unicode_cases.inc"
};
#undef CASE_UPPER
#define CASE_LOWER_MANY
static const CaseMany lower_many[] = {
#include "ops/unicode_cases.inc"
};
#undef CASE_LOWER_MANY
#define CASE_UPPER_MANY
static const CaseMany upper_many[] = {
#include "ops/unicode_cases.inc"
};
#undef CASE_UPPER_MANY
#define CASE_CASED
static const CodeRun cased_runs[] = {
#include "ops/unicode_cases.inc"
};
#undef CASE_CASED
#define CASE_IGNORABLE
static const CodeRun ignorable_runs[] = {
#include "ops/unicode_cases.inc"
};
#undef CASE_IGNORABLE

static bool in_runs(const CodeRun *runs, size_t n, uint32_t code) {
  size_t low = 0;
  while (n > 0) { /* the first run that does not end before the code is in [low, low + n] */
    size_t half = n / 2;
    if (runs[low + half].last < code) low += half + 1, n -= half + 1;
    else n = half;
  }
  return runs[low].first <= code && code <= runs[low].last;
}

static bool is_cased(uint32_t code) {
  return code <= cased_runs[SM_COUNTOF(cased_runs) - 1].last &&
         in_runs(cased_runs, SM_COUNTOF(cased_runs), code);
}

static bool is_ignorable(uint32_t code) {
  return code <= ignorable_runs[SM_COUNTOF(ignorable_runs) - 1].last &&
         in_runs(ignorable_runs, SM_COUNTOF(ignorable_runs), code);
}

/* The code point of the other case; the runs' order is that of their first code points. */
static uint32_t moved(const CaseRun *runs, size_t n, uint32_t code) {
  for (size_t low = 0; n > 0;) {
    size_t half = n / 2;
    const CaseRun *r = &runs[low + half];
    if (code < r->first) n = half;
    else if (code > r->last) low += half + 1, n -= half + 1;
    else return (code - r->first) % r->step ? code : (uint32_t)((int32_t)code + r->distance);
  }
  return code;
}

/* Whether a cased character comes next, behind those that don't matter. */
static bool cased_next(UnicodeReader r) {
  UnicodeChar ch;
  while (unicode_next(&r, &ch))
    if (!is_ignorable(ch.code)) return is_cased(ch.code);
  return false;
}

static void put_code(Bytes *units, uint32_t code, bool upper) {
  const CaseMany *many = upper ? upper_many : lower_many;
  size_t n = upper ? SM_COUNTOF(upper_many) : SM_COUNTOF(lower_many);
  for (size_t i = 0; i < n; i++) {
    if (many[i].code != code) continue;
    for (int k = 0; k < 3 && many[i].to[k]; k++) unicode_put_unit(units, many[i].to[k]);
    return;
  }
  unicode_put_unit(units, upper ? moved(upper_runs, SM_COUNTOF(upper_runs), code)
                                : moved(lower_runs, SM_COUNTOF(lower_runs), code));
}

void unicode_put_cased(Bytes *out, Span text, bool upper) {
  const UnicodeCoding utf8 = {.form = FORM_UTF8};
  UnicodeReader r = unicode_reader(&utf8);
  UnicodeChar ch;
  Bytes units = {0};
  bool cased_before = false;
  const void *nul = text.size ? memchr(text.data, 0, text.size) : NULL;
  if (nul) text.size = (size_t)((const char *)nul - (const char *)text.data); /* TF: a NUL ends the text */
  unicode_read(&r, text);
  while (unicode_next(&r, &ch)) {
    if (!upper && ch.code == CAPITAL_SIGMA && cased_before && !cased_next(r))
      unicode_put_unit(&units, FINAL_SIGMA);
    else put_code(&units, ch.code, upper);
    if (!is_ignorable(ch.code)) cased_before = is_cased(ch.code);
  }
  unicode_put_text(out, &units, FORM_UTF8);
  out->failed |= units.failed;
  bytes_clear(&units);
}
