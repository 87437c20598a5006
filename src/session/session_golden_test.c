/* Replays the files of tests/data/exec (made by tests/exec/gen*.py with TensorFlow): each graph's runs, in
 * order, in one session for every path of the executor; the answers and the errors are TensorFlow's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/status_impl.h"
#include "graph/graph_import.h"
#include "session/session.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/proto_message.h"

#include <cmocka.h> /* last: it has a macro named fail */

enum { NUM_FILES = 5 };
static const char *const paths[NUM_FILES] = {"tests/data/exec/cases.json", "tests/data/exec/objects.json",
                                             "tests/data/exec/random.json", "tests/data/exec/refs.json",
                                             "tests/data/exec/rows.json"};
static Bytes texts[NUM_FILES];
static JsonDoc docs[NUM_FILES];

static int load(void **state) {
  (void)state;
  TF_Status st = {0};
  for (int i = 0; i < NUM_FILES; i++) {
    if (file_read(&texts[i], paths[i], 64 << 20, &st)) return -1;
    if (json_parse((Span){texts[i].data, texts[i].size}, &docs[i], &st)) return -1;
  }
  return 0;
}

static int unload(void **state) {
  (void)state;
  for (int i = 0; i < NUM_FILES; i++) {
    json_doc_clear(&docs[i]);
    bytes_clear(&texts[i]);
  }
  return 0;
}

/* ---- from JSON ---- */

static char *copy_string(Arena *a, const JsonNode *s) {
  assert_non_null(s);
  assert_int_equal(s->kind, JSON_STRING);
  return arena_strndup(a, s->text, s->count);
}

static Graph *read_graph(const JsonNode *base64) {
  TF_Status st = {0};
  Arena arena = {0};
  size_t size;
  void *bytes = malloc(base64_decoded_max(base64->count));
  assert_true(base64_decode(base64->text, base64->count, bytes, &size));
  Tensorflow__GraphDef *def;
  if (proto_parse(&tensorflow__graph_def__descriptor, (Span){bytes, size}, &arena, &def, "case", &st))
    fail_msg("%s", TF_Message(&st));
  Graph *graph = graph_new();
  GraphImportOptions options = {0};
  if (graph_import(graph, def, &options, &arena, NULL, &st)) fail_msg("%s", TF_Message(&st));
  arena_clear(&arena);
  free(bytes);
  return graph;
}

static TF_Output find_output(Graph *g, const char *name) {
  size_t len;
  int index;
  char copy[256];
  name = graph_parse_input(name, &len, &index);
  assert_true(len < sizeof copy);
  memcpy(copy, name, len);
  copy[len] = 0;
  Node *n = graph_find(g, copy);
  if (!n) fail_msg("no node %s", copy);
  return (TF_Output){n, index};
}

static void set_element(Tensor *t, int64_t i, const JsonNode *v) {
  double d = 0;
  if (t->dtype == TF_STRING) {
    assert_true(tstring_set(&((TF_TString *)t->data)[i], v->text, v->count));
    return;
  }
  if (v->kind == JSON_TRUE || v->kind == JSON_FALSE) d = v->kind == JSON_TRUE;
  else assert_true(json_as_double(v, &d));
  switch ((int)t->dtype) {
    case TF_FLOAT: ((float *)t->data)[i] = (float)d; break;
    case TF_DOUBLE: ((double *)t->data)[i] = d; break;
    case TF_INT32: ((int32_t *)t->data)[i] = (int32_t)d; break;
    case TF_INT64: ((int64_t *)t->data)[i] = (int64_t)d; break;
    case TF_BOOL: ((uint8_t *)t->data)[i] = d != 0; break;
    default: fail_msg("dtype %s in a case", dtype_name(t->dtype));
  }
}

