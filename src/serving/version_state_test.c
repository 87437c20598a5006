/* The state machine step by step; time is a number. */
#include "serving/version_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const VersionRetry retry = {2, 100};

/* The wanted set, by numbers that end in 0. */
static void aspire(VersionList *list, const int64_t *numbers) {
  AspiredVersion aspired[8];
  size_t n = 0;
  for (; numbers[n]; n++) aspired[n] = (AspiredVersion){numbers[n], "/p"};
  assert_true(version_list_aspire(list, aspired, n));
}
#define ASPIRE(list, ...) aspire(list, (int64_t[]){__VA_ARGS__})

static void expect(const VersionList *list, int64_t now, VersionActionKind kind, int64_t number) {
  VersionAction action = version_next_action(list, now);
  assert_int_equal(action.kind, kind);
  if (kind != VERSION_NOTHING) assert_int_equal(action.entry->number, number);
}

static VersionState state_of(const VersionList *list, int64_t number) {
  return version_find(list, number)->state;
}

static void load(VersionList *list, int64_t number) {
  version_load_started(list, number);
  assert_int_equal(state_of(list, number), VERSION_LOADING);
  version_load_done(list, number, list);
}

static void unload(VersionList *list, int64_t number) {
  version_unload_started(list, number);
  assert_int_equal(state_of(list, number), VERSION_UNLOADING);
  version_unload_done(list, number);
}

static void test_new_version_beside_the_old(void **state) {
  (void)state;
  VersionList list = {0};
  expect(&list, 0, VERSION_NOTHING, 0);
  ASPIRE(&list, 1, 0);
  expect(&list, 0, VERSION_LOAD, 1);
  load(&list, 1);
  expect(&list, 0, VERSION_NOTHING, 0);
  ASPIRE(&list, 2, 0);
  expect(&list, 0, VERSION_LOAD, 2); /* 1 stays until 2 is there */
  version_load_started(&list, 2);
  expect(&list, 0, VERSION_NOTHING, 0);
  assert_int_equal(version_latest(&list)->number, 1);
  version_load_done(&list, 2, &list);
  assert_int_equal(version_latest(&list)->number, 2);
  expect(&list, 0, VERSION_UNLOAD, 1);
  unload(&list, 1);
  expect(&list, 0, VERSION_NOTHING, 0);
  assert_int_equal(state_of(&list, 1), VERSION_END); /* still listed, highest first */
  assert_int_equal(list.count, 2);
  assert_int_equal(list.entries[0].number, 2);
  version_list_clear(&list);
}

static void test_failed_version_leaves_the_old(void **state) {
  (void)state;
  VersionList list = {0};
  ASPIRE(&list, 1, 0);
  load(&list, 1);
  ASPIRE(&list, 2, 0);
  version_load_started(&list, 2);
  assert_true(version_load_failed(&list, 2, TF_NOT_FOUND, "gone", &retry, 1000));
  expect(&list, 1099, VERSION_NOTHING, 0);
  assert_int_equal(version_next_time(&list), 1100);
  expect(&list, 1100, VERSION_LOAD, 2);
  version_load_started(&list, 2);
  assert_true(version_load_failed(&list, 2, TF_NOT_FOUND, "gone", &retry, 2000));
  version_load_started(&list, 2);
  assert_false(version_load_failed(&list, 2, TF_NOT_FOUND, "gone", &retry, 3000)); /* 1 + 2 tries */
  assert_int_equal(state_of(&list, 2), VERSION_END);
  assert_int_equal(version_find(&list, 2)->code, TF_NOT_FOUND);
  assert_string_equal(version_find(&list, 2)->message, "gone");
  expect(&list, 9999, VERSION_NOTHING, 0); /* 1 serves on, 2 is not tried again */
  ASPIRE(&list, 2, 0);
  expect(&list, 9999, VERSION_NOTHING, 0);
  assert_int_equal(version_latest(&list)->number, 1);
  ASPIRE(&list, 1, 0);
  ASPIRE(&list, 2, 0); /* wanted anew after a while: tried again */
  expect(&list, 9999, VERSION_LOAD, 2);
  version_list_clear(&list);
}

static void test_highest_first_and_lowest_goes_first(void **state) {
  (void)state;
  VersionList list = {0};
  ASPIRE(&list, 1, 3, 2, 0);
  expect(&list, 0, VERSION_LOAD, 3);
  load(&list, 3);
  expect(&list, 0, VERSION_LOAD, 2);
  load(&list, 2);
  load(&list, 1);
  ASPIRE(&list, 9, 0);
  expect(&list, 0, VERSION_UNLOAD, 1); /* more than one unwanted is ready: no need to keep all */
  unload(&list, 1);
  expect(&list, 0, VERSION_UNLOAD, 2);
  unload(&list, 2);
  expect(&list, 0, VERSION_LOAD, 9); /* the last one stays */
  load(&list, 9);
  expect(&list, 0, VERSION_UNLOAD, 3);
  version_list_clear(&list);
}

static void test_nothing_wanted(void **state) {
  (void)state;
  VersionList list = {0};
  ASPIRE(&list, 1, 2, 0);
  load(&list, 2);
  aspire(&list, (int64_t[]){0});
  assert_null(version_find(&list, 1)); /* never started: forgotten */
  expect(&list, 0, VERSION_UNLOAD, 2);
  assert_false(version_list_idle(&list));
  unload(&list, 2);
  assert_true(version_list_idle(&list));
  version_list_clear(&list);
}

static void test_wanted_again_while_unloading(void **state) {
  (void)state;
  VersionList list = {0};
  ASPIRE(&list, 1, 0);
  load(&list, 1);
  ASPIRE(&list, 2, 0);
  load(&list, 2);
  version_unload_started(&list, 1);
  ASPIRE(&list, 1, 2, 0);
  expect(&list, 0, VERSION_NOTHING, 0);
  version_unload_done(&list, 1);
  expect(&list, 0, VERSION_LOAD, 1);
  version_list_clear(&list);
}

static void test_unwanted_while_loading(void **state) {
  (void)state;
  VersionList list = {0};
  ASPIRE(&list, 1, 2, 0);
  load(&list, 2);
  version_load_started(&list, 1);
  ASPIRE(&list, 2, 0);
  expect(&list, 0, VERSION_NOTHING, 0);
  version_load_done(&list, 1, &list);
  expect(&list, 0, VERSION_UNLOAD, 1);
  unload(&list, 1);
  ASPIRE(&list, 1, 2, 0); /* and one that waits for its next try */
  version_load_started(&list, 1);
  assert_true(version_load_failed(&list, 1, TF_DATA_LOSS, "bad", &retry, 0));
  ASPIRE(&list, 2, 0);
  assert_int_equal(state_of(&list, 1), VERSION_END);
  assert_int_equal(version_find(&list, 1)->code, TF_DATA_LOSS);
  assert_int_equal(version_next_time(&list), INT64_MAX);
  version_list_clear(&list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_new_version_beside_the_old),
      cmocka_unit_test(test_failed_version_leaves_the_old),
      cmocka_unit_test(test_highest_first_and_lowest_goes_first),
      cmocka_unit_test(test_nothing_wanted),
      cmocka_unit_test(test_wanted_again_while_unloading),
      cmocka_unit_test(test_unwanted_while_loading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
