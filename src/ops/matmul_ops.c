/* MatMul, BatchMatMul, BatchMatMulV2, BatchMatMulV3.
 *
 * Three ways, chosen in prepare by size and dtype: our own vector code for small products of floats, oneDNN
 * for large ones, plain loops for other numbers (and for everything when oneDNN is not there). half and
 * bfloat16 are widened into scratch, computed as float and rounded once; so are the bytes that V3 takes
 * beside other types. */
#include <complex.h>
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "dnnl/dnnl_call.h"
#include "ops/math_broadcast.h"
#include "ops/matmul_ops.h"

typedef float complex C64;
typedef double complex C128;

/* Row by row of B, so that the inner loop runs along memory. Integers wrap. */
#define PLAIN(name, T, W, LOAD_A, LOAD_B)                                                                   \
  static void name(const Product *p, const void *av, const void *bv, void *cv) {                            \
    const T *a = av, *b = bv;                                                                               \
    T *c = cv;                                                                                              \
    for (int64_t i = 0; i < p->m; i++) {                                                                    \
      T *row = c + i * p->n;                                                                                \
      memset(row, 0, (size_t)p->n * sizeof(T));                                                             \
      for (int64_t x = 0; x < p->k; x++) {                                                                  \
        T av_ = a[i * p->a_row + x * p->a_col];                                                             \
        W f = (W)(LOAD_A(av_));                                                                             \
        const T *from = b + x * p->b_row;                                                                   \
        if (p->b_col == 1) {                                                                                \
          for (int64_t j = 0; j < p->n; j++) row[j] = (T)((W)row[j] + f * (W)(LOAD_B(from[j])));            \
        } else {                                                                                            \
          for (int64_t j = 0; j < p->n; j++) row[j] = (T)((W)row[j] + f * (W)(LOAD_B(from[j * p->b_col]))); \
        }                                                                                                   \
      }                                                                                                     \
    }                                                                                                       \
  }
#define AS_IS(x) (x)
#define MAYBE_CONJ_A(x) (p->conj_a ? conj(x) : (x))
#define MAYBE_CONJ_B(x) (p->conj_b ? conj(x) : (x))
PLAIN(plain_f32, float, float, AS_IS, AS_IS)
PLAIN(plain_f64, double, double, AS_IS, AS_IS)
PLAIN(plain_i16, int16_t, uint32_t, AS_IS, AS_IS)
PLAIN(plain_i32, int32_t, uint32_t, AS_IS, AS_IS)
PLAIN(plain_i64, int64_t, uint64_t, AS_IS, AS_IS)
PLAIN(plain_c64, C64, C64, MAYBE_CONJ_A, MAYBE_CONJ_B)
PLAIN(plain_c128, C128, C128, MAYBE_CONJ_A, MAYBE_CONJ_B)

PlainFn *matmul_plain_fn(int kind) {
  switch (kind) {
    case MK_F32: return plain_f32;
    case MK_F64: return plain_f64;
    case MK_I16: return plain_i16;
    case MK_I32: return plain_i32;
    case MK_I64: return plain_i64;
    case MK_C64: return plain_c64;
    case MK_C128: return plain_c128;
    default: return NULL;
  }
}

typedef struct MatMulState {
  TF_DataType dtype; /* the output's; the inputs' too unless mixed */
  bool mixed;
  bool transpose_a, transpose_b, adjoint; /* adjoint: transposing conjugates too */
  bool batched, broadcasts;
  bool keep_b; /* B is likely to be the same in each run: it is weights as they are */
  PlainFn *plain;
} MatMulState;

typedef struct MatMulPrep {
  Product p;
  Broadcast batch;          /* which matrices each product takes; count is the number of products */
  int64_t a_size, b_size;   /* elements of one matrix */
  int64_t a_count, b_count; /* elements of the whole inputs */
  DnnlCall *call;           /* or null */
  int64_t call_batch;       /* how many products one call makes */
  bool keep_b;              /* B is one matrix, the same in each run: what oneDNN makes of it is kept */
  bool pack_b;              /* B's columns lie apart: transpose it into scratch first */
  size_t a_at, b_at, c_at, pack_at, call_at; /* offsets in scratch */
} MatMulPrep;

