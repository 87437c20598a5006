/* Tables and vocabulary files; expected values and texts are TensorFlow's. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/files.h"
#include "ops/lookup_table.h"
#include "ops/op_fixture.h"

#define TYPES(...) ((const TF_DataType[]){__VA_ARGS__ 0})

static Bench make_table(const char *op, const char *name, TF_DataType key, TF_DataType value) {
  Bench b;
  Attr attrs[] = {attr_type("key_dtype", key), attr_type("value_dtype", value), attr_text("container", ""),
                  attr_text("shared_name", ""), attr_bool("use_node_name_sharing", false)};
  assert_int_equal(bench_open(&b, op, name, TYPES(), TYPES(TF_RESOURCE, ), attrs, 5), TF_OK);
  assert_int_equal(bench_run(&b, NULL), TF_OK);
  return b;
}

/* Runs an op of (table, keys, values); its message in `message` if that is not null. */
static TF_Code run3(const char *op, const Bench *table, const Tensor *keys, const Tensor *values, Tensor *out,
                    char *message) {
  Bench b;
  Attr attrs[] = {attr_type("Tin", keys->dtype), attr_type("Tout", values->dtype)};
  TF_DataType outputs[] = {out ? values->dtype : (TF_DataType)0, (TF_DataType)0};
  assert_int_equal(
      bench_open(&b, op, "op", TYPES(TF_RESOURCE, keys->dtype, values->dtype, ), outputs, attrs, 2), TF_OK);
  TF_Code code = bench_run(&b, (BenchInput[]){{&table->outputs[0], NULL}, {keys, NULL}, {values, NULL}});
  if (message) snprintf(message, 512, "%s", TF_Message(&b.status));
  if (out && !code) tensor_move(out, &b.outputs[0]);
  bench_close(&b);
  return code;
}

static int64_t find(const Bench *table, const char *key) {
  Tensor keys = bench_strings(&key, 1, true), def = bench_tensor(TF_INT64, NULL, 0, (int64_t[]){-1}),
         out = {0};
  assert_int_equal(run3("LookupTableFindV2", table, &keys, &def, &out, NULL), TF_OK);
  int64_t v = *(int64_t *)out.data;
  tensor_clear(&keys);
  tensor_clear(&def);
  tensor_clear(&out);
  return v;
}

