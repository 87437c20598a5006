/* Batching inside of a graph: BatchFunction, Batch, Unbatch, UnbatchGrad. TensorFlow joins the rows of
 * several runs; here every run is a batch of its own, which is one of the batches that TensorFlow may make,
 * and needs no waiting. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"

typedef struct BatchState {
  const Callee *callee; /* of BatchFunction */
  int64_t max_size;
  int num_batched; /* inputs that have rows; the others are captured */
} BatchState;

static TF_Code batch_init(OpInit *k, TF_Status *st) {
  BatchState *s = k->state;
  const Attr *f = node_attr(k->node, "f"), *types = node_attr(k->node, f ? "Tin" : "T");
  TRY(node_attr_int(k->node, "max_batch_size", &s->max_size, st));
  s->num_batched = types && types->is_list ? (int)types->count : 0;
  if (s->num_batched < 1 || s->num_batched > k->node->num_inputs)
    return fail(st, TF_INVALID_ARGUMENT, "{{node %s}} has no inputs to batch", k->name);
  if (!f) return TF_OK;
  if (f->kind != TF_ATTR_FUNC || f->is_list)
    return fail(st, TF_INVALID_ARGUMENT, "attr f of {{node %s}} names no function", k->name);
  return op_callee(k, f->v.func, &s->callee, st);
}

/* `what`, and the shapes of the batched inputs by the names of what makes them. */
static TF_Code fail_inputs(const OpCtx *c, const char *what, TF_Status *st) {
  const BatchState *s = c->state;
  Bytes b = {0};
  char text[SHAPE_TEXT_MAX], name[16];
  bytes_printf(&b, "%s\nBelow are the input tensors: \n", what);
  for (int i = 0; i < s->num_batched; i++) {
    const Tensor *t = op_input(c, i);
    TF_Output from = c->node->inputs ? c->node->inputs[i] : (TF_Output){0};
    name[0] = 0;
    if (from.index) snprintf(name, sizeof name, ":%d", from.index);
    bytes_printf(&b, " - %s%s has shape %s\n", from.oper ? from.oper->name : "", name,
                 shape_text(t->dims, t->rank, text, sizeof text));
  }
  TF_Code code = bytes_finish(&b, "a message", st);
  if (!code) code = fail(st, TF_INVALID_ARGUMENT, "%s", b.data);
  bytes_clear(&b);
  return code;
}

/* The batched inputs have the same number of rows, at most max_batch_size. */
static TF_Code check_rows(const OpCtx *c, int64_t *rows, TF_Status *st) {
  const BatchState *s = c->state;
  *rows = -1;
  for (int i = 0; i < s->num_batched; i++) {
    const Tensor *t = op_input(c, i);
    if (t->rank == 0) return fail_inputs(c, "Batching input tensors must have at least one dimension.", st);
    if (*rows >= 0 && t->dims[0] != *rows)
      return fail_inputs(
          c, "Batching input tensors supplied in a given op invocation must have equal 0th-dimension size.",
          st);
    *rows = t->dims[0];
  }
  if (*rows > s->max_size)
    return fail(st, TF_INVALID_ARGUMENT, "Task size %lld is larger than maximum input batch size %lld",
                (long long)*rows, (long long)s->max_size);
  return TF_OK;
}

/* ---- BatchFunction ---- */

/* How many rows a batch of `rows` is filled up to: the next of allowed_batch_sizes, if there is one. */
static int64_t padded_rows(const OpCtx *c, int64_t rows) {
  const Attr *sizes = node_attr(c->node, "allowed_batch_sizes");
  for (int64_t i = 0; rows && sizes && sizes->is_list && sizes->kind == TF_ATTR_INT && i < sizes->count; i++)
    if (sizes->v.list_i[i] >= rows) return sizes->v.list_i[i];
  return rows;
}

/* The most rows that the function gets at once: larger batches are split at the largest size allowed. */
static int64_t rows_at_once(const OpCtx *c, int64_t rows) {
  const Attr *sizes = node_attr(c->node, "allowed_batch_sizes");
  const Attr *split = node_attr(c->node, "enable_large_batch_splitting");
  if (!split || split->kind != TF_ATTR_BOOL || split->is_list || !split->v.b) return rows;
  if (!sizes || !sizes->is_list || sizes->kind != TF_ATTR_INT || !sizes->count) return rows;
  int64_t last = sizes->v.list_i[sizes->count - 1];
  return last > 0 && last < rows ? last : rows;
}

/* `n` rows of `t` from `first` on; when `out` has more, the others are the first of them. */
static TF_Code fill_rows(Tensor *out, const Tensor *t, int64_t first, int64_t n, TF_Status *st) {
  int64_t row = dims_product(t->dims, 1, t->rank);
  TRY(tensor_copy_range(out, 0, t, first * row, n * row, st));
  for (; n < out->dims[0]; n++) TRY(tensor_copy_range(out, n * row, t, first * row, row, st));
  return TF_OK;
}

