/* Segment, SparseSegment and UnsortedSegment reductions, and Bucketize. Rows of the data are folded into the
 * output row that their segment id names, with the plain loops of the binary ops. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "ops/math_binary.h"

typedef enum SegmentOp { SEG_SUM, SEG_MEAN, SEG_PROD, SEG_MAX, SEG_MIN } SegmentOp;

typedef struct SegmentState {
  SegmentOp op;
  BinaryLoop *fold;
  TF_DataType dtype;
  int kind;
} SegmentState;

static TF_Code segment_init(OpInit *k, TF_Status *st) {
  static const struct {
    const char *suffix, *fold;
  } ops[] = {{"Sum", "AddV2"}, {"Mean", "AddV2"}, {"Prod", "Mul"}, {"Max", "Maximum"}, {"Min", "Minimum"}};
  SegmentState *s = k->state;
  const char *name = strstr(k->row->name, "Segment") + strlen("Segment");
  while ((int)s->op < SEG_MIN && strncmp(name, ops[s->op].suffix, strlen(ops[s->op].suffix)) != 0) s->op++;
  s->dtype = dtype_base(k->node->input_types[0]);
  s->kind = math_kind(s->dtype);
  for (const BinaryOp *op = binary_ops; op->name; op++)
    if (strcmp(op->name, ops[s->op].fold) == 0 && s->kind >= 0) s->fold = op->loops[s->kind];
  if (!s->fold)
    return fail(st, TF_UNIMPLEMENTED, "%s has no kernel for %s", k->row->name, dtype_name(s->dtype));
  return TF_OK;
}

/* The value of a segment without rows: 0 or 1, or for unsorted extremes the lowest or highest finite
 * number. */
static void fill_start(const SegmentState *s, bool unsorted, void *out, int64_t n) {
  bool low = s->op == SEG_MAX, extreme = low || s->op == SEG_MIN;
#define FILL(T, lowest, highest, one)                                                              \
  do {                                                                                             \
    T v = extreme && unsorted ? (T)(low ? lowest : highest) : s->op == SEG_PROD ? (T)(one) : (T)0; \
    for (int64_t i = 0; i < n; i++) ((T *)out)[i] = v;                                             \
  } while (0)
  if (s->dtype == TF_HALF) FILL(uint16_t, 0xfbff, 0x7bff, 0x3c00);
  else if (s->dtype == TF_BFLOAT16) FILL(uint16_t, 0xff7f, 0x7f7f, 0x3f80);
  else switch (s->kind) {
      case MK_F32: FILL(float, -FLT_MAX, FLT_MAX, 1); break;
      case MK_F64: FILL(double, -DBL_MAX, DBL_MAX, 1); break;
      case MK_I8: FILL(int8_t, INT8_MIN, INT8_MAX, 1); break;
      case MK_I16: FILL(int16_t, INT16_MIN, INT16_MAX, 1); break;
      case MK_I32: FILL(int32_t, INT32_MIN, INT32_MAX, 1); break;
      case MK_I64: FILL(int64_t, INT64_MIN, INT64_MAX, 1); break;
      case MK_U8: FILL(uint8_t, 0, UINT8_MAX, 1); break;
      case MK_U16: FILL(uint16_t, 0, UINT16_MAX, 1); break;
      case MK_U32: FILL(uint32_t, 0, UINT32_MAX, 1); break;
      case MK_U64: FILL(uint64_t, 0, UINT64_MAX, 1); break;
      case MK_C64: FILL(float _Complex, 0, 0, 1); break;
      default: FILL(double _Complex, 0, 0, 1); break;
    }
#undef FILL
}

static void fold_row(const SegmentState *s, char *out, const char *row, int64_t n) {
  if (!math_is_16(s->dtype)) {
    s->fold(out, out, row, n, 1, 1, 0);
    return;
  }
  float x[MATH_BLOCK], y[MATH_BLOCK];
  for (int64_t i = 0; i < n; i += MATH_BLOCK) {
    int64_t k = n - i < MATH_BLOCK ? n - i : MATH_BLOCK;
    math_load_16(x, (uint16_t *)out + i, k, s->dtype);
    math_load_16(y, (const uint16_t *)row + i, k, s->dtype);
    s->fold(x, x, y, k, 1, 1, 0);
    math_store_16((uint16_t *)out + i, x, k, s->dtype);
  }
}

