/* Ragged tensors into variants and back; expected values and texts are TensorFlow's. */
#include <stdio.h>

#include "ops/op_fixture.h"

#define INTS(...) ((int64_t[]){__VA_ARGS__})

static Tensor ints(int64_t n, const int64_t *v) { return bench_tensor(TF_INT64, &n, 1, v); }

static Tensor floats(int64_t n) {
  Tensor t = bench_tensor(TF_FLOAT, &n, 1, NULL);
  for (int64_t i = 0; i < n; i++) ((float *)t.data)[i] = (float)i;
  return t;
}

/* Encodes splits (none: dtype 0) and values, which it clears. */
static TF_Code encode(Tensor a, Tensor b, Tensor values, bool batched, Tensor *out, char *message) {
  Bench bench;
  int n = (a.dtype != 0) + (b.dtype != 0);
  Attr attrs[] = {attr_int("RAGGED_RANK", n), attr_type("Tvalues", values.dtype),
                  attr_type("Tsplits", TF_INT64), attr_bool("batched_input", batched)};
  const Tensor *inputs[] = {&a, &b, &values};
  TF_DataType types[4] = {0}, outputs[] = {TF_VARIANT, (TF_DataType)0};
  BenchInput in[3] = {{0}};
  for (int i = 0, k = 0; i < 3; i++) {
    if (!inputs[i]->dtype) continue;
    types[k] = inputs[i]->dtype;
    in[k++].tensor = inputs[i];
  }
  assert_int_equal(bench_open(&bench, "RaggedTensorToVariant", "to", types, outputs, attrs, 4), TF_OK);
  TF_Code code = bench_run(&bench, in);
  if (message) snprintf(message, 512, "%s", TF_Message(&bench.status));
  if (!code) tensor_move(out, &bench.outputs[0]);
  bench_close(&bench);
  for (int i = 0; i < 3; i++) tensor_clear((Tensor *)inputs[i]);
  return code;
}

static TF_Code decode(Bench *b, const Tensor *encoded, int inner, int outer, TF_DataType values,
                      TF_DataType splits, char *message) {
  Attr attrs[] = {attr_int("input_ragged_rank", inner), attr_int("output_ragged_rank", outer),
                  attr_type("Tvalues", values), attr_type("Tsplits", splits)};
  TF_DataType outputs[FIXTURE_MAX] = {0};
  for (int i = 0; i < outer; i++) outputs[i] = splits;
  outputs[outer] = values;
  assert_int_equal(bench_open(b, "RaggedTensorFromVariant", "from",
                              (TF_DataType[]){TF_VARIANT, (TF_DataType)0}, outputs, attrs, 4),
                   TF_OK);
  TF_Code code = bench_run(b, (BenchInput[]){{encoded, NULL}});
  if (message) snprintf(message, 512, "%s", TF_Message(&b->status));
  return code;
}

static void check_splits(const Bench *b, int i, int64_t n, const int64_t *want) {
  assert_int_equal(b->outputs[i].rank, 1);
  assert_int_equal(b->outputs[i].dims[0], n);
  assert_memory_equal(b->outputs[i].data, want, (size_t)n * sizeof *want);
}

static void check_counting(const Tensor *t, int64_t n) {
  assert_int_equal(t->dims[0], n);
  for (int64_t i = 0; i < n; i++) assert_true(((const float *)t->data)[i] == (float)i);
}

static const Tensor none;

static void test_rows(void **state) {
  (void)state;
  Tensor e = {0};
  Bench b;
  assert_int_equal(encode(ints(4, INTS(0, 2, 2, 6)), none, floats(6), true, &e, NULL), TF_OK);
  assert_int_equal(e.dims[0], 3);
  for (int inner = -1; inner <= 0; inner++) {
    assert_int_equal(decode(&b, &e, inner, 1, TF_FLOAT, TF_INT64, NULL), TF_OK);
    check_splits(&b, 0, 4, INTS(0, 2, 2, 6));
    check_counting(&b.outputs[1], 6);
    bench_close(&b);
  }
  tensor_clear(&e);
  assert_int_equal(encode(ints(3, INTS(0, 2, 3)), ints(4, INTS(0, 1, 1, 6)), floats(6), true, &e, NULL),
                   TF_OK);
  e.rank = 3; /* [1, 2, 1]: a batch of batches */
  memcpy(e.dims, INTS(1, 2, 1), 24);
  assert_int_equal(decode(&b, &e, 1, 4, TF_FLOAT, TF_INT64, NULL), TF_OK);
  check_splits(&b, 0, 2, INTS(0, 2));
  check_splits(&b, 1, 3, INTS(0, 1, 2));
  check_splits(&b, 2, 3, INTS(0, 2, 3));
  check_splits(&b, 3, 4, INTS(0, 1, 1, 6));
  check_counting(&b.outputs[4], 6);
  bench_close(&b);
  tensor_clear(&e);
  assert_int_equal(encode(ints(1, INTS(0)), none, floats(0), true, &e, NULL), TF_OK);
  assert_int_equal(decode(&b, &e, 1, 2, TF_FLOAT, TF_INT64, NULL), TF_OK);
  check_splits(&b, 0, 1, INTS(0));
  check_splits(&b, 1, 1, INTS(0));
  assert_int_equal(b.outputs[2].rank, 1);
  assert_int_equal(b.outputs[2].dims[0], 0);
  bench_close(&b);
  tensor_clear(&e);
}

