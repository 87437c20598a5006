#include "serving/version_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

static void test_numbers(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int64_t number;
  } good[] = {{"1", 1}, {"00000123", 123}, {"-1", -1}, {"+5", 5}, {"9223372036854775807", INT64_MAX}};
  static const char *const bad[] = {"",    "a", "1a", "1.", "0x1", "-", "+-1", "9223372036854775808",
                                    "1 x", ".", "..", "1e3"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    int64_t number = 77;
    assert_true(version_number_of(good[i].name, &number));
    assert_int_equal(number, good[i].number);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int64_t number;
    if (version_number_of(bad[i], &number)) fail_msg("%s", bad[i]);
  }
}

/* The paths that a policy selects, joined by spaces. */
static const char *select_names(VersionPolicy policy, char out[256]) {
  static const char *const names[] = {"1", "copying", "10", "2", "01", ".", "..", "9"};
  ModelConfig model = {.name = "m", .base_path = "/b", .policy = policy};
  Arena arena = {0};
  AspiredVersion *versions;
  size_t count;
  assert_true(version_select(&model, names, 8, &arena, &versions, &count));
  out[0] = 0;
  for (size_t i = 0; i < count; i++)
    snprintf(out + strlen(out), 256 - strlen(out), "%lld=%s ", (long long)versions[i].number,
             versions[i].path);
  arena_clear(&arena);
  return out;
}

static void test_policies(void **state) {
  (void)state;
  char text[256];
  log_set_level(LOG_LEVEL_NONE);
  assert_string_equal(select_names((VersionPolicy){.kind = POLICY_LATEST, .latest_count = 1}, text),
                      "10=/b/10 ");
  assert_string_equal(select_names((VersionPolicy){.kind = POLICY_LATEST, .latest_count = 2}, text),
                      "10=/b/10 9=/b/9 ");
  assert_string_equal(select_names((VersionPolicy){.kind = POLICY_ALL}, text),
                      "10=/b/10 9=/b/9 2=/b/2 1=/b/1 ");
  assert_string_equal(select_names((VersionPolicy){.kind = POLICY_LATEST, .latest_count = 99}, text),
                      "10=/b/10 9=/b/9 2=/b/2 1=/b/1 "); /* of "01" and "1" the one that sorts last */
  assert_string_equal(
      select_names(
          (VersionPolicy){.kind = POLICY_SPECIFIC, .versions = (int64_t[]){1, 9, 33}, .version_count = 3},
          text),
      "9=/b/9 1=/b/1 ");
  assert_string_equal(select_names((VersionPolicy){.kind = POLICY_SPECIFIC}, text), "");
}

static void test_directories(void **state) {
  (void)state;
  ModelConfig model = {.name = "m",
                       .base_path = "tests/data/models/seed_versions",
                       .policy = {.kind = POLICY_ALL}};
  Arena arena = {0};
  AspiredVersion *versions;
  size_t count;
  TF_Status *st = TF_NewStatus();
  assert_int_equal(version_source_poll(&model, &arena, &versions, &count, st), TF_OK);
  assert_int_equal(count, 3);
  assert_string_equal(versions[1].path, "tests/data/models/seed_versions/2");
  model.base_path = "tests/data/nowhere";
  assert_int_equal(version_source_poll(&model, &arena, &versions, &count, st), TF_NOT_FOUND);
  assert_string_equal(TF_Message(st),
                      "Could not find base path tests/data/nowhere for servable m with error NOT_FOUND: "
                      "tests/data/nowhere not found");
  TF_DeleteStatus(st);
  arena_clear(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_policies),
                                     cmocka_unit_test(test_directories)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
