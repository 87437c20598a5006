/* Importing and exporting GraphDefs, and functions. Whatever bytes come: an import is whole or nothing. */
#include "capi_testing.h"

static TF_Buffer *buffer_of(const Pb *p) { return TF_NewBufferFromString(p->data, p->size); }

/* Imports with default options into a new graph; null and st after an error, when nothing may be left
 * behind. */
static TF_Graph *import(const Pb *p) {
  TF_Graph *g = TF_NewGraph();
  TF_Buffer *def = buffer_of(p);
  TF_ImportGraphDefOptions *options = TF_NewImportGraphDefOptions();
  TF_GraphImportGraphDef(g, def, options, st);
  TF_DeleteImportGraphDefOptions(options);
  TF_DeleteBuffer(def);
  if (!TF_GetCode(st)) return g;
  size_t pos = 0;
  assert_null(TF_GraphNextOperation(g, &pos));
  assert_int_equal(TF_GraphNumFunctions(g), 0);
  TF_DeleteGraph(g);
  return NULL;
}

static void refuse(const Pb *p, TF_Code code, const char *text) {
  TF_Graph *g = import(p);
  if (g) fail_msg("imported, wanted %s", text);
  assert_error(code, text);
}

/* x, and i = Identity(x) with a control edge, m = MatMul(x, i). */
static Pb chain(void) {
  Pb p = {.size = 0};
  pb_add(&p, "m", "MatMul", "x", "i", NULL);
  pb_add(&p, "i", "Identity", "x:0", "^x", NULL);
  pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
  return p;
}

static void imports_in_any_order(void **state) {
  (void)state;
  Pb p = chain();
  TF_Graph *g = import(&p);
  assert_ok();
  TF_Operation *m = TF_GraphOperationByName(g, "m"), *i = TF_GraphOperationByName(g, "i");
  assert_ptr_equal(TF_OperationInput((TF_Input){m, 1}).oper, i);
  assert_int_equal(TF_OperationNumControlInputs(i), 1);
  unsigned char b = 9; /* attributes with defaults are filled in */
  TF_OperationGetAttrBool(m, "transpose_a", &b, st);
  assert_ok();
  assert_int_equal(b, 0);
  TF_DeleteGraph(g);
}

static void exports_what_it_imported(void **state) {
  (void)state;
  Pb p = chain();
  TF_Graph *g = import(&p), *again = TF_NewGraph();
  assert_ok();
  TF_Buffer *out = TF_NewBuffer();
  TF_GraphToGraphDef(g, out, st);
  assert_ok();
  TF_ImportGraphDefOptions *options = TF_NewImportGraphDefOptions();
  TF_GraphImportGraphDef(again, out, options, st);
  assert_ok();
  size_t pos = 0;
  for (TF_Operation *op; (op = TF_GraphNextOperation(g, &pos));) {
    TF_Operation *twin = TF_GraphOperationByName(again, TF_OperationName(op));
    assert_non_null(twin);
    assert_string_equal(TF_OperationOpType(twin), TF_OperationOpType(op));
    assert_int_equal(TF_OperationNumInputs(twin), TF_OperationNumInputs(op));
    assert_int_equal(TF_OperationNumControlInputs(twin), TF_OperationNumControlInputs(op));
    assert_int_equal(TF_OperationGetNumAttrs(twin), TF_OperationGetNumAttrs(op));
    for (int i = 0; i < TF_OperationNumInputs(op); i++)
      assert_string_equal(TF_OperationName(TF_OperationInput((TF_Input){twin, i}).oper),
                          TF_OperationName(TF_OperationInput((TF_Input){op, i}).oper));
  }
  TF_GraphToGraphDef(g, out, st);
  assert_error(TF_INVALID_ARGUMENT, "Passing non-empty");
  TF_DeleteBuffer(out);
  TF_DeleteImportGraphDefOptions(options);
  TF_DeleteGraph(g);
  TF_DeleteGraph(again);
}

