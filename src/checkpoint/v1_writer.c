/* Writing V1 checkpoints. The values are encoded when they are added and kept in memory until the end, since
 * the table wants its keys in order. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/map.h"
#include "checkpoint/sstable.h"
#include "checkpoint/v1_checkpoint.h"
#include "tensor/tensor.h"

typedef struct V1Tensor {
  const char *name;
  size_t name_len;
  TF_DataType dtype;
  int rank;
  int64_t *dims;
  Bytes slices; /* SavedSliceMeta.slice fields */
} V1Tensor;

typedef struct V1Value {
  Bytes key, value;
} V1Value;

struct V1Writer {
  Arena arena;
  char *path;
  bool no_sync;
  V1Tensor *tensors;
  size_t tensor_count, tensor_capacity;
  Map by_name; /* -> index + 1 */
  V1Value *values;
  size_t value_count, value_capacity;
};

TF_Code v1_writer_open(V1Writer **writer, const char *path, bool no_sync, TF_Status *st) {
  V1Writer *w = calloc(1, sizeof *w);
  *writer = NULL;
  if (!w || !(w->path = arena_strdup(&w->arena, path))) {
    v1_writer_free(w);
    return fail_oom(st, "a checkpoint writer");
  }
  w->no_sync = no_sync;
  *writer = w;
  return TF_OK;
}

void v1_writer_free(V1Writer *w) {
  if (!w) return;
  for (size_t i = 0; i < w->tensor_count; i++) bytes_clear(&w->tensors[i].slices);
  for (size_t i = 0; i < w->value_count; i++) {
    bytes_clear(&w->values[i].key);
    bytes_clear(&w->values[i].value);
  }
  free(w->tensors);
  free(w->values);
  map_clear(&w->by_name);
  arena_clear(&w->arena);
  free(w);
}

