/* Building graphs through the C API: types that are inferred, shapes, edges, every kind of attribute, and the
 * errors. */
#include "capi_testing.h"

static const int64_t d12[] = {1, 2}, d34[] = {3, 4}, d2x[] = {2, -1};

static void finds_and_walks_operations(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 2, d12), *y = placeholder(g, "a/y", TF_FLOAT, -2, NULL);
  assert_ptr_equal(TF_GraphOperationByName(g, "a/y"), y);
  assert_null(TF_GraphOperationByName(g, "y"));
  size_t pos = 0;
  assert_ptr_equal(TF_GraphNextOperation(g, &pos), x);
  assert_ptr_equal(TF_GraphNextOperation(g, &pos), y);
  assert_null(TF_GraphNextOperation(g, &pos));
  assert_string_equal(TF_OperationName(y), "a/y");
  assert_string_equal(TF_OperationOpType(y), "Placeholder");
  assert_string_equal(TF_OperationDevice(y), "");
  TF_DeleteGraph(g);
}

static void links_inputs_and_consumers(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 2, d12);
  TF_Operation *twice[] = {x, x};
  TF_Operation *add = simple_op(g, "AddV2", "add", 2, twice);
  assert_ok();
  TF_OperationDescription *d = TF_NewOperation(g, "Identity", "id");
  TF_AddInput(d, (TF_Output){add, 0});
  TF_AddControlInput(d, x);
  TF_SetDevice(d, "/device:CPU:0");
  TF_Operation *id = TF_FinishOperation(d, st);
  assert_ok();
  assert_int_equal(TF_OperationNumInputs(add), 2);
  assert_int_equal(TF_OperationNumOutputs(add), 1);
  assert_ptr_equal(TF_OperationInput((TF_Input){add, 1}).oper, x);
  TF_Output all[2];
  TF_OperationAllInputs(add, all, 2);
  assert_ptr_equal(all[0].oper, x);
  assert_int_equal(TF_OperationInputType((TF_Input){add, 0}), TF_FLOAT);
  assert_int_equal(TF_OperationOutputType((TF_Output){add, 0}), TF_FLOAT);
  TF_Input consumers[4];
  assert_int_equal(TF_OperationOutputNumConsumers((TF_Output){x, 0}), 2);
  assert_int_equal(TF_OperationOutputConsumers((TF_Output){x, 0}, consumers, 4), 2);
  assert_ptr_equal(consumers[0].oper, add);
  assert_int_equal(consumers[0].index + consumers[1].index, 1);
  TF_Operation *controls[2];
  assert_int_equal(TF_OperationNumControlInputs(id), 1);
  assert_int_equal(TF_OperationGetControlInputs(id, controls, 2), 1);
  assert_ptr_equal(controls[0], x);
  assert_int_equal(TF_OperationNumControlOutputs(x), 1);
  assert_int_equal(TF_OperationGetControlOutputs(x, controls, 2), 1);
  assert_ptr_equal(controls[0], id);
  assert_string_equal(TF_OperationDevice(id), "/device:CPU:0");
  TF_DeleteGraph(g);
}

static void infers_shapes(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  int64_t d23[] = {2, 3}, got[4] = {0};
  TF_Operation *ab[] = {placeholder(g, "a", TF_FLOAT, 2, d12), placeholder(g, "b", TF_FLOAT, 2, d23)};
  TF_Operation *product = simple_op(g, "MatMul", "m", 2, ab);
  assert_ok();
  assert_int_equal(TF_GraphGetTensorNumDims(g, (TF_Output){product, 0}, st), 2);
  TF_GraphGetTensorShape(g, (TF_Output){product, 0}, got, 2, st);
  assert_ok();
  assert_int_equal(got[0], 1);
  assert_int_equal(got[1], 3);
  TF_GraphGetTensorShape(g, (TF_Output){product, 0}, got, 1, st);
  assert_error(TF_INVALID_ARGUMENT, "Expected rank is 1 but actual rank is 2");
  /* An unknown rank, refined. */
  TF_Output u = {placeholder(g, "u", TF_FLOAT, -1, NULL), 0};
  assert_int_equal(TF_GraphGetTensorNumDims(g, u, st), -1);
  TF_GraphSetTensorShape(g, u, d2x, 2, st);
  TF_GraphSetTensorShape(g, u, (int64_t[]){-1, 5}, 2, st);
  assert_ok();
  TF_GraphGetTensorShape(g, u, got, 2, st);
  assert_int_equal(got[0], 2);
  assert_int_equal(got[1], 5);
  TF_GraphSetTensorShape(g, u, (int64_t[]){3, 5}, 2, st);
  assert_error(TF_INVALID_ARGUMENT,
               "Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2,5] and [3,5].");
  TF_GraphSetTensorShape(g, u, (int64_t[]){3}, 1, st);
  assert_error(TF_INVALID_ARGUMENT, "Shapes must be equal rank, but are 2 and 1");
  TF_DeleteGraph(g);
}

