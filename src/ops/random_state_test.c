/* Random ops that go on from run to run: seeded nodes by themselves and generator states in variables,
 * against what TensorFlow gives in the first runs of a session. */
#include <math.h>

#include "ops/op_fixture.h"

static const int64_t seeds[2] = {1, 2};

/* Runs the node again and again; `want` holds the values of output 0 of each run, `n` a run. */
static void expect_runs(Bench *b, const BenchInput *inputs, const double *want, int n, int runs) {
  for (int run = 0; run < runs; run++) {
    assert_int_equal(bench_run(b, inputs), TF_OK);
    const Tensor *out = &b->outputs[0];
    assert_int_equal(tensor_count(out), n);
    for (int i = 0; i < n; i++) {
      double got = 0, tolerance = 0;
      if (out->dtype == TF_FLOAT) got = (double)((float *)out->data)[i], tolerance = 1e-6;
      else if (out->dtype == TF_INT32) got = ((int32_t *)out->data)[i];
      else got = (double)((int64_t *)out->data)[i];
      assert_true(fabs(got - want[run * n + i]) <= tolerance * fabs(want[run * n + i]));
    }
  }
}

static Attr attr_floats(const char *name, const float *v, int64_t n) {
  return (Attr){.name = name, .kind = TF_ATTR_FLOAT, .is_list = true, .count = n, .v.list_f = v};
}

/* Opens an op with seeds 1 and 2 and up to FIXTURE_MAX - 2 other attributes. */
static void open_seeded(Bench *b, const char *op, const TF_DataType *in, const TF_DataType *out,
                        const Attr *more, int n) {
  Attr attrs[FIXTURE_MAX] = {attr_int("seed", seeds[0]), attr_int("seed2", seeds[1])};
  for (int i = 0; i < n; i++) attrs[2 + i] = more[i];
  assert_int_equal(bench_open(b, op, op, in, out, attrs, 2 + n), TF_OK);
}

static Tensor ints(const int32_t *v, int64_t n) { return bench_tensor(TF_INT32, &n, 1, v); }
static Tensor scalar(TF_DataType dtype, const void *v) { return bench_tensor(dtype, NULL, 0, v); }

static void fills_go_on(void **state) {
  (void)state;
  static const struct {
    const char *op;
    double want[9];
  } ops[] = {
      {"RandomUniform",
       {0.406396746635437, 0.8575996160507202, 0.05539584159851074, 0.16840732097625732, 0.8891061544418335,
        0.5354969501495361, 0.49945497512817383, 0.06284701824188232, 0.4600658416748047}},
      {"TruncatedNormal",
       {-1.0467792749404907, 0.8397045731544495, 1.235836386680603, -1.2113008499145508, 1.4475805759429932,
        0.025218026712536812, 0.453302264213562, 1.087654709815979, 1.1917062997817993}},
  };
  Tensor shape = ints((int32_t[]){3}, 1);
  for (size_t i = 0; i < SM_COUNTOF(ops); i++) {
    Bench b;
    open_seeded(&b, ops[i].op, (TF_DataType[]){TF_INT32, 0}, (TF_DataType[]){TF_FLOAT, 0}, NULL, 0);
    expect_runs(&b, (BenchInput[]){{&shape, NULL}}, ops[i].want, 3, 3);
    bench_close(&b);
  }
  tensor_clear(&shape);
}

/* A second kernel of the same node (another plan of the session) goes on where the first stopped. */
static void plans_share_a_generator(void **state) {
  (void)state;
  static const double want[] = {999, 915, 302, 567, 859, 34, 20, 119, 904};
  Tensor shape = ints((int32_t[]){3}, 1), low = scalar(TF_INT32, &(int32_t){0}),
         high = scalar(TF_INT32, &(int32_t){1000});
  BenchInput inputs[] = {{&shape, NULL}, {&low, NULL}, {&high, NULL}};
  TF_DataType in[] = {TF_INT32, TF_INT32, TF_INT32, 0}, out[] = {TF_INT32, 0};
  Bench first, second;
  open_seeded(&first, "RandomUniformInt", in, out, NULL, 0);
  open_seeded(&second, "RandomUniformInt", in, out, NULL, 0);
  expect_runs(&first, inputs, want, 3, 1);
  expect_runs(&second, inputs, want + 3, 3, 1);
  expect_runs(&first, inputs, want + 6, 3, 1);
  bench_close(&first);
  bench_close(&second);
  tensor_clear(&shape);
  tensor_clear(&low);
  tensor_clear(&high);
}

