/* Every checkpoint of tests/data/checkpoints, which TensorFlow 2.15.1 wrote: names, dtypes, shapes and each
 * value are those that TensorFlow restored (expected.json, expected.npz); written again, the files have the
 * same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/files.h"
#include "base/test_status.h"
#include "checkpoint/bundle_writer.h"
#include "checkpoint/checkpoint_reader.h"
#include "checkpoint/checkpoint_state.h"
#include "tensor/tensor.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/npy.h"

#include <cmocka.h> /* last: it has a macro fail() */

static const char DATA[] = "tests/data/checkpoints";

static Span span(const char *text) { return (Span){text, strlen(text)}; }

/* numpy's name of a dtype -> ours. */
static TF_DataType dtype_of(const JsonNode *name) {
  static const char *const renamed[][2] = {{"float16", "half"}, {"float32", "float"}, {"float64", "double"}};
  for (size_t i = 0; i < SM_COUNTOF(renamed); i++)
    if (json_string_is(name, renamed[i][0])) return dtype_by_name(renamed[i][1], strlen(renamed[i][1]));
  return dtype_by_name(name->text, name->count);
}

static void check_strings(const char *where, const TF_Tensor *t, const JsonNode *want) {
  assert_int_equal(want->count, tensor_count(t));
  const TF_TString *strings = t->data;
  const JsonNode *w = json_first(want);
  for (uint32_t i = 0; i < want->count; i++, w = json_end(w)) {
    size_t size, want_size;
    char *bytes = malloc(base64_decoded_max(w->count));
    assert_true(base64_decode(w->text, w->count, bytes, &want_size));
    const char *data = tstring_data(&strings[i], &size);
    if (size != want_size || (size && memcmp(data, bytes, size))) fail_msg("%s: string %u differs", where, i);
    free(bytes);
  }
}

static void check_tensor(const char *where, const TF_Tensor *t, const JsonNode *info,
                         const NpzMember *members, size_t member_count, const char *name, size_t name_len) {
  assert_int_equal(t->dtype, dtype_of(json_member(info, "dtype")));
  const JsonNode *shape = json_member(info, "shape");
  if ((uint32_t)t->rank != shape->count) fail_msg("%s: rank %d", where, t->rank);
  const JsonNode *dim = json_first(shape);
  for (int i = 0; i < t->rank; i++, dim = json_end(dim)) assert_int_equal(t->dims[i], dim->i);
  if (t->dtype == TF_STRING) {
    check_strings(where, t, json_member(info, "base64"));
    return;
  }
  for (size_t i = 0; i < member_count; i++) {
    if (strlen(members[i].name) != name_len || memcmp(members[i].name, name, name_len)) continue;
    assert_int_equal(members[i].array.data.size, TF_TensorByteSize(t));
    if (memcmp(members[i].array.data.data, t->data, members[i].array.data.size))
      fail_msg("%s: values differ", where);
    return;
  }
  fail_msg("%s: no expected value", where);
}

/* ---- written again ---- */

static void check_same_file(const char *a, const char *b) {
  Bytes x = {0}, y = {0};
  assert_ok(file_read(&x, a, 1 << 30, st));
  assert_ok(file_read(&y, b, 1 << 30, st));
  if (x.size != y.size || memcmp(x.data, y.data, x.size)) fail_msg("%s is not what TensorFlow wrote", a);
  bytes_clear(&x);
  bytes_clear(&y);
}

static int by_offset(const void *a, const void *b) {
  const BundleEntry *x = *(const BundleEntry *const *)a, *y = *(const BundleEntry *const *)b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  return (x->size > y->size) - (x->size < y->size);
}

static void rewrite_bundle(const TensorBundle *b, const char *to) {
  BundleWriter *w;
  BundleWriterOptions options = {.no_sync = true};
  size_t count = 0;
  const BundleEntry **entries = calloc(tensor_bundle_entry_count(b) + 1, sizeof *entries);
  for (size_t i = 0; i < tensor_bundle_entry_count(b); i++)
    if (!tensor_bundle_entry_at(b, i)->slice_count) entries[count++] = tensor_bundle_entry_at(b, i);
  qsort(entries, count, sizeof *entries, by_offset);
  assert_ok(bundle_writer_open(&w, to, &options, st));
  for (size_t i = 0; i < count; i++) {
    TF_Tensor *t;
    assert_ok(tensor_bundle_read(b, entries[i], NULL, &t, st));
    if (bundle_entry_is_slice(entries[i])) {
      Bytes name = {0};
      TensorSlice slice;
      assert_ok(slice_key_get(entries[i]->name, &name, &slice, st));
      const BundleEntry *whole = tensor_bundle_find(b, (Span){name.data, name.size});
      assert_non_null(whole);
      assert_ok(bundle_writer_add_slice(w, whole->name, whole->dims, whole->rank, &slice, t, st));
      bytes_clear(&name);
    } else {
      assert_ok(bundle_writer_add(w, entries[i]->name, t, st));
    }
    TF_DeleteTensor(t); /* the writer has its own reference */
  }
  assert_ok(bundle_writer_finish(w, st));
  bundle_writer_free(w);
  free(entries);
}

