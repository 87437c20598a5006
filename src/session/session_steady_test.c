/* Steady state: runs of shapes seen before ask for no memory, and do no shape arithmetic. (What is fetched
 * stands in memory of its own; here the caller lets go of it before the next run, which then gets it again.)
 * Both are counted: allocations by the fixture's malloc, shape arithmetic by the calls in which kernels
 * declare their outputs (the linker puts the functions here before them). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "session/session_fixture.h"

static atomic_long shapes;

TF_Code __real_op_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);
TF_Code __real_op_output_like(OpCtx *c, int i, const Tensor *like, TF_Status *st);
TF_Code __real_op_output_alias(OpCtx *c, int i, int from, const int64_t *dims, int rank, TF_Status *st);
TF_Code __wrap_op_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);
TF_Code __wrap_op_output_like(OpCtx *c, int i, const Tensor *like, TF_Status *st);
TF_Code __wrap_op_output_alias(OpCtx *c, int i, int from, const int64_t *dims, int rank, TF_Status *st);

TF_Code __wrap_op_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st) {
  atomic_fetch_add(&shapes, 1);
  return __real_op_output(c, i, dtype, dims, rank, st);
}
TF_Code __wrap_op_output_like(OpCtx *c, int i, const Tensor *like, TF_Status *st) {
  atomic_fetch_add(&shapes, 1);
  return __real_op_output_like(c, i, like, st);
}
TF_Code __wrap_op_output_alias(OpCtx *c, int i, int from, const int64_t *dims, int rank, TF_Status *st) {
  atomic_fetch_add(&shapes, 1);
  return __real_op_output_alias(c, i, from, dims, rank, st);
}

#if COUNTS_ALLOCATIONS
#define ALLOCATIONS() atomic_load(&allocations)
#else
#define ALLOCATIONS() 0L
#endif

/* ---- running ---- */

/* Numbers from -1 to 1. */
static void fill(Tensor *t, const int64_t *dims, int rank, int seed) {
  TF_Status st = {0};
  assert_int_equal(tensor_alloc(t, TF_FLOAT, dims, rank, &st), TF_OK);
  for (int64_t i = 0; i < tensor_count(t); i++)
    ((float *)t->data)[i] = (float)((i * 7 + seed * 5) % 19 - 9) / 9;
}

static void assign(Fixture *f, const char *target, const int64_t *dims, int rank, int seed) {
  TF_Status st = {0};
  Tensor value = {0};
  fill(&value, dims, rank, seed);
  const Tensor *feed = &value;
  TF_Output x = output_of(f->graph, "x");
  const Node *node = graph_find(f->graph, target);
  if (session_run(f->session, &x, &feed, 1, NULL, NULL, 0, &node, 1, NULL, &st))
    fail_msg("%s", TF_Message(&st));
  tensor_clear(&value);
}

enum { RUNS = 30, WARM_RUNS = 6, SHAPES = 2 };

static void check_same(const char *name, const Tensor *a, const Tensor *b) {
  assert_true(tensor_same_shape(a, b));
  for (int64_t i = 0; i < tensor_count(a); i++)
    if (fabsf(((float *)a->data)[i] - ((float *)b->data)[i]) > 1e-5f) fail_msg("%s: another answer", name);
}

/* Feeds p with two shapes in turn and fetches y. The first runs take the general path; later answers are as
 * theirs. */
