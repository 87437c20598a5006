/* Checkpoints: what is saved, what is restored, which files stay. */
#include "savedmodel/sm_testing.h"

typedef struct Pair {
  SM_Variable *v1, *v2;
  TF_Operation *inc, *dec, *init;
} Pair;

/* The seed's graph: v1 counts up, v2 counts down. */
static Pair pair(Bench *b) {
  Pair p = {SM_GetVariable(b->g, "v1", SM_SHAPE(3), SM_Zeros(), NULL),
            SM_GetVariable(b->g, "v2", SM_SHAPE(5), SM_Zeros(), NULL), NULL, NULL, NULL};
  p.inc = SM_Assign(p.v1, SM_AddScalar(b->g, SM_Value(p.v1), 1)).oper;
  p.dec = SM_Assign(p.v2, SM_SubScalar(b->g, SM_Value(p.v2), 1)).oper;
  p.init = SM_GlobalVariablesInitializer(b->g);
  return p;
}

static void a_subset_is_restored(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_VARIABLES({"v1", p.v1}), NULL);
  start(b, p.init);
  SM_RunOp(b->session, p.inc, b->st);
  SM_RunOp(b->session, p.dec, b->st);
  const char *path = in_dir(b, "deep/er/model.ckpt");
  assert_string_equal(SM_Save(saver, b->session, path, SM_NO_STEP, b->st), path);
  assert_fine(b);
  assert_true(is_there(b, "deep/er/model.ckpt.index"));
  assert_true(is_there(b, "deep/er/model.ckpt.data-00000-of-00001"));
  assert_true(is_there(b, "deep/er/model.ckpt.meta"));
  restart(b, SM_VariableInitializer(p.v2));
  SM_Restore(saver, b->session, path, b->st);
  assert_value(b, p.v1, "[1. 1. 1.]");
  assert_value(b, p.v2, "[0. 0. 0. 0. 0.]");
}

static void savers_side_by_side(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *first = SM_NewSaver(b->g, SM_VARIABLES({NULL, p.v1}), NULL);
  SM_Saver *second = SM_NewSaver(b->g, SM_VARIABLES({"renamed", p.v2}), NULL);
  SM_Saver *all = SM_NewSaver(b->g, SM_ALL_VARIABLES, NULL);
  start(b, p.init);
  SM_RunOp(b->session, p.inc, b->st);
  SM_Save(first, b->session, in_dir(b, "first"), SM_NO_STEP, b->st);
  SM_RunOp(b->session, p.dec, b->st);
  SM_Save(second, b->session, in_dir(b, "second"), SM_NO_STEP, b->st);
  SM_RunOp(b->session, p.inc, b->st);
  SM_Save(all, b->session, in_dir(b, "all"), SM_NO_STEP, b->st);
  restart(b, NULL);
  SM_Restore(all, b->session, in_dir(b, "all"), b->st);
  assert_value(b, p.v1, "[2. 2. 2.]");
  SM_Restore(first, b->session, in_dir(b, "first"), b->st);
  assert_value(b, p.v1, "[1. 1. 1.]");
  SM_Restore(first, b->session, in_dir(b, "all"), b->st); /* a subset of a larger checkpoint */
  assert_value(b, p.v1, "[2. 2. 2.]");
  assert_value(b, p.v2, "[-1. -1. -1. -1. -1.]");
  SM_Restore(second, b->session, in_dir(b, "first"), b->st);
  assert_error(b, TF_NOT_FOUND, "Key renamed not found in checkpoint");
}

static void save_and_restore(Bench *b, SM_SaverOptions options, const char *name) {
  Pair p = pair(b);
  SM_Variable *r = SM_GetVariable(b->g, "r", SM_SHAPE(2), SM_ConstantInitializer(2.5),
                                  &(SM_VariableOptions){.use_resource = true});
  TF_Operation *init_r = SM_VariableInitializer(r);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &options);
  start(b, p.init);
  SM_RunOp(b->session, init_r, b->st);
  SM_RunOp(b->session, p.inc, b->st);
  const char *path = SM_Save(saver, b->session, in_dir(b, name), 7, b->st);
  assert_fine(b);
  char *kept = strdup(path);
  restart(b, NULL);
  assert_true(SM_CheckpointExists(kept));
  SM_Restore(saver, b->session, kept, b->st);
  assert_value(b, p.v1, "[1. 1. 1.]");
  assert_value(b, r, "[2.5 2.5]");
  free(kept);
}

