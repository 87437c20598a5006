/* SampleDistortedBoundingBox: a random window of an image, of an aspect ratio and an area between limits,
 * that covers enough of one of the given boxes; the whole image when no attempt succeeds. */
#include "ops/random_samples.h"

#include <string.h>

typedef struct BoxState {
  RandomState random; /* not of the stateless op */
  bool stateless, use_image;
  float covered, aspect[2], area[2];
  int64_t attempts;
} BoxState;

typedef struct Window {
  int32_t x0, y0, x1, y1;
} Window;

static TF_Code pair_attr(OpInit *k, const char *name, const char *label, float out[2], TF_Status *st) {
  const Attr *a;
  TRY(node_attr_list(k->node, name, TF_ATTR_FLOAT, &a, st));
  if (a->count != 2) return fail(st, TF_INVALID_ARGUMENT, "%s range field must specify 2 dimensions", label);
  memcpy(out, a->v.list_f, 2 * sizeof *out);
  if (!(out[0] > 0 && out[1] > 0))
    return fail(st, TF_INVALID_ARGUMENT, "%s range must be non-negative: [%g, %g]", label, (double)out[0],
                (double)out[1]);
  return TF_OK;
}

static TF_Code check_covered(float x, TF_Status *st) {
  return x >= 0 ? TF_OK
                : fail(st, TF_INVALID_ARGUMENT, "Min object covered must be non-negative: %g", (double)x);
}

static TF_Code box_init(OpInit *k, TF_Status *st) {
  BoxState *s = k->state;
  s->stateless = strncmp(k->node->op, "Stateless", 9) == 0;
  if (k->node->num_inputs == 2) {
    TRY(node_attr_float(k->node, "min_object_covered", &s->covered, st));
    TRY(check_covered(s->covered, st));
  }
  TRY(node_attr_bool(k->node, "use_image_if_no_bounding_boxes", &s->use_image, st));
  TRY(pair_attr(k, "aspect_ratio_range", "Aspect ratio", s->aspect, st));
  TRY(pair_attr(k, "area_range", "Area", s->area, st));
  if (!(s->area[0] <= 1 && s->area[1] <= 1))
    return fail(st, TF_INVALID_ARGUMENT, "Area range must be less then or equal to 1.0: [%g, %g]",
                (double)s->area[0], (double)s->area[1]);
  TRY(node_attr_int(k->node, "max_attempts", &s->attempts, st));
  if (s->attempts <= 0 || s->attempts > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "Max attempts must be non-negative: %lld", (long long)s->attempts);
  return s->stateless ? TF_OK : random_state_init(k, st);
}

static void box_clear(void *state) {
  BoxState *s = state;
  if (!s->stateless) random_state_clear(&s->random);
}

static TF_Code box_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 1, st));
  TRY(shape_want_rank(c, 1, 3, st));
  c->outputs[0] = c->outputs[1] = shape_vector(3);
  c->outputs[2] = (Shape){.rank = 3, .dims = {1, 1, 4}};
  return TF_OK;
}

static TF_Code box_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *size = op_input(c, 0), *boxes = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  const char *size_text = shape_text(size->dims, size->rank, text, sizeof text);
  if (size->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "image_size must be 1-dimensional%s", size_text);
  if (size->dims[0] != 3)
    return fail(st, TF_INVALID_ARGUMENT, "image_size must contain 3 elements%s", size_text);
  const char *boxes_text = shape_text(boxes->dims, boxes->rank, text, sizeof text);
  if (boxes->rank != 3)
    return fail(st, TF_INVALID_ARGUMENT, "input boxes must be 3-dimensional [batch, num_boxes, coords]: %s",
                boxes_text);
  if (boxes->dims[2] != 4)
    return fail(st, TF_INVALID_ARGUMENT, "bounding boxes must have shape [4] or [*, 4], got %s", boxes_text);
  if (c->num_inputs > 2 && op_input(c, 2)->rank)
    return fail(st, TF_INVALID_ARGUMENT, "min_object_covered must be 0-D, got shape %s",
                shape_text(op_input(c, 2)->dims, op_input(c, 2)->rank, text, sizeof text));
  TRY(op_output(c, 0, size->dtype, &(int64_t){3}, 1, st));
  TRY(op_output(c, 1, size->dtype, &(int64_t){3}, 1, st));
  return op_output(c, 2, TF_FLOAT, (int64_t[]){1, 1, 4}, 3, st);
}

