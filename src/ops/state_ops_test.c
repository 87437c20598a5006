/* Ref variables, resource variables and their updates, step by step; expected values and texts are
 * TensorFlow's. */
#include "ops/op_fixture.h"

#define TYPES(...) ((const TF_DataType[]){__VA_ARGS__ 0})
#define FLOAT_REF ((TF_DataType)(TF_FLOAT + 100))

static const Shape shape3 = {.rank = 1, .dims = {3}};
static const float three[] = {1, 2, 3};

static Bench make_variable(const char *name) {
  Bench b;
  Attr attrs[] = {attr_type("dtype", TF_FLOAT), attr_shape("shape", &shape3), attr_text("container", ""),
                  attr_text("shared_name", "")};
  assert_int_equal(bench_open(&b, "VariableV2", name, TYPES(), TYPES(FLOAT_REF, ), attrs, 4), TF_OK);
  assert_int_equal(bench_run(&b, NULL), TF_OK);
  return b;
}

static TF_Code assign(Variable *v, const Tensor *value, const char *part) {
  Bench b;
  Attr attrs[] = {attr_type("T", TF_FLOAT), attr_bool("validate_shape", true),
                  attr_bool("use_locking", true)};
  assert_int_equal(
      bench_open(&b, "Assign", "assign", TYPES(FLOAT_REF, TF_FLOAT, ), TYPES(FLOAT_REF, ), attrs, 3), TF_OK);
  TF_Code code = bench_run(&b, (BenchInput[]){{NULL, v}, {value, NULL}});
  if (part) assert_non_null(strstr(TF_Message(&b.status), part));
  else if (!code) assert_ptr_equal(b.output_refs[0], v);
  bench_close(&b);
  return code;
}

static void expect_floats(Variable *v, const float *want, int n) {
  Tensor t = {0};
  assert_true(variable_read(v, &t));
  assert_int_equal(tensor_count(&t), n);
  assert_memory_equal(t.data, want, (size_t)n * sizeof *want);
  tensor_clear(&t);
}

static void test_ref_variable(void **state) {
  (void)state;
  Bench var = make_variable("v"), again = make_variable("v"), other = make_variable("w");
  Variable *v = var.output_refs[0];
  assert_ptr_equal(v, again.output_refs[0]); /* one name, one variable */
  assert_ptr_not_equal(v, other.output_refs[0]);
  assert_false(variable_is_initialized(v));
  Tensor value = bench_tensor(TF_FLOAT, (int64_t[]){3}, 1, three),
         two = bench_tensor(TF_FLOAT, (int64_t[]){2}, 1, three);
  assert_int_equal(assign(v, &value, NULL), TF_OK);
  expect_floats(v, three, 3);
  assert_int_equal(
      assign(v, &two, "Assign requires shapes of both tensors to match. lhs shape= [3] rhs shape= [2]"),
      TF_INVALID_ARGUMENT);
  expect_floats(v, three, 3);

  Tensor before = {0};
  assert_true(variable_read(v, &before));
  Bench add;
  Attr attrs[] = {attr_type("T", TF_FLOAT), attr_bool("use_locking", false)};
  assert_int_equal(
      bench_open(&add, "AssignSub", "sub", TYPES(FLOAT_REF, TF_FLOAT, ), TYPES(FLOAT_REF, ), attrs, 2),
      TF_OK);
  assert_int_equal(bench_run(&add, (BenchInput[]){{NULL, v}, {&value, NULL}}), TF_OK);
  expect_floats(v, (float[]){0, 0, 0}, 3);
  assert_memory_equal(before.data, three, sizeof three); /* who read before keeps what was read */
  assert_int_equal(bench_run(&add, (BenchInput[]){{NULL, v}, {&two, NULL}}), TF_INVALID_ARGUMENT);
  bench_close(&add);
  tensor_clear(&before);

  Bench scatter;
  Tensor indices = bench_tensor(TF_INT32, (int64_t[]){2}, 1, (int32_t[]){2, 2}),
         outside = bench_tensor(TF_INT32, (int64_t[]){2}, 1, (int32_t[]){0, 3});
  Attr scatter_attrs[] = {attr_type("T", TF_FLOAT), attr_type("Tindices", TF_INT32),
                          attr_bool("use_locking", false)};
  assert_int_equal(bench_open(&scatter, "ScatterAdd", "scatter", TYPES(FLOAT_REF, TF_INT32, TF_FLOAT, ),
                              TYPES(FLOAT_REF, ), scatter_attrs, 3),
                   TF_OK);
  assert_int_equal(bench_run(&scatter, (BenchInput[]){{NULL, v}, {&indices, NULL}, {&two, NULL}}), TF_OK);
  expect_floats(v, (float[]){0, 0, 3}, 3);
  assert_int_equal(bench_run(&scatter, (BenchInput[]){{NULL, v}, {&outside, NULL}, {&two, NULL}}),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&scatter.status), "indices[1] = 3 is not in [0, 3)");
  expect_floats(v, (float[]){0, 0, 3}, 3); /* all or nothing */
  bench_close(&scatter);

  Bench step;
  Tensor rate = bench_tensor(TF_FLOAT, NULL, 0, (float[]){0.5f});
  assert_int_equal(bench_open(&step, "ApplyGradientDescent", "step", TYPES(FLOAT_REF, TF_FLOAT, TF_FLOAT, ),
                              TYPES(FLOAT_REF, ), attrs, 2),
                   TF_OK);
  assert_int_equal(bench_run(&step, (BenchInput[]){{NULL, v}, {&rate, NULL}, {&value, NULL}}), TF_OK);
  expect_floats(v, (float[]){-0.5f, -1, 1.5f}, 3);
  bench_close(&step);

  Tensor *all[] = {&value, &two, &indices, &outside, &rate};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
  bench_close(&var);
  bench_close(&again);
  bench_close(&other);
}