static bool is_byte(TF_DataType d) { return d == TF_INT8 || d == TF_UINT8; }

/* Inputs of the output's type, bytes that give int32, or bytes with bfloat16. */
static TF_Code check_types(MatMulState *s, const Node *node, TF_Status *st) {
  TF_DataType a = dtype_base(node->input_types[0]), b = dtype_base(node->input_types[1]);
  s->mixed = a != s->dtype || b != s->dtype;
  if (!s->mixed) return TF_OK;
  if (s->dtype == TF_INT32 && is_byte(a) && is_byte(b)) return TF_OK;
  if (s->dtype == TF_BFLOAT16 && ((a == TF_BFLOAT16 && is_byte(b)) || (is_byte(a) && b == TF_BFLOAT16)))
    return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "No OpKernel was registered to support Op '%s' of %s and %s giving %s",
              node->op, dtype_name(a), dtype_name(b), dtype_name(s->dtype));
}

static TF_Code matmul_init(OpInit *k, TF_Status *st) {
  MatMulState *s = k->state;
  s->batched = strcmp(k->row->name, "MatMul") != 0;
  s->broadcasts = s->batched && strcmp(k->row->name, "BatchMatMul") != 0;
  s->adjoint = s->batched;
  s->dtype = dtype_base(k->node->output_types[0]);
  TRY(check_types(s, k->node, st));
  s->keep_b = s->dtype == TF_FLOAT && op_input_is_weights(k->node, 1);
  s->plain = matmul_plain_fn(math_kind(s->dtype));
  if (!s->plain)
    return fail(st, TF_UNIMPLEMENTED, "%s has no kernel for %s", k->row->name, dtype_name(s->dtype));
  TRY(node_attr_bool(k->node, s->batched ? "adj_x" : "transpose_a", &s->transpose_a, st));
  return node_attr_bool(k->node, s->batched ? "adj_y" : "transpose_b", &s->transpose_b, st);
}

static TF_Code fail_sizes(const Tensor *a, const Tensor *b, TF_Status *st) {
  char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT, "Matrix size-incompatible: In[0]: %s, In[1]: %s",
              shape_text(a->dims, a->rank, at, sizeof at), shape_text(b->dims, b->rank, bt, sizeof bt));
}

static TF_Code check_ranks(const MatMulState *s, const Tensor *a, const Tensor *b, TF_Status *st) {
  char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
  shape_text(a->dims, a->rank, at, sizeof at);
  shape_text(b->dims, b->rank, bt, sizeof bt);
  if (s->broadcasts) {
    if (a->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "In[0] ndims must be >= 2: %d", a->rank);
    if (b->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "In[1] ndims must be >= 2: %d", b->rank);
    return TF_OK;
  }
  if (a->rank != b->rank)
    return fail(st, TF_INVALID_ARGUMENT, "In[0] and In[1] has different ndims: %s vs. %s", at, bt);
  if (s->batched ? a->rank < 2 : a->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "In[0] and In[1] ndims must be %s 2: %d",
                s->batched ? ">=" : "==", a->rank);
  for (int i = 0; i < a->rank - 2; i++)
    if (a->dims[i] != b->dims[i])
      return fail(st, TF_INVALID_ARGUMENT, "In[0].dim(%d) and In[1].dim(%d) must be the same: %s vs %s", i, i,
                  at, bt);
  return TF_OK;
}

/* The batch dims as tensors of their own, broadcast; `dims` gets the output's. */
static TF_Code plan_batch(MatMulPrep *p, const Tensor *a, const Tensor *b, int64_t *dims, int *rank,
                          TF_Status *st) {
  Tensor ab = *a, bb = *b;
  ab.rank -= 2;
  bb.rank -= 2;
  const Tensor *both[2] = {&ab, &bb};
  if (!broadcast_plan(&p->batch, both, 2, dims, rank)) {
    char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
    return fail(st, TF_INVALID_ARGUMENT, "In[0] and In[1] must have compatible batch dimensions: %s vs. %s",
                shape_text(a->dims, a->rank, at, sizeof at), shape_text(b->dims, b->rank, bt, sizeof bt));
  }
  return TF_OK;
}

