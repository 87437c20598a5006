/* Einsum of one or two operands.
 *
 * Every label (a letter, or a dim that "..." stands for) has a size, and a stride in each operand and in the
 * output: 0 where it is absent or broadcast, the sum of the strides where it is repeated, which walks a
 * diagonal. Labels of two operands fall into four groups:
 *
 *     in both and the output: batch      in A and the output: m      in B and the output: n      else: k
 *
 * A is laid out as [batch, m, k], B as [batch, k, n], multiplied, and the result [batch, m, n] laid out as
 * the output wants it. What lies right already is not moved. */
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "ops/matmul_ops.h"

enum { MAX_LABELS = 2 * TENSOR_MAX_RANK + 2, ELLIPSIS = '.' };

/* The labels of an operand, in order; ELLIPSIS for the dims of "...". */
typedef struct Term {
  int count;
  char labels[TENSOR_MAX_RANK + 1];
} Term;

typedef struct EinsumState {
  Term in[2], out;
  int num_inputs;
  TF_DataType dtype;
  PlainFn *plain;
} EinsumState;

/* Dims in some order, with the strides by which a tensor is walked. */
typedef struct Layout {
  int rank;
  int64_t dims[MAX_LABELS], strides[MAX_LABELS];
  int64_t count;
  bool dense; /* walks memory in order */
} Layout;

typedef struct EinsumPrep {
  Layout a, b, c; /* c: [batch, m, n] in the output; of one operand: a walks [output, reduced] */
  int64_t batch, m, n, k;
  bool diagonal_output;                                     /* labels repeated: the rest of the output is 0 */
  size_t wide_a_at, wide_b_at, a_at, b_at, c_at, narrow_at; /* scratch */
} EinsumPrep;

/* ---- the equation ---- */

static TF_Code fail_equation(const Node *node, const char *why, TF_Status *st) {
  Span text = {0};
  const Attr *equation = node_attr(node, "equation");
  if (equation) text = equation->v.s;
  return fail(st, TF_INVALID_ARGUMENT, "Invalid einsum equation %.*s: %s", (int)text.size,
              (const char *)text.data, why);
}

static TF_Code read_term(const Node *node, const char **at, const char *end, Term *t, TF_Status *st) {
  t->count = 0;
  bool dots = false;
  for (; *at < end && **at != ',' && **at != '-'; (*at)++) {
    char label = **at;
    if (label == ' ') continue;
    if (label == '.') {
      if (dots || end - *at < 3 || memcmp(*at, "...", 3) != 0) return fail_equation(node, "stray dots", st);
      dots = true;
      *at += 2;
      label = ELLIPSIS;
    } else if (!((label >= 'a' && label <= 'z') || (label >= 'A' && label <= 'Z'))) {
      return fail_equation(node, "labels are letters", st);
    }
    if (t->count > TENSOR_MAX_RANK) return fail_equation(node, "too many labels", st);
    t->labels[t->count++] = label;
  }
  return TF_OK;
}

static bool has_label(const Term *t, char label) {
  return t->count && memchr(t->labels, label, (size_t)t->count);
}

static TF_Code read_equation(const Node *node, EinsumState *s, TF_Status *st) {
  Span text;
  TRY(node_attr_string(node, "equation", &text, st));
  const char *at = text.data, *end = at + text.size;
  s->num_inputs = node->num_inputs;
  if (s->num_inputs > 2)
    return fail(st, TF_INVALID_ARGUMENT, "Expected at most 2 operands, got %d", s->num_inputs);
  for (int i = 0; i < s->num_inputs; i++) {
    if (i > 0) {
      if (at >= end || *at != ',') return fail_equation(node, "fewer terms than operands", st);
      at++;
    }
    TRY(read_term(node, &at, end, &s->in[i], st));
  }
  if (end - at < 2 || memcmp(at, "->", 2) != 0) return fail_equation(node, "expected ->", st);
  at += 2;
  TRY(read_term(node, &at, end, &s->out, st));
  if (at != end) return fail_equation(node, "more than one output", st);
  for (int i = 0; i < s->out.count; i++) {
    char label = s->out.labels[i];
    if (label != ELLIPSIS && !has_label(&s->in[0], label) &&
        !(s->num_inputs > 1 && has_label(&s->in[1], label)))
      return fail_equation(node, "an output label is in no operand", st);
  }
  return TF_OK;
}

