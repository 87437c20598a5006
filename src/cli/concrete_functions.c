/* Concrete functions as text. The arguments come from each function's canonicalized_input_signature, a pair
 * of the positional arguments (a tuple) and the named ones (a dict); values are written as Python's repr has
 * them. */
#include "cli/concrete_functions.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "tensor/tensor.h"

typedef Tensorflow__StructuredValue Value;
typedef Tensorflow__DictValue__FieldsEntry Field;
typedef Tensorflow__TrackableObjectGraph__TrackableObject__ObjectReference Child;

/* saved_model_cli takes back the last ", " on a terminal by two backspaces, and they are in its output
 * everywhere. */
#define TOP_CLOSE "\b\b"
#define KIND(name) TENSORFLOW__STRUCTURED_VALUE__KIND_##name

static bool put_value(Bytes *out, const Value *v);

static void put_string(Bytes *out, const char *text) {
  char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
  bytes_putc(out, quote);
  for (const char *p = text; *p; p++) {
    unsigned char c = (unsigned char)*p;
    if (c == '\n') bytes_puts(out, "\\n");
    else if (c == '\r') bytes_puts(out, "\\r");
    else if (c == '\t') bytes_puts(out, "\\t");
    else if (c < 0x20 || c == 0x7f) bytes_printf(out, "\\x%02x", c);
    else bytes_printf(out, c == '\\' || c == (unsigned char)quote ? "\\%c" : "%c", c);
  }
  bytes_putc(out, quote);
}

