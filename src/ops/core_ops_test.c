/* What the core does otherwise than TensorFlow: Abort ends the run, not the process. */
#include "ops/op_fixture.h"

static const TF_DataType none[] = {0};

static void test_abort(void **state) {
  (void)state;
  Bench stop, quiet;
  const Attr loud[] = {attr_text("error_msg", "enough"), attr_bool("exit_without_error", false)};
  const Attr still[] = {attr_text("error_msg", ""), attr_bool("exit_without_error", true)};
  assert_int_equal(bench_open(&stop, "Abort", "stop", none, none, loud, 2), TF_OK);
  assert_int_equal(bench_run(&stop, NULL), TF_ABORTED);
  assert_string_equal(TF_Message(&stop.status), "Abort: enough");
  assert_int_equal(bench_open(&quiet, "Abort", "quiet", none, none, still, 2), TF_OK);
  assert_int_equal(bench_run(&quiet, NULL), TF_ABORTED);
  bench_close(&stop);
  bench_close(&quiet);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_abort)};
  return cmocka_run_group_tests_name("core", tests, bench_setup, bench_teardown);
}
