/* NonMaxSuppression, V2 to V5, NonMaxSuppressionWithOverlaps: boxes in order of their scores, less those that
 * overlap a better one too much; V5 may lower scores by the overlap instead (soft). Equal scores: the lower
 * index first. */
#include "ops/image_nms.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "ops/array_util.h"
#include "ops/op.h"

typedef struct Nms {
  const Tensor *boxes, *scores;
  bool overlaps;     /* `boxes` is the matrix of overlaps */
  TF_DataType dtype; /* what scores are computed in: each result is rounded to it */
  int64_t most;
  float overlap, score, sigma;
} Nms;

typedef struct Candidate {
  float score;
  int32_t index;
  int64_t seen; /* so many of the kept boxes have lowered its score already */
} Candidate;

float box_overlap(const float a[4], const float b[4]) {
  float ay0 = fminf(a[0], a[2]), ax0 = fminf(a[1], a[3]), ay1 = fmaxf(a[0], a[2]), ax1 = fmaxf(a[1], a[3]);
  float by0 = fminf(b[0], b[2]), bx0 = fminf(b[1], b[3]), by1 = fmaxf(b[0], b[2]), bx1 = fmaxf(b[1], b[3]);
  float area_a = (ay1 - ay0) * (ax1 - ax0), area_b = (by1 - by0) * (bx1 - bx0);
  if (area_a <= 0 || area_b <= 0) return 0;
  float height = fmaxf(fminf(ay1, by1) - fmaxf(ay0, by0), 0),
        width = fmaxf(fminf(ax1, bx1) - fmaxf(ax0, bx0), 0);
  float both = height * width;
  return both / (area_a + area_b - both);
}

static float rounded(const Nms *a, float v) {
  uint16_t bits;
  if (a->dtype != TF_HALF) return v;
  math_store_16(&bits, &v, 1, TF_HALF);
  math_load_16(&v, &bits, 1, TF_HALF);
  return v;
}

static void load(const Tensor *t, int64_t i, int64_t n, float *out) {
  if (t->dtype == TF_FLOAT) memcpy(out, (const float *)t->data + i, (size_t)n * sizeof *out);
  else math_load_16(out, (const uint16_t *)t->data + i, n, t->dtype);
}

/* ---- arguments ---- */

static TF_Code read_scalar(OpCtx *c, int i, const char *name, float *out, TF_Status *st) {
  const Tensor *t = op_input(c, i);
  char text[SHAPE_TEXT_MAX];
  if (t->rank != 0) {
    fail(st, TF_INVALID_ARGUMENT, "%s must be 0-D, got shape %s", name,
         shape_text(t->dims, t->rank, text, sizeof text));
    bool more = i < 4 && strcmp(c->row->name, "NonMaxSuppressionV3") == 0; /* TF: only V3 says so */
    return more ? fail_suffix(st, " (Shape must be rank 0 but is rank %d)", t->rank) : TF_INVALID_ARGUMENT;
  }
  if (t->dtype == TF_INT32) *out = 0;
  else load(t, 0, 1, out);
  return TF_OK;
}

static TF_Code check_boxes(const Nms *a, TF_Status *st) {
  const Tensor *b = a->boxes, *s = a->scores;
  char text[SHAPE_TEXT_MAX];
  shape_text(b->dims, b->rank, text, sizeof text);
  if (a->overlaps && b->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "overlaps must be 2-D%s", text);
  if (a->overlaps && b->dims[0] != b->dims[1])
    return fail(st, TF_INVALID_ARGUMENT, "overlaps must be square%s", text);
  if (b->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "boxes must be 2-D%s (Shape must be rank 2 but is rank %d)", text,
                b->rank);
  if (!a->overlaps && b->dims[1] != 4)
    return fail(st, TF_INVALID_ARGUMENT, "boxes must have 4 columns (Dimension must be 4 but is %lld)",
                (long long)b->dims[1]);
  if (b->dims[0] > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "too many boxes");
  if (s->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "scores must be 1-D%s (Shape must be rank 1 but is rank %d)",
                shape_text(s->dims, s->rank, text, sizeof text), s->rank);
  if (s->dims[0] != b->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "scores has incompatible shape (Dimensions must be equal, but are %lld and %lld)",
                (long long)b->dims[0], (long long)s->dims[0]);
  return TF_OK;
}

static TF_Code nms_read(OpCtx *c, Nms *a, TF_Status *st) {
  float unused;
  const Attr *threshold = node_attr(c->node, "iou_threshold");
  *a = (Nms){.boxes = op_input(c, 0),
             .scores = op_input(c, 1),
             .dtype = op_input(c, 1)->dtype,
             .overlap = 0.5f};
  a->overlaps = strcmp(c->row->name, "NonMaxSuppressionWithOverlaps") == 0;
  a->score = a->dtype == TF_HALF ? -65504 : -FLT_MAX;
  if (threshold) a->overlap = threshold->v.f;
  TRY(read_scalar(c, 2, "max_output_size", &unused, st));
  if (c->num_inputs > 3)
    TRY(read_scalar(c, 3, a->overlaps ? "overlap_threshold" : "iou_threshold", &a->overlap, st));
  a->overlap = rounded(a, a->overlap);
  if (!a->overlaps && !(a->overlap >= 0 && a->overlap <= 1))
    return fail(st, TF_INVALID_ARGUMENT, "iou_threshold must be in [0, 1]");
  if (c->num_inputs > 4) TRY(read_scalar(c, 4, "score_threshold", &a->score, st));
  a->score = rounded(a, a->score);
  if (c->num_inputs > 5) TRY(read_scalar(c, 5, "soft_nms_sigma", &a->sigma, st));
  if (!(a->sigma >= 0)) return fail(st, TF_INVALID_ARGUMENT, "soft_nms_sigma_val must be >= 0");
  TRY(check_boxes(a, st));
  a->most = int_at(op_input(c, 2), 0);
  if (a->most < 0) return fail(st, TF_INVALID_ARGUMENT, "output size must be non-negative");
  return TF_OK;
}

