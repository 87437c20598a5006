/* Crossed features: counting, choosing, hashing, joining. */
#include "ops/feature_cross.h"

#include <string.h>

#include "base/checked.h"
#include "ops/string_hash.h"
#include "ops/string_util.h"

static uint64_t shift_mix(uint64_t v) { return v ^ v >> 47; }

/* How TensorFlow joins two fingerprints. */
static uint64_t fingerprint_cat(uint64_t a, uint64_t b) {
  const uint64_t mul = 0xc6a4a7935bd1e995u;
  uint64_t r = (a ^ mul) ^ shift_mix(b * mul) * mul;
  r *= mul;
  return shift_mix(shift_mix(r) * mul);
}

static int64_t feature_count(const Column *c, int64_t row) {
  return c->starts ? c->starts[row + 1] - c->starts[row] : c->width;
}

TF_Code crossing_row_count(const Crossing *x, int64_t row, int64_t *count, TF_Status *st) {
  *count = 1;
  for (int i = 0; i < x->num_columns; i++) {
    int64_t n = feature_count(&x->columns[i], row);
    if (n == 0) {
      *count = 0;
      return TF_OK;
    }
    if (!checked_mul_i64(*count, n, count))
      return fail(st, TF_INVALID_ARGUMENT, "the number of crossed features of row %lld overflows",
                  (long long)row);
  }
  return TF_OK;
}

static int64_t feature_place(const Crossing *x, int column, int64_t row) {
  const Column *c = &x->columns[column];
  return (c->starts ? c->starts[row] : row * c->width) + x->choice[column];
}

static uint64_t feature_hash(const Crossing *x, int column, int64_t row) {
  const Tensor *values = x->columns[column].values;
  int64_t at = feature_place(x, column, row);
  Span s;
  if (values->dtype == TF_STRING) {
    s = string_at(values, at);
  } else {
    const int64_t *v = (const int64_t *)values->data + at;
    if (!x->low_bytes || !x->columns[column].starts) return (uint64_t)*v;
    s = (Span){v, 4}; /* TF: hashes an int's worth of it */
  }
  return x->strong ? siphash24(x->key, s.data, s.size) : fingerprint64(s.data, s.size);
}

static uint64_t cross_hash(const Crossing *x, int64_t row) {
  uint64_t h = x->seed;
  for (int i = 0; i < x->num_columns; i++) {
    uint64_t next = feature_hash(x, i, row);
    h = i || x->seeded ? fingerprint_cat(h, next) : next;
  }
  return h % (x->buckets ? x->buckets : (uint64_t)INT64_MAX);
}

static void cross_text(const Crossing *x, int64_t row, Bytes *b) {
  b->size = 0;
  for (int i = 0; i < x->num_columns; i++) {
    const Tensor *values = x->columns[i].values;
    int64_t at = feature_place(x, i, row);
    if (i) bytes_append(b, x->separator.data, x->separator.size);
    if (values->dtype == TF_STRING) {
      Span s = string_at(values, at);
      bytes_append(b, s.data, s.size);
    } else {
      bytes_printf(b, "%lld", (long long)((const int64_t *)values->data)[at]);
    }
  }
}

static void next_choice(Crossing *x, int64_t row) {
  for (int i = x->num_columns - 1; i >= 0; i--) {
    if (++x->choice[i] < feature_count(&x->columns[i], row)) return;
    x->choice[i] = 0;
  }
}

TF_Code crossing_put_row(Crossing *x, int64_t row, int64_t count, Tensor *out, int64_t at, Bytes *b,
                         TF_Status *st) {
  memset(x->choice, 0, (size_t)x->num_columns * sizeof *x->choice);
  for (int64_t k = 0; k < count; k++) {
    if (x->hashed) {
      ((int64_t *)out->data)[at + k] = (int64_t)cross_hash(x, row);
    } else {
      cross_text(x, row, b);
      TRY(string_put_bytes(out, at + k, b, st));
    }
    next_choice(x, row);
  }
  return TF_OK;
}
