/* Saving is killed, and fails, at every single file operation. Each time the checkpoint that the state file
 * names must be whole, be it the old one or the new one; nothing temporary may stay behind a failure; and the
 * next save works. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/status_impl.h"
#include "checkpoint/bundle_writer.h"
#include "checkpoint/checkpoint_reader.h"
#include "checkpoint/checkpoint_state.h"
#include "checkpoint/v1_checkpoint.h"
#include "tensor/tensor.h"

#include <cmocka.h> /* last: it has a macro fail() */

enum { TENSORS = 3, KILLED = 99 };

static Span span(const char *text) { return (Span){text, strlen(text)}; }

/* Tensor i of checkpoint number `value`: a few blocks of the file, all of it telling which one it is. */
static TF_Tensor *make_tensor(int i, int value) {
  int64_t dims[] = {(int64_t[]){3, 90000, 1000}[i]};
  TF_Tensor *t = TF_AllocateTensor(TF_INT32, dims, 1, (size_t)dims[0] * 4);
  for (int64_t k = 0; k < dims[0]; k++) ((int32_t *)t->data)[k] = value * 1000 + i;
  return t;
}

static const char *const names[TENSORS] = {"b", "a/long/name", "c"};

static TF_Code save_v2(const char *prefix, int value, TF_Status *st) {
  BundleWriter *w;
  TRY(bundle_writer_open(&w, prefix, NULL, st));
  for (int i = 0; i < TENSORS; i++) {
    TF_Tensor *t = make_tensor(i, value);
    bundle_writer_add(w, span(names[i]), t, st);
    TF_DeleteTensor(t);
  }
  if (!st->code) bundle_writer_finish(w, st);
  bundle_writer_free(w);
  return st->code;
}

static TF_Code save_v1(const char *prefix, int value, TF_Status *st) {
  V1Writer *w;
  TRY(v1_writer_open(&w, prefix, false, st));
  for (int i = 0; i < TENSORS; i++) {
    TF_Tensor *t = make_tensor(i, value);
    v1_writer_add(w, span(names[i]), t->dims, t->rank, NULL, t, st);
    TF_DeleteTensor(t);
  }
  if (!st->code) v1_writer_finish(w, st);
  v1_writer_free(w);
  return st->code;
}

static TF_Code save_sharded(const char *prefix, int value, TF_Status *st) {
  char part[TENSORS][128];
  const char *parts[TENSORS];
  for (int i = 0; i < TENSORS; i++) {
    BundleWriter *w;
    snprintf(part[i], sizeof part[i], "%s_temp_%d/part-%05d-of-%05d", prefix, value, i, TENSORS);
    parts[i] = part[i];
    TRY(bundle_writer_open(&w, part[i], NULL, st));
    TF_Tensor *t = make_tensor(i, value);
    bundle_writer_add(w, span(names[i]), t, st);
    TF_DeleteTensor(t);
    if (!st->code) bundle_writer_finish(w, st);
    bundle_writer_free(w);
    if (st->code) return st->code;
  }
  return bundle_merge(parts, TENSORS, prefix, false, true, NULL, st);
}

/* ---- what is saved how ---- */

typedef struct Scenario {
  TF_Code (*save)(const char *prefix, int value, TF_Status *st);
  bool same_prefix; /* over the old one; else beside it, and the oldest goes */
} Scenario;

/* A training run's save: the checkpoint, the state file, then the old checkpoint's files. */
static TF_Code save_step(const Scenario *s, const char *dir, int value, TF_Status *st) {
  char prefix[128], old[128];
  CheckpointState state = {0};
  snprintf(prefix, sizeof prefix, s->same_prefix ? "%s/model" : "%s/model-%d", dir, value);
  snprintf(old, sizeof old, "%s/model-%d", dir, value - 1);
  TF_Code code = s->save(prefix, value, st);
  if (!code) code = checkpoint_state_add(&state, prefix, -1, st);
  if (!code) code = checkpoint_state_write(&state, dir, NULL, true, true, st);
  if (!code && !s->same_prefix) code = checkpoint_remove(old, true, st);
  checkpoint_state_clear(&state);
  return code;
}

/* The number of the checkpoint that the state file leads to, which must be whole. */
static int found_checkpoint(const char *dir) {
  TF_Status st = {0};
  char *prefix;
  CheckpointReader *r;
  if (checkpoint_latest(dir, NULL, &prefix, &st)) fail_msg("%s", st.message);
  if (!prefix) fail_msg("no checkpoint found in %s", dir);
  if (checkpoint_reader_open(&r, prefix, &st)) fail_msg("%s", st.message);
  assert_int_equal(checkpoint_reader_count(r), TENSORS);
  int value = -1;
  for (int i = 0; i < TENSORS; i++) {
    TF_Tensor *t;
    if (checkpoint_reader_read(r, span(names[i]), (Span){0}, &t, &st)) fail_msg("%s", st.message);
    int64_t count = tensor_count(t);
    const int32_t *data = t->data;
    if (value < 0) value = data[0] / 1000;
    for (int64_t k = 0; k < count; k++)
      if (data[k] != value * 1000 + i) fail_msg("tensor %s is a mixture", names[i]);
    TF_DeleteTensor(t);
  }
  checkpoint_reader_free(r);
  free(prefix);
  return value;
}

