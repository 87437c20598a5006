/* The .npy file: "\x93NUMPY", a version, the length of a header and the header, a Python dict such as
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 * padded with blanks to a multiple of 64, then the elements. */
#include "wire/npy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "base/utf8.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, HEADER_ALIGN = 64, HEADER_MAX = 1 << 16 };

/* ---- the header ---- */

typedef struct Header {
  char kind;   /* NumPy's letter: f i u b c S U */
  bool swap;   /* big-endian */
  size_t size; /* bytes of an element */
  bool fortran;
  int rank;
  int64_t shape[NPY_MAX_RANK];
} Header;

static void skip_blanks(Cursor *c) {
  while (cursor_left(c) && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) c->at++;
}

/* Steps over a character if it is next. */
static bool take(Cursor *c, char wanted) {
  skip_blanks(c);
  if (!cursor_left(c) || *c->at != (uint8_t)wanted) return false;
  c->at++;
  return true;
}

static bool take_word(Cursor *c, const char *word) {
  skip_blanks(c);
  size_t n = strlen(word);
  if (cursor_left(c) < n || memcmp(c->at, word, n)) return false;
  c->at += n;
  return true;
}

static bool take_string(Cursor *c, Span *out) {
  char quote = '\'';
  if (!take(c, '\'') && !take(c, quote = '"')) return false;
  const uint8_t *end = cursor_left(c) ? memchr(c->at, quote, cursor_left(c)) : NULL;
  if (!end) return false;
  *out = (Span){c->at, (size_t)(end - c->at)};
  c->at = end + 1;
  return true;
}

static bool take_number(Cursor *c, int64_t *out) {
  skip_blanks(c);
  const uint8_t *start = c->at;
  int64_t v = 0;
  for (; cursor_left(c) && *c->at >= '0' && *c->at <= '9'; c->at++)
    if (!checked_mul_i64(v, 10, &v) || !checked_add_i64(v, *c->at - '0', &v)) return false;
  bool any = c->at > start;
  take(c, 'L'); /* Python 2 */
  *out = v;
  return any;
}

static bool take_shape(Cursor *c, Header *h) {
  h->rank = 0;
  if (!take(c, '(')) return false;
  while (!take(c, ')')) {
    if (h->rank == NPY_MAX_RANK || !take_number(c, &h->shape[h->rank++])) return false;
    if (take(c, ',')) continue;
    return take(c, ')');
  }
  return true;
}

static TF_Code read_descr(Span descr, Header *h, const char *what, TF_Status *st) {
  Cursor c = cursor_of(descr.data, descr.size);
  char order = (char)cursor_u8(&c);
  h->kind = (char)cursor_u8(&c);
  int64_t size = 0;
  bool valid = !c.failed && strchr("<>|=", order) && h->kind && take_number(&c, &size) && !cursor_left(&c);
  if (h->kind == 'O' && !c.failed)
    return fail(st, TF_UNIMPLEMENTED, "%s: arrays of Python objects are not read", what);
  if (!valid || size > INT32_MAX / 4 || !strchr("fiubcSUV", h->kind))
    return fail(st, TF_UNIMPLEMENTED, "%s: arrays of type '%.*s' are not read", what,
                (int)(descr.size > 60 ? 60 : descr.size), (const char *)descr.data);
  h->swap = order == '>';
  h->size = (size_t)(h->kind == 'U' ? size * 4 : size);
  return TF_OK;
}

static TF_Code read_header(Cursor *c, Header *h, const char *what, TF_Status *st) {
  const uint8_t *start = cursor_take(c, MAGIC);
  uint8_t major = cursor_u8(c);
  cursor_u8(c);
  if (c->failed || memcmp(start, magic, MAGIC))
    return fail(st, TF_INVALID_ARGUMENT, "%s: not a .npy file", what);
  if (major < 1 || major > 3)
    return fail(st, TF_UNIMPLEMENTED, "%s: .npy version %d is not read", what, major);
  uint32_t len = cursor_u8(c);
  len |= (uint32_t)cursor_u8(c) << 8;
  if (major > 1) {
    len |= (uint32_t)cursor_u8(c) << 16;
    len |= (uint32_t)cursor_u8(c) << 24;
  }
  const uint8_t *text = len <= HEADER_MAX ? cursor_take(c, len) : NULL;
  if (!text) return fail(st, TF_INVALID_ARGUMENT, "%s: .npy header is cut off", what);
  Cursor in = cursor_of(text, len);
  bool good = take(&in, '{'), descr = false, order = false, shape = false;
  while (good && !take(&in, '}')) {
    Span key, value;
    good = take_string(&in, &key) && take(&in, ':');
    if (!good) break;
    if (key.size == 5 && !memcmp(key.data, "descr", 5)) {
      if (take(&in, '[')) return fail(st, TF_UNIMPLEMENTED, "%s: structured arrays are not read", what);
      good = descr = take_string(&in, &value);
      if (good) TRY(read_descr(value, h, what, st));
    } else if (key.size == 13 && !memcmp(key.data, "fortran_order", 13)) {
      h->fortran = take_word(&in, "True");
      good = order = h->fortran || take_word(&in, "False");
    } else if (key.size == 5 && !memcmp(key.data, "shape", 5)) {
      good = shape = take_shape(&in, h);
    } else {
      good = false;
    }
    if (good && !take(&in, ',')) {
      good = take(&in, '}');
      break;
    }
  }
  if (!good || !descr || !order || !shape)
    return fail(st, TF_INVALID_ARGUMENT, "%s: malformed .npy header", what);
  return TF_OK;
}

