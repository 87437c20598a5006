/* Ops on queues (queue_object.h): enqueuing and dequeuing one tuple or many, closing, asking. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ops/array_util.h"
#include "ops/queue_object.h"
#include "ops/tensor_array.h"

/* Runs `f` with the queue of input 0. */
static TF_Code with_queue(OpCtx *c, TF_Code (*f)(OpCtx *, Queue *, TF_Status *), TF_Status *st) {
  Queue *q;
  TRY(queue_of_input(c, 0, &q, st));
  TF_Code code = f(c, q, st);
  object_unref(q);
  return code;
}

/* ---- checks ---- */

static void put_types(Bytes *b, const TF_DataType *types, int n, const char *before) {
  for (int i = 0; i < n; i++) bytes_printf(b, "%s%s", i ? ", " : before, dtype_name(types[i]));
}

/* TF: MatchSignature's text. `types` are what the op takes (`input`) or gives. */
static TF_Code check_types(const OpCtx *c, const Queue *q, const TF_DataType *types, int n, bool input,
                           TF_Status *st) {
  bool same = n == q->spec.num_components;
  for (int i = 0; same && i < n; i++) same = types[i] == q->spec.types[i];
  if (same) return TF_OK;
  const char *handle = dtype_is_ref(c->node->input_types[0]) ? "string_ref" : "resource";
  const char *more = c->num_inputs > 1 && !input ? ", int32" : "";
  Bytes b = {0};
  bytes_printf(&b, "Signature mismatch, have: %s%s", handle, more);
  if (!input) bytes_puts(&b, "->");
  put_types(&b, types, n, input ? ", " : "");
  bytes_printf(&b, "%s expected: %s%s", input ? "->" : "", handle, more);
  if (!input) bytes_puts(&b, "->");
  put_types(&b, q->spec.types, q->spec.num_components, input ? ", " : "");
  if (input) bytes_puts(&b, "->");
  TF_Code code = bytes_finish(&b, "a message", st);
  if (!code) code = fail(st, TF_INVALID_ARGUMENT, "%s", b.data);
  bytes_clear(&b);
  return code;
}

static TF_Code check_timeout(const OpCtx *c, TF_Status *st) {
  int64_t ms;
  TRY(node_attr_int(c->node, "timeout_ms", &ms, st));
  return ms == -1 ? TF_OK : fail(st, TF_INVALID_ARGUMENT, "Timeout not supported yet.");
}

/* Component `k` has the queue's shape, `batch` >= 0 of them behind one another. */
static TF_Code check_component(const Queue *q, int k, const Tensor *t, int64_t batch, TF_Status *st) {
  Shape want = {.rank = -1};
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (!q->spec.num_shapes) {
    if (batch < 0 || (t->rank > 0 && t->dims[0] == batch)) return TF_OK;
    if (t->rank == 0)
      return fail(st, TF_INVALID_ARGUMENT, "Tuple component %d must have at least one dimension", k);
    return fail(st, TF_INVALID_ARGUMENT,
                "All input tensors must have the same size in the 0th dimension. Component %d has %lld, and "
                "should have %lld",
                k, (long long)t->dims[0], (long long)batch);
  }
  want = q->spec.shapes[k];
  if (batch >= 0 && want.rank < TENSOR_MAX_RANK) {
    memmove(want.dims + 1, want.dims, (size_t)want.rank * sizeof *want.dims);
    want.dims[0] = batch;
    want.rank++;
  }
  if (shape_allows(&want, t->dims, t->rank)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Shape mismatch in tuple component %d. Expected %s, got %s", k,
              shape_text(want.dims, want.rank, a, sizeof a), shape_text(t->dims, t->rank, b, sizeof b));
}

/* Handles of queues in queues would hold each other for ever. */
static TF_Code check_storable(const Tensor *t, TF_Status *st) {
  TRY(tensor_check_storable(t, st));
  for (int64_t i = 0, n = t->dtype == TF_RESOURCE ? tensor_count(t) : 0; i < n; i++) {
    const Object *o = ((Object *const *)t->data)[i];
    if (o && o->type == &queue_type)
      return fail(st, TF_UNIMPLEMENTED, "the handle of a queue can't be an element of another");
  }
  return TF_OK;
}

