/* Attributes out of and into protos; copies and comparison. */
#include "graph/attr.h"

#include <string.h>

#include "base/limits.h"
#include "base/status_impl.h"
#include "tensor/tensor_proto.h"
#include "wire/proto_message.h"

void owned_tensors_clear(OwnedTensor **list) {
  for (; *list; *list = (*list)->next) tensor_clear(&(*list)->tensor);
}

const Tensor *attr_store_tensor(AttrStore store, const Tensor *t) {
  OwnedTensor *owned = arena_calloc(store.arena, 1, sizeof *owned);
  if (!owned) return NULL;
  tensor_share(&owned->tensor, t);
  owned->next = *store.tensors;
  *store.tensors = owned;
  return &owned->tensor;
}

TF_Code shape_from_proto(const Tensorflow__TensorShapeProto *p, Shape *out, TF_Status *st) {
  *out = shape_unknown();
  if (!p) out->rank = 0;
  if (!p || p->unknown_rank) return TF_OK;
  if (p->n_dim > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "Shape of rank %zu: ranks up to %d are supported", p->n_dim,
                TENSOR_MAX_RANK);
  out->rank = (int)p->n_dim;
  for (size_t i = 0; i < p->n_dim; i++) out->dims[i] = p->dim[i]->size;
  return TF_OK;
}

Tensorflow__TensorShapeProto *shape_to_proto(const Shape *shape, Arena *arena) {
  Tensorflow__TensorShapeProto *p = proto_new(arena, &tensorflow__tensor_shape_proto__descriptor);
  if (!p) return NULL;
  if (shape->rank < 0) {
    p->unknown_rank = 1;
    return p;
  }
  p->dim = arena_alloc(arena, proto_capacity((size_t)shape->rank) * sizeof *p->dim);
  if (!p->dim) return NULL;
  for (int i = 0; i < shape->rank; i++) {
    Tensorflow__TensorShapeProto__Dim *dim = proto_new(arena,
                                                       &tensorflow__tensor_shape_proto__dim__descriptor);
    if (!dim) return NULL;
    dim->size = shape->dims[i];
    p->dim[p->n_dim++] = dim;
  }
  return p;
}

/* ---- out of protos ---- */

static TF_Code tensor_value(AttrStore store, const Tensorflow__TensorProto *p, const Tensor **out,
                            TF_Status *st) {
  Tensor t = {0};
  TRY(tensor_from_proto(p, &t, st));
  *out = attr_store_tensor(store, &t);
  tensor_clear(&t);
  return *out ? TF_OK : fail_oom(st, "a tensor attribute");
}

static TF_Code func_value(AttrStore store, const Tensorflow__NameAttrList *p, AttrFunc *out, TF_Status *st) {
  Attr *attrs = arena_calloc(store.arena, p->n_attr, sizeof *attrs);
  if (!attrs || !(out->name = arena_strdup(store.arena, p->name))) return fail_oom(st, "a func attribute");
  for (size_t i = 0; i < p->n_attr; i++)
    TRY(attr_from_proto(store, p->attr[i]->key, p->attr[i]->value, &attrs[i], st));
  out->attrs = attrs;
  out->num_attrs = (int)p->n_attr;
  return TF_OK;
}

static bool span_value(AttrStore store, ProtobufCBinaryData from, Span *out) {
  char *text = arena_strndup(store.arena, (const char *)from.data, from.len);
  *out = (Span){text, from.len};
  return text != NULL;
}

