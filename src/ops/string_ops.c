/* Strings element by element: joining, hashing, matching, trimming, case, length, parts, base64, text of
 * numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/float16.h"
#include "ops/array_util.h"
#include "ops/regex.h"
#include "ops/string_hash.h"
#include "ops/string_util.h"
#include "ops/unicode_case.h"

int64_t utf8_length(Span s) {
  int64_t n = 0;
  for (size_t i = 0; i < s.size; i++) n += !utf8_continues(((const char *)s.data)[i]);
  return n;
}

/* ---- StringJoin ---- */

static TF_Code join_shape(ShapeCtx *c, TF_Status *st) {
  Shape out = shape_unknown();
  bool all_scalar = true, unknown = false;
  for (int i = 0; i < c->num_inputs; i++) {
    if (c->inputs[i]->rank < 0) unknown = true;
    else if (c->inputs[i]->rank > 0) {
      all_scalar = false;
      TRY(shape_merge(&out, c->inputs[i], &out, st));
    }
  }
  if (all_scalar && !unknown) out = shape_rank0();
  c->outputs[0] = all_scalar && unknown ? shape_unknown() : out;
  return TF_OK;
}

static TF_Code join_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *wide = NULL;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  for (int i = 0; i < c->num_inputs; i++) {
    const Tensor *t = op_input(c, i);
    if (t->rank == 0) continue;
    if (!wide) wide = t;
    else if (!tensor_same_shape(wide, t))
      return fail(st, TF_INVALID_ARGUMENT, "Input shapes do not match: %s vs. %s",
                  shape_text(wide->dims, wide->rank, a, sizeof a), shape_text(t->dims, t->rank, b, sizeof b));
  }
  return wide ? op_output_like(c, 0, wide, st) : op_output_scalar(c, 0, TF_STRING, st);
}

static TF_Code join_run(OpCtx *c, TF_Status *st) {
  Span separator;
  Bytes b = {0};
  TRY(node_attr_string(c->node, "separator", &separator, st));
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(&c->outputs[0]); !code && i < n; i++) {
    b.size = 0;
    for (int k = 0; k < c->num_inputs; k++) {
      Span s = string_at(op_input(c, k), op_input(c, k)->rank ? i : 0);
      if (k) bytes_append(&b, separator.data, separator.size);
      bytes_append(&b, s.data, s.size);
    }
    code = string_put_bytes(&c->outputs[0], i, &b, st);
  }
  bytes_clear(&b);
  return code;
}

/* ---- StringToHashBucket* ---- */

typedef struct HashState {
  uint64_t buckets, key[2];
} HashState;

static TF_Code hash_init(OpInit *k, TF_Status *st) {
  HashState *s = k->state;
  int64_t buckets;
  const Attr *key;
  TRY(node_attr_int(k->node, "num_buckets", &buckets, st));
  if (buckets < 1)
    return fail(st, TF_INVALID_ARGUMENT, "num_buckets must be at least 1, but is %lld", (long long)buckets);
  s->buckets = (uint64_t)buckets;
  if (strcmp(k->node->op, "StringToHashBucketStrong")) return TF_OK;
  TRY(node_attr_list(k->node, "key", TF_ATTR_INT, &key, st));
  if (key->count != 2) return fail(st, TF_INVALID_ARGUMENT, "Key must have 2 elements");
  for (int i = 0; i < 2; i++) s->key[i] = (uint64_t)key->v.list_i[i];
  return TF_OK;
}

static TF_Code hash_run(OpCtx *c, TF_Status *st) {
  const HashState *s = c->state;
  (void)st;
  char last = c->node->op[strlen(c->node->op) - 1];
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); i < n; i++) {
    Span x = string_at(op_input(c, 0), i);
    uint64_t h = last == 'g' ? siphash24(s->key, x.data, x.size) /* ...Strong */
                 : last == 't' && c->node->op[strlen(c->node->op) - 2] == 's'
                     ? fingerprint64(x.data, x.size) /* ...Fast */
                     : tf_hash64(x.data, x.size);
    ((int64_t *)c->outputs[0].data)[i] = (int64_t)(h % s->buckets);
  }
  return TF_OK;
}

/* Fingerprint: 8 bytes of the hash of each row. */
static TF_Code fingerprint_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_matrix(c->inputs[0]->rank > 0 ? c->inputs[0]->dims[0] : -1, 8);
  return TF_OK;
}

