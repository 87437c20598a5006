/* CTC: the loss of unaligned label sequences and its gradient, and the greedy decoder. (Graves 2012,
 * chapter 7.) The beam search is in ctc_beam.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/ctc_beam.h"
#include "ops/ctc_edit.h"
#include "ops/sparse_util.h"

/* ---- CTCGreedyDecoder: the best class of every step, repetitions and blanks left out ---- */

typedef struct GreedyState {
  bool merge;
  int64_t blank;
} GreedyState;

static TF_Code greedy_init(OpInit *k, TF_Status *st) {
  GreedyState *s = k->state;
  TRY(node_attr_bool(k->node, "merge_repeated", &s->merge, st));
  s->blank = -1;
  return node_attr(k->node, "blank_index") ? node_attr_int(k->node, "blank_index", &s->blank, st) : TF_OK;
}

/* The first of the largest. */
static int64_t best_class(const Tensor *t, int64_t at, int64_t classes) {
  int64_t best = 0;
  for (int64_t i = 1; i < classes; i++)
    if (ctc_value(t, at + i) > ctc_value(t, at + best)) best = i;
  return best;
}

static TF_Code greedy_row(const CtcInputs *in, const GreedyState *s, int64_t b, int64_t blank, CtcPath *p,
                          double *score, TF_Status *st) {
  int64_t before = -1;
  size_t start = p->count;
  *score = 0;
  for (int64_t t = 0; t < in->lengths[b]; t++) {
    int64_t at = (t * in->batch + b) * in->classes, best = best_class(in->values, at, in->classes);
    *score = ctc_round(in->values, *score - ctc_value(in->values, at + best));
    if (best != blank && !(s->merge && best == before)) TRY(ctc_path_push(p, best, st));
    before = best;
  }
  p->lengths[b] = (int64_t)(p->count - start);
  return TF_OK;
}

static void put_value(Tensor *t, int64_t i, double v) {
  if (t->dtype == TF_FLOAT) ((float *)t->data)[i] = (float)v;
  else ((double *)t->data)[i] = v;
}

static TF_Code greedy_run(OpCtx *c, TF_Status *st) {
  const GreedyState *s = c->state;
  CtcInputs in;
  CtcPath path = {0};
  TRY(ctc_decoder_inputs(c, &in, st));
  int64_t blank = s->blank < 0 ? in.classes + s->blank : s->blank;
  if (blank < 0 || blank >= in.classes)
    return fail(st, TF_INVALID_ARGUMENT, "blank_index expected to be between %lld and %lld but was %lld",
                -(long long)in.classes, (long long)in.classes - 1, (long long)s->blank);
  TRY(op_alloc_output(c, 3, in.values->dtype, (int64_t[]){in.batch, 1}, 2, st));
  TRY(run_alloc(c, in.batch, sizeof(int64_t), &path.lengths, st));
  TF_Code code = TF_OK;
  for (int64_t b = 0; !code && b < in.batch; b++) {
    double score;
    code = greedy_row(&in, s, b, blank, &path, &score, st);
    put_value(&c->outputs[3], b, score);
  }
  if (!code) code = ctc_path_store(c, &path, in.batch, 0, 1, 2, st);
  free(path.labels);
  free(path.lengths);
  return code;
}

/* ---- CTCLoss: labels ---- */

typedef struct LossState {
  bool collapse, merge, ignore_longer;
} LossState;

static TF_Code loss_init(OpInit *k, TF_Status *st) {
  LossState *s = k->state;
  TRY(node_attr_bool(k->node, "preprocess_collapse_repeated", &s->collapse, st));
  TRY(node_attr_bool(k->node, "ctc_merge_repeated", &s->merge, st));
  return node_attr_bool(k->node, "ignore_longer_outputs_than_inputs", &s->ignore_longer, st);
}

/* One run of the loss: the inputs, and what is worked out for one row of the batch after the other. */
typedef struct Loss {
  const LossState *attrs;
  CtcInputs in;
  const int32_t *labels;
  int64_t *first, *count;         /* [batch]: where a row's labels stand */
  int32_t *path;                  /* labels with blanks between them: [2 * most + 1] */
  int64_t size;                   /* of path */
  double *y, *alpha, *beta, *sum; /* [time][classes], [time][2 * most + 1] twice, [classes] */
} Loss;

