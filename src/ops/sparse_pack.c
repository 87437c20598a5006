/* Sparse tensors in strings or variants: SerializeSparse, SerializeManySparse (one a row), DeserializeSparse,
 * DeserializeManySparse. Each is three elements: indices, values, shape. A string is a serialized tensor, a
 * variant holds it as it is: tf.map_fn over a sparse tensor has these. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/parsing_message.h"
#include "ops/sparse_util.h"
#include "ops/string_util.h"

/* What such a variant is. */
typedef struct Part {
  Object object;
  Tensor tensor;
} Part;

static void part_destroy(Object *object) {
  tensor_clear(&((Part *)object)->tensor);
  free(object);
}

static const ObjectType part_type = {"tensorflow::Tensor", part_destroy};

/* ---- SerializeSparse ---- */

static TF_Code pack_check(const OpCtx *c, TF_Status *st) {
  const Tensor *indices = op_input(c, 0), *values = op_input(c, 1), *shape = op_input(c, 2);
  char a[SHAPE_TEXT_MAX];
  if (indices->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Input indices should be a matrix but received shape %s",
                shape_text(indices->dims, indices->rank, a, sizeof a));
  if (values->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input values should be a vector but received shape %s",
                shape_text(values->dims, values->rank, a, sizeof a));
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Input shape should be a vector but received shape %s",
                shape_text(shape->dims, shape->rank, a, sizeof a));
  return TF_OK;
}

/* Element i becomes `t`, which is none afterwards. */
static TF_Code put_part(Tensor *out, int64_t i, Tensor *t, TF_Status *st) {
  TF_Code code;
  if (out->dtype == TF_VARIANT) {
    Part *part = calloc(1, sizeof *part);
    if (part) {
      object_init(&part->object, &part_type);
      tensor_move(&part->tensor, t);
    }
    code = part ? elements_copy(TF_VARIANT, (Object **)out->data + i, &(const void *){part}, 1, st)
                : fail_oom(st, "a sparse tensor");
    object_unref(part);
  } else {
    Bytes b = {0};
    tensor_message_put(&b, t, true);
    code = string_put_bytes(out, i, &b, st);
    bytes_clear(&b);
  }
  tensor_clear(t);
  return code;
}

static TF_Code pack_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 2, 1, st));
  c->outputs[0] = strstr(c->node->op, "Many") ? shape_matrix(-1, 3) : shape_vector(3);
  return TF_OK;
}

static TF_Code pack_run(OpCtx *c, TF_Status *st) {
  TRY(pack_check(c, st));
  TRY(op_alloc_output(c, 0, c->node->output_types[0], (int64_t[]){3}, 1, st));
  for (int k = 0; k < 3; k++) {
    Tensor part = {0};
    TRY(op_keep_input(c, k, &part, st));
    TRY(put_part(&c->outputs[0], k, &part, st));
  }
  return TF_OK;
}

/* ---- SerializeManySparse: rows along the first dim ---- */

/* Entries [from, to) as one sparse tensor of the other dims. */
static TF_Code put_row(OpCtx *c, const Sparse *s, int64_t row, int64_t from, int64_t to, TF_Status *st) {
  int64_t n = to - from, rank = s->rank - 1;
  Tensor indices = {0}, values = {0}, shape = {0};
  TF_Code code = tensor_alloc(&indices, TF_INT64, (int64_t[]){n, rank}, 2, st);
  if (!code) code = tensor_alloc(&values, s->values->dtype, &n, 1, st);
  if (!code) code = tensor_alloc(&shape, TF_INT64, &rank, 1, st);
  if (!code) code = tensor_copy_range(&values, 0, s->values, from, n, st);
  if (!code) memcpy(shape.data, s->dims + 1, (size_t)rank * sizeof *s->dims);
  for (int64_t i = 0; !code && i < n; i++)
    memcpy((int64_t *)indices.data + i * rank, s->indices + (from + i) * s->rank + 1,
           (size_t)rank * sizeof(int64_t));
  Tensor *parts[] = {&indices, &values, &shape};
  for (int k = 0; !code && k < 3; k++) code = put_part(&c->outputs[0], 3 * row + k, parts[k], st);
  tensor_clear(&indices);
  tensor_clear(&values);
  tensor_clear(&shape);
  return code;
}

static TF_Code pack_many_run(OpCtx *c, TF_Status *st) {
  Sparse s;
  TRY(pack_check(c, st));
  TRY(sparse_view(&s, op_input(c, 0), op_input(c, 1), op_input(c, 2), st));
  if (s.rank < 2)
    return fail(st, TF_INVALID_ARGUMENT, "Rank of input SparseTensor should be > 1, but saw rank: %d",
                s.rank);
  TRY(sparse_check_dims(&s, st));
  TRY(sparse_check_indices(&s, true, st));
  TRY(op_alloc_output(c, 0, c->node->output_types[0], (int64_t[]){s.dims[0], 3}, 2, st));
  int64_t at = 0;
  for (int64_t row = 0; row < s.dims[0]; row++) {
    int64_t from = at;
    while (at < s.count && s.indices[at * s.rank] == row) at++;
    TRY(put_row(c, &s, row, from, at, st));
  }
  return TF_OK;
}

