/* The command line of tensorflow_model_server: one table gives parsing, defaults and --help. */
#ifndef SM_SERVING_SERVER_FLAGS_H_
#define SM_SERVING_SERVER_FLAGS_H_

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct ServerFlags {
  /* Storage of each flag, by its name (server_flags.inc). */
#define SERVER_FLAG(kind, name, value, acts, help) FLAG_TYPE_##kind name;
#define FLAG_TYPE_INT32 int32_t
#define FLAG_TYPE_INT64 int64_t
#define FLAG_TYPE_FLOAT float
#define FLAG_TYPE_BOOL bool
#define FLAG_TYPE_STRING const char *
#include "serving/server_flags.inc"
#undef SERVER_FLAG
} ServerFlags;

/* Sets the defaults; some depend on the number of CPUs. */
void server_flags_init(ServerFlags *flags);

typedef enum FlagsResult {
  FLAGS_OK,
  FLAGS_UNKNOWN, /* all known ones were read; *unknown is the first other argument */
  FLAGS_HELP,    /* --help was the first unknown one */
  FLAGS_BAD,     /* a value did not parse; said so on stderr */
} FlagsResult;

/* Reads `--name=value` and `--name value`; bools also `--name`. String values point into argv. */
FlagsResult server_flags_parse(ServerFlags *flags, int argc, char **argv, const char **unknown);
/* "usage: <name>", "Flags:", then a line for each flag with its default. */
void server_flags_usage(const char *program, FILE *out);
/* Calls `warn` for each flag that was changed from its default but has no effect yet. */
void server_flags_each_idle(const ServerFlags *flags, void (*warn)(const char *name));

#endif
