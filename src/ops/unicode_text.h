/* Text in the encodings that the Unicode ops take, as ICU reads it: bytes to code points one by one,
 * malformed ones told apart, and code points to bytes. */
#ifndef SM_OPS_UNICODE_TEXT_H_
#define SM_OPS_UNICODE_TEXT_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

typedef enum UnicodeForm { FORM_UTF8, FORM_UTF16, FORM_UTF32, FORM_TABLE } UnicodeForm;

typedef struct UnicodeCoding {
  UnicodeForm form;
  bool little; /* UTF-16 and -32 */
  bool marked; /* a byte order mark, if there is one, tells the order */
  const uint16_t
      *table; /* FORM_TABLE: the code points of the bytes 128 .. 255, 0x1a, 0x1c and 0x7f; 0xffff: none */
} UnicodeCoding;

/* The encoding of a name of ICU's (case and punctuation don't matter): UTF-8, -16 and -32 and those of one
 * byte a character. False for others. */
bool unicode_coding_find(Span name, UnicodeCoding *out);

/* Reads texts one after the other: the byte order that one text tells may hold for those that follow, as in
 * ICU. */
typedef struct UnicodeReader {
  UnicodeCoding coding, named; /* as it stands, as it began */
  const uint8_t *at, *end;
} UnicodeReader;

static inline UnicodeReader unicode_reader(const UnicodeCoding *coding) {
  return (UnicodeReader){.coding = *coding, .named = *coding};
}
void unicode_read(UnicodeReader *r, Span text);
typedef struct UnicodeChar {
  uint32_t code; /* U+FFFD when malformed */
  int bytes;     /* what it takes in the text, a byte order mark before it included */
  bool malformed;
} UnicodeChar;
/* The next code point of the text; false at the end. */
bool unicode_next(UnicodeReader *r, UnicodeChar *out);

/* Appends a code point in UTF-16 units of this machine; nothing for what is beyond U+10FFFF. */
void unicode_put_unit(Bytes *units, uint32_t code);
/* Appends such units as UTF-8, or big-endian UTF-16 or -32; for lone surrogates U+FFFD, in UTF-16 as they
 * are. */
void unicode_put_text(Bytes *out, const Bytes *units, UnicodeForm form);

#endif
