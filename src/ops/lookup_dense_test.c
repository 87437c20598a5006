/* Dense tables: where keys stand, what is exported and refused, as TensorFlow does it. */
#include <stdio.h>

#include "ops/lookup_table.h"
#include "ops/op_fixture.h"

#define TYPES(...) ((const TF_DataType[]){__VA_ARGS__ 0})
#define INTS(...) ((int64_t[]){__VA_ARGS__})
#define FLOATS(...) ((float[]){__VA_ARGS__})

static Tensor ints(int64_t n, const int64_t *v) { return bench_tensor(TF_INT64, &n, 1, v); }
static Tensor scalar(int64_t v) { return bench_tensor(TF_INT64, NULL, 0, &v); }

static TF_Code open_table(Bench *b, const char *name, Tensor *empty, Tensor *deleted, int64_t buckets,
                          float load, int64_t value_size, char *message) {
  Shape shape = {.rank = value_size ? 1 : 0, .dims = {value_size}};
  Attr attrs[] = {attr_type("key_dtype", empty->dtype),
                  attr_type("value_dtype", TF_FLOAT),
                  attr_text("container", ""),
                  attr_text("shared_name", name),
                  attr_bool("use_node_name_sharing", false),
                  attr_shape("value_shape", &shape),
                  attr_int("initial_num_buckets", buckets),
                  {.name = "max_load_factor", .kind = TF_ATTR_FLOAT, .v.f = load}};
  TF_Code code = bench_open(b, "MutableDenseHashTableV2", "t", TYPES(empty->dtype, empty->dtype, ),
                            TYPES(TF_RESOURCE, ), attrs, 8);
  if (!code) code = bench_run(b, (BenchInput[]){{empty, NULL}, {deleted, NULL}});
  if (message) snprintf(message, 256, "%s", TF_Message(&b->status));
  tensor_clear(empty);
  tensor_clear(deleted);
  return code;
}

/* Runs an op of the table and one or two tensors, which it clears. */
static TF_Code run(const char *op, const Bench *table, Tensor keys, Tensor values, Tensor *out,
                   char *message) {
  Bench b;
  Attr attrs[] = {attr_type("Tin", keys.dtype), attr_type("Tout", TF_FLOAT)};
  TF_DataType inputs[] = {TF_RESOURCE, keys.dtype, values.dtype, (TF_DataType)0},
              outputs[] = {out ? TF_FLOAT : (TF_DataType)0, (TF_DataType)0};
  assert_int_equal(bench_open(&b, op, "op", inputs, outputs, attrs, 2), TF_OK);
  TF_Code code = bench_run(&b, (BenchInput[]){{&table->outputs[0], NULL}, {&keys, NULL}, {&values, NULL}});
  if (message) snprintf(message, 256, "%s", TF_Message(&b.status));
  if (out && !code) tensor_move(out, &b.outputs[0]);
  bench_close(&b);
  tensor_clear(&keys);
  tensor_clear(&values);
  return code;
}

static TF_Code insert(const Bench *table, int64_t n, const int64_t *keys, const float *values) {
  return run("LookupTableInsertV2", table, ints(n, keys), bench_tensor(TF_FLOAT, &n, 1, values), NULL, NULL);
}
static TF_Code take(const Bench *table, int64_t n, const int64_t *keys) {
  return run("LookupTableRemoveV2", table, ints(n, keys), (Tensor){0}, NULL, NULL);
}

/* The exported arrays and the size. */
static void check_export(const Bench *table, int64_t n, const int64_t *keys, const float *values,
                         int64_t size) {
  Bench b;
  Attr attrs[] = {attr_type("Tkeys", TF_INT64), attr_type("Tvalues", TF_FLOAT)};
  assert_int_equal(
      bench_open(&b, "LookupTableExportV2", "e", TYPES(TF_RESOURCE, ), TYPES(TF_INT64, TF_FLOAT, ), attrs, 2),
      TF_OK);
  assert_int_equal(bench_run(&b, (BenchInput[]){{&table->outputs[0], NULL}}), TF_OK);
  assert_int_equal(b.outputs[0].rank, 2);
  assert_int_equal(b.outputs[0].dims[0], n);
  assert_memory_equal(b.outputs[0].data, keys, (size_t)n * sizeof *keys);
  if (values) assert_memory_equal(b.outputs[1].data, values, (size_t)n * sizeof *values);
  bench_close(&b);
  assert_int_equal(bench_open(&b, "LookupTableSizeV2", "s", TYPES(TF_RESOURCE, ), TYPES(TF_INT64, ), NULL, 0),
                   TF_OK);
  assert_int_equal(bench_run(&b, (BenchInput[]){{&table->outputs[0], NULL}}), TF_OK);
  assert_int_equal(*(int64_t *)b.outputs[0].data, size);
  bench_close(&b);
}