static void sharded(void **state) {
  Bench *b = *state;
  save_and_restore(b, (SM_SaverOptions){.sharded = true}, "s");
  assert_true(is_there(b, "s-7.data-00000-of-00001"));
}

static void v1_format(void **state) {
  Bench *b = *state;
  save_and_restore(b, (SM_SaverOptions){.v1_format = true}, "old");
  assert_true(is_there(b, "old-7"));
  assert_false(is_there(b, "old-7.index"));
}

static void v1_sharded(void **state) {
  Bench *b = *state;
  save_and_restore(b, (SM_SaverOptions){.v1_format = true, .sharded = true}, "old");
  assert_true(is_there(b, "old-7-00000-of-00001"));
}

static void step_numbers_can_be_padded(void **state) {
  Bench *b = *state;
  save_and_restore(b, (SM_SaverOptions){.pad_step_number = true}, "p");
  assert_true(is_there(b, "p-00000007.index"));
}

static void another_shape_can_be_restored(void **state) {
  Bench *b = *state;
  SM_Variable *flat = SM_GetVariable(b->g, "flat", SM_UNKNOWN_SHAPE,
                                     SM_InitialValue(SM_TensorF32(SM_SHAPE(4), (const float[]){1, 2, 3, 4})),
                                     NULL);
  SM_Variable *square = SM_GetVariable(b->g, "square", SM_SHAPE(2, 2), SM_Zeros(), NULL);
  SM_Saver *writer = SM_NewSaver(b->g, SM_VARIABLES({"x", flat}), NULL);
  SM_Saver *strict = SM_NewSaver(b->g, SM_VARIABLES({"x", square}), NULL);
  SM_Saver *reader = SM_NewSaver(b->g, SM_VARIABLES({"x", square}), &(SM_SaverOptions){.reshape = true});
  start(b, SM_GlobalVariablesInitializer(b->g));
  SM_Save(writer, b->session, in_dir(b, "m"), SM_NO_STEP, b->st);
  SM_Restore(reader, b->session, in_dir(b, "m"), b->st);
  assert_value(b, square, "[[1. 2.]\n [3. 4.]]");
  SM_Restore(strict, b->session, in_dir(b, "m"), b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "Assign requires shapes of both tensors to match");
}

/* What one cut wrote, another cut and an uncut variable read. */
static void pieces_are_slices_of_one_tensor(void **state) {
  Bench *b = *state;
  SM_Variable *three[3], *two[2], *whole;
  SM_GetPartitionedVariable(b->g, "three", SM_SHAPE(5, 2), SM_Zeros(), NULL, 0, 3, three);
  SM_GetPartitionedVariable(b->g, "two", SM_SHAPE(5, 2), SM_Zeros(), NULL, 1, 2, two);
  whole = SM_GetVariable(b->g, "whole", SM_SHAPE(5, 2), SM_Zeros(), NULL);
  assert_fine(b);
  assert_string_equal(SM_VariableName(three[2]), "three/part_2");
  assert_int_equal(SM_VariableShape(three[1]).dims[0], 2);
  assert_int_equal(SM_VariableShape(three[2]).dims[0], 1);
  TF_Output rows = SM_Constant(b->g, SM_TensorF32(SM_SHAPE(2, 2), (const float[]){3, 4, 5, 6}), NULL);
  TF_Operation *fill = SM_Assign(three[1], rows).oper;
  SM_Saver *write = SM_NewSaver(b->g, SM_VARIABLES({"x", three[0]}, {"x", three[1]}, {"x", three[2]}), NULL);
  SM_Saver *read_two = SM_NewSaver(b->g, SM_VARIABLES({"x", two[0]}, {"x", two[1]}), NULL);
  SM_Saver *read_whole = SM_NewSaver(b->g, SM_VARIABLES({"x", whole}), NULL);
  start(b, SM_GlobalVariablesInitializer(b->g));
  SM_RunOp(b->session, fill, b->st);
  SM_Save(write, b->session, in_dir(b, "m"), SM_NO_STEP, b->st);
  SM_Restore(read_two, b->session, in_dir(b, "m"), b->st);
  SM_Restore(read_whole, b->session, in_dir(b, "m"), b->st);
  assert_value(b, whole, "[[0. 0.]\n [0. 0.]\n [3. 4.]\n [5. 6.]\n [0. 0.]]");
  assert_value(b, two[1], "[[0.]\n [0.]\n [4.]\n [6.]\n [0.]]");
}