/* ---- folders ---- */

static char dir[64];
static int leftovers;

static int remove_one(const char *path, const struct stat *s, int flag, struct FTW *ftw) {
  (void)s, (void)flag, (void)ftw;
  return remove(path);
}
static int count_leftover(const char *path, const struct stat *s, int flag, struct FTW *ftw) {
  (void)s, (void)flag, (void)ftw;
  if (strstr(path, ".tmp-") || strstr(path, ".link-")) leftovers++;
  return 0;
}

static void new_dir(void) {
  /* Memory, where syncing costs nothing. */
  snprintf(dir, sizeof dir, "%s/checkpoint_crash_XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
  assert_non_null(mkdtemp(dir));
}
static void remove_dir(void) { assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0); }

/* ---- the hook ---- */

typedef struct Trap {
  int at, error; /* error 0: the process ends */
  int count;
  char operation[16]; /* the one that was hit */
} Trap;

static int spring(void *arg, const char *operation, const char *path) {
  Trap *trap = arg;
  (void)path;
  if (trap->count++ != trap->at) return 0;
  snprintf(trap->operation, sizeof trap->operation, "%s", operation);
  if (!trap->error) _exit(KILLED);
  return trap->error;
}

static TF_Code save_trapped(const Scenario *s, int value, Trap *trap, TF_Status *st) {
  file_hook_set(spring, trap);
  TF_Code code = save_step(s, dir, value, st);
  file_hook_set(NULL, NULL);
  return code;
}

static int count_operations(const Scenario *s) {
  TF_Status st = {0};
  Trap trap = {.at = -1};
  new_dir();
  if (save_step(s, dir, 1, &st) || save_trapped(s, 2, &trap, &st)) fail_msg("%s", st.message);
  assert_int_equal(found_checkpoint(dir), 2);
  remove_dir();
  return trap.count;
}

static void must_save(const Scenario *s, int value) {
  TF_Status st = {0};
  if (save_step(s, dir, value, &st)) fail_msg("%s", st.message);
  assert_int_equal(found_checkpoint(dir), value);
}

static void kill_everywhere(const Scenario *s) {
  int operations = count_operations(s), seen[3] = {0};
  assert_true(operations > 8);
  for (int i = 0; i < operations; i++) {
    new_dir();
    must_save(s, 1);
    pid_t child = fork();
    if (child == 0) {
      TF_Status st = {0};
      Trap trap = {.at = i};
      save_trapped(s, 2, &trap, &st);
      _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == KILLED);
    int value = found_checkpoint(dir);
    assert_in_range(value, 1, 2);
    seen[value]++;
    must_save(s, 3); /* over whatever the killed one left */
    remove_dir();
  }
  assert_true(seen[1] > 0);
  assert_true(seen[2] > 0);
}

static void fail_everywhere(const Scenario *s) {
  static const int errors[] = {ENOSPC, EIO};
  int operations = count_operations(s);
  for (int i = 0; i < 2 * operations; i++) {
    TF_Status st = {0};
    Trap trap = {.at = i / 2, .error = errors[i % 2]};
    new_dir();
    must_save(s, 1);
    TF_Code code = save_trapped(s, 2, &trap, &st);
    int value = found_checkpoint(dir);
    assert_in_range(value, 1, 2);
    if (!code) {
      /* Only removing what nobody needs any more may fail unnoticed. */
      if (strcmp(trap.operation, "unlink") && strcmp(trap.operation, "rmdir"))
        fail_msg("operation %d, %s: no error", trap.at, trap.operation);
      assert_int_equal(value, 2);
    } else {
      assert_non_null(
          strstr(st.message, errors[i % 2] == EIO ? "Input/output error" : "No space left on device"));
    }
    leftovers = 0;
    nftw(dir, count_leftover, 8, FTW_PHYS);
    if (leftovers && strcmp(trap.operation, "unlink"))
      fail_msg("operation %d, %s leaves garbage", trap.at, trap.operation);
    must_save(s, 3);
    remove_dir();
  }
}

#define SCENARIO(name, function, same)           \
  static const Scenario name = {function, same}; \
  static void test_kill_##name(void **state) {   \
    (void)state;                                 \
    kill_everywhere(&name);                      \
  }                                              \
  static void test_fail_##name(void **state) {   \
    (void)state;                                 \
    fail_everywhere(&name);                      \
  }

SCENARIO(v2_new, save_v2, false)
SCENARIO(v2_over, save_v2, true)
SCENARIO(v1_new, save_v1, false)
SCENARIO(v1_over, save_v1, true)
SCENARIO(sharded_new, save_sharded, false)
SCENARIO(sharded_over, save_sharded, true)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kill_v2_new),       cmocka_unit_test(test_fail_v2_new),
      cmocka_unit_test(test_kill_v2_over),      cmocka_unit_test(test_fail_v2_over),
      cmocka_unit_test(test_kill_v1_new),       cmocka_unit_test(test_fail_v1_new),
      cmocka_unit_test(test_kill_v1_over),      cmocka_unit_test(test_fail_v1_over),
      cmocka_unit_test(test_kill_sharded_new),  cmocka_unit_test(test_fail_sharded_new),
      cmocka_unit_test(test_kill_sharded_over), cmocka_unit_test(test_fail_sharded_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
