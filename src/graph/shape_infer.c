/* Shape inference, and constant folding as far as shapes need it. */
#include "graph/shape_infer.h"

#include <string.h>

#include "base/status_impl.h"
#include "graph/attr.h"
#include "graph/value_text.h"

static _Atomic(ShapeFnLookup *) shape_lookup;
static _Atomic(ConstEval *) const_eval;

void graph_set_shape_functions(ShapeFnLookup *lookup, ConstEval *eval) {
  shape_lookup = lookup;
  const_eval = eval;
}

/* Folding visits at most so many nodes for one value, and gives up on larger ones: what shape functions read
 * is small. */
enum { FOLD_MAX_NODES = 256, FOLD_MAX_ELEMENTS = 1 << 16 };

static const Tensor *fold(TF_Output output, int *budget);

static void keep_value(Node *node, int index, const Tensor *t) {
  Graph *graph = node->graph;
  if (!node->values)
    node->values = arena_calloc(&graph->arena, (size_t)node->num_outputs, sizeof *node->values);
  if (node->values) node->values[index] = attr_store_tensor((AttrStore){&graph->arena, &graph->tensors}, t);
}

static void put_int(Tensor *t, int64_t i, int64_t v) {
  if (t->dtype == TF_INT64) ((int64_t *)t->data)[i] = v;
  else ((int32_t *)t->data)[i] = (int32_t)v;
}

/* Shape, Rank and Size of a tensor, if its shape is known (which may come later). False for other ops. */
static bool fold_shape_op(Node *node, int index) {
  bool size = !strcmp(node->op, "Size"), rank = !strcmp(node->op, "Rank");
  if (!size && !rank && strcmp(node->op, "Shape") && strcmp(node->op, "ShapeN")) return false;
  if (!node->inputs[index].oper) return true;
  const Shape *s = &node->inputs[index].oper->output_shapes[node->inputs[index].index];
  if (s->rank < 0 || (!rank && !shape_known(s))) return true;
  TF_Status st = {0};
  Tensor t = {0};
  int64_t n = s->rank, product = 1;
  if (tensor_alloc(&t, node->output_types[index], &n, !(size || rank), &st)) return true;
  for (int i = 0; i < s->rank; i++) {
    if (!size && !rank) put_int(&t, i, s->dims[i]);
    if (s->dims[i] < 0 || __builtin_mul_overflow(product, s->dims[i], &product)) product = 0;
  }
  if (size) put_int(&t, 0, product);
  if (rank) put_int(&t, 0, n);
  keep_value(node, index, &t);
  tensor_clear(&t);
  return true;
}

static bool may_fold(const Node *node) {
  static const char *const never[] = {
      "Switch", "Merge",   "Enter", "Exit", "NextIteration", "Placeholder", "PlaceholderWithDefault",
      "_Arg",   "LoopCond"};
  if ((node->spec->flags & OP_SPEC_STATEFUL) || !node->num_inputs || node->num_inputs > 64 ||
      node->num_outputs > 64)
    return false;
  for (size_t i = 0; i < SM_COUNTOF(never); i++)
    if (!strcmp(node->op, never[i])) return false;
  for (int i = 0; i < node->num_outputs; i++)
    if (dtype_is_ref(node->output_types[i])) return false;
  return true;
}

static void fold_kernel(Node *node, int *budget) {
  ConstEval *eval = const_eval;
  const Tensor *inputs[64];
  Tensor outputs[64] = {0};
  if (!eval) return;
  if (!may_fold(node)) {
    node->not_constant = true;
    return;
  }
  for (int i = 0; i < node->num_inputs; i++) {
    Node *from = node->inputs[i].oper;
    if (from && (inputs[i] = fold(node->inputs[i], budget))) continue;
    node->not_constant = from && from->not_constant;
    return;
  }
  if (!eval(node, inputs, outputs)) {
    node->not_constant = true;
    return;
  }
  for (int i = 0; i < node->num_outputs; i++) {
    if (tensor_count(&outputs[i]) <= FOLD_MAX_ELEMENTS) keep_value(node, i, &outputs[i]);
    tensor_clear(&outputs[i]);
  }
}