/* ---- the sampler ---- */

/* To the nearest integer; what is none in 64 bits gives 0. */
static int32_t nearest(float x) { return fabsf(x) < 9.2e18f ? (int32_t)(uint32_t)(uint64_t)llrintf(x) : 0; }

static float area_of(const Window *w) {
  return (float)(int32_t)(((uint32_t)w->x1 - (uint32_t)w->x0) * ((uint32_t)w->y1 - (uint32_t)w->y0));
}

/* The largest height that the width allows at this aspect ratio. */
static int32_t fit_height(int32_t height, float aspect, int32_t image_width, int32_t image_height) {
  if (nearest((float)height * aspect) > image_width) {
    double fits = ((double)image_width + 0.5 - (double)0.0000001f) / (double)aspect;
    height = fits < 2147483648.0 ? (int32_t)fits : INT32_MIN;
    if (nearest((float)height * aspect) > image_width) height--;
  }
  return height < image_height ? height : image_height;
}

static bool draw_window(const BoxState *s, int32_t width, int32_t height, float aspect, Words *words,
                        Window *out) {
  if (!(aspect > 0) || width <= 0 || height <= 0 || s->area[0] > s->area[1]) return false;
  float least = s->area[0] * (float)width * (float)height, most = s->area[1] * (float)width * (float)height;
  int32_t h = nearest(sqrtf(least / aspect)),
          tallest = fit_height(nearest(sqrtf(most / aspect)), aspect, width, height);
  if (h > tallest) h = tallest;
  if (h < tallest) h += (int32_t)words_below(words, (uint32_t)(tallest - h + 1));
  int32_t w = nearest((float)h * aspect);
  float area = (float)(int32_t)((uint32_t)w * (uint32_t)h);
  if (area < least) {
    w = nearest((float)++h * aspect);
    area = (float)(int32_t)((uint32_t)w * (uint32_t)h);
  }
  if (area > most) {
    w = nearest((float)--h * aspect);
    area = (float)(int32_t)((uint32_t)w * (uint32_t)h);
  }
  if (area < least || area > most || w > width || h > height || w <= 0 || h <= 0) return false;
  out->y0 = h < height ? (int32_t)words_below(words, (uint32_t)(height - h)) : 0;
  out->x0 = w < width ? (int32_t)words_below(words, (uint32_t)(width - w)) : 0;
  out->y1 = out->y0 + h;
  out->x1 = out->x0 + w;
  return true;
}

/* A coordinate in pixels; the cast over int64 keeps that of the largest image defined. */
static int32_t pixel(float part, int32_t side) { return (int32_t)(int64_t)(part * (float)side); }

/* Box number i: minimum y and x, maximum y and x as parts of the image. */
static Window box_at(const float *boxes, int64_t i, int32_t width, int32_t height) {
  const float *b = boxes + 4 * i;
  return (Window){pixel(b[1], width), pixel(b[0], height), pixel(b[3], width), pixel(b[2], height)};
}

/* Whether `w` covers that part of one of the boxes; without boxes, of the image. */
static bool covers(const Window *w, float part, const Tensor *boxes, int32_t width, int32_t height) {
  int64_t n = tensor_count(boxes) / 4;
  if (area_of(w) < 1) return false;
  for (int64_t i = 0; i < (n ? n : 1); i++) {
    Window b = n ? box_at(boxes->data, i, width, height) : (Window){0, 0, width, height};
    float area = area_of(&b);
    if (area < 1) continue;
    Window both = {w->x0 > b.x0 ? w->x0 : b.x0, w->y0 > b.y0 ? w->y0 : b.y0, w->x1 < b.x1 ? w->x1 : b.x1,
                   w->y1 < b.y1 ? w->y1 : b.y1};
    if (both.x0 > both.x1 || both.y0 > both.y1) both = (Window){0, 0, 0, 0};
    if (area_of(&both) / area >= part) return true;
  }
  return false;
}

