/* The JSON parser: one loop with an explicit stack, RapidJSON's iterative parser in its behaviour: what
 * cannot start a value is taken for a number and is then an "Invalid value.", a NUL byte ends the text,
 * offsets count from the first byte. */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "wire/json.h"
#include "wire/number.h"

typedef struct Parser {
  const char *p, *start, *end;
  JsonDoc *doc;
  size_t capacity;
  size_t stack[LIMIT_JSON_DEPTH]; /* node indices of the open containers */
  int depth;
  TF_Status *st;
} Parser;

static inline char peek(const Parser *j) { return j->p < j->end ? *j->p : 0; }
static inline bool is_digit(char c) { return (unsigned char)(c - '0') < 10; }

static TF_Code bad(Parser *j, const char *at, const char *reason) {
  return fail(j->st, TF_INVALID_ARGUMENT, "JSON Parse error: %s at offset: %zu", reason,
              (size_t)(at - j->start));
}

static inline void skip_blanks(Parser *j) {
  while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\r' || *j->p == '\t')) j->p++;
}

static SM_NOINLINE TF_Code more_nodes(Parser *j) {
  size_t capacity = j->capacity * 2, bytes;
  void *nodes = checked_mul(capacity, sizeof(JsonNode), &bytes) ? realloc(j->doc->nodes, bytes) : NULL;
  if (!nodes) return fail_oom(j->st, "JSON document");
  j->doc->nodes = nodes;
  j->capacity = capacity;
  return TF_OK;
}

static inline TF_Code add(Parser *j, JsonNode node) {
  if (j->doc->count == j->capacity) TRY(more_nodes(j));
  j->doc->nodes[j->doc->count++] = node;
  return TF_OK;
}

/* ---- numbers ---- */

static bool consume_word(Parser *j, const char *word) {
  for (; *word; word++, j->p++)
    if (peek(j) != *word) return false;
  return true;
}

static TF_Code read_special(Parser *j, bool negative) {
  JsonNode node = {.kind = JSON_DOUBLE};
  if (peek(j) == 'N') {
    if (!consume_word(j, "NaN")) return bad(j, j->p, "Invalid value.");
    node.d = NAN;
    return add(j, node);
  }
  if (!consume_word(j, "Inf")) return bad(j, j->p, "Invalid value.");
  if (peek(j) == 'i' && !consume_word(j, "inity")) return bad(j, j->p, "Invalid value.");
  node.d = negative ? -INFINITY : INFINITY;
  return add(j, node);
}

static TF_Code read_fraction(Parser *j, const char *start, const char *digits, bool negative) {
  const char *p = j->p;
  if (p < j->end && *p == '.' && (p + 1 == j->end || !is_digit(p[1])))
    return bad(j, p + 1, "Missing fraction part in number.");
  JsonNode node = {.kind = JSON_DOUBLE};
  j->p = number_read_double(digits, j->end, &node.d);
  if (peek(j) == 'e' || peek(j) == 'E') {
    p = j->p + 1;
    if (p < j->end && (*p == '+' || *p == '-')) p++;
    return bad(j, p, "Missing exponent in number.");
  }
  if (isinf(node.d)) return bad(j, start, "Number too big to be stored in double.");
  if (negative) node.d = -node.d;
  return add(j, node);
}

static TF_Code read_number(Parser *j) {
  const char *start = j->p;
  bool negative = peek(j) == '-';
  j->p += negative;
  const char *digits = j->p, *p = digits;
  if (p == j->end || !is_digit(*p)) {
    if (peek(j) == 'N' || peek(j) == 'I') return read_special(j, negative);
    return bad(j, p, "Invalid value.");
  }
  uint64_t v = 0;
  bool fits = true;
  if (*p == '0') {
    p++;
  } else {
    for (; p < j->end && is_digit(*p); p++) {
      uint64_t digit = (uint64_t)(*p - '0');
      fits = fits && !(v > UINT64_MAX / 10 || (v == UINT64_MAX / 10 && digit > UINT64_MAX % 10));
      v = v * 10 + digit;
    }
  }
  j->p = p;
  if (p < j->end && (*p == '.' || *p == 'e' || *p == 'E')) return read_fraction(j, start, digits, negative);
  if (!fits || (negative && v > (uint64_t)1 << 63)) return read_fraction(j, start, digits, negative);
  if (negative) return add(j, (JsonNode){.kind = JSON_INT, .i = (int64_t)(0 - v)});
  if (v > INT64_MAX) return add(j, (JsonNode){.kind = JSON_UINT, .u = v});
  return add(j, (JsonNode){.kind = JSON_INT, .i = (int64_t)v});
}

