/* TensorProto:  dtype 1, tensor_shape 2 { dim 2 { size 1 } unknown_rank 3 }, version 3, tensor_content 4,
 * then a repeated field of values for each kind of dtype (see `rows`). */
#include "serving/tensor_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "serving/proto_scan.h"

enum { MAX_RANK = 254, FIELD_DTYPE = 1, FIELD_SHAPE = 2, FIELD_CONTENT = 4 };
/* What a shape may grow to beyond the values sent: a few bytes must not order gigabytes. */
#define SPLAT_MAX ((size_t)1 << 30)

/* How the values of a type are written in the typed field. */
typedef enum Form {
  FORM_NONE,
  FORM_FLOAT,  /* packed fixed32 */
  FORM_DOUBLE, /* packed fixed64 */
  FORM_SIGNED, /* packed varints, sign-extended to 64 bits */
  FORM_UNSIGNED,
  FORM_BOOL,
  FORM_STRING,
  FORM_BYTES, /* one bytes field that holds the elements */
} Form;

typedef struct Row {
  const char *word, *name;
  uint8_t size;  /* in memory */
  uint8_t field; /* number of the typed field */
  uint8_t form;
  uint8_t parts; /* values an element: 2 for complex */
} Row;

static const Row rows[] = {
    [0] = {"invalid", "DT_INVALID", 0, 0, FORM_NONE, 0},
    [TF_FLOAT] = {"float", "DT_FLOAT", 4, 5, FORM_FLOAT, 1},
    [TF_DOUBLE] = {"double", "DT_DOUBLE", 8, 6, FORM_DOUBLE, 1},
    [TF_INT32] = {"int32", "DT_INT32", 4, 7, FORM_SIGNED, 1},
    [TF_UINT8] = {"uint8", "DT_UINT8", 1, 7, FORM_UNSIGNED, 1},
    [TF_INT16] = {"int16", "DT_INT16", 2, 7, FORM_SIGNED, 1},
    [TF_INT8] = {"int8", "DT_INT8", 1, 7, FORM_SIGNED, 1},
    [TF_STRING] = {"string", "DT_STRING", sizeof(TF_TString), 8, FORM_STRING, 1},
    [TF_COMPLEX64] = {"complex64", "DT_COMPLEX64", 8, 9, FORM_FLOAT, 2},
    [TF_INT64] = {"int64", "DT_INT64", 8, 10, FORM_SIGNED, 1},
    [TF_BOOL] = {"bool", "DT_BOOL", 1, 11, FORM_BOOL, 1},
    [TF_QINT8] = {"qint8", "DT_QINT8", 1, 7, FORM_SIGNED, 1},
    [TF_QUINT8] = {"quint8", "DT_QUINT8", 1, 7, FORM_UNSIGNED, 1},
    [TF_QINT32] = {"qint32", "DT_QINT32", 4, 7, FORM_SIGNED, 1},
    [TF_BFLOAT16] = {"bfloat16", "DT_BFLOAT16", 2, 13, FORM_UNSIGNED, 1},
    [TF_QINT16] = {"qint16", "DT_QINT16", 2, 7, FORM_SIGNED, 1},
    [TF_QUINT16] = {"quint16", "DT_QUINT16", 2, 7, FORM_UNSIGNED, 1},
    [TF_UINT16] = {"uint16", "DT_UINT16", 2, 7, FORM_UNSIGNED, 1},
    [TF_COMPLEX128] = {"complex128", "DT_COMPLEX128", 16, 12, FORM_DOUBLE, 2},
    [TF_HALF] = {"half", "DT_HALF", 2, 13, FORM_UNSIGNED, 1},
    [TF_RESOURCE] = {"resource", "DT_RESOURCE", 0, 14, FORM_NONE, 0},
    [TF_VARIANT] = {"variant", "DT_VARIANT", 0, 15, FORM_NONE, 0},
    [TF_UINT32] = {"uint32", "DT_UINT32", 4, 16, FORM_UNSIGNED, 1},
    [TF_UINT64] = {"uint64", "DT_UINT64", 8, 17, FORM_UNSIGNED, 1},
    [TF_FLOAT8_E5M2] = {"float8_e5m2", "DT_FLOAT8_E5M2", 1, 18, FORM_BYTES, 1},
    [TF_FLOAT8_E4M3FN] = {"float8_e4m3fn", "DT_FLOAT8_E4M3FN", 1, 18, FORM_BYTES, 1},
    [TF_INT4] = {"int4", "DT_INT4", 1, 7, FORM_SIGNED, 1},
    [TF_UINT4] = {"uint4", "DT_UINT4", 1, 7, FORM_UNSIGNED, 1},
};

