/* Staging areas step by step. Values and texts are TensorFlow 2.15's for the same steps. */
#include <stdio.h>

#include "ops/op_fixture.h"

static const TF_DataType none[] = {0}, pair[] = {TF_FLOAT, TF_INT32, 0}, number[] = {TF_INT32, 0};
static const TF_DataType keyed[] = {TF_INT64, TF_INT32, 0}, key_out[] = {TF_INT64, TF_FLOAT, TF_INT32, 0};

static void open_on(Bench *b, const char *op, const char *name, const TF_DataType *in,
                    const TF_DataType *out) {
  static const TF_DataType types[] = {TF_FLOAT, TF_INT32};
  const Attr attrs[] = {
      attr_int("capacity", 2),
      attr_int("memory_limit", 0),
      attr_text("container", ""),
      attr_text("shared_name", name),
      {.name = "dtypes", .kind = TF_ATTR_TYPE, .is_list = true, .count = 2, .v.list_type = types}};
  assert_int_equal(bench_open(b, op, op, in, out, attrs, 5), TF_OK);
}

static int32_t ask(Bench *b) {
  assert_int_equal(bench_run(b, NULL), TF_OK);
  return *(int32_t *)b->outputs[0].data;
}

static TF_Code cancelled(Bench *b, const BenchInput *in) {
  atomic_store(&bench_cancelled, true);
  TF_Code code = bench_run(b, in);
  atomic_store(&bench_cancelled, false);
  return code;
}

static void test_stage(void **state) {
  (void)state;
  Bench stage, unstage, peek, size, clear;
  open_on(&stage, "Stage", "s", pair, none);
  open_on(&unstage, "Unstage", "s", none, pair);
  open_on(&peek, "StagePeek", "s", number, pair);
  open_on(&size, "StageSize", "s", none, number);
  open_on(&clear, "StageClear", "s", none, none);
  Tensor x = bench_tensor(TF_FLOAT, (int64_t[]){2}, 1, (float[]){1, 2}),
         y = bench_tensor(TF_INT32, NULL, 0, &(int32_t){3});
  Tensor z = bench_tensor(TF_INT32, NULL, 0, &(int32_t){4}),
         at = bench_tensor(TF_INT32, NULL, 0, &(int32_t){1});
  assert_int_equal(bench_run(&stage, (BenchInput[]){{&x, NULL}, {&y, NULL}}), TF_OK);
  assert_int_equal(bench_run(&stage, (BenchInput[]){{&x, NULL}, {&z, NULL}}), TF_OK);
  assert_int_equal(cancelled(&stage, (BenchInput[]){{&x, NULL}, {&y, NULL}}), TF_CANCELLED); /* full */
  assert_int_equal(ask(&size), 2);
  assert_int_equal(bench_run(&peek, (BenchInput[]){{&at, NULL}}), TF_OK);
  assert_int_equal(*(int32_t *)peek.outputs[1].data, 4);
  assert_int_equal(bench_run(&unstage, NULL), TF_OK);
  assert_memory_equal(unstage.outputs[0].data, x.data, 8);
  assert_int_equal(*(int32_t *)unstage.outputs[1].data, 3);
  assert_int_equal(bench_run(&clear, NULL), TF_OK);
  assert_int_equal(ask(&size), 0);
  assert_int_equal(cancelled(&unstage, NULL), TF_CANCELLED);
  Tensor *all[] = {&x, &y, &z, &at};
  for (int i = 0; i < 4; i++) tensor_clear(all[i]);
  Bench *benches[] = {&stage, &unstage, &peek, &size, &clear};
  for (int i = 0; i < 5; i++) bench_close(benches[i]);
}