/* Values that are known without running: a constant, and what is computed from shapes. */
static void folds_for_shapes(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  int64_t d46[] = {4, 6}, got[3] = {0};
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 2, d46),
               *y = placeholder(g, "y", TF_FLOAT, 1, (int64_t[]){24});
  TF_Operation *yx[] = {y, simple_op(g, "Shape", "shape", 1, &x)};
  TF_Operation *r = simple_op(g, "Reshape", "r", 2, yx);
  assert_ok();
  assert_int_equal(TF_GraphGetTensorNumDims(g, (TF_Output){r, 0}, st), 2);
  TF_GraphGetTensorShape(g, (TF_Output){r, 0}, got, 2, st);
  assert_int_equal(got[0], 4);
  assert_int_equal(got[1], 6);
  TF_Operation *k = constant_ints(g, "k", 1, 3, (int32_t[]){2, 3, 4});
  TF_Operation *yk[] = {y, k};
  r = simple_op(g, "Reshape", "r2", 2, yk);
  assert_ok();
  TF_GraphGetTensorShape(g, (TF_Output){r, 0}, got, 3, st);
  assert_int_equal(got[2], 4);
  TF_Tensor *value = NULL;
  assert_true(TF_TryEvaluateConstant(g, (TF_Output){k, 0}, &value, st));
  assert_ok();
  assert_int_equal(((int32_t *)TF_TensorData(value))[1], 3);
  TF_DeleteTensor(value);
  assert_false(TF_TryEvaluateConstant(g, (TF_Output){y, 0}, &value, st));
  assert_ok();
  TF_DeleteGraph(g);
}

/* ---- attributes ---- */

static TF_Operation *finish(TF_OperationDescription *d) {
  TF_Operation *op = TF_FinishOperation(d, st);
  assert_ok();
  return op;
}

static TF_Operation *with_attrs(TF_Graph *g, void (*set)(TF_OperationDescription *d)) {
  TF_OperationDescription *d = TF_NewOperation(g, "NoOp", "n");
  set(d);
  return finish(d);
}

static void set_scalars(TF_OperationDescription *d) {
  TF_SetAttrString(d, "_s", "ab\0c", 4);
  TF_SetAttrInt(d, "_i", -5);
  TF_SetAttrFloat(d, "_f", 1.5f);
  TF_SetAttrBool(d, "_b", 1);
  TF_SetAttrType(d, "_t", TF_INT64);
  TF_SetAttrShape(d, "_shape", d2x, 2);
  TF_SetAttrShape(d, "_any", NULL, -1);
  TF_SetAttrFuncName(d, "_func", "ff", 2);
  TF_SetAttrPlaceholder(d, "_p", "Q");
  TF_Tensor *t = tensor_of(TF_INT32, 0, NULL, &(int32_t){7}, 4);
  TF_SetAttrTensor(d, "_tensor", t, st);
  TF_DeleteTensor(t);
}

static void expect_meta(TF_Operation *op, const char *name, int is_list, int64_t size, TF_AttrType type,
                        int64_t total) {
  TF_AttrMetadata m = TF_OperationGetAttrMetadata(op, name, st);
  assert_ok();
  assert_int_equal(m.is_list, is_list);
  assert_int_equal(m.list_size, size);
  assert_int_equal(m.type, type);
  assert_int_equal(m.total_size, total);
}