static void test_static_table(void **state) {
  (void)state;
  char message[512];
  Bench t = make_table("HashTableV2", "t", TF_STRING, TF_INT64);
  Tensor keys = bench_strings((const char *[]){"a", "b", "a"}, 3, false),
         one = bench_strings((const char *[]){"a"}, 1, false);
  Tensor values = bench_tensor(TF_INT64, (int64_t[]){3}, 1, (int64_t[]){1, 2, 3}),
         same = bench_tensor(TF_INT64, (int64_t[]){3}, 1, (int64_t[]){1, 2, 1});
  Tensor def = bench_tensor(TF_INT64, NULL, 0, (int64_t[]){-1}),
         narrow = bench_tensor(TF_INT32, (int64_t[]){3}, 1, NULL), out = {0};
  assert_int_equal(run3("LookupTableFindV2", &t, &keys, &def, &out, message), TF_FAILED_PRECONDITION);
  assert_string_equal(message, "Table not initialized.");
  assert_int_equal(run3("InitializeTableV2", &t, &keys, &values, NULL, message), TF_FAILED_PRECONDITION);
  assert_string_equal(message,
                      "HashTable has different value for same key. Key a has 1 and trying to add value 3");
  assert_int_equal(run3("LookupTableFindV2", &t, &keys, &def, &out, message),
                   TF_FAILED_PRECONDITION); /* nothing stayed */
  assert_int_equal(run3("InitializeTableV2", &t, &one, &values, NULL, message), TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Keys and values must have the same size 1 vs 3");
  assert_int_equal(run3("InitializeTableV2", &t, &keys, &narrow, NULL, message), TF_INVALID_ARGUMENT);
  assert_string_equal(
      message, "Signature mismatch, have: resource, string, int32-> expected: resource, string, int64->");
  assert_int_equal(run3("LookupTableImportV2", &t, &keys, &same, NULL, NULL), TF_OK);
  assert_int_equal(find(&t, "a"), 1);
  assert_int_equal(find(&t, "b"), 2);
  assert_int_equal(find(&t, ""), -1);
  assert_int_equal(run3("LookupTableInsertV2", &t, &keys, &same, NULL, message), TF_UNIMPLEMENTED);
  assert_string_equal(message, "Insert not supported by InitializableLookupTable implementations");
  assert_int_equal(run3("LookupTableFindV2", &t, &one, &values, &out, message), TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Expected shape [] or [1] for default value, got [3]");
  Tensor *all[] = {&keys, &one, &values, &same, &def, &narrow, &out};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
  bench_close(&t);
}

/* Insertions, look-ups and removals against a plain array. */
static void test_mutable_table(void **state) {
  (void)state;
  LookupTable *t;
  TF_Status st = {0};
  enum { N = 400 };
  int64_t model[N];
  assert_int_equal(lookup_table_new(&t, TF_INT64, TF_INT64, false, 0, 1, "c", "t", &st), TF_OK);
  for (int i = 0; i < N; i++) model[i] = -1;
  uint32_t random = 1;
  for (int step = 0; step < 20000; step++) {
    random = random * 1664525u + 1013904223u;
    int64_t key = random >> 8 & 0xffff, value = step;
    key %= N;
    if (random >> 28 < 7) {
      assert_int_equal(lookup_table_remove(t, &key, 1, &st), TF_OK);
      model[key] = -1;
    } else {
      assert_int_equal(lookup_table_insert(t, &key, &value, 1, false, &st), TF_OK);
      model[key] = value;
    }
    if (step % 97) continue;
    int64_t live = 0, none = -1, got;
    for (int64_t k = 0; k < N; k++) {
      assert_int_equal(lookup_table_find(t, &k, 1, &none, 0, &got, &st), TF_OK);
      assert_int_equal(got, model[k]);
      live += model[k] >= 0;
    }
    assert_int_equal(lookup_table_size(t), live);
  }
  object_unref(t);
}

typedef struct FileCase {
  const char *text;
  int64_t key_index, value_index, vocab_size;
  const char *key;   /* one to look for ... */
  int64_t value;     /* ... and what it has */
  const char *error; /* or the message after the path is cut out */
} FileCase;

static void test_vocabulary(void **state) {
  (void)state;
  static const FileCase cases[] = {
      {"a\nb\nc\n", -2, -1, -1, "c", 2, NULL},
      {"a\nb\nc", -2, -1, 2, "c", -1, NULL},
      {"a\r\nb\rc\r\n", -2, -1, -1, "bc", 1, NULL},
      {"a\t1\t2\nb\t3\t4\n", 0, 2, -1, "b", 4, NULL},
      {"a\t 12 \nb\t-3\n", 0, 1, -1, "a", 12, NULL},
      {"a\nb\n", -2, -1, 9, NULL, 0, "Invalid vocab_size in FILE: expected 9 but got 2"},
      {"a\n\nb\n", -2, -1, -1, NULL, 0, "Invalid content in FILE: empty line found at position 3."},
      {"", -2, -1, -1, NULL, 0, "Read less bytes than requested"},
      {"a\t1\nb\n", 0, 1, -1, NULL, 0,
       "Invalid number of columns in FILE line 1 (b) : expected at least 2 got 1"},
      {"a\t0x12\n", 0, 1, -1, NULL, 0, "Field 0x12 in line 0 is not a valid int64."},
      {"a\nb\na\n", -2, -1, -1, NULL, 0,
       "HashTable has different value for same key. Key a has 0 and trying to add value 2"},
      {"a\n", -1, -2, -1, NULL, 0, "Key index for line number requires table key dtype of int64, got string"},
  };
  char path[] = "/tmp/sm_vocab_XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  const char *text = path;
  Tensor filename = bench_strings(&text, 1, true);
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    const FileCase *k = &cases[i];
    char name[32], want[512];
    TF_Status st = {0};
    snprintf(name, sizeof name, "table%zu", i);
    assert_int_equal(file_write_atomic(path, (Span){k->text, strlen(k->text)}, false, &st), TF_OK);
    Bench table = make_table("HashTableV2", name, TF_STRING, TF_INT64), init;
    Attr attrs[] = {attr_int("key_index", k->key_index), attr_int("value_index", k->value_index),
                    attr_int("vocab_size", k->vocab_size), attr_text("delimiter", "\t"),
                    attr_int("offset", 0)};
    assert_int_equal(bench_open(&init, "InitializeTableFromTextFileV2", "init",
                                TYPES(TF_RESOURCE, TF_STRING, ), TYPES(), attrs, 5),
                     TF_OK);
    TF_Code code = bench_run(&init, (BenchInput[]){{&table.outputs[0], NULL}, {&filename, NULL}});
    if (k->error) {
      const char *file = strstr(k->error, "FILE");
      snprintf(want, sizeof want, "%.*s%s%s", file ? (int)(file - k->error) : (int)strlen(k->error), k->error,
               file ? path : "", file ? file + 4 : "");
      assert_int_not_equal(code, TF_OK);
      assert_string_equal(TF_Message(&init.status), want);
    } else {
      assert_int_equal(code, TF_OK);
      assert_int_equal(find(&table, k->key), k->value);
    }
    bench_close(&init);
    bench_close(&table);
  }
  tensor_clear(&filename);
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_static_table, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_mutable_table, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_vocabulary, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
