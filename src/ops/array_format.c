/* DataFormatDimMap and DataFormatVecPermute: dimension numbers and vectors of sizes, from one order of an
 * image's dimensions ("NHWC") to another. */
#include <string.h>

#include "ops/array_util.h"

enum { MAX_DIMS = 5 };

typedef struct FormatState {
  int n;
  int dst_of[MAX_DIMS];                /* where dimension i of the source stands in the destination */
  int spatial_n, spatial_of[MAX_DIMS]; /* the same without N and C */
} FormatState;

static TF_Code check_format(Span s, const char *what, TF_Status *st) {
  if (s.size == 4 || s.size == 5) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s format must be of length 4 or 5, received %s_format = %.*s", what,
              what[0] == 'S' ? "src" : "dst", (int)s.size, s.data ? (const char *)s.data : "");
}

static TF_Code format_init(OpInit *k, TF_Status *st) {
  FormatState *s = k->state;
  Span src, dst;
  TRY(node_attr_string(k->node, "src_format", &src, st));
  TRY(node_attr_string(k->node, "dst_format", &dst, st));
  TRY(check_format(src, "Source", st));
  TRY(check_format(dst, "Destination", st));
  const char *from = src.data, *to = dst.data;
  s->n = (int)src.size;
  int spatial_at[MAX_DIMS];
  unsigned used = 0;
  for (size_t i = 0, at = 0; i < dst.size; i++) spatial_at[i] = strchr("NC", to[i]) ? -1 : (int)at++;
  for (int i = 0; i < s->n; i++) {
    const char *found = memchr(to, from[i], dst.size);
    if (src.size != dst.size || !found || used >> (found - to) & 1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Destination and source format must determine a permutation, got %.*s and %.*s",
                  (int)src.size, from, (int)dst.size, to);
    s->dst_of[i] = (int)(found - to);
    used |= 1u << (found - to);
    if (!strchr("NC", from[i])) s->spatial_of[s->spatial_n++] = spatial_at[found - to];
  }
  return TF_OK;
}

static TF_Code map_prepare(OpCtx *c, TF_Status *st) { return op_output_like(c, 0, op_input(c, 0), st); }

/* TF: (x + n) mod n in the type of x, as C has it; what is none of the first n - 1 then is the last. */
static int64_t dim_of(const Tensor *x, int64_t i, int n) {
  int64_t d = x->dtype == TF_INT32 ? (int32_t)((uint32_t)((const int32_t *)x->data)[i] + (uint32_t)n) % n
                                   : (int64_t)((uint64_t)((const int64_t *)x->data)[i] + (uint64_t)n) % n;
  return d < 0 ? n - 1 : d;
}

static TF_Code map_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const FormatState *s = c->state;
  const Tensor *x = op_input(c, 0);
  for (int64_t i = 0, n = tensor_count(x); i < n; i++)
    math_number_put(&c->outputs[0], i, s->dst_of[dim_of(x, i, s->n)]);
  return TF_OK;
}

static TF_Code permute_prepare(OpCtx *c, TF_Status *st) {
  const FormatState *s = c->state;
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  shape_text(x->dims, x->rank, text, sizeof text);
  if (x->rank != 1 && x->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "input must be a vector or 2D tensor, but got shape %s", text);
  if (x->dims[0] != s->n && x->dims[0] != s->spatial_n)
    return fail(st, TF_INVALID_ARGUMENT, "%dD input must be of size %d or %d, but got shape %s", x->rank,
                s->spatial_n, s->n, text);
  if (x->rank == 2 && x->dims[1] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Second dimension of 2D input must be of size 2, but got shape %s",
                text);
  return op_output_like(c, 0, x, st);
}

static TF_Code permute_run(OpCtx *c, TF_Status *st) {
  const FormatState *s = c->state;
  const Tensor *x = op_input(c, 0);
  int64_t row = x->rank == 2 ? 2 : 1;
  const int *to = x->dims[0] == s->n ? s->dst_of : s->spatial_of;
  for (int64_t i = 0; i < x->dims[0]; i++)
    TRY(tensor_copy_range(&c->outputs[0], to[i] * row, x, i * row, row, st));
  return TF_OK;
}

#define FORMAT(NAME, PREPARE, RUN)                                                            \
  {                                                                                           \
    NAME, .types = "T: " TYPES_INDEX, .state_size = sizeof(FormatState), .shape = shape_same, \
          .init = format_init, .prepare = PREPARE, .run = RUN                                 \
  }

const OpRow ops_array_format[] = {FORMAT("DataFormatDimMap", map_prepare, map_run),
                                  FORMAT("DataFormatVecPermute", permute_prepare, permute_run),
                                  {0}};