static void imports_loops(void **state) {
  (void)state;
  Pb p = {.size = 0}, enter = pb_node("e", "Enter"), merge = pb_node("m", "Merge");
  pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
  pb_text(&enter, 3, "x");
  pb_attr_type(&enter, "T", TF_FLOAT);
  pb_attr_string(&enter, "frame_name", "f");
  pb_message(&p, 1, &enter);
  pb_text(&merge, 3, "e");
  pb_text(&merge, 3, "n");
  pb_attr_type(&merge, "T", TF_FLOAT);
  pb_attr_int(&merge, "N", 2);
  pb_message(&p, 1, &merge);
  pb_add(&p, "n", "NextIteration", "m", NULL, NULL);
  TF_Graph *g = import(&p);
  assert_ok();
  TF_Operation *m = TF_GraphOperationByName(g, "m");
  assert_string_equal(TF_OperationName(TF_OperationInput((TF_Input){m, 1}).oper), "n");
  assert_int_equal(TF_OperationOutputNumConsumers((TF_Output){TF_GraphOperationByName(g, "n"), 0}), 1);
  TF_DeleteGraph(g);
}

static void refuses_broken_edges(void **state) {
  (void)state;
  const struct {
    const char *a, *b, *c, *text; /* inputs of i; x is there */
  } cases[] = {
      {"y", NULL, NULL, "Node 'i': Unknown input node 'y'"},
      {"^x", "x", NULL, "Node 'i': Control dependencies must come after regular dependencies"},
      {"x:3", NULL, NULL, "Node 'i': Connecting to invalid output 3 of source node x which has 1 outputs."},
      {"x:-1", NULL, NULL, "Node 'i': Unknown input node 'x:-1'"},
      {"x:99999999999999999999", NULL, NULL, "Node 'i': "},
      {"", NULL, NULL, "Node 'i': Unknown input node ''"},
      {"i", NULL, NULL, "1 nodes in a cycle"},
      {"x", "^i", NULL, "1 nodes in a cycle"},
      {NULL, NULL, NULL,
       "NodeDef expected inputs 'float' do not match 0 inputs specified; Op<name=Identity;"},
      {"x", "x", NULL, "NodeDef expected inputs 'float' do not match 2 inputs specified; Op<name=Identity;"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    Pb p = {.size = 0};
    pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
    pb_add(&p, "i", "Identity", cases[k].a, cases[k].b, cases[k].c);
    refuse(&p, TF_INVALID_ARGUMENT, cases[k].text);
  }
  Pb p = {.size = 0};
  pb_add(&p, "a", "Identity", "b", NULL, NULL);
  pb_add(&p, "b", "Identity", "a", NULL, NULL);
  refuse(&p, TF_INVALID_ARGUMENT, "2 nodes in a cycle");
  p.size = 0; /* a cycle through a Merge without NextIteration */
  Pb merge = pb_node("m", "Merge");
  pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
  pb_text(&merge, 3, "x");
  pb_text(&merge, 3, "m");
  pb_attr_type(&merge, "T", TF_FLOAT);
  pb_attr_int(&merge, "N", 2);
  pb_message(&p, 1, &merge);
  refuse(&p, TF_INVALID_ARGUMENT, "1 nodes in a cycle");
}

static void refuses_broken_nodes(void **state) {
  (void)state;
  Pb p = {.size = 0};
  pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
  Pb one = p;
  pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
  refuse(&p, TF_INVALID_ARGUMENT, "Node 'x' is not unique");
  p.size = 0;
  pb_add(&p, "a b", "NoOp", NULL, NULL, NULL);
  refuse(&p, TF_INVALID_ARGUMENT, "Node 'a b': Node name contains invalid characters");
  p.size = 0;
  pb_add(&p, "", "NoOp", NULL, NULL, NULL);
  refuse(&p, TF_INVALID_ARGUMENT, "Node '': Node name contains invalid characters");
  p = one;
  pb_add(&p, "n", "Nope", NULL, NULL, NULL);
  refuse(&p, TF_NOT_FOUND, "Op type not registered 'Nope' in binary running on ");
  Pb node = pb_node("i", "Identity");
  pb_text(&node, 3, "x");
  p = one;
  pb_message(&p, 1, &node);
  refuse(&p, TF_INVALID_ARGUMENT,
         "NodeDef missing attr 'T' from Op<name=Identity; signature=input:T -> output:T; attr=T:type>; "
         "NodeDef: {{node i}}");
  Pb typed = node;
  pb_attr_int(&typed, "T", 3);
  p = one;
  pb_message(&p, 1, &typed);
  refuse(
      &p, TF_INVALID_ARGUMENT,
      "AttrValue had value with type 'int' when 'type' expected\n\t for attr 'T'\n\t; NodeDef: {{node i}}; "
      "Op<name=Identity; signature=input:T -> output:T; attr=T:type>");
  typed = node;
  pb_attr_type(&typed, "T", TF_INT32);
  p = one;
  pb_message(&p, 1, &typed);
  refuse(&p, TF_INVALID_ARGUMENT,
         "Input 0 of node i was passed float from x:0 incompatible with expected int32.");
  Pb add = pb_node("a", "AddN");
  pb_attr_type(&add, "T", TF_FLOAT);
  pb_attr_int(&add, "N", 0);
  p = one;
  pb_message(&p, 1, &add);
  refuse(&p, TF_INVALID_ARGUMENT,
         "Value for attr 'N' of 0 must be at least minimum 1\n\t; NodeDef: {{node a}}; Op<name=AddN;");
  p.size = 0;
  pb_text(&p, 1, "\xff\xff");
  refuse(&p, TF_INVALID_ARGUMENT, "Invalid GraphDef");
}

static void checks_versions(void **state) {
  (void)state;
  Pb p = {.size = 0}, versions = {.size = 0};
  pb_int(&versions, 1, 99999);
  pb_int(&versions, 2, 99999);
  pb_message(&p, 4, &versions);
  refuse(&p, TF_INVALID_ARGUMENT, "GraphDef min consumer version 99999 above current version ");
  /* What a producer may no longer use. */
  Pb batch = pb_node("b", "BatchNormWithGlobalNormalization"), variance = {.size = 0};
  for (int i = 0; i < 5; i++) pb_text(&batch, 3, "x");
  pb_attr_type(&batch, "T", TF_FLOAT);
  pb_varint(&variance, 4 << 3 | 5);
  memcpy(variance.data + variance.size, &(float){1}, 4);
  variance.size += 4;
  pb_attr(&batch, "variance_epsilon", &variance);
  Pb yes = {.size = 0};
  pb_int(&yes, 5, 1);
  pb_attr(&batch, "scale_after_normalization", &yes);
  for (int producer = 8; producer <= 9; producer++) {
    p.size = versions.size = 0;
    pb_int(&versions, 1, (uint64_t)producer);
    pb_message(&p, 4, &versions);
    pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
    pb_message(&p, 1, &batch);
    if (producer < 9) {
      TF_DeleteGraph(import(&p));
      assert_ok();
    } else {
      refuse(&p, TF_UNIMPLEMENTED,
             "Op BatchNormWithGlobalNormalization is not available in GraphDef version 9. It has been "
             "removed in version 9.");
    }
  }
}

static TF_ImportGraphDefResults *import_into(TF_Graph *g, const Pb *p, TF_ImportGraphDefOptions *options) {
  TF_Buffer *def = buffer_of(p);
  TF_ImportGraphDefResults *r = TF_GraphImportGraphDefWithResults(g, def, options, st);
  TF_DeleteBuffer(def);
  TF_DeleteImportGraphDefOptions(options);
  return r;
}

static void prefixes_and_uniquifies(void **state) {
  (void)state;
  Pb p = chain();
  TF_Graph *g = TF_NewGraph();
  placeholder(g, "x", TF_FLOAT, -2, NULL);
  assert_null(import_into(g, &p, TF_NewImportGraphDefOptions()));
  assert_error(TF_INVALID_ARGUMENT, "Node name 'x' already exists in the Graph");
  TF_ImportGraphDefOptions *o = TF_NewImportGraphDefOptions();
  TF_ImportGraphDefOptionsSetPrefix(o, "q r");
  assert_null(import_into(g, &p, o));
  assert_error(TF_INVALID_ARGUMENT, "Imported node name prefix 'q r/' would lead to invalid node names");
  const char *const expect[] = {"p/x", "p_1/x", "x_1"};
  for (int i = 0; i < 3; i++) {
    o = TF_NewImportGraphDefOptions();
    TF_ImportGraphDefOptionsSetPrefix(o, i < 2 ? "p" : "");
    TF_ImportGraphDefOptionsSetUniquifyPrefix(o, i == 1);
    TF_ImportGraphDefOptionsSetUniquifyNames(o, i == 2);
    TF_ImportGraphDefOptionsAddReturnOperation(o, "x");
    TF_ImportGraphDefResults *r = import_into(g, &p, o);
    assert_ok();
    int n;
    TF_Operation **ops;
    TF_ImportGraphDefResultsReturnOperations(r, &n, &ops);
    assert_int_equal(n, 1);
    assert_string_equal(TF_OperationName(ops[0]), expect[i]);
    TF_DeleteImportGraphDefResults(r);
  }
  assert_non_null(TF_GraphOperationByName(g, "m")); /* free, so kept */
  TF_DeleteGraph(g);
}

static void maps_inputs_and_returns(void **state) {
  (void)state;
  Pb p = chain();
  TF_Graph *g = TF_NewGraph();
  TF_Operation *mine = placeholder(g, "mine", TF_FLOAT, -2, NULL),
               *first = placeholder(g, "first", TF_FLOAT, -2, NULL);
  TF_ImportGraphDefOptions *o = TF_NewImportGraphDefOptions();
  TF_ImportGraphDefOptionsSetPrefix(o, "r");
  TF_ImportGraphDefOptionsSetDefaultDevice(o, "/device:CPU:0");
  TF_ImportGraphDefOptionsAddInputMapping(o, "x", 0, (TF_Output){mine, 0});
  TF_ImportGraphDefOptionsAddInputMapping(o, "zork", 1, (TF_Output){mine, 0});
  TF_ImportGraphDefOptionsRemapControlDependency(o, "x", mine);
  TF_ImportGraphDefOptionsAddControlDependency(o, first);
  TF_ImportGraphDefOptionsAddReturnOutput(o, "x", 0);
  TF_ImportGraphDefOptionsAddReturnOutput(o, "m", 0);
  assert_int_equal(TF_ImportGraphDefOptionsNumReturnOutputs(o), 2);
  assert_int_equal(TF_ImportGraphDefOptionsNumReturnOperations(o), 0);
  TF_ImportGraphDefResults *r = import_into(g, &p, o);
  assert_ok();
  int n, *indexes;
  const char **names;
  TF_Output *outputs;
  TF_ImportGraphDefResultsReturnOutputs(r, &n, &outputs);
  assert_int_equal(n, 2);
  assert_ptr_equal(outputs[0].oper, mine);
  assert_string_equal(TF_OperationName(outputs[1].oper), "r/m");
  TF_ImportGraphDefResultsMissingUnusedInputMappings(r, &n, &names, &indexes);
  assert_int_equal(n, 1);
  assert_string_equal(names[0], "zork");
  assert_int_equal(indexes[0], 1);
  TF_DeleteImportGraphDefResults(r);
  TF_Operation *i = TF_GraphOperationByName(g, "r/i"), *m = TF_GraphOperationByName(g, "r/m");
  assert_ptr_equal(TF_OperationInput((TF_Input){i, 0}).oper, mine);
  assert_int_equal(TF_OperationNumControlInputs(i), 2); /* mine and first */
  assert_int_equal(TF_OperationNumControlInputs(m), 0); /* inherits from i */
  assert_string_equal(TF_OperationDevice(m), "/device:CPU:0");
  TF_DeleteGraph(g);
}

static void refuses_unknown_returns(void **state) {
  (void)state;
  Pb p = chain();
  TF_Graph *g = TF_NewGraph();
  TF_ImportGraphDefOptions *o = TF_NewImportGraphDefOptions();
  TF_ImportGraphDefOptionsAddReturnOutput(o, "nope", 0);
  assert_null(import_into(g, &p, o));
  assert_error(TF_INVALID_ARGUMENT, "Requested return tensor 'nope:0' not found in graph def");
  o = TF_NewImportGraphDefOptions();
  TF_ImportGraphDefOptionsAddReturnOutput(o, "x", 4);
  assert_null(import_into(g, &p, o));
  assert_error(TF_INVALID_ARGUMENT, "Invalid return output 4 of node 'x', which has 1 output(s)");
  o = TF_NewImportGraphDefOptions();
  TF_ImportGraphDefOptionsAddReturnOperation(o, "nope");
  assert_null(import_into(g, &p, o));
  assert_error(TF_INVALID_ARGUMENT, "Requested return node 'nope' not found in graph def");
  size_t pos = 0;
  assert_null(TF_GraphNextOperation(g, &pos));
  TF_DeleteGraph(g);
}

/* FunctionDef f(a: float) -> b: float: b = Identity(a). */
static Pb function(const char *name) {
  Pb f = {.size = 0}, signature = {.size = 0}, arg = {.size = 0}, ret = {.size = 0},
     node = pb_node("i", "Identity");
  pb_text(&signature, 1, name);
  pb_text(&arg, 1, "a");
  pb_int(&arg, 3, TF_FLOAT);
  pb_message(&signature, 2, &arg);
  arg.size = 0;
  pb_text(&arg, 1, "b");
  pb_int(&arg, 3, TF_FLOAT);
  pb_message(&signature, 3, &arg);
  pb_message(&f, 1, &signature);
  pb_text(&node, 3, "a");
  pb_attr_type(&node, "T", TF_FLOAT);
  pb_message(&f, 3, &node);
  pb_text(&ret, 1, "b");
  pb_text(&ret, 2, "i:output:0");
  pb_message(&f, 4, &ret);
  return f;
}

static void keeps_functions(void **state) {
  (void)state;
  Pb f = function("f"), library = {.size = 0}, p = {.size = 0}, call = pb_node("c", "f");
  pb_message(&library, 1, &f);
  pb_message(&p, 2, &library);
  pb_add(&p, "x", "Placeholder", NULL, NULL, NULL);
  pb_text(&call, 3, "x");
  pb_message(&p, 1, &call);
  TF_Graph *g = import(&p);
  assert_ok();
  assert_int_equal(TF_GraphNumFunctions(g), 1);
  assert_int_equal(TF_OperationOutputType((TF_Output){TF_GraphOperationByName(g, "c"), 0}), TF_FLOAT);
  TF_Function *got[2];
  assert_int_equal(TF_GraphGetFunctions(g, got, 2, st), 1);
  assert_string_equal(TF_FunctionName(got[0]), "f");
  TF_Graph *other = TF_NewGraph();
  TF_GraphCopyFunction(other, got[0], NULL, st);
  TF_GraphCopyFunction(other, got[0], NULL, st); /* the same again is nothing new */
  assert_ok();
  assert_int_equal(TF_GraphNumFunctions(other), 1);
  TF_Buffer *bytes = TF_NewBuffer();
  TF_FunctionToFunctionDef(got[0], bytes, st);
  assert_ok();
  TF_Function *again = TF_FunctionImportFunctionDef(bytes->data, bytes->length, st);
  assert_ok();
  assert_string_equal(TF_FunctionName(again), "f");
  TF_DeleteFunction(again);
  TF_DeleteFunction(got[0]);
  TF_DeleteBuffer(bytes);
  TF_DeleteGraph(other);
  TF_DeleteGraph(g);
  assert_null(TF_FunctionImportFunctionDef("\xff\xff", 2, st));
  assert_error(TF_INVALID_ARGUMENT, "Invalid FunctionDef given to TF_FunctionImportFunctionDef");
  f = function("MatMul");
  p.size = library.size = 0;
  pb_message(&library, 1, &f);
  pb_message(&p, 2, &library);
  refuse(&p, TF_INVALID_ARGUMENT,
         "Cannot add function 'MatMul' because an op with the same name already exists.");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(imports_in_any_order),    CASE(exports_what_it_imported), CASE(imports_loops),
      CASE(refuses_broken_edges),    CASE(refuses_broken_nodes),     CASE(checks_versions),
      CASE(prefixes_and_uniquifies), CASE(maps_inputs_and_returns),  CASE(refuses_unknown_returns),
      CASE(keeps_functions),
  };
  return cmocka_run_group_tests_name("capi_import", tests, NULL, NULL);
}
