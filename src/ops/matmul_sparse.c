/* SparseMatMul: a product of two dense matrices of which one or both are told to be mostly zeros, which are
 * skipped: a zero of such a matrix makes no NaN of an infinity. Answers in float. */
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "ops/math_types.h"
#include "ops/matmul_ops.h"
#include "ops/op.h"

typedef struct SparseState {
  bool turn_a, turn_b, sparse_a, sparse_b;
} SparseState;

typedef struct SparsePrep {
  int64_t m, n, k;
  size_t a_at, b_at; /* plain copies [m, k] and [k, n] in scratch */
} SparsePrep;

static TF_Code sparse_init(OpInit *k, TF_Status *st) {
  SparseState *s = k->state;
  TRY(node_attr_bool(k->node, "transpose_a", &s->turn_a, st));
  TRY(node_attr_bool(k->node, "transpose_b", &s->turn_b, st));
  TRY(node_attr_bool(k->node, "a_is_sparse", &s->sparse_a, st));
  return node_attr_bool(k->node, "b_is_sparse", &s->sparse_b, st);
}

static TF_Code sparse_prepare(OpCtx *c, TF_Status *st) {
  const SparseState *s = c->state;
  SparsePrep *p = c->prep;
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  if (a->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "a is not a matrix");
  if (b->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "b is not a matrix");
  p->m = a->dims[s->turn_a];
  p->k = a->dims[!s->turn_a];
  p->n = b->dims[!s->turn_b];
  if (p->k != b->dims[s->turn_b]) {
    char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
    return fail(st, TF_INVALID_ARGUMENT, "Matrix size incompatible: a: %s, b: %s",
                shape_text(a->dims, 2, at, sizeof at), shape_text(b->dims, 2, bt, sizeof bt));
  }
  int64_t dims[2] = {p->m, p->n};
  TRY(op_output(c, 0, TF_FLOAT, dims, 2, st));
  size_t a_size, b_size, total;
  if (!checked_mul((size_t)tensor_count(a), sizeof(float), &a_size) ||
      !checked_mul((size_t)tensor_count(b), sizeof(float), &b_size) || !checked_add(a_size, 63, &a_size) ||
      !checked_add(a_size / 64 * 64, b_size, &total))
    return fail_oom(st, "scratch of a product");
  p->b_at = a_size / 64 * 64;
  op_scratch(c, total);
  return TF_OK;
}

/* A float copy with rows in order. */
static void straighten(float *out, const Tensor *t, bool turn) {
  int64_t rows = t->dims[0], columns = t->dims[1];
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      float *to = out + (turn ? j * rows + i : i * columns + j);
      if (t->dtype == TF_FLOAT) *to = ((const float *)t->data)[i * columns + j];
      else math_load_16(to, (const uint16_t *)t->data + i * columns + j, 1, t->dtype);
    }
  }
}

static TF_Code sparse_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const SparseState *s = c->state;
  const SparsePrep *p = c->prep;
  float *a = (float *)((char *)c->scratch + p->a_at), *b = (float *)((char *)c->scratch + p->b_at),
        *out = c->outputs[0].data;
  int64_t m = p->m, n = p->n, k = p->k;
  if (m == 0 || n == 0) return TF_OK;
  memset(out, 0, (size_t)(m * n) * sizeof *out);
  if (k == 0) return TF_OK;
  straighten(a, op_input(c, 0), s->turn_a);
  straighten(b, op_input(c, 1), s->turn_b);
  if (!s->sparse_a && !s->sparse_b) {
    Product product = {.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1};
    matmul_f32(c->threads, &product, a, b, out);
    return TF_OK;
  }
  bool left = s->sparse_a;
  for (int64_t i = 0; i < m; i++) {
    for (int64_t q = 0; q < k; q++) {
      float v = a[i * k + q];
      const float *row = b + q * n;
      if (left) {
        if (v != 0) simd()->axpy(out + i * n, v, row, n);
      } else {
        for (int64_t j = 0; j < n; j++) out[i * n + j] += row[j] != 0 ? v * row[j] : 0;
      }
    }
  }
  return TF_OK;
}

static TF_Code shape_sparse(ShapeCtx *c, TF_Status *st) {
  bool ta, tb;
  TRY(node_attr_bool(c->node, "transpose_a", &ta, st));
  TRY(node_attr_bool(c->node, "transpose_b", &tb, st));
  const Shape *a = c->inputs[0], *b = c->inputs[1];
  for (int i = 0; i < 2; i++) {
    if (c->inputs[i]->rank >= 0 && c->inputs[i]->rank != 2)
      return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 2 but is rank %d", c->inputs[i]->rank);
  }
  c->outputs[0] = shape_of_rank(2);
  c->outputs[0].dims[0] = a->rank < 0 ? -1 : a->dims[ta];
  c->outputs[0].dims[1] = b->rank < 0 ? -1 : b->dims[!tb];
  int64_t ka = a->rank < 0 ? -1 : a->dims[!ta], kb = b->rank < 0 ? -1 : b->dims[tb];
  if (ka >= 0 && kb >= 0 && ka != kb)
    return fail(st, TF_INVALID_ARGUMENT, "Dimensions must be equal, but are %lld and %lld", (long long)ka,
                (long long)kb);
  return TF_OK;
}

const OpRow ops_matmul_sparse[] = {
    {"SparseMatMul", .types = "Ta: float bfloat16; Tb: float bfloat16", .state_size = sizeof(SparseState),
     .prep_size = sizeof(SparsePrep), .shape = shape_sparse, .init = sparse_init, .prepare = sparse_prepare,
     .run = sparse_run},
    {0}};