static TF_Code loss_check(const OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *indices = op_input(c, 1), *values = op_input(c, 2),
               *len = op_input(c, 3);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (in->rank != 3) return fail(st, TF_INVALID_ARGUMENT, "inputs is not a 3-Tensor");
  if (len->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "sequence_length is not a vector");
  if (indices->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "labels_indices is not a matrix");
  if (indices->dims[1] <= 1)
    return fail(st, TF_INVALID_ARGUMENT, "labels_indices second dimension must be >= 1. Received %lld",
                (long long)indices->dims[1]);
  if (values->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "labels_values is not a vector");
  if (in->dims[2] > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "num_classes cannot exceed max int");
  if (in->dims[1] != len->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "len(sequence_length) != batch_size.  len(sequence_length):  %lld batch_size: %lld",
                (long long)len->dims[0], (long long)in->dims[1]);
  if (indices->dims[0] != values->dims[0])
    return fail(
        st, TF_INVALID_ARGUMENT,
        "labels_indices and labels_values must contain the same number of rows, but saw shapes: %s vs. %s",
        shape_text(indices->dims, indices->rank, a, sizeof a),
        shape_text(values->dims, values->rank, b, sizeof b));
  if (!in->dims[1]) return fail(st, TF_INVALID_ARGUMENT, "batch_size must not be 0");
  if (!in->dims[0]) return fail(st, TF_INVALID_ARGUMENT, "Max time or first dimension of input cannot be 0.");
  return TF_OK;
}

/* Where each row's labels stand; `most` is the longest row's number of them. */
static TF_Code loss_group(const OpCtx *c, Loss *l, int64_t *most, TF_Status *st) {
  const Tensor *indices = op_input(c, 1);
  int64_t dims[2] = {l->in.batch, 0}, n = indices->dims[0], columns = indices->dims[1];
  const int64_t *index = indices->data;
  if (columns != 2)
    return fail(st, TF_INVALID_ARGUMENT,
                "indices.shape[1] (%lld) does not match the number of dimensions of the shape (2)",
                (long long)columns);
  for (int64_t i = 0; i < n; i++)
    if (index[2 * i + 1] >= dims[1] && !checked_add_i64(index[2 * i + 1], 1, &dims[1]))
      return fail(st, TF_INVALID_ARGUMENT, "label SparseTensor is not valid: an index is too large");
  Sparse s = {.values = op_input(c, 2), .indices = index, .dims = dims, .count = n, .rank = 2};
  if (sparse_check_indices(&s, true, st)) return fail_prefix(st, "label SparseTensor is not valid");
  for (int64_t i = n - 1; i >= 0; i--) {
    l->first[index[2 * i]] = i;
    l->count[index[2 * i]]++;
  }
  for (int64_t b = *most = 0; b < l->in.batch; b++)
    if (l->count[b] > *most) *most = l->count[b];
  return TF_OK;
}

static void join_labels(char *out, size_t size, const int32_t *labels, int64_t n) {
  size_t used = 0;
  out[0] = 0;
  for (int64_t i = 0; i < n && used < size; i++)
    used += (size_t)snprintf(out + used, size - used, i ? ",%d" : "%d", labels[i]);
}

/* The labels of row b with blanks between them: l' of the text. */
static TF_Code loss_path(Loss *l, int64_t b, TF_Status *st) {
  const int32_t *label = l->labels + l->first[b];
  int64_t n = l->count[b], used = 0, classes = l->in.classes;
  int32_t blank = (int32_t)classes - 1;
  bool finished = false;
  char all[512], seen[512];
  if (!n) return fail(st, TF_INVALID_ARGUMENT, "Labels length is zero in batch %lld", (long long)b);
  for (int64_t i = 0; i < n; i++) {
    if (i && l->attrs->collapse && label[i] == label[i - 1]) continue;
    if (label[i] < blank && finished) {
      join_labels(all, sizeof all, label, n);
      for (int64_t k = 0; k < used; k++) l->path[k] = l->path[2 * k + 1];
      join_labels(seen, sizeof seen, l->path, used);
      return fail(st, TF_INVALID_ARGUMENT,
                  "Saw a non-null label (index >= num_classes - 1) following a null label, batch: %lld "
                  "num_classes: %lld "
                  "labels: %s labels seen so far: %s",
                  (long long)b, (long long)classes, all, seen);
    }
    finished = finished || label[i] >= blank;
    if (!finished) l->path[2 * used++ + 1] = label[i];
  }
  for (int64_t k = 0; k <= used; k++) l->path[2 * k] = blank;
  l->size = 2 * used + 1;
  for (int64_t k = 0; k < used; k++) {
    if (l->path[2 * k + 1] >= 0) continue;
    for (k = 0; k < used; k++) l->path[k] = l->path[2 * k + 1];
    join_labels(seen, sizeof seen, l->path, used);
    return fail(st, TF_INVALID_ARGUMENT, "All labels must be nonnegative integers, batch: %lld labels: %s",
                (long long)b, seen);
  }
  if (!l->attrs->ignore_longer && n > l->in.lengths[b])
    return fail(st, TF_INVALID_ARGUMENT,
                "Not enough time for target transition sequence (required: %lld, available: %d)%lldYou can "
                "turn this error "
                "into a warning by using the flag ignore_longer_outputs_than_inputs",
                (long long)n, (int)l->in.lengths[b], (long long)b);
  return TF_OK;
}

