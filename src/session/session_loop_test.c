/* While loops of TensorFlow 1 beyond single answers: memory that does not grow with iterations, threads, time
 * limits, and what is refused. Answers are in the goldens. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "session/session_fixture.h"

/* for (i = 0, x = p; i < n; i++) x += 1; */
#define LOOP_HEAD                                                                                       \
  PLACEHOLDER("p")                                                                                      \
  PLACEHOLDER("n")                                                                                      \
  CONST("zero", "0")                                                                                    \
  CONST("one", "1")                                                                                     \
  ENTER("ei", "zero", "false")                                                                          \
  ENTER("ex", "p", "false") ENTER("en", "n", "true") ENTER("e1", "one", "true") MERGE("mi", "ei", "ni") \
      MERGE("mx", "ex", "nx") BINARY("Less", "go", "mi", "en") LOOP_COND("c", "go")                     \
          BINARY("Switch", "si", "mi", "c") BINARY("Switch", "sx", "mx", "c")                           \
              BINARY("AddV2", "i1", "si:1", "e1") UNARY("NextIteration", "ni", "i1")                    \
                  UNARY("NextIteration", "nx", "x1")
#define LOOP LOOP_HEAD BINARY("AddV2", "x1", "sx:1", "e1") UNARY("Exit", "z", "sx") UNARY("Exit", "zi", "si")

static TF_Code run_loop(Session *session, const Tensor *p, float n, const char *fetch, Tensor *out,
                        const SessionRunOptions *options, TF_Status *st) {
  Graph *g = session_graph(session);
  TF_Output feeds[2] = {output_of(g, "p"), output_of(g, "n")}, z = output_of(g, fetch);
  Tensor limit = {0};
  assert_int_equal(tensor_alloc(&limit, TF_FLOAT, NULL, 0, st), TF_OK);
  *(float *)limit.data = n;
  const Tensor *values[2] = {p, &limit};
  TF_Code code = session_run(session, feeds, values, 2, &z, out, 1, NULL, 0, options, st);
  tensor_clear(&limit);
  return code;
}

static void check_loop(Session *session, const Tensor *p, int n) {
  TF_Status st = {0};
  Tensor out = {0};
  if (run_loop(session, p, (float)n, "z", &out, NULL, &st)) fail_msg("%s", TF_Message(&st));
  for (int64_t i = 0; i < tensor_count(p); i++)
    if (((float *)out.data)[i] != ((float *)p->data)[i] + (float)n) fail_msg("%d turns gave a wrong sum", n);
  tensor_clear(&out);
}

static Tensor numbers(int64_t n) {
  TF_Status st = {0};
  Tensor t = {0};
  assert_int_equal(tensor_alloc(&t, TF_FLOAT, &n, 1, &st), TF_OK);
  for (int64_t i = 0; i < n; i++) ((float *)t.data)[i] = (float)i;
  return t;
}

static void test_iterations_allocate_nothing(void **state) {
  (void)state;
#if COUNTS_ALLOCATIONS
  Fixture f = fixture_of(LOOP, &(SessionConfig){.intra_op_threads = 1});
  Tensor p = numbers(3);
  long used[2];
  for (int i = 0; i < 3; i++) check_loop(f.session, &p, 10);
  for (int i = 0; i < 2; i++) {
    long before = atomic_load(&allocations);
    check_loop(f.session, &p, i ? 20000 : 10);
    used[i] = atomic_load(&allocations) - before;
  }
  assert_int_equal(used[0], used[1]);
  tensor_clear(&p);
  fixture_clear(&f);
#else
  skip();
#endif
}

static void test_every_path(void **state) {
  (void)state;
  for (int general = 0; general < 2; general++) {
    Fixture f = fixture_of(LOOP, &(SessionConfig){.intra_op_threads = 1, .no_specialization = general});
    for (int n = 0; n < 30; n++) {
      Tensor p = numbers(n % 5);
      check_loop(f.session, &p, n % 7);
      tensor_clear(&p);
    }
    fixture_clear(&f);
  }
}

typedef struct Runner {
  pthread_t thread;
  Session *session;
  int number, wrong;
} Runner;

