/* Candidate samplers: classes drawn from [0, range) for sampled softmax, and how often each is expected to be
 * drawn. The learned ones count the true classes of every run. */
#include "ops/sampler_candidate.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

typedef enum SamplerKind {
  SAMPLER_UNIFORM,
  SAMPLER_LOG_UNIFORM,
  SAMPLER_LEARNED,
  SAMPLER_FIXED,
  SAMPLER_ALL
} SamplerKind;

typedef struct Sampler {
  RandomState random;
  SamplerKind kind;
  bool unique;
  int64_t range, num_sampled, num_true;
  double log_range;
  Unigrams *unigrams;
  FixedWeights fixed;
} Sampler;

/* Draws before a unique sampler gives up: TensorFlow aborts after 2^31. */
enum { UNIQUE_TRIES = 1 << 28 };

static SamplerKind kind_of(const char *op) {
  if (strstr(op, "Learned") || strstr(op, "ThreadUnsafe")) return SAMPLER_LEARNED;
  if (strstr(op, "Fixed")) return SAMPLER_FIXED;
  if (strncmp(op, "All", 3) == 0) return SAMPLER_ALL;
  return strncmp(op, "Log", 3) == 0 ? SAMPLER_LOG_UNIFORM : SAMPLER_UNIFORM;
}

static TF_Code sampler_init(OpInit *k, TF_Status *st) {
  Sampler *s = k->state;
  s->kind = kind_of(k->node->op);
  TRY(node_attr_int(k->node, "num_sampled", &s->num_sampled, st));
  TRY(node_attr_int(k->node, "num_true", &s->num_true, st));
  TRY(node_attr_bool(k->node, "unique", &s->unique, st));
  s->range = s->num_sampled;
  if (s->kind != SAMPLER_ALL) TRY(node_attr_int(k->node, "range_max", &s->range, st));
  if (s->range < 1 || s->num_sampled < 1 || s->num_sampled > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "%s: range_max or num_sampled is out of range", k->node->op);
  s->log_range = log1p((double)s->range);
  TRY(random_state_init(k, st));
  if (s->kind == SAMPLER_LEARNED) return unigrams_of_session(k, s->range, &s->unigrams, st);
  return s->kind == SAMPLER_FIXED ? fixed_weights_init(k, s->range, &s->fixed, st) : TF_OK;
}

static void sampler_clear(void *state) {
  random_state_clear(state);
  object_unref(((Sampler *)state)->unigrams);
}

static TF_Code sampler_shape(ShapeCtx *c, TF_Status *st) {
  int64_t num_sampled, num_true;
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(node_attr_int(c->node, "num_sampled", &num_sampled, st));
  TRY(node_attr_int(c->node, "num_true", &num_true, st));
  c->outputs[0] = c->outputs[2] = shape_vector(num_sampled);
  c->outputs[1] = shape_matrix(shape_dim(c->inputs[0], 0), num_true);
  return TF_OK;
}

/* Slots of the table of classes drawn: a power of two, at least half of them free. */
static size_t num_slots(int64_t num_sampled) {
  size_t n = 4;
  while (n < 2 * (size_t)num_sampled) n *= 2;
  return n;
}

static TF_Code sampler_prepare(OpCtx *c, TF_Status *st) {
  const Sampler *s = c->state;
  const Tensor *classes = op_input(c, 0);
  if (classes->rank != 2) return fail(st, TF_INVALID_ARGUMENT, "true_classes must be a matrix");
  if (classes->dims[1] != s->num_true)
    return fail(st, TF_INVALID_ARGUMENT, "true_classes must have num_true columns, expected: %lld was: %lld",
                (long long)classes->dims[1], (long long)s->num_true);
  if (s->unique && s->num_sampled > s->range)
    return fail(st, TF_INVALID_ARGUMENT, "Sampler's range is too small.");
  size_t bytes = 0;
  if (s->unique && !checked_mul(num_slots(s->num_sampled), sizeof(int64_t), &bytes))
    return fail_oom(st, c->node->op);
  op_scratch(c, bytes);
  TRY(op_output(c, 0, TF_INT64, &s->num_sampled, 1, st));
  TRY(op_output(c, 1, TF_FLOAT, classes->dims, 2, st));
  return op_output(c, 2, TF_FLOAT, &s->num_sampled, 1, st);
}

