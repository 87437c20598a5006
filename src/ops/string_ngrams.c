/* StringNGrams: runs of neighbouring strings of every row of a ragged tensor, joined, with padding at the
 * row's ends. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/string_util.h"

typedef struct NGrams {
  OpCtx *c;
  const Attr *widths;
  Span separator, left, right;
  int64_t pad; /* -1: width - 1 */
  bool keep_short;
} NGrams;

static int64_t pad_of(const NGrams *g, int64_t width) {
  return g->pad < 0 || g->pad > width - 1 ? width - 1 : g->pad;
}

static int64_t ngram_count(const NGrams *g, int64_t length, int64_t width) {
  int64_t n = length + 2 * pad_of(g, width) - width + 1;
  return n > 0 ? n : 0;
}

/* N-gram `at` of `n` of a row that starts at `start`: left padding, strings, right padding. */
static TF_Code put_ngram(const NGrams *g, int64_t start, int64_t at, int64_t n, int64_t width, int64_t out,
                         Bytes *b, TF_Status *st) {
  int64_t pad = pad_of(g, width), left = pad > at ? pad - at : 0,
          right = pad > n - at - 1 ? pad - (n - at - 1) : 0;
  int64_t first = left ? 0 : at - pad;
  b->size = 0;
  for (int64_t i = 0; i < width; i++) {
    Span s = i < left             ? g->left
             : i >= width - right ? g->right
                                  : string_at(op_input(g->c, 0), start + first + i - left);
    if (i) bytes_append(b, g->separator.data, g->separator.size);
    bytes_append(b, s.data, s.size);
  }
  return string_put_bytes(&g->c->outputs[0], out, b, st);
}

static TF_Code row_total(const NGrams *g, int64_t length, int64_t *total, TF_Status *st) {
  *total = 0;
  for (int64_t w = 0; w < g->widths->count; w++)
    if (!checked_add_i64(*total, ngram_count(g, length, g->widths->v.list_i[w]), total))
      return fail(st, TF_INVALID_ARGUMENT, "the number of n-grams overflows");
  if (g->keep_short && length > 0 && *total == 0) *total = 1;
  return TF_OK;
}

static TF_Code check_splits(const Tensor *splits, int64_t size, TF_Status *st) {
  int64_t n = tensor_count(splits);
  if (splits->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "ragged splits must be a vector");
  if (n == 0) return TF_OK;
  if (int_at(splits, 0) != 0)
    return fail(st, TF_INVALID_ARGUMENT, "First split value must be 0, got %lld",
                (long long)int_at(splits, 0));
  for (int64_t i = 1; i < n; i++) {
    int64_t last = int_at(splits, i - 1), next = int_at(splits, i);
    if (next < last || next > size)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid split value %lld, must be in [%lld, %lld]",
                  (long long)next, (long long)last, (long long)size);
  }
  if (int_at(splits, n - 1) != size)
    return fail(st, TF_INVALID_ARGUMENT, "Last split value must be data size. Expected %lld, got %lld",
                (long long)size, (long long)int_at(splits, n - 1));
  return TF_OK;
}

static TF_Code ngrams_all(NGrams *g, Bytes *b, TF_Status *st) {
  OpCtx *c = g->c;
  const Tensor *splits = op_input(c, 1);
  int64_t n = splits->dims[0], total = 0, at = 0, count;
  TRY(op_alloc_output(c, 1, splits->dtype, &n, 1, st));
  for (int64_t r = 0; r < n; r++) {
    count = 0;
    if (r) TRY(row_total(g, int_at(splits, r) - int_at(splits, r - 1), &count, st));
    if (!checked_add_i64(total, count, &total) || (splits->dtype == TF_INT32 && total > INT32_MAX))
      return fail(st, TF_INVALID_ARGUMENT, "the number of n-grams overflows");
    int_put(&c->outputs[1], r, total);
  }
  TRY(op_alloc_output(c, 0, TF_STRING, &total, 1, st));
  for (int64_t r = 1; r < n; r++) {
    int64_t start = int_at(splits, r - 1), length = int_at(splits, r) - start, before = at;
    for (int64_t w = 0; w < g->widths->count; w++) {
      int64_t width = g->widths->v.list_i[w];
      count = ngram_count(g, length, width);
      for (int64_t i = 0; i < count; i++) TRY(put_ngram(g, start, i, count, width, at++, b, st));
    }
    if (at == before && g->keep_short && length > 0)
      TRY(put_ngram(g, start, 0, 1, length + 2 * (g->pad > 0 ? g->pad : 0), at++, b, st));
  }
  return TF_OK;
}

static TF_Code ngrams_run(OpCtx *c, TF_Status *st) {
  NGrams g = {.c = c};
  Bytes b = {0};
  TRY(node_attr_list(c->node, "ngram_widths", TF_ATTR_INT, &g.widths, st));
  TRY(node_attr_string(c->node, "separator", &g.separator, st));
  TRY(node_attr_string(c->node, "left_pad", &g.left, st));
  TRY(node_attr_string(c->node, "right_pad", &g.right, st));
  TRY(node_attr_int(c->node, "pad_width", &g.pad, st));
  TRY(node_attr_bool(c->node, "preserve_short_sequences", &g.keep_short, st));
  if (g.pad > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "Pad width should be >= 0 and small, but is %lld", (long long)g.pad);
  if (g.keep_short && g.widths->count == 0 && g.pad < 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Pad width should be >= 0 when preserve_short_sequences is True and ngram_widths are not "
                "provided, got %lld",
                (long long)g.pad);
  for (int64_t w = 0; w < g.widths->count; w++)
    if (g.widths->v.list_i[w] < 1 || g.widths->v.list_i[w] > INT32_MAX)
      return fail(st, TF_INVALID_ARGUMENT, "ngram_widths must contain positive values");
  if (op_input(c, 0)->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "data must be a vector");
  TRY(check_splits(op_input(c, 1), op_input(c, 0)->dims[0], st));
  TF_Code code = ngrams_all(&g, &b, st);
  bytes_clear(&b);
  return code;
}

static TF_Code ngrams_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 1, st));
  c->outputs[0] = shape_vector(-1);
  c->outputs[1] = *c->inputs[1];
  return TF_OK;
}

const OpRow ops_string_ngrams[] = {
    {"StringNGrams", .flags = OP_DYNAMIC, .shape = ngrams_shape, .run = ngrams_run},
    {0}};
