/* SavedModels: the builder's order and checks, what it writes, and loading it again. */
#include "savedmodel/sm_testing.h"

typedef struct Linear {
  TF_Output x, y, words, ids;
  SM_Variable *w;
  TF_Operation *init, *tables;
} Linear;

/* y = x w, and a vocabulary of words.txt. */
static Linear linear(Bench *b, SM_Graph *g, const char *vocabulary) {
  Linear m;
  m.x = SM_Placeholder(g, TF_FLOAT, SM_SHAPE(-1, 2), "x");
  m.w = SM_GetVariable(g, "w", SM_UNKNOWN_SHAPE,
                       SM_InitialValue(SM_TensorF32(SM_SHAPE(2, 1), (const float[]){2, 3})), NULL);
  m.y = SM_MatMul(g, m.x, SM_Value(m.w));
  m.words = SM_Placeholder(g, TF_STRING, SM_SHAPE(-1), "words");
  m.ids = SM_Lookup(SM_HashTableFromFile(g, &(SM_VocabularyFile){.path = vocabulary}, SM_ScalarI64(-1), NULL),
                    m.words);
  TF_Operation *tables = SM_TablesInitializer(g);
  m.tables = SM_Group(g, &tables, 1, "legacy_init_op");
  m.init = SM_GlobalVariablesInitializer(g);
  assert_int_equal(SM_GraphStatus(g, b->st), TF_OK);
  return m;
}

static const SM_SignatureDef *prediction(SM_Graph *g, const Linear *m) {
  return SM_PredictSignatureDef(g, SM_OUTPUTS({"input", m->x}), SM_OUTPUTS({"output", m->y}));
}

static const SM_SignatureDef *lookup(SM_Graph *g, const Linear *m) {
  return SM_PredictSignatureDef(g, SM_OUTPUTS({"words", m->words}), SM_OUTPUTS({"ids", m->ids}));
}

static void assert_prediction(Bench *b, SM_Model *model, const char *want) {
  assert_fine(b);
  TF_Tensor *x = SM_TensorF32(SM_SHAPE(1, 2), (const float[]){10, 1});
  SM_NamedTensor in = {"input", x}, out = {"output", NULL};
  SM_RunSignature(model, "prediction", &in, 1, &out, 1, b->st);
  assert_text(b, out.tensor, want);
  TF_DeleteTensor(x);
}

static void assert_lookup(Bench *b, SM_Model *model, const char *want) {
  TF_Tensor *words = SM_TensorStrings(SM_SHAPE(3), (const char *const[]){"two", "one", "dos"});
  SM_NamedTensor in = {"words", words}, out = {"ids", NULL};
  SM_RunSignature(model, "lookup", &in, 1, &out, 1, b->st);
  assert_text(b, out.tensor, want);
  TF_DeleteTensor(words);
}

/* A SavedModel NAME tagged serve, with both signatures and the vocabulary as asset. */
static void export_model(Bench *b, const char *name, SM_SaveFormat format, bool strip) {
  write_text(in_dir(b, "words.txt"), "one\ntwo\n");
  Linear m = linear(b, b->g, in_dir(b, "words.txt"));
  start(b, m.init);
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(b, name), b->st);
  SM_MetaGraphOptions options = {
      SM_SIGNATURES({"prediction", prediction(b->g, &m)}, {"lookup", lookup(b->g, &m)}),
      .assets_collection = SM_ASSET_FILEPATHS,
      .legacy_init_op = m.tables,
      .strip_default_attrs = strip,
  };
  SM_AddMetaGraphAndVariables(builder, b->session, b->g, SM_TAGS(SM_SERVING), &options, b->st);
  assert_non_null(SM_SaveModel(builder, format, b->st));
  assert_fine(b);
  SM_DeleteSavedModelBuilder(builder);
}

