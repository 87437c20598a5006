/* Binary elementwise ops with broadcasting: arithmetic, comparisons, bits, logic, gradients of activations.
 *
 * prepare plans the broadcast; run walks its outer dims and calls a loop on the inner one: of the vector
 * table where it has the type, else plain (math_binary_loops.c). half and bfloat16 go through float by
 * blocks. */
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_binary.h"
#include "ops/math_broadcast.h"

static const BinaryOp *find_op(const char *name) {
  for (const BinaryOp *op = binary_ops; op->name; op++)
    if (strcmp(op->name, name) == 0) return op;
  return NULL;
}

TF_Code binary_init_as(OpInit *k, const char *op, TF_Status *st) {
  BinaryState *s = k->state;
  const Node *node = k->node;
  s->op = find_op(op);
  s->dtype = dtype_base(node->input_types[0]);
  int kind = math_kind(s->dtype), ew = math_ew_type(kind);
  s->is_16 = math_is_16(s->dtype);
  s->out_is_16 = s->is_16 && !s->op->to_bool;
  s->in_size = (uint8_t)dtype_size(s->dtype);
  s->out_size = (uint8_t)dtype_size(dtype_base(node->output_types[0]));
  if (kind >= 0) {
    s->loop = s->op->loops[kind];
    if (ew >= 0 && s->op->simd >= 0) s->fast = simd()->binary[s->op->simd][ew];
    BinaryLoop *own = s->dtype == TF_HALF ? s->op->half : s->dtype == TF_BFLOAT16 ? s->op->bfloat16 : NULL;
    if (own) {
      s->loop = own;
      s->fast = NULL;
    }
  }
  if (!s->loop && !s->fast && s->dtype != TF_STRING)
    return fail(st, TF_UNIMPLEMENTED, "%s has no kernel for %s", k->row->name, dtype_name(s->dtype));
  if (node_attr(node, "Tout") && s->out_size != 2 * s->in_size) return op_fail_no_kernel(k->row, node, st);
  if (s->op->param) TRY(node_attr_float(node, s->op->param, &s->param, st));
  const Attr *strict = node_attr(node, "incompatible_shape_error");
  s->any_shapes = strict && !strict->v.b;
  return TF_OK;
}

static TF_Code binary_init(OpInit *k, TF_Status *st) { return binary_init_as(k, k->row->name, st); }

TF_Code binary_prepare_as(OpCtx *c, const Tensor *a, const Tensor *b, TF_Status *st) {
  const BinaryState *s = c->state;
  BinaryPrep *p = c->prep;
  const Tensor *both[2] = {a, b};
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  if (!broadcast_plan(&p->b, both, 2, dims, &rank)) {
    if (!s->any_shapes) return broadcast_fail(a, b, st);
    p->mismatch = true;
    rank = 0;
  }
  return op_output(c, 0, dtype_base(c->node->output_types[0]), dims, rank, st);
}

static TF_Code binary_prepare(OpCtx *c, TF_Status *st) {
  return binary_prepare_as(c, op_input(c, 0), op_input(c, 1), st);
}

/* One inner run. `a` and `b` are the operands' first elements. */
static void run_inner(const BinaryState *s, void *out, const char *a, const char *b, int64_t n, int sa,
                      int sb) {
  if (s->fast) {
    s->fast(out, a, b, n, sa && sb ? EW_VV : sa ? EW_VS : EW_SV);
  } else {
    s->loop(out, a, b, n, sa, sb, s->param);
  }
}

/* Through float by blocks; bools come out as they are. */
static void run_inner_16(const BinaryState *s, char *out, const char *a, const char *b, int64_t n, int sa,
                         int sb) {
  float x[MATH_BLOCK], y[MATH_BLOCK], z[MATH_BLOCK];
  for (int64_t i = 0; i < n; i += MATH_BLOCK) {
    int64_t k = n - i < MATH_BLOCK ? n - i : MATH_BLOCK;
    math_load_16(x, (const uint16_t *)a + i * sa, sa ? k : 1, s->dtype);
    math_load_16(y, (const uint16_t *)b + i * sb, sb ? k : 1, s->dtype);
    if (s->out_is_16) {
      run_inner(s, z, (char *)x, (char *)y, k, sa, sb);
      math_store_16((uint16_t *)out + i, z, k, s->dtype);
    } else {
      run_inner(s, out + i * s->out_size, (char *)x, (char *)y, k, sa, sb);
    }
  }
}

typedef struct BinaryRun {
  const BinaryState *s;
  const Broadcast *b;
  char *out;
  const char *a, *c;
} BinaryRun;

