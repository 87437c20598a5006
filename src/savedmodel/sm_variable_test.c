/* Variables: initial values, reuse by scope, assignment, initializers. */
#include <math.h>

#include "savedmodel/sm_testing.h"

static void initializers_give_their_values(void **state) {
  Bench *b = *state;
  SM_Variable *zeros = SM_GetVariable(b->g, "zeros", SM_SHAPE(3), SM_Zeros(), NULL);
  SM_Variable *ones = SM_GetVariable(b->g, "ones", SM_SHAPE(2), SM_Ones(), NULL);
  SM_Variable *constant = SM_GetVariable(b->g, "constant", SM_SHAPE(2), SM_ConstantInitializer(1.5), NULL);
  SM_Variable *integers = SM_GetVariable(b->g, "integers", SM_SHAPE(2), SM_DEFAULT_INITIALIZER,
                                         &(SM_VariableOptions){.dtype = TF_INT64});
  SM_Variable *value = SM_GetVariable(b->g, "value", SM_UNKNOWN_SHAPE,
                                      SM_InitialValue(SM_ScalarString("text")), NULL);
  SM_Variable *twin = SM_GetVariable(
      b->g, "twin", SM_UNKNOWN_SHAPE,
      SM_InitialOutput(SM_MulScalar(b->g, SM_Constant(b->g, SM_ScalarF32(4), NULL), 2)), NULL);
  SM_Variable *big = SM_GetVariable(b->g, "big", SM_SHAPE(1000), SM_Ones(), NULL);
  start(b, SM_GlobalVariablesInitializer(b->g));
  assert_value(b, zeros, "[0. 0. 0.]");
  assert_value(b, ones, "[1. 1.]");
  assert_value(b, constant, "[1.5 1.5]");
  assert_value(b, integers, "[0 0]");
  assert_value(b, value, "b'text'");
  assert_value(b, twin, "8.0");
  TF_Tensor *t = SM_Eval(b->session, big, b->st);
  assert_int_equal(TF_TensorElementCount(t), 1000);
  assert_true(SM_TensorDataF32(t)[999] == 1);
  TF_DeleteTensor(t);
}

typedef struct Moments {
  double least, greatest, mean, stddev;
} Moments;

static Moments moments(Bench *b, SM_Variable *v) {
  TF_Tensor *t = SM_Eval(b->session, v, b->st);
  assert_fine(b);
  const float *x = SM_TensorDataF32(t);
  int64_t n = TF_TensorElementCount(t);
  Moments m = {INFINITY, -INFINITY, 0, 0};
  for (int64_t i = 0; i < n; i++) {
    m.least = fmin(m.least, x[i]);
    m.greatest = fmax(m.greatest, x[i]);
    m.mean += x[i] / (double)n;
  }
  for (int64_t i = 0; i < n; i++) m.stddev += (x[i] - m.mean) * (x[i] - m.mean) / (double)n;
  m.stddev = sqrt(m.stddev);
  TF_DeleteTensor(t);
  return m;
}

static void assert_between(double x, double low, double high) {
  if (!(x >= low && x <= high)) fail_msg("%g is not in [%g, %g]", x, low, high);
}

/* 40000 draws: means within five standard errors. */
static void random_initializers_have_their_moments(void **state) {
  Bench *b = *state;
  SM_SetRandomSeed(b->g, 1234);
  SM_Shape shape = SM_SHAPE(200, 200);
  SM_Variable *uniform = SM_GetVariable(b->g, "u", shape, SM_RandomUniform(-2, 4), NULL);
  SM_Variable *normal = SM_GetVariable(b->g, "n", shape, SM_RandomNormal(1, 3), NULL);
  SM_Variable *truncated = SM_GetVariable(b->g, "t", shape, SM_TruncatedNormal(1, 3), NULL);
  SM_Variable *glorot = SM_GetVariable(b->g, "g", shape, SM_DEFAULT_INITIALIZER, NULL);
  SM_Variable *glorot_normal = SM_GetVariable(b->g, "gn", shape, SM_GlorotNormal(), NULL);
  start(b, SM_GlobalVariablesInitializer(b->g));
  Moments m = moments(b, uniform);
  assert_between(m.least, -2, -1.99);
  assert_between(m.greatest, 3.99, 4);
  assert_between(m.mean, 0.95, 1.05);
  m = moments(b, normal);
  assert_between(m.mean, 0.92, 1.08);
  assert_between(m.stddev, 2.94, 3.06);
  m = moments(b, truncated);
  assert_between(m.least, -5, -4.8);
  assert_between(m.greatest, 6.8, 7);
  assert_between(m.stddev, 2.6, 2.68); /* 3 times 0.8796 */
  m = moments(b, glorot);              /* within sqrt(6 / (200 + 200)) */
  assert_between(m.least, -0.122475, -0.1219);
  assert_between(m.greatest, 0.1219, 0.122475);
  m = moments(b, glorot_normal); /* sqrt(2 / (200 + 200)) */
  assert_between(m.stddev, 0.0693, 0.0721);
}

