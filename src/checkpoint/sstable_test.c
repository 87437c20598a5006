/* Tables: what the builder makes, the reader gives back, in order and by key; blocks are cut where TensorFlow
 * cuts them (sizes and checksums of whole files are those of files that TensorFlow 2.15.1 wrote); damage is
 * an error. */
#include "checkpoint/sstable.h"

#include <setjmp.h>
#include <snappy-c.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/files.h"
#include "base/test_status.h"
#include "checkpoint/bundle_writer.h"
#include "checkpoint/tensor_bundle.h"
#include "checkpoint/v1_checkpoint.h"
#include "tensor/tensor.h"

#include <cmocka.h> /* last: it has a macro fail() */

static Span span(const char *text) { return (Span){text, strlen(text)}; }

/* Keys with long common prefixes; the value tells the number. */
static void build(TableBuilder *b, int count) {
  char key[64], value[32];
  for (int i = 0; i < count; i++) {
    snprintf(key, sizeof key, "layer_%04d/kernel/%02d", i / 7, i % 7);
    snprintf(value, sizeof value, "value %d", i);
    assert_ok(table_builder_add(b, span(key), span(value), st));
  }
  assert_ok(table_builder_finish(b, st));
}

static void test_round_trip(void **state) {
  (void)state;
  static const int counts[] = {0, 1, 15, 16, 17, 33, 1000, 40000};
  for (size_t c = 0; c < SM_COUNTOF(counts); c++) {
    TableBuilder b = {0};
    Table t;
    TableIter it;
    bool have;
    build(&b, counts[c]);
    assert_ok(table_open(&t, (Span){b.file.data, b.file.size}, st));
    assert_ok(table_iter_init(&it, &t, st));
    for (int i = 0; i < counts[c]; i++) {
      char key[64], value[32];
      int n = snprintf(key, sizeof key, "layer_%04d/kernel/%02d", i / 7, i % 7);
      int m = snprintf(value, sizeof value, "value %d", i);
      assert_ok(table_iter_next(&it, &have, st));
      assert_true(have);
      assert_int_equal(table_iter_key(&it).size, n);
      assert_memory_equal(table_iter_key(&it).data, key, (size_t)n);
      assert_int_equal(table_iter_value(&it).size, m);
      assert_memory_equal(table_iter_value(&it).data, value, (size_t)m);
    }
    assert_ok(table_iter_next(&it, &have, st));
    assert_false(have);
    table_iter_clear(&it);
    table_builder_clear(&b);
  }
}

static void test_seek(void **state) {
  (void)state;
  enum { COUNT = 40000 }; /* several blocks */
  TableBuilder b = {0};
  Table t;
  TableIter it;
  bool have;
  build(&b, COUNT);
  assert_true(b.file.size > 2 * (256 << 10));
  assert_ok(table_open(&t, (Span){b.file.data, b.file.size}, st));
  assert_ok(table_iter_init(&it, &t, st));
  for (int i = 0; i < COUNT; i += 61) {
    char key[64], value[32];
    /* The key itself, then one between it and the next. */
    for (int between = 0; between < 2 && i + between < COUNT; between++) {
      snprintf(key, sizeof key, "layer_%04d/kernel/%02d%s", i / 7, i % 7, between ? "!" : "");
      int m = snprintf(value, sizeof value, "value %d", i + between);
      assert_ok(table_iter_seek(&it, span(key), st));
      for (int k = 0; k < 3 && i + between + k < COUNT; k++) {
        m = snprintf(value, sizeof value, "value %d", i + between + k);
        assert_ok(table_iter_next(&it, &have, st));
        assert_true(have);
        assert_int_equal(table_iter_value(&it).size, m);
        assert_memory_equal(table_iter_value(&it).data, value, (size_t)m);
      }
    }
  }
  assert_ok(table_iter_seek(&it, span("z"), st));
  assert_ok(table_iter_next(&it, &have, st));
  assert_false(have);
  assert_ok(table_iter_seek(&it, span(""), st));
  assert_ok(table_iter_next(&it, &have, st));
  assert_memory_equal(table_iter_value(&it).data, "value 0", 7);
  table_iter_clear(&it);
  table_builder_clear(&b);
}

static void test_order(void **state) {
  (void)state;
  TableBuilder b = {0};
  TF_Status st = {0};
  assert_ok(table_builder_add(&b, span("b"), span(""), st));
  assert_int_equal(table_builder_add(&b, span("b"), span(""), &st), TF_INVALID_ARGUMENT);
  assert_int_equal(table_builder_add(&b, span("a"), span(""), &st), TF_INVALID_ARGUMENT);
  table_builder_clear(&b);
}

