/* Ops on lookup tables: making them, filling them from tensors and vocabulary files, asking, changing,
 * exporting.
 *
 * V2 ops carry a resource handle. The older ones carry a ref to a string vector (container, name); the table
 * is then looked up by these in the session. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "ops/array_util.h"
#include "ops/lookup_table.h"
#include "ops/named_object.h"
#include "ops/state_vars.h"
#include "ops/text_number.h"

/* ---- making tables ---- */

typedef struct NewTable {
  TF_DataType key, value;
  bool is_static;
  int value_rank;
  int64_t value_size;
  const char *container, *name;
} NewTable;

static TF_Code create_table(void *arg, Object **out, TF_Status *st) {
  const NewTable *a = arg;
  LookupTable *t = NULL;
  TRY(lookup_table_new(&t, a->key, a->value, a->is_static, a->value_rank, a->value_size, a->container,
                       a->name, st));
  *out = &t->object;
  return TF_OK;
}

/* The pairs of dtypes that TensorFlow registers, as keys' and values' characters: s string, l int64, i int32,
 * f float, d double, b bool. */
static char pair_letter(TF_DataType t) {
  return t == TF_STRING   ? 's'
         : t == TF_INT64  ? 'l'
         : t == TF_INT32  ? 'i'
         : t == TF_FLOAT  ? 'f'
         : t == TF_DOUBLE ? 'd'
         : t == TF_BOOL   ? 'b'
                          : '?';
}

static bool pair_supported(TF_DataType key, TF_DataType value, bool is_static) {
  static const char *const common[] = {"sl", "si", "sf", "sd", "sb", "ls", "ll",
                                       "li", "lf", "ld", "ii", "if", "id"};
  char pair[3] = {pair_letter(key), pair_letter(value), 0};
  for (size_t i = 0; i < SM_COUNTOF(common); i++)
    if (!strcmp(common[i], pair)) return true;
  return is_static && (!strcmp(pair, "ss") || !strcmp(pair, "is"));
}

static TF_Code table_init(OpInit *k, TF_Status *st) {
  NamedObject *s = k->state;
  NewTable a = {
      .is_static = !strncmp(k->node->op, "HashTable", 9) || !strcmp(k->node->op, "AnonymousHashTable"),
      .value_size = 1};
  TRY(node_attr_type(k->node, "key_dtype", &a.key, st));
  TRY(node_attr_type(k->node, "value_dtype", &a.value, st));
  TRY(state_names(k, &a.container, &a.name, st));
  if (!pair_supported(a.key, a.value, a.is_static))
    return fail(st, TF_INVALID_ARGUMENT,
                "No OpKernel was registered to support Op '%s' with keys of %s and values of %s", k->node->op,
                dtype_name(a.key), dtype_name(a.value));
  if (node_attr(k->node, "value_shape")) {
    const Shape *shape;
    char text[SHAPE_TEXT_MAX];
    TRY(node_attr_shape(k->node, "value_shape", &shape, st));
    if (shape->rank != 1 || shape->dims[0] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Default value must be a vector, got shape %s",
                  shape_text(shape->dims, shape->rank, text, sizeof text));
    a.value_rank = 1;
    a.value_size = shape->dims[0];
    if (a.value_size > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "the values of a table are too large");
  }
  if (!strncmp(k->node->op, "Anonymous", 9)) {
    TRY(create_table(&a, &s->object, st));
  } else {
    TRY(resource_find_or_create(k->resources, &lookup_table_type, a.container, a.name, create_table, &a,
                                &s->object, st));
  }
  const LookupTable *t = (const LookupTable *)s->object;
  if (t->key_dtype != a.key || t->value_dtype != a.value)
    return fail(st, TF_INVALID_ARGUMENT, "Conflicting key/value dtypes %s->%s with %s-%s for table %s",
                dtype_name(a.key), dtype_name(a.value), dtype_name(t->key_dtype), dtype_name(t->value_dtype),
                a.name);
  if (t->is_static != a.is_static || t->value_rank != a.value_rank || t->value_size != a.value_size)
    return fail(st, TF_INVALID_ARGUMENT, "table %s is shared with an op of another kind", a.name);
  return named_object_handle(k, a.container, a.name, st);
}

