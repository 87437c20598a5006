/* The memory limit: what the tensors of one run take together, while they live. Runaways of every kind end
 * with TF_RESOURCE_EXHAUSTED, and the session is as good as before. */
#include <stdlib.h>
#include <string.h>

#include "session/session_fixture.h"

enum { LIMIT = 1 << 20 };
static const SessionConfig limited = {.intra_op_threads = 1, .memory_limit = LIMIT};

static Tensor vector_of(int64_t n) {
  TF_Status st = {0};
  Tensor t = {0};
  assert_int_equal(tensor_alloc(&t, TF_FLOAT, &n, 1, &st), TF_OK);
  for (int64_t i = 0; i < n; i++) ((float *)t.data)[i] = 1;
  return t;
}

/* Feeds p with a vector of n ones and fetches. */
static TF_Code fetch(Fixture *f, int64_t n, const char *name, Tensor *out, TF_Status *st) {
  Tensor in = vector_of(n);
  const Tensor *feed = &in;
  TF_Output p = output_of(f->graph, "p"), y = output_of(f->graph, name);
  TF_Code code = session_run(f->session, &p, &feed, 1, &y, out, 1, NULL, 0,
                             &(SessionRunOptions){.timeout_ms = 60000}, st);
  tensor_clear(&in);
  return code;
}

static void check_exhausted(Fixture *f, int64_t n, const char *name) {
  TF_Status st = {0};
  Tensor out = {0};
  for (int i = 0; i < 3; i++) { /* the general path, then what was learned */
    TF_Code code = fetch(f, n, name, &out, &st);
    if (code != TF_RESOURCE_EXHAUSTED) fail_msg("%s: code %d, %s", name, code, TF_Message(&st));
    assert_int_equal(out.dtype, 0);
    status_clear(&st);
  }
}

static void check_fits(Fixture *f, int64_t n, const char *name, float first) {
  TF_Status st = {0};
  Tensor out = {0};
  for (int i = 0; i < 3; i++) {
    if (fetch(f, n, name, &out, &st)) fail_msg("%s: %s", name, TF_Message(&st));
    assert_float_equal(*(float *)out.data, first, 0);
    tensor_clear(&out);
  }
}

/* Four tensors of which the last needs all: none is too large by itself. */
#define TOGETHER                                                                                     \
  PLACEHOLDER("p")                                                                                   \
  CONST("one", "1")                                                                                  \
  BINARY("AddV2", "a", "p", "one")                                                                   \
  BINARY("AddV2", "b", "a", "one") BINARY("AddV2", "c", "b", "one") BINARY("AddV2", "d", "c", "one") \
      BINARY("Mul", "ab", "a", "b") BINARY("Mul", "cd", "c", "d") BINARY("Mul", "abc", "ab", "c")    \
          BINARY("Sub", "y", "abc", "cd") UNARY("Neg", "n1", "p") UNARY("Neg", "n2", "n1")           \
              UNARY("Neg", "n3", "n2") UNARY("Neg", "n4", "n3") UNARY("Neg", "n5", "n4")             \
                  UNARY("Neg", "n6", "n5") UNARY("Neg", "n7", "n6") UNARY("Neg", "n8", "n7")

static void test_one_tensor(void **state) {
  (void)state;
  Fixture f = fixture_of(TOGETHER, &limited);
  TF_Status st = {0};
  Tensor out = {0};
  check_exhausted(&f, LIMIT / 4, "a");
  assert_int_equal(fetch(&f, LIMIT / 4, "a", &out, &st), TF_RESOURCE_EXHAUSTED);
  static const char want[] =
      "OOM when allocating tensor with shape[262144] and type float on "
      "/job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu";
  assert_memory_equal(TF_Message(&st), want, sizeof want - 1);
  check_fits(&f, LIMIT / 8, "a", 2);
  fixture_clear(&f);
}

