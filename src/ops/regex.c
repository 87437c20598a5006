/* RE2's dialect on PCRE2: the pattern is walked once to refuse what RE2 has not, and to spell \s, \v, \C and
 * \z its way. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "ops/regex.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum {
  MATCH_STEPS = 10 * 1000 * 1000, /* a text of some KB with a sane pattern takes some thousands */
  MATCH_HEAP_KB = 64 * 1024,
  REPEAT_MAX = 1000, /* RE2's limit on {n,m} */
};

struct Regex {
  pcre2_code *code;
  uint32_t groups;
};

typedef struct Translate {
  const char *at, *end;
  Bytes out;
  const char *error; /* RE2's words */
  Span where;
} Translate;

static bool refuse(Translate *t, const char *error, const char *from, size_t size) {
  t->error = error;
  t->where = (Span){from, size < (size_t)(t->end - from) ? size : (size_t)(t->end - from)};
  return false;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* After a backslash. */
static bool put_escape(Translate *t, bool in_class) {
  const char *from = t->at;
  if (t->end - from < 2) return refuse(t, "trailing \\", from, 1);
  char c = from[1];
  t->at += 2;
  if (c >= '1' && c <= '9') {
    /* RE2 takes no back references, and octal numbers only with a leading 0 or with more digits. */
    if (t->at == t->end || !is_digit(*t->at) || c > '7') return refuse(t, "invalid escape sequence", from, 2);
  }
  if (c == 's' || c == 'S') { /* RE2's has no vertical tab */
    if (in_class && c == 'S') return refuse(t, "invalid escape sequence", from, 2);
    bytes_puts(&t->out, in_class ? "\\t\\n\\f\\r " : c == 's' ? "[\\t\\n\\f\\r ]" : "[^\\t\\n\\f\\r ]");
  } else if (c == 'v') {
    bytes_puts(&t->out, "\\x0b");
  } else if (strchr("gkKGRXZNhHVuULlEoc", c) && c) {
    return refuse(t, "invalid escape sequence", from, 2);
  } else if (c == 'Q') { /* quoted up to \E */
    while (t->at < t->end && !(t->end - t->at >= 2 && t->at[0] == '\\' && t->at[1] == 'E')) {
      unsigned char q = (unsigned char)*t->at++;
      if (q < 0x80 && !is_digit((char)q) && !((q | 32) >= 'a' && (q | 32) <= 'z')) bytes_putc(&t->out, '\\');
      bytes_putc(&t->out, (char)q);
    }
    if (t->at < t->end) t->at += 2;
  } else if ((c == 'p' || c == 'P') && t->at < t->end && *t->at == '{') {
    const char *stop = memchr(t->at, '}', (size_t)(t->end - t->at));
    if (!stop) return refuse(t, "invalid character class range", from, (size_t)(t->end - from));
    bytes_append(&t->out, from, (size_t)(stop + 1 - from));
    t->at = stop + 1;
  } else {
    bytes_append(&t->out, from, 2);
  }
  return true;
}

static bool put_class(Translate *t) {
  const char *from = t->at;
  bytes_putc(&t->out, *t->at++);
  if (t->at < t->end && *t->at == '^') bytes_putc(&t->out, *t->at++);
  for (bool first = true;; first = false) {
    if (t->at == t->end) return refuse(t, "missing ]", from, (size_t)(t->end - from));
    if (*t->at == ']' && !first) break;
    if (*t->at == '\\') {
      if (!put_escape(t, true)) return false;
    } else if (t->end - t->at > 2 && t->at[0] == '[' && t->at[1] == ':') {
      const char *stop = t->at + 2;
      while (t->end - stop > 1 && !(stop[0] == ':' && stop[1] == ']')) stop++;
      if (t->end - stop < 2) bytes_puts(&t->out, "\\["), t->at++;
      else bytes_append(&t->out, t->at, (size_t)(stop + 2 - t->at)), t->at = stop + 2;
    } else if (*t->at == '[' || (*t->at == ']' && first)) {
      bytes_putc(&t->out, '\\');
      bytes_putc(&t->out, *t->at++);
    } else {
      bytes_putc(&t->out, *t->at++);
    }
  }
  bytes_putc(&t->out, *t->at++);
  return true;
}

/* After "(?": groups without capture, with flags, or with a name. */
static bool put_group(Translate *t) {
  const char *from = t->at, *p = from + 2;
  if (p < t->end && *p == 'P' && p + 1 < t->end && p[1] == '<') {
    bytes_append(&t->out, from, 4);
    t->at = from + 4;
    return true;
  }
  while (p < t->end && strchr("imsU-", *p)) p++;
  if (p == t->end) return refuse(t, "missing )", from, (size_t)(t->end - from));
  if (*p != ':' && *p != ')') return refuse(t, "invalid perl operator", from, (size_t)(p - from) + 1);
  bytes_append(&t->out, from, (size_t)(p + 1 - from));
  t->at = p + 1;
  return true;
}

/* "{n}", "{n,}", "{n,m}" within RE2's limit; 0 when it is no repetition. */
static size_t repeat_size(const Translate *t, bool *too_large) {
  const char *p = t->at + 1;
  int n[2] = {0, 0}, k = 0;
  if (p == t->end || !is_digit(*p)) return 0;
  for (; p < t->end && *p != '}'; p++) {
    if (*p == ',' && k == 0) k = 1;
    else if (is_digit(*p)) n[k] = n[k] > REPEAT_MAX ? n[k] : n[k] * 10 + (*p - '0');
    else return 0;
  }
  if (p == t->end) return 0;
  *too_large = n[0] > REPEAT_MAX || n[1] > REPEAT_MAX;
  return (size_t)(p + 1 - t->at);
}

static bool put_repeat(Translate *t) {
  const char *from = t->at;
  bool too_large = false;
  size_t size = *from == '{' ? repeat_size(t, &too_large) : 1;
  if (!size) {
    bytes_puts(&t->out, "\\{");
    t->at++;
    return true;
  }
  if (too_large) return refuse(t, "invalid repetition size", from, size);
  bytes_append(&t->out, from, size);
  t->at += size;
  if (t->at < t->end && *t->at == '?') bytes_putc(&t->out, *t->at++);
  /* Possessive ones and repetitions of repetitions. */
  if (t->at < t->end && (*t->at == '*' || *t->at == '+' || *t->at == '?'))
    return refuse(t, "bad repetition operator", from, (size_t)(t->at + 1 - from));
  return true;
}

static bool translate(Translate *t) {
  while (t->at < t->end) {
    char c = *t->at;
    bool ok = true;
    if (c == '\\') ok = put_escape(t, false);
    else if (c == '[') ok = put_class(t);
    else if (c == '(' && t->end - t->at >= 2 && t->at[1] == '?') ok = put_group(t);
    else if (c == '(' && t->end - t->at >= 2 && t->at[1] == '*')
      ok = refuse(t, "no argument for repetition operator", t->at + 1, 1);
    else if (c == '*' || c == '+' || c == '?' || c == '{') ok = put_repeat(t);
    else bytes_putc(&t->out, *t->at++);
    if (!ok) return false;
  }
  return true;
}

static TF_Code fail_pattern(Span pattern, const char *error, Span where, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "Invalid pattern: %.*s, error: %s%s%.*s", (int)pattern.size,
              (const char *)pattern.data, error, where.size ? ": " : "", (int)where.size,
              (const char *)where.data);
}