static void read_tensor(Tensor *t, const JsonNode *json) {
  TF_Status st = {0};
  const JsonNode *name = json_member(json, "dtype"), *shape = json_member(json, "shape");
  const JsonNode *values = json_member(json, "values");
  int64_t dims[TENSOR_MAX_RANK];
  int rank = 0;
  for (const JsonNode *d = json_first(shape); d != json_end(shape); d = json_end(d)) dims[rank++] = d->i;
  TF_DataType dtype = dtype_by_name(name->text, name->count);
  assert_int_equal(tensor_alloc(t, dtype, dims, rank, &st), TF_OK);
  int64_t i = 0;
  for (const JsonNode *v = json_first(values); v != json_end(values); v = json_end(v)) set_element(t, i++, v);
}

/* ---- comparing ---- */

static bool close_to(double a, double b) {
  return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-5 + 1e-5 * fabs(b);
}

static bool same_element(const Tensor *a, const Tensor *b, int64_t i) {
  if (a->dtype == TF_FLOAT) return close_to(((float *)a->data)[i], ((float *)b->data)[i]);
  if (a->dtype == TF_DOUBLE) return close_to(((double *)a->data)[i], ((double *)b->data)[i]);
  if (a->dtype == TF_STRING) {
    size_t n, m;
    const char *x = tstring_data(&((TF_TString *)a->data)[i], &n),
               *y = tstring_data(&((TF_TString *)b->data)[i], &m);
    return n == m && !memcmp(x, y, n);
  }
  size_t size = dtype_size(a->dtype);
  return !memcmp((char *)a->data + size * (size_t)i, (char *)b->data + size * (size_t)i, size);
}

static void check_tensor(const char *where, int run, int fetch, const Tensor *got, const Tensor *want) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (!tensor_same_shape(got, want))
    fail_msg("%s, run %d, fetch %d: %s%s, want %s%s", where, run, fetch, dtype_name(got->dtype),
             shape_text(got->dims, got->rank, x, sizeof x), dtype_name(want->dtype),
             shape_text(want->dims, want->rank, y, sizeof y));
  for (int64_t i = 0; i < tensor_count(want); i++)
    if (!same_element(got, want, i))
      fail_msg("%s, run %d, fetch %d: element %lld differs (%g, want %g)", where, run, fetch, (long long)i,
               got->dtype == TF_FLOAT ? (double)((float *)got->data)[i] : 0.0,
               want->dtype == TF_FLOAT ? (double)((float *)want->data)[i] : 0.0);
}

/* Equal, where a # stands for a number. */
static bool same_message(const char *got, const char *want) {
  for (; *want; want++) {
    if (*want == '#' && *got >= '0' && *got <= '9') got += strspn(got, "0123456789");
    else if (*got++ != *want) return false;
  }
  return !*got;
}

/* ---- a run ---- */

enum { MAX_ENDS = 32 };

typedef struct Run {
  TF_Output feeds[MAX_ENDS], fetches[MAX_ENDS];
  Tensor feed_values[MAX_ENDS], outputs[MAX_ENDS];
  const Tensor *feed_pointers[MAX_ENDS];
  const Node *targets[MAX_ENDS];
  int num_feeds, num_fetches, num_targets;
} Run;

static void read_run(Run *r, Graph *g, const JsonNode *json, Arena *a) {
  *r = (Run){0};
  const JsonNode *feeds = json_member(json, "feeds"), *fetches = json_member(json, "fetches");
  const JsonNode *targets = json_member(json, "targets");
  for (const JsonNode *k = json_first(feeds); k != json_end(feeds); k = json_end(k + 1)) {
    assert_true(r->num_feeds < MAX_ENDS);
    r->feeds[r->num_feeds] = find_output(g, copy_string(a, k));
    read_tensor(&r->feed_values[r->num_feeds], k + 1);
    r->feed_pointers[r->num_feeds] = &r->feed_values[r->num_feeds];
    r->num_feeds++;
  }
  for (const JsonNode *f = json_first(fetches); f != json_end(fetches); f = json_end(f))
    r->fetches[r->num_fetches++] = find_output(g, copy_string(a, f));
  for (const JsonNode *t = json_first(targets); t != json_end(targets); t = json_end(t))
    r->targets[r->num_targets++] = find_output(g, copy_string(a, t)).oper;
  assert_true(r->num_fetches <= MAX_ENDS && r->num_targets <= MAX_ENDS);
}

