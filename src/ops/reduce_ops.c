/* Reductions: Sum Prod Max Min Mean EuclideanNorm Any All.
 *
 * prepare collapses the input's dims into runs of kept and reduced ones. If the last run is reduced, every
 * output element combines contiguous rows ("rows"); else a stretch of output elements accumulates rows of
 * the input side by side ("columns"). A row that is all there is (a full reduction) is cut into pieces of
 * fixed size, whose partial results are combined in order: the answer does not depend on the threads.
 *
 * Accumulators are wider than the elements (double, uint64, complex double); half and bfloat16 go through
 * float. */
#include <complex.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_to_int.h"
#include "ops/reduce_ops.h"

typedef float complex C64;
typedef double complex C128;
typedef uint64_t U;

enum { CHUNK = 256, PIECE = 65536 };

/* `expr` gives the new accumulator value from `s` (old) and `x`. */
#define REDUCE(name, T, A, field, expr)                                   \
  static SM_UNUSED void name##_row(Acc *acc, const void *in, int64_t n) { \
    const T *p = in;                                                      \
    A s = acc->field;                                                     \
    for (int64_t i = 0; i < n; i++) {                                     \
      T x = p[i];                                                         \
      s = (A)(expr);                                                      \
    }                                                                     \
    acc->field = s;                                                       \
  }                                                                       \
  static void name##_column(Acc *acc, const void *in, int64_t n) {        \
    const T *p = in;                                                      \
    for (int64_t i = 0; i < n; i++) {                                     \
      T x = p[i];                                                         \
      A s = acc[i].field;                                                 \
      acc[i].field = (A)(expr);                                           \
    }                                                                     \
  }
#define FINISH(name, T, A, field, expr)                                            \
  static void name##_finish(void *out, const Acc *acc, int64_t n, int64_t count) { \
    T *o = out;                                                                    \
    (void)count;                                                                   \
    for (int64_t i = 0; i < n; i++) {                                              \
      A s = acc[i].field;                                                          \
      o[i] = (T)(expr);                                                            \
    }                                                                              \
  }