TF_Code regex_compile(Regex **out, Span pattern, TF_Status *st) {
  Translate t = {.at = pattern.data, .end = (const char *)pattern.data + pattern.size};
  TF_Code code = TF_OK;
  Regex *r = calloc(1, sizeof *r);
  if (!r) return fail_oom(st, "a regular expression");
  if (!translate(&t)) code = fail_pattern(pattern, t.error, t.where, st);
  if (!code) code = bytes_finish(&t.out, "a regular expression", st);
  if (!code) {
    int error;
    PCRE2_SIZE at;
    uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    r->code = pcre2_compile((PCRE2_SPTR)(t.out.data ? t.out.data : ""), t.out.size, flags, &error, &at, NULL);
    if (!r->code) {
      char text[128];
      if (pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text) < 0) text[0] = 0;
      bool open = error == 114;
      code = fail_pattern(pattern, open ? "missing )" : text, open ? pattern : (Span){0}, st);
    } else {
      pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
    }
  }
  bytes_clear(&t.out);
  if (code) regex_free(r);
  else *out = r;
  return code;
}

void regex_free(Regex *r) {
  if (!r) return;
  pcre2_code_free(r->code);
  free(r);
}

/* What one series of matches needs. */
typedef struct Matcher {
  pcre2_match_data *data;
  pcre2_match_context *context;
} Matcher;

