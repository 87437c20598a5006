/* Sessions through the C API: runs of small graphs with state, devices, errors, and SavedModels by their
 * tags. */
#include "capi_testing.h"

static TF_Session *session_of(TF_Graph *g) {
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Session *session = TF_NewSession(g, options, st);
  TF_DeleteSessionOptions(options);
  assert_ok();
  return session;
}

static void end_session(TF_Session *session) {
  TF_CloseSession(session, st);
  TF_DeleteSession(session, st);
  assert_ok();
}

/* Runs one fetch with at most one feed (null tensor: none), which it deletes. */
static TF_Tensor *run(TF_Session *s, TF_Operation *in, TF_Tensor *value, TF_Operation *out) {
  TF_Tensor *result = (TF_Tensor *)s; /* must be set in any case */
  TF_SessionRun(s, NULL, &(TF_Output){in, 0}, &value, value != NULL, &(TF_Output){out, 0}, &result, 1, NULL,
                0, NULL, st);
  if (value) TF_DeleteTensor(value);
  if (TF_GetCode(st)) assert_null(result);
  return result;
}

static void run_target(TF_Session *s, TF_Operation *op) {
  const TF_Operation *targets[] = {op};
  TF_SessionRun(s, NULL, NULL, NULL, 0, NULL, NULL, 0, targets, 1, NULL, st);
}

static TF_Tensor *float_scalar(float f) { return tensor_of(TF_FLOAT, 0, NULL, &f, sizeof f); }

static void expect_floats(TF_Tensor *t, int count, const float *want) {
  assert_ok();
  assert_non_null(t);
  assert_int_equal(TF_TensorType(t), TF_FLOAT);
  assert_int_equal(TF_TensorElementCount(t), count);
  const float *got = TF_TensorData(t);
  for (int i = 0; i < count; i++)
    if (got[i] < want[i] - 1e-5f || got[i] > want[i] + 1e-5f)
      fail_msg("element %d: %g, wanted %g", i, got[i], want[i]);
  TF_DeleteTensor(t);
}

static void runs_a_sum(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 0, NULL),
               *pair[] = {x, constant(g, "two", float_scalar(2))};
  TF_Operation *add = simple_op(g, "AddV2", "add", 2, pair);
  TF_Session *s = session_of(g);
  expect_floats(run(s, x, float_scalar(3), add), 1, (float[]){5});
  expect_floats(run(s, x, float_scalar(4), add), 1, (float[]){6});
  assert_null(run(s, add, float_scalar(9), add));
  assert_error(TF_INVALID_ARGUMENT, "add:0 is both fed and fetched.");
  /* What is added later can be run too. */
  TF_Operation *twice[] = {add, add}, *mul = simple_op(g, "Mul", "mul", 2, twice);
  expect_floats(run(s, x, float_scalar(1), mul), 1, (float[]){9});
  end_session(s);
  TF_DeleteGraph(g);
}

static void tells_wrong_runs(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 0, NULL), *y = simple_op(g, "Neg", "y", 1, &x);
  TF_Session *s = session_of(g);
  assert_null(run(s, x, NULL, y));
  assert_error(TF_INVALID_ARGUMENT, "You must feed a value for placeholder tensor 'x' with dtype float");
  assert_null(run(s, x, tensor_of(TF_INT32, 0, NULL, &(int32_t){1}, 4), y));
  assert_error(TF_INVALID_ARGUMENT, "");
  expect_floats(run(s, x, float_scalar(2), y), 1, (float[]){-2}); /* the session is as good as before */
  TF_CloseSession(s, st);
  assert_ok();
  assert_null(run(s, x, float_scalar(2), y));
  assert_error(TF_CANCELLED, "Session has been closed.");
  TF_DeleteSession(s, st);
  TF_DeleteGraph(g); /* the graph outlives its session, or the other way round */
}

static void keeps_variables(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_OperationDescription *d = TF_NewOperation(g, "VariableV2", "v");
  TF_SetAttrType(d, "dtype", TF_FLOAT);
  TF_SetAttrShape(d, "shape", NULL, 0);
  TF_Operation *v = TF_FinishOperation(d, st), *one = constant(g, "one", float_scalar(1)), *pair[] = {v, one};
  TF_Operation *init = simple_op(g, "Assign", "init", 2, pair),
               *inc = simple_op(g, "AssignAdd", "inc", 2, pair);
  TF_Session *s = session_of(g), *other = session_of(g);
  assert_null(run(s, v, NULL, v));
  assert_error(TF_FAILED_PRECONDITION, "Attempting to use uninitialized value v");
  run_target(s, init);
  assert_ok();
  run_target(s, inc);
  expect_floats(run(s, v, NULL, inc), 1, (float[]){3});
  assert_null(run(other, v, NULL, v)); /* a variable belongs to its session */
  assert_error(TF_FAILED_PRECONDITION, "Attempting to use uninitialized value v");
  TF_DeleteGraph(g); /* the sessions keep it */
  expect_floats(run(s, v, NULL, v), 1, (float[]){3});
  end_session(other);
  end_session(s);
}