#define FNS(name, finish) \
  { name##_row, name##_column, finish##_finish }

/* Integers: sums and products wrap, so that any width may accumulate in uint64. */
#define INT_TYPE(T, t, A, field)                              \
  REDUCE(sum_##t, T, U, u, s + (U)x)                          \
  REDUCE(prod_##t, T, U, u, s *(U)x)                          \
  REDUCE(norm_##t, T, U, u, s + (U)x * (U)x)                  \
  REDUCE(max_##t, T, A, field, x > s ? x : s)                 \
  REDUCE(min_##t, T, A, field, x < s ? x : s)                 \
  FINISH(plain_##t, T, U, u, s)                               \
  FINISH(best_##t, T, A, field, s)                            \
  FINISH(mean_##t, T, U, u, count == 0 ? 0 : (A)s / (A)count) \
  FINISH(norm_##t, T, U, u, FLT_TO_##t(sqrt((double)(T)s)))
#define INT_FNS(t)                                                                                         \
  {                                                                                                        \
    [R_SUM] = FNS(sum_##t, plain_##t), [R_PROD] = FNS(prod_##t, plain_##t),                                \
    [R_MAX] = FNS(max_##t, best_##t), [R_MIN] = FNS(min_##t, best_##t), [R_MEAN] = FNS(sum_##t, mean_##t), \
    [R_NORM] = FNS(norm_##t, norm_##t)                                                                     \
  }
INT_TYPE(int8_t, i8, int64_t, i)
INT_TYPE(int16_t, i16, int64_t, i)
INT_TYPE(int32_t, i32, int64_t, i)
INT_TYPE(int64_t, i64, int64_t, i)
INT_TYPE(uint8_t, u8, uint64_t, u)
INT_TYPE(uint16_t, u16, uint64_t, u)
INT_TYPE(uint32_t, u32, uint64_t, u)
INT_TYPE(uint64_t, u64, uint64_t, u)

#define FLOAT_TYPE(T, t)                                    \
  REDUCE(sum_##t, T, double, d, s + (double)x)              \
  REDUCE(prod_##t, T, double, d, s *(double)x)              \
  REDUCE(norm_##t, T, double, d, s + (double)x * (double)x) \
  REDUCE(max_##t, T, double, d, x > s || x != x ? x : s)    \
  REDUCE(min_##t, T, double, d, x < s || x != x ? x : s)    \
  FINISH(plain_##t, T, double, d, s)                        \
  FINISH(mean_##t, T, double, d, s / (double)count)         \
  FINISH(norm_##t, T, double, d, sqrt(s))                   \
  FINISH(l2_##t, T, double, d, s / 2)
FLOAT_TYPE(float, f32)
FLOAT_TYPE(double, f64)

/* Long rows of floats take the vector code. */
static void sum_rows_f32(Acc *acc, const void *x, int64_t n) { acc->d += (double)simd()->sum(x, n); }
static void norm_rows_f32(Acc *acc, const void *x, int64_t n) { acc->d += (double)simd()->sum_squares(x, n); }
static void max_rows_f32(Acc *acc, const void *x, int64_t n) {
  double best = (double)simd()->max(x, n);
  if (best > acc->d || best != best) acc->d = best;
}
static void min_rows_f32(Acc *acc, const void *x, int64_t n) {
  double best = (double)simd()->min(x, n);
  if (best < acc->d || best != best) acc->d = best;
}

#define COMPLEX_TYPE(T, t, part)                                                                     \
  static void sum_##t##_row(Acc *acc, const void *in, int64_t n) {                                   \
    const part *p = in;                                                                              \
    for (int64_t i = 0; i < n; i++) {                                                                \
      acc->c[0] += (double)p[2 * i];                                                                 \
      acc->c[1] += (double)p[2 * i + 1];                                                             \
    }                                                                                                \
  }                                                                                                  \
  static void sum_##t##_column(Acc *acc, const void *in, int64_t n) {                                \
    for (int64_t i = 0; i < n; i++) sum_##t##_row(acc + i, (const part *)in + 2 * i, 1);             \
  }                                                                                                  \
  static void prod_##t##_row(Acc *acc, const void *in, int64_t n) {                                  \
    const T *p = in;                                                                                 \
    C128 s = complex_of(acc->c[0], acc->c[1]);                                                       \
    for (int64_t i = 0; i < n; i++) s *= p[i];                                                       \
    acc->c[0] = creal(s);                                                                            \
    acc->c[1] = cimag(s);                                                                            \
  }                                                                                                  \
  static void prod_##t##_column(Acc *acc, const void *in, int64_t n) {                               \
    for (int64_t i = 0; i < n; i++) prod_##t##_row(acc + i, (const T *)in + i, 1);                   \
  }                                                                                                  \
  static void norm_##t##_row(Acc *acc, const void *in, int64_t n) {                                  \
    const part *p = in;                                                                              \
    for (int64_t i = 0; i < 2 * n; i++) acc->c[0] += (double)p[i] * (double)p[i];                    \
  }                                                                                                  \
  static void norm_##t##_column(Acc *acc, const void *in, int64_t n) {                               \
    for (int64_t i = 0; i < n; i++) norm_##t##_row(acc + i, (const part *)in + 2 * i, 1);            \
  }                                                                                                  \
  static void plain_##t##_finish(void *out, const Acc *acc, int64_t n, int64_t count) {              \
    (void)count;                                                                                     \
    for (int64_t i = 0; i < n; i++) ((T *)out)[i] = (T)complex_of(acc[i].c[0], acc[i].c[1]);         \
  }                                                                                                  \
  static void mean_##t##_finish(void *out, const Acc *acc, int64_t n, int64_t count) {               \
    double k = count ? (double)count : 1; /* TF: of nothing it is 0 */                               \
    for (int64_t i = 0; i < n; i++) ((T *)out)[i] = (T)complex_of(acc[i].c[0] / k, acc[i].c[1] / k); \
  }                                                                                                  \
  static void norm_##t##_finish(void *out, const Acc *acc, int64_t n, int64_t count) {               \
    (void)count;                                                                                     \
    for (int64_t i = 0; i < n; i++) ((T *)out)[i] = (T)sqrt(acc[i].c[0]);                            \
  }
#define COMPLEX_FNS(t)                                                      \
  {                                                                         \
    [R_SUM] = FNS(sum_##t, plain_##t), [R_PROD] = FNS(prod_##t, plain_##t), \
    [R_MEAN] = FNS(sum_##t, mean_##t), [R_NORM] = FNS(norm_##t, norm_##t)   \
  }
COMPLEX_TYPE(C64, c64, float)
COMPLEX_TYPE(C128, c128, double)

REDUCE(any, uint8_t, U, u, s | x)
REDUCE(all, uint8_t, U, u, s &x)
FINISH(bool, uint8_t, U, u, s != 0)

static const ReduceFns reduce_fns[MK_COUNT][R_OPS] = {
    [MK_F32] = {[R_SUM] = {sum_rows_f32, sum_f32_column, plain_f32_finish},
                [R_PROD] = FNS(prod_f32, plain_f32),
                [R_MAX] = {max_rows_f32, max_f32_column, plain_f32_finish},
                [R_MIN] = {min_rows_f32, min_f32_column, plain_f32_finish},
                [R_MEAN] = {sum_rows_f32, sum_f32_column, mean_f32_finish},
                [R_NORM] = {norm_rows_f32, norm_f32_column, norm_f32_finish},
                [R_L2] = {norm_rows_f32, norm_f32_column, l2_f32_finish}},
    [MK_F64] = {[R_SUM] = FNS(sum_f64, plain_f64),
                [R_PROD] = FNS(prod_f64, plain_f64),
                [R_MAX] = FNS(max_f64, plain_f64),
                [R_MIN] = FNS(min_f64, plain_f64),
                [R_MEAN] = FNS(sum_f64, mean_f64),
                [R_NORM] = FNS(norm_f64, norm_f64),
                [R_L2] = FNS(norm_f64, l2_f64)},
    [MK_I8] = INT_FNS(i8),
    [MK_I16] = INT_FNS(i16),
    [MK_I32] = INT_FNS(i32),
    [MK_I64] = INT_FNS(i64),
    [MK_U8] = INT_FNS(u8),
    [MK_U16] = INT_FNS(u16),
    [MK_U32] = INT_FNS(u32),
    [MK_U64] = INT_FNS(u64),
    [MK_C64] = COMPLEX_FNS(c64),
    [MK_C128] = COMPLEX_FNS(c128),
    [MK_BOOL] = {[R_ANY] = FNS(any, bool), [R_ALL] = FNS(all, bool)},
};

/* The accumulator of nothing. */
static Acc neutral(ReduceOp op, int kind) {
  static const int64_t lowest[MK_COUNT] =
      {[MK_I8] = INT8_MIN, [MK_I16] = INT16_MIN, [MK_I32] = INT32_MIN, [MK_I64] = INT64_MIN};
  static const uint64_t highest[MK_COUNT] = {
      [MK_I8] = INT8_MAX,  [MK_I16] = INT16_MAX,  [MK_I32] = INT32_MAX,  [MK_I64] = INT64_MAX,
      [MK_U8] = UINT8_MAX, [MK_U16] = UINT16_MAX, [MK_U32] = UINT32_MAX, [MK_U64] = UINT64_MAX};
  Acc a = {.c = {0, 0}};
  bool real = kind == MK_F32 || kind == MK_F64, is_complex = kind == MK_C64 || kind == MK_C128;
  switch (op) {
    case R_PROD:
      if (real || is_complex) a.d = 1;
      else a.u = 1;
      break;
    case R_MAX:
      if (real) a.d = -INFINITY;
      else a.i = lowest[kind];
      break;
    case R_MIN:
      if (real) a.d = INFINITY;
      else a.u = highest[kind];
      break;
    case R_ALL: a.u = 1; break;
    default: break;
  }
  return a;
}

TF_Code reduce_init_as(OpInit *k, ReduceOp op, TF_Status *st) {
  ReduceState *s = k->state;
  s->op = op;
  s->dtype = dtype_base(k->node->input_types[0]);
  s->is_16 = math_is_16(s->dtype);
  s->kind = math_kind(s->dtype);
  if (s->kind >= 0) s->fns = reduce_fns[s->kind][s->op];
  if (!s->fns.row)
    return fail(st, TF_UNIMPLEMENTED, "%s has no kernel for %s", k->row->name, dtype_name(s->dtype));
  return TF_OK;
}

static TF_Code reduce_init(OpInit *k, TF_Status *st) {
  static const struct {
    const char *name;
    ReduceOp op;
  } names[] = {{"Sum", R_SUM},   {"Prod", R_PROD},          {"Max", R_MAX}, {"Min", R_MIN},
               {"Mean", R_MEAN}, {"EuclideanNorm", R_NORM}, {"Any", R_ANY}, {"All", R_ALL}};
  size_t i = 0;
  while (i < SM_COUNTOF(names) - 1 && strcmp(names[i].name, k->row->name) != 0) i++;
  TRY(reduce_init_as(k, names[i].op, st));
  return node_attr_bool(k->node, "keep_dims", &((ReduceState *)k->state)->keep_dims, st);
}

static TF_Code read_axes(const Tensor *in, const Tensor *axes, bool *reduced, TF_Status *st) {
  for (int64_t i = 0, n = tensor_count(axes); i < n; i++) {
    int64_t axis = math_int_at(axes, i);
    if (axis < -in->rank || axis >= in->rank)
      return fail(st, TF_INVALID_ARGUMENT, "Invalid reduction dimension (%lld for input with %d dimension(s)",
                  (long long)axis, in->rank);
    int d = (int)(axis < 0 ? axis + in->rank : axis);
    if (reduced[d])
      return fail(st, TF_INVALID_ARGUMENT,
                  "Invalid reduction arguments: Axes contains duplicate dimension: %d", d);
    reduced[d] = true;
  }
  return TF_OK;
}

/* Splits the dims into runs; the last run becomes `inner`, the others the kept and reduced lists. */
static void plan_runs(ReducePrep *p, const Tensor *in, const bool *reduced) {
  int64_t size[TENSOR_MAX_RANK], stride[TENSOR_MAX_RANK];
  bool is_reduced[TENSOR_MAX_RANK];
  int runs = 0;
  for (int d = 0; d < in->rank; d++) {
    if (in->dims[d] == 1) continue;
    if (runs > 0 && is_reduced[runs - 1] == reduced[d]) {
      size[runs - 1] *= in->dims[d];
    } else {
      size[runs] = in->dims[d];
      is_reduced[runs++] = reduced[d];
    }
  }
  int64_t step = 1;
  for (int r = runs - 1; r >= 0; r--) {
    stride[r] = step;
    step *= size[r];
  }
  p->rows = runs > 0 && is_reduced[runs - 1];
  p->inner = runs > 0 ? size[runs - 1] : 1;
  p->outer = p->repeats = 1;
  for (int r = 0; r < runs - 1; r++) {
    if (is_reduced[r]) {
      p->reduced_dims[p->reduced_rank] = size[r];
      p->reduced_strides[p->reduced_rank++] = stride[r];
      p->repeats *= size[r];
    } else {
      p->kept_dims[p->kept_rank] = size[r];
      p->kept_strides[p->kept_rank++] = stride[r];
      p->outer *= size[r];
    }
  }
  p->count = p->repeats * (p->rows ? p->inner : 1);
}

TF_Code reduce_prepare_as(OpCtx *c, const bool *reduced, const int64_t *out_dims, int out_rank,
                          TF_Status *st) {
  const ReduceState *s = c->state;
  ReducePrep *p = c->prep;
  plan_runs(p, op_input(c, 0), reduced);
  if (p->rows && p->outer == 1 && p->repeats == 1 && p->inner > PIECE) {
    p->pieces = (p->inner + PIECE - 1) / PIECE;
    op_scratch(c, (size_t)p->pieces * sizeof(Acc));
  }
  return op_output(c, 0, s->dtype, out_dims, out_rank, st);
}

static TF_Code reduce_prepare(OpCtx *c, TF_Status *st) {
  const ReduceState *s = c->state;
  const Tensor *in = op_input(c, 0);
  bool reduced[TENSOR_MAX_RANK] = {false};
  TRY(read_axes(in, op_input(c, 1), reduced, st));
  int64_t dims[TENSOR_MAX_RANK];
  int rank = 0;
  for (int d = 0; d < in->rank; d++) {
    if (!reduced[d]) dims[rank++] = in->dims[d];
    else if (s->keep_dims) dims[rank++] = 1;
  }
  return reduce_prepare_as(c, reduced, dims, rank, st);
}

static int64_t offset_at(int64_t i, int rank, const int64_t *dims, const int64_t *strides) {
  int64_t offset = 0;
  for (int d = rank - 1; d >= 0; d--) {
    offset += i % dims[d] * strides[d];
    i /= dims[d];
  }
  return offset;
}

typedef struct ReduceRun {
  const ReduceState *s;
  const ReducePrep *p;
  const char *in;
  char *out;
  size_t size; /* bytes an element */
  Acc *partial;
} ReduceRun;

static void add_row(const ReduceState *s, Acc *acc, const void *in, int64_t n) {
  if (!s->is_16) {
    s->fns.row(acc, in, n);
    return;
  }
  float x[MATH_BLOCK];
  for (int64_t i = 0; i < n; i += MATH_BLOCK) {
    int64_t k = n - i < MATH_BLOCK ? n - i : MATH_BLOCK;
    math_load_16(x, (const uint16_t *)in + i, k, s->dtype);
    s->fns.row(acc, x, k);
  }
}

/* n <= CHUNK */
static void add_columns(const ReduceState *s, Acc *acc, const void *in, int64_t n) {
  if (!s->is_16) {
    s->fns.column(acc, in, n);
    return;
  }
  float x[CHUNK];
  math_load_16(x, in, n, s->dtype);
  s->fns.column(acc, x, n);
}

/* n <= CHUNK */
static void finish(const ReduceRun *r, char *out, const Acc *acc, int64_t n) {
  const ReduceState *s = r->s;
  if (!s->is_16) {
    s->fns.finish(out, acc, n, r->p->count);
    return;
  }
  float x[CHUNK];
  s->fns.finish(x, acc, n, r->p->count);
  /* TF: the count is a half too, infinite past 65504. */
  if (s->op == R_MEAN && s->dtype == TF_HALF && r->p->count > 65519)
    for (int64_t i = 0; i < n; i++) x[i] = NAN;
  math_store_16((uint16_t *)out, x, n, s->dtype);
}

/* Output elements [begin, end). */
static void run_rows(void *arg, int64_t begin, int64_t end) {
  const ReduceRun *r = arg;
  const ReducePrep *p = r->p;
  for (int64_t i = begin; i < end; i++) {
    const char *in = r->in + (size_t)offset_at(i, p->kept_rank, p->kept_dims, p->kept_strides) * r->size;
    Acc acc = neutral(r->s->op, r->s->kind);
    for (int64_t j = 0; j < p->repeats; j++)
      add_row(r->s, &acc,
              in + (size_t)offset_at(j, p->reduced_rank, p->reduced_dims, p->reduced_strides) * r->size,
              p->inner);
    finish(r, r->out + (size_t)i * r->size, &acc, 1);
  }
}

/* Sums of floats: up to 64 rows in float, those in double. */
static void sum_floats(const ReduceRun *r, Acc *acc, const char *in, int64_t n) {
  const ReducePrep *p = r->p;
  EwBinaryFn *add = simd()->binary[EW_ADD][EW_F32];
  float part[CHUNK];
  for (int64_t j = 0; j < p->repeats; j += 64) {
    int64_t stop = j + 64 < p->repeats ? j + 64 : p->repeats;
    memcpy(part, in + (size_t)offset_at(j, p->reduced_rank, p->reduced_dims, p->reduced_strides) * 4,
           (size_t)n * 4);
    for (int64_t k = j + 1; k < stop; k++)
      add(part, part, in + (size_t)offset_at(k, p->reduced_rank, p->reduced_dims, p->reduced_strides) * 4, n,
          EW_VV);
    for (int64_t i = 0; i < n; i++) acc[i].d += (double)part[i];
  }
}

/* Stretches [begin, end) of CHUNK output elements. */
static void run_columns(void *arg, int64_t begin, int64_t end) {
  const ReduceRun *r = arg;
  const ReducePrep *p = r->p;
  int64_t stretches = (p->inner + CHUNK - 1) / CHUNK;
  bool sums = r->s->dtype == TF_FLOAT && (r->s->op == R_SUM || r->s->op == R_MEAN);
  Acc zero = neutral(r->s->op, r->s->kind), acc[CHUNK];
  for (int64_t i = begin; i < end; i++) {
    int64_t outer = i / stretches, at = i % stretches * CHUNK;
    int64_t n = p->inner - at < CHUNK ? p->inner - at : CHUNK;
    const char *in = r->in +
                     (size_t)(offset_at(outer, p->kept_rank, p->kept_dims, p->kept_strides) + at) * r->size;
    for (int64_t k = 0; k < n; k++) acc[k] = zero;
    if (sums) {
      sum_floats(r, acc, in, n);
    } else {
      for (int64_t j = 0; j < p->repeats; j++)
        add_columns(r->s, acc,
                    in + (size_t)offset_at(j, p->reduced_rank, p->reduced_dims, p->reduced_strides) * r->size,
                    n);
    }
    finish(r, r->out + (size_t)(outer * p->inner + at) * r->size, acc, n);
  }
}

static void run_pieces(void *arg, int64_t begin, int64_t end) {
  const ReduceRun *r = arg;
  for (int64_t i = begin; i < end; i++) {
    int64_t at = i * PIECE, n = r->p->inner - at < PIECE ? r->p->inner - at : PIECE;
    r->partial[i] = neutral(r->s->op, r->s->kind);
    add_row(r->s, &r->partial[i], r->in + (size_t)at * r->size, n);
  }
}

/* Combines two accumulators. */
static void combine(const ReduceState *s, Acc *a, const Acc *b) {
  bool real = s->kind == MK_F32 || s->kind == MK_F64, is_complex = s->kind == MK_C64 || s->kind == MK_C128;
  bool is_signed = s->kind >= MK_I8 && s->kind <= MK_I64;
  switch (s->op) {
    case R_PROD:
      if (is_complex) {
        double re = a->c[0] * b->c[0] - a->c[1] * b->c[1];
        a->c[1] = a->c[0] * b->c[1] + a->c[1] * b->c[0];
        a->c[0] = re;
      } else if (real) {
        a->d *= b->d;
      } else {
        a->u *= b->u;
      }
      break;
    case R_MAX:
      if (real ? b->d > a->d || b->d != b->d : is_signed ? b->i > a->i : b->u > a->u) *a = *b;
      break;
    case R_MIN:
      if (real ? b->d < a->d || b->d != b->d : is_signed ? b->i < a->i : b->u < a->u) *a = *b;
      break;
    case R_ANY: a->u |= b->u; break;
    case R_ALL: a->u &= b->u; break;
    default:
      if (is_complex) {
        a->c[0] += b->c[0];
        a->c[1] += b->c[1];
      } else if (real) {
        a->d += b->d;
      } else {
        a->u += b->u;
      }
  }
}

enum { GRAIN = 16384 };

TF_Code reduce_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const ReducePrep *p = c->prep;
  ReduceRun r = {c->state,  p, op_input(c, 0)->data, c->outputs[0].data, dtype_size(op_input(c, 0)->dtype),
                 c->scratch};
  if (tensor_count(&c->outputs[0]) == 0) return TF_OK;
  if (p->pieces) {
    parallel_for(c->threads, p->pieces, 1, run_pieces, &r);
    for (int64_t i = 1; i < p->pieces; i++) combine(r.s, &r.partial[0], &r.partial[i]);
    finish(&r, r.out, &r.partial[0], 1);
  } else if (p->rows) {
    int64_t work = p->count > 0 ? p->count : 1;
    parallel_for(c->threads, p->outer, work >= GRAIN ? 1 : GRAIN / work + 1, run_rows, &r);
  } else {
    int64_t stretches = (p->inner + CHUNK - 1) / CHUNK, n = p->inner < CHUNK ? p->inner : CHUNK;
    int64_t work = p->count * n > 0 ? p->count * n : 1;
    parallel_for(c->threads, p->outer * stretches, work >= GRAIN ? 1 : GRAIN / work + 1, run_columns, &r);
  }
  return TF_OK;
}

#define REDUCTION(name_, types_)                                                           \
  {                                                                                        \
    name_, .types = types_, .value_inputs = 2, .state_size = sizeof(ReduceState),          \
           .prep_size = sizeof(ReducePrep), .shape = shape_reduction, .init = reduce_init, \
           .prepare = reduce_prepare, .run = reduce_run                                    \
  }

const OpRow ops_reduce[] = {REDUCTION("Sum", "T: " TYPES_NUMBERS),
                            REDUCTION("Prod", "T: " TYPES_NUMBERS),
                            REDUCTION("Max", "T: " TYPES_REAL),
                            REDUCTION("Min", "T: " TYPES_REAL),
                            REDUCTION("Mean", "T: " TYPES_NUMBERS),
                            REDUCTION("EuclideanNorm", "T: " TYPES_NUMBERS),
                            REDUCTION("Any", NULL),
                            REDUCTION("All", NULL),
                            {0}};
