/* Sets in the last dimension of dense and sparse tensors: SetSize, and DenseToDense-, DenseToSparse- and
 * SparseToSparseSetOperation. A group is what has the same index but for the last dimension; of a sparse tensor,
 * rows that follow each other. All values are listed with the number of their group in the order of the answer, and
 * sorted by group and value; then a run of equal entries is one element. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "ops/sparse_util.h"
#include "ops/string_util.h"

typedef struct Entry {
  int64_t group, place; /* number of the group, and of the value in `from` */
  const Tensor *from;
  unsigned side; /* 1: set1, 2: set2 */
} Entry;

typedef struct Sets {
  OpCtx *c;
  Entry *entries;
  int64_t count, groups;         /* groups: in the dense shape */
  int64_t *where;                /* of each group, its place in the dense shape; null: its number */
  int64_t dims[TENSOR_MAX_RANK]; /* of the groups */
  int rank;                      /* of the inputs: one more than the groups' */
} Sets;

static int compare_values(const Entry *a, const Entry *b) {
  if (a->from->dtype != TF_STRING) {
    int64_t x = int_at(a->from, a->place), y = int_at(b->from, b->place);
    return x < y ? -1 : x > y;
  }
  Span x = string_at(a->from, a->place), y = string_at(b->from, b->place);
  size_t n = x.size < y.size ? x.size : y.size;
  int order = n ? memcmp(x.data, y.data, n) : 0;
  return order ? order : x.size < y.size ? -1 : x.size > y.size;
}

static int compare_entries(const void *a, const void *b) {
  const Entry *x = a, *y = b;
  if (x->group != y->group) return x->group < y->group ? -1 : 1;
  return compare_values(x, y);
}

static TF_Code groups_of(Sets *s, const int64_t *dims, int rank, TF_Status *st) {
  s->rank = rank;
  s->groups = 1;
  for (int d = 0; d + 1 < rank; d++) {
    s->dims[d] = dims[d];
    if (!checked_mul_i64(s->groups, dims[d], &s->groups))
      return fail(st, TF_INVALID_ARGUMENT, "the shape of the sets is too large");
  }
  return TF_OK;
}

static void add_dense(Sets *s, const Tensor *t, unsigned side) {
  int64_t n = tensor_count(t), width = t->dims[t->rank - 1];
  for (int64_t i = 0; i < n; i++)
    s->entries[s->count++] = (Entry){.group = i / width, .place = i, .from = t, .side = side};
}

/* ---- groups of sparse tensors, which may be in any order where nobody asked for a check ---- */

static int64_t group_end(const Sparse *t, int64_t begin) {
  int64_t end = begin + 1;
  while (end < t->count &&
         !index_compare(t->indices + begin * t->rank, t->indices + end * t->rank, t->rank - 1))
    end++;
  return end;
}

static bool group_inside(const Sparse *t, int64_t begin) {
  for (int d = 0; d + 1 < t->rank; d++)
    if (!index_ok(t->indices[begin * t->rank + d], t->dims[d])) return false;
  return true;
}

static TF_Code check_group(const Sparse *t, int64_t begin, int64_t end, TF_Status *st) {
  for (int d = 0; d < t->rank; d++) {
    if (t->dims[d] <= 0)
      return fail(st, TF_INTERNAL, "Invalid dim_size[%d] = %lld.", d, (long long)t->dims[d]);
    for (int64_t i = begin; i < end; i++) {
      int64_t index = t->indices[i * t->rank + d];
      if (index >= t->dims[d])
        return fail(st, TF_INTERNAL, "indices[%lld, %d] expected < %lld, got %lld.", (long long)(i - begin),
                    d, (long long)t->dims[d], (long long)index);
      if (index < 0 && d + 1 < t->rank)
        return fail(st, TF_INVALID_ARGUMENT, "indices[%lld, %d] expected >= 0, got %lld.",
                    (long long)(i - begin), d, (long long)index);
    }
  }
  return TF_OK;
}

static TF_Code add_group(Sets *s, const Sparse *t, int64_t begin, int64_t end, int64_t number, unsigned side,
                         TF_Status *st) {
  TRY(check_group(t, begin, end, st));
  for (int64_t i = begin; i < end; i++)
    s->entries[s->count++] = (Entry){.group = number, .place = i, .from = t->values, .side = side};
  return TF_OK;
}

static int64_t place_of_group(const Sets *s, const Sparse *t, int64_t begin) {
  int64_t place = 0;
  for (int d = 0; d + 1 < t->rank; d++) place = place * s->dims[d] + t->indices[begin * t->rank + d];
  return place;
}

/* Beside dense groups, which are all there, in order. TF: what follows a group that is not among those left is
 * left out. */
static TF_Code add_to_dense(Sets *s, const Sparse *t, unsigned side, TF_Status *st) {
  int64_t last = -1;
  for (int64_t i = 0, end; i < t->count && group_inside(t, i); i = end) {
    int64_t place = place_of_group(s, t, i);
    if (place <= last) break;
    last = place;
    end = group_end(t, i);
    TRY(add_group(s, t, i, end, place, side, st));
  }
  return TF_OK;
}