static void test_places(void **state) {
  (void)state;
  Bench t;
  Tensor empty = scalar(-1), deleted = scalar(-2), out = {0};
  assert_int_equal(open_table(&t, "places", &empty, &deleted, 4, .8f, 0, NULL), TF_OK);
  check_export(&t, 4, INTS(-1, -1, -1, -1), NULL, 0);
  assert_int_equal(insert(&t, 3, INTS(8, 0, 16), FLOATS(1, 2, 3)), TF_OK);
  check_export(&t, 4, INTS(8, 0, -1, 16), FLOATS(1, 2, 0, 3), 3);
  assert_int_equal(insert(&t, 3, INTS(24, 5, -9), FLOATS(4, 5, 6)), TF_OK); /* grows */
  check_export(&t, 8, INTS(8, 0, -1, 16, -1, 5, 24, -9), FLOATS(1, 2, 0, 3, 0, 5, 4, 6), 6);
  assert_int_equal(take(&t, 3, INTS(0, 8, 77)), TF_OK);
  check_export(&t, 8, INTS(-2, -2, -1, 16, -1, 5, 24, -9), FLOATS(1, 2, 0, 3, 0, 5, 4, 6), 4);
  assert_int_equal(insert(&t, 1, INTS(24), FLOATS(44)),
                   TF_OK); /* twice there: TensorFlow takes the first free bucket */
  check_export(&t, 8, INTS(24, -2, -1, 16, -1, 5, 24, -9), FLOATS(44, 2, 0, 3, 0, 5, 4, 6), 5);
  assert_int_equal(take(&t, 1, INTS(24)), TF_OK);
  assert_int_equal(run("LookupTableFindV2", &t, ints(4, INTS(24, 16, 5, 1)),
                       bench_tensor(TF_FLOAT, NULL, 0, FLOATS(-1)), &out, NULL),
                   TF_OK);
  assert_memory_equal(out.data, FLOATS(4, 3, 5, -1), 16);
  tensor_clear(&out);
  int64_t many[20];
  float values[20];
  for (int i = 0; i < 20; i++) many[i] = 100 + i, values[i] = (float)i;
  assert_int_equal(insert(&t, 20, many, values), TF_OK);
  check_export(&t, 32,
               INTS(-1, -1, -1, -1, 100, 5, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 16, 112, 111,
                    114, 113, 116, 115, -9, 24, 118, 119, 117, -1, -1, -1, -1),
               NULL, 24);
  /* Of one default a key only the first counts. */
  assert_int_equal(run("LookupTableFindV2", &t, ints(3, INTS(100, 7, 8)),
                       bench_tensor(TF_FLOAT, INTS(3), 1, FLOATS(1, 2, 3)), &out, NULL),
                   TF_OK);
  assert_memory_equal(out.data, FLOATS(0, 1, 1), 12);
  tensor_clear(&out);
  bench_close(&t);
}