static void keeps_scalar_attrs(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *op = with_attrs(g, set_scalars);
  char text[8];
  int64_t i, dims[2];
  float f;
  unsigned char b;
  TF_DataType type;
  TF_Tensor *tensor;
  expect_meta(op, "_s", 0, -1, TF_ATTR_STRING, 4);
  TF_OperationGetAttrString(op, "_s", text, 8, st);
  assert_memory_equal(text, "ab\0c", 4);
  expect_meta(op, "_i", 0, -1, TF_ATTR_INT, -1);
  TF_OperationGetAttrInt(op, "_i", &i, st);
  assert_int_equal(i, -5);
  TF_OperationGetAttrFloat(op, "_f", &f, st);
  assert_true(f == 1.5f);
  TF_OperationGetAttrBool(op, "_b", &b, st);
  assert_int_equal(b, 1);
  TF_OperationGetAttrType(op, "_t", &type, st);
  assert_int_equal(type, TF_INT64);
  expect_meta(op, "_shape", 0, -1, TF_ATTR_SHAPE, 2);
  TF_OperationGetAttrShape(op, "_shape", dims, 2, st);
  assert_int_equal(dims[0], 2);
  assert_int_equal(dims[1], -1);
  expect_meta(op, "_any", 0, -1, TF_ATTR_SHAPE, -1);
  expect_meta(op, "_func", 0, -1, TF_ATTR_FUNC, -1);
  expect_meta(op, "_p", 0, -1, TF_ATTR_PLACEHOLDER, -1);
  expect_meta(op, "_tensor", 0, -1, TF_ATTR_TENSOR, -1);
  TF_OperationGetAttrTensor(op, "_tensor", &tensor, st);
  assert_ok();
  assert_int_equal(*(int32_t *)TF_TensorData(tensor), 7);
  TF_DeleteTensor(tensor);
  TF_DeleteGraph(g);
}

static void set_lists(TF_OperationDescription *d) {
  const void *strings[] = {"a", "bcd"};
  size_t lengths[] = {1, 3};
  const int64_t *shapes[] = {d12, NULL, d34};
  int ranks[] = {2, -1, 1};
  TF_SetAttrStringList(d, "_s", strings, lengths, 2);
  TF_SetAttrIntList(d, "_i", (int64_t[]){1, 2, 3}, 3);
  TF_SetAttrFloatList(d, "_f", (float[]){0.5f, 2}, 2);
  TF_SetAttrBoolList(d, "_b", (unsigned char[]){1, 0}, 2);
  TF_SetAttrTypeList(d, "_t", (TF_DataType[]){TF_HALF, TF_STRING}, 2);
  TF_SetAttrShapeList(d, "_shapes", shapes, ranks, 3);
  TF_Tensor *t[] = {tensor_of(TF_INT32, 0, NULL, &(int32_t){7}, 4),
                    tensor_of(TF_INT32, 0, NULL, &(int32_t){8}, 4)};
  TF_SetAttrTensorList(d, "_tensors", t, 2, st);
  TF_DeleteTensor(t[0]);
  TF_DeleteTensor(t[1]);
}

static void keeps_list_attrs(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *op = with_attrs(g, set_lists);
  void *strings[2];
  size_t lengths[2];
  char storage[4];
  int64_t ints[3], dims[3], *shapes[3];
  int ranks[3];
  float floats[2];
  unsigned char bools[2];
  TF_DataType types[2];
  TF_Tensor *tensors[2];
  expect_meta(op, "_s", 1, 2, TF_ATTR_STRING, 4);
  TF_OperationGetAttrStringList(op, "_s", strings, lengths, 2, storage, 4, st);
  assert_ok();
  assert_int_equal(lengths[1], 3);
  assert_memory_equal(strings[1], "bcd", 3);
  TF_OperationGetAttrStringList(op, "_s", strings, lengths, 2, storage, 3, st);
  assert_error(TF_INVALID_ARGUMENT, "Not enough storage to hold the requested list of strings");
  expect_meta(op, "_i", 1, 3, TF_ATTR_INT, -1);
  TF_OperationGetAttrIntList(op, "_i", ints, 3, st);
  assert_int_equal(ints[2], 3);
  TF_OperationGetAttrFloatList(op, "_f", floats, 2, st);
  assert_true(floats[0] == 0.5f);
  TF_OperationGetAttrBoolList(op, "_b", bools, 2, st);
  assert_int_equal(bools[0], 1);
  assert_int_equal(bools[1], 0);
  TF_OperationGetAttrTypeList(op, "_t", types, 2, st);
  assert_int_equal(types[1], TF_STRING);
  expect_meta(op, "_shapes", 1, 3, TF_ATTR_SHAPE, 3);
  TF_OperationGetAttrShapeList(op, "_shapes", shapes, ranks, 3, dims, 3, st);
  assert_ok();
  assert_int_equal(ranks[1], -1);
  assert_int_equal(ranks[2], 1);
  assert_int_equal(shapes[2][0], 3);
  expect_meta(op, "_tensors", 1, 2, TF_ATTR_TENSOR, -1);
  TF_OperationGetAttrTensorList(op, "_tensors", tensors, 2, st);
  assert_ok();
  assert_int_equal(*(int32_t *)TF_TensorData(tensors[1]), 8);
  TF_DeleteTensor(tensors[0]);
  TF_DeleteTensor(tensors[1]);
  TF_DeleteGraph(g);
}

