/* Scatter*, ScatterNd*: rows and elements of a variable changed at indices, behind a ref or a handle. */
#include <string.h>

#include "ops/array_scatter.h"
#include "ops/array_util.h"
#include "ops/state_vars.h"

/* By the last word of the op's name. */
static ArithKind kind_of(const char *op) {
  static const struct {
    const char *word;
    ArithKind kind;
  } kinds[] = {{"Update", ARITH_UPDATE}, {"Add", ARITH_ADD}, {"Sub", ARITH_SUB}, {"Mul", ARITH_MUL},
               {"Div", ARITH_DIV},       {"Min", ARITH_MIN}, {"Max", ARITH_MAX}};
  size_t n = strlen(op);
  for (size_t i = 0; i < SM_COUNTOF(kinds); i++) {
    size_t len = strlen(kinds[i].word);
    if (n > len && !strcmp(op + n - len, kinds[i].word)) return kinds[i].kind;
  }
  return ARITH_UPDATE;
}

/* ---- TensorFlow's checks, where they differ from those of scatter_rows and scatter_nd, which follow ---- */

static TF_Code check_resource_rows(const Tensor *params, const Tensor *indices, const Tensor *updates,
                                   TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX], p[SHAPE_TEXT_MAX];
  shape_text(updates->dims, updates->rank, a, sizeof a);
  shape_text(indices->dims, indices->rank, b, sizeof b);
  if (updates->rank == 0) return TF_OK;
  if (updates->rank != indices->rank + params->rank - 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got "
                "updates.shape %s, indices.shape %s, params.shape %s",
                a, b, shape_text(params->dims, params->rank, p, sizeof p));
  size_t prefix = (size_t)indices->rank * sizeof *indices->dims;
  if (updates->rank < indices->rank || memcmp(updates->dims, indices->dims, prefix))
    return fail(st, TF_INVALID_ARGUMENT,
                "The shape of indices (%s) must be a prefix of the shape of updates (%s)", b, a);
  return TF_OK;
}

/* Where indices or updates are scalars TensorFlow shows dimensions that they don't have. */
static TF_Code check_nd(const Tensor *target, const Tensor *indices, const Tensor *updates, TF_Status *st) {
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX], s[SHAPE_TEXT_MAX];
  const int64_t *dims = indices->dims;
  int batch = indices->rank > 1 ? indices->rank - 1 : 1;
  int64_t depth = indices->rank > 1 ? dims[indices->rank - 1] : 1;
  bool any = tensor_count(indices) || tensor_count(updates);
  bool all = tensor_count(indices) && tensor_count(updates) && tensor_count(target);
  shape_text(target->dims, target->rank, s, sizeof s);
  shape_text(dims, indices->rank, a, sizeof a);
  shape_text(updates->dims, updates->rank, b, sizeof b);
  if (target->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "Output must be at least 1-D, got shape: %s", s);
  if (any && !all)
    return fail(st, TF_INVALID_ARGUMENT, "Indices and updates specified for empty output.  indices shape: %s",
                a);
  if (indices->rank && updates->rank && dims[0] != updates->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Dimensions [0,1) of indices[shape=%s] = %lld must match dimensions [0,1) of "
                "updates[shape=%s] = %lld",
                a, (long long)dims[0], b, (long long)updates->dims[0]);
  if (!indices->rank || updates->rank < batch || memcmp(updates->dims, dims, (size_t)batch * sizeof *dims))
    return fail(st, TF_INVALID_ARGUMENT,
                "Dimensions [0,%d) of indices[shape=%s] must match dimensions [0,%d) of updates[shape=%s]",
                batch, a, batch, b);
  bool fits = target->rank >= depth && updates->rank - batch == target->rank - depth;
  for (int i = batch; fits && i < updates->rank; i++)
    fits = updates->dims[i] == target->dims[i - batch + depth];
  if (fits) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Dimensions [%lld,%d) of input[shape=%s] must match dimensions [%lld,%d) of updates[shape=%s]",
              (long long)depth, target->rank, s, (long long)depth, updates->rank, b);
}

