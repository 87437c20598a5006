/* Options of the commands, read by table. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { LEFT_MAX = 64, LEFT_LEAST = 26 };

/* "--name VALUE"; returns its length. */
static int put_left(const Option *o, char left[LEFT_MAX]) {
  return snprintf(left, LEFT_MAX, "--%s%s%s", o->name, o->value_name ? " " : "",
                  o->value_name ? o->value_name : "");
}

static void print_help(const Option *options, const Usage *usage) {
  char left[LEFT_MAX];
  int width = LEFT_LEAST;
  printf("usage: savedmodel %s\n\n%s", usage->line, usage->text);
  if (options->name) printf("\n");
  for (const Option *o = options; o->name; o++) {
    int len = put_left(o, left);
    if (len > width) width = len;
  }
  for (const Option *o = options; o->name; o++) {
    put_left(o, left);
    printf("  %-*s %s\n", width, left, o->help);
  }
}

static int usage_error(const char *command, const char *fmt, ...) SM_PRINTF(2, 3);
static int usage_error(const char *command, const char *fmt, ...) {
  va_list args;
  fprintf(stderr, "savedmodel %s: ", command);
  va_start(args, fmt);
  vfprintf(stderr, fmt, args);
  va_end(args);
  fprintf(stderr, " (see savedmodel %s --help)\n", command);
  return EXIT_FAILED;
}

static bool set_value(const Option *o, const char *value) {
  char *end = NULL;
  errno = 0;
  switch (o->kind) {
    case OPTION_FLAG:
      *(bool *)o->out = !strcmp(value, "true");
      return *(bool *)o->out || !strcmp(value, "false");
    case OPTION_STRING: *(const char **)o->out = value; return true;
    case OPTION_INT: *(int64_t *)o->out = strtoll(value, &end, 10); return *value && !*end && !errno;
    case OPTION_DOUBLE: *(double *)o->out = strtod(value, &end); return *value && !*end;
  }
  return false;
}

int options_parse(int *argc, char **argv, const Option *options, const Usage *usage) {
  const char *command = argv[0];
  int kept = 1;
  bool only_positional = false;
  for (int i = 1; i < *argc; i++) {
    char *arg = argv[i];
    if (only_positional || arg[0] != '-' || !arg[1]) {
      argv[kept++] = arg;
      continue;
    }
    if (!strcmp(arg, "--")) {
      only_positional = true;
      continue;
    }
    if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
      print_help(options, usage);
      return EXIT_OK;
    }
    if (arg[1] != '-') return usage_error(command, "unknown option %s", arg);
    const char *name = arg + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const Option *o = options;
    while (o->name && !(strlen(o->name) == len && !memcmp(o->name, name, len))) o++;
    if (!o->name) return usage_error(command, "unknown option --%.*s", (int)len, name);
    const char *value = equals                   ? equals + 1
                        : o->kind == OPTION_FLAG ? "true"
                        : i + 1 < *argc          ? argv[++i]
                                                 : NULL;
    if (!value) return usage_error(command, "--%s wants a value", o->name);
    if (!set_value(o, value)) return usage_error(command, "--%s does not take '%s'", o->name, value);
  }
  *argc = kept;
  argv[kept] = NULL;
  return -1;
}

int cli_take_dir(const char **dir, const char *option, int argc, char **argv) {
  int next = 1;
  if (!*dir && argc > 1) *dir = argv[next++];
  if (!*dir) return usage_error(argv[0], "--%s is missing", option);
  return next < argc ? usage_error(argv[0], "nothing is known to do with '%s'", argv[next]) : -1;
}

int cli_fail(const char *command, const TF_Status *st) {
  return cli_failf(command, "%s: %s", status_code_name(TF_GetCode(st)), TF_Message(st));
}

int cli_failf(const char *command, const char *fmt, ...) {
  char text[FAIL_MESSAGE_MAX + 64];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  for (char *p = text; *p; p++) /* one line an error */
    if (*p == '\n' || *p == '\t') *p = ' ';
  fflush(stdout);
  fprintf(stderr, "savedmodel %s: %s\n", command, text);
  return EXIT_FAILED;
}