static Tensor *new_tuple(const Queue *q, TF_Status *st) {
  Tensor *t = calloc((size_t)q->spec.num_components + 1, sizeof *t);
  if (!t) fail_oom(st, "a tuple");
  return t;
}

static void free_tuple(const Queue *q, Tensor *t) {
  for (int k = 0; t && k < q->spec.num_components; k++) tensor_clear(&t[k]);
  free(t);
}

/* ---- enqueuing ---- */

static TF_Code check_input(const OpCtx *c, const Queue *q, int64_t batch, TF_Status *st) {
  TRY(check_types(c, q, c->node->input_types + 1, c->num_inputs - 1, true, st));
  for (int k = 0; k < q->spec.num_components; k++) {
    TRY(check_component(q, k, op_input(c, k + 1), batch, st));
    TRY(check_storable(op_input(c, k + 1), st));
  }
  return TF_OK;
}

static TF_Code enqueue(OpCtx *c, Queue *q, TF_Status *st) {
  TRY(check_timeout(c, st));
  TRY(check_input(c, q, -1, st));
  Tensor *tuple = new_tuple(q, st);
  TF_Code code = tuple ? TF_OK : TF_RESOURCE_EXHAUSTED;
  for (int k = 0; !code && k < q->spec.num_components; k++) code = op_keep_input(c, k + 1, &tuple[k], st);
  if (!code) code = queue_enqueue(q, c->env, tuple, st);
  free_tuple(q, tuple);
  return code;
}

/* out (none) = t[i] */
static TF_Code slice_of(const Tensor *t, int64_t i, Tensor *out, TF_Status *st) {
  TRY(tensor_alloc(out, t->dtype, t->dims + 1, t->rank - 1, st));
  int64_t n = tensor_count(out);
  return elements_copy(t->dtype, out->data, (const char *)t->data + (size_t)(i * n) * dtype_size(t->dtype), n,
                       st);
}

static TF_Code enqueue_many(OpCtx *c, Queue *q, TF_Status *st) {
  TRY(check_timeout(c, st));
  const Tensor *first = c->num_inputs > 1 ? op_input(c, 1) : NULL;
  int64_t batch = first && first->rank ? first->dims[0] : 0;
  TRY(check_input(c, q, batch, st));
  Tensor *tuple = new_tuple(q, st);
  TF_Code code = tuple ? TF_OK : TF_RESOURCE_EXHAUSTED;
  for (int64_t i = 0; !code && i < batch; i++) {
    for (int k = 0; !code && k < q->spec.num_components; k++)
      code = slice_of(op_input(c, k + 1), i, &tuple[k], st);
    if (!code) code = queue_enqueue(q, c->env, tuple, st);
  }
  free_tuple(q, tuple);
  return code;
}

/* ---- dequeuing ---- */

static TF_Code dequeue(OpCtx *c, Queue *q, TF_Status *st) {
  TRY(check_timeout(c, st));
  TRY(check_types(c, q, c->node->output_types, c->num_outputs, false, st));
  Tensor *tuple = new_tuple(q, st);
  TF_Code code = tuple ? queue_dequeue(q, c->env, tuple, 1, st) : TF_RESOURCE_EXHAUSTED;
  if (code == TF_OUT_OF_RANGE &&
      q->spec.kind == QUEUE_PADDING) { /* TF: one alone is taken as from a FIFOQueue */
    char text[FAIL_MESSAGE_MAX];
    snprintf(text, sizeof text, "%s", TF_Message(st) + strlen("Padding"));
    fail(st, code, "%s", text);
  }
  for (int k = 0; !code && k < c->num_outputs; k++) op_take_output(c, k, &tuple[k]);
  free_tuple(q, tuple);
  return code;
}

