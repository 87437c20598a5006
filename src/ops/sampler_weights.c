/* Learned and given weights of classes: sampler_candidate.h. */
#include "ops/sampler_candidate.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/files.h"
#include "base/limits.h"
#include "ops/text_number.h"

/* ---- learned ---- */

static void unigrams_destroy(Object *o) {
  pthread_mutex_destroy(&((Unigrams *)o)->lock);
  free(o);
}

static const ObjectType unigrams_type = {"UnigramSampler", unigrams_destroy};

static TF_Code unigrams_create(void *arg, Object **out, TF_Status *st) {
  int64_t range = *(const int64_t *)arg, leaves = 1;
  while (leaves < range) leaves *= 2;
  Unigrams *u = calloc(1, sizeof *u + (size_t)(2 * leaves) * sizeof(int32_t));
  if (!u) return fail_oom(st, "counts of classes");
  object_init(&u->object, &unigrams_type);
  pthread_mutex_init(&u->lock, NULL);
  u->range = range;
  u->leaves = leaves;
  for (int64_t i = 0; i < range; i++) u->nodes[leaves + i] = 1;
  for (int64_t i = leaves - 1; i > 0; i--) u->nodes[i] = u->nodes[2 * i] + u->nodes[2 * i + 1];
  *out = &u->object;
  return TF_OK;
}

TF_Code unigrams_of_session(OpInit *k, int64_t range, Unigrams **out, TF_Status *st) {
  Object *o = NULL;
  if (range > LIMIT_UNIGRAM_RANGE)
    return fail(st, TF_RESOURCE_EXHAUSTED, "%s: range_max %lld is above the limit of %lld classes",
                k->node->op, (long long)range, (long long)LIMIT_UNIGRAM_RANGE);
  if (k->resources) TRY(op_session_state(k, &unigrams_type, unigrams_create, &range, &o, st));
  else TRY(unigrams_create(&range, &o, st)); /* a kernel run by itself */
  *out = (Unigrams *)o;
  return TF_OK;
}

int64_t unigrams_draw(const Unigrams *u, Words *words) {
  int64_t node = 1;
  int32_t at = (int32_t)words_below(words, (uint32_t)u->nodes[1]);
  while (node < u->leaves) {
    node *= 2;
    if (at >= u->nodes[node]) at -= u->nodes[node++];
  }
  return node - u->leaves;
}

float unigrams_probability(const Unigrams *u, int64_t value) {
  return (float)u->nodes[u->leaves + value] / (float)u->nodes[1];
}

void unigrams_count(Unigrams *u, const int64_t *values, int64_t n) {
  if (n > INT32_MAX - u->nodes[1]) n = INT32_MAX - u->nodes[1];
  for (int64_t i = 0; i < n; i++) {
    for (int64_t node = u->leaves + values[i]; node > 0; node /= 2) u->nodes[node]++;
  }
}

/* ---- given ---- */

/* Where weights of this shard come to stand. */
typedef struct Collector {
  FixedWeights *w;
  float distortion;
  int64_t num_shards, shard, word, count; /* words met, weights kept */
} Collector;

static void collect(Collector *c, float weight, bool reserved) {
  if (c->word++ % c->num_shards != c->shard) return;
  if (c->count < c->w->range) {
    if (!reserved) weight = powf(weight, c->distortion);
    c->w->total += weight;
    c->w->weights[c->count] = weight;
  }
  c->count++;
}

/* Words stand one a line, the weight after the last comma. */
static TF_Code collect_file(Collector *c, const char *path, TF_Status *st) {
  Bytes data = {0};
  TF_Code code = file_read(&data, path, LIMIT_PROTO_BYTES, st);
  const char *end = data.size > 0 ? data.data + data.size : data.data; /* of an empty file both are NULL */
  for (const char *line = data.data; !code && line < end;) {
    const char *stop = memchr(line, '\n', (size_t)(end - line)), *next = stop ? stop + 1 : end;
    if (!stop) stop = end;
    while (stop > line && stop[-1] == '\r') stop--;
    if (stop > line) {
      const char *comma = memrchr(line, ',', (size_t)(stop - line)), *number = comma ? comma + 1 : line;
      float weight = 0;
      if (c->word % c->num_shards == c->shard && !text_to_float(number, (size_t)(stop - number), &weight))
        code = fail(st, TF_INVALID_ARGUMENT, "Wrong vocabulary format at line: %.*s",
                    (int)(stop - line > 500 ? 500 : stop - line), line);
      else collect(c, weight, false);
    }
    line = next;
  }
  bytes_clear(&data);
  return code;
}