/* ---- DeserializeSparse ---- */

typedef struct Unpack {
  OpCtx *c;
  const Tensor *in; /* [..., 3] */
  int64_t count;    /* sparse tensors */
  Tensor *parts;    /* [count][3] */
  int before;       /* dims of the output before a tensor's own */
} Unpack;

static TF_Code unpack_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  shape_sparse(c, 0, -1);
  return TF_OK;
}

static TF_Code share_part(const Unpack *u, int64_t i, int k, TF_Status *st) {
  const Object *o = ((Object *const *)u->in->data)[3 * i + k];
  if (!o || o->type != &part_type)
    return fail(st, TF_INVALID_ARGUMENT, "Could not get a tensor from serialized_sparse[%lld, %d]",
                (long long)i, k);
  tensor_share(&u->parts[3 * i + k], &((const Part *)o)->tensor);
  return TF_OK;
}

static TF_Code read_part(const Unpack *u, int64_t i, int k, TF_Status *st) {
  Span bytes = string_at(u->in, 3 * i + k);
  Arena arena = {0};
  Tensor *t = &u->parts[3 * i + k];
  const Tensorflow__TensorProto *proto = tensor_message_read(bytes, &arena);
  TF_Code code = proto ? tensor_message_tensor(u->c, proto, t, st)
                       : fail(st, TF_INVALID_ARGUMENT, "Could not parse serialized_sparse[%lld, %d]",
                              (long long)i, k);
  arena_clear(&arena);
  return code;
}

static TF_Code check_rank(const Tensor *t, int64_t i, int k, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (t->rank == (k ? 1 : 2)) return TF_OK;
  if (k == 2) /* TF: the number is wrong there */
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected serialized_sparse[%lld, 1] to be a shape vector but its shape is %s", (long long)i,
                shape_text(t->dims, t->rank, text, sizeof text));
  return fail(st, TF_INVALID_ARGUMENT,
              "Expected serialized_sparse[%lld, %d] to represent %s but received shape %s", (long long)i, k,
              k ? "a values vector" : "an index matrix", shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code check_strings(const Tensor *t, int64_t i, TF_Status *st) {
  for (int k = 0; k < 3; k++) TRY(check_rank(&t[k], i, k, st));
  if (t[0].dtype == TF_INT64 && t[2].dtype == TF_INT64) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Expected the indices and the shape of SparseTensor[%lld] to be int64",
              (long long)i);
}

/* TF: in another order, and with texts of their own. */
static TF_Code check_variants(const Tensor *t, int64_t i, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  for (int k = 2; k >= 0; k -= 2)
    if (t[k].dtype != TF_INT64)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Expected serialized_sparse[%lld, %d] to be a %s of DT_INT64 but received dtype %s",
                  (long long)i, k, k ? "vector" : "matrix", dtype_name(t[k].dtype));
    else if (k && t[k].rank != 1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Expected serialized_sparse[%lld, 2] to be a shape vector but its shape is %s",
                  (long long)i, shape_text(t[k].dims, t[k].rank, text, sizeof text));
  for (int k = 0; k < 2; k++) TRY(check_rank(&t[k], i, k, st));
  return TF_OK;
}

static TF_Code check_tensor(const Unpack *u, int64_t i, TF_Status *st) {
  const Tensor *t = &u->parts[3 * i];
  TF_DataType want = u->c->node->output_types[1];
  TRY(u->in->dtype == TF_VARIANT ? check_variants(t, i, st) : check_strings(t, i, st));
  if (t[0].dims[0] != t[1].dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected row counts of SparseTensor[%lld].indices and SparseTensor[%lld].values to match "
                "but they do not: "
                "%lld vs. %lld",
                (long long)i, (long long)i, (long long)t[0].dims[0], (long long)t[1].dims[0]);
  if (t[0].dims[1] != t[2].dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected column counts of SparseTensor[%lld].indices to match size of "
                "SparseTensor[%lld].shape but they do "
                "not: %lld vs. %lld",
                (long long)i, (long long)i, (long long)t[0].dims[1], (long long)t[2].dims[0]);
  if (t[1].dtype != want)
    return fail(st, TF_INVALID_ARGUMENT,
                "Requested SparseTensor of type %s but SparseTensor[%lld].values.dtype() == %s",
                dtype_name(want), (long long)i, dtype_name(t[1].dtype));
  if (t[2].dims[0] != u->parts[2].dims[0])
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Inconsistent shape across SparseTensors: rank prior to SparseTensor[%lld] was: %lld but rank of "
        "SparseTensor[%lld] is: %lld",
        (long long)i, (long long)u->parts[2].dims[0], (long long)i, (long long)t[2].dims[0]);
  return TF_OK;
}