static const Tensor *fold(TF_Output output, int *budget) {
  Node *node = output.oper;
  if (!strcmp(node->op, "Const")) {
    const Attr *value = node_attr(node, "value");
    return value && value->kind == TF_ATTR_TENSOR && !value->is_list &&
                   value->v.tensor->dtype == node->output_types[0] &&
                   tensor_count(value->v.tensor) <= FOLD_MAX_ELEMENTS
               ? value->v.tensor
               : NULL;
  }
  if (node->values && node->values[output.index]) return node->values[output.index];
  if (node->not_constant || --*budget < 0) return NULL;
  if (!fold_shape_op(node, output.index)) fold_kernel(node, budget);
  return node->values ? node->values[output.index] : NULL;
}

const Tensor *graph_constant_value(TF_Output output) {
  int budget = FOLD_MAX_NODES;
  return fold(output, &budget);
}

static const Tensor *input_value(ShapeCtx *c, int i) {
  if (i < 0 || i >= c->num_inputs || !c->node->inputs[i].oper) return NULL;
  const Tensor *t = graph_constant_value(c->node->inputs[i]);
  if (t && i < 64) c->asked |= (uint64_t)1 << i;
  return t;
}

/* ---- vectors of sizes known in part ---- */

static bool sizes_of_tensor(const Tensor *t, Shape *out) {
  int64_t n = tensor_count(t);
  if (t->rank > 1 || n > TENSOR_MAX_RANK || (t->dtype != TF_INT32 && t->dtype != TF_INT64)) return false;
  *out = (Shape){.rank = (int)n};
  for (int i = 0; i < n; i++) {
    int64_t v = t->dtype == TF_INT64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
    out->dims[i] = v < 0 ? -1 : v;
  }
  return true;
}

static bool partial_sizes(TF_Output from, int *budget, Shape *out);

/* Pack of scalars and ConcatV2 of vectors, piece by piece. */
static bool join_sizes(const Node *node, int count, int *budget, Shape *out) {
  *out = (Shape){.rank = 0};
  for (int i = 0; i < count; i++) {
    Shape piece;
    if (!partial_sizes(node->inputs[i], budget, &piece)) {
      const Shape *s = &node->inputs[i].oper->output_shapes[node->inputs[i].index];
      if (s->rank == 0) piece = shape_of_rank(1);
      else if (s->rank == 1 && s->dims[0] >= 0 && s->dims[0] <= TENSOR_MAX_RANK)
        piece = shape_of_rank((int)s->dims[0]);
      else return false;
    }
    for (int d = 0; d < piece.rank; d++) {
      if (out->rank == TENSOR_MAX_RANK) return false;
      out->dims[out->rank++] = piece.dims[d];
    }
  }
  return true;
}

static bool mask_is(const Node *node, const char *name, int64_t value) {
  const Attr *a = node_attr(node, name);
  return a && a->kind == TF_ATTR_INT && a->v.i == value;
}

/* shape[i] and shape[a:b] with stride 1. */
static bool slice_sizes(const Node *node, int *budget, Shape *out) {
  Shape all;
  if (!partial_sizes(node->inputs[0], budget, &all)) return false;
  int64_t at[3];
  for (int i = 0; i < 3; i++) {
    const Tensor *t = graph_constant_value(node->inputs[i + 1]);
    if (!t || tensor_count(t) != 1 || (t->dtype != TF_INT32 && t->dtype != TF_INT64)) return false;
    at[i] = t->dtype == TF_INT64 ? *(const int64_t *)t->data : *(const int32_t *)t->data;
  }
  if (at[2] != 1 || !mask_is(node, "ellipsis_mask", 0) || !mask_is(node, "new_axis_mask", 0)) return false;
  bool shrink = mask_is(node, "shrink_axis_mask", 1);
  int64_t begin = mask_is(node, "begin_mask", 1) && !shrink ? 0 : at[0] < 0 ? at[0] + all.rank : at[0];
  int64_t end = shrink                         ? begin + 1
                : mask_is(node, "end_mask", 1) ? all.rank
                : at[1] < 0                    ? at[1] + all.rank
                                               : at[1];
  if (begin < 0 || (shrink && begin >= all.rank)) return false;
  if (end > all.rank) end = all.rank;
  *out = (Shape){.rank = 0};
  for (int64_t i = begin; i < end; i++) out->dims[out->rank++] = all.dims[i];
  return true;
}

