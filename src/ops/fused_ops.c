/* FusedPadConv2D and FusedResizeAndPadConv2D, which optimize_for_inference.py writes into frozen graphs, and
 * _FusedConv2D and _FusedMatMul, which a graph saved after Grappler has: chains of other ops, run one after
 * another. (TensorFlow's two of padding are wrong for all images of a batch but the first; ours give what the
 * graph gave before it was optimised.) */
#include <string.h>

#include "base/bytes.h"
#include "ops/op.h"
#include "ops/op_eval.h"

enum { MAX_PARTS = 4, MAX_INPUTS = 5, MAX_OUTPUTS = 6, LAST = -1, NUM_EXTRAS = 12 };

/* An op of the chain. Its inputs are the node's, by number, or LAST: what the part before gave. */
typedef struct Part {
  const char *op;
  int num_inputs, inputs[MAX_INPUTS];
  int num_outputs;
  TF_DataType dtype; /* of its first output; 0: the node's */
} Part;

static const Part resize = {"ResizeBilinear", 2, {0, 1}, 1, TF_FLOAT}, cast = {"Cast", 1, {LAST}, 1, 0};

typedef struct FusedState {
  int count;
  Part parts[MAX_PARTS];
  Node nodes[MAX_PARTS];
  Kernel kernels[MAX_PARTS];
} FusedState;

static void add(FusedState *s, Part part) { s->parts[s->count++] = part; }

/* The node's attributes, and those of the parts that it has not. */
static TF_Code part_attrs(const OpInit *k, Attr **attrs, int *count, TF_Status *st) {
  static const int64_t ones[] = {1, 1, 1, 1};
  const Node *node = k->node;
  const Attr *align = node_attr(node, "resize_align_corners"), *alpha = node_attr(node, "leakyrelu_alpha");
  const Attr extras[NUM_EXTRAS] = {
      {.name = "align_corners", .kind = TF_ATTR_BOOL, .v.b = align && align->v.b},
      {.name = "half_pixel_centers", .kind = TF_ATTR_BOOL},
      {.name = "Tpaddings", .kind = TF_ATTR_TYPE, .v.type = TF_INT32},
      {.name = "SrcT", .kind = TF_ATTR_TYPE, .v.type = TF_FLOAT},
      {.name = "DstT", .kind = TF_ATTR_TYPE, .v.type = node->output_types[0]},
      {.name = "Truncate", .kind = TF_ATTR_BOOL},
      {.name = "U", .kind = TF_ATTR_TYPE, .v.type = TF_FLOAT},
      {.name = "is_training", .kind = TF_ATTR_BOOL},
      {.name = "exponential_avg_factor", .kind = TF_ATTR_FLOAT, .v.f = 1},
      {.name = "alpha", .kind = TF_ATTR_FLOAT, .v.f = alpha ? alpha->v.f : 0.2f},
      {.name = "data_format", .kind = TF_ATTR_STRING, .v.s = {"NHWC", 4}},
      {.name = "dilations", .kind = TF_ATTR_INT, .is_list = true, .count = 4, .v.list_i = ones}};
  *count = node->num_attrs + NUM_EXTRAS; /* the first of a name counts */
  *attrs = arena_calloc(k->arena, (size_t)*count, sizeof **attrs);
  if (!*attrs) return fail_oom(st, "a kernel's state");
  if (node->num_attrs) memcpy(*attrs, node->attrs, (size_t)node->num_attrs * sizeof **attrs);
  memcpy(*attrs + node->num_attrs, extras, sizeof extras);
  return TF_OK;
}

