/* Readers on files of this test. Keys, values and counts are TensorFlow 2.15's for the same files. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/files.h"
#include "ops/op_fixture.h"
#include "wire/tfrecord.h"

static const TF_DataType none[] = {0}, resource[] = {TF_RESOURCE, 0}, both[] = {TF_RESOURCE, TF_RESOURCE, 0};
static const TF_DataType strings[] = {TF_STRING, TF_STRING, 0},
                         counted[] = {TF_RESOURCE, TF_RESOURCE, TF_INT64, 0};

static Bench queue, enqueue, reader, read_one, read_some, produced, finished;
static char folder[] = "/tmp/queue_reader_test.XXXXXX";

static const char *path_of(const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void write_file(const char *name, const void *data, size_t size) {
  TF_Status st = {0};
  assert_int_equal(file_write_atomic(path_of(name), (Span){data, size}, false, &st), TF_OK);
}

static void open_reader(const char *op, const Attr *attrs, int num_attrs) {
  static const TF_DataType types[] = {TF_STRING};
  static const Shape shapes[] = {{.rank = 0}};
  const Attr queue_attrs[] = {
      {.name = "component_types", .kind = TF_ATTR_TYPE, .is_list = true, .count = 1, .v.list_type = types},
      {.name = "shapes", .kind = TF_ATTR_SHAPE, .is_list = true, .count = 1, .v.list_shape = shapes},
      attr_int("capacity", 9),
      attr_text("container", ""),
      attr_text("shared_name", "")};
  const Attr wait = attr_int("timeout_ms", -1);
  const TF_DataType in[] = {TF_RESOURCE, TF_STRING, 0}, number[] = {TF_INT64, 0};
  assert_int_equal(bench_open(&queue, "FIFOQueueV2", "q", none, resource, queue_attrs, 5), TF_OK);
  assert_int_equal(bench_run(&queue, NULL), TF_OK);
  assert_int_equal(bench_open(&enqueue, "QueueEnqueueV2", "e", in, none, &wait, 1), TF_OK);
  assert_int_equal(bench_open(&reader, op, "r", none, resource, attrs, num_attrs), TF_OK);
  assert_int_equal(bench_run(&reader, NULL), TF_OK);
  bench_open(&read_one, "ReaderReadV2", "a", both, strings, NULL, 0);
  bench_open(&read_some, "ReaderReadUpToV2", "b", counted, strings, NULL, 0);
  bench_open(&produced, "ReaderNumRecordsProducedV2", "c", resource, number, NULL, 0);
  bench_open(&finished, "ReaderNumWorkUnitsCompletedV2", "d", resource, number, NULL, 0);
}

static void close_reader(void) {
  Bench *all[] = {&enqueue, &read_one, &read_some, &produced, &finished, &reader, &queue};
  for (size_t i = 0; i < 7; i++) bench_close(all[i]);
}

static void put(const char *name) {
  Tensor t = bench_strings(&name, 1, true);
  assert_int_equal(bench_run(&enqueue, (BenchInput[]){{&queue.outputs[0], NULL}, {&t, NULL}}), TF_OK);
  tensor_clear(&t);
}

static TF_Code take(void) {
  return bench_run(&read_one, (BenchInput[]){{&reader.outputs[0], NULL}, {&queue.outputs[0], NULL}});
}

static void assert_text(const Tensor *t, int64_t i, const char *want) {
  size_t n;
  const char *text = tstring_data((const TF_TString *)t->data + i, &n);
  assert_int_equal(n, strlen(want));
  assert_memory_equal(text, want, n);
}

static void assert_next(const char *key, const char *value) {
  char full[300];
  assert_int_equal(take(), TF_OK);
  snprintf(full, sizeof full, "%s%s", *key == '/' ? folder : "", key);
  assert_text(&read_one.outputs[0], 0, full);
  assert_text(&read_one.outputs[1], 0, value);
}

static void assert_end(int64_t records, int64_t files) {
  atomic_store(&bench_cancelled, true); /* it would wait for the next file */
  assert_int_equal(take(), TF_CANCELLED);
  atomic_store(&bench_cancelled, false);
  const BenchInput in[] = {{&reader.outputs[0], NULL}};
  assert_int_equal(bench_run(&produced, in), TF_OK);
  assert_int_equal(bench_run(&finished, in), TF_OK);
  assert_int_equal(*(int64_t *)produced.outputs[0].data, records);
  assert_int_equal(*(int64_t *)finished.outputs[0].data, files);
}