static TF_Code matcher_open(Matcher *m, const Regex *r, TF_Status *st) {
  m->data = pcre2_match_data_create_from_pattern(r->code, NULL);
  m->context = pcre2_match_context_create(NULL);
  if (!m->data || !m->context) return fail_oom(st, "a match");
  pcre2_set_match_limit(m->context, MATCH_STEPS);
  pcre2_set_heap_limit(m->context, MATCH_HEAP_KB);
  return TF_OK;
}

static void matcher_close(Matcher *m) {
  pcre2_match_data_free(m->data);
  pcre2_match_context_free(m->context);
}

static TF_Code match(const Matcher *m, const Regex *r, Span text, size_t from, uint32_t flags, bool *found,
                     TF_Status *st) {
  int n = pcre2_match(r->code, (PCRE2_SPTR)(text.data ? text.data : ""), text.size, from, flags, m->data,
                      m->context);
  *found = n >= 0;
  if (n >= 0 || n == PCRE2_ERROR_NOMATCH) return TF_OK;
  if (n == PCRE2_ERROR_NOMEMORY) return fail_oom(st, "a match");
  return fail(st, TF_RESOURCE_EXHAUSTED, "matching a regular expression takes too many steps");
}

TF_Code regex_full_match(const Regex *r, Span text, bool *matches, TF_Status *st) {
  Matcher m = {0};
  TF_Code code = matcher_open(&m, r, st);
  if (!code) code = match(&m, r, text, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, matches, st);
  if (!code && *matches) { /* PCRE2 goes on behind bytes that are not UTF-8, anchored or not */
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.data);
    *matches = v[0] == 0 && v[1] == text.size;
  }
  matcher_close(&m);
  return code;
}

/* The largest group that a rewrite names, and how much of it goes before its first escape that is none. */
static int rewrite_groups(Span rewrite, size_t *usable) {
  const char *s = rewrite.data;
  int most = 0;
  *usable = rewrite.size;
  for (size_t i = 0; i < rewrite.size; i++) {
    if (s[i] != '\\') continue;
    char c = i + 1 < rewrite.size ? s[i + 1] : 0;
    if (is_digit(c) && c - '0' > most) most = c - '0';
    if (!is_digit(c) && c != '\\' && i < *usable) *usable = i;
    i++;
  }
  return most;
}

static void put_rewrite(const Matcher *m, Span text, Span rewrite, Bytes *out) {
  const char *s = rewrite.data;
  const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m->data);
  for (size_t i = 0; i < rewrite.size; i++) {
    if (s[i] != '\\') {
      bytes_putc(out, s[i]);
    } else if (s[++i] == '\\') {
      bytes_putc(out, '\\');
    } else {
      int g = s[i] - '0';
      if (v[2 * g] != PCRE2_UNSET)
        bytes_append(out, (const char *)text.data + v[2 * g], v[2 * g + 1] - v[2 * g]);
    }
  }
}

/* The bytes of the character at `p`: one for what is no UTF-8. */
static size_t char_size(const char *p, size_t left) {
  unsigned char c = (unsigned char)*p;
  size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 1;
  if (n > left) return 1;
  for (size_t i = 1; i < n; i++)
    if (((unsigned char)p[i] & 0xc0) != 0x80) return 1;
  return n;
}

TF_Code regex_replace(const Regex *r, Span text, Span rewrite, bool all, Bytes *out, TF_Status *st) {
  Matcher m = {0};
  const char *base = text.data;
  size_t begins; /* TF: of a malformed rewrite, global replacement puts what stands before the mistake */
  int groups = rewrite_groups(rewrite, &begins);
  TF_Code code = matcher_open(&m, r, st);
  /* TF: a rewrite that does not fit the pattern leaves the text alone. */
  bool usable = (uint32_t)groups <= r->groups && (all || begins == rewrite.size);
  size_t at = 0, last_end = SIZE_MAX;
  while (!code && usable && at <= text.size) {
    bool found;
    code = match(&m, r, text, at, 0, &found, st);
    if (code || !found) break;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.data);
    size_t begin = v[0], end = v[1];
    bytes_append(out, base + at, begin - at);
    if (begin == last_end && begin == end) { /* no empty match right behind a match: step over a character */
      if (begin == text.size) {
        at = begin;
        break;
      }
      size_t n = char_size(base + begin, text.size - begin);
      bytes_append(out, base + begin, n);
      at = begin + n;
      continue;
    }
    put_rewrite(&m, text, (Span){rewrite.data, begins}, out);
    at = last_end = end;
    if (!all) break;
  }
  if (!code && at < text.size) bytes_append(out, base + at, text.size - at);
  matcher_close(&m);
  return code;
}