static void samples_go_on(void **state) {
  (void)state;
  Tensor shape = ints((int32_t[]){3}, 1), three = scalar(TF_INT32, &(int32_t){3});
  Tensor rate = bench_tensor(TF_FLOAT, (int64_t[]){1}, 1, &(float){100}),
         alpha = bench_tensor(TF_FLOAT, (int64_t[]){1}, 1, &(float){2.5f});
  float zeros[200] = {0}, params[4] = {0, 1, -1, 3};
  Tensor logits = bench_tensor(TF_FLOAT, (int64_t[]){2, 100}, 2, zeros), p[4];
  for (int i = 0; i < 4; i++) p[i] = scalar(TF_FLOAT, &params[i]);
  Bench b;
  open_seeded(&b, "Multinomial", (TF_DataType[]){TF_FLOAT, TF_INT32, 0}, (TF_DataType[]){TF_INT64, 0}, NULL,
              0);
  expect_runs(&b, (BenchInput[]){{&logits, NULL}, {&three, NULL}},
              (double[]){25, 44, 29, 25, 95, 82, 26, 41, 22, 43, 53, 16, 55, 16, 13, 21, 70, 74}, 6, 3);
  bench_close(&b);
  open_seeded(&b, "RandomPoissonV2", (TF_DataType[]){TF_INT32, TF_FLOAT, 0}, (TF_DataType[]){TF_INT32, 0},
              NULL, 0);
  expect_runs(&b, (BenchInput[]){{&shape, NULL}, {&rate, NULL}},
              (double[]){98, 105, 91, 93, 92, 103, 109, 87, 103}, 3, 3);
  bench_close(&b);
  open_seeded(&b, "RandomGamma", (TF_DataType[]){TF_INT32, TF_FLOAT, 0}, (TF_DataType[]){TF_FLOAT, 0}, NULL,
              0);
  expect_runs(&b, (BenchInput[]){{&shape, NULL}, {&alpha, NULL}},
              (double[]){0.5876687169075012, 1.4436302185058594, 2.3232834339141846, 1.7440146207809448,
                         2.462789297103882, 0.8591352701187134, 2.10901141166687, 3.640136480331421,
                         1.3657408952713013},
              3, 3);
  bench_close(&b);
  open_seeded(&b, "ParameterizedTruncatedNormal",
              (TF_DataType[]){TF_INT32, TF_FLOAT, TF_FLOAT, TF_FLOAT, TF_FLOAT, 0},
              (TF_DataType[]){TF_FLOAT, 0}, NULL, 0);
  expect_runs(&b, (BenchInput[]){{&shape, NULL}, {&p[0], NULL}, {&p[1], NULL}, {&p[2], NULL}, {&p[3], NULL}},
              (double[]){0.8397045731544495, 1.235836386680603, 2.0637853145599365, 0.3164469599723816,
                         1.6462761163711548, -0.036053773015737534, 0.2819916903972626, 0.467244952917099,
                         0.42282480001449585},
              3, 3);
  bench_close(&b);
  for (int i = 0; i < 4; i++) tensor_clear(&p[i]);
  Tensor *all[] = {&shape, &three, &rate, &alpha, &logits};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
}

static void orders_and_boxes_go_on(void **state) {
  (void)state;
  static const float range[] = {.75f, 1.33f}, area[] = {.05f, 1};
  Tensor rows = ints((int32_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8}, 9), size = ints((int32_t[]){100, 80, 3}, 3);
  Tensor box = bench_tensor(TF_FLOAT, (int64_t[]){1, 1, 4}, 3, (float[]){.1f, .2f, .7f, .9f});
  Tensor covered = scalar(TF_FLOAT, &(float){.3f});
  Attr attrs[] = {attr_floats("aspect_ratio_range", range, 2), attr_floats("area_range", area, 2),
                  attr_int("max_attempts", 100), attr_bool("use_image_if_no_bounding_boxes", false)};
  Bench b;
  open_seeded(&b, "RandomShuffle", (TF_DataType[]){TF_INT32, 0}, (TF_DataType[]){TF_INT32, 0}, NULL, 0);
  expect_runs(&b, (BenchInput[]){{&rows, NULL}},
              (double[]){8, 4, 0, 2, 5, 7, 1, 3, 6, 2, 4, 7, 8, 0, 3, 1, 6, 5, 6, 0, 1, 3, 4, 7, 2, 8, 5}, 9,
              3);
  bench_close(&b);
  open_seeded(&b, "SampleDistortedBoundingBoxV2", (TF_DataType[]){TF_INT32, TF_FLOAT, TF_FLOAT, 0},
              (TF_DataType[]){TF_INT32, TF_INT32, TF_FLOAT, 0}, attrs, 4);
  expect_runs(&b, (BenchInput[]){{&size, NULL}, {&box, NULL}, {&covered, NULL}},
              (double[]){5, 5, 0, 17, 5, 0, 22, 29, 0}, 3, 3);
  bench_close(&b);
  Tensor *all[] = {&rows, &size, &box, &covered};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
}