/* ---- finding the table of input 0 ---- */

/* A new reference. */
static TF_Code table_of_input(const OpCtx *c, LookupTable **out, TF_Status *st) {
  if (!dtype_is_ref(c->node->input_types[0])) {
    TRY(lookup_table_of_handle(op_input(c, 0), out, st));
    object_ref(*out);
    return TF_OK;
  }
  Object *o;
  TRY(named_object_of_value(c, 0, &lookup_table_type, "Lookup table handle must be scalar, but had shape: []",
                            &o, st));
  *out = (LookupTable *)o;
  return TF_OK;
}

/* TF: the text of OpKernelContext::MatchSignature. `value_input` is 0 for ops without one. */
static TF_Code check_signature(const OpCtx *c, const LookupTable *t, int value_input, bool has_output,
                               TF_Status *st) {
  TF_DataType key = op_input(c, 1)->dtype,
              value = value_input ? op_input(c, value_input)->dtype : t->value_dtype;
  const char *handle = dtype_is_ref(c->node->input_types[0]) ? "string_ref" : "resource";
  if (key == t->key_dtype && value == t->value_dtype) return TF_OK;
  if (!value_input)
    return fail(st, TF_INVALID_ARGUMENT, "Signature mismatch, have: %s, %s-> expected: %s, %s->", handle,
                dtype_name(key), handle, dtype_name(t->key_dtype));
  return fail(st, TF_INVALID_ARGUMENT, "Signature mismatch, have: %s, %s, %s->%s expected: %s, %s, %s->%s",
              handle, dtype_name(key), dtype_name(value), has_output ? dtype_name(value) : "", handle,
              dtype_name(t->key_dtype), dtype_name(t->value_dtype),
              has_output ? dtype_name(t->value_dtype) : "");
}

/* The dims of `keys` that count keys: all, but the last where keys are rows. */
static int batch_rank(const LookupTable *table, const Tensor *keys) {
  return keys->rank - (table->dense ? table->dense->key_rank : 0);
}

/* Whether `t` has the shape of the keys followed by that of one value. */
static bool is_values_shape(const LookupTable *table, const Tensor *keys, const Tensor *t) {
  int rank = batch_rank(table, keys);
  if (t->rank != rank + table->value_rank || memcmp(t->dims, keys->dims, (size_t)rank * sizeof *t->dims))
    return false;
  return !table->value_rank || t->dims[rank] == table->value_size;
}

static TF_Code check_key_shape(const LookupTable *table, const Tensor *keys, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (!table->dense || !table->dense->key_rank) return TF_OK;
  if (keys->rank && keys->dims[keys->rank - 1] == table->dense->key_size) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Input key shape %s must end with the table's key shape %s",
              shape_text(keys->dims, keys->rank, a, sizeof a),
              shape_text(&table->dense->key_size, 1, b, sizeof b));
}

static TF_Code values_dims(const LookupTable *table, const Tensor *keys, int64_t *dims, int *rank,
                           TF_Status *st) {
  int keys_rank = batch_rank(table, keys);
  *rank = keys_rank + table->value_rank;
  if (*rank > TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "keys of too many dimensions");
  memcpy(dims, keys->dims, (size_t)keys_rank * sizeof *dims);
  if (table->value_rank) dims[keys_rank] = table->value_size;
  return TF_OK;
}

/* ---- LookupTableFind, Insert, Remove, Import, Export, Size ---- */

