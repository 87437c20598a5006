/* `savedmodel COMMAND ...`, and `tensorflow_model_server ...` when called by that name: one program,
 * its commands in one table (commands.inc). */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

typedef struct Command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *arguments, *help;
} Command;

static const Command commands[] = {
#define CLI_COMMAND(name, function, arguments, help) {name, function, arguments, help},
#include "cli/commands.inc"
#undef CLI_COMMAND
};

static void print_usage(FILE *out) {
  fprintf(out, "savedmodel %s: TensorFlow checkpoints and SavedModels, read, written, run and served.\n\n",
          SM_VERSION);
  fprintf(out, "usage: savedmodel COMMAND ...\n\n");
  for (size_t i = 0; i < SM_COUNTOF(commands); i++) {
    char left[64];
    snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].arguments);
    fprintf(out, "  %-42s %s\n", left, commands[i].help);
  }
  fprintf(out,
          "\nsavedmodel COMMAND --help says more. Exit codes: 0 done, 1 a difference was found, 2 failed.\n");
}

static int run_command(int argc, char **argv) {
  for (size_t i = 0; i < SM_COUNTOF(commands); i++)
    if (!strcmp(argv[0], commands[i].name)) return commands[i].run(argc, argv);
  fprintf(stderr, "savedmodel: there is no command '%s' (see savedmodel --help)\n", argv[0]);
  return EXIT_FAILED;
}

int main(int argc, char **argv) {
  const char *slash = argc ? strrchr(argv[0], '/') : NULL, *self = slash ? slash + 1 : argc ? argv[0] : "";
  if (!strcmp(self, "tensorflow_model_server")) return cmd_serve(argc, argv);
  if (argc < 2) {
    print_usage(stderr);
    return EXIT_FAILED;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
    print_usage(stdout);
    return EXIT_OK;
  }
  if (!strcmp(argv[1], "--version")) {
    printf("savedmodel %s\n", SM_VERSION);
    return EXIT_OK;
  }
  return run_command(argc - 1, argv + 1);
}