static void run_any(const BinaryState *s, char *out, const char *a, const char *b, int64_t n, int sa,
                    int sb) {
  if (s->is_16) run_inner_16(s, out, a, b, n, sa, sb);
  else run_inner(s, out, a, b, n, sa, sb);
}

static void run_one(const BinaryRun *r, int64_t at, int64_t a_at, int64_t b_at, int64_t n) {
  const BinaryState *s = r->s;
  const Broadcast *b = r->b;
  int sa = (int)b->stride[0][b->rank - 1], sb = (int)b->stride[1][b->rank - 1];
  run_any(s, r->out + at * s->out_size, r->a + a_at * s->in_size, r->c + b_at * s->in_size, n, sa, sb);
}

/* Part of the only dim. */
static void run_flat(void *arg, int64_t begin, int64_t end) {
  const BinaryRun *r = arg;
  const Broadcast *b = r->b;
  run_one(r, begin, begin * b->stride[0][0], begin * b->stride[1][0], end - begin);
}

/* Part of the outer dims; the odometer counts from the last outer dim up. */
static void run_outer(void *arg, int64_t begin, int64_t end) {
  const BinaryRun *r = arg;
  const Broadcast *b = r->b;
  int64_t n = b->dims[b->rank - 1], offset[3], at[TENSOR_MAX_RANK], rest = begin;
  for (int d = b->rank - 2; d >= 0; d--) {
    at[d] = rest % b->dims[d];
    rest /= b->dims[d];
  }
  broadcast_offsets(b, begin, offset);
  for (int64_t i = begin; i < end; i++) {
    run_one(r, i * n, offset[0], offset[1], n);
    for (int d = b->rank - 2; d >= 0; d--) {
      offset[0] += b->stride[0][d];
      offset[1] += b->stride[1][d];
      if (++at[d] < b->dims[d]) break;
      offset[0] -= b->stride[0][d] * b->dims[d];
      offset[1] -= b->stride[1][d] * b->dims[d];
      at[d] = 0;
    }
  }
}

enum {
  SHORT_ROW = 64, /* elements; below that a call for each row costs more than its arithmetic */
  TILE_BYTES = 8192,
};

/* Whether one operand is the same short row for every row of the other. */
static bool is_tiled(const Broadcast *b) {
  if (b->rank != 2 || b->dims[1] >= SHORT_ROW || b->stride[0][1] != 1 || b->stride[1][1] != 1) return false;
  return (b->stride[0][0] == 0) != (b->stride[1][0] == 0);
}

/* Part of the rows: the short row is written out many times, so that many rows are one run. */
static void run_tiled(void *arg, int64_t begin, int64_t end) {
  _Alignas(64) char tile[TILE_BYTES];
  const BinaryRun *r = arg;
  const BinaryState *s = r->s;
  int64_t n = r->b->dims[1], row = n * s->in_size, rows = TILE_BYTES / row;
  bool second = r->b->stride[1][0] == 0;
  if (rows > end - begin) rows = end - begin;
  for (int64_t i = 0; i < rows; i++) memcpy(tile + i * row, second ? r->c : r->a, (size_t)row);
  for (int64_t i = begin; i < end; i += rows) {
    int64_t count = (end - i < rows ? end - i : rows) * n;
    const char *full = (second ? r->a : r->c) + i * row;
    run_any(s, r->out + i * n * s->out_size, second ? full : tile, second ? tile : full, count, 1, 1);
  }
}

enum { GRAIN = 16384 }; /* elements below which a second thread does not pay */

static void run_all(const OpCtx *c, BinaryRun *r) {
  const Broadcast *b = r->b;
  if (b->rank == 1) {
    parallel_for(c->threads, b->dims[0], GRAIN, run_flat, r);
  } else {
    int64_t inner = b->dims[b->rank - 1];
    parallel_for(c->threads, b->outer, inner >= GRAIN ? 1 : (GRAIN + inner - 1) / inner,
                 is_tiled(b) ? run_tiled : run_outer, r);
  }
}

