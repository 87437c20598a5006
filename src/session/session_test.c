/* Sessions beyond single answers: many threads, time limits, closing, graphs that grow, ops without
 * kernels. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "session/session_fixture.h"

/* z = relu(p * 2 + 1) - p, over and over so that memory is used again */
#define CHAIN                                                                          \
  PLACEHOLDER("p")                                                                     \
  CONST("two", "2")                                                                    \
  CONST("one", "1")                                                                    \
  BINARY("Mul", "a", "p", "two")                                                       \
  BINARY("AddV2", "b", "a", "one")                                                     \
  UNARY("Relu", "c", "b")                                                              \
  BINARY("Sub", "d", "c", "p") UNARY("Neg", "e", "d") BINARY("Maximum", "f", "e", "d") \
      UNARY("Identity", "g", "f") BINARY("AddV2", "z", "g", "p")

static float chain_of(float p) {
  float c = p * 2 + 1 > 0 ? p * 2 + 1 : 0, d = c - p;
  return (d > -d ? d : -d) + p;
}

static void make_vector(Tensor *t, int64_t n, float first) {
  TF_Status st = {0};
  assert_int_equal(tensor_alloc(t, TF_FLOAT, &n, 1, &st), TF_OK);
  for (int64_t i = 0; i < n; i++) ((float *)t->data)[i] = first + (float)i;
}

/* ---- threads ---- */

enum { THREADS = 8, RUNS = 300 };

typedef struct Worker {
  Fixture *f;
  int number;
  int wrong;
} Worker;

static void *work(void *arg) {
  Worker *w = arg;
  TF_Output p = output_of(w->f->graph, "p"), z = output_of(w->f->graph, "z"), b = output_of(w->f->graph, "b");
  for (int run = 0; run < RUNS; run++) {
    TF_Status st = {0};
    Tensor in = {0}, out[2] = {{0}};
    /* Eleven shapes, more than are remembered, and two plans. */
    make_vector(&in, 1 + (run * 7 + w->number) % 11, (float)w->number - 4);
    const Tensor *feed = &in;
    TF_Output fetches[2] = {z, b};
    int n = 1 + run % 2;
    w->wrong += session_run(w->f->session, &p, &feed, 1, fetches, out, n, NULL, 0, NULL, &st) != TF_OK;
    for (int i = 0; out[0].dtype && i < tensor_count(&in); i++)
      w->wrong += ((float *)out[0].data)[i] - chain_of(((float *)in.data)[i]) != 0;
    for (int i = 0; i < n; i++) tensor_clear(&out[i]);
    tensor_clear(&in);
  }
  return NULL;
}

static void test_threads_share_a_session(void **state) {
  (void)state;
  Fixture f = fixture_of(CHAIN, &(SessionConfig){.intra_op_threads = 1});
  pthread_t threads[THREADS];
  Worker workers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (Worker){&f, i, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(workers[i].wrong, 0);
  }
  fixture_clear(&f);
}

/* ---- ends ---- */

static void test_a_closed_session_runs_no_more(void **state) {
  (void)state;
  Fixture f = fixture_of(CHAIN, NULL);
  TF_Status st = {0};
  TF_Output one = output_of(f.graph, "one");
  Tensor out = {0};
  assert_int_equal(session_run(f.session, NULL, NULL, 0, &one, &out, 1, NULL, 0, NULL, &st), TF_OK);
  assert_float_equal(*(float *)out.data, 1, 0);
  tensor_clear(&out);
  session_close(f.session);
  session_close(f.session);
  assert_int_equal(session_run(f.session, NULL, NULL, 0, &one, &out, 1, NULL, 0, NULL, &st), TF_CANCELLED);
  assert_string_equal(TF_Message(&st), "Session has been closed.");
  fixture_clear(&f);
}

static void test_a_caller_can_give_up(void **state) {
  (void)state;
  Fixture f = fixture_of(CHAIN, NULL);
  TF_Status st = {0};
  atomic_bool cancelled = true;
  TF_Output p = output_of(f.graph, "p"), z = output_of(f.graph, "z");
  Tensor in = {0}, out = {0};
  make_vector(&in, 3, 0);
  const Tensor *feed = &in;
  assert_int_equal(session_run(f.session, &p, &feed, 1, &z, &out, 1, NULL, 0,
                               &(SessionRunOptions){.cancelled = &cancelled}, &st),
                   TF_CANCELLED);
  tensor_clear(&in);
  fixture_clear(&f);
}

