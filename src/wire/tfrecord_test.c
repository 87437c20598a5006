/* A file written by TensorFlow's TFRecordWriter, plain and compressed, and what TensorFlow says of broken
 * ones. */
#include "wire/tfrecord.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/status_impl.h"

#include <cmocka.h>

static const char file[] =
    "\003\000\000\000\000\000\000\000\260\231I\016abcnW\361!\000\000\000\000\000\000\000\000)"
    "\003\230\007\330\352\202"
    "\242\013\000\000\000\000\000\000\000\206\025\365\004hello world\000~\330m";
enum { FILE_SIZE = sizeof file - 1 };
static const char gzip[] =
    "\037\213\010\000\000\000\000\000\000\003cf\200\200\0153=\371\022\223\222\363\302\077*"
    "BE\0304\231g\260\337x\325\264"
    "\010\000#J\264\355#\000\000\000";
static const char zlib[] =
    "x\234cf\200\200\0153=\371\022\223\222\363\302\077*BE\0304\231g\260\337x\325\264\010\000s]\010R";

static void reads_and_writes(void **state) {
  (void)state;
  TF_Status st = {0};
  Bytes out = {0};
  Span record;
  bool end;
  static const char *const expected[] = {"abc", "", "hello world"};
  TfrecordReader reader = tfrecord_of((Span){file, FILE_SIZE});
  for (int i = 0; i < 3; i++) {
    assert_int_equal(tfrecord_next(&reader, &record, &end, &st), TF_OK);
    assert_false(end);
    assert_int_equal(record.size, strlen(expected[i]));
    assert_memory_equal(record.data, expected[i], record.size);
    tfrecord_append(&out, (Span){expected[i], strlen(expected[i])});
  }
  assert_int_equal(tfrecord_next(&reader, &record, &end, &st), TF_OK);
  assert_true(end);
  assert_int_equal(out.size, FILE_SIZE);
  assert_memory_equal(out.data, file, FILE_SIZE);
  bytes_clear(&out);
}

/* Reads `size` bytes with byte `flip` changed (-1: none) to the end; returns the number of records. */
static int count_records(size_t size, int flip, TF_Status *st) {
  char *copy = malloc(size ? size : 1);
  memcpy(copy, file, size);
  if (flip >= 0) copy[flip] ^= 1;
  TfrecordReader reader = tfrecord_of((Span){copy, size});
  Span record;
  bool end = false;
  int n = 0;
  while (!tfrecord_next(&reader, &record, &end, st) && !end) n++;
  free(copy);
  return n;
}

static void broken_files(void **state) {
  (void)state;
  static const struct {
    size_t size;
    int flip, records;
    const char *message;
  } cases[] = {
      {FILE_SIZE - 1, -1, 2, "truncated record at 35' failed with Read less bytes than requested"},
      {FILE_SIZE - 4, -1, 2, "truncated record at 35' failed with Read less bytes than requested"},
      {FILE_SIZE - 10, -1, 2, "truncated record at 35' failed with Read less bytes than requested"},
      {34, -1, 1, "truncated record at 19' failed with Read less bytes than requested"},
      {12, -1, 0, "truncated record at 0' failed with Read less bytes than requested"},
      {20, -1, 1, "truncated record at 19' failed with Read less bytes than requested"},
      {FILE_SIZE, 0, 0, "corrupted record at 0 (Is this even a TFRecord file?)"},
      {FILE_SIZE, 7, 0, "corrupted record at 0 (Is this even a TFRecord file?)"},
      {FILE_SIZE, 8, 0, "corrupted record at 0 (Is this even a TFRecord file?)"},
      {FILE_SIZE, 12, 0, "corrupted record at 12"},
      {FILE_SIZE, 15, 0, "corrupted record at 12"},
      {FILE_SIZE, 19, 1, "corrupted record at 19"},
  };
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    TF_Status st = {0};
    assert_int_equal(count_records(cases[i].size, cases[i].flip, &st), cases[i].records);
    assert_int_equal(st.code, TF_DATA_LOSS);
    assert_string_equal(st.message, cases[i].message);
  }
  TF_Status st = {0};
  assert_int_equal(count_records(35, -1, &st), 2);
  assert_int_equal(st.code, TF_OK);
}

static void write_file(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(data, 1, size, f), size);
  fclose(f);
}

static void compressed_files(void **state) {
  (void)state;
  char path[] = "/tmp/tfrecord_test_XXXXXX";
  close(mkstemp(path));
  for (int kind = TFRECORD_GZIP; kind <= TFRECORD_ZLIB; kind++) {
    bool is_gzip = kind == TFRECORD_GZIP;
    write_file(path, is_gzip ? gzip : zlib, is_gzip ? sizeof gzip - 1 : sizeof zlib - 1);
    TF_Status st = {0};
    TfrecordReader reader;
    Span record;
    bool end;
    assert_int_equal(tfrecord_open_compressed(&reader, path, (TfrecordCompression)kind, 1 << 20, &st), TF_OK);
    assert_int_equal(reader.file.size, 35);
    assert_memory_equal(reader.file.data, file, 35);
    assert_int_equal(tfrecord_next(&reader, &record, &end, &st), TF_OK);
    assert_int_equal(record.size, 3);
    tfrecord_close(&reader);
    assert_int_equal(tfrecord_open_compressed(&reader, path, (TfrecordCompression)kind, 34, &st),
                     TF_RESOURCE_EXHAUSTED);
    write_file(path, is_gzip ? gzip : zlib, 20);
    assert_int_equal(tfrecord_open_compressed(&reader, path, (TfrecordCompression)kind, 1 << 20, &st),
                     TF_DATA_LOSS);
  }
  unlink(path);
  TF_Status st = {0};
  TfrecordReader reader;
  assert_int_equal(tfrecord_open(&reader, path, &st), TF_NOT_FOUND);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_and_writes),
      cmocka_unit_test(broken_files),
      cmocka_unit_test(compressed_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