static void passes_attrs_as_protos(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  Pb value = {.size = 0};
  pb_int(&value, 3, 42);
  TF_OperationDescription *d = TF_NewOperation(g, "NoOp", "n");
  TF_SetAttrValueProto(d, "_i", value.data, value.size, st);
  assert_ok();
  TF_SetAttrValueProto(d, "_bad", "\xff\xff", 2, st);
  assert_error(TF_INVALID_ARGUMENT, "Unparseable AttrValue proto");
  TF_SetAttrTensorShapeProto(d, "_shape", "\x12\x02\x08\x03", 4, st);
  assert_ok();
  TF_Operation *op = finish(d);
  int64_t i, dim;
  TF_OperationGetAttrInt(op, "_i", &i, st);
  assert_int_equal(i, 42);
  TF_OperationGetAttrShape(op, "_shape", &dim, 1, st);
  assert_ok();
  assert_int_equal(dim, 3);
  TF_Buffer *buffer = TF_NewBuffer();
  TF_OperationGetAttrValueProto(op, "_i", buffer, st);
  assert_ok();
  assert_int_equal(buffer->length, value.size);
  assert_memory_equal(buffer->data, value.data, value.size);
  TF_OperationGetAttrValueProto(op, "_i", buffer, st);
  assert_error(TF_INVALID_ARGUMENT, "Passing non-empty");
  TF_DeleteBuffer(buffer);
  TF_DeleteGraph(g);
}

static void tells_wrong_attr_reads(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 2, d12);
  char text[4];
  int64_t i[2];
  TF_Tensor *t;
  TF_OperationGetAttrMetadata(x, "zz", st);
  assert_error(TF_INVALID_ARGUMENT, "Operation 'x' has no attr named 'zz'.");
  TF_OperationGetAttrInt(x, "zz", i, st);
  assert_error(TF_NOT_FOUND, "No attr named 'zz' in NodeDef:");
  TF_OperationGetAttrInt(x, "shape", i, st);
  assert_error(TF_INVALID_ARGUMENT, "AttrValue had value with type 'shape' when 'int' expected");
  TF_OperationGetAttrString(x, "dtype", text, 4, st);
  assert_error(TF_INVALID_ARGUMENT, "Attribute 'dtype' is not a string");
  TF_OperationGetAttrIntList(x, "dtype", i, 2, st);
  assert_error(TF_INVALID_ARGUMENT, "Value for 'dtype' is not a list.");
  TF_OperationGetAttrTensor(x, "dtype", &t, st);
  assert_error(TF_INVALID_ARGUMENT, "AttrValue had value with type 'type' when 'tensor' expected");
  TF_DeleteGraph(g);
}

