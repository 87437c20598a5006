/* Examples serialized by TensorFlow, and hand-made ones with the forms that no writer of its makes. */
#include "wire/example.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) ((Span){text, sizeof text - 1})

static const ExampleFeature *find(Span example, const char *name) {
  static ExampleFeature feature;
  return example_find(example, name, strlen(name), &feature) == 1 ? &feature : NULL;
}

static void kinds(void **state) {
  (void)state;
  size_t n;
  float f[2];
  int64_t i[3];
  Span b[2];
  const ExampleFeature *x = find(
      BYTES("\012\023\012\021\012\001f\022\014\022\012\012\010\000\000\200\077\000\000 @"), "f");
  assert_int_equal(x->kind, EXAMPLE_FLOAT);
  assert_true(example_count(x, &n) && n == 2 && example_read_float(x, f, 2) && f[0] == 1 && f[1] == 2.5f);
  assert_false(example_read_float(x, f, 1));
  assert_false(example_read_int64(x, i, 2));
  x = find(BYTES("\012\030\012\026\012\001i\022\021\032\017\012\015\001\377\377\377\377\377\377\377\377\377"
                 "\001\254\002"),
           "i");
  assert_int_equal(x->kind, EXAMPLE_INT64);
  assert_true(example_count(x, &n) && n == 3 && example_read_int64(x, i, 3));
  assert_true(i[0] == 1 && i[1] == -1 && i[2] == 300);
  assert_false(example_read_int64(x, i, 2));
  x = find(BYTES("\012\017\012\015\012\001b\022\010\012\006\012\002xy\012\000"), "b");
  assert_int_equal(x->kind, EXAMPLE_BYTES);
  assert_true(example_count(x, &n) && n == 2 && example_read_bytes(x, b, 2));
  assert_int_equal(b[0].size, 2);
  assert_memory_equal(b[0].data, "xy", 2);
  assert_int_equal(b[1].size, 0);
  x = find(BYTES("\012\007\012\005\012\001n\022\000"), "n");
  assert_int_equal(x->kind, EXAMPLE_NONE);
  assert_true(example_count(x, &n) && n == 0);
  assert_null(find(BYTES("\012\007\012\005\012\001n\022\000"), "m"));
}

static void unpacked_and_mixed(void **state) {
  (void)state;
  size_t n;
  int64_t i[5];
  float f[3];
  ExampleFeature feature;
  /* int64_list: single 5, single 129, packed (1, 2), single 7 */
  assert_true(example_feature_of(BYTES("\x1a\x0b\x08\x05\x08\x81\x01\x0a\x02\x01\x02\x08\x07"), &feature));
  assert_true(example_count(&feature, &n) && n == 5 && example_read_int64(&feature, i, 5));
  assert_true(i[0] == 5 && i[1] == 129 && i[2] == 1 && i[3] == 2 && i[4] == 7);
  /* float_list: single 1, packed (2.5), single -0; an unknown field between */
  assert_true(example_feature_of(BYTES("\x12\x12\x0d\0\0\x80\x3f\x10\x01\x0a\x04\0\0\x20\x40\x0d\0\0\0\x80"),
                                 &feature));
  assert_true(example_count(&feature, &n) && n == 3 && example_read_float(&feature, f, 3));
  assert_true(f[0] == 1 && f[1] == 2.5f && f[2] == 0);
}

static void last_entry_wins(void **state) {
  (void)state;
  int64_t v;
  /* "a" twice within one map, and the map field itself twice */
  const ExampleFeature *a = find(BYTES("\x0a\x16\x0a\x09\x0a\x01"
                                       "a\x12\x04\x1a\x02\x08\x01\x0a\x09\x0a\x01"
                                       "a\x12\x04\x1a\x02\x08\x02"
                                       "\x0a\x0b\x0a\x09\x0a\x01"
                                       "a\x12\x04\x1a\x02\x08\x03"),
                                 "a");
  assert_non_null(a);
  assert_true(example_read_int64(a, &v, 1) && v == 3);
}

static void sequence_example(void **state) {
  (void)state;
  /* context {"a": float 1}, feature_lists {"l": [int64 (7, 8), bytes "q"]} */
  Span se = BYTES(
      "\x0a\x0f\x0a\x0d\x0a\x01"
      "a\x12\x08\x12\x06\x0a\x04\0\0\x80\x3f"
      "\x12\x16\x0a\x14\x0a\x01"
      "l\x12\x0f\x0a\x06\x1a\x04\x0a\x02\x07\x08\x0a\x05\x0a\x03\x0a\x01q");
  assert_non_null(find(se, "a"));
  ExampleIter it = example_feature_lists(se);
  Span name, list, value;
  ExampleFeature feature;
  int64_t i[2];
  bool failed;
  assert_true(example_next_list(&it, &name, &list));
  assert_memory_equal(name.data, "l", 1);
  assert_true(example_list_next(&list, &feature, &failed));
  assert_true(example_read_int64(&feature, i, 2) && i[0] == 7 && i[1] == 8);
  assert_true(example_list_next(&list, &feature, &failed));
  assert_true(example_read_bytes(&feature, &value, 1) && value.size == 1);
  assert_false(example_list_next(&list, &feature, &failed));
  assert_false(failed);
  assert_false(example_next_list(&it, &name, &list));
  assert_false(it.failed);
}

static void malformed(void **state) {
  (void)state;
  ExampleFeature feature;
  size_t n;
  static const Span broken[] = {{"\x0a\x7f", 2},
                                {"\x0a\x02\x0a\x05", 4},
                                {"\x0a\x05\x0a\x03\x0a\x09"
                                 "a",
                                 7},
                                {"\x0b", 1},
                                {"\x00", 1}};
  for (size_t i = 0; i < SM_COUNTOF(broken); i++)
    assert_int_equal(example_find(broken[i], "a", 1, &feature), -1);
  assert_int_equal(example_find((Span){NULL, 0}, "a", 1, &feature), 0);
  /* Field 15, of nobody: TensorFlow lets it end early, but not in its size; a negative size is passed over. */
  assert_int_equal(example_find(BYTES("\x7a\x05"
                                      "ab"),
                                "a", 1, &feature),
                   0);
  assert_int_equal(example_find(BYTES("\x7a\x80"), "a", 1, &feature), -1);
  assert_int_equal(example_find(BYTES("\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "a", 1, &feature), 0);
  assert_int_equal(example_find(BYTES("\x7a\xff\xff\xff\xff\x0f\x00"), "a", 1, &feature), -1);
  assert_true(
      example_feature_of(BYTES("\x12\x05\x0a\x03\0\0\0"), &feature)); /* three bytes of packed floats */
  assert_false(example_count(&feature, &n));
  assert_true(
      example_feature_of(BYTES("\x1a\x04\x0a\x02\x01\xff"), &feature)); /* the last varint does not end */
  int64_t v[2];
  assert_true(example_count(&feature, &n) && n == 1);
  assert_false(example_read_int64(&feature, v, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds),           cmocka_unit_test(unpacked_and_mixed),
      cmocka_unit_test(last_entry_wins), cmocka_unit_test(sequence_example),
      cmocka_unit_test(malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
