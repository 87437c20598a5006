#include "checkpoint/slice.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/cursor.h"

TensorSlice slice_whole(int rank) {
  TensorSlice s = {.rank = rank};
  for (int i = 0; i < rank; i++) s.length[i] = SLICE_FULL;
  return s;
}

bool slice_is_whole(const TensorSlice *slice) {
  for (int i = 0; i < slice->rank; i++)
    if (slice->length[i] != SLICE_FULL) return false;
  return true;
}

bool slice_equal(const TensorSlice *a, const TensorSlice *b) {
  return a->rank == b->rank && !memcmp(a->start, b->start, (size_t)a->rank * sizeof *a->start) &&
         !memcmp(a->length, b->length, (size_t)a->rank * sizeof *a->length);
}

/* ---- text ---- */

/* A decimal number that is all of `text`; false for anything else. */
static bool parse_i64(const char *text, size_t size, int64_t *value) {
  bool negative = size && *text == '-';
  int64_t v = 0;
  size_t i = negative;
  if (i == size) return false;
  for (; i < size; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    int digit = text[i] - '0';
    if (!checked_mul_i64(v, 10, &v) || !checked_add_i64(v, negative ? -digit : digit, &v)) return false;
  }
  *value = v;
  return true;
}

TF_Code slice_parse(TensorSlice *slice, const char *text, size_t size, TF_Status *st) {
  *slice = (TensorSlice){0};
  for (size_t at = 0; size && at <= size; slice->rank++) {
    const char *item = text + at, *colon = memchr(item, ':', size - at);
    size_t len = colon ? (size_t)(colon - item) : size - at;
    at += len + 1;
    if (slice->rank == SLICE_MAX_RANK)
      return fail(st, TF_INVALID_ARGUMENT, "slices have at most %d dimensions: string = %.*s", SLICE_MAX_RANK,
                  (int)size, text);
    int64_t start = 0, length = SLICE_FULL;
    if (len != 1 || *item != '-') {
      const char *comma = memchr(item, ',', len);
      size_t first = comma ? (size_t)(comma - item) : len;
      if (!comma || !parse_i64(item, first, &start) || !parse_i64(comma + 1, len - first - 1, &length))
        return fail(st, TF_INVALID_ARGUMENT,
                    "Expected a pair of numbers or '-' but got '%.*s': string = %.*s", (int)len, item,
                    (int)size, text);
      if (start < 0 || length <= 0)
        return fail(st, TF_INVALID_ARGUMENT,
                    "Expected non-negative start and positive length but got start = %lld, length = %lld: "
                    "string = %.*s",
                    (long long)start, (long long)length, (int)size, text);
    }
    slice->start[slice->rank] = start;
    slice->length[slice->rank] = length;
  }
  return TF_OK;
}

void slice_format(const TensorSlice *slice, Bytes *out) {
  for (int i = 0; i < slice->rank; i++) {
    if (i) bytes_putc(out, ':');
    if (slice->length[i] == SLICE_FULL) bytes_putc(out, '-');
    else bytes_printf(out, "%lld,%lld", (long long)slice->start[i], (long long)slice->length[i]);
  }
}

/* "[7,3]" */
static void format_dims(const int64_t *dims, int rank, Bytes *out) {
  bytes_putc(out, '[');
  for (int i = 0; i < rank; i++) bytes_printf(out, i ? ",%lld" : "%lld", (long long)dims[i]);
  bytes_putc(out, ']');
}

/* `message` and ": shape = [7,3], slice = 0,1". */
static TF_Code fail_shape(const TensorSlice *slice, const int64_t *dims, int rank, const char *message,
                          TF_Status *st) {
  Bytes text = {0};
  format_dims(dims, rank, &text);
  bytes_puts(&text, ", slice = ");
  slice_format(slice, &text);
  fail(st, TF_INTERNAL, "%s: shape = %s", message, text.failed ? "?" : text.data);
  bytes_clear(&text);
  return TF_INTERNAL;
}

TF_Code slice_shape(const TensorSlice *slice, const int64_t *dims, int rank, int64_t *out, TF_Status *st) {
  if (slice->rank != rank) return fail_shape(slice, dims, rank, "Mismatching ranks", st);
  for (int i = 0; i < rank; i++) {
    int64_t start = slice->start[i], length = slice->length[i];
    out[i] = length == SLICE_FULL ? dims[i] : length;
    if (length != SLICE_FULL && (start < 0 || length < 0 || start > dims[i] || length > dims[i] - start)) {
      char message[64];
      snprintf(message, sizeof message, "Extent in dimension %d out of bounds", i);
      return fail_shape(slice, dims, rank, message, st);
    }
  }
  return TF_OK;
}