static TF_Code einsum_init(OpInit *k, TF_Status *st) {
  EinsumState *s = k->state;
  TRY(read_equation(k->node, s, st));
  s->dtype = dtype_base(k->node->output_types[0]);
  s->plain = matmul_plain_fn(math_kind(s->dtype));
  if (!s->plain) return fail(st, TF_UNIMPLEMENTED, "Einsum has no kernel for %s", dtype_name(s->dtype));
  return TF_OK;
}

/* ---- labels with sizes and strides ---- */

typedef struct Labels {
  int count, dots; /* dots: dims of "...", which come first and are aligned at their end */
  char letter[MAX_LABELS];
  int64_t size[MAX_LABELS];
  int64_t stride[2][MAX_LABELS], out_stride[MAX_LABELS];
  bool in[2][MAX_LABELS], in_out[MAX_LABELS];
  int out_order[MAX_LABELS], num_out; /* labels of the output's dims, repeats included */
} Labels;

static int find_label(const Labels *l, char letter) {
  for (int i = l->dots; i < l->count; i++)
    if (l->letter[i] == letter) return i;
  return -1;
}

/* Dims that "..." stands for in a tensor of this rank; -1 when the ranks do not go together. */
static int dots_of(const Term *t, int rank) {
  int named = t->count - has_label(t, ELLIPSIS);
  return has_label(t, ELLIPSIS) ? (rank >= named ? rank - named : -1) : (rank == named ? 0 : -1);
}

static TF_Code add_dim(Labels *l, int k, int label, const Tensor *t, int axis, int64_t stride,
                       TF_Status *st) {
  int64_t size = t->dims[axis];
  bool dots = label < l->dots;
  char text[SHAPE_TEXT_MAX];
  if (l->size[label] < 0 || (dots && l->size[label] == 1)) {
    l->size[label] = size;
  } else if (size != l->size[label] && !(dots && size == 1)) {
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected dimension %lld at axis %d of the input shaped %s but got dimension %lld",
                (long long)l->size[label], axis, shape_text(t->dims, t->rank, text, sizeof text),
                (long long)size);
  }
  l->in[k][label] = true;
  if (!(dots && size == 1)) l->stride[k][label] += stride;
  return TF_OK;
}

static TF_Code add_operand(Labels *l, int k, const Term *t, const Tensor *in, TF_Status *st) {
  int64_t stride = 1;
  int dots = dots_of(t, in->rank), axis = in->rank - 1;
  for (int i = t->count - 1; i >= 0; i--) {
    int repeat = t->labels[i] == ELLIPSIS ? dots : 1;
    for (int j = 0; j < repeat; j++, axis--) {
      int label = l->dots - 1 - j;
      if (t->labels[i] != ELLIPSIS) {
        label = find_label(l, t->labels[i]);
        if (label < 0) {
          label = l->count++;
          l->letter[label] = t->labels[i];
          l->size[label] = -1;
        }
      }
      TRY(add_dim(l, k, label, in, axis, stride, st));
      stride *= in->dims[axis];
    }
  }
  return TF_OK;
}

