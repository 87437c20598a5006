/* Frozen variables: what follows from variables and constants alone is computed once, and a run that begins
 * after an assignment has returned sees it. Expected values are computed by hand. */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "session/session_fixture.h"

/* ---- a plan with an executor of its own, of which we see how many steps it runs ---- */

typedef struct Runner {
  Fixture *f;
  Executor *executor;
  atomic_bool cancelled;
  StepEnv env;
} Runner;

static Runner *runner_of(Fixture *f, const char *feed, const char *fetch) {
  TF_Status st = {0};
  Runner *r = calloc(1, sizeof *r);
  r->f = f;
  r->env = (StepEnv){.resources = session_resources(f->session),
                     .threads = 1,
                     .cancelled = &r->cancelled,
                     .call = exec_call,
                     .loop = exec_while};
  PlanOptions options = {.resources = r->env.resources,
                         .env = &r->env,
                         .specialize = true,
                         .free_executor = exec_free_executor};
  TF_Output in = output_of(f->graph, feed), out = output_of(f->graph, fetch);
  Plan *plan;
  if (plan_new(&plan, f->graph, &in, 1, &out, 1, NULL, 0, &options, &st)) fail_msg("%s", TF_Message(&st));
  assert_int_equal(executor_new(&r->executor, plan, true, &st), TF_OK);
  return r;
}

static void runner_free(Runner *r) {
  executor_free(r->executor);
  free(r);
}

/* Of one number. */
static float run(Runner *r, float p) {
  TF_Status st = {0};
  Tensor in = {0}, out = {0};
  assert_int_equal(tensor_alloc(&in, TF_FLOAT, NULL, 0, &st), TF_OK);
  *(float *)in.data = p;
  const Tensor *feed = &in;
  if (executor_run(r->executor, &feed, &out, &r->env, &st)) fail_msg("%s", TF_Message(&st));
  float y = *(float *)out.data;
  tensor_clear(&in);
  tensor_clear(&out);
  return y;
}

static int steps(Runner *r) { return executor_stats(r->executor).steps; }

/* ---- assigning from outside ---- */

static void assign(Fixture *f, const char *target, const char *feed, float value) {
  TF_Status st = {0};
  Tensor in = {0};
  assert_int_equal(tensor_alloc(&in, TF_FLOAT, NULL, 0, &st), TF_OK);
  *(float *)in.data = value;
  const Tensor *in_p = &in;
  TF_Output feeds = output_of(f->graph, feed);
  const Node *node = graph_find(f->graph, target);
  if (session_run(f->session, &feeds, &in_p, 1, NULL, NULL, 0, &node, 1, NULL, &st))
    fail_msg("%s", TF_Message(&st));
  tensor_clear(&in);
}

/* y = p * (gamma / sqrt(var + eps)): all but the last product follow from the variables. */
#define NORM(read_gamma, read_var)                                      \
  PLACEHOLDER("p")                                                      \
  PLACEHOLDER("x")                                                      \
  CONST("eps", "1")                                                     \
  BINARY("AddV2", "sum", read_var, "eps") UNARY("Rsqrt", "root", "sum") \
      BINARY("Mul", "scale", read_gamma, "root") BINARY("Mul", "y", "p", "scale")

static void check_norm(Fixture *f, int runs) {
  assign(f, "set_gamma", "x", 6);
  assign(f, "set_var", "x", 3);
  Runner *r = runner_of(f, "p", "y");
  for (int i = 0; i < runs; i++) assert_float_equal(run(r, 2), 6, 1e-6);
  assert_int_equal(steps(r), 1);
  assign(f, "set_var", "x", 8);
  for (int i = 0; i < runs; i++) assert_float_equal(run(r, 2), 4, 1e-6);
  assert_int_equal(steps(r), 1);
  assign(f, "set_gamma", "x", 9);
  for (int i = 0; i < runs; i++) assert_float_equal(run(r, 3), 9, 1e-6);
  assert_int_equal(executor_stats(r->executor).outdated_specs, 2);
  assert_int_equal(executor_stats(r->executor).specs, 1);
  runner_free(r);
}

