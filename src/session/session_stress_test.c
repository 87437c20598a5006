/* 64 threads on one session: several plans, shapes in no order, loops of both kinds, branches, variables that
 * are frozen and variables that others assign meanwhile. Each answer is checked. SM_STRESS_SECONDS says how
 * long, else each thread makes a few runs; under TSan a minute of it shows races. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "session/session_fixture.h"

enum {
  THREADS = 64,
  RUNS = 60,
  SHAPES = 11, /* more than are remembered */
  WIDTH = 4,
  MOST_ASSIGNMENTS = 1 << 20, /* numbers stay such that floats are exact */
  MOST_ADDITIONS = 1 << 23,
};

#define MATMUL(name, a, b) "node { name: '" name "' op: 'MatMul' input: '" a "' input: '" b "' " T_FLOAT "}"
#define VARIABLE(name) \
  HANDLE(name) READ("read_" name, name) WRITE("AssignVariableOp", "set_" name, name, "x", "")

/* layers = softmax(tanh(p w + b) w), w and b frozen */
#define LAYERS                                                                                   \
  VARIABLE("w")                                                                                  \
  VARIABLE("b")                                                                                  \
  MATMUL("m1", "p", "read_w")                                                                    \
  BINARY("BiasAdd", "h1", "m1", "read_b") UNARY("Tanh", "t1", "h1") MATMUL("m2", "t1", "read_w") \
      UNARY("Softmax", "layers", "m2")
/* scaled = p * (v + v), v assigned by some threads */
#define SCALED \
  VARIABLE("v") BINARY("AddV2", "twice", "read_v", "read_v") BINARY("Mul", "scaled", "p", "twice")
/* counted: n after n += 1 */
#define COUNTED                                         \
  VARIABLE("n")                                         \
  WRITE("AssignAddVariableOp", "add_n", "n", "one", "") \
  "node { name: 'counted' op: 'ReadVariableOp' input: 'n' " AFTER("add_n") DTYPE_FLOAT "}"
/* loop1: count times x = x + 1, by the frames of TensorFlow 1 */
#define LOOP1                                                                                             \
  PLACEHOLDER("count")                                                                                    \
  ENTER("ei", "zero", "false")                                                                            \
  ENTER("ex", "p", "false")                                                                               \
  ENTER("en", "count", "true") ENTER("e1", "one", "true") MERGE("mi", "ei", "ni") MERGE("mx", "ex", "nx") \
      BINARY("Less", "go", "mi", "en") LOOP_COND("c", "go") BINARY("Switch", "si", "mi", "c")             \
          BINARY("Switch", "sx", "mx", "c") BINARY("AddV2", "i1", "si:1", "e1")                           \
              BINARY("AddV2", "x1", "sx:1", "e1") UNARY("NextIteration", "ni", "i1")                      \
                  UNARY("NextIteration", "nx", "x1") UNARY("Exit", "loop1", "sx")
/* loop2: the same by While, adding the variable `step` (which is 1); branch: p + step or p - step, by
 * count */
#define T3 \
  "attr { key: 'T' value { list { type: DT_FLOAT type: DT_FLOAT type: DT_FLOAT type: DT_RESOURCE } } } "
