/* Ops that only put elements elsewhere: Transpose, Reverse, Tile, BroadcastTo, Roll, and the exchanges of
 * space with depth or batch. Each is a copy plan (array_copy.h), some are several. */
#include <string.h>

#include "base/checked.h"
#include "ops/array_copy.h"
#include "ops/array_util.h"

static TF_Code copy_run(OpCtx *c, TF_Status *st) {
  return array_copy_run(c->prep, c->outputs[0].dtype, c->outputs[0].data, op_input(c, 0)->data, c->threads,
                        st);
}

/* ---- Transpose, ConjugateTranspose ---- */

static TF_Code transpose_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  const Tensor *perm = c->value(c, 1);
  int64_t n = shape_dim(c->inputs[1], 0);
  int rank = in->rank >= 0 ? in->rank : n <= TENSOR_MAX_RANK ? (int)n : -1;
  TRY(shape_want_rank(c, 1, 1, st));
  if (rank < 0) return TF_OK;
  if (n >= 0 && n != rank)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank %lld but is rank %d", (long long)n, rank);
  Shape out = shape_of_rank(rank);
  for (int i = 0; perm && in->rank >= 0 && i < rank; i++) {
    int64_t from = int_at(perm, i);
    if (!axis_in_range(&from, rank))
      return fail(st, TF_INVALID_ARGUMENT, "perm dim %lld is out of range of input rank %d",
                  (long long)int_at(perm, i), rank);
    out.dims[i] = in->dims[from];
  }
  c->outputs[0] = out;
  return TF_OK;
}

static bool is_complex(TF_DataType t) { return t == TF_COMPLEX64 || t == TF_COMPLEX128; }

static bool conjugates(const OpCtx *c) {
  return is_complex(op_input(c, 0)->dtype) && !strcmp(c->node->op, "ConjugateTranspose");
}

static TF_Code fail_permutation(const int64_t *perm, int rank, int missing, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  size_t n = strlen(shape_text(perm, rank, text, sizeof text));
  return fail(st, TF_INVALID_ARGUMENT, "%d is missing from {%.*s}.", missing, (int)n - 2, text + 1);
}

static TF_Code transpose_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *perm = op_input(c, 1);
  ArrayCopy *p = c->prep;
  int64_t dims[TENSOR_MAX_RANK], strides[TENSOR_MAX_RANK], out_strides[TENSOR_MAX_RANK],
      from[TENSOR_MAX_RANK];
  char text[SHAPE_TEXT_MAX];
  uint32_t seen = 0;
  if (perm->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "perm must be rank 1, got shape %s",
                shape_text(perm->dims, perm->rank, text, sizeof text));
  if (perm->dims[0] != in->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "transpose expects a vector of size %d. But input(1) is a vector of size %lld", in->rank,
                (long long)perm->dims[0]);
  bool same = true;
  for (int i = 0; i < in->rank; i++) {
    from[i] = int_at(perm, i);
    if (!axis_in_range(&from[i], in->rank))
      return fail(st, TF_INVALID_ARGUMENT, "%lld is out of range [0 .. %d)", (long long)int_at(perm, i),
                  in->rank);
    seen |= 1u << from[i];
    dims[i] = in->dims[from[i]];
    same = same && from[i] == i;
  }
  for (int i = 0; i < in->rank; i++)
    if (!(seen >> i & 1)) return fail_permutation(from, in->rank, i, st);
  if (same && !conjugates(c)) return op_output_alias(c, 0, 0, dims, in->rank, st);
  array_strides(in->dims, in->rank, strides);
  array_strides(dims, in->rank, out_strides);
  *p = (ArrayCopy){0};
  for (int i = 0; i < in->rank; i++) array_copy_loop(p, dims[i], strides[from[i]], out_strides[i]);
  array_copy_finish(p);
  return op_output(c, 0, in->dtype, dims, in->rank, st);
}

static TF_Code transpose_run(OpCtx *c, TF_Status *st) {
  if (c->outputs[0].data == op_input(c, 0)->data) return TF_OK;
  TRY(copy_run(c, st));
  if (!conjugates(c)) return TF_OK;
  int64_t n = tensor_count(&c->outputs[0]);
  if (c->outputs[0].dtype == TF_COMPLEX64)
    for (int64_t i = 0; i < n; i++) ((float *)c->outputs[0].data)[2 * i + 1] *= -1.0f;
  else
    for (int64_t i = 0; i < n; i++) ((double *)c->outputs[0].data)[2 * i + 1] *= -1.0;
  return TF_OK;
}

