/* The fields of a TensorProto by dtype, and what stands in them. */
#include "tensor/tensor_proto.h"

#include <string.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "wire/proto_message.h"

static TF_Code proto_shape(const Tensorflow__TensorProto *proto, int64_t *dims, int *rank, TF_Status *st) {
  const Tensorflow__TensorShapeProto *shape = proto->tensor_shape;
  *rank = 0;
  if (!shape) return TF_OK;
  if (shape->unknown_rank)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot parse tensor from proto: its rank is unknown");
  if (shape->n_dim > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot parse tensor from proto: rank %zu, at most %d is supported",
                shape->n_dim, TENSOR_MAX_RANK);
  for (size_t i = 0; i < shape->n_dim; i++) dims[i] = shape->dim[i]->size;
  *rank = (int)shape->n_dim;
  return TF_OK;
}

/* The values of a field as an array of elements of the tensor's own kind: where they are, how many, how wide.
 * Fields that are wider than the element (int_val for int8, half_val for half) are narrowed: all are
 * little-endian whole numbers. */
typedef struct Field {
  const void *data;
  size_t count;
  size_t stride; /* bytes of a value in the field; its first bytes are the element */
} Field;

static Field value_field(const Tensorflow__TensorProto *p) {
  switch (p->dtype) {
    case TF_FLOAT: return (Field){p->float_val, p->n_float_val, 4};
    case TF_DOUBLE: return (Field){p->double_val, p->n_double_val, 8};
    case TF_INT32:
    case TF_QINT32:
    case TF_INT16:
    case TF_UINT16:
    case TF_INT8:
    case TF_UINT8:
    case TF_QINT8:
    case TF_QUINT8:
    case TF_QINT16:
    case TF_QUINT16:
    case TF_INT4:
    case TF_UINT4: return (Field){p->int_val, p->n_int_val, 4};
    case TF_INT64: return (Field){p->int64_val, p->n_int64_val, 8};
    case TF_UINT32: return (Field){p->uint32_val, p->n_uint32_val, 4};
    case TF_UINT64: return (Field){p->uint64_val, p->n_uint64_val, 8};
    case TF_HALF:
    case TF_BFLOAT16: return (Field){p->half_val, p->n_half_val, 4};
    case TF_COMPLEX64: return (Field){p->scomplex_val, p->n_scomplex_val / 2, 8};
    case TF_COMPLEX128: return (Field){p->dcomplex_val, p->n_dcomplex_val / 2, 16};
    case TF_BOOL: return (Field){p->bool_val, p->n_bool_val, sizeof(protobuf_c_boolean)};
    case TF_FLOAT8_E5M2:
    case TF_FLOAT8_E4M3FN: return (Field){p->float8_val.data, p->float8_val.len, 1};
    default: return (Field){0};
  }
}

static void fill_bool(const Tensorflow__TensorProto *p, bool *out, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    size_t at = (size_t)i < p->n_bool_val ? (size_t)i : p->n_bool_val - 1;
    out[i] = p->n_bool_val && p->bool_val[at];
  }
}

static void fill_numbers(Field f, char *out, size_t size, int64_t count) {
  if (!f.count || !f.stride) {
    memset(out, 0, (size_t)count * size);
    return;
  }
  const char *from = f.data;
  size_t n = f.count < (size_t)count ? f.count : (size_t)count;
  if (f.stride == size) {
    memcpy(out, from, n * size);
  } else {
    for (size_t i = 0; i < n; i++) memcpy(out + i * size, from + i * f.stride, size);
  }
  const char *last = from + (f.count - 1) * f.stride;
  for (size_t i = n; i < (size_t)count; i++) memcpy(out + i * size, last, size);
}

static TF_Code fill_strings(const Tensorflow__TensorProto *p, TF_TString *out, int64_t count, TF_Status *st) {
  for (int64_t i = 0; i < count && p->n_string_val; i++) {
    size_t at = (size_t)i < p->n_string_val ? (size_t)i : p->n_string_val - 1;
    if (!tstring_set(&out[i], p->string_val[at].data, p->string_val[at].len))
      return fail_oom(st, "a string element");
  }
  return TF_OK;
}

