/* Points for k-means: KmeansPlusPlusInitialization and KMC2ChainInitialization draw first centres,
 * NearestNeighbors finds the centres nearest to points. Distances are squared and Euclidean: |x|^2 / 2 - x y
 * + |y|^2 / 2, doubled. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/random_philox.h"

enum { DRAW_TRIES = 1000000, MAX_RETRIES = 1 << 20 };

static float dot(const float *a, const float *b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static TF_Code scalar_input(const OpCtx *c, int i, const char *name, TF_Status *st) {
  if (op_input(c, i)->rank == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Input %s should be a scalar.", name);
}

/* ---- KmeansPlusPlusInitialization ---- */

/* What stands in scratch, each with a number a point. */
typedef struct Seeding {
  const float *points;
  int64_t n, width, picked;
  float *norms, *nearest, *sums, *tried, *best; /* halves of squares; sums of `nearest` up to a point */
  char *taken;
  Words words;
} Seeding;

static TF_Code kmeans_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_matrix(-1, c->inputs[0]->rank == 2 ? c->inputs[0]->dims[1] : -1);
  return TF_OK;
}

static TF_Code kmeans_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *points = op_input(c, 0);
  static const char *const names[] = {"num_to_sample", "seed", "num_retries_per_sample"};
  if (points->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Input points should be a matrix.");
  for (int i = 0; i < 3; i++) TRY(scalar_input(c, i + 1, names[i], st));
  int64_t want = *(int64_t *)op_input(c, 1)->data;
  if (*(int64_t *)op_input(c, 3)->data > MAX_RETRIES)
    return fail(st, TF_INVALID_ARGUMENT, "num_retries_per_sample is above the limit of %d.", MAX_RETRIES);
  size_t bytes;
  if (points->dims[0] <= 0) return fail(st, TF_INVALID_ARGUMENT, "Expected points.rows() > 0.");
  if (want <= 0) return fail(st, TF_INVALID_ARGUMENT, "Expected num_to_sample > 0.");
  if (want > points->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Expected num_to_sample <= points.rows(). %lld vs %lld.",
                (long long)want, (long long)points->dims[0]);
  if (!checked_mul((size_t)points->dims[0], 5 * sizeof(float) + 1, &bytes)) return fail_oom(st, c->node->op);
  op_scratch(c, bytes);
  return op_output(c, 0, TF_FLOAT, (int64_t[]){want, points->dims[1]}, 2, st);
}

/* A point that is not taken yet, likelier the farther it is from those that are. */
static int64_t draw_point(Seeding *s) {
  if (s->picked == 0) return (int64_t)words_below64(&s->words, (uint64_t)s->n);
  float total = s->sums[s->n - 1];
  for (int tries = 0; tries < DRAW_TRIES; tries++) {
    float at = words_float(&s->words) * total;
    int64_t low = 0;
    for (int64_t left = s->n; left > 0;) {
      int64_t half = left / 2;
      if (at < s->sums[low + half]) left = half;
      else low += half + 1, left -= half + 1;
    }
    if (low < s->n && !s->taken[low]) return low;
    if (!(total > 0)) break;
  }
  int64_t first =
      0; /* all others are where one is already: TensorFlow reads beyond the points or goes on for ever */
  while (s->taken[first]) first++;
  return first;
}

/* The distances to the nearest centre if point k became one, and their sum. */
static float try_point(Seeding *s, int64_t k) {
  const float *y = s->points + k * s->width;
  float sum = 0;
  for (int64_t i = 0; i < s->n; i++) {
    float d = s->norms[i] - dot(s->points + i * s->width, y, s->width) + s->norms[k];
    s->tried[i] = s->nearest[i] < d ? s->nearest[i] : d;
    sum += s->tried[i];
  }
  return sum;
}

static void swap(float **a, float **b) {
  float *t = *a;
  *a = *b;
  *b = t;
}

static int64_t next_point(Seeding *s, int64_t retries) {
  float least = INFINITY;
  int64_t chosen = 0;
  bool any = false;
  for (int64_t i = 0; i <= retries; i++) {
    int64_t k = draw_point(s);
    float potential = try_point(s, k);
    if (potential >= least && any) continue;
    any = true;
    least = potential;
    chosen = k;
    swap(&s->tried, &s->best);
  }
  swap(&s->nearest, &s->best);
  return chosen;
}

static TF_Code kmeans_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const Tensor *points = op_input(c, 0);
  int64_t want = c->outputs[0].dims[0], n = points->dims[0], retries = *(int64_t *)op_input(c, 3)->data;
  float *at = c->scratch;
  Seeding s = {.points = points->data,
               .n = n,
               .width = points->dims[1],
               .norms = at,
               .nearest = at + n,
               .sums = at + 2 * n,
               .tried = at + 3 * n,
               .best = at + 4 * n,
               .taken = (char *)(at + 5 * n),
               .words = words_of(philox_of(*(uint64_t *)op_input(c, 2)->data, 0, 0))};
  if (retries < 0) retries = 2 + (int64_t)log((double)want);
  memset(s.taken, 0, (size_t)n);
  for (int64_t i = 0; i < n; i++) {
    const float *x = s.points + i * s.width;
    s.norms[i] = 0.5f * dot(x, x, s.width);
    s.nearest[i] = INFINITY;
  }
  for (; s.picked < want; s.picked++) {
    float sum = 0;
    for (int64_t i = 0; i < n && s.picked; i++) s.sums[i] = sum += s.nearest[i];
    int64_t k = next_point(&s, retries);
    s.taken[k] = 1;
    memcpy((float *)c->outputs[0].data + s.picked * s.width, s.points + k * s.width,
           (size_t)s.width * sizeof(float));
  }
  return TF_OK;
}

