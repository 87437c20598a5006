/* What tests of sessions stand on: graphs written as text, a session of one, and allocations counted. Include
 * it once in a test, in place of cmocka.h. */
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
#define CONST(name, value)                                                            \
  "node { name: '" name                                                               \
  "' op: 'Const' attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: 'value' " \
  "value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: " value " } } } }"
#define UNARY(op, name, in) "node { name: '" name "' op: '" op "' input: '" in "' " T_FLOAT "}"
#define BINARY(op, name, a, b) \
  "node { name: '" name "' op: '" op "' input: '" a "' input: '" b "' " T_FLOAT "}"

#define INTS(name, n, values)                                                                 \
  "node { name: '" name                                                                       \
  "' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } attr { key: 'value' value { " \
  "tensor { dtype: DT_INT32 tensor_shape { dim { size: " n " } } " values " } } } }"

/* Variables: by handle, by ref. */
#define DTYPE_FLOAT "attr { key: 'dtype' value { type: DT_FLOAT } }"
#define ANY_SHAPE "attr { key: 'shape' value { shape { unknown_rank: true } } }"
#define HANDLE(name) "node { name: '" name "' op: 'VarHandleOp' " DTYPE_FLOAT ANY_SHAPE "}"
#define READ(name, in) "node { name: '" name "' op: 'ReadVariableOp' input: '" in "' " DTYPE_FLOAT "}"
#define WRITE(op, name, handle, value, more) \
  "node { name: '" name "' op: '" op "' input: '" handle "' input: '" value "' " more DTYPE_FLOAT "}"
#define AFTER(name) "input: '^" name "' "
#define REF(name) "node { name: '" name "' op: 'VariableV2' " DTYPE_FLOAT ANY_SHAPE "}"
#define ASSIGN_REF(name, ref, value) \
  "node { name: '" name "' op: 'Assign' input: '" ref "' input: '" value "' " T_FLOAT "}"

/* While loops of TensorFlow 1, all in the frame f. */
#define ENTER(name, in, constant)                                \
  "node { name: '" name "' op: 'Enter' input: '" in "' " T_FLOAT \
  " attr { key: 'frame_name' value { s: 'f' } } "                \
  "attr { key: 'is_constant' value { b: " constant " } } }"
#define MERGE(name, a, b)                                                      \
  "node { name: '" name "' op: 'Merge' input: '" a "' input: '" b "' " T_FLOAT \
  " attr { key: 'N' value { i: 2 } } }"
#define LOOP_COND(name, in) "node { name: '" name "' op: 'LoopCond' input: '" in "' }"

/* Inside a library. */
#define ARG(name, type) "input_arg { name: '" name "' type: " type " }"
#define RET(name, type) "output_arg { name: '" name "' type: " type " }"
#define FUNC(key, name) "attr { key: '" key "' value { func { name: '" name "' } } }"
#define FUNC_CONST(name, value)                                                       \
  "node_def { name: '" name                                                           \
  "' op: 'Const' attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: 'value' " \
  "value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: " value " } } } }"
#define FUNC_OP(op, name, inputs, attrs) "node_def { name: '" name "' op: '" op "' " inputs attrs "}"
#define IN(name) "input: '" name "' "

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
