/* `savedmodel run`: a signature on inputs from files or the command line, with the options of
 * `saved_model_cli run`, and its output; on a terminal a table instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/status_impl.h"
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/open_model.h"
#include "savedmodel/sm_tensor.h"
#include "serving/json_tensor.h"
#include "serving/tensor_codec.h"
#include "tensor/tensor.h"
#include "wire/npy.h"

typedef struct RunOptions {
  ModelWords model;
  InputWords words;
  const char *outdir;
  bool overwrite, json;
} RunOptions;

static void print_tensor(const char *alias, const TF_Tensor *t) {
  char *text = SM_TensorText(t);
  printf("Result for output key %s:\n%s\n", alias, text ? text : "(out of memory)");
  free(text);
}

/* On a terminal: a row an output, its values in the last column. */
static void print_table(const Signature *signature, TF_Tensor *const *results) {
  int name_width = 6;
  for (size_t i = 0; i < signature->output_count; i++)
    if ((int)signature->outputs[i].alias_len > name_width) name_width = (int)signature->outputs[i].alias_len;
  printf("\033[1m%-*s  %-8s %-14s %s\033[0m\n", name_width, "output", "type", "shape", "value");
  for (size_t i = 0; i < signature->output_count; i++) {
    char shape[TENSOR_SHAPE_TEXT_MAX];
    char *text = SM_TensorText(results[i]), *rest = text;
    printf("%-*s  %-8s %-14s", name_width, signature->outputs[i].alias,
           dtype_word((int)TF_TensorType(results[i])), tensor_shape_text(results[i], shape));
    for (const char *line; (line = strsep(&rest, "\n"));)
      printf("%*s %s\n", line == text ? 0 : name_width + 25, "", line);
    free(text);
  }
}

static TF_Code print_json(const Signature *signature, TF_Tensor *const *results, TF_Status *st) {
  Bytes out = {0};
  JsonWriter w = {.out = &out, .indent = 2, .single_line_arrays = true};
  json_begin_object(&w);
  for (size_t i = 0; i < signature->output_count; i++) {
    const SignatureTensor *output = &signature->outputs[i];
    json_key(&w, output->alias, output->alias_len);
    if (!json_can_write((int)TF_TensorType(results[i]))) {
      bytes_clear(&out);
      return fail(st, TF_UNIMPLEMENTED, "output '%s' is of type %s, which JSON has no form for",
                  output->alias, dtype_word((int)TF_TensorType(results[i])));
    }
    json_write_tensor(&w, results[i], false);
  }
  json_end_object(&w);
  if (!bytes_finish(&out, "JSON", st)) puts(out.data);
  bytes_clear(&out);
  return TF_GetCode(st);
}

static TF_Code npy_of_tensor(const TF_Tensor *t, Bytes *out, TF_Status *st) {
  Arena arena = {0};
  NpyArray a = {.dtype = TF_TensorType(t), .rank = TF_NumDims(t), .count = (size_t)TF_TensorElementCount(t)};
  for (int i = 0; i < a.rank; i++) a.shape[i] = TF_Dim(t, i);
  a.data = (Span){TF_TensorData(t), TF_TensorByteSize(t)};
  Span *strings = a.dtype == TF_STRING ? arena_calloc(&arena, a.count, sizeof *strings) : NULL;
  const TF_TString *s = TF_TensorData(t);
  for (size_t i = 0; strings && i < a.count; i++)
    strings[i] = (Span){TF_StringGetDataPointer(&s[i]), TF_StringGetSize(&s[i])};
  a.strings = strings;
  if (a.dtype == TF_STRING && !strings) fail_oom(st, "an array");
  else npy_write(&a, out, st);
  arena_clear(&arena);
  return TF_GetCode(st);
}