static const Row *row_of(int dtype) {
  if (dtype >= 100) dtype -= 100; /* reference types */
  return dtype > 0 && (size_t)dtype < SM_COUNTOF(rows) && rows[dtype].word ? &rows[dtype] : &rows[0];
}

const char *dtype_word(int dtype) { return row_of(dtype)->word; }
const char *dtype_enum_name(int dtype) { return row_of(dtype)->name; }
size_t dtype_memory_size(int dtype) { return row_of(dtype)->size; }

const char *tensor_shape_text(const TF_Tensor *tensor, char out[TENSOR_SHAPE_TEXT_MAX]) {
  size_t n = 0;
  out[n++] = '[';
  for (int i = 0; i < TF_NumDims(tensor) && n < TENSOR_SHAPE_TEXT_MAX - 24; i++)
    n += (size_t)snprintf(out + n, TENSOR_SHAPE_TEXT_MAX - n, "%s%lld", i ? "," : "",
                          (long long)TF_Dim(tensor, i));
  out[n++] = ']';
  out[n] = 0;
  return out;
}

TF_Tensor *tensor_new(int dtype, const int64_t *dims, int rank, size_t bytes) {
  TF_Tensor *tensor = TF_AllocateTensor((TF_DataType)dtype, dims, rank, bytes);
  if (tensor && dtype == TF_STRING && bytes) memset(TF_TensorData(tensor), 0, bytes);
  return tensor;
}

/* ---- decoding ---- */

typedef struct Parsed {
  int dtype;
  const Row *row;
  int rank;
  bool unknown_rank, bad_dim;
  int64_t dims[MAX_RANK];
  Span content;
} Parsed;

static bool parse_shape(Span shape, Parsed *p) {
  Cursor c = cursor_of(shape.data, shape.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number == 3 && f.wire == PROTO_VARINT) p->unknown_rank = f.value != 0;
    if (f.number != 2 || f.wire != PROTO_BYTES) continue;
    int64_t size = 0;
    Cursor d = cursor_of(f.span.data, f.span.size);
    for (ProtoField g; proto_next(&d, &g);)
      if (g.number == 1 && g.wire == PROTO_VARINT) size = (int64_t)g.value;
    if (d.failed || p->rank == MAX_RANK) return false;
    if (size < 0) p->bad_dim = true;
    p->dims[p->rank++] = size;
  }
  return !c.failed;
}

/* Everything but the values. */
static bool parse_head(Span proto, Parsed *p) {
  *p = (Parsed){.rank = 0};
  Cursor c = cursor_of(proto.data, proto.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number == FIELD_DTYPE && f.wire == PROTO_VARINT) p->dtype = (int)f.value;
    else if (f.number == FIELD_SHAPE && f.wire == PROTO_BYTES && !parse_shape(f.span, p)) return false;
    else if (f.number == FIELD_CONTENT && f.wire == PROTO_BYTES) p->content = f.span;
  }
  p->row = row_of(p->dtype);
  return !c.failed;
}

/* Stores values one after the other into a tensor with room for `room` of them. */
typedef struct Filler {
  const Row *row;
  uint8_t *at;
  size_t room, count; /* in values: elements times parts */
} Filler;