static void *run_many(void *arg) {
  Runner *r = arg;
  TF_Status st = {0};
  Tensor p = numbers(1 + r->number % 3);
  for (int i = 0; i < 40; i++) {
    Tensor out = {0};
    int n = (i * 7 + r->number) % 23;
    bool ok = !run_loop(r->session, &p, (float)n, "z", &out, NULL, &st);
    for (int64_t k = 0; ok && k < tensor_count(&p); k++) ok = ((float *)out.data)[k] == (float)(k + n);
    r->wrong += !ok;
    tensor_clear(&out);
  }
  tensor_clear(&p);
  return NULL;
}

static void test_threads_share_a_loop(void **state) {
  (void)state;
  Fixture f = fixture_of(LOOP, &(SessionConfig){.intra_op_threads = 1});
  Runner runners[8];
  for (int i = 0; i < 8; i++) {
    runners[i] = (Runner){.session = f.session, .number = i};
    assert_int_equal(pthread_create(&runners[i].thread, NULL, run_many, &runners[i]), 0);
  }
  for (int i = 0; i < 8; i++) {
    pthread_join(runners[i].thread, NULL);
    assert_int_equal(runners[i].wrong, 0);
  }
  fixture_clear(&f);
}

static void test_a_time_limit_ends_a_loop(void **state) {
  (void)state;
  for (int general = 0; general < 2; general++) {
    Fixture f = fixture_of(LOOP, &(SessionConfig){.intra_op_threads = 1, .no_specialization = general});
    TF_Status st = {0};
    Tensor p = numbers(2), out = {0};
    SessionRunOptions options = {.timeout_ms = 20};
    /* 1e9 + 1 is 1e9 in float32, and i stops at 2^24: it never ends. */
    assert_int_equal(run_loop(f.session, &p, 1e9f, "z", &out, &options, &st), TF_DEADLINE_EXCEEDED);
    assert_int_equal(out.dtype, 0);
    status_clear(&st);
    check_loop(f.session, &p, 5);
    tensor_clear(&p);
    fixture_clear(&f);
  }
}

/* z = x + x + 1, in the last iteration alone; an Identity with such controls is what an optimizer's gradients
 * have. */
static void test_what_hangs_on_an_exit_runs_once(void **state) {
  (void)state;
  Fixture f = fixture_of(LOOP_HEAD BINARY("AddV2", "x1", "sx:1", "e1")
                         "node { name: 'both' op: 'NoOp' input: '^sx' }"
                         "node { name: 'kept' op: 'Identity' input: 'sx' " AFTER("both") T_FLOAT "}"
                         BINARY("AddV2", "twice", "kept", "mx") BINARY("AddV2", "more", "twice", "e1")
                         UNARY("Exit", "z", "more"),
                         &(SessionConfig){.intra_op_threads = 1});
  TF_Status st = {0};
  for (int turns = 0; turns < 4; turns++) {
    Tensor p = numbers(2 + turns % 2), out = {0};
    if (run_loop(f.session, &p, (float)turns, "z", &out, NULL, &st)) fail_msg("%s", TF_Message(&st));
    for (int64_t i = 0; i < tensor_count(&p); i++)
      assert_true(((float *)out.data)[i] == 2 * (float)(i + turns) + 1);
    tensor_clear(&out);
    tensor_clear(&p);
  }
  fixture_clear(&f);
}

/* Before `low` (n < 3) the body adds p, else 10 p: it reads a value that is dead. y is p with n added to it, by a
 * variable that dies in the first iteration unless `low`. TF gave these answers. */
#define DEAD_EDGES                                                                                         \
  LOOP_HEAD CONST("three", "3") CONST("ten", "10") BINARY("Less", "low", "n", "three")                     \
      BINARY("Switch", "sp", "p", "low") BINARY("Mul", "tenfold", "sp", "ten") ENTER("ea", "sp:1", "true") \
          ENTER("eb", "tenfold", "true") MERGE("any", "ea", "eb") BINARY("AddV2", "x1", "sx:1", "any")     \
              UNARY("Exit", "z", "sx") UNARY("Exit", "zi", "si") ENTER("e3", "three", "true")              \
                  BINARY("Less", "inlow", "en", "e3") ENTER("ed", "p", "false") MERGE("md", "ed", "nd")    \
                      BINARY("Switch", "sd", "md", "c") BINARY("Switch", "sk", "sd:1", "inlow")            \
                          BINARY("AddV2", "d1", "sk:1", "e1") UNARY("NextIteration", "nd", "d1")           \
                              UNARY("Exit", "zd", "sd") MERGE("y", "zd", "sp")