/* Multiplications up to which our own code is as quick as oneDNN's, with nothing to set up. */
enum { SMALL_PRODUCT = 128 * 128 * 128 };

static void take_scratch(size_t *total, size_t *at, size_t bytes) {
  *at = *total;
  *total += (bytes + 63) / 64 * 64;
}

/* A oneDNN call for all products at once when the batch is regular, else for one at a time. */
static void plan_dnnl(OpCtx *c, MatMulPrep *p) {
  const MatMulState *s = c->state;
  const Broadcast *b = &p->batch;
  DnnlMatmulShape shape = {.batch = 1,
                           .m = p->p.m,
                           .n = p->p.n,
                           .k = p->p.k,
                           .a_row = p->p.a_row,
                           .a_col = p->p.a_col,
                           .b_row = p->p.b_row,
                           .b_col = p->p.b_col,
                           .threads = c->threads};
  if (b->rank == 1) {
    shape.batch = b->count;
    shape.a_batch = b->stride[0][0] * p->a_size;
    shape.b_batch = b->stride[1][0] * p->b_size;
  }
  const Tensor *lasting = s->dtype == TF_FLOAT && !s->mixed ? op_lasting_input(c, 1) : NULL;
  p->keep_b = shape.b_weights = (s->keep_b || lasting) &&
                                b->count == 1; /* lasting: weights transposed, say */
  p->call = dnnl_matmul_new(&shape);
  if (p->call && p->keep_b && lasting) dnnl_call_pack(p->call, lasting);
  p->call_batch = shape.batch;
}

static TF_Code matmul_prepare(OpCtx *c, TF_Status *st) {
  const MatMulState *s = c->state;
  MatMulPrep *p = c->prep;
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  TRY(check_ranks(s, a, b, st));
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  TRY(plan_batch(p, a, b, dims, &rank, st));
  int64_t a_rows = a->dims[a->rank - 2], a_cols = a->dims[a->rank - 1];
  int64_t b_rows = b->dims[b->rank - 2], b_cols = b->dims[b->rank - 1];
  Product *q = &p->p;
  q->m = s->transpose_a ? a_cols : a_rows;
  q->k = s->transpose_a ? a_rows : a_cols;
  q->n = s->transpose_b ? b_rows : b_cols;
  if (q->k != (s->transpose_b ? b_cols : b_rows)) return fail_sizes(a, b, st);
  q->a_row = s->transpose_a ? 1 : a_cols;
  q->a_col = s->transpose_a ? a_cols : 1;
  q->b_row = s->transpose_b ? 1 : b_cols;
  q->b_col = s->transpose_b ? b_cols : 1;
  q->conj_a = s->adjoint && s->transpose_a;
  q->conj_b = s->adjoint && s->transpose_b;
  p->a_size = a_rows * a_cols;
  p->b_size = b_rows * b_cols;
  p->a_count = tensor_count(a);
  p->b_count = tensor_count(b);
  dims[rank] = q->m;
  dims[rank + 1] = q->n;
  TRY(op_output(c, 0, s->dtype, dims, rank + 2, st));
  int64_t work, out_count;
  size_t bytes;
  TRY(shape_bytes(TF_FLOAT, dims, rank + 2, &out_count, &bytes, st));
  if (out_count == 0 || !checked_mul_i64(out_count, q->k, &work)) work = out_count ? INT64_MAX : 0;
  size_t scratch = 0;
  if (math_is_16(s->dtype) || s->mixed) {
    take_scratch(&scratch, &p->a_at, (size_t)p->a_count * 4);
    take_scratch(&scratch, &p->b_at, (size_t)p->b_count * 4);
    take_scratch(&scratch, &p->c_at, bytes);
  }
  if (math_kind(s->dtype) == MK_F32 && work > 0) {
    if (q->m > 1 && work / (p->batch.count ? p->batch.count : 1) > SMALL_PRODUCT) plan_dnnl(c, p);
    if (p->call) {
      take_scratch(&scratch, &p->call_at, dnnl_call_scratch(p->call));
    } else if (q->b_col != 1 && q->m > 1) {
      p->pack_b = true;
      take_scratch(&scratch, &p->pack_at, (size_t)p->b_size * 4);
    }
  }
  op_scratch(c, scratch);
  return TF_OK;
}