static void a_model_is_loaded_again(void **state) {
  Bench *b = *state;
  export_model(b, "deep/model", SM_AS_BINARY, false);
  assert_true(is_there(b, "deep/model/saved_model.pb") &&
              is_there(b, "deep/model/variables/variables.index"));
  assert_false(is_there(b, "deep/model/checkpoint") || is_there(b, "deep/model/variables/checkpoint"));
  unlink(in_dir(b, "words.txt")); /* the asset went along */
  SM_Model *model = SM_LoadSavedModel(in_dir(b, "deep/model"), SM_TAGS(SM_SERVING), b->st);
  assert_prediction(b, model, "[[23.]]");
  assert_lookup(b, model, "[ 1  0 -1]");
  assert_int_equal(SM_ModelNumSignatures(model), 2);
  assert_string_equal(SM_ModelSignatureAt(model, 0)->key, "lookup");
  const SM_SignatureDef *s = SM_ModelSignature(model, "prediction");
  assert_string_equal(s->method_name, "tensorflow/serving/predict");
  assert_string_equal(s->inputs[0].info->name, "x:0");
  assert_int_equal(s->inputs[0].info->dtype, TF_FLOAT);
  assert_int_equal(s->inputs[0].info->shape.num_dims, 2);
  assert_int_equal(s->inputs[0].info->shape.dims[0], -1);
  assert_null(SM_ModelSignature(model, "nope"));
  assert_non_null(SM_SignatureOutput(model, s, "output").oper);
  assert_null(SM_SignatureOutput(model, s, "input").oper);
  size_t size;
  assert_non_null(SM_ModelMetaGraph(model, &size));
  assert_true(size > 0);
  SM_DeleteModel(model);
}

static void a_model_as_text(void **state) {
  Bench *b = *state;
  export_model(b, "m", SM_AS_TEXT, false);
  assert_true(is_there(b, "m/saved_model.pbtxt") && !is_there(b, "m/saved_model.pb"));
  SM_Model *model = SM_LoadSavedModel(in_dir(b, "m"), SM_TAGS(SM_SERVING), b->st);
  assert_prediction(b, model, "[[23.]]");
  SM_DeleteModel(model);
}

static void defaults_can_be_stripped(void **state) {
  Bench *b = *state;
  export_model(b, "m", SM_AS_TEXT, true);
  char *text = read_text(in_dir(b, "m/saved_model.pbtxt"));
  assert_non_null(strstr(text, "stripped_default_attrs: true"));
  assert_null(strstr(text, "key: \"transpose_a\"")); /* false, MatMul's default */
  assert_non_null(strstr(text, "op: \"MatMul\""));
  assert_non_null(strstr(text, "name: \"transpose_a\"")); /* of the op definition */
  free(text);
  SM_Model *model = SM_LoadSavedModel(in_dir(b, "m"), SM_TAGS(SM_SERVING), b->st);
  assert_prediction(b, model, "[[23.]]");
  SM_DeleteModel(model);
}

static void binary_wins_over_text(void **state) {
  Bench *b = *state;
  export_model(b, "m", SM_AS_BINARY, false);
  write_text(in_dir(b, "m/saved_model.pbtxt"), "not a SavedModel");
  SM_Model *model = SM_LoadSavedModel(in_dir(b, "m"), SM_TAGS(SM_SERVING), b->st);
  assert_prediction(b, model, "[[23.]]");
  SM_DeleteModel(model);
}