/* ---- whole files as TensorFlow wrote them ---- */

static void check_file(const char *path, size_t size, uint32_t crc) {
  Bytes file = {0};
  assert_ok(file_read(&file, path, 1 << 30, st));
  assert_int_equal(file.size, size);
  assert_int_equal(crc32c(file.data, file.size), crc);
  bytes_clear(&file);
  remove(path);
}

/* SaveV2 of 20,000 scalars: an index of two blocks. */
static void test_v2_index_bytes(void **state) {
  (void)state;
  char dir[] = "/tmp/sstable_test_XXXXXX", prefix[64], path[96];
  assert_non_null(mkdtemp(dir));
  snprintf(prefix, sizeof prefix, "%s/many", dir);
  BundleWriter *w;
  BundleWriterOptions options = {.no_sync = true};
  float *values = malloc(20000 * sizeof *values);
  assert_ok(bundle_writer_open(&w, prefix, &options, st));
  for (int i = 0; i < 20000; i++) {
    char name[64];
    snprintf(name, sizeof name, "variable/with/long/name_%06d", i);
    values[i] = (float)i;
    assert_ok(bundle_writer_add_raw(w, span(name), TF_FLOAT, NULL, 0, (Span){&values[i], 4}, st));
  }
  assert_ok(bundle_writer_finish(w, st));
  bundle_writer_free(w);
  free(values);
  snprintf(path, sizeof path, "%s.index", prefix);
  check_file(path, 419410, 0xc179425f);
  snprintf(path, sizeof path, "%s.data-00000-of-00001", prefix);
  check_file(path, 80000, 0xea8f8c01);
  assert_int_equal(remove(dir), 0);
}

static void save_v1(const char *path, const int *sizes, size_t count, const char *format) {
  V1Writer *w;
  assert_ok(v1_writer_open(&w, path, true, st));
  for (size_t i = 0; i < count; i++) {
    char name[64];
    int64_t dim = sizes[i];
    TF_Tensor *t = TF_AllocateTensor(TF_FLOAT, &dim, 1, (size_t)dim * 4);
    for (int64_t k = 0; k < dim; k++) ((float *)t->data)[k] = (float)k;
    snprintf(name, sizeof name, format, (int)i);
    assert_ok(v1_writer_add(w, span(name), t->dims, t->rank, NULL, t, st));
    TF_DeleteTensor(t);
  }
  assert_ok(v1_writer_finish(w, st));
  v1_writer_free(w);
}

/* Where blocks end beside values that are larger than a block. */
static void test_v1_bytes(void **state) {
  (void)state;
  static const int big[] = {10, 70000, 3, 131071, 131080, 5, 262144, 7, 65536, 20};
  char path[] = "/tmp/sstable_test_v1_XXXXXX";
  close(mkstemp(path));
  save_v1(path, big, SM_COUNTOF(big), "n%d");
  check_file(path, 2640337, 0x64c20a63);
  int sizes[3000];
  for (int i = 0; i < 3000; i++)
    sizes[i * 7919 % 3000] = i % 50; /* TensorFlow was given them in another order */
  save_v1(path, sizes, 3000, "variable/with/long/name_%06d");
  check_file(path, 600251, 0x347a8a9d);
}

/* An entry that is worth two blocks starts its own: just below and just above that. */
static void test_v1_large_entry(void **state) {
  (void)state;
  static const struct {
    int elements;
    size_t size;
    uint32_t crc;
  } cases[] = {{131065, 524514, 0x688b2bd5}, {131070, 524562, 0x0e6f8c8f}};
  char path[] = "/tmp/sstable_test_v1_XXXXXX";
  close(mkstemp(path));
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    V1Writer *w;
    assert_ok(v1_writer_open(&w, path, true, st));
    for (int k = 0; k < 3; k++) {
      int64_t dim = k == 1 ? cases[i].elements : 1;
      TF_Tensor *t = TF_AllocateTensor(TF_FLOAT, &dim, k == 1, (size_t)dim * 4);
      for (int64_t n = 0; n < dim; n++) ((float *)t->data)[n] = k == 1 ? (float)n : (float)(k / 2 + 1);
      assert_ok(v1_writer_add(w, (Span){&"abc"[k], 1}, t->dims, t->rank, NULL, t, st));
      TF_DeleteTensor(t);
    }
    assert_ok(v1_writer_finish(w, st));
    v1_writer_free(w);
    check_file(path, cases[i].size, cases[i].crc);
  }
}

