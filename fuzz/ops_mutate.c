/* Changing cases (ops_mutate.h). Numbers are drawn where kernels have edges: sizes of other inputs, small and
 * negative ones, the ends of the types; strings from what ops read. */
#include "ops_mutate.h"

#include <math.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ops_objects.h"

typedef struct Random {
  uint64_t state;
  OpInput *in;
  Arena *arena;
} Random;

static uint32_t draw(Random *r) {
  r->state = r->state * 6364136223846793005u + 1442695040888963407u;
  uint64_t x = r->state ^ r->state >> 29;
  return (uint32_t)(x * 0x9e3779b97f4a7c15u >> 32);
}
static uint32_t below(Random *r, uint32_t n) { return draw(r) % n; }
static bool one_in(Random *r, uint32_t n) { return below(r, n) == 0; }

/* ---- numbers ---- */

/* A dim of some input, or a small number. */
static int64_t any_dim(Random *r) {
  static const int64_t dims[] = {0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33};
  if (r->in->num_inputs && one_in(r, 2)) {
    const CaseTensor *t = &r->in->inputs[below(r, (uint32_t)r->in->num_inputs)];
    if (t->rank) return t->dims[below(r, (uint32_t)t->rank)];
  }
  static const int64_t large[] = {64, 100, 257, 1000, 4097, 65536, 1 << 20, INT32_MAX, INT64_C(1) << 40};
  return one_in(r, 24) ? large[below(r, SM_COUNTOF(large))] : dims[below(r, SM_COUNTOF(dims))];
}

static int64_t any_int(Random *r) {
  static const int64_t edges[] = {-1,
                                  -2,
                                  -3,
                                  -4,
                                  -8,
                                  INT8_MIN,
                                  INT8_MAX,
                                  UINT8_MAX,
                                  INT16_MIN,
                                  INT16_MAX,
                                  UINT16_MAX,
                                  INT32_MIN,
                                  INT32_MIN + 1,
                                  INT32_MAX,
                                  INT32_MAX - 1,
                                  UINT32_MAX,
                                  INT64_MIN,
                                  INT64_MIN + 1,
                                  INT64_MAX,
                                  INT64_MAX - 1,
                                  INT64_C(1) << 31,
                                  INT64_C(1) << 40,
                                  1 << 16};
  switch (below(r, 8)) {
    case 0: return edges[below(r, SM_COUNTOF(edges))];
    case 1: return -1 - (int64_t)below(r, 4);
    case 2:
    case 3: return any_dim(r);
    default: return below(r, 5);
  }
}

static float any_float(Random *r) {
  static const float edges[] = {0,
                                -0.0f,
                                1,
                                -1,
                                0.5f,
                                2,
                                1e-45f,
                                1e-38f,
                                3.4028235e38f,
                                -3.4028235e38f,
                                1e30f,
                                1e10f,
                                -1e10f,
                                2147483648.0f,
                                -2147483648.0f,
                                4294967296.0f,
                                9223372036854775808.0f,
                                -9.3e18f,
                                255,
                                65504};
  switch (below(r, 8)) {
    case 0: return edges[below(r, SM_COUNTOF(edges))];
    case 1: return one_in(r, 2) ? NAN : one_in(r, 2) ? INFINITY : -INFINITY;
    case 2: return (float)any_int(r);
    default: return ((float)below(r, 2001) - 1000) / 250;
  }
}

static Span any_text(Random *r) {
  static const char *const texts[] = {"",
                                      "a",
                                      "b",
                                      "ab",
                                      "abc def",
                                      "1",
                                      "-1",
                                      "3.25e2",
                                      "1e400",
                                      "0x1F",
                                      "nan",
                                      "-inf",
                                      "\xc3\xa9t\xc3\xa9",
                                      "\xff\xfe\x80",
                                      "\xf0\x9f\x98\x80",
                                      "%d",
                                      "%s%n%.99999f",
                                      "a,b,,c",
                                      " \t\n",
                                      "(a|b)*c",
                                      "[a-",
                                      "\\1\\2",
                                      "(a*)*b",
                                      "ab,bc->ac",
                                      "...ij,...jk->...ik",
                                      "ii->i",
                                      "abc->cba",
                                      ",->",
                                      "ij,jk",
                                      "SAME",
                                      "VALID",
                                      "NHWC",
                                      "NCHW",
                                      "NDHWC",
                                      "UTF-8",
                                      "REPLACE",
                                      "YWJj",
                                      "fp32",
                                      "min",
                                      "sum",
                                      "-",
                                      ".",
                                      "host"};
  const char *text = texts[below(r, SM_COUNTOF(texts))];
  return (Span){text, strlen(text)};
}

/* ---- elements ---- */