static bool dtype_of(const Header *h, TF_DataType *out) {
  static const struct {
    char kind;
    uint8_t size;
    TF_DataType dtype;
  } types[] = {{'f', 2, TF_HALF},      {'f', 4, TF_FLOAT},       {'f', 8, TF_DOUBLE},  {'i', 1, TF_INT8},
               {'i', 2, TF_INT16},     {'i', 4, TF_INT32},       {'i', 8, TF_INT64},   {'u', 1, TF_UINT8},
               {'u', 2, TF_UINT16},    {'u', 4, TF_UINT32},      {'u', 8, TF_UINT64},  {'b', 1, TF_BOOL},
               {'c', 8, TF_COMPLEX64}, {'c', 16, TF_COMPLEX128}, {'V', 2, TF_BFLOAT16}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (types[i].kind == h->kind && types[i].size == h->size) {
      *out = types[i].dtype;
      return true;
    }
  *out = TF_STRING;
  return h->kind == 'S' || h->kind == 'U';
}

/* ---- elements ---- */

/* Copies elements from Fortran to C order. */
static void to_c_order(const Header *h, size_t count, const uint8_t *from, uint8_t *to) {
  int64_t index[NPY_MAX_RANK] = {0};
  size_t stride[NPY_MAX_RANK], at = 0, step = h->size;
  for (int d = 0; d < h->rank; d++) {
    stride[d] = step;
    step *= (size_t)h->shape[d];
  }
  for (size_t i = 0; i < count; i++, to += h->size) {
    memcpy(to, from + at, h->size);
    for (int d = h->rank - 1; d >= 0; d--) {
      at += stride[d];
      if (++index[d] < h->shape[d]) break;
      at -= stride[d] * (size_t)h->shape[d];
      index[d] = 0;
    }
  }
}

/* Reverses the bytes of each unit: an element, or a part of a complex number, or a character. */
static void swap_units(uint8_t *data, size_t size, size_t unit) {
  for (uint8_t *p = data; p < data + size; p += unit)
    for (size_t i = 0; i < unit / 2; i++) {
      uint8_t byte = p[i];
      p[i] = p[unit - 1 - i];
      p[unit - 1 - i] = byte;
    }
}

/* One U element (UCS-4) as UTF-8 without the NULs that fill it up; false for what is no character. */
static bool put_unicode(const uint8_t *from, size_t size, char **to) {
  while (size && !from[size - 1] && !from[size - 2] && !from[size - 3] && !from[size - 4]) size -= 4;
  for (Cursor c = cursor_of(from, size); cursor_left(&c);) {
    uint32_t point = cursor_u32le(&c);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    *to += utf8_put(*to, point);
  }
  return true;
}

static TF_Code read_strings(const Header *h, const uint8_t *data, Arena *arena, NpyArray *out,
                            const char *what, TF_Status *st) {
  size_t text_size;
  /* UTF-8 takes at most the 4 bytes of each character. */
  Span *strings = arena_calloc(arena, out->count ? out->count : 1, sizeof *strings);
  if (!strings || !checked_mul(out->count, h->size, &text_size)) return fail_oom(st, what);
  char *to = h->kind == 'U' ? arena_alloc(arena, text_size + 4) : NULL;
  if (h->kind == 'U' && !to) return fail_oom(st, what);
  for (size_t i = 0; i < out->count; i++, data += h->size) {
    if (h->kind == 'U') {
      char *start = to;
      if (!put_unicode(data, h->size, &to))
        return fail(st, TF_INVALID_ARGUMENT, "%s: not a Unicode string", what);
      strings[i] = (Span){start, (size_t)(to - start)};
    } else {
      size_t size = h->size;
      while (size && !data[size - 1]) size--;
      strings[i] = (Span){data, size};
    }
  }
  out->strings = strings;
  return TF_OK;
}

TF_Code npy_read(Span file, Arena *arena, NpyArray *out, const char *what, TF_Status *st) {
  *out = (NpyArray){0};
  Header h = {0};
  Cursor c = cursor_of(file.data, file.size);
  TRY(read_header(&c, &h, what, st));
  if (!dtype_of(&h, &out->dtype))
    return fail(st, TF_UNIMPLEMENTED, "%s: arrays of type '%c%zu' are not read", what, h.kind, h.size);
  out->rank = h.rank;
  out->count = 1;
  memcpy(out->shape, h.shape, sizeof h.shape);
  size_t bytes;
  bool fits = true, empty = false;
  for (int d = 0; d < h.rank; d++) empty |= !h.shape[d];
  for (int d = 0; d < h.rank && !empty; d++)
    fits = fits && checked_mul(out->count, (size_t)h.shape[d], &out->count);
  if (empty) out->count = 0;
  if (!fits || !checked_mul(out->count, h.size, &bytes) || bytes > cursor_left(&c))
    return fail(st, TF_INVALID_ARGUMENT, "%s: the array is larger than the file", what);
  /* Elements without bytes would let a small file ask for any number of them. */
  if (!h.size && out->count > file.size)
    return fail(st, TF_INVALID_ARGUMENT, "%s: malformed .npy header", what);
  const uint8_t *data = cursor_take(&c, bytes);
  bool reorder = h.fortran && h.rank > 1 && bytes;
  if ((reorder || h.swap) && bytes) {
    uint8_t *copy = arena_alloc(arena, bytes);
    if (!copy) return fail_oom(st, what);
    if (reorder) to_c_order(&h, out->count, data, copy);
    else memcpy(copy, data, bytes);
    size_t unit = h.kind == 'U' ? 4 : h.kind == 'c' ? h.size / 2 : h.size;
    if (h.swap && h.kind != 'S') swap_units(copy, bytes, unit);
    data = copy;
  }
  out->data = (Span){data, bytes};
  return out->dtype == TF_STRING ? read_strings(&h, data, arena, out, what, st) : TF_OK;
}

/* ---- writing ---- */

static const char *descr_of(TF_DataType dtype) {
  switch (dtype) {
    case TF_BOOL: return "|b1";
    case TF_INT8:
    case TF_QINT8:
    case TF_INT4: return "|i1";
    case TF_UINT8:
    case TF_QUINT8:
    case TF_UINT4:
    case TF_FLOAT8_E5M2:
    case TF_FLOAT8_E4M3FN: return "|u1";
    case TF_INT16:
    case TF_QINT16: return "<i2";
    case TF_UINT16:
    case TF_QUINT16:
    case TF_BFLOAT16: return "<u2";
    case TF_INT32:
    case TF_QINT32: return "<i4";
    case TF_UINT32: return "<u4";
    case TF_INT64: return "<i8";
    case TF_UINT64: return "<u8";
    case TF_HALF: return "<f2";
    case TF_FLOAT: return "<f4";
    case TF_DOUBLE: return "<f8";
    case TF_COMPLEX64: return "<c8";
    case TF_COMPLEX128: return "<c16";
    default: return NULL;
  }
}

static void put_header(Bytes *out, const char *descr, const NpyArray *array) {
  size_t start = out->size;
  bytes_append(out, magic, MAGIC);
  bytes_append(out, "\1\0\0\0", 4); /* version 1.0, the length is set below */
  bytes_printf(out, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
  for (int d = 0; d < array->rank; d++) bytes_printf(out, d ? ", %lld" : "%lld", (long long)array->shape[d]);
  bytes_puts(out, array->rank == 1 ? ",), }" : "), }");
  while (!out->failed && (out->size - start + 1) % HEADER_ALIGN) bytes_putc(out, ' ');
  bytes_putc(out, '\n');
  if (out->failed) return;
  size_t len = out->size - start - MAGIC - 4;
  out->data[start + 8] = (char)len;
  out->data[start + 9] = (char)(len >> 8);
}

static TF_Code write_strings(const NpyArray *array, Bytes *out, TF_Status *st) {
  size_t longest = 1, bytes;
  for (size_t i = 0; i < array->count; i++) {
    Span s = array->strings[i];
    if (s.size && !((const char *)s.data)[s.size - 1])
      return fail(st, TF_UNIMPLEMENTED, "strings that end in a NUL byte cannot be written to a .npy file");
    if (s.size > longest) longest = s.size;
  }
  char descr[32];
  snprintf(descr, sizeof descr, "|S%zu", longest);
  put_header(out, descr, array);
  if (!checked_mul(longest, array->count, &bytes)) return fail_oom(st, ".npy file");
  char *to = bytes_reserve(out, bytes);
  if (!to) return bytes_finish(out, ".npy file", st);
  memset(to, 0, bytes);
  for (size_t i = 0; i < array->count; i++, to += longest)
    if (array->strings[i].size) memcpy(to, array->strings[i].data, array->strings[i].size);
  bytes_grow(out, bytes);
  return TF_OK;
}

TF_Code npy_write(const NpyArray *array, Bytes *out, TF_Status *st) {
  if (array->dtype == TF_STRING) return write_strings(array, out, st);
  const char *descr = descr_of(array->dtype);
  if (!descr)
    return fail(st, TF_UNIMPLEMENTED, "a tensor of type %d cannot be written to a .npy file", array->dtype);
  put_header(out, descr, array);
  bytes_append(out, array->data.data, array->data.size);
  return bytes_finish(out, ".npy file", st);
}
