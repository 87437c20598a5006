/* LSTMBlockCell, BlockLSTM, BlockLSTMV2 and GRUBlockCell: whole recurrent cells as one op. half is widened
 * into scratch.
 *
 * LSTM, with peepholes in brackets:
 *   [i, c, f, o] = x Wx + h Wh + b        (BlockLSTMV2: i, f, c, o)
 *   i = sigmoid(i [+ cs * wci]), f = sigmoid(f + forget_bias [+ cs * wcf]), ci = tanh(c)
 *   cs' = clip(ci * i + cs * f), o = sigmoid(o [+ cs' * wco]), co = tanh(cs'), h' = co * o
 * GRU:
 *   [r, u] = sigmoid(x Wx + h Wh + b), c = tanh(x Cx + (r * h) Ch + b'), h' = u * h + (1 - u) * c */
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/math_types.h"
#include "ops/matmul_ops.h"
#include "ops/op.h"

enum { LSTM_I, LSTM_CS, LSTM_F, LSTM_O, LSTM_CI, LSTM_CO, LSTM_H, LSTM_OUTPUTS };
enum { RNN_MAX_TENSORS = 16 };

typedef struct RnnState {
  bool sequence, peephole;
  int gate_c, gate_f; /* which quarter of the gates */
  float forget_bias, clip;
} RnnState;

typedef struct RnnPrep {
  int64_t time, batch, inputs, cells;
  size_t at[RNN_MAX_TENSORS]; /* widened inputs, then outputs, in scratch */
  size_t x_at, h_at, extra_at;
} RnnPrep;

static float float_attr(const Node *node, const char *name) {
  const Attr *a = node_attr(node, name);
  return a ? a->v.f : 0;
}

static TF_Code lstm_init(OpInit *k, TF_Status *st) {
  (void)st;
  RnnState *s = k->state;
  const Attr *peephole = node_attr(k->node, "use_peephole");
  bool v2 = strcmp(k->node->op, "BlockLSTMV2") == 0;
  s->sequence = strncmp(k->node->op, "Block", 5) == 0;
  s->peephole = peephole && peephole->v.b;
  s->gate_c = v2 ? 2 : 1;
  s->gate_f = v2 ? 1 : 2;
  s->forget_bias = float_attr(k->node, "forget_bias");
  s->clip = float_attr(k->node, "cell_clip");
  return TF_OK;
}

static TF_Code want(const Tensor *t, const char *name, int rank, int64_t d0, int64_t d1, TF_Status *st) {
  if (t->rank == rank && t->dims[0] == d0 && (rank < 2 || t->dims[1] == d1)) return TF_OK;
  char text[SHAPE_TEXT_MAX], wanted[SHAPE_TEXT_MAX];
  int64_t dims[2] = {d0, d1};
  return fail(st, TF_INVALID_ARGUMENT, "%s must have shape %s, got %s", name,
              shape_text(dims, rank, wanted, sizeof wanted), shape_text(t->dims, t->rank, text, sizeof text));
}

/* Places for the widened tensors of a half cell. */
static TF_Code take_widened(OpCtx *c, size_t *total, TF_Status *st) {
  RnnPrep *p = c->prep;
  for (int i = 0; i < c->num_inputs + c->num_outputs; i++) {
    const Tensor *t = i < c->num_inputs ? op_input(c, i) : &c->outputs[i - c->num_inputs];
    if (t->dtype == TF_HALF) TRY(op_scratch_take(total, &p->at[i], tensor_count(t), sizeof(float), st));
  }
  return TF_OK;
}

static const float *float_input(OpCtx *c, int i) {
  const RnnPrep *p = c->prep;
  const Tensor *t = op_input(c, i);
  if (t->dtype != TF_HALF) return t->data;
  float *out = (float *)((char *)c->scratch + p->at[i]);
  math_load_16(out, t->data, tensor_count(t), TF_HALF);
  return out;
}

static float *float_output(OpCtx *c, int i) {
  const RnnPrep *p = c->prep;
  if (c->outputs[i].dtype != TF_HALF) return c->outputs[i].data;
  return (float *)((char *)c->scratch + p->at[c->num_inputs + i]);
}

