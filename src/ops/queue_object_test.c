/* Queues between threads: who waits is woken, and ends with its step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/status_impl.h"
#include "ops/queue_object.h"

#include <cmocka.h>

enum { COUNT = 2000 };

static const TF_DataType types[] = {TF_INT64};
static const Shape shapes[] = {{.rank = 0}};
static atomic_bool cancelled, given_up;

static Queue *new_queue(QueueKind kind, int64_t capacity) {
  const QueueSpec spec = {.kind = kind,
                          .name = "q",
                          .num_components = 1,
                          .types = types,
                          .num_shapes = 1,
                          .shapes = shapes,
                          .capacity = capacity,
                          .seeds = {1, 2}};
  Queue *q = NULL;
  TF_Status st = {0};
  assert_int_equal(queue_new(&spec, &q, &st), TF_OK);
  return q;
}

static TF_Code put(Queue *q, const StepEnv *env, int64_t value, TF_Status *st) {
  Tensor t = {0};
  TRY(tensor_alloc(&t, TF_INT64, NULL, 0, st));
  *(int64_t *)t.data = value;
  return queue_enqueue(q, env, &t, st);
}

static void *produce(void *arg) {
  const StepEnv env = {.cancelled = &cancelled};
  TF_Status st = {0};
  for (int64_t i = 0; i < COUNT; i++)
    if (put(arg, &env, i, &st)) return arg;
  return queue_close(arg, false, &st) ? arg : NULL;
}

/* A place for three, one thread that fills and one that empties. */
static void test_threads(void **state) {
  (void)state;
  const StepEnv env = {.cancelled = &cancelled};
  Queue *q = new_queue(QUEUE_FIFO, 3);
  pthread_t thread;
  TF_Status st = {0};
  void *failed;
  assert_int_equal(pthread_create(&thread, NULL, produce, q), 0);
  for (int64_t i = 0; i < COUNT; i++) {
    Tensor t = {0};
    assert_int_equal(queue_dequeue(q, &env, &t, 1, &st), TF_OK);
    assert_int_equal(*(int64_t *)t.data, i);
    tensor_clear(&t);
  }
  Tensor none = {0};
  assert_int_equal(queue_dequeue(q, &env, &none, 1, &st), TF_OUT_OF_RANGE);
  pthread_join(thread, &failed);
  assert_null(failed);
  object_unref(q);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void test_deadline(void **state) {
  (void)state;
  const StepEnv env = {.cancelled = &cancelled, .deadline_ns = now_ns() + 20000000};
  Queue *q = new_queue(QUEUE_FIFO, 1);
  TF_Status st = {0};
  Tensor t = {0};
  assert_int_equal(queue_dequeue(q, &env, &t, 1, &st), TF_DEADLINE_EXCEEDED);
  assert_string_equal(TF_Message(&st), "Timed out waiting for notification");
  assert_true(now_ns() >= env.deadline_ns);
  TF_SetStatus(&st, TF_OK, "");
  assert_int_equal(put(q, &env, 1, &st), TF_OK); /* what need not wait has no time to run out of */
  assert_int_equal(put(q, &env, 2, &st), TF_DEADLINE_EXCEEDED);
  object_unref(q);
}

static void *give_up(void *arg) {
  nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  atomic_store((atomic_bool *)arg, true);
  return NULL;
}

static void test_cancel(void **state) {
  (void)state;
  const StepEnv env = {.cancelled = &cancelled, .caller_cancelled = &given_up};
  Queue *q = new_queue(QUEUE_PRIORITY, 1);
  pthread_t thread;
  TF_Status st = {0};
  Tensor t = {0};
  atomic_store(&given_up, false);
  assert_int_equal(pthread_create(&thread, NULL, give_up, &given_up), 0);
  assert_int_equal(queue_dequeue(q, &env, &t, 1, &st), TF_CANCELLED);
  pthread_join(thread, NULL);
  object_unref(q);
}

static void *close_and_cancel(void *arg) {
  TF_Status st = {0};
  nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  return queue_close(arg, true, &st) ? arg : NULL;
}

/* Closing with cancel_pending_enqueues ends those who wait for room. */
static void test_close_pending(void **state) {
  (void)state;
  const StepEnv env = {.cancelled = &cancelled};
  Queue *q = new_queue(QUEUE_FIFO, 1);
  pthread_t thread;
  TF_Status st = {0};
  assert_int_equal(put(q, &env, 1, &st), TF_OK);
  assert_int_equal(pthread_create(&thread, NULL, close_and_cancel, q), 0);
  assert_int_equal(put(q, &env, 2, &st), TF_CANCELLED);
  pthread_join(thread, NULL);
  assert_int_equal(queue_size(q), 1);
  object_unref(q);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads), cmocka_unit_test(test_deadline),
                                     cmocka_unit_test(test_cancel), cmocka_unit_test(test_close_pending)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