static void fills_defaults_and_lists(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Output in[] = {{placeholder(g, "x", TF_FLOAT, 2, d12), 0}, {placeholder(g, "i", TF_INT32, -2, NULL), 0}};
  TF_OperationDescription *d = TF_NewOperation(g, "IdentityN", "idn");
  TF_AddInputList(d, in, 2);
  TF_Operation *idn = finish(d);
  expect_meta(idn, "T", 1, 2, TF_ATTR_TYPE, -1);
  assert_int_equal(TF_OperationOutputListLength(idn, "output", st), 2);
  assert_int_equal(TF_OperationInputListLength(idn, "input", st), 2);
  assert_int_equal(TF_OperationOutputType((TF_Output){idn, 1}), TF_INT32);
  assert_int_equal(TF_OperationOutputListLength(idn, "zz", st), -1);
  assert_error(TF_INVALID_ARGUMENT, "Output arg 'zz' not found");
  assert_int_equal(TF_OperationInputListLength(idn, "zz", st), -1);
  assert_error(TF_INVALID_ARGUMENT, "Input arg 'zz' not found");
  TF_Operation *xx[] = {in[0].oper, in[0].oper};
  TF_OperationDescription *m = TF_NewOperation(g, "MatMul", "mm");
  TF_AddInput(m, (TF_Output){xx[0], 0});
  TF_AddInput(m, (TF_Output){xx[1], 0});
  TF_SetAttrBool(m, "transpose_b", 1);
  TF_Operation *mm = finish(m);
  unsigned char a = 9, b = 9;
  TF_OperationGetAttrBool(mm, "transpose_a", &a, st);
  TF_OperationGetAttrBool(mm, "transpose_b", &b, st);
  assert_ok();
  assert_int_equal(a, 0);
  assert_int_equal(b, 1);
  assert_int_equal(TF_OperationGetNumAttrs(mm), 3);
  TF_DeleteGraph(g);
}

static void sorts_colocation(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, -2, NULL), *y = placeholder(g, "y", TF_FLOAT, -2, NULL);
  TF_OperationDescription *d = TF_NewOperation(g, "NoOp", "n");
  TF_ColocateWith(d, y);
  TF_ColocateWith(d, x);
  TF_ColocateWith(d, y);
  TF_Operation *n = finish(d);
  expect_meta(n, "_class", 1, 2, TF_ATTR_STRING, 12);
  void *values[2];
  size_t lengths[2];
  char storage[12];
  TF_OperationGetAttrStringList(n, "_class", values, lengths, 2, storage, 12, st);
  assert_memory_equal(storage, "loc:@xloc:@y", 12);
  TF_DeleteGraph(g);
}

static void knows_refs(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_OperationDescription *d = TF_NewOperation(g, "VariableV2", "v");
  TF_SetAttrType(d, "dtype", TF_FLOAT);
  TF_SetAttrShape(d, "shape", d12, 2);
  TF_Operation *v = finish(d), *x = placeholder(g, "x", TF_FLOAT, 2, d12);
  assert_int_equal(TF_OperationOutputType((TF_Output){v, 0}), 101);
  TF_Operation *vx[] = {v, x}, *xx[] = {x, x};
  TF_Operation *assign = simple_op(g, "Assign", "assign", 2, vx);
  assert_ok();
  assert_int_equal(TF_OperationInputType((TF_Input){assign, 0}), 101);
  assert_int_equal(TF_OperationInputType((TF_Input){assign, 1}), TF_FLOAT);
  assert_int_equal(TF_OperationOutputType((TF_Output){assign, 0}), 101);
  TF_Operation *id = simple_op(g, "Identity", "id", 1, &v);
  assert_ok();
  assert_int_equal(TF_OperationInputType((TF_Input){id, 0}), TF_FLOAT);
  simple_op(g, "Assign", "bad", 2, xx);
  assert_error(
      TF_INVALID_ARGUMENT,
      "Input 'ref' passed float expected ref type while building NodeDef 'bad' using Op<name=Assign; "
      "signature=ref:Ref(T), value:T -> output_ref:Ref(T); attr=T:type; "
      "attr=validate_shape:bool,default=true; attr=use_locking:bool,default=true; "
      "allows_uninitialized_input=true>");
  TF_DeleteGraph(g);
}

/* ---- errors of TF_FinishOperation ---- */

#define MATMUL                                                                                            \
  "Op<name=MatMul; signature=a:T, b:T -> product:T; attr=transpose_a:bool,default=false; "                \
  "attr=transpose_b:bool,default=false; attr=T:type,allowed=[DT_BFLOAT16, DT_HALF, DT_FLOAT, DT_DOUBLE, " \
  "DT_INT32, "                                                                                            \
  "DT_INT64, DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64, DT_COMPLEX64, DT_COMPLEX128]>"

