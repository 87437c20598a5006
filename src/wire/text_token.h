/* Tokens of the text format, as protobuf's tokenizer cuts them. Inside of text_format. */
#ifndef SM_WIRE_TEXT_TOKEN_H_
#define SM_WIRE_TEXT_TOKEN_H_

#include <stdbool.h>

#include "base/bytes.h"

typedef enum TextTokenKind {
  TEXT_END,
  TEXT_IDENTIFIER,
  TEXT_INTEGER,
  TEXT_FLOAT,
  TEXT_STRING,
  TEXT_SYMBOL, /* one character */
} TextTokenKind;

typedef struct TextToken {
  TextTokenKind kind;
  const char *start, *end;
  const char *line_start;
  long line;    /* from 0 */
  bool escaped; /* of a string: it has escapes */
} TextToken;

typedef struct TextTokenizer {
  const char *at, *end;
  const char *line_start;
  long line;
  TextToken token;   /* the current one */
  const char *error; /* set when the last text_next failed, which then is at `token` */
  char error_text[48];
} TextTokenizer;

void text_start(TextTokenizer *t, Span text);
/* Steps to the next token; false for characters that make none (`error` says why). */
bool text_next(TextTokenizer *t);
/* The column of a token from 0, with tabs at every eighth, as protobuf counts. */
long text_column(const TextToken *token);
/* Appends the content of a string token. */
void text_unescape(const TextToken *token, Bytes *out);
/* The value of an integer token; false above `max`. */
bool text_integer(const TextToken *token, uint64_t max, uint64_t *out);

#endif