/* ---- CTCLoss: sums over all paths ---- */

static double log_y(const Loss *l, int64_t t, int64_t u) { return log(l->y[t * l->in.classes + l->path[u]]); }

/* Whether position u may be skipped to or from: two labels that differ, no blank between them. */
static bool may_skip(const Loss *l, int64_t u, int64_t other) {
  return l->path[u] != l->in.classes - 1 && !(l->attrs->merge && l->path[u] == l->path[other]);
}
static bool may_stay(const Loss *l, int64_t u) { return l->attrs->merge || l->path[u] == l->in.classes - 1; }

/* Positions that time step t of `time` can have reached and can still end from. */
static int64_t first_position(const Loss *l, int64_t t, int64_t time) {
  int64_t u = l->size - 2 * (time - t);
  return u > 0 ? u : 0;
}
static int64_t end_position(const Loss *l, int64_t t) {
  return l->size < 2 * (t + 1) ? l->size : 2 * (t + 1);
}

static void softmax_row(Loss *l, int64_t t, int64_t b) {
  int64_t n = l->in.classes, at = (t * l->in.batch + b) * n;
  double most = ctc_value(l->in.values, at), sum = 0, *y = l->y + t * n;
  for (int64_t i = 1; i < n; i++) most = fmax(most, ctc_value(l->in.values, at + i));
  for (int64_t i = 0; i < n; i++)
    sum += y[i] = ctc_round(l->in.values, exp(ctc_value(l->in.values, at + i) - most));
  for (int64_t i = 0; i < n; i++) y[i] = ctc_round(l->in.values, y[i] / sum);
}

static void forward(Loss *l, int64_t time) {
  int64_t n = l->size;
  for (int64_t i = 0; i < n * time; i++) l->alpha[i] = -INFINITY;
  for (int64_t u = 0; u < n && u < 2; u++) l->alpha[u] = log_y(l, 0, u);
  for (int64_t t = 1; t < time; t++) {
    const double *before = l->alpha + (t - 1) * n;
    for (int64_t u = first_position(l, t, time); u < end_position(l, t); u++) {
      double sum = may_stay(l, u) ? before[u] : -INFINITY;
      if (u > 0) sum = ctc_log_add(sum, before[u - 1]);
      if (u > 1 && may_skip(l, u, u - 2)) sum = ctc_log_add(sum, before[u - 2]);
      l->alpha[t * n + u] = log_y(l, t, u) + sum;
    }
  }
}

static void backward(Loss *l, int64_t time) {
  int64_t n = l->size;
  for (int64_t i = 0; i < n * time; i++) l->beta[i] = -INFINITY;
  for (int64_t u = n > 1 ? n - 2 : 0; u < n; u++) l->beta[(time - 1) * n + u] = 0;
  for (int64_t t = time - 2; t >= 0; t--) {
    const double *after = l->beta + (t + 1) * n;
    for (int64_t u = first_position(l, t, time); u < end_position(l, t); u++) {
      double sum = may_stay(l, u) ? after[u] + log_y(l, t + 1, u) : -INFINITY;
      if (u + 1 < n) sum = ctc_log_add(sum, after[u + 1] + log_y(l, t + 1, u + 1));
      if (u + 2 < n && may_skip(l, u, u + 2)) sum = ctc_log_add(sum, after[u + 2] + log_y(l, t + 1, u + 2));
      l->beta[t * n + u] = sum;
    }
  }
}

/* TF: without any path the gradient is the softmax itself; what paths take is a float, of doubles too. */
static void loss_gradient(const Loss *l, int64_t time, int64_t b, double log_p, Tensor *gradient) {
  int64_t n = l->in.classes;
  for (int64_t t = 0; t < time; t++) {
    for (int64_t i = 0; i < n; i++) l->sum[i] = -INFINITY;
    for (int64_t u = 0; u < l->size; u++) {
      double *sum = &l->sum[l->path[u]];
      *sum = ctc_log_add(*sum, l->alpha[t * l->size + u] + l->beta[t * l->size + u]);
    }
    for (int64_t i = 0; i < n; i++)
      put_value(gradient, (t * l->in.batch + b) * n + i,
                l->y[t * n + i] - (log_p == -INFINITY ? 0 : (double)expf((float)(l->sum[i] - log_p))));
  }
}