static TF_Code fingerprint_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  const Tensor *name = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (name->rank)
    return fail(st, TF_INVALID_ARGUMENT, "`method` should be a scalar string: %s",
                shape_text(name->dims, name->rank, text, sizeof text));
  Span method = string_at(name, 0);
  if (method.size != 10 || memcmp(method.data, "farmhash64", 10))
    return fail(st, TF_INVALID_ARGUMENT, "Unsupported fingerprint method: %.*s", (int)method.size,
                (const char *)method.data);
  if (in->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "`data` should have at least one dimension: %s", "[]");
  return op_output(c, 0, TF_UINT8, (int64_t[]){in->dims[0], 8}, 2, st);
}

static TF_Code fingerprint_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t rows = in->dims[0], width = rows ? tensor_count(in) / rows : 0;
  Bytes b = {0};
  TF_Code code = TF_OK;
  for (int64_t r = 0; !code && r < rows; r++) {
    uint64_t h;
    if (in->dtype != TF_STRING) {
      size_t size = (size_t)width * dtype_size(in->dtype);
      h = fingerprint64((const char *)in->data + (size_t)r * size, size);
    } else if (width == 1) {
      Span s = string_at(in, r);
      h = fingerprint64(s.data, s.size);
    } else { /* the hash of the elements' hashes */
      b.size = 0;
      for (int64_t k = 0; k < width; k++) {
        Span s = string_at(in, r * width + k);
        bytes_put_u64le(&b, fingerprint64(s.data, s.size));
      }
      code = bytes_finish(&b, "a fingerprint", st);
      h = fingerprint64(b.data ? b.data : "", b.size);
    }
    memcpy((char *)c->outputs[0].data + r * 8, &h, 8);
  }
  bytes_clear(&b);
  return code;
}

/* ---- regular expressions ---- */

typedef struct RegexState {
  Regex *regex; /* of the Static ops */
} RegexState;

static TF_Code regex_init(OpInit *k, TF_Status *st) {
  RegexState *s = k->state;
  Span pattern, rewrite;
  TRY(node_attr_string(k->node, "pattern", &pattern, st));
  TRY(regex_compile(&s->regex, pattern, st));
  if (strcmp(k->node->op, "StaticRegexReplace")) return TF_OK;
  return node_attr_string(k->node, "rewrite", &rewrite, st);
}

static void regex_clear(void *state) { regex_free(((RegexState *)state)->regex); }

static TF_Code match_all(OpCtx *c, const Regex *r, TF_Status *st) {
  bool *out = c->outputs[0].data;
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); i < n; i++)
    TRY(regex_full_match(r, string_at(op_input(c, 0), i), &out[i], st));
  return TF_OK;
}

static TF_Code replace_all(OpCtx *c, const Regex *r, Span rewrite, TF_Status *st) {
  bool all;
  Bytes b = {0};
  TRY(node_attr_bool(c->node, "replace_global", &all, st));
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); !code && i < n; i++) {
    b.size = 0;
    code = regex_replace(r, string_at(op_input(c, 0), i), rewrite, all, &b, st);
    if (!code) code = string_put_bytes(&c->outputs[0], i, &b, st);
  }
  bytes_clear(&b);
  return code;
}

static TF_Code static_match_run(OpCtx *c, TF_Status *st) {
  return match_all(c, ((const RegexState *)c->state)->regex, st);
}

static TF_Code static_replace_run(OpCtx *c, TF_Status *st) {
  Span rewrite;
  TRY(node_attr_string(c->node, "rewrite", &rewrite, st));
  return replace_all(c, ((const RegexState *)c->state)->regex, rewrite, st);
}

static TF_Code regex_prepare(OpCtx *c, TF_Status *st) {
  static const char *const names[] = {"", "Pattern", "Rewrite"};
  char text[SHAPE_TEXT_MAX];
  for (int i = 1; i < c->num_inputs; i++)
    if (op_input(c, i)->rank)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be scalar, but received %s", names[i],
                  shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text, sizeof text));
  return prepare_like(c, st);
}

static TF_Code match_run(OpCtx *c, TF_Status *st) {
  Regex *r = NULL;
  TRY(regex_compile(&r, string_at(op_input(c, 1), 0), st));
  TF_Code code = match_all(c, r, st);
  regex_free(r);
  return code;
}