static TF_Code image_side(const Tensor *size, int i, const char *name, int32_t *out, TF_Status *st) {
  uint64_t x = size->dtype == TF_UINT64   ? ((uint64_t *)size->data)[i]
               : size->dtype == TF_UINT32 ? ((uint32_t *)size->data)[i]
                                          : (uint64_t)int_at(size, i);
  if (x >= INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "image %s cannot be >= int32 max", name);
  *out = (int32_t)x;
  return TF_OK;
}

static TF_Code check_boxes(const BoxState *s, const Tensor *boxes, TF_Status *st) {
  const float *b = boxes->data;
  int64_t n = tensor_count(boxes);
  for (int64_t i = 0; i < n; i++) {
    if (!(b[i] >= 0 && b[i] <= 1))
      return fail(st, TF_INVALID_ARGUMENT, "All bounding box coordinates must be in [0.0, 1.0]: %g",
                  (double)b[i]);
  }
  if (n || s->use_image) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "No bounding boxes provided as input. One must enable "
              "use_image_if_no_bounding_boxes if you wish to not provide any bounding boxes.");
}

static void store_integer(Tensor *t, int i, int32_t x) {
  switch (dtype_size(t->dtype)) {
    case 1: ((uint8_t *)t->data)[i] = (uint8_t)x; break;
    case 2: ((uint16_t *)t->data)[i] = (uint16_t)x; break;
    case 4: ((int32_t *)t->data)[i] = x; break;
    default: ((int64_t *)t->data)[i] = x;
  }
}

static void store_window(OpCtx *c, const Window *w, int32_t width, int32_t height) {
  int32_t begin[3] = {w->y0, w->x0, 0}, size[3] = {w->y1 - w->y0, w->x1 - w->x0, -1};
  for (int i = 0; i < 3; i++) {
    store_integer(&c->outputs[0], i, begin[i]);
    store_integer(&c->outputs[1], i, size[i]);
  }
  float *box = c->outputs[2].data;
  box[0] = (float)w->y0 / (float)height;
  box[1] = (float)w->x0 / (float)width;
  box[2] = (float)w->y1 / (float)height;
  box[3] = (float)w->x1 / (float)width;
}

static TF_Code box_run(OpCtx *c, TF_Status *st) {
  const BoxState *s = c->state;
  const Tensor *boxes = op_input(c, 1);
  int32_t height, width;
  float covered = c->num_inputs > 2 ? *(float *)op_input(c, 2)->data : s->covered;
  Philox p;
  TRY(image_side(op_input(c, 0), 0, "height", &height, st));
  TRY(image_side(op_input(c, 0), 1, "width", &width, st));
  TRY(check_covered(covered, st));
  TRY(check_boxes(s, boxes, st));
  if (s->stateless) TRY(philox_of_seed(op_input(c, 3), true, &p, st));
  else p = random_take(&s->random, (uint64_t)s->attempts);
  Words words = words_of(p);
  Window w = {0, 0, width, height};
  bool possible = covered <= 1 && width > 0 && height > 0 && s->area[0] <= s->area[1];
  for (int64_t i = 0; i < s->attempts && possible; i++) {
    Window tried;
    float aspect = words_float(&words) * (s->aspect[1] - s->aspect[0]) + s->aspect[0];
    if (!draw_window(s, width, height, aspect, &words, &tried) ||
        !covers(&tried, covered, boxes, width, height))
      continue;
    w = tried;
    break;
  }
  store_window(c, &w, width, height);
  return TF_OK;
}

#define BOX(NAME)                                                                                       \
  {                                                                                                     \
    NAME, .types = "T: int8 int16 int32 int64 uint8 uint16 uint32 uint64", .flags = OP_STATEFUL,        \
          .state_size = sizeof(BoxState), .shape = box_shape, .init = box_init, .prepare = box_prepare, \
          .run = box_run, .clear = box_clear                                                            \
  }

const OpRow ops_sampler_box[] = {BOX("SampleDistortedBoundingBox"),
                                 BOX("SampleDistortedBoundingBoxV2"),
                                 BOX("StatelessSampleDistortedBoundingBox"),
                                 {0}};