/* ---- InvertPermutation ---- */

static TF_Code invert_prepare(OpCtx *c, TF_Status *st) {
  if (op_input(c, 0)->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "invert_permutation expects a 1D vector.");
  TRY(op_output_like(c, 0, op_input(c, 0), st));
  op_scratch(c, (size_t)tensor_count(op_input(c, 0)));
  return TF_OK;
}

static TF_Code invert_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t n = in->dims[0];
  uint8_t *seen = c->scratch;
  if (n) memset(seen, 0, (size_t)n);
  for (int64_t i = 0; i < n; i++) {
    int64_t at = int_at(in, i);
    if (!index_ok(at, n))
      return fail(st, TF_INVALID_ARGUMENT, "%lld is not between 0 and %lld", (long long)at, (long long)n);
    if (seen[at]) return fail(st, TF_INVALID_ARGUMENT, "%lld is duplicated in the input.", (long long)at);
    seen[at] = 1;
    int_put(&c->outputs[0], at, i);
  }
  return TF_OK;
}

/* ---- ReverseV2, Reverse ---- */

static TF_Code reverse_plan(OpCtx *c, const bool *reversed, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  ArrayCopy *p = c->prep;
  int64_t strides[TENSOR_MAX_RANK];
  bool any = false;
  array_strides(in->dims, in->rank, strides);
  *p = (ArrayCopy){0};
  for (int i = 0; i < in->rank; i++) {
    bool turn = reversed[i] && in->dims[i] > 1;
    any = any || turn;
    if (turn) p->src_at += (in->dims[i] - 1) * strides[i];
    array_copy_loop(p, in->dims[i], turn ? -strides[i] : strides[i], strides[i]);
  }
  array_copy_finish(p);
  if (!any) return op_output_alias(c, 0, 0, in->dims, in->rank, st);
  return op_output(c, 0, in->dtype, in->dims, in->rank, st);
}

static TF_Code reverse_v2_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *axes = op_input(c, 1);
  bool reversed[TENSOR_MAX_RANK] = {0};
  if (axes->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "'dims' must be 1-dimension, not %d", axes->rank);
  int64_t count = in->rank && tensor_count(in) ? tensor_count(axes) : 0; /* TF: of nothing, axes may be any */
  for (int64_t i = 0; i < count; i++) {
    int64_t axis = int_at(axes, i);
    if (!axis_in_range(&axis, in->rank))
      return fail(st, TF_INVALID_ARGUMENT, "'axis'[%lld] = %lld is out of valid range [0, %d", (long long)i,
                  (long long)int_at(axes, i), in->rank - 1);
    if (reversed[axis])
      return fail(st, TF_INVALID_ARGUMENT, "axis %lld specified more than once.", (long long)axis);
    reversed[axis] = true;
  }
  return reverse_plan(c, reversed, st);
}

static TF_Code reverse_v1_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *flags = op_input(c, 1);
  bool reversed[TENSOR_MAX_RANK] = {0};
  if (flags->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "'dims' must be 1-dimension, not %d", flags->rank);
  if (flags->dims[0] != in->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "'dims' must have the same number of values as 'input' has dimensions. 'input' has %d'dims' "
                "has %lld values",
                in->rank, (long long)flags->dims[0]);
  if (in->rank > 0 && in->dims[0] == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid input first dimension. Found 0.");
  for (int i = 0; i < in->rank; i++) reversed[i] = ((const uint8_t *)flags->data)[i];
  return reverse_plan(c, reversed, st);
}

static TF_Code alias_or_copy_run(OpCtx *c, TF_Status *st) {
  if (c->outputs[0].data == op_input(c, 0)->data) return TF_OK;
  return copy_run(c, st);
}

/* ---- ReverseSequence ---- */

typedef struct SequenceState {
  int64_t batch, sequence;
} SequenceState;

static TF_Code sequence_init(OpInit *k, TF_Status *st) {
  SequenceState *s = k->state;
  TRY(node_attr_int(k->node, "batch_dim", &s->batch, st));
  return node_attr_int(k->node, "seq_dim", &s->sequence, st);
}