static TF_Code replace_run(OpCtx *c, TF_Status *st) {
  Regex *r = NULL;
  TRY(regex_compile(&r, string_at(op_input(c, 1), 0), st));
  TF_Code code = replace_all(c, r, string_at(op_input(c, 2), 0), st);
  regex_free(r);
  return code;
}

/* ---- StringLower, StringUpper, StringStrip, StringLength ---- */

static void put_cased(Bytes *b, Span s, bool upper) {
  const unsigned char *p = s.data;
  for (size_t i = 0; i < s.size; i++) {
    bool other = upper ? p[i] >= 'a' && p[i] <= 'z' : p[i] >= 'A' && p[i] <= 'Z';
    bytes_putc(b, (char)(other ? p[i] ^ 32 : p[i]));
  }
}

static TF_Code case_init(OpInit *k, TF_Status *st) {
  Span encoding;
  TRY(node_attr_string(k->node, "encoding", &encoding, st));
  if (encoding.size && (encoding.size != 5 || memcmp(encoding.data, "utf-8", 5)))
    return fail(st, TF_INVALID_ARGUMENT, "only utf-8 or '' (no encoding) is supported, received %.*s",
                (int)encoding.size, (const char *)encoding.data);
  *(bool *)k->state = encoding.size > 0;
  return TF_OK;
}

static TF_Code case_run(OpCtx *c, TF_Status *st) {
  bool upper = !strcmp(c->node->op, "StringUpper");
  Bytes b = {0};
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); !code && i < n; i++) {
    b.size = 0;
    if (*(const bool *)c->state) unicode_put_cased(&b, string_at(op_input(c, 0), i), upper);
    else put_cased(&b, string_at(op_input(c, 0), i), upper);
    code = string_put_bytes(&c->outputs[0], i, &b, st);
  }
  bytes_clear(&b);
  return code;
}

static TF_Code strip_run(OpCtx *c, TF_Status *st) {
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); i < n; i++) {
    Span s = string_at(op_input(c, 0), i);
    const char *p = s.data;
    while (s.size && is_blank(*p)) p++, s.size--;
    while (s.size && is_blank(p[s.size - 1])) s.size--;
    TRY(string_put(&c->outputs[0], i, p, s.size, st));
  }
  return TF_OK;
}

static TF_Code read_unit(const Node *node, bool *chars, TF_Status *st) {
  Span unit;
  TRY(node_attr_string(node, "unit", &unit, st));
  *chars = unit.size == 9;
  return TF_OK;
}

static TF_Code length_run(OpCtx *c, TF_Status *st) {
  bool chars;
  TRY(read_unit(c->node, &chars, st));
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); i < n; i++) {
    Span s = string_at(op_input(c, 0), i);
    ((int32_t *)c->outputs[0].data)[i] = (int32_t)(chars ? utf8_length(s) : (int64_t)s.size);
  }
  return TF_OK;
}

/* ---- Substr ---- */

static TF_Code substr_shape(ShapeCtx *c, TF_Status *st) {
  Shape pos;
  TRY(shape_merge(c->inputs[1], c->inputs[2], &pos, st));
  return shape_broadcast_two(c->inputs[0], &pos, &c->outputs[0], st);
}

static TF_Code substr_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *pos = op_input(c, 1), *len = op_input(c, 2);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (pos->rank != len->rank || memcmp(pos->dims, len->dims, (size_t)pos->rank * sizeof *pos->dims))
    return fail(st, TF_INVALID_ARGUMENT, "pos and len should have the same shape, got: %s vs. %s",
                shape_text(pos->dims, pos->rank, a, sizeof a), shape_text(len->dims, len->rank, b, sizeof b));
  Shape x = shape_of_tensor(in), y = shape_of_tensor(pos), out;
  TRY(shape_broadcast_two(&x, &y, &out, st));
  return op_output(c, 0, TF_STRING, out.dims, out.rank, st);
}

/* The flat index in `t`, broadcast to `out`, of out's element i. */
static int64_t broadcast_index(const Tensor *t, const Tensor *out, int64_t i) {
  int64_t at = 0, step = 1;
  for (int d = 0; d < out->rank; d++) {
    int64_t k = i % out->dims[out->rank - 1 - d];
    i /= out->dims[out->rank - 1 - d];
    if (d >= t->rank) continue;
    int64_t size = t->dims[t->rank - 1 - d];
    if (size != 1) at += k * step;
    step *= size;
  }
  return at;
}

