/* ParseExample, ParseExampleV2 and ParseSingleExample; DecodeRaw; StringToNumber.
 *
 * A run first walks every example once and notes for each wanted key the last feature of that name (bytes are
 * read in place), then makes the outputs key by key. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/map.h"
#include "ops/array_util.h"
#include "ops/parsing_util.h"
#include "ops/string_util.h"
#include "ops/text_number.h"

/* ---- what the op wants ---- */

typedef enum SlotKind { SLOT_SPARSE, SLOT_DENSE, SLOT_RAGGED } SlotKind;

/* A wanted key. */
typedef struct Slot {
  SlotKind kind;
  Span key;
  TF_DataType dtype, splits_dtype;
  const Tensor *default_value; /* dense */
  const Shape *shape;          /* dense: of one example's value; the first dimension may be -1 */
  int64_t elements;            /* dense: of one value, or of one step of a variable one */
  bool variable;               /* dense: the first dimension is open */
  int out;                     /* first output: values (dense), indices (sparse), values (ragged) */
} Slot;

typedef struct Parse {
  OpCtx *c;
  bool single;      /* one example without a batch dimension */
  bool short_names; /* ParseSingleExample and scalars: messages without name and index */
  int64_t batch;
  const Tensor *serialized, *names;
  int num_sparse, num_dense, num_ragged, num_slots;
  Slot *slots;
  ExampleFeature *found; /* [batch][num_slots] */
  Map by_key;            /* key -> Slot */
} Parse;

static TF_Code add_slot(Parse *p, SlotKind kind, Span key, TF_DataType dtype, TF_Status *st) {
  Slot *s = &p->slots[p->num_slots];
  if (map_has_n(&p->by_key, key.data, key.size))
    return fail(st, TF_INVALID_ARGUMENT, "the key %.*s is asked for twice", (int)key.size,
                (const char *)key.data);
  if (dtype != TF_FLOAT && dtype != TF_INT64 && dtype != TF_STRING)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid data type: %s", dtype_name(dtype));
  *s = (Slot){.kind = kind, .key = key, .dtype = dtype};
  if (!map_put_n(&p->by_key, key.data ? key.data : "", key.size, s)) return fail_oom(st, "keys");
  p->num_slots++;
  return TF_OK;
}

/* Element k of a key argument: one vector (V2), or scalars from input `first` on. */
static TF_Code key_at(const OpCtx *c, int first, bool vector, int k, Span *key, TF_Status *st) {
  const Tensor *t = op_input(c, vector ? first : first + k);
  if (!vector && t->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "Expected the keys to be scalars");
  *key = string_at(t, vector ? k : 0);
  return TF_OK;
}

static TF_Code dense_slot(Slot *s, int k, const Tensor *default_value, const Shape *shape, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  s->default_value = default_value;
  s->shape = shape;
  s->elements = 1;
  if (shape->rank < 0) return fail(st, TF_INVALID_ARGUMENT, "dense_shapes must not be unknown");
  s->variable = shape->rank > 0 && shape->dims[0] == -1;
  for (int i = s->variable; i < shape->rank; i++) {
    if (shape->dims[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT,
                  "dense_shapes[%d] has unknown rank or unknown inner dimensions: %s", k,
                  shape_text(shape->dims, shape->rank, a, sizeof a));
    if (!checked_mul_i64(s->elements, shape->dims[i], &s->elements))
      return fail(st, TF_INVALID_ARGUMENT, "dense_shapes: %s is too large",
                  shape_text(shape->dims, shape->rank, a, sizeof a));
  }
  int64_t n = tensor_count(default_value);
  if (default_value->dtype != s->dtype)
    return fail(st, TF_INVALID_ARGUMENT, "dense_defaults[%.*s].dtype() == %s != dense_types == %s",
                (int)s->key.size, (const char *)s->key.data, dtype_name(default_value->dtype),
                dtype_name(s->dtype));
  if (s->variable) {
    if (n == 1) return TF_OK;
    return fail(st, TF_INVALID_ARGUMENT,
                "dense_shape[%d] is a variable length shape: %s, therefore def_value[%d] must contain a "
                "single element (the "
                "padding element).  But its shape is: %s",
                k, shape_text(shape->dims, shape->rank, a, sizeof a), k,
                shape_text(default_value->dims, default_value->rank, b, sizeof b));
  }
  if (n == 0) return TF_OK;
  bool same = default_value->rank == shape->rank;
  for (int i = 0; same && i < shape->rank; i++) same = default_value->dims[i] == shape->dims[i];
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT,
                "def_value[%.*s].shape() == %s is not compatible with dense_shapes_[%.*s] == %s",
                (int)s->key.size, (const char *)s->key.data,
                shape_text(default_value->dims, default_value->rank, a, sizeof a), (int)s->key.size,
                (const char *)s->key.data, shape_text(shape->dims, shape->rank, b, sizeof b));
  return TF_OK;
}

