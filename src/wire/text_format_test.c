/* Errors and their places are those that TensorFlow 2.15 logs for the same text in a saved_model.pbtxt;
 * printed text is compared with what protobuf prints (C++ style of floats). */
#include "wire/text_format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status_impl.h"
#include "tensorflow/core/framework/node_def.pb-c.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"
#include "wire/proto_message.h"

#include <cmocka.h>

static TF_Code parse(const char *text, size_t size, Arena *arena, Tensorflow__SavedModel **out,
                     TF_Status *st) {
  return text_format_parse(&tensorflow__saved_model__descriptor, (Span){text, size}, arena, out, st);
}

/* The one node of a model, parsed from the inside of `node { ... }`. */
static Tensorflow__NodeDef *parse_node(const char *inside, Arena *arena) {
  TF_Status st = {0};
  Tensorflow__NodeDef *node;
  text_format_parse(&tensorflow__node_def__descriptor, (Span){inside, strlen(inside)}, arena, &node, &st);
  if (st.code) print_message("%s\n", st.message);
  assert_int_equal(st.code, TF_OK);
  return node;
}

static void errors(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"saved_model_schema_version: 1 bogus: 3",
       "1:36: Message type \"tensorflow.SavedModel\" has no field named \"bogus\"."},
      {"\n\n  bogus { }", "3:9: Message type \"tensorflow.SavedModel\" has no field named \"bogus\"."},
      {"\tbogus: 1", "1:14: Message type \"tensorflow.SavedModel\" has no field named \"bogus\"."},
      {"saved_model_schema_version 1", "1:28: Expected \":\", found \"1\"."},
      {"saved_model_schema_version: \"x\"", "1:29: Expected integer, got: \"x\""},
      {"saved_model_schema_version: 99999999999999999999",
       "1:29: Integer out of range (99999999999999999999)"},
      {"saved_model_schema_version: -9223372036854775809",
       "1:30: Integer out of range (9223372036854775809)"},
      {"saved_model_schema_version: 1 saved_model_schema_version: 2",
       "1:57: Non-repeated field \"saved_model_schema_version\" is specified multiple times."},
      {"saved_model_schema_version: 1abc: 2", "1:30: Need space between number and identifier."},
      {"saved_model_schema_version: 1 }", "1:31: Expected identifier, got: }"},
      {"12: 3", "1:1: Expected identifier, got: 12"},
      {"\1", "1:1: Invalid control characters encountered in text."},
      {"saved_model_schema_version: \303\251", "1:29: Interpreting non ascii codepoint 195."},
      {"meta_graphs { meta_info_def { tags: serve } }", "1:37: Expected string, got: serve"},
      {"meta_graphs { meta_info_def { tags: \"a\" > }", "1:41: Expected \"}\", found \">\"."},
      {"meta_graphs { meta_info_def { tags: \"a\" }", "1:42: Expected identifier, got: "},
      {"[a.b]: 1",
       "1:6: Extension \"a.b\" is not defined or is not an extension of \"tensorflow.SavedModel\"."},
      {"meta_graphs { meta_info_def { tags: \"\\u12\" } }",
       "1:42: Expected four hex digits for \\u escape sequence."},
      {"meta_graphs { meta_info_def { tags: \"\\xzz\" } }", "1:40: Expected hex digits for escape sequence."},
      {"meta_graphs { meta_info_def { tags: \"a\nb\" } }",
       "1:39: String literals cannot cross line boundaries."},
      {"meta_graphs { graph_def { node { attr { key: \"a\" value { f: 0x10 } } } } }",
       "1:61: Expect a decimal number, got: 0x10"},
      {"meta_graphs { graph_def { node { attr { key: \"a\" value { f: abc } } } } }",
       "1:61: Expected double, got: abc"},
      {"meta_graphs { graph_def { node { attr { key: \"a\" value { b: maybe } } } } }",
       "1:67: Invalid value for boolean field \"b\". Value: \"maybe\"."},
      {"meta_graphs { graph_def { node { attr { key: \"a\" value { b: 2 } } } } }",
       "1:61: Integer out of range (2)"},
      {"meta_graphs { signature_def { key: \"a\" value { inputs { key: \"x\" value { dtype: DT_NOPE } } } } "
       "}",
       "1:89: Unknown enumeration value of \"DT_NOPE\" for field \"dtype\"."},
      {"meta_graphs { meta_info_def { any_info { [type.googleapis.com/no.Such] { } } } }",
       "1:72: Could not find type \"type.googleapis.com/no.Such\" stored in google.protobuf.Any."},
  };
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    Arena arena = {0};
    TF_Status st = {0};
    Tensorflow__SavedModel *model = (void *)&st;
    char expected[512];
    snprintf(expected, sizeof expected, "Error parsing text-format tensorflow.SavedModel: %s",
             cases[i].message);
    assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &arena, &model, &st), TF_INVALID_ARGUMENT);
    assert_string_equal(st.message, expected);
    assert_null(model);
    arena_clear(&arena);
  }
}