/* Whether the divisor or exponent holds what it must not. */
static bool bad_operand(BinaryCheck check, const Tensor *t) {
  int64_t n = tensor_count(t);
  bool bad = false;
#define SCAN(T, cond)                 \
  do {                                \
    const T *p = t->data;             \
    for (int64_t i = 0; i < n; i++) { \
      T x = p[i];                     \
      bad |= cond;                    \
    }                                 \
  } while (0)
#define SCAN_TYPE(kind, T)                    \
  case kind:                                  \
    if (check == CHECK_ZERO) SCAN(T, x == 0); \
    else SCAN(T, x < 0);                      \
    break
  switch (math_kind(t->dtype)) {
    SCAN_TYPE(MK_I8, int8_t);
    SCAN_TYPE(MK_I16, int16_t);
    SCAN_TYPE(MK_I32, int32_t);
    SCAN_TYPE(MK_I64, int64_t);
    case MK_U8:
      if (check == CHECK_ZERO) SCAN(uint8_t, x == 0);
      break;
    case MK_U16:
      if (check == CHECK_ZERO) SCAN(uint16_t, x == 0);
      break;
    case MK_U32:
      if (check == CHECK_ZERO) SCAN(uint32_t, x == 0);
      break;
    case MK_U64:
      if (check == CHECK_ZERO) SCAN(uint64_t, x == 0);
      break;
    default: break;
  }
#undef SCAN_TYPE
#undef SCAN
  return bad;
}

static TF_Code check_operand(const BinaryState *s, const Tensor *y, TF_Status *st) {
  if (!s->op->check || !bad_operand(s->op->check, y)) return TF_OK;
  if (s->op->check == CHECK_NEGATIVE)
    return fail(st, TF_INVALID_ARGUMENT, "Integers to negative integer powers are not allowed");
  /* TF: these functors lack the error's own text. */
  if (strncmp(s->op->name, "Truncate", 8) == 0)
    return fail(st, TF_INTERNAL,
                "Unexpected error in binary operator (only integer div and mod should have errors)");
  return fail(st, TF_INVALID_ARGUMENT, "Integer division by zero");
}

/* Add, Equal and NotEqual of strings. */
static TF_Code string_run(OpCtx *c, TF_Status *st) {
  const BinaryState *s = c->state;
  const Broadcast *b = &((const BinaryPrep *)c->prep)->b;
  const TF_TString *a = op_input(c, 0)->data, *y = op_input(c, 1)->data;
  int64_t inner = b->dims[b->rank - 1], offset[3];
  bool negate = strcmp(s->op->name, "NotEqual") == 0;
  Bytes joined = {0};
  for (int64_t i = 0; i < b->count; i++) {
    broadcast_offsets(b, i / inner, offset);
    size_t left_size, right_size;
    const char *left = tstring_data(a + offset[0] + i % inner * b->stride[0][b->rank - 1], &left_size);
    const char *right = tstring_data(y + offset[1] + i % inner * b->stride[1][b->rank - 1], &right_size);
    if (s->op->to_bool) {
      bool equal = left_size == right_size && memcmp(left, right, left_size) == 0;
      ((uint8_t *)c->outputs[0].data)[i] = equal != negate;
      continue;
    }
    joined.size = 0;
    bytes_append(&joined, left, left_size);
    bytes_append(&joined, right, right_size);
    if (joined.failed || !tstring_set((TF_TString *)c->outputs[0].data + i, joined.data, joined.size)) {
      bytes_clear(&joined);
      return fail_oom(st, "strings");
    }
  }
  bytes_clear(&joined);
  return TF_OK;
}

TF_Code binary_run(OpCtx *c, TF_Status *st) {
  const BinaryState *s = c->state;
  const BinaryPrep *p = c->prep;
  if (p->mismatch) {
    *(uint8_t *)c->outputs[0].data = strcmp(s->op->name, "NotEqual") == 0;
    return TF_OK;
  }
  if (p->b.count == 0) return TF_OK;
  if (s->dtype == TF_STRING) return string_run(c, st);
  TRY(check_operand(s, op_input(c, 1), st));
  BinaryRun r = {s, &p->b, c->outputs[0].data, op_input(c, 0)->data, op_input(c, 1)->data};
  run_all(c, &r);
  return TF_OK;
}

/* Gradients of activations and ApproximateEqual don't broadcast. */
static TF_Code same_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  bool same = a->rank == b->rank;
  for (int i = 0; same && i < a->rank; i++) same = a->dims[i] == b->dims[i];
  if (!same) {
    if (strcmp(c->row->name, "ApproximateEqual") == 0) {
      char at[SHAPE_TEXT_MAX], bt[SHAPE_TEXT_MAX];
      return fail(st, TF_INVALID_ARGUMENT, "x and y must be of the same shape. x shape: %s. y shape: %s",
                  shape_text(a->dims, a->rank, at, sizeof at), shape_text(b->dims, b->rank, bt, sizeof bt));
    }
    return fail(st, TF_INVALID_ARGUMENT, "g and a must be the same size");
  }
  return binary_prepare(c, st);
}

