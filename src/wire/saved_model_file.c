#include "wire/saved_model_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/files.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

static TF_Code read_binary(const char *path, Arena *arena, Tensorflow__SavedModel **out, TF_Status *st) {
  FileMap *map;
  TRY(file_map_open(&map, path, st));
  TF_Code code = proto_parse(&tensorflow__saved_model__descriptor, file_map_span(map), arena, out, path, st);
  file_map_unref(map);
  if (code == TF_DATA_LOSS) fail_prefix(st, "Can't parse %s as binary proto", path);
  return code;
}

static TF_Code read_text(const char *path, Arena *arena, Tensorflow__SavedModel **out, TF_Status *st) {
  FileMap *map;
  TRY(file_map_open(&map, path, st));
  TF_Code code = text_format_parse(&tensorflow__saved_model__descriptor, file_map_span(map), arena, out, st);
  file_map_unref(map);
  return code ? fail_prefix(st, "Can't parse %s as text proto", path) : TF_OK;
}

TF_Code saved_model_read(const char *dir, Arena *arena, Tensorflow__SavedModel **out, TF_Status *st) {
  *out = NULL;
  char *pb = path_join(dir, "saved_model.pb"), *pbtxt = path_join(dir, "saved_model.pbtxt");
  TF_Code code;
  if (!pb || !pbtxt) code = fail_oom(st, "a path");
  else if (file_exists(pb)) code = read_binary(pb, arena, out, st);
  else if (file_exists(pbtxt)) code = read_text(pbtxt, arena, out, st);
  else
    code = fail(
        st, TF_NOT_FOUND,
        "Could not find SavedModel .pb or .pbtxt at supplied export directory path: %s. Check that the "
        "directory exists and that you have the right permissions for accessing it.",
        dir);
  free(pb);
  free(pbtxt);
  return code;
}

static bool has_tag(char *const *tags, size_t count, const char *tag) {
  for (size_t i = 0; i < count; i++)
    if (!strcmp(tags[i], tag)) return true;
  return false;
}

static bool same_tags(const Tensorflow__MetaGraphDef__MetaInfoDef *info, const char *const *tags,
                      int num_tags) {
  size_t n = info ? info->n_tags : 0;
  for (size_t i = 0; i < n; i++)
    if (!has_tag((char *const *)tags, (size_t)num_tags, info->tags[i])) return false;
  for (int i = 0; i < num_tags; i++)
    if (!n || !has_tag(info->tags, n, tags[i])) return false;
  return true;
}

TF_Code saved_model_find_meta_graph(const Tensorflow__SavedModel *model, const char *const *tags,
                                    int num_tags, const Tensorflow__MetaGraphDef **out, TF_Status *st) {
  for (size_t i = 0; i < model->n_meta_graphs; i++) {
    if (same_tags(model->meta_graphs[i]->meta_info_def, tags, num_tags)) {
      *out = model->meta_graphs[i];
      return TF_OK;
    }
  }
  *out = NULL;
  Bytes wanted = {0};
  /* TF: a set, which shows the last one first; "{  }" without tags. */
  for (int i = num_tags; i-- > 0;)
    if (!has_tag((char *const *)tags, (size_t)i, tags[i]))
      bytes_printf(&wanted, "%s%s", wanted.size ? " " : "", tags[i]);
  fail(st, TF_NOT_FOUND,
       "Could not find meta graph def matching supplied tags: { %s }. To inspect available tag-sets in the "
       "SavedModel, please use the SavedModel CLI: `saved_model_cli`",
       wanted.data ? wanted.data : "");
  bytes_clear(&wanted);
  return TF_NOT_FOUND;
}

const Tensorflow__SignatureDef *saved_model_signature(const Tensorflow__MetaGraphDef *meta, const char *key) {
  for (size_t i = 0; i < meta->n_signature_def; i++)
    if (!strcmp(meta->signature_def[i]->key, key)) return meta->signature_def[i]->value;
  return NULL;
}