/* ---- damage, compression ---- */

static void test_every_byte_damaged(void **state) {
  (void)state;
  TableBuilder b = {0};
  build(&b, 40);
  for (size_t at = 0; at < b.file.size; at++) {
    TF_Status st = {0};
    Table t;
    TableIter it = {0};
    bool have = true;
    int count = 0;
    b.file.data[at] ^= 0x40;
    TF_Code code = table_open(&t, (Span){b.file.data, b.file.size}, &st);
    if (!code) code = table_iter_init(&it, &t, &st);
    while (!code && have) {
      code = table_iter_next(&it, &have, &st);
      count += !code && have;
    }
    /* What is not checked: the empty metaindex block, and the footer's handle of it and padding. */
    if (!code) assert_int_equal(count, 40);
    if (code) assert_int_equal(code, TF_DATA_LOSS);
    if (!code && at < t.index_offset - 13) fail_msg("byte %zu", at);
    table_iter_clear(&it);
    b.file.data[at] ^= 0x40;
  }
  for (size_t size = 0; size < b.file.size; size++) {
    TF_Status st = {0};
    Table t;
    assert_int_equal(table_open(&t, (Span){b.file.data, size}, &st), TF_DATA_LOSS);
    assert_string_equal(
        st.message, size < 48 ? "file is too short to be an sstable" : "not an sstable (bad magic number)");
  }
  table_builder_clear(&b);
}

static void put_compressed(Bytes *file, Span block, Bytes *handle) {
  size_t size = snappy_max_compressed_length(block.size);
  char *packed = malloc(size);
  assert_int_equal(snappy_compress(block.data, block.size, packed, &size), SNAPPY_OK);
  bytes_put_varint(handle, file->size);
  bytes_put_varint(handle, size);
  size_t at = file->size;
  bytes_append(file, packed, size);
  bytes_putc(file, 1);
  bytes_put_u32le(file, crc32c_mask(crc32c(file->data + at, size + 1)));
  free(packed);
}

/* A table of one data block, both blocks compressed, put together by hand. */
static void test_snappy(void **state) {
  (void)state;
  static const char entries[] =
      "\0\1\2aXX\1\1\3bYYY\0\0\0\0\1\0\0"; /* a: XX, ab: YYY; a restart at 0; its terminating NUL counts */
  Bytes file = {0}, data_handle = {0}, index = {0}, index_handle = {0};
  put_compressed(&file, (Span){entries, sizeof entries}, &data_handle);
  bytes_append(&index, "\0\1", 2);
  bytes_put_varint(&index, data_handle.size);
  bytes_putc(&index, 'b');
  bytes_append(&index, data_handle.data, data_handle.size);
  bytes_put_u32le(&index, 0);
  bytes_put_u32le(&index, 1);
  put_compressed(&file, (Span){index.data, index.size}, &index_handle);
  size_t footer = file.size;
  bytes_append(&file, data_handle.data, data_handle.size); /* nobody reads the metaindex */
  bytes_append(&file, index_handle.data, index_handle.size);
  while (file.size < footer + 40) bytes_putc(&file, 0);
  bytes_put_u64le(&file, 0xdb4775248b80fb57u);
  Table t;
  TableIter it;
  bool have;
  assert_ok(table_open(&t, (Span){file.data, file.size}, st));
  assert_ok(table_iter_init(&it, &t, st));
  assert_ok(table_iter_next(&it, &have, st));
  assert_memory_equal(table_iter_key(&it).data, "a", 1);
  assert_memory_equal(table_iter_value(&it).data, "XX", 2);
  assert_ok(table_iter_next(&it, &have, st));
  assert_memory_equal(table_iter_key(&it).data, "ab", 2);
  assert_memory_equal(table_iter_value(&it).data, "YYY", 3);
  assert_ok(table_iter_next(&it, &have, st));
  assert_false(have);
  table_iter_clear(&it);
  bytes_clear(&file);
  bytes_clear(&data_handle);
  bytes_clear(&index);
  bytes_clear(&index_handle);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                     cmocka_unit_test(test_seek),
                                     cmocka_unit_test(test_order),
                                     cmocka_unit_test(test_v2_index_bytes),
                                     cmocka_unit_test(test_v1_bytes),
                                     cmocka_unit_test(test_v1_large_entry),
                                     cmocka_unit_test(test_every_byte_damaged),
                                     cmocka_unit_test(test_snappy)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