static void divide_row(const SegmentState *s, char *out, int64_t n, int64_t count) {
  static const char *const div = "Div";
  const BinaryOp *op = binary_ops;
  while (strcmp(op->name, div) != 0) op++;
  switch (s->kind) {
#define DIVIDE(kind, T)                         \
  case kind: {                                  \
    T by = (T)count;                            \
    op->loops[kind](out, out, &by, n, 1, 0, 0); \
    break;                                      \
  }
    DIVIDE(MK_F64, double)
    DIVIDE(MK_I8, int8_t)
    DIVIDE(MK_I16, int16_t)
    DIVIDE(MK_I32, int32_t)
    DIVIDE(MK_I64, int64_t)
    DIVIDE(MK_U8, uint8_t)
    DIVIDE(MK_U16, uint16_t)
    DIVIDE(MK_U32, uint32_t)
    DIVIDE(MK_U64, uint64_t)
    DIVIDE(MK_C64, float _Complex)
    DIVIDE(MK_C128, double _Complex)
#undef DIVIDE
    default: {
      float by = (float)count, x;
      for (int64_t i = 0; i < n; i++) {
        if (!math_is_16(s->dtype)) {
          ((float *)out)[i] /= by;
          continue;
        }
        math_load_16(&x, (uint16_t *)out + i, 1, s->dtype);
        x /= by;
        math_store_16((uint16_t *)out + i, &x, 1, s->dtype);
      }
    }
  }
}

/* ---- sorted ids: the last one tells the number of rows ---- */

static TF_Code check_sorted(const Tensor *ids, TF_Status *st) {
  int64_t n = ids->dims[0], end = n ? math_int_at(ids, n - 1) : 0;
  if (end < 0) return fail(st, TF_INVALID_ARGUMENT, "segment ids must be >= 0");
  for (int64_t i = 0, last = 0; i < n; i++) {
    int64_t id = math_int_at(ids, i);
    if (i == 0 && id < 0)
      return fail(
          st, TF_INVALID_ARGUMENT,
          "Segment id %lld out of range [0, %lld), possibly because 'segment_ids' input is not sorted.",
          (long long)id, (long long)end + 1);
    if (id < last) return fail(st, TF_INVALID_ARGUMENT, "segment ids are not increasing");
    last = id;
  }
  return TF_OK;
}

static TF_Code segment_run(OpCtx *c, TF_Status *st) {
  const SegmentState *s = c->state;
  const Tensor *data = op_input(c, 0), *ids = op_input(c, 1);
  if (ids->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "segment_ids should be a vector.");
  if (data->rank < 1 || ids->dims[0] != data->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "segment_ids should be the same size as dimension 0 of input.");
  if (ids->dims[0] && math_int_at(ids, ids->dims[0] - 1) == INT64_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "segment ids must be < 2^63 - 1");
  TRY(check_sorted(ids, st));
  int64_t rows = ids->dims[0], out_rows = rows ? math_int_at(ids, rows - 1) : -1, inner = 1,
          dims[TENSOR_MAX_RANK];
  memcpy(dims, data->dims, sizeof dims);
  dims[0] = out_rows + 1;
  for (int d = 1; d < data->rank; d++) inner *= dims[d];
  TRY(op_alloc_output(c, 0, s->dtype, dims, data->rank, st));
  size_t size = dtype_size(s->dtype) * (size_t)inner;
  char *out = c->outputs[0].data;
  if (inner == 0 || dims[0] == 0) return TF_OK;
  fill_start(s, false, out, dims[0] * inner);
  for (int64_t i = 0; i < rows;) {
    int64_t id = math_int_at(ids, i), first = i;
    char *to = out + (size_t)id * size;
    memcpy(to, (const char *)data->data + (size_t)i * size, size);
    for (i++; i < rows && math_int_at(ids, i) == id; i++)
      fold_row(s, to, (const char *)data->data + (size_t)i * size, inner);
    if (s->op == SEG_MEAN) divide_row(s, to, inner, i - first);
  }
  return TF_OK;
}

static TF_Code shape_segment(ShapeCtx *c, TF_Status *st) {
  const Shape *data = c->inputs[0];
  if (data->rank == 0) return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank 1 but is rank 0");
  c->outputs[0] = *data;
  if (data->rank > 0) c->outputs[0].dims[0] = -1;
  return TF_OK;
}

/* ---- SparseSegment: rows picked by index, of floats; sums, means, or sums over the root of the count
 * ---- */

typedef struct SparseState {
  bool mean, sqrt_n, counted; /* counted: input 3 tells the number of rows */
} SparseState;

