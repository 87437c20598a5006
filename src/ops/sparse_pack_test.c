/* Sparse tensors into variants and back; expected values and texts are TensorFlow's. */
#include <stdio.h>

#include "ops/op_fixture.h"

#define INTS(...) ((int64_t[]){__VA_ARGS__})

/* A sparse tensor of floats as the inputs of the Serialize ops. */
typedef struct Coo {
  Tensor indices, values, shape;
} Coo;

static Coo coo(int64_t n, int64_t rank, const int64_t *indices, const int64_t *shape) {
  Coo s = {bench_tensor(TF_INT64, INTS(n, rank), 2, indices), bench_tensor(TF_FLOAT, &n, 1, NULL),
           bench_tensor(TF_INT64, &rank, 1, shape)};
  for (int64_t i = 0; i < n; i++) ((float *)s.values.data)[i] = (float)(i + 1);
  return s;
}

/* What `op` makes of the tensor, which it clears. */
static Tensor pack(const char *op, Coo s) {
  Bench b;
  Tensor out = {0};
  Attr attrs[] = {attr_type("T", TF_FLOAT), attr_type("out_type", TF_VARIANT)};
  assert_int_equal(bench_open(&b, op, "pack", (TF_DataType[]){TF_INT64, TF_FLOAT, TF_INT64, (TF_DataType)0},
                              (TF_DataType[]){TF_VARIANT, (TF_DataType)0}, attrs, 2),
                   TF_OK);
  assert_int_equal(bench_run(&b, (BenchInput[]){{&s.indices, NULL}, {&s.values, NULL}, {&s.shape, NULL}}),
                   TF_OK);
  tensor_move(&out, &b.outputs[0]);
  bench_close(&b);
  tensor_clear(&s.indices);
  tensor_clear(&s.values);
  tensor_clear(&s.shape);
  return out;
}

static TF_Code unpack(Bench *b, const Tensor *in, TF_DataType dtype, char *message) {
  Attr attrs[] = {attr_type("dtype", dtype), attr_type("Tserialized", TF_VARIANT)};
  assert_int_equal(bench_open(b, "DeserializeSparse", "unpack", (TF_DataType[]){TF_VARIANT, (TF_DataType)0},
                              (TF_DataType[]){TF_INT64, dtype, TF_INT64, (TF_DataType)0}, attrs, 2),
                   TF_OK);
  TF_Code code = bench_run(b, (BenchInput[]){{in, NULL}});
  if (message) snprintf(message, 512, "%s", TF_Message(&b->status));
  return code;
}

static void check_unpacked(const Tensor *in, int64_t n, int64_t rank, const int64_t *indices,
                           const float *values, const int64_t *shape) {
  Bench b;
  assert_int_equal(unpack(&b, in, TF_FLOAT, NULL), TF_OK);
  assert_int_equal(b.outputs[0].dims[0], n);
  assert_int_equal(b.outputs[0].dims[1], rank);
  if (n) assert_memory_equal(b.outputs[0].data, indices, (size_t)(n * rank) * sizeof *indices);
  if (n) assert_memory_equal(b.outputs[1].data, values, (size_t)n * sizeof *values);
  assert_memory_equal(b.outputs[2].data, shape, (size_t)rank * sizeof *shape);
  bench_close(&b);
}

static void test_whole(void **state) {
  (void)state;
  Tensor one = pack("SerializeSparse", coo(2, 2, INTS(0, 1, 2, 0), INTS(3, 4)));
  check_unpacked(&one, 2, 2, INTS(0, 1, 2, 0), (float[]){1, 2}, INTS(3, 4));
  one.rank = 2; /* [1, 3] */
  memcpy(one.dims, INTS(1, 3), 16);
  check_unpacked(&one, 2, 3, INTS(0, 0, 1, 0, 2, 0), (float[]){1, 2}, INTS(1, 3, 4));
  tensor_clear(&one);
}

static void test_rows(void **state) {
  (void)state;
  Tensor rows = pack("SerializeManySparse", coo(2, 2, INTS(0, 1, 2, 0), INTS(3, 4)));
  assert_int_equal(rows.dims[0], 3);
  check_unpacked(&rows, 2, 2, INTS(0, 1, 2, 0), (float[]){1, 2}, INTS(3, 4));
  Tensor second = {0};
  tensor_view(&second, rows.buffer, TF_VARIANT, INTS(3), 1, (Object **)rows.data + 3);
  check_unpacked(&second, 0, 1, NULL, NULL, INTS(4));
  tensor_clear(&second);
  tensor_clear(&rows);
}

/* The error of elements a, b, c of `one` as a sparse tensor; -1: an element that nobody has set. */
static void check_error(const Tensor *one, int a, int b, int c, TF_DataType dtype, const char *want) {
  const int from[] = {a, b, c};
  char message[512];
  Bench bench;
  TF_Status st = {0};
  Tensor in = {0};
  assert_int_equal(tensor_alloc(&in, TF_VARIANT, INTS(3), 1, &st), TF_OK);
  for (int i = 0; i < 3; i++)
    if (from[i] >= 0)
      elements_copy(TF_VARIANT, (Object **)in.data + i, (Object *const *)one->data + from[i], 1, &st);
  assert_int_equal(unpack(&bench, &in, dtype, message), TF_INVALID_ARGUMENT);
  assert_string_equal(message, want);
  bench_close(&bench);
  tensor_clear(&in);
}

static void test_errors(void **state) {
  (void)state;
  Tensor one = pack("SerializeSparse", coo(2, 2, INTS(0, 1, 2, 0), INTS(3, 4)));
  check_error(&one, 0, 1, 2, TF_INT32,
              "Requested SparseTensor of type int32 but SparseTensor[0].values.dtype() == float");
  check_error(&one, 1, 0, 2, TF_FLOAT,
              "Expected serialized_sparse[0, 0] to be a matrix of DT_INT64 but received dtype float");
  check_error(&one, 2, 1, 0, TF_FLOAT,
              "Expected serialized_sparse[0, 2] to be a shape vector but its shape is [2,2]");
  check_error(&one, 0, 1, 1, TF_FLOAT,
              "Expected serialized_sparse[0, 2] to be a vector of DT_INT64 but received dtype float");
  check_error(&one, 2, 2, 2, TF_INT64,
              "Expected serialized_sparse[0, 0] to represent an index matrix but received shape [2]");
  check_error(&one, -1, 1, 2, TF_FLOAT, "Could not get a tensor from serialized_sparse[0, 0]");
  tensor_clear(&one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_whole, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_rows, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(test_errors, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