static TF_Code find_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  /* The value's shape stands behind the keys'; for a scalar default it is none. A dense table may have rows
   * as keys. */
  const Node *maker = c->node->inputs ? c->node->inputs[0].oper : NULL;
  bool plain = c->inputs[1]->rank < 2 ||
               (maker && strstr(maker->op, "HashTable") && !strstr(maker->op, "Dense"));
  if (c->inputs[2]->rank == 0 && plain) c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

static TF_Code find_checked(OpCtx *c, LookupTable *t, TF_Status *st) {
  const Tensor *keys = op_input(c, 1), *defaults = op_input(c, 2);
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX], d[SHAPE_TEXT_MAX];
  TRY(check_signature(c, t, 2, true, st));
  TRY(check_key_shape(t, keys, st));
  TRY(values_dims(t, keys, dims, &rank, st));
  bool one = defaults->rank == t->value_rank && (!t->value_rank || defaults->dims[0] == t->value_size);
  if (!one && !is_values_shape(t, keys, defaults))
    return fail(st, TF_INVALID_ARGUMENT, "Expected shape %s or %s for default value, got %s",
                shape_text(&t->value_size, t->value_rank, a, sizeof a), shape_text(dims, rank, b, sizeof b),
                shape_text(defaults->dims, defaults->rank, d, sizeof d));
  TRY(op_alloc_output(c, 0, t->value_dtype, dims, rank, st));
  if (t->dense) return lookup_dense_find(t, keys, defaults->data, c->outputs[0].data, st);
  return lookup_table_find(t, keys->data, tensor_count(keys), defaults->data, one ? 0 : 1, c->outputs[0].data,
                           st);
}

static TF_Code insert_checked(OpCtx *c, LookupTable *t, TF_Status *st) {
  const Tensor *keys = op_input(c, 1), *values = op_input(c, 2);
  bool import = strstr(c->node->op, "Import") != NULL;
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  TRY(check_signature(c, t, 2, false, st));
  if (t->dense && import) return lookup_dense_import(t, keys, values, st);
  TRY(check_key_shape(t, keys, st));
  TRY(values_dims(t, keys, dims, &rank, st));
  if (!is_values_shape(t, keys, values))
    return fail(st, TF_INVALID_ARGUMENT, "Expected shape %s for value, got %s",
                shape_text(dims, rank, a, sizeof a), shape_text(values->dims, values->rank, b, sizeof b));
  if (t->dense) return lookup_dense_insert(t, keys, values->data, st);
  if (t->is_static && !import)
    return fail(st, TF_UNIMPLEMENTED, "Insert not supported by InitializableLookupTable implementations");
  if (t->is_static) return lookup_table_initialize(t, keys->data, values->data, tensor_count(keys), st);
  return lookup_table_insert(t, keys->data, values->data, tensor_count(keys), import, st);
}

static TF_Code remove_checked(OpCtx *c, LookupTable *t, TF_Status *st) {
  TRY(check_signature(c, t, 0, false, st));
  if (t->is_static)
    return fail(st, TF_UNIMPLEMENTED, "Remove not supported by InitializableLookupTable implementations");
  TRY(check_key_shape(t, op_input(c, 1), st));
  if (t->dense) return lookup_dense_remove(t, op_input(c, 1), st);
  return lookup_table_remove(t, op_input(c, 1)->data, tensor_count(op_input(c, 1)), st);
}

static TF_Code export_checked(OpCtx *c, LookupTable *t, TF_Status *st) {
  Tensor keys = {0}, values = {0};
  if (t->key_dtype != c->node->output_types[0] || t->value_dtype != c->node->output_types[1])
    return fail(st, TF_INVALID_ARGUMENT, "the table holds %s to %s, not %s to %s", dtype_name(t->key_dtype),
                dtype_name(t->value_dtype), dtype_name(c->node->output_types[0]),
                dtype_name(c->node->output_types[1]));
  TRY(lookup_table_export(t, &keys, &values, st));
  op_take_output(c, 0, &keys);
  op_take_output(c, 1, &values);
  return TF_OK;
}

