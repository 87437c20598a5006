/* Gradients of SparseSegmentSum, -Mean and -SqrtN: row indices[i] of the output gets the gradient of segment
 * segment_ids[i], divided as the segment was. V2 answers only the rows that got something, and which they
 * are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"

typedef struct GradState {
  bool mean, sqrt_n, compact;
} GradState;

static TF_Code grad_init(OpInit *k, TF_Status *st) {
  (void)st;
  GradState *s = k->state;
  s->mean = strncmp(k->node->op, "SparseSegmentMean", 17) == 0;
  s->sqrt_n = strncmp(k->node->op, "SparseSegmentSqrtN", 18) == 0;
  s->compact = strstr(k->node->op, "V2") != NULL;
  return TF_OK;
}

static TF_Code grad_check(OpCtx *c, int64_t *rows, TF_Status *st) {
  const GradState *s = c->state;
  const Tensor *grad = op_input(c, 0), *indices = op_input(c, 1), *ids = op_input(c, 2),
               *dim = op_input(c, 3);
  if (grad->rank < 1) return fail(st, TF_INVALID_ARGUMENT, "Shape must be at least rank 1");
  if (indices->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "indices should be a vector.");
  if (ids->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "segment_ids should be a vector.");
  if (dim->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "%s should be a scalar.",
                s->compact ? "dense_output_dim0" : "output_dim0");
  if (indices->dims[0] != ids->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "segment_ids and indices should have same size.");
  *rows = int_at(dim, 0);
  if (*rows < 0)
    return fail(st, TF_INVALID_ARGUMENT, "Expected a non-negative size, got %lld", (long long)*rows);
  if (*rows == 0) return TF_OK; /* TF: whatever the indices */
  if (ids->dims[0] && int_at(ids, ids->dims[0] - 1) >= grad->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Invalid number of segments");
  for (int64_t i = 0; i < ids->dims[0]; i++) {
    int64_t id = int_at(ids, i), row = int_at(indices, i);
    if (!index_ok(row, *rows))
      return fail(st, TF_INVALID_ARGUMENT, "Index %lld out of range [0, %lld).", (long long)row,
                  (long long)*rows);
    if (!index_ok(id, grad->dims[0]))
      return fail(st, TF_INVALID_ARGUMENT, "Segment id %lld out of range [0, %lld).", (long long)id,
                  (long long)grad->dims[0]);
  }
  return TF_OK;
}

static int compare_rows(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* The rows that got something, in order, each once; returns how many. */
static int64_t used_rows(const Tensor *indices, int64_t *used) {
  int64_t n = indices->dims[0], count = 0;
  for (int64_t i = 0; i < n; i++) used[i] = int_at(indices, i);
  qsort(used, (size_t)n, sizeof *used, compare_rows);
  for (int64_t i = 0; i < n; i++)
    if (!count || used[count - 1] != used[i]) used[count++] = used[i];
  return count;
}

/* sum: the output in double; row k of it is row used[k], or k where `used` is null. */
static void add_rows(const OpCtx *c, const int64_t *used, int64_t num_used, const int64_t *counts,
                     double *sum) {
  const GradState *s = c->state;
  const Tensor *grad = op_input(c, 0), *indices = op_input(c, 1), *ids = op_input(c, 2);
  int64_t inner = dims_product(grad->dims, 1, grad->rank);
  for (int64_t i = 0; i < ids->dims[0]; i++) {
    int64_t id = int_at(ids, i), row = int_at(indices, i);
    if (used) row = (const int64_t *)bsearch(&row, used, (size_t)num_used, sizeof *used, compare_rows) - used;
    double n = (double)counts[id], scale = s->mean ? 1 / n : s->sqrt_n ? 1 / sqrt(n) : 1;
    for (int64_t k = 0; k < inner; k++) sum[row * inner + k] += math_number_at(grad, id * inner + k) * scale;
  }
}

static TF_Code put_outputs(OpCtx *c, const int64_t *used, const int64_t *counts, int64_t rows,
                           TF_Status *st) {
  const GradState *s = c->state;
  const Tensor *grad = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK];
  memcpy(dims, grad->dims, sizeof dims);
  dims[0] = rows;
  TRY(op_alloc_output(c, 0, grad->dtype, dims, grad->rank, st));
  if (s->compact) TRY(op_alloc_output(c, 1, op_input(c, 1)->dtype, &rows, 1, st));
  for (int64_t i = 0; s->compact && i < rows; i++) math_number_put(&c->outputs[1], i, (double)used[i]);
  int64_t count = tensor_count(&c->outputs[0]);
  if (count == 0) return TF_OK;
  double *sum = calloc((size_t)count, sizeof *sum);
  if (!sum) return fail_oom(st, "sums of segments");
  add_rows(c, used, rows, counts, sum);
  for (int64_t i = 0; i < count; i++) math_number_put(&c->outputs[0], i, sum[i]);
  free(sum);
  return TF_OK;
}

static TF_Code grad_run(OpCtx *c, TF_Status *st) {
  const GradState *s = c->state;
  const Tensor *grad = op_input(c, 0), *ids = op_input(c, 2);
  int64_t rows = 0;
  TRY(grad_check(c, &rows, st));
  if (rows == 0) return put_outputs(c, NULL, NULL, 0, st);
  int64_t *counts = calloc((size_t)grad->dims[0] + 1, sizeof *counts);
  int64_t *used = s->compact ? calloc((size_t)ids->dims[0] + 1, sizeof *used) : NULL;
  TF_Code code = counts && (used || !s->compact) ? TF_OK : fail_oom(st, "rows of segments");
  if (!code) {
    for (int64_t i = 0; i < ids->dims[0]; i++) counts[int_at(ids, i)]++;
    code = put_outputs(c, used, counts, used ? used_rows(op_input(c, 1), used) : rows, st);
  }
  free(counts);
  free(used);
  return code;
}

static TF_Code grad_shape(ShapeCtx *c, TF_Status *st) {
  int64_t rows = -1;
  TRY(shape_want_rank_at_least(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 1, st));
  TRY(shape_want_rank(c, 2, 1, st));
  TRY(shape_want_rank(c, 3, 0, st));
  Shape out = *c->inputs[0];
  bool compact = c->num_outputs > 1;
  if (out.rank > 0) out.dims[0] = !compact && shape_int_value(c, 3, &rows) && rows >= 0 ? rows : -1;
  c->outputs[0] = out;
  if (compact) c->outputs[1] = shape_vector(-1);
  return TF_OK;
}

#define GRAD(NAME)                                                                                      \
  {                                                                                                     \
    NAME, .types = "T: " TYPES_FLOATS "; Tidx: " TYPES_INDEX "; Tsegmentids: " TYPES_INDEX,             \
          .flags = OP_DYNAMIC, .state_size = sizeof(GradState), .shape = grad_shape, .init = grad_init, \
          .run = grad_run                                                                               \
  }

const OpRow ops_math_segment_grad[] = {GRAD("SparseSegmentSumGrad"),
                                       GRAD("SparseSegmentMeanGrad"),
                                       GRAD("SparseSegmentSqrtNGrad"),
                                       GRAD("SparseSegmentSumGradV2"),
                                       GRAD("SparseSegmentMeanGradV2"),
                                       GRAD("SparseSegmentSqrtNGradV2"),
                                       {0}};