static TF_Code list_of(const Node *node, const char *name, TF_AttrType kind, int want, const Attr **out,
                       TF_Status *st) {
  TRY(node_attr_list(node, name, kind, out, st));
  if (want >= 0 && (*out)->count != want)
    return fail(st, TF_INVALID_ARGUMENT, "%s has %lld entries, not %d", name, (long long)(*out)->count, want);
  return TF_OK;
}

/* V2's inputs 2 to 4 hold the keys. */
static TF_Code check_keys(const Parse *p, TF_Status *st) {
  static const char *const names[][2] = {{"sparse_keys", "num_sparse"},
                                         {"dense_keys", "len(dense_types)"},
                                         {"ragged_keys", "len(ragged_value_types)"}};
  const int want[] = {p->num_sparse, p->num_dense, p->num_ragged};
  for (int i = 0; i < 3; i++) {
    int64_t got = tensor_count(op_input(p->c, 2 + i));
    if (got != want[i])
      return fail(st, TF_INVALID_ARGUMENT, "Expected len(%s) == %s but got: %lld vs. %d", names[i][0],
                  names[i][1], (long long)got, want[i]);
  }
  return TF_OK;
}

static TF_Code make_slots(Parse *p, TF_Status *st) {
  OpCtx *c = p->c;
  const Node *node = c->node;
  bool v2 = !strcmp(node->op, "ParseExampleV2"), by_attr = !strcmp(node->op, "ParseSingleExample");
  const Attr *sparse, *dense, *shapes, *ragged = NULL, *splits = NULL, *sparse_keys = NULL,
                                       *dense_keys = NULL;
  TRY(list_of(node, "sparse_types", TF_ATTR_TYPE, -1, &sparse, st));
  TRY(list_of(node, "Tdense", TF_ATTR_TYPE, -1, &dense, st));
  p->num_sparse = (int)sparse->count;
  p->num_dense = (int)dense->count;
  TRY(list_of(node, "dense_shapes", TF_ATTR_SHAPE, p->num_dense, &shapes, st));
  if (v2) {
    TRY(list_of(node, "ragged_value_types", TF_ATTR_TYPE, -1, &ragged, st));
    p->num_ragged = (int)ragged->count;
    TRY(list_of(node, "ragged_split_types", TF_ATTR_TYPE, p->num_ragged, &splits, st));
  }
  if (by_attr) {
    TRY(list_of(node, "sparse_keys", TF_ATTR_STRING, p->num_sparse, &sparse_keys, st));
    TRY(list_of(node, "dense_keys", TF_ATTR_STRING, p->num_dense, &dense_keys, st));
  }
  int total = p->num_sparse + p->num_dense + p->num_ragged;
  int defaults = by_attr ? 1 : v2 ? 5 : 2 + p->num_sparse + p->num_dense;
  if (c->num_inputs != defaults + p->num_dense ||
      c->num_outputs != 3 * p->num_sparse + p->num_dense + 2 * p->num_ragged)
    return fail(st, TF_INTERNAL, "inputs and outputs do not go with the attributes");
  if (v2) TRY(check_keys(p, st));
  p->slots = calloc((size_t)total + 1, sizeof *p->slots);
  if (!p->slots) return fail_oom(st, "keys");
  for (int k = 0; k < p->num_sparse; k++) {
    Span key;
    if (by_attr) key = sparse_keys->v.list_s[k];
    else TRY(key_at(c, 2, v2, k, &key, st));
    TRY(add_slot(p, SLOT_SPARSE, key, sparse->v.list_type[k], st));
    p->slots[p->num_slots - 1].out = k;
  }
  for (int k = 0; k < p->num_dense; k++) {
    Span key;
    if (by_attr) key = dense_keys->v.list_s[k];
    else TRY(key_at(c, v2 ? 3 : 2 + p->num_sparse, v2, k, &key, st));
    TRY(add_slot(p, SLOT_DENSE, key, dense->v.list_type[k], st));
    Slot *s = &p->slots[p->num_slots - 1];
    s->out = 3 * p->num_sparse + k;
    TRY(dense_slot(s, k, op_input(c, defaults + k), &shapes->v.list_shape[k], st));
  }
  for (int k = 0; k < p->num_ragged; k++) {
    Span key;
    TRY(key_at(c, 4, true, k, &key, st));
    TRY(add_slot(p, SLOT_RAGGED, key, ragged->v.list_type[k], st));
    Slot *s = &p->slots[p->num_slots - 1];
    s->splits_dtype = splits->v.list_type[k];
    s->out = 3 * p->num_sparse + p->num_dense + k;
  }
  return TF_OK;
}

