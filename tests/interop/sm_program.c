/* The C half of sm_interop.py: builds the graphs that the script builds with TensorFlow's Python, writes
 * checkpoints and SavedModels for it to read, and reads what it wrote.
 *
 *   sm_program graphs DIR     MetaGraphDefs as text, DIR/NAME.pbtxt, one for each function of graphs[]
 *   sm_program write DIR      checkpoints and SavedModels
 *   sm_program read DIR       prints what TensorFlow saved there */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "savedmodel/savedmodel.h"

static TF_Status *st;

static void check(SM_Graph *g, const char *what) {
  if (g) SM_GraphStatus(g, st);
  if (!TF_GetCode(st)) return;
  fprintf(stderr, "%s: %s\n", what, TF_Message(st));
  exit(1);
}

static const char *in_dir(const char *dir, const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  return path;
}

/* ---- graphs: each is the function of that name in sm_interop.py ---- */

static void seed(SM_Graph *g) {
  SM_Variable *v1 = SM_GetVariable(g, "v1", SM_SHAPE(3), SM_Zeros(), NULL);
  SM_Variable *v2 = SM_GetVariable(g, "v2", SM_SHAPE(5), SM_Zeros(), NULL);
  SM_Assign(v1, SM_AddScalar(g, SM_Value(v1), 1));
  SM_Assign(v2, SM_SubScalar(g, SM_Value(v2), 1));
  SM_GlobalVariablesInitializer(g);
  SM_NewSaver(g, SM_VARIABLES({"v1", v1}), NULL);
  SM_NewSaver(g, SM_ALL_VARIABLES, NULL);
}

static void initializers(SM_Graph *g) {
  SM_GetVariable(g, "d", SM_SHAPE(2, 3), SM_DEFAULT_INITIALIZER, NULL);
  SM_GetVariable(g, "i32", SM_SHAPE(2), SM_DEFAULT_INITIALIZER, &(SM_VariableOptions){.dtype = TF_INT32});
  SM_GetVariable(g, "o", SM_SHAPE(2), SM_Ones(), NULL);
  SM_GetVariable(g, "c", SM_SHAPE(2), SM_ConstantInitializer(1.5), NULL);
  SM_GetVariable(g, "f64", SM_SHAPE(2), SM_ConstantInitializer(0.1),
                 &(SM_VariableOptions){.dtype = TF_DOUBLE});
  SM_GetVariable(g, "f16", SM_SHAPE(2), SM_ConstantInitializer(0.1), &(SM_VariableOptions){.dtype = TF_HALF});
  SM_GetVariable(g, "ru", SM_SHAPE(2), SM_RandomUniform(-2, 3), NULL);
  SM_GetVariable(g, "rui", SM_SHAPE(2), SM_RandomUniform(-2, 3), &(SM_VariableOptions){.dtype = TF_INT32});
  SM_GetVariable(g, "rn", SM_SHAPE(2), SM_RandomNormal(1, 3), NULL);
  SM_GetVariable(g, "tn", SM_SHAPE(2), SM_WithSeed(SM_TruncatedNormal(1, 3), 5), NULL);
  SM_GetVariable(g, "gu", SM_SHAPE(3, 3, 2, 4), SM_GlorotUniform(), NULL);
  SM_GetVariable(g, "gn", SM_SHAPE(2, 2), SM_GlorotNormal(), NULL);
  TF_Output value = SM_Constant(g, SM_TensorF32(SM_SHAPE(2), (const float[]){1, 2}), NULL);
  SM_GetVariable(g, "iv", SM_UNKNOWN_SHAPE, SM_InitialOutput(value), NULL);
  SM_GetVariable(g, "pv", SM_UNKNOWN_SHAPE, SM_InitialValue(SM_TensorF32(SM_SHAPE(2), (const float[]){3, 2})),
                 &(SM_VariableOptions){.untrainable = true});
  SM_GetVariable(g, "sc", SM_UNKNOWN_SHAPE, SM_InitialValue(SM_ScalarF32(3)), NULL);
  SM_GetVariable(g, "big", SM_SHAPE(2000), SM_Zeros(), NULL);
  SM_GetVariable(g, "bigo", SM_SHAPE(1000), SM_Ones(), NULL);
  SM_GetVariable(g, "bigc", SM_SHAPE(2000), SM_ConstantInitializer(2), NULL);
  SM_GetVariable(g, "local", SM_SHAPE(2), SM_DEFAULT_INITIALIZER,
                 &(SM_VariableOptions){.collections = (const char *const[]){SM_LOCAL_VARIABLES, NULL}});
  SM_GlobalVariablesInitializer(g);
  SM_GlobalVariablesInitializer(g);
  SM_LocalVariablesInitializer(g);
}

