/* ParseSequenceExample, ParseSequenceExampleV2 and ParseSingleSequenceExample.
 *
 * A SequenceExample has a context, features by name, and feature lists: by name a row of features, the steps.
 * A run walks every example once and notes what it has of each wanted key (bytes are read in place), checks
 * types and counts values, then makes the outputs key by key. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/parsing_sequence.h"
#include "ops/parsing_util.h"
#include "ops/string_util.h"

/* ---- walking the examples ---- */

static Span example_name(const Sequences *q, int64_t i) {
  if (q->single) return q->names->rank ? (Span){"", 0} : string_at(q->names, 0);
  return tensor_count(q->names) > i ? string_at(q->names, i) : (Span){"<unknown>", 9};
}

#define NAME(q, i) (int)example_name(q, i).size, (const char *)example_name(q, i).data
#define KEY(w) (int)(w)->key.size, (const char *)(w)->key.data

static TF_Code fail_malformed(const Sequences *q, int64_t i, TF_Status *st) {
  Span bytes = string_at(q->serialized, i);
  if (q->single)
    return fail(st, TF_INVALID_ARGUMENT, "Could not parse example input, value: '%.*s'", (int)bytes.size,
                (const char *)bytes.data);
  return fail(st, TF_INVALID_ARGUMENT, "Invalid protocol message input, example id: %.*s", NAME(q, i));
}

static const Found *found_of(const Sequences *q, const Want *w, int64_t i) {
  return &q->found[i * (q->num_context + q->num_lists) + (w->list ? q->num_context : 0) + w->name];
}

static TF_Code find_in(Sequences *q, int64_t i, TF_Status *st) {
  Found *row = q->found + i * (q->num_context + q->num_lists);
  Span bytes = string_at(q->serialized, i), name, list;
  ExampleFeature feature;
  ExampleIter it = example_features(bytes);
  while (example_next(&it, &name, &feature)) {
    const Want *w = map_get_n(&q->context, name.data ? name.data : "", name.size);
    if (w) row[w->name] = (Found){.there = true, .feature = feature};
  }
  if (it.failed) return fail_malformed(q, i, st);
  it = example_feature_lists(bytes);
  while (example_next_list(&it, &name, &list)) {
    const Want *w = map_get_n(&q->lists, name.data ? name.data : "", name.size);
    if (w) row[q->num_context + w->name] = (Found){.there = true, .list = list};
  }
  return it.failed ? fail_malformed(q, i, st) : TF_OK;
}

static TF_Code find_all(Sequences *q, TF_Status *st) {
  size_t n;
  if (!checked_mul((size_t)q->batch, (size_t)(q->num_context + q->num_lists), &n))
    return fail_oom(st, "features");
  q->found = calloc(n + 1, sizeof *q->found);
  if (!q->found) return fail_oom(st, "features");
  for (int64_t i = 0; i < q->batch; i++) TRY(find_in(q, i, st));
  return TF_OK;
}

/* ---- types and counts ---- */

static TF_Code fail_type(const Sequences *q, const Want *w, int64_t i, int64_t step, TF_Status *st) {
  const char *feature = q->single ? "  Feature is: " : "";
  if (!w->list)
    return fail(st, TF_INVALID_ARGUMENT,
                "Name: %.*s, Context feature: %.*s.  Data types don't match. Expected type: %s%s", NAME(q, i),
                KEY(w), dtype_name(w->dtype), feature);
  return fail(st, TF_INVALID_ARGUMENT,
              "Name: %.*s, Feature %s: %.*s, Index: %lld.  Data types don't match. Expected type: %s%s",
              NAME(q, i), q->single && w->kind == WANT_SPARSE ? "List" : "list", KEY(w), (long long)step,
              dtype_name(w->dtype), feature);
}

/* The values of one feature; step -1: of the context. */
static TF_Code count_feature(const Sequences *q, const Want *w, const ExampleFeature *f, int64_t i,
                             int64_t step, int64_t *count, TF_Status *st) {
  size_t n = 0;
  *count = 0;
  if (f->kind == EXAMPLE_NONE && (!q->single || w->kind == WANT_SPARSE)) return TF_OK;
  if (f->kind == EXAMPLE_NONE || example_dtype(f->kind) != w->dtype) return fail_type(q, w, i, step, st);
  if (!example_count(f, &n)) return fail_malformed(q, i, st);
  *count = (int64_t)n;
  return TF_OK;
}

/* Steps, values and the most in one step of example i. */
typedef struct Extent {
  int64_t steps, values, widest;
} Extent;