static void matmul_clear_prep(void *prep) { dnnl_call_free(((MatMulPrep *)prep)->call); }

static const char *matmul_way(const void *state, const void *prep) {
  const MatMulPrep *p = prep;
  if (p->call) return dnnl_call_name(p->call);
  return math_kind(((const MatMulState *)state)->dtype) == MK_F32 ? "vectors" : "plain loops";
}

/* B[k, n] with its columns apart, made dense. */
static void pack_transposed(const Product *p, const float *b, float *out) {
  enum { TILE = 16 };
  for (int64_t j0 = 0; j0 < p->n; j0 += TILE)
    for (int64_t x0 = 0; x0 < p->k; x0 += TILE)
      for (int64_t x = x0; x < p->k && x < x0 + TILE; x++)
        for (int64_t j = j0; j < p->n && j < j0 + TILE; j++)
          out[x * p->n + j] = b[x * p->b_row + j * p->b_col];
}

typedef struct GemmPart {
  const Product *p;
  const float *a, *b;
  float *c;
  int64_t b_row;
} GemmPart;

static void gemm_rows(void *arg, int64_t begin, int64_t end) {
  const GemmPart *g = arg;
  const Product *p = g->p;
  GemmF32 gemm = {g->a + begin * p->a_row,
                  g->b,
                  g->c + begin * p->n,
                  end - begin,
                  p->n,
                  p->k,
                  p->a_row,
                  p->a_col,
                  g->b_row,
                  p->n};
  simd()->gemm_f32(&gemm);
}

static void gemm_columns(void *arg, int64_t begin, int64_t end) {
  const GemmPart *g = arg;
  const Product *p = g->p;
  GemmF32 gemm = {g->a, g->b + begin, g->c + begin, p->m,     end - begin,
                  p->k, p->a_row,     p->a_col,     g->b_row, p->n};
  simd()->gemm_f32(&gemm);
}

/* B as it lies in memory is [n, k]: an output is the product of two rows. */
static void dot_columns(void *arg, int64_t begin, int64_t end) {
  const GemmPart *g = arg;
  const Product *p = g->p;
  for (int64_t j = begin; j < end; j++) {
    const float *b = g->b + j * p->b_col;
    if (p->a_col == 1) {
      g->c[j] = simd()->dot(g->a, b, p->k);
      continue;
    }
    float s = 0;
    for (int64_t x = 0; x < p->k; x++) s += g->a[x * p->a_col] * b[x];
    g->c[j] = s;
  }
}

enum { PART_WORK = 64 * 1024 }; /* multiplications below which a second thread does not pay */

/* By rows where there are many, else by columns. */
static void split_gemm(int threads, GemmPart *g) {
  const Product *q = g->p;
  int64_t per_row = q->n * q->k + 1, per_column = q->m * q->k + 1;
  if (q->m >= 4 * threads) parallel_for(threads, q->m, PART_WORK / per_row + 1, gemm_rows, g);
  else parallel_for(threads, q->n, (PART_WORK / per_column + 64) / 64 * 64, gemm_columns, g);
}

void matmul_f32(int threads, const Product *p, const float *a, const float *b, float *c) {
  GemmPart g = {p, a, b, c, p->b_row};
  split_gemm(threads, &g);
}

/* One product with our own vector code. */
static void product_f32(const OpCtx *c, const MatMulPrep *p, const float *a, const float *b, float *out,
                        char *scratch) {
  const Product *q = &p->p;
  GemmPart g = {q, a, b, out, q->b_row};
  int64_t per_column = q->m * q->k + 1;
  if (q->b_col != 1 && !p->pack_b) {
    parallel_for(c->threads, q->n, PART_WORK / per_column + 1, dot_columns, &g);
    return;
  }
  if (p->pack_b) {
    float *packed = (float *)(scratch + p->pack_at);
    pack_transposed(q, b, packed);
    g.b = packed;
    g.b_row = q->n;
  }
  split_gemm(c->threads, &g);
}

