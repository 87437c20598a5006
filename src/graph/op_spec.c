/* Op specs out of opdefs.tsv. An index of line starts is made at the first look-up; a line is parsed when its
 * op is first asked for, and what came of it is kept for the process. */
#include "graph/op_spec.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status_impl.h"
#include "graph/graph.h"
#include "graph/opdefs_data.h"

typedef struct SpecIndex {
  int count;
  const char **lines; /* sorted by name */
  const char **names; /* NUL-terminated copies, for op_spec_names */
  _Atomic(const OpSpec *) *specs;
  const char *sets[64]; /* "# $N = a|b|c": where the values start */
} SpecIndex;

static SpecIndex spec_index;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t parse_lock = PTHREAD_MUTEX_INITIALIZER;
static Arena spec_arena; /* guarded by parse_lock once the index is made; lives as long as the process */

/* A piece of text that is being read from the left. */
typedef struct Text {
  const char *at, *end;
} Text;

static Text text_until(Text *t, char stop) {
  const char *p = t->at < t->end ? memchr(t->at, stop, (size_t)(t->end - t->at)) : NULL;
  Text piece = {t->at, p ? p : t->end};
  t->at = p ? p + 1 : t->end;
  return piece;
}

static bool text_empty(const Text *t) { return t->at >= t->end; }
static size_t text_len(const Text *t) { return (size_t)(t->end - t->at); }
static bool text_skip(Text *t, const char *prefix) {
  size_t n = strlen(prefix);
  if (text_len(t) < n || memcmp(t->at, prefix, n)) return false;
  t->at += n;
  return true;
}
static char *text_copy(const Text *t) { return arena_strndup(&spec_arena, t->at, text_len(t)); }
static int text_count(const Text *t, char c) {
  int n = 0;
  for (const char *p = t->at; p < t->end; p++) n += *p == c;
  return n;
}

static size_t name_len(const char *line) { return strcspn(line, "\t\n"); }

static void make_index(void) {
  SpecIndex ix = {0};
  int lines = 0;
  for (const char *p = sm_opdefs_begin; p < sm_opdefs_end; p++) lines += *p == '\n';
  ix.lines = arena_calloc(&spec_arena, (size_t)lines, sizeof *ix.lines);
  ix.names = arena_calloc(&spec_arena, (size_t)lines, sizeof *ix.names);
  ix.specs = arena_calloc(&spec_arena, (size_t)lines, sizeof *ix.specs);
  if (!ix.lines || !ix.names || !ix.specs) return; /* no op is known: the caller's errors tell */
  Text all = {sm_opdefs_begin, sm_opdefs_end};
  while (!text_empty(&all)) {
    Text line = text_until(&all, '\n');
    if (text_skip(&line, "# $")) {
      int n = atoi(line.at);
      (void)text_until(&line, '=');
      if (n >= 0 && n < 64) ix.sets[n] = line.at + 1;
    } else if (!text_empty(&line) && *line.at != '#') {
      ix.lines[ix.count] = line.at;
      ix.names[ix.count] = arena_strndup(&spec_arena, line.at, name_len(line.at));
      if (!ix.names[ix.count]) return;
      ix.count++;
    }
  }
  spec_index = ix;
}

static const char *const *parse_strings(Text list, char separator, int *count) {
  *count = text_empty(&list) ? 0 : text_count(&list, separator) + 1;
  const char **out = arena_calloc(&spec_arena, (size_t)*count, sizeof *out);
  for (int i = 0; out && i < *count; i++) {
    Text piece = text_until(&list, separator);
    if (!(out[i] = text_copy(&piece))) return NULL;
  }
  return out;
}

static const TF_DataType *parse_types(Text list, char separator, int *count) {
  *count = text_empty(&list) ? 0 : text_count(&list, separator) + 1;
  TF_DataType *out = arena_calloc(&spec_arena, (size_t)*count, sizeof *out);
  for (int i = 0; out && i < *count; i++) {
    Text piece = text_until(&list, separator);
    out[i] = dtype_by_name(piece.at, text_len(&piece));
  }
  return out;
}