static TF_Code size_checked(OpCtx *c, LookupTable *t, TF_Status *st) {
  (void)st;
  *(int64_t *)c->outputs[0].data = lookup_table_size(t);
  return TF_OK;
}

static TF_Code with_table(OpCtx *c, TF_Code (*fn)(OpCtx *, LookupTable *, TF_Status *), TF_Status *st) {
  LookupTable *t = NULL;
  TRY(table_of_input(c, &t, st));
  TF_Code code = fn(c, t, st);
  object_unref(t);
  return code;
}

static TF_Code find_run(OpCtx *c, TF_Status *st) { return with_table(c, find_checked, st); }
static TF_Code insert_run(OpCtx *c, TF_Status *st) { return with_table(c, insert_checked, st); }
static TF_Code remove_run(OpCtx *c, TF_Status *st) { return with_table(c, remove_checked, st); }
static TF_Code export_run(OpCtx *c, TF_Status *st) { return with_table(c, export_checked, st); }
static TF_Code size_run(OpCtx *c, TF_Status *st) { return with_table(c, size_checked, st); }
/* ---- InitializeTable ---- */

static TF_Code check_initializable(const LookupTable *t, TF_Status *st) {
  if (t->is_static) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Table %s %s is not initializable", t->container, t->name);
}

static TF_Code initialize_checked(OpCtx *c, LookupTable *t, TF_Status *st) {
  const Tensor *keys = op_input(c, 1), *values = op_input(c, 2);
  char text[SHAPE_TEXT_MAX];
  TRY(check_initializable(t, st));
  TRY(check_signature(c, t, 2, false, st));
  if (keys->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Keys must be a vector, but received shape%s",
                shape_text(keys->dims, keys->rank, text, sizeof text));
  if (values->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Values must be a vector, but received shape%s",
                shape_text(values->dims, values->rank, text, sizeof text));
  if (keys->dims[0] != values->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Keys and values must have the same size %lld vs %lld",
                (long long)keys->dims[0], (long long)values->dims[0]);
  return lookup_table_initialize(t, keys->data, values->data, keys->dims[0], st);
}

static TF_Code initialize_run(OpCtx *c, TF_Status *st) { return with_table(c, initialize_checked, st); }

/* ---- InitializeTableFromTextFile ---- */

enum { WHOLE_LINE = -2, LINE_NUMBER = -1 };

typedef struct VocabFile {
  const char *path;
  int64_t key_index, value_index, vocab_size, offset;
  char delimiter;
} VocabFile;

static TF_Code read_vocab_attrs(const Node *node, VocabFile *f, TF_Status *st) {
  Span delimiter;
  f->offset = 0;
  TRY(node_attr_int(node, "key_index", &f->key_index, st));
  TRY(node_attr_int(node, "value_index", &f->value_index, st));
  TRY(node_attr_int(node, "vocab_size", &f->vocab_size, st));
  TRY(node_attr_string(node, "delimiter", &delimiter, st));
  if (node_attr(node, "offset")) TRY(node_attr_int(node, "offset", &f->offset, st));
  if (delimiter.size != 1) return fail(st, TF_INVALID_ARGUMENT, "delimiter should be only 1 char");
  f->delimiter = *(const char *)delimiter.data;
  return TF_OK;
}

/* Field `index` of a line; false when there are not as many, then *have is their number. */
static bool line_field(Span line, char delimiter, int64_t index, Span *field, int64_t *have) {
  const char *at = line.data, *end = at + line.size;
  for (*have = 0;; (*have)++) {
    const char *stop = at < end ? memchr(at, delimiter, (size_t)(end - at)) : NULL;
    *field = (Span){at, (size_t)((stop ? stop : end) - at)};
    if (*have == index) return true;
    if (!stop) {
      (*have)++;
      return false;
    }
    at = stop + 1;
  }
}

