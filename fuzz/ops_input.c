/* Bytes to cases and back (ops_input.h). */
#include "ops_input.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"

/* ---- which ops ---- */

/* Bodies of functions are graphs; a case has none. tests/data/exec and session tests run these. */
static bool is_functional(const OpSpec *spec) {
  for (int i = 0; i < spec->num_attrs; i++)
    if (spec->attrs[i].kind == TF_ATTR_FUNC ||
        (spec->attrs[i].kind == TF_ATTR_TENSOR && spec->attrs[i].is_list))
      return true;
  return false;
}

static bool row_is_tried(const OpRow *row) {
  const OpSpec *spec = op_spec_find(row->name);
  return spec && spec->num_attrs <= ATTRS_MAX && !is_functional(spec);
}

const OpRow *op_input_row(uint32_t random) {
  static const OpRow **rows;
  static unsigned count;
  if (!rows) {
    int all = 0;
    while (op_row_at(all)) all++;
    rows = calloc((size_t)all + 1, sizeof *rows);
    if (!rows) abort();
    const OpRow *row;
    for (int i = 0; (row = op_row_at(i)); i++)
      if (row_is_tried(row)) rows[count++] = row;
  }
  return rows[random % count];
}

static const OpRow *find_row(Span name) {
  char text[128] = "";
  if (name.size < sizeof text) memcpy(text, name.data ? name.data : "", name.size);
  const OpRow *row = op_row_find(text);
  if (row) return row_is_tried(row) ? row : NULL;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < name.size; i++) hash = (hash ^ ((const uint8_t *)name.data)[i]) * 16777619u;
  return op_input_row(hash);
}

/* The dtypes of "T: float double; Tidx: int32" for one attribute, up to `max`. */
static int row_dtypes(const OpRow *row, const char *attr, TF_DataType *out, int max) {
  size_t len = strlen(attr);
  for (const char *at = row->types; at && *at; at += strcspn(at, ";")) {
    while (*at == ';' || *at == ' ') at++;
    const char *end = at + strcspn(at, ";"), *colon = memchr(at, ':', (size_t)(end - at));
    if (!colon || (size_t)(colon - at) != len || memcmp(at, attr, len) != 0) continue;
    int n = 0;
    for (const char *word = colon + 1; word < end && n < max;) {
      size_t size = strcspn(word, " ;");
      TF_DataType dtype = dtype_by_name(word, size);
      if (dtype) out[n++] = dtype;
      word += size + (word[size] == ' ');
    }
    return n;
  }
  return 0;
}

TF_DataType op_input_dtype(const OpRow *row, const AttrSpec *spec, unsigned i) {
  static const TF_DataType any[] = {
      TF_FLOAT,  TF_INT32,  TF_INT64,   TF_STRING,   TF_BOOL,     TF_DOUBLE,    TF_HALF,
      TF_UINT8,  TF_INT8,   TF_INT16,   TF_UINT16,   TF_BFLOAT16, TF_COMPLEX64, TF_COMPLEX128,
      TF_UINT32, TF_UINT64, TF_VARIANT, TF_RESOURCE, TF_QINT8,    TF_QUINT8,    TF_QINT32};
  TF_DataType own[32];
  int n = row_dtypes(row, spec->name, own, (int)SM_COUNTOF(own));
  if (n) return own[i % (unsigned)n];
  if (spec->num_allowed_types) return spec->allowed_types[i % (unsigned)spec->num_allowed_types];
  return any[i % SM_COUNTOF(any)];
}

/* ---- numbers ---- */