static TF_Code sequence_shape(ShapeCtx *c, TF_Status *st) {
  int64_t batch, sequence, n;
  TRY(node_attr_int(c->node, "batch_dim", &batch, st));
  TRY(node_attr_int(c->node, "seq_dim", &sequence, st));
  TRY(shape_want_rank(c, 1, 1, st));
  const Shape *in = c->inputs[0];
  if (in->rank < 0) return TF_OK;
  if (batch < 0 || batch >= in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "batch_dim must be < input rank: %lld vs. %d", (long long)batch,
                in->rank);
  if (sequence < 0 || sequence >= in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "seq_dim must be < input rank: %lld vs. %d", (long long)sequence,
                in->rank);
  TRY(dim_merge(in->dims[batch], shape_dim(c->inputs[1], 0), &n, st));
  c->outputs[0] = *in;
  c->outputs[0].dims[batch] = n;
  return TF_OK;
}

static TF_Code sequence_prepare(OpCtx *c, TF_Status *st) {
  const SequenceState *s = c->state;
  const Tensor *in = op_input(c, 0), *lengths = op_input(c, 1);
  if (lengths->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "seq_lens input must be 1-dim, not %d", lengths->rank);
  if (s->batch == s->sequence)
    return fail(st, TF_INVALID_ARGUMENT, "batch_dim == seq_dim == %lld", (long long)s->sequence);
  if (s->sequence < 0 || s->sequence >= in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "seq_dim must be < input rank ( %lld vs. %d)",
                (long long)s->sequence, in->rank);
  if (s->batch < 0 || s->batch >= in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "batch_dim must be < input rank ( %lld vs. %d)", (long long)s->batch,
                in->rank);
  if (lengths->dims[0] != in->dims[s->batch])
    return fail(st, TF_INVALID_ARGUMENT, "Length of seq_lengths != input.dims(%lld), (%lld vs. %lld)",
                (long long)s->batch, (long long)lengths->dims[0], (long long)in->dims[s->batch]);
  return op_output_like(c, 0, in, st);
}

/* Copies, for one batch index, steps [at, at + n) of the sequence to dst_at onwards, in order or
 * backwards. */
static TF_Code sequence_part(OpCtx *c, int64_t batch, int64_t src_at, int64_t dst_at, int64_t n,
                             int64_t direction, TF_Status *st) {
  const SequenceState *s = c->state;
  const Tensor *in = op_input(c, 0);
  int64_t strides[TENSOR_MAX_RANK];
  array_strides(in->dims, in->rank, strides);
  ArrayCopy p = {.src_at = batch * strides[s->batch] + src_at * strides[s->sequence],
                 .dst_at = batch * strides[s->batch] + dst_at * strides[s->sequence]};
  if (n <= 0) return TF_OK;
  for (int i = 0; i < in->rank; i++) {
    if (i == s->batch) continue;
    if (i == s->sequence) array_copy_loop(&p, n, direction * strides[i], strides[i]);
    else array_copy_loop(&p, in->dims[i], strides[i], strides[i]);
  }
  array_copy_finish(&p);
  return array_copy_run(&p, in->dtype, c->outputs[0].data, in->data, c->threads, st);
}

static TF_Code sequence_run(OpCtx *c, TF_Status *st) {
  const SequenceState *s = c->state;
  const Tensor *in = op_input(c, 0), *lengths = op_input(c, 1);
  int64_t size = in->dims[s->sequence];
  for (int64_t b = 0; b < in->dims[s->batch]; b++) {
    int64_t n = int_at(lengths, b);
    if (n < 0) return fail(st, TF_INVALID_ARGUMENT, "seq_lens(%lld) < 0", (long long)b);
    if (n > size)
      return fail(st, TF_INVALID_ARGUMENT, "seq_lens(%lld) > input.dims(%lld)", (long long)b,
                  (long long)s->sequence);
  }
  for (int64_t b = 0; b < in->dims[s->batch]; b++) {
    int64_t n = int_at(lengths, b);
    TRY(sequence_part(c, b, n - 1, 0, n, -1, st));
    TRY(sequence_part(c, b, n, n, size - n, 1, st));
  }
  return TF_OK;
}

/* ---- Tile ---- */