#define BODY_ARGS ARG("i", "DT_FLOAT") ARG("n", "DT_FLOAT") ARG("x", "DT_FLOAT") ARG("s", "DT_RESOURCE")
#define STEP_READ FUNC_OP("ReadVariableOp", "r", IN("s"), DTYPE_FLOAT)
#define LOOP2 \
  "library { function { signature { name: 'more' " BODY_ARGS RET("y", "DT_BOOL") "} "                                 \
  FUNC_OP("Less", "le", IN("i") IN("n"), T_FLOAT) "ret { key: 'y' value: 'le:z:0' } } "                               \
  "function { signature { name: 'next' " BODY_ARGS RET("i1", "DT_FLOAT") RET("n1", "DT_FLOAT") RET("x1", "DT_FLOAT")   \
  RET("s1", "DT_RESOURCE") "is_stateful: true } " STEP_READ                                                           \
  FUNC_OP("AddV2", "ai", IN("i") IN("r:value:0"), T_FLOAT) FUNC_OP("AddV2", "ax", IN("x") IN("r:value:0"), T_FLOAT)    \
  "ret { key: 'i1' value: 'ai:z:0' } ret { key: 'n1' value: 'n' } ret { key: 'x1' value: 'ax:z:0' } "                 \
  "ret { key: 's1' value: 's' } } "                                                                                   \
  "function { signature { name: 'plus' " ARG("x", "DT_FLOAT") ARG("s", "DT_RESOURCE") RET("y", "DT_FLOAT")             \
  "is_stateful: true } " STEP_READ FUNC_OP("AddV2", "a", IN("x") IN("r:value:0"), T_FLOAT)                            \
  "ret { key: 'y' value: 'a:z:0' } } "                                                                                \
  "function { signature { name: 'minus' " ARG("x", "DT_FLOAT") ARG("s", "DT_RESOURCE") RET("y", "DT_FLOAT")            \
  "is_stateful: true } " STEP_READ FUNC_OP("Sub", "a", IN("x") IN("r:value:0"), T_FLOAT)                              \
  "ret { key: 'y' value: 'a:z:0' } } } " VARIABLE("step")                                                             \
  "node { name: 'w2' op: 'While' input: 'zero' input: 'count' input: 'p' input: 'step' " T3 FUNC("cond", "more")       \
  FUNC("body", "next") "}"                                                                                            \
  "node { name: 'loop2' op: 'Identity' input: 'w2:2' " T_FLOAT "}"                                                    \
  BINARY("Greater", "many", "count", "one")                                                                           \
  "node { name: 'branch' op: 'If' input: 'many' input: 'p' input: 'step' attr { key: 'Tcond' value { type: DT_BOOL } } " \
  "attr { key: 'Tin' value { list { type: DT_FLOAT type: DT_RESOURCE } } } "                                          \
  "attr { key: 'Tout' value { list { type: DT_FLOAT } } } " FUNC("then_branch", "plus") FUNC("else_branch", "minus") "}"

#define GRAPH \
  PLACEHOLDER("p") PLACEHOLDER("x") CONST("zero", "0") CONST("one", "1") LAYERS SCALED COUNTED LOOP1 LOOP2

typedef struct Stress {
  Fixture f;
  TF_Output p, x, count, layers, scaled, counted, loop1, loop2, branch;
  const Node *set_v;
  Tensor expected[SHAPES];    /* of layers, for p of 1 .. SHAPES rows */
  atomic_int begun, assigned; /* values of v that may be there; the last whose assignment has returned */
  pthread_mutex_t assigning;
  atomic_int additions; /* to n */
  atomic_bool stop;
  bool timed;
} Stress;

typedef struct Worker {
  Stress *s;
  pthread_t thread;
  uint32_t random;
  int number;
  long runs;
  char wrong[200]; /* "" or what was */
} Worker;

static uint32_t next_random(uint32_t *r) {
  *r ^= *r << 13;
  *r ^= *r >> 17;
  *r ^= *r << 5;
  return *r;
}

static bool make_rows(Tensor *t, int64_t rows, float first) {
  TF_Status st = {0};
  if (tensor_alloc(t, TF_FLOAT, (int64_t[]){rows, WIDTH}, 2, &st)) return false;
  for (int64_t i = 0; i < rows * WIDTH; i++) ((float *)t->data)[i] = first + (float)(i % 7) / 4;
  return true;
}

static bool make_scalar(Tensor *t, float value) {
  TF_Status st = {0};
  if (tensor_alloc(t, TF_FLOAT, NULL, 0, &st)) return false;
  *(float *)t->data = value;
  return true;
}

/* ---- what a thread does ---- */

static void note(Worker *w, const char *what, const char *why) {
  if (!*w->wrong) snprintf(w->wrong, sizeof w->wrong, "%s: %s", what, why);
}

static void check_layers(Worker *w, int shape, const Tensor *out) {
  const Tensor *want = &w->s->expected[shape];
  bool same = tensor_same_shape(out, want);
  for (int64_t i = 0; same && i < tensor_count(want); i++)
    same = ((float *)out->data)[i] - ((float *)want->data)[i] < 1e-5f &&
           ((float *)want->data)[i] - ((float *)out->data)[i] < 1e-5f;
  if (!same) note(w, "layers", "another answer");
}

/* All elements are in + by. */
static void check_shifted(Worker *w, const char *what, const Tensor *in, float by, const Tensor *out) {
  bool same = tensor_same_shape(out, in);
  for (int64_t i = 0; same && i < tensor_count(in); i++)
    same = ((float *)out->data)[i] == ((float *)in->data)[i] + by;
  if (!same) note(w, what, "another answer");
}