static void cuts_are_checked(void **state) {
  Bench *b = *state;
  SM_Variable *parts[3];
  assert_int_equal(SM_GetPartitionedVariable(b->g, "v", SM_SHAPE(2), SM_Zeros(), NULL, 0, 3, parts), 0);
  assert_error(b, TF_INVALID_ARGUMENT, "variable v of shape (2,) cannot be cut into 3 along axis 0");
}

/* ---- which files stay ---- */

static void old_checkpoints_go(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &(SM_SaverOptions){.max_to_keep = 2});
  start(b, p.init);
  for (int step = 1; step <= 4; step++) SM_Save(saver, b->session, in_dir(b, "m"), step, b->st);
  assert_fine(b);
  static const char *const gone[] = {"m-1.index", "m-2.index", "m-2.meta", "m-2.data-00000-of-00001"};
  for (size_t i = 0; i < SM_COUNTOF(gone); i++) assert_false(is_there(b, gone[i]));
  assert_true(is_there(b, "m-3.index") && is_there(b, "m-3.meta") && is_there(b, "m-4.index"));
  assert_int_equal(SM_NumLastCheckpoints(saver), 2);
  assert_string_equal(SM_LastCheckpoint(saver, 0), in_dir(b, "m-3"));
  assert_null(SM_LastCheckpoint(saver, 2));
  char *latest = SM_LatestCheckpoint(b->dir, NULL, b->st);
  assert_string_equal(latest, in_dir(b, "m-4"));
  free(latest);
}

/* Saving under a name again moves it to the end of the list. */
static void the_same_name_counts_once(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &(SM_SaverOptions){.max_to_keep = 2});
  start(b, p.init);
  static const int steps[] = {1, 2, 1, 3};
  for (size_t i = 0; i < SM_COUNTOF(steps); i++) SM_Save(saver, b->session, in_dir(b, "m"), steps[i], b->st);
  assert_fine(b);
  assert_true(is_there(b, "m-1.index") && !is_there(b, "m-2.index") && is_there(b, "m-3.index"));
}

static void all_can_be_kept(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &(SM_SaverOptions){.max_to_keep = SM_KEEP_ALL});
  start(b, p.init);
  for (int step = 1; step <= 7; step++) SM_Save(saver, b->session, in_dir(b, "m"), step, b->st);
  assert_fine(b);
  assert_true(is_there(b, "m-1.index") && is_there(b, "m-7.index"));
}

static void some_are_kept_by_time(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  /* A time so short that every checkpoint is later than the last one kept. */
  SM_SaverOptions options = {.max_to_keep = 1, .keep_checkpoint_every_n_hours = 1e-12};
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &options);
  start(b, p.init);
  for (int step = 1; step <= 3; step++) SM_Save(saver, b->session, in_dir(b, "m"), step, b->st);
  assert_fine(b);
  assert_true(is_there(b, "m-1.index") && is_there(b, "m-2.index"));
  assert_int_equal(SM_NumLastCheckpoints(saver), 1);
}