static int64_t read_zigzag(Cursor *c) {
  uint64_t v = cursor_varint(c);
  return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

static void write_zigzag(Bytes *out, int64_t v) {
  bytes_put_varint(out, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static void write_span(Bytes *out, Span s) {
  bytes_put_varint(out, s.size);
  bytes_append(out, s.data ? s.data : "", s.size);
}

/* ---- tensors ---- */

/* Dims that would make too many elements become 1; an empty tensor may have large ones. */
static void bound_dims(CaseTensor *t) {
  bool empty = false;
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] < 0 || t->dims[i] > INT64_MAX >> 1) t->dims[i] = 1;
    empty = empty || t->dims[i] == 0;
  }
  int64_t count = 1, most = empty ? INT64_MAX >> 4 : COUNT_MAX;
  for (int i = 0; i < t->rank; i++) {
    int64_t d = t->dims[i] ? t->dims[i] : 1;
    if (d > most / count) d = t->dims[i] = 1;
    count *= d;
  }
}

static void read_tensor(CaseTensor *t, Cursor *c, Arena *arena, int depth) {
  t->rank = cursor_u8(c) % (depth > 1 ? 9 : TENSOR_MAX_RANK + 1);
  for (int i = 0; i < t->rank; i++) t->dims[i] = (int64_t)cursor_varint(c);
  bound_dims(t);
  t->data = cursor_span(c);
  t->held = NULL;
  if (!case_holds(t->dtype) || depth > 2) return;
  t->kind = cursor_u8(c);
  t->held_dtype = cursor_u8(c);
  t->held = arena_calloc(arena, 1, sizeof *t->held);
  if (!t->held) abort();
  read_tensor(t->held, c, arena, depth + 1);
}

static void write_tensor(const CaseTensor *t, Bytes *out) {
  bytes_putc(out, (char)t->rank);
  for (int i = 0; i < t->rank; i++) bytes_put_varint(out, (uint64_t)t->dims[i]);
  write_span(out, t->data);
  if (!case_holds(t->dtype)) return;
  static const CaseTensor scalar;
  bytes_putc(out, (char)t->kind);
  bytes_putc(out, (char)t->held_dtype);
  write_tensor(t->held ? t->held : &scalar, out);
}

static TF_Code fill_strings(TF_TString *out, int64_t n, Span data, TF_Status *st) {
  Cursor c = cursor_of(data.data, data.size);
  for (int64_t i = 0; i < n; i++) {
    if (!cursor_left(&c)) c = cursor_of(data.data, data.size);
    Span s = cursor_span(&c);
    if (s.size && !tstring_set(&out[i], s.data, s.size)) return fail_oom(st, "a string");
  }
  return TF_OK;
}

TF_Code case_tensor_make(const CaseTensor *c, Tensor *out, TF_Status *st) {
  TF_DataType dtype = dtype_base(c->dtype);
  TRY(tensor_alloc(out, dtype, c->dims, c->rank, st));
  int64_t n = tensor_count(out);
  if (dtype == TF_STRING) return fill_strings(out->data, n, c->data, st);
  if (dtype_is_object(dtype)) return TF_OK;
  size_t size = dtype_size(dtype), bytes = (size_t)n * size;
  /* A part of an element at the end is left out, unless there is nothing else. */
  size_t given = c->data.size >= size ? c->data.size - c->data.size % size : c->data.size;
  char *to = out->data;
  if (bytes && !given) memset(to, 0, bytes);
  for (size_t at = 0; given && at < bytes; at += given)
    memcpy(to + at, c->data.data, given < bytes - at ? given : bytes - at);
  for (size_t i = 0; dtype == TF_BOOL && i < bytes; i++) to[i] &= 1;
  return TF_OK;
}

/* ---- attributes ---- */

static Shape read_shape(Cursor *c) {
  Shape s = {.rank = (int)(cursor_varint(c) % (TENSOR_MAX_RANK + 2)) - 1};
  for (int i = 0; i < s.rank; i++) s.dims[i] = read_zigzag(c);
  return s;
}

static void write_shape(const Shape *s, Bytes *out) {
  bytes_put_varint(out, (uint64_t)(s->rank + 1));
  for (int i = 0; i < s->rank; i++) write_zigzag(out, s->dims[i]);
}