static void test_resource_variables(void **state) {
  (void)state;
  Fixture f = fixture_of(HANDLE("gamma") HANDLE("var") READ("rg", "gamma") READ("rv", "var") NORM("rg", "rv")
                             WRITE("AssignVariableOp", "set_gamma", "gamma", "x", "")
                                 WRITE("AssignVariableOp", "set_var", "var", "x", ""),
                         &(SessionConfig){.intra_op_threads = 1});
  check_norm(&f, 3);
  fixture_clear(&f);
}

static void test_ref_variables(void **state) {
  (void)state;
  Fixture f = fixture_of(REF("gamma") REF("var") UNARY("Identity", "rg", "gamma") NORM("rg", "var")
                             ASSIGN_REF("set_gamma", "gamma", "x") ASSIGN_REF("set_var", "var", "x"),
                         &(SessionConfig){.intra_op_threads = 1});
  check_norm(&f, 3);
  fixture_clear(&f);
}

/* ---- plans that assign ---- */

static void test_a_plan_that_assigns(void **state) {
  (void)state;
  /* y = p * sqrt(w) + n, where n counts the runs: w stays frozen, n does not. */
  Fixture f = fixture_of(
      PLACEHOLDER("p") PLACEHOLDER("x") CONST("one", "1") HANDLE("n") HANDLE("w") READ("rw", "w")
          WRITE("AssignVariableOp", "set_n", "n", "x", "") WRITE("AssignVariableOp", "set_w", "w", "x", "")
              WRITE("AssignAddVariableOp", "count", "n", "one",
                    "") "node { name: 'rn' op: 'ReadVariableOp' input: 'n' " AFTER("count") DTYPE_FLOAT
      "}" UNARY("Sqrt", "root", "rw") BINARY("Mul", "m", "p", "root") BINARY("AddV2", "y", "m", "rn"),
      &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_n", "x", 0);
  assign(&f, "set_w", "x", 16);
  Runner *r = runner_of(&f, "p", "y");
  for (int i = 1; i <= 20; i++) assert_float_equal(run(r, 2), 8 + i, 0);
  assert_int_equal(steps(r), 4); /* count, read n, Mul, AddV2 */
  assert_int_equal(executor_stats(r->executor).outdated_specs, 0);
  assign(&f, "set_w", "x", 25);
  assert_float_equal(run(r, 2), 31, 0);
  runner_free(r);
  fixture_clear(&f);
}

static void test_a_variable_often_assigned_is_not_frozen(void **state) {
  (void)state;
  Fixture f = fixture_of(PLACEHOLDER("p") PLACEHOLDER("x") HANDLE("v") HANDLE("w") READ("rv", "v")
                             READ("rw", "w") WRITE("AssignVariableOp", "set_v", "v", "x", "")
                                 WRITE("AssignVariableOp", "set_w", "w", "x", "") UNARY("Sqrt", "sv", "rv")
                                     UNARY("Sqrt", "sw", "rw") BINARY("Mul", "m", "p", "sv")
                                         BINARY("AddV2", "y", "m", "sw"),
                         &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_w", "x", 1);
  assign(&f, "set_v", "x", 1);
  Runner *r = runner_of(&f, "p", "y");
  for (int i = 0; i < 30; i++) {
    assign(&f, "set_v", "x", (float)(i * i));
    for (int k = 0; k < 3; k++) assert_float_equal(run(r, 2), 2 * i + 1, 0);
  }
  ExecutorStats stats = executor_stats(r->executor);
  assert_in_range(stats.outdated_specs, 1, 3);
  assert_in_range(stats.special_runs, 75, 89);
  assert_int_equal(stats.steps, 4); /* read v, Sqrt, Mul, AddV2: w is frozen still */
  runner_free(r);
  fixture_clear(&f);
}

/* ---- loops of TensorFlow 1 ---- */

#define REF_ENTER(name, in)                                         \
  "node { name: '" name "' op: 'RefEnter' input: '" in "' " T_FLOAT \
  " attr { key: 'frame_name' value { s: 'f' } } "                   \
  "attr { key: 'is_constant' value { b: true } } }"

/* while (x < 100) { v += 1; x = x + v + w } */
static float grow(float x, float *v, float w) {
  for (; x < 100; x += *v + w) ++*v;
  return x;
}

static void test_a_v1_loop_that_assigns(void **state) {
  (void)state;
  /* y = the above + sqrt(w), where the loop reads v by an Identity outside, and w by one inside. */
  Fixture f = fixture_of(
      PLACEHOLDER("p") PLACEHOLDER("x") CONST("one", "1") CONST("most", "100") REF("v") REF("w") ASSIGN_REF(
          "set_v", "v", "x") ASSIGN_REF("set_w", "w", "x") UNARY("Identity", "rv", "v") UNARY("Identity",
                                                                                              "rw", "w")
          UNARY("Sqrt", "sw", "rw") ENTER("ex", "p", "false") ENTER("e1", "one", "true") ENTER(
              "em", "most", "true") ENTER("erv", "rv", "true") REF_ENTER("ev", "v") REF_ENTER("ew", "w")
              MERGE("m", "ex", "n") BINARY("Less", "go", "m", "em") LOOP_COND("c", "go") BINARY(
                  "Switch", "s",
                  "m", "c") "node { name: 'up' op: 'AssignAdd' input: 'ev' input: 'e1' input: '^s1' " T_FLOAT
                            "}"
                            "node { name: 'xv' op: 'AddV2' input: 's1' input: 'erv' " AFTER("up") T_FLOAT
      "}" UNARY("Identity", "s1", "s:1") UNARY("Identity", "inner", "ew") BINARY("AddV2", "x1", "xv", "inner")
          UNARY("NextIteration", "n", "x1") UNARY("Exit", "end", "s") BINARY("AddV2", "y", "end", "sw"),
      &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_v", "x", 0);
  assign(&f, "set_w", "x", 16);
  Runner *r = runner_of(&f, "p", "y");
  float v = 0;
  for (int i = 1; i <= 20; i++) assert_float_equal(run(r, 2), grow(2, &v, 16) + 4, 0);
  assert_int_equal(executor_stats(r->executor).outdated_specs, 0);
  assert_int_equal(steps(r), 6); /* v, read v, Identity, w, loop, AddV2: the root of w is a value */
  assign(&f, "set_w", "x", 25);
  assign(&f, "set_v", "x", 3);
  v = 3;
  for (int i = 1; i <= 20; i++) assert_float_equal(run(r, 2), grow(2, &v, 25) + 5, 0);
  runner_free(r);
  fixture_clear(&f);
}

static void test_a_ref_that_a_loop_reads(void **state) {
  (void)state;
  /* while (x < 100) x = x + sqrt(w) */
  Fixture f = fixture_of(
      PLACEHOLDER("p") PLACEHOLDER("x") CONST("most", "100") REF("w") ASSIGN_REF("set_w", "w", "x")
          ENTER("ex", "p", "false") ENTER("em", "most", "true") REF_ENTER("ew", "w") MERGE("m", "ex", "n")
              BINARY("Less", "go", "m", "em") LOOP_COND("c", "go") BINARY("Switch", "s", "m", "c")
                  UNARY("Identity", "rw", "ew") UNARY("Sqrt", "sw", "rw") BINARY("AddV2", "x1", "s:1", "sw")
                      UNARY("NextIteration", "n", "x1") UNARY("Exit", "y", "s"),
      &(SessionConfig){.intra_op_threads = 1});
  for (int root = 9; root > 4; root--) {
    assign(&f, "set_w", "x", (float)(root * root));
    float want = 2;
    while (want < 100) want += (float)root;
    Runner *r = runner_of(&f, "p", "y");
    for (int i = 0; i < 3; i++) assert_float_equal(run(r, 2), want, 0);
    const Plan *p = executor_plan(r->executor);
    int loop = 0;
    while (p->steps[loop].kind != STEP_LOOP) loop++;
    ExecutorStats body = executor_stats(atomic_load(&p->steps[loop].loop->executor));
    assert_int_equal(body.steps, 3); /* Less, whether to go on, AddV2 */
    assign(&f, "set_w", "x", 4);
    assert_float_equal(run(r, 2), 100, 0);
    runner_free(r);
  }
  fixture_clear(&f);
}

/* ---- loops and branches, which get handles as arguments ---- */

#define T_LIST "attr { key: 'T' value { list { type: DT_FLOAT type: DT_RESOURCE } } }"

/* while (x < 100) x = x + sqrt(v) */
#define ADDS \
  "library { function { signature { name: 'small' " ARG("x", "DT_FLOAT") ARG("v", "DT_RESOURCE") RET("y", "DT_BOOL")  \
  "} " FUNC_CONST("c", "100") FUNC_OP("Less", "l", IN("x") IN("c:output:0"), T_FLOAT)                                 \
  "ret { key: 'y' value: 'l:z:0' } } "                                                                               \
  "function { signature { name: 'add' " ARG("x", "DT_FLOAT") ARG("v", "DT_RESOURCE") RET("y", "DT_FLOAT")             \
      RET("h", "DT_RESOURCE") "is_stateful: true } " FUNC_OP("ReadVariableOp", "r", IN("v"), DTYPE_FLOAT)             \
          FUNC_OP("Sqrt", "s", IN("r:value:0"), T_FLOAT) FUNC_OP("AddV2", "a", IN("x") IN("s:y:0"), T_FLOAT)          \
  "ret { key: 'y' value: 'a:z:0' } ret { key: 'h' value: 'v' } } "                                                   \
  "function { signature { name: 'grow' " ARG("x", "DT_FLOAT") ARG("v", "DT_RESOURCE") RET("y", "DT_FLOAT")            \
      RET("h", "DT_RESOURCE") "is_stateful: true } " FUNC_OP("ReadVariableOp", "r", IN("v") IN("^w"), DTYPE_FLOAT)    \
          FUNC_OP("AddV2", "a", IN("x") IN("r:value:0"), T_FLOAT) FUNC_CONST("c", "1")                                \
              FUNC_OP("AssignAddVariableOp", "w", IN("v") IN("c:output:0"), DTYPE_FLOAT)                              \
  "ret { key: 'y' value: 'a:z:0' } ret { key: 'h' value: 'v' } control_ret { key: 'w' value: 'w' } } "               \
  "function { signature { name: 'twice' " ARG("x", "DT_FLOAT") ARG("v", "DT_RESOURCE") RET("y", "DT_FLOAT")           \
  "is_stateful: true } " FUNC_OP("ReadVariableOp", "r", IN("v"), DTYPE_FLOAT)                                         \
      FUNC_OP("AddV2", "a", IN("r:value:0") IN("r:value:0"), T_FLOAT)                                                 \
          FUNC_OP("Mul", "m", IN("x") IN("a:z:0"), T_FLOAT) "ret { key: 'y' value: 'm:z:0' } } } "
#define WHILE(name, in, handle, body)                                                                     \
  "node { name: '" name "' op: 'While' input: '" in "' input: '" handle "' " T_LIST FUNC("cond", "small") \
      FUNC("body", body) "}"
#define IF(name, in, handle)                                                                               \
  "node { name: '" name "' op: 'If' input: 'go' input: '" in "' input: '" handle                           \
  "' attr { key: 'Tcond' value { "                                                                         \
  "type: DT_BOOL } } attr { key: 'Tin' value { list { type: DT_FLOAT type: DT_RESOURCE } } } attr { key: " \
  "'Tout' "                                                                                                \
  "value { list { type: DT_FLOAT } } } " FUNC("then_branch", "twice") FUNC("else_branch", "twice") "}"

static void test_a_loop_that_reads(void **state) {
  (void)state;
  Fixture f = fixture_of(ADDS PLACEHOLDER("p") PLACEHOLDER("x") HANDLE("v")
                             WRITE("AssignVariableOp", "set_v", "v", "x", "") WHILE("y", "p", "v", "add"),
                         &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_v", "x", 9);
  Runner *r = runner_of(&f, "p", "y");
  for (int i = 0; i < 4; i++) assert_float_equal(run(r, 2), 101, 0);
  assign(&f, "set_v", "x", 49);
  for (int i = 0; i < 4; i++) assert_float_equal(run(r, 4), 102, 0);
  runner_free(r);
  fixture_clear(&f);
}

static void test_a_loop_that_assigns(void **state) {
  (void)state;
  Fixture f = fixture_of(
      ADDS PLACEHOLDER("p") PLACEHOLDER("x") HANDLE("v") READ("r", "v")
          WRITE("AssignVariableOp", "set_v", "v", "x", "")
              WHILE("w", "p", "v", "grow") "node { name: 'after' op: 'ReadVariableOp' input: 'v' " AFTER("w")
                  DTYPE_FLOAT "}" BINARY("AddV2", "y", "w", "after"),
      &(SessionConfig){.intra_op_threads = 1});
  Runner *r = runner_of(&f, "p", "y");
  for (int i = 0; i < 5; i++) {
    assign(&f, "set_v", "x", 1);
    /* 2 + 3 + ... + 14 = 104, and v has come to 14. */
    assert_float_equal(run(r, 0), 118, 0);
  }
  runner_free(r);
  fixture_clear(&f);
}

static void test_one_function_for_many_variables(void **state) {
  (void)state;
#define LAYER(n) HANDLE("v" n) WRITE("AssignVariableOp", "set" n, "v" n, "x", "") IF("y" n, "p", "v" n)
  Fixture f = fixture_of(ADDS PLACEHOLDER("p") PLACEHOLDER("x") CONST("zero", "0")
                             BINARY("GreaterEqual", "go", "p", "zero") LAYER("0") LAYER("1") LAYER("2")
                                 LAYER("3") LAYER("4") LAYER("5") BINARY("AddV2", "a", "y0", "y1")
                                     BINARY("Sub", "b", "a", "y2") BINARY("AddV2", "c", "b", "y3")
                                         BINARY("Sub", "d", "c", "y4") BINARY("AddV2", "y", "d", "y5"),
                         &(SessionConfig){.intra_op_threads = 1});
  float values[6];
  char name[] = "set0";
  for (int i = 0; i < 6; i++) {
    name[3] = (char)('0' + i);
    assign(&f, name, "x", values[i] = (float)(10 * i + i * i));
  }
  Runner *r = runner_of(&f, "p", "y");
  for (int i = 0; i < 40; i++) {
    int k = i % 6;
    name[3] = (char)('0' + k);
    assign(&f, name, "x", values[k] += 1);
    float want = values[0] + values[1] - values[2] + values[3] - values[4] + values[5];
    assert_float_equal(run(r, 3), 6 * want, 0);
    assert_float_equal(run(r, 1), 2 * want, 0);
  }
  runner_free(r);
  fixture_clear(&f);
}

/* ---- memory ---- */

#define T_AND_INDEX(key) T_FLOAT "attr { key: '" key "' value { type: DT_INT32 } }"

static void test_large_values(void **state) {
  (void)state;
  /* 12 MB: transposed it is kept, as a run would need that memory as well; what is repeated from little is
   * not. */
  Fixture f = fixture_of(
      PLACEHOLDER("p") PLACEHOLDER("x") HANDLE("v") READ("r", "v") WRITE("AssignVariableOp", "set_v", "v", "x", "")
          INTS("perm", "2", "int_val: 1 int_val: 0") INTS("times", "2", "int_val: 3 int_val: 1024")
              INTS("to_row", "2", "int_val: 1 int_val: 1024") INTS("all", "2", "int_val: 0 int_val: 1")
      "node { name: 't' op: 'Transpose' input: 'r' input: 'perm' " T_AND_INDEX("Tperm") "}"
      "node { name: 'sum_t' op: 'Sum' input: 'pt' input: 'all' " T_AND_INDEX("Tidx") "}"
      "node { name: 'row' op: 'Slice' input: 'r' input: 'begin' input: 'to_row' " T_AND_INDEX("Index") "}"
      INTS("begin", "2", "int_val: 0 int_val: 0")
      "node { name: 'tile' op: 'Tile' input: 'row' input: 'times' " T_AND_INDEX("Tmultiples") "}"
      BINARY("Mul", "pt", "t", "p") BINARY("Mul", "ptile", "tile", "p")
      "node { name: 'sum_tile' op: 'Sum' input: 'ptile' input: 'all' " T_AND_INDEX("Tidx") "}",
      &(SessionConfig){.intra_op_threads = 1});
  TF_Status st = {0};
  Tensor big = {0};
  assert_int_equal(tensor_alloc(&big, TF_FLOAT, (int64_t[]){3072, 1024}, 2, &st), TF_OK);
  for (int64_t i = 0; i < 3072 * 1024; i++) ((float *)big.data)[i] = (float)(i / 1024 < 2);
  const Tensor *feed = &big;
  TF_Output x = output_of(f.graph, "x");
  const Node *set = graph_find(f.graph, "set_v");
  assert_int_equal(session_run(f.session, &x, &feed, 1, NULL, NULL, 0, &set, 1, NULL, &st), TF_OK);
  Runner *t = runner_of(&f, "p", "sum_t"), *tile = runner_of(&f, "p", "sum_tile");
  for (int i = 0; i < 3; i++) {
    assert_float_equal(run(t, 2), 2 * 2 * 1024, 0);
    assert_float_equal(run(tile, 2), 2.0f * 3 * 1024 * 1024, 0);
  }
  assert_int_equal(steps(t), 2);    /* Mul, Sum */
  assert_int_equal(steps(tile), 3); /* Tile, Mul, Sum */
  runner_free(t);
  runner_free(tile);
  tensor_clear(&big);
  fixture_clear(&f);
}

/* ---- threads ---- */

enum { READERS = 4, ASSIGNMENTS = 100, RUNS_BETWEEN = 200 };

typedef struct Reader {
  pthread_t thread;
  Runner *runner;
  atomic_int *assigned; /* the last value of which the assignment has returned */
  atomic_bool *done;
  int runs;
  int wrong;
} Reader;

static void *read_on(void *arg) {
  Reader *r = arg;
  float last = 0;
  while (!atomic_load(r->done) || !r->runs) {
    int at_least = atomic_load(r->assigned);
    float y = run(r->runner, 1);
    /* 2 v for a v that was assigned, never older than what was there at the start, and never going back. */
    float v = y / 2;
    r->wrong += v != floorf(v) || v < (float)at_least || v < last || v > ASSIGNMENTS;
    last = v;
    r->runs++;
  }
  return NULL;
}

/* Until runs have used the frozen variable: assignments that follow each other at once end in one that is not
 * frozen any more. */
static void wait_for_special_runs(const Runner *r) {
  int64_t before = executor_stats(r->executor).special_runs;
  while (executor_stats(r->executor).special_runs - before < RUNS_BETWEEN) sched_yield();
}

static void test_threads_see_assignments(void **state) {
  (void)state;
  Fixture f = fixture_of(PLACEHOLDER("p") PLACEHOLDER("x") HANDLE("v") READ("r1", "v")
                             WRITE("AssignVariableOp", "set_v", "v", "x", "")
                                 BINARY("AddV2", "twice", "r1", "r1") BINARY("Mul", "y", "p", "twice"),
                         &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_v", "x", 0);
  Runner *r = runner_of(&f, "p", "y");
  Reader readers[READERS];
  atomic_int assigned = 0;
  atomic_bool done = false;
  for (int i = 0; i < READERS; i++) {
    readers[i] = (Reader){.runner = r, .assigned = &assigned, .done = &done};
    assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
  }
  for (int i = 1; i <= ASSIGNMENTS; i++) {
    assign(&f, "set_v", "x", (float)i);
    atomic_store(&assigned, i);
    assert_float_equal(run(r, 3), 6 * i, 0);
    wait_for_special_runs(r);
  }
  assert_in_range(executor_stats(r->executor).outdated_specs, ASSIGNMENTS / 2, ASSIGNMENTS);
  assert_int_equal(steps(r), 1);
  atomic_store(&done, true);
  for (int i = 0; i < READERS; i++) {
    pthread_join(readers[i].thread, NULL);
    assert_int_equal(readers[i].wrong, 0);
  }
  runner_free(r);
  fixture_clear(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_resource_variables),
                                     cmocka_unit_test(test_ref_variables),
                                     cmocka_unit_test(test_a_plan_that_assigns),
                                     cmocka_unit_test(test_a_v1_loop_that_assigns),
                                     cmocka_unit_test(test_a_ref_that_a_loop_reads),
                                     cmocka_unit_test(test_a_variable_often_assigned_is_not_frozen),
                                     cmocka_unit_test(test_a_loop_that_reads),
                                     cmocka_unit_test(test_a_loop_that_assigns),
                                     cmocka_unit_test(test_one_function_for_many_variables),
                                     cmocka_unit_test(test_large_values),
                                     cmocka_unit_test(test_threads_see_assignments)};
  return cmocka_run_group_tests_name("frozen variables", tests, NULL, NULL);
}