/* tensor_content of strings: all lengths as varints, then the bytes. */
static TF_Code parse_string_content(Span content, TF_TString *out, int64_t count, TF_Status *st) {
  Cursor lengths = cursor_of(content.data, content.size), bytes = lengths;
  for (int64_t i = 0; i < count; i++) (void)cursor_varint(&bytes);
  for (int64_t i = 0; i < count && !bytes.failed; i++) {
    uint64_t size = cursor_varint(&lengths);
    const uint8_t *data = cursor_take(&bytes, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
    if (data && !tstring_set(&out[i], data, (size_t)size)) return fail_oom(st, "a string element");
  }
  if (bytes.failed || cursor_left(&bytes))
    return fail(st, TF_INVALID_ARGUMENT, "Cannot parse tensor from proto: tensor_content is not %lld strings",
                (long long)count);
  return TF_OK;
}

static TF_Code fill(const Tensorflow__TensorProto *p, Tensor *t, TF_Status *st) {
  int64_t count = tensor_count(t);
  Span content = {p->tensor_content.data, p->tensor_content.len};
  if (t->dtype == TF_STRING)
    return content.size ? parse_string_content(content, t->data, count, st)
                        : fill_strings(p, t->data, count, st);
  size_t size = dtype_size(t->dtype);
  if (content.size) {
    if (content.size != (size_t)count * size)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Cannot parse tensor from proto: tensor_content has %zu bytes, its shape wants %zu",
                  content.size, (size_t)count * size);
    memcpy(t->data, content.data, content.size);
  } else if (t->dtype == TF_BOOL) {
    fill_bool(p, t->data, count);
  } else if (count) {
    fill_numbers(value_field(p), t->data, size, count);
  }
  return TF_OK;
}

TF_Code tensor_from_proto(const Tensorflow__TensorProto *p, Tensor *t, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK], count;
  int rank;
  size_t bytes;
  TF_DataType dtype = (TF_DataType)p->dtype;
  if (!dtype_proto_name(dtype) || !dtype || dtype_is_ref(dtype))
    return fail(st, TF_INVALID_ARGUMENT, "Cannot parse tensor from proto: unknown dtype %d", (int)dtype);
  if (dtype == TF_RESOURCE || dtype == TF_VARIANT)
    return fail(st, TF_UNIMPLEMENTED, "a tensor of dtype %s in a proto is not supported", dtype_name(dtype));
  TRY(proto_shape(p, dims, &rank, st));
  TRY(shape_bytes(dtype, dims, rank, &count, &bytes, st));
  if (bytes > LIMIT_PROTO_MEMORY)
    return fail(st, TF_RESOURCE_EXHAUSTED, "a tensor of %zu bytes in a proto: at most %zu are allowed", bytes,
                (size_t)LIMIT_PROTO_MEMORY);
  if (dtype == TF_STRING && p->tensor_content.len && (uint64_t)count > p->tensor_content.len)
    return fail(st, TF_INVALID_ARGUMENT, "Cannot parse tensor from proto: tensor_content is not %lld strings",
                (long long)count);
  Tensor made = {0};
  TRY(tensor_alloc(&made, dtype, dims, rank, st));
  if (fill(p, &made, st)) {
    tensor_clear(&made);
    return TF_GetCode(st);
  }
  tensor_move(t, &made);
  return TF_OK;
}

static Tensorflow__TensorShapeProto *shape_message(const Tensor *t, Arena *arena) {
  Tensorflow__TensorShapeProto *shape = proto_new(arena, &tensorflow__tensor_shape_proto__descriptor);
  if (!shape) return NULL;
  shape->dim = arena_alloc(arena, proto_capacity((size_t)t->rank) * sizeof *shape->dim);
  if (!shape->dim) return NULL;
  for (int i = 0; i < t->rank; i++) {
    Tensorflow__TensorShapeProto__Dim *dim = proto_new(arena,
                                                       &tensorflow__tensor_shape_proto__dim__descriptor);
    if (!dim) return NULL;
    dim->size = t->dims[i];
    shape->dim[shape->n_dim++] = dim;
  }
  return shape;
}