static TF_Code list_value(AttrStore store, const Tensorflow__AttrValue__ListValue *p, Attr *out,
                          TF_Status *st) {
  Arena *arena = store.arena;
  const char *what = "a list attribute";
  out->is_list = true;
  if (p->n_s) {
    Span *v = arena_calloc(arena, p->n_s, sizeof *v);
    for (size_t i = 0; v && i < p->n_s; i++)
      if (!span_value(store, p->s[i], &v[i])) return fail_oom(st, what);
    out->kind = TF_ATTR_STRING, out->count = (int64_t)p->n_s, out->v.list_s = v;
  } else if (p->n_i) {
    out->kind = TF_ATTR_INT, out->count = (int64_t)p->n_i;
    out->v.list_i = arena_memdup(arena, p->i, p->n_i * sizeof *p->i);
  } else if (p->n_f) {
    out->kind = TF_ATTR_FLOAT, out->count = (int64_t)p->n_f;
    out->v.list_f = arena_memdup(arena, p->f, p->n_f * sizeof *p->f);
  } else if (p->n_b) {
    bool *v = arena_alloc(arena, p->n_b * sizeof *v);
    for (size_t i = 0; v && i < p->n_b; i++) v[i] = p->b[i];
    out->kind = TF_ATTR_BOOL, out->count = (int64_t)p->n_b, out->v.list_b = v;
  } else if (p->n_type) {
    TF_DataType *v = arena_alloc(arena, p->n_type * sizeof *v);
    for (size_t i = 0; v && i < p->n_type; i++) v[i] = (TF_DataType)p->type[i];
    out->kind = TF_ATTR_TYPE, out->count = (int64_t)p->n_type, out->v.list_type = v;
  } else if (p->n_shape) {
    Shape *v = arena_calloc(arena, p->n_shape, sizeof *v);
    for (size_t i = 0; v && i < p->n_shape; i++) TRY(shape_from_proto(p->shape[i], &v[i], st));
    out->kind = TF_ATTR_SHAPE, out->count = (int64_t)p->n_shape, out->v.list_shape = v;
  } else if (p->n_tensor) {
    Tensor *v = arena_calloc(arena, p->n_tensor, sizeof *v);
    for (size_t i = 0; v && i < p->n_tensor; i++) {
      const Tensor *kept;
      TRY(tensor_value(store, p->tensor[i], &kept, st));
      v[i] = *kept; /* the store's entry holds the reference */
    }
    out->kind = TF_ATTR_TENSOR, out->count = (int64_t)p->n_tensor, out->v.list_tensor = v;
  } else if (p->n_func) {
    AttrFunc *v = arena_calloc(arena, p->n_func, sizeof *v);
    for (size_t i = 0; v && i < p->n_func; i++) TRY(func_value(store, p->func[i], &v[i], st));
    out->kind = TF_ATTR_FUNC, out->count = (int64_t)p->n_func, out->v.list_func = v;
  } else {
    out->kind = ATTR_KIND_UNKNOWN;
    return TF_OK;
  }
  return out->v.list_i ? TF_OK : fail_oom(st, what);
}

