/* Bytes made by hand from the encoding rules; results are what protobuf's C++ and Python give for them. */
#include "wire/proto_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/status_impl.h"
#include "tensorflow/core/framework/graph.pb-c.h"
#include "tensorflow/core/framework/node_def.pb-c.h"
#include "tensorflow/core/framework/tensor.pb-c.h"
#include "tensorflow/core/protobuf/struct.pb-c.h"

#include <cmocka.h>

#define BYTES(text) ((Span){text, sizeof text - 1})

static void *parse(const ProtobufCMessageDescriptor *desc, Span data, Arena *arena) {
  TF_Status st = {0};
  void *msg;
  proto_parse(desc, data, arena, &msg, "test", &st);
  if (st.code) print_message("%s\n", st.message);
  assert_int_equal(st.code, TF_OK);
  return msg;
}

static void maps_follow_protobuf(void **state) {
  (void)state;
  Arena arena = {0};
  /* attr: {"a": i 1}, {"b" without value}, {value i 2 without key}, {"a": i 3}, empty entry */
  Tensorflow__NodeDef *node = parse(&tensorflow__node_def__descriptor,
                                    BYTES("\x2a\x07\x0a\x01"
                                          "a\x12\x02\x18\x01"
                                          "\x2a\x03\x0a\x01"
                                          "b"
                                          "\x2a\x04\x12\x02\x18\x02"
                                          "\x2a\x07\x0a\x01"
                                          "a\x12\x02\x18\x03"
                                          "\x2a\x00"),
                                    &arena);
  assert_int_equal(node->n_attr, 3);
  assert_string_equal(node->attr[0]->key, "a");
  assert_int_equal(node->attr[0]->value->i, 3);
  assert_string_equal(node->attr[1]->key, "b");
  assert_int_equal(node->attr[1]->value->value_case, 0);
  assert_string_equal(node->attr[2]->key, "");
  assert_int_equal(node->attr[2]->value->value_case, 0); /* the empty entry came last */
  proto_sort_maps(&node->base);
  assert_string_equal(node->attr[0]->key, "");
  assert_string_equal(node->attr[2]->key, "b");
  arena_clear(&arena);
}

static void many_double_keys(void **state) {
  (void)state;
  Arena arena = {0};
  Bytes data = {0};
  for (int i = 0; i < 3000; i++) /* keys 0..99, thirty times */
    bytes_printf(&data, "\x2a\x09\x0a\x03%03d\x12\x02\x18%c", i % 100, 1 + i / 100);
  Tensorflow__NodeDef *node = parse(&tensorflow__node_def__descriptor, (Span){data.data, data.size}, &arena);
  assert_int_equal(node->n_attr, 100);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(atoi(node->attr[i]->key), i);
    assert_int_equal(node->attr[i]->value->i, 30);
  }
  bytes_clear(&data);
  arena_clear(&arena);
}

static void merging_is_linear_and_right(void **state) {
  (void)state;
  Arena arena = {0};
  Bytes data = {0};
  /* AttrValue.func comes 100,000 times with one entry each: attr {"k"} twice over, so one key remains. */
  for (int i = 0; i < 100000; i++) bytes_append(&data, "\x52\x05\x12\x03\x0a\x01k", 7);
  bytes_append(&data, "\x52\x03\x0a\x01n", 5);
  Tensorflow__AttrValue *value = parse(&tensorflow__attr_value__descriptor, (Span){data.data, data.size},
                                       &arena);
  assert_int_equal(value->value_case, TENSORFLOW__ATTR_VALUE__VALUE_FUNC);
  assert_string_equal(value->func->name, "n");
  assert_int_equal(value->func->n_attr, 1);
  assert_non_null(value->func->attr[0]->value);
  bytes_clear(&data);
  arena_clear(&arena);
}

