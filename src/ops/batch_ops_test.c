/* Batch and Unbatch of one run, which is a batch of its own. Texts are TensorFlow's. */
#include "ops/op_fixture.h"

static const TF_DataType floats[] = {TF_FLOAT, 0}, batch_out[] = {TF_FLOAT, TF_INT64, TF_INT64, 0};

static void open_batch(Bench *b, int64_t most) {
  static const TF_DataType types[] = {TF_FLOAT};
  const Attr attrs[] = {
      {.name = "T", .kind = TF_ATTR_TYPE, .is_list = true, .count = 1, .v.list_type = types},
      attr_int("max_batch_size", most)};
  assert_int_equal(bench_open(b, "Batch", "b", floats, batch_out, attrs, 2), TF_OK);
}

static void test_round_trip(void **state) {
  (void)state;
  Bench batch, unbatch, grad;
  const TF_DataType in[] = {TF_FLOAT, TF_INT64, TF_INT64, 0},
                    four[] = {TF_FLOAT, TF_INT64, TF_FLOAT, TF_INT64, 0};
  const float values[] = {1, 2, 3, 4, 5, 6};
  Tensor x = bench_tensor(TF_FLOAT, (int64_t[]){3, 2}, 2, values);
  open_batch(&batch, 8);
  bench_open(&unbatch, "Unbatch", "u", in, floats, NULL, 0);
  bench_open(&grad, "UnbatchGrad", "g", four, floats, NULL, 0);
  assert_int_equal(bench_run(&batch, (BenchInput[]){{&x, NULL}}), TF_OK);
  const int64_t *index = batch.outputs[1].data;
  assert_int_equal(index[0], *(int64_t *)batch.outputs[2].data);
  assert_int_equal(index[1], 0);
  assert_int_equal(index[2], 3);
  const BenchInput back[] = {{&batch.outputs[0], NULL}, {&batch.outputs[1], NULL}, {&batch.outputs[2], NULL}};
  assert_int_equal(bench_run(&unbatch, back), TF_OK);
  assert_int_equal(unbatch.outputs[0].dims[0], 3);
  assert_memory_equal(unbatch.outputs[0].data, values, sizeof values);
  const BenchInput down[] = {back[0], back[1], {&x, NULL}, back[2]};
  assert_int_equal(bench_run(&grad, down), TF_OK);
  assert_memory_equal(grad.outputs[0].data, values, sizeof values);
  /* Rows of somebody else, and rows that the batch does not have. */
  Tensor id = bench_tensor(TF_INT64, NULL, 0, &(int64_t){-5});
  Tensor wrong = bench_tensor(TF_INT64, (int64_t[]){1, 3}, 2, (int64_t[]){-5, 1, 4});
  assert_int_equal(bench_run(&unbatch, (BenchInput[]){back[0], back[1], {&id, NULL}}), TF_UNIMPLEMENTED);
  assert_int_equal(bench_run(&unbatch, (BenchInput[]){back[0], {&wrong, NULL}, {&id, NULL}}),
                   TF_INVALID_ARGUMENT);
  Tensor *all[] = {&x, &id, &wrong};
  for (int i = 0; i < 3; i++) tensor_clear(all[i]);
  bench_close(&grad);
  bench_close(&unbatch);
  bench_close(&batch);
}

static void test_too_many(void **state) {
  (void)state;
  Bench batch;
  Tensor x = bench_tensor(TF_FLOAT, (int64_t[]){9, 1}, 2, (float[9]){0}),
         scalar = bench_tensor(TF_FLOAT, NULL, 0, (float[]){0});
  open_batch(&batch, 8);
  assert_int_equal(bench_run(&batch, (BenchInput[]){{&x, NULL}}), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&batch.status), "Task size 9 is larger than maximum input batch size 8");
  assert_int_equal(bench_run(&batch, (BenchInput[]){{&scalar, NULL}}), TF_INVALID_ARGUMENT);
  tensor_clear(&x);
  tensor_clear(&scalar);
  bench_close(&batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_round_trip, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_too_many, bench_setup, bench_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