static void test_whole(void **state) {
  (void)state;
  Tensor e = {0};
  Bench b;
  assert_int_equal(encode(ints(3, INTS(0, 2, 3)), ints(4, INTS(0, 1, 1, 6)), floats(6), false, &e, NULL),
                   TF_OK);
  assert_int_equal(e.rank, 0);
  assert_int_equal(decode(&b, &e, -1, 2, TF_FLOAT, TF_INT64, NULL), TF_OK);
  check_splits(&b, 0, 3, INTS(0, 2, 3));
  check_splits(&b, 1, 4, INTS(0, 1, 1, 6));
  check_counting(&b.outputs[2], 6);
  bench_close(&b);
  tensor_clear(&e);
  /* Scalars, one a variant, stacked. */
  assert_int_equal(encode(none, none, floats(3), true, &e, NULL), TF_OK);
  assert_int_equal(e.dims[0], 3);
  assert_int_equal(decode(&b, &e, 0, 0, TF_FLOAT, TF_INT64, NULL), TF_OK);
  assert_int_equal(b.outputs[0].rank, 1);
  check_counting(&b.outputs[0], 3);
  bench_close(&b);
  tensor_clear(&e);
}

static void test_refused(void **state) {
  (void)state;
  static const struct {
    int64_t splits[4];
    int n;
    const char *message;
  } bad[] = {
      {{0}, 0, "Requires nested_row_splits[0] has at least one splits, but is empty."},
      {{1, 6}, 2, "Requires the first element of nested_row_splits[0] to be 0 but is 1"},
      {{0, 4},
       2,
       "Requires nested_row_splits[0][-1]=4 to be equal with the number of values in this dimension, which "
       "is 6."},
      {{0, 5, 3, 6},
       4,
       "Requires splits to be monotonically increasing, but nested_row_splits[0][2]=3 is smaller than "
       "nested_row_splits[0][1]=5"},
  };
  char message[512];
  Tensor e = {0};
  Bench b;
  for (size_t i = 0; i < SM_COUNTOF(bad); i++) {
    assert_int_equal(encode(ints(bad[i].n, bad[i].splits), none, floats(6), true, &e, message),
                     TF_INVALID_ARGUMENT);
    assert_string_equal(message, bad[i].message);
  }
  assert_int_equal(encode(ints(4, INTS(0, 2, 2, 6)), none, floats(6), true, &e, NULL), TF_OK);
  static const struct {
    int inner, outer;
    TF_DataType values;
    const char *message;
  } wrong[] = {
      {1, 2, TF_FLOAT, "Encoded input RaggedTensorVariant has ragged_rank=0.  Expected ragged_rank=1."},
      {1, 1, TF_FLOAT,
       "output_ragged_rank must be equal to input_ragged_rank + encoded_ragged.dims(); output_ragged_rank: "
       "1, "
       "input_ragged_rank: 1, encoded_variant.dims(): 1."},
      {0, 1, TF_INT32, "Expected values Tensor dtype: int32, found: float"},
      {0, 0, TF_FLOAT,
       "All flat_values must have compatible shapes.  Shape at index 0: [2].  Shape at index 1: [0]"},
  };
  for (size_t i = 0; i < SM_COUNTOF(wrong); i++) {
    assert_int_equal(decode(&b, &e, wrong[i].inner, wrong[i].outer, wrong[i].values, TF_INT64, message),
                     TF_INVALID_ARGUMENT);
    assert_string_equal(message, wrong[i].message);
    bench_close(&b);
  }
  tensor_clear(&e);
}