static void put_element(Random *r, Bytes *out, TF_DataType dtype) {
  size_t size = dtype_size(dtype);
  if (dtype == TF_STRING) {
    Span s = any_text(r);
    bytes_put_varint(out, s.size);
    bytes_append(out, s.data, s.size);
    return;
  }
  if (dtype == TF_FLOAT || dtype == TF_DOUBLE || dtype == TF_COMPLEX64 || dtype == TF_COMPLEX128) {
    bool wide = dtype == TF_DOUBLE || dtype == TF_COMPLEX128;
    for (int part = 0; part < (dtype == TF_COMPLEX64 || dtype == TF_COMPLEX128 ? 2 : 1); part++) {
      float f = any_float(r);
      double d = (double)f;
      bytes_append(out, wide ? (void *)&d : (void *)&f, wide ? sizeof d : sizeof f);
    }
    return;
  }
  int64_t v = any_int(r);
  if (dtype == TF_HALF || dtype == TF_BFLOAT16) {
    static const uint16_t bits[] = {0,      0x8000, 0x3c00, 0xbc00, 0x3f80, 0xbf80, 0x4000, 0x7c00,
                                    0xfc00, 0x7e00, 0x7f80, 0xff80, 0x7fc0, 0x7bff, 1};
    v = one_in(r, 3) ? (int64_t)draw(r) : bits[below(r, SM_COUNTOF(bits))];
  }
  bytes_append(out, &v, size < sizeof v ? size : sizeof v);
}

static void new_elements(Random *r, CaseTensor *t) {
  TF_DataType dtype = dtype_base(t->dtype);
  if (dtype == TF_RESOURCE || dtype == TF_VARIANT || !dtype_size(dtype)) return;
  Bytes out = {0};
  int n = one_in(r, 4) ? 1 : 1 + (int)below(r, 12);
  if (t->rank == 1 && t->dims[0] < 64) n = (int)t->dims[0];
  for (int i = 0; i < n; i++) put_element(r, &out, dtype);
  t->data = (Span){arena_memdup(r->arena, out.data ? out.data : "", out.size), out.size};
  bytes_clear(&out);
}

/* One element becomes another; all that repeated are written out when they are few. */
static void change_element(Random *r, CaseTensor *t) {
  size_t size = dtype_size(dtype_base(t->dtype));
  if (t->dtype == TF_STRING || case_holds(t->dtype) || t->data.size < size || !size) {
    new_elements(r, t);
    return;
  }
  uint8_t *copy = arena_memdup(r->arena, t->data.data, t->data.size);
  Bytes element = {0};
  put_element(r, &element, t->dtype);
  size_t at = below(r, (uint32_t)(t->data.size / size)) * size;
  if (copy && element.size == size) {
    memcpy(copy + at, element.data, size);
    t->data.data = copy;
  }
  bytes_clear(&element);
}

static void change_bits(Random *r, CaseTensor *t) {
  if (!t->data.size) return;
  uint8_t *copy = arena_memdup(r->arena, t->data.data, t->data.size);
  if (!copy) return;
  copy[below(r, (uint32_t)t->data.size)] ^= (uint8_t)(1u << below(r, 8));
  t->data.data = copy;
}

/* ---- shapes ---- */

static void new_dims(Random *r, CaseTensor *t) {
  t->rank = one_in(r, 6) ? (int)below(r, 9) : (int)below(r, 5);
  for (int i = 0; i < t->rank; i++) t->dims[i] = any_dim(r);
}

static void insert_dim(Random *r, CaseTensor *t) {
  if (t->rank >= TENSOR_MAX_RANK) return;
  int at = (int)below(r, (uint32_t)t->rank + 1);
  memmove(t->dims + at + 1, t->dims + at, (size_t)(t->rank - at) * sizeof *t->dims);
  t->dims[at] = any_dim(r);
  t->rank++;
}

static void remove_dim(Random *r, CaseTensor *t) {
  if (!t->rank) return;
  int at = (int)below(r, (uint32_t)t->rank);
  t->rank--;
  memmove(t->dims + at, t->dims + at + 1, (size_t)(t->rank - at) * sizeof *t->dims);
}

static const CaseTensor *other_input(Random *r) {
  static const CaseTensor none;
  return r->in->num_inputs ? &r->in->inputs[below(r, (uint32_t)r->in->num_inputs)] : &none;
}

static void copy_dims(CaseTensor *t, const CaseTensor *from) {
  t->rank = from->rank;
  memcpy(t->dims, from->dims, sizeof t->dims);
}

