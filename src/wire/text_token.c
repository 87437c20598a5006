#include "wire/text_token.h"

#include <stdio.h>

#include "base/utf8.h"

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_octal(char c) { return c >= '0' && c <= '7'; }
static inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void text_start(TextTokenizer *t, Span text) {
  *t = (TextTokenizer){.at = text.data, .line_start = text.data};
  t->end = t->at ? t->at + text.size : NULL;
}

static void new_line(TextTokenizer *t, const char *next_line) {
  t->line++;
  t->line_start = next_line;
}

static void skip_blanks(TextTokenizer *t) {
  for (; t->at < t->end; t->at++) {
    char c = *t->at;
    if (c == '\n') {
      new_line(t, t->at + 1);
    } else if (c == '#') {
      const char *line_end = memchr(t->at, '\n', (size_t)(t->end - t->at));
      t->at = (line_end ? line_end : t->end) - 1;
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\v' && c != '\f') {
      return;
    }
  }
}

static bool bad(TextTokenizer *t, const char *at, const char *error) {
  t->token.start = t->token.end = at;
  t->token.line = t->line;
  t->token.line_start = t->line_start;
  t->error = error;
  t->at = t->end;
  return false;
}

static bool hex_digits(const char *p, const char *end, int count) {
  if (end - p < count) return false;
  for (int i = 0; i < count; i++)
    if (hex_value(p[i]) < 0) return false;
  return true;
}

static const char *skip_hex(const char *p, const char *end, int count) {
  while (count-- > 0 && p < end && hex_value(*p) >= 0) p++;
  return p;
}

/* Steps over what follows a backslash; false, with the place in *p, for what is no escape. */
static bool skip_escape(const char **p, const char *end, const char **error) {
  *error = "Invalid escape sequence in string literal.";
  const char *at = *p;
  if (at >= end) return false;
  if (is_octal(*at) || memchr("abfnrtv\\?'\"", *at, 11)) {
    *p = at + 1;
    return true;
  }
  if (*at == 'x' || *at == 'X') {
    *error = "Expected hex digits for escape sequence.";
    *p = skip_hex(at + 1, end, 1);
    return *p == at + 2;
  }
  if (*at == 'u') {
    *error = "Expected four hex digits for \\u escape sequence.";
    *p = skip_hex(at + 1, end, 4);
    return *p == at + 5;
  }
  if (*at == 'U') {
    *error = "Expected eight hex digits up to 10ffff for \\U escape sequence";
    *p = skip_hex(at + 1, end, 8);
    return *p == at + 9 && at[1] == '0' && at[2] == '0' && (at[3] == '0' || (at[3] == '1' && at[4] == '0'));
  }
  return false;
}

static bool take_string(TextTokenizer *t) {
  char quote = *t->at++;
  t->token.kind = TEXT_STRING;
  t->token.escaped = false;
  const char *p = t->at;
  for (;;) {
    if (p >= t->end) return bad(t, p, "Unexpected end of string.");
    char c = *p;
    if (c == quote) break;
    if (c == '\n') return bad(t, p, "String literals cannot cross line boundaries.");
    p++;
    if (c != '\\') continue;
    t->token.escaped = true;
    const char *error;
    if (!skip_escape(&p, t->end, &error)) return bad(t, p, error);
  }
  t->at = p + 1;
  return true;
}

static bool take_number(TextTokenizer *t) {
  const char *p = t->at, *end = t->end;
  t->token.kind = TEXT_INTEGER;
  if (*p == '0' && p + 1 < end && (p[1] == 'x' || p[1] == 'X')) {
    p += 2;
    if (!hex_digits(p, end, 1)) return bad(t, p, "\"0x\" must be followed by hex digits.");
    while (p < end && hex_value(*p) >= 0) p++;
  } else if (*p == '0' && p + 1 < end && is_digit(p[1])) {
    while (p < end && is_octal(*p)) p++;
    if (p < end && is_digit(*p)) return bad(t, p, "Numbers starting with leading zero must be in octal.");
  } else {
    while (p < end && is_digit(*p)) p++;
    if (p < end && *p == '.') {
      t->token.kind = TEXT_FLOAT;
      p++;
      while (p < end && is_digit(*p)) p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
      t->token.kind = TEXT_FLOAT;
      p++;
      if (p < end && (*p == '-' || *p == '+')) p++;
      if (p >= end || !is_digit(*p)) return bad(t, p, "\"e\" must be followed by exponent.");
      while (p < end && is_digit(*p)) p++;
    }
    if (p < end && (*p == 'f' || *p == 'F')) {
      t->token.kind = TEXT_FLOAT;
      p++;
    }
    if (p < end && *p == '.' && t->token.kind == TEXT_FLOAT)
      return bad(t, p, "Already saw decimal point or exponent; can't have another one.");
  }
  if (p < end && *p == '.') return bad(t, p, "Hex and octal numbers must be integers.");
  if (p < end && is_letter(*p)) return bad(t, p, "Need space between number and identifier.");
  t->at = p;
  return true;
}

