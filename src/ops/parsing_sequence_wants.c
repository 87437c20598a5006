/* Keys, types, shapes and defaults of ParseSequenceExample, ParseSequenceExampleV2 and
 * ParseSingleSequenceExample, which hold them in attributes, in vectors and in scalars. */
#include "ops/parsing_sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/string_util.h"

/* The groups in the order of the outputs. */
typedef struct Group {
  WantKind kind;
  bool list;
  const char *types, *shapes, *splits, *keys; /* attributes; keys: of V1, but an input of V2 */
  int keys_input;                             /* V2 */
  const char *count;                          /* what says how many keys there are, as V2's error has it */
} Group;

static const Group groups[] = {
    {WANT_SPARSE, false, "context_sparse_types", NULL, NULL, "context_sparse_keys", 2, "Ncontext_sparse"},
    {WANT_DENSE, false, "Tcontext_dense", "context_dense_shapes", NULL, "context_dense_keys", 3,
     "len(Tcontext_dense)"},
    {WANT_RAGGED, false, "context_ragged_value_types", NULL, "context_ragged_split_types",
     "context_ragged_keys", 4, "len(context_ragged_value_types)"},
    {WANT_SPARSE, true, "feature_list_sparse_types", NULL, NULL, "feature_list_sparse_keys", 5,
     "Nfeature_list_sparse"},
    {WANT_DENSE, true, "feature_list_dense_types", "feature_list_dense_shapes", NULL,
     "feature_list_dense_keys", 6, "Nfeature_list_dense"},
    {WANT_RAGGED, true, "feature_list_ragged_value_types", NULL, "feature_list_ragged_split_types",
     "feature_list_ragged_keys", 7, "len(feature_list_ragged_value_types)"},
};

/* How many outputs a want of a group has. */
static int outputs_of(const Group *g, bool single) {
  if (g->kind == WANT_SPARSE) return 3;
  if (g->kind == WANT_DENSE) return g->list && !single ? 2 : 1;
  return g->list ? 3 : 2;
}

static bool is_v2(const OpCtx *c) { return !strcmp(c->node->op, "ParseSequenceExampleV2"); }

/* Attributes that the op lacks are empty lists. */
static TF_Code list_of(const Node *node, const char *name, TF_AttrType kind, const Attr **out,
                       TF_Status *st) {
  static const Attr none = {.is_list = true};
  *out = &none;
  return name && node_attr(node, name) ? node_attr_list(node, name, kind, out, st) : TF_OK;
}

static TF_Code dense_elements(Want *w, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  w->elements = 1;
  for (int d = 0; d < w->shape->rank; d++)
    if (w->shape->dims[d] < 0 || !checked_mul_i64(w->elements, w->shape->dims[d], &w->elements))
      w->elements = -1;
  if (w->shape->rank >= 0 && w->elements >= 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s[%d] is not fully defined: %s",
              w->list ? "feature_list_dense_shapes" : "context_dense_shapes", w->index,
              shape_text(w->shape->dims, w->shape->rank, text, sizeof text));
}

/* Key k of group g. */
static TF_Code key_of(const Sequences *q, const Group *g, int k, int first_single, Span *key, TF_Status *st) {
  const Attr *keys;
  if (q->single) {
    const Tensor *t = op_input(q->c, first_single + k);
    if (t->rank) return fail(st, TF_INVALID_ARGUMENT, "Expected the keys to be scalars");
    *key = string_at(t, 0);
    return TF_OK;
  }
  if (is_v2(q->c)) {
    *key = string_at(op_input(q->c, g->keys_input), k);
    return TF_OK;
  }
  TRY(list_of(q->c->node, g->keys, TF_ATTR_STRING, &keys, st));
  if (k >= keys->count) return fail(st, TF_INVALID_ARGUMENT, "there are fewer keys than types");
  *key = keys->v.list_s[k];
  return TF_OK;
}