static void test_lines(void **state) {
  (void)state;
  const Attr attrs[] = {attr_int("skip_header_lines", 1), attr_text("container", ""),
                        attr_text("shared_name", "")};
  write_file("t", "ab\ncd\r\nef", 9);
  write_file("u", "only\n", 5);
  open_reader("TextLineReaderV2", attrs, 3);
  put(path_of("t"));
  put(path_of("u"));
  assert_next("/t:2", "cd");
  assert_next("/t:3", "ef");
  assert_end(2, 2);
  put(path_of("nope"));
  assert_int_equal(take(), TF_NOT_FOUND);
  assert_non_null(strstr(TF_Message(&read_one.status), "/nope; No such file or directory"));
  close_reader();
}

static void test_fixed(void **state) {
  (void)state;
  Attr attrs[] = {attr_int("header_bytes", 2), attr_int("record_bytes", 4), attr_int("footer_bytes", 2),
                  attr_int("hop_bytes", 2),    attr_text("container", ""),  attr_text("shared_name", ""),
                  attr_text("encoding", "")};
  write_file("f", "HHaabbccddFF", 12);
  open_reader("FixedLengthRecordReaderV2", attrs, 7);
  put(path_of("f"));
  assert_next("/f:0", "aabb");
  assert_next("/f:1", "bbcc");
  assert_next("/f:2", "ccdd");
  assert_end(3, 1);
  close_reader();
}

static void test_records(void **state) {
  (void)state;
  const Attr attrs[] = {attr_text("compression_type", ""), attr_text("container", ""),
                        attr_text("shared_name", "")};
  Bytes file = {0};
  TF_Status st = {0};
  tfrecord_append(&file, (Span){"one", 3});
  tfrecord_append(&file, (Span){"two", 3});
  assert_int_equal(bytes_finish(&file, "a file", &st), TF_OK);
  write_file("r", file.data, file.size);
  bytes_clear(&file);
  open_reader("TFRecordReaderV2", attrs, 3);
  put(path_of("r"));
  assert_next("/r:0", "one");
  assert_next("/r:19", "two");
  assert_end(2, 1);
  close_reader();
}

static void test_whole_and_identity(void **state) {
  (void)state;
  const Attr attrs[] = {attr_text("container", ""), attr_text("shared_name", "")};
  open_reader("WholeFileReaderV2", attrs, 2);
  put(path_of("t"));
  assert_next("/t", "ab\ncd\r\nef");
  assert_end(1, 1);
  close_reader();
}

/* One call reads no more than what one file has. */
static void test_up_to(void **state) {
  (void)state;
  const Attr attrs[] = {attr_text("container", ""), attr_text("shared_name", "")};
  Tensor n = bench_tensor(TF_INT64, NULL, 0, &(int64_t){5});
  open_reader("IdentityReaderV2", attrs, 2);
  put("v");
  put("w");
  const BenchInput in[] = {{&reader.outputs[0], NULL}, {&queue.outputs[0], NULL}, {&n, NULL}};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(bench_run(&read_some, in), TF_OK);
    assert_int_equal(tensor_count(&read_some.outputs[0]), 1);
    assert_text(&read_some.outputs[0], 0, i ? "w" : "v");
    assert_text(&read_some.outputs[1], 0, i ? "w" : "v");
  }
  tensor_clear(&n);
  close_reader();
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}
static int remove_folder(void **state) {
  (void)state;
  static const char *const names[] = {"t", "u", "f", "r"};
  for (size_t i = 0; i < 4; i++) unlink(path_of(names[i]));
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_lines, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_fixed, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_records, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_whole_and_identity, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_up_to, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
