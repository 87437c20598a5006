/* StringSplit and StringSplitV2: strings to a sparse matrix of parts; CheckNumerics. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/float16.h"
#include "ops/array_util.h"
#include "ops/string_util.h"

typedef struct Parts {
  Span *items;
  size_t count, capacity;
} Parts;

static TF_Code add_part(Parts *p, const char *data, size_t size, TF_Status *st) {
  if (p->count == p->capacity) {
    size_t capacity = p->capacity ? p->capacity * 2 : 64;
    Span *items = capacity > SIZE_MAX / sizeof *items ? NULL : realloc(p->items, capacity * sizeof *items);
    if (!items) return fail_oom(st, "parts of strings");
    p->items = items;
    p->capacity = capacity;
  }
  p->items[p->count++] = (Span){data, size};
  return TF_OK;
}

/* V2, as Python's str.split(sep, maxsplit): no separator means runs of blanks. */
static TF_Code split_like_python(Parts *p, Span s, Span sep, int64_t most, TF_Status *st) {
  const char *at = s.data, *end = at + s.size;
  int64_t splits = 0;
  if (most == 0) return add_part(p, at, s.size, st);
  if (!sep.size) {
    while (at < end && is_blank(*at)) at++;
    while (at < end) {
      const char *stop = at;
      while (stop < end && !is_blank(*stop)) stop++;
      TRY(add_part(p, at, (size_t)(stop - at), st));
      for (at = stop; at < end && is_blank(*at);) at++;
      if (most > 0 && ++splits == most) return add_part(p, at, (size_t)(end - at), st);
    }
    return TF_OK;
  }
  for (;;) {
    const char *hit = at < end ? memmem(at, (size_t)(end - at), sep.data, sep.size) : NULL;
    if (!hit) return add_part(p, at, (size_t)(end - at), st);
    TRY(add_part(p, at, (size_t)(hit - at), st));
    at = hit + sep.size;
    if (most > 0 && ++splits == most) return add_part(p, at, (size_t)(end - at), st);
  }
}

/* V1: every byte of `delimiters` splits; none at all splits between bytes. */
static TF_Code split_at_bytes(Parts *p, Span s, Span delimiters, bool skip_empty, TF_Status *st) {
  const char *at = s.data, *end = at + s.size;
  if (!delimiters.size) {
    for (; at < end; at++) TRY(add_part(p, at, 1, st));
    return TF_OK;
  }
  for (const char *start = at;; at++) {
    if (at < end && !memchr(delimiters.data, *at, delimiters.size)) continue;
    if (at > start || !skip_empty) TRY(add_part(p, start, (size_t)(at - start), st));
    if (at == end) return TF_OK;
    start = at + 1;
  }
}

static TF_Code split_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 0, st));
  c->outputs[0] = shape_matrix(-1, 2);
  c->outputs[1] = shape_vector(-1);
  c->outputs[2] = shape_vector(2);
  return TF_OK;
}

static TF_Code split_into(OpCtx *c, Parts *p, int64_t *ends, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  bool v2 = !strcmp(c->node->op, "StringSplitV2"), skip_empty = true;
  int64_t most = -1, widest = 0;
  Span sep = string_at(op_input(c, 1), 0);
  if (v2) TRY(node_attr_int(c->node, "maxsplit", &most, st));
  else TRY(node_attr_bool(c->node, "skip_empty", &skip_empty, st));
  for (int64_t i = 0; i < in->dims[0]; i++) {
    size_t before = p->count;
    Span s = string_at(in, i);
    if (v2) TRY(split_like_python(p, s, sep, most, st));
    else if (s.size) TRY(split_at_bytes(p, s, sep, skip_empty, st));
    ends[i] = (int64_t)p->count;
    if ((int64_t)(p->count - before) > widest) widest = (int64_t)(p->count - before);
  }
  int64_t n = (int64_t)p->count;
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, 2}, 2, st));
  TRY(op_alloc_output(c, 1, TF_STRING, &n, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &(int64_t){2}, 1, st));
  int64_t *indices = c->outputs[0].data, *shape = c->outputs[2].data;
  for (int64_t k = 0, row = 0, column = 0; k < n; k++, column++) {
    while (ends[row] <= k) row++, column = 0;
    indices[2 * k] = row;
    indices[2 * k + 1] = column;
    TRY(string_put(&c->outputs[1], k, p->items[k].data, p->items[k].size, st));
  }
  shape[0] = in->dims[0];
  shape[1] = widest;
  return TF_OK;
}

static TF_Code split_run(OpCtx *c, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  const Tensor *in = op_input(c, 0), *sep = op_input(c, 1);
  bool v2 = !strcmp(c->node->op, "StringSplitV2");
  if (in->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "input must be a vector, got shape: %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  if (sep->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "%s must be a scalar, got shape: %s", v2 ? "sep" : "delimiter",
                shape_text(sep->dims, sep->rank, text, sizeof text));
  Parts p = {0};
  int64_t *ends = calloc((size_t)in->dims[0] + 1, sizeof *ends);
  TF_Code code = ends ? split_into(c, &p, ends, st) : fail_oom(st, "parts of strings");
  free(ends);
  free(p.items);
  return code;
}

/* ---- CheckNumerics, CheckNumericsV2 ---- */

static TF_Code check_prepare(OpCtx *c, TF_Status *st) {
  return op_output_alias(c, 0, 0, op_input(c, 0)->dims, op_input(c, 0)->rank, st);
}

static TF_Code check_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  bool v2 = !strcmp(c->node->op, "CheckNumericsV2"), nan = false, up = false, down = false;
  Span message;
  TRY(node_attr_string(c->node, "message", &message, st));
  for (int64_t i = 0, n = tensor_count(in); i < n; i++) {
    double v = math_number_at(in, i);
    nan = nan || isnan(v);
    up = up || (isinf(v) && v > 0);
    down = down || (isinf(v) && v < 0);
  }
  if (!nan && !up && !down) return TF_OK;
  const char *names[3], *what = "";
  int n = 0;
  char list[64];
  if (v2 && down) names[n++] = "-Inf";
  if (v2 && up) names[n++] = "+Inf";
  if (!v2 && (up || down)) names[n++] = "Inf";
  if (nan) names[n++] = "NaN";
  what = names[0];
  if (n == 2) snprintf(list, sizeof list, "%s and %s", names[0], names[1]), what = list;
  if (n == 3) snprintf(list, sizeof list, "%s, %s, and %s", names[0], names[1], names[2]), what = list;
  return fail(st, TF_INVALID_ARGUMENT, "%.*s : Tensor had %s values", (int)message.size,
              (const char *)message.data, what);
}

const OpRow ops_string_split[] = {
    {"StringSplit", .flags = OP_DYNAMIC, .shape = split_shape, .run = split_run},
    {"StringSplitV2", .flags = OP_DYNAMIC, .shape = split_shape, .run = split_run},
    {"CheckNumerics", .types = "T: half bfloat16 float double", .shape = shape_same, .prepare = check_prepare,
     .run = check_run},
    {"CheckNumericsV2", .types = "T: half bfloat16 float double", .flags = OP_STATEFUL, .shape = shape_same,
     .prepare = check_prepare, .run = check_run},
    {0}};