static void test_refused(void **state) {
  (void)state;
  Bench t;
  char message[256];
  Tensor empty = scalar(-1), deleted = scalar(-2);
  assert_int_equal(open_table(&t, "refused", &empty, &deleted, 4, .8f, 0, NULL), TF_OK);
  Tensor none = bench_tensor(TF_FLOAT, NULL, 0, FLOATS(0)), out = {0};
  assert_int_equal(run("LookupTableFindV2", &t, ints(1, INTS(-1)), none, &out, message), TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Using the empty_key as a table key is not allowed");
  assert_int_equal(run("LookupTableRemoveV2", &t, ints(1, INTS(-2)), (Tensor){0}, NULL, message),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Using the deleted_key as a table key is not allowed");
  assert_int_equal(run("LookupTableInsertV2", &t, bench_tensor(TF_INT64, INTS(1, 2), 2, INTS(1, 2)),
                       bench_tensor(TF_FLOAT, INTS(1, 2), 2, FLOATS(1, 2)), NULL, message),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Expected key shape [1] got [1,2]");
  assert_int_equal(run("LookupTableImportV2", &t, bench_tensor(TF_INT64, INTS(2, 1), 2, INTS(1, 2)),
                       bench_tensor(TF_FLOAT, INTS(3, 1), 2, NULL), NULL, message),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Expected shape [2,1] for value, got [3,1]");
  bench_close(&t);
  static const struct {
    int64_t empty, deleted, buckets;
    float load;
    const char *message;
  } bad[] = {
      {1, 1, 4, .8f, "Empty and deleted keys cannot be equal"},
      {1, 2, 3, .8f, "Number of buckets must be at least 4 and a power of 2, got: 3"},
      {1, 2, -4, .8f, "Number of buckets must be at least 4 and a power of 2, got: -4"},
      {1, 2, 4, 1, "max_load_factor must be between 0 and 1, got: 1"},
  };
  for (size_t i = 0; i < SM_COUNTOF(bad); i++) {
    empty = scalar(bad[i].empty);
    deleted = scalar(bad[i].deleted);
    assert_int_equal(open_table(&t, "bad", &empty, &deleted, bad[i].buckets, bad[i].load, 0, message),
                     TF_INVALID_ARGUMENT);
    assert_string_equal(message, bad[i].message);
    bench_close(&t);
  }
}

static void test_rows(void **state) {
  (void)state;
  Bench t;
  char message[256];
  Tensor empty = ints(2, INTS(-1, -1)), deleted = ints(2, INTS(-2, -2)), out = {0};
  assert_int_equal(open_table(&t, "rows", &empty, &deleted, 8, .8f, 2, NULL), TF_OK);
  assert_int_equal(
      run("LookupTableInsertV2", &t, bench_tensor(TF_INT64, INTS(4, 2), 2, INTS(1, 2, 3, 4, -1, 5, 0, 0)),
          bench_tensor(TF_FLOAT, INTS(4, 2), 2, FLOATS(1, 2, 3, 4, 5, 6, 7, 8)), NULL, NULL),
      TF_OK);
  LookupTable *table;
  TF_Status st = {0};
  assert_int_equal(lookup_table_of_handle(&t.outputs[0], &table, &st), TF_OK);
  assert_memory_equal(table->dense->keys.data, INTS(0, 0, -1, -1, -1, -1, 1, 2, -1, 5, -1, -1, -1, -1, 3, 4),
                      128);
  assert_int_equal(run("LookupTableFindV2", &t, bench_tensor(TF_INT64, INTS(2, 2), 2, INTS(3, 4, 9, 9)),
                       bench_tensor(TF_FLOAT, INTS(2), 1, FLOATS(.5, .25)), &out, NULL),
                   TF_OK);
  assert_memory_equal(out.data, FLOATS(3, 4, .5, .25), 16);
  tensor_clear(&out);
  assert_int_equal(run("LookupTableFindV2", &t, bench_tensor(TF_INT64, INTS(1, 3), 2, INTS(3, 4, 5)),
                       bench_tensor(TF_FLOAT, INTS(2), 1, FLOATS(.5, .25)), &out, message),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Input key shape [1,3] must end with the table's key shape [2]");
  bench_close(&t);
}

static void test_import(void **state) {
  (void)state;
  Bench t;
  Tensor empty = scalar(-1), deleted = scalar(-2), out = {0};
  assert_int_equal(open_table(&t, "import", &empty, &deleted, 4, .8f, 0, NULL), TF_OK);
  assert_int_equal(
      run("LookupTableImportV2", &t, bench_tensor(TF_INT64, INTS(8, 1), 2, INTS(4, -1, 2, -1, -1, -2, 6, -1)),
          bench_tensor(TF_FLOAT, INTS(8, 1), 2, FLOATS(0, 1, 2, 3, 4, 5, 6, 7)), NULL, NULL),
      TF_OK);
  check_export(&t, 8, INTS(4, -1, 2, -1, -1, -2, 6, -1), FLOATS(0, 1, 2, 3, 4, 5, 6, 7), 3);
  /* 4 stands where it does not belong: it is not found, as in TensorFlow. */
  assert_int_equal(run("LookupTableFindV2", &t, ints(4, INTS(4, 2, 6, 7)),
                       bench_tensor(TF_FLOAT, NULL, 0, FLOATS(-9)), &out, NULL),
                   TF_OK);
  assert_memory_equal(out.data, FLOATS(-9, 2, 6, -9), 16);
  tensor_clear(&out);
  bench_close(&t);
}

static void test_strings(void **state) {
  (void)state;
  static const char *const words[] = {"a", "bb", "ccc", "hello", "a longer string than fits", "z"};
  static const char *const want[] = {"bb", "z", "hello", "", "a", "a longer string than fits", "ccc", ""};
  Bench t;
  LookupTable *table;
  TF_Status st = {0};
  Tensor empty = bench_strings((const char *[]){""}, 1, true),
         deleted = bench_strings((const char *[]){"$"}, 1, true);
  assert_int_equal(open_table(&t, "strings", &empty, &deleted, 8, .8f, 0, NULL), TF_OK);
  assert_int_equal(run("LookupTableInsertV2", &t, bench_strings(words, 6, false),
                       bench_tensor(TF_FLOAT, INTS(6), 1, FLOATS(1, 2, 3, 4, 5, 6)), NULL, NULL),
                   TF_OK);
  assert_int_equal(lookup_table_of_handle(&t.outputs[0], &table, &st), TF_OK);
  for (int i = 0; i < 8; i++) {
    size_t size;
    const char *data = tstring_data((const TF_TString *)table->dense->keys.data + i, &size);
    assert_int_equal(size, strlen(want[i]));
    assert_memory_equal(data, want[i], size);
  }
  bench_close(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_places, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_refused, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_rows, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_import, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_strings, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