static void test_values_dead_at_the_edge_of_a_loop(void **state) {
  (void)state;
  Fixture f = fixture_of(DEAD_EDGES, &(SessionConfig){.intra_op_threads = 1});
  static const int turns[] = {2, 5, 0, 1, 5, 5, 2, 2, 3, 0};
  TF_Status st = {0};
  Tensor p = numbers(3), out = {0};
  for (size_t t = 0; t < sizeof turns / sizeof *turns; t++) {
    for (int k = 0; k < 2; k++) {
      if (run_loop(f.session, &p, (float)turns[t], k ? "y" : "z", &out, NULL, &st))
        fail_msg("%s", TF_Message(&st));
      for (int64_t i = 0; i < 3; i++) {
        int64_t want = k ? i + (turns[t] < 3 ? turns[t] : 0) : i + turns[t] * (turns[t] < 3 ? i : 10 * i);
        assert_true(((float *)out.data)[i] == (float)want);
      }
      tensor_clear(&out);
    }
  }
  tensor_clear(&p);
  fixture_clear(&f);
}

/* ---- what is refused ---- */

static void check_refused(const char *text, const char *fetch, const char *message) {
  Fixture f = fixture_of(text, &(SessionConfig){.intra_op_threads = 1});
  TF_Status st = {0};
  Tensor p = numbers(2), out = {0};
  TF_Code code = run_loop(f.session, &p, 3, fetch, &out, NULL, &st);
  if (!code || !strstr(TF_Message(&st), message)) fail_msg("'%s' is not in '%s'", message, TF_Message(&st));
  status_clear(&st);
  tensor_clear(&p);
  fixture_clear(&f);
}

static void test_what_is_not_well_nested_is_refused(void **state) {
  (void)state;
  check_refused(LOOP, "x1", "x1:0 is inside while loop 'f' and cannot be fetched");
  check_refused(LOOP_HEAD BINARY("AddV2", "x1", "sx:1", "one") UNARY("Exit", "z", "sx"), "z",
                "{{node x1}} has inputs from different frames. The input {{node one}} is in frame ''.");
  check_refused(LOOP_HEAD BINARY("AddV2", "x1", "sx:1", "ex") UNARY("Exit", "z", "sx"), "z",
                "{{node ex}} (Enter) is read and is not constant");
  check_refused(LOOP_HEAD BINARY("AddV2", "x1", "sx:1", "e1") UNARY("Exit", "z", "sx:1"), "z",
                "{{node z}} (Exit) does not leave by a Switch on the loop's condition");
  check_refused(LOOP_HEAD BINARY("AddV2", "x1", "sx:0", "e1") UNARY("Exit", "z", "sx"), "z",
                "{{node nx}} (NextIteration) needs what leaves the loop");
  check_refused(
      LOOP_HEAD BINARY("AddV2", "x1", "sx:1", "e1") UNARY("Neg", "seen", "mi")
          BINARY("AddV2", "last", "sx", "seen") UNARY("Exit", "z", "last"),
      "z", "{{node last}} (AddV2) runs when its while loop has ended and needs {{node seen}} (Neg) of it");
  check_refused(PLACEHOLDER("p") PLACEHOLDER("n") UNARY("Exit", "z", "p"), "z",
                "{{node z}} (Exit) is in no while loop");
  check_refused(PLACEHOLDER("p") PLACEHOLDER("n") ENTER("e", "p", "false") UNARY("Exit", "z", "e"), "z",
                "{{node e}} (Enter) has no LoopCond");
}