static TF_Code measure(const Sequences *q, const Want *w, int64_t i, Extent *e, TF_Status *st) {
  const Found *found = found_of(q, w, i);
  *e = (Extent){0};
  if (!w->list) {
    if (found->there) TRY(count_feature(q, w, &found->feature, i, -1, &e->values, st));
    e->widest = e->values;
    return TF_OK;
  }
  Span list = found->list;
  ExampleFeature f;
  bool failed = false;
  while (example_list_next(&list, &f, &failed)) {
    int64_t n;
    TRY(count_feature(q, w, &f, i, e->steps, &n, st));
    e->steps++;
    e->values += n;
    if (n > e->widest) e->widest = n;
  }
  return failed ? fail_malformed(q, i, st) : TF_OK;
}

/* Over all examples: the sum of values and of steps, and the most of each. */
typedef struct Total {
  int64_t values, steps, most_values, most_steps, widest;
} Total;

static TF_Code measure_all(const Sequences *q, const Want *w, Total *t, TF_Status *st) {
  *t = (Total){0};
  for (int64_t i = 0; i < q->batch; i++) {
    Extent e;
    TRY(measure(q, w, i, &e, st));
    t->values += e.values;
    t->steps += e.steps;
    if (e.values > t->most_values) t->most_values = e.values;
    if (e.steps > t->most_steps) t->most_steps = e.steps;
    if (e.widest > t->widest) t->widest = e.widest;
  }
  return TF_OK;
}

/* ---- reading ---- */

static TF_Code put_feature(const Sequences *q, const ExampleFeature *f, int64_t i, Tensor *t, int64_t *at,
                           TF_Status *st) {
  size_t n = 0;
  bool ok = f->kind == EXAMPLE_NONE || example_count(f, &n);
  if (ok && n) TRY(example_put(f, t, *at, n, &ok, st));
  *at += (int64_t)n;
  return ok ? TF_OK : fail_malformed(q, i, st);
}

/* All values of example i from element *at on, which moves behind them. */
static TF_Code put_values(const Sequences *q, const Want *w, int64_t i, Tensor *t, int64_t *at,
                          TF_Status *st) {
  const Found *found = found_of(q, w, i);
  Span list = found->list;
  ExampleFeature f;
  bool failed = false;
  if (!found->there) return TF_OK;
  if (!w->list) return put_feature(q, &found->feature, i, t, at, st);
  while (example_list_next(&list, &f, &failed)) TRY(put_feature(q, &f, i, t, at, st));
  return failed ? fail_malformed(q, i, st) : TF_OK;
}

/* ---- outputs ---- */

static TF_Code dense_dims(const Sequences *q, const Want *w, int64_t steps, int64_t *dims, int *rank,
                          TF_Status *st) {
  *rank = 0;
  if (w->shape->rank + 2 > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "dense shapes of too many dimensions");
  if (!q->alone) dims[(*rank)++] = q->batch;
  if (w->list) dims[(*rank)++] = steps;
  for (int d = 0; d < w->shape->rank; d++) dims[(*rank)++] = w->shape->dims[d];
  return TF_OK;
}

static const char *values_word(TF_DataType t) { return t == TF_STRING ? "bytes" : dtype_name(t); }

static TF_Code fail_count(const Sequences *q, const Want *w, int64_t i, int64_t step, int64_t count,
                          TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT,
              "Name: %.*s, Key: %.*s, Index: %lld.  Number of %s%svalues != expected.  values size: %lld but "
              "output shape: %s",
              NAME(q, i), KEY(w), (long long)step, q->single ? values_word(w->dtype) : "",
              q->single ? " " : "", (long long)count,
              shape_text(w->shape->dims, w->shape->rank, text, sizeof text));
}

static TF_Code fail_required(const Sequences *q, const Want *w, TF_Status *st) {
  if (q->single)
    return fail(st, TF_INVALID_ARGUMENT,
                "Name: %.*s, Context feature '%.*s' is required but could not be found.", NAME(q, 0), KEY(w));
  return fail(st, TF_INVALID_ARGUMENT, "Feature: %.*s (data type: %s) is required but could not be found.",
              KEY(w), dtype_name(w->dtype));
}

static TF_Code context_dense(const Sequences *q, const Want *w, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK], most, at = 0, defaults = tensor_count(w->default_value);
  int rank;
  Total total;
  TRY(measure_all(q, w, &total, st));
  most = total.most_values > defaults ? total.most_values : defaults;
  if (!q->single && most != w->elements)
    return fail(st, TF_INVALID_ARGUMENT,
                "Inconsistent max number of elements for feature %.*s: expected %lld, but found %lld", KEY(w),
                (long long)w->elements, (long long)most);
  TRY(dense_dims(q, w, 0, dims, &rank, st));
  TRY(op_alloc_output(q->c, w->out, w->dtype, dims, rank, st));
  Tensor *out = &q->c->outputs[w->out];
  for (int64_t i = 0; i < q->batch; i++) {
    const Found *found = found_of(q, w, i);
    if (!found->there) {
      if (defaults != w->elements || !defaults) return fail_required(q, w, st);
      TRY(tensor_copy_range(out, at, w->default_value, 0, w->elements, st));
      at += w->elements;
      continue;
    }
    Extent e;
    TRY(measure(q, w, i, &e, st));
    if (e.values != w->elements) {
      if (q->single) return fail_count(q, w, i, 0, e.values, st);
      return fail(st, TF_INVALID_ARGUMENT, "Unexpected number of elements in example %.*s", NAME(q, i));
    }
    TRY(put_values(q, w, i, out, &at, st));
  }
  return TF_OK;
}

