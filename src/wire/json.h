/* JSON as TensorFlow Serving reads and writes it: RapidJSON's rules and error texts.
 *
 * Reading gives a flat array of 16-byte nodes in the order of the text; a container is followed by
 * what it holds, an object's keys each by its value. Strings without escapes stay in the text.
 *
 *   JsonDoc doc;
 *   TRY(json_parse(text, &doc, st));
 *   const JsonNode *list = json_member(json_root(&doc), "instances");
 *   for (const JsonNode *v = json_first(list), *end = json_end(list); v != end; v = json_end(v)) ...
 *   json_doc_clear(&doc);
 *
 * Accepted beyond the standard: NaN, Inf, Infinity and their negatives; a byte-order mark; anything
 * after the first value. Depth is at most LIMIT_JSON_DEPTH. */
#ifndef SM_WIRE_JSON_H_
#define SM_WIRE_JSON_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

/* In the order of RapidJSON's types; a number's kind tells how it was written. */
typedef enum JsonKind {
  JSON_NULL,
  JSON_FALSE,
  JSON_TRUE,
  JSON_OBJECT,
  JSON_ARRAY,
  JSON_STRING,
  JSON_INT,    /* without fraction or exponent, fits int64: `i` */
  JSON_UINT,   /* the same, above int64, fits uint64: `u` */
  JSON_DOUBLE, /* all other numbers, NaN and infinities: `d` */
} JsonKind;

typedef struct JsonNode {
  uint32_t kind;  /* JsonKind */
  uint32_t count; /* elements of an array, members of an object, bytes of a string */
  union {
    int64_t i;
    uint64_t u;
    double d;
    const char *text; /* of a string; not NUL-terminated */
    size_t extent;    /* of a container: nodes, itself included */
  };
} JsonNode;

typedef struct JsonDoc {
  JsonNode *nodes;
  size_t count;
  Arena strings; /* strings that had escapes */
} JsonDoc;

/* The text must outlive the document. After an error the document is empty.
 * Errors: TF_INVALID_ARGUMENT "JSON Parse error: <reason> at offset: <n>", or without offset
 * "JSON Parse error: The document is empty"; out of memory. */
TF_Code json_parse(Span text, JsonDoc *doc, TF_Status *st);
void json_doc_clear(JsonDoc *doc);

static inline const JsonNode *json_root(const JsonDoc *doc) { return doc->nodes; }
static inline bool json_is_container(const JsonNode *v) {
  return v->kind == JSON_ARRAY || v->kind == JSON_OBJECT;
}
static inline bool json_is_number(const JsonNode *v) { return v->kind >= JSON_INT; }
/* The node behind `v` and all that it holds. */
static inline const JsonNode *json_end(const JsonNode *v) {
  return v + (json_is_container(v) ? v->extent : 1);
}
/* The first element of an array, or the first key of an object; json_end(v) when it is empty. The value
 * of a key is key + 1, the next key json_end(key + 1). */
static inline const JsonNode *json_first(const JsonNode *v) { return v + 1; }
/* The value of the first member of that name; null when there is none or `v` is no object. */
const JsonNode *json_member(const JsonNode *v, const char *name);
const JsonNode *json_member_n(const JsonNode *v, const char *name, size_t len);
/* A number as double, exact where possible (false for others). */
bool json_as_double(const JsonNode *v, double *out);
bool json_string_is(const JsonNode *v, const char *text);
/* "Null", "False", "True", "Object", "Array", "String", "Number". */
const char *json_type_name(const JsonNode *v);
/* Appends the value for an error message: indented by 4, arrays on one line, cut after `max` bytes. */
void json_dump(const JsonNode *v, size_t max, Bytes *out);

/* Writing single values. */
/* Digits as %.6g if they read back, else 9 (float) or 17 (double); ".0" added to what would look like
 * an integer; NaN, Infinity, -Infinity. */
void json_put_float(Bytes *out, float v);
void json_put_double(Bytes *out, double v);
/* As RapidJSON's writer puts doubles: shortest digits, "1e30" but "100000.0". For error messages. */
void json_put_shortest(Bytes *out, double v);
void json_put_i64(Bytes *out, int64_t v);
void json_put_u64(Bytes *out, uint64_t v);
/* With quotes; escapes " \ and control characters (\u00XX in capitals), leaves all other bytes as they
 * are. */
void json_put_string(Bytes *out, const char *text, size_t len);

/* Writing documents in RapidJSON's PrettyWriter layout: members and elements on lines of their own,
 * indented; an empty container is `{}` or `[]`. With `single_line_arrays` an array's elements are
 * separated by ", " on one line; it may be switched between calls, and counts when each element starts
 * and when the array ends. Keys and values are put by json_key() and the put functions above after
 * json_value(). */
/* A document nested deeper than this fails as if memory were out. */
enum { JSON_WRITER_DEPTH = 256 };
typedef struct JsonWriter {
  Bytes *out;
  int indent; /* blanks a level; -1: all on one line without blanks */
  bool single_line_arrays;
  int depth;
  struct {
    bool object;
    uint64_t count; /* values so far, keys included */
  } level[JSON_WRITER_DEPTH];
} JsonWriter;

/* To be called before each value (json_begin_* and json_key do so themselves). */
void json_value(JsonWriter *w);
void json_key(JsonWriter *w, const char *name, size_t len);
void json_begin_object(JsonWriter *w);
void json_end_object(JsonWriter *w);
void json_begin_array(JsonWriter *w);
void json_end_array(JsonWriter *w);
/* json_value() and the value. */
void json_write_string(JsonWriter *w, const char *text, size_t len);
void json_write_cstring(JsonWriter *w, const char *text);
void json_write_i64(JsonWriter *w, int64_t v);
void json_write_bool(JsonWriter *w, bool v);

#endif
