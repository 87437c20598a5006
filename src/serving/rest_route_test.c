#include "serving/rest_route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "kind name [version|label]", "error: text", "options" or "elsewhere". */
static const char *route(HttpMethod method, const char *method_name, const char *target, char out[256]) {
  Arena arena = {0};
  TF_Status *st = TF_NewStatus();
  const RequestKind *kind;
  ModelSpec spec;
  switch (rest_route(method, (Span){method_name, strlen(method_name)}, (Span){target, strlen(target)}, &arena,
                     &kind, &spec, st)) {
    case ROUTE_OK:
      snprintf(out, 256, "%s %.*s", kind->name, (int)spec.name.size, (const char *)spec.name.data);
      if (spec.choice == CHOOSE_VERSION) snprintf(out + strlen(out), 64, " v%lld", (long long)spec.version);
      if (spec.choice == CHOOSE_LABEL)
        snprintf(out + strlen(out), 64, " l%.*s", (int)spec.label.size, (const char *)spec.label.data);
      break;
    case ROUTE_ERROR: snprintf(out, 256, "error: %s", TF_Message(st)); break;
    case ROUTE_OPTIONS: snprintf(out, 256, "options"); break;
    case ROUTE_NOT_HERE: snprintf(out, 256, "elsewhere"); break;
  }
  TF_DeleteStatus(st);
  arena_clear(&arena);
  return out;
}

static void test_routes(void **state) {
  (void)state;
  static const struct {
    HttpMethod method;
    const char *target, *want;
  } cases[] = {
      {HTTP_POST, "/v1/models/m:predict", "predict m"},
      {HTTP_POST, "/v1/models/m/versions/12:classify", "classify m v12"},
      {HTTP_POST, "/v1/models/m/labels/a.b:regress", "regress m la.b"},
      {HTTP_POST, "/V1/MODELS/m/Versions/9223372036854775807:predict", "predict m v9223372036854775807"},
      {HTTP_POST, "/v1/models/a%2Fb%3a%zz%4:predict", "predict a/b:%zz%4"},
      {HTTP_GET, "/v1/models/m", "status m"},
      {HTTP_GET, "/v1/models/m?x=1", "status m?x=1"},
      {HTTP_GET, "/v1/models/m/metadata", "metadata m"},
      {HTTP_GET, "/v1/models/m/versions/3/METADATA", "metadata m v3"},
      {HTTP_GET, "/v1/models", "error: Missing model name in request."},
      {HTTP_GET, "/v1/models/versions", "status versions"},
      {HTTP_GET, "/v1/models/m/versions/9223372036854775808",
       "error: Failed to convert version: 9223372036854775808 to numeric."},
      {HTTP_GET, "/v1/models/", "error: Malformed request: GET /v1/models/"},
      {HTTP_GET, "/v1/models/m/versions/", "error: Malformed request: GET /v1/models/m/versions/"},
      {HTTP_GET, "/v1/models/m/versions/1x", "error: Malformed request: GET /v1/models/m/versions/1x"},
      {HTTP_GET, "/v1/models/m:predict", "error: Malformed request: GET /v1/models/m:predict"},
      {HTTP_POST, "/v1/models/m:Predict", "error: Malformed request: POST /v1/models/m:Predict"},
      {HTTP_POST, "/v1/models/m/versions/1/labels/a:predict",
       "error: Malformed request: POST /v1/models/m/versions/1/labels/a:predict"},
      {HTTP_PUT, "/v1/models/m", "error: Malformed request: PUT /v1/models/m"},
      {HTTP_OPTIONS, "/v1/anything", "options"},
      {HTTP_GET, "/v2/models/m", "elsewhere"},
      {HTTP_GET, "/v1", "elsewhere"},
      {HTTP_GET, "*", "elsewhere"},
  };
  static const char *const names[] = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"};
  char text[256];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_string_equal(route(cases[i].method, names[cases[i].method], cases[i].target, text), cases[i].want);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_routes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
