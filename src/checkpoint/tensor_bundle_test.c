/* Bundles beyond the corpus: TensorFlow's messages for damaged ones, views and copies, many threads' worth of
 * data, big-endian files, versions, merging (files as TensorFlow's MergeV2Checkpoints makes them), slices. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/files.h"
#include "base/test_folder.h"
#include "base/test_status.h"
#include "checkpoint/bundle_proto.h"
#include "checkpoint/bundle_writer.h"
#include "checkpoint/checkpoint_reader.h"
#include "checkpoint/sstable.h"
#include "checkpoint/tensor_bundle.h"
#include "tensor/tensor.h"

#include <cmocka.h> /* last: it has a macro fail() */

static const BundleWriterOptions quick = {.no_sync = true};

static Span span(const char *text) { return (Span){text, strlen(text)}; }

/* A float tensor with the values first, first + 1, ... */
static TF_Tensor *floats(float first, int rank, const int64_t *dims) {
  int64_t count = 1;
  for (int i = 0; i < rank; i++) count *= dims[i];
  TF_Tensor *t = TF_AllocateTensor(TF_FLOAT, dims, rank, (size_t)count * 4);
  for (int64_t i = 0; i < count; i++) ((float *)t->data)[i] = first + (float)i;
  return t;
}

static void add(BundleWriter *w, const char *name, const char *spec, TF_Tensor *t) {
  if (*spec) {
    int64_t dims[SLICE_MAX_RANK], slice_dims[SLICE_MAX_RANK];
    int rank;
    TensorSlice slice;
    assert_ok(slice_parse_spec(spec, strlen(spec), dims, &rank, &slice, slice_dims, st));
    assert_ok(bundle_writer_add_slice(w, span(name), dims, rank, &slice, t, st));
  } else {
    assert_ok(bundle_writer_add(w, span(name), t, st));
  }
  TF_DeleteTensor(t);
}

static BundleWriter *begin(const char *prefix) {
  BundleWriter *w;
  assert_ok(bundle_writer_open(&w, prefix, &quick, st));
  return w;
}

static void end(BundleWriter *w) {
  assert_ok(bundle_writer_finish(w, st));
  bundle_writer_free(w);
}

/* Reading must give this error. */
static void check_error(const char *prefix, const char *name, const char *spec, TF_Code code,
                        const char *message) {
  TF_Status st = {0};
  CheckpointReader *r;
  TF_Tensor *t = NULL;
  if (!checkpoint_reader_open(&r, prefix, &st)) checkpoint_reader_read(r, span(name), span(spec), &t, &st);
  checkpoint_reader_free(r);
  assert_null(t);
  assert_string_equal(st.message, message);
  assert_int_equal(st.code, code);
}

static void change_byte(const char *path, off_t at) {
  int fd = open(path, O_RDWR);
  char byte;
  assert_int_equal(pread(fd, &byte, 1, at), 1);
  byte ^= 1;
  assert_int_equal(pwrite(fd, &byte, 1, at), 1);
  close(fd);
}

/* x = 0..20 as [7, 3], y = the int 5: the file that TensorFlow was asked about. */
static void write_xy(const char *prefix) {
  BundleWriter *w = begin(prefix);
  add(w, "x", "", floats(0, 2, (int64_t[]){7, 3}));
  static const int32_t five = 5;
  assert_ok(bundle_writer_add_raw(w, span("y"), TF_INT32, NULL, 0, (Span){&five, 4}, st));
  end(w);
}

static void test_damage(void **state) {
  (void)state;
  write_xy("x3");
  change_byte("x3.data-00000-of-00001", 3);
  const char *bad =
      "TensorBundle at x3 shard 0 (84 bytes): Checksum does not match: stored 2370049618 vs. "
      "calculated on the restored bytes 591350774";
  check_error("x3", "x", "", TF_DATA_LOSS, bad);
  check_error("x3", "x", "7 3 0,2:-", TF_DATA_LOSS, bad);
  write_xy("x2");
  assert_int_equal(truncate("x2.data-00000-of-00001", 10), 0);
  check_error("x2", "x", "", TF_OUT_OF_RANGE, "x2.data-00000-of-00001: Read less bytes than requested");
  write_xy("x1");
  unlink("x1.data-00000-of-00001");
  check_error("x1", "x", "", TF_NOT_FOUND, "x1.data-00000-of-00001; No such file or directory");
  write_xy("x4");
  change_byte("x4.index", 0);
  check_error("x4", "x", "", TF_DATA_LOSS,
              "Unable to read file (x4.index). Perhaps the file is corrupt or was produced by a newer "
              "version of TensorFlow "
              "with format changes (failed to seek to header entry): block checksum mismatch");
  assert_int_equal(truncate("x4.index", 100), 0);
  check_error("x4", "x", "", TF_DATA_LOSS, "x4.index: not an sstable (bad magic number)");
  assert_int_equal(truncate("x4.index", 10), 0);
  check_error("x4", "x", "", TF_DATA_LOSS, "x4.index: file is too short to be an sstable");
}