static void rewrite_v1(const char *from, const char *to) {
  V1Reader *r;
  V1Writer *w;
  assert_ok(v1_reader_open(&r, from, st));
  assert_ok(v1_writer_open(&w, to, true, st));
  for (size_t i = 0; i < v1_reader_entry_count(r); i++) {
    const V1Entry *e = v1_reader_entry_at(r, i);
    for (size_t k = 0; k < e->slice_count; k++) {
      TF_Tensor *t;
      assert_ok(v1_reader_read(r, e, &e->slices[k], &t, st));
      assert_ok(v1_writer_add(w, e->name, e->dims, e->rank, &e->slices[k], t, st));
      TF_DeleteTensor(t);
    }
  }
  assert_ok(v1_writer_finish(w, st));
  v1_writer_free(w);
  v1_reader_free(r);
}

static void check_rewritten(const CheckpointReader *r, const char *prefix) {
  char dir[] = "/tmp/checkpoint_test_XXXXXX";
  assert_non_null(mkdtemp(dir));
  char *to = path_join(dir, "sub/again");
  const TensorBundle *b = checkpoint_reader_bundle(r);
  if (!b) {
    rewrite_v1(prefix, to);
    check_same_file(to, prefix);
  } else if (tensor_bundle_shard_count(b) == 1) {
    rewrite_bundle(b, to);
    char *a[] = {bundle_index_path(to), bundle_data_path(to, 0, 1)};
    char *want[] = {bundle_index_path(prefix), bundle_data_path(prefix, 0, 1)};
    for (int i = 0; i < 2; i++) {
      check_same_file(a[i], want[i]);
      free(a[i]);
      free(want[i]);
    }
  }
  char *sub = path_join(dir, "sub");
  if (file_is_dir(sub)) {
    assert_ok(checkpoint_remove(to, false, st));
    assert_ok(dir_remove(sub, st)); /* nothing else was left there */
  }
  assert_ok(dir_remove(dir, st));
  free(sub);
  free(to);
}

/* ---- the corpus ---- */

static TF_Code check_one(void *arg, const char *name, TF_Status *unused) {
  (void)unused;
  char *dir = path_join(DATA, name);
  if (!file_is_dir(dir)) {
    free(dir);
    return TF_OK;
  }
  ++*(int *)arg;
  Bytes json = {0}, npz = {0};
  Arena arena = {0};
  JsonDoc doc;
  NpzMember *members;
  size_t member_count;
  char *json_path = path_join(dir, "expected.json"), *npz_path = path_join(dir, "expected.npz");
  assert_ok(file_read(&json, json_path, 1 << 30, st));
  assert_ok(file_read(&npz, npz_path, 1 << 30, st));
  assert_ok(json_parse((Span){json.data, json.size}, &doc, st));
  assert_ok(npz_read((Span){npz.data, npz.size}, &arena, &members, &member_count, npz_path, st));
  const JsonNode *file = json_member(json_root(&doc), "checkpoint");
  char *file_name = strndup(file->text, file->count), *prefix = path_join(dir, file_name);

  CheckpointReader *r;
  assert_ok(checkpoint_reader_open(&r, prefix, st));
  const JsonNode *tensors = json_member(json_root(&doc), "tensors");
  assert_int_equal(checkpoint_reader_count(r), tensors->count);
  CheckpointRead *reads = calloc(tensors->count, sizeof *reads);
  const JsonNode *key = json_first(tensors);
  for (uint32_t i = 0; i < tensors->count; i++, key = json_end(key + 1))
    reads[i] = (CheckpointRead){.name = {key->text, key->count},
                                .dtype = dtype_of(json_member(key + 1, "dtype"))};
  assert_ok(checkpoint_reader_read_all(r, reads, tensors->count, st));
  key = json_first(tensors);
  for (uint32_t i = 0; i < tensors->count; i++, key = json_end(key + 1)) {
    char where[256];
    snprintf(where, sizeof where, "%s, tensor %.*s", prefix, (int)key->count, key->text);
    check_tensor(where, reads[i].tensor, key + 1, members, member_count, key->text, key->count);
    TF_DeleteTensor(reads[i].tensor);
  }
  free(reads);
  if (checkpoint_reader_bundle(r))
    assert_ok(tensor_bundle_verify(checkpoint_reader_bundle(r), NULL, NULL, st));
  check_rewritten(r, prefix);
  checkpoint_reader_free(r);

  json_doc_clear(&doc);
  arena_clear(&arena);
  bytes_clear(&json);
  bytes_clear(&npz);
  free(prefix);
  free(file_name);
  free(json_path);
  free(npz_path);
  free(dir);
  return TF_OK;
}

