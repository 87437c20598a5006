#include "serving/json_tensor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tensorflow/c/tf_tstring.h"

/* Reads the elements of a JSON array as a batch (or the value itself, `batch` false) and writes the tensor
 * again on one line, with its shape; or the error. */
static const char *read_back(int dtype, const char *text, bool batch, char out[512]) {
  TF_Status *st = TF_NewStatus();
  Arena arena = {0};
  JsonDoc doc = {0};
  assert_int_equal(json_parse((Span){text, strlen(text)}, &doc, st), TF_OK);
  const JsonNode *root = json_root(&doc);
  JsonTensor t = {.dtype = dtype, .batch = batch ? root->count : 0};
  if (batch) {
    for (const JsonNode *v = json_first(root), *end = json_end(root); v != end && !TF_GetCode(st);
         v = json_end(v))
      json_tensor_add(&t, v, &arena, st);
  } else {
    json_tensor_add(&t, root, &arena, st);
  }
  if (TF_GetCode(st)) {
    snprintf(out, 512, "%d %s", (int)TF_GetCode(st), TF_Message(st));
  } else {
    Bytes bytes = {0};
    JsonWriter w = {.out = &bytes, .indent = -1};
    json_write_tensor(&w, t.tensor, false);
    int n = snprintf(out, 512, "(");
    for (int i = 0; i < TF_NumDims(t.tensor); i++)
      n += snprintf(out + n, 32, "%s%lld", i ? "," : "", (long long)TF_Dim(t.tensor, i));
    snprintf(out + n, 256, ") %s", bytes.data);
    bytes_clear(&bytes);
  }
  if (t.tensor) TF_DeleteTensor(t.tensor);
  json_doc_clear(&doc);
  arena_clear(&arena);
  TF_DeleteStatus(st);
  return out;
}

static void test_values(void **state) {
  (void)state;
  static const struct {
    int dtype;
    bool batch;
    const char *text, *want;
  } cases[] = {
      {TF_FLOAT, false, "1", "() 1.0"},
      {TF_FLOAT, false, "[]", "(0) []"},
      {TF_FLOAT, true, "[[], []]", "(2,0) [[],[]]"},
      {TF_FLOAT, true, "[1, 2.5, -3e1]", "(3) [1.0,2.5,-30.0]"},
      {TF_FLOAT, false, "[[[1],[2]],[[3],[4]]]", "(2,2,1) [[[1.0],[2.0]],[[3.0],[4.0]]]"},
      {TF_FLOAT, false, "[NaN, -Infinity]", "(2) [NaN,-Infinity]"},
      {TF_DOUBLE, false, "0.1", "() 0.1"},
      {TF_INT32, true, "[-2147483648, 2147483647]", "(2) [-2147483648,2147483647]"},
      {TF_INT8, false, "300", "() 44"}, /* TF: no check beyond int32 */
      {TF_INT64, false, "9223372036854775807", "() 9223372036854775807"},
      {TF_UINT32, false, "4294967295", "() 4294967295"},
      {TF_UINT64, false, "18446744073709551615", "() 18446744073709551615"},
      {TF_BOOL, false, "[true, false]", "(2) [true,false]"},
      {TF_STRING, false, "[\"a\", {\"b64\": \"AGI=\"}, {\"b64\": \"YmI\"}]",
       "(3) [\"a\",\"\\u0000b\",\"bb\"]"},
      {TF_INT32, false, "2147483648", "3 JSON Value: 2147483648 Type: Number is not of expected type: int32"},
      {TF_INT32, false, "1.0", "3 JSON Value: 1.0 Type: Number is not of expected type: int32"},
      {TF_UINT32, false, "-1", "3 JSON Value: -1 Type: Number is not of expected type: uint32"},
      {TF_INT64, false, "9223372036854775808",
       "3 JSON Value: 9223372036854775808 Type: Number is not of expected type: int64"},
      {TF_BOOL, false, "1", "3 JSON Value: 1 Type: Number is not of expected type: bool"},
      {TF_STRING, false, "1", "3 JSON Value: 1 Type: Number is not of expected type: string"},
      {TF_STRING, false, "{\"b64\": \"*\"}", "3 Unable to base64 decode"},
      {TF_FLOAT, false, "\"1\"", "3 JSON Value: \"1\" Type: String is not of expected type: float"},
      {TF_HALF, false, "1", "12 Conversion of JSON Value: 1 to type: half"},
      {TF_FLOAT, true, "[[1, 2], [3, \"x\"]]",
       "3 JSON Value: \"x\" Type: String is not of expected type: float"},
      {TF_FLOAT, true, "[[1], [2, 3]]", "3 Expecting tensor size: 1 but got: 2"},
      {TF_FLOAT, true, "[[[1, 2]], [[3], [4]]]", "3 Expecting shape [1,2] but got: [2,1]"},
      {TF_FLOAT, true, "[1, [2]]", "3 Expecting shape [] but got: [1]"},
      {TF_FLOAT, false, "[[1, 2], [3]]",
       "3 Encountered list at unexpected size: 1 at level: 1 expected size: 2"},
      {TF_FLOAT, false, "[1, [2]]", "3 Encountered list at unexpected level: 1 expected < 1"},
      {TF_FLOAT, false, "[[1], 2]",
       "3 JSON Value: 2 found at incorrect level: 1 in the JSON DOM. Expected at level: 2"},
      {TF_FLOAT, false, "[[1,1,1,1,1,1], 2, 2, 2, 2, 2, 2, 2, 2]",
       "3 JSON Value: 2 found at incorrect level: 1 in the JSON DOM. Expected at level: 2"},
  };
  char text[512];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_string_equal(read_back(cases[i].dtype, cases[i].text, cases[i].batch, text), cases[i].want);
}

static void test_rows(void **state) {
  (void)state;
  static const int32_t data[] = {1, 2, 3, 4, 5, 6};
  TF_Tensor *t = TF_AllocateTensor(TF_INT32, (int64_t[]){3, 2}, 2, sizeof data);
  memcpy(TF_TensorData(t), data, sizeof data);
  Bytes out = {0};
  JsonWriter w = {.out = &out, .indent = -1};
  json_write_row(&w, t, 2, false);
  assert_string_equal(out.data, "[5,6]");
  bytes_clear(&out);
  TF_DeleteTensor(t);
}

static void test_bytes(void **state) {
  (void)state;
  TF_Tensor *t = TF_AllocateTensor(TF_STRING, NULL, 0, sizeof(TF_TString));
  TF_StringInit(TF_TensorData(t));
  TF_StringCopy(TF_TensorData(t), "\xff\n", 2);
  Bytes out = {0};
  JsonWriter w = {.out = &out, .indent = -1};
  json_write_tensor(&w, t, true);
  assert_string_equal(out.data, "{\"b64\":\"/wo=\"}");
  bytes_clear(&out);
  TF_DeleteTensor(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_rows),
                                     cmocka_unit_test(test_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