static void test_writer_refuses(void **state) {
  (void)state;
  TF_Status st = {0};
  TF_Tensor *t = floats(0, 2, (int64_t[]){7, 3}), *part = floats(0, 2, (int64_t[]){4, 3});
  BundleWriter *w = begin("w");
  TensorSlice top = {.rank = 2, .length = {4, SLICE_FULL}};
  assert_ok(bundle_writer_add(w, span("x"), t, st));
  assert_int_equal(bundle_writer_add(w, span("x"), t, &st), TF_INVALID_ARGUMENT);
  assert_string_equal(st.message, "Adding duplicate key: x");
  assert_int_equal(bundle_writer_add(w, span(""), t, &st), TF_INVALID_ARGUMENT);
  assert_int_equal(bundle_writer_add_slice(w, span("p"), t->dims, 2, &top, t, &st), TF_INVALID_ARGUMENT);
  assert_ok(bundle_writer_add_slice(w, span("p"), t->dims, 2, &top, part, st));
  assert_int_equal(bundle_writer_add_slice(w, span("p"), t->dims, 2, &top, part, &st), TF_INVALID_ARGUMENT);
  /* TensorFlow's process ends at this one. */
  assert_int_equal(bundle_writer_add_slice(w, span("p"), (int64_t[]){8, 3}, 2, &top, part, &st),
                   TF_INVALID_ARGUMENT);
  assert_int_equal(bundle_writer_add(w, span("p"), t, &st), TF_INVALID_ARGUMENT);
  assert_string_equal(st.message, "Adding duplicate key: p");
  Tensor variant = {0};
  assert_ok(tensor_alloc(&variant, TF_VARIANT, NULL, 0, st));
  assert_int_equal(bundle_writer_add(w, span("v"), &variant, &st), TF_UNIMPLEMENTED);
  tensor_clear(&variant);
  bundle_writer_free(w); /* not finished: nothing is written */
  assert_false(file_exists("w.index"));
  TF_DeleteTensor(t);
  TF_DeleteTensor(part);
}

static void test_slices(void **state) {
  (void)state;
  BundleWriter *w = begin("s");
  add(w, "overlap", "7 3 0,4:-", floats(0, 2, (int64_t[]){4, 3}));
  add(w, "overlap", "7 3 3,4:-", floats(9, 2, (int64_t[]){4, 3}));
  add(w, "hole", "7 3 0,2:-", floats(0, 2, (int64_t[]){2, 3}));
  add(w, "hole", "7 3 5,2:-", floats(15, 2, (int64_t[]){2, 3}));
  add(w, "all", "7 3 -:-", floats(0, 2, (int64_t[]){7, 3}));
  end(w);
  check_error("s", "overlap", "", TF_INTERNAL,
              "Overlapping slices: existing slice = 0,4:-, new slice = 3,4:-");
  check_error("s", "hole", "", TF_INVALID_ARGUMENT,
              "Does not have sufficient slices for partitioned tensor hole to restore in slice_spec: -:-");
  check_error(
      "s", "hole", "7 3 1,5:1,1", TF_INVALID_ARGUMENT,
      "Does not have sufficient slices for partitioned tensor hole to restore in slice_spec: 1,5:1,1");
  CheckpointReader *r;
  TF_Tensor *t;
  assert_ok(checkpoint_reader_open(&r, "s", st));
  assert_int_equal(checkpoint_reader_count(r), 3);
  assert_int_equal(checkpoint_reader_find(r, span("all"))->slice_count,
                   0); /* a slice that is all is no slice */
  assert_ok(checkpoint_reader_read(r, span("hole"), span("7 3 5,1:1,2"), &t, st));
  assert_memory_equal(t->data, ((float[]){16, 17}), 8);
  TF_DeleteTensor(t);
  assert_ok(checkpoint_reader_read(r, span("all"), span("7 3 6,1:-"), &t, st));
  assert_memory_equal(t->data, ((float[]){18, 19, 20}), 12);
  TF_DeleteTensor(t);
  checkpoint_reader_free(r);
}