/* Copies `from` to the corner of a block of the larger dims `to_dims` at `to`. */
static TF_Code copy_corner(char *to, const int64_t *to_dims, const Tensor *from, int d, const char *data,
                           TF_Status *st) {
  size_t item = dtype_size(from->dtype);
  if (d == from->rank) return elements_copy(from->dtype, to, data, 1, st);
  if (d == from->rank - 1) return elements_copy(from->dtype, to, data, from->dims[d], st);
  size_t to_step = item, from_step = item;
  for (int i = d + 1; i < from->rank; i++) {
    to_step *= (size_t)to_dims[i];
    from_step *= (size_t)from->dims[i];
  }
  for (int64_t i = 0; from_step && i < from->dims[d]; i++)
    TRY(copy_corner(to + (size_t)i * to_step, to_dims, from, d + 1, data + (size_t)i * from_step, st));
  return TF_OK;
}

/* Output k: component k of `n` tuples behind one another, the smaller ones with zeros behind. */
static TF_Code stack_component(OpCtx *c, const Queue *q, const Tensor *tuples, int64_t n, int k,
                               TF_Status *st) {
  const Shape *shape = &q->spec.shapes[k];
  int64_t dims[TENSOR_MAX_RANK + 1] = {n}, count = 1;
  if (shape->rank >= TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a component has too many dimensions");
  for (int d = 0; d < shape->rank; d++) {
    dims[d + 1] = shape->dims[d] < 0 ? 0 : shape->dims[d];
    for (int64_t i = 0; i < n; i++) {
      int64_t dim = tuples[i * q->spec.num_components + k].dims[d];
      if (dim > dims[d + 1]) dims[d + 1] = dim;
    }
  }
  TRY(op_alloc_output(c, k, q->spec.types[k], dims, shape->rank + 1, st));
  for (int d = 0; d < shape->rank; d++) count *= dims[d + 1];
  char *out = c->outputs[k].data;
  size_t bytes = (size_t)count * dtype_size(q->spec.types[k]);
  if (out && !dtype_is_object(q->spec.types[k])) memset(out, 0, bytes * (size_t)n);
  for (int64_t i = 0; count && i < n; i++) {
    const Tensor *t = &tuples[i * q->spec.num_components + k];
    if (tensor_count(t)) TRY(copy_corner(out + (size_t)i * bytes, dims + 1, t, 0, t->data, st));
  }
  return TF_OK;
}

typedef struct Taken {
  Tensor *tuples;
  int64_t count, cap;
} Taken;

static TF_Code take_more(const Queue *q, Taken *t, TF_Status *st) {
  size_t n = (size_t)q->spec.num_components;
  if (t->count < t->cap) return TF_OK;
  int64_t want = t->cap ? 2 * t->cap : 16;
  Tensor *grown = realloc(t->tuples, (size_t)want * n * sizeof *grown);
  if (!grown) return fail_oom(st, "tuples");
  memset(grown + (size_t)t->cap * n, 0, (size_t)(want - t->cap) * n * sizeof *grown);
  t->tuples = grown;
  t->cap = want;
  return TF_OK;
}

/* Takes up to `n` tuples; with `fewer`, what a closed queue still has will do. */
static TF_Code take_many(OpCtx *c, Queue *q, int64_t n, bool fewer, Taken *t, TF_Status *st) {
  TF_Code code = TF_OK;
  while (!code && t->count < n) {
    code = take_more(q, t, st);
    if (!code) code = queue_dequeue(q, c->env, t->tuples + t->count * q->spec.num_components, n, st);
    if (!code) t->count++;
  }
  if (code == TF_OUT_OF_RANGE && fewer && t->count) {
    TF_SetStatus(st, TF_OK, "");
    return TF_OK;
  }
  if (code == TF_OUT_OF_RANGE && t->count) { /* the size it says is what there was */
    char text[FAIL_MESSAGE_MAX];
    snprintf(text, sizeof text, "%s", TF_Message(st));
    char *at = strstr(text, ", current size ");
    if (at) *at = 0;
    fail(st, TF_OUT_OF_RANGE, "%s, current size %lld)", text, (long long)t->count);
  }
  for (; code && t->count; t->count--) queue_restore(q, t->tuples + (t->count - 1) * q->spec.num_components);
  return code;
}

static TF_Code dequeue_many(OpCtx *c, Queue *q, TF_Status *st) {
  const Tensor *n = op_input(c, 1);
  bool fewer = strstr(c->node->op, "UpTo") != NULL;
  TRY(check_timeout(c, st));
  TRY(check_types(c, q, c->node->output_types, c->num_outputs, false, st));
  if (tensor_count(n) != 1) return fail(st, TF_INVALID_ARGUMENT, "%s requires a scalar n", c->node->op);
  int32_t want = *(const int32_t *)n->data;
  if (want < 0)
    return fail(st, TF_INVALID_ARGUMENT, "%s requested %d < 0 elements",
                fewer ? "DequeueUpToOp" : "DequeueManyOp", want);
  if (!q->spec.num_shapes)
    return fail(st, TF_INVALID_ARGUMENT,
                "%s's DequeueMany and DequeueUpTo require the components to have specified shapes.",
                q->spec.kind == QUEUE_SHUFFLE    ? "RandomShuffleQueue"
                : q->spec.kind == QUEUE_PRIORITY ? "PriorityQueue"
                                                 : "FIFOQueue");
  Taken taken = {0};
  TF_Code code = take_many(c, q, want, fewer, &taken, st);
  for (int k = 0; !code && k < c->num_outputs; k++)
    code = stack_component(c, q, taken.tuples, taken.count, k, st);
  for (int64_t i = 0; i < taken.count * q->spec.num_components; i++) tensor_clear(&taken.tuples[i]);
  free(taken.tuples);
  return code;
}

/* ---- closing and asking ---- */

static TF_Code close_queue(OpCtx *c, Queue *q, TF_Status *st) {
  bool cancel;
  TRY(node_attr_bool(c->node, "cancel_pending_enqueues", &cancel, st));
  return queue_close(q, cancel, st);
}

static TF_Code ask_size(OpCtx *c, Queue *q, TF_Status *st) {
  (void)st;
  *(int32_t *)c->outputs[0].data = (int32_t)queue_size(q);
  return TF_OK;
}

static TF_Code ask_closed(OpCtx *c, Queue *q, TF_Status *st) {
  (void)st;
  *(bool *)c->outputs[0].data = queue_is_closed(q);
  return TF_OK;
}

static TF_Code enqueue_run(OpCtx *c, TF_Status *st) { return with_queue(c, enqueue, st); }
static TF_Code enqueue_many_run(OpCtx *c, TF_Status *st) { return with_queue(c, enqueue_many, st); }
static TF_Code dequeue_run(OpCtx *c, TF_Status *st) { return with_queue(c, dequeue, st); }
static TF_Code dequeue_many_run(OpCtx *c, TF_Status *st) { return with_queue(c, dequeue_many, st); }
static TF_Code close_run(OpCtx *c, TF_Status *st) { return with_queue(c, close_queue, st); }
static TF_Code size_run(OpCtx *c, TF_Status *st) { return with_queue(c, ask_size, st); }
static TF_Code closed_run(OpCtx *c, TF_Status *st) { return with_queue(c, ask_closed, st); }

#define WAITS OP_STATEFUL | OP_BLOCKING
#define BOTH(NAME, ...) \
  {NAME, __VA_ARGS__}, { NAME "V2", __VA_ARGS__ }

const OpRow ops_queue_ops[] = {
    BOTH("QueueEnqueue", .flags = WAITS | OP_KEEPS, .shape = shape_none, .run = enqueue_run),
    BOTH("QueueEnqueueMany", .flags = WAITS, .shape = shape_none, .run = enqueue_many_run),
    BOTH("QueueDequeue", .flags = WAITS | OP_DYNAMIC, .shape = shape_unknown_outputs, .run = dequeue_run),
    BOTH("QueueDequeueMany", .flags = WAITS | OP_DYNAMIC, .shape = shape_unknown_outputs,
         .run = dequeue_many_run),
    BOTH("QueueDequeueUpTo", .flags = WAITS | OP_DYNAMIC, .shape = shape_unknown_outputs,
         .run = dequeue_many_run),
    BOTH("QueueClose", .flags = OP_STATEFUL, .shape = shape_none, .run = close_run),
    BOTH("QueueSize", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
         .run = size_run),
    BOTH("QueueIsClosed", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
         .run = closed_run),
    {0}};
