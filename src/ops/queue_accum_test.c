/* Accumulators and mutexes step by step. Values and texts are TensorFlow 2.15's for the same steps. */
#include "ops/op_fixture.h"

static const TF_DataType none[] = {0}, resource[] = {TF_RESOURCE, 0}, numbers[] = {TF_FLOAT, 0},
                         count_out[] = {TF_INT32, 0};

typedef struct Fixture {
  Bench make, apply, take, count, set;
} Fixture;

static Fixture f;

static void open_accumulator(const char *reduction, const Shape *shape) {
  const TF_DataType apply_in[] = {TF_RESOURCE, TF_INT64, TF_FLOAT, 0}, take_in[] = {TF_RESOURCE, TF_INT32, 0};
  const TF_DataType set_in[] = {TF_RESOURCE, TF_INT64, 0};
  const Attr attrs[] = {attr_type("dtype", TF_FLOAT), attr_shape("shape", shape),
                        attr_text("reduction_type", reduction), attr_text("container", ""),
                        attr_text("shared_name", "")};
  assert_int_equal(bench_open(&f.make, "ResourceConditionalAccumulator", "a", none, resource, attrs, 5),
                   TF_OK);
  assert_int_equal(bench_run(&f.make, NULL), TF_OK);
  bench_open(&f.apply, "ResourceAccumulatorApplyGradient", "b", apply_in, none, attrs, 1);
  bench_open(&f.take, "ResourceAccumulatorTakeGradient", "c", take_in, numbers, attrs, 1);
  bench_open(&f.count, "ResourceAccumulatorNumAccumulated", "d", resource, count_out, NULL, 0);
  bench_open(&f.set, "ResourceAccumulatorSetGlobalStep", "e", set_in, none, NULL, 0);
}

static void close_accumulator(void) {
  Bench *all[] = {&f.apply, &f.take, &f.count, &f.set, &f.make};
  for (size_t i = 0; i < 5; i++) bench_close(all[i]);
}

static TF_Code apply(int64_t step, const float *values, int64_t n) {
  Tensor s = bench_tensor(TF_INT64, NULL, 0, &step), g = bench_tensor(TF_FLOAT, &n, 1, values);
  TF_Code code = bench_run(&f.apply, (BenchInput[]){{&f.make.outputs[0], NULL}, {&s, NULL}, {&g, NULL}});
  tensor_clear(&s);
  tensor_clear(&g);
  return code;
}

static TF_Code take(int32_t n) {
  Tensor t = bench_tensor(TF_INT32, NULL, 0, &n);
  TF_Code code = bench_run(&f.take, (BenchInput[]){{&f.make.outputs[0], NULL}, {&t, NULL}});
  tensor_clear(&t);
  return code;
}

static int32_t count(void) {
  assert_int_equal(bench_run(&f.count, (BenchInput[]){{&f.make.outputs[0], NULL}}), TF_OK);
  return *(int32_t *)f.count.outputs[0].data;
}

static void test_mean(void **state) {
  (void)state;
  const Shape two = {.rank = 1, .dims = {2}};
  open_accumulator("MEAN", &two);
  assert_int_equal(apply(0, (float[]){1, 2}, 2), TF_OK);
  assert_int_equal(apply(0, (float[]){3, 4}, 2), TF_OK);
  assert_int_equal(count(), 2);
  assert_int_equal(take(2), TF_OK);
  assert_memory_equal(f.take.outputs[0].data, ((float[]){2, 3}), 8);
  assert_int_equal(count(), 0);
  assert_int_equal(apply(0, (float[]){3, 4}, 2), TF_OK); /* stale: the step is 1 now */
  assert_int_equal(count(), 0);
  atomic_store(&bench_cancelled, true);
  assert_int_equal(take(1), TF_CANCELLED);
  atomic_store(&bench_cancelled, false);
  assert_int_equal(apply(9, (float[]){1, 2, 3}, 3), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&f.apply.status), "Shape mismatch: expected [2], got [3]");
  assert_int_equal(take(0), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&f.take.status), "Argument num_required must be positive, but was 0");
  Tensor five = bench_tensor(TF_INT64, NULL, 0, &(int64_t){5});
  assert_int_equal(bench_run(&f.set, (BenchInput[]){{&f.make.outputs[0], NULL}, {&five, NULL}}), TF_OK);
  assert_int_equal(apply(4, (float[]){1, 2}, 2), TF_OK);
  assert_int_equal(count(), 0);
  assert_int_equal(apply(5, (float[]){1, 2}, 2), TF_OK);
  assert_int_equal(count(), 1);
  tensor_clear(&five);
  close_accumulator();
}

static void test_sum(void **state) {
  (void)state;
  const Shape any = {.rank = -1};
  open_accumulator("SUM", &any);
  assert_int_equal(apply(0, (float[]){1, 2}, 2), TF_OK);
  assert_int_equal(apply(0, (float[]){1, 2, 3}, 3), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&f.apply.status), "Shape mismatch: expected [2], got [3]");
  assert_int_equal(apply(0, (float[]){1, 2}, 2), TF_OK);
  assert_int_equal(take(1), TF_OK);
  assert_memory_equal(f.take.outputs[0].data, ((float[]){2, 4}), 8);
  close_accumulator();
}

static void test_mutex(void **state) {
  (void)state;
  Bench make, lock, other, consume;
  const TF_DataType variant[] = {TF_VARIANT, 0};
  const Attr attrs[] = {attr_text("container", ""), attr_text("shared_name", "")};
  assert_int_equal(bench_open(&make, "MutexV2", "m", none, resource, attrs, 2), TF_OK);
  assert_int_equal(bench_run(&make, NULL), TF_OK);
  bench_open(&lock, "MutexLock", "l", resource, variant, NULL, 0);
  bench_open(&other, "MutexLock", "o", resource, variant, NULL, 0);
  bench_open(&consume, "ConsumeMutexLock", "c", variant, none, NULL, 0);
  const BenchInput in[] = {{&make.outputs[0], NULL}};
  assert_int_equal(bench_run(&lock, in), TF_OK);
  atomic_store(&bench_cancelled, true);
  assert_int_equal(bench_run(&other, in), TF_CANCELLED); /* held */
  atomic_store(&bench_cancelled, false);
  assert_int_equal(bench_run(&consume, (BenchInput[]){{&lock.outputs[0], NULL}}), TF_OK);
  assert_int_equal(bench_run(&other, in), TF_OK);
  tensor_clear(&other.outputs[0]); /* the last reference */
  assert_int_equal(bench_run(&lock, in), TF_OK);
  Bench *all[] = {&lock, &other, &consume, &make};
  for (int i = 0; i < 4; i++) bench_close(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_mean, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_sum, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_mutex, bench_setup, bench_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