static TF_Code run_f32(OpCtx *c, const float *a, const float *b, float *out, TF_Status *st) {
  const MatMulPrep *p = c->prep;
  char *scratch = c->scratch;
  int64_t out_size = p->p.m * p->p.n, offset[3];
  const Tensor *weights = p->keep_b ? op_lasting_input(c, 1) : NULL;
  for (int64_t i = 0; i < p->batch.count;) {
    /* The odometer of Broadcast leaves the last dim to its caller. */
    int64_t inner = p->batch.dims[p->batch.rank - 1];
    broadcast_offsets(&p->batch, i / inner, offset);
    offset[0] += i % inner * p->batch.stride[0][p->batch.rank - 1];
    offset[1] += i % inner * p->batch.stride[1][p->batch.rank - 1];
    const float *x = a + offset[0] * p->a_size, *y = b + offset[1] * p->b_size;
    float *z = out + i * out_size;
    if (p->call) {
      void *buffers[3] = {(void *)x, (void *)y, z};
      if (!dnnl_call_run_weights(p->call, weights, buffers, scratch + p->call_at))
        return fail_oom(st, "oneDNN");
      i += p->call_batch;
    } else {
      product_f32(c, p, x, y, z, scratch);
      i++;
    }
  }
  return TF_OK;
}

static void widen(float *out, const Tensor *t, int64_t n) {
  if (math_is_16(t->dtype)) math_load_16(out, t->data, n, t->dtype);
  else
    for (int64_t i = 0; i < n; i++) out[i] = (float)math_int_at(t, i);
}

static TF_Code run_16(OpCtx *c, TF_Status *st) {
  const MatMulState *s = c->state;
  const MatMulPrep *p = c->prep;
  char *scratch = c->scratch;
  float *a = (float *)(scratch + p->a_at), *b = (float *)(scratch + p->b_at),
        *out = (float *)(scratch + p->c_at);
  widen(a, op_input(c, 0), p->a_count);
  widen(b, op_input(c, 1), p->b_count);
  TRY(run_f32(c, a, b, out, st));
  math_store_16(c->outputs[0].data, out, tensor_count(&c->outputs[0]), s->dtype);
  return TF_OK;
}

typedef struct PlainRun {
  const MatMulState *s;
  const MatMulPrep *p;
  const char *a, *b;
  char *c;
  size_t size;
} PlainRun;

static void plain_products(void *arg, int64_t begin, int64_t end) {
  const PlainRun *r = arg;
  const Broadcast *batch = &r->p->batch;
  int64_t inner = batch->dims[batch->rank - 1], offset[3];
  for (int64_t i = begin; i < end; i++) {
    broadcast_offsets(batch, i / inner, offset);
    offset[0] += i % inner * batch->stride[0][batch->rank - 1];
    offset[1] += i % inner * batch->stride[1][batch->rank - 1];
    r->s->plain(&r->p->p, r->a + (size_t)(offset[0] * r->p->a_size) * r->size,
                r->b + (size_t)(offset[1] * r->p->b_size) * r->size,
                r->c + (size_t)(i * r->p->p.m * r->p->p.n) * r->size);
  }
}

static TF_Code matmul_run(OpCtx *c, TF_Status *st) {
  const MatMulState *s = c->state;
  const MatMulPrep *p = c->prep;
  Tensor *out = &c->outputs[0];
  int64_t count = tensor_count(out);
  if (count == 0) return TF_OK;
  if (p->p.k == 0) {
    memset(out->data, 0, (size_t)count * dtype_size(s->dtype));
    return TF_OK;
  }
  if (math_is_16(s->dtype)) return run_16(c, st);
  if (s->dtype == TF_FLOAT) return run_f32(c, op_input(c, 0)->data, op_input(c, 1)->data, out->data, st);
  PlainRun r = {s, p, op_input(c, 0)->data, op_input(c, 1)->data, out->data, dtype_size(s->dtype)};
  if (s->mixed) {
    int32_t *a = (int32_t *)((char *)c->scratch + p->a_at), *b = (int32_t *)((char *)c->scratch + p->b_at);
    for (int64_t i = 0; i < p->a_count; i++) a[i] = (int32_t)math_int_at(op_input(c, 0), i);
    for (int64_t i = 0; i < p->b_count; i++) b[i] = (int32_t)math_int_at(op_input(c, 1), i);
    r.a = (const char *)a;
    r.b = (const char *)b;
  }
  int64_t work = p->p.m * p->p.n * p->p.k + 1;
  parallel_for(c->threads, p->batch.count, PART_WORK / work + 1, plain_products, &r);
  return TF_OK;
}