static void op_seeds_repeat(void **state) {
  Bench *b = *state;
  SM_Variable *x = SM_GetVariable(b->g, "x", SM_SHAPE(4), SM_WithSeed(SM_RandomUniform(0, 1), 7), NULL);
  SM_Variable *y = SM_GetVariable(b->g, "y", SM_SHAPE(4), SM_WithSeed(SM_RandomUniform(0, 1), 7), NULL);
  SM_Variable *z = SM_GetVariable(b->g, "z", SM_SHAPE(4), SM_WithSeed(SM_RandomUniform(0, 1), 8), NULL);
  start(b, SM_GlobalVariablesInitializer(b->g));
  char *tx = SM_EvalText(b->session, x, b->st), *ty = SM_EvalText(b->session, y, b->st);
  char *tz = SM_EvalText(b->session, z, b->st);
  assert_fine(b);
  assert_string_equal(tx, ty);
  assert_string_not_equal(tx, tz);
  free(tx), free(ty), free(tz);
}

static void assign_with(Bench *b, bool use_resource) {
  SM_VariableOptions options = {.use_resource = use_resource};
  SM_Variable *v = SM_GetVariable(b->g, use_resource ? "r" : "v", SM_SHAPE(2), SM_Ones(), &options);
  TF_Output ten = SM_Constant(b->g, SM_TensorFill(TF_FLOAT, SM_SHAPE(2), 10), NULL);
  TF_Output set = SM_Assign(v, SM_AddScalar(b->g, SM_Value(v), 1)), add = SM_AssignAdd(v, ten),
            sub = SM_AssignSub(v, ten);
  TF_Output known = SM_IsInitialized(v);
  start(b, NULL);
  assert_text(b, SM_Run(b->session, known, b->st), "False");
  TF_Tensor *none = SM_Eval(b->session, v, b->st);
  assert_null(none);
  assert_int_equal(TF_GetCode(b->st), TF_FAILED_PRECONDITION);
  TF_SetStatus(b->st, TF_OK, "");
  SM_RunOp(b->session, SM_VariableInitializer(v), b->st);
  assert_text(b, SM_Run(b->session, known, b->st), "True");
  assert_text(b, SM_Run(b->session, set, b->st), "[2. 2.]");
  assert_text(b, SM_Run(b->session, add, b->st), "[12. 12.]");
  SM_RunOp(b->session, sub.oper, b->st);
  assert_value(b, v, "[2. 2.]");
  SM_EndSession(b->session);
  b->session = NULL;
}

static void assignments_change_both_kinds(void **state) {
  assign_with(*state, false);
  assign_with(*state, true);
}

static void an_initializer_of_its_own(void **state) {
  Bench *b = *state;
  SM_Variable *v = SM_GetVariable(b->g, "v", SM_SHAPE(2), SM_Ones(), NULL);
  SM_Variable *w = SM_GetVariable(b->g, "w", SM_SHAPE(2), SM_Ones(),
                                  &(SM_VariableOptions){.use_resource = true});
  SM_GetVariable(b->g, "l", SM_SCALAR, SM_Ones(),
                 &(SM_VariableOptions){.collections = (const char *const[]){SM_LOCAL_VARIABLES, NULL}});
  start(b, SM_VariableInitializer(w));
  assert_text(b, SM_ReportUninitialized(b->session, b->g, b->st), "[b'v' b'l']");
  SM_RunOp(b->session, SM_VariablesInitializer(b->g, &v, 1, "some"), b->st);
  SM_RunOp(b->session, SM_LocalVariablesInitializer(b->g), b->st);
  assert_text(b, SM_ReportUninitialized(b->session, b->g, b->st), "[]");
}

static void variables_are_collected(void **state) {
  Bench *b = *state;
  SM_Variable *v = SM_GetVariable(b->g, "v", SM_SHAPE(1), SM_Zeros(), NULL);
  SM_Variable *fixed = SM_GetVariable(b->g, "fixed", SM_SHAPE(1), SM_Zeros(),
                                      &(SM_VariableOptions){.untrainable = true});
  assert_int_equal(SM_NumVariables(b->g, SM_GLOBAL_VARIABLES), 2);
  assert_int_equal(SM_NumVariables(b->g, SM_TRAINABLE_VARIABLES), 1);
  assert_ptr_equal(SM_VariableAt(b->g, SM_GLOBAL_VARIABLES, 1), fixed);
  assert_ptr_equal(SM_VariableAt(b->g, SM_TRAINABLE_VARIABLES, 0), v);
  assert_null(SM_VariableAt(b->g, SM_TRAINABLE_VARIABLES, 1));
  assert_ptr_equal(SM_FindVariable(b->g, "fixed"), fixed);
  assert_null(SM_FindVariable(b->g, "nope"));
  assert_false(SM_VariableIsTrainable(fixed));
  assert_int_equal(SM_VariableType(v), TF_FLOAT);
  assert_int_equal(SM_VariableShape(v).dims[0], 1);
}