static TF_Code alloc_rows(Tensor *out, const Tensor *like, int64_t rows, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  memcpy(dims, like->dims, sizeof dims);
  dims[0] = rows;
  return tensor_alloc(out, like->dtype, dims, like->rank, st);
}

static TF_Code check_output(const Tensor *out, int64_t rows, TF_Status *st) {
  if (out->rank == 0) return fail(st, TF_FAILED_PRECONDITION, "Batched output tensor has 0 dimensions");
  if (out->dims[0] == rows) return TF_OK;
  return fail(
      st, TF_FAILED_PRECONDITION,
      "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input "
      "tensors");
}

/* Adds rows [first, first + n) of `total`, which a batch gave as its first, to output `out`. */
static TF_Code add_rows(Tensor *out, const Tensor *part, int64_t first, int64_t n, int64_t total,
                        TF_Status *st) {
  int64_t row = dims_product(part->dims, 1, part->rank);
  if (!first) TRY(alloc_rows(out, part, total, st));
  if (out->rank != part->rank ||
      memcmp(out->dims + 1, part->dims + 1, (size_t)(part->rank - 1) * sizeof *part->dims))
    return fail(st, TF_INVALID_ARGUMENT, "the outputs of a split batch differ in shape");
  return tensor_copy_range(out, first * row, part, 0, n * row, st);
}

/* Calls the function on `n` rows from `first` on, filled up to an allowed size; `tensors` (none): its inputs,
 * then its outputs. */
static TF_Code call_part(OpCtx *c, int64_t first, int64_t n, int64_t total, const Tensor **inputs,
                         Tensor *tensors, TF_Status *st) {
  const BatchState *s = c->state;
  Tensor *outputs = tensors + c->num_inputs;
  int64_t padded = padded_rows(c, n);
  for (int i = 0; i < c->num_inputs; i++) {
    inputs[i] = i < s->num_batched ? &tensors[i] : c->inputs[i];
    if (i >= s->num_batched) continue;
    TRY(alloc_rows(&tensors[i], c->inputs[i], padded, st));
    TRY(fill_rows(&tensors[i], c->inputs[i], first, n, st));
  }
  TRY(op_call(c, s->callee, inputs, c->num_inputs, outputs, c->num_outputs, st));
  for (int i = 0; i < c->num_outputs; i++) {
    TRY(check_output(&outputs[i], padded, st));
    TRY(add_rows(&c->outputs[i], &outputs[i], first, n, total, st));
  }
  return TF_OK;
}

static TF_Code call_parts(OpCtx *c, int64_t rows, int64_t most, TF_Status *st) {
  size_t count = (size_t)c->num_inputs + (size_t)c->num_outputs;
  const Tensor **inputs = calloc((size_t)c->num_inputs, sizeof *inputs);
  Tensor *tensors = calloc(count, sizeof *tensors);
  TF_Code code = inputs && tensors ? TF_OK : fail_oom(st, "a batch");
  for (int64_t first = 0; !code && first < rows; first += most) {
    code = call_part(c, first, rows - first < most ? rows - first : most, rows, inputs, tensors, st);
    for (size_t i = 0; i < count; i++) tensor_clear(&tensors[i]);
  }
  free(tensors);
  free(inputs);
  return code;
}

static TF_Code function_run(OpCtx *c, TF_Status *st) {
  const BatchState *s = c->state;
  int64_t rows;
  TRY(check_rows(c, &rows, st));
  for (int i = 0; !rows && i < c->num_outputs; i++) /* TF: of no rows nothing comes */
    TRY(op_alloc_output(c, i, c->node->output_types[i], &rows, 1, st));
  if (!rows) return TF_OK;
  int64_t most = rows_at_once(c, rows);
  if (most != rows || padded_rows(c, rows) != rows) return call_parts(c, rows, most, st);
  TRY(op_call(c, s->callee, c->inputs, c->num_inputs, c->outputs, c->num_outputs, st));
  for (int i = 0; i < c->num_outputs; i++) TRY(check_output(&c->outputs[i], rows, st));
  return TF_OK;
}

/* ---- Batch: the inputs, whose rows they are (id, first, end), and this run's id ---- */

static TF_Code batch_prepare(OpCtx *c, TF_Status *st) {
  const BatchState *s = c->state;
  int64_t rows;
  TRY(check_rows(c, &rows, st));
  int64_t padded = padded_rows(c, rows), dims[TENSOR_MAX_RANK];
  for (int i = 0; i < s->num_batched; i++) {
    const Tensor *t = op_input(c, i);
    memcpy(dims, t->dims, sizeof dims);
    dims[0] = padded;
    if (padded == rows) TRY(op_output_alias(c, i, i, dims, t->rank, st));
    else TRY(op_output(c, i, t->dtype, dims, t->rank, st));
  }
  TRY(op_output(c, s->num_batched, TF_INT64, (int64_t[]){1, 3}, 2, st));
  return op_output(c, s->num_batched + 1, TF_INT64, op_input(c, 0)->dims, 0, st);
}