TF_Code attr_from_proto(AttrStore store, const char *name, const Tensorflow__AttrValue *p, Attr *out,
                        TF_Status *st) {
  *out = (Attr){.name = arena_strdup(store.arena, name)};
  if (!out->name) return fail_oom(st, "an attribute");
  switch (p->value_case) {
    case TENSORFLOW__ATTR_VALUE__VALUE_LIST: return list_value(store, p->list, out, st);
    case TENSORFLOW__ATTR_VALUE__VALUE_S:
      out->kind = TF_ATTR_STRING;
      return span_value(store, p->s, &out->v.s) ? TF_OK : fail_oom(st, "an attribute");
    case TENSORFLOW__ATTR_VALUE__VALUE_I: out->kind = TF_ATTR_INT, out->v.i = p->i; return TF_OK;
    case TENSORFLOW__ATTR_VALUE__VALUE_F: out->kind = TF_ATTR_FLOAT, out->v.f = p->f; return TF_OK;
    case TENSORFLOW__ATTR_VALUE__VALUE_B: out->kind = TF_ATTR_BOOL, out->v.b = p->b; return TF_OK;
    case TENSORFLOW__ATTR_VALUE__VALUE_TYPE:
      out->kind = TF_ATTR_TYPE, out->v.type = (TF_DataType)p->type;
      return TF_OK;
    case TENSORFLOW__ATTR_VALUE__VALUE_SHAPE: {
      Shape *shape = arena_calloc(store.arena, 1, sizeof *shape);
      out->kind = TF_ATTR_SHAPE, out->v.shape = shape;
      return shape ? shape_from_proto(p->shape, shape, st) : fail_oom(st, "an attribute");
    }
    case TENSORFLOW__ATTR_VALUE__VALUE_TENSOR:
      out->kind = TF_ATTR_TENSOR;
      return tensor_value(store, p->tensor, &out->v.tensor, st);
    case TENSORFLOW__ATTR_VALUE__VALUE_PLACEHOLDER:
      out->kind = TF_ATTR_PLACEHOLDER, out->v.placeholder = arena_strdup(store.arena, p->placeholder);
      return out->v.placeholder ? TF_OK : fail_oom(st, "an attribute");
    case TENSORFLOW__ATTR_VALUE__VALUE_FUNC: {
      AttrFunc *func = arena_calloc(store.arena, 1, sizeof *func);
      out->kind = TF_ATTR_FUNC, out->v.func = func;
      return func ? func_value(store, p->func, func, st) : fail_oom(st, "an attribute");
    }
    default: return fail(st, TF_INVALID_ARGUMENT, "AttrValue missing value");
  }
}

/* ---- into protos ---- */

static TF_Code func_message(const AttrFunc *f, Arena *arena, Tensorflow__NameAttrList **out, TF_Status *st) {
  Tensorflow__NameAttrList *p = proto_new(arena, &tensorflow__name_attr_list__descriptor);
  if (!p || !(p->name = arena_strdup(arena, f->name)) ||
      !(p->attr = arena_alloc(arena, proto_capacity((size_t)f->num_attrs) * sizeof *p->attr)))
    return fail_oom(st, "a func attribute");
  for (int i = 0; i < f->num_attrs; i++) {
    Tensorflow__NameAttrList__AttrEntry *e = proto_new(arena,
                                                       &tensorflow__name_attr_list__attr_entry__descriptor);
    if (!e) return fail_oom(st, "a func attribute");
    e->key = (char *)f->attrs[i].name;
    TRY(attr_to_proto(&f->attrs[i], arena, &e->value, st));
    p->attr[p->n_attr++] = e;
  }
  *out = p;
  return TF_OK;
}

static TF_Code list_message(const Attr *a, Arena *arena, Tensorflow__AttrValue__ListValue *p, TF_Status *st) {
  size_t n = (size_t)a->count;
  void *room = arena_alloc(arena, proto_capacity(n) * 16); /* the widest element is a ProtobufCBinaryData */
  if (!room) return fail_oom(st, "a list attribute");
  if (!n) return TF_OK;
  switch (a->kind) {
    case TF_ATTR_STRING:
      p->s = room;
      for (p->n_s = 0; p->n_s < n; p->n_s++)
        p->s[p->n_s] = (ProtobufCBinaryData){a->v.list_s[p->n_s].size, (uint8_t *)a->v.list_s[p->n_s].data};
      return TF_OK;
    case TF_ATTR_INT: p->i = memcpy(room, a->v.list_i, n * sizeof *p->i), p->n_i = n; return TF_OK;
    case TF_ATTR_FLOAT: p->f = memcpy(room, a->v.list_f, n * sizeof *p->f), p->n_f = n; return TF_OK;
    case TF_ATTR_BOOL:
      p->b = room;
      for (p->n_b = 0; p->n_b < n; p->n_b++) p->b[p->n_b] = a->v.list_b[p->n_b];
      return TF_OK;
    case TF_ATTR_TYPE:
      p->type = room;
      for (p->n_type = 0; p->n_type < n; p->n_type++)
        p->type[p->n_type] = (Tensorflow__DataType)a->v.list_type[p->n_type];
      return TF_OK;
    case TF_ATTR_SHAPE:
      p->shape = room;
      for (p->n_shape = 0; p->n_shape < n; p->n_shape++)
        if (!(p->shape[p->n_shape] = shape_to_proto(&a->v.list_shape[p->n_shape], arena)))
          return fail_oom(st, "a list attribute");
      return TF_OK;
    case TF_ATTR_TENSOR:
      p->tensor = room;
      for (; p->n_tensor < n; p->n_tensor++)
        TRY(tensor_to_proto(&a->v.list_tensor[p->n_tensor], arena, &p->tensor[p->n_tensor], st));
      return TF_OK;
    default:
      p->func = room;
      for (; p->n_func < n; p->n_func++)
        TRY(func_message(&a->v.list_func[p->n_func], arena, &p->func[p->n_func], st));
      return TF_OK;
  }
}

