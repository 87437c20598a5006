/* Maps of tensors; expected values and texts are TensorFlow's. */
#include <stdio.h>

#include "ops/op_fixture.h"

/* Runs an op of a map with up to two tensors; the output in `out`, which is none before. */
static TF_Code run(const char *op, const Tensor *map, const Tensor *key, const Tensor *value,
                   TF_DataType type, Tensor *out, char *message) {
  Bench b;
  TF_DataType inputs[4] = {TF_VARIANT, key ? key->dtype : (TF_DataType)0,
                           value ? value->dtype : (TF_DataType)0},
              outputs[] = {type, (TF_DataType)0};
  Attr attrs[] = {attr_type("key_dtype", key ? key->dtype : type),
                  attr_type("value_dtype", value ? value->dtype : type)};
  if (!map) inputs[0] = (TF_DataType)0;
  assert_int_equal(bench_open(&b, op, "op", inputs, outputs, attrs, 2), TF_OK);
  TF_Code code = bench_run(&b, (BenchInput[]){{map, NULL}, {key, NULL}, {value, NULL}});
  if (message) snprintf(message, 256, "%s", TF_Message(&b.status));
  if (!code) tensor_move(out, &b.outputs[0]);
  bench_close(&b);
  return code;
}

static int32_t size_of(const Tensor *map) {
  Tensor out = {0};
  assert_int_equal(run("TensorMapSize", map, NULL, NULL, TF_INT32, &out, NULL), TF_OK);
  int32_t n = *(int32_t *)out.data;
  tensor_clear(&out);
  return n;
}

static Tensor text(const char *s) { return bench_strings(&s, 1, true); }

static void test_map(void **state) {
  (void)state;
  char message[256];
  Tensor empty = {0}, one = {0}, two = {0}, again = {0}, less = {0}, out = {0};
  Tensor a = text("a"), b = text("b"), three = bench_tensor(TF_INT32, NULL, 0, (int32_t[]){3});
  Tensor row = bench_tensor(TF_FLOAT, (int64_t[]){2}, 1, (float[]){1, 2}),
         four = bench_tensor(TF_FLOAT, NULL, 0, (float[]){4});
  assert_int_equal(run("EmptyTensorMap", NULL, NULL, NULL, TF_VARIANT, &empty, NULL), TF_OK);
  assert_int_equal(run("TensorMapInsert", &empty, &a, &row, TF_VARIANT, &one, NULL), TF_OK);
  assert_int_equal(run("TensorMapInsert", &one, &three, &four, TF_VARIANT, &two, NULL), TF_OK);
  assert_int_equal(run("TensorMapInsert", &two, &a, &four, TF_VARIANT, &again, NULL), TF_OK); /* replaces */
  assert_int_equal(run("TensorMapErase", &two, &a, NULL, TF_VARIANT, &less, NULL), TF_OK);
  assert_int_equal(size_of(&empty), 0);
  assert_int_equal(size_of(&one), 1);
  assert_int_equal(size_of(&two), 2);
  assert_int_equal(size_of(&again), 2);
  assert_int_equal(size_of(&less), 1);
  assert_int_equal(run("TensorMapLookup", &two, &a, NULL, TF_FLOAT, &out, NULL), TF_OK);
  assert_memory_equal(out.data, row.data, 8);
  tensor_clear(&out);
  assert_int_equal(run("TensorMapHasKey", &one, &three, NULL, TF_BOOL, &out, NULL), TF_OK);
  assert_false(*(bool *)out.data);
  tensor_clear(&out);
  assert_int_equal(run("TensorMapStackKeys", &one, NULL, NULL, TF_STRING, &out, NULL), TF_OK);
  assert_int_equal(out.rank, 1);
  assert_int_equal(out.dims[0], 1);
  tensor_clear(&out);
  assert_int_equal(run("TensorMapLookup", &one, &b, NULL, TF_FLOAT, &out, message), TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Trying to lookup non-existent key. Could not find key \"b\".");
  assert_int_equal(run("TensorMapErase", &one, &three, NULL, TF_VARIANT, &out, message), TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Trying to erase non-existent item. Could not find key \"3\".");
  assert_int_equal(run("TensorMapLookup", &one, &a, NULL, TF_INT32, &out, message), TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Type mismatch: actual float vs. expect int32");
  assert_int_equal(run("TensorMapStackKeys", &two, NULL, NULL, TF_STRING, &out, message),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(message, "Key does not match requested dtype.");
  assert_int_equal(run("TensorMapStackKeys", &empty, NULL, NULL, TF_STRING, &out, message),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(message, "TensorMapStackKeys cannot be called on empty map.");
  Tensor *all[] = {&empty, &one, &two, &again, &less, &a, &b, &three, &row, &four};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_map, bench_setup, bench_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