/* A While that never ends, and a function that calls itself. */
#define FLOAT_TO(result) "input_arg { name: 'x' type: DT_FLOAT } output_arg { name: 'y' type: " result " }"
#define RUNAWAYS \
  "library { function { signature { name: 'forever' " FLOAT_TO("DT_BOOL") "} node_def { name: 't' op: 'Const' attr { " \
  "key: 'dtype' value { type: DT_BOOL } } attr { key: 'value' value { tensor { dtype: DT_BOOL tensor_shape {} "       \
  "bool_val: true } } } } ret { key: 'y' value: 't:output:0' } } "                                                    \
  "function { signature { name: 'same' " FLOAT_TO("DT_FLOAT") "} ret { key: 'y' value: 'x' } } "                      \
  "function { signature { name: 'self' " FLOAT_TO("DT_FLOAT") "} node_def { name: 'again' op: 'PartitionedCall' "     \
  "input: 'x' attr { key: 'Tin' value { list { type: DT_FLOAT } } } attr { key: 'Tout' value { list { type: "         \
  "DT_FLOAT } } } attr { key: 'f' value { func { name: 'self' } } } } ret { key: 'y' value: 'again:output:0' } } } "  \
  "node { name: 'loop' op: 'While' input: 'p' attr { key: 'T' value { list { type: DT_FLOAT } } } attr { key: 'cond' " \
  "value { func { name: 'forever' } } } attr { key: 'body' value { func { name: 'same' } } } } "                      \
  "node { name: 'call' op: 'PartitionedCall' input: 'p' attr { key: 'Tin' value { list { type: DT_FLOAT } } } attr { " \
  "key: 'Tout' value { list { type: DT_FLOAT } } } attr { key: 'f' value { func { name: 'self' } } } }"

/* SymbolicGradient of a function that names its gradient calls that: here 2 dy. It makes none itself. */
#define GRADIENT_OF(name, function)                                                        \
  "node { name: '" name                                                                    \
  "' op: 'SymbolicGradient' input: 'p' input: 'p' attr { key: 'Tin' value { list { type: " \
  "DT_FLOAT type: DT_FLOAT } } } attr { key: 'Tout' value { list { type: DT_FLOAT } } } "  \
  "attr { key: 'f' value { func { name: '" function "' } } } }"
#define SAME(name) \
  "function { signature { name: '" name "' " FLOAT_TO("DT_FLOAT") "} ret { key: 'y' value: 'x' } } "

static void test_a_named_gradient_is_called(void **state) {
  (void)state;
  Fixture f = fixture_of(
      PLACEHOLDER("p") "library { " SAME("same") SAME("bare") "function { signature { name: 'grad' input_arg { "
      "name: 'x' type: DT_FLOAT } input_arg { name: 'dy' type: DT_FLOAT } output_arg { name: 'dx' type: DT_FLOAT } } "
      "node_def { name: 'twice' op: 'AddV2' input: 'dy' input: 'dy' " T_FLOAT " } "
      "ret { key: 'dx' value: 'twice:z:0' } } gradient { function_name: 'same' gradient_func: 'grad' } } "
      GRADIENT_OF("named", "same") GRADIENT_OF("none", "bare"), NULL);
  TF_Status st = {0};
  TF_Output p = output_of(f.graph, "p"), named = output_of(f.graph, "named"),
            none = output_of(f.graph, "none");
  Tensor in = {0}, out = {0};
  make_vector(&in, 3, 0);
  const Tensor *feed = &in;
  assert_int_equal(session_run(f.session, &p, &feed, 1, &named, &out, 1, NULL, 0, NULL, &st), TF_OK);
  for (int i = 0; i < 3; i++) assert_true(((float *)out.data)[i] == 2 * ((float *)in.data)[i]);
  tensor_clear(&out);
  assert_int_equal(session_run(f.session, &p, &feed, 1, &none, &out, 1, NULL, 0, NULL, &st),
                   TF_UNIMPLEMENTED);
  status_clear(&st);
  tensor_clear(&in);
  fixture_clear(&f);
}

static void test_runaways_end(void **state) {
  (void)state;
  Fixture f = fixture_of(PLACEHOLDER("p") RUNAWAYS, NULL);
  TF_Status st = {0};
  TF_Output p = output_of(f.graph, "p"), loop = output_of(f.graph, "loop"), call = output_of(f.graph, "call");
  Tensor in = {0}, out = {0};
  make_vector(&in, 3, 1);
  const Tensor *feed = &in;
  for (int i = 0; i < 2; i++) {
    status_clear(&st);
    assert_int_equal(session_run(f.session, &p, &feed, 1, &loop, &out, 1, NULL, 0,
                                 &(SessionRunOptions){.timeout_ms = 10}, &st),
                     TF_DEADLINE_EXCEEDED);
    status_clear(&st);
    assert_int_equal(session_run(f.session, &p, &feed, 1, &call, &out, 1, NULL, 0, NULL, &st),
                     TF_RESOURCE_EXHAUSTED);
    assert_int_equal(out.dtype, 0);
  }
  tensor_clear(&in);
  fixture_clear(&f);
}