/* ---- messages ---- */

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static void put_tag(Bytes *out, int number, int wire) {
  bytes_put_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

static void put_bytes_field(Bytes *out, int number, const void *data, size_t size) {
  put_tag(out, number, WIRE_BYTES);
  bytes_put_varint(out, size);
  bytes_append(out, data, size);
}

/* A message field; frees `body`. */
static void put_message(Bytes *out, int number, Bytes *body) {
  put_bytes_field(out, number, body->data, body->size);
  out->failed |= body->failed;
  bytes_clear(body);
}

static void put_number(Bytes *out, int number, uint64_t value) {
  if (!value) return;
  put_tag(out, number, WIRE_VARINT);
  bytes_put_varint(out, value);
}

static void put_slice(Bytes *out, int number, const TensorSlice *slice) {
  Bytes body = {0};
  for (int i = 0; i < slice->rank; i++) {
    Bytes extent = {0};
    if (slice->length[i] != SLICE_FULL) {
      put_number(&extent, 1, (uint64_t)slice->start[i]);
      put_tag(&extent, 2, WIRE_VARINT);
      bytes_put_varint(&extent, (uint64_t)slice->length[i]);
    }
    put_message(&body, 1, &extent);
  }
  put_message(out, number, &body);
}

/* How a dtype's elements stand in a TensorProto: the field, and as what. */
typedef enum ElementForm { FORM_NONE, FORM_RAW, FORM_INT, FORM_UINT } ElementForm;
typedef struct ElementField {
  int number;
  ElementForm form;
} ElementField;

static ElementField element_field(TF_DataType dtype) {
  switch (dtype) {
    case TF_FLOAT: return (ElementField){5, FORM_RAW};
    case TF_DOUBLE: return (ElementField){6, FORM_RAW};
    case TF_COMPLEX64: return (ElementField){9, FORM_RAW};
    case TF_COMPLEX128: return (ElementField){12, FORM_RAW};
    case TF_INT32:
    case TF_INT16:
    case TF_INT8:
    case TF_QINT8:
    case TF_QINT32: return (ElementField){7, FORM_INT};
    case TF_UINT8:
    case TF_UINT16:
    case TF_QUINT8: return (ElementField){7, FORM_UINT};
    case TF_INT64: return (ElementField){10, FORM_INT};
    case TF_BOOL: return (ElementField){11, FORM_UINT};
    case TF_HALF: return (ElementField){13, FORM_UINT};
    default: return (ElementField){0, FORM_NONE};
  }
}

/* Element i as an integer of 64 bits, sign-extended for FORM_INT. */
static uint64_t integer_at(const void *data, size_t i, size_t size, ElementForm form) {
  const uint8_t *p = (const uint8_t *)data + i * size;
  uint64_t v = 0;
  memcpy(&v, p, size); /* little-endian, as all this code's machines */
  if (form == FORM_INT && size < 8 && v >> (8 * size - 1)) v |= UINT64_MAX << (8 * size);
  return v;
}

static void put_elements(Bytes *out, const TF_Tensor *t) {
  size_t count = (size_t)tensor_count(t), size = dtype_size(t->dtype);
  if (t->dtype == TF_STRING) {
    const TF_TString *strings = t->data;
    for (size_t i = 0; i < count; i++) {
      size_t n;
      const char *data = tstring_data(&strings[i], &n);
      put_bytes_field(out, 8, data, n);
    }
    return;
  }
  ElementField field = element_field(t->dtype);
  if (!count) return;
  if (field.form == FORM_RAW) {
    put_bytes_field(out, field.number, t->data, count * size);
    return;
  }
  Bytes packed = {0};
  for (size_t i = 0; i < count; i++) bytes_put_varint(&packed, integer_at(t->data, i, size, field.form));
  put_message(out, field.number, &packed);
}

/* ---- adding ---- */

static TF_Code check_dtype(TF_DataType dtype, TF_Status *st) {
  if (dtype == TF_UINT32 || dtype == TF_UINT64)
    return fail(st, TF_INVALID_ARGUMENT, "Tensor slice serialization not implemented for dtype %d",
                (int)dtype);
  if (dtype != TF_STRING && element_field(dtype).form == FORM_NONE)
    return fail(st, TF_UNIMPLEMENTED, "Saving data type %s not yet supported", dtype_name(dtype));
  return TF_OK;
}

static TF_Code find_tensor(V1Writer *w, Span name, TF_DataType dtype, const int64_t *dims, int rank,
                           V1Tensor **out, TF_Status *st) {
  size_t i = (size_t)(uintptr_t)map_get_n(&w->by_name, name.data, name.size);
  if (i) {
    V1Tensor *t = *out = &w->tensors[i - 1];
    char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
    bool same = t->rank == rank && !memcmp(t->dims, dims, (size_t)rank * sizeof *dims);
    if (!same)
      return fail(st, TF_INTERNAL,
                  "Mismatching shapes: existing tensor = %s, trying to add name %s, shape = %s",
                  shape_text(t->dims, t->rank, a, sizeof a), t->name, shape_text(dims, rank, b, sizeof b));
    if (t->dtype != dtype)
      return fail(st, TF_INTERNAL, "Mismatching types: existing type = %s, trying to add name %s, type = %s",
                  dtype_name(t->dtype), t->name, dtype_name(dtype));
    return TF_OK;
  }
  if (w->tensor_count == w->tensor_capacity) {
    size_t more = w->tensor_capacity ? 2 * w->tensor_capacity : 64;
    V1Tensor *tensors = realloc(w->tensors, more * sizeof *tensors);
    if (!tensors) return fail_oom(st, "a list of tensors");
    w->tensors = tensors;
    w->tensor_capacity = more;
  }
  char *own = arena_strndup(&w->arena, name.data, name.size);
  int64_t *own_dims = arena_memdup(&w->arena, dims, (size_t)rank * sizeof *dims);
  if (!own || !own_dims || !map_put_n(&w->by_name, own, name.size, (void *)(uintptr_t)(w->tensor_count + 1)))
    return fail_oom(st, "a tensor's name");
  *out = &w->tensors[w->tensor_count++];
  **out = (V1Tensor){.name = own, .name_len = name.size, .dtype = dtype, .rank = rank, .dims = own_dims};
  return TF_OK;
}

static TF_Code add_value(V1Writer *w, Span name, const TensorSlice *slice, const TF_Tensor *tensor,
                         TF_Status *st) {
  if (w->value_count == w->value_capacity) {
    size_t more = w->value_capacity ? 2 * w->value_capacity : 64;
    V1Value *values = realloc(w->values, more * sizeof *values);
    if (!values) return fail_oom(st, "a list of values");
    w->values = values;
    w->value_capacity = more;
  }
  V1Value *v = &w->values[w->value_count++];
  *v = (V1Value){0};
  Bytes saved = {0}, elements = {0};
  put_bytes_field(&saved, 1, name.data, name.size);
  put_slice(&saved, 2, slice);
  put_elements(&elements, tensor);
  put_message(&saved, 3, &elements);
  put_message(&v->value, 2, &saved);
  slice_key_put(&v->key, name, slice);
  if (v->value.failed || v->key.failed) return fail_oom(st, "a tensor's elements");
  if (v->value.size > LIMIT_PROTO_BYTES)
    return fail(st, TF_INVALID_ARGUMENT,
                "Tensor slice is too large to serialize (conservative estimate: %zu bytes)", v->value.size);
  return TF_OK;
}

TF_Code v1_writer_add(V1Writer *w, Span name, const int64_t *dims, int rank, const TensorSlice *slice,
                      const TF_Tensor *tensor, TF_Status *st) {
  int64_t expected[SLICE_MAX_RANK];
  V1Tensor *t = NULL;
  if (!name.size || memchr(name.data, 0, name.size))
    return fail(st, TF_INVALID_ARGUMENT, "a bad tensor name");
  if (rank > SLICE_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "V1 checkpoints have tensors of at most %d dimensions",
                SLICE_MAX_RANK);
  TensorSlice whole = slice_whole(rank);
  if (!slice) slice = &whole;
  TRY(check_dtype(tensor->dtype, st));
  TRY(slice_shape(slice, dims, rank, expected, st));
  bool same = tensor->rank == rank;
  for (int i = 0; same && i < rank; i++) same = tensor->dims[i] == expected[i];
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT, "tensor '%.*s': the slice's shape is not the tensor's",
                (int)name.size, (const char *)name.data);
  TRY(find_tensor(w, name, tensor->dtype, dims, rank, &t, st));
  put_slice(&t->slices, 4, slice);
  if (t->slices.failed) return fail_oom(st, "slices");
  return add_value(w, name, slice, tensor, st);
}