static TF_DataType read_type(const OpInput *in, const AttrSpec *spec, Cursor *c) {
  uint8_t byte = cursor_u8(c);
  return byte & 0x80 ? (TF_DataType)(byte & 0x7f) : op_input_dtype(in->row, spec, byte);
}

/* One value, or the i-th of a list, whose array was made before. */
static void read_value(OpInput *in, const AttrSpec *spec, Attr *a, Cursor *c, Arena *arena, int64_t i) {
#define PUT(type, field, list, value)                          \
  do {                                                         \
    if (a->is_list) ((type *)(uintptr_t)a->v.list)[i] = value; \
    else a->v.field = value;                                   \
  } while (0)
  switch (a->kind) {
    case TF_ATTR_INT: PUT(int64_t, i, list_i, read_zigzag(c)); break;
    case TF_ATTR_FLOAT: {
      uint32_t bits = cursor_u32le(c);
      float f;
      memcpy(&f, &bits, sizeof f);
      PUT(float, f, list_f, f);
      break;
    }
    case TF_ATTR_BOOL: PUT(bool, b, list_b, cursor_u8(c) & 1); break;
    case TF_ATTR_TYPE: PUT(TF_DataType, type, list_type, read_type(in, spec, c)); break;
    case TF_ATTR_STRING: PUT(Span, s, list_s, cursor_span(c)); break;
    case TF_ATTR_SHAPE: {
      Shape *s = a->is_list ? (Shape *)(uintptr_t)&a->v.list_shape[i] : arena_calloc(arena, 1, sizeof *s);
      if (!s) abort();
      *s = read_shape(c);
      if (!a->is_list) a->v.shape = s;
      break;
    }
    case TF_ATTR_TENSOR: {
      CaseTensor *t = arena_calloc(arena, 1, sizeof *t);
      if (!t) abort();
      t->dtype = read_type(in, spec, c);
      if (case_holds(t->dtype) || !dtype_size(t->dtype)) t->dtype = TF_FLOAT;
      read_tensor(t, c, arena, 0);
      if (!a->is_list) in->tensors[a - in->attrs] = t;
      break;
    }
    default: break;
  }
#undef PUT
}

static size_t value_size(TF_AttrType kind) {
  switch (kind) {
    case TF_ATTR_FLOAT: return sizeof(float);
    case TF_ATTR_BOOL: return sizeof(bool);
    case TF_ATTR_TYPE: return sizeof(TF_DataType);
    case TF_ATTR_STRING: return sizeof(Span);
    case TF_ATTR_SHAPE: return sizeof(Shape);
    default: return sizeof(int64_t);
  }
}

static void read_attr(OpInput *in, const AttrSpec *spec, Cursor *c, Arena *arena) {
  Attr *a = &in->attrs[in->num_attrs++];
  *a = (Attr){.name = spec->name, .kind = spec->kind, .is_list = spec->is_list, .count = 1};
  if (a->is_list) {
    a->count = (int64_t)(cursor_varint(c) % (LIST_ATTR_MAX + 1));
    /* One array of any kind: the members of the union are all pointers to const. */
    a->v.list_i = arena_calloc(arena, LIST_ATTR_MAX, value_size(a->kind));
    if (!a->v.list_i) abort();
  }
  for (int64_t i = 0; i < a->count; i++) read_value(in, spec, a, c, arena, i);
}