static void all_forms(void **state) {
  (void)state;
  Arena arena = {0};
  Tensorflow__NodeDef *node = parse_node(
      "# a comment\nname: \"a\" 'b\\x41\\101\\u00e9\\ud83d\\ude00\\n';op:\"\\a\\b\\f\\v\\?\\'\\\"\\\\\", "
      "input: [ 'x', \"y\" \"z\" ]\n"
      "input: 'w' attr < key: 'f' value: < f: -.5f > > attr { key: 'i' value { i: -0x10 } }\n"
      "attr { key: 'o' value { i: 017 } } attr { key: 't' value { type: 77 } } attr { key: 'b' value { b: t "
      "} }\n"
      "attr { key: 'l' value { list { f: [1, 1., 1e40, -inf, NaN, infinity] i: [] s: '\\000\\377' } } } "
      "attr { value { } } attr { key: 'b' value { b: False } }",
      &arena);
  assert_string_equal(node->name, "abAA\303\251\360\237\230\200\n");
  assert_string_equal(node->op, "\a\b\f\v?'\"\\");
  assert_int_equal(node->n_input, 3);
  assert_string_equal(node->input[1], "yz");
  assert_string_equal(node->input[2], "w");
  assert_int_equal(node->n_attr, 7); /* the second "b" replaces the first */
  assert_true(node->attr[0]->value->f == -0.5f);
  assert_int_equal(node->attr[1]->value->i, -16);
  assert_int_equal(node->attr[2]->value->i, 15);
  assert_int_equal(node->attr[3]->value->type, 77);
  assert_int_equal(node->attr[4]->value->value_case, TENSORFLOW__ATTR_VALUE__VALUE_B);
  assert_false(node->attr[4]->value->b);
  const Tensorflow__AttrValue__ListValue *list = node->attr[5]->value->list;
  assert_int_equal(list->n_f, 6);
  assert_true(list->f[0] == 1 && list->f[1] == 1 && list->f[2] == INFINITY && list->f[3] == -INFINITY);
  assert_true(isnan(list->f[4]) && list->f[5] == INFINITY);
  assert_int_equal(list->n_i, 0);
  assert_int_equal(list->s[0].len, 2);
  assert_memory_equal(list->s[0].data, "\0\377", 2);
  assert_string_equal(node->attr[6]->key, "");
  assert_non_null(node->attr[6]->value);
  arena_clear(&arena);
}

/* The bytes are those of protobuf; the text is what its C++ printer makes of them. */
static const char node_bytes[] =
    "\012\012x\042y\012\011'\134\303\251\177\022\002Op\032\001a\032\002^b*~"
    "\012\001k\022y\012w\022\004\000\377\015\077\022"
    "\002\303\251\032\023\377\377\377\377\377\377\377\377\377\001\200\200\200\200\200\200\200\200@"
    "\0428\000\000\200\077"
    "\315\314\314=\253\252\252>\371\002\025P\000\000\200K\254\305'"
    "7\000\000\000\200\001\000\000\000\377\377\177\177\000"
    "\000\200\177\000\000\200\377\000\000\300\177\000 "
    "\361G8\264\226I*\002\001\0002\003\001\347\007:\015\022\013\010\377"
    "\377\377\377\377\377\377\377\377\001:\002\030\001J\000";