static TF_Code make_labels(OpCtx *c, Labels *l, int64_t *dims, TF_Status *st) {
  const EinsumState *s = c->state;
  *l = (Labels){0};
  for (int k = 0; k < s->num_inputs; k++) {
    const Tensor *in = op_input(c, k);
    int dots = dots_of(&s->in[k], in->rank);
    if (dots < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Expected input %d to have rank %s%d but got: %d", k,
                  has_label(&s->in[k], ELLIPSIS) ? "at least " : "",
                  s->in[k].count - has_label(&s->in[k], ELLIPSIS), in->rank);
    if (dots > l->dots) l->dots = dots;
  }
  l->count = l->dots;
  for (int i = 0; i < l->dots; i++) l->size[i] = -1;
  for (int k = 0; k < s->num_inputs; k++) TRY(add_operand(l, k, &s->in[k], op_input(c, k), st));
  for (int i = 0; i < s->out.count; i++) {
    int repeat = s->out.labels[i] == ELLIPSIS ? l->dots : 1;
    for (int j = 0; j < repeat; j++) {
      if (l->num_out == TENSOR_MAX_RANK)
        return fail(st, TF_INVALID_ARGUMENT, "the output's rank is too large");
      int label = s->out.labels[i] == ELLIPSIS ? j : find_label(l, s->out.labels[i]);
      l->in_out[label] = true;
      dims[l->num_out] = l->size[label];
      l->out_order[l->num_out++] = label;
    }
  }
  int64_t stride = 1;
  for (int i = l->num_out - 1; i >= 0; i--) {
    l->out_stride[l->out_order[i]] += stride;
    stride *= dims[i];
  }
  return TF_OK;
}

/* ---- layouts ---- */

static TF_Code layout_add(Layout *y, int64_t size, int64_t stride, TF_Status *st) {
  if (!checked_mul_i64(y->count, size, &y->count)) return fail_oom(st, "Einsum");
  if (size == 1) return TF_OK;
  y->dims[y->rank] = size;
  y->strides[y->rank++] = stride;
  return TF_OK;
}

static void layout_finish(Layout *y) {
  int64_t step = 1;
  y->dense = true;
  for (int i = y->rank - 1; i >= 0; i--) {
    if (y->strides[i] != step) y->dense = false;
    step *= y->dims[i];
  }
}

/* Walks a layout: calls the statement with `from` the strided offset and `to` the dense one. */
#define FOR_LAYOUT(y, from, to)                                          \
  for (int64_t to = 0, from = 0, at_[MAX_LABELS] = {0}; to < (y)->count; \
       to++, from = layout_next(y, at_, from))

static int64_t layout_next(const Layout *y, int64_t *at, int64_t from) {
  for (int d = y->rank - 1; d >= 0; d--) {
    from += y->strides[d];
    if (++at[d] < y->dims[d]) return from;
    from -= y->strides[d] * y->dims[d];
    at[d] = 0;
  }
  return from;
}

typedef struct Cell16 {
  uint64_t a, b;
} Cell16;

/* Strided to dense (`gather`) or back. */
static void layout_copy(const Layout *y, char *strided, char *dense, size_t size, bool gather) {
#define COPY(T)                                          \
  do {                                                   \
    T *s = (T *)strided, *d = (T *)dense;                \
    if (gather) FOR_LAYOUT(y, from, to) d[to] = s[from]; \
    else FOR_LAYOUT(y, from, to) s[from] = d[to];        \
  } while (0)
  if (size == 4) COPY(uint32_t);
  else if (size == 8) COPY(uint64_t);
  else if (size == 2) COPY(uint16_t);
  else COPY(Cell16);
#undef COPY
}

/* Element size of the arithmetic: half and bfloat16 are floats there. */
static size_t work_size(TF_DataType dtype) { return math_is_16(dtype) ? sizeof(float) : dtype_size(dtype); }

typedef enum Group { G_BATCH, G_M, G_N, G_K } Group;

static Group group_of(const Labels *l, int label) {
  if (!l->in_out[label]) return G_K;
  if (l->in[0][label] && l->in[1][label]) return G_BATCH;
  return l->in[0][label] ? G_M : G_N;
}

/* Adds the labels of a group to up to two layouts, in the order of the output or of their number. */
static TF_Code add_group(const Labels *l, Group group, int64_t *product, Layout *x, const int64_t *x_stride,
                         Layout *y, const int64_t *y_stride, TF_Status *st) {
  bool done[MAX_LABELS] = {false};
  *product = 1;
  for (int i = 0; i < l->num_out + l->count; i++) {
    int label = i < l->num_out ? l->out_order[i] : i - l->num_out;
    if (done[label] || group_of(l, label) != group) continue;
    done[label] = true;
    if (!checked_mul_i64(*product, l->size[label], product)) return fail_oom(st, "Einsum");
    TRY(layout_add(x, l->size[label], x_stride[label], st));
    if (y) TRY(layout_add(y, l->size[label], y_stride[label], st));
  }
  return TF_OK;
}

