/* The state file: what TensorFlow wrote is understood, what we write has TensorFlow's text; paths relative
 * and absolute; the latest checkpoint only if its files are there. */
#include "checkpoint/checkpoint_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/test_folder.h"
#include "base/test_status.h"

#include <cmocka.h> /* last: it has a macro fail() */

static int enter(void **state) { return test_folder_enter(state) || mkdir("sub", 0777); }

static void put(const char *path, const char *text) {
  assert_ok(file_write_atomic(path, (Span){text, strlen(text)}, false, st));
}

static void check_text(const char *path, const char *want) {
  Bytes text = {0};
  assert_ok(file_read(&text, path, 1 << 20, st));
  assert_string_equal(text.data, want);
  bytes_clear(&text);
}

/* From the repository: expected paths are in tests/data/checkpoints/state_file/state.json. */
static void test_of_tensorflow(void **state) {
  (void)state;
  CheckpointState s;
  char *latest;
  assert_ok(checkpoint_state_read(&s, "tests/data/checkpoints/state_file/sub", NULL, st));
  assert_string_equal(s.latest, "tests/data/checkpoints/state_file/sub/model-5000");
  assert_int_equal(s.path_count, 3);
  assert_string_equal(s.paths[0], "tests/data/checkpoints/state_file/sub/model-30");
  assert_string_equal(s.paths[2], "tests/data/checkpoints/state_file/sub/model-5000");
  assert_null(s.timestamps);
  checkpoint_state_clear(&s);
  assert_ok(checkpoint_latest("tests/data/checkpoints/state_file/sub", NULL, &latest, st));
  assert_string_equal(latest, "tests/data/checkpoints/state_file/sub/model-5000");
  free(latest);
  /* CheckpointManager's, with times. */
  assert_ok(checkpoint_state_read(&s, "tests/data/checkpoints/object_based/tf_ckpts", NULL, st));
  assert_int_equal(s.path_count, 2);
  assert_non_null(s.timestamps);
  assert_true(s.timestamps[1] >= s.timestamps[0] && s.timestamps[0] > 1.5e9);
  assert_true(s.last_preserved > 1.5e9);
  checkpoint_state_clear(&s);
  assert_ok(checkpoint_latest("tests/data/checkpoints/v1_format", NULL, &latest, st));
  assert_string_equal(latest, "tests/data/checkpoints/v1_format/model.ckpt");
  free(latest);
}

static void test_write(void **state) {
  (void)state;
  CheckpointState s = {0};
  /* Saver.save("sub/model", global_step=...): relative to the state file's folder, no times. */
  assert_ok(checkpoint_state_add(&s, "sub/model-1", -1, st));
  assert_ok(checkpoint_state_add(&s, "sub/model-2", -1, st));
  assert_ok(checkpoint_state_add(&s, "sub/model-1", -1, st)); /* saved again: the newest now */
  assert_ok(checkpoint_state_write(&s, "sub", NULL, false, false, st));
  check_text("sub/checkpoint",
             "model_checkpoint_path: \"model-1\"\n"
             "all_model_checkpoint_paths: \"model-2\"\n"
             "all_model_checkpoint_paths: \"model-1\"\n");
  checkpoint_state_clear(&s);
  assert_ok(checkpoint_state_read(&s, "sub", NULL, st));
  assert_string_equal(s.paths[0], "sub/model-2");
  char *taken = checkpoint_state_take(&s, 0);
  assert_string_equal(taken, "sub/model-2");
  free(taken);
  assert_int_equal(s.path_count, 1);
  checkpoint_state_clear(&s);
  /* Elsewhere than the state file. */
  assert_ok(checkpoint_state_add(&s, "other/./deep/../model", -1, st));
  assert_ok(checkpoint_state_write(&s, "sub/", "latest", false, false, st));
  check_text("sub/latest",
             "model_checkpoint_path: \"../other/model\"\n"
             "all_model_checkpoint_paths: \"../other/model\"\n");
  checkpoint_state_clear(&s);
  /* Absolute paths stay, unless relative ones are asked for. */
  char *absolute = path_join(test_folder, "sub/model-7"), want[256];
  assert_ok(checkpoint_state_add(&s, absolute, 12.5, st));
  s.last_preserved = 2.5;
  char *absolute_dir = path_join(test_folder, "sub");
  assert_ok(checkpoint_state_write(&s, absolute_dir, NULL, false, true, st));
  snprintf(want, sizeof want,
           "model_checkpoint_path: \"%s\"\nall_model_checkpoint_paths: "
           "\"%s\"\nall_model_checkpoint_timestamps: 12.5\n"
           "last_preserved_timestamp: 2.5\n",
           absolute, absolute);
  check_text("sub/checkpoint", want);
  assert_ok(checkpoint_state_write(&s, absolute_dir, NULL, true, true, st));
  check_text("sub/checkpoint",
             "model_checkpoint_path: \"model-7\"\nall_model_checkpoint_paths: \"model-7\"\n"
             "all_model_checkpoint_timestamps: 12.5\nlast_preserved_timestamp: 2.5\n");
  checkpoint_state_clear(&s);
  free(absolute);
  free(absolute_dir);
}