static void a_new_process_takes_over(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &(SM_SaverOptions){.max_to_keep = 2});
  SM_Saver *next = SM_NewSaver(b->g, SM_ALL_VARIABLES, &(SM_SaverOptions){.max_to_keep = 2});
  start(b, p.init);
  for (int step = 1; step <= 2; step++) SM_Save(saver, b->session, in_dir(b, "m"), step, b->st);
  const char *const before[] = {in_dir(b, "gone"), in_dir(b, "m-1"), in_dir(b, "m-2")};
  SM_RecoverLastCheckpoints(next, before, 3, b->st);
  assert_int_equal(SM_NumLastCheckpoints(next), 2);
  SM_Save(next, b->session, in_dir(b, "m"), 3, b->st);
  assert_fine(b);
  assert_true(!is_there(b, "m-1.index") && is_there(b, "m-2.index") && is_there(b, "m-3.index"));
}

static void files_can_be_left_out(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, NULL);
  start(b, p.init);
  SM_SaveWith(saver, b->session, in_dir(b, "m"), SM_NO_STEP,
              &(SM_SaveOptions){.no_meta_graph = true, .no_state = true}, b->st);
  assert_fine(b);
  assert_true(is_there(b, "m.index") && !is_there(b, "m.meta") && !is_there(b, "checkpoint"));
  char *latest = SM_LatestCheckpoint(b->dir, NULL, b->st);
  assert_null(latest);
  assert_fine(b);
  SM_SaveWith(saver, b->session, in_dir(b, "m"), 1, &(SM_SaveOptions){.latest_filename = "other"}, b->st);
  latest = SM_LatestCheckpoint(b->dir, "other", b->st);
  assert_string_equal(latest, in_dir(b, "m-1"));
  free(latest);
}

/* ---- errors ---- */

static void savers_are_checked(void **state) {
  Bench *b = *state;
  assert_null(SM_NewSaver(b->g, SM_ALL_VARIABLES, NULL));
  assert_error(b, TF_INVALID_ARGUMENT, "No variables to save");
}

static void names_are_unique(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  assert_null(SM_NewSaver(b->g, SM_VARIABLES({"x", p.v1}, {"x", p.v2}), NULL));
  assert_error(b, TF_INVALID_ARGUMENT, "At least two variables have the same name: x");
}

static void variables_are_unique(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  assert_null(SM_NewSaver(b->g, SM_VARIABLES({"x", p.v1}, {"y", p.v1}), NULL));
  assert_error(b, TF_INVALID_ARGUMENT, "The same saveable will be restored with two names: y");
}

static void an_empty_saver_does_nothing(void **state) {
  Bench *b = *state;
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &(SM_SaverOptions){.allow_empty = true});
  SM_NoOp(b->g, "x");
  start(b, NULL);
  assert_null(SM_Save(saver, b->session, in_dir(b, "m"), SM_NO_STEP, b->st));
  SM_Restore(saver, b->session, "/nowhere", b->st);
  assert_fine(b);
  assert_false(is_there(b, "m.index"));
}

static void paths_are_checked(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, NULL);
  start(b, p.init);
  SM_Save(saver, b->session, in_dir(b, "checkpoint"), SM_NO_STEP, b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "'latest_filename' collides with 'save_path': 'checkpoint' and '");
  SM_SaveWith(saver, b->session, in_dir(b, "m"), 1, &(SM_SaveOptions){.latest_filename = "a/b"}, b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "'latest_filename' must not contain path components");
  SM_Restore(saver, b->session, in_dir(b, "nope"), b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "The passed save_path is not a valid checkpoint: ");
  SM_Restore(saver, b->session, NULL, b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "Can't load save_path when it is None.");
}

static void what_has_no_value_is_not_saved(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, NULL);
  start(b, SM_VariableInitializer(p.v1));
  assert_null(SM_Save(saver, b->session, in_dir(b, "m"), SM_NO_STEP, b->st));
  assert_error(b, TF_FAILED_PRECONDITION, "v2");
  assert_false(is_there(b, "m.index") || is_there(b, "checkpoint"));
}

/* ---- meta graphs ---- */

