/* Optionals made, asked and opened. */
#include "ops/op_fixture.h"

static const TF_DataType nothing[] = {0}, variant[] = {TF_VARIANT, 0}, boolean[] = {TF_BOOL, 0};

static bool has_value(const Tensor *optional) {
  Bench b;
  assert_int_equal(bench_open(&b, "OptionalHasValue", "has", variant, boolean, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&b, (BenchInput[]){{optional, NULL}}), TF_OK);
  bool value = *(const uint8_t *)b.outputs[0].data;
  bench_close(&b);
  return value;
}

/* Opens an optional as one value of this dtype and length (-1: any); gives the code. */
static TF_Code get_value(const Tensor *optional, TF_DataType dtype, int64_t n, float *first) {
  Bench b;
  Shape shape = {.rank = 1, .dims = {n}};
  Attr attr = {.name = "output_shapes",
               .kind = TF_ATTR_SHAPE,
               .is_list = true,
               .count = 1,
               .v.list_shape = &shape};
  const TF_DataType types[] = {dtype, 0};
  assert_int_equal(bench_open(&b, "OptionalGetValue", "get", variant, types, &attr, 1), TF_OK);
  TF_Code code = bench_run(&b, (BenchInput[]){{optional, NULL}});
  if (code == TF_OK) *first = ((const float *)b.outputs[0].data)[0];
  bench_close(&b);
  return code;
}

static void test_value(void **state) {
  (void)state;
  Bench b;
  float got = 0;
  const TF_DataType floats[] = {TF_FLOAT, 0};
  Tensor t = bench_tensor(TF_FLOAT, (int64_t[]){2}, 1, (float[]){7, 8});
  assert_int_equal(bench_open(&b, "OptionalFromValue", "from", floats, variant, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&b, (BenchInput[]){{&t, NULL}}), TF_OK);
  tensor_clear(&t); /* the optional keeps what it needs */
  assert_true(has_value(&b.outputs[0]));
  assert_int_equal(get_value(&b.outputs[0], TF_FLOAT, 2, &got), TF_OK);
  assert_true(got == 7);
  assert_int_equal(get_value(&b.outputs[0], TF_FLOAT, -1, &got), TF_OK);
  assert_int_equal(get_value(&b.outputs[0], TF_FLOAT, 3, &got), TF_INVALID_ARGUMENT);
  assert_int_equal(get_value(&b.outputs[0], TF_INT32, 2, &got), TF_INVALID_ARGUMENT);
  bench_close(&b);
}

static void test_none(void **state) {
  (void)state;
  Bench b;
  float got;
  assert_int_equal(bench_open(&b, "OptionalNone", "none", nothing, variant, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&b, NULL), TF_OK);
  assert_false(has_value(&b.outputs[0]));
  assert_int_equal(get_value(&b.outputs[0], TF_FLOAT, 2, &got), TF_INVALID_ARGUMENT);
  bench_close(&b);
}

static void test_other_variant(void **state) {
  (void)state;
  float got;
  Tensor empty = bench_tensor(TF_VARIANT, NULL, 0, NULL); /* a null object */
  assert_int_equal(get_value(&empty, TF_FLOAT, 2, &got), TF_INVALID_ARGUMENT);
  tensor_clear(&empty);
}

/* An op of variants (ZerosLike, AddN) on optionals; gives the code, and the first number of what came out. */
static TF_Code compute(const char *op, const Tensor *a, const Tensor *b, float *first) {
  Bench bench;
  const TF_DataType two[] = {TF_VARIANT, TF_VARIANT, 0};
  Attr n = {.name = "N", .kind = TF_ATTR_INT, .v.i = 2};
  assert_int_equal(bench_open(&bench, op, "op", b ? two : variant, variant, &n, b ? 1 : 0), TF_OK);
  TF_Code code = bench_run(&bench, (BenchInput[]){{a, NULL}, {b, NULL}});
  if (code == TF_OK && has_value(&bench.outputs[0])) code = get_value(&bench.outputs[0], TF_FLOAT, 2, first);
  bench_close(&bench);
  return code;
}

/* As gradients of a branch have them: TensorFlow's OptionalZerosLike and OptionalBinaryAdd. */
static void test_zeros_and_sums(void **state) {
  (void)state;
  Bench b, none;
  float got = 9;
  const TF_DataType floats[] = {TF_FLOAT, 0};
  Tensor t = bench_tensor(TF_FLOAT, (int64_t[]){2}, 1, (float[]){7, 8});
  assert_int_equal(bench_open(&b, "OptionalFromValue", "from", floats, variant, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&b, (BenchInput[]){{&t, NULL}}), TF_OK);
  assert_int_equal(bench_open(&none, "OptionalNone", "none", nothing, variant, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&none, NULL), TF_OK);
  assert_int_equal(compute("ZerosLike", &b.outputs[0], NULL, &got), TF_OK);
  assert_true(got == 0);
  assert_int_equal(compute("AddN", &b.outputs[0], &b.outputs[0], &got), TF_OK);
  assert_true(got == 14);
  got = 9;
  assert_int_equal(compute("ZerosLike", &none.outputs[0], NULL, &got), TF_OK);
  assert_true(got == 9); /* none */
  assert_int_equal(compute("AddN", &b.outputs[0], &none.outputs[0], &got), TF_INVALID_ARGUMENT);
  bench_close(&none);
  bench_close(&b);
  tensor_clear(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_value), cmocka_unit_test(test_none),
                                     cmocka_unit_test(test_other_variant),
                                     cmocka_unit_test(test_zeros_and_sums)};
  return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