typedef struct Endless {
  Fixture *f;
  pthread_t thread;
  atomic_bool begun, cancelled;
  TF_Code code;
} Endless;

static void *run_endless(void *arg) {
  Endless *e = arg;
  TF_Status st = {0};
  TF_Output p = output_of(e->f->graph, "p"), loop = output_of(e->f->graph, "loop");
  Tensor in = {0}, out = {0};
  make_vector(&in, 3, 1);
  const Tensor *feed = &in;
  atomic_store(&e->begun, true);
  e->code = session_run(e->f->session, &p, &feed, 1, &loop, &out, 1, NULL, 0,
                        &(SessionRunOptions){.cancelled = &e->cancelled}, &st);
  tensor_clear(&in);
  return NULL;
}

static void test_a_loop_that_nobody_waits_for_ends(void **state) {
  (void)state;
  Fixture f = fixture_of(PLACEHOLDER("p") RUNAWAYS, NULL);
  Endless given_up = {.f = &f}, closed = {.f = &f};
  Endless *both[] = {&given_up, &closed};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(pthread_create(&both[i]->thread, NULL, run_endless, both[i]), 0);
    while (!atomic_load(&both[i]->begun)) sched_yield();
  }
  nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* most likely both are in their loops now */
  atomic_store(&given_up.cancelled, true);
  pthread_join(given_up.thread, NULL);
  assert_int_equal(given_up.code, TF_CANCELLED);
  session_close(f.session);
  pthread_join(closed.thread, NULL);
  assert_int_equal(closed.code, TF_CANCELLED);
  fixture_clear(&f);
}

static void test_a_graph_may_grow(void **state) {
  (void)state;
  Fixture f = fixture_of(CHAIN, NULL);
  TF_Status st = {0};
  Tensor in = {0}, out = {0};
  make_vector(&in, 3, 1);
  const Tensor *feed = &in;
  for (int round = 0; round < 3; round++) {
    TF_Output p = output_of(f.graph, "p"), z = output_of(f.graph, round ? "more" : "z");
    assert_int_equal(session_run(f.session, &p, &feed, 1, &z, &out, 1, NULL, 0, NULL, &st), TF_OK);
    assert_float_equal(*(float *)out.data, round ? -chain_of(1) : chain_of(1), 0);
    tensor_clear(&out);
    if (!round) {
      graph_lock(f.graph); /* a function's way of adding: an import needs its inputs in the same message */
      Node *from = graph_find(f.graph, "z"), *node;
      TF_Output input = {from, 0};
      Attr t = {.name = "T", .kind = TF_ATTR_TYPE, .v.type = TF_FLOAT};
      NodeInit init = {.name = "more",
                       .device = "",
                       .spec = op_spec_find("Neg"),
                       .attrs = &t,
                       .num_attrs = 1,
                       .inputs = &input,
                       .num_inputs = 1};
      assert_int_equal(node_make(f.graph, &init, &node, &st), TF_OK);
      assert_int_equal(graph_insert(f.graph, &node, 1, &st), TF_OK);
      graph_unlock(f.graph);
    }
  }
  tensor_clear(&in);
  fixture_clear(&f);
}

static void test_only_reached_nodes_need_a_kernel(void **state) {
  (void)state;
  Fixture f = fixture_of(
      CHAIN
      "node { name: 'sc/bad' op: 'CudnnRNNParamsSize' input: 'i' input: 'i' input: 'i' "
      "attr { key: 'T' value { type: DT_FLOAT } } attr { key: 'S' value { type: DT_INT32 } } }"
      "node { name: 'i' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } attr { key: "
      "'value' value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 1 } } } }",
      NULL);
  TF_Status st = {0};
  Tensor out = {0};
  TF_Output one = output_of(f.graph, "one"), bad = output_of(f.graph, "sc/bad");
  assert_int_equal(session_run(f.session, NULL, NULL, 0, &one, &out, 1, NULL, 0, NULL, &st), TF_OK);
  tensor_clear(&out);
  TF_Code code = session_run(f.session, NULL, NULL, 0, &bad, &out, 1, NULL, 0, NULL, &st);
  assert_int_equal(code, TF_INVALID_ARGUMENT); /* no CPU kernel in TensorFlow either */
  const char *want =
      "No OpKernel was registered to support Op 'CudnnRNNParamsSize' used by {{node sc/bad}} with these "
      "attrs: [";
  assert_memory_equal(TF_Message(&st), want, strlen(want));
  assert_non_null(strstr(TF_Message(&st), "]\nRegistered devices: [CPU]\nRegistered kernels:\n"));
  fixture_clear(&f);
}