static void check_steady(Fixture *f, const char *name, const int64_t (*dims)[4], int rank) {
  TF_Status st = {0};
  TF_Output p = output_of(f->graph, "p"), y = output_of(f->graph, "y");
  Tensor in[SHAPES] = {{0}}, first[SHAPES] = {{0}};
  for (int i = 0; i < SHAPES; i++) fill(&in[i], dims[i], rank, i);
  for (int run = 0; run < RUNS; run++) {
    const Tensor *feed = &in[run % SHAPES];
    Tensor out = {0};
    long allocated = ALLOCATIONS(), shaped = atomic_load(&shapes);
    if (session_run(f->session, &p, &feed, 1, &y, &out, 1, NULL, 0, NULL, &st))
      fail_msg("%s: %s", name, TF_Message(&st));
    allocated = ALLOCATIONS() - allocated;
    shaped = atomic_load(&shapes) - shaped;
    if (run < SHAPES) tensor_move(&first[run], &out);
    else check_same(name, &out, &first[run % SHAPES]);
    tensor_clear(&out);
    if (run < WARM_RUNS) continue;
    if (COUNTS_ALLOCATIONS && allocated) fail_msg("%s: %ld allocations in run %d", name, allocated, run);
    if (shaped) fail_msg("%s: %ld outputs' shapes computed in run %d", name, shaped, run);
  }
  for (int i = 0; i < SHAPES; i++) {
    tensor_clear(&in[i]);
    tensor_clear(&first[i]);
  }
}

static const int64_t rows_of_4[SHAPES][4] = {{3, 4}, {5, 4}};

/* ---- graphs ---- */

/* z = relu(p * 2 + 1) - p, over and over so that memory is used again */
#define CHAIN                                                                                               \
  PLACEHOLDER("p")                                                                                          \
  CONST("two", "2")                                                                                         \
  CONST("one", "1") BINARY("Mul", "a", "p", "two") BINARY("AddV2", "b", "a", "one") UNARY("Relu", "c", "b") \
      BINARY("Sub", "d", "c", "p") UNARY("Neg", "e", "d") BINARY("Maximum", "f", "e", "d")                  \
          UNARY("Identity", "g", "f") BINARY("AddV2", "y", "g", "p")

static void test_a_chain(void **state) {
  (void)state;
  Fixture f = fixture_of(CHAIN, &(SessionConfig){.intra_op_threads = 1});
  check_steady(&f, "chain", rows_of_4, 2);
  fixture_clear(&f);
}

/* The run that learns makes the memory of the next one, which asks only for what it hands out. */
static void test_the_second_run_finds_its_memory_made(void **state) {
  (void)state;
  Fixture f = fixture_of(CHAIN, &(SessionConfig){.intra_op_threads = 1});
  TF_Status st = {0};
  TF_Output p = output_of(f.graph, "p"), y = output_of(f.graph, "y");
  Tensor in = {0}, out = {0};
  fill(&in, rows_of_4[0], 2, 0);
  const Tensor *feed = &in;
  long allocated = 0;
  for (int run = 0; run < 2; run++) {
    tensor_clear(&out);
    allocated = ALLOCATIONS();
    assert_int_equal(session_run(f.session, &p, &feed, 1, &y, &out, 1, NULL, 0, NULL, &st), TF_OK);
    allocated = ALLOCATIONS() - allocated;
  }
  if (COUNTS_ALLOCATIONS) assert_int_equal(allocated, 1);
  tensor_clear(&out);
  tensor_clear(&in);
  fixture_clear(&f);
}

#define MATMUL(name, a, b) "node { name: '" name "' op: 'MatMul' input: '" a "' input: '" b "' " T_FLOAT "}"
#define TWO_LAYERS(w1, b1, w2)      \
  MATMUL("m1", "p", w1)             \
  BINARY("BiasAdd", "h1", "m1", b1) \
  UNARY("Tanh", "t1", "h1") MATMUL("m2", "t1", w2) UNARY("Softmax", "y", "m2")

static void check_layers(Fixture *f) {
  assign(f, "set_w1", (int64_t[]){4, 8}, 2, 1);
  assign(f, "set_b1", (int64_t[]){8}, 1, 2);
  assign(f, "set_w2", (int64_t[]){8, 3}, 2, 3);
  check_steady(f, "layers", rows_of_4, 2);
  fixture_clear(f);
}