/* ---- walking the examples ---- */

static Span example_name(const Parse *p, int64_t i) {
  return p->names && tensor_count(p->names) ? string_at(p->names, i) : (Span){"<unknown>", 9};
}

static TF_Code fail_key(const Parse *p, const Slot *s, int64_t i, TF_Status *st, const char *fmt, ...)
    SM_PRINTF(5, 6);
static TF_Code fail_key(const Parse *p, const Slot *s, int64_t i, TF_Status *st, const char *fmt, ...) {
  char text[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (p->short_names)
    return fail(st, TF_INVALID_ARGUMENT, "Key: %.*s.  %s", (int)s->key.size, (const char *)s->key.data, text);
  Span name = example_name(p, i);
  return fail(st, TF_INVALID_ARGUMENT, "Name: %.*s, Key: %.*s, Index: %lld.  %s", (int)name.size,
              (const char *)name.data, (int)s->key.size, (const char *)s->key.data, (long long)i, text);
}

static TF_Code find_features(Parse *p, TF_Status *st) {
  size_t n;
  if (!checked_mul((size_t)p->batch, (size_t)p->num_slots, &n)) return fail_oom(st, "features");
  p->found = calloc(n + 1, sizeof *p->found);
  if (!p->found) return fail_oom(st, "features");
  for (int64_t i = 0; i < p->batch; i++) {
    Span bytes = string_at(p->serialized, i), name;
    ExampleIter it = example_features(bytes);
    ExampleFeature f;
    while (example_next(&it, &name, &f)) {
      const Slot *s = map_get_n(&p->by_key, name.data ? name.data : "", name.size);
      if (s && f.kind != EXAMPLE_NONE) p->found[i * p->num_slots + (s - p->slots)] = f;
    }
    if (it.failed)
      return fail(st, TF_INVALID_ARGUMENT, "Could not parse example input, value: '%.*s'", (int)bytes.size,
                  (const char *)bytes.data);
  }
  return TF_OK;
}

/* The number of values of example i for a slot: 0 when there is none. */
static TF_Code feature_count(const Parse *p, const Slot *s, int64_t i, size_t *count, TF_Status *st) {
  const ExampleFeature *f = &p->found[i * p->num_slots + (s - p->slots)];
  *count = 0;
  if (f->kind == EXAMPLE_NONE) return TF_OK;
  if (example_dtype(f->kind) != s->dtype) {
    const char *is = dtype_name(example_dtype(f->kind)), *want = dtype_name(s->dtype);
    return s->kind == SLOT_DENSE
               ? fail_key(p, s, i, st, "Data types don't match. Data type: %s but expected type: %s", is,
                          want)
               : fail_key(p, s, i, st, "Data types don't match. Expected type: %s, Actual type: %s", want,
                          is);
  }
  if (example_count(f, count)) return TF_OK;
  return fail_key(p, s, i, st, "Can't parse serialized Example.");
}

/* Reads all values of example i into `t` from element `at` on; there is room for `count`. */
static TF_Code read_values(const Parse *p, const Slot *s, int64_t i, Tensor *t, int64_t at, size_t count,
                           TF_Status *st) {
  const ExampleFeature *f = &p->found[i * p->num_slots + (s - p->slots)];
  bool ok;
  TRY(example_put(f, t, at, count, &ok, st));
  if (ok) return TF_OK;
  return fail_key(p, s, i, st, "Can't parse serialized Example.");
}

/* ---- outputs ---- */

/* TF: for one example without batch a wrong count is no more than this. */
static TF_Code fail_single(const Parse *p, const Slot *s, TF_Status *st) {
  return fail_key(p, s, 0, st, "Can't parse serialized Example.");
}

static const char *values_word(TF_DataType t) { return t == TF_STRING ? "bytes" : dtype_name(t); }

static TF_Code fail_required(const Parse *p, const Slot *s, int64_t i, TF_Status *st) {
  Span name = example_name(p, i);
  if (p->short_names)
    return fail(st, TF_INVALID_ARGUMENT, "Feature: %.*s (data type: %s) is required but could not be found.",
                (int)s->key.size, (const char *)s->key.data, dtype_name(s->dtype));
  return fail(st, TF_INVALID_ARGUMENT,
              "Name: %.*s, Feature: %.*s (data type: %s) is required but could not be found.", (int)name.size,
              (const char *)name.data, (int)s->key.size, (const char *)s->key.data, dtype_name(s->dtype));
}

static TF_Code fixed_dense(Parse *p, const Slot *s, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK + 1];
  int rank = 0;
  char text[SHAPE_TEXT_MAX];
  if (!p->single) dims[rank++] = p->batch;
  if (rank + s->shape->rank > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "dense_shapes of too many dimensions");
  for (int i = 0; i < s->shape->rank; i++) dims[rank++] = s->shape->dims[i];
  TRY(op_alloc_output(p->c, s->out, s->dtype, dims, rank, st));
  Tensor *t = &p->c->outputs[s->out];
  for (int64_t i = 0; i < p->batch; i++) {
    size_t count;
    TRY(feature_count(p, s, i, &count, st));
    if (p->found[i * p->num_slots + (s - p->slots)].kind == EXAMPLE_NONE) {
      if (!tensor_count(s->default_value)) return fail_required(p, s, i, st);
      TRY(tensor_copy_range(t, i * s->elements, s->default_value, 0, s->elements, st));
    } else if ((int64_t)count != s->elements) {
      if (p->single) return fail_single(p, s, st);
      return fail_key(p, s, i, st, "Number of %s values != expected.  Values size: %zu but output shape: %s",
                      values_word(s->dtype), count,
                      shape_text(s->shape->dims, s->shape->rank, text, sizeof text));
    } else {
      TRY(read_values(p, s, i, t, i * s->elements, count, st));
    }
  }
  return TF_OK;
}