static void test_corpus(void **state) {
  (void)state;
  int count = 0;
  assert_ok(dir_list(DATA, check_one, &count, st));
  assert_int_equal(count, 19);
}

/* A slice as RestoreV2 asks for it, across the stored ones, has the whole tensor's elements (which
 * test_corpus checks). Messages are TensorFlow's. */
static void test_slices(void **state) {
  (void)state;
  CheckpointReader *r;
  TF_Tensor *all, *part;
  assert_ok(checkpoint_reader_open(&r, "tests/data/checkpoints/partitioned/model.ckpt", st));
  assert_ok(checkpoint_reader_read(r, span("rows"), (Span){0}, &all, st));
  assert_ok(checkpoint_reader_read(r, span("rows"), span("10 4 2,7:1,2"), &part, st));
  assert_int_equal(part->dims[0], 7);
  assert_int_equal(part->dims[1], 2);
  for (int i = 0; i < 7; i++)
    for (int k = 0; k < 2; k++)
      assert_memory_equal((float *)part->data + 2 * i + k, (float *)all->data + 4 * (i + 2) + k + 1, 4);
  TF_DeleteTensor(part);
  TF_DeleteTensor(all);

  static const struct {
    const char *name, *spec;
    TF_Code code;
    const char *message;
  } wrong[] = {
      {"nope", "", TF_NOT_FOUND, "Key nope not found in checkpoint"},
      {"nope", "7 3 -:-", TF_NOT_FOUND, "Key nope not found in checkpoint"},
      {"rows", "7", TF_INVALID_ARGUMENT, "Need least two elements in shape_and_slice specification: 7"},
      {"rows", "10 4", TF_INVALID_ARGUMENT, "Expected a pair of numbers or '-' but got '4': string = 4"},
      {"rows", "10 4 ", TF_INTERNAL, "Mismatching ranks: shape = [10,4], slice = "},
      {"rows", " ", TF_INVALID_ARGUMENT, "Non numerical dimension in shape_and_slice:  "},
      {"rows", "10 5 -:-", TF_INVALID_ARGUMENT,
       "tensor_name = rows; shape in shape_and_slice spec [10,5] does not match the shape stored in "
       "checkpoint: [10,4]"},
      {"rows", "10 4 8,3:-", TF_INTERNAL,
       "Extent in dimension 0 out of bounds: shape = [10,4], slice = 8,3:-"},
  };
  for (size_t i = 0; i < SM_COUNTOF(wrong); i++) {
    TF_Status st = {0};
    assert_int_equal(checkpoint_reader_read(r, span(wrong[i].name), span(wrong[i].spec), &part, &st),
                     wrong[i].code);
    assert_string_equal(st.message, wrong[i].message);
    assert_null(part);
  }
  TF_Status st = {0};
  CheckpointRead read = {.name = span("rows"), .dtype = TF_INT32};
  assert_int_equal(checkpoint_reader_read_all(r, &read, 1, &st), TF_INVALID_ARGUMENT);
  assert_string_equal(st.message,
                      "tensor_name = rows; expected dtype int32 does not equal original dtype float");
  checkpoint_reader_free(r);
}

static void test_v1_errors(void **state) {
  (void)state;
  CheckpointReader *r;
  TF_Tensor *t;
  TF_Status st = {0};
  assert_ok(checkpoint_reader_open(&r, "tests/data/checkpoints/v1_format/model.ckpt", st));
  assert_int_equal(checkpoint_reader_version(r), 1);
  assert_int_equal(checkpoint_reader_read(r, span("nope"), (Span){0}, &t, &st), TF_NOT_FOUND);
  assert_string_equal(
      st.message,
      "Tensor name \"nope\" not found in checkpoint files tests/data/checkpoints/v1_format/model.ckpt");
  checkpoint_reader_free(r);
  assert_int_equal(checkpoint_reader_open(&r, "tests/data/nope", &st), TF_NOT_FOUND);
  assert_string_equal(
      st.message,
      "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for tests/data/nope");
  assert_int_equal(checkpoint_reader_open(&r, "tests/data", &st), TF_DATA_LOSS);
  assert_string_equal(
      st.message,
      "Unable to open table file tests/data: FAILED_PRECONDITION: tests/data; Is a directory: perhaps "
      "your file is in a different file format and you need to use a different restore operator?");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus), cmocka_unit_test(test_slices),
                                     cmocka_unit_test(test_v1_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