static void put_int(Filler *fill, uint64_t v) {
  if (fill->count == fill->room) return;
  switch (fill->row->size) {
    case 1: *(uint8_t *)fill->at = fill->row->form == FORM_BOOL ? v != 0 : (uint8_t)v; break;
    case 2: memcpy(fill->at, &(uint16_t){(uint16_t)v}, 2); break;
    case 4: memcpy(fill->at, &(uint32_t){(uint32_t)v}, 4); break;
    default: memcpy(fill->at, &v, 8); break;
  }
  fill->at += fill->row->size;
  fill->count++;
}

/* `size` bytes of little-endian fixed-size values, which is how they are in memory too. */
static bool put_fixed(Filler *fill, const void *data, size_t size, size_t each) {
  if (size % each) return false;
  size_t n = size / each, left = fill->room - fill->count;
  if (n > left) n = left;
  if (n) memcpy(fill->at, data, n * each);
  fill->at += n * each;
  fill->count += n;
  return true;
}

static bool put_varints(Filler *fill, Span packed) {
  Cursor c = cursor_of(packed.data, packed.size);
  while (c.at < c.end && !c.failed) put_int(fill, cursor_varint(&c));
  return !c.failed;
}

static void put_string(Filler *fill, Span text) {
  if (fill->count == fill->room) return;
  TF_StringCopy((TF_TString *)(void *)fill->at, text.data ? text.data : "", text.size);
  fill->at += sizeof(TF_TString);
  fill->count++;
}

/* One occurrence of the typed field. False: it cannot be what it should. */
static bool put_field(Filler *fill, const ProtoField *f) {
  size_t each = fill->row->form == FORM_FLOAT ? 4 : 8;
  switch (fill->row->form) {
    case FORM_FLOAT:
    case FORM_DOUBLE:
      if (f->wire == PROTO_BYTES) return put_fixed(fill, f->span.data, f->span.size, each);
      if (f->wire != (each == 4 ? PROTO_FIXED32 : PROTO_FIXED64)) return true; /* another field in disguise */
      return put_fixed(fill, &f->value, each, each);
    case FORM_SIGNED:
    case FORM_UNSIGNED:
    case FORM_BOOL:
      if (f->wire == PROTO_BYTES) return put_varints(fill, f->span);
      if (f->wire == PROTO_VARINT) put_int(fill, f->value);
      return true;
    case FORM_STRING:
      if (f->wire == PROTO_BYTES) put_string(fill, f->span);
      return true;
    default: return f->wire != PROTO_BYTES || put_fixed(fill, f->span.data, f->span.size, 1);
  }
}

/* Continues with the last element up to the end. */
static void repeat_last(Filler *fill) {
  size_t element = (size_t)fill->row->size, done = fill->count / fill->row->parts;
  size_t left = (fill->room - fill->count) / fill->row->parts;
  if (!done) {
    if (fill->row->form != FORM_STRING && left) memset(fill->at, 0, left * element);
    return;
  }
  const uint8_t *last = fill->at - element;
  for (size_t i = 0; i < left; i++, fill->at += element) {
    if (fill->row->form != FORM_STRING) {
      memcpy(fill->at, last, element);
    } else {
      const TF_TString *text = (const TF_TString *)(const void *)last;
      TF_StringCopy((TF_TString *)(void *)fill->at, TF_StringGetDataPointer(text), TF_StringGetSize(text));
    }
  }
}

static bool fill_typed(Span proto, const Row *row, TF_Tensor *tensor, size_t elements) {
  Filler fill = {row, TF_TensorData(tensor), elements * row->parts, 0};
  if (!elements) return true;
  Cursor c = cursor_of(proto.data, proto.size);
  for (ProtoField f; proto_next(&c, &f);)
    if (f.number == row->field && !put_field(&fill, &f)) return false;
  if (fill.count % row->parts) { /* half a complex number */
    fill.count--;
    fill.at -= row->size / row->parts;
  }
  repeat_last(&fill);
  return true;
}

