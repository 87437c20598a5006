/* Random orders: RandomShuffle and StatelessShuffle of rows, RandomIndexShuffle of single indices,
 * RandomCrop. */
#include "ops/random_philox.h"

#include <string.h>

#include "base/checked.h"

/* ---- rows along the first dimension, each swapped with one at or after it ---- */

static TF_Code shuffle_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  TRY(op_output_like(c, 0, in, st));
  size_t bytes;
  if (!checked_mul(in->rank ? (size_t)in->dims[0] : 0, sizeof(int64_t), &bytes))
    return fail_oom(st, "a shuffle");
  op_scratch(c, bytes);
  return TF_OK;
}

static bool shuffles(const Tensor *in) { return tensor_count(in) > 1 && in->dims[0] > 1; }

static TF_Code shuffle_rows(OpCtx *c, Philox p, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  int64_t n = in->dims[0], row = tensor_count(in) / n, *order = c->scratch;
  Words words = words_of(p);
  for (int64_t i = 0; i < n; i++) order[i] = i;
  for (int64_t i = 0; i < n - 1; i++) {
    int64_t k = i + (int64_t)(words_next(&words) % (uint32_t)(n - i)), t = order[i];
    order[i] = order[k];
    order[k] = t;
  }
  for (int64_t i = 0; i < n; i++)
    TRY(tensor_copy_range(&c->outputs[0], i * row, in, order[i] * row, row, st));
  return TF_OK;
}

static TF_Code copy_input(OpCtx *c, TF_Status *st) {
  return tensor_copy_range(&c->outputs[0], 0, op_input(c, 0), 0, tensor_count(op_input(c, 0)), st);
}

static TF_Code shuffle_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  if (!shuffles(in)) return copy_input(c, st);
  return shuffle_rows(c, random_take(c->state, ((uint64_t)in->dims[0] - 1 + 3) / 4), st);
}

static TF_Code stateless_shuffle_run(OpCtx *c, TF_Status *st) {
  Philox p;
  bool draws = shuffles(op_input(c, 0));
  TRY(philox_of_inputs(c, 1, draws, &p, st));
  TRY(philox_want_algorithm(*(int32_t *)op_input(c, 3)->data, st)); /* TF: with nothing to draw, too */
  return draws ? shuffle_rows(c, p, st) : copy_input(c, st);
}

/* ---- RandomIndexShuffle: a permutation of [0, max_index] at one index, by a small Simon block cipher ----
 *
 * Values of `width` = 2 * bits are enciphered, again and again until one is in the range. */

enum { INDEX_ROUNDS_MAX = 1 << 16 };

typedef struct Cipher {
  uint64_t mask;
  int bits, rounds;
  const uint64_t *keys;
} Cipher;

static uint64_t rotate_left(uint64_t x, int by, const Cipher *k) {
  return (x << by | x >> (k->bits - by)) & k->mask;
}

static uint64_t simon_mix(uint64_t x, const Cipher *k) {
  return (rotate_left(x, 1, k) & rotate_left(x, 8, k)) ^ rotate_left(x, 2, k);
}

static uint64_t encipher(uint64_t value, const Cipher *k) {
  uint64_t left = value >> k->bits & k->mask, right = value & k->mask;
  for (int i = 0; i < k->rounds; i += 2) {
    left ^= simon_mix(right, k) ^ k->keys[i];
    right ^= simon_mix(left, k) ^ k->keys[i + 1];
  }
  return left << k->bits | right;
}

static void cipher_keys(const Cipher *k, const uint32_t seed[3], uint64_t *keys) {
  uint64_t z = UINT64_C(0x7369f885192c0ef5) & k->mask;
  for (int i = 0; i < 3; i++) keys[i] = seed[i] & k->mask;
  for (int i = 3; i < k->rounds; i++, z >>= 1) {
    uint64_t last = keys[i - 1];
    keys[i] = (UINT64_C(0xfffffffc) & k->mask) ^ (z & 1) ^ keys[i - 3] ^ rotate_left(last, k->bits - 3, k) ^
              rotate_left(last, k->bits - 4, k);
  }
}