/* Values of different lengths, padded with the default (or zeros) to the longest. */
static TF_Code variable_dense(Parse *p, const Slot *s, TF_Status *st) {
  int64_t longest = 0, dims[TENSOR_MAX_RANK + 1];
  int rank = 0;
  char text[SHAPE_TEXT_MAX];
  for (int64_t i = 0; i < p->batch; i++) {
    size_t count;
    TRY(feature_count(p, s, i, &count, st));
    if (s->elements ? (int64_t)count % s->elements != 0 : count != 0) {
      if (p->single) return fail_single(p, s, st);
      return fail_key(
          p, s, i, st,
          "Number of %s values is not a multiple of stride length. Saw %zu values but output shape is: %s",
          values_word(s->dtype), count, shape_text(s->shape->dims, s->shape->rank, text, sizeof text));
    }
    if ((int64_t)count > longest) longest = (int64_t)count;
  }
  if (!p->single) dims[rank++] = p->batch;
  if (rank + s->shape->rank > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "dense_shapes of too many dimensions");
  dims[rank++] = s->elements ? longest / s->elements : 0;
  for (int i = 1; i < s->shape->rank; i++) dims[rank++] = s->shape->dims[i];
  TRY(op_alloc_output(p->c, s->out, s->dtype, dims, rank, st));
  Tensor *t = &p->c->outputs[s->out];
  if (tensor_count(s->default_value)) TRY(tensor_fill(t, s->default_value->data, st));
  else tensor_zero(t);
  for (int64_t i = 0; i < p->batch; i++) {
    size_t count;
    TRY(feature_count(p, s, i, &count, st));
    TRY(read_values(p, s, i, t, i * longest, count, st));
  }
  return TF_OK;
}