static void test_tensors_together(void **state) {
  (void)state;
  for (int general = 0; general < 2; general++) {
    SessionConfig config = limited;
    config.no_specialization = general;
    Fixture f = fixture_of(TOGETHER, &config);
    check_exhausted(&f, LIMIT / 12, "y");
    check_fits(&f, LIMIT / 40, "y", 4); /* 2 * 3 * 4 - 4 * 5 */
    /* A chain frees what it has used: eight tensors of a third of the limit, two at a time. */
    check_fits(&f, LIMIT / 12, "n8", 1);
    fixture_clear(&f);
  }
}

static void test_results_are_the_callers(void **state) {
  (void)state;
  Fixture f = fixture_of(TOGETHER, &limited);
  TF_Status st = {0};
  Tensor held[8] = {{0}};
  for (int i = 0; i < 8; i++)
    if (fetch(&f, LIMIT / 8, "a", &held[i], &st)) fail_msg("%s", TF_Message(&st));
  for (int i = 0; i < 8; i++) tensor_clear(&held[i]);
  fixture_clear(&f);
}

/* ---- loops ---- */

/* while (true) x = concat(x, p) */
static void test_a_tensor_that_grows(void **state) {
  (void)state;
  Fixture f = fixture_of(
      PLACEHOLDER("p") CONST("one", "1") "node { name: 'axis' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } "
      "attr { key: 'value' value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 0 } } } }"
      "node { name: 'ea' op: 'Enter' input: 'axis' attr { key: 'T' value { type: DT_INT32 } } attr { key: 'frame_name' "
      "value { s: 'f' } } attr { key: 'is_constant' value { b: true } } }"
      ENTER("ex", "p", "false") ENTER("ep", "p", "true") ENTER("ei", "one", "false") ENTER("e1", "one", "true")
          MERGE("mx", "ex", "nx") MERGE("mi", "ei", "ni") BINARY("GreaterEqual", "go", "mi", "e1")
              LOOP_COND("c", "go") BINARY("Switch", "sx", "mx", "c") BINARY("Switch", "si", "mi", "c")
      "node { name: 'x1' op: 'ConcatV2' input: 'sx:1' input: 'ep' input: 'ea' " T_FLOAT "attr { key: 'N' value { i: 2 } } "
      "attr { key: 'Tidx' value { type: DT_INT32 } } }"
      BINARY("AddV2", "i1", "si:1", "e1") UNARY("NextIteration", "nx", "x1") UNARY("NextIteration", "ni", "i1")
          UNARY("Exit", "y", "sx"),
      &limited);
  check_exhausted(&f, 4000, "y");
  fixture_clear(&f);
}

/* For n turns: a list is pushed to (p[0] of its elements are the same tensor), or a tensor is made and
 * forgotten. */
#define VARIANT "DT_VARIANT"
#define LOOPS \
  "library { function { signature { name: 'on' " ARG("i", "DT_FLOAT") ARG("l", VARIANT) ARG("x", "DT_FLOAT")           \
  RET("y", "DT_BOOL") "} " FUNC_CONST("c", "20000") FUNC_OP("Less", "le", IN("i") IN("c:output:0"), T_FLOAT)         \
  "ret { key: 'y' value: 'le:z:0' } } "                                                                              \
  "function { signature { name: 'push' " ARG("i", "DT_FLOAT") ARG("l", VARIANT) ARG("x", "DT_FLOAT")                   \
  RET("i1", "DT_FLOAT") RET("l1", VARIANT) RET("x1", "DT_FLOAT") "} " FUNC_CONST("one", "1")                          \
  FUNC_OP("AddV2", "a", IN("i") IN("one:output:0"), T_FLOAT)                                                          \
  FUNC_OP("TensorListPushBack", "push", IN("l") IN("one:output:0"), ELEMENT)                                          \
  "ret { key: 'i1' value: 'a:z:0' } ret { key: 'l1' value: 'push:output_handle:0' } ret { key: 'x1' value: 'x' } } "   \
  "function { signature { name: 'forget' " ARG("i", "DT_FLOAT") ARG("l", VARIANT) ARG("x", "DT_FLOAT")                 \
  RET("i1", "DT_FLOAT") RET("l1", VARIANT) RET("x1", "DT_FLOAT") "} " FUNC_CONST("one", "1")                          \
  FUNC_OP("AddV2", "a", IN("i") IN("one:output:0"), T_FLOAT) FUNC_OP("Neg", "n", IN("x"), T_FLOAT)                     \
  "ret { key: 'i1' value: 'a:z:0' } ret { key: 'l1' value: 'l' } ret { key: 'x1' value: 'n:y:0' } } } "
