/* Expected texts are those of protobuf's own JSON printer with original field names and defaults printed. */
#include "wire/proto_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/status_impl.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "tensorflow/core/framework/attr_value.pb-c.h"
#include "tensorflow/core/framework/node_def.pb-c.h"
#include "tensorflow_serving/apis/get_model_status.pb-c.h"
#include "wire/proto_message.h"

#include <cmocka.h>

static void check(const ProtobufCMessageDescriptor *desc, const char *data, size_t size, int indent,
                  const char *expected) {
  Arena arena = {0};
  Bytes out = {0};
  TF_Status st = {0};
  ProtobufCMessage *msg;
  assert_int_equal(proto_parse(desc, (Span){data, size}, &arena, &msg, "test", &st), TF_OK);
  assert_int_equal(proto_json_print(msg, indent, &out, &st), TF_OK);
  assert_string_equal(out.data, expected);
  bytes_clear(&out);
  arena_clear(&arena);
}

static void model_status(void **state) {
  (void)state;
  check(&tensorflow__serving__get_model_status_response__descriptor, "\012\006\010{\020\036\032\000", 8, 1,
        "{\n \"model_version_status\": [\n  {\n   \"version\": \"123\",\n   \"state\": \"AVAILABLE\",\n   "
        "\"status\": {\n"
        "    \"error_code\": \"OK\",\n    \"error_message\": \"\"\n   }\n  }\n ]\n}");
  check(&tensorflow__serving__get_model_status_response__descriptor, "", 0, 1,
        "{\n \"model_version_status\": []\n}");
}

static void values(void **state) {
  (void)state;
  check(&tensorflow__node_def__descriptor, "\012\004<\"\177\012\052\011\012\001k\022\004\022\002\377\376", 17,
        -1,
        "{\"name\":\"\\u003c\\\"\\u007f\\n\",\"op\":\"\",\"input\":[],\"device\":\"\",\"attr\":{\"k\":{\"s\":"
        "\"//4=\"}}}");
  check(&tensorflow__attr_value__descriptor, "\045\315\314\314\075", 5, -1, "{\"f\":0.1}");
  check(&tensorflow__attr_value__descriptor, "\045\000\000\200\177", 5, -1, "{\"f\":\"Infinity\"}");
  check(&tensorflow__attr_value__descriptor, "\030\001", 2, -1, "{\"i\":\"1\"}");
  check(&tensorflow__attr_value__descriptor, "\060\001", 2, -1, "{\"type\":\"DT_FLOAT\"}");
  check(&tensorflow__attr_value__descriptor, "\060\347\007", 3, -1, "{\"type\":999}");
  check(&google__protobuf__duration__descriptor, "\010\001\020\200\312\265\356\001", 8, -1, "\"1.500s\"");
  check(&google__protobuf__timestamp__descriptor, "\010\200\370\331\345\005\020\001", 8, -1,
        "\"2019-04-17T01:06:08.000000001Z\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(model_status), cmocka_unit_test(values)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