static TF_Code einsum_prepare(OpCtx *c, TF_Status *st) {
  const EinsumState *s = c->state;
  EinsumPrep *p = c->prep;
  Labels l;
  int64_t dims[TENSOR_MAX_RANK], ignored;
  TRY(make_labels(c, &l, dims, st));
  TRY(op_output(c, 0, s->dtype, dims, l.num_out, st));
  for (int i = 0; i < l.num_out; i++)
    for (int j = 0; j < i; j++) p->diagonal_output = p->diagonal_output || l.out_order[i] == l.out_order[j];
  p->a.count = p->b.count = p->c.count = 1;
  TRY(add_group(&l, G_BATCH, &p->batch, &p->a, l.stride[0], &p->c, l.out_stride, st));
  TRY(add_group(&l, G_BATCH, &ignored, &p->b, l.stride[1], NULL, NULL, st));
  TRY(add_group(&l, G_M, &p->m, &p->a, l.stride[0], &p->c, l.out_stride, st));
  TRY(add_group(&l, G_K, &p->k, &p->a, l.stride[0], &p->b, l.stride[1], st));
  TRY(add_group(&l, G_N, &p->n, &p->b, l.stride[1], &p->c, l.out_stride, st));
  layout_finish(&p->a);
  layout_finish(&p->b);
  layout_finish(&p->c);
  p->c.dense = p->c.dense && !p->diagonal_output;
  size_t total = 0, size = work_size(s->dtype);
  bool wide = math_is_16(s->dtype);
  if (wide) TRY(op_scratch_take(&total, &p->wide_a_at, tensor_count(op_input(c, 0)), size, st));
  if (wide && s->num_inputs > 1)
    TRY(op_scratch_take(&total, &p->wide_b_at, tensor_count(op_input(c, 1)), size, st));
  if (s->num_inputs > 1 && !p->a.dense) TRY(op_scratch_take(&total, &p->a_at, p->a.count, size, st));
  if (s->num_inputs > 1 && !p->b.dense) TRY(op_scratch_take(&total, &p->b_at, p->b.count, size, st));
  if (wide || !p->c.dense) TRY(op_scratch_take(&total, &p->c_at, p->c.count, size, st));
  if (wide && !p->c.dense) TRY(op_scratch_take(&total, &p->narrow_at, p->c.count, sizeof(uint16_t), st));
  op_scratch(c, total);
  return TF_OK;
}

/* ---- run ---- */

/* Sums of one operand: layout a is [output, reduced]. */
static void sum_one(const EinsumPrep *p, int kind, const void *in, void *out) {
#define SUM(T, W)                     \
  do {                                \
    W s = 0;                          \
    FOR_LAYOUT(&p->a, from, to) {     \
      s += (W)((const T *)in)[from];  \
      if ((to + 1) % p->k == 0) {     \
        ((T *)out)[to / p->k] = (T)s; \
        s = 0;                        \
      }                               \
    }                                 \
  } while (0)
  switch (kind) {
    case MK_F32: SUM(float, double); break;
    case MK_F64: SUM(double, double); break;
    case MK_I16: SUM(int16_t, uint64_t); break;
    case MK_I32: SUM(int32_t, uint64_t); break;
    case MK_I64: SUM(int64_t, uint64_t); break;
    case MK_C64: SUM(float _Complex, double _Complex); break;
    default: SUM(double _Complex, double _Complex); break;
  }
#undef SUM
}

/* An operand as the product wants it: in place, or gathered into scratch. */
static char *lay_out(const Layout *y, char *data, char *scratch, size_t size) {
  if (y->dense) return data;
  layout_copy(y, data, scratch, size, true);
  return scratch;
}

static char *operand(OpCtx *c, int i, size_t wide_at) {
  const EinsumState *s = c->state;
  const Tensor *t = op_input(c, i);
  if (!math_is_16(s->dtype)) return t->data;
  char *wide = (char *)c->scratch + wide_at;
  math_load_16((float *)wide, t->data, tensor_count(t), s->dtype);
  return wide;
}