static void further_graphs_share_the_variables(void **state) {
  Bench *b = *state;
  mkdir(in_dir(b, "first"), 0777), mkdir(in_dir(b, "second"), 0777);
  write_text(in_dir(b, "first/words.txt"), "one\ntwo\n");
  write_text(in_dir(b, "second/words.txt"), "uno\ndos\n");
  Linear m = linear(b, b->g, in_dir(b, "first/words.txt"));
  start(b, m.init);
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(b, "m"), b->st);
  SM_MetaGraphOptions options = {
      SM_SIGNATURES({"prediction", prediction(b->g, &m)}, {"lookup", lookup(b->g, &m)}),
      .assets_collection = SM_ASSET_FILEPATHS, .main_op = m.tables};
  SM_AddMetaGraphAndVariables(builder, b->session, b->g, SM_TAGS(SM_TRAINING), &options, b->st);
  SM_Graph *g = SM_NewGraph();
  Linear n = linear(b, g, in_dir(b, "second/words.txt"));
  SM_MetaGraphOptions more = {SM_SIGNATURES({"prediction", prediction(g, &n)}, {"lookup", lookup(g, &n)}),
                              .assets_collection = SM_ASSET_FILEPATHS, .main_op = n.tables};
  SM_AddMetaGraph(builder, g, SM_TAGS(SM_SERVING, SM_GPU, "mine"), &more, b->st);
  SM_DeleteGraph(g); /* the builder holds what it needs */
  SM_SaveModel(builder, SM_AS_BINARY, b->st);
  SM_DeleteSavedModelBuilder(builder);
  assert_fine(b);

  char *asset = read_text(in_dir(b, "m/assets/words.txt"));
  assert_string_equal(asset, "one\ntwo\n"); /* of one name the first is kept */
  free(asset);
  SM_TagSets *sets = SM_ReadTagSets(in_dir(b, "m"), b->st);
  assert_fine(b);
  assert_int_equal(sets->num_sets, 2);
  assert_int_equal(sets->sets[0].num_tags, 1);
  assert_string_equal(sets->sets[0].tags[0], "train");
  assert_int_equal(sets->sets[1].num_tags, 3);
  assert_string_equal(sets->sets[1].tags[2], "mine");
  SM_DeleteTagSets(sets);
  SM_Model *model = SM_LoadSavedModel(in_dir(b, "m"), SM_TAGS("mine", "gpu", "serve"), b->st);
  assert_prediction(b, model, "[[23.]]");
  assert_lookup(b, model, "[ 1  0 -1]");
  SM_DeleteModel(model);
  model = SM_LoadSavedModel(in_dir(b, "m"), SM_TAGS("serve"), b->st);
  assert_null(model);
  assert_error(b, TF_NOT_FOUND, "Could not find meta graph def matching supplied tags: { serve }");
}

static void assets_of_one_call_are_told_apart(void **state) {
  Bench *b = *state;
  static const char *const dirs[] = {"a", "b", "c"};
  static const char *const files[] = {"a/f.txt", "b/f.txt", "c/f.txt"};
  static const char *const texts[] = {"1\n", "2\n", "1\n"};
  for (int i = 0; i < 3; i++) {
    mkdir(in_dir(b, dirs[i]), 0777);
    write_text(in_dir(b, files[i]), texts[i]);
    SM_CollectOutput(b->g, "mine", SM_Constant(b->g, SM_ScalarString(in_dir(b, files[i])), NULL));
  }
  start(b, NULL);
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(b, "m"), b->st);
  SM_AddMetaGraphAndVariables(builder, b->session, b->g, SM_TAGS(SM_SERVING),
                              &(SM_MetaGraphOptions){.assets_collection = "mine"}, b->st);
  SM_SaveModel(builder, SM_AS_TEXT, b->st);
  SM_DeleteSavedModelBuilder(builder);
  assert_fine(b);
  assert_true(is_there(b, "m/assets/f.txt") && is_there(b, "m/assets/f.txt_1") &&
              !is_there(b, "m/assets/f.txt_2"));
  char *text = read_text(in_dir(b, "m/assets/f.txt_1"));
  assert_string_equal(text, "2\n");
  free(text);
  assert_int_equal(SM_CollectionSize(b->g, SM_ASSETS_KEY), 3);
}

/* ---- refusals ---- */

static void a_directory_with_something_is_refused(void **state) {
  Bench *b = *state;
  mkdir(in_dir(b, "empty"), 0777);
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(b, "empty"), b->st);
  assert_fine(b);
  SM_DeleteSavedModelBuilder(builder);
  write_text(in_dir(b, "empty/file"), "x");
  assert_null(SM_NewSavedModelBuilder(in_dir(b, "empty"), b->st));
  char want[400];
  snprintf(want, sizeof want,
           "Export directory %s already exists, and isn't empty. Please choose a different export directory, "
           "or delete "
           "all the contents of the specified directory.",
           in_dir(b, "empty"));
  assert_error(b, TF_FAILED_PRECONDITION, want);
}