static void test_ref_slice_and_select(void **state) {
  (void)state;
  Bench var = make_variable("v"), other = make_variable("w"), slice, choose;
  Variable *v = var.output_refs[0], *w = other.output_refs[0];
  Tensor value = bench_tensor(TF_FLOAT, (int64_t[]){3}, 1, three),
         one = bench_tensor(TF_FLOAT, NULL, 0, (float[]){9});
  assert_int_equal(assign(v, &value, NULL), TF_OK);
  assert_int_equal(assign(w, &value, NULL), TF_OK);
  Tensor begin = bench_tensor(TF_INT32, (int64_t[]){1}, 1, (int32_t[]){0}),
         end = bench_tensor(TF_INT32, (int64_t[]){1}, 1, (int32_t[]){3});
  Tensor step = bench_tensor(TF_INT32, (int64_t[]){1}, 1, (int32_t[]){2});
  Attr attrs[] = {attr_type("T", TF_FLOAT),       attr_type("Index", TF_INT32), attr_int("begin_mask", 0),
                  attr_int("end_mask", 0),        attr_int("ellipsis_mask", 0), attr_int("new_axis_mask", 0),
                  attr_int("shrink_axis_mask", 0)};
  assert_int_equal(
      bench_open(&slice, "StridedSliceAssign", "slice",
                 TYPES(FLOAT_REF, TF_INT32, TF_INT32, TF_INT32, TF_FLOAT, ), TYPES(FLOAT_REF, ), attrs, 7),
      TF_OK);
  assert_int_equal(
      bench_run(&slice, (BenchInput[]){{NULL, v}, {&begin, NULL}, {&end, NULL}, {&step, NULL}, {&one, NULL}}),
      TF_OK);
  expect_floats(v, (float[]){9, 2, 9}, 3);
  assert_ptr_equal(slice.output_refs[0], v);

  Attr choose_attrs[] = {attr_type("T", TF_FLOAT), attr_int("N", 2)};
  assert_int_equal(bench_open(&choose, "RefSelect", "choose", TYPES(TF_INT32, FLOAT_REF, FLOAT_REF, ),
                              TYPES(FLOAT_REF, ), choose_attrs, 2),
                   TF_OK);
  for (int32_t i = 0; i < 3; i++) {
    Tensor index = bench_tensor(TF_INT32, NULL, 0, &i);
    TF_Code code = bench_run(&choose, (BenchInput[]){{&index, NULL}, {NULL, v}, {NULL, w}});
    assert_int_equal(code, i < 2 ? TF_OK : TF_INVALID_ARGUMENT);
    if (i < 2) assert_ptr_equal(choose.output_refs[0], i ? w : v);
    tensor_clear(&index);
  }
  assert_string_equal(TF_Message(&choose.status), "Index must be in the range [0, 2) but got 2");
  Tensor *all[] = {&value, &one, &begin, &end, &step};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
  Bench *benches[] = {&var, &other, &slice, &choose};
  for (size_t i = 0; i < SM_COUNTOF(benches); i++) bench_close(benches[i]);
}

/* Two ops that name one variable with two types would let one read the other's bytes. */
static void test_ref_types_agree(void **state) {
  (void)state;
  Bench f = make_variable("typed"), i;
  Attr attrs[] = {attr_type("dtype", TF_INT64), attr_shape("shape", &shape3), attr_text("container", ""),
                  attr_text("shared_name", "typed")};
  assert_int_equal(
      bench_open(&i, "VariableV2", "other", TYPES(), TYPES((TF_DataType)(TF_INT64 + 100), ), attrs, 4),
      TF_INVALID_ARGUMENT);
  bench_close(&f);
  arena_clear(&i.arena);
}

static Bench make_handle(const char *name) {
  Bench b;
  Attr attrs[] = {attr_type("dtype", TF_FLOAT), attr_shape("shape", &shape3), attr_text("container", ""),
                  attr_text("shared_name", "")};
  assert_int_equal(bench_open(&b, "VarHandleOp", name, TYPES(), TYPES(TF_RESOURCE, ), attrs, 4), TF_OK);
  assert_int_equal(bench_run(&b, NULL), TF_OK);
  return b;
}

