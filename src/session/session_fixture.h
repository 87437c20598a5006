/* What tests of sessions stand on: graphs written as text, a session of one, and allocations counted. Include it
 * once in a test, in place of cmocka.h. */
#ifndef SM_SESSION_SESSION_FIXTURE_H_
#define SM_SESSION_SESSION_FIXTURE_H_

#include "base/status_impl.h"
#include "exec/exec.h"
#include "graph/graph_import.h"
#include "session/session.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* last: it has a macro named fail */

/* ---- counting allocations ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
static atomic_long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);

void *malloc(size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_malloc(size);
}
void *calloc(size_t n, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_calloc(n, size);
}
void *realloc(void *p, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_realloc(p, size);
}
void *aligned_alloc(size_t align, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_memalign(align, size);
}
#endif

/* ---- graphs from text ---- */

static void add_text(Graph *graph, const char *text) {
  TF_Status st = {0};
  Arena arena = {0};
  Tensorflow__GraphDef *def;
  GraphImportOptions options = {0};
  if (text_format_parse(&tensorflow__graph_def__descriptor, (Span){text, strlen(text)}, &arena, &def, &st) ||
      graph_import(graph, def, &options, &arena, NULL, &st))
    fail_msg("%s", TF_Message(&st));
  arena_clear(&arena);
}

#define T_FLOAT "attr { key: 'T' value { type: DT_FLOAT } }"
#define PLACEHOLDER(name) \
  "node { name: '" name "' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } }"
#define CONST(name, value)                                                                                      \
  "node { name: '" name "' op: 'Const' attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: 'value' "     \
  "value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: " value " } } } }"
#define UNARY(op, name, in) "node { name: '" name "' op: '" op "' input: '" in "' " T_FLOAT "}"
#define BINARY(op, name, a, b) "node { name: '" name "' op: '" op "' input: '" a "' input: '" b "' " T_FLOAT "}"

typedef struct Fixture {
  Graph *graph;
  Session *session;
} Fixture;

static Fixture fixture_of(const char *text, const SessionConfig *config) {
  TF_Status st = {0};
  Fixture f = {.graph = graph_new()};
  add_text(f.graph, text);
  assert_int_equal(session_new(&f.session, f.graph, config, &st), TF_OK);
  return f;
}

static void fixture_clear(Fixture *f) {
  session_free(f->session);
  graph_unref(f->graph);
}

static TF_Output output_of(Graph *g, const char *name) {
  Node *n = graph_find(g, name);
  assert_non_null(n);
  return (TF_Output){n, 0};
}

#endif
