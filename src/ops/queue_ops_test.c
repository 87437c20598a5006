/* Queues step by step. Expected values and texts are TensorFlow 2.15's for the same steps. */
#include "ops/op_fixture.h"

static const TF_DataType none[] = {0};

static Attr attr_types(const char *name, const TF_DataType *types, int64_t n) {
  return (Attr){.name = name, .kind = TF_ATTR_TYPE, .is_list = true, .count = n, .v.list_type = types};
}
static Attr attr_shapes(const char *name, const Shape *shapes, int64_t n) {
  return (Attr){.name = name, .kind = TF_ATTR_SHAPE, .is_list = true, .count = n, .v.list_shape = shapes};
}

enum { MOST = 2 };

/* A queue of `n` components, and what is done to it. */
typedef struct Fixture {
  Bench make, enqueue, enqueue_many, dequeue, many, up_to, size, close;
  TF_DataType types[MOST + 1];
  Shape shapes[MOST];
  Tensor handle;
} Fixture;

static Fixture f;

static void open_queue(const char *op, int n, const TF_DataType *types, const Shape *shapes, int num_shapes,
                       int64_t capacity) {
  memset(&f, 0, sizeof f);
  memcpy(f.types, types, (size_t)n * sizeof *types);
  if (num_shapes) memcpy(f.shapes, shapes, (size_t)num_shapes * sizeof *shapes);
  bool key = !strncmp(op, "Priority", 8);
  Attr attrs[] = {attr_types("component_types", f.types, n),
                  attr_shapes("shapes", f.shapes, num_shapes),
                  attr_int("capacity", capacity),
                  attr_text("container", ""),
                  attr_text("shared_name", ""),
                  attr_int("seed", 3),
                  attr_int("seed2", 0),
                  attr_int("min_after_dequeue", 2)};
  const TF_DataType resource[] = {TF_RESOURCE, 0}, size[] = {TF_INT32, 0},
                    counted[] = {TF_RESOURCE, TF_INT32, 0};
  TF_DataType in[MOST + 3] = {TF_RESOURCE}, out[MOST + 2] = {TF_INT64};
  for (int i = 0; i < n; i++) out[i + key] = types[i];
  memcpy(in + 1, out, (size_t)(n + key) * sizeof *out);
  assert_int_equal(bench_open(&f.make, op, "q", none, resource, attrs, 8), TF_OK);
  assert_int_equal(bench_run(&f.make, NULL), TF_OK);
  tensor_share(&f.handle, &f.make.outputs[0]);
  Attr wait[] = {attr_int("timeout_ms", -1), attr_bool("cancel_pending_enqueues", false)};
  bench_open(&f.enqueue, "QueueEnqueueV2", "e", in, none, wait, 1);
  bench_open(&f.enqueue_many, "QueueEnqueueManyV2", "em", in, none, wait, 1);
  bench_open(&f.dequeue, "QueueDequeueV2", "d", resource, out, wait, 1);
  bench_open(&f.many, "QueueDequeueManyV2", "dm", counted, out, wait, 1);
  bench_open(&f.up_to, "QueueDequeueUpToV2", "du", counted, out, wait, 1);
  bench_open(&f.size, "QueueSizeV2", "s", resource, size, NULL, 0);
  bench_open(&f.close, "QueueCloseV2", "c", resource, none, wait + 1, 1);
}

static void close_queue(void) {
  Bench *all[] = {&f.enqueue, &f.enqueue_many, &f.dequeue, &f.many, &f.up_to, &f.size, &f.close, &f.make};
  tensor_clear(&f.handle);
  for (size_t i = 0; i < 8; i++) bench_close(all[i]);
}

static TF_Code on_queue(Bench *b, const Tensor *x, const Tensor *y) {
  return bench_run(b, (BenchInput[]){{&f.handle, NULL}, {x, NULL}, {y, NULL}});
}
static TF_Code take(Bench *b, int32_t n) {
  Tensor t = bench_tensor(TF_INT32, NULL, 0, &n);
  TF_Code code = on_queue(b, &t, NULL);
  tensor_clear(&t);
  return code;
}
static int32_t size_now(void) {
  assert_int_equal(on_queue(&f.size, NULL, NULL), TF_OK);
  return *(int32_t *)f.size.outputs[0].data;
}
static void assert_ints(const Tensor *t, int64_t n, const int32_t *want) {
  assert_int_equal(tensor_count(t), n);
  assert_memory_equal(t->data, want, (size_t)n * sizeof *want);
}
static TF_Code put_ints(Bench *b, const int64_t *dims, int rank, const int32_t *values) {
  Tensor t = bench_tensor(TF_INT32, dims, rank, values);
  TF_Code code = on_queue(b, &t, NULL);
  tensor_clear(&t);
  return code;
}