static void test_layers_of_resource_variables(void **state) {
  (void)state;
#define VARIABLE(name) \
  HANDLE(name) READ("read_" name, name) WRITE("AssignVariableOp", "set_" name, name, "x", "")
  Fixture f = fixture_of(PLACEHOLDER("p") PLACEHOLDER("x") VARIABLE("w1") VARIABLE("b1") VARIABLE("w2")
                             TWO_LAYERS("read_w1", "read_b1", "read_w2"),
                         &(SessionConfig){.intra_op_threads = 1});
  check_layers(&f);
}

static void test_layers_of_ref_variables(void **state) {
  (void)state;
#define REF_VARIABLE(name) REF(name) UNARY("Identity", "read_" name, name) ASSIGN_REF("set_" name, name, "x")
  Fixture f = fixture_of(PLACEHOLDER("p") PLACEHOLDER("x") REF_VARIABLE("w1") REF_VARIABLE("b1")
                             REF_VARIABLE("w2") TWO_LAYERS("read_w1", "read_b1", "read_w2"),
                         &(SessionConfig){.intra_op_threads = 1});
  check_layers(&f);
}

/* n += 0 in each run, then y = p * n. */
static void test_variables_that_change(void **state) {
  (void)state;
  Fixture f = fixture_of(
      PLACEHOLDER("p") PLACEHOLDER("x") CONST("zero", "0") HANDLE("n") WRITE(
          "AssignVariableOp", "set_n", "n", "x", "") WRITE("AssignAddVariableOp", "add", "n", "zero", "")
          REF("r") ASSIGN_REF("set_r", "r", "x") BINARY("AssignAdd", "add_r", "r", "zero") BINARY(
              "Mul", "pr", "p", "add_r") "node { name: 'read' op: 'ReadVariableOp' input: 'n' " AFTER("add")
              DTYPE_FLOAT "}" BINARY("Mul", "y", "pr", "read"),
      &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_n", NULL, 0, 1);
  assign(&f, "set_r", NULL, 0, 2);
  check_steady(&f, "counters", rows_of_4, 2);
  fixture_clear(&f);
}

/* Two convolutions with bias, a batch norm from variables and a pool. */
#define PADDED                                                                                              \
  "attr { key: 'padding' value { s: 'SAME' } } attr { key: 'strides' value { list { i: 1 i: 1 i: 1 i: 1 } " \
  "} }"
static void test_a_convolution_block(void **state) {
  (void)state;
  Fixture f = fixture_of(
      PLACEHOLDER("p") PLACEHOLDER("x") VARIABLE("k") VARIABLE("b") VARIABLE("gamma") VARIABLE("beta") VARIABLE("mean")
          VARIABLE("var")
      "node { name: 'c1' op: 'Conv2D' input: 'p' input: 'read_k' " T_FLOAT PADDED "}"
      BINARY("BiasAdd", "h1", "c1", "read_b") UNARY("Relu", "r1", "h1")
      "node { name: 'bn' op: 'FusedBatchNormV3' input: 'r1' input: 'read_gamma' input: 'read_beta' input: 'read_mean' "
      "input: 'read_var' " T_FLOAT "attr { key: 'U' value { type: DT_FLOAT } } attr { key: 'is_training' value { b: false } } }"
      "node { name: 'pool' op: 'MaxPool' input: 'bn' " T_FLOAT PADDED
      "attr { key: 'ksize' value { list { i: 1 i: 2 i: 2 i: 1 } } } }"
      INTS("axes", "2", "int_val: 1 int_val: 2")
      "node { name: 'y' op: 'Mean' input: 'pool' input: 'axes' " T_FLOAT "attr { key: 'Tidx' value { type: DT_INT32 } } }",
      &(SessionConfig){.intra_op_threads = 1});
  static const char *const of_3[] = {"set_b", "set_gamma", "set_beta", "set_mean", "set_var"};
  assign(&f, "set_k", (int64_t[]){3, 3, 3, 3}, 4, 1);
  for (int i = 0; i < 5; i++) assign(&f, of_3[i], (int64_t[]){3}, 1, 2 + i);
  check_steady(&f, "convolutions", (const int64_t[SHAPES][4]){{1, 5, 6, 3}, {2, 4, 4, 3}}, 4);
  fixture_clear(&f);
}

/* ---- control flow ---- */

/* h = tanh(p w); five times: h = tanh(h w) * sigmoid(h) */
static void test_a_loop_of_tensorflow_1(void **state) {
  (void)state;
  Fixture f = fixture_of(
      PLACEHOLDER("p") PLACEHOLDER("x") VARIABLE("w") CONST("zero", "0") CONST("one", "1") CONST("five", "5")
          ENTER("ei", "zero", "false") ENTER("eh", "p", "false") ENTER("en", "five", "true")
              ENTER("e1", "one", "true") ENTER("ew", "read_w", "true") MERGE("mi", "ei", "ni")
                  MERGE("mh", "eh", "nh") BINARY("Less", "go", "mi", "en") LOOP_COND("c", "go")
                      BINARY("Switch", "si", "mi", "c") BINARY("Switch", "sh", "mh", "c")
                          BINARY("AddV2", "i1", "si:1", "e1") UNARY("NextIteration", "ni", "i1") MATMUL(
                              "hw", "sh:1", "ew") UNARY("Tanh", "th", "hw") UNARY("Sigmoid", "gate", "sh:1")
                              BINARY("Mul", "h1", "th", "gate") UNARY("NextIteration", "nh", "h1")
                                  UNARY("Exit", "z", "sh") UNARY("Relu", "y", "z"),
      &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_w", (int64_t[]){4, 4}, 2, 1);
  check_steady(&f, "v1 loop", rows_of_4, 2);
  fixture_clear(&f);
}

#define LIST_3(key, a, b, c) "attr { key: '" key "' value { list { type: " a " type: " b " type: " c " } } } "
#define CELL \
  "library { function { signature { name: 'less' " ARG("h", "DT_FLOAT") ARG("i", "DT_FLOAT") ARG("w", "DT_RESOURCE")    \
  RET("y", "DT_BOOL") "} " FUNC_CONST("c", "5") FUNC_OP("Less", "l", IN("i") IN("c:output:0"), T_FLOAT)                \
  "ret { key: 'y' value: 'l:z:0' } } "                                                                                \
  "function { signature { name: 'cell' " ARG("h", "DT_FLOAT") ARG("i", "DT_FLOAT") ARG("w", "DT_RESOURCE")              \
  RET("h1", "DT_FLOAT") RET("i1", "DT_FLOAT") RET("w1", "DT_RESOURCE") "is_stateful: true } "                          \
  FUNC_OP("ReadVariableOp", "r", IN("w"), DTYPE_FLOAT)                                                                 \
  FUNC_OP("MatMul", "m", IN("h") IN("r:value:0"), T_FLOAT) FUNC_OP("Tanh", "t", IN("m:product:0"), T_FLOAT)            \
  FUNC_CONST("one", "1") FUNC_OP("AddV2", "a", IN("i") IN("one:output:0"), T_FLOAT)                                    \
  "ret { key: 'h1' value: 't:y:0' } ret { key: 'i1' value: 'a:z:0' } ret { key: 'w1' value: 'w' } } "                  \
  "function { signature { name: 'times' " ARG("h", "DT_FLOAT") ARG("w", "DT_RESOURCE") RET("y", "DT_FLOAT")             \
  "is_stateful: true } " FUNC_OP("ReadVariableOp", "r", IN("w"), DTYPE_FLOAT)                                          \
  FUNC_OP("MatMul", "m", IN("h") IN("r:value:0"), T_FLOAT) FUNC_OP("Tanh", "t", IN("m:product:0"), T_FLOAT)            \
  "ret { key: 'y' value: 't:y:0' } } } "

static void test_a_loop_of_tensorflow_2(void **state) {
  (void)state;
  Fixture f = fixture_of(
      CELL PLACEHOLDER("p") PLACEHOLDER("x") VARIABLE("w")
          CONST("zero", "0") "node { name: 'loop' op: 'While' input: 'p' input: 'zero' input: 'w' " LIST_3(
              "T", "DT_FLOAT", "DT_FLOAT", "DT_RESOURCE") FUNC("cond", "less")
              FUNC("body", "cell") "}" UNARY("Relu", "y", "loop"),
      &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_w", (int64_t[]){4, 4}, 2, 1);
  check_steady(&f, "While", rows_of_4, 2);
  fixture_clear(&f);
}

#define BRANCH_TYPES                                                                                         \
  "attr { key: 'Tin' value { list { type: DT_FLOAT type: DT_RESOURCE } } } attr { key: 'Tout' value { list " \
  "{ type: "                                                                                                 \
  "DT_FLOAT } } } "

static void test_branches(void **state) {
  (void)state;
  Fixture f = fixture_of(CELL PLACEHOLDER("p") PLACEHOLDER("x") VARIABLE("w") VARIABLE("n") CONST("one", "1")
                             BINARY("Less", "go", "read_n", "one")
                         "node { name: 'which' op: 'Cast' input: 'read_n' attr { key: 'SrcT' value { type: DT_FLOAT } } "
                         "attr { key: 'DstT' value { type: DT_INT32 } } }"
                         "node { name: 'if' op: 'If' input: 'go' input: 'p' input: 'w' attr { key: 'Tcond' value { type: "
                         "DT_BOOL } } " BRANCH_TYPES FUNC("then_branch", "times") FUNC("else_branch", "times") "}"
                         "node { name: 'case' op: 'Case' input: 'which' input: 'if' input: 'w' " BRANCH_TYPES
                         "attr { key: 'branches' value { list { func { name: 'times' } func { name: 'times' } } } } }"
                         UNARY("Relu", "y", "case"),
                         &(SessionConfig){.intra_op_threads = 1});
  assign(&f, "set_w", (int64_t[]){4, 4}, 2, 1);
  assign(&f, "set_n", NULL, 0, 1);
  check_steady(&f, "branches", rows_of_4, 2);
  fixture_clear(&f);
}

/* tf.cond of TensorFlow 1: which branch is taken hangs on a sum of the feed. */
static void test_switch_and_merge(void **state) {
  (void)state;
  Fixture f = fixture_of(
      PLACEHOLDER("p") CONST("zero", "0") CONST("two", "2")
          INTS("axes", "2",
               "int_val: 0 int_val: 1") "node { name: 'sum' op: 'Sum' input: 'p' input: 'axes' " T_FLOAT
                                        "attr { key: 'Tidx' value { type: DT_INT32 } } }" BINARY(
                                            "Less", "go", "sum", "zero") BINARY("Switch", "s", "p", "go")
                                            BINARY("Mul", "no", "s", "two") UNARY("Neg", "yes", "s:1")
                                                BINARY("AddV2", "more", "yes", "two") MERGE("m", "no", "more")
                                                    UNARY("Relu", "y", "m"),
      &(SessionConfig){.intra_op_threads = 1});
  check_steady(&f, "cond", rows_of_4, 2);
  fixture_clear(&f);
}

int main(void) {
  setenv("SM_DNNL", "off", 1); /* oneDNN asks for a little memory in each call */
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_chain),
                                     cmocka_unit_test(test_the_second_run_finds_its_memory_made),
                                     cmocka_unit_test(test_layers_of_resource_variables),
                                     cmocka_unit_test(test_layers_of_ref_variables),
                                     cmocka_unit_test(test_variables_that_change),
                                     cmocka_unit_test(test_a_convolution_block),
                                     cmocka_unit_test(test_a_loop_of_tensorflow_1),
                                     cmocka_unit_test(test_a_loop_of_tensorflow_2),
                                     cmocka_unit_test(test_branches),
                                     cmocka_unit_test(test_switch_and_merge)};
  return cmocka_run_group_tests_name("steady state", tests, NULL, NULL);
}
