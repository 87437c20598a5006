/* `savedmodel show`: what a SavedModel holds, with the options and the output of `saved_model_cli show`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/status_impl.h"
#include "cli/check_model.h"
#include "cli/cli.h"
#include "cli/concrete_functions.h"
#include "cli/open_model.h"
#include "cli/show_plan.h"
#include "tensor/tensor.h"
#include "wire/json.h"
#include "wire/proto_json.h"
#include "wire/saved_model_file.h"

typedef struct ShowOptions {
  const char *dir, *tag_set, *signature_def;
  bool all, list_ops, json, check, plan;
  int64_t threads;
  InputWords words;
} ShowOptions;

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* "a, b" of the tags, sorted or as stored. Freed by the caller. */
static char *join_tags(const Tensorflow__MetaGraphDef *meta, bool sorted) {
  const Tensorflow__MetaGraphDef__MetaInfoDef *info = meta->meta_info_def;
  size_t n = info ? info->n_tags : 0;
  char **tags = malloc((n + 1) * sizeof *tags);
  Bytes out = {0};
  bytes_puts(&out, "");
  if (tags && n) {
    memcpy(tags, info->tags, n * sizeof *tags);
    if (sorted) qsort(tags, n, sizeof *tags, by_text);
    for (size_t i = 0; i < n; i++) bytes_printf(&out, "%s%s", i ? ", " : "", tags[i]);
  }
  free(tags);
  return out.data;
}

static int by_tags(const void *a, const void *b) {
  const Tensorflow__MetaGraphDef__MetaInfoDef *x = (*(Tensorflow__MetaGraphDef *const *)a)->meta_info_def,
                                              *y = (*(Tensorflow__MetaGraphDef *const *)b)->meta_info_def;
  size_t nx = x ? x->n_tags : 0, ny = y ? y->n_tags : 0;
  for (size_t i = 0; i < nx && i < ny; i++) {
    int order = strcmp(x->tags[i], y->tags[i]);
    if (order) return order;
  }
  return (nx > ny) - (nx < ny);
}

/* In the order of the tags as stored, each set sorted. */
static void show_tag_sets(const Tensorflow__SavedModel *model) {
  qsort(model->meta_graphs, model->n_meta_graphs, sizeof *model->meta_graphs, by_tags);
  printf("The given SavedModel contains the following tag-sets:\n");
  for (size_t i = 0; i < model->n_meta_graphs; i++) {
    char *tags = join_tags(model->meta_graphs[i], true);
    printf("'%s'\n", tags ? tags : "");
    free(tags);
  }
}

static void show_tensor(const char *kind, const char *key, const Tensorflow__TensorInfo *info, int indent) {
  const char *dtype = info ? dtype_proto_name(dtype_base((TF_DataType)info->dtype)) : NULL;
  printf("%*s  %s['%s'] tensor_info:\n", indent, "", kind, key);
  printf("%*s      dtype: %s%s\n", indent, "", dtype ? dtype : "DT_INVALID",
         info && dtype_is_ref((TF_DataType)info->dtype) ? "_REF" : "");
  printf("%*s      shape: ", indent, "");
  const Tensorflow__TensorShapeProto *shape = info ? info->tensor_shape : NULL;
  if (shape && shape->unknown_rank) {
    printf("unknown_rank\n");
  } else {
    printf("(");
    for (size_t i = 0; shape && i < shape->n_dim; i++)
      printf("%s%lld", i ? ", " : "", (long long)shape->dim[i]->size);
    printf(")\n");
  }
  bool named = info && info->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING_NAME;
  printf("%*s      name: %s\n", indent, "", named ? info->name : "");
}

typedef Tensorflow__SignatureDef__InputsEntry Entry;
_Static_assert(sizeof(Tensorflow__SignatureDef__InputsEntry) ==
                   sizeof(Tensorflow__SignatureDef__OutputsEntry),
               "same shape");