static void test_fifo(void **state) {
  (void)state;
  const TF_DataType types[] = {TF_FLOAT, TF_INT32};
  const Shape shapes[] = {{.rank = 1, .dims = {2}}, {.rank = 0}};
  open_queue("FIFOQueueV2", 2, types, shapes, 2, 3);
  Tensor x = bench_tensor(TF_FLOAT, (int64_t[]){2}, 1, (float[]){1, 2}),
         y = bench_tensor(TF_INT32, NULL, 0, &(int32_t){3});
  Tensor xs = bench_tensor(TF_FLOAT, (int64_t[]){2, 2}, 2, (float[]){5, 6, 7, 8});
  Tensor ys = bench_tensor(TF_INT32, (int64_t[]){2}, 1, (int32_t[]){4, 5});
  assert_int_equal(on_queue(&f.enqueue, &x, &y), TF_OK);
  assert_int_equal(on_queue(&f.enqueue_many, &xs, &ys), TF_OK);
  assert_int_equal(size_now(), 3);
  /* Full: who is cancelled does not wait. */
  atomic_store(&bench_cancelled, true);
  assert_int_equal(on_queue(&f.enqueue, &x, &y), TF_CANCELLED);
  atomic_store(&bench_cancelled, false);
  assert_int_equal(take(&f.many, 2), TF_OK);
  assert_memory_equal(f.many.outputs[0].data, ((float[]){1, 2, 5, 6}), 16);
  assert_ints(&f.many.outputs[1], 2, (int32_t[]){3, 4});
  assert_int_equal(take(&f.many, 0), TF_OK);
  assert_int_equal(f.many.outputs[0].dims[0], 0);
  assert_int_equal(f.many.outputs[0].dims[1], 2);
  /* What could be taken before the wait was cancelled is in the queue again. */
  atomic_store(&bench_cancelled, true);
  assert_int_equal(take(&f.many, 2), TF_CANCELLED);
  atomic_store(&bench_cancelled, false);
  assert_int_equal(size_now(), 1);
  assert_int_equal(on_queue(&f.enqueue, &xs, &y), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&f.enqueue.status),
                      "Shape mismatch in tuple component 0. Expected [2], got [2,2]");
  assert_int_equal(on_queue(&f.enqueue_many, &xs, &y), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&f.enqueue_many.status),
                      "Shape mismatch in tuple component 1. Expected [2], got []");
  assert_int_equal(take(&f.many, -1), TF_INVALID_ARGUMENT);
  Tensor *all[] = {&x, &y, &xs, &ys};
  for (int i = 0; i < 4; i++) tensor_clear(all[i]);
  close_queue();
}

static void assert_part(const Bench *b, const char *part) {
  assert_non_null(strstr(TF_Message(&b->status), part));
}

static void test_closed(void **state) {
  (void)state;
  const TF_DataType types[] = {TF_INT32};
  const Shape shapes[] = {{.rank = 0}};
  open_queue("FIFOQueueV2", 1, types, shapes, 1, -1);
  assert_int_equal(put_ints(&f.enqueue_many, (int64_t[]){3}, 1, (int32_t[]){1, 2, 3}), TF_OK);
  assert_int_equal(on_queue(&f.close, NULL, NULL), TF_OK);
  assert_int_equal(put_ints(&f.enqueue, NULL, 0, (int32_t[]){4}), TF_CANCELLED);
  assert_part(&f.enqueue, "_q' is closed.");
  assert_int_equal(take(&f.many, 5), TF_OUT_OF_RANGE);
  assert_part(&f.many, "_q' is closed and has insufficient elements (requested 5, current size 3)");
  assert_int_equal(take(&f.up_to, 2), TF_OK);
  assert_ints(&f.up_to.outputs[0], 2, (int32_t[]){1, 2});
  assert_int_equal(take(&f.up_to, 5), TF_OK);
  assert_ints(&f.up_to.outputs[0], 1, (int32_t[]){3});
  assert_int_equal(on_queue(&f.dequeue, NULL, NULL), TF_OUT_OF_RANGE);
  assert_part(&f.dequeue, "(requested 1, current size 0)");
  assert_int_equal(on_queue(&f.close, NULL, NULL), TF_CANCELLED);
  assert_part(&f.close, "is already closed.");
  close_queue();
}

static void test_padding(void **state) {
  (void)state;
  const TF_DataType types[] = {TF_INT32};
  const Shape shapes[] = {{.rank = 2, .dims = {-1, 2}}};
  open_queue("PaddingFIFOQueueV2", 1, types, shapes, 1, 9);
  assert_int_equal(put_ints(&f.enqueue_many, (int64_t[]){2, 1, 2}, 3, (int32_t[]){1, 2, 3, 4}), TF_OK);
  assert_int_equal(put_ints(&f.enqueue, (int64_t[]){2, 2}, 2, (int32_t[]){5, 6, 7, 8}), TF_OK);
  assert_int_equal(take(&f.many, 3), TF_OK);
  assert_ints(&f.many.outputs[0], 12, (int32_t[]){1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 7, 8});
  assert_int_equal(put_ints(&f.enqueue, (int64_t[]){2, 3}, 2, (int32_t[]){5, 6, 7, 8, 9, 10}),
                   TF_INVALID_ARGUMENT);
  assert_part(&f.enqueue, "Shape mismatch in tuple component 0. Expected [?,2], got [2,3]");
  close_queue();
}

