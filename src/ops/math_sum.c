/* AddN, AccumulateNV2, BiasAdd, BiasAddGrad, L2Loss, BroadcastGradientArgs: sums around the edges of
 * layers. */
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_binary.h"
#include "ops/reduce_ops.h"
#include "ops/tensor_list.h"

/* ---- AddN ---- */

static TF_Code add_n_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *first = op_input(c, 0);
  for (int i = 1; i < c->num_inputs; i++) {
    const Tensor *t = op_input(c, i);
    bool same = t->rank == first->rank;
    for (int d = 0; same && d < t->rank; d++) same = t->dims[d] == first->dims[d];
    if (same) continue;
    char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Inputs to operation %s of type %s must have the same size and shape.  Input 0: %s != input %d: %s",
        c->node->name, c->node->op, shape_text(first->dims, first->rank, a, sizeof a), i,
        shape_text(t->dims, t->rank, b, sizeof b));
  }
  return op_output_like(c, 0, first, st);
}

typedef struct AddNRun {
  const OpCtx *c;
  TF_DataType dtype;
} AddNRun;

/* Block by block through a buffer, so that the output may be any of the inputs. */
static void add_n_part(void *arg, int64_t begin, int64_t end) {
  const AddNRun *r = arg;
  const OpCtx *c = r->c;
  int kind = math_kind(r->dtype), ew = math_ew_type(kind);
  const BinaryOp *add = binary_ops; /* the first row is Add */
  size_t size = dtype_size(r->dtype);
  SM_ALIGNED(64) char sum[MATH_BLOCK * 16];
  float x[MATH_BLOCK];
  for (int64_t i = begin; i < end; i += MATH_BLOCK) {
    int64_t k = end - i < MATH_BLOCK ? end - i : MATH_BLOCK;
    for (int j = 0; j < c->num_inputs; j++) {
      const char *in = (const char *)op_input(c, j)->data + (size_t)i * size;
      if (math_is_16(r->dtype)) {
        math_load_16(j == 0 ? (float *)sum : x, (const uint16_t *)in, k, r->dtype);
        if (j > 0) simd()->binary[EW_ADD][EW_F32](sum, sum, x, k, EW_VV);
      } else if (j == 0) {
        memcpy(sum, in, (size_t)k * size);
      } else if (ew >= 0) {
        simd()->binary[EW_ADD][ew](sum, sum, in, k, EW_VV);
      } else {
        add->loops[kind](sum, sum, in, k, 1, 1, 0);
      }
    }
    char *out = (char *)c->outputs[0].data + (size_t)i * size;
    if (math_is_16(r->dtype)) math_store_16((uint16_t *)out, (float *)sum, k, r->dtype);
    else memcpy(out, sum, (size_t)k * size);
  }
}

/* Lists of tensors, element by element. */
static TF_Code add_variants(OpCtx *c, TF_Status *st) {
  Tensor sum = {0};
  TRY(op_keep_input(c, 0, &sum, st));
  for (int i = 1; i < c->num_inputs; i++) {
    Tensor next = {0};
    TF_Code code = variant_add(&sum, op_input(c, i), c->env, &next, st);
    tensor_clear(&sum);
    if (code) return code;
    tensor_move(&sum, &next);
  }
  op_take_output(c, 0, &sum);
  return TF_OK;
}

static TF_Code add_n_run(OpCtx *c, TF_Status *st) {
  if (c->outputs[0].dtype == TF_VARIANT) return add_variants(c, st);
  AddNRun r = {c, op_input(c, 0)->dtype};
  parallel_for(c->threads, tensor_count(op_input(c, 0)), 16384, add_n_part, &r);
  return TF_OK;
}

static TF_Code shape_add_n(ShapeCtx *c, TF_Status *st) {
  Shape s = *c->inputs[0];
  for (int i = 1; i < c->num_inputs; i++) TRY(shape_merge(&s, c->inputs[i], &s, st));
  c->outputs[0] = s;
  return TF_OK;
}

/* ---- BiasAdd, BiasAddGrad ---- */

static bool is_nchw(const Node *node) {
  const Attr *format = node_attr(node, "data_format");
  return format && format->v.s.size == 4 && memcmp(format->v.s.data, "NCHW", 4) == 0;
}

static TF_Code bias_add_init(OpInit *k, TF_Status *st) { return binary_init_as(k, "AddV2", st); }

static TF_Code bias_add_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  Tensor bias = *op_input(c, 1);
  char text[SHAPE_TEXT_MAX], bias_text[SHAPE_TEXT_MAX];
  shape_text(x->dims, x->rank, text, sizeof text);
  shape_text(bias.dims, bias.rank, bias_text, sizeof bias_text);
  if (x->rank < 2) return fail(st, TF_INVALID_ARGUMENT, "Input tensor must be at least 2D: %s", text);
  if (bias.rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Biases must be 1D: %s", bias_text);
  bool nchw = is_nchw(c->node);
  int channel = nchw ? 1 : x->rank - 1;
  if (bias.dims[0] != x->dims[channel])
    return fail(st, TF_INVALID_ARGUMENT,
                "Must provide as many biases as the last dimension of the input tensor: %s vs. %s", bias_text,
                text);
  for (int d = channel + 1; d < x->rank; d++) bias.dims[bias.rank++] = 1;
  return binary_prepare_as(c, x, &bias, st);
}

static TF_Code bias_grad_init(OpInit *k, TF_Status *st) { return reduce_init_as(k, R_SUM, st); }