static void resources(SM_Graph *g) {
  SM_VariableOptions resource = {.use_resource = true};
  SM_Variable *r = SM_GetVariable(g, "r", SM_SHAPE(2), SM_Zeros(), &resource);
  SM_GetVariable(g, "rb", SM_SHAPE(2, 2), SM_DEFAULT_INITIALIZER, &resource);
  SM_GetVariable(g, "tv", SM_UNKNOWN_SHAPE, SM_InitialValue(SM_TensorF32(SM_SHAPE(2), (const float[]){1, 2})),
                 &resource);
  SM_Assign(r, SM_AddScalar(g, SM_Value(r), 1));
  SM_AssignAdd(r, SM_Constant(g, SM_TensorFill(TF_FLOAT, SM_SHAPE(2), 1), NULL));
  SM_AssignSub(r, SM_Constant(g, SM_TensorFill(TF_FLOAT, SM_SHAPE(2), 1), NULL));
  SM_IsInitialized(r);
  SM_GlobalVariablesInitializer(g);
  SM_NewSaver(g, SM_ALL_VARIABLES, NULL);
}

static void scopes(SM_Graph *g) {
  SM_PushVariableScope(g, "a", SM_REUSE_INHERIT);
  SM_Variable *x = SM_GetVariable(g, "x", SM_SHAPE(1), SM_Zeros(), NULL);
  SM_AddScalar(g, SM_Value(x), 1);
  SM_PushVariableScope(g, "b", SM_REUSE_INHERIT);
  SM_Variable *z = SM_GetVariable(g, "x", SM_SHAPE(1), SM_Zeros(), NULL);
  SM_AddScalar(g, SM_Value(z), 2);
  SM_PopScope(g);
  SM_PopScope(g);
  SM_PushVariableScope(g, "a", SM_REUSE);
  SM_AddScalar(g, SM_Value(SM_GetVariable(g, "x", SM_SHAPE(1), SM_Zeros(), NULL)), 1);
  SM_PopScope(g);
  SM_PushNameScope(g, "a");
  SM_Identity(g, SM_Value(x), NULL);
  SM_PopScope(g);
  SM_PushNameScope(g, "n");
  SM_GetVariable(g, "y", SM_SHAPE(1), SM_Zeros(), NULL);
  SM_Placeholder(g, TF_FLOAT, SM_UNKNOWN_SHAPE, "P");
  SM_Placeholder(g, TF_FLOAT, SM_SCALAR, "p");
  SM_Placeholder(g, TF_FLOAT, SM_SHAPE(-1, 3), NULL);
  SM_PopScope(g);
  SM_PushVariableScope(g, "a", SM_AUTO_REUSE);
  SM_Assign(x, SM_Value(x));
  SM_AssignAdd(x, SM_Value(x));
  SM_GetVariable(g, "new", SM_SHAPE(1), SM_Zeros(), NULL);
  SM_PopScope(g);
  TF_Operation *first = SM_NoOp(g, "first");
  SM_PushControlDependencies(g, &first, 1);
  SM_NoOp(g, NULL);
  SM_GetVariable(g, "free", SM_SHAPE(1), SM_Zeros(), NULL);
  SM_PopScope(g);
  SM_PushDevice(g, "/device:CPU:1");
  TF_Operation *far = SM_NoOp(g, "far");
  SM_PopScope(g);
  SM_Group(g, (TF_Operation *[]){first, far}, 2, "both");
}

static void savers(SM_Graph *g) {
  SM_Variable *v1 = SM_GetVariable(g, "v1", SM_SHAPE(3), SM_Zeros(), NULL);
  SM_Variable *r = SM_GetVariable(g, "r", SM_SHAPE(2), SM_Zeros(),
                                  &(SM_VariableOptions){.use_resource = true});
  SM_NewSaver(g, SM_ALL_VARIABLES, &(SM_SaverOptions){.sharded = true});
  SM_NewSaver(g, SM_VARIABLES({NULL, v1}), &(SM_SaverOptions){.v1_format = true});
  SM_NewSaver(g, SM_VARIABLES({NULL, v1}), &(SM_SaverOptions){.v1_format = true, .sharded = true});
  SM_NewSaver(g, SM_VARIABLES({"x", v1}, {"b", r}), &(SM_SaverOptions){.reshape = true});
  SM_NewSaver(g, SM_VARIABLES({"x", v1}, {"b", r}), &(SM_SaverOptions){.name = "mine", .max_to_keep = 3});
}

