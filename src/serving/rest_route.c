/* POST /v1/models/NAME[/versions/DIGITS | /labels/LABEL]:(classify|regress|predict)
 * GET  /v1/models/NAME[/versions/DIGITS | /labels/LABEL][/metadata]
 * Keywords match in any case, but a verb acts only in small letters (TF: so it is there). */
#include "serving/rest_route.h"

#include <string.h>
#include <strings.h>

#include "serving/model_info.h"
#include "serving/rest_predict.h"

/* A row for each thing that can be asked: method, what follows the model, kind. */
static const struct {
  HttpMethod method;
  const char *suffix;
  const RequestKind *kind;
} routes[] = {
    {HTTP_POST, ":predict", &rest_predict_kind}, {HTTP_POST, ":classify", &rest_classify_kind},
    {HTTP_POST, ":regress", &rest_regress_kind}, {HTTP_GET, "/metadata", &rest_metadata_kind},
    {HTTP_GET, "", &rest_status_kind},
};

static const char api_prefix[] = "/v1/", models_prefix[] = "/v1/models";

/* Takes `word` in any case from the front. */
static bool take(Span *text, const char *word) {
  size_t n = strlen(word);
  if (text->size < n || strncasecmp(text->data, word, n)) return false;
  text->data = (const char *)text->data + n;
  text->size -= n;
  return true;
}

/* Takes characters up to '/' or ':'; false when there are none. */
static bool take_name(Span *text, Span *name) {
  const char *p = text->data;
  size_t n = 0;
  while (n < text->size && p[n] != '/' && p[n] != ':') n++;
  *name = (Span){p, n};
  *text = (Span){p + n, text->size - n};
  return n > 0;
}

static bool take_digits(Span *text, Span *digits) {
  const char *p = text->data;
  size_t n = 0;
  while (n < text->size && p[n] >= '0' && p[n] <= '9') n++;
  *digits = (Span){p, n};
  *text = (Span){p + n, text->size - n};
  return n > 0;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char low = (char)(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* %XX undone; other uses of '%' stay as they are. */
static bool decode_percent(Span text, Arena *arena, Span *out) {
  const char *p = text.data;
  char *copy = arena_alloc(arena, text.size + 1);
  if (!copy) return false;
  size_t n = 0;
  for (size_t i = 0; i < text.size; i++) {
    int high = p[i] == '%' && i + 2 < text.size ? hex(p[i + 1]) : -1;
    int low = high >= 0 ? hex(p[i + 2]) : -1;
    copy[n++] = low >= 0 ? (char)(high << 4 | low) : p[i];
    if (low >= 0) i += 2;
  }
  copy[n] = 0;
  *out = (Span){copy, n};
  return true;
}

static bool parse_version(Span digits, int64_t *out) {
  const char *p = digits.data;
  uint64_t v = 0;
  for (size_t i = 0; i < digits.size; i++) {
    if (v > (INT64_MAX - (uint64_t)(p[i] - '0')) / 10) return false;
    v = v * 10 + (uint64_t)(p[i] - '0');
  }
  *out = (int64_t)v;
  return true;
}

typedef struct Path {
  Span name, digits, label;
  bool has_version, has_label;
  Span rest; /* behind the model */
} Path;

/* Splits what follows /v1/models. False: no such path. */
static bool split(Span rest, Path *path) {
  *path = (Path){0};
  if (take(&rest, "/") && !take_name(&rest, &path->name)) return false;
  Span before = rest;
  if (take(&rest, "/versions/")) {
    path->has_version = take_digits(&rest, &path->digits);
    if (!path->has_version) rest = before;
  } else if (take(&rest, "/labels/")) {
    path->has_label = take_name(&rest, &path->label);
    if (!path->has_label) rest = before;
  }
  path->rest = rest;
  return true;
}

static const RequestKind *find_kind(HttpMethod method, Span suffix) {
  for (size_t i = 0; i < SM_COUNTOF(routes); i++) {
    const char *wanted = routes[i].suffix;
    if (routes[i].method != method || suffix.size != strlen(wanted)) continue;
    bool same = method == HTTP_GET ? !strncasecmp(suffix.data, wanted, suffix.size)
                                   : !memcmp(suffix.data, wanted, suffix.size);
    if (same) return routes[i].kind;
  }
  return NULL;
}

static TF_Code malformed(Span method_name, Span target, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "Malformed request: %.*s %.*s", (int)method_name.size,
              (const char *)method_name.data, (int)target.size, (const char *)target.data);
}

static TF_Code fill_spec(const Path *path, Arena *arena, ModelSpec *spec, TF_Status *st) {
  *spec = (ModelSpec){.choice = path->has_version ? CHOOSE_VERSION
                                : path->has_label ? CHOOSE_LABEL
                                                  : CHOOSE_LATEST};
  if (!decode_percent(path->name, arena, &spec->name) || !decode_percent(path->label, arena, &spec->label))
    return fail_oom(st, "request");
  if (path->has_version && !parse_version(path->digits, &spec->version))
    return fail(st, TF_INVALID_ARGUMENT, "Failed to convert version: %.*s to numeric.",
                (int)path->digits.size, (const char *)path->digits.data);
  return TF_OK;
}

RouteResult rest_route(HttpMethod method, Span method_name, Span target, Arena *arena,
                       const RequestKind **kind, ModelSpec *spec, TF_Status *st) {
  Span rest = target;
  if (!take(&rest, api_prefix)) return ROUTE_NOT_HERE;
  if (method == HTTP_OPTIONS) return ROUTE_OPTIONS;
  Path path;
  rest = target;
  *kind = NULL;
  if (take(&rest, models_prefix) && split(rest, &path)) *kind = find_kind(method, path.rest);
  if (!*kind) {
    malformed(method_name, target, st);
    return ROUTE_ERROR;
  }
  if (!path.name.size) {
    if (method == HTTP_GET) fail(st, TF_INVALID_ARGUMENT, "Missing model name in request.");
    else malformed(method_name, target, st);
    return ROUTE_ERROR;
  }
  return fill_spec(&path, arena, spec, st) ? ROUTE_ERROR : ROUTE_OK;
}
