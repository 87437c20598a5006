/* Reading and writing text by code point. */
#include "ops/unicode_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

enum { LOST = 0xfffd, MAX_CODE = 0x10ffff, NAME_MAX_BYTES = 40 };

typedef struct CharsetName {
  const char *name;
  int table;
} CharsetName;

#define CHARSET_NAMES
static const CharsetName charset_names[] = {
#include "ops/unicode_charsets.inc"
};
#undef CHARSET_NAMES

#define CHARSET_TABLES
static const uint16_t charset_tables[][131] = {
#include "ops/unicode_charsets.inc"
};
#undef CHARSET_TABLES

static const struct {
  const char *name;
  UnicodeCoding coding;
} unicode_names[] = {
    {"utf8", {FORM_UTF8, false, false, NULL}},     {"cp1208", {FORM_UTF8, false, false, NULL}},
    {"utf16be", {FORM_UTF16, false, false, NULL}}, {"utf16le", {FORM_UTF16, true, false, NULL}},
    {"utf16", {FORM_UTF16, false, true, NULL}},    {"utf32be", {FORM_UTF32, false, false, NULL}},
    {"utf32le", {FORM_UTF32, true, false, NULL}},  {"utf32", {FORM_UTF32, false, true, NULL}},
};

/* A name as ICU compares them: lower case, without punctuation and zeros that lead a number. */
static bool plain_name(Span name, char *out) {
  size_t n = 0;
  bool number = false;
  for (size_t i = 0; i < name.size; i++) {
    unsigned char c = ((const unsigned char *)name.data)[i];
    bool kept = c < 0x80 && isalnum(c) && !(c == '0' && !number);
    if (c >= 0x80 || c == ',' || c == 0 || n + 1 == NAME_MAX_BYTES) return false;
    if (!isalnum(c)) number = false;
    if (!kept) continue;
    number = isdigit(c);
    out[n++] = (char)tolower(c);
  }
  out[n] = 0;
  return n > 0;
}

static int compare_names(const void *key, const void *item) {
  return strcmp(key, ((const CharsetName *)item)->name);
}

bool unicode_coding_find(Span name, UnicodeCoding *out) {
  char plain[NAME_MAX_BYTES];
  if (!plain_name(name, plain)) return false;
  for (size_t i = 0; i < SM_COUNTOF(unicode_names); i++) {
    if (strcmp(unicode_names[i].name, plain) != 0) continue;
    *out = unicode_names[i].coding;
    return true;
  }
  const CharsetName *found = bsearch(plain, charset_names, SM_COUNTOF(charset_names), sizeof *charset_names,
                                     compare_names);
  if (found) *out = (UnicodeCoding){.form = FORM_TABLE, .table = charset_tables[found->table]};
  return found != NULL;
}

/* ---- reading ---- */

void unicode_read(UnicodeReader *r, Span text) {
  r->at = text.data ? text.data : (const uint8_t *)"";
  r->end = r->at + text.size;
}

static bool is_lead(uint32_t unit) { return (unit & 0xfc00) == 0xd800; }
static bool is_trail(uint32_t unit) { return (unit & 0xfc00) == 0xdc00; }

static UnicodeChar lost(size_t bytes) { return (UnicodeChar){LOST, (int)bytes, true}; }

/* Malformed text ends where no character could go on, as the Unicode standard recommends. */
static UnicodeChar next_utf8(const uint8_t *p, size_t left) {
  uint8_t c = p[0], low = 0x80, high = 0xbf;
  if (c < 0x80) return (UnicodeChar){c, 1, false};
  size_t size = c >= 0xf0 && c <= 0xf4 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 1;
  if (size == 1) return lost(1);
  if (c == 0xe0) low = 0xa0;
  if (c == 0xed) high = 0x9f;
  if (c == 0xf0) low = 0x90;
  if (c == 0xf4) high = 0x8f;
  uint32_t code = c & (0x7f >> size);
  for (size_t i = 1; i < size; i++, low = 0x80, high = 0xbf) {
    if (i >= left || p[i] < low || p[i] > high) return lost(i);
    code = code << 6 | (p[i] & 0x3f);
  }
  return (UnicodeChar){code, (int)size, false};
}

static uint32_t unit_at(const uint8_t *p, bool little) {
  return little ? (uint32_t)p[0] | (uint32_t)p[1] << 8 : (uint32_t)p[1] | (uint32_t)p[0] << 8;
}