/* Puts what `index` says of a line into element i of `t`. */
static TF_Code put_field(const VocabFile *f, int64_t index, Span line, int64_t number, Tensor *t, int64_t i,
                         TF_Status *st) {
  Span field = line;
  int64_t have;
  if (index == LINE_NUMBER) {
    ((int64_t *)t->data)[i] = number + f->offset;
    return TF_OK;
  }
  if (index >= 0 && !line_field(line, f->delimiter, index, &field, &have)) {
    int64_t most = f->key_index > f->value_index ? f->key_index : f->value_index;
    return fail(st, TF_INVALID_ARGUMENT,
                "Invalid number of columns in %s line %lld (%.*s) : expected at least %lld got %lld", f->path,
                (long long)number, (int)line.size, (const char *)line.data, (long long)most + 1,
                (long long)have);
  }
  bool ok = false;
  const char *want = dtype_name(t->dtype);
  switch (t->dtype) {
    case TF_STRING:
      return tstring_set((TF_TString *)t->data + i, field.data, field.size) ? TF_OK
                                                                            : fail_oom(st, "a vocabulary");
    case TF_INT64: ok = text_to_int64(field.data, field.size, (int64_t *)t->data + i); break;
    case TF_INT32: ok = text_to_int32(field.data, field.size, (int32_t *)t->data + i); break;
    case TF_FLOAT: ok = text_to_float(field.data, field.size, (float *)t->data + i); break;
    case TF_DOUBLE: ok = text_to_double(field.data, field.size, (double *)t->data + i); break;
    default: return fail(st, TF_INVALID_ARGUMENT, "Data type %s not supported.", want);
  }
  if (ok) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Field %.*s in line %lld is not a valid %s.", (int)field.size,
              (const char *)field.data, (long long)number, want);
}

/* The next line of `data` from *at, its '\r's squeezed out in place; false at the end. */
static bool next_line(char *data, size_t size, size_t *at, Span *line) {
  if (*at >= size) return false;
  char *start = data + *at, *stop = memchr(start, '\n', size - *at), *end = stop ? stop : data + size;
  *at = (size_t)(end - data) + (stop != NULL);
  char *to = start;
  for (char *p = start; p < end; p++)
    if (*p != '\r') *to++ = *p;
  *line = (Span){start, (size_t)(to - start)};
  return true;
}

static TF_Code read_vocab(const VocabFile *f, Bytes *data, Tensor *keys, Tensor *values, int64_t *count,
                          TF_Status *st) {
  size_t at = 0;
  Span line;
  int64_t n = 0, limit = f->vocab_size < 0 ? INT64_MAX : f->vocab_size;
  while (n < limit && next_line(data->data, data->size, &at, &line)) {
    if (!line.size)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid content in %s: empty line found at position %zu.",
                  f->path, at);
    TRY(put_field(f, f->key_index, line, n, keys, n, st));
    TRY(put_field(f, f->value_index, line, n, values, n, st));
    n++;
  }
  if (n == 0)
    return f->vocab_size == 0 ? fail(st, TF_OUT_OF_RANGE, "Finished reading 0 of lines from %s", f->path)
                              : fail(st, TF_OUT_OF_RANGE, "Read less bytes than requested");
  if (f->vocab_size > n)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid vocab_size in %s: expected %lld but got %lld", f->path,
                (long long)f->vocab_size, (long long)n);
  *count = n;
  return TF_OK;
}

static TF_Code check_index(int64_t index, TF_DataType dtype, const char *what, TF_Status *st) {
  bool capital = *what == 'K';
  if (index == LINE_NUMBER && dtype != TF_INT64)
    return fail(st, TF_INVALID_ARGUMENT, "%s index for line number requires table %s dtype of int64, got %s",
                what, capital ? "key" : "value", dtype_name(dtype));
  return TF_OK;
}