static TF_Code sparse_init(OpInit *k, TF_Status *st) {
  (void)st;
  SparseState *s = k->state;
  s->mean = strncmp(k->row->name, "SparseSegmentMean", 17) == 0;
  s->sqrt_n = strncmp(k->row->name, "SparseSegmentSqrtN", 18) == 0;
  s->counted = strstr(k->row->name, "WithNumSegments") != NULL;
  return TF_OK;
}

static TF_Code sparse_check(OpCtx *c, int64_t *segments, TF_Status *st) {
  const SparseState *s = c->state;
  const Tensor *data = op_input(c, 0), *indices = op_input(c, 1), *ids = op_input(c, 2);
  if (data->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank 1");
  if (indices->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "indices should be a vector.");
  if (ids->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "segment_ids should be a vector.");
  int64_t n = indices->dims[0];
  if (n != ids->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "segment_ids and indices should have same size.");
  int64_t end = n ? math_int_at(ids, n - 1) : -1;
  if (n && (end < 0 || end == INT64_MAX)) return fail(st, TF_INVALID_ARGUMENT, "segment ids must be >= 0");
  *segments = end + 1;
  if (s->counted) {
    if (op_input(c, 3)->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "num_segments should be a scalar");
    int64_t given = math_int_at(op_input(c, 3), 0);
    if (given < *segments) return fail(st, TF_INVALID_ARGUMENT, "segment ids must be < num_segments");
    *segments = given;
  }
  for (int64_t i = 0, last = 0; i < n; i++) {
    int64_t id = math_int_at(ids, i), index = math_int_at(indices, i);
    if (id < 0 || (i > 0 && id < last))
      return fail(st, TF_INVALID_ARGUMENT, "segment ids are not increasing");
    last = id;
    if (index < 0 || index >= data->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "Bad: indices[%lld] == %lld out of range [0, %lld)", (long long)i,
                  (long long)index, (long long)data->dims[0]);
  }
  return TF_OK;
}

/* out += row, a float or double each; 16-bit sums keep their own precision until the segment ends. */
static void sparse_add(double *sum, const Tensor *data, int64_t row, int64_t at, int64_t n) {
  float x[MATH_BLOCK];
  for (int64_t i = 0; i < n; i++) {
    int64_t from = row + at + i;
    if (math_is_16(data->dtype)) {
      math_load_16(x, (const uint16_t *)data->data + from, 1, data->dtype);
      sum[i] += (double)x[0];
    } else {
      sum[i] += data->dtype == TF_DOUBLE ? ((const double *)data->data)[from]
                                         : (double)((const float *)data->data)[from];
    }
  }
}

static void sparse_store(Tensor *out, int64_t at, const double *sum, int64_t n, double scale) {
  for (int64_t i = 0; i < n; i++) {
    float f = (float)(sum[i] * scale);
    if (out->dtype == TF_DOUBLE) ((double *)out->data)[at + i] = sum[i] * scale;
    else if (out->dtype == TF_FLOAT) ((float *)out->data)[at + i] = f;
    else math_store_16((uint16_t *)out->data + at + i, &f, 1, out->dtype);
  }
}

/* Integers wrap, so their width is all that matters. */
#define ADD_WRAPPING(T)                                           \
  do {                                                            \
    T *to = (T *)out->data + at;                                  \
    const T *from = (const T *)data->data + row;                  \
    for (int64_t i = 0; i < n; i++) to[i] = (T)(to[i] + from[i]); \
  } while (0)
static void sparse_add_integers(Tensor *out, int64_t at, const Tensor *data, int64_t row, int64_t n) {
  switch (dtype_size(data->dtype)) {
    case 1: ADD_WRAPPING(uint8_t); break;
    case 2: ADD_WRAPPING(uint16_t); break;
    case 4: ADD_WRAPPING(uint32_t); break;
    default: ADD_WRAPPING(uint64_t); break;
  }
}

static bool is_floating(TF_DataType dtype) {
  return dtype == TF_FLOAT || dtype == TF_DOUBLE || math_is_16(dtype);
}

static TF_Code sparse_run(OpCtx *c, TF_Status *st) {
  const SparseState *s = c->state;
  const Tensor *data = op_input(c, 0), *indices = op_input(c, 1), *ids = op_input(c, 2);
  int64_t dims[TENSOR_MAX_RANK], segments = 0, inner = 1;
  TRY(sparse_check(c, &segments, st));
  memcpy(dims, data->dims, sizeof dims);
  dims[0] = segments;
  for (int d = 1; d < data->rank; d++) inner *= dims[d];
  TRY(op_alloc_output(c, 0, data->dtype, dims, data->rank, st));
  Tensor *out = &c->outputs[0];
  if (segments == 0 || inner == 0) return TF_OK;
  memset(out->data, 0, (size_t)(segments * inner) * dtype_size(out->dtype));
  for (int64_t i = 0, n = ids->dims[0], stop; i < n; i = stop) {
    int64_t id = math_int_at(ids, i);
    for (stop = i + 1; stop < n && math_int_at(ids, stop) == id;) stop++;
    if (!is_floating(data->dtype)) {
      for (int64_t j = i; j < stop; j++)
        sparse_add_integers(out, id * inner, data, math_int_at(indices, j) * inner, inner);
      continue;
    }
    double count = (double)(stop - i), scale = s->mean ? 1 / count : s->sqrt_n ? 1 / sqrt(count) : 1;
    for (int64_t at = 0; at < inner; at += MATH_BLOCK) {
      int64_t k = inner - at < MATH_BLOCK ? inner - at : MATH_BLOCK;
      double sum[MATH_BLOCK] = {0};
      for (int64_t j = i; j < stop; j++) sparse_add(sum, data, math_int_at(indices, j) * inner, at, k);
      sparse_store(out, id * inner + at, sum, k, scale);
    }
  }
  return TF_OK;
}

/* ---- unsorted ids of any rank, the number of rows is given ---- */

static TF_Code unsorted_prepare(OpCtx *c, TF_Status *st) {
  const SegmentState *s = c->state;
  const Tensor *data = op_input(c, 0), *ids = op_input(c, 1), *count = op_input(c, 2);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  bool starts = data->rank >= ids->rank;
  for (int d = 0; starts && d < ids->rank; d++) starts = data->dims[d] == ids->dims[d];
  if (count->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "num_segments should be a scalar, not shape %s",
                shape_text(count->dims, count->rank, a, sizeof a));
  if (!starts)
    return fail(st, TF_INVALID_ARGUMENT, "data.shape = %s does not start with segment_ids.shape = %s",
                shape_text(data->dims, data->rank, a, sizeof a),
                shape_text(ids->dims, ids->rank, b, sizeof b));
  int64_t dims[TENSOR_MAX_RANK], segments = math_int_at(count, 0);
  if (segments < 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input num_segments == %lld must not be negative.",
                (long long)segments);
  int rank = 1;
  dims[0] = segments;
  for (int d = ids->rank; d < data->rank; d++) {
    if (rank == TENSOR_MAX_RANK) return fail(st, TF_INVALID_ARGUMENT, "rank %d is too large", data->rank + 1);
    dims[rank++] = data->dims[d];
  }
  return op_output(c, 0, s->dtype, dims, rank, st);
}

/* "[1,2]": where element i of the ids stands. */
static TF_Code fail_id(const Tensor *ids, int64_t i, int64_t segments, TF_Status *st) {
  Tensor place = *ids;
  char text[SHAPE_TEXT_MAX];
  int64_t rest = i;
  for (int d = ids->rank - 1; d >= 0; d--) {
    place.dims[d] = rest % ids->dims[d];
    rest /= ids->dims[d];
  }
  return fail(st, TF_INVALID_ARGUMENT, "segment_ids%s = %lld is out of range [0, %lld)",
              ids->rank ? shape_text(place.dims, ids->rank, text, sizeof text) : "",
              (long long)math_int_at(ids, i), (long long)segments);
}

static TF_Code unsorted_run(OpCtx *c, TF_Status *st) {
  const SegmentState *s = c->state;
  const Tensor *data = op_input(c, 0), *ids = op_input(c, 1);
  Tensor *out = &c->outputs[0];
  int64_t rows = tensor_count(ids), segments = out->dims[0], inner = 1;
  for (int d = 1; d < out->rank; d++) inner *= out->dims[d];
  fill_start(s, true, out->data, tensor_count(out));
  if (tensor_count(data) == 0) return TF_OK; /* TF: does not look at the ids of nothing */
  size_t size = dtype_size(s->dtype) * (size_t)inner;
  for (int64_t i = 0; i < rows; i++) {
    int64_t id = math_int_at(ids, i);
    if (id < 0) continue;
    if (id >= segments) return fail_id(ids, i, segments, st);
    fold_row(s, (char *)out->data + (size_t)id * size, (const char *)data->data + (size_t)i * size, inner);
  }
  return TF_OK;
}

static TF_Code shape_unsorted(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *data = c->inputs[0], *ids = c->inputs[1];
  const Tensor *count = c->value(c, 2);
  if (data->rank < 0 || ids->rank < 0 || data->rank < ids->rank) return TF_OK;
  Shape out = {.rank = 1};
  out.dims[0] = count && count->rank == 0 && math_int_at(count, 0) >= 0 ? math_int_at(count, 0) : -1;
  for (int d = ids->rank; d < data->rank && out.rank < TENSOR_MAX_RANK; d++)
    out.dims[out.rank++] = data->dims[d];
  c->outputs[0] = out;
  return TF_OK;
}

/* ---- Bucketize: how many boundaries are not above x ---- */

static TF_Code bucketize_init(OpInit *k, TF_Status *st) {
  const Attr *list;
  TRY(node_attr_list(k->node, "boundaries", TF_ATTR_FLOAT, &list, st));
  for (int64_t i = 1; i < list->count; i++)
    if (list->v.list_f[i] < list->v.list_f[i - 1])
      return fail(st, TF_INVALID_ARGUMENT, "Expected sorted boundaries");
  return TF_OK;
}

static TF_Code bucketize_prepare(OpCtx *c, TF_Status *st) {
  return op_output(c, 0, TF_INT32, op_input(c, 0)->dims, op_input(c, 0)->rank, st);
}

static TF_Code bucketize_run(OpCtx *c, TF_Status *st) {
  const Attr *list;
  const Tensor *in = op_input(c, 0);
  int32_t *out = c->outputs[0].data;
  TRY(node_attr_list(c->node, "boundaries", TF_ATTR_FLOAT, &list, st));
  for (int64_t i = 0, n = tensor_count(in); i < n; i++) {
    double x = in->dtype == TF_FLOAT    ? (double)((const float *)in->data)[i]
               : in->dtype == TF_DOUBLE ? ((const double *)in->data)[i]
                                        : (double)math_int_at(in, i);
    int64_t low = 0, high = list->count;
    while (low < high) {
      int64_t mid = (low + high) / 2;
      if (x < (double)list->v.list_f[mid]) high = mid;
      else low = mid + 1;
    }
    out[i] = (int32_t)low;
  }
  return TF_OK;
}

#define SEGMENT(name_, types_)                                                                               \
  {                                                                                                          \
    name_, .types = types_, .flags = OP_DYNAMIC, .state_size = sizeof(SegmentState), .shape = shape_segment, \
           .init = segment_init, .run = segment_run                                                          \
  }
#define SPARSE(name_, types_)                                                             \
  {                                                                                       \
    name_, .types = "T: " types_, .flags = OP_DYNAMIC, .state_size = sizeof(SparseState), \
           .shape = shape_segment, .init = sparse_init, .run = sparse_run                 \
  }
#define UNSORTED(name_, types_)                                                                             \
  {                                                                                                         \
    name_, .types = types_, .value_inputs = 4, .state_size = sizeof(SegmentState), .shape = shape_unsorted, \
           .init = segment_init, .prepare = unsorted_prepare, .run = unsorted_run                           \
  }

const OpRow ops_math_segment[] = {
    SEGMENT("SegmentSum", "T: " TYPES_NUMBERS),
    SEGMENT("SegmentMean", "T: " TYPES_NUMBERS),
    SEGMENT("SegmentProd", "T: " TYPES_NUMBERS),
    SEGMENT("SegmentMax", "T: " TYPES_REAL),
    SEGMENT("SegmentMin", "T: " TYPES_REAL),
    SPARSE("SparseSegmentSum", TYPES_REAL),
    SPARSE("SparseSegmentMean", TYPES_FLOATS),
    SPARSE("SparseSegmentSqrtN", TYPES_FLOATS),
    SPARSE("SparseSegmentSumWithNumSegments", TYPES_REAL),
    SPARSE("SparseSegmentMeanWithNumSegments", TYPES_FLOATS),
    SPARSE("SparseSegmentSqrtNWithNumSegments", TYPES_FLOATS),
    UNSORTED("UnsortedSegmentSum", "T: " TYPES_NUMBERS),
    UNSORTED("UnsortedSegmentProd", "T: " TYPES_NUMBERS),
    UNSORTED("UnsortedSegmentMax", "T: " TYPES_REAL),
    UNSORTED("UnsortedSegmentMin", "T: " TYPES_REAL),
    {"Bucketize", .types = "T: int32 int64 float double", .shape = shape_same, .init = bucketize_init,
     .prepare = bucketize_prepare, .run = bucketize_run},
    {0}};
