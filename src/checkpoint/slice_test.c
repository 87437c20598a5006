/* Slices: texts that TensorFlow 2.15.1 takes and its messages for others; table keys with the bytes of its
 * files; copying against an element-by-element copy. */
#include "checkpoint/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"
#include "checkpoint/slice_set.h"

#include <cmocka.h> /* last: it has a macro fail() */

static void test_specs(void **state) {
  (void)state;
  static const struct {
    const char *spec, *error; /* error null: fine */
    TF_Code code;
    int64_t rows, columns; /* of the slice */
  } cases[] = {
      {"7 3 2,4:-", NULL, TF_OK, 4, 3},
      {"7 3 -:-", NULL, TF_OK, 7, 3},
      {"7 3 6,1:1,1", NULL, TF_OK, 1, 1},
      {"7 3", "Expected a pair of numbers or '-' but got '3': string = 3", TF_INVALID_ARGUMENT, 0, 0},
      {"7", "Need least two elements in shape_and_slice specification: 7", TF_INVALID_ARGUMENT, 0, 0},
      {"7 3 ", "Mismatching ranks: shape = [7,3], slice = ", TF_INTERNAL, 0, 0},
      {"7 3 0,1", "Mismatching ranks: shape = [7,3], slice = 0,1", TF_INTERNAL, 0, 0},
      {"7 3 0,1:0,9", "Extent in dimension 1 out of bounds: shape = [7,3], slice = 0,1:0,9", TF_INTERNAL, 0,
       0},
      {"7 3 8,1:-", "Extent in dimension 0 out of bounds: shape = [7,3], slice = 8,1:-", TF_INTERNAL, 0, 0},
      {"7 3 0,0:-",
       "Expected non-negative start and positive length but got start = 0, length = 0: string = 0,0:-",
       TF_INVALID_ARGUMENT, 0, 0},
      {"7 3 -1,2:-",
       "Expected non-negative start and positive length but got start = -1, length = 2: string = -1,2:-",
       TF_INVALID_ARGUMENT, 0, 0},
      {"7 3 1,2,3:-", "Expected a pair of numbers or '-' but got '1,2,3': string = 1,2,3:-",
       TF_INVALID_ARGUMENT, 0, 0},
      {"7 3 99999999999999999999,1:-",
       "Expected a pair of numbers or '-' but got '99999999999999999999,1': string = "
       "99999999999999999999,1:-",
       TF_INVALID_ARGUMENT, 0, 0},
      {"a b -:-", "Non numerical dimension in shape_and_slice: a b -:-", TF_INVALID_ARGUMENT, 0, 0},
      {"7  3 2,4:-", "Non numerical dimension in shape_and_slice: 7  3 2,4:-", TF_INVALID_ARGUMENT, 0, 0},
      {"7 3 2,4:- ", "Non numerical dimension in shape_and_slice: 7 3 2,4:- ", TF_INVALID_ARGUMENT, 0, 0},
      /* TensorFlow's process ends here. */
      {"-7 3 -:-", "Non numerical dimension in shape_and_slice: -7 3 -:-", TF_INVALID_ARGUMENT, 0, 0},
  };
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    TF_Status st = {0};
    int64_t dims[SLICE_MAX_RANK], slice_dims[SLICE_MAX_RANK];
    int rank;
    TensorSlice slice;
    TF_Code code = slice_parse_spec(cases[i].spec, strlen(cases[i].spec), dims, &rank, &slice, slice_dims,
                                    &st);
    assert_int_equal(code, cases[i].code);
    assert_string_equal(st.message, cases[i].error ? cases[i].error : "");
    if (code) continue;
    assert_int_equal(rank, 2);
    assert_int_equal(dims[0], 7);
    assert_int_equal(dims[1], 3);
    assert_int_equal(slice_dims[0], cases[i].rows);
    assert_int_equal(slice_dims[1], cases[i].columns);
    Bytes text = {0};
    slice_format(&slice, &text);
    assert_string_equal(text.data, strrchr(cases[i].spec, ' ') + 1);
    bytes_clear(&text);
  }
}

static void check_key(const char *name, size_t name_len, const TensorSlice *slice, const char *bytes,
                      size_t size) {
  Bytes key = {0}, back = {0};
  TensorSlice again;
  TF_Status st = {0};
  slice_key_put(&key, (Span){name, name_len}, slice);
  assert_int_equal(key.size, size);
  assert_memory_equal(key.data, bytes, size);
  assert_int_equal(slice_key_get((Span){key.data, key.size}, &back, &again, &st), TF_OK);
  assert_int_equal(back.size, name_len);
  assert_memory_equal(back.data, name, name_len);
  assert_true(slice_equal(slice, &again));
  /* Neither cut nor with more behind it. */
  for (size_t n = 0; n < size; n++) {
    TF_Status cut = {0};
    back.size = 0;
    assert_int_equal(slice_key_get((Span){key.data, n}, &back, &again, &cut), TF_INVALID_ARGUMENT);
  }
  bytes_putc(&key, 0);
  assert_int_equal(slice_key_get((Span){key.data, key.size}, &back, &again, &st), TF_INVALID_ARGUMENT);
  bytes_clear(&key);
  bytes_clear(&back);
}

#define KEY(name, slice, bytes) check_key(name, sizeof name - 1, slice, bytes, sizeof bytes - 1)