#define BINARY(name_, types_)                                                              \
  {                                                                                        \
    name_, .types = types_, .flags = OP_INPLACE, .state_size = sizeof(BinaryState),        \
           .prep_size = sizeof(BinaryPrep), .shape = shape_broadcast, .init = binary_init, \
           .prepare = binary_prepare, .run = binary_run                                    \
  }
#define COMPARE(name_, types_)                                                                         \
  {                                                                                                    \
    name_, .types = types_, .state_size = sizeof(BinaryState), .prep_size = sizeof(BinaryPrep),        \
           .shape = shape_broadcast, .init = binary_init, .prepare = binary_prepare, .run = binary_run \
  }
#define GRADIENT(name_, types_)                                                            \
  {                                                                                        \
    name_, .types = types_, .flags = OP_INPLACE, .state_size = sizeof(BinaryState),        \
           .prep_size = sizeof(BinaryPrep), .shape = shape_same_pair, .init = binary_init, \
           .prepare = same_prepare, .run = binary_run                                      \
  }

const OpRow ops_math_binary[] = {
    BINARY("Add", "T: " TYPES_FLOATS " int8 int16 int32 int64 uint8 string " TYPES_COMPLEX),
    BINARY("AddV2", "T: " TYPES_NUMBERS),
    BINARY("Sub", "T: " TYPES_NUMBERS),
    BINARY("Mul", "T: " TYPES_NUMBERS),
    BINARY("Div", "T: " TYPES_NUMBERS),
    BINARY("RealDiv", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    BINARY("TruncateDiv", "T: " TYPES_REAL),
    BINARY("FloorDiv", "T: " TYPES_REAL),
    BINARY("FloorMod", "T: " TYPES_REAL),
    BINARY("Mod", "T: float double int32 int64"),
    BINARY("TruncateMod", "T: float double int32 int64"),
    BINARY("Pow", "T: " TYPES_FLOATS " int8 int16 int32 int64 " TYPES_COMPLEX),
    BINARY("Maximum", "T: " TYPES_REAL),
    BINARY("Minimum", "T: " TYPES_REAL),
    BINARY("SquaredDifference", "T: " TYPES_FLOATS " int32 int64 " TYPES_COMPLEX),
    BINARY("Atan2", "T: " TYPES_FLOATS),
    BINARY("NextAfter", "T: float double"),
    BINARY("DivNoNan", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    BINARY("MulNoNan", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    BINARY("Xdivy", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    BINARY("Xlogy", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    BINARY("Xlog1py", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    COMPARE("Less", "T: " TYPES_REAL),
    COMPARE("LessEqual", "T: " TYPES_REAL),
    COMPARE("Greater", "T: " TYPES_REAL),
    COMPARE("GreaterEqual", "T: " TYPES_REAL),
    COMPARE("Equal", "T: bool string qint8 quint8 qint16 quint16 qint32 " TYPES_NUMBERS),
    COMPARE("NotEqual", "T: bool string qint8 quint8 qint16 quint16 qint32 " TYPES_NUMBERS),
    BINARY("BitwiseAnd", "T: " TYPES_INTS),
    BINARY("BitwiseOr", "T: " TYPES_INTS),
    BINARY("BitwiseXor", "T: " TYPES_INTS),
    BINARY("LeftShift", "T: " TYPES_INTS),
    BINARY("RightShift", "T: " TYPES_INTS),
    BINARY("LogicalAnd", NULL),
    BINARY("LogicalOr", NULL),
    COMPARE("Complex", "T: float double"),
    {"ApproximateEqual", .types = "T: float double", .state_size = sizeof(BinaryState),
     .prep_size = sizeof(BinaryPrep), .shape = shape_same_pair, .init = binary_init, .prepare = same_prepare,
     .run = binary_run},
    GRADIENT("ReluGrad", "T: " TYPES_REAL),
    GRADIENT("Relu6Grad", "T: " TYPES_REAL),
    GRADIENT("LeakyReluGrad", "T: " TYPES_FLOATS),
    GRADIENT("EluGrad", "T: " TYPES_FLOATS),
    GRADIENT("SeluGrad", "T: " TYPES_FLOATS),
    GRADIENT("SoftplusGrad", "T: " TYPES_FLOATS),
    GRADIENT("SoftsignGrad", "T: " TYPES_FLOATS),
    GRADIENT("SigmoidGrad", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    GRADIENT("TanhGrad", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    GRADIENT("SqrtGrad", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    GRADIENT("RsqrtGrad", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    GRADIENT("InvGrad", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    GRADIENT("ReciprocalGrad", "T: " TYPES_FLOATS " " TYPES_COMPLEX),
    {0}};