TF_Code attr_to_proto(const Attr *a, Arena *arena, Tensorflow__AttrValue **out, TF_Status *st) {
  Tensorflow__AttrValue *p = proto_new(arena, &tensorflow__attr_value__descriptor);
  if (!p) return fail_oom(st, "an AttrValue");
  *out = p;
  if (a->is_list) {
    p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_LIST;
    p->list = proto_new(arena, &tensorflow__attr_value__list_value__descriptor);
    return p->list ? list_message(a, arena, p->list, st) : fail_oom(st, "an AttrValue");
  }
  switch (a->kind) {
    case TF_ATTR_STRING:
      p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_S;
      p->s = (ProtobufCBinaryData){a->v.s.size, (uint8_t *)a->v.s.data};
      return TF_OK;
    case TF_ATTR_INT: p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_I, p->i = a->v.i; return TF_OK;
    case TF_ATTR_FLOAT: p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_F, p->f = a->v.f; return TF_OK;
    case TF_ATTR_BOOL: p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_B, p->b = a->v.b; return TF_OK;
    case TF_ATTR_TYPE:
      p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TYPE, p->type = (Tensorflow__DataType)a->v.type;
      return TF_OK;
    case TF_ATTR_SHAPE:
      p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_SHAPE;
      return (p->shape = shape_to_proto(a->v.shape, arena)) ? TF_OK : fail_oom(st, "an AttrValue");
    case TF_ATTR_TENSOR:
      p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TENSOR;
      return tensor_to_proto(a->v.tensor, arena, &p->tensor, st);
    case TF_ATTR_PLACEHOLDER:
      p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_PLACEHOLDER, p->placeholder = (char *)a->v.placeholder;
      return TF_OK;
    default:
      p->value_case = TENSORFLOW__ATTR_VALUE__VALUE_FUNC;
      return func_message(a->v.func, arena, &p->func, st);
  }
}

/* ---- copies ---- */

static TF_Code func_copy(AttrStore store, const AttrFunc *from, AttrFunc *to, TF_Status *st) {
  Attr *attrs = arena_calloc(store.arena, (size_t)from->num_attrs, sizeof *attrs);
  if (!attrs || !(to->name = arena_strdup(store.arena, from->name))) return fail_oom(st, "a func attribute");
  for (int i = 0; i < from->num_attrs; i++) TRY(attr_copy(store, &from->attrs[i], NULL, &attrs[i], st));
  to->attrs = attrs;
  to->num_attrs = from->num_attrs;
  return TF_OK;
}

static bool span_copy(AttrStore store, Span from, Span *to) {
  *to = (Span){arena_strndup(store.arena, from.data, from.size), from.size};
  return to->data != NULL;
}