static void test_shuffle(void **state) {
  (void)state;
  const TF_DataType types[] = {TF_INT32};
  const Shape shapes[] = {{.rank = 0}};
  bool seen[5] = {false};
  open_queue("RandomShuffleQueueV2", 1, types, shapes, 1, 9);
  assert_int_equal(put_ints(&f.enqueue_many, (int64_t[]){5}, 1, (int32_t[]){0, 1, 2, 3, 4}), TF_OK);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(on_queue(&f.dequeue, NULL, NULL), TF_OK);
    seen[*(int32_t *)f.dequeue.outputs[0].data] = true;
  }
  atomic_store(&bench_cancelled, true); /* two are left: min_after_dequeue */
  assert_int_equal(on_queue(&f.dequeue, NULL, NULL), TF_CANCELLED);
  atomic_store(&bench_cancelled, false);
  assert_int_equal(on_queue(&f.close, NULL, NULL), TF_OK);
  assert_int_equal(take(&f.up_to, 9), TF_OK);
  assert_int_equal(tensor_count(&f.up_to.outputs[0]), 2);
  for (int i = 0; i < 2; i++) seen[((int32_t *)f.up_to.outputs[0].data)[i]] = true;
  for (int i = 0; i < 5; i++) assert_true(seen[i]);
  close_queue();
}

static void test_priority(void **state) {
  (void)state;
  const TF_DataType types[] = {TF_STRING};
  const Shape shapes[] = {{.rank = 0}};
  open_queue("PriorityQueueV2", 1, types, shapes, 1, 10);
  Tensor keys = bench_tensor(TF_INT64, (int64_t[]){4}, 1, (int64_t[]){3, 1, 2, 1});
  Tensor texts = bench_strings((const char *const[]){"c", "a", "b", "a2"}, 4, false);
  assert_int_equal(on_queue(&f.enqueue_many, &keys, &texts), TF_OK);
  assert_int_equal(take(&f.many, 4), TF_OK);
  assert_memory_equal(f.many.outputs[0].data, ((int64_t[]){1, 1, 2, 3}), 32);
  static const char *const want[] = {"a", "a2", "b", "c"};
  for (int i = 0; i < 4; i++) {
    size_t n;
    const char *text = tstring_data((const TF_TString *)f.many.outputs[1].data + i, &n);
    assert_int_equal(n, strlen(want[i]));
    assert_memory_equal(text, want[i], n);
  }
  tensor_clear(&keys);
  tensor_clear(&texts);
  close_queue();
}

static void test_without_shapes(void **state) {
  (void)state;
  const TF_DataType types[] = {TF_INT32};
  open_queue("FIFOQueueV2", 1, types, NULL, 0, 10);
  assert_int_equal(put_ints(&f.enqueue, (int64_t[]){2}, 1, (int32_t[]){1, 2}), TF_OK);
  assert_int_equal(put_ints(&f.enqueue, NULL, 0, (int32_t[]){7}), TF_OK);
  assert_int_equal(take(&f.many, 2), TF_INVALID_ARGUMENT);
  assert_part(&f.many,
              "FIFOQueue's DequeueMany and DequeueUpTo require the components to have specified shapes.");
  assert_int_equal(on_queue(&f.dequeue, NULL, NULL), TF_OK);
  assert_ints(&f.dequeue.outputs[0], 2, (int32_t[]){1, 2});
  close_queue();
}

/* Two nodes that name one queue see the same; what they say of it must agree. */
static void test_shared(void **state) {
  (void)state;
  Bench a, b;
  const TF_DataType types[] = {TF_INT32}, resource[] = {TF_RESOURCE, 0};
  Attr attrs[] = {attr_types("component_types", types, 1), attr_shapes("shapes", NULL, 0),
                  attr_int("capacity", 3), attr_text("container", ""), attr_text("shared_name", "sh")};
  assert_int_equal(bench_open(&a, "FIFOQueueV2", "a", none, resource, attrs, 5), TF_OK);
  attrs[2] = attr_int("capacity", 4);
  assert_int_equal(bench_open(&b, "FIFOQueueV2", "b", none, resource, attrs, 5), TF_INVALID_ARGUMENT);
  assert_string_equal(TF_Message(&b.status), "Shared queue 'sh' has capacity 3 but requested capacity was 4");
  bench_close(&b);
  bench_close(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_fifo, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_closed, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_padding, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_shuffle, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_priority, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_without_shapes, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_shared, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