static void devices(SM_Graph *g) {
  SM_PushDevice(g, "/device:CPU:0");
  SM_GetVariable(g, "a", SM_SHAPE(3), SM_Zeros(), NULL);
  SM_PopScope(g);
  SM_PushDevice(g, "/device:CPU:1");
  SM_GetVariable(g, "b", SM_SHAPE(3), SM_Zeros(), NULL);
  SM_PopScope(g);
  SM_GetVariable(g, "c", SM_SHAPE(3), SM_Zeros(), NULL);
  SM_NewSaver(g, SM_ALL_VARIABLES, &(SM_SaverOptions){.sharded = true});
}

static void partitioned(SM_Graph *g) {
  SM_Variable *parts[3];
  SM_GetPartitionedVariable(g, "part", SM_SHAPE(5, 2), SM_Zeros(), NULL, 0, 2, parts);
  SM_GetPartitionedVariable(g, "glorot", SM_SHAPE(4, 7), SM_DEFAULT_INITIALIZER, NULL, 1, 3, parts);
  SM_NewSaver(g, SM_ALL_VARIABLES, NULL);
}

static void seeds(SM_Graph *g) {
  SM_SetRandomSeed(g, 42);
  SM_GetVariable(g, "a", SM_SHAPE(2), SM_DEFAULT_INITIALIZER, NULL);
  SM_GetVariable(g, "b", SM_SHAPE(2), SM_WithSeed(SM_RandomNormal(0, 1), 7), NULL);
  SM_Constant(g, SM_ScalarI32(1), NULL);
  SM_GetVariable(g, "c", SM_SHAPE(2), SM_DEFAULT_INITIALIZER, NULL);
}

static void tables(SM_Graph *g) {
  SM_VocabularyFile file = {.path = "vocab.txt"};
  SM_Table *words = SM_HashTableFromFile(g, &file, SM_ScalarI64(-1), NULL);
  TF_Output x = SM_Placeholder(g, TF_STRING, SM_SHAPE(-1), "words");
  SM_Lookup(words, x);
  SM_TableSize(words);
  SM_Table *names = SM_HashTableFromValues(g, SM_TensorI64(SM_SHAPE(2), (const int64_t[]){1, 2}),
                                           SM_TensorStrings(SM_SHAPE(2), (const char *const[]){"a", "b"}),
                                           SM_ScalarString("UNK"), NULL);
  SM_Lookup(names, SM_Constant(g, SM_TensorI64(SM_SHAPE(2), (const int64_t[]){1, 5}), NULL));
  SM_Lookup(SM_VocabularyTable(g, &file, 2, NULL), x);
  TF_Operation *init = SM_TablesInitializer(g);
  SM_Group(g, &init, 1, "legacy_init_op");
}

static const struct {
  const char *name;
  void (*build)(SM_Graph *g);
} graphs[] = {{"seed", seed},
              {"initializers", initializers},
              {"resources", resources},
              {"scopes", scopes},
              {"savers", savers},
              {"devices", devices},
              {"seeds", seeds},
              {"tables", tables},
              {"partitioned", partitioned}};

static void write_graphs(const char *dir) {
  for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++) {
    SM_Graph *g = SM_NewGraph();
    graphs[i].build(g);
    char name[64];
    snprintf(name, sizeof name, "%s.pbtxt", graphs[i].name);
    SM_ExportMetaGraph(g, NULL, in_dir(dir, name), &(SM_ExportOptions){.as_text = true}, st);
    check(g, graphs[i].name);
    SM_DeleteGraph(g);
  }
}

/* ---- checkpoints ---- */

typedef struct Saved {
  SM_Graph *g;
  SM_Variable *v, *r, *count;
  TF_Session *session;
} Saved;

/* v = [1.5, -2, 3] (reference), r = [[1, 2], [3, 4]] (resource), count = 7 (int64), name = "h\u00e9"
 * (string). */
