/* NonMaxSuppression, V2, V3 and V4: boxes in order of their scores, less those that overlap a better one too much. Equal
 * scores: the lower index first. */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/op.h"

typedef struct Candidate {
  float score;
  int32_t index;
} Candidate;

static float float_at(const Tensor *t, int64_t i) {
  float f;
  if (t->dtype == TF_FLOAT) return ((const float *)t->data)[i];
  math_load_16(&f, (const uint16_t *)t->data + i, 1, t->dtype);
  return f;
}

/* Best first; a NaN counts as worst. */
static int compare_candidates(const void *a, const void *b) {
  const Candidate *x = a, *y = b;
  if (x->score > y->score || (y->score != y->score && x->score == x->score)) return -1;
  if (x->score < y->score || (x->score != x->score && y->score == y->score)) return 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* What two boxes share, relative to what they cover together; corners in any order. */
static float overlap(const Tensor *boxes, int64_t i, int64_t j) {
  float a[4], b[4];
  for (int k = 0; k < 4; k++) {
    a[k] = float_at(boxes, i * 4 + k);
    b[k] = float_at(boxes, j * 4 + k);
  }
  float ay0 = fminf(a[0], a[2]), ax0 = fminf(a[1], a[3]), ay1 = fmaxf(a[0], a[2]), ax1 = fmaxf(a[1], a[3]);
  float by0 = fminf(b[0], b[2]), bx0 = fminf(b[1], b[3]), by1 = fmaxf(b[0], b[2]), bx1 = fmaxf(b[1], b[3]);
  float area_a = (ay1 - ay0) * (ax1 - ax0), area_b = (by1 - by0) * (bx1 - bx0);
  if (area_a <= 0 || area_b <= 0) return 0;
  float height = fmaxf(fminf(ay1, by1) - fmaxf(ay0, by0), 0), width = fmaxf(fminf(ax1, bx1) - fmaxf(ax0, bx0), 0);
  float both = height * width;
  return both / (area_a + area_b - both);
}

typedef struct Nms {
  int64_t most;
  float overlap, score;
} Nms;

/* The arguments, checked. */
static TF_Code nms_read(OpCtx *c, Nms *a, TF_Status *st) {
  const Tensor *boxes = op_input(c, 0), *scores = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  *a = (Nms){.overlap = 0.5f, .score = -INFINITY};
  for (int i = 2; i < c->num_inputs; i++) {
    if (op_input(c, i)->rank == 0) continue;
    static const char *const names[] = {"max_output_size", "iou_threshold", "score_threshold"};
    return fail(st, TF_INVALID_ARGUMENT, "%s must be 0-D, got shape %s", names[i - 2],
                shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text, sizeof text));
  }
  a->most = int_at(op_input(c, 2), 0);
  if (a->most < 0) return fail(st, TF_INVALID_ARGUMENT, "output size must be non-negative");
  const Attr *overlap_attr = node_attr(c->node, "iou_threshold");
  if (overlap_attr) a->overlap = overlap_attr->v.f;
  if (c->num_inputs > 3) a->overlap = float_at(op_input(c, 3), 0);
  if (c->num_inputs > 4) a->score = float_at(op_input(c, 4), 0);
  if (!(a->overlap >= 0 && a->overlap <= 1)) return fail(st, TF_INVALID_ARGUMENT, "iou_threshold must be in [0, 1]");
  if (boxes->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "boxes must be 2-D%s", shape_text(boxes->dims, boxes->rank, text, sizeof text));
  if (boxes->dims[1] != 4) return fail(st, TF_INVALID_ARGUMENT, "boxes must have 4 columns");
  if (boxes->dims[0] > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "too many boxes");
  if (scores->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "scores must be 1-D%s", shape_text(scores->dims, scores->rank, text, sizeof text));
  if (scores->dims[0] != boxes->dims[0]) return fail(st, TF_INVALID_ARGUMENT, "scores has incompatible shape");
  return TF_OK;
}

/* Fills `list` (as many as boxes) and moves those that stay to its start; how many. */
static int64_t select_boxes(OpCtx *c, const Nms *a, Candidate *list) {
  const Tensor *boxes = op_input(c, 0), *scores = op_input(c, 1);
  int64_t n = 0, kept = 0;
  for (int64_t i = 0; i < boxes->dims[0]; i++) {
    float score = float_at(scores, i);
    if (c->num_inputs < 5 || score > a->score) list[n++] = (Candidate){score, (int32_t)i};
  }
  qsort(list, (size_t)n, sizeof *list, compare_candidates);
  for (int64_t i = 0; i < n && kept < a->most; i++) {
    bool stays = true;
    for (int64_t j = kept - 1; j >= 0 && stays; j--) stays = !(overlap(boxes, list[i].index, list[j].index) > a->overlap);
    if (stays) list[kept++] = list[i];
  }
  return kept;
}

static TF_Code nms_run(OpCtx *c, TF_Status *st) {
  Nms a;
  TRY(nms_read(c, &a, st));
  const Attr *pad = node_attr(c->node, "pad_to_max_output_size");
  Candidate *list = malloc(((size_t)op_input(c, 0)->dims[0] + 1) * sizeof *list);
  if (!list) return fail_oom(st, "boxes");
  int64_t kept = select_boxes(c, &a, list), size = pad && pad->v.b ? a.most : kept;
  TF_Code code = op_alloc_output(c, 0, TF_INT32, &size, 1, st);
  if (!code && c->num_outputs > 1) code = op_alloc_output(c, 1, TF_INT32, NULL, 0, st);
  if (!code) {
    for (int64_t i = 0; i < size; i++) ((int32_t *)c->outputs[0].data)[i] = i < kept ? list[i].index : 0;
    if (c->num_outputs > 1) *(int32_t *)c->outputs[1].data = (int32_t)kept;
  }
  free(list);
  return code;
}

static TF_Code shape_nms(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 1, st));
  for (int i = 2; i < c->num_inputs; i++) TRY(shape_want_rank(c, i, 0, st));
  const Attr *pad = node_attr(c->node, "pad_to_max_output_size");
  int64_t most;
  bool known = pad && pad->v.b && shape_int_value(c, 2, &most) && most >= 0;
  c->outputs[0] = shape_vector(known ? most : -1);
  if (c->num_outputs > 1) c->outputs[1] = shape_rank0();
  return TF_OK;
}

#define NMS(name_, types_) {name_, .types = types_, .flags = OP_DYNAMIC, .shape = shape_nms, .run = nms_run}
#define NMS_TYPES "T: half float; T_threshold: half float"
const OpRow ops_image_nms[] = {NMS("NonMaxSuppression", NULL), NMS("NonMaxSuppressionV2", NMS_TYPES),
                               NMS("NonMaxSuppressionV3", NMS_TYPES), NMS("NonMaxSuppressionV4", NMS_TYPES), {0}};