static void test_resource_variable(void **state) {
  (void)state;
  Bench handle = make_handle("w"), read, set, initialized, destroy;
  const Tensor *h = &handle.outputs[0];
  Attr dtype = attr_type("dtype", TF_FLOAT), set_attrs[] = {dtype, attr_bool("validate_shape", false)};
  Attr wrong = attr_type("dtype", TF_INT32), ignore = attr_bool("ignore_lookup_error", false);
  assert_int_equal(
      bench_open(&read, "ReadVariableOp", "read", TYPES(TF_RESOURCE, ), TYPES(TF_FLOAT, ), &dtype, 1), TF_OK);
  assert_int_equal(bench_run(&read, (BenchInput[]){{h, NULL}}), TF_FAILED_PRECONDITION);
  assert_string_equal(
      TF_Message(&read.status),
      "Could not find variable w. This could mean that the variable has been deleted. In TF1, it can also "
      "mean the "
      "variable is uninitialized. Debug info: container=localhost, status error message=Resource "
      "localhost/w/N10tensorflow3VarE does not exist.");
  Tensor value = bench_tensor(TF_FLOAT, (int64_t[]){3}, 1, three);
  assert_int_equal(
      bench_open(&set, "AssignVariableOp", "set", TYPES(TF_RESOURCE, TF_FLOAT, ), TYPES(), set_attrs, 2),
      TF_OK);
  assert_int_equal(bench_run(&set, (BenchInput[]){{h, NULL}, {&value, NULL}}), TF_OK);
  assert_int_equal(bench_run(&read, (BenchInput[]){{h, NULL}}), TF_OK);
  assert_memory_equal(read.outputs[0].data, three, sizeof three);
  Bench read_int;
  assert_int_equal(
      bench_open(&read_int, "ReadVariableOp", "read_int", TYPES(TF_RESOURCE, ), TYPES(TF_INT32, ), &wrong, 1),
      TF_OK);
  assert_int_equal(bench_run(&read_int, (BenchInput[]){{h, NULL}}), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&read_int.status),
                      "Trying to read variable with wrong dtype. Expected int32 got float");
  bench_close(&read_int);
  assert_int_equal(bench_run(&read, (BenchInput[]){{&value, NULL}}),
                   TF_INVALID_ARGUMENT); /* a handle that is none */

  assert_int_equal(
      bench_open(&initialized, "VarIsInitializedOp", "is", TYPES(TF_RESOURCE, ), TYPES(TF_BOOL, ), NULL, 0),
      TF_OK);
  assert_int_equal(bench_run(&initialized, (BenchInput[]){{h, NULL}}), TF_OK);
  assert_int_equal(*(uint8_t *)initialized.outputs[0].data, 1);
  assert_int_equal(
      bench_open(&destroy, "DestroyResourceOp", "destroy", TYPES(TF_RESOURCE, ), TYPES(), &ignore, 1), TF_OK);
  assert_int_equal(bench_run(&destroy, (BenchInput[]){{h, NULL}}), TF_OK);
  assert_int_equal(bench_run(&destroy, (BenchInput[]){{h, NULL}}), TF_NOT_FOUND);
  assert_int_equal(bench_run(&initialized, (BenchInput[]){{h, NULL}}), TF_OK);
  assert_int_equal(*(uint8_t *)initialized.outputs[0].data, 0);
  tensor_clear(&value);
  Bench *all[] = {&handle, &read, &set, &initialized, &destroy};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) bench_close(all[i]);
}

/* A generator goes on from run to run; 256 counters an output, as TensorFlow sets aside (its values, seeds 1
 * and 2). */
static void test_random_goes_on(void **state) {
  (void)state;
  static const float want[2][3] = {{0.406396747f, 0.857599616f, 0.0553958416f},
                                   {0.168407321f, 0.889106154f, 0.53549695f}};
  Bench b;
  Tensor shape = bench_tensor(TF_INT32, (int64_t[]){1}, 1, (int32_t[]){3});
  Attr attrs[] = {attr_int("seed", 1), attr_int("seed2", 2), attr_type("dtype", TF_FLOAT),
                  attr_type("T", TF_INT32)};
  assert_int_equal(bench_open(&b, "RandomUniform", "random", TYPES(TF_INT32, ), TYPES(TF_FLOAT, ), attrs, 4),
                   TF_OK);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(bench_run(&b, (BenchInput[]){{&shape, NULL}}), TF_OK);
    assert_memory_equal(b.outputs[0].data, want[i], sizeof want[i]);
  }
  bench_close(&b);
  tensor_clear(&shape);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_ref_variable, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_ref_slice_and_select, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_ref_types_agree, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_resource_variable, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_random_goes_on, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