static void test_keys(void **state) {
  (void)state;
  TensorSlice s = {.rank = 2, .start = {0, 0}, .length = {3, 3}};
  KEY("part", &s, "\x00part\x00\x01\x01\x02\x80\x83\x80\x83");
  TensorSlice scalar = {0};
  KEY("sc", &scalar, "\x00sc\x00\x01\x00");
  TensorSlice whole = slice_whole(1);
  KEY("x", &whole, "\x00x\x00\x01\x01\x01\x80\x7f");
  KEY("a\x00\xff", &scalar,
      "\x00"
      "a\x00\xff\xff\x00\x00\x01\x00");
  static const struct {
    int64_t start;
    const char *bytes;
    size_t size;
  } starts[] = {{63, "\xbf", 1},
                {64, "\xc0\x40", 2},
                {8191, "\xdf\xff", 2},
                {8192, "\xe0\x20\x00", 3},
                {1 << 20, "\xf0\x10\x00\x00", 4},
                {INT64_C(1) << 40, "\xfd\x00\x00\x00\x00\x00", 6}};
  for (size_t i = 0; i < SM_COUNTOF(starts); i++) {
    TensorSlice long_way = {.rank = 1, .start = {starts[i].start}, .length = {1}};
    char want[32] = "\x00x\x00\x01\x01\x01";
    memcpy(want + 6, starts[i].bytes, starts[i].size);
    want[6 + starts[i].size] = (char)0x81;
    check_key("x", 1, &long_way, want, 7 + starts[i].size);
  }
  /* The longest forms, by what they mean: decoded again they are the same, and larger numbers sort later. */
  Bytes previous = {0};
  for (int bit = 0; bit < 63; bit++) {
    TensorSlice far = {.rank = 1, .start = {INT64_C(1) << bit}, .length = {INT64_MAX - (INT64_C(1) << bit)}},
                again;
    Bytes key = {0}, name = {0};
    TF_Status st = {0};
    slice_key_put(&key, (Span){"x", 1}, &far);
    assert_int_equal(slice_key_get((Span){key.data, key.size}, &name, &again, &st), TF_OK);
    assert_true(slice_equal(&far, &again));
    size_t n = key.size < previous.size ? key.size : previous.size;
    if (bit) assert_true(memcmp(previous.data, key.data, n) < 0);
    bytes_clear(&previous);
    bytes_clear(&name);
    previous = key;
  }
  bytes_clear(&previous);
}

/* ---- copying ---- */

static uint32_t seed = 1;
static int64_t below(int64_t n) {
  seed = seed * 1664525u + 1013904223u;
  return (int64_t)((seed >> 8) % (uint32_t)n);
}

static TensorSlice random_slice(const int64_t *dims, int rank) {
  TensorSlice s = {.rank = rank};
  for (int i = 0; i < rank; i++) {
    if (below(4) == 0) {
      s.length[i] = SLICE_FULL;
    } else {
      s.start[i] = below(dims[i]);
      s.length[i] = 1 + below(dims[i] - s.start[i]);
    }
  }
  return s;
}

/* Where element `at` of the whole tensor is in the slice's dense elements, or -1. */
static int64_t place_in(const TensorSlice *s, const int64_t *dims, const int64_t *at) {
  int64_t place = 0;
  for (int i = 0; i < s->rank; i++) {
    int64_t length = s->length[i] == SLICE_FULL ? dims[i] : s->length[i], k = at[i] - s->start[i];
    if (k < 0 || k >= length) return -1;
    place = place * length + k;
  }
  return place;
}

static void test_copy(void **state) {
  (void)state;
  for (int round = 0; round < 2000; round++) {
    int rank = (int)below(5);
    int64_t dims[4] = {1, 1, 1, 1}, total = 1;
    for (int i = 0; i < rank; i++) total *= dims[i] = 1 + below(5);
    TensorSlice from = random_slice(dims, rank), to = random_slice(dims, rank);
    int16_t *src = malloc(2 * (size_t)total), *dst = malloc(2 * (size_t)total),
            *want = malloc(2 * (size_t)total);
    for (int64_t i = 0; i < total; i++) {
      src[i] = (int16_t)(i + 1);
      dst[i] = want[i] = -1;
    }
    int64_t shared = 0;
    for (int64_t flat = 0; flat < total; flat++) {
      int64_t at[4], rest = flat;
      for (int i = rank - 1; i >= 0; i--) {
        at[i] = rest % dims[i];
        rest /= dims[i];
      }
      int64_t x = place_in(&from, dims, at), y = place_in(&to, dims, at);
      if (x < 0 || y < 0) continue;
      want[y] = src[x];
      shared++;
    }
    assert_int_equal(slice_copy(dims, &from, src, &to, dst, 2), shared);
    assert_memory_equal(dst, want, 2 * (size_t)total);
    TensorSlice common;
    assert_int_equal(slice_intersect(&from, &to, dims, &common), shared > 0);
    if (shared) assert_int_equal(slice_volume(&common, dims), shared);
    free(src);
    free(dst);
    free(want);
  }
}

static void test_apart(void **state) {
  (void)state;
  const int64_t dims[] = {7, 3};
  TF_Status st = {0};
  TensorSlice good[] = {{.rank = 2, .start = {4}, .length = {3, -1}}, {.rank = 2, .length = {4, -1}}};
  TensorSlice bad[] = {{.rank = 2, .length = {4, -1}}, {.rank = 2, .start = {3}, .length = {4, -1}}};
  TensorSlice outside[] = {{.rank = 2, .start = {4}, .length = {4, -1}}};
  assert_int_equal(slices_check_apart(good, 2, dims, 2, &st), TF_OK);
  assert_int_equal(slices_check_apart(bad, 2, dims, 2, &st), TF_INTERNAL);
  assert_string_equal(st.message, "Overlapping slices: existing slice = 0,4:-, new slice = 3,4:-");
  st = (TF_Status){0};
  assert_int_equal(slices_check_apart(outside, 1, dims, 2, &st), TF_INTERNAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_specs), cmocka_unit_test(test_keys),
                                     cmocka_unit_test(test_copy), cmocka_unit_test(test_apart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
