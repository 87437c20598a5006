/* Barriers step by step. Values and texts are TensorFlow 2.15's for the same steps. */
#include "ops/op_fixture.h"

#define STRING_REF ((TF_DataType)(TF_STRING + 100))

static const TF_DataType none[] = {0}, number[] = {TF_INT32, 0}, ref[] = {STRING_REF, 0};

static Bench make, first, second, take, small, ready, incomplete, close_it;

static TF_Code on(Bench *b, const Tensor *x, const Tensor *y) {
  return bench_run(b, (BenchInput[]){{NULL, make.output_refs[0]}, {x, NULL}, {y, NULL}});
}

static TF_Code insert(Bench *b, const char *const *keys, int64_t n, TF_DataType dtype, const void *values) {
  Tensor k = bench_strings(keys, n, false), v = bench_tensor(dtype, &n, 1, values);
  TF_Code code = on(b, &k, &v);
  tensor_clear(&k);
  tensor_clear(&v);
  return code;
}

static TF_Code take_n(Bench *b, int32_t n) {
  Tensor t = bench_tensor(TF_INT32, NULL, 0, &n);
  TF_Code code = on(b, &t, NULL);
  tensor_clear(&t);
  return code;
}

static int32_t ask(Bench *b) {
  assert_int_equal(on(b, NULL, NULL), TF_OK);
  return *(int32_t *)b->outputs[0].data;
}

static void assert_taken(const Bench *b, const char *key, float x, int32_t y) {
  size_t n;
  assert_int_equal(tensor_count(&b->outputs[0]), 1);
  assert_true(*(int64_t *)b->outputs[0].data == INT64_MIN);
  const char *text = tstring_data(b->outputs[1].data, &n);
  assert_int_equal(n, strlen(key));
  assert_memory_equal(text, key, n);
  assert_true(*(float *)b->outputs[2].data == x);
  assert_int_equal(*(int32_t *)b->outputs[3].data, y);
}

static void open_all(void) {
  static const TF_DataType types[] = {TF_FLOAT, TF_INT32};
  static const Shape shapes[] = {{.rank = 0}, {.rank = 0}};
  const Attr attrs[] = {
      {.name = "component_types", .kind = TF_ATTR_TYPE, .is_list = true, .count = 2, .v.list_type = types},
      {.name = "shapes", .kind = TF_ATTR_SHAPE, .is_list = true, .count = 2, .v.list_shape = shapes},
      attr_int("capacity", -1),
      attr_text("container", ""),
      attr_text("shared_name", "")};
  const TF_DataType in0[] = {STRING_REF, TF_STRING, TF_FLOAT, 0},
                    in1[] = {STRING_REF, TF_STRING, TF_INT32, 0};
  const TF_DataType take_in[] = {STRING_REF, TF_INT32, 0},
                    out[] = {TF_INT64, TF_STRING, TF_FLOAT, TF_INT32, 0};
  const Attr zero = attr_int("component_index", 0), one = attr_int("component_index", 1),
             cancel = attr_bool("cancel_pending_enqueues", false);
  const Attr whole[] = {attr_bool("allow_small_batch", false), attr_bool("wait_for_incomplete", false)};
  const Attr part[] = {attr_bool("allow_small_batch", true), attr_bool("wait_for_incomplete", false)};
  assert_int_equal(bench_open(&make, "Barrier", "ba", none, ref, attrs, 5), TF_OK);
  assert_int_equal(bench_run(&make, NULL), TF_OK);
  bench_open(&first, "BarrierInsertMany", "i0", in0, none, &zero, 1);
  bench_open(&second, "BarrierInsertMany", "i1", in1, none, &one, 1);
  bench_open(&take, "BarrierTakeMany", "t", take_in, out, whole, 2);
  bench_open(&small, "BarrierTakeMany", "s", take_in, out, part, 2);
  bench_open(&ready, "BarrierReadySize", "r", ref, number, NULL, 0);
  bench_open(&incomplete, "BarrierIncompleteSize", "n", ref, number, NULL, 0);
  bench_open(&close_it, "BarrierClose", "c", ref, none, &cancel, 1);
}

static void test_barrier(void **state) {
  (void)state;
  open_all();
  assert_int_equal(insert(&first, (const char *const[]){"a", "b"}, 2, TF_FLOAT, (float[]){1, 2}), TF_OK);
  assert_int_equal(ask(&ready), 0);
  assert_int_equal(ask(&incomplete), 2);
  assert_int_equal(insert(&second, (const char *const[]){"b"}, 1, TF_INT32, (int32_t[]){7}), TF_OK);
  assert_int_equal(ask(&ready), 1);
  assert_int_equal(take_n(&take, 1), TF_OK);
  assert_taken(&take, "b", 2, 7);
  assert_int_equal(insert(&first, (const char *const[]){"a"}, 1, TF_FLOAT, (float[]){1}),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&first.status), "Key a already has a value for component 0 in barrier ba");
  atomic_store(&bench_cancelled, true);
  assert_int_equal(take_n(&take, 1), TF_CANCELLED);
  atomic_store(&bench_cancelled, false);
  assert_int_equal(insert(&second, (const char *const[]){"a"}, 1, TF_INT32, (int32_t[]){9}), TF_OK);
  assert_int_equal(on(&close_it, NULL, NULL), TF_OK);
  assert_int_equal(insert(&first, (const char *const[]){"zz"}, 1, TF_FLOAT, (float[]){1}), TF_CANCELLED);
  assert_string_equal(
      TF_Message(&first.status),
      "Barrier ba is closed.  Pending enqueues cancelled: 0.  Number of new insertions: 1.  Number of "
      "incomplete keys: 0.");
  assert_int_equal(take_n(&take, 2), TF_OUT_OF_RANGE);
  assert_string_equal(TF_Message(&take.status),
                      "Barrier 'ba' is closed and has insufficient elements (requested 2, total size 1)");
  assert_int_equal(take_n(&small, 2), TF_OK);
  assert_taken(&small, "a", 1, 9);
  assert_int_equal(take_n(&small, 2), TF_OUT_OF_RANGE);
  assert_string_equal(TF_Message(&small.status),
                      "Barrier 'ba' is closed and has insufficient elements (requested 0, total size 0)");
  Bench *all[] = {&first, &second, &take, &small, &ready, &incomplete, &close_it, &make};
  for (int i = 0; i < 8; i++) bench_close(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_barrier, bench_setup, bench_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
