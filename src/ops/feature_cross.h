/* Crossed features, the core of SparseCross and RaggedCross: row by row every choice of one feature from each
 * column, the last column running fastest, joined as text or as a hash. */
#ifndef SM_OPS_FEATURE_CROSS_H_
#define SM_OPS_FEATURE_CROSS_H_

#include "base/bytes.h"
#include "ops/op.h"

/* One column: features of row r are elements [starts[r], starts[r + 1]) of `values` (int64 or string). */
typedef struct Column {
  const Tensor *values;
  const int64_t *starts; /* null for a dense column, that has `width` features a row */
  int64_t width;
} Column;

typedef struct Crossing {
  int num_columns;
  Column *columns;
  int64_t *choice; /* one a column, the caller's */
  bool hashed;     /* to int64; else to text */
  bool seeded;     /* hashes begin with `seed`, else with the first column's */
  bool low_bytes;  /* numbers of columns with starts are hashed by their low four bytes; others are their own
                      hash */
  bool strong;     /* by siphash24 under `key` */
  uint64_t seed, buckets, key[2]; /* buckets 0: all that fit int64 */
  Span separator;                 /* of text */
} Crossing;

/* How many crossed features row `row` has: TF_INVALID_ARGUMENT when that overflows. */
TF_Code crossing_row_count(const Crossing *x, int64_t row, int64_t *count, TF_Status *st);
/* Writes the `count` features of a row into `out` (int64 or string) from element `at` on. `b` is scratch. */
TF_Code crossing_put_row(Crossing *x, int64_t row, int64_t count, Tensor *out, int64_t at, Bytes *b,
                         TF_Status *st);

#endif