/* Pairs classes of less than the mean weight with others of more, which fill them up. */
static TF_Code make_aliases(FixedWeights *w, Arena *arena, TF_Status *st) {
  size_t n = (size_t)w->range;
  double sum = 0, *share = malloc(n * sizeof *share);
  int32_t *low = malloc(n * sizeof *low), *high = malloc(n * sizeof *high);
  int64_t lows = 0, highs = 0;
  w->keep = arena_alloc(arena, n * sizeof *w->keep);
  w->alias = arena_alloc(arena, n * sizeof *w->alias);
  TF_Code code = TF_OK;
  if (!share || !low || !high || !w->keep || !w->alias) {
    code = fail_oom(st, "weights of classes");
    goto out;
  }
  for (size_t i = 0; i < n; i++) sum += (double)w->weights[i];
  for (size_t i = 0; i < n; i++) {
    share[i] = (double)(w->weights[i] * (float)n) / sum;
    if (share[i] < 1) low[lows++] = (int32_t)i;
    else high[highs++] = (int32_t)i;
  }
  while (lows && highs) {
    int32_t l = low[--lows], h = high[--highs];
    w->alias[l] = h;
    share[h] -= 1 - share[l];
    if (share[h] < 1) low[lows++] = h;
    else high[highs++] = h;
  }
  for (size_t i = 0; i < n; i++) w->keep[i] = (float)share[i];
  while (lows) w->keep[low[--lows]] = 1, w->alias[low[lows]] = low[lows];
  while (highs) w->keep[high[--highs]] = 1, w->alias[high[highs]] = high[highs];
out:
  free(share);
  free(low);
  free(high);
  return code;
}

static TF_Code collect_weights(OpInit *k, Collector *c, Span file, const Attr *unigrams, TF_Status *st) {
  int64_t reserved;
  TRY(node_attr_int(k->node, "num_reserved_ids", &reserved, st));
  TRY(node_attr_int(k->node, "num_shards", &c->num_shards, st));
  TRY(node_attr_int(k->node, "shard", &c->shard, st));
  TRY(node_attr_float(k->node, "distortion", &c->distortion, st));
  if (c->num_shards < 1 || c->num_shards > INT32_MAX || reserved < 0 || reserved > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "%s: num_shards %lld or num_reserved_ids %lld is out of range",
                k->node->op, (long long)c->num_shards, (long long)reserved);
  /* Only those of this shard, and no more than show that there are too many. A shard that is none has none. */
  bool is_shard = c->shard >= 0 && c->shard < c->num_shards;
  for (int64_t i = c->shard; is_shard && i < reserved && c->count <= c->w->range; i += c->num_shards) {
    c->word = i;
    collect(c, 0, true);
  }
  c->word = c->count; /* TF: numbers go on from the weights kept, not from the words met */
  if (!file.size) {
    for (int64_t i = 0; i < unigrams->count; i++) collect(c, unigrams->v.list_f[i], false);
    return TF_OK;
  }
  if (k->env) TRY(step_check_file(k->env, file.data, file.size, false, st));
  const char *path = arena_strndup(k->arena, file.data, file.size);
  return path ? collect_file(c, path, st) : fail_oom(st, "a file name");
}

TF_Code fixed_weights_init(OpInit *k, int64_t range, FixedWeights *w, TF_Status *st) {
  const Attr *unigrams;
  Span file;
  Collector c = {.w = w};
  TRY(node_attr_string(k->node, "vocab_file", &file, st));
  TRY(node_attr_list(k->node, "unigrams", TF_ATTR_FLOAT, &unigrams, st));
  if (!file.size && !unigrams->count)
    return fail(st, TF_INVALID_ARGUMENT, "Must provide either vocab_file or unigrams.");
  if (file.size && unigrams->count)
    return fail(st, TF_INVALID_ARGUMENT, "Must only provide one of vocab_file and unigrams.");
  if (range > LIMIT_UNIGRAM_RANGE)
    return fail(st, TF_RESOURCE_EXHAUSTED, "%s: range_max %lld is above the limit of %lld classes",
                k->node->op, (long long)range, (long long)LIMIT_UNIGRAM_RANGE);
  *w = (FixedWeights){.range = range, .weights = arena_alloc(k->arena, (size_t)range * sizeof(float))};
  if (!w->weights) return fail_oom(st, "weights of classes");
  TRY(collect_weights(k, &c, file, unigrams, st));
  if (c.count != range)
    return fail(st, TF_INVALID_ARGUMENT, "range is %lld must be equal to weights size  %lld",
                (long long)range, (long long)c.count);
  return make_aliases(w, k->arena, st);
}

int64_t fixed_weights_draw(const FixedWeights *w, Words *words) {
  float r = words_float(words);
  uint32_t i = words_below(words, (uint32_t)w->range);
  return r < w->keep[i] ? (int64_t)i : w->alias[i];
}