/* The learned sampler also counts the true classes of the runs before. */
static void learned_classes_count(void **state) {
  (void)state;
  Tensor truth = bench_tensor(TF_INT64, (int64_t[]){1, 8}, 2, (int64_t[]){7, 7, 7, 7, 7, 7, 2, 2});
  Attr attrs[] = {attr_int("num_true", 8), attr_int("num_sampled", 4), attr_bool("unique", false),
                  attr_int("range_max", 8)};
  static const double want[] = {7, 3, 6, 5, 7, 6, 2, 7, 7, 7, 7, 7};
  static const float expected[] = {0.5f, 1.75f, 2.1666667461395264f};
  static const char *const ops[] = {"LearnedUnigramCandidateSampler", "ThreadUnsafeUnigramCandidateSampler"};
  for (int i = 0; i < 2; i++) {
    Bench b;
    open_seeded(&b, ops[i], (TF_DataType[]){TF_INT64, 0}, (TF_DataType[]){TF_INT64, TF_FLOAT, TF_FLOAT, 0},
                attrs, 4);
    for (int run = 0; run < 3; run++) {
      expect_runs(&b, (BenchInput[]){{&truth, NULL}}, want + 4 * run, 4, 1);
      assert_true(*(float *)b.outputs[1].data == expected[run]);
    }
    bench_close(&b);
  }
  tensor_clear(&truth);
}

/* ---- states in variables ---- */

static const int64_t start[] = {7, INT64_MIN, 0x123456789abcdef};

static Variable *state_variable(const int64_t *values, int64_t n, Tensor *handle) {
  Variable *v;
  TF_Status st = {0};
  Tensor value = bench_tensor(TF_INT64, &n, 1, values);
  assert_int_equal(variable_new(&variable_type, "", "generator", &v, &st), TF_OK);
  variable_assign(v, &value);
  *handle = scalar(TF_RESOURCE, NULL);
  *(Object **)handle->data = object_ref(v);
  return v;
}

static void expect_state(Variable *v, int64_t low, int64_t high) {
  Tensor now = {0};
  assert_true(variable_read(v, &now));
  assert_int_equal(((int64_t *)now.data)[0], low);
  assert_int_equal(((int64_t *)now.data)[1], high);
  tensor_clear(&now);
}

