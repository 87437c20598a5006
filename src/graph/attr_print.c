/* Attribute values as text for messages. */
#include <string.h>

#include "graph/attr.h"
#include "graph/value_text.h"

const char *attr_kind_name(TF_AttrType kind, bool is_list) {
  static const char *const names[][2] = {
      {"string", "list(string)"}, {"int", "list(int)"},           {"float", "list(float)"},
      {"bool", "list(bool)"},     {"type", "list(type)"},         {"shape", "list(shape)"},
      {"tensor", "list(tensor)"}, {"placeholder", "placeholder"}, {"func", "list(func)"}};
  return kind < SM_COUNTOF(names) ? names[kind][is_list] : is_list ? "list" : "unknown";
}

void shape_print(const Shape *shape, Bytes *out) {
  char text[SHAPE_TEXT_MAX];
  bytes_puts(out, shape_text(shape->dims, shape->rank, text, sizeof text));
}

/* Quoted, C escapes; the middle of a long one is left out. */
static void string_print(Span s, Bytes *out) {
  enum { LONGEST = 80, ENDS = 10 };
  Bytes text = {0};
  string_escape(s, &text);
  bytes_putc(out, '"');
  if (text.size >= LONGEST) {
    bytes_append(out, text.data, ENDS);
    bytes_puts(out, "...");
    bytes_append(out, text.data + text.size - ENDS, ENDS);
  } else if (text.size) {
    bytes_append(out, text.data, text.size);
  }
  bytes_putc(out, '"');
  bytes_clear(&text);
}

static void type_print(TF_DataType type, Bytes *out) {
  const char *name = dtype_proto_name(dtype_base(type));
  bytes_printf(out, "%s%s", name ? name : "DT_INVALID", name && dtype_is_ref(type) ? "_REF" : "");
}

static void tensor_print(const Tensor *t, Bytes *out) {
  char text[SHAPE_TEXT_MAX];
  bytes_printf(out, "Tensor<type: %s shape: %s values: ", dtype_name(t->dtype),
               shape_text(t->dims, t->rank, text, sizeof text));
  value_text(t, 3, out);
  bytes_putc(out, '>');
}

static int by_name(const Attr *attrs, int count, const char *after) {
  int best = -1; /* the smallest name above `after` */
  for (int i = 0; i < count; i++)
    if ((!after || strcmp(attrs[i].name, after) > 0) &&
        (best < 0 || strcmp(attrs[i].name, attrs[best].name) < 0))
      best = i;
  return best;
}

static void func_print(const AttrFunc *f, Bytes *out) {
  bytes_printf(out, "%s[", f->name);
  const char *last = NULL;
  for (int i; (i = by_name(f->attrs, f->num_attrs, last)) >= 0; last = f->attrs[i].name) {
    bytes_printf(out, "%s%s=", last ? ", " : "", f->attrs[i].name);
    attr_print(&f->attrs[i], out);
  }
  bytes_putc(out, ']');
}

static void value_print(const Attr *a, int64_t i, Bytes *out) {
  bool l = a->is_list;
  switch (a->kind) {
    case TF_ATTR_STRING: string_print(l ? a->v.list_s[i] : a->v.s, out); break;
    case TF_ATTR_INT: bytes_printf(out, "%lld", (long long)(l ? a->v.list_i[i] : a->v.i)); break;
    case TF_ATTR_FLOAT: bytes_printf(out, "%g", (double)(l ? a->v.list_f[i] : a->v.f)); break;
    case TF_ATTR_BOOL: bytes_puts(out, (l ? a->v.list_b[i] : a->v.b) ? "true" : "false"); break;
    case TF_ATTR_TYPE: type_print(l ? a->v.list_type[i] : a->v.type, out); break;
    case TF_ATTR_SHAPE: shape_print(l ? &a->v.list_shape[i] : a->v.shape, out); break;
    case TF_ATTR_TENSOR: tensor_print(l ? &a->v.list_tensor[i] : a->v.tensor, out); break;
    case TF_ATTR_PLACEHOLDER: bytes_printf(out, "$%s", a->v.placeholder); break;
    default: func_print(l ? &a->v.list_func[i] : a->v.func, out); break;
  }
}

void attr_print(const Attr *attr, Bytes *out) {
  enum { LONGEST = 30, ENDS = 5 };
  if (!attr->is_list) {
    value_print(attr, 0, out);
    return;
  }
  bytes_putc(out, '[');
  for (int64_t i = 0; i < attr->count; i++) {
    if (i) bytes_puts(out, ", ");
    if (attr->count > LONGEST && i == ENDS) {
      bytes_puts(out, "...");
      i = attr->count - ENDS - 1;
    } else {
      value_print(attr, i, out);
    }
  }
  bytes_putc(out, ']');
}