/* The number of values over all examples, and the most in one. */
static TF_Code count_values(Parse *p, const Slot *s, int64_t *total, int64_t *most, TF_Status *st) {
  *total = *most = 0;
  for (int64_t i = 0; i < p->batch; i++) {
    size_t count;
    TRY(feature_count(p, s, i, &count, st));
    *total += (int64_t)count;
    if ((int64_t)count > *most) *most = (int64_t)count;
  }
  return TF_OK;
}

static TF_Code sparse_outputs(Parse *p, const Slot *s, TF_Status *st) {
  int64_t total, most, width = p->single ? 1 : 2;
  TRY(count_values(p, s, &total, &most, st));
  int indices = s->out, values = s->out + p->num_sparse, shape = s->out + 2 * p->num_sparse;
  TRY(op_alloc_output(p->c, indices, TF_INT64, (int64_t[]){total, width}, 2, st));
  TRY(op_alloc_output(p->c, values, s->dtype, &total, 1, st));
  TRY(op_alloc_output(p->c, shape, TF_INT64, &width, 1, st));
  int64_t *at = p->c->outputs[indices].data, *dims = p->c->outputs[shape].data, done = 0;
  for (int64_t i = 0; i < p->batch; i++) {
    size_t count;
    TRY(feature_count(p, s, i, &count, st));
    TRY(read_values(p, s, i, &p->c->outputs[values], done, count, st));
    for (size_t k = 0; k < count; k++) {
      if (!p->single) *at++ = i;
      *at++ = (int64_t)k;
    }
    done += (int64_t)count;
  }
  if (!p->single) *dims++ = p->batch;
  *dims = most;
  return TF_OK;
}

static TF_Code ragged_outputs(Parse *p, const Slot *s, TF_Status *st) {
  int64_t total, most, splits = p->single ? 0 : p->batch + 1, done = 0;
  TRY(count_values(p, s, &total, &most, st));
  if (s->splits_dtype == TF_INT32 && total > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "too many values for int32 row splits");
  TRY(op_alloc_output(p->c, s->out, s->dtype, &total, 1, st));
  TRY(op_alloc_output(p->c, s->out + p->num_ragged, s->splits_dtype, &splits, 1, st));
  Tensor *row_splits = &p->c->outputs[s->out + p->num_ragged];
  for (int64_t i = 0; i <= p->batch; i++) {
    if (!p->single && s->splits_dtype == TF_INT64) ((int64_t *)row_splits->data)[i] = done;
    else if (!p->single) ((int32_t *)row_splits->data)[i] = (int32_t)done;
    if (i == p->batch) break;
    size_t count;
    TRY(feature_count(p, s, i, &count, st));
    TRY(read_values(p, s, i, &p->c->outputs[s->out], done, count, st));
    done += (int64_t)count;
  }
  return TF_OK;
}