/* The bytes of characters [pos, pos + len); false when pos is outside. */
static bool substr_chars(Span s, int64_t pos, int64_t len, Span *out) {
  const char *p = s.data, *end = p + s.size;
  int64_t n = utf8_length(s);
  if (pos < -n || pos > n || (pos < 0 && len < 0)) return false;
  if (pos < 0) pos += n;
  for (; pos > 0 && p < end; pos--) do
      p++;
    while (p < end && utf8_continues(*p));
  const char *stop = p;
  for (; len > 0 && stop < end; len--) do
      stop++;
    while (stop < end && utf8_continues(*stop));
  *out = (Span){p, (size_t)(stop - p)};
  return true;
}

static bool substr_bytes(Span s, int64_t pos, int64_t len, Span *out) {
  int64_t n = (int64_t)s.size;
  if (pos < -n || pos > n) return false;
  if (pos < 0) pos += n;
  if (len < 0) len = n; /* TF: by way of an unsigned size */
  *out = (Span){(const char *)s.data + pos, (size_t)(len < n - pos ? len : n - pos)};
  return true;
}

/* TF: the place is a flat one, of matrices made equal (row, column), or the row alone where the string is not
 * told. */
static TF_Code fail_outside(const OpCtx *c, int64_t i, int64_t at, const Span *s, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *pos = op_input(c, 1), *out = &c->outputs[0];
  char place[64];
  bool same = pos->rank == in->rank && !memcmp(pos->dims, in->dims, (size_t)in->rank * sizeof *in->dims);
  int64_t columns = out->rank == 2 && pos->rank && !same ? out->dims[1] : 0;
  if (columns && s)
    snprintf(place, sizeof place, "(%lld, %lld)", (long long)(i / columns), (long long)(i % columns));
  else snprintf(place, sizeof place, "%lld", (long long)(columns ? i / columns : i));
  if (!s)
    return fail(st, TF_INVALID_ARGUMENT, "pos %lld out of range for string at index %s", (long long)at,
                place);
  return fail(st, TF_INVALID_ARGUMENT, "pos %lld out of range for string b'%.*s' at index %s", (long long)at,
              (int)s->size, (const char *)s->data, place);
}

static TF_Code substr_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *pos = op_input(c, 1), *len = op_input(c, 2), *out = &c->outputs[0];
  bool chars;
  TRY(read_unit(c->node, &chars, st));
  for (int64_t i = 0, n = tensor_count(out); i < n; i++) {
    Span s = string_at(in, broadcast_index(in, out, i)), part;
    int64_t k = broadcast_index(pos, out, i), at = int_at(pos, k);
    if (!(chars ? substr_chars : substr_bytes)(s, at, int_at(len, k), &part))
      return fail_outside(c, i, at, chars ? NULL : &s, st);
    TRY(string_put(&c->outputs[0], i, part.data, part.size, st));
  }
  return TF_OK;
}

/* ---- EncodeBase64, DecodeBase64: the URL alphabet ---- */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_base64(Bytes *b, Span s, bool pad) {
  const unsigned char *p = s.data;
  for (size_t i = 0; i < s.size; i += 3) {
    size_t n = s.size - i < 3 ? s.size - i : 3;
    uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
    for (size_t k = 0; k <= n; k++) bytes_putc(b, base64_digits[v >> (18 - 6 * k) & 63]);
    for (size_t k = n; pad && k < 3; k++) bytes_putc(b, '=');
  }
}

static int base64_value(char c) {
  const char *at = c ? strchr(base64_digits, c) : NULL;
  return at ? (int)(at - base64_digits) : -1;
}

/* TF: padding may be there or not; bits that are left over do not count. */
static bool read_base64(Bytes *b, Span s) {
  const char *p = s.data;
  if (s.size && s.size % 4 == 0 && p[s.size - 1] == '=') {
    s.size--;
    if (p[s.size - 1] == '=') s.size--;
  }
  if (s.size % 4 == 1) return false;
  for (size_t i = 0; i < s.size; i += 4) {
    size_t n = s.size - i < 4 ? s.size - i : 4;
    uint32_t v = 0;
    for (size_t k = 0; k < n; k++) {
      int digit = base64_value(p[i + k]);
      if (digit < 0) return false;
      v |= (uint32_t)digit << (18 - 6 * k);
    }
    for (size_t k = 0; k + 1 < n; k++) bytes_putc(b, (char)(v >> (16 - 8 * k)));
  }
  return true;
}