/* Each step of example i is one row. */
static TF_Code check_steps(const Sequences *q, const Want *w, int64_t i, TF_Status *st) {
  Span list = found_of(q, w, i)->list;
  ExampleFeature f;
  bool failed = false;
  for (int64_t step = 0, n; example_list_next(&list, &f, &failed); step++) {
    TRY(count_feature(q, w, &f, i, step, &n, st));
    if (n != w->elements) return fail_count(q, w, i, step, n, st);
  }
  return failed ? fail_malformed(q, i, st) : TF_OK;
}

static TF_Code fail_missing(const Sequences *q, const Want *w, int64_t i, TF_Status *st) {
  return fail(
      st, TF_INVALID_ARGUMENT,
      "Name: %.*s, Feature list '%.*s' is required but could not be found.  Did you mean to include it in "
      "feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?",
      NAME(q, i), KEY(w));
}

static TF_Code check_rows(const Sequences *q, const Want *w, const Total *total, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  for (int64_t i = 0; i < q->batch; i++)
    if (!found_of(q, w, i)->there && !w->may_miss) return fail_missing(q, w, i, st);
  if (!q->single && (w->elements ? total->most_values % w->elements != 0 : total->most_values != 0)) {
    int64_t dims[TENSOR_MAX_RANK];
    int rank;
    TRY(dense_dims(q, w, -1, dims, &rank, st));
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Feature list '%.*s' has an unexpected number of values.  Total values size: %lld is not consistent "
        "with output "
        "shape: %s",
        KEY(w), (long long)total->most_values,
        shape_text(dims + !q->alone, rank - !q->alone, text, sizeof text));
  }
  for (int64_t i = 0; i < q->batch; i++) TRY(check_steps(q, w, i, st));
  return TF_OK;
}

static TF_Code list_dense(const Sequences *q, const Want *w, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK], *lengths = NULL;
  int rank;
  Total total = {0};
  if (!q->single) TRY(measure_all(q, w, &total, st));
  TRY(check_rows(q, w, &total, st));
  if (q->single) TRY(measure_all(q, w, &total, st));
  int64_t steps = q->single ? total.most_steps : w->elements ? total.most_values / w->elements : 0;
  TRY(dense_dims(q, w, steps, dims, &rank, st));
  TRY(op_alloc_output(q->c, w->out, w->dtype, dims, rank, st));
  Tensor *out = &q->c->outputs[w->out];
  tensor_zero(out);
  if (!q->single) {
    TRY(op_alloc_output(q->c, w->out + w->count, TF_INT64, &q->batch, q->alone ? 0 : 1, st));
    lengths = q->c->outputs[w->out + w->count].data;
  }
  for (int64_t i = 0; i < q->batch; i++) {
    int64_t first = i * steps * w->elements, at = first;
    TRY(put_values(q, w, i, out, &at, st));
    if (lengths) lengths[i] = w->elements ? (at - first) / w->elements : 0;
  }
  return TF_OK;
}

/* Appends the index of each of `count` values of a step. */
static int64_t *put_indices(const Sequences *q, const Want *w, int64_t i, int64_t step, int64_t count,
                            int64_t *index) {
  for (int64_t k = 0; k < count; k++) {
    if (!q->alone) *index++ = i;
    if (w->list) *index++ = step;
    *index++ = k;
  }
  return index;
}

static TF_Code sparse_outputs(const Sequences *q, const Want *w, TF_Status *st) {
  OpCtx *c = q->c;
  Total total;
  int64_t rank = 1 + !q->alone + w->list, at = 0;
  TRY(measure_all(q, w, &total, st));
  TRY(op_alloc_output(c, w->out, TF_INT64, (int64_t[]){total.values, rank}, 2, st));
  TRY(op_alloc_output(c, w->out + w->count, w->dtype, &total.values, 1, st));
  TRY(op_alloc_output(c, w->out + 2 * w->count, TF_INT64, &rank, 1, st));
  int64_t *index = c->outputs[w->out].data, *dims = c->outputs[w->out + 2 * w->count].data;
  for (int64_t i = 0; i < q->batch; i++) {
    TRY(put_values(q, w, i, &c->outputs[w->out + w->count], &at, st));
    const Found *found = found_of(q, w, i);
    Span list = found->list;
    ExampleFeature f;
    bool failed = false;
    size_t n = 0;
    if (!w->list && found->there && found->feature.kind && example_count(&found->feature, &n))
      index = put_indices(q, w, i, 0, (int64_t)n, index);
    for (int64_t step = 0; w->list && example_list_next(&list, &f, &failed); step++)
      if (f.kind && example_count(&f, &n)) index = put_indices(q, w, i, step, (int64_t)n, index);
  }
  if (!q->alone) *dims++ = q->batch;
  if (w->list) *dims++ = total.most_steps;
  *dims = total.widest;
  return TF_OK;
}