static int by_key(const void *a, const void *b) {
  return strcmp((*(Entry *const *)a)->key, (*(Entry *const *)b)->key);
}

static void show_entries(const char *kind, Entry *const *entries, size_t n, int indent) {
  Entry **sorted = malloc((n + 1) * sizeof *sorted);
  if (!sorted) return;
  if (n) {
    memcpy(sorted, entries, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_key);
  }
  for (size_t i = 0; i < n; i++) show_tensor(kind, sorted[i]->key, sorted[i]->value, indent);
  free(sorted);
}

static void show_signature(const Tensorflow__SignatureDef *signature, int indent) {
  printf("%*sThe given SavedModel SignatureDef contains the following input(s):\n", indent, "");
  show_entries("inputs", signature->inputs, signature->n_inputs, indent);
  printf("%*sThe given SavedModel SignatureDef contains the following output(s):\n", indent, "");
  show_entries("outputs", (Entry *const *)signature->outputs, signature->n_outputs, indent);
  printf("%*sMethod name is: %s\n", indent, "", signature->method_name);
}

/* The signature keys in byte order; freed by the caller. */
static char **signature_keys(const Tensorflow__MetaGraphDef *meta) {
  char **keys = malloc((meta->n_signature_def + 1) * sizeof *keys);
  if (!keys) return NULL;
  for (size_t i = 0; i < meta->n_signature_def; i++) keys[i] = meta->signature_def[i]->key;
  qsort(keys, meta->n_signature_def, sizeof *keys, by_text);
  return keys;
}

/* An op's name, or a function's, comes into `used`; a function called by a node too. */
static bool use_node(Map *used, const Tensorflow__NodeDef *node) {
  if (!map_get(used, node->op) && !map_put(used, node->op, node->op)) return false;
  if (strcmp(node->op, "PartitionedCall") && strcmp(node->op, "StatefulPartitionedCall")) return true;
  for (size_t i = 0; i < node->n_attr; i++) {
    const Tensorflow__AttrValue *value = node->attr[i]->value;
    if (strcmp(node->attr[i]->key, "f") || !value || value->value_case != TENSORFLOW__ATTR_VALUE__VALUE_FUNC)
      continue;
    char *name = value->func->name;
    if (!map_get(used, name) && !map_put(used, name, name)) return false;
  }
  return true;
}

/* The names of ops that the graph uses, in functions it calls too, sorted; as saved_model_cli counts them,
 * functions that are only named by attributes of other ops do not count. Null when memory is out. */
static char **used_ops(const Tensorflow__GraphDef *graph, size_t *count) {
  static const Tensorflow__FunctionDefLibrary none = {0};
  const Tensorflow__FunctionDefLibrary *library = graph && graph->library ? graph->library : &none;
  Map functions = {0}, used = {0};
  char **ops = NULL;
  bool ok = true;
  *count = 0;
  for (size_t i = 0; ok && i < library->n_function; i++)
    if (library->function[i]->signature)
      ok = map_put(&functions, library->function[i]->signature->name, library->function[i]);
  for (size_t i = 0; ok && graph && i < graph->n_node; i++) ok = use_node(&used, graph->node[i]);
  for (size_t next = 0; ok && next < used.count; next++) { /* `used` grows meanwhile */
    const Tensorflow__FunctionDef *f = map_get(&functions, used.entries[next].key);
    for (size_t i = 0; ok && f && i < f->n_node_def; i++) ok = use_node(&used, f->node_def[i]);
  }
  if (ok && (ops = malloc((used.count + 1) * sizeof *ops))) {
    for (size_t i = 0; i < used.count; i++)
      if (!map_get(&functions, used.entries[i].key)) ops[(*count)++] = used.entries[i].value;
    qsort(ops, *count, sizeof *ops, by_text);
  }
  map_clear(&functions);
  map_clear(&used);
  return ops;
}