/* Large tensors, at odd offsets and even ones: views where aligned, copies where not, summed by several
 * threads. */
static void test_large(void **state) {
  (void)state;
  enum { BIG = 3000000 };
  BundleWriter *w = begin("large");
  add(w, "even", "", floats(1, 1, (int64_t[]){BIG}));
  assert_ok(bundle_writer_add_raw(w, span("one_byte"), TF_UINT8, (int64_t[]){1}, 1, (Span){"x", 1}, st));
  add(w, "odd", "", floats(2, 1, (int64_t[]){BIG}));
  end(w);
  TensorBundle *b;
  TF_Tensor *kept;
  assert_ok(tensor_bundle_open(&b, "large", st));
  BundleRead reads[] = {{.entry = tensor_bundle_find(b, span("odd"))},
                        {.entry = tensor_bundle_find(b, span("even"))}};
  assert_ok(tensor_bundle_read_all(b, reads, 2, st));
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < BIG; i++)
      if (((float *)reads[k].tensor->data)[i] != (float)(i + 2 - k)) fail_msg("element %d", i);
  assert_false(tensor_writable(reads[1].tensor)); /* a view of the file */
  assert_true(tensor_writable(reads[0].tensor));
  TF_DeleteTensor(reads[0].tensor);
  kept = reads[1].tensor;
  tensor_bundle_free(b);
  write_xy("large"); /* renamed over: the old file stays as long as somebody looks at it */
  assert_true(((float *)kept->data)[BIG - 1] == BIG);
  TF_DeleteTensor(kept);

  w = begin("large");
  add(w, "even", "", floats(1, 1, (int64_t[]){BIG}));
  end(w);
  change_byte("large.data-00000-of-00001", 4 * BIG - 1);
  TF_Status st = {0};
  assert_int_equal(tensor_bundle_open(&b, "large", &st), TF_OK);
  reads[0].entry = tensor_bundle_find(b, span("even"));
  assert_int_equal(tensor_bundle_read_all(b, reads, 1, &st), TF_DATA_LOSS);
  assert_null(reads[0].tensor);
  tensor_bundle_free(b);
}

static void test_alignment(void **state) {
  (void)state;
  BundleWriterOptions options = {.no_sync = true, .alignment = 64};
  BundleWriter *w;
  assert_ok(bundle_writer_open(&w, "aligned", &options, st));
  assert_ok(bundle_writer_add_raw(w, span("one_byte"), TF_UINT8, (int64_t[]){1}, 1, (Span){"x", 1}, st));
  add(w, "f", "", floats(3, 1, (int64_t[]){100000}));
  add(w, "g", "", floats(4, 1, (int64_t[]){3}));
  end(w);
  TensorBundle *b;
  TF_Tensor *t;
  assert_ok(tensor_bundle_open(&b, "aligned", st));
  assert_ok(tensor_bundle_verify(b, NULL, NULL, st));
  assert_int_equal(tensor_bundle_find(b, span("f"))->offset, 64);
  assert_int_equal(tensor_bundle_find(b, span("g"))->offset % 64, 0);
  assert_ok(tensor_bundle_read(b, tensor_bundle_find(b, span("f")), NULL, &t, st));
  assert_true(TF_TensorIsAligned(t));
  TF_DeleteTensor(t);
  tensor_bundle_free(b);
}

/* ---- files put together by hand ---- */

static void write_by_hand(const char *prefix, const BundleHeader *header, const BundleEntry *e, Span data) {
  TableBuilder b = {0};
  Bytes value = {0};
  bundle_header_encode(header, &value);
  assert_ok(table_builder_add(&b, (Span){"", 0}, (Span){value.data, value.size}, st));
  value.size = 0;
  bundle_entry_encode(e, &value);
  assert_ok(table_builder_add(&b, e->name, (Span){value.data, value.size}, st));
  assert_ok(table_builder_finish(&b, st));
  char *index = bundle_index_path(prefix), *path = bundle_data_path(prefix, 0, 1);
  assert_ok(file_write_atomic(index, (Span){b.file.data, b.file.size}, false, st));
  assert_ok(file_write_atomic(path, data, false, st));
  free(index);
  free(path);
  bytes_clear(&value);
  table_builder_clear(&b);
}