static TF_Code base64_run(OpCtx *c, TF_Status *st) {
  bool encode = !strcmp(c->node->op, "EncodeBase64"), pad = false;
  Bytes b = {0};
  TF_Code code = TF_OK;
  if (encode) TRY(node_attr_bool(c->node, "pad", &pad, st));
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); !code && i < n; i++) {
    Span s = string_at(op_input(c, 0), i);
    b.size = 0;
    if (encode) put_base64(&b, s, pad);
    else if (s.size % 4 == 1)
      code = fail(st, TF_INVALID_ARGUMENT, "Base64 string length cannot be 1 modulo 4.");
    else if (!read_base64(&b, s)) code = fail(st, TF_INVALID_ARGUMENT, "Invalid character found in base64.");
    if (!code) code = string_put_bytes(&c->outputs[0], i, &b, st);
  }
  bytes_clear(&b);
  return code;
}

/* ---- AsString ---- */

typedef struct AsStringState {
  char format[48]; /* of one number; "" for bool */
} AsStringState;

static bool is_real(TF_DataType t) {
  return t == TF_FLOAT || t == TF_DOUBLE || t == TF_HALF || t == TF_BFLOAT16;
}
static bool is_complex(TF_DataType t) { return t == TF_COMPLEX64 || t == TF_COMPLEX128; }

static TF_Code as_string_init(OpInit *k, TF_Status *st) {
  AsStringState *s = k->state;
  TF_DataType t = k->node->input_types[0];
  int64_t precision, width;
  bool scientific, shortest;
  Span fill;
  TRY(node_attr_int(k->node, "precision", &precision, st));
  TRY(node_attr_int(k->node, "width", &width, st));
  TRY(node_attr_bool(k->node, "scientific", &scientific, st));
  TRY(node_attr_bool(k->node, "shortest", &shortest, st));
  TRY(node_attr_string(k->node, "fill", &fill, st));
  bool real = is_real(t) || is_complex(t);
  if (!real && scientific)
    return fail(st, TF_INVALID_ARGUMENT, "scientific and shortest format not supported for datatype %s",
                dtype_name(t));
  if (!real && shortest)
    return fail(st, TF_INVALID_ARGUMENT, "scientific and shortest format not supported for datatype %s",
                dtype_name(t));
  if (!real && precision > -1)
    return fail(st, TF_INVALID_ARGUMENT, "precision not supported for datatype %s", dtype_name(t));
  if (fill.size > 1) return fail(st, TF_INVALID_ARGUMENT, "Fill string must be one or fewer characters");
  if (scientific && shortest)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot select both scientific and shortest notation");
  char filler = fill.size ? *(const char *)fill.data : 0;
  if (filler && !strchr(" 0+-", filler))
    return fail(st, TF_INVALID_ARGUMENT, "Fill argument not supported: \"%c\"", filler);
  if (width > 4096 || precision > 4096)
    return fail(st, TF_INVALID_ARGUMENT, "AsString: width and precision are limited to 4096");
  size_t n = 1;
  s->format[0] = '%';
  if (width > -1 || filler) {
    if (filler) s->format[n++] = filler;
    if (width > -1) n += (size_t)snprintf(s->format + n, sizeof s->format - n, "%lld", (long long)width);
  }
  if (precision > -1)
    n += (size_t)snprintf(s->format + n, sizeof s->format - n, ".%lld", (long long)precision);
  snprintf(s->format + n, sizeof s->format - n, "%s",
           real                                                                  ? (scientific ? "e"
                                                                                    : shortest ? "g"
                                                                                               : "f")
           : t == TF_STRING                                                      ? "s"
           : t == TF_UINT64 || t == TF_UINT32 || t == TF_UINT16 || t == TF_UINT8 ? "llu"
                                                                                 : "lld");
  return TF_OK;
}

static double number_at(const Tensor *t, int64_t i, int part) {
  switch (t->dtype) {
    case TF_FLOAT: return (double)((const float *)t->data)[i];
    case TF_DOUBLE: return ((const double *)t->data)[i];
    case TF_HALF: return (double)half_to_float(((const uint16_t *)t->data)[i]);
    case TF_BFLOAT16: return (double)bfloat16_to_float(((const uint16_t *)t->data)[i]);
    case TF_COMPLEX64: return (double)((const float *)t->data)[2 * i + part];
    default: return ((const double *)t->data)[2 * i + part];
  }
}