static void numbers_packed_and_not(void **state) {
  (void)state;
  Arena arena = {0};
  /* double_val (6): packed 1.0, single 2.0; int_val (7): single -1, packed 1, 300; bool_val (11): packed */
  Tensorflow__TensorProto *t = parse(
      &tensorflow__tensor_proto__descriptor,
      BYTES("\x32\x08\x00\x00\x00\x00\x00\x00\xf0\x3f\x31\x00\x00\x00\x00\x00\x00\x00\x40"
            "\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x3a\x03\x01\xac\x02\x5a\x03\x01\x00\x05"),
      &arena);
  assert_int_equal(t->n_double_val, 2);
  assert_true(t->double_val[0] == 1.0 && t->double_val[1] == 2.0);
  assert_int_equal(t->n_int_val, 3);
  assert_int_equal(t->int_val[0], -1);
  assert_int_equal(t->int_val[2], 300);
  assert_int_equal(t->n_bool_val, 3);
  assert_int_equal(t->bool_val[2], 1);
  arena_clear(&arena);
}

static void unknown_fields_survive(void **state) {
  (void)state;
  /* name "n"; field 100 varint 5; field 1 as varint (wrong wire type); a group 101 with a field inside */
  Span data = BYTES("\x0a\x01n\xa0\x06\x05\x08\x07\xab\x06\x08\x01\xac\x06");
  Arena arena = {0};
  Bytes out = {0};
  TF_Status st = {0};
  Tensorflow__NodeDef *node = parse(&tensorflow__node_def__descriptor, data, &arena);
  assert_string_equal(node->name, "n");
  assert_int_equal(node->base.n_unknown_fields, 3);
  assert_int_equal(proto_pack(&node->base, &out, &st), TF_OK);
  assert_int_equal(out.size, data.size);
  assert_memory_equal(out.data, data.data, data.size);
  Tensorflow__NodeDef *copy = proto_copy(&arena, &node->base);
  assert_int_equal(copy->base.n_unknown_fields, 3);
  assert_ptr_not_equal(copy->base.unknown_fields[0].data, node->base.unknown_fields[0].data);
  bytes_clear(&out);
  arena_clear(&arena);
}

static void refused_bytes(void **state) {
  (void)state;
  static const struct {
    Span data;
    const char *message;
  } cases[] = {
      {{"\x0a\x05"
        "ab",
        4},
       "name: string is cut off"},
      {{"\x0a\x02"
        "a\0",
        4},
       "name: string holds a NUL byte"},
      {{"\x0a\x01\xff", 3}, "name: string is not UTF-8"},
      {{"\x0a\x03\xed\xa0\x80", 5}, "name: string is not UTF-8"},
      {{"\x2a\x7f\x0a", 3}, "attr: message is cut off"},
      {{"\x00\x01", 2}, "bad field number"},
      {{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11}, "bad field number"},
      {{"\x0b\x14", 2}, "an unknown field is cut off or malformed"},
      {{"\xa3\x06", 2}, "an unknown field is cut off or malformed"},
      {{"\x0e", 1}, "an unknown field is cut off or malformed"},
  };
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    Arena arena = {0};
    TF_Status st = {0};
    Tensorflow__NodeDef *node = (void *)&st;
    assert_int_equal(
        proto_parse(&tensorflow__node_def__descriptor, cases[i].data, &arena, &node, "a.pb", &st),
        TF_DATA_LOSS);
    assert_null(node);
    assert_non_null(strstr(st.message, cases[i].message));
    assert_int_equal(strncmp(st.message, "a.pb: ", 6), 0);
    arena_clear(&arena);
  }
}

/* StructuredValue.list_value (51) . values (1), nested `depth` messages deep. */
static TF_Code parse_nested(int depth, TF_Status *st) {
  char *data = malloc((size_t)depth * 16);
  size_t size = 0;
  for (int i = 0; i < depth; i++) { /* from the inside out */
    char head[16];
    size_t n = 0;
    bool list = (depth - i) %
                2; /* levels from outside: StructuredValue has list_value, ListValue has values */
    if (list) head[n++] = '\x9a', head[n++] = '\x03';
    else head[n++] = '\x0a';
    for (size_t v = size;; v >>= 7) {
      head[n++] = (char)(v < 0x80 ? v : v | 0x80);
      if (v < 0x80) break;
    }
    memmove(data + n, data, size);
    memcpy(data, head, n);
    size += n;
  }
  Arena arena = {0};
  ProtobufCMessage *msg;
  TF_Code code = proto_parse(&tensorflow__structured_value__descriptor, (Span){data, size}, &arena, &msg,
                             "deep", st);
  arena_clear(&arena);
  free(data);
  return code;
}