static const char node_text[] =
    "name: \"x\\\"y\\n\\t\\'\\\\\\303\\251\\177\"\nop: \"Op\"\ninput: \"a\"\ninput: \"^b\"\nattr {\n  key: "
    "\"k\"\n  value {\n"
    "    list {\n      s: \"\\000\\377\\r?\"\n      s: \"\\303\\251\"\n      i: -1\n      i: "
    "4611686018427387904\n"
    "      f: 1\n      f: 0.1\n      f: 0.33333334\n      f: 1e+10\n      f: 16777216\n      f: 1e-05\n      "
    "f: -0\n"
    "      f: 1.4013e-45\n      f: 3.4028235e+38\n      f: inf\n      f: -inf\n      f: nan\n      f: "
    "123456\n"
    "      f: 1234567\n      b: true\n      b: false\n      type: DT_FLOAT\n      type: 999\n      shape {\n"
    "        dim {\n          size: -1\n        }\n      }\n      shape {\n        unknown_rank: true\n      "
    "}\n"
    "      func {\n      }\n    }\n  }\n}\n";

static void prints(void **state) {
  (void)state;
  Arena arena = {0};
  TF_Status st = {0};
  Bytes text = {0}, line = {0}, packed = {0};
  Tensorflow__NodeDef *node, *again;
  assert_int_equal(proto_parse(&tensorflow__node_def__descriptor, (Span){node_bytes, sizeof node_bytes - 1},
                               &arena, &node, "node", &st),
                   TF_OK);
  assert_int_equal(text_format_print(&node->base, &text, &st), TF_OK);
  assert_string_equal(text.data, node_text);
  again = parse_node(text.data, &arena);
  assert_int_equal(proto_pack(&again->base, &packed, &st), TF_OK);
  assert_int_equal(packed.size, sizeof node_bytes - 1);
  assert_memory_equal(packed.data, node_bytes, packed.size);
  again = parse_node(
      "name: 'n' attr { key: 'k' value { b: false } } attr { key: 's' value { shape { dim { size: 3 } } } }",
      &arena);
  assert_int_equal(text_format_print_short(&again->base, &line, &st), TF_OK);
  assert_string_equal(line.data,
                      "name: \"n\" attr { key: \"k\" value { b: false } } "
                      "attr { key: \"s\" value { shape { dim { size: 3 } } } }");
  bytes_clear(&text);
  bytes_clear(&line);
  bytes_clear(&packed);
  arena_clear(&arena);
}

static void any_is_expanded(void **state) {
  (void)state;
  static const char text[] =
      "meta_graphs {\n  meta_info_def {\n    any_info {\n      [type.googleapis.com/tensorflow.NodeDef] {\n"
      "        name: \"n\"\n      }\n    }\n  }\n}\n";
  Arena arena = {0};
  TF_Status st = {0};
  Bytes out = {0};
  Tensorflow__SavedModel *model;
  assert_int_equal(parse(text, sizeof text - 1, &arena, &model, &st), TF_OK);
  const Google__Protobuf__Any *any = model->meta_graphs[0]->meta_info_def->any_info;
  assert_string_equal(any->type_url, "type.googleapis.com/tensorflow.NodeDef");
  assert_int_equal(any->value.len, 3);
  assert_memory_equal(any->value.data, "\012\001n", 3);
  assert_int_equal(text_format_print(&model->base, &out, &st), TF_OK);
  assert_string_equal(out.data, text);
  bytes_clear(&out);
  arena_clear(&arena);
}

static void depth_is_limited(void **state) {
  (void)state;
  static const char open[] = "value { list { func { attr { ";
  Bytes text = {0};
  bytes_puts(&text, "meta_graphs { graph_def { node { attr { ");
  for (int i = 0; i < 100000; i++) bytes_puts(&text, open);
  Arena arena = {0};
  TF_Status st = {0};
  Tensorflow__SavedModel *model;
  assert_int_equal(parse(text.data, text.size, &arena, &model, &st), TF_INVALID_ARGUMENT);
  assert_non_null(strstr(st.message, "Message is too deep"));
  bytes_clear(&text);
  arena_clear(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors),          cmocka_unit_test(all_forms),        cmocka_unit_test(prints),
      cmocka_unit_test(any_is_expanded), cmocka_unit_test(depth_is_limited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