/* Puts the first element into the field of its dtype; widening as TensorFlow does (sign kept). */
static bool put_one(const Tensor *t, Arena *arena, Tensorflow__TensorProto *p) {
  const void *e = t->data;
  void *room = arena_alloc(arena, 4 * 16); /* proto_room's capacity of 4 values of the widest kind */
  if (!room) return false;
  int32_t *ints = room;
  switch (t->dtype) {
    case TF_FLOAT: p->float_val = room, p->n_float_val = 1, memcpy(room, e, 4); return true;
    case TF_DOUBLE: p->double_val = room, p->n_double_val = 1, memcpy(room, e, 8); return true;
    case TF_INT64: p->int64_val = room, p->n_int64_val = 1, memcpy(room, e, 8); return true;
    case TF_UINT32: p->uint32_val = room, p->n_uint32_val = 1, memcpy(room, e, 4); return true;
    case TF_UINT64: p->uint64_val = room, p->n_uint64_val = 1, memcpy(room, e, 8); return true;
    case TF_COMPLEX64: p->scomplex_val = room, p->n_scomplex_val = 2, memcpy(room, e, 8); return true;
    case TF_COMPLEX128: p->dcomplex_val = room, p->n_dcomplex_val = 2, memcpy(room, e, 16); return true;
    case TF_BOOL: p->bool_val = room, p->n_bool_val = 1, p->bool_val[0] = *(const bool *)e; return true;
    case TF_HALF:
    case TF_BFLOAT16: p->half_val = room, p->n_half_val = 1, ints[0] = *(const uint16_t *)e; return true;
    case TF_INT32:
    case TF_QINT32: ints[0] = *(const int32_t *)e; break;
    case TF_INT16:
    case TF_QINT16: ints[0] = *(const int16_t *)e; break;
    case TF_UINT16:
    case TF_QUINT16: ints[0] = *(const uint16_t *)e; break;
    case TF_INT8:
    case TF_QINT8:
    case TF_INT4: ints[0] = *(const int8_t *)e; break;
    case TF_UINT8:
    case TF_QUINT8:
    case TF_UINT4: ints[0] = *(const uint8_t *)e; break;
    case TF_FLOAT8_E5M2:
    case TF_FLOAT8_E4M3FN:
      p->float8_val = (ProtobufCBinaryData){1, room};
      memcpy(room, e, 1);
      return true;
    default: return false;
  }
  p->int_val = ints, p->n_int_val = 1;
  return true;
}

static bool put_strings(const Tensor *t, Arena *arena, Tensorflow__TensorProto *p) {
  size_t count = (size_t)tensor_count(t);
  p->string_val = arena_alloc(arena, proto_capacity(count) * sizeof *p->string_val);
  if (!p->string_val) return false;
  for (size_t i = 0; i < count; i++) {
    size_t size;
    const char *data = tstring_data(&((const TF_TString *)t->data)[i], &size);
    p->string_val[i] = (ProtobufCBinaryData){size, (uint8_t *)data};
  }
  p->n_string_val = count;
  return true;
}

/* Whether a tensor is long and all its elements have the same bytes. */
static bool is_long_run(const Tensor *t, size_t bytes) {
  enum { LONG = 1024 };
  size_t size = dtype_size(t->dtype);
  return bytes >= LONG && !memcmp(t->data, (const char *)t->data + size, bytes - size);
}

TF_Code tensor_to_proto(const Tensor *t, Arena *arena, Tensorflow__TensorProto **out, TF_Status *st) {
  if (t->dtype == TF_RESOURCE || t->dtype == TF_VARIANT)
    return fail(st, TF_UNIMPLEMENTED, "a tensor of dtype %s cannot be put into a proto",
                dtype_name(t->dtype));
  Tensorflow__TensorProto *p = proto_new(arena, &tensorflow__tensor_proto__descriptor);
  if (!p || !(p->tensor_shape = shape_message(t, arena))) return fail_oom(st, "a TensorProto");
  p->dtype = (Tensorflow__DataType)t->dtype;
  *out = p;
  size_t count = (size_t)tensor_count(t), bytes = count * dtype_size(t->dtype);
  if (!count) return TF_OK;
  if (t->dtype == TF_STRING) return put_strings(t, arena, p) ? TF_OK : fail_oom(st, "a TensorProto");
  if (count == 1 || is_long_run(t, bytes))
    return put_one(t, arena, p) ? TF_OK : fail_oom(st, "a TensorProto");
  p->tensor_content = (ProtobufCBinaryData){bytes, t->data};
  return TF_OK;
}