/* tensor_content of a string tensor: all lengths as varints, then all bytes. */
static bool fill_strings(Span content, TF_Tensor *tensor, size_t elements) {
  TF_TString *text = TF_TensorData(tensor);
  Cursor lengths = cursor_of(content.data, content.size), bytes = lengths;
  for (size_t i = 0; i < elements; i++) cursor_varint(&bytes);
  for (size_t i = 0; i < elements; i++) {
    uint64_t len = cursor_varint(&lengths);
    if (bytes.failed || len > cursor_left(&bytes)) return false;
    TF_StringCopy(&text[i], (const char *)cursor_take(&bytes, (size_t)len), (size_t)len);
  }
  return !bytes.failed && !cursor_left(&bytes);
}

/* Elements of the shape, checked against what the message can mean. */
static TF_Code count_elements(Span proto, const Parsed *p, size_t *elements, TF_Status *st) {
  if (!p->dtype || p->row->form == FORM_NONE)
    return fail(st, TF_INVALID_ARGUMENT, "a tensor of type %s cannot be given", p->row->name);
  if (p->unknown_rank || p->bad_dim) return fail(st, TF_INVALID_ARGUMENT, "the shape is not fully known");
  size_t n = 1, bytes;
  for (int i = 0; i < p->rank; i++)
    if (!checked_mul(n, (size_t)p->dims[i], &n) || n > INT64_MAX)
      return fail(st, TF_INVALID_ARGUMENT, "the shape has too many elements");
  if (!checked_mul(n, p->row->size, &bytes)) return fail(st, TF_INVALID_ARGUMENT, "the shape is too large");
  if (p->content.size) {
    bool fits = p->row->form == FORM_STRING ? n <= p->content.size : bytes == p->content.size;
    if (!fits)
      return fail(st, TF_INVALID_ARGUMENT, "tensor_content has %zu bytes for %zu elements of %s",
                  p->content.size, n, p->row->word);
  } else if (bytes > SPLAT_MAX && n > proto.size) {
    return fail(st, TF_INVALID_ARGUMENT, "%zu elements of which few are given: too large", n);
  }
  *elements = n;
  return TF_OK;
}

TF_Code tensor_decode(Span proto, TF_Tensor **out, TF_Status *st) {
  *out = NULL;
  Parsed p;
  if (!parse_head(proto, &p)) return fail(st, TF_INVALID_ARGUMENT, "malformed TensorProto");
  size_t elements = 0;
  TRY(count_elements(proto, &p, &elements, st));
  size_t bytes = elements * p.row->size;
  TF_Tensor *tensor = tensor_new(p.dtype, p.dims, p.rank, bytes);
  if (!tensor) return fail_oom(st, "tensor");
  bool ok;
  if (!p.content.size) ok = fill_typed(proto, p.row, tensor, elements);
  else if (p.row->form == FORM_STRING) ok = fill_strings(p.content, tensor, elements);
  else {
    memcpy(TF_TensorData(tensor), p.content.data, bytes);
    ok = true;
  }
  if (!ok) {
    TF_DeleteTensor(tensor);
    return fail(st, TF_INVALID_ARGUMENT, "malformed values of type %s", p.row->word);
  }
  if (p.row->form == FORM_BOOL && p.content.size) { /* any nonzero byte is true, but a kernel wants 0 or 1 */
    uint8_t *b = TF_TensorData(tensor);
    for (size_t i = 0; i < elements; i++) b[i] = b[i] != 0;
  }
  *out = tensor;
  return TF_OK;
}

/* ---- encoding ---- */

/* Element `i` as the 64 bits that its varint holds. */
static inline uint64_t integer_at(const void *data, const Row *row, size_t i) {
  bool is_signed = row->form == FORM_SIGNED;
  switch (row->size) {
    case 1: {
      uint8_t v = ((const uint8_t *)data)[i];
      return is_signed ? (uint64_t)(int64_t)(int8_t)v : v;
    }
    case 2: {
      uint16_t v = ((const uint16_t *)data)[i];
      return is_signed ? (uint64_t)(int64_t)(int16_t)v : v;
    }
    case 4: {
      uint32_t v = ((const uint32_t *)data)[i];
      return is_signed ? (uint64_t)(int64_t)(int32_t)v : v;
    }
    default: return ((const uint64_t *)data)[i];
  }
}