static TF_Code init_from_file(OpCtx *c, LookupTable *t, TF_Status *st) {
  const Tensor *filename = op_input(c, 1);
  VocabFile f = {0};
  Bytes data = {0};
  Tensor keys = {0}, values = {0};
  int64_t n = 0;
  TRY(check_initializable(t, st));
  TRY(read_vocab_attrs(c->node, &f, st));
  if (tensor_count(filename) != 1 || filename->dtype != TF_STRING)
    return fail(st, TF_INVALID_ARGUMENT, "filename should be a single string, but got %s",
                shape_text(filename->dims, filename->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  TRY(check_index(f.key_index, t->key_dtype, "Key", st));
  TRY(check_index(f.value_index, t->value_dtype, "Value", st));
  size_t size;
  const char *path = tstring_data(filename->data, &size);
  if (c->env) TRY(step_check_file(c->env, path, size, false, st));
  char *copy = strndup(path, size);
  if (!copy) return fail_oom(st, "a file name");
  f.path = copy;
  size_t limit = c->env && c->env->memory_limit ? c->env->memory_limit : SIZE_MAX / 2;
  TF_Code code = file_is_dir(copy) ? fail(st, TF_FAILED_PRECONDITION, "%s; Is a directory", copy)
                                   : file_read(&data, copy, limit, st);
  /* No more entries than lines. */
  int64_t lines = 1;
  for (size_t i = 0; i < data.size; i++) lines += data.data[i] == '\n';
  if (!code) code = tensor_alloc(&keys, t->key_dtype, &lines, 1, st);
  if (!code) code = tensor_alloc(&values, t->value_dtype, &lines, 1, st);
  if (!code) code = read_vocab(&f, &data, &keys, &values, &n, st);
  if (!code) code = lookup_table_initialize(t, keys.data, values.data, n, st);
  tensor_clear(&keys);
  tensor_clear(&values);
  bytes_clear(&data);
  free(copy);
  return code;
}

static TF_Code init_file_run(OpCtx *c, TF_Status *st) { return with_table(c, init_from_file, st); }

#define BOTH(NAME, ...) \
  {NAME, __VA_ARGS__}, { NAME "V2", __VA_ARGS__ }

const OpRow ops_lookup_ops[] = {
    {"HashTable", NAMED_OBJECT_REF(table_init)},
    {"HashTableV2", NAMED_OBJECT_HANDLE(table_init)},
    {"MutableHashTable", NAMED_OBJECT_REF(table_init)},
    {"MutableHashTableV2", NAMED_OBJECT_HANDLE(table_init)},
    {"MutableHashTableOfTensors", NAMED_OBJECT_REF(table_init)},
    {"MutableHashTableOfTensorsV2", NAMED_OBJECT_HANDLE(table_init)},
    {"AnonymousHashTable", NAMED_OBJECT_HANDLE(table_init)},
    {"AnonymousMutableHashTable", NAMED_OBJECT_HANDLE(table_init)},
    {"AnonymousMutableHashTableOfTensors", NAMED_OBJECT_HANDLE(table_init)},
    BOTH("LookupTableFind", .flags = OP_STATEFUL | OP_DYNAMIC, .shape = find_shape, .run = find_run),
    BOTH("LookupTableInsert", .flags = OP_STATEFUL, .shape = shape_none, .run = insert_run),
    BOTH("LookupTableImport", .flags = OP_STATEFUL, .shape = shape_none, .run = insert_run),
    BOTH("LookupTableExport", .flags = OP_STATEFUL | OP_DYNAMIC, .shape = shape_unknown_outputs,
         .run = export_run),
    BOTH("LookupTableSize", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
         .run = size_run),
    {"LookupTableRemoveV2", .flags = OP_STATEFUL, .shape = shape_none, .run = remove_run},
    BOTH("InitializeTable", .flags = OP_STATEFUL, .shape = shape_none, .run = initialize_run),
    BOTH("InitializeTableFromTextFile", .flags = OP_STATEFUL | OP_BLOCKING, .shape = shape_none,
         .run = init_file_run),
    {0}};