/* The formats are made by as_string_init: one conversion, of a double, a long long or an unsigned long
 * long. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
static void put_real(Bytes *b, const char *format, double v) {
  int n = snprintf(NULL, 0, format, v);
  char *at = n < 0 ? NULL : bytes_reserve(b, (size_t)n + 1);
  if (!at) return;
  snprintf(at, (size_t)n + 1, format, v);
  bytes_grow(b, (size_t)n);
}

static void put_integer(Bytes *b, const char *format, unsigned long long v) {
  int n = snprintf(NULL, 0, format, v);
  char *at = n < 0 ? NULL : bytes_reserve(b, (size_t)n + 1);
  if (!at) return;
  snprintf(at, (size_t)n + 1, format, v);
  bytes_grow(b, (size_t)n);
}
#pragma GCC diagnostic pop

static void put_element(Bytes *b, const char *format, const Tensor *t, int64_t i) {
  switch (t->dtype) {
    case TF_BOOL: bytes_puts(b, ((const uint8_t *)t->data)[i] ? "true" : "false"); break;
    case TF_UINT64: put_integer(b, format, ((const uint64_t *)t->data)[i]); break;
    case TF_UINT32: put_integer(b, format, ((const uint32_t *)t->data)[i]); break;
    case TF_COMPLEX64:
    case TF_COMPLEX128:
      bytes_putc(b, '(');
      put_real(b, format, number_at(t, i, 0));
      bytes_putc(b, ',');
      put_real(b, format, number_at(t, i, 1));
      bytes_putc(b, ')');
      break;
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_HALF:
    case TF_BFLOAT16: put_real(b, format, number_at(t, i, 0)); break;
    default: put_integer(b, format, (unsigned long long)int_at(t, i)); break;
  }
}

static TF_Code as_string_run(OpCtx *c, TF_Status *st) {
  const AsStringState *s = c->state;
  const Tensor *in = op_input(c, 0);
  Bytes b = {0};
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(in); !code && i < n; i++) {
    b.size = 0;
    if (in->dtype == TF_STRING) {
      code = tensor_copy_range(&c->outputs[0], i, in, i, 1, st);
      continue;
    }
    put_element(&b, s->format, in, i);
    code = string_put_bytes(&c->outputs[0], i, &b, st);
  }
  bytes_clear(&b);
  return code;
}

/* ---- ReduceJoin ---- */

static TF_Code reduce_join_axes(const Tensor *axes, int rank, bool *reduced, int *order, int *count,
                                TF_Status *st) {
  *count = 0;
  for (int64_t i = 0; i < tensor_count(axes); i++) {
    int64_t axis = int_at(axes, i);
    if (!axis_in_range(&axis, rank))
      return fail(st, TF_OUT_OF_RANGE, "Invalid reduction dimension %lld for input with %d dimension(s)",
                  (long long)int_at(axes, i), rank);
    if (reduced[axis])
      return fail(st, TF_INVALID_ARGUMENT, "Duplicate reduction dimension %lld", (long long)axis);
    reduced[axis] = true;
    order[(*count)++] = (int)axis;
  }
  return TF_OK;
}

static TF_Code reduce_join_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  const Tensor *axes = c->value(c, 1);
  bool reduced[TENSOR_MAX_RANK] = {0}, keep;
  int order[TENSOR_MAX_RANK], count;
  TRY(node_attr_bool(c->node, "keep_dims", &keep, st));
  if (in->rank < 0 || !axes) return TF_OK;
  TRY(reduce_join_axes(axes, in->rank, reduced, order, &count, st));
  Shape out = {.rank = 0};
  for (int i = 0; i < in->rank; i++)
    if (!reduced[i]) out.dims[out.rank++] = in->dims[i];
    else if (keep) out.dims[out.rank++] = 1;
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code reduce_join_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  bool reduced[TENSOR_MAX_RANK] = {0}, keep;
  int order[TENSOR_MAX_RANK], count, rank = 0;
  int64_t dims[TENSOR_MAX_RANK];
  TRY(node_attr_bool(c->node, "keep_dims", &keep, st));
  TRY(reduce_join_axes(op_input(c, 1), in->rank, reduced, order, &count, st));
  for (int i = 0; i < in->rank; i++)
    if (!reduced[i]) dims[rank++] = in->dims[i];
    else if (keep) dims[rank++] = 1;
  return op_output(c, 0, TF_STRING, dims, rank, st);
}