static void store_outputs(OpCtx *c) {
  for (int i = 0; i < c->num_outputs; i++) {
    if (c->outputs[i].dtype == TF_HALF)
      math_store_16(c->outputs[i].data, float_output(c, i), tensor_count(&c->outputs[i]), TF_HALF);
  }
}

static TF_Code lstm_prepare(OpCtx *c, TF_Status *st) {
  const RnnState *s = c->state;
  RnnPrep *p = c->prep;
  int first = s->sequence; /* input x */
  const Tensor *x = op_input(c, first), *cs = op_input(c, first + 1), *w = op_input(c, first + 3);
  if (s->sequence && op_input(c, 0)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "seq_len_max must be a scalar");
  if (x->rank != 2 + first) return fail(st, TF_INVALID_ARGUMENT, "x must be %dD", 2 + first);
  p->time = s->sequence ? x->dims[0] : 1;
  p->batch = x->dims[first];
  p->inputs = x->dims[first + 1];
  if (cs->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "cs_prev must be 2D");
  p->cells = cs->dims[1];
  int64_t gates;
  if (!checked_mul_i64(p->cells, 4, &gates))
    return fail(st, TF_INVALID_ARGUMENT, "cell size is out of range");
  TRY(want(cs, "cs_prev", 2, p->batch, p->cells, st));
  TRY(want(op_input(c, first + 2), "h_prev", 2, p->batch, p->cells, st));
  TRY(want(w, "w", 2, p->inputs + p->cells, gates, st));
  static const char *const names[] = {"wci", "wcf", "wco"};
  for (int i = 0; i < 3 && s->peephole; i++)
    TRY(want(op_input(c, first + 4 + i), names[i], 1, p->cells, 0, st));
  TRY(want(op_input(c, first + 7), "b", 1, gates, 0, st));
  int64_t dims[3] = {p->time, p->batch, p->cells};
  for (int i = 0; i < LSTM_OUTPUTS; i++) TRY(op_output(c, i, x->dtype, dims + !first, 2 + first, st));
  size_t total = 0;
  int64_t step, all;
  if (!checked_mul_i64(p->batch, gates, &step) || !checked_mul_i64(step, p->time, &all))
    return fail_oom(st, "scratch of a recurrent cell");
  TRY(take_widened(c, &total, st));
  TRY(op_scratch_take(&total, &p->x_at, all, sizeof(float), st));
  TRY(op_scratch_take(&total, &p->h_at, step, sizeof(float), st));
  op_scratch(c, total);
  return TF_OK;
}

/* y += a */
static void add_to(float *y, const float *a, int64_t n) { simd()->binary[EW_ADD][EW_F32](y, y, a, n, EW_VV); }

typedef struct Lstm {
  const RnnState *s;
  int64_t cells;
  const float *wci, *wcf, *wco, *b;
} Lstm;

/* One row: its gates (x Wx + h Wh, changed) and last cell state to the seven outputs. */
static void lstm_row(const Lstm *r, float *gates, const float *cs_prev, float *const *out) {
  int64_t n = r->cells;
  const Simd *v = simd();
  add_to(gates, r->b, 4 * n);
  float *i = gates, *ci = gates + r->s->gate_c * n, *f = gates + r->s->gate_f * n, *o = gates + 3 * n;
  for (int64_t k = 0; k < n; k++) f[k] += r->s->forget_bias;
  if (r->s->peephole) {
    v->mul_add(i, cs_prev, r->wci, n);
    v->mul_add(f, cs_prev, r->wcf, n);
  }
  v->unary[EW_SIGMOID][EW_F32](out[LSTM_I], i, n, 0);
  v->unary[EW_SIGMOID][EW_F32](out[LSTM_F], f, n, 0);
  v->unary[EW_TANH][EW_F32](out[LSTM_CI], ci, n, 0);
  float *cs = out[LSTM_CS], clip = r->s->clip;
  for (int64_t k = 0; k < n; k++) {
    float x = out[LSTM_CI][k] * out[LSTM_I][k] + cs_prev[k] * out[LSTM_F][k];
    cs[k] = clip > 0 && x > clip ? clip : clip > 0 && x < -clip ? -clip : x;
  }
  if (r->s->peephole) v->mul_add(o, cs, r->wco, n);
  v->unary[EW_SIGMOID][EW_F32](out[LSTM_O], o, n, 0);
  v->unary[EW_TANH][EW_F32](out[LSTM_CO], cs, n, 0);
  v->binary[EW_MUL][EW_F32](out[LSTM_H], out[LSTM_CO], out[LSTM_O], n, EW_VV);
}

