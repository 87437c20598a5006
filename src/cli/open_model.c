#include "cli/open_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "cli/tags.h"
#include "cli/thread_config.h"

/* ---- what there is ---- */

typedef struct Versions {
  const char *dir;
  Bytes text;
  int count;
} Versions;

/* At most a few folders below `dir` that hold a SavedModel. */
static TF_Code see_folder(void *arg, const char *name, TF_Status *st) {
  Versions *v = arg;
  (void)st;
  char *dir = path_join(v->dir, name);
  for (int i = 0; dir && i < 2; i++) {
    char *file = path_join(dir, i ? "saved_model.pbtxt" : "saved_model.pb");
    bool there = file && file_exists(file);
    free(file);
    if (!there) continue;
    if (++v->count <= 4) bytes_printf(&v->text, "%s%s", v->count > 1 ? ", " : "", dir);
    break;
  }
  free(dir);
  return TF_OK;
}

static TF_Code explain_no_model(const char *dir, TF_Status *st) {
  TF_Status *ignored = TF_NewStatus();
  Versions v = {.dir = dir};
  if (!ignored) return TF_GetCode(st);
  if (!file_exists(dir)) {
    fail(st, TF_NOT_FOUND, "there is no folder %s", dir);
  } else if (!file_is_dir(dir)) {
    fail(st, TF_INVALID_ARGUMENT, "%s is a file: name the folder that holds saved_model.pb or .pbtxt", dir);
  } else if (!dir_list(dir, see_folder, &v, ignored) && v.count && !v.text.failed) {
    fail(st, TF_NOT_FOUND, "%s holds no saved_model.pb or .pbtxt; a folder in it does: name %s%s", dir,
         v.text.data, v.count > 4 ? ", ..." : "");
  } else {
    fail(st, TF_NOT_FOUND, "%s holds no saved_model.pb or .pbtxt", dir);
  }
  bytes_clear(&v.text);
  TF_DeleteStatus(ignored);
  return TF_GetCode(st);
}

static TF_Code explain_no_tags(const Tensorflow__SavedModel *model, const char *tags, TF_Status *st) {
  Bytes text = {0};
  for (size_t i = 0; i < model->n_meta_graphs; i++) {
    const Tensorflow__MetaGraphDef__MetaInfoDef *info = model->meta_graphs[i]->meta_info_def;
    bytes_puts(&text, i ? ", '" : "'");
    for (size_t k = 0; info && k < info->n_tags; k++)
      bytes_printf(&text, "%s%s", k ? "," : "", info->tags[k]);
    bytes_putc(&text, '\'');
  }
  fail(st, TF_NOT_FOUND, "there is no MetaGraphDef with the tags '%s'; --tag_set can be %s", tags,
       text.data ? text.data : "nothing: the SavedModel has none");
  bytes_clear(&text);
  return TF_GetCode(st);
}

/* Those that TensorFlow adds to run the model's initialisers are no answer to "which". */
static bool is_internal(const Signature *s) {
  return !strncmp(s->name, "__saved_model", strlen("__saved_model"));
}

static TF_Code fail_no_signature(const Bundle *bundle, const char *name, TF_Status *st) {
  Bytes text = {0};
  for (size_t i = 0; i < bundle->signature_count; i++)
    if (!is_internal(&bundle->signatures[i]))
      bytes_printf(&text, "%s'%s'", text.size ? ", " : "", bundle->signatures[i].name);
  if (text.size)
    fail(st, TF_NOT_FOUND, "there is no signature '%s'; --signature_def can be %s", name, text.data);
  else fail(st, TF_NOT_FOUND, "the SavedModel has no signatures under these tags");
  bytes_clear(&text);
  return TF_GetCode(st);
}

/* ---- finding it ---- */

static const Signature *only_signature(const Bundle *bundle) {
  const Signature *only = NULL;
  for (size_t i = 0; i < bundle->signature_count; i++) {
    if (is_internal(&bundle->signatures[i])) continue;
    if (only) return NULL;
    only = &bundle->signatures[i];
  }
  return only;
}

TF_Code model_read(const char *dir, Arena *arena, Tensorflow__SavedModel **model, TF_Status *st) {
  TF_Code code = saved_model_read(dir, arena, model, st);
  return code == TF_NOT_FOUND ? explain_no_model(dir, st) : code;
}

TF_Code model_find_tags(const Tensorflow__SavedModel *model, const char *tags,
                        const Tensorflow__MetaGraphDef **meta, TF_Status *st) {
  TagList list;
  tags_split(&list, tags);
  TF_Code code = saved_model_find_meta_graph(model, list.tags, list.count, meta, st);
  return code == TF_NOT_FOUND ? explain_no_tags(model, tags, st) : code;
}

/* Says more of an error where it is the folder or the tags. */
static void explain(const ModelWords *w, TF_Status *st) {
  Arena arena = {0};
  Tensorflow__SavedModel *model;
  const Tensorflow__MetaGraphDef *meta;
  TF_Status *why = TF_NewStatus();
  if (why && (model_read(w->dir, &arena, &model, why) || model_find_tags(model, w->tags, &meta, why)))
    TF_SetStatus(st, TF_GetCode(why), TF_Message(why));
  TF_DeleteStatus(why);
  arena_clear(&arena);
}

TF_Code model_open(const ModelWords *w, Bundle **bundle, const Signature **signature, TF_Status *st) {
  TagList tags;
  Bytes config = {0};
  tags_split(&tags, w->tags);
  thread_config_put(&config, w->threads);
  *bundle = bundle_load(w->dir, &(BundleOptions){tags.tags, tags.count, config.data, config.size}, st);
  bytes_clear(&config);
  if (!*bundle) {
    if (TF_GetCode(st) == TF_NOT_FOUND) explain(w, st);
    return TF_GetCode(st);
  }
  const char *name = w->signature ? w->signature : "serving_default";
  *signature = bundle_signature(*bundle, name, strlen(name));
  if (!*signature && !w->signature) *signature = only_signature(*bundle);
  return *signature ? TF_OK : fail_no_signature(*bundle, name, st);
}