/* Joins in the order of the axes as given: the first one runs fastest. */
static TF_Code reduce_join_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  Span separator;
  bool reduced[TENSOR_MAX_RANK] = {0};
  int order[TENSOR_MAX_RANK], count;
  int64_t strides[TENSOR_MAX_RANK], joined = 1, step = 1;
  Bytes b = {0};
  TRY(node_attr_string(c->node, "separator", &separator, st));
  TRY(reduce_join_axes(op_input(c, 1), in->rank, reduced, order, &count, st));
  for (int i = in->rank - 1; i >= 0; i--) {
    strides[i] = step;
    step *= in->dims[i];
  }
  for (int i = 0; i < count; i++) joined *= in->dims[order[i]];
  TF_Code code = TF_OK;
  for (int64_t o = 0, n = tensor_count(&c->outputs[0]); !code && o < n; o++) {
    int64_t base = 0, rest = o;
    for (int i = in->rank - 1; i >= 0; i--) {
      if (reduced[i]) continue;
      base += rest % in->dims[i] * strides[i];
      rest /= in->dims[i];
    }
    b.size = 0;
    for (int64_t j = 0; j < joined; j++) {
      int64_t at = base, k = j;
      for (int i = 0; i < count; i++) {
        at += k % in->dims[order[i]] * strides[order[i]];
        k /= in->dims[order[i]];
      }
      Span s = string_at(in, at);
      if (j) bytes_append(&b, separator.data, separator.size);
      bytes_append(&b, s.data, s.size);
    }
    code = string_put_bytes(&c->outputs[0], o, &b, st);
  }
  bytes_clear(&b);
  return code;
}

const OpRow ops_string_ops[] = {
    {"StringJoin", .shape = join_shape, .prepare = join_prepare, .run = join_run},
    {"StringToHashBucketFast", .state_size = sizeof(HashState), .shape = shape_same, .init = hash_init,
     .prepare = prepare_like, .run = hash_run},
    {"StringToHashBucketStrong", .state_size = sizeof(HashState), .shape = shape_same, .init = hash_init,
     .prepare = prepare_like, .run = hash_run},
    {"StringToHashBucket", .state_size = sizeof(HashState), .shape = shape_same, .init = hash_init,
     .prepare = prepare_like, .run = hash_run},
    {"Fingerprint", .value_inputs = 2, .shape = fingerprint_shape, .prepare = fingerprint_prepare,
     .run = fingerprint_run},
    {"StaticRegexFullMatch", .state_size = sizeof(RegexState), .shape = shape_same, .init = regex_init,
     .prepare = prepare_like, .run = static_match_run, .clear = regex_clear},
    {"StaticRegexReplace", .state_size = sizeof(RegexState), .shape = shape_same, .init = regex_init,
     .prepare = prepare_like, .run = static_replace_run, .clear = regex_clear},
    {"RegexFullMatch", .shape = shape_same, .prepare = regex_prepare, .run = match_run},
    {"RegexReplace", .shape = shape_same, .prepare = regex_prepare, .run = replace_run},
    {"StringLower", .state_size = sizeof(bool), .shape = shape_same, .init = case_init,
     .prepare = prepare_like, .run = case_run},
    {"StringUpper", .state_size = sizeof(bool), .shape = shape_same, .init = case_init,
     .prepare = prepare_like, .run = case_run},
    {"StringStrip", .shape = shape_same, .prepare = prepare_like, .run = strip_run},
    {"StringLength", .shape = shape_same, .prepare = prepare_like, .run = length_run},
    {"Substr", .shape = substr_shape, .prepare = substr_prepare, .run = substr_run},
    {"EncodeBase64", .shape = shape_same, .prepare = prepare_like, .run = base64_run},
    {"DecodeBase64", .shape = shape_same, .prepare = prepare_like, .run = base64_run},
    {"AsString", .types = "T: " TYPES_POD " string", .state_size = sizeof(AsStringState), .shape = shape_same,
     .init = as_string_init, .prepare = prepare_like, .run = as_string_run},
    {"ReduceJoin", .value_inputs = 2, .shape = reduce_join_shape, .prepare = reduce_join_prepare,
     .run = reduce_join_run},
    {0}};
