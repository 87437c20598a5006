/* What the tests of libsavedmodel share: a status that must be fine, a folder that goes away. */
#ifndef SM_SAVEDMODEL_SM_TESTING_H_
#define SM_SAVEDMODEL_SM_TESTING_H_

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "savedmodel/savedmodel.h"

/* A graph, a status, a folder: set up and taken down around each test. */
typedef struct Bench {
  SM_Graph *g;
  TF_Status *st;
  TF_Session *session;
  char dir[64];
} Bench;

static inline int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
  (void)info, (void)kind, (void)where;
  return remove(path);
}

static inline int bench_setup(void **state) {
  Bench *b = calloc(1, sizeof *b);
  b->g = SM_NewGraph();
  b->st = TF_NewStatus();
  strcpy(b->dir, "/tmp/sm_test_XXXXXX");
  *state = b;
  return mkdtemp(b->dir) ? 0 : -1;
}

static inline int bench_teardown(void **state) {
  Bench *b = *state;
  SM_EndSession(b->session);
  SM_DeleteGraph(b->g);
  TF_DeleteStatus(b->st);
  nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  free(b);
  return 0;
}

#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

static inline SM_UNUSED void assert_fine(Bench *b) {
  if (SM_GraphStatus(b->g, b->st)) fail_msg("%d: %s", TF_GetCode(b->st), TF_Message(b->st));
}

/* The status, or else the graph, holds this error; clears the status. */
static inline SM_UNUSED void assert_error(Bench *b, TF_Code code, const char *part) {
  SM_GraphStatus(b->g, b->st);
  if (!strstr(TF_Message(b->st), part)) fail_msg("\"%s\" is not in \"%s\"", part, TF_Message(b->st));
  assert_int_equal(TF_GetCode(b->st), code);
  TF_SetStatus(b->st, TF_OK, "");
}

/* A path in the test's folder; valid until the fourth further call. */
static inline SM_UNUSED const char *in_dir(Bench *b, const char *name) {
  static char paths[4][256];
  static int next;
  char *path = paths[next++ % 4];
  snprintf(path, 256, "%s/%s", b->dir, name);
  return path;
}

static inline SM_UNUSED bool is_there(Bench *b, const char *name) {
  return access(in_dir(b, name), F_OK) == 0;
}

static inline SM_UNUSED void write_text(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  assert_int_equal(fclose(f), 0);
}

static inline SM_UNUSED char *read_text(const char *path) {
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  char *text = calloc(1, 1 << 16);
  size_t n = fread(text, 1, (1 << 16) - 1, f);
  text[n] = 0;
  fclose(f);
  return text;
}

/* A session in which the operation has run. */
static inline SM_UNUSED void start(Bench *b, TF_Operation *init) {
  assert_fine(b);
  b->session = SM_NewSession(b->g, b->st);
  if (init) SM_RunOp(b->session, init, b->st);
  assert_fine(b);
}

static inline SM_UNUSED void restart(Bench *b, TF_Operation *init) {
  SM_EndSession(b->session);
  start(b, init);
}

static inline SM_UNUSED void assert_text(Bench *b, TF_Tensor *value, const char *want) {
  assert_fine(b);
  char *text = SM_TensorText(value);
  assert_string_equal(text, want);
  free(text);
  TF_DeleteTensor(value);
}

static inline SM_UNUSED void assert_value(Bench *b, SM_Variable *v, const char *want) {
  assert_text(b, SM_Eval(b->session, v, b->st), want);
}

#endif