static TF_Code batch_run(OpCtx *c, TF_Status *st) {
  static _Atomic int64_t next_id = 1;
  const BatchState *s = c->state;
  for (int i = 0; i < s->num_batched; i++)
    if (c->outputs[i].dims[0] != op_input(c, i)->dims[0])
      TRY(fill_rows(&c->outputs[i], op_input(c, i), 0, op_input(c, i)->dims[0], st));
  int64_t id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
  memcpy(c->outputs[s->num_batched].data, (int64_t[]){id, 0, op_input(c, 0)->dims[0]}, 3 * sizeof id);
  memcpy(c->outputs[s->num_batched + 1].data, &id, sizeof id);
  return TF_OK;
}

/* ---- Unbatch and UnbatchGrad ---- */

/* This run's rows in the batch. */
static TF_Code find_rows(const OpCtx *c, const Tensor *batched, const Tensor *index, const Tensor *id,
                         int64_t *first, int64_t *end, TF_Status *st) {
  if (id->rank) return fail(st, TF_INVALID_ARGUMENT, "Input id should be scalar; got rank: %d", id->rank);
  if (batched->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Batched tensor must have at least one dimension");
  if (index->rank != 2 || index->dims[1] != 3)
    return fail(st, TF_INVALID_ARGUMENT, "batch_index should be a matrix of three columns");
  const int64_t *row = index->data;
  for (int64_t i = 0; i < index->dims[0]; i++, row += 3) {
    if (row[0] != *(const int64_t *)id->data) continue;
    if (row[1] < 0 || row[2] < row[1] || row[2] > batched->dims[0])
      return fail(st, TF_INVALID_ARGUMENT,
                  "batch_index [%lld, %lld) is out of the batched tensor's %lld rows", (long long)row[1],
                  (long long)row[2], (long long)batched->dims[0]);
    *first = row[1];
    *end = row[2];
    return TF_OK;
  }
  return fail(st, TF_UNIMPLEMENTED, "%s: the rows of id %lld are not in this batch", c->node->op,
              (long long)*(const int64_t *)id->data);
}

static TF_Code unbatch_run(OpCtx *c, TF_Status *st) {
  const Tensor *t = op_input(c, 0);
  int64_t first, end, dims[TENSOR_MAX_RANK], row = 1;
  TRY(find_rows(c, t, op_input(c, 1), op_input(c, 2), &first, &end, st));
  memcpy(dims, t->dims, sizeof dims);
  dims[0] = end - first;
  for (int d = 1; d < t->rank; d++) row *= t->dims[d];
  TRY(op_alloc_output(c, 0, t->dtype, dims, t->rank, st));
  if (!row || end == first) return TF_OK;
  const char *from = (const char *)t->data + (size_t)(first * row) * dtype_size(t->dtype);
  return elements_copy(t->dtype, c->outputs[0].data, from, (end - first) * row, st);
}

/* Of a batch that is this run's alone, the gradient is the gradient. */
static TF_Code unbatch_grad_run(OpCtx *c, TF_Status *st) {
  const Tensor *grad = op_input(c, 2), *index = op_input(c, 1);
  int64_t first, end;
  TRY(find_rows(c, op_input(c, 0), index, op_input(c, 3), &first, &end, st));
  if (index->dims[0] != 1 || first != 0 || end != op_input(c, 0)->dims[0])
    return fail(st, TF_UNIMPLEMENTED, "UnbatchGrad of a batch that several runs share");
  TRY(op_alloc_output(c, 0, grad->dtype, grad->dims, grad->rank, st));
  int64_t n = tensor_count(grad);
  return n ? elements_copy(grad->dtype, c->outputs[0].data, grad->data, n, st) : TF_OK;
}

const OpRow ops_batch_ops[] = {
    {"BatchFunction", .flags = OP_DYNAMIC | OP_STATEFUL, .state_size = sizeof(BatchState),
     .shape = shape_unknown_outputs, .init = batch_init, .run = function_run},
    {"Batch", .flags = OP_STATEFUL, .state_size = sizeof(BatchState), .shape = shape_unknown_outputs,
     .init = batch_init, .prepare = batch_prepare, .run = batch_run},
    {"Unbatch", .flags = OP_DYNAMIC | OP_STATEFUL, .shape = shape_unknown_outputs, .run = unbatch_run},
    {"UnbatchGrad", .flags = OP_DYNAMIC | OP_STATEFUL, .shape = shape_unknown_outputs,
     .run = unbatch_grad_run},
    {0}};