static void scopes_share_variables(void **state) {
  Bench *b = *state;
  SM_PushVariableScope(b->g, "layer", SM_REUSE_INHERIT);
  SM_Variable *v = SM_GetVariable(b->g, "v", SM_SHAPE(2), SM_Zeros(), NULL);
  SM_PopScope(b->g);
  SM_PushVariableScope(b->g, "layer", SM_REUSE);
  assert_ptr_equal(SM_GetVariable(b->g, "v", SM_SHAPE(2), SM_Zeros(), NULL), v);
  assert_ptr_equal(SM_GetVariable(b->g, "v", SM_UNKNOWN_SHAPE, SM_Zeros(), NULL), v);
  SM_PushVariableScope(b->g, "inner", SM_REUSE_INHERIT); /* reuse goes on inside */
  assert_null(SM_GetVariable(b->g, "new", SM_SHAPE(2), SM_Zeros(), NULL));
  assert_error(
      b, TF_INVALID_ARGUMENT,
      "Variable layer/inner/new does not exist, or was not created with tf.get_variable(). Did you mean to "
      "set reuse=tf.AUTO_REUSE in VarScope?");
}

static void auto_reuse_makes_or_takes(void **state) {
  Bench *b = *state;
  SM_PushVariableScope(b->g, "s", SM_AUTO_REUSE);
  SM_Variable *v = SM_GetVariable(b->g, "v", SM_SHAPE(2), SM_Zeros(), NULL);
  assert_ptr_equal(SM_GetVariable(b->g, "v", SM_SHAPE(2), SM_Zeros(), NULL), v);
  assert_string_equal(SM_VariableName(v), "s/v");
  assert_fine(b);
}

static void refusals(void **state) {
  const struct {
    const char *name, *error;
    SM_Reuse reuse;
    SM_Shape shape;
    TF_DataType dtype;
    SM_Initializer initializer;
  } cases[] = {
      {"v",
       "Variable v already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
       "VarScope?",
       SM_REUSE_INHERIT,
       {(const int64_t[]){2}, 1},
       TF_FLOAT,
       {.kind = SM_INIT_ZEROS}},
      {"v",
       "Trying to share variable v, but specified shape (3, 1) and found shape (2,).",
       SM_REUSE,
       {(const int64_t[]){3, 1}, 2},
       TF_FLOAT,
       {.kind = SM_INIT_ZEROS}},
      {"v",
       "Trying to share variable v, but specified dtype int32 and found dtype float32_ref.",
       SM_REUSE,
       {(const int64_t[]){2}, 1},
       TF_INT32,
       {.kind = SM_INIT_ZEROS}},
      {"z",
       "Variable z did not get an initializer, so its `shape` argument must be specified.",
       SM_REUSE_INHERIT,
       {NULL, -1},
       TF_FLOAT,
       {.kind = SM_INIT_DEFAULT}},
      {"z",
       "Shape of a new variable (z) must be fully defined, but instead was (None, 3).",
       SM_REUSE_INHERIT,
       {(const int64_t[]){-1, 3}, 2},
       TF_FLOAT,
       {.kind = SM_INIT_ZEROS}},
      {"z",
       "An initializer for variable z of <dtype: 'string'> is required",
       SM_REUSE_INHERIT,
       {(const int64_t[]){2}, 1},
       TF_STRING,
       {.kind = SM_INIT_DEFAULT}},
      {"z",
       "Expected floating point type, got int32.",
       SM_REUSE_INHERIT,
       {(const int64_t[]){2}, 1},
       TF_INT32,
       {.kind = SM_INIT_NORMAL, .b = 1}},
  };
  (void)state;
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    void *fresh;
    bench_setup(&fresh);
    Bench *b = fresh;
    SM_GetVariable(b->g, "v", SM_SHAPE(2), SM_Zeros(), NULL);
    assert_fine(b);
    SM_VariableOptions options = {.dtype = cases[i].dtype};
    if (cases[i].reuse == SM_REUSE) SM_SetReuse(b->g, SM_REUSE);
    assert_null(SM_GetVariable(b->g, cases[i].name, cases[i].shape, cases[i].initializer, &options));
    assert_error(b, TF_INVALID_ARGUMENT, cases[i].error);
    bench_teardown(&fresh);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BENCH_TEST(initializers_give_their_values),
      BENCH_TEST(random_initializers_have_their_moments),
      BENCH_TEST(op_seeds_repeat),
      BENCH_TEST(assignments_change_both_kinds),
      BENCH_TEST(an_initializer_of_its_own),
      BENCH_TEST(variables_are_collected),
      BENCH_TEST(scopes_share_variables),
      BENCH_TEST(auto_reuse_makes_or_takes),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