/* Merges the groups of one or two sparse tensors. */
static TF_Code add_sparse(Sets *s, const Sparse *a, const Sparse *b, TF_Status *st) {
  TRY(run_alloc(s->c, a->count + b->count, sizeof *s->where, &s->where, st));
  int64_t number = 0;
  for (int64_t i = 0, k = 0; i < a->count || k < b->count; number++) {
    int order = i == a->count ? 1
                : k == b->count
                    ? -1
                    : index_compare(a->indices + i * a->rank, b->indices + k * b->rank, a->rank - 1);
    int64_t i_end = order <= 0 ? group_end(a, i) : i, k_end = order >= 0 ? group_end(b, k) : k;
    if (order <= 0) TRY(add_group(s, a, i, i_end, number, 1, st));
    if (order >= 0) TRY(add_group(s, b, k, k_end, number, 2, st));
    s->where[number] = order <= 0 ? place_of_group(s, a, i) : place_of_group(s, b, k);
    i = i_end;
    k = k_end;
  }
  return TF_OK;
}

static void sort_entries(Sets *s) {
  if (s->count) qsort(s->entries, (size_t)s->count, sizeof *s->entries, compare_entries);
}

/* From entry `i` on: the end of the run of equal ones, and which sides they come from. */
static int64_t run_end(const Sets *s, int64_t i, unsigned *sides) {
  int64_t k = i;
  for (*sides = 0; k < s->count && (k == i || compare_entries(&s->entries[i], &s->entries[k]) == 0); k++)
    *sides |= s->entries[k].side;
  return k;
}

/* ---- the three operations: which inputs are sparse ---- */

typedef enum SetOp { SET_A_MINUS_B, SET_B_MINUS_A, SET_INTERSECTION, SET_UNION } SetOp;

static TF_Code set_init(OpInit *k, TF_Status *st) {
  static const char *const names[] = {"a-b", "b-a", "intersection", "union"};
  Span op;
  TRY(node_attr_string(k->node, "set_operation", &op, st));
  for (int i = 0; i < 4; i++)
    if (op.size == strlen(names[i]) && !strncasecmp(op.data, names[i], op.size)) {
      *(SetOp *)k->state = (SetOp)i;
      return TF_OK;
    }
  return fail(st, TF_INVALID_ARGUMENT, "Invalid set_operation %.*s.", (int)op.size, (const char *)op.data);
}

static bool set_keeps(SetOp op, unsigned sides) {
  switch (op) {
    case SET_A_MINUS_B: return sides == 1;
    case SET_B_MINUS_A: return sides == 2;
    case SET_INTERSECTION: return sides == 3;
    default: return true;
  }
}

static TF_Code set_outputs(Sets *s, TF_Status *st) {
  OpCtx *c = s->c;
  SetOp op = *(const SetOp *)c->state;
  int64_t n = 0, widest = 0, rank = s->rank, at = 0;
  unsigned sides;
  for (int64_t i = 0; i < s->count; i = run_end(s, i, &sides)) {
    run_end(s, i, &sides);
    n += set_keeps(op, sides);
  }
  TRY(op_alloc_output(c, 0, TF_INT64, (int64_t[]){n, rank}, 2, st));
  TRY(op_alloc_output(c, 1, c->node->output_types[1], &n, 1, st));
  TRY(op_alloc_output(c, 2, TF_INT64, &rank, 1, st));
  int64_t *index = c->outputs[0].data, *dims = c->outputs[2].data;
  int64_t column = 0, group = -1;
  for (int64_t i = 0, next; i < s->count; i = next) {
    const Entry *e = &s->entries[i];
    next = run_end(s, i, &sides);
    if (!set_keeps(op, sides)) continue;
    if (e->group != group) column = 0;
    group = e->group;
    int64_t rest = s->where ? s->where[group] : group;
    for (int d = s->rank - 2; d >= 0; d--) {
      index[d] = rest % s->dims[d];
      rest /= s->dims[d];
    }
    index[s->rank - 1] = column++;
    index += s->rank;
    if (column > widest) widest = column;
    TRY(tensor_copy_range(&c->outputs[1], at++, e->from, e->place, 1, st));
  }
  memcpy(dims, s->dims, (size_t)(s->rank - 1) * sizeof *dims);
  dims[s->rank - 1] = widest;
  return TF_OK;
}

static TF_Code sparse_side(const OpCtx *c, int first, Sparse *out, TF_Status *st) {
  bool validate;
  TRY(node_attr_bool(c->node, "validate_indices", &validate, st));
  TRY(sparse_view(out, op_input(c, first), op_input(c, first + 1), op_input(c, first + 2), st));
  TRY(sparse_check_dims(out, st));
  return validate ? sparse_check_indices(out, true, st) : TF_OK;
}