static void the_order_is_checked(void **state) {
  Bench *b = *state;
  write_text(in_dir(b, "words.txt"), "one\n");
  Linear m = linear(b, b->g, in_dir(b, "words.txt"));
  start(b, m.init);
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(b, "m"), b->st);
  SM_AddMetaGraph(builder, b->g, SM_TAGS(SM_SERVING), NULL, b->st);
  assert_error(b, TF_FAILED_PRECONDITION,
               "Graph state including variables and assets has not been saved yet. Please invoke "
               "`add_meta_graph_and_variables()` first.");
  SM_AddMetaGraphAndVariables(builder, b->session, b->g, SM_TAGS(SM_SERVING), NULL, b->st);
  assert_fine(b);
  SM_AddMetaGraphAndVariables(builder, b->session, b->g, SM_TAGS(SM_SERVING), NULL, b->st);
  assert_error(
      b, TF_FAILED_PRECONDITION,
      "Graph state including variables and assets has already been saved. Please invoke `add_meta_graph()` "
      "instead.");
  SM_MetaGraphOptions init = {.main_op = m.tables};
  SM_AddMetaGraph(builder, b->g, SM_TAGS("a"), &init, b->st);
  assert_fine(b);
  SM_AddMetaGraph(builder, b->g, SM_TAGS("b"), &init, b->st);
  assert_error(b, TF_INVALID_ARGUMENT,
               "Graph already contains one or more main ops under the collection saved_model_main_op.");
  SM_DeleteSavedModelBuilder(builder);
}

static void signatures_are_checked(void **state) {
  Bench *b = *state;
  TF_Output x = SM_Placeholder(b->g, TF_FLOAT, SM_SHAPE(-1), "x");
  const SM_TensorInfo *good = SM_BuildTensorInfo(b->g, x);
  SM_TensorInfo nameless = {.dtype = TF_FLOAT}, typeless = {.name = "x:0"};
  const SM_SignatureDef *fine = SM_BuildSignatureDef(b->g, SM_INFOS({"x", good}), NULL, 0, "m");
  const SM_SignatureDef *no_name = SM_BuildSignatureDef(b->g, SM_INFOS({"x", &nameless}), NULL, 0, "m");
  const SM_SignatureDef *no_type = SM_BuildSignatureDef(b->g, NULL, 0, SM_INFOS({"x", &typeless}), "m");
  start(b, NULL);
  const struct {
    SM_NamedSignature signature;
    const char *error;
  } cases[] = {
      {{"s", no_name}, "must have one of the 'encoding' fields (e.g., name or coo_sparse) set."},
      {{"s", no_type}, "must have the dtype field set."},
      {{"__saved_model_init_op", fine},
       "SignatureDef map key \"__saved_model_init_op\" is reserved for initialization. Please use a "
       "different key."},
      {{"__saved_model_train_op", fine},
       "SignatureDef map key \"__saved_model_train_op\" is reserved for the train op. Please use a different "
       "key."},
      {{"s", NULL}, "signature s is missing"},
  };
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(b, "m"), b->st);
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    SM_MetaGraphOptions options = {.signatures = &cases[i].signature, .num_signatures = 1};
    SM_AddMetaGraphAndVariables(builder, b->session, b->g, SM_TAGS(SM_SERVING), &options, b->st);
    assert_error(b, TF_INVALID_ARGUMENT, cases[i].error);
  }
  assert_false(is_there(b, "m/variables"));
  SM_DeleteSavedModelBuilder(builder);
}