/* False when no power of the cipher brings the index into the range (it was not in it). */
static bool shuffle_index(uint64_t *index, const uint32_t seed[3], uint64_t max, int rounds, uint64_t *keys) {
  if (max == 0) {
    *index = 0;
    return true;
  }
  int width = (int)ceil(log2((double)max));
  width += width % 2;
  if (width < 16) width = 16;
  Cipher k = {.bits = width / 2, .rounds = rounds, .mask = UINT64_MAX >> (64 - width / 2), .keys = keys};
  cipher_keys(&k, seed, keys);
  uint64_t first = encipher(*index, &k), x = first;
  while (x > max) {
    x = encipher(x, &k);
    if (x == first) return false;
  }
  *index = x;
  return true;
}

static int64_t index_outputs(const OpCtx *c) {
  int64_t n = tensor_count(op_input(c, 0)), m = tensor_count(op_input(c, 2)),
          s = tensor_count(op_input(c, 1)) / 3;
  if (m > n) n = m;
  return s > n ? s : n;
}

static TF_Code index_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  const Shape *index = c->inputs[0], *seed = c->inputs[1], *max = c->inputs[2];
  if (index->rank < 0 || seed->rank < 0 || max->rank < 0) c->outputs[0] = shape_unknown();
  else if (index->rank == 0 && seed->rank == 1 && max->rank == 0) c->outputs[0] = shape_rank0();
  else c->outputs[0] = shape_vector(-1);
  return TF_OK;
}

static TF_Code index_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *index = op_input(c, 0), *seed = op_input(c, 1), *max = op_input(c, 2);
  char text[SHAPE_TEXT_MAX];
  int64_t n = index_outputs(c), rounds;
  if (index->rank && (index->rank != 1 || index->dims[0] != n))
    return fail(st, TF_INVALID_ARGUMENT, "Index bust be a scalar or vector.");
  if (!(seed->rank == 1 && seed->dims[0] == 3) &&
      !(seed->rank == 2 && seed->dims[0] == n && seed->dims[1] == 3))
    return fail(st, TF_INVALID_ARGUMENT,
                "Seed must be a vector of size [3] or a matrix of size [%lld, 3] but got %s.", (long long)n,
                shape_text(seed->dims, seed->rank, text, sizeof text));
  if (max->rank && (max->rank != 1 || max->dims[0] != n))
    return fail(st, TF_INVALID_ARGUMENT,
                "Maxval must be a scalar or a vector of the same size as index but got %s",
                shape_text(max->dims, max->rank, text, sizeof text));
  TRY(node_attr_int(c->node, "rounds", &rounds, st));
  op_scratch(c, (size_t)rounds * sizeof(uint64_t));
  return op_output(c, 0, c->node->output_types[0], &n, index->rank || seed->rank > 1 || max->rank, st);
}

static TF_Code index_init(OpInit *k, TF_Status *st) {
  int64_t rounds;
  TRY(node_attr_int(k->node, "rounds", &rounds, st));
  if (rounds < 4 || rounds % 2 || rounds > INDEX_ROUNDS_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "rounds must be an even number in [4, %d], got %lld",
                INDEX_ROUNDS_MAX, (long long)rounds);
  return TF_OK;
}

/* The bits of an integer, those of a signed one extended. */
static uint64_t bits_at(const Tensor *t, int64_t i) {
  if (t->dtype == TF_UINT32) return ((uint32_t *)t->data)[i];
  if (t->dtype == TF_UINT64) return ((uint64_t *)t->data)[i];
  return (uint64_t)int_at(t, i);
}