static TF_Code tile_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  const Tensor *m = c->value(c, 1);
  TRY(shape_want_rank(c, 1, 1, st));
  int64_t n = shape_dim(c->inputs[1], 0);
  int rank = in->rank >= 0 ? in->rank : n <= TENSOR_MAX_RANK ? (int)n : -1;
  if (rank < 0) return TF_OK;
  if (n >= 0 && n != rank)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank %lld but is rank %d", (long long)n, rank);
  Shape out = shape_of_rank(rank);
  for (int i = 0; m && in->rank >= 0 && i < rank; i++) {
    if (int_at(m, i) < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Expected multiples[%d] >= 0, but got %lld", i,
                  (long long)int_at(m, i));
    out.dims[i] = dim_mul(in->dims[i], int_at(m, i));
  }
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code tile_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *m = op_input(c, 1);
  ArrayCopy *p = c->prep;
  int64_t dims[TENSOR_MAX_RANK], strides[TENSOR_MAX_RANK], out_strides[TENSOR_MAX_RANK];
  char text[SHAPE_TEXT_MAX];
  bool same = true;
  if (m->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Expected multiples to be 1-D, but got shape %s",
                shape_text(m->dims, m->rank, text, sizeof text));
  if (m->dims[0] != in->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected multiples argument to be a vector of length %d but got length %lld", in->rank,
                (long long)m->dims[0]);
  for (int i = 0; i < in->rank; i++) {
    int64_t k = int_at(m, i);
    if (k < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Expected multiples[%d] >= 0, but got %lld", i, (long long)k);
    if (!checked_mul_i64(in->dims[i], k, &dims[i]))
      return fail(st, TF_INVALID_ARGUMENT, "Tile: dimension %d of %lld times %lld overflows", i,
                  (long long)in->dims[i], (long long)k);
    same = same && k == 1;
  }
  if (same) return op_output_alias(c, 0, 0, in->dims, in->rank, st);
  TRY(op_output(c, 0, in->dtype, dims, in->rank, st));
  array_strides(in->dims, in->rank, strides);
  array_strides(dims, in->rank, out_strides);
  *p = (ArrayCopy){0};
  for (int i = 0; i < in->rank; i++) {
    array_copy_loop(p, int_at(m, i), 0, out_strides[i] * in->dims[i]);
    array_copy_loop(p, in->dims[i], strides[i], out_strides[i]);
  }
  array_copy_finish(p);
  return TF_OK;
}

/* ---- BroadcastTo ---- */