/* What reads a part of a variable outside of a loop that assigns it would have to see the assignment. */
static void test_parts_of_assigned_variables_are_refused(void **state) {
  (void)state;
#define PART                                                                          \
  REF("v")                                                                            \
  UNARY("Identity", "rv", "v")                                                        \
  INTS("at", "1", "int_val: 0")                                                       \
  INTS("size", "1", "int_val: 1")                                                     \
  "node { name: 'part' op: 'Slice' input: 'rv' input: 'at' input: 'size' " T_FLOAT    \
  " attr { key: 'Index' value { type: DT_INT32 } } }" ENTER(                          \
      "ep", "part", "true") "node { name: 'ev' op: 'RefEnter' input: 'v' " T_FLOAT    \
                            " attr { key: 'frame_name' value { s: 'f' } } "           \
                            "attr { key: 'is_constant' value { b: true } } }" BINARY( \
                                "AddV2", "x1", "x0", "ep") UNARY("Exit", "z", "sx")
  check_refused(LOOP_HEAD PART ASSIGN_REF(
                    "set", "ev", "sx:1") "node { name: 'x0' op: 'Identity' input: 'sx:1' " AFTER("set")
                    T_FLOAT "}",
                "z", "{{node ep}} (Enter) brings a part of a variable into a while loop that may change it");
}

/* rv is read, v changes where it is, then gets other memory: in TensorFlow rv has the changed one still. */
static void test_memory_that_is_replaced_after_a_change_is_refused(void **state) {
  (void)state;
#define SET(name, value, after)                                                       \
  "node { name: '" name "' op: 'Assign' input: 'v' input: '" value "' " after T_FLOAT \
  " attr { key: 'validate_shape' value { b: false } } }"
#define REPLACE                   \
  PLACEHOLDER("p")                \
  PLACEHOLDER("n")                \
  REF("v")                        \
  SET("init", "n", "")            \
  UNARY("Identity", "rv", "init") \
  "node { name: 'z' op: 'AddV2' input: 'rv' input: 'n' " AFTER("set") T_FLOAT "}"
  check_refused(REPLACE SET("up", "n", AFTER("rv")) SET("set", "p", AFTER("up")), "z",
                "Reading memory that variable v had before it got another size\n\t [[{{node z}}]]");
  Fixture f = fixture_of(REPLACE SET("set", "p", AFTER("rv")), &(SessionConfig){.intra_op_threads = 1});
  TF_Status st = {0};
  Tensor p = numbers(2), out = {0};
  if (run_loop(f.session, &p, 3, "z", &out, NULL, &st)) fail_msg("%s", TF_Message(&st));
  assert_int_equal(out.rank, 0);
  assert_float_equal(*(float *)out.data, 6, 0);
  tensor_clear(&out);
  tensor_clear(&p);
  fixture_clear(&f);
}

static void test_nothing_inside_is_fed(void **state) {
  (void)state;
  Fixture f = fixture_of(LOOP, &(SessionConfig){.intra_op_threads = 1});
  TF_Status st = {0};
  Tensor p = numbers(2), out = {0};
  const Tensor *values[3] = {&p, &p, &p};
  TF_Output feeds[3] = {output_of(f.graph, "p"), output_of(f.graph, "n"), output_of(f.graph, "i1")};
  TF_Output z = output_of(f.graph, "z");
  assert_int_equal(session_run(f.session, feeds, values, 3, &z, &out, 1, NULL, 0, NULL, &st),
                   TF_INVALID_ARGUMENT);
  assert_non_null(strstr(TF_Message(&st), "i1:0 is inside a while loop and cannot be fed"));
  status_clear(&st);
  tensor_clear(&p);
  fixture_clear(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_iterations_allocate_nothing),
                                     cmocka_unit_test(test_every_path),
                                     cmocka_unit_test(test_threads_share_a_loop),
                                     cmocka_unit_test(test_a_time_limit_ends_a_loop),
                                     cmocka_unit_test(test_what_hangs_on_an_exit_runs_once),
                                     cmocka_unit_test(test_values_dead_at_the_edge_of_a_loop),
                                     cmocka_unit_test(test_what_is_not_well_nested_is_refused),
                                     cmocka_unit_test(test_parts_of_assigned_variables_are_refused),
                                     cmocka_unit_test(test_memory_that_is_replaced_after_a_change_is_refused),
                                     cmocka_unit_test(test_nothing_inside_is_fed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