/* TensorFlow's kernels of a CPU take NHWC alone, while the graph may hold NCHW. */
static void test_depth_to_space_has_no_nchw_kernel(void **state) {
  (void)state;
  Fixture f = fixture_of(
      "node { name: 'x' op: 'Const' attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: 'value' value "
      "{ "
      "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 1 } dim { size: 4 } dim { size: 1 } dim { size: 1 "
      "} } "
      "float_val: 1 } } } }"
      "node { name: 'deep' op: 'DepthToSpace' input: 'x' attr { key: 'T' value { type: DT_FLOAT } } "
      "attr { key: 'block_size' value { i: 2 } } attr { key: 'data_format' value { s: 'NCHW' } } }",
      NULL);
  TF_Status st = {0};
  Tensor out = {0};
  TF_Output deep = output_of(f.graph, "deep");
  assert_int_equal(session_run(f.session, NULL, NULL, 0, &deep, &out, 1, NULL, 0, NULL, &st),
                   TF_INVALID_ARGUMENT);
  fixture_clear(&f);
}

static TF_Code forbid(const FilePolicy *policy, const char *path, bool write, TF_Status *st) {
  (void)policy;
  return (fail)(st, TF_PERMISSION_DENIED, "%s is not to be %s", path, write ? "written" : "read");
}

/* A vocabulary is read when a plan is made, before any run. */
static void test_files_that_nodes_name_are_asked_for(void **state) {
  (void)state;
  static const FilePolicy none = {forbid};
  const char *graph =
      "node { name: 'x' op: 'Const' attr { key: 'dtype' value { type: DT_INT64 } } attr { key: 'value' value "
      "{ "
      "tensor { dtype: DT_INT64 tensor_shape { dim { size: 1 } dim { size: 1 } } int64_val: 1 } } } }"
      "node { name: 'words' op: 'FixedUnigramCandidateSampler' input: 'x' "
      "attr { key: 'num_true' value { i: 1 } } attr { key: 'num_sampled' value { i: 2 } } "
      "attr { key: 'unique' value { b: false } } attr { key: 'range_max' value { i: 7 } } "
      "attr { key: 'vocab_file' value { s: 'tests/data/ops/unigrams.csv' } } }";
  const FilePolicy *policies[] = {NULL, &none};
  for (int i = 0; i < 2; i++) {
    Fixture f = fixture_of(graph, &(SessionConfig){.files = policies[i]});
    TF_Status st = {0};
    Tensor out = {0};
    TF_Output words = output_of(f.graph, "words");
    TF_Code code = session_run(f.session, NULL, NULL, 0, &words, &out, 1, NULL, 0, NULL, &st);
    assert_int_equal(code, i ? TF_PERMISSION_DENIED : TF_OK);
    tensor_clear(&out);
    fixture_clear(&f);
  }
}

static void test_config_protos(void **state) {
  (void)state;
  TF_Status st = {0};
  SessionConfig config = {0};
  SessionRunOptions options = {0};
  /* intra_op_parallelism_threads (2): 3; operation_timeout_in_ms (11): 500 */
  assert_int_equal(session_config_parse(&config, (Span){"\x10\x03\x58\xf4\x03", 5}, &st), TF_OK);
  assert_int_equal(config.intra_op_threads, 3);
  assert_int_equal(config.timeout_ms, 500);
  assert_int_equal(session_run_options_parse(&options, (Span){"\x10\x07", 2}, &st),
                   TF_OK); /* timeout_in_ms (2): 7 */
  assert_int_equal(options.timeout_ms, 7);
  assert_int_not_equal(session_config_parse(&config, (Span){"\x10", 1}, &st), TF_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads_share_a_session),
                                     cmocka_unit_test(test_a_closed_session_runs_no_more),
                                     cmocka_unit_test(test_a_caller_can_give_up),
                                     cmocka_unit_test(test_a_named_gradient_is_called),
                                     cmocka_unit_test(test_runaways_end),
                                     cmocka_unit_test(test_a_loop_that_nobody_waits_for_ends),
                                     cmocka_unit_test(test_a_graph_may_grow),
                                     cmocka_unit_test(test_only_reached_nodes_need_a_kernel),
                                     cmocka_unit_test(test_depth_to_space_has_no_nchw_kernel),
                                     cmocka_unit_test(test_files_that_nodes_name_are_asked_for),
                                     cmocka_unit_test(test_config_protos)};
  return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