static TF_Code bias_grad_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (x->rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input tensor must be at least 2D: %s",
                shape_text(x->dims, x->rank, text, sizeof text));
  int channel = is_nchw(c->node) ? 1 : x->rank - 1;
  bool reduced[TENSOR_MAX_RANK];
  for (int d = 0; d < x->rank; d++) reduced[d] = d != channel;
  return reduce_prepare_as(c, reduced, &x->dims[channel], 1, st);
}

static TF_Code shape_bias_grad(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *in = c->inputs[0];
  c->outputs[0] = shape_of_rank(1);
  if (in->rank >= 2) c->outputs[0].dims[0] = in->dims[is_nchw(c->node) ? 1 : in->rank - 1];
  return TF_OK;
}

/* ---- L2Loss ---- */

static TF_Code l2_loss_init(OpInit *k, TF_Status *st) { return reduce_init_as(k, R_L2, st); }

static TF_Code l2_loss_prepare(OpCtx *c, TF_Status *st) {
  static const int64_t no_dims[1] = {0};
  bool reduced[TENSOR_MAX_RANK];
  for (int d = 0; d < TENSOR_MAX_RANK; d++) reduced[d] = true;
  return reduce_prepare_as(c, reduced, no_dims, 0, st);
}

/* ---- BroadcastGradientArgs: the dims over which the gradient of each operand is summed ---- */

typedef struct GradArgsPrep {
  int count[2], axes[2][TENSOR_MAX_RANK];
} GradArgsPrep;

static TF_Code grad_args_prepare(OpCtx *c, TF_Status *st) {
  GradArgsPrep *p = c->prep;
  const Tensor *s[2] = {op_input(c, 0), op_input(c, 1)};
  int64_t n[2];
  for (int k = 0; k < 2; k++) {
    char text[SHAPE_TEXT_MAX];
    if (s[k]->rank != 1)
      return fail(st, TF_INVALID_ARGUMENT, "In[%d] must be a vector.%s", k,
                  shape_text(s[k]->dims, s[k]->rank, text, sizeof text));
    n[k] = s[k]->dims[0];
    if (n[k] > TENSOR_MAX_RANK)
      return fail(st, TF_INVALID_ARGUMENT, "rank %lld is too large", (long long)n[k]);
  }
  int rank = (int)(n[0] > n[1] ? n[0] : n[1]);
  bool equal = n[0] == n[1];
  for (int d = 0; equal && d < rank; d++) equal = math_int_at(s[0], d) == math_int_at(s[1], d);
  for (int d = 0; !equal && d < rank; d++) {
    int64_t size[2];
    for (int k = 0; k < 2; k++) {
      int64_t at = d - (rank - n[k]);
      size[k] = at < 0 ? 1 : math_int_at(s[k], at);
    }
    if (size[0] != size[1] && size[0] != 1 && size[1] != 1) {
      Tensor shapes[2] = {{.rank = (int)n[0]}, {.rank = (int)n[1]}};
      for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < n[k]; i++) shapes[k].dims[i] = math_int_at(s[k], i);
      return broadcast_fail(&shapes[0], &shapes[1], st);
    }
    /* TF: where both are 1, both are summed. */
    for (int k = 0; k < 2; k++)
      if (size[k] == 1) p->axes[k][p->count[k]++] = d;
  }
  for (int k = 0; k < 2; k++) {
    int64_t dims[1] = {p->count[k]};
    TRY(op_output(c, k, s[k]->dtype, dims, 1, st));
  }
  return TF_OK;
}

static TF_Code grad_args_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const GradArgsPrep *p = c->prep;
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < p->count[k]; i++) {
      int_put(&c->outputs[k], i, p->axes[k][i]);
    }
  }
  return TF_OK;
}

static TF_Code shape_grad_args(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = c->outputs[1] = shape_of_rank(1);
  return TF_OK;
}

#define BIAS_ADD(name_)                                                                          \
  {                                                                                              \
    name_, .types = "T: " TYPES_NUMBERS, .flags = OP_INPLACE, .state_size = sizeof(BinaryState), \
           .prep_size = sizeof(BinaryPrep), .shape = shape_same, .init = bias_add_init,          \
           .prepare = bias_add_prepare, .run = binary_run                                        \
  }

const OpRow ops_math_sum[] = {
    {"AddN", .types = "T: " TYPES_NUMBERS " variant", .flags = OP_INPLACE, .shape = shape_add_n,
     .prepare = add_n_prepare, .run = add_n_run},
    {"AccumulateNV2", .types = "T: " TYPES_NUMBERS, .flags = OP_INPLACE, .shape = shape_add_n,
     .prepare = add_n_prepare, .run = add_n_run},
    BIAS_ADD("BiasAdd"),
    BIAS_ADD("BiasAddV1"),
    {"BiasAddGrad", .types = "T: " TYPES_NUMBERS, .state_size = sizeof(ReduceState),
     .prep_size = sizeof(ReducePrep), .shape = shape_bias_grad, .init = bias_grad_init,
     .prepare = bias_grad_prepare, .run = reduce_run},
    {"L2Loss", .types = "T: " TYPES_FLOATS, .state_size = sizeof(ReduceState),
     .prep_size = sizeof(ReducePrep), .shape = shape_scalar, .init = l2_loss_init, .prepare = l2_loss_prepare,
     .run = reduce_run},
    {"BroadcastGradientArgs", .types = "T: int32 int64", .value_inputs = 3, .prep_size = sizeof(GradArgsPrep),
     .shape = shape_grad_args, .prepare = grad_args_prepare, .run = grad_args_run},
    {0}};