static void change_tensor(Random *r, CaseTensor *t) {
  switch (below(r, 12)) {
    case 0: new_dims(r, t); break;
    case 1: insert_dim(r, t); break;
    case 2: remove_dim(r, t); break;
    case 3: copy_dims(t, other_input(r)); break;
    case 4:
    case 5:
      if (t->rank) t->dims[below(r, (uint32_t)t->rank)] = any_dim(r);
      break;
    case 6: change_bits(r, t); break;
    case 7: t->data = other_input(r)->data; break;
    case 8: new_elements(r, t); break;
    default: change_element(r, t); break;
  }
}

/* The kind that the op most likely wants, and now and then another. */
static uint8_t any_kind(Random *r, TF_DataType dtype) {
  const char *op = r->in->row->name;
  if (one_in(r, 12)) return (uint8_t)draw(r);
  if (dtype == TF_VARIANT)
    return strstr(op, "Optional") ? VALUE_OPTIONAL : one_in(r, 8) ? VALUE_NESTED : VALUE_LIST;
  if (strstr(op, "TensorArray")) return OBJECT_ARRAY;
  if (strstr(op, "Stack")) return OBJECT_STACK;
  return strstr(op, "Lookup") || strstr(op, "Table") ? OBJECT_TABLE : OBJECT_VARIABLE;
}

static void change_input(Random *r, CaseTensor *t) {
  if (!case_holds(t->dtype) || !t->held) {
    change_tensor(r, t);
    return;
  }
  if (one_in(r, 6)) t->kind = any_kind(r, t->dtype);
  else if (one_in(r, 12)) t->held_dtype = (uint8_t)below(r, 24);
  else if (one_in(r, 12)) change_tensor(r, t);
  else change_tensor(r, t->held);
}

static void new_input(Random *r, CaseTensor *t) {
  bool holds = case_holds(t->dtype);
  CaseTensor *value = holds ? t->held : t;
  if (!value) return;
  if (one_in(r, 2)) new_dims(r, value);
  else copy_dims(value, other_input(r));
  if (holds) {
    t->kind = any_kind(r, t->dtype);
    value->dtype = TF_FLOAT;
  }
  new_elements(r, value);
}

/* ---- attributes ---- */

static const AttrSpec *spec_of(const OpInput *in, const Attr *a) { return &in->spec->attrs[a - in->attrs]; }

static Span any_choice(Random *r, const AttrSpec *spec) {
  if (!spec->num_allowed_strings || one_in(r, 32)) return any_text(r);
  const char *text = spec->allowed_strings[below(r, (uint32_t)spec->num_allowed_strings)];
  return (Span){text, strlen(text)};
}

static Shape any_shape(Random *r) {
  Shape s = {.rank = one_in(r, 5) ? -1 : (int)below(r, 5)};
  for (int i = 0; i < s.rank; i++) s.dims[i] = one_in(r, 4) ? -1 : one_in(r, 16) ? any_int(r) : any_dim(r);
  return s;
}

static void new_value(Random *r, Attr *a, int64_t i) {
  const AttrSpec *spec = spec_of(r->in, a);
  bool list = a->is_list;
  switch (a->kind) {
    case TF_ATTR_INT: {
      int64_t v = any_int(r);
      if (spec->has_minimum && !list && v < spec->minimum && !one_in(r, 32)) v = spec->minimum + below(r, 4);
      if (list) ((int64_t *)(uintptr_t)a->v.list_i)[i] = v;
      else a->v.i = v;
      break;
    }
    case TF_ATTR_FLOAT: {
      float f = any_float(r);
      if (list) ((float *)(uintptr_t)a->v.list_f)[i] = f;
      else a->v.f = f;
      break;
    }
    case TF_ATTR_BOOL:
      if (list) ((bool *)(uintptr_t)a->v.list_b)[i] = one_in(r, 2);
      else a->v.b = one_in(r, 2);
      break;
    case TF_ATTR_TYPE: {
      TF_DataType dtype = one_in(r, 64) ? (TF_DataType)below(r, 28)
                                        : op_input_dtype(r->in->row, spec, draw(r));
      if (list) ((TF_DataType *)(uintptr_t)a->v.list_type)[i] = dtype;
      else a->v.type = dtype;
      break;
    }
    case TF_ATTR_STRING:
      if (list) ((Span *)(uintptr_t)a->v.list_s)[i] = any_choice(r, spec);
      else a->v.s = any_choice(r, spec);
      break;
    case TF_ATTR_SHAPE: {
      Shape *s = list ? (Shape *)(uintptr_t)&a->v.list_shape[i] : arena_calloc(r->arena, 1, sizeof *s);
      if (!s) abort();
      *s = any_shape(r);
      if (!list) a->v.shape = s;
      break;
    }
    case TF_ATTR_TENSOR: {
      CaseTensor *t = r->in->tensors[a - r->in->attrs];
      if (t) change_tensor(r, t);
      break;
    }
    default: break;
  }
}

