/* Gradients of one step of a recurrent cell, LSTMBlockCellGrad and GRUBlockCellGrad, and of all steps of an LSTM,
 * BlockLSTMGrad and BlockLSTMGradV2. */
#include <string.h>

#include "base/checked.h"
#include "ops/math_types.h"
#include "ops/matmul_ops.h"
#include "ops/op.h"

typedef struct CellPrep {
  int64_t batch, inputs, cells;
} CellPrep;

/* An input as floats: itself, or its halves converted to scratch, of which *at is used up. */
static const float *floats_of(const OpCtx *c, int i, float **at) {
  const Tensor *t = op_input(c, i);
  int64_t n = tensor_count(t);
  if (t->dtype == TF_FLOAT) return t->data;
  float *out = *at;
  *at += n;
  math_load_16(out, t->data, n, t->dtype);
  return out;
}

/* Where output `i` is computed: itself, or scratch. */
static float *output_floats(OpCtx *c, int i, float **at) {
  Tensor *t = &c->outputs[i];
  if (t->dtype == TF_FLOAT) return t->data;
  float *out = *at;
  *at += tensor_count(t);
  return out;
}

static void store_output(OpCtx *c, int i, const float *from) {
  Tensor *t = &c->outputs[i];
  if (t->dtype != TF_FLOAT) math_store_16(t->data, from, tensor_count(t), t->dtype);
}

