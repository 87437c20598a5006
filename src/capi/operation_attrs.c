/* Reading attributes of operations through the C API. */
#include <stdlib.h>

#include "capi/capi.h"
#include "graph/attr.h"

static const Attr *find_attr(TF_Operation *oper, const char *name, TF_Status *st) {
  status_reset(st);
  const Attr *a = node_attr(oper, name);
  if (!a) fail(st, TF_INVALID_ARGUMENT, "Operation '%s' has no attr named '%s'.", oper->name, name);
  return a;
}

/* The attribute if it is of that kind, else the errors that kernels get. An empty list fits every kind of
 * list. */
static const Attr *find_kind(TF_Operation *oper, const char *name, TF_AttrType kind, bool is_list,
                             TF_Status *st) {
  status_reset(st);
  const Attr *a = node_attr(oper, name);
  if (!a) fail(st, TF_NOT_FOUND, "No attr named '%s' in NodeDef:\n\t [[{{node %s}}]]", name, oper->name);
  else if (a->is_list != is_list || (a->kind != kind && !(is_list && !a->count)))
    fail(st, TF_INVALID_ARGUMENT, "AttrValue had value with type '%s' when '%s' expected",
         attr_kind_name(a->kind, a->is_list), attr_kind_name(kind, is_list));
  return TF_GetCode(st) ? NULL : a;
}

/* The attribute if it is a list. TF: one of another kind counts as empty here; *count is then 0. */
static const Attr *find_list(TF_Operation *oper, const char *name, TF_AttrType kind, int64_t *count,
                             TF_Status *st) {
  const Attr *a = find_attr(oper, name, st);
  *count = 0;
  if (!a) return NULL;
  if (!a->is_list) {
    fail(st, TF_INVALID_ARGUMENT, "Value for '%s' is not a list.", name);
    return NULL;
  }
  if (a->kind == kind) *count = a->count;
  return a;
}

static int64_t list_total(const Attr *a) {
  int64_t total = 0;
  if (a->kind == TF_ATTR_STRING) {
    for (int64_t i = 0; i < a->count; i++) total += (int64_t)a->v.list_s[i].size;
    return total;
  }
  if (a->kind != TF_ATTR_SHAPE) return -1;
  for (int64_t i = 0; i < a->count; i++)
    if (a->v.list_shape[i].rank > 0) total += a->v.list_shape[i].rank;
  return total;
}

TF_AttrMetadata TF_OperationGetAttrMetadata(TF_Operation *oper, const char *attr_name, TF_Status *st) {
  TF_AttrMetadata m = {0};
  const Attr *a = find_attr(oper, attr_name, st);
  if (!a) return m;
  m.is_list = a->is_list;
  m.list_size = a->is_list ? a->count : -1;
  m.type = a->kind;
  m.total_size = -1;
  if (a->is_list) {
    m.total_size = list_total(a);
    if (!a->count) { /* of an empty list only the op's spec knows the kind */
      const AttrSpec *spec = op_spec_attr(oper->spec, attr_name);
      if (spec) m.type = spec->kind;
      m.total_size = -1;
    }
  } else if (a->kind == TF_ATTR_STRING) {
    m.total_size = (int64_t)a->v.s.size;
  } else if (a->kind == TF_ATTR_SHAPE) {
    m.total_size = a->v.shape->rank;
  }
  return m;
}

void TF_OperationGetAttrString(TF_Operation *oper, const char *attr_name, void *value, size_t max_length,
                               TF_Status *st) {
  const Attr *a = find_attr(oper, attr_name, st);
  if (!a) return;
  if (a->kind != TF_ATTR_STRING || a->is_list) {
    fail(st, TF_INVALID_ARGUMENT, "Attribute '%s' is not a string", attr_name);
    return;
  }
  size_t n = a->v.s.size < max_length ? a->v.s.size : max_length;
  if (n) memcpy(value, a->v.s.data, n);
}

void TF_OperationGetAttrStringList(TF_Operation *oper, const char *attr_name, void **values, size_t *lengths,
                                   int max_values, void *storage, size_t storage_size, TF_Status *st) {
  int64_t count;
  const Attr *a = find_list(oper, attr_name, TF_ATTR_STRING, &count, st);
  char *at = storage;
  for (int i = 0; i < count && i < max_values; i++) {
    const Span s = a->v.list_s[i];
    if (s.size > storage_size - (size_t)(at - (char *)storage)) {
      fail(st, TF_INVALID_ARGUMENT, "Not enough storage to hold the requested list of strings");
      return;
    }
    values[i] = at;
    lengths[i] = s.size;
    if (s.size) memcpy(at, s.data, s.size);
    at += s.size;
  }
}

/* Scalars, and lists of things that are copied one by one. */
#define ATTR_GETTERS(NAME, KIND, CTYPE, FIELD, LIST)                                                       \
  void TF_OperationGetAttr##NAME(TF_Operation *oper, const char *attr_name, CTYPE *value, TF_Status *st) { \
    const Attr *a = find_kind(oper, attr_name, KIND, false, st);                                           \
    if (a) *value = a->v.FIELD;                                                                            \
  }                                                                                                        \
  void TF_OperationGetAttr##NAME##List(TF_Operation *oper, const char *attr_name, CTYPE *values,           \
                                       int max_values, TF_Status *st) {                                    \
    int64_t count;                                                                                         \
    const Attr *a = find_list(oper, attr_name, KIND, &count, st);                                          \
    for (int i = 0; i < count && i < max_values; i++) values[i] = a->v.LIST[i];                            \
  }