static TF_Code save_result(const RunOptions *o, const char *alias, const TF_Tensor *t, TF_Status *st) {
  Bytes file = {0};
  char *name = NULL, *path = NULL;
  if (strchr(alias, '/'))
    return fail(st, TF_INVALID_ARGUMENT, "output key '%s' cannot be a file name", alias);
  if (asprintf(&name, "%s.npy", alias) < 0) return fail_oom(st, "a path");
  if (!(path = path_join(o->outdir, name))) fail_oom(st, "a path");
  else if (file_exists(path) && !o->overwrite)
    fail(st, TF_ALREADY_EXISTS, "%s exists; --overwrite replaces it", path);
  else if (!npy_of_tensor(t, &file, st) &&
           !file_write_atomic(path, (Span){file.data, file.size}, false, st) && !o->json)
    printf("Output %s is saved to %s\n", alias, path);
  bytes_clear(&file);
  free(name);
  free(path);
  return TF_GetCode(st);
}

static TF_Code show_results(const RunOptions *o, const Signature *signature, TF_Tensor *const *results,
                            TF_Status *st) {
  bool table = !o->json && isatty(STDOUT_FILENO);
  if (o->json) TRY(print_json(signature, results, st));
  if (table) print_table(signature, results);
  if (o->outdir) TRY(dir_make_all(o->outdir, st));
  for (size_t i = 0; i < signature->output_count; i++) {
    if (!o->json && !table) print_tensor(signature->outputs[i].alias, results[i]);
    if (o->outdir) TRY(save_result(o, signature->outputs[i].alias, results[i], st));
  }
  return TF_OK;
}

static TF_Code run(const RunOptions *o, TF_Status *st) {
  Bundle *bundle = NULL;
  const Signature *signature = NULL;
  Inputs in = {0};
  Call call = {0};
  if (!model_open(&o->model, &bundle, &signature, st) && !inputs_init(&in, signature, st) &&
      !inputs_read(&in, &o->words, NULL, st) && !call_init(&call, bundle, &in, st) && !call_run(&call, st) &&
      !call_results(&call, st))
    show_results(o, signature, call.results, st);
  call_clear(&call);
  inputs_clear(&in);
  bundle_free(bundle);
  return TF_GetCode(st);
}

int cmd_run(int argc, char **argv) {
  RunOptions o = {.model = {.tags = "serve"}};
  const Option options[] = {
      {"dir", OPTION_STRING, &o.model.dir, "DIR", "the SavedModel"},
      {"tag_set", OPTION_STRING, &o.model.tags, "TAGS", "tags of the MetaGraphDef (serve)"},
      {"signature_def", OPTION_STRING, &o.model.signature, "KEY",
       "the signature (serving_default, or the only one)"},
      {"inputs", OPTION_STRING, &o.words.files, "KEY=FILE;...",
       ".npy or .npz files, FILE.npz[MEMBER] of one"},
      {"input_exprs", OPTION_STRING, &o.words.exprs, "KEY=JSON;...", "values as JSON"},
      {"input_examples", OPTION_STRING, &o.words.examples, "KEY=JSON;...",
       "lists of {\"feature\": values}, as tf.Examples"},
      {"outdir", OPTION_STRING, &o.outdir, "DIR", "also write the outputs there, as KEY.npy"},
      {"overwrite", OPTION_FLAG, &o.overwrite, NULL, "replace files that are there"},
      {"json", OPTION_FLAG, &o.json, NULL, "print the outputs as JSON"},
      {"threads", OPTION_INT, &o.model.threads, "N", "threads (0: one a core)"},
      {0}};
  const Usage usage = {
      "run --dir DIR [--tag_set TAGS] [--signature_def KEY] [--input_exprs 'KEY=JSON;...'] ...",
      "Runs a signature once and prints its outputs. For example:\n"
      "  savedmodel run --dir half_plus_two/1 --input_exprs 'x=[[1.0], [2.0]]'\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if ((early = cli_take_dir(&o.model.dir, "dir", argc, argv)) >= 0) return early;
  TF_Status st = {0};
  return run(&o, &st) ? cli_fail("run", &st) : EXIT_OK;
}