/* TYPE of an argument: [&]BASE[*ATTR]. */
static bool parse_arg(Text text, ArgSpec *arg) {
  Text name = text_until(&text, ':');
  arg->name = text_copy(&name);
  arg->is_ref = text_skip(&text, "&");
  Text base = text_until(&text, '*');
  if (!text_empty(&text) && !(arg->number_attr = text_copy(&text))) return false;
  if (text_skip(&base, "@@")) return arg->name && (arg->list_attr = text_copy(&base));
  if (text_skip(&base, "@")) return arg->name && (arg->type_attr = text_copy(&base));
  arg->type = dtype_by_name(base.at, text_len(&base));
  return arg->name != NULL;
}

static bool parse_args(Text column, const ArgSpec **args, int *count) {
  *count = text_empty(&column) ? 0 : text_count(&column, ' ') + 1;
  ArgSpec *out = arena_calloc(&spec_arena, (size_t)*count, sizeof *out);
  if (!out) return false;
  for (int i = 0; i < *count; i++)
    if (!parse_arg(text_until(&column, ' '), &out[i])) return false;
  *args = out;
  return true;
}

static bool parse_kind(Text text, AttrSpec *attr) {
  static const struct {
    const char *name;
    TF_AttrType kind;
  } kinds[] = {{"string", TF_ATTR_STRING}, {"int", TF_ATTR_INT},   {"float", TF_ATTR_FLOAT},
               {"bool", TF_ATTR_BOOL},     {"type", TF_ATTR_TYPE}, {"shape", TF_ATTR_SHAPE},
               {"tensor", TF_ATTR_TENSOR}, {"func", TF_ATTR_FUNC}};
  attr->is_list = text_skip(&text, "list(");
  for (size_t i = 0; i < SM_COUNTOF(kinds); i++) {
    if (!text_skip(&text, kinds[i].name)) continue;
    attr->kind = kinds[i].kind;
    return true;
  }
  return false;
}

