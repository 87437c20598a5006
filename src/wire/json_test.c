/* Reasons and offsets are those of RapidJSON's iterative parser, number and string forms those that
 * TensorFlow Serving answers with. */
#include "wire/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/status_impl.h"

#include <cmocka.h>

static JsonDoc parse(const char *text) {
  TF_Status st = {0};
  JsonDoc doc;
  json_parse((Span){text, strlen(text)}, &doc, &st);
  if (st.code) print_message("%s\n", st.message);
  assert_int_equal(st.code, TF_OK);
  return doc;
}

static void errors(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"", "The document is empty"},
      {"  ", "The document is empty. at offset: 2"},
      {"x", "Invalid value. at offset: 0"},
      {"{\"a\" 1}", "Missing a colon after a name of object member. at offset: 5"},
      {"{a: 1}", "Missing a name for object member. at offset: 1"},
      {"{", "Missing a name for object member. at offset: 1"},
      {"{\"a\": 1", "Missing a comma or } after an object member. at offset: 7"},
      {"{\"a\": 1,}", "Missing a name for object member. at offset: 8"},
      {"{\"a\": }", "Invalid value. at offset: 6"},
      {"[1 2]", "Missing a comma or ] after an array element. at offset: 3"},
      {"[01]", "Missing a comma or ] after an array element. at offset: 2"},
      {"[1,]", "Invalid value. at offset: 3"},
      {"[1e999]", "Number too big to be stored in double. at offset: 1"},
      {"[1.]", "Missing fraction part in number. at offset: 3"},
      {"[1e+]", "Missing exponent in number. at offset: 4"},
      {"[.5]", "Invalid value. at offset: 1"},
      {"[nul]", "Invalid value. at offset: 4"},
      {"[tru", "Invalid value. at offset: 4"},
      {"[Infinite]", "Invalid value. at offset: 8"},
      {"\"a\\q\"", "Invalid escape character in string. at offset: 2"},
      {"\"abc", "Missing a closing quotation mark in string. at offset: 4"},
      {"\"a\\n", "Missing a closing quotation mark in string. at offset: 4"},
      {"\"a\nb\"", "Invalid encoding in string. at offset: 2"},
      {"\"\\u12x4\"", "Incorrect hex digit after \\u escape in string. at offset: 1"},
      {"\"\\ud800\"", "The surrogate pair in string is invalid. at offset: 1"},
      {"\"\\ud800\\u0041\"", "The surrogate pair in string is invalid. at offset: 1"},
      {"\"\\udc00\"", "The surrogate pair in string is invalid. at offset: 1"},
  };
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    TF_Status st = {0};
    JsonDoc doc;
    char expected[256];
    snprintf(expected, sizeof expected, "JSON Parse error: %s", cases[i].message);
    assert_int_equal(json_parse((Span){cases[i].text, strlen(cases[i].text)}, &doc, &st),
                     TF_INVALID_ARGUMENT);
    assert_string_equal(st.message, expected);
    assert_null(doc.nodes);
  }
}