/* ---- gradients: rows of a variant vector put together ---- */

static TF_Code gradient(Bench *b, const Tensor *encoded, int64_t size, char *message) {
  Tensor splits = ints(4, INTS(0, 2, 2, 6)),
         shape = bench_tensor(TF_INT32, INTS(1), 1, &(int32_t){(int32_t)size});
  Attr attrs[] = {attr_type("Tvalues", TF_FLOAT), attr_type("Tsplits", TF_INT64)};
  assert_int_equal(bench_open(b, "RaggedTensorToVariantGradient", "gradient",
                              (TF_DataType[]){TF_VARIANT, TF_INT64, TF_INT32, (TF_DataType)0},
                              (TF_DataType[]){TF_FLOAT, (TF_DataType)0}, attrs, 2),
                   TF_OK);
  TF_Code code = bench_run(b, (BenchInput[]){{encoded, NULL}, {&splits, NULL}, {&shape, NULL}});
  if (message) snprintf(message, 512, "%s", TF_Message(&b->status));
  tensor_clear(&splits);
  tensor_clear(&shape);
  return code;
}

static void check_gradient(const Tensor *encoded, const float *want) {
  Bench b;
  assert_int_equal(gradient(&b, encoded, 6, NULL), TF_OK);
  assert_int_equal(b.outputs[0].dims[0], 6);
  for (int i = 0; i < 6; i++) assert_true(((const float *)b.outputs[0].data)[i] == want[i]);
  bench_close(&b);
}

static void test_gradient(void **state) {
  (void)state;
  char message[512];
  Tensor e = {0};
  Bench b;
  assert_int_equal(encode(ints(4, INTS(0, 2, 2, 6)), none, floats(6), true, &e, NULL), TF_OK);
  check_gradient(&e, (float[]){0, 1, 2, 3, 4, 5});
  assert_int_equal(gradient(&b, &e, 5, message), TF_INVALID_ARGUMENT);
  assert_non_null(strstr(message, "more values than dense_values_shape"));
  bench_close(&b);
  Object **rows = e.data; /* nobody used the first row */
  object_unref(rows[0]);
  rows[0] = NULL;
  check_gradient(&e, (float[]){0, 0, 2, 3, 4, 5});
  tensor_clear(&e);
}

/* `op` of `n` times the same variants. */
static void apply(const char *op, const Tensor *in, int n, Tensor *out) {
  Bench b;
  Attr attrs[] = {attr_type("T", TF_VARIANT), attr_int("N", n)};
  assert_int_equal(
      bench_open(&b, op, "op", (TF_DataType[]){TF_VARIANT, n > 1 ? TF_VARIANT : (TF_DataType)0, 0},
                 (TF_DataType[]){TF_VARIANT, (TF_DataType)0}, attrs, n > 1 ? 2 : 1),
      TF_OK);
  assert_int_equal(bench_run(&b, (BenchInput[]){{in, NULL}, {in, NULL}}), TF_OK);
  tensor_move(out, &b.outputs[0]);
  bench_close(&b);
}

static void test_zeros_and_sums(void **state) {
  (void)state;
  Tensor e = {0}, sum = {0}, zeros = {0};
  Bench b;
  assert_int_equal(encode(ints(4, INTS(0, 2, 2, 6)), none, floats(6), true, &e, NULL), TF_OK);
  apply("AddN", &e, 2, &sum);
  check_gradient(&sum, (float[]){0, 2, 4, 6, 8, 10});
  apply("ZerosLike", &e, 1, &zeros);
  check_gradient(&zeros, (float[]){0, 0, 0, 0, 0, 0});
  tensor_clear(&sum);
  tensor_clear(&zeros);
  tensor_clear(&e);
  assert_int_equal(encode(ints(4, INTS(0, 2, 2, 6)), none, floats(6), false, &e, NULL), TF_OK);
  apply("AddN", &e, 2, &sum); /* the splits stay */
  assert_int_equal(decode(&b, &sum, 1, 1, TF_FLOAT, TF_INT64, NULL), TF_OK);
  check_splits(&b, 0, 4, INTS(0, 2, 2, 6));
  assert_true(((const float *)b.outputs[1].data)[5] == 10);
  bench_close(&b);
  tensor_clear(&sum);
  tensor_clear(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_rows, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_whole, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_refused, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_gradient, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_zeros_and_sums, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