/* The dims of the output: those of the input but the last, then the largest of each tensor's. */
static TF_Code put_dims(const Unpack *u, int64_t rank, TF_Status *st) {
  int64_t all = u->before + rank;
  TRY(op_alloc_output(u->c, 2, TF_INT64, &all, 1, st));
  int64_t *dims = u->c->outputs[2].data;
  memset(dims, 0, (size_t)all * sizeof *dims);
  for (int d = 0; d < u->before; d++) dims[d] = u->in->dims[d];
  for (int64_t i = 0; i < u->count; i++)
    for (int64_t d = 0; d < rank; d++) {
      int64_t size = int_at(&u->parts[3 * i + 2], d);
      if (size > dims[u->before + d]) dims[u->before + d] = size;
    }
  return TF_OK;
}

static TF_Code put_entries(const Unpack *u, int64_t rank, TF_Status *st) {
  OpCtx *c = u->c;
  int64_t n = 0, at = 0, all = u->before + rank;
  for (int64_t i = 0; i < u->count; i++)
    if (!checked_add_i64(n, u->parts[3 * i].dims[0], &n))
      return fail(st, TF_INVALID_ARGUMENT, "too many entries");
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, all}, 2, st));
  TRY(op_alloc_output(c, 1, c->node->output_types[1], &n, 1, st));
  int64_t *index = c->outputs[0].data;
  for (int64_t i = 0; i < u->count; i++) {
    const Tensor *from = &u->parts[3 * i];
    for (int64_t k = 0; k < from->dims[0]; k++, index += all) {
      int64_t rest = i;
      for (int d = u->before - 1; d >= 0; d--) {
        index[d] = rest % u->in->dims[d];
        rest /= u->in->dims[d];
      }
      for (int64_t d = 0; d < rank; d++) index[u->before + d] = int_at(from, k * rank + d);
    }
    TRY(tensor_copy_range(&c->outputs[1], at, &u->parts[3 * i + 1], 0, from->dims[0], st));
    at += from->dims[0];
  }
  return TF_OK;
}

static TF_Code unpack_all(const Unpack *u, TF_Status *st) {
  for (int64_t i = 0; i < u->count; i++) {
    for (int k = 0; k < 3; k++)
      TRY(u->in->dtype == TF_VARIANT ? share_part(u, i, k, st) : read_part(u, i, k, st));
    TRY(check_tensor(u, i, st));
  }
  int64_t rank = u->parts[2].dims[0];
  if (rank + u->before > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a sparse tensor of rank %lld", (long long)(rank + u->before));
  TRY(put_dims(u, rank, st));
  return put_entries(u, rank, st);
}

static TF_Code unpack_check(const OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  shape_text(in->dims, in->rank, text, sizeof text);
  if (in->rank == 0)
    return fail(st, TF_INVALID_ARGUMENT, "Serialized sparse should have non-zero rank %s", text);
  if (in->dims[in->rank - 1] != 3)
    return fail(st, TF_INVALID_ARGUMENT, "Serialized sparse should have 3 as the last dimension %s", text);
  if (tensor_count(in) == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Serialized sparse should have at least 1 serialized tensor, but has a zero dimension %s",
                text);
  return TF_OK;
}

static TF_Code unpack_run(OpCtx *c, TF_Status *st) {
  Unpack u = {.c = c, .in = op_input(c, 0)};
  TRY(unpack_check(c, st));
  u.count = tensor_count(u.in) / 3;
  u.before = u.in->rank - 1;
  TRY(run_alloc(c, 3 * u.count, sizeof *u.parts, &u.parts, st));
  TF_Code code = unpack_all(&u, st);
  for (int64_t i = 0; i < 3 * u.count; i++) tensor_clear(&u.parts[i]);
  free(u.parts);
  return code;
}

const OpRow ops_sparse_pack[] = {{"SerializeSparse", .types = "T: " TYPES_POD " string",
                                  .flags = OP_DYNAMIC | OP_KEEPS, .shape = pack_shape, .run = pack_run},
                                 {"SerializeManySparse", .types = "T: " TYPES_POD " string",
                                  .flags = OP_DYNAMIC, .shape = pack_shape, .run = pack_many_run},
                                 {"DeserializeSparse", .types = "dtype: " TYPES_POD " string",
                                  .flags = OP_DYNAMIC, .shape = unpack_shape, .run = unpack_run},
                                 {"DeserializeManySparse", .types = "dtype: " TYPES_POD " string",
                                  .flags = OP_DYNAMIC, .shape = unpack_shape, .run = unpack_run},
                                 {0}};