static void check_scaled(Worker *w, const Tensor *in, int at_least, const Tensor *out) {
  int at_most = atomic_load(&w->s->begun);
  float v = ((float *)out->data)[0] / ((float *)in->data)[0] / 2;
  bool good = v >= (float)at_least && v <= (float)at_most && v == (float)(int)v;
  for (int64_t i = 0; good && i < tensor_count(in); i++)
    good = ((float *)out->data)[i] == ((float *)in->data)[i] * 2 * v;
  if (!good) note(w, "scaled", "a value that was not assigned, or an old one");
}

/* layers and scaled by one plan, or scaled alone, in one shape: that is run often enough to be frozen
 * again. */
static void run_layers(Worker *w, uint32_t r) {
  TF_Status st = {0};
  Tensor in = {0}, out[2] = {{0}};
  bool both = r / SHAPES % 2;
  int shape = both ? (int)(r % SHAPES) : 0, at_least = atomic_load(&w->s->assigned);
  if (!make_rows(&in, shape + 1, 1)) return;
  const Tensor *feed = &in;
  const TF_Output fetches[2] = {w->s->scaled, w->s->layers};
  if (session_run(w->s->f.session, &w->s->p, &feed, 1, fetches, out, 1 + both, NULL, 0, NULL, &st)) {
    note(w, "layers", TF_Message(&st));
  } else {
    check_scaled(w, &in, at_least, &out[0]);
    if (both) check_layers(w, shape, &out[1]);
  }
  for (int i = 0; i < 2; i++) tensor_clear(&out[i]);
  tensor_clear(&in);
}

static void run_loop(Worker *w, uint32_t r) {
  TF_Status st = {0};
  Tensor in = {0}, count = {0}, out[2] = {{0}};
  int turns = (int)(r % 9), kind = (int)(r / 9 % 3);
  if (!make_rows(&in, 1 + (int)(r / 64 % 5), 2) || !make_scalar(&count, (float)turns)) return;
  const Tensor *values[2] = {&in, &count};
  const TF_Output feeds[2] = {w->s->p, w->s->count};
  const TF_Output fetches[2] = {kind ? w->s->loop2 : w->s->loop1, w->s->branch};
  if (session_run(w->s->f.session, feeds, values, 2, fetches, out, kind == 2 ? 2 : 1, NULL, 0, NULL, &st)) {
    note(w, "loop", TF_Message(&st));
  } else {
    check_shifted(w, kind ? "loop2" : "loop1", &in, (float)turns, &out[0]);
    if (kind == 2) check_shifted(w, "branch", &in, turns > 1 ? 1 : -1, &out[1]);
  }
  for (int i = 0; i < 2; i++) tensor_clear(&out[i]);
  tensor_clear(&in);
  tensor_clear(&count);
}

static void run_count(Worker *w) {
  TF_Status st = {0};
  Tensor out = {0};
  if (atomic_load(&w->s->additions) >= MOST_ADDITIONS) return;
  atomic_fetch_add(&w->s->additions, 1);
  if (session_run(w->s->f.session, NULL, NULL, 0, &w->s->counted, &out, 1, NULL, 0, NULL, &st))
    note(w, "counted", TF_Message(&st));
  else if (*(float *)out.data < 1 || *(float *)out.data > (float)atomic_load(&w->s->additions))
    note(w, "counted", "another number");
  tensor_clear(&out);
}

/* v counts up, one assignment after the other. */
static void run_assign(Worker *w) {
  TF_Status st = {0};
  Tensor value = {0};
  pthread_mutex_lock(&w->s->assigning);
  int next = atomic_fetch_add(&w->s->begun, 1) + 1;
  const Tensor *feed = &value;
  if (!make_scalar(&value, (float)next)) note(w, "assign", "no memory");
  else if (session_run(w->s->f.session, &w->s->x, &feed, 1, NULL, NULL, 0, &w->s->set_v, 1, NULL, &st))
    note(w, "assign", TF_Message(&st));
  atomic_store(&w->s->assigned, next);
  pthread_mutex_unlock(&w->s->assigning);
  tensor_clear(&value);
}