static void states_go_on(void **state) {
  (void)state;
  static const struct {
    const char *op;
    TF_DataType dtype;
    double want[10];
  } ops[] = {
      {"StatefulUniform",
       TF_FLOAT,
       {0.303297758102417, 0.23163866996765137, 0.08681237697601318, 0.967514157295227, 0.2640984058380127,
        0.7163466215133667, 0.01315927505493164, 0.6128866672515869, 0.7447874546051025,
        0.37548160552978516}},
      {"StatefulStandardNormalV2",
       TF_FLOAT,
       {1.534425973892212, 0.1778126358985901, -0.44814714789390564, 2.1649887561798096, -0.4789849817752838,
        0.06745888292789459, 0.8140218257904053, -0.9889896512031555, -0.03240252658724785,
        -0.8198318481445312}},
      {"StatefulTruncatedNormal",
       TF_FLOAT,
       {1.534425973892212, 0.1778126358985901, -0.44814714789390564, -0.4789849817752838, 0.23402109742164612,
        0.06745888292789459, 0.8140218257904053, -0.9889896512031555, -0.03240252658724785,
        0.852962076663971}},
      {"StatefulUniformFullInt",
       TF_INT32,
       {-517549450, 958244438, -1953817429, 435935105, -1365127686, 1683730751, 520204084, -1337036014,
        -1847634638, -1825566776}},
      {"StatefulUniformInt", TF_INT32, {66, 3, 34, 65, 75, 48, 6, 42, 22, 31}},
  };
  Tensor shape = ints((int32_t[]){5}, 1), low = scalar(TF_INT32, &(int32_t){-3}),
         high = scalar(TF_INT32, &(int32_t){100}), handle;
  for (size_t i = 0; i < SM_COUNTOF(ops); i++) {
    Variable *v = state_variable(start, 3, &handle);
    Tensor algorithm = scalar(TF_INT64, &(int64_t){i % 2 ? 1 : 3});
    Bench b;
    bool range = i == SM_COUNTOF(ops) - 1;
    assert_int_equal(
        bench_open(&b, ops[i].op, "n",
                   (TF_DataType[]){TF_RESOURCE, TF_INT64, TF_INT32, range ? TF_INT32 : 0, TF_INT32, 0},
                   (TF_DataType[]){ops[i].dtype, 0}, NULL, 0),
        TF_OK);
    expect_runs(
        &b, (BenchInput[]){{&handle, NULL}, {&algorithm, NULL}, {&shape, NULL}, {&low, NULL}, {&high, NULL}},
        ops[i].want, 5, 2);
    expect_state(v, 7 + 2 * 5 * 256, INT64_MIN);
    bench_close(&b);
    tensor_clear(&algorithm);
    tensor_clear(&handle);
    object_unref(v);
  }
  tensor_clear(&shape);
  tensor_clear(&low);
  tensor_clear(&high);
}

static void binomial_goes_on(void **state) {
  (void)state;
  Tensor shape = ints((int32_t[]){3, 2}, 2),
         counts = bench_tensor(TF_FLOAT, (int64_t[]){2}, 1, (float[]){30, 3}), handle;
  Tensor prob = scalar(TF_FLOAT, &(float){.6f}), algorithm = scalar(TF_INT64, &(int64_t){1});
  Variable *v = state_variable(start, 3, &handle);
  Bench b;
  assert_int_equal(bench_open(&b, "StatefulRandomBinomial", "n",
                              (TF_DataType[]){TF_RESOURCE, TF_INT64, TF_INT32, TF_FLOAT, TF_FLOAT, 0},
                              (TF_DataType[]){TF_INT32, 0}, NULL, 0),
                   TF_OK);
  expect_runs(
      &b, (BenchInput[]){{&handle, NULL}, {&algorithm, NULL}, {&shape, NULL}, {&counts, NULL}, {&prob, NULL}},
      (double[]){16, 1, 18, 2, 18, 1, 15, 1, 18, 2, 18, 1}, 6, 2);
  expect_state(v, 307207, INT64_MIN);
  bench_close(&b);
  object_unref(v);
  Tensor *all[] = {&shape, &counts, &prob, &algorithm, &handle};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
}

static void old_normal_reads_its_algorithm(void **state) {
  (void)state;
  Tensor shape = ints((int32_t[]){5}, 1), handle;
  Variable *v = state_variable((int64_t[]){1, start[0], start[1], start[2]}, 4, &handle);
  Bench b;
  assert_int_equal(bench_open(&b, "StatefulStandardNormal", "n", (TF_DataType[]){TF_RESOURCE, TF_INT32, 0},
                              (TF_DataType[]){TF_FLOAT, 0}, NULL, 0),
                   TF_OK);
  expect_runs(&b, (BenchInput[]){{&handle, NULL}, {&shape, NULL}},
              (double[]){1.534425973892212, 0.1778126358985901, -0.44814714789390564, 2.1649887561798096,
                         -0.4789849817752838},
              5, 1);
  expect_state(v, 1, 1287);
  bench_close(&b);
  object_unref(v);
  tensor_clear(&handle);
  tensor_clear(&shape);
}