static void show_ops(const Tensorflow__MetaGraphDef *meta) {
  size_t n;
  char **ops = used_ops(meta->graph_def, &n);
  if (!ops) return;
  printf("The MetaGraph with tag set [");
  for (size_t i = 0; meta->meta_info_def && i < meta->meta_info_def->n_tags; i++)
    printf("%s'%s'", i ? ", " : "", meta->meta_info_def->tags[i]);
  printf("] contains the following ops: {");
  for (size_t i = 0; i < n; i++) printf("%s'%s'", i ? ", " : "", ops[i]);
  printf("}\n");
  free(ops);
}

static void show_all(const Tensorflow__SavedModel *model) {
  qsort(model->meta_graphs, model->n_meta_graphs, sizeof *model->meta_graphs, by_tags);
  for (size_t m = 0; m < model->n_meta_graphs; m++) {
    const Tensorflow__MetaGraphDef *meta = model->meta_graphs[m];
    char *tags = join_tags(meta, false);
    printf("\nMetaGraphDef with tag-set: '%s' contains the following SignatureDefs:\n", tags ? tags : "");
    free(tags);
    char **keys = signature_keys(meta);
    for (size_t i = 0; keys && i < meta->n_signature_def; i++) {
      printf("\nsignature_def['%s']:\n", keys[i]);
      show_signature(saved_model_signature(meta, keys[i]), 2);
    }
    free(keys);
    show_ops(meta);
  }
  Bytes functions = {0};
  concrete_functions_print(model, &functions);
  if (functions.data && !functions.failed) printf("%s", functions.data);
  bytes_clear(&functions);
}

static int show_json(const Tensorflow__SavedModel *model, TF_Status *st) {
  Bytes out = {0};
  bytes_puts(&out, "{\"meta_graphs\": [");
  for (size_t m = 0; m < model->n_meta_graphs; m++) {
    const Tensorflow__MetaGraphDef *meta = model->meta_graphs[m];
    bytes_puts(&out, m ? ", {\"tags\": [" : "{\"tags\": [");
    for (size_t i = 0; meta->meta_info_def && i < meta->meta_info_def->n_tags; i++) {
      if (i) bytes_puts(&out, ", ");
      json_put_string(&out, meta->meta_info_def->tags[i], strlen(meta->meta_info_def->tags[i]));
    }
    bytes_puts(&out, "], \"signatures\": {");
    for (size_t i = 0; i < meta->n_signature_def; i++) {
      const Tensorflow__MetaGraphDef__SignatureDefEntry *e = meta->signature_def[i];
      if (i) bytes_puts(&out, ", ");
      json_put_string(&out, e->key, strlen(e->key));
      bytes_puts(&out, ": ");
      if (proto_json_print(&e->value->base, -1, &out, st)) goto out;
    }
    bytes_puts(&out, "}}");
  }
  bytes_puts(&out, "]}");
  if (!bytes_finish(&out, "JSON", st)) puts(out.data);
out:
  bytes_clear(&out);
  return TF_GetCode(st) ? cli_fail("show", st) : EXIT_OK;
}

static int show_tagged(const Tensorflow__SavedModel *model, const ShowOptions *o, TF_Status *st) {
  const Tensorflow__MetaGraphDef *meta;
  if (model_find_tags(model, o->tag_set, &meta, st)) return cli_fail("show", st);
  if (o->list_ops) show_ops(meta);
  if (o->signature_def) {
    const Tensorflow__SignatureDef *signature = saved_model_signature(meta, o->signature_def);
    if (!signature)
      return cli_failf("show", "there is no signature '%s' under the tags '%s'", o->signature_def,
                       o->tag_set);
    show_signature(signature, 0);
  } else {
    char **keys = signature_keys(meta);
    printf("The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:\n");
    for (size_t i = 0; keys && i < meta->n_signature_def; i++) printf("SignatureDef key: \"%s\"\n", keys[i]);
    free(keys);
  }
  return EXIT_OK;
}

