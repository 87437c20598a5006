/* Print: what it prints, compared with what TensorFlow prints, and how often. */
#include <unistd.h>

#include "ops/value_text.h"

#include "ops/op_fixture.h"

#define TYPES(...) ((const TF_DataType[]){__VA_ARGS__ 0})

static void expect_text(const Tensor *t, int64_t limit, const char *want) {
  Bytes b = {0};
  value_text_flat(&b, t, limit);
  bytes_putc(&b, 0);
  assert_string_equal(b.data, want);
  bytes_clear(&b);
}

/* TensorFlow's Print of these tensors, without the outermost brackets. */
static void test_flat_text(void **state) {
  (void)state;
  float numbers[27];
  for (int i = 0; i < 27; i++) numbers[i] = (float)i;
  Tensor cube = bench_tensor(TF_FLOAT, (int64_t[]){3, 3, 3}, 3, numbers);
  Tensor matrix = bench_tensor(TF_FLOAT, (int64_t[]){3, 3}, 2, numbers + 1);
  Tensor odd = bench_tensor(TF_FLOAT, (int64_t[]){6}, 1,
                            (float[]){1.5f, 0.1f, 1.0f / 3, 1e20f, 123456789, -0.0f});
  Tensor bools = bench_tensor(TF_BOOL, (int64_t[]){2}, 1, (uint8_t[]){1, 0});
  Tensor scalar = bench_tensor(TF_FLOAT, NULL, 0, numbers + 3);
  expect_text(&cube, 3, "[[0 1 2]]...");
  expect_text(&cube, 10, "[[0 1 2][3 4 5][6 7 8]][[9...]]...");
  expect_text(&cube, 0, "...");
  expect_text(&matrix, 1, "[1...]...");
  expect_text(&matrix, -1, "[1 2 3][4 5 6][7 8 9]");
  expect_text(&odd, 10, "1.5 0.1 0.333333343 1e+20 123456792 -0");
  expect_text(&odd, 2, "1.5 0.1...");
  expect_text(&bools, 1, "1...");
  expect_text(&bools, 0, "");
  expect_text(&scalar, 3, "3");
  expect_text(&scalar, 0, "...");
  Tensor *all[] = {&cube, &matrix, &odd, &bools, &scalar};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
}

/* first_n counts over all runs of a session. */
static void test_first_n(void **state) {
  (void)state;
  Bench b;
  Tensor x = bench_tensor(TF_FLOAT, NULL, 0, (float[]){2});
  Attr attrs[] = {attr_type("T", TF_FLOAT), attr_text("message", "test: "), attr_int("first_n", 1),
                  attr_int("summarize", 3)};
  char text[64] = "";
  int saved = dup(STDERR_FILENO), ends[2];
  assert_int_equal(bench_open(&b, "Print", "print", TYPES(TF_FLOAT, TF_FLOAT, ), TYPES(TF_FLOAT, ), attrs, 4),
                   TF_OK);
  assert_int_equal(pipe(ends), 0);
  dup2(ends[1], STDERR_FILENO);
  TF_Code codes[2];
  for (int i = 0; i < 2; i++) codes[i] = bench_run(&b, (BenchInput[]){{&x, NULL}, {&x, NULL}});
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(ends[1]);
  assert_int_equal(codes[0] | codes[1], TF_OK);
  assert_true(read(ends[0], text, sizeof text - 1) > 0);
  close(ends[0]);
  assert_string_equal(text, "test: [2]\n");
  assert_int_equal(*(float *)b.outputs[0].data, 2);
  bench_close(&b);
  tensor_clear(&x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_flat_text, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_first_n, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