static void refuses_wrong_inputs(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 2, d12), *i = placeholder(g, "i", TF_INT32, -2, NULL);
  TF_Operation *s = placeholder(g, "s", TF_STRING, -2, NULL);
  TF_Operation *xxx[] = {x, x, x}, *xi[] = {x, i}, *ss[] = {s, s};
  simple_op(g, "Nope", "m", 0, NULL);
  assert_error(TF_INVALID_ARGUMENT, "Op type not registered 'Nope' in binary running on ");
  simple_op(g, "MatMul", "m", 1, xxx);
  assert_error(TF_INVALID_ARGUMENT,
               "1 inputs specified of 2 inputs in Op while building NodeDef 'm' using " MATMUL);
  simple_op(g, "MatMul", "m", 3, xxx);
  assert_error(TF_INVALID_ARGUMENT,
               "More Input() calls than the 2 input_args while building NodeDef 'm' using " MATMUL);
  simple_op(g, "MatMul", "m", 2, xi);
  assert_error(
      TF_INVALID_ARGUMENT,
      "Inconsistent values for attr 'T' DT_FLOAT vs. DT_INT32 while building NodeDef 'm' using " MATMUL);
  simple_op(g, "MatMul", "m", 2, ss);
  assert_error(
      TF_INVALID_ARGUMENT,
      "Value for attr 'T' of string is not in the list of allowed values: bfloat16, half, float, double, "
      "int32, "
      "int64, uint8, uint16, uint32, uint64, complex64, complex128\n\t; NodeDef: {{node m}}; " MATMUL);
  simple_op(g, "AddN", "m", 1, xxx);
  assert_error(
      TF_INVALID_ARGUMENT,
      "Single tensor passed to 'inputs', expected list while building NodeDef 'm' using Op<name=AddN;");
  TF_OperationDescription *d = TF_NewOperation(g, "MatMul", "m");
  TF_Output list[] = {{x, 0}, {i, 0}};
  TF_AddInputList(d, list, 2);
  TF_FinishOperation(d, st);
  assert_error(
      TF_INVALID_ARGUMENT,
      "2 errors while building NodeDef 'm' using " MATMUL
      ":\nList provided to input 'a' when single Tensor expected\n1 inputs specified of 2 inputs in Op");
  d = TF_NewOperation(g, "AddN", "m");
  TF_AddInputList(d, list, 2);
  TF_FinishOperation(d, st);
  assert_error(TF_INVALID_ARGUMENT,
               "Input 'inputs' passed int32 expected float while building NodeDef 'm' using Op<name=AddN;");
  d = TF_NewOperation(g, "AddN", "m");
  TF_AddInputList(d, list, 0);
  TF_FinishOperation(d, st);
  assert_error(TF_INVALID_ARGUMENT,
               "Value for attr 'N' of 0 must be at least minimum 1\n\t; NodeDef: {{node m}}; Op<name=AddN;");
  d = TF_NewOperation(g, "Identity", "m");
  TF_AddInput(d, (TF_Output){x, 3});
  TF_FinishOperation(d, st);
  assert_error(
      TF_INVALID_ARGUMENT,
      "Attempt to add output 3 of x not in range [0, 1) to node with type Identity. Node: {{node x}}");
  assert_null(TF_GraphOperationByName(g, "m"));
  TF_DeleteGraph(g);
}

static TF_OperationDescription *placeholder_desc(TF_Graph *g) {
  return TF_NewOperation(g, "Placeholder", "p");
}