static Saved make_saved(void) {
  Saved s = {.g = SM_NewGraph()};
  s.v = SM_GetVariable(s.g, "scope/v", SM_UNKNOWN_SHAPE,
                       SM_InitialValue(SM_TensorF32(SM_SHAPE(3), (const float[]){1.5f, -2, 3})), NULL);
  s.r = SM_GetVariable(s.g, "r", SM_UNKNOWN_SHAPE,
                       SM_InitialValue(SM_TensorF32(SM_SHAPE(2, 2), (const float[]){1, 2, 3, 4})),
                       &(SM_VariableOptions){.use_resource = true});
  s.count = SM_GetVariable(s.g, "count", SM_SCALAR, SM_ConstantInitializer(7),
                           &(SM_VariableOptions){.dtype = TF_INT64, .untrainable = true});
  SM_GetVariable(s.g, "name", SM_UNKNOWN_SHAPE, SM_InitialValue(SM_ScalarString("h\xc3\xa9")),
                 &(SM_VariableOptions){.untrainable = true});
  return s;
}

static void start(Saved *s) {
  TF_Operation *init = SM_GlobalVariablesInitializer(s->g);
  s->session = SM_NewSession(s->g, st);
  SM_RunOp(s->session, init, st);
  check(s->g, "init");
}

static void stop(Saved *s) {
  SM_EndSession(s->session);
  SM_DeleteGraph(s->g);
}

static void write_checkpoints(const char *dir) {
  Saved s = make_saved();
  SM_Saver *all = SM_NewSaver(s.g, SM_ALL_VARIABLES, NULL);
  SM_Saver *v1 = SM_NewSaver(s.g, SM_ALL_VARIABLES, &(SM_SaverOptions){.v1_format = true});
  SM_Saver *sharded = SM_NewSaver(s.g, SM_ALL_VARIABLES, &(SM_SaverOptions){.sharded = true});
  SM_Saver *renamed = SM_NewSaver(s.g, SM_VARIABLES({"other/name", s.v}, {"c", s.count}), NULL);
  start(&s);
  SM_Save(all, s.session, in_dir(dir, "all/model.ckpt"), SM_NO_STEP, st);
  SM_Save(v1, s.session, in_dir(dir, "v1/model.ckpt"), SM_NO_STEP, st);
  SM_Save(sharded, s.session, in_dir(dir, "sharded/model.ckpt"), 12, st);
  SM_Save(renamed, s.session, in_dir(dir, "renamed/model.ckpt"), SM_NO_STEP, st);
  SM_Saver *few = SM_NewSaver(s.g, SM_ALL_VARIABLES, &(SM_SaverOptions){.max_to_keep = 2});
  for (int step = 1; step <= 4; step++) SM_Save(few, s.session, in_dir(dir, "few/m"), step, st);
  check(s.g, "checkpoints");
  stop(&s);
}

/* ---- SavedModels ---- */

static void write_model(const char *dir, SM_SaveFormat format, bool strip) {
  SM_Graph *g = SM_NewGraph();
  TF_Output x = SM_Placeholder(g, TF_FLOAT, SM_SHAPE(-1, 3), "x");
  SM_Variable *w = SM_GetVariable(
      g, "w", SM_UNKNOWN_SHAPE,
      SM_InitialValue(SM_TensorF32(SM_SHAPE(3, 2), (const float[]){1, 2, 3, 4, 5, 6})), NULL);
  SM_Variable *b = SM_GetVariable(g, "b", SM_SHAPE(2), SM_ConstantInitializer(0.5),
                                  &(SM_VariableOptions){.use_resource = true});
  TF_Output y = SM_Op(g, "AddV2", "y", SM_In(SM_MatMul(g, x, SM_Value(w))), SM_In(SM_Value(b)));
  TF_Output words = SM_Placeholder(g, TF_STRING, SM_SHAPE(-1), "words");
  SM_VocabularyFile file = {.path = in_dir(dir, "vocab.txt")};
  TF_Output ids = SM_Lookup(SM_VocabularyTable(g, &file, 2, NULL), words);
  TF_Operation *tables_init = SM_TablesInitializer(g);
  TF_Operation *init = SM_GlobalVariablesInitializer(g);
  TF_Session *session = SM_NewSession(g, st);
  SM_RunOp(session, init, st);
  const SM_SignatureDef *predict = SM_PredictSignatureDef(g, SM_OUTPUTS({"x", x}), SM_OUTPUTS({"y", y}));
  const SM_SignatureDef *lookup = SM_PredictSignatureDef(g, SM_OUTPUTS({"words", words}),
                                                         SM_OUTPUTS({"ids", ids}));
  const char *name = format == SM_AS_TEXT ? "text_model" : strip ? "stripped_model" : "model";
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(in_dir(dir, name), st);
  SM_MetaGraphOptions options = {
      SM_SIGNATURES({"serving_default", predict}, {"lookup", lookup}),
      .assets_collection = SM_ASSET_FILEPATHS,
      .legacy_init_op = SM_Group(g, &tables_init, 1, "legacy_init_op"),
      .strip_default_attrs = strip,
  };
  SM_AddMetaGraphAndVariables(builder, session, g, SM_TAGS(SM_SERVING), &options, st);
  SM_MetaGraphOptions second = {SM_SIGNATURES({"serving_default", predict}), .clear_devices = true};
  SM_AddMetaGraph(builder, g, SM_TAGS(SM_SERVING, SM_GPU), &second, st);
  SM_SaveModel(builder, format, st);
  check(g, "model");
  SM_DeleteSavedModelBuilder(builder);
  SM_EndSession(session);
  SM_DeleteGraph(g);
}