static TF_Code ragged_outputs(const Sequences *q, const Want *w, TF_Status *st) {
  OpCtx *c = q->c;
  Total total;
  int64_t at = 0, step = 0, rows = q->batch + 1;
  TRY(measure_all(q, w, &total, st));
  if (w->splits == TF_INT32 && (total.values > INT32_MAX || total.steps > INT32_MAX))
    return fail(st, TF_INVALID_ARGUMENT, "too many values for int32 row splits");
  TRY(op_alloc_output(c, w->out, w->dtype, &total.values, 1, st));
  TRY(op_alloc_output(c, w->out + w->count, w->splits, &rows, q->alone ? 0 : 1, st));
  Tensor *outer = &c->outputs[w->out + w->count], *inner = NULL;
  int_put(outer, 0, 0); /* TF: of a single example, all there is */
  if (w->list) {
    TRY(op_alloc_output(c, w->out + 2 * w->count, w->splits, &(int64_t){total.steps + 1}, 1, st));
    inner = &c->outputs[w->out + 2 * w->count];
    int_put(inner, 0, 0);
  }
  for (int64_t i = 0; i < q->batch; i++) {
    if (!q->alone) int_put(outer, i, w->list ? step : at);
    int64_t end = at;
    Span list = found_of(q, w, i)->list;
    ExampleFeature f;
    bool failed = false;
    while (w->list && example_list_next(&list, &f, &failed)) {
      size_t n = 0;
      if (f.kind && example_count(&f, &n)) end += (int64_t)n;
      int_put(inner, ++step, end);
    }
    TRY(put_values(q, w, i, &c->outputs[w->out], &at, st));
  }
  if (!q->alone) int_put(outer, q->batch, w->list ? step : at);
  return TF_OK;
}

static TF_Code make_outputs(const Sequences *q, TF_Status *st) {
  Total total;
  for (int k = 0; k < q->num_wants && !q->single; k++) /* TF: types before all else */
    TRY(measure_all(q, &q->wants[k], &total, st));
  for (int k = 0; k < q->num_wants; k++) {
    const Want *w = &q->wants[k];
    if (w->kind == WANT_SPARSE) TRY(sparse_outputs(q, w, st));
    else if (w->kind == WANT_RAGGED) TRY(ragged_outputs(q, w, st));
    else TRY(w->list ? list_dense(q, w, st) : context_dense(q, w, st));
  }
  return TF_OK;
}

static TF_Code check_inputs(const Sequences *q, TF_Status *st) {
  const Tensor *t = q->serialized;
  char text[SHAPE_TEXT_MAX];
  if (q->single ? t->rank != 0 : t->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "Expected serialized to be a %s, got shape: %s",
                q->single ? "scalar" : "scalar or vector", shape_text(t->dims, t->rank, text, sizeof text));
  if (!q->single && tensor_count(q->names) && tensor_count(q->names) != q->batch)
    return fail(st, TF_INVALID_ARGUMENT,
                "example_names must be empty or have the correct number of elements");
  return TF_OK;
}

static TF_Code parse_run(OpCtx *c, TF_Status *st) {
  Sequences q = {.c = c,
                 .single = !strcmp(c->node->op, "ParseSingleSequenceExample"),
                 .serialized = op_input(c, 0)};
  q.names = op_input(c, q.single ? c->num_inputs - 1 : 1);
  q.alone = q.serialized->rank == 0;
  q.batch = tensor_count(q.serialized);
  TF_Code code = check_inputs(&q, st);
  if (!code) code = sequence_make_wants(&q, st);
  if (!code) code = find_all(&q, st);
  if (!code) code = make_outputs(&q, st);
  map_clear(&q.context);
  map_clear(&q.lists);
  free(q.wants);
  free(q.found);
  return code;
}

const OpRow ops_parsing_sequence[] = {
    {"ParseSequenceExample", .flags = OP_DYNAMIC, .shape = shape_unknown_outputs, .run = parse_run},
    {"ParseSequenceExampleV2", .flags = OP_DYNAMIC, .shape = shape_unknown_outputs, .run = parse_run},
    {"ParseSingleSequenceExample", .flags = OP_DYNAMIC, .shape = shape_unknown_outputs, .run = parse_run},
    {0}};
