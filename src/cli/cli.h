/* What the commands share: exit codes, options, messages.
 *
 * A command is `int cmd_NAME(int argc, char **argv)`; argv[0] is the command's name. It returns one of the
 * exit codes below. A new command is a row in commands.inc and a file cmd_NAME.c. */
#ifndef SM_CLI_CLI_H_
#define SM_CLI_CLI_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
  EXIT_OK = 0,
  EXIT_DIFFERENT = 1, /* a comparison or a check found something */
  EXIT_FAILED = 2,    /* the command could not do its work: one line on stderr says why */
};

typedef enum OptionKind { OPTION_FLAG, OPTION_STRING, OPTION_INT, OPTION_DOUBLE } OptionKind;

/* `--name value`, `--name=value`; a flag is `--name`, and takes =true or =false too. */
typedef struct Option {
  const char *name;
  OptionKind kind;
  void *out;              /* bool, const char *, int64_t, double */
  const char *value_name; /* for --help; null for flags */
  const char *help;
} Option;

typedef struct Usage {
  const char *line; /* behind "usage: savedmodel " */
  const char *text; /* what it does, with an example; ends in a newline */
} Usage;

/* Reads the options (table ends with a null name) and moves what is left, the positional arguments, to
 * argv[1..*argc). Returns -1 to go on; otherwise the exit code: 0 after --help, EXIT_FAILED for a mistake. */
int options_parse(int *argc, char **argv, const Option *options, const Usage *usage);

/* The folder that a command is about, where no option gave it: its one positional argument. Returns as
 * options_parse does. */
int cli_take_dir(const char **dir, const char *option, int argc, char **argv);

/* Prints "savedmodel COMMAND: message" on stderr; returns EXIT_FAILED. */
int cli_fail(const char *command, const TF_Status *st);
int cli_failf(const char *command, const char *fmt, ...) SM_PRINTF(2, 3);

#define CLI_COMMAND(name, function, arguments, help) int function(int argc, char **argv);
#include "cli/commands.inc"
#undef CLI_COMMAND

#endif