static void assets_are_checked(void **state) {
  Bench *b = *state;
  SM_CollectOutput(b->g, "placeholder", SM_Placeholder(b->g, TF_STRING, SM_SCALAR, "p"));
  SM_CollectOutput(b->g, "number", SM_Constant(b->g, SM_ScalarF32(1), "n"));
  SM_CollectOutput(b->g, "vector",
                   SM_Constant(b->g, SM_TensorStrings(SM_SHAPE(2), (const char *const[]){"a", "b"}), "v"));
  SM_CollectOutput(b->g, "nothing", SM_Constant(b->g, SM_ScalarString(""), "e"));
  static const char *const cases[][2] = {{"placeholder", "Asset path tensor p must be of type constant."},
                                         {"number", "Asset path tensor n must be of dtype string."},
                                         {"vector", "Asset path tensor v must be a scalar."},
                                         {"nothing", "Asset filepath tensor e in is invalid."}};
  start(b, NULL);
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(b, "m"), b->st);
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    SM_MetaGraphOptions options = {.assets_collection = cases[i][0]};
    SM_AddMetaGraphAndVariables(builder, b->session, b->g, SM_TAGS(SM_SERVING), &options, b->st);
    assert_error(b, TF_INVALID_ARGUMENT, cases[i][1]);
  }
  SM_DeleteSavedModelBuilder(builder);
}

static void what_is_not_there_is_not_loaded(void **state) {
  Bench *b = *state;
  assert_null(SM_LoadSavedModel(in_dir(b, "nope"), SM_TAGS(SM_SERVING), b->st));
  assert_error(b, TF_NOT_FOUND,
               "Could not find SavedModel .pb or .pbtxt at supplied export directory path: ");
  assert_null(SM_ReadTagSets(in_dir(b, "nope"), b->st));
  assert_error(b, TF_NOT_FOUND,
               "Could not find SavedModel .pb or .pbtxt at supplied export directory path: ");
  assert_false(SM_ContainsSavedModel(b->dir));
  write_text(in_dir(b, "saved_model.pbtxt"), "x");
  assert_true(SM_ContainsSavedModel(b->dir));
}

static void calls_are_checked(void **state) {
  Bench *b = *state;
  export_model(b, "m", SM_AS_BINARY, false);
  SM_Model *model = SM_LoadSavedModel(in_dir(b, "m"), SM_TAGS(SM_SERVING), b->st);
  assert_fine(b);
  SM_NamedTensor in = {"nope", NULL}, out = {"output", NULL};
  SM_RunSignature(model, "nope", NULL, 0, &out, 1, b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "the model has no signature \"nope\"");
  SM_RunSignature(model, "prediction", &in, 1, &out, 1, b->st);
  assert_error(b, TF_INVALID_ARGUMENT, "no input \"nope\"");
  SM_RunSignature(model, "prediction", NULL, 0, &out, 1, b->st);
  assert_null(out.tensor);
  assert_error(b, TF_INVALID_ARGUMENT, "x");
  SM_DeleteModel(model);
}

/* ---- signature constructors ---- */

