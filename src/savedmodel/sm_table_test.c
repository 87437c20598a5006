/* Lookup tables from files and from values. */
#include "savedmodel/sm_testing.h"

static TF_Output words(Bench *b, const char *const *texts, int n) {
  return SM_Constant(b->g, SM_TensorStrings(SM_SHAPE(n), texts), NULL);
}

static void lines_give_their_numbers(void **state) {
  Bench *b = *state;
  write_text(in_dir(b, "v.txt"), "a\nb\nc\n");
  SM_Table *t = SM_HashTableFromFile(b->g, &(SM_VocabularyFile){.path = in_dir(b, "v.txt")}, SM_ScalarI64(-1),
                                     NULL);
  TF_Output ids = SM_Lookup(t, words(b, (const char *const[]){"c", "zebra", "a"}, 3)), size = SM_TableSize(t);
  start(b, SM_TablesInitializer(b->g));
  assert_text(b, SM_Run(b->session, ids, b->st), "[ 2 -1  0]");
  assert_text(b, SM_Run(b->session, size, b->st), "3");
  assert_int_equal(SM_CollectionSize(b->g, SM_ASSET_FILEPATHS), 1);
  assert_int_equal(SM_CollectionSize(b->g, SM_TABLE_INITIALIZERS), 1);
}

static void columns_give_keys_and_values(void **state) {
  Bench *b = *state;
  write_text(in_dir(b, "v.csv"), "1,one\n2,two\n3,three\n");
  SM_VocabularyFile file = {.path = in_dir(b, "v.csv"),
                            .key_dtype = TF_INT64,
                            .value_dtype = TF_STRING,
                            .by_columns = true,
                            .key_index = 0,
                            .value_index = 1,
                            .delimiter = ","};
  SM_Table *t = SM_HashTableFromFile(b->g, &file, SM_ScalarString("?"), "numbers");
  TF_Output names = SM_Lookup(
      t, SM_Constant(b->g, SM_TensorI64(SM_SHAPE(2, 2), (const int64_t[]){3, 2, 9, 1}), NULL));
  start(b, SM_TableInitializer(t));
  assert_text(b, SM_Run(b->session, names, b->st), "[[b'three' b'two']\n [b'?' b'one']]");
}

static void pairs_are_tables_too(void **state) {
  Bench *b = *state;
  SM_Table *t = SM_HashTableFromValues(b->g, SM_TensorStrings(SM_SHAPE(2), (const char *const[]){"x", "y"}),
                                       SM_TensorI64(SM_SHAPE(2), (const int64_t[]){10, 20}), SM_ScalarI64(0),
                                       NULL);
  SM_Table *u = SM_HashTableFromValues(b->g, SM_TensorStrings(SM_SHAPE(1), (const char *const[]){"x"}),
                                       SM_TensorI64(SM_SHAPE(1), (const int64_t[]){30}), SM_ScalarI64(0),
                                       NULL);
  TF_Output keys = words(b, (const char *const[]){"y", "x", "z"}, 3);
  TF_Output first = SM_Lookup(t, keys), second = SM_Lookup(u, keys);
  start(b, SM_TablesInitializer(b->g));
  assert_text(b, SM_Run(b->session, first, b->st), "[20 10  0]");
  assert_text(b, SM_Run(b->session, second, b->st), "[ 0 30  0]");
}

/* TF: tf.lookup.StaticVocabularyTable with 4 buckets answers [1 5 6 6]. */
static void unknown_words_share_buckets(void **state) {
  Bench *b = *state;
  write_text(in_dir(b, "v.txt"), "a\nb\nc\n");
  SM_Table *t = SM_VocabularyTable(b->g, &(SM_VocabularyFile){.path = in_dir(b, "v.txt")}, 4, NULL);
  TF_Output ids = SM_Lookup(t, words(b, (const char *const[]){"b", "zebra", "", "yak"}, 4));
  start(b, SM_TablesInitializer(b->g));
  assert_text(b, SM_Run(b->session, ids, b->st), "[1 5 6 6]");
}

static void no_tables_no_work(void **state) {
  Bench *b = *state;
  TF_Operation *op = SM_TablesInitializer(b->g);
  assert_fine(b);
  assert_string_equal(TF_OperationName(op), "init_all_tables");
  start(b, op);
}

static void tables_are_checked(void **state) {
  Bench *b = *state;
  SM_Table *t = SM_HashTableFromFile(b->g, &(SM_VocabularyFile){.path = in_dir(b, "nope.txt")},
                                     SM_ScalarI64(-1), NULL);
  start(b, NULL);
  SM_RunOp(b->session, SM_TableInitializer(t), b->st);
  assert_error(b, TF_NOT_FOUND, "nope.txt");
  assert_null(SM_HashTableFromFile(b->g, &(SM_VocabularyFile){.path = "x"}, SM_ScalarF32(1), NULL));
  assert_error(b, TF_INVALID_ARGUMENT, "the default value is float32, the values are int64");
}

static void buckets_are_checked(void **state) {
  Bench *b = *state;
  assert_null(SM_VocabularyTable(b->g, &(SM_VocabularyFile){.path = "x"}, 0, NULL));
  assert_error(b, TF_INVALID_ARGUMENT, "oov_buckets must be > 0.");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BENCH_TEST(lines_give_their_numbers), BENCH_TEST(columns_give_keys_and_values),
      BENCH_TEST(pairs_are_tables_too),     BENCH_TEST(unknown_words_share_buckets),
      BENCH_TEST(no_tables_no_work),        BENCH_TEST(tables_are_checked),
      BENCH_TEST(buckets_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