/* A list gets one more, one less, or another entry. */
static void change_attr(Random *r, Attr *a) {
  if (!a->is_list) {
    new_value(r, a, 0);
    return;
  }
  uint32_t how = below(r, 4);
  if (how == 0 && a->count < LIST_ATTR_MAX) new_value(r, a, a->count++);
  else if (how == 1 && a->count) a->count--;
  else if (a->count) new_value(r, a, below(r, (uint32_t)a->count));
}

/* Numbers of inputs that nobody has memory for are rare. */
static void bound_numbers(Random *r) {
  for (int arg = 0; arg < r->in->spec->num_inputs; arg++)
    for (int i = 0; i < r->in->num_attrs; i++) {
      Attr *a = &r->in->attrs[i];
      const char *number = r->in->spec->inputs[arg].number_attr;
      if (number && !strcmp(a->name, number) && (a->v.i < 0 || a->v.i > 6) && !one_in(r, 32))
        a->v.i = 1 + below(r, 3);
    }
}

/* ---- cases ---- */

static void set_default(Attr *a, const AttrSpec *spec) {
  const Attr *d = (const Attr *)spec->default_value;
  if (!d || d->kind != a->kind || d->is_list != a->is_list || a->kind == TF_ATTR_TENSOR || a->is_list) return;
  a->v = d->v;
}

/* Attributes are the defaults or drawn, inputs drawn. */
static void new_attrs(Random *r) {
  OpInput *in = r->in;
  for (int i = 0; i < in->num_attrs; i++) {
    Attr *a = &in->attrs[i];
    if (a->is_list) a->count = one_in(r, 3) ? 1 + below(r, 5) : 4 - below(r, 3);
    for (int64_t k = 0; k < a->count; k++) new_value(r, a, k);
    if (!one_in(r, 4)) set_default(a, &in->spec->attrs[i]);
  }
  bound_numbers(r);
}

static void new_case(Random *r, const OpRow *row) {
  Bytes empty = {0};
  bytes_putc(&empty, (char)draw(r));
  bytes_put_varint(&empty, strlen(row->name));
  bytes_puts(&empty, row->name);
  Span kept = {arena_memdup(r->arena, empty.data, empty.size), empty.size};
  bytes_clear(&empty);
  if (!kept.data || !op_input_read(r->in, kept, r->arena)) return;
  new_attrs(r);
  op_input_fit(r->in, r->arena);
  for (int i = 0; i < r->in->num_inputs; i++) new_input(r, &r->in->inputs[i]);
}

/* The inputs under another op. */
static void change_op(Random *r, const OpRow *row) {
  CaseTensor inputs[INPUT_MAX];
  int n = r->in->num_inputs;
  memcpy(inputs, r->in->inputs, sizeof inputs);
  new_case(r, row);
  for (int i = 0; i < r->in->num_inputs && i < n; i++) {
    if (case_holds(r->in->inputs[i].dtype)) continue;
    copy_dims(&r->in->inputs[i], &inputs[i]);
    if (!one_in(r, 4)) r->in->inputs[i].data = inputs[i].data;
  }
}

static void change_case(Random *r) {
  OpInput *in = r->in;
  uint32_t how = below(r, 32);
  if (how == 0) new_case(r, op_input_row(draw(r)));
  else if (how == 1) change_op(r, op_input_row(draw(r)));
  else if (how == 2) new_case(r, in->row);
  else if (how == 3) in->mode = (uint8_t)draw(r);
  else if (how < 14 && in->num_attrs) change_attr(r, &in->attrs[below(r, (uint32_t)in->num_attrs)]);
  else if (in->num_inputs) change_input(r, &in->inputs[below(r, (uint32_t)in->num_inputs)]);
  bound_numbers(r);
  op_input_fit(in, r->arena);
}

size_t op_input_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  OpInput in;
  Arena arena = {0};
  Bytes out = {0};
  Random r = {.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1, .in = &in, .arena = &arena};
  if (!op_input_read(&in, (Span){data, size}, &arena) || size < 3) {
    /* An op without a case of its own, or nothing yet. */
    uint8_t none[2] = {(uint8_t)draw(&r), 0};
    if (op_input_read(&in, (Span){none, sizeof none}, &arena)) new_case(&r, op_input_row(draw(&r)));
  }
  do change_case(&r);
  while (one_in(&r, 2));
  op_input_write(&in, &out);
  if (!out.failed && out.size <= max_size) {
    memcpy(data, out.data, out.size);
    size = out.size;
  }
  bytes_clear(&out);
  arena_clear(&arena);
  return size;
}