static UnicodeChar next_utf16(const uint8_t *p, size_t left, bool little) {
  if (left < 2) return lost(left);
  uint32_t unit = unit_at(p, little);
  if (is_trail(unit)) return lost(2);
  if (!is_lead(unit)) return (UnicodeChar){unit, 2, false};
  if (left < 4) return lost(left);
  uint32_t trail = unit_at(p + 2, little);
  if (!is_trail(trail)) return lost(2);
  return (UnicodeChar){0x10000 + ((unit & 0x3ff) << 10 | (trail & 0x3ff)), 4, false};
}

static UnicodeChar next_utf32(const uint8_t *p, size_t left, bool little) {
  if (left < 4) return lost(left);
  uint32_t high = unit_at(little ? p + 2 : p, little), low = unit_at(little ? p : p + 2, little);
  uint32_t code = high << 16 | low;
  return code > MAX_CODE || (code & 0xfffff800) == 0xd800 ? lost(4) : (UnicodeChar){code, 4, false};
}

static UnicodeChar next_byte(uint8_t c, const uint16_t *table) {
  uint32_t code = c >= 0x80   ? table[c - 0x80]
                  : c == 0x1a ? table[128]
                  : c == 0x1c ? table[129]
                  : c == 0x7f ? table[130]
                              : c;
  return code == 0xffff ? lost(1) : (UnicodeChar){code, 1, false};
}

/* Takes the byte order mark at the start; its size. */
static size_t take_mark(UnicodeReader *r) {
  size_t size = r->coding.form == FORM_UTF16 ? 2 : 4, left = (size_t)(r->end - r->at);
  r->coding.marked = false;
  if (left < size) return 0;
  UnicodeChar big = size == 2 ? next_utf16(r->at, 2, false) : next_utf32(r->at, 4, false);
  UnicodeChar little = size == 2 ? next_utf16(r->at, 2, true) : next_utf32(r->at, 4, true);
  if (big.code != 0xfeff && little.code != 0xfeff) return 0;
  r->coding.little = little.code == 0xfeff;
  r->at += size;
  return size;
}

bool unicode_next(UnicodeReader *r, UnicodeChar *out) {
  if (r->at == r->end) return false;
  bool detects = r->coding.marked;
  size_t mark = detects ? take_mark(r) : 0, left = (size_t)(r->end - r->at);
  if (!left) { /* TF: a mark and nothing else is this character */
    r->coding = r->named;
    *out = (UnicodeChar){0xffff, (int)mark, false};
    return true;
  }
  switch (r->coding.form) {
    case FORM_UTF8: *out = next_utf8(r->at, left); break;
    case FORM_UTF16: *out = next_utf16(r->at, left, r->coding.little); break;
    case FORM_UTF32: *out = next_utf32(r->at, left, r->coding.little); break;
    default: *out = next_byte(*r->at, r->coding.table);
  }
  r->at += out->bytes;
  out->bytes += (int)mark;
  /* TF: the converter forgets the order where the text ends with the character that told it, or a malformed
   * one. */
  if (r->at == r->end && (detects || out->malformed)) r->coding = r->named;
  return true;
}

/* ---- writing ---- */

void unicode_put_unit(Bytes *units, uint32_t code) {
  uint16_t unit[2] = {(uint16_t)code, 0};
  if (code > MAX_CODE) return;
  if (code > 0xffff) {
    unit[0] = (uint16_t)(0xd7c0 + (code >> 10));
    unit[1] = (uint16_t)(0xdc00 | (code & 0x3ff));
  }
  bytes_append(units, unit, code > 0xffff ? 4 : 2);
}

static void put_utf8(Bytes *b, uint32_t c) {
  int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
  bytes_putc(b, (char)(leads[more] | c >> 6 * more));
  while (more--) bytes_putc(b, (char)(0x80 | (c >> 6 * more & 0x3f)));
}

static void put_big(Bytes *b, uint32_t v, int bytes) {
  while (bytes--) bytes_putc(b, (char)(v >> 8 * bytes));
}

void unicode_put_text(Bytes *out, const Bytes *units, UnicodeForm form) {
  size_t n = units->size / 2;
  for (size_t i = 0; i < n; i++) {
    uint16_t unit, next = 0;
    memcpy(&unit, units->data + 2 * i, 2);
    if (i + 1 < n) memcpy(&next, units->data + 2 * i + 2, 2);
    if (form == FORM_UTF16) {
      put_big(out, unit, 2);
      continue;
    }
    uint32_t code = unit;
    if (is_lead(unit) && is_trail(next)) {
      code = 0x10000 + (((uint32_t)unit & 0x3ff) << 10 | (next & 0x3ff));
      i++;
    }
    bool lone = (code & 0xfffff800) == 0xd800;
    if (form == FORM_UTF8) put_utf8(out, lone ? LOST : code);
    else put_big(out, code, 4);
  }
}