/* One thread assigns, now and then. */
static void *work(void *arg) {
  Worker *w = arg;
  while (!*w->wrong && (w->s->timed ? !atomic_load(&w->s->stop) : w->runs < RUNS)) {
    uint32_t r = next_random(&w->random);
    switch (r >> 8 & 3) {
      case 0:
      case 1: run_layers(w, r >> 10); break;
      case 2: run_loop(w, r >> 10); break;
      case 3:
        if (!w->number && !(r >> 10 & 7) && atomic_load(&w->s->begun) < MOST_ASSIGNMENTS) run_assign(w);
        else run_count(w);
    }
    w->runs++;
  }
  return NULL;
}

/* ---- the whole ---- */

static void assign(Stress *s, const char *target, Tensor *value) {
  TF_Status st = {0};
  const Tensor *feed = value;
  const Node *node = graph_find(s->f.graph, target);
  if (session_run(s->f.session, &s->x, &feed, 1, NULL, NULL, 0, &node, 1, NULL, &st))
    fail_msg("%s", TF_Message(&st));
  tensor_clear(value);
}

static void assign_scalar(Stress *s, const char *target, float to) {
  Tensor value = {0};
  assert_true(make_scalar(&value, to));
  assign(s, target, &value);
}

static void begin(Stress *s) {
  *s = (Stress){.f = fixture_of(GRAPH, &(SessionConfig){.intra_op_threads = 1})};
  Graph *g = s->f.graph;
  s->p = output_of(g, "p"), s->x = output_of(g, "x"), s->count = output_of(g, "count");
  s->layers = output_of(g, "layers"), s->scaled = output_of(g, "scaled"),
  s->counted = output_of(g, "counted");
  s->loop1 = output_of(g, "loop1"), s->loop2 = output_of(g, "loop2"), s->branch = output_of(g, "branch");
  s->set_v = graph_find(g, "set_v");
  pthread_mutex_init(&s->assigning, NULL);
  Tensor w = {0}, b = {0};
  TF_Status st = {0};
  assert_true(make_rows(&w, WIDTH, -0.5f));
  assert_int_equal(tensor_alloc(&b, TF_FLOAT, (int64_t[]){WIDTH}, 1, &st), TF_OK);
  for (int i = 0; i < WIDTH; i++) ((float *)b.data)[i] = (float)i / 8;
  assign(s, "set_w", &w);
  assign(s, "set_b", &b);
  assign_scalar(s, "set_v", 0);
  assign_scalar(s, "set_n", 0);
  assign_scalar(s, "set_step", 1);
  /* Alone, on the general path. */
  for (int i = 0; i < SHAPES; i++) {
    Tensor in = {0};
    assert_true(make_rows(&in, i + 1, 1));
    const Tensor *feed = &in;
    assert_int_equal(
        session_run(s->f.session, &s->p, &feed, 1, &s->layers, &s->expected[i], 1, NULL, 0, NULL, &st),
        TF_OK);
    tensor_clear(&in);
  }
}

static void test_64_threads(void **state) {
  (void)state;
  static Stress s;
  static Worker workers[THREADS];
  const char *seconds = getenv("SM_STRESS_SECONDS");
  begin(&s);
  s.timed = seconds && atoi(seconds) > 0;
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (Worker){.s = &s, .number = i, .random = 2463534242u + (uint32_t)i * 7919};
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  if (s.timed) nanosleep(&(struct timespec){.tv_sec = atoi(seconds)}, NULL);
  atomic_store(&s.stop, true);
  long runs = 0;
  for (int i = 0; i < THREADS; i++) {
    pthread_join(workers[i].thread, NULL);
    runs += workers[i].runs;
  }
  for (int i = 0; i < THREADS; i++)
    if (*workers[i].wrong) fail_msg("thread %d: %s", i, workers[i].wrong);
  if (s.timed) print_message("%ld runs, %d assignments\n", runs, atomic_load(&s.assigned));
  /* No addition was lost. */
  TF_Status st = {0};
  Tensor out = {0};
  assert_int_equal(session_run(s.f.session, NULL, NULL, 0, &s.counted, &out, 1, NULL, 0, NULL, &st), TF_OK);
  assert_float_equal(*(float *)out.data, atomic_load(&s.additions) + 1, 0);
  tensor_clear(&out);
  for (int i = 0; i < SHAPES; i++) tensor_clear(&s.expected[i]);
  pthread_mutex_destroy(&s.assigning);
  fixture_clear(&s.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_64_threads)};
  return cmocka_run_group_tests_name("64 threads", tests, NULL, NULL);
}
