/* Graph building: names, scopes, errors, groups, collections. */
#include "savedmodel/sm_testing.h"

static const char *name_of(TF_Output output) { return TF_OperationName(output.oper); }

/* TF: names are compared without case, and a taken suffix is skipped. */
static void names_are_made_unique(void **state) {
  Bench *b = *state;
  static const struct {
    const char *asked, *got;
  } cases[] = {{"a", "a"},   {"a", "a_1"},   {"a_1", "a_1_1"}, {"a", "a_2"},
               {"A", "A_3"}, {NULL, "NoOp"}, {NULL, "NoOp_1"}};
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    TF_Operation *op = SM_NoOp(b->g, cases[i].asked);
    assert_fine(b);
    assert_string_equal(TF_OperationName(op), cases[i].got);
  }
}

static void names_made_by_the_c_api_count(void **state) {
  Bench *b = *state;
  TF_FinishOperation(TF_NewOperation(SM_GraphHandle(b->g), "NoOp", "mine"), b->st);
  assert_string_equal(TF_OperationName(SM_NoOp(b->g, "mine")), "mine_1");
  assert_fine(b);
}

static void scopes_nest_and_end(void **state) {
  Bench *b = *state;
  SM_PushNameScope(b->g, "outer");
  SM_PushNameScope(b->g, "inner");
  assert_string_equal(TF_OperationName(SM_NoOp(b->g, "x")), "outer/inner/x");
  SM_PopScope(b->g);
  assert_string_equal(TF_OperationName(SM_NoOp(b->g, "x")), "outer/x");
  SM_PushNameScope(b->g, "");
  assert_string_equal(TF_OperationName(SM_NoOp(b->g, "x")), "x");
  SM_PopScope(b->g);
  SM_PopScope(b->g);
  SM_PushNameScope(b->g, "outer");
  assert_string_equal(TF_OperationName(SM_NoOp(b->g, "x")), "outer_1/x");
  SM_PopScope(b->g);
  assert_fine(b);
  SM_PopScope(b->g);
  assert_error(b, TF_FAILED_PRECONDITION, "without a scope to leave");
}

static void the_first_error_stays(void **state) {
  Bench *b = *state;
  TF_Output x = SM_Placeholder(b->g, TF_FLOAT, SM_SHAPE(2, 2), "x");
  TF_Output y = SM_MatMul(b->g, x, (TF_Output){NULL, 0});
  assert_null(y.oper);
  assert_null(SM_Add(b->g, x, y).oper);
  assert_null(SM_NoOp(b->g, "more"));
  assert_null(SM_GetVariable(b->g, "v", SM_SHAPE(1), SM_Zeros(), NULL));
  assert_null(SM_NewSession(b->g, b->st));
  assert_error(b, TF_INVALID_ARGUMENT, "MatMul (MatMul): an input is missing");
  assert_error(b, TF_INVALID_ARGUMENT, "MatMul (MatMul): an input is missing");
}

static void the_runtime_checks_operations(void **state) {
  Bench *b = *state;
  TF_Output x = SM_Placeholder(b->g, TF_FLOAT, SM_SHAPE(2, 3), "x");
  assert_null(SM_MatMul(b->g, x, x).oper);
  assert_error(b, TF_INVALID_ARGUMENT, "Dimensions must be equal");
}

static void unknown_ops_are_refused(void **state) {
  Bench *b = *state;
  assert_null(SM_AddOp(b->g, "NoSuchOp", "x", NULL));
  assert_error(b, TF_INVALID_ARGUMENT, "NoSuchOp");
}

static void nothing_runs_after_an_error_in_the_status(void **state) {
  Bench *b = *state;
  TF_SetStatus(b->st, TF_ABORTED, "before");
  assert_null(SM_NewSession(b->g, b->st));
  assert_null(SM_NewSavedModelBuilder(in_dir(b, "model"), b->st));
  assert_false(is_there(b, "model"));
  assert_string_equal(TF_Message(b->st), "before");
  TF_SetStatus(b->st, TF_OK, "");
}

static void arithmetic_has_the_right_values(void **state) {
  Bench *b = *state;
  TF_Output x = SM_Constant(b->g, SM_TensorF32(SM_SHAPE(2, 2), (const float[]){1, 2, 3, 4}), "x");
  TF_Output sum = SM_AddScalar(b->g, x, 1), twice = SM_MulScalar(b->g, x, 2), less = SM_SubScalar(b->g, x, 1);
  TF_Output half = SM_DivScalar(b->g, x, 2), product = SM_MatMul(b->g, x, x),
            gram = SM_MatMulTransposeA(b->g, x, x);
  TF_Output mean = SM_ReduceMean(b->g, x, NULL, 0), columns = SM_ReduceMean(b->g, x, (const int32_t[]){0}, 1);
  TF_Output same = SM_Div(b->g, SM_Mul(b->g, sum, x), SM_Sub(b->g, SM_Add(b->g, x, x), less));
  assert_string_equal(name_of(sum), "add");
  start(b, NULL);
  assert_text(b, SM_Run(b->session, sum, b->st), "[[2. 3.]\n [4. 5.]]");
  assert_text(b, SM_Run(b->session, twice, b->st), "[[2. 4.]\n [6. 8.]]");
  assert_text(b, SM_Run(b->session, less, b->st), "[[0. 1.]\n [2. 3.]]");
  assert_text(b, SM_Run(b->session, half, b->st), "[[0.5 1. ]\n [1.5 2. ]]");
  assert_text(b, SM_Run(b->session, product, b->st), "[[ 7. 10.]\n [15. 22.]]");
  assert_text(b, SM_Run(b->session, gram, b->st), "[[10. 14.]\n [14. 20.]]");
  assert_text(b, SM_Run(b->session, mean, b->st), "2.5");
  assert_text(b, SM_Run(b->session, columns, b->st), "[2. 3.]");
  assert_text(b, SM_Run(b->session, same, b->st), "[[1. 2.]\n [3. 4.]]");
}