/* Dims of a matrix argument as far as known; false when the rank is not. */
static bool matrix_dims(const Shape *s, bool transpose, int64_t *rows, int64_t *cols) {
  if (s->rank < 2) return false;
  *rows = s->dims[s->rank - (transpose ? 1 : 2)];
  *cols = s->dims[s->rank - (transpose ? 2 : 1)];
  return true;
}

static TF_Code matmul_shape_of(ShapeCtx *c, bool ta, bool tb, bool batched, TF_Status *st) {
  const Shape *a = c->inputs[0], *b = c->inputs[1];
  int min_rank = 2;
  for (int i = 0; i < 2; i++) {
    const Shape *s = c->inputs[i];
    if (s->rank >= 0 && (batched ? s->rank < min_rank : s->rank != 2))
      return fail(st, TF_INVALID_ARGUMENT, "Shape must be %srank 2 but is rank %d",
                  batched ? "at least " : "", s->rank);
  }
  int64_t m = -1, k = -1, k2 = -1, n = -1;
  bool a_known = matrix_dims(a, ta, &m, &k), b_known = matrix_dims(b, tb, &k2, &n);
  if (k >= 0 && k2 >= 0 && k != k2)
    return fail(st, TF_INVALID_ARGUMENT, "Dimensions must be equal, but are %lld and %lld", (long long)k,
                (long long)k2);
  Shape batch = {.rank = 0};
  if (batched) {
    if (!a_known || !b_known) return TF_OK;
    Shape ab = *a, bb = *b;
    ab.rank -= 2;
    bb.rank -= 2;
    TRY(shape_broadcast_two(&ab, &bb, &batch, st));
  }
  batch.dims[batch.rank] = m;
  batch.dims[batch.rank + 1] = n;
  batch.rank += 2;
  c->outputs[0] = batch;
  return TF_OK;
}

static TF_Code shape_matmul(ShapeCtx *c, TF_Status *st) {
  bool ta, tb;
  TRY(node_attr_bool(c->node, "transpose_a", &ta, st));
  TRY(node_attr_bool(c->node, "transpose_b", &tb, st));
  return matmul_shape_of(c, ta, tb, false, st);
}

static TF_Code shape_batch_matmul(ShapeCtx *c, TF_Status *st) {
  bool ta, tb;
  TRY(node_attr_bool(c->node, "adj_x", &ta, st));
  TRY(node_attr_bool(c->node, "adj_y", &tb, st));
  return matmul_shape_of(c, ta, tb, true, st);
}

#define MATMUL(name_, shape_)                                                                   \
  {                                                                                             \
    name_, .types = "T: " TYPES_FLOATS " int16 int32 int64 " TYPES_COMPLEX,                     \
           .state_size = sizeof(MatMulState), .prep_size = sizeof(MatMulPrep), .shape = shape_, \
           .init = matmul_init, .prepare = matmul_prepare, .run = matmul_run,                   \
           .clear_prep = matmul_clear_prep, .way = matmul_way                                   \
  }

#define V3_TYPES "bfloat16 float double int8 uint8 int16 int32 int64 " TYPES_COMPLEX

const OpRow ops_matmul[] = {MATMUL("MatMul", shape_matmul),
                            MATMUL("BatchMatMul", shape_batch_matmul),
                            MATMUL("BatchMatMulV2", shape_batch_matmul),
                            {"BatchMatMulV3", .types = "Ta: " V3_TYPES "; Tb: " V3_TYPES "; Tout: " V3_TYPES,
                             .state_size = sizeof(MatMulState), .prep_size = sizeof(MatMulPrep),
                             .shape = shape_batch_matmul, .init = matmul_init, .prepare = matmul_prepare,
                             .run = matmul_run, .clear_prep = matmul_clear_prep, .way = matmul_way},
                            {0}};