static void states_skip(void **state) {
  (void)state;
  Tensor handle, one = scalar(TF_INT64, &(int64_t){1}), one32 = scalar(TF_INT32, &(int32_t){1}),
                 three = scalar(TF_UINT64, &(uint64_t){3});
  Tensor back = scalar(TF_INT64, &(int64_t){-3});
  Variable *v = state_variable(start, 3, &handle);
  Bench b;
  assert_int_equal(bench_open(&b, "RngReadAndSkip", "n", (TF_DataType[]){TF_RESOURCE, TF_INT32, TF_UINT64, 0},
                              (TF_DataType[]){TF_INT64, 0}, NULL, 0),
                   TF_OK);
  expect_runs(&b, (BenchInput[]){{&handle, NULL}, {&one32, NULL}, {&three, NULL}},
              (double[]){7, -9223372036854775808.0, 81985529216486895.0, 775, -9223372036854775808.0,
                         81985529216486895.0},
              3, 2);
  expect_state(v, 1543, INT64_MIN);
  bench_close(&b);
  assert_int_equal(bench_open(&b, "RngSkip", "n", (TF_DataType[]){TF_RESOURCE, TF_INT64, TF_INT64, 0},
                              (TF_DataType[]){0}, NULL, 0),
                   TF_OK);
  BenchInput inputs[] = {{&handle, NULL}, {&one, NULL}, {&back, NULL}};
  static const int64_t lows[] = {775, 7, -761, -1529}; /* TF: steps back leave the upper half alone */
  for (int i = 0; i < 4; i++) {
    assert_int_equal(bench_run(&b, inputs), TF_OK);
    expect_state(v, lows[i], INT64_MIN);
  }
  bench_close(&b);
  object_unref(v);
  Tensor *all[] = {&handle, &one, &one32, &three, &back};
  for (size_t i = 0; i < SM_COUNTOF(all); i++) tensor_clear(all[i]);
}

static void bad_states(void **state) {
  (void)state;
  static const struct {
    int64_t algorithm, size, rank;
    TF_Code code;
    const char *message;
  } cases[] = {
      {1, 2, 0, TF_INVALID_ARGUMENT, "For the Philox algorithm, the size of state must be at least 3; got 2"},
      {2, 3, 0, TF_UNIMPLEMENTED, "Non-XLA devices don't support the ThreeFry algorithm."},
      {7, 3, 0, TF_INVALID_ARGUMENT, "Unsupported algorithm id: 7"},
      {1, 3, 1, TF_INVALID_ARGUMENT, "input 1 (0-based) must have shape [], not [1]"},
  };
  Tensor shape = ints((int32_t[]){5}, 1), handle;
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    Variable *v = state_variable(start, cases[i].size, &handle);
    Tensor algorithm = bench_tensor(TF_INT64, (int64_t[]){1}, (int)cases[i].rank, &cases[i].algorithm);
    Bench b;
    assert_int_equal(
        bench_open(&b, "StatefulUniform", "n", (TF_DataType[]){TF_RESOURCE, TF_INT64, TF_INT32, 0},
                   (TF_DataType[]){TF_FLOAT, 0}, NULL, 0),
        TF_OK);
    assert_int_equal(bench_run(&b, (BenchInput[]){{&handle, NULL}, {&algorithm, NULL}, {&shape, NULL}}),
                     cases[i].code);
    assert_string_equal(b.status.message, cases[i].message);
    expect_state(v, start[0], start[1]);
    bench_close(&b);
    tensor_clear(&algorithm);
    tensor_clear(&handle);
    object_unref(v);
  }
  tensor_clear(&shape);
}

static void entropy_differs(void **state) {
  (void)state;
  Tensor shape = ints((int32_t[]){4}, 1);
  Bench b;
  assert_int_equal(bench_open(&b, "NonDeterministicInts", "n", (TF_DataType[]){TF_INT32, 0},
                              (TF_DataType[]){TF_UINT64, 0}, NULL, 0),
                   TF_OK);
  uint64_t first[4];
  assert_int_equal(bench_run(&b, (BenchInput[]){{&shape, NULL}}), TF_OK);
  assert_int_equal(tensor_count(&b.outputs[0]), 4);
  memcpy(first, b.outputs[0].data, sizeof first);
  assert_int_equal(bench_run(&b, (BenchInput[]){{&shape, NULL}}), TF_OK);
  assert_memory_not_equal(first, b.outputs[0].data, sizeof first);
  bench_close(&b);
  tensor_clear(&shape);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(fills_go_on, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(plans_share_a_generator, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(samples_go_on, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(orders_and_boxes_go_on, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(learned_classes_count, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(states_go_on, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(binomial_goes_on, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(old_normal_reads_its_algorithm, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(states_skip, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(bad_states, bench_setup, bench_teardown),
      cmocka_unit_test_setup_teardown(entropy_differs, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
