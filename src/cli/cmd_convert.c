/* `savedmodel convert`: a copy of a SavedModel with its saved_model file as .pb or as .pbtxt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/status_impl.h"
#include "cli/cli.h"
#include "cli/open_model.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

typedef struct Copy {
  const char *from, *to;
  int depth;
} Copy;

/* A SavedModel is a few folders deep; a symbolic link that leads back is not followed for ever. */
enum { COPY_DEPTH_MAX = 16 };

static TF_Code copy_entry(void *arg, const char *name, TF_Status *st);

static TF_Code copy_file(const char *from, const char *to, TF_Status *st) {
  FileMap *map;
  TRY(file_map_open(&map, from, st));
  TF_Code code = file_write_atomic(to, file_map_span(map), false, st);
  file_map_unref(map);
  return code;
}

/* Everything but the saved_model file itself, which is written last, so that a copy that was cut short is no
 * SavedModel. */
static TF_Code copy_entry(void *arg, const char *name, TF_Status *st) {
  const Copy *copy = arg;
  if (copy->depth == 0 && (!strcmp(name, "saved_model.pb") || !strcmp(name, "saved_model.pbtxt")))
    return TF_OK;
  char *from = path_join(copy->from, name), *to = path_join(copy->to, name);
  TF_Code code = TF_OK;
  if (!from || !to) {
    code = fail_oom(st, "a path");
  } else if (file_is_dir(from)) {
    Copy inner = {from, to, copy->depth + 1};
    if (inner.depth > COPY_DEPTH_MAX) code = fail(st, TF_INVALID_ARGUMENT, "%s: folders nest too deep", from);
    else if (!(code = dir_make_all(to, st))) code = dir_list(from, copy_entry, &inner, st);
  } else {
    code = copy_file(from, to, st);
  }
  free(from);
  free(to);
  return code;
}

static TF_Code refuse_entry(void *arg, const char *name, TF_Status *st) {
  (void)name;
  return fail(st, TF_ALREADY_EXISTS, "%s exists and isn't empty", (const char *)arg);
}

static TF_Code convert(const char *from, const char *to, bool text, TF_Status *st) {
  Arena arena = {0};
  Bytes bytes = {0};
  Tensorflow__SavedModel *model;
  char *path = path_join(to, text ? "saved_model.pbtxt" : "saved_model.pb");
  Copy copy = {from, to, 0};
  if (!path) fail_oom(st, "a path");
  else if (model_read(from, &arena, &model, st)) goto out;
  else if (file_is_dir(to) && dir_list(to, refuse_entry, (void *)to, st)) goto out;
  else if (text ? text_format_print(&model->base, &bytes, st) : proto_pack(&model->base, &bytes, st))
    goto out;
  else if (dir_make_all(to, st) || dir_list(from, copy_entry, &copy, st)) goto out;
  else file_write_atomic(path, (Span){bytes.data, bytes.size}, true, st);
out:
  free(path);
  bytes_clear(&bytes);
  arena_clear(&arena);
  return TF_GetCode(st);
}

int cmd_convert(int argc, char **argv) {
  const char *format = NULL;
  const Option options[] = {
      {"to", OPTION_STRING, &format, "pb|pbtxt", "the form to write (default: the other one)"},
      {0}};
  const Usage usage = {
      "convert DIR OUT [--to pb|pbtxt]",
      "Copies the SavedModel in DIR to the new folder OUT, its saved_model.pb as saved_model.pbtxt or\n"
      "the reverse. Variables and assets are copied as they are.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (argc != 3) return cli_failf("convert", "wants DIR and OUT (see savedmodel convert --help)");
  if (format && strcmp(format, "pb") && strcmp(format, "pbtxt"))
    return cli_failf("convert", "--to is pb or pbtxt, not '%s'", format);
  char *pb = path_join(argv[1], "saved_model.pb");
  bool text = format ? !strcmp(format, "pbtxt") : pb && file_exists(pb);
  free(pb);
  TF_Status st = {0};
  return convert(argv[1], argv[2], text, &st) ? cli_fail("convert", &st) : EXIT_OK;
}