static void control_dependencies_order_runs(void **state) {
  Bench *b = *state;
  SM_Variable *v = SM_GetVariable(b->g, "v", SM_SCALAR, SM_Zeros(),
                                  &(SM_VariableOptions){.use_resource = true});
  TF_Operation *add = SM_AssignAdd(v, SM_Constant(b->g, SM_ScalarF32(5), NULL)).oper;
  SM_PushControlDependencies(b->g, &add, 1);
  TF_Output after = SM_Value(v);
  SM_PopScope(b->g);
  start(b, SM_VariableInitializer(v));
  assert_text(b, SM_Run(b->session, after, b->st), "5.0");
  assert_text(b, SM_Run(b->session, after, b->st), "10.0");
}

static void groups_run_all(void **state) {
  Bench *b = *state;
  SM_Variable *v = SM_GetVariable(b->g, "v", SM_SCALAR, SM_Zeros(), NULL);
  SM_Variable *w = SM_GetVariable(b->g, "w", SM_SCALAR, SM_Zeros(), NULL);
  TF_Output one = SM_Constant(b->g, SM_ScalarF32(1), NULL);
  TF_Operation *both = SM_Group(
      b->g, (TF_Operation *[]){SM_AssignAdd(v, one).oper, SM_AssignSub(w, one).oper}, 2, "both");
  assert_fine(b);
  assert_string_equal(TF_OperationName(both), "both");
  start(b, SM_GlobalVariablesInitializer(b->g));
  SM_RunOp(b->session, both, b->st);
  assert_value(b, v, "1.0");
  assert_value(b, w, "-1.0");
}

static void collections_keep_order_and_kind(void **state) {
  Bench *b = *state;
  TF_Output x = SM_Placeholder(b->g, TF_FLOAT, SM_SCALAR, "x");
  TF_Operation *op = SM_NoOp(b->g, "op");
  SM_CollectOutput(b->g, "mine", x);
  SM_CollectOperation(b->g, "mine", op);
  assert_int_equal(SM_CollectionSize(b->g, "mine"), 2);
  assert_ptr_equal(SM_CollectionOutput(b->g, "mine", 0).oper, x.oper);
  assert_ptr_equal(SM_CollectionOutput(b->g, "mine", 1).oper, op);
  assert_null(SM_CollectionOutput(b->g, "mine", 2).oper);
  assert_int_equal(SM_CollectionSize(b->g, "other"), 0);
  SM_ClearCollection(b->g, "mine");
  assert_int_equal(SM_CollectionSize(b->g, "mine"), 0);
  SM_CollectOutput(b->g, "mine", x);
  assert_fine(b);
  SM_CollectBytes(b->g, "mine", "x", 1);
  assert_error(b, TF_INVALID_ARGUMENT, "one kind");
}

static void outputs_are_found_by_name(void **state) {
  Bench *b = *state;
  TF_Output x = SM_Placeholder(b->g, TF_FLOAT, SM_SCALAR, "scope/x");
  assert_string_equal(SM_OutputName(b->g, x), "scope/x:0");
  assert_ptr_equal(SM_FindOutput(b->g, "scope/x:0").oper, x.oper);
  assert_ptr_equal(SM_FindOutput(b->g, "scope/x").oper, x.oper);
  static const char *const wrong[] = {"scope/x:1", "scope/x:", "scope/x:-1", "scope/x:0x",
                                      "nope",      "",         ":0",         "scope/x:99999999999"};
  for (size_t i = 0; i < SM_COUNTOF(wrong); i++) assert_null(SM_FindOutput(b->g, wrong[i]).oper);
  assert_fine(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BENCH_TEST(names_are_made_unique),
      BENCH_TEST(names_made_by_the_c_api_count),
      BENCH_TEST(scopes_nest_and_end),
      BENCH_TEST(the_first_error_stays),
      BENCH_TEST(the_runtime_checks_operations),
      BENCH_TEST(unknown_ops_are_refused),
      BENCH_TEST(nothing_runs_after_an_error_in_the_status),
      BENCH_TEST(arithmetic_has_the_right_values),
      BENCH_TEST(control_dependencies_order_runs),
      BENCH_TEST(groups_run_all),
      BENCH_TEST(collections_keep_order_and_kind),
      BENCH_TEST(outputs_are_found_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