static size_t shape_size(const TF_Tensor *tensor) {
  size_t size = 0;
  for (int i = 0; i < TF_NumDims(tensor); i++) {
    int64_t dim = TF_Dim(tensor, i);
    size += proto_field_size(2, dim ? 1 + proto_varint_size((uint64_t)dim) : 0);
  }
  return size;
}

static size_t elements_of(const TF_Tensor *tensor) {
  size_t n = 1;
  for (int i = 0; i < TF_NumDims(tensor); i++) n *= (size_t)TF_Dim(tensor, i);
  return n;
}

/* Whether the packed values are the bytes in memory. */
static bool is_plain(const Row *row) {
  return row->form == FORM_FLOAT || row->form == FORM_DOUBLE || row->form == FORM_BYTES ||
         row->form == FORM_BOOL;
}

/* Bytes of the packed values, without key and length; for strings, with them. */
static size_t values_size(const TF_Tensor *tensor, const Row *row, size_t n, bool as_content) {
  const void *data = TF_TensorData(tensor);
  if (row->form == FORM_STRING) {
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
      size += proto_field_size(row->field, TF_StringGetSize((const TF_TString *)data + i));
    return size;
  }
  if (as_content || is_plain(row)) return n * row->size;
  size_t size = 0;
  for (size_t i = 0; i < n; i++) size += proto_varint_size(integer_at(data, row, i));
  return size;
}

bool tensor_encoded_size(const TF_Tensor *tensor, bool as_content, size_t *size) {
  const Row *row = row_of(TF_TensorType(tensor));
  if (row->form == FORM_NONE) return false;
  size_t n = elements_of(tensor), values = values_size(tensor, row, n, as_content);
  if (row->form != FORM_STRING && values)
    values = proto_field_size(as_content ? FIELD_CONTENT : row->field, values);
  *size = 1 + proto_varint_size((uint64_t)TF_TensorType(tensor)) +
          proto_field_size(FIELD_SHAPE, shape_size(tensor)) + values;
  return true;
}

static void put_values(const TF_Tensor *tensor, const Row *row, size_t n, bool as_content, Bytes *out) {
  const void *data = TF_TensorData(tensor);
  if (row->form == FORM_STRING) {
    const TF_TString *text = data;
    for (size_t i = 0; i < n; i++)
      proto_put_bytes(out, row->field, TF_StringGetDataPointer(&text[i]), TF_StringGetSize(&text[i]));
    return;
  }
  size_t size = values_size(tensor, row, n, as_content);
  if (!size) return;
  proto_put_head(out, as_content ? FIELD_CONTENT : row->field, size);
  if (as_content || is_plain(row)) {
    bytes_append(out, data, size);
    return;
  }
  if (!bytes_reserve(out, size)) return;
  for (size_t i = 0; i < n; i++) bytes_put_varint(out, integer_at(data, row, i));
}

void tensor_encode(const TF_Tensor *tensor, bool as_content, Bytes *out) {
  const Row *row = row_of(TF_TensorType(tensor));
  proto_put_varint_field(out, FIELD_DTYPE, (uint64_t)TF_TensorType(tensor));
  proto_put_head(out, FIELD_SHAPE, shape_size(tensor));
  for (int i = 0; i < TF_NumDims(tensor); i++) {
    int64_t dim = TF_Dim(tensor, i);
    proto_put_head(out, 2, dim ? 1 + proto_varint_size((uint64_t)dim) : 0);
    if (dim) proto_put_varint_field(out, 1, (uint64_t)dim);
  }
  put_values(tensor, row, elements_of(tensor), as_content, out);
}