bool text_next(TextTokenizer *t) {
  skip_blanks(t);
  t->token = (TextToken){.kind = TEXT_END,
                         .start = t->at,
                         .end = t->at,
                         .line_start = t->line_start,
                         .line = t->line};
  if (t->at >= t->end) return true;
  char c = *t->at;
  if (is_letter(c)) {
    t->token.kind = TEXT_IDENTIFIER;
    while (t->at < t->end && (is_letter(*t->at) || is_digit(*t->at))) t->at++;
  } else if (is_digit(c) || (c == '.' && t->at + 1 < t->end && is_digit(t->at[1]))) {
    if (!take_number(t)) return false;
  } else if (c == '"' || c == '\'') {
    if (!take_string(t)) return false;
  } else if ((unsigned char)c < 0x20 || c == 0x7f) {
    return bad(t, t->at, "Invalid control characters encountered in text.");
  } else if ((unsigned char)c >= 0x80) {
    const char *at = t->at;
    snprintf(t->error_text, sizeof t->error_text, "Interpreting non ascii codepoint %d.", (unsigned char)c);
    return bad(t, at, t->error_text);
  } else {
    t->token.kind = TEXT_SYMBOL;
    t->at++;
  }
  t->token.end = t->at;
  return true;
}

long text_column(const TextToken *token) {
  long column = 0;
  for (const char *p = token->line_start; p < token->start; p++)
    column = *p == '\t' ? column / 8 * 8 + 8 : column + 1;
  return column;
}

static uint32_t read_hex(const char *p, int count) {
  uint32_t v = 0;
  while (count-- > 0) v = v << 4 | (uint32_t)hex_value(*p++);
  return v;
}

/* Writes what the escape behind the backslash stands for; returns where it ends. */
static const char *put_escape(const char *p, const char *end, Bytes *out) {
  static const char letters[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
  char c = *p++;
  if (is_octal(c)) {
    int v = c - '0';
    for (int i = 0; i < 2 && p < end && is_octal(*p); i++) v = v * 8 + (*p++ - '0');
    bytes_putc(out, (char)v);
  } else if (c == 'x' || c == 'X') {
    int v = 0;
    for (int i = 0; i < 2 && p < end && hex_value(*p) >= 0; i++) v = v * 16 + hex_value(*p++);
    bytes_putc(out, (char)v);
  } else if (c == 'u' || c == 'U') {
    int digits = c == 'u' ? 4 : 8;
    uint32_t code = read_hex(p, digits);
    p += digits;
    if (code >= 0xd800 && code < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
        hex_digits(p + 2, end, 4)) {
      uint32_t low = read_hex(p + 2, 4);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      }
    }
    char utf8[4];
    bytes_append(out, utf8, utf8_put(utf8, code));
  } else {
    const char *letter = memchr(letters, c, sizeof letters - 1);
    bytes_putc(out, letter ? values[letter - letters] : c);
  }
  return p;
}

void text_unescape(const TextToken *token, Bytes *out) {
  const char *p = token->start + 1, *end = token->end - 1;
  if (!token->escaped) {
    bytes_append(out, p, (size_t)(end - p));
    return;
  }
  if (!bytes_reserve(out, (size_t)(end - p))) return;
  while (p < end) {
    const char *slash = memchr(p, '\\', (size_t)(end - p));
    if (slash != p) bytes_append(out, p, (size_t)((slash ? slash : end) - p));
    if (!slash) return;
    p = put_escape(slash + 1, end, out);
  }
}

bool text_integer(const TextToken *token, uint64_t max, uint64_t *out) {
  const char *p = token->start;
  uint64_t base = 10, v = 0;
  if (*p == '0' && token->end - p > 1) {
    bool hex = p[1] == 'x' || p[1] == 'X';
    base = hex ? 16 : 8;
    p += hex ? 2 : 1;
  }
  for (; p < token->end; p++) {
    uint64_t digit = (uint64_t)hex_value(*p);
    if (digit > max || v > (max - digit) / base) return false;
    v = v * base + digit;
  }
  *out = v;
  return true;
}
