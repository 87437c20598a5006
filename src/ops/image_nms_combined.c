/* CombinedNonMaxSuppression: the best boxes of each class of each image, then the best of all classes. */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/image_nms.h"
#include "ops/op.h"

typedef struct Found {
  float score;   /* -inf: none */
  int32_t class; /* -1: none */
  float box[4];
} Found;

typedef struct Candidate {
  float score;
  int32_t index;
} Candidate;

typedef struct Combined {
  const Tensor *boxes, *scores;
  int64_t most_each, most; /* boxes of a class; of an image */
  int64_t each;            /* room: most_each, or all boxes */
  float overlap, score;
  bool pad, clip;
  int64_t images, count, classes; /* count: boxes of an image */
} Combined;

/* ---- arguments ---- */

static TF_Code check_shapes(const Tensor *b, const Tensor *s, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (b->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "boxes must be 4-D%s",
                shape_text(b->dims, b->rank, text, sizeof text));
  if (s->rank != 3)
    return fail(st, TF_INVALID_ARGUMENT, "scores must be 3-D%s",
                shape_text(s->dims, s->rank, text, sizeof text));
  if (b->dims[2] != 1 && b->dims[2] != s->dims[2])
    return fail(st, TF_INVALID_ARGUMENT, "third dimension of boxes must be either 1 or num classes");
  if (b->dims[3] != 4) return fail(st, TF_INVALID_ARGUMENT, "boxes must have 4 columns");
  if (s->dims[1] != b->dims[1]) return fail(st, TF_INVALID_ARGUMENT, "scores has incompatible shape");
  if (b->dims[1] > INT32_MAX || s->dims[2] > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "too many boxes");
  return TF_OK;
}

