/* The manager with a loader that loads nothing: references, retries, labels, the wait at the start. */
#include "serving/model_manager.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

/* What was loaded; a path that starts with "bad" fails so often as the number behind it says. */
typedef struct Fake {
  atomic_int loads, unloads, failures;
  pthread_mutex_t lock;
  pthread_cond_t changed;
} Fake;

static void tell(Fake *fake, atomic_int *counter) {
  pthread_mutex_lock(&fake->lock);
  atomic_fetch_add(counter, 1);
  pthread_cond_broadcast(&fake->changed);
  pthread_mutex_unlock(&fake->lock);
}

static void await(Fake *fake, atomic_int *counter, int count) {
  pthread_mutex_lock(&fake->lock);
  while (atomic_load(counter) < count) pthread_cond_wait(&fake->changed, &fake->lock);
  pthread_mutex_unlock(&fake->lock);
}

static void *fake_load(void *arg, const char *model, int64_t version, const char *path, TF_Status *st) {
  (void)model;
  (void)version;
  Fake *fake = arg;
  if (!strncmp(path, "bad", 3) && atomic_load(&fake->failures) < atoi(path + 3)) {
    TF_SetStatus(st, TF_DATA_LOSS, "it is bad");
    tell(fake, &fake->failures);
    return NULL;
  }
  tell(fake, &fake->loads);
  return strdup(path);
}

static void fake_unload(void *arg, void *loaded) {
  free(loaded);
  tell(arg, &((Fake *)arg)->unloads);
}

typedef struct Setup {
  Fake fake;
  ModelManager *manager;
  TF_Status *st;
} Setup;

static void start(Setup *s) {
  *s = (Setup){.st = TF_NewStatus()};
  pthread_mutex_init(&s->fake.lock, NULL);
  pthread_cond_init(&s->fake.changed, NULL);
  log_set_level(LOG_LEVEL_NONE);
  s->manager = manager_new(&(ManagerOptions){{2, 0}, 2}, &(ModelLoader){fake_load, fake_unload, &s->fake},
                           s->st);
  assert_non_null(s->manager);
}

static void stop(Setup *s) {
  manager_free(s->manager);
  assert_int_equal(atomic_load(&s->fake.loads), atomic_load(&s->fake.unloads)); /* nothing is left behind */
  TF_DeleteStatus(s->st);
}

static void aspire(Setup *s, int64_t version, const char *path) {
  AspiredVersion one = {version, path};
  assert_int_equal(manager_aspire(s->manager, "m", &one, 1, s->st), TF_OK);
}

static ModelVersion *acquire(Setup *s, VersionChoice choice, int64_t version, const char *label) {
  TF_SetStatus(s->st, TF_OK, "");
  ModelSpec spec = {.name = {"m", 1},
                    .choice = choice,
                    .version = version,
                    .label = {label, label ? strlen(label) : 0}};
  return manager_acquire(s->manager, &spec, s->st);
}

static TF_Code wait_ready(Setup *s) {
  ModelConfig model = {.name = "m", .base_path = "/m"};
  TF_SetStatus(s->st, TF_OK, "");
  return manager_wait_ready(s->manager, &model, 1, s->st);
}

static void test_swap_waits_for_references(void **state) {
  (void)state;
  Setup s;
  start(&s);
  assert_null(acquire(&s, CHOOSE_LATEST, 0, NULL));
  assert_int_equal(TF_GetCode(s.st), TF_NOT_FOUND);
  assert_string_equal(TF_Message(s.st), "Servable not found for request: Latest(m)");
  aspire(&s, 1, "one");
  assert_int_equal(wait_ready(&s), TF_OK);
  ModelVersion *one = acquire(&s, CHOOSE_LATEST, 0, NULL);
  assert_string_equal(model_version_loaded(one), "one");
  aspire(&s, 2, "two");
  await(&s.fake, &s.fake.loads, 2);
  ModelVersion *two = NULL;
  while (!two) two = acquire(&s, CHOOSE_VERSION, 2, NULL); /* loaded, but perhaps not yet entered */
  assert_int_equal(model_version_number(two), 2);
  assert_int_equal(atomic_load(&s.fake.unloads), 0); /* a request still has version 1 */
  assert_string_equal(model_version_loaded(one), "one");
  manager_release(one);
  await(&s.fake, &s.fake.unloads, 1);
  assert_null(acquire(&s, CHOOSE_VERSION, 1, NULL));
  assert_string_equal(TF_Message(s.st), "Servable not found for request: Specific(m, 1)");
  manager_release(two);
  stop(&s);
}

static void test_retries(void **state) {
  (void)state;
  Setup s;
  start(&s);
  aspire(&s, 1, "bad2"); /* the third try is good */
  assert_int_equal(wait_ready(&s), TF_OK);
  assert_int_equal(atomic_load(&s.fake.failures), 2);
  stop(&s);
  start(&s);
  aspire(&s, 7, "bad99");
  assert_int_equal(wait_ready(&s), TF_UNKNOWN);
  assert_int_equal(atomic_load(&s.fake.failures), 3);
  assert_string_equal(TF_Message(s.st),
                      "1 servable(s) did not become available: {{{name: m version: 7} due to error: "
                      "DATA_LOSS: it is bad}, }");
  Arena arena = {0};
  VersionStatus *statuses;
  size_t count;
  assert_true(manager_status(s.manager, (Span){"m", 1}, NULL, &arena, &statuses, &count));
  assert_int_equal(count, 1);
  assert_int_equal(statuses[0].state, VERSION_END);
  assert_int_equal(statuses[0].code, TF_DATA_LOSS);
  assert_string_equal(statuses[0].message, "it is bad");
  arena_clear(&arena);
  stop(&s);
}

static void test_labels(void **state) {
  (void)state;
  Setup s;
  start(&s);
  aspire(&s, 1, "one");
  assert_int_equal(wait_ready(&s), TF_OK);
  VersionLabel good = {"stable", 1}, bad = {"canary", 2};
  assert_int_equal(manager_set_labels(s.manager, "m", &good, 1, false, s.st), TF_OK);
  assert_int_equal(manager_set_labels(s.manager, "m", &bad, 1, false, s.st), TF_FAILED_PRECONDITION);
  assert_string_equal(TF_Message(s.st),
                      "Request to assign label to version 2 of model m, which is not currently available "
                      "for inference");
  ModelVersion *one = acquire(&s, CHOOSE_LABEL, 0, "stable");
  assert_non_null(one);
  manager_release(one);
  assert_null(acquire(&s, CHOOSE_LABEL, 0, "canary"));
  assert_int_equal(TF_GetCode(s.st), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(s.st), "Unrecognized servable version label: canary");
  TF_SetStatus(s.st, TF_OK, "");
  assert_int_equal(manager_set_labels(s.manager, "m", &bad, 1, true, s.st), TF_OK);
  assert_null(acquire(&s, CHOOSE_LABEL, 0, "canary"));
  assert_string_equal(TF_Message(s.st), "Servable not found for request: Specific(m, 2)");
  stop(&s);
}

static void *cancel_main(void *arg) {
  manager_cancel_wait(arg);
  return NULL;
}

static void test_cancelled_wait(void **state) {
  (void)state;
  Setup s;
  pthread_t thread;
  start(&s);
  pthread_create(&thread, NULL, cancel_main, s.manager);
  assert_int_equal(wait_ready(&s), TF_CANCELLED); /* no version ever came */
  pthread_join(thread, NULL);
  stop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_swap_waits_for_references),
                                     cmocka_unit_test(test_retries), cmocka_unit_test(test_labels),
                                     cmocka_unit_test(test_cancelled_wait)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