static void numbers(void **state) {
  (void)state;
  JsonDoc doc = parse(
      "[0, -0, 9223372036854775807, -9223372036854775808, 9223372036854775808, 18446744073709551615, "
      "18446744073709551616, -9223372036854775809, 1.0, 1e2, 0.1, 1E-400, 9007199254740993, "
      "0.333333333333333314829616256247390992939472198486328125, 5e-324, 1.7976931348623157e308]");
  const JsonNode *v = json_first(json_root(&doc));
  assert_int_equal(json_root(&doc)->count, 16);
  assert_int_equal(v[0].kind, JSON_INT);
  assert_int_equal(v[1].kind, JSON_INT);
  assert_true(v[2].kind == JSON_INT && v[2].i == INT64_MAX);
  assert_true(v[3].kind == JSON_INT && v[3].i == INT64_MIN);
  assert_true(v[4].kind == JSON_UINT && v[4].u == (uint64_t)1 << 63);
  assert_true(v[5].kind == JSON_UINT && v[5].u == UINT64_MAX);
  assert_true(v[6].kind == JSON_DOUBLE && v[6].d == 0x1p64);
  assert_true(v[7].kind == JSON_DOUBLE && v[7].d == -0x1p63);
  assert_true(v[8].kind == JSON_DOUBLE && v[8].d == 1.0);
  assert_true(v[9].kind == JSON_DOUBLE && v[9].d == 100.0);
  assert_true(v[10].d == 0x1.999999999999ap-4);
  assert_true(v[11].d == 0.0);
  assert_true(v[12].kind == JSON_INT);
  assert_true(v[13].d == 0x1.5555555555555p-2);
  assert_true(v[14].d == 0x1p-1074);
  assert_true(v[15].d == 0x1.fffffffffffffp1023);
  json_doc_clear(&doc);
  doc = parse("[NaN, -NaN, Inf, Infinity, -Inf, -Infinity]");
  v = json_first(json_root(&doc));
  assert_true(isnan(v[0].d) && isnan(v[1].d));
  assert_true(v[2].d == INFINITY && v[3].d == INFINITY && v[4].d == -INFINITY && v[5].d == -INFINITY);
  json_doc_clear(&doc);
}

static void structure(void **state) {
  (void)state;
  JsonDoc doc = parse(
      "\xef\xbb\xbf {\"a\": [1, [2, {\"x\": {}}], []], \"a\": 2, \"b\\u0000\": "
      "\"\\\"\\/\\n\\u00e9\\ud83d\\ude00\", "
      "\"n\": null} trailing [");
  const JsonNode *root = json_root(&doc);
  assert_int_equal(root->count, 4);
  const JsonNode *a = json_member(root, "a");
  assert_int_equal(a->kind, JSON_ARRAY);
  assert_int_equal(a->count, 3);
  const JsonNode *second = json_end(json_first(a)), *third = json_end(second);
  assert_int_equal(second->count, 2);
  assert_int_equal(third->kind, JSON_ARRAY);
  assert_int_equal(third->count, 0);
  assert_ptr_equal(json_end(third), json_end(a));
  assert_true(json_string_is(json_member_n(root, "b\0", 2), "\"/\n\303\251\360\237\230\200"));
  assert_string_equal(json_type_name(json_member(root, "n")), "Null");
  assert_null(json_member(root, "b"));
  assert_null(json_member(a, "x"));
  json_doc_clear(&doc);
}