static Product dense_product(int64_t m, int64_t n, int64_t k) {
  return (Product){.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1};
}

static TF_Code lstm_run(OpCtx *c, TF_Status *st) {
  const RnnState *s = c->state;
  const RnnPrep *p = c->prep;
  int first = s->sequence;
  int64_t steps = s->sequence ? *(const int64_t *)op_input(c, 0)->data : 1, n = p->cells, step = p->batch * n;
  if (steps < 0 || steps > p->time)
    return fail(st, TF_INVALID_ARGUMENT, "seq_len_max must be in [0, %lld], got %lld", (long long)p->time,
                (long long)steps);
  float *out[LSTM_OUTPUTS];
  for (int i = 0; i < LSTM_OUTPUTS; i++) out[i] = float_output(c, i);
  const float *x = float_input(c, first), *cs = float_input(c, first + 1), *h = float_input(c, first + 2);
  const float *w = float_input(c, first + 3);
  Lstm r = {.s = s, .cells = n, .b = float_input(c, first + 7)};
  if (s->peephole) {
    r.wci = float_input(c, first + 4);
    r.wcf = float_input(c, first + 5);
    r.wco = float_input(c, first + 6);
  }
  float *from_x = (float *)((char *)c->scratch + p->x_at), *from_h = (float *)((char *)c->scratch + p->h_at);
  if (step > 0) {
    Product px = dense_product(steps * p->batch, 4 * n, p->inputs), ph = dense_product(p->batch, 4 * n, n);
    if (p->inputs == 0) memset(from_x, 0, (size_t)(steps * step) * 4 * sizeof *from_x);
    else if (steps > 0) matmul_f32(c->threads, &px, x, w, from_x);
    for (int64_t t = 0; t < steps; t++) {
      float *gates = from_x + t * step * 4, *row[LSTM_OUTPUTS];
      if (c->env) TRY(step_check(c->env, st));
      matmul_f32(c->threads, &ph, h, w + p->inputs * 4 * n, from_h);
      add_to(gates, from_h, step * 4);
      for (int64_t b = 0; b < p->batch; b++) {
        for (int i = 0; i < LSTM_OUTPUTS; i++) row[i] = out[i] + t * step + b * n;
        lstm_row(&r, gates + b * 4 * n, cs + b * n, row);
      }
      cs = out[LSTM_CS] + t * step;
      h = out[LSTM_H] + t * step;
    }
  }
  for (int i = 0; i < LSTM_OUTPUTS; i++)
    if (step > 0) memset(out[i] + steps * step, 0, (size_t)((p->time - steps) * step) * sizeof(float));
  store_outputs(c);
  return TF_OK;
}

/* ---- GRU ---- */