static TF_Code loss_row(OpCtx *c, Loss *l, int64_t b, TF_Status *st) {
  int64_t time = l->in.lengths[b];
  if (!time || (l->attrs->ignore_longer && l->count[b] > time)) return TF_OK;
  if (c->env) TRY(step_check(c->env, st));
  TRY(loss_path(l, b, st));
  for (int64_t t = 0; t < time; t++) softmax_row(l, t, b);
  forward(l, time);
  backward(l, time);
  double log_p = -INFINITY;
  for (int64_t u = 0; u < l->size; u++) log_p = ctc_log_add(log_p, l->alpha[u] + l->beta[u]);
  put_value(&c->outputs[0], b, -log_p);
  loss_gradient(l, time, b, log_p, &c->outputs[1]);
  return TF_OK;
}

static TF_Code loss_rows(OpCtx *c, Loss *l, TF_Status *st) {
  int64_t most = 0, used = 0, cells;
  for (int64_t b = 0; b < l->in.batch; b++)
    if (l->in.lengths[b] > l->in.time)
      return fail(st, TF_INVALID_ARGUMENT, "sequence_length(%lld) <= %lld", (long long)b,
                  (long long)l->in.time);
  TRY(loss_group(c, l, &most, st));
  for (int64_t b = 0; b < l->in.batch; b++) {
    if (l->in.lengths[b] < 0) return fail(st, TF_INVALID_ARGUMENT, "seq_len(%lld) < 0", (long long)b);
    if (l->in.lengths[b] > used) used = l->in.lengths[b];
  }
  if (!checked_mul_i64(2 * most + 1, used, &cells)) return fail_oom(st, "paths");
  TRY(run_alloc(c, 2 * most + 1, sizeof *l->path, &l->path, st));
  TRY(run_alloc(c, used * l->in.classes, sizeof *l->y, &l->y, st));
  TRY(run_alloc(c, cells, sizeof *l->alpha, &l->alpha, st));
  TRY(run_alloc(c, cells, sizeof *l->beta, &l->beta, st));
  TRY(run_alloc(c, l->in.classes, sizeof *l->sum, &l->sum, st));
  /* All rows' labels are checked before any loss. */
  for (int64_t b = 0; b < l->in.batch; b++) TRY(loss_path(l, b, st));
  for (int64_t b = 0; b < l->in.batch; b++) TRY(loss_row(c, l, b, st));
  return TF_OK;
}

static TF_Code loss_run(OpCtx *c, TF_Status *st) {
  TRY(loss_check(c, st));
  const Tensor *in = op_input(c, 0);
  Loss l = {.attrs = c->state,
            .in = {in, op_input(c, 3)->data, in->dims[0], in->dims[1], in->dims[2]},
            .labels = op_input(c, 2)->data};
  TRY(op_alloc_output(c, 0, in->dtype, &in->dims[1], 1, st));
  TRY(op_alloc_output(c, 1, in->dtype, in->dims, 3, st));
  for (int i = 0; i < 2; i++)
    if (c->outputs[i].data)
      memset(c->outputs[i].data, 0, (size_t)tensor_count(&c->outputs[i]) * dtype_size(in->dtype));
  TF_Code code = run_alloc(c, l.in.batch, sizeof *l.first, &l.first, st);
  if (!code) code = run_alloc(c, l.in.batch, sizeof *l.count, &l.count, st);
  if (!code) code = loss_rows(c, &l, st);
  free(l.first);
  free(l.count);
  free(l.path);
  free(l.y);
  free(l.alpha);
  free(l.beta);
  free(l.sum);
  return code;
}

static TF_Code loss_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  if (c->inputs[0]->rank != 3) return TF_OK;
  c->outputs[0] = shape_vector(c->inputs[0]->dims[1]);
  c->outputs[1] = *c->inputs[0];
  return TF_OK;
}

#define FD "T: float double"

const OpRow ops_ctc_ops[] = {
    {"CTCGreedyDecoder", .types = FD, .flags = OP_DYNAMIC, .state_size = sizeof(GreedyState),
     .shape = ctc_shape_decoded, .init = greedy_init, .run = greedy_run},
    {"CTCBeamSearchDecoder", .types = FD, .flags = OP_DYNAMIC, .state_size = sizeof(CtcBeamState),
     .shape = ctc_shape_decoded, .init = ctc_beam_init, .run = ctc_beam_run},
    {"CTCLoss", .types = FD, .flags = OP_DYNAMIC, .state_size = sizeof(LossState), .shape = loss_shape,
     .init = loss_init, .run = loss_run},
    {"EditDistance", .types = "T: " TYPES_NUMBERS " bool string", .flags = OP_DYNAMIC,
     .shape = shape_unknown_outputs, .run = edit_distance_run},
    {0}};