static void depth_is_limited(void **state) {
  (void)state;
  char *text = malloc(1000000);
  memset(text, '[', 1000000);
  TF_Status st = {0};
  JsonDoc doc;
  assert_int_equal(json_parse((Span){text, 1000000}, &doc, &st), TF_INVALID_ARGUMENT);
  assert_non_null(strstr(st.message, "nested too deep"));
  memset(text + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
  st = (TF_Status){0};
  assert_int_equal(json_parse((Span){text, 2 * LIMIT_JSON_DEPTH}, &doc, &st), TF_OK);
  assert_int_equal(doc.count, LIMIT_JSON_DEPTH);
  json_doc_clear(&doc);
  free(text);
}

static void written_numbers(void **state) {
  (void)state;
  static const struct {
    float v;
    const char *text;
  } floats[] = {{1, "1.0"},
                {0.1f, "0.1"},
                {1 / 3.0f, "0.333333343"},
                {1e10f, "1e+10"},
                {16777216, "16777216.0"},
                {1e-5f, "1e-05"},
                {-0.0f, "-0.0"},
                {0x1p-149f, "1.4013e-45"},
                {0x1.fffffep127f, "3.40282347e+38"},
                {123456, "123456.0"},
                {1e6f, "1e+06"},
                {NAN, "NaN"},
                {INFINITY, "Infinity"},
                {-INFINITY, "-Infinity"},
                {2.5f, "2.5"},
                {0, "0.0"}};
  Bytes out = {0};
  for (size_t i = 0; i < SM_COUNTOF(floats); i++) {
    out.size = 0;
    json_put_float(&out, floats[i].v);
    assert_string_equal(out.data, floats[i].text);
  }
  static const struct {
    double v;
    const char *text, *shortest;
  } doubles[] = {{1 / 3.0, "0.33333333333333331", "0.3333333333333333"},
                 {0.1, "0.1", "0.1"},
                 {1e22, "1e+22", "1e22"},
                 {1e5, "100000.0", "100000.0"},
                 {1e20, "1e+20", "100000000000000000000.0"},
                 {-1.5e-7, "-1.5e-07", "-1.5e-7"},
                 {0.000123, "0.000123", "0.000123"},
                 {123456.789, "123456.789", "123456.789"}};
  for (size_t i = 0; i < SM_COUNTOF(doubles); i++) {
    out.size = 0;
    json_put_double(&out, doubles[i].v);
    assert_string_equal(out.data, doubles[i].text);
    out.size = 0;
    json_put_shortest(&out, doubles[i].v);
    assert_string_equal(out.data, doubles[i].shortest);
  }
  bytes_clear(&out);
}

static void written_strings(void **state) {
  (void)state;
  Bytes out = {0};
  json_put_string(&out, "a\"\\/\b\t\n\f\r\001\037\177\377", 13);
  assert_string_equal(out.data, "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001F\177\377\"");
  bytes_clear(&out);
}

/* The two row layouts of TensorFlow Serving, and its error body. */
static void layouts(void **state) {
  (void)state;
  Bytes out = {0};
  JsonWriter w = {.out = &out, .indent = 4};
  json_begin_object(&w);
  json_write_cstring(&w, "predictions");
  w.single_line_arrays = true;
  json_begin_array(&w);
  json_value(&w), json_put_float(&out, 2.5f);
  json_value(&w), json_put_float(&out, 3);
  w.single_line_arrays = false;
  json_end_array(&w);
  json_end_object(&w);
  assert_string_equal(out.data, "{\n    \"predictions\": [2.5, 3.0\n    ]\n}");
  bytes_clear(&out);
  w = (JsonWriter){.out = &out, .indent = 4};
  json_begin_object(&w);
  json_write_cstring(&w, "predictions");
  json_begin_array(&w);
  json_begin_object(&w);
  json_write_cstring(&w, "a");
  w.single_line_arrays = true;
  json_begin_array(&w);
  json_value(&w), json_put_float(&out, 1);
  json_value(&w), json_put_float(&out, 2);
  json_end_array(&w);
  w.single_line_arrays = false;
  json_write_cstring(&w, "b");
  json_write_i64(&w, 3);
  json_end_object(&w);
  json_end_array(&w);
  json_write_cstring(&w, "e");
  json_begin_array(&w);
  json_end_array(&w);
  json_end_object(&w);
  assert_string_equal(
      out.data,
      "{\n    \"predictions\": [\n        {\n            \"a\": [1.0, 2.0],\n            \"b\": 3\n"
      "        }\n    ],\n    \"e\": []\n}");
  bytes_clear(&out);
}

static void dumps(void **state) {
  (void)state;
  Bytes out = {0};
  JsonDoc doc = parse("{\"a\":[1,2.0,\"x\",null,true,false,[]],\"b\":{}}");
  json_dump(json_root(&doc), 256, &out);
  assert_string_equal(out.data, "{\n    \"a\": [1, 2.0, \"x\", null, true, false, []],\n    \"b\": {}\n}");
  out.size = 0;
  json_dump(json_root(&doc), 10, &out);
  assert_string_equal(out.data, "{\n    \"a\":");
  bytes_clear(&out);
  json_doc_clear(&doc);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors),          cmocka_unit_test(numbers),
      cmocka_unit_test(structure),       cmocka_unit_test(depth_is_limited),
      cmocka_unit_test(written_numbers), cmocka_unit_test(written_strings),
      cmocka_unit_test(layouts),         cmocka_unit_test(dumps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