/* ---- KMC2ChainInitialization ---- */

static TF_Code chain_prepare(OpCtx *c, TF_Status *st) {
  if (op_input(c, 0)->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "Input distances should be a vector.");
  TRY(scalar_input(c, 1, "seed", st));
  if (op_input(c, 0)->dims[0] <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Expected distances_tensor.size() > 0.");
  return op_output_scalar(c, 0, TF_INT64, st);
}

static TF_Code chain_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const float *distances = op_input(c, 0)->data;
  Words words = words_of(philox_of(*(uint64_t *)op_input(c, 1)->data, 0, 0));
  int64_t at = 0;
  for (int64_t i = 1; i < op_input(c, 0)->dims[0]; i++) {
    if (distances[i] > words_float(&words) * distances[at]) at = i;
  }
  *(int64_t *)c->outputs[0].data = at;
  return TF_OK;
}

/* ---- NearestNeighbors ---- */

typedef struct Neighbor {
  float distance;
  int64_t center;
} Neighbor;

static int compare_neighbors(const void *a, const void *b) {
  const Neighbor *x = a, *y = b;
  if (x->distance < y->distance) return -1;
  if (x->distance > y->distance) return 1;
  int nan = (isnan(x->distance) != 0) - (isnan(y->distance) != 0);
  return nan ? nan : x->center < y->center ? -1 : x->center > y->center;
}

static TF_Code neighbors_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = c->outputs[1] = shape_matrix(c->inputs[0]->rank == 2 ? c->inputs[0]->dims[0] : -1, -1);
  return TF_OK;
}

static TF_Code neighbors_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *points = op_input(c, 0), *centers = op_input(c, 1);
  if (points->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Input points should be a matrix.");
  if (centers->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "Input centers should be a matrix.");
  TRY(scalar_input(c, 2, "k", st));
  if (points->dims[0] <= 0) return fail(st, TF_INVALID_ARGUMENT, "Expected points.rows() > 0.");
  if (points->dims[1] != centers->dims[1])
    return fail(st, TF_INVALID_ARGUMENT, "Expected point_dimensions == center_dimensions: %lld vs %lld.",
                (long long)points->dims[1], (long long)centers->dims[1]);
  int64_t k = *(int64_t *)op_input(c, 2)->data;
  if (k < 0) return fail(st, TF_INVALID_ARGUMENT, "Expected k >= 0.");
  if (k > centers->dims[0]) k = centers->dims[0];
  size_t bytes;
  if (!checked_mul((size_t)centers->dims[0], sizeof(Neighbor), &bytes)) return fail_oom(st, c->node->op);
  op_scratch(c, bytes);
  TRY(op_output(c, 0, TF_INT64, (int64_t[]){points->dims[0], k}, 2, st));
  return op_output(c, 1, TF_FLOAT, (int64_t[]){points->dims[0], k}, 2, st);
}

static TF_Code neighbors_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const float *x = op_input(c, 0)->data;
  int64_t n = op_input(c, 0)->dims[0], width = op_input(c, 0)->dims[1], m = op_input(c, 1)->dims[0];
  int64_t k = c->outputs[0].dims[1], *centers = c->outputs[0].data;
  float *distances = c->outputs[1].data;
  Neighbor *all = c->scratch;
  for (int64_t i = 0; i < n && k; i++, x += width) {
    for (int64_t j = 0; j < m; j++) {
      const float *y = (const float *)op_input(c, 1)->data + j * width;
      all[j] = (Neighbor){0.5f * dot(y, y, width) - dot(x, y, width), j};
    }
    qsort(all, (size_t)m, sizeof *all, compare_neighbors);
    for (int64_t j = 0; j < k; j++) {
      *centers++ = all[j].center;
      *distances++ = 2 * (0.5f * dot(x, x, width) + all[j].distance);
    }
  }
  return TF_OK;
}

const OpRow ops_sampler_cluster[] = {
    {"KmeansPlusPlusInitialization", .value_inputs = 2 | 8, .shape = kmeans_shape, .prepare = kmeans_prepare,
     .run = kmeans_run},
    {"KMC2ChainInitialization", .shape = shape_scalar, .prepare = chain_prepare, .run = chain_run},
    {"NearestNeighbors", .value_inputs = 4, .shape = neighbors_shape, .prepare = neighbors_prepare,
     .run = neighbors_run},
    {0}};