static void test_map(const char *prefix) {
  char op[8][32];
  static const char *const names[] = {"MapStage", "MapStage", "MapUnstage",       "MapUnstageNoKey",
                                      "MapPeek",  "MapSize",  "MapIncompleteSize"};
  Bench whole, part, unstage, any, peek, size, incomplete;
  const TF_DataType all_in[] = {TF_INT64, TF_INT32, TF_FLOAT, TF_INT32, 0},
                    part_in[] = {TF_INT64, TF_INT32, TF_INT32, 0};
  const TF_DataType first[] = {TF_FLOAT, 0};
  Bench *benches[] = {&whole, &part, &unstage, &any, &peek, &size, &incomplete};
  const TF_DataType *ins[] = {all_in, part_in, keyed, number, keyed, none, none};
  const TF_DataType *outs[] = {none, none, first, key_out, pair, number, number};
  for (int i = 0; i < 7; i++) {
    snprintf(op[i], sizeof op[i], "%s%s", prefix, names[i]);
    open_on(benches[i], op[i], *prefix ? prefix : "m", ins[i], outs[i]);
  }
  Tensor five = bench_tensor(TF_INT64, NULL, 0, &(int64_t){5}),
         three = bench_tensor(TF_INT64, NULL, 0, &(int64_t){3});
  Tensor both = bench_tensor(TF_INT32, (int64_t[]){2}, 1, (int32_t[]){0, 1}),
         turned = bench_tensor(TF_INT32, (int64_t[]){2}, 1, (int32_t[]){1, 0});
  Tensor second = bench_tensor(TF_INT32, (int64_t[]){1}, 1, (int32_t[]){1}),
         zero = bench_tensor(TF_INT32, (int64_t[]){1}, 1, (int32_t[]){0});
  Tensor x = bench_tensor(TF_FLOAT, NULL, 0, (float[]){1}),
         y = bench_tensor(TF_INT32, NULL, 0, &(int32_t){2});
  const BenchInput all_five[] = {{&five, NULL}, {&both, NULL}, {&x, NULL}, {&y, NULL}};
  const BenchInput all_three[] = {{&three, NULL}, {&both, NULL}, {&x, NULL}, {&y, NULL}};
  const BenchInput part_three[] = {{&three, NULL}, {&second, NULL}, {&y, NULL}};
  assert_int_equal(bench_run(&whole, all_five), TF_OK);
  assert_int_equal(bench_run(&part, part_three), TF_OK);
  assert_int_equal(ask(&size), 1);
  assert_int_equal(ask(&incomplete), 1);
  assert_int_equal(bench_run(&part, part_three), TF_INVALID_ARGUMENT); /* there already */
  assert_int_equal(bench_run(&whole, all_three), TF_INVALID_ARGUMENT);
  const BenchInput bad[] = {{&five, NULL}, {&turned, NULL}, {&x, NULL}, {&y, NULL}};
  assert_int_equal(bench_run(&whole, bad), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&whole.status), "Indices are not strictly ordered");
  assert_int_equal(cancelled(&peek, (BenchInput[]){{&three, NULL}, {&both, NULL}}), TF_CANCELLED);
  assert_int_equal(bench_run(&unstage, (BenchInput[]){{&five, NULL}, {&zero, NULL}}), TF_OK);
  assert_true(*(float *)unstage.outputs[0].data == 1);
  assert_int_equal(bench_run(&unstage, (BenchInput[]){{&five, NULL}, {&zero, NULL}}),
                   TF_INVALID_ARGUMENT); /* gone */
  assert_int_equal(ask(&size), 1);       /* its other part is there */
  for (int i = 0; i < 7; i++) bench_close(benches[i]);
  Tensor *tensors[] = {&five, &three, &both, &turned, &second, &zero, &x, &y};
  for (int i = 0; i < 8; i++) tensor_clear(tensors[i]);
}

static void test_maps(void **state) {
  (void)state;
  test_map("");
  test_map("Ordered");
}

/* Ordered ones give the least key first. */
static void test_order(void **state) {
  (void)state;
  for (int ordered = 0; ordered < 2; ordered++) {
    Bench stage, any;
    const TF_DataType in[] = {TF_INT64, TF_INT32, TF_FLOAT, TF_INT32, 0};
    Tensor both = bench_tensor(TF_INT32, (int64_t[]){2}, 1, (int32_t[]){0, 1});
    Tensor x = bench_tensor(TF_FLOAT, NULL, 0, (float[]){1}),
           y = bench_tensor(TF_INT32, NULL, 0, &(int32_t){2});
    open_on(&stage, ordered ? "OrderedMapStage" : "MapStage", "order", in, none);
    open_on(&any, ordered ? "OrderedMapUnstageNoKey" : "MapUnstageNoKey", "order", number, key_out);
    for (int64_t key = 9; key > 7; key--) {
      Tensor k = bench_tensor(TF_INT64, NULL, 0, &key);
      assert_int_equal(bench_run(&stage, (BenchInput[]){{&k, NULL}, {&both, NULL}, {&x, NULL}, {&y, NULL}}),
                       TF_OK);
      tensor_clear(&k);
    }
    assert_int_equal(bench_run(&any, (BenchInput[]){{&both, NULL}}), TF_OK);
    if (ordered) assert_int_equal(*(int64_t *)any.outputs[0].data, 8);
    assert_int_equal(*(int32_t *)any.outputs[2].data, 2);
    bench_close(&stage);
    bench_close(&any);
    tensor_clear(&both);
    tensor_clear(&x);
    tensor_clear(&y);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_stage, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_maps, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_order, bench_setup, bench_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