static void depth_is_limited(void **state) {
  (void)state;
  TF_Status st = {0};
  assert_int_equal(parse_nested(LIMIT_PROTO_DEPTH - 1, &st), TF_OK);
  assert_int_equal(parse_nested(LIMIT_PROTO_DEPTH, &st), TF_DATA_LOSS);
  assert_non_null(strstr(st.message, "nested deeper"));
  assert_int_equal(parse_nested(20000, &st), TF_DATA_LOSS);
}

static void views_and_copies(void **state) {
  (void)state;
  static const char data[] = "\x22\x03xyz";
  Arena arena = {0};
  TF_Status st = {0};
  Tensorflow__TensorProto *view, *whole;
  assert_int_equal(
      proto_parse_view(&tensorflow__tensor_proto__descriptor, BYTES(data), &arena, &view, "t", &st), TF_OK);
  assert_ptr_equal(view->tensor_content.data, data + 2);
  whole = parse(&tensorflow__tensor_proto__descriptor, BYTES(data), &arena);
  assert_ptr_not_equal(whole->tensor_content.data, data + 2);
  assert_memory_equal(whole->tensor_content.data, "xyz", 3);
  arena_clear(&arena);
}

static void built_and_grown(void **state) {
  (void)state;
  Arena arena = {0};
  Bytes out = {0};
  TF_Status st = {0};
  Tensorflow__NodeDef *node = proto_new(&arena, &tensorflow__node_def__descriptor);
  assert_string_equal(node->name, "");
  for (int i = 0; i < 1000; i++) {
    node->input = proto_room(&arena, node->input, node->n_input, sizeof *node->input);
    assert_non_null(node->input);
    node->input[node->n_input++] = arena_printf(&arena, "i%d", i);
  }
  Tensorflow__NodeDef *copy = proto_copy(&arena, &node->base);
  node->input[7] = arena_strdup(&arena, "other");
  assert_string_equal(copy->input[7], "i7");
  copy->n_input = 2;
  assert_int_equal(proto_pack(&copy->base, &out, &st), TF_OK);
  assert_int_equal(out.size, 8);
  assert_memory_equal(out.data, "\x1a\x02i0\x1a\x02i1", 8);
  bytes_clear(&out);
  arena_clear(&arena);
}

static void oneof_keeps_the_last(void **state) {
  (void)state;
  Arena arena = {0};
  Tensorflow__AttrValue *value = parse(&tensorflow__attr_value__descriptor,
                                       BYTES("\x12\x01x\x25\x00\x00\x80\x3f\x28\x01"), &arena);
  assert_int_equal(value->value_case, TENSORFLOW__ATTR_VALUE__VALUE_B);
  assert_true(value->b);
  value = parse(&tensorflow__attr_value__descriptor, BYTES("\x18\x05\x52\x00"), &arena);
  assert_int_equal(value->value_case, TENSORFLOW__ATTR_VALUE__VALUE_FUNC);
  assert_string_equal(value->func->name, "");
  arena_clear(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_follow_protobuf),
      cmocka_unit_test(many_double_keys),
      cmocka_unit_test(merging_is_linear_and_right),
      cmocka_unit_test(numbers_packed_and_not),
      cmocka_unit_test(unknown_fields_survive),
      cmocka_unit_test(refused_bytes),
      cmocka_unit_test(depth_is_limited),
      cmocka_unit_test(views_and_copies),
      cmocka_unit_test(built_and_grown),
      cmocka_unit_test(oneof_keeps_the_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