TF_Code slice_parse_spec(const char *text, size_t size, int64_t *dims, int *rank, TensorSlice *slice,
                         int64_t *slice_dims, TF_Status *st) {
  const char *end = text + size, *last = end;
  while (last > text && last[-1] != ' ') last--;
  if (last == text)
    return fail(st, TF_INVALID_ARGUMENT, "Need least two elements in shape_and_slice specification: %.*s",
                (int)size, text);
  *rank = 0;
  for (const char *p = text; p < last;) {
    const char *blank = memchr(p, ' ', (size_t)(last - p));
    int64_t dim;
    if (!parse_i64(p, (size_t)(blank - p), &dim) || dim < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Non numerical dimension in shape_and_slice: %.*s", (int)size,
                  text);
    if (*rank == SLICE_MAX_RANK)
      return fail(st, TF_INVALID_ARGUMENT, "slices have at most %d dimensions: %.*s", SLICE_MAX_RANK,
                  (int)size, text);
    dims[(*rank)++] = dim;
    p = blank + 1;
  }
  TRY(slice_parse(slice, last, (size_t)(end - last), st));
  return slice_shape(slice, dims, *rank, slice_dims, st);
}

/* ---- geometry ---- */

bool slice_intersect(const TensorSlice *a, const TensorSlice *b, const int64_t *dims, TensorSlice *out) {
  *out = (TensorSlice){.rank = a->rank};
  for (int i = 0; i < a->rank; i++) {
    int64_t a_end = a->length[i] == SLICE_FULL ? dims[i] : a->start[i] + a->length[i];
    int64_t b_end = b->length[i] == SLICE_FULL ? dims[i] : b->start[i] + b->length[i];
    int64_t start = a->start[i] > b->start[i] ? a->start[i] : b->start[i];
    int64_t end = a_end < b_end ? a_end : b_end;
    if (start >= end) return false;
    out->start[i] = start;
    out->length[i] = end - start;
  }
  return true;
}

int64_t slice_copy(const int64_t *dims, const TensorSlice *from, const void *src, const TensorSlice *to,
                   void *dst, size_t item) {
  TensorSlice common;
  if (!slice_intersect(from, to, dims, &common)) return 0;
  /* Offsets of the common part's first element in each side, and each side's strides, in elements. */
  int rank = common.rank;
  int64_t src_stride[SLICE_MAX_RANK + 1], dst_stride[SLICE_MAX_RANK + 1], src_at = 0, dst_at = 0, count = 1;
  src_stride[rank] = dst_stride[rank] = 1;
  for (int i = rank - 1; i >= 0; i--) {
    src_at += (common.start[i] - from->start[i]) * src_stride[i + 1];
    dst_at += (common.start[i] - to->start[i]) * dst_stride[i + 1];
    src_stride[i] = src_stride[i + 1] * (from->length[i] == SLICE_FULL ? dims[i] : from->length[i]);
    dst_stride[i] = dst_stride[i + 1] * (to->length[i] == SLICE_FULL ? dims[i] : to->length[i]);
    count *= common.length[i];
  }
  /* Trailing dimensions that are whole on both sides are one run with the dimension before them. */
  int outer = rank;
  int64_t run = 1;
  while (outer > 0 && src_stride[outer] == run && dst_stride[outer] == run) run *= common.length[--outer];
  int64_t at[SLICE_MAX_RANK] = {0};
  for (int64_t done = 0; done < count; done += run) {
    memcpy((char *)dst + (size_t)dst_at * item, (const char *)src + (size_t)src_at * item,
           (size_t)run * item);
    for (int i = outer - 1; i >= 0; i--) {
      src_at += src_stride[i + 1];
      dst_at += dst_stride[i + 1];
      if (++at[i] < common.length[i]) break;
      src_at -= common.length[i] * src_stride[i + 1];
      dst_at -= common.length[i] * dst_stride[i + 1];
      at[i] = 0;
    }
  }
  return count;
}

/* ---- keys ---- */

static void put_num(Bytes *out, uint64_t v) {
  int n = 0;
  while (n < 8 && v >> (8 * n)) n++;
  bytes_putc(out, (char)n);
  while (n--) bytes_putc(out, (char)(v >> (8 * n)));
}

