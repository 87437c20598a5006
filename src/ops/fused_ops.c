/* FusedPadConv2D and FusedResizeAndPadConv2D, which optimize_for_inference.py writes into frozen graphs: chains of
 * other ops, run one after another. (TensorFlow's are wrong for all images of a batch but the first; ours give
 * what the graph gave before it was optimised.) */
#include <string.h>

#include "ops/op.h"
#include "ops/op_eval.h"

enum { MAX_PARTS = 4, MAX_INPUTS = 2, LAST = -1, NUM_EXTRAS = 8 };

/* An op of the chain. Its inputs are the node's, by number, or LAST: what the part before gave. */
typedef struct Part {
  const char *op;
  int num_inputs, inputs[MAX_INPUTS];
  TF_DataType dtype; /* of its output; 0: the node's */
} Part;

static const Part resize = {"ResizeBilinear", 2, {0, 1}, TF_FLOAT}, cast = {"Cast", 1, {LAST}, 0};

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
  const Attr *align = node_attr(node, "resize_align_corners");
  const Attr extras[NUM_EXTRAS] = {
      {.name = "align_corners", .kind = TF_ATTR_BOOL, .v.b = align && align->v.b},
      {.name = "half_pixel_centers", .kind = TF_ATTR_BOOL},
      {.name = "Tpaddings", .kind = TF_ATTR_TYPE, .v.type = TF_INT32},
      {.name = "SrcT", .kind = TF_ATTR_TYPE, .v.type = TF_FLOAT},
      {.name = "DstT", .kind = TF_ATTR_TYPE, .v.type = node->output_types[0]},
      {.name = "Truncate", .kind = TF_ATTR_BOOL},
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
                 .num_outputs = 1,
                 .attrs = attrs,
                 .num_attrs = num_attrs};
  node->inputs = arena_calloc(k->arena, MAX_INPUTS, sizeof *node->inputs);
  node->input_types = arena_calloc(k->arena, MAX_INPUTS, sizeof *node->input_types);
  node->output_types = arena_calloc(k->arena, 1, sizeof *node->output_types);
  if (!node->inputs || !node->input_types || !node->output_types) return fail_oom(st, "a kernel's state");
  TF_DataType dtype = k->node->output_types[0],
              before = i && s->parts[i - 1].dtype ? s->parts[i - 1].dtype : dtype;
  for (int j = 0; j < part->num_inputs; j++)
    node->input_types[j] = part->inputs[j] == LAST ? before : k->node->input_types[part->inputs[j]];
  node->output_types[0] = part->dtype ? part->dtype : dtype;
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

static TF_Code check_strides(const OpInit *k, TF_Status *st) {
  const Attr *strides;
  TRY(node_attr_list(k->node, "strides", TF_ATTR_INT, &strides, st));
  if (strides->count != 4 || (strides->v.list_i[0] == 1 && strides->v.list_i[3] == 1)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Current implementation does not yet support strides in the batch and depth dimensions.");
}

static TF_Code pad_init(OpInit *k, TF_Status *st) {
  TRY(check_strides(k, st));
  add(k->state, (Part){"MirrorPad", 2, {0, 1}, 0});
  add(k->state, (Part){"Conv2D", 2, {LAST, 2}, 0});
  return make_parts(k, st);
}

static TF_Code resize_init(OpInit *k, TF_Status *st) {
  TRY(check_strides(k, st));
  add(k->state, resize);
  if (k->node->output_types[0] != TF_FLOAT) add(k->state, cast);
  add(k->state, (Part){"MirrorPad", 2, {LAST, 2}, 0});
  add(k->state, (Part){"Conv2D", 2, {LAST, 3}, 0});
  return make_parts(k, st);
}

/* ---- running ---- */

/* Runs part `i`; `last` becomes what it gives. */
static TF_Code run_part(OpCtx *c, int i, Tensor *last, OpScratch *scratch, TF_Status *st) {
  const FusedState *s = c->state;
  const Part *part = &s->parts[i];
  const Tensor *inputs[MAX_INPUTS];
  Tensor output = {0};
  int alias;
  uint64_t last_use = 0;
  for (int j = 0; j < part->num_inputs; j++) {
    inputs[j] = part->inputs[j] == LAST ? last : c->inputs[part->inputs[j]];
    if (part->inputs[j] == LAST) last_use |= UINT64_C(1) << j;
  }
  OpCtx inner = {.node = s->kernels[i].node,
                 .row = s->kernels[i].row,
                 .state = s->kernels[i].state,
                 .num_inputs = part->num_inputs,
                 .num_outputs = 1,
                 .inputs = inputs,
                 .outputs = &output,
                 .threads = c->threads,
                 .env = c->env,
                 .aliases = &alias,
                 .pool = c->pool};
  TF_Code code = op_eval(&inner, scratch, last_use, st);
  tensor_clear(last);
  *last = output;
  return code;
}

/* Only rows and columns are padded. What is no matrix of 4 x 2 the part that pads refuses. */
static TF_Code check_paddings(OpCtx *c, TF_Status *st) {
  const Tensor *t = op_input(c, c->num_inputs - 2);
  const int32_t *paddings = t->data;
  if (t->rank != 2 || t->dims[0] != 4 || t->dims[1] != 2) return TF_OK;
  const char *what = paddings[0] || paddings[1] ? "batches" : paddings[6] || paddings[7] ? "channels" : NULL;
  if (!what) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Fused mirror padding only support spatial padding, not %s", what);
}

static TF_Code fused_run(OpCtx *c, TF_Status *st) {
  TRY(check_paddings(c, st));
  const FusedState *s = c->state;
  OpScratch scratch = {0};
  Tensor last = {0};
  TF_Code code = TF_OK;
  for (int i = 0; i < s->count && !code; i++) code = run_part(c, i, &last, &scratch, st);
  op_scratch_clear(&scratch);
  if (!code && !tensor_count(&last)) code = fail(st, TF_INVALID_ARGUMENT, "Output tensor can't be empty");
  if (code) tensor_clear(&last);
  else op_take_output(c, 0, &last);
  return code;
}

static TF_Code shape_rank4(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_of_rank(4);
  return TF_OK;
}

#define FUSED(name_, types_, init_)                                                        \
  {                                                                                        \
    .name = name_, .types = types_, .flags = OP_DYNAMIC, .state_size = sizeof(FusedState), \
    .shape = shape_rank4, .init = init_, .run = fused_run, .clear = fused_clear            \
  }

const OpRow ops_fused[] = {FUSED("FusedPadConv2D", "T: half bfloat16 float double", pad_init),
                           FUSED("FusedResizeAndPadConv2D", "T: half float double", resize_init),
                           {0}};