static void lists_devices(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Session *s = session_of(g);
  TF_DeviceList *list = TF_SessionListDevices(s, st);
  assert_ok();
  assert_true(TF_DeviceListCount(list) >= 1);
  assert_string_equal(TF_DeviceListName(list, 0, st), "/job:localhost/replica:0/task:0/device:CPU:0");
  assert_string_equal(TF_DeviceListType(list, 0, st), "CPU");
  assert_int_equal(TF_DeviceListMemoryBytes(list, 0, st), 268435456);
  assert_ok();
  TF_DeviceListName(list, 99, st);
  assert_error(TF_INVALID_ARGUMENT, "index out of bounds");
  TF_DeleteDeviceList(list);
  end_session(s);
  TF_DeleteGraph(g);
}

static void reads_options(void **state) {
  (void)state;
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_SetConfig(options, "\x10\x01", 2, st); /* intra_op_parallelism_threads: 1 */
  assert_ok();
  TF_SetConfig(options, "zzzz", 4, st);
  assert_error(TF_INVALID_ARGUMENT, "Unparseable ConfigProto");
  TF_DeleteSessionOptions(options);
}

/* ---- SavedModels ---- */

static TF_Session *load(const char *dir, int num_tags, const char *const *tags, TF_Graph *g,
                        TF_Buffer *meta) {
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Session *s = TF_LoadSessionFromSavedModel(options, NULL, dir, tags, num_tags, g, meta, st);
  TF_DeleteSessionOptions(options);
  return s;
}

static const char *const serve_gpu[] = {"gpu", "serve", "serve"};
#define SERVE (&serve_gpu[1])

static TF_Operation *op_named(TF_Graph *g, const char *name) {
  TF_Operation *op = TF_GraphOperationByName(g, name);
  if (!op) fail_msg("no operation %s", name);
  return op;
}

static void loads_half_plus_two(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Buffer *meta = TF_NewBuffer();
  TF_Session *s = load("tests/data/models/half_plus_two/1", 1, SERVE, g, meta);
  assert_ok();
  assert_true(meta->length > 100);
  float x[] = {1, 2, 5};
  TF_Tensor *in = tensor_of(TF_FLOAT, 2, (int64_t[]){3, 1}, x, sizeof x);
  expect_floats(run(s, op_named(g, "x"), in, op_named(g, "y")), 3, (float[]){2.5f, 3, 4.5f});
  TF_DeleteBuffer(meta);
  end_session(s);
  TF_DeleteGraph(g);
}

/* The init op fills a table from an asset; the table then answers. */
static void loads_assets(void **state) {
  (void)state;
  static const char *const models[] = {
      "tests/data/models/seed_builder/1", "tests/data/models/seed_builder_pbtxt/1",
      "tests/data/models/seed_legacy_init_op/1", "tests/data/models/seed_versions/2"};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    TF_Graph *g = TF_NewGraph();
    TF_Session *s = load(models[i], 1, SERVE, g, NULL);
    if (TF_GetCode(st)) fail_msg("%s: %s", models[i], TF_Message(st));
    TF_Tensor *words = TF_AllocateTensor(TF_STRING, (int64_t[]){1}, 1, sizeof(TF_TString));
    TF_StringInit(TF_TensorData(words));
    TF_StringCopy(TF_TensorData(words), "no such word", 12);
    TF_Tensor *ids = run(s, op_named(g, "words"), words, op_named(g, "hash_table_Lookup/SelectV2"));
    assert_ok();
    assert_int_equal(TF_TensorType(ids), TF_INT64);
    TF_DeleteTensor(ids);
    end_session(s);
    TF_DeleteGraph(g);
  }
}

static void picks_tags_as_a_set(void **state) {
  (void)state;
  const char *dir = "tests/data/models/seed_multi_metagraph/1";
  for (int num = 1; num <= 3; num += 2) { /* {serve}, and {gpu, serve, serve} */
    TF_Graph *g = TF_NewGraph();
    TF_Session *s = load(dir, num, num == 1 ? SERVE : serve_gpu, g, NULL);
    assert_ok();
    op_named(g, "Sum");
    end_session(s);
    TF_DeleteGraph(g);
  }
  TF_Graph *g = TF_NewGraph();
  assert_null(load(dir, 1, serve_gpu, g, NULL));
  assert_error(
      TF_NOT_FOUND,
      "Could not find meta graph def matching supplied tags: { gpu }. To inspect available tag-sets in the "
      "SavedModel, please use the SavedModel CLI: `saved_model_cli`");
  assert_null(load("tests/data/no_such_model", 1, SERVE, g, NULL));
  assert_error(
      TF_NOT_FOUND,
      "Could not find SavedModel .pb or .pbtxt at supplied export directory path: tests/data/no_such_model");
  placeholder(g, "x", TF_FLOAT, -2, NULL);
  assert_null(load(dir, 1, SERVE, g, NULL));
  assert_error(TF_INVALID_ARGUMENT, "Graph is non-empty.");
  TF_DeleteGraph(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(runs_a_sum),    CASE(tells_wrong_runs),    CASE(keeps_variables), CASE(lists_devices),
      CASE(reads_options), CASE(loads_half_plus_two), CASE(loads_assets),    CASE(picks_tags_as_a_set),
  };
  return cmocka_run_group_tests_name("capi_session", tests, NULL, NULL);
}