/* Makes the node that part `i` would be in a graph, and its kernel. */
static TF_Code make_part(OpInit *k, int i, Attr *attrs, int num_attrs, TF_Status *st) {
  FusedState *s = k->state;
  const Part *part = &s->parts[i];
  Node *node = &s->nodes[i];
  *node = (Node){.graph = k->node->graph,
                 .name = k->node->name,
                 .op = part->op,
                 .device = "",
                 .num_inputs = part->num_inputs,
                 .num_outputs = part->num_outputs,
                 .attrs = attrs,
                 .num_attrs = num_attrs};
  node->inputs = arena_calloc(k->arena, MAX_INPUTS, sizeof *node->inputs);
  node->input_types = arena_calloc(k->arena, MAX_INPUTS, sizeof *node->input_types);
  node->output_types = arena_calloc(k->arena, MAX_OUTPUTS, sizeof *node->output_types);
  if (!node->inputs || !node->input_types || !node->output_types) return fail_oom(st, "a kernel's state");
  TF_DataType dtype = k->node->output_types[0],
              before = i && s->parts[i - 1].dtype ? s->parts[i - 1].dtype : dtype;
  for (int j = 0; j < part->num_inputs; j++)
    node->input_types[j] = part->inputs[j] == LAST ? before : k->node->input_types[part->inputs[j]];
  for (int j = 0; j < part->num_outputs; j++) node->output_types[j] = part->dtype ? part->dtype : dtype;
  OpInit inner = *k;
  inner.node = node;
  return kernel_init(&s->kernels[i], &inner, st);
}

static TF_Code make_parts(OpInit *k, TF_Status *st) {
  FusedState *s = k->state;
  Attr *attrs;
  int count;
  TF_Code code = part_attrs(k, &attrs, &count, st);
  for (int i = 0; i < s->count && !code; i++) code = make_part(k, i, attrs, count, st);
  for (int i = 0; code && i < s->count; i++) kernel_clear(&s->kernels[i]);
  return code;
}

static void fused_clear(void *state) {
  FusedState *s = state;
  for (int i = 0; i < s->count; i++) kernel_clear(&s->kernels[i]);
}

/* ---- the chains ---- */

static TF_Code pad_init(OpInit *k, TF_Status *st) {
  add(k->state, (Part){"MirrorPad", 2, {0, 1}, 1, 0});
  add(k->state, (Part){"Conv2D", 2, {LAST, 2}, 1, 0});
  return make_parts(k, st);
}

static TF_Code resize_init(OpInit *k, TF_Status *st) {
  add(k->state, resize);
  if (k->node->output_types[0] != TF_FLOAT) add(k->state, cast);
  add(k->state, (Part){"MirrorPad", 2, {LAST, 2}, 1, 0});
  add(k->state, (Part){"Conv2D", 2, {LAST, 3}, 1, 0});
  return make_parts(k, st);
}

static bool is(Span s, const char *text) { return s.size == strlen(text) && !memcmp(s.data, text, s.size); }

static TF_Code fail_fusion(const Attr *ops, TF_Status *st) {
  Bytes text = {0};
  for (int64_t i = 0; i < ops->count; i++)
    bytes_printf(&text, "%s%.*s", i ? "," : "", (int)ops->v.list_s[i].size,
                 (const char *)ops->v.list_s[i].data);
  fail(st, TF_UNIMPLEMENTED, "Fusion is not implemented: [%s]", text.data ? text.data : "");
  bytes_clear(&text);
  return TF_UNIMPLEMENTED;
}

/* What fused_ops adds to the product: a bias or a norm, and perhaps an activation. */
static TF_Code add_fused(OpInit *k, TF_Status *st) {
  static const char *const activations[] = {"Relu", "Relu6", "Elu", "LeakyRelu"};
  FusedState *s = k->state;
  const Attr *ops;
  TRY(node_attr_list(k->node, "fused_ops", TF_ATTR_STRING, &ops, st));
  if (!ops->count)
    return fail(st, TF_INVALID_ARGUMENT, "Fused %s must have at least one fused op.", s->parts[0].op);
  const Span *first = &ops->v.list_s[0], *second = ops->count == 2 ? &ops->v.list_s[1] : NULL;
  bool bias = is(*first, "BiasAdd"), norm = is(*first, "FusedBatchNorm") && !strcmp(s->parts[0].op, "Conv2D");
  const char *activation = NULL;
  for (size_t i = 0; second && i < SM_COUNTOF(activations); i++)
    if (is(*second, activations[i])) activation = activations[i];
  if ((!bias && !norm) || ops->count > 2 || (second && !activation)) return fail_fusion(ops, st);
  if (k->node->num_inputs != (norm ? 6 : 3))
    return fail(st, TF_INVALID_ARGUMENT, "Fused %s with %s must have %d extra argument%s.", s->parts[0].op,
                norm ? "FusedBatchNorm" : "BiasAdd", norm ? 4 : 1, norm ? "s" : "");
  if (bias) add(s, (Part){"BiasAdd", 2, {LAST, 2}, 1, 0});
  else add(s, (Part){"FusedBatchNormV3", 5, {LAST, 2, 3, 4, 5}, 6, 0});
  if (activation) add(s, (Part){activation, 1, {LAST}, 1, 0});
  return make_parts(k, st);
}