static void test_big_endian(void **state) {
  (void)state;
  static const uint8_t bytes[] = {0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0}; /* 1 and -2.5 */
  const BundleHeader header = {.shard_count = 1, .big_endian = true, .producer = 1};
  BundleEntry e = {.name = span("x"),
                   .dtype = TF_FLOAT,
                   .rank = 1,
                   .dims = (int64_t[]){2},
                   .size = 8,
                   .crc = crc32c_mask(crc32c(bytes, 8))};
  CheckpointReader *r;
  TF_Tensor *t;
  write_by_hand("big", &header, &e, (Span){bytes, 8});
  assert_ok(checkpoint_reader_open(&r, "big", st));
  assert_ok(checkpoint_reader_read(r, span("x"), (Span){0}, &t, st));
  assert_memory_equal(t->data, ((float[]){1, -2.5f}), 8);
  TF_DeleteTensor(t);
  checkpoint_reader_free(r);
  /* A complex number is two numbers. */
  e.dtype = TF_COMPLEX64;
  e.dims = (int64_t[]){1};
  write_by_hand("big", &header, &e, (Span){bytes, 8});
  assert_ok(checkpoint_reader_open(&r, "big", st));
  assert_ok(checkpoint_reader_read(r, span("x"), (Span){0}, &t, st));
  assert_memory_equal(t->data, ((float[]){1, -2.5f}), 8);
  TF_DeleteTensor(t);
  checkpoint_reader_free(r);
}

static void test_lies(void **state) {
  (void)state;
  static const char bytes[8] = {0};
  BundleHeader header = {.shard_count = 1, .producer = 1};
  BundleEntry e = {.name = span("x"),
                   .dtype = TF_FLOAT,
                   .rank = 1,
                   .dims = (int64_t[]){3},
                   .size = 8,
                   .crc = crc32c_mask(crc32c(bytes, 8))};
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_DATA_LOSS,
              "Invalid size in bundle entry: key x; stored size 8; expected size 12");
  /* More than there is memory for must not be asked for. */
  e.dims = (int64_t[]){INT64_C(1) << 45};
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_DATA_LOSS,
              "Invalid size in bundle entry: key x; stored size 8; expected size 140737488355328");
  e.dtype = TF_STRING;
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_DATA_LOSS,
              "Invalid size in bundle entry: key x; stored size 8; expected size 35184372088836");
  e.rank = 2;
  e.dims = (int64_t[]){INT64_C(1) << 40, INT64_C(1) << 40};
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_INVALID_ARGUMENT,
              "Shape [1099511627776,1099511627776] has more elements than memory can hold");
  e = (BundleEntry){.name = span("x"), .dtype = (TF_DataType)77, .size = 8};
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_DATA_LOSS, "tensor 'x': unknown dtype 77");
  e.dtype = TF_DOUBLE;
  e.offset = UINT64_MAX >> 1;
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_OUT_OF_RANGE, "l.data-00000-of-00001: Read less bytes than requested");
  e.offset = 0;
  e.shard = 1;
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_DATA_LOSS, "l.index: entry 'x': shard 1 of 1");
  header.min_consumer = 2;
  e.shard = 0;
  write_by_hand("l", &header, &e, (Span){bytes, 8});
  check_error("l", "x", "", TF_INVALID_ARGUMENT,
              "Checkpoint min consumer version 2 above current version 1 for TensorFlow.  Please upgrade "
              "TensorFlow.");
}

/* ---- merging ---- */