static bool partial_sizes(TF_Output from, int *budget, Shape *out) {
  if (!from.oper || --*budget < 0) return false;
  const Tensor *t = graph_constant_value(from);
  if (t) return sizes_of_tensor(t, out);
  const Node *node = from.oper;
  if (!strcmp(node->op, "Shape") || !strcmp(node->op, "ShapeN")) {
    TF_Output of = node->inputs[from.index];
    *out = of.oper ? of.oper->output_shapes[of.index] : shape_unknown();
    return out->rank >= 0;
  }
  if (!strcmp(node->op, "Cast") || !strcmp(node->op, "Identity")) {
    TF_DataType type = node->output_types[0];
    return (type == TF_INT32 || type == TF_INT64) && partial_sizes(node->inputs[0], budget, out);
  }
  if (!strcmp(node->op, "Pack")) return join_sizes(node, node->num_inputs, budget, out);
  if (!strcmp(node->op, "ConcatV2")) return join_sizes(node, node->num_inputs - 1, budget, out);
  if (!strcmp(node->op, "StridedSlice")) return slice_sizes(node, budget, out);
  return false;
}

static bool input_partial(ShapeCtx *c, int i, Shape *out) {
  int budget = FOLD_MAX_NODES;
  if (i < 0 || i >= c->num_inputs || !partial_sizes(c->node->inputs[i], &budget, out)) return false;
  if (i < 64) c->asked_partial |= (uint64_t)1 << i;
  return true;
}

/* ---- running shape functions ---- */

static TF_Code explain(const ShapeCtx *c, TF_Status *st) {
  Bytes text = {0};
  bytes_printf(&text, " for '{{node %s}} = ", c->node->name);
  node_print(c->node, &text);
  bytes_puts(&text, "' with input shapes: ");
  for (int i = 0; i < c->num_inputs; i++) {
    if (i) bytes_puts(&text, ", ");
    if (c->inputs[i]->rank < 0) bytes_putc(&text, '?');
    else shape_print(c->inputs[i], &text);
  }
  const char *lead = " and with computed input tensors: ";
  for (int i = 0; i < c->num_inputs && i < 64; i++) {
    if (!((c->asked & ~c->asked_partial) >> i & 1)) continue;
    bytes_printf(&text, "%sinput[%d] = <", lead, i);
    value_text(graph_constant_value(c->node->inputs[i]), 256, &text);
    bytes_putc(&text, '>');
    lead = ", ";
  }
  lead = " and with input tensors computed as partial shapes: ";
  for (int i = 0; i < c->num_inputs && i < 64; i++) {
    Shape partial;
    int budget = FOLD_MAX_NODES;
    if (!(c->asked_partial >> i & 1) || !partial_sizes(c->node->inputs[i], &budget, &partial)) continue;
    bytes_printf(&text, "%sinput[%d] = ", lead, i);
    shape_print(&partial, &text);
    lead = ", ";
  }
  bytes_putc(&text, '.');
  if (!text.failed) fail_suffix(st, "%s", text.data);
  bytes_clear(&text);
  return TF_GetCode(st);
}

TF_Code node_infer_shapes(Node *node, TF_Status *st) {
  ShapeFnLookup *lookup = shape_lookup;
  ShapeFn *fn = lookup ? lookup(node->op) : NULL;
  for (int i = 0; i < node->num_outputs; i++) node->output_shapes[i] = shape_unknown();
  if (!fn) return TF_OK;
  static const Shape unknown = {.rank = -1};
  const Shape *few[16], **inputs = few;
  if (node->num_inputs > 16 &&
      !(inputs = arena_alloc(&node->graph->arena, (size_t)node->num_inputs * sizeof *inputs)))
    return fail_oom(st, "shape inference");
  for (int i = 0; i < node->num_inputs; i++) {
    TF_Output from = node->inputs[i];
    inputs[i] = from.oper ? &from.oper->output_shapes[from.index] : &unknown;
  }
  ShapeCtx c = {.node = node,
                .num_inputs = node->num_inputs,
                .num_outputs = node->num_outputs,
                .inputs = inputs,
                .outputs = node->output_shapes,
                .value = input_value,
                .partial = input_partial};
  return fn(&c, st) ? explain(&c, st) : TF_OK;
}