static TF_Code check_scalar(OpCtx *c, int i, const char *name, TF_Status *st) {
  const Tensor *t = op_input(c, i);
  char text[SHAPE_TEXT_MAX];
  if (t->rank == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s must be 0-D, got shape %s", name,
              shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code combined_read(OpCtx *c, Combined *a, TF_Status *st) {
  *a = (Combined){.boxes = op_input(c, 0), .scores = op_input(c, 1)};
  TRY(node_attr_bool(c->node, "pad_per_class", &a->pad, st));
  TRY(node_attr_bool(c->node, "clip_boxes", &a->clip, st));
  if ((a->boxes->rank ? a->boxes->dims[0] : -1) != (a->scores->rank ? a->scores->dims[0] : -1))
    return fail(st, TF_INVALID_ARGUMENT, "boxes and scores must have same batch size");
  TRY(check_scalar(c, 2, "max_size_per_class", st));
  a->most_each = int_at(op_input(c, 2), 0);
  if (a->most_each <= 0) return fail(st, TF_INVALID_ARGUMENT, "max_size_per_class must be positive");
  TRY(check_scalar(c, 3, "max_total_size", st));
  a->most = int_at(op_input(c, 3), 0);
  if (a->most <= 0) return fail(st, TF_INVALID_ARGUMENT, "max_total_size must be > 0");
  TRY(check_scalar(c, 4, "iou_threshold", st));
  TRY(check_scalar(c, 5, "score_threshold", st));
  a->overlap = *(const float *)op_input(c, 4)->data;
  a->score = *(const float *)op_input(c, 5)->data;
  if (!(a->overlap >= 0 && a->overlap <= 1))
    return fail(st, TF_INVALID_ARGUMENT, "iou_threshold must be in [0, 1]");
  TRY(check_shapes(a->boxes, a->scores, st));
  a->images = a->boxes->dims[0];
  a->count = a->boxes->dims[1];
  a->classes = a->scores->dims[2];
  a->each = a->most_each < a->count ? a->most_each : a->count;
  int64_t all;
  if (!checked_mul_i64(a->each, a->classes, &all) || all > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "size_per_class * num_classes causes overflow");
  int64_t padded = a->most_each * a->classes;
  if (a->pad && padded < a->most) a->most = padded;
  return TF_OK;
}

/* ---- one class of one image ---- */

static bool candidate_before(const void *a, const void *b, const void *arg) {
  (void)arg;
  return ((const Candidate *)a)->score > ((const Candidate *)b)->score;
}
static bool found_before(const void *a, const void *b, const void *arg) {
  (void)arg;
  return ((const Found *)a)->score > ((const Found *)b)->score;
}

static const float *box_at(const Combined *a, int64_t image, int64_t i, int64_t class) {
  int64_t q = a->boxes->dims[2];
  return (const float *)a->boxes->data + ((image * a->count + i) * q + (q > 1 ? class : 0)) * 4;
}

/* Fills `found` (room for each) from its start; `heap` has room for all boxes. */
static void select_class(const Combined *a, int64_t image, int64_t class, Candidate *heap, Found *found) {
  Queue q = {(char *)heap, sizeof *heap, 0, candidate_before, NULL};
  int64_t n = 0;
  for (int64_t i = 0; i < a->count; i++) {
    Candidate next = {((const float *)a->scores->data)[(image * a->count + i) * a->classes + class],
                      (int32_t)i};
    if (next.score > a->score) queue_push(&q, &next);
  }
  while (n < a->each && q.count > 0) {
    Candidate next;
    queue_pop(&q, &next);
    const float *box = box_at(a, image, next.index, class);
    bool stays = true;
    for (int64_t j = n - 1; j >= 0 && stays; j--) stays = !(box_overlap(box, found[j].box) > a->overlap);
    if (!stays) continue;
    found[n] = (Found){.score = next.score, .class = (int32_t) class};
    memcpy(found[n++].box, box, sizeof found->box);
  }
  for (; n < a->each; n++) found[n] = (Found){.score = -INFINITY, .class = -1};
}

/* ---- an image ---- */

typedef struct Outputs {
  float *boxes, *scores, *classes;
  int32_t *counts;
} Outputs;

static float clipped(float v) {
  v = 1 < v ? 1 : v;
  return v < 0 ? 0 : v;
}

static void put_image(const Combined *a, int64_t image, Found *found, const Outputs *out) {
  size_t total = (size_t)(a->each * a->classes);
  int64_t n = 0;
  order_sort(found, total, sizeof *found, found_before, NULL);
  for (size_t i = 0; i < total; i++) n += found[i].class >= 0;
  if (n > a->most) n = a->most;
  out->counts[image] = (int32_t)n;
  for (int64_t i = 0; i < a->most; i++) {
    int64_t to = image * a->most + i;
    out->scores[to] = i < n ? found[i].score : 0;
    out->classes[to] = i < n ? (float)found[i].class : 0;
    for (int k = 0; k < 4; k++) {
      float v = i < n ? found[i].box[k] : 0;
      out->boxes[4 * to + k] = a->clip ? clipped(v) : v;
    }
  }
}

static TF_Code make_outputs(OpCtx *c, const Combined *a, Outputs *out, TF_Status *st) {
  int64_t dims[3] = {a->images, a->most, 4};
  TRY(op_alloc_output(c, 0, TF_FLOAT, dims, 3, st));
  TRY(op_alloc_output(c, 1, TF_FLOAT, dims, 2, st));
  TRY(op_alloc_output(c, 2, TF_FLOAT, dims, 2, st));
  TRY(op_alloc_output(c, 3, TF_INT32, dims, 1, st));
  *out = (Outputs){c->outputs[0].data, c->outputs[1].data, c->outputs[2].data, c->outputs[3].data};
  return TF_OK;
}

static TF_Code combined_run(OpCtx *c, TF_Status *st) {
  Combined a;
  Outputs out;
  TRY(combined_read(c, &a, st));
  TRY(make_outputs(c, &a, &out, st));
  Candidate *heap = malloc(((size_t)a.count + 1) * sizeof *heap);
  Found *found = malloc(((size_t)(a.each * a.classes) + 1) * sizeof *found);
  if (!heap || !found) {
    free(heap);
    free(found);
    return fail_oom(st, "boxes");
  }
  for (int64_t image = 0; image < a.images; image++) {
    for (int64_t class = 0; class < a.classes; class ++)
      select_class(&a, image, class, heap, found + class * a.each);
    put_image(&a, image, found, &out);
  }
  free(heap);
  free(found);
  return TF_OK;
}

static TF_Code shape_combined(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 4, st));
  TRY(shape_want_rank(c, 1, 3, st));
  for (int i = 2; i < 6; i++) TRY(shape_want_rank(c, i, 0, st));
  const Attr *pad = node_attr(c->node, "pad_per_class");
  int64_t images = shape_dim(c->inputs[0], 0), each, most;
  if (!shape_int_value(c, 3, &most) || most < 0) most = -1;
  if (pad && pad->v.b) {
    int64_t all = shape_int_value(c, 2, &each) ? dim_mul(each, shape_dim(c->inputs[1], 2)) : -1;
    most = most < 0 || all < 0 ? -1 : most < all ? most : all;
  }
  c->outputs[0] = (Shape){.rank = 3, .dims = {images, most, 4}};
  c->outputs[1] = c->outputs[2] = shape_matrix(images, most);
  c->outputs[3] = shape_vector(images);
  return TF_OK;
}

const OpRow ops_image_nms_combined[] = {
    {"CombinedNonMaxSuppression", .flags = OP_DYNAMIC, .shape = shape_combined, .run = combined_run},
    {0}};