static int64_t draw_log_uniform(const Sampler *s, Words *words) {
  double x = exp(words_double(words) * s->log_range);
  int64_t value = x < 9223372036854775808.0 ? (int64_t)x - 1 : INT64_MAX;
  return value % s->range;
}

static int64_t draw_class(const Sampler *s, Words *words) {
  switch (s->kind) {
    case SAMPLER_LOG_UNIFORM: return draw_log_uniform(s, words);
    case SAMPLER_LEARNED: return unigrams_draw(s->unigrams, words);
    case SAMPLER_FIXED: return fixed_weights_draw(&s->fixed, words);
    default: return (int64_t)words_below64(words, (uint64_t)s->range);
  }
}

static float probability(const Sampler *s, int64_t value) {
  switch (s->kind) {
    case SAMPLER_LOG_UNIFORM: return (float)(log(((double)value + 2) / ((double)value + 1)) / s->log_range);
    case SAMPLER_LEARNED: return unigrams_probability(s->unigrams, value);
    case SAMPLER_FIXED: return s->fixed.weights[value] / s->fixed.total;
    default: return (float)(1.0 / (double)s->range);
  }
}

/* Of `size` classes drawn in `tries`: the chance to be among them, or without rejection their mean number. */
static float expected_count(const Sampler *s, int64_t value, int64_t tries) {
  if (s->kind == SAMPLER_ALL) return 1;
  float p = probability(s, value);
  if (tries == s->num_sampled) return p * (float)s->num_sampled;
  return -expm1f((float)tries * log1pf(-p));
}

/* Whether the class is new to the table, where it then is. */
static bool insert_new(int64_t *slots, size_t count, int64_t value) {
  for (size_t i = (uint64_t)value * UINT64_C(0x9E3779B97F4A7C15) >> 20;; i++) {
    int64_t *slot = &slots[i & (count - 1)];
    if (*slot == value + 1) return false;
    if (*slot) continue;
    *slot = value + 1;
    return true;
  }
}

/* Draws; how many tries it took, or -1 after too many. */
static int64_t draw_all(OpCtx *c, Words *words) {
  const Sampler *s = c->state;
  int64_t *out = c->outputs[0].data, tries = 0;
  if (s->kind == SAMPLER_ALL || !s->unique) {
    for (int64_t i = 0; i < s->num_sampled; i++) out[i] = s->kind == SAMPLER_ALL ? i : draw_class(s, words);
    return s->num_sampled;
  }
  size_t count = num_slots(s->num_sampled);
  memset(c->scratch, 0, count * sizeof(int64_t));
  for (int64_t i = 0; i < s->num_sampled; tries++) {
    if (tries == UNIQUE_TRIES) return -1;
    int64_t value = draw_class(s, words);
    if (insert_new(c->scratch, count, value)) out[i++] = value;
  }
  return tries;
}

static TF_Code sample(OpCtx *c, TF_Status *st) {
  const Sampler *s = c->state;
  const Tensor *classes = op_input(c, 0);
  const int64_t *truth = classes->data, *out = c->outputs[0].data;
  int64_t n = tensor_count(classes);
  int64_t words32 = (int32_t)(2048u * (uint32_t)s->num_sampled); /* TF: in an int */
  Words words = words_of(random_take(&s->random, (uint64_t)((words32 + 3) / 4)));
  int64_t tries = draw_all(c, &words);
  if (tries < 0)
    return fail(st, TF_INTERNAL, "%s: too few classes are likely enough to draw %lld", c->node->op,
                (long long)s->num_sampled);
  for (int64_t i = 0; i < n; i++) ((float *)c->outputs[1].data)[i] = expected_count(s, truth[i], tries);
  for (int64_t i = 0; i < s->num_sampled; i++)
    ((float *)c->outputs[2].data)[i] = expected_count(s, out[i], tries);
  if (s->kind == SAMPLER_LEARNED) unigrams_count(s->unigrams, truth, n);
  return TF_OK;
}

