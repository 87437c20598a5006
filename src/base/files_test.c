/* Files: paths, folders, atomic writing, mappings that outlive a rename, the hook. */
#include "base/files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/test_folder.h"
#include "base/test_status.h"

#include <cmocka.h> /* last: it has a macro fail() */

static void check_path(char *got, const char *want) {
  assert_string_equal(got, want);
  free(got);
}

static void test_paths(void **state) {
  (void)state;
  check_path(path_dirname("a/b/c"), "a/b");
  check_path(path_dirname("a//b"), "a");
  check_path(path_dirname("/a"), "/");
  check_path(path_dirname("a"), ".");
  assert_string_equal(path_basename("a/b"), "b");
  assert_string_equal(path_basename("b"), "b");
  check_path(path_join("a", "b"), "a/b");
  check_path(path_join("a/", "b"), "a/b");
  check_path(path_join("", "b"), "b");
  check_path(path_join("a", "/b"), "/b");
}

static void check_content(const char *path, const char *want) {
  Bytes text = {0};
  assert_ok(file_read(&text, path, 1000, st));
  assert_string_equal(text.data, want);
  bytes_clear(&text);
}

static TF_Code count_names(void *arg, const char *name, TF_Status *st) {
  (void)name, (void)st;
  ++*(int *)arg;
  return TF_OK;
}

static void test_atomic(void **state) {
  (void)state;
  TF_Status st = {0};
  int names = 0;
  assert_ok(file_write_atomic("new/deep/f", (Span){"one", 3}, true, st));
  FileMap *map;
  assert_ok(file_map_open(&map, "new/deep/f", st));
  assert_ok(file_write_atomic("new/deep/f", (Span){"twelve", 6}, false, st));
  check_content("new/deep/f", "twelve");
  assert_int_equal(file_map_span(map).size, 3); /* the old file */
  assert_memory_equal(file_map_span(map).data, "one", 3);
  char part[2];
  assert_ok(file_map_read(map, part, 2, 1, st));
  assert_memory_equal(part, "ne", 2);
  assert_int_equal(file_map_read(map, part, 2, 2, &st), TF_OUT_OF_RANGE);
  file_map_close_file(map);
  assert_ok(file_map_read(map, part, 2, 1, st));
  assert_int_equal(file_map_read(map, part, 2, 2, &st), TF_OUT_OF_RANGE);
  file_map_unref(file_map_ref(map));
  file_map_unref(map);
  assert_ok(file_write_atomic("new/deep/f", (Span){NULL, 0}, false, st));
  check_content("new/deep/f", "");
  assert_ok(file_map_open(&map, "new/deep/f", st));
  assert_int_equal(file_map_span(map).size, 0);
  file_map_unref(map);
  assert_ok(dir_list("new/deep", count_names, &names, st));
  assert_int_equal(names, 1); /* nothing temporary */
}

/* Not committed: the old file stays, the temporary one goes. */
static void test_given_up(void **state) {
  (void)state;
  FileWriter w;
  int names = 0;
  assert_ok(file_write_atomic("f", (Span){"old", 3}, false, st));
  assert_ok(file_writer_open(&w, "f", st));
  assert_ok(file_writer_reserve(&w, 1000, st));
  assert_ok(file_writer_write_at(&w, 10, "x", 1, st));
  file_writer_close(&w);
  file_writer_close(&w);
  check_content("f", "old");
  assert_ok(dir_list(".", count_names, &names, st));
  assert_int_equal(names, 1);
}

static void check_error(TF_Code got, TF_Code want, TF_Status *st, const char *message) {
  assert_int_equal(got, want);
  assert_string_equal(st->message, message);
  *st = (TF_Status){0};
}

static void test_errors(void **state) {
  (void)state;
  TF_Status st = {0};
  FileMap *map;
  Bytes bytes = {0};
  check_error(file_map_open(&map, "nope", &st), TF_NOT_FOUND, &st, "nope; No such file or directory");
  check_error(file_map_open(&map, ".", &st), TF_FAILED_PRECONDITION, &st, ".; Is a directory");
  assert_int_equal(mkfifo("pipe", 0600), 0); /* opening it would wait for a writer */
  check_error(file_map_open(&map, "pipe", &st), TF_FAILED_PRECONDITION, &st,
              "pipe: is a pipe or a device, not a file");
  check_error(file_read(&bytes, "pipe", 4, &st), TF_FAILED_PRECONDITION, &st,
              "pipe: is a pipe or a device, not a file");
  assert_ok(file_write_atomic("f", (Span){"12345", 5}, false, st));
  check_error(file_read(&bytes, "f", 4, &st), TF_OUT_OF_RANGE, &st, "f: larger than 4 bytes");
  check_error(dir_make_all("f/g", &st), TF_FAILED_PRECONDITION, &st, "f; Not a directory");
  assert_ok(file_remove("nope", st));
  assert_ok(dir_make_all("d/e", st));
  check_error(dir_remove("d", &st), TF_FAILED_PRECONDITION, &st, "d; Directory not empty");
  bytes_clear(&bytes);
}

static int refuse(void *arg, const char *operation, const char *path) {
  (void)path;
  return strcmp(operation, arg) ? 0 : EIO;
}

static void test_hook(void **state) {
  (void)state;
  static const char *const operations[] = {"open", "write", "fsync", "rename", "mkdir"};
  for (size_t i = 0; i < SM_COUNTOF(operations); i++) {
    TF_Status st = {0};
    char path[32];
    snprintf(path, sizeof path, "dir%zu/f", i);
    file_hook_set(refuse, (void *)operations[i]);
    assert_int_not_equal(file_write_atomic(path, (Span){"x", 1}, true, &st), TF_OK);
    file_hook_set(NULL, NULL);
    assert_non_null(strstr(st.message, "Input/output error"));
    assert_false(file_exists(path));
    assert_ok(file_write_atomic(path, (Span){"x", 1}, true, st));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_paths),
      cmocka_unit_test_setup_teardown(test_atomic, test_folder_enter, test_folder_leave),
      cmocka_unit_test_setup_teardown(test_given_up, test_folder_enter, test_folder_leave),
      cmocka_unit_test_setup_teardown(test_errors, test_folder_enter, test_folder_leave),
      cmocka_unit_test_setup_teardown(test_hook, test_folder_enter, test_folder_leave)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