static TF_Code conv_init(OpInit *k, TF_Status *st) {
  add(k->state, (Part){"Conv2D", 2, {0, 1}, 1, 0});
  return add_fused(k, st);
}

static TF_Code matmul_init(OpInit *k, TF_Status *st) {
  add(k->state, (Part){"MatMul", 2, {0, 1}, 1, 0});
  return add_fused(k, st);
}

/* ---- running ---- */

/* Runs part `i`; `last` becomes what it gives. */
static TF_Code run_part(OpCtx *c, int i, Tensor *last, OpScratch *scratch, TF_Status *st) {
  const FusedState *s = c->state;
  const Part *part = &s->parts[i];
  const Tensor *inputs[MAX_INPUTS];
  Tensor outputs[MAX_OUTPUTS] = {0};
  int aliases[MAX_OUTPUTS];
  uint64_t last_use = 0;
  for (int j = 0; j < part->num_inputs; j++) {
    inputs[j] = part->inputs[j] == LAST ? last : c->inputs[part->inputs[j]];
    if (part->inputs[j] == LAST) last_use |= UINT64_C(1) << j;
  }
  OpCtx inner = {.node = s->kernels[i].node,
                 .row = s->kernels[i].row,
                 .state = s->kernels[i].state,
                 .num_inputs = part->num_inputs,
                 .num_outputs = part->num_outputs,
                 .inputs = inputs,
                 .outputs = outputs,
                 .threads = c->threads,
                 .env = c->env,
                 .aliases = aliases,
                 .pool = c->pool};
  TF_Code code = op_eval(&inner, scratch, last_use, st);
  tensor_clear(last);
  for (int j = 1; j < part->num_outputs; j++) tensor_clear(&outputs[j]);
  *last = outputs[0];
  return code;
}

static TF_Code fused_run(OpCtx *c, TF_Status *st) {
  const FusedState *s = c->state;
  OpScratch scratch = {0};
  Tensor last = {0};
  TF_Code code = TF_OK;
  for (int i = 0; i < s->count && !code; i++) code = run_part(c, i, &last, &scratch, st);
  op_scratch_clear(&scratch);
  if (!code) op_take_output(c, 0, &last);
  return code;
}

static TF_Code shape_rank4(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_of_rank(4);
  return TF_OK;
}
static TF_Code shape_rank2(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_of_rank(2);
  return TF_OK;
}

#define FUSED(name_, types_, shape_, init_)                                                                 \
  {                                                                                                         \
    .name = name_, .types = types_, .flags = OP_DYNAMIC, .state_size = sizeof(FusedState), .shape = shape_, \
    .init = init_, .run = fused_run, .clear = fused_clear                                                   \
  }

const OpRow ops_fused[] = {FUSED("FusedPadConv2D", "T: half bfloat16 float double", shape_rank4, pad_init),
                           FUSED("FusedResizeAndPadConv2D", "T: half float double", shape_rank4, resize_init),
                           FUSED("_FusedConv2D", "T: float double", shape_rank4, conv_init),
                           FUSED("_FusedMatMul", "T: float bfloat16", shape_rank2, matmul_init),
                           {0}};