static TF_Code einsum_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const EinsumState *s = c->state;
  const EinsumPrep *p = c->prep;
  Tensor *out = &c->outputs[0];
  size_t size = work_size(s->dtype);
  int64_t out_count = tensor_count(out);
  bool wide = math_is_16(s->dtype);
  char *scratch = c->scratch;
  if (out_count == 0) return TF_OK;
  if (p->k == 0 || p->diagonal_output) memset(out->data, 0, (size_t)out_count * dtype_size(s->dtype));
  if (p->k == 0) return TF_OK;
  char *result = wide || !p->c.dense ? scratch + p->c_at : out->data;
  char *a = operand(c, 0, p->wide_a_at);
  if (s->num_inputs == 1) {
    sum_one(p, math_kind(s->dtype), a, result);
  } else {
    a = lay_out(&p->a, a, scratch + p->a_at, size);
    char *b = lay_out(&p->b, operand(c, 1, p->wide_b_at), scratch + p->b_at, size);
    Product q = {p->m, p->n, p->k, p->k, 1, p->n, 1, false, false};
    for (int64_t i = 0; i < p->batch; i++) {
      const char *x = a + (size_t)(i * p->m * p->k) * size, *y = b + (size_t)(i * p->k * p->n) * size;
      char *z = result + (size_t)(i * p->m * p->n) * size;
      if (math_kind(s->dtype) == MK_F32)
        matmul_f32(c->threads, &q, (const float *)x, (const float *)y, (float *)z);
      else s->plain(&q, x, y, z);
    }
  }
  if (wide) {
    char *narrow = p->c.dense ? out->data : scratch + p->narrow_at;
    math_store_16((uint16_t *)narrow, (float *)result, p->c.count, s->dtype);
    result = narrow;
  }
  if (!p->c.dense) layout_copy(&p->c, out->data, result, dtype_size(s->dtype), false);
  return TF_OK;
}

/* ---- the shape function ---- */

static TF_Code shape_einsum(ShapeCtx *c, TF_Status *st) {
  EinsumState s = {0};
  if (c->num_inputs > 2) return TF_OK;
  TRY(read_equation(c->node, &s, st));
  int dots = 0;
  for (int k = 0; k < s.num_inputs; k++) {
    if (c->inputs[k]->rank < 0) return TF_OK;
    int n = dots_of(&s.in[k], c->inputs[k]->rank);
    if (n < 0) return fail(st, TF_INVALID_ARGUMENT, "Shape of operand %d does not go with the equation", k);
    if (n > dots) dots = n;
  }
  Shape out = {.rank = 0};
  for (int i = 0; i < s.out.count; i++) {
    int repeat = s.out.labels[i] == ELLIPSIS ? dots : 1;
    for (int j = 0; j < repeat; j++) {
      if (out.rank == TENSOR_MAX_RANK) return TF_OK;
      int64_t size = -1;
      for (int k = 0; k < s.num_inputs && s.out.labels[i] != ELLIPSIS; k++) {
        const char *at = s.in[k].count ? memchr(s.in[k].labels, s.out.labels[i], (size_t)s.in[k].count)
                                       : NULL;
        const char *dots_at = s.in[k].count ? memchr(s.in[k].labels, ELLIPSIS, (size_t)s.in[k].count) : NULL;
        if (!at) continue;
        int axis = (int)(at - s.in[k].labels) +
                   (dots_at && dots_at < at ? dots_of(&s.in[k], c->inputs[k]->rank) - 1 : 0);
        if (size < 0) size = c->inputs[k]->dims[axis];
      }
      out.dims[out.rank++] = size;
    }
  }
  c->outputs[0] = out;
  return TF_OK;
}

const OpRow ops_linalg_einsum[] = {
    {"Einsum", .types = "T: " TYPES_FLOATS " int32 int64 " TYPES_COMPLEX, .state_size = sizeof(EinsumState),
     .prep_size = sizeof(EinsumPrep), .shape = shape_einsum, .init = einsum_init, .prepare = einsum_prepare,
     .run = einsum_run},
    {0}};