/* Whether all bits are zero, but for signs of floating point numbers. */
static bool is_zero(const Tensor *t, int64_t i) {
  bool is_complex = t->dtype == TF_COMPLEX64 || t->dtype == TF_COMPLEX128;
  bool is_signed = is_complex || t->dtype == TF_HALF || t->dtype == TF_BFLOAT16 || t->dtype == TF_FLOAT ||
                   t->dtype == TF_DOUBLE;
  size_t item = dtype_size(t->dtype), part = is_complex ? item / 2 : item;
  const uint8_t *p = (const uint8_t *)t->data + (size_t)i * item;
  int bits = 0;
  for (size_t k = 0; k < item; k++) bits |= is_signed && k % part == part - 1 ? p[k] & 0x7f : p[k];
  return !bits;
}

static TF_Code check_divisors(const Tensor *updates, TF_Status *st) {
  for (int64_t i = 0, n = tensor_count(updates); i < n; i++)
    if (is_zero(updates, i)) return fail(st, TF_INVALID_ARGUMENT, "updates must not contain 0");
  return TF_OK;
}

/* ---- the ops ---- */

static TF_Code apply(OpCtx *c, Tensor *t, TF_Status *st) {
  const Tensor *indices = op_input(c, 1), *updates = op_input(c, 2);
  const char *op = c->node->op;
  ArithKind kind = kind_of(op);
  if (strstr(op, "ScatterNd")) {
    TRY(check_nd(t, indices, updates, st));
    return scatter_nd(kind, t, indices, updates, st);
  }
  if (c->node->input_types[0] == TF_RESOURCE) {
    TRY(check_resource_rows(t, indices, updates, st));
    if (kind == ARITH_DIV) TRY(check_divisors(updates, st));
  }
  return scatter_rows(kind, t, indices, updates, st);
}

static TF_Code scatter_run(OpCtx *c, TF_Status *st) {
  Variable *v;
  Tensor *t = state_lock(c, 0, op_input(c, 2)->dtype, &v, st);
  if (!t) return TF_GetCode(st);
  TF_Code code = apply(c, t, st);
  variable_unlock(v);
  state_forward(c);
  return code;
}

#define REF(NAME, TYPES)                                                                              \
  {                                                                                                   \
    NAME, .types = "T: " TYPES "; Tindices: " TYPES_INDEX, .flags = OP_STATEFUL, .shape = shape_same, \
          .run = scatter_run                                                                          \
  }
#define RESOURCE(NAME, ATTR, TYPES)                                                                       \
  {                                                                                                       \
    NAME, .types = ATTR ": " TYPES "; Tindices: " TYPES_INDEX, .flags = OP_STATEFUL, .shape = shape_none, \
          .run = scatter_run                                                                              \
  }

const OpRow ops_state_scatter[] = {REF("ScatterUpdate", TYPES_ALL),
                                   REF("ScatterAdd", TYPES_NUMBER),
                                   REF("ScatterSub", TYPES_NUMBER),
                                   REF("ScatterMul", TYPES_NUMBER),
                                   REF("ScatterDiv", TYPES_NUMBER),
                                   REF("ScatterMin", TYPES_REAL),
                                   REF("ScatterMax", TYPES_REAL),
                                   REF("ScatterNdUpdate", TYPES_POD " string"),
                                   REF("ScatterNdAdd", TYPES_POD),
                                   REF("ScatterNdSub", TYPES_POD),
                                   REF("ScatterNdMin", TYPES_REAL),
                                   REF("ScatterNdMax", TYPES_REAL),
                                   RESOURCE("ResourceScatterUpdate", "dtype", TYPES_ALL),
                                   RESOURCE("ResourceScatterAdd", "dtype", TYPES_NUMBER),
                                   RESOURCE("ResourceScatterSub", "dtype", TYPES_NUMBER),
                                   RESOURCE("ResourceScatterMul", "dtype", TYPES_NUMBER),
                                   RESOURCE("ResourceScatterDiv", "dtype", TYPES_NUMBER),
                                   RESOURCE("ResourceScatterMin", "dtype", TYPES_REAL),
                                   RESOURCE("ResourceScatterMax", "dtype", TYPES_REAL),
                                   RESOURCE("ResourceScatterNdUpdate", "T", TYPES_POD " string"),
                                   RESOURCE("ResourceScatterNdAdd", "T", TYPES_POD),
                                   RESOURCE("ResourceScatterNdSub", "T", TYPES_POD),
                                   RESOURCE("ResourceScatterNdMin", "T", TYPES_REAL),
                                   RESOURCE("ResourceScatterNdMax", "T", TYPES_REAL),
                                   {0}};