/* All MetaGraphDefs, or the one of the tags. */
static int show_check(const Tensorflow__SavedModel *model, const ShowOptions *o, TF_Status *st) {
  const Tensorflow__MetaGraphDef *wanted = NULL;
  if (o->tag_set && model_find_tags(model, o->tag_set, &wanted, st)) return cli_fail("show", st);
  int missing = 0;
  for (size_t i = 0; i < model->n_meta_graphs; i++) {
    if (wanted && model->meta_graphs[i] != wanted) continue;
    char *text = join_tags(model->meta_graphs[i], true);
    printf("MetaGraphDef '%s'\n", text ? text : "");
    free(text);
    int here;
    if (check_meta_graph(model->meta_graphs[i], &here, st)) return cli_fail("show", st);
    missing += here;
  }
  return missing ? EXIT_DIFFERENT : EXIT_OK;
}

static int show_signature_plan(const ShowOptions *o, TF_Status *st) {
  ModelWords model = {.dir = o->dir,
                      .tags = o->tag_set ? o->tag_set : "serve",
                      .signature = o->signature_def,
                      .threads = o->threads};
  return show_plan(&model, &o->words, o->json, st) ? cli_fail("show", st) : EXIT_OK;
}

int cmd_show(int argc, char **argv) {
  ShowOptions o = {0};
  const Option options[] = {
      {"dir", OPTION_STRING, &o.dir, "DIR", "the SavedModel"},
      {"all", OPTION_FLAG, &o.all, NULL, "everything"},
      {"tag_set", OPTION_STRING, &o.tag_set, "TAGS", "a MetaGraphDef by its tags, joined by commas"},
      {"signature_def", OPTION_STRING, &o.signature_def, "KEY", "one signature of it"},
      {"list_ops", OPTION_FLAG, &o.list_ops, NULL, "the ops that it uses"},
      {"check", OPTION_FLAG, &o.check, NULL, "whether it can be run here, and if not, which nodes and why"},
      {"json", OPTION_FLAG, &o.json, NULL, "tag sets and signatures, or the plan, as JSON"},
      {"plan", OPTION_FLAG, &o.plan, NULL,
       "the steps of a signature with kernels and memory, as a run learns them"},
      {"golden", OPTION_STRING, &o.words.golden, "FILE", "inputs of that run: the first recorded request"},
      {"inputs", OPTION_STRING, &o.words.files, "KEY=FILE;...", "or .npy or .npz files"},
      {"input_exprs", OPTION_STRING, &o.words.exprs, "KEY=JSON;...", "or JSON"},
      {"input_examples", OPTION_STRING, &o.words.examples, "KEY=JSON;...", "or tf.Examples"},
      {"input_shapes", OPTION_STRING, &o.words.shapes, "KEY:DIMS;...",
       "or zeros: x:1,224,224,3 (unknown dims are 1)"},
      {"threads", OPTION_INT, &o.threads, "N", "threads that the plan is for (0: one a core)"},
      {0}};
  const Usage usage = {
      "show --dir DIR [--all | --tag_set TAGS [--signature_def KEY] [--list_ops]] [--check] [--plan] "
      "[--json]",
      "Lists the tag sets of a SavedModel; with --tag_set its signatures, with --signature_def\n"
      "their inputs and outputs. --plan runs the signature once and prints what it does:\n"
      "  savedmodel show --dir resnet/1 --plan --input_shapes image:1,224,224,3\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if ((early = cli_take_dir(&o.dir, "dir", argc, argv)) >= 0) return early;
  TF_Status st = {0};
  if (o.plan) return show_signature_plan(&o, &st);
  Arena arena = {0};
  Tensorflow__SavedModel *model;
  int result = EXIT_OK;
  if (model_read(o.dir, &arena, &model, &st)) result = cli_fail("show", &st);
  else if (o.check) result = show_check(model, &o, &st);
  else if (o.json) result = show_json(model, &st);
  else if (o.all) show_all(model);
  else if (o.tag_set) result = show_tagged(model, &o, &st);
  else show_tag_sets(model);
  arena_clear(&arena);
  return result;
}