static TF_Code index_run(OpCtx *c, TF_Status *st) {
  const Tensor *index = op_input(c, 0), *seed = op_input(c, 1), *max = op_input(c, 2);
  int64_t rounds = (int64_t)(c->scratch_size / sizeof(uint64_t));
  TRY(node_attr_int(c->node, "rounds", &rounds, st));
  for (int64_t i = 0, n = tensor_count(&c->outputs[0]); i < n; i++) {
    uint64_t x = bits_at(index, index->rank ? i : 0), limit = bits_at(max, max->rank ? i : 0);
    uint32_t key[3];
    for (int k = 0; k < 3; k++) key[k] = (uint32_t)bits_at(seed, (seed->rank > 1 ? 3 * i : 0) + k);
    if (!shuffle_index(&x, key, limit, (int)rounds, c->scratch))
      return fail(st, TF_INVALID_ARGUMENT, "index %llu is not in the range that ends with max_index %llu",
                  (unsigned long long)bits_at(index, index->rank ? i : 0), (unsigned long long)limit);
    if (dtype_size(c->outputs[0].dtype) == 8) ((uint64_t *)c->outputs[0].data)[i] = x;
    else ((uint32_t *)c->outputs[0].data)[i] = (uint32_t)x;
  }
  return TF_OK;
}

/* ---- RandomCrop: a window of an image [height, width, channels] ---- */

static TF_Code crop_shape(ShapeCtx *c, TF_Status *st) {
  Shape size;
  TRY(shape_want_rank(c, 0, 3, st));
  TRY(shape_of_value(c, 1, &size, st));
  c->outputs[0] = shape_of_rank(3);
  for (int i = 0; i < 2 && size.rank == 2; i++) c->outputs[0].dims[i] = size.dims[i];
  c->outputs[0].dims[2] = shape_dim(c->inputs[0], 2);
  return TF_OK;
}

static TF_Code crop_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *size = op_input(c, 1);
  TRY(tensor_want_rank(in, "input", 3, st));
  TRY(tensor_want_pair(size, "shape_t", st));
  int64_t dims[3] = {((int64_t *)size->data)[0], ((int64_t *)size->data)[1], in->dims[2]};
  if (dims[0] < 0 || dims[1] < 0)
    return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= 0",
                (long long)(dims[0] < 0 ? dims[0] : dims[1]));
  static const char *const names[] = {"height", "width"};
  for (int i = 1; i >= 0; i--) {
    if (in->dims[i] < dims[i])
      return fail(st, TF_FAILED_PRECONDITION, "%s must be >= target_%s: %s = %lld, target_%s = %lld",
                  names[i], names[i], names[i], (long long)in->dims[i], names[i], (long long)dims[i]);
  }
  return op_output(c, 0, in->dtype, dims, 3, st);
}

static TF_Code crop_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *out = &c->outputs[0];
  int64_t at[2] = {0, 0};
  Words words = words_of(random_take(c->state, 1));
  for (int i = 1; i >= 0; i--) {
    int64_t room = in->dims[i] - out->dims[i];
    if (room > 0) at[i] = words_next(&words) % (uint32_t)(room + 1);
  }
  int64_t row = out->dims[1] * out->dims[2];
  for (int64_t y = 0; y < out->dims[0]; y++)
    TRY(tensor_copy_range(&c->outputs[0], y * row, in, ((at[0] + y) * in->dims[1] + at[1]) * in->dims[2], row,
                          st));
  return TF_OK;
}

#define STATEFUL                                                                      \
  .flags = OP_STATEFUL, .state_size = sizeof(RandomState), .init = random_state_init, \
  .clear = random_state_clear

const OpRow ops_random_shuffle[] = {
    {"RandomShuffle", .types = "T: " TYPES_ALL, .shape = shape_same, .prepare = shuffle_prepare,
     .run = shuffle_run, STATEFUL},
    {"StatelessShuffle", .types = "T: " TYPES_ALL, .shape = shape_same, .prepare = shuffle_prepare,
     .run = stateless_shuffle_run},
    {"RandomIndexShuffle", .types = "dtype: int32 int64 uint32 uint64", .shape = index_shape,
     .init = index_init, .prepare = index_prepare, .run = index_run},
    {"RandomCrop", .types = "T: uint8 int8 int16 int32 int64 float double", .value_inputs = 2,
     .shape = crop_shape, .prepare = crop_prepare, .run = crop_run, STATEFUL},
    {0}};
