/* Assets: files that a graph names by string constants, copied into the SavedModel. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/limits.h"
#include "savedmodel/sm_internal.h"
#include "wire/proto_message.h"

/* What one call adds: base name in assets/ -> path of the source. */
typedef struct Sources {
  Arena *arena;
  Map paths;
} Sources;

/* ---- the path in a constant ---- */

static TF_Code refuse(TF_Output tensor, TF_Status *st, const char *why) {
  return fail(st, TF_INVALID_ARGUMENT, "Asset path tensor %s must be %s", TF_OperationName(tensor.oper), why);
}

static TF_Code asset_path(TF_Output tensor, Arena *arena, char **path, TF_Status *st) {
  if (!tensor.oper) return fail(st, TF_INVALID_ARGUMENT, "Asset path tensor must be a Tensor.");
  if (strcmp(TF_OperationOpType(tensor.oper), "Const") != 0) return refuse(tensor, st, "of type constant.");
  if (TF_OperationOutputType(tensor) != TF_STRING) return refuse(tensor, st, "of dtype string.");
  TF_Tensor *value = NULL;
  TF_OperationGetAttrTensor(tensor.oper, "value", &value, st);
  if (TF_GetCode(st)) return TF_GetCode(st);
  size_t size;
  const char *text = TF_TensorElementCount(value) == 1 ? SM_TensorDataString(value, 0, &size) : NULL;
  if (!text) refuse(tensor, st, "a scalar.");
  else if (!size || memchr(text, 0, size))
    fail(st, TF_INVALID_ARGUMENT, "Asset filepath tensor %s in is invalid.", TF_OperationName(tensor.oper));
  else if (!(*path = arena_strndup(arena, text, size))) fail_oom(st, "asset");
  TF_DeleteTensor(value);
  return TF_GetCode(st);
}

/* ---- names ---- */

static bool same_content(const char *a, const char *b) {
  TF_Status *st = TF_NewStatus();
  Bytes x = {0}, y = {0};
  bool same = st && !file_read(&x, a, LIMIT_PROTO_BYTES, st) && !file_read(&y, b, LIMIT_PROTO_BYTES, st) &&
              x.size == y.size && (!x.size || !memcmp(x.data, y.data, x.size));
  bytes_clear(&x);
  bytes_clear(&y);
  TF_DeleteStatus(st);
  return same;
}

/* TF: two different files of one base name in one call are told apart by a number: "words.txt_1". */
static const char *asset_name(Sources *s, const char *path) {
  const char *name = path_basename(path), *other = map_get(&s->paths, name);
  if (!other || !strcmp(other, path) || same_content(other, path)) return name;
  const char *unique = name;
  for (int i = 1; unique && map_get(&s->paths, unique); i++)
    unique = arena_printf(s->arena, "%s_%d", name, i);
  return unique;
}

/* ---- the note in the graph ---- */

static TF_Code note_asset(SM_Graph *g, const char *filename, TF_Output tensor, TF_Status *st) {
  Tensorflow__AssetFileDef asset = TENSORFLOW__ASSET_FILE_DEF__INIT;
  Tensorflow__TensorInfo info = TENSORFLOW__TENSOR_INFO__INIT;
  info.encoding_case = TENSORFLOW__TENSOR_INFO__ENCODING_NAME;
  info.name = (char *)SM_OutputName(g, tensor);
  asset.tensor_info = &info;
  asset.filename = (char *)filename;
  if (!info.name) return SM_GraphStatus(g, st);
  Bytes packed = {0}, any_bytes = {0};
  if (!proto_pack(&asset.base, &packed, st)) {
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.type_url = "type.googleapis.com/tensorflow.AssetFileDef";
    any.value = (ProtobufCBinaryData){packed.size, (uint8_t *)packed.data};
    if (!proto_pack(&any.base, &any_bytes, st)) {
      char *kept = arena_memdup(&g->arena, any_bytes.data, any_bytes.size);
      if (!kept) fail_oom(st, "asset");
      else graph_collect(g, SM_ASSETS_KEY, (Item){ITEM_ANY, kept, any_bytes.size, NULL});
    }
  }
  bytes_clear(&packed);
  bytes_clear(&any_bytes);
  return SM_GraphStatus(g, st);
}

/* ---- copying ---- */

static TF_Code copy_file(const char *from, const char *to, TF_Status *st) {
  FileMap *map;
  TRY(file_map_open(&map, from, st));
  file_write_atomic(to, file_map_span(map), false, st);
  file_map_unref(map);
  return TF_GetCode(st);
}

/* TF: a source that is not there is passed over; the file may have been put in place by other means. */
static TF_Code copy_assets(const Sources *s, const char *export_dir, Map *saved, Arena *arena,
                           TF_Status *st) {
  char *dir = arena_printf(arena, "%s/assets", export_dir);
  if (!dir) return fail_oom(st, "assets");
  TRY(dir_make_all(dir, st));
  for (size_t i = 0; i < s->paths.count; i++) {
    const char *name = s->paths.entries[i].key, *from = s->paths.entries[i].value;
    char *to = arena_printf(arena, "%s/%s", dir, name);
    if (!to) return fail_oom(st, "assets");
    if (map_get(saved, to) || !file_exists(from) || !strcmp(from, to)) continue;
    TRY(copy_file(from, to, st));
    if (!map_put(saved, to, to)) return fail_oom(st, "assets");
  }
  return TF_OK;
}

static TF_Code add_asset(SM_Graph *g, Sources *s, TF_Output tensor, TF_Status *st) {
  char *path = NULL;
  TRY(asset_path(tensor, s->arena, &path, st));
  const char *name = asset_name(s, path);
  if (!name || !map_put(&s->paths, name, path)) return fail_oom(st, "asset");
  return note_asset(g, name, tensor, st);
}

TF_Code assets_save(SM_Graph *g, const char *collection, const char *export_dir, Map *saved, Arena *arena,
                    TF_Status *st) {
  Sources s = {arena, {0}};
  int n = SM_CollectionSize(g, collection);
  for (int i = 0; i < n && !TF_GetCode(st); i++) add_asset(g, &s, SM_CollectionOutput(g, collection, i), st);
  if (n && !TF_GetCode(st)) copy_assets(&s, export_dir, saved, arena, st);
  map_clear(&s.paths);
  return TF_GetCode(st);
}