static void write_parts(void) {
  static const float m1[2][2] = {{0, 2}, {1, 2}}, m2[2] = {0, 2};
  BundleWriter *w = begin("m1");
  assert_ok(bundle_writer_add_raw(w, span("z"), TF_FLOAT, (int64_t[]){2}, 1, (Span){m1[0], 8}, st));
  assert_ok(bundle_writer_add_raw(w, span("c"), TF_FLOAT, (int64_t[]){2}, 1, (Span){m1[1], 8}, st));
  end(w);
  w = begin("m2");
  assert_ok(bundle_writer_add_raw(w, span("b"), TF_FLOAT, (int64_t[]){2}, 1, (Span){m2, 8}, st));
  end(w);
  w = begin("s1");
  add(w, "p", "7 3 4,3:-", floats(12, 2, (int64_t[]){3, 3}));
  add(w, "zz", "", floats(0, 2, (int64_t[]){7, 3}));
  end(w);
  w = begin("s2");
  add(w, "p", "7 3 0,4:-", floats(0, 2, (int64_t[]){4, 3}));
  add(w, "q", "", floats(0, 2, (int64_t[]){7, 3}));
  add(w, "aa", "7 3 0,4:-", floats(0, 2, (int64_t[]){4, 3}));
  end(w);
}

static void test_merge(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t size;
    uint32_t crc;
  } files[] = {{"all.data-00000-of-00004", 180, 0x1af10c48},
               {"all.data-00001-of-00004", 120, 0x636ec84d},
               {"all.data-00002-of-00004", 8, 0xcd53af36},
               {"all.data-00003-of-00004", 16, 0x375ad85c},
               {"all.index", 376, 0xe264392b}};
  write_parts();
  assert_ok(bundle_merge((const char *const[]){"m1", "m2"}, 2, "mm", false, false, &quick, st));
  assert_ok(bundle_merge((const char *const[]){"s1", "s2"}, 2, "ss", false, false, &quick, st));
  assert_ok(bundle_merge((const char *const[]){"ss", "mm"}, 2, "all", false, false, &quick, st));
  for (size_t i = 0; i < SM_COUNTOF(files); i++) {
    Bytes file = {0};
    assert_ok(file_read(&file, files[i].name, 1 << 20, st));
    assert_int_equal(file.size, files[i].size);
    assert_int_equal(crc32c(file.data, file.size), files[i].crc);
    bytes_clear(&file);
  }
  assert_false(file_exists("ss.index"));
  assert_false(file_exists("mm.data-00001-of-00002"));
  CheckpointReader *r;
  TF_Tensor *t;
  assert_ok(checkpoint_reader_open(&r, "all", st));
  assert_ok(checkpoint_reader_read(r, span("p"), (Span){0}, &t, st));
  for (int i = 0; i < 21; i++) assert_true(((float *)t->data)[i] == (float)i);
  TF_DeleteTensor(t);
  checkpoint_reader_free(r);
}