static TF_Code want_shape(const OpCtx *c, int i, int64_t rows, int64_t cols, TF_Status *st) {
  const Tensor *t = op_input(c, i);
  char text[SHAPE_TEXT_MAX];
  bool ok = rows < 0 ? t->rank == 1 && t->dims[0] == cols
                     : t->rank == 2 && t->dims[0] == rows && t->dims[1] == cols;
  if (ok) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s: input %d has shape %s, which does not go with the others",
              c->node->op, i, shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code cell_plan(OpCtx *c, TF_Status *st) {
  CellPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *before = op_input(c, 1);
  if (x->rank != 2 || before->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "%s: x and the state before must be matrices", c->node->op);
  *p = (CellPrep){x->dims[0], x->dims[1], before->dims[1]};
  return want_shape(c, 1, p->batch, p->cells, st);
}

static float sigmoid_slope(float y) { return y * (1 - y); }
static float tanh_slope(float y) { return 1 - y * y; }

/* ---- LSTMBlockCellGrad ---- */

static TF_Code lstm_prepare(OpCtx *c, TF_Status *st) {
  TRY(cell_plan(c, st));
  const CellPrep *p = c->prep;
  int64_t n = p->cells, total = 0;
  TRY(want_shape(c, 2, p->batch, n, st));
  TRY(want_shape(c, 3, p->inputs + n, 4 * n, st));
  for (int i = 4; i < 7; i++) TRY(want_shape(c, i, -1, n, st));
  TRY(want_shape(c, 7, -1, 4 * n, st));
  for (int i = 8; i < 16; i++) TRY(want_shape(c, i, p->batch, n, st));
  for (int i = 0; i < c->num_inputs; i++) total += tensor_count(op_input(c, i));
  if (op_input(c, 0)->dtype != TF_FLOAT)
    op_scratch(c, (size_t)(total + 6 * p->batch * n + 3 * n) * sizeof(float));
  TRY(op_output_like(c, 0, op_input(c, 1), st));
  TRY(op_output(c, 1, op_input(c, 0)->dtype, (int64_t[]){p->batch, 4 * n}, 2, st));
  for (int i = 2; i < 5; i++) TRY(op_output_like(c, i, op_input(c, 2 + i), st));
  return TF_OK;
}

typedef struct LstmGrad {
  const float *cs_prev, *wci, *wcf, *wco, *i, *cs, *f, *o, *ci, *co, *cs_grad, *h_grad;
  float *cs_prev_grad, *dicfo, *wci_grad, *wcf_grad, *wco_grad;
  bool peephole, v2;
} LstmGrad;

/* Element k of a row; its gates' gradients stand in the order i, ci, f, o (v2: i, f, ci, o). */
static void lstm_one(const LstmGrad *g, int64_t at, int64_t k, float *gates, int64_t n) {
  float d_o = sigmoid_slope(g->o[at]) * g->h_grad[at] * g->co[at];
  float d_cs = tanh_slope(g->co[at]) * g->h_grad[at] * g->o[at] + g->cs_grad[at];
  if (g->peephole) d_cs += d_o * g->wco[k];
  float d_ci = tanh_slope(g->ci[at]) * d_cs * g->i[at];
  float d_f = sigmoid_slope(g->f[at]) * d_cs * g->cs_prev[at];
  float d_i = sigmoid_slope(g->i[at]) * d_cs * g->ci[at];
  gates[k] = d_i;
  gates[(g->v2 ? 2 : 1) * n + k] = d_ci;
  gates[(g->v2 ? 1 : 2) * n + k] = d_f;
  gates[3 * n + k] = d_o;
  g->cs_prev_grad[at] = d_cs * g->f[at];
  if (!g->peephole) return;
  g->cs_prev_grad[at] += d_i * g->wci[k] + d_f * g->wcf[k];
  g->wci_grad[k] += d_i * g->cs_prev[at];
  g->wcf_grad[k] += d_f * g->cs_prev[at];
  g->wco_grad[k] += d_o * g->cs[at];
}

static TF_Code lstm_run(OpCtx *c, TF_Status *st) {
  const CellPrep *p = c->prep;
  int64_t n = p->cells;
  float *at = c->scratch, *out[5];
  const float *in[16];
  LstmGrad g;
  TRY(node_attr_bool(c->node, "use_peephole", &g.peephole, st));
  for (int i = 0; i < 16; i++) in[i] = floats_of(c, i, &at);
  for (int i = 0; i < 5; i++) out[i] = output_floats(c, i, &at);
  g = (LstmGrad){in[1],  in[4],  in[5],  in[6],  in[8],  in[9],  in[10], in[11],     in[12], in[13],
                 in[14], in[15], out[0], out[1], out[2], out[3], out[4], g.peephole, false};
  for (int64_t k = 0; k < n; k++) g.wci_grad[k] = g.wcf_grad[k] = g.wco_grad[k] = 0;
  for (int64_t b = 0; b < p->batch; b++)
    for (int64_t k = 0; k < n; k++) lstm_one(&g, b * n + k, k, g.dicfo + b * 4 * n, n);
  for (int i = 0; i < 5; i++) store_output(c, i, out[i]);
  return TF_OK;
}

/* ---- BlockLSTMGrad ---- */

enum {
  LSTM_X = 1,
  LSTM_CS_PREV,
  LSTM_H_PREV,
  LSTM_W,
  LSTM_WCI,
  LSTM_B = 8,
  LSTM_I,
  LSTM_CS,
  LSTM_H = 15,
  LSTM_CS_GRAD,
  LSTM_H_GRAD,
  LSTM_INPUTS
};
enum { DX, DCS_PREV, DH_PREV, DW, DWCI, DWCF, DWCO, DB, LSTM_GRADS };

typedef struct BlockPrep {
  int64_t time, batch, inputs, cells;
  size_t gates_at, turned_at, more_at; /* [time, batch, 4 cells], w transposed, of w's size */
  size_t halves_at;                    /* inputs, then outputs, as floats */
} BlockPrep;

static TF_Code want_steps(const OpCtx *c, int i, int64_t last, TF_Status *st) {
  const BlockPrep *p = c->prep;
  const Tensor *t = op_input(c, i);
  char text[SHAPE_TEXT_MAX];
  if (t->rank == 3 && t->dims[0] == p->time && t->dims[1] == p->batch && t->dims[2] == last) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s: input %d has shape %s, which does not go with the others",
              c->node->op, i, shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code block_shapes(OpCtx *c, TF_Status *st) {
  BlockPrep *p = c->prep;
  const Tensor *x = op_input(c, LSTM_X), *cs = op_input(c, LSTM_CS_PREV);
  int64_t gates, rows;
  if (op_input(c, 0)->rank) return fail(st, TF_INVALID_ARGUMENT, "seq_len_max must be a scalar");
  if (x->rank != 3 || cs->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "%s: x must have 3 dimensions, and cs_prev 2", c->node->op);
  *p = (BlockPrep){.time = x->dims[0], .batch = x->dims[1], .inputs = x->dims[2], .cells = cs->dims[1]};
  if (!checked_mul_i64(p->cells, 4, &gates) || !checked_add_i64(p->inputs, p->cells, &rows))
    return fail(st, TF_INVALID_ARGUMENT, "cell size is out of range");
  TRY(want_shape(c, LSTM_CS_PREV, p->batch, p->cells, st));
  TRY(want_shape(c, LSTM_H_PREV, p->batch, p->cells, st));
  TRY(want_shape(c, LSTM_W, rows, gates, st));
  for (int i = LSTM_WCI; i < LSTM_B; i++) TRY(want_shape(c, i, -1, p->cells, st));
  TRY(want_shape(c, LSTM_B, -1, gates, st));
  for (int i = LSTM_I; i < LSTM_INPUTS; i++) TRY(want_steps(c, i, p->cells, st));
  return TF_OK;
}

static TF_Code block_prepare(OpCtx *c, TF_Status *st) {
  TRY(block_shapes(c, st));
  BlockPrep *p = c->prep;
  size_t total = 0;
  int64_t of_w = tensor_count(op_input(c, LSTM_W)), steps, all = 0;
  for (int i = 0; i < LSTM_GRADS; i++) TRY(op_output_like(c, i, op_input(c, LSTM_X + i), st));
  if (!checked_mul_i64(tensor_count(op_input(c, LSTM_I)), 4, &steps))
    return fail_oom(st, "scratch of a recurrent cell");
  TRY(op_scratch_take(&total, &p->gates_at, steps, sizeof(float), st));
  TRY(op_scratch_take(&total, &p->turned_at, of_w, sizeof(float), st));
  TRY(op_scratch_take(&total, &p->more_at, of_w, sizeof(float), st));
  for (int i = 0; i < LSTM_INPUTS; i++) all += tensor_count(op_input(c, i));
  for (int i = 0; i < LSTM_GRADS; i++) all += tensor_count(op_input(c, LSTM_X + i));
  if (op_input(c, LSTM_X)->dtype == TF_FLOAT) all = 0;
  TRY(op_scratch_take(&total, &p->halves_at, all, sizeof(float), st));
  op_scratch(c, total);
  return TF_OK;
}

/* C[m, n] = A[m, k] B[k, n], zeros where k is 0; `a_row` and `b_row` from row to row, A transposed or not. */
static void product(const OpCtx *c, Product p, const float *a, const float *b, float *out) {
  p.b_col = 1;
  if (!p.m || !p.n) return;
  if (p.k) matmul_f32(c->threads, &p, a, b, out);
  else memset(out, 0, (size_t)(p.m * p.n) * sizeof *out);
}

/* From the last step to the first: gradients of gates, and of the state before, which `out` carries. */
static void block_steps(OpCtx *c, const float *const *in, float *const *out, const float *turned,
                        int64_t steps, float *gates) {
  const BlockPrep *p = c->prep;
  int64_t n = p->cells, size = p->batch * n, rows = p->inputs + n;
  for (int64_t t = steps - 1; t >= 0; t--) {
    const float *s[7], *cs_prev = t ? in[LSTM_CS] + (t - 1) * size : in[LSTM_CS_PREV];
    for (int i = 0; i < 7; i++) s[i] = in[LSTM_I + i] + t * size;
    for (int64_t i = 0; i < size; i++) {
      out[DCS_PREV][i] += in[LSTM_CS_GRAD][t * size + i];
      out[DH_PREV][i] += in[LSTM_H_GRAD][t * size + i];
    }
    LstmGrad g = {cs_prev,
                  in[LSTM_WCI],
                  in[LSTM_WCI + 1],
                  in[LSTM_WCI + 2],
                  s[0],
                  s[1],
                  s[2],
                  s[3],
                  s[4],
                  s[5],
                  out[DCS_PREV],
                  out[DH_PREV],
                  out[DCS_PREV],
                  gates + t * size * 4,
                  out[DWCI],
                  out[DWCF],
                  out[DWCO],
                  false,
                  !strcmp(c->node->op, "BlockLSTMGradV2")};
    const Attr *peephole = node_attr(c->node, "use_peephole");
    g.peephole = peephole && peephole->v.b;
    for (int64_t b = 0; b < p->batch; b++)
      for (int64_t k = 0; k < n; k++) lstm_one(&g, b * n + k, k, g.dicfo + b * 4 * n, n);
    product(c, (Product){.m = p->batch, .n = n, .k = 4 * n, .a_row = 4 * n, .a_col = 1, .b_row = rows},
            g.dicfo, turned + p->inputs, out[DH_PREV]);
  }
}

/* Gradients of x, w and b from those of all gates. */
static void block_weights(OpCtx *c, const float *const *in, float *const *out, const float *turned,
                          int64_t steps, const float *gates, float *more) {
  const BlockPrep *p = c->prep;
  int64_t n = p->cells, wide = 4 * n, m = p->inputs, first = steps ? p->batch : 0, rows = steps * p->batch;
  product(c, (Product){.m = rows, .n = m, .k = wide, .a_row = wide, .a_col = 1, .b_row = m + n}, gates,
          turned, out[DX]);
  product(c, (Product){.m = m, .n = wide, .k = rows, .a_row = 1, .a_col = m, .b_row = wide}, in[LSTM_X],
          gates, out[DW]);
  Product of_h = {.m = n, .n = wide, .k = first, .a_row = 1, .a_col = n, .b_row = wide};
  product(c, of_h, in[LSTM_H_PREV], gates, out[DW] + m * wide);
  of_h.k = rows - first;
  product(c, of_h, in[LSTM_H], gates + first * wide, more);
  for (int64_t i = 0; i < n * wide; i++) out[DW][m * wide + i] += more[i];
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < wide; i++) out[DB][i] += gates[r * wide + i];
}

static TF_Code block_run(OpCtx *c, TF_Status *st) {
  const BlockPrep *p = c->prep;
  int64_t steps = *(const int64_t *)op_input(c, 0)->data, rows = p->inputs + p->cells, wide = 4 * p->cells;
  if (steps < 0 || steps > p->time)
    return fail(st, TF_INVALID_ARGUMENT, "seq_len_max must be in [0, %lld], got %lld", (long long)p->time,
                (long long)steps);
  char *scratch = c->scratch;
  float *gates = (float *)(scratch + p->gates_at), *turned = (float *)(scratch + p->turned_at);
  float *more = (float *)(scratch + p->more_at), *at = (float *)(scratch + p->halves_at), *out[LSTM_GRADS];
  const float *in[LSTM_INPUTS] = {0};
  for (int i = LSTM_X; i < LSTM_INPUTS; i++) in[i] = floats_of(c, i, &at);
  for (int i = 0; i < LSTM_GRADS; i++) {
    out[i] = output_floats(c, i, &at);
    if (tensor_count(&c->outputs[i])) memset(out[i], 0, (size_t)tensor_count(&c->outputs[i]) * sizeof(float));
  }
  for (int64_t r = 0; r < rows; r++)
    for (int64_t k = 0; k < wide; k++) turned[k * rows + r] = in[LSTM_W][r * wide + k];
  block_steps(c, in, out, turned, steps, gates);
  block_weights(c, in, out, turned, steps, gates, more);
  for (int i = 0; i < LSTM_GRADS; i++) store_output(c, i, out[i]);
  return TF_OK;
}

/* ---- GRUBlockCellGrad ---- */

enum { X, H_PREV, W_RU, W_C, B_RU, B_C, R, U, C, D_H };

static TF_Code gru_prepare(OpCtx *c, TF_Status *st) {
  TRY(cell_plan(c, st));
  const CellPrep *p = c->prep;
  int64_t n = p->cells;
  TRY(want_shape(c, W_RU, p->inputs + n, 2 * n, st));
  TRY(want_shape(c, W_C, p->inputs + n, n, st));
  TRY(want_shape(c, B_RU, -1, 2 * n, st));
  TRY(want_shape(c, B_C, -1, n, st));
  for (int i = R; i <= D_H; i++) TRY(want_shape(c, i, p->batch, n, st));
  op_scratch(c, (size_t)n * sizeof(float));
  TRY(op_output_like(c, 0, op_input(c, X), st));
  TRY(op_output_like(c, 1, op_input(c, H_PREV), st));
  TRY(op_output_like(c, 2, op_input(c, H_PREV), st));
  return op_output(c, 3, op_input(c, X)->dtype, (int64_t[]){p->batch, 2 * n}, 2, st);
}

static float dot(const float *a, const float *b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static TF_Code gru_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const CellPrep *p = c->prep;
  int64_t n = p->cells, m = p->inputs;
  const float *in[10];
  float *d_x = c->outputs[0].data, *d_h_prev = c->outputs[1].data, *d_hr = c->scratch;
  for (int i = 0; i < 10; i++) in[i] = op_input(c, i)->data;
  for (int64_t b = 0; b < p->batch; b++) {
    const float *r = in[R] + b * n, *u = in[U] + b * n, *y = in[C] + b * n, *before = in[H_PREV] + b * n;
    const float *d_h = in[D_H] + b * n;
    float *d_c = (float *)c->outputs[2].data + b * n, *d_ru = (float *)c->outputs[3].data + b * 2 * n;
    for (int64_t k = 0; k < n; k++) d_c[k] = d_h[k] * (1 - u[k]) * tanh_slope(y[k]);
    for (int64_t k = 0; k < n; k++) {
      d_hr[k] = dot(d_c, in[W_C] + (m + k) * n, n);
      d_ru[k] = d_hr[k] * before[k] * sigmoid_slope(r[k]);
      d_ru[n + k] = d_h[k] * (before[k] - y[k]) * sigmoid_slope(u[k]);
    }
    for (int64_t k = 0; k < m; k++)
      d_x[b * m + k] = dot(d_ru, in[W_RU] + k * 2 * n, 2 * n) + dot(d_c, in[W_C] + k * n, n);
    for (int64_t k = 0; k < n; k++)
      d_h_prev[b * n + k] = dot(d_ru, in[W_RU] + (m + k) * 2 * n, 2 * n) + d_hr[k] * r[k] + d_h[k] * u[k];
  }
  return TF_OK;
}

#define BLOCK(name_)                                                                                 \
  {                                                                                                  \
    name_, .types = "T: half float", .prep_size = sizeof(BlockPrep), .shape = shape_unknown_outputs, \
           .prepare = block_prepare, .run = block_run                                                \
  }

const OpRow ops_nn_rnn_grad[] = {
    BLOCK("BlockLSTMGrad"),
    BLOCK("BlockLSTMGradV2"),
    {"LSTMBlockCellGrad", .types = "T: half float", .prep_size = sizeof(CellPrep),
     .shape = shape_unknown_outputs, .prepare = lstm_prepare, .run = lstm_run},
    {"GRUBlockCellGrad", .types = "T: float", .prep_size = sizeof(CellPrep), .shape = shape_unknown_outputs,
     .prepare = gru_prepare, .run = gru_run},
    {0}};
