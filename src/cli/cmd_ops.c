/* `savedmodel ops`: the ops that have kernels, and for which types. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "ops/op.h"
#include "wire/json.h"

static void print_json(const OpRow *row, bool first) {
  Bytes text = {0};
  bytes_puts(&text, first ? "[" : ",\n ");
  bytes_puts(&text, "{\"op\": ");
  json_put_string(&text, row->name, strlen(row->name));
  bytes_puts(&text, ", \"types\": ");
  json_put_string(&text, row->types ? row->types : "", row->types ? strlen(row->types) : 0);
  bytes_puts(&text, "}");
  printf("%s", text.data ? text.data : "");
  bytes_clear(&text);
}

int cmd_ops(int argc, char **argv) {
  bool json = false;
  const Option options[] = {{"json", OPTION_FLAG, &json, NULL, "as JSON"}, {0}};
  const Usage usage = {
      "ops [NAME ...] [--json]",
      "Lists the ops that can be run, with the types that their kernels take (none listed: any).\n"
      "With names: only these; exit code 1 when one of them has no kernel.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  int missing = 0, printed = 0;
  for (int i = 1; i < argc; i++) {
    const OpRow *row = op_row_find(argv[i]);
    if (!row) {
      fprintf(stderr, "savedmodel ops: %s %s\n", argv[i],
              op_spec_find(argv[i]) ? "has no kernel" : "is no op of TensorFlow");
      missing++;
    } else if (json) {
      print_json(row, !printed++);
    } else {
      printf("%-32s %s\n", row->name, row->types ? row->types : "");
    }
  }
  const OpRow *row;
  for (int i = 0; argc < 2 && (row = op_row_at(i)); i++) {
    if (json) print_json(row, !printed++);
    else printf("%-32s %s\n", row->name, row->types ? row->types : "");
  }
  if (json) puts(printed ? "]" : "[]");
  return missing ? EXIT_DIFFERENT : EXIT_OK;
}