static TF_Code broadcast_to_shape(ShapeCtx *c, TF_Status *st) {
  Shape out;
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_of_value(c, 1, &out, st));
  const Shape *in = c->inputs[0];
  if (in->rank >= 0 && out.rank >= 0 && c->value(c, 1)) {
    if (in->rank > out.rank)
      return fail(st, TF_INVALID_ARGUMENT, "Shape must be at most rank %d but is rank %d", out.rank,
                  in->rank);
    for (int i = 0; i < in->rank; i++) {
      int64_t a = in->dims[in->rank - 1 - i], b = out.dims[out.rank - 1 - i];
      if (a >= 0 && a != 1 && b >= 0 && a != b)
        return fail(st, TF_INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s",
                    shape_text(in->dims, in->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX),
                    shape_text(out.dims, out.rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
    }
  }
  c->outputs[0] = out;
  return TF_OK;
}

static TF_Code broadcast_to_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  ArrayCopy *p = c->prep;
  int64_t dims[TENSOR_MAX_RANK], strides[TENSOR_MAX_RANK], out_strides[TENSOR_MAX_RANK];
  int rank;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (op_input(c, 1)->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 1 but is rank %d", op_input(c, 1)->rank);
  TRY(dims_of_tensor(op_input(c, 1), dims, &rank, st));
  if (in->rank > rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Rank of input (%d) must be no greater than rank of output shape (%d).", in->rank, rank);
  array_strides(in->dims, in->rank, strides);
  array_strides(dims, rank, out_strides);
  *p = (ArrayCopy){0};
  bool same = in->rank == rank, broken = false, incompatible = false;
  for (int i = 0; i < rank; i++) {
    int from = i - (rank - in->rank);
    int64_t d = from < 0 ? 1 : in->dims[from];
    if (d != 1 && d != dims[i]) {
      broken = true;
      incompatible = incompatible || dims[i] != 1;
    }
    same = same && d == dims[i];
    array_copy_loop(p, dims[i], d == 1 ? 0 : strides[from], out_strides[i]);
  }
  if (broken)
    return fail(st, TF_INVALID_ARGUMENT,
                incompatible ? "Incompatible shapes: %s vs. %s"
                             : "Unable to broadcast tensor of shape %s to tensor of shape %s",
                shape_text(in->dims, in->rank, a, sizeof a), shape_text(dims, rank, b, sizeof b));
  array_copy_finish(p);
  return same ? op_output_alias(c, 0, 0, dims, rank, st) : op_output(c, 0, in->dtype, dims, rank, st);
}

/* ---- Roll ---- */

static TF_Code roll_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *shift = op_input(c, 1), *axis = op_input(c, 2);
  if (in->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "input must be 1-D or higher");
  if (shift->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "shift must be a scalar or a 1-D vector. Found: %s",
                shape_text(shift->dims, shift->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  if (axis->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "axis must be a scalar or a 1-D vector. Found: %s",
                shape_text(axis->dims, axis->rank, (char[SHAPE_TEXT_MAX]){0}, SHAPE_TEXT_MAX));
  if (tensor_count(shift) != tensor_count(axis))
    return fail(st, TF_INVALID_ARGUMENT, "shift and axis must have the same size");
  return op_output_like(c, 0, in, st);
}

static TF_Code roll_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *shift = op_input(c, 1), *axis = op_input(c, 2);
  int64_t shifts[TENSOR_MAX_RANK] = {0}, strides[TENSOR_MAX_RANK];
  for (int64_t i = 0; i < tensor_count(axis); i++) {
    int64_t a = int_at(axis, i);
    if (!axis_in_range(&a, in->rank))
      return fail(st, TF_INVALID_ARGUMENT, "axis %lld is out of range", (long long)int_at(axis, i));
    int64_t n = in->dims[a] > 0 ? in->dims[a] : 1;
    shifts[a] = ((shifts[a] + int_at(shift, i) % n) % n + n) % n;
  }
  if (!tensor_count(in)) return TF_OK;
  array_strides(in->dims, in->rank, strides);
  /* Each dimension falls into two runs; all combinations of them are plain copies. */
  for (uint32_t part = 0; part < 1u << in->rank; part++) {
    ArrayCopy p = {0};
    bool empty = false;
    for (int i = 0; i < in->rank; i++) {
      bool wrapped = part >> i & 1;
      int64_t n = wrapped ? shifts[i] : in->dims[i] - shifts[i];
      p.src_at += (wrapped ? in->dims[i] - shifts[i] : 0) * strides[i];
      p.dst_at += (wrapped ? 0 : shifts[i]) * strides[i];
      empty = empty || n == 0;
      array_copy_loop(&p, n, strides[i], strides[i]);
    }
    if (empty) continue;
    array_copy_finish(&p);
    TRY(array_copy_run(&p, in->dtype, c->outputs[0].data, in->data, c->threads, st));
  }
  return TF_OK;
}

#define TYPES_MOVE "T: " TYPES_ALL " " TYPES_FLOAT8 " " TYPES_QUANTIZED_ALL
#define TYPES_REVERSE "T: " TYPES_POD " string"

const OpRow ops_array_move[] = {
    {"Transpose", .types = TYPES_MOVE, .value_inputs = 2, .prep_size = sizeof(ArrayCopy),
     .shape = transpose_shape, .prepare = transpose_prepare, .run = transpose_run},
    {"ConjugateTranspose", .types = TYPES_MOVE, .value_inputs = 2, .prep_size = sizeof(ArrayCopy),
     .shape = transpose_shape, .prepare = transpose_prepare, .run = transpose_run},
    {"InvertPermutation", .types = "T: " TYPES_INDEX, .shape = shape_same, .prepare = invert_prepare,
     .run = invert_run},
    {"ReverseV2", .types = TYPES_REVERSE, .value_inputs = 2, .prep_size = sizeof(ArrayCopy),
     .shape = shape_same, .prepare = reverse_v2_prepare, .run = alias_or_copy_run},
    {"Reverse", .types = TYPES_REVERSE, .value_inputs = 2, .prep_size = sizeof(ArrayCopy),
     .shape = shape_same, .prepare = reverse_v1_prepare, .run = alias_or_copy_run},
    {"ReverseSequence", .types = TYPES_REVERSE, .state_size = sizeof(SequenceState), .shape = sequence_shape,
     .init = sequence_init, .prepare = sequence_prepare, .run = sequence_run},
    {"Tile", .types = "T: " TYPES_POD " string resource variant", .value_inputs = 2,
     .prep_size = sizeof(ArrayCopy), .shape = tile_shape, .prepare = tile_prepare, .run = alias_or_copy_run},
    {"BroadcastTo", .types = TYPES_MOVE, .value_inputs = 2, .prep_size = sizeof(ArrayCopy),
     .shape = broadcast_to_shape, .prepare = broadcast_to_prepare, .run = alias_or_copy_run},
    {"Roll", .types = "T: " TYPES_ALL, .shape = shape_same, .prepare = roll_prepare, .run = roll_run},
    {0}};