static bool span_equal(Span a, Span b) {
  return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

/* Whether a dense list may be missing: the op has flags, or names, in an input or an attribute. */
static TF_Code may_miss(const Sequences *q, const Want *w, bool *out, TF_Status *st) {
  const Attr *names;
  *out = false;
  if (is_v2(q->c)) {
    *out = ((const bool *)op_input(q->c, 8)->data)[w->index];
    return TF_OK;
  }
  if (q->single) {
    const Tensor *t = op_input(q->c, 1);
    for (int64_t i = 0; i < tensor_count(t); i++) *out = *out || span_equal(w->key, string_at(t, i));
    return TF_OK;
  }
  TRY(list_of(q->c->node, "feature_list_dense_missing_assumed_empty", TF_ATTR_STRING, &names, st));
  for (int64_t i = 0; i < names->count; i++) *out = *out || span_equal(w->key, names->v.list_s[i]);
  return TF_OK;
}

static TF_Code check_default(const Sequences *q, const Want *w, TF_Status *st) {
  const Tensor *t = w->default_value;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (t->dtype != w->dtype)
    return fail(st, TF_INVALID_ARGUMENT,
                "context_dense_defaults[%d].dtype() == %s != Tcontext_dense[%d] == %s", w->index,
                dtype_name(t->dtype), w->index, dtype_name(w->dtype));
  bool same = t->rank == w->shape->rank;
  for (int d = 0; same && d < t->rank; d++) same = t->dims[d] == w->shape->dims[d];
  if (same || tensor_count(t) == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              q->single ? "def_value[%d].shape() == %s != context_dense_shapes_[%d] == %s"
                        : "default_value[%d].shape() == %s != context_dense_shapes[%d] == %s",
              w->index, shape_text(t->dims, t->rank, a, sizeof a), w->index,
              shape_text(w->shape->dims, w->shape->rank, b, sizeof b));
}

static TF_Code number_key(Sequences *q, Want *w, TF_Status *st) {
  Map *map = w->list ? &q->lists : &q->context;
  int *count = w->list ? &q->num_lists : &q->num_context;
  const char *key = w->key.data ? w->key.data : "";
  const Want *same = map_get_n(map, key, w->key.size);
  w->name = same ? same->name : (*count)++;
  return same || map_put_n(map, key, w->key.size, w) ? TF_OK : fail_oom(st, "keys");
}

/* Where things of a group stand among the inputs and outputs. */
typedef struct GroupAt {
  int keys, defaults, out;
} GroupAt;

/* V1's attributes of keys and their number. */
static TF_Code check_key_attrs(const Node *node, const Group *g, TF_Status *st) {
  const Attr *keys;
  char what[32], count_name[sizeof what + 1];
  if (!g->keys || !node_attr(node, g->keys)) return TF_OK;
  snprintf(what, sizeof what, "%.*s", (int)(strlen(g->keys) - strlen("_keys")), g->keys);
  snprintf(count_name, sizeof count_name, "N%s", what);
  const Attr *count = node_attr(node, count_name);
  TRY(list_of(node, g->keys, TF_ATTR_STRING, &keys, st));
  if (!count || count->v.i == keys->count) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "num_%s (%lld) must match the size of %s (%lld)", what,
              (long long)count->v.i, g->keys, (long long)keys->count);
}

/* V2's inputs: a key for each type, and a flag for each dense list. */
static TF_Code check_keys(const Sequences *q, const Group *g, int types, TF_Status *st) {
  if (tensor_count(op_input(q->c, g->keys_input)) != types)
    return fail(st, TF_INVALID_ARGUMENT, "Expected len(%s) to match %s", g->keys, g->count);
  if (g->list && g->kind == WANT_DENSE && tensor_count(op_input(q->c, 8)) != types)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected len(feature_list_dense_missing_assumed_empty to match Nfeature_list_dense");
  return TF_OK;
}

static TF_Code make_group(Sequences *q, const Group *g, GroupAt at, const Attr *types, TF_Status *st) {
  const Attr *shapes, *splits;
  TRY(list_of(q->c->node, g->shapes, TF_ATTR_SHAPE, &shapes, st));
  TRY(list_of(q->c->node, g->splits, TF_ATTR_TYPE, &splits, st));
  if ((g->shapes && shapes->count != types->count) || (g->splits && splits->count != types->count))
    return fail(st, TF_INVALID_ARGUMENT, "len(%s) != len(%s)", g->types, g->shapes ? g->shapes : g->splits);
  if (is_v2(q->c)) TRY(check_keys(q, g, (int)types->count, st));
  else TRY(check_key_attrs(q->c->node, g, st));
  for (int k = 0; k < types->count; k++) {
    Want *w = &q->wants[q->num_wants++];
    *w = (Want){.kind = g->kind,
                .list = g->list,
                .index = k,
                .dtype = types->v.list_type[k],
                .out = at.out + k,
                .count = (int)types->count};
    if (w->dtype != TF_FLOAT && w->dtype != TF_INT64 && w->dtype != TF_STRING)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid data type: %s", dtype_name(w->dtype));
    TRY(key_of(q, g, k, at.keys, &w->key, st));
    TRY(number_key(q, w, st));
    if (g->splits) w->splits = splits->v.list_type[k];
    if (!g->shapes) continue;
    w->shape = &shapes->v.list_shape[k];
    TRY(dense_elements(w, st));
    if (g->list) {
      TRY(may_miss(q, w, &w->may_miss, st));
    } else {
      w->default_value = op_input(q->c, at.defaults + k);
      TRY(check_default(q, w, st));
    }
  }
  return TF_OK;
}

TF_Code sequence_make_wants(Sequences *q, TF_Status *st) {
  const Attr *types[SM_COUNTOF(groups)];
  int total = 0, outputs = 0;
  for (size_t g = 0; g < SM_COUNTOF(groups); g++) {
    TRY(list_of(q->c->node, groups[g].types, TF_ATTR_TYPE, &types[g], st));
    if (types[g]->count > q->c->num_outputs)
      return fail(st, TF_INTERNAL, "types and outputs differ in number");
    total += (int)types[g]->count;
    outputs += outputs_of(&groups[g], q->single) * (int)types[g]->count;
  }
  /* Single: serialized, the names that may miss, keys one by one, defaults, a name. */
  int dense = (int)types[1]->count, defaults = q->single ? 2 + total : is_v2(q->c) ? 9 : 2;
  if (outputs != q->c->num_outputs || defaults + dense + q->single != q->c->num_inputs)
    return fail(st, TF_INTERNAL, "inputs and outputs do not go with the attributes");
  q->wants = calloc((size_t)total + 1, sizeof *q->wants);
  if (!q->wants) return fail_oom(st, "keys");
  GroupAt at = {.keys = 2, .defaults = defaults};
  for (size_t g = 0; g < SM_COUNTOF(groups); g++) {
    TRY(make_group(q, &groups[g], at, types[g], st));
    at.keys += (int)types[g]->count;
    at.out += outputs_of(&groups[g], q->single) * (int)types[g]->count;
  }
  return TF_OK;
}