static void constructors_check_types(void **state) {
  Bench *b = *state;
  TF_Output examples = SM_Placeholder(b->g, TF_STRING, SM_SHAPE(-1), "examples");
  TF_Output scores = SM_Placeholder(b->g, TF_FLOAT, SM_SHAPE(-1, 3), "scores"), none = {NULL, 0};
  assert_true(SM_IsValidSignature(SM_RegressionSignatureDef(b->g, examples, scores)));
  assert_true(SM_IsValidSignature(SM_ClassificationSignatureDef(b->g, examples, examples, scores)));
  assert_true(SM_IsValidSignature(SM_ClassificationSignatureDef(b->g, examples, none, scores)));
  assert_true(SM_IsValidSignature(SM_ClassificationSignatureDef(b->g, examples, examples, none)));
  assert_true(SM_IsValidSignature(
      SM_PredictSignatureDef(b->g, SM_OUTPUTS({"a", scores}), SM_OUTPUTS({"b", scores}))));
  assert_false(SM_IsValidSignature(NULL));
  assert_fine(b);
  const SM_TensorInfo *info = SM_BuildTensorInfo(b->g, scores);
  const SM_TensorInfo *text = SM_BuildTensorInfo(b->g, examples);
  const SM_SignatureDef *invalid[] = {
      SM_BuildSignatureDef(b->g, SM_INFOS({"x", info}), NULL, 0, SM_PREDICT_METHOD_NAME),
      SM_BuildSignatureDef(b->g, NULL, 0, SM_INFOS({"x", info}), SM_PREDICT_METHOD_NAME),
      SM_BuildSignatureDef(b->g, SM_INFOS({"x", info}), SM_INFOS({"x", info}), "other"),
      SM_BuildSignatureDef(b->g, SM_INFOS({"inputs", info}), SM_INFOS({"outputs", info}),
                           SM_REGRESS_METHOD_NAME),
      SM_BuildSignatureDef(b->g, SM_INFOS({"inputs", text}), SM_INFOS({"output", info}),
                           SM_REGRESS_METHOD_NAME),
      SM_BuildSignatureDef(b->g, SM_INFOS({"inputs", text}), SM_INFOS({"outputs", text}),
                           SM_REGRESS_METHOD_NAME),
      SM_BuildSignatureDef(b->g, SM_INFOS({"inputs", text}), NULL, 0, SM_CLASSIFY_METHOD_NAME),
      SM_BuildSignatureDef(b->g, SM_INFOS({"inputs", text}), SM_INFOS({"classes", info}),
                           SM_CLASSIFY_METHOD_NAME),
      SM_BuildSignatureDef(b->g, SM_INFOS({"inputs", text}), SM_INFOS({"scores", info}, {"more", info}),
                           SM_CLASSIFY_METHOD_NAME),
  };
  for (size_t i = 0; i < SM_COUNTOF(invalid); i++) assert_false(SM_IsValidSignature(invalid[i]));
  assert_fine(b);
}

static void constructors_refuse(void **state) {
  (void)state;
  for (int i = 0; i < 7; i++) {
    void *fresh;
    bench_setup(&fresh);
    Bench *b = fresh;
    TF_Output text = SM_Placeholder(b->g, TF_STRING, SM_SHAPE(-1), "t"), none = {NULL, 0};
    TF_Output number = SM_Placeholder(b->g, TF_FLOAT, SM_SHAPE(-1), "n");
    static const char *const errors[] = {
        "Regression `examples` cannot be None.",
        "Regression input tensors must be of type string. Found tensors with type 1.",
        "Regression output tensors must be of type float. Found tensors with type 7.",
        "Classification `classes` and `scores` cannot both be None.",
        "Classification classes must be of type string Tensor. Found tensors of type 1.",
        "Classification scores must be a float Tensor.",
        "Prediction `inputs` cannot be None or empty.",
    };
    const SM_SignatureDef *got = i == 0   ? SM_RegressionSignatureDef(b->g, none, number)
                                 : i == 1 ? SM_RegressionSignatureDef(b->g, number, number)
                                 : i == 2 ? SM_RegressionSignatureDef(b->g, text, text)
                                 : i == 3 ? SM_ClassificationSignatureDef(b->g, text, none, none)
                                 : i == 4 ? SM_ClassificationSignatureDef(b->g, text, number, none)
                                 : i == 5 ? SM_ClassificationSignatureDef(b->g, text, none, text)
                                          : SM_PredictSignatureDef(b->g, NULL, 0, SM_OUTPUTS({"x", text}));
    assert_null(got);
    assert_error(b, TF_INVALID_ARGUMENT, errors[i]);
    bench_teardown(&fresh);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BENCH_TEST(a_model_is_loaded_again),
      BENCH_TEST(a_model_as_text),
      BENCH_TEST(defaults_can_be_stripped),
      BENCH_TEST(binary_wins_over_text),
      BENCH_TEST(further_graphs_share_the_variables),
      BENCH_TEST(assets_of_one_call_are_told_apart),
      BENCH_TEST(a_directory_with_something_is_refused),
      BENCH_TEST(the_order_is_checked),
      BENCH_TEST(signatures_are_checked),
      BENCH_TEST(assets_are_checked),
      BENCH_TEST(what_is_not_there_is_not_loaded),
      BENCH_TEST(calls_are_checked),
      BENCH_TEST(constructors_check_types),
      cmocka_unit_test(constructors_refuse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