static TF_Code fail_rank(const int64_t *dims, int rank, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  return fail(st, TF_INVALID_ARGUMENT, "Shape %s has rank %d < 2", shape_text(dims, rank, text, sizeof text),
              rank);
}

static TF_Code set_run(OpCtx *c, TF_Status *st) {
  Sets s = {.c = c};
  Sparse a = {0}, b = {0};
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  bool sparse1 = c->num_inputs == 6, sparse2 = c->num_inputs > 2;
  const Tensor *set1 = op_input(c, 0), *set2 = op_input(c, 1);
  if (sparse1) TRY(sparse_side(c, 0, &a, st));
  if (sparse2) TRY(sparse_side(c, sparse1 ? 3 : 1, &b, st));
  int rank1 = sparse1 ? a.rank : set1->rank, rank2 = sparse2 ? b.rank : set2->rank;
  const int64_t *dims1 = sparse1 ? a.dims : set1->dims, *dims2 = sparse2 ? b.dims : set2->dims;
  if (rank1 < 2) return fail_rank(dims1, rank1, st);
  if (rank2 < 2) return fail_rank(dims2, rank2, st);
  bool same = rank1 == rank2;
  for (int d = 0; same && d + 1 < rank1; d++) same = dims1[d] == dims2[d];
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT, "Mismatched shapes %s vs %s",
                shape_text(dims1, rank1 - 1, x, sizeof x), shape_text(dims2, rank2 - 1, y, sizeof y));
  TRY(groups_of(&s, dims1, rank1, st));
  int64_t n = (sparse1 ? a.count : tensor_count(set1)) + (sparse2 ? b.count : tensor_count(set2));
  TRY(run_alloc(c, n, sizeof *s.entries, &s.entries, st));
  TF_Code code = TF_OK;
  if (!sparse1) add_dense(&s, set1, 1);
  if (sparse1) code = add_sparse(&s, &a, &b, st);
  else if (sparse2) code = add_to_dense(&s, &b, 2, st);
  else add_dense(&s, set2, 2);
  sort_entries(&s);
  if (!code) code = set_outputs(&s, st);
  free(s.entries);
  free(s.where);
  return code;
}

static TF_Code set_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rank = -1, of;
  bool sparse1 = c->num_inputs == 6, sparse2 = c->num_inputs > 2;
  if (sparse1) TRY(shape_sparse_rank(c, 0, 2, &rank, st));
  else if (c->inputs[0]->rank >= 0) rank = c->inputs[0]->rank;
  if (sparse2) TRY(shape_sparse_rank(c, sparse1 ? 3 : 1, sparse1 ? 5 : 3, &of, st));
  else of = c->inputs[1]->rank;
  if (rank < 0) rank = of;
  shape_sparse(c, 0, rank);
  return TF_OK;
}

/* ---- SetSize ---- */

static TF_Code size_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_of_value(c, 2, &c->outputs[0], st));
  if (c->outputs[0].rank > 0) c->outputs[0].rank--;
  return TF_OK;
}

static TF_Code size_run(OpCtx *c, TF_Status *st) {
  Sets s = {.c = c};
  Sparse set;
  unsigned sides;
  TRY(sparse_side(c, 0, &set, st));
  if (set.rank < 2) return fail(st, TF_INVALID_ARGUMENT, "Invalid rank %d.", set.rank);
  TRY(groups_of(&s, set.dims, set.rank, st));
  TRY(op_alloc_output(c, 0, TF_INT32, s.dims, s.rank - 1, st));
  tensor_zero(&c->outputs[0]);
  TRY(run_alloc(c, set.count, sizeof *s.entries, &s.entries, st));
  TF_Code code = add_sparse(&s, &set, &(Sparse){.rank = set.rank}, st);
  sort_entries(&s);
  int32_t *out = c->outputs[0].data, n = 0;
  for (int64_t i = 0; !code && i < s.count; i = run_end(&s, i, &sides)) { /* TF: the last of a group counts */
    n = i && s.entries[i - 1].group == s.entries[i].group ? n + 1 : 1;
    out[s.where[s.entries[i].group]] = n;
  }
  free(s.entries);
  free(s.where);
  return code;
}

#define SET_TYPES "T: int8 int16 int32 int64 uint8 uint16 string"
#define SET_ROW(op)                                                                               \
  {                                                                                               \
    op, .types = SET_TYPES, .flags = OP_DYNAMIC, .state_size = sizeof(SetOp), .shape = set_shape, \
        .init = set_init, .run = set_run                                                          \
  }

const OpRow ops_set_ops[] = {
    SET_ROW("DenseToDenseSetOperation"),
    SET_ROW("DenseToSparseSetOperation"),
    SET_ROW("SparseToSparseSetOperation"),
    {"SetSize", .types = SET_TYPES, .flags = OP_DYNAMIC, .shape = size_shape, .run = size_run},
    {0}};