static void a_meta_graph_brings_the_graph_back(void **state) {
  Bench *b = *state;
  Pair p = pair(b);
  SM_CollectOperation(b->g, "train_op", p.inc);
  SM_CollectBytes(b->g, "bytes", "a\0b", 3);
  SM_Saver *saver = SM_NewSaver(b->g, SM_ALL_VARIABLES, &(SM_SaverOptions){.max_to_keep = 3});
  start(b, p.init);
  SM_RunOp(b->session, p.inc, b->st);
  SM_Save(saver, b->session, in_dir(b, "m"), SM_NO_STEP, b->st);
  SM_ExportMetaGraph(b->g, saver, in_dir(b, "m.pbtxt"), &(SM_ExportOptions){.as_text = true}, b->st);
  assert_fine(b);
  static const char *const names[] = {"m.meta", "m.pbtxt"};
  for (size_t i = 0; i < SM_COUNTOF(names); i++) {
    SM_Graph *g = SM_NewGraph();
    SM_Saver *imported = SM_ImportMetaGraph(g, in_dir(b, names[i]), b->st);
    assert_fine(b);
    SM_Variable *v1 = SM_FindVariable(g, "v1");
    assert_non_null(v1);
    assert_int_equal(SM_NumVariables(g, SM_TRAINABLE_VARIABLES), 2);
    TF_Session *session = SM_NewSession(g, b->st);
    SM_Restore(imported, session, in_dir(b, "m"), b->st);
    SM_RunOp(session, SM_CollectionOutput(g, "train_op", 0).oper, b->st);
    assert_text(b, SM_Eval(session, v1, b->st), "[2. 2. 2.]");
    SM_Save(imported, session, in_dir(b, "again"), (int64_t)i, b->st);
    assert_fine(b);
    SM_EndSession(session);
    SM_DeleteGraph(g);
  }
  assert_true(is_there(b, "again-1.index"));
}

static void bad_meta_graphs_are_refused(void **state) {
  Bench *b = *state;
  SM_ImportMetaGraph(b->g, in_dir(b, "nope.meta"), b->st);
  assert_error(b, TF_NOT_FOUND, "nope.meta");
  write_text(in_dir(b, "bad.meta"), "\xff\xff\xff");
  SM_ImportMetaGraph(b->g, in_dir(b, "bad.meta"), b->st);
  assert_error(b, TF_DATA_LOSS, "bad.meta");
  write_text(in_dir(b, "bad.pbtxt"), "graph_def {\n  nod {}\n}\n");
  SM_ImportMetaGraph(b->g, in_dir(b, "bad.pbtxt"), b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "2:");
  write_text(in_dir(b, "saver.pbtxt"), "saver_def { restore_op_name: \"nope\" }");
  SM_ImportMetaGraph(b->g, in_dir(b, "saver.pbtxt"), b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "nodes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BENCH_TEST(a_subset_is_restored),
      BENCH_TEST(savers_side_by_side),
      BENCH_TEST(sharded),
      BENCH_TEST(v1_format),
      BENCH_TEST(v1_sharded),
      BENCH_TEST(step_numbers_can_be_padded),
      BENCH_TEST(another_shape_can_be_restored),
      BENCH_TEST(pieces_are_slices_of_one_tensor),
      BENCH_TEST(cuts_are_checked),
      BENCH_TEST(old_checkpoints_go),
      BENCH_TEST(the_same_name_counts_once),
      BENCH_TEST(all_can_be_kept),
      BENCH_TEST(some_are_kept_by_time),
      BENCH_TEST(a_new_process_takes_over),
      BENCH_TEST(files_can_be_left_out),
      BENCH_TEST(savers_are_checked),
      BENCH_TEST(names_are_unique),
      BENCH_TEST(variables_are_unique),
      BENCH_TEST(an_empty_saver_does_nothing),
      BENCH_TEST(paths_are_checked),
      BENCH_TEST(what_has_no_value_is_not_saved),
      BENCH_TEST(a_meta_graph_brings_the_graph_back),
      BENCH_TEST(bad_meta_graphs_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