static void check_run(const char *where, int number, Session *s, Graph *g, const JsonNode *json) {
  TF_Status st = {0};
  Arena arena = {0};
  Run *r = malloc(sizeof *r);
  read_run(r, g, json, &arena);
  session_run(s, r->feeds, r->feed_pointers, r->num_feeds, r->fetches, r->outputs, r->num_fetches, r->targets,
              r->num_targets, NULL, &st);
  const JsonNode *error = json_member(json, "error"), *outputs = json_member(json, "outputs");
  if (error) {
    const char *want = copy_string(&arena, error);
    if (!same_message(TF_Message(&st), want))
      fail_msg("%s, run %d: \"%s\", want \"%s\"", where, number, TF_Message(&st), want);
    assert_int_equal(TF_GetCode(&st), json_member(json, "code")->i);
    for (int i = 0; i < r->num_fetches; i++) assert_int_equal(r->outputs[i].dtype, 0);
  } else if (TF_GetCode(&st)) {
    fail_msg("%s, run %d: %s", where, number, TF_Message(&st));
  } else {
    int i = 0;
    for (const JsonNode *o = json_first(outputs); o != json_end(outputs); o = json_end(o), i++) {
      Tensor want = {0};
      read_tensor(&want, o);
      check_tensor(where, number, i, &r->outputs[i], &want);
      if (r->outputs[i].buffer && tensor_count(&want)) assert_true(tensor_writable(&r->outputs[i]));
      tensor_clear(&want);
    }
  }
  /* What the user does with his tensors afterwards must not matter to anybody. */
  for (int i = 0; i < r->num_feeds; i++) {
    Tensor *t = &r->feed_values[i];
    if (t->dtype != TF_STRING && tensor_count(t))
      memset(t->data, 0xff, dtype_size(t->dtype) * (size_t)tensor_count(t));
    tensor_clear(t);
  }
  for (int i = 0; i < r->num_fetches; i++) {
    Tensor *t = &r->outputs[i];
    if (t->dtype && t->dtype != TF_STRING && tensor_count(t))
      memset(t->data, 0xff, dtype_size(t->dtype) * (size_t)tensor_count(t));
    tensor_clear(t);
  }
  arena_clear(&arena);
  free(r);
}

static void replay_file(const SessionConfig *config, JsonDoc *doc) {
  for (const JsonNode *c = json_first(json_root(doc)); c != json_end(json_root(doc)); c = json_end(c)) {
    TF_Status st = {0};
    Arena arena = {0};
    const char *name = copy_string(&arena, json_member(c, "name"));
    Graph *graph = read_graph(json_member(c, "graph"));
    Session *session;
    assert_int_equal(session_new(&session, graph, config, &st), TF_OK);
    const JsonNode *runs = json_member(c, "runs");
    int i = 0;
    for (const JsonNode *r = json_first(runs); r != json_end(runs); r = json_end(r))
      check_run(name, i++, session, graph, r);
    session_free(session);
    graph_unref(graph);
    arena_clear(&arena);
  }
}

static void replay(const SessionConfig *config) {
  for (int i = 0; i < NUM_FILES; i++) replay_file(config, &docs[i]);
}

static void test_specialized(void **state) {
  (void)state;
  replay(&(SessionConfig){.intra_op_threads = 1});
}

static void test_general_path(void **state) {
  (void)state;
  replay(&(SessionConfig){.intra_op_threads = 1, .no_specialization = true});
}

static void test_without_folding(void **state) {
  (void)state;
  replay(&(SessionConfig){.intra_op_threads = 1, .no_folding = true});
}

static void test_several_threads(void **state) {
  (void)state;
  replay(&(SessionConfig){.intra_op_threads = 2});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_specialized), cmocka_unit_test(test_general_path),
                                     cmocka_unit_test(test_without_folding),
                                     cmocka_unit_test(test_several_threads)};
  return cmocka_run_group_tests_name("session goldens", tests, load, unload);
}