static TF_Code parse_outputs(Parse *p, TF_Status *st) {
  for (int k = 0; k < p->num_slots; k++) {
    const Slot *s = &p->slots[k];
    if (s->kind == SLOT_SPARSE) TRY(sparse_outputs(p, s, st));
    else if (s->kind == SLOT_RAGGED) TRY(ragged_outputs(p, s, st));
    else TRY(s->variable ? variable_dense(p, s, st) : fixed_dense(p, s, st));
  }
  return TF_OK;
}

static TF_Code parse_run(OpCtx *c, TF_Status *st) {
  Parse p = {.c = c, .serialized = op_input(c, 0)};
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  bool by_attr = !strcmp(c->node->op, "ParseSingleExample"), v2 = !strcmp(c->node->op, "ParseExampleV2");
  p.single = p.serialized->rank == 0;
  p.short_names = p.single;
  p.batch = tensor_count(p.serialized);
  if (by_attr ? !p.single : p.serialized->rank > 1 || (!v2 && p.single))
    return fail(st, TF_INVALID_ARGUMENT, "Expected serialized to be a %s, got shape: %s",
                by_attr ? "scalar"
                : v2    ? "scalar or vector"
                        : "vector",
                shape_text(p.serialized->dims, p.serialized->rank, a, sizeof a));
  if (!by_attr) {
    p.names = op_input(c, 1);
    if (tensor_count(p.names) && !p.single && !tensor_same_shape(p.names, p.serialized))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Expected names have the same shape as serialized: name.shape=%s, serialized.shape=%s",
                  shape_text(p.names->dims, p.names->rank, a, sizeof a),
                  shape_text(p.serialized->dims, p.serialized->rank, b, sizeof b));
  }
  TF_Code code = make_slots(&p, st);
  if (!code) code = find_features(&p, st);
  if (!code) code = parse_outputs(&p, st);
  map_clear(&p.by_key);
  free(p.slots);
  free(p.found);
  return code;
}

/* Dense outputs are the batch and their shapes; sparse and ragged ones depend on the data. */
static TF_Code parse_shape(ShapeCtx *c, TF_Status *st) {
  const Attr *sparse, *shapes;
  bool by_attr = !strcmp(c->node->op, "ParseSingleExample"), v2 = !strcmp(c->node->op, "ParseExampleV2");
  TRY(node_attr_list(c->node, "sparse_types", TF_ATTR_TYPE, &sparse, st));
  TRY(node_attr_list(c->node, "dense_shapes", TF_ATTR_SHAPE, &shapes, st));
  int n = (int)sparse->count, batch_rank = by_attr ? 0 : c->inputs[0]->rank;
  if (c->num_outputs < 3 * n + shapes->count) return TF_OK;
  for (int k = 0; k < n; k++) {
    c->outputs[k] = shape_matrix(-1, batch_rank < 0 ? -1 : batch_rank + 1);
    c->outputs[n + k] = shape_vector(-1);
    c->outputs[2 * n + k] = shape_vector(batch_rank < 0 ? -1 : batch_rank + 1);
  }
  for (int64_t k = 0; k < shapes->count && batch_rank >= 0 && batch_rank <= 1; k++) {
    const Shape *s = &shapes->v.list_shape[k];
    Shape *out = &c->outputs[3 * n + k];
    if (s->rank < 0 || s->rank + batch_rank > TENSOR_MAX_RANK) continue;
    out->rank = 0;
    if (batch_rank == 1) out->dims[out->rank++] = c->inputs[0]->dims[0];
    for (int i = 0; i < s->rank; i++) out->dims[out->rank++] = s->dims[i];
  }
  (void)v2;
  return TF_OK;
}

/* ---- DecodeRaw ---- */

static TF_Code decode_raw_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  if (in->rank < 0) return TF_OK;
  if (in->rank == TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "DecodeRaw of a tensor of rank %d", in->rank);
  c->outputs[0] = *in;
  c->outputs[0].dims[c->outputs[0].rank++] = -1;
  return TF_OK;
}