/* The fewest digits that read back as the same double; with an exponent below 1e-4 and from 1e16 on. */
static void put_float(Bytes *out, double v) {
  if (!isfinite(v)) {
    bytes_puts(out, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
    return;
  }
  char text[40];
  int digits = 0;
  do snprintf(text, sizeof text, "%.*e", digits, v);
  while (strtod(text, NULL) != v && ++digits < 17);
  int exponent = atoi(strchr(text, 'e') + 1);
  if (exponent < -4 || exponent >= 16) bytes_puts(out, text);
  else bytes_printf(out, "%.*f", digits > exponent ? (digits - exponent) : 1, v);
}

static void put_shape(Bytes *out, const Tensorflow__TensorShapeProto *shape) {
  if (shape && shape->unknown_rank) {
    bytes_puts(out, "<unknown>");
    return;
  }
  size_t rank = shape ? shape->n_dim : 0;
  bytes_putc(out, '(');
  for (size_t i = 0; i < rank; i++) {
    if (i) bytes_puts(out, ", ");
    if (shape->dim[i]->size < 0) bytes_puts(out, "None");
    else bytes_printf(out, "%" PRId64, shape->dim[i]->size);
  }
  bytes_puts(out, rank == 1 ? ",)" : ")");
}

/* Python calls a few types by other names than the C runtime does. */
static void put_dtype(Bytes *out, TF_DataType dtype) {
  TF_DataType base = dtype_base(dtype);
  const char *name = base == TF_FLOAT    ? "float32"
                     : base == TF_DOUBLE ? "float64"
                     : base == TF_HALF   ? "float16"
                                         : dtype_name(base);
  bytes_printf(out, "tf.%s%s", name, dtype_is_ref(dtype) ? "_ref" : "");
}

static void put_spec(Bytes *out, const Tensorflow__TensorSpecProto *spec) {
  bytes_puts(out, "TensorSpec(shape=");
  put_shape(out, spec->shape);
  bytes_puts(out, ", dtype=");
  put_dtype(out, (TF_DataType)spec->dtype);
  bytes_puts(out, ", name=");
  if (*spec->name) put_string(out, spec->name);
  else bytes_puts(out, "None");
  bytes_putc(out, ')');
}

static int by_key(const void *a, const void *b) {
  return strcmp((*(Field *const *)a)->key, (*(Field *const *)b)->key);
}
static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static int by_name(const void *a, const void *b) {
  return strcmp((*(Child *const *)a)->local_name, (*(Child *const *)b)->local_name);
}

/* The pointers in order, in memory of their own; null when memory is out. */
static void *sorted(const void *pointers, size_t n, int (*order)(const void *, const void *)) {
  void **copy = malloc((n + 1) * sizeof *copy);
  if (copy && n) {
    memcpy(copy, pointers, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, order);
  }
  return copy;
}

/* A value inside another. `top`: inside the whole argument, where a string is quoted but not escaped and a
 * comma follows every value. */
static bool put_element(Bytes *out, const Value *v, bool top) {
  if (top && v && v->kind_case == KIND(STRING_VALUE)) bytes_printf(out, "'%s'", v->string_value);
  else if (!put_value(out, v)) return false;
  if (top) bytes_puts(out, ", ");
  return true;
}

static bool put_values(Bytes *out, Value *const *values, size_t n, bool top) {
  for (size_t i = 0; i < n; i++) {
    if (!top && i) bytes_puts(out, ", ");
    if (!put_element(out, values[i], top)) return false;
  }
  return true;
}

static bool put_named_tuple(Bytes *out, const Tensorflow__NamedTupleValue *t, bool top) {
  for (size_t i = 0; i < t->n_values; i++) {
    if (!top) bytes_printf(out, "%s%s=", i ? ", " : "", t->values[i]->key);
    if (!put_element(out, t->values[i]->value, top)) return false;
  }
  return true;
}

static bool put_dict(Bytes *out, const Tensorflow__DictValue *dict, bool top) {
  Field **fields = sorted(dict->fields, dict->n_fields, by_key);
  bool ok = fields != NULL;
  bytes_putc(out, '{');
  for (size_t i = 0; ok && i < dict->n_fields; i++) {
    if (!top && i) bytes_puts(out, ", ");
    if (top) bytes_printf(out, "'%s'", fields[i]->key);
    else put_string(out, fields[i]->key);
    bytes_puts(out, ": ");
    ok = put_element(out, fields[i]->value, top);
  }
  bytes_puts(out, top ? TOP_CLOSE "}" : "}");
  free(fields);
  return ok;
}

/* False for a kind that is not written. */
static bool put_value(Bytes *out, const Value *v) {
  bool ok = true;
  switch (v ? v->kind_case : KIND(_NOT_SET)) {
    case KIND(NONE_VALUE): bytes_puts(out, "None"); return true;
    case KIND(BOOL_VALUE): bytes_puts(out, v->bool_value ? "True" : "False"); return true;
    case KIND(INT64_VALUE): bytes_printf(out, "%" PRId64, v->int64_value); return true;
    case KIND(FLOAT64_VALUE): put_float(out, v->float64_value); return true;
    case KIND(STRING_VALUE): put_string(out, v->string_value); return true;
    case KIND(TENSOR_SPEC_VALUE): put_spec(out, v->tensor_spec_value); return true;
    case KIND(DICT_VALUE): return put_dict(out, v->dict_value, false);
    case KIND(LIST_VALUE):
      bytes_putc(out, '[');
      ok = put_values(out, v->list_value->values, v->list_value->n_values, false);
      bytes_putc(out, ']');
      return ok;
    case KIND(TUPLE_VALUE):
      bytes_putc(out, '(');
      ok = put_values(out, v->tuple_value->values, v->tuple_value->n_values, false);
      bytes_puts(out, v->tuple_value->n_values == 1 ? ",)" : ")");
      return ok;
    case KIND(NAMED_TUPLE_VALUE):
      bytes_printf(out, "%s(", v->named_tuple_value->name);
      ok = put_named_tuple(out, v->named_tuple_value, false);
      bytes_putc(out, ')');
      return ok;
    default: return false;
  }
}

static const char *type_name(const Value *v) {
  switch (v->kind_case) {
    case KIND(NONE_VALUE): return "NoneType";
    case KIND(BOOL_VALUE): return "bool";
    case KIND(INT64_VALUE): return "int";
    case KIND(FLOAT64_VALUE): return "float";
    case KIND(LIST_VALUE): return "list";
    case KIND(TUPLE_VALUE): return "tuple";
    case KIND(DICT_VALUE): return "dict";
    case KIND(NAMED_TUPLE_VALUE): return v->named_tuple_value->name;
    default: return NULL;
  }
}

static bool put_argument(Bytes *out, const Value *v) {
  if (!v) return false;
  if (v->kind_case == KIND(STRING_VALUE)) {
    bytes_printf(out, "          %s\n", v->string_value);
    return true;
  }
  if (v->kind_case == KIND(TENSOR_SPEC_VALUE)) {
    const char *name = v->tensor_spec_value->name;
    bytes_printf(out, "          %s: ", *name ? name : "None");
    put_spec(out, v->tensor_spec_value);
    bytes_putc(out, '\n');
    return true;
  }
  const char *type = type_name(v);
  if (!type) return false;
  bytes_printf(out, "          DType: %s\n          Value: ", type);
  bool ok;
  if (v->kind_case == KIND(DICT_VALUE)) {
    ok = put_dict(out, v->dict_value, true);
  } else if (v->kind_case == KIND(LIST_VALUE) || v->kind_case == KIND(TUPLE_VALUE) ||
             v->kind_case == KIND(NAMED_TUPLE_VALUE)) {
    bytes_putc(out, '[');
    ok = v->kind_case == KIND(LIST_VALUE)
             ? put_values(out, v->list_value->values, v->list_value->n_values, true)
         : v->kind_case == KIND(TUPLE_VALUE)
             ? put_values(out, v->tuple_value->values, v->tuple_value->n_values, true)
             : put_named_tuple(out, v->named_tuple_value, true);
    bytes_puts(out, TOP_CLOSE "]");
  } else {
    ok = put_value(out, v);
  }
  bytes_putc(out, '\n');
  return ok;
}

/* One trace. Without positional arguments it has no heading, as in saved_model_cli. */
static bool put_option(Bytes *out, size_t number, const Tensorflow__SavedConcreteFunction *f) {
  const Value *s = f ? f->canonicalized_input_signature : NULL;
  if (!s || s->kind_case != KIND(TUPLE_VALUE) || s->tuple_value->n_values != 2) return false;
  const Value *args = s->tuple_value->values[0], *named = s->tuple_value->values[1];
  if (args->kind_case != KIND(TUPLE_VALUE) || named->kind_case != KIND(DICT_VALUE)) return false;
  if (args->tuple_value->n_values) bytes_printf(out, "    Option #%zu\n      Callable with:\n", number);
  for (size_t i = 0; i < args->tuple_value->n_values; i++) {
    bytes_printf(out, "        Argument #%zu\n", i + 1);
    if (!put_argument(out, args->tuple_value->values[i])) return false;
  }
  const Tensorflow__DictValue *dict = named->dict_value;
  Field **fields = sorted(dict->fields, dict->n_fields, by_key);
  for (size_t i = 0; fields && i < dict->n_fields; i++) /* names only */
    bytes_printf(out, "        Named Argument #%zu\n          %s\n", i + 1, fields[i]->key);
  free(fields);
  return fields != NULL;
}

static bool put_function(Bytes *out, const char *name, char *const *names, size_t n, const Map *traces) {
  char **ordered = sorted(names, n, by_text);
  bool ok = ordered != NULL;
  bytes_printf(out, "\n  Function Name: '%s'\n", name);
  for (size_t i = 0; ok && i < n; i++) ok = put_option(out, i + 1, map_get(traces, ordered[i]));
  free(ordered);
  return ok;
}

static void put_child(Bytes *out, const Child *child, const Tensorflow__SavedObjectGraph *graph,
                      const Map *traces) {
  if (child->node_id < 0 || (size_t)child->node_id >= graph->n_nodes) return;
  const Tensorflow__SavedObject *object = graph->nodes[child->node_id];
  size_t before = out->size;
  bool ok = true;
  if (object->kind_case == TENSORFLOW__SAVED_OBJECT__KIND_FUNCTION)
    ok = put_function(out, child->local_name, object->function->concrete_functions,
                      object->function->n_concrete_functions, traces);
  else if (object->kind_case == TENSORFLOW__SAVED_OBJECT__KIND_BARE_CONCRETE_FUNCTION)
    ok = put_function(out, child->local_name, &object->bare_concrete_function->concrete_function_name, 1,
                      traces);
  if (!ok && !out->failed) out->data[out->size = before] = 0;
}

void concrete_functions_print(const Tensorflow__SavedModel *model, Bytes *out) {
  if (model->n_meta_graphs != 1 || !model->meta_graphs[0]->object_graph_def) return;
  const Tensorflow__SavedObjectGraph *graph = model->meta_graphs[0]->object_graph_def;
  bytes_puts(out, "\nConcrete Functions:");
  if (!graph->n_nodes) return;
  Map traces = {0};
  Child **children = sorted(graph->nodes[0]->children, graph->nodes[0]->n_children, by_name);
  for (size_t i = 0; i < graph->n_concrete_functions; i++)
    if (!map_put(&traces, graph->concrete_functions[i]->key, graph->concrete_functions[i]->value))
      out->failed = true;
  for (size_t i = 0; children && i < graph->nodes[0]->n_children; i++)
    put_child(out, children[i], graph, &traces);
  free(children);
  map_clear(&traces);
}