static TF_Code sampler_run(OpCtx *c, TF_Status *st) {
  const Sampler *s = c->state;
  const int64_t *truth = op_input(c, 0)->data;
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); i < n; i++) {
    if (!index_ok(truth[i], s->range))
      return fail(st, TF_INVALID_ARGUMENT, "`true_candidate` out of range [0, %lld), received %lld",
                  (long long)s->range, (long long)truth[i]);
  }
  if (!s->unigrams) return sample(c, st);
  pthread_mutex_lock(&s->unigrams->lock);
  TF_Code code = sample(c, st);
  pthread_mutex_unlock(&s->unigrams->lock);
  return code;
}

/* ---- ComputeAccidentalHits: which true classes were sampled, and where (the last place of several) ---- */

static TF_Code hits_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i < 3; i++) c->outputs[i] = shape_vector(-1);
  return TF_OK;
}

static TF_Code hits_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *truth = op_input(c, 0), *sampled = op_input(c, 1);
  int64_t num_true;
  TRY(node_attr_int(c->node, "num_true", &num_true, st));
  if (truth->rank != 2 || truth->dims[1] != num_true)
    return fail(st, TF_INVALID_ARGUMENT, "true_candidates must be a batch_size * num_true matrix");
  if (sampled->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT,
                "sampled_candidates must be a vector, which is typically an output from CandidateSampler");
  return TF_OK;
}

/* The slot of a class in a table of places + 1 in `sampled`. */
static int64_t *find_slot(int64_t *slots, size_t count, const int64_t *sampled, int64_t value) {
  for (size_t i = (uint64_t)value * UINT64_C(0x9E3779B97F4A7C15) >> 20;; i++) {
    int64_t *slot = &slots[i & (count - 1)];
    if (!*slot || sampled[*slot - 1] == value) return slot;
  }
}

static TF_Code hits_run(OpCtx *c, TF_Status *st) {
  const int64_t *truth = op_input(c, 0)->data, *sampled = op_input(c, 1)->data;
  int64_t n = tensor_count(op_input(c, 0)), width = op_input(c, 0)->dims[1], hits = 0;
  int64_t num_sampled = op_input(c, 1)->dims[0];
  size_t count = num_slots(num_sampled);
  int64_t *slots = calloc(count, sizeof *slots);
  if (!slots) return fail_oom(st, c->node->op);
  for (int64_t i = 0; i < num_sampled; i++) *find_slot(slots, count, sampled, sampled[i]) = i + 1;
  for (int64_t i = 0; i < n; i++) hits += *find_slot(slots, count, sampled, truth[i]) != 0;
  TF_Code code = op_alloc_output(c, 0, TF_INT32, &hits, 1, st);
  if (!code) code = op_alloc_output(c, 1, TF_INT64, &hits, 1, st);
  if (!code) code = op_alloc_output(c, 2, TF_FLOAT, &hits, 1, st);
  for (int64_t i = 0, at = 0; !code && i < n; i++) {
    int64_t place = *find_slot(slots, count, sampled, truth[i]);
    if (!place) continue;
    ((int32_t *)c->outputs[0].data)[at] = (int32_t)(i / width);
    ((int64_t *)c->outputs[1].data)[at] = place - 1;
    ((float *)c->outputs[2].data)[at++] = -FLT_MAX;
  }
  free(slots);
  return code;
}

#define SAMPLER(NAME)                                                                                        \
  {                                                                                                          \
    NAME, .flags = OP_STATEFUL, .state_size = sizeof(Sampler), .shape = sampler_shape, .init = sampler_init, \
          .prepare = sampler_prepare, .run = sampler_run, .clear = sampler_clear                             \
  }

const OpRow ops_sampler_candidate[] = {SAMPLER("UniformCandidateSampler"),
                                       SAMPLER("LogUniformCandidateSampler"),
                                       SAMPLER("LearnedUnigramCandidateSampler"),
                                       SAMPLER("ThreadUnsafeUnigramCandidateSampler"),
                                       SAMPLER("FixedUnigramCandidateSampler"),
                                       SAMPLER("AllCandidateSampler"),
                                       {"ComputeAccidentalHits", .flags = OP_DYNAMIC, .shape = hits_shape,
                                        .prepare = hits_prepare, .run = hits_run},
                                       {0}};