static TF_Code decode_raw_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  TF_DataType dtype = c->node->output_types[0];
  int64_t n = tensor_count(in), dims[TENSOR_MAX_RANK + 1] = {0};
  size_t item = dtype_size(dtype), size = n ? string_at(in, 0).size : 0;
  bool little;
  TRY(node_attr_bool(c->node, "little_endian", &little, st));
  for (int64_t i = 1; i < n; i++)
    if (string_at(in, i).size != size)
      return fail(
          st, TF_INVALID_ARGUMENT,
          "DecodeRaw requires input strings to all be the same size, but element %lld has size %zu != %zu",
          (long long)i, size, string_at(in, i).size);
  if (size % item)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input to DecodeRaw has length %zu that is not a multiple of %zu, the size of %s", size, item,
                dtype_name(dtype));
  memcpy(dims, in->dims, (size_t)in->rank * sizeof *dims);
  dims[in->rank] = (int64_t)(size / item);
  TRY(op_alloc_output(c, 0, dtype, dims, in->rank + 1, st));
  char *out = c->outputs[0].data;
  size_t part = dtype == TF_COMPLEX64 ? 4 : dtype == TF_COMPLEX128 ? 8 : item;
  for (int64_t i = 0; i < n; i++, out += size) {
    const char *p = string_at(in, i).data;
    if (!size) continue;
    if (little || part == 1) memcpy(out, p, size);
    else
      for (size_t k = 0; k < size; k++) out[k] = p[k / part * part + (part - 1 - k % part)];
  }
  if (dtype == TF_BOOL)
    for (int64_t i = 0, all = tensor_count(&c->outputs[0]); i < all; i++)
      ((uint8_t *)c->outputs[0].data)[i] = ((uint8_t *)c->outputs[0].data)[i] != 0;
  return TF_OK;
}

/* ---- StringToNumber ---- */

static TF_Code number_prepare(OpCtx *c, TF_Status *st) { return op_output_like(c, 0, op_input(c, 0), st); }

static TF_Code number_run(OpCtx *c, TF_Status *st) {
  void *out = c->outputs[0].data;
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); i < n; i++) {
    Span s = string_at(op_input(c, 0), i);
    bool ok = false;
    switch (c->outputs[0].dtype) {
      case TF_FLOAT: ok = text_to_float(s.data, s.size, (float *)out + i); break;
      case TF_DOUBLE: ok = text_to_double(s.data, s.size, (double *)out + i); break;
      case TF_INT32: ok = text_to_int32(s.data, s.size, (int32_t *)out + i); break;
      case TF_INT64: ok = text_to_int64(s.data, s.size, (int64_t *)out + i); break;
      case TF_UINT32: ok = text_to_uint32(s.data, s.size, (uint32_t *)out + i); break;
      case TF_UINT64: ok = text_to_uint64(s.data, s.size, (uint64_t *)out + i); break;
      default: break;
    }
    if (!ok)
      return fail(st, TF_INVALID_ARGUMENT, "StringToNumberOp could not correctly convert string: %.*s",
                  (int)s.size, (const char *)s.data);
  }
  return TF_OK;
}

const OpRow ops_parsing_ops[] = {
    {"ParseExample", .flags = OP_DYNAMIC, .shape = parse_shape, .run = parse_run},
    {"ParseExampleV2", .flags = OP_DYNAMIC, .shape = parse_shape, .run = parse_run},
    {"ParseSingleExample", .flags = OP_DYNAMIC, .shape = parse_shape, .run = parse_run},
    {"DecodeRaw",
     .types =
         "out_type: half bfloat16 float double int8 int16 int32 int64 uint8 uint16 complex64 complex128 bool",
     .flags = OP_DYNAMIC, .shape = decode_raw_shape, .run = decode_raw_run},
    {"StringToNumber", .types = "out_type: float double int32 int64 uint32 uint64", .shape = shape_same,
     .prepare = number_prepare, .run = number_run},
    {0}};