static void refuses_wrong_attrs(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_FinishOperation(placeholder_desc(g), st);
  assert_error(TF_INVALID_ARGUMENT,
               "NodeDef missing attr 'dtype' from Op<name=Placeholder; signature= -> output:dtype; "
               "attr=dtype:type; attr=shape:shape,default=<unknown>>; NodeDef: {{node p}}");
  TF_OperationDescription *d = placeholder_desc(g);
  TF_SetAttrInt(d, "dtype", 3);
  TF_FinishOperation(d, st);
  assert_error(TF_INVALID_ARGUMENT,
               "AttrValue had value with type 'int' when 'type' expected\n\t for attr 'dtype'\n\t; NodeDef: "
               "{{node p}}; Op<name=Placeholder;");
  const struct {
    int type;
    const char *text;
  } types[] = {{77, "AttrValue has invalid DataType enum: 77"},
               {101, "AttrValue must not have reference type value of float_ref"},
               {0, "AttrValue has invalid DataType"}};
  for (size_t i = 0; i < 3; i++) {
    d = placeholder_desc(g);
    TF_SetAttrType(d, "dtype", (TF_DataType)types[i].type);
    TF_FinishOperation(d, st);
    assert_error(TF_INVALID_ARGUMENT, types[i].text);
  }
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 2, d12), *xx[] = {x, x};
  d = TF_NewOperation(g, "Conv2D", "c");
  TF_AddInput(d, (TF_Output){x, 0});
  TF_AddInput(d, (TF_Output){x, 0});
  TF_FinishOperation(d, st);
  assert_error(TF_INVALID_ARGUMENT, "NodeDef missing attrs 'padding', 'strides' from Op<name=Conv2D;");
  d = TF_NewOperation(g, "Conv2D", "c");
  TF_AddInput(d, (TF_Output){x, 0});
  TF_AddInput(d, (TF_Output){x, 0});
  TF_SetAttrIntList(d, "strides", (int64_t[]){1, 1, 1, 1}, 4);
  TF_SetAttrString(d, "padding", "SAMEX", 5);
  TF_FinishOperation(d, st);
  assert_error(
      TF_INVALID_ARGUMENT,
      "Value for attr 'padding' of \"SAMEX\" is not in the list of allowed values: \"SAME\", \"VALID\", "
      "\"EXPLICIT\"\n\t; NodeDef: {{node c}}; Op<name=Conv2D;");
  simple_op(g, "Reshape", "r", 2, xx);
  assert_error(TF_INVALID_ARGUMENT,
               "Value for attr 'Tshape' of float is not in the list of allowed values: int32, int64");
  d = TF_NewOperation(g, "Cast", "c");
  TF_AddInput(d, (TF_Output){x, 0});
  TF_SetAttrType(d, "SrcT", TF_INT32);
  TF_SetAttrType(d, "DstT", TF_INT32);
  TF_FinishOperation(d, st);
  assert_error(TF_INVALID_ARGUMENT, "Inconsistent values for attr 'SrcT' DT_FLOAT vs. DT_INT32");
  TF_DeleteGraph(g);
}

static void refuses_taken_names_and_shapes(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *xy[] = {placeholder(g, "x", TF_FLOAT, 2, d12), placeholder(g, "y", TF_FLOAT, 2, d34)};
  simple_op(g, "MatMul", "x", 2, xy);
  assert_error(TF_INVALID_ARGUMENT, "Duplicate node name in graph: 'x'");
  simple_op(g, "MatMul", "MatMul", 2, xy);
  assert_error(TF_INVALID_ARGUMENT,
               "Dimensions must be equal, but are 2 and 3 for '{{node MatMul}} = MatMul[T=DT_FLOAT, "
               "transpose_a=false, "
               "transpose_b=false](x, y)' with input shapes: [1,2], [3,4].");
  assert_null(TF_GraphOperationByName(g, "MatMul"));
  /* The name is still free. */
  TF_Operation *xx[] = {xy[0], xy[0]};
  simple_op(g, "AddV2", "MatMul", 2, xx);
  assert_ok();
  TF_DeleteGraph(g);
}

static void refuses_removed_ops(void **state) {
  (void)state;
  TF_Graph *g = TF_NewGraph();
  TF_Operation *x = placeholder(g, "x", TF_FLOAT, 2, d12);
  simple_op(g, "BatchMatrixDiag", "old", 1, &x);
  assert_error(
      TF_UNIMPLEMENTED,
      "Op BatchMatrixDiag is not available in GraphDef version 1645. It has been removed in version 14.");
  assert_null(TF_GraphOperationByName(g, "old"));
  TF_DeleteGraph(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(finds_and_walks_operations),
      CASE(links_inputs_and_consumers),
      CASE(infers_shapes),
      CASE(folds_for_shapes),
      CASE(keeps_scalar_attrs),
      CASE(keeps_list_attrs),
      CASE(passes_attrs_as_protos),
      CASE(tells_wrong_attr_reads),
      CASE(fills_defaults_and_lists),
      CASE(sorts_colocation),
      CASE(knows_refs),
      CASE(refuses_wrong_inputs),
      CASE(refuses_wrong_attrs),
      CASE(refuses_taken_names_and_shapes),
      CASE(refuses_removed_ops),
  };
  return cmocka_run_group_tests_name("capi_graph", tests, NULL, NULL);
}