static void put_string(Bytes *out, Span s) {
  const uint8_t *p = s.data;
  for (size_t i = 0; i < s.size; i++) {
    bytes_putc(out, (char)p[i]);
    if (p[i] == 0x00) bytes_putc(out, (char)0xff);
    if (p[i] == 0xff) bytes_putc(out, 0);
  }
  bytes_append(out, "\0\1", 2);
}

/* Header bits of a signed number of n bytes, as the first two of its bytes. */
static const uint8_t signed_header[11][2] = {{0, 0},    {0x80, 0},    {0xc0, 0},   {0xe0, 0},
                                             {0xf0, 0}, {0xf8, 0},    {0xfc, 0},   {0xfe, 0},
                                             {0xff, 0}, {0xff, 0x80}, {0xff, 0xc0}};

/* The bytes that v needs: n of them hold 7n - 1 bits and the sign. */
static int signed_length(int64_t v) {
  uint64_t bits = (uint64_t)(v < 0 ? ~v : v);
  int n = 1;
  while (n < 10 && bits >> (7 * n - 1)) n++;
  return n;
}

static void put_signed(Bytes *out, int64_t v) {
  int n = signed_length(v);
  uint8_t raw[10];
  for (int i = 0; i < n; i++) {
    int shift = 8 * (n - 1 - i);
    raw[i] = shift >= 64 ? (v < 0 ? 0xff : 0) : (uint8_t)((uint64_t)v >> shift);
  }
  raw[0] ^= signed_header[n][0];
  if (n > 1) raw[1] ^= signed_header[n][1];
  bytes_append(out, raw, (size_t)n);
}

void slice_key_put(Bytes *out, Span name, const TensorSlice *slice) {
  put_num(out, 0);
  put_string(out, name);
  put_num(out, (uint64_t)slice->rank);
  for (int i = 0; i < slice->rank; i++) {
    put_signed(out, slice->start[i]);
    put_signed(out, slice->length[i]);
  }
}

static uint64_t get_num(Cursor *c) {
  uint8_t n = cursor_u8(c);
  uint64_t v = 0;
  if (n > 8) {
    c->failed = true;
    return 0;
  }
  while (n--) v = v << 8 | cursor_u8(c);
  return v;
}

/* Appends the string to `out`; false where it is not well formed. */
static bool get_string(Cursor *c, Bytes *out) {
  for (;;) {
    uint8_t byte = cursor_u8(c);
    if (c->failed) return false;
    if (byte == 0x00 || byte == 0xff) {
      uint8_t next = cursor_u8(c);
      if (byte == 0x00 && next == 0x01) return !c->failed;
      if (next != 0xff - byte) return false;
    }
    bytes_putc(out, (char)byte);
  }
}

static int64_t get_signed(Cursor *c) {
  uint8_t raw[10] = {cursor_u8(c)};
  bool negative = !(raw[0] & 0x80);
  /* The header is as many equal bits as there are bytes: ones, or zeros for a negative number. */
  uint8_t flip = negative ? 0xff : 0;
  int n = 0;
  while (n < 8 && (raw[0] ^ flip) & (0x80 >> n)) n++;
  if (n == 8) {
    raw[1] = cursor_u8(c);
    n = (raw[1] ^ flip) & 0x80 ? ((raw[1] ^ flip) & 0x40 ? 10 : 9) : 8;
  }
  for (int i = n >= 8 ? 2 : 1; i < n; i++) raw[i] = cursor_u8(c);
  raw[0] ^= signed_header[n][0];
  if (n > 1) raw[1] ^= signed_header[n][1];
  uint64_t v = negative ? UINT64_MAX : 0;
  for (int i = 0; i < n; i++) v = v << 8 | raw[i];
  if (signed_length((int64_t)v) != n) c->failed = true;
  return (int64_t)v;
}

TF_Code slice_key_get(Span key, Bytes *name, TensorSlice *slice, TF_Status *st) {
  Cursor c = cursor_of(key.data, key.size);
  *slice = (TensorSlice){0};
  if (get_num(&c) != 0 || c.failed || !get_string(&c, name)) goto bad;
  uint64_t rank = get_num(&c);
  if (c.failed || rank > SLICE_MAX_RANK) goto bad;
  slice->rank = (int)rank;
  for (int i = 0; i < slice->rank; i++) {
    slice->start[i] = get_signed(&c);
    slice->length[i] = get_signed(&c);
    if (slice->start[i] < 0 || slice->length[i] < SLICE_FULL) goto bad;
  }
  if (!c.failed && !cursor_left(&c)) return bytes_finish(name, "a slice's name", st);
bad:
  return fail(st, TF_INVALID_ARGUMENT, "not the key of a tensor slice");
}