/* ---- the file ---- */

static int by_name(const void *a, const void *b) {
  const V1Tensor *x = a, *y = b;
  return table_key_compare((Span){x->name, x->name_len}, (Span){y->name, y->name_len});
}

static int by_key(const void *a, const void *b) {
  const V1Value *x = a, *y = b;
  return table_key_compare((Span){x->key.data, x->key.size}, (Span){y->key.data, y->key.size});
}

/* SavedTensorSlices.meta, tensors in the order of their names. */
static void put_meta(V1Writer *w, Bytes *out) {
  Bytes meta = {0}, versions = {0};
  qsort(w->tensors, w->tensor_count, sizeof *w->tensors, by_name);
  for (size_t i = 0; i < w->tensor_count; i++) {
    const V1Tensor *t = &w->tensors[i];
    Bytes tensor = {0}, shape = {0};
    put_bytes_field(&tensor, 1, t->name, t->name_len);
    for (int k = 0; k < t->rank; k++) {
      Bytes dim = {0};
      put_number(&dim, 1, (uint64_t)t->dims[k]);
      put_message(&shape, 2, &dim);
    }
    put_message(&tensor, 2, &shape);
    put_number(&tensor, 3, (uint64_t)t->dtype);
    bytes_append(&tensor, t->slices.data, t->slices.size);
    put_message(&meta, 1, &tensor);
  }
  put_number(&versions, 1, 1); /* producer */
  put_message(&meta, 2, &versions);
  put_message(out, 1, &meta);
}

TF_Code v1_writer_finish(V1Writer *w, TF_Status *st) {
  TableBuilder table = {0};
  Bytes meta = {0};
  put_meta(w, &meta);
  /* The tensors are in another order now. */
  map_clear(&w->by_name);
  qsort(w->values, w->value_count, sizeof *w->values, by_key);
  TF_Code code = bytes_finish(&meta, "the list of tensors", st);
  if (!code) code = table_builder_add(&table, (Span){"", 0}, (Span){meta.data, meta.size}, st);
  for (size_t i = 0; !code && i < w->value_count; i++) {
    V1Value *v = &w->values[i];
    Span key = {v->key.data, v->key.size};
    /* TF: a slice that is saved twice is kept as it was the first time, and the file cannot be read any more.
     */
    if (i && !table_key_compare(key, (Span){v[-1].key.data, v[-1].key.size}))
      code = fail(st, TF_INVALID_ARGUMENT, "a tensor or slice was added twice");
    else code = table_builder_add(&table, key, (Span){v->value.data, v->value.size}, st);
  }
  if (!code) code = table_builder_finish(&table, st);
  if (!code) code = file_write_atomic(w->path, (Span){table.file.data, table.file.size}, !w->no_sync, st);
  bytes_clear(&meta);
  table_builder_clear(&table);
  return code;
}