static void write_value(const OpInput *in, const Attr *a, Bytes *out, int64_t i) {
  switch (a->kind) {
    case TF_ATTR_INT: write_zigzag(out, a->is_list ? a->v.list_i[i] : a->v.i); break;
    case TF_ATTR_FLOAT: {
      float f = a->is_list ? a->v.list_f[i] : a->v.f;
      uint32_t bits;
      memcpy(&bits, &f, sizeof bits);
      bytes_put_u32le(out, bits);
      break;
    }
    case TF_ATTR_BOOL: bytes_putc(out, a->is_list ? a->v.list_b[i] : a->v.b); break;
    case TF_ATTR_TYPE:
      bytes_putc(out, (char)(0x80 | (int)(a->is_list ? a->v.list_type[i] : a->v.type)));
      break;
    case TF_ATTR_STRING: write_span(out, a->is_list ? a->v.list_s[i] : a->v.s); break;
    case TF_ATTR_SHAPE: write_shape(a->is_list ? &a->v.list_shape[i] : a->v.shape, out); break;
    case TF_ATTR_TENSOR: {
      static const CaseTensor scalar = {.dtype = TF_FLOAT};
      const CaseTensor *t = in->tensors[a - in->attrs] ? in->tensors[a - in->attrs] : &scalar;
      bytes_putc(out, (char)(0x80 | (int)t->dtype));
      write_tensor(t, out);
      break;
    }
    default: break;
  }
}

/* ---- cases ---- */

static const Attr *find_attr(const OpInput *in, const char *name) {
  for (int i = 0; name && i < in->num_attrs; i++)
    if (strcmp(in->attrs[i].name, name) == 0) return &in->attrs[i];
  return NULL;
}

/* Argument by argument; `each` gets inputs that are as they should be. */
static void fit(OpInput *in, Arena *arena, Cursor *c) {
  int n = 0, had = c ? 0 : in->num_inputs;
  for (int arg = 0; arg < in->spec->num_inputs; arg++) {
    const ArgSpec *spec = &in->spec->inputs[arg];
    const Attr *number = find_attr(in, spec->number_attr), *list = find_attr(in, spec->list_attr),
               *type = find_attr(in, spec->type_attr);
    int64_t count = number ? number->v.i : list ? list->count : 1;
    for (int64_t i = 0; i < count && n < INPUT_MAX && i < LIST_ATTR_MAX; i++) {
      CaseTensor *t = &in->inputs[n];
      if (n >= had) *t = (CaseTensor){0};
      t->dtype = list ? list->v.list_type[i] : type ? type->v.type : spec->type;
      if (dtype_is_ref(t->dtype) || !dtype_size(t->dtype)) t->dtype = TF_FLOAT;
      if (spec->is_ref) t->dtype = (TF_DataType)(t->dtype + 100);
      if (c) read_tensor(t, c, arena, 0);
      if (case_holds(t->dtype) && !t->held && !(t->held = arena_calloc(arena, 1, sizeof *t->held))) abort();
      n++;
    }
  }
  in->num_inputs = n;
}

void op_input_fit(OpInput *in, Arena *arena) {
  for (int i = 0; i < in->num_inputs; i++) bound_dims(&in->inputs[i]);
  fit(in, arena, NULL);
}

bool op_input_read(OpInput *in, Span bytes, Arena *arena) {
  Cursor c = cursor_of(bytes.data, bytes.size);
  *in = (OpInput){.mode = cursor_u8(&c)};
  in->row = find_row(cursor_span(&c));
  if (!in->row) return false;
  in->spec = op_spec_find(in->row->name);
  for (int i = 0; i < in->spec->num_attrs; i++) read_attr(in, &in->spec->attrs[i], &c, arena);
  fit(in, arena, &c);
  return true;
}

void op_input_write(const OpInput *in, Bytes *out) {
  bytes_putc(out, (char)in->mode);
  write_span(out, (Span){in->row->name, strlen(in->row->name)});
  for (int i = 0; i < in->num_attrs; i++) {
    const Attr *a = &in->attrs[i];
    if (a->is_list) bytes_put_varint(out, (uint64_t)a->count);
    for (int64_t k = 0; k < a->count; k++) write_value(in, a, out, k);
  }
  for (int i = 0; i < in->num_inputs; i++) write_tensor(&in->inputs[i], out);
}