/* ---- reading ---- */

static void print_value(const char *label, TF_Tensor *value) {
  char *text = SM_TensorText(value);
  printf("%s %s\n", label, text ? text : "");
  free(text);
  TF_DeleteTensor(value);
}

static void read_checkpoint(const char *dir, const char *prefix) {
  Saved s = make_saved();
  SM_Saver *saver = SM_NewSaver(s.g, SM_VARIABLES({NULL, s.v}, {NULL, s.r}), NULL);
  s.session = SM_NewSession(s.g, st);
  SM_RunOp(s.session, SM_VariableInitializer(s.count), st);
  SM_Restore(saver, s.session, in_dir(dir, prefix), st);
  check(s.g, prefix);
  printf("%s:\n", prefix);
  print_value("scope/v", SM_Eval(s.session, s.v, st));
  print_value("r", SM_Eval(s.session, s.r, st));
  print_value("count", SM_Eval(s.session, s.count, st));
  print_value("uninitialized", SM_ReportUninitialized(s.session, s.g, st));
  check(s.g, prefix);
  stop(&s);
}

static void read_meta_graph(const char *dir) {
  Saved s = {.g = SM_NewGraph()};
  SM_Saver *saver = SM_ImportMetaGraph(s.g, in_dir(dir, "py_all/model.ckpt.meta"), st);
  check(s.g, "import");
  s.session = SM_NewSession(s.g, st);
  SM_Restore(saver, s.session, in_dir(dir, "py_all/model.ckpt"), st);
  printf("imported: %d variables\n", SM_NumVariables(s.g, SM_GLOBAL_VARIABLES));
  for (int i = 0; i < SM_NumVariables(s.g, SM_GLOBAL_VARIABLES); i++) {
    SM_Variable *v = SM_VariableAt(s.g, SM_GLOBAL_VARIABLES, i);
    print_value(SM_VariableName(v), SM_Eval(s.session, v, st));
  }
  check(s.g, "imported");
  stop(&s);
}

static void read_model(const char *dir) {
  SM_Model *model = SM_LoadSavedModel(in_dir(dir, "py_model"), SM_TAGS(SM_SERVING), st);
  check(NULL, "py_model");
  TF_Tensor *x = SM_TensorF32(SM_SHAPE(1, 3), (const float[]){1, 2, 3});
  TF_Tensor *words = SM_TensorStrings(SM_SHAPE(3), (const char *const[]){"b", "zebra", "a"});
  SM_NamedTensor in = {"x", x}, out = {"y", NULL};
  SM_RunSignature(model, "serving_default", &in, 1, &out, 1, st);
  print_value("y", out.tensor);
  in = (SM_NamedTensor){"words", words};
  out = (SM_NamedTensor){"ids", NULL};
  SM_RunSignature(model, "lookup", &in, 1, &out, 1, st);
  print_value("ids", out.tensor);
  check(NULL, "py_model");
  TF_DeleteTensor(x);
  TF_DeleteTensor(words);
  SM_DeleteModel(model);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: sm_program graphs|write|read DIR\n"), 2;
  st = TF_NewStatus();
  if (!strcmp(argv[1], "graphs")) {
    write_graphs(argv[2]);
  } else if (!strcmp(argv[1], "write")) {
    write_checkpoints(argv[2]);
    write_model(argv[2], SM_AS_BINARY, false);
    write_model(argv[2], SM_AS_BINARY, true);
    write_model(argv[2], SM_AS_TEXT, false);
  } else if (!strcmp(argv[1], "read")) {
    static const char *const prefixes[] = {"py_all/model.ckpt", "py_v1/model.ckpt",
                                           "py_sharded/model.ckpt-12", "py_partitioned/model.ckpt"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) read_checkpoint(argv[2], prefixes[i]);
    read_meta_graph(argv[2]);
    read_model(argv[2]);
  }
  TF_DeleteStatus(st);
  return 0;
}