/* ---- the choice ---- */

static bool before(const void *a, const void *b, const void *arg) {
  (void)arg;
  const Candidate *x = a, *y = b;
  return x->score > y->score || (x->score == y->score && x->index < y->index);
}

static float similarity(const Nms *a, int64_t i, int64_t j) {
  float x[4], y[4];
  if (a->overlaps) return ((const float *)a->boxes->data)[i * a->boxes->dims[1] + j];
  load(a->boxes, i * 4, 4, x);
  load(a->boxes, j * 4, 4, y);
  return box_overlap(x, y);
}

/* By what an overlap multiplies a score. */
static float weight_of(const Nms *a, float overlap) {
  float scale = a->sigma > 0 ? rounded(a, -0.5f / a->sigma) : 0;
  if (!(a->sigma > 0) && !(overlap <= a->overlap)) return 0;
  return rounded(a, expf(rounded(a, rounded(a, scale * overlap) * overlap)));
}

/* Lowers a candidate's score for the boxes kept since it was looked at last; false when it is out. */
static bool lower_score(const Nms *a, Candidate *next, const Candidate *kept, int64_t num_kept) {
  bool stays = true;
  for (int64_t j = num_kept - 1; j >= next->seen && stays; j--) {
    float overlap = rounded(a, similarity(a, next->index, kept[j].index));
    next->score = rounded(a, next->score * weight_of(a, overlap));
    stays = a->sigma > 0 || !(overlap > a->overlap);
    if (next->score <= a->score) break;
  }
  next->seen = num_kept;
  return stays;
}

/* Fills `kept`; how many. `heap` has room for all boxes, and so has `kept`. */
static int64_t select_boxes(const Nms *a, Candidate *heap, Candidate *kept) {
  Queue q = {(char *)heap, sizeof *heap, 0, before, NULL};
  int64_t n = 0;
  for (int64_t i = 0; i < a->boxes->dims[0]; i++) {
    Candidate next = {.index = (int32_t)i};
    load(a->scores, i, 1, &next.score);
    if (next.score > a->score) queue_push(&q, &next);
  }
  while (n < a->most && q.count > 0) {
    Candidate next;
    queue_pop(&q, &next);
    float score = next.score;
    if (!lower_score(a, &next, kept, n)) continue;
    if (next.score == score) kept[n++] = next;
    else if (next.score > a->score) queue_push(&q, &next);
  }
  return n;
}

/* ---- outputs: indices, [V5: scores], [V4, V5: how many] ---- */

static TF_Code put_outputs(OpCtx *c, const Nms *a, const Candidate *kept, int64_t n, TF_Status *st) {
  const Attr *pad = node_attr(c->node, "pad_to_max_output_size");
  int64_t size = pad && pad->v.b ? a->most : n;
  int count_at = c->num_outputs - 1;
  TRY(op_alloc_output(c, 0, TF_INT32, &size, 1, st));
  for (int64_t i = 0; i < size; i++) ((int32_t *)c->outputs[0].data)[i] = i < n ? kept[i].index : 0;
  if (count_at > 1) TRY(op_alloc_output(c, 1, a->dtype, &size, 1, st));
  for (int64_t i = 0; i < size && count_at > 1; i++) {
    float score = i < n ? kept[i].score : 0;
    if (a->dtype == TF_FLOAT) ((float *)c->outputs[1].data)[i] = score;
    else math_store_16((uint16_t *)c->outputs[1].data + i, &score, 1, a->dtype);
  }
  if (count_at == 0) return TF_OK;
  TRY(op_alloc_output(c, count_at, TF_INT32, NULL, 0, st));
  *(int32_t *)c->outputs[count_at].data = (int32_t)n;
  return TF_OK;
}

static TF_Code nms_run(OpCtx *c, TF_Status *st) {
  Nms a;
  TRY(nms_read(c, &a, st));
  Candidate *heap = malloc(2 * ((size_t)a.boxes->dims[0] + 1) * sizeof *heap);
  if (!heap) return fail_oom(st, "boxes");
  Candidate *kept = heap + a.boxes->dims[0] + 1;
  int64_t n = select_boxes(&a, heap, kept);
  TF_Code code = put_outputs(c, &a, kept, n, st);
  free(heap);
  return code;
}

static TF_Code shape_nms(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 1, st));
  for (int i = 2; i < c->num_inputs; i++) TRY(shape_want_rank(c, i, 0, st));
  const Attr *pad = node_attr(c->node, "pad_to_max_output_size");
  int64_t most;
  bool known = pad && pad->v.b && shape_int_value(c, 2, &most) && most >= 0;
  for (int i = 0; i < c->num_outputs; i++)
    c->outputs[i] = i == c->num_outputs - 1 && i > 0 ? shape_rank0() : shape_vector(known ? most : -1);
  return TF_OK;
}

#define NMS(name_, types_) \
  { name_, .types = types_, .flags = OP_DYNAMIC, .shape = shape_nms, .run = nms_run }
#define NMS_TYPES "T: half float; T_threshold: half float"
const OpRow ops_image_nms[] = {NMS("NonMaxSuppression", NULL),
                               NMS("NonMaxSuppressionV2", NMS_TYPES),
                               NMS("NonMaxSuppressionV3", NMS_TYPES),
                               NMS("NonMaxSuppressionV4", NMS_TYPES),
                               NMS("NonMaxSuppressionV5", "T: half float"),
                               NMS("NonMaxSuppressionWithOverlaps", NULL),
                               {0}};