ATTR_GETTERS(Int, TF_ATTR_INT, int64_t, i, list_i)
ATTR_GETTERS(Float, TF_ATTR_FLOAT, float, f, list_f)
ATTR_GETTERS(Bool, TF_ATTR_BOOL, TF_Bool, b, list_b)
ATTR_GETTERS(Type, TF_ATTR_TYPE, TF_DataType, type, list_type)
#undef ATTR_GETTERS

void TF_OperationGetAttrShape(TF_Operation *oper, const char *attr_name, int64_t *value, int num_dims,
                              TF_Status *st) {
  const Attr *a = find_kind(oper, attr_name, TF_ATTR_SHAPE, false, st);
  for (int i = 0; a && i < a->v.shape->rank && i < num_dims; i++) value[i] = a->v.shape->dims[i];
}

void TF_OperationGetAttrShapeList(TF_Operation *oper, const char *attr_name, int64_t **dims, int *num_dims,
                                  int num_shapes, int64_t *storage, int storage_size, TF_Status *st) {
  const Attr *a = find_kind(oper, attr_name, TF_ATTR_SHAPE, true, st);
  int used = 0;
  for (int i = 0; a && i < a->count && i < num_shapes; i++) {
    const Shape *s = &a->v.list_shape[i];
    num_dims[i] = s->rank;
    dims[i] = storage + used;
    if (s->rank > storage_size - used) {
      fail(st, TF_INVALID_ARGUMENT, "Not enough storage to hold the requested list of shapes");
      return;
    }
    for (int k = 0; k < s->rank; k++) storage[used++] = s->dims[k];
  }
}

static void put_shape(const Shape *shape, TF_Buffer *buffer, TF_Status *st) {
  Arena arena = {0};
  Tensorflow__TensorShapeProto *proto = shape_to_proto(shape, &arena);
  if (proto) buffer_take_message(buffer, &proto->base, st);
  else fail_oom(st, "a shape");
  arena_clear(&arena);
}

void TF_OperationGetAttrTensorShapeProto(TF_Operation *oper, const char *attr_name, TF_Buffer *value,
                                         TF_Status *st) {
  const Attr *a = find_attr(oper, attr_name, st);
  if (a && (a->kind != TF_ATTR_SHAPE || a->is_list))
    fail(st, TF_INVALID_ARGUMENT, "Value for '%s' is not a shape.", attr_name);
  else if (a) put_shape(a->v.shape, value, st);
}

void TF_OperationGetAttrTensorShapeProtoList(TF_Operation *oper, const char *attr_name, TF_Buffer **values,
                                             int max_values, TF_Status *st) {
  int64_t count;
  const Attr *a = find_list(oper, attr_name, TF_ATTR_SHAPE, &count, st);
  int made = 0;
  for (; made < count && made < max_values && !TF_GetCode(st); made++) {
    values[made] = TF_NewBuffer();
    if (values[made]) put_shape(&a->v.list_shape[made], values[made], st);
    else fail_oom(st, "a buffer");
  }
  if (!TF_GetCode(st)) return;
  while (made > 0) { /* all or nothing */
    TF_DeleteBuffer(values[--made]);
    values[made] = NULL;
  }
}

/* A new reference on the heap. */
static TF_Tensor *share_on_heap(const Tensor *t, TF_Status *st) {
  Tensor shared;
  tensor_share(&shared, t);
  TF_Tensor *heap = tensor_to_heap(&shared);
  if (!heap) fail_oom(st, "a tensor");
  return heap;
}

void TF_OperationGetAttrTensor(TF_Operation *oper, const char *attr_name, TF_Tensor **value, TF_Status *st) {
  *value = NULL;
  const Attr *a = find_kind(oper, attr_name, TF_ATTR_TENSOR, false, st);
  if (a) *value = share_on_heap(a->v.tensor, st);
}

void TF_OperationGetAttrTensorList(TF_Operation *oper, const char *attr_name, TF_Tensor **values,
                                   int max_values, TF_Status *st) {
  const Attr *a = find_kind(oper, attr_name, TF_ATTR_TENSOR, true, st);
  for (int i = 0; a && i < a->count && i < max_values; i++)
    values[i] = share_on_heap(&a->v.list_tensor[i], st);
}

void TF_OperationGetAttrValueProto(TF_Operation *oper, const char *attr_name, TF_Buffer *output_attr_value,
                                   TF_Status *st) {
  const Attr *a = find_attr(oper, attr_name, st);
  if (!a) return;
  Arena arena = {0};
  Tensorflow__AttrValue *proto;
  if (!attr_to_proto(a, &arena, &proto, st)) buffer_take_message(output_attr_value, &proto->base, st);
  arena_clear(&arena);
}

int TF_OperationGetNumAttrs(TF_Operation *oper) { return oper->num_attrs; }

int TF_OperationGetAttrNameLength(TF_Operation *oper, int i) {
  return i >= 0 && i < oper->num_attrs ? (int)strlen(oper->attrs[i].name) : 0;
}

void TF_OperationGetAttrName(TF_Operation *oper, int i, char *output, TF_Status *st) {
  status_reset(st);
  if (i < 0 || i >= oper->num_attrs) fail(st, TF_INVALID_ARGUMENT, "there is no attribute %d", i);
  else strcpy(output, oper->attrs[i].name);
}