static void test_merge_errors(void **state) {
  (void)state;
  TF_Status st = {0};
  write_xy("m1");
  write_xy("m2");
  assert_int_equal(bundle_merge((const char *const[]){"m1", "m2"}, 2, "mm", false, false, &quick, &st),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(st.message, "Duplicate tensor keyed by x encountered, when merging prefix: m2");
  st = (TF_Status){0};
  assert_int_equal(bundle_merge((const char *const[]){"m1", "mnope"}, 2, "mm", false, false, &quick, &st),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(
      st.message, "allow_missing_files was set to false and mnope did not exist.NOT_FOUND: mnope not found");
  st = (TF_Status){0};
  assert_int_equal(bundle_merge((const char *const[]){"mnope"}, 1, "mm", true, false, &quick, &st),
                   TF_INVALID_ARGUMENT);
  assert_string_equal(st.message, "At least one prefix checkpoint file must exist, but none existed.");
  assert_false(file_exists("mm.index"));
  assert_true(file_exists("m1.index")); /* nothing is lost */
  assert_ok(bundle_merge((const char *const[]){"mnope", "m1"}, 2, "mm", true, false, &quick, st));
  assert_true(file_exists("mm.data-00000-of-00001"));
  assert_ok(dir_make_all("temp", st));
  write_xy("temp/part");
  assert_ok(bundle_merge((const char *const[]){"temp/part"}, 1, "mm", false, true, &quick, st));
  assert_false(file_exists("temp"));
}

/* ---- V1 ---- */

static void add_v1(V1Writer *w, const char *name, const char *spec, TF_Tensor *t) {
  int64_t dims[SLICE_MAX_RANK], slice_dims[SLICE_MAX_RANK];
  int rank;
  TensorSlice slice;
  assert_ok(slice_parse_spec(spec, strlen(spec), dims, &rank, &slice, slice_dims, st));
  assert_ok(v1_writer_add(w, span(name), dims, rank, &slice, t, st));
  TF_DeleteTensor(t);
}

/* (The pattern is in two pieces lest it hold a trigraph.) One tensor's slices in two files, read by the
 * pattern that a sharded Saver passes to the restore ops. */
static void test_v1_sharded(void **state) {
  (void)state;
  V1Writer *w;
  assert_ok(v1_writer_open(&w, "v-00000-of-00002", true, st));
  add_v1(w, "p", "7 3 4,3:-", floats(12, 2, (int64_t[]){3, 3}));
  assert_ok(v1_writer_finish(w, st));
  v1_writer_free(w);
  check_error("v-00000-of-00002", "p", "", TF_INVALID_ARGUMENT, "Error copying slice data");
  assert_ok(v1_writer_open(&w, "v-00001-of-00002", true, st));
  add_v1(w, "p", "7 3 0,4:-", floats(0, 2, (int64_t[]){4, 3}));
  add_v1(w, "q", "3 -", floats(5, 1, (int64_t[]){3}));
  assert_ok(v1_writer_finish(w, st));
  v1_writer_free(w);
  CheckpointReader *r;
  TF_Tensor *t;
  assert_ok(checkpoint_reader_open(&r,
                                   "v-?????"
                                   "-of-00002",
                                   st));
  assert_int_equal(checkpoint_reader_count(r), 2);
  assert_ok(checkpoint_reader_read(r, span("p"), (Span){0}, &t, st));
  for (int i = 0; i < 21; i++) assert_true(((float *)t->data)[i] == (float)i);
  TF_DeleteTensor(t);
  assert_ok(checkpoint_reader_read(r, span("p"), span("7 3 3,2:1,1"), &t, st));
  assert_memory_equal(t->data, ((float[]){10, 13}), 8);
  TF_DeleteTensor(t);
  checkpoint_reader_free(r);
  check_error(
      "v-?????"
      "-of-00002",
      "p", "7 4 -:-", TF_INVALID_ARGUMENT,
      "Shape in shape_and_slice spec does not match the shape in the save file: [7,4], save file "
      "shape: [7,3]");
}

static void test_v1_refuses(void **state) {
  (void)state;
  static const struct {
    TF_DataType dtype;
    TF_Code code;
    const char *message;
  } cases[] = {{TF_BFLOAT16, TF_UNIMPLEMENTED, "Saving data type bfloat16 not yet supported"},
               {TF_QINT16, TF_UNIMPLEMENTED, "Saving data type qint16 not yet supported"},
               {TF_UINT32, TF_INVALID_ARGUMENT, "Tensor slice serialization not implemented for dtype 22"},
               {TF_UINT64, TF_INVALID_ARGUMENT, "Tensor slice serialization not implemented for dtype 23"}};
  V1Writer *w;
  assert_ok(v1_writer_open(&w, "v", true, st));
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    TF_Status st = {0};
    TF_Tensor *t = TF_AllocateTensor(cases[i].dtype, NULL, 0, TF_DataTypeSize(cases[i].dtype));
    assert_int_equal(v1_writer_add(w, span("x"), NULL, 0, NULL, t, &st), cases[i].code);
    assert_string_equal(st.message, cases[i].message);
    TF_DeleteTensor(t);
  }
  TF_Status st = {0};
  TF_Tensor *t = floats(0, 1, (int64_t[]){3});
  TensorSlice first = {.rank = 1, .length = {3}};
  assert_ok(v1_writer_add(w, span("x"), (int64_t[]){7}, 1, &first, t, st));
  assert_int_equal(v1_writer_add(w, span("x"), (int64_t[]){8}, 1, &first, t, &st), TF_INTERNAL);
  assert_string_equal(st.message,
                      "Mismatching shapes: existing tensor = [7], trying to add name x, shape = [8]");
  TF_DeleteTensor(t);
  v1_writer_free(w);
  assert_false(file_exists("v"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, test_folder_enter, test_folder_leave)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(test_damage),     IN_FOLDER(test_writer_refuses), IN_FOLDER(test_slices),
      IN_FOLDER(test_large),      IN_FOLDER(test_alignment),      IN_FOLDER(test_big_endian),
      IN_FOLDER(test_lies),       IN_FOLDER(test_merge),          IN_FOLDER(test_merge_errors),
      IN_FOLDER(test_v1_sharded), IN_FOLDER(test_v1_refuses)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
