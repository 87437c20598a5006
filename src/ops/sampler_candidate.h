/* Distributions over class numbers [0, range) from which candidate samplers draw. */
#ifndef SM_OPS_SAMPLER_CANDIDATE_H_
#define SM_OPS_SAMPLER_CANDIDATE_H_

#include "ops/random_philox.h"

/* Counts of classes in a heap: node i holds the sum of nodes 2i and 2i + 1; class k is node leaves + k. All
 * begin at 1.
 */
typedef struct Unigrams {
  Object object;
  pthread_mutex_t lock; /* of nodes */
  int64_t range, leaves;
  int32_t nodes[];
} Unigrams;

/* That of the node, one a session. TF_RESOURCE_EXHAUSTED where it would take more than LIMIT_UNIGRAM_RANGE
 * classes. */
TF_Code unigrams_of_session(OpInit *k, int64_t range, Unigrams **out, TF_Status *st);
/* Under the lock. */
int64_t unigrams_draw(const Unigrams *u, Words *words);
float unigrams_probability(const Unigrams *u, int64_t value);
/* Counts `values`, all in the range, as far as the sum stays an int32. */
void unigrams_count(Unigrams *u, const int64_t *values, int64_t n);

/* Given weights, by Vose's alias method: class i is drawn with probability keep[i] of its 1 / range, else
 * alias[i] is.
 */
typedef struct FixedWeights {
  int64_t range;
  float *weights, *keep, total;
  int32_t *alias;
} FixedWeights;

/* Of the attributes unigrams or vocab_file, distortion, num_reserved_ids, num_shards and shard; in the
 * kernel's arena.
 */
TF_Code fixed_weights_init(OpInit *k, int64_t range, FixedWeights *w, TF_Status *st);
int64_t fixed_weights_draw(const FixedWeights *w, Words *words);

/* 64 Mi classes are half a GiB of counts; vocabularies have some millions. */
#define LIMIT_UNIGRAM_RANGE ((int64_t)1 << 26)

#endif