static TF_Code list_copy(AttrStore store, const Attr *from, Attr *to, TF_Status *st) {
  static const size_t sizes[] = {[TF_ATTR_STRING] = sizeof(Span),      [TF_ATTR_INT] = sizeof(int64_t),
                                 [TF_ATTR_FLOAT] = sizeof(float),      [TF_ATTR_BOOL] = sizeof(bool),
                                 [TF_ATTR_TYPE] = sizeof(TF_DataType), [TF_ATTR_SHAPE] = sizeof(Shape),
                                 [TF_ATTR_TENSOR] = sizeof(Tensor),    [TF_ATTR_PLACEHOLDER] = 0,
                                 [TF_ATTR_FUNC] = sizeof(AttrFunc)};
  size_t n = (size_t)from->count;
  if (!n || from->kind == ATTR_KIND_UNKNOWN) return TF_OK;
  void *copy = arena_memdup(store.arena, from->v.list_i, n * sizes[from->kind]);
  if (!copy) return fail_oom(st, "a list attribute");
  to->v.list_i = copy;
  for (size_t i = 0; i < n; i++) {
    if (from->kind == TF_ATTR_STRING && !span_copy(store, from->v.list_s[i], (Span *)copy + i))
      return fail_oom(st, "a list attribute");
    if (from->kind == TF_ATTR_TENSOR && !attr_store_tensor(store, &from->v.list_tensor[i]))
      return fail_oom(st, "a list attribute");
    if (from->kind == TF_ATTR_FUNC) TRY(func_copy(store, &from->v.list_func[i], (AttrFunc *)copy + i, st));
  }
  return TF_OK;
}

TF_Code attr_copy(AttrStore store, const Attr *from, const char *name, Attr *to, TF_Status *st) {
  *to = *from;
  bool ok = (to->name = arena_strdup(store.arena, name ? name : from->name)) != NULL;
  if (ok && from->is_list) return list_copy(store, from, to, st);
  if (ok && from->kind == TF_ATTR_STRING) ok = span_copy(store, from->v.s, &to->v.s);
  if (ok && from->kind == TF_ATTR_SHAPE)
    ok = (to->v.shape = arena_memdup(store.arena, from->v.shape, sizeof *from->v.shape)) != NULL;
  if (ok && from->kind == TF_ATTR_TENSOR)
    ok = (to->v.tensor = attr_store_tensor(store, from->v.tensor)) != NULL;
  if (ok && from->kind == TF_ATTR_PLACEHOLDER)
    ok = (to->v.placeholder = arena_strdup(store.arena, from->v.placeholder)) != NULL;
  if (ok && from->kind == TF_ATTR_FUNC) {
    AttrFunc *func = arena_calloc(store.arena, 1, sizeof *func);
    to->v.func = func;
    if (func) return func_copy(store, from->v.func, func, st);
    ok = false;
  }
  return ok ? TF_OK : fail_oom(st, "an attribute");
}

/* ---- comparison, by the serialised form where values are nested ---- */

bool attr_equal(const Attr *a, const Attr *b) {
  if (a->is_list != b->is_list) return false;
  if (a->is_list && !a->count && !b->count) return true;
  if (a->kind != b->kind) return false;
  if (!a->is_list && a->kind == TF_ATTR_INT) return a->v.i == b->v.i;
  if (!a->is_list && a->kind == TF_ATTR_TYPE) return a->v.type == b->v.type;
  if (!a->is_list && a->kind == TF_ATTR_BOOL) return a->v.b == b->v.b;
  TF_Status st = {0};
  Arena arena = {0};
  Bytes x = {0}, y = {0};
  Tensorflow__AttrValue *p, *q;
  bool equal = !attr_to_proto(a, &arena, &p, &st) && !attr_to_proto(b, &arena, &q, &st) &&
               !proto_pack(&p->base, &x, &st) && !proto_pack(&q->base, &y, &st) && x.size == y.size &&
               !memcmp(x.data ? x.data : "", y.data ? y.data : "", x.size);
  bytes_clear(&x);
  bytes_clear(&y);
  arena_clear(&arena);
  return equal;
}
