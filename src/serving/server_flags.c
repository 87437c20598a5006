#include "serving/server_flags.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"

typedef enum FlagKind { KIND_INT32, KIND_INT64, KIND_FLOAT, KIND_BOOL, KIND_STRING } FlagKind;

typedef struct Flag {
  const char *name;
  FlagKind kind;
  size_t offset;
  bool acts;
  const char *help;
} Flag;

static const Flag table[] = {
#define SERVER_FLAG(kind, name, value, acts, help) \
  {#name, KIND_##kind, offsetof(ServerFlags, name), acts, help},
#include "serving/server_flags.inc"
#undef SERVER_FLAG
};

void server_flags_init(ServerFlags *flags) {
  int32_t cpus = (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
  if (cpus < 1) cpus = 1;
#define SERVER_FLAG(kind, name, value, acts, help) flags->name = value;
#include "serving/server_flags.inc"
#undef SERVER_FLAG
}

/* ---- parsing ---- */

static bool parse_integer(const char *text, int64_t min, int64_t max, int64_t *out) {
  char *end;
  errno = 0;
  long long v = strtoll(text, &end, 10); /* skips leading blanks, as scanf does */
  if (errno || end == text || *end || v < min || v > max) return false;
  *out = v;
  return true;
}

static bool set_value(const Flag *flag, ServerFlags *flags, const char *text) {
  void *at = (char *)flags + flag->offset;
  int64_t v;
  char *end;
  switch (flag->kind) {
    case KIND_INT32:
      if (!parse_integer(text, INT32_MIN, INT32_MAX, &v)) return false;
      *(int32_t *)at = (int32_t)v;
      return true;
    case KIND_INT64:
      if (!parse_integer(text, INT64_MIN, INT64_MAX, &v)) return false;
      *(int64_t *)at = v;
      return true;
    case KIND_FLOAT: *(float *)at = strtof(text, &end); return end != text && !*end;
    case KIND_BOOL:
      if (strcmp(text, "true") && strcmp(text, "false")) return false;
      *(bool *)at = !strcmp(text, "true");
      return true;
    case KIND_STRING: *(const char **)at = text; return true;
  }
  return false;
}

static const Flag *find_flag(const char *name, size_t len) {
  for (size_t i = 0; i < SM_COUNTOF(table); i++)
    if (strlen(table[i].name) == len && !memcmp(table[i].name, name, len)) return &table[i];
  return NULL;
}

FlagsResult server_flags_parse(ServerFlags *flags, int argc, char **argv, const char **unknown) {
  bool bad = false;
  *unknown = NULL;
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    size_t len = strncmp(name, "--", 2) ? 0 : strcspn(name + 2, "=");
    const Flag *flag = len ? find_flag(name + 2, len) : NULL;
    if (!flag) {
      if (!*unknown) *unknown = name;
      if (!strcmp(name, "--")) break; /* it and all behind it are none of ours */
      continue;
    }
    bool has_value = name[2 + len] == '=';
    const char *value = has_value ? name + 3 + len : NULL;
    if (!value && flag->kind == KIND_BOOL) value = "true";
    else if (!value && i + 1 < argc) value = argv[++i];
    if (value && set_value(flag, flags, value)) continue;
    fprintf(stderr, "Couldn't interpret value %s%s for flag %s.\n",
            has_value && flag->kind == KIND_BOOL ? "=" : "", value ? value : "", flag->name);
    bad = true;
  }
  if (bad) return FLAGS_BAD;
  if (!*unknown) return FLAGS_OK;
  return strcmp(*unknown, "--help") ? FLAGS_UNKNOWN : FLAGS_HELP;
}

/* ---- showing ---- */

static void put_value(const Flag *flag, const ServerFlags *flags, char *out, size_t room) {
  const void *at = (const char *)flags + flag->offset;
  switch (flag->kind) {
    case KIND_INT32: snprintf(out, room, "--%s=%d", flag->name, *(const int32_t *)at); break;
    case KIND_INT64: snprintf(out, room, "--%s=%lld", flag->name, (long long)*(const int64_t *)at); break;
    case KIND_FLOAT: snprintf(out, room, "--%s=%f", flag->name, (double)*(const float *)at); break;
    case KIND_BOOL: snprintf(out, room, "--%s=%s", flag->name, *(const bool *)at ? "true" : "false"); break;
    case KIND_STRING: snprintf(out, room, "--%s=\"%s\"", flag->name, *(const char *const *)at); break;
  }
}

void server_flags_usage(const char *program, FILE *out) {
  static const char *const kinds[] = {"int32", "int64", "float", "bool", "string"};
  ServerFlags defaults;
  server_flags_init(&defaults);
  fprintf(out, "usage: %s\nFlags:\n", program);
  for (size_t i = 0; i < SM_COUNTOF(table); i++) {
    char left[128];
    put_value(&table[i], &defaults, left, sizeof left);
    fprintf(out, "\t%-33s\t%s\t%s\n", left, kinds[table[i].kind], table[i].help);
  }
}

static bool same_value(const Flag *flag, const ServerFlags *a, const ServerFlags *b) {
  char x[4096], y[4096];
  put_value(flag, a, x, sizeof x);
  put_value(flag, b, y, sizeof y);
  return !strcmp(x, y);
}

void server_flags_each_idle(const ServerFlags *flags, void (*warn)(const char *name)) {
  ServerFlags defaults;
  server_flags_init(&defaults);
  for (size_t i = 0; i < SM_COUNTOF(table); i++)
    if (!table[i].acts && !same_value(&table[i], flags, &defaults)) warn(table[i].name);
}