static void test_latest(void **state) {
  (void)state;
  char *latest;
  TF_Status st = {0};
  assert_ok(checkpoint_latest("sub", NULL, &latest, st));
  assert_null(latest);
  put("sub/checkpoint", "model_checkpoint_path: \"m-3\"\n");
  assert_ok(checkpoint_latest("sub", NULL, &latest, st));
  assert_null(latest); /* its files are gone */
  put("sub/m-3-00000-of-00002", "V1, sharded");
  assert_ok(checkpoint_latest("sub", NULL, &latest, st));
  assert_string_equal(latest, "sub/m-3");
  free(latest);
  /* The state file of Saver(sharded=True, write_version=V1). */
  put("sub/checkpoint", "model_checkpoint_path: \"m-3-?\?\?\?\?-of-00002\"\n");
  assert_ok(checkpoint_latest("sub", NULL, &latest, st));
  assert_string_equal(latest, "sub/m-3-?\?\?\?\?-of-00002");
  free(latest);
  put("sub/checkpoint", "model_checkpoint_path: \"m-3-?\?\?\?\?-of-00003\"\n");
  assert_ok(checkpoint_latest("sub", NULL, &latest, st));
  assert_null(latest);
  put("sub/checkpoint", "model_checkpoint_path: \"m-3\"\nnonsense: 1\n");
  assert_int_equal(checkpoint_latest("sub", NULL, &latest, &st), TF_INVALID_ARGUMENT);
  assert_non_null(strstr(st.message, "sub/checkpoint: "));
  assert_non_null(strstr(st.message, "2:"));
}

static void test_remove(void **state) {
  (void)state;
  static const char *const gone[] = {"sub/m-1.index", "sub/m-1.data-00000-of-00002",
                                     "sub/m-1.data-00001-of-00002", "sub/m-1.meta"};
  static const char *const stay[] = {"sub/m-10.index", "sub/m-1.data-00000", "sub/m-10.data-00000-of-00001",
                                     "sub/m-1x"};
  for (int i = 0; i < 4; i++) {
    put(gone[i], "x");
    put(stay[i], "x");
  }
  assert_ok(checkpoint_remove("sub/m-1", true, st));
  for (int i = 0; i < 4; i++) {
    assert_false(file_exists(gone[i]));
    assert_true(file_exists(stay[i]));
  }
  assert_ok(checkpoint_remove("sub/m-1", true, st));
  assert_ok(checkpoint_remove("nowhere/m-1", true, st));
  static const char *const v1[] = {"sub/m-1-00000-of-00002", "sub/m-1-00001-of-00002", "sub/m-1.meta",
                                   "sub/m-1-00000-of-00003"};
  for (int i = 0; i < 4; i++) put(v1[i], "x");
  assert_ok(checkpoint_remove("sub/m-1-?\?\?\?\?-of-00002", true, st));
  for (int i = 0; i < 4; i++) assert_int_equal(file_exists(v1[i]), i == 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_of_tensorflow),
                                     cmocka_unit_test_setup_teardown(test_write, enter, test_folder_leave),
                                     cmocka_unit_test_setup_teardown(test_latest, enter, test_folder_leave),
                                     cmocka_unit_test_setup_teardown(test_remove, enter, test_folder_leave)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
