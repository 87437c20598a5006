/* Memory comes back to its pool, from any thread and also when the pool is gone. */
#include "tensor/buffer_pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/status_impl.h"

#include <cmocka.h> /* last: it has a macro named fail */

#if defined(__SANITIZE_ADDRESS__)
#define KEEPS 0
#else
#define KEEPS 1
#endif

static BufferPool *new_pool(void) {
  BufferPool *pool = buffer_pool_new();
  buffer_pool_begin(pool, NULL);
  return pool;
}

static void close_pool(BufferPool *pool) {
  buffer_pool_end(pool);
  buffer_pool_close(pool);
}

static void make(BufferPool *pool, Tensor *t, TF_DataType dtype, int64_t n) {
  TF_Status st = {0};
  assert_int_equal(tensor_alloc_in(pool, t, dtype, &n, 1, &st), TF_OK);
  if (!dtype_is_object(dtype)) memset(t->data, 1, (size_t)n * dtype_size(dtype));
}

static void test_memory_is_used_again(void **state) {
  (void)state;
  BufferPool *pool = new_pool();
  Tensor a = {0}, b = {0}, c = {0};
  make(pool, &a, TF_FLOAT, 10);
  make(pool, &b, TF_FLOAT, 10);
  assert_ptr_not_equal(a.buffer, b.buffer);
  TensorBuffer *was = a.buffer;
  tensor_share(&c, &a);
  tensor_clear(&a);
  tensor_clear(&b);
  make(pool, &a, TF_FLOAT, 11);
  assert_ptr_not_equal(a.buffer, was); /* another has it still */
  tensor_clear(&c);
  make(pool, &b, TF_INT64, 5); /* as many bytes */
  make(pool, &c, TF_INT32, 10);
  if (KEEPS) assert_true(b.buffer == was || c.buffer == was);
  assert_int_equal(c.buffer->refs, 1);
  tensor_clear(&a);
  tensor_clear(&b);
  tensor_clear(&c);
  close_pool(pool);
}

static void test_strings_are_empty_again(void **state) {
  (void)state;
  BufferPool *pool = new_pool();
  Tensor a = {0};
  for (int i = 0; i < 3; i++) {
    size_t size = 1;
    make(pool, &a, TF_STRING, 2);
    tstring_data((TF_TString *)a.data + 1, &size);
    assert_int_equal(size, 0);
    assert_true(tstring_set((TF_TString *)a.data + 1, "longer than what a string holds in itself", 41));
    tensor_clear(&a);
    make(pool, &a, TF_INT64, 6); /* as many bytes, and nothing to destroy */
    tensor_clear(&a);
  }
  close_pool(pool);
}

static void test_a_closed_pool(void **state) {
  (void)state;
  BufferPool *pool = new_pool();
  Tensor a = {0}, b = {0};
  make(pool, &a, TF_FLOAT, 10);
  make(pool, &b, TF_FLOAT, 20);
  tensor_clear(&b);
  close_pool(pool);
  assert_int_equal(((char *)a.data)[39], 1);
  tensor_clear(&a); /* leaks and double frees are the sanitizers' to see */
}

/* Of a tensor that grows, only the last few sizes stay. */
static void test_large_memory_does_not_pile_up(void **state) {
  (void)state;
  enum { MB = 1 << 20, SIZES = 20 };
  BufferPool *pool = new_pool();
  Tensor t = {0}, held = {0};
  for (int i = 1; i <= SIZES; i++) {
    make(pool, &t, TF_INT8, i * MB);
    tensor_clear(&held);
    tensor_move(&held, &t);
  }
  tensor_clear(&held);
  int kept = 0;
  for (int i = 1; i <= SIZES; i++) {
    TensorBuffer *b = buffer_pool_take(pool, (size_t)i * MB);
    if (!b) continue;
    kept++;
    tensor_buffer_free(b);
  }
  assert_in_range(kept, 0, 2);
  close_pool(pool);
}

enum { ROUNDS = 20000, HANDS = 8 };

typedef struct Mailbox {
  _Atomic(TensorBuffer *) letters[HANDS];
  atomic_bool done;
} Mailbox;

static void *let_go(void *arg) {
  Mailbox *m = arg;
  for (int i = 0; !atomic_load(&m->done); i++) {
    TensorBuffer *b = atomic_exchange(&m->letters[i % HANDS], NULL);
    Tensor t = {.buffer = b, .dtype = TF_FLOAT};
    tensor_clear(&t);
  }
  return NULL;
}

static void test_another_thread_lets_go(void **state) {
  (void)state;
  Mailbox m = {.done = false};
  pthread_t thread;
  BufferPool *pool = new_pool();
  assert_int_equal(pthread_create(&thread, NULL, let_go, &m), 0);
  for (int i = 0; i < ROUNDS; i++) {
    if (i % 100 == 99) {
      close_pool(pool);
      pool = new_pool();
    }
    Tensor t = {0};
    make(pool, &t, TF_FLOAT, 1 + i % 3);
    t.buffer = atomic_exchange(&m.letters[i % HANDS], t.buffer);
    tensor_clear(&t);
  }
  atomic_store(&m.done, true);
  pthread_join(thread, NULL);
  for (int i = 0; i < HANDS; i++) {
    Tensor t = {.buffer = m.letters[i], .dtype = TF_FLOAT};
    tensor_clear(&t);
  }
  close_pool(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_memory_is_used_again), cmocka_unit_test(test_strings_are_empty_again),
      cmocka_unit_test(test_a_closed_pool), cmocka_unit_test(test_large_memory_does_not_pile_up),
      cmocka_unit_test(test_another_thread_lets_go)};
  return cmocka_run_group_tests_name("buffer pool", tests, NULL, NULL);
}
