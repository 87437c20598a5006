/* Files written by WriteFile and by the checkpoint ops of old: what stands in them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/files.h"
#include "ops/op_fixture.h"

static char folder[] = "/tmp/io_ops_test.XXXXXX";
static const TF_DataType none[] = {0};

static Tensor path_of(const char *name) {
  char path[256];
  const char *text = path;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return bench_strings(&text, 1, true);
}

static Tensor text_of(const char *text) { return bench_strings(&text, 1, true); }

static void remove_file(const char *name) {
  Tensor path = path_of(name);
  size_t n;
  assert_int_equal(unlink(tstring_data(path.data, &n)), 0);
  tensor_clear(&path);
}

static void assert_text(const Tensor *t, const char *want) {
  size_t n;
  assert_int_equal(t->rank, 0);
  const char *text = tstring_data(t->data, &n);
  assert_int_equal(n, strlen(want));
  assert_memory_equal(text, want, n);
}

/* An op of strings alone, run on two. */
static TF_Code run_two(Bench *b, const char *op, const Tensor *x, const Tensor *y) {
  assert_int_equal(bench_open(b, op, op, (TF_DataType[]){TF_STRING, TF_STRING, 0}, none, NULL, 0), TF_OK);
  return bench_run(b, (BenchInput[]){{x, NULL}, {y, NULL}});
}

static void test_write_file(void **state) {
  (void)state;
  Bench write, read;
  Tensor path = path_of("deep/er/file"), text = text_of("some\ntext"), less = text_of("less");
  assert_int_equal(run_two(&write, "WriteFile", &path, &text), TF_OK);
  const TF_DataType string[] = {TF_STRING, 0};
  assert_int_equal(bench_open(&read, "ReadFile", "read", string, string, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&read, (BenchInput[]){{&path, NULL}}), TF_OK);
  assert_text(&read.outputs[0], "some\ntext");
  assert_int_equal(bench_run(&write, (BenchInput[]){{&path, NULL}, {&less, NULL}}), TF_OK);
  assert_int_equal(bench_run(&read, (BenchInput[]){{&path, NULL}}), TF_OK);
  assert_text(&read.outputs[0], "less");

  Tensor many = bench_strings((const char *const[]){"a", "b"}, 2, false);
  assert_int_equal(bench_run(&write, (BenchInput[]){{&path, NULL}, {&many, NULL}}), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&write.status), "Contents tensor must be scalar, but had shape: [2]");
  assert_int_equal(bench_run(&write, (BenchInput[]){{&many, NULL}, {&text, NULL}}), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&write.status), "Input filename tensor must be scalar, but had shape: [2]");
  remove_file("deep/er/file");
  tensor_clear(&path);
  tensor_clear(&text);
  tensor_clear(&less);
  tensor_clear(&many);
  bench_close(&write);
  bench_close(&read);
}

/* ---- Save, SaveSlices: the bytes are TensorFlow's (tests/exec/gen_rows.py writes the files) ---- */

static void assert_same_file(const char *name, const char *want) {
  TF_Status st = {0};
  Bytes got = {0}, expected = {0};
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(file_read(&got, path, 1 << 20, &st), TF_OK);
  assert_int_equal(file_read(&expected, want, 1 << 20, &st), TF_OK);
  assert_int_equal(got.size, expected.size);
  assert_memory_equal(got.data, expected.data, got.size);
  bytes_clear(&got);
  bytes_clear(&expected);
  remove_file(name);
}

static Tensor matrix(void) {
  float values[12];
  for (int i = 0; i < 12; i++) values[i] = (float)i;
  return bench_tensor(TF_FLOAT, (int64_t[]){3, 4}, 2, values);
}

static void test_save(void **state) {
  (void)state;
  static const TF_DataType in[] = {TF_STRING, TF_STRING, TF_FLOAT, TF_INT32, 0};
  Bench save;
  Tensor path = path_of("saved"), w = matrix(), n = bench_tensor(TF_INT32, NULL, 0, &(int32_t){5});
  Tensor names = bench_strings((const char *const[]){"w", "n"}, 2, false), one = text_of("w");
  assert_int_equal(bench_open(&save, "Save", "save", in, none, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&save, (BenchInput[]){{&path, NULL}, {&names, NULL}, {&w, NULL}, {&n, NULL}}),
                   TF_OK);
  assert_same_file("saved", "tests/data/exec/save.ckpt");
  assert_int_equal(bench_run(&save, (BenchInput[]){{&path, NULL}, {&one, NULL}, {&w, NULL}, {&n, NULL}}),
                   TF_INVALID_ARGUMENT);
  Tensor *all[] = {&path, &w, &n, &names, &one};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
  bench_close(&save);
}

static void test_save_slices(void **state) {
  (void)state;
  static const TF_DataType in[] = {TF_STRING, TF_STRING, TF_STRING, TF_FLOAT, TF_INT64, TF_INT64, 0};
  static const int64_t values[] = {0, 1, 2, 3, 4, 5, 6, 7};
  Bench save;
  Tensor path = path_of("slices"), w = matrix();
  Tensor first = bench_tensor(TF_INT64, (int64_t[]){1, 2}, 2, values);
  Tensor rest = bench_tensor(TF_INT64, (int64_t[]){3, 2}, 2, values + 2);
  Tensor names = bench_strings((const char *const[]){"w", "p", "p"}, 3, false);
  Tensor specs = bench_strings((const char *const[]){"", "4 2 0,1:-", "4 2 1,3:-"}, 3, false);
  Tensor wrong = bench_strings((const char *const[]){"", "4 2 0,2:-", "4 2 1,3:-"}, 3, false);
  BenchInput inputs[] = {{&path, NULL}, {&names, NULL}, {&specs, NULL},
                         {&w, NULL},    {&first, NULL}, {&rest, NULL}};
  assert_int_equal(bench_open(&save, "SaveSlices", "save", in, none, NULL, 0), TF_OK);
  assert_int_equal(bench_run(&save, inputs), TF_OK);
  assert_same_file("slices", "tests/data/exec/save_slices.ckpt");
  inputs[2].tensor = &wrong;
  assert_int_equal(bench_run(&save, inputs),
                   TF_INVALID_ARGUMENT); /* a slice of another shape than its tensor */
  Tensor *all[] = {&path, &w, &first, &rest, &names, &specs, &wrong};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
  bench_close(&save);
}

static int setup(void **state) { return bench_setup(state) || !mkdtemp(folder); }

static int teardown(void **state) {
  char path[256];
  static const char *const folders[] = {"/deep/er", "/deep", ""};
  for (size_t i = 0; i < SM_COUNTOF(folders); i++) {
    snprintf(path, sizeof path, "%s%s", folder, folders[i]);
    if (rmdir(path)) return -1;
  }
  return bench_teardown(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_write_file), cmocka_unit_test(test_save),
                                     cmocka_unit_test(test_save_slices)};
  return cmocka_run_group_tests_name("files", tests, setup, teardown);
}