static TF_Code gru_prepare(OpCtx *c, TF_Status *st) {
  RnnPrep *p = c->prep;
  const Tensor *x = op_input(c, 0), *h = op_input(c, 1);
  if (x->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Rank of x must be 2, got %d", x->rank);
  if (h->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Rank of h_prev must be 2, got %d", h->rank);
  p->batch = x->dims[0];
  p->inputs = x->dims[1];
  p->cells = h->dims[1];
  int64_t two, size;
  if (!checked_mul_i64(p->cells, 2, &two) || !checked_mul_i64(p->batch, two, &size))
    return fail_oom(st, "scratch of a recurrent cell");
  TRY(want(h, "h_prev", 2, p->batch, p->cells, st));
  TRY(want(op_input(c, 2), "w_ru", 2, p->inputs + p->cells, two, st));
  TRY(want(op_input(c, 3), "w_c", 2, p->inputs + p->cells, p->cells, st));
  TRY(want(op_input(c, 4), "b_ru", 1, two, 0, st));
  TRY(want(op_input(c, 5), "b_c", 1, p->cells, 0, st));
  int64_t dims[2] = {p->batch, p->cells};
  for (int i = 0; i < 4; i++) TRY(op_output(c, i, TF_FLOAT, dims, 2, st));
  size_t total = 0;
  TRY(op_scratch_take(&total, &p->x_at, size, sizeof(float), st));
  TRY(op_scratch_take(&total, &p->h_at, size, sizeof(float), st));
  TRY(op_scratch_take(&total, &p->extra_at, size, sizeof(float), st));
  op_scratch(c, total);
  return TF_OK;
}

/* out = x W[:inputs] + h W[inputs:]; `more` holds a product meanwhile. */
static void two_products(OpCtx *c, const float *x, const float *h, const float *w, int64_t n, float *out,
                         float *more) {
  const RnnPrep *p = c->prep;
  Product px = dense_product(p->batch, n, p->inputs), ph = dense_product(p->batch, n, p->cells);
  matmul_f32(c->threads, &ph, h, w + p->inputs * n, out);
  if (p->inputs == 0) return;
  matmul_f32(c->threads, &px, x, w, more);
  add_to(out, more, p->batch * n);
}

static TF_Code gru_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const RnnPrep *p = c->prep;
  int64_t n = p->cells;
  if (p->batch == 0 || n == 0) return TF_OK;
  const float *x = op_input(c, 0)->data, *h = op_input(c, 1)->data, *b_ru = op_input(c, 4)->data,
              *b_c = op_input(c, 5)->data;
  float *r = c->outputs[0].data, *u = c->outputs[1].data, *cc = c->outputs[2].data, *out = c->outputs[3].data;
  char *scratch = c->scratch;
  float *ru = (float *)(scratch + p->x_at), *more = (float *)(scratch + p->h_at),
        *rh = (float *)(scratch + p->extra_at);
  const Simd *v = simd();
  two_products(c, x, h, op_input(c, 2)->data, 2 * n, ru, more);
  for (int64_t b = 0; b < p->batch; b++) {
    add_to(ru + b * 2 * n, b_ru, 2 * n);
    v->unary[EW_SIGMOID][EW_F32](r + b * n, ru + b * 2 * n, n, 0);
    v->unary[EW_SIGMOID][EW_F32](u + b * n, ru + b * 2 * n + n, n, 0);
  }
  v->binary[EW_MUL][EW_F32](rh, r, h, p->batch * n, EW_VV);
  two_products(c, x, rh, op_input(c, 3)->data, n, ru, more);
  for (int64_t b = 0; b < p->batch; b++) add_to(ru + b * n, b_c, n);
  v->unary[EW_TANH][EW_F32](cc, ru, p->batch * n, 0);
  for (int64_t i = 0; i < p->batch * n; i++) out[i] = u[i] * h[i] + (1 - u[i]) * cc[i];
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code shape_lstm_cell(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 2, st));
  for (int i = 0; i < LSTM_OUTPUTS; i++)
    c->outputs[i] = shape_matrix(shape_dim(c->inputs[0], 0), shape_dim(c->inputs[1], 1));
  return TF_OK;
}

static TF_Code shape_block_lstm(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 1, 3, st));
  TRY(shape_want_rank(c, 8, 1, st));
  int64_t gates = shape_dim(c->inputs[8], 0);
  for (int i = 0; i < LSTM_OUTPUTS; i++) {
    c->outputs[i] = shape_of_rank(3);
    c->outputs[i].dims[0] = shape_dim(c->inputs[1], 0);
    c->outputs[i].dims[1] = shape_dim(c->inputs[1], 1);
    c->outputs[i].dims[2] = gates < 0 ? -1 : gates / 4;
  }
  return TF_OK;
}

static TF_Code shape_gru(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 2, st));
  for (int i = 0; i < 4; i++)
    c->outputs[i] = shape_matrix(shape_dim(c->inputs[0], 0), shape_dim(c->inputs[1], 1));
  return TF_OK;
}

#define LSTM(name_, shape_)                                                                        \
  {                                                                                                \
    name_, .types = "T: half float", .state_size = sizeof(RnnState), .prep_size = sizeof(RnnPrep), \
           .shape = shape_, .init = lstm_init, .prepare = lstm_prepare, .run = lstm_run            \
  }

const OpRow ops_nn_rnn[] = {LSTM("LSTMBlockCell", shape_lstm_cell),
                            LSTM("BlockLSTM", shape_block_lstm),
                            LSTM("BlockLSTMV2", shape_block_lstm),
                            {"GRUBlockCell", .types = "T: float", .prep_size = sizeof(RnnPrep),
                             .shape = shape_gru, .prepare = gru_prepare, .run = gru_run},
                            {0}};