/* ---- strings ---- */

/* Steps over bytes of a string that stand for themselves. */
static const char *skip_plain(const char *p, const char *end) {
  const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
  while (end - p >= 8) {
    uint64_t w, q, b;
    memcpy(&w, p, 8);
    q = w ^ ones * '"';
    b = w ^ ones * '\\';
    if ((((q - ones) & ~q) | ((b - ones) & ~b) | ((w - ones * 0x20) & ~w)) & high) break;
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
  return p;
}

static int hex4(const char *p, const char *end) {
  int v = 0;
  if (end - p < 4) return -1;
  for (int i = 0; i < 4; i++) {
    char c = p[i];
    int digit = is_digit(c)            ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return -1;
    v = v * 16 + digit;
  }
  return v;
}

/* Reads the escape at j->p and writes what it stands for. */
static TF_Code read_escape(Parser *j, char **to) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char *at = j->p++;
  char c = peek(j);
  const char *name = c ? strchr(names, c) : NULL;
  if (name) {
    j->p++;
    *(*to)++ = values[name - names];
    return TF_OK;
  }
  if (c != 'u') return bad(j, at, "Invalid escape character in string.");
  int code = hex4(j->p + 1, j->end);
  if (code < 0) return bad(j, at, "Incorrect hex digit after \\u escape in string.");
  j->p += 5;
  uint32_t point = (uint32_t)code;
  if (code >= 0xd800 && code <= 0xdfff) {
    bool pair = code < 0xdc00 && j->end - j->p >= 2 && j->p[0] == '\\' && j->p[1] == 'u';
    if (!pair) return bad(j, at, "The surrogate pair in string is invalid.");
    int low = hex4(j->p + 2, j->end);
    if (low < 0) return bad(j, at, "Incorrect hex digit after \\u escape in string.");
    if (low < 0xdc00 || low > 0xdfff) return bad(j, at, "The surrogate pair in string is invalid.");
    point = 0x10000 + ((uint32_t)(code - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
    j->p += 6;
  }
  *to += utf8_put(*to, point);
  return TF_OK;
}

/* What ends a string too early. */
static TF_Code bad_string(Parser *j) {
  return peek(j) ? bad(j, j->p, "Invalid encoding in string.")
                 : bad(j, j->p, "Missing a closing quotation mark in string.");
}

/* From the first backslash on: the string is put together in the arena. */
static TF_Code read_escaped(Parser *j, const char *start) {
  const char *close =
      j->p; /* the room needed is at most what is written, which ends at the next bare quote */
  while (close < j->end && *close != '"') close += *close == '\\' && j->end - close > 1 ? 2 : 1;
  char *text = arena_alloc(&j->doc->strings, (size_t)(close - start) + 4);
  if (!text) return fail_oom(j->st, "JSON document");
  memcpy(text, start, (size_t)(j->p - start));
  char *to = text + (j->p - start);
  while (peek(j) != '"') {
    if (peek(j) == '\\') {
      TRY(read_escape(j, &to));
      continue;
    }
    const char *run = j->p;
    j->p = skip_plain(run, j->end);
    if (j->p == run) return bad_string(j);
    memcpy(to, run, (size_t)(j->p - run));
    to += j->p - run;
  }
  j->p++;
  return add(j, (JsonNode){.kind = JSON_STRING, .count = (uint32_t)(to - text), .text = text});
}

static TF_Code read_string(Parser *j) {
  const char *start = ++j->p;
  j->p = skip_plain(start, j->end);
  char c = peek(j);
  if (c == '\\') return read_escaped(j, start);
  if (c != '"') return bad_string(j);
  JsonNode node = {.kind = JSON_STRING, .count = (uint32_t)(j->p - start), .text = start};
  j->p++;
  return add(j, node);
}

/* ---- the loop ---- */

static TF_Code read_word(Parser *j, const char *word, JsonKind kind) {
  return consume_word(j, word) ? add(j, (JsonNode){.kind = kind}) : bad(j, j->p, "Invalid value.");
}

static TF_Code open_container(Parser *j, JsonKind kind) {
  if (j->depth == LIMIT_JSON_DEPTH) return bad(j, j->p, "Values are nested too deep");
  j->stack[j->depth++] = j->doc->count;
  j->p++;
  return add(j, (JsonNode){.kind = kind});
}

static void close_container(Parser *j) {
  j->p++;
  JsonNode *node = &j->doc->nodes[j->stack[--j->depth]];
  node->extent = (size_t)(&j->doc->nodes[j->doc->count] - node);
}

/* A value; containers are only opened. */
static TF_Code read_value(Parser *j) {
  switch (peek(j)) {
    case '{': return open_container(j, JSON_OBJECT);
    case '[': return open_container(j, JSON_ARRAY);
    case '"': return read_string(j);
    case 'n': return read_word(j, "null", JSON_NULL);
    case 't': return read_word(j, "true", JSON_TRUE);
    case 'f': return read_word(j, "false", JSON_FALSE);
    default: return read_number(j);
  }
}

static TF_Code read_key(Parser *j) {
  if (peek(j) != '"') return bad(j, j->p, "Missing a name for object member.");
  TRY(read_string(j));
  skip_blanks(j);
  if (peek(j) != ':') return bad(j, j->p, "Missing a colon after a name of object member.");
  j->p++;
  skip_blanks(j);
  return TF_OK;
}

/* Steps from the end of a value to the start of the next, closing containers; *done at the end of the
 * root. */
static TF_Code step(Parser *j, bool *done) {
  while (j->depth) {
    JsonNode *top = &j->doc->nodes[j->stack[j->depth - 1]];
    bool object = top->kind == JSON_OBJECT;
    top->count++;
    skip_blanks(j);
    if (peek(j) == ',') {
      j->p++;
      skip_blanks(j);
      return object ? read_key(j) : TF_OK;
    }
    if (peek(j) != (object ? '}' : ']'))
      return bad(j, j->p,
                 object ? "Missing a comma or } after an object member."
                        : "Missing a comma or ] after an array element.");
    close_container(j);
  }
  *done = true;
  return TF_OK;
}

static TF_Code read_root(Parser *j) {
  skip_blanks(j);
  if (!peek(j) || strchr("]},:", peek(j))) return bad(j, j->p, "The document is empty.");
  bool done = false;
  while (!done) {
    int depth = j->depth;
    TRY(read_value(j));
    if (j->depth > depth) { /* opened: its first member, or its end */
      bool object = j->doc->nodes[j->doc->count - 1].kind == JSON_OBJECT;
      skip_blanks(j);
      if (peek(j) != (object ? '}' : ']')) {
        if (object) TRY(read_key(j));
        continue;
      }
      close_container(j);
    }
    TRY(step(j, &done));
  }
  return TF_OK;
}

TF_Code json_parse(Span text, JsonDoc *doc, TF_Status *st) {
  *doc = (JsonDoc){0};
  if (!text.size) return fail(st, TF_INVALID_ARGUMENT, "JSON Parse error: The document is empty");
  if (text.size >= UINT32_MAX)
    return fail(st, TF_RESOURCE_EXHAUSTED, "JSON text of %zu bytes is too long", text.size);
  Parser j = {.doc = doc, .start = text.data, .capacity = text.size / 16 + 16, .st = st};
  j.p = j.start;
  j.end = j.start + text.size;
  if (text.size >= 3 && !memcmp(j.p, "\xef\xbb\xbf", 3)) j.p += 3;
  doc->nodes = malloc(j.capacity * sizeof *doc->nodes);
  TF_Code code = doc->nodes ? read_root(&j) : fail_oom(st, "JSON document");
  if (code) json_doc_clear(doc);
  return code;
}

void json_doc_clear(JsonDoc *doc) {
  free(doc->nodes);
  arena_clear(&doc->strings);
  *doc = (JsonDoc){0};
}

/* ---- looking at values ---- */

const JsonNode *json_member_n(const JsonNode *v, const char *name, size_t len) {
  if (v->kind != JSON_OBJECT) return NULL;
  for (const JsonNode *key = json_first(v), *end = json_end(v); key != end; key = json_end(key + 1))
    if (key->count == len && !memcmp(key->text, name, len)) return key + 1;
  return NULL;
}

const JsonNode *json_member(const JsonNode *v, const char *name) {
  return json_member_n(v, name, strlen(name));
}

bool json_as_double(const JsonNode *v, double *out) {
  if (!json_is_number(v)) return false;
  *out = v->kind == JSON_INT ? (double)v->i : v->kind == JSON_UINT ? (double)v->u : v->d;
  return true;
}

bool json_string_is(const JsonNode *v, const char *text) {
  return v->kind == JSON_STRING && v->count == strlen(text) && !memcmp(v->text, text, v->count);
}

const char *json_type_name(const JsonNode *v) {
  static const char *const names[] = {"Null",   "False",  "True",   "Object", "Array",
                                      "String", "Number", "Number", "Number"};
  return names[v->kind];
}