#define ELEMENT "attr { key: 'element_dtype' value { type: DT_FLOAT } } "
#define WHILE_LISTS(name, body)                                                                \
  "node { name: '" name                                                                        \
  "' op: 'While' input: 'zero' input: 'list' input: 'p' attr { key: 'T' value { list { type: " \
  "DT_FLOAT type: DT_VARIANT type: DT_FLOAT } } } " FUNC("cond", "on") FUNC("body", body) "}"

static void test_a_list_that_grows(void **state) {
  (void)state;
  Fixture f = fixture_of(
      LOOPS PLACEHOLDER("p") CONST("zero", "0")
      "node { name: 'shape' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } attr { key: 'value' value { tensor { "
      "dtype: DT_INT32 tensor_shape { dim {} } } } } }"
      "node { name: 'most' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } attr { key: 'value' value { tensor { "
      "dtype: DT_INT32 tensor_shape {} int_val: -1 } } } }"
      "node { name: 'list' op: 'EmptyTensorList' input: 'shape' input: 'most' " ELEMENT
      "attr { key: 'shape_type' value { type: DT_INT32 } } }" WHILE_LISTS("grows", "push") WHILE_LISTS("stays", "forget"),
      &limited);
  check_exhausted(&f, 10, "grows");
  check_fits(&f, LIMIT / 40, "stays", 20000);
  fixture_clear(&f);
}

/* Each joins the one before with itself. */
static void test_strings_that_grow(void **state) {
  (void)state;
#define STRING "attr { key: 'dtype' value { type: DT_STRING } } "
#define JOIN(name, in)                                                   \
  "node { name: '" name "' op: 'StringJoin' input: '" in "' input: '" in \
  "' attr { key: 'N' value { i: 2 } } }"
#define JOIN4(a, b, c, d, e) JOIN(b, a) JOIN(c, b) JOIN(d, c) JOIN(e, d)
  Fixture f = fixture_of("node { name: 'p' op: 'Placeholder' " STRING "}" JOIN4("p", "s1", "s2", "s3", "s4")
                             JOIN4("s4", "s5", "s6", "s7", "s8") JOIN4("s8", "s9", "s10", "s11", "s12"),
                         &limited);
  TF_Status st = {0};
  Tensor in = {0}, out = {0};
  const Tensor *feed = &in;
  TF_Output p = output_of(f.graph, "p"), y = output_of(f.graph, "s12"), small = output_of(f.graph, "s4");
  assert_int_equal(tensor_alloc(&in, TF_STRING, NULL, 0, &st), TF_OK);
  char text[1000];
  memset(text, 'x', sizeof text);
  assert_true(tstring_set(in.data, text, sizeof text));
  assert_int_equal(session_run(f.session, &p, &feed, 1, &y, &out, 1, NULL, 0, NULL, &st),
                   TF_RESOURCE_EXHAUSTED);
  status_clear(&st);
  for (int i = 0; i < 200; i++) {
    size_t size;
    assert_int_equal(session_run(f.session, &p, &feed, 1, &small, &out, 1, NULL, 0, NULL, &st), TF_OK);
    tstring_data(out.data, &size);
    assert_int_equal(size, 16000);
    tensor_clear(&out);
  }
  tensor_clear(&in);
  fixture_clear(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_tensor),
                                     cmocka_unit_test(test_tensors_together),
                                     cmocka_unit_test(test_results_are_the_callers),
                                     cmocka_unit_test(test_a_tensor_that_grows),
                                     cmocka_unit_test(test_a_list_that_grows),
                                     cmocka_unit_test(test_strings_that_grow)};
  return cmocka_run_group_tests_name("memory limit", tests, NULL, NULL);
}