/* A quoted string; the escapes are JSON's. Leaves *t behind the closing quote. */
static bool parse_quoted(Text *t, Span *out) {
  if (!text_skip(t, "\"")) return false;
  char *to = arena_alloc(&spec_arena, text_len(t) + 1);
  if (!to) return false;
  size_t n = 0;
  while (!text_empty(t) && *t->at != '"') {
    char c = *t->at++;
    if (c == '\\' && !text_empty(t)) {
      c = *t->at++;
      c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
    to[n++] = c;
  }
  to[n] = 0;
  *out = (Span){to, n};
  return text_skip(t, "\"");
}

static bool parse_shape(Text *t, Shape *out) {
  if (!text_skip(t, "shape:")) return false;
  if (text_skip(t, "?")) {
    *out = shape_unknown();
    return true;
  }
  *out = (Shape){.rank = 0};
  if (!text_skip(t, "[")) return false;
  while (!text_skip(t, "]")) {
    char *end;
    if (out->rank == TENSOR_MAX_RANK) return false;
    out->dims[out->rank++] = strtoll(t->at, &end, 10);
    t->at = end;
    (void)text_skip(t, ",");
    if (text_empty(t)) return false;
  }
  return true;
}

/* tensor:DTYPE[..] or tensor:DTYPE(..), small whole numbers. */
static bool parse_tensor(Text *t, Tensor *out) {
  if (!text_skip(t, "tensor:")) return false;
  TF_Status st = {0};
  Text name = *t;
  while (!text_empty(t) && *t->at != '[' && *t->at != '(') t->at++;
  name.end = t->at;
  int64_t values[16], count = 0;
  bool vector = !text_empty(t) && *t->at++ == '[';
  while (!text_empty(t) && *t->at != ']' && *t->at != ')' && count < 16) {
    char *end;
    values[count++] = strtoll(t->at, &end, 10);
    t->at = end;
    (void)text_skip(t, ",");
  }
  t->at++;
  if (tensor_alloc(out, dtype_by_name(name.at, text_len(&name)), &count, vector, &st)) return false;
  for (int64_t i = 0; i < count; i++) {
    if (out->dtype == TF_UINT8) ((uint8_t *)out->data)[i] = (uint8_t)values[i];
    else ((int32_t *)out->data)[i] = (int32_t)values[i];
  }
  return true;
}

/* One value of the kind, into `v` (which has room for any). Leaves *t behind it. */
typedef union SpecValue {
  Span s;
  int64_t i;
  float f;
  bool b;
  TF_DataType type;
  Shape shape;
  Tensor tensor;
  AttrFunc func;
} SpecValue;

static bool parse_value(Text *t, TF_AttrType kind, SpecValue *v) {
  char *end = NULL;
  Text word;
  switch (kind) {
    case TF_ATTR_STRING: return parse_quoted(t, &v->s);
    case TF_ATTR_INT: v->i = strtoll(t->at, &end, 10); break;
    case TF_ATTR_FLOAT: v->f = strtof(t->at, &end); break;
    case TF_ATTR_BOOL: v->b = text_skip(t, "true"); return v->b || text_skip(t, "false");
    case TF_ATTR_TYPE:
      word = *t;
      while (!text_empty(t) && *t->at != ',' && *t->at != ']') t->at++;
      word.end = t->at;
      return (v->type = dtype_by_name(word.at, text_len(&word))) != 0;
    case TF_ATTR_SHAPE: return parse_shape(t, &v->shape);
    case TF_ATTR_TENSOR: return parse_tensor(t, &v->tensor);
    case TF_ATTR_FUNC: v->func = (AttrFunc){.name = ""}; return text_skip(t, "func:");
    default: return false;
  }
  if (end == t->at) return false;
  t->at = end;
  return true;
}

static size_t value_size(TF_AttrType kind) {
  SpecValue *v = NULL;
  switch (kind) {
    case TF_ATTR_STRING: return sizeof v->s;
    case TF_ATTR_INT: return sizeof v->i;
    case TF_ATTR_FLOAT: return sizeof v->f;
    case TF_ATTR_BOOL: return sizeof v->b;
    case TF_ATTR_TYPE: return sizeof v->type;
    case TF_ATTR_SHAPE: return sizeof v->shape;
    case TF_ATTR_TENSOR: return sizeof v->tensor;
    default: return sizeof v->func;
  }
}

static bool parse_default(Text text, AttrSpec *spec) {
  Attr *attr = arena_calloc(&spec_arena, 1, sizeof *attr);
  if (!attr) return false;
  size_t size = value_size(spec->kind);
  char *values = arena_calloc(&spec_arena, spec->is_list ? text_len(&text) + 1 : 1, size);
  if (!values) return false;
  *attr = (Attr){.name = spec->name, .kind = spec->kind, .is_list = spec->is_list};
  SpecValue value;
  if (spec->is_list) {
    if (!text_skip(&text, "[")) return false;
    while (!text_skip(&text, "]")) {
      if (!parse_value(&text, spec->kind, &value)) return false;
      memcpy(values + (size_t)attr->count++ * size, &value, size);
      (void)text_skip(&text, ",");
    }
    attr->v.list_i = (const int64_t *)(void *)values;
  } else {
    if (!parse_value(&text, spec->kind, &value)) return false;
    memcpy(values, &value, size);
    if (spec->kind == TF_ATTR_SHAPE || spec->kind == TF_ATTR_TENSOR || spec->kind == TF_ATTR_FUNC)
      attr->v.shape = (const Shape *)(const void *)values;
    else memcpy(&attr->v, values, size);
  }
  spec->default_value = attr;
  return true;
}

static bool parse_allowed(Text allowed, AttrSpec *attr) {
  if (text_skip(&allowed, "$")) {
    allowed.at = spec_index.sets[atoi(allowed.at) & 63];
    allowed.end = allowed.at + strcspn(allowed.at, "\n");
  }
  if (attr->kind == TF_ATTR_TYPE)
    return (attr->allowed_types = parse_types(allowed, '|', &attr->num_allowed_types));
  return (attr->allowed_strings = parse_strings(allowed, '|', &attr->num_allowed_strings));
}

/* NAME:KIND[{ALLOWED}][>=MINIMUM][=DEFAULT] */
static bool parse_attr(Text text, AttrSpec *attr) {
  Text name = text_until(&text, ':');
  Text kind = text;
  while (!text_empty(&text) && *text.at != '{' && *text.at != '>' && *text.at != '=') text.at++;
  kind.end = text.at;
  if (!(attr->name = text_copy(&name)) || !parse_kind(kind, attr)) return false;
  if (text_skip(&text, "{") && !parse_allowed(text_until(&text, '}'), attr)) return false;
  if (text_skip(&text, ">=")) {
    char *end;
    attr->has_minimum = true;
    attr->minimum = strtoll(text.at, &end, 10);
    text.at = end;
  }
  return !text_skip(&text, "=") || parse_default(text, attr);
}

/* Cuts the column at the next " ; ". */
static Text next_attr(Text *column) {
  for (const char *p = column->at; p + 3 <= column->end; p++) {
    if (memcmp(p, " ; ", 3)) continue;
    Text piece = {column->at, p};
    column->at = p + 3;
    return piece;
  }
  Text piece = *column;
  column->at = column->end;
  return piece;
}

static bool parse_attrs(Text column, OpSpec *spec) {
  Text scan = column;
  while (!text_empty(&scan)) spec->num_attrs++, (void)next_attr(&scan);
  AttrSpec *out = arena_calloc(&spec_arena, (size_t)spec->num_attrs, sizeof *out);
  if (!out) return false;
  for (int i = 0; i < spec->num_attrs; i++)
    if (!parse_attr(next_attr(&column), &out[i])) return false;
  spec->attrs = out;
  return true;
}

static const OpSpec *parse_line(const char *name, const char *start) {
  Text line = {start, start + strcspn(start, "\n")};
  OpSpec *spec = arena_calloc(&spec_arena, 1, sizeof *spec);
  if (!spec) return NULL;
  spec->name = name;
  (void)text_until(&line, '\t');
  if (!parse_args(text_until(&line, '\t'), &spec->inputs, &spec->num_inputs) ||
      !parse_args(text_until(&line, '\t'), &spec->outputs, &spec->num_outputs) ||
      !parse_attrs(text_until(&line, '\t'), spec))
    return NULL;
  Text flags = text_until(&line, '\t');
  for (; !text_empty(&flags); flags.at++) {
    const char *letters = "SCAUD", *letter = strchr(letters, *flags.at);
    if (letter) spec->flags |= 1u << (letter - letters);
  }
  if (text_skip(&line, "dep")) spec->deprecated_from = atoi(line.at);
  return spec;
}

static const OpSpec *spec_at(int i) {
  const OpSpec *spec = atomic_load_explicit(&spec_index.specs[i], memory_order_acquire);
  if (spec) return spec;
  pthread_mutex_lock(&parse_lock);
  spec = atomic_load_explicit(&spec_index.specs[i], memory_order_relaxed);
  if (!spec) {
    spec = parse_line(spec_index.names[i], spec_index.lines[i]);
    if (spec) atomic_store_explicit(&spec_index.specs[i], spec, memory_order_release);
  }
  pthread_mutex_unlock(&parse_lock);
  return spec;
}

const OpSpec *op_spec_find(const char *name) {
  pthread_once(&index_once, make_index);
  int low = 0, high = spec_index.count;
  while (low < high) {
    int middle = low + (high - low) / 2, order = strcmp(spec_index.names[middle], name);
    if (!order) return spec_at(middle);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NULL;
}

const char *const *op_spec_names(int *count) {
  pthread_once(&index_once, make_index);
  *count = spec_index.count;
  return spec_index.names;
}

const AttrSpec *op_spec_attr(const OpSpec *spec, const char *name) {
  for (int i = 0; i < spec->num_attrs; i++)
    if (!strcmp(spec->attrs[i].name, name)) return &spec->attrs[i];
  return NULL;
}
